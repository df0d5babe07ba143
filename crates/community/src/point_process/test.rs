#![cfg(test)]

use daotwin_core::Seed;
use daotwin_core::statistics::{kolmogorov_smirnov, mean, standard_deviation};

use super::fit::guess;
use super::rescale::kolmogorov;
use super::*;

fn two_kinds() -> Hawkes {
    let excitations = vec![
        Excitation { from: 0, to: 0, weight: 0.4, decay: 0.01 },
        Excitation { from: 0, to: 1, weight: 0.3, decay: 0.02 },
        Excitation { from: 1, to: 0, weight: 0.1, decay: 0.005 },
        Excitation { from: 1, to: 1, weight: 0.2, decay: 0.03 },
    ];
    let mut rhythm = Rhythm::flat();
    for (hour, factor) in rhythm.hours.iter_mut().enumerate() {
        *factor = if hour < 12 { 0.5 } else { 1.5 };
    }
    Hawkes { base: vec![0.002, 0.001], excitations, rhythm }
}

#[test]
fn the_recursion_is_the_double_sum() {
    let hawkes = two_kinds();
    let end = 40_000.0;
    let events = by_clusters(&hawkes, end, &mut Seed(1).stream("t")).unwrap();
    assert!(events.len() > 50);
    let mut direct = 0.0;
    for (place, event) in events.iter().enumerate() {
        let mut rate = hawkes.base[event.kind as usize] * hawkes.rhythm.at(event.at);
        for past in &events[..place] {
            for e in hawkes.excitations.iter().filter(|e| e.from == past.kind && e.to == event.kind) {
                rate += e.weight * e.decay * (-e.decay * (event.at - past.at)).exp();
            }
        }
        direct += rate.ln();
        for e in hawkes.excitations.iter().filter(|e| e.from == event.kind) {
            direct -= e.weight * (1.0 - (-e.decay * (end - event.at)).exp());
        }
    }
    // Eleven hours and 400 seconds: all before noon.
    direct -= 0.003 * 0.5 * end;
    let found = log_likelihood(&hawkes, &events, end).unwrap();
    assert!((found - direct).abs() < 1e-8 * direct.abs(), "{found} and {direct}");
}

#[test]
fn both_simulations_have_the_exact_mean_and_one_law() {
    let (base, weight, decay, end) = (0.01, 0.6, 0.02, 4_000.0);
    let excitations = vec![Excitation { from: 0, to: 0, weight, decay }];
    let hawkes = Hawkes { base: vec![base], excitations, rhythm: Rhythm::flat() };
    let runs = 1_500_u64;
    let counts = |simulate: fn(&Hawkes, f64, &mut daotwin_core::random::Stream) -> Result<Vec<Event>>,
                  purpose: &str| {
        let streams = Seed(2).streams(purpose);
        (0..runs)
            .map(|run| simulate(&hawkes, end, &mut streams.stream(run)).unwrap().len() as f64)
            .collect::<Vec<_>>()
    };
    let (clusters, thinned) = (counts(by_clusters, "clusters"), counts(by_thinning, "thinning"));
    let exact = expected_events(base, weight, decay, end);
    // The mean of 1,500 counts is normal to good accuracy: 4.9 standard errors are left with probability 1e-6.
    let off = |counts: &[f64], exact: f64| {
        (mean(counts) - exact).abs() / (standard_deviation(counts) / (runs as f64).sqrt())
    };
    assert!(off(&clusters, exact) < 4.9, "{} and {exact}", mean(&clusters));
    assert!(off(&thinned, exact) < 4.9, "{} and {exact}", mean(&thinned));
    // Two samples of n: the distance exceeds 2.69 / sqrt(n / 2) with probability 2 exp(-2 x 2.69^2) = 1e-6; ties lower it.
    let bar = 2.69 / (runs as f64 / 2.0).sqrt();
    let distance = kolmogorov_smirnov(&clusters, &thinned);
    assert!(distance < bar, "{distance} against {bar}");
    // Negative control: a slightly weaker excitation is told apart by both.
    let wrong = expected_events(base, 0.55, decay, end);
    assert!(off(&clusters, wrong) > 4.9 && off(&thinned, wrong) > 4.9);
}

#[test]
fn both_simulations_follow_rhythm_and_kinds() {
    let hawkes = two_kinds();
    let end = 80.0 * DAY;
    let clusters = by_clusters(&hawkes, end, &mut Seed(3).stream("c")).unwrap();
    let thinned = by_thinning(&hawkes, end, &mut Seed(3).stream("t")).unwrap();
    for events in [&clusters, &thinned] {
        assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at));
        let found = goodness(&hawkes, events, end).unwrap();
        assert!(found.probability > 1e-6, "{found:?}");
        // Negative control: the same without the rhythm, and without excitement.
        let flat = Hawkes { rhythm: Rhythm::flat(), ..hawkes.clone() };
        assert!(goodness(&flat, events, end).unwrap().probability < 1e-6);
        let calm = Hawkes { excitations: Vec::new(), base: vec![0.004, 0.003], ..hawkes.clone() };
        assert!(goodness(&calm, events, end).unwrap().probability < 1e-6);
    }
}

#[test]
fn a_fit_recovers_what_made_the_events() {
    let truth = two_kinds();
    let end = 60.0 * DAY;
    let events = by_thinning(&truth, end, &mut Seed(4).stream("fit")).unwrap();
    let start = Hawkes { base: vec![0.001; 2], excitations: guess(2, &[120.0]), rhythm: Rhythm::flat() };
    let options = FitOptions { hours: true, passes: 600, tolerance: 1e-9, ..FitOptions::default() };
    let found = fit(&start, &events, end, &options).unwrap();
    let at_truth = log_likelihood(&truth, &events, end).unwrap();
    assert!(found.log_likelihood > at_truth, "{} and {at_truth}", found.log_likelihood);
    // Twice the difference is chi-square with 2 + 8 + 23 degrees of freedom: above 93 with probability 1e-7.
    assert!(2.0 * (found.log_likelihood - at_truth) < 93.0);
    for (fitted, real) in found.hawkes.excitations.iter().zip(&truth.excitations) {
        assert!((fitted.weight - real.weight).abs() < 0.08, "{fitted:?} for {real:?}");
    }
    assert!(
        (found.hawkes.rhythm.hours[18] - 1.5).abs() < 0.3 && (found.hawkes.rhythm.hours[3] - 0.5).abs() < 0.2
    );
    // No direction raises the likelihood: weights and decays, each changed by a hundredth.
    let level = |hawkes: &Hawkes| log_likelihood(hawkes, &events, end).unwrap();
    let best = level(&found.hawkes);
    for place in 0..4 {
        for factor in [0.97, 1.03] {
            let mut moved = found.hawkes.clone();
            moved.excitations[place].weight *= factor;
            assert!(level(&moved) < best + 0.01);
            let mut moved = found.hawkes.clone();
            moved.excitations[place].decay *= factor;
            assert!(level(&moved) < best + 0.01);
        }
    }
    // Negative control: events without any excitement are fitted with none.
    let calm = Hawkes::poisson(vec![0.004, 0.003]);
    let events = by_clusters(&calm, end, &mut Seed(5).stream("calm")).unwrap();
    let found = fit(&start, &events, end, &FitOptions::default()).unwrap();
    assert!(found.hawkes.branching_ratio() < 0.1, "{:?}", found.hawkes.excitations);
}

#[test]
fn days_have_the_hours_and_the_number_that_were_asked() {
    let mut hawkes = two_kinds();
    hawkes.rhythm.hours = std::array::from_fn(|hour| if hour == 5 { 24.0 } else { 0.0 });
    hawkes.excitations.clear();
    let times = simulate::within_day(&hawkes, 100, &mut Seed(6).stream("day"));
    assert_eq!(times.len(), 100);
    assert!(times.iter().all(|at| (5.0 * HOUR..6.0 * HOUR).contains(at)));
}

#[test]
fn branching_and_the_limit_law_have_known_values() {
    // Eigenvalues of [[0.4, 0.1], [0.3, 0.2]] are 0.5 and 0.1.
    assert!((two_kinds().branching_ratio() - 0.5).abs() < 1e-9);
    // Quantiles of Kolmogorov's law: 1.3581 at 5 %, 1.6276 at 1 %.
    let n = 1_000_000;
    assert!((kolmogorov(1.3581 / 1e3, n) - 0.05).abs() < 1e-4);
    assert!((kolmogorov(1.6276 / 1e3, n) - 0.01).abs() < 1e-4);
}

#[test]
fn what_makes_no_sense_is_told_all_at_once() {
    let mut hawkes = two_kinds();
    hawkes.base[1] = -1.0;
    hawkes.excitations[0].decay = 0.0;
    hawkes.excitations[2].to = 7;
    let problem = hawkes.check().unwrap_err().to_string();
    for place in ["base[1]", "excitations[0].decay", "excitations[2].to"] {
        assert!(problem.contains(place), "{problem}");
    }
    let mut endless = two_kinds();
    endless.excitations[0].weight = 2.0;
    assert!(endless.check().unwrap_err().to_string().contains("branching ratio"));
    let events = [Event { at: 5.0, kind: 0 }, Event { at: 4.0, kind: 0 }];
    assert!(log_likelihood(&two_kinds(), &events, 10.0).unwrap_err().to_string().contains("events[1].at"));
}
