//! A shallow mixture: rows come from hidden components, and within a component columns are independent.
//!
//! Columns become small codes (shared cells), each component holds one table of probabilities a column, and both
//! are learned by expectation and maximisation. Likelihood, conditionals on any subset of columns and missing
//! values follow exactly from the components' weights. No value is copied: a number is drawn from within its
//! cell.

mod em;
mod fast;
mod law;
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

use self::em::{Learner, Plan};
use self::law::Shape;
use self::model::Fitted;
use super::checkpoint::Checkpoint;
use super::setting;
use super::trees::codec::Codec;
use crate::error::{Error, Result};

/// The name in the registry.
const NAME: &str = "mixture";

/// Rows that a part of a cell holds at least; see the codec.
const PART: usize = 5;

/// Rows for each component at least.
const ROWS_A_COMPONENT: usize = 8;

/// Probabilities of all components at most: bounds memory where a column has very many labels.
const PROBABILITIES: usize = 1 << 21;

/// Learns a mixture of products.
#[derive(Debug)]
pub struct Mixture;

const SETTINGS: &[Setting] = &[
    setting("components", 400.0, (1.0, 4_096.0), "hidden groups of rows at most; time grows with it"),
    setting(
        "smoothing",
        1.0,
        (0.01, 1_000.0),
        "rows of the whole table that every component is blended with",
    ),
    setting(
        "passes",
        30.0,
        (1.0, 1_000.0),
        "passes over the rows at most; it stops where rows held out are explained no better",
    ),
];

impl TableSynthesizer for Mixture {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "exact conditionals on any columns, exact likelihoods and missing values filled in, without privacy",
            source: "the shallow mixture of TabPC (arXiv 2603.23016) by stepwise expectation maximisation (Cappe \
                     and Moulines 2009); numbers under a Polya tree (Lavine 1992)",
            limits: "no formal privacy; relations within a component are lost, so many columns with sharp rules \
                     need many components; constraints between numbers hold only roughly",
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
        Ok(Box::new(fit(self, frame, options, run)?))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(store::read(folder, run)?))
    }
}

fn fit(model: &Mixture, frame: &Frame, options: &TableFitOptions, run: &Run) -> Result<Fitted> {
    let given = super::begin(model, frame, options)?;
    if frame.rows() >= u32::MAX as usize {
        let what = format!("model `{NAME}` takes at most {} rows; draw a sample of them", u32::MAX - 1);
        return Err(Error::Options { problems: vec![what] });
    }
    run.check()?;
    let (mut checkpoint, saved) = Checkpoint::open(NAME, frame, options, &given.values, run)?;
    let (codec, codes) = Codec::fit(frame, PART);
    let sizes = codec.discrete.sizes();
    let most = (PROBABILITIES / sizes.iter().sum::<usize>()).min(frame.rows().div_ceil(ROWS_A_COMPONENT));
    let components = (given.get("components") as usize).min(most).max(1);
    let shape = Shape::new(&codec, &codes, components, given.get("smoothing"));
    let plan = Plan::new(given.get("passes") as usize, frame.rows(), sizes.len(), components);
    let mut learner = Learner::new(&shape, &codes, plan, options.seed);
    if let Some(saved) = saved {
        learner.restore(saved)?;
    }
    let counts = learner.learn(&mut checkpoint, run)?;
    let fitted =
        Fitted::new(codec, Shape::weights(&counts), shape.laws(&counts), frame.rows() as u64, options.seed.0);
    checkpoint.finish()?;
    Ok(fitted)
}
