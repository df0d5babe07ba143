//! Models of simulated traffic.

use std::sync::Arc;

use daotwin_core::{Run, Seed};

use super::*;
use crate::chain::Machine;
use crate::traffic::benign;
use crate::traffic::session::uint;
use crate::traffic::site;
use crate::traffic::voting::address_of;
use crate::traffic::{Recording, Session};
use crate::world::World;

fn traffic(world: &World, seed: u64) -> Recording {
    let history = benign::test::history(&mut Seed(seed).stream("history"), 12, 20);
    benign::play(&history, world, &benign::Options::default(), &Run::default()).unwrap().recording
}

/// An attacker with most of the votes: what is left to find is the order, the values and the times.
fn prey(world: &World) -> (World, Address) {
    let attacker = address_of("attacker");
    let token = world.contracts[0].address;
    let mut session = Session::new(world);
    session.set_clock(world.state.block + 1, world.state.time + 12);
    let arguments = vec![DynSolValue::Address(attacker), uint(U256::from(1_000_000))];
    session.send(address_of("deployer"), token, "mint(address,uint256)", arguments).unwrap().unwrap();
    (World { state: Arc::clone(&session.state), ..world.clone() }, attacker)
}

/// Calls until a proposal of the attacker's takes effect, at paths of twelve calls that go well; none within so many.
fn calls_to_takeover(world: &World, model: &Arc<Model>, seed: u64, most: u64) -> Option<u64> {
    let (world, attacker) = prey(world);
    let bound = model.bind(&world).unwrap();
    let mut machine = Machine::new(world.fork);
    let mut stream = Seed(seed).stream("walk");
    let mut calls = 0;
    while calls < most {
        let mut state = Arc::clone(&world.state);
        let mut path: Vec<Past> = Vec::new();
        let mut tried = 0;
        while path.len() < 12 && tried < 60 && calls < most {
            let context = Context {
                path: &path,
                state: &state,
                senders: &[attacker],
                balances: &[U256::from(1_000_000)],
                constants: &[],
                payloads: &[],
            };
            let step = bound.next(&context, &mut stream).unwrap();
            calls += 1;
            tried += 1;
            let ran = step.run(&mut machine, &state).unwrap();
            if !ran.outcome.success() {
                continue;
            }
            let done = step.function.as_ref().is_some_and(|function| function.name() == "execute")
                && step.to == world.contracts.last().unwrap().address;
            if done {
                return Some(calls);
            }
            let answers = crate::traffic::decoded(&step, &ran.outcome.output);
            let past = Past { answers, block: ran.before.block, time: ran.before.time, step: step.clone() };
            state = ran.after(&step);
            path.push(past);
        }
    }
    None
}

fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}

#[test]
fn what_was_seen_is_learned() {
    let world = site::governor((1, 7_200, 10, 4, Some(172_800)));
    let model = Model::fit(&[traffic(&world, 1)], "a made population on OpenZeppelin's Governor");
    let (propose, cast) = ("propose(address[],uint256[],bytes[],string)", "castVote(uint256,uint8)");
    let queue = "queue(address[],uint256[],bytes[],bytes32)";
    assert!(model.follows(propose, cast) >= 10.0);
    assert!(model.follows(cast, queue) >= 6.0);
    assert!(model.follows(queue, propose) < 6.0);
    let origins = |signature: &str, place: usize, class: Class| model.origin(signature, place, class);
    let votes = Class::ALL.iter().map(|class| origins(cast, 0, *class)).sum::<f64>();
    assert!((origins(cast, 0, Class::Returned) - votes).abs() < 1e-9 && votes > 100.0);
    assert!(origins(queue, 0, Class::Same) >= 6.0 && origins(queue, 3, Class::Hashed) >= 6.0);
    let text = model.to_json().unwrap();
    assert_eq!(Model::from_json(&text).unwrap(), model);
    assert!(!text.contains("member "), "nothing of any call");
}

#[test]
fn hostile_models_are_refused() {
    let world = site::governor((1, 7_200, 10, 4, Some(172_800)));
    let model = Model::fit(&[traffic(&world, 1)], "made");
    let text = model.to_json().unwrap();
    for (from, to) in [
        ("\"version\":1", "\"version\":9"),
        ("\"symbol\":0", "\"symbol\":60000"),
        ("\"calls\":[", "\"calls\":[1.0,"),
        ("\"before\":0", "\"before\":999"),
    ] {
        let wrong = text.replacen(from, to, 1);
        assert_ne!(wrong, text);
        let told = Model::from_json(&wrong).unwrap_err().to_string();
        assert!(told.starts_with("a model of traffic: "), "{told}");
    }
    assert!(Model::from_json("[1]").is_err());
}

/// Learned on one governor, another is taken in fewer calls, and the same stream gives the same calls.
#[test]
fn what_is_learned_on_one_governor_helps_on_another() {
    let learned_on = site::governor((1, 7_200, 10, 4, Some(172_800)));
    let model = Arc::new(Model::fit(&[traffic(&learned_on, 1)], "made"));
    let nothing = Arc::new(Model::fit(&[], "nothing"));
    let most = 60_000;
    for (name, world) in [
        ("OpenZeppelin, other numbers", site::governor((5, 300, 0, 10, Some(3_600)))),
        ("Bravo", site::compound("GovernorBravo", (3, 500, 10, 400, Some(7_200)))),
        ("Alpha", site::compound("GovernorAlpha", (1, 900, 10, 400, Some(86_400)))),
    ] {
        let calls = |model: &Arc<Model>| -> Vec<u64> {
            (0..5).map(|seed| calls_to_takeover(&world, model, seed, most).unwrap_or(most)).collect()
        };
        let (with, without) = (calls(&model), calls(&nothing));
        println!("{name}: {with:?} calls with the model, {without:?} without");
        assert!(3 * median(with.clone()) <= median(without), "{name}");
        assert_eq!(calls(&model), with);
    }
}

/// A private fit with noise of the system charges its account first, claims what it was charged, and is refused beyond that.
#[test]
fn private_fits_are_charged() {
    use daotwin_privacy::ledger::Unit;
    use daotwin_privacy::{Account, Budget, Ledger};
    let world = site::governor((1, 7_200, 10, 4, Some(172_800)));
    let functions: Vec<_> =
        world.contracts.iter().flat_map(|deployed| deployed.contract.functions.clone()).collect();
    let recording = {
        let history = benign::test::history(&mut Seed(4).stream("history"), 12, 200);
        benign::play(&history, &world, &benign::Options::default(), &Run::default()).unwrap().recording
    };
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger");
    let account = Account::new("dao", Unit::Member).unwrap();
    Ledger::create(&ledger).unwrap().register(&account, Budget::new(4.0, 1e-6).unwrap()).unwrap();
    let settings =
        PrivateSettings { ledger, account: "dao".to_owned(), epsilon: 4.0, ..PrivateSettings::default() };
    let fit = |settings: &PrivateSettings| {
        Model::fit_private(std::slice::from_ref(&recording), &functions, "made", settings)
    };
    let private = fit(&settings).unwrap();
    assert_eq!(private.model.privacy, Some((4.0, 1e-6)));
    assert_eq!(private.statement.claim.as_ref().map(|claim| claim.epsilon), Some(4.0));
    // Votes of hundreds of members stand far above the noise; nothing of any call is in it.
    let cast = "castVote(uint256,uint8)";
    assert!(private.model.origin(cast, 0, Class::Returned) > 50.0);
    let text = private.model.to_json().unwrap();
    assert!(!text.contains("member "));
    assert_eq!(Model::from_json(&text).unwrap(), private.model);
    // Another fit, with another seed of noise, is another charge: nothing is left for it.
    let other = PrivateSettings { calls: 4, ..settings };
    let told = fit(&other).unwrap_err();
    assert_eq!(told.kind(), daotwin_core::ErrorKind::Budget, "{told}");
}

/// A private fit of a large population has the same order of acts; noise for tests.
#[test]
fn private_fits_keep_the_order() {
    let world = site::governor((1, 7_200, 10, 4, Some(172_800)));
    let functions: Vec<_> =
        world.contracts.iter().flat_map(|deployed| deployed.contract.functions.clone()).collect();
    let recording = {
        let history = benign::test::history(&mut Seed(3).stream("history"), 30, 400);
        benign::play(&history, &world, &benign::Options::default(), &Run::default()).unwrap().recording
    };
    let settings = PrivateSettings { epsilon: 4.0, test_noise: Some(Seed(1)), ..PrivateSettings::default() };
    let private =
        Model::fit_private(std::slice::from_ref(&recording), &functions, "made", &settings).unwrap();
    assert_eq!(private.statement.claim, None);
    let (propose, cast) = ("propose(address[],uint256[],bytes[],string)", "castVote(uint256,uint8)");
    assert!(private.model.follows(propose, cast) > private.model.follows(cast, propose));
    assert!(private.model.origin(cast, 0, Class::Returned) > 100.0);
    // Tables hold members, of whom there are so many and a few more.
    assert!(private.model.seen() < 420.0 * 12.0);
    let none = PrivateSettings { calls: 0, ..settings };
    assert!(Model::fit_private(&[recording], &functions, "made", &none).is_err());
}
