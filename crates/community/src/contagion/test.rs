#![cfg(test)]

use daotwin_core::Seed;

use super::*;
use crate::graph::Graph;

/// A small network with strengths that differ: five nodes, seven ties.
fn small() -> Network {
    let ties = [
        (0, 1, 0.5),
        (0, 2, 0.3),
        (1, 2, 0.4),
        (1, 3, 0.6),
        (2, 3, 0.2),
        (3, 4, 0.7),
        (2, 4, 0.25),
        (4, 1, 0.15),
    ];
    Network::new(5, ties)
}

/// Nodes that can be reached over these ties.
fn reached(nodes: usize, ties: &[(u32, u32)], seeds: &[u32]) -> usize {
    let mut has = vec![false; nodes];
    let mut front = seeds.to_vec();
    seeds.iter().for_each(|&seed| has[seed as usize] = true);
    while let Some(node) = front.pop() {
        for &(_, to) in ties.iter().filter(|(from, _)| *from == node) {
            if !std::mem::replace(&mut has[to as usize], true) {
                front.push(to);
            }
        }
    }
    has.iter().filter(|&&has| has).count()
}

/// The exact mean reach of the cascade: every set of live ties, with its chance (Kempe et al. 2003, proof of theorem 2.2).
fn live_edges(network: &Network, seeds: &[u32]) -> f64 {
    let ties: Vec<(u32, u32, f64)> = network
        .out
        .iter()
        .enumerate()
        .flat_map(|(from, list)| list.iter().map(move |&(to, strength)| (from as u32, to, strength)))
        .collect();
    (0..1_u32 << ties.len())
        .map(|set| {
            let mut chance = 1.0;
            let mut live = Vec::new();
            for (place, &(from, to, strength)) in ties.iter().enumerate() {
                let on = set >> place & 1 == 1;
                chance *= if on { strength } else { 1.0 - strength };
                if on {
                    live.push((from, to));
                }
            }
            chance * reached(network.nodes(), &live, seeds) as f64
        })
        .sum()
}

/// The exact mean reach with thresholds: each node picks at most one tie into it, with the chance of its strength (theorem 2.5).
fn live_picks(network: &Network, seeds: &[u32]) -> f64 {
    fn walk(network: &Network, node: usize, chance: f64, live: &mut Vec<(u32, u32)>, seeds: &[u32]) -> f64 {
        if chance == 0.0 {
            return 0.0;
        }
        let Some(ties) = network.into.get(node) else {
            return chance * reached(network.nodes(), live, seeds) as f64;
        };
        let mut left = 1.0;
        let mut sum = 0.0;
        for &(from, strength) in ties {
            left -= strength;
            live.push((from, node as u32));
            sum += walk(network, node + 1, chance * strength, live, seeds);
            live.pop();
        }
        sum + walk(network, node + 1, chance * left.max(0.0), live, seeds)
    }
    walk(network, 0, 1.0, &mut Vec::new(), seeds)
}

const RUNS: u64 = 40_000;

fn simulated(model: &dyn Model, network: &Network) -> (f64, f64) {
    reach(model, network, &[0], RUNS, &Seed(1).streams(model.name()))
}

#[test]
fn the_cascade_has_the_exact_reach_of_live_ties() {
    let network = small();
    let exact = live_edges(&network, &[0]);
    let (mean, error) = simulated(&IndependentCascade, &network);
    // A mean of 40,000 is off by 4.9 standard errors with probability 1e-6.
    assert!((mean - exact).abs() < 4.9 * error, "{mean} for {exact}");
    // Negative control: the threshold model on the same ties has another reach.
    let other = live_picks(&network, &[0]);
    assert!((mean - other).abs() > 4.9 * error);
}

#[test]
fn thresholds_have_the_exact_reach_of_single_picks() {
    let network = small();
    let exact = live_picks(&network, &[0]);
    let (mean, error) = simulated(&LinearThreshold, &network);
    assert!((mean - exact).abs() < 4.9 * error, "{mean} for {exact}");
    assert!((mean - live_edges(&network, &[0])).abs() > 4.9 * error);
}

#[test]
fn complex_contagion_needs_its_neighbours() {
    // A square with both diagonals to 3: nodes 1 and 2 both reach 3 for certain.
    let ties = [(0, 1, 0.5), (0, 2, 0.5), (1, 3, 1.0), (2, 3, 1.0)];
    let network = Network::new(4, ties);
    let first = ComplexContagion { needed: 1 };
    let (mean, error) = simulated(&first, &network);
    assert!((mean - live_edges(&network, &[0])).abs() < 4.9 * error);
    // With two needed nobody but 0 is ever told twice; with 0, 1 and 2 as seeds, 3 is.
    assert_eq!(simulated(&ComplexContagion { needed: 2 }, &network), (1.0, 0.0));
    let spread = ComplexContagion { needed: 2 }.spread(&network, &[0, 1, 2], &mut Seed(1).stream("c"));
    assert_eq!(spread, [true; 4]);
    // From 0 and 1: 3 hears of 1 for certain, and of 2 only if 2 was reached, for which nobody but 0 speaks.
    assert_eq!(reach(&ComplexContagion { needed: 2 }, &network, &[0, 1], 50, &Seed(2).streams("d")).0, 2.0);
}

#[test]
fn a_correction_wins_where_it_is_first_and_not_where_it_is_late() {
    // A line of certain ties: the rumour moves one node a round.
    let line = Network::new(6, (0..5).map(|node| (node, node + 1, 1.0)).collect::<Vec<_>>());
    let certain = Rumour { heeded: 1.0, corrected: 1.0 };
    let draws = &mut Seed(3).stream("r");
    let held = certain.race(&line, &[0], &[3], 0, draws);
    assert_eq!(held.believes, [true, true, true, false, false, false]);
    assert_eq!(held.corrected, [false, false, false, true, true, true]);
    let late = certain.race(&line, &[0], &[3], 9, draws);
    assert_eq!(late.believes, [true, true, true, false, false, false]);
    assert_eq!(late.believed, [true; 6]);
    let nobody = certain.race(&line, &[0], &[], 0, draws);
    assert_eq!(nobody.believes, [true; 6]);
    // Without a correction it is the cascade.
    let network = small();
    let mean = |rumour: Rumour| {
        let streams = Seed(4).streams("race");
        let counts = (0..RUNS).map(|run| {
            let race = rumour.race(&network, &[0], &[], 0, &mut streams.stream(run));
            race.believes.iter().filter(|&&has| has).count() as f64
        });
        counts.sum::<f64>() / RUNS as f64
    };
    assert!((mean(certain) - live_edges(&network, &[0])).abs() < 4.9 * 1.5 / (RUNS as f64).sqrt());
    assert!((mean(Rumour { heeded: 0.8, corrected: 1.0 }) - live_edges(&network, &[0])).abs() > 0.05);
}

#[test]
fn every_model_keeps_its_seeds_and_is_repeatable() {
    let ring = Graph::new(30, (0..30).map(|node| (node, (node + 1) % 30)).collect::<Vec<_>>());
    let network = Network::even(&ring, 0.7);
    assert!(
        (Network::shared(&ring).into[3].iter().map(|(_, strength)| strength).sum::<f64>() - 1.0).abs()
            < 1e-12
    );
    for (place, model) in MODELS.iter().enumerate() {
        assert!(MODELS[..place].iter().all(|other| other.name() != model.name()));
        let card = model.card();
        assert!(!card.purpose.is_empty() && !card.source.is_empty() && !card.limits.is_empty());
        let spread = |seed| model.spread(&network, &[4, 5, 99], &mut Seed(seed).stream("x"));
        assert_eq!(spread(1), spread(1));
        assert_eq!(spread(1).len(), 30);
        assert!(find(model.name()).is_ok());
    }
    assert!(find("x").is_err());
}
