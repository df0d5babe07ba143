//! Delegation one step far, with votes that delegators take back.

use super::{Graph, Keep};

/// Why a ballot does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The member voted before.
    AlreadyCast,
    /// The member took its vote back before.
    AlreadyOverridden,
}

/// A count in which a delegator may vote in its delegate's place. A ballot costs the member's delegations at most.
#[derive(Debug, Clone)]
pub struct Overridable<'g> {
    graph: &'g Graph,
    powers: &'g [u128],
    keep: Keep,
    /// By member: power given to it, less what was taken back before it voted.
    weights: Vec<u128>,
    /// By member: what it voted.
    cast: Vec<Option<u32>>,
    overridden: Vec<bool>,
    votes: Vec<u128>,
    undelegated_own: bool,
    decayed: u128,
}

impl<'g> Overridable<'g> {
    /// No ballot yet, among so many choices. `undelegated_own`: what a member does not give away is its own to vote
    /// with; else (as tokens of OpenZeppelin have it) nobody's. The sum of powers must be below 2^128.
    pub fn new(
        graph: &'g Graph,
        powers: &'g [u128],
        choices: usize,
        keep: Keep,
        undelegated_own: bool,
    ) -> Self {
        let mut weights = vec![0; graph.members()];
        let mut decayed = 0;
        for (member, &power) in (0..).zip(powers) {
            decayed += move_power(graph, keep, undelegated_own, member, power, |to, share| {
                weights[to as usize] += share;
            });
        }
        Self {
            graph,
            powers,
            keep,
            weights,
            cast: vec![None; graph.members()],
            overridden: vec![false; graph.members()],
            votes: vec![0; choices],
            undelegated_own,
            decayed,
        }
    }

    /// Power given to a member, less what was taken back.
    pub fn weight(&self, member: u32) -> u128 {
        self.weights[member as usize]
    }

    /// Power by choice.
    pub fn votes(&self) -> &[u128] {
        &self.votes
    }

    /// Power lost on its way, less that of members who vote themselves.
    pub fn decayed(&self) -> u128 {
        self.decayed
    }

    /// Votes with the power given to a member; returns it.
    ///
    /// # Errors
    /// [`Refusal::AlreadyCast`].
    pub fn cast(&mut self, member: u32, choice: u32) -> Result<u128, Refusal> {
        let cast = &mut self.cast[member as usize];
        if cast.is_some() {
            return Err(Refusal::AlreadyCast);
        }
        *cast = Some(choice);
        let weight = self.weights[member as usize];
        self.votes[choice as usize] += weight;
        Ok(weight)
    }

    /// Votes with a member's own balance, which leaves those it was given to; returns it.
    ///
    /// # Errors
    /// [`Refusal::AlreadyOverridden`].
    pub fn cast_override(&mut self, member: u32, choice: u32) -> Result<u128, Refusal> {
        if std::mem::replace(&mut self.overridden[member as usize], true) {
            return Err(Refusal::AlreadyOverridden);
        }
        let power = self.powers[member as usize];
        let Self { weights, cast, votes, .. } = self;
        let lost = move_power(self.graph, self.keep, self.undelegated_own, member, power, |to, share| {
            weights[to as usize] -= share;
            if let Some(choice) = cast[to as usize] {
                votes[choice as usize] -= share;
            }
        });
        self.decayed -= lost;
        self.votes[choice as usize] += power;
        Ok(power)
    }
}

/// Where a member's power goes; returns what is lost on the way.
fn move_power(
    graph: &Graph,
    keep: Keep,
    undelegated_own: bool,
    member: u32,
    power: u128,
    mut give: impl FnMut(u32, u128),
) -> u128 {
    let mut lost = 0;
    let rest = graph.split(member, power, |to, share| {
        let kept = if to == member { share } else { keep.of(share) };
        lost += share - kept;
        give(to, kept);
    });
    if undelegated_own {
        give(member, rest);
    }
    lost
}
