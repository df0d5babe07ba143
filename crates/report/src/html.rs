//! The document as one HTML file.

use crate::svg::{self, Detail};
use crate::{data, number, text};
use askama::Template;
use daotwin_core::document::{Block, Document, Outcome, Player, Score, Section, Table};
use std::collections::BTreeSet;

/// The size that [`render_html`] keeps to by drawing a large document with less detail.
pub const MAXIMUM_BYTES: usize = 3_000_000;

/// From the full detail down; the first that fits is taken.
const DETAILS: [Detail; 5] = [
    Detail { points: 2000, cells: 120, chart_rows: 200, table_rows: 2000, characters: 100_000 },
    Detail { points: 1000, cells: 80, chart_rows: 80, table_rows: 500, characters: 20_000 },
    Detail { points: 400, cells: 48, chart_rows: 30, table_rows: 120, characters: 5_000 },
    Detail { points: 160, cells: 24, chart_rows: 12, table_rows: 40, characters: 2_000 },
    Detail { points: 64, cells: 12, chart_rows: 6, table_rows: 12, characters: 500 },
];

/// Renders the document as one self-contained HTML file: inline SVG and CSS, no script, no request to anywhere.
///
/// All text of the document is escaped, control and direction-changing characters are made visible, and the
/// page's content security policy forbids whatever escaping might miss. Series beyond 2,000 points are thinned
/// (peaks stay), large heatmaps become means, and long tables are cut; each such place says so. A document whose
/// page would be larger than [`MAXIMUM_BYTES`] is drawn with less detail, down to 64 points a series and 12 rows
/// a table; where that is too large still (thousands of charts), the last sections are left out, and the page
/// says that too. The same document gives the same bytes.
pub fn render_html(document: &Document) -> String {
    for detail in DETAILS {
        let page = render(document, detail, document.sections.len());
        if page.len() <= MAXIMUM_BYTES {
            return page;
        }
    }
    let least = DETAILS[DETAILS.len() - 1];
    let (mut fits, mut too_many) = (0, document.sections.len());
    while fits + 1 < too_many {
        let middle = usize::midpoint(fits, too_many);
        if render(document, least, middle).len() <= MAXIMUM_BYTES { fits = middle } else { too_many = middle }
    }
    render(document, least, fits)
}

#[expect(clippy::expect_used, reason = "the template only writes strings into a string, which cannot fail")]
fn render(document: &Document, detail: Detail, sections: usize) -> String {
    Page::of(document, detail, sections).render().expect("a string takes what is written to it")
}

/// The mark of an outcome; always shown with words.
pub(crate) fn mark(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Good => "✓",
        Outcome::Bad => "✗",
        Outcome::Neutral => "•",
    }
}

/// The words beside a verdict's mark.
pub(crate) fn verdict_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Good => "Verdict: good",
        Outcome::Bad => "Verdict: not good",
        Outcome::Neutral => "Verdict",
    }
}

/// The words beside a score's mark.
pub(crate) fn score_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Good => "within bar",
        Outcome::Bad => "outside bar",
        Outcome::Neutral => "no bar",
    }
}

/// The bar with its direction, which follows from the figure and how it stands to the bar.
pub(crate) fn bar(score: &Score) -> Option<String> {
    let bar = score.bar?;
    let sign = match score.outcome {
        Outcome::Good if score.value <= bar => "≤ ",
        Outcome::Bad if score.value > bar => "≤ ",
        Outcome::Good | Outcome::Bad if score.value.is_finite() => "≥ ",
        _ => "",
    };
    Some(format!("{sign}{}", number::score(bar)))
}

fn class(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Good => "good",
        Outcome::Bad => "bad",
        Outcome::Neutral => "neutral",
    }
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    verdict: Answer,
    highlights: Vec<Answer>,
    warnings: Vec<String>,
    manifest: Vec<(String, String)>,
    sections: Vec<SectionView>,
    left_out: usize,
    style: &'static str,
    schema: u32,
}

struct Answer {
    label: String,
    figure: String,
    class: &'static str,
    mark: &'static str,
    word: &'static str,
    text: String,
}

struct SectionView {
    id: String,
    title: String,
    /// `11 of 12 scores within their bar`, where there are scores with a bar.
    count: String,
    parts: Vec<Part>,
}

enum Part {
    Text(Vec<String>),
    Scores(Vec<ScoreView>, String),
    Table(TableView),
    Charts(Vec<ChartView>),
    Player(PlayerView),
}

struct ScoreView {
    id: String,
    anchor: String,
    label: String,
    meaning: String,
    figure: String,
    interval: String,
    bar: String,
    references: Vec<Reference>,
    class: &'static str,
    mark: &'static str,
    word: &'static str,
    picture: String,
}

struct Reference {
    glyph: &'static str,
    name: String,
    figure: String,
}

struct TableView {
    caption: String,
    label: String,
    columns: Vec<Cell>,
    rows: Vec<Vec<Cell>>,
    note: String,
}

/// A cell and the class that aligns it.
struct Cell {
    text: String,
    class: &'static str,
}

struct PlayerView {
    id: String,
    title: String,
    frames: Vec<FrameView>,
    note: String,
}

struct FrameView {
    id: String,
    /// The frames before and after; empty where there is none.
    previous: String,
    next: String,
    label: String,
    title: String,
    lines: Vec<String>,
    table: Option<TableView>,
}

struct ChartView {
    id: String,
    title: String,
    description: String,
    svg: String,
    wide: bool,
    /// Whether it stands alone in its row of the page's two columns.
    alone: bool,
    notes: Vec<String>,
    note: String,
    tables: Vec<TableView>,
}

/// Hands out link targets that are unique in the page.
#[derive(Default)]
struct Names {
    used: BTreeSet<String>,
}

impl Names {
    fn take(&mut self, prefix: &str, wish: &str) -> String {
        let wish = format!("{prefix}-{}", text::slug(wish, "x"));
        let mut name = wish.clone();
        let mut number = 2_u64;
        while !self.used.insert(name.clone()) {
            // Doubling keeps a document full of equal names from costing quadratic time.
            number += 1 + (self.used.len() as u64) / 64;
            name = format!("{wish}-{number}");
        }
        name
    }
}

impl Page {
    fn of(document: &Document, detail: Detail, sections: usize) -> Self {
        let short = |content: &str| text::line(content, detail.characters.min(2000));
        let mut names = Names::default();
        let verdict = Answer {
            label: String::new(),
            figure: String::new(),
            class: class(document.verdict.outcome),
            mark: mark(document.verdict.outcome),
            word: verdict_word(document.verdict.outcome),
            text: short(&document.verdict.text),
        };
        let highlights = document.highlights.iter().take(12).map(|highlight| Answer {
            label: short(&highlight.label),
            figure: short(&highlight.figure),
            class: class(highlight.outcome),
            mark: mark(highlight.outcome),
            word: match highlight.outcome {
                Outcome::Good => "good",
                Outcome::Bad => "not good",
                Outcome::Neutral => "note",
            },
            text: short(&highlight.text),
        });
        Self {
            title: text::line(if document.title.is_empty() { "Report" } else { &document.title }, 300),
            verdict,
            highlights: highlights.collect(),
            warnings: document.warnings.iter().map(|warning| short(warning)).collect(),
            manifest: document.manifest.iter().map(|(label, value)| (short(label), short(value))).collect(),
            sections: document
                .sections
                .iter()
                .take(sections)
                .map(|section| section_view(section, detail, &mut names))
                .collect(),
            left_out: document.sections.len().saturating_sub(sections),
            style: include_str!("../templates/style.css"),
            schema: crate::SCHEMA,
        }
    }
}

fn section_view(section: &Section, detail: Detail, names: &mut Names) -> SectionView {
    let id = names.take("s", if section.id.is_empty() { &section.title } else { &section.id });
    let mut parts: Vec<Part> = Vec::new();
    let (mut within, mut barred) = (0, 0);
    for block in &section.blocks {
        match block {
            Block::Text { text: content } => {
                let content = text::clean(content);
                let paragraphs: Vec<String> = content
                    .split("\n\n")
                    .map(|paragraph| text::line(paragraph.trim(), detail.characters))
                    .filter(|paragraph| !paragraph.is_empty())
                    .collect();
                parts.push(Part::Text(paragraphs));
            }
            Block::Scores { scores } => {
                barred += scores.iter().filter(|score| score.outcome != Outcome::Neutral).count();
                within += scores.iter().filter(|score| score.outcome == Outcome::Good).count();
                let shown = scores.iter().take(detail.table_rows);
                let note = cut_note(scores.len(), detail.table_rows, "scores");
                parts.push(Part::Scores(shown.map(|score| score_view(score, names)).collect(), note));
            }
            Block::Table(table) => {
                parts.push(Part::Table(table_view(table, detail.table_rows, &section.title)));
            }
            Block::Player(player) => parts.push(Part::Player(player_view(player, detail, names))),
            Block::Chart(chart) => {
                let id = names.take("c", if chart.id.is_empty() { &chart.title } else { &chart.id });
                let drawn = svg::draw(chart, &id, detail);
                let (tables, note) = data::tables(chart, detail.chart_rows);
                let view = ChartView {
                    title: text::line(&chart.title, 300),
                    description: text::line(&chart.description, detail.characters.min(2000)),
                    svg: drawn.svg,
                    wide: drawn.wide,
                    alone: false,
                    notes: drawn.notes,
                    note: note.unwrap_or_default(),
                    tables: tables
                        .iter()
                        .map(|table| table_view(table, detail.chart_rows.max(detail.cells), &chart.title))
                        .collect(),
                    id,
                };
                if let Some(Part::Charts(charts)) = parts.last_mut() {
                    charts.push(view);
                } else {
                    parts.push(Part::Charts(vec![view]));
                }
            }
        }
    }
    for part in &mut parts {
        if let Part::Charts(charts) = part {
            mark_alone(charts);
        }
    }
    let count = if barred == 0 { String::new() } else { format!("{within} of {barred} within bar") };
    SectionView { id, title: text::line(&section.title, 300), count, parts }
}

fn player_view(player: &Player, detail: Detail, names: &mut Names) -> PlayerView {
    let id = names.take("p", if player.id.is_empty() { &player.title } else { &player.id });
    let shown = player.frames.len().min(detail.table_rows);
    let name = |number: usize| if number < shown { format!("{id}-frame-{number}") } else { String::new() };
    let frames = player.frames.iter().take(shown).enumerate().map(|(number, frame)| FrameView {
        id: name(number),
        previous: number.checked_sub(1).map_or_else(String::new, name),
        next: name(number + 1),
        label: text::line(&frame.label, 60),
        title: text::line(&frame.title, detail.characters.min(2000)),
        lines: frame.lines.iter().map(|line| text::line(line, detail.characters.min(2000))).collect(),
        table: (!frame.table.columns.is_empty())
            .then(|| table_view(&frame.table, detail.table_rows, &frame.title)),
    });
    PlayerView {
        frames: frames.collect(),
        title: text::line(&player.title, 300),
        note: cut_note(player.frames.len(), shown, "moments"),
        id,
    }
}

/// Marks the charts that would leave the second column beside them empty.
fn mark_alone(charts: &mut [ChartView]) {
    let mut start = 0;
    while start < charts.len() {
        let run = charts[start..].iter().take_while(|chart| !chart.wide).count();
        if run % 2 == 1 {
            charts[start + run - 1].alone = true;
        }
        start += run + 1;
    }
}

fn score_view(score: &Score, names: &mut Names) -> ScoreView {
    let interval = score
        .interval
        .map_or(String::new(), |(low, high)| format!("{} to {}", number::score(low), number::score(high)));
    let reference = |(index, (name, value)): (usize, &(String, f64))| Reference {
        glyph: svg::GLYPHS[index % svg::GLYPHS.len()],
        name: text::line(name, 200),
        figure: number::score(*value),
    };
    ScoreView {
        id: text::line(&score.id, 200),
        anchor: names.take("m", &score.id),
        label: text::line(&score.label, 300),
        meaning: text::line(&score.meaning, 1000),
        figure: number::score(score.value),
        interval,
        bar: bar(score).unwrap_or_default(),
        references: score.references.iter().take(20).enumerate().map(reference).collect(),
        class: class(score.outcome),
        mark: mark(score.outcome),
        word: score_word(score.outcome),
        picture: svg::score_picture(score).unwrap_or_default(),
    }
}

fn table_view(table: &Table, limit: usize, context: &str) -> TableView {
    let width = table.rows.iter().take(limit).map(Vec::len).max().unwrap_or(0).max(table.columns.len());
    let blank = String::new();
    let at = |row: &[String], column: usize| row.get(column).unwrap_or(&blank).clone();
    let numeric: Vec<bool> = (0..width)
        .map(|column| {
            let mut cells = table
                .rows
                .iter()
                .take(limit)
                .filter_map(|row| row.get(column))
                .filter(|cell| !cell.is_empty());
            let mut any = false;
            cells.all(|cell| {
                any |= cell.contains(|character: char| character.is_ascii_digit());
                is_figure(cell)
            }) && any
        })
        .collect();
    let cell = |text: &str, column: usize| {
        let class = if numeric[column] {
            "n"
        } else if text.starts_with('✓') {
            "good"
        } else if text.starts_with('✗') {
            "bad"
        } else {
            ""
        };
        Cell { text: text::line(text, 500), class }
    };
    // Short headings such as `ε = 3` stay on one line.
    let heading = |cell: Cell| match cell.text.chars().count() {
        0..=14 => Cell { text: cell.text.replace(' ', "\u{a0}"), ..cell },
        _ => cell,
    };
    let label = if table.caption.is_empty() { context } else { &table.caption };
    TableView {
        caption: text::line(&table.caption, 500),
        label: text::line(label, 300),
        columns: (0..width).map(|column| heading(cell(&at(&table.columns, column), column))).collect(),
        rows: table
            .rows
            .iter()
            .take(limit)
            .map(|row| (0..width).map(|column| cell(&at(row, column), column)).collect())
            .collect(),
        note: cut_note(table.rows.len(), limit, "rows"),
    }
}

fn cut_note(count: usize, limit: usize, noun: &str) -> String {
    if count <= limit {
        return String::new();
    }
    let count = number::cell(count as f64, 1.0);
    format!("The first {limit} of {count} {noun}; the JSON report has all.")
}

/// Whether a cell is a number, perhaps with a unit sign or an interval, so that its column is set flush right.
fn is_figure(cell: &str) -> bool {
    let plain = |character: char| {
        character.is_ascii_digit()
            || matches!(
                character,
                '.' | ',' | ' ' | '\u{202f}' | '-' | '−' | '–' | '+' | '%' | '×' | '<' | '>' | '≤' | '≥'
            )
            || matches!(
                character,
                '⁰' | '¹' | '²' | '³' | '⁴'..='⁹' | '⁻' | '∞' | '/' | '(' | ')' | '[' | ']' | '±'
            )
    };
    let words = cell.split(' ').all(|word| word == "to" || word.chars().all(plain));
    words && !cell.contains("0x")
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_bar_shows_its_direction() {
        let score = |value, outcome| Score { value, outcome, bar: Some(0.5), ..Score::default() };
        assert_eq!(bar(&score(0.4, Outcome::Good)).unwrap(), "≤ 0.5");
        assert_eq!(bar(&score(0.6, Outcome::Bad)).unwrap(), "≤ 0.5");
        assert_eq!(bar(&score(0.6, Outcome::Good)).unwrap(), "≥ 0.5");
        assert_eq!(bar(&score(0.4, Outcome::Bad)).unwrap(), "≥ 0.5");
        assert_eq!(bar(&score(0.4, Outcome::Neutral)).unwrap(), "0.5");
        assert_eq!(bar(&score(f64::NAN, Outcome::Bad)).unwrap(), "0.5");
    }

    #[test]
    fn figures_are_told_from_words() {
        for figure in ["0.05", "12 345", "≤ 0.05", "0.1 to 0.3", "10⁻⁶", "–", "3 %"] {
            assert!(is_figure(figure), "{figure}");
        }
        for word in ["Aave", "12 proposals", "2023-04-01T00:00Z", "0x12"] {
            assert!(!is_figure(word), "{word}");
        }
    }

    #[test]
    fn link_targets_are_unique() {
        let mut names = Names::default();
        let taken: BTreeSet<String> = (0..1000).map(|_| names.take("s", "same")).collect();
        assert_eq!(taken.len(), 1000);
    }
}
