use daotwin_core::{Limits, Run, Seed};
use daotwin_history::builder::{Cell, ProposalRow, VoteRow};
use daotwin_history::schema::Precision;
use daotwin_history::{History, HistoryBuilder, Side, Table};

use super::super::policy::{Policy, Tally};
use super::draw::{moved, turners};
use super::*;
use crate::scenario::{QuorumCounts, Weighting};

/// Proposals a day apart and half a day long; of each member what it says on a proposal: 1 for, 2 against, 3 abstain, or
/// nothing.
fn records(powers: &[i128], proposals: u64, said: impl Fn(u64, usize) -> Option<i32>) -> History {
    let mut builder = HistoryBuilder::new(0, Limits::default());
    let dao = "d";
    builder
        .table(Table::Daos)
        .push_named(&[("dao", Cell::Text(dao)), ("token_supply", Cell::Amount(10_000))])
        .unwrap();
    let choices = ["for", "against", "abstain"].map(str::to_owned);
    for proposal in 0..proposals {
        let (id, start) = (format!("p{proposal}"), proposal as i64 * 86_400);
        for (member, &power) in powers.iter().enumerate() {
            if let Some(choice) = said(proposal, member) {
                let row = VoteRow {
                    dao,
                    proposal: &id,
                    member: &format!("m{member}"),
                    cast_at: Some(start + 1_000 * (member as i64 + 1)),
                    precision: Precision::Second,
                    choice: &[(choice, 1.0)],
                    power,
                };
                builder.table(Table::Votes).push_vote(&row).unwrap();
            }
        }
        let row = ProposalRow {
            dao,
            proposal: &id,
            author: Some("m0"),
            choices: &choices,
            start_at: Some(start),
            end_at: Some(start + 43_200),
            ..ProposalRow::default()
        };
        builder.table(Table::Proposals).push_proposal(&row).unwrap();
    }
    builder.finish().unwrap()
}

fn options(runs: u64) -> Options {
    Options { seed: Seed(5), runs, ..Options::default() }
}

fn asked(history: &History, toml: &str, runs: u64) -> Outlook {
    let ask = Ask::read(toml).unwrap();
    outlook(history, &ask, &RuleChange::default(), &options(runs), &Run::default()).unwrap()
}

/// A member with more power than all others together.
fn ruled() -> History {
    let powers = [100, 9, 9, 9, 9, 9, 9];
    records(&powers, 40, |proposal, member| {
        let comes = (proposal + member as u64).is_multiple_of(2) || member == 0;
        comes.then_some(if proposal.is_multiple_of(4) { 2 } else { 1 })
    })
}

#[test]
fn whoever_has_more_than_all_decides_alone() {
    let found = asked(&ruled(), "title = 'T'\nopens = 1970-03-01", 400);
    let first = &found.deciders[0];
    assert_eq!((first.member.as_str(), first.with_for, first.with_against), ("m0", 1.0, 0.0));
    assert_eq!(first.swing.share, 1.0);
    assert_eq!((found.coalition.0.as_slice(), found.turned_by), (["m0".to_owned()].as_slice(), [1.0; 3]));
    // Everybody agrees, three proposals in four pass.
    assert_eq!(found.recorded, (30, 40));
    assert!((0.55..0.9).contains(&found.passes.share), "{:?}", found.passes);
    let against = found.changes.iter().find(|changed| changed.title == "top voter against").unwrap();
    assert_eq!(against.chance.share, 0.0);
    assert!(against.interval.1 < 0.0 && against.difference == -found.passes.share);
    assert!(found.sentences()[0].starts_with("\"T\" passes"), "{:?}", found.sentences());
    assert_eq!(found.document().sections.len(), 3);
}

#[test]
fn chances_follow_the_records_and_what_is_expected() {
    let powers = [5, 7, 9, 11, 13, 15, 17, 19];
    let comes = |proposal: u64, member: usize| !(proposal * 7 + member as u64).is_multiple_of(3);
    let say = |choice: i32| records(&powers, 30, move |p, m| comes(p, m).then_some(choice));
    let base = "opens = 1970-03-01\n";
    assert!(asked(&say(1), base, 300).passes.share > 0.85);
    assert!(asked(&say(2), base, 300).passes.share < 0.15);
    let split = records(&powers, 30, |p, m| {
        comes(p, m).then_some(if (p + m as u64).is_multiple_of(2) { 1 } else { 2 })
    });
    let share = |toml: &str| asked(&split, &format!("{base}{toml}"), 600).passes.share;
    let (low, high) = (share("support = 0.2"), share("support = 0.8"));
    assert!(low < 0.15 && high > 0.85, "{low} {high}");
    // A quorum beyond all that is held is never met.
    let refused = asked(&split, "opens = 1970-03-01\n[rule]\nquorum_tokens = 97\n", 100);
    assert_eq!((refused.passes.share, refused.no_quorum.share), (0.0, 1.0));
    let known = |side: &str| {
        let ballots: String =
            (5..8).map(|m| format!("[[ballots]]\nmember = 'M{m}'\nside = '{side}'\n")).collect();
        share(&format!("as_of = 1970-03-01T03:00:00Z\n{ballots}"))
    };
    assert!(known("for") > share("") + 0.1 && known("against") < share("") - 0.1);
}

#[test]
fn the_same_seed_gives_the_same_answer() {
    let (one, other) = (asked(&ruled(), "", 300), asked(&ruled(), "", 300));
    assert_eq!(one, other);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(one, pool.install(|| asked(&ruled(), "", 300)));
}

#[test]
fn every_problem_is_told_with_its_place() {
    let text = "titel = 'x'\nwindow_days = -1\nsupport = 2\nchoices = ['a', 'b']\n[rule]\nqurum = 0.1\nwindow = 2\n\
                [[ballots]]\nside = 'maybe'\n";
    let error = Ask::read(text).unwrap_err().to_string();
    for said in [
        "line 1: unknown key `titel`; did you mean `title`?",
        "line 2: `window_days` must be a number",
        "line 3: `support`",
        "line 4: `choices` need one for",
        "line 6: unknown key of a rule `qurum`; did you mean `quorum`?",
        "`window` of a proposal is its `window_days`",
        "a ballot needs a `member`",
        "line 9: unknown `side` `maybe`",
    ] {
        assert!(error.contains(said), "{said}: {error}");
    }
    let refused = |toml: &str| {
        let ask = Ask::read(toml).unwrap();
        outlook(&ruled(), &ask, &RuleChange::default(), &options(10), &Run::default())
            .unwrap_err()
            .to_string()
    };
    let found = refused(
        "category = 'c'\n[[ballots]]\nmember = 'm9'\nside = 'for'\n[[ballots]]\nmember = 'm1'\nside = 'for'\n[[ballots]]\nmember = 'm1'\nside = 'for'",
    );
    assert!(found.contains("no `category`") && found.contains("`m9` never voted"), "{found}");
    assert!(found.contains("`m1` is there twice"), "{found}");
    assert!(refused("opens = 1969-01-01").contains("let `opens` come later"));
    assert!(refused("opens = 1970-03-01\nas_of = 1970-03-09").contains("outside"));
}

/// The fewest who turn an outcome against a search through all sets: never fewer than there are, never one too many where
/// the outcome fails to one condition.
#[test]
fn few_turn_an_outcome_and_no_fewer_could() {
    let mut stream = Seed(11).stream("turners");
    let (mut exact, mut tried) = (0, 0);
    for case in 0..400 {
        let counts = [QuorumCounts::For, QuorumCounts::ForAndAbstain, QuorumCounts::All][case % 3];
        let policy = Policy {
            quorum: u128::from(stream.below(40)),
            counts,
            approval: [500_000, 600_000][case % 2],
            weighting: Weighting::Tokens,
            cap: u128::MAX,
            window: 1.0,
            shielded: false,
            power_at_vote: false,
        };
        let mut tally = Tally::default();
        let list: Vec<(u32, u128, Option<Side>)> = (0..7)
            .map(|id| {
                let power = u128::from(1 + stream.below(12));
                let side = [None, Some(Side::For), Some(Side::Against), Some(Side::Abstain)]
                    [stream.below(4) as usize];
                if let Some(side) = side {
                    tally.add(side, power, power);
                }
                (id, power, side)
            })
            .collect();
        let passed = policy.passes(&tally);
        let ways: &[Option<Side>] = match (passed, counts) {
            (false, _) => &[Some(Side::For)],
            (true, QuorumCounts::All) => &[Some(Side::Against), None],
            (true, _) => &[Some(Side::Against)],
        };
        let least = (1_u32..128)
            .filter(|set| {
                ways.iter().any(|to| {
                    let turned = list
                        .iter()
                        .filter(|(id, ..)| set >> id & 1 == 1)
                        .fold(tally, |tally, &(_, power, side)| moved(&tally, &policy, power, side, *to));
                    policy.passes(&turned) != passed
                })
            })
            .map(u32::count_ones)
            .min();
        let found = turners(&policy, &tally, &list).map(|who| who.len() as u32);
        assert_eq!(found.is_some(), least.is_some(), "{policy:?} {list:?}");
        if let (Some(found), Some(least)) = (found, least) {
            assert!(
                found >= least && found <= least + 1 && (!passed || found == least),
                "{policy:?} {list:?}"
            );
            tried += 1;
            exact += u32::from(found == least);
        }
    }
    assert!(tried > 200 && exact * 100 >= tried * 95, "{exact} of {tried}");
}

#[test]
fn foretelling_the_last_proposals_beats_a_coin() {
    let held = held_out(&ruled(), &RuleChange::default(), &options(100), &Run::default()).unwrap();
    assert_eq!((held.proposals, held.each.len()), (12, 12));
    assert!(held.opening < 0.25 && held.base_rate < 0.25, "{held:?}");
    // Everybody agrees, so that the first ballots give it away.
    assert!(held.quarter < 0.02, "{held:?}");
}
