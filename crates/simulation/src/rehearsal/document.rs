//! A rehearsal as a document: sentences an operator can post, numbers beside their reference, pictures.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Score, Section, Series, Table,
    Verdict,
};

use super::{Arm, Course, Rehearsal, Variable};
use crate::scenario::Strength;
use crate::scenario::behaviours::BEHAVIOURS;

/// A share as a percentage.
pub(crate) fn percent(share: f64) -> String {
    let percentage = share * 100.0;
    let digits = usize::from(percentage.abs() < 1.0 && percentage != 0.0);
    format!("{percentage:.digits$} %")
}

/// A number with about three digits that count.
pub(crate) fn amount(value: f64) -> String {
    match value.abs() {
        _ if !value.is_finite() => "no amount".to_owned(),
        size if size >= 1e9 => format!("{:.3} billion", value / 1e9),
        size if size >= 1e6 => format!("{:.3} million", value / 1e6),
        size if size >= 1e3 => format!("{:.1} thousand", value / 1e3),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

fn is_share(name: &str) -> bool {
    !matches!(name, "voters" | "power" | "nakamoto" | "needed" | "gini" | "margin" | "support")
}

pub(super) fn number(name: &str, value: f64) -> String {
    if value.is_nan() {
        "-".to_owned()
    } else if is_share(name) {
        percent(value)
    } else {
        amount(value)
    }
}

impl Rehearsal {
    /// What a scenario does, in sentences with 90 % intervals that stand by themselves.
    pub fn sentences(&self, arm: &Arm) -> Vec<String> {
        let (Some(base), title) = (self.arms.first(), &arm.scenario.title) else { return Vec::new() };
        let mut sentences = Vec::new();
        let place = |name: &str| arm.variables.iter().position(|variable| variable.name == name);
        let read = |name: &str| {
            Some((base.variable(name)?, arm.variable(name)?, arm.differences.get(place(name)?)?))
        };
        let range = |(low, high): (f64, f64)| {
            format!("{} to {}", percent(low.clamp(0.0, 1.0)), percent(high.clamp(0.0, 1.0)))
        };
        if let Some((before, now, difference)) = read("passed") {
            let (low, high) = difference.1;
            let told = if low > 0.0 || high < 0.0 {
                let word = if difference.0 > 0.0 { "more" } else { "fewer" };
                format!(
                    "that is {:.1} percentage points {word} ({:.1} to {:.1})",
                    difference.0.abs() * 100.0,
                    low.abs().min(high.abs()) * 100.0,
                    low.abs().max(high.abs()) * 100.0
                )
            } else {
                "no difference that these runs could tell".to_owned()
            };
            sentences.push(format!(
                "With \"{title}\", {} of the proposals pass, instead of {} as it is: {told}.",
                percent(now.mean),
                percent(before.mean),
            ));
        }
        if let Some((Some(before), Some(now))) =
            read("passed").map(|(before, now, _)| (before.recorded, now.recorded))
        {
            sentences.push(format!(
                "Of the recorded ballots themselves this rule makes {} that pass, instead of {}.",
                percent(now),
                percent(before)
            ));
        }
        if let Some((before, now, _)) = read("voters") {
            sentences.push(format!(
                "A proposal has {} voters on average, instead of {}.",
                amount(now.mean),
                amount(before.mean)
            ));
        }
        if let Some((before, now, _)) = read("taken_over") {
            sentences.push(format!(
                "The {} largest members could pass at least one proposal alone, against everybody else who votes, in {} \
                 ({}) of the runs, instead of {} ({}).",
                self.largest,
                percent(now.mean),
                range(now.interval),
                percent(before.mean),
                range(before.interval),
            ));
        }
        if let Some((before, now, _)) = read("needed") {
            let money = arm.scenario.price.map_or_else(String::new, |price| {
                let price = price * arm.scenario.conditions.iter().map(price_factor).product::<f64>();
                format!(", {} in money at a price of {}", amount(now.mean * price), amount(price))
            });
            let supply = self.supply.map_or_else(String::new, |supply| {
                format!(" ({} of the supply)", percent(now.mean / supply))
            });
            if now.mean.is_finite() {
                sentences.push(format!(
                    "Somebody new needs {} tokens{supply} to pass a typical proposal against all who vote{money}; as it is {}.",
                    amount(now.mean),
                    amount(before.mean),
                ));
            } else {
                sentences.push(
                    "No amount of tokens in one account passes a typical proposal against all who vote."
                        .to_owned(),
                );
            }
        }
        if let Some((_, now, _)) = read("carried")
            && now.mean > 0.0
        {
            sentences.push(format!(
                "{} of the proposals pass by the ballots of attackers alone.",
                percent(now.mean)
            ));
        }
        sentences
    }

    /// What a reader must know before using the figures.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = vec![
            "A rehearsal says what follows from the model of the DAO and from the assumptions of the scenario, which \
             `daotwin scenarios` lists with their evidence; intervals are over runs and do not cover errors of the model."
                .to_owned(),
        ];
        if self.without_quorum > 0.0 {
            warnings.push(format!(
                "{} of the proposals record no quorum, so that any turnout is enough for them as it is; a baseline scenario \
                 with the DAO's own `quorum` or `quorum_tokens` says better.",
                percent(self.without_quorum)
            ));
        }
        if let Some(decided) = &self.decided {
            warnings.push(decided.sentence());
        }
        warnings
    }

    /// The whole of it.
    pub fn document(&self) -> Document {
        let scenarios = &self.arms[1..];
        let mut sections = vec![self.overview()];
        for (place, arm) in scenarios.iter().enumerate() {
            let blocks = self.sentences(arm).into_iter().map(|text| Block::Text { text });
            let mut blocks: Vec<Block> = blocks.collect();
            if !arm.scenario.about.is_empty() {
                blocks.insert(0, Block::Text { text: arm.scenario.about.clone() });
            }
            let base = &self.arms[0];
            blocks.push(Block::Scores { scores: scores(arm, base, place) });
            blocks.extend(
                arm.courses.iter().zip(&base.courses).map(|(course, base)| self.fan(course, base, place)),
            );
            blocks.push(Block::Chart(attack_curve(arm, base, place)));
            if let Some(chart) = proposals(arm, base, place) {
                blocks.push(Block::Chart(chart));
            }
            sections.push(Section {
                id: format!("scenario-{}", place + 1),
                title: arm.scenario.title.clone(),
                blocks,
            });
        }
        sections.push(self.baseline());
        let verdict = scenarios.first().map_or_else(Vec::new, |arm| self.sentences(arm));
        Document {
            title: format!("Rehearsal of {}", self.dao),
            verdict: Verdict {
                outcome: Outcome::Neutral,
                text: verdict
                    .first()
                    .cloned()
                    .unwrap_or_else(|| "The rule as it is, with nothing happening.".to_owned()),
            },
            highlights: scenarios.first().map_or_else(Vec::new, |arm| highlights(arm, &self.arms[0])),
            warnings: self.warnings(),
            manifest: vec![
                ("DAO".to_owned(), self.dao.clone()),
                ("runs".to_owned(), self.runs.to_string()),
                ("seed".to_owned(), self.seed.0.to_string()),
                ("largest members asked for takeovers".to_owned(), self.largest.to_string()),
                ("daotwin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
                ("behaviours".to_owned(), self.behaviours_in_words()),
            ],
            sections,
        }
    }

    fn overview(&self) -> Section {
        let mut columns = vec![String::new()];
        columns.extend(self.arms.iter().map(|arm| arm.scenario.title.clone()));
        let row = |number_of: usize, variable: &Variable| {
            let mut row = vec![variable.meaning.to_owned()];
            row.extend(self.arms.iter().map(|arm| {
                let Variable { name, mean, interval: (low, high), .. } = arm.variables[number_of];
                let told = number(name, mean);
                if mean.is_finite() {
                    format!("{told} ({} to {})", number(name, low), number(name, high))
                } else {
                    told
                }
            }));
            row
        };
        let rows =
            self.arms[0].variables.iter().enumerate().map(|(place, variable)| row(place, variable)).collect();
        let bars = Chart {
            id: "passed-and-taken-over".to_owned(),
            title: "What passes, and what the largest could pass alone".to_owned(),
            description:
                "for each scenario the share of proposals that pass and the share of runs with a takeover"
                    .to_owned(),
            plot: Plot::Bars {
                categories: self.arms.iter().map(|arm| arm.scenario.title.clone()).collect(),
                y: Axis { label: "share".to_owned(), scale: Scale::Linear },
                series: [("passed", "proposals that pass"), ("taken_over", "runs with a takeover")]
                    .map(|(name, label)| {
                        let means = self
                            .arms
                            .iter()
                            .map(|arm| arm.variable(name).map_or(f64::NAN, |known| known.mean));
                        (label.to_owned(), means.collect())
                    })
                    .to_vec(),
            },
        };
        let table = Table { caption: "Means over runs, with 90 % intervals".to_owned(), columns, rows };
        let mut blocks = vec![Block::Chart(bars), Block::Table(table)];
        if self.arms.len() > 2 {
            blocks.push(Block::Chart(self.tornado()));
        }
        blocks.extend(self.behaviours().map(Block::Table));
        Section { id: "overview".to_owned(), title: "Side by side".to_owned(), blocks }
    }

    /// The behaviours that are on in a scenario.
    fn on(arm: &Arm) -> impl Iterator<Item = (&'static str, Strength)> {
        let behaviours = arm.scenario.behaviours.iter();
        behaviours
            .map(|(name, strength)| (*name, *strength))
            .filter(|(_, strength)| *strength != Strength::Off)
    }

    /// Which behaviours are on, in a line.
    fn behaviours_in_words(&self) -> String {
        let told = |arm: &Arm| {
            let on: Vec<String> =
                Self::on(arm).map(|(name, strength)| format!("{name} {strength}")).collect();
            let on = if on.is_empty() { "none".to_owned() } else { on.join(", ") };
            format!("{}: {on}", arm.scenario.title)
        };
        self.arms.iter().map(told).collect::<Vec<_>>().join("; ")
    }

    /// The behaviours that are on anywhere, with what is known of them.
    fn behaviours(&self) -> Option<Table> {
        let rows: Vec<Vec<String>> = BEHAVIOURS
            .iter()
            .filter_map(|behaviour| {
                let strengths: Vec<String> = self
                    .arms
                    .iter()
                    .filter_map(|arm| {
                        let (_, strength) = Self::on(arm).find(|(name, _)| *name == behaviour.name)?;
                        Some(format!("{}: {strength}", arm.scenario.title))
                    })
                    .collect();
                let texts = [
                    behaviour.name,
                    &strengths.join("; "),
                    &behaviour.prior.to_string(),
                    behaviour.formula,
                    behaviour.evidence,
                ];
                (!strengths.is_empty()).then(|| texts.map(str::to_owned).to_vec())
            })
            .collect();
        let columns = ["behaviour", "strength", "prior", "term", "evidence"].map(str::to_owned).to_vec();
        let caption = "How people answer: strengths, \"prior\" where every run draws its own".to_owned();
        (!rows.is_empty()).then_some(Table { caption, columns, rows })
    }

    /// By how much each scenario moves what passes, the largest first.
    fn tornado(&self) -> Chart {
        let moved = |arm: &Arm| arm.differences.first().map_or(0.0, |(mean, _)| *mean);
        let mut order: Vec<&Arm> = self.arms[1..].iter().collect();
        order.sort_by(|left, right| moved(right).abs().total_cmp(&moved(left).abs()));
        Chart {
            id: "tornado".to_owned(),
            title: "What moves the pass rate most".to_owned(),
            description: "difference of the share of proposals that pass to the rule as it is, by scenario"
                .to_owned(),
            plot: Plot::Bars {
                categories: order.iter().map(|arm| arm.scenario.title.clone()).collect(),
                y: Axis { label: "difference of the pass rate".to_owned(), scale: Scale::Linear },
                series: vec![("difference".to_owned(), order.iter().map(|arm| moved(arm)).collect())],
            },
        }
    }

    fn baseline(&self) -> Section {
        let base = &self.arms[0];
        let mut blocks = vec![Block::Text {
            text: "The model of the DAO under its rule as it is, with nothing happening; where records were given they stand \
                   beside it."
                .to_owned(),
        }];
        blocks.extend(base.courses.iter().map(|course| self.fan(course, course, usize::MAX)));
        Section { id: "baseline".to_owned(), title: "As it is".to_owned(), blocks }
    }

    /// A course as a fan: 5 to 95 % and 25 to 75 % of the runs, the median, the recorded rule's median, the records.
    fn fan(&self, course: &Course, base: &Course, place: usize) -> Block {
        let points = |q: usize| -> Vec<(f64, f64)> {
            self.steps.iter().zip(&course.bands).map(|(at, bands)| (*at as f64, bands[q])).collect()
        };
        let upper = |q: usize| course.bands.iter().map(|bands| bands[q]).collect();
        let series = |name: &str, role, mark, points, upper| Series {
            name: name.to_owned(),
            role,
            mark,
            points,
            upper,
        };
        let mut list = vec![
            series("5 to 95 % of runs", Role::Synthetic, Mark::Band, points(0), upper(4)),
            series("25 to 75 % of runs", Role::Synthetic, Mark::Band, points(1), upper(3)),
            series("median", Role::Synthetic, Mark::Line, points(2), Vec::new()),
        ];
        let alone = place == usize::MAX;
        if !alone {
            let points =
                self.steps.iter().zip(&base.bands).map(|(at, bands)| (*at as f64, bands[2])).collect();
            list.push(series("as it is, median", Role::Other(1), Mark::Line, points, Vec::new()));
        }
        if let Some(recorded) = &course.recorded {
            let points = self.steps.iter().zip(recorded).map(|(at, value)| (*at as f64, *value)).collect();
            list.push(series("records", Role::Real, Mark::Line, points, Vec::new()));
        }
        Block::Chart(Chart {
            id: format!(
                "{}-{}",
                course.name,
                if alone { "baseline".to_owned() } else { (place + 1).to_string() }
            ),
            title: course.meaning.to_owned(),
            description: format!("{} over time: quantiles over runs", course.meaning),
            plot: Plot::Xy {
                x: Axis { label: "start of voting".to_owned(), scale: Scale::Time },
                y: Axis {
                    label: course.meaning.to_owned(),
                    scale: if matches!(course.name, "power" | "needed") { Scale::Log } else { Scale::Linear },
                },
                series: list,
            },
        })
    }
}

/// What a condition does to the token's price.
pub(super) fn price_factor(condition: &crate::scenario::Condition) -> f64 {
    match condition.kind {
        "downturn" => 1.0 - condition.number("depth"),
        "price_shock" => condition.number("factor"),
        _ => 1.0,
    }
}

fn highlights(arm: &Arm, base: &Arm) -> Vec<Highlight> {
    let told = |name: &str, label: &str| {
        let (now, before) = (arm.variable(name)?, base.variable(name)?);
        Some(Highlight {
            label: label.to_owned(),
            figure: number(name, now.mean),
            outcome: Outcome::Neutral,
            text: format!("{}; as it is {}", now.meaning, number(name, before.mean)),
        })
    };
    [("passed", "Pass"), ("voters", "Voters"), ("taken_over", "Takeover")]
        .into_iter()
        .filter_map(|(name, label)| told(name, label))
        .collect()
}

fn scores(arm: &Arm, base: &Arm, place: usize) -> Vec<Score> {
    let score = |(now, before): (&Variable, &Variable)| {
        let mut references = vec![("as it is".to_owned(), before.mean)];
        references.extend(now.recorded.map(|value| ("records".to_owned(), value)));
        Score {
            id: format!("simulation.{}.{}", place + 1, now.name),
            label: now.name.replace('_', " "),
            value: now.mean,
            interval: Some(now.interval),
            references,
            bar: None,
            outcome: Outcome::Neutral,
            meaning: now.meaning.to_owned(),
        }
    };
    let pairs = arm.variables.iter().zip(&base.variables);
    pairs.filter(|(now, _)| now.mean.is_finite()).map(score).collect()
}

/// Tokens against the share of proposals that they would carry.
fn attack_curve(arm: &Arm, base: &Arm, place: usize) -> Chart {
    let curve = |arm: &Arm, quantile: usize| -> Vec<(f64, f64)> {
        let last = arm.attack.len().max(2) - 1;
        let share = |step: usize| step as f64 / last as f64;
        let points = arm.attack.iter().enumerate().map(|(step, tokens)| (tokens[quantile], share(step)));
        points.filter(|(tokens, _)| tokens.is_finite()).collect()
    };
    let line = |name: &str, role, points| Series {
        name: name.to_owned(),
        role,
        mark: Mark::Line,
        points,
        upper: Vec::new(),
    };
    Chart {
        id: format!("attack-{}", place + 1),
        title: "What buying the votes would take".to_owned(),
        description: "share of the proposals that somebody new passes against all who vote, by tokens"
            .to_owned(),
        plot: Plot::Xy {
            x: Axis { label: "tokens".to_owned(), scale: Scale::Log },
            y: Axis { label: "share of proposals".to_owned(), scale: Scale::Linear },
            series: vec![
                line("cheapest 5 % of runs", Role::Other(0), curve(arm, 0)),
                line("median run", Role::Synthetic, curve(arm, 1)),
                line("dearest 5 % of runs", Role::Other(2), curve(arm, 2)),
                line("as it is, median run", Role::Other(1), curve(base, 1)),
            ],
        },
    }
}

/// The chance of each proposal to pass, ordered by it.
fn proposals(arm: &Arm, base: &Arm, place: usize) -> Option<Chart> {
    if arm.proposals.is_empty() {
        return None;
    }
    let ordered = |arm: &Arm| -> Vec<(f64, f64)> {
        let mut chances: Vec<f64> = arm.proposals.iter().map(|(chance, _)| *chance).collect();
        chances.sort_by(|left, right| right.total_cmp(left));
        chances.into_iter().enumerate().map(|(place, chance)| ((place + 1) as f64, chance)).collect()
    };
    let line = |name: &str, role, points| Series {
        name: name.to_owned(),
        role,
        mark: Mark::Step,
        points,
        upper: Vec::new(),
    };
    Some(Chart {
        id: format!("proposals-{}", place + 1),
        title: "How many proposals are how sure to pass".to_owned(),
        description: "chance to pass of every proposal, the surest first".to_owned(),
        plot: Plot::Xy {
            x: Axis { label: "proposals".to_owned(), scale: Scale::Linear },
            y: Axis { label: "chance to pass".to_owned(), scale: Scale::Linear },
            series: vec![
                line("scenario", Role::Synthetic, ordered(arm)),
                line("as it is", Role::Other(1), ordered(base)),
            ],
        },
    })
}
