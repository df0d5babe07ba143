//! The measured figures, and the file that keeps them.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use daotwin::core::Seed;
use daotwin::core::files::atomic_write;
use daotwin::generators::table::registry::{TABLE_SYNTHESIZERS, choose, find};
use daotwin::history::synthesizer::PrivacyOptions;
use serde::{Deserialize, Serialize};

use crate::tables::{Loaded, TABLES, Table};

/// The format of the file.
const SCHEMA: &str = "daotwin.matrix/1";

/// Every figure.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Data {
    /// [`SCHEMA`].
    pub(crate) schema: String,
    /// The tables, by name.
    pub(crate) tables: BTreeMap<String, Description>,
    /// One fit each.
    pub(crate) rows: Vec<Row>,
}

/// What a table is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Description {
    /// In words.
    pub(crate) what: String,
    /// Rows that are learned from.
    pub(crate) rows: usize,
    /// Rows held out.
    pub(crate) holdout: usize,
    /// Columns.
    pub(crate) columns: usize,
    /// The column that is predicted.
    pub(crate) target: String,
    /// The constraints that every model is given.
    pub(crate) constraints: usize,
    /// What `--model auto` takes, without and with a guarantee.
    pub(crate) auto: [String; 2],
    /// The same figures of held-out rows.
    #[serde(default)]
    pub(crate) holdout_figures: BTreeMap<String, f64>,
    /// The same figures of the real columns made independent of each other.
    #[serde(default)]
    pub(crate) independent_figures: BTreeMap<String, f64>,
    /// Of a model trained on the real rows.
    #[serde(default)]
    pub(crate) real_figures: BTreeMap<String, f64>,
}

/// A fit of a model to a table.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The table.
    pub(crate) table: String,
    /// The model.
    pub(crate) model: String,
    /// The guarantee; none without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) epsilon: Option<f64>,
    /// Why there are no figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) failed: Option<String>,
    /// What it was measured on: `cpu` or `gpu`.
    #[serde(default)]
    pub(crate) device: String,
    /// Whether the model gives densities.
    #[serde(default)]
    pub(crate) densities: bool,
    /// Whether it fills in missing values.
    #[serde(default)]
    pub(crate) imputes: bool,
    /// The figures, by id.
    #[serde(default)]
    pub(crate) figures: BTreeMap<String, f64>,
    /// What the same evaluation says of held-out rows, independent columns and real rows; kept with the table.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) references: Vec<BTreeMap<String, f64>>,
}

impl Row {
    pub(crate) fn failed(table: &str, model: &str, epsilon: Option<f64>, reason: String) -> Self {
        let (table, model, failed) = (table.to_owned(), model.to_owned(), Some(reason));
        Self { table, model, epsilon, failed, device: "cpu".to_owned(), ..Self::default() }
    }

    /// A figure; infinite where there is none, so that it never wins.
    pub(crate) fn figure(&self, id: &str) -> f64 {
        self.figures.get(id).copied().unwrap_or(f64::INFINITY)
    }

    /// A line for people who wait.
    pub(crate) fn brief(&self) -> String {
        let [fit, three, area] = ["fit_cpu_s", "marginals3", "detection"]
            .map(|id| self.figures.get(id).copied().unwrap_or(f64::NAN));
        format!("fit {fit:.2} CPU-s, 3-way {three:.4}, classifier {area:.3}")
    }
}

impl Data {
    /// Reads the file; a missing one holds nothing.
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        if !path.exists() {
            return Ok(Self { schema: SCHEMA.to_owned(), ..Self::default() });
        }
        let data: Self = serde_json::from_slice(&std::fs::read(path)?)?;
        if data.schema != SCHEMA {
            return Err(format!("`{}` is not `{SCHEMA}`; remove it and measure anew", path.display()).into());
        }
        Ok(data)
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(atomic_write(path, text.as_bytes())?)
    }

    pub(crate) fn describe(&mut self, table: &Table, loaded: &Loaded) {
        let asked = PrivacyOptions {
            epsilon: 1.0,
            delta: crate::measure::DELTA,
            ledger: "unused".into(),
            account: None,
            test_noise: Some(Seed(1)),
        };
        let auto = [None, Some(&asked)].map(|privacy| choose(&loaded.train, privacy).0.name().to_owned());
        let old = self.tables.remove(table.name).unwrap_or_default();
        let description = Description {
            what: table.what.to_owned(),
            rows: loaded.train.rows(),
            holdout: loaded.holdout.rows(),
            columns: loaded.train.columns().len(),
            target: table.target.to_owned(),
            constraints: loaded.constraints.len(),
            auto,
            ..old
        };
        self.tables.insert(table.name.to_owned(), description);
    }

    /// Puts a row in the place of that of the same fit.
    pub(crate) fn replace(&mut self, mut row: Row) {
        if let ([holdout, independent, real], Some(table)) =
            (&row.references[..], self.tables.get_mut(&row.table))
        {
            table.holdout_figures.clone_from(holdout);
            table.independent_figures.clone_from(independent);
            table.real_figures.clone_from(real);
        }
        row.references.clear();
        self.rows
            .retain(|old| (&old.table, &old.model, old.epsilon) != (&row.table, &row.model, row.epsilon));
        self.rows.push(row);
    }

    /// Leaves out models that are not registered any more, and orders rows as the registry does.
    pub(crate) fn settle(&mut self) {
        self.rows.retain(|row| find(&row.model).is_some());
        let place = |row: &Row| {
            let table = TABLES.iter().position(|table| table.name == row.table);
            let model = TABLE_SYNTHESIZERS.iter().position(|model| model.name() == row.model);
            (row.epsilon.unwrap_or(0.0).to_bits(), table, model)
        };
        self.rows.sort_by_key(|row| {
            let (epsilon, table, model) = place(row);
            (table, epsilon, model)
        });
    }

    /// The rows of a table at a budget that have figures.
    pub(crate) fn of(&self, table: &str, epsilon: Option<f64>) -> impl Iterator<Item = &Row> {
        self.rows
            .iter()
            .filter(move |row| row.table == table && row.epsilon == epsilon && row.failed.is_none())
    }
}
