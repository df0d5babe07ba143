//! Grouped bars: upright where the labels fit below them, lying where they do not.

use super::scale::{Fit, Ruler};
use super::xy::plural;
use super::{Canvas, Detail, Drawn, FONT, Key, WIDTH, coordinate, fit, legend, role_class};
use crate::text;
use daotwin_core::document::{Axis, Chart, Role, Scale};
use std::fmt::Write as _;

/// The height of the area above the labels of upright bars.
const AREA: f64 = 216.0;
/// The largest number of categories that is drawn lying.
const LYING: usize = 60;

/// The roles of named series: names that begin with a role's word have it, the others are numbered.
fn roles(series: &[(String, Vec<f64>)]) -> Vec<Role> {
    let mut other = 0;
    series
        .iter()
        .map(|(name, _)| {
            let name = name.to_lowercase();
            if name.starts_with("real") {
                Role::Real
            } else if name.starts_with("synthetic") {
                Role::Synthetic
            } else if name.starts_with("measured") {
                Role::Measured
            } else {
                other += 1;
                Role::Other(u8::try_from((other - 1) % 5).unwrap_or(0))
            }
        })
        .collect()
}

pub(super) fn draw(
    chart: &Chart,
    name: &str,
    categories: &[String],
    axis: &Axis,
    series: &[(String, Vec<f64>)],
    detail: Detail,
) -> Drawn {
    let mut canvas = Canvas::new(WIDTH);
    let mut notes = Vec::new();
    let classes: Vec<String> = roles(series).into_iter().map(role_class).collect();
    let entries: Vec<_> = series
        .iter()
        .zip(&classes)
        .filter(|((name, _), _)| !name.is_empty())
        .map(|((name, _), class)| (name.clone(), class.clone(), Key::Bar))
        .collect();
    let top = legend(&mut canvas, &entries) + 4.0;
    let shown = categories.len().min(detail.points / 4);
    if shown < categories.len() {
        notes.push(format!("The first {shown} of {} categories are drawn.", categories.len()));
    }
    let values = || series.iter().flat_map(|(_, values)| values.iter().take(shown).copied());
    let missing = series.iter().map(|(_, values)| shown.saturating_sub(values.len())).sum::<usize>()
        + values().filter(|value| !value.is_finite() || (axis.scale == Scale::Log && *value <= 0.0)).count();
    if missing > 0 {
        notes.push(format!("{} left out: missing, or not a number.", plural(missing, "bar")));
    }
    let fit_to = |labels| Fit { from_zero: true, to_ticks: true, labels };
    let ruler = |labels| Ruler::new(axis.scale, values(), fit_to(labels));
    let widest = categories.iter().take(shown).map(|label| text::width(label, FONT)).fold(0.0, f64::max);
    let bars = Bars { categories: &categories[..shown], series, classes: &classes, axis };
    if shown == 0 || series.is_empty() {
        canvas.text((WIDTH / 2.0, top + 60.0), "middle", "m", "no data");
        canvas.height = top + 110.0;
    } else if widest + 6.0 <= (WIDTH - 50.0) / shown as f64 || shown > LYING {
        bars.upright(&mut canvas, top, &ruler(5));
    } else {
        bars.lying(&mut canvas, top, &ruler(5), widest);
    }
    Drawn { svg: canvas.finish(name, &chart.title, &chart.description), notes, wide: false }
}

struct Bars<'a> {
    categories: &'a [String],
    series: &'a [(String, Vec<f64>)],
    classes: &'a [String],
    axis: &'a Axis,
}

impl Bars<'_> {
    fn upright(&self, canvas: &mut Canvas, mut top: f64, ruler: &Ruler) {
        if !self.axis.label.is_empty() {
            canvas.text((0.0, top + 11.0), "start", "m", &fit(&self.axis.label, FONT, WIDTH));
            top += 18.0;
        }
        top += 5.0;
        let labels = ruler.ticks.iter().map(|tick| text::width(&tick.label, FONT)).fold(12.0, f64::max);
        let left = labels + 8.0;
        let width = WIDTH - left - 4.0;
        let level = |value: f64| ruler.position(value).map(|share| top + (1.0 - share) * AREA);
        let mut grid = String::new();
        for tick in &ruler.ticks {
            let y = level(tick.at).unwrap_or(top);
            let _infallible = write!(grid, "M{} {}h{}", coordinate(left), coordinate(y), coordinate(width));
            canvas.text((left - 6.0, y + 4.0), "end", "", &tick.label);
        }
        canvas.path("g", &grid);
        let base = level(ruler.base()).unwrap_or(top + AREA);
        let group = width / self.categories.len() as f64;
        let gap = group * 0.16;
        let bar = (group - gap) / self.series.len() as f64;
        for ((_, values), (index, class)) in self.series.iter().zip(self.classes.iter().enumerate()) {
            let mut data = String::new();
            for (category, value) in values.iter().take(self.categories.len()).enumerate() {
                if let Some(y) = level(*value) {
                    let x = left + group * category as f64 + gap / 2.0 + bar * index as f64;
                    rectangle(&mut data, (x, y), (bar * 0.92, base - y));
                }
            }
            canvas.path(&format!("r {class}"), &data);
        }
        canvas.path("x", &format!("M{} {}h{}", coordinate(left), coordinate(base), coordinate(width)));
        let mut free = f64::NEG_INFINITY;
        for (index, label) in self.categories.iter().enumerate() {
            let label = fit(label, FONT, 90.0_f64.max(group));
            let half = text::width(&label, FONT) / 2.0;
            let centre = (left + group * (index as f64 + 0.5)).min(WIDTH - half);
            if centre - half > free {
                canvas.text((centre, top + AREA + 17.0), "middle", "", &label);
                free = centre + half + 4.0;
            }
        }
        canvas.height = top + AREA + 23.0;
    }

    fn lying(&self, canvas: &mut Canvas, top: f64, ruler: &Ruler, widest: f64) {
        let top = top + 4.0;
        let left = widest.min(WIDTH * 0.36) + 8.0;
        let width = WIDTH - left - 14.0;
        let bar = if self.series.len() > 2 { 8.0 } else { 10.0 };
        let group = bar * self.series.len() as f64 + 9.0;
        let height = group * self.categories.len() as f64;
        let level = |value: f64| ruler.position(value).map(|share| left + share * width);
        let mut grid = String::new();
        let mut free = f64::NEG_INFINITY;
        for tick in &ruler.ticks {
            let x = level(tick.at).unwrap_or(left);
            let _infallible = write!(grid, "M{} {}v{}", coordinate(x), coordinate(top), coordinate(height));
            let half = text::width(&tick.label, FONT) / 2.0;
            let centre = x.min(WIDTH - half);
            if centre - half > free {
                canvas.text((centre, top + height + 17.0), "middle", "", &tick.label);
                free = centre + half + 5.0;
            }
        }
        canvas.path("g", &grid);
        let base = level(ruler.base()).unwrap_or(left);
        for ((_, values), (index, class)) in self.series.iter().zip(self.classes.iter().enumerate()) {
            let mut data = String::new();
            for (category, value) in values.iter().take(self.categories.len()).enumerate() {
                if let Some(x) = level(*value) {
                    let y = top + group * category as f64 + 4.5 + bar * index as f64;
                    rectangle(&mut data, (base, y), (x - base, bar * 0.9));
                }
            }
            canvas.path(&format!("r {class}"), &data);
        }
        canvas.path("x", &format!("M{} {}v{}", coordinate(base), coordinate(top), coordinate(height)));
        for (index, label) in self.categories.iter().enumerate() {
            let y = top + group * (index as f64 + 0.5) + 4.0;
            canvas.text((left - 7.0, y), "end", "", &fit(label, FONT, left - 8.0));
        }
        if !self.axis.label.is_empty() {
            let label = fit(&self.axis.label, FONT, width);
            canvas.text((left + width / 2.0, top + height + 37.0), "middle", "m", &label);
        }
        canvas.height = top + height + if self.axis.label.is_empty() { 22.0 } else { 43.0 };
    }
}

/// Adds a rectangle to a path; extents may be negative.
fn rectangle(data: &mut String, (x, y): (f64, f64), (width, height): (f64, f64)) {
    let [x, y, width, height] = [x, y, width, height].map(coordinate);
    let _infallible = write!(data, "M{x} {y}h{width}v{height}H{x}z");
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn names_give_roles() {
        let series =
            ["Real", "other", "Synthetic (mean of 5)", "another"].map(|name| (name.to_owned(), vec![]));
        assert_eq!(roles(&series), [Role::Real, Role::Other(0), Role::Synthetic, Role::Other(1)]);
    }
}
