//! Delegation: who exercises whose power.

mod json;
mod override_votes;

use serde_json::Value;

use super::{Amount, Card, Family, Rule};
use crate::Result;

pub use override_votes::{Overridable, Refusal};

/// Shares of a delegator's power are counted in these.
pub const WHOLE: u32 = 10_000;

/// What one member gives to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delegation {
    /// Who gives.
    pub from: u32,
    /// Who gets; the same member for one who keeps its power.
    pub to: u32,
    /// Of [`WHOLE`].
    pub parts: u32,
    /// The topic that it is for; all where none.
    pub topic: Option<u32>,
    /// The first moment at which it does not hold any more.
    pub expires: Option<u64>,
}

/// The share that a hop keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Above.
    pub numerator: u64,
    /// Below; not zero, and not below the numerator.
    pub denominator: u64,
}

impl Keep {
    /// Nothing is lost.
    pub const ALL: Self = Self { numerator: 1, denominator: 1 };

    fn of(self, power: u128) -> u128 {
        // A share of at most one of a number of 128 bits fits.
        Amount(power).times(self.numerator.into(), self.denominator.into()).unwrap_or_default().0
    }
}

/// The delegations that hold, by delegator.
#[derive(Debug, Clone)]
pub struct Graph {
    /// Where a member's delegations begin in `edges`; one more than there are members.
    starts: Vec<usize>,
    edges: Vec<(u32, u32)>,
}

/// What became of power that may be passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// By member: power that reached it, its own included, if it votes; else zero.
    pub reached: Vec<u128>,
    /// Power that ended with one who does not vote.
    pub unrepresented: u128,
    /// Power that would go round in a circle in which nobody votes.
    pub circular: u128,
    /// Power lost on its way.
    pub decayed: u128,
}

impl Graph {
    /// Of all delegations those that hold at `now` for `topic`: where a member has some for the topic, those; else its
    /// general ones. Several to the same member add up. Costs a sort.
    ///
    /// # Errors
    /// Members who give more than [`WHOLE`], in order.
    pub fn new(
        members: usize,
        delegations: &[Delegation],
        topic: Option<u32>,
        now: u64,
    ) -> std::result::Result<Self, Vec<u32>> {
        let holds = |delegation: &&Delegation| delegation.expires.is_none_or(|expires| now < expires);
        let special = |delegation: &Delegation| topic.is_some() && delegation.topic == topic;
        let mut specific = vec![false; members];
        for delegation in delegations.iter().filter(holds) {
            specific[delegation.from as usize] |= special(delegation);
        }
        let mut chosen: Vec<(u32, u32, u32)> = delegations
            .iter()
            .filter(holds)
            .filter(|delegation| {
                if specific[delegation.from as usize] {
                    special(delegation)
                } else {
                    delegation.topic.is_none()
                }
            })
            .map(|delegation| (delegation.from, delegation.to, delegation.parts))
            .collect();
        chosen.sort_unstable();
        let (mut starts, mut edges) = (Vec::with_capacity(members + 1), Vec::<(u32, u32)>::new());
        let (mut over, mut next) = (Vec::new(), chosen.into_iter().peekable());
        for member in 0..members as u32 {
            starts.push(edges.len());
            let first = edges.len();
            while let Some((_, to, parts)) = next.next_if(|&(from, ..)| from == member) {
                match edges[first..].last_mut() {
                    Some((last, sum)) if *last == to => *sum = sum.saturating_add(parts),
                    _ => edges.push((to, parts)),
                }
            }
            let sum: u64 = edges[first..].iter().map(|&(_, parts)| u64::from(parts)).sum();
            if sum > WHOLE.into() {
                over.push(member);
            }
        }
        starts.push(edges.len());
        if over.is_empty() { Ok(Self { starts, edges }) } else { Err(over) }
    }

    /// How many members there are.
    pub fn members(&self) -> usize {
        self.starts.len() - 1
    }

    /// A member's delegations: to whom, and which parts of [`WHOLE`].
    pub fn of(&self, member: u32) -> &[(u32, u32)] {
        &self.edges[self.starts[member as usize]..self.starts[member as usize + 1]]
    }

    /// Splits a power over a member's delegates, each share rounded down. Returns what stays.
    fn split(&self, member: u32, power: u128, mut give: impl FnMut(u32, u128)) -> u128 {
        let mut rest = power;
        for &(to, parts) in self.of(member) {
            // A share of at most the whole fits.
            let share = Amount(power).times(parts.into(), WHOLE.into()).unwrap_or_default().0;
            rest -= share;
            give(to, share);
        }
        rest
    }

    /// Power passed on from delegate to delegate until it reaches one who votes; who votes passes nothing on. Time and
    /// memory in proportion to members and delegations. The sum of powers must be below 2^128.
    pub fn transitive(&self, powers: &[u128], votes: &[bool], keep: Keep) -> Flow {
        let members = self.members();
        let (component, order) = self.components(votes);
        let mut at: Vec<u128> = powers.to_vec();
        let mut flow = Flow { reached: vec![0; members], unrepresented: 0, circular: 0, decayed: 0 };
        // From those nobody gives to downwards: what reaches a member is complete before it is passed on. Inside a
        // circle nothing is, so the order there does not matter.
        for &member in order.iter().rev() {
            let power = at[member as usize];
            if votes[member as usize] {
                flow.reached[member as usize] = power;
                continue;
            }
            let (mut own, mut moved) = (0, Vec::new());
            let rest = self.split(member, power, |to, share| {
                if to == member {
                    own += share;
                } else if component[to as usize] == component[member as usize] {
                    flow.circular += share;
                } else {
                    moved.push((to, share));
                }
            });
            flow.unrepresented += rest + own;
            for (to, share) in moved {
                let kept = keep.of(share);
                flow.decayed += share - kept;
                at[to as usize] += kept;
            }
        }
        flow
    }

    /// Strongly connected components of the delegations of those who do not vote (Tarjan 1972, without recursion): each
    /// member's component, and members in an order in which delegates come before those who give to them.
    fn components(&self, votes: &[bool]) -> (Vec<u32>, Vec<u32>) {
        const NONE: u32 = u32::MAX;
        let members = self.members();
        let (mut index, mut low) = (vec![NONE; members], vec![0_u32; members]);
        let mut component = vec![NONE; members];
        let (mut open, mut path, mut order) = (Vec::new(), Vec::new(), Vec::with_capacity(members));
        let (mut next, mut components) = (0, 0);
        for root in 0..members as u32 {
            if index[root as usize] != NONE {
                continue;
            }
            path.push((root, self.starts[root as usize]));
            while let Some(&mut (member, ref mut edge)) = path.last_mut() {
                let own = member as usize;
                if index[own] == NONE {
                    (index[own], low[own]) = (next, next);
                    next += 1;
                    open.push(member);
                }
                let end = if votes[own] { *edge } else { self.starts[own + 1] };
                if *edge < end {
                    let to = self.edges[*edge].0;
                    *edge += 1;
                    if index[to as usize] == NONE {
                        path.push((to, self.starts[to as usize]));
                    } else if component[to as usize] == NONE {
                        low[own] = low[own].min(index[to as usize]);
                    }
                    continue;
                }
                path.pop();
                if let Some(&(parent, _)) = path.last() {
                    low[parent as usize] = low[parent as usize].min(low[own]);
                }
                if low[own] == index[own] {
                    while let Some(last) = open.pop() {
                        component[last as usize] = components;
                        order.push(last);
                        if last == member {
                            break;
                        }
                    }
                    components += 1;
                }
            }
        }
        (component, order)
    }
}

/// The rule.
#[derive(Debug)]
pub struct Delegating;

const NAME: &str = "delegation";

impl Rule for Delegating {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Power,
            purpose: "Members give their power to others, one step far or on and on, in parts, by topic, for a time, with a \
                loss on the way, and may take it back by voting themselves.",
            definition: "A delegation holds while now < `expires`. For a topic a member's delegations for it hold, else its \
                general ones. Parts are of 10000: floor(power x parts / 10000) to each, \
                the rest stays. A hop keeps floor(share x keep). `single_hop`: power \
                moves one step, whoever votes; what is not given is with its owner where `undelegated` is `own`, with nobody \
                where it is `none`. A ballot has the power given to the member (itself included); an override has the \
                member's own balance, which leaves its delegate's vote, cast before or after; each once. `transitive`: who \
                votes keeps all that reaches it and passes nothing on; who does not passes on what reaches it, until it \
                reaches one who votes or one who gives nothing. Power that would move between members of one circle (a \
                strongly connected component of those who do not vote) is set aside; tails of a circle end in it. Votes, \
                unrepresented, circular and decayed power add up to all power.",
            source: "One step: OpenZeppelin Contracts 5.4 `governance/utils/Votes.sol` (`_delegate`, `getVotes`) and \
                `governance/extensions/GovernorCountingOverridable.sol` (`_countVote`, `_countOverride`); on and on: Blum, \
                Zuber: Liquid Democracy (J. Political Philosophy 24, 2016), chains that end at the first who votes; parts of \
                10000, each rounded down: ScopeLift `VotesPartialDelegationUpgradeable.sol` \
                (`_calculateWeightDistribution`); components: Tarjan (SIAM J. Comput. 1, 1972)",
            limits: "Expiry, topics and loss are this project's definitions: no widespread contract has them. A part that \
                leaves a circle in the middle goes on, what moves inside it stays: not the limit of going round for ever.",
            example: r#"{"mode": "transitive", "powers": {"ann": 5, "bob": 3, "cat": 2}, "now": 0,
                "delegations": [{"from": "ann", "to": "bob"}, {"from": "bob", "to": "cat"}],
                "ballots": [{"member": "cat", "choice": 1}]}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        json::decide(NAME, case)
    }
}

#[cfg(test)]
mod test;
