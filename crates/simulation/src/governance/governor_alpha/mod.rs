//! Compound's Governor Alpha: the life of [`super::governor_bravo`] without abstaining, with Alpha's cancelling.
//!
//! The machine is [`super::governor_bravo::Proposal`] under [`Settings::ALPHA`].

use serde::Deserialize;
use serde_json::Value;

use super::governor_bravo::{Cancelling, Case, Settings, run};
use super::{Amount, Card, Family, Rule, read_case};
use crate::Result;

/// A proposal of Compound's Governor Alpha.
#[derive(Debug)]
pub struct GovernorAlpha;

const NAME: &str = "governor-alpha";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct SettingsCase {
    voting_delay: u64,
    voting_period: u64,
    proposal_threshold: Amount,
    quorum_votes: Amount,
    timelock_delay: u64,
    grace: u64,
    guardian: Option<String>,
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
        } = Settings::ALPHA;
        Self {
            voting_delay,
            voting_period,
            proposal_threshold,
            quorum_votes,
            timelock_delay,
            grace,
            guardian: None,
        }
    }
}

impl Rule for GovernorAlpha {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lifecycle,
            purpose: "A proposal of Compound's Governor Alpha: for against a fixed quorum, no abstaining, timelock with expiry",
            definition: "start = made + 1, end = start + 17,280, in blocks; pending while block <= start, active while block <= \
                end; defeated where for <= against or for < quorum (400,000 COMP), else succeeded; queued until second >= eta + \
                14 days, then expired; executable from eta on. The proposer's power one block before is above 100,000 COMP; 1 to \
                10 actions; one pending or active proposal a proposer. Cancelling, but when executed: the guardian, or anyone \
                while the proposer's power is below the threshold; the proposer has no right of its own",
            source: "compound-finance/compound-protocol, contracts/Governance/GovernorAlpha.sol (propose, state, _castVote, queue, \
                execute, cancel) and contracts/Timelock.sol",
            limits: "The numbers are constants of Compound's contract and settings here, as forks changed them. Power at the \
                snapshot is given. Calls that fail in execution are left out",
            example: EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        let case: Case<SettingsCase> = read_case(NAME, case)?;
        run(NAME, &case, &std::collections::BTreeMap::new(), |given, roll, problems| Settings {
            voting_delay: given.voting_delay,
            voting_period: given.voting_period,
            proposal_threshold: given.proposal_threshold,
            quorum_votes: given.quorum_votes,
            timelock_delay: given.timelock_delay,
            grace: given.grace,
            cancelling: Cancelling::Alpha {
                guardian: given.guardian.as_ref().map(|name| roll.find(name, "settings.guardian", problems)),
            },
        })
    }
}

const EXAMPLE: &str = r#"{
  "powers": {"ann": "500000000000000000000000", "ben": "1000000000000000000"},
  "proposal": {"at": 1000, "second": 12000, "by": "ann"},
  "acts": [
    {"act": "vote", "at": 1002, "second": 12024, "by": "ann", "support": "for"},
    {"act": "queue", "at": 18282, "second": 219384},
    {"act": "execute", "at": 33000, "second": 392184}
  ]
}"#;

#[cfg(test)]
mod test;
