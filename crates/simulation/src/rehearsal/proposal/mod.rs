//! Advice on one proposal: its chance to pass, who decides it, and what would change it.
//!
//! Members of the DAO come with the chance, the power and the leaning that the records of each one tell ([`model`]); the
//! rule counts what they say, in whole units of the token. The same draws are counted again with a member for, against
//! and away, and under changed conditions, so that differences are told more exactly than chances.

mod ask;
mod document;
mod draw;
mod held;
mod model;
mod past;
mod prepare;
#[cfg(test)]
mod test;

use daotwin_core::statistics::wilson;
use daotwin_core::{Run, Seed};
use daotwin_history::History;
use daotwin_history::synthesizer::{Fitted, SampleOptions};
use daotwin_history::view::DaoView;
use serde::Serialize;

pub use ask::{Ask, KnownBallot};
pub use held::{Held, held_out};

use super::Options;
use super::electorate::Electorate;
use super::policy::{Policy, Tally};
use crate::scenario::RuleChange;
use crate::{Error, Result};
use prepare::Prepared;

/// Runs of an outlook where nobody says how many.
pub const RUNS: u64 = 2_000;
/// A chance over runs, with its 90 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Chance {
    /// Share of runs.
    pub share: f64,
    /// Wilson's interval.
    pub interval: (f64, f64),
}

impl Chance {
    fn of(times: usize, runs: usize) -> Self {
        let (times, runs) = (times as u64, runs as u64);
        Self { share: times as f64 / runs as f64, interval: wilson(times, runs, 0.1) }
    }
}

/// A member, and what its ballot decides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decider {
    /// Its id.
    pub member: String,
    /// Tokens in its latest ballot.
    pub tokens: f64,
    /// Its chance to vote on a typical proposal.
    pub comes: f64,
    /// Chance to pass with it for, with it against, and without it; all others as they are drawn.
    pub with_for: f64,
    /// With it against.
    pub with_against: f64,
    /// Without it.
    pub without: f64,
    /// Share of runs that pass with it for and fail with it against (the swing of Banzhaf 1965, over who comes and what
    /// they say).
    pub swing: Chance,
    /// Share of runs whose outcome its own ballot, as it is drawn, decides: without it they end differently.
    pub decisive: Chance,
    /// Share of runs in which it completes the majority when those who come join it in a random order (Shapley and
    /// Shubik 1954).
    pub pivot: Chance,
}

/// What a changed condition does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Changed {
    /// The condition.
    pub title: String,
    /// The chance to pass under it.
    pub chance: Chance,
    /// By how much the chance differs, run by run on the same draws.
    pub difference: f64,
    /// Its 90 % interval (Agresti and Min 2005, for paired shares).
    pub interval: (f64, f64),
}

/// The outlook of a proposal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outlook {
    /// The DAO.
    pub dao: String,
    /// What was asked.
    pub ask: Ask,
    /// The seed.
    pub seed: Seed,
    /// How many runs there were.
    pub runs: u64,
    /// When it opens, in seconds since 1970.
    pub opens: i64,
    /// For how many days it is open.
    pub window_days: f64,
    /// The quorum in tokens; 0 where there is none.
    pub quorum: f64,
    /// The share for that must be exceeded.
    pub approval: f64,
    /// The chance to pass.
    pub passes: Chance,
    /// The chance to fail for want of a quorum, whatever the majority.
    pub no_quorum: Chance,
    /// The chance to reach the quorum and fail for want of a majority.
    pub no_majority: Chance,
    /// How many of the recorded proposals before it pass under this rule, and how many there are.
    pub recorded: (usize, usize),
    /// 5, 25, 50, 75 and 95 % quantiles over runs of the voters.
    pub voters: [f64; 5],
    /// Of the power cast, in tokens.
    pub power: [f64; 5],
    /// Of the power for, in tokens.
    pub power_for: [f64; 5],
    /// Of the share for, among for and against; NaN where nobody says either.
    pub support: [f64; 5],
    /// 0, 5, ... 100 % quantiles over runs of how far it is from the other outcome, as a share of the weight cast or of
    /// the quorum, whichever is nearer to failing; below 0 where it fails.
    pub margins: Vec<f64>,
    /// Who decides it, the largest swing first.
    pub deciders: Vec<Decider>,
    /// So few members turn a run: 5, 50 and 95 % quantiles over the runs that anybody can turn.
    pub turned_by: [f64; 3],
    /// The members who turn the run in the middle, and whether it passes without that.
    pub coalition: (Vec<String>, bool),
    /// What would change it, the largest difference first.
    pub changes: Vec<Changed>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// A DAO's records, dense.
struct Records {
    view: DaoView,
    electorate: Electorate,
    /// The member that made each proposal.
    authors: Vec<Option<usize>>,
}

impl Records {
    fn new(history: &History, options: &Options) -> Result<Self> {
        let view = super::view(history, options)?;
        let electorate = Electorate::of(&view)?;
        let ids: std::collections::BTreeMap<&str, usize> =
            view.members.iter().enumerate().map(|(place, member)| (member.as_str(), place)).collect();
        let authors = view.proposals.iter().map(|proposal| ids.get(proposal.author.as_deref()?).copied());
        let authors = authors.collect();
        Ok(Self { view, electorate, authors })
    }

    /// Proposals that voters were for or against and that are over at this time, in order.
    fn places(&self, until: i64) -> Vec<usize> {
        let questions = self.electorate.questions.iter().enumerate();
        questions
            .filter(|(_, question)| {
                question.passable && !question.ballots.is_empty() && question.end <= until
            })
            .map(|(place, _)| place)
            .collect()
    }

    fn tally(&self, place: usize, policy: &Policy) -> Tally {
        let mut tally = Tally::default();
        for ballot in &self.electorate.ballots[self.electorate.questions[place].ballots.clone()] {
            tally.add(ballot.side, ballot.power, policy.weight(ballot.power));
        }
        tally
    }

    /// Whether the recorded ballots pass under a rule.
    fn passes(&self, place: usize, rule: &RuleChange) -> bool {
        let policy = Policy::of(&self.electorate.questions[place], rule, &self.electorate);
        policy.passes(&self.tally(place, &policy))
    }

    /// Whether they meet its quorum.
    fn quorate(&self, place: usize, rule: &RuleChange) -> bool {
        let policy = Policy::of(&self.electorate.questions[place], rule, &self.electorate);
        policy.quorate(&self.tally(place, &policy))
    }

    /// Whether they have a majority; whether they have one and miss the quorum.
    fn outcome(&self, place: usize, rule: &RuleChange) -> (bool, bool) {
        let policy = Policy::of(&self.electorate.questions[place], rule, &self.electorate);
        let tally = self.tally(place, &policy);
        let majority = policy.majority(&tally);
        (majority, majority && !policy.quorate(&tally))
    }

    fn member(&self, id: &str) -> Option<u32> {
        let place = self.view.members.iter().position(|member| member.eq_ignore_ascii_case(id));
        place.map(|place| place as u32)
    }
}

/// Samples a DAO from a model, in place of records: its members are the model's, and stand for no real ones.
///
/// # Errors
/// The model's own; cancellation.
pub fn sampled(model: &dyn Fitted, options: &Options, run: &Run) -> Result<History> {
    let mut quiet = Run::default();
    (quiet.cancel, quiet.limits) = (run.cancel.clone(), run.limits);
    let sample =
        SampleOptions { seed: options.seed, proposals: options.proposals, ..SampleOptions::default() };
    Ok(model.sample(&sample, &quiet)?)
}

/// Says how likely a proposal is to pass, who decides it and what would change it.
///
/// Members, their chances to vote, powers and leanings are those of the records (their proposals that are over when it
/// opens); `baseline` says of the rule what the records do not, the question's own rule comes before it.
///
/// Deterministic for a seed on any number of threads. Costs members x (proposals + runs), and for each run a count of its
/// ballots a changed condition.
///
/// # Errors
/// A question that this DAO cannot have, every problem at once; cancellation.
pub fn outlook(
    records: &History,
    ask: &Ask,
    baseline: &RuleChange,
    options: &Options,
    run: &Run,
) -> Result<Outlook> {
    let records = Records::new(records, options)?;
    let mut problems = super::strange(options);
    let opens = ask.opens.unwrap_or(i64::MAX);
    let correction = past::learn(&records, &records.places(opens), baseline, options.seed, run)?;
    match Prepared::new(&records, ask, baseline, correction, &mut problems) {
        Some(prepared) if problems.is_empty() => prepared.answer(options, run),
        _ => Err(Error::Parameters { problems }),
    }
}
