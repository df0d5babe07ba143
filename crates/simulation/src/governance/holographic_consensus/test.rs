use super::*;

const PARAMETERS: Parameters = Parameters {
    queued_vote_required_percentage: 50,
    queued_vote_period: 600,
    boosted_vote_period: 60,
    pre_boosted_vote_period: 10,
    threshold_const: 2_000,
    quiet_ending_period: 20,
    proposing_reputation_reward: 0,
    voters_reputation_loss_ratio: 10,
    minimum_dao_bounty: 15,
    dao_bounty_const: 10,
};

#[test]
fn thresholds_are_powers_cut_off() {
    assert_eq!(PARAMETERS.threshold(0), Real(1 << 40));
    assert_eq!(PARAMETERS.threshold(5), Real(32 << 40));
    // test/realmath.js: the root of the power is the base to three digits.
    let base = Real::fraction(1_700, 1_000);
    for exponent in 1..100_u32 {
        let power = base.power(exponent.into()).0 as f64 / (1_u64 << 40) as f64;
        assert!((power.powf(1.0 / f64::from(exponent)) - 1.7).abs() < 5e-4, "{exponent}");
    }
    // Cut off at every product: 1.7 in units of 2^-40, squared and shifted.
    let unit = 1_700_u128 * (1 << 40) / 1_000;
    assert_eq!(base, Real(unit));
    assert_eq!(base.power(2), Real((unit * unit) >> 40));
    assert_eq!(base.power(3), Real((((unit * unit) >> 40) * unit) >> 40));
    let limits: Vec<u64> = [1_001, 2_000, 2_001, 4_000, 4_001, 8_001, 16_000]
        .map(|threshold_const| Parameters { threshold_const, ..PARAMETERS }.limit_exponent())
        .to_vec();
    assert_eq!(limits, [172, 172, 86, 86, 57, 43, 43]);
}

#[test]
fn a_score_equal_to_the_threshold_does_not_boost() {
    let mut machine = Machine::new(PARAMETERS);
    machine.propose(0, 0, 100);
    machine.stake(1, 0, 1, true, 15).unwrap();
    assert_eq!(machine.proposals()[0].state(), State::Queued);
    machine.stake(2, 0, 1, true, 1).unwrap();
    assert_eq!(machine.proposals()[0].state(), State::PreBoosted);
    machine.execute(11, 0).unwrap();
    assert_eq!(machine.proposals()[0].state(), State::PreBoosted);
    machine.execute(12, 0).unwrap();
    assert_eq!((machine.proposals()[0].state(), machine.boosted()), (State::Boosted, 1));
    assert_eq!(machine.stake(13, 0, 1, true, 5), Ok(Step::Ignored));
    assert_eq!(machine.execute_boosted(71, 0), Err(Refusal::NotExpired));
    assert_eq!(machine.execute_boosted(72, 0), Ok(0));
    // Nobody voted: against is ahead from the start.
    assert!(!machine.proposals()[0].winner());
    assert_eq!(machine.boosted(), 0);
}

#[test]
fn the_next_boost_needs_the_double_and_a_counter_stake_sends_back() {
    let mut machine = Machine::new(PARAMETERS);
    for number in 0..2 {
        machine.propose(0, 0, 100);
        machine.stake(0, number, 1, true, 30).unwrap();
    }
    machine.execute(10, 0).unwrap();
    // 30 / 15 = 2 exceeds the threshold when it was crossed (1), not the one there is now (2).
    machine.execute(10, 1).unwrap();
    assert_eq!(machine.proposals()[1].state(), State::Queued);
    machine.stake(11, 1, 1, true, 10).unwrap();
    assert_eq!(machine.proposals()[1].state(), State::PreBoosted);
    machine.stake(12, 1, 2, false, 30).unwrap();
    assert_eq!(machine.proposals()[1].state(), State::Queued);
}

#[test]
fn an_absolute_majority_is_above_the_bar() {
    let mut machine = Machine::new(PARAMETERS);
    machine.propose(0, 0, 1_000);
    machine.vote(1, 0, 1, true, 500, 0).unwrap();
    assert_eq!(machine.proposals()[0].state(), State::Queued);
    assert_eq!(machine.vote(1, 0, 1, false, 500, 0), Ok(Step::Ignored));
    assert_eq!(machine.vote(1, 0, 2, true, 0, 0), Err(Refusal::NoReputation));
    assert_eq!(machine.vote(1, 0, 2, true, 1, 2), Err(Refusal::TooMuchReputation));
    assert_eq!(machine.vote(1, 0, 2, true, 1, 0), Ok(Step::Decided));
    assert_eq!(machine.proposals()[0].execution(), Some(Execution::QueueBarCrossed));
    assert_eq!(machine.vote(2, 0, 3, true, 1, 0), Err(Refusal::NotVotable));
}

/// Random lives of many proposals: what all redeem is never more than was staked with the bounty, and the count of boosted
/// proposals is that of the proposals that are boosted.
#[test]
fn no_more_is_paid_than_was_staked() {
    let mut state = 7_u64;
    let mut draw = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let parameters = Parameters {
        threshold_const: 1_200,
        queued_vote_period: 250,
        boosted_vote_period: 90,
        pre_boosted_vote_period: 30,
        ..PARAMETERS
    };
    let mut machine = Machine::new(parameters);
    let mut called = std::collections::BTreeMap::new();
    for now in 0..9_000 {
        if now % 30 == 0 {
            machine.propose(now, 0, 112);
        }
        let number =
            (machine.proposals().len() as u64 - 1 - draw(9).min(machine.proposals().len() as u64 - 1)) as u32;
        let (who, yes) = (draw(8) as u32, draw(3) > 0);
        match draw(4) {
            0 => _ = machine.vote(now, number, who, yes, u128::from(draw(15) + 1), 0),
            1 => _ = machine.stake(now, number, who, yes, u128::from(draw(40) + 1)),
            2 => _ = machine.execute(now, number),
            _ => {
                if let Ok(bounty) = machine.execute_boosted(now, number) {
                    called.insert(number, bounty);
                }
            }
        }
        let boosted = machine
            .proposals()
            .iter()
            .filter(|proposal| matches!(proposal.state(), State::Boosted | State::QuietEndingPeriod));
        assert_eq!(boosted.count() as u64, machine.boosted());
    }
    let mut kinds = std::collections::BTreeSet::new();
    for number in 0..machine.proposals().len() as u32 {
        let proposal = machine.proposals()[number as usize].clone();
        let Some(execution) = proposal.execution() else { continue };
        kinds.insert(format!("{execution:?}"));
        let staked = proposal.total_stakes + called.get(&number).copied().unwrap_or(0);
        let mut paid = called.get(&number).copied().unwrap_or(0);
        for who in 0..8 {
            paid += machine.redeem(number, who, false).unwrap().tokens.0;
            assert_eq!(machine.redeem(number, who, false).unwrap().tokens.0, 0);
            paid += machine.redeem_bounty(number, who, u128::MAX).unwrap_or(0);
        }
        paid += machine.redeem(number, 99, true).unwrap().tokens.0;
        // The organisation's bounty is won by stakers for; against, it wins its part of theirs.
        assert!(paid <= staked + proposal.bounty, "{number} {paid} {staked}");
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
}
