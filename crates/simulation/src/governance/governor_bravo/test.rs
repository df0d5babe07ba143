use super::*;

#[test]
fn compounds_own_settings_are_within_its_bounds() {
    assert!(Settings::BRAVO.out_of_bounds().is_empty());
    assert!(Settings::ALPHA.out_of_bounds().is_empty());
    let wrong =
        Settings { voting_delay: 40_321, proposal_threshold: Amount(100_000 * COMP + 1), ..Settings::BRAVO };
    let names: Vec<_> = wrong.out_of_bounds().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["voting_delay", "proposal_threshold"]);
}

#[test]
fn every_block_has_the_state_of_the_formula() {
    let settings = Settings { voting_delay: 2, voting_period: 3, ..Settings::BRAVO };
    let proposer = Proposer { member: 0, power: Amount(u128::MAX), whitelisted: false, latest: None };
    let proposal = Proposal::propose(&settings, Moment::of_second(10), &proposer, 1, 1).unwrap();
    let states: Vec<_> =
        (10..18).map(|clock| proposal.state(&settings, Moment { clock, second: 0 }).name()).collect();
    assert_eq!(
        states,
        ["pending", "pending", "pending", "active", "active", "active", "defeated", "defeated"]
    );
}

#[test]
fn a_finished_proposal_does_not_stand_in_the_way_of_the_next() {
    for (state, stands) in [
        (State::Pending, true),
        (State::Active, true),
        (State::Canceled, false),
        (State::Defeated, false),
        (State::Succeeded, false),
        (State::Queued, false),
        (State::Expired, false),
        (State::Executed, false),
    ] {
        let proposer =
            Proposer { member: 0, power: Amount(u128::MAX), whitelisted: false, latest: Some(state) };
        let made = Proposal::propose(&Settings::BRAVO, Moment::of_second(0), &proposer, 1, 1);
        assert_eq!(made.is_err(), stands, "{state:?}");
    }
}
