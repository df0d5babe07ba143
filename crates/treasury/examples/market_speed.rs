//! Path-steps a second of one core: a path-step is one daily log return of one asset on one path.
//!
//! `cargo run --release -p daotwin-treasury --example market_speed -- [PYTHON]`: with a Python that has `numpy` and `arch`,
//! `market_speed_peer.py` runs beside. What is asked: at least 50 million for geometric Brownian motion and 20 million
//! for GARCH(1,1) with Student's t. Times are of the processor, not of the clock, where Linux tells them, so that other
//! work on the machine does not count; the best of five rounds. Exits 1 where a bound is missed.

#![expect(clippy::print_stdout, reason = "an example prints its figures")]
#![expect(clippy::unwrap_used, reason = "a measurement stops where it cannot go on")]

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Instant;

use daotwin_core::{Run, Seed};
use daotwin_treasury::market::Panel;
use daotwin_treasury::market::draws::Draws;
use daotwin_treasury::market::registry::find;

/// Paths and steps of a round.
const SIZE: (u64, usize) = (5_000, 1_000);

/// Days of returns with storms, so that GARCH has something to learn.
fn panel(assets: usize) -> Panel {
    let mut stream = Seed(1).stream("speed");
    let mut level: f64 = 0.0;
    let mut returns = vec![];
    for _ in 0..1_000 {
        level = 0.95 * level + 0.12 * stream.normal();
        let common = stream.normal();
        for _ in 0..assets {
            returns.push(0.03 * level.exp() * (0.8 * common + 0.6 * stream.normal()));
        }
    }
    Panel::new((0..assets).map(|asset| format!("asset{asset}")).collect(), returns).unwrap()
}

/// Seconds of this thread's processor, or of the clock.
fn seconds(begun: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| begun.elapsed().as_secs_f64(), |value| value * 1e-9)
}

fn main() {
    let peers: BTreeMap<String, f64> = std::env::args().nth(1).map_or_else(BTreeMap::new, |python| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/market_speed_peer.py");
        let output = Command::new(python).arg(script).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    });
    let mut missed = false;
    for (name, model, assets, asked, beside) in [
        ("gbm, one asset", "gbm", 1, Some(50e6), &["numpy gbm"][..]),
        ("gbm, four assets that go together", "gbm", 4, None, &["numpy gbm of four"][..]),
        ("garch with t, one asset", "garch", 1, Some(20e6), &["numpy garch-t", "arch garch-t"][..]),
        ("gjr with t, one asset", "gjr", 1, None, &[][..]),
        ("t copula over gjr, four assets", "t-copula", 4, None, &[][..]),
        ("vine over gjr, four assets", "vine", 4, None, &[][..]),
        ("stationary bootstrap, four assets", "bootstrap", 4, None, &[][..]),
    ] {
        let fitted = find(model).unwrap().fit(&panel(assets), Seed(1), &Run::default()).unwrap();
        let draws = Draws::new(Seed(2));
        let (paths, steps) = (if assets == 1 { SIZE.0 } else { SIZE.0 / 2 }, SIZE.1);
        let mut out = vec![0.0; steps * assets];
        let mut best = f64::INFINITY;
        let mut sum = 0.0;
        for _ in 0..5 {
            let clock = Instant::now();
            let begun = seconds(clock);
            for path in 0..paths {
                fitted.path(&draws, path, &mut out);
                sum += out[steps / 2];
            }
            best = best.min(seconds(clock) - begun);
        }
        assert!(f64::is_finite(sum));
        let speed = (paths as usize * steps * assets) as f64 / best;
        let asked_text = asked.map_or_else(|| "-".to_owned(), |asked: f64| format!("{:.0} M", asked / 1e6));
        println!("{name:<36} {:>7.1} M path-steps/s/core | asked {asked_text}", speed / 1e6);
        for peer in beside {
            if let Some(theirs) = peers.get(*peer) {
                println!("  {peer:<34} {:>7.1} M, {:.1} times", theirs / 1e6, speed / theirs);
            }
        }
        missed |= asked.is_some_and(|asked| speed < asked);
    }
    if peers.is_empty() {
        println!("peers not run: give a Python that has numpy and arch");
    }
    if missed {
        println!("BROKEN a speed is below what is asked");
        std::process::exit(1);
    }
}
