//! False donors in a round of quadratic funding: Gitcoin's tenth round. Of 14,203 contributors 8.9 % were flagged, which moved
//! 2.05 % of the pool of 700,000 USD; how many were false is estimated at 36.2 % (26.1 to 45.4).
//!
//! Single donations were not published. Donors are drawn: each project has its published number of them and its published
//! sum, honest ones by how active they are, false ones in rings. What a false donor gives is the one number fitted, to the pool's
//! part that the flagged ones moved; what the other matchings and other incidences come to is foretold.

use daotwin_core::random::{Seed, Stream};
use daotwin_simulation::governance::quadratic_funding::{Clusters, Gift, Ledger, Matching, matches};
use serde::Serialize;

use crate::rewards::metrics::moved;
use crate::{Error, Result};

/// What is known or taken of the round.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Settings {
    /// Contributors, the false ones among them.
    pub contributors: usize,
    /// The share of them that is false.
    pub incidence: f64,
    /// The share of them that is flagged, all of them false.
    pub flagged: f64,
    /// Accounts that give together.
    pub ring: usize,
    /// Projects that a ring serves: every account of it gives to each.
    pub served: usize,
    /// Gifts of a false account to projects that its ring does not serve, to look like others.
    pub camouflage: usize,
    /// Spread of gifts to one project, and of donors' activity, in log units.
    pub spread: f64,
}

impl Settings {
    /// The tenth round, one contributor in `scale`. Rings of 50 that serve five projects, four gifts
    /// of camouflage and the spread are judgements.
    pub fn tenth_round(scale: usize) -> Self {
        Self {
            contributors: 14_203 / scale,
            incidence: 0.362,
            flagged: 0.089,
            ring: 50_usize.div_ceil(scale.min(5)),
            served: 5,
            camouflage: 4,
            spread: 1.0,
        }
    }
}

/// The part of the pool that the flagged ones moved.
pub const MOVED: f64 = 14_394.79 / 700_000.0;

/// A round with its donors.
#[derive(Debug, Clone)]
pub struct SybilRound {
    honest: Vec<Gift>,
    /// Gifts of false accounts, with an amount of 1.
    sybil: Vec<Gift>,
    contributors: usize,
    projects: usize,
    /// Donors from here on are false.
    first_sybil: u32,
    /// Donors from `first_sybil` to here are flagged.
    first_unflagged: u32,
}

/// Draws `count` different donors by weight from ascending sums of weights.
fn choose(sums: &[f64], count: usize, taken: &mut [bool], stream: &mut Stream) -> Vec<u32> {
    let Some(&total) = sums.last() else { return Vec::new() };
    let mut chosen = Vec::with_capacity(count);
    while chosen.len() < count.min(sums.len() / 2) {
        let at = stream.uniform() * total;
        let donor = sums.partition_point(|&sum| sum <= at).min(sums.len() - 1);
        if !std::mem::replace(&mut taken[donor], true) {
            chosen.push(donor as u32);
        }
    }
    chosen.iter().for_each(|&donor| taken[donor as usize] = false);
    chosen
}

impl SybilRound {
    /// Draws a round over projects with these numbers of contributors and sums of gifts.
    ///
    /// # Errors
    /// Shares that are none, no project with a contributor, fewer false accounts than two rings.
    pub fn draw(settings: &Settings, projects: &[(f64, f64)], seed: Seed) -> Result<Self> {
        let mut problems = Vec::new();
        if !(0.0..1.0).contains(&settings.incidence)
            || !(0.0..=settings.incidence).contains(&settings.flagged)
        {
            problems.push(format!(
                "incidence, flagged: {} and {}; allowed: 0 <= flagged <= incidence < 1",
                settings.incidence, settings.flagged
            ));
        }
        let sybils = (settings.incidence * settings.contributors as f64).round() as usize;
        if settings.ring == 0 || sybils < 2 * settings.ring {
            problems
                .push(format!("ring: {}; allowed: 1 to half of the {sybils} false accounts", settings.ring));
        }
        if projects.iter().all(|project| project.0 < 1.0) {
            problems.push("projects: none with a contributor; give some".to_owned());
        }
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let honest_count = settings.contributors - sybils;
        let mut stream = seed.stream("rewards sybil round");
        let running = |weights: &mut dyn Iterator<Item = f64>| -> Vec<f64> {
            weights
                .scan(0.0, |sum, weight| {
                    *sum += weight;
                    Some(*sum)
                })
                .collect()
        };
        let activity: Vec<f64> =
            (0..honest_count).map(|_| (settings.spread * stream.normal()).exp()).collect();
        let donors = running(&mut activity.into_iter());
        let popularity = running(&mut projects.iter().map(|project| project.0));
        let all: f64 = projects.iter().map(|project| project.0).sum();
        // Published contributors hold the false ones: what those give leaves so many honest ones.
        let left = (1.0 - (sybils * (settings.served + settings.camouflage)) as f64 / all).max(0.0);
        let mut taken = vec![false; honest_count];
        let mut honest = Vec::new();
        for (project, &(count, sum)) in projects.iter().enumerate() {
            let chosen = choose(&donors, (count * left).round() as usize, &mut taken, &mut stream);
            let sizes: Vec<f64> = chosen.iter().map(|_| (settings.spread * stream.normal()).exp()).collect();
            let unit = sum / sizes.iter().sum::<f64>();
            honest.extend(chosen.iter().zip(&sizes).map(|(&donor, size)| Gift {
                donor,
                project: project as u32,
                amount: size * unit,
            }));
        }
        let mut sybil = Vec::new();
        let pick = |stream: &mut Stream| {
            let at = stream.uniform() * all;
            popularity.partition_point(|&sum| sum <= at).min(projects.len() - 1) as u32
        };
        let mut served = Vec::new();
        for place in 0..sybils {
            if place % settings.ring == 0 {
                served = (0..settings.served).map(|_| pick(&mut stream)).collect();
            }
            let donor = (honest_count + place) as u32;
            sybil.extend(served.iter().map(|&project| Gift { donor, project, amount: 1.0 }));
            for _ in 0..settings.camouflage {
                sybil.push(Gift { donor, project: pick(&mut stream), amount: 1.0 });
            }
        }
        let flagged = (settings.flagged * settings.contributors as f64).round() as usize;
        Ok(Self {
            honest,
            sybil,
            contributors: settings.contributors,
            projects: projects.len(),
            first_sybil: honest_count as u32,
            first_unflagged: (honest_count + flagged) as u32,
        })
    }

    fn matched(&self, gift: f64, matching: Matching, donors: impl Fn(u32) -> bool) -> Vec<f64> {
        let sybil = self.sybil.iter().map(|own| Gift { amount: gift, ..*own });
        let gifts: Vec<Gift> =
            self.honest.iter().copied().chain(sybil).filter(|own| donors(own.donor)).collect();
        let ledger = Ledger::new(&gifts, self.contributors, self.projects);
        let clusters = match matching {
            Matching::Cluster { .. } => Clusters::of_gifts(&ledger),
            _ => Clusters::default(),
        };
        matches(&ledger, matching, &clusters)
    }

    /// The part of the pool that the flagged ones move, where false accounts give so much a gift.
    pub fn flagged_moves(&self, gift: f64, matching: Matching) -> f64 {
        let flagged = self.first_sybil..self.first_unflagged;
        moved(
            &self.matched(gift, matching, |_| true),
            &self.matched(gift, matching, |donor| !flagged.contains(&donor)),
        )
    }

    /// The part of the pool that all false accounts move.
    pub fn sybils_move(&self, gift: f64, matching: Matching) -> f64 {
        moved(
            &self.matched(gift, matching, |_| true),
            &self.matched(gift, matching, |donor| donor < self.first_sybil),
        )
    }

    /// The share of contributors that is flagged.
    pub fn flagged(&self) -> f64 {
        f64::from(self.first_unflagged - self.first_sybil) / self.contributors as f64
    }

    /// The gift, in USD, with which the flagged ones move this part of the pool under the plain matching; by halving, to 1e-4
    /// of itself. None where no gift from 0.001 to 1,000 does.
    pub fn fit_gift(&self, part: f64) -> Option<f64> {
        let (mut low, mut high) = (0.001_f64, 1_000.0_f64);
        if self.flagged_moves(low, Matching::Plain) > part || self.flagged_moves(high, Matching::Plain) < part
        {
            return None;
        }
        while high / low > 1.0001 {
            let middle = (low * high).sqrt();
            if self.flagged_moves(middle, Matching::Plain) < part { low = middle } else { high = middle }
        }
        Some((low * high).sqrt())
    }

    /// The mean gift of honest donors, in USD.
    pub fn honest_gift(&self) -> f64 {
        self.honest.iter().map(|gift| gift.amount).sum::<f64>() / self.honest.len() as f64
    }
}
