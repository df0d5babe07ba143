//! The contract's state and what can be done to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    MOST_BANKED, MOST_SHARES_AND_LOOT, MOST_WHITELISTED, Member, Proposal, Refusal, Request, Settings, Stage,
};
use crate::governance::Amount;

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
    fn take_in(&mut self, token: u32, amount: u128) -> Result<(), Refusal> {
        let total = self.totals.entry(token).or_default();
        *total = total.checked_add(amount).ok_or(Refusal::Overflow)?;
        Ok(())
    }

    /// Adds to the escrow.
    fn hold(&mut self, token: u32, amount: u128) -> Result<(), Refusal> {
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
    pub fn submit(&mut self, proposer: u32, request: Request) -> Result<u32, Refusal> {
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
    pub fn cancel(&mut self, proposer: u32, proposal: u32) -> Result<(), Refusal> {
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
    pub fn sponsor(&mut self, now: u64, sponsor: u32, proposal: u32) -> Result<u32, Refusal> {
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
    pub fn vote(&mut self, now: u64, voter: u32, place: u32, yes: bool) -> Result<(), Refusal> {
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
    pub fn process(&mut self, now: u64, caller: u32, place: u32) -> Result<bool, Refusal> {
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
    pub fn rage_quit(&mut self, account: u32, shares: u64, loot: u64) -> Result<(), Refusal> {
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
    pub fn rage_kick(&mut self, account: u32) -> Result<(), Refusal> {
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
    pub fn withdraw(&mut self, account: u32, token: u32, amount: u128) -> Result<(), Refusal> {
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
    pub fn collect(&mut self, caller: u32, token: u32, sent: u128) -> Result<(), Refusal> {
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
