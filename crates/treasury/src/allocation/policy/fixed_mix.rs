//! A fixed share of risky assets, restored when it has drifted out of a band.

use super::{Card, Family, Parameter, TreasuryPolicy, park, take};
use crate::Result;
use crate::allocation::simulator::{Futures, Kind, State, Treasury};

/// Three fifths risky, two fifths stable; how fast and within which band is tuned.
#[derive(Debug)]
pub struct SixtyForty;

/// The same with shares that are tuned too.
#[derive(Debug)]
pub struct FixedMix;

struct Policy {
    risky: f64,
    own: f64,
    pace: f64,
    band: f64,
    bearing: f64,
}

impl TreasuryPolicy for Policy {
    fn orders(&self, state: &State<'_>, orders: &mut [f64]) {
        let assets = &state.treasury.assets;
        let volatile = assets.iter().filter(|asset| asset.kind == Kind::Volatile).count();
        let risky = self.risky * state.total;
        let mut coming = 0.0;
        for (at, asset) in assets.iter().enumerate() {
            let target = match asset.kind {
                Kind::Own => risky * if volatile == 0 { 1.0 } else { self.own },
                Kind::Volatile => risky * (1.0 - self.own) / volatile as f64,
                Kind::Cash | Kind::Stable { .. } => continue,
            };
            let gap = target - state.values[at];
            if gap.abs() > self.band * state.total {
                orders[at] = self.pace * gap;
                coming -= orders[at];
            }
        }
        park(state, self.bearing, coming, orders);
    }
}

const PACE: Parameter = Parameter {
    name: "pace",
    meaning: "share of the distance to the target that is traded in a month",
    low: 0.01,
    high: 1.0,
    usual: 1.0,
};
const BAND: Parameter = Parameter {
    name: "band",
    meaning: "drift that is left alone, as a share of the treasury",
    low: 0.0,
    high: 0.2,
    usual: 0.05,
};
const OWN: Parameter = Parameter {
    name: "own",
    meaning: "share of the own token among risky assets",
    low: 0.0,
    high: 1.0,
    usual: 0.8,
};
const BEARING: Parameter = Parameter {
    name: "bearing",
    meaning: "share of stable holdings that bears interest",
    low: 0.0,
    high: 1.0,
    usual: 0.5,
};

impl Family for SixtyForty {
    fn name(&self) -> &'static str {
        "sixty-forty"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Keeps three fifths of the treasury in risky assets and two fifths in stable ones.",
            source: "The balanced portfolio of Perold and Sharpe (1988), Dynamic strategies for asset allocation, \
                     Financial Analysts Journal 44(1), constant mix.",
            limits: "A baseline. It buys its own token back after falls, and knows nothing of bills.",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        &[OWN, PACE, BAND, BEARING]
    }

    fn build(&self, values: &[f64], _: &Treasury, _: &Futures) -> Result<Box<dyn TreasuryPolicy>> {
        let [own, pace, band, bearing] = take(values);
        Ok(Box::new(Policy { risky: 0.6, own, pace, band, bearing }))
    }
}

const RISKY: Parameter = Parameter {
    name: "risky",
    meaning: "share of the treasury in risky assets",
    low: 0.0,
    high: 1.0,
    usual: 0.6,
};

impl Family for FixedMix {
    fn name(&self) -> &'static str {
        "fixed-mix"
    }

    fn card(&self) -> Card {
        Card { purpose: "Keeps a fixed share of the treasury in risky assets.", ..SixtyForty.card() }
    }

    fn parameters(&self) -> &'static [Parameter] {
        &[RISKY, OWN, PACE, BAND, BEARING]
    }

    fn build(&self, values: &[f64], _: &Treasury, _: &Futures) -> Result<Box<dyn TreasuryPolicy>> {
        let [risky, own, pace, band, bearing] = take(values);
        Ok(Box::new(Policy { risky, own, pace, band, bearing }))
    }
}
