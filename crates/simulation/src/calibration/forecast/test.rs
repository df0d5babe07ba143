//! Forecasts of DAOs whose law is known.

use daotwin_core::{Run, Seed};

use super::past::Past;
use super::pool::{Energies, Ensemble};
use super::*;
use crate::calibration::record::{Ballot, Record};

/// 60 members and two authors who take turns at random: one finds 40 voters who agree, the other 8 who mostly do not.
fn dao(seed: u64) -> Past {
    let mut stream = Seed(seed).stream("test");
    let mut record = Record { timed: true, sided: true, voters: 60, ..Record::default() };
    let mut authors = vec![];
    for _ in 0..60 {
        let popular = stream.chance(0.5);
        authors.push(Some(if popular { "popular" } else { "contested" }.to_owned()));
        let (rate, favour) = if popular { (40.0 / 60.0, 0.95) } else { (8.0 / 60.0, 0.2) };
        for voter in 0..60 {
            if voter == 0 || stream.chance(rate) {
                let side = if stream.chance(favour) { 1 } else { -1 };
                let time = voter as f32 / 60.0;
                record.ballots.push(Ballot { voter, time, power: f64::from(1 + voter % 7), side });
            }
        }
        record.ends.push(record.ballots.len() as u32);
    }
    Past::new(record, authors)
}

fn small() -> Options {
    Options { simulations: 500, agents: Some(100), epochs: 1, ..Options::default() }
}

fn judged(past: &Past) -> Forecast {
    judge("known", past, None, 0.7, 100, &small(), &Run::default()).unwrap()
}

#[test]
fn what_authors_tell_is_foretold_and_shuffled_authors_tell_nothing() {
    let mut past = dao(0);
    let forecasts = [judged(&past)];
    for figure in ["turnout", "voters", "passed"] {
        let found = pooled(&forecasts, figure, Seed(0)).unwrap();
        assert!(found.these.1 < 0.0 && found.difference < -0.15 * found.baselines[found.best], "{found:?}");
    }
    // Control: with authors shuffled nothing is known but the law, which the beta-binomial model and the recent ten know
    // too: what ten draws in place of all cost is at most won, a tenth of the score (1 / 10 for ten draws).
    Seed(9).stream("shuffle").shuffle(&mut past.authors);
    let shuffled = [judged(&past)];
    for figure in ["turnout", "voters", "passed"] {
        let found = pooled(&shuffled, figure, Seed(0)).unwrap();
        assert!(found.difference > -0.1 * found.baselines[found.best], "{found:?}");
    }
}

#[test]
fn nothing_of_what_is_foretold_is_used_but_authors_on_any_number_of_threads() {
    let past = dao(4);
    let mut other = past.clone();
    let cut = past.record.ends[41] as usize;
    other.record.ballots[cut..].iter_mut().for_each(|ballot| ballot.side = -1);
    let other = Past::new(other.record, other.authors);
    let on = |threads, past: &Past| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| judged(past))
    };
    let (one, two) = (on(1, &past), on(3, &other));
    for (one, two) in one.scores.iter().zip(&two.scores) {
        assert_eq!((one.means.1, &one.weights), (two.means.1, &two.weights));
    }
    assert_ne!(one.scores[2].means.0, two.scores[2].means.0);
}

#[test]
fn the_pool_scores_as_its_mixture_does_and_finds_the_better_member() {
    let mut stream = Seed(1).stream("pool");
    let mut energies = Energies::new(2);
    let members = [Ensemble::equal((0..50).map(|_| stream.normal())), Ensemble::equal([2.5, 3.0, 4.0])];
    energies.add(&members, 0.4);
    let mixture = Ensemble::mixture(&members, &[0.3, 0.7]);
    // The definition over pairs.
    let pairs = |of: &dyn Fn(f64, f64) -> f64| {
        let mut sum = 0.0;
        for (a, wa) in mixture.values.iter().zip(&mixture.weights) {
            for (b, wb) in mixture.values.iter().zip(&mixture.weights) {
                sum += wa * wb * of(*a, *b);
            }
        }
        sum
    };
    let expected = pairs(&|a, _| (a - 0.4).abs()) - 0.5 * pairs(&|a, b| (a - b).abs());
    assert!((mixture.crps(0.4) - expected).abs() < 1e-9);
    assert!((energies.score(&[0.3, 0.7]) - expected).abs() < 1e-9);
    for _ in 0..200 {
        energies.add(&members, stream.normal());
    }
    let weights = energies.weights(0.01);
    assert!(weights[0] > 0.95, "{weights:?}");
    assert!(energies.score(&weights) < energies.score(&[0.5, 0.5]));
}
