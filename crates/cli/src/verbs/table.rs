//! `fit`, `sample` and `evaluate` where they are given a table instead of a History.

use std::path::Path;

use daotwin::core::Seed;
use daotwin::evaluation::table::{TableOptions, evaluate_table};
use daotwin::generators::local;
use daotwin::generators::table::{self, conditions, constrained, registry};
use daotwin::history::frame::synthesizer::{TableFitOptions, TableSynthesizer};
use daotwin::history::frame::{self, Declaration, Frame};
use serde_json::json;

use super::evaluate::{Evaluate, cells};
use super::fit::Fit;
use super::report::Format;
use super::sample::Sample;
use super::{facts, manifest};
use crate::Answer;
use crate::context::{Context, shown};
use crate::failure::Failure;
use crate::output;

fn declaration(columns: Option<&Path>, context: &Context) -> Result<Declaration, Failure> {
    Ok(match columns {
        Some(columns) => Declaration::read(columns, &context.run.limits)?,
        None => Declaration::default(),
    })
}

/// Reads a table, and says what of it is left out.
fn read(path: &Path, declaration: &Declaration, context: &Context) -> Result<Frame, Failure> {
    let (frame, left_out) = frame::read(path, declaration, &context.run)?;
    for column in left_out {
        context.note(&format!("column `{}` is left out: {}", column.column, column.reason));
    }
    Ok(frame)
}

/// Learns a table.
pub(super) fn fit(call: &Fit, context: &mut Context) -> Result<Answer, Failure> {
    let privacy = call.privacy(context)?;
    if privacy.is_some() && call.checkpoint.is_some() {
        return Err(Failure::usage(
            "a private fit keeps no checkpoint: what it has learned halfway is not what was paid for; leave \
             `--checkpoint` out",
        ));
    }
    let name = call.model.as_deref().or(context.config.fit.model.as_deref()).unwrap_or("auto");
    let known: Vec<&str> = registry::TABLE_SYNTHESIZERS.iter().map(|model| model.name()).collect();
    let mut declaration = declaration(call.columns.as_deref(), context)?;
    if call.reports.is_some() {
        // Reports are nobody's.
        (declaration.member, declaration.rows_per_member) = (None, None);
    }
    let frame = read(&call.history, &declaration, context)?;
    let model: &dyn TableSynthesizer = if call.reports.is_some() {
        if !["auto", "mst"].contains(&name) || !declaration.constraints.is_empty() {
            return Err(Failure::usage(
                "`--reports` is for the model `mst`, without constraints: leave out `--model` and `[[constraints]]`",
            ));
        }
        registry::find("mst").ok_or_else(|| output::unknown("model", "mst", &known))?
    } else if name == "auto" {
        let (model, reason) = registry::choose(&frame, privacy.as_ref());
        context.note(&format!("model `{}`: {reason}", model.name()));
        model
    } else {
        registry::find(name).ok_or_else(|| output::unknown("model", name, &known))?
    };
    let options = TableFitOptions {
        seed: Seed(call.seed.or(context.config.fit.seed).unwrap_or(0)),
        privacy,
        settings: call.settings.clone(),
        checkpoint: call.checkpoint.clone(),
    };
    let fitted = match &call.reports {
        Some(path) => {
            let statement = local::Statement::read(path, &context.run)?;
            local::fit(&frame, &statement, &options, &context.run)?
        }
        None => constrained::fit(model, &frame, &declaration.constraints, &options, &context.run)?,
    };
    context.run.check()?;
    fitted.save(&call.out)?;
    let manifest = manifest(&call.out)?;
    context.print(&facts(&manifest), &manifest)?;
    if let Some(members) = frame.members().filter(|_| options.privacy.is_some()) {
        context.note(&format!(
            "of each member at most {} rows were learned; `rows_per_member` beside `member` says how many",
            members.most_rows
        ));
    }
    context.note(&format!("model written to `{}`", call.out.display()));
    if options.privacy.is_none() && call.reports.is_none() {
        context.note("this model has no privacy guarantee");
    }
    context.next(&format!("daotwin sample {} --out rows.csv", shown(&call.out)));
    Ok(Answer::Yes)
}

/// Samples rows of a table.
pub(super) fn sample(call: &Sample, context: &mut Context) -> Result<Answer, Failure> {
    let model = registry::load(&call.twin, &context.run)?;
    let rows = call.rows.unwrap_or_else(|| model.rows());
    let conditions = conditions::parse(model.columns(), &call.conditions).map_err(Failure::from)?;
    table::sample_to(&call.out, model.as_ref(), rows, &conditions, Seed(call.seed), &context.run)?;
    context.print(&format!("{}\n", call.out.display()), &json!({ "table": call.out, "rows": rows }))?;
    context.note(&format!("{} rows written to `{}`", output::count(rows), call.out.display()));
    context
        .next(&format!("daotwin evaluate --real TABLE --synthetic {} --out report.html", shown(&call.out)));
    Ok(Answer::Yes)
}

/// Compares tables.
pub(super) fn evaluate(call: &Evaluate, format: Format, context: &mut Context) -> Result<Answer, Failure> {
    let [synthetic] = call.synthetic.as_slice() else {
        return Err(Failure::usage("a table is compared with one `--synthetic` file at a time"));
    };
    let declaration = declaration(call.columns.as_deref(), context)?;
    let real = read(&call.real, &declaration, context)?;
    let holdout = call.holdout.as_deref().map(|path| read(path, &declaration, context)).transpose()?;
    // A sampled row is no member's.
    let sampled = Declaration { member: None, rows_per_member: None, ..declaration };
    let synthetic = read(synthetic, &sampled, context)?;
    let options = TableOptions { seed: Seed(call.seed), target: call.target.clone() };
    let evaluation = evaluate_table(&real, &synthetic, holdout.as_ref(), &options, &context.run)?;
    format.write(&evaluation.document(), &call.out)?;
    let rows: Vec<Vec<String>> = evaluation.scores.iter().map(cells).collect();
    context.print(&output::table(&["metric", "value", "bar", "", "reference"], &rows), &evaluation)?;
    for (id, reason) in &evaluation.skipped {
        context.note(&format!("`{id}` was not measured: {reason}"));
    }
    context.note(&format!("report written to `{}`; it is not private", call.out.display()));
    Ok(Answer::Yes)
}
