//! Monthly paths of the assets of a plan: fitted to prices where there are some, elicited where there are none.

use daotwin_core::statistics::{mean, quantile, standard_deviation};
use daotwin_core::{Run, Seed};
use serde::Serialize;

use crate::market::facts::{annual_volatility, check};
use crate::market::prices::Prices;
use crate::market::registry::find;
use crate::market::{FittedMarket, Paths};
use crate::{Error, Result};

/// Days of a month of the plan.
const DAYS: usize = 30;
/// How an asset without prices goes together with the others: governance tokens correlate by 0.72 to 0.79 with each other.
const TOGETHER: f64 = 0.75;
/// Annual volatility where nobody says otherwise: that of governance tokens, 0.84 to 1.39.
pub const VOLATILITY: f64 = 1.2;
/// Days of prices that are needed for models of volatility, and for any.
const ENOUGH: usize = 250;
const LEAST: usize = 60;
/// No month multiplies or divides a price by more: models of volatility can run away over long horizons, far beyond
/// anything that prices did.
const MOST_GROWTH: f64 = 10.0;

/// An asset whose price moves.
#[derive(Debug, Clone, PartialEq)]
pub struct Moving {
    /// Its name.
    pub name: String,
    /// The annual volatility that was said.
    pub volatility: Option<f64>,
}

/// Where the paths come from.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Source {
    /// The market model; none where all is elicited.
    pub model: Option<&'static str>,
    /// Assets that it was fitted to, with their annual volatility and mean return a year in the prices.
    pub fitted: Vec<(String, f64, f64)>,
    /// Days of prices.
    pub days: usize,
    /// Assets without prices, and the volatility that was assumed.
    pub elicited: Vec<(String, f64)>,
    /// Facts of days held back: each fact, asset, real figure, band of a model that did not see them.
    pub facts: Vec<FactRow>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// One checked fact.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FactRow {
    /// The fact.
    pub fact: &'static str,
    /// The asset; empty for all.
    pub asset: String,
    /// On the days held back.
    pub real: f64,
    /// Ends of the central 98 % of simulated paths.
    pub band: (f64, f64),
    /// Whether it lies within.
    pub holds: bool,
}

/// A market that paths can be drawn from again and again.
#[derive(Debug)]
pub struct Scenarios {
    moving: Vec<Moving>,
    fitted: Option<Box<dyn FittedMarket>>,
    drift: f64,
    /// Where they come from.
    pub source: Source,
}

impl Scenarios {
    /// Fits a market model to the assets that have prices.
    ///
    /// # Errors
    /// A model that there is not; what the model refuses; cancellation.
    pub fn fit(
        moving: Vec<Moving>,
        prices: &Prices,
        model: Option<&str>,
        drift: f64,
        seed: Seed,
        run: &Run,
    ) -> Result<Self> {
        let names: Vec<String> = moving.iter().map(|asset| asset.name.clone()).collect();
        let mut source =
            Source { notes: prices.notes(&names).map(str::to_owned).collect(), ..Source::default() };
        let asked = model.map(find).transpose()?;
        let mut known: Vec<String> = moving
            .iter()
            .filter(|asset| prices.days(&asset.name) > LEAST)
            .map(|asset| asset.name.clone())
            .collect();
        let mut fitted = None;
        let mut moving = moving;
        while !known.is_empty() {
            let panel = prices.panel(&known, i64::MIN / 2, i64::MAX / 2);
            let steps = panel.as_ref().map_or(0, crate::market::Panel::steps);
            let longest = known.iter().map(|name| prices.days(name)).max().unwrap_or(0);
            let wanted = if longest > ENOUGH { ENOUGH } else { LEAST };
            let panel = match panel {
                Ok(panel) if steps >= wanted || (known.len() == 1 && steps >= LEAST) => panel,
                Ok(_) | Err(Error::Parameters { .. }) => {
                    // The asset with the fewest days keeps the others from being learned together.
                    let place = (0..known.len()).min_by_key(|place| prices.days(&known[*place])).unwrap_or(0);
                    let dropped = known.remove(place);
                    let alone = prices.panel(std::slice::from_ref(&dropped), i64::MIN / 2, i64::MAX / 2);
                    if let (Some(asset), Ok(alone)) =
                        (moving.iter_mut().find(|asset| asset.name == dropped), alone)
                    {
                        asset.volatility.get_or_insert(annual_volatility(alone.returns()).clamp(0.05, 5.0));
                    }
                    source.notes.push(format!(
                        "`{dropped}` has too few days in common with the others to be learned with them; of its prices the \
                         volatility alone is used"
                    ));
                    continue;
                }
                Err(other) => return Err(other),
            };
            let chosen = match asked {
                Some(model) => model,
                None if steps >= ENOUGH => find("t-copula")?,
                None => find("bootstrap")?,
            };
            source.model = Some(chosen.name());
            source.days = steps;
            for (asset, name) in known.iter().enumerate() {
                let column = panel.column(asset);
                source.fitted.push((name.clone(), annual_volatility(&column), mean(&column) * 365.0));
            }
            // Trust is measured by a fit to the first seven tenths, which knows nothing of the rest.
            if steps >= 2 * ENOUGH
                && let Ok((first, rest)) = panel.split(steps * 7 / 10)
            {
                let before = chosen.fit(&first, seed, run)?;
                for check in check(before.as_ref(), &rest, 300, 0.98, seed, run)? {
                    source.facts.push(FactRow {
                        fact: check.fact.name(),
                        holds: check.holds(),
                        asset: check.asset,
                        real: check.real,
                        band: (check.simulated.0, check.simulated.2),
                    });
                }
            }
            fitted = Some(chosen.fit(&panel, seed, run)?);
            break;
        }
        for asset in &moving {
            if !known.contains(&asset.name) {
                source.elicited.push((asset.name.clone(), asset.volatility.unwrap_or(VOLATILITY)));
            }
        }
        if let (Some(model), true) = (asked, fitted.is_none()) {
            source.notes.push(format!(
                "market model `{}` was asked for and has no prices to learn from",
                model.name()
            ));
        }
        Ok(Self { moving, fitted, drift, source })
    }

    /// Draws monthly paths of all assets.
    ///
    /// # Errors
    /// As [`FittedMarket::simulate_summed`]; more paths than the run may hold ([`too_many`]).
    pub fn draw(&self, paths: usize, months: usize, seed: Seed, run: &Run) -> Result<Paths> {
        if let Some(problem) = too_many(paths, months, self.moving.len(), run) {
            return Err(Error::Parameters { problems: vec![problem] });
        }
        let fitted = self
            .fitted
            .as_ref()
            .map(|fitted| fitted.simulate_summed(paths, months, DAYS, seed, run))
            .transpose()?;
        let width = self.moving.len();
        let mut log_returns = vec![0.0; paths * months * width];
        // The common factor of the fitted assets, in units of its own deviation: the mean of their months.
        let factor: Option<Vec<f64>> = fitted.as_ref().map(|fitted| {
            let k = fitted.assets.len();
            let means: Vec<f64> =
                fitted.log_returns.chunks_exact(k).map(|row| row.iter().sum::<f64>() / k as f64).collect();
            let (centre, spread) = (mean(&means), standard_deviation(&means).max(1e-12));
            means.iter().map(|value| (value - centre) / spread).collect()
        });
        for (column, asset) in self.moving.iter().enumerate() {
            let place =
                fitted.as_ref().and_then(|fitted| fitted.assets.iter().position(|name| *name == asset.name));
            let out = log_returns.iter_mut().skip(column).step_by(width.max(1));
            if let (Some(fitted), Some(place)) = (&fitted, place) {
                let drawn = fitted.log_returns.iter().skip(place).step_by(fitted.assets.len());
                out.zip(drawn).for_each(|(out, value)| *out = *value);
                continue;
            }
            let deviation = asset.volatility.unwrap_or(VOLATILITY) / 12.0_f64.sqrt();
            let own = seed.streams(&format!("elicited {}", asset.name));
            let common = seed.streams("elicited factor");
            for (place, out) in out.enumerate() {
                // Student's t with five degrees of freedom and unit variance.
                let heavy = |stream: &mut daotwin_core::Stream| {
                    stream.normal() * (2.5 / stream.gamma(2.5)).sqrt() * (3.0_f64 / 5.0).sqrt()
                };
                let market = match &factor {
                    Some(factor) => factor[place],
                    None => heavy(&mut common.stream(place as u64)),
                };
                let alone = heavy(&mut own.stream(place as u64));
                *out = deviation * (TOGETHER * market + (1.0 - TOGETHER * TOGETHER).sqrt() * alone);
            }
        }
        // No plan may live on the rise that prices happened to have: every asset is expected to return `drift` a year.
        let mut drawn = Paths {
            assets: self.moving.iter().map(|asset| asset.name.clone()).collect(),
            paths,
            steps: months,
            log_returns,
        };
        centre(&mut drawn, (1.0 + self.drift).powf(1.0 / 12.0), 1.0);
        Ok(drawn)
    }
}

/// What is wrong with drawing so many paths of so many months and assets, where they take more than the run may hold: a number
/// of 8 bytes each.
pub fn too_many(paths: usize, months: usize, width: usize, run: &Run) -> Option<String> {
    let most = u128::from(run.limits.max_decoded_bytes);
    let path = 8 * months.max(1) as u128 * width.max(1) as u128;
    (path.saturating_mul(paths as u128) > most).then(|| {
        format!(
            "{paths} futures of {months} months and {width} assets take more than the {most} bytes that a run may hold \
             (`max_decoded_bytes`); give at most {} futures, or raise the limit",
            most / path
        )
    })
}

/// Stretches every asset's months around their median, cuts what is beyond a tenfold rise or fall, and shifts them so that their
/// mean growth is `growth`.
pub fn centre(paths: &mut Paths, growth: f64, stretch: f64) {
    let width = paths.assets.len();
    let most = MOST_GROWTH.ln();
    for column in 0..width {
        let values: Vec<f64> = paths.log_returns.iter().skip(column).step_by(width).copied().collect();
        let middle = quantile(&values, 0.5);
        let cut: Vec<f64> =
            values.iter().map(|value| (stretch * (value - middle)).clamp(-most, most)).collect();
        let shift = growth.ln() - mean(&cut.iter().map(|value| value.exp()).collect::<Vec<_>>()).ln();
        let out = paths.log_returns.iter_mut().skip(column).step_by(width);
        out.zip(cut).for_each(|(out, value)| *out = value + shift);
    }
}
