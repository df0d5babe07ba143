//! A stream out of a History, and a History out of a stream.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, DictionaryArray, RecordBatch};
use arrow::datatypes::{Decimal256Type, Float64Type, Int32Type, TimestampSecondType};
use daotwin_core::Limits;
use daotwin_history::History;
use daotwin_history::builder::{Cell, HistoryBuilder};
use daotwin_history::schema::{Precision, Table};
use daotwin_history::view::DaoView;

use super::{Account, Campaign, Label, Message, Stream, Transfer};
use crate::attack::ATTACKS;
use crate::sentiment::Lexicon;
use crate::text::subject;
use crate::{Error, Result};

/// How exactly a record tells when messages were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Timing {
    /// To the minute or better.
    Second,
    /// The day alone: said so, or most times are midnight.
    Day,
    /// Their order alone.
    Order,
}

/// What a History says of a community.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The stream.
    pub stream: Stream,
    /// How exactly it tells when.
    pub timing: Timing,
    /// Messages without an author or, in a record that has times, without a time; they are left out.
    pub left_out: u64,
    /// Whether sentiment was scored from texts here, because the History has none.
    pub scored: bool,
}

/// The attack of a message whose label names none of ours.
pub const RECORDED: &str = "recorded";

const DECIMALS: u8 = 18;

/// A History of one DAO: members, messages and transfers. Direct messages stand in a channel `@member`; a message of a campaign
/// is labelled with the attack's name and the campaign's number.
///
/// # Errors
/// An amount beyond 127 bits.
pub fn to_history(stream: &Stream, dao: &str) -> Result<History> {
    let mut builder = HistoryBuilder::new(DECIMALS, Limits::default());
    builder.source("generated");
    builder.table(Table::Daos).push_named(&[("dao", Cell::Text(dao)), ("name", Cell::Text(dao))])?;
    let labels: Vec<String> = stream
        .campaigns
        .iter()
        .enumerate()
        .map(|(number, campaign)| format!("{} {number}", campaign.attack))
        .collect();
    let labelled = |label: Label| {
        let known = label.campaign.and_then(|campaign| labels.get(campaign as usize));
        Cell::from(known.map(String::as_str))
    };
    let member =
        |index: u32| Cell::from(stream.accounts.get(index as usize).map(|found| found.member.as_str()));
    for account in &stream.accounts {
        builder.table(Table::Members).push_named(&[
            ("dao", Cell::Text(dao)),
            ("member", Cell::Text(&account.member)),
            ("first_seen_at", Cell::Time(account.joined_at, Precision::Second)),
            ("kind", Cell::Text(if account.moderator { "moderator" } else { "member" })),
        ])?;
    }
    for (number, message) in stream.messages.iter().enumerate() {
        let (id, asked) = (format!("m{number}"), message.reply_to.map(|asked| format!("m{asked}")));
        let seen = message.to.and_then(|to| stream.accounts.get(to as usize));
        let direct = seen.map(|account| format!("@{}", account.member));
        let open = stream.channels.get(message.channel as usize).map(String::as_str);
        builder.table(Table::Messages).push_named(&[
            ("dao", Cell::Text(dao)),
            ("message", Cell::Text(&id)),
            ("member", member(message.author)),
            ("at", Cell::Time(message.at, Precision::Second)),
            ("channel", direct.as_deref().or(open).into()),
            ("reply_to", asked.as_deref().into()),
            ("topic", stream.topics.get(message.topic as usize).map(String::as_str).into()),
            ("sentiment", Cell::Float(message.sentiment)),
            ("label", labelled(message.label)),
            ("text", Cell::Text(&message.text)),
        ])?;
    }
    for (place, transfer) in stream.transfers.iter().enumerate() {
        let amount = i128::try_from(transfer.amount).map_err(|_| Error::Parameters {
            problems: vec![format!(
                "`transfers[{place}].amount` is {}; a History holds amounts below 2^127",
                transfer.amount
            )],
        })?;
        builder.table(Table::Transfers).push_named(&[
            ("dao", Cell::Text(dao)),
            ("at", Cell::Time(transfer.at, Precision::Second)),
            ("from", member(transfer.from)),
            ("to", member(transfer.to)),
            ("asset", stream.assets.get(transfer.asset as usize).map(String::as_str).into()),
            ("amount", Cell::Amount(amount)),
            ("purpose", labelled(transfer.label)),
        ])?;
    }
    Ok(builder.finish()?)
}

/// The text cells of an id column.
struct Ids<'a>(&'a DictionaryArray<Int32Type>, &'a arrow::array::StringArray);

impl<'a> Ids<'a> {
    fn get(&self, row: usize) -> Option<&'a str> {
        self.0.is_valid(row).then(|| self.1.value(self.0.keys().value(row) as usize))
    }
}

fn of_schema<T>(found: Option<T>, name: &str) -> Result<T> {
    found
        .ok_or_else(|| daotwin_history::Error::Defect(format!("column `{name}` is not of the schema")).into())
}

fn ids<'a>(batch: &'a RecordBatch, name: &str) -> Result<Ids<'a>> {
    let array = batch.column_by_name(name).and_then(|column| column.as_dictionary_opt::<Int32Type>());
    let array = of_schema(array, name)?;
    Ok(Ids(array, of_schema(array.values().as_string_opt::<i32>(), name)?))
}

fn texts<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a arrow::array::StringArray> {
    of_schema(batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()), name)
}

fn times<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a arrow::array::TimestampSecondArray> {
    let found =
        batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<TimestampSecondType>());
    of_schema(found, name)
}

/// Names in order of arrival, each with its number.
#[derive(Default)]
struct Names {
    numbers: BTreeMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> u32 {
        if let Some(&known) = self.numbers.get(name) {
            return known;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }
}

/// The stream of a History's only DAO, or of the named one. Where messages have no sentiment it is scored from their text, and
/// where they have no topic it is guessed from it. Accounts are the members who wrote, answered or paid, and those listed.
///
/// # Errors
/// No such DAO, or none is named and there are several; columns that are not of the schema.
pub fn from_history(history: &History, dao: Option<&str>) -> Result<Record> {
    let dao = match (dao, talkers(history)?.as_slice()) {
        // A History of messages alone has no row of `daos`.
        (None, [only]) => only.clone(),
        (Some(named), known) if known.iter().any(|known| known == named) => named.to_owned(),
        _ => DaoView::one(history, dao)?.dao,
    };
    let (mut people, mut campaigns) = (Names::default(), Names::default());
    let mut stream = Stream::default();
    let mut left_out = 0;
    let mut scored = false;
    let mut timing = Timing::Order;
    if let Some(batch) = history.table(Table::Messages) {
        let read = messages(batch, &dao, &mut people, &mut campaigns)?;
        (stream, timing, left_out, scored) = (read.0, read.1, read.2, read.3);
    }
    if let Some(batch) = history.table(Table::Transfers) {
        let without = transfers(batch, &dao, &mut people, &mut campaigns, &mut stream)?;
        left_out += without;
    }
    let mut joined: BTreeMap<String, (Option<i64>, bool)> = BTreeMap::new();
    if let Some(batch) = history.table(Table::Members) {
        let (daos, members, kinds) = (ids(batch, "dao")?, ids(batch, "member")?, ids(batch, "kind")?);
        let first = times(batch, "first_seen_at")?;
        for row in (0..batch.num_rows()).filter(|&row| daos.get(row) == Some(dao.as_str())) {
            let Some(member) = members.get(row) else { continue };
            people.number(member);
            let at = first.is_valid(row).then(|| first.value(row));
            joined.insert(member.to_owned(), (at, kinds.get(row) == Some("moderator")));
        }
    }
    let mut seen: BTreeMap<u32, i64> = BTreeMap::new();
    let wrote = stream.messages.iter().map(|message| (message.author, message.at));
    let paid = stream.transfers.iter().flat_map(|row| [(row.from, row.at), (row.to, row.at)]);
    for (account, at) in wrote.chain(paid) {
        seen.entry(account).and_modify(|first| *first = at.min(*first)).or_insert(at);
    }
    stream.accounts = people
        .names
        .iter()
        .enumerate()
        .map(|(number, member)| {
            let (at, moderator) = joined.get(member).copied().unwrap_or_default();
            let first = seen.get(&(number as u32)).copied();
            Account {
                member: member.clone(),
                name: member.clone(),
                joined_at: at.or(first).unwrap_or_default(),
                moderator,
                label: Label::HONEST,
            }
        })
        .collect();
    stream.sort();
    Ok(Record { stream, timing, left_out, scored })
}

/// The DAOs that have messages.
fn talkers(history: &History) -> Result<Vec<String>> {
    let Some(batch) = history.table(Table::Messages) else { return Ok(Vec::new()) };
    let daos = ids(batch, "dao")?;
    let mut found: Vec<String> =
        (0..batch.num_rows()).filter_map(|row| daos.get(row)).map(str::to_owned).collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn messages(
    batch: &RecordBatch,
    dao: &str,
    people: &mut Names,
    campaigns: &mut Names,
) -> Result<(Stream, Timing, u64, bool)> {
    let (daos, authors) = (ids(batch, "dao")?, ids(batch, "member")?);
    let (channels, topics, labels) = (ids(batch, "channel")?, ids(batch, "topic")?, ids(batch, "label")?);
    let precisions = ids(batch, "at_precision")?;
    let (numbers, replies, words) =
        (texts(batch, "message")?, texts(batch, "reply_to")?, texts(batch, "text")?);
    let at = times(batch, "at")?;
    let moods = batch.column_by_name("sentiment").and_then(|column| column.as_primitive_opt::<Float64Type>());
    let moods = of_schema(moods, "sentiment")?;
    let rows: Vec<usize> = (0..batch.num_rows()).filter(|&row| daos.get(row) == Some(dao)).collect();
    let timed = rows.iter().filter(|&&row| at.is_valid(row)).count();
    // Who knows the day alone often writes its midnight.
    let midnight = |row: usize| at.is_valid(row) && at.value(row).rem_euclid(86_400) == 0;
    let by_day = rows.iter().filter(|&&row| precisions.get(row) == Some("day") || midnight(row)).count();
    let timing = match () {
        () if 2 * timed < rows.len() => Timing::Order,
        () if 2 * by_day > timed => Timing::Day,
        () => Timing::Second,
    };
    let scored = rows.iter().all(|&row| moods.is_null(row));
    let lexicon = scored.then(Lexicon::new);
    let (mut places, mut subjects) = (Names::default(), Names::default());
    let mut stream = Stream::default();
    let mut left_out = 0;
    let mut by_id: BTreeMap<&str, u32> = BTreeMap::new();
    let mut asked: Vec<Option<&str>> = Vec::new();
    for (order, &row) in rows.iter().enumerate() {
        let when = match timing {
            // A minute apart, so that order is all that is said.
            Timing::Order => Some(60 * order as i64),
            _ => at.is_valid(row).then(|| at.value(row)),
        };
        let (Some(author), Some(when)) = (authors.get(row), when) else {
            left_out += 1;
            continue;
        };
        let text = if words.is_valid(row) { words.value(row) } else { "" };
        let channel = channels.get(row).unwrap_or("general");
        let sentiment = match &lexicon {
            Some(lexicon) => lexicon.score(text),
            None if moods.is_valid(row) && moods.value(row).is_finite() => moods.value(row).clamp(-1.0, 1.0),
            None => 0.0,
        };
        by_id.insert(numbers.value(row), stream.messages.len() as u32);
        asked.push(replies.is_valid(row).then(|| replies.value(row)));
        stream.messages.push(Message {
            author: people.number(author),
            at: when,
            channel: places.number(channel),
            to: channel.strip_prefix('@').map(|to| people.number(to)),
            reply_to: None,
            topic: subjects.number(topics.get(row).unwrap_or_else(|| subject(text))),
            sentiment,
            label: Label {
                campaign: labels
                    .get(row)
                    .filter(|label| !label.is_empty())
                    .map(|label| campaigns.number(label)),
            },
            text: text.to_owned(),
        });
    }
    for (message, asked) in stream.messages.iter_mut().zip(asked) {
        message.reply_to = asked.and_then(|asked| by_id.get(asked).copied());
    }
    for (number, label) in campaigns.names.iter().enumerate() {
        let of = stream.messages.iter().filter(|message| message.label.campaign == Some(number as u32));
        let at = of.map(|message| message.at);
        let (start_at, end_at) = at.fold((i64::MAX, i64::MIN), |(low, high), at| (low.min(at), high.max(at)));
        let word = label.split(' ').next().unwrap_or_default();
        let attack =
            ATTACKS.iter().map(|attack| attack.name()).find(|known| *known == word).unwrap_or(RECORDED);
        stream.campaigns.push(Campaign { attack, start_at, end_at, harm: 0.0 });
    }
    stream.channels = places.names;
    stream.topics = subjects.names;
    Ok((stream, timing, left_out, scored))
}

/// The campaign that a transfer's purpose names: an attack of ours with its number, as [`to_history`] writes it. Any other
/// purpose is what it says.
fn campaign_of(purpose: &str) -> Option<&'static str> {
    let (attack, number) = purpose.split_once(' ')?;
    number.parse::<u32>().ok()?;
    ATTACKS.iter().map(|known| known.name()).find(|known| *known == attack)
}

/// Adds the transfers of a DAO to a stream, and returns how many rows lack a payer, a receiver, an amount or a time.
fn transfers(
    batch: &RecordBatch,
    dao: &str,
    people: &mut Names,
    campaigns: &mut Names,
    stream: &mut Stream,
) -> Result<u64> {
    let daos = ids(batch, "dao")?;
    let (payers, receivers, kinds) = (ids(batch, "from")?, ids(batch, "to")?, ids(batch, "asset")?);
    let at = times(batch, "at")?;
    let amounts =
        batch.column_by_name("amount").and_then(|column| column.as_primitive_opt::<Decimal256Type>());
    let amounts = of_schema(amounts, "amount")?;
    let purposes = ids(batch, "purpose")?;
    let mut names = Names::default();
    let mut left_out = 0;
    for row in (0..batch.num_rows()).filter(|&row| daos.get(row) == Some(dao)) {
        let amount = amounts.is_valid(row).then(|| amounts.value(row).to_i128()).flatten();
        let amount = amount.and_then(|amount| u128::try_from(amount).ok());
        let (Some(from), Some(to), Some(amount), true) =
            (payers.get(row), receivers.get(row), amount, at.is_valid(row))
        else {
            left_out += 1;
            continue;
        };
        let at = at.value(row);
        let mut label = Label::HONEST;
        if let Some((purpose, attack)) =
            purposes.get(row).and_then(|purpose| Some((purpose, campaign_of(purpose)?)))
        {
            let number = campaigns.number(purpose);
            if number as usize == stream.campaigns.len() {
                stream.campaigns.push(Campaign { attack, start_at: at, end_at: at, harm: 0.0 });
            }
            let campaign = &mut stream.campaigns[number as usize];
            (campaign.start_at, campaign.end_at) = (campaign.start_at.min(at), campaign.end_at.max(at));
            label = Label { campaign: Some(number) };
        }
        stream.transfers.push(Transfer {
            at,
            from: people.number(from),
            to: people.number(to),
            amount,
            asset: names.number(kinds.get(row).unwrap_or("token")),
            label,
        });
    }
    stream.assets = names.names;
    Ok(left_out)
}
