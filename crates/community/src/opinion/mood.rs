//! The mood of a topic: an Ornstein-Uhlenbeck process, seen through the means of each day's messages.

use daotwin_core::random::Stream as Draws;

/// `dx = pull (mean - x) dt + sqrt(2 pull) spread dW`, time in days (Uhlenbeck and Ornstein 1930).
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct OrnsteinUhlenbeck {
    /// How fast it returns, per day; one over the mean memory.
    pub pull: f64,
    /// Where it returns to.
    pub mean: f64,
    /// Its standard deviation in the long run.
    pub spread: f64,
}

/// What a day's messages say of a mood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// The day.
    pub day: f64,
    /// The mean of its messages.
    pub mean: f64,
    /// Messages.
    pub messages: f64,
}

/// Memories that are tried, in days, and shares of the messages' variance that the mood may have.
const MEMORIES: [f64; 13] = [0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 30.0, 60.0, 120.0];
const SHARES: [f64; 12] = [0.0, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.35, 0.6];

impl OrnsteinUhlenbeck {
    /// A mood that never moves.
    pub const fn still(mean: f64) -> Self {
        Self { pull: 1.0, mean, spread: 0.0 }
    }

    /// A draw of its long run.
    pub fn begin(&self, draws: &mut Draws) -> f64 {
        self.mean + self.spread * draws.normal()
    }

    /// Where it is so many days later, exactly: normal with mean `mean + (x - mean) e^(-pull days)` and the variance that is left.
    pub fn step(&self, from: f64, days: f64, draws: &mut Draws) -> f64 {
        let kept = (-self.pull * days).exp();
        self.mean + (from - self.mean) * kept + self.spread * (1.0 - kept * kept).sqrt() * draws.normal()
    }

    /// The logarithm of the likelihood of days in order, each the mood plus noise of variance `noise` over its messages: a
    /// Kalman filter in one dimension (Kalman 1960).
    pub fn log_likelihood(&self, seen: &[Seen], noise: f64) -> f64 {
        let square = self.spread * self.spread;
        let (mut at, mut variance) = (self.mean, square);
        let mut before = seen.first().map_or(0.0, |first| first.day);
        let mut sum = 0.0;
        for day in seen {
            let kept = (-self.pull * (day.day - before)).exp();
            before = day.day;
            at = self.mean + (at - self.mean) * kept;
            variance = variance * kept * kept + square * (1.0 - kept * kept);
            let total = variance + noise / day.messages.max(1.0);
            if total <= 0.0 {
                continue;
            }
            let off = day.mean - at;
            sum -= 0.5 * ((std::f64::consts::TAU * total).ln() + off * off / total);
            let gain = variance / total;
            at += gain * off;
            variance *= 1.0 - gain;
        }
        sum
    }

    /// The likeliest mood on a grid of memories (half a day to four months) and spreads (none to three quarters of the messages'
    /// own), with the mean of all messages. `noise` is the variance of messages within days. Linear in days.
    pub fn fit(seen: &[Seen], noise: f64) -> Self {
        let messages: f64 = seen.iter().map(|day| day.messages).sum();
        let mean = seen.iter().map(|day| day.mean * day.messages).sum::<f64>() / messages.max(1.0);
        let mut best = Self::still(mean);
        let mut level = best.log_likelihood(seen, noise);
        for memory in MEMORIES {
            for share in SHARES {
                let tried = Self { pull: 1.0 / memory, mean, spread: (share * noise).sqrt() };
                let found = tried.log_likelihood(seen, noise);
                if found > level {
                    (best, level) = (tried, found);
                }
            }
        }
        best
    }
}
