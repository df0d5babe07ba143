//! `daotwin privacy account` without an account: what would it cost?

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use daotwin::core::document::{
    Axis, Block, Chart, Document, Mark, Outcome, Plot, Role, Scale, Section, Series, Verdict,
};
use daotwin::privacy::Rho;
use daotwin::privacy::accountant::{Bounds, Event, calibrate, pld, rdp};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{count, table};
use crate::verbs::check_parent;
use crate::verbs::report::Format;

/// The question.
#[derive(Debug, Args)]
#[command(next_help_heading = "What if")]
pub(crate) struct WhatIf {
    /// The noise: its deviation (for `laplace` its scale) over what one member moves at most.
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    sigma: Option<f64>,
    /// The epsilon to find the noise for, instead of `--sigma` or `--answer`.
    #[arg(long, value_name = "E", conflicts_with = "sigma", allow_negative_numbers = true)]
    epsilon: Option<f64>,
    /// The loss of a single answer under randomised response, which has no `--sigma`.
    #[arg(long, value_name = "E", conflicts_with_all = ["sigma", "epsilon"], allow_negative_numbers = true)]
    answer: Option<f64>,
    /// How many answers there are under randomised response (2 where not given).
    #[arg(long, value_name = "K")]
    categories: Option<u32>,
    /// The chance that the loss is larger (1e-6 where not given).
    #[arg(long, value_name = "D", allow_negative_numbers = true)]
    delta: Option<f64>,
    /// The chance of each member to be in a step's sample, independently (1 where not given).
    #[arg(long, value_name = "Q", allow_negative_numbers = true)]
    rate: Option<f64>,
    /// How often it is done (once where not given).
    #[arg(long, value_name = "T")]
    steps: Option<u64>,
    /// The kind of noise (`gaussian` where not given).
    #[arg(long, value_name = "NOISE")]
    noise: Option<Kind>,
    /// Also shows epsilon after fewer steps.
    #[arg(long)]
    curve: bool,
    /// Draws epsilon over the steps into a report: `.html`, `.md` or `.json`.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Gaussian,
    /// On one integer, of sensitivity 1.
    DiscreteGaussian,
    Laplace,
    /// Each member's answer is noised before anyone sees it.
    RandomisedResponse,
}

impl Kind {
    /// `noise` falls with the cost: a deviation, a scale, or one over the loss of an answer.
    fn event(self, noise: f64, rate: f64, categories: u32) -> Event {
        let event = match self {
            Self::Gaussian => Event::Gaussian { sigma: noise },
            Self::DiscreteGaussian => Event::DiscreteGaussian { sigma: noise, sensitivity: 1 },
            Self::Laplace => Event::Laplace { scale: noise },
            Self::RandomisedResponse => Event::RandomisedResponse { epsilon: 1.0 / noise, categories },
        };
        if rate == 1.0 { event } else { Event::Sampled { rate, event: Box::new(event) } }
    }
}

/// The answer.
#[derive(Serialize)]
struct Account {
    noise: Kind,
    /// None under randomised response.
    sigma: Option<f64>,
    /// The loss of one answer; only under randomised response.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<f64>,
    rate: f64,
    steps: u64,
    delta: f64,
    /// By privacy loss distributions: the truth lies between.
    epsilon: Bounds,
    /// By Rényi divergences: above the truth.
    epsilon_by_rdp: f64,
    /// By zCDP, which what daotwin measures itself is charged by; none under sampling.
    epsilon_by_zcdp: Option<f64>,
    curve: Vec<Point>,
}

#[derive(Serialize)]
struct Point {
    steps: u64,
    epsilon: Bounds,
}

/// Points of a curve.
const POINTS: u32 = 24;

/// Columns of the longest bar.
const BAR: f64 = 40.0;

impl WhatIf {
    /// Whether anything was asked.
    pub(crate) const fn is_asked(&self) -> bool {
        self.sigma.is_some()
            || self.epsilon.is_some()
            || self.answer.is_some()
            || self.categories.is_some()
            || self.delta.is_some()
            || self.rate.is_some()
            || self.steps.is_some()
            || self.noise.is_some()
            || self.curve
            || self.out.is_some()
    }

    pub(crate) fn answer(&self, context: &Context) -> Result<(), Failure> {
        let format = self.out.as_deref().map(Format::of).transpose()?;
        if let Some(out) = &self.out {
            check_parent(out)?;
        }
        let (delta, rate) = (self.delta.unwrap_or(1e-6), self.rate.unwrap_or(1.0));
        let steps = self.steps.unwrap_or(1);
        let noise = self.noise.unwrap_or(if self.answer.is_some() || self.categories.is_some() {
            Kind::RandomisedResponse
        } else {
            Kind::Gaussian
        });
        let responds = noise == Kind::RandomisedResponse;
        if responds && self.sigma.is_some() {
            return Err(Failure::usage(
                "randomised response has no `--sigma`; give `--answer E`, the loss of a single answer",
            ));
        }
        if !responds && (self.answer.is_some() || self.categories.is_some()) {
            return Err(Failure::usage(
                "`--answer` and `--categories` belong to `--noise randomised-response`",
            ));
        }
        let categories = self.categories.unwrap_or(2);
        let size = match (self.sigma.or(self.answer.map(f64::recip)), self.epsilon) {
            (Some(size), _) => size,
            (None, Some(epsilon)) => {
                calibrate::noise(|size| noise.event(size, rate, categories).times(steps), epsilon, delta)?
            }
            (None, None) => {
                return Err(Failure::usage(
                    "nothing to answer; give `--sigma S` or `--answer E` to learn its epsilon, `--epsilon E` to learn \
                     the noise for it, or the name of an account",
                ));
            }
        };
        let step = noise.event(size, rate, categories);
        let event = step.clone().times(steps);
        let curve = if self.curve || self.out.is_some() {
            let points = pld::curve(&step, &spread(steps), delta)?;
            points.into_iter().map(|(steps, epsilon)| Point { steps, epsilon }).collect()
        } else {
            Vec::new()
        };
        let rho = Rho::at_most(steps as f64 / (2.0 * size * size));
        let by_zcdp =
            if noise == Kind::Laplace || responds || rate < 1.0 { None } else { rho.epsilon(delta).ok() };
        let account = Account {
            noise,
            sigma: (!responds).then_some(size),
            answer: responds.then_some(1.0 / size),
            rate,
            steps,
            delta,
            epsilon: pld::epsilon(&event, delta)?,
            epsilon_by_rdp: rdp::epsilon(&event, delta)?,
            epsilon_by_zcdp: by_zcdp,
            curve,
        };
        if let (Some(format), Some(out)) = (format, &self.out) {
            format.write(&account.document(), out)?;
        }
        context.print(&account.text(self.out.as_deref()), &account)
    }
}

/// Steps from 1 to the last in nearly equal ratios.
fn spread(last: u64) -> Vec<u64> {
    let mut steps: Vec<u64> = (0..=POINTS)
        .map(|point| (last as f64).powf(f64::from(point) / f64::from(POINTS)).round() as u64)
        .map(|step| step.clamp(1, last.max(1)))
        .collect();
    steps.dedup();
    steps
}

impl Account {
    /// What the noise is measured by.
    fn size(&self) -> (&'static str, f64) {
        match self.answer {
            Some(answer) => ("loss of an answer", answer),
            None => ("sigma", self.sigma.unwrap_or_default()),
        }
    }

    fn text(&self, out: Option<&Path>) -> String {
        let mut rows = vec![
            vec![self.size().0.to_owned(), format!("{:.5}", self.size().1)],
            vec!["epsilon".to_owned(), format!("{:.4}", self.epsilon.upper)],
            vec!["at least".to_owned(), format!("{:.4}", self.epsilon.lower)],
            vec!["by RDP".to_owned(), format!("{:.4}", self.epsilon_by_rdp)],
        ];
        if let Some(epsilon) = self.epsilon_by_zcdp {
            rows.push(vec!["by zCDP".to_owned(), format!("{epsilon:.4}")]);
        }
        let mut text = format!(
            "{} steps, rate {}, delta {:e}\n\n{}",
            count(self.steps),
            self.rate,
            self.delta,
            table(&["", "value"], &rows)
        );
        if !self.curve.is_empty() {
            let longest =
                self.curve.iter().map(|point| point.epsilon.upper).fold(f64::MIN_POSITIVE, f64::max);
            let rows: Vec<Vec<String>> = self
                .curve
                .iter()
                .map(|point| {
                    let bar = (BAR * point.epsilon.upper / longest).round() as usize;
                    vec![count(point.steps), format!("{:.4}", point.epsilon.upper), "#".repeat(bar)]
                })
                .collect();
            text.push('\n');
            text.push_str(&table(&["steps", "epsilon", ""], &rows));
        }
        if let Some(out) = out {
            text.push_str(&format!("\n{}\n", out.display()));
        }
        text
    }

    fn document(&self) -> Document {
        let points = |pick: fn(&Bounds) -> f64| {
            self.curve.iter().map(|point| (point.steps as f64, pick(&point.epsilon))).collect()
        };
        let series = |name: &str, role, points| Series {
            name: name.to_owned(),
            role: Role::Other(role),
            mark: Mark::Line,
            points,
            upper: Vec::new(),
        };
        let axis = |label: &str| Axis { label: label.to_owned(), scale: Scale::Log };
        Document {
            title: "What it would cost".to_owned(),
            verdict: Verdict {
                outcome: Outcome::Neutral,
                text: format!(
                    "{} steps with {} {:.5} at rate {} cost epsilon {:.4} at delta {:e}.",
                    count(self.steps),
                    self.size().0,
                    self.size().1,
                    self.rate,
                    self.epsilon.upper,
                    self.delta
                ),
            },
            sections: vec![Section {
                id: "curve".to_owned(),
                title: "Epsilon over steps".to_owned(),
                blocks: vec![Block::Chart(Chart {
                    id: "epsilon-over-steps".to_owned(),
                    title: "Epsilon over steps".to_owned(),
                    description: "Upper and lower bound of epsilon after each number of steps".to_owned(),
                    plot: Plot::Xy {
                        x: axis("steps"),
                        y: axis("epsilon"),
                        series: vec![
                            series("upper bound", 0, points(|bounds| bounds.upper)),
                            series("lower bound", 1, points(|bounds| bounds.lower)),
                        ],
                    },
                })],
            }],
            ..Document::default()
        }
    }
}
