//! Sequences of events with context, drawn step by step by any model of tables that fills in missing values.
//!
//! Each owner has a row of context and a list of events. Two models are learned on lagged rows (the context, the
//! place in the sequence, the event before): one says whether another event follows, the other which. A sample
//! walks all owners forward together, a step at a time.

use std::sync::Arc;

use daotwin_core::{Run, Seed};
use daotwin_history::frame::synthesizer::{FittedTable, TableFitOptions, TableSynthesizer};
use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};
use daotwin_history::synthesizer::Failure;

use crate::error::{Error, Result};

/// What was learned of sequences.
pub struct Sequences {
    context: Arc<[Column]>,
    events: Arc<[Column]>,
    /// Whether another event follows.
    follows: Box<dyn FittedTable>,
    /// Which one.
    event: Box<dyn FittedTable>,
    longest: usize,
}

impl std::fmt::Debug for Sequences {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let columns = (self.context.len(), self.events.len());
        formatter
            .debug_struct("Sequences")
            .field("columns", &columns)
            .field("longest", &self.longest)
            .finish()
    }
}

/// What stands before the names of columns.
const CONTEXT: &str = "context.";
const BEFORE: &str = "before.";
const EVENT: &str = "event.";

fn flag(name: &str) -> Column {
    Column {
        name: name.to_owned(),
        kind: Kind::Boolean { labels: ["no".to_owned(), "yes".to_owned()] },
        optional: false,
        bounds: (0.0, 0.0),
    }
}

fn named<'a>(columns: &'a [Column], prefix: &'a str) -> impl Iterator<Item = Column> + 'a {
    columns.iter().map(move |column| Column { name: format!("{prefix}{}", column.name), ..column.clone() })
}

/// A value that stands where there is no event: the least number, the first label.
fn filler(column: &Column) -> Values {
    match column.kind.labels() {
        None => Values::Number(vec![column.bounds.0]),
        Some(_) => Values::Code(vec![0]),
    }
}

/// Rows of lists of values; no place gives the filler.
fn pick(columns: &[Column], values: &[&Values], places: &[Option<usize>]) -> Vec<Values> {
    let one = |(column, values): (&Column, &&Values)| match (values, filler(column)) {
        (Values::Number(values), Values::Number(none)) => {
            Values::Number(places.iter().map(|place| place.map_or(none[0], |place| values[place])).collect())
        }
        (Values::Code(values), Values::Code(none)) => {
            Values::Code(places.iter().map(|place| place.map_or(none[0], |place| values[place])).collect())
        }
        (values, _) => (*values).clone(),
    };
    columns.iter().zip(values).map(one).collect()
}

fn all(frame: &Frame) -> Vec<&Values> {
    (0..frame.columns().len()).map(|column| frame.values(column)).collect()
}

/// Places of steps: the owner, the event before, and the place in the sequence.
struct Steps {
    owner: Vec<usize>,
    before: Vec<Option<usize>>,
    position: Vec<usize>,
}

/// The columns and values that both models know of a step.
fn lagged(context: &Frame, events: (&[Column], &[&Values]), steps: &Steps) -> (Vec<Column>, Vec<Values>) {
    let mut columns: Vec<Column> = named(context.columns(), CONTEXT).collect();
    let owners: Vec<Option<usize>> = steps.owner.iter().copied().map(Some).collect();
    let mut values = pick(context.columns(), &all(context), &owners);
    let last = steps.position.iter().copied().max().unwrap_or(0) as f64;
    columns.push(Column {
        name: "position".to_owned(),
        kind: Kind::Integer,
        optional: false,
        bounds: (0.0, last),
    });
    values.push(Values::Number(steps.position.iter().map(|&position| position as f64).collect()));
    columns.push(flag("exists"));
    values.push(Values::Code(steps.before.iter().map(|before| u32::from(before.is_some())).collect()));
    columns.extend(named(events.0, BEFORE));
    values.extend(pick(events.0, events.1, &steps.before));
    (columns, values)
}

/// Learns sequences. `owners` gives the row of `context` that each event belongs to; the events of an owner stand
/// in their order.
///
/// Determinism: the seed. Cost: two fits of the model, on as many rows as there are events, and owners more.
///
/// # Errors
/// Missing values, owners without a row; those of the model's fit.
pub fn fit(
    context: &Frame,
    events: &Frame,
    owners: &[u32],
    model: &dyn TableSynthesizer,
    options: &TableFitOptions,
    run: &Run,
) -> std::result::Result<Sequences, Failure> {
    let mut problems = Vec::new();
    for frame in [context, events] {
        for (place, column) in frame.columns().iter().enumerate() {
            if (0..frame.rows()).any(|row| frame.values(place).is_missing(row)) {
                problems.push(format!("column `{}` has missing values; sequences take none", column.name));
            }
        }
    }
    if owners.len() != events.rows() || owners.iter().any(|&owner| owner as usize >= context.rows()) {
        problems.push(format!(
            "{} events have {} owners among {} rows of context; each has one",
            events.rows(),
            owners.len(),
            context.rows()
        ));
    }
    if !problems.is_empty() {
        return Err(Error::Options { problems }.into());
    }
    let mut lists = vec![Vec::new(); context.rows()];
    for (event, &owner) in owners.iter().enumerate() {
        lists[owner as usize].push(event);
    }
    let rows = |ends: bool| {
        let mut steps = Steps { owner: Vec::new(), before: Vec::new(), position: Vec::new() };
        let mut drawn = Vec::new();
        for (owner, list) in lists.iter().enumerate() {
            for position in 0..list.len() + usize::from(ends) {
                steps.owner.push(owner);
                steps.before.push(position.checked_sub(1).map(|before| list[before]));
                steps.position.push(position);
                drawn.push(list.get(position).copied());
            }
        }
        let (columns, values) = lagged(context, (events.columns(), &all(events)), &steps);
        (columns, values, drawn)
    };
    let learn = |columns: Vec<Column>, values: Vec<Values>| {
        let frame = Frame::new(columns, values).map_err(Error::from)?;
        model.fit(&frame, options, run)
    };
    let (mut columns, mut values, drawn) = rows(true);
    columns.push(flag("another"));
    values.push(Values::Code(drawn.iter().map(|event| u32::from(event.is_some())).collect()));
    let follows = learn(columns, values)?;
    let (mut columns, mut values, drawn) = rows(false);
    columns.extend(named(events.columns(), EVENT));
    values.extend(pick(events.columns(), &all(events), &drawn));
    let event = learn(columns, values)?;
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let (context, events) = (Arc::clone(context.columns()), Arc::clone(events.columns()));
    Ok(Sequences { context, events, follows, event, longest })
}

impl Sequences {
    /// Draws a sequence for each row of context, as events and the owner of each, by owner and then in order. None
    /// is longer than the longest that was learned.
    ///
    /// Determinism: the seed. Memory: the events.
    ///
    /// # Errors
    /// Another context than the one learned; a model that does not fill in missing values; cancellation.
    pub fn sample(&self, context: &Frame, seed: Seed, run: &Run) -> Result<(Frame, Vec<u32>)> {
        let context = context.conform(&self.context)?;
        let streams = seed.streams("sample sequences");
        let mut alive: Vec<usize> = (0..context.rows()).collect();
        // The events of a step, the event before of each owner alive among those of the step before.
        let mut before: Option<(Frame, Vec<usize>)> = None;
        let (mut drawn, mut owners) = (Vec::new(), Vec::new());
        for position in 0..self.longest {
            if alive.is_empty() {
                break;
            }
            run.step("sample sequences", position as u64, self.longest as u64)?;
            let lists: Vec<Values> = match &before {
                Some((events, _)) => all(events).into_iter().cloned().collect(),
                None => self.events.iter().map(filler).collect(),
            };
            let lists: Vec<&Values> = lists.iter().collect();
            let steps = |kept: &[usize]| Steps {
                owner: kept.iter().map(|&place| alive[place]).collect(),
                before: kept.iter().map(|&place| before.as_ref().map(|(_, places)| places[place])).collect(),
                position: vec![position; kept.len()],
            };
            let everyone: Vec<usize> = (0..alive.len()).collect();
            let (_, mut values) = lagged(&context, (&self.events, &lists), &steps(&everyone));
            values.push(Values::Code(vec![MISSING; alive.len()]));
            let mut stream = streams.stream(position as u64);
            let full = fill(&*self.follows, values, &mut stream)?;
            let another = full.values(full.columns().len() - 1).codes();
            let kept: Vec<usize> = everyone.into_iter().filter(|&place| another[place] == 1).collect();
            if kept.is_empty() {
                break;
            }
            let (_, mut values) = lagged(&context, (&self.events, &lists), &steps(&kept));
            let known = values.len();
            values.extend(self.events.iter().map(|column| match column.kind.labels() {
                None => Values::Number(vec![f64::NAN; kept.len()]),
                Some(_) => Values::Code(vec![MISSING; kept.len()]),
            }));
            let full = fill(&*self.event, values, &mut stream)?;
            let values = (known..full.columns().len()).map(|column| full.values(column).clone()).collect();
            let events = Frame::new(Arc::clone(&self.events), values)?;
            alive = kept.iter().map(|&place| alive[place]).collect();
            owners.extend(alive.iter().map(|&owner| owner as u32));
            drawn.push(events.clone());
            before = Some((events, (0..alive.len()).collect()));
        }
        let events = Frame::concatenate(&self.events, drawn);
        let mut order: Vec<usize> = (0..owners.len()).collect();
        order.sort_by_key(|&event| owners[event]);
        Ok((events.take(&order), order.iter().map(|&event| owners[event]).collect()))
    }
}

/// Fills in what is missing under a model's own columns.
fn fill(model: &dyn FittedTable, values: Vec<Values>, stream: &mut daotwin_core::Stream) -> Result<Frame> {
    let asked = Frame::new(Arc::clone(model.columns()), values)?;
    model.impute(&asked, stream).ok_or_else(|| Error::Options {
        problems: vec!["the model does not fill in missing values, which sequences are drawn by".to_owned()],
    })
}
