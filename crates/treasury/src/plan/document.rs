//! A plan as a document: an answer, figures beside their reference, pictures.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Score, Section, Series, Table,
    Verdict,
};

use super::{Judged, Plan, Promise};
use crate::allocation::allocator;
use crate::allocation::policy::find;
use crate::market::registry;

/// Ruin up to this share is called good, and above the second bad.
const GOOD_RUIN: f64 = 0.05;
const BAD_RUIN: f64 = 0.2;

/// Dollars with about three digits that count.
pub(super) fn dollars(value: f64) -> String {
    match value.abs() {
        size if size >= 1e9 => format!("${:.2} billion", value / 1e9),
        size if size >= 1e6 => format!("${:.2} million", value / 1e6),
        size if size >= 1e4 => format!("${:.0} thousand", value / 1e3),
        _ => format!("${value:.0}"),
    }
}

/// A number with about three digits that count.
pub(super) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1e4 => dollars(value).trim_start_matches('$').to_owned(),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

fn percent(share: f64) -> String {
    let digits = usize::from(share.abs() < 0.1);
    format!("{:.digits$} %", 100.0 * share)
}

fn text(text: impl Into<String>) -> Block {
    Block::Text { text: text.into() }
}

fn table(caption: &str, columns: &[&str], rows: Vec<Vec<String>>) -> Block {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    Block::Table(Table { caption: caption.to_owned(), columns, rows })
}

fn axis(label: &str) -> Axis {
    Axis { label: label.to_owned(), scale: Scale::Linear }
}

impl Plan {
    /// The policy of this name.
    pub fn policy(&self, name: &str) -> Option<&Judged> {
        self.policies.iter().find(|judged| judged.policy == name)
    }

    fn months_of(&self, months: f64) -> String {
        let most = self.policies.first().map_or(0, |judged| judged.survival.len().saturating_sub(1)) as f64;
        if months >= most { format!("{most:.0} months or more") } else { format!("{months:.1} months") }
    }

    /// The answer in one sentence or two.
    pub fn verdict(&self) -> Verdict {
        let Some(chosen) = self.policy(self.recommended) else { return Verdict::default() };
        let ruin = chosen.score.ruin;
        let outcome = if ruin <= GOOD_RUIN {
            Outcome::Good
        } else if ruin > BAD_RUIN {
            Outcome::Bad
        } else {
            Outcome::Neutral
        };
        let hold = self.policy("hold").filter(|hold| hold.policy != chosen.policy).map_or_else(
            String::new,
            |hold| {
                format!(
                    " Doing nothing lasts {} and fails with {}.",
                    self.months_of(hold.score.runway_p10),
                    percent(hold.score.ruin)
                )
            },
        );
        Verdict {
            outcome,
            text: format!(
                "Under `{}` the treasury pays its bills for {} on nine paths in ten, and fails within {} months with a probability \
                 of {}.{hold}",
                chosen.policy,
                self.months_of(chosen.score.runway_p10),
                self.months,
                percent(ruin)
            ),
        }
    }

    /// The plan as a report.
    pub fn document(&self) -> Document {
        let verdict = self.verdict();
        let mut highlights = vec![];
        if let Some(chosen) = self.policy(self.recommended) {
            highlights = vec![
                Highlight {
                    label: "Runway".to_owned(),
                    figure: self.months_of(chosen.score.runway_p10),
                    outcome: if chosen.score.runway_p10 >= self.months as f64 {
                        Outcome::Good
                    } else {
                        Outcome::Bad
                    },
                    text: format!(
                        "nine paths in ten last so long; half last {}",
                        self.months_of(chosen.score.runway_p50)
                    ),
                },
                Highlight {
                    label: "Ruin".to_owned(),
                    figure: percent(chosen.score.ruin),
                    outcome: verdict.outcome,
                    text: format!(
                        "of {} paths cannot pay within {} months; 99 % interval {} to {}",
                        self.paths,
                        self.months,
                        percent(chosen.ruin_interval.0),
                        percent(chosen.ruin_interval.1)
                    ),
                },
                Highlight {
                    label: "Policy".to_owned(),
                    figure: chosen.policy.to_owned(),
                    outcome: Outcome::Neutral,
                    text: find(chosen.policy)
                        .map_or_else(|_| String::new(), |family| family.card().purpose.to_owned()),
                },
            ];
        }
        let mut warnings = self.assumptions.clone();
        if !self.market.elicited.is_empty() {
            let names: Vec<String> = self
                .market
                .elicited
                .iter()
                .map(|(name, volatility)| format!("`{name}` with {} a year", percent(*volatility)))
                .collect();
            warnings.push(format!(
                "there are no prices to learn from of {}: volatility and correlation are elicited, not measured",
                names.join(", ")
            ));
        }
        if self.records.is_some() {
            warnings.push("computed from the records and not private".to_owned());
        }
        Document {
            title: format!("{}: the treasury over {} months", self.dao, self.months),
            verdict,
            highlights,
            warnings,
            manifest: vec![
                ("daotwin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
                ("seed".to_owned(), self.seed.to_string()),
                ("paths".to_owned(), self.paths.to_string()),
                ("market model".to_owned(), self.market.model.unwrap_or("elicited").to_owned()),
            ],
            sections: vec![
                self.runway_section(),
                self.policy_section(),
                self.stress_section(),
                self.frontier_section(),
                self.treasury_section(),
                self.market_section(),
            ]
            .into_iter()
            .chain(self.rewards.clone())
            .collect(),
        }
    }

    fn runway_section(&self) -> Section {
        let mut series = vec![];
        let mut scores = vec![];
        for (place, name) in [self.recommended, "hold"].into_iter().enumerate() {
            let Some(judged) = self.policy(name).filter(|_| place == 0 || name != self.recommended) else {
                continue;
            };
            series.push(Series {
                name: if place == 0 { format!("recommended: {name}") } else { "doing nothing".to_owned() },
                role: Role::Other(place as u8),
                mark: Mark::Line,
                points: judged
                    .survival
                    .iter()
                    .enumerate()
                    .map(|(month, share)| (month as f64, 100.0 * share))
                    .collect(),
                upper: vec![],
            });
        }
        if let Some(chosen) = self.policy(self.recommended) {
            let hold = self.policy("hold");
            let beside = |value: &dyn Fn(&Judged) -> f64| {
                hold.map(|hold| ("doing nothing".to_owned(), value(hold))).into_iter().collect::<Vec<_>>()
            };
            let score =
                |id: &str, label: &str, value: &dyn Fn(&Judged) -> f64, interval, meaning: &str| Score {
                    id: format!("treasury.{id}"),
                    label: label.to_owned(),
                    value: value(chosen),
                    interval,
                    references: beside(value),
                    bar: None,
                    outcome: Outcome::Neutral,
                    meaning: meaning.to_owned(),
                };
            scores = vec![
                score(
                    "runway_p10",
                    "runway, P10 (months)",
                    &|judged| judged.score.runway_p10,
                    None,
                    "nine paths in ten last longer",
                ),
                score(
                    "runway_p50",
                    "runway, median (months)",
                    &|judged| judged.score.runway_p50,
                    None,
                    "half of the paths last longer",
                ),
                score(
                    "ruin",
                    "probability of ruin within the plan",
                    &|judged| judged.score.ruin,
                    Some(chosen.ruin_interval),
                    "a path is ruined in the month in which it cannot pay a bill",
                ),
                score(
                    "cvar95",
                    "CVaR, 95 %",
                    &|judged| judged.cvar.0,
                    None,
                    "mean loss of the worst twentieth of paths at the end of the plan, as a share of the treasury; bills count as losses",
                ),
                score(
                    "cvar99",
                    "CVaR, 99 %",
                    &|judged| judged.cvar.1,
                    None,
                    "the same of the worst hundredth",
                ),
                score(
                    "drawdown_p50",
                    "largest drawdown, median",
                    &|judged| judged.drawdown.0,
                    None,
                    "fall of the treasury's value from its highest, beyond what bills took",
                ),
                score(
                    "drawdown_p95",
                    "largest drawdown, one path in twenty",
                    &|judged| judged.drawdown.1,
                    None,
                    "the same, exceeded by a twentieth of paths",
                ),
            ];
        }
        Section {
            id: "runway".to_owned(),
            title: "How long it lasts".to_owned(),
            blocks: vec![
                Block::Chart(Chart {
                    id: "survival".to_owned(),
                    title: "Paths that still pay their bills".to_owned(),
                    description:
                        "The share of simulated paths on which all bills were paid so far, month by month."
                            .to_owned(),
                    plot: Plot::Xy { x: axis("months from now"), y: axis("paths that still pay, %"), series },
                }),
                Block::Scores { scores },
                table(
                    "Runway in months that so many paths reach; what lasts to the end of the simulation is counted as that",
                    &["policy", "95 %", "90 %", "75 %", "50 %", "25 %"],
                    self.policies
                        .iter()
                        .map(|judged| {
                            let mut row = vec![judged.policy.to_owned()];
                            row.extend(judged.runway.iter().map(|months| format!("{months:.1}")));
                            row
                        })
                        .collect(),
                ),
            ],
        }
    }

    fn policy_section(&self) -> Section {
        let mut blocks = vec![];
        if let (Some(chosen), Ok(family)) = (self.policy(self.recommended), find(self.recommended)) {
            let card = family.card();
            blocks.push(text(format!(
                "Recommended: `{}`: {}. Not for: {}.",
                chosen.policy,
                card.purpose.trim_end_matches('.'),
                card.limits.trim_end_matches('.')
            )));
            blocks.push(table(
                "What it does now",
                &["asset", "order"],
                self.orders
                    .iter()
                    .filter(|(_, amount)| amount.abs() >= 1.0)
                    .map(|(name, amount)| {
                        let verb = if *amount < 0.0 { "sell" } else { "buy" };
                        vec![name.clone(), format!("{verb} for {}", dollars(amount.abs()))]
                    })
                    .collect(),
            ));
            if !self.triggers.is_empty() {
                blocks.push(table(
                    "When it does what: its numbers, tuned on other paths than it is judged on",
                    &["parameter", "value", "meaning", "months of runway P10 lost with the usual value"],
                    self.triggers
                        .iter()
                        .map(|trigger| {
                            vec![
                                trigger.parameter.name.to_owned(),
                                number(trigger.value),
                                trigger.parameter.meaning.to_owned(),
                                format!("{:.1}", (10.0 * trigger.lost).round() / 10.0 + 0.0),
                            ]
                        })
                        .collect(),
                ));
            }
        }
        blocks.push(table(
            "Reasons",
            &["on paths that no policy was tuned on"],
            self.reasons.iter().map(|reason| vec![reason.clone()]).collect(),
        ));
        blocks.push(table(
            "Every policy on the same unseen paths",
            &["policy", "runway P10", "median", "ruin", "CVaR 95 %", "drawdown", "traded a year"],
            self.policies
                .iter()
                .map(|judged| {
                    vec![
                        judged.policy.to_owned(),
                        format!("{:.1}", judged.score.runway_p10),
                        format!("{:.1}", judged.score.runway_p50),
                        percent(judged.score.ruin),
                        percent(judged.cvar.0),
                        percent(judged.drawdown.0),
                        percent(judged.score.turnover),
                    ]
                })
                .collect(),
        ));
        blocks.push(Block::Chart(Chart {
            id: "policies".to_owned(),
            title: "Runway by policy".to_owned(),
            description: "Months that nine paths in ten and half of the paths last, for each policy."
                .to_owned(),
            plot: Plot::Bars {
                categories: self.policies.iter().map(|judged| judged.policy.to_owned()).collect(),
                y: axis("months"),
                series: vec![
                    ("P10".to_owned(), self.policies.iter().map(|judged| judged.score.runway_p10).collect()),
                    (
                        "median".to_owned(),
                        self.policies.iter().map(|judged| judged.score.runway_p50).collect(),
                    ),
                ],
            },
        }));
        Section { id: "policy".to_owned(), title: "What to do".to_owned(), blocks }
    }

    fn stress_section(&self) -> Section {
        let rows = self
            .stress
            .iter()
            .map(|stress| {
                let (recommended, hold) = (stress.recommended, stress.hold);
                vec![
                    stress.what.clone(),
                    format!("{:.1}", recommended.0),
                    format!("{:.1}", recommended.1),
                    percent(recommended.2),
                    format!("{:.1}", hold.0),
                    percent(hold.2),
                ]
            })
            .collect();
        Section {
            id: "stress".to_owned(),
            title: "What could go wrong".to_owned(),
            blocks: vec![table(
                "Shocks at the start, then the same prices as above (2,000 paths at most); the policy is not tuned to them, and \
                 counts the price after the shock as its start: it does not see a fall from a high",
                &["what happens", "runway P10", "median", "ruin", "doing nothing: P10", "ruin"],
                rows,
            )],
        }
    }

    fn frontier_section(&self) -> Section {
        let point = |risk: f64, mean: f64| (100.0 * risk, 100.0 * mean);
        let frontier = &self.frontier;
        let weights = |weights: &[f64]| -> String {
            let parts: Vec<String> = frontier
                .assets
                .iter()
                .zip(weights)
                .filter(|(_, weight)| **weight >= 0.005)
                .map(|(name, weight)| format!("{name} {}", percent(*weight)))
                .collect();
            parts.join(", ")
        };
        let mut rows: Vec<Vec<String>> = frontier
            .points
            .iter()
            .map(|at| {
                let found = &at.portfolio;
                vec![percent(found.mean), percent(found.risk), percent(at.cost), weights(&found.weights)]
            })
            .collect();
        let today = &frontier.today;
        let as_it_is = format!("as it is: {}", weights(&today.weights));
        rows.push(vec![percent(today.mean), percent(today.risk), percent(0.0), as_it_is]);
        let others = self.allocators.iter().map(|(name, held)| {
            let purpose = allocator::find(name).map_or("", |method| method.card().purpose);
            vec![(*name).to_owned(), weights(held), purpose.to_owned()]
        });
        Section {
            id: "frontier".to_owned(),
            title: "What to hold".to_owned(),
            blocks: vec![
                text(
                    "Allocations with the least conditional value at risk for what they are expected to return in a year, bills and the \
                     cost of selling into the own token's market not counted; the policies above count both.",
                ),
                Block::Chart(Chart {
                    id: "frontier".to_owned(),
                    title: "Return against risk of a year".to_owned(),
                    description: "The frontier of mean return against conditional value at risk, and the treasury as it is.".to_owned(),
                    plot: Plot::Xy {
                        x: axis("CVaR of a year's loss at 95 %, %"),
                        y: axis("mean return a year, %"),
                        series: vec![
                            Series {
                                name: "frontier".to_owned(),
                                role: Role::Other(0),
                                mark: Mark::Line,
                                points: frontier
                                    .points
                                    .iter()
                                    .map(|at| point(at.portfolio.risk, at.portfolio.mean))
                                    .collect(),
                                upper: vec![],
                            },
                            Series {
                                name: "as it is".to_owned(),
                                role: Role::Other(1),
                                mark: Mark::Dots,
                                points: vec![point(today.risk, today.mean)],
                                upper: vec![],
                            },
                        ],
                    },
                }),
                table("The frontier", &["mean a year", "CVaR 95 %", "cost of going there at once", "holds"], rows),
                table("What other methods would hold now", &["method", "holds", "what it does"], others.collect()),
            ],
        }
    }

    fn treasury_section(&self) -> Section {
        let total: f64 = self.holdings.iter().map(|holding| holding.dollars).sum();
        let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
        let mut blocks = vec![
            table(
                "What the treasury holds at the start",
                &["asset", "kind", "tokens", "price", "dollars", "share", "from"],
                self.holdings
                    .iter()
                    .map(|holding| {
                        vec![
                            holding.name.clone(),
                            holding.kind.to_owned(),
                            optional(holding.tokens),
                            optional(holding.price),
                            dollars(holding.dollars),
                            percent(holding.dollars / total.max(f64::MIN_POSITIVE)),
                            holding.source.to_owned(),
                        ]
                    })
                    .collect(),
            ),
            table(
                "What it pays",
                &["bill", "figure"],
                vec![
                    vec!["people and other payments a month".to_owned(), dollars(self.payroll)],
                    vec!["their growth a year".to_owned(), percent(self.growth)],
                    vec![
                        format!("grants promised every {} months, {} of them", self.every, self.count),
                        dollars(self.grants),
                    ],
                    vec!["share of grants that is paid out".to_owned(), percent(self.success)],
                    vec![
                        "in all a month, on average, after revenue that is counted on".to_owned(),
                        dollars(self.monthly),
                    ],
                    vec!["revenue a month in the records".to_owned(), dollars(self.revenue.0)],
                    vec!["revenue a month that is counted on".to_owned(), dollars(self.revenue.1)],
                    vec!["market of the own token".to_owned(), self.impact.clone()],
                ],
            ),
        ];
        if !self.promises.is_empty() {
            let row = |promise: &Promise| {
                vec![
                    promise.name.clone(),
                    promise.kind.to_owned(),
                    format!("{} {}", number(promise.tokens), promise.asset),
                    format!("{} to {}", promise.months.0, promise.months.1),
                    dollars(promise.dollars),
                ]
            };
            blocks.push(table(
                "What it has promised by date, which comes on top",
                &[
                    "promise",
                    "kind",
                    "in all",
                    "months of the plan",
                    "at most within the plan, at today's prices",
                ],
                self.promises.iter().map(row).collect(),
            ));
        }
        if let Some(records) = &self.records {
            let how = if records.told { "given" } else { "guessed: they stand on a side of most transfers" };
            blocks.push(table(
                &format!("Accounts taken for the treasury's ({how})"),
                &["account", "transfers"],
                records
                    .accounts
                    .iter()
                    .map(|(account, rows)| vec![account.clone(), rows.to_string()])
                    .collect(),
            ));
            if !records.purposes.is_empty() {
                blocks.push(table(
                    &format!(
                        "Payments a month by purpose, over the last {:.0} months of the records",
                        records.months
                    ),
                    &["purpose", "dollars a month"],
                    records
                        .purposes
                        .iter()
                        .take(12)
                        .map(|(purpose, paid)| vec![purpose.clone(), dollars(*paid)])
                        .collect(),
                ));
            }
            if !records.unpriced.is_empty() {
                blocks.push(table(
                    "Payments and revenue of the last year in assets without a price, which are not counted",
                    &["asset", "transfers"],
                    records
                        .unpriced
                        .iter()
                        .take(12)
                        .map(|(asset, rows)| vec![asset.clone(), rows.to_string()])
                        .collect(),
                ));
            }
        }
        Section { id: "treasury".to_owned(), title: "What is planned for".to_owned(), blocks }
    }

    fn market_section(&self) -> Section {
        let mut blocks = vec![];
        if let Some(model) = self.market.model.and_then(|name| registry::find(name).ok()) {
            let card = model.card();
            blocks.push(text(format!(
                "Prices to come are drawn from `{}`, fitted to {} days: {} ({}). Limits: {}. Every asset is then expected to \
                 return {} a year: no plan lives on the rise that prices happened to have.",
                model.name(),
                self.market.days,
                card.purpose,
                card.source,
                card.limits,
                percent(self.drift)
            )));
            blocks.push(table(
                "What the prices were like",
                &["asset", "volatility a year", "mean log return a year, not used"],
                self.market
                    .fitted
                    .iter()
                    .map(|(name, volatility, mean)| vec![name.clone(), percent(*volatility), percent(*mean)])
                    .collect(),
            ));
        } else {
            blocks.push(text(format!(
                "There are no prices to learn from. Monthly returns are drawn from Student's t laws with five degrees of freedom and a \
                 common factor, with the volatility that was said (or {} a year), and are expected to return {} a year. Give \
                 `--prices` for a market model fitted to data.",
                percent(super::scenarios::VOLATILITY),
                percent(self.drift)
            )));
        }
        if !self.market.facts.is_empty() {
            let holds = self.market.facts.iter().filter(|row| row.holds).count();
            blocks.push(table(
                &format!(
                    "Trust: facts of the last three tenths of the days, beside a model that saw only the days before; {holds} of {} lie \
                     in the central 98 % of its paths",
                    self.market.facts.len()
                ),
                &["fact", "asset", "real", "simulated", "holds"],
                self.market
                    .facts
                    .iter()
                    .map(|row| {
                        vec![
                            row.fact.to_owned(),
                            row.asset.clone(),
                            number(row.real),
                            format!("{} to {}", number(row.band.0), number(row.band.1)),
                            if row.holds { "yes" } else { "no" }.to_owned(),
                        ]
                    })
                    .collect(),
            ));
        }
        Section { id: "market".to_owned(), title: "Prices to come".to_owned(), blocks }
    }
}
