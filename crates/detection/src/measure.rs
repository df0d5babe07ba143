//! How good a detector is, at the true base rate: average precision, precision at a budget of alerts, time to detection.
//!
//! The area under the ROC curve is not here on purpose: where one of a thousand is malicious, an area of 0.99 may still mean
//! ten false alarms for each true one.

use std::collections::BTreeMap;

use daotwin_core::Seed;
use daotwin_core::statistics::quantile;

/// Average precision: the sum over distinct scores, from the highest, of precision times the recall gained (the definition
/// of scikit-learn's `average_precision_score`; ties are one step). Chance is the share of positives. 0 where there are none.
pub fn average_precision(scores: &[f64], positive: &[bool]) -> f64 {
    let order = descending(scores);
    let positives = positive.iter().filter(|&&p| p).count();
    if positives == 0 {
        return 0.0;
    }
    let (mut seen, mut hits, mut sum, mut start) = (0_usize, 0_usize, 0.0, 0);
    while start < order.len() {
        let mut end = start;
        let mut gained = 0;
        while end < order.len() && scores[order[end]] == scores[order[start]] {
            gained += usize::from(positive[order[end]]);
            end += 1;
        }
        seen += end - start;
        hits += gained;
        sum += gained as f64 * hits as f64 / seen as f64;
        start = end;
    }
    sum / positives as f64
}

/// Of the highest scores, as many as the budget allows, the share that is positive; ties at the edge count as the mean over
/// the ways to break them. NaN where the budget allows none.
pub fn precision_at(scores: &[f64], positive: &[bool], alerts_per_thousand: f64) -> f64 {
    let budget = (scores.len() as f64 * alerts_per_thousand / 1000.0).floor() as usize;
    if budget == 0 {
        return f64::NAN;
    }
    let order = descending(scores);
    let edge = scores[order[budget - 1]];
    let (mut above, mut hits, mut tied, mut tied_hits) = (0_usize, 0_usize, 0_usize, 0_usize);
    for &place in &order {
        if scores[place] > edge {
            above += 1;
            hits += usize::from(positive[place]);
        } else if scores[place] == edge {
            tied += 1;
            tied_hits += usize::from(positive[place]);
        }
    }
    let left = (budget - above) as f64;
    (hits as f64 + left * tied_hits as f64 / tied as f64) / budget as f64
}

fn descending(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    order
}

/// A figure with what it stands beside.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Figure {
    /// What is measured.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// Its 95 % bootstrap interval.
    pub interval: (f64, f64),
    /// What scores at random reach.
    pub chance: f64,
    /// What the naive baseline reaches; NaN where there is none.
    pub naive: f64,
}

/// Resamples of a bootstrap.
const RESAMPLES: u64 = 400;

/// Average precision with its 95 % percentile interval over `groups` drawn with replacement (Efron 1979): rows of one group,
/// such as all acts of one account, come together, because they are not independent. Where `groups` is empty each row is one.
pub fn precision_figure(
    name: &str,
    scores: &[f64],
    naive: &[f64],
    positive: &[bool],
    groups: &[u64],
    seed: Seed,
) -> Figure {
    let mut rows: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for place in 0..scores.len() {
        rows.entry(groups.get(place).copied().unwrap_or(place as u64)).or_default().push(place);
    }
    let rows: Vec<Vec<usize>> = rows.into_values().collect();
    let streams = seed.streams("detection bootstrap");
    let draws: Vec<f64> = (0..RESAMPLES)
        .map(|index| {
            let mut stream = streams.stream(index);
            let (mut some, mut labels) = (Vec::new(), Vec::new());
            for _ in 0..rows.len() {
                for &place in &rows[stream.below(rows.len() as u64) as usize] {
                    some.push(scores[place]);
                    labels.push(positive[place]);
                }
            }
            average_precision(&some, &labels)
        })
        .collect();
    Figure {
        name: name.to_owned(),
        value: average_precision(scores, positive),
        interval: (quantile(&draws, 0.025), quantile(&draws, 0.975)),
        chance: positive.iter().filter(|&&p| p).count() as f64 / positive.len().max(1) as f64,
        naive: if naive.is_empty() { f64::NAN } else { average_precision(naive, positive) },
    }
}

/// When a campaign was found.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Found {
    /// The campaign.
    pub campaign: u32,
    /// Seconds from its first act to the first alert; `None` where none came.
    pub seconds: Option<i64>,
    /// Of the time from its first act to its last, the share that had passed at the first alert; `None` where none came.
    pub time_share: Option<f64>,
    /// Of its acts, the share that had been done before the one that raised the alert.
    pub act_share: Option<f64>,
}

/// When each campaign was found. `acts` are in order of time: when, of which campaign, and whether it raised an alert. Acts
/// that are honest have no campaign and are passed over.
pub fn time_to_detection(acts: impl IntoIterator<Item = (i64, Option<u32>, bool)>) -> Vec<Found> {
    #[derive(Default)]
    struct Seen {
        first: i64,
        last: i64,
        acts: u64,
        alert: Option<(i64, u64)>,
    }
    let mut seen: BTreeMap<u32, Seen> = BTreeMap::new();
    for (at, campaign, alert) in acts {
        let Some(campaign) = campaign else { continue };
        let entry = seen.entry(campaign).or_insert(Seen { first: at, ..Seen::default() });
        if alert && entry.alert.is_none() {
            entry.alert = Some((at, entry.acts));
        }
        entry.acts += 1;
        entry.last = at;
    }
    seen.into_iter()
        .map(|(campaign, seen)| Found {
            campaign,
            seconds: seen.alert.map(|(at, _)| at - seen.first),
            time_share: seen
                .alert
                .map(|(at, _)| (at - seen.first) as f64 / ((seen.last - seen.first) as f64).max(1.0)),
            act_share: seen.alert.map(|(_, before)| before as f64 / seen.acts as f64),
        })
        .collect()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn average_precision_of_worked_cases() {
        // By hand: positives at ranks 1 and 3 give (1/1 + 2/3) / 2.
        let reached = average_precision(&[0.9, 0.8, 0.7, 0.1], &[true, false, true, false]);
        assert!((reached - 5.0 / 6.0).abs() < 1e-12);
        // All tied: the share of positives. scikit-learn's example (0.1, 0.4, 0.35, 0.8 with 0, 0, 1, 1) is 0.8333.
        assert!((average_precision(&[1.0; 4], &[true, false, false, false]) - 0.25).abs() < 1e-12);
        let example = average_precision(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]);
        assert!((example - 0.833_333).abs() < 1e-6);
        assert_eq!(average_precision(&[1.0], &[false]), 0.0);
    }

    #[test]
    fn precision_at_a_budget_breaks_ties_evenly() {
        let scores: Vec<f64> = (0..2000).map(|row| f64::from(u8::from(row < 4))).collect();
        let positive: Vec<bool> = (0..2000).map(|row| row < 2).collect();
        // Two alerts among four that are tied, of which two are positive.
        assert!((precision_at(&scores, &positive, 1.0) - 0.5).abs() < 1e-12);
        assert!((precision_at(&scores, &positive, 2.0) - 0.5).abs() < 1e-12);
        assert!(precision_at(&scores[..100], &positive[..100], 1.0).is_nan());
    }

    #[test]
    fn detection_counts_from_the_first_act() {
        let acts = [
            (0, Some(0), false),
            (5, None, true),
            (10, Some(0), true),
            (50, Some(0), true),
            (100, Some(0), false),
            (7, Some(3), false),
        ];
        let found = time_to_detection(acts);
        assert_eq!(
            found[0],
            Found { campaign: 0, seconds: Some(10), time_share: Some(0.1), act_share: Some(0.25) }
        );
        assert_eq!(found[1], Found { campaign: 3, seconds: None, time_share: None, act_share: None });
    }

    #[test]
    fn chance_is_inside_the_interval_of_random_scores_and_far_outside_that_of_perfect_ones() {
        let mut stream = Seed(3).stream("measure test");
        let positive: Vec<bool> = (0..2000).map(|_| stream.chance(0.1)).collect();
        let random: Vec<f64> = positive.iter().map(|_| stream.uniform()).collect();
        let perfect: Vec<f64> = positive.iter().map(|&p| f64::from(u8::from(p))).collect();
        let figure = precision_figure("random", &random, &perfect, &positive, &[], Seed(1));
        // The mean of average precision under chance is the base rate; its standard deviation here is below 0.01.
        assert!((figure.value - figure.chance).abs() < 0.05, "{figure:?}");
        assert!(figure.interval.0 < figure.value && figure.value < figure.interval.1);
        assert!((figure.naive - 1.0).abs() < 1e-12);
        let figure = precision_figure("perfect", &perfect, &[], &positive, &[], Seed(1));
        assert!(figure.interval.0 > 0.99 && figure.chance < 0.15);
    }
}
