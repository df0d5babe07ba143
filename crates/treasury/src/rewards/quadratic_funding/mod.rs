//! Quadratic funding of members' work: donations are matched from the budget.

use daotwin_simulation::governance::quadratic_funding::{Clusters, Fit, Gift, Ledger, Matching, Similarity};
use daotwin_simulation::governance::quadratic_funding::{matches, share_out};

use super::{Card, Reward, Round, Spends, apportion_by};
use crate::Result;

/// At what agreement a pair of donors counts for a half, as Gitcoin's rounds had it.
pub const GITCOIN_M: f64 = 25.0;

/// Quadratic funding in one of its variants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QuadraticFunding {
    /// Its name.
    name: &'static str,
    /// The variant.
    pub matching: Matching,
    /// The largest part of the budget for one member.
    pub cap: Option<f64>,
}

const fn cluster(name: &'static str, similarity: Similarity, harsh: bool) -> QuadraticFunding {
    QuadraticFunding { name, matching: Matching::Cluster { similarity, harsh }, cap: None }
}

/// (sum of roots)^2 - sum.
pub const PLAIN: QuadraticFunding =
    QuadraticFunding { name: "quadratic-funding", matching: Matching::Plain, cap: None };
/// Pairs of donors count for less, the more they agree elsewhere.
pub const PAIRWISE: QuadraticFunding = QuadraticFunding {
    name: "quadratic-funding-pairwise",
    matching: Matching::Pairwise { m: GITCOIN_M },
    cap: None,
};
/// Clusters by where a walk from a donor ends.
pub const CLUSTER_MARKOV: QuadraticFunding =
    cluster("quadratic-funding-cluster-markov", Similarity::Markov, false);
/// Clusters by the share of friends.
pub const CLUSTER_FRIENDS: QuadraticFunding =
    cluster("quadratic-funding-cluster-friends", Similarity::Friends, false);
/// Clusters by whether any friend is in them.
pub const CLUSTER_SHARED: QuadraticFunding =
    cluster("quadratic-funding-cluster-shared", Similarity::Shared, false);
/// As [`CLUSTER_MARKOV`], gifts near a cluster left out.
pub const CLUSTER_MARKOV_HARSH: QuadraticFunding =
    cluster("quadratic-funding-cluster-markov-harsh", Similarity::Markov, true);
/// As [`CLUSTER_FRIENDS`], gifts near a cluster left out.
pub const CLUSTER_FRIENDS_HARSH: QuadraticFunding =
    cluster("quadratic-funding-cluster-friends-harsh", Similarity::Friends, true);
/// As [`CLUSTER_SHARED`], gifts near a cluster left out.
pub const CLUSTER_SHARED_HARSH: QuadraticFunding =
    cluster("quadratic-funding-cluster-shared-harsh", Similarity::Shared, true);

impl Reward for QuadraticFunding {
    fn name(&self) -> &'static str {
        self.name
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Matches donations to members' work so that many small donors count for more than one large one",
            definition: "Raw matches of `simulation`'s rule `quadratic-funding` (variant by name; pairwise with m = 25; clusters \
                are the donors of one member), fitted to the budget without a cap, then largest remainders",
            source: "Buterin, Hitzig, Weyl 2018 (arXiv 1809.06421); `daotwin_simulation::governance::quadratic_funding`",
            goes_by: "donations",
            spends: Spends::All,
            limits: "Donors who split into many accounts gain under the plain variant; donations themselves are not paid here",
        }
    }

    fn pay(&self, round: &Round) -> Result<Vec<u128>> {
        round.check()?;
        let gifts: Vec<Gift> = round
            .donations
            .iter()
            .map(|gift| Gift { donor: gift.from, project: gift.to, amount: gift.amount })
            .collect();
        let ledger = Ledger::new(&gifts, round.members, round.members);
        let clusters = match self.matching {
            Matching::Cluster { .. } => Clusters::of_gifts(&ledger),
            _ => Clusters::default(),
        };
        // The raw matches of one donor alone are zero but for rounding.
        let raw: Vec<f64> = matches(&ledger, self.matching, &clusters)
            .iter()
            .enumerate()
            .map(|(member, &raw)| if raw > 1e-9 * ledger.given(member) { raw } else { 0.0 })
            .collect();
        Ok(apportion_by(round.budget, &share_out(&raw, 1.0, Fit::Pot, self.cap)))
    }
}
