//! One fit of one model to one table, in a process of its own.

use std::collections::BTreeMap;
use std::error::Error;

use daotwin::core::{Run, Seed};
use daotwin::evaluation::table::{TableOptions, evaluate_table};
use daotwin::generators::table::{constrained, registry, sample};
use daotwin::history::frame::synthesizer::TableFitOptions;
use daotwin::history::frame::{Constraint, Frame};
use daotwin::history::synthesizer::PrivacyOptions;

use crate::figures::Row;
use crate::support::{peak_mebibytes, processor_seconds};
use crate::tables::{TABLES, load};

/// The delta of private fits.
pub(crate) const DELTA: f64 = 1e-9;

/// The figures that the evaluation gives, by their name here.
pub(crate) const SCORES: [(&str, &str); 11] = [
    ("marginals1", "table.fidelity.marginals1"),
    ("marginals2", "table.fidelity.marginals2"),
    ("marginals3", "table.fidelity.marginals3"),
    ("kmarginal2", "table.fidelity.kmarginal2"),
    ("detection", "table.detection.auc"),
    ("utility", "table.utility.auc"),
    ("f1", "table.utility.f1"),
    ("copies", "table.privacy.copies"),
    ("nearest", "table.privacy.nearest"),
    ("membership", "table.privacy.membership"),
    ("tail of weight", "table.fidelity.tail.weight"),
];

/// How a fit differs from that of the page.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    /// Learn from so many rows of the table, evenly spread over it.
    rows: usize,
    /// The first of them.
    draw: usize,
    /// So many times the table's columns: copies whose rows are shifted against each other.
    beside: usize,
    /// Drives the noise.
    noise: u64,
    /// Settings of the model.
    settings: Vec<(String, f64)>,
}

impl Variant {
    /// Reads `rows=N`, `draw=N`, `beside=N`, `noise=N` and settings of the model.
    pub(crate) fn read(arguments: &[String]) -> Result<Self, Box<dyn Error>> {
        let mut variant = Self { rows: usize::MAX, draw: 0, beside: 1, noise: 1, settings: Vec::new() };
        for argument in arguments {
            let (name, value) = argument.split_once('=').ok_or("a variant is NAME=NUMBER")?;
            match name {
                "rows" => variant.rows = value.parse()?,
                "draw" => variant.draw = value.parse()?,
                "beside" => variant.beside = value.parse()?,
                "noise" => variant.noise = value.parse()?,
                _ => variant.settings.push((name.to_owned(), value.parse()?)),
            }
        }
        Ok(variant)
    }

    fn of(&self, frame: &Frame, rows: usize) -> Result<Frame, Box<dyn Error>> {
        let rows = rows.min(frame.rows());
        let step = frame.rows() / rows.max(1);
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for copy in 0..self.beside {
            let shifted = frame.take(
                &(0..rows)
                    .map(|row| ((row + copy * 997) % rows * step + self.draw) % frame.rows())
                    .collect::<Vec<_>>(),
            );
            for (place, column) in shifted.columns().iter().enumerate() {
                let mut column = column.clone();
                column.name = if copy == 0 { column.name } else { format!("{} {copy}", column.name) };
                columns.push(column);
                values.push(shifted.values(place).clone());
            }
        }
        Ok(Frame::new(columns, values)?)
    }
}

/// The row of this fit as JSON; epsilon 0 is no guarantee.
pub(crate) fn one(table: &str, model: &str, epsilon: f64, variant: &Variant) -> String {
    let epsilon = (epsilon > 0.0).then_some(epsilon);
    let row = measured(table, model, epsilon, variant)
        .unwrap_or_else(|error| Row::failed(table, model, epsilon, error.to_string()));
    serde_json::to_string(&row).unwrap_or_default()
}

fn measured(name: &str, model: &str, epsilon: Option<f64>, variant: &Variant) -> Result<Row, Box<dyn Error>> {
    let table = TABLES.iter().find(|table| table.name == name).ok_or("no such table")?;
    let synthesizer = registry::find(model).ok_or("no such model")?;
    let loaded = load(table)?.ok_or("no such data")?;
    let run = Run::default();
    let privacy = epsilon.map(|epsilon| PrivacyOptions {
        epsilon,
        delta: DELTA,
        ledger: "unused".into(),
        account: None,
        test_noise: Some(Seed(variant.noise)),
    });
    // The domain of the table itself is declared, as it is to the peers.
    let (train, holdout) =
        (variant.of(&loaded.train, variant.rows)?, variant.of(&loaded.holdout, usize::MAX)?);
    let places = 0..train.columns().len();
    let train = train.with_declared(places);
    // A private fit refuses constraints that read the data.
    let mut constraints = loaded.constraints;
    constraints.retain(|constraint| epsilon.is_none() || matches!(constraint, Constraint::Order(..)));
    let settings = variant.settings.clone();
    let options = TableFitOptions { seed: Seed(1), privacy, settings, ..TableFitOptions::default() };
    let before = processor_seconds();
    let fitted = constrained::fit(synthesizer, &train, &constraints, &options, &run)?;
    let fit = processor_seconds() - before;
    let peak = peak_mebibytes();

    let mut figures = BTreeMap::from([("fit_cpu_s".to_owned(), fit), ("peak_mib".to_owned(), peak)]);
    let rows = train.rows() as u64;
    let before = processor_seconds();
    let synthetic = sample(fitted.as_ref(), rows, &Vec::new(), Seed(2), &run)?;
    let (mut sampled, mut seconds) = (rows, processor_seconds() - before);
    // The clock ticks in hundredths of a second: fast models sample more.
    while seconds < 0.3 {
        let more = sampled.clamp(rows, 1 << 20);
        sample(fitted.as_ref(), more, &Vec::new(), Seed(3), &run)?;
        sampled += more;
        seconds = processor_seconds() - before;
    }
    figures.insert("rows_per_cpu_s".to_owned(), sampled as f64 / seconds);

    let few = train.take(&(0..train.rows().min(5)).collect::<Vec<_>>());
    let mut stream = Seed(4).streams("matrix").stream(0);
    let densities = fitted.log_density(&few).is_some();
    let imputes = fitted.impute(&few, &mut stream).is_some();

    let options = TableOptions { seed: Seed(1), target: Some(table.target.to_owned()) };
    let evaluation = evaluate_table(&train, &synthetic, Some(&holdout), &options, &run)?;
    let mut references = vec![BTreeMap::new(); 3];
    for (id, score) in SCORES {
        let Some(score) = evaluation.score(score) else { continue };
        figures.insert(id.to_owned(), score.value);
        for (reference, known) in
            references.iter_mut().zip(["holdout", "independent columns", "train on real"])
        {
            let found = score.references.iter().find(|(name, _)| name == known);
            reference.extend(found.map(|(_, value)| (id.to_owned(), rounded(*value))));
        }
    }
    let figures = figures.into_iter().map(|(id, value)| (id, rounded(value))).collect();
    Ok(Row {
        table: name.to_owned(),
        model: model.to_owned(),
        epsilon,
        failed: None,
        device: "cpu".to_owned(),
        densities,
        imputes,
        figures,
        references,
    })
}

/// Five places: more is noise of the measurement.
fn rounded(value: f64) -> f64 {
    (value * 1e5).round() / 1e5
}
