//! Matches between clusters of donors: connection-oriented cluster match.

use serde::{Deserialize, Serialize};

use super::Ledger;

/// How near a donor is to a cluster that it is not in, from 0 to 1; members are at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Similarity {
    /// The chance to end there, going from the donor to a cluster, to one of its members and to one of its clusters.
    #[default]
    Markov,
    /// The part of those who share a cluster with the donor (itself among them) that are in it.
    Friends,
    /// 1 if one who shares a cluster with the donor is in it, else 0.
    Shared,
}

/// Which donor is in which cluster, and how much.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Clusters {
    /// By donor: cluster and weight above zero, by cluster.
    members: Vec<Vec<(u32, f64)>>,
    count: usize,
}

impl Clusters {
    /// From (donor, cluster, weight); weights that are not above zero are left out, those of one pair are summed.
    pub fn new(memberships: &[(u32, u32, f64)], donors: usize, clusters: usize) -> Self {
        let mut members: Vec<Vec<(u32, f64)>> = vec![Vec::new(); donors];
        let mut sorted: Vec<_> = memberships.iter().copied().filter(|member| member.2 > 0.0).collect();
        sorted.sort_by_key(|&(donor, cluster, _)| (donor, cluster));
        for (donor, cluster, weight) in sorted {
            let own = &mut members[donor as usize];
            match own.last_mut() {
                Some(last) if last.0 == cluster => last.1 += weight,
                _ => own.push((cluster, weight)),
            }
        }
        Self { members, count: clusters }
    }

    /// How many clusters there are.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// Every donor a member of one cluster a project that it gave to.
    pub fn of_gifts(ledger: &Ledger) -> Self {
        let mut members = vec![Vec::new(); ledger.donors];
        for gift in &ledger.gifts {
            members[gift.donor as usize].push((gift.project, 1.0));
        }
        Self { members, count: ledger.projects() }
    }
}

/// Similarity of every donor to every cluster, donor by donor; of those who are left out, nothing.
fn similarities(clusters: &Clusters, taking_part: &[bool], similarity: Similarity) -> Vec<f64> {
    let count = clusters.count;
    let taking = || (0..clusters.members.len()).filter(|&donor| taking_part[donor]);
    let mut near = vec![0.0; clusters.members.len() * count];
    match similarity {
        Similarity::Markov => {
            let mut weights = vec![0.0; count];
            for donor in taking() {
                for &(cluster, weight) in &clusters.members[donor] {
                    weights[cluster as usize] += weight;
                }
            }
            // From a cluster, over its members, to clusters.
            let mut onward = vec![0.0; count * count];
            for donor in taking() {
                let own = &clusters.members[donor];
                let all: f64 = own.iter().map(|&(_, weight)| weight).sum();
                for &(from, weight) in own {
                    for &(to, other) in own {
                        onward[from as usize * count + to as usize] +=
                            weight / weights[from as usize] * (other / all);
                    }
                }
            }
            for donor in taking() {
                let own = &clusters.members[donor];
                let all: f64 = own.iter().map(|&(_, weight)| weight).sum();
                for &(from, weight) in own {
                    for to in 0..count {
                        near[donor * count + to] += weight / all * onward[from as usize * count + to];
                    }
                }
            }
        }
        Similarity::Friends | Similarity::Shared => {
            let mut inside: Vec<Vec<u32>> = vec![Vec::new(); count];
            for donor in taking() {
                for &(cluster, _) in &clusters.members[donor] {
                    inside[cluster as usize].push(donor as u32);
                }
            }
            let mut seen = vec![usize::MAX; clusters.members.len()];
            for donor in taking() {
                let mut friends = 0_u32;
                for &(cluster, _) in &clusters.members[donor] {
                    for &friend in &inside[cluster as usize] {
                        if std::mem::replace(&mut seen[friend as usize], donor) == donor {
                            continue;
                        }
                        friends += 1;
                        for &(to, _) in &clusters.members[friend as usize] {
                            near[donor * count + to as usize] += 1.0;
                        }
                    }
                }
                for value in &mut near[donor * count..(donor + 1) * count] {
                    *value = match similarity {
                        Similarity::Shared => f64::from(u8::from(*value > 0.0)),
                        _ => *value / f64::from(friends),
                    };
                }
            }
        }
    }
    for donor in taking() {
        for &(cluster, _) in &clusters.members[donor] {
            near[donor * count + cluster as usize] = 1.0;
        }
    }
    near
}

/// Raw matches. O(donors x clusters x clusters of a donor), in memory O(donors x clusters + clusters^2).
pub(super) fn matches(ledger: &Ledger, clusters: &Clusters, similarity: Similarity, harsh: bool) -> Vec<f64> {
    let count = clusters.count;
    let mut taking_part = vec![false; ledger.donors];
    for gift in &ledger.gifts {
        taking_part[gift.donor as usize] =
            clusters.members.get(gift.donor as usize).is_some_and(|own| !own.is_empty());
    }
    let near = similarities(clusters, &taking_part, similarity);
    let mut between = vec![0.0; count * count];
    (0..ledger.projects())
        .map(|project| {
            between.fill(0.0);
            for gift in ledger.of(project).iter().filter(|gift| taking_part[gift.donor as usize]) {
                let (donor, amount) = (gift.donor as usize, gift.amount);
                let own = &clusters.members[donor];
                let all: f64 = own.iter().map(|&(_, weight)| weight).sum();
                for from in 0..count {
                    let near = near[donor * count + from];
                    let counted = (1.0 - near) * amount + if harsh { 0.0 } else { near * amount.sqrt() };
                    for &(to, weight) in own {
                        between[from * count + to as usize] += counted * (weight / all);
                    }
                }
            }
            let mut sum = 0.0;
            for from in 0..count {
                for to in 0..from {
                    sum += 2.0 * (between[from * count + to] * between[to * count + from]).sqrt();
                }
            }
            sum
        })
        .collect()
}
