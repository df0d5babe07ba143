//! Cases of dual governance as JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::lifecycle::Revert;
use super::super::script::{self, Problems, Roll};
use super::super::{Amount, Card, Family, Powers, Rule, read_case, write_outcome};
use super::{Escrow, Machine, Proposal, Settings, Waits, support};
use crate::Result;

/// Lido's dual governance.
#[derive(Debug)]
pub struct DualGovernance;

const NAME: &str = "dual-governance";

#[derive(Debug, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Lock { at: u64, by: String, amount: Amount },
    Unlock { at: u64, by: String },
    Step { at: u64 },
    Claimed { at: u64 },
    Submit { at: u64, proposal: String },
    Schedule { at: u64, proposal: String },
    Execute { at: u64, proposal: String },
    CancelAll { at: u64 },
    State { at: u64 },
}

impl Act {
    const fn at(&self) -> u64 {
        match *self {
            Self::Lock { at, .. }
            | Self::Unlock { at, .. }
            | Self::Step { at }
            | Self::Claimed { at }
            | Self::Submit { at, .. }
            | Self::Schedule { at, .. }
            | Self::Execute { at, .. }
            | Self::CancelAll { at }
            | Self::State { at } => at,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    waits: Waits,
    supply: Amount,
    holdings: Powers,
    start: u64,
    acts: Vec<Value>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    acts: Vec<String>,
    state: &'static str,
    entered: u64,
    support: String,
    rage_quits_in_a_row: u8,
    ether_after: Option<u64>,
}

/// The contracts of a case.
struct World<'c> {
    case: &'c Case,
    machine: Machine,
    escrow: Escrow,
    free: Vec<Amount>,
    proposals: BTreeMap<&'c str, Proposal>,
}

impl<'c> World<'c> {
    fn support(&self) -> std::result::Result<u64, Revert> {
        support(self.escrow.total(), Amount::ZERO, self.case.supply)
    }

    fn step(&mut self, second: u64) -> std::result::Result<(), Revert> {
        let support = self.support()?;
        if self.machine.step(&self.case.settings, second, support) {
            self.escrow = Escrow::default();
        }
        Ok(())
    }

    fn proposal(&mut self, name: &str) -> std::result::Result<&mut Proposal, Revert> {
        self.proposals.get_mut(name).ok_or(Revert::NotQueued)
    }

    fn act(&mut self, act: &'c Act, member: u32) -> std::result::Result<(), Revert> {
        let (settings, waits) = (&self.case.settings, &self.case.waits);
        match act {
            Act::Lock { at, amount, .. } => {
                let left = self.free[member as usize];
                if *amount > left {
                    return Err(Revert::Exceeds { used: *amount, left });
                }
                // The original steps before and after what changes the support.
                self.step(*at)?;
                self.escrow.lock(member, *amount, *at)?;
                self.free[member as usize] = Amount(left.0 - amount.0);
                self.step(*at)
            }
            Act::Unlock { at, .. } => {
                // What reverts takes the step before it back.
                let before = (self.machine.clone(), self.escrow.clone());
                self.step(*at)?;
                match self.escrow.unlock(settings, member, *at) {
                    Ok(amount) => {
                        let free = &mut self.free[member as usize];
                        *free = Amount(free.0.saturating_add(amount.0));
                        self.step(*at)
                    }
                    Err(revert) => {
                        (self.machine, self.escrow) = before;
                        Err(revert)
                    }
                }
            }
            Act::Step { at } => self.step(*at),
            Act::Claimed { at } => self.machine.start_extension(*at),
            Act::Submit { at, proposal } => {
                let before = (self.machine.clone(), self.escrow.clone());
                self.step(*at)?;
                match Proposal::submit(&self.machine, *at) {
                    Ok(made) => {
                        self.proposals.insert(proposal, made);
                        Ok(())
                    }
                    Err(revert) => {
                        (self.machine, self.escrow) = before;
                        Err(revert)
                    }
                }
            }
            Act::Schedule { at, proposal } => {
                let before = (self.machine.clone(), self.escrow.clone());
                self.step(*at)?;
                let machine = self.machine.clone();
                let result = self.proposal(proposal).and_then(|found| found.schedule(&machine, waits, *at));
                if result.is_err() {
                    (self.machine, self.escrow) = before;
                }
                result
            }
            Act::Execute { at, proposal } => self.proposal(proposal)?.execute(waits, *at),
            Act::CancelAll { at } => {
                self.step(*at)?;
                if !self.machine.can_cancel() {
                    return Err(Revert::Blocked);
                }
                self.proposals.values_mut().for_each(Proposal::cancel);
                Ok(())
            }
            Act::State { .. } => Ok(()),
        }
    }
}

impl Rule for DualGovernance {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Lifecycle,
            purpose: "Lido's dual governance: stakers lock tokens to delay the DAO's proposals, and leave in a rage quit",
            definition: "support = floor(10^18 x (locked + finalised) / (supply + finalised)). Normal: to veto signalling where \
                support >= first seal. Its duration d is min + floor((support - first) x (max - min) / (second - first)) \
                between the seals, max from the second on, 0 below the first. Signalling or deactivation: signalling while \
                now <= activated + d; then rage quit where support >= second seal; else signalling goes to deactivation once \
                now > the later of activated and reactivated + min active, deactivation to cooldown once now > entered + its \
                maximum. Cooldown: once now > entered + cooldown, to signalling where support >= first seal, else normal. Rage \
                quit: once now > extension begun + extension, to signalling or cooldown likewise. Submitting but in \
                deactivation and cooldown; scheduling in normal, and in cooldown what was submitted at or before activation; \
                cancelling all in signalling and deactivation. Ether after extension + min(min + n x growth, max) in the n-th \
                rage quit in a row. One transition a step; unlocking once now > last lock + 5 hours",
            source: "lidofinance/dual-governance, contracts/libraries/DualGovernanceStateMachine.sol, \
                DualGovernanceStateTransitions.sol, DualGovernanceConfig.sol, ExecutableProposals.sol, EscrowState.sol, \
                contracts/Escrow.sol (getRageQuitSupport, lockStETH, unlockStETH); figures: deploy-config/deploy-config-mainnet.toml",
            limits: "Supply and the rate of shares stay as they are; withdrawal requests that are locked count through the function \
                `support` alone. The tiebreaker, resealing, and emergency protection are left out. That all withdrawals of a \
                rage quit are claimed is an act of the case",
            example: EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        let case: Case = read_case(NAME, case)?;
        let mut problems = Problems::of(NAME);
        for (place, what) in case.settings.problems() {
            problems.note(&format!("settings.{place}"), what);
        }
        let roll = Roll::new(&case.holdings, &mut problems);
        problems.check(case.supply > Amount::ZERO, "supply", "is zero: shares of it mean nothing");
        problems.check(
            case.supply >= roll.total(),
            "supply",
            format_args!("{} is less than all holdings together, {}", case.supply, roll.total()),
        );
        let acts: Vec<Act> = problems.read_each("acts", &case.acts);
        problems.check_seconds(case.start, acts.iter().map(Act::at));
        let mut submitted = Vec::new();
        let mut members = Vec::with_capacity(acts.len());
        for (number, act) in acts.iter().enumerate() {
            let place = format!("acts {number}");
            members.push(match act {
                Act::Lock { by, .. } | Act::Unlock { by, .. } => roll.find(by, &place, &mut problems),
                _ => 0,
            });
            if let Act::Submit { proposal, .. } = act {
                problems.check(
                    !submitted.contains(&proposal),
                    &place,
                    format_args!("`{proposal}` is submitted twice"),
                );
                submitted.push(proposal);
            }
        }
        problems.settle()?;

        let mut world = World {
            case: &case,
            machine: Machine::new(case.start),
            escrow: Escrow::default(),
            free: case.holdings.values().copied().collect(),
            proposals: BTreeMap::new(),
        };
        let mut came = Vec::with_capacity(acts.len());
        for (act, member) in acts.iter().zip(members) {
            if let Act::State { at } = act {
                let support = world.support().map_err(|revert| script::refuse(NAME, "supply", revert))?;
                came.push(world.machine.next(&case.settings, *at, support).name().to_owned());
            } else {
                came.push(script::came(world.act(act, member)));
            }
        }
        let support = world.support().map_err(|revert| script::refuse(NAME, "supply", revert))?;
        write_outcome(
            NAME,
            &Outcome {
                acts: came,
                state: world.machine.state().name(),
                entered: world.machine.entered(),
                support: support.to_string(),
                rage_quits_in_a_row: world.machine.rounds(),
                ether_after: world.machine.ether_after(),
            },
        )
    }
}

const EXAMPLE: &str = r#"{
  "supply": "10000", "holdings": {"ann": "100", "ben": "900"}, "start": 0,
  "acts": [
    {"act": "submit", "at": 10, "proposal": "one"},
    {"act": "lock", "at": 100, "by": "ann", "amount": "100"},
    {"act": "schedule", "at": 259210, "proposal": "one"},
    {"act": "state", "at": 432100}
  ]
}"#;
