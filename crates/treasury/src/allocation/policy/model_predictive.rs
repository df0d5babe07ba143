//! Every month the mean-CVaR portfolio of the coming months is computed anew, with what trades cost.

use super::{Card, Family, Parameter, TreasuryPolicy, take};
use crate::Result;
use crate::allocation::bundle::{Convex, Domain, Stop, minimise};
use crate::allocation::mean_cvar::{Scenarios, Tail};
use crate::allocation::simulator::{Futures, Kind, State, Treasury};

/// The family.
#[derive(Debug)]
pub struct ModelPredictive;

struct Policy {
    /// Returns over the months looked ahead.
    scenarios: Scenarios,
    level: f64,
    reward: f64,
    months: f64,
    costs: f64,
}

/// Scenarios that one decision is computed on.
const SCENARIOS: usize = 160;

/// Risk and cost of weights after trading, as a share of the treasury.
struct Cost<'a> {
    tail: Tail<'a>,
    state: State<'a>,
    before: Vec<f64>,
    costs: f64,
}

impl Cost<'_> {
    /// What selling this share of the treasury in own tokens loses: to the venue, and on what is left of them.
    fn sale(&self, share: f64) -> f64 {
        let state = &self.state;
        let own = state.treasury.own();
        let price = state.price / state.pressure.factor();
        let mut pressure = state.pressure;
        let sold = share * state.total;
        let trade = state.treasury.impact.sell(sold / state.price, price, &mut pressure);
        let left = (state.values[own] - sold).max(0.0);
        let stays = (state.treasury.impact.permanent * trade.log_move).exp();
        (sold - trade.dollars + left * (1.0 - stays)) / state.total
    }

    /// The same for a purchase.
    fn purchase(&self, share: f64) -> f64 {
        let state = &self.state;
        let price = state.price / state.pressure.factor();
        let mut pressure = state.pressure;
        let dollars = share * state.total;
        let trade = state.treasury.impact.buy(dollars, price, &mut pressure);
        (dollars - trade.tokens * state.price) / state.total
    }
}

impl Convex for Cost<'_> {
    fn evaluate(&mut self, weights: &[f64], gradient: &mut [f64]) -> f64 {
        let mut value = self.tail.evaluate(weights, gradient);
        let own = self.state.treasury.own();
        for at in 0..weights.len() {
            let change = weights[at] - self.before[at];
            if at == own {
                // A derivative by difference; the cost is smooth on either side of no trade.
                const STEP: f64 = 1e-5;
                let (cost, slope) = if change < 0.0 {
                    let cost = self.sale(-change);
                    (cost, -(self.sale(STEP - change) - cost) / STEP)
                } else {
                    let cost = self.purchase(change);
                    (cost, (self.purchase(change + STEP) - cost) / STEP)
                };
                value += self.costs * cost;
                gradient[at] += self.costs * slope;
            } else {
                let fee = self.costs * self.state.treasury.assets[at].fee;
                value += fee * change.abs();
                gradient[at] += fee * change.signum();
            }
        }
        value
    }
}

impl TreasuryPolicy for Policy {
    fn orders(&self, state: &State<'_>, orders: &mut [f64]) {
        if state.total < state.bill {
            return;
        }
        let width = state.values.len();
        let before: Vec<f64> = state.values.iter().map(|value| value / state.total).collect();
        let mut tail = Tail::new(&self.scenarios, self.level);
        tail.reward = self.reward;
        // Cash for the months that must be covered, as far as one month's bill at least.
        let covered = (self.months.max(1.0) * state.bill / state.total).min(0.95);
        let mut low = vec![0.0; width];
        low[state.treasury.cash()] = (1.0 * state.bill / state.total).min(0.95);
        let stable: Vec<f64> = state
            .treasury
            .assets
            .iter()
            .map(|asset| f64::from(u8::from(matches!(asset.kind, Kind::Cash | Kind::Stable { .. }))))
            .collect();
        let domain = Domain {
            low,
            high: vec![1.0; width],
            equalities: vec![(vec![1.0; width], 1.0)],
            at_least: vec![(stable, covered)],
        };
        let mut cost = Cost { tail, state: *state, before: before.clone(), costs: self.costs };
        let stop = Stop { relative: 0.003, absolute: 1e-4, evaluations: 40 };
        if let Ok(found) = minimise(&mut cost, &domain, &before, stop) {
            for at in 0..width {
                let change = found.point[at] - before[at];
                if change.abs() > 1e-4 {
                    orders[at] = change * state.total;
                }
            }
        }
    }
}

impl Family for ModelPredictive {
    fn name(&self) -> &'static str {
        "cvar-mpc"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Re-solves every month: the portfolio of least conditional value at risk, less mean return and plus what trades \
                      cost (venue, permanent move), over scenarios of the coming months.",
            source: "Rockafellar and Uryasev (2000) within the receding horizon of model predictive control (Rawlings, Mayne and \
                     Diehl 2017, chapter 1); costs as in Boyd et al. (2017), Multi-period trading via convex optimization, section 4.",
            limits: "One period is planned at a time; scenarios do not depend on the state. A hundred microseconds a month of a path.",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        &[
            Parameter {
                name: "ahead",
                meaning: "months that are looked ahead",
                low: 1.0,
                high: 24.0,
                usual: 6.0,
            },
            Parameter {
                name: "level",
                meaning: "level of the conditional value at risk",
                low: 0.5,
                high: 0.98,
                usual: 0.9,
            },
            Parameter {
                name: "reward",
                meaning: "what a unit of mean return counts against one of risk",
                low: 0.0,
                high: 5.0,
                usual: 0.5,
            },
            Parameter {
                name: "months",
                meaning: "months of bills that stable assets must cover after trading",
                low: 0.0,
                high: 48.0,
                usual: 6.0,
            },
            Parameter {
                name: "costs",
                meaning: "weight of the costs of trading, against risk over the months looked ahead",
                low: 0.1,
                high: 10.0,
                usual: 1.0,
            },
        ]
    }

    fn cost(&self) -> f64 {
        300.0
    }

    fn build(
        &self,
        values: &[f64],
        treasury: &Treasury,
        futures: &Futures,
    ) -> Result<Box<dyn TreasuryPolicy>> {
        let [ahead, level, reward, months, costs] = take(values);
        let ahead = (ahead.round() as usize).clamp(1, futures.months());
        let mut rows = vec![];
        for scenario in 0..SCENARIOS {
            // Different paths and, where there are few, different months of them.
            let path = scenario % futures.paths();
            let from = (scenario / futures.paths() * ahead) % (futures.months() - ahead + 1);
            rows.extend(futures.growth(path, from, ahead).iter().map(|factor| factor - 1.0));
        }
        let names = treasury.assets.iter().map(|asset| asset.name.clone()).collect();
        Ok(Box::new(Policy { scenarios: Scenarios::new(names, rows)?, level, reward, months, costs }))
    }
}
