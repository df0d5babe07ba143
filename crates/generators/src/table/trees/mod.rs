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
use super::setting;

/// The name in the registry.
const NAME: &str = "trees";

/// Learns every column by trees over those before it.
#[derive(Debug)]
pub struct Trees;

const SETTINGS: &[Setting] = &[
    setting("trees", 4.0, (1.0, 64.0), "trees a column; a value is drawn from one of them"),
    setting(
        "min_leaf",
        5.0,
        (1.0, 100_000.0),
        "rows that a leaf must have; more is more private and coarser",
    ),
    setting("row_share", 0.8, (0.05, 1.0), "share of the rows that each of several trees grows from"),
    setting("column_share", 1.0, (0.05, 1.0), "share of the earlier columns that are tried at a split"),
    setting("min_gain", 3.0, (0.0, 1_000.0), "what a split must gain in log-likelihood (nats over its rows)"),
    setting(
        "class_gain",
        0.7,
        (0.0, 1_000.0),
        "what it must gain in addition for every class but one among its rows",
    ),
    setting(
        "smoothing",
        0.3,
        (0.0, 1_000.0),
        "how readily a leaf that saw few rows falls back to a wider group",
    ),
    setting("wide", 5.0, (1.0, 1_000.0), "rows of that wider group, in leaves of the least size"),
];

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
        let given = super::begin(self, frame, options)?;
        let plan = Plan {
            trees: given.get("trees") as usize,
            min_leaf: given.get("min_leaf") as usize,
            share: given.get("row_share"),
            tried: given.get("column_share"),
            min_gain: given.get("min_gain"),
            class_gain: given.get("class_gain"),
            smoothing: given.get("smoothing"),
            wide: given.get("wide") as usize,
        };
        super::at_most(NAME, frame, fit::MOST_COLUMNS, u32::MAX as usize - 1)?;
        let (codec, targets) = fit::fit(frame, plan, options.seed, run)?;
        Ok(Box::new(Fitted { codec, targets, rows: frame.rows() as u64, seed: options.seed.0, plan }))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(store::read(folder, run)?))
    }
}
