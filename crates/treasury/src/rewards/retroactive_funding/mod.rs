//! Retroactive funding of members' work: judges say what it was worth.

use daotwin_simulation::governance::retroactive_funding::{Fate, Minimum, Scoring, Settings, allocate};

use super::{Card, Reward, Round, Spends, apportion_by};
use crate::Result;

/// Retroactive funding by one score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetroactiveFunding {
    name: &'static str,
    /// How ballots become a score.
    pub scoring: Scoring,
    /// Ballots that a member needs at least.
    pub quorum: usize,
}

/// By the middle ballot.
pub const MEDIAN: RetroactiveFunding =
    RetroactiveFunding { name: "retroactive-median", scoring: Scoring::Median, quorum: 3 };
/// By all ballots together.
pub const SUM: RetroactiveFunding =
    RetroactiveFunding { name: "retroactive-sum", scoring: Scoring::Sum, quorum: 3 };

impl Reward for RetroactiveFunding {
    fn name(&self) -> &'static str {
        self.name
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Pays for past work by what judges say that it was worth",
            definition: "`simulation`'s rule `retroactive-funding` with a quorum of 3 ballots and no minimum, scored by the median \
                or by the sum (by name), then largest remainders",
            source: "Optimism RetroPGF 3 (median) and FIL-RetroPGF 2 (sum); \
                `daotwin_simulation::governance::retroactive_funding`",
            goes_by: "ballots",
            spends: Spends::All,
            limits: "Judges have to be chosen; a sum lets one large ballot decide",
        }
    }

    fn pay(&self, round: &Round) -> Result<Vec<u128>> {
        round.check()?;
        let mut votes = vec![Vec::new(); round.members];
        for ballot in &round.ballots {
            votes[ballot.to as usize].push(ballot.amount);
        }
        let settings =
            Settings { scoring: self.scoring, quorum: self.quorum, minimum: Minimum::Score(0.0), pot: 1.0 };
        let parts: Vec<f64> = allocate(&mut votes, settings)
            .iter()
            .map(|fate| match *fate {
                Fate::Funded(part) => part,
                Fate::Quorum | Fate::Minimum => 0.0,
            })
            .collect();
        Ok(apportion_by(round.budget, &parts))
    }
}
