//! Is a model that learned from synthetic data good on real data? (train on synthetic, test on real)
//!
//! Three questions are answered on the last 30 % of the real proposals by trees that learned on the first
//! 70 % of the synthetic ones, beside trees that learned on the first 70 % of the real ones.

use daotwin_core::document::{Outcome, Score};
use daotwin_core::{Run, Seed};
use daotwin_history::view::DaoView;

use crate::context::Context;
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, id};
use crate::rows::{Past, Rows, column, leader, log_power};
use crate::trees::{Samples, auc};

/// The share of proposals, in order, that models learn on.
pub const TRAIN_SHARE: f64 = 0.7;
/// A question is asked where each answer is given this often in training and in test.
const MIN_EACH: usize = 10;

/// Which proposals: the first [`TRAIN_SHARE`] or the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    First,
    Last,
}

impl Part {
    fn holds(self, view: &DaoView, proposal: usize) -> bool {
        let cut = (view.proposals.len() as f64 * TRAIN_SHARE).round() as usize;
        (proposal < cut) == (self == Self::First)
    }
}

/// Pairs of a proposal and a member seen before it; positive where the member votes on it. Of the others as
/// many are drawn as voted.
fn next_voters(view: &DaoView, part: Part, seed: Seed) -> Samples {
    let streams = seed.streams("utility non-voters");
    let mut pasts = vec![Past::default(); view.members.len()];
    let mut seen: Vec<u32> = Vec::new();
    let mut samples = Samples::new(8);
    let mut rank = 0_u32;
    for (index, proposal) in view.proposals.iter().enumerate() {
        let Some((leading, _)) = leader(view, index) else { continue };
        let votes = &view.votes[proposal.votes.clone()];
        if part.holds(view, index) {
            let mut add = |member: u32, label: bool| {
                let past = &pasts[member as usize];
                let age = f64::from(rank - past.first_rank);
                let since = proposal.start_at.zip(past.last_at).map(|(now, then)| (now - then).max(0));
                samples.push(
                    [
                        f64::from(past.votes),
                        past.recent_share(rank),
                        f64::from(rank - past.last_rank),
                        since.map_or(f64::NAN, |seconds| (seconds as f64 + 1.0).ln()),
                        f64::from(past.votes) / age.max(1.0),
                        age / f64::from(rank.max(1)),
                        log_power(past.power_total / f64::from(past.votes.max(1))),
                        past.agreement(),
                    ],
                    label,
                );
            };
            let mut here: Vec<u32> =
                votes.iter().map(|vote| vote.member).filter(|&m| pasts[m as usize].votes > 0).collect();
            here.sort_unstable();
            let mut stream = streams.stream(index as u64);
            for &member in &here {
                add(member, true);
            }
            if here.len() < seen.len() {
                let mut drawn = 0;
                // Each try misses a voter with the share of voters among those seen, so tries are bounded
                // for DAOs where nearly everybody votes.
                for _ in 0..here.len() * 4 {
                    let member = seen[stream.below(seen.len() as u64) as usize];
                    if drawn < here.len() && here.binary_search(&member).is_err() {
                        add(member, false);
                        drawn += 1;
                    }
                }
            }
        }
        for vote in votes {
            let past = &mut pasts[vote.member as usize];
            if past.votes == 0 {
                seen.push(vote.member);
            }
            if past.votes == 0 || past.last_rank < rank {
                past.vote(rank, view.tokens(vote), vote.at, vote.choice == leading);
            }
        }
        rank += 1;
    }
    samples
}

/// What is known of a ballot before its choice; none of them looks at the choice.
const BEFORE_CHOICE: [&str; 11] = [
    "power",
    "power_to_mean",
    "time_in_window",
    "hour",
    "leader_so_far",
    "votes_so_far",
    "recent_share",
    "agreement_so_far",
    "gap_proposals",
    "choices",
    "duration",
];

/// Ballots; positive where they go to the proposal's leading choice.
fn choices(view: &DaoView, part: Part) -> Samples {
    let rows = Rows::of(view);
    let columns = BEFORE_CHOICE.map(column);
    let leads = column("leads");
    let mut samples = Samples::new(columns.len());
    for row in 0..rows.len() {
        if part.holds(view, rows.proposal[row] as usize) {
            samples.push(columns.map(|column| rows.columns[column][row]), rows.columns[leads][row] > 0.5);
        }
    }
    samples
}

/// Proposals with three ballots; positive where the leading choice has more than 99 % of power.
fn outcomes(view: &DaoView, part: Part) -> Samples {
    let mut samples = Samples::new(7);
    let (mut shares, mut before): (Vec<f64>, Option<i64>) = (Vec::new(), None);
    let log = |seconds: Option<i64>| seconds.map_or(f64::NAN, |s| (s.max(0) as f64 + 1.0).ln());
    for (index, proposal) in view.proposals.iter().enumerate() {
        let Some((_, majority)) = leader(view, index) else { continue };
        let votes = &view.votes[proposal.votes.clone()];
        if votes.len() >= 3 && part.holds(view, index) {
            let recent = &shares[shares.len().saturating_sub(5)..];
            let average = |list: &[f64]| {
                if list.is_empty() { f64::NAN } else { list.iter().sum::<f64>() / list.len() as f64 }
            };
            let unanimous: Vec<f64> = recent.iter().map(|&share| f64::from(u8::from(share > 0.99))).collect();
            let first: Vec<i32> = votes.iter().take(3).map(|vote| vote.choice).collect();
            samples.push(
                [
                    f64::from(proposal.choices),
                    log(proposal.end_at.zip(proposal.start_at).map(|(end, start)| end - start)),
                    log(proposal.start_at.zip(before).map(|(start, before)| start - before)),
                    average(recent),
                    average(&unanimous),
                    f64::from(u8::from(first.iter().all(|&choice| choice == first[0]))),
                    votes.iter().take(3).map(|vote| log_power(view.tokens(vote))).fold(f64::MIN, f64::max),
                ],
                majority > 0.99,
            );
        }
        shares.push(majority);
        before = proposal.start_at.or(before);
    }
    samples
}

/// The metric.
#[derive(Debug)]
pub struct Utility;

const QUESTIONS: [(&str, &str, &str); 3] = [
    ("next_voter", "who votes next", "a member seen before votes on the proposal"),
    ("choice", "which choice", "the ballot goes to the leading choice"),
    ("outcome", "does it pass clearly", "the leading choice gets more than 99 % of power"),
];

impl Metric for Utility {
    fn id(&self) -> &'static str {
        "utility"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Whether what trees learn on synthetic data holds on the real future.",
            source: "Train on synthetic, test on real (Esteban, Hyland and Ratsch 2017), time split",
            limits: "Three questions; a use that asks others may fare otherwise.",
        }
    }

    fn ids(&self) -> Vec<String> {
        QUESTIONS.iter().map(|(name, ..)| id(self.id(), name)).collect()
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        let (real, synthetic) = (context.real, &context.samples[0]);
        let options = context.options;
        let mut measured = Measured::default();
        for (question, (name, label, what)) in QUESTIONS.into_iter().enumerate() {
            run.check()?;
            let samples = |view: &DaoView, part: Part| {
                let samples = match question {
                    0 => next_voters(view, part, options.seed),
                    1 => choices(view, part),
                    _ => outcomes(view, part),
                };
                samples.thin(options.max_rows)
            };
            let test = samples(real, Part::Last);
            let (on_real, on_synthetic) = (samples(real, Part::First), samples(synthetic, Part::First));
            if !test.enough(MIN_EACH) || !on_real.enough(MIN_EACH) {
                let reason = "the real DAO gives one of the two answers too rarely";
                measured.skipped.push((id(self.id(), name), reason.to_owned()));
                continue;
            }
            let value = if on_synthetic.enough(MIN_EACH) { auc(&on_synthetic, &test)? } else { 0.5 };
            measured.scores.push(Score {
                id: id(self.id(), name),
                label: (*label).to_owned(),
                value,
                references: vec![
                    ("train on real".to_owned(), auc(&on_real, &test)?),
                    ("chance".to_owned(), 0.5),
                ],
                outcome: Outcome::Neutral,
                meaning: format!(
                    "area under the ROC curve on real data, learned on synthetic data: {what}; 0.5 is a guess"
                ),
                ..Score::default()
            });
        }
        Ok(measured)
    }
}
