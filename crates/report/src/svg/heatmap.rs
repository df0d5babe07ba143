//! Coloured matrices on one scale, with its colour bar.

use super::{Canvas, Detail, Drawn, FONT, coordinate, fit};
use crate::{number, text};
use daotwin_core::document::Chart;
use std::fmt::Write as _;

/// The width of one map in user units: a third of the page, or a phone's width.
const WIDTH: f64 = 340.0;
/// Values are shown in this many shades.
const SHADES: usize = 41;
/// Maps with at most this many columns print their values.
const PRINTED: usize = 7;
/// Labels are drawn where a row is at least this high.
const LABELLED: f64 = 11.0;

/// Light to dark blue, for values on one side of zero. Lightness alone tells the order.
const SEQUENTIAL: [(u8, u8, u8); 5] =
    [(0xf4, 0xf8, 0xfc), (0xc2, 0xdb, 0xee), (0x6a, 0xad, 0xd5), (0x20, 0x70, 0xb4), (0x08, 0x2f, 0x6a)];
/// Blue through near-white to orange-brown: told apart under every common form of colour blindness.
const DIVERGING: [(u8, u8, u8); 5] =
    [(0x0b, 0x4f, 0x9a), (0x74, 0xb0, 0xd8), (0xf6, 0xf6, 0xf4), (0xf5, 0xae, 0x6b), (0x9c, 0x38, 0x06)];

/// The content of a chart of heatmaps.
pub(super) struct Maps<'a> {
    pub(super) rows: &'a [String],
    pub(super) columns: &'a [String],
    pub(super) layers: &'a [(String, Vec<f64>)],
    pub(super) range: (f64, f64),
}

/// The scale from values to shades.
#[derive(Debug, Clone, Copy)]
struct Shades {
    low: f64,
    high: f64,
    diverging: bool,
}

impl Shades {
    fn of((low, high): (f64, f64), values: impl Iterator<Item = f64>) -> Self {
        let (mut low, mut high) = (low.min(high), low.max(high));
        if !(low.is_finite() && high.is_finite() && (high - low).is_finite() && high > low) {
            (low, high) = values
                .filter(|value| value.is_finite())
                .map(|value| value.clamp(-1e300, 1e300))
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                    (low.min(value), high.max(value))
                });
            if low > high {
                (low, high) = (0.0, 1.0);
            } else if low == high {
                (low, high) = if low == 0.0 { (0.0, 1.0) } else { (low.min(0.0), high.max(0.0)) };
            }
        }
        Self { low, high, diverging: low < 0.0 && high > 0.0 }
    }

    /// The shade of a value; values beyond the ends take the end's shade.
    fn shade(self, value: f64) -> Option<usize> {
        if value.is_nan() {
            return None;
        }
        let share = if self.diverging {
            // Both arms have the same length, so that equal distances from zero look equal.
            let reach = self.high.max(-self.low);
            value / reach / 2.0 + 0.5
        } else {
            (value - self.low) / (self.high - self.low)
        };
        Some((share.clamp(0.0, 1.0) * (SHADES - 1) as f64).round() as usize)
    }

    fn colour(self, shade: usize) -> String {
        let stops = if self.diverging { DIVERGING } else { SEQUENTIAL };
        let along = shade as f64 / (SHADES - 1) as f64 * (stops.len() - 1) as f64;
        let lower = (along.floor() as usize).min(stops.len() - 2);
        let part = along - lower as f64;
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * part).round() as u8;
        let (a, b) = (stops[lower], stops[lower + 1]);
        format!("#{:02x}{:02x}{:02x}", mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
    }

    fn is_dark(self, shade: usize) -> bool {
        let share = shade as f64 / (SHADES - 1) as f64;
        if self.diverging { !(0.2..=0.82).contains(&share) } else { share > 0.6 }
    }
}

/// A map cut to what is drawn, one value a drawn cell.
struct Grid {
    rows: Vec<String>,
    columns: Vec<String>,
    values: Vec<f64>,
}

pub(super) fn draw(chart: &Chart, name: &str, maps: &Maps<'_>, detail: Detail) -> Drawn {
    let columns = if maps.columns.is_empty() { maps.rows } else { maps.columns };
    let shades = Shades::of(maps.range, maps.layers.iter().flat_map(|(_, values)| values.iter().copied()));
    let mut svg = String::new();
    let mut notes = Vec::new();
    let (mut missing, mut beyond) = (0, 0);
    for (index, (map, values)) in maps.layers.iter().enumerate() {
        let size = maps.rows.len() * columns.len();
        missing += values.iter().take(size).filter(|value| value.is_nan()).count();
        missing += size.saturating_sub(values.len());
        beyond +=
            values.iter().take(size).filter(|value| **value < shades.low || **value > shades.high).count();
        let grid = shrink(maps.rows, columns, values, detail.cells);
        let title = if map.is_empty() { chart.title.clone() } else { format!("{}: {map}", chart.title) };
        let drawn =
            draw_map(&grid, map, shades).finish(&format!("{name}-{index}"), &title, &chart.description);
        let _infallible = write!(svg, "<div>{drawn}</div>");
    }
    if maps.layers.is_empty() || maps.rows.is_empty() || columns.is_empty() {
        notes.push("There is nothing to show.".to_owned());
    } else {
        let bar = colour_bar(shades).finish(&format!("{name}-bar"), "Colour scale", "");
        let _infallible = write!(svg, "<div class=\"scale\">{bar}</div>");
    }
    if maps.rows.len().max(columns.len()) > detail.cells {
        notes.push(format!(
            "The maps have {} rows and {} columns; each drawn cell is the mean of its neighbours.",
            maps.rows.len(),
            columns.len()
        ));
    }
    if missing > 0 {
        notes.push(format!("{} missing, drawn grey.", super::xy::plural(missing, "value")));
    }
    if beyond > 0 {
        let found = super::xy::plural(beyond, "value");
        notes.push(format!("{found} beyond the ends of the scale, drawn in the end's colour."));
    }
    Drawn { svg: format!("<div class=\"maps\">{svg}</div>"), notes, wide: true }
}

/// Means over blocks where a map has more rows or columns than are drawn.
fn shrink(rows: &[String], columns: &[String], values: &[f64], limit: usize) -> Grid {
    let at =
        |row: usize, column: usize| values.get(row * columns.len() + column).copied().unwrap_or(f64::NAN);
    let (height, width) = (rows.len().min(limit), columns.len().min(limit));
    let block = |index: usize, drawn: usize, total: usize| index * total / drawn..(index + 1) * total / drawn;
    let mut out = Vec::with_capacity(height * width);
    for row in 0..height {
        for column in 0..width {
            let (mut sum, mut count) = (0.0, 0_u32);
            for r in block(row, height, rows.len()) {
                for value in
                    block(column, width, columns.len()).map(|c| at(r, c)).filter(|value| !value.is_nan())
                {
                    sum += value.clamp(-1e200, 1e200);
                    count += 1;
                }
            }
            out.push(if count == 0 { f64::NAN } else { sum / f64::from(count) });
        }
    }
    let first = |labels: &[String], drawn: usize| {
        if drawn < labels.len() { vec![String::new(); drawn] } else { labels.to_vec() }
    };
    Grid { rows: first(rows, height), columns: first(columns, width), values: out }
}

fn draw_map(grid: &Grid, name: &str, shades: Shades) -> Canvas {
    let mut canvas = Canvas::new(WIDTH);
    let (rows, columns) = (grid.rows.len(), grid.columns.len());
    canvas.text((0.0, 15.0), "start", "b", &fit(name, 14.0, WIDTH));
    if rows == 0 || columns == 0 {
        canvas.height = 20.0;
        return canvas;
    }
    let widest = grid.rows.iter().map(|label| text::width(label, FONT)).fold(0.0, f64::max);
    let guess = (WIDTH - widest.min(WIDTH * 0.34)) / columns as f64;
    let labelled = guess >= LABELLED && widest > 0.0;
    let left = if labelled { widest.min(WIDTH * 0.34) + 6.0 } else { 0.0 };
    let cell = ((WIDTH - left) / columns as f64, (((WIDTH - left) / columns as f64).min(40.0)));
    let cell = (cell.0, if labelled { cell.1.max(15.0) } else { cell.1 });
    let top = 24.0;

    // One stroke a shade: short even for ten thousand cells.
    let mut strokes = vec![String::new(); SHADES + 1];
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let shade = shades.shade(grid.values[row * columns + column]);
            let start = column;
            while column < columns && shades.shade(grid.values[row * columns + column]) == shade {
                column += 1;
            }
            let stroke = &mut strokes[shade.unwrap_or(SHADES)];
            let _infallible = write!(stroke, "M{start} {row}h{}", column - start);
        }
    }
    let [scale_x, scale_y] = [cell.0, cell.1].map(|size| format!("{size:.4}"));
    canvas.push(format_args!(
        "<g transform=\"translate({} {}) scale({scale_x} {scale_y}) translate(0 .5)\" class=\"h\">",
        coordinate(left),
        coordinate(top)
    ));
    for (shade, stroke) in strokes.iter().enumerate().filter(|(_, stroke)| !stroke.is_empty()) {
        let colour = if shade == SHADES { "#9a9a9a".to_owned() } else { shades.colour(shade) };
        canvas.push(format_args!("<path stroke=\"{colour}\" d=\"{stroke}\"/>"));
    }
    canvas.push(format_args!("</g>"));
    if columns <= PRINTED {
        for (index, value) in grid.values.iter().enumerate().filter(|(_, value)| value.is_finite()) {
            let (row, column) = ((index / columns) as f64, (index % columns) as f64);
            let dark = shades.shade(*value).is_some_and(|shade| shades.is_dark(shade));
            let at = (left + (column + 0.5) * cell.0, top + (row + 0.5) * cell.1 + 4.0);
            let printed = printed(*value);
            if text::width(&printed, 11.0) <= cell.0 {
                canvas.text(at, "middle", if dark { "v w" } else { "v" }, &printed);
            }
        }
    }
    let mut bottom = top + cell.1 * rows as f64;
    if labelled {
        for (row, label) in grid.rows.iter().enumerate() {
            let y = top + (row as f64 + 0.5) * cell.1 + 4.0;
            canvas.text((left - 5.0, y), "end", "", &fit(label, FONT, left - 5.0));
        }
        bottom += column_labels(&mut canvas, grid, (left, bottom), cell.0);
    }
    canvas.height = bottom + 3.0;
    canvas
}

/// Labels below the columns, upright where they fit and turned where they do not; returns their height.
fn column_labels(canvas: &mut Canvas, grid: &Grid, (left, bottom): (f64, f64), cell: f64) -> f64 {
    let widest = grid.columns.iter().map(|label| text::width(label, FONT)).fold(0.0, f64::max);
    let turned = widest > cell - 3.0;
    let room = widest.min(84.0);
    for (column, label) in grid.columns.iter().enumerate() {
        let x = left + (column as f64 + 0.5) * cell;
        if turned {
            let (x, y, label) =
                (coordinate(x + 4.0), coordinate(bottom + 6.0), text::xml(&fit(label, FONT, room)));
            canvas.push(format_args!(
                "<text x=\"{x}\" y=\"{y}\" text-anchor=\"end\" transform=\"rotate(-90 {x} {y})\">{label}</text>"
            ));
        } else {
            canvas.text((x, bottom + 16.0), "middle", "", label);
        }
    }
    if turned { room + 8.0 } else { 20.0 }
}

fn printed(value: f64) -> String {
    if value.abs() < 0.005 {
        return "0".to_owned();
    }
    if value.abs() < 10.0 { number::fixed(value, 2) } else { number::significant(value, 3) }
}

fn colour_bar(shades: Shades) -> Canvas {
    let mut canvas = Canvas::new(WIDTH);
    let (left, width) = (20.0, WIDTH - 40.0);
    let steps = 60;
    let at = |step: usize| shades.low + (shades.high - shades.low) * (step as f64 + 0.5) / steps as f64;
    for step in 0..steps {
        let colour = shades.colour(shades.shade(at(step)).unwrap_or(0));
        let x = left + width * step as f64 / steps as f64;
        canvas.rect((x, 4.0), (width / steps as f64 + 0.4, 12.0), &format!("fill=\"{colour}\""));
    }
    let mut marks = vec![shades.low, shades.high];
    if shades.diverging {
        marks.push(0.0);
    } else {
        marks.push(shades.low + (shades.high - shades.low) / 2.0);
    }
    for mark in marks {
        let x = left + width * (mark - shades.low) / (shades.high - shades.low);
        canvas.text((x, 31.0), "middle", "", &number::significant(mark, 3));
    }
    canvas.height = 36.0;
    canvas
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn zero_is_neutral_on_a_scale_with_two_sides() {
        let shades = Shades::of((-0.5, 1.0), std::iter::empty());
        assert_eq!(shades.shade(0.0), Some(SHADES / 2));
        assert_eq!(shades.shade(1.0), Some(SHADES - 1));
        assert_eq!(shades.shade(f64::NAN), None);
        assert_eq!(shades.shade(f64::INFINITY), Some(SHADES - 1));
    }

    #[test]
    fn a_broken_range_is_replaced_by_the_values() {
        for range in [(f64::NAN, 1.0), (0.0, 0.0), (f64::NEG_INFINITY, f64::INFINITY), (f64::MIN, f64::MAX)] {
            let shades = Shades::of(range, [2.0, 4.0, f64::NAN].into_iter());
            assert_eq!((shades.low, shades.high), (2.0, 4.0));
        }
    }

    #[test]
    fn large_maps_become_means() {
        let labels: Vec<String> = (0..4).map(|index| index.to_string()).collect();
        let values: Vec<f64> = (0..16).map(f64::from).collect();
        assert_eq!(shrink(&labels, &labels, &values, 2).values, [2.5, 4.5, 10.5, 12.5]);
        assert_eq!(shrink(&labels, &labels, &values, 4).values, values);
    }
}
