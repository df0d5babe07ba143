//! Adversarial forest: a mixture of products with exact densities, conditions and imputation.
//!
//! A forest learns to tell real rows from rows whose columns do not depend on each other; rows drawn from its leaves
//! replace those, and so on until it cannot tell them apart. In the leaves of that last forest the columns are
//! about independent, which makes the leaves a mixture of products.

mod fit;
mod leaves;
mod model;
mod store;
#[cfg(test)]
mod test;

use std::path::Path;

use daotwin_core::Run;
use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{
    FittedTable, Setting, TableCard, TableFitOptions, TableSynthesizer,
};
use daotwin_history::synthesizer::Failure;

use self::fit::Plan;
use self::model::Fitted;
use crate::error::{Error, Result};

/// The name in the registry.
const NAME: &str = "forest";

/// Columns and rows beyond which numbers of features and places do not fit.
const MOST: (usize, usize) = (4_096, 1 << 31);

/// Learns a mixture of products by a forest.
#[derive(Debug)]
pub struct Forest;

const SETTINGS: &[Setting] = &[
    Setting { name: "trees", default: 20.0, bounds: (1.0, 500.0), purpose: "trees of the forest" },
    Setting {
        name: "min_leaf",
        default: 10.0,
        bounds: (1.0, 100_000.0),
        purpose: "rows, real and drawn, that a leaf must have; more is more private and coarser",
    },
    Setting {
        name: "rounds",
        default: 5.0,
        bounds: (1.0, 50.0),
        purpose: "how often at most a forest is grown",
    },
    Setting {
        name: "delta",
        default: 0.0,
        bounds: (0.0, 0.5),
        purpose: "how much better than one half the last forest may tell real from drawn rows",
    },
    Setting {
        name: "smoothing",
        default: 0.05,
        bounds: (0.0, 100.0),
        purpose: "how readily a leaf gives a value of its box that none of its rows has",
    },
];

impl Forest {
    fn plan(&self, options: &TableFitOptions) -> Result<Plan> {
        let values = options.settings(&self.card());
        let mut problems = values.as_ref().err().cloned().unwrap_or_default();
        if options.privacy.is_some() {
            problems.push(format!("model `{NAME}` has no private fit; `daotwin models` says which have"));
        }
        match values.as_deref() {
            Ok(&[trees, min_leaf, rounds, delta, smoothing]) if problems.is_empty() => Ok(Plan {
                trees: trees as usize,
                min_leaf: min_leaf as usize,
                rounds: rounds as usize,
                delta,
                smoothing,
            }),
            _ => Err(Error::Options { problems }),
        }
    }
}

impl TableSynthesizer for Forest {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "densities, conditions on any columns and imputation, all exact under the model",
            source: "adversarial random forests (Watson, Blesch, Kapar and Wright 2023, AISTATS), with laws of cells in the \
                     leaves instead of truncated normals",
            limits: "less faithful than `trees` where many columns depend on each other; no formal privacy: \
                     `min_leaf` limits what a leaf tells, and bounds nothing",
            privacy: None,
            settings: SETTINGS,
            bytes_per_cell: 120,
        }
    }

    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        let plan = self.plan(options)?;
        if frame.rows() == 0 {
            return Err(Error::Nothing("the table has no row to learn from".to_owned()).into());
        }
        if frame.columns().len() > MOST.0 || frame.rows() >= MOST.1 {
            let what = format!(
                "model `{NAME}` takes at most {} columns and {} rows; take fewer, or draw a sample of the rows",
                MOST.0, MOST.1
            );
            return Err(Error::Options { problems: vec![what] }.into());
        }
        let (codec, forest) = fit::fit(frame, plan, options.seed, run)?;
        Ok(Box::new(Fitted { codec, forest, rows: frame.rows() as u64, seed: options.seed.0, plan }))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(store::read(folder, run)?))
    }
}
