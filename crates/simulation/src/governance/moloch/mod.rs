//! Moloch v2: shares and loot, votes without a quorum, and leaving with one's part of the bank.
//!
//! [`Guild`] is the contract's state. What the contract reverts is a [`Refusal`] here and changes nothing. Time is in
//! seconds since the summoning. Accounts and tokens are dense numbers; amounts are in a token's smallest unit.
//! Every step costs O(1) but a rage-quit, which visits every whitelisted token.

mod json;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Amount, Card, Family, Rule};
use crate::Result;

/// Shares and loot there may be together: `MAX_NUMBER_OF_SHARES_AND_LOOT`.
pub const MOST_SHARES_AND_LOOT: u64 = 1_000_000_000_000_000_000;
/// Tokens that may be whitelisted: `MAX_TOKEN_WHITELIST_COUNT`.
pub const MOST_WHITELISTED: usize = 400;
/// Tokens of which the bank may hold something: `MAX_TOKEN_GUILDBANK_COUNT`.
pub const MOST_BANKED: usize = 200;
/// The longest voting and grace period, and the largest dilution bound: 10^18.
const MOST: u64 = 1_000_000_000_000_000_000;

/// What a guild is summoned with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Seconds of a period (17,280 by default).
    pub period_seconds: u64,
    /// Periods of voting (35 by default).
    pub voting_periods: u64,
    /// Periods between voting and processing (35 by default).
    pub grace_periods: u64,
    /// What a sponsor puts down, in the first whitelisted token.
    pub proposal_deposit: Amount,
    /// By how much shares and loot may shrink between the last yes and the processing (3 by default).
    pub dilution_bound: u64,
    /// What of the deposit goes to whoever processes.
    pub processing_reward: Amount,
}

impl Settings {
    /// What the constructor of the contract would not take, one message a problem.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut within = |what: &str, value: u64, least: u64| {
            if !(least..=MOST).contains(&value) {
                problems.push(format!("`settings.{what}` is {value}; it must be from {least} to 10^18"));
            }
        };
        within("period_seconds", self.period_seconds, 1);
        within("voting_periods", self.voting_periods, 1);
        within("grace_periods", self.grace_periods, 0);
        within("dilution_bound", self.dilution_bound, 1);
        if self.proposal_deposit < self.processing_reward {
            problems.push(format!(
                "`settings.processing_reward` is {}; it is paid from `settings.proposal_deposit`, which is {}",
                self.processing_reward, self.proposal_deposit
            ));
        }
        problems
    }
}

/// A member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Member {
    /// Votes, and a part of the bank.
    pub shares: u64,
    /// A part of the bank without votes.
    pub loot: u64,
    /// Whether the account has ever been a member.
    pub exists: bool,
    /// The highest place in the queue at which it has voted yes; 0 where it never has.
    pub highest_yes: u32,
    /// The place of the proposal that kicked it; 0 where none has.
    pub jailed: u32,
}

/// What a proposal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// Shares, loot and a payment for the applicant, against a tribute.
    Standard {
        /// Who gets the shares, the loot and the payment.
        applicant: u32,
        /// Shares asked for.
        shares: u64,
        /// Loot asked for.
        loot: u64,
        /// What is paid in, and in which token.
        tribute: (u128, u32),
        /// What is paid out, and in which token.
        payment: (u128, u32),
    },
    /// One more token for the bank.
    Whitelist {
        /// The token.
        token: u32,
    },
    /// All shares of a member become loot, and it may vote no more.
    Kick {
        /// The member.
        member: u32,
    },
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Made, not sponsored.
    Submitted,
    /// Taken back by its proposer.
    Cancelled,
    /// In the queue: waiting, being voted on, or in its grace period.
    Sponsored,
    /// Processed, and it took effect.
    Passed,
    /// Processed, without effect.
    Failed,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What it asks for.
    pub request: Request,
    /// Who made it.
    pub proposer: u32,
    /// Who sponsored it.
    pub sponsor: u32,
    /// Where it stands.
    pub stage: Stage,
    /// The first period of voting.
    pub starts: u64,
    /// Shares that voted yes.
    pub yes: u64,
    /// Shares that voted no.
    pub no: u64,
    /// Shares and loot there were at most when a yes was cast.
    pub most_at_yes: u64,
    /// One bit a member.
    voted: Vec<u64>,
}

/// Why a step is refused; the contract reverts there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Only members with shares may do this.
    #[error("the account has no shares")]
    NoShares,
    /// Only members with shares or loot may do this.
    #[error("the account is no member")]
    NoMember,
    /// There is no such proposal.
    #[error("there is no such proposal")]
    NoProposal,
    /// Sponsored already.
    #[error("the proposal has been sponsored")]
    Sponsored,
    /// Cancelled already.
    #[error("the proposal has been cancelled")]
    Cancelled,
    /// Only the proposer cancels.
    #[error("only the proposer may cancel")]
    NotProposer,
    /// A kicked member can neither apply nor be kicked again.
    #[error("the applicant is jailed")]
    Jailed,
    /// Ragekick is for the kicked.
    #[error("the member is not jailed")]
    NotJailed,
    /// More than 10^18 shares and loot asked for.
    #[error("more than 10^18 shares and loot are asked for")]
    TooMuch,
    /// Tribute, payment and what is collected are in whitelisted tokens.
    #[error("the token is not whitelisted")]
    NotWhitelisted,
    /// The token is whitelisted, or another proposal asks for it.
    #[error("the token is whitelisted or proposed already")]
    Whitelisted,
    /// Another proposal asks for it.
    #[error("the member is proposed to be kicked already")]
    Kicked,
    /// 400 tokens are whitelisted, or the bank holds 200.
    #[error("there are too many tokens")]
    Tokens,
    /// Before the voting period.
    #[error("voting has not begun")]
    NotBegun,
    /// After the voting period.
    #[error("voting is over")]
    Over,
    /// One vote a member.
    #[error("the member has voted")]
    Voted,
    /// Before the end of the grace period.
    #[error("the proposal is not ready to be processed")]
    NotReady,
    /// Once only.
    #[error("the proposal has been processed")]
    Processed,
    /// Proposals are processed in the queue's order.
    #[error("the proposal before it must be processed first")]
    OutOfOrder,
    /// More than the member has.
    #[error("the member has less than that")]
    TooLittle,
    /// The last proposal on which the member voted yes is not processed yet.
    #[error("the member voted yes on a proposal that is not processed yet")]
    Locked,
    /// Nothing to collect, or the bank holds none of that token.
    #[error("there is nothing to collect")]
    NothingToCollect,
    /// More than 2^128 of a token.
    #[error("the amount of the token leaves 128 bits")]
    Overflow,
}

/// A Moloch v2.
#[derive(Debug, Clone)]
pub struct Guild {
    settings: Settings,
    members: Vec<Member>,
    shares: u64,
    loot: u64,
    whitelist: Vec<u32>,
    bank: Vec<u128>,
    banked: usize,
    escrow: BTreeMap<u32, u128>,
    totals: BTreeMap<u32, u128>,
    balances: BTreeMap<(u32, u32), u128>,
    proposals: Vec<Proposal>,
    queue: Vec<u32>,
    proposed_tokens: BTreeSet<u32>,
    proposed_kicks: BTreeSet<u32>,
}

impl Guild {
    /// A guild of these members, whose bank holds these tokens; the first is that of deposits. The contract starts with
    /// one share of the summoner and an empty bank; a simulation may start later in a guild's life.
    pub fn new(settings: Settings, members: &[Member], whitelist: &[(u32, u128)]) -> Self {
        let tokens = whitelist.iter().map(|&(token, _)| token as usize + 1).max().unwrap_or(0);
        let mut bank = vec![0; tokens];
        for &(token, amount) in whitelist {
            bank[token as usize] = amount;
        }
        Self {
            settings,
            members: members.to_vec(),
            shares: members.iter().map(|member| member.shares).sum(),
            loot: members.iter().map(|member| member.loot).sum(),
            whitelist: whitelist.iter().map(|&(token, _)| token).collect(),
            banked: bank.iter().filter(|&&amount| amount > 0).count(),
            bank,
            escrow: BTreeMap::new(),
            totals: whitelist.iter().copied().collect(),
            balances: BTreeMap::new(),
            proposals: Vec::new(),
            queue: Vec::new(),
            proposed_tokens: BTreeSet::new(),
            proposed_kicks: BTreeSet::new(),
        }
    }

    /// A member; of one who never was, nothing.
    pub fn member(&self, account: u32) -> Member {
        self.members.get(account as usize).copied().unwrap_or_default()
    }

    /// All shares.
    pub const fn shares(&self) -> u64 {
        self.shares
    }

    /// All loot.
    pub const fn loot(&self) -> u64 {
        self.loot
    }

    /// What the bank holds of a token.
    pub fn bank(&self, token: u32) -> u128 {
        self.bank.get(token as usize).copied().unwrap_or(0)
    }

    /// What is held for proposals and deposits that are not processed.
    pub fn escrow(&self, token: u32) -> u128 {
        self.escrow.get(&token).copied().unwrap_or(0)
    }

    /// All that the contract holds of a token.
    pub fn total(&self, token: u32) -> u128 {
        self.totals.get(&token).copied().unwrap_or(0)
    }

    /// What an account may withdraw.
    pub fn balance(&self, account: u32, token: u32) -> u128 {
        self.balances.get(&(account, token)).copied().unwrap_or(0)
    }

    /// Every proposal, by its number.
    pub fn proposals(&self) -> &[Proposal] {
        &self.proposals
    }

    /// The proposals that were sponsored, in order.
    pub fn queue(&self) -> &[u32] {
        &self.queue
    }

    /// The whitelisted tokens, in order; the first is that of deposits.
    pub fn whitelist(&self) -> &[u32] {
        &self.whitelist
    }

    /// The period at this time.
    pub const fn period(&self, now: u64) -> u64 {
        now / self.settings.period_seconds
    }

    fn whitelisted(&self, token: u32) -> bool {
        self.whitelist.contains(&token)
    }

    fn full(&self, tribute: (u128, u32)) -> bool {
        tribute.0 > 0 && self.bank(tribute.1) == 0 && self.banked >= MOST_BANKED
    }

    /// Counts what comes in, so that no sum within can overflow.
    fn take_in(&mut self, token: u32, amount: u128) -> std::result::Result<(), Refusal> {
        let total = self.totals.entry(token).or_default();
        *total = total.checked_add(amount).ok_or(Refusal::Overflow)?;
        Ok(())
    }

    /// Adds to the escrow.
    fn hold(&mut self, token: u32, amount: u128) -> std::result::Result<(), Refusal> {
        self.take_in(token, amount)?;
        *self.escrow.entry(token).or_default() += amount;
        Ok(())
    }

    /// Takes out of the escrow what was put in before.
    fn release(&mut self, token: u32, amount: u128) {
        *self.escrow.entry(token).or_default() -= amount;
    }

    fn credit(&mut self, account: u32, token: u32, amount: u128) {
        if amount > 0 {
            *self.balances.entry((account, token)).or_default() += amount;
        }
    }

    /// Makes a proposal; anyone may. A tribute is taken at once.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn submit(&mut self, proposer: u32, request: Request) -> std::result::Result<u32, Refusal> {
        match request {
            Request::Standard { applicant, shares, loot, tribute, payment } => {
                if shares.checked_add(loot).is_none_or(|sum| sum > MOST_SHARES_AND_LOOT) {
                    return Err(Refusal::TooMuch);
                }
                if !self.whitelisted(tribute.1) || !self.whitelisted(payment.1) {
                    return Err(Refusal::NotWhitelisted);
                }
                if self.member(applicant).jailed != 0 {
                    return Err(Refusal::Jailed);
                }
                if self.full(tribute) {
                    return Err(Refusal::Tokens);
                }
                self.hold(tribute.1, tribute.0)?;
            }
            Request::Whitelist { token } => {
                if self.whitelisted(token) {
                    return Err(Refusal::Whitelisted);
                }
                if self.whitelist.len() >= MOST_WHITELISTED {
                    return Err(Refusal::Tokens);
                }
            }
            Request::Kick { member } => {
                let member = self.member(member);
                if member.shares == 0 && member.loot == 0 {
                    return Err(Refusal::NoMember);
                }
                if member.jailed != 0 {
                    return Err(Refusal::Jailed);
                }
            }
        }
        self.proposals.push(Proposal {
            request,
            proposer,
            sponsor: 0,
            stage: Stage::Submitted,
            starts: 0,
            yes: 0,
            no: 0,
            most_at_yes: 0,
            voted: Vec::new(),
        });
        Ok(self.proposals.len() as u32 - 1)
    }

    /// Takes back a proposal that nobody has sponsored; the tribute goes back to its proposer.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn cancel(&mut self, proposer: u32, proposal: u32) -> std::result::Result<(), Refusal> {
        let found = self.proposals.get_mut(proposal as usize).ok_or(Refusal::NoProposal)?;
        match found.stage {
            Stage::Submitted => {}
            Stage::Cancelled => return Err(Refusal::Cancelled),
            _ => return Err(Refusal::Sponsored),
        }
        if found.proposer != proposer {
            return Err(Refusal::NotProposer);
        }
        found.stage = Stage::Cancelled;
        if let Request::Standard { tribute, .. } = found.request {
            self.release(tribute.1, tribute.0);
            self.credit(proposer, tribute.1, tribute.0);
        }
        Ok(())
    }

    /// Puts a proposal into the queue and gives its place. Voting begins one period after the later of now and the
    /// beginning of the proposal before it: at most one proposal a period comes up.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn sponsor(&mut self, now: u64, sponsor: u32, proposal: u32) -> std::result::Result<u32, Refusal> {
        if self.member(sponsor).shares == 0 {
            return Err(Refusal::NoShares);
        }
        let found = self.proposals.get(proposal as usize).ok_or(Refusal::NoProposal)?;
        match found.stage {
            Stage::Submitted => {}
            Stage::Cancelled => return Err(Refusal::Cancelled),
            _ => return Err(Refusal::Sponsored),
        }
        match found.request {
            Request::Standard { applicant, tribute, .. } => {
                if self.member(applicant).jailed != 0 {
                    return Err(Refusal::Jailed);
                }
                if self.full(tribute) {
                    return Err(Refusal::Tokens);
                }
            }
            Request::Whitelist { token } => {
                if self.whitelisted(token) || self.proposed_tokens.contains(&token) {
                    return Err(Refusal::Whitelisted);
                }
                if self.whitelist.len() >= MOST_WHITELISTED {
                    return Err(Refusal::Tokens);
                }
            }
            Request::Kick { member } => {
                if self.member(member).jailed != 0 {
                    return Err(Refusal::Jailed);
                }
                if self.proposed_kicks.contains(&member) {
                    return Err(Refusal::Kicked);
                }
            }
        }
        let request = found.request;
        self.hold(self.whitelist[0], self.settings.proposal_deposit.0)?;
        match request {
            Request::Whitelist { token } => _ = self.proposed_tokens.insert(token),
            Request::Kick { member } => _ = self.proposed_kicks.insert(member),
            Request::Standard { .. } => {}
        }
        let last = self.queue.last().map_or(0, |&last| self.proposals[last as usize].starts);
        let starts = self.period(now).max(last) + 1;
        let found = &mut self.proposals[proposal as usize];
        (found.sponsor, found.starts, found.stage) = (sponsor, starts, Stage::Sponsored);
        self.queue.push(proposal);
        Ok(self.queue.len() as u32 - 1)
    }

    /// Votes with all shares that the member has now.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn vote(&mut self, now: u64, voter: u32, place: u32, yes: bool) -> std::result::Result<(), Refusal> {
        let shares = self.member(voter).shares;
        if shares == 0 {
            return Err(Refusal::NoShares);
        }
        let number = *self.queue.get(place as usize).ok_or(Refusal::NoProposal)?;
        let (period, everything) = (self.period(now), self.shares + self.loot);
        let proposal = &mut self.proposals[number as usize];
        if period < proposal.starts {
            return Err(Refusal::NotBegun);
        }
        if period >= proposal.starts + self.settings.voting_periods {
            return Err(Refusal::Over);
        }
        let (word, bit) = (voter as usize / 64, 1_u64 << (voter % 64));
        if proposal.voted.len() <= word {
            proposal.voted.resize(word + 1, 0);
        }
        if proposal.voted[word] & bit != 0 {
            return Err(Refusal::Voted);
        }
        proposal.voted[word] |= bit;
        if yes {
            proposal.yes += shares;
            proposal.most_at_yes = proposal.most_at_yes.max(everything);
            let member = &mut self.members[voter as usize];
            member.highest_yes = member.highest_yes.max(place);
        } else {
            proposal.no += shares;
        }
        Ok(())
    }

    /// Processes the next proposal of the queue and tells whether it passed; anyone may, and gets the reward.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn process(&mut self, now: u64, caller: u32, place: u32) -> std::result::Result<bool, Refusal> {
        let number = *self.queue.get(place as usize).ok_or(Refusal::NoProposal)?;
        let proposal = &self.proposals[number as usize];
        if self.period(now) < proposal.starts + self.settings.voting_periods + self.settings.grace_periods {
            return Err(Refusal::NotReady);
        }
        if proposal.stage != Stage::Sponsored {
            return Err(Refusal::Processed);
        }
        if place > 0 && self.proposals[self.queue[place as usize - 1] as usize].stage == Stage::Sponsored {
            return Err(Refusal::OutOfOrder);
        }
        let (request, proposer, sponsor) = (proposal.request, proposal.proposer, proposal.sponsor);
        let everything = self.shares + self.loot;
        let mut passed = proposal.yes > proposal.no
            && u128::from(everything) * u128::from(self.settings.dilution_bound)
                >= u128::from(proposal.most_at_yes);
        match request {
            Request::Standard { applicant, shares, loot, tribute, payment } => {
                passed &= self.member(applicant).jailed == 0
                    && u128::from(everything) + u128::from(shares) + u128::from(loot)
                        <= u128::from(MOST_SHARES_AND_LOOT)
                    && payment.0 <= self.bank(payment.1)
                    && !self.full(tribute);
                self.release(tribute.1, tribute.0);
                if passed {
                    self.admit(applicant, shares, loot);
                    if tribute.0 > 0 && self.bank(tribute.1) == 0 {
                        self.banked += 1;
                    }
                    self.bank[tribute.1 as usize] += tribute.0;
                    self.bank[payment.1 as usize] -= payment.0;
                    self.credit(applicant, payment.1, payment.0);
                    if payment.0 > 0 && self.bank(payment.1) == 0 {
                        self.banked -= 1;
                    }
                } else {
                    self.credit(proposer, tribute.1, tribute.0);
                }
            }
            Request::Whitelist { token } => {
                passed &= self.whitelist.len() < MOST_WHITELISTED;
                if passed {
                    self.whitelist.push(token);
                    if self.bank.len() <= token as usize {
                        self.bank.resize(token as usize + 1, 0);
                    }
                }
                self.proposed_tokens.remove(&token);
            }
            Request::Kick { member } => {
                passed &= self.member(member).jailed == 0;
                if passed {
                    let kicked = &mut self.members[member as usize];
                    let shares = std::mem::take(&mut kicked.shares);
                    kicked.jailed = place;
                    kicked.loot += shares;
                    self.shares -= shares;
                    self.loot += shares;
                }
                self.proposed_kicks.remove(&member);
            }
        }
        self.proposals[number as usize].stage = if passed { Stage::Passed } else { Stage::Failed };
        let (token, deposit) = (self.whitelist[0], self.settings.proposal_deposit.0);
        let reward = self.settings.processing_reward.0;
        self.release(token, deposit);
        self.credit(caller, token, reward);
        self.credit(sponsor, token, deposit - reward);
        Ok(passed)
    }

    /// Gives shares and loot to a member or makes one.
    fn admit(&mut self, applicant: u32, shares: u64, loot: u64) {
        if self.members.len() <= applicant as usize {
            self.members.resize(applicant as usize + 1, Member::default());
        }
        let member = &mut self.members[applicant as usize];
        member.exists = true;
        member.shares += shares;
        member.loot += loot;
        self.shares += shares;
        self.loot += loot;
    }

    /// Whether the last proposal on which a member voted yes is processed. One who never did is held to the first of
    /// the queue, and by an empty queue: so has it the contract.
    pub fn may_leave(&self, account: u32) -> bool {
        let place = self.member(account).highest_yes as usize;
        self.queue.get(place).is_some_and(|&number| self.proposals[number as usize].stage != Stage::Sponsored)
    }

    /// Burns shares and loot for floor(bank x burned / all) of every whitelisted token.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn rage_quit(&mut self, account: u32, shares: u64, loot: u64) -> std::result::Result<(), Refusal> {
        let member = self.member(account);
        if member.shares == 0 && member.loot == 0 {
            return Err(Refusal::NoMember);
        }
        if member.shares < shares || member.loot < loot {
            return Err(Refusal::TooLittle);
        }
        if !self.may_leave(account) {
            return Err(Refusal::Locked);
        }
        let (burned, everything) = (u128::from(shares + loot), u128::from(self.shares + self.loot));
        let leaver = &mut self.members[account as usize];
        leaver.shares -= shares;
        leaver.loot -= loot;
        self.shares -= shares;
        self.loot -= loot;
        for place in 0..self.whitelist.len() {
            let token = self.whitelist[place];
            let part = Amount(self.bank(token)).times(burned, everything).unwrap_or_default().0;
            if part > 0 {
                self.bank[token as usize] -= part;
                self.credit(account, token, part);
            }
        }
        Ok(())
    }

    /// Pays a kicked member out; anyone may.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn rage_kick(&mut self, account: u32) -> std::result::Result<(), Refusal> {
        let member = self.member(account);
        if member.jailed == 0 {
            return Err(Refusal::NotJailed);
        }
        if member.loot == 0 {
            return Err(Refusal::TooLittle);
        }
        self.rage_quit(account, 0, member.loot)
    }

    /// Takes an account's balance out of the guild.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn withdraw(&mut self, account: u32, token: u32, amount: u128) -> std::result::Result<(), Refusal> {
        let left = self.balance(account, token).checked_sub(amount).ok_or(Refusal::TooLittle)?;
        if amount > 0 {
            self.balances.insert((account, token), left);
            *self.totals.entry(token).or_default() -= amount;
        }
        Ok(())
    }

    /// Takes into the bank what was sent to the contract without a proposal.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn collect(&mut self, caller: u32, token: u32, sent: u128) -> std::result::Result<(), Refusal> {
        if self.member(caller).shares == 0 {
            return Err(Refusal::NoShares);
        }
        if !self.whitelisted(token) {
            return Err(Refusal::NotWhitelisted);
        }
        if sent == 0 || self.bank(token) == 0 {
            return Err(Refusal::NothingToCollect);
        }
        self.take_in(token, sent)?;
        self.bank[token as usize] += sent;
        Ok(())
    }
}

/// The rule's line in the registry.
#[derive(Debug)]
pub struct Moloch;

impl Rule for Moloch {
    fn name(&self) -> &'static str {
        "moloch"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Exit,
            purpose: "Moloch v2: shares vote without a quorum, and who disagrees leaves with their part of the bank",
            definition: "Period = floor(seconds since summoning / period_seconds). A sponsored proposal is voted on \
                from period s = max(now, s of the one before) + 1 up to but not including s + voting_periods, by all \
                shares a member has when voting, once. From period s + voting_periods + grace_periods anyone may \
                process it, in the queue's order. It passes iff yes > no, (shares + loot) x dilution_bound >= the \
                most shares + loot at any yes vote, the applicant is not jailed, shares + loot stay <= 10^18, the \
                payment is <= the bank's balance, and the bank would not hold more than 200 tokens. A rage-quit burns \
                shares and loot for floor(bank x burned / (shares + loot before)) of every whitelisted token, once \
                the last proposal on which the member voted yes is processed; one who never voted yes waits for the \
                first of the queue. A kick turns shares into loot; one at place 0 of the queue does not jail. The \
                processor gets processing_reward, the sponsor the rest of the deposit; a failed proposal's tribute \
                goes back to its proposer.",
            source: "MolochVentures/moloch, contracts/Moloch.sol (v2): submitProposal, sponsorProposal, submitVote, \
                processProposal, processWhitelistProposal, processGuildKickProposal, _didPass, _ragequit, canRagequit, \
                fairShare",
            limits: "Delegate keys and the balances of accounts outside of the guild are left out; amounts end at \
                2^128 where the contract's end at 2^256.",
            example: json::EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        json::decide(self.name(), case)
    }
}

#[cfg(test)]
mod test;
