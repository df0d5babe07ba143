//! Edges a second of one core, and memory that stays.

use daotwin_core::Seed;
use daotwin_detection::Event;
use daotwin_detection::features::{Features, Learned};
use daotwin_detection::midas::{Settings, Sketch};

use crate::{Table, head};

/// Seconds that this process has run on processors, to a hundredth; others on the machine do not count.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15 of the whole line; the name in parentheses may have spaces.
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks: f64 =
        after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}

const EDGES: usize = 20_000_000;

pub(crate) fn run(table: &mut Table) {
    head(&format!("the sketch: {EDGES} edges of 1,000,000 accounts, one a millisecond"));
    let mut stream = Seed(1).stream("reach speed");
    let ends: Vec<(u64, u64)> =
        (0..1 << 20).map(|_| (stream.below(1_000_000), stream.below(1_000_000))).collect();
    let mut sketch = Sketch::new(Settings { cells: 1 << 14, ..Settings::default() }).unwrap();
    let before = sketch.bytes();
    let start = processor_seconds();
    let mut sum = 0.0;
    for index in 0..EDGES {
        let (actor, other) = ends[index & ((1 << 20) - 1)];
        sum += sketch.edge(actor, other ^ (index as u64 >> 20), (index / 1_000) as i64);
    }
    let taken = (processor_seconds() - start).max(0.01);
    table.say("edges a second of one core", EDGES as f64 / taken, Some(1e6));
    let same = sketch.bytes() == before && sum.is_finite();
    table.line(
        "bytes, before and after",
        &format!("{before}, {}", sketch.bytes()),
        Some("the same".to_owned()),
        same,
    );

    let mut features = Features::new(Learned::fit(&[], None, Seed(1)).unwrap()).unwrap();
    let names: Vec<String> = (0..4096).map(|index| format!("member-{index}")).collect();
    let (before, start, acts) = (features.bytes(), processor_seconds(), 200_000);
    for (index, &(actor, other)) in ends[..acts].iter().enumerate() {
        let name = |end: u64| names[end as usize & 4095].as_str();
        let event = Event {
            at: index as i64,
            actor: name(actor),
            other: name(other),
            text: "gm, shall we vote on the budget",
            ..Event::default()
        };
        std::hint::black_box(features.row(&event));
    }
    let taken = (processor_seconds() - start).max(0.01);
    table.say("acts a second of one core, all features of `boosting`", acts as f64 / taken, None);
    table.line(
        "bytes, before and after",
        &format!("{before}, {}", features.bytes()),
        Some("the same".to_owned()),
        features.bytes() == before,
    );
}
