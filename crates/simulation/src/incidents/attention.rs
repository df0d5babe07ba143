//! Who looks, when, and how an alarm spreads.

use super::frame::Draws;

/// When the first of these watchers notices: each looks in at a constant hazard, once in `mean` on average, and sees
/// what is there with probability `sees` a look. Infinite where nobody ever does.
pub(super) fn first_notice(draws: Draws, watchers: u32, mean: f64, sees: f64) -> f64 {
    // A Poisson process thinned by `sees` is one of the rate times `sees`.
    if sees <= 0.0 {
        return f64::INFINITY;
    }
    (0..watchers).map(|watcher| draws.wait("first look", mean / sees, watcher)).fold(f64::INFINITY, f64::min)
}

/// When a member who is called at `alarm` answers: after an exponential delay; infinite where it cannot be reached.
pub(super) fn answer(draws: Draws, alarm: f64, delay: f64, reachable: f64, member: u32) -> f64 {
    if draws.happens("reachable", reachable, member) {
        alarm + draws.wait("answer", delay, member)
    } else {
        f64::INFINITY
    }
}
