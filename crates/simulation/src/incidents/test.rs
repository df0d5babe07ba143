use super::attention::{answer, first_notice};
use super::frame::{Draws, Input, Quantity, Role, Source};
use super::vote::{self, Ballot, amount};
use crate::governance::governor::{Counting, Guardian, Quorum, Settings, Timelock};
use crate::governance::lifecycle::{State, Support};

fn settings(guardian: Guardian) -> Settings {
    Settings {
        voting_delay: 1,
        voting_period: 100,
        proposal_threshold: amount(1.0),
        quorum: Quorum::Absolute(amount(10.0)),
        super_quorum: None,
        counting: Counting::Simple,
        late_quorum_extension: None,
        guardian,
        timelock: Timelock::Control { delay: 50 },
    }
}

fn run(settings: &Settings, against_at: f64, veto: f64) -> State {
    let mut ballots =
        vec![Ballot::new(against_at, 1, Support::Against, 30.0), Ballot::new(0.0, 0, Support::For, 20.0)];
    vote::governor(settings, 1, 5.0, 1_000.0, &mut ballots, veto).unwrap().state
}

#[test]
fn ballots_count_while_the_vote_is_open_and_not_after() {
    let settings = settings(Guardian::Absent);
    assert_eq!(run(&settings, 99.0, f64::INFINITY), State::Defeated);
    assert_eq!(run(&settings, 100.0, f64::INFINITY), State::Executed);
}

#[test]
fn a_guardian_is_in_time_until_the_timelock_ends() {
    let settings = settings(Guardian::Caller(u32::MAX));
    assert_eq!(run(&settings, 1e9, 120.0), State::Canceled);
    assert_eq!(run(&settings, 1e9, 149.0), State::Canceled);
    assert_eq!(run(&settings, 1e9, 1_000.0), State::Executed);
    assert_eq!(run(&settings, 1e9, f64::INFINITY), State::Executed);
}

#[test]
fn a_late_quorum_keeps_the_vote_open() {
    let late = Settings { late_quorum_extension: Some(60), ..settings(Guardian::Absent) };
    let mut ballots =
        vec![Ballot::new(95.0, 0, Support::For, 20.0), Ballot::new(120.0, 1, Support::Against, 30.0)];
    let ended = vote::governor(&late, 1, 5.0, 1_000.0, &mut ballots, f64::INFINITY).unwrap();
    assert_eq!((ended.state, ended.against), (State::Defeated, 30.0));
}

/// The mean of 20,000 exponentials has a standard error of 0.7 % of itself; five of them are missed with probability
/// below 1e-6. With half the sight it is twice as long, which the same bound must tell from not.
#[test]
fn the_first_of_many_notices_as_soon_as_their_hazards_add_up_to() {
    let mean = |watchers: u32, sees: f64| {
        let all = (0..20_000).map(|replicate| first_notice(Draws::new(3, replicate), watchers, 60.0, sees));
        all.sum::<f64>() / 20_000.0
    };
    assert!((mean(6, 1.0) / 10.0 - 1.0).abs() < 0.036);
    assert!((mean(6, 0.5) / 20.0 - 1.0).abs() < 0.036);
    assert!((mean(6, 0.5) / 10.0 - 1.0).abs() > 0.036);
    assert!(first_notice(Draws::new(3, 0), 6, 60.0, 0.0).is_infinite());
    assert!(first_notice(Draws::new(3, 0), 0, 60.0, 1.0).is_infinite());
    assert!(answer(Draws::new(3, 0), 5.0, 1.0, 0.0, 4).is_infinite());
    assert!(answer(Draws::new(3, 0), 5.0, 1.0, 1.0, 4) > 5.0);
}

#[test]
fn ranges_are_drawn_by_name_and_can_be_held() {
    let source = Source::judgement("none");
    let range =
        |name| Input::new(name, Quantity::LogUniform(1.0, 100.0), "x", Role::Assumed, "2020-01-01", source);
    let (left, right) = (range("left"), range("right"));
    let draws = Draws::new(1, 5);
    assert_eq!(draws.of(&left).to_bits(), draws.of(&left).to_bits());
    assert_ne!(draws.of(&left).to_bits(), draws.of(&right).to_bits());
    assert_ne!(draws.each(&left, 1).to_bits(), draws.each(&left, 2).to_bits());
    let held = draws.holding(&left, 0.0);
    assert!((held.each(&left, 7) - 1.0).abs() < 1e-12);
    assert_eq!(held.of(&right).to_bits(), draws.of(&right).to_bits());
    assert!((left.middle() - 10.0).abs() < 1e-9);
}
