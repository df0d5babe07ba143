//! The ballots of one DAO, prepared once so that the facts of the DAO and of every bootstrap of its members
//! are one pass over flat arrays.

use crate::view::{DaoView, VoteView};

/// How the entries of a ballot share its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// All to the first entry: single choice, and the first preference of a ranking.
    First,
    /// All to each entry.
    Approval,
    /// Split by weight.
    Weighted,
    /// Split by weight, then the square of the sum of square roots (Lalley and Weyl 2018).
    Quadratic,
}

impl Counting {
    fn of(voting_system: Option<&str>) -> Self {
        match voting_system {
            Some("weighted") => Self::Weighted,
            Some("quadratic") => Self::Quadratic,
            Some("approval") => Self::Approval,
            _ => Self::First,
        }
    }
}

/// The largest number of choices that a tally keeps apart; ballots for later ones count in the total only.
const MAX_CHOICES: usize = 4096;

/// What one proposal's ballots add up to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tally {
    /// Share of power of the choice with most power; `None` where no power was cast.
    pub power_majority: Option<f64>,
    /// Share of heads of the choice with most heads.
    pub head_majority: f64,
    /// Whether another choice had more heads than the one with most power.
    pub mismatch: bool,
    /// Ballots that name a choice.
    pub ballots: u64,
}

/// One DAO's ballots with everything that does not depend on how often a member counts.
#[derive(Debug)]
pub(super) struct Ballots<'a> {
    pub view: &'a DaoView,
    pub voters: usize,
    /// By vote: power in tokens.
    pub tokens: Vec<f64>,
    /// By vote: whether power equals that of the member's vote before; `None` for the first.
    pub unchanged: Vec<Option<bool>>,
    /// By vote: time in window, NaN where unknown.
    pub time: Vec<f64>,
    /// By vote: equal for equal ballots on one proposal.
    pub code: Vec<u64>,
    /// Votes in ascending order of power.
    pub by_power: Vec<u32>,
    /// Votes with a known time, in ascending order of it.
    pub by_time: Vec<u32>,
    /// By voter: number of votes.
    pub votes: Vec<u32>,
    /// By voter: mean power in tokens.
    pub mean_power: Vec<f64>,
    /// Voters in ascending order of mean power.
    pub by_mean_power: Vec<u32>,
    /// By proposal: how its ballots count.
    counting: Vec<Counting>,
    /// By proposal: the number of choices kept apart.
    choices: Vec<usize>,
}

impl<'a> Ballots<'a> {
    pub(super) fn new(view: &'a DaoView) -> Self {
        let voters = view.voters();
        let tokens: Vec<f64> = view.votes.iter().map(|vote| view.tokens(vote)).collect();
        let mut votes = vec![0_u32; voters];
        let mut mean_power = vec![0.0; voters];
        let mut last: Vec<Option<i128>> = vec![None; voters];
        let mut unchanged = Vec::with_capacity(tokens.len());
        for (vote, &power) in view.votes.iter().zip(&tokens) {
            let member = vote.member as usize;
            unchanged.push(last[member].map(|before| before == vote.power));
            last[member] = Some(vote.power);
            votes[member] += 1;
            mean_power[member] += power;
        }
        for (total, &count) in mean_power.iter_mut().zip(&votes) {
            *total /= f64::from(count.max(1));
        }
        let time: Vec<f64> =
            view.votes.iter().map(|vote| view.time_in_window(vote).unwrap_or(f64::NAN)).collect();
        let mut by_time: Vec<u32> = (0..time.len() as u32).filter(|&v| !time[v as usize].is_nan()).collect();
        by_time.sort_unstable_by(|&a, &b| time[a as usize].total_cmp(&time[b as usize]));
        Self {
            voters,
            unchanged,
            time,
            code: view.votes.iter().map(|vote| code(view, vote)).collect(),
            by_power: order(&tokens),
            by_time,
            votes,
            by_mean_power: order(&mean_power),
            mean_power,
            counting: view.proposals.iter().map(|p| Counting::of(p.voting_system.as_deref())).collect(),
            choices: view
                .proposals
                .iter()
                .map(|proposal| {
                    let named = view.votes[proposal.votes.clone()]
                        .iter()
                        .flat_map(|vote| view.entries(vote))
                        .map(|entry| entry.0.max(0) as usize)
                        .max();
                    named.unwrap_or(0).max(proposal.choices as usize).min(MAX_CHOICES)
                })
                .collect(),
            tokens,
            view,
        }
    }

    /// Counts one proposal, each ballot as often as its member; `scratch` is reused between calls.
    pub(super) fn tally(&self, proposal: usize, weights: &[u32], scratch: &mut Vec<(f64, f64)>) -> Tally {
        scratch.clear();
        scratch.resize(self.choices[proposal], (0.0, 0.0));
        let (mut power, mut heads, mut ballots) = (0.0, 0.0, 0_u64);
        let counting = self.counting[proposal];
        for index in self.view.proposals[proposal].votes.clone() {
            let vote = &self.view.votes[index];
            let weight = weights[vote.member as usize];
            if weight == 0 || vote.choice < 1 {
                continue;
            }
            let (count, tokens) = (f64::from(weight), self.tokens[index]);
            ballots += u64::from(weight);
            power += count * tokens;
            heads += count;
            let entries = self.view.entries(vote);
            let mut add = |choice: i32, head: f64, cast: f64| {
                if let Some(slot) = scratch.get_mut((choice - 1).max(0) as usize) {
                    slot.0 += count * cast;
                    slot.1 += count * head;
                }
            };
            match counting {
                Counting::First => add(vote.choice, 1.0, tokens),
                Counting::Approval => entries.iter().for_each(|&(choice, _)| add(choice, 1.0, tokens)),
                Counting::Weighted | Counting::Quadratic => {
                    let total: f64 = entries.iter().map(|entry| entry.1.max(0.0)).sum();
                    for &(choice, share) in entries {
                        let share = if total > 0.0 { share.max(0.0) / total } else { 0.0 };
                        let cast = share * tokens;
                        add(choice, share, if counting == Counting::Quadratic { cast.sqrt() } else { cast });
                    }
                }
            }
        }
        if counting == Counting::Quadratic {
            power = 0.0;
            for slot in scratch.iter_mut() {
                slot.0 *= slot.0;
                power += slot.0;
            }
        }
        let winner =
            scratch.iter().enumerate().fold(None::<(usize, f64)>, |best, (index, slot)| match best {
                Some((_, most)) if slot.0 <= most => best,
                _ => Some((index, slot.0)),
            });
        let most_heads = scratch.iter().map(|slot| slot.1).fold(0.0, f64::max);
        Tally {
            power_majority: winner.filter(|_| power > 0.0).map(|(_, most)| most / power),
            head_majority: if heads > 0.0 { most_heads / heads } else { 0.0 },
            mismatch: power > 0.0
                && winner.is_some_and(|(index, _)| scratch[index].1 < most_heads * (1.0 - 1e-12)),
            ballots,
        }
    }
}

/// Indices in ascending order of their values.
fn order(values: &[f64]) -> Vec<u32> {
    let mut indices: Vec<u32> = (0..values.len() as u32).collect();
    indices.sort_unstable_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]).then(a.cmp(&b)));
    indices
}

/// A number that is equal for equal ballots.
fn code(view: &DaoView, vote: &VoteView) -> u64 {
    match view.entries(vote) {
        [] => 0,
        [(choice, _)] => *choice as u64,
        entries => {
            // FNV-1a over the entries in order of their choice, so that approvals compare as sets.
            let mut sorted = entries.to_vec();
            if view.proposals[vote.proposal as usize].voting_system.as_deref() != Some("ranked-choice") {
                sorted.sort_unstable_by_key(|entry| entry.0);
            }
            let step = |hash: u64, bits: u64| (hash ^ bits).wrapping_mul(0x0100_0000_01b3);
            sorted.iter().fold(0xcbf2_9ce4_8422_2325, |hash, entry| {
                step(step(hash, entry.0 as u64), entry.1.to_bits())
            })
        }
    }
}
