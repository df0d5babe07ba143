//! What is told about an act in numbers, from all acts before it, in constant memory.

mod alike;

use daotwin_community::stream::Stream;
use daotwin_core::Seed;

use crate::Detector as _;
use crate::Result;
use crate::event::{Act, Event};
use crate::hash::{key, pair};
use crate::hawkes::{Process, Residuals};
use crate::memory::{BITS, Memories};
use crate::midas::{Settings, Sketch, concerned};
use crate::slots::Slots;
use crate::text::{self, Logistic};
use crate::velocity::{Fading, Rules};

/// How many numbers.
pub const COUNT: usize = NAMES.len();

/// What each of them is, in words that finish the sentence "because of".
pub const NAMES: [&str; 64] = [
    "whether tokens move",
    "a private message",
    "a moderator's account",
    "the account's age",
    "how often the account acted",
    "the wait since its last act",
    "its acts within minutes",
    "its acts within hours",
    "its acts within a day",
    "how many others it turned to within hours",
    "its private messages within a day",
    "a wait that is unlike its own",
    "how often the other was turned to",
    "the wait since the other was turned to",
    "the other's age here",
    "how many new accounts turned to the other",
    "how many different accounts turned to the other within a day",
    "how often it turned to this other before",
    "whether the other turned to it before",
    "how often the other acted",
    "how busy the place is within minutes",
    "how busy the place is within a day",
    "the share of new accounts in the place",
    "how often it acted in this place before",
    "whether anybody answers",
    "the length of the text",
    "links in the text",
    "a link to a host that was hardly seen",
    "a link to a host that looks like another",
    "a link to a host that is new to the account",
    "links within a day by new accounts",
    "addresses in the text",
    "mentions in the text",
    "capital letters",
    "digits",
    "exclamation marks and pictures",
    "the words of the text",
    "words unlike the account's own",
    "words of the account so far",
    "how often the text was written before",
    "how many accounts wrote the text",
    "a name that looks like a moderator's",
    "a name that looks like another's",
    "accounts that joined together",
    "accounts that one purse paid first",
    "the amount",
    "an amount of nothing or dust",
    "the amount against what the account pays",
    "the amount against what the other receives",
    "what the account received against what it paid",
    "an address that looks like one paid before",
    "how many different accounts paid the other within a day",
    "how many different others the account paid within a day",
    "equal amounts in a row",
    "the time since it was paid first",
    "whether it only passes on what it got",
    "rules on pace",
    "a burst at this place or other",
    "haste of the account",
    "haste in the place",
    "a change of ways",
    "the words of the place so far",
    "words of new accounts in the place",
    "how many answer the same account with praise or anger",
];

/// What features are learned: the words, the rhythm and the memory.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Learned {
    /// The classifier of texts; without it words say nothing.
    pub text: Option<Logistic>,
    /// The processes of accounts and places.
    pub processes: [Process; 2],
    /// The weights of the memory's network.
    pub memory: Vec<f32>,
}

impl Learned {
    /// Learns rhythm and memory from streams as they are; the words are learned elsewhere.
    ///
    /// # Errors
    /// None that a caller can cause.
    pub fn fit(streams: &[Stream], text: Option<Logistic>, seed: Seed) -> Result<Self> {
        let processes = Residuals::fit(streams).processes();
        Ok(Self { text, processes, memory: Memories::fit(streams, seed).weights() })
    }
}

/// What is remembered of an account.
#[derive(Debug, Clone, Copy, Default)]
struct Account {
    first_at: i64,
    last_at: i64,
    acts: u32,
    minutes: Fading,
    hours: Fading,
    day: Fading,
    private: Fading,
    others: Fading,
    last_other: u64,
    waits: f32,
    received: u32,
    received_at: i64,
    turned: Fading,
    turned_new: Fading,
    last_turner: u64,
    moods: Fading,
    payers: Fading,
    last_payer: u64,
    payees: Fading,
    last_payee: u64,
    funder: u64,
    funded: u32,
    paid_at: i64,
    got: f64,
    paid: f64,
    pays: f32,
    paying: u32,
    gets: f32,
    getting: u32,
    last_amount: f64,
    equal: u32,
    words: f32,
    written: u32,
}

/// What is remembered of a channel, an asset, a proposal.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    minutes: Fading,
    day: Fading,
    new: Fading,
    all: Fading,
    links: Fading,
    words: f32,
    new_words: f32,
    written: u32,
}

/// What is remembered of a text, a host or a name.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    times: u32,
    accounts: u32,
    last: u64,
}

/// A host that was seen often enough to be imitated.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    key: u64,
    sight: Vec<char>,
    times: u32,
}

const MINUTES: f64 = 300.0;
const HOURS: f64 = 7_200.0;
const DAY: f64 = 86_400.0;
/// An account is new for so long.
const NEW: i64 = 14 * 86_400;
/// Accounts that join within so many seconds join together.
const TOGETHER: i64 = 6 * 3_600;
/// So many moderators' names and hosts are guarded against look-alikes.
const GUARDED: usize = 48;
/// A host is known from so many links on.
const OFTEN: u32 = 4;
/// How much a mean moves to what is new.
const MOVE: f32 = 0.15;

/// The memory of a stream that features come from.
#[derive(Debug, Clone)]
pub struct Features {
    text: Option<Logistic>,
    accounts: Slots<Account>,
    pairs: Slots<u32>,
    places: Slots<Place>,
    texts: Slots<Seen>,
    hosts: Slots<Seen>,
    names: Slots<Seen>,
    joins: Slots<Seen>,
    /// The first and last signs of addresses that an account paid.
    ends: Slots<u64>,
    moderators: Vec<(u64, Vec<char>)>,
    known: Vec<Known>,
    rules: Rules,
    sketch: Sketch,
    residuals: Residuals,
    memories: Memories,
}

fn flag(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

fn seconds(from: i64, to: i64) -> f64 {
    to.saturating_sub(from).max(0) as f64
}

/// The first and the last signs of an address, which is all that most people compare.
fn ends(address: &str) -> Option<u64> {
    let bytes = address.as_bytes();
    (bytes.len() >= 20 && address.is_ascii()).then(|| {
        let (head, tail) = (&address[..6.min(address.len())], &address[address.len() - 4..]);
        pair(key(head), key(tail))
    })
}

impl Features {
    /// Nothing seen yet.
    ///
    /// # Errors
    /// What was learned is not what this version learns.
    pub fn new(learned: Learned) -> Result<Self> {
        learned.processes.iter().try_for_each(Process::check)?;
        learned.text.iter().try_for_each(Logistic::check)?;
        Ok(Self {
            text: learned.text,
            accounts: Slots::new(BITS),
            pairs: Slots::new(BITS + 2),
            places: Slots::new(10),
            texts: Slots::new(BITS),
            hosts: Slots::new(12),
            names: Slots::new(BITS),
            joins: Slots::new(12),
            ends: Slots::new(BITS),
            moderators: Vec::new(),
            known: Vec::new(),
            rules: Rules::default(),
            sketch: Sketch::new(Settings::default())?,
            residuals: Residuals::new(learned.processes),
            memories: Memories::of(BITS, &learned.memory)?,
        })
    }

    /// What was learned.
    ///
    /// # Errors
    /// None that a caller can cause.
    pub fn learned(&self) -> Result<Learned> {
        Ok(Learned {
            text: self.text.clone(),
            processes: self.residuals.processes(),
            memory: self.memories.weights(),
        })
    }

    /// What they take, whatever was seen.
    pub fn bytes(&self) -> usize {
        let slots = self.accounts.bytes() + self.pairs.bytes() + self.places.bytes() + self.texts.bytes();
        let more = self.hosts.bytes() + self.names.bytes() + self.joins.bytes() + self.ends.bytes();
        let guarded =
            GUARDED * (size_of::<Known>() + size_of::<(u64, Vec<char>)>() + 2 * 48 * size_of::<char>());
        let text = self.text.as_ref().map_or(0, crate::Detector::bytes);
        slots
            + more
            + guarded
            + text
            + self.rules.bytes()
            + self.sketch.bytes()
            + self.residuals.bytes()
            + self.memories.bytes()
    }

    /// The numbers of an act, in the order of [`NAMES`], before it is remembered. All finite. Constant time.
    pub fn row(&mut self, event: &Event<'_>) -> [f64; COUNT] {
        let mut row = [0.0; COUNT];
        let (at, actor) = (event.at, key(event.actor));
        let other = if event.other.is_empty() { 0 } else { key(event.other) };
        let place = pair(key(event.place), u64::from(event.act == Act::Transfer));
        let transfer = event.act == Act::Transfer;
        let mut own = *self.accounts.entry(actor);
        if own.first_at == 0 {
            own.first_at = at;
        }
        let first_act = own.acts == 0;
        let joined = event.joined_at.unwrap_or(own.first_at);
        let new = at.saturating_sub(joined) < NEW;
        row[0] = flag(transfer);
        row[1] = flag(event.direct);
        row[2] = flag(event.moderator);
        row[3] = seconds(joined, at).ln_1p();
        row[4] = f64::from(own.acts).ln_1p();
        let wait = if first_act { 0.0 } else { seconds(own.last_at, at).ln_1p() };
        row[5] = if first_act { -1.0 } else { wait };
        row[6] = own.minutes.add(at, MINUTES, 1.0).ln_1p();
        row[7] = own.hours.add(at, HOURS, 1.0).ln_1p();
        row[8] = own.day.add(at, DAY, 1.0).ln_1p();
        row[9] = own.others.add(at, HOURS, flag(other != 0 && other != own.last_other)).ln_1p();
        row[10] = own.private.add(at, DAY, flag(event.direct)).ln_1p();
        if own.acts >= 2 {
            row[11] = wait - f64::from(own.waits);
        }
        if !first_act {
            own.waits += (wait as f32 - own.waits) * if own.acts == 1 { 1.0 } else { MOVE };
        }

        // Whom it concerns.
        let mut theirs = if other == 0 { Account::default() } else { *self.accounts.entry(other) };
        if other != 0 && other != actor {
            if theirs.first_at == 0 {
                theirs.first_at = at;
            }
            row[12] = f64::from(theirs.received).ln_1p();
            row[13] = if theirs.received == 0 { -1.0 } else { seconds(theirs.received_at, at).ln_1p() };
            row[14] = seconds(theirs.first_at, at).ln_1p();
            row[15] = theirs.turned_new.add(at, DAY, flag(new)).ln_1p();
            row[16] = theirs.turned.add(at, DAY, flag(theirs.last_turner != actor)).ln_1p();
            row[18] = flag(self.pairs.get(pair(other, actor)).is_some());
            let times = self.pairs.entry(pair(actor, other));
            row[17] = f64::from(*times).ln_1p();
            *times = times.saturating_add(1);
            row[19] = f64::from(theirs.acts).ln_1p();
            row[24] = 1.0;
            theirs.received = theirs.received.saturating_add(1);
            theirs.received_at = at;
            theirs.last_turner = actor;
        }

        // Where.
        let mut spot = *self.places.entry(place);
        row[20] = spot.minutes.add(at, MINUTES, 1.0).ln_1p();
        row[21] = spot.day.add(at, DAY, 1.0).ln_1p();
        let all = spot.all.add(at, HOURS, 1.0);
        row[22] = spot.new.add(at, HOURS, flag(new)) / all.max(1e-9);
        let times = self.pairs.entry(pair(actor, place));
        row[23] = f64::from(*times).ln_1p();
        *times = times.saturating_add(1);

        if !event.text.is_empty() {
            self.words(event, actor, new, &mut own, &mut theirs, &mut spot, &mut row);
        }
        self.likeness(event, actor, first_act, &mut row);
        let funder =
            (own.funder != 0).then(|| self.accounts.get(own.funder).map_or(0, |funder| funder.funded));
        row[44] = f64::from(funder.unwrap_or(0)).ln_1p();
        if transfer {
            self.money(event, (actor, other), &mut own, &mut theirs, &mut row);
        }
        row[54] = if own.paid_at == 0 { -1.0 } else { seconds(own.paid_at, at).ln_1p() };

        row[56] = self.rules.score(event);
        row[57] = self.sketch.edge(actor, concerned(event), at).ln_1p();
        (row[58], row[59]) = self.residuals.both(event);
        row[60] = self.memories.edge(actor, concerned(event), at);

        own.acts = own.acts.saturating_add(1);
        own.last_at = own.last_at.max(at);
        if other != 0 {
            own.last_other = other;
            if other != actor {
                *self.accounts.entry(other) = theirs;
            }
        }
        *self.accounts.entry(actor) = own;
        *self.places.entry(place) = spot;
        for value in &mut row {
            if !value.is_finite() {
                *value = 0.0;
            }
        }
        row
    }

    #[expect(clippy::too_many_arguments, reason = "one act, taken apart once")]
    fn words(
        &mut self,
        event: &Event<'_>,
        actor: u64,
        new: bool,
        own: &mut Account,
        theirs: &mut Account,
        spot: &mut Place,
        row: &mut [f64; COUNT],
    ) {
        let text = event.text;
        let (mut signs, mut capitals, mut digits, mut loud, mut letters) =
            (0_u32, 0_u32, 0_u32, 0_u32, 0_u32);
        for sign in text.chars().take(4_000) {
            signs += 1;
            letters += u32::from(sign.is_alphabetic());
            capitals += u32::from(sign.is_uppercase());
            digits += u32::from(sign.is_numeric());
            loud += u32::from(sign == '!' || u32::from(sign) >= 0x2190);
        }
        row[25] = f64::from(signs).ln_1p();
        row[33] = f64::from(capitals) / f64::from(letters.max(1));
        row[34] = f64::from(digits) / f64::from(signs.max(1));
        row[35] = f64::from(loud).ln_1p();
        let kinds = text::kinds(text);
        row[31] = f64::from(kinds.addresses).ln_1p();
        row[32] = f64::from(kinds.mentions).ln_1p();
        let mut links = 0_u32;
        row[27] = -1.0;
        row[29] = -1.0;
        for link in text::links(text) {
            links += 1;
            let host = text::host(link).to_lowercase();
            let host = host.trim_start_matches("www.");
            let name = key(host);
            let seen = self.hosts.entry(name);
            let rare = 1.0 / (1.0 + f64::from(seen.times));
            row[27] = row[27].max(rare);
            seen.times = seen.times.saturating_add(1);
            let times = seen.times;
            let sight = alike::skeleton(host);
            let others = self.known.iter().filter(|known| known.key != name && known.times >= times);
            row[28] = row[28].max(alike::likeness(&sight, others.map(|known| known.sight.as_slice())));
            if times >= OFTEN {
                self.remember(name, &sight, times);
            }
            let mine = self.pairs.entry(pair(actor, name));
            row[29] = row[29].max(1.0 / (1.0 + f64::from(*mine)));
            *mine = mine.saturating_add(1);
        }
        row[26] = f64::from(links);
        row[30] = spot.links.add(event.at, DAY, flag(new && links > 0)).ln_1p();
        if let Some(model) = &self.text {
            let odds = model.log_odds(&text::features(text)).clamp(-30.0, 30.0);
            row[36] = odds;
            if own.written > 0 {
                row[37] = odds - f64::from(own.words);
                row[38] = f64::from(own.words);
            }
            if spot.written > 0 {
                row[61] = f64::from(spot.words);
                row[62] = f64::from(spot.new_words);
            }
            let (own_move, spot_move) =
                (if own.written == 0 { 1.0 } else { MOVE }, if spot.written == 0 { 1.0 } else { MOVE / 4.0 });
            own.words += own_move * (odds as f32 - own.words);
            spot.words += spot_move * (odds as f32 - spot.words);
            if new {
                spot.new_words += spot_move * (odds as f32 - spot.new_words);
            }
            own.written = own.written.saturating_add(1);
            spot.written = spot.written.saturating_add(1);
            row[63] = theirs.moods.add(event.at, DAY, flag(odds > 0.0)).ln_1p();
        }
        let seen = self.texts.entry(text::gist(text).0);
        row[39] = f64::from(seen.times).ln_1p();
        row[40] = f64::from(seen.accounts).ln_1p();
        seen.times = seen.times.saturating_add(1);
        if seen.last != actor {
            seen.accounts = seen.accounts.saturating_add(1);
            seen.last = actor;
        }
    }

    /// Keeps a host among those that may be imitated; the least seen gives way.
    fn remember(&mut self, name: u64, sight: &[char], times: u32) {
        if let Some(known) = self.known.iter_mut().find(|known| known.key == name) {
            known.times = times;
            return;
        }
        let fresh = Known { key: name, sight: sight.to_vec(), times };
        if self.known.len() < GUARDED {
            self.known.push(fresh);
        } else if let Some(least) = self.known.iter_mut().min_by_key(|known| known.times)
            && least.times < times
        {
            *least = fresh;
        }
    }

    fn likeness(&mut self, event: &Event<'_>, actor: u64, first_act: bool, row: &mut [f64; COUNT]) {
        if !event.name.is_empty() {
            let sight = alike::skeleton(event.name);
            let others = self.moderators.iter().filter(|(id, _)| *id != actor);
            row[41] = alike::likeness(&sight, others.map(|(_, name)| name.as_slice()));
            let seen = self.names.entry(sight.iter().fold(11, |hash, &sign| pair(hash, u64::from(sign))));
            row[42] = flag(seen.times > 0 && seen.last != actor);
            // Whoever had it first keeps it.
            if seen.times == 0 {
                seen.last = actor;
            }
            seen.times = 1;
            if event.moderator
                && self.moderators.len() < GUARDED
                && self.moderators.iter().all(|(id, _)| *id != actor)
            {
                self.moderators.push((actor, sight));
            }
        }
        if let Some(joined) = event.joined_at {
            let crowd = self.joins.entry(crate::hash::mix(joined.div_euclid(TOGETHER) as u64));
            if first_act {
                crowd.accounts = crowd.accounts.saturating_add(1);
            }
            row[43] = f64::from(crowd.accounts).ln_1p();
        }
    }

    fn money(
        &mut self,
        event: &Event<'_>,
        (actor, other): (u64, u64),
        own: &mut Account,
        theirs: &mut Account,
        row: &mut [f64; COUNT],
    ) {
        let amount = event.amount.max(0.0);
        let size = amount.ln_1p();
        row[45] = size;
        let usual = if own.paying > 0 { f64::from(own.pays) } else { size };
        let theirs_usual = if theirs.getting > 0 { f64::from(theirs.gets) } else { size };
        row[46] = flag(amount == 0.0 || (own.paying > 0 && size < usual - 9.0));
        row[47] = size - usual;
        row[48] = size - theirs_usual;
        row[49] = (own.got.max(0.0).ln_1p() - own.paid.max(0.0).ln_1p()).clamp(-60.0, 60.0);
        if let Some(ends) = ends(event.other) {
            let paid = self.ends.entry(pair(actor, ends));
            row[50] = flag(*paid != 0 && *paid != other);
            if *paid == 0 && amount > 0.0 {
                *paid = other;
            }
        }
        // Poisoning sends from addresses that look like one which the receiver paid.
        if let Some(ends) = ends(event.actor) {
            let known = self.ends.get(pair(other, ends)).copied().unwrap_or(0);
            row[50] = row[50].max(flag(known != 0 && known != actor));
        }
        row[51] = theirs.payers.add(event.at, DAY, flag(theirs.last_payer != actor)).ln_1p();
        row[52] = own.payees.add(event.at, DAY, flag(own.last_payee != other)).ln_1p();
        own.equal = if own.last_amount > 0.0 && (amount / own.last_amount - 1.0).abs() < 0.05 {
            own.equal + 1
        } else {
            0
        };
        row[53] = f64::from(own.equal).ln_1p();
        row[55] = flag(own.got > 0.0) * (amount / own.got.max(1e-9)).min(2.0);
        own.last_amount = amount;
        own.last_payee = other;
        own.paid += amount;
        own.pays += (size as f32 - own.pays) * if own.paying == 0 { 1.0 } else { MOVE };
        own.paying = own.paying.saturating_add(1);
        theirs.last_payer = actor;
        theirs.got += amount;
        theirs.gets += (size as f32 - theirs.gets) * if theirs.getting == 0 { 1.0 } else { MOVE };
        theirs.getting = theirs.getting.saturating_add(1);
        if theirs.funder == 0 && other != actor {
            theirs.funder = actor;
            theirs.paid_at = event.at;
            own.funded = own.funded.saturating_add(1);
            row[44] = row[44].max(f64::from(own.funded).ln_1p());
        }
    }
}

#[cfg(test)]
mod test;
