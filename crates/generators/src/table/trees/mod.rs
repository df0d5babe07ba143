//! Sequential trees: every column drawn from a few trees over the columns before it.
//!
//! Columns become small codes (shared cells), each is modelled by trees over the codes of those before it, and a leaf keeps
//! how often it saw each code. A row is drawn by walking flat arrays. No value is copied: leaves hold
//! counts of cells, and a number is drawn from within its cell.

pub(super) mod codec;
mod fit;
pub(super) mod grow;
mod model;
pub(super) mod order;
pub(super) mod store;
#[cfg(test)]
mod test;
pub(super) mod tree;

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
const NAME: &str = "trees";

/// Learns every column by trees over those before it.
#[derive(Debug)]
pub struct Trees;

const SETTINGS: &[Setting] = &[
    Setting {
        name: "trees",
        default: 4.0,
        bounds: (1.0, 64.0),
        purpose: "trees a column; a value is drawn from one of them",
    },
    Setting {
        name: "min_leaf",
        default: 5.0,
        bounds: (1.0, 100_000.0),
        purpose: "rows that a leaf must have; more is more private and coarser",
    },
    Setting {
        name: "row_share",
        default: 0.8,
        bounds: (0.05, 1.0),
        purpose: "share of the rows that each of several trees grows from",
    },
    Setting {
        name: "column_share",
        default: 1.0,
        bounds: (0.05, 1.0),
        purpose: "share of the earlier columns that are tried at a split",
    },
    Setting {
        name: "min_gain",
        default: 3.0,
        bounds: (0.0, 1_000.0),
        purpose: "what a split must gain in log-likelihood (nats over its rows)",
    },
    Setting {
        name: "class_gain",
        default: 0.7,
        bounds: (0.0, 1_000.0),
        purpose: "what it must gain in addition for every class but one among its rows",
    },
    Setting {
        name: "smoothing",
        default: 0.3,
        bounds: (0.0, 1_000.0),
        purpose: "how readily a leaf that saw few rows falls back to a wider group",
    },
    Setting {
        name: "wide",
        default: 5.0,
        bounds: (1.0, 1_000.0),
        purpose: "rows of that wider group, in leaves of the least size",
    },
];

impl Trees {
    fn plan(&self, options: &TableFitOptions) -> Result<Plan> {
        let values = options.settings(&self.card());
        let mut problems = values.as_ref().err().cloned().unwrap_or_default();
        if options.privacy.is_some() {
            problems.push(format!("model `{NAME}` has no private fit; `daotwin models` says which have"));
        }
        match values.as_deref() {
            Ok(&[trees, min_leaf, share, tried, min_gain, class_gain, smoothing, wide])
                if problems.is_empty() =>
            {
                Ok(Plan {
                    trees: trees as usize,
                    min_leaf: min_leaf as usize,
                    share,
                    tried,
                    min_gain,
                    class_gain,
                    smoothing,
                    wide: wide as usize,
                })
            }
            _ => Err(Error::Options { problems }),
        }
    }
}

impl TableSynthesizer for Trees {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "faithful tables of any columns in seconds, without privacy",
            source: "sequential classification and regression trees (Reiter 2005; Nowok, Raab and Dibben 2016, \
                     synthpop), with bagging (Breiman 1996) and leaves that hold counts of cells, not rows",
            limits: "no formal privacy: `min_leaf` limits what a leaf tells, and bounds nothing; conditions \
                     that less than one row in a hundred meets are met exactly, and the other columns follow \
                     them approximately",
            privacy: None,
            settings: SETTINGS,
            bytes_per_cell: 32,
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
        if frame.columns().len() > fit::MOST_COLUMNS || frame.rows() >= u32::MAX as usize {
            let what = format!(
                "model `{NAME}` takes at most {} columns and {} rows; take fewer, or draw a sample of the rows",
                fit::MOST_COLUMNS,
                u32::MAX - 1
            );
            return Err(Error::Options { problems: vec![what] }.into());
        }
        let (codec, targets) = fit::fit(frame, plan, options.seed, run)?;
        Ok(Box::new(Fitted { codec, targets, rows: frame.rows() as u64, seed: options.seed.0, plan }))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(store::read(folder, run)?))
    }
}
