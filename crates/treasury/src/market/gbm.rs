//! Geometric Brownian motion: log returns are joint normal and independent from day to day.

use daotwin_core::{Run, Seed};

use super::dependence::covariance_root;
use super::draws::Draws;
use super::numeric::times_root;
use super::{Card, FittedMarket, MarketModel, Panel};
use crate::Result;

/// Fits by the sample's mean and covariance, which are the maximum likelihood estimates but for the factor
/// n / (n - 1).
#[derive(Debug)]
pub struct Gbm;

#[derive(Debug)]
struct Fitted {
    assets: Vec<String>,
    mean: Vec<f64>,
    covariance: Vec<f64>,
    root: Vec<f64>,
}

/// The mean of each column and the unbiased covariance, row by row.
pub(super) fn moments(panel: &Panel) -> (Vec<f64>, Vec<f64>) {
    let k = panel.assets().len();
    let n = panel.steps() as f64;
    let mut mean = vec![0.0; k];
    for row in panel.returns().chunks_exact(k) {
        for (mean, value) in mean.iter_mut().zip(row) {
            *mean += value / n;
        }
    }
    let mut covariance = vec![0.0; k * k];
    for row in panel.returns().chunks_exact(k) {
        for left in 0..k {
            for right in 0..k {
                covariance[left * k + right] +=
                    (row[left] - mean[left]) * (row[right] - mean[right]) / (n - 1.0);
            }
        }
    }
    (mean, covariance)
}

impl MarketModel for Gbm {
    fn name(&self) -> &'static str {
        "gbm"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "the textbook baseline: constant drift, volatility and correlation",
            source: "Samuelson 1965; Black and Scholes 1973",
            limits: "no fat tails, no clusters of volatility, no joint crashes: understates ruin",
        }
    }

    fn fit(&self, panel: &Panel, _seed: Seed, _run: &Run) -> Result<Box<dyn FittedMarket>> {
        panel.need(self.name(), panel.assets().len() + 2)?;
        let (mean, covariance) = moments(panel);
        let root = covariance_root(covariance.clone(), mean.len());
        Ok(Box::new(Fitted { assets: panel.assets().to_vec(), mean, covariance, root }))
    }
}

impl FittedMarket for Fitted {
    fn assets(&self) -> &[String] {
        &self.assets
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        let k = self.assets.len();
        let each = self.assets.iter().enumerate().flat_map(|(place, name)| {
            [
                (format!("{name}.mean"), self.mean[place]),
                (format!("{name}.volatility"), self.covariance[place * k + place].sqrt()),
            ]
        });
        each.collect()
    }

    fn path(&self, draws: &Draws, path: u64, out: &mut [f64]) {
        draws.normals(path, 0, out);
        if let ([mean], [deviation]) = (&*self.mean, &*self.root) {
            for value in out {
                *value = mean + deviation * *value;
            }
            return;
        }
        for row in out.chunks_exact_mut(self.mean.len()) {
            times_root(&self.root, row);
            for (value, mean) in row.iter_mut().zip(&self.mean) {
                *value += mean;
            }
        }
    }
}
