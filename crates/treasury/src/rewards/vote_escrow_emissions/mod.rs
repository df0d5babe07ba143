//! Emissions by vote escrow: holders of locked tokens vote on gauges, one a member, and a week's emissions follow.

use daotwin_simulation::governance::Amount;
use daotwin_simulation::governance::gauge::{Controller, ONE};
use daotwin_simulation::governance::vote_escrow::{Escrow, WEEK};

use super::{Card, Reward, Round, Spends};
use crate::{Error, Result};

/// The rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoteEscrowEmissions;

/// The moment at which tokens are locked: the beginning of a week, long enough after zero for gauges' delay.
const START: u64 = 100 * WEEK;

impl Reward for VoteEscrowEmissions {
    fn name(&self) -> &'static str {
        "vote-escrow-emissions"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Holders of locked tokens direct emissions to members' gauges",
            definition: "Tokens are locked by `simulation`'s `vote-escrow` at the beginning of a week, votes cast by its `gauge` (one \
                type, one gauge a member); a member is paid floor(budget x share / 10^18), share being its gauge's of 10^18 in \
                the week after. What rounding leaves stays. A lock that ends in the week after cannot vote, as there.",
            source: "curvefi/curve-dao-contracts `VotingEscrow.vy`, `GaugeController.vy`, `LiquidityGauge.vy`; \
                `daotwin_simulation::governance::{vote_escrow, gauge}`",
            goes_by: "locks",
            spends: Spends::AtMost,
            limits: "Who holds most votes for itself; a holder's vote can be bought (`bribes`)",
        }
    }

    fn pay(&self, round: &Round) -> Result<Vec<u128>> {
        round.check()?;
        let refused = |place: usize, why: String| Error::Parameters {
            problems: vec![format!(
                "locks[{place}]: the contract refuses it: {why}; add up a member's tokens to one lock"
            )],
        };
        let mut escrow = Escrow::new(round.members);
        let mut controller = Controller::new(round.members, START);
        let gauges = |why| refused(0, format!("{why:?}"));
        controller.add_type(ONE, START).map_err(gauges)?;
        for _ in 0..round.members {
            controller.add_gauge(0, 0, START).map_err(gauges)?;
        }
        for (place, lock) in round.locks.iter().enumerate() {
            let until = START + lock.weeks * WEEK;
            escrow
                .create(lock.member, lock.amount, until, START)
                .map_err(|why| refused(place, format!("{why:?}")))?;
            let slope = escrow.last_slope(lock.member).unsigned_abs();
            for &(gauge, parts) in lock.votes.iter().filter(|_| lock.weeks > 1) {
                controller
                    .vote(lock.member, gauge, parts, slope, until, START)
                    .map_err(|why| refused(place, format!("{why:?}")))?;
            }
        }
        controller.checkpoint(START + WEEK).map_err(gauges)?;
        (0..round.members as u32)
            .map(|member| {
                let share = controller.share(member, START + WEEK).map_err(gauges)?;
                Ok(Amount(round.budget).times(share, ONE).map_or(0, |paid| paid.0))
            })
            .collect()
    }
}
