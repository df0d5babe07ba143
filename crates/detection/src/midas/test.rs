use std::collections::BTreeMap;

use super::*;

fn settings(judged: Judged, decay: f32) -> Settings {
    Settings { rows: 4, cells: 1 << 14, tick_seconds: 10, decay, judged }
}

#[test]
fn the_sketch_agrees_with_exact_counts() {
    // With far more cells than keys the sketch is exact but with probability below 200 keys * (200/16384)^4 = 5e-6 for
    // chance hashes; these are fixed.
    let mut stream = Seed(4).stream("midas test");
    let mut sketch = Sketch::new(settings(Judged::Actor, 0.5)).unwrap();
    let mut exact: BTreeMap<u64, (f64, f64, i64)> = BTreeMap::new();
    let mut at = 0;
    for step in 0..5000 {
        // Ticks count from the first act.
        at += if step == 0 { 0 } else { stream.below(7) as i64 };
        let key = hash::mix(stream.below(200));
        let tick = at / 10 + 1;
        let entry = exact.entry(key).or_insert((0.0, 0.0, tick));
        entry.0 = entry.0 * 0.5_f64.powi((tick - entry.2) as i32) + 1.0;
        entry.1 += 1.0;
        entry.2 = tick;
        let asked = surprise(entry.0, entry.1, tick as u32);
        let reached = sketch.edge(key, 0, at);
        assert!((asked - reached).abs() <= 1e-4 * asked.max(1.0), "{asked} {reached}");
    }
}

#[test]
fn the_statistic_of_a_worked_case() {
    // 3 of 4 in the fourth tick: (3 - 1)^2 * 16 / (4 * 3).
    assert!((surprise(3.0, 4.0, 4) - 16.0 / 3.0).abs() < 1e-12);
    assert_eq!(surprise(9.0, 9.0, 1), 0.0);
}

#[test]
fn a_burst_stands_out_and_memory_does_not_grow() {
    let mut sketch = Sketch::new(settings(Judged::Largest, 0.5)).unwrap();
    let bytes = sketch.bytes();
    let mut stream = Seed(5).stream("midas burst");
    let mut usual = 0.0_f64;
    for step in 0..20_000_i64 {
        let score = sketch.edge(hash::mix(stream.below(50)), hash::mix(stream.below(50)), step);
        if step > 10_000 {
            usual = usual.max(score);
        }
    }
    let mut burst = 0.0_f64;
    for _ in 0..60 {
        burst = burst.max(sketch.edge(hash::mix(7), hash::mix(8), 20_000));
    }
    assert!(burst > 3.0 * usual, "{burst} against {usual}");
    assert_eq!(sketch.bytes(), bytes);
}

#[test]
fn time_that_goes_back_or_jumps_absurdly_is_harmless() {
    let mut sketch = Sketch::new(Settings::default()).unwrap();
    for at in [0, -5, i64::MAX, i64::MIN, 3] {
        assert!(sketch.edge(1, 2, at).is_finite());
    }
}

#[test]
fn senseless_settings_are_all_named() {
    let bad = Settings { rows: 0, cells: 0, tick_seconds: 0, decay: f32::NAN, judged: Judged::Edge };
    let text = Sketch::new(bad).unwrap_err().to_string();
    for name in ["rows", "cells", "tick_seconds", "decay"] {
        assert!(text.contains(name), "{text}");
    }
}
