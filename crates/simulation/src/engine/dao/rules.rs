//! Rules of [`crate::governance`] and the keys of a scenario's `[rule]` as ways to decide between yes and no.

use crate::engine::tally::Tally;
use crate::governance::Amount;
use crate::governance::lifecycle::{Moment, State, Support};
use crate::governance::{aave_governance, aragon_voting, governor};
use crate::scenario::{QuorumCounts, RuleChange, Weighting};

use super::Decision;

/// Millionths of a whole.
const MILLION: u128 = 1_000_000;

/// The contract or the shares that decide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// The keys of a scenario's `[rule]`: quorum, what counts towards it, approval, weights.
    Shares(RuleChange),
    /// OpenZeppelin's Governor ([`governor`]): a share of the supply has to be for, and more than is against.
    Governor {
        /// Millionths of the supply.
        quorum: u32,
    },
    /// Aave's executors ([`aave_governance`]): a share of the supply for, and above what is against by another.
    Aave {
        /// Hundredths of a percent of the supply.
        quorum: u32,
        /// The same.
        differential: u32,
    },
    /// Aragon's votes ([`aragon_voting`]): shares of the ballots and of the supply that yes has to be above.
    Aragon {
        /// Parts of 10^18 of the ballots.
        support: u64,
        /// Parts of 10^18 of the supply.
        quorum: u64,
    },
}

/// A [`Rule`] for a supply.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ruled {
    rule: Rule,
    /// The largest weight.
    cap: u64,
}

fn part(value: u64, share: f64) -> u64 {
    (u128::from(value) * (share * MILLION as f64).round() as u128 / MILLION) as u64
}

impl Ruled {
    /// The rule for a DAO whose members hold `supply` at the start; a cap is a share of that.
    pub fn new(rule: Rule, supply: u64) -> Self {
        let cap = match rule {
            Rule::Shares(RuleChange { cap: Some(cap), .. }) => part(supply, cap).max(1),
            _ => u64::MAX,
        };
        Self { rule, cap }
    }

    fn shares(change: &RuleChange, tally: &Tally, electorate: u64) -> bool {
        let quorum = match (change.quorum, change.quorum_tokens) {
            (Some(share), _) => part(electorate, share),
            (None, Some(tokens)) => tokens.ceil() as u64,
            (None, None) => 0,
        };
        let counted = match change.quorum_counts {
            Some(QuorumCounts::For | QuorumCounts::ForAndAbstain) => tally.yes,
            Some(QuorumCounts::All) | None => tally.cast(),
        };
        let approval = (change.approval.unwrap_or(0.5) * MILLION as f64).round() as u128;
        counted >= quorum && u128::from(tally.yes) * MILLION > u128::from(tally.cast()) * approval
    }
}

/// Whether a contract's own state says that yes and no of this power pass.
fn governor(quorum: u32, tally: &Tally, supply: u64) -> Option<bool> {
    let settings = governor::Settings {
        voting_delay: 0,
        voting_period: 1,
        proposal_threshold: Amount::ZERO,
        quorum: governor::Quorum::Fraction { numerator: quorum, denominator: 1_000_000 },
        super_quorum: None,
        counting: governor::Counting::Simple,
        late_quorum_extension: None,
        guardian: governor::Guardian::Absent,
        timelock: governor::Timelock::None,
    };
    let at = Moment::of_second;
    let mut proposal =
        governor::Proposal::propose(&settings, at(0), 0, Amount::ZERO, Amount(supply.into()), 2).ok()?;
    for (member, support, power) in [(0, Support::For, tally.yes), (1, Support::Against, tally.no)] {
        proposal.cast(&settings, at(1), member, support, Amount(power.into())).ok()?;
    }
    Some(proposal.state(&settings, at(2)) == State::Succeeded)
}

fn aave(quorum: u32, differential: u32, tally: &Tally, supply: u64) -> Option<bool> {
    let executor = aave_governance::Executor {
        proposition_threshold: 0,
        voting_duration: 1,
        vote_differential: differential,
        minimum_quorum: quorum,
        delay: 0,
        grace_period: 0,
    };
    let (at, supply) = (Moment::of_second, Amount(supply.into()));
    let mut proposal =
        aave_governance::Proposal::create(&executor, 0, at(0), (Amount::ZERO, supply), supply, 1, 2).ok()?;
    for (member, support, power) in [(0, true, tally.yes), (1, false, tally.no)] {
        proposal.cast(at(1), member, support, Amount(power.into())).ok()?;
    }
    Some(proposal.state(at(2)) == State::Succeeded)
}

fn aragon(support: u64, quorum: u64, tally: &Tally, supply: u64) -> Option<bool> {
    let settings = aragon_voting::Settings {
        support_required: support,
        minimum_acceptance_quorum: quorum,
        vote_time: 1,
        objection_phase: 0,
        early_execution: false,
    };
    let mut vote = aragon_voting::Vote::start(0, Amount(supply.into()), 2).ok()?;
    for (member, yea, power) in [(0, true, tally.yes), (1, false, tally.no)] {
        // Ballots without power are refused.
        if power > 0 {
            vote.cast(&settings, 0, member, yea, Amount(power.into())).ok()?;
        }
    }
    Some(vote.can_execute(&settings, 1))
}

impl Decision for Ruled {
    fn weight(&self, power: u64) -> u64 {
        match self.rule {
            Rule::Shares(change) => match change.weighting {
                Some(Weighting::SquareRoot) => power.isqrt(),
                Some(Weighting::Members) => u64::from(power > 0),
                Some(Weighting::Capped) => power.min(self.cap),
                Some(Weighting::Tokens) | None => power,
            },
            _ => power,
        }
    }

    fn electorate(&self, powers: &[u64], supply: u64) -> u64 {
        match self.rule {
            Rule::Shares(RuleChange { weighting: Some(weighting), .. }) if weighting != Weighting::Tokens => {
                powers.iter().map(|power| self.weight(*power)).sum()
            }
            _ => supply,
        }
    }

    fn quorum(&self, electorate: u64) -> Option<u64> {
        match self.rule {
            Rule::Shares(change) => match (change.quorum, change.quorum_tokens) {
                (Some(share), _) => Some(part(electorate, share)),
                (None, tokens) => tokens.map(|tokens| tokens.ceil() as u64),
            },
            Rule::Governor { quorum } => Some(part(electorate, f64::from(quorum) / 1e6)),
            Rule::Aave { quorum, .. } => Some(part(electorate, f64::from(quorum) / 1e4)),
            Rule::Aragon { quorum, .. } => Some(part(electorate, quorum as f64 / 1e18)),
        }
    }

    fn passes(&self, tally: &Tally, electorate: u64) -> bool {
        match self.rule {
            Rule::Shares(change) => Self::shares(&change, tally, electorate),
            // A contract that refuses a tally lets nothing pass.
            Rule::Governor { quorum } => governor(quorum, tally, electorate).unwrap_or(false),
            Rule::Aave { quorum, differential } => {
                aave(quorum, differential, tally, electorate).unwrap_or(false)
            }
            Rule::Aragon { support, quorum } => aragon(support, quorum, tally, electorate).unwrap_or(false),
        }
    }
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;

    /// Each rule against its definition in plain arithmetic, on tallies around every border.
    #[test]
    fn rules_decide_as_their_definitions_say() {
        let mut stream = Seed(4).stream("rules");
        let supply = 1_000_u64;
        let mut passed = [0; 4];
        for _ in 0..4_000 {
            let yes = stream.below(500);
            let tally = Tally { yes, no: stream.below(500), ..Tally::default() };
            let (for_, no) = (tally.yes, tally.no);
            let cases = [
                (Rule::Governor { quorum: 40_000 }, for_ >= 40 && for_ > no),
                (Rule::Aave { quorum: 200, differential: 500 }, for_ >= 20 && for_ > no + 50),
                (
                    Rule::Aragon { support: 500_000_000_000_000_000, quorum: 50_000_000_000_000_000 },
                    2 * for_ > for_ + no && for_ > 50,
                ),
                (
                    Rule::Shares(RuleChange {
                        quorum: Some(0.4),
                        approval: Some(0.6),
                        ..RuleChange::default()
                    }),
                    for_ + no >= 400 && 10 * for_ > 6 * (for_ + no),
                ),
            ];
            for (place, (rule, expected)) in cases.into_iter().enumerate() {
                assert_eq!(Ruled::new(rule, supply).passes(&tally, supply), expected, "{rule:?} {tally:?}");
                passed[place] += u32::from(expected);
            }
        }
        assert!(passed.iter().all(|count| (200..3_800).contains(count)), "{passed:?}");
    }

    #[test]
    fn weights_are_what_they_say() {
        let ruled = |weighting, cap| {
            Ruled::new(
                Rule::Shares(RuleChange { weighting: Some(weighting), cap, ..RuleChange::default() }),
                1_000,
            )
        };
        let powers = [900, 99, 1, 0];
        for (weighting, cap, weights) in [
            (Weighting::Tokens, None, [900, 99, 1, 0]),
            (Weighting::SquareRoot, None, [30, 9, 1, 0]),
            (Weighting::Members, None, [1, 1, 1, 0]),
            (Weighting::Capped, Some(0.05), [50, 50, 1, 0]),
        ] {
            let ruled = ruled(weighting, cap);
            assert_eq!(powers.map(|power| ruled.weight(power)), weights);
            assert_eq!(ruled.electorate(&powers, 1_000), weights.iter().sum::<u64>());
        }
    }
}
