//! The contracts against the native rules, on the same random cases.

use daotwin_core::Seed;
use daotwin_core::random::Stream;
use daotwin_simulation::governance::{Rule, registry};
use serde_json::{Value, json};

use super::*;
use crate::traffic::site::{self, Numbers, Site};

fn governor(numbers: Numbers) -> Bytecode {
    Bytecode::new(&site::governor(numbers), None).unwrap()
}

fn compound(contract: &str, numbers: Numbers) -> Bytecode {
    Bytecode::new(&site::compound(contract, numbers), Some("dao")).unwrap()
}

/// What a set of cases went through.
#[derive(Debug, Default)]
struct Seen {
    cases: usize,
    ballots: usize,
    ties: usize,
    at_quorum: usize,
    below_quorum: usize,
    ends: std::collections::BTreeMap<String, usize>,
    refused: usize,
}

/// A random case: few units of power, so that ties and quorums are hit to the unit; acts at the borders of the phases.
fn case(stream: &mut Stream, generation: Generation, numbers: Numbers, seen: &mut Seen) -> Value {
    let (delay, period, threshold, quorum, lock) = numbers;
    let members = 1 + stream.below(7);
    let names: Vec<String> = (0..members).map(|member| format!("m{member}")).collect();
    let mut powers: Vec<u64> = (0..members).map(|_| stream.below(12)).collect();
    if stream.chance(0.9) {
        powers[0] += threshold + 1;
    }
    let at = 5 + stream.below(40);
    let (start, end) = (at + delay, at + delay + period);
    let second = |clock: u64| clock * 12;
    let mut acts = Vec::new();
    let mut push = |at: u64, mut act: Value| {
        act["at"] = at.into();
        act["second"] = second(at).into();
        acts.push((at, act));
    };
    let mut answers = std::collections::BTreeMap::new();
    for member in 0..members + stream.below(3) {
        let member = member % members;
        let support = ["against", "for", "abstain"][stream.weighted(&[1.0, 1.6, 0.5])];
        let clock = match stream.below(20) {
            0 => start,
            1 => end + 1,
            2 => end,
            3 => start + 1,
            _ => start + 1 + stream.below(period.max(2) - 1),
        };
        let counts = clock > start && clock <= end && (support != "abstain" || generation != Generation::Alpha);
        if counts {
            answers.entry(member).or_insert((clock, support));
        }
        push(clock, json!({"act": "vote", "by": names[member as usize], "support": support}));
        seen.ballots += 1;
    }
    for clock in [start, start + 1, end, end + 1] {
        push(clock, json!({"act": "state"}));
    }
    if stream.chance(0.1) {
        push(at + stream.below(period), json!({"act": "cancel", "by": names[stream.below(members) as usize]}));
    }
    let queued = end + 1 + stream.below(3);
    push(queued, json!({"act": "queue"}));
    push(queued, json!({"act": "state"}));
    let ready = queued + lock.unwrap_or(0) / 12;
    let late = if stream.chance(0.2) { 14 * 86_400 / 12 } else { 0 };
    let executed = ready + late + stream.below(3);
    push(executed.max(queued + 1) - 1, json!({"act": "state"}));
    push(executed.max(queued), json!({"act": "execute"}));
    push(executed.max(queued), json!({"act": "state"}));
    // In the order of time; of one time in the order of making.
    acts.sort_by_key(|(clock, _)| *clock);

    // What the ballots in time add up to: not for the outcome, but to bring cases to the borders.
    let pots = |powers: &[u64]| {
        ["for", "against", "abstain"].map(|side| -> u64 {
            let own = answers.iter().filter(|(_, (_, support))| *support == side);
            own.map(|(member, _)| powers[*member as usize]).sum()
        })
    };
    if stream.chance(0.5)
        && let Some((member, _)) = answers.iter().find(|(_, (_, support))| *support == "for")
    {
        let [pro, contra, _] = pots(&powers);
        let rest = pro - powers[*member as usize];
        let least = if *member == 0 { threshold + 1 } else { 0 };
        // A tie; for Compound's governors a quorum that is just met or just missed too.
        let aim = match (generation, stream.below(3)) {
            (Generation::OpenZeppelin, _) | (_, 0) => contra,
            (_, near) => quorum + 1 - near,
        };
        powers[*member as usize] = aim.saturating_sub(rest).max(least);
    }
    let sum: u64 = powers.iter().sum();
    let [pro, contra, present] = pots(&powers);
    seen.ties += usize::from(pro == contra && pro > 0);
    let mut case = json!({
        "settings": {"voting_delay": delay, "voting_period": period, "proposal_threshold": threshold.to_string()},
        "powers": names.iter().cloned().zip(powers.iter().map(|power| Value::from(power.to_string())))
            .collect::<serde_json::Map<_, _>>(),
        "proposal": {"at": at, "second": second(at), "by": names[0]},
        "acts": acts.into_iter().map(|(_, act)| act).collect::<Vec<_>>(),
    });
    let settings = case["settings"].as_object_mut().unwrap();
    let counted = if generation == Generation::OpenZeppelin {
        settings.insert("quorum".to_owned(), json!({"fraction": {"numerator": quorum, "denominator": 100}}));
        let timelock = lock.map_or(json!("none"), |delay| json!({"control": {"delay": delay}}));
        settings.insert("timelock".to_owned(), timelock);
        // A supply whose quorum is what was counted, one more, or any.
        let counted = pro + present;
        let wanted = counted + stream.below(2);
        let supply = match stream.below(3) {
            0 => sum + stream.below(200),
            _ => (wanted * 100).div_ceil(quorum).max(sum),
        }
        .max(1);
        case["supply"] = supply.to_string().into();
        seen.at_quorum += usize::from(supply * quorum / 100 == counted);
        seen.below_quorum += usize::from(supply * quorum / 100 == counted + 1);
        counted
    } else {
        settings.insert("bounds".to_owned(), "free".into());
        if generation == Generation::Alpha {
            settings.remove("bounds");
            settings.insert("guardian".to_owned(), "m0".into());
        }
        settings.insert("quorum_votes".to_owned(), quorum.to_string().into());
        settings.insert("timelock_delay".to_owned(), lock.unwrap().into());
        seen.at_quorum += usize::from(quorum == pro);
        seen.below_quorum += usize::from(quorum == pro + 1);
        pro
    };
    let _ = counted;
    seen.cases += 1;
    case
}

/// An outcome without the words of refusals, which are each contract's own.
fn plain(mut outcome: Value) -> Value {
    for act in outcome["acts"].as_array_mut().unwrap() {
        if act.as_str().unwrap().starts_with("reverts: ") {
            *act = "reverts".into();
        }
    }
    outcome
}

fn compare(bytecode: &Bytecode, numbers: Numbers, cases: u64, stream: &mut Stream, seen: &mut Seen) {
    let generation = bytecode.governor().generation;
    let native = registry::find(generation.native()).unwrap();
    for _ in 0..cases {
        let case = case(stream, generation, numbers, seen);
        let mut bare = case.clone();
        if generation != Generation::OpenZeppelin {
            bare.as_object_mut().unwrap().remove("supply");
        }
        match (native.decide(&bare), bytecode.decide(&case)) {
            (Ok(native), Ok(own)) => {
                let last = native["acts"].as_array().unwrap().last().unwrap().clone();
                *seen.ends.entry(last.as_str().unwrap().to_owned()).or_default() += 1;
                assert_eq!(plain(own), plain(native), "{case}");
            }
            (Err(native), Err(own)) => {
                assert!(native.to_string().contains("is not"), "{native}");
                assert!(own.to_string().contains("refuses"), "{own}");
                seen.refused += 1;
            }
            (native, own) => panic!("{native:?}\n{own:?}\n{case}"),
        }
    }
}

#[test]
fn openzeppelin_governors_decide_as_the_native_rule() {
    let mut stream = Seed(51).stream("bytecode");
    let mut seen = Seen::default();
    for numbers in [
        (1, 5, 0, 4, Some(24)),
        (0, 3, 3, 10, None),
        (2, 7, 1, 50, Some(0)),
        (1, 2, 0, 1, None),
        (5, 10, 8, 33, Some(1200)),
    ] {
        let bytecode = governor(numbers);
        assert_eq!(bytecode.governor().generation, Generation::OpenZeppelin);
        compare(&bytecode, numbers, 220, &mut stream, &mut seen);
    }
    println!("{seen:?}");
    assert!(seen.cases >= 1_000 && seen.ties >= 50 && seen.at_quorum >= 150 && seen.below_quorum >= 150);
    for end in ["executed", "defeated", "canceled"] {
        assert!(seen.ends.get(end).is_some_and(|count| *count >= 10), "{end}: {seen:?}");
    }
    assert!(seen.refused >= 10);
}

#[test]
fn compound_governors_decide_as_the_native_rules() {
    for (contract, generation) in [("GovernorBravo", Generation::Bravo), ("GovernorAlpha", Generation::Alpha)] {
        let mut stream = Seed(52).stream("bytecode");
        let mut seen = Seen::default();
        for numbers in
            [(1, 5, 2, 9, Some(24)), (2, 3, 0, 14, Some(120)), (1, 8, 5, 4, Some(48)), (3, 2, 1, 20, Some(24))]
        {
            let bytecode = compound(contract, numbers);
            assert_eq!(bytecode.governor().generation, generation);
            compare(&bytecode, numbers, 260, &mut stream, &mut seen);
        }
        println!("{contract}: {seen:?}");
        assert!(seen.cases >= 1_000 && seen.ties >= 50 && seen.at_quorum >= 40 && seen.below_quorum >= 40);
        for end in ["executed", "defeated", "canceled", "expired"] {
            assert!(seen.ends.get(end).is_some_and(|count| *count >= 10), "{end}: {seen:?}");
        }
    }
}

/// The comparison sees a rule that differs by one unit of quorum.
#[test]
fn another_quorum_is_seen() {
    let numbers = (1, 5, 2, 9, Some(24));
    let bytecode = compound("GovernorBravo", (1, 5, 2, 10, Some(24)));
    let native = registry::find("governor-bravo").unwrap();
    let mut stream = Seed(53).stream("bytecode");
    let mut seen = Seen::default();
    let mut different = 0;
    for _ in 0..200 {
        let mut case = case(&mut stream, Generation::Bravo, numbers, &mut seen);
        let Ok(native) = native.decide(&case) else { continue };
        case["settings"].as_object_mut().unwrap().remove("quorum_votes");
        let own = bytecode.decide(&case).unwrap();
        different += usize::from(plain(own)["acts"] != plain(native)["acts"]);
    }
    assert!(different > 0);
    let mut case = case(&mut stream, Generation::Bravo, numbers, &mut seen);
    case["settings"]["whitelist"] = json!({});
    let told = bytecode.decide(&case).unwrap_err().to_string();
    assert!(told.contains("`dao` says \"10\"") && told.contains("settings.whitelist"), "{told}");
}

#[test]
fn whole_votes_and_engines_ask_the_contract() {
    let bytecode = governor((1, 5, 0, 4, Some(24))).with_unit(1_000);
    let ballot = |name: &str, support, power| Ballot { voter: address_of(name), support, power: Amount(power) };
    let (ann, ben) = (ballot("ann", Support::For, 40), ballot("ben", Support::Against, 39));
    assert_eq!(bytecode.ballot(Some(Amount(1_000)), &[ann, ben]).unwrap(), State::Succeeded);
    // Half a percent more of supply: the quorum is 41.
    assert_eq!(bytecode.ballot(Some(Amount(1_025)), &[ann, ben]).unwrap(), State::Defeated);
    let even = ballot("cas", Support::Against, 1);
    assert_eq!(bytecode.ballot(Some(Amount(1_000)), &[ann, ben, even]).unwrap(), State::Defeated);
    let present = ballot("dan", Support::Abstain, 1);
    assert_eq!(bytecode.ballot(Some(Amount(1_025)), &[ann, ben, present]).unwrap(), State::Succeeded);

    let tally = |yes, no| Tally { yes, no, ..Tally::default() };
    assert!(bytecode.passes(&tally(40, 3), 1_000));
    assert!(!bytecode.passes(&tally(39, 3), 1_000));
    assert!(!bytecode.passes(&tally(40, 40), 1_000));
    assert_eq!(bytecode.quorum(1_000), Some(40));
}

#[test]
fn worlds_without_a_governor_are_told_so() {
    let mut site = Site::new("compound");
    let none = DynSolValue::Array(Vec::new());
    site.deploy("Votes", "token", vec![none.clone(), none]);
    let told = Bytecode::new(&site.world, None).unwrap_err().to_string();
    assert!(told.contains("no contract here is a governor"), "{told}");
    let told = Bytecode::new(&site.world, Some("token")).unwrap_err().to_string();
    assert!(told.contains("`token` is no governor"), "{told}");
}
