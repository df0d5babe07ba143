//! One column as a standard normal number cut into its codes.

use daotwin_core::Stream;
use daotwin_core::statistics::{normal_cdf, normal_quantile};

/// Terms of Mehler's expansion.
const TERMS: usize = 60;

/// The square root of 3: scores are cut there, so that a row has a bounded weight. The expansion knows of the cut,
/// and correlations are as they would be without it.
pub(super) const LIMIT: f64 = 1.732_050_807_568_877_2;

/// Where a code stands at most that no row has.
const RARE: f64 = 4.0;

/// A column's codes in the order in which they stand on the latent scale, and how likely each is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Latent {
    /// The code at each place.
    pub(super) order: Vec<u32>,
    /// The probability of each place.
    pub(super) law: Vec<f64>,
    /// The upper end of each place; infinite for the last.
    ends: Vec<f64>,
    /// The place of each code.
    places: Vec<u32>,
}

fn density(z: f64) -> f64 {
    if z.is_infinite() { 0.0 } else { (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt() }
}

fn quantile(probability: f64) -> f64 {
    if probability <= 0.0 {
        f64::NEG_INFINITY
    } else if probability >= 1.0 {
        f64::INFINITY
    } else {
        normal_quantile(probability)
    }
}

impl Latent {
    /// Codes in an order, with probabilities that add up to 1.
    pub(super) fn new(order: Vec<u32>, law: Vec<f64>) -> Self {
        let mut sum = 0.0;
        let mut ends: Vec<f64> = law
            .iter()
            .map(|value| {
                sum += value;
                quantile(sum)
            })
            .collect();
        // Rounding must not leave a number above the last place that has rows.
        if let Some(last) = law.iter().rposition(|value| *value > 0.0) {
            ends[last..].fill(f64::INFINITY);
        }
        let mut places = vec![0; order.len()];
        order.iter().zip(0..).for_each(|(&code, place)| places[code as usize] = place);
        Self { order, law, ends, places }
    }

    /// The code at a latent number.
    pub(super) fn code(&self, z: f64) -> u32 {
        let place = self.ends.partition_point(|end| *end <= z);
        self.order[place.min(self.order.len() - 1)]
    }

    /// The latent numbers of a code.
    pub(super) fn interval(&self, code: u32) -> (f64, f64) {
        let place = self.places[code as usize] as usize;
        let low = if place == 0 { f64::NEG_INFINITY } else { self.ends[place - 1] };
        (low, self.ends[place])
    }

    /// The mean of the latent number within each code, cut at [`LIMIT`].
    pub(super) fn scores(&self) -> Vec<f64> {
        let mut scores = vec![0.0; self.order.len()];
        for (&code, &probability) in self.order.iter().zip(&self.law) {
            let (low, high) = self.interval(code);
            let score = if probability > 1e-12 { (density(low) - density(high)) / probability } else { low };
            scores[code as usize] = score.clamp(-LIMIT, LIMIT);
        }
        scores
    }

    /// The coefficients of the scores as a function of the latent number, over normalised Hermite polynomials
    /// of degree 1 on.
    pub(super) fn coefficients(&self) -> Vec<f64> {
        let scores = self.scores();
        let mut sums = vec![0.0; TERMS];
        // The integral of He_n times the density over an interval is He_{n-1} times the density at its ends.
        let mut edge = |z: f64, weight: f64| {
            if z.is_infinite() {
                return;
            }
            let (mut before, mut now) = (0.0, density(z));
            for (degree, sum) in sums.iter_mut().enumerate() {
                *sum += weight * now / ((degree + 1) as f64).sqrt();
                // He_n / sqrt(n!) keeps every number near 1.
                let n = degree as f64;
                (before, now) = (now, (z * now - n.sqrt() * before) / (n + 1.0).sqrt());
            }
        };
        for &code in &self.order {
            let (low, high) = self.interval(code);
            edge(low, scores[code as usize]);
            edge(high, -scores[code as usize]);
        }
        sums
    }

    /// What latent numbers a condition on codes leaves, each with its weight: the first and the last code may
    /// be allowed in part. Codes between them must stand in the same order.
    pub(super) fn pieces(&self, first: u32, last: u32, shares: (f64, f64)) -> Vec<Piece> {
        let piece = |(low, high): (f64, f64), weight| Piece { low, high, weight };
        if first == last {
            let (low, high) = self.interval(first);
            // A code that no row has is a point, which must not stand where no row does.
            let only =
                if low < high { (low, high) } else { (low.clamp(-RARE, RARE), low.clamp(-RARE, RARE)) };
            return vec![piece(only, 1.0)];
        }
        let (first, last) = (self.interval(first), self.interval(last));
        vec![piece(first, shares.0), piece((first.1, last.0), 1.0), piece(last, shares.1)]
    }
}

/// The correlation of two latent numbers whose scores have this mean product: Mehler's expansion, solved by
/// bisection. The product grows with the correlation because scores grow with the latent number.
pub(super) fn correlation(left: &[f64], right: &[f64], product: f64) -> f64 {
    let terms: Vec<f64> = left.iter().zip(right).map(|(a, b)| a * b).collect();
    let at = |correlation: f64| terms.iter().rev().fold(0.0, |sum, term| (sum + term) * correlation);
    let (mut low, mut high) = (-0.99, 0.99);
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if at(middle) < product {
            low = middle;
        } else {
            high = middle;
        }
    }
    if terms.iter().all(|term| term.abs() < 1e-9) { 0.0 } else { (low + high) / 2.0 }
}

/// An interval of latent numbers that a condition leaves, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) weight: f64,
}

/// The probability of a standard normal number between two ends; exact in both tails.
fn mass(low: f64, high: f64) -> f64 {
    if low > 0.0 { normal_cdf(-low) - normal_cdf(-high) } else { normal_cdf(high) - normal_cdf(low) }.max(0.0)
}

fn between(low: f64, high: f64, uniform: f64) -> f64 {
    if low > 0.0 {
        return -between(-high, -low, 1.0 - uniform);
    }
    let (from, to) = (normal_cdf(low), normal_cdf(high));
    let z = if to > from { quantile(from + (to - from) * uniform) } else { f64::NAN };
    // Where the tail is too thin for floats its nearest end is where nearly all of it lies.
    let near = if high.is_finite() { high } else { 0.0 };
    if z.is_finite() { z.clamp(low, high) } else { near.max(low) }
}

/// A normal number with this mean and deviation within one of the pieces, and the probability of all of them.
pub(super) fn truncated(pieces: &[Piece], mean: f64, deviation: f64, stream: &mut Stream) -> (f64, f64) {
    let ends = |piece: &Piece| ((piece.low - mean) / deviation, (piece.high - mean) / deviation);
    let mut weights = [0.0; 3];
    for (weight, piece) in weights.iter_mut().zip(pieces) {
        let (low, high) = ends(piece);
        *weight = piece.weight * mass(low, high);
    }
    let chosen = match stream.weighted(&weights) {
        place if weights[place] > 0.0 => &pieces[place],
        // No piece that floats can tell from nothing: the one that is nearest.
        _ => {
            let away = |piece: &Piece| (piece.low - mean).max(mean - piece.high);
            let nearest = pieces.iter().min_by(|a, b| away(a).total_cmp(&away(b)));
            nearest.unwrap_or(&pieces[0])
        }
    };
    let (low, high) = ends(chosen);
    let z = mean + deviation * between(low, high, stream.uniform());
    (z.clamp(chosen.low, chosen.high).clamp(-1e3, 1e3), weights.iter().sum())
}
