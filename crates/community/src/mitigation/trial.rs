//! Campaigns played against policies, and against sets of them: the share of harm avoided and the friction, with intervals.
//!
//! Every set of policies meets the same campaigns (the same seeds), so differences are paired. A campaign's figure is the share
//! of its own harm that is avoided, so that one large holder does not decide; campaigns that harm nobody have no share and are
//! drawn again. Intervals are 95 %, by Student's t over campaigns, and for means over attacks by the normal law with each
//! attack's variance.

use daotwin_core::statistics::{mean, standard_deviation, student_quantile};
use daotwin_core::{Run, Seed, random};
use rayon::prelude::*;

use super::scene::Friction;
use super::{Policy, Response, Scene};
use crate::attack::{AttackScript, Parameters, inject};
use crate::stream::Stream;
use crate::{Error, Result};

/// A mean and its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// The interval's lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Interval {
    /// Of independent values, by Student's t; the whole line around fewer than two.
    pub fn of(values: &[f64]) -> Self {
        let centre = mean(values);
        if values.len() < 2 {
            return Self { mean: centre, low: f64::NEG_INFINITY, high: f64::INFINITY };
        }
        let error = standard_deviation(values) / (values.len() as f64).sqrt();
        let half = student_quantile(0.975, values.len() - 1) * error;
        Self { mean: centre, low: centre - half, high: centre + half }
    }

    /// Of the mean of several groups' means, each group of its own values.
    fn of_groups(groups: &[Vec<f64>]) -> Self {
        let filled: Vec<&Vec<f64>> = groups.iter().filter(|group| group.len() > 1).collect();
        let count = filled.len().max(1) as f64;
        let centre = filled.iter().map(|group| mean(group)).sum::<f64>() / count;
        let variance = |group: &&Vec<f64>| standard_deviation(group).powi(2) / group.len() as f64;
        let half = 1.959_964 * filled.iter().map(variance).sum::<f64>().sqrt() / count;
        Self { mean: centre, low: centre - half, high: centre + half }
    }

    /// Whether a value lies in it.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// A set of policies, by places in the list that was tried.
pub type Set = Vec<usize>;

/// What came of one campaign.
#[derive(Debug, Clone)]
struct Played {
    /// Of each set, the share of harm avoided.
    avoided: Vec<f64>,
    /// Of each policy, the harm saved where the attacker knows of it, over the larger of both harms; from -1 to 1.
    adapted: Vec<f64>,
    /// Of each set, the friction.
    friction: Vec<Friction>,
    /// The harm without policies, in median holdings.
    harm: f64,
}

/// What came of all of them.
#[derive(Debug, Clone)]
pub struct Trials {
    /// Attacks, by name.
    pub attacks: Vec<&'static str>,
    /// Policies, by name.
    pub policies: Vec<&'static str>,
    /// Sets of policies; the first is empty, then the single ones in order.
    pub sets: Vec<Set>,
    played: Vec<Vec<Played>>,
    /// Of each attack, how many campaigns were drawn to have those that harm.
    pub drawn: Vec<usize>,
}

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'p> {
    /// Attacks.
    pub attacks: &'p [&'static dyn AttackScript],
    /// Policies.
    pub policies: &'p [&'static dyn Policy],
    /// The size of the largest sets.
    pub together: usize,
    /// Campaigns of each attack that harm somebody; at least 2.
    pub campaigns: usize,
}

/// Plays campaigns of every attack in these streams, in turn, against all sets of policies. The same result on any number of
/// threads.
///
/// # Errors
/// No stream, a stream that cannot be attacked, fewer than two campaigns; an interrupt.
pub fn run(streams: &[Stream], plan: &Plan<'_>, seed: Seed, work: &Run) -> Result<Trials> {
    let mut problems = Vec::new();
    if streams.is_empty() {
        problems.push("there is no stream to try policies in; one or more are needed".to_owned());
    }
    if plan.campaigns < 2 {
        problems.push(format!("campaigns is {}; allowed is 2 or more, for an interval", plan.campaigns));
    }
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    let sets = subsets(plan.policies.len(), plan.together);
    let of_attack = |script: &&'static dyn AttackScript| -> Result<(Vec<Played>, usize)> {
        let mut played = Vec::new();
        let mut drawn = 0;
        // Where an attack hardly ever harms, fewer campaigns have to do.
        while played.len() < plan.campaigns && drawn < 6 * plan.campaigns {
            work.check()?;
            let stream = &streams[drawn % streams.len()];
            let own = Seed(seed.streams(&format!("trial {}", script.name())).stream(drawn as u64).bits());
            drawn += 1;
            played.extend(play(stream, *script, plan.policies, &sets, own)?);
        }
        Ok((played, drawn))
    };
    let results: Vec<(Vec<Played>, usize)> = plan.attacks.par_iter().map(of_attack).collect::<Result<_>>()?;
    let (played, drawn) = results.into_iter().unzip();
    Ok(Trials {
        attacks: plan.attacks.iter().map(|script| script.name()).collect(),
        policies: plan.policies.iter().map(|policy| policy.name()).collect(),
        sets,
        played,
        drawn,
    })
}

/// How campaigns differ from each other: any stealth, and a start from two thirds of the usual to four thirds.
fn varied(script: &dyn AttackScript, draws: &mut random::Stream) -> Parameters {
    let mut parameters = Parameters::of(script);
    let (stealth, start) = (draws.uniform(), 0.66 + 0.67 * draws.uniform());
    parameters.adapt("stealth", |_| stealth);
    parameters.adapt("start", |usual| usual * start);
    parameters
}

/// One campaign; `None` where it harms nobody.
fn play(
    stream: &Stream,
    script: &dyn AttackScript,
    policies: &[&'static dyn Policy],
    sets: &[Set],
    seed: Seed,
) -> Result<Option<Played>> {
    let parameters = varied(script, &mut seed.stream("trial parameters"));
    let mut attacked = stream.clone();
    let injected = inject(&mut attacked, script, &parameters, seed)?;
    let scene = Scene::new(&attacked, &injected);
    let harm = scene.harm();
    if harm <= 0.0 {
        return Ok(None);
    }
    let mut responses: Vec<Response> = policies.iter().map(|policy| policy.respond(&scene, seed)).collect();
    responses.push(Response::nothing(&scene));
    let briefs = scene.briefs(&responses);
    let (mut avoided, mut friction) = (Vec::new(), Vec::new());
    for set in sets {
        let mut brief = briefs[policies.len()].clone();
        set.iter().for_each(|&place| brief.and(&briefs[place]));
        avoided.push(1.0 - scene.left(&brief, seed) / harm);
        friction.push(scene.friction(&brief));
    }
    let mut adapted = Vec::new();
    for (policy, brief) in policies.iter().zip(&briefs) {
        let mut changed = parameters.clone();
        policy.provoke(&mut changed);
        if changed == parameters {
            adapted.push(1.0 - scene.left(brief, seed) / harm);
            continue;
        }
        let mut attacked = stream.clone();
        let injected = inject(&mut attacked, script, &changed, seed)?;
        let scene = Scene::new(&attacked, &injected);
        let left: f64 =
            scene.briefs(&[policy.respond(&scene, seed)]).iter().map(|brief| scene.left(brief, seed)).sum();
        adapted.push((harm - left) / harm.max(left));
    }
    Ok(Some(Played { avoided, adapted, friction, harm }))
}

/// All sets of up to so many of `count`, by size, then in order.
fn subsets(count: usize, largest: usize) -> Vec<Set> {
    let mut sets: Vec<Set> = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..largest.min(count) {
        let until = sets.len();
        for place in from..until {
            let next = sets[place].last().map_or(0, |last| last + 1);
            for policy in next..count {
                let mut set = sets[place].clone();
                set.push(policy);
                sets.push(set);
            }
        }
        from = until;
    }
    sets
}

impl Trials {
    /// Campaigns of an attack that harmed.
    pub fn campaigns(&self, attack: usize) -> usize {
        self.played[attack].len()
    }

    /// The median campaign's harm without policies, in median holdings.
    pub fn harm(&self, attack: usize) -> f64 {
        let harms: Vec<f64> = self.played[attack].iter().map(|played| played.harm).collect();
        if harms.is_empty() { 0.0 } else { daotwin_core::statistics::quantile(&harms, 0.5) }
    }

    fn shares(&self, attack: usize, set: usize) -> Vec<f64> {
        self.played[attack].iter().map(|played| played.avoided[set]).collect()
    }

    /// The share of an attack's harm that a set avoids.
    pub fn avoided(&self, attack: usize, set: usize) -> Interval {
        Interval::of(&self.shares(attack, set))
    }

    /// The same where the attacker knows of the one policy and changes its campaigns, if that leaves it better off in the mean:
    /// harm saved over the larger of the harms before and after, so that -1 is far worse than before.
    pub fn adapted(&self, attack: usize, policy: usize) -> Interval {
        let values: Vec<f64> = self.played[attack].iter().map(|played| played.adapted[policy]).collect();
        let changed = Interval::of(&values);
        let same = self.set(&[policy]).map(|set| self.avoided(attack, set));
        same.filter(|same| same.mean <= changed.mean).unwrap_or(changed)
    }

    /// How much more of an attack's harm one set avoids than another, campaign by campaign.
    pub fn gain(&self, attack: usize, set: usize, over: usize) -> Interval {
        Interval::of(&self.differences(attack, set, over))
    }

    fn differences(&self, attack: usize, set: usize, over: usize) -> Vec<f64> {
        self.played[attack].iter().map(|played| played.avoided[set] - played.avoided[over]).collect()
    }

    /// The mean over attacks, each counted alike, of the share that a set avoids.
    pub fn overall(&self, set: usize) -> Interval {
        let groups: Vec<Vec<f64>> = (0..self.attacks.len()).map(|attack| self.shares(attack, set)).collect();
        Interval::of_groups(&groups)
    }

    /// How much more one set avoids than another in the mean over attacks, campaign by campaign.
    pub fn overall_gain(&self, set: usize, over: usize) -> Interval {
        let groups: Vec<Vec<f64>> =
            (0..self.attacks.len()).map(|attack| self.differences(attack, set, over)).collect();
        Interval::of_groups(&groups)
    }

    /// One figure of a set's friction over all campaigns.
    pub fn friction(&self, set: usize, figure: fn(&Friction) -> f64) -> Interval {
        let values: Vec<f64> =
            self.played.iter().flatten().map(|played| figure(&played.friction[set])).collect();
        Interval::of(&values)
    }

    /// The place of a set, whose policies ascend.
    pub fn set(&self, policies: &[usize]) -> Option<usize> {
        self.sets.iter().position(|set| set == policies)
    }
}
