//! Ridge logistic regression on features that are there or not.

use super::FEATURES;
use crate::{Error, Result};

/// Passes over all features.
const PASSES: usize = 40;
/// A pass that moves nothing more than this ends the fit.
const ENOUGH: f64 = 1e-4;

/// A weight a feature and an intercept.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Logistic {
    weights: Vec<f64>,
    intercept: f64,
}

impl Logistic {
    /// The minimum of the summed logistic loss and `penalty / 2` times the squared weights (the intercept is free), by cyclic
    /// coordinate descent with trust regions (Genkin, Lewis and Madigan 2007, equations 12 to 18). Documents are ascending
    /// lists of features below [`FEATURES`]. O(passes times features that are there), deterministic.
    pub fn fit(documents: &[Vec<u32>], labels: &[bool], penalty: f64) -> Self {
        let mut columns: Vec<Vec<u32>> = vec![Vec::new(); FEATURES];
        for (row, document) in documents.iter().enumerate() {
            for &feature in document {
                if let Some(column) = columns.get_mut(feature as usize) {
                    column.push(row as u32);
                }
            }
        }
        let signs: Vec<f64> = labels.iter().map(|&label| if label { 1.0 } else { -1.0 }).collect();
        let everybody: Vec<u32> = (0..documents.len() as u32).collect();
        let mut margins = vec![0.0_f64; documents.len()];
        let mut weights = vec![0.0; FEATURES + 1];
        let mut regions = vec![1.0_f64; FEATURES + 1];
        for _ in 0..PASSES {
            let mut moved = 0.0_f64;
            for place in 0..=FEATURES {
                let (rows, penalty) =
                    if place == FEATURES { (&everybody, 0.0) } else { (&columns[place], penalty) };
                if rows.is_empty() {
                    continue;
                }
                let region = regions[place];
                let (mut slope, mut bend) = (penalty * weights[place], penalty);
                for &row in rows {
                    let margin = margins[row as usize];
                    slope -= signs[row as usize] / (1.0 + (signs[row as usize] * margin).exp());
                    // The largest curvature within the region.
                    let near = (margin.abs() - region).max(0.0);
                    bend += 1.0 / (2.0 + near.exp() + (-near).exp());
                }
                let step = (-slope / bend).clamp(-region, region);
                for &row in rows {
                    margins[row as usize] += step;
                }
                weights[place] += step;
                regions[place] = (2.0 * step.abs()).max(region / 2.0);
                moved = moved.max(step.abs());
            }
            if moved < ENOUGH {
                break;
            }
        }
        let intercept = weights.pop().unwrap_or(0.0);
        Self { weights, intercept }
    }

    /// Refuses weights that are too many, too few or no numbers.
    pub(crate) fn check(&self) -> Result<()> {
        if self.weights.len() == FEATURES
            && self.weights.iter().chain([&self.intercept]).all(|weight| weight.is_finite())
        {
            return Ok(());
        }
        Err(Error::Model {
            problem: format!(
                "its words have {} weights; {FEATURES} finite ones are needed",
                self.weights.len()
            ),
        })
    }

    /// The natural logarithm of the odds that a document is positive.
    pub fn log_odds(&self, document: &[u32]) -> f64 {
        self.intercept
            + document
                .iter()
                .map(|&feature| self.weights.get(feature as usize).copied().unwrap_or(0.0))
                .sum::<f64>()
    }

    /// The log-odds of a document without features.
    pub const fn intercept(&self) -> f64 {
        self.intercept
    }

    /// The weights, one a feature.
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }
}
