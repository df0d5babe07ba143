//! One vote on the contracts: powers handed out, ballots as transactions, what the governor says.

use alloy_dyn_abi::DynSolValue;
use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use daotwin_simulation::governance::Amount;
use daotwin_simulation::governance::lifecycle::{Moment, State, Support, Tally};

use super::governor::PAST_VOTES;
use super::{Bytecode, Generation, amount, bank};
use crate::chain::Transaction;
use crate::traffic::session::{input, selector};
use crate::traffic::session::{Answer, Refused, Session, uint};
use crate::{Error, Result};

/// What proposals here are described with.
const DESCRIPTION: &str = "a vote";

/// States in the order in which all three governors number them.
const STATES: [State; 8] = [
    State::Pending,
    State::Active,
    State::Canceled,
    State::Defeated,
    State::Succeeded,
    State::Queued,
    State::Expired,
    State::Executed,
];

/// A vote on a governor's own code. Moments are those of the case: the chain's are later, by as much as the world is old.
#[derive(Debug)]
pub struct Vote<'b> {
    rule: &'b Bytecode,
    session: Session,
    /// What is added to a clock and to a second of the case.
    shift: (u64, u64),
    /// When it is made.
    made: Moment,
    id: U256,
    actions: u32,
}

/// What came of an act: done, or why the contract refuses it.
pub type Came = std::result::Result<(), Refused>;

fn cannot(message: String) -> Error {
    Error::Contract { message }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Contract { message: format!("the contract refuses: {refused}") }
    }
}

impl Bytecode {
    /// Hands out powers so that they hold one clock unit before `made`, with so much of the token in all (what there is, or
    /// what all powers need, where not given).
    ///
    /// # Errors
    /// The token cannot be made to have that supply or these powers; a defect of the interpreter.
    pub fn prepare(
        &self,
        supply: Option<Amount>,
        powers: &[(Address, Amount)],
        made: Moment,
    ) -> Result<Vote<'_>> {
        let state = &self.world.state;
        if self.governor.seconds && made.clock != made.second {
            return Err(cannot(format!(
                "governor `{}` counts in seconds: its clock and the second are one",
                self.governor.name
            )));
        }
        // Powers are handed out one unit before the proposal is made, after all that the world saw.
        let seconds = (state.time + 2).saturating_sub(made.second);
        let clock = if self.governor.seconds { seconds } else { (state.block + 2).saturating_sub(made.clock) };
        let mut vote =
            Vote { rule: self, session: Session::new(&self.world), shift: (clock, seconds), made, id: U256::ZERO, actions: 0 };
        vote.go(made)?;
        let (block, time) = (vote.session.state.block, vote.session.state.time);
        vote.session.set_clock(block - 1, time - 1);

        let sum = powers.iter().try_fold(0_u128, |sum, (_, power)| sum.checked_add(power.0));
        let sum = sum.ok_or_else(|| cannot("powers add up to more than 2^128 - 1".to_owned()))?;
        let wanted = supply.map_or_else(|| self.supply.max(U256::from(sum)), |supply| U256::from(supply.0));
        vote.supply(wanted)?;
        for (member, power) in powers {
            vote.level(*member, U256::from(power.0))?;
        }
        Ok(vote)
    }
}

impl Vote<'_> {
    /// Lets the chain be at this moment.
    fn go(&mut self, now: Moment) -> Result<()> {
        let world = &self.rule.world.state;
        let over = || cannot("times beyond 2^64".to_owned());
        let clock = now.clock.checked_add(self.shift.0).ok_or_else(over)?;
        let second = now.second.checked_add(self.shift.1).ok_or_else(over)?;
        let block = if self.rule.governor.seconds {
            world.block + 2 + (second - world.time) / crate::BLOCK_SECONDS
        } else {
            clock
        };
        self.session.set_clock(block, second);
        Ok(())
    }

    fn token(&mut self, from: Address, signature: &str, arguments: Vec<DynSolValue>) -> Result<Came> {
        Ok(self.session.send(from, self.rule.governor.token, signature, arguments)?.map(|_| ()))
    }

    fn asked(&mut self, signature: &str, arguments: Vec<DynSolValue>) -> Result<U256> {
        Ok(self.session.number(self.rule.governor.token, signature, arguments)?.unwrap_or_default())
    }

    /// Mints or burns what is missing or too much.
    fn supply(&mut self, wanted: U256) -> Result<()> {
        let has = self.rule.supply;
        let who = self.rule.minter;
        let came = match wanted.cmp(&has) {
            std::cmp::Ordering::Equal => return Ok(()),
            std::cmp::Ordering::Greater => match who {
                Some(minter) => self.token(
                    minter,
                    "mint(address,uint256)",
                    vec![DynSolValue::Address(bank()), uint(wanted - has)],
                )?,
                None => Err(Refused("nobody was found who may mint it".to_owned())),
            },
            std::cmp::Ordering::Less => self.token(bank(), "burn(uint256)", vec![uint(has - wanted)])?,
        };
        let name = &self.rule.governor.name;
        came.map_err(|refused| {
            cannot(format!("the token of `{name}` has a supply of {has} that cannot be made {wanted}: {refused}"))
        })
    }

    /// Lets a member have so much of the token, and vote with it.
    fn level(&mut self, member: Address, power: U256) -> Result<()> {
        let held = self.asked("balanceOf(address)", vec![DynSolValue::Address(member)])?;
        let (from, to, rest) =
            if held < power { (bank(), member, power - held) } else { (member, bank(), held - power) };
        let refused = |refused: Refused| {
            cannot(format!("a member cannot be given {power} of the token: {refused}"))
        };
        if !rest.is_zero() {
            self.token(from, "transfer(address,uint256)", vec![DynSolValue::Address(to), uint(rest)])?
                .map_err(refused)?;
        }
        if power.is_zero() {
            return Ok(());
        }
        let delegate = self.asked("delegates(address)", vec![DynSolValue::Address(member)])?;
        if delegate != U256::from_be_slice(member.into_word().as_slice()) {
            self.token(member, "delegate(address)", vec![DynSolValue::Address(member)])?.map_err(refused)?;
        }
        Ok(())
    }

    /// Gives a member another power from now on, one clock unit before this moment.
    ///
    /// # Errors
    /// The token cannot be moved so, or there is no time between; a defect of the interpreter.
    pub(super) fn regrant(&mut self, now: Moment, member: Address, power: Amount) -> Result<()> {
        let before = (self.session.state.block, self.session.state.time);
        self.go(now)?;
        let (block, time) = (self.session.state.block, self.session.state.time);
        if block <= before.0 {
            return Err(cannot("power cannot change within one block".to_owned()));
        }
        self.session.set_clock(block - 1, (time - 1).max(before.1));
        self.level(member, U256::from(power.0))
    }

    /// Somebody who may propose: who keeps what nobody votes with, or else the voter with the most power.
    pub(super) fn anybody(&mut self, powers: &[(Address, Amount)]) -> Result<Address> {
        let threshold = U256::from(self.rule.settings.proposal_threshold.0);
        let held = self.asked("balanceOf(address)", vec![DynSolValue::Address(bank())])?;
        if held > threshold {
            self.level(bank(), held)?;
            return Ok(bank());
        }
        let most = powers.iter().max_by_key(|(member, power)| (power.0, *member));
        Ok(most.map_or(bank(), |(member, _)| *member))
    }

    fn targets(&self) -> Vec<DynSolValue> {
        // Plain accounts, each another one: the same twice could not wait in Compound's timelock.
        (0..self.actions)
            .map(|number| {
                let hash = keccak256(format!("daotwin action {number}"));
                DynSolValue::Address(Address::from_slice(&hash[12..]))
            })
            .collect()
    }

    fn payload(&self) -> Vec<DynSolValue> {
        let each = |value: DynSolValue| DynSolValue::Array(vec![value; self.actions as usize]);
        let mut payload = vec![DynSolValue::Array(self.targets()), each(uint(U256::ZERO))];
        if self.rule.governor.generation != Generation::OpenZeppelin {
            payload.push(each(DynSolValue::String(String::new())));
        }
        payload.push(each(DynSolValue::Bytes(Vec::new())));
        payload
    }

    /// Makes the proposal, at the moment that the vote was prepared for.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn propose(&mut self, proposer: Address, actions: u32) -> Result<Came> {
        self.go(self.made)?;
        self.actions = actions;
        let mut arguments = self.payload();
        arguments.push(DynSolValue::String(DESCRIPTION.to_owned()));
        let answer = self.send(proposer, self.rule.governor.generation.propose(), arguments)?;
        Ok(answer.map(|answer| self.id = answer.output.get(..32).map_or(U256::ZERO, U256::from_be_slice)))
    }

    fn send(
        &mut self,
        from: Address,
        signature: &str,
        arguments: Vec<DynSolValue>,
    ) -> Result<std::result::Result<Answer, Refused>> {
        let data: Bytes = input(selector(signature), arguments);
        let transaction =
            Transaction { sender: from, to: Some(self.rule.governor.address), value: U256::ZERO, data };
        self.session.transact(&transaction, Some(&self.rule.contract))
    }

    /// A member votes.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn cast(&mut self, now: Moment, member: Address, support: Support) -> Result<Came> {
        self.go(now)?;
        let generation = self.rule.governor.generation;
        let answer = match (generation, support) {
            (Generation::Alpha, Support::Abstain) => {
                return Ok(Err(Refused("this governor knows no abstaining".to_owned())));
            }
            (Generation::Alpha, support) => DynSolValue::Bool(support == Support::For),
            (_, Support::Against) => DynSolValue::Uint(U256::ZERO, 8),
            (_, Support::For) => DynSolValue::Uint(U256::from(1), 8),
            (_, Support::Abstain) => DynSolValue::Uint(U256::from(2), 8),
        };
        Ok(self.send(member, generation.cast(), vec![uint(self.id), answer])?.map(|_| ()))
    }

    fn act(&mut self, now: Moment, from: Address, openzeppelin: &str, compound: &str) -> Result<Came> {
        self.go(now)?;
        let answer = if self.rule.governor.generation == Generation::OpenZeppelin {
            let mut arguments = self.payload();
            arguments.push(DynSolValue::FixedBytes(keccak256(DESCRIPTION), 32));
            self.send(from, openzeppelin, arguments)?
        } else {
            self.send(from, compound, vec![uint(self.id)])?
        };
        Ok(answer.map(|_| ()))
    }

    /// Anybody puts a won vote into the timelock.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn queue(&mut self, now: Moment) -> Result<Came> {
        self.act(now, bank(), "queue(address[],uint256[],bytes[],bytes32)", "queue(uint256)")
    }

    /// Anybody executes it.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn execute(&mut self, now: Moment) -> Result<Came> {
        self.act(now, bank(), "execute(address[],uint256[],bytes[],bytes32)", "execute(uint256)")
    }

    /// Somebody cancels it.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn cancel(&mut self, now: Moment, by: Address) -> Result<Came> {
        self.act(now, by, "cancel(address[],uint256[],bytes[],bytes32)", "cancel(uint256)")
    }

    /// What the contract says of the proposal.
    ///
    /// # Errors
    /// It says nothing that is known; a defect of the interpreter.
    pub fn state(&mut self, now: Moment) -> Result<State> {
        self.go(now)?;
        let word = self.session.number(self.rule.governor.address, "state(uint256)", vec![uint(self.id)])?;
        let state = word.and_then(|word| STATES.get(usize::try_from(word).ok()?).copied());
        state.ok_or_else(|| cannot(format!("`state` of `{}` answers nothing known", self.rule.governor.name)))
    }

    /// The words of a view of the proposal.
    fn words(&mut self, signature: &str) -> Result<Vec<U256>> {
        let output = self.session.ask(self.rule.governor.address, signature, vec![uint(self.id)])?;
        let output = output
            .ok_or_else(|| cannot(format!("`{signature}` of `{}` is refused", self.rule.governor.name)))?;
        Ok(output.as_chunks::<32>().0.iter().map(|word| B256::from(*word).into()).collect())
    }

    /// A number of Compound's `proposals`, by the name that its ABI gives it.
    fn proposal(&mut self, name: &str) -> Result<Option<U256>> {
        const VIEW: &str = "proposals(uint256)";
        let callable = self.rule.contract.function(selector(VIEW));
        let outputs = callable.and_then(|callable| callable.function.as_ref()).map(|function| &function.outputs);
        let place = outputs.and_then(|outputs| match outputs.as_slice() {
            [tuple] if !tuple.components.is_empty() => {
                tuple.components.iter().position(|part| part.name == name)
            }
            outputs => outputs.iter().position(|part| part.name == name),
        });
        let Some(place) = place else { return Ok(None) };
        Ok(self.words(VIEW)?.get(place).copied())
    }

    /// Power for, against and abstaining, as the contract counted it.
    ///
    /// # Errors
    /// It does not tell; a defect of the interpreter.
    pub fn tally(&mut self) -> Result<Tally> {
        let [against, in_favour, abstain] = if self.rule.governor.generation == Generation::OpenZeppelin {
            let words = self.words("proposalVotes(uint256)")?;
            [0, 1, 2].map(|place| words.get(place).copied().unwrap_or_default())
        } else {
            let mut of = |name| Ok::<_, Error>(self.proposal(name)?.unwrap_or_default());
            [of("againstVotes")?, of("forVotes")?, of("abstainVotes")?]
        };
        let small = |word| amount(word).ok_or_else(|| cannot("a tally above 2^128 - 1".to_owned()));
        Ok(Tally { against: small(against)?, in_favour: small(in_favour)?, abstain: small(abstain)? })
    }

    /// The last clock at which votes are taken.
    ///
    /// # Errors
    /// The contract does not tell; a defect of the interpreter.
    pub fn deadline(&mut self) -> Result<u64> {
        let word = if self.rule.governor.generation == Generation::OpenZeppelin {
            self.words("proposalDeadline(uint256)")?.first().copied()
        } else {
            self.proposal("endBlock")?
        };
        let clock = word.and_then(|word| u64::try_from(word).ok());
        let clock = clock.ok_or_else(|| cannot("the governor tells no deadline".to_owned()))?;
        Ok(clock.saturating_sub(self.shift.0))
    }

    /// When the timelock ends, once queued.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn eta(&mut self) -> Result<Option<u64>> {
        let word = if self.rule.governor.generation == Generation::OpenZeppelin {
            let governor = self.rule.governor.address;
            self.session.number(governor, "proposalEta(uint256)", vec![uint(self.id)])?
        } else {
            self.proposal("eta")?
        };
        let second = word.filter(|word| !word.is_zero()).and_then(|word| u64::try_from(word).ok());
        Ok(second.map(|second| second.saturating_sub(self.shift.1)))
    }

    /// What the vote needs, once its snapshot lies behind.
    ///
    /// # Errors
    /// The contract does not tell; a defect of the interpreter.
    pub fn quorum(&mut self) -> Result<Amount> {
        let (signature, arguments) = if self.rule.governor.generation == Generation::OpenZeppelin {
            let snapshot = self.words("proposalSnapshot(uint256)")?.first().copied().unwrap_or_default();
            let after = u64::try_from(snapshot).unwrap_or(u64::MAX).saturating_sub(self.shift.0);
            let at = Moment { clock: after.saturating_add(1), second: after.saturating_add(1) };
            let now = (self.session.state.block, self.session.state.time);
            let clock = if self.rule.governor.seconds { now.1 } else { now.0 };
            if clock <= at.clock.saturating_add(self.shift.0) {
                // Nothing happens meanwhile: only the question is asked later.
                let (block, time) =
                    if self.rule.governor.seconds { (now.0, at.clock + self.shift.0) } else { (at.clock + self.shift.0, now.1) };
                self.session.set_clock(block, time);
            }
            ("quorum(uint256)", vec![uint(snapshot)])
        } else {
            ("quorumVotes()", Vec::new())
        };
        let word = self.session.number(self.rule.governor.address, signature, arguments)?;
        word.and_then(amount).ok_or_else(|| cannot(format!("`{signature}` answers no amount")))
    }

    /// How much power somebody had at the snapshot of a clock that lies behind.
    ///
    /// # Errors
    /// A defect of the interpreter.
    pub fn power(&mut self, member: Address, clock: u64) -> Result<Option<Amount>> {
        let clock = clock.saturating_add(self.shift.0);
        for signature in PAST_VOTES {
            let arguments = vec![DynSolValue::Address(member), uint(U256::from(clock))];
            if let Some(word) = self.session.number(self.rule.governor.token, signature, arguments)? {
                return Ok(amount(word));
            }
        }
        Ok(None)
    }
}
