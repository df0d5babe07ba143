//! A model of a community's stream, fitted to a record, and streams drawn from it.
//!
//! How much is written a day is a law with the persistence of an autoregressive process (a Gaussian copula of order one, as in
//! Cario and Nelson 1996). When in the day is a Hawkes process of one kind with hours. Who writes is a law of messages an
//! author, and within the order of all messages each author has a time of its own, in which it comes back for bursts. What is
//! not modelled: who likes to talk to whom, edits, reactions, direct messages, transfers.

use std::collections::BTreeMap;

use daotwin_core::Seed;
use daotwin_core::random::Stream as Draws;
use daotwin_core::statistics::{mean, normal_cdf, quantile_sorted, sorted, standard_deviation};

use super::facts::{QUICK, autocorrelation, counted, parts, share_of};
use super::{Account, Label, Law, Message, Record, Stream, Timing};
use crate::opinion::mood::{OrnsteinUhlenbeck, Seen};
use crate::point_process::simulate::within_day;
use crate::point_process::{
    Event, FitOptions, Goodness, Hawkes, Rhythm, fit as fit_hawkes, fit::guess, goodness,
};
use crate::sentiment::Lexicon;
use crate::text::{LanguageModel, LanguageOptions, Mood, sentence};
use crate::{Error, Result};

const DAY: f64 = 86_400.0;
/// Messages of others that end a burst of one author.
const BURST: usize = 50;
/// Classes of authors by messages: from these numbers on.
const CLASSES: [usize; 4] = [1, 2, 5, 20];
/// Levels of the quantiles of when authors begin and how long they stay.
const LEVELS: usize = 11;
/// Paths over which persistence is sought, and halvings.
const PATHS: u64 = 40;
const HALVINGS: usize = 12;
/// Texts of which the one nearest in mood is taken.
const TEXTS: usize = 3;

/// When authors of a class write, as quantiles: shares of the record.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Stay {
    /// Of the first message's place.
    pub first: Vec<f64>,
    /// Of the stay, as a share of what was left.
    pub span: Vec<f64>,
}

/// Threads, where channels are threads.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Threads {
    /// Threads with a reply.
    pub count: u32,
    /// Replies of a thread.
    pub replies: Law,
    /// Share of openings by somebody who replies somewhere.
    pub known: f64,
    /// Replies elsewhere, in the mean, between two replies of a thread.
    pub apart: f64,
}

/// What is written about.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its share of messages.
    pub share: f64,
    /// Its mood.
    pub mood: OrnsteinUhlenbeck,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct StreamModel {
    /// How exactly the record tells when.
    pub timing: Timing,
    /// Midnight of the first day, in Unix seconds.
    pub start_at: i64,
    /// Days.
    pub days: u32,
    /// Authors.
    pub authors: u32,
    /// Messages an author.
    pub per_author: Law,
    /// Messages a day.
    pub per_day: Law,
    /// Correlation of the normal process behind days, one day apart.
    pub persistence: f64,
    /// When in the day.
    pub hawkes: Hawkes,
    /// Factor on its excitement within days of a known number of messages, under which as many gaps are quick as in the record.
    pub crowding: f64,
    /// How well a Hawkes process fits the times (of all days together), and how well one without excitement does; none where
    /// only days or the order are known.
    pub times: Option<Times>,
    /// Threads, where there are any.
    pub threads: Option<Threads>,
    /// Channels and their shares, where there are no threads.
    pub channels: Vec<(String, f64)>,
    /// Characters a message.
    pub lengths: Law,
    /// Share of messages that answer a named one.
    pub answering: f64,
    /// How many messages of the channel back that is, less one.
    pub back: Law,
    /// Topics.
    pub topics: Vec<Topic>,
    /// Share of messages without any sentiment.
    pub even: f64,
    /// Standard deviation of the others' sentiment around their topic's mood.
    pub spread: f64,
    /// When authors write, by class.
    pub stays: Vec<Stay>,
    /// Chance that an author's next message begins a new burst.
    pub returns: f64,
    /// Messages, in the mean, from one of a burst to the next.
    pub step: f64,
    /// What texts are made of; templates where there is none.
    #[serde(skip)]
    pub language: Option<LanguageModel>,
}

/// How well the times fit.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Times {
    /// The fitted process.
    pub fitted: Goodness,
    /// The same hours and days without excitement.
    pub calm: Goodness,
}

/// Events in seconds from a midnight. Times that are all whole minutes are spread over their minute; order stays.
pub fn events(at: &[i64], midnight: i64, seed: Seed) -> Vec<Event> {
    let whole = at.iter().all(|at| at.rem_euclid(60) == 0);
    let mut draws = seed.stream("community minutes");
    let width = if whole { 60.0 } else { 1.0 };
    let mut events: Vec<Event> =
        at.iter().map(|at| Event { at: (at - midnight) as f64 + width * draws.uniform(), kind: 0 }).collect();
    events.sort_by(|left, right| left.at.total_cmp(&right.at));
    events
}

fn knots(values: &[f64]) -> Vec<f64> {
    let ascending = sorted(values);
    (0..LEVELS).map(|level| quantile_sorted(&ascending, level as f64 / (LEVELS - 1) as f64)).collect()
}

fn at_level(knots: &[f64], level: f64) -> f64 {
    quantile_sorted(knots, level)
}

fn class(messages: usize) -> usize {
    CLASSES.iter().rposition(|&from| messages >= from).unwrap_or(0)
}

impl StreamModel {
    /// Fits a record; texts will be of templates where `language` is nothing. Costs some hundred passes over the messages.
    /// Deterministic in `seed`.
    ///
    /// # Errors
    /// Fewer than 10 messages or 2 authors.
    pub fn fit(record: &Record, language: Option<LanguageOptions>, seed: Seed) -> Result<Self> {
        let stream = &record.stream;
        let places = counted(record);
        let parts = parts(record);
        if places.len() < 10 || parts.by_author.len() < 2 {
            return Err(Error::Parameters {
                problems: vec![format!(
                    "the record has {} messages by {} authors; a stream is fitted to at least 10 by 2",
                    places.len(),
                    parts.by_author.len()
                )],
            });
        }
        let whole = |values: &[f64]| values.iter().map(|value| *value as u32).collect::<Vec<_>>();
        let start_at = stream.messages[places[0]].at.div_euclid(DAY as i64) * DAY as i64;
        let per_day = Law::fit(&whole(&parts.by_day));
        let (hawkes, times) = match record.timing {
            Timing::Second => clock(record, &places, start_at, parts.by_day.len(), seed)?,
            _ => (Hawkes::poisson(vec![1.0]), None),
        };
        let all: Vec<f64> = places.iter().map(|&place| stream.messages[place].sentiment).collect();
        let even = all.iter().filter(|value| **value == 0.0).count() as f64 / all.len() as f64;
        let topics = topics(record, &places, even);
        let off: Vec<f64> = places
            .iter()
            .map(|&place| &stream.messages[place])
            .filter(|message| message.sentiment != 0.0)
            .map(|message| message.sentiment - topics[message.topic as usize].mood.mean)
            .collect();
        let (answering, back) = answers(record, &places);
        let (stays, returns, step) = stays(record, &places);
        let mut channels = vec![0.0; stream.channels.len()];
        places.iter().for_each(|&place| channels[stream.messages[place].channel as usize] += 1.0);
        let threads = threads(record, &places, &whole(&parts.threads));
        let language = language.map(|options| {
            let texts = places.iter().map(|&place| &stream.messages[place]);
            LanguageModel::learn(texts.map(|message| (message.author, message.text.as_str())), options)
        });
        let mut model = Self {
            timing: record.timing,
            start_at,
            days: parts.by_day.len() as u32,
            authors: parts.by_author.len() as u32,
            per_author: Law::fit(&whole(&parts.by_author)),
            per_day,
            persistence: 0.0,
            hawkes,
            crowding: 1.0,
            times,
            channels: if threads.is_some() {
                Vec::new()
            } else {
                stream
                    .channels
                    .iter()
                    .cloned()
                    .zip(channels)
                    .filter(|(_, messages)| *messages > 0.0)
                    .collect()
            },
            threads,
            lengths: Law::fit(&whole(&parts.lengths)),
            answering,
            back,
            topics,
            even,
            spread: standard_deviation(&off),
            stays,
            returns,
            step,
            language,
        };
        model.persistence = model.persistent(autocorrelation(&parts.by_day), seed);
        if record.timing == Timing::Second {
            model.crowding = model.crowded(&whole(&parts.by_day), share_of(&parts.gaps), seed);
        }
        Ok(model)
    }

    /// Messages of each day.
    fn loudness(&self, persistence: f64, draws: &mut Draws) -> Vec<u32> {
        let mut level = draws.normal();
        let rest = (1.0 - persistence * persistence).sqrt();
        (0..self.days)
            .map(|_| {
                let count = self.per_day.quantile(normal_cdf(level));
                level = persistence * level + rest * draws.normal();
                count
            })
            .collect()
    }

    /// The persistence under which days have this autocorrelation in the mean.
    fn persistent(&self, wanted: f64, seed: Seed) -> f64 {
        let streams = seed.streams("community persistence");
        let reached = |persistence: f64| {
            let of = |path| {
                let days = self.loudness(persistence, &mut streams.stream(path));
                autocorrelation(&days.into_iter().map(f64::from).collect::<Vec<_>>())
            };
            mean(&(0..PATHS).map(of).collect::<Vec<_>>())
        };
        let (mut low, mut high) = (0.0, 0.995);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if reached(middle) < wanted { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// The factor on excitement under which these days have this share of quick gaps.
    fn crowded(&self, days: &[u32], wanted: f64, seed: Seed) -> f64 {
        let reached = |crowding: f64| {
            let tried = Self { crowding, language: None, ..self.clone() };
            let at = tried.times_of(days, &mut seed.stream("community crowding"));
            let quick = at.windows(2).filter(|pair| pair[1] - pair[0] < QUICK).count();
            quick as f64 / (at.len() as f64 - 1.0).max(1.0)
        };
        let (mut low, mut high) = (0.0, 4.0);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if reached(middle) < wanted { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// A stream of as many days and authors. Deterministic in `seed`; costs some microseconds a message and its text.
    pub fn sample(&self, seed: Seed) -> Record {
        let mut draws = seed.stream("community stream");
        let mut counts: Vec<u32> =
            (0..self.authors).map(|_| self.per_author.draw(&mut draws).max(1)).collect();
        let mut days = self.loudness(self.persistence, &mut draws);
        let sizes: Option<Vec<u32>> = self
            .threads
            .as_ref()
            .map(|threads| (0..threads.count).map(|_| threads.replies.draw(&mut draws).max(1)).collect());
        let sum = |counts: &[u32]| counts.iter().map(|&count| u64::from(count)).sum::<u64>();
        let total = match (&sizes, self.timing) {
            (Some(sizes), _) => sum(sizes),
            (None, Timing::Order) => sum(&counts),
            (None, _) => sum(&days).max(1),
        };
        reconcile(&mut counts, total, 1, &mut draws);
        let at = if self.timing == Timing::Order {
            (0..total as i64).map(|order| self.start_at + 60 * order).collect()
        } else {
            reconcile(&mut days, total, 0, &mut draws);
            self.times_of(&days, &mut draws)
        };
        let authors = self.seated(&counts, total as usize, &mut draws);
        let mut stream = Stream {
            channels: self.channels.iter().map(|(name, _)| name.clone()).collect(),
            topics: self.topics.iter().map(|topic| topic.name.clone()).collect(),
            ..Stream::default()
        };
        let mut people = counts.len() as u32;
        let mut placed: Vec<(i64, u32, u32)> = Vec::with_capacity(total as usize);
        if let (Some(sizes), Some(threads)) = (sizes, &self.threads) {
            let rows = replies(&sizes, threads.apart, &mut draws);
            stream.channels = (0..sizes.len()).map(|thread| format!("thread {}", thread + 1)).collect();
            let mut opened = vec![false; sizes.len()];
            for ((at, author), thread) in at.into_iter().zip(authors).zip(rows) {
                if !std::mem::replace(&mut opened[thread as usize], true) {
                    let opener = if draws.chance(threads.known) {
                        draws.below(counts.len() as u64) as u32
                    } else {
                        people += 1;
                        people - 1
                    };
                    placed.push((at - 30, opener, thread));
                }
                placed.push((at, author, thread));
            }
        } else {
            let shares: Vec<f64> = self.channels.iter().map(|(_, share)| *share).collect();
            for (at, author) in at.into_iter().zip(authors) {
                placed.push((at, author, draws.weighted(&shares) as u32));
            }
        }
        placed.sort_by_key(|(at, _, _)| *at);
        self.write(&placed, &mut stream, &mut draws, seed);
        let mut joined = vec![i64::MAX; people as usize];
        for message in &stream.messages {
            let first = &mut joined[message.author as usize];
            *first = message.at.min(*first);
        }
        let account = |(number, joined_at): (usize, i64)| Account {
            member: format!("member-{number:05}"),
            name: format!("member-{number:05}"),
            joined_at,
            moderator: false,
            label: Label::HONEST,
        };
        stream.accounts = joined.into_iter().enumerate().map(account).collect();
        Record { stream, timing: self.timing, left_out: 0, scored: false }
    }

    fn times_of(&self, days: &[u32], draws: &mut Draws) -> Vec<i64> {
        let mut at = Vec::new();
        let mut hawkes = self.hawkes.clone();
        hawkes.excitations.iter_mut().for_each(|excitation| excitation.weight *= self.crowding);
        for (day, &count) in days.iter().enumerate() {
            let midnight = self.start_at + day as i64 * DAY as i64;
            at.extend(
                within_day(&hawkes, count as usize, draws).iter().map(|within| midnight + *within as i64),
            );
        }
        at
    }

    /// Who wrote each message, in their order: every author's messages lie where its stay and its bursts put them.
    fn seated(&self, counts: &[u32], total: usize, draws: &mut Draws) -> Vec<u32> {
        let mut places: Vec<(f64, u32)> = Vec::with_capacity(total);
        for (author, &count) in counts.iter().enumerate() {
            let stay = &self.stays[class(count as usize)];
            let first = at_level(&stay.first, draws.uniform());
            let span = (1.0 - first) * at_level(&stay.span, draws.uniform());
            let bursts = 1 + (1..count).filter(|_| draws.chance(self.returns)).count();
            let mut begins: Vec<f64> = (2..bursts).map(|_| first + draws.uniform() * span).collect();
            begins.push(first);
            if bursts > 1 {
                begins.push(first + span);
            }
            // Every burst has a message; the others fall where they will.
            let mut sizes = vec![1_u32; begins.len()];
            for _ in sizes.len()..count as usize {
                sizes[draws.below(begins.len() as u64) as usize] += 1;
            }
            for (begin, size) in begins.iter().zip(sizes) {
                let mut at = *begin;
                for _ in 0..size {
                    places.push((at, author as u32));
                    at += self.step * draws.exponential() / total.max(1) as f64;
                }
            }
        }
        places.sort_by(|left, right| left.0.total_cmp(&right.0));
        places.into_iter().map(|(_, author)| author).collect()
    }

    fn write(&self, placed: &[(i64, u32, u32)], stream: &mut Stream, draws: &mut Draws, seed: Seed) {
        let shares: Vec<f64> = self.topics.iter().map(|topic| topic.share).collect();
        let mut moods: Vec<f64> = self.topics.iter().map(|topic| topic.mood.begin(draws)).collect();
        let mut before = i64::MIN;
        let mut said: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let texts = seed.streams("community stream texts");
        let lexicon = self.language.is_some().then(Lexicon::new);
        for (number, &(at, author, channel)) in placed.iter().enumerate() {
            let day = at.div_euclid(DAY as i64);
            if day != before {
                if before != i64::MIN {
                    for (mood, topic) in moods.iter_mut().zip(&self.topics) {
                        *mood = topic.mood.step(*mood, (day - before) as f64, draws);
                    }
                }
                before = day;
            }
            let earlier = said.entry(channel).or_default();
            let mut reply_to = None;
            // A thread's opening answers nobody.
            let open = self.threads.is_some() && earlier.is_empty();
            if !open && !earlier.is_empty() && draws.chance(self.answering) {
                let back = (self.back.draw(draws) as usize).min(earlier.len() - 1);
                reply_to = Some(earlier[earlier.len() - 1 - back]);
            }
            earlier.push(number as u32);
            let topic = match reply_to {
                Some(asked) => stream.messages[asked as usize].topic,
                None => draws.weighted(&shares) as u32,
            };
            let sentiment = if draws.chance(self.even) {
                0.0
            } else {
                (moods[topic as usize] + self.spread * draws.normal()).clamp(-1.0, 1.0)
            };
            let length = self.lengths.draw(draws) as usize;
            let name = &self.topics[topic as usize].name;
            let mut own = texts.stream(number as u64);
            let text = match (&self.language, &lexicon) {
                (Some(language), Some(lexicon)) => nearest(language, lexicon, length, sentiment, &mut own),
                _ => cut(name, sentiment, length, &mut own),
            };
            stream.messages.push(Message {
                author,
                at,
                channel,
                to: None,
                reply_to,
                topic,
                sentiment,
                label: Label::HONEST,
                text,
            });
        }
    }
}

/// Of a few texts the one whose sentiment is nearest.
fn nearest(
    language: &LanguageModel,
    lexicon: &Lexicon,
    length: usize,
    sentiment: f64,
    draws: &mut Draws,
) -> String {
    let mut best = (f64::INFINITY, String::new());
    for _ in 0..if length == 0 { 0 } else { TEXTS } {
        let text = language.write(length, draws);
        let off = (lexicon.score(&text) - sentiment).abs();
        if off < best.0 {
            best = (off, text);
        }
    }
    best.1
}

/// Sentences of the templates, whole words only, as near to a length as they come.
fn cut(subject: &str, sentiment: f64, length: usize, draws: &mut Draws) -> String {
    // Short messages are greetings and thanks.
    let subject = if length < 25 { "everyday" } else { subject };
    let mut text = String::new();
    let mut characters = 0;
    while characters < length {
        let sentence = sentence(subject, Mood::of(sentiment), draws);
        for (place, word) in sentence.split(' ').enumerate() {
            let gap = if characters == 0 {
                ""
            } else if place == 0 {
                ". "
            } else {
                " "
            };
            let longer = characters + gap.len() + word.chars().count();
            if characters > 0 && longer > length && longer - length >= length - characters {
                return text;
            }
            text.push_str(gap);
            text.push_str(word);
            characters = longer;
            if characters >= length {
                return text;
            }
        }
    }
    text
}

/// Changes counts until they sum to `total`: those above 3 in proportion first, then one by one, none below `least`.
fn reconcile(counts: &mut Vec<u32>, total: u64, least: u32, draws: &mut Draws) {
    let sum = |counts: &[u32]| counts.iter().map(|&count| u64::from(count)).sum::<u64>();
    let large: u64 = counts.iter().filter(|&&count| count > 3).map(|&count| u64::from(count)).sum();
    let wanted = (large + total) as f64 - sum(counts) as f64;
    if large > 0 && wanted > 0.0 {
        let factor = wanted / large as f64;
        for count in counts.iter_mut().filter(|count| **count > 3) {
            *count = ((f64::from(*count) * factor).round() as u32).max(4);
        }
    }
    let mut now = sum(counts);
    while least > 0 && total < counts.len() as u64 * u64::from(least) && counts.len() > 1 {
        now -= u64::from(counts.pop().unwrap_or_default());
    }
    let mut tries = 0_u64;
    while now != total && tries < 1_000 * (counts.len() as u64 + total) {
        tries += 1;
        let place = draws.below(counts.len() as u64) as usize;
        // Large counts give and take first, small ones once that does not help.
        if counts[place] <= 3 && tries < 200 * counts.len() as u64 {
            continue;
        }
        if now < total {
            counts[place] += 1;
            now += 1;
        } else if counts[place] > least {
            counts[place] -= 1;
            now -= 1;
        }
    }
}

/// The thread of each reply, in their order.
fn replies(sizes: &[u32], apart: f64, draws: &mut Draws) -> Vec<u32> {
    let total: f64 = sizes.iter().map(|&size| f64::from(size)).sum();
    let mut places: Vec<(f64, u32)> = Vec::new();
    for (thread, &size) in sizes.iter().enumerate() {
        let mut at = draws.uniform();
        for _ in 0..size {
            places.push((at, thread as u32));
            at += (1.0 + apart) * draws.exponential() / total;
        }
    }
    places.sort_by(|left, right| left.0.total_cmp(&right.0));
    places.into_iter().map(|(_, thread)| thread).collect()
}

/// The process of times: hours, days and two excitations, minutes and an hour.
fn clock(
    record: &Record,
    places: &[usize],
    midnight: i64,
    days: usize,
    seed: Seed,
) -> Result<(Hawkes, Option<Times>)> {
    let at: Vec<i64> = places.iter().map(|&place| record.stream.messages[place].at).collect();
    let events = events(&at, midnight, seed);
    let end = days as f64 * DAY + 60.0;
    let base = vec![0.5 * events.len() as f64 / end];
    let first = Hawkes { base, excitations: guess(1, &[120.0, 3600.0]), rhythm: Rhythm::flat() };
    let options = FitOptions { hours: true, days: true, passes: 200, tolerance: 1e-6 };
    let fitted = fit_hawkes(&first, &events, end, &options)?.hawkes;
    let calm = fit_hawkes(&Hawkes { excitations: Vec::new(), ..first }, &events, end, &options)?.hawkes;
    let times = Times { fitted: goodness(&fitted, &events, end)?, calm: goodness(&calm, &events, end)? };
    Ok((fitted, Some(times)))
}

fn topics(record: &Record, places: &[usize], even: f64) -> Vec<Topic> {
    let stream = &record.stream;
    let mut by_day: Vec<BTreeMap<i64, Vec<f64>>> = vec![BTreeMap::new(); stream.topics.len()];
    for &place in places {
        let message = &stream.messages[place];
        by_day[message.topic as usize]
            .entry(message.at.div_euclid(DAY as i64))
            .or_default()
            .push(message.sentiment);
    }
    let squares: f64 = by_day
        .iter()
        .flat_map(BTreeMap::values)
        .map(|day| {
            let center = mean(day);
            day.iter().map(|value| (value - center).powi(2)).sum::<f64>()
        })
        .sum();
    let freedom: f64 = by_day.iter().flat_map(BTreeMap::values).map(|day| day.len() as f64 - 1.0).sum();
    let noise = squares / freedom.max(1.0);
    // Moods are of those messages that have one.
    let loud = (1.0 - even).max(0.05);
    let of = |(name, days): (&String, &BTreeMap<i64, Vec<f64>>)| {
        let seen: Vec<Seen> = days
            .iter()
            .map(|(day, values)| Seen { day: *day as f64, mean: mean(values), messages: values.len() as f64 })
            .collect();
        let mood = if record.timing == Timing::Order {
            OrnsteinUhlenbeck::still(mean(&days.values().flatten().copied().collect::<Vec<_>>()))
        } else {
            OrnsteinUhlenbeck::fit(&seen, noise)
        };
        Topic {
            name: name.clone(),
            share: days.values().map(Vec::len).sum::<usize>() as f64 / places.len() as f64,
            mood: OrnsteinUhlenbeck { mean: mood.mean / loud, spread: mood.spread / loud, ..mood },
        }
    };
    stream.topics.iter().zip(&by_day).map(of).collect()
}

fn answers(record: &Record, places: &[usize]) -> (f64, Law) {
    let stream = &record.stream;
    let mut within = vec![0_u32; stream.messages.len()];
    let mut seen = vec![0_u32; stream.channels.len()];
    for (place, message) in stream.messages.iter().enumerate() {
        within[place] = seen[message.channel as usize];
        seen[message.channel as usize] += 1;
    }
    let asked: Vec<(usize, u32)> =
        places.iter().filter_map(|&place| Some((place, stream.messages[place].reply_to?))).collect();
    let same = asked
        .iter()
        .filter(|(place, asked)| stream.messages[*place].channel == stream.messages[*asked as usize].channel);
    let back: Vec<u32> =
        same.map(|(place, asked)| within[*place].saturating_sub(within[*asked as usize] + 1)).collect();
    (asked.len() as f64 / places.len() as f64, Law::fit(&back))
}

fn stays(record: &Record, places: &[usize]) -> (Vec<Stay>, f64, f64) {
    let mut written: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (order, &place) in places.iter().enumerate() {
        written.entry(record.stream.messages[place].author).or_default().push(order);
    }
    let total = places.len() as f64;
    let mut found = vec![(Vec::new(), Vec::new()); CLASSES.len()];
    let (mut new, mut of) = (0.0, 0.0);
    let mut steps = Vec::new();
    for orders in written.values() {
        let (first, last) = (orders[0] as f64 / total, orders[orders.len() - 1] as f64 / total);
        let entry = &mut found[class(orders.len())];
        entry.0.push(first);
        entry.1.push(if first < 1.0 { (last - first) / (1.0 - first) } else { 0.0 });
        for pair in orders.windows(2) {
            of += 1.0;
            if pair[1] - pair[0] > BURST {
                new += 1.0;
            } else {
                steps.push((pair[1] - pair[0]) as f64);
            }
        }
    }
    let everybody: Vec<f64> = found.iter().flat_map(|class| class.0.iter().copied()).collect();
    let spans: Vec<f64> = found.iter().flat_map(|class| class.1.iter().copied()).collect();
    let stay = |class: &(Vec<f64>, Vec<f64>)| {
        // A class that nobody is in is as all are.
        let empty = class.0.is_empty();
        Stay {
            first: knots(if empty { &everybody } else { &class.0 }),
            span: knots(if empty { &spans } else { &class.1 }),
        }
    };
    (found.iter().map(stay).collect(), if of > 0.0 { new / of } else { 0.0 }, mean(&steps).max(1.0))
}

fn threads(record: &Record, places: &[usize], sizes: &[u32]) -> Option<Threads> {
    let stream = &record.stream;
    if !stream.threads() || sizes.is_empty() {
        return None;
    }
    let mut replied = vec![false; stream.accounts.len()];
    places.iter().for_each(|&place| replied[stream.messages[place].author as usize] = true);
    let mut opened = vec![false; stream.channels.len()];
    let (mut known, mut of) = (0.0, 0.0);
    for message in &stream.messages {
        if !std::mem::replace(&mut opened[message.channel as usize], true) {
            of += 1.0;
            known += f64::from(u8::from(replied[message.author as usize]));
        }
    }
    let mut last: BTreeMap<u32, usize> = BTreeMap::new();
    let mut apart = Vec::new();
    for (order, &place) in places.iter().enumerate() {
        if let Some(before) = last.insert(stream.messages[place].channel, order) {
            apart.push((order - before - 1) as f64);
        }
    }
    Some(Threads {
        count: sizes.len() as u32,
        replies: Law::fit(sizes),
        known: known / of,
        apart: mean(&apart),
    })
}
