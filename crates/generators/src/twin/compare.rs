//! A private twin's samples beside what it measured: the report that needs no real data.
//!
//! The sample is counted with the same queries and the same bounds as the private fit did, without noise. A
//! difference then comes from three things: the measurement's noise, the sample's own chance, and the model.
//! Each score stands beside the difference that the noise alone explains.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Score, Section, Series, Table,
    Verdict,
};
use daotwin_core::statistics::quantile;
use daotwin_core::{Run, Seed};
use daotwin_history::History;
use daotwin_history::facts::{Facts, activity_tail, power_tail, turnout};
use daotwin_history::synthesizer::{Fitted, SampleOptions};
use daotwin_history::view::DaoView;

use super::FittedTwin;
use super::bins::{COUNT_STARTS, GAP_STARTS, PowerGrid, SIZE_CLASSES, TIME_BINS, size_classes};
use super::measure::{Frame, Query, bounded, records};
use super::private::project;
use crate::error::{Error, Result};

/// The tables shown, with their names in words.
const SHOWN: [(Query, &str); 9] = [
    (Query::Count, "members by number of votes"),
    (Query::Power, "members by voting power"),
    (Query::Gap, "gaps between votes, by votes so far"),
    (Query::Previous, "gaps between votes, by the gap before"),
    (Query::SizeGap, "gaps between votes, by turnout of the proposal"),
    (Query::Time, "time in the voting window"),
    (Query::Steady, "members by share of unchanged power"),
    (Query::Choice, "votes by position of the choice"),
    (Query::Session, "time since the member's previous vote"),
];

/// Draws of noise by which its effect is told.
const NOISE_DRAWS: u64 = 40;
/// What is accepted beyond the noise, as a share of the table.
const MODEL_BAR: f64 = 0.08;

fn shares(values: &[f64]) -> Vec<f64> {
    let total = values.iter().sum::<f64>().max(1e-9);
    let projected = project(values, total);
    let sum = projected.iter().sum::<f64>().max(1e-9);
    projected.iter().map(|value| value / sum).collect()
}

/// Total variation distance: the share of a table that would have to move.
fn distance(left: &[f64], right: &[f64]) -> f64 {
    shares(left).iter().zip(shares(right)).map(|(a, b)| (a - b).abs()).sum::<f64>() / 2.0
}

/// One measured table beside the sample's.
struct Compared {
    query: Query,
    label: &'static str,
    measured: Vec<f64>,
    synthetic: Vec<f64>,
    distance: f64,
    noise: f64,
}

impl Compared {
    fn bar(&self) -> f64 {
        self.noise + MODEL_BAR
    }

    fn holds(&self) -> bool {
        self.distance <= self.bar()
    }

    fn score(&self) -> Score {
        Score {
            id: format!("measured.{}", self.query.name()),
            label: self.label.to_owned(),
            value: self.distance,
            references: vec![("noise alone, 95 % of draws".to_owned(), self.noise)],
            bar: Some(self.bar()),
            outcome: if self.holds() { Outcome::Good } else { Outcome::Bad },
            meaning: "share of the table that would have to move to make the sample equal the measurement"
                .to_owned(),
            ..Score::default()
        }
    }
}

fn compare(twin: &FittedTwin, view: &DaoView, index: usize) -> Result<Vec<Compared>> {
    let measured = twin.measured().get(index).filter(|measured| !measured.is_empty());
    let entry = twin.manifest().daos.get(index);
    let statement = entry.and_then(|entry| entry.privacy.as_ref());
    let (Some(measured), Some(statement)) = (measured, statement) else {
        return Err(Error::Nothing(
            "this twin was fitted without privacy and keeps no measurements; compare its samples with the real \
             History instead: `daotwin evaluate --real ... --synthetic ...`"
                .to_owned(),
        ));
    };
    let records = records(view, &std::collections::BTreeMap::new());
    let mut frame = Frame::new(PowerGrid::COARSE, view.proposals.len());
    frame.sizes = size_classes(&bounded(Query::Popularity, &records, &frame));
    let mut noise = Seed(0).stream("noise that the report reckons with");
    let mut compared = Vec::new();
    for (query, label) in SHOWN {
        let Some(values) = measured.get(query.name()) else { continue };
        let synthetic = bounded(query, &records, &frame);
        if synthetic.len() != values.len() {
            return Err(Error::Nothing(format!("the twin's table `{}` has another length", query.name())));
        }
        let record = statement.measurements.iter().find(|record| record.name == query.name());
        let sigma = record.map_or(0.0, |record| record.sigma / record.sensitivity);
        let draws: Vec<f64> = (0..NOISE_DRAWS)
            .map(|_| {
                let noisy: Vec<f64> = synthetic.iter().map(|value| value + sigma * noise.normal()).collect();
                distance(&noisy, &synthetic)
            })
            .collect();
        compared.push(Compared {
            query,
            label,
            measured: values.clone(),
            distance: distance(values, &synthetic),
            synthetic,
            noise: quantile(&draws, 0.95),
        });
    }
    Ok(compared)
}

fn find(compared: &[Compared], query: Query) -> Option<&Compared> {
    compared.iter().find(|table| table.query == query)
}

fn bars(compared: &Compared, id: &str, title: &str, categories: Vec<String>) -> Block {
    Block::Chart(Chart {
        id: id.to_owned(),
        title: title.to_owned(),
        description: format!("{title}: what the private fit measured, noise included, beside the sample."),
        plot: Plot::Bars {
            categories,
            y: Axis { label: "share".to_owned(), scale: Scale::Linear },
            series: vec![
                ("measured, with noise".to_owned(), shares(&compared.measured)),
                ("synthetic".to_owned(), shares(&compared.synthetic)),
            ],
        },
    })
}

fn ranges(starts: &[u32]) -> Vec<String> {
    starts
        .iter()
        .enumerate()
        .map(|(index, &start)| match starts.get(index + 1) {
            Some(&next) if next == start + 1 => start.to_string(),
            Some(&next) => format!("{start}–{}", next - 1),
            None => format!("{start}+"),
        })
        .collect()
}

/// Sums of groups of cells: rows of `width` cells folded onto each other, or runs of `width` cells.
fn folded(values: &[f64], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for row in values.chunks(width) {
        for (sum, value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    sums
}

fn line(name: &str, role: Role, mark: Mark, points: Vec<(f64, f64)>) -> Series {
    Series { name: name.to_owned(), role, mark, points, upper: Vec::new() }
}

fn xy(id: &str, title: &str, description: &str, x: Axis, y: Axis, series: Vec<Series>) -> Block {
    let (id, title, description) = (id.to_owned(), title.to_owned(), description.to_owned());
    Block::Chart(Chart { id, title, description, plot: Plot::Xy { x, y, series } })
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.to_owned(), scale }
}

fn measured_pictures(compared: &[Compared]) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(table) = find(compared, Query::Count) {
        blocks.push(bars(table, "votes-per-member", "Members by number of votes", ranges(&COUNT_STARTS)));
    }
    if let Some(table) = find(compared, Query::Power) {
        let grid = PowerGrid::COARSE;
        let per = grid.per_decade;
        let decades = |values: &[f64]| {
            let shares = shares(values);
            let mut sums = vec![shares[0]];
            sums.extend(shares[1..].chunks(per).map(|bins| bins.iter().sum::<f64>()));
            sums
        };
        let mut categories = vec!["0".to_owned()];
        categories.extend((0..grid.decades).map(|decade| format!("10^{}", grid.lowest + decade as f64)));
        let folded = Compared {
            query: table.query,
            label: table.label,
            measured: decades(&table.measured),
            synthetic: decades(&table.synthetic),
            distance: 0.0,
            noise: 0.0,
        };
        blocks.push(bars(
            &folded,
            "power",
            "Members by mean voting power, from this many tokens",
            categories,
        ));
    }
    if let Some(table) = find(compared, Query::Time) {
        let points = |values: &[f64]| {
            let folded = folded(values, TIME_BINS);
            let shares = shares(&folded);
            shares
                .iter()
                .enumerate()
                .map(|(bin, share)| ((bin as f64 + 0.5) / TIME_BINS as f64, share * TIME_BINS as f64))
                .collect::<Vec<_>>()
        };
        blocks.push(xy(
            "time-in-window",
            "When votes are cast within the voting window",
            "Density of the position in the window, 0 the start and 1 the end: measured with noise, and sampled.",
            axis("position in the window", Scale::Linear),
            axis("density", Scale::Linear),
            vec![
                line("measured, with noise", Role::Measured, Mark::Dots, points(&table.measured)),
                line("synthetic", Role::Synthetic, Mark::Line, points(&table.synthetic)),
            ],
        ));
    }
    if let Some(table) = find(compared, Query::SizeGap) {
        let fold = |values: &[f64]| folded(values, GAP_STARTS.len());
        debug_assert_eq!(table.measured.len(), SIZE_CLASSES * GAP_STARTS.len());
        let folded = Compared {
            query: table.query,
            label: table.label,
            measured: fold(&table.measured),
            synthetic: fold(&table.synthetic),
            distance: 0.0,
            noise: 0.0,
        };
        let title = "Proposals between two votes of a member";
        blocks.push(bars(&folded, "gaps", title, ranges(&GAP_STARTS)));
    }
    blocks
}

fn synthetic_pictures(view: &DaoView, facts: &Facts) -> Vec<Block> {
    let one = |points| vec![line("synthetic", Role::Synthetic, Mark::Line, points)];
    vec![
        xy(
            "turnout",
            "Voters of each synthetic proposal",
            "Voters of each proposal over time.",
            axis("start of voting", Scale::Time),
            axis("voters", Scale::Log),
            vec![line("synthetic", Role::Synthetic, Mark::Dots, turnout(view))],
        ),
        xy(
            "activity-tail",
            "How many members cast at least this many votes",
            "Share of members with at least so many votes, both axes logarithmic.",
            axis("votes", Scale::Log),
            axis("share of members", Scale::Log),
            one(activity_tail(&facts.votes_per_member)),
        ),
        xy(
            "power-tail",
            "How many members hold at least this much power",
            "Share of members with at least so much mean power, both axes logarithmic.",
            axis("mean voting power", Scale::Log),
            axis("share of members", Scale::Log),
            one(power_tail(&facts.mean_power)),
        ),
    ]
}

/// One row of the rehearsal.
fn rehearsed(name: &str, facts: &Facts) -> Vec<String> {
    let median = quantile(&facts.votes_per_proposal, 0.5);
    let above = |bar: f64| facts.majority_share.iter().filter(|share| **share < bar).count();
    vec![
        name.to_owned(),
        facts.votes_per_member.len().to_string(),
        format!("{median:.0}"),
        format!("{:.3}", facts.gini),
        facts.nakamoto.to_string(),
        format!("{:.0} %", facts.persistence * 100.0),
        above(0.6).to_string(),
    ]
}

/// Conditions that the report rehearses, in words.
const REHEARSALS: [(&str, &str, &str); 4] = [
    ("turnout falls to a half", "turnout", "0.5"),
    ("twice as many members join", "newcomers", "2"),
    ("power concentrates", "power_exponent", "1.3"),
    ("power evens out", "power_exponent", "0.7"),
];

/// Samples a private twin at its own size and reports the sample beside what the twin measured.
///
/// Determinism: the seed. Cost: five samples and two counts.
///
/// # Errors
/// [`Error::Nothing`] for a twin that was fitted without privacy; those of sampling.
pub fn document(twin: &FittedTwin, seed: Seed, run: &Run) -> Result<(History, Document)> {
    let history = draw(twin, seed, Vec::new(), run)?;
    let views = DaoView::all(&history)?;
    let mut document = Document::default();
    let mut sections = Vec::new();
    let (mut held, mut all) = (0, 0);
    for (index, entry) in twin.manifest().daos.iter().enumerate() {
        let Some(view) = views.iter().find(|view| view.dao == entry.dao) else { continue };
        let compared = compare(twin, view, index)?;
        held += compared.iter().filter(|table| table.holds()).count();
        all += compared.len();
        let facts = Facts::of(view);
        let mut blocks = vec![
            Block::Text {
                text: "Each table was measured once, with noise, when the twin was fitted. The sample is counted \
                       in the same way without noise. The bar is what the noise alone explains, and 8 % of the \
                       table beyond it."
                    .to_owned(),
            },
            Block::Scores { scores: compared.iter().map(Compared::score).collect() },
        ];
        blocks.extend(measured_pictures(&compared));
        sections.push(Section {
            id: format!("measured-{index}"),
            title: "Synthetic beside what was measured".to_owned(),
            blocks,
        });
        sections.push(Section {
            id: format!("synthetic-{index}"),
            title: "The synthetic DAO".to_owned(),
            blocks: synthetic_pictures(view, &facts),
        });
        let mut rows = vec![rehearsed("as learned", &facts)];
        for (name, condition, value) in REHEARSALS {
            run.check()?;
            let shifted = draw(twin, seed, vec![(condition.to_owned(), value.to_owned())], run)?;
            if let Some(view) = DaoView::all(&shifted)?.iter().find(|view| view.dao == entry.dao) {
                rows.push(rehearsed(name, &Facts::of(view)));
            }
        }
        let columns =
            ["what if", "members", "voters, median", "Gini of power", "Nakamoto", "come back", "contested"];
        sections.push(Section {
            id: format!("rehearsal-{index}"),
            title: "Rehearsed on the twin".to_owned(),
            blocks: vec![Block::Table(Table {
                caption:
                    "One sample for each shift. `come back` is the share of a proposal's voters who vote on \
                          the next; `contested` counts proposals won with less than 60 % of the power."
                        .to_owned(),
                columns: columns.map(str::to_owned).to_vec(),
                rows,
            })],
        });
        if let Some(claim) = entry.privacy.as_ref().and_then(|statement| statement.claim.as_ref()) {
            document.highlights.push(Highlight {
                label: "Privacy".to_owned(),
                figure: format!("ε = {:.2}, δ = {:e}", claim.epsilon, claim.delta),
                outcome: Outcome::Good,
                text: format!(
                    "One {} with everything it did is hidden to this degree: votes, power, times and authorship \
                     together, not row by row.",
                    claim.unit
                ),
            });
        }
        document.highlights.push(Highlight {
            label: "Synthetic DAO".to_owned(),
            figure: format!("{} members, {} votes", facts.votes_per_member.len(), view.votes.len()),
            outcome: Outcome::Neutral,
            text: format!("{} proposals of {}; every name is made up.", view.proposals.len(), entry.dao),
        });
    }
    let good = held * 10 >= all * 8;
    document.title = format!(
        "{}: a private synthetic twin",
        twin.manifest().daos.iter().map(|entry| entry.dao.as_str()).collect::<Vec<_>>().join(", ")
    );
    document.verdict = Verdict {
        outcome: if good { Outcome::Good } else { Outcome::Bad },
        text: format!(
            "{held} of {all} measured tables are met by the sample within what their noise explains and a little \
             more. Nothing here was compared with real rows: the twin keeps none."
        ),
    };
    document.warnings = vec![
        "The measurements carry noise, so agreement with them is not agreement with the truth; the noise is the \
         price of the guarantee."
            .to_owned(),
        "A guarantee hides whether a member took part. It does not hide what is true of the DAO as a whole, and \
         votes that stand on a public chain stay public."
            .to_owned(),
    ];
    document.manifest = manifest_rows(twin, seed);
    sections.push(limits());
    document.sections = sections;
    Ok((history, document))
}

fn draw(twin: &FittedTwin, seed: Seed, conditions: Vec<(String, String)>, run: &Run) -> Result<History> {
    let options = SampleOptions { seed, conditions, ..SampleOptions::default() };
    twin.sample(&options, run).map_err(|failure| match failure.source.downcast::<Error>() {
        Ok(error) => *error,
        Err(other) => Error::Defect(other.to_string()),
    })
}

fn manifest_rows(twin: &FittedTwin, seed: Seed) -> Vec<(String, String)> {
    let manifest = twin.manifest();
    let mut rows = vec![
        ("synthesizer".to_owned(), manifest.synthesizer.clone()),
        ("daotwin".to_owned(), manifest.daotwin.clone()),
        ("seed of the sample".to_owned(), seed.0.to_string()),
        ("seed of the fit (not of its noise)".to_owned(), manifest.seed.0.to_string()),
    ];
    for entry in &manifest.daos {
        let Some(statement) = &entry.privacy else { continue };
        match &statement.claim {
            Some(claim) => {
                rows.push((format!("epsilon of {}", entry.dao), format!("{:.4}", claim.epsilon)));
                rows.push((format!("delta of {}", entry.dao), format!("{:e}", claim.delta)));
                rows.push(("unit of privacy".to_owned(), claim.unit.clone()));
            }
            None => rows.push((entry.dao.clone(), "no privacy claim".to_owned())),
        }
        if let Some(head) = &statement.ledger {
            rows.push(("ledger record".to_owned(), format!("{head:?}")));
        }
    }
    rows
}

fn limits() -> Section {
    let text = "Outcomes of single proposals were not measured: choices follow a law pooled over other DAOs, \
                scaled to the measured share of first choices. Groups that always vote against each other are \
                not modelled. Single whales cannot be told under this guarantee, so the far end of the tail of \
                power is a guess that falls off like a Pareto law. Titles, texts and delegations are not part of \
                this twin.";
    Section {
        id: "limits".to_owned(),
        title: "What the figures do not say".to_owned(),
        blocks: vec![Block::Text { text: text.to_owned() }],
    }
}
