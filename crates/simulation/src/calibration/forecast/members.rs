//! Futures of the members that are known: who votes, with which power, on which side.
//!
//! Member i takes part at rate p_i, the share of the proposals since it first voted that it voted on, recent ones
//! counting more, shrunk to the DAO's rate by one proposal (Beta-Bernoulli with discounted counts). A future proposal is as
//! engaging and as contested as a past one, drawn with the same discount s: i votes with chance 1 - (1 - p_i)^g(s), g(s) the
//! returning voters of s over those expected of it, with the power of its last ballot, in favour by its own log odds
//! (shrunk to the DAO's by two ballots) plus what s was above the DAO's. Those who voted first on s come as they came.

use daotwin_core::Stream;

use super::past::{COUNT, figures};
use crate::calibration::record::Record;
use crate::engine::math;

fn odds(chance: f64) -> f64 {
    math::ln(chance / (1.0 - chance))
}

/// Raw figures of `draws` proposals after the first `origin` ones.
pub(super) fn play(
    record: &Record,
    origin: usize,
    half_life: f64,
    draws: usize,
    stream: &mut Stream,
) -> Vec<[f64; COUNT]> {
    let members = record.voters as usize;
    let weight: Vec<f64> = (0..origin).map(|at| 0.5_f64.powf((origin - 1 - at) as f64 / half_life)).collect();
    let mut since = vec![0.0; origin + 1];
    for at in (0..origin).rev() {
        since[at] = since[at + 1] + weight[at];
    }
    let mut first = vec![usize::MAX; members];
    let (mut power, mut votes) = (vec![0.0; members], vec![0.0; members]);
    let (mut favour, mut sided) = (vec![0.0; members], vec![0.0; members]);
    let mut leaning = vec![f64::NAN; origin];
    let mut returning = vec![0.0; origin];
    let mut newcomers: Vec<Vec<(f64, i8)>> = vec![vec![]; origin];
    for at in 0..origin {
        let (mut yes, mut all) = (0.0, 0.0);
        for ballot in record.of_proposal(at) {
            let member = ballot.voter as usize;
            power[member] = ballot.power;
            if first[member] == usize::MAX {
                first[member] = at;
                newcomers[at].push((ballot.power, ballot.side));
            } else {
                votes[member] += weight[at];
                returning[at] += 1.0;
            }
            if ballot.side != 0 {
                all += 1.0;
                sided[member] += weight[at];
                if ballot.side > 0 {
                    yes += 1.0;
                    favour[member] += weight[at];
                }
            }
        }
        if all > 0.0 {
            // A twentieth of a ballot each way, so that who agrees all agree still has odds.
            leaning[at] = odds((yes + 0.05) / (all + 0.1));
        }
    }
    let known: Vec<usize> = (0..members).filter(|member| first[*member] != usize::MAX).collect();
    let exposed = |member: usize| since[first[member] + 1];
    let total: f64 = known.iter().map(|member| exposed(*member)).sum();
    let voted: f64 = known.iter().map(|member| votes[*member]).sum();
    let middle = (voted / total.max(1e-9)).clamp(1e-4, 0.9);
    let rate: Vec<f64> = known
        .iter()
        .map(|member| ((votes[*member] + middle) / (exposed(*member) + 1.0)).clamp(1e-6, 0.98))
        .collect();
    let mut joined = vec![0.0; origin + 1];
    for (member, rate) in known.iter().zip(&rate) {
        joined[first[*member] + 1] += rate;
    }
    let mut expected = 0.0;
    let engaging: Vec<f64> = (0..origin)
        .map(|at| {
            expected += joined[at];
            (returning[at] + 0.5) / (expected + 0.5)
        })
        .collect();
    let (yes, all) = (favour.iter().sum::<f64>(), sided.iter().sum::<f64>());
    let usual = (yes + 1.0) / (all + 2.0);
    let own: Vec<f64> =
        known.iter().map(|member| odds((favour[*member] + 2.0 * usual) / (sided[*member] + 2.0))).collect();
    let (mut lean, mut of) = (0.0, 0.0);
    for at in 0..origin {
        if leaning[at].is_finite() {
            lean += weight[at] * leaning[at];
            of += weight[at];
        }
    }
    let lean = if of > 0.0 { lean / of } else { 0.0 };
    let one = |_: usize| {
        let past = stream.weighted(&weight);
        let above = if leaning[past].is_finite() { leaning[past] - lean } else { 0.0 };
        let (mut cast, mut voters, mut largest, mut yes, mut no) = (0.0, 0.0, 0.0_f64, 0.0, 0.0);
        let mut add = |power: f64, side: i8| {
            cast += power;
            voters += 1.0;
            largest = largest.max(power);
            match side {
                1 => yes += power,
                -1 => no += power,
                _ => {}
            }
        };
        for ((member, rate), own) in known.iter().zip(&rate).zip(&own) {
            let stays = math::exp(engaging[past] * math::ln(1.0 - rate));
            if stream.uniform() >= stays {
                let side = if stream.chance(math::logistic(own + above)) { 1 } else { -1 };
                add(power[*member], side);
            }
        }
        // All who voted on the first proposal were new to the record, not to the DAO.
        let come = if past == 0 && origin > 1 { 1 + stream.below(origin as u64 - 1) as usize } else { past };
        newcomers[come].iter().for_each(|(power, side)| add(*power, *side));
        if voters == 0.0 {
            return [f64::NAN; COUNT];
        }
        let favour = if yes + no > 0.0 { yes / (yes + no) } else { f64::NAN };
        figures(cast, voters, favour, if cast > 0.0 { largest / cast } else { f64::NAN })
    };
    (0..draws).map(one).collect()
}
