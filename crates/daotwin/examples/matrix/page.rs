//! Draws the page from the figures. Every sentence that names a model is made from them.

use daotwin::generators::registry::SYNTHESIZERS;
use daotwin::generators::table::registry::TABLE_SYNTHESIZERS;

use crate::figures::{Data, Description, Row};
use crate::tables::TABLES;

/// A membership attack above this tells that rows are given away.
const TELLS: f64 = 0.55;

/// The columns of the matrix: id, heading, decimals.
const COLUMNS: [(&str, &str, usize); 13] = [
    ("fit_cpu_s", "fit, CPU-s", 2),
    ("peak_mib", "MiB", 0),
    ("rows_per_cpu_s", "rows/CPU-s", 0),
    ("marginals1", "1-way", 3),
    ("marginals2", "2-way", 3),
    ("marginals3", "3-way", 3),
    ("kmarginal2", "k-marginal", 0),
    ("detection", "AUC", 3),
    ("utility", "TSTR AUC", 3),
    ("f1", "F1", 3),
    ("copies", "copies", 4),
    ("nearest", "nearest", 3),
    ("membership", "membership", 3),
];

const HEAD: &str = "\
# Which model when

Measured, not believed: `cargo xtask matrix` fits every model of tables (`daotwin models`) to every table below,
scores it, and writes this page from the figures in [which-model.json](which-model.json); `--only MODEL` measures one
model anew and keeps the figures of the others. Each fit is a process of its own with default settings and one seed.
";

const LEGEND: &str = "\
Distances (1-way, 2-way, 3-way) are zero where the tables are equal; the k-marginal score (pairs) is then 1000. AUC is
how well boosted trees tell synthetic from real rows, TSTR AUC and F1 how well a model that learned from the synthetic
rows predicts the held-out ones. Copies equal a real row in every column; `nearest` and `membership` are 0.5 where
nobody is given away. Beside them stand held-out rows (fewer of them, so their distances are larger than a perfect
sample's) and independent columns. Private fits have delta 1e-9, the table's own domain declared, no constraint but
`order` (the others would read the data), and noise from a fixed seed.
";

fn number(value: f64, decimals: usize) -> String {
    format!("{value:.decimals$}")
}

/// The page.
pub(crate) fn render(data: &Data) -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n## Advice\n\n");
    for (heading, text) in advice(data) {
        page.push_str(&format!("{}\n\n", wrapped(&format!("**{heading}.** {text}"))));
    }
    page.push_str(
        "## Models\n\n| model | for | private | densities | fills in |\n| --- | --- | --- | --- | --- |\n",
    );
    for model in SYNTHESIZERS {
        let (name, card) = (model.name(), model.card());
        let purpose = card.purpose;
        page.push_str(&format!("| `{name}` | {purpose} (Histories, see [The twin](twin.md)) | yes | | |\n"));
    }
    for model in TABLE_SYNTHESIZERS {
        let card = model.card();
        let rows: Vec<&Row> = data.rows.iter().filter(|row| row.model == model.name()).collect();
        let mark = |yes: bool| if yes { "yes" } else { "" };
        let able = |can: fn(&Row) -> bool| match &rows[..] {
            [] => "not measured",
            rows => mark(rows.iter().any(|row| can(row))),
        };
        page.push_str(&format!(
            "| `{}` | {} | {} | {} | {} |\n",
            model.name(),
            card.purpose,
            mark(card.privacy.is_some()),
            able(|row| row.densities),
            able(|row| row.imputes)
        ));
    }
    page.push_str(
        "\nConditions on any columns and constraints hold in every row of every model.\n\n## Figures\n\n",
    );
    page.push_str(LEGEND);
    for table in TABLES {
        if let Some(description) = data.tables.get(table.name) {
            page.push_str(&matrix(data, table.name, description));
        }
    }
    page
}

/// The figures of one table.
fn matrix(data: &Data, name: &str, table: &Description) -> String {
    let Description { what, rows, holdout, columns, target, constraints, .. } = table;
    let given = match constraints {
        0 => String::new(),
        1 => ", one constraint".to_owned(),
        count => format!(", {count} constraints"),
    };
    let mut text = format!(
        "\n### `{name}`\n\n{what}: {rows} rows, {holdout} held out, {columns} columns{given}; predicted is `{target}`.\n\n\
         | model | epsilon |"
    );
    for (_, heading, _) in COLUMNS {
        text.push_str(&format!(" {heading} |"));
    }
    text.push_str("\n| --- | --- |");
    text.push_str(&" ---: |".repeat(COLUMNS.len()));
    text.push('\n');
    let mut line = |head: &str, figures: &std::collections::BTreeMap<String, f64>| {
        text.push_str(head);
        for (id, _, decimals) in COLUMNS {
            let figure = figures.get(id).map_or(String::new(), |value| number(*value, decimals));
            text.push_str(&format!(" {figure} |"));
        }
        text.push('\n');
    };
    line("| held-out rows | |", &table.holdout_figures);
    line("| independent columns | |", &table.independent_figures);
    line("| the real rows | |", &table.real_figures);
    let mut failures = String::new();
    for row in data.rows.iter().filter(|row| row.table == name) {
        let budget = row.epsilon.map_or(String::new(), |epsilon| epsilon.to_string());
        match &row.failed {
            None => line(&format!("| `{}` | {budget} |", row.model), &row.figures),
            Some(reason) => {
                failures.push_str(&format!("\n`{}` {budget} has no figures: {reason}.\n", row.model));
            }
        }
    }
    text.push_str(&failures);
    text
}

/// The row with the least key; the first of equals.
fn least<'a>(rows: impl Iterator<Item = &'a Row>, key: impl Fn(&Row) -> f64) -> Option<&'a Row> {
    rows.filter(|row| key(row).is_finite()).min_by(|a, b| key(a).total_cmp(&key(b)))
}

fn distance(row: &Row) -> f64 {
    row.figure("marginals3")
}

/// A guess has no ceiling: the negative, so that the greatest wins.
fn prediction(row: &Row) -> f64 {
    -row.figures.get("utility").copied().unwrap_or(f64::NEG_INFINITY)
}

fn keeps_secrets(row: &Row) -> bool {
    row.figure("membership") <= TELLS
}

/// Clauses of one kind a table, joined.
fn of_tables(data: &Data, names: &[&str], clause: impl Fn(&str) -> Option<String>) -> Option<String> {
    let clauses: Vec<String> = names
        .iter()
        .filter(|name| data.tables.contains_key(**name))
        .filter_map(|name| clause(name))
        .collect();
    (!clauses.is_empty()).then(|| clauses.join("; "))
}

/// What wins a table without a guarantee, among models that give nobody away.
fn closest(data: &Data, table: &str) -> Option<String> {
    let honest = least(data.of(table, None).filter(|row| keeps_secrets(row)), distance);
    let nearest = least(data.of(table, None), distance)?;
    let close = |row: &Row| format!("`{}` is closest on `{table}` ({:.3})", row.model, distance(row));
    let away = |row: &Row| format!("gives rows away (membership {:.3})", row.figure("membership"));
    Some(match honest {
        Some(honest) if honest.model == nearest.model => close(honest),
        Some(honest) => {
            format!(
                "{}; `{}` comes nearer ({:.3}) and {}",
                close(honest),
                nearest.model,
                distance(nearest),
                away(nearest)
            )
        }
        None => format!(
            "no model keeps membership under {TELLS} on `{table}`: the closest, `{}`, {}",
            nearest.model,
            away(nearest)
        ),
    })
}

fn names(models: &[String]) -> String {
    match models {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A heading and its text for each use.
fn advice(data: &Data) -> Vec<(&'static str, String)> {
    let mut advice = Vec::new();
    let all: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    let usual = ["adult", "votes", "acs"];
    let mut say = |heading: &'static str, text: Option<String>| {
        let text = text.unwrap_or_else(|| "Not measured yet.".to_owned());
        advice.push((heading, text));
    };
    let fastest = |table: &str| {
        let best = least(data.of(table, None).filter(|row| keeps_secrets(row)), distance)?;
        // Half as far again is still close, and may be had for much less.
        let enough = 1.5 * distance(best);
        let cheap =
            least(data.of(table, None).filter(|row| distance(row) <= enough), |row| row.figure("fit_cpu_s"))?;
        Some(format!(
            "`{}` on `{table}` ({:.2} CPU-s, {:.3}; the closest takes {:.2})",
            cheap.model,
            cheap.figure("fit_cpu_s"),
            distance(cheap),
            best.figure("fit_cpu_s")
        ))
    };
    say(
        "No guarantee asked",
        of_tables(data, &usual, |table| closest(data, table)).map(|clauses| {
            let auto = of_tables(data, &usual, |table| {
                Some(format!("`{}` on `{table}`", data.tables[table].auto[0]))
            });
            let cheap = of_tables(data, &usual, fastest).unwrap_or_default();
            format!(
                "Smallest distance of triples among models whose membership attack stays at {TELLS} or below: {clauses}. \
                 Cheapest of those at most half as far again: {cheap}. `--model auto` takes {}.",
                auto.unwrap_or_default()
            )
        }),
    );
    let private = |epsilon: f64| {
        of_tables(data, &all, |table| {
            let best = least(data.of(table, Some(epsilon)), distance)?;
            let predicts = least(data.of(table, Some(epsilon)), prediction)?;
            let (near, area) = (distance(best), -prediction(predicts));
            let both = best.model == predicts.model;
            Some(if both {
                format!("`{}` is closest ({near:.3}) and predicts best ({area:.3}) on `{table}`", best.model)
            } else {
                format!(
                    "`{}` is closest ({near:.3}) and `{}` predicts best ({area:.3}) on `{table}`",
                    best.model, predicts.model
                )
            })
        })
        .map(|clauses| format!("At epsilon {epsilon}, {clauses}."))
    };
    let both: Vec<String> = crate::EPSILONS.iter().filter_map(|&epsilon| private(epsilon)).collect();
    say(
        "Private table",
        (!both.is_empty()).then(|| {
            let mut auto: Vec<&str> = data.tables.values().map(|table| table.auto[1].as_str()).collect();
            auto.sort_unstable();
            auto.dedup();
            let auto: Vec<String> = auto.iter().map(|name| format!("`{name}`")).collect();
            format!("{} `--model auto` takes {}.", both.join(" "), names(&auto))
        }),
    );
    say(
        "Small table",
        of_tables(data, &["small"], |table| {
            let best = least(data.of(table, None).filter(|row| keeps_secrets(row)), prediction);
            let any = least(data.of(table, None), prediction)?;
            let real = data.tables[table].real_figures.get("utility").copied().unwrap_or(f64::NAN);
            let rows = data.tables[table].rows;
            let clause = |row: &Row| format!("`{}` ({:.3})", row.model, -prediction(row));
            Some(match best {
                Some(best) => format!(
                    "Of {rows} rows, distances mostly tell chance, so the held-out rows judge: what predicts them best \
                     without giving rows away is {}; {} does best of all, the real rows reach {real:.3}. {}",
                    clause(best),
                    clause(any),
                    told(data, table)
                ),
                None => format!("No model keeps membership under {TELLS}; {} predicts best.", clause(any)),
            })
        }),
    );
    say(
        "Wide table",
        of_tables(data, &["wide"], |table| {
            let columns = data.tables[table].columns;
            let clause = closest(data, table)?;
            Some(format!(
                "Of {columns} columns, {clause}. Cheapest of those at most half as far again: {}.",
                fastest(table).unwrap_or_default()
            ))
        }),
    );
    say(
        "To train a model on",
        of_tables(data, &all, |table| {
            let best = least(data.of(table, None), prediction)?;
            let real = data.tables[table].real_figures.get("utility")?;
            Some(format!("`{}` on `{table}` ({:.3}, real rows {real:.3})", best.model, -prediction(best)))
        })
        .map(|clauses| format!("Predicts held-out rows best: {clauses}.")),
    );
    say("Densities, missing values, conditions", abilities(data));
    let on_gpu: Vec<&Row> =
        data.rows.iter().filter(|row| row.device == "gpu" && row.failed.is_none()).collect();
    say(
        "A GPU at hand",
        Some(match least(on_gpu.iter().copied(), distance) {
            Some(best) => format!(
                "Of what was measured on one, `{}` is closest ({:.3} on `{}`).",
                best.model,
                distance(best),
                best.table
            ),
            None => "Nothing on this page was measured on one, and no model needs one.".to_owned(),
        }),
    );
    let histories: Vec<String> = SYNTHESIZERS.iter().map(|model| format!("`{}`", model.name())).collect();
    say(
        "Event sequences",
        Some(format!(
            "Proposals, votes and members are a History, which {} learns as a whole: who votes when, again, and with what \
             power ([The twin](twin.md)). A table model draws each row by itself.",
            names(&histories)
        )),
    );
    advice
}

/// Models that give rows of a table away.
fn told(data: &Data, table: &str) -> String {
    let told: Vec<String> = data
        .of(table, None)
        .filter(|row| !keeps_secrets(row))
        .map(|row| format!("`{}` ({:.3})", row.model, row.figure("membership")))
        .collect();
    if told.is_empty() {
        format!("No model gives rows away (membership at most {TELLS}).")
    } else {
        format!("Rows are given away by {}.", names(&told))
    }
}

fn abilities(data: &Data) -> Option<String> {
    let table = "adult";
    let able = |can: fn(&Row) -> bool| {
        let mut rows: Vec<&Row> = data.of(table, None).filter(|row| can(row)).collect();
        rows.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        names(&rows.iter().map(|row| format!("`{}` ({:.3})", row.model, distance(row))).collect::<Vec<_>>())
    };
    data.of(table, None).next()?;
    Some(format!(
        "Every model samples under conditions. Densities of rows are known to {}; missing values are filled in by {} (in \
         the order of their distance of triples on `{table}`).",
        able(|row| row.densities),
        able(|row| row.imputes)
    ))
}

/// Lines of at most 118 characters.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= 118 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}
