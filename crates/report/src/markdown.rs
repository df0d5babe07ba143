//! The document as Markdown, for pull requests and forums.

use crate::data;
use crate::html::{mark, score_word};
use crate::number;
use crate::text;
use daotwin_core::document::{Block, Document, Score, Table};

/// Rows of a chart's table in Markdown.
const CHART_ROWS: usize = 12;
/// Rows of a table in Markdown.
const TABLE_ROWS: usize = 200;

/// Renders the document as GitHub-flavoured Markdown. Pictures become short tables of evenly spaced points.
///
/// All text of the document is escaped: none of it can become a heading, link, picture, mention or HTML. The
/// same document gives the same bytes.
pub fn render_markdown(document: &Document) -> String {
    let mut out = Vec::new();
    out.push(format!("# {}", inline(&document.title)));
    let verdict = &document.verdict;
    out.push(format!(
        "**{} {}.** {}",
        mark(verdict.outcome),
        crate::html::verdict_word(verdict.outcome),
        inline(&verdict.text)
    ));
    if !document.highlights.is_empty() {
        let rows = document
            .highlights
            .iter()
            .map(|highlight| {
                let cells = [&highlight.label, &highlight.figure, &highlight.text].map(|text| inline(text));
                std::iter::once(mark(highlight.outcome).to_owned()).chain(cells).collect()
            })
            .collect::<Vec<Vec<String>>>();
        out.push(table(&["", "question", "answer", "meaning"].map(str::to_owned), &rows));
    }
    if !document.warnings.is_empty() {
        let warnings = document.warnings.iter().map(|warning| format!("> - {}", inline(warning)));
        out.push(format!(
            "> **Before you use these figures**\n>\n{}",
            warnings.collect::<Vec<_>>().join("\n")
        ));
    }
    for section in &document.sections {
        out.push(format!("## {}", inline(&section.title)));
        for block in &section.blocks {
            match block {
                Block::Text { text } => out.extend(paragraphs(text)),
                Block::Scores { scores } => out.push(score_table(scores)),
                Block::Table(content) => out.push(text_table(content, TABLE_ROWS)),
                Block::Player(player) => {
                    out.push(format!("### {}", inline(&player.title)));
                    for frame in player.frames.iter().take(TABLE_ROWS) {
                        out.push(format!("**{}.** {}", inline(&frame.label), inline(&frame.title)));
                        if !frame.lines.is_empty() {
                            let lines = frame.lines.iter().map(|line| format!("- {}", inline(line)));
                            out.push(lines.collect::<Vec<_>>().join("\n"));
                        }
                        if !frame.table.columns.is_empty() {
                            out.push(text_table(&frame.table, TABLE_ROWS));
                        }
                    }
                }
                Block::Chart(chart) => {
                    out.push(format!("### {}", inline(&chart.title)));
                    if !chart.description.is_empty() {
                        out.push(inline(&chart.description));
                    }
                    let (tables, note) = data::tables(chart, CHART_ROWS);
                    out.extend(tables.iter().map(|content| text_table(content, TABLE_ROWS)));
                    out.extend(note.map(|note| format!("_{}_", inline(&note))));
                }
            }
        }
    }
    if !document.manifest.is_empty() {
        let rows: Vec<Vec<String>> =
            document.manifest.iter().map(|(label, value)| vec![inline(label), inline(value)]).collect();
        out.push(format!("## Manifest\n\n{}", table(&["entry", "value"].map(str::to_owned), &rows)));
    }
    out.join("\n\n") + "\n"
}

fn score_table(scores: &[Score]) -> String {
    let rows: Vec<Vec<String>> = scores
        .iter()
        .map(|score| {
            let interval = score.interval.map_or(String::new(), |(low, high)| {
                format!(" ({} to {})", number::score(low), number::score(high))
            });
            let references: Vec<String> = score
                .references
                .iter()
                .map(|(name, value)| format!("{} {}", inline(name), inline(&number::score(*value))))
                .collect();
            vec![
                format!("{} {}", mark(score.outcome), score_word(score.outcome)),
                format!("**{}**", inline(&score.label)),
                inline(&format!("{}{interval}", number::score(score.value))),
                inline(&crate::html::bar(score).unwrap_or_default()),
                references.join("; "),
                inline(&score.meaning),
            ]
        })
        .collect();
    table(&["", "score", "figure", "bar", "references", "meaning"].map(str::to_owned), &rows)
}

fn text_table(content: &Table, limit: usize) -> String {
    let columns: Vec<String> = content.columns.iter().map(|heading| inline(heading)).collect();
    let rows: Vec<Vec<String>> =
        content.rows.iter().take(limit).map(|row| row.iter().map(|cell| inline(cell)).collect()).collect();
    let mut out = String::new();
    if !content.caption.is_empty() {
        out = format!("**{}**\n\n", inline(&content.caption));
    }
    out += &table(&columns, &rows);
    if content.rows.len() > limit {
        out += "

_The first ";
        out += &limit.to_string();
        out += " of ";
        out += &content.rows.len().to_string();
        out += " rows; the JSON report has all._";
    }
    out
}

/// A table of cells that are escaped already.
fn table(columns: &[String], rows: &[Vec<String>]) -> String {
    let width = rows.iter().map(Vec::len).max().unwrap_or(0).max(columns.len()).max(1);
    let line = |cells: &[String]| {
        let padded = (0..width).map(|index| cells.get(index).map_or("", String::as_str));
        format!("| {} |", padded.collect::<Vec<_>>().join(" | "))
    };
    let mut lines = vec![line(columns), format!("|{}", " --- |".repeat(width))];
    lines.extend(rows.iter().map(|row| line(row)));
    lines.join("\n")
}

fn paragraphs(content: &str) -> Vec<String> {
    let content = text::clean(content);
    let parts = content.split("\n\n").map(inline);
    parts.filter(|paragraph| !paragraph.is_empty()).collect()
}

/// One line of plain text, with everything escaped that Markdown would act on.
fn inline(content: &str) -> String {
    let content = text::line(content, 20_000);
    let content = content.trim();
    let mut out = String::with_capacity(content.len() + 8);
    let mut before = ' ';
    for (index, character) in content.chars().enumerate() {
        let at_start = index == 0 && matches!(character, '#' | '-' | '+' | '=' | ':');
        // `1.` and `1)` at the start make a list.
        let numbered = matches!(character, '.' | ')')
            && (1..10).contains(&index)
            && content.chars().nth(index + 1).is_none_or(char::is_whitespace)
            && content.chars().take(index).all(|earlier| earlier.is_ascii_digit());
        // `://` and `www.` make a link without any brackets.
        let address = (character == '/' && matches!(before, ':' | '/'))
            || (character == '.' && matches!(before, 'w' | 'W'));
        let acts =
            matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '$' | '!');
        if acts || at_start || numbered || address {
            out.push('\\');
        }
        out.push(character);
        if character == '@' {
            // A word joiner: no mention, no mail address, and nothing to see.
            out.push('\u{2060}');
        }
        before = character;
    }
    out
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn nothing_that_markdown_acts_on_survives() {
        for (content, expected) in [
            ("# heading", "\\# heading"),
            ("- item", "\\- item"),
            ("12. item", "12\\. item"),
            ("a | b", "a \\| b"),
            ("[x](javascript:1)", "\\[x\\](javascript:1)"),
            ("![x](http://e)", "\\!\\[x\\](http:\\/\\/e)"),
            ("<img src=x onerror=1>", "\\<img src=x onerror=1\\>"),
            ("www.example.org", "www\\.example.org"),
            ("@everyone", "@\u{2060}everyone"),
            ("0.05 to 0.1", "0.05 to 0.1"),
            ("&lt;", "\\&lt;"),
            ("two\nlines", "two lines"),
        ] {
            assert_eq!(inline(content), expected);
        }
    }
}
