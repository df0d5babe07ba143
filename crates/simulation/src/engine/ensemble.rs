//! Replicates of a model, in parallel, the same for any number of threads.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Where reports of progress go: a stage, what is done before this call and in all, in replicates.
#[derive(Debug)]
pub(super) struct Progress<'a> {
    pub(super) run: &'a Run,
    pub(super) stage: &'a str,
    pub(super) done: AtomicU64,
    pub(super) total: u64,
}

impl Progress<'_> {
    /// One more is done; a thousand reports in all are enough.
    fn count(&self) -> Result<()> {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if done.is_multiple_of((self.total / 1000).max(1)) {
            self.run.step(self.stage, done, self.total)?;
        }
        Ok(())
    }
}

/// Lists of `width` numbers, one list for each number in `work`, in order, computed on rayon's threads.
pub(super) fn results<W: Default + Send>(
    work: Range<u64>,
    width: usize,
    progress: &Progress<'_>,
    one: impl Fn(u64, &mut W, &mut [f64]) -> Result<()> + Sync,
) -> Result<Vec<Vec<f64>>> {
    work.into_par_iter()
        .map_init(W::default, |workspace, place| {
            let mut values = vec![f64::NAN; width];
            one(place, workspace, &mut values)?;
            progress.count()?;
            Ok(values)
        })
        .collect()
}

/// Runs `one` for each number below `replicates` on rayon's threads and sums up each of the `width` numbers that it
/// writes: the columns of a table, or the steps of a curve. `one` is given memory that calls on one thread use one
/// after another.
///
/// Memory: 8 bytes times `width` times at most 1,024 results, and a [`Summary`] a number; it does not grow with the
/// replicates. The same bits for any number of threads: results are taken in their order.
///
/// # Errors
/// [`daotwin_core::Error::Cancelled`], and those of `one`.
pub fn summarise<W: Default + Send>(
    replicates: u64,
    width: usize,
    run: &Run,
    one: impl Fn(u64, &mut W, &mut [f64]) -> Result<()> + Sync,
) -> Result<Vec<Summary>> {
    let mut summaries = vec![Summary::default(); width];
    let progress = Progress { run, stage: "replicates", done: AtomicU64::new(0), total: replicates };
    let mut first = 0;
    while first < replicates {
        run.check()?;
        let end = replicates.min(first + BLOCK);
        for values in results(first..end, width, &progress, &one)? {
            summaries.iter_mut().zip(values).for_each(|(summary, value)| summary.add(value));
        }
        first = end;
    }
    Ok(summaries)
}

/// Runs replicates 0 to `replicates` of a model and sums up each variable, in the order of [`Model::variables`]; see
/// [`summarise`].
///
/// # Errors
/// [`daotwin_core::Error::Cancelled`], and the model's own.
pub fn ensemble<M: Model>(model: &M, seed: u64, replicates: u64, run: &Run) -> Result<Vec<Summary>> {
    summarise(replicates, model.variables().len(), run, |replicate, workspace: &mut M::Workspace, values| {
        model.replicate(seed, replicate, workspace, run, values)
    })
}
