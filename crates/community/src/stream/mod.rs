//! A community's stream: members, messages and transfers in order of time, with labels where something malicious was written in.

pub mod baseline;
pub mod facts;
pub mod law;
pub mod model;
pub mod record;
#[cfg(test)]
mod test;

pub use baseline::{BASELINE_START, baseline};
pub use facts::{ANSWERING, FACTS, Fact, facts, floors};
pub use law::Law;
pub use model::StreamModel;
pub use record::{Record, Timing, from_history, to_history};

/// What is known to be wrong with a message, a transfer or an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Label {
    /// The campaign that it belongs to, an index into [`Stream::campaigns`]; `None` is honest.
    pub campaign: Option<u32>,
}

impl Label {
    /// Honest: part of no campaign.
    pub const HONEST: Self = Self { campaign: None };

    /// Whether it belongs to an attack.
    pub const fn malicious(self) -> bool {
        self.campaign.is_some()
    }
}

/// An account of the community.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Its id, as a History spells it.
    pub member: String,
    /// The name that others see; look-alikes differ from another's in little.
    pub name: String,
    /// When it joined, in Unix seconds.
    pub joined_at: i64,
    /// Whether it may post announcements and moderate.
    pub moderator: bool,
    /// Opened by an attacker, or taken over by one (from when on, the messages' labels say).
    pub label: Label,
}

/// A message or a reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Its author, an index into [`Stream::accounts`].
    pub author: u32,
    /// When it was written, in Unix seconds.
    pub at: i64,
    /// Where, an index into [`Stream::channels`].
    pub channel: u32,
    /// The account alone that sees it, for direct messages.
    pub to: Option<u32>,
    /// The message that it answers, an index into [`Stream::messages`].
    pub reply_to: Option<u32>,
    /// What it is about, an index into [`Stream::topics`].
    pub topic: u32,
    /// From -1, hostile, to 1, glad.
    pub sentiment: f64,
    /// What is known to be wrong with it.
    pub label: Label,
    /// Its text; empty where a model makes none.
    pub text: String,
}

/// A movement of tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Transfer {
    /// When, in Unix seconds.
    pub at: i64,
    /// The payer, an index into [`Stream::accounts`].
    pub from: u32,
    /// The receiver, an index into [`Stream::accounts`].
    pub to: u32,
    /// In the asset's smallest units; zero is what address poisoning sends.
    pub amount: u128,
    /// The asset.
    pub asset: u32,
    /// What is known to be wrong with it.
    pub label: Label,
}

/// An attack that was written into a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Campaign {
    /// The attack's name in its registry.
    pub attack: &'static str,
    /// Its first act, in Unix seconds.
    pub start_at: i64,
    /// Its last.
    pub end_at: i64,
    /// What its victims lost, in units of a median member's holding.
    pub harm: f64,
}

/// What a community wrote and paid.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Stream {
    /// Everybody who ever acted.
    pub accounts: Vec<Account>,
    /// Names of channels.
    pub channels: Vec<String>,
    /// Names of topics.
    pub topics: Vec<String>,
    /// Names of assets.
    pub assets: Vec<String>,
    /// Messages in order of time.
    pub messages: Vec<Message>,
    /// Transfers in order of time.
    pub transfers: Vec<Transfer>,
    /// Attacks written in.
    pub campaigns: Vec<Campaign>,
}

impl Stream {
    /// Whether channels are threads: more than ten, with twenty messages each or fewer in the mean.
    pub fn threads(&self) -> bool {
        self.channels.len() > 10 && self.messages.len() <= 20 * self.channels.len()
    }

    /// Puts messages and transfers in order of time, those of one second in the order in which they stand, and lets
    /// replies point to where their messages went. A reply to a message
    /// that is not there, or stands after it, answers nothing.
    pub fn sort(&mut self) {
        self.transfers.sort_by_key(|transfer| transfer.at);
        let mut order: Vec<u32> = (0..self.messages.len() as u32).collect();
        order.sort_by_key(|&place| self.messages[place as usize].at);
        let mut went = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            went[old as usize] = new as u32;
        }
        let mut old: Vec<Option<Message>> =
            std::mem::take(&mut self.messages).into_iter().map(Some).collect();
        self.messages = order.iter().filter_map(|&place| old[place as usize].take()).collect();
        for (place, message) in self.messages.iter_mut().enumerate() {
            // A message that was written later, or is not there, cannot have been answered.
            message.reply_to = message
                .reply_to
                .and_then(|asked| went.get(asked as usize).copied())
                .filter(|&asked| (asked as usize) < place);
        }
    }
}
