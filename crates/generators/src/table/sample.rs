//! Drawing rows of a fitted model in blocks, on all threads.

use std::path::Path;
use std::sync::Arc;

use daotwin_core::{Run, Seed, Streams};
use daotwin_history::frame::synthesizer::{Conditions, FittedTable};
use daotwin_history::frame::{Frame, FrameWriter};
use daotwin_history::synthesizer::Failure;
use rayon::prelude::*;

use crate::error::Error;

/// Blocks that are drawn before they are handed on; bounds the memory of a long sample.
const GROUP: u64 = 32;

fn streams(seed: Seed) -> Streams {
    seed.streams("sample table")
}

/// Draws rows. The same seed gives the same rows on any number of threads, and the first rows of a longer
/// sample in whole blocks are those of a shorter one.
///
/// # Errors
/// Conditions that no row of the model meets; cancellation.
pub fn sample(
    model: &dyn FittedTable,
    rows: u64,
    conditions: &Conditions,
    seed: Seed,
    run: &Run,
) -> Result<Frame, Failure> {
    let mut frames = Vec::new();
    each_block(model, rows, conditions, seed, run, |frame| {
        frames.push(frame);
        Ok(())
    })?;
    Ok(Frame::concatenate(model.columns(), frames))
}

/// Draws rows into a new CSV or Parquet file; the rows are those of [`sample`], and memory does not grow with
/// their number.
///
/// # Errors
/// As [`sample`], and I/O.
pub fn sample_to(
    path: &Path,
    model: &dyn FittedTable,
    rows: u64,
    conditions: &Conditions,
    seed: Seed,
    run: &Run,
) -> Result<(), Failure> {
    let columns = Arc::clone(model.columns());
    let mut failed = None;
    let written = FrameWriter::file(path, &columns, run, |writer| {
        let pushed = each_block(model, rows, conditions, seed, run, |frame| {
            writer.push(&frame).map_err(|error| Error::from(error).into())
        });
        pushed.map_err(|failure| {
            failed = Some(failure);
            Error::Defect("the sample ended early".to_owned())
        })
    });
    match failed {
        Some(failure) => Err(failure),
        None => Ok(written?),
    }
}

fn each_block(
    model: &dyn FittedTable,
    rows: u64,
    conditions: &Conditions,
    seed: Seed,
    run: &Run,
    mut hand: impl FnMut(Frame) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let streams = streams(seed);
    let size = model.block_rows().max(1);
    let blocks = rows.div_ceil(size);
    for start in (0..blocks).step_by(GROUP as usize) {
        run.step("sample rows", start * size, rows).map_err(Error::from)?;
        let frames: Vec<Result<Frame, Failure>> = (start..blocks.min(start + GROUP))
            .into_par_iter()
            .map(|block| {
                run.check().map_err(Error::from)?;
                let rows = (rows - block * size).min(size) as usize;
                model.sample_block(rows, conditions, &mut streams.stream(block))
            })
            .collect();
        for frame in frames {
            hand(frame?)?;
        }
    }
    Ok(run.step("sample rows", rows, rows).map_err(Error::from)?)
}
