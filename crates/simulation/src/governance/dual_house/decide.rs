//! Cases of two houses as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::script::Problems;
use super::super::{Amount, Card, Family, Rule, read_case, write_outcome};
use super::{Approval, Group, Houses, Outcome, Veto};
use crate::Result;

/// Two houses, approval and veto.
#[derive(Debug)]
pub struct DualHouse;

const NAME: &str = "dual-house";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Citizens {
    end_users: Group,
    apps: Group,
    chains: Group,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    approval: Approval,
    veto: Veto,
    token: Group,
    citizens: Citizens,
}

#[derive(Debug, Serialize)]
struct Found {
    quorum: bool,
    approved: bool,
    vetoed: bool,
    outcome: Outcome,
}

impl Rule for DualHouse {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Two houses, by tokens and by heads: one or both approve, and what is approved may be vetoed; Optimism's",
            definition: "Token House: quorum floor(votable supply x quorum / 10,000) <= for + against + abstain, approved where \
                floor(10,000 x for / (for + against)) >= approval, not where nobody says either. Citizens' House: mean over end \
                users, apps, chains of turnout (ballots / members) >= quorum, and of for / (for + against) >= approval. Joint: \
                the Token House weighs 1/2, each group 1/6. Veto, of those who may vote: the Token House's share, the mean of \
                the groups', or the share of all heads >= threshold; stakeholders: at least 2 of the 4 groups each >= 17 %, 3 \
                each >= 14 %, or 4 each >= 11 %, on appeal 23, 20, 17 %. Shares in parts of 10^18, rounded down. Optimism's \
                figures: quorum 30 %; approval 51 %, jointly 60 %, inflation 76 %; veto of a single house 20 %, of heads 30 %",
            source: "ethereum-optimism/OPerating-manual, manual.md v1.0.1 (Thresholds, Veto Procedure); voteagora/optimism-gov, \
                src/OptimismGovernorV6.sol (quorum, _quorumReached, _voteSucceeded); 30 % of heads: gov.optimism.io/t/7401",
            limits: "Counts are given; who may vote, and the weeks of review, vote and veto, are left out. The manual says neither how \
                shares are rounded nor what a group without yes and no counts: rounded down, and zero here; its 33 % and 16.67 % \
                are taken as thirds and sixths",
            example: EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        let case: Case = read_case(NAME, case)?;
        let mut problems = Problems::of(NAME);
        for (place, group) in [
            ("token", &case.token),
            ("citizens.end_users", &case.citizens.end_users),
            ("citizens.apps", &case.citizens.apps),
            ("citizens.chains", &case.citizens.chains),
        ] {
            problems.check(group.eligible > Amount::ZERO, place, "nobody may vote: `eligible` is zero");
            problems.check(
                group.fits(),
                place,
                format_args!("more vote than may, which is {}", group.eligible),
            );
        }
        let (quorum, approval) = match case.approval {
            Approval::Optimistic => (0, 0),
            Approval::Token { quorum, approval }
            | Approval::Citizens { quorum, approval }
            | Approval::Joint { quorum, approval } => (quorum, approval),
        };
        let threshold = match case.veto {
            Veto::None | Veto::Stakeholders { .. } => 0,
            Veto::Token { threshold } | Veto::Citizens { threshold } | Veto::Heads { threshold } => threshold,
        };
        for (place, points) in
            [("approval.quorum", quorum), ("approval.approval", approval), ("veto.threshold", threshold)]
        {
            problems.check(
                points <= 10_000,
                place,
                format_args!("{points} hundredths of a percent is above 10000"),
            );
        }
        problems.settle()?;

        let Citizens { end_users, apps, chains } = case.citizens;
        let houses = Houses { token: case.token, citizens: [end_users, apps, chains] };
        let (quorum, approved) = houses.approves(case.approval);
        let found = Found {
            quorum,
            approved,
            vetoed: houses.vetoes(case.veto),
            outcome: houses.outcome(case.approval, case.veto),
        };
        write_outcome(NAME, &found)
    }
}

const EXAMPLE: &str = r#"{
  "approval": {"token": {"quorum": 3000, "approval": 7600}}, "veto": {"citizens": {"threshold": 2000}},
  "token": {"eligible": "1000", "for": "400", "against": "100"},
  "citizens": {"end_users": {"eligible": "10", "veto": "3"}, "apps": {"eligible": "10", "veto": "1"}, "chains": {"eligible": "5", "veto": "0"}}
}"#;
