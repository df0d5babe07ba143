//! Every picture again as tables.

use crate::calendar::Moment;
use crate::number::{self, MISSING};
use daotwin_core::document::{Axis, Chart, Mark, Plot, Scale, Series, Table};

/// Matrices with at most this many cells are given whole.
const WHOLE_MATRIX: usize = 400;

/// The tables of a chart, with at most about `limit` rows each, and a note where rows are left out.
pub(crate) fn tables(chart: &Chart, limit: usize) -> (Vec<Table>, Option<String>) {
    match &chart.plot {
        Plot::Xy { x, y, series } => xy(x, y, series, limit),
        Plot::Bars { categories, y, series } => bars(categories, y, series, limit),
        Plot::Heatmaps { rows, columns, maps, .. } => heatmaps(rows, columns, maps, limit),
    }
}

/// Indices of at most `limit` of `count` rows, evenly spaced, the first and the last among them.
fn evenly(count: usize, limit: usize) -> Vec<usize> {
    if count <= limit {
        return (0..count).collect();
    }
    let last = limit.max(2) - 1;
    (0..=last).map(|index| index * (count - 1) / last).collect()
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.filter(|value| value.is_finite()).fold(0.0, |largest, value| largest.max(value.abs()))
}

fn name(axis: &Axis, fallback: &str) -> String {
    if axis.label.is_empty() { fallback.to_owned() } else { axis.label.clone() }
}

fn show(axis: &Axis, value: f64, largest: f64) -> String {
    match axis.scale {
        Scale::Time if value.is_finite() => Moment::of(value).iso(),
        // Small values are no noise on a logarithmic axis.
        Scale::Log => number::cell(value, 0.0),
        _ => number::cell(value, largest),
    }
}

fn xy(x: &Axis, y: &Axis, series: &[Series], limit: usize) -> (Vec<Table>, Option<String>) {
    let total: usize = series.iter().map(|series| series.points.len()).sum();
    let x_largest = largest(series.iter().flat_map(|series| series.points.iter().map(|point| point.0)));
    let y_largest =
        largest(series.iter().flat_map(|series| {
            series.points.iter().map(|point| point.1).chain(series.upper.iter().copied())
        }));
    let has_band = series.iter().any(|series| series.mark == Mark::Band);
    let share = series.first().is_some_and(|first| {
        let same = |other: &Series| {
            other.points.len() == first.points.len()
                && other.points.iter().zip(&first.points).all(|(a, b)| a.0.to_bits() == b.0.to_bits())
        };
        series.iter().all(same)
    });
    let mut table = Table { columns: vec![name(x, "x")], ..Table::default() };
    let mut left_out = 0;
    if share {
        for series in series {
            if series.mark == Mark::Band {
                table.columns.extend([format!("{}, lower", series.name), format!("{}, upper", series.name)]);
            } else {
                table.columns.push(series.name.clone());
            }
        }
        table.caption.clone_from(&y.label);
        let count = series[0].points.len();
        let kept = evenly(count, limit);
        left_out = count - kept.len();
        for index in kept {
            let mut row = vec![show(x, series[0].points[index].0, x_largest)];
            for series in series {
                row.push(show(y, series.points[index].1, y_largest));
                if series.mark == Mark::Band {
                    row.push(
                        series
                            .upper
                            .get(index)
                            .map_or(MISSING.to_owned(), |upper| show(y, *upper, y_largest)),
                    );
                }
            }
            table.rows.push(row);
        }
        let note = note(left_out, count, "rows");
        return (vec![table], note);
    }
    table.columns.insert(0, "series".to_owned());
    table.columns.push(name(y, "y"));
    if has_band {
        table.columns.push("upper edge".to_owned());
    }
    let each = limit / series.len().max(1);
    for series in series {
        let kept = evenly(series.points.len(), each.max(2));
        left_out += series.points.len() - kept.len();
        for index in kept {
            let point = series.points[index];
            let mut row = vec![series.name.clone(), show(x, point.0, x_largest), show(y, point.1, y_largest)];
            if has_band {
                let upper = series.upper.get(index).copied();
                row.push(upper.map_or(String::new(), |upper| show(y, upper, y_largest)));
            }
            table.rows.push(row);
        }
    }
    (vec![table], note(left_out, total, "points"))
}

fn bars(
    categories: &[String],
    y: &Axis,
    series: &[(String, Vec<f64>)],
    limit: usize,
) -> (Vec<Table>, Option<String>) {
    let largest = largest(series.iter().flat_map(|(_, values)| values.iter().copied()));
    let kept = evenly(categories.len(), limit);
    let left_out = categories.len() - kept.len();
    let row = |index: usize| {
        let figures = series.iter().map(|(_, values)| {
            values.get(index).map_or(MISSING.to_owned(), |value| show(y, *value, largest))
        });
        std::iter::once(categories[index].clone()).chain(figures).collect()
    };
    let table = Table {
        caption: y.label.clone(),
        columns: std::iter::once(String::new()).chain(series.iter().map(|(name, _)| name.clone())).collect(),
        rows: kept.into_iter().map(row).collect(),
    };
    (vec![table], note(left_out, categories.len(), "rows"))
}

fn heatmaps(
    rows: &[String],
    columns: &[String],
    maps: &[(String, Vec<f64>)],
    limit: usize,
) -> (Vec<Table>, Option<String>) {
    let columns = if columns.is_empty() { rows } else { columns };
    let cells = rows.len() * columns.len();
    let largest = largest(maps.iter().flat_map(|(_, values)| values.iter().copied()));
    if cells <= WHOLE_MATRIX.min(limit * columns.len().max(1)) {
        let table = |(name, values): &(String, Vec<f64>)| Table {
            caption: name.clone(),
            columns: std::iter::once(String::new()).chain(columns.iter().cloned()).collect(),
            rows: rows
                .iter()
                .enumerate()
                .map(|(row, label)| {
                    let cell = |column: usize| {
                        let value = values.get(row * columns.len() + column).copied().unwrap_or(f64::NAN);
                        if value.is_nan() { MISSING.to_owned() } else { number::cell(value, largest) }
                    };
                    std::iter::once(label.clone()).chain((0..columns.len()).map(cell)).collect()
                })
                .collect(),
        };
        return (maps.iter().map(table).collect(), None);
    }
    // The cells in which the maps are furthest apart say most; one map alone is ranked by size.
    let at = |map: usize, index: usize| maps[map].1.get(index).copied().unwrap_or(f64::NAN);
    let spread = |index: usize| {
        let values = || (0..maps.len().min(2)).map(|map| at(map, index)).filter(|value| value.is_finite());
        if maps.len() == 1 {
            values().fold(0.0, |largest: f64, value| largest.max(value.abs()))
        } else {
            values().fold(f64::NEG_INFINITY, f64::max) - values().fold(f64::INFINITY, f64::min)
        }
    };
    let mut ranked: Vec<(f64, usize)> = (0..cells).map(|index| (spread(index), index)).collect();
    ranked.retain(|(spread, _)| spread.is_finite());
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    ranked.truncate(limit.min(50));
    let heading = ["row", "column"].map(str::to_owned).into_iter();
    let table = Table {
        caption: String::new(),
        columns: heading.chain(maps.iter().map(|(name, _)| name.clone())).collect(),
        rows: ranked
            .iter()
            .map(|(_, index)| {
                let labels = [rows[index / columns.len()].clone(), columns[index % columns.len()].clone()];
                labels
                    .into_iter()
                    .chain((0..maps.len()).map(|map| number::cell(at(map, *index), largest)))
                    .collect()
            })
            .collect(),
    };
    let which = if maps.len() > 1 { "in which the maps differ most" } else { "with the largest values" };
    let shown = table.rows.len();
    let note =
        format!("The {shown} of {} cells {which}; the JSON report has all.", number::cell(cells as f64, 1.0));
    (vec![table], Some(note))
}

fn note(left_out: usize, total: usize, noun: &str) -> Option<String> {
    (left_out > 0).then(|| {
        let (shown, total) = (number::cell((total - left_out) as f64, 1.0), number::cell(total as f64, 1.0));
        format!("{shown} of {total} {noun}, evenly spaced; the JSON report has all.")
    })
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn spaced_rows_keep_both_ends() {
        assert_eq!(evenly(3, 5), [0, 1, 2]);
        assert_eq!(evenly(101, 3), [0, 50, 100]);
        assert_eq!(evenly(0, 3), Vec::<usize>::new());
    }

    #[test]
    fn large_matrices_list_where_the_maps_differ_most() {
        let labels: Vec<String> = (0..30).map(|index| format!("m{index}")).collect();
        let real = vec![0.5; 900];
        let mut synthetic = real.clone();
        synthetic[31] = 0.9;
        let (tables, note) =
            heatmaps(&labels, &[], &[("real".into(), real), ("synthetic".into(), synthetic)], 200);
        assert_eq!(tables[0].rows[0], ["m1", "m1", "0.5", "0.9"]);
        assert_eq!(tables[0].rows.len(), 50);
        assert!(note.unwrap().contains("50 of 900 cells"));
    }
}
