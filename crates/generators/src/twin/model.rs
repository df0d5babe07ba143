//! What the twin knows about one DAO.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bins::{COUNT_STARTS, LEVEL_BINS, SPREAD_CLASSES, STEADY_BINS, TIME_BINS, size_classes};
use super::holdings::Holdings;
use super::measure::JOINT_STARTS;
use super::outcome::{Form, Outcome};
use super::participation::Weights;

/// One piece of the law of members' mean power: log-uniform between the ends, or a single value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct PowerPiece {
    /// Lower end in tokens; 0 for members without power.
    pub(crate) low: f64,
    /// Upper end in tokens; equal to `low` for a single value.
    pub(crate) high: f64,
    /// Share of members.
    pub(crate) weight: f64,
    /// The group that shares weights of participation.
    pub(crate) group: u8,
}

impl PowerPiece {
    /// The power at `share` (0 to 1) of the piece.
    pub(crate) fn at(&self, share: f64) -> f64 {
        if self.high <= self.low { self.low } else { self.low * (self.high / self.low).powf(share) }
    }
}

/// The public side of a proposal, relative to the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Slot {
    /// Seconds from the start of the proposal before.
    pub(crate) gap: Option<i64>,
    /// Seconds from creation to start.
    pub(crate) delay: Option<i64>,
    /// Seconds from start to end.
    pub(crate) duration: Option<i64>,
    /// Index into the categories.
    pub(crate) category: Option<u32>,
    /// Index into the voting systems.
    pub(crate) voting_system: Option<u32>,
    /// How many choices.
    pub(crate) choices: u32,
    /// What each choice says, a letter of [`daotwin_history::Side`] each; empty where the source told no labels.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) sides: String,
    /// Quorum in tokens.
    pub(crate) quorum: Option<f64>,
}

/// How many vote on one proposal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Turnout {
    /// Members that vote for the first time.
    pub(crate) newcomers: f64,
    /// Members that voted before.
    pub(crate) returning: f64,
}

/// The model of one DAO.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DaoModel {
    pub(crate) dao: String,
    pub(crate) platform: String,
    pub(crate) power_unit: String,
    pub(crate) supply: Option<f64>,
    /// Decimals of power.
    pub(crate) decimals: u8,
    /// Whether vote times are known to the day only.
    pub(crate) day_precision: bool,
    /// Whether proposals' times come from block numbers.
    pub(crate) block_precision: bool,
    /// Start of the first proposal, in seconds since 1970.
    pub(crate) epoch: Option<i64>,
    pub(crate) categories: Vec<String>,
    pub(crate) voting_systems: Vec<String>,
    /// States of proposals that passed and that failed, in the source's words.
    pub(crate) states: (String, String),
    pub(crate) slots: Vec<Slot>,
    pub(crate) turnout: Vec<Turnout>,
    pub(crate) outcomes: Vec<Outcome>,
    /// Learned proposals on which every ballot has the same power, whoever casts it, with that power in tokens.
    pub(crate) equal_power: BTreeMap<u32, f64>,
    /// The core, whose choices have targets of their own: members with more votes than this, and this share of
    /// those with as many, the ones who came first.
    pub(crate) core: (u32, f64),
    /// Ascending in power.
    pub(crate) power: Vec<PowerPiece>,
    /// Members by coarse bucket of votes, then piece of [`DaoModel::power`].
    pub(crate) power_by_count: Vec<f64>,
    pub(crate) weights: Weights,
    /// Newcomers, then returning: [`TIME_BINS`] each.
    pub(crate) time: Vec<f64>,
    pub(crate) session: Vec<f64>,
    /// By bucket of votes, then [`STEADY_BINS`].
    pub(crate) steady: Vec<f64>,
    /// Members whose power changes, by class of its spread.
    pub(crate) spread: Vec<f64>,
    /// By class of the spread, then level.
    pub(crate) level: Vec<f64>,
    pub(crate) hour: Vec<f64>,
    pub(crate) ballot_size: Vec<f64>,
    /// Members by proposals written.
    pub(crate) authored: Vec<f64>,
    /// Shape of the gamma law of members' readiness to dissent; infinite for all alike.
    pub(crate) dissent_shape: f64,
    /// Proposals whose turnout was seen; those beyond are at a level that is not known exactly.
    pub(crate) observed: usize,
    /// Standard deviation of the logarithm of that level.
    pub(crate) level_spread: f64,
    /// How far power goes to those who came first: the correlation of a Gaussian copula between members' power and how
    /// early they first voted; 0 where it was not measured, as in private fits.
    pub(crate) early_power: f64,
    /// Holdings and delegations, where the data has any.
    pub(crate) holdings: Option<Holdings>,
}

impl DaoModel {
    /// Members with a vote that the model was fitted on.
    pub(crate) fn members(&self) -> f64 {
        self.turnout.iter().map(|turnout| turnout.newcomers).sum()
    }

    /// Votes that the model was fitted on.
    pub(crate) fn votes(&self) -> f64 {
        self.turnout.iter().map(|turnout| turnout.newcomers + turnout.returning).sum()
    }

    /// The power that every ballot on a learned proposal has, where all have the same.
    pub(crate) fn equal_power(&self, slot: usize) -> Option<f64> {
        self.equal_power.get(&(slot as u32)).copied()
    }

    /// What the ballots of a learned proposal hold.
    pub(crate) fn form(&self, slot: usize) -> Form {
        let system = self.slots[slot].voting_system;
        Form::of(system.and_then(|index| self.voting_systems.get(index as usize)).map(String::as_str))
    }

    /// The class of each proposal's turnout.
    pub(crate) fn sizes(&self) -> Vec<u8> {
        let voters: Vec<f64> =
            self.turnout.iter().map(|turnout| turnout.newcomers + turnout.returning).collect();
        size_classes(&voters)
    }

    /// How many groups of power there are.
    pub(crate) fn groups(&self) -> usize {
        self.power.iter().map(|piece| usize::from(piece.group) + 1).max().unwrap_or(1)
    }

    /// The shares of members of each group.
    pub(crate) fn group_shares(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.groups()];
        for piece in &self.power {
            shares[usize::from(piece.group)] += piece.weight;
        }
        shares
    }

    /// The lengths that the tables must have, with their names; used to check files.
    pub(crate) fn lengths(&self) -> [(&'static str, usize, usize); 10] {
        [
            ("power_by_count", self.power_by_count.len(), JOINT_STARTS.len() * self.power.len()),
            ("time", self.time.len(), 2 * TIME_BINS),
            ("session", self.session.len(), super::bins::SESSION_CLASSES),
            ("steady", self.steady.len(), COUNT_STARTS.len() * STEADY_BINS),
            ("spread", self.spread.len(), SPREAD_CLASSES),
            ("level", self.level.len(), SPREAD_CLASSES * (LEVEL_BINS + 1)),
            ("hour", self.hour.len(), 24),
            ("ballot_size", self.ballot_size.len(), super::measure::BALLOT_SIZES),
            ("turnout", self.turnout.len(), self.slots.len()),
            ("outcomes", self.outcomes.len(), self.slots.len()),
        ]
    }
}
