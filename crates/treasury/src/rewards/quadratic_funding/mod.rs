//! Quadratic funding of members' work: donations are matched from the budget.

use daotwin_simulation::governance::quadratic_funding::{Clusters, Fit, Gift, Ledger, Matching, Similarity};
use daotwin_simulation::governance::quadratic_funding::{matches, share_out};

use super::{Card, Donation, Reward, Round, Spends, apportion_by};
use crate::{Error, Result};

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

/// The members that donations above zero name so, in order.
fn dense(round: &Round, of: impl Fn(&Donation) -> u32) -> Vec<u32> {
    let mut members: Vec<u32> = round.donations.iter().map(of).collect();
    members.sort_unstable();
    members.dedup();
    members
}

/// Work that a round may take: steps of the inner loops.
const MOST_STEPS: usize = 4_000_000_000;
/// Donors times groups that a round may have under the variants by clusters: what is held in memory.
const MOST_CELLS: usize = 50_000_000;

impl QuadraticFunding {
    /// Refuses rounds that take minutes or gigabytes.
    fn check(&self, ledger: &Ledger, donors: usize, groups: usize) -> Result<()> {
        let projects = ledger.projects();
        let of_project = || (0..projects).map(|project| ledger.of(project).len());
        let (steps, cells) = match self.matching {
            Matching::Plain => return Ok(()),
            Matching::Pairwise { .. } => (of_project().map(|donors| donors * donors).sum(), 0),
            Matching::Cluster { .. } => {
                // Every gift meets every group and each group of its donor; then pairs of groups, a project.
                let gifts: usize = of_project().sum();
                let of_donor = (gifts / donors.max(1)).max(1);
                (groups * gifts * of_donor + projects * groups * groups / 2, donors * groups)
            }
        };
        if steps <= MOST_STEPS && cells <= MOST_CELLS {
            return Ok(());
        }
        Err(Error::Parameters {
            problems: vec![format!(
                "donations: {donors} donors to {projects} members are {steps} steps and {cells} cells for `{}`; at most \
                 {MOST_STEPS} and {MOST_CELLS} are taken; take a shorter round, or `quadratic-funding`",
                self.name
            )],
        })
    }
}

impl Reward for QuadraticFunding {
    fn name(&self) -> &'static str {
        self.name
    }

    fn card(&self) -> Card {
        Card {
            purpose: "Matches donations to members' work so that many small donors count for more than one large one",
            definition: "Raw matches of `simulation`'s rule `quadratic-funding` (variant by name; pairwise with m = 25; clusters \
                are the round's groups, or the donors of one member), fitted to the budget without a cap, then largest remainders",
            source: "Buterin, Hitzig, Weyl 2018 (arXiv 1809.06421); `daotwin_simulation::governance::quadratic_funding`",
            goes_by: "donations, groups",
            // Harsh variants leave gifts out.
            spends: match self.matching {
                Matching::Cluster { harsh: true, .. } => Spends::AtMost,
                _ => Spends::All,
            },
            limits: "Donors who split into many accounts gain under the plain variant; of groups made of gifts the shared harsh variant \
                leaves nothing, as all donors to one member share a group; donations themselves are not paid here",
        }
    }

    fn pay(&self, round: &Round) -> Result<Vec<u128>> {
        round.check()?;
        let (donors, projects) = (dense(round, |gift| gift.from), dense(round, |gift| gift.to));
        let place = |members: &[u32], member: u32| members.binary_search(&member).unwrap_or_default() as u32;
        let gifts: Vec<Gift> = round
            .donations
            .iter()
            .map(|gift| Gift {
                donor: place(&donors, gift.from),
                project: place(&projects, gift.to),
                amount: gift.amount,
            })
            .collect();
        let ledger = Ledger::new(&gifts, donors.len(), projects.len());
        let groups = round.groups.iter().map(|group| group.1 as usize + 1).max().unwrap_or(projects.len());
        self.check(&ledger, donors.len(), groups)?;
        let clusters = match self.matching {
            Matching::Cluster { .. } if round.groups.is_empty() => Clusters::of_gifts(&ledger),
            Matching::Cluster { .. } => {
                let known = round.groups.iter().filter_map(|&(member, group)| {
                    Some((donors.binary_search(&member).ok()? as u32, group, 1.0))
                });
                Clusters::new(&known.collect::<Vec<_>>(), donors.len(), groups)
            }
            _ => Clusters::default(),
        };
        // The raw matches of one donor alone are zero but for rounding.
        let raw: Vec<f64> = matches(&ledger, self.matching, &clusters)
            .iter()
            .enumerate()
            .map(|(project, &raw)| if raw > 1e-9 * ledger.given(project) { raw } else { 0.0 })
            .collect();
        let mut parts = vec![0.0; round.members];
        for (&member, part) in projects.iter().zip(share_out(&raw, 1.0, Fit::Pot, self.cap)) {
            parts[member as usize] = part;
        }
        Ok(apportion_by(round.budget, &parts))
    }
}
