//! How turnout goes on beyond the proposals that were learned.
//!
//! The logarithm of a proposal's turnout is a level that wanders plus what is particular to the proposal
//! (local level model: Harvey 1989, ch. 4; Durbin and Koopman 2012, ch. 2). Proposals to come repeat later
//! learned ones, whose level is the mean over those; a factor moves that level to where the history ended and
//! lets it wander on. Newcomers and returning voters have a level each; their steps are correlated.

use daotwin_core::Stream;

use super::model::Turnout;

/// Segments of the learned sequence, between which steps of the level are measured.
const SEGMENTS: usize = 8;
/// Fewest proposals from which a level can be learned.
const LEAST: usize = 16;
/// Standard deviation of the logarithm of the level and of a step of it where too few proposals were learned
/// to say; set by hand.
const UNKNOWN: (f64, f64) = (0.3, 0.1);
/// How later newcomers differ from earlier ones in power, which the counts do not tell: standard deviation of
/// the shift of the mean of their decimal logarithms, and of the logarithm of the ratio of their spreads,
/// between the second and the last third of proposals of the DAOs of `governance-core`.
const LATER_POWER: (f64, f64) = (0.6, 0.2);
/// Levels leave the learned range by this factor at most, so that a long sample stays in proportion.
const BEYOND: f64 = 4.0;

/// One wandering level, as logarithms.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Level {
    /// From the mean of the later half to the end.
    now: f64,
    /// Standard deviation of a proposal's step.
    step: f64,
    /// Where the level may go, relative to the mean of the later half.
    range: (f64, f64),
}

/// The levels of newcomers and of returning voters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drift {
    levels: [Level; 2],
    correlation: f64,
    /// What remains of a deviation after one proposal: levels return slowly to what was learned.
    keep: f64,
}

/// The mean and the variance of a list.
fn moments(values: &[f64]) -> (f64, f64) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / count;
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0))
}

/// Logarithms of the mean of each segment, and how much of their variance is the proposals' own.
fn segments(values: &[f64]) -> (Vec<f64>, f64) {
    let overall = moments(values).0.max(1e-9);
    let mut noise = 0.0;
    let means: Vec<f64> = (0..SEGMENTS)
        .map(|segment| {
            let part = &values[segment * values.len() / SEGMENTS..(segment + 1) * values.len() / SEGMENTS];
            let (mean, variance) = moments(part);
            // A segment without anybody still says that there were few.
            let mean = mean.max(0.5 / part.len() as f64).max(0.01 * overall);
            // The delta method: variance of the logarithm of a mean.
            noise += variance / (part.len() as f64 * mean * mean) / SEGMENTS as f64;
            mean.ln()
        })
        .collect();
    (means, noise)
}

impl Drift {
    /// Learns the levels, and draws how wide their steps may be: few segments tell little of it.
    pub(crate) fn new(turnout: &[Turnout], stream: &mut Stream) -> Self {
        if turnout.len() < LEAST {
            let mut level = || Level {
                now: UNKNOWN.0 * stream.normal(),
                step: UNKNOWN.1,
                range: (-BEYOND.ln(), BEYOND.ln()),
            };
            return Self { levels: [level(), level()], correlation: 0.0, keep: 0.97 };
        }
        let newcomers: Vec<f64> = turnout.iter().map(|turnout| turnout.newcomers).collect();
        let returning: Vec<f64> = turnout.iter().map(|turnout| turnout.returning).collect();
        let length = turnout.len() as f64 / SEGMENTS as f64;
        let mut steps: [Vec<f64>; 2] = Default::default();
        let mut levels = [Level::default(); 2];
        for ((values, steps), level) in [newcomers, returning].iter().zip(&mut steps).zip(&mut levels) {
            let (means, noise) = segments(values);
            // The first segment is the founding, where everybody is new: it says nothing of later steps.
            *steps = means[1..].windows(2).map(|pair| pair[1] - pair[0]).collect();
            let count = steps.len() as f64;
            let found = steps.iter().map(|step| step * step).sum::<f64>() / count;
            // Means of neighbouring segments of a random walk differ by 2/3 of a segment's steps.
            let walk = (found - 2.0 * noise).max(0.1 * found) / (2.0 / 3.0 * length);
            // Scaled inverse chi-square: what the variance may be, given so many steps.
            let chi = 2.0 * stream.gamma(count / 2.0);
            level.step = (walk * count / chi.max(0.2 * count)).sqrt();
            // Exponential smoothing over segments with the gain of the local level model.
            let ratio = walk * length / noise.max(1e-9);
            let gain = 0.5 * ((ratio * ratio + 4.0 * ratio).sqrt() - ratio);
            let mut smooth = means[1];
            for mean in &means[2..] {
                smooth += gain * (mean - smooth);
            }
            let later = moments(&values[values.len() / 2..]).0.max(1e-9).ln();
            let error = (gain * noise + walk * length / 3.0).sqrt();
            let low = means[1..].iter().copied().fold(f64::INFINITY, f64::min) - later - BEYOND.ln();
            let high = means[1..].iter().copied().fold(f64::NEG_INFINITY, f64::max) - later + BEYOND.ln();
            level.range = (low.min(0.0), high.max(0.0));
            level.now = (smooth - later + error * stream.normal()).clamp(level.range.0, level.range.1);
        }
        let product: f64 = steps[0].iter().zip(&steps[1]).map(|(a, b)| a * b).sum();
        let squares = |list: &[f64]| list.iter().map(|step| step * step).sum::<f64>();
        let correlation = product / (squares(&steps[0]) * squares(&steps[1])).sqrt().max(1e-12);
        Self { levels, correlation: correlation.clamp(-0.9, 0.9), keep: 1.0 - 0.5 / turnout.len() as f64 }
    }

    /// The factors on the newcomers and on the returning voters of the next proposal.
    pub(crate) fn next(&mut self, stream: &mut Stream) -> [f64; 2] {
        let first = stream.normal();
        let second = self.correlation * first + (1.0 - self.correlation.powi(2)).sqrt() * stream.normal();
        let keep = self.keep;
        let mut factors = [1.0; 2];
        for ((level, normal), factor) in self.levels.iter_mut().zip([first, second]).zip(&mut factors) {
            let next = keep * level.now + level.step * normal;
            level.now = next.clamp(level.range.0, level.range.1);
            *factor = level.now.exp();
        }
        factors
    }
}

/// How the power of later newcomers differs from what was learned: an exponent and a factor.
pub(crate) fn later_power(stream: &mut Stream) -> (f64, f64) {
    ((LATER_POWER.1 * stream.normal()).exp(), 10_f64.powf(LATER_POWER.0 * stream.normal()))
}

/// The share of the next `ahead` proposals whose first choice wins, drawn from what the learned ones tell: a
/// beta law whose variance is that of a share of so many, plus that of a level that wanders between segments.
pub(crate) fn pass_rate(passed: &[bool], ahead: usize, stream: &mut Stream) -> f64 {
    let count = passed.len() as f64;
    let share = |part: &[bool]| part.iter().filter(|&&passed| passed).count() as f64;
    // Jeffreys' half a proposal on either side keeps what never happened possible.
    let mean = |part: &[bool]| (share(part) + 0.5) / (part.len() as f64 + 1.0);
    let (mut center, mut wandering) = (mean(passed), 0.0);
    if passed.len() >= LEAST {
        let part = |segment: usize| {
            &passed[segment * passed.len() / SEGMENTS..(segment + 1) * passed.len() / SEGMENTS]
        };
        let shares: Vec<f64> = (0..SEGMENTS).map(|segment| mean(part(segment))).collect();
        let length = count / SEGMENTS as f64;
        let found =
            shares.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum::<f64>() / (SEGMENTS - 1) as f64;
        let noise = center * (1.0 - center) / length;
        let walk = 1.5 * (found - 2.0 * noise).max(0.1 * found);
        let freedom = (SEGMENTS - 1) as f64;
        let chi = (2.0 * stream.gamma(freedom / 2.0)).max(0.2 * freedom);
        wandering = walk * freedom / chi * (1.0 + ahead as f64 / length) / 3.0;
        let ratio = walk / noise.max(1e-9);
        let gain = 0.5 * ((ratio * ratio + 4.0 * ratio).sqrt() - ratio);
        center = shares[1..].iter().fold(shares[0], |smooth, share| smooth + gain * (share - smooth));
    }
    let largest = center * (1.0 - center);
    let variance = (largest / (count + 2.0) + wandering).min(0.5 * largest);
    let strength = largest / variance - 1.0;
    let (one, other) = (stream.gamma(center * strength), stream.gamma((1.0 - center) * strength));
    if one + other > 0.0 { one / (one + other) } else { center }
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;

    fn foretold(turnout: &[Turnout], ahead: usize) -> Vec<f64> {
        let mut values: Vec<f64> = (0..400)
            .map(|seed| {
                let mut stream = Seed(seed).stream("drift");
                let mut drift = Drift::new(turnout, &mut stream);
                (0..ahead).map(|_| drift.next(&mut stream)[1]).last().unwrap_or(1.0)
            })
            .collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    }

    /// The largest factor that chance puts, but for one time in a million, between the ratio of two quantiles of
    /// 400 draws, the 21st and the 381st, and that of the law itself, where the ratio of the law is `ratio` and
    /// the logarithms are normal. The logarithm of a quantile at the share q = 0.05 has the standard error
    /// s sqrt(q (1 - q) / 400) / 0.1031, 0.1031 the normal density there, with s = ln(ratio) / 3.29: 0.106 s. The
    /// two ends are all but independent: 0.149 s for their difference, of which 4.9 are exceeded on either side
    /// once in 1.0e6.
    fn chance(ratio: f64) -> f64 {
        (4.9 * 0.149 * ratio.ln() / 3.29).exp()
    }

    /// Turnout without a level that wanders stays; one that wanders opens wide. Each is the other's negative
    /// control: the bounds do not overlap.
    #[test]
    fn ranges_follow_what_was_learned() {
        let mut stream = Seed(1).stream("history");
        let mut level = 0.0;
        let (mut steady, mut wandering) = (Vec::new(), Vec::new());
        for _ in 0..160 {
            level += 0.15 * stream.normal();
            let own = (0.3 * stream.normal()).exp();
            steady.push(Turnout { newcomers: 5.0, returning: 100.0 * own });
            wandering.push(Turnout { newcomers: 5.0, returning: 100.0 * own * f64::exp(level) });
        }
        let (steady, wandering) = (foretold(&steady, 60), foretold(&wandering, 60));
        let range = |factors: &[f64]| factors[380] / factors[20];
        eprintln!("steady {} {}, wandering {}", steady[200], range(&steady), range(&wandering));
        // The history's own noise of 0.3 a proposal leaves the level of a segment of 20 uncertain by 0.067, that
        // of the later half by 0.034: together 0.075, of which 4.9 are 0.37. A median of 400 draws with a
        // standard deviation of 0.2 adds 4.9 * 1.253 * 0.2 / 20 = 0.06.
        assert!((steady[200].ln()).abs() < 0.43, "median {}", steady[200]);
        let (narrow, wide) = (2.0, 5.0);
        assert!(range(&steady) < narrow * chance(narrow), "range {}", range(&steady));
        assert!(range(&wandering) > wide / chance(wide), "range {}", range(&wandering));
        assert!(narrow * chance(narrow) < wide / chance(wide));
    }

    #[test]
    fn few_proposals_leave_a_wide_range() {
        let turnout = vec![Turnout { newcomers: 3.0, returning: 9.0 }; LEAST - 1];
        let factors = foretold(&turnout, 10);
        eprintln!("few {}", factors[380] / factors[20]);
        assert!(factors[380] / factors[20] > 2.5 / chance(2.5), "range {} {}", factors[20], factors[380]);
    }

    /// The rate stays near a steady share, is wide open where the share wandered, and never certain.
    ///
    /// The mean of 400 draws lies within 4.9 of its standard errors of the law's own mean with probability
    /// 1 - 1e-6. That mean lies between the lowest and the highest share of the recent segments, with half a
    /// proposal on either side; the steady history has 18 or 19 of 25 in each. A sample's standard deviation has
    /// a relative error below 0.08 for laws with a kurtosis below 11, so a factor of 2 between two is beyond 4.9
    /// errors of both.
    #[test]
    fn pass_rates_follow_what_was_learned() {
        let draws = |passed: &[bool]| -> (f64, f64) {
            let rates: Vec<f64> =
                (0..400).map(|seed| pass_rate(passed, 60, &mut Seed(seed).stream("rate"))).collect();
            assert!(rates.iter().all(|rate| (0.0..=1.0).contains(rate)));
            let (mean, variance) = moments(&rates);
            (mean, variance.sqrt())
        };
        let steady: Vec<bool> = (0..200).map(|proposal| proposal % 4 > 0).collect();
        let wandering: Vec<bool> = (0..200).map(|proposal| (proposal / 40) % 2 > 0).collect();
        let (even, open, all) = (draws(&steady), draws(&wandering), draws(&[true; 40]));
        let fits = |(mean, spread): (f64, f64), low: f64, high: f64| {
            let error = 4.9 * spread / 20.0;
            mean + error > low && mean - error < high
        };
        let (low, high) = (18.5 / 26.0, 19.5 / 26.0);
        assert!(fits(even, low, high), "{even:?}");
        // The last segment failed, the two before passed in part.
        assert!(fits(open, 0.5 / 26.0, 0.4), "{open:?}");
        assert!(open.1 > 2.0 * even.1, "{open:?} {even:?}");
        // 40 of 40: Jeffreys' half a proposal in each segment of 5.
        assert!(fits(all, 5.5 / 6.0, 40.5 / 41.0) && all.1 > 0.0, "{all:?}");
        // Neither history passes for the other.
        assert!(!fits(open, low, high) && !fits(even, 0.5 / 26.0, 0.4));
    }
}
