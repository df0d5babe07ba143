//! A calibration in words, tables and a picture.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Outcome, Plot, Section, Table, Verdict,
};

use super::{Calibration, Check};

/// Below this a predictive check counts as missed.
const MISSED: f64 = 0.01;

fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:.2}") } else { "-".to_owned() }
}

impl Calibration {
    /// Statistics that the fitted model does not reproduce: two-sided p below 0.01.
    pub fn missed(&self) -> Vec<&Check> {
        self.checks.iter().filter(|check| check.p < MISSED).collect()
    }

    /// The report.
    pub fn document(&self) -> Document {
        let identified = self.parameters.iter().filter(|parameter| parameter.identified).count();
        let all = self.parameters.len();
        let missed = self.missed();
        let open: Vec<&str> = self
            .parameters
            .iter()
            .filter(|parameter| !parameter.identified)
            .map(|parameter| parameter.name)
            .collect();
        let mut text = format!("The record tells about {identified} of {all} parameters");
        if !open.is_empty() {
            text.push_str(&format!("; it says little or nothing about {}", open.join(", ")));
        }
        text.push_str(&format!(
            ". The fitted model reproduces {} of {} recorded statistics.",
            self.checks.len() - missed.len(),
            self.checks.len()
        ));
        Document {
            title: format!("Calibration of {}", self.dao),
            verdict: Verdict { outcome: Outcome::Neutral, text },
            highlights: vec![
                Highlight {
                    label: "Identified".to_owned(),
                    figure: format!("{identified} of {all} parameters"),
                    outcome: Outcome::Neutral,
                    text: "Parameters whose posterior spread is below 0.8 of their prior's.".to_owned(),
                },
                Highlight {
                    label: "Reproduced".to_owned(),
                    figure: format!("{} of {} statistics", self.checks.len() - missed.len(), self.checks.len()),
                    outcome: if missed.is_empty() { Outcome::Good } else { Outcome::Bad },
                    text: "Recorded statistics that simulations from the posterior reach (two-sided p of 0.01)."
                        .to_owned(),
                },
            ],
            warnings: vec![
                "Intervals hold where the model does: a missed statistic says that the DAO does something that no setting \
                 of the model does. The record itself was read: this is not private."
                    .to_owned(),
            ],
            manifest: vec![
                ("DAO".to_owned(), self.dao.clone()),
                ("proposals".to_owned(), self.design.proposals.to_string()),
                ("simulated members".to_owned(), self.design.agents.to_string()),
                ("simulations from the prior".to_owned(), self.simulations.to_string()),
                ("seed".to_owned(), self.seed.0.to_string()),
                ("held-out loss, prior's loss".to_owned(), format!("{:.3}, {:.3}", self.loss, self.prior_loss)),
                ("daotwin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ],
            sections: vec![self.fitted(), self.checked()],
        }
    }

    fn fitted(&self) -> Section {
        let range = |quantiles: [f64; 3]| {
            let [low, middle, high] = quantiles.map(number);
            format!("{middle} ({low} to {high})")
        };
        let rows = self.parameters.iter().map(|parameter| {
            let moments =
                parameter.moments.map_or("-".to_owned(), |(middle, (low, high))| range([low, middle, high]));
            let sequential =
                parameter.sequential.map_or("-".to_owned(), |estimate| range(estimate.quantiles));
            vec![
                parameter.name.to_owned(),
                parameter.meaning.to_owned(),
                format!("{} to {}", number(parameter.prior.0), number(parameter.prior.1)),
                range(parameter.posterior.quantiles),
                sequential,
                moments,
                number(parameter.spread),
            ]
        });
        let heads = ["parameter", "meaning", "prior", "posterior", "sequential", "moments", "spread"];
        let chart = Chart {
            id: "identifiability".to_owned(),
            title: "What the record leaves open".to_owned(),
            description: "posterior spread of each parameter as a share of its prior's".to_owned(),
            plot: Plot::Bars {
                categories: self.parameters.iter().map(|parameter| parameter.name.to_owned()).collect(),
                y: Axis { label: "posterior spread / prior spread".to_owned(), ..Axis::default() },
                series: vec![(
                    "spread".to_owned(),
                    self.parameters.iter().map(|parameter| parameter.spread).collect(),
                )],
            },
        };
        Section {
            id: "parameters".to_owned(),
            title: "Parameters".to_owned(),
            blocks: vec![
                Block::Table(Table {
                    caption: "Median and 90 % interval of the network's posterior, of sequential Monte Carlo and of \
                              simulated moments; posterior spread over prior spread"
                        .to_owned(),
                    columns: heads.map(str::to_owned).to_vec(),
                    rows: rows.collect(),
                }),
                Block::Chart(chart),
            ],
        }
    }

    fn checked(&self) -> Section {
        let rows = self.checks.iter().map(|check| {
            let [low, middle, high] = check.simulated.map(number);
            vec![
                check.name.to_owned(),
                number(check.recorded),
                format!("{middle} ({low} to {high})"),
                format!("{:.3}", check.p),
                if check.p < MISSED { "missed".to_owned() } else { String::new() },
            ]
        });
        Section {
            id: "checks".to_owned(),
            title: "Posterior predictive checks".to_owned(),
            blocks: vec![Block::Table(Table {
                caption: "Each recorded statistic beside the median and 90 % interval over simulations from the posterior"
                    .to_owned(),
                columns: ["statistic", "recorded", "simulated", "p", ""].map(str::to_owned).to_vec(),
                rows: rows.collect(),
            })],
        }
    }
}
