//! An attack that can be run again with other means.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, B256, U256, keccak256};

use super::{Amount, EXACT};
use crate::Result;
use crate::campaign::{leaves, put};
use crate::chain::{Machine, State, Transaction};
use crate::finding::{Effect, Finding, balance};
use crate::oracle::{Facts, NOBODY};
use crate::sequence::{BLOCK_SECONDS, Step, Wait};
use crate::world::World;

/// Something that an attacker has at the beginning.
#[derive(Debug, Clone)]
pub(super) struct Asset {
    pub(super) name: String,
    /// The token; none is ether.
    pub(super) token: Option<Address>,
    decimals: u8,
    /// What the smallest unit is worth, in wei.
    pub(super) worth: Option<f64>,
    /// Where a contract notes it, if it was put into one.
    noted: Option<(Address, U256)>,
    /// How much there is.
    held: U256,
}

impl Asset {
    pub(super) fn amount(&self, amount: U256) -> Amount {
        Amount { asset: self.name.clone(), token: self.token, amount, decimals: self.decimals }
    }
}

/// A number among the steps' arguments that may be as large as what the attacker has of an asset.
#[derive(Debug, Clone, Copy)]
struct Tie {
    step: usize,
    leaf: usize,
    asset: usize,
}

/// An attack that can be run again with other means.
pub(super) struct Scene<'s> {
    pub(super) world: &'s World,
    pub(super) facts: &'s Facts,
    pub(super) finding: &'s Finding,
    pub(super) machine: &'s mut Machine,
    pub(super) attacker: Address,
    pub(super) assets: Vec<Asset>,
    ties: Vec<Tie>,
    /// Calls of the attacker's contract that go well in the last step.
    called: usize,
}

impl<'s> Scene<'s> {
    /// None where the attack does not hold.
    pub(super) fn new(
        world: &'s World,
        facts: &'s Facts,
        finding: &'s Finding,
        machine: &'s mut Machine,
    ) -> Result<Option<Self>> {
        let Some(attacker) = finding.steps.first().map(|step| step.sender) else { return Ok(None) };
        if !finding.holds(machine, &world.state)? || finding.steps.iter().any(|step| step.sender != attacker)
        {
            return Ok(None);
        }
        let (assets, ties, called) = (Vec::new(), Vec::new(), 0);
        let mut scene = Self { world, facts, finding, machine, attacker, assets, ties, called };
        scene.works(&world.state, &finding.steps)?;
        scene.called = scene.calls();
        scene.find_assets()?;
        scene.find_ties()?;
        Ok(Some(scene))
    }

    /// What the attacker has of each asset in the scenario.
    pub(super) fn held(&self) -> Vec<U256> {
        self.assets.iter().map(|asset| asset.held).collect()
    }

    fn find_assets(&mut self) -> Result<()> {
        let state = &self.world.state;
        let ether = Asset {
            name: "ether".to_owned(),
            token: None,
            decimals: 18,
            worth: Some(1.0),
            noted: None,
            held: state.balance(self.attacker),
        };
        self.assets.push(ether);
        for token in &self.facts.tokens {
            let known = self.world.assets.iter().find(|asset| asset.token == Some(token.address));
            let asset = Asset {
                name: self.world.name_of(token.address),
                token: Some(token.address),
                decimals: known.map_or(18, |asset| asset.decimals),
                worth: token.worth,
                noted: None,
                held: balance(self.machine, state, token.address, self.attacker)?,
            };
            for (at, amount) in self.facts.deposits() {
                if at != token.address || amount.is_zero() {
                    continue;
                }
                let noted = self.facts.governance.iter().find_map(|contract| {
                    let slots = (0..64).map(|place| mapped(self.attacker, place));
                    let mut slots = slots.filter(|slot| state.storage(*contract, *slot) == amount);
                    slots.next().map(|slot| (*contract, slot))
                });
                self.assets.extend(noted.map(|noted| Asset {
                    noted: Some(noted),
                    held: amount,
                    ..asset.clone()
                }));
            }
            self.assets.push(asset);
        }
        self.assets.retain(|asset| !asset.held.is_zero());
        Ok(())
    }

    /// Numbers that can be as large as what there is of an asset, tried one after the other: first the asset that a number is
    /// all of already, and ether last, which arguments seldom count.
    fn find_ties(&mut self) -> Result<()> {
        let mut steps = self.finding.steps.clone();
        for number in 0..steps.len() {
            for (leaf, old) in leaves(&steps[number].arguments).into_iter().enumerate() {
                let old = U256::from_be_bytes(old.0);
                let mut order: Vec<usize> = (0..self.assets.len()).collect();
                order.sort_by_key(|asset| {
                    (self.assets[*asset].held != old, self.assets[*asset].token.is_none())
                });
                for asset in order {
                    let mut more = steps.clone();
                    let large = put(&mut more[number].arguments, leaf, self.assets[asset].held);
                    // Another kind of value that did not change is not tied.
                    let changed = more[number].arguments != steps[number].arguments;
                    if large
                        && (changed || self.assets[asset].held == old)
                        && self.works(&self.world.state, &more)?
                    {
                        self.ties.push(Tie { step: number, leaf, asset });
                        steps = more;
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// The steps with as much as there is wherever a number may be as large.
    pub(super) fn steps(&self, amounts: &[U256]) -> Vec<Step> {
        let mut steps = self.finding.steps.clone();
        for tie in &self.ties {
            put(&mut steps[tie.step].arguments, tie.leaf, amounts[tie.asset]);
        }
        steps
    }

    /// Which argument of a step is as large as an asset.
    pub(super) fn tied(&self, step: usize) -> impl Iterator<Item = (usize, Option<Address>)> + '_ {
        let ties = self.ties.iter().filter(move |tie| tie.step == step);
        ties.map(|tie| (tie.leaf, self.assets[tie.asset].token))
    }

    /// Whether steps do the harm: all go well, in the last one all that the attacker's contract does, and the effects hold.
    /// Which number exactly is stored does not matter, as long as the last step stores another than was there.
    pub(super) fn works(&mut self, first: &Arc<State>, steps: &[Step]) -> Result<bool> {
        let Some((last, path)) = steps.split_last() else { return Ok(false) };
        let Some(state) = crate::finding::play(self.machine, first, path)? else { return Ok(false) };
        let ran = last.run(self.machine, &state)?;
        if !ran.outcome.success() || self.calls() < self.called {
            return Ok(false);
        }
        let after = ran.after(last);
        for effect in &self.finding.effects {
            let holds = match effect {
                Effect::Stored { account, slot, .. } => {
                    after.storage(*account, *slot) != state.storage(*account, *slot)
                }
                other => other.holds(self.machine, first, &after)?,
            };
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Calls of the attacker's contract that went well in the step that ran last.
    fn calls(&self) -> usize {
        let calls = self.machine.trace().calls.iter();
        calls.filter(|call| call.caller == self.attacker && call.success).count()
    }

    /// The first state with other means: tokens that are too many go away, by a transfer as any other, in a block before. None
    /// where they cannot.
    pub(super) fn with(&mut self, amounts: &[U256]) -> Result<Option<Arc<State>>> {
        let mut state = Arc::clone(&self.world.state);
        for (asset, amount) in self.assets.iter().zip(amounts) {
            if *amount >= asset.held {
                continue;
            }
            match (asset.token, asset.noted) {
                (_, Some((contract, slot))) => {
                    let mut other = (*state).clone();
                    other.set_storage(contract, slot, *amount);
                    state = Arc::new(other);
                }
                (None, None) => {
                    let mut other = (*state).clone();
                    other.set_balance(self.attacker, *amount);
                    state = Arc::new(other);
                }
                (Some(token), None) => {
                    let mut data = vec![0xa9, 0x05, 0x9c, 0xbb];
                    data.extend_from_slice(NOBODY.into_word().as_slice());
                    data.extend_from_slice(&(asset.held - *amount).to_be_bytes::<32>());
                    let (sender, to, data) = (self.attacker, Some(token), data.into());
                    let call = Transaction { sender, to, value: U256::ZERO, data };
                    let outcome = self.machine.run(&state, &call)?;
                    if !outcome.success() {
                        return Ok(None);
                    }
                    let mut next = outcome.after(&state);
                    next.block += 1;
                    next.time += BLOCK_SECONDS;
                    state = Arc::new(next);
                }
            }
        }
        Ok(Some(state))
    }

    /// Whether the attack works with so much, with all of it used or as little as was found to be enough.
    fn enough(&mut self, amounts: &[U256]) -> Result<bool> {
        let Some(state) = self.with(amounts)? else { return Ok(false) };
        let all = self.steps(amounts);
        Ok(self.works(&state, &self.finding.steps.clone())? || self.works(&state, &all)?)
    }

    /// The least of each asset: one after the other halved until they are exact enough.
    pub(super) fn least(&mut self) -> Result<Vec<U256>> {
        let mut amounts = self.held();
        for asset in 0..amounts.len() {
            let (mut low, mut high) = (U256::ZERO, amounts[asset]);
            let try_with = |amounts: &[U256], amount: U256| {
                let mut other = amounts.to_vec();
                other[asset] = amount;
                other
            };
            if self.enough(&try_with(&amounts, U256::ZERO))? {
                high = U256::ZERO;
                // What is not needed holds no number down.
                self.ties.retain(|tie| tie.asset != asset);
            }
            while high - low > U256::from(1) && (high - low) * U256::from(EXACT) > high {
                let middle = low + (high - low) / U256::from(2);
                if self.enough(&try_with(&amounts, middle))? {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            amounts[asset] = high;
        }
        Ok(amounts)
    }

    /// What comes to the attacker within a step in which its contract is called back, before it goes again.
    pub(super) fn borrowed(&mut self) -> Result<Vec<Amount>> {
        let mut most: BTreeMap<Option<Address>, U256> = BTreeMap::new();
        let mut state = Arc::clone(&self.world.state);
        for step in &self.finding.steps {
            let ran = step.run(self.machine, &state)?;
            let after = ran.after(step);
            if !step.inner.is_empty() {
                for call in &self.machine.trace().calls {
                    let paid = call.selector() == Some([0xa9, 0x05, 0x9c, 0xbb])
                        && call.input.get(16..36) == Some(self.attacker.as_slice());
                    let amount = match call.input.get(36..68) {
                        Some(amount) if paid => Some((Some(call.target), U256::from_be_slice(amount))),
                        _ if call.target == self.attacker && !call.value.is_zero() => {
                            Some((None, call.value))
                        }
                        _ => None,
                    };
                    if let Some((token, amount)) = amount.filter(|_| call.success) {
                        let known = most.entry(token).or_default();
                        *known = (*known).max(amount);
                        break;
                    }
                }
            }
            state = after;
        }
        let amounts = most.into_iter().filter(|(_, amount)| !amount.is_zero());
        let named = amounts.map(|(token, amount)| {
            let known = self.world.assets.iter().find(|asset| asset.token == token);
            Amount {
                asset: token.map_or_else(|| "ether".to_owned(), |token| self.world.name_of(token)),
                token,
                amount,
                decimals: known.map_or(18, |asset| asset.decimals),
            }
        });
        Ok(named.collect())
    }
}

/// Where a mapping from addresses, declared at a place, keeps what belongs to one.
fn mapped(who: Address, place: u64) -> U256 {
    let mut bytes = who.into_word().to_vec();
    bytes.extend_from_slice(&B256::from(U256::from(place)).0);
    U256::from_be_bytes(keccak256(bytes).0)
}

/// A step without waiting and without callbacks: a call as it stands.
pub(super) fn bare(step: &Step) -> Step {
    Step { wait: Wait::default(), inner: Vec::new(), ..step.clone() }
}

/// The first argument that says for or against, written as that.
pub(super) fn side(arguments: &mut [DynSolValue], against: bool) -> bool {
    for argument in arguments {
        match argument {
            DynSolValue::Bool(support) => *support = !against,
            DynSolValue::Uint(support, 8) => *support = U256::from(u8::from(!against)),
            _ => continue,
        }
        return true;
    }
    false
}
