//! What has been reached so far, and whether a transaction reaches further.

use alloy_primitives::map::{HashMap, HashSet};
use alloy_primitives::{Address, B256, U256, keccak256};

use crate::chain::{CallKind, Comparison, ComparisonKind, State, Trace};
use crate::world::World;

/// How often an edge was passed, in steps that double: the number of the step.
fn bucket(hits: u8) -> u8 {
    match hits {
        0..=3 => hits.saturating_sub(1),
        4..=7 => 3,
        8..=15 => 4,
        16..=31 => 5,
        32..=127 => 6,
        128.. => 7,
    }
}

/// What a transaction reached that is worth keeping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reached {
    /// Edges and the steps of how often they were passed.
    edges: Vec<(u32, u8)>,
    /// Comparisons, and the bits in which the two sides still differ.
    nearer: Vec<(u32, u16)>,
    /// Places that store, and how large what they store is.
    stores: Vec<(u32, u32, u16)>,
    /// Words that failures read, and how large what is stored there is.
    words: Vec<(Address, U256, u16)>,
    /// The function that was handed a call that does harm in another's name, and which.
    carried: Option<(usize, u16)>,
    /// Contracts of the world whose code is gone or another, and its hash.
    codes: Vec<(Address, B256)>,
}

impl Reached {
    pub(super) fn is_empty(&self) -> bool {
        self.edges.is_empty()
            && self.nearer.is_empty()
            && self.stores.is_empty()
            && self.words.is_empty()
            && self.carried.is_none()
            && self.codes.is_empty()
    }

    /// Whether a contract of the world has a code that it never had before.
    pub(super) fn replaced(&self) -> bool {
        !self.codes.is_empty()
    }

    /// Whether a function was handed a call that does harm in another's name for the first time.
    pub(super) fn carried(&self) -> bool {
        self.carried.is_some()
    }

    /// Whether more than another distance was reached: a branch, or a kind of value stored.
    pub(super) fn branches(&self) -> bool {
        !self.edges.is_empty() || self.carried.is_some() || self.replaced()
    }
}

/// What has been reached so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Coverage {
    edges: Vec<u8>,
    nearest: Vec<u16>,
    stores: HashSet<(u32, u32, u16)>,
    words: HashSet<(Address, U256, u16)>,
    carried: HashMap<(usize, u16), u32>,
    codes: HashSet<(Address, B256)>,
    /// Edges passed at all.
    pub(super) count: u64,
}

impl Coverage {
    fn seen(&self, edge: u32, step: u8) -> bool {
        self.edges.get(edge as usize).is_some_and(|steps| steps & (1 << step) != 0)
    }

    /// What a transaction reached that nothing reached before it. Of one that was reverted only branches count: it left no
    /// state to go on from.
    ///
    /// `read` says whether a failure read a word; `carried` is the function called and the payload it was handed.
    pub(super) fn news(
        &self,
        trace: &Trace,
        success: bool,
        read: impl Fn(Address, U256) -> bool,
        carried: Option<(usize, u16)>,
    ) -> Reached {
        let mut reached = Reached::default();
        for (edge, hits) in trace.edges() {
            let step = bucket(hits);
            if !self.seen(edge, step) {
                reached.edges.push((edge, step));
            }
        }
        if !success {
            return reached;
        }
        for comparison in &trace.comparisons {
            let left = distance(comparison);
            if self.nearest.get(comparison.place as usize).is_none_or(|nearest| left < *nearest) {
                reached.nearer.push((comparison.place, left));
            }
        }
        reached.carried = carried;
        for access in &trace.accesses {
            if access.write && read(access.address, access.slot) {
                let key = (access.address, access.slot, access.value.bit_len() as u16);
                if !self.words.contains(&key) {
                    reached.words.push(key);
                }
            }
            let Some(code) = trace.calls.get(access.call as usize).and_then(|call| call.code) else {
                continue;
            };
            let key = (code, access.counter, access.value.bit_len() as u16);
            if access.write && !self.stores.contains(&key) {
                reached.stores.push(key);
            }
        }
        reached
    }

    /// Adds contracts of the world whose code the transaction destroyed or created, where nothing did the same before.
    pub(super) fn codes(&self, trace: &Trace, world: &World, after: &State, reached: &mut Reached) {
        let created = trace.calls.iter().filter(|call| call.kind == CallKind::Create).map(|call| call.target);
        for account in trace.destroyed.iter().map(|(account, _)| *account).chain(created) {
            if world.contracts.iter().any(|deployed| deployed.address == account) {
                let key = (account, keccak256(after.code(account).original_byte_slice()));
                if !self.codes.contains(&key) && !reached.codes.contains(&key) {
                    reached.codes.push(key);
                }
            }
        }
    }

    /// How often a state was kept on which a function had been handed a payload.
    pub(super) fn times_carried(&self, key: (usize, u16)) -> u32 {
        self.carried.get(&key).copied().unwrap_or_default()
    }

    /// Takes in what was reached. True where it was still news.
    pub(super) fn add(&mut self, reached: &Reached) -> bool {
        let mut news = false;
        for (edge, step) in &reached.edges {
            let edge = *edge as usize;
            if self.edges.len() <= edge {
                self.edges.resize(edge + 1, 0);
            }
            if self.edges[edge] == 0 {
                self.count += 1;
            }
            news |= self.edges[edge] & (1 << step) == 0;
            self.edges[edge] |= 1 << step;
        }
        for (place, left) in &reached.nearer {
            let place = *place as usize;
            if self.nearest.len() <= place {
                self.nearest.resize(place + 1, u16::MAX);
            }
            if *left < self.nearest[place] {
                self.nearest[place] = *left;
                news = true;
            }
        }
        for key in &reached.stores {
            news |= self.stores.insert(*key);
        }
        for key in &reached.words {
            news |= self.words.insert(*key);
        }
        for key in &reached.codes {
            news |= self.codes.insert(*key);
        }
        if let Some(key) = reached.carried {
            *self.carried.entry(key).or_default() += 1;
            news = true;
        }
        news
    }

    /// The edges passed, ascending.
    pub(super) fn all(&self) -> impl Iterator<Item = u32> + '_ {
        let passed = self.edges.iter().enumerate().filter(|(_, steps)| **steps != 0);
        passed.map(|(edge, _)| u32::try_from(edge).unwrap_or(u32::MAX))
    }
}

/// The bits in which two words differ: 0 where they are equal.
fn distance(comparison: &Comparison) -> u16 {
    let Comparison { left, right, .. } = comparison;
    let difference = if left > right { *left - *right } else { *right - *left };
    difference.bit_len() as u16
}

/// What a comparison came out as.
pub(super) fn holds(comparison: &Comparison) -> bool {
    match comparison.kind {
        ComparisonKind::Equal => comparison.left == comparison.right,
        ComparisonKind::Less => comparison.left < comparison.right,
        ComparisonKind::SignedLess => {
            let flip = U256::from(1) << 255;
            (comparison.left ^ flip) < (comparison.right ^ flip)
        }
    }
}
