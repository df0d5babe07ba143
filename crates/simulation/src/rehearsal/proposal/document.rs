//! An outlook as a document: sentences to post, who decides, what would change it.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Section, Series, Table,
    Verdict,
};

use super::super::document::{amount, percent};
use super::{Chance, Changed, Outlook};

fn told(chance: &Chance) -> String {
    let (low, high) = chance.interval;
    format!("{} ({} to {})", percent(chance.share), percent(low), percent(high))
}

/// An id short enough for a sentence.
fn short(member: &str) -> String {
    let letters: Vec<char> = member.chars().collect();
    if letters.len() <= 16 {
        return member.to_owned();
    }
    let text = |part: &[char]| part.iter().collect::<String>();
    format!("{}...{}", text(&letters[..6]), text(&letters[letters.len() - 4..]))
}

/// Percentage points with their interval.
fn points(changed: &Changed) -> String {
    let (low, high) = changed.interval;
    format!("{:+.1} ({:+.1} to {:+.1})", changed.difference * 100.0, low * 100.0, high * 100.0)
}

/// Whether the runs tell a difference.
fn differs(changed: &Changed) -> bool {
    let (low, high) = changed.interval;
    low > 0.0 || high < 0.0
}

impl Outlook {
    fn title(&self) -> String {
        self.ask.title.as_ref().map_or_else(|| "The proposal".to_owned(), |title| format!("\"{title}\""))
    }

    /// The outlook in sentences that stand by themselves.
    pub fn sentences(&self) -> Vec<String> {
        let (passed, of) = self.recorded;
        let rule = if self.quorum > 0.0 {
            format!("a quorum of {} tokens and more than {} for", amount(self.quorum), percent(self.approval))
        } else {
            format!("more than {} for", percent(self.approval))
        };
        let mut sentences = vec![format!(
            "{} passes with a chance of {} under {rule}; of the {of} proposals on record {} would have.",
            self.title(),
            told(&self.passes),
            percent(passed as f64 / of.max(1) as f64),
        )];
        if self.passes.share < 1.0 {
            sentences.push(format!(
                "It misses the quorum in {} of the runs, and reaches it without a majority in {}; {} vote in half of the \
                 runs or more, {} to {} in nine of ten.",
                percent(self.no_quorum.share),
                percent(self.no_majority.share),
                amount(self.voters[2]),
                amount(self.voters[0]),
                amount(self.voters[4]),
            ));
        }
        if let Some(first) = self.deciders.first().filter(|first| first.swing.share > 0.0) {
            sentences.push(format!(
                "{} decides it most: it passes in {} of the runs with this member for it and in {} with it against, all \
                 others as they are.",
                short(&first.member),
                percent(first.with_for),
                percent(first.with_against),
            ));
        }
        let (coalition, passes) = &self.coalition;
        if !coalition.is_empty() {
            let names: Vec<String> = coalition.iter().take(5).map(|member| short(member)).collect();
            let more = coalition.len().saturating_sub(names.len());
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            let [low, _, high] = self.turned_by;
            sentences.push(format!(
                "In the run in the middle it {}, and {} ({}{rest}) would be enough to turn that; in nine of ten runs it takes \
                 {low:.0} to {high:.0}.",
                if *passes { "passes" } else { "fails" },
                if coalition.len() == 1 { "one member".to_owned() } else { format!("{} members", coalition.len()) },
                names.join(", "),
            ));
        }
        let words: Vec<String> = self
            .changes
            .iter()
            .filter(|changed| differs(changed))
            .take(3)
            .map(|changed| {
                format!(
                    "{}: {} percentage points, to {}",
                    changed.title,
                    points(changed),
                    percent(changed.chance.share)
                )
            })
            .collect();
        sentences.push(if words.is_empty() {
            "Nothing that was tried changes its chance by more than these runs could tell.".to_owned()
        } else {
            format!("What would change it most: {}.", words.join("; "))
        });
        sentences
    }

    /// What a reader must know before using the figures.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = vec![
            "A chance says what follows from who voted, with what power and for whom, on the proposals on record. It knows \
             nothing of what the text proposes. Intervals are over runs and do not cover errors of the model; `cargo run \
             --release -p daotwin-simulation --example outlook` holds such chances against recorded outcomes."
                .to_owned(),
        ];
        warnings.extend(self.notes.iter().cloned());
        warnings
    }

    /// The whole of it.
    pub fn document(&self) -> Document {
        let sentences = self.sentences();
        let text = |text: &String| Block::Text { text: text.clone() };
        let mut first: Vec<Block> = sentences.iter().skip(1).map(text).collect();
        first.push(Block::Table(self.figures()));
        first.push(Block::Chart(self.margin_chart()));
        let sections = vec![
            Section { id: "chance".to_owned(), title: "Its chance".to_owned(), blocks: first },
            Section {
                id: "deciders".to_owned(),
                title: "Who decides it".to_owned(),
                blocks: vec![Block::Chart(self.decider_chart()), Block::Table(self.decider_table())],
            },
            Section {
                id: "changes".to_owned(),
                title: "What would change it".to_owned(),
                blocks: vec![Block::Chart(self.tornado()), Block::Table(self.change_table())],
            },
        ];
        let highlight = |label: &str, figure: String, text: &str| Highlight {
            label: label.to_owned(),
            figure,
            outcome: Outcome::Neutral,
            text: text.to_owned(),
        };
        let mut highlights =
            vec![highlight("Passes", percent(self.passes.share), "share of the runs in which it passes")];
        if let Some(decider) = self.deciders.first().filter(|decider| decider.swing.share > 0.0) {
            highlights.push(highlight(
                "Decides",
                percent(decider.swing.share),
                &format!("of the runs pass with {} for and fail with it against", short(&decider.member)),
            ));
        }
        if let Some(changed) = self.changes.first().filter(|changed| differs(changed)) {
            highlights.push(highlight(
                "Changes",
                format!("{:+.0} points", changed.difference * 100.0),
                &format!("{}: the most of what was tried", changed.title),
            ));
        }
        Document {
            title: self.ask.title.as_ref().map_or_else(
                || format!("One proposal of {}", self.dao),
                |title| format!("{title}: outlook in {}", self.dao),
            ),
            verdict: Verdict { outcome: Outcome::Neutral, text: sentences[0].clone() },
            highlights,
            warnings: self.warnings(),
            manifest: vec![
                ("DAO".to_owned(), self.dao.clone()),
                ("runs".to_owned(), self.runs.to_string()),
                ("seed".to_owned(), self.seed.0.to_string()),
                ("days open".to_owned(), format!("{:.2}", self.window_days)),
                ("proposals on record".to_owned(), self.recorded.1.to_string()),
                ("known ballots".to_owned(), self.ask.ballots.len().to_string()),
                ("daotwin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ],
            sections,
        }
    }

    fn figures(&self) -> Table {
        let over = |name: &str, values: &[f64; 5], show: &dyn Fn(f64) -> String| {
            std::iter::once(name.to_owned()).chain(values.iter().map(|value| show(*value))).collect()
        };
        let share = |value: f64| if value.is_nan() { "-".to_owned() } else { percent(value) };
        Table {
            caption: "Over runs".to_owned(),
            columns: ["", "5 %", "25 %", "50 %", "75 %", "95 %"].map(str::to_owned).to_vec(),
            rows: vec![
                over("voters", &self.voters, &amount),
                over("tokens cast", &self.power, &amount),
                over("tokens for", &self.power_for, &amount),
                over("share for, among for and against", &self.support, &share),
            ],
        }
    }

    fn margin_chart(&self) -> Chart {
        let last = self.margins.len().max(2) - 1;
        let points = self.margins.iter().enumerate();
        Chart {
            id: "margins".to_owned(),
            title: "How far it is from the other outcome".to_owned(),
            description: "share of runs by the distance to the other outcome, of the weight cast or of the quorum; left of \
                          0 it fails"
                .to_owned(),
            plot: Plot::Xy {
                x: Axis { label: "distance; fails below 0".to_owned(), scale: Scale::Linear },
                y: Axis { label: "share of runs below".to_owned(), scale: Scale::Linear },
                series: vec![Series {
                    name: "runs".to_owned(),
                    role: Role::Synthetic,
                    mark: Mark::Line,
                    points: points
                        // A quorum exceeded tenfold is no closer than one exceeded twice.
                        .map(|(step, margin)| (margin.min(2.0), step as f64 / last as f64))
                        .collect(),
                    upper: Vec::new(),
                }],
            },
        }
    }

    fn decider_chart(&self) -> Chart {
        let of = |of: &dyn Fn(&super::Decider) -> f64| self.deciders.iter().map(of).collect::<Vec<f64>>();
        Chart {
            id: "deciders".to_owned(),
            title: "The chance with each member for and against".to_owned(),
            description: "chance to pass with a member for, without it and with it against".to_owned(),
            plot: Plot::Bars {
                categories: self.deciders.iter().map(|decider| short(&decider.member)).collect(),
                y: Axis { label: "chance to pass".to_owned(), scale: Scale::Linear },
                series: vec![
                    ("for".to_owned(), of(&|decider| decider.with_for)),
                    ("away".to_owned(), of(&|decider| decider.without)),
                    ("against".to_owned(), of(&|decider| decider.with_against)),
                ],
            },
        }
    }

    fn decider_table(&self) -> Table {
        Table {
            caption: "Members by their swing: runs that pass with the member for and fail with it against. Decisive: runs that \
                      its own ballot decides. Pivot: runs in which it completes the majority when voters join in random \
                      order. With 90 % intervals"
                .to_owned(),
            columns: ["member", "tokens", "votes", "for", "against", "swing", "decisive", "pivot"]
                .map(str::to_owned)
                .to_vec(),
            rows: self
                .deciders
                .iter()
                .map(|decider| {
                    vec![
                        decider.member.clone(),
                        amount(decider.tokens),
                        percent(decider.comes),
                        percent(decider.with_for),
                        percent(decider.with_against),
                        told(&decider.swing),
                        percent(decider.decisive.share),
                        percent(decider.pivot.share),
                    ]
                })
                .collect(),
        }
    }

    fn tornado(&self) -> Chart {
        let of = |of: &dyn Fn(&Changed) -> f64| self.changes.iter().map(of).collect::<Vec<f64>>();
        Chart {
            id: "tornado".to_owned(),
            title: "What would change its chance".to_owned(),
            description: "difference of the chance to pass under each changed condition, the largest first"
                .to_owned(),
            plot: Plot::Bars {
                categories: self.changes.iter().map(|changed| changed.title.clone()).collect(),
                y: Axis { label: "difference of the chance".to_owned(), scale: Scale::Linear },
                series: vec![("difference".to_owned(), of(&|changed| changed.difference))],
            },
        }
    }

    fn change_table(&self) -> Table {
        Table {
            caption: "Each condition alone, on the same draws, with 90 % intervals. Top voters: by the power that is expected of \
                      them; 10 points for: of the expected share; authors: of three proposals or more"
                .to_owned(),
            columns: ["condition", "chance to pass", "percentage points"].map(str::to_owned).to_vec(),
            rows: self
                .changes
                .iter()
                .map(|changed| vec![changed.title.clone(), told(&changed.chance), points(changed)])
                .collect(),
        }
    }
}
