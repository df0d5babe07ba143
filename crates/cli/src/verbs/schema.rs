//! `daotwin schema`: the shapes that other programs may rely on.

use clap::{Args, ValueEnum};
use daotwin::history::Table;
use daotwin::history::schema::Privacy;
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::{Answer, arguments};

/// Prints the tables of a History, the limits in force, or the JSON Schema of files that people write.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  daotwin schema\n  daotwin schema limits --json\n  daotwin schema scenario > scenario.schema.json\n"
)]
pub(crate) struct Schema {
    /// Which shape.
    #[arg(default_value = "history")]
    what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The tables of a History and their columns.
    History,
    /// The named limits, with the values that the settings give them.
    Limits,
    /// The JSON Schema of scenario files.
    Scenario,
    /// The JSON Schema of files of terms, for `attack`.
    Attack,
    /// The JSON Schema of deployments, for `audit`.
    Audit,
    /// The JSON Schema of the findings that `audit` writes.
    AuditFinding,
    /// The JSON Schema of files of what a treasury holds and pays, for `treasury`.
    Treasury,
}

#[derive(Serialize)]
struct Column {
    table: &'static str,
    column: &'static str,
    kind: &'static str,
    nullable: bool,
    protected: bool,
}

#[derive(Serialize)]
struct Limit {
    limit: &'static str,
    value: u64,
}

impl Schema {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        match self.what {
            What::History => columns(context)?,
            What::Limits => limits(context)?,
            What::Attack => {
                let schema = daotwin::simulation::rehearsal::attack::json_schema();
                context.print(&format!("{schema:#}\n"), &schema)?;
            }
            What::Audit => {
                let schema = daotwin::audit::world::json_schema();
                context.print(&format!("{schema:#}\n"), &schema)?;
            }
            What::AuditFinding => {
                let schema = daotwin::audit::export::json_schema();
                context.print(&format!("{schema:#}\n"), &schema)?;
            }
            What::Treasury => {
                let schema = daotwin::treasury::plan::described::json_schema();
                context.print(&format!("{schema:#}\n"), &schema)?;
            }
            What::Scenario => {
                let schema = daotwin::simulation::scenario::json_schema();
                context.print(&format!("{schema:#}\n"), &schema)?;
            }
        }
        Ok(Answer::Yes)
    }
}

fn columns(context: &Context) -> Result<(), Failure> {
    let columns: Vec<Column> = Table::ALL
        .into_iter()
        .flat_map(|table| {
            table.columns().iter().map(move |column| Column {
                table: table.name(),
                column: column.name,
                kind: column.kind.name(),
                nullable: column.nullable,
                protected: column.privacy == Privacy::Protected,
            })
        })
        .collect();
    let rows: Vec<Vec<String>> = columns
        .iter()
        .map(|column| {
            let word = |yes: bool, word: &str| if yes { word.to_owned() } else { String::new() };
            vec![
                column.table.to_owned(),
                column.column.to_owned(),
                column.kind.to_owned(),
                word(!column.nullable, "required"),
                word(column.protected, "protected"),
            ]
        })
        .collect();
    context.print(&table(&["table", "column", "kind", "", ""], &rows), &columns)
}

fn limits(context: &Context) -> Result<(), Failure> {
    let limits: Vec<Limit> =
        context.run.limits.entries().into_iter().map(|(limit, value)| Limit { limit, value }).collect();
    let rows: Vec<Vec<String>> =
        limits.iter().map(|limit| vec![limit.limit.to_owned(), limit.value.to_string()]).collect();
    context.print(&table(&["limit", "value"], &rows), &limits)
}
