//! Polkadot's conviction voting: tokens count for more the longer their holder agrees to have them locked.

mod json;

use serde_json::Value;

use super::{Card, Family, Rule};
use crate::Result;

/// How often tokens count and how long they are locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Level(u8);

impl Level {
    /// A tenth of the tokens, and no lock.
    pub const NONE: Self = Self(0);

    /// From 0 (a tenth, no lock) to 6 (six times, 32 periods).
    pub const fn new(level: u8) -> Option<Self> {
        if level <= 6 { Some(Self(level)) } else { None }
    }

    /// Votes for so many tokens: a tenth rounded down, or the product, 2^128 - 1 where it is above.
    pub const fn votes(self, capital: u128) -> u128 {
        match self.0 {
            0 => capital / 10,
            times => capital.saturating_mul(times as u128),
        }
    }

    /// Periods that tokens stay locked after a vote that won, or after a delegation: 0, 1, 2, 4, 8, 16, 32.
    pub const fn periods(self) -> u64 {
        match self.0 {
            0 => 0,
            level => 1 << (level - 1),
        }
    }
}

/// One account's vote on one poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ballot {
    /// All one way.
    Standard {
        /// For.
        aye: bool,
        /// With which conviction.
        conviction: Level,
        /// Tokens.
        balance: u128,
    },
    /// Tokens for, against, and that abstain, all without conviction.
    Split {
        /// For.
        aye: u128,
        /// Against.
        nay: u128,
        /// Neither.
        abstain: u128,
    },
}

impl Ballot {
    /// Tokens that it takes.
    pub const fn balance(self) -> u128 {
        match self {
            Self::Standard { balance, .. } => balance,
            Self::Split { aye, nay, abstain } => aye.saturating_add(nay).saturating_add(abstain),
        }
    }

    const fn way(self) -> Option<bool> {
        match self {
            Self::Standard { aye, .. } => Some(aye),
            Self::Split { .. } => None,
        }
    }
}

/// What a poll counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Votes for, with conviction.
    pub ayes: u128,
    /// Votes against, with conviction.
    pub nays: u128,
    /// Tokens for or abstaining, without conviction.
    pub support: u128,
}

impl Tally {
    /// What a ballot counts by itself.
    const fn of(ballot: Ballot) -> Self {
        match ballot {
            Ballot::Standard { aye: true, conviction, balance } => {
                Self { ayes: conviction.votes(balance), nays: 0, support: balance }
            }
            Ballot::Standard { aye: false, conviction, balance } => {
                Self { ayes: 0, nays: conviction.votes(balance), support: 0 }
            }
            Ballot::Split { aye, nay, abstain } => Self {
                ayes: Level::NONE.votes(aye),
                nays: Level::NONE.votes(nay),
                support: aye.saturating_add(abstain),
            },
        }
    }

    fn add(self, other: Self) -> Option<Self> {
        Some(Self {
            ayes: self.ayes.checked_add(other.ayes)?,
            nays: self.nays.checked_add(other.nays)?,
            support: self.support.checked_add(other.support)?,
        })
    }

    fn sub(self, other: Self) -> Option<Self> {
        Some(Self {
            ayes: self.ayes.checked_sub(other.ayes)?,
            nays: self.nays.checked_sub(other.nays)?,
            support: self.support.checked_sub(other.support)?,
        })
    }

    fn increase(&mut self, aye: bool, delegated: Delegated) {
        if aye {
            self.support = self.support.saturating_add(delegated.capital);
            self.ayes = self.ayes.saturating_add(delegated.votes);
        } else {
            self.nays = self.nays.saturating_add(delegated.votes);
        }
    }

    fn reduce(&mut self, aye: bool, delegated: Delegated) {
        if aye {
            self.support = self.support.saturating_sub(delegated.capital);
            self.ayes = self.ayes.saturating_sub(delegated.votes);
        } else {
            self.nays = self.nays.saturating_sub(delegated.votes);
        }
    }

    /// Billionths of the votes that are for.
    pub const fn approval(&self) -> u32 {
        perbill(self.ayes, self.ayes.saturating_add(self.nays))
    }

    /// Billionths of the issuance that support.
    pub const fn share(&self, issuance: u128) -> u32 {
        perbill(self.support, issuance)
    }
}

/// A share in billionths as Substrate rounds it: both parts are divided by the same factor first, so that they fit 32
/// bits, rounded down each time. One where the whole is zero or below the part.
pub const fn perbill(part: u128, whole: u128) -> u32 {
    const BILLION: u128 = 1_000_000_000;
    if whole == 0 || part > whole {
        return BILLION as u32;
    }
    let factor = whole.div_ceil(BILLION);
    ((part / factor) * BILLION / (whole / factor)) as u32
}

/// Votes with conviction and tokens without, from those who delegate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delegated {
    /// With conviction.
    pub votes: u128,
    /// Tokens.
    pub capital: u128,
}

/// Why the pallet refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The poll is not open.
    NotOngoing,
    /// The account has no vote there.
    NotVoter,
    /// Another may only remove a vote that does not count any more.
    NoPermission,
    /// Another may only remove a vote whose lock is over.
    NoPermissionYet,
    /// The account delegates.
    AlreadyDelegating,
    /// The account has votes, and cannot delegate.
    AlreadyVoting,
    /// More tokens than the account has.
    InsufficientFunds,
    /// The account does not delegate.
    NotDelegating,
    /// To itself.
    Nonsense,
    /// As many votes as an account may have.
    MaxVotesReached,
    /// A tally above 128 bits, or below zero.
    Arithmetic,
    /// The block lies before the last one.
    Past,
}

type Try<T> = std::result::Result<T, Refusal>;

/// Where a poll stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Poll {
    /// It takes votes.
    Ongoing,
    /// It ended at a block, approved or not.
    Completed(u64, bool),
    /// It was cancelled.
    Cancelled,
}

#[derive(Debug, Clone)]
enum Voting {
    /// By poll, in order.
    Casting(Vec<(u32, Ballot)>),
    Delegating {
        balance: u128,
        target: u32,
        conviction: Level,
    },
}

#[derive(Debug, Clone)]
struct Account {
    balance: u128,
    voting: Voting,
    delegated: Delegated,
    /// A lock of the past: until when, and how much.
    prior: (u64, u128),
    locked: u128,
}

impl Account {
    fn accumulate(&mut self, until: u64, amount: u128) {
        self.prior = (self.prior.0.max(until), self.prior.1.max(amount));
    }
}

/// The polls of one class and the accounts that vote there. A ballot costs a search among the account's votes; to delegate
/// costs the delegate's votes.
#[derive(Debug, Clone)]
pub struct Track {
    period: u64,
    most_votes: usize,
    now: u64,
    accounts: Vec<Account>,
    polls: Vec<(Poll, Tally)>,
}

impl Track {
    /// Accounts with balances, and no poll yet. `period` is in blocks; `most_votes` is how many votes one may hold.
    pub fn new(period: u64, most_votes: usize, balances: &[u128]) -> Self {
        let account = |&balance: &u128| Account {
            balance,
            voting: Voting::Casting(Vec::new()),
            delegated: Delegated::default(),
            prior: (0, 0),
            locked: 0,
        };
        Self {
            period,
            most_votes,
            now: 0,
            accounts: balances.iter().map(account).collect(),
            polls: Vec::new(),
        }
    }

    /// Opens a poll.
    pub fn open(&mut self) -> u32 {
        self.polls.push((Poll::Ongoing, Tally::default()));
        self.polls.len() as u32 - 1
    }

    /// A poll and what it counted.
    pub fn poll(&self, poll: u32) -> (Poll, Tally) {
        self.polls[poll as usize]
    }

    /// Tokens of an account that are locked.
    pub fn locked(&self, account: u32) -> u128 {
        self.accounts[account as usize].locked
    }

    /// What others delegate to an account.
    pub fn delegated(&self, account: u32) -> Delegated {
        self.accounts[account as usize].delegated
    }

    /// Moves on to a block.
    ///
    /// # Errors
    /// [`Refusal::Past`].
    pub fn advance(&mut self, block: u64) -> Try<()> {
        if block < self.now {
            return Err(Refusal::Past);
        }
        self.now = block;
        Ok(())
    }

    /// Ends a poll now.
    ///
    /// # Errors
    /// [`Refusal::NotOngoing`].
    pub fn close(&mut self, poll: u32, to: Poll) -> Try<()> {
        let (state, _) = &mut self.polls[poll as usize];
        if *state != Poll::Ongoing {
            return Err(Refusal::NotOngoing);
        }
        *state = to;
        Ok(())
    }

    /// Votes, or votes anew.
    ///
    /// # Errors
    /// Why the pallet refuses; nothing changes then.
    pub fn vote(&mut self, account: u32, poll: u32, ballot: Ballot) -> Try<()> {
        let account = &mut self.accounts[account as usize];
        if ballot.balance() > account.balance {
            return Err(Refusal::InsufficientFunds);
        }
        let (Poll::Ongoing, tally) = &mut self.polls[poll as usize] else {
            return Err(Refusal::NotOngoing);
        };
        let Voting::Casting(votes) = &mut account.voting else {
            return Err(Refusal::AlreadyDelegating);
        };
        let place = votes.binary_search_by_key(&poll, |&(poll, _)| poll);
        let mut next = *tally;
        if let Ok(place) = place {
            let old = votes[place].1;
            next = next.sub(Tally::of(old)).ok_or(Refusal::Arithmetic)?;
            if let Some(aye) = old.way() {
                next.reduce(aye, account.delegated);
            }
        } else if votes.len() >= self.most_votes {
            return Err(Refusal::MaxVotesReached);
        }
        next = next.add(Tally::of(ballot)).ok_or(Refusal::Arithmetic)?;
        if let Some(aye) = ballot.way() {
            next.increase(aye, account.delegated);
        }
        match place {
            Ok(place) => votes[place].1 = ballot,
            Err(place) => votes.insert(place, (poll, ballot)),
        }
        *tally = next;
        account.locked = account.locked.max(ballot.balance());
        Ok(())
    }

    /// Takes a vote out. `other`: somebody else does it, who may where it has no effect any more.
    ///
    /// # Errors
    /// Why the pallet refuses; nothing changes then.
    pub fn remove(&mut self, account: u32, poll: u32, other: bool) -> Try<()> {
        let account = &mut self.accounts[account as usize];
        let Voting::Casting(votes) = &mut account.voting else { return Ok(()) };
        let place = votes.binary_search_by_key(&poll, |&(poll, _)| poll).map_err(|_| Refusal::NotVoter)?;
        let ballot = votes[place].1;
        let (state, tally) = &mut self.polls[poll as usize];
        match *state {
            Poll::Ongoing if other => return Err(Refusal::NoPermission),
            Poll::Ongoing => {
                *tally = tally.sub(Tally::of(ballot)).ok_or(Refusal::Arithmetic)?;
                if let Some(aye) = ballot.way() {
                    tally.reduce(aye, account.delegated);
                }
            }
            Poll::Completed(end, approved) => {
                if let Ballot::Standard { aye, conviction, balance } = ballot
                    && aye == approved
                    && conviction != Level::NONE
                {
                    let until = end.saturating_add(self.period.saturating_mul(conviction.periods()));
                    if self.now < until {
                        if other {
                            return Err(Refusal::NoPermissionYet);
                        }
                        account.prior = (account.prior.0.max(until), account.prior.1.max(balance));
                    }
                }
            }
            Poll::Cancelled => {}
        }
        votes.remove(place);
        Ok(())
    }

    /// Gives tokens with conviction to another's votes, on open polls too. What the other was given itself stays with
    /// the other: delegations are one step long.
    ///
    /// # Errors
    /// Why the pallet refuses; nothing changes then.
    pub fn delegate(&mut self, account: u32, target: u32, conviction: Level, balance: u128) -> Try<()> {
        if account == target {
            return Err(Refusal::Nonsense);
        }
        let own = &mut self.accounts[account as usize];
        if balance > own.balance {
            return Err(Refusal::InsufficientFunds);
        }
        match &own.voting {
            Voting::Delegating { .. } => return Err(Refusal::AlreadyDelegating),
            Voting::Casting(votes) if !votes.is_empty() => return Err(Refusal::AlreadyVoting),
            Voting::Casting(_) => {}
        }
        own.voting = Voting::Delegating { balance, target, conviction };
        own.locked = own.locked.max(balance);
        self.upstream(target, Delegated { votes: conviction.votes(balance), capital: balance }, true);
        Ok(())
    }

    /// Ends a delegation; its lock begins now.
    ///
    /// # Errors
    /// [`Refusal::NotDelegating`].
    pub fn undelegate(&mut self, account: u32) -> Try<()> {
        let own = &mut self.accounts[account as usize];
        let Voting::Delegating { balance, target, conviction } = own.voting else {
            return Err(Refusal::NotDelegating);
        };
        own.voting = Voting::Casting(Vec::new());
        own.accumulate(self.now.saturating_add(self.period.saturating_mul(conviction.periods())), balance);
        self.upstream(target, Delegated { votes: conviction.votes(balance), capital: balance }, false);
        Ok(())
    }

    fn upstream(&mut self, target: u32, amount: Delegated, increase: bool) {
        let account = &mut self.accounts[target as usize];
        let (given, Delegated { votes, capital }) = (&mut account.delegated, amount);
        *given = if increase {
            Delegated {
                votes: given.votes.saturating_add(votes),
                capital: given.capital.saturating_add(capital),
            }
        } else {
            Delegated {
                votes: given.votes.saturating_sub(votes),
                capital: given.capital.saturating_sub(capital),
            }
        };
        let Voting::Casting(votes) = &account.voting else { return };
        for &(poll, ballot) in votes {
            if let ((Poll::Ongoing, tally), Some(aye)) = (&mut self.polls[poll as usize], ballot.way()) {
                if increase {
                    tally.increase(aye, amount);
                } else {
                    tally.reduce(aye, amount);
                }
            }
        }
    }

    /// Frees tokens whose lock is over.
    pub fn unlock(&mut self, account: u32) {
        let account = &mut self.accounts[account as usize];
        if self.now >= account.prior.0 {
            account.prior = (0, 0);
        }
        account.locked = match &account.voting {
            Voting::Casting(votes) => {
                votes.iter().map(|(_, ballot)| ballot.balance()).fold(account.prior.1, u128::max)
            }
            Voting::Delegating { balance, .. } => account.prior.1.max(*balance),
        };
    }
}

/// The rule.
#[derive(Debug)]
pub struct ConvictionLock;

const NAME: &str = "conviction-lock";

impl Rule for ConvictionLock {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Power,
            purpose: "Tokens count a tenth unlocked, or one to six times for 1 to 32 periods of lock; they can be \
                delegated with conviction (Polkadot OpenGov).",
            definition: "Level 0: floor(tokens / 10) votes and no lock. Levels 1 to 6: level x tokens, locked 1, 2, 4, 8, 16, \
                32 periods after the poll's end if the vote was on the side that won (a lost vote is free at once). Votes \
                for add tokens to support, as do abstaining ones; split votes count at level 0. Several locks do not add up: \
                the largest amount is locked until the latest end, free at that block. Approval is ayes / (ayes + nays), \
                support is support / issuance, in billionths: both divided by ceil(whole / 10^9) rounded down, then the \
                quotient rounded down; one where the whole is zero. An account votes or delegates, not both; delegated \
                tokens follow the delegate's one-way votes, one step far; the lock of a delegation begins when it ends. \
                What is locked shrinks only by `unlock`.",
            source: "paritytech/polkadot-sdk `substrate/frame/conviction-voting`: `conviction.rs` (`lock_periods`, `votes`), \
                `types.rs` (`Tally`), `vote.rs` (`locked_if`, `PriorLock`, `locked_balance`), `lib.rs` (`try_vote`, \
                `try_remove_vote`, `try_delegate`, `try_undelegate`, `update_lock`); `sp-arithmetic` `per_things.rs` \
                (`from_rational_with_rounding`)",
            limits: "One class. The newer pallet, where one who delegates may also vote and so take back its part, is not \
                this one. Curves that approval and support must be above are the referenda's, not this rule's.",
            example: r#"{"period": 3, "most_votes": 3, "issuance": 210, "balances": {"ann": 10, "bob": 20}, "polls": 1, "at": 9,
                "events": [{"block": 1, "member": "ann", "vote": {"poll": 0, "standard": {"aye": true, "conviction": 5, "balance": 2}}},
                    {"block": 2, "complete": {"poll": 0, "approved": true}}]}"#,
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
