//! Charts as inline SVG, drawn from their data.
//!
//! Every picture has one fixed width in user units and scales by its `viewBox`; the width is that of a phone,
//! so that its text stays legible there. Colours, dashes and text sizes come from classes of the page's style
//! sheet, so that dark mode and print can change them.

mod bars;
mod heatmap;
pub(crate) mod scale;
mod score;
mod thin;
mod xy;

use crate::text;
use daotwin_core::document::{Chart, Plot, Role};
use std::fmt::Write as _;

pub(crate) use score::{GLYPHS, picture as score_picture};

/// The width of a chart in user units.
const WIDTH: f64 = 400.0;
/// The size of a chart's text in user units; the style sheet says the same.
const FONT: f64 = 12.5;

/// How much of the data a rendering draws. A document that would grow too large is drawn with less.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Detail {
    /// The largest number of points drawn of a series.
    pub(crate) points: usize,
    /// The largest number of rows and columns of a heatmap.
    pub(crate) cells: usize,
    /// The largest number of rows of the table beside a chart.
    pub(crate) chart_rows: usize,
    /// The largest number of rows of a table or a list of scores.
    pub(crate) table_rows: usize,
    /// The largest number of characters of a paragraph.
    pub(crate) characters: usize,
}

/// A drawn chart.
#[derive(Debug)]
pub(crate) struct Drawn {
    /// One or several `<svg>` elements.
    pub(crate) svg: String,
    /// What the picture leaves out, in words.
    pub(crate) notes: Vec<String>,
    /// Whether it needs the full width of the page.
    pub(crate) wide: bool,
}

/// Draws a chart. `name` is a link target that is unique in the page; the ids inside the picture begin with it.
pub(crate) fn draw(chart: &Chart, name: &str, detail: Detail) -> Drawn {
    match &chart.plot {
        Plot::Xy { x, y, series } => xy::draw(chart, name, (x, y), series, detail),
        Plot::Bars { categories, y, series } => bars::draw(chart, name, categories, y, series, detail),
        Plot::Heatmaps { rows, columns, maps, range } => {
            heatmap::draw(chart, name, &heatmap::Maps { rows, columns, layers: maps, range: *range }, detail)
        }
    }
}

/// The class that carries a role's colour and dash.
fn role_class(role: Role) -> String {
    match role {
        Role::Real => "k0".to_owned(),
        Role::Synthetic => "k1".to_owned(),
        Role::Measured => "k2".to_owned(),
        Role::Other(number) => format!("k{}", 3 + number % 5),
    }
}

/// An SVG under construction.
struct Canvas {
    body: String,
    width: f64,
    height: f64,
}

impl Canvas {
    fn new(width: f64) -> Self {
        Self { body: String::new(), width, height: 0.0 }
    }

    /// Text at a point; `anchor` is `start`, `middle` or `end`.
    fn text(&mut self, (x, y): (f64, f64), anchor: &str, class: &str, content: &str) {
        let (x, y, content) = (coordinate(x), coordinate(y), text::xml(content));
        let anchor = if anchor == "start" { String::new() } else { format!(" text-anchor=\"{anchor}\"") };
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        self.push(format_args!("<text x=\"{x}\" y=\"{y}\"{anchor}{class}>{content}</text>"));
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(coordinate);
        self.push(format_args!("<path class=\"{class}\" d=\"M{x1} {y1}L{x2} {y2}\"/>"));
    }

    fn rect(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), attributes: &str) {
        let [x, y, width, height] = [x, y, width.max(0.0), height.max(0.0)].map(coordinate);
        self.push(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" {attributes}/>"
        ));
    }

    fn path(&mut self, class: &str, data: &str) {
        if !data.is_empty() {
            self.push(format_args!("<path class=\"{class}\" d=\"{data}\"/>"));
        }
    }

    fn push(&mut self, arguments: std::fmt::Arguments<'_>) {
        // Writing to a `String` cannot fail.
        let _infallible = self.body.write_fmt(arguments);
    }

    /// The whole element, named and described for those who cannot see it.
    fn finish(self, name: &str, title: &str, description: &str) -> String {
        let (width, height) = (coordinate(self.width), coordinate(self.height));
        let (title, description) = (text::xml(title), text::xml(&text::line(description, 1000)));
        let (labelled, described) = if description.is_empty() {
            (format!("{name}-t"), String::new())
        } else {
            (format!("{name}-t {name}-d"), format!("<desc id=\"{name}-d\">{description}</desc>"))
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-labelledby=\"{labelled}\"><title id=\"{name}-t\">{title}</title>{described}{}</svg>",
            self.body
        )
    }
}

/// A coordinate with one decimal at most; what is not finite lies at the origin.
fn coordinate(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let rounded = (value * 10.0).round();
    if rounded == 0.0 {
        return "0".to_owned();
    }
    if (rounded % 10.0) == 0.0 { format!("{:.0}", rounded / 10.0) } else { format!("{:.1}", rounded / 10.0) }
}

/// How a legend entry is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Line,
    Dot,
    Area,
    Bar,
}

/// Draws the legend from the top of the canvas and returns the height it took.
fn legend(canvas: &mut Canvas, entries: &[(String, String, Key)]) -> f64 {
    let (mut x, mut y) = (0.0, 13.0);
    let room = canvas.width;
    for (name, class, key) in entries {
        let name = fit(name, FONT, room - 36.0);
        let needed = 34.0 + text::width(&name, FONT) + 14.0;
        if x > 0.0 && x + needed - 14.0 > room {
            (x, y) = (0.0, y + 18.0);
        }
        match key {
            Key::Line => canvas.line((x + 1.0, y - 4.0), (x + 27.0, y - 4.0), &format!("l {class}")),
            Key::Dot => canvas.path(&format!("d {class}"), &marker(class, (x + 14.0, y - 4.0), 4.0)),
            Key::Bar => canvas.rect((x + 4.0, y - 10.0), (20.0, 11.0), &format!("class=\"r {class}\"")),
            Key::Area => canvas.rect((x + 4.0, y - 10.0), (20.0, 11.0), &format!("class=\"a {class}\"")),
        }
        canvas.text((x + 33.0, y), "start", "", &name);
        x += needed;
    }
    if entries.is_empty() { 0.0 } else { y + 9.0 }
}

/// The outline of a role's marker: circle, square, triangle, diamond, downward triangle.
fn marker(class: &str, (x, y): (f64, f64), radius: f64) -> String {
    let corner =
        |dx: f64, dy: f64| format!("{} {}", coordinate(x + dx * radius), coordinate(y + dy * radius));
    match class {
        "k1" => format!(
            "M{}L{}L{}L{}z",
            corner(-0.9, -0.9),
            corner(0.9, -0.9),
            corner(0.9, 0.9),
            corner(-0.9, 0.9)
        ),
        "k2" => format!("M{}L{}L{}z", corner(0.0, -1.15), corner(1.1, 0.85), corner(-1.1, 0.85)),
        "k3" | "k5" => {
            format!(
                "M{}L{}L{}L{}z",
                corner(0.0, -1.25),
                corner(1.25, 0.0),
                corner(0.0, 1.25),
                corner(-1.25, 0.0)
            )
        }
        "k4" => format!("M{}L{}L{}z", corner(0.0, 1.15), corner(1.1, -0.85), corner(-1.1, -0.85)),
        _ => {
            let r = coordinate(radius);
            format!(
                "M{}a{r} {r} 0 1 0 {d} 0a{r} {r} 0 1 0 -{d} 0z",
                corner(-1.0, 0.0),
                d = coordinate(radius * 2.0)
            )
        }
    }
}

/// `content` cut to fit into `room` user units.
fn fit(content: &str, size: f64, room: f64) -> String {
    let content = text::line(content, 200);
    if text::width(&content, size) <= room {
        return content;
    }
    let mut length = content.chars().count();
    while length > 1 {
        length -= 1;
        let shorter = text::line(&content, length);
        if text::width(&shorter, size) <= room {
            return shorter;
        }
    }
    "…".to_owned()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn coordinates_are_short_and_finite() {
        assert_eq!(coordinate(1.0), "1");
        assert_eq!(coordinate(-0.04), "0");
        assert_eq!(coordinate(12.345), "12.3");
        assert_eq!(coordinate(f64::NAN), "0");
    }

    #[test]
    fn text_is_cut_to_its_room() {
        assert_eq!(fit("short", 12.0, 100.0), "short");
        let cut = fit("a very long label indeed", 12.0, 60.0);
        assert!(cut.ends_with('…') && text::width(&cut, 12.0) <= 60.0, "{cut}");
    }
}
