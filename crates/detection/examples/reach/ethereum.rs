//! Ethereum addresses: trees taught by a synthetic table against the same taught by the real one.

use daotwin_core::{Run, Seed};
use daotwin_detection::boosting::{Effort, Forest, Rows};
use daotwin_detection::measure::{average_precision, precision_at, precision_figure};
use daotwin_generators::table::{registry, sample};
use daotwin_history::frame::synthesizer::TableFitOptions;
use daotwin_history::frame::{Column, Frame, Kind, Values};

use crate::{Table, data, head, part, records};

/// The class is the last column.
fn rows(frame: &Frame) -> (Rows, Vec<Vec<f64>>, Vec<bool>) {
    let columns = frame.columns().len() - 1;
    let labels: Vec<bool> = frame.values(columns).codes().iter().map(|&code| code == 1).collect();
    let (mut rows, mut plain) = (Rows::new(columns), Vec::new());
    for (place, &label) in labels.iter().enumerate() {
        let row: Vec<f64> = (0..columns).map(|column| frame.values(column).numbers()[place]).collect();
        rows.push(&row, label, 1.0);
        plain.push(row);
    }
    (rows, plain, labels)
}

pub(crate) fn run(table: &mut Table) {
    let Some(folder) = data("eth-fraud") else { return };
    let all = records(&folder.join("address_features.csv.gz"));
    let (names, body) = all.split_first().unwrap();
    // Columns that never change or are texts are left out.
    let places: Vec<usize> = (2..names.len())
        .filter(|&place| {
            let number =
                |row: &Vec<String>| row[place].trim().is_empty() || row[place].trim().parse::<f64>().is_ok();
            body.iter().all(number) && body.iter().any(|row| row[place] != body[0][place])
        })
        .collect();
    let frame = |rows: &[&Vec<String>]| -> Frame {
        let (mut columns, mut values) = (Vec::new(), Vec::new());
        for &place in &places {
            let numbers: Vec<f64> =
                rows.iter().map(|row| row[place].trim().parse().unwrap_or(f64::NAN)).collect();
            let known = || numbers.iter().copied().filter(|value| !value.is_nan());
            columns.push(Column {
                name: format!("{place} {}", names[place].trim()),
                kind: Kind::Numeric { decimals: None },
                optional: numbers.iter().any(|value| value.is_nan()),
                bounds: (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max)),
            });
            values.push(Values::Number(numbers));
        }
        columns.push(Column {
            name: "fraud".to_owned(),
            kind: Kind::Boolean { labels: ["0".to_owned(), "1".to_owned()] },
            optional: false,
            bounds: (0.0, 0.0),
        });
        values.push(Values::Code(rows.iter().map(|row| u32::from(row[1] == "1")).collect()));
        Frame::new(columns, values).unwrap()
    };
    let (train, test): (Vec<&Vec<String>>, Vec<&Vec<String>>) =
        body.iter().partition(|row| part(&row[0]) < 75);
    let (train, test) = (frame(&train), frame(&test));
    head(&format!(
        "Ethereum addresses, split by a hash of the address: {} to learn from, {} to judge, {} columns",
        train.rows(),
        test.rows(),
        places.len()
    ));
    let (real, plain, labels) = rows(&train);
    let (_, judged, truth) = rows(&test);
    // Naive: the single column that, up or down, ranks the training part best.
    let single = |rows: &[Vec<f64>], column: usize, sign: f64| -> Vec<f64> {
        rows.iter().map(|row| if row[column].is_nan() { f64::MIN } else { sign * row[column] }).collect()
    };
    let (best, sign) = (0..places.len())
        .flat_map(|column| [(column, 1.0), (column, -1.0)])
        .max_by(|&(a, x), &(b, y)| {
            average_precision(&single(&plain, a, x), &labels)
                .total_cmp(&average_precision(&single(&plain, b, y), &labels))
        })
        .unwrap();
    let naive = single(&judged, best, sign);
    let baseline = average_precision(&naive, &truth);
    println!(
        "| naive: {} `{}` | {baseline:.4} | |",
        if sign > 0.0 { "large" } else { "small" },
        names[places[best]].trim()
    );
    let effort = Effort { trees: 150, rate: 0.1, depth: 5, leaf: 4.0 };
    let scores = |rows: &Rows| -> Vec<f64> {
        let forest = Forest::fit(rows, effort).unwrap();
        judged.iter().map(|row| forest.log_odds(row)).collect()
    };
    let from_real = scores(&real);
    let run = Run::default();
    let synthesizer = registry::find("trees").unwrap();
    let options = TableFitOptions { seed: Seed(1), ..TableFitOptions::default() };
    let fitted = synthesizer.fit(&train, &options, &run).unwrap();
    let drawn = sample::sample(fitted.as_ref(), train.rows() as u64, &Vec::new(), Seed(2), &run).unwrap();
    let (synthetic, _, _) = rows(&drawn);
    let from_synthetic = scores(&synthetic);
    let figure = precision_figure(
        "average precision, learned from real addresses",
        &from_real,
        &naive,
        &truth,
        &[],
        Seed(3),
    );
    table.figure(&figure, Some(baseline));
    let figure = precision_figure(
        "average precision, learned from synthetic addresses of `trees` alone",
        &from_synthetic,
        &naive,
        &truth,
        &[],
        Seed(3),
    );
    table.figure(&figure, Some(baseline));
    table.most(
        "real less synthetic",
        average_precision(&from_real, &truth) - average_precision(&from_synthetic, &truth),
        0.05,
    );
    table.say(
        "precision of the first 100 of 1,000, synthetic",
        precision_at(&from_synthetic, &truth, 100.0),
        None,
    );
}
