use super::*;

const START: u64 = 2_600 * WEEK;
const TOKEN: u128 = 1_000_000_000_000_000_000;

#[test]
fn power_falls_in_a_line_to_zero() {
    let mut escrow = Escrow::new(1);
    escrow.create(0, 1_000 * TOKEN, START + 4 * WEEK + 5, START + 7).unwrap();
    let slope = 1_000 * TOKEN / u128::from(MAX_TIME);
    let end = START + 4 * WEEK;
    assert_eq!(escrow.lock(0), Lock { amount: 1_000 * TOKEN as i128, end });
    for at in [START + 7, START + 8, START + WEEK, end - 1] {
        assert_eq!(
            (escrow.power(0, at), escrow.total(at)),
            (slope * u128::from(end - at), slope * u128::from(end - at))
        );
    }
    for at in [0, START + 6, end, end + 1, end + WEEK] {
        assert_eq!((escrow.power(0, at), escrow.total(at)), (0, 0), "{at}");
    }
}

#[test]
fn the_contracts_conditions_hold_to_the_second() {
    let mut escrow = Escrow::new(2);
    assert_eq!(escrow.create(0, 0, START + WEEK, START), Err(Refusal::Zero));
    assert_eq!(escrow.create(0, TOKEN, START + WEEK - 1, START), Err(Refusal::NotInFuture));
    assert_eq!(escrow.create(0, TOKEN, START + MAX_TIME + WEEK, START), Err(Refusal::TooLong));
    assert_eq!(escrow.extend(0, START + WEEK, START), Err(Refusal::Expired));
    assert_eq!(escrow.add(0, TOKEN, START), Err(Refusal::NothingLocked));
    escrow.create(0, TOKEN, START + 2 * WEEK, START).unwrap();
    assert_eq!(escrow.create(0, TOKEN, START + 2 * WEEK, START), Err(Refusal::WithdrawFirst));
    assert_eq!(escrow.extend(0, START + 3 * WEEK - 1, START), Err(Refusal::NotLonger));
    assert_eq!(escrow.withdraw(0, START + 2 * WEEK - 1), Err(Refusal::NotExpired));
    assert_eq!(escrow.add(0, TOKEN, START + 2 * WEEK), Err(Refusal::Expired));
    assert_eq!(escrow.extend(0, START + 4 * WEEK, START + 2 * WEEK), Err(Refusal::Expired));
    assert_eq!(escrow.withdraw(0, START + 2 * WEEK), Ok(TOKEN));
    assert_eq!(escrow.create(1, TOKEN, START + 9 * WEEK, START), Err(Refusal::Past));
}

/// A second method: every lock by itself, in closed form.
#[test]
fn the_total_is_the_sum_of_all_at_any_time() {
    let mut stream = daotwin_core::Seed(8).stream("escrow");
    for _ in 0..30 {
        let mut escrow = Escrow::new(6);
        let mut history: Vec<(u64, Vec<Lock>)> = vec![(0, vec![Lock::default(); 6])];
        let (mut now, mut done) = (START, 0);
        for _ in 0..120 {
            now += [0, 1, 3_600, WEEK, WEEK - now % WEEK, stream.below(20 * WEEK)][stream.below(6) as usize];
            let member = stream.below(6) as u32;
            let until = now + stream.below(MAX_TIME + 2 * WEEK);
            let amount = u128::from(stream.bits()) * 1_000;
            let result = match stream.below(4) {
                0 => escrow.create(member, amount, until, now),
                1 => escrow.add(member, amount, now),
                2 => escrow.extend(member, until, now),
                _ => escrow.withdraw(member, now).map(|_| ()),
            };
            done += usize::from(result.is_ok());
            history.push((now, (0..6).map(|member| escrow.lock(member)).collect()));
        }
        assert!(done > 30, "{done}");
        let last = now + MAX_TIME;
        for _ in 0..300 {
            let at = START + stream.below(last - START);
            let (_, locks) = history.iter().rev().find(|&&(from, _)| from <= at).unwrap();
            let expected: Vec<u128> = locks
                .iter()
                .map(|lock| {
                    lock.amount.unsigned_abs() / u128::from(MAX_TIME)
                        * u128::from(lock.end.saturating_sub(at))
                })
                .collect();
            let found: Vec<u128> = (0..6).map(|member| escrow.power(member, at)).collect();
            assert_eq!(found, expected, "{at}");
            assert_eq!(escrow.total(at), expected.iter().sum::<u128>(), "{at}");
        }
    }
}

#[test]
fn the_largest_lock_long_after_its_end_is_zero() {
    let mut escrow = Escrow::new(1);
    escrow.create(0, (1 << 126) - 1, START + 10 * WEEK, START).unwrap();
    assert_eq!((escrow.power(0, 1 << 40), escrow.total(START + 20 * WEEK)), (0, 0));
    assert!(escrow.power(0, START) > 1 << 118);
}
