//! What a described DAO came to, as a document.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Section, Series, Table,
    Verdict,
};

use super::{Course, Simulated, Variable};
use crate::governance::referee::Decided;
use crate::rehearsal::{amount, percent};

fn is_share(name: &str) -> bool {
    matches!(name, "turnout" | "passed" | "yes" | "time" | "treasury" | "delegated" | "concentration")
}

fn number(name: &str, value: f64) -> String {
    match value {
        value if value.is_nan() => "-".to_owned(),
        value if is_share(name) => percent(value),
        value => amount(value),
    }
}

impl Simulated {
    fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().find(|variable| variable.name == name)
    }

    /// What came out, in sentences with 90 % intervals.
    pub fn sentences(&self) -> Vec<String> {
        let told = |name: &str| {
            let Variable { mean, interval: (low, high), .. } = self.variable(name)?;
            Some(format!("{} ({} to {})", number(name, *mean), number(name, *low), number(name, *high)))
        };
        let mut sentences = Vec::new();
        if let (Some(passed), Some(turnout), Some(voters)) = (told("passed"), told("turnout"), told("voters"))
        {
            sentences.push(format!(
                "In \"{}\" {passed} of the proposals pass; {turnout} of the supply and {voters} of {} members vote on one.",
                self.title, self.members
            ));
        }
        let (share, (low, high)) = self.half_pass;
        if !share.is_nan() {
            sentences.push(format!(
                "At least half of the proposals pass in {} ({} to {}) of the runs.",
                percent(share),
                percent(low),
                percent(high)
            ));
        }
        if let (Some(price), Some(treasury)) = (self.variable("price"), self.variable("treasury")) {
            let [low, .., high] = price.quantiles;
            sentences.push(format!(
                "At the end the token costs {} to {} in nine of ten runs, and {} of the treasury is left in the middle one.",
                amount(low),
                amount(high),
                number("treasury", treasury.quantiles[2])
            ));
        }
        sentences
    }

    /// The whole of it.
    pub fn document(&self) -> Document {
        let sentences = self.sentences();
        let mut blocks: Vec<Block> = Vec::new();
        if !self.about.is_empty() {
            blocks.push(Block::Text { text: self.about.clone() });
        }
        blocks.extend(sentences.iter().skip(1).map(|text| Block::Text { text: text.clone() }));
        blocks.push(Block::Table(self.table()));
        let highlight = |name: &str, label: &str| {
            let variable = self.variable(name)?;
            Some(Highlight {
                label: label.to_owned(),
                figure: number(name, variable.mean),
                outcome: Outcome::Neutral,
                text: variable.meaning.to_owned(),
            })
        };
        Document {
            title: format!("Simulation of {}", self.title),
            verdict: Verdict {
                outcome: Outcome::Neutral,
                text: sentences.first().cloned().unwrap_or_else(|| "No proposal closed.".to_owned()),
            },
            highlights: [("passed", "Pass"), ("turnout", "Turnout"), ("voters", "Voters")]
                .into_iter()
                .filter_map(|(name, label)| highlight(name, label))
                .collect(),
            warnings: [
                "What members do is described, not learned from any DAO: what is shown follows from the parameters of the file and \
                 the engine's defaults, and says nothing of a DAO that they do not describe. Intervals are over runs."
                    .to_owned(),
            ]
            .into_iter()
            .chain(self.decided.as_ref().map(Decided::sentence))
            .collect(),
            manifest: vec![
                ("members".to_owned(), self.members.to_string()),
                ("supply in tokens".to_owned(), self.supply.to_string()),
                ("runs".to_owned(), self.runs.to_string()),
                ("seed".to_owned(), self.seed.0.to_string()),
                ("daotwin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ],
            sections: vec![
                Section { id: "numbers".to_owned(), title: "Over all runs".to_owned(), blocks },
                Section {
                    id: "time".to_owned(),
                    title: "Over time".to_owned(),
                    blocks: self.courses.iter().map(|course| Block::Chart(self.fan(course))).collect(),
                },
            ],
        }
    }

    fn table(&self) -> Table {
        let row = |variable: &Variable| {
            let show = |value: f64| number(variable.name, value);
            let (low, high) = variable.interval;
            let mut row = vec![
                variable.meaning.to_owned(),
                format!("{} ({} to {})", show(variable.mean), show(low), show(high)),
            ];
            row.extend(variable.quantiles.iter().map(|value| show(*value)));
            row
        };
        Table {
            caption: "Means with 90 % intervals, and quantiles over runs".to_owned(),
            columns: ["", "mean", "5 %", "25 %", "50 %", "75 %", "95 %"].map(str::to_owned).to_vec(),
            rows: self.variables.iter().map(row).collect(),
        }
    }

    fn fan(&self, course: &Course) -> Chart {
        let points = |q: usize| -> Vec<(f64, f64)> {
            self.steps.iter().zip(&course.bands).map(|(at, bands)| (*at as f64, bands[q])).collect()
        };
        let upper = |q: usize| course.bands.iter().map(|bands| bands[q]).collect();
        let series = |name: &str, mark, points, upper| Series {
            name: name.to_owned(),
            role: Role::Synthetic,
            mark,
            points,
            upper,
        };
        Chart {
            id: course.name.to_owned(),
            title: course.meaning.to_owned(),
            description: format!("{} over time: quantiles over runs", course.meaning),
            plot: Plot::Xy {
                x: Axis { label: "time".to_owned(), scale: Scale::Time },
                y: Axis { label: course.meaning.to_owned(), scale: Scale::Linear },
                series: vec![
                    series("5 to 95 % of runs", Mark::Band, points(0), upper(4)),
                    series("25 to 75 % of runs", Mark::Band, points(1), upper(3)),
                    series("median", Mark::Line, points(2), Vec::new()),
                ],
            },
        }
    }
}
