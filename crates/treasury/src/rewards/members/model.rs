//! The model of one member.

use daotwin_core::random::Stream;
use serde::Serialize;

/// What members of a community have in common.
///
/// In a period in which a member is here it acts 1 + n times, n negative binomial with mean
/// exp(`level` + `commitment_spread` c + `deviation_spread` d) and `shape`: its commitment c is its own for good, its deviation d moves
/// from period to period with `persistence`; both are standard normal. After the period it leaves for good with chance
/// logistic(`leave` + `leave_by_effort` (`commitment_spread` c + `deviation_spread` d) + `leave_new` in its first period); if it does
/// not, it pauses (burns out for a while) with chance logistic(`pause` + `pause_by_overwork` d), and returns with chance
/// `comeback` a period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Parameters {
    /// Logarithm of the typical member's mean acts a period beyond the first.
    pub level: f64,
    /// How much members differ for good, in log units; above zero.
    pub commitment_spread: f64,
    /// How much a member's periods differ, in log units; above zero.
    pub deviation_spread: f64,
    /// Correlation of a member's deviation with the next one; between -1 and 1.
    pub persistence: f64,
    /// Shape of the counts: their variance around the mean m is m + m^2 / shape; above zero.
    pub shape: f64,
    /// Logit of leaving.
    pub leave: f64,
    /// What a log unit of effort adds to it.
    pub leave_by_effort: f64,
    /// What the first period adds to it.
    pub leave_new: f64,
    /// Logit of pausing.
    pub pause: f64,
    /// What a standard deviation of work above the member's own adds to it.
    pub pause_by_overwork: f64,
    /// Chance to return from a pause, a period; between 0 and 1.
    pub comeback: f64,
}

/// The names of the parameters in the order of [`Parameters::free`], and what they are free as.
pub const NAMES: [&str; 11] = [
    "level",
    "ln commitment spread",
    "ln deviation spread",
    "atanh persistence",
    "ln shape",
    "leave",
    "leave by effort",
    "leave new",
    "pause",
    "pause by overwork",
    "logit comeback",
];

pub(super) fn logistic(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

impl Parameters {
    /// As numbers without bounds, in the order of [`NAMES`].
    pub fn free(&self) -> [f64; 11] {
        [
            self.level,
            self.commitment_spread.ln(),
            self.deviation_spread.ln(),
            self.persistence.atanh(),
            self.shape.ln(),
            self.leave,
            self.leave_by_effort,
            self.leave_new,
            self.pause,
            self.pause_by_overwork,
            (self.comeback / (1.0 - self.comeback)).ln(),
        ]
    }

    /// From numbers without bounds; what lies beyond any use is held at its edge.
    pub fn of_free(free: &[f64; 11]) -> Self {
        let bound = |value: f64, most: f64| value.clamp(-most, most);
        Self {
            level: bound(free[0], 10.0),
            commitment_spread: bound(free[1], 4.0).exp(),
            deviation_spread: bound(free[2], 4.0).exp(),
            persistence: bound(free[3], 3.0).tanh(),
            shape: bound(free[4], 2.5).exp(),
            leave: bound(free[5], 12.0),
            leave_by_effort: bound(free[6], 8.0),
            leave_new: bound(free[7], 12.0),
            pause: bound(free[8], 12.0),
            pause_by_overwork: bound(free[9], 8.0),
            comeback: logistic(bound(free[10], 8.0)),
        }
    }

    /// Mean acts beyond the first, of a commitment and a deviation in standard normal units.
    pub fn mean(&self, commitment: f64, deviation: f64) -> f64 {
        (self.level + self.commitment_spread * commitment + self.deviation_spread * deviation).exp()
    }

    /// The chance to leave; `answer` is added to its logit.
    pub fn leave(&self, commitment: f64, deviation: f64, newcomer: bool, answer: f64) -> f64 {
        let effort = self.commitment_spread * commitment + self.deviation_spread * deviation;
        let new = if newcomer { self.leave_new } else { 0.0 };
        logistic(self.leave + self.leave_by_effort * effort + new + answer)
    }

    /// The chance to pause, of who does not leave.
    pub fn pause(&self, deviation: f64) -> f64 {
        logistic(self.pause + self.pause_by_overwork * deviation)
    }
}

/// Whether a member is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Acts.
    Here,
    /// Burnt out or away for a while.
    Pausing,
    /// Left for good.
    Gone,
}

/// One member.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Person {
    /// How much more or less it does than others, in standard normal units.
    pub commitment: f64,
    /// How much more or less it does than it mostly does, in standard normal units.
    pub deviation: f64,
    /// Whether it is there.
    pub state: State,
    /// Whether this is its first period.
    pub newcomer: bool,
}

impl Person {
    /// Somebody who joins.
    pub fn joining(stream: &mut Stream) -> Self {
        Self { commitment: stream.normal(), deviation: stream.normal(), state: State::Here, newcomer: true }
    }

    /// What it does in this period; `answer` is added to the logarithm of its effort.
    pub fn acts(&self, parameters: &Parameters, answer: f64, stream: &mut Stream) -> u32 {
        if self.state != State::Here {
            return 0;
        }
        let mean = parameters.mean(self.commitment, self.deviation) * answer.exp();
        let rate = stream.gamma(parameters.shape) * mean / parameters.shape;
        // Above any record; keeps a count within its bits.
        1 + stream.poisson(rate.min(1e8)) as u32
    }

    /// Goes to the next period; `answer` is added to the logit of leaving.
    pub fn advance(&mut self, parameters: &Parameters, answer: f64, stream: &mut Stream) {
        match self.state {
            State::Here => {
                if stream.chance(parameters.leave(self.commitment, self.deviation, self.newcomer, answer)) {
                    self.state = State::Gone;
                } else if stream.chance(parameters.pause(self.deviation)) {
                    self.state = State::Pausing;
                }
            }
            State::Pausing => {
                if stream.chance(parameters.comeback) {
                    self.state = State::Here;
                }
            }
            State::Gone => {}
        }
        self.newcomer = false;
        let new = (1.0 - parameters.persistence * parameters.persistence).sqrt();
        self.deviation = parameters.persistence * self.deviation + new * stream.normal();
    }
}
