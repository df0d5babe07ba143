//! Texts by kind, from grammars with made-up names, amounts, addresses and links.
//!
//! The alternatives are written for this crate after reading what the kinds look like; none is a sentence of a real collection,
//! and a test holds generated texts against the real ones where they are there. What a kind looks like and how often it comes
//! in public posts is known from training parts alone.

mod grammar;
mod slots;
#[cfg(test)]
mod test;

use daotwin_core::Seed;
use daotwin_core::random::Stream;

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A claim of tokens through a link.
    Claim,
    /// "Drop your address", and addresses dropped.
    WalletDrop,
    /// A giveaway for follows.
    Giveaway,
    /// A place on a list for a mint.
    Whitelist,
    /// A mint that is pushed.
    Mint,
    /// A token that a bot is told to make.
    Deploy,
    /// A token that is pushed by its contract.
    Shill,
    /// A sale before the sale.
    Presale,
    /// Trading signals, stock tips, bets.
    Signals,
    /// Money for no work.
    Income,
    /// "Send one, get two".
    Doubling,
    /// Help with money that was lost to others like these.
    Recovery,
    /// Support that is not.
    Support,
    /// An announcement by somebody who should not be able to make it.
    Hijack,
    /// A proposal, or a link to vote, that is not the real one.
    LookAlike,
    /// Money for votes.
    VoteOffer,
    /// Self-promotion and services.
    Promotion,
    /// Products praised as news.
    Advert,
    /// A prize by text message.
    Prize,
    /// A paid service by text message.
    Service,
    /// A loan, a refund, a parcel by text message.
    Loan,
    /// A flirt that costs by the minute.
    Dating,
    /// Loud support of one proposal; harmful only where one mind writes it under many names.
    Brigade,
    /// A delegate introduces itself.
    Delegate,
    /// A delegate explains a vote that empties the treasury.
    Defection,
    /// Talk about proposals.
    Governance,
    /// Questions of members.
    Question,
    /// Answers of members.
    Answer,
    /// Announcements by those who may make them.
    Announcement,
    /// Small talk.
    Casual,
    /// News on crypto.
    CryptoNews,
    /// What protocols say of themselves.
    Protocol,
    /// Opinions on crypto.
    Opinion,
    /// News of the world.
    News,
    /// Sport.
    Sport,
    /// Films, books, food.
    Culture,
    /// Computing.
    Technology,
    /// Passing thoughts.
    Thought,
    /// Text messages between people who know each other.
    Ham,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 39] = [
        Self::Claim,
        Self::WalletDrop,
        Self::Giveaway,
        Self::Whitelist,
        Self::Mint,
        Self::Deploy,
        Self::Shill,
        Self::Presale,
        Self::Signals,
        Self::Income,
        Self::Doubling,
        Self::Recovery,
        Self::Support,
        Self::Hijack,
        Self::LookAlike,
        Self::VoteOffer,
        Self::Promotion,
        Self::Advert,
        Self::Prize,
        Self::Service,
        Self::Loan,
        Self::Dating,
        Self::Brigade,
        Self::Delegate,
        Self::Defection,
        Self::Governance,
        Self::Question,
        Self::Answer,
        Self::Announcement,
        Self::Casual,
        Self::CryptoNews,
        Self::Protocol,
        Self::Opinion,
        Self::News,
        Self::Sport,
        Self::Culture,
        Self::Technology,
        Self::Thought,
        Self::Ham,
    ];

    /// Whether a moderator would take it down for what it says. What delegates and supporters say is harmless in itself.
    pub fn harmful(self) -> bool {
        self < Self::Brigade
    }

    const fn rule(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::WalletDrop => "walletdrop",
            Self::Giveaway => "giveaway",
            Self::Whitelist => "whitelist",
            Self::Mint => "mint",
            Self::Deploy => "deploy",
            Self::Shill => "shill",
            Self::Presale => "presale",
            Self::Signals => "signals",
            Self::Income => "income",
            Self::Doubling => "doubling",
            Self::Recovery => "recovery",
            Self::Support => "support",
            Self::Hijack => "announce",
            Self::LookAlike => "lookalike",
            Self::VoteOffer => "bribe",
            Self::Promotion => "promo",
            Self::Advert => "adverts",
            Self::Prize => "smsprize",
            Self::Service => "smsservice",
            Self::Loan => "smsloan",
            Self::Dating => "smsdating",
            Self::Brigade => "brigade",
            Self::Delegate => "delegate",
            Self::Defection => "defect",
            Self::Governance => "governance",
            Self::Question => "question",
            Self::Answer => "answer",
            Self::Announcement => "announcement",
            Self::Casual => "casual",
            Self::CryptoNews => "cryptonews",
            Self::Protocol => "protocol",
            Self::Opinion => "opinion",
            Self::News => "news",
            Self::Sport => "sport",
            Self::Culture => "culture",
            Self::Technology => "tech",
            Self::Thought => "thought",
            Self::Ham => "ham",
        }
    }
}

/// Where texts are written, which says how often each kind comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A DAO's own chat and forum.
    Community,
    /// Public posts on a social network.
    Posts,
    /// Text messages to phones.
    TextMessages,
}

impl Place {
    /// The kinds that come there, with weights: harmful ones sum to 1, honest ones to 1.
    pub const fn kinds(self) -> &'static [(Kind, f64)] {
        match self {
            Self::Community => &[
                (Kind::Claim, 0.2),
                (Kind::WalletDrop, 0.05),
                (Kind::Giveaway, 0.1),
                (Kind::Whitelist, 0.05),
                (Kind::Mint, 0.05),
                (Kind::Shill, 0.05),
                (Kind::Signals, 0.08),
                (Kind::Income, 0.06),
                (Kind::Doubling, 0.03),
                (Kind::Recovery, 0.06),
                (Kind::Support, 0.12),
                (Kind::Hijack, 0.04),
                (Kind::LookAlike, 0.06),
                (Kind::VoteOffer, 0.05),
                (Kind::Governance, 0.35),
                (Kind::Question, 0.15),
                (Kind::Answer, 0.15),
                (Kind::Announcement, 0.02),
                (Kind::Casual, 0.23),
                (Kind::Opinion, 0.05),
                (Kind::Protocol, 0.03),
                (Kind::Thought, 0.02),
            ],
            Self::Posts => &[
                (Kind::Claim, 0.16),
                (Kind::WalletDrop, 0.06),
                (Kind::Giveaway, 0.09),
                (Kind::Whitelist, 0.07),
                (Kind::Mint, 0.05),
                (Kind::Deploy, 0.17),
                (Kind::Shill, 0.07),
                (Kind::Presale, 0.02),
                (Kind::Signals, 0.06),
                (Kind::Income, 0.05),
                (Kind::Doubling, 0.01),
                (Kind::Recovery, 0.06),
                (Kind::Support, 0.01),
                (Kind::Promotion, 0.06),
                (Kind::Advert, 0.06),
                (Kind::CryptoNews, 0.1),
                (Kind::Protocol, 0.16),
                (Kind::Opinion, 0.16),
                (Kind::News, 0.16),
                (Kind::Sport, 0.07),
                (Kind::Culture, 0.1),
                (Kind::Technology, 0.1),
                (Kind::Thought, 0.1),
                (Kind::Casual, 0.05),
            ],
            Self::TextMessages => &[
                (Kind::Prize, 0.4),
                (Kind::Service, 0.35),
                (Kind::Loan, 0.08),
                (Kind::Dating, 0.17),
                (Kind::Ham, 0.94),
                (Kind::Casual, 0.04),
                (Kind::Thought, 0.02),
            ],
        }
    }
}

/// A text with what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The text.
    pub text: String,
    /// Its kind.
    pub kind: Kind,
}

/// Writes one text. From `stealth` 0 to 1 a harmful text is written ever more calmly: without pictures, hash tags, capitals and
/// exclamation marks.
pub fn write(kind: Kind, stealth: f64, draws: &mut Stream) -> String {
    let text = grammar::expand(kind.rule(), draws);
    calm(&spaced(&text), stealth, draws)
}

/// Writes one harmless text of a member.
pub fn benign(draws: &mut Stream) -> String {
    write(draw(Place::Community, false, draws), 0.0, draws)
}

/// A link to a made-up page.
pub(crate) fn link(draws: &mut Stream) -> String {
    let mut link = String::new();
    slots::fill("link", draws, &mut link);
    link
}

/// Draws a kind by how often it comes at a place.
pub fn draw(place: Place, harmful: bool, draws: &mut Stream) -> Kind {
    let kinds = place.kinds();
    let weights: Vec<f64> =
        kinds.iter().map(|(kind, weight)| if kind.harmful() == harmful { *weight } else { 0.0 }).collect();
    kinds.get(draws.weighted(&weights)).map_or(Kind::Casual, |(kind, _)| *kind)
}

/// So many texts as they come at a place, this share of them harmful. Deterministic; text `i` does not depend on `count`.
pub fn corpus(place: Place, harmful: f64, count: usize, seed: Seed) -> Vec<Sample> {
    let streams = seed.streams("attack texts");
    (0..count)
        .map(|index| {
            let mut draws = streams.stream(index as u64);
            let bad = draws.chance(harmful);
            let kind = draw(place, bad, &mut draws);
            let stealth = if draws.chance(0.5) { 0.0 } else { draws.uniform() };
            let stealth = if bad { stealth } else { 0.0 };
            Sample { text: write(kind, stealth, &mut draws), kind }
        })
        .collect()
}

/// Single spaces, and none before a comma or a full stop.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter == ' ' && (out.is_empty() || out.ends_with([' ', '\n'])) {
            continue;
        }
        if matches!(letter, ',' | '.' | '!' | '?') && out.ends_with(' ') {
            out.pop();
        }
        out.push(letter);
    }
    out.trim_end().to_owned()
}

fn calm(text: &str, stealth: f64, draws: &mut Stream) -> String {
    let (pictures, tags, capitals, exclamations) =
        (draws.chance(stealth), draws.chance(stealth), draws.chance(stealth), draws.chance(stealth));
    let words: Vec<String> = text
        .split(' ')
        .filter(|word| !(tags && word.starts_with('#')))
        .map(|word| {
            let mut word: String = if pictures {
                word.chars().filter(|letter| letter.is_ascii() || letter.is_alphabetic()).collect()
            } else {
                word.to_owned()
            };
            let loud = word.len() > 3 && word.chars().all(|letter| letter.is_ascii_uppercase());
            if capitals && loud {
                word = word.to_lowercase();
            }
            if exclamations { word.replace('!', ".") } else { word }
        })
        .collect();
    spaced(&words.join(" "))
}
