//! Economic scenarios: models fitted to prices, their checks, and what a sale does to a price.
//!
//! A [`MarketModel`] learns from a [`Panel`] of daily log returns; what it learned, a [`FittedMarket`], draws joint
//! [`Paths`] of all assets.

pub mod bootstrap;
pub mod dependence;
pub mod draws;
pub mod facts;

pub mod garch;
pub mod gbm;
pub mod impact;
mod joint;
pub mod kou;
pub mod learned;
pub mod margin;
pub mod merton;
pub mod numeric;
pub mod prices;
pub mod regime;
pub mod registry;
pub mod t_copula;
pub mod vine;

use daotwin_core::{Run, Seed};
use rayon::prelude::*;

use draws::Draws;

use crate::{Error, Result};

/// Log returns of several assets on the same days, one row a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    assets: Vec<String>,
    returns: Vec<f64>,
}

impl Panel {
    /// A panel of natural-log returns, laid out `[step][asset]`.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every problem: no asset, a name twice, values that make no whole rows, a value that
    /// is not finite, an asset that never moves.
    pub fn new(assets: Vec<String>, returns: Vec<f64>) -> Result<Self> {
        let mut problems = vec![];
        let width = assets.len();
        if width == 0 {
            problems.push("the panel has no asset; give at least one column of returns".to_owned());
        }
        for (place, name) in assets.iter().enumerate() {
            if assets[..place].contains(name) {
                problems.push(format!("asset `{name}` is in the panel twice; give each asset once"));
            }
        }
        if width > 0 && !returns.len().is_multiple_of(width) {
            problems.push(format!(
                "{} returns make no whole rows of {width} assets; give one return for every asset and day",
                returns.len()
            ));
        } else if width > 0 {
            for (column, name) in assets.iter().enumerate() {
                let bad = returns.iter().skip(column).step_by(width).position(|value| !value.is_finite());
                if let Some(row) = bad {
                    problems.push(format!(
                        "asset `{name}`, row {row}: the return is not a finite number; fill or cut it"
                    ));
                    continue;
                }
                let first = returns.get(column);
                let moves = returns.iter().skip(column).step_by(width).any(|value| Some(value) != first);
                if !moves {
                    problems.push(format!(
                        "asset `{name}` has the same return in all {} rows; leave assets that never move out",
                        returns.len() / width
                    ));
                }
            }
        }
        if problems.is_empty() { Ok(Self { assets, returns }) } else { Err(Error::Parameters { problems }) }
    }

    /// The log returns between consecutive prices, laid out `[day][asset]`.
    ///
    /// # Errors
    /// [`Error::Parameters`]: a price that is not positive and finite, and what [`Panel::new`] refuses.
    pub fn from_prices(assets: Vec<String>, prices: &[f64]) -> Result<Self> {
        let width = assets.len().max(1);
        let problems: Vec<String> = prices
            .iter()
            .enumerate()
            .filter(|(_, price)| !(price.is_finite() && **price > 0.0))
            .map(|(place, price)| {
                let name = assets.get(place % width).map_or("?", String::as_str);
                format!("asset `{name}`, row {}: the price is {price}; give positive numbers", place / width)
            })
            .collect();
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let returns =
            prices.iter().zip(prices.iter().skip(width)).map(|(old, new)| (new / old).ln()).collect();
        Self::new(assets, returns)
    }

    /// The names, in the order of columns.
    pub fn assets(&self) -> &[String] {
        &self.assets
    }

    /// How many days.
    pub fn steps(&self) -> usize {
        self.returns.len() / self.assets.len()
    }

    /// All returns, `[step][asset]`.
    pub fn returns(&self) -> &[f64] {
        &self.returns
    }

    /// One asset's returns in order of days; none where there is no such column.
    pub fn column(&self, asset: usize) -> Vec<f64> {
        self.returns.iter().skip(asset).step_by(self.assets.len()).copied().collect()
    }

    /// Refuses a panel of fewer days than a model needs.
    fn need(&self, model: &str, days: usize) -> Result<()> {
        if self.steps() >= days {
            return Ok(());
        }
        Err(Error::Parameters {
            problems: vec![format!(
                "market model `{model}` needs {days} daily returns or more, and there are {}; give a longer price \
                 history or choose a model that needs less (`gbm`, `bootstrap`)",
                self.steps()
            )],
        })
    }

    /// The days before `step`, and those from it on.
    ///
    /// # Errors
    /// As [`Panel::new`], where a part is empty or an asset does not move in it.
    pub fn split(&self, step: usize) -> Result<(Self, Self)> {
        let at = (step * self.assets.len()).min(self.returns.len());
        let (before, after) = self.returns.split_at(at);
        Ok((
            Self::new(self.assets.clone(), before.to_vec())?,
            Self::new(self.assets.clone(), after.to_vec())?,
        ))
    }
}

/// Joint paths of log returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Paths {
    /// The names, in the order of columns.
    pub assets: Vec<String>,
    /// How many paths.
    pub paths: usize,
    /// How many steps each has.
    pub steps: usize,
    /// Natural-log returns, laid out `[path][step][asset]`.
    pub log_returns: Vec<f64>,
}

impl Paths {
    /// One path, `[step][asset]`; empty where there is no such path.
    pub fn path(&self, path: usize) -> &[f64] {
        let size = self.steps * self.assets.len();
        self.log_returns.get(path * size..(path + 1) * size).unwrap_or(&[])
    }

    /// One asset's returns on one path, in order of steps.
    pub fn series(&self, path: usize, asset: usize) -> impl Iterator<Item = f64> + '_ {
        self.path(path).iter().skip(asset).step_by(self.assets.len().max(1)).copied()
    }
}

/// What a market model says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Card {
    /// What it is for, in a sentence.
    pub purpose: &'static str,
    /// The papers it follows.
    pub source: &'static str,
    /// Where it should not be used.
    pub limits: &'static str,
}

/// A kind of market model. One folder and one line in the registry.
pub trait MarketModel: Sync {
    /// The stable name users give.
    fn name(&self) -> &'static str;

    /// What it is for, where it comes from, and its limits.
    fn card(&self) -> Card;

    /// Learns from daily log returns. Deterministic for a seed.
    ///
    /// # Errors
    /// [`Error::Parameters`] for a panel that is too short for the model; cancellation.
    fn fit(&self, panel: &Panel, seed: Seed, run: &Run) -> Result<Box<dyn FittedMarket>>;
}

/// A market model that has learned.
pub trait FittedMarket: Send + Sync + std::fmt::Debug {
    /// The names, in the order of columns.
    fn assets(&self) -> &[String];

    /// What was learned, by name: `BTC.volatility`. For people and for tests of recovery.
    fn parameters(&self) -> Vec<(String, f64)>;

    /// Fills `out`, `[step][asset]`, with the daily log returns of one path. A function of the draws and the path's
    /// number alone; a longer path begins like a shorter one.
    fn path(&self, draws: &Draws, path: u64, out: &mut [f64]);

    /// Draws `paths` joint paths of `steps` days.
    ///
    /// # Errors
    /// Limits of memory and cancellation.
    fn simulate(&self, paths: usize, steps: usize, seed: Seed, run: &Run) -> Result<Paths> {
        self.simulate_summed(paths, steps, 1, seed, run)
    }

    /// Draws `paths` joint paths of `steps` periods of `every` days: the same draws as [`FittedMarket::simulate`],
    /// with each period's log returns added up, so that long horizons fit in memory.
    ///
    /// # Errors
    /// [`Error::Parameters`] for no path, no step, no day, or more values than `max_decoded_bytes` holds;
    /// cancellation.
    fn simulate_summed(
        &self,
        paths: usize,
        steps: usize,
        every: usize,
        seed: Seed,
        run: &Run,
    ) -> Result<Paths> {
        let assets = self.assets().to_vec();
        let width = assets.len();
        let size = steps.saturating_mul(width);
        let mut problems = vec![];
        for (what, value) in [("paths", paths), ("steps", steps), ("days a step", every)] {
            if value == 0 {
                problems.push(format!("a simulation of 0 {what} draws nothing; give 1 or more"));
            }
        }
        let bytes = (paths as u64).saturating_mul(size as u64).saturating_mul(8);
        let allowed = run.limits.max_decoded_bytes;
        if bytes > allowed {
            problems.push(format!(
                "{paths} paths of {steps} steps and {width} assets take {bytes} bytes, and `max_decoded_bytes` allows \
                 {allowed}; ask for fewer paths or longer steps"
            ));
        }
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let draws = Draws::new(seed);
        let mut log_returns = vec![0.0; paths * size];
        log_returns.par_chunks_mut(size).enumerate().try_for_each_init(
            || vec![0.0; if every > 1 { size * every } else { 0 }],
            |days, (path, out)| {
                run.check()?;
                if every == 1 {
                    self.path(&draws, path as u64, out);
                    return Ok::<(), Error>(());
                }
                self.path(&draws, path as u64, days);
                for (period, sum) in days.chunks_exact(every * width).zip(out.chunks_exact_mut(width)) {
                    sum.fill(0.0);
                    for day in period.chunks_exact(width) {
                        for (sum, value) in sum.iter_mut().zip(day) {
                            *sum += value;
                        }
                    }
                }
                Ok(())
            },
        )?;
        Ok(Paths { assets, paths, steps, log_returns })
    }
}
