use super::*;

/// Accounts of two groups that meet their own; later some act in the other group.
fn edges(seed: u64, turned: bool) -> Vec<(u64, u64, i64)> {
    let mut stream = Seed(seed).stream("memory test");
    (0..6000_i64)
        .map(|step| {
            let group = stream.below(2);
            let actor = group * 20 + stream.below(20);
            let to = if turned && step > 4000 && actor < 5 { 1 - group } else { group };
            (hash::mix(actor), hash::mix(100 + to * 20 + stream.below(20)), step * 60)
        })
        .collect()
}

#[test]
fn who_turns_is_odder_than_who_does_not() {
    let mut memories = Memories::new(10);
    memories.teach(&edges(1, false), 3, Seed(1));
    let turned: Vec<u64> = (0..5).map(hash::mix).collect();
    let (mut odd, mut usual) = ((0.0, 0), (0.0, 0));
    for (step, &(actor, other, at)) in edges(2, true).iter().enumerate() {
        let score = memories.edge(actor, other, at);
        assert!((-1e-6..=1.0 + 1e-6).contains(&score));
        if (4000..4400).contains(&step) {
            let sum = if turned.contains(&actor) { &mut odd } else { &mut usual };
            sum.0 += score;
            sum.1 += 1;
        }
    }
    let means = (odd.0 / f64::from(odd.1), usual.0 / f64::from(usual.1));
    assert!(means.0 > 1.2 * means.1, "{means:?}");
}

#[test]
fn the_same_seed_teaches_the_same() {
    let teach = || {
        let mut memories = Memories::new(8);
        memories.teach(&edges(3, false)[..500], 1, Seed(4));
        edges(5, false)[..100].iter().map(|&(a, b, at)| memories.edge(a, b, at).to_bits()).collect::<Vec<_>>()
    };
    assert_eq!(teach(), teach());
}
