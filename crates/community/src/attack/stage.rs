//! Where a script plays: it looks at the stream, collects its own acts, and puts them in order in the end.

use std::collections::BTreeMap;

use daotwin_core::{Seed, random};

use super::sizes::{CONVERSION_AT_MOST, HOLDING_SIGMA};
use super::{AttackScript, Cause, Injected, Loss, Parameters};
use crate::stream::{Account, Campaign, Label, Message, Stream, Transfer};
use crate::{Error, Result};

/// Seconds in an hour.
pub(crate) const HOUR: f64 = 3_600.0;
/// Seconds in a day.
pub(crate) const DAY: f64 = 86_400.0;
/// One token where the stream's own transfers say nothing, in smallest units.
const TOKEN: f64 = 1e18;

/// A message that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// The author.
    pub author: u32,
    /// When, in Unix seconds.
    pub at: i64,
    /// The channel.
    pub channel: u32,
    /// Who alone sees it.
    pub to: Option<u32>,
    /// The honest message that it answers, as an index into the stream before the campaign.
    pub reply_to: Option<u32>,
    /// What it is about.
    pub topic: u32,
    /// From -1 to 1.
    pub sentiment: f64,
    /// The text.
    pub text: String,
}

/// An act of the campaign by its place among those collected; not yet in order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    Message(usize),
    Transfer(usize),
}

/// The stream under attack, and the attack so far.
#[derive(Debug)]
pub struct Stage<'s> {
    stream: &'s mut Stream,
    parameters: &'s Parameters,
    attack: &'static str,
    seed: Seed,
    campaign: u32,
    honest: Vec<u32>,
    holdings: Vec<f64>,
    unit: f64,
    span: (i64, i64),
    messages: Vec<Message>,
    harmless: Vec<bool>,
    transfers: Vec<Transfer>,
    losses: Vec<(i64, Option<u32>, f64, Act)>,
    exposure: i64,
}

impl<'s> Stage<'s> {
    pub(super) fn new(
        stream: &'s mut Stream,
        script: &dyn AttackScript,
        parameters: &'s Parameters,
        seed: Seed,
    ) -> Result<Self> {
        let mut problems = Vec::new();
        let honest: Vec<u32> = (0..stream.accounts.len() as u32)
            .filter(|&account| !stream.accounts[account as usize].label.malicious())
            .collect();
        if honest.len() < 2 {
            problems.push(format!("the stream has {} honest accounts; an attack needs two or more", honest.len()));
        }
        let times = || {
            let messages = stream.messages.iter().map(|message| message.at);
            messages.chain(stream.transfers.iter().map(|transfer| transfer.at))
        };
        let span = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        if span.0 == span.1 {
            problems.push("nothing in the stream happens at two different times; an attack needs a span".to_owned());
        }
        if parameters.attack() != script.name() {
            problems.push(format!(
                "the parameters are those of attack `{}`; `{}` needs its own: `Parameters::of`",
                parameters.attack(),
                script.name()
            ));
        }
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        for (list, first) in
            [(&mut stream.channels, "general"), (&mut stream.topics, "general"), (&mut stream.assets, "token")]
        {
            if list.is_empty() {
                list.push(first.to_owned());
            }
        }
        let (holdings, unit) = holdings(stream);
        let campaign = stream.campaigns.len() as u32;
        Ok(Self {
            stream,
            parameters,
            attack: script.name(),
            seed,
            campaign,
            honest,
            holdings,
            unit,
            span,
            messages: Vec::new(),
            harmless: Vec::new(),
            transfers: Vec::new(),
            losses: Vec::new(),
            exposure: 0,
        })
    }

    /// The stream as it was, with accounts that the campaign opened.
    pub fn stream(&self) -> &Stream {
        self.stream
    }

    /// A parameter's value.
    pub fn value(&self, name: &str) -> f64 {
        self.parameters.get(name)
    }

    /// A parameter's value as a number of things.
    pub fn count(&self, name: &str) -> usize {
        self.value(name).round() as usize
    }

    /// The draws of one purpose and index; they do not depend on other purposes.
    pub fn draws(&self, purpose: &str, index: usize) -> random::Stream {
        self.seed.streams(&format!("attack {} {purpose}", self.attack)).stream(index as u64)
    }

    /// The accounts that were honest before the campaign.
    pub fn honest(&self) -> &[u32] {
        &self.honest
    }

    /// So many different honest accounts (fewer where there are no more), those with `wanted` alone.
    pub fn pick(&self, purpose: &str, count: usize, wanted: impl Fn(&Account) -> bool) -> Vec<u32> {
        let mut pool: Vec<u32> = self.honest.clone();
        pool.retain(|&account| wanted(&self.stream.accounts[account as usize]));
        self.draws(purpose, 0).shuffle(&mut pool);
        pool.truncate(count);
        pool
    }

    /// What a member holds, in units of a median member's holding.
    pub fn holding(&self, account: u32) -> f64 {
        self.holdings.get(account as usize).copied().unwrap_or(0.0)
    }

    /// So many median holdings in the first asset's smallest units.
    pub fn amount(&self, holdings: f64) -> u128 {
        (holdings * self.unit).max(0.0) as u128
    }

    /// The stream's first and last second.
    pub const fn span(&self) -> (i64, i64) {
        self.span
    }

    /// When the campaign starts.
    pub fn start(&self) -> i64 {
        self.span.0 + ((self.span.1 - self.span.0) as f64 * self.value("start")) as i64
    }

    /// How long it goes on before it is exposed, in seconds; three times as long at stealth 1, and drawn around that
    /// (log-normal, standard deviation 0.5).
    pub fn draw_exposure(&mut self) -> i64 {
        let spread = (0.5 * self.draws("exposure", 0).normal()).exp();
        let hours = self.value("exposure_hours") * (1.0 + 2.0 * self.value("stealth")) * spread;
        self.exposure = (hours * HOUR).max(60.0) as i64;
        self.exposure
    }

    /// The share of those reached that pay in this campaign: uniform below the parameter, halved at stealth 1, because
    /// cleaner language presses less.
    pub fn draw_conversion(&self) -> f64 {
        let bound = self.value("conversion");
        bound * self.draws("conversion", 0).uniform() * (1.0 - 0.5 * self.value("stealth"))
    }

    /// The first channel whose name has one of these in it; it is made where there is none.
    pub fn channel(&mut self, names: &[&str]) -> u32 {
        place(&mut self.stream.channels, names)
    }

    /// The first topic whose name has one of these in it; it is made where there is none.
    pub fn topic(&mut self, names: &[&str]) -> u32 {
        place(&mut self.stream.topics, names)
    }

    /// A channel in which people talk, drawn by how much is written there.
    pub fn busy_channel(&self, draws: &mut random::Stream) -> u32 {
        let messages = &self.stream.messages;
        let place = draws.below(messages.len() as u64) as usize;
        messages.get(place).map_or(0, |message| message.channel)
    }

    /// An honest message near a time, to be answered; `None` where there is none before it.
    pub fn near(&self, at: i64, draws: &mut random::Stream) -> Option<u32> {
        let end = self.stream.messages.partition_point(|message| message.at <= at);
        let back = draws.below(end.min(20) as u64) as usize;
        let place = end.checked_sub(1 + back)?;
        let message = &self.stream.messages[place];
        (message.to.is_none() && !message.label.malicious()).then_some(place as u32)
    }

    /// Opens an account.
    pub fn open(&mut self, member: String, name: String, joined_at: i64) -> u32 {
        let label = Label { campaign: Some(self.campaign) };
        self.stream.accounts.push(Account { member, name, joined_at, moderator: false, label });
        self.stream.accounts.len() as u32 - 1
    }

    /// Opens an account under a fresh address, as old as `age_days` says, give or take a fifth; older where hidden.
    pub fn open_aged(&mut self, name: String, index: usize) -> u32 {
        let mut draws = self.draws("account", index);
        let age = self.value("age_days") * (0.8 + 0.4 * draws.uniform()) + 30.0 * self.value("stealth") * draws.uniform();
        let joined = self.start() - (age * DAY) as i64 - draws.below(3_600) as i64;
        let member = address(&mut draws);
        self.open(member, name, joined)
    }

    /// Takes over an honest account.
    pub fn take_over(&mut self, account: u32) {
        self.stream.accounts[account as usize].label = Label { campaign: Some(self.campaign) };
        self.honest.retain(|&other| other != account);
    }

    /// Writes a message that harms.
    pub(crate) fn write(&mut self, moment: Moment) -> Act {
        self.put(moment, false)
    }

    /// Writes a message that is harmless in itself.
    pub(crate) fn cover(&mut self, moment: Moment) -> Act {
        self.put(moment, true)
    }

    fn put(&mut self, moment: Moment, harmless: bool) -> Act {
        let Moment { author, at, channel, to, reply_to, topic, sentiment, text } = moment;
        let label = Label { campaign: Some(self.campaign) };
        self.messages.push(Message { author, at, channel, to, reply_to, topic, sentiment, label, text });
        self.harmless.push(harmless);
        Act::Message(self.messages.len() - 1)
    }

    /// Moves tokens of the first asset.
    pub(crate) fn transfer(&mut self, at: i64, from: u32, to: u32, amount: u128) -> Act {
        let label = Label { campaign: Some(self.campaign) };
        self.transfers.push(Transfer { at, from, to, amount, asset: 0, label });
        Act::Transfer(self.transfers.len() - 1)
    }

    /// A loss of so many median holdings. Nothing is lost where the amount is not above zero.
    pub(crate) fn lose(&mut self, at: i64, victim: Option<u32>, amount: f64, cause: Act) {
        if amount > 0.0 {
            self.losses.push((at, victim, amount, cause));
        }
    }

    /// What readers of a lure pay: each of them pays with the campaign's conversion, some time after it (exponential with this
    /// mean), but not after the campaign is exposed; what is paid goes to `to` as a transfer.
    pub(crate) fn fall_for(
        &mut self,
        act: Act,
        at: i64,
        readers: &[u32],
        conversion: f64,
        lag: f64,
        until: i64,
        to: u32,
        payment: impl Fn(&Self, u32, &mut random::Stream) -> f64,
    ) {
        for &reader in readers {
            let mut draws = self.draws("victim", reader as usize);
            let (falls, after) = (draws.uniform(), draws.exponential() * lag);
            let when = at + after as i64;
            if falls >= conversion.min(CONVERSION_AT_MOST.max(self.value("conversion"))) || when > until {
                continue;
            }
            let paid = payment(self, reader, &mut draws).min(self.holding(reader));
            if paid > 0.0 {
                let amount = self.amount(paid);
                self.transfer(when, reader, to, amount);
                self.lose(when, Some(reader), paid, act);
            }
        }
    }

    /// Harmless messages by some of the campaign's accounts: `count` of them, evenly drawn between two times.
    pub(crate) fn small_talk(&mut self, authors: &[u32], count: usize, from: i64, until: i64) {
        if authors.is_empty() || until <= from {
            return;
        }
        for index in 0..count {
            let mut draws = self.draws("cover", index);
            let author = authors[index % authors.len()];
            let at = from + draws.below((until - from) as u64) as i64;
            let text = super::texts::benign(&mut draws);
            let reply_to = if draws.chance(0.3) { self.near(at, &mut draws) } else { None };
            let channel = reply_to.map_or_else(
                || self.busy_channel(&mut draws),
                |place| self.stream.messages[place as usize].channel,
            );
            let topic = reply_to.map_or(0, |place| self.stream.messages[place as usize].topic);
            let sentiment = (0.3 + 0.3 * draws.normal()).clamp(-1.0, 1.0);
            self.cover(Moment { author, at, channel, to: None, reply_to, topic, sentiment, text });
        }
    }

    /// The look-alike of a name: one letter doubled, dropped, replaced by one that looks like it, or something appended.
    pub(crate) fn look_alike(name: &str, draws: &mut random::Stream) -> String {
        const TWINS: [(char, char); 9] = [
            ('l', 'I'),
            ('o', '0'),
            ('i', 'l'),
            ('e', '3'),
            ('a', 'а'),
            ('s', '5'),
            ('c', 'с'),
            ('m', 'n'),
            ('t', '7'),
        ];
        let letters: Vec<char> = name.chars().collect();
        if letters.len() < 3 {
            return format!("{name}_");
        }
        let place = 1 + draws.below(letters.len() as u64 - 1) as usize;
        let mut changed = letters.clone();
        match draws.below(4) {
            0 => changed.insert(place, letters[place]),
            1 => drop(changed.remove(place)),
            2 => {
                let found = TWINS.iter().find_map(|&(from, to)| {
                    letters.iter().position(|letter| letter.eq_ignore_ascii_case(&from)).map(|at| (at, to))
                });
                match found {
                    Some((at, to)) => changed[at] = to,
                    None => changed.push('_'),
                }
            }
            _ => changed.extend([".", "_", "1", " (mod)", ".eth"][draws.below(5) as usize].chars()),
        }
        let result: String = changed.into_iter().collect();
        if result == name { format!("{name}_") } else { result }
    }

    /// Puts everything in order of time and closes the campaign.
    pub(super) fn finish(self) -> Injected {
        let Self { stream, campaign, attack, .. } = self;
        // The campaign's own acts in order of time, to count them by.
        let order = |times: Vec<i64>| {
            let mut order: Vec<usize> = (0..times.len()).collect();
            order.sort_by_key(|&place| (times[place], place));
            order
        };
        let rank = |order: &[usize]| {
            let mut rank = vec![0_u32; order.len()];
            for (nth, &place) in order.iter().enumerate() {
                rank[place] = nth as u32;
            }
            rank
        };
        let message_order = order(self.messages.iter().map(|message| message.at).collect());
        let transfer_order = order(self.transfers.iter().map(|transfer| transfer.at).collect());
        let (message_rank, transfer_rank) = (rank(&message_order), rank(&transfer_order));

        let acts = self.messages.iter().map(|m| m.at).chain(self.transfers.iter().map(|t| t.at));
        let (mut start_at, mut end_at) = (i64::MAX, i64::MIN);
        for at in acts {
            start_at = start_at.min(at);
            end_at = end_at.max(at);
        }
        if start_at > end_at {
            (start_at, end_at) = (self.span.0, self.span.0);
        }

        let mut losses: Vec<Loss> = self
            .losses
            .iter()
            .map(|&(at, victim, amount, cause)| {
                let cause = match cause {
                    Act::Message(place) => Cause::Message(message_rank[place]),
                    Act::Transfer(place) => Cause::Transfer(transfer_rank[place]),
                };
                Loss { at, victim, amount, cause }
            })
            .collect();
        losses.sort_by_key(|loss| (loss.at, loss.cause, loss.victim));
        let mut cover: Vec<u32> =
            (0..self.messages.len()).filter(|&place| self.harmless[place]).map(|place| message_rank[place]).collect();
        cover.sort_unstable();

        // Honest messages come first at the same second; answers follow what they answered to its new place.
        let mut added: Vec<Option<Message>> = self.messages.into_iter().map(Some).collect();
        let mut added: Vec<Message> = message_order.iter().filter_map(|&place| added[place].take()).collect();
        let old = std::mem::take(&mut stream.messages);
        let mut moved = vec![0_u32; old.len()];
        let mut next = 0;
        for (place, message) in old.iter().enumerate() {
            while next < added.len() && added[next].at < message.at {
                next += 1;
            }
            moved[place] = (place + next) as u32;
        }
        let mut merged: Vec<Message> = Vec::with_capacity(old.len() + added.len());
        let mut incoming = added.drain(..).peekable();
        for message in old {
            while let Some(new) = incoming.next_if(|new| new.at < message.at) {
                merged.push(new);
            }
            merged.push(message);
        }
        merged.extend(incoming);
        for message in &mut merged {
            message.reply_to = message.reply_to.and_then(|place| moved.get(place as usize).copied());
        }
        stream.messages = merged;

        let mut transfers = self.transfers;
        stream.transfers.append(&mut transfers);
        stream.transfers.sort_by_key(|transfer| transfer.at);

        let harm = losses.iter().map(|loss| loss.amount).sum();
        stream.campaigns.push(Campaign { attack, start_at, end_at, harm });
        Injected { campaign, losses, cover, exposure: self.exposure }
    }
}

fn place(list: &mut Vec<String>, names: &[&str]) -> u32 {
    let found = names
        .iter()
        .find_map(|name| list.iter().position(|have| have.to_lowercase().contains(&name.to_lowercase())));
    found.map_or_else(
        || {
            list.push(names.first().copied().unwrap_or("general").to_owned());
            list.len() as u32 - 1
        },
        |place| place as u32,
    )
}

/// What every account holds in median holdings, and one median holding in smallest units of the first asset. Where an account
/// received more than it paid in the stream, that is what it holds; elsewhere a log-normal draw of its own (median 1), keyed by
/// its id, so that it holds the same in every campaign.
fn holdings(stream: &Stream) -> (Vec<f64>, f64) {
    let mut net: BTreeMap<u32, f64> = BTreeMap::new();
    for transfer in stream.transfers.iter().filter(|transfer| transfer.asset == 0 && !transfer.label.malicious()) {
        *net.entry(transfer.to).or_default() += transfer.amount as f64;
        *net.entry(transfer.from).or_default() -= transfer.amount as f64;
    }
    let positive: Vec<f64> = net.values().copied().filter(|&held| held > 0.0).collect();
    let unit = if positive.len() < 10 { TOKEN } else { daotwin_core::statistics::quantile(&positive, 0.5).max(1.0) };
    let draws = Seed(0).streams("holding");
    let holdings = stream
        .accounts
        .iter()
        .enumerate()
        .map(|(place, account)| match net.get(&(place as u32)) {
            Some(&held) if held > 0.0 && positive.len() >= 10 => held / unit,
            _ => {
                // FNV-1a: any hash that stays the same would do.
                let key = account.member.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
                });
                (HOLDING_SIGMA * draws.stream(key).normal().clamp(-3.0, 3.0)).exp()
            }
        })
        .collect();
    (holdings, unit)
}

/// A fresh address.
pub(crate) fn address(draws: &mut random::Stream) -> String {
    let digits: String = (0..40).map(|_| char::from(b"0123456789abcdef"[draws.below(16) as usize])).collect();
    format!("0x{digits}")
}
