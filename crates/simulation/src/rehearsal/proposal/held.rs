//! How honest chances are: foretold of recorded proposals from what was known before each, and held against what came.

use daotwin_core::Run;
use daotwin_history::{History, Side};
use rayon::prelude::*;
use serde::Serialize;

use super::super::Options;
use super::prepare::Prepared;
use super::{Ask, KnownBallot, Records, past};
use crate::Result;
use crate::scenario::RuleChange;

/// Brier scores (1950) over the last proposals of a DAO: mean squared distance of a chance to what came; 0 is best.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    /// The DAO.
    pub dao: String,
    /// Proposals that were foretold.
    pub proposals: usize,
    /// How many of them passed.
    pub passed: usize,
    /// Of the chance at the opening.
    pub opening: f64,
    /// Of the share of all proposals before that passed.
    pub base_rate: f64,
    /// Of the share of the ten before that passed, drawn to one half by one proposal each.
    pub recent: f64,
    /// Of the chance after a quarter of the window, with the ballots that are in.
    pub quarter: f64,
    /// Of saying that a proposal passes that would pass with the ballots that are in, with the error rate that this had
    /// on the proposals before.
    pub leader: f64,
    /// Quorums that were missed: the sum of the chances at the opening, and how many were.
    pub missed: (f64, usize),
    /// Squared distances of each proposal: opening, base rate, recent, quarter, leader.
    pub each: Vec<[f64; 5]>,
    /// The foretold chance at the opening and after a quarter, and what came.
    pub chances: Vec<(f64, f64, bool)>,
}

/// Foretells the last three in ten of a DAO's proposals, each from those that were over when it opened, and holds the
/// chances against what the recorded ballots came to under the rule. A proposal opens with its own window and author, and
/// its quorum is that of the one before it.
///
/// # Errors
/// A DAO without proposals to learn from; cancellation.
pub fn held_out(history: &History, baseline: &RuleChange, options: &Options, run: &Run) -> Result<Held> {
    let records = Records::new(history, options)?;
    let places = records.places(i64::MAX);
    let outcomes: Vec<bool> = places.iter().map(|place| records.passes(*place, baseline)).collect();
    let asked = places.len() - places.len() * 3 / 10..places.len();
    let led: Vec<bool> = places.iter().map(|place| leads(&records, *place, baseline)).collect();
    // Each is tried from what was known before it, once for all that come later.
    let tried: Result<Vec<Option<past::Tried>>> = places
        .par_iter()
        .map(|place| {
            run.check()?;
            Ok(past::tried(&records, *place, baseline, options.seed))
        })
        .collect();
    let tried = tried?;
    let scored: Result<Vec<Option<Scored>>> = asked
        .into_par_iter()
        .map(|number| {
            run.check()?;
            let place = places[number];
            let question = &records.electorate.questions[place];
            let over = |other: &usize| records.electorate.questions[places[*other]].end <= question.start;
            let before: Vec<usize> = (0..number).filter(over).collect();
            let length = (question.end - question.start).max(1);
            let ask = past::asked(&records, place);
            let quarter = Ask {
                as_of: Some(question.start + length / 4),
                ballots: early(&records, place, question.start + length / 4),
                ..ask.clone()
            };
            let correction = past::correction(before.iter().filter_map(|other| tried[*other].as_ref()));
            let chance = |ask: &Ask| {
                let mut problems = Vec::new();
                let prepared = Prepared::new(&records, ask, baseline, correction, &mut problems)?;
                Some(prepared.chance(options.runs, options.seed))
            };
            let (Some((opening, missed)), Some((quarter, _))) = (chance(&ask), chance(&quarter)) else {
                return Ok(None);
            };
            let share = |of: &[usize], holds: &dyn Fn(usize) -> bool| {
                let times = of.iter().filter(|other| holds(**other)).count();
                (times as f64 + 1.0) / (of.len() as f64 + 2.0)
            };
            let base = share(&before, &|other| outcomes[other]);
            let recent = share(&before[before.len().saturating_sub(10)..], &|other| outcomes[other]);
            let right = share(&before, &|other| outcomes[other] == led[other]);
            let leader = if led[number] { right } else { 1.0 - right };
            let came = outcomes[number];
            let off = |chance: f64| (chance - f64::from(u8::from(came))).powi(2);
            Ok(Some(Scored {
                off: [opening, base, recent, quarter, leader].map(off),
                chance: (opening, quarter, came),
                missed: (missed, !records.quorate(place, baseline)),
            }))
        })
        .collect();
    let scored: Vec<_> = scored?.into_iter().flatten().collect();
    let mean = |at: usize| scored.iter().map(|one| one.off[at]).sum::<f64>() / scored.len() as f64;
    Ok(Held {
        dao: records.electorate.dao.clone(),
        proposals: scored.len(),
        passed: scored.iter().filter(|one| one.chance.2).count(),
        opening: mean(0),
        base_rate: mean(1),
        recent: mean(2),
        quarter: mean(3),
        leader: mean(4),
        missed: (
            scored.iter().map(|one| one.missed.0).sum(),
            scored.iter().filter(|one| one.missed.1).count(),
        ),
        each: scored.iter().map(|one| one.off).collect(),
        chances: scored.iter().map(|one| one.chance).collect(),
    })
}

/// How one proposal was foretold.
struct Scored {
    off: [f64; 5],
    chance: (f64, f64, bool),
    missed: (f64, bool),
}

/// The ballots that are in at a time.
fn early(records: &Records, place: usize, until: i64) -> Vec<KnownBallot> {
    let electorate = &records.electorate;
    electorate.ballots[electorate.questions[place].ballots.clone()]
        .iter()
        .filter(|ballot| ballot.at <= until && ballot.side != Side::Other)
        .map(|ballot| KnownBallot {
            member: records.view.members[ballot.member as usize].clone(),
            side: ballot.side,
            power: Some(electorate.tokens(ballot.power)),
        })
        .collect()
}

/// Whether a proposal has more weight for than against after a quarter of its window.
fn leads(records: &Records, place: usize, rule: &RuleChange) -> bool {
    let electorate = &records.electorate;
    let question = &electorate.questions[place];
    let policy = super::Policy::of(question, rule, electorate);
    let until = question.start + (question.end - question.start) / 4;
    let mut tally = super::Tally::default();
    for ballot in &electorate.ballots[question.ballots.clone()] {
        if ballot.at <= until {
            tally.add(ballot.side, ballot.power, policy.weight(ballot.power));
        }
    }
    let [votes_for, against, ..] = tally.weight;
    votes_for > against
}
