//! Members who vote while an attack goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, U256};
use daotwin_core::random::{Seed, Stream};
use daotwin_core::statistics::clopper_pearson;

use super::Success;
use super::scene::{Scene, bare, side};
use crate::Result;
use crate::campaign::put;
use crate::chain::{State, Transaction};
use crate::finding::balance;
use crate::sequence::{Step, Wait};
use crate::world::Turnout;

/// Draws of who votes.
const TRIALS: u64 = 4000;

/// What a member does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ballot {
    Away,
    For,
    Against,
}

impl Scene<'_> {
    /// How often the attack works when members vote: before the attacker's first vote, each with all that they have.
    pub(super) fn success(&mut self, held: &[U256], least: &[U256], seed: Seed) -> Result<Option<Success>> {
        let Some(turnout) = self.world.turnout else { return Ok(None) };
        let vote = self.vote();
        let opposed = vote.as_ref().is_some_and(|(_, vote)| side(&mut vote.arguments.clone(), true));
        let mut stream = seed.stream("audit turnout");
        let mut tell = |scene: &mut Self, amounts: &[U256]| {
            let mut known = BTreeMap::new();
            let mut successes = 0;
            for _ in 0..TRIALS {
                let ballots = draw(turnout, scene.facts.members.len(), &mut stream);
                let worked = match known.get(&ballots) {
                    Some(worked) => *worked,
                    None => {
                        let worked = scene.against(amounts, vote.as_ref(), &ballots)?;
                        known.insert(ballots, worked);
                        worked
                    }
                };
                successes += u64::from(worked);
            }
            Ok::<u64, crate::Error>(successes)
        };
        let (successes, with_least) = (tell(self, held)?, tell(self, least)?);
        let interval = |successes| clopper_pearson(successes, TRIALS, 0.05);
        Ok(Some(Success {
            trials: TRIALS,
            successes,
            interval: interval(successes),
            with_least,
            interval_with_least: interval(with_least),
            opposed,
        }))
    }

    /// The first vote of the attacker, and the number of the step that it is cast in.
    pub(super) fn vote(&self) -> Option<(usize, Step)> {
        let voting = |step: &Step| {
            let name = step.function.as_ref().map(|function| function.name().to_lowercase());
            self.facts.is_governance(step.to) && name.is_some_and(|name| name.contains("vote"))
        };
        let contested = |step: &Step| voting(step) && side(&mut step.arguments.clone(), true);
        let steps = &self.finding.steps;
        let find = |wanted: &dyn Fn(&Step) -> bool| {
            steps.iter().enumerate().find_map(|(place, step)| {
                let vote = std::iter::once(step).chain(&step.inner).find(|step| wanted(step))?;
                Some((place, bare(vote)))
            })
        };
        // A vote that says for or against, before one that only makes or carries out a vote.
        find(&contested).or_else(|| find(&voting))
    }

    /// Whether the attack works with so much when members vote so.
    fn against(
        &mut self,
        amounts: &[U256],
        vote: Option<&(usize, Step)>,
        ballots: &[Ballot],
    ) -> Result<bool> {
        let Some(first) = self.with(amounts)? else { return Ok(false) };
        for steps in [self.steps(amounts), self.finding.steps.clone()] {
            let (first, steps) = match vote {
                None => (Some(Arc::clone(&first)), steps),
                Some((place, vote)) => self.contested(&first, steps, *place, vote, ballots)?,
            };
            if let Some(first) = first
                && self.works(&first, &steps)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The state on which members have voted, right before a step, and the steps from it on; no state where one before fails.
    pub(super) fn contested(
        &mut self,
        first: &Arc<State>,
        steps: Vec<Step>,
        place: usize,
        vote: &Step,
        ballots: &[Ballot],
    ) -> Result<(Option<Arc<State>>, Vec<Step>)> {
        let Some(state) = crate::finding::play(self.machine, first, &steps[..place])? else {
            return Ok((None, steps));
        };
        let mut state = Step { inner: Vec::new(), ..steps[place].clone() }.before(&state);
        for (member, ballot) in self.facts.members.clone().into_iter().zip(ballots) {
            if *ballot != Ballot::Away {
                state = self.member_votes(state, place, vote, member, *ballot == Ballot::Against)?;
            }
        }
        let mut rest = steps[place..].to_vec();
        rest[0].wait = Wait::default();
        Ok((Some(state), rest))
    }

    /// The state after a member's vote; the same where they cannot vote so.
    fn member_votes(
        &mut self,
        mut state: Arc<State>,
        place: usize,
        vote: &Step,
        member: Address,
        against: bool,
    ) -> Result<Arc<State>> {
        let mut vote = Step { sender: member, ..vote.clone() };
        if !side(&mut vote.arguments, against) && against {
            return Ok(state);
        }
        for token in self.facts.tokens.iter().map(|token| token.address).filter(|_| self.facts.takes(vote.to))
        {
            let mut data = vec![0x09, 0x5e, 0xa7, 0xb3];
            data.extend_from_slice(vote.to.into_word().as_slice());
            data.extend_from_slice(&U256::MAX.to_be_bytes::<32>());
            let call = Transaction { sender: member, to: Some(token), value: U256::ZERO, data: data.into() };
            let outcome = self.machine.run(&state, &call)?;
            if outcome.success() {
                state = Arc::new(outcome.after(&state));
            }
        }
        for (leaf, token) in self.tied(place).collect::<Vec<_>>() {
            let has = match token {
                None => state.balance(member),
                Some(token) => balance(self.machine, &state, token, member)?,
            };
            put(&mut vote.arguments, leaf, has);
        }
        // An account of its own votes for itself.
        for argument in &mut vote.arguments {
            if *argument == DynSolValue::Address(self.attacker) {
                *argument = DynSolValue::Address(member);
            }
        }
        let ran = vote.run(self.machine, &state)?;
        Ok(if ran.outcome.success() { ran.after(&vote) } else { state })
    }
}

/// Who votes, and how: each member with the chance that is drawn for all.
fn draw(turnout: Turnout, members: usize, stream: &mut Stream) -> Vec<Ballot> {
    let one = stream.gamma(turnout.mean * turnout.concentration);
    let other = stream.gamma((1.0 - turnout.mean) * turnout.concentration);
    let share = if one + other > 0.0 { one / (one + other) } else { turnout.mean };
    let mut ballot = || match (stream.chance(share), stream.chance(turnout.against)) {
        (false, _) => Ballot::Away,
        (true, false) => Ballot::For,
        (true, true) => Ballot::Against,
    };
    (0..members).map(|_| ballot()).collect()
}
