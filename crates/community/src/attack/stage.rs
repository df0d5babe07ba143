//! Where a script plays: it looks at the stream, collects its own acts, and puts them in order in the end.

use std::collections::{BTreeMap, BTreeSet};

use daotwin_core::{Seed, random};

use super::sizes::{HOLDING_SIGMA, TREASURY_SHARES};
use super::{AttackScript, Cause, Injected, Loss, Parameters, Support};
use crate::stream::baseline::{NUMBERS, name};
use crate::stream::{Account, Campaign, Label, Message, Stream, Transfer};
use crate::{Error, Result};

/// Seconds in an hour.
pub(crate) const HOUR: f64 = 3_600.0;
/// Seconds in a day.
pub(crate) const DAY: f64 = 86_400.0;
/// One token where the stream's own transfers say nothing, in smallest units.
const TOKEN: f64 = 1e18;

/// What a message answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Nothing.
    Nothing,
    /// A message of the stream before the campaign, by its place there.
    Theirs(u32),
    /// A message of the campaign.
    Ours(Act),
}

/// A message that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moment {
    /// The author.
    pub author: u32,
    /// When, in Unix seconds.
    pub at: i64,
    /// The channel.
    pub channel: u32,
    /// Who alone sees it.
    pub to: Option<u32>,
    /// What it answers.
    pub answers: Answer,
    /// What it is about.
    pub topic: u32,
    /// From -1 to 1.
    pub sentiment: f64,
    /// The text.
    pub text: String,
}

/// A loss before its acts have places.
#[derive(Debug, Clone)]
struct Pending {
    at: i64,
    victim: Option<u32>,
    amount: f64,
    cause: Act,
    payment: Option<Act>,
    support: Vec<(Vec<Act>, f64)>,
    needed: f64,
}

/// What is laid out for victims, and how they fall for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lure {
    /// The message or transfer that does it.
    pub act: Act,
    /// From when on it is seen.
    pub at: i64,
    /// The share of those who see it that pay, in the mean.
    pub conversion: f64,
    /// Seconds from seeing to paying, in the mean.
    pub lag: f64,
    /// After this nobody pays.
    pub until: i64,
    /// Who is paid.
    pub to: u32,
    /// The share of payers who sign away what they hold; the others pay a price.
    pub drained: f64,
}

/// An act of the campaign by its place among those collected; not yet in order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// A message.
    Message(usize),
    /// A transfer.
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
    grain: u128,
    opened_from: u32,
    span: (i64, i64),
    taken: BTreeSet<String>,
    messages: Vec<Message>,
    answers: Vec<Answer>,
    harmless: Vec<bool>,
    transfers: Vec<Transfer>,
    losses: Vec<Pending>,
    exposure: i64,
    victims: BTreeSet<u32>,
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
            problems.push(format!(
                "the stream has {} honest accounts; an attack needs two or more",
                honest.len()
            ));
        }
        let times = || {
            let messages = stream.messages.iter().map(|message| message.at);
            messages.chain(stream.transfers.iter().map(|transfer| transfer.at))
        };
        let span = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        if span.0 == span.1 {
            problems.push(
                "nothing in the stream happens at two different times; an attack needs a span".to_owned(),
            );
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
        for (list, first) in [
            (&mut stream.channels, "general"),
            (&mut stream.topics, "general"),
            (&mut stream.assets, "token"),
        ] {
            if list.is_empty() {
                list.push(first.to_owned());
            }
        }
        let (holdings, unit) = holdings(stream);
        let campaign = stream.campaigns.len() as u32;
        let grain = grain(stream);
        let opened_from = stream.accounts.len() as u32;
        let taken = stream.accounts.iter().map(|account| account.member.clone()).collect();
        Ok(Self {
            stream,
            parameters,
            attack: script.name(),
            seed,
            campaign,
            honest,
            holdings,
            unit,
            grain,
            opened_from,
            span,
            taken,
            messages: Vec::new(),
            answers: Vec::new(),
            harmless: Vec::new(),
            transfers: Vec::new(),
            losses: Vec::new(),
            exposure: 0,
            victims: BTreeSet::new(),
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

    /// So many median holdings in the first asset's smallest units, as round as nearly all amounts of the stream are; what is
    /// less than the least round amount stays as it is.
    pub fn amount(&self, holdings: f64) -> u128 {
        let amount = (holdings * self.unit).max(0.0) as u128;
        if amount < self.grain { amount } else { amount / self.grain * self.grain }
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

    /// The first asset whose name has one of these in it; it is made where there is none.
    pub fn asset(&mut self, names: &[&str]) -> u32 {
        place(&mut self.stream.assets, names)
    }

    /// A topic that people talk about, drawn by how much.
    pub fn busy_topic(&self, draws: &mut random::Stream) -> u32 {
        let messages = &self.stream.messages;
        let place = draws.below(messages.len() as u64) as usize;
        messages.get(place).map_or(0, |message| message.topic)
    }

    /// A channel in which members who moderate nothing talk, drawn by how much is written there.
    pub fn busy_channel(&self, draws: &mut random::Stream) -> u32 {
        let messages = &self.stream.messages;
        for _ in 0..20 {
            let place = draws.below(messages.len() as u64) as usize;
            let open = messages.get(place).filter(|message| {
                message.to.is_none()
                    && !message.label.malicious()
                    && !self.stream.accounts[message.author as usize].moderator
            });
            if let Some(message) = open {
                return message.channel;
            }
        }
        (self.stream.channels.len() as u32 - 1).min(1)
    }

    /// A second between two, drawn by the rhythm of the stream's own messages; evenly where there are hardly any.
    pub fn moment(&self, from: i64, until: i64, draws: &mut random::Stream) -> i64 {
        let until = until.max(from + 1);
        let begin = self.stream.messages.partition_point(|message| message.at < from);
        let end = self.stream.messages.partition_point(|message| message.at < until);
        if end < begin + 5 {
            return from + draws.below((until - from) as u64) as i64;
        }
        let place = begin + draws.below((end - begin) as u64) as usize;
        let jitter = draws.below(1_201) as i64 - 600;
        (self.stream.messages[place].at + jitter).clamp(from, until)
    }

    /// An honest public message near a time that members answer, to be answered too; `None` where the one that was drawn is
    /// none.
    pub fn near(&self, at: i64, draws: &mut random::Stream) -> Option<u32> {
        let end = self.stream.messages.partition_point(|message| message.at < at);
        let back = draws.below(end.min(20) as u64) as usize;
        let place = end.checked_sub(1 + back)?;
        let message = &self.stream.messages[place];
        let open = message.to.is_none() && !message.label.malicious();
        (open && !self.stream.accounts[message.author as usize].moderator).then_some(place as u32)
    }

    /// A message of the stream.
    pub fn message(&self, place: u32) -> &Message {
        &self.stream.messages[place as usize]
    }

    /// The honest members that see something: each with this chance, less than half as likely where nothing was written by it
    /// in the two weeks before.
    pub fn readers(&self, purpose: &str, share: f64, at: i64) -> Vec<u32> {
        let mut active = vec![false; self.stream.accounts.len()];
        let from = self.stream.messages.partition_point(|message| message.at < at - 14 * DAY as i64);
        for message in self.stream.messages[from..].iter().take_while(|message| message.at <= at) {
            active[message.author as usize] = true;
        }
        let draws = self.seed.streams(&format!("attack {} {purpose} readers", self.attack));
        let sees = |&account: &u32| {
            let chance = if active[account as usize] { share } else { 0.4 * share };
            self.here(account, at) && draws.stream(u64::from(account)).chance(chance)
        };
        self.honest.iter().copied().filter(sees).collect()
    }

    /// Whether an account has joined by then.
    pub fn here(&self, account: u32, at: i64) -> bool {
        self.stream.accounts[account as usize].joined_at <= at
    }

    /// How readily a member falls for things, 1 in the mean of old members (exponential: most hardly, some again and again),
    /// half as readily again in the first month after joining.
    pub fn susceptibility(&self, account: u32, at: i64) -> f64 {
        let new = self.stream.accounts[account as usize].joined_at > at - 30 * DAY as i64;
        self.draws("susceptibility", account as usize).exponential() * if new { 1.5 } else { 1.0 }
    }

    /// A name as members have them.
    pub fn fresh_name(&self, draws: &mut random::Stream) -> String {
        let number = draws.below(NUMBERS) as u32;
        name(number, draws)
    }

    /// An id of the shape that the stream's accounts have, which none of them has.
    pub fn fresh_member(&self, draws: &mut random::Stream) -> String {
        let place = self.honest[draws.below(self.honest.len() as u64) as usize];
        let model = &self.stream.accounts[place as usize].member;
        let mut id = if model.starts_with("0x") && model.len() == 42 {
            address(draws)
        } else {
            let digit = |draws: &mut random::Stream| char::from(b'0' + draws.below(10) as u8);
            model.chars().map(|letter| if letter.is_ascii_digit() { digit(draws) } else { letter }).collect()
        };
        while self.taken.contains(&id) {
            id.push(char::from(b'0' + draws.below(10) as u8));
        }
        id
    }

    /// Opens an account; an id that is taken gets digits behind it.
    pub fn open(&mut self, mut member: String, name: String, joined_at: i64) -> u32 {
        while !self.taken.insert(member.clone()) {
            member.push('7');
        }
        let label = Label { campaign: Some(self.campaign) };
        self.stream.accounts.push(Account { member, name, joined_at, moderator: false, label });
        self.stream.accounts.len() as u32 - 1
    }

    /// Opens an account under a fresh id, as old as `age_days` says (log-normal around it, standard deviation 1), older where
    /// the campaign hides.
    pub fn open_aged(&mut self, name: String, index: usize) -> u32 {
        let mut draws = self.draws("account", index);
        let age = (self.value("age_days") + 0.1) * draws.normal().exp();
        let age = age + 60.0 * self.value("stealth") * draws.uniform();
        let joined = self.start() - (age * DAY) as i64 - draws.below(3_600) as i64;
        let member = self.fresh_member(&mut draws);
        self.open(member, name, joined)
    }

    /// Opens so many accounts with members' names.
    pub fn open_many(&mut self, count: usize) -> Vec<u32> {
        (0..count)
            .map(|index| {
                let name = self.fresh_name(&mut self.draws("name", index));
                self.open_aged(name, index)
            })
            .collect()
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
        let Moment { author, at, channel, to, answers, topic, sentiment, text } = moment;
        let label = Label { campaign: Some(self.campaign) };
        self.messages.push(Message {
            author,
            at,
            channel,
            to,
            reply_to: None,
            topic,
            sentiment,
            label,
            text,
        });
        self.answers.push(answers);
        self.harmless.push(harmless);
        Act::Message(self.messages.len() - 1)
    }

    /// When an act of the campaign happens.
    pub(crate) fn when(&self, act: Act) -> i64 {
        match act {
            Act::Message(place) => self.messages[place].at,
            Act::Transfer(place) => self.transfers[place].at,
        }
    }

    /// Moves tokens of the first asset.
    pub(crate) fn transfer(&mut self, at: i64, from: u32, to: u32, amount: u128) -> Act {
        self.move_asset(at, from, to, amount, 0)
    }

    /// Moves an asset.
    pub(crate) fn move_asset(&mut self, at: i64, from: u32, to: u32, amount: u128, asset: u32) -> Act {
        let label = Label { campaign: Some(self.campaign) };
        self.transfers.push(Transfer { at, from, to, amount, asset, label });
        Act::Transfer(self.transfers.len() - 1)
    }

    /// A member's loss of so many median holdings by a payment. Nothing is lost where the amount is not above zero.
    pub(crate) fn lose(&mut self, victim: u32, amount: f64, cause: Act, payment: Act) {
        if amount > 0.0 {
            let (at, victim, payment) = (self.when(payment), Some(victim), Some(payment));
            self.losses.push(Pending {
                at,
                victim,
                amount,
                cause,
                payment,
                support: Vec::new(),
                needed: 0.0,
            });
        }
    }

    /// A loss to the treasury through a decision, which falls this way only where acts worth `needed` carry it.
    pub(crate) fn lose_decision(
        &mut self,
        at: i64,
        amount: f64,
        cause: Act,
        support: Vec<(Vec<Act>, f64)>,
        needed: f64,
    ) {
        if amount > 0.0 && support.iter().map(|(_, weight)| weight).sum::<f64>() >= needed {
            self.losses.push(Pending { at, victim: None, amount, cause, payment: None, support, needed });
        }
    }

    /// What readers of a lure pay: each pays with the campaign's conversion times how readily it falls for things, once, some
    /// time after it has seen it (exponential), but not after the campaign is exposed; what is paid goes to `to` as a transfer.
    pub(crate) fn fall_for(&mut self, lure: Lure, readers: &[u32]) {
        for &reader in readers {
            let mut draws = self.draws("victim", reader as usize);
            let (falls, after, drained) = (draws.uniform(), draws.exponential(), draws.uniform());
            // Prices are far below holdings: a fake mint asked 0.17 ETH of a wallet (265 ETH of 1,571 payments).
            let (share, price) = (0.5 + 0.5 * draws.uniform(), 0.3 * (0.7 * draws.normal()).exp());
            let when = lure.at + 20 + (after * lure.lag) as i64;
            let chance = lure.conversion * self.susceptibility(reader, lure.at);
            if falls >= chance || when > lure.until || !self.victims.insert(reader) {
                continue;
            }
            let held = self.holding(reader);
            let paid = if drained < lure.drained { share * held } else { price.min(held) };
            if paid > 0.0 {
                let amount = self.amount(paid);
                let payment = self.transfer(when, reader, lure.to, amount);
                self.lose(reader, paid, lure.act, payment);
            }
        }
    }

    /// What honest members cast against a decision, in median holdings: a share of all that they hold, 5 % in the middle
    /// (log-normal, standard deviation 0.5).
    pub fn opposition(&self) -> f64 {
        let all: f64 = self.honest.iter().map(|&account| self.holding(account)).sum();
        0.05 * (0.5 * self.draws("turnout", 0).normal()).exp() * all
    }

    /// What a decision takes from the treasury: one of the published shares of it.
    pub fn prize(&self) -> f64 {
        let share = TREASURY_SHARES[self.draws("prize", 0).below(TREASURY_SHARES.len() as u64) as usize];
        share * self.value("treasury")
    }

    /// The harmless messages of a campaign: as many for each account as `per_account` at stealth 1, spread from its joining (or
    /// the stream's beginning) until `until`.
    pub(crate) fn blend_in(&mut self, authors: &[u32], per_account: f64, until: i64) {
        for (index, &author) in authors.iter().enumerate() {
            let mut draws = self.draws("blend", index);
            let mean = per_account * self.value("stealth") * 2.0 * draws.uniform();
            let count = draws.poisson(mean) as usize;
            let from = self.stream.accounts[author as usize].joined_at.max(self.span.0);
            for nth in 0..count {
                self.chat(author, from, until, index * 4_096 + nth);
            }
        }
    }

    /// One harmless message, at some time between two.
    pub(crate) fn chat(&mut self, author: u32, from: i64, until: i64, index: usize) -> Act {
        let mut draws = self.draws("chat", index);
        let at = self.moment(from, until, &mut draws);
        let reply = if draws.chance(0.35) { self.near(at, &mut draws) } else { None };
        let channel = match reply {
            Some(place) => self.message(place).channel,
            None => self.busy_channel(&mut draws),
        };
        let topic = match reply {
            Some(place) => self.message(place).topic,
            None => self.busy_topic(&mut draws),
        };
        let sentiment = (0.1 + 0.35 * draws.normal()).clamp(-1.0, 1.0);
        let subject = self.stream.topics.get(topic as usize).cloned().unwrap_or_default();
        let text = crate::stream::baseline::write(&subject, sentiment, false, &mut draws);
        let answers = reply.map_or(Answer::Nothing, Answer::Theirs);
        self.cover(Moment { author, at, channel, to: None, answers, topic, sentiment, text })
    }

    /// Praise under one of the campaign's own messages, by one of its own accounts: some of it harmless to read.
    pub(crate) fn praise(&mut self, author: u32, of: Act, until: i64, index: usize) {
        let mut draws = self.draws("praise", index);
        let Act::Message(place) = of else { return };
        let (at, channel, topic) =
            (self.messages[place].at, self.messages[place].channel, self.messages[place].topic);
        // Members answer announcements elsewhere, for they cannot write there.
        let channel = if self.stream.channels[channel as usize].to_lowercase().contains("announce") {
            self.busy_channel(&mut draws)
        } else {
            channel
        };
        let at = (at + 30 + (draws.exponential() * 900.0) as i64).min(until.max(at + 30));
        let stealth = self.value("stealth");
        let text = if draws.chance(stealth) {
            super::texts::write(super::texts::Kind::Casual, 0.0, &mut draws)
        } else {
            super::texts::write(super::texts::Kind::Claim, stealth, &mut draws)
        };
        let sentiment = (0.4 + 0.3 * draws.normal()).clamp(-1.0, 1.0);
        let answers = if draws.chance(0.5) { Answer::Ours(of) } else { Answer::Nothing };
        self.write(Moment { author, at, channel, to: None, answers, topic, sentiment, text });
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

    /// Takes accounts back that were opened and never acted.
    fn forget_idle(&mut self) {
        let mut acted = vec![false; self.stream.accounts.len()];
        acted[..self.opened_from as usize].fill(true);
        self.messages.iter().for_each(|message| acted[message.author as usize] = true);
        for transfer in &self.transfers {
            acted[transfer.from as usize] = true;
            acted[transfer.to as usize] = true;
        }
        let mut went = Vec::with_capacity(acted.len());
        let mut next = 0_u32;
        for &acted in &acted {
            went.push(next);
            next += u32::from(acted);
        }
        let mut acts = acted.iter();
        self.stream.accounts.retain(|_| acts.next().copied().unwrap_or(true));
        for message in &mut self.messages {
            message.author = went[message.author as usize];
            message.to = message.to.map(|to| went[to as usize]);
        }
        for transfer in &mut self.transfers {
            (transfer.from, transfer.to) = (went[transfer.from as usize], went[transfer.to as usize]);
        }
    }

    /// Puts everything in order of time and closes the campaign.
    pub(super) fn finish(mut self) -> Injected {
        self.forget_idle();
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
        let harms = self.messages.iter().zip(&self.harmless).filter(|(_, harmless)| !**harmless);
        let harmful = harms.map(|(message, _)| message.at).chain(self.transfers.iter().map(|t| t.at)).min();
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

        let ranked = |act: Act| match act {
            Act::Message(place) => Cause::Message(message_rank[place]),
            Act::Transfer(place) => Cause::Transfer(transfer_rank[place]),
        };
        let mut losses: Vec<Loss> = self
            .losses
            .iter()
            .map(|loss| {
                let acts = |acts: &Vec<Act>| acts.iter().map(|&act| ranked(act)).collect();
                let support = loss
                    .support
                    .iter()
                    .map(|(by, weight)| Support { acts: acts(by), weight: *weight })
                    .collect();
                Loss {
                    at: loss.at,
                    victim: loss.victim,
                    amount: loss.amount,
                    cause: ranked(loss.cause),
                    payment: loss.payment.map(ranked),
                    support,
                    needed: loss.needed,
                }
            })
            .collect();
        losses.sort_by_key(|loss| (loss.at, loss.cause, loss.victim));
        let mut cover: Vec<u32> = (0..self.messages.len())
            .filter(|&place| self.harmless[place])
            .map(|place| message_rank[place])
            .collect();
        cover.sort_unstable();

        // Honest messages come first at the same second; answers follow what they answered to its new place.
        let old = std::mem::take(&mut stream.messages);
        let mut ours: Vec<Option<Message>> = self.messages.into_iter().map(Some).collect();
        let times: Vec<i64> =
            message_order.iter().map(|&place| ours[place].as_ref().map_or(0, |message| message.at)).collect();
        let (mut old_went, mut ours_went) = (vec![0_u32; old.len()], vec![0_u32; ours.len()]);
        let mut merged: Vec<Message> = Vec::with_capacity(old.len() + ours.len());
        // Of each message, which of ours it is.
        let mut origin: Vec<Option<usize>> = Vec::with_capacity(old.len() + ours.len());
        let mut next = 0;
        let mut take = |merged: &mut Vec<Message>, origin: &mut Vec<Option<usize>>, before: i64| {
            while next < times.len() && times[next] < before {
                let place = message_order[next];
                ours_went[place] = merged.len() as u32;
                merged.extend(ours[place].take());
                origin.push(Some(place));
                next += 1;
            }
        };
        for (place, message) in old.into_iter().enumerate() {
            take(&mut merged, &mut origin, message.at);
            old_went[place] = merged.len() as u32;
            merged.push(message);
            origin.push(None);
        }
        take(&mut merged, &mut origin, i64::MAX);
        for (place, (message, origin)) in merged.iter_mut().zip(&origin).enumerate() {
            let asked = match origin {
                None => message.reply_to.and_then(|asked| old_went.get(asked as usize)).copied(),
                Some(own) => match self.answers[*own] {
                    Answer::Theirs(asked) => old_went.get(asked as usize).copied(),
                    Answer::Ours(Act::Message(asked)) => ours_went.get(asked).copied(),
                    Answer::Nothing | Answer::Ours(Act::Transfer(_)) => None,
                },
            };
            message.reply_to = asked.filter(|&asked| (asked as usize) < place);
        }
        stream.messages = merged;

        let mut transfers = self.transfers;
        stream.transfers.append(&mut transfers);
        stream.transfers.sort_by_key(|transfer| transfer.at);

        let harm = losses.iter().map(|loss| loss.amount).sum();
        stream.campaigns.push(Campaign { attack, start_at, end_at, harm });
        Injected {
            campaign,
            losses,
            cover,
            harmful_from: harmful.unwrap_or(start_at),
            exposure: self.exposure,
        }
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
    for transfer in
        stream.transfers.iter().filter(|transfer| transfer.asset == 0 && !transfer.label.malicious())
    {
        *net.entry(transfer.to).or_default() += transfer.amount as f64;
        *net.entry(transfer.from).or_default() -= transfer.amount as f64;
    }
    let positive: Vec<f64> = net.values().copied().filter(|&held| held > 0.0).collect();
    let unit =
        if positive.len() < 10 { TOKEN } else { daotwin_core::statistics::quantile(&positive, 0.5).max(1.0) };
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

/// The largest power of ten that divides nine in ten of the amounts above zero; 1 where there are none.
fn grain(stream: &Stream) -> u128 {
    let paid = stream.transfers.iter().filter(|transfer| transfer.asset == 0 && !transfer.label.malicious());
    let amounts: Vec<u128> = paid.map(|transfer| transfer.amount).filter(|&amount| amount > 0).collect();
    let mut grain = 1;
    while !amounts.is_empty() && grain < u128::MAX / 100 {
        let next = grain * 10;
        if amounts.iter().filter(|&amount| amount.is_multiple_of(next)).count() * 10 < amounts.len() * 9 {
            break;
        }
        grain = next;
    }
    grain
}

/// A fresh address.
pub(crate) fn address(draws: &mut random::Stream) -> String {
    let digits: String = (0..40).map(|_| char::from(b"0123456789abcdef"[draws.below(16) as usize])).collect();
    format!("0x{digits}")
}
