//! Two ways from shocks to returns that several models share: days that are independent of each other, and days
//! whose volatility follows from the days before.

use super::FittedMarket;
use super::dependence::Dependence;
use super::draws::Draws;
use super::garch::Recursion;
use super::margin::Margin;
use super::vine::Vine;

/// What makes shocks of several assets go together.
#[derive(Debug)]
pub(super) enum Joint {
    Copula(Dependence),
    Vine(Vine),
}

impl Joint {
    /// Normal scores of one path, `[step][asset]`.
    fn scores(&self, draws: &Draws, path: u64, out: &mut [f64]) {
        draws.normals(path, 0, out);
        match self {
            Self::Copula(copula) => copula.join(out, || draws.stream(path)),
            Self::Vine(vine) => vine.join(out),
        }
    }

    /// Correlations of a copula, and its degrees of freedom.
    fn parameters(&self, assets: &[String]) -> Vec<(String, f64)> {
        match self {
            Self::Copula(copula) => {
                let k = assets.len();
                let mut list = vec![];
                for row in 0..k {
                    for column in 0..row {
                        list.push((
                            format!("{}.{}.correlation", assets[column], assets[row]),
                            copula.correlation()[row * k + column],
                        ));
                    }
                }
                list.extend(copula.freedom().map(|freedom| ("copula.freedom".to_owned(), freedom)));
                list
            }
            Self::Vine(vine) => vine.parameters(assets),
        }
    }
}

/// Days that are independent of each other.
#[derive(Debug)]
pub(super) struct IndependentDays {
    pub(super) assets: Vec<String>,
    pub(super) margins: Vec<Margin>,
    pub(super) joint: Joint,
    pub(super) parameters: Vec<(String, f64)>,
}

impl FittedMarket for IndependentDays {
    fn assets(&self) -> &[String] {
        &self.assets
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        let mut list = self.parameters.clone();
        list.extend(self.joint.parameters(&self.assets));
        list
    }

    fn path(&self, draws: &Draws, path: u64, out: &mut [f64]) {
        self.joint.scores(draws, path, out);
        for row in out.chunks_exact_mut(self.margins.len()) {
            for (value, margin) in row.iter_mut().zip(&self.margins) {
                *value = margin.at(*value);
            }
        }
    }
}

/// Days whose volatility follows from the days before.
#[derive(Debug)]
pub(super) struct Clustered {
    pub(super) assets: Vec<String>,
    pub(super) recursions: Vec<Recursion>,
    pub(super) margins: Vec<Margin>,
    pub(super) joint: Joint,
}

impl FittedMarket for Clustered {
    fn assets(&self) -> &[String] {
        &self.assets
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        let mut list: Vec<(String, f64)> = self
            .assets
            .iter()
            .zip(&self.recursions)
            .flat_map(|(name, recursion)| {
                recursion.named().map(|(parameter, value)| (format!("{name}.{parameter}"), value))
            })
            .collect();
        list.extend(self.joint.parameters(&self.assets));
        list
    }

    fn path(&self, draws: &Draws, path: u64, out: &mut [f64]) {
        self.joint.scores(draws, path, out);
        let k = self.margins.len();
        for (asset, (margin, recursion)) in self.margins.iter().zip(&self.recursions).enumerate() {
            let Recursion { mean, omega, alpha, gamma, beta, next_variance, .. } = *recursion;
            let mut variance = next_variance;
            for value in out.iter_mut().skip(asset).step_by(k) {
                let shock = margin.at(*value);
                // What the variance is multiplied by does not depend on it, so that only one product and one sum wait
                // for the day before.
                let news = if shock < 0.0 { alpha + gamma } else { alpha };
                let growth = news * shock * shock + beta;
                *value = mean + variance.sqrt() * shock;
                variance = omega + growth * variance;
            }
        }
    }
}
