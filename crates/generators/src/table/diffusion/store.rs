//! Fitted models and their files.

use std::path::Path;
use std::sync::Arc;

use daotwin_core::{Run, Stream};
use daotwin_history::frame::synthesizer::{Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame};
use daotwin_history::synthesizer::Failure;
use serde::{Deserialize, Serialize};

use super::layout::Layout;
use super::{ddpm, learn, model};
use crate::encode::{Mixed, MixedColumn};
use crate::error::Result;
use crate::table::deep::Shape;
use crate::table::files::{self, Guarantee, TableManifest, Tensors, wide};

/// Parameters that a model's file may ask for.
const MOST: usize = 1 << 28;

/// Width, depth and steps that a model's file may ask for.
const MOST_WIDTH: usize = 1 << 16;

/// Rows drawn at once: few, because each takes many evaluations of a network, and of steps of noise still more.
const ROWS: (u64, u64) = (1_024, 256);

/// How a model draws, and what its files need beside it.
#[derive(Debug)]
pub(super) enum Sampler {
    Masked(model::Sampler),
    Ddpm(ddpm::Sampler),
}

/// A fitted model.
#[derive(Debug)]
pub(super) struct Fitted {
    pub sampler: Sampler,
    pub built: Built,
    pub rows: u64,
    pub seed: u64,
    pub guarantee: Option<Guarantee>,
}

/// How a model is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, tag = "process", rename_all = "snake_case")]
pub(super) enum Built {
    /// Masks for codes, noise for numbers.
    Masked { width: usize, blocks: usize, code_steps: usize, number_steps: usize },
    /// Multinomial and Gaussian steps.
    Ddpm { width: usize, layers: usize, steps: usize, evaluations: usize },
}

/// What the manifest keeps beside the numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    parts: Vec<MixedColumn>,
    built: Built,
}

impl Built {
    /// The network for codes, whose parameters are still to come.
    pub(super) fn sampler(self, mixed: Mixed) -> Result<Sampler> {
        Ok(match self {
            Self::Masked { width, blocks, code_steps, number_steps } => {
                let layout = Layout::of(&mixed);
                let input = (layout.dense(), layout.shape.codes());
                let network = learn::residual(input, width, blocks, layout.shape.width)?;
                let parameters = Vec::new();
                Sampler::Masked(model::Sampler {
                    mixed,
                    layout,
                    network,
                    parameters,
                    code_steps,
                    number_steps,
                })
            }
            Self::Ddpm { width, layers, steps, evaluations } => {
                let shape = Shape::of(&mixed, true);
                let input = (ddpm::dense(&shape), shape.codes());
                let network = learn::plain(input, width, layers, shape.width)?;
                let (schedule, parameters) = (ddpm::Schedule::cosine(steps), Vec::new());
                Sampler::Ddpm(ddpm::Sampler { mixed, shape, network, parameters, schedule, evaluations })
            }
        })
    }

    fn holds(self, codes: usize) -> bool {
        let (width, numbers) = match self {
            Self::Masked { width, blocks, code_steps, number_steps } => {
                (width, [blocks, code_steps, number_steps])
            }
            Self::Ddpm { width, layers, steps, evaluations } => (width, [layers, steps, evaluations]),
        };
        let (Self::Masked { blocks: depth, .. } | Self::Ddpm { layers: depth, .. }) = self;
        (1..=MOST_WIDTH).contains(&width)
            && numbers.iter().all(|number| (1..=MOST_WIDTH).contains(number))
            && (2 * width * depth + 3 * codes).checked_mul(width).is_some_and(|count| count <= MOST)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Masked { .. } => super::NAME,
            Self::Ddpm { .. } => super::DDPM,
        }
    }
}

impl Sampler {
    pub(super) fn mixed(&self) -> &Mixed {
        match self {
            Self::Masked(sampler) => &sampler.mixed,
            Self::Ddpm(sampler) => &sampler.mixed,
        }
    }
}

impl FittedTable for Fitted {
    fn columns(&self) -> &Arc<[Column]> {
        self.sampler.mixed().columns()
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn block_rows(&self) -> u64 {
        match self.sampler {
            Sampler::Masked(_) => ROWS.0,
            Sampler::Ddpm(_) => ROWS.1,
        }
    }

    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> std::result::Result<Frame, Failure> {
        let allowed = self.sampler.mixed().allowed(conditions)?;
        Ok(match &self.sampler {
            Sampler::Masked(sampler) => sampler.draw(rows, &allowed, stream),
            Sampler::Ddpm(sampler) => sampler.draw(rows, &allowed, stream),
        }?)
    }

    fn save(&self, folder: &Path) -> std::result::Result<(), Failure> {
        let name = self.built.name();
        let mixed = self.sampler.mixed();
        let mut manifest = TableManifest::new(name, mixed.columns(), self.rows, self.seed);
        manifest.keep(Kept { parts: mixed.parts().to_vec(), built: self.built })?;
        manifest.privacy = self.guarantee.clone();
        let parameters = match &self.sampler {
            Sampler::Masked(sampler) => &sampler.parameters,
            Sampler::Ddpm(sampler) => &sampler.parameters,
        };
        Ok(files::write(folder, &manifest, &Tensors::from([("network".to_owned(), wide(parameters))]))?)
    }
}

/// Reads the model of this name.
pub(super) fn read(name: &str, folder: &Path, run: &Run) -> Result<Fitted> {
    let (manifest, mut numbers) = files::read(folder, run)?;
    let Kept { parts, built } = serde_json::from_value(manifest.model)
        .map_err(|_| numbers.not("its manifest names no codes and layers"))?;
    let mixed = Mixed::new(manifest.columns.into(), parts)
        .map_err(|_| numbers.not("its codes do not fit its columns"))?;
    if built.name() != name || !built.holds(mixed.sizes().iter().sum()) {
        return Err(numbers.not("its layers are of another model, or too large"));
    }
    let mut sampler = built.sampler(mixed).map_err(|_| numbers.not("its layers do not fit"))?;
    match &mut sampler {
        Sampler::Masked(sampler) => sampler.parameters = numbers.parameters("network", &sampler.network)?,
        Sampler::Ddpm(sampler) => sampler.parameters = numbers.parameters("network", &sampler.network)?,
    }
    let (rows, seed, guarantee) = (manifest.rows, manifest.seed, manifest.privacy);
    Ok(Fitted { sampler, built, rows, seed, guarantee })
}
