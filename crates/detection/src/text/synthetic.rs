//! Synthetic documents: hashed n-grams drawn from a model of real ones, so that a classifier can learn without any real text.

use daotwin_core::Seed;

use super::FEATURES;

/// A mixture of products of Bernoulli laws, one mixture a class (McLachlan and Peel 2000, section 5.10; fit by expectation
/// maximisation). A document is a set of features; none is kept whole, and where components are few each is a law over many
/// documents.
#[derive(Debug, Clone)]
pub struct Mixture {
    /// Each component's share.
    shares: Vec<f64>,
    /// The chance of each feature, by component.
    chances: Vec<Vec<f64>>,
}

/// Rounds of expectation maximisation.
const ROUNDS: usize = 25;
/// So many documents of the whole class are mixed into each component.
const PRIOR: f64 = 1.0;
/// A feature is never certain, nor certainly absent.
const LEAST: f64 = 1e-6;

impl Mixture {
    /// Fits `components` components to documents, each an ascending list of features below [`FEATURES`]. Deterministic.
    pub fn fit(documents: &[&[u32]], components: usize, seed: Seed) -> Self {
        let count = documents.len().max(1) as f64;
        let components = components.clamp(1, documents.len().max(1));
        let mut mean = vec![0.0; FEATURES];
        for &feature in documents.iter().copied().flatten() {
            mean[feature as usize] += 1.0 / count;
        }
        let mut stream = seed.stream("document mixture");
        let mut duties: Vec<Vec<f64>> = documents
            .iter()
            .map(|_| {
                let chosen = stream.below(components as u64) as usize;
                (0..components).map(|component| f64::from(u8::from(component == chosen))).collect()
            })
            .collect();
        let mut mixture = Self { shares: Vec::new(), chances: Vec::new() };
        for round in 0..ROUNDS {
            // Maximisation.
            let mut weights = vec![0.0; components];
            let mut sums: Vec<Vec<f64>> = vec![mean.iter().map(|share| PRIOR * share).collect(); components];
            for (document, duty) in documents.iter().zip(&duties) {
                for (component, &share) in duty.iter().enumerate().filter(|(_, share)| **share > 1e-9) {
                    weights[component] += share;
                    for &feature in *document {
                        sums[component][feature as usize] += share;
                    }
                }
            }
            mixture.shares =
                weights.iter().map(|weight| (weight + 0.5) / (count + 0.5 * components as f64)).collect();
            for (list, weight) in sums.iter_mut().zip(&weights) {
                for chance in list {
                    *chance = (*chance / (weight + PRIOR)).clamp(LEAST, 1.0 - LEAST);
                }
            }
            mixture.chances = sums;
            if components == 1 || round + 1 == ROUNDS {
                break;
            }
            // Expectation.
            let nothing: Vec<f64> = mixture
                .chances
                .iter()
                .zip(&mixture.shares)
                .map(|(chances, share)| {
                    share.ln() + chances.iter().map(|chance| (-chance).ln_1p()).sum::<f64>()
                })
                .collect();
            let odds: Vec<Vec<f64>> = mixture
                .chances
                .iter()
                .map(|chances| chances.iter().map(|chance| (chance / (1.0 - chance)).ln()).collect())
                .collect();
            for (document, duty) in documents.iter().zip(&mut duties) {
                for component in 0..components {
                    let there: f64 = document.iter().map(|&feature| odds[component][feature as usize]).sum();
                    duty[component] = nothing[component] + there;
                }
                let most = duty.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let mut sum = 0.0;
                for share in duty.iter_mut() {
                    *share = (*share - most).exp();
                    sum += *share;
                }
                for share in duty.iter_mut() {
                    *share /= sum;
                }
            }
        }
        mixture
    }

    /// Draws documents. Document `i` depends on seed and `i` alone.
    pub fn sample(&self, documents: usize, seed: Seed) -> Vec<Vec<u32>> {
        let streams = seed.streams("document sample");
        (0..documents)
            .map(|index| {
                let mut stream = streams.stream(index as u64);
                let chances = &self.chances[stream.weighted(&self.shares)];
                (0..FEATURES as u32).filter(|&feature| stream.chance(chances[feature as usize])).collect()
            })
            .collect()
    }
}
