//! What queries of the whole range cost on a processor, and how far apart their bounds are.
//!
//! - `cargo run --release -p daotwin-privacy --example queries [MILLISECONDS]`: 180 cases at delta 1e-6, of which those
//!   above so many milliseconds are listed, and calibrations.
//! - `cargo run --release -p daotwin-privacy --example queries scan [MILLISECONDS] [GAP_PERCENT]`: 1,152 cases over
//!   delta, sigma, steps and rate; the slowest and the widest, all above these limits, and quantiles.
//!
//! A gap is the distance between the bounds over the upper one, or over 0.001 where that is larger: of an epsilon near
//! zero nobody needs a thousandth.

use std::time::Duration;

use daotwin_privacy::accountant::{Bounds, Event, calibrate, pld};

/// Time that this thread has spent on a processor.
fn clock() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = told.and_then(|text| text.split_whitespace().next()?.parse().ok());
    let start = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    spent.map_or(start, Duration::from_nanos)
}

/// A query and what came of it.
struct Case {
    delta: f64,
    sigma: f64,
    times: u64,
    rate: f64,
    found: Bounds,
    milliseconds: f64,
}

impl Case {
    /// Asks once; where that seems to take long, some systems' clocks being coarse, the mean of four more times counts.
    #[expect(clippy::expect_used, reason = "a program that prints figures")]
    fn ask(delta: f64, sigma: f64, times: u64, rate: f64, long: f64) -> Self {
        let event = Event::sampled_gaussian(rate, sigma).times(times);
        let ask = || pld::epsilon(&event, delta).expect("an event in range");
        let start = clock();
        let found = ask();
        let mut milliseconds = clock().saturating_sub(start).as_secs_f64() * 1e3;
        if milliseconds > long {
            let start = clock();
            for _ in 0..4 {
                std::hint::black_box(ask());
            }
            milliseconds = clock().saturating_sub(start).as_secs_f64() * 1e3 / 4.0;
        }
        Self { delta, sigma, times, rate, found, milliseconds }
    }

    fn gap(&self) -> f64 {
        (self.found.upper - self.found.lower) / self.found.upper.max(1e-3)
    }

    #[expect(clippy::print_stdout, reason = "a program that prints figures")]
    fn show(&self) {
        let Self { delta, sigma, times, rate, found, milliseconds } = self;
        println!(
            "{milliseconds:7.1} ms  delta {delta:e} rate {rate} sigma {sigma} times {times}: {:.9} to {:.9}, gap {:.4} %",
            found.lower,
            found.upper,
            self.gap() * 1e2
        );
    }
}

/// Every combination.
fn cases(deltas: &[f64], sigmas: &[f64], times: &[u64], rates: &[f64], long: f64) -> Vec<Case> {
    let mut cases = Vec::new();
    for &delta in deltas {
        for &sigma in sigmas {
            for &times in times {
                cases.extend(rates.iter().map(|&rate| Case::ask(delta, sigma, times, rate, long)));
            }
        }
    }
    cases
}

/// The values below which half, nine tenths and 99 of 100 cases lie, and the largest.
fn quantiles(cases: &[Case], value: impl Fn(&Case) -> f64) -> [f64; 4] {
    let mut values: Vec<f64> = cases.iter().map(value).collect();
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    [0.5, 0.9, 0.99, 1.0].map(|part| values[(part * last as f64).ceil() as usize])
}

#[expect(clippy::print_stdout, reason = "a program that prints figures")]
fn scan(limit: f64, widest: f64) {
    let mut cases = cases(
        &[1e-3, 1e-5, 1e-9, 1e-12],
        &[0.3, 0.42, 0.7, 1.3, 2.2, 7.0, 40.0, 100.0],
        &[1, 3, 100, 5_000, 30_000, 700_000],
        &[1e-6, 3e-5, 4e-4, 0.01, 0.2, 0.9],
        limit / 4.0,
    );
    let over =
        |value: &dyn Fn(&Case) -> f64, limit: f64| cases.iter().filter(|case| value(case) > limit).count();
    let slow = over(&|case| case.milliseconds, limit);
    let wide = over(&|case| case.gap() * 1e2, widest);
    let total: f64 = cases.iter().map(|case| case.milliseconds).sum();
    println!("the slowest:");
    cases.sort_by(|left, right| right.milliseconds.total_cmp(&left.milliseconds));
    cases.iter().take(slow.max(LISTED)).for_each(Case::show);
    println!("the widest:");
    cases.sort_by(|left, right| right.gap().total_cmp(&left.gap()));
    cases.iter().take(wide.max(LISTED)).for_each(Case::show);
    let [half, most, nearly, all] = quantiles(&cases, |case| case.milliseconds);
    println!("{} queries: {total:.0} ms, {slow} above {limit} ms", cases.len());
    println!(
        "  half within {half:.1}, 90 % within {most:.1}, 99 % within {nearly:.1}, all within {all:.1} ms"
    );
    let [half, most, nearly, all] = quantiles(&cases, |case| case.gap() * 1e2);
    println!(
        "  gaps: half within {half:.4}, 90 % within {most:.4}, 99 % within {nearly:.4}, all within {all:.4} %"
    );
    println!(
        "  {wide} gaps above {widest} %; a gap is relative to epsilon, or to 0.001 where that is larger"
    );
}

/// Cases that are listed at least.
const LISTED: usize = 5;

#[expect(clippy::print_stdout, reason = "a program that prints figures")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize, default: f64| {
        arguments.get(place).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    if arguments.first().is_some_and(|text| text == "scan") {
        return scan(number(1, 50.0), number(2, 0.1));
    }
    let limit = number(0, 50.0);
    let cases = cases(
        &[1e-6],
        &[0.3, 0.5, 1.0, 3.0, 10.0, 100.0],
        &[1, 10, 1000, 100_000, 1_000_000],
        &[1e-5, 1e-4, 1e-3, 0.03, 0.5, 1.0],
        limit / 4.0,
    );
    cases.iter().filter(|case| case.milliseconds > limit).for_each(Case::show);
    let total: f64 = cases.iter().map(|case| case.milliseconds).sum();
    let over = cases.iter().filter(|case| case.milliseconds > limit).count();
    // Here epsilon itself is the measure, however small.
    let relative = |case: &Case| (case.found.upper - case.found.lower) / case.found.upper.max(1e-9);
    let widest = cases.iter().map(relative).fold(0.0, f64::max);
    println!(
        "{} queries: {total:.0} ms, {over} above {limit} ms, widest gap {:.4} %",
        cases.len(),
        widest * 1e2
    );
    for (rate, times, epsilon, delta) in [
        (0.01, 1000, 1.0, 1e-5),
        (0.01, 1000, 3.0, 1e-5),
        (0.02, 5000, 8.0, 1e-6),
        (1e-3, 100_000, 1.0, 1e-6),
        (1e-5, 1_000_000, 1.0, 1e-6),
        (0.5, 100, 0.1, 1e-9),
    ] {
        let start = clock();
        let noise =
            calibrate::noise(|sigma| Event::sampled_gaussian(rate, sigma).times(times), epsilon, delta);
        let took = clock().saturating_sub(start).as_secs_f64() * 1e3;
        println!("{took:7.1} ms  noise for {epsilon} at rate {rate}, {times} times: {noise:?}");
    }
}
