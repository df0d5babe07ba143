//! What a record says about how members come, write, feel and stay.

use std::collections::BTreeMap;

use daotwin_core::statistics::{mean, normal_quantile, quantile_sorted, sorted, standard_deviation};

use crate::stream::{Record, Timing};
use crate::{Error, Result};

const WEEK: i64 = 604_800;
/// Weeks within which a member who stays is seen again.
const AGAIN: i64 = 8;
/// Seconds within which a message counts as an answer where records name none.
const CONVERSATION: i64 = 300;
/// A message below this is hostile.
pub const HOSTILE: f64 = -0.5;
/// Levels of the quantiles of members' weekly messages.
const LEVELS: usize = 41;

/// What makes members come back, in the order of [`Climate::keep`].
pub const KEEPS: [&str; 5] = ["constant", "first week", "answered", "met hostility", "messages (logarithm)"];

/// A community's way of living, by week; see the module.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Climate {
    /// Weeks of the record.
    pub weeks: u32,
    /// Members who wrote in its last eight weeks.
    pub present: u32,
    /// Newcomers a week.
    pub arrivals: f64,
    /// Quantiles of the messages that a member writes a week while it is there.
    pub effort: Vec<f64>,
    /// Chance that a message is answered: in its author's first week, and later.
    pub answered: [f64; 2],
    /// Of those who write in a week, who is seen again within eight: log odds, in the order of [`KEEPS`].
    pub keep: [f64; 5],
    /// Their standard errors.
    pub keep_errors: [f64; 5],
    /// Next mood of a member: constant, part of its own, part of what answered it.
    pub mood: [f64; 3],
    /// Mean and standard deviation of members' moods.
    pub moods: [f64; 2],
    /// Standard deviation of a message around its author's mood.
    pub noise: f64,
    /// Share of messages that are hostile.
    pub hostile: f64,
    /// Member-weeks that it was learned from.
    pub rows: u64,
}

/// What a member did and met in a week.
#[derive(Default)]
struct Week {
    messages: f64,
    mood: f64,
    answered: f64,
    hostile: bool,
    heard: (f64, f64),
}

/// Solves a symmetric positive system; the inverse stands beside the solution.
fn solve<const N: usize>(matrix: [[f64; N]; N], right: [f64; N]) -> ([f64; N], [[f64; N]; N]) {
    let mut rows = matrix;
    let mut inverse = [[0.0; N]; N];
    (0..N).for_each(|place| inverse[place][place] = 1.0);
    for column in 0..N {
        let pivot = rows[column][column].max(1e-12);
        for place in 0..N {
            rows[column][place] /= pivot;
            inverse[column][place] /= pivot;
        }
        for row in (0..N).filter(|&row| row != column) {
            let factor = rows[row][column];
            for place in 0..N {
                rows[row][place] -= factor * rows[column][place];
                inverse[row][place] -= factor * inverse[column][place];
            }
        }
    }
    let solution = std::array::from_fn(|row| (0..N).map(|place| inverse[row][place] * right[place]).sum());
    (solution, inverse)
}

/// Logistic regression by Newton's method, coefficients held near 0 by a prior of variance 1 (but for the constant, 100).
fn logistic<const N: usize>(rows: &[([f64; N], bool)]) -> ([f64; N], [f64; N]) {
    let mut coefficients = [0.0; N];
    let mut errors = [0.0; N];
    for _ in 0..25 {
        let mut matrix = [[0.0; N]; N];
        let mut slope = [0.0; N];
        for place in 0..N {
            let precision = if place == 0 { 0.01 } else { 1.0 };
            matrix[place][place] = precision;
            slope[place] = -precision * coefficients[place];
        }
        for (features, came) in rows {
            let odds: f64 = features.iter().zip(&coefficients).map(|(x, b)| x * b).sum();
            let chance = 1.0 / (1.0 + (-odds).exp());
            let weight = chance * (1.0 - chance);
            for row in 0..N {
                slope[row] += features[row] * (f64::from(u8::from(*came)) - chance);
                for column in 0..N {
                    matrix[row][column] += weight * features[row] * features[column];
                }
            }
        }
        let (step, inverse) = solve(matrix, slope);
        coefficients.iter_mut().zip(step).for_each(|(value, step)| *value += step);
        errors = std::array::from_fn(|place| inverse[place][place].max(0.0).sqrt());
        if step.iter().all(|step| step.abs() < 1e-10) {
            break;
        }
    }
    (coefficients, errors)
}

/// Of each message, the message that answers it first: a reply, or where the record names none the next in its channel within
/// five minutes (the same day, where only days are known) by somebody else.
fn answers(record: &Record) -> Vec<Option<usize>> {
    let messages = &record.stream.messages;
    let mut found = vec![None; messages.len()];
    let replies = messages.iter().any(|message| message.reply_to.is_some());
    let mut last: BTreeMap<u32, usize> = BTreeMap::new();
    for (place, message) in messages.iter().enumerate() {
        let before = if replies {
            message.reply_to.map(|asked| asked as usize)
        } else {
            last.insert(message.channel, place).filter(|&before| match record.timing {
                Timing::Day => messages[before].at.div_euclid(86_400) == message.at.div_euclid(86_400),
                _ => message.at - messages[before].at <= CONVERSATION,
            })
        };
        if let Some(before) = before
            && messages[before].author != message.author
            && found[before].is_none()
        {
            found[before] = Some(place);
        }
    }
    found
}

impl Climate {
    /// Learns from a record with times. Linear in messages.
    ///
    /// # Errors
    /// A record that tells only an order, spans less than 16 weeks, or has fewer than 50 weeks of a member.
    pub fn fit(record: &Record) -> Result<Self> {
        let messages = &record.stream.messages;
        let refuse = |problem: String| Error::Parameters { problems: vec![problem] };
        let (Some(first), Some(last)) = (messages.first(), messages.last()) else {
            return Err(refuse(
                "the record has no messages; interventions are judged on at least 16 weeks of them"
                    .to_owned(),
            ));
        };
        let weeks = (last.at - first.at) / WEEK + 1;
        if record.timing == Timing::Order || weeks < 2 * AGAIN {
            return Err(refuse(format!(
                "the record tells {} weeks of times; interventions are judged on at least {}",
                if record.timing == Timing::Order { 0 } else { weeks },
                2 * AGAIN
            )));
        }
        let answers = answers(record);
        let mut lives: BTreeMap<u32, BTreeMap<i64, Week>> = BTreeMap::new();
        for (place, message) in messages.iter().enumerate().filter(|(_, message)| message.to.is_none()) {
            let week =
                lives.entry(message.author).or_default().entry((message.at - first.at) / WEEK).or_default();
            week.messages += 1.0;
            week.mood += message.sentiment;
            if let Some(answer) = answers[place].map(|answer| &messages[answer]) {
                week.answered += 1.0;
                week.hostile |= answer.sentiment < HOSTILE;
                week.heard = (week.heard.0 + answer.sentiment, week.heard.1 + 1.0);
            }
        }
        let mut rows: Vec<([f64; 5], bool)> = Vec::new();
        let mut answered = [(0.0, 0.0); 2];
        let mut moods: Vec<([f64; 3], f64)> = Vec::new();
        let (mut present, mut newcomers, mut means, mut effort) = (0, 0.0, Vec::new(), Vec::new());
        for life in lives.values() {
            let begun = life.keys().next().copied().unwrap_or(0);
            let end = life.keys().next_back().copied().unwrap_or(0);
            present += u32::from(end >= weeks - AGAIN);
            newcomers += f64::from(u8::from(begun >= AGAIN));
            let written: f64 = life.values().map(|week| week.messages).sum();
            means.push(life.values().map(|week| week.mood).sum::<f64>() / written);
            effort.push(written / (end - begun + 1) as f64);
            let mut order = life.iter().peekable();
            while let Some((&at, week)) = order.next() {
                let next = order.peek();
                let early = usize::from(at != begun);
                answered[early].0 += week.answered;
                answered[early].1 += week.messages;
                if at + AGAIN < weeks {
                    let came = next.is_some_and(|(next, _)| **next - at <= AGAIN);
                    let flag = |holds: bool| f64::from(u8::from(holds));
                    let features = [
                        1.0,
                        flag(at == begun),
                        flag(week.answered > 0.0),
                        flag(week.hostile),
                        week.messages.ln(),
                    ];
                    rows.push((features, came));
                }
                if let Some((_, next)) = next
                    && week.heard.1 > 0.0
                {
                    moods.push((
                        [1.0, week.mood / week.messages, week.heard.0 / week.heard.1],
                        next.mood / next.messages,
                    ));
                }
            }
        }
        if rows.len() < 50 {
            return Err(refuse(format!(
                "the record has {} weeks in which a member wrote; interventions are judged on at least 50",
                rows.len()
            )));
        }
        let (keep, keep_errors) = logistic(&rows);
        let mut matrix = [[0.0; 3]; 3];
        let mut right = [0.0; 3];
        // A little ridge, so that a record without answers has moods that stay.
        (0..3).for_each(|place| matrix[place][place] = 1.0);
        for (features, next) in &moods {
            for row in 0..3 {
                right[row] += features[row] * next;
                (0..3).for_each(|column| matrix[row][column] += features[row] * features[column]);
            }
        }
        let mut mood = solve(matrix, right).0;
        let (own, heard) = (mood[1].clamp(0.0, 0.95), mood[2].clamp(0.0, 0.5));
        mood = [mood[0], own.min(0.98 - heard), heard];
        let effort = sorted(&effort);
        let share = |(some, all): (f64, f64)| if all > 0.0 { some / all } else { 0.0 };
        let off: Vec<f64> = messages.iter().map(|message| message.sentiment).collect();
        let between = standard_deviation(&means);
        let total = standard_deviation(&off);
        Ok(Self {
            weeks: weeks as u32,
            present,
            arrivals: newcomers / (weeks - AGAIN) as f64,
            effort: (0..LEVELS)
                .map(|level| quantile_sorted(&effort, level as f64 / (LEVELS - 1) as f64))
                .collect(),
            answered: answered.map(share),
            keep,
            keep_errors,
            mood,
            moods: [mean(&means), between.min(total)],
            noise: total,
            hostile: off.iter().filter(|sentiment| **sentiment < HOSTILE).count() as f64 / off.len() as f64,
            rows: rows.len() as u64,
        })
    }
}

impl Climate {
    /// Below this a message counts as hostile where messages are normal around moods: at the mean mood, as many are as in the
    /// record, whose sentiments are not normal.
    pub(super) fn edge(&self) -> f64 {
        self.moods[0] + self.noise.max(1e-6) * normal_quantile(self.hostile.clamp(1e-6, 0.5))
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_logistic_regression_has_the_exact_odds_of_a_table() {
        // Two by two: 300 of 400 and 100 of 400 come back; log odds -ln 3 and a difference of 2 ln 3, drawn in a little by the prior.
        let row = |answered: f64, came| ([1.0, answered], came);
        let mut rows = vec![row(1.0, true); 300];
        rows.extend(vec![row(1.0, false); 100]);
        rows.extend(vec![row(0.0, true); 100]);
        rows.extend(vec![row(0.0, false); 300]);
        let (found, errors) = logistic(&rows);
        let wanted = [-3.0_f64.ln(), 2.0 * 3.0_f64.ln()];
        assert!((found[0] - wanted[0]).abs() < 0.05 && (found[1] - wanted[1]).abs() < 0.08, "{found:?}");
        // The variance of a log odds ratio is the sum of one over each count (Woolf 1955).
        assert!((errors[1] - (2.0 / 300.0 + 2.0 / 100.0_f64).sqrt()).abs() < 0.01, "{errors:?}");
        // Negative control: no difference, no effect.
        rows.iter_mut().enumerate().for_each(|(place, row)| row.0[1] = f64::from(u8::from(place % 2 == 0)));
        assert!(logistic(&rows).0[1].abs() < 0.1);
    }
}
