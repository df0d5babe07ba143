//! Members who live on week by week, with and without an intervention, under the same draws.

use daotwin_core::random::Stream as Draws;
use daotwin_core::statistics::{mean, normal_cdf, quantile_sorted, standard_deviation, student_quantile};
use daotwin_core::{Run, Seed};
use daotwin_simulation::engine::math::poisson_quantile;
use rayon::prelude::*;

use super::{Change, Climate, Intervention};
use crate::Result;

/// Members of a run at most: larger communities are drawn smaller, all rates alike.
const MOST: f64 = 3_000.0;
/// Weeks over which voices are counted.
const MONTH: usize = 4;
/// Differences that are worth something: in the share of newcomers who stay, in voices as a share of them, in mean sentiment. A
/// judgement; smaller ones can be beyond chance and still be nothing.
pub const WORTH: [f64; 3] = [0.01, 0.01, 0.01];
/// Weeks after joining from which on a newcomer has stayed, and weeks that newcomers are watched for at least.
const STAYED: usize = 4;
const WATCHED: usize = 12;
/// Uniform draws a member and week: messages, answered, hostility, staying, thanks, rounds, mood.
const DRAWS: usize = 7;

/// How to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Runs; at least 2.
    pub runs: u64,
    /// Weeks of each.
    pub weeks: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { runs: 60, weeks: 52 }
    }
}

/// A measure with and without an intervention, over runs.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Paired {
    /// Mean without.
    pub without: f64,
    /// Mean with.
    pub with: f64,
    /// Mean difference of runs under the same draws.
    pub difference: f64,
    /// Its 95 % interval (Student).
    pub interval: (f64, f64),
}

/// What an intervention comes to.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Judged {
    /// The intervention.
    pub intervention: &'static str,
    /// Share of newcomers who write again four weeks after they joined, or later.
    pub retention: Paired,
    /// Effective number of voices a month: the exponential of the entropy of shares of messages (Hill 1973, order 1).
    pub breadth: Paired,
    /// Mean sentiment of what members read, from -1 to 1.
    pub sentiment: Paired,
    /// What has to be done a week, in acts: greetings, thanks, removals or invitations.
    pub acts: f64,
    /// Whether it gains something beyond chance that is worth it (see [`WORTH`]), and loses nothing as large.
    pub helps: bool,
}

struct Member {
    joined: usize,
    effort: f64,
    mood: f64,
    present: bool,
    stayed: bool,
}

/// Measures of one run.
#[derive(Debug, Clone, Copy, Default)]
struct Outcome {
    retention: f64,
    breadth: f64,
    sentiment: f64,
    acts: f64,
}

/// The draws of a run, the same for every intervention.
struct Fate {
    /// Week of joining, level of effort and of mood, of each member; those with 0 were there before.
    born: Vec<(usize, f64, f64)>,
    uniforms: Vec<f64>,
    /// Parts of the record's associations that count as cause: of answers, of hostility.
    cause: [f64; 2],
    normals: Vec<f64>,
}

fn fate(climate: &Climate, weeks: usize, draws: &mut Draws) -> Fate {
    let expected = f64::from(climate.present) + climate.arrivals * weeks as f64;
    let scale = (MOST / expected.max(1.0)).min(1.0);
    let mut born = Vec::new();
    let one = |week: usize, draws: &mut Draws| (week, draws.uniform(), draws.normal());
    for _ in 0..((f64::from(climate.present) * scale).round() as usize).max(1) {
        born.push(one(0, draws));
    }
    for week in 1..weeks {
        for _ in 0..draws.poisson(climate.arrivals * scale) {
            born.push(one(week, draws));
        }
    }
    let cells = born.len() * weeks;
    Fate {
        uniforms: (0..cells * DRAWS).map(|_| draws.uniform()).collect(),
        normals: (0..cells).map(|_| draws.normal()).collect(),
        cause: [draws.uniform(), draws.uniform()],
        born,
    }
}

fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

fn live(climate: &Climate, fate: &Fate, weeks: usize, change: &Change) -> Outcome {
    let mut members: Vec<Member> = fate
        .born
        .iter()
        .map(|&(joined, effort, mood)| Member {
            joined,
            effort: quantile_sorted(&climate.effort, effort),
            mood: (climate.moods[0] + climate.moods[1] * mood).clamp(-1.0, 1.0),
            present: true,
            stayed: false,
        })
        .collect();
    // Associations of the record as far as they are causes; what is not goes into the constant, so that the community
    // without an intervention is the same.
    let effect = [climate.keep[2] * fate.cause[0], climate.keep[3] * fate.cause[1]];
    let [own, heard_part] = [climate.mood[1], climate.mood[2]];
    let (mut acts, mut moods, mut voices) = (0.0, Vec::new(), Vec::new());
    let edge = climate.edge();
    let mut air = climate.moods[0];
    let mut hostile_share = normal_cdf((edge - air) / climate.noise.max(1e-6));
    let mut shares: Vec<f64> = vec![0.0; members.len()];
    for week in 0..weeks {
        let (mut read, mut of, mut hostile) = (0.0, 0.0, 0.0);
        for (place, member) in members.iter_mut().enumerate() {
            if !member.present || member.joined > week {
                continue;
            }
            let cell = place * weeks + week;
            let u = &fate.uniforms[cell * DRAWS..(cell + 1) * DRAWS];
            let first = member.joined == week && week > 0;
            let mut messages = f64::from(poisson_quantile(u[0], member.effort.min(500.0)));
            if first {
                // Who joins writes; that is how it is seen to join.
                messages = messages.max(1.0);
            }
            let round = change.every > 0 && week as u32 % change.every == change.every - 1;
            let asked = messages == 0.0 && round && u[5] < change.invited;
            if asked {
                acts += 1.0;
                messages = f64::from(u8::from(u[5] < change.invited * change.rounds));
            }
            if messages == 0.0 {
                continue;
            }
            member.stayed |= week >= member.joined + STAYED;
            let chance = climate.answered[usize::from(!first)];
            let spoken = 1.0 - (1.0 - chance).powf(messages);
            let (plain, raised) =
                (u[1] < spoken, u[1] < spoken.max(if first { change.greeted } else { 0.0 }));
            if raised && !plain {
                acts += 1.0;
            }
            let met = |share: f64| u[2] < 1.0 - (1.0 - (share * chance).min(1.0)).powf(messages);
            let flag = |holds: bool| f64::from(u8::from(holds));
            let own_hostile = normal_cdf((edge - member.mood) / climate.noise.max(1e-6));
            let removed = own_hostile * change.removed * messages;
            acts += removed;
            let mut odds = climate.keep[0]
                + climate.keep[1] * flag(first)
                + climate.keep[4] * messages.ln()
                + (climate.keep[2] - effect[0]) * flag(plain)
                + effect[0] * flag(raised)
                + (climate.keep[3] - effect[1]) * flag(met(hostile_share))
                + effect[1] * flag(met(hostile_share * (1.0 - change.removed)));
            odds += change.removed_keep * removed.min(1.0);
            let mut lift = 0.0;
            if u[4] < change.thanked {
                acts += 1.0;
                odds += change.thanks_keep;
                lift = change.thanks_lift;
            }
            // What others read of it: its mood, without what was removed (the mean of a normal law cut below).
            let noise = climate.noise / messages.sqrt();
            let written = member.mood + noise * fate.normals[cell];
            let kept = (1.0 - own_hostile * change.removed).max(0.05);
            let density = (-0.5 * ((edge - member.mood) / climate.noise.max(1e-6)).powi(2)).exp()
                / std::f64::consts::TAU.sqrt();
            // The sum over what is cut is mood x share - noise x density at the cut.
            let cut = change.removed * (member.mood * own_hostile - climate.noise * density);
            read += messages * (written - cut);
            of += messages * kept;
            hostile += messages * own_hostile;
            shares[place] += messages * kept;
            // Silence keeps a mood; what it hears moves it.
            member.mood = (climate.mood[0] + own * member.mood + heard_part * air + lift).clamp(-1.0, 1.0);
            // Who was silent and spoke because it was asked does not weigh leaving for that.
            member.present = asked || u[3] < logistic(odds);
        }
        if of > 0.0 {
            air = (read / of).clamp(-1.0, 1.0);
            moods.push(air);
            hostile_share = hostile / of;
        }
        if (week + 1) % MONTH == 0 {
            let total: f64 = shares.iter().sum();
            let entropy: f64 = shares
                .iter()
                .filter(|share| **share > 0.0)
                .map(|share| -(share / total) * (share / total).ln())
                .sum();
            voices.push(if total > 0.0 { entropy.exp() } else { 0.0 });
            shares.fill(0.0);
        }
    }
    let young = members.iter().filter(|member| member.joined > 0 && member.joined + WATCHED <= weeks);
    let (kept, all) =
        young.fold((0.0, 0.0), |(kept, all), member| (kept + f64::from(u8::from(member.stayed)), all + 1.0));
    Outcome {
        retention: if all > 0.0 { kept / all } else { 0.0 },
        breadth: mean(&voices),
        sentiment: mean(&moods),
        acts: acts / weeks as f64,
    }
}

fn paired(without: &[f64], with: &[f64]) -> Paired {
    let apart: Vec<f64> = with.iter().zip(without).map(|(with, without)| with - without).collect();
    let runs = apart.len();
    let error = standard_deviation(&apart) / (runs.max(1) as f64).sqrt();
    let reach = student_quantile(0.975, runs.saturating_sub(1)) * error;
    let difference = mean(&apart);
    Paired {
        without: mean(without),
        with: mean(with),
        difference,
        interval: (difference - reach, difference + reach),
    }
}

/// Judges interventions over runs of which each has the same draws with every one and without. Deterministic in `seed` on any
/// number of threads. Costs about a microsecond a member, week, run and intervention.
///
/// # Errors
/// Cancellation.
pub fn judge(
    climate: &Climate,
    interventions: &[&dyn Intervention],
    options: &Options,
    seed: Seed,
    run: &Run,
) -> Result<Vec<Judged>> {
    let weeks = options.weeks.max(16) as usize;
    let runs = options.runs.max(2);
    let (fates, strengths) = (seed.streams("community lives"), seed.streams("community strengths"));
    let outcomes: Vec<Vec<Outcome>> = (0..runs)
        .into_par_iter()
        .map(|number| {
            run.check()?;
            let fate = fate(climate, weeks, &mut fates.stream(number));
            let mut found = vec![live(climate, &fate, weeks, &Change::default())];
            for (place, intervention) in interventions.iter().enumerate() {
                let mut draws = strengths.stream(number * interventions.len() as u64 + place as u64);
                found.push(live(climate, &fate, weeks, &intervention.change(climate, &mut draws)));
            }
            Ok(found)
        })
        .collect::<Result<_>>()?;
    let judged = interventions
        .iter()
        .enumerate()
        .map(|(number, intervention)| {
            let of = |measure: fn(&Outcome) -> f64| {
                let column = |arm: usize| outcomes.iter().map(|run| measure(&run[arm])).collect::<Vec<_>>();
                paired(&column(0), &column(number + 1))
            };
            let measures = [of(|run| run.retention), of(|run| run.breadth), of(|run| run.sentiment)];
            let voices = WORTH[1] * measures[1].without;
            let worth = [(measures[0], WORTH[0]), (measures[1], voices), (measures[2], WORTH[2])];
            let acts = mean(&outcomes.iter().map(|run| run[number + 1].acts).collect::<Vec<_>>());
            Judged {
                intervention: intervention.name(),
                retention: measures[0],
                breadth: measures[1],
                sentiment: measures[2],
                acts,
                helps: worth
                    .iter()
                    .any(|(paired, worth)| paired.interval.0 > 0.0 && paired.difference >= *worth)
                    && worth
                        .iter()
                        .all(|(paired, worth)| paired.interval.1 >= 0.0 || paired.difference > -worth),
            }
        })
        .collect();
    Ok(judged)
}
