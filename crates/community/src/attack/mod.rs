//! Attacks on a community as generators: scripts that write labelled accounts, messages and transfers into a stream.
//!
//! A script is played by [`inject`]: its acts are put between what is there in order of time, everything that its accounts do
//! carries the campaign's label, and nothing honest is changed (but that answers still point to what they answered, and that an
//! account which was taken over says so). What victims lose is kept loss by loss with the act that caused it, so that a policy
//! which stops the act stops the loss ([`crate::mitigation`]).
//!
//! Every draw is keyed by the script, its purpose and an index: the same seed gives the same campaign, and a campaign with one
//! parameter changed shares the draws of all that the parameter does not touch.

mod address_poisoning;
mod airdrop_lure;
mod hijacked_announcement;
mod impersonating_message;
mod long_con_delegate;
mod look_alike_proposal;
mod parameters;
mod phishing_drain;
pub mod registry;
pub mod sizes;
mod stage;
mod sybil_brigade;
mod sybil_funding;
#[cfg(test)]
pub(crate) mod test;
pub mod texts;
mod vote_buying;

use daotwin_core::Seed;

use crate::Result;
use crate::stream::{Account, Stream};

pub use parameters::{Parameter, Parameters};
pub use registry::ATTACKS;
pub use stage::Stage;
pub(crate) use stage::{DAY, HOUR, address};

/// What kind of attack it is. Attacks of one family share their means, so that a family kept out of training is truly new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A trusted account is taken over.
    Takeover,
    /// Somebody or something trusted is imitated.
    Impersonation,
    /// Strangers promise something for nothing.
    Lure,
    /// Trust is earned, then betrayed.
    Infiltration,
    /// Many accounts act as if they were many people.
    Brigading,
    /// Votes are bought.
    Bribery,
    /// Wallets are emptied.
    Drain,
    /// Histories of payments are made to mislead.
    Poisoning,
    /// One purse pays for many wallets.
    Funding,
}

impl Family {
    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Takeover => "takeover",
            Self::Impersonation => "impersonation",
            Self::Lure => "lure",
            Self::Infiltration => "infiltration",
            Self::Brigading => "brigading",
            Self::Bribery => "bribery",
            Self::Drain => "drain",
            Self::Poisoning => "poisoning",
            Self::Funding => "funding",
        }
    }
}

/// What a script is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Card {
    /// Its family.
    pub family: Family,
    /// In one sentence, what the attacker does.
    pub purpose: &'static str,
    /// What it writes into the stream: accounts, messages, transfers.
    pub injects: &'static str,
    /// Where the pattern and its sizes are described.
    pub source: &'static str,
    /// What it leaves out.
    pub limits: &'static str,
}

/// An attack script. One folder and one line in [`registry::ATTACKS`].
pub trait AttackScript: Sync + std::fmt::Debug {
    /// The stable name, in lower case with hyphens.
    fn name(&self) -> &'static str;

    /// What it is.
    fn card(&self) -> Card;

    /// What can be set, with ranges; the first is always `stealth`.
    fn parameters(&self) -> &'static [Parameter];

    /// Plays it. The stage has at least two honest accounts.
    fn play(&self, stage: &mut Stage<'_>);
}

/// What caused a loss: the how-manieth act of its campaign, counted in order of time among the acts with its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A message.
    Message(u32),
    /// A transfer.
    Transfer(u32),
}

/// Acts that carry a decision, with how much they do.
#[derive(Debug, Clone, PartialEq)]
pub struct Support {
    /// The acts, each of which it needs.
    pub acts: Vec<Cause>,
    /// What it is worth: voting power in median holdings, or voices.
    pub weight: f64,
}

/// What one victim lost.
#[derive(Debug, Clone, PartialEq)]
pub struct Loss {
    /// When, in Unix seconds.
    pub at: i64,
    /// Who, an index into [`Stream::accounts`]; `None` where it is the treasury.
    pub victim: Option<u32>,
    /// How much, in units of a median member's holding.
    pub amount: f64,
    /// The act without which it would not have been lost.
    pub cause: Cause,
    /// The transfer that paid it; `None` where a treasury loses it.
    pub payment: Option<Cause>,
    /// What carried the decision by which a treasury lost it; empty where a member paid.
    pub support: Vec<Support>,
    /// How much support the decision needed. It was lost because the sum of weights is at least that.
    pub needed: f64,
}

/// What a campaign did to a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Injected {
    /// The campaign, an index into [`Stream::campaigns`].
    pub campaign: u32,
    /// Its losses in order of time.
    pub losses: Vec<Loss>,
    /// Its messages that are harmless in themselves (trust building, cover), as the how-manieth of its messages; ascending.
    pub cover: Vec<u32>,
    /// Its first act that harms, in Unix seconds; before it there is cover alone.
    pub harmful_from: i64,
    /// From its first harmful act until it is exposed and its accounts are shut out, in seconds. Acts that policies
    /// hold back for longer come too late.
    pub exposure: i64,
}

impl Injected {
    /// Harm over time: for each loss its time and what was lost until then, itself included; in median holdings.
    pub fn harm_curve(&self) -> Vec<(i64, f64)> {
        let mut sum = 0.0;
        self.losses
            .iter()
            .map(|loss| {
                sum += loss.amount;
                (loss.at, sum)
            })
            .collect()
    }

    /// Places in [`Stream::messages`] of this campaign's messages, in order; O(messages).
    pub fn messages(&self, stream: &Stream) -> Vec<usize> {
        let ours = |label: crate::stream::Label| label.campaign == Some(self.campaign);
        (0..stream.messages.len()).filter(|&place| ours(stream.messages[place].label)).collect()
    }

    /// Places in [`Stream::transfers`] of this campaign's transfers, in order; O(transfers).
    pub fn transfers(&self, stream: &Stream) -> Vec<usize> {
        let ours = |label: crate::stream::Label| label.campaign == Some(self.campaign);
        (0..stream.transfers.len()).filter(|&place| ours(stream.transfers[place].label)).collect()
    }
}

/// Gives accounts new numbers in random order, so that a number does not tell who was opened by an attacker; losses of
/// `injected` follow. Deterministic in `seed`; O(n) in accounts, messages and transfers.
pub fn renumber(stream: &mut Stream, injected: &mut [Injected], seed: Seed) {
    let mut order: Vec<u32> = (0..stream.accounts.len() as u32).collect();
    seed.stream("attack renumber").shuffle(&mut order);
    let mut went = vec![0_u32; order.len()];
    for (new, &old) in order.iter().enumerate() {
        went[old as usize] = new as u32;
    }
    let number = |account: u32| went.get(account as usize).copied().unwrap_or(account);
    let mut old: Vec<Option<Account>> = std::mem::take(&mut stream.accounts).into_iter().map(Some).collect();
    stream.accounts = order.iter().filter_map(|&place| old[place as usize].take()).collect();
    for message in &mut stream.messages {
        message.author = number(message.author);
        message.to = message.to.map(number);
    }
    for transfer in &mut stream.transfers {
        transfer.from = number(transfer.from);
        transfer.to = number(transfer.to);
    }
    for loss in injected.iter_mut().flat_map(|injected| &mut injected.losses) {
        loss.victim = loss.victim.map(number);
    }
}

/// Writes one campaign into a stream. Deterministic in stream, parameters and seed; O(n log n) in messages and transfers.
///
/// # Errors
/// Fewer than two honest accounts, or nothing that happened at two different times: there is nobody to attack and no time to do
/// it in.
pub fn inject(
    stream: &mut Stream,
    script: &dyn AttackScript,
    parameters: &Parameters,
    seed: Seed,
) -> Result<Injected> {
    let mut stage = Stage::new(stream, script, parameters, seed)?;
    script.play(&mut stage);
    Ok(stage.finish())
}
