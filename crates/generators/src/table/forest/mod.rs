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
use super::setting;

/// The name in the registry.
const NAME: &str = "forest";

/// Columns and rows beyond which numbers of features and places do not fit.
const MOST: (usize, usize) = (4_096, (1 << 31) - 1);

/// Learns a mixture of products by a forest.
#[derive(Debug)]
pub struct Forest;

const SETTINGS: &[Setting] = &[
    setting("trees", 20.0, (1.0, 500.0), "trees of the forest"),
    setting(
        "min_leaf",
        10.0,
        (1.0, 100_000.0),
        "rows, real and drawn, that a leaf must have; more is more private and coarser",
    ),
    setting("rounds", 5.0, (1.0, 50.0), "how often at most a forest is grown"),
    setting(
        "delta",
        0.0,
        (0.0, 0.5),
        "how much better than one half the last forest may tell real from drawn rows",
    ),
    setting(
        "smoothing",
        0.05,
        (0.0, 100.0),
        "how readily a leaf gives a value of its box that none of its rows has",
    ),
];

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
        let given = super::begin(self, frame, options)?;
        let plan = Plan {
            trees: given.get("trees") as usize,
            min_leaf: given.get("min_leaf") as usize,
            rounds: given.get("rounds") as usize,
            delta: given.get("delta"),
            smoothing: given.get("smoothing"),
        };
        super::at_most(NAME, frame, MOST.0, MOST.1)?;
        let (codec, forest) = fit::fit(frame, plan, options.seed, run)?;
        Ok(Box::new(Fitted { codec, forest, rows: frame.rows() as u64, seed: options.seed.0, plan }))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(store::read(folder, run)?))
    }
}
