//! Curves and matrices of one DAO, for pictures.

use daotwin_core::statistics::sorted;
use serde::Serialize;

use crate::view::DaoView;

/// Turnout over time: the start of each proposal that has a ballot and a start, and its number of ballots.
pub fn turnout(view: &DaoView) -> Vec<(f64, f64)> {
    view.proposals
        .iter()
        .filter(|proposal| !proposal.votes.is_empty())
        .filter_map(|proposal| Some((proposal.start_at? as f64, proposal.votes.len() as f64)))
        .collect()
}

/// The complementary distribution function of positive values: each distinct value with the share of
/// values that are at least as large.
fn tail(values: &[f64]) -> Vec<(f64, f64)> {
    let ascending: Vec<f64> = sorted(values).into_iter().filter(|&value| value > 0.0).collect();
    let n = values.len() as f64;
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (index, &value) in ascending.iter().enumerate() {
        if points.last().is_none_or(|last| last.0 < value) {
            points.push((value, (ascending.len() - index) as f64 / n));
        }
    }
    points
}

/// The activity tail: number of votes, and the share of voters with at least as many.
pub fn activity_tail(votes_per_member: &[f64]) -> Vec<(f64, f64)> {
    tail(votes_per_member)
}

/// The power tail: mean power in tokens, and the share of voters with at least as much (of all voters,
/// those without power included).
pub fn power_tail(mean_power: &[f64]) -> Vec<(f64, f64)> {
    tail(mean_power)
}

/// The Lorenz curve of ascending non-negative values: share of holders, share that they hold.
pub fn lorenz(ascending: &[f64]) -> Vec<(f64, f64)> {
    let total: f64 = ascending.iter().sum();
    let mut held = 0.0;
    let mut points = vec![(0.0, 0.0)];
    if total > 0.0 {
        for (index, value) in ascending.iter().enumerate() {
            held += value;
            points.push(((index + 1) as f64 / ascending.len() as f64, held / total));
        }
    }
    points
}

/// Who votes with whom among the most active.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct CoVoting {
    /// Members, as indices of the view, in an order that puts blocs together.
    pub members: Vec<u32>,
    /// Row by row: share of common proposals on which two members' first choices are equal; NaN under three
    /// common proposals.
    pub agreement: Vec<f64>,
}

/// The agreement of the `limit` most active members, ordered so that members who agree stand together
/// (each next member is the one that agrees most with those placed before, recent ones counting more).
///
/// Cost: `limit`² a proposal, `limit`³ for the order; meant for up to 60 members.
pub fn co_voting(view: &DaoView, limit: usize) -> CoVoting {
    let lists = view.votes_by_member();
    let mut active: Vec<u32> = (0..view.voters() as u32).collect();
    active.sort_by_key(|&member| std::cmp::Reverse(lists[member as usize].len()));
    active.truncate(limit);
    let n = active.len();
    let choices: Vec<std::collections::BTreeMap<u32, i32>> = active
        .iter()
        .map(|&member| {
            let votes = lists[member as usize].iter().map(|&vote| &view.votes[vote as usize]);
            votes.map(|vote| (vote.proposal, vote.choice)).collect()
        })
        .collect();
    let mut raw = vec![f64::NAN; n * n];
    for a in 0..n {
        for b in 0..n {
            let common: Vec<bool> = choices[a]
                .iter()
                .filter_map(|(proposal, choice)| choices[b].get(proposal).map(|other| other == choice))
                .collect();
            if common.len() >= 3 {
                raw[a * n + b] = common.iter().filter(|&&same| same).count() as f64 / common.len() as f64;
            }
        }
    }
    let mut placed: Vec<usize> = Vec::with_capacity(n);
    let mut free: Vec<usize> = (0..n).collect();
    while !free.is_empty() {
        let score = |candidate: usize| -> f64 {
            let near = placed.iter().rev().take(5).enumerate();
            near.map(|(back, &other)| {
                let share = raw[candidate * n + other];
                (if share.is_nan() { 0.0 } else { share }) / (back + 1) as f64
            })
            .sum()
        };
        let mut best = (0, f64::NEG_INFINITY);
        for (position, &candidate) in free.iter().enumerate() {
            let value = score(candidate);
            if value > best.1 {
                best = (position, value);
            }
        }
        placed.push(free.remove(best.0));
    }
    let mut agreement = Vec::with_capacity(n * n);
    for &a in &placed {
        agreement.extend(placed.iter().map(|&b| raw[a * n + b]));
    }
    CoVoting { members: placed.iter().map(|&slot| active[slot]).collect(), agreement }
}
