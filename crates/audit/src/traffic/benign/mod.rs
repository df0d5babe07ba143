//! A population from a History, at work on the contracts: it proposes, votes, delegates, transfers, deposits and claims, with
//! the History's own times between acts and its own amounts; what happened is a History again.
//!
//! Every ballot weighs what it weighed in the History: before a proposal's snapshot its voters buy or sell the difference
//! (transfers from and to whoever can spare or mint the token). Times are the History's; where a governor's window is not the
//! History's, a ballot comes at the same share of the window ([`Windows::Fitted`]) or at its own time ([`Windows::Own`]).
//! Won proposals are queued and executed by their authors. A step that the contracts refuse is told, with the reason: the load
//! has to keep working.

mod play;
mod rows;

#[cfg(test)]
pub(crate) mod test;

use std::collections::BTreeMap;

use daotwin_core::Run;
use daotwin_history::History;
use daotwin_history::view::DaoView;

use crate::traffic::Recording;
use crate::traffic::chronicle::Sent;
use crate::world::World;
use crate::{Error, Result};

/// When ballots come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Windows {
    /// At the share of the governor's window at which they came in the History's.
    #[default]
    Fitted,
    /// As long after the proposal as in the History: late ones are refused where the governor's window is shorter.
    Own,
}

/// What is played.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The DAO, where a History has several.
    pub dao: Option<String>,
    /// The governor, where a world has several.
    pub governor: Option<String>,
    /// When ballots come.
    pub windows: Windows,
    /// The first so many proposals; all where not given.
    pub proposals: Option<usize>,
}

/// What members do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// Makes a proposal.
    Propose,
    /// Casts a ballot.
    Vote,
    /// Puts a won proposal into the timelock.
    Queue,
    /// Lets a proposal take effect.
    Execute,
    /// Delegates.
    Delegate,
    /// Sends tokens.
    Transfer,
    /// Buys or sells tokens, to have the power that the History says.
    Trade,
    /// Puts something into a contract.
    Deposit,
    /// Takes something out.
    Claim,
}

impl Act {
    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Propose => "propose",
            Self::Vote => "vote",
            Self::Queue => "queue",
            Self::Execute => "execute",
            Self::Delegate => "delegate",
            Self::Transfer => "transfer",
            Self::Trade => "trade",
            Self::Deposit => "deposit",
            Self::Claim => "claim",
        }
    }
}

/// How often something went well, and how often it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Went well.
    pub done: u64,
    /// Was refused.
    pub refused: u64,
}

/// A benign step that the contracts refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was tried.
    pub act: Act,
    /// By whom, by the name in the History.
    pub member: String,
    /// Of which proposal, where it is of one.
    pub proposal: Option<String>,
    /// When, in seconds since 1970.
    pub time: u64,
    /// Why, in the contract's words.
    pub reason: String,
}

/// What came of the load.
#[derive(Debug, Clone)]
pub struct Load {
    /// What happened, as a History: members, proposals, votes, delegations, transfers, and every transaction.
    pub history: History,
    /// The same as calls, for a model to learn from.
    pub recording: Recording,
    /// Every transaction, those that keep powers as they were too.
    pub sent: Vec<Sent>,
    /// How often each act went well.
    pub counts: BTreeMap<Act, Count>,
    /// The steps that were refused, the first thousand.
    pub failures: Vec<Failure>,
    /// Gas of all transactions.
    pub gas: u64,
    /// The world afterwards.
    pub world: World,
}

impl Load {
    /// The share of steps that went well; 1 where nobody did anything.
    pub fn share(&self) -> f64 {
        let sum = |of: fn(&Count) -> u64| self.counts.values().map(of).sum::<u64>();
        let (done, refused) = (sum(|count| count.done), sum(|count| count.refused));
        if done + refused == 0 { 1.0 } else { done as f64 / (done + refused) as f64 }
    }
}

/// Lets the members of a History act on the contracts of a world.
///
/// Deterministic. Cost: some 20 to 40 microseconds a transaction; about two transactions a ballot.
///
/// # Errors
/// There is no such DAO or governor, or the token cannot be handed out; cancellation; a defect of the interpreter.
pub fn play(history: &History, world: &World, options: &Options, run: &Run) -> Result<Load> {
    let view = DaoView::one(history, options.dao.as_deref()).map_err(Error::from)?;
    play::Play::new(history, &view, world, options)?.run(run)
}
