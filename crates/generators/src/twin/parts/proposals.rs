//! The part of proposals: kind, quorum, windows and calendar, each given the proposal before, how ballots are
//! cast, how many choices there are, how many vote and how it ends.

use std::sync::Arc;

use daotwin_core::Stream;
use daotwin_history::frame::synthesizer::FittedTable;
use daotwin_history::frame::{Column, Frame, MISSING};

use super::sheet::{Cell, Sheet, labels, number, whole};
use crate::error::Result;
use crate::twin::model::DaoModel;

/// Labels of a column at most; where a DAO has more kinds, the model leaves them as they were learned.
const MOST_LABELS: usize = 64;
/// Columns that are known before the others are drawn.
const KNOWN: usize = 9;
/// The places of what is drawn.
const CATEGORY: usize = KNOWN;
const GAP: usize = KNOWN + 1;
const DELAY: usize = KNOWN + 2;
const DURATION: usize = KNOWN + 3;
const QUORUM: usize = KNOWN + 4;

/// Labels that stand for places in a list; the first alone where there are too many.
fn places(list: &[String]) -> Vec<String> {
    let count = if list.len() > MOST_LABELS { 1 } else { list.len().max(1) };
    (0..count).map(|place| format!("{place:02}")).collect()
}

/// The columns; bounds are those of no data.
pub(super) fn columns(model: &DaoModel) -> Vec<Column> {
    vec![
        labels("system", places(&model.voting_systems), true),
        whole("choices", false),
        whole("size", false),
        number("newcomers", false),
        labels("passes", vec!["no".to_owned(), "yes".to_owned()], false),
        number("lead_power", false),
        labels("category_before", places(&model.categories), true),
        number("gap_before", false),
        number("duration_before", false),
        labels("category", places(&model.categories), true),
        whole("gap", true),
        whole("delay", true),
        whole("duration", true),
        number("quorum", true),
    ]
}

/// What is drawn of a proposal; times in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Drawn {
    pub(crate) category: Option<u32>,
    pub(crate) gap: i64,
    pub(crate) delay: Option<i64>,
    pub(crate) duration: Option<i64>,
    pub(crate) quorum: Option<f64>,
}

/// Draws proposals one after the other.
#[derive(Debug, Default)]
pub(crate) struct Calendar {
    before: Option<Drawn>,
    sizes: Vec<u8>,
}

fn code(place: Option<u32>, list: &[String]) -> Cell {
    let known = |place: &u32| list.len() <= MOST_LABELS && (*place as usize) < list.len();
    Cell::Code(place.filter(known).unwrap_or(MISSING))
}

fn seconds(value: Option<i64>) -> Cell {
    Cell::Number(value.map_or(f64::NAN, |value| value.max(0) as f64))
}

/// Days on a scale on which short and long ones are told apart.
fn scaled(value: Option<i64>) -> Cell {
    Cell::Number((value.unwrap_or(0).max(0) as f64 / 86_400.0).ln_1p())
}

impl Calendar {
    pub(crate) fn new(model: &DaoModel) -> Self {
        Self { before: None, sizes: model.sizes() }
    }

    /// What is known of the proposal that follows this learned one.
    fn known(&self, model: &DaoModel, slot: usize) -> [Cell; KNOWN] {
        let (learned, turnout, outcome) = (&model.slots[slot], model.turnout[slot], &model.outcomes[slot]);
        let voters = turnout.newcomers + turnout.returning;
        let lead = outcome.lead();
        [
            code(learned.voting_system, &model.voting_systems),
            Cell::Number(f64::from(learned.choices)),
            Cell::Number(f64::from(self.sizes[slot])),
            Cell::Number(if voters > 0.0 { turnout.newcomers / voters } else { 0.0 }),
            Cell::Code(u32::from(lead == 0)),
            Cell::Number(outcome.power.get(lead).map_or(1.0, |&share| f64::from(share))),
            code(self.before.and_then(|before| before.category), &model.categories),
            scaled(self.before.map(|before| before.gap)),
            scaled(self.before.and_then(|before| before.duration)),
        ]
    }

    /// Draws the proposal that follows this learned one. What the learned one does not have, this one does not.
    ///
    /// # Errors
    /// A defect of the model.
    pub(crate) fn draw(
        &mut self,
        part: &dyn FittedTable,
        model: &DaoModel,
        slot: usize,
        category: Option<u32>,
        stream: &mut Stream,
    ) -> Result<Drawn> {
        let learned = &model.slots[slot];
        let mut cells = self.known(model, slot).to_vec();
        cells.push(category.map_or(Cell::Code(MISSING), |category| code(Some(category), &model.categories)));
        cells.extend([Cell::Number(f64::NAN); 4]);
        let mut sheet = Sheet::new(Arc::clone(part.columns()));
        sheet.push(&cells);
        let full = super::fill(part, &sheet.asked()?, stream)?;
        let number = |column: usize| {
            let value = full.values(column).numbers().first().copied().unwrap_or(f64::NAN);
            (!value.is_nan()).then_some(value)
        };
        let time = |column: usize, learned: Option<i64>| {
            // Times are bounded where they are read, so what lies between them fits.
            learned.map(|learned| number(column).map_or(learned, |value| value.max(0.0).round() as i64))
        };
        let kind = full.values(CATEGORY).codes().first().copied();
        let kind = kind.filter(|&kind| kind != MISSING && model.categories.len() <= MOST_LABELS);
        let drawn = Drawn {
            category: category.or(learned.category.and(kind).or(learned.category)),
            gap: time(GAP, learned.gap).unwrap_or(0),
            delay: time(DELAY, learned.delay),
            duration: time(DURATION, learned.duration),
            quorum: learned.quorum.map(|learned| number(QUORUM).map_or(learned, |value| value.max(0.0))),
        };
        self.before = Some(drawn);
        Ok(drawn)
    }
}

/// The learned proposals as rows.
pub(super) fn learned(model: &DaoModel) -> Result<Frame> {
    let mut sheet = Sheet::new(columns(model).into());
    let mut calendar = Calendar::new(model);
    for (slot, learned) in model.slots.iter().enumerate() {
        let mut cells = calendar.known(model, slot).to_vec();
        cells.extend([
            code(learned.category, &model.categories),
            seconds(learned.gap),
            seconds(learned.delay),
            seconds(learned.duration),
            Cell::Number(learned.quorum.unwrap_or(f64::NAN)),
        ]);
        sheet.push(&cells);
        calendar.before = Some(Drawn {
            category: learned.category,
            gap: learned.gap.unwrap_or(0),
            delay: learned.delay,
            duration: learned.duration,
            quorum: learned.quorum,
        });
    }
    sheet.learned()
}
