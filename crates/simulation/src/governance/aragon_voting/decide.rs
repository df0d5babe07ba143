//! Cases of Aragon's Voting as JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::aave_governance::Sides;
use super::super::script::{self, Problems, Roll};
use super::super::{Amount, Card, Family, Powers, Rule, read_case, write_outcome};
use super::{Phase, Settings, Vote, WHOLE};
use crate::Result;

/// A vote of Aragon's Voting app.
#[derive(Debug)]
pub struct AragonVoting;

const NAME: &str = "aragon-voting";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsCase {
    support_required: Amount,
    minimum_acceptance_quorum: Amount,
    vote_time: u64,
    #[serde(default)]
    objection_phase: u64,
    #[serde(default)]
    early_execution: Option<bool>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Side {
    Yea,
    Nay,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Vote {
        at: u64,
        by: String,
        support: Side,
        /// Executes at once where nothing can change the vote any more.
        #[serde(default)]
        execute_if_decided: bool,
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
            Self::Vote { at, .. } | Self::Execute { at } | Self::State { at } => at,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    settings: SettingsCase,
    supply: Amount,
    powers: Powers,
    start: u64,
    acts: Vec<Value>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    acts: Vec<String>,
    tally: Sides,
    executed: bool,
}

fn settings(case: &SettingsCase, problems: &mut Problems) -> Settings {
    let (support, quorum) = (case.support_required, case.minimum_acceptance_quorum);
    problems.check(
        support.0 < WHOLE,
        "settings.support_required",
        format_args!("{support} is not below {WHOLE}, the whole"),
    );
    problems.check(
        quorum <= support,
        "settings.minimum_acceptance_quorum",
        format_args!("{quorum} is above the support required, {support}"),
    );
    problems.check(
        case.vote_time > case.objection_phase,
        "settings.vote_time",
        format_args!("{} is not above the objection phase, {}", case.vote_time, case.objection_phase),
    );
    Settings {
        support_required: u64::try_from(support.0).unwrap_or(u64::MAX),
        minimum_acceptance_quorum: u64::try_from(quorum.0).unwrap_or(u64::MAX),
        vote_time: case.vote_time,
        objection_phase: case.objection_phase,
        early_execution: case.early_execution.unwrap_or(case.objection_phase == 0),
    }
}

/// The word for where a vote is.
fn word(vote: &Vote, settings: &Settings, second: u64) -> &'static str {
    match vote.phase(settings, second) {
        _ if vote.executed() => "executed",
        _ if vote.can_execute(settings, second) => "succeeded",
        Phase::Main => "active",
        Phase::Objection => "objection",
        Phase::Closed => "defeated",
    }
}

impl Rule for AragonVoting {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lifecycle,
            purpose: "A vote of Aragon's Voting: support among ballots, acceptance quorum of the supply, re-voting, Lido's objections",
            definition: "With shares in parts of 10^18 rounded down: carries where yea / (yea + nay) > support required and yea / \
                supply > minimum acceptance quorum, both strictly, once second >= start + vote time; with early execution also \
                before, where yea / supply > support required. Ballots while second < start + vote time and not executed, with \
                power above zero; a later ballot of a member replaces its earlier one. Objection phase: from end - phase on only \
                nay is taken, and one who said yea may turn to nay. Quorum <= support < 100 %; vote time > objection phase",
            source: "@aragon/apps-voting 2.1.0, contracts/Voting.sol (_vote, _canExecute, _isVoteOpen, _isValuePct); \
                lidofinance/aragon-apps, apps/voting/contracts/Voting.sol (_getVotePhase, _isValidPhaseToVote, _canExecute)",
            limits: "Power at the snapshot is given. Lido's delegates, who may vote for a member that has not voted itself, are left \
                out. Changes of vote time while a vote is open, which move its end in the original, are left out",
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
        let settings = settings(&case.settings, &mut problems);
        problems.check(case.supply > Amount::ZERO, "supply", "is zero: nobody could vote");
        problems.check(
            case.supply >= roll.total(),
            "supply",
            format_args!("{} is less than all powers together, {}", case.supply, roll.total()),
        );
        let acts: Vec<Act> = problems.read_each("acts", &case.acts);
        problems.check_seconds(case.start, acts.iter().map(Act::at));
        let members: Vec<u32> = acts
            .iter()
            .enumerate()
            .map(|(number, act)| match act {
                Act::Vote { by, .. } => roll.find(by, &format!("acts {number}"), &mut problems),
                _ => 0,
            })
            .collect();
        problems.settle()?;

        let mut vote = Vote::start(case.start, case.supply, roll.len())
            .map_err(|revert| script::refuse(NAME, "supply", revert))?;
        let mut came = Vec::with_capacity(acts.len());
        for (act, member) in acts.iter().zip(members) {
            let second = act.at();
            let result = match act {
                Act::Vote { support, execute_if_decided, .. } => {
                    let result = vote.cast(
                        &settings,
                        second,
                        member,
                        matches!(support, Side::Yea),
                        roll.power(member),
                    );
                    if result.is_ok() && *execute_if_decided && vote.can_execute(&settings, second) {
                        vote.execute(&settings, second)
                    } else {
                        result
                    }
                }
                Act::Execute { .. } => vote.execute(&settings, second),
                Act::State { .. } => {
                    came.push(word(&vote, &settings, second).to_owned());
                    continue;
                }
            };
            came.push(script::came(result));
        }
        write_outcome(NAME, &Outcome { acts: came, tally: *vote.sides(), executed: vote.executed() })
    }
}

const EXAMPLE: &str = r#"{
  "settings": {"support_required": "500000000000000000", "minimum_acceptance_quorum": "50000000000000000", "vote_time": 259200},
  "supply": "1000", "powers": {"ann": "60", "ben": "40"}, "start": 1000,
  "acts": [
    {"act": "vote", "at": 1001, "by": "ann", "support": "yea"},
    {"act": "vote", "at": 1002, "by": "ben", "support": "nay"},
    {"act": "execute", "at": 260200}
  ]
}"#;
