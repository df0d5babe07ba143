//! Simulations and their statistics, in parallel, as numbers on one scale.

use daotwin_core::Run;
use rayon::prelude::*;

use super::kept::Kept;
use super::model::{Design, PARAMETERS, Workspace, prior, simulate};
use super::record::Record;
use super::statistics::{COUNT, Scratch, summarise};
use crate::Result;

/// How far from its mean a statistic may lie, in standard deviations; what is further is held there, so that nothing
/// is extrapolated far.
const FARTHEST: f64 = 5.0;

/// Memory of a thread.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) workspace: Workspace,
    pub(crate) scratch: Scratch,
}

/// Statistics of one simulation at these scores.
pub(crate) fn statistics(
    design: &Design,
    scores: &[f64; PARAMETERS],
    seed: u64,
    memory: &mut Memory,
) -> [f64; COUNT] {
    simulate(design, &design.natural(scores), seed, &mut memory.workspace);
    let mut to = [0.0; COUNT];
    if design.ahead == 0 {
        summarise(&memory.workspace.record, &mut memory.scratch, &mut to);
    } else {
        let first = memory.workspace.record.first(design.proposals as usize);
        summarise(&first, &mut memory.scratch, &mut to);
    }
    to
}

/// The seed of the simulation with this number, of this purpose.
pub(crate) fn seed_of(seed: u64, purpose: u64, number: u64) -> u64 {
    let key = crate::engine::random::Key::new(seed, number, 1_000 + purpose, 0);
    (u64::from(key.bits(0)) << 32) | u64::from(key.bits(1))
}

/// The scale of statistics.
#[derive(Debug, Clone)]
pub(crate) struct Scale {
    mean: [f64; COUNT],
    deviation: [f64; COUNT],
}

impl Scale {
    pub(crate) fn of(rows: &[[f64; COUNT]]) -> Self {
        let (mut mean, mut deviation) = ([0.0; COUNT], [0.0; COUNT]);
        for at in 0..COUNT {
            let finite = || rows.iter().map(|row| row[at]).filter(|value| value.is_finite());
            let count = finite().count() as f64;
            if count > 1.0 {
                mean[at] = finite().sum::<f64>() / count;
                let squares: f64 = finite().map(|value| (value - mean[at]) * (value - mean[at])).sum();
                deviation[at] = (squares / count).sqrt();
            }
        }
        Self { mean, deviation }
    }

    /// Standard scores; 0 where a statistic has no value or never varies.
    pub(crate) fn standard(&self, row: &[f64; COUNT]) -> [f64; COUNT] {
        std::array::from_fn(|at| {
            let z = (row[at] - self.mean[at]) / self.deviation[at];
            if z.is_finite() { z.clamp(-FARTHEST, FARTHEST) } else { 0.0 }
        })
    }
}

/// Simulations from the prior.
#[derive(Debug, Clone)]
pub(crate) struct Pilot {
    pub(crate) scores: Vec<[f64; PARAMETERS]>,
    pub(crate) standard: Vec<[f64; COUNT]>,
    pub(crate) scale: Scale,
}

impl Pilot {
    /// Draws `count` from the prior; the same for any number of threads.
    ///
    /// # Errors
    /// [`daotwin_core::Error::Cancelled`].
    pub(crate) fn draw(design: &Design, count: u64, seed: u64, kept: &Kept, run: &Run) -> Result<Self> {
        const BLOCK: u64 = 512;
        let scores: Vec<_> = (0..count).map(|number| prior(seed, number)).collect();
        let mut rows = Vec::with_capacity(scores.len());
        while (rows.len() as u64) < count {
            let first = rows.len() as u64;
            let numbers = first..count.min(first + BLOCK);
            let width = (numbers.end - first) as usize * COUNT;
            let block = kept.part(
                &format!("prior-{first:010}"),
                |length| length == width,
                || {
                    let simulated: Vec<_> = numbers
                        .into_par_iter()
                        .map_init(Memory::default, |memory, number| {
                            statistics(design, &scores[number as usize], seed_of(seed, 0, number), memory)
                        })
                        .collect();
                    Ok(simulated.as_flattened().to_vec())
                },
            )?;
            rows.extend(block.as_chunks::<COUNT>().0);
            run.step("simulate from the prior", rows.len() as u64, count)?;
        }
        let scale = Scale::of(&rows);
        let standard = rows.iter().map(|row| scale.standard(row)).collect();
        Ok(Self { scores, standard, scale })
    }
}

/// The statistics of a record.
pub(crate) fn recorded(record: &Record) -> [f64; COUNT] {
    let mut to = [0.0; COUNT];
    summarise(record, &mut Scratch::default(), &mut to);
    to
}
