use super::*;

#[test]
fn a_line_is_read_as_it_was_written() {
    let event = Event {
        at: 1_700_000_000,
        act: Act::Transfer,
        actor: "0xa",
        name: "ann",
        joined_at: Some(1_600_000_000),
        moderator: true,
        other: "0xb",
        place: "TKN",
        direct: true,
        amount: 2.5,
        text: "für dich",
    };
    let text = serde_json::to_string(&Line::of(&event)).unwrap();
    let (read, strangers) = Line::read(&text).unwrap();
    assert_eq!((read.event(), strangers.len()), (event, 0));
    let (read, strangers) = Line::read(
        r#"{"at":"2023-11-14T22:13:20Z","actor":"a","amount":"1000000000000000000000","txt":"hi","to":null}"#,
    )
    .unwrap();
    assert_eq!((read.at, read.act, read.amount), (1_700_000_000, Act::Message, 1e21));
    assert_eq!(strangers, ["txt"]);
    assert!(stranger("txt").ends_with("did you mean `text`?"));
}

#[test]
fn all_problems_of_a_line_are_told_and_nothing_of_it() {
    let problems = Line::read(r#"{"at":"secret","act":"hello","amount":-1,"direct":3}"#).unwrap_err();
    let all = problems.join("\n");
    assert_eq!(problems.len(), 5, "{all}");
    for part in [
        "`actor` is missing",
        "`at` is a text",
        "ISO 8601",
        "`delegation`",
        "at least 0",
        "`direct` is a number",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert!(!all.contains("secret"));
    for (bad, says) in [
        ("", "not JSON"),
        ("[1]", "a list"),
        ("{\"at\":", "not JSON"),
        (r#"{"at":1e18,"actor":"a"}"#, "`at` is a number"),
    ] {
        assert!(Line::read(bad).unwrap_err()[0].contains(says), "{bad}");
    }
}

#[test]
fn long_and_broken_lines_are_passed_over() {
    let mut text = b"one\n".to_vec();
    text.extend([b'x'; 50]);
    text.extend(b"\n\xff\xfe\nexactly ten\r\nlast");
    let mut reader = std::io::BufReader::with_capacity(3, text.as_slice());
    let mut read = Vec::new();
    while let Some(line) = next(&mut reader, 12).unwrap() {
        read.push(line);
    }
    assert_eq!(read.len(), 5, "{read:?}");
    assert_eq!(read[0].as_deref(), Ok("one"));
    assert!(read[1].as_ref().unwrap_err().contains("longer than 12 bytes"));
    assert!(read[2].as_ref().unwrap_err().contains("UTF-8"));
    assert_eq!((read[3].as_deref(), read[4].as_deref()), (Ok("exactly ten"), Ok("last")));
}
