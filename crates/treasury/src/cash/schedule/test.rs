use daotwin_core::Seed;

use super::super::grants::Milestone;
use super::*;

fn schedule(chance: Chance) -> Schedule {
    let mut running = Stream::new("desk", "USDC", "desk", 12_000_000, second(-6), 12 * MONTH);
    running.step = 1;
    let mut team = Stream::new("team", "TKN", "team", 48_000_001, second(-6), 48 * MONTH);
    (team.cliff, team.step) = (12 * MONTH, MONTH);
    let milestones = [1, 3, 9]
        .map(|month| Milestone { at: second(month), amount: 1_000 + u128::from(month.unsigned_abs()) });
    let grant = Grant {
        name: "bridge".to_owned(),
        asset: "USDC".to_owned(),
        recipient: "bridge".to_owned(),
        milestones: milestones.to_vec(),
        judged: 0,
        ended: false,
    };
    let paid = |name: &str, price| Paid { name: name.to_owned(), price };
    Schedule {
        assets: vec![paid("USDC", 1.0), paid("TKN", 2.0)],
        streams: vec![running, team],
        grants: vec![(grant, chance)],
    }
}

#[test]
fn months_pay_what_came_due_and_everything_promised_is_accounted_for() {
    let schedule = schedule(Chance::Known(1.0));
    let (payments, mut ledger) = schedule.streamed(60).unwrap();
    let of = |asset: usize| payments.iter().filter(move |payment| payment.asset == asset).collect::<Vec<_>>();
    // Half of the stream was paid before the plan; its other half comes in six equal months.
    assert_eq!(of(0).iter().map(|payment| payment.amount).collect::<Vec<_>>(), [1_000_000; 6]);
    // The cliff lies at month 6: a quarter at once at its end, then a forty-eighth a month; rounding loses nothing.
    assert_eq!((of(1)[0].month, of(1)[0].amount), (5, 12_000_000));
    assert_eq!(of(1).iter().map(|payment| payment.amount).sum::<u128>(), 48_000_001);
    assert_eq!(of(1).last().unwrap().month, 41);
    let granted = schedule.granted(60, &mut Seed(1).stream("grants"), &mut ledger).unwrap();
    assert_eq!(
        granted.iter().map(|paid| (paid.month, paid.amount)).collect::<Vec<_>>(),
        [(0, 1_001), (2, 1_003), (8, 1_009)]
    );
    assert!(ledger.conserves());
    assert_eq!(ledger.balance("USDC", &Account::Treasury), 0);
}

#[test]
fn grants_are_paid_as_often_as_their_laws_say() {
    let paths = 20_000_u64;
    let streams = Seed(5).streams("paths");
    let learned = Arc::new(Success::fit(&super::super::grants::DECENTRALAND).unwrap());
    let mean = learned.mean(usize::MAX);
    for (chance, expected) in
        [(Chance::Known(0.3), 0.3), (Chance::Beta(7.0, 3.0), 0.7), (Chance::Learned(learned), mean)]
    {
        let schedule = schedule(chance);
        let (_, start) = schedule.streamed(1).unwrap();
        let met = (0..paths)
            .filter(|&path| {
                let mut ledger = start.clone();
                let paid = schedule.granted(12, &mut streams.stream(path), &mut ledger).unwrap();
                assert!(ledger.conserves());
                // What was not paid came back or is still promised.
                let sum: u128 = paid.iter().map(|paid| paid.amount).sum();
                let held = ledger.balance("USDC", &Account::Treasury);
                assert_eq!(sum + held, 1_001 + 1_003 + 1_009);
                !paid.is_empty()
            })
            .count() as f64
            / paths as f64;
        // The first milestone is met with the law's mean: a share of 20,000 draws errs by at most 0.0036 times 4.9 but for one
        // time in a million.
        assert!((met - expected).abs() < 0.0174, "{met} {expected}");
    }
}

#[test]
fn amounts_are_rounded_once_and_stand_in_whole_units() {
    assert_eq!((base_units(1.5), base_units(-1.0), base_units(0.1)), (1_500_000, 0, 100_000));
    assert_eq!(tokens(base_units(123_456.789)), 123_456.789);
    assert_eq!(second(0), START);
    assert_eq!(second(-1_200), 0);
}
