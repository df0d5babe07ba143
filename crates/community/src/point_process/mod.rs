//! When people write: multivariate Hawkes processes with a circadian profile.
//!
//! The rate of events of kind `i` at time `t` is (Hawkes 1971)
//!
//! `λ_i(t) = μ_i g(t) + Σ_e α_e β_e Σ_{t_k < t, kind of k is from(e)} exp(-β_e (t - t_k))`, over excitations `e` into `i`,
//!
//! in which `α_e` is the mean number of events that one event begets directly, `1 / β_e` their mean delay in seconds, and
//! `g` a [`Rhythm`]: the hour of the day and how loud each day is. Several excitations between the same two kinds are a sum of
//! exponentials. Time is in seconds from the rhythm's midnight, 0 to the end of the record.

pub mod fit;
pub mod rescale;
pub mod simulate;
#[cfg(test)]
mod test;

pub use fit::{Fit, FitOptions, fit, log_likelihood};
pub use rescale::{Goodness, goodness, residuals};
pub use simulate::{by_clusters, by_thinning, expected_events};

use crate::{Error, Result};

const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

/// Something that happens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// Seconds.
    pub at: f64,
    /// Its kind, from 0.
    pub kind: u32,
}

/// Events that beget events.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Excitation {
    /// The kind that begets.
    pub from: u32,
    /// The kind that is begotten.
    pub to: u32,
    /// Mean number of events that one begets directly.
    pub weight: f64,
    /// One over their mean delay, per second.
    pub decay: f64,
}

/// How the base rate goes with the hour and the day; constant within an hour.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Rhythm {
    /// A factor for each hour of the day, UTC, with mean 1.
    pub hours: [f64; 24],
    /// A factor for each day from the first; days beyond have 1.
    pub days: Vec<f64>,
}

impl Rhythm {
    /// No rhythm.
    pub const fn flat() -> Self {
        Self { hours: [1.0; 24], days: Vec::new() }
    }

    /// The factor at a time.
    pub fn at(&self, at: f64) -> f64 {
        let day = (at / DAY).max(0.0) as usize;
        let hour = ((at - day as f64 * DAY) / HOUR) as usize;
        self.cell(day, hour.min(23))
    }

    fn cell(&self, day: usize, hour: usize) -> f64 {
        self.hours[hour] * self.days.get(day).copied().unwrap_or(1.0)
    }

    /// The hours from 0 to `end`: beginning, length in seconds, factor.
    fn cells(&self, end: f64) -> impl Iterator<Item = (f64, f64, f64)> {
        let cells = (end / HOUR).ceil().max(0.0) as usize;
        (0..cells).map(move |cell| {
            let begin = cell as f64 * HOUR;
            (begin, (end - begin).min(HOUR), self.cell(cell / 24, cell % 24))
        })
    }

    /// The integral of the factor from 0 to each whole hour, one more than there are hours.
    fn integrals(&self, end: f64) -> Vec<f64> {
        let mut sum = 0.0;
        let rest = self.cells(end).map(|(_, length, factor)| {
            sum += length * factor;
            sum
        });
        std::iter::once(0.0).chain(rest).collect()
    }

    /// The integral from 0 to `at`, with [`Rhythm::integrals`] over at least as long.
    fn integral(&self, integrals: &[f64], at: f64) -> f64 {
        let cell = ((at / HOUR).max(0.0) as usize).min(integrals.len().saturating_sub(1));
        integrals.get(cell).copied().unwrap_or(0.0) + (at - cell as f64 * HOUR) * self.at(cell as f64 * HOUR)
    }
}

/// A multivariate Hawkes process; see the module.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Hawkes {
    /// The base rate of each kind, events a second.
    pub base: Vec<f64>,
    /// What begets what.
    pub excitations: Vec<Excitation>,
    /// How the base rates go with time.
    pub rhythm: Rhythm,
}

impl Hawkes {
    /// A process in which nothing begets anything.
    pub fn poisson(base: Vec<f64>) -> Self {
        Self { base, excitations: Vec::new(), rhythm: Rhythm::flat() }
    }

    /// The largest eigenvalue of the matrix of weights: the factor by which generations grow. Power iteration on a matrix
    /// that is not negative, shifted so that it converges.
    pub fn branching_ratio(&self) -> f64 {
        let kinds = self.base.len();
        let mut weights = vec![0.0; kinds * kinds];
        for excitation in &self.excitations {
            if let Some(cell) = weights.get_mut(excitation.to as usize * kinds + excitation.from as usize) {
                *cell += excitation.weight;
            }
        }
        let mut vector = vec![1.0; kinds];
        let mut radius = 0.0;
        for _ in 0..500 {
            let next: Vec<f64> = (0..kinds)
                .map(|to| {
                    vector[to] + (0..kinds).map(|from| weights[to * kinds + from] * vector[from]).sum::<f64>()
                })
                .collect();
            let largest = next.iter().copied().fold(0.0, f64::max);
            if largest <= 0.0 {
                return 0.0;
            }
            radius = largest - 1.0;
            vector = next.iter().map(|value| value / largest).collect();
        }
        radius
    }

    /// Whether every number makes sense and generations die out.
    ///
    /// # Errors
    /// Every number that does not, with its place.
    pub fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        let kinds = self.base.len();
        let mut need = |holds: bool, place: String, value: f64, allowed: &str| {
            if !holds {
                problems.push(format!("`{place}` is {value}; it must be {allowed}"));
            }
        };
        for (kind, &rate) in self.base.iter().enumerate() {
            need(
                rate >= 0.0 && rate.is_finite(),
                format!("base[{kind}]"),
                rate,
                "a finite number of at least 0",
            );
        }
        for (place, excitation) in self.excitations.iter().enumerate() {
            let Excitation { from, to, weight, decay } = *excitation;
            for (name, kind) in [("from", from), ("to", to)] {
                let allowed = format!("a kind below {kinds}");
                need(
                    (kind as usize) < kinds,
                    format!("excitations[{place}].{name}"),
                    f64::from(kind),
                    &allowed,
                );
            }
            let name = |field: &str| format!("excitations[{place}].{field}");
            need(
                weight >= 0.0 && weight.is_finite(),
                name("weight"),
                weight,
                "a finite number of at least 0",
            );
            need(
                decay > 0.0 && decay.is_finite(),
                name("decay"),
                decay,
                "a finite number above 0, per second",
            );
        }
        for (hour, &factor) in self.rhythm.hours.iter().enumerate() {
            need(factor >= 0.0 && factor.is_finite(), format!("rhythm.hours[{hour}]"), factor, "at least 0");
        }
        for (day, &factor) in self.rhythm.days.iter().enumerate() {
            need(factor >= 0.0 && factor.is_finite(), format!("rhythm.days[{day}]"), factor, "at least 0");
        }
        if problems.is_empty() {
            let ratio = self.branching_ratio();
            if ratio >= 1.0 {
                problems.push(format!(
                    "the branching ratio is {ratio:.3}: every event begets at least one more for ever; lower the weights \
                     of `excitations` until it is below 1"
                ));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Parameters { problems }) }
    }
}
