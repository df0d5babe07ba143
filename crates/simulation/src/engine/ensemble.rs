//! Replicates of a model, in parallel, the same for any number of threads.

use std::ops::Range;

use daotwin_core::Run;
use rayon::prelude::*;

use super::summary::Summary;
use crate::Result;

/// How many results wait in memory to be summed up in order.
pub(super) const BLOCK: u64 = 1024;

/// What can be run again and again under other draws.
pub trait Model: Sync {
    /// Memory that replicates on one thread use one after another.
    type Workspace: Default + Send;

    /// The names of what a replicate comes to, the same for every replicate.
    fn variables(&self) -> &[&'static str];

    /// Runs a replicate and writes one number a variable; NaN where there is none.
    ///
    /// It depends on nothing but the model, the seed and the replicate's number: not on what the workspace held.
    ///
    /// # Errors
    /// [`daotwin_core::Error::Cancelled`] within a second after the run was cancelled, and the model's own.
    fn replicate(
        &self,
        seed: u64,
        replicate: u64,
        workspace: &mut Self::Workspace,
        run: &Run,
        values: &mut [f64],
    ) -> Result<()>;
}

/// Results of the replicates of several models of one kind, in order: `replicates` numbers from 0 for each.
pub(super) fn results<M: Model>(
    models: &[M],
    seed: u64,
    work: Range<u64>,
    each: u64,
    run: &Run,
) -> Result<Vec<Vec<f64>>> {
    work.into_par_iter()
        .map_init(M::Workspace::default, |workspace, place| {
            let model = &models[(place / each) as usize];
            let mut values = vec![f64::NAN; model.variables().len()];
            model.replicate(seed, place % each, workspace, run, &mut values)?;
            Ok(values)
        })
        .collect()
}

/// Runs replicates 0 to `replicates` on rayon's threads and sums up each variable, in the order of
/// [`Model::variables`]. Memory does not grow with the replicates. The same bits for any number of threads: results are
/// taken in the replicates' order.
///
/// # Errors
/// [`daotwin_core::Error::Cancelled`], and the model's own.
pub fn ensemble<M: Model>(model: &M, seed: u64, replicates: u64, run: &Run) -> Result<Vec<Summary>> {
    let mut summaries = vec![Summary::default(); model.variables().len()];
    let mut first = 0;
    while first < replicates {
        run.step("replicates", first, replicates)?;
        let end = replicates.min(first + BLOCK);
        for values in results(std::slice::from_ref(model), seed, first..end, replicates, run)? {
            summaries.iter_mut().zip(values).for_each(|(summary, value)| summary.add(value));
        }
        first = end;
    }
    run.step("replicates", replicates, replicates)?;
    Ok(summaries)
}
