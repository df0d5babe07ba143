//! Cases of a council as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::lifecycle::Members;
use super::super::script::{self, Problems};
use super::super::{Card, Family, Rule, read_case, write_outcome};
use super::{Action, Council, Path, Which, earliest};
use crate::Result;

/// A council of k of n.
#[derive(Debug)]
pub struct CouncilRule;

const NAME: &str = "council";

#[derive(Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Approve {
        at: u64,
        by: String,
    },
    Withdraw {
        at: u64,
        by: String,
    },
    Rotate {
        at: u64,
        #[serde(default)]
        come: Vec<String>,
        #[serde(default)]
        go: Vec<String>,
        #[serde(default)]
        threshold: Option<u32>,
        #[serde(default)]
        emergency_threshold: Option<u32>,
    },
    Schedule {
        at: u64,
    },
    Execute {
        at: u64,
    },
    State {
        at: u64,
    },
}

impl Act {
    const fn at(&self) -> u64 {
        match *self {
            Self::Approve { at, .. }
            | Self::Withdraw { at, .. }
            | Self::Rotate { at, .. }
            | Self::Schedule { at }
            | Self::Execute { at }
            | Self::State { at } => at,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    members: Vec<String>,
    normal: Path,
    #[serde(default)]
    emergency: Option<Path>,
    #[serde(default)]
    path: Which,
    start: u64,
    /// Seconds that members take to answer, where the question is how soon the council can act.
    #[serde(default)]
    latencies: Option<BTreeMap<String, u64>>,
    #[serde(default)]
    acts: Vec<Value>,
}

#[derive(Debug, Serialize)]
struct Soonest {
    normal: Option<u64>,
    emergency: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    acts: Vec<String>,
    approvals: u32,
    ready: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    soonest: Option<Soonest>,
}

impl Rule for CouncilRule {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lifecycle,
            purpose: "A council in which k of n approve: a slow path with a delay, a fast one for emergencies, rotation, expiry",
            definition: "Approvals of members who sit now count. On an approval, or when asked, approvals >= the path's threshold \
                schedule; then approvals are closed. Executed once, from scheduled + delay on; with an expiry until scheduled + \
                delay + expiry, inclusive. A rotation leaves each threshold from 1 to the number of members. Where members \
                answer after given seconds, the soonest act is start + the k-th smallest + delay. Arbitrum's: 12 members, 7 on a \
                timelock of 3 days, 9 at once",
            source: "lidofinance/dual-governance, contracts/committees/HashConsensus.sol (_vote, schedule, _markUsed, _addMembers, \
                _removeMembers); expiry: gnosisguild/zodiac-modifier-delay, contracts/Delay.sol (executeNextTx); figures: \
                ArbitrumFoundation/governance, docs/overview.md and docs/proposal_lifecycle_example.md",
            limits: "One action at a time. Signatures, nonces and gas are left out; a Safe, whose approvals are signatures checked all \
                at once when executed, is the case of delay 0. Arbitrum's later waits on the way to Ethereum are left out",
            example: EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        let case: Case = read_case(NAME, case)?;
        let mut problems = Problems::of(NAME);
        let acts: Vec<Act> = problems.read_each("acts", &case.acts);
        problems.check_seconds(case.start, acts.iter().map(Act::at));
        // All names that occur, so that who comes later has a number too.
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for name in &case.members {
            problems.check(names.insert(name), "members", format_args!("`{name}` sits twice"));
        }
        let seats: Vec<&str> = names.iter().copied().collect();
        for act in &acts {
            match act {
                Act::Approve { by, .. } | Act::Withdraw { by, .. } => {
                    names.insert(by);
                }
                Act::Rotate { come, go, .. } => names.extend(come.iter().chain(go).map(String::as_str)),
                _ => {}
            }
        }
        let numbers: BTreeMap<&str, u32> = names.into_iter().zip(0..).collect();
        let mut members = Members::with_room(numbers.len());
        for name in seats {
            members.insert(numbers[name]);
        }
        let mut council = Council { members, normal: case.normal, emergency: case.emergency };
        for (place, path) in [("normal", Some(case.normal)), ("emergency", case.emergency)] {
            if let Some(Path { threshold, .. }) = path {
                let seats = council.members.len();
                problems.check(
                    (1..=seats).contains(&threshold),
                    &format!("{place}.threshold"),
                    format_args!("{threshold} is not from 1 to {seats}, the number of members"),
                );
            }
        }
        problems.check(
            case.path == Which::Normal || case.emergency.is_some(),
            "path",
            "is `emergency`, and the council has no such path: give `emergency` a threshold and a delay",
        );
        for name in case.latencies.iter().flat_map(BTreeMap::keys) {
            let seat = numbers.get(name.as_str()).is_some_and(|number| council.members.contains(*number));
            problems.check(seat, "latencies", format_args!("`{name}` is no member"));
        }
        problems.settle()?;

        let soonest = case.latencies.as_ref().map(|latencies| {
            let mut seconds: Vec<u64> = latencies.values().copied().collect();
            Soonest {
                normal: earliest(&case.normal, case.start, &mut seconds),
                emergency: case.emergency.and_then(|path| earliest(&path, case.start, &mut seconds)),
            }
        });
        let which = case.path;
        let mut action =
            Action::open(&council, which).map_err(|revert| script::refuse(NAME, "path", revert))?;
        let numbered =
            |names: &[String]| names.iter().map(|name| numbers[name.as_str()]).collect::<Vec<u32>>();
        let mut came = Vec::with_capacity(acts.len());
        for act in &acts {
            let result = match act {
                Act::Approve { at, by } => action.approve(&council, which, *at, numbers[by.as_str()], true),
                Act::Withdraw { at, by } => action.approve(&council, which, *at, numbers[by.as_str()], false),
                Act::Rotate { come, go, threshold, emergency_threshold, .. } => {
                    council.rotate(&numbered(come), &numbered(go), *threshold, *emergency_threshold)
                }
                Act::Schedule { at } => action.schedule(&council, which, *at),
                Act::Execute { at } => action.execute(*at),
                Act::State { at } => {
                    came.push(action.state(*at).name().to_owned());
                    continue;
                }
            };
            came.push(script::came(result));
        }
        let outcome =
            Outcome { acts: came, approvals: action.approvals(&council), ready: action.ready(), soonest };
        write_outcome(NAME, &outcome)
    }
}

const EXAMPLE: &str = r#"{
  "members": ["ann", "ben", "cas"], "normal": {"threshold": 2, "delay": 100}, "emergency": {"threshold": 3, "delay": 0},
  "start": 0, "latencies": {"ann": 10, "ben": 500, "cas": 30},
  "acts": [{"act": "approve", "at": 10, "by": "ann"}, {"act": "approve", "at": 30, "by": "cas"}, {"act": "execute", "at": 130}]
}"#;
