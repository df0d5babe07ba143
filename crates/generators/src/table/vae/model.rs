//! The fitted model: sampling and files.

use std::path::Path;
use std::sync::Arc;

use daotwin_core::{Run, Stream};
use daotwin_history::frame::synthesizer::{Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame};
use daotwin_history::synthesizer::Failure;
use daotwin_nn::Batch;
use serde::{Deserialize, Serialize};

use super::super::deep::{self, Shape};
use super::super::files::{self, Guarantee, TableManifest, Tensors};
use super::prior::Prior;
use super::train::{self, Learned};
use crate::encode::{Mixed, MixedColumn};
use crate::error::{Error, Result};

/// Cells of a decoder's largest layer that a model's file may ask for.
const MOST_WIDTH: usize = 1 << 20;

/// A decoder and the law of what goes into it.
#[derive(Debug)]
pub(super) struct Fitted {
    pub mixed: Mixed,
    pub shape: Shape,
    pub learned: Learned,
    pub hidden: usize,
    pub rows: u64,
    pub seed: u64,
    pub guarantee: Option<Guarantee>,
}

/// What the manifest keeps beside the numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    parts: Vec<MixedColumn>,
    hidden: usize,
    latent: usize,
}

impl FittedTable for Fitted {
    fn columns(&self) -> &Arc<[Column]> {
        self.mixed.columns()
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn block_rows(&self) -> u64 {
        4_096
    }

    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> std::result::Result<Frame, Failure> {
        let allowed = self.mixed.allowed(conditions)?;
        let Learned { decoder, parameters, prior } = &self.learned;
        Ok(deep::draw(&self.mixed, &self.shape, rows, &allowed, stream, |rows, stream| {
            Ok(decoder.predict(parameters, &[], &Batch::dense(prior.draw(rows, stream)))?)
        })?)
    }

    fn save(&self, folder: &Path) -> std::result::Result<(), Failure> {
        let mut manifest = TableManifest::new(super::NAME, self.mixed.columns(), self.rows, self.seed);
        let kept = Kept {
            parts: self.mixed.parts().to_vec(),
            hidden: self.hidden,
            latent: self.learned.prior.width,
        };
        manifest.model = serde_json::to_value(kept).map_err(|error| Error::Defect(error.to_string()))?;
        manifest.privacy = self.guarantee.clone();
        let wide = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect();
        let tensors = Tensors::from([
            ("decoder".to_owned(), wide(&self.learned.parameters)),
            ("prior.shares".to_owned(), self.learned.prior.shares.clone()),
            ("prior.means".to_owned(), wide(&self.learned.prior.means)),
            ("prior.deviations".to_owned(), wide(&self.learned.prior.deviations)),
        ]);
        Ok(files::write(folder, &manifest, &tensors)?)
    }
}

/// Reads a model.
pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let not = |reason: &str| Error::NotATable { path: folder.to_path_buf(), reason: reason.to_owned() };
    let manifest = files::read_manifest(folder, run)?;
    let mut tensors = files::read_tensors(folder, run)?;
    let kept: Kept =
        serde_json::from_value(manifest.model).map_err(|_| not("its manifest names no codes and layers"))?;
    let mixed = Mixed::new(manifest.columns.into(), kept.parts)
        .map_err(|_| not("its codes do not fit its columns"))?;
    let shape = Shape::of(&mixed, false);
    if [kept.hidden, kept.latent, shape.width].iter().any(|width| *width == 0 || *width > MOST_WIDTH) {
        return Err(not("its layers have no width, or too much"));
    }
    let decoder =
        train::decoder(&shape, kept.hidden, kept.latent).map_err(|_| not("its layers do not fit"))?;
    let mut take = |name: &str| files::take(folder, &mut tensors, name);
    let narrow = |values: Vec<f64>| values.into_iter().map(|value| value as f32).collect::<Vec<f32>>();
    let parameters = narrow(take("decoder")?);
    let prior = Prior {
        width: kept.latent,
        shares: take("prior.shares")?,
        means: narrow(take("prior.means")?),
        deviations: narrow(take("prior.deviations")?),
    };
    if parameters.len() != decoder.parameters()
        || parameters.iter().any(|value| !value.is_finite())
        || !prior.holds()
    {
        return Err(not("its numbers do not fit its layers"));
    }
    Ok(Fitted {
        mixed,
        shape,
        learned: Learned { decoder, parameters, prior },
        hidden: kept.hidden,
        rows: manifest.rows,
        seed: manifest.seed,
        guarantee: manifest.privacy,
    })
}
