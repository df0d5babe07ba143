//! The Histories that the suite is run on: an ordinary one, and every hostile one.

use daotwin_core::{Limits, Seed};
use daotwin_history::builder::{Cell, ProposalRow, VoteRow};
use daotwin_history::schema::Precision;
use daotwin_history::{History, HistoryBuilder, Table};

/// A day in seconds.
const DAY: i64 = 86_400;
/// When the first proposal starts.
const EPOCH: i64 = 1_700_000_000;
/// A token in base units.
const TOKEN: i128 = 1_000_000_000_000_000_000;

pub(crate) fn labels(count: usize) -> Vec<String> {
    (0..count).map(|index| format!("choice {index}")).collect()
}

/// A builder with a DAO in it.
fn builder() -> HistoryBuilder {
    let mut builder = HistoryBuilder::new(18, Limits::default());
    let row = [("dao", Cell::Text("example")), ("platform", Cell::Text("snapshot"))];
    builder.table(Table::Daos).push_named(&row).unwrap();
    builder
}

/// An ordinary proposal.
fn proposal<'a>(name: &'a str, index: i64, choices: &'a [String]) -> ProposalRow<'a> {
    ProposalRow {
        dao: "example",
        proposal: name,
        author: Some("member 0"),
        title: Some("a title"),
        category: Some("grant"),
        voting_system: Some("single-choice"),
        choices,
        created_at: Some(EPOCH + index * DAY - 3_600),
        start_at: Some(EPOCH + index * DAY),
        end_at: Some(EPOCH + (index + 3) * DAY),
        precision: Precision::Second,
        quorum: None,
        state: Some("closed"),
        scores: &[],
    }
}

/// An ordinary ballot.
fn vote<'a>(proposal: &'a str, member: &'a str, cast_at: i64, choice: &'a [(i32, f64)]) -> VoteRow<'a> {
    VoteRow {
        dao: "example",
        proposal,
        member,
        cast_at: Some(cast_at),
        precision: Precision::Second,
        choice,
        power: TOKEN,
    }
}

/// A DAO in which a few members vote often and many seldom, with power over five decades.
pub(crate) fn ordinary(members: u64, proposals: i64, votes_per_proposal: u64) -> History {
    let mut builder = builder();
    let choices = labels(3);
    let mut stream = Seed(1).stream("conformance");
    let mut uniform = move || (stream.bits() >> 11) as f64 / (1_u64 << 53) as f64;
    for index in 0..proposals {
        let name = format!("proposal {index}");
        builder.table(Table::Proposals).push_proposal(&proposal(&name, index, &choices)).unwrap();
        let mut voted = std::collections::BTreeSet::new();
        while (voted.len() as u64) < votes_per_proposal.min(members / 2) {
            // Squaring twice puts most ballots on the first members.
            let member = (uniform().powi(4) * members as f64) as u64;
            if !voted.insert(member) {
                continue;
            }
            let choice = [(1 + (uniform().powi(2) * 3.0) as i32, 1.0)];
            let at = EPOCH + index * DAY + (uniform() * 3.0 * DAY as f64) as i64;
            let power = (10_f64.powf((member * 7_919 % 500) as f64 / 100.0) * 1e18) as i128;
            let name_of = format!("member {member}");
            builder
                .table(Table::Votes)
                .push_vote(&VoteRow { power, ..vote(&name, &name_of, at, &choice) })
                .unwrap();
        }
    }
    builder.finish().unwrap()
}

/// `proposals` proposals with `members` ballots each, changed by the two functions.
fn changed(
    proposals: i64,
    members: u64,
    change_proposal: impl Fn(i64, &mut ProposalRow<'_>),
    change_vote: impl Fn(i64, u64, &mut VoteRow<'_>),
) -> History {
    let mut builder = builder();
    let choices = labels(2);
    for index in 0..proposals {
        let name = format!("proposal {index}");
        let mut row = proposal(&name, index, &choices);
        change_proposal(index, &mut row);
        builder.table(Table::Proposals).push_proposal(&row).unwrap();
        for member in 0..members {
            let member_name = format!("member {member}");
            let choice = [(1 + i32::from((index as u64 + member).is_multiple_of(3)), 1.0)];
            let at = EPOCH + index * DAY + 60 * member as i64;
            let mut row = vote(&name, &member_name, at, &choice);
            change_vote(index, member, &mut row);
            builder.table(Table::Votes).push_vote(&row).unwrap();
        }
    }
    builder.finish().unwrap()
}

/// Every hostile History by name.
pub(crate) fn hostile() -> Vec<(&'static str, History)> {
    let same = |_: i64, _: &mut ProposalRow<'_>| {};
    let as_is = |_: i64, _: u64, _: &mut VoteRow<'_>| {};
    vec![
        ("no row at all", HistoryBuilder::new(18, Limits::default()).finish().unwrap()),
        ("a DAO and nothing else", builder().finish().unwrap()),
        ("a proposal without ballots", changed(1, 0, same, as_is)),
        ("one ballot", changed(1, 1, same, as_is)),
        ("one member, many proposals", changed(50, 1, same, as_is)),
        ("one proposal, many members", changed(1, 300, same, as_is)),
        ("one category", changed(5, 20, |_, row| row.category = Some("poll"), as_is)),
        ("null optional columns", nulls()),
        ("constant power", changed(10, 20, same, |_, _, row| row.power = 5 * TOKEN)),
        ("zero power", changed(10, 20, same, |_, _, row| row.power = 0)),
        ("negative power", changed(10, 20, same, |_, member, row| row.power = -i128::from(member))),
        (
            "powers of 10^36 base units beside zero",
            changed(10, 20, same, |_, member, row| {
                row.power = if member.is_multiple_of(2) { 10_i128.pow(36) } else { 0 };
            }),
        ),
        ("powers at the end of the integers", changed(3, 4, same, |_, _, row| row.power = i128::MAX)),
        ("all votes in one second", changed(5, 50, same, |_, _, row| row.cast_at = Some(EPOCH + 2 * DAY))),
        ("windows of no length", changed(5, 20, |_, row| row.end_at = row.start_at, as_is)),
        ("windows that end before they start", changed(5, 20, |_, row| row.end_at = Some(0), as_is)),
        (
            "times at the ends of the integers",
            changed(
                4,
                20,
                |index, row| {
                    row.start_at = Some(if index == 0 { i64::MIN } else { 0 });
                    row.end_at = Some(i64::MAX);
                },
                |_, member, row| {
                    row.cast_at = Some(if member.is_multiple_of(2) { i64::MIN } else { i64::MAX });
                },
            ),
        ),
        (
            "no times",
            changed(
                5,
                20,
                |_, row| (row.created_at, row.start_at, row.end_at) = (None, None, None),
                |_, _, row| row.cast_at = None,
            ),
        ),
        (
            "ballots outside their window",
            changed(5, 20, same, |_, _, row| row.cast_at = Some(EPOCH - 900 * DAY)),
        ),
        ("double votes", changed(5, 20, same, |_, _, row| row.member = "the same")),
        ("ballots without their proposal", changed(5, 20, same, |_, _, row| row.proposal = "another")),
        ("unknown voting systems", changed(5, 20, |_, row| row.voting_system = Some("acclamation"), as_is)),
        ("wild choices", wild_choices()),
        (
            "odd ids",
            changed(3, 3, same, |_, member, row| {
                row.member = ["", "\u{0}", "\u{202e}../.."][member as usize];
            }),
        ),
        (
            "several DAOs",
            changed(6, 9, |index, row| row.dao = dao_of(index), |index, _, row| row.dao = dao_of(index)),
        ),
        ("10^5 members", changed(1, 100_000, same, as_is)),
        ("10^5 proposals and categories", many_categories()),
        ("10^5 choices", many_choices()),
    ]
}

fn dao_of(index: i64) -> &'static str {
    if index % 2 == 0 { "example" } else { "other" }
}

/// Only the required columns have values.
fn nulls() -> History {
    let mut builder = builder();
    for index in 0..5 {
        let name = format!("proposal {index}");
        let keys = [("dao", Cell::Text("example")), ("proposal", Cell::Text(&name))];
        builder.table(Table::Proposals).push_named(&keys).unwrap();
        for member in 0..20 {
            let member = format!("member {member}");
            builder
                .table(Table::Votes)
                .push_named(&[
                    keys[0],
                    keys[1],
                    ("member", Cell::Text(&member)),
                    ("choice", Cell::Choice(&[(1, 1.0)])),
                    ("power", Cell::Amount(TOKEN)),
                ])
                .unwrap();
        }
    }
    builder.finish().unwrap()
}

/// Ballots whose entries no voting system allows.
fn wild_choices() -> History {
    let mut builder = builder();
    let choices = labels(2);
    let entries: [&[(i32, f64)]; 8] = [
        &[],
        &[(0, 1.0)],
        &[(i32::MAX, 1.0), (i32::MIN, 1.0)],
        &[(1, f64::NAN)],
        &[(1, f64::INFINITY), (2, f64::NEG_INFINITY)],
        &[(1, -1.0), (2, 0.0)],
        &[(1, f64::MAX), (2, f64::MAX)],
        &[(1, 1.0), (1, 1.0), (1, 1.0)],
    ];
    for (index, system) in
        ["single-choice", "approval", "weighted", "quadratic", "ranked-choice"].into_iter().enumerate()
    {
        let name = format!("proposal {index}");
        let row = proposal(&name, index as i64, &choices);
        builder
            .table(Table::Proposals)
            .push_proposal(&ProposalRow { voting_system: Some(system), ..row })
            .unwrap();
        for (member, entries) in entries.iter().enumerate() {
            let member = format!("member {member}");
            let at = EPOCH + index as i64 * DAY + 60;
            builder.table(Table::Votes).push_vote(&vote(&name, &member, at, entries)).unwrap();
        }
    }
    builder.finish().unwrap()
}

/// Every proposal has a category of its own, and one ballot.
fn many_categories() -> History {
    let mut builder = builder();
    let choices = labels(2);
    for index in 0..100_000 {
        let (name, category) = (format!("proposal {index}"), format!("category {index}"));
        let row = ProposalRow { category: Some(&category), ..proposal(&name, index / 100, &choices) };
        builder.table(Table::Proposals).push_proposal(&row).unwrap();
        let at = EPOCH + index / 100 * DAY + 60;
        builder.table(Table::Votes).push_vote(&vote(&name, "member", at, &[(1, 1.0)])).unwrap();
    }
    builder.finish().unwrap()
}

/// One proposal with more choices than anybody reads.
fn many_choices() -> History {
    let mut builder = builder();
    let choices = labels(100_000);
    builder.table(Table::Proposals).push_proposal(&proposal("proposal", 0, &choices)).unwrap();
    for member in 0..50 {
        let name = format!("member {member}");
        let choice = [(1 + member * 2_000, 1.0)];
        builder.table(Table::Votes).push_vote(&vote("proposal", &name, EPOCH + 60, &choice)).unwrap();
    }
    builder.finish().unwrap()
}
