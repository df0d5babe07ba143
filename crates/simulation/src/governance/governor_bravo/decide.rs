//! Cases of Governor Bravo as JSON; Alpha's are read with the same types.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::lifecycle::{State, Support};
use super::super::script::{self, Problems, Roll, When};
use super::super::{Amount, Card, Family, Powers, Rule, read_case, write_outcome};
use super::{Cancelling, Proposal, Proposer, Settings};
use crate::Result;

/// A proposal of Compound's Governor Bravo.
#[derive(Debug)]
pub struct GovernorBravo;

const NAME: &str = "governor-bravo";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Bounds {
    #[default]
    Compound,
    Free,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SettingsCase {
    voting_delay: u64,
    voting_period: u64,
    proposal_threshold: Amount,
    quorum_votes: Amount,
    timelock_delay: u64,
    grace: u64,
    bounds: Bounds,
    whitelist: BTreeMap<String, u64>,
    whitelist_guardian: Option<String>,
}

impl Default for SettingsCase {
    fn default() -> Self {
        let Settings {
            voting_delay,
            voting_period,
            proposal_threshold,
            quorum_votes,
            timelock_delay,
            grace,
            ..
        } = Settings::BRAVO;
        Self {
            voting_delay,
            voting_period,
            proposal_threshold,
            quorum_votes,
            timelock_delay,
            grace,
            bounds: Bounds::default(),
            whitelist: BTreeMap::new(),
            whitelist_guardian: None,
        }
    }
}

const fn one() -> u32 {
    1
}

/// Who makes the proposal, and when.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposalCase {
    at: u64,
    #[serde(default)]
    second: Option<u64>,
    by: String,
    #[serde(default)]
    power: Option<Amount>,
    #[serde(default = "one")]
    actions: u32,
    #[serde(default)]
    latest: Option<State>,
}

/// A case of either generation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Case<S> {
    #[serde(default)]
    pub(in super::super) settings: S,
    powers: Powers,
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
        support: Support,
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
        /// The proposer's power one block before.
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

/// Decides a case under settings that `make` reads from it; `whitelist` holds expiries by name, in seconds.
pub(in super::super) fn run<S>(
    name: &'static str,
    case: &Case<S>,
    whitelist: &BTreeMap<String, u64>,
    make: impl FnOnce(&S, &Roll, &mut Problems) -> Settings,
) -> Result<Value> {
    let mut problems = Problems::of(name);
    let roll = Roll::new(&case.powers, &mut problems);
    let settings = make(&case.settings, &roll, &mut problems);
    problems.check(settings.voting_period > 0, "settings.voting_period", "0 leaves no block to vote in");
    let acts: Vec<Act> = problems.read_each("acts", &case.acts);
    let made = When { at: case.proposal.at, second: case.proposal.second }.moment();
    problems.check_order(made, acts.iter().map(|act| act.when().moment()));
    let member = roll.find(&case.proposal.by, "proposal.by", &mut problems);
    let members: Vec<u32> = acts
        .iter()
        .enumerate()
        .map(|(number, act)| match act {
            Act::Vote { by, .. } | Act::Cancel { by, .. } => {
                roll.find(by, &format!("acts {number}"), &mut problems)
            }
            _ => 0,
        })
        .collect();
    problems.settle()?;

    let whitelisted = |second| whitelist.get(&case.proposal.by).is_some_and(|expiry| *expiry > second);
    let proposer = Proposer {
        member,
        power: case.proposal.power.unwrap_or_else(|| roll.power(member)),
        whitelisted: whitelisted(made.second),
        latest: case.proposal.latest,
    };
    let mut proposal = Proposal::propose(&settings, made, &proposer, case.proposal.actions, roll.len())
        .map_err(|revert| script::refuse(name, "proposal", revert))?;
    let mut came = Vec::with_capacity(acts.len());
    for (act, member) in acts.iter().zip(members) {
        let now = act.when().moment();
        let result = match act {
            Act::Vote { support, .. } => proposal.cast(&settings, now, member, *support, roll.power(member)),
            Act::Queue { .. } => proposal.queue(&settings, now),
            Act::Execute { .. } => proposal.execute(&settings, now),
            Act::Cancel { proposer_power, .. } => {
                let power = proposer_power.unwrap_or(proposer.power);
                proposal.cancel(&settings, now, member, power, whitelisted(now.second))
            }
            Act::State { .. } => {
                came.push(proposal.state(&settings, now).name().to_owned());
                continue;
            }
        };
        came.push(script::came(result));
    }
    write_outcome(
        name,
        &script::Outcome {
            acts: came,
            tally: *proposal.tally(),
            quorum: settings.quorum_votes,
            deadline: proposal.end(),
            eta: proposal.eta(),
        },
    )
}

impl Rule for GovernorBravo {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lifecycle,
            purpose: "A proposal of Compound's Governor Bravo: for against a fixed quorum, timelock with expiry, cancelling",
            definition: "start = made + delay, end = start + period, in blocks; pending while block <= start, active while \
                block <= end; defeated where for <= against or for < quorum (400,000 COMP; for alone counts), else \
                succeeded; queued until second >= eta + 14 days, then expired; executable from eta on. The proposer's power \
                one block before is above the threshold (strictly) or it is whitelisted (expiry > now); 1 to 10 actions; one \
                pending or active proposal a proposer. Cancelling, but when executed: the proposer; anyone while the \
                proposer's power is below the threshold, for a whitelisted one only the whitelist's guardian. Bounds: delay 1 \
                to 40,320 blocks, period 5,760 to 80,640, threshold 1,000 to 100,000 COMP, timelock 2 to 30 days",
            source: "compound-finance/compound-protocol, contracts/Governance/GovernorBravoDelegate.sol (propose, state, \
                castVoteInternal, queue, execute, cancel, initialize) and contracts/Timelock.sol",
            limits: "Settings stay as they are while a proposal lives. Power at the snapshot is given. Identical actions queued \
                at one eta, and calls that fail in execution, are left out. Forks with other bounds: `bounds` is `free`",
            example: EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        let case: Case<SettingsCase> = read_case(NAME, case)?;
        run(NAME, &case, &case.settings.whitelist, |given, roll, problems| {
            let settings = Settings {
                voting_delay: given.voting_delay,
                voting_period: given.voting_period,
                proposal_threshold: given.proposal_threshold,
                quorum_votes: given.quorum_votes,
                timelock_delay: given.timelock_delay,
                grace: given.grace,
                cancelling: Cancelling::Bravo {
                    whitelist_guardian: given
                        .whitelist_guardian
                        .as_ref()
                        .map(|name| roll.find(name, "settings.whitelist_guardian", problems)),
                },
            };
            if given.bounds == Bounds::Compound {
                for (name, value, [least, most]) in settings.out_of_bounds() {
                    problems.note(
                        &format!("settings.{name}"),
                        format_args!(
                            "{value} is not from {least} to {most}; a fork may set `bounds` to `\"free\"`"
                        ),
                    );
                }
            }
            for name in given.whitelist.keys() {
                roll.find(name, "settings.whitelist", problems);
            }
            settings
        })
    }
}

const EXAMPLE: &str = r#"{
  "powers": {"ann": "500000000000000000000000", "ben": "1000000000000000000"},
  "proposal": {"at": 1000, "second": 12000, "by": "ann"},
  "acts": [
    {"act": "vote", "at": 14141, "second": 169692, "by": "ann", "support": "for"},
    {"act": "vote", "at": 33850, "second": 406200, "by": "ben", "support": "against"},
    {"act": "queue", "at": 33851, "second": 406212},
    {"act": "execute", "at": 50000, "second": 579012}
  ]
}"#;
