//! What a search is given, and what it comes to.

use std::sync::Arc;

use daotwin_core::random::Seed;

use crate::finding::Finding;
use crate::traffic::learned::Model;

/// What a search is given.
#[derive(Debug, Clone)]
pub struct Options {
    /// Makes it repeatable: the same seed gives the same report on any number of threads, as long as executions and not
    /// seconds end it.
    pub seed: Seed,
    /// Threads.
    pub workers: usize,
    /// Names of the oracles that are asked; none for all.
    pub oracles: Vec<String>,
    /// Executions after which it ends.
    pub executions: Option<u64>,
    /// Seconds after which it ends.
    pub seconds: Option<f64>,
    /// Findings after which it ends.
    pub findings: Option<usize>,
    /// A model of traffic that proposes calls beside mutation; how often, a bandit decides by what either gains.
    pub learned: Option<Arc<Model>>,
    /// What of its proposals is taken.
    pub taken: Taken,
}

/// What is taken of the calls that a model of traffic proposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Taken {
    /// All of it: function, arguments, time.
    #[default]
    Calls,
    /// Which function comes next, and after what time; arguments and ether are made up.
    Order,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: Seed(0),
            workers: 1,
            oracles: Vec::new(),
            executions: None,
            seconds: None,
            findings: None,
            learned: None,
            taken: Taken::default(),
        }
    }
}

/// How far a search is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Calls made.
    pub executions: u64,
    /// Seconds since it began.
    pub seconds: f64,
    /// Edges passed: branches taken or not.
    pub edges: u64,
    /// States kept.
    pub corpus: usize,
    /// Findings.
    pub findings: usize,
}

/// What a search came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// What was found, in the order in which it was.
    pub findings: Vec<Finding>,
    /// Calls made.
    pub executions: u64,
    /// Seconds it took.
    pub seconds: f64,
    /// Edges passed.
    pub edges: u64,
    /// States kept.
    pub corpus: usize,
    /// What was called, and how it went.
    pub functions: Vec<Called>,
    /// Edges passed after so many calls, ascending: a point for every round that reached a new one.
    pub coverage: Vec<(u64, u64)>,
    /// Branches passed: the Keccak hash of the code, the program counter of the jump, and whether it was taken.
    pub covered: Vec<(alloy_primitives::B256, u32, bool)>,
    /// Of calls that were made up and of calls that a model proposed: how many there were, and what they gained, in new
    /// branches and nearer comparisons.
    pub gains: [(f64, f64); 2],
}

/// A function, and how its calls went.
#[derive(Debug, Clone, PartialEq)]
pub struct Called {
    /// The name of the contract.
    pub contract: String,
    /// The signature; empty where ether alone was sent.
    pub function: String,
    /// Calls that went well.
    pub successes: u64,
    /// Why others failed, the most frequent first.
    pub failures: Vec<(String, u64)>,
}
