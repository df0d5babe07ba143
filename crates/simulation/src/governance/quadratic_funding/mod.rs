//! Quadratic funding: how a pot is matched to what many people gave, in the variants that rounds were run with.
//!
//! [`Ledger`] holds who gave what; [`Matching`] says how a project's raw match comes of it; [`share_out`] fits the raw
//! matches to a pot. Donors, projects and clusters are dense numbers; amounts are floating-point, as the originals
//! have them. Sums run in the order of numbers: the same gifts give the same bits.

mod cluster;
mod json;

pub use cluster::{Clusters, Similarity};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Card, Family, Rule};
use crate::Result;

/// What one donor gave to one project, all gifts together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gift {
    /// Who gave.
    pub donor: u32,
    /// To what.
    pub project: u32,
    /// How much, above zero.
    pub amount: f64,
}

/// Who gave what: by project, then by donor.
#[derive(Debug, Clone, PartialEq)]
pub struct Ledger {
    gifts: Vec<Gift>,
    /// Where a project's gifts begin, and the end.
    starts: Vec<usize>,
    donors: usize,
}

impl Ledger {
    /// Sums the gifts of a donor to a project; what is not above zero is left out. O(gifts log gifts).
    pub fn new(gifts: &[Gift], donors: usize, projects: usize) -> Self {
        let mut sorted: Vec<Gift> = gifts.iter().copied().filter(|gift| gift.amount > 0.0).collect();
        sorted.sort_by_key(|gift| (gift.project, gift.donor));
        let mut merged: Vec<Gift> = Vec::with_capacity(sorted.len());
        for gift in sorted {
            match merged.last_mut() {
                Some(last) if (last.project, last.donor) == (gift.project, gift.donor) => {
                    last.amount += gift.amount;
                }
                _ => merged.push(gift),
            }
        }
        let mut starts = vec![0; projects + 1];
        for gift in &merged {
            starts[gift.project as usize + 1] += 1;
        }
        for project in 0..projects {
            starts[project + 1] += starts[project];
        }
        Self { gifts: merged, starts, donors }
    }

    /// How many projects there are.
    pub const fn projects(&self) -> usize {
        self.starts.len() - 1
    }

    /// A project's gifts, by donor.
    pub fn of(&self, project: usize) -> &[Gift] {
        &self.gifts[self.starts[project]..self.starts[project + 1]]
    }

    /// What was given to a project.
    pub fn given(&self, project: usize) -> f64 {
        self.of(project).iter().map(|gift| gift.amount).sum()
    }
}

/// How a project's raw match comes of its gifts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Matching {
    /// (sum of roots)^2 - sum.
    Plain,
    /// Pairs of donors count for less, the more they agree elsewhere.
    Pairwise {
        /// The agreement at which a pair counts for a half.
        m: f64,
    },
    /// Pairs of clusters of donors, in place of pairs of donors.
    Cluster {
        /// How near a donor is to a cluster that it is not in.
        similarity: Similarity,
        /// Whether a gift near to a cluster is left out, in place of its root being taken.
        harsh: bool,
    },
}

/// What fits raw matches to a pot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// All of the pot is paid out, in the raw matches' proportions.
    #[default]
    Pot,
    /// As `pot` where the raw matches exceed it, else the raw matches themselves.
    Down,
    /// The raw matches themselves, whatever they sum to.
    None,
}

/// (sum over donors of sqrt(c))^2 - sum of c, by project. O(gifts).
pub fn plain(ledger: &Ledger) -> Vec<f64> {
    (0..ledger.projects())
        .map(|project| {
            let roots: f64 = ledger.of(project).iter().map(|gift| gift.amount.sqrt()).sum();
            roots * roots - ledger.given(project)
        })
        .collect()
}

/// Sum over pairs i < j of 2 sqrt(c_i) sqrt(c_j) m / (m + k_ij), where k_ij = sum over all projects of sqrt(c_i) sqrt(c_j).
/// O(sum over projects of its donors squared), in memory O(gifts + donors).
pub fn pairwise(ledger: &Ledger, m: f64) -> Vec<f64> {
    let mut places: Vec<Vec<usize>> = vec![Vec::new(); ledger.donors];
    for (place, gift) in ledger.gifts.iter().enumerate() {
        places[gift.donor as usize].push(place);
    }
    let mut matches = vec![0.0; ledger.projects()];
    let mut agreement = vec![0.0; ledger.donors];
    for own in &places {
        // Gifts of a project are by donor, so those after this donor's are the pairs that are not counted yet.
        let pairs = |place: usize| {
            let gift = ledger.gifts[place];
            (gift, &ledger.gifts[place + 1..ledger.starts[gift.project as usize + 1]])
        };
        for &place in own {
            let (gift, others) = pairs(place);
            for other in others {
                agreement[other.donor as usize] += gift.amount.sqrt() * other.amount.sqrt();
            }
        }
        for &place in own {
            let (gift, others) = pairs(place);
            let sum: f64 = others
                .iter()
                .map(|other| {
                    let bound = m / (m + agreement[other.donor as usize]);
                    gift.amount.sqrt() * other.amount.sqrt() * bound
                })
                .sum();
            matches[gift.project as usize] += 2.0 * sum;
        }
        for &place in own {
            for other in pairs(place).1 {
                agreement[other.donor as usize] = 0.0;
            }
        }
    }
    matches
}

/// A project's raw matches under this matching. `clusters` is used by [`Matching::Cluster`] alone.
pub fn matches(ledger: &Ledger, matching: Matching, clusters: &Clusters) -> Vec<f64> {
    match matching {
        Matching::Plain => plain(ledger),
        Matching::Pairwise { m } => pairwise(ledger, m),
        Matching::Cluster { similarity, harsh } => cluster::matches(ledger, clusters, similarity, harsh),
    }
}

/// Fits raw matches to a pot. With a cap (which [`Fit::None`] does not use) no project gets more than that share of the pot: what is above it goes to the
/// others in proportion to theirs, again and again until none is above; where all are at the cap the rest of the pot
/// stays.
pub fn share_out(raw: &[f64], pot: f64, fit: Fit, cap: Option<f64>) -> Vec<f64> {
    let total: f64 = raw.iter().sum();
    if total <= 0.0 {
        return vec![0.0; raw.len()];
    }
    let full = match fit {
        Fit::Pot => total,
        Fit::Down => total.max(pot),
        Fit::None => return raw.to_vec(),
    };
    let mut shares: Vec<f64> = raw.iter().map(|&raw| raw / full).collect();
    if let Some(cap) = cap {
        loop {
            let over: f64 = shares.iter().map(|&share| (share - cap).max(0.0)).sum();
            for share in &mut shares {
                *share = share.min(cap);
            }
            let below: f64 = shares.iter().filter(|&&share| share < cap).sum();
            if below <= 0.0 || over <= 0.0 {
                break;
            }
            for share in shares.iter_mut().filter(|share| **share < cap) {
                *share *= 1.0 + over / below;
            }
        }
    }
    shares.iter().map(|&share| share * pot).collect()
}

/// The rule's line in the registry.
#[derive(Debug)]
pub struct QuadraticFunding;

impl Rule for QuadraticFunding {
    fn name(&self) -> &'static str {
        "quadratic-funding"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Funding,
            purpose: "Matches a pot to gifts so that many small ones count for more than one large one",
            definition: "c_i: all that donor i gave to a project. plain: (sum sqrt c_i)^2 - sum c_i. pairwise: sum \
                over i < j of 2 sqrt(c_i c_j) m / (m + k_ij), k_ij = the sum over all projects of sqrt(c_i c_j). \
                cluster: with w_ig the part of donor i's membership in cluster g (rows sum to 1) and s_ig the \
                similarity (1 for members), a_ig = (1 - s_ig) c_i if harsh, else s_ig sqrt c_i + (1 - s_ig) c_i; \
                b_gh = sum over i of a_ig w_ih; the match is the sum over g != h of sqrt(b_gh b_hg). Similarity markov: \
                s = w u w, u_gi = the part of cluster g's weight that is donor i's; friends: the part of the donors who \
                share a cluster with i that are in g; shared: 1 if any is, else 0. Donors without a gift or a cluster \
                are left out. Fit: shares = raw / sum (pot), raw / max(sum, pot) (down), times the pot; none: the raw \
                matches. cap: shares above it are cut to it and the excess goes to those below in proportion, repeated \
                until none is above.",
            source: "Buterin, Hitzig, Weyl 2018 (arXiv 1809.06421); Buterin 2019, Pairwise coordination subsidies \
                (ethresear.ch 5553); Miller, Weyl, Erichsen 2022, Beyond Collusion Resistance (SSRN 4311507); figures \
                equal to Jmiller4/qf-variants, qf-variants.py (standard_qf, pairwise, COCM, check_matching_cap, \
                scale_matching) and gitcoinco/qf-calculator, fundingutils.py (the same functions), with which Gitcoin matched \
                its rounds",
            limits: "The reference's pairwise match is half of this one before it is scaled, as it leaves out the factor \
                2 with which m to infinity is plain; scaled to a pot they are equal. Sybil scores are not part of it.",
            example: json::EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        json::decide(self.name(), case)
    }
}

#[cfg(test)]
mod test;
