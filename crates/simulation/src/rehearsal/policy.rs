//! What a rule says to a tally, in whole units of the token.

use daotwin_history::Side;

use crate::Result;
use crate::governance::Referee;
use crate::scenario::{QuorumCounts, RuleChange, Weighting};

use super::electorate::{Electorate, Question};

/// Parts of one in which shares are kept.
const MILLION: u128 = 1_000_000;

/// The rule that holds for one proposal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Policy {
    /// In the smallest unit; nothing where neither the record nor the scenario knows one.
    pub(crate) quorum: u128,
    pub(crate) counts: QuorumCounts,
    /// Millionths of the weight for and against that those for must exceed.
    pub(crate) approval: u128,
    pub(crate) weighting: Weighting,
    /// The largest weight, with [`Weighting::Capped`].
    pub(crate) cap: u128,
    pub(crate) window: f64,
    pub(crate) shielded: bool,
    pub(crate) power_at_vote: bool,
}

/// A tally, by side: power in the smallest unit, and what it weighs.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Tally {
    pub(crate) power: [u128; 4],
    pub(crate) weight: [u128; 4],
    /// The power of the largest ballot.
    pub(crate) largest: u128,
    pub(crate) voters: u32,
}

/// `value` x `share` of one million, rounded down; saturates.
fn part(value: u128, share: u128) -> u128 {
    value / MILLION * share + value % MILLION * share / MILLION
}

fn millionths(share: f64) -> u128 {
    (share * MILLION as f64).round() as u128
}

impl Policy {
    /// The rule for a proposal: its own, with what a scenario changes.
    pub(crate) fn of(question: &Question, change: &RuleChange, electorate: &Electorate) -> Self {
        let share = |share: f64| part(electorate.supply.unwrap_or(0), millionths(share));
        let quorum = match (change.quorum, change.quorum_tokens) {
            (Some(quorum), _) => share(quorum),
            (None, Some(tokens)) => electorate.units(tokens),
            (None, None) => question.quorum.unwrap_or(0),
        };
        Self {
            quorum,
            counts: change.quorum_counts.unwrap_or(question.counts),
            approval: millionths(change.approval.unwrap_or(0.5)),
            weighting: change.weighting.unwrap_or(Weighting::Tokens),
            cap: change.cap.map_or(u128::MAX, share),
            window: change.window.unwrap_or(1.0),
            shielded: change.shielded.unwrap_or(false),
            power_at_vote: change.power_at_vote.unwrap_or(false),
        }
    }

    /// The quorum of who decides in place of this arithmetic.
    pub(crate) fn keep_to(&mut self, referee: &dyn Referee, electorate: &Electorate) -> Result<()> {
        self.quorum = referee.quorum(electorate.supply, electorate.decimals)?;
        self.counts = referee.counts();
        Ok(())
    }

    /// What power weighs between for and against.
    pub(crate) fn weight(&self, power: u128) -> u128 {
        match self.weighting {
            Weighting::Tokens => power,
            Weighting::SquareRoot => power.isqrt(),
            Weighting::Members => 1,
            Weighting::Capped => power.min(self.cap),
        }
    }

    /// Power that counts towards the quorum.
    pub(crate) fn counted(&self, tally: &Tally) -> u128 {
        let [votes_for, against, abstain, other] = tally.power;
        match self.counts {
            QuorumCounts::For => votes_for,
            QuorumCounts::ForAndAbstain => votes_for + abstain,
            QuorumCounts::All => votes_for + against + abstain + other,
        }
    }

    /// The part of the quorum that is met; 1 where there is none.
    pub(crate) fn met(&self, tally: &Tally) -> f64 {
        if self.quorate(tally) { 1.0 } else { self.counted(tally) as f64 / self.quorum as f64 }
    }

    /// Whether the quorum is met.
    pub(crate) fn quorate(&self, tally: &Tally) -> bool {
        self.counted(tally) >= self.quorum
    }

    /// Whether the proposal passes: the quorum is met, somebody is for it, and the share for is above the approval.
    pub(crate) fn passes(&self, tally: &Tally) -> bool {
        self.quorate(tally) && self.majority(tally)
    }

    /// Whether the share for is above the approval, whatever the quorum.
    pub(crate) fn majority(&self, tally: &Tally) -> bool {
        let [votes_for, against, ..] = tally.weight;
        // Rounding down loses less than one unit: equality in units is no majority.
        votes_for > part(votes_for + against, self.approval)
    }

    /// The tokens with which somebody new, alone for the proposal, passes it against all ballots of this tally: those
    /// for, too, are taken to be against. None where no amount does, as where every member weighs the same.
    pub(crate) fn needed(&self, tally: &Tally) -> Option<u128> {
        let weight: u128 = tally.weight.iter().sum();
        let present = match self.counts {
            QuorumCounts::All => tally.power.iter().sum(),
            QuorumCounts::For | QuorumCounts::ForAndAbstain => 0,
        };
        let quorum = self.quorum.saturating_sub(present);
        // x > approval (x + weight), hence x > weight approval / (1 - approval).
        let against = MILLION - self.approval;
        let majority = weight / against * self.approval + weight % against * self.approval / against + 1;
        let majority = match self.weighting {
            Weighting::Members => return None,
            Weighting::Capped if majority > self.cap => return None,
            Weighting::SquareRoot => majority.checked_mul(majority)?,
            Weighting::Tokens | Weighting::Capped => majority,
        };
        Some(majority.max(quorum))
    }
}

impl Tally {
    /// Adds a ballot.
    pub(crate) fn add(&mut self, side: Side, power: u128, weight: u128) {
        self.power[side as usize] += power;
        self.weight[side as usize] += weight;
        self.largest = self.largest.max(power);
        self.voters += 1;
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn policy(quorum: u128, counts: QuorumCounts, approval: u128, weighting: Weighting) -> Policy {
        Policy {
            quorum,
            counts,
            approval,
            weighting,
            cap: 10,
            window: 1.0,
            shielded: false,
            power_at_vote: false,
        }
    }

    fn tally(policy: &Policy, ballots: &[(Side, u128)]) -> Tally {
        let mut tally = Tally::default();
        ballots.iter().for_each(|&(side, power)| tally.add(side, power, policy.weight(power)));
        tally
    }

    #[test]
    fn a_tie_fails_and_one_unit_decides() {
        let rule = policy(0, QuorumCounts::All, 500_000, Weighting::Tokens);
        assert!(!rule.passes(&tally(&rule, &[(Side::For, 7), (Side::Against, 7)])));
        assert!(rule.passes(&tally(&rule, &[(Side::For, 8), (Side::Against, 7)])));
        assert!(!rule.passes(&Tally::default()), "nobody is no majority");
    }

    #[test]
    fn quorums_count_what_they_say() {
        let ballots = [(Side::For, 5), (Side::Against, 3), (Side::Abstain, 2)];
        for (counts, most) in
            [(QuorumCounts::For, 5), (QuorumCounts::ForAndAbstain, 7), (QuorumCounts::All, 10)]
        {
            for (quorum, met) in [(most, true), (most + 1, false)] {
                let rule = policy(quorum, counts, 500_000, Weighting::Tokens);
                assert_eq!(rule.passes(&tally(&rule, &ballots)), met, "{counts:?} {quorum}");
            }
        }
    }

    /// The closed form against a search: the least amount that passes when added alone against everybody.
    #[test]
    fn what_an_outsider_needs_is_the_least_that_passes() {
        let ballots = [(Side::For, 9), (Side::Against, 16), (Side::Abstain, 4)];
        for weighting in [Weighting::Tokens, Weighting::SquareRoot, Weighting::Capped, Weighting::Members] {
            for counts in [QuorumCounts::For, QuorumCounts::ForAndAbstain, QuorumCounts::All] {
                for (quorum, approval) in [(0, 500_000), (60, 500_000), (40, 600_000), (5, 666_666)] {
                    let rule = policy(quorum, counts, approval, weighting);
                    let against: Vec<(Side, u128)> =
                        ballots.iter().map(|(_, power)| (Side::Against, *power)).collect();
                    let least = (1..2_000).find(|x| {
                        let mut with = tally(&rule, &against);
                        with.add(Side::For, *x, rule.weight(*x));
                        rule.passes(&with)
                    });
                    let found = rule.needed(&tally(&rule, &ballots)).filter(|x| *x < 2_000);
                    // One member's weight of one beats nobody who votes.
                    assert_eq!(found, least, "{weighting:?} {counts:?} {quorum} {approval}");
                }
            }
        }
    }
}
