use super::*;

fn fresh() -> Features {
    Features::new(Learned::fit(&[], None, Seed(1)).unwrap()).unwrap()
}

fn at(name: &str) -> usize {
    NAMES.iter().position(|known| *known == name).unwrap()
}

#[test]
fn look_alikes_are_seen() {
    let mut features = fresh();
    let say = |features: &mut Features, actor: &str, name: &str, moderator: bool, text: &str, second: i64| {
        features.row(&Event {
            at: 1_000 + second,
            actor,
            name,
            moderator,
            text,
            place: "general",
            ..Event::default()
        })
    };
    for second in 0..10 {
        let row = say(&mut features, "a", "daohelper", true, "see https://vote.dao.example/1", second * 60);
        assert_eq!(row[at("a name that looks like a moderator's")], 0.0);
        assert_eq!(row[at("a link to a host that looks like another")], 0.0);
    }
    let row = say(
        &mut features,
        "b",
        "da0_helper",
        false,
        "see https://vote.dao-example.com/1 https://v0te.dao.example",
        900,
    );
    assert_eq!(row[at("a name that looks like a moderator's")], 1.0);
    assert_eq!(row[at("a link to a host that looks like another")], 1.0);
    assert_eq!(row[at("a link to a host that was hardly seen")], 1.0);
    let row = say(&mut features, "c", "somebody", false, "see https://vote.dao.example/1", 960);
    assert_eq!(row[at("a name that looks like a moderator's")], 0.0);
    assert_eq!(row[at("a link to a host that looks like another")], 0.0);
    assert!(row[at("a link to a host that was hardly seen")] < 0.1);
}

#[test]
fn poisoned_addresses_and_purses_are_seen() {
    let mut features = fresh();
    let real = "0x12345678900000000000000000000000deadbeef";
    let fake = "0x12345699900000000000000000000000aaaabeef";
    let pay = |features: &mut Features, actor: &str, other: &str, amount: f64, second: i64| {
        features.row(&Event {
            at: 1_000 + second,
            act: Act::Transfer,
            actor,
            other,
            amount,
            place: "token",
            ..Event::default()
        })
    };
    let alike = at("an address that looks like one paid before");
    assert_eq!(pay(&mut features, "victim", real, 1e20, 0)[alike], 0.0);
    assert_eq!(pay(&mut features, "victim", real, 1e20, 60)[alike], 0.0);
    assert_eq!(pay(&mut features, fake, "victim", 0.0, 120)[alike], 1.0);
    assert_eq!(pay(&mut features, "victim", fake, 1e20, 180)[alike], 1.0);
    let funded = at("accounts that one purse paid first");
    let mut last = 0.0;
    for child in 0..10 {
        let row = pay(&mut features, "purse", &format!("child-{child}"), 1e18, 300 + child);
        assert!(row[funded] > last);
        last = row[funded];
    }
    // A child that acts carries its siblings.
    let row = pay(&mut features, "child-3", "elsewhere", 1e17, 400);
    assert!((row[funded] - 10.0_f64.ln_1p()).abs() < 1e-12);
}

#[test]
fn numbers_are_finite_whatever_comes_and_memory_does_not_grow() {
    let mut features = fresh();
    let before = features.bytes();
    let mut stream = Seed(7).stream("features");
    for step in 0..3_000_u64 {
        let actor = format!("actor-{}", stream.below(400));
        let other = format!("actor-{}", stream.below(400));
        let text =
            if step % 3 == 0 { "ünï https:// www. http://a..b 0x00000000000000000000 @u_1 !!" } else { "" };
        let row = features.row(&Event {
            at: [i64::MIN, 0, i64::MAX, step as i64][step as usize % 4],
            act: if step % 2 == 0 { Act::Transfer } else { Act::Message },
            actor: &actor,
            other: &other,
            name: &actor,
            joined_at: (step % 5 == 0).then_some(i64::MIN),
            amount: [0.0, f64::MAX, 1.0][step as usize % 3],
            text,
            ..Event::default()
        });
        assert!(row.iter().all(|value| value.is_finite()));
    }
    assert_eq!(features.bytes(), before);
}
