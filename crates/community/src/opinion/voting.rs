//! From opinions and moods to votes: members of the simulator of governance stand where talk has left them, and lean towards yes
//! as far as the mood is good.

use daotwin_simulation::described::Described;
use daotwin_simulation::engine::dao::Condition;
use daotwin_simulation::engine::hazard::ONE;
use daotwin_simulation::engine::population::Population;

use super::Society;
use crate::{Error, Result};

/// A mood over some steps of a simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MoodSpan {
    /// The first step.
    pub from: u32,
    /// The step after the last.
    pub until: u32,
    /// The mood, from -1 to 1.
    pub mood: f64,
}

/// The described DAO with `members`, whose positions are `opinions`, and with each mood, times `weight`, added to the leaning
/// towards yes (`condition.approval`). Opinions lie on the axis on which proposals lie, so that the weight that the DAO's
/// `behaviour.ideology` gives to agreement decides what they do.
///
/// # Errors
/// As many opinions as members are needed, from -1 to 1, moods from -1 to 1, spans that end after they begin; every problem at
/// once.
pub fn coupled(
    described: &Described,
    members: &Population,
    opinions: &[f64],
    moods: &[MoodSpan],
    weight: f64,
) -> Result<Described> {
    let mut problems = Vec::new();
    if opinions.len() != members.len() {
        problems.push(format!(
            "`opinions` has {}; one of each of the {} members is needed",
            opinions.len(),
            members.len()
        ));
    }
    if let Some(place) = opinions.iter().position(|opinion| !(-1.0..=1.0).contains(opinion)) {
        problems.push(format!("`opinions[{place}]` is {}; give -1 to 1", opinions[place]));
    }
    if !weight.is_finite() {
        problems.push(format!("`weight` is {weight}; give a finite number"));
    }
    for (place, span) in moods.iter().enumerate() {
        if !(-1.0..=1.0).contains(&span.mood) {
            problems.push(format!("`moods[{place}].mood` is {}; give -1 to 1", span.mood));
        }
        if span.until <= span.from {
            problems.push(format!(
                "`moods[{place}].until` is {}; give a step after `from`, {}",
                span.until, span.from
            ));
        }
    }
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    let rates: Vec<f64> = members.rates().iter().map(|&rate| f64::from(rate) / f64::from(ONE)).collect();
    let positions = opinions.iter().map(|&opinion| opinion as f32).collect();
    let mut described = described.clone();
    described.members = Some(Population::new(&rates, members.powers().to_vec(), positions)?);
    described.parameters.conditions.extend(moods.iter().map(|span| Condition {
        from: span.from,
        until: span.until,
        approval: weight * span.mood,
        ..Condition::default()
    }));
    Ok(described)
}

/// What members think as a society has settled, for members beyond it as it was: the first members are the society's nodes.
pub fn positions(members: &Population, settled: &[f64], society: &Society) -> Vec<f64> {
    let ideologies = members.ideologies().iter().map(|&position| f64::from(position).clamp(-1.0, 1.0));
    let known = society.opinions.len();
    ideologies.enumerate().map(|(place, own)| if place < known { settled[place] } else { own }).collect()
}
