use std::collections::{BTreeMap, BTreeSet};

use daotwin_core::Seed;

use super::*;
use crate::stream::{Label, Message, Transfer, baseline};

/// A community to attack, and the campaign of a script in it.
pub(crate) fn campaign(script: &dyn AttackScript, seed: u64) -> (Stream, Injected) {
    let mut stream = baseline(200, 24, Seed(seed));
    let injected = inject(&mut stream, script, &Parameters::of(script), Seed(seed)).unwrap();
    (stream, injected)
}

/// All that can be set, drawn within its range (counts and sizes within ten times the default, so that a test stays small).
fn any(script: &dyn AttackScript, seed: u64) -> Parameters {
    let mut draws = Seed(seed).stream("parameters");
    let mut parameters = Parameters::of(script);
    for parameter in script.parameters() {
        let high = parameter.high.min((parameter.default * 10.0).max(parameter.low));
        let high = if parameter.high <= 1.0 { parameter.high } else { high };
        parameters.set(parameter.name, parameter.low + (high - parameter.low) * draws.uniform()).unwrap();
    }
    parameters
}

fn act_exists(injected: &Injected, stream: &Stream, cause: Cause) -> bool {
    match cause {
        Cause::Message(nth) => (nth as usize) < injected.messages(stream).len(),
        Cause::Transfer(nth) => (nth as usize) < injected.transfers(stream).len(),
    }
}

fn conforms(script: &dyn AttackScript, before: &Stream, parameters: &Parameters, seed: u64) {
    let name = script.name();
    let mut stream = before.clone();
    let injected = inject(&mut stream, script, parameters, Seed(seed)).unwrap();

    // Honest rows are as they were, but that answers point to where their messages went.
    let went: Vec<usize> =
        (0..stream.messages.len()).filter(|&place| !stream.messages[place].label.malicious()).collect();
    assert_eq!(went.len(), before.messages.len(), "{name}");
    for (old, &place) in before.messages.iter().zip(&went) {
        let new = Message { reply_to: old.reply_to, ..stream.messages[place].clone() };
        assert_eq!(*old, new, "{name}");
        assert_eq!(
            old.reply_to.map(|asked| went[asked as usize] as u32),
            stream.messages[place].reply_to,
            "{name}"
        );
    }
    let transfers: Vec<&Transfer> = stream.transfers.iter().filter(|row| !row.label.malicious()).collect();
    assert_eq!(transfers, before.transfers.iter().collect::<Vec<_>>(), "{name}");
    for (old, new) in before.accounts.iter().zip(&stream.accounts) {
        assert_eq!(*old, Account { label: Label::HONEST, ..new.clone() }, "{name}");
    }

    // In order, with answers before what they answer, and ids that differ.
    assert!(stream.messages.windows(2).all(|pair| pair[0].at <= pair[1].at), "{name}");
    assert!(stream.transfers.windows(2).all(|pair| pair[0].at <= pair[1].at), "{name}");
    for (place, message) in stream.messages.iter().enumerate() {
        assert!(message.reply_to.is_none_or(|asked| (asked as usize) < place), "{name}");
        assert!(message.sentiment.abs() <= 1.0 && !message.text.is_empty(), "{name}");
    }
    let ids: BTreeSet<&str> = stream.accounts.iter().map(|account| account.member.as_str()).collect();
    assert_eq!(ids.len(), stream.accounts.len(), "{name}");

    // Labels agree at the three levels.
    let label = Label { campaign: Some(injected.campaign) };
    let (messages, transfers) = (injected.messages(&stream), injected.transfers(&stream));
    let mut acted = vec![false; stream.accounts.len()];
    let mut times = Vec::new();
    for &place in &messages {
        let message = &stream.messages[place];
        assert_eq!(
            stream.accounts[message.author as usize].label, label,
            "{name}: an author without the label"
        );
        assert_ne!(message.to, Some(message.author), "{name}");
        assert!(
            stream.accounts[message.author as usize].joined_at <= message.at,
            "{name}: written before joining"
        );
        acted[message.author as usize] = true;
        times.push(message.at);
    }
    for &place in &transfers {
        let transfer = &stream.transfers[place];
        let ends = [transfer.from, transfer.to];
        assert!(
            ends.iter().any(|&end| stream.accounts[end as usize].label == label),
            "{name}: a transfer of others"
        );
        assert_ne!(transfer.from, transfer.to, "{name}");
        ends.iter().for_each(|&end| acted[end as usize] = true);
        times.push(transfer.at);
    }
    for (account, acted) in stream.accounts.iter().zip(&acted) {
        assert!(*acted || account.label != label, "{name}: an account with the label that does nothing");
    }
    let written = &stream.campaigns[injected.campaign as usize];
    assert_eq!(written.attack, name);
    assert_eq!(Some(&written.start_at), times.iter().min(), "{name}");
    assert_eq!(Some(&written.end_at), times.iter().max(), "{name}");
    assert!((written.start_at..=written.end_at).contains(&injected.harmful_from), "{name}");

    // Losses are whole, of honest members or the treasury, and caused by acts that are there.
    let sum: f64 = injected.losses.iter().map(|loss| loss.amount).sum();
    assert_eq!(sum, written.harm, "{name}");
    assert_eq!(injected.harm_curve().last().map_or(0.0, |&(_, harm)| harm), written.harm, "{name}");
    for loss in &injected.losses {
        assert!(loss.amount > 0.0 && loss.amount.is_finite(), "{name}");
        assert!(
            loss.victim.is_none_or(|victim| !stream.accounts[victim as usize].label.malicious()),
            "{name}"
        );
        assert!(act_exists(&injected, &stream, loss.cause), "{name}");
        assert_eq!(loss.payment.is_some(), loss.victim.is_some(), "{name}");
        assert!(loss.payment.is_none_or(|payment| act_exists(&injected, &stream, payment)), "{name}");
        let mut support = 0.0;
        for part in &loss.support {
            assert!(
                !part.acts.is_empty() && part.acts.iter().all(|&act| act_exists(&injected, &stream, act)),
                "{name}"
            );
            support += part.weight;
        }
        assert!(support >= loss.needed, "{name}");
    }
    assert!(injected.cover.windows(2).all(|pair| pair[0] < pair[1]), "{name}");
    assert!(injected.cover.iter().all(|&nth| (nth as usize) < messages.len()), "{name}");
    assert!(injected.exposure > 0, "{name}");

    // Repeatable, and different under another seed.
    let again = |seed: u64| {
        let mut stream = before.clone();
        let injected = inject(&mut stream, script, parameters, Seed(seed)).unwrap();
        (stream, injected)
    };
    assert_eq!(again(seed), (stream.clone(), injected.clone()), "{name}");
    assert_ne!(again(seed + 1_000).0, stream, "{name}");
}

#[test]
fn every_script_conforms() {
    let before = baseline(120, 30, Seed(3));
    for script in ATTACKS {
        conforms(*script, &before, &Parameters::of(*script), 5);
        for seed in 0..4 {
            conforms(*script, &before, &any(*script, seed), seed);
        }
    }
}

#[test]
fn a_small_stream_without_texts_or_payments_is_enough() {
    let mut before = baseline(6, 6, Seed(2));
    before.transfers.clear();
    before.assets.clear();
    before.channels.truncate(2);
    for message in &mut before.messages {
        message.channel = message.channel.min(1);
    }
    // Channels and topics may be added, accounts and acts stay.
    for script in ATTACKS {
        let mut stream = before.clone();
        let injected = inject(&mut stream, *script, &Parameters::of(*script), Seed(1)).unwrap();
        let acts = injected.messages(&stream).len() + injected.transfers(&stream).len();
        assert!(acts > 0, "{}", script.name());
        assert_eq!(
            stream.messages.iter().filter(|row| !row.label.malicious()).count(),
            before.messages.len()
        );
    }
}

#[test]
fn campaigns_follow_each_other_in_one_stream() {
    let mut stream = baseline(150, 30, Seed(4));
    let mut all: Vec<Injected> = Vec::new();
    for (index, script) in ATTACKS.iter().enumerate() {
        all.push(inject(&mut stream, *script, &Parameters::of(*script), Seed(index as u64)).unwrap());
    }
    let labelled = stream.messages.iter().filter(|row| row.label.malicious()).count();
    assert_eq!(labelled, all.iter().map(|injected| injected.messages(&stream).len()).sum::<usize>());
    assert_eq!(stream.campaigns.len(), ATTACKS.len());
    // Other numbers, the same people.
    let (before, losses) = (stream.clone(), all.clone());
    renumber(&mut stream, &mut all, Seed(9));
    assert_ne!(before, stream);
    for (old, new) in before.messages.iter().zip(&stream.messages) {
        assert_eq!(before.accounts[old.author as usize], stream.accounts[new.author as usize]);
        let name =
            |stream: &Stream, to: Option<u32>| to.map(|to| stream.accounts[to as usize].member.clone());
        assert_eq!(name(&before, old.to), name(&stream, new.to));
    }
    for (old, new) in losses.iter().flat_map(|one| &one.losses).zip(all.iter().flat_map(|one| &one.losses)) {
        let name =
            |stream: &Stream, who: Option<u32>| who.map(|who| stream.accounts[who as usize].member.clone());
        assert_eq!(name(&before, old.victim), name(&stream, new.victim));
    }
}

#[test]
fn names_are_unique_and_cards_are_full() {
    let names: BTreeSet<&str> = ATTACKS.iter().map(|script| script.name()).collect();
    assert_eq!(names.len(), ATTACKS.len());
    for script in ATTACKS {
        let card = script.card();
        for text in [card.purpose, card.injects, card.source, card.limits] {
            assert!(text.len() > 20, "{}", script.name());
        }
        assert_eq!(script.parameters()[0].name, "stealth");
        assert_eq!(registry::find(script.name()).unwrap().name(), script.name());
        for parameter in script.parameters() {
            assert!((parameter.low..=parameter.high).contains(&parameter.default), "{}", parameter.name);
        }
    }
    // Two families at least are there to be kept out of training.
    let families: BTreeSet<Family> = ATTACKS.iter().map(|script| script.card().family).collect();
    assert!(families.len() >= 8);
    assert!(registry::find("no-such").unwrap_err().to_string().contains("`airdrop-lure`"));
}

#[test]
fn bad_input_is_told_at_once() {
    let script = registry::find("airdrop-lure").unwrap();
    let error = Parameters::with(script, &[("stealth", 2.0), ("colour", 1.0), ("posts", f64::NAN)])
        .unwrap_err()
        .to_string();
    assert!(error.contains("0 to 1") && error.contains("`colour`") && error.contains("`posts`"), "{error}");
    let error =
        inject(&mut Stream::default(), script, &Parameters::of(ATTACKS[0]), Seed(0)).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 3, "{error}");
}

/// What can be seen of a row at a glance, by name, as numbers.
type Glance = BTreeMap<String, f64>;

fn words(text: &str) -> BTreeSet<String> {
    let split = text.split(|letter: char| !letter.is_alphanumeric() && letter != '@');
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn glance_message(stream: &Stream, message: &Message) -> Glance {
    let author = &stream.accounts[message.author as usize];
    let mut glance: Glance =
        words(&message.text).into_iter().map(|word| (format!("word {word}"), 1.0)).collect();
    let count = |of: fn(char) -> bool| message.text.chars().filter(|&letter| of(letter)).count() as f64;
    let age = (message.at - author.joined_at) as f64;
    for (name, value) in [
        ("account number", f64::from(message.author)),
        ("account age", age),
        ("moderator", f64::from(u8::from(author.moderator))),
        ("channel", f64::from(message.channel)),
        ("direct", f64::from(u8::from(message.to.is_some()))),
        ("answer", f64::from(u8::from(message.reply_to.is_some()))),
        ("topic", f64::from(message.topic)),
        ("sentiment", message.sentiment),
        ("length", message.text.len() as f64),
        ("second", (message.at % 60) as f64),
        ("hour", (message.at / 3_600 % 24) as f64),
        ("name's length", author.name.len() as f64),
        ("id's length", author.member.len() as f64),
        ("capitals", count(char::is_uppercase)),
        ("digits", count(|letter| letter.is_ascii_digit())),
        ("signs", count(|letter| !letter.is_alphanumeric())),
        ("links", message.text.matches(['/', '.']).count() as f64),
        ("exclamations", count(|letter| letter == '!')),
    ] {
        glance.insert(name.to_owned(), value);
    }
    glance
}

fn glance_transfer(stream: &Stream, transfer: &Transfer) -> Glance {
    let mut glance = Glance::new();
    for (name, value) in [
        ("amount", transfer.amount as f64),
        ("digits of amount", transfer.amount.to_string().trim_end_matches('0').len() as f64),
        ("asset", f64::from(transfer.asset)),
        ("payer's number", f64::from(transfer.from)),
        ("payee's number", f64::from(transfer.to)),
        ("payer's age", (transfer.at - stream.accounts[transfer.from as usize].joined_at) as f64),
        ("payee's age", (transfer.at - stream.accounts[transfer.to as usize].joined_at) as f64),
        ("second", (transfer.at % 60) as f64),
        ("hour", (transfer.at / 3_600 % 24) as f64),
        ("payee's id", stream.accounts[transfer.to as usize].member.len() as f64),
    ] {
        glance.insert(name.to_owned(), value);
    }
    glance
}

fn glance_accounts(stream: &Stream) -> Vec<(Glance, bool)> {
    let mut counts = vec![[0.0; 4]; stream.accounts.len()];
    for message in &stream.messages {
        counts[message.author as usize][0] += 1.0;
        counts[message.author as usize][1] += f64::from(u8::from(message.to.is_some()));
    }
    for transfer in &stream.transfers {
        counts[transfer.from as usize][2] += 1.0;
        counts[transfer.to as usize][3] += 1.0;
    }
    let number =
        |name: &str| name.trim_start_matches(|letter: char| !letter.is_ascii_digit()).parse().unwrap_or(-1.0);
    let row = |(place, account): (usize, &Account)| {
        let [written, direct, paid, got] = counts[place];
        let features = [
            ("number", place as f64),
            ("joined", account.joined_at as f64),
            ("length of id", account.member.len() as f64),
            ("length of name", account.name.chars().count() as f64),
            ("number in name", number(&account.name)),
            ("moderator", f64::from(u8::from(account.moderator))),
            ("messages", written),
            ("direct messages", direct),
            ("payments", paid),
            ("receipts", got),
        ];
        let glance = features.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        (glance, account.label.malicious())
    };
    stream.accounts.iter().enumerate().map(row).collect()
}

/// The best F1 of any rule "this feature is at least (at most) that much" for finding the malicious rows, with its feature.
fn best_stump(rows: &[(Glance, bool)]) -> (f64, String) {
    let positives = rows.iter().filter(|(_, bad)| *bad).count();
    let names: BTreeSet<&String> = rows.iter().flat_map(|(glance, _)| glance.keys()).collect();
    // Which rows have a feature at all; a word that is not there is 0.
    let mut columns: BTreeMap<&str, Vec<(f64, bool)>> = BTreeMap::new();
    for (glance, bad) in rows {
        for (name, value) in glance {
            columns.entry(name).or_default().push((*value, *bad));
        }
    }
    let mut best = (0.0, String::new());
    for name in names {
        let mut column = columns[name.as_str()].clone();
        let absent_bad = positives - column.iter().filter(|(_, bad)| *bad).count();
        let absent = rows.len() - column.len();
        for rising in [true, false] {
            column.sort_by(
                |left, right| if rising { left.0.total_cmp(&right.0) } else { right.0.total_cmp(&left.0) },
            );
            // From the far end inwards: rows at and beyond a value are called bad.
            let (mut found, mut called) = (0, 0);
            let mut place = column.len();
            while place > 0 {
                let value = column[place - 1].0;
                while place > 0 && column[place - 1].0 == value {
                    place -= 1;
                    called += 1;
                    found += usize::from(column[place].1);
                }
                let score = 2.0 * found as f64 / (called + positives) as f64;
                if score > best.0 {
                    best = (score, name.clone());
                }
            }
            // That a word is missing.
            if absent > 0 {
                let score = 2.0 * absent_bad as f64 / (absent + positives) as f64;
                if score > best.0 {
                    best = (score, format!("no {name}"));
                }
            }
        }
    }
    best
}

/// Messages, transfers and accounts of several campaigns of a script, honest ones among them.
fn glances(script: &dyn AttackScript, stamp: Option<&str>) -> [Vec<(Glance, bool)>; 3] {
    let (mut messages, mut transfers, mut accounts) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..5 {
        let (mut stream, injected) = campaign(script, 70 + seed);
        if let Some(stamp) = stamp {
            stream
                .messages
                .iter_mut()
                .filter(|row| row.label.malicious())
                .for_each(|row| row.text.push_str(stamp));
        }
        renumber(&mut stream, &mut [injected], Seed(seed));
        messages
            .extend(stream.messages.iter().map(|row| (glance_message(&stream, row), row.label.malicious())));
        transfers.extend(
            stream.transfers.iter().map(|row| (glance_transfer(&stream, row), row.label.malicious())),
        );
        accounts.extend(glance_accounts(&stream));
    }
    [messages, transfers, accounts]
}

#[test]
fn no_single_feature_gives_a_script_away() {
    for script in ATTACKS {
        for (what, rows) in ["messages", "transfers", "accounts"].into_iter().zip(glances(*script, None)) {
            // Of a handful of rows some feature always parts them by luck.
            if rows.iter().filter(|(_, bad)| *bad).count() >= 10 {
                let (score, feature) = best_stump(&rows);
                assert!(
                    score < 0.85,
                    "{} {what}: `{feature}` alone finds them with F1 {score:.2}",
                    script.name()
                );
            }
        }
    }
    // The same measure finds a word that is put into every message of an attack.
    let [messages, ..] = glances(ATTACKS[0], Some(" zyzzyva"));
    assert_eq!(best_stump(&messages), (1.0, "word zyzzyva".to_owned()));
}
