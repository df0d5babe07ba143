use daotwin_core::random::Seed;
use daotwin_core::statistics::{mean, normal_quantile};

use super::super::data;
use super::optimise::{covariance, minimise};
use super::*;

const TRUTH: Parameters = Parameters {
    level: 1.0,
    commitment_spread: 0.9,
    deviation_spread: 0.7,
    persistence: 0.5,
    shape: 2.0,
    leave: -2.0,
    leave_by_effort: -0.5,
    leave_new: 1.0,
    pause: -1.0,
    pause_by_overwork: 0.6,
    comeback: 0.4,
};

#[test]
fn parameters_go_to_free_numbers_and_back() {
    let again = Parameters::of_free(&TRUTH.free());
    for (one, other) in again.free().iter().zip(TRUTH.free()) {
        assert!((one - other).abs() < 1e-12);
    }
}

#[test]
fn activity_is_counted() {
    let acts = [("a", 0), ("b", 1), ("a", 0), ("a", 2), ("c", 3), ("b", 2)];
    let activity = Activity::of_acts(acts, true);
    assert_eq!(activity.members, [vec![(0, 2), (2, 1)], vec![(1, 1), (2, 1)], vec![(3, 1)]]);
    assert_eq!(activity.active(), [1, 1, 2, 1]);
    assert_eq!(activity.joining(), [1, 1, 0, 1]);
    assert_eq!(activity.kept(1, 2), [1.0, 0.0]);
    // Followed by one period before 4: a's 0 (no), b's 1 (yes), a's and b's 2 (no).
    assert_eq!(activity.retention(0, 4, 1), [0.25]);
    assert_eq!(activity.acts(0, 2), [2.0, 1.0]);
    assert_eq!(activity.until(2).members, [vec![(0, 2)], vec![(1, 1)]]);
}

#[test]
fn minima_are_found_with_their_curvature() {
    let valley = |at: &[f64]| (1.0 - at[0]).powi(2) + 100.0 * (at[1] - at[0] * at[0]).powi(2);
    let found = minimise(valley, &[-1.2, 1.0], 500);
    assert!(
        (found.place[0] - 1.0).abs() < 1e-3 && (found.place[1] - 1.0).abs() < 2e-3 && found.settled,
        "{found:?}"
    );
    // Half of x' A x with A = (2 1; 1 3): its inverse is (3 -1; -1 2) / 5.
    let bowl = |at: &[f64]| at[0] * at[0] + at[0] * at[1] + 1.5 * at[1] * at[1];
    let inverse = covariance(bowl, &[0.3, -0.2]).unwrap();
    for (found, exact) in inverse.iter().zip([0.6, -0.2, -0.2, 0.4]) {
        assert!((found - exact).abs() < 1e-6);
    }
    assert!(covariance(|at: &[f64]| at[0] * at[0] - at[1] * at[1], &[0.0, 0.0]).is_none());
}

/// The likelihood of short histories against how often the simulated model has them: a count of 400,000 is binomial, within 5.2
/// standard errors with chance 1 - 2e-7 each (five histories: 1e-6); the grid of the likelihood may take another 2 %.
#[test]
fn the_likelihood_is_how_often_a_history_happens() {
    const RUNS: usize = 400_000;
    let histories: [&[(u32, u32)]; 5] =
        [&[(0, 1)], &[(0, 1), (1, 1)], &[(0, 2), (2, 1)], &[(0, 1), (1, 3), (2, 2)], &[(0, 4), (1, 4)]];
    let streams = Seed(11).streams("likelihood");
    let mut counts = [0_u32; 5];
    for run in 0..RUNS as u64 {
        let mut stream = streams.stream(run);
        let mut person = Person::joining(&mut stream);
        let mut own = Vec::new();
        for period in 0..3 {
            let acts = person.acts(&TRUTH, 0.0, &mut stream);
            if acts > 0 {
                own.push((period, acts));
            }
            person.advance(&TRUTH, 0.0, &mut stream);
        }
        if let Some(place) = histories.iter().position(|history| *history == own) {
            counts[place] += 1;
        }
    }
    let chance = |history: &[(u32, u32)], parameters: &Parameters| {
        let activity = Activity { periods: 3, members: vec![history.to_vec()], from_beginning: true };
        Records::new(&activity).log_likelihood(parameters).exp()
    };
    let other = Parameters { leave: -1.0, ..TRUTH };
    let mut seen = 0;
    for (history, count) in histories.iter().zip(counts) {
        let (exact, often) = (chance(history, &TRUTH), f64::from(count) / RUNS as f64);
        let bound = |exact: f64| 5.2 * (exact * (1.0 - exact) / RUNS as f64).sqrt() + 0.02 * exact;
        assert!((often - exact).abs() < bound(exact), "{history:?}: {often} {exact}");
        let wrong = chance(history, &other);
        seen += u32::from((often - wrong).abs() > bound(wrong));
    }
    // Negative control: another chance of leaving is seen.
    assert!(seen >= 4, "{seen}");
}

/// Estimates are within 6 standard errors of what was simulated: 11 normal errors are within 5.4 with chance 1 - 1e-6, the rest is for
/// the bias of the priors and the grid.
#[test]
fn parameters_are_recovered() {
    let fit = fit(&draw(&TRUTH, 700, 12, Seed(3))).unwrap();
    let errors = fit.errors.unwrap();
    let distance = |truth: &Parameters| {
        let axes = fit.parameters.free().into_iter().zip(truth.free()).zip(errors);
        axes.map(|((found, truth), error)| ((found - truth) / error).abs()).fold(0.0, f64::max)
    };
    assert!(distance(&TRUTH) < 6.0, "{:?} {errors:?}", fit.parameters);
    // Negative control.
    assert!(distance(&Parameters { level: 2.0, ..TRUTH }) > 6.0);
    // Errors are small enough to mean something.
    assert!(errors.iter().all(|&error| error < 1.0), "{errors:?}");
}

#[test]
fn records_that_tell_too_little_are_refused() {
    let activity = Activity { periods: 2, members: vec![vec![(0, 1)]; 3], from_beginning: true };
    let message = fit(&activity).unwrap_err().to_string();
    assert_eq!(message.lines().count(), 3, "{message}");
    assert!(held_back(&activity, 1, 10, Seed(1)).unwrap_err().to_string().contains("cut: 1 of 2"));
}

/// Of a long series the fitted long-run mean is the series' own, and its spread and memory come back.
#[test]
fn joiners_come_back() {
    let truth = Joining { base: 6.0, recent: 0.5, memory: 0.2, shape: 5.0, next: 20.0 };
    let mut drawn = truth;
    let mut stream = Seed(6).stream("joiners");
    let counts: Vec<u32> = (0..2_000).map(|_| drawn.draw(&mut stream)).collect();
    assert!((truth.long_run() - 20.0).abs() < 1e-12);
    let own = mean(&counts.iter().map(|&count| f64::from(count)).collect::<Vec<_>>());
    let found = Joining::fit(&counts).unwrap();
    assert!((found.long_run() / own - 1.0).abs() < 0.03, "{found:?} {own}");
    // Five standard errors of a lag's coefficient at this length, about 0.03, and of the logarithm of the shape, about 0.05.
    assert!((found.recent - 0.5).abs() < 0.15 && (found.memory - 0.2).abs() < 0.25, "{found:?}");
    assert!((found.shape / 5.0).ln().abs() < 0.25, "{found:?}");
    assert!(Joining::fit(&[0, 0, 0, 0]).is_none() && Joining::fit(&[1, 2]).is_none());
}

#[test]
fn runs_go_on_from_the_records_and_do_not_depend_on_how_many_they_are() {
    let activity = draw(&TRUTH, 120, 8, Seed(9));
    let fit = fit(&activity).unwrap();
    let runs = carry_on(&activity, &fit, 3, 6, Seed(2));
    assert_eq!(carry_on(&activity, &fit, 3, 2, Seed(2)), runs[..2]);
    assert_ne!(runs[0], runs[1]);
    for run in &runs {
        assert_eq!(run.periods, 11);
        for (before, after) in activity.members.iter().zip(&run.members) {
            assert_eq!(before[..], after[..before.len()]);
        }
    }
    // Who acts in the last period is here; who stopped long ago mostly is not.
    let mut stream = Seed(2).stream("standing");
    for (own, person) in activity.members.iter().zip(Standings::new(&activity, &fit).draw(&mut stream)) {
        assert_eq!(own.last().unwrap().0 == 7, person.state == State::Here);
    }
}

/// Of figures of the model's own members, 90 % intervals hold most; they are not independent, so no chance is stated. Where
/// half of the members leave at the cut, which no record before it tells, they do not.
#[test]
fn the_model_foretells_its_own_members() {
    let mut activity = draw(&TRUTH, 400, 12, Seed(21));
    let of = held_back(&activity, 9, 60, Seed(1)).unwrap();
    assert_eq!(of.figures.len(), 7);
    assert!(of.covered() > 0.7, "{:?}", of.figures);
    let (model, simple) = of.errors("kept");
    assert!(model.is_finite() && simple.is_finite());
    for own in activity.members.iter_mut().step_by(2) {
        own.retain(|act| act.0 < 9);
    }
    activity.members.retain(|own| !own.is_empty());
    let of = held_back(&activity, 9, 60, Seed(1)).unwrap();
    assert!(of.covered() < 0.5, "{:?}", of.figures);
}

#[test]
fn spreads_are_those_of_a_log_normal() {
    // Quantiles of a log-normal law with spread 1.5.
    let amounts: Vec<f64> =
        (0..4_000).map(|n| (2.0 + 1.5 * normal_quantile((f64::from(n) + 0.5) / 4_000.0)).exp()).collect();
    let fitted = Spread::fit(&[amounts, vec![0.0; 1_000]].concat()).unwrap();
    assert!((fitted.level - 2.0).abs() < 1e-9 && (fitted.spread - 1.5).abs() < 0.005, "{fitted:?}");
    assert!((fitted.nothing - 0.2).abs() < 1e-12 && fitted.distance < 0.001);
    assert!((fitted.gini - fitted.fitted_gini).abs() < 0.01, "{fitted:?}");
    let (own, simple) = fitted.densities(&[1.0, 8.0, 60.0]);
    // By hand: ln of the density at e^2 is -2 - ln(1.5 sqrt(2 pi)).
    assert!((fitted.densities(&[2.0_f64.exp()]).0 + 2.0 + (1.5 * 2.506_628_274_631_f64).ln()).abs() < 0.01);
    assert!(own > simple);
    assert!(Spread::fit(&[1.0, 0.0]).is_none());
    let Some(folder) = data::folder() else {
        println!("skipped: the published sets are not here");
        return;
    };
    let (fast, slow) = data::grain(&folder).unwrap();
    let (week, ever) = (Spread::fit(&fast).unwrap(), Spread::fit(&slow).unwrap());
    assert!(week.nothing > ever.nothing && (week.members, ever.members) == (177, 638));
    assert!((ever.gini - ever.fitted_gini).abs() < 0.05, "{ever:?}");
    let developers = data::developers(&folder, 4).unwrap();
    assert_eq!((developers.members.len(), developers.periods), (217, 14));
}

/// Against a table worked by hand: stratum one 8 2 / 4 6, stratum two 3 3 / 1 5.
#[test]
fn the_response_is_the_common_odds_ratio() {
    let cell = |before, rewarded, stayed, count| vec![Case { at: 0, before, rewarded, stayed }; count];
    let cases = [
        cell(true, true, true, 8),
        cell(true, true, false, 2),
        cell(true, false, true, 4),
        cell(true, false, false, 6),
        cell(false, true, true, 3),
        cell(false, true, false, 3),
        cell(false, false, true, 1),
        cell(false, false, false, 5),
    ]
    .concat();
    let of = measure(&cases).unwrap();
    // (8 x 6 / 20 + 3 x 5 / 12) / (2 x 4 / 20 + 3 x 1 / 12) = 3.65 / 0.65.
    assert!((of.effect - (3.65_f64 / 0.65).ln()).abs() < 1e-12);
    assert_eq!((of.rewarded, of.refused), ((11, 16), (5, 16)));
    // R 2.4, 1.25; S 0.4, 0.25; P 0.7, 8/12; Q 0.3, 4/12.
    let (r, s) = (3.65_f64, 0.65_f64);
    let pr = 0.7 * 2.4 + 8.0 / 12.0 * 1.25;
    let mixed = 0.7 * 0.4 + 0.3 * 2.4 + 8.0 / 12.0 * 0.25 + 4.0 / 12.0 * 1.25;
    let qs = 0.3 * 0.4 + 4.0 / 12.0 * 0.25;
    let error = (pr / (2.0 * r * r) + mixed / (2.0 * r * s) + qs / (2.0 * s * s)).sqrt();
    assert!((of.interval.1 - of.effect - 1.96 * error).abs() < 1e-12);
    assert!(measure(&cases[..19]).is_none());
}

#[test]
fn answers_grow_ever_less() {
    assert_eq!(answer(2.0, 0.0, 10), 0.0);
    assert!((answer(2.0, 0.1, 10) + 1.0).abs() < 1e-12);
    assert!((answer(2.0, 1.0, 10) + 2.0).abs() < 0.01);
}

/// Where only the reward tells who stays, knowing it halves the error at least; where it tells nothing it does not help.
#[test]
fn a_reward_foretells_who_stays_only_where_it_does() {
    let mut stream = Seed(8).stream("cases");
    let mut cases = |tells: bool| -> Vec<Case> {
        (0..200)
            .map(|at| {
                let rewarded = stream.chance(0.5);
                let stayed = if tells { rewarded } else { stream.chance(0.5) };
                Case { at, before: stream.chance(0.5), rewarded, stayed }
            })
            .collect()
    };
    let [with, without, _] = foretold(&cases(true)).unwrap();
    assert!(with < without / 2.0, "{with} {without}");
    let [with, without, _] = foretold(&cases(false)).unwrap();
    assert!(with > 0.9 * without, "{with} {without}");
    assert!(foretold(&cases(true)[..19]).is_none());
}
