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

    /// When an act of the campaign was meant to happen.
    fn at(&self, act: Cause) -> i64 {
        match act {
            Cause::Message(nth) => self.stream.messages[self.messages[nth as usize]].at,
            Cause::Transfer(nth) => self.stream.transfers[self.transfers[nth as usize]].at,
        }
    }

    /// What of responses bears on harm and friction: the campaign's acts, and the honest ones that any of them touches. All
    /// are aligned, so that briefs of one call can be put together.
    pub fn briefs(&self, responses: &[Response]) -> Vec<Brief> {
        let held = |place: usize, of: fn(&Response) -> &Vec<i64>| {
            responses.iter().any(|response| of(response)[place] != 0)
        };
        let honest = |place: &usize| !self.stream.messages[*place].label.malicious();
        let messages: Vec<usize> = (0..self.stream.messages.len())
            .filter(|&place| held(place, |response| &response.messages))
            .filter(honest)
            .collect();
        let honest = |place: &usize| !self.stream.transfers[*place].label.malicious();
        let transfers: Vec<usize> = (0..self.stream.transfers.len())
            .filter(|&place| held(place, |response| &response.transfers))
            .filter(honest)
            .collect();
        let brief = |response: &Response| Brief {
            messages: self.messages.iter().map(|&place| response.messages[place]).collect(),
            transfers: self.transfers.iter().map(|&place| response.transfers[place]).collect(),
            honest: messages
                .iter()
                .map(|&place| response.messages[place])
                .chain(transfers.iter().map(|&place| response.transfers[place]))
                .collect(),
            warned: response.warned.iter().any(|&at| at != NEVER).then(|| response.warned.clone()),
            notices: response.notices,
        };
        responses.iter().map(brief).collect()
    }

    /// The campaign's harm without any policy, in median holdings.
    pub fn harm(&self) -> f64 {
        self.injected.losses.iter().map(|loss| loss.amount).sum()
    }

    /// The harm that is left where policies respond like this. The same seed gives the same members that heed warnings.
    pub fn left(&self, brief: &Brief, seed: Seed) -> f64 {
        let end = self.injected.harmful_from.saturating_add(self.injected.exposure);
        let heeds = seed.streams("mitigation heeds");
        let warned =
            |account: usize, by: i64| brief.warned.as_ref().is_some_and(|warned| warned[account] <= by);
        let mut left = 0.0;
        for loss in &self.injected.losses {
            let cause = brief.held(loss.cause);
            let payment = loss.payment.map_or(0, |payment| brief.held(payment));
            // One voice of many is not what a decision hangs on.
            let one_of_many = loss.support.iter().any(|support| support.acts.contains(&loss.cause));
            if (cause == NEVER && !one_of_many) || payment == NEVER {
                continue;
            }
            if let Some(victim) = loss.victim {
                let at = loss.at.saturating_add(cause);
                // Held until the campaign was exposed: too late for the attacker.
                let late = cause > 0 && at > end;
                let heeded = warned(victim as usize, at) && heeds.stream(u64::from(victim)).chance(HEEDS);
                if !late && !heeded {
                    left += loss.amount;
                }
                continue;
            }
            let stands = |&act: &Cause| {
                let held = brief.held(act);
                held != NEVER && self.at(act).saturating_add(held) <= loss.at
            };
            let remains = |support: &&crate::attack::Support| support.acts.iter().all(stands);
            let support: f64 = loss.support.iter().filter(remains).map(|support| support.weight).sum();
            let share = if brief.warned.is_none() || loss.support.is_empty() {
                0.0
            } else {
                let honest = || (0..self.stream.accounts.len()).filter(|&account| !self.bad(account as u32));
                honest().filter(|&account| warned(account, loss.at)).count() as f64
                    / honest().count().max(1) as f64
            };
            if support >= loss.needed * (1.0 + MOBILISES * share) {
                left += loss.amount;
            }
        }
        left
    }

    /// What policies cost honest members.
    pub fn friction(&self, brief: &Brief) -> Friction {
        let mut friction = Friction { notices: brief.notices as f64, ..Friction::default() };
        for &held in &brief.honest {
            match held {
                0 => {}
                NEVER => friction.refused += 1.0,
                held => {
                    friction.held += 1.0;
                    let minutes = (held as f64 / 60.0).min(1_440.0);
                    friction.hours += minutes / 60.0;
                    friction.minutes += minutes.min(HELD) + WAITS * minutes;
                }
            }
        }
        friction.minutes += REFUSED * friction.refused + NOTICE * friction.notices;
        let acts = self.stream.messages.len() + self.stream.transfers.len()
            - self.messages.len()
            - self.transfers.len();
        let scale = 1_000.0 / acts.max(1) as f64;
        Friction {
            held: friction.held * scale,
            refused: friction.refused * scale,
            hours: friction.hours * scale,
            notices: friction.notices * scale,
            minutes: friction.minutes * scale,
        }
    }
}

/// What of a response bears on harm and friction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// Holds of the campaign's messages, in order.
    messages: Vec<i64>,
    /// Holds of its transfers.
    transfers: Vec<i64>,
    /// Holds of honest acts that any response touches.
    honest: Vec<i64>,
    /// When each account is warned; `None` where nobody is.
    warned: Option<Vec<i64>>,
    /// Notices of false alarms.
    notices: u64,
}

impl Brief {
    /// Both at once: the longer hold, the earlier warning. Both are of one call of [`Scene::briefs`].
    pub fn and(&mut self, other: &Self) {
        let lists = [
            (&mut self.messages, &other.messages),
            (&mut self.transfers, &other.transfers),
            (&mut self.honest, &other.honest),
        ];
        for (mine, theirs) in lists {
            mine.iter_mut().zip(theirs).for_each(|(mine, &theirs)| *mine = (*mine).max(theirs));
        }
        match (&mut self.warned, &other.warned) {
            (Some(mine), Some(theirs)) => {
                mine.iter_mut().zip(theirs).for_each(|(mine, &theirs)| *mine = (*mine).min(theirs));
            }
            (mine @ None, Some(theirs)) => *mine = Some(theirs.clone()),
            (_, None) => {}
        }
        self.notices += other.notices;
    }

    /// For how long an act of the campaign is held.
    fn held(&self, act: Cause) -> i64 {
        match act {
            Cause::Message(nth) => self.messages[nth as usize],
            Cause::Transfer(nth) => self.transfers[nth as usize],
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
