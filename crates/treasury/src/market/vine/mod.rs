//! A vine copula over filtered margins, rooted in the common factor of crypto markets.
//!
//! A canonical vine (Aas, Czado, Frigessi and Bakken 2009): in the first tree every asset is joined to one root, the
//! asset that goes together most with all others (in these markets the common factor: most often ETH or BTC); the next
//! tree does the same with what the root leaves unexplained, and so on (Czado, Schepsmeier and Min 2012). Each pair has
//! a family of its own, so that two assets may crash together and not rise together: independent, Gaussian, Student's
//! t, Clayton (joint falls) or Clayton turned by 180 degrees (joint rises), by the least Akaike criterion (1974).

#[cfg(test)]
mod test;

use daotwin_core::statistics::normal_quantile;
use daotwin_core::{Run, Seed};

use super::dependence::{kendall, normal_scores, score_table};
use super::garch::{LEAST_DAYS, filtered};
use super::joint::{Clustered, Joint};
use super::numeric::{Table, ln_student_density, minimise, normal_tail, student_at_score};
use super::t_copula::margins;
use super::{Card, FittedMarket, MarketModel, Panel};
use crate::Result;

/// Filtered margins under a vine.
#[derive(Debug)]
pub struct VineCopula;

/// Degrees of freedom that are tried for a pair.
const FREEDOMS: [f64; 8] = [2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 25.0];
/// Scores are kept within this, where the normal law leaves 6e-16.
const EDGE: f64 = 8.0;

/// Quantiles and scores of Student's law for one number of degrees of freedom and the next.
#[derive(Debug, Clone)]
struct Student {
    freedom: f64,
    /// The t value of a normal score.
    value: Table,
    /// The normal score of a t value, over its inverse hyperbolic sine.
    score: Table,
    /// The same two with one more degree of freedom.
    next_value: Table,
    next_score: Table,
}

impl Student {
    fn new(freedom: f64) -> Self {
        let value = |freedom: f64| Table::of(-EDGE, EDGE, 801, |score| student_at_score(score, freedom));
        Self {
            freedom,
            value: value(freedom),
            score: score_table(freedom),
            next_value: value(freedom + 1.0),
            next_score: score_table(freedom + 1.0),
        }
    }
}

/// The copula of two assets, on normal scores.
#[derive(Debug, Clone)]
enum Pair {
    Independent,
    Gaussian {
        correlation: f64,
    },
    Student {
        correlation: f64,
        law: Box<Student>,
    },
    /// `sign` is 1 where falls join, -1 where rises do.
    Clayton {
        theta: f64,
        sign: f64,
    },
}

/// ln of the standard normal distribution function.
fn ln_below(score: f64) -> f64 {
    if score < 0.0 { normal_tail(-score).ln() } else { (-normal_tail(score)).ln_1p() }
}

/// The score below which this mass lies, given as a logarithm.
fn score_of_ln(log: f64) -> f64 {
    let score = if log < -std::f64::consts::LN_2 {
        normal_quantile(log.exp().max(1e-16))
    } else {
        -normal_quantile((-log.exp_m1()).max(1e-16))
    };
    score.clamp(-EDGE, EDGE)
}

/// ln(e^a + e^b - 1) for positive a and b.
fn ln_sum_less_one(a: f64, b: f64) -> f64 {
    let top = a.max(b);
    top + ((a.min(b) - top).exp() - (-top).exp()).ln_1p()
}

impl Pair {
    /// The score of `y` given `x`: where `y` lies in its law conditional on `x` (the h function).
    fn given(&self, y: f64, x: f64) -> f64 {
        let score = match self {
            Self::Independent => y,
            Self::Gaussian { correlation } => {
                (y - correlation * x) / (1.0 - correlation * correlation).sqrt()
            }
            Self::Student { correlation, law } => {
                let (x, y) = (law.value.at(x), law.value.at(y));
                let spread =
                    ((law.freedom + x * x) * (1.0 - correlation * correlation) / (law.freedom + 1.0)).sqrt();
                law.next_score.at(((y - correlation * x) / spread).asinh())
            }
            Self::Clayton { theta, sign } => {
                let (lx, ly) = (ln_below(sign * x), ln_below(sign * y));
                let sum = ln_sum_less_one(-theta * lx, -theta * ly);
                sign * score_of_ln((-(theta + 1.0) * lx - (1.0 + 1.0 / theta) * sum).min(-1e-300))
            }
        };
        score.clamp(-EDGE, EDGE)
    }

    /// The `y` whose score given `x` is `w`: the inverse of [`Pair::given`].
    fn at_score_given(&self, w: f64, x: f64) -> f64 {
        let score = match self {
            Self::Independent => w,
            Self::Gaussian { correlation } => correlation * x + (1.0 - correlation * correlation).sqrt() * w,
            Self::Student { correlation, law } => {
                let x = law.value.at(x);
                let spread =
                    ((law.freedom + x * x) * (1.0 - correlation * correlation) / (law.freedom + 1.0)).sqrt();
                law.score.at((correlation * x + spread * law.next_value.at(w)).asinh())
            }
            Self::Clayton { theta, sign } => {
                let (lx, lw) = (ln_below(sign * x), ln_below(sign * w));
                // v = ((w^(-theta / (1 + theta)) - 1) u^-theta + 1)^(-1 / theta)
                let part = (-theta / (1.0 + theta) * lw).exp_m1().ln() - theta * lx;
                let log = if part > 0.0 { part + (-part).exp().ln_1p() } else { part.exp().ln_1p() };
                sign * score_of_ln(-log / theta)
            }
        };
        score.clamp(-EDGE, EDGE)
    }

    /// ln of the copula's density at two scores.
    fn ln_density(&self, x: f64, y: f64) -> f64 {
        match self {
            Self::Independent => 0.0,
            Self::Gaussian { correlation: r } => {
                let rest = 1.0 - r * r;
                -0.5 * rest.ln() - 0.5 * (r * r * (x * x + y * y) - 2.0 * r * x * y) / rest
            }
            Self::Student { correlation: r, law } => {
                let freedom = law.freedom;
                let (x, y) = (law.value.at(x), law.value.at(y));
                let rest = 1.0 - r * r;
                // With two assets the constant of the joint density is 1 / (2 pi sqrt(1 - r^2)).
                -std::f64::consts::TAU.ln()
                    - 0.5 * rest.ln()
                    - 0.5 * (freedom + 2.0) * ((x * x - 2.0 * r * x * y + y * y) / (freedom * rest)).ln_1p()
                    - ln_student_density(x, freedom)
                    - ln_student_density(y, freedom)
            }
            Self::Clayton { theta, sign } => {
                let (lx, ly) = (ln_below(sign * x), ln_below(sign * y));
                theta.ln_1p()
                    - (1.0 + theta) * (lx + ly)
                    - (2.0 + 1.0 / theta) * ln_sum_less_one(-theta * lx, -theta * ly)
            }
        }
    }

    fn parameters(&self) -> usize {
        match self {
            Self::Independent => 0,
            Self::Gaussian { .. } | Self::Clayton { .. } => 1,
            Self::Student { .. } => 2,
        }
    }

    fn named(&self) -> Vec<(&'static str, f64)> {
        match self {
            Self::Independent => vec![("independent", 1.0)],
            Self::Gaussian { correlation } => vec![("gaussian.correlation", *correlation)],
            Self::Student { correlation, law } => {
                vec![("student.correlation", *correlation), ("student.freedom", law.freedom)]
            }
            Self::Clayton { theta, sign } if *sign > 0.0 => vec![("clayton.theta", *theta)],
            Self::Clayton { theta, .. } => vec![("turned_clayton.theta", *theta)],
        }
    }

    /// The family and its parameters with the least Akaike criterion.
    fn fit(x: &[f64], y: &[f64], laws: &[Student]) -> Self {
        let tau = kendall(x, y);
        let start = (std::f64::consts::FRAC_PI_2 * tau).sin().clamp(-0.95, 0.95);
        let likelihood = |pair: &Self| -> f64 { x.iter().zip(y).map(|(x, y)| pair.ln_density(*x, *y)).sum() };
        let best = |start: f64, scale: f64, make: &dyn Fn(f64) -> Self| -> Self {
            make(minimise(&[start], &[scale], 25, &|p| -likelihood(&make(p[0]))).0[0])
        };
        // Correlations are searched as inverse hyperbolic tangents, Clayton's parameter as a logarithm.
        let mut tried = vec![
            Self::Independent,
            best(start.atanh(), 0.1, &|p| Self::Gaussian { correlation: p.tanh().clamp(-0.999, 0.999) }),
        ];
        // The density of a t pair with the correlation that tau gives tells which freedoms are worth a search.
        let mut freedoms: Vec<(f64, &Student)> = laws
            .iter()
            .map(|law| (likelihood(&Self::Student { correlation: start, law: Box::new(law.clone()) }), law))
            .collect();
        freedoms.sort_by(|left, right| right.0.total_cmp(&left.0));
        for (_, law) in freedoms.iter().take(1) {
            let law = Box::new((*law).clone());
            let at = |p: f64| Self::Student { correlation: p.tanh().clamp(-0.999, 0.999), law: law.clone() };
            tried.push(best(start.atanh(), 0.1, &at));
        }
        if tau > 0.02 {
            for sign in [1.0, -1.0] {
                let theta = 2.0 * tau / (1.0 - tau);
                let at = |p: f64| Self::Clayton { theta: p.exp().clamp(1e-3, 30.0), sign };
                tried.push(best(theta.ln(), 0.3, &at));
            }
        }
        let mut least = f64::INFINITY;
        let mut chosen = Self::Independent;
        for pair in tried {
            let criterion = 2.0 * pair.parameters() as f64 - 2.0 * likelihood(&pair);
            if criterion < least {
                (least, chosen) = (criterion, pair);
            }
        }
        chosen
    }
}

/// A canonical vine.
#[derive(Debug)]
pub(super) struct Vine {
    /// The columns, each the root of its tree.
    order: Vec<usize>,
    /// `pairs[tree][place - tree - 1]`: the pair of the tree's root and the column at `place` in the order.
    pairs: Vec<Vec<Pair>>,
}

impl Vine {
    /// Fits to normal scores, `[step][asset]`.
    fn fit(scores: &[f64], assets: usize, run: &Run) -> Result<Self> {
        let laws: Vec<Student> = FREEDOMS.iter().map(|freedom| Student::new(*freedom)).collect();
        let mut left: Vec<(usize, Vec<f64>)> = (0..assets)
            .map(|asset| (asset, scores.iter().skip(asset).step_by(assets).copied().collect()))
            .collect();
        let mut order = vec![];
        let mut trees: Vec<Vec<(usize, Pair)>> = vec![];
        while !left.is_empty() {
            run.check()?;
            let mut together = vec![0.0; left.len()];
            for one in 0..left.len() {
                for other in 0..one {
                    let tau = kendall(&left[one].1, &left[other].1).abs();
                    together[one] += tau;
                    together[other] += tau;
                }
            }
            // The first of equals.
            let place =
                (0..left.len()).rev().max_by(|a, b| together[*a].total_cmp(&together[*b])).unwrap_or(0);
            let (root, x) = left.remove(place);
            order.push(root);
            let mut tree = vec![];
            for (asset, y) in &mut left {
                run.check()?;
                let pair = Pair::fit(&x, y, &laws);
                for (y, x) in y.iter_mut().zip(&x) {
                    *y = pair.given(*y, *x);
                }
                tree.push((*asset, pair));
            }
            trees.push(tree);
        }
        let pairs = trees
            .into_iter()
            .enumerate()
            .map(|(root, mut tree)| {
                tree.sort_by_key(|(asset, _)| order[root + 1..].iter().position(|other| other == asset));
                tree.into_iter().map(|(_, pair)| pair).collect()
            })
            .collect();
        Ok(Self { order, pairs })
    }

    /// Turns independent standard normals, `[step][asset]`, into normal scores that go together.
    pub(super) fn join(&self, normals: &mut [f64]) {
        let k = self.order.len();
        let mut row = vec![0.0; k];
        for out in normals.chunks_exact_mut(k) {
            row.copy_from_slice(out);
            for (place, asset) in self.order.iter().enumerate() {
                // What is left of each root once the roots before it are given is its own normal.
                let mut value = row[place].clamp(-EDGE, EDGE);
                for tree in (0..place).rev() {
                    value = self.pairs[tree][place - tree - 1]
                        .at_score_given(value, row[tree].clamp(-EDGE, EDGE));
                }
                out[*asset] = value;
            }
        }
    }

    /// Families and their parameters, pair by pair.
    pub(super) fn parameters(&self, assets: &[String]) -> Vec<(String, f64)> {
        let mut list = vec![];
        for (tree, pairs) in self.pairs.iter().enumerate() {
            for (place, pair) in pairs.iter().enumerate() {
                let (root, other) = (&assets[self.order[tree]], &assets[self.order[tree + 1 + place]]);
                let named = pair.named();
                list.extend(
                    named
                        .into_iter()
                        .map(|(name, value)| (format!("tree{tree}.{root}.{other}.{name}"), value)),
                );
            }
        }
        list
    }
}

impl MarketModel for VineCopula {
    fn name(&self) -> &'static str {
        "vine"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "clusters of volatility, and for every pair its own way of crashing or rising together, around \
                      one common factor",
            source: "Aas, Czado, Frigessi and Bakken 2009; Czado, Schepsmeier and Min 2012",
            limits: "many pairs to learn: with few days or many assets prefer `t-copula`; needs 250 days",
        }
    }

    fn fit(&self, panel: &Panel, _seed: Seed, run: &Run) -> Result<Box<dyn FittedMarket>> {
        panel.need(self.name(), LEAST_DAYS)?;
        let (recursions, residuals) = filtered(panel, true, run)?;
        let assets = panel.assets().len();
        let joint = Joint::Vine(Vine::fit(&normal_scores(&residuals, assets), assets, run)?);
        let margins = margins(&residuals, assets);
        Ok(Box::new(Clustered { assets: panel.assets().to_vec(), recursions, margins, joint }))
    }
}
