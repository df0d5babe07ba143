//! What oracles must know of a world, gathered once: who is who, which contracts are tokens, vaults or governance, where
//! ownership, rules and balances lie in storage, and which calls work for whom.

mod calls;
mod views;

use std::sync::Arc;

use alloy_primitives::map::HashMap;
use alloy_primitives::{Address, B256, Bytes, U256, b256, keccak256};

pub(super) use calls::later;
pub use calls::{Known, Purpose};

use super::signs::Signs;
use crate::Result;
use crate::artifact::Callable;
use crate::chain::{Machine, State, Transaction};
use crate::world::{Deployed, Role, World};

/// Somebody who is nobody in the world: neither actor nor contract.
pub const NOBODY: Address = Address::repeat_byte(0x9e);

/// Where proxies keep their admin, implementation and beacon (EIP-1967).
const PROXY_SLOTS: [(&str, B256); 3] = [
    ("admin", b256!("b53127684a568b3173ae13b9f8a6016e243e63b6e8ee1178d6a717850b5d6103")),
    ("implementation", b256!("360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc")),
    ("beacon", b256!("a3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6cb3582b35133d50")),
];

/// A token of the world.
#[derive(Debug, Clone)]
pub struct Token {
    /// The contract.
    pub address: Address,
    /// What the smallest unit is worth, in wei; none where it has no price.
    pub worth: Option<f64>,
    /// Where the balances of attackers lie, in the order of [`Facts::attackers`]; none where they lie in no word of their own.
    pub slots: Vec<Option<U256>>,
    /// Where the sum of all balances lies.
    pub supply: Option<U256>,
}

/// A word that says who owns or rules a contract.
#[derive(Debug, Clone)]
pub struct Owner {
    /// The contract.
    pub contract: Address,
    /// The word.
    pub slot: U256,
    /// Who it names when the world begins; zero where nobody yet.
    pub holder: Address,
    /// The getter that tells it, or the name of the proxy's word.
    pub name: String,
    /// The input of the getter; empty where there is none.
    pub data: Bytes,
    /// Whether the name alone says that it rules: of Ownable and its kin, or of a proxy.
    pub ruler: bool,
}

/// A getter that says whether an account has a role.
#[derive(Debug, Clone)]
pub struct RoleView {
    /// The contract.
    pub contract: Address,
    /// The getter's name.
    pub name: String,
    /// Its input for the attacker it is asked about.
    pub data: Bytes,
    /// That attacker.
    pub attacker: Address,
    /// Where the answer lies.
    pub slot: U256,
}

/// A number that is set when the world begins and that a getter tells.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The contract.
    pub contract: Address,
    /// The word it lies in.
    pub slot: U256,
    /// The getter's name.
    pub name: String,
    /// Its input.
    pub data: Bytes,
    /// The number.
    pub value: U256,
    /// Whether it is a rule of governance: a quorum, a threshold, a delay, a period.
    pub rule: bool,
}

/// A view that must hold after every call.
#[derive(Debug, Clone)]
pub struct Property {
    /// The contract.
    pub contract: Address,
    /// The view's name.
    pub name: String,
    /// Its input.
    pub data: Bytes,
    /// Whether it answers a truth value; else it holds while it is not reverted.
    pub answers: bool,
}

/// What a contract holds when the world begins.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The contract.
    pub contract: Address,
    /// Ether, in wei.
    pub ether: U256,
    /// Tokens, with how much of each.
    pub tokens: Vec<(Address, U256)>,
}

/// What is known of a world.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Those who try to gain.
    pub attackers: Vec<Address>,
    /// Those who use the contracts in good faith.
    pub members: Vec<Address>,
    /// Those who have rights by design.
    pub trusted: Vec<Address>,
    /// Contracts that no attacker made, ascending.
    pub protocol: Vec<Address>,
    /// Contracts that decide by votes, ascending.
    pub governance: Vec<Address>,
    /// Tokens.
    pub tokens: Vec<Token>,
    /// Vaults with shares (ERC-4626), with their asset.
    pub vaults: Vec<(Address, Address)>,
    /// Collections of unique tokens (ERC-721).
    pub collections: Vec<Address>,
    /// Words that say who owns or rules a contract.
    pub owners: Vec<Owner>,
    /// Getters of roles that attackers do not have.
    pub roles: Vec<RoleView>,
    /// Numbers that are set when the world begins.
    pub settings: Vec<Setting>,
    /// Contracts that let time pass before something is done, with how many seconds.
    pub delays: Vec<(Address, u64)>,
    /// Views that must hold.
    pub properties: Vec<Property>,
    /// What contracts hold.
    pub holdings: Vec<Holding>,
    /// Calls that work when the world begins.
    pub calls: Vec<Known>,
    /// The most that attackers have of one token when the world begins, with what they put into contracts.
    pub stake: U256,
    /// Where balances of known accounts lie: token, word, account; ascending.
    pub(super) holders: Vec<(Address, U256, Address)>,
    /// What attackers put into contracts before the world began: which token, and how much.
    pub(super) deposited: Vec<(Address, U256)>,
    /// What attackers have in all when the world begins, in wei.
    pub wealth: f64,
    /// What is theirs by right beyond that, in wei: what they put into contracts before the world began, and what contracts
    /// say and pay that they owe them.
    pub entitled: f64,
    /// Words of storage that properties read when the world begins.
    pub(super) read_by_properties: Vec<(Address, U256)>,
    selectors: HashMap<Address, Vec<[u8; 4]>>,
    kinds: HashMap<Address, Signs>,
    marks: HashMap<(Address, U256), Signs>,
}

/// The functions that can be called at a contract's address.
pub(super) fn functions(deployed: &Deployed) -> impl Iterator<Item = &Callable> {
    deployed.functions()
}

/// The first four bytes of a function's input.
pub(super) fn selector(signature: &str) -> [u8; 4] {
    let hash = keccak256(signature);
    [hash[0], hash[1], hash[2], hash[3]]
}

/// An input of plain words.
pub(super) fn input(signature: &str, words: &[U256]) -> Bytes {
    let mut data = selector(signature).to_vec();
    for word in words {
        data.extend_from_slice(&word.to_be_bytes::<32>());
    }
    data.into()
}

/// An address as a word.
pub(super) fn word(address: Address) -> U256 {
    U256::from_be_bytes(address.into_word().0)
}

/// Whether a contract has all these functions.
pub(super) fn has(deployed: &Deployed, signatures: &[&str]) -> bool {
    signatures.iter().all(|signature| {
        let wanted = selector(signature);
        functions(deployed).any(|callable| callable.selector == wanted)
    })
}

impl Facts {
    /// Gathers what there is to know.
    ///
    /// Cost: some ten thousand calls at the most.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn new(world: &World, machine: &mut Machine) -> Result<Self> {
        let of =
            |role| world.actors.iter().filter(move |actor| actor.role == role).map(|actor| actor.address);
        let mut facts = Self {
            attackers: of(Role::Attacker).collect(),
            members: of(Role::Member).collect(),
            trusted: of(Role::Trusted).collect(),
            ..Self::default()
        };
        let foreign = created_by(world, &facts.attackers);
        let mut protocol: Vec<Address> = world.contracts.iter().map(|deployed| deployed.address).collect();
        protocol.retain(|address| !foreign.contains(address));
        protocol.sort_unstable();
        protocol.dedup();
        facts.protocol = protocol;
        let deciding = world
            .contracts
            .iter()
            .filter(|deployed| facts.is_protocol(deployed.address) && decides(deployed));
        facts.governance = deciding.map(|deployed| deployed.address).collect();
        facts.governance.sort_unstable();
        for deployed in &world.contracts {
            let implementation = deployed.implementation.iter().flat_map(|contract| &contract.runtime.bytes);
            let code = world.state.code(deployed.address);
            let code: Vec<u8> = code.original_byte_slice().iter().chain(implementation).copied().collect();
            facts.selectors.insert(deployed.address, pushed(&code));
        }
        facts.find_tokens(world, machine)?;
        facts.find_views(world, machine)?;
        facts.find_holdings(world, machine)?;
        facts.wealth = facts.wealth_on(&world.state, machine)?;
        facts.find_calls(world, machine)?;
        for token in facts.tokens.clone() {
            let mut sum = U256::ZERO;
            for attacker in facts.attackers.clone() {
                sum = sum.saturating_add(crate::finding::balance(
                    machine,
                    &world.state,
                    token.address,
                    attacker,
                )?);
            }
            facts.stake = facts.stake.max(sum);
        }
        let deposits = facts.deposits(world, machine)?;
        facts.stake = deposits.iter().fold(facts.stake, |sum, (amount, ..)| sum.saturating_add(*amount));
        facts.deposited =
            deposits.into_iter().filter_map(|(amount, _, token)| Some((token?, amount))).collect();
        facts.mark();
        Ok(facts)
    }

    /// Whether an account is an attacker's.
    pub fn is_attacker(&self, address: Address) -> bool {
        self.attackers.contains(&address)
    }

    /// Whether a contract stood when the world began, and no attacker made it.
    pub fn is_protocol(&self, address: Address) -> bool {
        self.protocol.binary_search(&address).is_ok()
    }

    /// Whose balance of a token lies in a word.
    pub(super) fn holder(&self, token: Address, slot: U256) -> Option<Address> {
        let found = self.holders.binary_search_by(|(at, word, _)| (*at, *word).cmp(&(token, slot)));
        found.ok().map(|place| self.holders[place].2)
    }

    /// How much of a token attackers put into contracts before the world began.
    pub(super) fn deposited(&self, token: Address) -> U256 {
        let put = self.deposited.iter().filter(|(at, _)| *at == token);
        put.fold(U256::ZERO, |sum, (_, amount)| sum.saturating_add(*amount))
    }

    /// Whether others than attackers hold a token: of one that is theirs alone they have all, and it decides nothing.
    pub(super) fn trusted_value(&self, token: &Token) -> bool {
        let mut others = self.members.iter().chain(&self.trusted);
        others.any(|account| self.holders.iter().any(|(at, _, who)| *at == token.address && who == account))
    }

    /// Whether a contract decides by votes.
    pub fn is_governance(&self, address: Address) -> bool {
        self.governance.binary_search(&address).is_ok()
    }

    /// Whether a contract's code has this selector: calls that it makes by itself have one that it has.
    pub(super) fn pushes(&self, contract: Address, selector: [u8; 4]) -> bool {
        self.selectors.get(&contract).is_some_and(|known| known.binary_search(&selector).is_ok())
    }

    /// Whether a contract's code can take tokens that it was allowed to take.
    pub(crate) fn takes(&self, contract: Address) -> bool {
        self.pushes(contract, [0x23, 0xb8, 0x72, 0xdd])
    }

    /// The token at an address.
    pub fn token(&self, address: Address) -> Option<&Token> {
        self.tokens.iter().find(|token| token.address == address)
    }

    /// What a contract held when the world began.
    pub fn holding(&self, contract: Address) -> Option<&Holding> {
        self.holdings.iter().find(|holding| holding.contract == contract)
    }

    /// What a write to a contract's storage tells.
    pub(super) fn signs_of(&self, address: Address) -> Signs {
        self.kinds.get(&address).copied().unwrap_or_default()
    }

    /// What a write to a word tells.
    pub(super) fn signs_at(&self, address: Address, slot: U256) -> Signs {
        self.marks.get(&(address, slot)).copied().unwrap_or_default()
    }

    /// What all attackers have on a state, in wei: ether, and tokens that have a price.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn wealth_on(&self, state: &Arc<State>, machine: &mut Machine) -> Result<f64> {
        let mut sum = 0.0;
        for (number, attacker) in self.attackers.iter().enumerate() {
            sum += f64::from(state.balance(*attacker));
            for token in &self.tokens {
                let Some(worth) = token.worth else { continue };
                let balance = match token.slots.get(number) {
                    Some(Some(slot)) => state.storage(token.address, *slot),
                    _ => crate::finding::balance(machine, state, token.address, *attacker)?,
                };
                sum += f64::from(balance) * worth;
            }
        }
        Ok(sum)
    }

    /// What an account has on a state, in wei: ether, and tokens that have a price.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn wealth_of(&self, account: Address, state: &Arc<State>, machine: &mut Machine) -> Result<f64> {
        let mut sum = f64::from(state.balance(account));
        for token in &self.tokens {
            if let Some(worth) = token.worth {
                sum += f64::from(crate::finding::balance(machine, state, token.address, account)?) * worth;
            }
        }
        Ok(sum)
    }

    fn find_tokens(&mut self, world: &World, machine: &mut Machine) -> Result<()> {
        let mut tokens: Vec<(Address, Option<f64>)> = world
            .contracts
            .iter()
            .filter(|deployed| {
                has(deployed, &["totalSupply()", "balanceOf(address)", "transfer(address,uint256)"])
                    && !has(deployed, &["ownerOf(uint256)"])
            })
            .map(|deployed| (deployed.address, None))
            .collect();
        for (token, worth) in priced(world) {
            match tokens.iter_mut().find(|(known, _)| *known == token) {
                Some((_, price)) => *price = Some(worth),
                None => tokens.push((token, Some(worth))),
            }
        }
        let known: Vec<Address> = self
            .attackers
            .iter()
            .chain(&self.members)
            .chain(&self.trusted)
            .chain(&self.protocol)
            .copied()
            .collect();
        for (address, worth) in tokens {
            for account in &known {
                if let Some(slot) = balance_slot(machine, &world.state, address, *account)? {
                    self.holders.push((address, slot, *account));
                }
            }
            let mut slots = Vec::with_capacity(self.attackers.len());
            for attacker in &self.attackers {
                slots.push(balance_slot(machine, &world.state, address, *attacker)?);
            }
            let supply = ask(machine, &world.state, address, input("totalSupply()", &[]))?;
            let supply = supply.and_then(|answer| answer.place(address).map(|(slot, _)| slot));
            self.tokens.push(Token { address, worth, slots, supply });
        }
        self.holders.sort_unstable();
        for deployed in &world.contracts {
            if has(deployed, &["asset()", "convertToAssets(uint256)", "deposit(uint256,address)"])
                && let Some(answer) = ask(machine, &world.state, deployed.address, input("asset()", &[]))?
            {
                self.vaults.push((deployed.address, address_of(answer.word)));
            }
            if has(
                deployed,
                &["ownerOf(uint256)", "balanceOf(address)", "transferFrom(address,address,uint256)"],
            ) {
                self.collections.push(deployed.address);
            }
        }
        Ok(())
    }

    fn find_holdings(&mut self, world: &World, machine: &mut Machine) -> Result<()> {
        for contract in self.protocol.clone() {
            let mut tokens = Vec::new();
            for token in self.tokens.iter().map(|token| token.address).filter(|token| *token != contract) {
                let balance = crate::finding::balance(machine, &world.state, token, contract)?;
                if !balance.is_zero() {
                    tokens.push((token, balance));
                }
            }
            let ether = world.state.balance(contract);
            if !ether.is_zero() || !tokens.is_empty() {
                self.holdings.push(Holding { contract, ether, tokens });
            }
        }
        Ok(())
    }

    /// Fills the tables that [`Signs::of`] looks into.
    fn mark(&mut self) {
        let mut kinds: Vec<(Address, Signs)> = Vec::new();
        kinds.extend(self.tokens.iter().map(|token| (token.address, Signs::TOKEN)));
        kinds.extend(self.governance.iter().map(|contract| (*contract, Signs::GOVERNANCE)));
        kinds.extend(self.collections.iter().map(|contract| (*contract, Signs::UNIQUE)));
        kinds.extend(
            self.vaults.iter().flat_map(|(vault, asset)| [(*vault, Signs::VAULT), (*asset, Signs::VAULT)]),
        );
        // A token whose balances lie in no words of their own may move them with any write.
        let scattered = self.tokens.iter().filter(|token| token.slots.iter().any(Option::is_none));
        kinds.extend(scattered.map(|token| (token.address, Signs::BALANCE)));
        for (address, sign) in kinds {
            let known = self.kinds.entry(address).or_default();
            *known = known.and(sign);
        }
        let mut marks: Vec<(Address, U256, Signs)> = Vec::new();
        for token in &self.tokens {
            marks.extend(token.slots.iter().flatten().map(|slot| (token.address, *slot, Signs::BALANCE)));
        }
        marks.extend(self.owners.iter().map(|owner| (owner.contract, owner.slot, Signs::OWNER)));
        marks.extend(self.roles.iter().map(|role| (role.contract, role.slot, Signs::OWNER)));
        for setting in &self.settings {
            let sign = if setting.rule { Signs::PARAMETER.and(Signs::SETTING) } else { Signs::SETTING };
            marks.push((setting.contract, setting.slot, sign));
        }
        for known in &self.calls {
            marks.extend(known.authority.iter().map(|(contract, slot)| (*contract, *slot, Signs::AUTHORITY)));
            marks.extend(known.reads.iter().map(|(contract, slot)| (*contract, *slot, Signs::RELIED)));
        }
        marks.extend(self.read_by_properties.iter().map(|(at, slot)| (*at, *slot, Signs::PROPERTY)));
        for (address, slot, sign) in marks {
            let known = self.marks.entry((address, slot)).or_default();
            *known = known.and(sign);
        }
    }
}

/// Whether a contract decides by votes: it has a function that changes something and speaks of votes or proposals.
fn decides(deployed: &Deployed) -> bool {
    functions(deployed).filter(|callable| !callable.view()).any(|callable| {
        let name = callable.name().to_lowercase();
        name.contains("vote") || name.contains("propos") || name.contains("ballot")
    })
}

/// The selectors that a code pushes, ascending.
fn pushed(code: &[u8]) -> Vec<[u8; 4]> {
    let four = code.windows(5).filter(|window| window[0] == 0x63);
    let word = code.windows(6).filter(|window| window[0] == 0x7f);
    let mut found: Vec<[u8; 4]> =
        four.chain(word).map(|window| [window[1], window[2], window[3], window[4]]).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Contracts of the world that attackers made.
fn created_by(world: &World, attackers: &[Address]) -> Vec<Address> {
    let created = world.setup.iter().filter(|done| attackers.contains(&done.transaction.sender));
    let mut found: Vec<Address> =
        created.filter_map(|done| done.created.as_ref().map(|(_, address)| *address)).collect();
    // A contract that knows an attacker from its construction on was made by it, or for it.
    let knows = |deployed: &&Deployed| {
        let code = world.state.code(deployed.address);
        let code = code.original_byte_slice();
        attackers.iter().any(|attacker| code.windows(20).any(|window| window == attacker.as_slice()))
    };
    found.extend(world.contracts.iter().filter(knows).map(|deployed| deployed.address));
    found
}

/// Tokens that have a price: what the smallest unit is worth, in wei.
fn priced(world: &World) -> Vec<(Address, f64)> {
    let worth = |asset: &crate::world::Asset| f64::from(asset.worth) / 10_f64.powi(i32::from(asset.decimals));
    world.assets.iter().filter_map(|asset| Some((asset.token?, worth(asset)))).collect()
}

/// The address in a word.
pub(super) fn address_of(word: U256) -> Address {
    Address::from_word(B256::from(word))
}

/// What a view answered, and what it read.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// The first word of the answer.
    pub(super) word: U256,
    /// Words of storage read: whose, which, and what was there.
    pub(super) reads: Vec<(Address, U256, U256)>,
}

impl Answer {
    /// The word of a contract's storage that the answer lies in, and by how many bits it is shifted there.
    pub(super) fn place(&self, contract: Address) -> Option<(U256, usize)> {
        let bits = self.word.bit_len().max(8);
        self.reads.iter().rev().filter(|(address, ..)| *address == contract).find_map(|(_, slot, stored)| {
            let fits = |shift: &usize| {
                let shifted = *stored >> *shift;
                let masked = if bits > 160 { shifted } else { shifted & mask(bits.next_multiple_of(8)) };
                masked == self.word && (!self.word.is_zero() || stored.is_zero() || *shift > 0)
            };
            (0..256).step_by(8).find(fits).map(|shift| (*slot, shift))
        })
    }
}

fn mask(bits: usize) -> U256 {
    if bits >= 256 { U256::MAX } else { (U256::from(1) << bits) - U256::from(1) }
}

/// Asks a view; none where it is reverted or does not answer a word.
pub(super) fn ask(
    machine: &mut Machine,
    state: &Arc<State>,
    to: Address,
    data: Bytes,
) -> Result<Option<Answer>> {
    let outcome =
        machine.run(state, &Transaction { sender: NOBODY, to: Some(to), value: U256::ZERO, data })?;
    let Some(bytes) = outcome.output.get(..32).filter(|_| outcome.success()) else { return Ok(None) };
    let reads = machine.trace().accesses.iter().filter(|access| !access.write);
    let reads = reads.map(|access| (access.address, access.slot, access.value)).collect();
    Ok(Some(Answer { word: U256::from_be_slice(bytes), reads }))
}

/// Where what an account has of a token lies; none where it lies in no word of its own.
pub(super) fn balance_slot(
    machine: &mut Machine,
    state: &Arc<State>,
    token: Address,
    account: Address,
) -> Result<Option<U256>> {
    let data = input("balanceOf(address)", &[word(account)]);
    let Some(answer) = ask(machine, state, token, data.clone())? else { return Ok(None) };
    for (address, slot, value) in answer.reads.iter().rev() {
        if *address != token || *value != answer.word {
            continue;
        }
        // A word that decides the answer: with another there, the answer is another.
        let mut other = (**state).clone();
        let marked = answer.word ^ U256::from(0x5a5a_u32);
        other.set_storage(token, *slot, marked);
        let changed = ask(machine, &Arc::new(other), token, data.clone())?;
        if changed.is_some_and(|changed| changed.word == marked) {
            return Ok(Some(*slot));
        }
    }
    Ok(None)
}
