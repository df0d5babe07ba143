//! The part of votes: when each ballot is cast and who leans to which choice, given the proposal, the voter's
//! power and what it did before.
//!
//! How many ballots and how much power each choice gets stays with the proposal's outcome: from a few draws of
//! the model each voter gets a lean, how much likelier than its fellow voters it is to take each choice, and
//! ballots are owed to choices as ever, weighted by these leans.

use std::sync::Arc;

use daotwin_core::{Streams, statistics};
use daotwin_history::frame::synthesizer::FittedTable;
use daotwin_history::frame::{Column, Frame, MISSING};
use daotwin_history::view::DaoView;
use rayon::prelude::*;

use super::sheet::{Cell, Sheet, labels, number, whole};
use crate::error::Result;
use crate::twin::bins::{SESSION_EDGES, in_session, session_class};
use crate::twin::measure::{position, whole_days};
use crate::twin::model::DaoModel;
use crate::twin::outcome::{Form, Outcome};

/// Rows that are learned at most, evenly spaced over the history.
const MOST_ROWS: usize = 100_000;
/// Choices told apart by position; later ones count as the last.
const CHOICES: u32 = 8;
/// The label of the choice with most power, whichever it is.
const LEAD: u32 = CHOICES;
/// Of a voter without an earlier ballot.
const NONE: u32 = CHOICES + 1;
/// Labels of a choice.
const SIDES: usize = CHOICES as usize + 1;
/// The first class of a sitting; see [`in_session`].
const FIRST_SITTING: usize = 2;
/// Labels of sittings; the one after them is for ballots in no sitting.
const SITTINGS: u32 = 6;
/// Columns that are known before the others are drawn.
const KNOWN: usize = 17;
/// The places of what is drawn.
const SITTING: usize = KNOWN;
const POSITION: usize = KNOWN + 1;
const CHOICE: usize = KNOWN + 2;
/// Draws of the choice from which a voter's lean is told.
const COPIES: u64 = 6;
/// How many draws of an average voter are added to a voter's own.
const SMOOTHING: f64 = 1.0;

fn sides(with_none: bool) -> Vec<String> {
    let mut labels: Vec<String> = (1..=CHOICES).map(|choice| choice.to_string()).collect();
    labels.push("lead".to_owned());
    if with_none {
        labels.push("none".to_owned());
    }
    labels
}

/// The columns; bounds are those of no data.
pub(super) fn columns() -> Vec<Column> {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let mut sittings: Vec<String> = (1..=SITTINGS).map(|sitting| sitting.to_string()).collect();
    sittings.push("none".to_owned());
    vec![
        labels("system", words(&["ranking", "set", "single"]), false),
        whole("choices", false),
        labels("lead", sides(false).into_iter().take(CHOICES as usize).collect(), false),
        number("lead_heads", false),
        number("lead_power", false),
        number("voters", false),
        number("start_hour", false),
        number("days", false),
        number("power", false),
        number("power_rank", false),
        number("power_share", false),
        whole("votes_so_far", false),
        whole("gap", false),
        labels("choice_before", sides(true), false),
        number("with_lead", false),
        labels("open_before", words(&["no", "yes"]), false),
        number("position_before", false),
        labels("sitting", sittings, false),
        number("position", true),
        labels("choice", sides(false), false),
    ]
}

/// What is known of a proposal when its ballots are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    form: Form,
    choices: u32,
    lead: usize,
    lead_shares: (f64, f64),
    voters: usize,
    window: Option<(i64, i64)>,
}

impl Setting {
    /// A proposal with this outcome and so many voters.
    pub(crate) fn new(
        form: Form,
        choices: u32,
        outcome: &Outcome,
        voters: usize,
        window: Option<(i64, i64)>,
    ) -> Self {
        let lead = outcome.lead();
        let share = |shares: &[f32]| shares.get(lead).map_or(1.0, |&share| f64::from(share));
        let lead_shares = (share(&outcome.heads), share(&outcome.power));
        Self { form, choices, lead, lead_shares, voters, window }
    }

    fn side(&self, choice: usize) -> u32 {
        if choice == self.lead { LEAD } else { (choice as u32).min(CHOICES - 1) }
    }
}

/// What a member did before.
#[derive(Debug, Clone, Copy, Default)]
struct Past {
    votes: u32,
    with_lead: u32,
    side: Option<u32>,
    proposal: u32,
    at: Option<i64>,
}

impl Past {
    fn record(&mut self, setting: &Setting, proposal: u32, at: Option<i64>, choice: usize) {
        let side = setting.side(choice);
        *self = Self {
            votes: self.votes + 1,
            with_lead: self.with_lead + u32::from(side == LEAD),
            side: Some(side),
            proposal,
            at,
        };
    }

    /// The time of the ballot before, where the proposal was open then.
    fn open(&self, setting: &Setting) -> Option<i64> {
        self.at.zip(setting.window).and_then(|(at, (start, _))| (at >= start).then_some(at))
    }
}

/// One ballot's voter: member and power in tokens.
type Voter = (u32, f64);

/// What is known of each ballot of a proposal.
fn known(setting: &Setting, proposal: u32, voters: &[Voter], past: &[Past]) -> Vec<[Cell; KNOWN]> {
    let mut powers: Vec<f64> = voters.iter().map(|(_, power)| *power).collect();
    let total = powers.iter().sum::<f64>().max(1e-300);
    powers.sort_unstable_by(f64::total_cmp);
    let (hour, days) = setting.window.map_or((0.0, 0.0), |(start, end)| {
        (start.rem_euclid(86_400) as f64 / 3_600.0, (end - start).max(0) as f64 / 86_400.0)
    });
    let form = match setting.form {
        Form::Ranking => 0,
        Form::Set => 1,
        Form::Single => 2,
    };
    let one = |&(member, power): &Voter| {
        let past = past[member as usize];
        let open = past.open(setting);
        let span = setting.window.map_or(0, |(start, end)| end - start);
        let before = open.zip(setting.window).map_or(0.0, |(at, (start, _))| {
            if span > 0 { ((at - start) as f64 / span as f64).min(1.0) } else { 0.0 }
        });
        [
            Cell::Code(form),
            Cell::Number(f64::from(setting.choices)),
            Cell::Code((setting.lead as u32).min(CHOICES - 1)),
            Cell::Number(setting.lead_shares.0),
            Cell::Number(setting.lead_shares.1),
            Cell::Number((setting.voters as f64).ln()),
            Cell::Number(hour),
            Cell::Number(days),
            Cell::Number(power.max(1e-12).log10()),
            Cell::Number(powers.partition_point(|other| *other < power) as f64 / voters.len() as f64),
            Cell::Number(power / total),
            Cell::Number(f64::from(past.votes)),
            Cell::Number(f64::from(if past.votes > 0 { proposal.saturating_sub(past.proposal) } else { 0 })),
            Cell::Code(past.side.unwrap_or(NONE)),
            Cell::Number(if past.votes > 0 {
                f64::from(past.with_lead) / f64::from(past.votes)
            } else {
                0.5
            }),
            Cell::Code(u32::from(open.is_some())),
            Cell::Number(before),
        ]
    };
    voters.iter().map(one).collect()
}

/// The learned ballots as rows, in the order in which they were cast.
pub(super) fn learned(model: &DaoModel, view: &DaoView) -> Result<Frame> {
    let mut sheet = Sheet::new(columns().into());
    let mut past = vec![Past::default(); view.voters()];
    let every = view.votes.len().div_ceil(MOST_ROWS).max(1);
    for (index, (proposal, outcome)) in view.proposals.iter().zip(&model.outcomes).enumerate() {
        let ballots = &view.votes[proposal.votes.clone()];
        let form = Form::of(proposal.voting_system.as_deref());
        let window = proposal.start_at.zip(proposal.end_at);
        let setting = Setting::new(form, proposal.choices, outcome, ballots.len(), window);
        let voters: Vec<Voter> = ballots.iter().map(|vote| (vote.member, view.tokens(vote))).collect();
        let known = known(&setting, index as u32, &voters, &past);
        for ((vote, place), known) in ballots.iter().zip(proposal.votes.clone()).zip(known) {
            let past = &mut past[vote.member as usize];
            let class = past.open(&setting).zip(vote.at).map(|(before, at)| session_class(at - before));
            let sitting = class.filter(|&class| in_session(class));
            let choice = vote.choice.max(1) as usize - 1;
            if place % every == 0 {
                let mut cells = known.to_vec();
                cells.extend([
                    Cell::Code(sitting.map_or(SITTINGS, |class| (class - FIRST_SITTING) as u32)),
                    Cell::Number(position(view, vote).unwrap_or(f64::NAN)),
                    Cell::Code(setting.side(choice)),
                ]);
                sheet.push(&cells);
            }
            past.record(&setting, index as u32, vote.at, choice);
        }
    }
    sheet.learned()
}

/// How much likelier each voter of a proposal is to take each choice than its fellows are.
#[derive(Debug)]
pub(crate) struct Leans {
    setting: Setting,
    rows: Vec<[f64; SIDES]>,
}

impl Leans {
    pub(crate) fn at(&self, voter: usize, choice: usize) -> f64 {
        self.rows[voter][self.setting.side(choice) as usize]
    }
}

/// The ballots of one block, proposal after proposal.
pub(crate) struct Voting<'a> {
    part: &'a dyn FittedTable,
    past: Vec<Past>,
    streams: Streams,
    /// The number of the proposal's first stream.
    next: u64,
    day_precision: bool,
}

impl<'a> Voting<'a> {
    /// No ballot yet. `block` and `proposals` say which streams are this block's.
    pub(crate) fn new(
        part: &'a dyn FittedTable,
        model: &DaoModel,
        members: usize,
        streams: Streams,
        (block, proposals): (u64, usize),
    ) -> Self {
        Self {
            part,
            past: vec![Past::default(); members],
            streams,
            next: block * proposals as u64 * (COPIES + 1),
            day_precision: model.day_precision,
        }
    }

    fn frame(&self, known: &[[Cell; KNOWN]], drawn: impl Fn(usize) -> [Cell; 3]) -> Result<Frame> {
        let mut sheet = Sheet::new(Arc::clone(self.part.columns()));
        for (row, known) in known.iter().enumerate() {
            let mut cells = known.to_vec();
            cells.extend(drawn(row));
            sheet.push(&cells);
        }
        sheet.asked()
    }

    /// Draws the times of a proposal's ballots and, where asked, the leans of its voters. `active` says of each
    /// voter whether it is one of the most active, who are compared with each other.
    ///
    /// # Errors
    /// A defect of the model.
    pub(crate) fn draw(
        &mut self,
        setting: &Setting,
        proposal: u32,
        voters: &[Voter],
        active: Option<&[bool]>,
    ) -> Result<(Vec<Option<i64>>, Option<Leans>)> {
        let first = self.next;
        self.next += COPIES + 1;
        let known = known(setting, proposal, voters, &self.past);
        let missing = [Cell::Code(MISSING), Cell::Number(f64::NAN), Cell::Code(MISSING)];
        let mut stream = self.streams.stream(first);
        let times = super::fill(self.part, &self.frame(&known, |_| missing)?, &mut stream)?;
        let (sittings, positions) = (times.values(SITTING).codes(), times.values(POSITION).numbers());
        let at = voters.iter().enumerate().map(|(row, (member, _))| {
            let (start, end) = setting.window?;
            let share = stream.uniform();
            let before = self.past[*member as usize].open(setting);
            let sitting = Some(sittings[row]).filter(|&sitting| sitting < SITTINGS);
            let at = match before.zip(sitting) {
                Some((before, sitting)) => {
                    let class = sitting as usize + FIRST_SITTING;
                    let (low, high) = (SESSION_EDGES[class - 1], SESSION_EDGES[class]);
                    before + low + ((high - low) as f64 * share) as i64
                }
                None => {
                    let (start, end) = if self.day_precision { whole_days(start, end) } else { (start, end) };
                    let position = positions[row];
                    let position = if position.is_nan() { share } else { position.clamp(0.0, 1.0) };
                    start + ((end - start) as f64 * position) as i64
                }
            };
            let at = if self.day_precision { at - at.rem_euclid(86_400) } else { at };
            Some(at.max(start).min(end))
        });
        let at: Vec<Option<i64>> = at.collect();
        let Some(active) = active else { return Ok((at, None)) };
        let asked = self.frame(&known, |row| {
            let sitting = Cell::Code(sittings[row]);
            [sitting, Cell::Number(positions[row]), Cell::Code(MISSING)]
        })?;
        let draws: Vec<Frame> = (1..=COPIES)
            .into_par_iter()
            .map(|copy| super::fill(self.part, &asked, &mut self.streams.stream(first + copy)))
            .collect::<Result<_>>()?;
        let mut counts = vec![[0.0; SIDES]; voters.len()];
        for draw in &draws {
            for (counts, &side) in counts.iter_mut().zip(draw.values(CHOICE).codes()) {
                if let Some(count) = counts.get_mut(side as usize) {
                    *count += 1.0;
                }
            }
        }
        Ok((at, Some(Leans { setting: *setting, rows: leans(counts, active) })))
    }

    /// Remembers a ballot.
    pub(crate) fn record(
        &mut self,
        setting: &Setting,
        proposal: u32,
        member: u32,
        at: Option<i64>,
        choice: u16,
    ) {
        self.past[member as usize].record(setting, proposal, at, usize::from(choice));
    }
}

/// Each voter's draws against the average of those who are active like it.
fn leans(mut counts: Vec<[f64; SIDES]>, active: &[bool]) -> Vec<[f64; SIDES]> {
    for kind in [false, true] {
        let of_kind = || (0..counts.len()).filter(|&voter| active[voter] == kind);
        let mean: Vec<f64> = (0..SIDES)
            .map(|side| statistics::mean(&of_kind().map(|voter| counts[voter][side]).collect::<Vec<_>>()))
            .collect();
        let voters: Vec<usize> = of_kind().collect();
        for voter in voters {
            for (count, mean) in counts[voter].iter_mut().zip(&mean) {
                // A side that nobody draws is nobody's.
                let usual = mean / COPIES as f64;
                let own = (*count + SMOOTHING * usual) / (COPIES as f64 + SMOOTHING);
                *count = if usual > 0.0 { own / usual } else { 1.0 };
            }
        }
    }
    counts
}
