//! The facts themselves.

use daotwin_core::statistics::{gini, mean, nakamoto, quantile_sorted};
use serde::Serialize;

use super::ballots::Ballots;
use crate::view::DaoView;

/// A proposal counts for persistence from this many voters.
const PERSISTENCE_VOTERS: u64 = 5;
/// A proposal counts for its outcome from this many ballots.
const OUTCOME_BALLOTS: u64 = 3;
/// Pair agreement looks at this many of the most active voters.
const AGREEMENT_VOTERS: usize = 150;
/// A pair counts from this many common proposals.
const AGREEMENT_PROPOSALS: u32 = 3;
/// Below this majority share a proposal is contested.
const CONTESTED_SHARE: f64 = 0.60;

/// What is true of one DAO.
///
/// Every list is in ascending order. Only voters (members with a counting ballot) and proposals with a
/// ballot are looked at: sources made from logs know no others, so that counting them would compare sources
/// and not DAOs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Facts {
    /// Ballots of each voter.
    pub votes_per_member: Vec<f64>,
    /// Ballots of each proposal that has one.
    pub votes_per_proposal: Vec<f64>,
    /// Power of each ballot, in tokens.
    pub power: Vec<f64>,
    /// Mean power of each voter, in tokens.
    pub mean_power: Vec<f64>,
    /// Gini coefficient of `mean_power`.
    pub gini: f64,
    /// The fewest voters that hold more than half of `mean_power`.
    pub nakamoto: usize,
    /// Share of repeat ballots whose power is exactly that of the voter's ballot before, in order of
    /// proposals; 0 where nobody votes twice.
    pub unchanged_share: f64,
    /// Mean, over proposals with at least five voters, of the share of their voters who vote on the next
    /// such proposal; 0 where there are not two. (In a DAO where most proposals draw one or two voters, the
    /// very next one would say little of whether people come back.)
    pub persistence: f64,
    /// The shares behind `persistence`.
    pub returning_share: Vec<f64>,
    /// Share of voters with one ballot.
    pub one_vote_share: f64,
    /// Mean, over pairs of the 150 most active voters with at least three common proposals, of the share of
    /// common proposals where their ballots are equal; NaN where there is no such pair.
    pub pair_agreement: f64,
    /// Share of power of the winning choice, of each proposal with at least three ballots and some power.
    pub majority_share: Vec<f64>,
    /// Share of heads of the choice with most heads, of the same proposals.
    pub head_count_majority: Vec<f64>,
    /// Proposals whose majority share is below 0.60.
    pub contested: usize,
    /// Proposals where another choice has more heads than the one with most power.
    pub mismatch: usize,
    /// Time in window of each ballot whose time is known: 0 the start, 1 the end.
    pub time_in_window: Vec<f64>,
    /// Share of first-time voters of each proposal that has a ballot.
    pub first_time_share: Vec<f64>,
    /// Share of voters whose power is always zero.
    pub zero_power_share: f64,
    /// Share of proposals among those of `majority_share` where it is above 0.99.
    pub near_unanimous_share: f64,
}

impl Facts {
    /// The facts of a DAO.
    ///
    /// Multi-choice ballots count as Snapshot counts them: approval gives its whole power to each choice,
    /// weighted and quadratic split it, a ranking gives it to the first preference (no transfer rounds: the
    /// fact is about the split of the first count).
    ///
    /// Cost: a few sorts of the ballots, and a pass over pairs of the 150 most active voters a proposal.
    pub fn of(view: &DaoView) -> Self {
        let ballots = Ballots::new(view);
        Self::weighted(&ballots, &vec![1; ballots.voters]).sorted()
    }

    /// The facts of the DAO in which voter i is present `weights[i]` times, each time as another person.
    /// Lists by proposal are in order of proposals; the caller sorts them where order does not matter.
    pub(super) fn weighted(ballots: &Ballots<'_>, weights: &[u32]) -> Self {
        let view = ballots.view;
        let mut facts = Self::default();
        let weight_of = |vote: u32| weights[view.votes[vote as usize].member as usize];

        facts.power = repeat(&ballots.by_power, |vote| (ballots.tokens[vote as usize], weight_of(vote)));
        facts.time_in_window =
            repeat(&ballots.by_time, |vote| (ballots.time[vote as usize], weight_of(vote)));
        facts.mean_power = repeat(&ballots.by_mean_power, |member| {
            (ballots.mean_power[member as usize], weights[member as usize])
        });
        facts.gini = gini(&facts.mean_power);
        facts.nakamoto = nakamoto(&facts.mean_power);
        let voters: u64 = weights.iter().map(|&w| u64::from(w)).sum();
        facts.votes_per_member = by_count(&ballots.votes, weights);
        let once = facts.votes_per_member.partition_point(|&count| count < 1.5);
        facts.one_vote_share = once as f64 / voters.max(1) as f64;
        let zero = facts.mean_power.partition_point(|&power| power <= 0.0);
        facts.zero_power_share = zero as f64 / voters.max(1) as f64;

        let (mut repeats, mut unchanged) = (0_u64, 0_u64);
        let mut scratch = Vec::new();
        let mut near_unanimous = 0_usize;
        // For each voter, the rank of the last proposal with enough voters that the voter voted on.
        let mut last_seen = vec![u32::MAX; ballots.voters];
        let (mut rank, mut voters_before) = (0_u32, 0_u64);
        for (index, proposal) in view.proposals.iter().enumerate() {
            let (mut voters, mut new) = (0_u64, 0_u64);
            for vote in proposal.votes.clone() {
                let weight = u64::from(weights[view.votes[vote].member as usize]);
                voters += weight;
                match ballots.unchanged[vote] {
                    None => new += weight,
                    Some(same) => {
                        repeats += weight;
                        unchanged += if same { weight } else { 0 };
                    }
                }
            }
            if voters == 0 {
                continue;
            }
            facts.votes_per_proposal.push(voters as f64);
            facts.first_time_share.push(new as f64 / voters as f64);
            if voters >= PERSISTENCE_VOTERS {
                rank += 1;
                let mut returning = 0_u64;
                for vote in &view.votes[proposal.votes.clone()] {
                    let seen = &mut last_seen[vote.member as usize];
                    if *seen == rank - 1 {
                        returning += u64::from(weights[vote.member as usize]);
                    }
                    *seen = rank;
                }
                if rank > 1 {
                    facts.returning_share.push(returning as f64 / voters_before as f64);
                }
                voters_before = voters;
            }
            if voters >= OUTCOME_BALLOTS {
                let tally = ballots.tally(index, weights, &mut scratch);
                if let (Some(share), true) = (tally.power_majority, tally.ballots >= OUTCOME_BALLOTS) {
                    facts.majority_share.push(share);
                    facts.head_count_majority.push(tally.head_majority);
                    facts.contested += usize::from(share < CONTESTED_SHARE);
                    facts.mismatch += usize::from(tally.mismatch);
                    near_unanimous += usize::from(share > 0.99);
                }
            }
        }
        facts.unchanged_share = unchanged as f64 / repeats.max(1) as f64;
        facts.persistence = mean(&facts.returning_share);
        facts.near_unanimous_share = near_unanimous as f64 / facts.majority_share.len().max(1) as f64;
        facts.pair_agreement = pair_agreement(ballots, weights);
        facts
    }

    /// Puts the lists by proposal in ascending order too.
    fn sorted(mut self) -> Self {
        for list in [
            &mut self.votes_per_proposal,
            &mut self.returning_share,
            &mut self.majority_share,
            &mut self.head_count_majority,
            &mut self.first_time_share,
        ] {
            list.sort_unstable_by(f64::total_cmp);
        }
        self
    }

    /// The median of an ascending list; NaN where it is empty.
    pub fn median(ascending: &[f64]) -> f64 {
        quantile_sorted(ascending, 0.5)
    }
}

/// Values in the given order, each as often as its weight says.
fn repeat(order: &[u32], value: impl Fn(u32) -> (f64, u32)) -> Vec<f64> {
    let mut list = Vec::with_capacity(order.len());
    for &index in order {
        let (value, weight) = value(index);
        list.extend(std::iter::repeat_n(value, weight as usize));
    }
    list
}

/// Counts in ascending order, each as often as its weight says.
fn by_count(counts: &[u32], weights: &[u32]) -> Vec<f64> {
    let most = counts.iter().copied().max().unwrap_or(0) as usize;
    let mut people = vec![0_usize; most + 1];
    for (&count, &weight) in counts.iter().zip(weights) {
        people[count as usize] += weight as usize;
    }
    let mut list = Vec::with_capacity(counts.len());
    for (count, &number) in people.iter().enumerate() {
        list.extend(std::iter::repeat_n(count as f64, number));
    }
    list
}

/// Mean agreement of pairs among the most active voters; see [`Facts::pair_agreement`].
///
/// Copies of one voter agree by construction, which says nothing of the DAO: such pairs are left out, so
/// that the spread over bootstraps is not widened by them.
fn pair_agreement(ballots: &Ballots<'_>, weights: &[u32]) -> f64 {
    let mut order: Vec<u32> = (0..ballots.voters as u32).filter(|&m| weights[m as usize] > 0).collect();
    // More votes first; ties in order of the first vote, which is the order of the indices.
    order.sort_by_key(|&member| std::cmp::Reverse(ballots.votes[member as usize]));
    let (mut slots, mut copies, mut left) = (vec![u32::MAX; ballots.voters], Vec::new(), AGREEMENT_VOTERS);
    for member in order {
        let taken = left.min(weights[member as usize] as usize);
        if taken == 0 {
            break;
        }
        slots[member as usize] = copies.len() as u32;
        copies.push(taken as f64);
        left -= taken;
    }
    let n = copies.len();
    let mut common = vec![(0_u32, 0_u32); n * n];
    let mut present: Vec<(usize, u64)> = Vec::with_capacity(n);
    for proposal in &ballots.view.proposals {
        present.clear();
        for vote in proposal.votes.clone() {
            let slot = slots[ballots.view.votes[vote].member as usize];
            if slot != u32::MAX && ballots.view.votes[vote].choice > 0 {
                present.push((slot as usize, ballots.code[vote]));
            }
        }
        present.sort_unstable();
        for (index, &(a, left)) in present.iter().enumerate() {
            let row = &mut common[a * n..(a + 1) * n];
            for &(b, right) in &present[index + 1..] {
                row[b].0 += 1;
                row[b].1 += u32::from(left == right);
            }
        }
    }
    let (mut pairs, mut agreement) = (0.0, 0.0);
    for a in 0..n {
        for b in a + 1..n {
            let (both, equal) = common[a * n + b];
            if both >= AGREEMENT_PROPOSALS {
                let weight = copies[a] * copies[b];
                pairs += weight;
                agreement += weight * f64::from(equal) / f64::from(both);
            }
        }
    }
    if pairs > 0.0 { agreement / pairs } else { f64::NAN }
}
