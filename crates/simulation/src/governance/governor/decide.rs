//! Cases of a governor as JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::lifecycle::{Support, Tally};
use super::super::script::{self, Problems, Roll, When};
use super::super::{Amount, Card, Family, Powers, Rule, read_case, write_outcome};
use super::{Counting, Guardian, Proposal, Quorum, Settings, Timelock};
use crate::Result;

/// A proposal of an OpenZeppelin Governor.
#[derive(Debug)]
pub struct Governor;

const NAME: &str = "governor";

/// Times of the original are 48-bit, durations 32-bit numbers.
const LATEST: u64 = (1 << 48) - 1;
const LONGEST: u64 = (1 << 32) - 1;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum GuardianCase {
    #[default]
    Absent,
    Unset,
    Caller(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsCase {
    voting_delay: u64,
    voting_period: u64,
    #[serde(default)]
    proposal_threshold: Amount,
    quorum: Quorum,
    #[serde(default)]
    super_quorum: Option<Quorum>,
    #[serde(default)]
    counting: Counting,
    #[serde(default)]
    late_quorum_extension: Option<u64>,
    #[serde(default)]
    guardian: GuardianCase,
    #[serde(default)]
    timelock: Timelock,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposalCase {
    at: u64,
    #[serde(default)]
    second: Option<u64>,
    by: String,
    #[serde(default)]
    power: Option<Amount>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    settings: SettingsCase,
    #[serde(default)]
    supply: Option<Amount>,
    #[serde(default)]
    powers: Option<Powers>,
    #[serde(default)]
    balances: Option<Powers>,
    #[serde(default)]
    delegates: Option<BTreeMap<String, String>>,
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
    Split {
        at: u64,
        second: Option<u64>,
        by: String,
        #[serde(default)]
        against: Amount,
        #[serde(default, rename = "for")]
        in_favour: Amount,
        #[serde(default)]
        abstain: Amount,
    },
    Override {
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
    },
    TimelockExecute {
        at: u64,
        second: Option<u64>,
    },
    TimelockCancel {
        at: u64,
        second: Option<u64>,
    },
}

impl Act {
    const fn when(&self) -> When {
        match *self {
            Self::Vote { at, second, .. }
            | Self::Split { at, second, .. }
            | Self::Override { at, second, .. }
            | Self::State { at, second }
            | Self::Queue { at, second }
            | Self::Execute { at, second }
            | Self::Cancel { at, second, .. }
            | Self::TimelockExecute { at, second }
            | Self::TimelockCancel { at, second } => When { at, second },
        }
    }
}

/// The powers of a case: given, or from balances and delegates where counting is overridable.
fn powers(case: &Case, problems: &mut Problems) -> Powers {
    if case.settings.counting != Counting::Overridable {
        for (name, given) in [("balances", case.balances.is_some()), ("delegates", case.delegates.is_some())]
        {
            problems.check(!given, name, "belongs to counting `overridable`; give `powers`");
        }
        if case.powers.is_none() {
            problems.note("powers", "is missing: each member's power at the snapshot");
        }
        return case.powers.clone().unwrap_or_default();
    }
    problems.check(
        case.powers.is_none(),
        "powers",
        "counting `overridable` takes `balances` and `delegates`",
    );
    if case.balances.is_none() {
        problems.note("balances", "is missing: each member's tokens at the snapshot");
    }
    let (none, nobody) = (Powers::new(), BTreeMap::new());
    let balances = case.balances.as_ref().unwrap_or(&none);
    let mut powers: Powers = balances.keys().map(|name| (name.clone(), Amount::ZERO)).collect();
    for (from, to) in case.delegates.as_ref().unwrap_or(&nobody) {
        let place = format!("delegates `{from}`");
        let (Some(balance), Some(power)) = (balances.get(from), powers.get_mut(to)) else {
            problems.note(
                &place,
                format_args!("`{from}` and `{to}` both need a balance, `\"0\"` where there is none"),
            );
            continue;
        };
        match power.checked_add(*balance) {
            Some(sum) => *power = sum,
            None => problems.note(&place, "power above 2^128 - 1"),
        }
    }
    powers
}

fn settings(case: &SettingsCase, roll: &Roll, problems: &mut Problems) -> Settings {
    problems.check(
        (1..=LONGEST).contains(&case.voting_period),
        "settings.voting_period",
        format_args!("{} is not from 1 to {LONGEST}", case.voting_period),
    );
    problems.check(
        case.voting_delay <= LATEST,
        "settings.voting_delay",
        format_args!("{} is above {LATEST}", case.voting_delay),
    );
    for (place, quorum) in
        [("settings.quorum", Some(case.quorum)), ("settings.super_quorum", case.super_quorum)]
    {
        if let Some(Quorum::Fraction { numerator, denominator }) = quorum {
            problems.check(
                denominator > 0 && numerator <= denominator,
                place,
                format_args!("{numerator}/{denominator} is not a fraction from 0 to 1"),
            );
        }
    }
    Settings {
        voting_delay: case.voting_delay,
        voting_period: case.voting_period,
        proposal_threshold: case.proposal_threshold,
        quorum: case.quorum,
        super_quorum: case.super_quorum,
        counting: case.counting,
        late_quorum_extension: case.late_quorum_extension,
        guardian: match &case.guardian {
            GuardianCase::Absent => Guardian::Absent,
            GuardianCase::Unset => Guardian::Unset,
            GuardianCase::Caller(name) => Guardian::Caller(roll.find(name, "settings.guardian", problems)),
        },
        timelock: case.timelock,
    }
}

impl Rule for Governor {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lifecycle,
            purpose: "A proposal of an OpenZeppelin Governor 5: token vote at a snapshot, quorum, timelock, cancelling",
            definition: "snapshot = made + delay, deadline = snapshot + period; pending while clock <= snapshot, active \
                while clock <= deadline. Quorum: quorum <= for + abstain, where quorum = floor(supply at the snapshot x \
                numerator / denominator) or a fixed amount; won: for > against; else defeated. The proposer needs power >= \
                threshold one clock unit before. Fractional counting: power may be split over ballots, a plain ballot uses \
                what is left. Overridable: a delegator's balance leaves its delegate's ballot, cast or to come. Late quorum: \
                the ballot that first meets the quorum sets deadline = max(deadline, clock + extension). Super quorum: won \
                early where for >= super quorum and for > against. Control timelock: executable from queued + delay, for \
                ever, and its own executors and cancellers may act on it; Compound's: from eta, expired from eta + grace on. \
                Cancelling: the proposer while pending; the guardian at any time before the end, or the proposer where the \
                guardian is unset",
            source: "@openzeppelin/contracts 5.4.0, governance/Governor.sol (state, propose, queue, execute, cancel, \
                _validateCancel), extensions GovernorCountingSimple, -Fractional, -Overridable, -PreventLateQuorum, \
                -SuperQuorum, -ProposalGuardian, -VotesQuorumFraction, -TimelockControl, -TimelockCompound, and \
                TimelockController.getOperationState",
            limits: "Settings stay as they are while a proposal lives. Power at the snapshot is given (delegation is another \
                rule). Timelock access managers, batch predecessors, and calls that fail in execution are left out",
            example: EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        let case: Case = read_case(NAME, case)?;
        let mut problems = Problems::of(NAME);
        let powers = powers(&case, &mut problems);
        let roll = Roll::new(&powers, &mut problems);
        let settings = settings(&case.settings, &roll, &mut problems);
        let acts: Vec<Act> = problems.read_each("acts", &case.acts);
        let made = When { at: case.proposal.at, second: case.proposal.second }.moment();
        problems.check_order(made, acts.iter().map(|act| act.when().moment()));
        let fraction = |quorum| matches!(quorum, Some(Quorum::Fraction { .. }));
        match case.supply {
            None if fraction(Some(settings.quorum)) || fraction(settings.super_quorum) => {
                problems.note("supply", "is missing: a quorum by fraction needs the supply at the snapshot");
            }
            Some(Amount::ZERO) => problems.note("supply", "is zero: nobody could vote"),
            Some(supply) if supply < roll.total() => problems
                .note("supply", format_args!("{supply} is less than all powers together, {}", roll.total())),
            _ => {}
        }
        let supply = case.supply.unwrap_or_default();
        if let (Some(quorum), Some(Some(least))) =
            (settings.quorum.amount(supply), settings.super_quorum.map(|quorum| quorum.amount(supply)))
        {
            problems.check(
                least >= quorum,
                "settings.super_quorum",
                format_args!("{least} is below the quorum {quorum}"),
            );
        }
        let proposer = roll.find(&case.proposal.by, "proposal.by", &mut problems);
        let power = case.proposal.power.unwrap_or_else(|| roll.power(proposer));
        let members: Vec<u32> = acts
            .iter()
            .enumerate()
            .map(|(number, act)| match act {
                Act::Vote { by, .. }
                | Act::Split { by, .. }
                | Act::Override { by, .. }
                | Act::Cancel { by, .. } => roll.find(by, &format!("acts {number}"), &mut problems),
                _ => 0,
            })
            .collect();
        problems.settle()?;

        let mut proposal = Proposal::propose(&settings, made, proposer, power, supply, roll.len())
            .map_err(|revert| script::refuse(NAME, "proposal", revert))?;
        let mut came = Vec::with_capacity(acts.len());
        for (act, member) in acts.iter().zip(members) {
            let now = act.when().moment();
            let result = match act {
                Act::Vote { support, .. } => {
                    proposal.cast(&settings, now, member, *support, roll.power(member))
                }
                Act::Split { against, in_favour, abstain, .. } => {
                    let split = Tally { against: *against, in_favour: *in_favour, abstain: *abstain };
                    proposal.cast_split(&settings, now, member, &split, roll.power(member))
                }
                Act::Override { by, support, .. } => {
                    let delegate = case.delegates.as_ref().and_then(|delegates| delegates.get(by));
                    let delegate = delegate.map(|name| roll.caller(name));
                    let balance = case.balances.as_ref().and_then(|balances| balances.get(by));
                    let balance = balance.copied().unwrap_or_default();
                    proposal.cast_override(&settings, now, member, *support, balance, delegate)
                }
                Act::Queue { .. } => proposal.queue(&settings, now),
                Act::Execute { .. } => proposal.execute(&settings, now),
                Act::Cancel { .. } => proposal.cancel(&settings, now, member),
                Act::TimelockExecute { .. } => proposal.execute_in_timelock(&settings, now),
                Act::TimelockCancel { .. } => proposal.cancel_in_timelock(&settings),
                Act::State { .. } => {
                    came.push(proposal.state(&settings, now).name().to_owned());
                    continue;
                }
            };
            came.push(script::came(result));
        }
        write_outcome(
            NAME,
            &script::Outcome {
                acts: came,
                tally: *proposal.tally(),
                quorum: proposal.quorum(),
                deadline: proposal.deadline(),
                eta: proposal.eta(),
            },
        )
    }
}

const EXAMPLE: &str = r#"{
  "settings": {
    "voting_delay": 1, "voting_period": 10, "quorum": {"fraction": {"numerator": 4, "denominator": 100}},
    "timelock": {"control": {"delay": 100}}
  },
  "supply": "1000", "powers": {"ann": "30", "ben": "12", "cas": "0"},
  "proposal": {"at": 5, "second": 60, "by": "ann"},
  "acts": [
    {"act": "vote", "at": 7, "second": 84, "by": "ann", "support": "for"},
    {"act": "vote", "at": 16, "second": 192, "by": "ben", "support": "abstain"},
    {"act": "queue", "at": 17, "second": 204},
    {"act": "execute", "at": 26, "second": 304}
  ]
}"#;
