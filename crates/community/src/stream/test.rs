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
