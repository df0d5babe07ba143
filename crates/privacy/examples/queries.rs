//! What each query of the whole range costs on a processor: `cargo run --release --example queries [MILLISECONDS]`
//! lists those above so many, and calibrations.

use std::time::Duration;

use daotwin_privacy::accountant::{Event, calibrate, pld};

/// Time that this thread has spent on a processor.
fn clock() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = told.and_then(|text| text.split_whitespace().next()?.parse().ok());
    let start = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    spent.map_or(start, Duration::from_nanos)
}

#[expect(clippy::print_stdout, clippy::expect_used, reason = "a program that prints figures")]
fn main() {
    let limit = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(50.0);
    let (mut total, mut worst_gap, mut over) = (0.0, 0.0_f64, 0);
    for sigma in [0.3, 0.5, 1.0, 3.0, 10.0, 100.0] {
        for times in [1, 10, 1000, 100_000, 1_000_000] {
            for rate in [1e-5, 1e-4, 1e-3, 0.03, 0.5, 1.0] {
                let event = Event::sampled_gaussian(rate, sigma).times(times);
                let start = clock();
                let found = pld::epsilon(&event, 1e-6).expect("an event in range");
                let took = clock().saturating_sub(start).as_secs_f64() * 1e3;
                let gap = (found.upper - found.lower) / found.upper.max(1e-9);
                total += took;
                worst_gap = worst_gap.max(gap);
                if took > limit {
                    over += 1;
                    println!(
                        "{took:7.1} ms  rate {rate} sigma {sigma} times {times}: {:.6} to {:.6}, gap {:.4} %",
                        found.lower,
                        found.upper,
                        gap * 1e2
                    );
                }
            }
        }
    }
    println!("180 queries: {total:.0} ms, {over} above {limit} ms, widest gap {:.4} %", worst_gap * 1e2);
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
