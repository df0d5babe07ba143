//! What a DAO's records say about who comes to its next proposal, and for whom.
//!
//! - **Who comes.** A member comes with the share of the proposals since its first ballot in which it took part, recent
//!   ones counting more, drawn towards the share of all. A proposal multiplies all chances by a factor of its own: recorded
//!   voters over those that were expected before it.
//! - **For whom.** A member is for with chance `logistic(lean + mood)`, the model of Rasch (1960) with normal priors: the
//!   mood is the proposal's, the lean the member's. Whether members agree is thereby not an accident of each.
//!
//! The next proposal's factor and mood are those of a recorded one (smoothed by how exactly its ballots tell them), recent
//! ones more often; proposals of the same author or category move the mood towards theirs.

use std::collections::BTreeMap;

use daotwin_history::Side;
use daotwin_history::view::DaoView;

use super::super::electorate::Electorate;
use crate::engine::math::{exp, ln, logistic, power};

/// After so many proposals a record counts half.
pub(super) const HALF_LIFE: f64 = 30.0;
/// So many proposals before the asked one are what it may be like.
const MEMORY: usize = 100;
/// Proposals of an author (or a category) that weigh as much as knowing nothing of it.
const GROUP_PRIOR: f64 = 3.0;
/// Standard deviation of leans between members, in logits.
const LEAN: f64 = 1.0;
/// Nobody is surer to come than this.
pub(super) const SUREST: f64 = 0.98;

/// A recorded proposal that the next one may be like.
#[derive(Debug, Clone)]
pub(super) struct Past {
    /// Its place among the electorate's questions.
    pub(super) place: usize,
    /// How much it counts.
    pub(super) weight: f64,
    /// Logit of being for, of a member without a lean, and the standard deviation of what is known of it.
    pub(super) mood: f64,
    pub(super) doubt: f64,
    /// Voters known before, over those expected of them.
    pub(super) factor: f64,
    /// Powers of those who never voted before.
    pub(super) newcomers: Vec<u128>,
    pub(super) start: i64,
    /// Length of its window in seconds.
    pub(super) length: i64,
}

/// Who comes, for whom, and what recorded proposals were like.
#[derive(Debug, Clone)]
pub(super) struct Electors {
    /// Power of each member in its latest ballot; 0 for who never voted.
    pub(super) power: Vec<u128>,
    /// Chance to come to a proposal of factor 1.
    pub(super) chance: Vec<f64>,
    /// Of those who come, the share that abstains.
    pub(super) abstains: Vec<f64>,
    /// Logit of being for, on top of a proposal's mood.
    pub(super) lean: Vec<f64>,
    /// The latest is last.
    pub(super) past: Vec<Past>,
    /// When ballots came, as shares of their windows, ascending.
    pub(super) times: Vec<f64>,
    /// Weighted mean of moods.
    pub(super) mood: f64,
    /// By how much an author's proposals move the mood, and how many there are.
    pub(super) authors: BTreeMap<String, (f64, usize)>,
    /// The same for categories.
    pub(super) categories: BTreeMap<String, (f64, usize)>,
    /// Chance that an author votes on its own proposal, and that it is for it then.
    pub(super) author_comes: f64,
    pub(super) author_for: f64,
}

impl Electors {
    /// Learns from the proposals at these places of the electorate, in order; at least one. `authors` are the members that
    /// made each proposal of the electorate.
    ///
    /// Costs members x proposals.
    pub(super) fn learn(
        view: &DaoView,
        electorate: &Electorate,
        authors: &[Option<usize>],
        places: &[usize],
    ) -> Self {
        let members = electorate.peak.len();
        let decay = power(0.5, 1.0 / HALF_LIFE);
        // Where records begin everybody is new: their first fifth tells who there is, not what proposals are like.
        let remembered = places.len().saturating_sub(MEMORY).max(places.len() / 5);
        let (mut came, mut could) = (vec![0.0_f64; members], vec![0.0_f64; members]);
        let (mut abstained, mut voted) = (vec![0.0_f64; members], vec![0.0_f64; members]);
        let mut seen = vec![false; members];
        let mut latest = vec![0_u128; members];
        let mut past: Vec<Past> = Vec::new();
        let (mut all_came, mut all_could) = (0.5, 1.0);
        let (mut author_came, mut author_could, mut author_for) = (0.5, 1.0, 0.5);
        let mut expected = Vec::new();
        for (number, &place) in places.iter().enumerate() {
            let question = &electorate.questions[place];
            let ballots = &electorate.ballots[question.ballots.clone()];
            if number >= remembered {
                let pooled = all_came / all_could;
                expected.clear();
                expected.extend(
                    (0..members)
                        .filter(|member| seen[*member])
                        .map(|member| chance(came[member], could[member], pooled)),
                );
                let known = ballots.iter().filter(|ballot| seen[ballot.member as usize]).count();
                let new = ballots.iter().filter(|ballot| !seen[ballot.member as usize]);
                past.push(Past {
                    place,
                    weight: power(decay, (places.len() - 1 - number) as f64),
                    mood: 0.0,
                    doubt: 1.0,
                    factor: factor(&expected, known as f64),
                    newcomers: new.map(|ballot| ballot.power).collect(),
                    start: question.start,
                    length: question.end - question.start,
                });
            }
            all_came *= decay;
            all_could *= decay;
            for member in (0..members).filter(|member| seen[*member]) {
                came[member] *= decay;
                could[member] = could[member] * decay + 1.0;
                all_could += 1.0;
            }
            let author = authors[place];
            author_could += f64::from(u8::from(author.is_some()));
            for ballot in ballots {
                let member = ballot.member as usize;
                if seen[member] {
                    came[member] += 1.0;
                    all_came += 1.0;
                }
                seen[member] = true;
                latest[member] = ballot.power;
                voted[member] += 1.0;
                abstained[member] += f64::from(u8::from(ballot.side == Side::Abstain));
                if author == Some(member) {
                    author_came += 1.0;
                    author_for += f64::from(u8::from(ballot.side == Side::For));
                }
            }
        }
        let pooled = all_came / all_could;
        let abstention = (abstained.iter().sum::<f64>() + 0.5) / (voted.iter().sum::<f64>() + 1.0);
        let mut electors = Self {
            chance: (0..members)
                .map(|member| if seen[member] { chance(came[member], could[member], pooled) } else { 0.0 })
                .collect(),
            abstains: (0..members)
                .map(|member| (abstained[member] + abstention) / (voted[member] + 1.0))
                .collect(),
            power: latest,
            lean: vec![0.0; members],
            past,
            times: Vec::new(),
            mood: 0.0,
            authors: BTreeMap::new(),
            categories: BTreeMap::new(),
            author_comes: author_came / author_could,
            author_for: author_for / author_came,
        };
        electors.moods(electorate);
        electors.times(electorate);
        electors.groups(view);
        electors
    }

    /// Leans and moods: the mode of their posterior by alternating Newton steps; the moods' own spread is refitted on the
    /// way (the EM step for a normal law).
    fn moods(&mut self, electorate: &Electorate) {
        let sided = |past: &Past| {
            let ballots = &electorate.ballots[electorate.questions[past.place].ballots.clone()];
            let said = ballots.iter().filter(|ballot| matches!(ballot.side, Side::For | Side::Against));
            said.map(|ballot| (ballot.member as usize, f64::from(u8::from(ballot.side == Side::For))))
                .collect::<Vec<_>>()
        };
        let ballots: Vec<Vec<(usize, f64)>> = self.past.iter().map(sided).collect();
        let total: f64 = self.past.iter().map(|past| past.weight).sum();
        let (mut mean, mut spread) = (1.0, 2.0_f64);
        let mut pulls = vec![(0.0, 0.0); self.lean.len()];
        for _ in 0..60 {
            for (past, ballots) in self.past.iter_mut().zip(&ballots) {
                let precision = 1.0 / (spread * spread);
                let (mut pull, mut bend) = ((mean - past.mood) * precision, precision);
                for &(member, said) in ballots {
                    let chance = logistic(self.lean[member] + past.mood);
                    pull += said - chance;
                    bend += chance * (1.0 - chance);
                }
                past.mood += (pull / bend).clamp(-2.0, 2.0);
                past.doubt = (1.0 / bend).sqrt();
            }
            pulls.fill((0.0, 0.0));
            for (past, ballots) in self.past.iter().zip(&ballots) {
                for &(member, said) in ballots {
                    let chance = logistic(self.lean[member] + past.mood);
                    pulls[member].0 += said - chance;
                    pulls[member].1 += chance * (1.0 - chance);
                }
            }
            for (lean, (pull, bend)) in self.lean.iter_mut().zip(&pulls) {
                let precision = 1.0 / (LEAN * LEAN);
                *lean += ((pull - *lean * precision) / (bend + precision)).clamp(-2.0, 2.0);
            }
            let weighted = |of: &dyn Fn(&Past) -> f64| {
                self.past.iter().map(|past| past.weight * of(past)).sum::<f64>() / total
            };
            mean = weighted(&|past| past.mood);
            let variance =
                weighted(&|past| (past.mood - mean) * (past.mood - mean) + past.doubt * past.doubt);
            spread = variance.sqrt().clamp(0.3, 5.0);
        }
        self.mood = mean;
    }

    fn times(&mut self, electorate: &Electorate) {
        for past in self.past.iter().filter(|past| past.length > 0) {
            let ballots = &electorate.ballots[electorate.questions[past.place].ballots.clone()];
            self.times
                .extend(ballots.iter().map(|ballot| (ballot.at - past.start) as f64 / past.length as f64));
        }
        self.times.sort_by(f64::total_cmp);
    }

    /// By how much categories, and then within them authors, move the mood.
    fn groups(&mut self, view: &DaoView) {
        let mut residuals: Vec<f64> = self.past.iter().map(|past| past.mood - self.mood).collect();
        let moved = |residuals: &[f64], of: &dyn Fn(usize) -> Option<String>| {
            let mut sums: BTreeMap<String, (f64, f64, usize)> = BTreeMap::new();
            for (past, residual) in self.past.iter().zip(residuals) {
                if let Some(group) = of(past.place) {
                    let sum = sums.entry(group).or_default();
                    *sum = (sum.0 + past.weight * residual, sum.1 + past.weight, sum.2 + 1);
                }
            }
            let shrunk = |(sum, weight, count)| (sum / (weight + GROUP_PRIOR), count);
            sums.into_iter().map(|(group, sums)| (group, shrunk(sums))).collect::<BTreeMap<_, _>>()
        };
        let categories = moved(&residuals, &|place| view.proposals[place].category.clone());
        for (past, residual) in self.past.iter().zip(&mut residuals) {
            let category = view.proposals[past.place].category.as_ref();
            *residual -= category.and_then(|category| categories.get(category)).map_or(0.0, |(by, _)| *by);
        }
        self.authors = moved(&residuals, &|place| view.proposals[place].author.clone());
        self.categories = categories;
    }

    /// Share of ballots that have come by this share of the window.
    pub(super) fn come_by(&self, share: f64) -> f64 {
        if self.times.is_empty() {
            return share.clamp(0.0, 1.0);
        }
        self.times.partition_point(|time| *time <= share) as f64 / self.times.len() as f64
    }

    /// When a ballot comes, as a share of the window, of those after `since`: the quantile `u`.
    pub(super) fn time(&self, u: f64, since: f64) -> f64 {
        let before = self.times.partition_point(|time| *time <= since);
        let after = &self.times[if since > 0.0 { before } else { 0 }..];
        let place = ((u * after.len() as f64) as usize).min(after.len().saturating_sub(1));
        after.get(place).copied().unwrap_or(since + u * (1.0 - since))
    }

    /// The share for, among the power for and against, that is expected at this mood.
    pub(super) fn support(&self, mood: f64) -> f64 {
        let (mut all, mut favour) = (0.0, 0.0);
        for (power, lean) in self.weighed() {
            all += power;
            favour += power * logistic(lean + mood);
        }
        favour / all
    }

    /// Expected power for or against, and lean, of each member.
    fn weighed(&self) -> impl Iterator<Item = (f64, f64)> {
        (0..self.power.len()).map(|member| {
            let comes = self.chance[member] * (1.0 - self.abstains[member]);
            (comes * self.power[member] as f64, self.lean[member])
        })
    }

    /// The mood at which so large a share of the power for and against is expected to be for.
    pub(super) fn mood_of_support(&self, support: f64) -> f64 {
        let voters: Vec<(f64, f64)> = self.weighed().filter(|(power, _)| *power > 0.0).collect();
        let total: f64 = voters.iter().map(|(power, _)| power).sum();
        let (mut low, mut high) = (-15.0, 15.0);
        for _ in 0..40 {
            let middle = (low + high) / 2.0;
            let share: f64 = voters.iter().map(|(power, lean)| power * logistic(lean + middle)).sum();
            if share < support * total { low = middle } else { high = middle }
        }
        (low + high) / 2.0
    }

    /// How voters' factors differ between proposals that this holds of and the others: the mean difference of their
    /// logarithms, and its standard error (Welch). None where either has fewer than five.
    pub(super) fn difference(&self, holds: impl Fn(&Past) -> bool) -> Option<(f64, f64)> {
        let of = |wanted: bool| {
            let values: Vec<f64> =
                self.past.iter().filter(|past| holds(past) == wanted).map(|past| ln(past.factor)).collect();
            let mean = daotwin_core::statistics::mean(&values);
            let deviation = daotwin_core::statistics::standard_deviation(&values);
            (values.len(), mean, deviation * deviation / values.len() as f64)
        };
        let ((yes, with, noise), (no, without, other)) = (of(true), of(false));
        (yes.min(no) >= 5).then(|| (with - without, (noise + other).sqrt()))
    }

    /// By how much the logarithm of the factor grows with that of the window's length, and its standard error; none
    /// where windows hardly differ.
    pub(super) fn slope(&self) -> Option<(f64, f64)> {
        let points: Vec<(f64, f64)> = self
            .past
            .iter()
            .filter(|past| past.length > 0)
            .map(|past| (ln(past.length as f64), ln(past.factor)))
            .collect();
        let n = points.len() as f64;
        let means = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0 / n, sum.1 + point.1 / n));
        let (across, together) = points.iter().fold((0.0, 0.0), |sum, (x, y)| {
            let x = x - means.0;
            (sum.0 + x * x, sum.1 + x * (y - means.1))
        });
        if n < 20.0 || across / n < 0.04 {
            return None;
        }
        let slope = together / across;
        let rest: f64 = points
            .iter()
            .map(|(x, y)| y - means.1 - slope * (x - means.0))
            .map(|residual| residual * residual)
            .sum();
        Some((slope, (rest / (n - 2.0) / across).sqrt()))
    }

    /// Weights of recorded proposals for one of this mood.
    pub(super) fn weights(&self, mood: f64, shift: f64) -> Vec<f64> {
        self.past
            .iter()
            .map(|past| {
                let off = (mood - past.mood - shift) / past.doubt;
                past.weight * exp(-0.5 * off * off) / past.doubt
            })
            .collect()
    }
}

/// A member's chance, of so many proposals it came to and could have come to.
fn chance(came: f64, could: f64, pooled: f64) -> f64 {
    (came + pooled) / (could + 1.0)
}

/// The factor with which so many come: the sum of chances times it, each at most [`SUREST`], is their number.
fn factor(chances: &[f64], came: f64) -> f64 {
    let total: f64 = chances.iter().sum();
    if total <= 0.0 {
        return 1.0;
    }
    // Nobody at all is half a voter: logarithms stay finite.
    let came = came.max(0.5);
    let mut factor = came / total;
    for _ in 0..12 {
        let come: f64 = chances.iter().map(|chance| (chance * factor).min(SUREST)).sum();
        factor = (factor * came / come).clamp(0.01, 100.0);
    }
    factor
}
