//! What the models that draw a row from a hidden part have in common beside their networks: its files, and its
//! settings by name.

use std::path::Path;

use daotwin_core::Run;
use daotwin_history::frame::synthesizer::Setting;
use daotwin_nn::Device;
use serde::{Deserialize, Serialize};

use super::super::files::{self, Guarantee, Numbers, TableManifest, Tensors, wide};
use super::super::{Given, setting};
use super::Shape;
use crate::encode::{Mixed, MixedColumn};
use crate::error::Result;

/// Numbers of a layer that a model's file may ask for.
const MOST_WIDTH: usize = 1 << 20;

/// What trains: the steps written for these networks, or the tensor library.
pub(crate) const BURN: Setting =
    setting("burn", 0.0, (0.0, 1.0), "1 to train through the tensor library, on a GPU where there is one");

/// The share of rows in a private step.
pub(crate) const fn private_rate(default: f64) -> Setting {
    let purpose = "of a private fit: the chance with which a row takes part in a step";
    setting("private_rate", default, (1e-6, 1.0), purpose)
}

/// Private steps.
pub(crate) const fn private_steps(default: f64) -> Setting {
    let purpose = "of a private fit: steps, which share the budget";
    setting("private_steps", default, (1.0, 1_000_000.0), purpose)
}

/// The bound of a row's gradient.
pub(crate) const fn bound(default: f64) -> Setting {
    let purpose = "of a private fit: the norm that the gradient of a row is scaled down to";
    setting("bound", default, (1e-6, 1e6), purpose)
}

impl Given<'_> {
    /// What trains.
    pub(crate) fn device(&self) -> Device {
        if self.get(BURN.name) > 0.5 { Device::Tensors } else { Device::Fused }
    }
}

/// A fitted model beside its networks.
#[derive(Debug)]
pub(crate) struct Base {
    pub mixed: Mixed,
    pub shape: Shape,
    /// Width of the hidden layers.
    pub hidden: usize,
    /// Numbers of a row's hidden part.
    pub latent: usize,
    pub rows: u64,
    pub seed: u64,
    pub guarantee: Option<Guarantee>,
}

/// What the manifest keeps of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    parts: Vec<MixedColumn>,
    /// Whether numbers have a scalar beside their code.
    scalars: bool,
    hidden: usize,
    latent: usize,
}

impl Base {
    /// Writes the model `name` with the numbers of its networks and others.
    ///
    /// # Errors
    /// The file system's.
    pub(crate) fn write(
        &self,
        name: &str,
        folder: &Path,
        networks: &[(&str, &[f32])],
        others: &[(&str, &[f64])],
    ) -> Result<()> {
        let mut manifest = TableManifest::new(name, self.mixed.columns(), self.rows, self.seed);
        manifest.keep(Kept {
            parts: self.mixed.parts().to_vec(),
            scalars: self.shape.width > self.shape.codes(),
            hidden: self.hidden,
            latent: self.latent,
        })?;
        manifest.privacy.clone_from(&self.guarantee);
        let mut tensors: Tensors =
            networks.iter().map(|(name, values)| ((*name).to_owned(), wide(values))).collect();
        tensors.extend(others.iter().map(|(name, values)| ((*name).to_owned(), values.to_vec())));
        files::write(folder, &manifest, &tensors)
    }

    /// Reads what [`Base::write`] wrote, and its numbers.
    ///
    /// # Errors
    /// A folder that holds no such model.
    pub(crate) fn read(folder: &Path, run: &Run) -> Result<(Self, Numbers)> {
        let (manifest, numbers) = files::read(folder, run)?;
        let kept: Kept = serde_json::from_value(manifest.model)
            .map_err(|_| numbers.not("its manifest names no codes and layers"))?;
        let mixed = Mixed::new(manifest.columns.into(), kept.parts)
            .map_err(|_| numbers.not("its codes do not fit its columns"))?;
        let shape = Shape::of(&mixed, kept.scalars);
        if [kept.hidden, kept.latent, shape.width].iter().any(|width| *width == 0 || *width > MOST_WIDTH) {
            return Err(numbers.not("its layers have no width, or too much"));
        }
        let base = Self {
            mixed,
            shape,
            hidden: kept.hidden,
            latent: kept.latent,
            rows: manifest.rows,
            seed: manifest.seed,
            guarantee: manifest.privacy,
        };
        Ok((base, numbers))
    }
}
