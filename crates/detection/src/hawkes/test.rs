use super::*;

/// By clusters: immigrants, each with generations of children.
fn draw(process: Process, span: f64, seed: u64) -> Vec<f64> {
    let mut stream = Seed(seed).stream("hawkes test");
    let mut times: Vec<f64> =
        (0..stream.poisson(process.base * span)).map(|_| stream.uniform() * span).collect();
    let mut next = 0;
    while next < times.len() {
        for _ in 0..stream.poisson(process.branching) {
            let at = times[next] + stream.exponential() / process.decay;
            if at < span {
                times.push(at);
            }
        }
        next += 1;
    }
    times.sort_by(f64::total_cmp);
    times
}

#[test]
fn the_fit_finds_what_was_drawn() {
    let truth = Process { base: 0.001, branching: 0.6, decay: 0.02 };
    // Spans differ, and most sequences are short: what is observed of each counts, and single acts have no children.
    let span = |seed: u64| if seed < 20 { 1e6 } else { 2e3 };
    let sequences: Vec<(Vec<f64>, f64)> =
        (0..520).map(|seed| (draw(truth, span(seed), seed), span(seed))).collect();
    let fitted = Process::fit(&sequences).unwrap();
    // About 50,000 acts: standard errors below 1.5 % of each; 5 of them are a false alarm below 1e-6.
    for (asked, reached) in
        [(truth.base, fitted.base), (truth.branching, fitted.branching), (truth.decay, fitted.decay)]
    {
        assert!((reached / asked - 1.0).abs() < 0.075, "{fitted:?}");
    }
    assert_eq!(Process::fit(&[(vec![1.0; 3], 5.0)]), None);
}

#[test]
fn the_sum_of_exponentials_of_worked_cases() {
    assert!((gamma_below(1, 1.0) - (1.0 - f64::exp(-1.0))).abs() < 1e-12);
    assert!((gamma_below(2, 0.5) - (1.0 - f64::exp(-0.5) * 1.5)).abs() < 1e-12);
    assert!((gamma_below(2, 5.0) - (1.0 - f64::exp(-5.0) * 6.0)).abs() < 1e-12);
    // Both branches meet.
    assert!((gamma_below(8, 8.0) - gamma_below(8, 8.000_001)).abs() < 1e-6);
}

#[test]
fn residuals_are_exponential_under_the_model_and_a_burst_is_not() {
    let process = Process { base: 0.001, branching: 0.5, decay: 0.01 };
    let times = draw(process, 4e6, 9);
    // One process for the fit, twice the rate for the negative control.
    let shares = |residual: Process| {
        let mut residual = Residual::new(residual, 4);
        let high = times.iter().filter(|&&at| residual.act(1, (at * 1000.0) as i64) > 3.0).count();
        high as f64 / times.len() as f64
    };
    // Times are in milliseconds here, so that rounding to whole units does not count.
    let in_units =
        |p: Process| Process { base: p.base / 1000.0, branching: p.branching, decay: p.decay / 1000.0 };
    // A score above 3 has probability exp(-3) = 0.0498. Overlapping windows: the standard deviation of the share is below
    // sqrt(8 * 0.05 / 8000) = 0.007; five of them.
    let share = shares(in_units(process));
    assert!((share - 0.0498).abs() < 0.035, "{share}");
    let wrong = shares(in_units(Process { base: 0.0002, branching: 0.1, decay: 0.01 }));
    assert!(wrong > 0.1, "a process that is too slow must be surprised: {wrong}");
}
