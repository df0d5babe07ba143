//! The report page of an audit: how far the search came, and each finding with its steps to walk through.

use std::sync::Arc;

use alloy_primitives::{Address, U256};
use daotwin_core::document::{
    Axis, Block, Chart, Document, Frame, Highlight, Mark, Outcome, Player, Plot, Role as Drawn, Scale,
    Section, Series, Table, Verdict,
};

use super::markdown::{confidence, impact, whole};
use super::place::place;
use crate::Result;
use crate::chain::{Machine, State};
use crate::finding::{Impact, balance, replay};
use crate::oracle;
use crate::shrink::Shrunk;
use crate::words::{Words, units};
use crate::world::World;

/// Points of the chart of coverage.
const MOST_POINTS: usize = 400;
/// Accounts and tokens whose balances are shown.
const MOST_ACCOUNTS: usize = 12;
const MOST_TOKENS: usize = 4;

/// What a search came to, for the page.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// The project, as it was named.
    pub project: String,
    /// Calls made.
    pub executions: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Branches passed.
    pub edges: u64,
    /// States kept.
    pub corpus: usize,
    /// Branches passed after so many calls.
    pub coverage: Vec<(u64, u64)>,
    /// Whether it ended before it should, by an interrupt.
    pub interrupted: bool,
    /// More to keep with the page: name and value.
    pub manifest: Vec<(String, String)>,
}

/// The page.
///
/// # Errors
/// A defect of the interpreter.
pub fn document(world: &World, findings: &[Shrunk], figures: &Figures) -> Result<Document> {
    let worst = findings.iter().map(|shrunk| shrunk.finding.impact).max();
    let mut sections = vec![overview(findings, figures)];
    let mut machine = Machine::new(world.fork);
    for (number, shrunk) in findings.iter().enumerate() {
        sections.push(section(world, shrunk, number + 1, &mut machine)?);
    }
    let text = match (findings.len(), worst) {
        (0, _) => format!(
            "Nothing was found in {} calls. That is no proof that there is nothing.",
            figures.executions
        ),
        (1, Some(worst)) => format!("One attack works; its impact is {}.", impact(worst)),
        (count, Some(worst)) => format!("{count} attacks work; the worst impact is {}.", impact(worst)),
        _ => String::new(),
    };
    let mut warnings = Vec::new();
    if figures.interrupted {
        warnings.push("The search was interrupted: these are the findings until then.".to_owned());
    }
    let open = findings.iter().filter(|shrunk| !shrunk.simpler.is_empty()).count();
    if open > 0 {
        warnings.push(format!("{open} of the findings are not minimal: shrinking used up its calls."));
    }
    Ok(Document {
        title: format!("Audit of {}", name(&figures.project)),
        verdict: Verdict { outcome: if findings.is_empty() { Outcome::Good } else { Outcome::Bad }, text },
        highlights: highlights(findings, figures),
        warnings,
        manifest: figures.manifest.clone(),
        sections,
    })
}

/// The last part of a path.
fn name(project: &str) -> &str {
    let parts = project.trim_end_matches(['/', '.']).rsplit('/');
    parts.into_iter().find(|part| !part.is_empty()).unwrap_or("the contracts")
}

/// With a capital letter and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

fn highlights(findings: &[Shrunk], figures: &Figures) -> Vec<Highlight> {
    let grave = findings.iter().filter(|shrunk| shrunk.finding.impact >= Impact::High).count();
    let minimal = findings.iter().filter(|shrunk| shrunk.simpler.is_empty()).count();
    let rate = if figures.seconds > 0.0 { figures.executions as f64 / figures.seconds } else { 0.0 };
    vec![
        Highlight {
            label: "Findings of high or critical impact".to_owned(),
            figure: grave.to_string(),
            outcome: if grave == 0 { Outcome::Good } else { Outcome::Bad },
            text: format!("of {} findings; {minimal} of them are minimal", findings.len()),
        },
        Highlight {
            label: "Calls tried".to_owned(),
            figure: figures.executions.to_string(),
            outcome: Outcome::Neutral,
            text: format!("in {:.1} s, {rate:.0} a second", figures.seconds),
        },
        Highlight {
            label: "Branches passed".to_owned(),
            figure: figures.edges.to_string(),
            outcome: Outcome::Neutral,
            text: format!("{} states kept to go on from", figures.corpus),
        },
    ]
}

fn overview(findings: &[Shrunk], figures: &Figures) -> Section {
    let mut blocks = Vec::new();
    if !findings.is_empty() {
        let rows = findings.iter().enumerate().map(|(number, shrunk)| {
            let finding = &shrunk.finding;
            let calls: usize = finding.steps.iter().map(|step| 1 + step.inner.len()).sum();
            vec![
                (number + 1).to_string(),
                impact(finding.impact).to_owned(),
                confidence(finding.confidence).to_owned(),
                finding.oracle.to_owned(),
                whole(&finding.contract, &finding.function),
                finding.title.clone(),
                calls.to_string(),
                finding.executions.to_string(),
            ]
        });
        blocks.push(Block::Table(Table {
            caption: "Findings".to_owned(),
            columns: ["", "impact", "confidence", "oracle", "where", "what", "calls", "found after"]
                .map(str::to_owned)
                .to_vec(),
            rows: rows.collect(),
        }));
    }
    blocks.push(Block::Chart(Chart {
        id: "audit.coverage".to_owned(),
        title: "Branches passed over calls".to_owned(),
        description: "A branch is a jump on a condition, taken or not, in any contract.".to_owned(),
        plot: Plot::Xy {
            x: Axis { label: "calls".to_owned(), scale: Scale::Linear },
            y: Axis { label: "branches".to_owned(), scale: Scale::Linear },
            series: vec![Series {
                name: "this search".to_owned(),
                role: Drawn::Other(0),
                mark: Mark::Line,
                points: points(figures),
                upper: Vec::new(),
            }],
        },
    }));
    Section { id: "search".to_owned(), title: "The search".to_owned(), blocks }
}

/// The curve of coverage, thinned, to the end of the search.
fn points(figures: &Figures) -> Vec<(f64, f64)> {
    let every = figures.coverage.len().div_ceil(MOST_POINTS).max(1);
    let thinned = figures.coverage.iter().step_by(every).chain(figures.coverage.last());
    let mut points: Vec<(f64, f64)> = thinned.map(|(calls, edges)| (*calls as f64, *edges as f64)).collect();
    points.push((figures.executions as f64, figures.edges as f64));
    points.dedup();
    points
}

fn section(world: &World, shrunk: &Shrunk, number: usize, machine: &mut Machine) -> Result<Section> {
    let finding = &shrunk.finding;
    let words = Words::new(world);
    let card = oracle::all().into_iter().map(oracle::Oracle::card).find(|card| card.name == finding.oracle);
    let mut text = format!("{}\n\n", sentence(&finding.rule));
    if let Some(card) = card {
        text.push_str(&format!(
            "{} Source: {}.\n\n",
            sentence(card.about),
            card.source.trim_end_matches('.')
        ));
    }
    if let Some(place) = place(world, finding) {
        let line = place.line.map_or_else(String::new, |line| format!(" line {line}"));
        text.push_str(&format!("At {}{line}.\n\n", place.file));
    }
    let effects: Vec<String> = finding.effects.iter().map(|effect| words.effect(effect)).collect();
    text.push_str(&format!("Afterwards {}.", effects.join("; ")));
    if let Some(cost) = &shrunk.cost {
        text.push_str(&format!("\n\nWhat it takes: {}", cost.sentences().join(" ")));
    }
    if !shrunk.also.is_empty() {
        text.push_str(&format!("\n\nAlso seen as {}.", shrunk.also.join(", ")));
    }
    let player = Player {
        id: format!("audit.finding.{number}"),
        title: "The steps, one by one".to_owned(),
        frames: frames(world, shrunk, &words, machine)?,
    };
    Ok(Section {
        id: format!("finding-{number}"),
        title: format!("{number}. {}: {}", finding.oracle, finding.title),
        blocks: vec![Block::Text { text }, Block::Player(player)],
    })
}

/// What there is to count: ether, and tokens by address with their decimals.
fn tokens(world: &World) -> Vec<(String, Option<(Address, u8)>)> {
    let mut tokens = vec![("ether".to_owned(), None)];
    let holds = world
        .contracts
        .iter()
        .filter(|deployed| deployed.functions().any(|callable| callable.signature() == "balanceOf(address)"));
    for deployed in holds.take(MOST_TOKENS) {
        let asset = world.assets.iter().find(|asset| asset.token == Some(deployed.address));
        let decimals = asset.map_or(18, |asset| asset.decimals);
        tokens.push((deployed.name.clone(), Some((deployed.address, decimals))));
    }
    tokens
}

fn frames(world: &World, shrunk: &Shrunk, words: &Words<'_>, machine: &mut Machine) -> Result<Vec<Frame>> {
    let finding = &shrunk.finding;
    let tokens = tokens(world);
    let (played, _) = replay(machine, &world.state, &finding.steps)?;
    let states: Vec<Arc<State>> = std::iter::once(Arc::clone(&world.state))
        .chain(played.iter().map(|step| Arc::clone(&step.after)))
        .collect();
    let actors = world.actors.iter().map(|actor| (actor.name.clone(), actor.address));
    let contracts = world.contracts.iter().map(|deployed| (deployed.name.clone(), deployed.address));
    let mut held: Vec<(String, Vec<Vec<U256>>)> = Vec::new();
    for (name, address) in actors.chain(contracts) {
        let mut over_time = Vec::with_capacity(states.len());
        for state in &states {
            let mut amounts = Vec::with_capacity(tokens.len());
            for (_, token) in &tokens {
                amounts.push(match token {
                    None => state.balance(address),
                    Some((token, _)) => balance(machine, state, *token, address)?,
                });
            }
            over_time.push(amounts);
        }
        if over_time.iter().flatten().any(|amount| !amount.is_zero()) {
            held.push((name, over_time));
        }
    }
    // Those with whom something happens first.
    held.sort_by_key(|(_, over_time)| over_time.windows(2).all(|pair| pair[0] == pair[1]));
    held.truncate(MOST_ACCOUNTS);
    let table = |moment: usize| Table {
        caption: if moment == 0 { "Before".to_owned() } else { format!("After step {moment}") },
        columns: std::iter::once("account".to_owned())
            .chain(tokens.iter().map(|(name, _)| name.clone()))
            .collect(),
        rows: held
            .iter()
            .map(|(name, over_time)| {
                let cells = over_time[moment].iter().enumerate().map(|(token, amount)| {
                    let decimals = tokens[token].1.map_or(18, |(_, decimals)| decimals);
                    let before = moment.checked_sub(1).map_or(*amount, |before| over_time[before][token]);
                    cell(*amount, before, decimals)
                });
                std::iter::once(name.clone()).chain(cells).collect()
            })
            .collect(),
    };
    let mut frames = vec![Frame {
        label: "start".to_owned(),
        title: "What everyone holds before the first step.".to_owned(),
        lines: Vec::new(),
        table: table(0),
    }];
    for (number, step) in finding.steps.iter().enumerate() {
        let mut lines: Vec<String> =
            step.inner.iter().map(|call| format!("called back, it calls {}", words.call(call))).collect();
        for note in shrunk.explained.iter().filter(|note| note.step == number) {
            let call = note.call.map_or_else(String::new, |call| format!(" of callback {}", call + 1));
            lines.push(format!("{}{call} is {}: {}", note.place, note.value, note.why));
        }
        let output = &played[number];
        if !output.success {
            lines.push(format!("it fails: {}", output.reason));
        }
        lines.push(format!("{} gas", output.gas));
        frames.push(Frame {
            label: (number + 1).to_string(),
            title: words.sentence(step),
            lines,
            table: table(number + 1),
        });
    }
    Ok(frames)
}

/// An amount, and by how much it changed.
fn cell(amount: U256, before: U256, decimals: u8) -> String {
    let now = units(amount, decimals);
    if amount > before {
        format!("{now} (+{})", units(amount - before, decimals))
    } else if amount < before {
        format!("{now} (\u{2212}{})", units(before - amount, decimals))
    } else {
        now
    }
}
