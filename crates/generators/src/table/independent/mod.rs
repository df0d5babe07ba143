//! Independent columns: the baseline that every other model must beat.

use std::path::Path;
use std::sync::Arc;

use daotwin_core::{Run, Stream};
use daotwin_history::frame::synthesizer::{
    Condition, Conditions, FittedTable, TableCard, TableFitOptions, TableSynthesizer,
};
use daotwin_history::frame::{Column, Frame, Values};
use daotwin_history::synthesizer::Failure;

use super::files::{self, TableManifest, Tensors};
use crate::encode::{Discrete, DiscreteColumn};
use crate::error::{Error, Result};

/// Cells of a number's histogram.
const CELLS: usize = 256;

/// The name in the registry.
const NAME: &str = "independent";

/// Learns every column by itself.
#[derive(Debug)]
pub struct Independent;

impl TableSynthesizer for Independent {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "the baseline: every column by itself, without any relation between columns",
            source: "histograms of about equally filled cells",
            limits: "no relation between columns is kept; not for analysis",
            privacy: None,
            settings: &[],
            bytes_per_cell: 16,
        }
    }

    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        super::begin(self, frame, options)?;
        run.step("fit independent", 0, 1).map_err(Error::from)?;
        let discrete = Discrete::fit(frame, CELLS);
        let counts = discrete
            .encode(frame)
            .iter()
            .zip(discrete.sizes())
            .map(|(codes, size)| {
                let mut counts = vec![0.0; size];
                codes.iter().for_each(|&code| counts[code as usize] += 1.0);
                counts
            })
            .collect();
        Ok(Box::new(Fitted { discrete, counts, rows: frame.rows() as u64, seed: options.seed.0 }))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(read(folder, run)?))
    }
}

#[derive(Debug)]
struct Fitted {
    discrete: Discrete,
    counts: Vec<Vec<f64>>,
    rows: u64,
    seed: u64,
}

fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let (manifest, mut numbers) = files::read(folder, run)?;
    let parts: Vec<DiscreteColumn> =
        serde_json::from_value(manifest.model).map_err(|_| numbers.not("its manifest names no cells"))?;
    let discrete = Discrete::new(manifest.columns.into(), parts)
        .map_err(|_| numbers.not("its cells do not fit its columns"))?;
    let mut counts = Vec::new();
    for (index, size) in discrete.sizes().into_iter().enumerate() {
        let count = numbers.take(&format!("{index}.count"))?;
        if count.len() != size || !count.iter().all(|count| *count >= 0.0 && count.is_finite()) {
            return Err(numbers.not("its counts do not fit its columns"));
        }
        counts.push(count);
    }
    Ok(Fitted { discrete, counts, rows: manifest.rows, seed: manifest.seed })
}

impl FittedTable for Fitted {
    fn columns(&self) -> &Arc<[Column]> {
        self.discrete.columns()
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> std::result::Result<Frame, Failure> {
        let mut values = Vec::with_capacity(self.counts.len());
        for (index, (counts, part)) in self.counts.iter().zip(&self.discrete.parts).enumerate() {
            let condition =
                conditions.iter().find(|(column, _)| *column == index).map(|(_, condition)| condition);
            values.push(match condition {
                Some(Condition::Code(code)) => Values::Code(vec![*code; rows]),
                Some(Condition::Range(low, high)) => {
                    let kind = &self.discrete.columns()[index].kind;
                    let mut draw = || kind.round(low + (high - low) * stream.uniform()).max(*low).min(*high);
                    Values::Number((0..rows).map(|_| draw()).collect())
                }
                None => {
                    let codes: Vec<u32> = (0..rows).map(|_| stream.weighted(counts) as u32).collect();
                    part.decode(&codes, stream)
                }
            });
        }
        let columns = Arc::clone(self.discrete.columns());
        Ok(Frame::new(columns, values).map_err(Error::from)?)
    }

    fn save(&self, folder: &Path) -> std::result::Result<(), Failure> {
        let mut manifest = TableManifest::new(NAME, self.discrete.columns(), self.rows, self.seed);
        manifest.keep(&self.discrete.parts)?;
        let tensors: Tensors = self
            .counts
            .iter()
            .enumerate()
            .map(|(index, counts)| (format!("{index}.count"), counts.clone()))
            .collect();
        Ok(files::write(folder, &manifest, &tensors)?)
    }
}
