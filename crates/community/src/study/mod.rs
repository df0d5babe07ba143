//! A community as its records show it, and what would help it: everything of this room in one pass.

mod document;
#[cfg(test)]
mod test;

use daotwin_core::statistics::{mean, standard_deviation};
use daotwin_core::{Run, Seed};
use daotwin_history::History;
use daotwin_history::schema::Precision;
use daotwin_history::view::DaoView;
use serde::Serialize;

use crate::contagion::{self, Network};
use crate::graph::{self, Observed, Ranked};
use crate::intervention::{self, Climate, INTERVENTIONS, Judged};
use crate::mitigation::{self, Recommendation, TOLERANCE};
use crate::point_process::{
    Event, FitOptions, Goodness, Hawkes, Rhythm, fit as fit_hawkes, fit::guess, goodness,
};
use crate::stream::model::{Topic, events};
use crate::stream::{Record, StreamModel, Timing, facts, floors, from_history};
use crate::text::LanguageOptions;
use crate::{Error, Result};

const DAY: i64 = 86_400;
/// Graphs drawn of each model, voters whose agreement is looked at, and proposals on which they agree.
const GRAPHS: u64 = 5;
const VOTERS: usize = 300;
const TOGETHER: u32 = 3;
/// Events of a process at most, the latest.
const EVENTS: usize = 40_000;
/// Bootstrap replicates of facts.
const FLOORS: u64 = 100;
/// Runs of each model of contagion, and the chance that a tie passes something on.
const SPREADS: u64 = 200;
const PASSED_ON: f64 = 0.1;

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Drives every draw.
    pub seed: Seed,
    /// The DAO, where there are several.
    pub dao: Option<String>,
    /// Streams that are drawn to compare facts; 2 to 1,000.
    pub draws: u64,
    /// Runs of each intervention; 2 to 100,000.
    pub runs: u64,
    /// Weeks of each run; 16 to 520.
    pub weeks: u32,
    /// Campaigns of each attack against which policies are tried; 2 to 1,000, or none with 0.
    pub campaigns: usize,
    /// Minutes of members for every thousand honest acts that policies may cost; 0 or more.
    pub tolerance: f64,
    /// Whether drawn texts are made of the record's own words ([`crate::text::language_model`]) instead of templates.
    pub learn: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: Seed(0),
            dao: None,
            draws: 10,
            runs: 60,
            weeks: 52,
            campaigns: 10,
            tolerance: TOLERANCE,
            learn: false,
        }
    }
}

impl Options {
    /// What is wrong with them, a line a problem.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut need = |holds: bool, name: &str, value: &dyn std::fmt::Display, allowed: &str| {
            if !holds {
                problems.push(format!("`{name}` is {value}; allowed is {allowed}"));
            }
        };
        need((2..=1_000).contains(&self.draws), "draws", &self.draws, "2 to 1000");
        need((2..=100_000).contains(&self.runs), "runs", &self.runs, "2 to 100000");
        need((16..=520).contains(&self.weeks), "weeks", &self.weeks, "16 to 520");
        let few = self.campaigns == 0 || (2..=1_000).contains(&self.campaigns);
        need(few, "campaigns", &self.campaigns, "2 to 1000, or 0 to try no policies");
        let bearable = self.tolerance >= 0.0 && self.tolerance.is_finite();
        need(bearable, "tolerance", &self.tolerance, "a finite number of at least 0, in minutes");
        problems
    }
}

/// A fact of the record beside streams drawn from the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Compared {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// In the record.
    pub record: f64,
    /// Mean of the drawn streams.
    pub drawn: f64,
    /// Their standard deviation.
    pub deviation: f64,
    /// What records of this size differ by (95 %, bootstrap).
    pub floor: f64,
    /// Whether it is within 10 % of the record or within the floor.
    pub holds: bool,
}

/// Who is tied to whom.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ties {
    /// What a tie is.
    pub of: &'static str,
    /// Members.
    pub nodes: u32,
    /// Ties.
    pub edges: usize,
    /// Share of open triangles that are closed.
    pub clustering: f64,
    /// Correlation of the numbers of ties at both ends.
    pub assortativity: f64,
    /// Models, the nearest first.
    pub models: Vec<Ranked>,
    /// Ties of each member, the most first, in the record and in a draw of the nearest model.
    #[serde(skip)]
    pub degrees: [Vec<u32>; 2],
}

/// When something is done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Times {
    /// What is done: `messages`, `ballots`.
    pub of: &'static str,
    /// Names of the kinds of the process.
    pub kinds: Vec<&'static str>,
    /// Events that it was fitted to.
    pub events: usize,
    /// The process.
    pub hawkes: Hawkes,
    /// The factor by which generations of what begets each other grow.
    pub branching: f64,
    /// How well it fits.
    pub fitted: Goodness,
    /// How well the same hours and days without excitement fit: a wrong model, for comparison.
    pub calm: Goodness,
}

/// How far something gets from the member with most ties.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    /// The model of contagion.
    pub model: &'static str,
    /// Mean members reached.
    pub reach: f64,
    /// Its standard error.
    pub error: f64,
}

/// What was found; see [`study`].
#[derive(Debug, Serialize)]
pub struct Study {
    /// The seed.
    pub seed: Seed,
    /// Messages of the record.
    pub messages: usize,
    /// Authors.
    pub authors: usize,
    /// How exactly it tells when.
    pub timing: Timing,
    /// Whether sentiment was scored here.
    pub scored: bool,
    /// Facts.
    pub facts: Vec<Compared>,
    /// Ties.
    pub ties: Option<Ties>,
    /// Times.
    pub times: Option<Times>,
    /// Topics and their moods.
    pub topics: Vec<Topic>,
    /// How far things spread.
    pub spread: Vec<Spread>,
    /// How members come and stay.
    pub climate: Option<Climate>,
    /// Interventions, in the order of their registry.
    pub interventions: Vec<Judged>,
    /// Policies recommended against attacks, by name.
    pub policies: Vec<&'static str>,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
    /// What the record could not tell, a sentence each.
    pub missing: Vec<String>,
    /// Everything tried against attacks.
    #[serde(skip)]
    pub recommendation: Option<Recommendation>,
    /// The model of the stream, to draw from.
    #[serde(skip)]
    pub model: Option<StreamModel>,
    /// First day and messages of each day, in the record and in a drawn stream.
    #[serde(skip)]
    pub days: (i64, [Vec<f64>; 2]),
}

/// Studies a community: fits graphs, times and a stream to its record, compares what they give with it, and tries what would
/// help. Of a History without messages, ties and times are those of its ballots, and what needs messages is left out with a
/// sentence. Deterministic in the seed on any number of threads.
///
/// # Errors
/// Options outside their ranges, all at once; no such DAO; a History with neither messages nor ballots; cancellation.
pub fn study(history: &History, options: &Options, run: &Run) -> Result<Study> {
    let problems = options.problems();
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    let seed = options.seed;
    let record = from_history(history, options.dao.as_deref())?;
    let mut missing = Vec::new();
    if record.left_out > 0 {
        missing.push(format!("{} messages without author or time are left out.", record.left_out));
    }
    let language = options.learn.then(LanguageOptions::default);
    run.step("community: stream", 0, 5)?;
    let model = told(StreamModel::fit(&record, language, seed), &mut missing)?;
    let mut found = Study {
        seed,
        messages: record.stream.messages.len(),
        authors: model.as_ref().map_or(0, |model| model.authors as usize),
        timing: record.timing,
        scored: record.scored,
        facts: Vec::new(),
        ties: None,
        times: None,
        topics: model.as_ref().map(|model| model.topics.clone()).unwrap_or_default(),
        spread: Vec::new(),
        climate: None,
        interventions: Vec::new(),
        policies: Vec::new(),
        reasons: Vec::new(),
        missing,
        recommendation: None,
        model,
        days: (0, [Vec::new(), Vec::new()]),
    };
    if found.model.is_none() && history.rows(daotwin_history::Table::Votes) == 0 {
        found.missing.push("There are no ballots either.".to_owned());
        return Err(Error::Parameters {
            problems: vec![
                "the History has too few messages and no ballots; `daotwin community` needs at least 10 messages by 2 authors, or \
                 ballots"
                    .to_owned(),
            ],
        });
    }
    found.compare(&record, options, run)?;
    run.step("community: ties", 1, 5)?;
    let ballots =
        if found.model.is_none() { Some(DaoView::one(history, options.dao.as_deref())?) } else { None };
    let (of, observed) = match &ballots {
        Some(view) => ("the same first choice on three proposals", graph::covoting(view, VOTERS, TOGETHER)),
        None => ("an answer", graph::answers(&record.stream)),
    };
    found.tie(of, &observed);
    run.step("community: times", 2, 5)?;
    found.times = match &ballots {
        Some(view) => found.ballots(view)?,
        None => found.writing(&record)?,
    };
    run.step("community: interventions", 3, 5)?;
    if found.model.is_some() {
        found.climate = told(Climate::fit(&record), &mut found.missing)?;
        if found.climate.is_some() && record.stream.messages.iter().all(|message| message.reply_to.is_none())
        {
            found.missing.push(
                "The record names no answers; who was answered is inferred from what others wrote next, so that what answers do is \
                 blurred, and onboarding judged too low rather than too high."
                    .to_owned(),
            );
        }
        if let Some(climate) = &found.climate {
            let judging = intervention::Options { runs: options.runs, weeks: options.weeks };
            found.interventions = intervention::judge(climate, INTERVENTIONS, &judging, seed, run)?;
        }
        run.step("community: policies", 4, 5)?;
        if options.campaigns > 0 && record.timing != Timing::Order {
            let tried =
                mitigation::recommend(&record.stream, options.campaigns, options.tolerance, seed, run);
            if let Some(recommendation) = told(tried, &mut found.missing)? {
                found.policies = recommendation.policies();
                found.reasons.clone_from(&recommendation.reasons);
                found.recommendation = Some(recommendation);
            }
        } else if options.campaigns > 0 {
            found.missing.push("Policies against attacks are tried on streams with times alone.".to_owned());
        }
    }
    run.step("community: done", 5, 5)?;
    Ok(found)
}

/// What was found, or a sentence on why the record does not tell it; other failures remain failures.
fn told<T>(found: Result<T>, missing: &mut Vec<String>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(Error::Parameters { problems }) => {
            missing.extend(problems.iter().map(|problem| {
                let mut letters = problem.chars();
                let first =
                    letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
                format!("{first}{}.", letters.as_str())
            }));
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

fn by_day(record: &Record) -> (i64, Vec<f64>) {
    let messages = &record.stream.messages;
    let (Some(first), Some(last)) = (messages.first(), messages.last()) else { return (0, Vec::new()) };
    let start = first.at.div_euclid(DAY);
    let mut days = vec![0.0; (last.at.div_euclid(DAY) - start) as usize + 1];
    messages.iter().for_each(|message| days[(message.at.div_euclid(DAY) - start) as usize] += 1.0);
    (start * DAY, days)
}

impl Study {
    fn compare(&mut self, record: &Record, options: &Options, run: &Run) -> Result<()> {
        let Some(model) = &self.model else { return Ok(()) };
        let plain = StreamModel { language: None, ..model.clone() };
        let mut drawn = Vec::new();
        for draw in 0..options.draws {
            run.check()?;
            let sample = plain.sample(Seed(options.seed.0.wrapping_add(1 + draw)));
            if draw == 0 && record.timing != Timing::Order {
                let (start, real) = by_day(record);
                self.days = (start, [real, by_day(&sample).1]);
            }
            drawn.push(facts(&sample));
        }
        let floors = floors(record, FLOORS, options.seed);
        for (fact, floor) in facts(record).into_iter().zip(floors) {
            let values: Vec<f64> = drawn
                .iter()
                .filter_map(|told| told.iter().find(|other| other.name == fact.name))
                .map(|other| other.value)
                .collect();
            let center = mean(&values);
            self.facts.push(Compared {
                name: fact.name,
                meaning: fact.meaning,
                record: fact.value,
                drawn: center,
                deviation: standard_deviation(&values),
                floor,
                holds: !values.is_empty() && (center - fact.value).abs() <= floor.max(0.1 * fact.value.abs()),
            });
        }
        Ok(())
    }

    fn tie(&mut self, of: &'static str, observed: &Observed) {
        if observed.graph.edges.is_empty() {
            self.missing.push("No two members are tied, so no graph is fitted.".to_owned());
            return;
        }
        let models = graph::select(observed, GRAPHS, self.seed);
        let descending = |graph: &graph::Graph| {
            let mut degrees = graph.degrees();
            degrees.sort_unstable_by(|left, right| right.cmp(left));
            degrees
        };
        let nearest = models.first().and_then(|ranked| graph::find(ranked.model).ok());
        let drawn = nearest
            .and_then(|model| model.fit(observed, self.seed))
            .map(|fitted| descending(&(fitted.sample)(&mut self.seed.stream("community drawn graph"))));
        let network = Network::even(&observed.graph, PASSED_ON);
        let most =
            (0..network.nodes()).max_by_key(|&node| (network.out[node].len(), std::cmp::Reverse(node)));
        let seeds: Vec<u32> = most.map(|node| node as u32).into_iter().collect();
        let shared = Network::shared(&observed.graph);
        for model in contagion::MODELS {
            let streams = self.seed.streams(&format!("community spread {}", model.name()));
            // Weights that sum to one are what thresholds are made for.
            let over = if model.name() == "linear-threshold" { &shared } else { &network };
            let (reach, error) = contagion::reach(*model, over, &seeds, SPREADS, &streams);
            self.spread.push(Spread { model: model.name(), reach, error });
        }
        self.ties = Some(Ties {
            of,
            nodes: observed.graph.nodes,
            edges: observed.graph.edges.len(),
            clustering: observed.graph.clustering(),
            assortativity: observed.graph.assortativity(),
            models,
            degrees: [descending(&observed.graph), drawn.unwrap_or_default()],
        });
    }

    /// Messages of the tenth who write most and of the others.
    fn writing(&mut self, record: &Record) -> Result<Option<Times>> {
        if record.timing != Timing::Second {
            self.missing
                .push("The record tells no time of day, so no process is fitted to times.".to_owned());
            return Ok(None);
        }
        let stream = &record.stream;
        let mut counts = vec![0_u32; stream.accounts.len()];
        stream.messages.iter().for_each(|message| counts[message.author as usize] += 1);
        let mut order: Vec<usize> = (0..counts.len()).filter(|&account| counts[account] > 0).collect();
        order.sort_by_key(|&account| (std::cmp::Reverse(counts[account]), account));
        let mut core = vec![false; counts.len()];
        order[..order.len().div_ceil(10)].iter().for_each(|&account| core[account] = true);
        let from = stream.messages.len().saturating_sub(EVENTS);
        let latest = &stream.messages[from..];
        let kinds =
            latest.iter().map(|message| u32::from(!core[message.author as usize])).collect::<Vec<_>>();
        let at: Vec<i64> = latest.iter().map(|message| message.at).collect();
        self.process("messages", vec!["the tenth who write most", "others"], &at, &kinds)
    }

    fn ballots(&mut self, view: &DaoView) -> Result<Option<Times>> {
        let mut at: Vec<i64> = view
            .votes
            .iter()
            .filter(|vote| vote.precision != Precision::Day)
            .filter_map(|vote| vote.at)
            .collect();
        at.sort_unstable();
        let at = at.split_off(at.len().saturating_sub(EVENTS));
        let kinds = vec![0; at.len()];
        self.process("ballots", vec!["ballots"], &at, &kinds)
    }

    fn process(
        &mut self,
        of: &'static str,
        names: Vec<&'static str>,
        at: &[i64],
        kinds: &[u32],
    ) -> Result<Option<Times>> {
        let (Some(first), Some(last)) = (at.first(), at.last()) else {
            self.missing.push("The record tells no times.".to_owned());
            return Ok(None);
        };
        let midnight = first.div_euclid(DAY) * DAY;
        let days = (last - midnight) / DAY + 1;
        if days > 20 * 365 || at.len() < 10 {
            self.missing.push(format!(
                "{} {of} over {days} days; a process is fitted to at least 10 over 20 years at most.",
                at.len()
            ));
            return Ok(None);
        }
        // Spreading times over their minute keeps their order, and so their kinds.
        let events: Vec<Event> = events(at, midnight, self.seed)
            .into_iter()
            .zip(kinds)
            .map(|(event, &kind)| Event { kind, ..event })
            .collect();
        let end = (days * DAY + 60) as f64;
        let base = vec![0.5 * events.len() as f64 / end / names.len() as f64; names.len()];
        let first =
            Hawkes { base, excitations: guess(names.len(), &[120.0, 3600.0]), rhythm: Rhythm::flat() };
        let options = FitOptions { hours: true, days: true, passes: 150, tolerance: 1e-6 };
        let hawkes = fit_hawkes(&first, &events, end, &options)?.hawkes;
        let calm = Hawkes { excitations: Vec::new(), ..first };
        let calm = fit_hawkes(&calm, &events, end, &options)?.hawkes;
        Ok(Some(Times {
            of,
            kinds: names,
            events: events.len(),
            branching: hawkes.branching_ratio(),
            fitted: goodness(&hawkes, &events, end)?,
            calm: goodness(&calm, &events, end)?,
            hawkes,
        }))
    }

    /// What was found, in sentences.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        if self.model.is_some() {
            let held = self.facts.iter().filter(|fact| fact.holds).count();
            sentences.push(format!(
                "{} messages by {} authors; of {} facts of the record, drawn streams have {held} within 10 % or within what records of \
                 this size differ by.",
                self.messages,
                self.authors,
                self.facts.len()
            ));
        }
        if let Some(ties) = &self.ties {
            let nearest = ties.models.first().map_or("none", |ranked| ranked.model);
            sentences.push(format!(
                "{} members with {} ties ({}); the nearest model of graphs is `{nearest}`.",
                ties.nodes, ties.edges, ties.of
            ));
        }
        if let Some(times) = &self.times {
            sentences.push(format!(
                "Of {} {}, one begets {:.2} others directly (the branching ratio); by time rescaling the process is {:.3} from its \
                 law (chance {:.1e}), without excitement {:.3} (chance {:.1e}).",
                times.events,
                times.of,
                times.branching,
                times.fitted.distance,
                times.fitted.probability,
                times.calm.distance,
                times.calm.probability
            ));
        }
        let helps: Vec<String> = self
            .interventions
            .iter()
            .filter(|judged| judged.helps)
            .map(|judged| format!("`{}`", judged.intervention))
            .collect();
        if !self.interventions.is_empty() {
            sentences.push(if helps.is_empty() {
                "No intervention gains anything beyond chance that is worth it.".to_owned()
            } else {
                format!(
                    "What helps, and loses less than a hundredth of anything else that is measured: {}.",
                    helps.join(", ")
                )
            });
        }
        if self.recommendation.is_some() {
            let names: Vec<String> = self.policies.iter().map(|name| format!("`{name}`")).collect();
            sentences.push(if names.is_empty() {
                "No policy against attacks is worth its friction here.".to_owned()
            } else {
                format!("Against attacks: {}.", names.join(", "))
            });
        }
        sentences
    }
}
