//! Who acts when: an action that comes at most once, whose chance at every step may differ between agents and depend
//! on all that has happened.
//!
//! An agent draws one number u for the whole window in which it may act. Its survival S is the chance of not having
//! acted yet: S(0) = 1, S(k) = S(k-1) (1 - h(k)) with h(k) the hazard of step k; it acts at the first step with S(k)
//! <= u. That is the law of one trial a step with chance h(k), by inversion, whatever h depends on (its own past
//! aside, of which there is none before the action), and it makes schedulers agree draw by draw: one may visit every
//! agent at every step ([`advance`]), another only those that can act at all ([`Candidates`]), a third compute the
//! step at once ([`first_steps`]).
//!
//! All is integer: shares of [`ONE`] = 2^31. Rounded products grow with both factors, so that a survival under a
//! larger hazard is never above one under a smaller: an upper bound of the hazard bounds exactly who can act. This is
//! thinning (Lewis and Shedler 1979) by agents rather than by events.

use daotwin_core::Run;
use serde::{Deserialize, Serialize};

use super::math;
use super::random::Key;
use crate::Result;

/// The share that is certain.
pub const ONE: u32 = 1 << 31;

/// How many agents a pass takes at a time, so that what it writes stays in the nearest cache.
pub const CHUNK: usize = 4096;

/// How time passes. Both give the same actions at the same steps, draw by draw; they differ in what they cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheduler {
    /// Every agent at every step: costs agents x steps.
    Stepped,
    /// Once a window everyone for a nanosecond, then only those who can act: costs agents + actions.
    #[default]
    Events,
}

/// A chance as a share of [`ONE`], rounded to the nearest, within 0 and 1; 0 for NaN.
pub fn share(chance: f64) -> u32 {
    (chance.clamp(0.0, 1.0) * f64::from(ONE) + 0.5) as u32
}

/// A share as a chance.
pub fn chance(share: u32) -> f64 {
    f64::from(share) / f64::from(ONE)
}

/// The product of two shares, rounded to the nearest. It grows with both.
#[inline]
pub const fn product(left: u32, right: u32) -> u32 {
    // 2^62 + 2^30 at most: nothing is lost.
    ((left as u64 * right as u64).wrapping_add(1 << 30) >> 31) as u32
}

/// What is left of a survival after a step of this hazard.
#[inline]
pub const fn survive(survival: u32, hazard: u32) -> u32 {
    survival.wrapping_sub(product(survival, hazard))
}

/// The number that decides when this agent acts, below [`ONE`].
#[inline]
pub const fn draw(key: Key, agent: u32) -> u32 {
    key.bits(agent) >> 1
}

/// Writes the draws of agents `first`, `first + 1`, ...
pub fn fill(key: Key, first: u32, draws: &mut [u32]) {
    // A counter of its own: a range would look for its end at every step.
    let mut agent = first;
    for value in draws {
        *value = draw(key, agent);
        agent = agent.wrapping_add(1);
    }
}

/// One step of every agent of a chunk: brings survivals forward under the hazards `rates` x `factor` and sets
/// `active` to 1 where an agent acts now, to 0 elsewhere. All slices of one length.
pub fn advance(rates: &[u32], factor: u32, survivals: &mut [u32], draws: &[u32], active: &mut [u8]) {
    let columns = rates.iter().zip(survivals).zip(draws).zip(active);
    // Both loops have no branch: they become vector instructions. The first saves a product.
    if factor == ONE {
        for (((rate, survival), draw), active) in columns {
            let after = survive(*survival, *rate);
            *active = crossed(*draw, *survival, after);
            *survival = after;
        }
    } else {
        for (((rate, survival), draw), active) in columns {
            let after = survive(*survival, product(*rate, factor));
            *active = crossed(*draw, *survival, after);
            *survival = after;
        }
    }
}

/// 1 where the survival has come down to the draw in this step: `after <= draw < before`. All are at most 2^31, so
/// that the top bit of a wrapped difference is its sign.
#[inline]
const fn crossed(draw: u32, before: u32, after: u32) -> u8 {
    ((draw.wrapping_sub(before) & !draw.wrapping_sub(after)) >> 31) as u8
}

/// Writes to `found` the agents whose flag is 1, in order, and returns how many: `first` is the number of the first
/// flag. `found` has room for all flags.
pub fn collect(active: &[u8], first: u32, found: &mut [u32]) -> usize {
    let mut count = 0;
    let (words, rest) = active.as_chunks::<8>();
    let mut place = first;
    for word in words {
        let mut flags = u64::from_le_bytes(*word);
        while flags != 0 {
            found[count] = place.wrapping_add(flags.trailing_zeros() >> 3);
            count += 1;
            flags &= flags.wrapping_sub(1);
        }
        place = place.wrapping_add(8);
    }
    for &flag in rest {
        found[count] = place;
        count += usize::from(flag);
        place = place.wrapping_add(1);
    }
    count
}

/// The longest window and the most steps that a model takes.
pub const LONGEST: u32 = 10_000_000;

/// The survivals after `steps` steps of constant hazards: who draws at least that much acts within them.
///
/// # Errors
/// [`daotwin_core::Error::Cancelled`].
pub fn survivals(rates: &[u32], steps: u32, run: &Run) -> Result<Vec<u32>> {
    let mut result = vec![ONE; rates.len()];
    for (rates, survivals) in rates.chunks(CHUNK).zip(result.chunks_mut(CHUNK)) {
        for step in 0..steps {
            if step.is_multiple_of(1024) {
                run.check()?;
            }
            for (rate, survival) in rates.iter().zip(&mut *survivals) {
                *survival = survive(*survival, *rate);
            }
        }
    }
    Ok(result)
}

/// Stands for "not within the window".
pub const NEVER: u32 = u32::MAX;

/// Writes the step, from 0, at which each agent with this constant hazard and draw acts; [`NEVER`] where that is not
/// within `steps`. All slices of one length.
///
/// Equal to walking the steps one by one, at a cost that does not grow with them. Rounding moves a survival by at
/// most half a unit a step, and earlier errors shrink with it, so that S(K) is within K/2 + 1 units of 2^31 (1-h)^K
/// (the 1 stands for the errors of `exp` and `ln`, below 1e-3 units). Where the draw is outside that margin the step
/// is certain; otherwise the steps are walked.
pub fn first_steps(rates: &[u32], draws: &[u32], steps: u32, found: &mut [u32]) {
    for ((rate, draw), found) in rates.iter().zip(draws).zip(&mut *found) {
        *found = jump(*rate, *draw, steps);
    }
    for ((rate, draw), found) in rates.iter().zip(draws).zip(found) {
        if *found == NEVER {
            *found = walk(*rate, *draw, steps);
        }
    }
}

/// The step by the formula where it is certain, [`NEVER`] where it is not.
#[expect(clippy::needless_bitwise_bool, reason = "no branch: the loop over this becomes vector instructions")]
#[inline]
fn jump(rate: u32, draw: u32, steps: u32) -> u32 {
    let keep = 1.0 - chance(rate);
    let logarithm = math::ln(keep);
    let count = math::round_up(math::ln(chance(draw)) / logarithm);
    let count = if count < 1.0 { 1.0 } else { count };
    let after = math::exp(count * logarithm) * f64::from(ONE);
    let margin = 0.5 * count + 1.0;
    let target = f64::from(draw);
    // Comparisons with NaN are false: those cases walk.
    let certain =
        (count <= f64::from(steps)) & (after + margin <= target) & (after - margin * keep > target * keep);
    if certain { math::low_bits(count - 1.0) } else { NEVER }
}

/// The step by its definition.
fn walk(rate: u32, draw: u32, steps: u32) -> u32 {
    let mut survival = ONE;
    let acts = |_: &u32| {
        survival = survive(survival, rate);
        survival <= draw
    };
    (0..steps).find(acts).unwrap_or(NEVER)
}

/// The agents that can act at all within a window, in order, with what decides when they do.
#[derive(Debug, Default)]
pub struct Candidates {
    /// Their numbers.
    pub agents: Vec<u32>,
    /// Their draws.
    pub draws: Vec<u32>,
    /// Their hazards at a factor of 1; lower them before the first step, never above the bounds' own.
    pub rates: Vec<u32>,
    hazards: Vec<u32>,
    survivals: Vec<u32>,
    active: Vec<u8>,
    found: Vec<u32>,
}

impl Candidates {
    /// Takes every agent whose draw is at least its bound, its survival at the end of the window under the largest
    /// hazards it can have ([`survivals`]). Costs a nanosecond an agent; memory once grown is used again.
    pub fn select(&mut self, key: Key, bounds: &[u32]) {
        self.agents.clear();
        self.draws.clear();
        self.active.resize(CHUNK, 0);
        self.found.resize(CHUNK, 0);
        let mut first = 0_u32;
        for bounds in bounds.chunks(CHUNK) {
            let active = &mut self.active[..bounds.len()];
            let mut agent = first;
            for (bound, active) in bounds.iter().zip(&mut *active) {
                *active = (draw(key, agent).wrapping_sub(*bound) >> 31 ^ 1) as u8;
                agent = agent.wrapping_add(1);
            }
            let count = collect(active, first, &mut self.found);
            self.agents.extend_from_slice(&self.found[..count]);
            first = first.wrapping_add(bounds.len() as u32);
        }
        self.draws.extend(self.agents.iter().map(|&agent| draw(key, agent)));
    }

    /// Gets ready for [`Candidates::advance`], with the agents' hazards at a factor of 1.
    pub fn start(&mut self, rates: &[u32]) {
        self.rates.clear();
        self.rates.extend(self.agents.iter().map(|&agent| rates[agent as usize]));
        self.survivals.clear();
        self.survivals.resize(self.agents.len(), ONE);
        self.active.resize(self.agents.len().max(CHUNK), 0);
        self.found.resize(self.agents.len().max(CHUNK), 0);
    }

    /// Writes the step at which each acts under constant hazards ([`first_steps`]).
    pub fn steps(&mut self, rates: &[u32], window: u32, found: &mut Vec<u32>) {
        self.rates.clear();
        self.rates.extend(self.agents.iter().map(|&agent| rates[agent as usize]));
        found.resize(self.agents.len(), NEVER);
        first_steps(&self.rates, &self.draws, window, found);
    }

    /// One step under hazards times `factor`: the places of those who act now, and who is at each place.
    pub fn advance(&mut self, factor: u32) -> (&[u32], &[u32]) {
        let active = &mut self.active[..self.agents.len()];
        advance(&self.rates, factor, &mut self.survivals, &self.draws, active);
        let count = collect(active, 0, &mut self.found);
        (&self.found[..count], &self.agents)
    }

    /// [`Candidates::advance`] where each agent keeps the share `kept` of its hazard; `kept` is by agent.
    pub fn advance_by(&mut self, factor: u32, kept: &[u32]) -> (&[u32], &[u32]) {
        // Gathered first: the pass over columns stays free of look-ups.
        self.hazards.clear();
        self.hazards.extend(self.agents.iter().map(|&agent| kept[agent as usize]));
        for (hazard, rate) in self.hazards.iter_mut().zip(&self.rates) {
            *hazard = product(*hazard, *rate);
        }
        let active = &mut self.active[..self.agents.len()];
        advance(&self.hazards, factor, &mut self.survivals, &self.draws, active);
        let count = collect(active, 0, &mut self.found);
        (&self.found[..count], &self.agents)
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use daotwin_core::random::Seed;

    fn first(rate: u32, draw: u32, steps: u32) -> u32 {
        let mut found = [0];
        first_steps(&[rate], &[draw], steps, &mut found);
        found[0]
    }

    #[test]
    fn jumping_lands_where_walking_does() {
        let mut stream = Seed(3).stream("jump");
        for index in 0..60_000 {
            let steps = [10, 120, 720, 2000][index % 4];
            let size = [0.1, 0.001, 0.9, 1e-5, 1.0][index % 5];
            let rate = share(stream.uniform() * size);
            let mut survival = ONE;
            let at = stream.below(steps) + 1;
            for _ in 0..at {
                survival = survive(survival, rate);
            }
            // On the border, beside it, and anywhere.
            for draw in
                [survival, survival.saturating_sub(1), survival + 1, stream.below(u64::from(ONE)) as u32]
            {
                let draw = draw.min(ONE - 1);
                let steps = steps as u32;
                assert_eq!(first(rate, draw, steps), walk(rate, draw, steps), "{rate}, {draw}, {steps}");
            }
        }
        for rate in [0, 1, ONE / 2, ONE - 1, ONE] {
            for draw in [0, 1, ONE / 2, ONE - 1] {
                assert_eq!(first(rate, draw, 50), walk(rate, draw, 50), "{rate} {draw}");
            }
        }
    }

    #[test]
    fn nearly_all_steps_are_certain_without_walking() {
        let mut stream = Seed(3).stream("certain");
        let (mut certain, mut inside) = (0, 0);
        for _ in 0..20_000 {
            let (rate, draw) = (share(stream.uniform() * 0.1), stream.below(u64::from(ONE)) as u32);
            certain += u32::from(jump(rate, draw, 120) != NEVER);
            inside += u32::from(walk(rate, draw, 120) != NEVER);
        }
        assert!(inside > 10_000 && inside - certain < 10, "{certain} of {inside}");
    }

    #[test]
    fn the_certain_happens_at_once_and_the_impossible_never() {
        let key = Key::new(1, 0, 0, 0);
        for agent in 0..10_000 {
            assert_eq!(first(ONE, draw(key, agent), 5), 0);
            assert_eq!(first(0, draw(key, agent), 5), NEVER);
        }
    }

    #[test]
    fn survivals_fall_with_the_hazard() {
        let mut stream = Seed(4).stream("monotone");
        for _ in 0..100_000 {
            let mut below = |n: u32| stream.below(u64::from(n) + 1) as u32;
            let (survival, hazard) = (below(ONE), below(ONE));
            let (less, lower) = (below(survival), below(hazard));
            assert!(survive(less, hazard) <= survive(survival, hazard));
            assert!(survive(survival, hazard) <= survive(survival, lower));
            assert!(product(hazard, below(ONE)) <= hazard);
            assert_eq!(product(hazard, ONE), hazard);
        }
    }

    #[test]
    fn passes_agree_with_one_agent_at_a_time() {
        let n = CHUNK + 77;
        let mut stream = Seed(5).stream("pass");
        let rates: Vec<u32> = (0..n).map(|_| share(stream.uniform() * 0.3)).collect();
        let key = Key::new(5, 0, 0, 0);
        let mut draws = vec![0; n];
        fill(key, 0, &mut draws);
        let mut candidates = Candidates::default();
        candidates.select(key, &survivals(&rates, 12, &Run::default()).unwrap());
        candidates.start(&rates);
        let mut running = vec![ONE; n];
        let mut active = vec![0; n];
        let mut found = vec![0; n];
        for step in 0..12 {
            advance(&rates, ONE, &mut running, &draws, &mut active);
            let count = collect(&active, 0, &mut found);
            let expected: Vec<u32> =
                (0..n).filter(|&i| walk(rates[i], draws[i], 12) == step).map(|i| i as u32).collect();
            assert_eq!(found[..count], expected);
            let (places, agents) = candidates.advance(ONE);
            let chosen: Vec<u32> = places.iter().map(|&place| agents[place as usize]).collect();
            assert_eq!(chosen, expected);
        }
        assert!(candidates.agents.len() > 100 && candidates.agents.len() < n);
    }
}
