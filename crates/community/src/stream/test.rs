#![cfg(test)]

use daotwin_core::Seed;
use daotwin_core::statistics::gini;

use super::*;

#[test]
fn a_baseline_is_in_order_repeatable_and_uneven() {
    let stream = baseline(400, 40, Seed(7));
    assert_eq!(stream, baseline(400, 40, Seed(7)));
    assert_ne!(stream, baseline(400, 40, Seed(8)));
    assert!(stream.messages.windows(2).all(|pair| pair[0].at <= pair[1].at));
    assert!(stream.transfers.windows(2).all(|pair| pair[0].at <= pair[1].at));
    for (place, message) in stream.messages.iter().enumerate() {
        assert!(message.reply_to.is_none_or(|asked| (asked as usize) < place));
        assert!(!message.text.is_empty() && !message.label.malicious() && message.sentiment.abs() <= 1.0);
        let author = &stream.accounts[message.author as usize];
        assert!(message.channel != 0 || author.moderator);
    }
    // 400 members x 40 days x 0.5: members leave, loud days vary; half or double would be a defect.
    let messages = stream.messages.len();
    assert!((4_000..16_000).contains(&messages), "{messages} messages");
    let mut counts = vec![0.0; 400];
    stream.messages.iter().for_each(|message| counts[message.author as usize] += 1.0);
    counts.retain(|&count| count > 0.0);
    let uneven = gini(&counts);
    assert!((0.5..0.9).contains(&uneven), "Gini {uneven}");
}

#[test]
fn sorting_keeps_replies_with_their_messages() {
    let mut stream = baseline(50, 10, Seed(1));
    let texts: Vec<(String, Option<String>)> = stream
        .messages
        .iter()
        .map(|message| {
            let asked = message.reply_to.map(|asked| stream.messages[asked as usize].text.clone());
            (message.text.clone(), asked)
        })
        .collect();
    // An early message written in at the end moves everybody by one.
    let mut first = stream.messages.last().unwrap().clone();
    first.at = BASELINE_START - 1;
    first.reply_to = None;
    stream.messages.push(first);
    stream.sort();
    for (message, (text, asked)) in stream.messages[1..].iter().zip(&texts) {
        assert_eq!(message.text, *text);
        assert_eq!(message.reply_to.map(|asked| stream.messages[asked as usize].text.clone()), *asked);
    }
}

/// A record of a baseline, in which threads are channels where asked.
fn recorded(members: u32, days: u32, seed: u64) -> Record {
    Record { stream: baseline(members, days, Seed(seed)), timing: Timing::Second, left_out: 0, scored: false }
}

#[test]
fn a_stream_comes_back_out_of_its_history() {
    let mut stream = baseline(60, 12, Seed(2));
    stream.campaigns.push(Campaign { attack: "lure", start_at: 0, end_at: 0, harm: 0.0 });
    let (place, at) = (stream.messages.len(), stream.messages.last().unwrap().at + 1);
    let mut bad = stream.messages[place - 1].clone();
    (bad.at, bad.to, bad.reply_to, bad.label.campaign) = (at, Some(3), Some(0), Some(0));
    stream.messages.push(bad);
    let history = to_history(&stream, "dao").unwrap();
    let read = from_history(&history, None).unwrap();
    assert_eq!((read.timing, read.left_out, read.scored), (Timing::Second, 0, false));
    let name = |stream: &Stream, account: u32| stream.accounts[account as usize].member.clone();
    assert_eq!(read.stream.messages.len(), stream.messages.len());
    for (old, new) in stream.messages.iter().zip(&read.stream.messages) {
        assert_eq!(
            (&old.text, old.at, old.sentiment, old.reply_to),
            (&new.text, new.at, new.sentiment, new.reply_to)
        );
        assert_eq!(name(&stream, old.author), name(&read.stream, new.author));
        assert_eq!(old.to.map(|to| name(&stream, to)), new.to.map(|to| name(&read.stream, to)));
        assert_eq!(stream.topics[old.topic as usize], read.stream.topics[new.topic as usize]);
        assert_eq!(old.label.malicious(), new.label.malicious());
    }
    assert_eq!(read.stream.accounts.len(), 60);
    let paid =
        |stream: &Stream| stream.transfers.iter().map(|paid| (paid.at, paid.amount)).collect::<Vec<_>>();
    assert_eq!(paid(&read.stream), paid(&stream));
    assert!(from_history(&history, Some("other")).unwrap_err().to_string().contains("`other`"));
}

#[test]
fn campaigns_of_messages_and_of_transfers_come_back_out_of_a_history() {
    use crate::attack::{ATTACKS, Parameters, inject};
    for script in ATTACKS {
        let mut stream = baseline(60, 20, Seed(4));
        inject(&mut stream, *script, &Parameters::of(*script), Seed(4)).unwrap();
        let read = from_history(&to_history(&stream, "dao").unwrap(), None).unwrap().stream;
        let counts = |stream: &Stream| {
            let messages = stream.messages.iter().filter(|row| row.label.malicious()).count();
            let transfers = stream.transfers.iter().filter(|row| row.label.malicious()).count();
            (messages, transfers)
        };
        assert_eq!(counts(&read), counts(&stream), "{}", script.name());
        // One campaign, whatever it did, over the same time.
        let (old, new) = (&stream.campaigns, &read.campaigns);
        assert_eq!(new.len(), 1, "{}", script.name());
        assert_eq!(
            (new[0].attack, new[0].start_at, new[0].end_at),
            (old[0].attack, old[0].start_at, old[0].end_at)
        );
    }
}

#[test]
fn a_fitted_stream_has_the_facts_and_a_wrong_one_has_not() {
    let record = recorded(150, 90, 3);
    let real = facts(&record);
    let model = StreamModel::fit(&record, None, Seed(1)).unwrap();
    let floors = floors(&record, 60, Seed(1));
    let drawn =
        |model: &StreamModel| (0..6).map(|draw| facts(&model.sample(Seed(50 + draw)))).collect::<Vec<_>>();
    let off = |told: &[Vec<Fact>], name: &str| {
        let place = real.iter().position(|fact| fact.name == name).unwrap();
        // Where nobody answers or a tail has no excess there is no such fact.
        let of = |told: &Vec<Fact>| told.iter().find(|fact| fact.name == name).map_or(0.0, |fact| fact.value);
        let values: Vec<f64> = told.iter().map(of).collect();
        let bar = (0.1 * real[place].value.abs()).max(floors[place]);
        (daotwin_core::statistics::mean(&values) - real[place].value).abs() / bar
    };
    let told = drawn(&model);
    for fact in &real {
        assert!(off(&told, fact.name) < 1.0, "{}: {}", fact.name, off(&told, fact.name));
    }
    assert_eq!(model.sample(Seed(9)), model.sample(Seed(9)));
    assert_ne!(model.sample(Seed(9)), model.sample(Seed(8)));
    // Negative controls: everybody alike, every day alike, no excitement, texts twice as long.
    let wrong = StreamModel {
        per_author: Law::fit(&[20]),
        per_day: Law::fit(&[60]),
        crowding: 0.0,
        lengths: Law::fit(&[100]),
        ..model.clone()
    };
    let told = drawn(&wrong);
    for name in ["gini", "dispersion", "quick", "length"] {
        assert!(off(&told, name) > 1.0, "{name} does not tell a wrong model");
    }
    let little = recorded(2, 0, 1);
    assert!(StreamModel::fit(&little, None, Seed(1)).unwrap_err().to_string().contains("at least 10"));
}

#[test]
fn laws_and_facts_have_known_values() {
    let law = Law::fit(&[0, 1, 1, 2, 10, 20, 40, 80]);
    assert_eq!([0.0, 0.2, 0.4, 0.499].map(|level| law.quantile(level)), [0, 1, 2, 2]);
    assert_eq!((law.quantile(0.5), law.quantile(1.0)), (10, 80));
    assert_eq!(Law::fit(&[3, 3]).quantile(0.7), 3);
    // Exactly Pareto quantiles have their index: values n / rank have Hill 1 in the limit; by hand for 20: ln(20 / (20 / 3)) etc.
    let values: Vec<f64> = (1..=20).map(|rank| 60.0 / f64::from(rank)).collect();
    let expected = 2.0 / (3.0_f64.ln() + 1.5_f64.ln());
    assert!((facts::hill(&values).unwrap() - expected).abs() < 1e-12);
    assert!((facts::autocorrelation(&[1.0, 2.0, 3.0, 4.0]) - 0.25).abs() < 1e-12);
}
