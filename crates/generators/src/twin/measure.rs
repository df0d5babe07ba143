//! What the twin counts about a DAO: a fixed list of queries, each a sum over members of one bounded
//! contribution.
//!
//! Without privacy a query is the plain count. With privacy each member's contribution to each query is
//! scaled to an L2 norm of at most 1 (which looks at that member alone), so that adding or removing a member
//! with everything it did moves each query by at most 1, however often the member voted.

use std::collections::BTreeMap;

use daotwin_history::schema::Precision;
use daotwin_history::view::{DaoView, VoteView};

use super::bins::{
    COUNT_STARTS, GAP_STARTS, LEVEL_BINS, PREVIOUS_GAPS, PowerGrid, SESSION_CLASSES, SIZE_CLASSES,
    SPREAD_CLASSES, STEADY_BINS, TIME_BINS, bucket, in_session, level_bin, previous_gap, session_class,
    spread_class, steady_bin,
};
use super::holdings;

/// Starts of the coarser buckets of votes that stand beside power.
pub(crate) const JOINT_STARTS: [u32; 10] = [1, 2, 3, 5, 9, 16, 32, 64, 128, 256];
/// Hours of the day.
const HOURS: usize = 24;
/// Sizes of a ballot with several entries, the last open.
pub(crate) const BALLOT_SIZES: usize = 16;
/// Choices told apart by position; later ones count as the last.
pub(crate) const CHOICES: usize = 8;

/// A query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Query {
    /// Members by bucket of their votes.
    Count,
    /// Members by mean power.
    Power,
    /// Members by coarse bucket of votes and mean power.
    Joint,
    /// Pairs of consecutive votes by bucket of votes so far and gap.
    Gap,
    /// Pairs of consecutive votes by class of the gap before and gap.
    Previous,
    /// Returning votes by class of the proposal's turnout and bucket of votes so far.
    Size,
    /// Returning votes by class of the proposal's turnout and gap.
    SizeGap,
    /// Members by the proposal of their first vote.
    First,
    /// Votes by proposal.
    Popularity,
    /// Votes for the first choice less those for others, by proposal.
    Margin,
    /// Votes by proposal, for the first choice and for others, each as much as its power is of
    /// [`Frame::heavy`], 1 at most.
    Heavy,
    /// Votes by newcomer or returning, and time in window, where no session explains the time.
    Time,
    /// Votes on a proposal that was open at the member's previous vote, by the time since then.
    Session,
    /// Members that voted again, by bucket of votes and share of unchanged powers.
    Steady,
    /// Members whose power changed, by how far apart their powers lie.
    Spread,
    /// Ballots of those members by that class and the ratio of their power to the member's mean; the last
    /// cell of a class is no power.
    Level,
    /// Votes by hour of the day.
    Hour,
    /// Ballots with several entries by their number.
    BallotSize,
    /// Votes by position of the chosen choice.
    Choice,
    /// Members by number of proposals written: none, 1, 2, 3 to 5, 6 to 11, more.
    Authored,
    /// Members that hold something, by coarse bucket of votes; those without a vote first.
    Holders,
    /// The same by their balance.
    Balance,
    /// Those of them with power, by the ratio of their balance to their mean power.
    BalanceToPower,
}

impl Query {
    /// Every query, in the order in which the budget is spent.
    pub(crate) const ALL: [Self; 23] = [
        Self::Count,
        Self::Power,
        Self::Joint,
        Self::Gap,
        Self::Previous,
        Self::First,
        Self::Popularity,
        Self::Margin,
        // Needs the powers.
        Self::Heavy,
        // Needs the turnouts, noisy or not, so it comes after them.
        Self::Size,
        Self::SizeGap,
        Self::Time,
        Self::Session,
        Self::Steady,
        Self::Spread,
        Self::Level,
        Self::Hour,
        Self::BallotSize,
        Self::Choice,
        Self::Authored,
        Self::Holders,
        Self::Balance,
        Self::BalanceToPower,
    ];

    /// The name in manifests and reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Count => "members_by_votes",
            Self::Power => "members_by_power",
            Self::Joint => "members_by_votes_and_power",
            Self::Gap => "gaps_by_votes_so_far",
            Self::Previous => "gaps_by_gap_before",
            Self::Size => "votes_by_turnout_and_votes_so_far",
            Self::SizeGap => "votes_by_turnout_and_gap",
            Self::First => "first_votes_by_proposal",
            Self::Popularity => "votes_by_proposal",
            Self::Margin => "margins_by_proposal",
            Self::Heavy => "powerful_votes_by_proposal_and_side",
            Self::Time => "votes_by_time_in_window",
            Self::Session => "votes_by_time_since_previous",
            Self::Steady => "members_by_unchanged_power",
            Self::Spread => "members_by_spread_of_power",
            Self::Level => "ballots_by_power_to_mean",
            Self::Hour => "votes_by_hour",
            Self::BallotSize => "ballots_by_size",
            Self::Choice => "votes_by_choice",
            Self::Authored => "members_by_proposals_written",
            Self::Holders => "holders_by_votes",
            Self::Balance => "holders_by_balance",
            Self::BalanceToPower => "holders_by_balance_to_power",
        }
    }

    /// Its share of the privacy budget.
    #[expect(clippy::match_same_arms, reason = "a table with a line for each query")]
    pub(crate) const fn budget_share(self) -> f64 {
        match self {
            Self::Count => 0.10,
            Self::Power => 0.14,
            Self::Joint => 0.12,
            Self::Gap => 0.06,
            Self::Previous => 0.04,
            Self::Size => 0.03,
            Self::SizeGap => 0.03,
            Self::First => 0.05,
            Self::Popularity => 0.08,
            Self::Margin => 0.06,
            Self::Heavy => 0.06,
            Self::Time => 0.03,
            Self::Session => 0.02,
            Self::Steady => 0.05,
            Self::Spread => 0.01,
            Self::Level => 0.02,
            Self::Hour => 0.01,
            Self::BallotSize => 0.01,
            Self::Choice => 0.02,
            Self::Authored => 0.01,
            Self::Holders => 0.02,
            Self::Balance => 0.02,
            Self::BalanceToPower => 0.01,
        }
    }

    /// How many cells it has.
    pub(crate) fn cells(self, grid: PowerGrid, proposals: usize) -> usize {
        match self {
            Self::Count => COUNT_STARTS.len(),
            Self::Power | Self::Balance => grid.len(),
            Self::Holders => holdings::CELLS,
            Self::BalanceToPower => holdings::RATIO_CELLS,
            Self::Joint => JOINT_STARTS.len() * grid.len(),
            Self::Gap => COUNT_STARTS.len() * GAP_STARTS.len(),
            Self::Previous => PREVIOUS_GAPS * GAP_STARTS.len(),
            Self::Size => SIZE_CLASSES * COUNT_STARTS.len(),
            Self::First | Self::Popularity | Self::Margin => proposals,
            Self::Heavy => 2 * proposals,
            Self::Time => 2 * TIME_BINS,
            Self::Session => SESSION_CLASSES,
            Self::SizeGap => SIZE_CLASSES * GAP_STARTS.len(),
            Self::Steady => COUNT_STARTS.len() * STEADY_BINS,
            Self::Spread => SPREAD_CLASSES,
            Self::Level => SPREAD_CLASSES * (LEVEL_BINS + 1),
            Self::Hour => HOURS,
            Self::BallotSize => BALLOT_SIZES,
            Self::Choice => CHOICES,
            Self::Authored => 6,
        }
    }
}

/// One ballot of one member, as the queries see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ballot {
    pub(crate) proposal: u32,
    pub(crate) at: Option<i64>,
    /// Tokens.
    pub(crate) power: f64,
    /// Exact, for equality.
    pub(crate) base_units: i128,
    pub(crate) time_in_window: Option<f64>,
    /// The proposal's start.
    pub(crate) start: Option<i64>,
    pub(crate) choice: i32,
    pub(crate) entries: u32,
    pub(crate) several: bool,
}

/// Everything one member did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    pub(crate) ballots: Vec<Ballot>,
    pub(crate) authored: u32,
    /// The last balance in tokens, the largest over assets; absent where it never held any.
    pub(crate) balance: Option<f64>,
}

impl Record {
    /// The mean power over the ballots; `None` without a ballot.
    pub(crate) fn mean_power(&self) -> Option<f64> {
        let count = self.ballots.len();
        (count > 0).then(|| self.ballots.iter().map(|ballot| ballot.power).sum::<f64>() / count as f64)
    }

    /// The class of how far apart the powers lie; `None` where they never changed.
    fn spread(&self) -> Option<usize> {
        let changed = self.ballots.windows(2).any(|pair| pair[0].base_units != pair[1].base_units);
        let positive = self.ballots.iter().map(|ballot| ballot.power).filter(|power| *power > 0.0);
        let (low, high) =
            positive.fold((f64::INFINITY, 0.0_f64), |(low, high), power| (low.min(power), high.max(power)));
        (changed && high > 0.0).then(|| spread_class((high / low).log10()))
    }
}

/// The position in the window. A time known to the day stands for that day's noon, in the window of whole days
/// ([`whole_days`]), so that a drawn time falls on the same day.
pub(crate) fn position(view: &DaoView, vote: &VoteView) -> Option<f64> {
    if vote.precision != Precision::Day {
        return view.time_in_window(vote);
    }
    let proposal = &view.proposals[vote.proposal as usize];
    let (start, end) = whole_days(proposal.start_at?, proposal.end_at?);
    Some(((vote.at? + 43_200 - start) as f64 / (end - start) as f64).clamp(0.0, 1.0))
}

/// The window from the beginning of its first day to the end of its last.
pub(crate) fn whole_days(start: i64, end: i64) -> (i64, i64) {
    (start - start.rem_euclid(86_400), end - end.rem_euclid(86_400) + 86_400)
}

/// The members' records of a DAO: voters first, in the view's order, then authors that never voted, then those
/// of `balances` that did neither. `balances` are last balances by member, see [`holdings::last_balances`].
pub(crate) fn records(view: &DaoView, balances: &BTreeMap<&str, f64>) -> Vec<Record> {
    let mut records = vec![Record::default(); view.voters()];
    for vote in &view.votes {
        let proposal = &view.proposals[vote.proposal as usize];
        let several =
            super::outcome::Form::of(proposal.voting_system.as_deref()) != super::outcome::Form::Single;
        records[vote.member as usize].ballots.push(Ballot {
            proposal: vote.proposal,
            at: vote.at,
            power: view.tokens(vote),
            base_units: vote.power,
            time_in_window: position(view, vote),
            start: proposal.start_at,
            choice: vote.choice,
            entries: vote.entries_len,
            several,
        });
    }
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, member) in view.members.iter().take(records.len()).enumerate() {
        numbers.insert(member, number);
    }
    let mut number_of = |member| {
        let next = numbers.len();
        *numbers.entry(member).or_insert(next)
    };
    let authors: Vec<usize> =
        view.proposals.iter().filter_map(|proposal| proposal.author.as_deref()).map(&mut number_of).collect();
    let holders: Vec<(usize, f64)> =
        balances.iter().map(|(member, balance)| (number_of(member), *balance)).collect();
    records.resize(numbers.len(), Record::default());
    authors.into_iter().for_each(|author| records[author].authored += 1);
    holders.into_iter().for_each(|(holder, balance)| records[holder].balance = Some(balance));
    records
}

/// What is told apart about proposals and powers while members are counted.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) grid: PowerGrid,
    /// How many proposals there are.
    pub(crate) proposals: usize,
    /// The class of each proposal's turnout; all alike until turnouts are known.
    pub(crate) sizes: Vec<u8>,
    /// The power in tokens from which on a ballot counts in full for [`Query::Heavy`]; at 0 all do.
    pub(crate) heavy: f64,
}

impl Frame {
    pub(crate) fn new(grid: PowerGrid, proposals: usize) -> Self {
        Self { grid, proposals, sizes: vec![0; proposals], heavy: 0.0 }
    }
}

/// The cells of [`Query::Size`] and [`Query::SizeGap`] that a member's proposals touch.
pub(crate) fn size_cells(proposals: &[u32], sizes: &[u8], mut each: impl FnMut(usize, usize)) {
    for (index, &proposal) in proposals.iter().enumerate().skip(1) {
        let size = usize::from(sizes.get(proposal as usize).copied().unwrap_or(0));
        let gap = proposal - proposals[index - 1];
        each(
            size * COUNT_STARTS.len() + bucket(&COUNT_STARTS, index as u32),
            size * GAP_STARTS.len() + bucket(&GAP_STARTS, gap),
        );
    }
}

/// The cells of [`Query::Gap`] and [`Query::Previous`] that a member's proposals touch.
pub(crate) fn gap_cells(proposals: &[u32], mut each: impl FnMut(usize, usize)) {
    let mut before = 0;
    for (index, pair) in proposals.windows(2).enumerate() {
        let gap = pair[1] - pair[0];
        let gap_bucket = bucket(&GAP_STARTS, gap);
        let votes = bucket(&COUNT_STARTS, index as u32 + 1);
        each(
            votes * GAP_STARTS.len() + gap_bucket,
            usize::from(previous_gap(before)) * GAP_STARTS.len() + gap_bucket,
        );
        before = gap;
    }
}

/// A member's contribution to one query, as (cell, weight) with each cell once at most.
pub(crate) fn contribution(query: Query, record: &Record, frame: &Frame) -> Vec<(usize, f64)> {
    let grid = frame.grid;
    let ballots = &record.ballots;
    let mut cells: BTreeMap<usize, f64> = BTreeMap::new();
    let votes = ballots.len() as u32;
    let needs_a_vote = !matches!(query, Query::Authored | Query::Holders | Query::Balance);
    if votes == 0 && needs_a_vote {
        return Vec::new();
    }
    let mut weigh = |cell: usize, weight: f64| *cells.entry(cell).or_default() += weight;
    let mut add = |cell: usize| weigh(cell, 1.0);
    let mean = || record.mean_power().unwrap_or(0.0);
    match query {
        Query::Count => add(bucket(&COUNT_STARTS, votes)),
        Query::Power => add(grid.bin(mean())),
        Query::Joint => add(bucket(&JOINT_STARTS, votes) * grid.len() + grid.bin(mean())),
        Query::Gap | Query::Previous => {
            let proposals: Vec<u32> = ballots.iter().map(|ballot| ballot.proposal).collect();
            gap_cells(&proposals, |gap, previous| add(if query == Query::Gap { gap } else { previous }));
        }
        Query::Size | Query::SizeGap => {
            let proposals: Vec<u32> = ballots.iter().map(|ballot| ballot.proposal).collect();
            size_cells(&proposals, &frame.sizes, |size, gap| {
                add(if query == Query::Size { size } else { gap });
            });
        }
        Query::First => add(ballots[0].proposal as usize),
        Query::Popularity => ballots.iter().for_each(|ballot| add(ballot.proposal as usize)),
        Query::Margin => {
            for ballot in ballots {
                weigh(ballot.proposal as usize, if ballot.choice > 1 { -1.0 } else { 1.0 });
            }
        }
        Query::Heavy => {
            for ballot in ballots {
                let cell = 2 * ballot.proposal as usize + usize::from(ballot.choice > 1);
                weigh(cell, heaviness(ballot.power, frame.heavy));
            }
        }
        Query::Time => {
            for (index, ballot) in ballots.iter().enumerate() {
                if index > 0 && session(&ballots[index - 1], ballot).is_some_and(in_session) {
                    continue;
                }
                if let Some(position) = ballot.time_in_window {
                    let bin = ((position * TIME_BINS as f64) as usize).min(TIME_BINS - 1);
                    add(usize::from(index > 0) * TIME_BINS + bin);
                }
            }
        }
        Query::Session => {
            for pair in ballots.windows(2) {
                if let Some(class) = session(&pair[0], &pair[1]) {
                    add(class);
                }
            }
        }
        Query::Steady => {
            if votes > 1 {
                let same = |pair: &[Ballot]| pair[0].base_units == pair[1].base_units;
                let unchanged = ballots.windows(2).filter(|pair| same(pair)).count() as u32;
                add(bucket(&COUNT_STARTS, votes) * STEADY_BINS + steady_bin(unchanged, votes - 1));
            }
        }
        Query::Spread | Query::Level => {
            let Some(class) = record.spread() else { return Vec::new() };
            if query == Query::Spread {
                add(class);
            } else {
                let mean = mean();
                for ballot in ballots {
                    let bin = match ballot.power {
                        power if power <= 0.0 => LEVEL_BINS,
                        power => level_bin((power / mean).log10()),
                    };
                    add(class * (LEVEL_BINS + 1) + bin);
                }
            }
        }
        Query::Hour => {
            let hours = ballots.iter().filter_map(|ballot| ballot.at);
            hours.for_each(|at| add((at.rem_euclid(86_400) / 3_600) as usize));
        }
        Query::BallotSize => {
            for ballot in ballots.iter().filter(|ballot| ballot.several) {
                add((ballot.entries.max(1) as usize - 1).min(BALLOT_SIZES - 1));
            }
        }
        Query::Choice => {
            for ballot in ballots {
                add((ballot.choice.max(1) as usize - 1).min(CHOICES - 1));
            }
        }
        Query::Authored => add(match record.authored {
            0 => return Vec::new(),
            1 => 1,
            2 => 2,
            3..=5 => 3,
            6..=11 => 4,
            _ => 5,
        }),
        Query::Holders | Query::Balance | Query::BalanceToPower => {
            let Some(balance) = record.balance else { return Vec::new() };
            match (query, mean()) {
                (Query::Holders, _) => add(holdings::cell(votes)),
                (Query::Balance, _) => add(grid.bin(balance)),
                (_, power) if power > 0.0 => add(holdings::ratio_cell(balance / power)),
                _ => {}
            }
        }
    }
    cells.into_iter().collect()
}

/// How much a ballot of this power counts for [`Query::Heavy`].
fn heaviness(power: f64, heavy: f64) -> f64 {
    if heavy > 0.0 { (power / heavy).clamp(0.0, 1.0) } else { 1.0 }
}

/// The class of the time since the previous vote, where the proposal was open then.
fn session(previous: &Ballot, ballot: &Ballot) -> Option<usize> {
    let (before, at, start) = (previous.at?, ballot.at?, ballot.start?);
    (before >= start).then(|| session_class(at - before))
}

/// The sums of one query over the members, without noise and without scaling.
pub(crate) fn exact(query: Query, records: &[Record], frame: &Frame) -> Vec<f64> {
    let mut values = vec![0.0; query.cells(frame.grid, frame.proposals)];
    for record in records {
        for (cell, weight) in contribution(query, record, frame) {
            values[cell] += weight;
        }
    }
    values
}

/// The sums of one query over the members, without noise, each member's contribution scaled to an L2 norm of
/// at most 1 as in a private fit.
pub(crate) fn bounded(query: Query, records: &[Record], frame: &Frame) -> Vec<f64> {
    let mut values = vec![0.0; query.cells(frame.grid, frame.proposals)];
    for record in records {
        let cells = contribution(query, record, frame);
        let norm = cells.iter().map(|(_, weight)| weight * weight).sum::<f64>().sqrt().max(1.0);
        for (cell, weight) in cells {
            values[cell] += weight / norm;
        }
    }
    values
}
