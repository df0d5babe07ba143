//! What records are compared by, computed alike from recorded and from simulated ballots.

use super::latent;
use super::record::Record;
use crate::engine::math;

/// Names of the statistics, in order.
pub const STATISTICS: [&str; 46] = [
    "log_voters_mean",
    "log_voters_sd",
    "log_voters_first_third",
    "log_voters_middle_third",
    "log_voters_last_third",
    "log_voters_last_three",
    "log_voters_step_sd",
    "log_distinct_voters",
    "log_ballots_a_voter",
    "one_time_voters",
    "gini_ballots",
    "top_ten_ballots",
    "retention_1",
    "retention_eighth",
    "retention_third",
    "retention_two_thirds",
    "span",
    "gini_power",
    "top_1_power",
    "top_10_power",
    "log_power_sd",
    "log_power_upper",
    "log_power_extreme",
    "power_activity_correlation",
    "largest_ballot_mean",
    "largest_ballot_sd",
    "cast_power_sd",
    "favour_heads_mean",
    "favour_heads_sd",
    "favour_power_mean",
    "passed",
    "margin_mean",
    "with_the_tally",
    "early_less_late",
    "time_mean",
    "time_sd",
    "log_power_lower",
    "turnout_last",
    "turnout_walk",
    "turnout_shock",
    "turnout_walk_share",
    "odds_mean",
    "odds_sd",
    "odds_pull",
    "odds_pull_error",
    "odds_error",
];

/// How many statistics there are.
pub const COUNT: usize = STATISTICS.len();

/// Memory that summaries use one after another.
#[derive(Debug, Default)]
pub struct Scratch {
    starts: Vec<u32>,
    places: Vec<u32>,
    votes: Vec<u32>,
    powers: Vec<f64>,
    counts: Vec<u32>,
    pairs: Vec<(f64, f64)>,
    series: latent::Series,
    bins: latent::Bins,
}

/// A running mean and variance.
#[derive(Default, Clone, Copy)]
struct Moments {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.count += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn mean(&self) -> f64 {
        self.sum / self.count
    }

    fn deviation(&self) -> f64 {
        let mean = self.mean();
        (self.squares / self.count - mean * mean).max(0.0).sqrt()
    }
}

fn of(values: impl Iterator<Item = f64>) -> Moments {
    let mut moments = Moments::default();
    values.filter(|value| value.is_finite()).for_each(|value| moments.add(value));
    moments
}

/// Gini and shares of the largest of ascending numbers.
fn gini(ascending: impl ExactSizeIterator<Item = f64>) -> f64 {
    let n = ascending.len() as f64;
    let (mut weighted, mut sum) = (0.0, 0.0);
    for (rank, value) in ascending.enumerate() {
        weighted += (2.0 * (rank as f64 + 1.0) - n - 1.0) * value;
        sum += value;
    }
    weighted / (n * sum)
}

/// The share of those who vote on one of two proposals `lag` apart that vote on both, of the fewer.
fn retention(record: &Record, scratch: &Scratch, lag: usize) -> f64 {
    let proposals = record.proposals();
    let size = |proposal: usize| record.of_proposal(proposal).len();
    let most: usize = (lag..proposals).map(|later| size(later).min(size(later - lag))).sum();
    let mut both = 0_usize;
    for (from, to) in scratch.starts.iter().zip(&scratch.starts[1..]) {
        let list = &scratch.votes[*from as usize..*to as usize];
        let mut later = 0;
        for proposal in list {
            while later < list.len() && list[later] < proposal + lag as u32 {
                later += 1;
            }
            both += usize::from(later < list.len() && list[later] == proposal + lag as u32);
        }
    }
    both as f64 / most as f64
}

/// Writes the statistics of a record; NaN where one has no value. Costs some 100 ns a ballot.
pub fn summarise(record: &Record, scratch: &mut Scratch, to: &mut [f64; COUNT]) {
    to.fill(f64::NAN);
    let proposals = record.proposals();
    if proposals == 0 {
        return;
    }
    let log_voters = |proposal: usize| math::ln(1.0 + record.of_proposal(proposal).len() as f64);
    let all = of((0..proposals).map(log_voters));
    let third = (proposals / 3).max(1);
    to[0] = all.mean();
    to[1] = all.deviation();
    to[2] = of((0..third).map(log_voters)).mean();
    to[3] =
        of((third.min(proposals - 1)..(proposals - third).max(third.min(proposals - 1) + 1)).map(log_voters))
            .mean();
    to[4] = of((proposals - third..proposals).map(log_voters)).mean();
    to[5] = of((proposals.saturating_sub(3)..proposals).map(log_voters)).mean();
    to[6] = of((1..proposals).map(|at| log_voters(at) - log_voters(at - 1))).deviation();
    voters(record, scratch, to);
    power(record, scratch, to);
    let level =
        latent::level((0..proposals).map(|at| record.of_proposal(at).len() as f64), &mut scratch.series);
    (to[37], to[38], to[39], to[40]) = (level.last, level.walk, level.shock, level.share);
    if record.sided {
        sides(record, to);
        let odds = latent::odds(record, &mut scratch.bins);
        (to[41], to[42], to[43]) = (odds.mean, odds.deviation, odds.pull);
        (to[44], to[45]) = (odds.pull_error, odds.error);
    }
    if record.timed {
        let times = of(record.ballots.iter().map(|ballot| f64::from(ballot.time)));
        to[34] = times.mean();
        to[35] = times.deviation();
    }
}

/// Who votes again.
fn voters(record: &Record, scratch: &mut Scratch, to: &mut [f64; COUNT]) {
    let proposals = record.proposals();
    let Scratch { starts, places, votes, counts, .. } = scratch;
    starts.clear();
    starts.resize(record.voters as usize + 1, 0);
    for ballot in &record.ballots {
        starts[ballot.voter as usize + 1] += 1;
    }
    counts.clear();
    counts.extend(starts[1..].iter().filter(|count| **count > 0));
    for at in 1..starts.len() {
        starts[at] += starts[at - 1];
    }
    places.clear();
    places.extend_from_slice(&starts[..starts.len() - 1]);
    votes.clear();
    votes.resize(record.ballots.len(), 0);
    for proposal in 0..proposals {
        for ballot in record.of_proposal(proposal) {
            let place = &mut places[ballot.voter as usize];
            votes[*place as usize] = proposal as u32;
            *place += 1;
        }
    }
    let (distinct, ballots) = (counts.len() as f64, record.ballots.len() as f64);
    to[7] = math::ln(distinct);
    to[8] = math::ln(ballots / distinct);
    to[9] = counts.iter().filter(|count| **count == 1).count() as f64 / distinct;
    counts.sort_unstable();
    to[10] = gini(counts.iter().map(|count| f64::from(*count)));
    let tenth = counts.len() - counts.len().div_ceil(10);
    to[11] = counts[tenth..].iter().map(|count| f64::from(*count)).sum::<f64>() / ballots;
    for (at, lag) in [1, proposals / 8, proposals / 3, 2 * proposals / 3].into_iter().enumerate() {
        to[12 + at] = retention(record, scratch, lag.max(1));
    }
    let spans = scratch.starts.iter().zip(&scratch.starts[1..]).filter(|(from, to)| *to - *from > 1);
    to[16] = of(spans.map(|(from, to)| {
        f64::from(scratch.votes[*to as usize - 1] - scratch.votes[*from as usize]) / proposals as f64
    }))
    .mean();
}

/// Who has how much.
fn power(record: &Record, scratch: &mut Scratch, to: &mut [f64; COUNT]) {
    let Scratch { starts, powers, pairs, .. } = scratch;
    powers.clear();
    powers.resize(record.voters as usize, 0.0);
    for ballot in &record.ballots {
        powers[ballot.voter as usize] += ballot.power;
    }
    pairs.clear();
    for (voter, power) in powers.iter().enumerate() {
        let count = f64::from(starts[voter + 1] - starts[voter]);
        if *power > 0.0 {
            pairs.push((power / count, math::ln(count)));
        }
    }
    if pairs.is_empty() {
        return;
    }
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let total: f64 = pairs.iter().map(|pair| pair.0).sum();
    let largest = |many: usize| {
        pairs[pairs.len().saturating_sub(many)..].iter().map(|pair| pair.0).sum::<f64>() / total
    };
    to[17] = gini(pairs.iter().map(|pair| pair.0));
    to[18] = largest(1);
    to[19] = largest(10);
    let at = |share: f64| math::ln(pairs[((pairs.len() - 1) as f64 * share) as usize].0);
    to[21] = at(0.9) - at(0.5);
    to[22] = at(1.0) - at(0.9);
    to[36] = at(0.5) - at(0.1);
    let (mut x, mut y, mut both) = (Moments::default(), Moments::default(), 0.0);
    for (power, count) in pairs.iter() {
        let log = math::ln(*power);
        x.add(log);
        y.add(*count);
        both += log * count;
    }
    to[20] = x.deviation();
    let spread = x.deviation() * y.deviation();
    to[23] = if spread > 0.0 { (both / x.count - x.mean() * y.mean()) / spread } else { 0.0 };
    let shares = of((0..record.proposals()).map(|proposal| record.figures(proposal).largest));
    to[24] = shares.mean();
    to[25] = shares.deviation();
    let cast = |proposal: usize| record.of_proposal(proposal).iter().map(|ballot| ballot.power).sum::<f64>();
    to[26] = of((0..record.proposals()).map(cast).filter(|cast| *cast > 0.0).map(math::ln)).deviation();
}

/// Who is for what.
fn sides(record: &Record, to: &mut [f64; COUNT]) {
    let (mut heads, mut tokens, mut passed, mut margins) =
        (Moments::default(), Moments::default(), Moments::default(), Moments::default());
    let (mut agreement, mut apart) = (Moments::default(), Moments::default());
    for proposal in 0..record.proposals() {
        let ballots = record.of_proposal(proposal);
        let sided = ballots.iter().filter(|ballot| ballot.side != 0).count();
        if sided == 0 {
            continue;
        }
        let (mut yes, mut cast, mut early, mut late) = (0.0, 0.0, 0.0, 0.0);
        let half = sided / 2;
        for (place, ballot) in ballots.iter().filter(|ballot| ballot.side != 0).enumerate() {
            let side = f64::from(ballot.side);
            if cast > 0.0 {
                agreement.add(side * (2.0 * yes / cast - 1.0));
            }
            cast += ballot.power;
            yes += if ballot.side == 1 { ballot.power } else { 0.0 };
            if place < half {
                early += side;
            } else {
                late += side;
            }
        }
        heads.add(((early + late) / sided as f64 + 1.0) / 2.0);
        if half > 0 {
            apart.add((late / (sided - half) as f64).abs() - (early / half as f64).abs());
        }
        if cast > 0.0 {
            tokens.add(yes / cast);
            passed.add(f64::from(u8::from(2.0 * yes > cast)));
            margins.add((2.0 * yes / cast - 1.0).abs());
        }
    }
    to[27] = heads.mean();
    to[28] = heads.deviation();
    to[29] = tokens.mean();
    to[30] = passed.mean();
    to[31] = margins.mean();
    to[32] = agreement.mean();
    to[33] = apart.mean();
}
