//! Cases of Aave's governance as JSON.

use serde::Deserialize;
use serde_json::Value;

use super::super::script::{self, Problems, Roll, When};
use super::super::{Amount, Card, Family, Powers, Rule, read_case, write_outcome};
use super::{Executor, Proposal};
use crate::Result;

/// A proposal of Aave's governance, version 2.
#[derive(Debug)]
pub struct AaveGovernance;

const NAME: &str = "aave-governance";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ExecutorCase {
    Short,
    Long,
    #[serde(rename = "long_since_106")]
    LongSince106,
    Custom(Executor),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    For,
    Against,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposalCase {
    at: u64,
    #[serde(default)]
    second: Option<u64>,
    by: String,
    /// The proposer's proposition power one block before.
    #[serde(default)]
    power: Option<Amount>,
    #[serde(default = "one")]
    actions: u32,
}

const fn one() -> u32 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    executor: ExecutorCase,
    #[serde(default)]
    voting_delay: u64,
    supply: Amount,
    powers: Powers,
    #[serde(default)]
    guardian: Option<String>,
    proposal: ProposalCase,
    acts: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Vote {
        at: u64,
        second: Option<u64>,
        by: String,
        support: Side,
    },
    State {
        at: u64,
        second: Option<u64>,
    },
    Queue {
        at: u64,
        second: Option<u64>,
    },
    Execute {
        at: u64,
        second: Option<u64>,
    },
    Cancel {
        at: u64,
        second: Option<u64>,
        by: String,
        #[serde(default)]
        proposer_power: Option<Amount>,
    },
}

impl Act {
    const fn when(&self) -> When {
        match *self {
            Self::Vote { at, second, .. }
            | Self::State { at, second }
            | Self::Queue { at, second }
            | Self::Execute { at, second }
            | Self::Cancel { at, second, .. } => When { at, second },
        }
    }
}

fn executor(case: &ExecutorCase, problems: &mut Problems) -> Executor {
    let executor = match case {
        ExecutorCase::Short => Executor::SHORT,
        ExecutorCase::Long => Executor::LONG,
        ExecutorCase::LongSince106 => Executor::LONG_SINCE_106,
        ExecutorCase::Custom(executor) => *executor,
    };
    for (place, share) in [
        ("executor.proposition_threshold", executor.proposition_threshold),
        ("executor.vote_differential", executor.vote_differential),
        ("executor.minimum_quorum", executor.minimum_quorum),
    ] {
        problems.check(
            share <= 10_000,
            place,
            format_args!("{share} hundredths of a percent is above 10000"),
        );
    }
    problems.check(executor.voting_duration > 0, "executor.voting_duration", "0 leaves no block to vote in");
    executor
}

impl Rule for AaveGovernance {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lifecycle,
            purpose: "A proposal of Aave's governance 2: an executor's quorum and vote differential, timelock with grace period",
            definition: "start = made + delay, end = start + duration, in blocks; pending while block <= start, active while \
                block <= end. Passes where for >= floor(supply x quorum / 10,000) and floor(for x 10,000 / supply) > \
                floor(against x 10,000 / supply) + differential; else defeated (`Failed`). Queued: execution time = now + \
                delay; executable from then on; expired where now > execution time + grace. Proposing needs proposition power \
                >= floor(supply x threshold / 10,000) one block before; below it anyone may cancel, the guardian always, but \
                not what is canceled, executed or expired. A ballot without power does not count as having voted",
            source: "aave/governance-v2, contracts/governance/AaveGovernanceV2.sol (create, getProposalState, _submitVote, queue, \
                execute, cancel), ProposalValidator.sol (isQuorumValid, isVoteDifferentialValid, isPropositionPowerEnough), \
                ExecutorWithTimelock.sol (executeTransaction, isProposalOverGracePeriod); figures of the executors: README.md",
            limits: "Power (AAVE and stkAAVE with what is delegated) is given, and one supply serves all blocks of a case. Calls \
                that fail in execution, and the bounds of an executor's own delay, are left out. Version 3 (cross-chain) is \
                another contract",
            example: EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        let case: Case = read_case(NAME, case)?;
        let mut problems = Problems::of(NAME);
        let roll = Roll::new(&case.powers, &mut problems);
        let executor = executor(&case.executor, &mut problems);
        problems.check(case.supply > Amount::ZERO, "supply", "is zero: shares of it mean nothing");
        problems.check(
            case.supply >= roll.total(),
            "supply",
            format_args!("{} is less than all powers together, {}", case.supply, roll.total()),
        );
        let acts: Vec<Act> = problems.read_each("acts", &case.acts);
        let made = When { at: case.proposal.at, second: case.proposal.second }.moment();
        problems.check_order(made, acts.iter().map(|act| act.when().moment()));
        let proposer = roll.find(&case.proposal.by, "proposal.by", &mut problems);
        let members: Vec<u32> = acts
            .iter()
            .enumerate()
            .map(|(number, act)| match act {
                Act::Vote { by, .. } => roll.find(by, &format!("acts {number}"), &mut problems),
                _ => 0,
            })
            .collect();
        problems.settle()?;

        let power = case.proposal.power.unwrap_or_else(|| roll.power(proposer));
        let mut proposal = Proposal::create(
            &executor,
            case.voting_delay,
            made,
            (power, case.supply),
            case.supply,
            case.proposal.actions,
            roll.len(),
        )
        .map_err(|revert| script::refuse(NAME, "proposal", revert))?;
        let mut came = Vec::with_capacity(acts.len());
        for (act, member) in acts.iter().zip(members) {
            let now = act.when().moment();
            let result = match act {
                Act::Vote { support, .. } => {
                    proposal.cast(now, member, matches!(support, Side::For), roll.power(member))
                }
                Act::Queue { .. } => proposal.queue(now),
                Act::Execute { .. } => proposal.execute(now),
                Act::Cancel { by, proposer_power, .. } => {
                    let power = proposer_power.unwrap_or(power);
                    proposal.cancel(now, case.guardian.as_ref() == Some(by), (power, case.supply))
                }
                Act::State { .. } => {
                    came.push(proposal.state(now).name().to_owned());
                    continue;
                }
            };
            came.push(script::came(result));
        }
        write_outcome(
            NAME,
            &script::Outcome {
                acts: came,
                tally: *proposal.sides(),
                quorum: proposal.quorum(),
                deadline: proposal.end(),
                eta: proposal.execution_time(),
            },
        )
    }
}

const EXAMPLE: &str = r#"{
  "executor": "short", "supply": "1600000", "powers": {"ann": "320000", "ben": "8000"},
  "proposal": {"at": 100, "second": 1000, "by": "ann"},
  "acts": [
    {"act": "vote", "at": 101, "second": 1012, "by": "ann", "support": "for"},
    {"act": "vote", "at": 102, "second": 1024, "by": "ben", "support": "against"},
    {"act": "queue", "at": 19301, "second": 300000},
    {"act": "execute", "at": 30000, "second": 386400}
  ]
}"#;
