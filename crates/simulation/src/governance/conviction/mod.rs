//! Conviction voting: support grows while it lasts, and what is asked for decides how much of it is needed.
//!
//! The integers are those of the contract; [`closed_form`] is the same in doubles, as its papers and interface have it.

mod json;

use super::{Card, Family, Rule, Wide};
use crate::Result;
use serde_json::Value;

/// The contract's `D`: decay, ratio and weight are in ten-millionths.
pub const D: u64 = 10_000_000;

/// The contract's hundred percent of the least stake.
pub const HUNDRED_PERCENT: u128 = 1_000_000_000_000_000_000;

/// Proposals that one member supports at a time, at most.
pub const MOST_PROPOSALS: usize = 10;

/// What a pool of proposals is governed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// The share of conviction that a block leaves, times [`D`]; below `D`.
    pub decay: u64,
    /// The share of funds that a proposal may ask for, times [`D`].
    pub max_ratio: u64,
    /// The threshold's weight, times [`D`].
    pub weight: u64,
    /// The share of the supply that counts as staked at least, times [`HUNDRED_PERCENT`].
    pub min_stake: u128,
}

/// Why the contract would revert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// An amount of zero.
    Zero,
    /// The proposal was executed or cancelled.
    NotActive,
    /// More than the member has.
    MoreThanAvailable,
    /// More than the member has staked there.
    MoreThanStaked,
    /// The member supports ten proposals already.
    TooManyProposals,
    /// A proposal that asks for nothing only signals.
    NothingRequested,
    /// It asks for the greatest share of the funds, or more.
    OverMaxRatio,
    /// Conviction is not above the threshold.
    InsufficientConviction,
    /// The block lies before the last one.
    Past,
    /// A number would leave 256 bits (what is kept: 128).
    Overflow,
}

type Try<T> = std::result::Result<T, Refusal>;

/// 2^128.
fn one() -> Wide {
    Wide::from(1_u64).shl(128)
}

/// Conviction after so many blocks with so much staked: (2^128 a^t y + x D (2^128 - 2^128 a^t) / (D - aD) + 2^127) / 2^128,
/// each quotient rounded down. The power takes at most 2 log2(t) products. None above 256 bits, or where the result is
/// above 128.
pub fn conviction(decay: u64, blocks: u64, last: u128, staked: u128) -> Option<u128> {
    let kept = power(decay, blocks)?;
    let gained =
        Wide::from(staked).times(D.into())?.times(one().minus(kept)?)?.over(D.checked_sub(decay)?.into())?;
    kept.times(last.into())?.plus(gained)?.plus(Wide::from(1_u128 << 127))?.shr(128).narrow()
}

/// 2^128 (decay / D)^blocks by squares and products, each rounded to the nearest.
fn power(decay: u64, blocks: u64) -> Option<Wide> {
    let multiply =
        |left: Wide, right: Wide| Some(left.times(right)?.plus(Wide::from(1_u128 << 127))?.shr(128));
    let (mut base, mut rest) = (Wide::from(decay).shl(128).over(D.into())?, blocks);
    let mut result = one();
    while rest > 0 {
        if rest & 1 == 0 {
            base = multiply(base, base)?;
            rest >>= 1;
        } else {
            result = multiply(result, base)?;
            rest -= 1;
        }
    }
    Some(result)
}

/// Conviction that a proposal must be above. `staked` is what all proposals have, `supply` what there is of the token.
///
/// # Errors
/// [`Refusal::OverMaxRatio`], or [`Refusal::Overflow`] where the contract's numbers end (also where what is asked for
/// is so near the greatest share that the square of the distance rounds to zero).
pub fn threshold(
    parameters: &Parameters,
    requested: u128,
    funds: u128,
    supply: u128,
    staked: u128,
) -> Try<Wide> {
    let Parameters { decay, max_ratio, weight, min_stake } = *parameters;
    if Wide::product(max_ratio.into(), funds) <= Wide::product(requested, D.into()) {
        return Err(Refusal::OverMaxRatio);
    }
    let found = || {
        let least = Wide::product(supply, min_stake).over(HUNDRED_PERCENT.into())?;
        let staked = Wide::from(staked).max(least);
        let share = Wide::from(requested).shl(64).over(funds.into())?;
        let distance = Wide::from(max_ratio).shl(64).over(D.into())?.minus(share)?;
        let square = distance.times(distance)?.shr(64);
        let scaled = Wide::from(weight).shl(128).over(D.into())?.over(square)?;
        Some(scaled.times(D.into())?.over(D.checked_sub(decay)?.into())?.times(staked)?.shr(64))
    };
    found().ok_or(Refusal::Overflow)
}

/// The conviction that a stake approaches: x / (1 - a), rounded down; none above 128 bits.
pub fn max_conviction(decay: u64, staked: u128) -> Option<u128> {
    Wide::product(staked, D.into()).over(D.checked_sub(decay)?.into())?.narrow()
}

/// y a^t + x (1 - a^t) / (1 - a).
pub fn closed_form(alpha: f64, blocks: f64, last: f64, staked: f64) -> f64 {
    let kept = alpha.powf(blocks);
    last * kept + staked * (1.0 - kept) / (1.0 - alpha)
}

/// Blocks until conviction reaches a threshold with so much staked: none where it never does, zero where it has.
pub fn blocks_to(alpha: f64, threshold: f64, conviction: f64, staked: f64) -> Option<f64> {
    if conviction >= threshold {
        return Some(0.0);
    }
    // What is left to the limit shrinks by alpha a block.
    let distance = |conviction: f64| staked - (1.0 - alpha) * conviction;
    let blocks = (distance(threshold) / distance(conviction)).ln() / alpha.ln();
    (distance(threshold) > 0.0).then_some(blocks)
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It gathers conviction.
    Active,
    /// It was withdrawn.
    Cancelled,
    /// It was paid.
    Executed,
}

/// A proposal.
#[derive(Debug, Clone, Copy)]
pub struct Proposal {
    /// What it asks for.
    pub requested: u128,
    /// What all have staked on it.
    pub staked: u128,
    /// Conviction at [`Proposal::block`].
    pub conviction: u128,
    /// When conviction was last taken; 0 before the first stake.
    pub block: u64,
    /// Where it stands.
    pub state: State,
}

/// A pool of proposals, its members' stakes and its funds. An event costs the proposals of the member at most, ten.
#[derive(Debug, Clone)]
pub struct Pool {
    parameters: Parameters,
    supply: u128,
    funds: u128,
    staked: u128,
    now: u64,
    balances: Vec<u128>,
    /// By member: proposals it supports, in the contract's order, with the stake.
    stakes: Vec<Vec<(u32, u128)>>,
    proposals: Vec<Proposal>,
}

impl Pool {
    /// A pool without proposals. The supply is what counts for the least stake, not the sum of balances.
    pub fn new(parameters: Parameters, supply: u128, funds: u128, balances: Vec<u128>) -> Self {
        let stakes = vec![Vec::new(); balances.len()];
        Self { parameters, supply, funds, staked: 0, now: 0, balances, stakes, proposals: Vec::new() }
    }

    /// Adds a proposal; one that asks for nothing signals, and is never executed.
    pub fn propose(&mut self, requested: u128) -> u32 {
        let state = State::Active;
        self.proposals.push(Proposal { requested, staked: 0, conviction: 0, block: 0, state });
        self.proposals.len() as u32 - 1
    }

    /// The proposals.
    pub fn proposals(&self) -> &[Proposal] {
        &self.proposals
    }

    /// What is left to spend.
    pub fn funds(&self) -> u128 {
        self.funds
    }

    /// What all have staked, on proposals that ended too.
    pub fn staked(&self) -> u128 {
        self.staked
    }

    /// What a member has staked on a proposal.
    pub fn stake_of(&self, member: u32, proposal: u32) -> u128 {
        let stakes = &self.stakes[member as usize];
        stakes.iter().find(|&&(of, _)| of == proposal).map_or(0, |&(_, stake)| stake)
    }

    fn own_total(&self, member: u32) -> u128 {
        self.stakes[member as usize].iter().map(|&(_, stake)| stake).sum()
    }

    fn advance(&mut self, block: u64) -> Try<()> {
        if block < self.now {
            return Err(Refusal::Past);
        }
        self.now = block;
        Ok(())
    }

    /// Conviction of a proposal at a block, not before its last one.
    ///
    /// # Errors
    /// [`Refusal::Past`], [`Refusal::Overflow`].
    pub fn conviction_at(&self, proposal: u32, block: u64) -> Try<u128> {
        let Proposal { staked, conviction: last, block: since, .. } = self.proposals[proposal as usize];
        let blocks = block.checked_sub(since).ok_or(Refusal::Past)?;
        if blocks == 0 {
            return Ok(last);
        }
        conviction(self.parameters.decay, blocks, last, staked).ok_or(Refusal::Overflow)
    }

    /// The threshold of a proposal as things stand.
    ///
    /// # Errors
    /// Those of [`threshold`].
    pub fn threshold_of(&self, proposal: u32) -> Try<Wide> {
        let requested = self.proposals[proposal as usize].requested;
        threshold(&self.parameters, requested, self.funds, self.supply, self.staked)
    }

    /// Stakes on a proposal. Where too little is free, stakes on ended proposals are taken back first.
    ///
    /// # Errors
    /// Why the contract would revert; nothing changes then but the time.
    pub fn stake(&mut self, member: u32, proposal: u32, amount: u128, block: u64) -> Try<()> {
        self.advance(block)?;
        let balance = self.balances[member as usize];
        let Proposal { state, staked, block: since, .. } = self.proposals[proposal as usize];
        if amount == 0 {
            return Err(Refusal::Zero);
        }
        if state != State::Active {
            return Err(Refusal::NotActive);
        }
        let ended = |&&(of, _): &&(u32, u128)| self.proposals[of as usize].state != State::Active;
        let stakes = &self.stakes[member as usize];
        let own = self.own_total(member);
        // Ended proposals in the order of the list, whole, until enough is free.
        let mut back = Vec::new();
        let wanted = amount.saturating_sub(balance - own);
        let mut freed = 0_u128;
        for &(of, stake) in stakes.iter().filter(ended) {
            if freed >= wanted {
                break;
            }
            freed += stake;
            back.push((of, stake));
        }
        if (own - freed).checked_add(amount).ok_or(Refusal::Overflow)? > balance {
            return Err(Refusal::MoreThanAvailable);
        }
        let supported = stakes.iter().any(|&(of, _)| of == proposal);
        if !supported && stakes.len() - back.len() >= MOST_PROPOSALS {
            return Err(Refusal::TooManyProposals);
        }
        let total = (self.staked - freed).checked_add(amount).ok_or(Refusal::Overflow)?;
        let raised = staked.checked_add(amount).ok_or(Refusal::Overflow)?;
        let conviction = if since == 0 { 0 } else { self.conviction_at(proposal, block)? };
        for (of, stake) in back {
            self.take(member, of, stake);
        }
        self.staked = total;
        let stakes = &mut self.stakes[member as usize];
        match stakes.iter_mut().find(|(of, _)| *of == proposal) {
            Some((_, stake)) => *stake += amount,
            None => stakes.push((proposal, amount)),
        }
        let proposal = &mut self.proposals[proposal as usize];
        (proposal.staked, proposal.conviction, proposal.block) = (raised, conviction, block);
        Ok(())
    }

    /// Removes a stake without a look at conviction.
    fn take(&mut self, member: u32, proposal: u32, amount: u128) {
        self.staked -= amount;
        self.proposals[proposal as usize].staked -= amount;
        let stakes = &mut self.stakes[member as usize];
        if let Some(place) = stakes.iter().position(|&(of, _)| of == proposal) {
            stakes[place].1 -= amount;
            if stakes[place].1 == 0 {
                // The last one takes its place: the order decides what is taken back first later on.
                stakes.swap_remove(place);
            }
        }
    }

    /// Takes a stake back.
    ///
    /// # Errors
    /// Why the contract would revert; nothing changes then but the time.
    pub fn withdraw(&mut self, member: u32, proposal: u32, amount: u128, block: u64) -> Try<()> {
        self.advance(block)?;
        if self.stake_of(member, proposal) < amount {
            return Err(Refusal::MoreThanStaked);
        }
        if amount == 0 {
            return Err(Refusal::Zero);
        }
        if self.proposals[proposal as usize].state == State::Active {
            let conviction = self.conviction_at(proposal, block)?;
            let proposal = &mut self.proposals[proposal as usize];
            (proposal.conviction, proposal.block) = (conviction, block);
        }
        self.take(member, proposal, amount);
        Ok(())
    }

    /// Pays a proposal whose conviction is strictly above its threshold.
    ///
    /// # Errors
    /// Why the contract would revert; nothing changes then but the time.
    pub fn execute(&mut self, proposal: u32, block: u64) -> Try<()> {
        self.advance(block)?;
        let Proposal { requested, state, .. } = self.proposals[proposal as usize];
        if requested == 0 {
            return Err(Refusal::NothingRequested);
        }
        if state != State::Active {
            return Err(Refusal::NotActive);
        }
        let conviction = self.conviction_at(proposal, block)?;
        if Wide::from(conviction) <= self.threshold_of(proposal)? {
            return Err(Refusal::InsufficientConviction);
        }
        // What is asked for is below the greatest share of the funds, but that share may be above one.
        self.funds = self.funds.checked_sub(requested).ok_or(Refusal::Overflow)?;
        let proposal = &mut self.proposals[proposal as usize];
        (proposal.conviction, proposal.block, proposal.state) = (conviction, block, State::Executed);
        Ok(())
    }

    /// Withdraws a proposal; its stakes stay until they are taken back.
    ///
    /// # Errors
    /// [`Refusal::NotActive`], [`Refusal::Past`].
    pub fn cancel(&mut self, proposal: u32, block: u64) -> Try<()> {
        self.advance(block)?;
        let proposal = &mut self.proposals[proposal as usize];
        if proposal.state != State::Active {
            return Err(Refusal::NotActive);
        }
        proposal.state = State::Cancelled;
        Ok(())
    }
}

/// The rule.
#[derive(Debug)]
pub struct Conviction;

const NAME: &str = "conviction";

impl Rule for Conviction {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Support gathers weight for as long as it lasts; a proposal passes when its conviction is above a \
                threshold that grows with the share of the funds that it asks for.",
            definition: "Per block y' = a y + x for a stake of x; after t blocks y a^t + x (1 - a^t) / (1 - a), in 128-bit \
                fixed point: (2^128 a^t y + floor(x D (2^128 - 2^128 a^t) / (D - aD)) + 2^127) / 2^128 with D = 10^7, powers \
                by squaring with rounding to the nearest. Conviction is taken when a stake changes, from the stake before. \
                It approaches x / (1 - a). Threshold: rho S / ((1 - a) (beta - r / R)^2) with r asked for of R funds, S the \
                larger of what is staked on all proposals and the least share of the supply; in integers: d = floor(beta \
                2^64) - floor(r 2^64 / R), then ((floor(rho 2^128) / (d^2 >> 64)) D / (D - aD)) S >> 64, every quotient \
                rounded down. A proposal that asks for beta R or more is refused; one is paid where conviction is strictly \
                above the threshold. A member supports ten proposals at most and stakes no more than it has; stakes on ended \
                proposals are taken back first where that is needed. Proposals from 0.",
            source: "1Hive `conviction-voting-app`, `contracts/ConvictionVoting.sol`: `calculateConviction`, `_pow`, `_mul`, \
                `calculateThreshold`, `_stake`, `_withdrawFromProposal`, `_withdrawInactiveStakedTokens`, `executeProposal`; \
                closed form, limit and time to pass: `app/src/lib/conviction.js`",
            limits: "Balances do not move: that the contract takes stakes back when tokens are transferred is left out, as \
                are disputes, stable-token requests and the abstain proposal (a proposal that asks for nothing serves).",
            example: r#"{"decay": 9000000, "max_ratio": 2000000, "weight": 20000, "min_stake": "200000000000000000",
                "supply": 45000, "funds": 15000, "balances": {"ann": 30000}, "proposals": [1000], "at": 30,
                "events": [{"stake": {"block": 10, "member": "ann", "proposal": 0, "amount": 1000}}]}"#,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        json::decide(NAME, case)
    }
}

#[cfg(test)]
mod test;
