//! A History as a document: what it holds and which constraints its rows break.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int32Type;
use daotwin_core::Run;
use daotwin_core::document::{Block, Document, Outcome, Section, Table as Grid, Verdict};

use super::{Checker, Severity, Times, array, check, defect};
use crate::error::Result;
use crate::history::History;
use crate::schema::{Privacy, Table};

/// What a History holds and whether it is sound, as a document for the report room. It shows no cell of a
/// protected column.
///
/// # Errors
/// As [`check`].
pub fn inspect(history: &History, run: &Run) -> Result<Document> {
    let violations = check(history, run)?;
    let errors = violations.iter().filter(|violation| violation.severity == Severity::Error).count();
    let strings = |cells: &[&str]| cells.iter().map(ToString::to_string).collect::<Vec<_>>();
    let grid = |caption: &str, columns: &[&str], rows: Vec<Vec<String>>| {
        Block::Table(Grid { caption: caption.to_owned(), columns: strings(columns), rows })
    };
    let tables =
        history.tables().map(|(table, batch)| vec![table.name().to_owned(), batch.num_rows().to_string()]);
    let aside = history.manifest().set_aside.iter().map(|aside| {
        vec![aside.source.clone(), aside.table.clone(), aside.reason.clone(), aside.rows.to_string()]
    });
    let broken = violations.iter().map(|violation| {
        let first: Vec<String> = violation.first_rows.iter().map(ToString::to_string).collect();
        vec![
            violation.constraint.to_owned(),
            violation.meaning.to_owned(),
            violation.columns.join(", "),
            if violation.severity == Severity::Error { "error" } else { "note" }.to_owned(),
            violation.rows.to_string(),
            first.join(", "),
        ]
    });
    let columns = history.tables().flat_map(|(table, _)| {
        table.columns().iter().map(move |column| {
            let access = if column.privacy == Privacy::Public { "public" } else { "protected" };
            vec![
                table.name().to_owned(),
                column.name.to_owned(),
                column.kind.name().to_owned(),
                access.to_owned(),
            ]
        })
    });
    let section = |id: &str, title: &str, block: Block| Section {
        id: id.to_owned(),
        title: title.to_owned(),
        blocks: vec![block],
    };
    let text = match (errors, violations.len() - errors) {
        (0, 0) => "Every constraint holds.".to_owned(),
        (0, notes) => format!("Every constraint holds; {notes} note(s)."),
        (errors, _) => format!("{errors} constraint(s) are broken; see the violations."),
    };
    let manifest = history.manifest();
    let mut facts = vec![
        ("sources".to_owned(), manifest.sources.join(", ")),
        ("synthetic".to_owned(), manifest.synthetic.to_string()),
        ("decimals".to_owned(), manifest.decimals.to_string()),
    ];
    facts.extend(manifest.provenance.iter().map(|(name, value)| (name.clone(), value.clone())));
    Ok(Document {
        title: "History".to_owned(),
        verdict: Verdict { outcome: if errors == 0 { Outcome::Good } else { Outcome::Bad }, text },
        warnings: Vec::new(),
        manifest: facts,
        sections: vec![
            section("tables", "Tables", grid("Rows of each table", &["table", "rows"], tables.collect())),
            section(
                "daos",
                "DAOs",
                grid(
                    "What each DAO holds",
                    &["dao", "platform", "members", "proposals", "votes", "first vote", "last vote"],
                    daos(history)?,
                ),
            ),
            section(
                "violations",
                "Violations",
                grid(
                    "Constraints that rows break; rows are counted from 0",
                    &["constraint", "demands", "columns", "severity", "rows", "first rows"],
                    broken.collect(),
                ),
            ),
            section(
                "set-aside",
                "Rows set aside",
                grid("Rows that could not be read", &["source", "table", "reason", "rows"], aside.collect()),
            ),
            section(
                "columns",
                "Columns",
                grid(
                    "Which columns are protected",
                    &["table", "column", "kind", "access"],
                    columns.collect(),
                ),
            ),
        ],
        ..Document::default()
    })
}

/// A row a DAO: members, proposals, votes, and the dates between which votes were cast.
fn daos(history: &History) -> Result<Vec<Vec<String>>> {
    #[derive(Default)]
    struct Facts {
        platform: String,
        counts: [u64; 3],
        range: Option<(i64, i64)>,
    }
    let mut facts: BTreeMap<String, Facts> = BTreeMap::new();
    if let Some(batch) = history.table(Table::Daos) {
        let (dao, platform) = (Checker::texts(batch, "dao")?, Checker::texts(batch, "platform")?);
        for row in 0..batch.num_rows() {
            let entry = facts.entry(dao(row).unwrap_or_default().to_owned()).or_default();
            platform(row).unwrap_or_default().clone_into(&mut entry.platform);
        }
    }
    for (place, table) in [Table::Members, Table::Proposals, Table::Votes].into_iter().enumerate() {
        let Some(batch) = history.table(table) else { continue };
        let column = array(batch, "dao")?.as_dictionary_opt::<Int32Type>().ok_or_else(|| defect("dao"))?;
        let values = column.values().as_string_opt::<i32>().ok_or_else(|| defect("dao"))?;
        let times = if table == Table::Votes { Some(Times::new(batch, "cast_at")?) } else { None };
        let mut counts = vec![(0_u64, None::<(i64, i64)>); values.len()];
        for row in 0..batch.num_rows() {
            if !column.is_valid(row) {
                continue;
            }
            let (count, range) = &mut counts[column.keys().value(row) as usize];
            *count += 1;
            if let Some((at, _)) = times.as_ref().and_then(|times| times.get(row)) {
                *range = Some(range.map_or((at, at), |(low, high)| (low.min(at), high.max(at))));
            }
        }
        for (code, (count, range)) in counts.into_iter().enumerate() {
            if count == 0 {
                continue;
            }
            let entry = facts.entry(values.value(code).to_owned()).or_default();
            entry.counts[place] += count;
            if let Some((low, high)) = range {
                let known = entry.range.unwrap_or((low, high));
                entry.range = Some((known.0.min(low), known.1.max(high)));
            }
        }
    }
    Ok(facts
        .into_iter()
        .map(|(dao, facts)| {
            let [members, proposals, votes] = facts.counts.map(|count| count.to_string());
            let (first, last) =
                facts.range.map_or_else(Default::default, |(low, high)| (date(low), date(high)));
            vec![dao, facts.platform, members, proposals, votes, first, last]
        })
        .collect())
}

/// The day of a time, as `2026-11-22`; the proleptic Gregorian calendar counted from 0000-03-01, where leap
/// days end the year.
fn date(at: i64) -> String {
    let day = at.div_euclid(86_400) + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day_of_month = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day_of_month:02}")
}
