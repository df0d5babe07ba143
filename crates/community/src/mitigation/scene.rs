//! A stream with a campaign, as policies see it, and what is left of the campaign's harm after them.

use std::collections::BTreeMap;

use daotwin_core::{Seed, random};

use super::{NEVER, Response};
use crate::attack::{Cause, DAY, Family, Injected, registry};
use crate::stream::Stream;

/// How often a member who was warned heeds it; a judgement.
const HEEDS: f64 = 0.85;
/// By how much opposition grows where everybody is warned: three times as many vote; a judgement, after Indexed (November 2023)
/// and Build Finance's first attempt, where few recalled voters turned a vote.
const MOBILISES: f64 = 2.0;

/// See the module. Everything in it is what a community's own tools could see, but `injected`, for people who look closer.
#[derive(Debug)]
pub struct Scene<'s> {
    /// The stream.
    pub stream: &'s Stream,
    /// The campaign.
    pub injected: &'s Injected,
    /// What kind of attack it is.
    pub family: Family,
    /// Of each message, whether it bears a link or an address.
    pub link: Vec<bool>,
    /// Of each message, the public messages that its author had written before.
    pub written: Vec<u32>,
    /// Of each channel, whether it is for announcements.
    pub announcements: Vec<bool>,
    /// Of each channel, whether proposals are talked about in it.
    pub governance: Vec<bool>,
    /// Of each asset, whether it is votes and not tokens.
    pub votes: Vec<bool>,
    /// Places of the campaign's messages, in order.
    pub messages: Vec<usize>,
    /// Places of its transfers, in order.
    pub transfers: Vec<usize>,
}

impl<'s> Scene<'s> {
    /// Looks at a stream; O(messages + transfers).
    pub fn new(stream: &'s Stream, injected: &'s Injected) -> Self {
        let mut counts = vec![0_u32; stream.accounts.len()];
        let mut written = Vec::with_capacity(stream.messages.len());
        for message in &stream.messages {
            let count = &mut counts[message.author as usize];
            written.push(*count);
            *count += u32::from(message.to.is_none());
        }
        let named = |names: &[String], parts: &[&str]| -> Vec<bool> {
            let has = |name: &String| parts.iter().any(|part| name.to_lowercase().contains(part));
            names.iter().map(has).collect()
        };
        let attack = stream.campaigns.get(injected.campaign as usize).map_or("", |campaign| campaign.attack);
        Self {
            stream,
            injected,
            family: registry::find(attack).map_or(Family::Lure, |script| script.card().family),
            link: stream.messages.iter().map(|message| has_link(&message.text)).collect(),
            written,
            announcements: named(&stream.channels, &["announce", "news"]),
            governance: named(&stream.channels, &["governance", "proposal", "vote"]),
            votes: named(&stream.assets, &["vote", "voting"]),
            messages: injected.messages(stream),
            transfers: injected.transfers(stream),
        }
    }

    /// How old the author's account is at a message, in seconds.
    pub fn age(&self, place: usize) -> i64 {
        let message = &self.stream.messages[place];
        message.at - self.stream.accounts[message.author as usize].joined_at
    }

    /// Whether a message's author is known: a moderator, or so many days old with so many messages.
    pub fn trusted(&self, place: usize, days: f64, messages: u32) -> bool {
        let author = &self.stream.accounts[self.stream.messages[place].author as usize];
        author.moderator || (self.age(place) as f64 >= days * DAY && self.written[place] >= messages)
    }

    /// Whether an account is the attacker's, for those who look closely.
    pub fn bad(&self, account: u32) -> bool {
        self.stream.accounts[account as usize].label.malicious()
    }

    /// What somebody decides who looks at an act that is held: after `wait` seconds in the mean (exponential) it passes or is
    /// refused; what is malicious is refused with chance `sees`, what is honest with chance `errs`.
    pub fn review(malicious: bool, wait: f64, sees: f64, errs: f64, draws: &mut random::Stream) -> i64 {
        let refused = draws.chance(if malicious { sees } else { errs });
        let after = (draws.exponential() * wait) as i64 + 1;
        if refused { NEVER } else { after }
    }

    fn place(&self, act: Cause) -> (bool, usize) {
        match act {
            Cause::Message(nth) => (true, self.messages[nth as usize]),
            Cause::Transfer(nth) => (false, self.transfers[nth as usize]),
        }
    }

    /// For how long an act of the campaign is held.
    fn held(&self, act: Cause, response: &Response) -> i64 {
        let (message, place) = self.place(act);
        if message { response.messages[place] } else { response.transfers[place] }
    }

    /// When an act of the campaign was meant to happen.
    fn at(&self, act: Cause) -> i64 {
        let (message, place) = self.place(act);
        if message { self.stream.messages[place].at } else { self.stream.transfers[place].at }
    }

    /// The campaign's harm without any policy, in median holdings.
    pub fn harm(&self) -> f64 {
        self.injected.losses.iter().map(|loss| loss.amount).sum()
    }

    /// The harm that is left where policies respond like this. The same seed gives the same members that heed warnings.
    pub fn left(&self, response: &Response, seed: Seed) -> f64 {
        let end = self.injected.harmful_from.saturating_add(self.injected.exposure);
        let heeds = seed.streams("mitigation heeds");
        let honest = || (0..response.warned.len()).filter(|&account| !self.bad(account as u32));
        let mut left = 0.0;
        for loss in &self.injected.losses {
            let cause = self.held(loss.cause, response);
            let payment = loss.payment.map_or(0, |payment| self.held(payment, response));
            // One voice of many is not what a decision hangs on.
            let one_of_many = loss.support.iter().any(|support| support.acts.contains(&loss.cause));
            if (cause == NEVER && !one_of_many) || payment == NEVER {
                continue;
            }
            if let Some(victim) = loss.victim {
                let at = loss.at + cause;
                // Held until the campaign was exposed: too late for the attacker.
                if cause > 0 && at > end {
                    continue;
                }
                let warned = response.warned[victim as usize] <= at;
                if warned && heeds.stream(u64::from(victim)).chance(HEEDS) {
                    continue;
                }
                left += loss.amount;
                continue;
            }
            let stands = |&act: &Cause| {
                let held = self.held(act, response);
                held != NEVER && self.at(act).saturating_add(held) <= loss.at
            };
            let remains = |support: &&crate::attack::Support| support.acts.iter().all(stands);
            let support: f64 = loss.support.iter().filter(remains).map(|support| support.weight).sum();
            let warned = honest().filter(|&account| response.warned[account] <= loss.at).count() as f64;
            let share = warned / honest().count().max(1) as f64;
            if support >= loss.needed * (1.0 + MOBILISES * share) || loss.support.is_empty() {
                left += loss.amount;
            }
        }
        left
    }

    /// What policies cost honest members.
    pub fn friction(&self, response: &Response) -> Friction {
        let mut friction = Friction::default();
        let messages = self.stream.messages.iter().map(|message| message.label).zip(&response.messages);
        let transfers = self.stream.transfers.iter().map(|transfer| transfer.label).zip(&response.transfers);
        let (mut acts, mut hours) = (0_u64, 0.0);
        for (_, &held) in messages.chain(transfers).filter(|(label, _)| !label.malicious()) {
            acts += 1;
            match held {
                0 => {}
                NEVER => friction.refused += 1.0,
                held => {
                    friction.held += 1.0;
                    let minutes = (held as f64 / 60.0).min(1_440.0);
                    hours += minutes / 60.0;
                    friction.minutes += minutes.min(HELD) + WAITS * minutes;
                }
            }
        }
        friction.minutes += REFUSED * friction.refused + NOTICE * response.notices as f64;
        let scale = 1_000.0 / acts.max(1) as f64;
        let notices = response.notices as f64 * scale;
        Friction {
            held: friction.held * scale,
            refused: friction.refused * scale,
            hours: hours * scale,
            notices,
            minutes: friction.minutes * scale,
        }
    }
}

/// Minutes that a member loses over an act that is held, one that is refused, a false alarm that it reads, and for each minute
/// that it waits (up to a day); judgements, to add unlike things up.
const HELD: f64 = 2.0;
const REFUSED: f64 = 10.0;
const NOTICE: f64 = 0.5;
const WAITS: f64 = 0.01;

/// What policies cost honest members, for every thousand honest acts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Friction {
    /// Honest acts held for a while.
    pub held: f64,
    /// Honest acts refused.
    pub refused: f64,
    /// Hours that honest acts wait, each counted up to a day.
    pub hours: f64,
    /// False alarms read.
    pub notices: f64,
    /// All of that in minutes of members: 2 for an act held and 0.01 a minute that it waits, 10 for one refused, half a
    /// minute for a false alarm. These prices are judgements.
    pub minutes: f64,
}

/// Whether a text bears a link or an address: a word with a dot between letters and a short ending, a scheme, or 40
/// hexadecimal digits.
pub fn has_link(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        let word = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        if word.contains("://") || (word.starts_with("0x") && word.len() >= 42) {
            return true;
        }
        let host = word.split(['/', '?']).next().unwrap_or_default();
        host.rsplit_once('.').is_some_and(|(name, ending)| {
            (2..=10).contains(&ending.len())
                && ending.chars().all(|letter| letter.is_ascii_lowercase())
                && name.ends_with(|letter: char| letter.is_alphanumeric())
        })
    })
}

/// Who talks with whom: of each account those it answered, was answered by, or wrote to directly; ascending.
pub(super) fn neighbours(stream: &Stream) -> BTreeMap<u32, Vec<u32>> {
    let mut ties: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for message in &stream.messages {
        let asked = message.reply_to.map(|asked| stream.messages[asked as usize].author);
        for other in asked.into_iter().chain(message.to).filter(|&other| other != message.author) {
            ties.entry(message.author).or_default().push(other);
            ties.entry(other).or_default().push(message.author);
        }
    }
    for list in ties.values_mut() {
        list.sort_unstable();
        list.dedup();
    }
    ties
}
