//! Regime switching: a hidden Markov chain of two or three states, each with joint normal returns of its own.
//!
//! Hamilton (1989) with covariance matrices; the filter and the smoother are those of his paper, the estimates those of
//! Baum et al. (1970). Two or three states by the Bayesian information criterion (Schwarz 1978). Paths begin from what
//! the filter knows of the last day.

#[cfg(test)]
mod test;

use daotwin_core::{Run, Seed};

use super::dependence::covariance_root;
use super::draws::Draws;
use super::gbm::moments;
use super::numeric::times_root;
use super::{Card, FittedMarket, MarketModel, Panel};
use crate::Result;

/// Regimes.
#[derive(Debug)]
pub struct Regime;

/// Days that a fit needs.
const LEAST_DAYS: usize = 200;
/// Passes of the estimation at most.
const PASSES: usize = 300;

/// What was learned: `K` states over `assets`.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// Means, a row a state.
    pub means: Vec<Vec<f64>>,
    /// Covariances, a matrix a state, row by row.
    pub covariances: Vec<Vec<f64>>,
    /// `transitions[from][to]`.
    pub transitions: Vec<Vec<f64>>,
    /// Chance of each state on the first day.
    pub first: Vec<f64>,
}

/// What a pass over the days finds.
#[derive(Debug)]
pub struct Smoothed {
    /// Log-likelihood.
    pub log_likelihood: f64,
    /// Chance of each state on each day, given all days.
    pub states: Vec<Vec<f64>>,
    /// Expected moves from state to state.
    pub moves: Vec<Vec<f64>>,
    /// Chance of each state on the last day.
    pub last: Vec<f64>,
}

impl Chain {
    fn states(&self) -> usize {
        self.means.len()
    }

    /// Log densities of every day under every state.
    fn log_densities(&self, returns: &[f64]) -> Vec<Vec<f64>> {
        let k = self.means[0].len();
        let roots: Vec<Vec<f64>> =
            self.covariances.iter().map(|covariance| covariance_root(covariance.clone(), k)).collect();
        let mut solved = vec![0.0; k];
        returns
            .chunks_exact(k)
            .map(|row| {
                roots
                    .iter()
                    .zip(&self.means)
                    .map(|(root, mean)| {
                        let mut value = -0.5 * k as f64 * std::f64::consts::TAU.ln();
                        for asset in 0..k {
                            let product: f64 =
                                (0..asset).map(|other| root[asset * k + other] * solved[other]).sum();
                            solved[asset] = (row[asset] - mean[asset] - product) / root[asset * k + asset];
                            value -= 0.5 * solved[asset] * solved[asset] + root[asset * k + asset].ln();
                        }
                        value
                    })
                    .collect()
            })
            .collect()
    }

    /// Filter and smoother.
    pub fn smooth(&self, returns: &[f64]) -> Smoothed {
        let count = self.states();
        let densities = self.log_densities(returns);
        let days = densities.len();
        let mut filtered: Vec<Vec<f64>> = Vec::with_capacity(days);
        let mut predicted: Vec<Vec<f64>> = Vec::with_capacity(days);
        let mut log_likelihood = 0.0;
        for density in &densities {
            let prior: Vec<f64> = match filtered.last() {
                None => self.first.clone(),
                Some(before) => (0..count)
                    .map(|to| (0..count).map(|from| before[from] * self.transitions[from][to]).sum())
                    .collect(),
            };
            // The largest is taken out so that none underflows.
            let top = density.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut now: Vec<f64> = prior.iter().zip(density).map(|(p, d)| p * (d - top).exp()).collect();
            let total: f64 = now.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            now.iter_mut().for_each(|value| *value /= total);
            log_likelihood += total.ln() + top;
            filtered.push(now);
            predicted.push(prior);
        }
        let mut states = filtered.clone();
        let mut moves = vec![vec![0.0; count]; count];
        for day in (0..days.saturating_sub(1)).rev() {
            let mut now = vec![0.0; count];
            for from in 0..count {
                for to in 0..count {
                    let back = states[day + 1][to] / predicted[day + 1][to].max(f64::MIN_POSITIVE);
                    let both = filtered[day][from] * self.transitions[from][to] * back;
                    moves[from][to] += both;
                    now[from] += both;
                }
            }
            states[day] = now;
        }
        let last = filtered.pop().unwrap_or_default();
        Smoothed { log_likelihood, states, moves, last }
    }

    /// Maximum likelihood by expectation and maximisation, begun from days sorted by how far they moved.
    ///
    /// # Errors
    /// Cancellation.
    pub fn fit(panel: &Panel, count: usize, run: &Run) -> Result<(Self, Smoothed)> {
        let k = panel.assets().len();
        let returns = panel.returns();
        let (mean, covariance) = moments(panel);
        let unrest: Vec<f64> = returns
            .chunks_exact(k)
            .map(|row| {
                (0..k)
                    .map(|asset| (row[asset] - mean[asset]).powi(2) / covariance[asset * k + asset])
                    .sum::<f64>()
            })
            .collect();
        // Half of the days are calm, a tenth wild.
        let cuts: &[f64] = if count == 2 { &[0.8] } else { &[0.5, 0.9] };
        let cuts: Vec<f64> =
            cuts.iter().map(|cut| daotwin_core::statistics::quantile(&unrest, *cut)).collect();
        let mut states: Vec<Vec<f64>> = unrest
            .iter()
            .map(|value| {
                let state = cuts.iter().filter(|cut| value > *cut).count();
                (0..count).map(|other| if other == state { 1.0 } else { 0.0 }).collect()
            })
            .collect();
        let mut moves: Vec<Vec<f64>> = (0..count)
            .map(|from| (0..count).map(|to| if from == to { 90.0 } else { 10.0 }).collect())
            .collect();
        let mut before = f64::NEG_INFINITY;
        for _ in 0..PASSES {
            run.check()?;
            let chain = Self::from_expected(returns, k, &states, &moves, &covariance);
            let smoothed = chain.smooth(returns);
            let gain = smoothed.log_likelihood - before;
            if gain < 1e-6 * (1.0 + before.abs()) * 1e-2 && before.is_finite() {
                return Ok((chain, smoothed));
            }
            before = smoothed.log_likelihood;
            states = smoothed.states;
            moves = smoothed.moves;
        }
        let chain = Self::from_expected(returns, k, &states, &moves, &covariance);
        let smoothed = chain.smooth(returns);
        Ok((chain, smoothed))
    }

    /// The best parameters given expected states. Each covariance is drawn towards a tenth of the common one with the
    /// weight of k + 2 days, so that a state of few days keeps a density.
    fn from_expected(
        returns: &[f64],
        k: usize,
        states: &[Vec<f64>],
        moves: &[Vec<f64>],
        common: &[f64],
    ) -> Self {
        let count = moves.len();
        let mut means = vec![vec![0.0; k]; count];
        let mut covariances = vec![vec![0.0; k * k]; count];
        for state in 0..count {
            let weight: f64 = states.iter().map(|day| day[state]).sum::<f64>().max(1e-9);
            for (row, day) in returns.chunks_exact(k).zip(states) {
                for asset in 0..k {
                    means[state][asset] += day[state] * row[asset] / weight;
                }
            }
            let prior = k as f64 + 2.0;
            for (row, day) in returns.chunks_exact(k).zip(states) {
                for left in 0..k {
                    for right in 0..k {
                        covariances[state][left * k + right] += day[state]
                            * (row[left] - means[state][left])
                            * (row[right] - means[state][right]);
                    }
                }
            }
            for (value, common) in covariances[state].iter_mut().zip(common) {
                *value = (*value + 0.1 * prior * common) / (weight + prior);
            }
        }
        let transitions = moves
            .iter()
            .map(|row| {
                let total: f64 = row.iter().sum::<f64>() + 1e-9;
                row.iter().map(|value| (value + 1e-9 / count as f64) / total).collect()
            })
            .collect();
        let first = states.first().cloned().unwrap_or_default();
        Self { means, covariances, transitions, first }
    }
}

#[derive(Debug)]
struct Fitted {
    assets: Vec<String>,
    chain: Chain,
    roots: Vec<Vec<f64>>,
    /// Chance of each state on the first day to come.
    next: Vec<f64>,
}

impl MarketModel for Regime {
    fn name(&self) -> &'static str {
        "regime"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "calm and stormy markets that last, in which correlations differ",
            source: "Hamilton 1989; Baum, Petrie, Soules and Weiss 1970",
            limits: "within a regime returns are normal; a crash worse than every state's is out of reach",
        }
    }

    fn fit(&self, panel: &Panel, _seed: Seed, run: &Run) -> Result<Box<dyn FittedMarket>> {
        panel.need(self.name(), LEAST_DAYS.max(20 * panel.assets().len()))?;
        let k = panel.assets().len() as f64;
        let mut best: Option<(f64, Chain, Smoothed)> = None;
        for count in [2, 3] {
            let (chain, smoothed) = Chain::fit(panel, count, run)?;
            let states = count as f64;
            let free = states * (k + 0.5 * k * (k + 1.0)) + states * (states - 1.0);
            let criterion = free * (panel.steps() as f64).ln() - 2.0 * smoothed.log_likelihood;
            if best.as_ref().is_none_or(|(least, _, _)| criterion < *least) {
                best = Some((criterion, chain, smoothed));
            }
        }
        let Some((_, chain, smoothed)) = best else {
            return Err(crate::Error::Parameters { problems: vec!["no state was tried".to_owned()] });
        };
        let count = chain.states();
        let next = (0..count)
            .map(|to| (0..count).map(|from| smoothed.last[from] * chain.transitions[from][to]).sum())
            .collect();
        let width = panel.assets().len();
        let roots =
            chain.covariances.iter().map(|covariance| covariance_root(covariance.clone(), width)).collect();
        Ok(Box::new(Fitted { assets: panel.assets().to_vec(), chain, roots, next }))
    }
}

impl FittedMarket for Fitted {
    fn assets(&self) -> &[String] {
        &self.assets
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        let k = self.assets.len();
        let mut list = vec![("states".to_owned(), self.chain.states() as f64)];
        for (state, (mean, covariance)) in self.chain.means.iter().zip(&self.chain.covariances).enumerate() {
            list.push((format!("state{state}.stays"), self.chain.transitions[state][state]));
            for (place, name) in self.assets.iter().enumerate() {
                list.push((format!("state{state}.{name}.mean"), mean[place]));
                list.push((format!("state{state}.{name}.volatility"), covariance[place * k + place].sqrt()));
            }
        }
        list
    }

    fn path(&self, draws: &Draws, path: u64, out: &mut [f64]) {
        let k = self.assets.len();
        draws.normals(path, 0, out);
        let mut uniforms = vec![0.0; out.len() / k];
        draws.uniforms(path, 1, &mut uniforms);
        let mut chances = &self.next;
        for (row, uniform) in out.chunks_exact_mut(k).zip(uniforms) {
            let state = choose(chances, uniform);
            times_root(&self.roots[state], row);
            for (value, mean) in row.iter_mut().zip(&self.chain.means[state]) {
                *value += mean;
            }
            chances = &self.chain.transitions[state];
        }
    }
}

/// The place where the cumulative chances pass `uniform`.
fn choose(chances: &[f64], mut uniform: f64) -> usize {
    for (place, chance) in chances.iter().enumerate() {
        uniform -= chance;
        if uniform < 0.0 {
            return place;
        }
    }
    chances.len() - 1
}
