//! Agents as columns: 16 bytes each, and 8 more while a window is stepped through.

use daotwin_core::Limits;
use serde::{Deserialize, Serialize};

use super::random::Key;
use super::{hazard, math};
use crate::{Error, Result};

/// Who takes part, one entry of each column an agent. What one proposal needs of them besides (draws, survivals) lies
/// in a workspace, so that one population serves any number of replicates at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Population {
    /// The chance of acting at one step, as a share of [`hazard::ONE`].
    rates: Vec<u32>,
    /// The token power, in whole units.
    powers: Vec<u64>,
    /// Where the agent stands, on the axis on which proposals lie.
    ideologies: Vec<f32>,
    supply: u64,
}

/// The laws that a population is drawn from where there is no data.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Description {
    /// How many agents.
    pub agents: u32,
    /// Activity is uniform between 0 and this chance a step.
    pub activity: f64,
    /// Power is the whole part of a Pareto variable with minimum 1 and this exponent.
    pub tail: f64,
}

impl Default for Description {
    /// 10,000 agents, activity up to 0.1, exponent 1.16 (four fifths held by a fifth).
    fn default() -> Self {
        Self { agents: 10_000, activity: 0.1, tail: 1.16 }
    }
}

/// Numbers of purposes that a population draws for; a model's own begin at [`PURPOSES`].
const POWER: u64 = 1;
const RATE: u64 = 2;
pub(crate) const IDEOLOGY: u64 = 3;
/// The first purpose that is free for models.
pub const PURPOSES: u64 = 16;

/// No single agent holds more than this where powers are drawn.
const LARGEST: f64 = 1_099_511_627_776.0;

impl Population {
    /// Takes columns as they are: chances a step, powers, positions.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every problem: columns of different lengths, no agent, a chance outside 0 to 1, a
    /// position that is not finite, powers that sum to 0 or beyond 64 bits.
    pub fn new(rates: &[f64], powers: Vec<u64>, ideologies: Vec<f32>) -> Result<Self> {
        let mut problems = vec![];
        if rates.len() != powers.len() || rates.len() != ideologies.len() {
            problems.push(format!(
                "the columns of a population have {} chances, {} powers and {} positions; they need one of each an agent",
                rates.len(),
                powers.len(),
                ideologies.len()
            ));
        }
        if rates.is_empty() || u32::try_from(rates.len()).is_err() {
            problems.push(format!(
                "a population of {} agents; between 1 and {} are allowed",
                rates.len(),
                u32::MAX
            ));
        }
        if let Some(at) = rates.iter().position(|rate| !(0.0..=1.0).contains(rate)) {
            problems.push(format!("agent {at} acts with chance {} a step; give 0 to 1", rates[at]));
        }
        if let Some(at) = ideologies.iter().position(|position| !position.is_finite()) {
            problems.push(format!("agent {at} stands at {}; give a finite number", ideologies[at]));
        }
        let supply = powers.iter().try_fold(0_u64, |sum, power| sum.checked_add(*power));
        match supply {
            None => problems.push("the powers sum beyond 64 bits; count them in a larger unit".to_owned()),
            Some(0) => problems.push("all powers are 0; somebody has to hold something".to_owned()),
            Some(_) => {}
        }
        match supply {
            Some(supply) if problems.is_empty() => {
                let rates = rates.iter().map(|&rate| hazard::share(rate)).collect();
                Ok(Self { rates, powers, ideologies, supply })
            }
            _ => Err(Error::Parameters { problems }),
        }
    }

    /// Draws a population; the same seed gives the same agents on every machine, and a larger one begins with the
    /// smaller one's agents. Costs some fifty nanoseconds an agent.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every problem of the description, [`daotwin_core::Error::Limit`] (`max_members`).
    pub fn drawn(description: &Description, seed: u64, limits: &Limits) -> Result<Self> {
        let problems = description.problems();
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        if u64::from(description.agents) > limits.max_members {
            return Err(Error::Core(daotwin_core::Error::Limit {
                what: "the number of agents".to_owned(),
                limit: "max_members",
                found: u64::from(description.agents),
                allowed: limits.max_members,
            }));
        }
        let agents = 0..description.agents;
        let key = |purpose| Key::new(seed, 0, purpose, 0);
        let (power, rate, ideology) = (key(POWER), key(RATE), key(IDEOLOGY));
        let exponent = -1.0 / description.tail;
        let pareto = |agent| math::power(power.uniform(agent), exponent).min(LARGEST) as u64;
        let powers: Vec<u64> = agents.clone().map(pareto).collect();
        // 2^32 agents of at most 2^40 would not fit.
        let supply =
            powers.iter().try_fold(0_u64, |sum, power| sum.checked_add(*power)).ok_or_else(|| {
                Error::Parameters { problems: vec!["the powers sum beyond 64 bits; raise `tail`".to_owned()] }
            })?;
        Ok(Self {
            rates: agents
                .clone()
                .map(|agent| hazard::share(rate.uniform(agent) * description.activity))
                .collect(),
            powers,
            ideologies: agents.map(|agent| (ideology.uniform(agent) * 2.0 - 1.0) as f32).collect(),
            supply,
        })
    }

    /// How many agents.
    pub fn len(&self) -> usize {
        self.rates.len()
    }

    /// Whether there is nobody; never so.
    pub fn is_empty(&self) -> bool {
        self.rates.is_empty()
    }

    /// Chances of acting at one step, as shares of [`hazard::ONE`].
    pub fn rates(&self) -> &[u32] {
        &self.rates
    }

    /// Token powers.
    pub fn powers(&self) -> &[u64] {
        &self.powers
    }

    /// Positions.
    pub fn ideologies(&self) -> &[f32] {
        &self.ideologies
    }

    /// The sum of powers; it fits 64 bits, so no tally overflows.
    pub fn supply(&self) -> u64 {
        self.supply
    }

    /// Bytes an agent takes in these columns.
    pub const BYTES: usize = size_of::<u32>() + size_of::<u64>() + size_of::<f32>();
}

impl Description {
    /// What is wrong with it, one line a problem.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = vec![];
        if self.agents == 0 {
            problems.push("`agents` is 0; give at least 1".to_owned());
        }
        if !(0.0..=1.0).contains(&self.activity) {
            problems.push(format!("`activity` is {}; give a chance between 0 and 1", self.activity));
        }
        if !(self.tail.is_finite() && self.tail > 0.0) {
            problems.push(format!("`tail` is {}; give a number above 0", self.tail));
        }
        problems
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_problem_is_told() {
        let error = Population::new(&[0.5, 2.0], vec![0, 0], vec![f32::NAN, 0.0]).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 3, "{error}");
        let error = Population::new(&[0.5], vec![u64::MAX, 1], vec![]).unwrap_err().to_string();
        assert_eq!(error.lines().count(), 2, "{error}");
        let description = Description { agents: 0, activity: f64::NAN, tail: -1.0 };
        assert_eq!(description.problems().len(), 3);
        let many = Description { agents: 200_000_000, ..Description::default() };
        let refused = Population::drawn(&many, 1, &Limits::default()).unwrap_err().to_string();
        assert!(refused.contains("max_members"), "{refused}");
    }

    #[test]
    fn drawn_agents_follow_their_laws() {
        let n = 200_000;
        let small =
            Population::drawn(&Description { agents: 100, ..Description::default() }, 5, &Limits::default())
                .unwrap();
        let drawn =
            Population::drawn(&Description { agents: n, ..Description::default() }, 5, &Limits::default())
                .unwrap();
        assert_eq!(small.powers(), &drawn.powers()[..100]);
        assert_eq!(drawn.supply(), drawn.powers().iter().sum::<u64>());
        // Hoeffding: a share of n agents leaves its chance by more than sqrt(ln(2 * 8 / 1e-6) / (2 n)) in one of eight
        // comparisons with probability at most 1e-6.
        let bound = (16e6_f64.ln() / (2.0 * f64::from(n))).sqrt();
        let close = |count: usize, chance: f64, what: &str| {
            let share = count as f64 / f64::from(n);
            assert!((share - chance).abs() < bound, "{what}: {share}, not {chance}");
        };
        for power in [2, 5, 30, 1000] {
            let at_least = drawn.powers().iter().filter(|&&p| p >= power).count();
            close(at_least, (power as f64).powf(-1.16), "power");
        }
        for share in [0.25, 0.75] {
            let limit = hazard::share(0.1 * share);
            close(drawn.rates().iter().filter(|&&rate| rate < limit).count(), share, "rate");
            let limit = (share * 2.0 - 1.0) as f32;
            close(drawn.ideologies().iter().filter(|&&x| x < limit).count(), share, "ideology");
        }
    }
}
