//! The vote rows of a DAO joined with what is known of their member and proposal, as numbers.
//!
//! A proposal's total power is not among them: a few holders make nearly all of it on every proposal, so that
//! it moves with the luck of drawing them, and trees tell a DAO from its own bootstrap by it (areas of 0.6 to
//! 0.9 where all other columns together give 0.5 to 0.6). Power stands against the proposal's median instead.

use daotwin_core::statistics::quantile;
use daotwin_history::view::DaoView;

/// The columns of [`Rows`], in order. Shares lie within 0 and 1; logarithms are natural; a value that does
/// not exist yet (the gap before a first vote) is NaN.
pub const COLUMNS: [&str; 26] = [
    "power",
    "power_step",
    "power_to_mean",
    "unchanged",
    "time_in_window",
    "hour",
    "leads",
    "agrees_so_far",
    "leader_so_far",
    "choice",
    "votes_so_far",
    "gap_proposals",
    "gap_seconds",
    "recent_share",
    "rate_since_joining",
    "agreement_so_far",
    "rank_share",
    "proposal_size",
    "power_to_proposal",
    "majority_share",
    "first_time_share",
    "choices",
    "duration",
    "proposal_gap",
    "member_votes",
    "member_power",
];

/// The number of a column.
///
/// # Panics
/// Where there is no such column: a defect of the caller.
pub(crate) fn column(name: &str) -> usize {
    #[expect(clippy::expect_used, reason = "names are literals of this crate, and a test asks for each")]
    COLUMNS.iter().position(|&column| column == name).expect("a column of `COLUMNS`")
}

/// Vote rows as columns of numbers.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// One list a column, in the order of [`COLUMNS`].
    pub columns: Vec<Vec<f64>>,
    /// By row: the member.
    pub member: Vec<u32>,
    /// By row: the proposal.
    pub proposal: Vec<u32>,
    /// By member: a number that a copy of the member, under whatever name, has too.
    pub member_keys: Vec<u64>,
    /// By proposal: a number that the same proposal in another DAO has too.
    pub proposal_keys: Vec<u64>,
}

/// What is known of a member at a point of the history.
#[derive(Debug, Clone, Default)]
pub(crate) struct Past {
    pub votes: u32,
    pub power_total: f64,
    pub last_power: f64,
    pub last_rank: u32,
    pub last_at: Option<i64>,
    pub first_rank: u32,
    /// Bit k: voted k proposals before `last_rank`.
    recent: u64,
    pub with_leader: u32,
}

impl Past {
    /// Share of the last ten proposals before `rank` with a vote of the member.
    pub(crate) fn recent_share(&self, rank: u32) -> f64 {
        if self.votes == 0 {
            return 0.0;
        }
        let gap = rank - self.last_rank;
        let seen = if gap >= 11 { 0 } else { ((self.recent << (gap - 1).min(63)) & 0x3ff).count_ones() };
        f64::from(seen) / f64::from(rank.clamp(1, 10))
    }

    /// Notes a vote.
    pub(crate) fn vote(&mut self, rank: u32, power: f64, at: Option<i64>, with_leader: bool) {
        if self.votes == 0 {
            self.first_rank = rank;
            self.recent = 1;
        } else {
            let gap = (rank - self.last_rank).min(63);
            self.recent = (self.recent << gap) | 1;
        }
        self.votes += 1;
        self.power_total += power;
        self.last_power = power;
        self.last_rank = rank;
        self.last_at = at;
        self.with_leader += u32::from(with_leader);
    }

    /// Share of past ballots that went to the proposal's leading choice; NaN before the first.
    pub(crate) fn agreement(&self) -> f64 {
        if self.votes == 0 { f64::NAN } else { f64::from(self.with_leader) / f64::from(self.votes) }
    }
}

/// One number from two: the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(state: u64, value: u64) -> u64 {
    let mut z = (state.rotate_left(17) ^ value).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The natural logarithm of an amount of tokens; those below 1e-9, zero included, stand at one place below.
pub(crate) fn log_power(tokens: f64) -> f64 {
    if tokens < 1e-9 { -23.0 } else { tokens.ln() }
}

/// The first choice with most power, and its share of power; `None` without ballots. Equal power falls to
/// the smaller choice.
pub(crate) fn leader(view: &DaoView, proposal: usize) -> Option<(i32, f64)> {
    let mut power: std::collections::BTreeMap<i32, f64> = std::collections::BTreeMap::new();
    let mut total = 0.0;
    for vote in &view.votes[view.proposals[proposal].votes.clone()] {
        // Weight for every head too, so that a proposal of voters without power has a leader.
        let weight = view.tokens(vote) + 1e-12;
        *power.entry(vote.choice).or_default() += weight;
        total += weight;
    }
    let mut best: Option<(i32, f64)> = None;
    for (&choice, &weight) in &power {
        if best.is_none_or(|(_, most)| weight > most) {
            best = Some((choice, weight));
        }
    }
    best.map(|(choice, weight)| (choice, weight / total))
}

impl Rows {
    /// The rows of a DAO, in its order of votes. Cost: one pass.
    pub fn of(view: &DaoView) -> Self {
        let mut rows = Self {
            columns: vec![Vec::with_capacity(view.votes.len()); COLUMNS.len()],
            member: Vec::with_capacity(view.votes.len()),
            proposal: Vec::with_capacity(view.votes.len()),
            member_keys: vec![0; view.members.len()],
            proposal_keys: Vec::with_capacity(view.proposals.len()),
        };
        for proposal in &view.proposals {
            let key =
                mix(mix(0, proposal.start_at.unwrap_or(-1) as u64), proposal.end_at.unwrap_or(-1) as u64);
            rows.proposal_keys.push(mix(key, u64::from(proposal.choices)));
        }
        // A member is known by its first ballot.
        for vote in view.votes.iter().rev() {
            let key = mix(mix(vote.power as u64, vote.at.unwrap_or(-1) as u64), vote.choice as u64);
            rows.member_keys[vote.member as usize] = mix(key, rows.proposal_keys[vote.proposal as usize]);
        }
        let mut totals = vec![(0_u32, 0.0); view.members.len()];
        for vote in &view.votes {
            let total = &mut totals[vote.member as usize];
            total.0 += 1;
            total.1 += view.tokens(vote);
        }
        let mut pasts = vec![Past::default(); view.members.len()];
        let mut before: Option<i64> = None;
        let mut rank = 0_u32;
        for (index, proposal) in view.proposals.iter().enumerate() {
            let Some((leading, majority)) = leader(view, index) else { continue };
            let votes = &view.votes[proposal.votes.clone()];
            let size = votes.len() as f64;
            let typical =
                quantile(&votes.iter().map(|vote| log_power(view.tokens(vote))).collect::<Vec<_>>(), 0.5);
            let new = votes.iter().filter(|vote| pasts[vote.member as usize].votes == 0).count() as f64;
            let log_seconds =
                |seconds: Option<i64>| seconds.map_or(f64::NAN, |seconds| (seconds.max(0) as f64 + 1.0).ln());
            let gap = log_seconds(proposal.start_at.zip(before).map(|(start, before)| start - before));
            let duration =
                log_seconds(proposal.end_at.zip(proposal.start_at).map(|(end, start)| end - start));
            let mut heads: std::collections::BTreeMap<i32, f64> = std::collections::BTreeMap::new();
            for (order, vote) in votes.iter().enumerate() {
                let past = &pasts[vote.member as usize];
                let tokens = view.tokens(vote);
                let seen = order as f64;
                let most = heads.values().copied().fold(0.0, f64::max);
                let first = past.votes == 0;
                let after_first = |value: f64| if first { f64::NAN } else { value };
                let total = totals[vote.member as usize];
                let mean = past.power_total / f64::from(past.votes.max(1));
                let values = [
                    log_power(tokens),
                    after_first(log_power(tokens) - log_power(past.last_power)),
                    after_first(log_power(tokens) - log_power(mean)),
                    after_first(f64::from(u8::from(tokens == past.last_power))),
                    view.time_in_window(vote).unwrap_or(f64::NAN),
                    vote.at.map_or(f64::NAN, |at| (at.rem_euclid(86_400) / 3600) as f64),
                    f64::from(u8::from(vote.choice == leading)),
                    if order == 0 {
                        f64::NAN
                    } else {
                        heads.get(&vote.choice).copied().unwrap_or(0.0) / seen
                    },
                    if order == 0 { f64::NAN } else { most / seen },
                    f64::from(vote.choice),
                    f64::from(past.votes),
                    after_first(f64::from(rank - past.last_rank)),
                    after_first(log_seconds(vote.at.zip(past.last_at).map(|(now, then)| now - then))),
                    past.recent_share(rank),
                    after_first(f64::from(past.votes) / f64::from(rank - past.first_rank).max(1.0)),
                    past.agreement(),
                    (seen + 0.5) / size,
                    size.ln(),
                    log_power(tokens) - typical,
                    majority,
                    new / size,
                    f64::from(proposal.choices),
                    duration,
                    gap,
                    f64::from(total.0).ln(),
                    log_power(total.1 / f64::from(total.0.max(1))),
                ];
                for (column, value) in rows.columns.iter_mut().zip(values) {
                    column.push(value);
                }
                rows.member.push(vote.member);
                rows.proposal.push(vote.proposal);
                *heads.entry(vote.choice).or_default() += 1.0;
            }
            for vote in votes {
                let past = &mut pasts[vote.member as usize];
                // A History built by force may hold two ballots of one member here; the first one counts.
                if past.votes == 0 || past.last_rank < rank {
                    past.vote(rank, view.tokens(vote), vote.at, vote.choice == leading);
                }
            }
            before = proposal.start_at.or(before);
            rank += 1;
        }
        rows
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.member.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.member.is_empty()
    }

    /// The values of a row, in the order of [`COLUMNS`].
    pub fn row(&self, row: usize) -> impl Iterator<Item = f64> {
        self.columns.iter().map(move |column| column[row])
    }
}
