//! A DAO's records as a round of rewards, as activity by period, and as cases of who was rewarded.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal256Type, Int32Type, TimestampSecondType};
use daotwin_history::view::{DaoView, ProposalView};
use daotwin_history::{History, Table};

use serde::Serialize;

use super::super::members::{Activity, Case};
use super::super::{Ballot, Donation, Give, Interaction, Lock, Round, Stake, apportion};
use crate::{Error, Result};

/// An act for another member: a ballot for its proposal, a reply, a gift, work.
#[derive(Debug, Clone, Copy)]
struct Support {
    from: u32,
    to: u32,
    at: i64,
    /// Tokens behind it; 0 where none are.
    tokens: f64,
    /// Of a ballot: whether it went against the proposal.
    against: bool,
    /// Whether the records say that it was a gift of points or money.
    gift: bool,
}

/// What the records of one DAO tell.
#[derive(Debug, Clone)]
pub struct Community {
    /// Its id.
    pub dao: String,
    /// Members of the round: all who acted in it.
    pub names: Vec<String>,
    /// The last part of the records as a round; its budget is 0.
    pub round: Round,
    /// How long that part is, in days.
    pub days: u32,
    /// Acts by period, over all members ever seen.
    pub activity: Activity,
    /// Place in the activity of each member of the round.
    pub places: Vec<usize>,
    /// What a period is.
    pub period: Period,
    /// Who asked for money, and what became of it.
    pub cases: Vec<Case>,
    /// Where each list of the round comes from.
    pub origins: Vec<(&'static str, &'static str)>,
}

/// What a period of the activity is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Period {
    /// How many proposals; none where it is a length of time.
    pub proposals: Option<u32>,
    /// How many days, on average.
    pub days: f64,
}

const DAY: i64 = 86_400;
/// Periods of so many proposals at least: fewer are seen by chance alone.
const FEWEST: usize = 3;
/// Periods that are aimed at.
const PERIODS: usize = 24;
/// A lock's power is split in so many parts.
const PARTS: u128 = 10_000;
/// The longest lock, in weeks.
const LONGEST: u64 = 208;

fn texts(batch: &RecordBatch, name: &str) -> Vec<Option<String>> {
    let Some(column) = batch.column_by_name(name) else { return vec![None; batch.num_rows()] };
    match column.data_type() {
        DataType::Dictionary(..) => column.as_dictionary_opt::<Int32Type>().map_or_else(Vec::new, |array| {
            let values = array.values().as_string_opt::<i32>();
            (0..array.len())
                .map(|row| {
                    let key = array.is_valid(row).then(|| array.keys().value(row) as usize)?;
                    values.map(|values| values.value(key).to_owned())
                })
                .collect()
        }),
        _ => column.as_string_opt::<i32>().map_or_else(Vec::new, |array| {
            (0..array.len()).map(|row| array.is_valid(row).then(|| array.value(row).to_owned())).collect()
        }),
    }
}

fn times(batch: &RecordBatch, name: &str) -> Vec<Option<i64>> {
    let array =
        batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<TimestampSecondType>());
    array.map_or_else(
        || vec![None; batch.num_rows()],
        |array| (0..array.len()).map(|row| array.is_valid(row).then(|| array.value(row))).collect(),
    )
}

/// Which rows have a value in this column of amounts.
fn given(batch: &RecordBatch, name: &str) -> Vec<bool> {
    let array = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Decimal256Type>());
    array.map_or_else(
        || vec![false; batch.num_rows()],
        |array| (0..array.len()).map(|row| array.is_valid(row)).collect(),
    )
}

/// Members by name, numbered as they are met.
#[derive(Default)]
struct Names {
    numbers: BTreeMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }
}

/// Everything that one member did, and what for another.
#[derive(Default)]
struct Acts {
    names: Names,
    /// Member and time.
    acts: Vec<(u32, i64)>,
    supports: Vec<Support>,
    /// Largest power of each member's ballots since a time, by member: (time, base units).
    powers: Vec<(u32, i64, u128)>,
}

impl Acts {
    fn votes(&mut self, view: &DaoView) {
        let authors: Vec<Option<u32>> = view
            .proposals
            .iter()
            .map(|proposal| proposal.author.as_ref().map(|author| self.names.number(author)))
            .collect();
        for (proposal, author) in view.proposals.iter().zip(&authors) {
            if let Some((author, at)) = author.zip(proposal.start_at.or(proposal.created_at)) {
                self.acts.push((author, at));
            }
        }
        for vote in &view.votes {
            let proposal = &view.proposals[vote.proposal as usize];
            // A ballot belongs to the period of its proposal.
            let Some(at) = proposal.start_at.or(vote.at) else { continue };
            let member = self.names.number(&view.members[vote.member as usize]);
            self.acts.push((member, at));
            self.powers.push((member, at, vote.power.unsigned_abs()));
            let label = usize::try_from(vote.choice - 1).ok().and_then(|choice| proposal.labels.get(choice));
            let label = label.map(|label| label.trim().to_lowercase()).unwrap_or_default();
            let against =
                ["no", "against", "nay", "abstain", "invalid question/options"].contains(&label.as_str());
            if let Some(to) = authors[vote.proposal as usize] {
                self.supports.push(Support {
                    from: member,
                    to,
                    at,
                    tokens: view.tokens(vote),
                    against,
                    gift: false,
                });
            }
        }
    }

    fn messages(&mut self, batch: &RecordBatch, rows: &[bool]) {
        let (members, at) = (texts(batch, "member"), times(batch, "at"));
        let (ids, replies) = (texts(batch, "message"), texts(batch, "reply_to"));
        let writers: BTreeMap<&str, &str> = ids
            .iter()
            .zip(&members)
            .filter_map(|(id, member)| Some((id.as_deref()?, member.as_deref()?)))
            .collect();
        for row in (0..batch.num_rows()).filter(|&row| rows[row]) {
            let Some((member, at)) = members[row].as_ref().zip(at[row]) else { continue };
            let member = self.names.number(member);
            self.acts.push((member, at));
            if let Some(to) = replies[row].as_deref().and_then(|id| writers.get(id)) {
                let to = self.names.number(to);
                self.supports.push(Support {
                    from: member,
                    to,
                    at,
                    tokens: 0.0,
                    against: false,
                    gift: false,
                });
            }
        }
    }

    fn contributions(&mut self, batch: &RecordBatch, rows: &[bool], decimals: u8) {
        let (from, to, at) = (texts(batch, "from"), texts(batch, "to"), times(batch, "at"));
        let amounts =
            batch.column_by_name("amount").and_then(|column| column.as_primitive_opt::<Decimal256Type>());
        let unit = 10_f64.powi(i32::from(decimals));
        for row in (0..batch.num_rows()).filter(|&row| rows[row]) {
            let Some((member, at)) = from[row].as_ref().zip(at[row]) else { continue };
            let member = self.names.number(member);
            self.acts.push((member, at));
            if let Some(to) = &to[row] {
                let to = self.names.number(to);
                let amount = amounts.filter(|amounts| amounts.is_valid(row));
                let tokens = amount
                    .map_or(0.0, |amounts| amounts.value(row).to_string().parse().unwrap_or(0.0) / unit);
                self.supports.push(Support {
                    from: member,
                    to,
                    at,
                    tokens: tokens.max(0.0),
                    against: false,
                    gift: true,
                });
            }
        }
    }
}

/// The moments at which periods begin, and what a period is. Members who vote act when they are called: where there are
/// proposals enough, a period is a number of them, as 24 periods or so come to, so that a month without a proposal is not one in
/// which everybody pauses. Else it is 30 days where the records span eight of them, and a week where they do not; of those at
/// most the last 36 are taken.
fn periods(view: &DaoView, first: i64, end: i64) -> (Vec<i64>, Period) {
    let voted = view.proposals.iter().filter(|proposal| !proposal.votes.is_empty());
    let mut calls: Vec<i64> = voted.filter_map(|proposal| proposal.start_at).collect();
    calls.sort_unstable();
    if calls.len() >= 8 * FEWEST {
        let block = calls.len().div_ceil(PERIODS).max(FEWEST);
        let mut begins: Vec<i64> = calls.iter().copied().skip(calls.len() % block).step_by(block).collect();
        // Proposals that begin together begin no period of their own.
        begins.dedup();
        let span = end - begins.first().copied().unwrap_or(first);
        let days = span as f64 / DAY as f64 / begins.len() as f64;
        return (begins, Period { proposals: Some(block as u32), days });
    }
    let days = if (end - first) / (30 * DAY) >= 8 { 30 } else { 7 };
    let count = ((end - first) / (days * DAY)).clamp(1, 36);
    let begins = (0..count).map(|period| end - (count - period) * days * DAY).collect();
    (begins, Period { proposals: None, days: days as f64 })
}

/// Reads one DAO, the only one or the named. The round is what happened in the last `days`.
///
/// # Errors
/// No such DAO, or records without a dated act of a member.
pub fn read(history: &History, dao: Option<&str>, days: u32) -> Result<Community> {
    let view = DaoView::one(history, dao)?;
    let mut acts = Acts::default();
    acts.votes(&view);
    let of_dao = |batch: &RecordBatch| -> Vec<bool> {
        texts(batch, "dao").iter().map(|dao| dao.as_ref().is_none_or(|dao| *dao == view.dao)).collect()
    };
    if let Some(batch) = history.table(Table::Messages) {
        acts.messages(batch, &of_dao(batch));
    }
    if let Some(batch) = history.table(Table::Contributions) {
        acts.contributions(batch, &of_dao(batch), history.decimals());
    }
    let span = acts.acts.iter().map(|act| act.1);
    let Some((first, last)) = span.clone().min().zip(span.max()) else {
        return Err(Error::Parameters {
            problems: vec![format!(
                "`{}`: no dated act of a member in `votes`, `proposals`, `messages` or `contributions`; rewards follow acts",
                view.dao
            )],
        });
    };
    let end = last + 1;
    let (begins, period) = periods(&view, first, end);
    let in_periods = acts.acts.iter().filter_map(|act| {
        let begun = begins.partition_point(|&begin| begin <= act.1);
        Some((act.0, begun.checked_sub(1)? as u32))
    });
    // Activity numbers members in order of their keys; those without an act in time have no place.
    let mut seen: Vec<u32> = in_periods.clone().map(|act| act.0).collect();
    seen.sort_unstable();
    seen.dedup();
    let activity = Activity::of_acts(in_periods, false);
    let since = end - i64::from(days) * DAY;
    let mut there: Vec<u32> = acts.acts.iter().filter(|act| act.1 >= since).map(|act| act.0).collect();
    there.extend(acts.supports.iter().filter(|support| support.at >= since).map(|support| support.to));
    there.sort_unstable();
    there.dedup();
    there.retain(|member| seen.binary_search(member).is_ok());
    let cases = cases(history, &view, &mut acts, &of_dao);
    let (round, gifts) = round(&acts, &there, since, days);
    Ok(Community {
        names: there.iter().map(|&member| acts.names.names[member as usize].clone()).collect(),
        places: there.iter().filter_map(|member| seen.binary_search(member).ok()).collect(),
        round,
        days,
        activity,
        period,
        cases,
        origins: origins(gifts),
        dao: view.dao,
    })
}

fn origins(gifts: bool) -> Vec<(&'static str, &'static str)> {
    let donations = if gifts {
        "amounts of `contributions`"
    } else {
        "power of ballots for a member's proposals, as if it were given"
    };
    vec![
        ("donations", donations),
        (
            "ballots",
            "members with most acts (one in ten) as judges; their word: how often they acted for a member",
        ),
        ("gives", "each member's 100 points over those for whom it acted, in proportion"),
        ("interactions", "ballots for proposals, replies and contributions"),
        ("stakes", "the largest power of a member's ballots, staked throughout"),
        ("locks", "the same power, locked for four years, votes split as the points"),
        ("salaries", "one each for members with most acts (one in ten)"),
    ]
}

/// The round since a time, members numbered as in `there`, and whether the records hold gifts.
fn round(acts: &Acts, there: &[u32], since: i64, days: u32) -> (Round, bool) {
    let place = |member: u32| there.binary_search(&member).ok().map(|place| place as u32);
    let members = there.len();
    let mut counts = vec![0_u32; members];
    for own in acts.acts.iter().filter(|act| act.1 >= since).filter_map(|act| place(act.0)) {
        counts[own as usize] += 1;
    }
    let mut order: Vec<usize> = (0..members).collect();
    order.sort_by_key(|&member| (std::cmp::Reverse(counts[member]), member));
    let mut most = vec![false; members];
    order.iter().take(members.div_ceil(10)).for_each(|&member| most[member] = true);
    let supports: Vec<(u32, u32, &Support)> = acts
        .supports
        .iter()
        .filter(|support| support.at >= since && !support.against && support.from != support.to)
        .filter_map(|support| Some((place(support.from)?, place(support.to)?, support)))
        .collect();
    let gifts = supports.iter().any(|support| support.2.gift && support.2.tokens > 0.0);
    // By giver and receiver: how often, and tokens.
    let mut pairs: BTreeMap<(u32, u32), (u32, f64)> = BTreeMap::new();
    for (from, to, support) in &supports {
        let pair = pairs.entry((*from, *to)).or_default();
        pair.0 += 1;
        if support.gift == gifts {
            pair.1 += support.tokens;
        }
    }
    let mut powers = vec![0_u128; members];
    for (member, at, power) in &acts.powers {
        if let Some(own) = place(*member).filter(|_| *at >= since) {
            powers[own as usize] = powers[own as usize].max(*power);
        }
    }
    // Held to what a round takes.
    let largest = powers.iter().copied().max().unwrap_or_default();
    let shift = (128 - largest.leading_zeros()).saturating_sub(90);
    powers.iter_mut().for_each(|power| *power >>= shift);
    let mut of_giver: BTreeMap<u32, Vec<(u32, u32)>> = BTreeMap::new();
    for (&(from, to), pair) in &pairs {
        of_giver.entry(from).or_default().push((to, pair.0));
    }
    let split = |own: &[(u32, u32)], parts: u128| -> Vec<(u32, u64)> {
        let weights: Vec<u128> = own.iter().map(|pair| u128::from(pair.1)).collect();
        let parts = apportion(parts, &weights);
        own.iter().zip(parts).map(|(pair, part)| (pair.0, part as u64)).filter(|part| part.1 > 0).collect()
    };
    let gives = of_giver.iter().flat_map(|(&from, own)| {
        split(own, 100).into_iter().map(move |(to, points)| Give { from, to, points })
    });
    let holders = || powers.iter().enumerate().filter(|(_, power)| **power > 0);
    let round = Round {
        members,
        budget: 0,
        donations: pairs
            .iter()
            .filter(|(_, pair)| pair.1 > 0.0)
            .map(|(&(from, to), pair)| Donation { from, to, amount: pair.1 })
            .collect(),
        ballots: pairs
            .iter()
            .filter(|((from, _), _)| most[*from as usize])
            .map(|(&(voter, to), pair)| Ballot { voter, to, amount: f64::from(pair.0) })
            .collect(),
        gives: gives.collect(),
        interactions: pairs
            .iter()
            .map(|(&(from, to), pair)| Interaction { from, to, weight: f64::from(pair.0) })
            .collect(),
        groups: Vec::new(),
        seeds: Vec::new(),
        stakes: holders()
            .map(|(member, &amount)| Stake {
                member: member as u32,
                amount,
                seconds: u64::from(days) * DAY as u64,
            })
            .collect(),
        locks: holders()
            .map(|(member, &amount)| Lock {
                member: member as u32,
                amount,
                weeks: LONGEST,
                votes: of_giver.get(&(member as u32)).map(|own| split(own, PARTS)).unwrap_or_default(),
            })
            .collect(),
        salaries: most.iter().map(|&most| u128::from(most)).collect(),
    };
    (round, gifts)
}

/// Who asked for a grant: its author where the proposal is known, else its recipient.
fn cases(
    history: &History,
    view: &DaoView,
    acts: &mut Acts,
    of_dao: &dyn Fn(&RecordBatch) -> Vec<bool>,
) -> Vec<Case> {
    let Some(batch) = history.table(Table::Grants) else { return Vec::new() };
    let rows = of_dao(batch);
    let proposals: BTreeMap<&str, &ProposalView> =
        view.proposals.iter().map(|proposal| (proposal.proposal.as_str(), proposal)).collect();
    let (projects, recipients, at) = (texts(batch, "project"), texts(batch, "recipient"), times(batch, "at"));
    let granted = given(batch, "granted");
    let mut by_member: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
    for &(member, time) in &acts.acts {
        by_member.entry(member).or_default().push(time);
    }
    let last = acts.acts.iter().map(|act| act.1).max().unwrap_or_default();
    const AFTER: i64 = 90 * DAY;
    (0..batch.num_rows())
        .filter(|&row| rows[row])
        .filter_map(|row| {
            let proposal = projects[row].as_deref().and_then(|project| proposals.get(project));
            let author = proposal.and_then(|proposal| proposal.author.as_ref());
            let member = acts.names.number(author.or(recipients[row].as_ref())?);
            let end = proposal.and_then(|proposal| proposal.end_at).or(at[row])?;
            let start = proposal.and_then(|proposal| proposal.start_at).or(at[row])?;
            let own = by_member.get(&member).map(Vec::as_slice).unwrap_or_default();
            let within = |from: i64, until: i64| own.iter().any(|&time| time >= from && time < until);
            (end + AFTER <= last).then(|| Case {
                at: end,
                before: within(start - AFTER, start),
                rewarded: granted[row],
                stayed: within(end, end + AFTER),
            })
        })
        .collect()
}
