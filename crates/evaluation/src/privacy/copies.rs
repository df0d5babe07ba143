//! Are real records reproduced word for word?

use std::collections::BTreeSet;

use daotwin_core::Run;
use daotwin_core::document::{Outcome, Score};
use daotwin_history::view::DaoView;

use crate::context::Context;
use crate::error::Result;
use crate::metric::{Card, Measured, Metric, id};
use crate::variants;

/// Rows and whole records of a DAO, comparable between DAOs with the same or other proposals.
#[derive(Debug, Default)]
struct Prints {
    /// By ballot: power in base units, seconds after the start, choice.
    rows: Vec<(i128, i64, i32)>,
    /// By member with at least two ballots: proposal by number, choice, power to three digits.
    records: Vec<Vec<(u32, i32, i64)>>,
}

/// Power to about three significant digits, so that a record jittered in its last digits is a copy still.
fn coarse(tokens: f64) -> i64 {
    if tokens <= 0.0 { i64::MIN } else { (tokens.log10() * 400.0).round() as i64 }
}

impl Prints {
    fn of(view: &DaoView) -> Self {
        let mut prints = Self::default();
        for vote in &view.votes {
            let start = view.proposals[vote.proposal as usize].start_at;
            // A ballot without power or time carries nothing that could be recognised.
            if let (Some(at), Some(start), 1..) = (vote.at, start, vote.power) {
                prints.rows.push((vote.power, at - start, vote.choice));
            }
        }
        for list in view.votes_by_member().iter().filter(|list| list.len() >= 2) {
            let votes = list.iter().map(|&vote| &view.votes[vote as usize]);
            prints
                .records
                .push(votes.map(|vote| (vote.proposal, vote.choice, coarse(view.tokens(vote)))).collect());
        }
        prints
    }
}

/// The shares of rows and of records of `of` that stand in `among` too; `None` where there is none to find.
fn shares(of: &Prints, among: &Prints) -> [Option<f64>; 2] {
    fn share<T: Ord>(of: &[T], among: &[T]) -> Option<f64> {
        let known: BTreeSet<&T> = among.iter().collect();
        let found = of.iter().filter(|item| known.contains(item)).count();
        (!of.is_empty()).then(|| found as f64 / of.len() as f64)
    }
    [share(&of.rows, &among.rows), share(&of.records, &among.records)]
}

/// Shares of rows and of whole records found in a random half of the real members, averaged over both halves:
/// of a synthetic DAO, and of the other real half.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Copied {
    /// Of the synthetic DAO: rows, records.
    pub synthetic: [Option<f64>; 2],
    /// Of the other real half: rows, records.
    pub real: [Option<f64>; 2],
}

/// Counts copies. The synthetic DAO is compared with halves, as the real halves are with each other: twice
/// the members to hit would make twice the coincidences.
pub fn copied(synthetic: &DaoView, halves: &(DaoView, DaoView)) -> Copied {
    let (first, second, synthetic) = (Prints::of(&halves.0), Prints::of(&halves.1), Prints::of(synthetic));
    let both = |a: [Option<f64>; 2], b: [Option<f64>; 2]| {
        [0, 1].map(|kind| a[kind].zip(b[kind]).map(|(a, b)| f64::midpoint(a, b)))
    };
    Copied {
        synthetic: both(shares(&synthetic, &first), shares(&synthetic, &second)),
        real: both(shares(&first, &second), shares(&second, &first)),
    }
}

/// The metric.
#[derive(Debug)]
pub struct Copies;

const KINDS: [(&str, &str); 2] =
    [("rows", "copied rows (power, time, choice)"), ("records", "copied vote records")];

impl Metric for Copies {
    fn id(&self) -> &'static str {
        "privacy.copies"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Whether real rows or whole vote records stand in the synthetic DAO.",
            source: "Exact match, with the same share between two halves of the real members as the reference",
            limits: "Sees exact rows, and records to three digits of power; a record shifted by a day is none.",
        }
    }

    fn ids(&self) -> Vec<String> {
        KINDS.iter().map(|(name, _)| id(self.id(), name)).collect()
    }

    fn measure(&self, context: &Context<'_>, run: &Run) -> Result<Measured> {
        run.check()?;
        let copied = copied(&context.samples[0], context.halves());
        let naive = copied_by_independence(context);
        let mut measured = Measured::default();
        for (kind, (name, label)) in KINDS.into_iter().enumerate() {
            let (Some(value), Some(reference)) = (copied.synthetic[kind], copied.real[kind]) else {
                measured.skipped.push((id(self.id(), name), "no row or record to compare".to_owned()));
                continue;
            };
            // Six standard deviations of a count with the real share: false alarm below 1e-6 for counts
            // large enough to be normal, plus a hit or two for those that are not.
            let tries = match kind {
                0 => context.samples[0].votes.len(),
                _ => context.samples[0].voters(),
            };
            let n = tries.max(1) as f64;
            let bar = reference + 6.0 * (reference * (1.0 - reference) / n).sqrt() + 2.0 / n;
            let mut references = vec![("holdout (two real halves)".to_owned(), reference)];
            references.extend(naive[kind].map(|share| ("independent columns".to_owned(), share)));
            measured.scores.push(Score {
                id: id(self.id(), name),
                label: label.to_owned(),
                value,
                interval: None,
                references,
                bar: Some(bar),
                outcome: if value <= bar { Outcome::Good } else { Outcome::Bad },
                meaning:
                    "share found among a half of the real members; the bar is the share between two real \
                          halves and what chance adds to it"
                        .to_owned(),
            });
        }
        Ok(measured)
    }
}

fn copied_by_independence(context: &Context<'_>) -> [Option<f64>; 2] {
    // Independent columns made from one half, so that the other half is not in them.
    let (first, second) = context.halves();
    let naive = variants::independent_columns(first, context.options.seed);
    shares(&Prints::of(&naive), &Prints::of(second))
}
