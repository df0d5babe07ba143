//! A twin on disk: `manifest.json` says what it is and what it cost, `model.json` holds words and calendars,
//! `weights.safetensors` every table of numbers. No raw row is among them.

use std::collections::BTreeMap;
use std::path::Path;

use daotwin_core::Run;
use daotwin_core::files::{PartialFolder, atomic_write, read_limited};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};

use super::FittedTwin;
use super::holdings::Holdings;
use super::manifest::{Manifest, VERSION};
use super::model::{DaoModel, PowerPiece, Slot, Turnout};
use super::outcome::Outcome;
use super::participation::Weights;
use super::parts::Parts;
use crate::error::{Error, Result};

/// The part of a model that is no table of numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Words {
    dao: String,
    platform: String,
    power_unit: String,
    supply: Option<f64>,
    decimals: u8,
    day_precision: bool,
    block_precision: bool,
    epoch: Option<i64>,
    categories: Vec<String>,
    voting_systems: Vec<String>,
    states: (String, String),
    slots: Vec<Slot>,
    core_votes: u32,
    #[serde(default = "one")]
    core_share: f64,
    dissent_shape: Option<f64>,
    #[serde(default)]
    observed: Option<usize>,
    #[serde(default)]
    level_spread: f64,
    #[serde(default)]
    early_power: f64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    equal_power: BTreeMap<u32, f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    holdings: Option<Holdings>,
}

fn one() -> f64 {
    1.0
}

/// What stands before the names of noisy counts.
const MEASURED: &str = "measured.";

type Tensors = BTreeMap<String, Vec<f64>>;

fn tables(index: usize, model: &DaoModel) -> Tensors {
    let flat_outcomes = |pick: fn(&Outcome) -> &Vec<f32>| {
        model
            .outcomes
            .iter()
            .flat_map(|outcome| pick(outcome).iter().map(|&share| f64::from(share)))
            .collect()
    };
    let power = |pick: fn(&PowerPiece) -> f64| model.power.iter().map(pick).collect::<Vec<f64>>();
    let turnout = |pick: fn(&Turnout) -> f64| model.turnout.iter().map(pick).collect::<Vec<f64>>();
    [
        ("outcome.choices", model.outcomes.iter().map(|outcome| outcome.heads.len() as f64).collect()),
        ("outcome.heads", flat_outcomes(|outcome| &outcome.heads)),
        ("outcome.core", flat_outcomes(|outcome| &outcome.core)),
        ("outcome.power", flat_outcomes(|outcome| &outcome.power)),
        ("power.low", power(|piece| piece.low)),
        ("power.high", power(|piece| piece.high)),
        ("power.weight", power(|piece| piece.weight)),
        ("power.group", power(|piece| f64::from(piece.group))),
        ("turnout.newcomers", turnout(|turnout| turnout.newcomers)),
        ("turnout.returning", turnout(|turnout| turnout.returning)),
        ("weights.count", model.weights.count.clone()),
        ("weights.gap", model.weights.gap.clone()),
        ("weights.previous", model.weights.previous.clone()),
        ("weights.size", model.weights.size.clone()),
        ("weights.size_gap", model.weights.size_gap.clone()),
        ("power.by_count", model.power_by_count.clone()),
        ("time", model.time.clone()),
        ("session", model.session.clone()),
        ("steady", model.steady.clone()),
        ("spread", model.spread.clone()),
        ("level", model.level.clone()),
        ("hour", model.hour.clone()),
        ("ballot_size", model.ballot_size.clone()),
        ("authored", model.authored.clone()),
    ]
    .into_iter()
    .map(|(name, values)| (format!("{index}.{name}"), values))
    .collect()
}

fn words(model: &DaoModel) -> Words {
    Words {
        dao: model.dao.clone(),
        platform: model.platform.clone(),
        power_unit: model.power_unit.clone(),
        supply: model.supply,
        decimals: model.decimals,
        day_precision: model.day_precision,
        block_precision: model.block_precision,
        epoch: model.epoch,
        categories: model.categories.clone(),
        voting_systems: model.voting_systems.clone(),
        states: model.states.clone(),
        slots: model.slots.clone(),
        core_votes: model.core.0,
        core_share: model.core.1,
        dissent_shape: model.dissent_shape.is_finite().then_some(model.dissent_shape),
        observed: Some(model.observed),
        level_spread: model.level_spread,
        early_power: model.early_power,
        equal_power: model.equal_power.clone(),
        holdings: model.holdings.clone(),
    }
}

/// Writes a twin as a new folder.
///
/// # Errors
/// I/O; the folder exists.
pub(crate) fn write(path: &Path, twin: &FittedTwin) -> Result<()> {
    let defect = |error: &dyn std::fmt::Display| Error::Defect(error.to_string());
    let folder = PartialFolder::create(path)?;
    let models = twin.models.iter().enumerate().flat_map(|(index, model)| tables(index, model));
    let measured = twin.measured.iter().enumerate().flat_map(|(index, measured)| {
        measured.iter().map(move |(name, values)| (format!("{index}.{MEASURED}{name}"), values.clone()))
    });
    let bytes: BTreeMap<String, Vec<u8>> = models
        .chain(measured)
        .map(|(name, values)| (name, values.iter().flat_map(|value| value.to_le_bytes()).collect()))
        .collect();
    let views = bytes
        .iter()
        .map(|(name, bytes)| Ok((name, TensorView::new(Dtype::F64, vec![bytes.len() / 8], bytes)?)))
        .collect::<std::result::Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(|error| defect(&error))?;
    let weights = safetensors::serialize(views, None).map_err(|error| defect(&error))?;
    atomic_write(&folder.path().join("weights.safetensors"), &weights)?;
    let words: Vec<Words> = twin.models.iter().map(words).collect();
    let text = serde_json::to_vec(&words).map_err(|error| defect(&error))?;
    atomic_write(&folder.path().join("model.json"), &text)?;
    let text = serde_json::to_vec_pretty(&twin.manifest).map_err(|error| defect(&error))?;
    atomic_write(&folder.path().join("manifest.json"), &text)?;
    for (dao, parts) in twin.parts.iter().enumerate() {
        parts.write(folder.path(), dao)?;
    }
    folder.commit()?;
    Ok(())
}

/// Reads a twin's folder. Everything in it is untrusted: lengths and ranges are checked before use.
///
/// # Errors
/// [`Error::NotATwin`] with what is wrong; limits.
pub(crate) fn read(path: &Path, run: &Run) -> Result<FittedTwin> {
    let not = |reason: String| Error::NotATwin { path: path.to_path_buf(), reason };
    if !path.exists() {
        return Err(daotwin_core::Error::Io {
            action: "read",
            path: path.to_path_buf(),
            source: std::io::ErrorKind::NotFound.into(),
        }
        .into());
    }
    for name in ["manifest.json", "model.json", "weights.safetensors"] {
        if !path.join(name).is_file() {
            return Err(not(format!("`{name}` is missing")));
        }
    }
    let limit = run.limits.max_file_bytes;
    let bytes = |name: &str| read_limited(&path.join(name), limit);
    let mut twin =
        parse(path, &bytes("manifest.json")?, &bytes("model.json")?, &bytes("weights.safetensors")?)?;
    for (dao, (entry, model)) in twin.manifest.daos.iter().zip(&twin.models).enumerate() {
        twin.parts[dao] = Parts::read(path, dao, model, &entry.parts, run)?;
    }
    Ok(twin)
}

/// A twin from the bytes of its files; `path` is for messages.
///
/// # Errors
/// As [`read`].
pub(crate) fn parse(path: &Path, manifest: &[u8], model_bytes: &[u8], weights: &[u8]) -> Result<FittedTwin> {
    let not = |reason: String| Error::NotATwin { path: path.to_path_buf(), reason };
    let manifest: Manifest =
        serde_json::from_slice(manifest).map_err(|error| not(format!("`manifest.json`: {error}")))?;
    if manifest.version != VERSION {
        return Err(not(format!("its version is {}, this program reads {VERSION}", manifest.version)));
    }
    let words: Vec<Words> =
        serde_json::from_slice(model_bytes).map_err(|error| not(format!("`model.json`: {error}")))?;
    let tensors =
        SafeTensors::deserialize(weights).map_err(|error| not(format!("`weights.safetensors`: {error}")))?;
    let (mut models, mut measured) = (Vec::new(), Vec::new());
    for (index, words) in words.into_iter().enumerate() {
        models.push(model(index, words, &tensors).map_err(not)?);
        let prefix = format!("{index}.{MEASURED}");
        let mut counts = BTreeMap::new();
        for (name, view) in tensors.iter() {
            if let Some(query) = name.strip_prefix(&prefix) {
                counts.insert(query.to_owned(), values(name, &view).map_err(not)?);
            }
        }
        measured.push(counts);
    }
    if models.len() != manifest.daos.len() {
        return Err(not("the manifest and the model list different numbers of DAOs".to_owned()));
    }
    let parts = models.iter().map(|_| Parts::default()).collect();
    Ok(FittedTwin { manifest, models, parts, measured })
}

fn values(name: &str, view: &TensorView<'_>) -> std::result::Result<Vec<f64>, String> {
    if view.dtype() != Dtype::F64 {
        return Err(format!("table `{name}` is not of 64-bit floats"));
    }
    let values: Vec<f64> = view
        .data()
        .chunks_exact(8)
        .map(|bytes| {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            f64::from_le_bytes(word)
        })
        .collect();
    if values.iter().any(|value| !value.is_finite()) {
        return Err(format!("table `{name}` has a value that is not finite"));
    }
    Ok(values)
}

fn model(index: usize, words: Words, tensors: &SafeTensors<'_>) -> std::result::Result<DaoModel, String> {
    let table = |name: &str| {
        let full = format!("{index}.{name}");
        let view = tensors.tensor(&full).map_err(|error| format!("table `{full}`: {error}"))?;
        let values = values(&full, &view)?;
        if values.iter().any(|value| *value < 0.0) {
            return Err(format!("table `{full}` has a negative value"));
        }
        Ok(values)
    };
    let choices = table("outcome.choices")?;
    let (heads, core, shares) = (table("outcome.heads")?, table("outcome.core")?, table("outcome.power")?);
    let lengths = [heads.len(), core.len(), shares.len()];
    if lengths.iter().any(|&length| choices.iter().sum::<f64>() != length as f64) {
        return Err("the tables of outcomes differ in length".to_owned());
    }
    let mut start = 0;
    let part = |values: &[f64], range: std::ops::Range<usize>| {
        values.get(range).unwrap_or_default().iter().map(|&share| share as f32).collect::<Vec<f32>>()
    };
    let outcomes = choices
        .iter()
        .map(|&count| {
            let range = start..start + count as usize;
            start = range.end;
            Outcome {
                heads: part(&heads, range.clone()),
                core: part(&core, range.clone()),
                power: part(&shares, range),
            }
        })
        .collect();
    let (low, high) = (table("power.low")?, table("power.high")?);
    let (weight, group) = (table("power.weight")?, table("power.group")?);
    if low.len() != high.len() || low.len() != weight.len() || low.len() != group.len() || low.is_empty() {
        return Err("the tables of power differ in length or are empty".to_owned());
    }
    let power: Vec<PowerPiece> = (0..low.len())
        .map(|piece| PowerPiece {
            low: low[piece],
            high: high[piece],
            weight: weight[piece],
            group: group[piece].min(63.0) as u8,
        })
        .collect();
    let (newcomers, returning) = (table("turnout.newcomers")?, table("turnout.returning")?);
    if newcomers.len() != returning.len() {
        return Err("the tables of turnout differ in length".to_owned());
    }
    let turnout = newcomers
        .into_iter()
        .zip(returning)
        .map(|(newcomers, returning)| Turnout { newcomers, returning })
        .collect();
    let turnouts = words.slots.len();
    let model = DaoModel {
        dao: words.dao,
        platform: words.platform,
        power_unit: words.power_unit,
        supply: words.supply,
        decimals: words.decimals,
        day_precision: words.day_precision,
        block_precision: words.block_precision,
        epoch: words.epoch,
        categories: words.categories,
        voting_systems: words.voting_systems,
        states: words.states,
        slots: words.slots,
        core: (words.core_votes, words.core_share),
        turnout,
        outcomes,
        power,
        power_by_count: table("power.by_count")?,
        weights: Weights {
            count: table("weights.count")?,
            gap: table("weights.gap")?,
            previous: table("weights.previous")?,
            size: table("weights.size")?,
            size_gap: table("weights.size_gap")?,
        },
        time: table("time")?,
        session: table("session")?,
        steady: table("steady")?,
        spread: table("spread")?,
        level: table("level")?,
        hour: table("hour")?,
        ballot_size: table("ballot_size")?,
        authored: table("authored")?,
        dissent_shape: words.dissent_shape.unwrap_or(f64::INFINITY),
        observed: words.observed.unwrap_or(turnouts),
        level_spread: words.level_spread,
        early_power: words.early_power,
        equal_power: words.equal_power,
        holdings: words.holdings,
    };
    for (name, found, expected) in model.lengths() {
        if found != expected {
            return Err(format!("table `{name}` has {found} values, not {expected}"));
        }
    }
    if !model.weights.fits(model.groups()) {
        return Err("the tables of weights do not fit the groups of power".to_owned());
    }
    if !(0.0..=10.0).contains(&model.level_spread) {
        return Err("`level_spread` is not between 0 and 10".to_owned());
    }
    if !(0.0..=1.0).contains(&model.core.1) {
        return Err("`core_share` is not between 0 and 1".to_owned());
    }
    if model.equal_power.values().any(|power| !(power.is_finite() && *power >= 0.0)) {
        return Err("`equal_power` has a value that is no power".to_owned());
    }
    model.holdings.as_ref().map_or(Ok(()), Holdings::check)?;
    if model.decimals > 38 || model.slots.iter().any(|slot| slot.choices > 1_000) {
        return Err("decimals or choices are over their limits".to_owned());
    }
    Ok(model)
}
