//! Members from records, in place of described ones.

use daotwin_history::History;
use daotwin_history::view::DaoView;

use crate::engine::math;
use crate::engine::population::{IDEOLOGY, Population};
use crate::engine::random::Key;
use crate::{Error, Result};

/// The members of a History who ever voted, for proposals that are open for `window` steps: their latest power in whole
/// tokens, and the chance a step with which each comes to as large a share of proposals as it did since its first ballot
/// (drawn towards the share of all by one proposal). Where they stand is drawn from `seed`, as of described members: records
/// do not tell it. What behaviour does to chances (bursts, contention, fatigue, cost) comes on top: turn those off for the
/// turnout of the records.
///
/// # Errors
/// No such DAO, nobody who voted with a whole token, or powers that sum beyond 64 bits.
pub fn members(history: &History, dao: Option<&str>, window: u32, seed: u64) -> Result<Population> {
    let view = DaoView::one(history, dao)?;
    let voters = view.voters();
    let (mut first, mut came, mut power) = (vec![u32::MAX; voters], vec![0.0; voters], vec![0_u64; voters]);
    for vote in &view.votes {
        let member = vote.member as usize;
        first[member] = first[member].min(vote.proposal);
        came[member] += 1.0;
        power[member] = view.tokens(vote) as u64;
    }
    // The first ballot tells that there is a member, not how often it comes.
    let could = |member: usize| f64::from(view.proposals.len() as u32 - 1 - first[member]);
    let all: f64 = (0..voters).map(could).sum();
    let pooled = (came.iter().sum::<f64>() - voters as f64 + 0.5) / (all + 1.0);
    let rates: Vec<f64> = (0..voters)
        .map(|member| (came[member] - 1.0 + pooled) / (could(member) + 1.0))
        .map(|share| 1.0 - math::power(1.0 - share.clamp(0.0, 0.999_999), 1.0 / f64::from(window.max(1))))
        .collect();
    if power.iter().all(|power| *power == 0) {
        let problem =
            format!("nobody in `{}` voted with a whole token; members are counted in whole ones", view.dao);
        return Err(Error::Parameters { problems: vec![problem] });
    }
    let ideology = Key::new(seed, 0, IDEOLOGY, 0);
    let ideologies = (0..voters as u32).map(|member| (ideology.uniform(member) * 2.0 - 1.0) as f32).collect();
    Population::new(&rates, power, ideologies)
}
