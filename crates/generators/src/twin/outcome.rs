//! What is chosen: ballots that meet a proposal's outcome in heads and in power.
//!
//! Real outcomes are near-unanimous in power, but heads and power can differ, and a few voters decide the
//! power. So each proposal has two targets, the share of heads and the share of power of each choice. Voters
//! are taken from the most powerful down; each draws its choice from what is still owed to the choices: in
//! power for those that weigh much in what is left, in heads for the others.

use daotwin_core::Stream;
use serde::{Deserialize, Serialize};

/// What a ballot holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// One choice.
    Single,
    /// All choices in order of preference; the first counts.
    Ranking,
    /// One or more choices, all of which count.
    Set,
}

impl Form {
    /// The form of the ballots of a voting system.
    pub(crate) fn of(voting_system: Option<&str>) -> Self {
        match voting_system {
            Some("ranked-choice" | "copeland") => Self::Ranking,
            Some("approval" | "weighted" | "quadratic") => Self::Set,
            _ => Self::Single,
        }
    }
}

/// The share of all power below which the voters still to come no longer decide anything.
const DECIDED: f64 = 0.03;
/// How strongly a powerful voter is drawn to the choice that is owed most: 1 in proportion, more is closer to
/// always, which keeps the sums on target where few voters hold most. Here the power of 2.5, from operations
/// that round alike on every machine.
fn sharpened(owed: f64) -> f64 {
    let owed = owed.max(0.0);
    owed * owed * owed.sqrt()
}

/// The targets of one proposal. Shares sum to 1 over the choices, except where ballots are sets: there each
/// choice has the share of ballots that name it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Outcome {
    /// Share of ballots of each choice, as far as choices were chosen.
    pub(crate) heads: Vec<f32>,
    /// The same among the most active members.
    pub(crate) core: Vec<f32>,
    /// Share of power of each choice.
    pub(crate) power: Vec<f32>,
}

impl Outcome {
    /// The choice with most power; 0 where nothing is known.
    pub(crate) fn lead(&self) -> usize {
        let mut best = 0;
        for (choice, &share) in self.power.iter().enumerate() {
            if share > self.power[best] {
                best = choice;
            }
        }
        best
    }

    /// The same outcome with its first choice in the place of the leading one (the second where it leads
    /// itself), and the other way round.
    pub(crate) fn exchanged(&self) -> Self {
        let mut exchanged = self.clone();
        let other = self.lead().max(1);
        for shares in [&mut exchanged.heads, &mut exchanged.core, &mut exchanged.power] {
            if other < shares.len() {
                shares.swap(0, other);
            }
        }
        exchanged
    }
}

/// A voter of one proposal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Voter {
    /// Tokens.
    pub(crate) power: f64,
    /// How readily this member leaves the leading choice, 1 on average.
    pub(crate) dissent: f64,
    /// Whether it is one of the most active.
    pub(crate) core: bool,
}

/// Draws one choice (0-based) for each voter. `order` lists the voters from the most powerful down.
pub(crate) fn assign(outcome: &Outcome, voters: &[Voter], order: &[u32], stream: &mut Stream) -> Vec<u16> {
    let lead = outcome.lead();
    let lean = |voter: usize, choice: usize| if choice == lead { 1.0 } else { voters[voter].dissent };
    assign_leaning(outcome, voters, order, lean, stream)
}

/// As [`assign`], where `lean` says how readily a voter takes a choice, compared with others.
pub(crate) fn assign_leaning(
    outcome: &Outcome,
    voters: &[Voter],
    order: &[u32],
    lean: impl Fn(usize, usize) -> f64,
    stream: &mut Stream,
) -> Vec<u16> {
    let choices = outcome.heads.len().max(1);
    let mut chosen = vec![0_u16; voters.len()];
    if choices == 1 {
        return chosen;
    }
    let lead = outcome.lead();
    let total: f64 = voters.iter().map(|voter| voter.power).sum();
    let mut power_left: Vec<f64> = outcome.power.iter().map(|&share| f64::from(share) * total).collect();
    let core = voters.iter().filter(|voter| voter.core).count() as f64;
    let mut core_left: Vec<f64> = outcome.core.iter().map(|&share| f64::from(share) * core).collect();
    let mut heads_left: Vec<f64> = outcome
        .heads
        .iter()
        .zip(&core_left)
        .map(|(&share, core)| (f64::from(share) * voters.len() as f64 - core).max(0.0))
        .collect();
    let mut left = total;
    let mut pull: Vec<f64> = power_left.iter().map(|&amount| sharpened(amount)).collect();
    let mut weights = vec![0.0; choices];
    for (done, &index) in order.iter().enumerate() {
        let voter = voters[index as usize];
        let voters_left = (voters.len() - done) as f64;
        // How much this voter's power matters among those still to come, and they in the whole.
        let relative = if left > 0.0 { voter.power * voters_left / left } else { 0.0 };
        let matters = if total > 0.0 { (left / (DECIDED * total)).clamp(0.0, 1.0) } else { 0.0 };
        let by_power = relative / (1.0 + relative) * matters;
        let owed: f64 = pull.iter().sum();
        let heads_left = if voter.core { &mut core_left } else { &mut heads_left };
        let ballots: f64 = heads_left.iter().map(|&count| count.max(0.0)).sum();
        for choice in 0..choices {
            // A head is given to a choice only as far as its power still has room for the voter's.
            let fits = matters < 1.0 || power_left[choice] > 0.8 * voter.power;
            let power = if owed > 0.0 { pull[choice] / owed } else { 0.0 };
            let heads = if ballots > 0.0 { heads_left[choice].max(0.0) / ballots } else { 0.0 };
            let heads = heads * lean(index as usize, choice);
            // Even the powerful choose among what their own kind chose.
            let room = if fits { 1.0 } else { 0.1 };
            weights[choice] = (by_power * power * (heads + 0.01) + (1.0 - by_power) * heads) * room;
        }
        let choice = if weights.iter().sum::<f64>() > 0.0 { stream.weighted(&weights) } else { lead };
        chosen[index as usize] = choice as u16;
        power_left[choice] -= voter.power;
        pull[choice] = sharpened(power_left[choice]);
        heads_left[choice] -= 1.0;
        left -= voter.power;
    }
    keep_sides(outcome, voters, order, &mut chosen, stream);
    chosen
}

/// Voters of one choice that are tried for an exchange of ballots, at most.
const TRIED: usize = 100;
/// Exchanges on one proposal, at most.
const EXCHANGES: usize = 3;
/// The part of all power by which the leading choice may miss its target without an exchange.
const EXACT: f64 = 0.03;

/// Exchanges or moves the few ballots that keep the sides of an outcome: which choice has most power, about how
/// much, and whether it has most heads too.
fn keep_sides(outcome: &Outcome, voters: &[Voter], order: &[u32], chosen: &mut [u16], stream: &mut Stream) {
    let lead = outcome.lead();
    let mut power = vec![0.0; outcome.heads.len()];
    let mut heads = vec![0_u32; outcome.heads.len()];
    for (voter, &choice) in voters.iter().zip(chosen.iter()) {
        power[usize::from(choice)] += voter.power;
        heads[usize::from(choice)] += 1;
    }
    let total: f64 = power.iter().sum();
    if total <= 0.0 {
        return;
    }
    let target = f64::from(outcome.power[lead]) * total;
    for _ in 0..EXCHANGES {
        let winner = most(&power, lead);
        let now = (power[lead] - target).abs();
        if winner == lead && now <= EXACT * total {
            break;
        }
        let mut others = power.clone();
        others[lead] = -1.0;
        let other = most(&others, usize::from(lead == 0));
        others[other] = -1.0;
        let rival = others.iter().copied().fold(0.0, f64::max);
        let more = winner != lead || power[lead] < target;
        let of = |choice: usize| -> Vec<u32> {
            let all = order.iter().copied();
            all.filter(|&voter| usize::from(chosen[voter as usize]) == choice).take(TRIED).collect()
        };
        let (from, to) = if more { (other, lead) } else { (lead, other) };
        let (givers, takers) = (of(from), of(to));
        let mut best: Option<(f64, u32, Option<u32>)> = None;
        for &giver in &givers {
            // An exchange keeps the heads; a lone move does not, and is the last resort.
            let exchanges = takers.iter().map(|&taker| (Some(taker), voters[taker as usize].power));
            let alone = (winner != lead).then_some((None, 0.0));
            for (taker, back) in exchanges.chain(alone) {
                let moved = (voters[giver as usize].power - back) * if more { 1.0 } else { -1.0 };
                let (ahead, behind) = (power[lead] + moved, power[other] - moved);
                let cost = if taker.is_none() { 0.25 * total } else { 0.0 };
                let miss = (ahead - target).abs() + cost;
                let better = winner != lead || miss < now;
                if better && ahead > behind.max(rival) && best.is_none_or(|(least, ..)| miss < least) {
                    best = Some((miss, giver, taker));
                }
            }
        }
        let Some((_, giver, taker)) = best else { break };
        for (voter, before, after) in [(Some(giver), from, to), (taker, to, from)] {
            if let Some(voter) = voter {
                let amount = voters[voter as usize].power;
                (power[before], power[after]) = (power[before] - amount, power[after] + amount);
                (heads[before], heads[after]) = (heads[before] - 1, heads[after] + 1);
                chosen[voter as usize] = after as u16;
            }
        }
    }
    if most(&power, lead) != lead {
        return;
    }
    // Ballots of little power move between the choice with most power and that with most heads.
    let wanted = most(&outcome.heads, lead);
    loop {
        let (from, to) = if wanted == lead { (most(&heads, lead), lead) } else { (lead, wanted) };
        let right = if wanted == lead { from == lead } else { heads[lead] < heads[most(&heads, wanted)] };
        if right {
            return;
        }
        // The power that may leave the leading choice, or come to it.
        let rival = power.iter().enumerate().filter(|&(choice, _)| choice != lead).map(|(_, &power)| power);
        let margin = (power[lead] - rival.fold(0.0, f64::max)) / 2.0;
        let light = if wanted == lead { f64::INFINITY } else { margin };
        let candidates: Vec<u32> = order
            .iter()
            .rev()
            .copied()
            .filter(|&v| usize::from(chosen[v as usize]) == from && voters[v as usize].power < light)
            .collect();
        if candidates.is_empty() {
            return;
        }
        // One of the lighter half.
        let pick = candidates[stream.below(candidates.len().div_ceil(2) as u64) as usize] as usize;
        (power[from], power[to]) = (power[from] - voters[pick].power, power[to] + voters[pick].power);
        (heads[from], heads[to]) = (heads[from] - 1, heads[to] + 1);
        chosen[pick] = to as u16;
    }
}

/// The choice with most, `favourite` where it is among several.
fn most<T: Copy + PartialOrd>(values: &[T], favourite: usize) -> usize {
    let mut best = favourite;
    for (choice, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = choice;
        }
    }
    best
}

/// How much less likely a ballot is that would push a choice's power beyond its target, or out of its reach.
const OFF_TARGET: f64 = 0.1;
/// Probabilities of a choice are kept this far from 0 and 1, so that they have odds.
const LEAST_CHANCE: f64 = 1e-3;

/// Draws a set of choices (0-based) for each voter, with sizes after the law `sizes` (weights of 1, 2, ...)
/// stretched to what the proposal's targets add up to. `order` lists the voters from the most powerful down.
///
/// Each choice is owed heads and power. A voter names a choice with the probability that is owed per voter
/// left, the powerful with that owed per power left; given the size of its ballot, the choices are drawn one
/// by one in proportion to the odds of these probabilities.
pub(crate) fn assign_sets(
    outcome: &Outcome,
    voters: &[Voter],
    order: &[u32],
    sizes: &[f64],
    stream: &mut Stream,
) -> Vec<Vec<u16>> {
    let choices = outcome.heads.len().max(1);
    let mut chosen = vec![Vec::new(); voters.len()];
    if choices == 1 {
        chosen.fill(vec![0]);
        return chosen;
    }
    let lead = outcome.lead();
    let total: f64 = voters.iter().map(|voter| voter.power).sum();
    let owed =
        |shares: &[f32], whole: f64| shares.iter().map(move |&share| f64::from(share) * whole).collect();
    let core = voters.iter().filter(|voter| voter.core).count() as f64;
    let mut power_owed: Vec<f64> = owed(&outcome.power, total);
    let core_owed: Vec<f64> = owed(&outcome.core, core);
    let all_owed: Vec<f64> = owed(&outcome.heads, voters.len() as f64);
    let other_owed = all_owed.iter().zip(&core_owed).map(|(all, core)| (all - core).max(0.0)).collect();
    // Heads owed by, and number left of, those outside the core and those in it.
    let mut heads_owed: [Vec<f64>; 2] = [other_owed, core_owed];
    let mut heads_left = [voters.len() as f64 - core, core];
    let mean = mean_size(sizes);
    let mut left = total;
    let mut odds = vec![0.0; choices];
    for (done, &index) in order.iter().enumerate() {
        let voter = voters[index as usize];
        let kind = usize::from(voter.core);
        let voters_left = (voters.len() - done) as f64;
        let relative = if left > 0.0 { voter.power * voters_left / left } else { 0.0 };
        let matters = if total > 0.0 { (left / (DECIDED * total)).clamp(0.0, 1.0) } else { 0.0 };
        let by_power = relative / (1.0 + relative) * matters;
        let mut expected = 0.0;
        for choice in 0..choices {
            let heads = heads_owed[kind][choice] / heads_left[kind];
            let power = if left > 0.0 { power_owed[choice] / left } else { heads };
            let mut chance = by_power * power.clamp(0.0, 1.0) + (1.0 - by_power) * heads.clamp(0.0, 1.0);
            if matters >= 1.0 && power_owed[choice] < 0.8 * voter.power {
                chance *= OFF_TARGET;
            } else if matters >= 1.0 && power_owed[choice] > left - 0.2 * voter.power {
                chance = 1.0 - (1.0 - chance) * OFF_TARGET;
            }
            let chance = chance.clamp(LEAST_CHANCE, 1.0 - LEAST_CHANCE);
            expected += chance;
            odds[choice] = chance / (1.0 - chance) * if choice == lead { 1.0 } else { voter.dissent };
        }
        let drawn = if mean > 0.0 { (stream.weighted(sizes) + 1) as f64 / mean } else { 1.0 };
        let size = ((drawn * expected + stream.uniform()) as usize).clamp(1, choices);
        let entries = &mut chosen[index as usize];
        for _ in 0..size {
            if odds.iter().sum::<f64>() <= 0.0 {
                break;
            }
            let choice = stream.weighted(&odds);
            entries.push(choice as u16);
            odds[choice] = 0.0;
            power_owed[choice] -= voter.power;
            heads_owed[kind][choice] -= 1.0;
        }
        heads_left[kind] -= 1.0;
        left -= voter.power;
    }
    chosen
}

/// The mean of a law of sizes, given as weights of 1, 2, ...; 0 for no law.
pub(crate) fn mean_size(sizes: &[f64]) -> f64 {
    let total: f64 = sizes.iter().sum();
    let sum: f64 = sizes.iter().enumerate().map(|(index, weight)| (index + 1) as f64 * weight).sum();
    if total > 0.0 { sum / total } else { 0.0 }
}

/// Draws a ballot with `size` entries among `choices`: distinct choices by popularity, in order of the draw,
/// beginning with `first` (all 0-based).
pub(crate) fn ballot(
    first: u16,
    size: usize,
    choices: usize,
    popularity: &[f32],
    stream: &mut Stream,
) -> Vec<u16> {
    let mut weights: Vec<f64> =
        (0..choices).map(|choice| f64::from(popularity.get(choice).copied().unwrap_or(0.0)) + 1e-3).collect();
    let mut entries = vec![first];
    if let Some(weight) = weights.get_mut(usize::from(first)) {
        *weight = 0.0;
    }
    while entries.len() < size.min(choices) {
        let choice = stream.weighted(&weights);
        entries.push(choice as u16);
        weights[choice] = 0.0;
    }
    entries
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;
    use daotwin_core::statistics::{mean, standard_deviation};

    use super::*;

    /// The mean shares of heads and of power of the first choice over 400 draws, with 4.9 standard errors, beyond
    /// which a mean lies with probability 1e-6.
    fn met(outcome: &Outcome) -> [(f64, f64); 2] {
        // A heavy tail of 200 voters.
        let voters: Vec<Voter> = (1..=200)
            .map(|rank| Voter { power: 1e4 / f64::from(rank).powf(1.5), dissent: 1.0, core: rank < 20 })
            .collect();
        let order: Vec<u32> = (0..200).collect();
        let mut stream = Seed(5).stream("test");
        let total: f64 = voters.iter().map(|voter| voter.power).sum();
        let mut found = [Vec::new(), Vec::new()];
        for _ in 0..400 {
            let chosen = assign(outcome, &voters, &order, &mut stream);
            let first = || voters.iter().zip(&chosen).filter(|(_, choice)| **choice == 0);
            found[0].push(first().count() as f64 / 200.0);
            found[1].push(first().map(|(voter, _)| voter.power).sum::<f64>() / total);
        }
        found.map(|list| (mean(&list), 4.9 * standard_deviation(&list) / 20.0))
    }

    /// Heads and power are met on average, each up to what one voter decides: the largest holds 0.38 of all power,
    /// which the loser's fifth cannot hold, so power may miss by a sixth of that voter, 0.06, and heads by the
    /// votes that make up for it, 0.02.
    #[test]
    fn targets_are_met_in_heads_and_in_power() {
        let close = |(found, error): (f64, f64), target: f64, rounding: f64| {
            (found - target).abs() < rounding + error
        };
        let parted = Outcome { heads: vec![0.3, 0.7], core: vec![0.3, 0.7], power: vec![0.8, 0.2] };
        let [heads, power] = met(&parted);
        assert!(close(heads, 0.3, 0.02), "heads {heads:?}");
        assert!(close(power, 0.8, 0.06), "power {power:?}");
        // An outcome whose power follows its heads does not pass for it, nor one whose heads follow its power.
        let [_, power] = met(&Outcome { power: vec![0.3, 0.7], ..parted.clone() });
        assert!(!close(power, 0.8, 0.06), "power {power:?}");
        let [heads, _] = met(&Outcome { heads: vec![0.8, 0.2], core: vec![0.8, 0.2], ..parted });
        assert!(!close(heads, 0.3, 0.02), "heads {heads:?}");
    }

    #[test]
    fn the_winner_in_power_keeps_fewer_heads() {
        let outcome = Outcome { heads: vec![0.3, 0.7], core: vec![0.3, 0.7], power: vec![0.55, 0.45] };
        let voters: Vec<Voter> = (1..=15)
            .map(|rank| Voter { power: 1e4 / f64::from(rank).powf(1.5), dissent: 1.0, core: false })
            .collect();
        let order: Vec<u32> = (0..15).collect();
        let mut stream = Seed(7).stream("test");
        for _ in 0..200 {
            let chosen = assign(&outcome, &voters, &order, &mut stream);
            let heads = chosen.iter().filter(|&&choice| choice == 0).count();
            let of = |wanted: u16| {
                let all = voters.iter().zip(&chosen).filter(|(_, choice)| **choice == wanted);
                all.map(|(voter, _)| voter.power).sum::<f64>()
            };
            assert!(of(0) > of(1), "{chosen:?}");
            assert!(heads < 15 - heads, "{chosen:?}");
        }
    }

    /// Means over 100 draws of 200 voters, whose powers are equal or fall as 1/rank.
    #[test]
    fn sets_meet_the_targets_of_every_choice() {
        let shares = vec![0.3, 0.6, 0.2];
        let outcome = Outcome { heads: shares.clone(), core: shares.clone(), power: shares.clone() };
        let order: Vec<u32> = (0..200).collect();
        let mut stream = Seed(8).stream("test");
        for exponent in [0.0, 1.0] {
            let voters: Vec<Voter> = (1..=200)
                .map(|rank| Voter {
                    power: 1e4 / f64::from(rank).powf(exponent),
                    dissent: 1.0,
                    core: rank < 20,
                })
                .collect();
            let total: f64 = voters.iter().map(|voter| voter.power).sum();
            let (mut heads, mut power) = ([0.0; 3], [0.0; 3]);
            for _ in 0..100 {
                let sets = assign_sets(&outcome, &voters, &order, &[0.9, 0.1], &mut stream);
                for (voter, mut set) in voters.iter().zip(sets) {
                    assert!(!set.is_empty());
                    for &choice in &set {
                        heads[usize::from(choice)] += 1.0 / 200.0 / 100.0;
                        power[usize::from(choice)] += voter.power / total / 100.0;
                    }
                    set.sort_unstable();
                    assert!(set.windows(2).all(|pair| pair[0] != pair[1]), "{set:?}");
                }
            }
            for (choice, &share) in shares.iter().enumerate() {
                assert!((heads[choice] - f64::from(share)).abs() < 0.06, "heads {heads:?}");
                assert!((power[choice] - f64::from(share)).abs() < 0.06, "power {power:?}");
            }
        }
    }

    #[test]
    fn a_ballot_is_a_set() {
        let mut stream = Seed(6).stream("test");
        for size in 1..10 {
            let mut entries = ballot(2, size, 5, &[0.9, 0.1], &mut stream);
            assert_eq!(entries.len(), size.min(5));
            assert_eq!(entries[0], 2);
            entries.sort_unstable();
            entries.dedup();
            assert_eq!(entries.len(), size.min(5));
        }
    }
}
