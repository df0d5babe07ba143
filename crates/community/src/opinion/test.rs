#![cfg(test)]

use daotwin_core::statistics::mean;
use daotwin_core::{Limits, Run, Seed};
use daotwin_simulation::described::Described;
use daotwin_simulation::engine::population::{Description, Population};

use super::mood::Seen;
use super::voting::{MoodSpan, coupled, positions};
use super::*;
use crate::graph::Graph;

/// A line of five with a triangle at its end.
fn small() -> Network {
    Network::even(&Graph::new(6, [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (3, 5)]), 0.5)
}

const START: [f64; 6] = [-1.0, -0.5, 0.3, 0.8, 0.1, 1.0];

/// Solves a small system by elimination.
fn solved(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Vec<f64> {
    let n = right.len();
    for column in 0..n {
        // The systems here have a diagonal that dominates, so no rows change places.
        let (pivot, value) = (matrix[column].clone(), right[column]);
        for (row, (cells, right)) in matrix.iter_mut().zip(&mut right).enumerate() {
            if row != column {
                let factor = cells[column] / pivot[column];
                cells.iter_mut().zip(&pivot).for_each(|(cell, pivot)| *cell -= factor * pivot);
                *right -= factor * value;
            }
        }
    }
    (0..n).map(|row| right[row] / matrix[row][row]).collect()
}

/// The matrix of who hears whom.
fn weights(network: &Network) -> Vec<Vec<f64>> {
    let row = |into: &Vec<(u32, f64)>| {
        let total: f64 = into.iter().map(|(_, strength)| strength).sum();
        let mut row = vec![0.0; network.nodes()];
        into.iter().for_each(|&(from, strength)| row[from as usize] = strength / total);
        row
    };
    network.into.iter().map(row).collect()
}

fn close(left: &[f64], right: &[f64], tolerance: f64) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(a, b)| (a - b).abs() < tolerance)
}

#[test]
fn agreement_is_on_the_mean_by_degrees() {
    let society = Society::new(small(), &START);
    let settled = DeGroot { own: 0.5, rounds: 10_000 }.settle(&society, &mut Seed(1).stream("d"));
    // Of even ties the stationary weights are the degrees (1, 2, 2, 3, 2, 2).
    let expected = (-1.0 - 1.0 + 0.6 + 2.4 + 0.2 + 2.0) / 12.0;
    assert!(close(&settled, &[expected; 6], 1e-9), "{settled:?}");
    // Negative control: it is not the plain mean.
    assert!((expected - mean(&START)).abs() > 0.05);
}

#[test]
fn first_opinions_and_stubborn_ones_hold_as_the_systems_say() {
    let society = Society::new(small(), &START);
    let settled = FriedkinJohnsen { open: 0.7, rounds: 10_000 }.settle(&society, &mut Seed(1).stream("f"));
    let matrix = weights(&society.network);
    let system: Vec<Vec<f64>> = matrix
        .iter()
        .enumerate()
        .map(|(row, weights)| {
            weights
                .iter()
                .enumerate()
                .map(|(column, w)| f64::from(u8::from(row == column)) - 0.7 * w)
                .collect()
        })
        .collect();
    let exact = solved(system, START.map(|opinion| 0.3 * opinion).to_vec());
    assert!(close(&settled, &exact, 1e-9), "{settled:?} for {exact:?}");
    // A line between two stubborn ends: opinions lie evenly between them, and votes are taken over by as much.
    let line = Network::even(&Graph::new(5, [(0, 1), (1, 2), (2, 3), (3, 4)]), 1.0);
    let mut held = Society::new(line, &[-1.0, 0.9, 0.9, 0.9, 1.0]);
    held.stubborn = vec![true, false, false, false, true];
    let settled = DeGroot { own: 0.2, rounds: 10_000 }.settle(&held, &mut Seed(1).stream("s"));
    let even = [-1.0, -0.5, 0.0, 0.5, 1.0];
    assert!(close(&settled, &even, 1e-9), "{settled:?}");
    held.opinions = vec![-1.0, 1.0, 1.0, 1.0, 1.0];
    let runs = 2_000_u64;
    let streams = Seed(2).streams("voter");
    let mut sums = [0.0; 5];
    for run in 0..runs {
        let taken = Voter { meetings: 60 }.settle(&held, &mut streams.stream(run));
        sums.iter_mut().zip(taken).for_each(|(sum, opinion)| *sum += opinion);
    }
    // Means of 2,000 opinions of -1 and 1, off by 4.9 standard errors with probability 1e-6.
    for (sum, even) in sums.iter().zip(even) {
        let error = ((1.0 - even * even) / runs as f64).sqrt();
        assert!((sum / runs as f64 - even).abs() <= 4.9 * error + 1e-9, "{sums:?}");
    }
    // Negative control: with nobody stubborn, all think alike.
    held.stubborn.clear();
    let settled = DeGroot { own: 0.2, rounds: 10_000 }.settle(&held, &mut Seed(1).stream("s"));
    assert!(settled.iter().all(|opinion| (opinion - settled[0]).abs() < 1e-9));
}

#[test]
fn pairs_keep_the_mean_and_camps_stay_apart() {
    let everybody =
        Graph::new(60, (0..60).flat_map(|one| (0..one).map(move |other| (one, other))).collect::<Vec<_>>());
    let start: Vec<f64> = (0..60).map(|member| -1.0 + 2.0 * f64::from(member) / 59.0).collect();
    let society = Society::new(Network::even(&everybody, 1.0), &start);
    let settle =
        |bound| Deffuant { bound, pull: 0.5, meetings: 400 }.settle(&society, &mut Seed(3).stream("p"));
    let camps = |opinions: &[f64]| {
        let mut sorted = daotwin_core::statistics::sorted(opinions);
        sorted.dedup_by(|a, b| (*a - *b).abs() < 1e-3);
        sorted
    };
    let narrow = settle(0.3);
    assert!(mean(&narrow).abs() < 1e-12);
    let found = camps(&narrow);
    assert!((2..=5).contains(&found.len()), "{found:?}");
    assert!(found.windows(2).all(|pair| pair[1] - pair[0] > 0.3), "{found:?}");
    // Above half of the range everybody agrees (Deffuant et al., figure 2).
    assert_eq!(camps(&settle(1.2)).len(), 1);
    // Rounds: three near each other and one alone, by hand.
    let four = Graph::new(4, [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]);
    let society = Society::new(Network::even(&four, 1.0), &[0.0, 0.2, 0.4, 1.0]);
    let once = HegselmannKrause { bound: 0.25, rounds: 1 }.settle(&society, &mut Seed(1).stream("h"));
    assert!(close(&once, &[0.1, 0.2, 0.3, 1.0], 1e-12), "{once:?}");
    let end = HegselmannKrause { bound: 0.25, rounds: 100 }.settle(&society, &mut Seed(1).stream("h"));
    assert!(close(&end, &[0.2, 0.2, 0.2, 1.0], 1e-9), "{end:?}");
    assert_eq!(polarisation(&[-1.0, 1.0]), (1.0, 1.0));
}

#[test]
fn every_model_is_told_and_repeatable_and_leaves_the_stubborn() {
    let mut society = Society::new(small(), &START);
    society.stubborn = vec![true];
    for (place, model) in MODELS.iter().enumerate() {
        assert!(MODELS[..place].iter().all(|other| other.name() != model.name()));
        let card = model.card();
        assert!(!card.purpose.is_empty() && !card.source.is_empty() && !card.limits.is_empty());
        let settle = || model.settle(&society, &mut Seed(4).stream("m"));
        assert_eq!(settle(), settle());
        assert_eq!(settle()[0], -1.0, "{}", model.name());
        assert!(settle().iter().all(|opinion| opinion.abs() <= 1.0));
        assert_ne!(settle(), START, "{}", model.name());
        assert!(find(model.name()).is_ok());
    }
    assert!(find("x").is_err());
}

#[test]
fn moods_are_exact_and_fitted() {
    let truth = OrnsteinUhlenbeck { pull: 0.2, mean: 0.1, spread: 0.2 };
    let mut draws = Seed(5).stream("mood");
    // One step of two days has the law of two steps of one.
    let moments = |days: &[f64], draws: &mut Draws| {
        let ends: Vec<f64> =
            (0..40_000).map(|_| days.iter().fold(0.9, |at, step| truth.step(at, *step, draws))).collect();
        let center = mean(&ends);
        (center, ends.iter().map(|end| (end - center).powi(2)).sum::<f64>() / ends.len() as f64)
    };
    let kept = (-0.4_f64).exp();
    let (center, variance) = (0.1 + 0.8 * kept, 0.04 * (1.0 - kept * kept));
    for steps in [&[2.0][..], &[1.0, 1.0]] {
        let found = moments(steps, &mut draws);
        // 4.9 standard errors of a mean and of a variance of 40,000 normal draws.
        assert!((found.0 - center).abs() < 4.9 * (variance / 40_000.0).sqrt(), "{found:?}");
        assert!((found.1 - variance).abs() < 4.9 * variance * (2.0 / 40_000.0_f64).sqrt(), "{found:?}");
    }
    // The filter on two days is the normal law of two values, written out.
    let seen = [Seen { day: 0.0, mean: 0.3, messages: 4.0 }, Seen { day: 3.0, mean: -0.2, messages: 2.0 }];
    let (a, b) = (0.04 + 0.5 / 4.0, 0.04 + 0.5 / 2.0);
    let c = 0.04 * (-0.6_f64).exp();
    let (x, y, determinant) = (0.2, -0.3, a * b - c * c);
    let exact = -0.5 * ((b * x * x - 2.0 * c * x * y + a * y * y) / determinant + determinant.ln())
        - std::f64::consts::TAU.ln();
    assert!((truth.log_likelihood(&seen, 0.5) - exact).abs() < 1e-12);
    let mut at = truth.begin(&mut draws);
    let seen: Vec<Seen> = (0..2_000)
        .map(|day| {
            at = truth.step(at, 1.0, &mut draws);
            Seen { day: f64::from(day), mean: at + draws.normal() * (0.5_f64 / 8.0).sqrt(), messages: 8.0 }
        })
        .collect();
    let found = OrnsteinUhlenbeck::fit(&seen, 0.5);
    assert!((found.spread - 0.2).abs() < 0.06 && (3.0..=10.0).contains(&(1.0 / found.pull)), "{found:?}");
    // Negative control: days of noise alone have no mood.
    let noise: Vec<Seen> = seen.iter().map(|day| Seen { mean: draws.normal() * 0.25, ..*day }).collect();
    assert!(OrnsteinUhlenbeck::fit(&noise, 0.5).spread < 0.06);
}

#[test]
fn opinions_and_moods_decide_votes() {
    let mut described = Described::default();
    described.parameters.population = Description { agents: 400, activity: 0.01, tail: 1.5 };
    let members = Population::drawn(&described.parameters.population, 1, &Limits::default()).unwrap();
    let passed = |opinions: &[f64], moods: &[MoodSpan], weight: f64| {
        let dao = coupled(&described, &members, opinions, moods, weight).unwrap();
        let found = dao.simulate(Seed(6), 40, &Run::default()).unwrap();
        let yes = found.variables.iter().find(|variable| variable.name == "yes").unwrap();
        (yes.mean, yes.interval)
    };
    let whole = |mood| [MoodSpan { from: 0, until: 720, mood }];
    let even = vec![0.0; 400];
    let (glad, bad) = (passed(&even, &whole(0.8), 2.0), passed(&even, &whole(-0.8), 2.0));
    assert!(glad.1.0 > bad.1.1, "{glad:?} and {bad:?}");
    // Negative control: a mood without weight does nothing.
    assert_eq!(passed(&even, &whole(0.8), 0.0), passed(&even, &[], 2.0));
    // Everybody at one pole: proposals near it are carried, those far from it are not, and shares of yes spread.
    let society = Society::new(small(), &START);
    let settled = HegselmannKrause { bound: 2.0, rounds: 50 }.settle(&society, &mut Seed(1).stream("v"));
    let placed = positions(&members, &settled, &society);
    assert_eq!(placed.len(), 400);
    assert_eq!((placed[0], placed[399]), (settled[0], f64::from(members.ideologies()[399])));
    assert_ne!(passed(&placed, &[], 0.0).0, passed(&even, &[], 0.0).0);
    let problem =
        coupled(&described, &members, &[2.0], &[MoodSpan { from: 3, until: 3, mood: 4.0 }], f64::NAN);
    assert_eq!(problem.err().unwrap().to_string().lines().count(), 5);
}
