//! What detectors see: acts in order of time.

use daotwin_community::stream::{Label, Stream};

/// What somebody did.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Wrote a message.
    #[default]
    Message,
    /// Moved tokens.
    Transfer,
    /// Cast a ballot.
    Vote,
    /// Chose a delegate.
    Delegation,
}

impl Act {
    /// Its name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Transfer => "transfer",
            Self::Vote => "vote",
            Self::Delegation => "delegation",
        }
    }
}

/// One act, with what is known of whoever did it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Event<'a> {
    /// When, in Unix seconds.
    pub at: i64,
    /// What.
    pub act: Act,
    /// Who, as a History spells it.
    pub actor: &'a str,
    /// The name that others see; empty where it is not known.
    pub name: &'a str,
    /// When the account joined, in Unix seconds; where not known, its first act counts.
    pub joined_at: Option<i64>,
    /// Whether it may announce and moderate.
    pub moderator: bool,
    /// To whom: who is answered or written to, who is paid, who becomes delegate; empty for nobody.
    pub other: &'a str,
    /// Where: channel, asset or proposal.
    pub place: &'a str,
    /// Seen by the other alone.
    pub direct: bool,
    /// Tokens in smallest units, or voting power; zero for messages. Not negative.
    pub amount: f64,
    /// What was written.
    pub text: &'a str,
}

/// A stream's acts in order of time, messages before transfers of the same second, each with its label.
pub fn events(stream: &Stream) -> Vec<(Event<'_>, Label)> {
    let account = |index: u32| stream.accounts.get(index as usize);
    let id = |index: u32| account(index).map_or("", |account| account.member.as_str());
    let mut all: Vec<(Event<'_>, Label)> = Vec::with_capacity(stream.messages.len() + stream.transfers.len());
    for message in &stream.messages {
        let author = account(message.author);
        let answered = message.reply_to.and_then(|place| stream.messages.get(place as usize));
        let other = message.to.or_else(|| answered.map(|answered| answered.author)).map_or("", id);
        let event = Event {
            at: message.at,
            act: Act::Message,
            actor: id(message.author),
            name: author.map_or("", |author| author.name.as_str()),
            joined_at: author.map(|author| author.joined_at),
            moderator: author.is_some_and(|author| author.moderator),
            other,
            place: stream.channels.get(message.channel as usize).map_or("", String::as_str),
            direct: message.to.is_some(),
            amount: 0.0,
            text: &message.text,
        };
        all.push((event, message.label));
    }
    for transfer in &stream.transfers {
        let payer = account(transfer.from);
        let event = Event {
            at: transfer.at,
            act: Act::Transfer,
            actor: id(transfer.from),
            name: payer.map_or("", |payer| payer.name.as_str()),
            joined_at: payer.map(|payer| payer.joined_at),
            moderator: payer.is_some_and(|payer| payer.moderator),
            other: id(transfer.to),
            place: stream.assets.get(transfer.asset as usize).map_or("", String::as_str),
            direct: false,
            amount: transfer.amount as f64,
            text: "",
        };
        all.push((event, transfer.label));
    }
    // Stable: the order of a table stays where times agree.
    all.sort_by_key(|(event, _)| event.at);
    all
}
