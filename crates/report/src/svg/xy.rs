//! Lines, steps, dots and bands over two axes.

use super::scale::{Fit, Ruler};
use super::thin::{distinct, thin};
use super::{Canvas, Detail, Drawn, FONT, Key, WIDTH, coordinate, fit, legend, marker, role_class};
use crate::text;
use daotwin_core::document::{Axis, Chart, Mark, Scale, Series};
use std::fmt::Write as _;

/// The height of the area between the axes.
const AREA: f64 = 216.0;
/// Lines with at most this many points show each of them.
const SPARSE: usize = 24;
/// Dots beyond this number are drawn as one stroke of short caps.
const SHAPED_DOTS: usize = 400;

/// The area between the axes, and the axes.
struct Frame {
    left: f64,
    top: f64,
    width: f64,
    x: Ruler,
    y: Ruler,
}

impl Frame {
    fn place(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let (x, y) = (self.x.position(x)?, self.y.position(y)?);
        Some((self.left + x * self.width, self.top + (1.0 - y) * AREA))
    }
}

pub(super) fn draw(
    chart: &Chart,
    name: &str,
    axes: (&Axis, &Axis),
    series: &[Series],
    detail: Detail,
) -> Drawn {
    let (x_axis, y_axis) = axes;
    let mut canvas = Canvas::new(WIDTH);
    let mut notes = Vec::new();
    let entries: Vec<_> = series
        .iter()
        .filter(|series| !series.name.is_empty())
        .map(|series| {
            let key = match series.mark {
                Mark::Line | Mark::Step => Key::Line,
                Mark::Dots => Key::Dot,
                Mark::Band => Key::Area,
            };
            (series.name.clone(), role_class(series.role), key)
        })
        .collect();
    let mut top = legend(&mut canvas, &entries) + 4.0;
    if !y_axis.label.is_empty() {
        canvas.text((0.0, top + 11.0), "start", "m", &fit(&y_axis.label, FONT, WIDTH));
        top += 18.0;
    }
    top += 5.0;

    let ys = series.iter().flat_map(|series| {
        let upper = if series.mark == Mark::Band { series.upper.as_slice() } else { &[] };
        series.points.iter().map(|point| point.1).chain(upper.iter().copied())
    });
    let y = Ruler::new(y_axis.scale, ys, Fit { from_zero: false, to_ticks: true, labels: 5 });
    let labels = y.ticks.iter().map(|tick| text::width(&tick.label, FONT)).fold(12.0, f64::max);
    let left = labels + 8.0;
    let xs = series.iter().flat_map(|series| series.points.iter().map(|point| point.0));
    let room = if x_axis.scale == Scale::Time { 5 } else { 6 };
    let x = Ruler::new(x_axis.scale, xs, Fit { from_zero: false, to_ticks: false, labels: room });
    let frame = Frame { left, top, width: WIDTH - left - 12.0, x, y };
    axes_of(&mut canvas, &frame);
    if !x_axis.label.is_empty() {
        let label = fit(&x_axis.label, FONT, frame.width);
        canvas.text((left + frame.width / 2.0, top + AREA + 37.0), "middle", "m", &label);
    }
    canvas.height = top + AREA + if x_axis.label.is_empty() { 22.0 } else { 43.0 };

    // Bands lie below the lines.
    let drawn = series.iter().filter(|series| series.mark == Mark::Band);
    let mut left_out = 0;
    let mut any = false;
    let mut thinned = Vec::new();
    for series in drawn.chain(series.iter().filter(|series| series.mark != Mark::Band)) {
        let shown = if series.mark == Mark::Band {
            band(&mut canvas, &frame, series, detail)
        } else {
            points(&mut canvas, &frame, series, detail)
        };
        any |= shown.placed > 0;
        left_out += series.points.len() - shown.placed;
        if shown.drawn < shown.placed {
            let name = if series.name.is_empty() { "a series" } else { &series.name };
            thinned.push(format!(
                "{} of {} points of {}",
                crate::number::cell(shown.drawn as f64, 1.0),
                crate::number::cell(shown.placed as f64, 1.0),
                text::line(name, 60)
            ));
        }
    }
    if !any {
        canvas.text((left + frame.width / 2.0, top + AREA / 2.0), "middle", "m", "no data");
    }
    if !thinned.is_empty() {
        notes.push(format!("Drawn: {}, every peak among them.", thinned.join(", ")));
    }
    if left_out > 0 {
        let logarithmic = x_axis.scale == Scale::Log || y_axis.scale == Scale::Log;
        let why = if logarithmic { "not positive, or not a number" } else { "not a number" };
        notes.push(format!("{} left out: {why}.", plural(left_out, "point")));
    }
    Drawn { svg: canvas.finish(name, &chart.title, &chart.description), notes, wide: false }
}

pub(super) fn plural(count: usize, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", crate::number::cell(count as f64, 1.0))
}

fn axes_of(canvas: &mut Canvas, frame: &Frame) {
    let (left, top, width) = (frame.left, frame.top, frame.width);
    let mut minor = String::new();
    for at in &frame.x.minor {
        if let Some(share) = frame.x.position(*at) {
            let x = coordinate(left + share * width);
            let _infallible = write!(minor, "M{x} {}v-3", coordinate(top + AREA));
        }
    }
    for at in &frame.y.minor {
        if let Some(share) = frame.y.position(*at) {
            let y = coordinate(top + (1.0 - share) * AREA);
            let _infallible = write!(minor, "M{} {y}h3", coordinate(left));
        }
    }
    let mut grid = String::new();
    for tick in &frame.y.ticks {
        let y = top + (1.0 - frame.y.position(tick.at).unwrap_or(0.0)) * AREA;
        let _infallible = write!(grid, "M{} {}h{}", coordinate(left), coordinate(y), coordinate(width));
        canvas.text((left - 6.0, y + 4.0), "end", "", &tick.label);
    }
    let mut free = f64::NEG_INFINITY;
    for tick in &frame.x.ticks {
        let x = left + frame.x.position(tick.at).unwrap_or(0.0) * width;
        let _infallible = write!(grid, "M{} {}v-{}", coordinate(x), coordinate(top + AREA), coordinate(AREA));
        // A label keeps clear of the one before it and of the picture's edge.
        let half = text::width(&tick.label, FONT) / 2.0;
        let centre = x.min(canvas.width - half);
        if centre - half > free {
            canvas.text((centre, top + AREA + 17.0), "middle", "", &tick.label);
            free = centre + half + 5.0;
        }
    }
    canvas.path("g", &grid);
    canvas.path("x", &minor);
    let (bottom, right) = (coordinate(top + AREA), coordinate(width));
    canvas.path("x", &format!("M{} {bottom}h{right}", coordinate(left)));
}

struct Shown {
    /// Points that the axes can show.
    placed: usize,
    /// Points that were drawn.
    drawn: usize,
}

fn points(canvas: &mut Canvas, frame: &Frame, series: &Series, detail: Detail) -> Shown {
    let class = role_class(series.role);
    let placed: Vec<Option<(f64, f64)>> = series.points.iter().map(|point| frame.place(*point)).collect();
    let count = placed.iter().flatten().count();
    let coordinate_of = |index: usize, pick: fn((f64, f64)) -> f64| placed[index].map_or(f64::NAN, pick);
    // Points that coincide on paper go first, because that loses nothing; only then are peaks all that stays.
    let mut kept =
        if placed.len() > detail.points { distinct(&placed, 0.4) } else { (0..placed.len()).collect() };
    if kept.len() > detail.points {
        let keys: [&dyn Fn(usize) -> f64; 2] =
            [&|index| coordinate_of(kept[index], |point| point.0), &|index| {
                coordinate_of(kept[index], |point| point.1)
            }];
        kept = thin(kept.len(), detail.points, &keys).into_iter().map(|index| kept[index]).collect();
    }
    let drawn = kept.iter().filter(|index| placed[**index].is_some()).count();
    let mut data = String::new();
    let mut markers = String::new();
    let mut before: Option<(f64, f64)> = None;
    let mut alone = true;
    for index in kept {
        let Some((x, y)) = placed[index] else {
            before = None;
            continue;
        };
        let (sx, sy) = (coordinate(x), coordinate(y));
        let _infallible = match (series.mark, before) {
            (Mark::Dots, _) if count > SHAPED_DOTS => write!(data, "M{sx} {sy}h0"),
            (Mark::Dots, _) => write!(markers, "{}", marker(&class, (x, y), 3.0)),
            (_, None) => write!(data, "M{sx} {sy}"),
            (Mark::Step, Some(_)) => write!(data, "H{sx}V{sy}"),
            (_, Some(_)) => write!(data, "L{sx} {sy}"),
        };
        alone &= before.is_none();
        if series.mark != Mark::Dots && count <= SPARSE {
            markers.push_str(&marker(&class, (x, y), 3.0));
        }
        before = Some((x, y));
    }
    if series.mark == Mark::Dots {
        canvas.path(&format!("s {class}"), &data);
    } else if !alone {
        canvas.path(&format!("l {class}"), &data);
    }
    canvas.path(&format!("d {class}"), &markers);
    Shown { placed: count, drawn }
}

fn band(canvas: &mut Canvas, frame: &Frame, series: &Series, detail: Detail) -> Shown {
    let placed: Vec<Option<[(f64, f64); 2]>> = series
        .points
        .iter()
        .zip(&series.upper)
        .map(|(lower, upper)| Some([frame.place(*lower)?, frame.place((lower.0, *upper))?]))
        .collect();
    let count = placed.iter().flatten().count();
    let edge = |index: usize, which: usize| placed[index].map_or(f64::NAN, |edges| edges[which].1);
    let kept = thin(placed.len(), detail.points, &[&|index| edge(index, 0), &|index| edge(index, 1)]);
    let drawn = kept.iter().filter(|index| placed[**index].is_some()).count();
    let mut data = String::new();
    let mut run: Vec<[(f64, f64); 2]> = Vec::new();
    let mut close = |run: &mut Vec<[(f64, f64); 2]>| {
        let edges = run.iter().map(|edges| edges[0]).chain(run.iter().rev().map(|edges| edges[1]));
        for (index, (x, y)) in edges.enumerate() {
            let command = if index == 0 { 'M' } else { 'L' };
            let _infallible = write!(data, "{command}{} {}", coordinate(x), coordinate(y));
        }
        if !run.is_empty() {
            data.push('z');
        }
        run.clear();
    };
    for index in kept {
        match placed[index] {
            Some(edges) => run.push(edges),
            None => close(&mut run),
        }
    }
    close(&mut run);
    canvas.path(&format!("a {}", role_class(series.role)), &data);
    Shown { placed: count, drawn }
}
