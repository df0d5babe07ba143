use super::super::Amount;
use super::super::governor_bravo::{Proposal, Proposer, Settings};
use super::super::lifecycle::{Moment, Revert, Support};

#[test]
fn alpha_knows_no_abstaining_and_bravo_does() {
    for (settings, expected) in [(Settings::ALPHA, Err(Revert::BallotKind)), (Settings::BRAVO, Ok(()))] {
        let proposer = Proposer { member: 0, power: Amount(u128::MAX), whitelisted: false, latest: None };
        let mut proposal = Proposal::propose(&settings, Moment::of_second(0), &proposer, 1, 1).unwrap();
        let now = Moment::of_second(settings.voting_delay + 1);
        assert_eq!(proposal.cast(&settings, now, 0, Support::Abstain, Amount(1)), expected);
        // What reverts leaves no trace: the member may still vote.
        assert_eq!(proposal.cast(&settings, now, 0, Support::For, Amount(1)).is_ok(), expected.is_err());
    }
}
