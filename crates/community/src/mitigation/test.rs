use std::collections::BTreeSet;

use daotwin_core::{Run, Seed};

use super::scene::has_link;
use super::trial::{Plan, run};
use super::*;
use crate::attack::{ATTACKS, Cause, Injected, Loss, Support, inject};
use crate::stream::{Account, Campaign, Label, Message, Stream, Transfer, baseline};

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

fn account(index: usize, joined_at: i64, campaign: Option<u32>) -> Account {
    let (member, name) = (format!("m{index}"), format!("name{index}"));
    Account { member, name, joined_at, moderator: index == 0, label: Label { campaign } }
}

fn message(author: u32, at: i64, channel: u32, text: &str, campaign: Option<u32>) -> Message {
    let (to, reply_to, topic, sentiment) = (None, None, 0, 0.0);
    Message {
        author,
        at,
        channel,
        to,
        reply_to,
        topic,
        sentiment,
        label: Label { campaign },
        text: text.to_owned(),
    }
}

/// Three honest members (one of them old) and an attacker with one lure that one member falls for, and a decision that needs two
/// of three delegations.
fn small() -> (Stream, Injected) {
    let old = -400 * DAY;
    let accounts =
        vec![account(0, old, None), account(1, old, None), account(2, 0, None), account(3, 0, Some(0))];
    let messages = vec![
        message(1, HOUR, 1, "hello", None),
        message(2, 2 * HOUR, 1, "see docs.dao.example/1", None),
        message(3, 3 * HOUR, 1, "claim at free.example.com/x", Some(0)),
        message(3, 20 * DAY, 2, "I vote for it", Some(0)),
    ];
    let label = Label { campaign: Some(0) };
    let transfer = |at, from, to, asset| Transfer { at, from, to, amount: 1_000, asset, label };
    let transfers = vec![
        transfer(4 * HOUR, 1, 3, 0),
        transfer(DAY, 0, 3, 1),
        transfer(2 * DAY, 1, 3, 1),
        transfer(10 * DAY, 2, 3, 1),
    ];
    let stream = Stream {
        accounts,
        channels: ["announcements", "general", "governance"].map(str::to_owned).to_vec(),
        topics: vec!["all".to_owned()],
        assets: ["token", "votes"].map(str::to_owned).to_vec(),
        messages,
        transfers,
        campaigns: vec![Campaign {
            attack: "airdrop-lure",
            start_at: 3 * HOUR,
            end_at: 20 * DAY,
            harm: 11.0,
        }],
    };
    let part = |nth| Support { acts: vec![Cause::Transfer(nth)], weight: 1.0 };
    let lure = Loss {
        at: 4 * HOUR,
        victim: Some(1),
        amount: 1.0,
        cause: Cause::Message(0),
        payment: Some(Cause::Transfer(0)),
        support: Vec::new(),
        needed: 0.0,
    };
    let decision = Loss {
        at: 20 * DAY,
        victim: None,
        amount: 10.0,
        cause: Cause::Message(1),
        payment: None,
        support: vec![part(1), part(2), part(3)],
        needed: 2.0,
    };
    let injected = Injected {
        campaign: 0,
        losses: vec![lure, decision],
        cover: Vec::new(),
        harmful_from: 3 * HOUR,
        exposure: 5 * HOUR,
    };
    (stream, injected)
}

fn left_of(scene: &Scene<'_>, response: &Response, seed: u64) -> f64 {
    scene.left(&scene.briefs(std::slice::from_ref(response))[0], Seed(seed))
}

fn friction_of(scene: &Scene<'_>, response: &Response) -> scene::Friction {
    scene.friction(&scene.briefs(std::slice::from_ref(response))[0])
}

#[test]
fn harm_left_follows_from_the_acts_that_remain() {
    let (stream, injected) = small();
    let scene = Scene::new(&stream, &injected);
    let left = |change: &dyn Fn(&mut Response)| {
        let mut response = Response::nothing(&scene);
        change(&mut response);
        left_of(&scene, &response, 1)
    };
    assert_eq!(left(&|_| ()), 11.0);
    // The lure is refused, or its payment, or it is held until the campaign is exposed; an hour's hold is no help.
    assert_eq!(left(&|response| response.messages[2] = NEVER), 10.0);
    assert_eq!(left(&|response| response.transfers[0] = NEVER), 10.0);
    assert_eq!(left(&|response| response.messages[2] = 6 * HOUR), 10.0);
    assert_eq!(left(&|response| response.messages[2] = HOUR), 11.0);
    // Two of three delegations carry the decision: one held is no help, two are; a hold that ends in time counts for nothing.
    assert_eq!(left(&|response| response.transfers[1] = NEVER), 11.0);
    assert_eq!(left(&|response| response.transfers[1..3].fill(NEVER)), 1.0);
    assert_eq!(left(&|response| response.transfers[1..3].fill(30 * DAY)), 1.0);
    assert_eq!(left(&|response| response.transfers[1..3].fill(9 * DAY)), 11.0);
    // All are warned before the vote: opposition of 2 becomes 6, above 3.
    assert_eq!(left(&|response| response.warned.fill(5 * DAY)), 1.0);
    // One of three is warned: 2 becomes 3.33, above 3; with no warning before the vote nothing changes.
    assert_eq!(left(&|response| response.warned[0] = 5 * DAY), 1.0);
    assert_eq!(left(&|response| response.warned.fill(21 * DAY)), 11.0);
    // A warned victim heeds in 85 of 100 cases: over seeds, within five standard errors (false alarm 6e-7).
    let mut response = Response::nothing(&scene);
    response.warned[1] = 0;
    response.transfers[1..3].fill(NEVER);
    let robbed = (0..2_000).filter(|&seed| left_of(&scene, &response, seed) > 0.0).count() as f64;
    assert!((robbed - 300.0).abs() < 5.0 * (2_000.0_f64 * 0.15 * 0.85).sqrt(), "{robbed}");
}

#[test]
fn friction_counts_honest_acts_alone() {
    let (stream, injected) = small();
    let scene = Scene::new(&stream, &injected);
    let mut response = Response::nothing(&scene);
    assert_eq!(friction_of(&scene, &response), scene::Friction::default());
    response.messages[2..].fill(NEVER);
    response.transfers.fill(NEVER);
    assert_eq!(friction_of(&scene, &response).minutes, 0.0);
    // Two honest acts: one held for ten minutes, one refused.
    response.messages[0] = 600;
    response.messages[1] = NEVER;
    let friction = friction_of(&scene, &response);
    assert_eq!((friction.held, friction.refused), (500.0, 500.0));
    assert!((friction.minutes - 500.0 * (2.0 + 0.1 + 10.0)).abs() < 1e-9, "{}", friction.minutes);
}

#[test]
fn policies_hold_what_they_say() {
    let (stream, injected) = small();
    let scene = Scene::new(&stream, &injected);
    let respond = |name: &str| registry::find(name).unwrap().respond(&scene, Seed(3));
    // Links by accounts that are not known; nothing else.
    let quarantine = respond("link-quarantine");
    assert_eq!(
        quarantine.messages.iter().map(|&held| held > 0).collect::<Vec<_>>(),
        [false, true, true, false]
    );
    // Young accounts neither post links nor write about proposals; at 20 days with one message it is still refused.
    assert_eq!(respond("reputation-gate").messages, [0, NEVER, NEVER, NEVER]);
    // Nobody announces, so nothing waits for a second.
    assert_eq!(respond("two-person-announcements"), Response::nothing(&scene));
    // Votes given to a new delegate wait two weeks; tokens do not.
    assert_eq!(respond("delegate-cool-down").transfers, [0, 14 * DAY, 14 * DAY, 14 * DAY]);
    // One first payment of tokens is asked about.
    let asked = respond("payee-confirmation").transfers;
    assert!(asked[0] > 0 && asked[1..] == [0, 0, 0]);
    assert_eq!(respond("funding-screen"), Response::nothing(&scene));
}

#[test]
fn a_rate_limit_lets_so_many_through_an_hour() {
    let (mut stream, injected) = small();
    stream.messages.clear();
    // Of six messages in a second by a young account four pass and two wait an hour; an old one may write as many.
    stream.messages.extend(
        [1, 2].into_iter().flat_map(|author| (0..6).map(move |_| message(author, DAY, 1, "x", None))),
    );
    let injected = Injected { losses: Vec::new(), ..injected };
    let scene = Scene::new(&stream, &injected);
    let held = registry::find("rate-limit").unwrap().respond(&scene, Seed(0)).messages;
    assert_eq!(held, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, HOUR, HOUR]);
}

#[test]
fn links_are_seen() {
    for text in [
        "go to https://a.example",
        "free.claim.xyz/abc now",
        "(see docs.dao.example)",
        "t.me/some",
        "www.page.org!",
    ] {
        assert!(has_link(text), "{text}");
    }
    for text in ["hello there", "v3.0 is out. Good", "costs 3.50 or so", "well... ok", "0x1234", ""] {
        assert!(!has_link(text), "{text}");
    }
    assert!(has_link(&format!("0x{}", "a".repeat(40))));
}

#[test]
fn every_policy_conforms() {
    let names: BTreeSet<&str> = POLICIES.iter().map(|policy| policy.name()).collect();
    assert_eq!(names.len(), POLICIES.len());
    assert!(registry::find("no-such").unwrap_err().to_string().contains("`rate-limit`"));
    let mut stream = baseline(120, 30, Seed(1));
    let script = ATTACKS[0];
    let injected = inject(&mut stream, script, &Parameters::of(script), Seed(1)).unwrap();
    let scene = Scene::new(&stream, &injected);
    for policy in POLICIES {
        let card = policy.card();
        for text in [card.purpose, card.how, card.source, card.limits] {
            assert!(text.len() > 20, "{}", policy.name());
        }
        for name in card.against.iter().chain(card.blind_to) {
            crate::attack::registry::find(name).unwrap();
        }
        assert!(!card.against.is_empty() && !card.blind_to.is_empty(), "{}", policy.name());
        assert!(card.against.iter().all(|name| !card.blind_to.contains(name)), "{}", policy.name());
        let response = policy.respond(&scene, Seed(7));
        assert_eq!(response, policy.respond(&scene, Seed(7)), "{}", policy.name());
        assert_eq!(response.messages.len(), stream.messages.len());
        assert_eq!(response.transfers.len(), stream.transfers.len());
        assert_eq!(response.warned.len(), stream.accounts.len());
        assert!(
            response.messages.iter().chain(&response.transfers).all(|&held| held >= 0),
            "{}",
            policy.name()
        );
        for script in ATTACKS {
            let mut parameters = Parameters::of(*script);
            policy.provoke(&mut parameters);
            for (parameter, (_, value)) in script.parameters().iter().zip(parameters.values()) {
                assert!(
                    (parameter.low..=parameter.high).contains(&value),
                    "{} {}",
                    policy.name(),
                    parameter.name
                );
            }
        }
    }
}

/// Holds or refuses every act by chance, whatever it is.
#[derive(Debug)]
struct ByChance;

impl Policy for ByChance {
    fn name(&self) -> &'static str {
        "by-chance"
    }

    fn card(&self) -> Card {
        Card { purpose: "", how: "", against: &[], blind_to: &[], source: "", limits: "" }
    }

    fn respond(&self, scene: &Scene<'_>, seed: Seed) -> Response {
        let mut response = Response::nothing(scene);
        let mut draws = seed.stream("by chance");
        response.messages.iter_mut().filter(|_| draws.chance(0.05)).for_each(|held| *held = NEVER);
        response
    }
}

#[test]
fn a_policy_avoids_more_than_chance_and_sets_avoid_more_than_their_parts() {
    const POLICIES: &[&dyn Policy] =
        &[&ByChance, &link_quarantine::LinkQuarantine::DEFAULT, &rate_limit::RateLimit::DEFAULT];
    let lure = crate::attack::registry::find("airdrop-lure").unwrap();
    let funding = crate::attack::registry::find("sybil-funding").unwrap();
    let plan = Plan { attacks: &[lure, funding], policies: POLICIES, together: 2, campaigns: 20 };
    let streams = [baseline(300, 30, Seed(1)), baseline(300, 30, Seed(2))];
    let trials = run(&streams, &plan, Seed(5), &Run::default()).unwrap();
    assert_eq!(trials.sets.len(), 1 + 3 + 3);
    assert_eq!(trials.campaigns(0), 20);
    for attack in 0..2 {
        let none = trials.avoided(attack, 0);
        assert_eq!((none.mean, none.low, none.high), (0.0, 0.0, 0.0));
        for (set, parts) in trials.sets.iter().enumerate() {
            for part in parts.iter().filter_map(|&part| trials.set(&[part])) {
                assert!(trials.gain(attack, set, part).mean >= 0.0);
            }
        }
    }
    // Quarantine sees nine in ten of the lures that bear links; what refuses one message in twenty avoids about that.
    let (chance, quarantine) = (trials.avoided(0, 1), trials.avoided(0, 2));
    assert!(chance.mean < 0.25 && quarantine.mean > 0.2, "{chance:?} {quarantine:?}");
    assert!(trials.gain(0, 2, 1).low > 0.0);
    // Neither sees transfers.
    for set in 1..=3 {
        assert!(trials.avoided(1, set).holds(0.0), "{set}");
    }
    // On any number of threads the same.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let again = pool.install(|| run(&streams, &plan, Seed(5), &Run::default())).unwrap();
    assert_eq!(format!("{trials:?}"), format!("{again:?}"));
}

#[test]
fn a_hijack_robs_as_few_as_the_published_one_and_a_second_person_stops_it() {
    let script = crate::attack::registry::find("hijacked-announcement").unwrap();
    let before = baseline(2_000, 4, Seed(3));
    let set = [("stealth", 0.0), ("reach", 1.0), ("accounts", 1.0)];
    let parameters = Parameters::with(script, &set).unwrap();
    let policy = registry::find("two-person-announcements").unwrap();
    let (mut payers, mut whole, mut left) = (0.0, 0.0, 0.0);
    for seed in 0..30 {
        let mut stream = before.clone();
        let injected = inject(&mut stream, script, &parameters, Seed(seed)).unwrap();
        let scene = Scene::new(&stream, &injected);
        payers += injected.losses.len() as f64 / 30.0;
        whole += injected.losses.len() as f64;
        let response = policy.respond(&scene, Seed(seed));
        left += injected
            .losses
            .iter()
            .filter(|loss| {
                let one = Injected { losses: vec![(*loss).clone()], ..injected.clone() };
                left_of(&Scene::new(&stream, &one), &response, seed) > 0.0
            })
            .count() as f64;
    }
    // At most 1,571 of 94,000 members paid; a tenth of that would be no attack.
    let most = crate::attack::sizes::CONVERSION_AT_MOST * 2_000.0;
    assert!((most / 10.0..=most).contains(&payers), "{payers} of 2,000, at most {most}");
    assert!(left < 0.4 * whole, "{left} of {whole} payments are left");
}

#[test]
fn a_recommendation_is_bearable_and_says_why() {
    let stream = baseline(150, 24, Seed(4));
    let recommendation = recommend(&stream, 4, TOLERANCE, Seed(1), &Run::default()).unwrap();
    let trials = &recommendation.trials;
    let minutes = trials.friction(recommendation.chosen, |friction| friction.minutes).mean;
    assert!(!recommendation.policies().is_empty() && minutes <= TOLERANCE, "{minutes}");
    let section = recommendation.section();
    assert_eq!(section.id, "mitigation");
    assert!(recommendation.reasons.len() >= POLICIES.len());
    // Of a long stream the end is played in: its answers point to the same messages, its transfers are of the same time.
    let end = recommend::recent(&stream, 100);
    let from = stream.messages.len() - 100;
    for (new, old) in end.messages.iter().zip(&stream.messages[from..]) {
        let kept = old.reply_to.filter(|&asked| asked as usize >= from);
        assert_eq!(
            new.reply_to.map(|asked| &end.messages[asked as usize].text),
            kept.map(|asked| &stream.messages[asked as usize].text)
        );
    }
    assert!(end.transfers.len() < stream.transfers.len() && end.transfers[0].at >= end.messages[0].at);
    assert_eq!(recommend::recent(&stream, 1_000_000), stream);
    // Where records have neither texts nor payments, others stand in, about as many.
    assert_eq!(recommendation.stand_ins, StandIns::default());
    let mut bare = stream.clone();
    bare.transfers.clear();
    bare.assets.clear();
    bare.messages.iter_mut().for_each(|message| message.text.clear());
    assert_eq!(stand_in::stand_in(&mut bare, Seed(3)), StandIns { texts: true, payments: true });
    assert!(bare.messages.iter().all(|message| !message.text.is_empty()));
    let (paid, usual) = (bare.transfers.len() as f64, stream.transfers.len() as f64);
    assert!((0.4..2.5).contains(&(paid / usual)), "{paid} against {usual}");
    let (first, last) = (bare.messages[0].at, bare.messages.last().unwrap().at);
    assert!(bare.transfers.iter().all(|row| row.from != row.to && (first..=last).contains(&row.at)));
    // Nothing is bearable but nothing.
    let none = recommend::told(trials.clone(), recommend::choose(trials, 0.0), 0.0, StandIns::default());
    assert!(none.trials.friction(none.chosen, |friction| friction.minutes).mean == 0.0);
    let error = run(
        &[],
        &Plan { attacks: ATTACKS, policies: POLICIES, together: 1, campaigns: 1 },
        Seed(0),
        &Run::default(),
    );
    assert_eq!(error.unwrap_err().to_string().lines().count(), 2);
}
