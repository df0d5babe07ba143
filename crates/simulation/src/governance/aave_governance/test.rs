use super::*;

fn made(supply: u128) -> Proposal {
    let power = (Amount(supply), Amount(supply));
    Proposal::create(&Executor::SHORT, 0, Moment::of_second(0), power, Amount(supply), 1, 4).unwrap()
}

#[test]
fn passing_is_the_formula_for_every_small_vote() {
    let supply = 1_000;
    for yes in 0..60 {
        for no in 0..60 {
            let mut proposal = made(supply);
            proposal.cast(Moment::of_second(1), 0, true, Amount(yes)).unwrap();
            proposal.cast(Moment::of_second(1), 1, false, Amount(no)).unwrap();
            // In hundredths of a percent of 1,000, each token is 10; the differential is 50, the quorum 20 tokens.
            assert_eq!(proposal.passes(), yes >= 20 && yes > no + 5, "{yes} {no}");
        }
    }
}

#[test]
fn whole_supplies_of_any_size_compare() {
    let supply = u128::MAX;
    let mut proposal = made(supply);
    proposal.cast(Moment::of_second(1), 0, true, Amount(supply / 2)).unwrap();
    proposal.cast(Moment::of_second(1), 1, false, Amount(supply / 2)).unwrap();
    assert!(!proposal.passes());
    assert_eq!(proposal.sides().in_favour, proposal.sides().against);
}

#[test]
fn no_supply_no_proposal() {
    let refused = Proposal::create(
        &Executor::SHORT,
        0,
        Moment::of_second(0),
        (Amount(1), Amount(1)),
        Amount::ZERO,
        1,
        0,
    );
    assert_eq!(refused.err(), Some(Revert::NoPower));
}
