//! A detector that was trained, with the scores at which it should speak, as a file.

use std::path::Path;

use daotwin_community::stream::Stream;
use daotwin_core::files::{atomic_write, read_limited};
use daotwin_core::statistics::quantile_sorted;
use daotwin_core::{Limits, Seed};
use serde::{Deserialize, Serialize};

use crate::detector::{Detector, Method};
use crate::event::events;
use crate::{Error, Result, registry};

/// What stands at the head of a model's file.
const FORMAT: &str = "daotwin detector";
/// The version of the file; another one is refused.
const VERSION: u32 = 1;
/// Alerts a thousand honest acts at which the bar is kept in the file, descending.
const RATES: [f64; 13] = [100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
/// Of the alerts that are paid for, the share that may be false where nothing is wrong: precision is for the rest of them.
const FALSE_SHARE: f64 = 0.05;

/// A trained method that has seen nothing yet, and its bars.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The method's name.
    method: String,
    /// What it learned.
    learned: serde_json::Value,
    /// The scores that so many of a thousand honest acts exceed, as [`RATES`] has them.
    bars: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    method: String,
    bars: Vec<f64>,
    learned: serde_json::Value,
}

impl Model {
    /// Trains a method on some streams and sets its bars on others, of which only honest acts count. Deterministic.
    ///
    /// # Errors
    /// A method that refuses the streams; no honest act to set bars on.
    pub fn train(method: &dyn Method, streams: &[Stream], held: &[Stream], seed: Seed) -> Result<Self> {
        let learned = method.train(streams, seed)?.learned()?;
        let mut honest = Vec::new();
        for stream in held {
            let mut detector = method.load(learned.clone())?;
            for (event, label) in events(stream) {
                let score = detector.score(&event);
                if !label.malicious() {
                    honest.push(score);
                }
            }
        }
        if honest.is_empty() {
            let problem = "no honest act to set bars on: hold streams back from training".to_owned();
            return Err(Error::Parameters { problems: vec![problem] });
        }
        honest.sort_unstable_by(f64::total_cmp);
        let bars = RATES.iter().map(|rate| quantile_sorted(&honest, 1.0 - rate / 1000.0)).collect();
        Ok(Self { method: method.name().to_owned(), learned, bars })
    }

    /// The method's name.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// A detector that has seen nothing.
    ///
    /// # Errors
    /// What was learned is not what its method learns.
    pub fn detector(&self) -> Result<Box<dyn Detector>> {
        registry::find(&self.method)?.load(self.learned.clone())
    }

    /// The score above which an act is worth an alert, so that honest acts take a twentieth of a budget of so many alerts a thousand
    /// acts. Between rates linear in their logarithm; beyond them the nearest.
    pub fn bar(&self, alerts_per_thousand: f64) -> f64 {
        let rate = (FALSE_SHARE * alerts_per_thousand).clamp(RATES[RATES.len() - 1], RATES[0]);
        let after = RATES.iter().position(|&known| known <= rate).unwrap_or(RATES.len() - 1);
        let before = after.saturating_sub(1);
        let (high, low) = (RATES[before], RATES[after]);
        let share = if before == after { 0.0 } else { (high / rate).ln() / (high / low).ln() };
        self.bars[before] + share * (self.bars[after] - self.bars[before])
    }

    /// What lies between the lowest and the highest bar, in the unit of the method's score; 1 where nothing does.
    pub fn spread(&self) -> f64 {
        let spread = self.bars[self.bars.len() - 1] - self.bars[0];
        if spread > 0.0 { spread } else { 1.0 }
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// I/O.
    pub fn save(&self, path: &Path) -> Result<()> {
        let file = File {
            format: FORMAT.to_owned(),
            version: VERSION,
            method: self.method.clone(),
            bars: self.bars.clone(),
            learned: self.learned.clone(),
        };
        let bytes = serde_json::to_vec(&file).map_err(Error::defect)?;
        Ok(atomic_write(path, &bytes)?)
    }

    /// Reads what [`Model::save`] wrote. The file is untrusted.
    ///
    /// # Errors
    /// I/O, limits, and a file that is no such model.
    pub fn load(path: &Path, limits: &Limits) -> Result<Self> {
        let bytes = read_limited(path, limits.max_file_bytes)?;
        let told = |problem: String| Error::Model { problem: format!("`{}`: {problem}", path.display()) };
        let file: File = serde_json::from_slice(&bytes).map_err(|error| told(error.to_string()))?;
        if file.format != FORMAT || file.version != VERSION {
            return Err(told(format!(
                "it is `{}` of version {}; this reads `{FORMAT}` of version {VERSION}",
                file.format, file.version
            )));
        }
        let falls = file.bars.windows(2).any(|pair| pair[0] > pair[1]);
        if file.bars.len() != RATES.len() || falls || file.bars.iter().any(|bar| !bar.is_finite()) {
            return Err(told(format!("it needs {} bars, ascending", RATES.len())));
        }
        let model = Self { method: file.method, learned: file.learned, bars: file.bars };
        model.detector().map_err(|error| match error {
            Error::Model { problem } => told(problem),
            other => other,
        })?;
        Ok(model)
    }
}
