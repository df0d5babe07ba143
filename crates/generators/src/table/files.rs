//! A model of a table on disk: `manifest.json` says what it is and names the columns, `weights.safetensors`
//! holds every number. No raw row is among them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daotwin_core::Run;
use daotwin_core::files::{PartialFolder, atomic_write, read_limited};
use daotwin_history::frame::Column;
use daotwin_nn::Network;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The version of the files.
const VERSION: u32 = 1;

/// The guarantee that a model carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Guarantee {
    /// Epsilon.
    pub epsilon: f64,
    /// Delta.
    pub delta: f64,
    /// The unit that is protected.
    pub unit: String,
    /// The ledger's head after the charge.
    pub ledger_head: Option<String>,
    /// Set for noise from a seed: then there is no privacy claim.
    pub test_noise: bool,
}

/// What stands in `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableManifest {
    /// The version of the files.
    pub version: u32,
    /// What the folder is: `table model`.
    pub what: String,
    /// The model's name in the registry.
    pub synthesizer: String,
    /// Rows learned from; noisy in a private model.
    pub rows: u64,
    /// The seed of the fit.
    pub seed: u64,
    /// The guarantee, where the fit was private.
    pub privacy: Option<Guarantee>,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// What the model keeps beside its numbers.
    #[serde(default)]
    pub model: serde_json::Value,
}

/// What every manifest of a table says it is.
const WHAT: &str = "table model";

impl TableManifest {
    /// A manifest of this version.
    pub fn new(synthesizer: &str, columns: &Arc<[Column]>, rows: u64, seed: u64) -> Self {
        Self {
            version: VERSION,
            what: WHAT.to_owned(),
            synthesizer: synthesizer.to_owned(),
            rows,
            seed,
            privacy: None,
            columns: columns.to_vec(),
            model: serde_json::Value::Null,
        }
    }

    /// Keeps this beside the model's numbers.
    pub(crate) fn keep(&mut self, kept: impl Serialize) -> Result<()> {
        self.model = serde_json::to_value(kept).map_err(|error| Error::Defect(error.to_string()))?;
        Ok(())
    }
}

/// Named lists of numbers.
pub type Tensors = BTreeMap<String, Vec<f64>>;

/// Numbers as files hold them.
pub(crate) fn wide<T: Copy + Into<f64>>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| (*value).into()).collect()
}

/// Numbers as networks hold them.
pub(crate) fn narrow(values: Vec<f64>) -> Vec<f32> {
    values.into_iter().map(|value| value as f32).collect()
}

fn not(path: &Path, reason: impl Into<String>) -> Error {
    Error::NotATable { path: path.to_path_buf(), reason: reason.into() }
}

/// Whether a folder says that it holds a model of a table.
pub fn is_table(folder: &Path, run: &Run) -> bool {
    read_manifest(folder, run).is_ok()
}

/// The key of the text beside the numbers.
const TEXT: &str = "daotwin";

/// Named lists of numbers, and a text, as the bytes of one file.
pub(super) fn pack(tensors: &Tensors, text: Option<String>) -> Result<Vec<u8>> {
    let defect = |error: &dyn std::fmt::Display| Error::Defect(error.to_string());
    let bytes: BTreeMap<&str, Vec<u8>> = tensors
        .iter()
        .map(|(name, values)| (name.as_str(), values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let views: Vec<(&str, TensorView<'_>)> = bytes
        .iter()
        .map(|(name, bytes)| {
            TensorView::new(Dtype::F64, vec![bytes.len() / 8], bytes).map(|view| (*name, view))
        })
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| defect(&error))?;
    let text = text.map(|text| [(TEXT.to_owned(), text)].into());
    safetensors::serialize(views, text).map_err(|error| defect(&error))
}

/// What [`pack`] wrote; the error says what is wrong with it.
pub(super) fn unpack(bytes: &[u8]) -> std::result::Result<(Tensors, Option<String>), String> {
    let damaged = |_| "is damaged".to_owned();
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let text = header.metadata().as_ref().and_then(|texts| texts.get(TEXT).cloned());
    let tensors = SafeTensors::deserialize(bytes)
        .map_err(damaged)?
        .iter()
        .map(|(name, view)| match view.dtype() {
            Dtype::F64 => {
                let values = view.data().as_chunks::<8>().0.iter().map(|chunk| f64::from_le_bytes(*chunk));
                Ok((name.to_owned(), values.collect()))
            }
            _ => Err(format!("has a list `{name}` that is not of 64-bit floats")),
        })
        .collect::<std::result::Result<Tensors, String>>()?;
    Ok((tensors, text))
}

/// Writes a model as a new folder: whole or not at all.
///
/// # Errors
/// I/O; the folder exists.
pub fn write(path: &Path, manifest: &TableManifest, tensors: &Tensors) -> Result<()> {
    let folder = PartialFolder::create(path)?;
    let weights = pack(tensors, None)?;
    atomic_write(&folder.path().join("weights.safetensors"), &weights)?;
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| Error::Defect(error.to_string()))?;
    atomic_write(&folder.path().join("manifest.json"), &text)?;
    Ok(folder.commit()?)
}

/// Reads a model's manifest.
///
/// # Errors
/// A folder without one; limits.
pub fn read_manifest(folder: &Path, run: &Run) -> Result<TableManifest> {
    let path = folder.join("manifest.json");
    if !path.is_file() {
        return Err(not(folder, "it has no `manifest.json`"));
    }
    let bytes = read_limited(&path, run.limits.max_file_bytes)?;
    let manifest: TableManifest = serde_json::from_slice(&bytes)
        .map_err(|error| not(folder, format!("line {} of `manifest.json`: {error}", error.line())))?;
    if manifest.what != WHAT || manifest.version != VERSION {
        return Err(not(folder, format!("its manifest is not of a `{WHAT}`, version {VERSION}")));
    }
    Ok(manifest)
}

/// Reads a model: its manifest, and its numbers, finite or NaN as they were written.
///
/// # Errors
/// A folder that holds none; a damaged file; limits.
pub(crate) fn read(folder: &Path, run: &Run) -> Result<(TableManifest, Numbers)> {
    let manifest = read_manifest(folder, run)?;
    let bytes = read_limited(&folder.join("weights.safetensors"), run.limits.max_file_bytes)?;
    let (tensors, _) = unpack(&bytes).map_err(|what| not(folder, format!("`weights.safetensors` {what}")))?;
    Ok((manifest, Numbers { folder: folder.to_path_buf(), tensors }))
}

/// The numbers of a model that is read.
#[derive(Debug)]
pub(crate) struct Numbers {
    folder: PathBuf,
    tensors: Tensors,
}

impl Numbers {
    /// That the folder holds no such model.
    pub(crate) fn not(&self, reason: &str) -> Error {
        not(&self.folder, reason)
    }

    /// Takes a list out.
    ///
    /// # Errors
    /// There is none of this name.
    pub(crate) fn take(&mut self, name: &str) -> Result<Vec<f64>> {
        self.find(name).ok_or_else(|| self.not(&format!("`weights.safetensors` lacks the list `{name}`")))
    }

    /// Takes a list out, if there is one of this name.
    pub(crate) fn find(&mut self, name: &str) -> Option<Vec<f64>> {
        self.tensors.remove(name)
    }

    /// Takes a list of finite numbers for a network out.
    ///
    /// # Errors
    /// There is none of this name, or it holds what is no number.
    pub(crate) fn narrow(&mut self, name: &str) -> Result<Vec<f32>> {
        let values = narrow(self.take(name)?);
        if values.iter().any(|value| !value.is_finite()) {
            return Err(self.not("its numbers do not fit its layers"));
        }
        Ok(values)
    }

    /// Takes the parameters of a network out.
    ///
    /// # Errors
    /// As [`Numbers::narrow`]; parameters of another network.
    pub(crate) fn parameters(&mut self, name: &str, network: &Network) -> Result<Vec<f32>> {
        let values = self.narrow(name)?;
        if values.len() != network.parameters() {
            return Err(self.not("its numbers do not fit its layers"));
        }
        Ok(values)
    }
}
