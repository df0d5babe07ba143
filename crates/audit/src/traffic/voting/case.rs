//! Cases as JSON: those of the native rule of the same governor, decided by the contract.

use alloy_primitives::Address;
use daotwin_simulation::governance::lifecycle::{Moment, Support, Tally};
use daotwin_simulation::governance::registry;
use daotwin_simulation::governance::{Amount, Card, Family, Powers, Rule, read_case, write_outcome};
use daotwin_simulation::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::vote::Came;
use super::{Bytecode, Generation, Vote, address_of};
use crate::traffic::Refused;

const NAME: &str = "bytecode";

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
}

const fn one() -> u32 {
    1
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    settings: Map<String, Value>,
    #[serde(default)]
    supply: Option<Amount>,
    powers: Powers,
    proposal: ProposalCase,
    acts: Vec<Act>,
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
        #[serde(default)]
        proposer_power: Option<Amount>,
    },
}

impl Act {
    const fn when(&self) -> (u64, Option<u64>) {
        match *self {
            Self::Vote { at, second, .. }
            | Self::State { at, second }
            | Self::Queue { at, second }
            | Self::Execute { at, second }
            | Self::Cancel { at, second, .. } => (at, second),
        }
    }
}

const fn moment((at, second): (u64, Option<u64>)) -> Moment {
    Moment {
        clock: at,
        second: match second {
            Some(second) => second,
            None => at,
        },
    }
}

#[derive(Debug, Serialize)]
struct Outcome {
    acts: Vec<String>,
    tally: Tally,
    quorum: Amount,
    deadline: u64,
    eta: Option<u64>,
}

fn came(came: Came) -> String {
    match came {
        Ok(()) => "done".to_owned(),
        Err(Refused(reason)) => format!("reverts: {reason}"),
    }
}

impl Bytecode {
    /// What the contract says to a setting of a case; none where a contract is not asked for it.
    fn says(&self, key: &str) -> Option<Value> {
        let settings = self.settings();
        let openzeppelin = self.governor().generation == Generation::OpenZeppelin;
        let text = |amount: Amount| Value::from(amount.to_string());
        match key {
            "voting_delay" => Some(settings.voting_delay.into()),
            "voting_period" => Some(settings.voting_period.into()),
            "proposal_threshold" => Some(text(settings.proposal_threshold)),
            "quorum_votes" => settings.quorum_votes.map(text),
            "quorum" => settings.quorum_fraction.map(
                |(above, below)| serde_json::json!({"fraction": {"numerator": above, "denominator": below}}),
            ),
            "counting" if openzeppelin => Some("simple".into()),
            "timelock_delay" => settings.timelock_delay.map(Value::from),
            "grace" => settings.grace.map(Value::from),
            "timelock" => Some(match (settings.timelock_delay, settings.grace) {
                (None, _) => "none".into(),
                (Some(delay), None) => serde_json::json!({"control": {"delay": delay}}),
                (Some(delay), Some(grace)) => {
                    serde_json::json!({"compound": {"delay": delay, "grace": grace}})
                }
            }),
            _ => None,
        }
    }

    /// The address of a member: an actor of that name, or one of its own.
    fn member(&self, name: &str) -> Address {
        let actor = self.world.actors.iter().find(|actor| actor.name == name);
        actor.map_or_else(|| address_of(name), |actor| actor.address)
    }

    /// Settings of a case that are not those of the contract.
    fn differences(&self, given: &Map<String, Value>) -> Vec<String> {
        let plain = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let mut problems = Vec::new();
        for (key, value) in given {
            // Bounds are those of Compound's own constructor, and nothing that a vote could differ by.
            if key == "bounds" {
                continue;
            }
            let contract = &self.governor().name;
            if key == "guardian" && self.governor().generation == Generation::Alpha {
                let named = value.as_str().map_or(Address::ZERO, |name| self.member(name));
                if named != self.guardian {
                    problems.push(format!(
                        "settings.guardian: contract `{contract}` has another, {}",
                        self.guardian
                    ));
                }
                continue;
            }
            match self.says(key) {
                Some(said) if plain(&said) == plain(value) => {}
                Some(said) => problems
                    .push(format!("settings.{key}: is {value}, and contract `{contract}` says {said}")),
                None => problems.push(format!(
                    "settings.{key}: contract `{contract}` is not asked for this; leave it out"
                )),
            }
        }
        problems
    }

    fn play(&self, case: &Case) -> crate::Result<Outcome> {
        let address = |name: &str| self.member(name);
        let proposer = address(&case.proposal.by);
        let made = moment((case.proposal.at, case.proposal.second));
        let at_snapshot: Vec<(Address, Amount)> =
            case.powers.iter().map(|(name, power)| (address(name), *power)).collect();
        let own =
            at_snapshot.iter().find(|(member, _)| *member == proposer).map_or(Amount::ZERO, |(_, own)| *own);
        let first = case.proposal.power.unwrap_or(own);
        let mut before = at_snapshot.clone();
        before.retain(|(member, _)| *member != proposer);
        before.push((proposer, first));
        // With all that is needed at either time.
        let supply = case.supply.or_else(|| {
            let sum = |powers: &[(Address, Amount)]| powers.iter().map(|(_, power)| power.0).sum::<u128>();
            let most = sum(&before).max(sum(&at_snapshot));
            (alloy_primitives::U256::from(most) > self.supply).then_some(Amount(most))
        });
        let mut vote = self.prepare(supply, &before, made)?;
        vote.propose(proposer, case.proposal.actions)??;
        if first != own {
            vote.regrant(Moment { clock: made.clock + 1, second: made.second + 1 }, proposer, own)?;
        }
        let mut acts = Vec::with_capacity(case.acts.len());
        for act in &case.acts {
            let now = moment(act.when());
            acts.push(Self::act(&mut vote, act, now, address, proposer)?);
        }
        let (tally, deadline, eta) = (vote.tally()?, vote.deadline()?, vote.eta()?);
        Ok(Outcome { acts, tally, quorum: vote.quorum()?, deadline, eta })
    }

    fn act(
        vote: &mut Vote<'_>,
        act: &Act,
        now: Moment,
        address: impl Fn(&str) -> Address,
        proposer: Address,
    ) -> crate::Result<String> {
        Ok(match act {
            Act::State { .. } => vote.state(now)?.name().to_owned(),
            Act::Vote { by, support, .. } => came(vote.cast(now, address(by), *support)?),
            Act::Queue { .. } => came(vote.queue(now)?),
            Act::Execute { .. } => came(vote.execute(now)?),
            Act::Cancel { by, proposer_power, .. } => {
                if let Some(power) = proposer_power {
                    vote.regrant(now, proposer, *power)?;
                }
                came(vote.cancel(now, address(by))?)
            }
        })
    }
}

impl Rule for Bytecode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lifecycle,
            purpose: "A proposal on a DAO's own governor: every act is a transaction on its code",
            definition: "Powers are handed out as tokens of the governor's token, each delegated to its holder, one clock unit \
                before the proposal is made; then every act of the case is a call, and every answer is the contract's: \
                `state`, the tally, the quorum, the deadline. Settings are the contract's; those that a case gives have to be \
                the same",
            source: "The code itself; acts and outcomes are those of rules `governor`, `governor-bravo` and `governor-alpha`",
            limits: "Split and overriding ballots, guardians and whitelists are not played. A supply other than the world's \
                needs somebody who may mint. Reasons of refusals are the contract's words",
            example: r#"{"powers": {"ann": "60", "ben": "40"}, "proposal": {"at": 5, "by": "ann"}, "acts": []}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        // The cases of the native rule are the cases of this one, on a contract with the settings of each.
        registry::find(self.governor().generation.native()).map_or("[]", Rule::vectors)
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        let case: Case = read_case(NAME, case)?;
        let mut problems = self.differences(&case.settings);
        let mut names: Vec<(&str, String)> = vec![(&case.proposal.by, "proposal.by".to_owned())];
        let mut last = moment((case.proposal.at, case.proposal.second));
        for (number, act) in case.acts.iter().enumerate() {
            if let Act::Vote { by, .. } | Act::Cancel { by, .. } = act {
                names.push((by, format!("acts {number}")));
            }
            let now = moment(act.when());
            if now.clock < last.clock || now.second < last.second {
                problems.push(format!(
                    "acts {number}: is before what precedes it: put acts in the order of time"
                ));
            }
            last = now;
        }
        for (name, place) in names {
            if !case.powers.contains_key(name) {
                problems.push(format!(
                    "{place}: there is no member `{name}`: give it a power, `\"0\"` where it has none"
                ));
            }
        }
        let told = |problem: String| format!("case of rule `{NAME}`: {problem}");
        if !problems.is_empty() {
            return Err(Error::Case { problems: problems.into_iter().map(told).collect() });
        }
        let outcome =
            self.play(&case).map_err(|error| Error::Case { problems: vec![told(error.to_string())] })?;
        write_outcome(NAME, &outcome)
    }
}
