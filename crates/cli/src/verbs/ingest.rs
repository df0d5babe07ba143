//! `daotwin ingest`: files of any known format become a History.

use std::path::PathBuf;

use clap::Args;
use daotwin::history::ingest::{Options, ingest};
use serde::Serialize;

use crate::context::{Context, shown};
use crate::failure::Failure;
use crate::output::{count, table};
use crate::verbs::{Rows, check_new};
use crate::{Answer, arguments};

/// Reads exports of a DAO's past and writes them as a History.
///
/// The format of each file is recognised from its content; `daotwin formats` lists them. Files packed with
/// gzip or zstd are unpacked. Rows that cannot be read are set aside and counted by reason.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin ingest proposals.json votes.json --out history\n  \
        daotwin ingest logs.json.gz --dao compound --out history\n  \
        daotwin ingest ballots.csv --mapping ballots.toml --out history\n"
)]
pub(crate) struct Ingest {
    /// Files to read, together.
    #[arg(required = true, value_name = "SOURCE")]
    sources: Vec<PathBuf>,
    /// The History's new folder.
    #[arg(long, short, value_name = "FOLDER")]
    out: PathBuf,
    /// The DAO's name, for sources that do not give it.
    #[arg(long, value_name = "NAME")]
    dao: Option<String>,
    /// Decimals of the token, for sources that count in base units (18 where not given).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=38))]
    decimals: Option<u8>,
    /// Which columns hold what, for CSV and Parquet files of no known format.
    #[arg(long, value_name = "FILE.toml")]
    mapping: Option<PathBuf>,
}

#[derive(Serialize)]
struct Ingested<'a> {
    history: &'a std::path::Path,
    tables: Vec<Rows>,
    set_aside: &'a [daotwin::history::SetAside],
}

impl Ingest {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        check_new(&self.out)?;
        let options = Options { dao: self.dao, decimals: self.decimals, mapping: self.mapping };
        let history = ingest(&self.sources, &options, &context.run)?;
        context.run.check()?;
        history.write(&self.out)?;
        let tables: Vec<Rows> =
            history.tables().map(|(table, rows)| Rows::new(table, rows.num_rows())).collect();
        let set_aside = &history.manifest().set_aside;
        let mut text = Rows::text(&tables);
        if !set_aside.is_empty() {
            let rows: Vec<Vec<String>> = set_aside
                .iter()
                .map(|aside| {
                    vec![count(aside.rows), aside.table.clone(), aside.source.clone(), aside.reason.clone()]
                })
                .collect();
            text.push('\n');
            text.push_str(&table(&["set aside", "table", "source", "reason"], &rows));
        }
        context.print(&text, &Ingested { history: &self.out, tables, set_aside })?;
        context.note(&format!("history written to `{}`", self.out.display()));
        context.next(&format!("daotwin inspect {}", shown(&self.out)));
        Ok(Answer::Yes)
    }
}
