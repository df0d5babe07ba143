//! The evaluation as a document for the `report` room: verdict, scores, pictures, and what they do not say.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Score, Section, Series, Table,
    Verdict,
};
use daotwin_core::statistics::quantile_sorted;
use daotwin_history::facts::{FactTable, activity_tail, power_tail};

use crate::evaluation::{CORRELATED, DaoEvaluation, Evaluation, Side};
use crate::fidelity::facts::count_outcome;
use crate::metric::METRICS;

/// Points drawn of a curve at most.
const MAX_POINTS: usize = 400;
/// At most one fact of a DAO may lie outside its tolerance.
const FACTS_OUTSIDE: usize = 1;

impl Evaluation {
    /// The report of this evaluation. It shows real figures and is not private.
    pub fn document(&self) -> Document {
        let name = match self.daos.as_slice() {
            [dao] => dao.dao.clone(),
            daos => format!("{} DAOs", daos.len()),
        };
        let mut sections = Vec::new();
        for dao in &self.daos {
            let prefix = if self.daos.len() > 1 { format!("{}: ", dao.dao) } else { String::new() };
            let id = |name: &str| {
                if self.daos.len() > 1 { format!("{name}-{}", slug(&dao.dao)) } else { name.to_owned() }
            };
            for (part, title, blocks) in chapters(dao, &id) {
                sections.push(Section { id: id(part), title: format!("{prefix}{title}"), blocks });
            }
        }
        if !self.gates.is_empty() {
            sections.insert(0, self.gate_section());
        }
        sections.push(not_said());
        Document {
            title: format!("{name}: synthetic against real"),
            verdict: self.verdict(),
            highlights: self.highlights(),
            warnings: vec![
                "Computed on real data: this report is not private. Show it only to those who may see the data."
                    .to_owned(),
            ],
            manifest: self.manifest(),
            sections,
        }
    }

    fn manifest(&self) -> Vec<(String, String)> {
        let mut manifest = vec![
            ("daotwin".to_owned(), self.version.to_owned()),
            ("schema".to_owned(), self.schema.to_owned()),
            ("seed".to_owned(), self.seed.to_string()),
            ("real History".to_owned(), self.real.clone()),
        ];
        manifest.extend(
            self.synthetic
                .iter()
                .enumerate()
                .map(|(index, print)| (format!("synthetic History {}", index + 1), print.clone())),
        );
        manifest.push(("privacy of this report".to_owned(), "none: real data".to_owned()));
        manifest
    }

    fn verdict(&self) -> Verdict {
        let mut sentences = Vec::new();
        let mut good = true;
        let measured: Vec<&DaoEvaluation> = self.daos.iter().filter(|dao| dao.facts.is_some()).collect();
        match measured.as_slice() {
            [] => {}
            [dao] => {
                let outside: Vec<&str> = dao
                    .facts
                    .iter()
                    .flat_map(|table| {
                        table.rows.iter().filter(|row| !row.holds).map(|row| row.label.as_str())
                    })
                    .collect();
                let total = dao.facts.as_ref().map_or(0, |table| table.rows.len());
                sentences.push(match outside.len() {
                    0 => format!("All {total} facts of the DAO are reproduced within their tolerance."),
                    count => format!(
                        "{} of {total} facts are reproduced within their tolerance; outside: {}.",
                        total - count,
                        outside.join(", ")
                    ),
                });
                good &= outside.len() <= FACTS_OUTSIDE;
            }
            daos => {
                let within = daos.iter().filter(|dao| dao.facts_outside() <= FACTS_OUTSIDE).count();
                sentences.push(format!(
                    "{within} of {} DAOs are reproduced with at most one fact outside its tolerance.",
                    daos.len()
                ));
                good &= within == daos.len();
            }
        }
        if let Some(area) = self.median("detection.trees.auc") {
            let words = match area {
                a if a <= 0.55 => "can hardly tell",
                a if a <= 0.65 => "tell with difficulty",
                a if a <= 0.8 => "can tell",
                _ => "tell easily",
            };
            sentences.push(format!("Boosted trees {words} synthetic votes from real ones (AUC {area:.2})."));
            good &= area <= 0.65;
        }
        let attacks: Vec<(&str, &Score)> =
            self.bad().into_iter().filter(|(_, score)| score.id.starts_with("privacy.")).collect();
        let tried =
            self.daos.iter().flat_map(|dao| &dao.scores).filter(|s| s.id.starts_with("privacy.")).count();
        if !attacks.is_empty() {
            let names: Vec<&str> = attacks.iter().map(|(_, score)| score.label.as_str()).collect();
            sentences.push(format!("Privacy attacks succeed beyond their bar: {}.", names.join(", ")));
            good = false;
        } else if tried > 0 {
            sentences.push("No privacy attack that was tried succeeds beyond its bar.".to_owned());
        }
        let failed = self.gates.iter().filter(|gate| !gate.passed).count();
        if !self.gates.is_empty() {
            sentences.push(format!("{} of {} gates pass.", self.gates.len() - failed, self.gates.len()));
            good &= failed == 0;
        }
        if sentences.is_empty() {
            return Verdict {
                outcome: Outcome::Neutral,
                text: "No figure with a bar was asked for.".to_owned(),
            };
        }
        let outcome = if good { Outcome::Good } else { Outcome::Bad };
        Verdict { outcome, text: sentences.join(" ") }
    }

    /// Is it faithful, is it useful, is it private; each only where it was measured.
    fn highlights(&self) -> Vec<Highlight> {
        let mut highlights = Vec::new();
        let tables: Vec<&FactTable> = self.daos.iter().filter_map(|dao| dao.facts.as_ref()).collect();
        if !tables.is_empty() {
            let total: usize = tables.iter().map(|table| table.rows.len()).sum();
            let outside: usize = tables.iter().map(|table| table.outside()).sum();
            let good = tables.iter().all(|table| table.outside() <= FACTS_OUTSIDE);
            highlights.push(Highlight {
                label: "Fidelity".to_owned(),
                figure: format!("{} of {total} facts hold", total - outside),
                outcome: if good { Outcome::Good } else { Outcome::Bad },
                text: "Participation, power, outcomes and timing against the real DAO, within what chance alone \
                       makes of it."
                    .to_owned(),
            });
        }
        if let (Some(score), [dao]) = (self.median("utility.next_voter"), self.daos.as_slice()) {
            let real = dao.score("utility.next_voter").and_then(|score| score.references.first());
            let real = real.map_or(f64::NAN, |(_, value)| *value);
            highlights.push(Highlight {
                label: "Utility".to_owned(),
                figure: format!("AUC {score:.2}, {real:.2} with real data"),
                outcome: Outcome::Neutral,
                text: "Who votes next on the real DAO, foretold by trees that learned on the synthetic one."
                    .to_owned(),
            });
        }
        let attacks: Vec<&Score> =
            self.daos.iter().flat_map(|dao| &dao.scores).filter(|s| s.id.starts_with("privacy.")).collect();
        if !attacks.is_empty() {
            let failed = attacks.iter().filter(|score| score.outcome != Outcome::Bad).count();
            highlights.push(Highlight {
                label: "Privacy".to_owned(),
                figure: format!("{failed} of {} attacks fail", attacks.len()),
                outcome: if failed == attacks.len() { Outcome::Good } else { Outcome::Bad },
                text:
                    "Attacks that were tried on the members learned from; no guarantee, which only a private \
                       fit gives."
                        .to_owned(),
            });
        }
        highlights
    }

    fn gate_section(&self) -> Section {
        let rows = self.gates.iter().map(|outcome| {
            vec![
                outcome.dao.clone(),
                outcome.gate.id.clone(),
                format!("{} {}", outcome.gate.comparison.sign(), outcome.gate.bar),
                outcome.value.map_or("not measured".to_owned(), number),
                if outcome.passed { "pass" } else { "fail" }.to_owned(),
            ]
        });
        let table = Table {
            caption: "Gates set in `daotwin.toml`".to_owned(),
            columns: ["DAO", "score", "gate", "value", "outcome"].map(str::to_owned).to_vec(),
            rows: rows.collect(),
        };
        Section { id: "gates".to_owned(), title: "Gates".to_owned(), blocks: vec![Block::Table(table)] }
    }
}

/// A DAO's id as a name for links.
fn slug(dao: &str) -> String {
    dao.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect()
}

/// A number for a table: four significant digits; a whole one as it is.
fn number(value: f64) -> String {
    match value.abs() {
        v if v.fract() == 0.0 => format!("{value:.0}"),
        v if v >= 1000.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        v if v >= 0.001 => format!("{value:.3}"),
        _ => format!("{value:.1e}"),
    }
}

fn chapters(
    dao: &DaoEvaluation,
    id: &dyn Fn(&str) -> String,
) -> Vec<(&'static str, &'static str, Vec<Block>)> {
    let scores = |prefixes: &[&str]| -> Vec<Score> {
        let wanted = |score: &&Score| prefixes.iter().any(|prefix| score.id.starts_with(prefix));
        dao.scores.iter().filter(wanted).cloned().collect()
    };
    let skipped = |prefixes: &[&str]| -> Option<Block> {
        let rows: Vec<Vec<String>> = dao
            .skipped
            .iter()
            .filter(|(id, _)| prefixes.iter().any(|prefix| id.starts_with(prefix)))
            .map(|(id, reason)| vec![id.clone(), reason.clone()])
            .collect();
        (!rows.is_empty()).then(|| {
            Block::Table(Table {
                caption: "Not measured".to_owned(),
                columns: vec!["score".to_owned(), "reason".to_owned()],
                rows,
            })
        })
    };
    let text = |text: String| Block::Text { text };
    let mut chapters = Vec::new();

    let (real, synthetic) = (dao.size, dao.synthetic_size);
    let mut blocks = vec![Block::Table(Table {
        caption: "Size of the real DAO and of the first sample".to_owned(),
        columns: ["", "real", "synthetic"].map(str::to_owned).to_vec(),
        rows: [
            ("votes", real.votes, synthetic.votes),
            ("members with a vote", real.voters, synthetic.voters),
            ("proposals with a vote", real.proposals, synthetic.proposals),
        ]
        .map(|(name, real, synthetic)| vec![name.to_owned(), real.to_string(), synthetic.to_string()])
        .to_vec(),
    })];
    if let Some(facts) = &dao.facts {
        blocks.push(text(format!(
            "Each fact is compared over {} sample{}. The floor is the 95th percentile of the same distance \
             between the DAO and its bootstraps: nearer than that, chance alone separates two DAOs. A fact \
             holds within the larger of bar and floor.",
            dao.samples,
            if dao.samples == 1 { "" } else { "s" }
        )));
        blocks.push(Block::Table(fact_table(facts, dao.samples)));
    }
    let figures = scores(&["fidelity.facts"]);
    if !figures.is_empty() {
        blocks.push(Block::Scores { scores: figures });
    }
    chapters.push(("fidelity", "Facts of the DAO", blocks));
    chapters.push(("pictures", "Real and synthetic pictures", pictures(dao, id)));

    let rest: [(&str, &str, &str, &[&str]); 4] = [
        (
            "rows",
            "Single vote rows",
            "Distances on declared bins of vote rows, and whether boosted trees tell real rows from synthetic \
             ones of members and proposals that they did not learn on.",
            &["fidelity.marginals", "detection"],
        ),
        (
            "utility",
            "What the data are good for",
            "Trees learn on the first 70 % of the proposals, synthetic or real, and answer on the last 30 % of \
             the real ones.",
            &["utility"],
        ),
        (
            "privacy",
            "What the data give away",
            "Attacks on the members that the model learned from, each beside a control group or chance. Passing \
             them is no guarantee; only a private fit gives one.",
            &["privacy"],
        ),
        (
            "forecast",
            "Forecast",
            "A twin of the first 70 % of the proposals foretold the last 30 %.",
            &["forecast"],
        ),
    ];
    for (part, title, words, prefixes) in rest {
        let (figures, missing) = (scores(prefixes), skipped(prefixes));
        if figures.is_empty() && missing.is_none() {
            continue;
        }
        let mut blocks = vec![text(words.to_owned())];
        if !figures.is_empty() {
            blocks.push(Block::Scores { scores: figures });
        }
        blocks.extend(missing);
        chapters.push((part, title, blocks));
    }
    chapters
}

fn fact_table(facts: &FactTable, samples: usize) -> Table {
    let optional = |value: Option<f64>| value.map_or("none".to_owned(), number);
    let rows = facts.rows.iter().map(|row| {
        vec![
            row.label.clone(),
            optional(row.real),
            optional(row.synthetic),
            number(row.distance),
            number(row.bar),
            number(row.floor),
            if row.holds { "holds" } else { "outside" }.to_owned(),
        ]
    });
    let counts = facts.counts.iter().map(|check| {
        vec![
            check.label.clone(),
            number(check.real),
            if samples > 1 {
                format!("{} ({} to {})", number(check.median), number(check.low), number(check.high))
            } else {
                number(check.median)
            },
            String::new(),
            String::new(),
            String::new(),
            match count_outcome(check.holds, samples) {
                Outcome::Good => "in the range",
                Outcome::Bad => "outside",
                Outcome::Neutral => "too few samples",
            }
            .to_owned(),
        ]
    });
    let columns = ["fact", "real", "synthetic", "distance", "bar", "floor", "outcome"];
    Table {
        caption: "Facts: median or value, distance, bar and floor".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.chain(counts).collect(),
    }
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.to_owned(), scale }
}

/// At most [`MAX_POINTS`] of the points, both ends included, dense where a log axis needs them: at the end.
fn thin(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    let n = points.len();
    if n <= MAX_POINTS {
        return points;
    }
    // Half of the points spread over the curve, half over its last hundredth of members: the largest.
    let mut keep: Vec<usize> = (0..MAX_POINTS / 2).map(|i| i * (n - 1) / (MAX_POINTS / 2 - 1)).collect();
    keep.extend(n.saturating_sub(MAX_POINTS / 2)..n);
    keep.sort_unstable();
    keep.dedup();
    keep.into_iter().map(|index| points[index]).collect()
}

fn pair(dao: &DaoEvaluation, mark: Mark, points: impl Fn(&Side) -> Vec<(f64, f64)>) -> Vec<Series> {
    let sides =
        [("real", Role::Real, &dao.pictures.real), ("synthetic", Role::Synthetic, &dao.pictures.synthetic)];
    sides
        .map(|(name, role, side)| Series {
            name: name.to_owned(),
            role,
            mark,
            points: thin(points(side)),
            upper: Vec::new(),
        })
        .to_vec()
}

/// The distribution function of ascending values, as steps; times within a window all have the same scale.
fn distribution(ascending: &[f64]) -> Vec<(f64, f64)> {
    if ascending.is_empty() {
        return Vec::new();
    }
    (0..=200)
        .map(|step| {
            let share = f64::from(step) / 200.0;
            (quantile_sorted(ascending, share), share)
        })
        .collect()
}

fn pictures(dao: &DaoEvaluation, id: &dyn Fn(&str) -> String) -> Vec<Block> {
    let chart = |name: &str, title: &str, description: &str, plot: Plot| {
        Block::Chart(Chart {
            id: id(name),
            title: title.to_owned(),
            description: description.to_owned(),
            plot,
        })
    };
    let share = |label: &str, scale: Scale| axis(label, scale);
    let mut blocks = vec![
        chart(
            "activity-tail",
            "Activity of members",
            "Share of voters with at least so many votes, on logarithmic axes; curves that lie together mean \
             the same mix of one-time and constant voters.",
            Plot::Xy {
                x: axis("votes cast", Scale::Log),
                y: share("share of voters with at least as many", Scale::Log),
                series: pair(dao, Mark::Step, |side| activity_tail(&side.facts.votes_per_member)),
            },
        ),
        chart(
            "power-tail",
            "Voting power of members",
            "Share of voters with at least so much mean power in tokens, on logarithmic axes; the right end \
             shows the largest holders.",
            Plot::Xy {
                x: axis("mean power, tokens", Scale::Log),
                y: share("share of voters with at least as much", Scale::Log),
                series: pair(dao, Mark::Step, |side| power_tail(&side.facts.mean_power)),
            },
        ),
        chart(
            "turnout",
            "Turnout over time",
            "Votes of each proposal at the time it starts.",
            Plot::Xy {
                x: axis("start of voting", Scale::Time),
                y: axis("votes", Scale::Log),
                series: pair(dao, Mark::Dots, |side| {
                    let points = &side.turnout;
                    let n = points.len().max(1);
                    let most = 700.min(n);
                    (0..most.min(points.len())).map(|index| points[index * n / most]).collect()
                }),
            },
        ),
        chart(
            "timing",
            "When votes come",
            "Share of votes cast by each point of the voting window; a straight diagonal means an even flow.",
            Plot::Xy {
                x: axis("share of the window gone", Scale::Linear),
                y: axis("share of votes cast", Scale::Linear),
                series: pair(dao, Mark::Line, |side| distribution(&side.facts.time_in_window)),
            },
        ),
        majority_bars(dao, &chart),
    ];
    blocks.extend(co_voting(dao, &chart));
    blocks.push(correlations(dao, &chart));
    blocks
}

type Draw<'d> = dyn Fn(&str, &str, &str, Plot) -> Block + 'd;

fn majority_bars(dao: &DaoEvaluation, chart: &Draw<'_>) -> Block {
    let edges = [0.5, 0.6, 0.7, 0.8, 0.9, 0.99];
    let labels = ["to 50 %", "50-60 %", "60-70 %", "70-80 %", "80-90 %", "90-99 %", "above 99 %"];
    let heights = |side: &Side| -> Vec<f64> {
        let shares = &side.facts.majority_share;
        let mut counts = vec![0.0; labels.len()];
        for share in shares {
            counts[edges.partition_point(|edge| edge < share)] += 1.0 / shares.len() as f64;
        }
        counts
    };
    chart(
        "majority",
        "How clear outcomes are",
        "Share of proposals by the power share of the winning choice; those below 60 % are contested.",
        Plot::Bars {
            categories: labels.map(str::to_owned).to_vec(),
            y: axis("share of proposals", Scale::Linear),
            series: vec![
                ("real".to_owned(), heights(&dao.pictures.real)),
                ("synthetic".to_owned(), heights(&dao.pictures.synthetic)),
            ],
        },
    )
}

fn co_voting(dao: &DaoEvaluation, chart: &Draw<'_>) -> Option<Block> {
    let size = |side: &Side| side.co_voting.members.len();
    let n = size(&dao.pictures.real).min(size(&dao.pictures.synthetic));
    if n < 3 {
        return None;
    }
    let corner = |side: &Side| -> Vec<f64> {
        let width = size(side);
        (0..n)
            .flat_map(|row| side.co_voting.agreement[row * width..row * width + n].iter().copied())
            .collect()
    };
    Some(chart(
        "co-voting",
        "Voting blocs",
        "Share of common proposals on which two of the most active members chose the same; members who agree \
         stand together, numbered without names; missing where two share fewer than three proposals. The \
         members of the two maps are different people: compare the size of blocs, not their place.",
        Plot::Heatmaps {
            rows: (1..=n).map(|member| member.to_string()).collect(),
            columns: Vec::new(),
            maps: vec![
                ("real".to_owned(), corner(&dao.pictures.real)),
                ("synthetic".to_owned(), corner(&dao.pictures.synthetic)),
            ],
            range: (0.0, 1.0),
        },
    ))
}

fn correlations(dao: &DaoEvaluation, chart: &Draw<'_>) -> Block {
    let (real, synthetic) = (&dao.pictures.real.correlations, &dao.pictures.synthetic.correlations);
    let difference = real.iter().zip(synthetic).map(|(a, b)| b - a).collect();
    chart(
        "correlations",
        "Correlations of vote rows",
        "Spearman correlations between columns of the vote rows, real, synthetic, and synthetic minus real.",
        Plot::Heatmaps {
            rows: CORRELATED.map(|name| name.replace('_', " ")).to_vec(),
            columns: Vec::new(),
            maps: vec![
                ("real".to_owned(), real.clone()),
                ("synthetic".to_owned(), synthetic.clone()),
                ("difference".to_owned(), difference),
            ],
            range: (-1.0, 1.0),
        },
    )
}

fn not_said() -> Section {
    let limits = METRICS.iter().map(|metric| {
        let card = metric.card();
        [metric.id(), card.purpose, card.limits, card.source].map(str::to_owned).to_vec()
    });
    let text = "A score near its reference says that this score cannot tell the two apart, not that nothing can. \
                The pictures and single-sample scores show the first sample; another seed gives another DAO. \
                Facts are averages over the whole history. Texts, delegations and holdings are not compared. \
                Attacks that fail prove nothing about attacks not tried: the guarantee of a private fit is \
                in the twin's own manifest, and this report adds nothing to it.";
    Section {
        id: "limits".to_owned(),
        title: "What the figures do not say".to_owned(),
        blocks: vec![
            Block::Text { text: text.to_owned() },
            Block::Table(Table {
                caption: "Metrics, what they cannot see, and where they come from".to_owned(),
                columns: ["metric", "purpose", "limits", "source"].map(str::to_owned).to_vec(),
                rows: limits.collect(),
            }),
        ],
    }
}
