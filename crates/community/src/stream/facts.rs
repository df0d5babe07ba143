//! What can be counted in a stream, and how exactly a record of its size tells it.

use daotwin_core::Seed;
use daotwin_core::random::Stream as Draws;
use daotwin_core::statistics::{gini, mean, quantile_sorted, sorted, standard_deviation};

use super::{Record, Timing};

const DAY: i64 = 86_400;
/// Seconds below which a gap between messages is quick.
pub(super) const QUICK: i64 = 300;
/// Days of a block when days are drawn anew: longer than loud times last.
const BLOCK: usize = 14;

/// A count of a stream.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Fact {
    /// The stable name.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Its value.
    pub value: f64,
}

/// Names and meanings of all facts, in the order in which they are told.
pub const FACTS: [(&str, &str); 11] = [
    ("gini", "Gini of messages an author"),
    ("once", "authors with one message, share"),
    ("top_tenth", "messages of the tenth of authors who write most, share"),
    ("hill", "tail index of messages an author (Hill, top tenth)"),
    ("dispersion", "variance over mean of messages a day"),
    ("autocorrelation", "autocorrelation of messages a day, one day apart"),
    ("quick", "gaps between messages below five minutes, share"),
    ("length", "median characters of a message"),
    ("thread_mean", "replies a thread, mean"),
    ("thread_median", "replies a thread, median"),
    ("thread_largest", "replies of the longest thread"),
];

/// The share of messages that answer a named message; a fact of its own, because records without replies have none.
pub const ANSWERING: (&str, &str) = ("answering", "messages that quote or answer another's, share");

/// The parts of a record that facts are computed from, so that each can be drawn anew.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// Messages of each author who wrote one.
    pub(super) by_author: Vec<f64>,
    /// Messages of each day from the first to the last.
    pub(super) by_day: Vec<f64>,
    /// Gaps in seconds and quick ones, of each day.
    pub(super) gaps: Vec<(f64, f64)>,
    /// Characters of each message.
    pub(super) lengths: Vec<f64>,
    /// Replies of each thread.
    pub(super) threads: Vec<f64>,
    /// Of each author, messages and those that answer.
    pub(super) answers: Vec<(f64, f64)>,
}

/// The messages that facts are about: in threads what came after the opening, elsewhere everything. Direct messages are nobody's
/// to count.
pub(super) fn counted(record: &Record) -> Vec<usize> {
    let stream = &record.stream;
    let threads = stream.threads();
    let mut opened = vec![false; stream.channels.len()];
    let all = stream.messages.iter().enumerate().filter(|(_, message)| {
        let first = !std::mem::replace(&mut opened[message.channel as usize], true);
        message.to.is_none() && !(threads && first)
    });
    all.map(|(place, _)| place).collect()
}

pub(super) fn parts(record: &Record) -> Parts {
    let stream = &record.stream;
    let places = counted(record);
    let mut found = Parts::default();
    let mut by_author = vec![(0.0, 0.0); stream.accounts.len()];
    for &place in &places {
        let message = &stream.messages[place];
        let entry = &mut by_author[message.author as usize];
        entry.0 += 1.0;
        entry.1 += f64::from(u8::from(message.reply_to.is_some()));
        found.lengths.push(message.text.chars().count() as f64);
    }
    by_author.retain(|(messages, _)| *messages > 0.0);
    found.by_author = by_author.iter().map(|(messages, _)| *messages).collect();
    if stream.messages.iter().any(|message| message.reply_to.is_some()) {
        found.answers = by_author;
    }
    if stream.threads() {
        let mut sizes = vec![0.0; stream.channels.len()];
        stream.messages.iter().for_each(|message| sizes[message.channel as usize] += 1.0);
        found.threads = sizes.into_iter().filter(|size| *size > 1.0).map(|size| size - 1.0).collect();
    }
    let day = |place: usize| stream.messages[place].at.div_euclid(DAY);
    if let (Some(&first), Some(&last)) = (places.first(), places.last())
        && record.timing != Timing::Order
    {
        let days = (day(last) - day(first)) as usize + 1;
        found.by_day = vec![0.0; days];
        places.iter().for_each(|&place| found.by_day[(day(place) - day(first)) as usize] += 1.0);
        if record.timing == Timing::Second {
            found.gaps = vec![(0.0, 0.0); days];
            for pair in places.windows(2) {
                let gap = stream.messages[pair[1]].at - stream.messages[pair[0]].at;
                let of = &mut found.gaps[(day(pair[0]) - day(first)) as usize];
                of.0 += 1.0;
                of.1 += f64::from(u8::from(gap < QUICK));
            }
        }
    }
    found
}

/// Hill's estimate of the tail index over the largest tenth (Hill 1975): with `k` largest, one over the mean logarithm of what
/// they are above the next.
pub fn hill(values: &[f64]) -> Option<f64> {
    let descending: Vec<f64> = sorted(values).into_iter().rev().collect();
    let k = values.len() / 10;
    let threshold = *descending.get(k).filter(|_| k >= 2)?;
    let excess = mean(&descending[..k].iter().map(|value| (value / threshold).ln()).collect::<Vec<_>>());
    (excess > 0.0).then(|| 1.0 / excess)
}

/// The autocorrelation of a series at lag one; 0 where it does not vary.
pub fn autocorrelation(series: &[f64]) -> f64 {
    let center = mean(series);
    let square: f64 = series.iter().map(|value| (value - center).powi(2)).sum();
    let cross: f64 = series.windows(2).map(|pair| (pair[0] - center) * (pair[1] - center)).sum();
    if square > 0.0 { cross / square } else { 0.0 }
}

pub(super) fn share_of(counts: &[(f64, f64)]) -> f64 {
    let (all, some) = counts.iter().fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
    if all > 0.0 { some / all } else { 0.0 }
}

fn measured(parts: &Parts) -> Vec<Fact> {
    let mut found = Vec::new();
    let mut tell = |name: &str, value: Option<f64>| {
        let known = FACTS.iter().chain([&ANSWERING]).find(|(known, _)| *known == name);
        if let (Some(&(name, meaning)), Some(value)) = (known, value) {
            found.push(Fact { name, meaning, value });
        }
    };
    let authors = &parts.by_author;
    if authors.len() > 1 {
        tell("gini", Some(gini(authors)));
        let once = authors.iter().filter(|&&many| many == 1.0).count();
        tell("once", Some(once as f64 / authors.len() as f64));
        let descending: Vec<f64> = sorted(authors).into_iter().rev().collect();
        let top = authors.len().div_ceil(10);
        tell("top_tenth", Some(descending[..top].iter().sum::<f64>() / authors.iter().sum::<f64>()));
        tell("hill", hill(authors));
    }
    if parts.by_day.len() > 2 {
        let center = mean(&parts.by_day);
        tell("dispersion", Some(standard_deviation(&parts.by_day).powi(2) / center));
        tell("autocorrelation", Some(autocorrelation(&parts.by_day)));
    }
    tell("quick", (!parts.gaps.is_empty()).then(|| share_of(&parts.gaps)));
    let lengths = sorted(&parts.lengths);
    tell("length", lengths.last().filter(|most| **most > 0.0).map(|_| quantile_sorted(&lengths, 0.5)));
    let threads = sorted(&parts.threads);
    if let Some(&largest) = threads.last() {
        tell("thread_mean", Some(mean(&threads)));
        tell("thread_median", Some(quantile_sorted(&threads, 0.5)));
        tell("thread_largest", Some(largest));
    }
    tell("answering", (!parts.answers.is_empty()).then(|| share_of(&parts.answers)));
    found
}

/// The facts of a record, those that it can tell: none of days without times, none of gaps where only the day is known, none of
/// threads where there are none. Linear in messages.
pub fn facts(record: &Record) -> Vec<Fact> {
    measured(&parts(record))
}

/// For each of [`facts`], in their order, the distance that 95 % of records like this one stay within: authors, threads and
/// messages drawn anew with replacement, days in blocks of a fortnight (Politis and Romano 1992, circular). No model can be
/// expected nearer. Deterministic in `seed`.
pub fn floors(record: &Record, replicates: u64, seed: Seed) -> Vec<f64> {
    let real = parts(record);
    let truth = measured(&real);
    let streams = seed.streams("community facts floors");
    let mut away = vec![Vec::new(); truth.len()];
    for replicate in 0..replicates {
        let draws = &mut streams.stream(replicate);
        let starts: Vec<usize> = (0..real.by_day.len().div_ceil(BLOCK))
            .map(|_| draws.below(real.by_day.len() as u64) as usize)
            .collect();
        let drawn = Parts {
            by_author: again(&real.by_author, draws),
            by_day: blocks(&real.by_day, &starts),
            gaps: blocks(&real.gaps, &starts),
            lengths: again(&real.lengths, draws),
            threads: again(&real.threads, draws),
            answers: again(&real.answers, draws),
        };
        for fact in measured(&drawn) {
            if let Some(place) = truth.iter().position(|known| known.name == fact.name) {
                away[place].push((fact.value - truth[place].value).abs());
            }
        }
    }
    away.iter().map(|away| if away.is_empty() { 0.0 } else { quantile_sorted(&sorted(away), 0.95) }).collect()
}

fn again<T: Copy>(values: &[T], draws: &mut Draws) -> Vec<T> {
    values.iter().map(|_| values[draws.below(values.len() as u64) as usize]).collect()
}

fn blocks<T: Copy>(values: &[T], starts: &[usize]) -> Vec<T> {
    let days = starts.iter().flat_map(|start| (0..BLOCK).map(move |step| start + step));
    days.map(|day| day % values.len().max(1))
        .filter_map(|day| values.get(day).copied())
        .take(values.len())
        .collect()
}
