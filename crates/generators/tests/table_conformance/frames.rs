//! The tables that the checks learn.

use daotwin_core::Seed;
use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};

fn column(name: &str, kind: Kind, optional: bool, bounds: (f64, f64)) -> Column {
    Column { name: name.to_owned(), kind, optional, bounds }
}

fn labels(count: usize) -> Kind {
    Kind::Categorical { labels: (0..count).map(|label| format!("label {label:06}")).collect() }
}

/// A table with a column of every kind: missing values, a spike at zero, a heavy tail, and labels that follow
/// each other.
pub(crate) fn ordinary(rows: usize) -> Frame {
    let mut stream = Seed(11).stream("ordinary table");
    let (mut group, mut flag, mut age, mut amount, mut day, mut seen) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rows {
        let of = stream.below(5) as u32;
        group.push(if stream.chance(0.05) { MISSING } else { of });
        flag.push(u32::from(stream.chance(0.2 + 0.12 * f64::from(of))));
        age.push((30.0 + 5.0 * f64::from(of) + 6.0 * stream.normal()).round().clamp(0.0, 99.0));
        let tail = (stream.normal() * 2.0 + f64::from(of)).exp();
        amount.push(if stream.chance(0.3) { 0.0 } else { (tail * 100.0).round() / 100.0 });
        day.push(86_400.0 * (18_000.0 + stream.below(700) as f64));
        seen.push(if stream.chance(0.1) { f64::NAN } else { 1.6e9 + stream.below(10_000_000) as f64 });
    }
    let most = amount.iter().copied().fold(0.0, f64::max);
    let columns = vec![
        column("group", labels(5), true, (0.0, 0.0)),
        column("flag", Kind::Boolean { labels: ["false".to_owned(), "true".to_owned()] }, false, (0.0, 0.0)),
        column("age", Kind::Integer, false, (0.0, 99.0)),
        column("amount", Kind::Numeric { decimals: Some(2) }, false, (0.0, most)),
        column("day", Kind::Datetime { day: true }, false, (86_400.0 * 18_000.0, 86_400.0 * 18_699.0)),
        column("seen", Kind::Datetime { day: false }, true, (1.6e9, 1.61e9)),
    ];
    let values = vec![
        Values::Code(group),
        Values::Code(flag),
        Values::Number(age),
        Values::Number(amount),
        Values::Number(day),
        Values::Number(seen),
    ];
    Frame::new(columns, values).unwrap()
}

/// Tables that a model must learn or refuse, by name.
pub(crate) fn hostile() -> Vec<(&'static str, Frame)> {
    let number = Kind::Numeric { decimals: None };
    let one = |kind: Kind, optional: bool, bounds, values| {
        Frame::new(vec![column("only", kind, optional, bounds)], vec![values]).unwrap()
    };
    let wide = 100_000;
    let mut stream = Seed(12).stream("hostile table");
    let many: Vec<u32> = (0..wide as u32).collect();
    let beside: Vec<f64> = (0..wide).map(|_| stream.normal()).collect();
    let extreme = [f64::MAX, f64::MIN, f64::MIN_POSITIVE, -0.0, 0.0, 1e300, -1e-300, 5e-324];
    let both = |number: Vec<f64>, code: Vec<u32>| {
        let columns = vec![
            column("number", Kind::Numeric { decimals: None }, true, (-1.0, 1.0)),
            column("label", labels(3), true, (0.0, 0.0)),
        ];
        Frame::new(columns, vec![Values::Number(number), Values::Code(code)]).unwrap()
    };
    vec![
        ("no row", ordinary(0)),
        ("one row", ordinary(1)),
        ("two rows", ordinary(2)),
        ("one label", one(labels(1), false, (0.0, 0.0), Values::Code(vec![0; 500]))),
        ("all missing", both(vec![f64::NAN; 300], vec![MISSING; 300])),
        ("constant", both(vec![0.5; 300], vec![1; 300])),
        ("no column", Frame::new(Vec::new(), Vec::new()).unwrap()),
        (
            "100,000 labels",
            Frame::new(
                vec![
                    column("label", labels(wide), false, (0.0, 0.0)),
                    column("n", number.clone(), false, (-9.0, 9.0)),
                ],
                vec![Values::Code(many), Values::Number(beside)],
            )
            .unwrap(),
        ),
        (
            "extreme numbers",
            one(number.clone(), false, (f64::MIN, f64::MAX), Values::Number(extreme.repeat(40))),
        ),
        ("labels that never occur", one(labels(50), true, (0.0, 0.0), Values::Code(vec![3; 100]))),
        (
            "whole numbers beyond 2^53",
            one(
                Kind::Integer,
                false,
                (0.0, 1e18),
                Values::Number((0..200).map(|at| f64::from(at) * 5e15).collect()),
            ),
        ),
    ]
}
