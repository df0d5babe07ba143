use daotwin_history::Side;

use super::electorate::{Ballot, Electorate, Question};
use super::play::{Played, Stage, VARIABLES, bound, play};
use crate::scenario::{QuorumCounts, RuleChange, Scenario, read};

/// Proposals a day apart, a day long, each with the same ballots: (power, side, hour).
pub(super) fn electorate(proposals: usize, ballots: &[(u128, Side, i64)]) -> Electorate {
    let mut list = Vec::new();
    let mut questions = Vec::new();
    for proposal in 0..proposals {
        let start = proposal as i64 * 86_400;
        let first = list.len();
        list.extend(ballots.iter().enumerate().map(|(member, &(power, side, hour))| Ballot {
            member: member as u32,
            at: start + hour * 3_600,
            power,
            side,
        }));
        let counts = QuorumCounts::All;
        let ballots = first..list.len();
        questions.push(Question {
            start,
            end: start + 86_400,
            quorum: None,
            counts,
            passable: true,
            ballots,
        });
    }
    let peak: Vec<u128> = ballots.iter().map(|(power, ..)| *power).collect();
    let mut ranks: Vec<u32> = (0..peak.len() as u32).collect();
    ranks.sort_by_key(|member| (std::cmp::Reverse(peak[*member as usize]), *member));
    let mut rank_of = vec![0; ranks.len()];
    ranks.iter().enumerate().for_each(|(rank, member)| rank_of[*member as usize] = rank as u32);
    let supply = Some(peak.iter().sum::<u128>() * 2);
    Electorate { dao: "d".to_owned(), supply, decimals: 0, questions, ballots: list, peak, ranks, rank_of }
}

fn played(electorate: &Electorate, toml: &str, largest: usize, run: u64) -> Played {
    let scenario = scenario(toml);
    let stage = Stage {
        referee: None,
        scenario: &scenario,
        baseline: &RuleChange::default(),
        largest,
        span: electorate.span(),
        seed: 7,
    };
    play(electorate, &stage, bound(&scenario), run)
}

fn scenario(toml: &str) -> Scenario {
    read(&format!("title = 't'\n{toml}")).unwrap()
}

fn value(played: &Played, name: &str) -> f64 {
    let place = VARIABLES.iter().position(|(known, _)| *known == name).unwrap();
    played.values[place]
}

const SPLIT: [(u128, Side, i64); 5] = [
    (100, Side::For, 1),
    (60, Side::Against, 2),
    (30, Side::Against, 3),
    (20, Side::For, 20),
    (5, Side::Abstain, 21),
];

#[test]
fn nothing_happening_counts_every_ballot() {
    let dao = electorate(3, &SPLIT);
    let found = played(&dao, "", 1, 0);
    assert_eq!(value(&found, "passed"), 1.0);
    assert_eq!(value(&found, "voters"), 5.0);
    assert_eq!(value(&found, "power"), 215.0);
    assert_eq!(value(&found, "turnout"), 0.5);
    assert_eq!(value(&found, "support"), 120.0 / 210.0);
    // 100 against 115 of all others: no takeover by the largest, one by the two largest.
    assert_eq!(value(&found, "takeover"), 0.0);
    assert_eq!(value(&played(&dao, "", 2, 0), "takeover"), 1.0);
    // Half of 215, and one more unit against all.
    assert_eq!(value(&found, "needed"), 216.0);
    assert_eq!(found.passes, [true; 3]);
}

#[test]
fn rules_decide_as_they_say() {
    let dao = electorate(1, &SPLIT);
    for (rule, passed) in [
        ("quorum = 0.5", 1.0),
        ("quorum_tokens = 216", 0.0),
        ("quorum_tokens = 121\nquorum_counts = 'for'", 0.0),
        ("quorum_tokens = 120\nquorum_counts = 'for'", 1.0),
        ("quorum_tokens = 125\nquorum_counts = 'for_and_abstain'", 1.0),
        ("approval = 0.571428", 1.0),
        ("approval = 0.571429", 0.0),
        // Roots: 10 + 4 against 7 + 5.
        ("weighting = 'square_root'", 1.0),
        ("weighting = 'members'", 0.0),
        // 43 + 20 against 43 + 30.
        ("weighting = 'capped'\ncap = 0.1", 0.0),
        // The ballot of hour 20 comes too late: 100 against 90.
        ("window = 0.5\nquorum_tokens = 191", 0.0),
        ("window = 0.5\nquorum_tokens = 190", 1.0),
    ] {
        assert_eq!(value(&played(&dao, &format!("[rule]\n{rule}"), 1, 0), "passed"), passed, "{rule}");
    }
}

#[test]
fn conditions_hold_when_they_say() {
    let dao = electorate(4, &SPLIT);
    // The largest member leaves from the third proposal on.
    let left = played(&dao, "[[conditions]]\nkind = 'whale_exit'\ncount = 1\nfrom = 1970-01-03", 1, 0);
    assert_eq!(left.passes, [true, true, false, false]);
    let raised = "[[conditions]]\nkind = 'new_rule'\nuntil = 1970-01-02\nrule = { quorum_tokens = 1000 }";
    assert_eq!(played(&dao, raised, 1, 0).passes, [false, true, true, true]);
}

#[test]
fn attackers_act_where_the_rule_lets_them() {
    let dao = electorate(1, &SPLIT);
    for (toml, passed, carried) in [
        ("[rule]\napproval = 0.7\n[[conditions]]\nkind = 'whale'\ntokens = 100", 1.0, 1.0),
        ("[rule]\napproval = 0.7\n[[conditions]]\nkind = 'whale'\ntokens = 80", 0.0, 0.0),
        ("[[conditions]]\nkind = 'whale'\ntokens = 31\nagainst = 1", 0.0, 0.0),
        ("[rule]\napproval = 0.9\n[[conditions]]\nkind = 'flash_loan'\ntokens = 1e6", 0.0, 0.0),
        (
            "[rule]\napproval = 0.9\npower_at_vote = true\n[[conditions]]\nkind = 'flash_loan'\ntokens = 1e6",
            1.0,
            1.0,
        ),
        // One account of 100 weighs 10 more, a hundred of one each weigh 100 more.
        (
            "[rule]\nweighting = 'square_root'\napproval = 0.8\n[[conditions]]\nkind = 'whale'\ntokens = 100",
            0.0,
            0.0,
        ),
        (
            "[rule]\nweighting = 'square_root'\napproval = 0.8\n[[conditions]]\nkind = 'sybil'\ntokens = 100\nidentities = 100",
            1.0,
            1.0,
        ),
        // The second and third largest vote for, too.
        ("[rule]\napproval = 0.9\n[[conditions]]\nkind = 'cartel'\ncount = 3", 1.0, 0.0),
        // Everybody sells below a million; the budget buys the first, of 60.
        (
            "[rule]\napproval = 0.8\n[[conditions]]\nkind = 'bribe'\nprice = 1\nbudget = 60\nmedian = 1e-9\nspread = 0",
            1.0,
            0.0,
        ),
        (
            "[rule]\napproval = 0.8\n[[conditions]]\nkind = 'bribe'\nprice = 1\nbudget = 59\nmedian = 1e-9\nspread = 0",
            0.0,
            0.0,
        ),
    ] {
        let found = played(&dao, toml, 1, 0);
        assert_eq!((value(&found, "passed"), value(&found, "carried")), (passed, carried), "{toml}");
    }
}

#[test]
fn followers_join_the_leader_unless_they_cannot_see_it() {
    let dao = electorate(1, &[(10, Side::For, 1), (9, Side::Against, 2), (9, Side::Against, 3)]);
    let herd = "[[conditions]]\nkind = 'herding'\nstrength = 1";
    assert_eq!(value(&played(&dao, herd, 1, 0), "support"), 1.0);
    let sealed = format!("[rule]\nshielded = true\n{herd}");
    assert_eq!(value(&played(&dao, &sealed, 1, 0), "support"), 10.0 / 28.0);
}

#[test]
fn delegated_power_votes_with_the_delegate_and_nothing_is_lost() {
    let ballots: Vec<(u128, Side, i64)> = (0..400).map(|member| (1_000 - member, Side::For, 1)).collect();
    let dao = electorate(2, &ballots);
    let found = played(&dao, "[[conditions]]\nkind = 'delegation'\nshare = 1\ndelegates = 5", 5, 3);
    let total: u128 = ballots.iter().map(|(power, ..)| power).sum();
    assert_eq!(value(&found, "voters"), 5.0);
    assert_eq!(value(&found, "power"), total as f64);
    assert_eq!(value(&found, "takeover"), 1.0);
}

/// Thinning keeps each ballot with the factor's chance: over 20 runs of 5 proposals of 1,000 ballots the share kept has a
/// standard error of sqrt(0.25 / 100,000) = 0.0016; 4.9 of them is a false alarm of 1e-6. The control, a factor that
/// is off by 0.02, fails the same bound.
#[test]
fn turnout_is_thinned_by_its_factor() {
    let ballots: Vec<(u128, Side, i64)> = (0..1_000).map(|_| (1, Side::For, 1)).collect();
    let dao = electorate(5, &ballots);
    let kept = |factor: f64| -> f64 {
        let toml = format!("[[conditions]]\nkind = 'turnout'\nfactor = {factor:?}");
        (0..20).map(|run| value(&played(&dao, &toml, 1, run), "voters")).sum::<f64>() / 20_000.0
    };
    let bound = 4.9 * (0.25_f64 / 100_000.0).sqrt();
    assert!((kept(0.5) - 0.5).abs() < bound, "{}", kept(0.5));
    assert!((kept(0.52) - 0.5).abs() > bound);
    // Drawn with twice the chance, half are kept where nothing holds.
    let later = "[[conditions]]\nkind = 'turnout'\nfactor = 2\nfrom = 2000-01-01";
    let halves = (0..20).map(|run| value(&played(&dao, later, 1, run), "voters")).sum::<f64>() / 20_000.0;
    assert!((halves - 0.5).abs() < bound, "{halves}");
}
