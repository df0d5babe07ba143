//! Behaviours in whole runs: each does what its formula says, nothing where its strength is 0.

use daotwin_core::Run;
use daotwin_history::{History, Side};

use super::electorate::{Ballot, Electorate, Question};
use super::people::{change_by, share_for, turn};
use super::play::{Cast, Observer, Played, Stage, Voter, bound, watch};
use super::policy::Policy;
use super::test_model::Stub;
use super::{Options, effort, history, rehearse};
use crate::engine::math;
use crate::engine::random::Key;
use crate::scenario::behaviours::BEHAVIOURS;
use crate::scenario::{QuorumCounts, RuleChange, Scenario, read};

const PROPOSALS: usize = 60;
const MEMBERS: u32 = 300;
const RUNS: u64 = 20;

/// Sixty proposals three days apart and as long. Every other one is contested, the rest are agreed on by 95 %. Members of
/// an even number are for more often than those of an odd one; members 0 and 1, the largest, vote first, and are against
/// every other contested proposal; 0 to 9 come nine times in ten, others three times, half of them hardly after the twentieth.
fn crowd() -> Electorate {
    let peak: Vec<u128> = (0..MEMBERS).map(|member| 100 + 20_000 / u128::from(member + 1)).collect();
    let mut electorate = Electorate {
        dao: "d".to_owned(),
        supply: Some(1_000_000),
        decimals: 0,
        questions: Vec::new(),
        ballots: Vec::new(),
        ranks: (0..MEMBERS).collect(),
        rank_of: (0..MEMBERS).collect(),
        peak,
    };
    for place in 0..PROPOSALS {
        let [comes, sides, times] = [0, 1, 2].map(|purpose| Key::new(99, 0, purpose, place as u64));
        let start = place as i64 * 3 * 86_400;
        let first = electorate.ballots.len();
        for member in 0..MEMBERS {
            let often = match member {
                0..10 => 0.9,
                _ if member % 4 < 2 && place > 20 => 0.03,
                _ => 0.3,
            };
            if comes.uniform(member) >= often {
                continue;
            }
            let share = if place % 2 == 0 { 0.5 } else { 0.95 };
            let leaning = if member % 2 == 0 { 0.8 } else { -0.8 };
            let chance = math::logistic(math::ln(share / (1.0 - share)) + leaning);
            let (votes_for, hour) = match member {
                0 | 1 => (place % 4 != 2, 1.0),
                _ => (sides.uniform(member) < chance, 2.0 + 69.0 * times.uniform(member)),
            };
            let side = if votes_for { Side::For } else { Side::Against };
            let at = start + (hour * 3_600.0) as i64;
            electorate.ballots.push(Ballot { member, at, power: electorate.peak[member as usize], side });
        }
        electorate.ballots[first..].sort_by_key(|ballot| ballot.at);
        electorate.questions.push(Question {
            start,
            end: start + 3 * 86_400,
            quorum: None,
            counts: QuorumCounts::All,
            passable: true,
            ballots: first..electorate.ballots.len(),
        });
    }
    electorate
}

#[derive(Default)]
struct Seen {
    casts: Vec<(usize, Cast)>,
    place: usize,
}

impl Observer for Seen {
    fn cast(&mut self, ballot: Cast) {
        self.casts.push((self.place, ballot));
    }

    fn decided(&mut self, place: usize, _: i64, _: &Policy, _: bool) {
        self.place = place + 1;
    }
}

fn scenario(toml: &str) -> Scenario {
    read(&format!("title = 't'\n{toml}")).unwrap()
}

fn run(electorate: &Electorate, toml: &str, number: u64) -> (Played, Seen) {
    let scenario = scenario(toml);
    // A quorum of 40,000 is the DAO's own, any other is new to it.
    let own = scenario.rule.quorum_tokens.filter(|quorum| *quorum == 40_000.0);
    let stage = Stage {
        referee: None,
        scenario: &scenario,
        baseline: &RuleChange { quorum_tokens: own, ..RuleChange::default() },
        largest: 3,
        span: electorate.span(),
        seed: 5,
    };
    let mut seen = Seen::default();
    let played = watch(electorate, &stage, bound(&scenario), number, &mut seen);
    (played, seen)
}

fn count(seen: &Seen, wanted: impl Fn(usize, &Cast) -> bool) -> f64 {
    seen.casts.iter().filter(|(place, cast)| wanted(*place, cast)).count() as f64
}

fn number(cast: &Cast) -> u32 {
    match cast.voter {
        Voter::Member { member, .. } => member,
        Voter::Attacker(_) => u32::MAX,
    }
}

fn voters(seen: &Seen) -> f64 {
    seen.casts.len() as f64
}

fn support(seen: &Seen) -> f64 {
    count(seen, |_, cast| cast.side == Side::For) / voters(seen)
}

fn power(seen: &Seen) -> f64 {
    seen.casts.iter().map(|(_, cast)| cast.power as f64).sum()
}

/// How often others vote as the largest do, on contested proposals.
fn following(seen: &Seen) -> f64 {
    let others = |place: usize, cast: &Cast| place.is_multiple_of(2) && number(cast) >= 10;
    let leads = |place: usize| if place % 4 == 2 { Side::Against } else { Side::For };
    count(seen, |place, cast| others(place, cast) && cast.side == leads(place)) / count(seen, others)
}

/// How often even members are for and odd ones against.
fn own_record(seen: &Seen) -> f64 {
    let own = |cast: &Cast| if number(cast).is_multiple_of(2) { Side::For } else { Side::Against };
    count(seen, |_, cast| cast.side == own(cast)) / voters(seen)
}

fn later(seen: &Seen) -> f64 {
    count(seen, |place, _| place >= PROPOSALS / 2) / voters(seen)
}

fn contested_by_the_silent(seen: &Seen) -> f64 {
    let silent = |place: usize, cast: &Cast| place > 20 && number(cast) >= 10 && number(cast) % 4 < 2;
    count(seen, |place, cast| place.is_multiple_of(2) && silent(place, cast)) / count(seen, silent).max(1.0)
}

fn quorate(played: &Played) -> f64 {
    played.values[1]
}

const DOWNTURN: &str = "[[conditions]]\nkind = 'downturn'\ndepth = 0.5\n";
const DELEGATION: &str = "[[conditions]]\nkind = 'delegation'\nshare = 0.8\ndelegates = 3\n";
const BRIBE: &str = "[[conditions]]\nkind = 'bribe'\nprice = 1\nbudget = 1e9\nmedian = 1\n";

/// Paired over twenty runs on the same draws: the mean difference is more than 4.9 of its standard errors from 0, on the
/// side that the formula says. The same with the side exchanged must fail, which it does where the difference is there.
#[test]
fn every_behaviour_does_what_its_formula_says() {
    type Measure = fn(&Seen) -> f64;
    let cases: &[(&str, &str, &str, Measure, f64)] = &[
        ("apathy", "2", DOWNTURN, voters, -1.0),
        ("cost", "2", "[[conditions]]\nkind = 'fee_spike'\ncost = 100\n", voters, -1.0),
        ("duty", "1", DOWNTURN, voters, 1.0),
        // A quorum that the DAO did not have keeps the outcome open.
        ("pivotality", "2", "[rule]\nquorum_tokens = 90000\n", voters, 1.0),
        ("quorum_effort", "2", "[rule]\nquorum_tokens = 90000\n", voters, 1.0),
        ("relief", "1", "[rule]\nquorum_tokens = 40000\n", voters, -1.0),
        ("ideology", "1", "", own_record, 1.0),
        ("ideology", "-1", "", own_record, -1.0),
        ("herding", "1.5", "", following, 1.0),
        ("whale_cue", "1", "", following, 1.0),
        ("delegate_cue", "1", "", following, 1.0),
        ("delegation_inertia", "1", DELEGATION, voters, 1.0),
        ("status_quo", "1", DOWNTURN, support, -1.0),
        ("timing", "3", "[rule]\nwindow = 0.5\n", power, -1.0),
        ("loss_aversion", "1.25", DOWNTURN, voters, -1.0),
        ("loss_aversion", "1.25", DOWNTURN, support, -1.0),
        ("vote_selling", "1", BRIBE, voters, 1.0),
        ("vote_selling", "1", BRIBE, support, 1.0),
        ("attention", "0.5", "[[conditions]]\nkind = 'fatigue'\nfactor = 3\n", voters, -1.0),
        ("decline", "2", "", later, -1.0),
        ("decline", "-2", "", later, 1.0),
        ("reactivation", "2", "", contested_by_the_silent, 1.0),
    ];
    let dao = crowd();
    for (name, strength, world, measure, sign) in cases {
        let on = format!("{world}[behaviours]\n{name} = {strength}");
        let differences: Vec<f64> = (0..RUNS)
            .map(|number| sign * (measure(&run(&dao, &on, number).1) - measure(&run(&dao, world, number).1)))
            .collect();
        let mean = differences.iter().sum::<f64>() / RUNS as f64;
        let squares: f64 = differences.iter().map(|value| (value - mean).powi(2)).sum();
        let error = (squares / (RUNS - 1) as f64 / RUNS as f64).sqrt();
        assert!(mean > 4.9 * error && mean > 0.0, "{name} = {strength}: {mean} +- {error}");
    }
    for behaviour in BEHAVIOURS {
        assert!(cases.iter().any(|(name, ..)| *name == behaviour.name), "{} is not tried", behaviour.name);
    }
}

#[test]
fn a_strength_of_zero_is_off_bit_for_bit() {
    let dao = crowd();
    for behaviour in BEHAVIOURS {
        for world in ["", DOWNTURN, DELEGATION, BRIBE, "[rule]\nquorum_tokens = 90000\n"] {
            let found = |strength: &str| {
                let (played, seen) =
                    run(&dao, &format!("{world}[behaviours]\n{} = {strength}", behaviour.name), 3);
                (format!("{played:?}"), format!("{:?}", seen.casts))
            };
            let off = found("'off'");
            assert_eq!(found("0"), off, "{} {world}", behaviour.name);
        }
    }
}

/// Nothing is seen where ballots are shielded, and nobody is called where no quorum is known.
#[test]
fn what_cannot_be_seen_moves_nobody() {
    let dao = crowd();
    let casts = |toml: &str| format!("{:?}", run(&dao, toml, 1).1.casts);
    for name in
        ["pivotality", "herding", "whale_cue", "delegate_cue", "reactivation", "quorum_effort", "relief"]
    {
        let rule = "[rule]\nshielded = true\nquorum_tokens = 90000\n";
        assert_eq!(casts(&format!("{rule}[behaviours]\n{name} = 1")), casts(rule), "{name}");
    }
    assert_eq!(casts("[behaviours]\nquorum_effort = 5\nrelief = 5"), casts(""));
}

/// The stronger the effort, the more proposals reach their quorum: never fewer on the same draws.
#[test]
fn effort_is_monotone() {
    let dao = crowd();
    for number in 0..5 {
        let found: Vec<f64> = ["0", "0.5", "1", "2", "4", "8"]
            .map(|strength| {
                let toml = format!("[rule]\nquorum_tokens = 90000\n[behaviours]\nquorum_effort = {strength}");
                quorate(&run(&dao, &toml, number).0)
            })
            .to_vec();
        assert!(found.is_sorted() && found[0] < found[5], "{found:?}");
    }
}

/// Nobody votes twice, and called members vote within the window with power that they had before.
#[test]
fn called_members_vote_once_with_what_they_have() {
    let dao = crowd();
    let toml = "behaviours = 'all'\n[rule]\nquorum_tokens = 90000\n";
    let (_, seen) = run(&dao, toml, 2);
    let mut called = 0;
    for place in 0..PROPOSALS {
        let mut members: Vec<u32> =
            seen.casts.iter().filter(|(known, _)| *known == place).map(|(_, cast)| number(cast)).collect();
        let all = members.len();
        members.sort_unstable();
        members.dedup();
        assert_eq!(members.len(), all, "somebody votes twice on proposal {place}");
    }
    for (place, cast) in &seen.casts {
        if let Voter::Member { member, drawn: false } = cast.voter {
            called += 1;
            let question = &dao.questions[*place];
            assert!((question.start..=question.end).contains(&cast.at));
            assert_eq!(cast.power, dao.peak[member as usize]);
        }
    }
    assert!(called > 0);
}

/// A change of the log odds d turns a share p into p e^d / (1 - p + p e^d): over 100,000 ballots the share found has a
/// standard error below 0.0016; 4.9 of them is a false alarm of 1e-6. The control, a change that is off by 0.1, is
/// farther away.
#[test]
fn log_odds_are_changed_exactly() {
    let keys = [0, 1].map(|purpose| Key::new(17, 0, purpose, 0));
    let share_after = |share: f64, change: f64| {
        let votes_for = (0..100_000).filter(|member| {
            let side = if keys[0].uniform(*member) < share { Side::For } else { Side::Against };
            turn(side, share, change, keys[1].uniform(*member)) == Side::For
        });
        votes_for.count() as f64 / 100_000.0
    };
    for (share, change) in [(0.4, 0.7), (0.9, -1.2), (0.5, 0.0), (0.2, 3.0)] {
        let expected = |change: f64| 1.0 / (1.0 + (1.0 - share) / share * (-change).exp());
        assert!((share_after(share, change) - expected(change)).abs() < 4.9 * 0.0016, "{share} {change}");
        assert!((share_after(share, change) - expected(change + 0.1)).abs() > 4.9 * 0.0016);
    }
    assert_eq!(turn(Side::Abstain, 0.5, 100.0, 0.0), Side::Abstain);
    // A part of one turns everybody, a third a third.
    assert_eq!(turn(Side::Against, 0.3, change_by(1.0, 0.3), 0.999_999), Side::For);
    let third = (0..100_000).filter(|member| {
        turn(Side::Against, 0.3, change_by(1.0 / 3.0, 0.3), keys[1].uniform(*member)) == Side::For
    });
    assert!((third.count() as f64 / 100_000.0 - 1.0 / 3.0).abs() < 4.9 * 0.0016);
    assert_eq!(share_for(&[], 0.9), 0.9);
}

/// With everything on, a rehearsal and a fit of the effort give the same bytes on one thread and on three; a run is a
/// sound History.
#[test]
fn threads_do_not_matter() {
    let (records, baseline) = (records(2.0, 0), binding(300.0));
    let all =
        [scenario("behaviours = 'all'"), scenario(&format!("{DOWNTURN}[behaviours]\nherding = 'prior'"))];
    let found = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let options = Options { runs: 12, ..Options::default() };
            let fitted = effort(&Stub::random(), &records, &baseline, &options, &Run::default()).unwrap();
            let options = Options { effort: fitted.map(|fitted| fitted.strengths), ..options };
            let rehearsed =
                rehearse(&Stub::random(), Some(&records), &baseline, &all, &options, &Run::default())
                    .unwrap();
            (serde_json::to_string(&rehearsed).unwrap(), format!("{fitted:?}"))
        })
    };
    assert_eq!(found(1), found(3));
    let options = Options { effort: Some([1.0, 0.5]), ..Options::default() };
    for scenario in &all {
        let written = history(&Stub::random(), &baseline, scenario, &options, 1, &Run::default()).unwrap();
        assert_eq!(daotwin_history::constraints::check(&written, &Run::default()).unwrap(), []);
    }
}

/// A quorum that binds.
fn binding(tokens: f64) -> RuleChange {
    RuleChange { quorum_tokens: Some(tokens), ..RuleChange::default() }
}

/// A run in which voters are called this hard, as records.
fn records(strength: f64, number: u64) -> History {
    let options = Options { effort: Some([strength, 0.0]), ..Options::default() };
    history(&Stub::random(), &binding(300.0), &scenario(""), &options, number, &Run::default()).unwrap()
}

/// The effort that is fitted makes as many pass as the records, or is the greatest; nothing is fitted where no quorum is
/// known, nor where as many pass without it.
#[test]
fn effort_is_fitted_to_what_passes() {
    let options = Options { runs: 24, ..Options::default() };
    let mut fitted = 0;
    for number in 0..8 {
        let records = records(2.0, number);
        let fit = |tokens: f64| {
            effort(&Stub::random(), &records, &binding(tokens), &options, &Run::default()).unwrap()
        };
        assert_eq!(fit(0.0), None, "no quorum");
        let Some(found) = fit(300.0) else { continue };
        assert!(found.strengths[0] > 0.0 && found.without < found.recorded, "{found:?}");
        let close = (found.with - found.recorded).abs() < 0.02;
        assert!(close || found.strengths[0] > 2.9 && found.with > found.without, "{found:?}");
        fitted += u32::from(close);
    }
    assert!(fitted > 0, "nowhere was there anything to fit");
}
