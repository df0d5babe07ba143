//! A score beside its references on one small axis.

use super::{Canvas, coordinate, marker};
use daotwin_core::document::{Outcome, Score};

/// The marks of the references, in order; the list of references shows the same ones.
pub(crate) const GLYPHS: [&str; 5] = ["○", "□", "△", "◇", "▽"];
const MARKERS: [&str; 5] = ["k0", "k1", "k2", "k3", "k4"];
const WIDTH: f64 = 190.0;
const HEIGHT: f64 = 30.0;

/// Draws the figure as a filled disc with its interval, each reference as a hollow mark and the bar as an
/// upright line; none where there is nothing finite to compare.
pub(crate) fn picture(score: &Score) -> Option<String> {
    let finite = |value: &f64| value.is_finite();
    let others: Vec<f64> =
        score.references.iter().map(|(_, value)| *value).chain(score.bar).filter(finite).collect();
    if others.is_empty() || !score.value.is_finite() {
        return None;
    }
    let interval = score.interval.filter(|(low, high)| low.is_finite() && high.is_finite());
    let all =
        || others.iter().copied().chain([score.value]).chain(interval.iter().flat_map(|(a, b)| [*a, *b]));
    let (low, high) = all().fold((0.0_f64, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    let span = high - low;
    if !span.is_finite() || span <= 0.0 {
        return None;
    }
    let at = |value: f64| 7.0 + (value - low) / span * (WIDTH - 14.0);
    let mut canvas = Canvas::new(WIDTH);
    canvas.height = HEIGHT;
    let middle = HEIGHT / 2.0;
    canvas.line((at(low), middle), (at(high), middle), "x");
    canvas.line((at(0.0), middle - 4.0), (at(0.0), middle + 4.0), "x");
    if let Some(bar) = score.bar.filter(finite) {
        canvas.line((at(bar), 2.0), (at(bar), HEIGHT - 2.0), "bar");
    }
    if let Some((from, to)) = interval {
        canvas.line((at(from), middle), (at(to), middle), "i");
    }
    for (index, (_, value)) in score.references.iter().enumerate().filter(|(_, (_, value))| value.is_finite())
    {
        canvas.path("o", &marker(MARKERS[index % MARKERS.len()], (at(*value), middle), 4.5));
    }
    let class = match score.outcome {
        Outcome::Good => "f good",
        Outcome::Bad => "f bad",
        Outcome::Neutral => "f",
    };
    let (x, y) = (coordinate(at(score.value)), coordinate(middle));
    canvas.push(format_args!("<circle class=\"{class}\" cx=\"{x}\" cy=\"{y}\" r=\"4.5\"/>"));
    // The row says the same in words.
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" aria-hidden=\"true\">{}</svg>",
        coordinate(WIDTH),
        coordinate(HEIGHT),
        canvas.body
    ))
}
