//! Policies against attacks: harm avoided beside friction, with paired intervals, in communities that are nobody's.
//!
//! `cargo run --release -p daotwin-community --example mitigation [-- CAMPAIGNS]` (30 without a number). Prints every figure
//! beside what was asked, and exits 1 where a bound is broken.

#![expect(clippy::print_stdout, reason = "an example talks to people")]

use daotwin_community::attack::ATTACKS;
use daotwin_community::mitigation::scene::Friction;
use daotwin_community::mitigation::trial::{Plan, run};
use daotwin_community::mitigation::{
    Card, Interval, NEVER, POLICIES, Policy, Response, Scene, TOLERANCE, recommend,
};
use daotwin_community::stream::{Stream, baseline};
use daotwin_core::{Run, Seed};

/// The control: refuses one message in fifty by chance, whatever it is.
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
        response.messages.iter_mut().filter(|_| draws.chance(0.02)).for_each(|held| *held = NEVER);
        response
    }
}

fn percent(share: Interval) -> String {
    format!(
        "{:>4.0} [{:>4.0},{:>4.0}]",
        100.0 * share.mean,
        100.0 * share.low.max(-1.0),
        100.0 * share.high.min(1.0)
    )
}

fn main() -> Result<(), daotwin_community::Error> {
    let campaigns = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(30);
    let streams: Vec<Stream> = (0..6).map(|seed| baseline(600, 45, Seed(100 + seed))).collect();
    let mut policies: Vec<&'static dyn Policy> = POLICIES.to_vec();
    policies.push(&ByChance);
    let plan = Plan { attacks: ATTACKS, policies: &policies, together: 2, campaigns };
    let trials = run(&streams, &plan, Seed(6), &Run::default())?;
    let single = |place: usize| trials.set(&[place]).unwrap_or(0);
    let mut broken = Vec::new();

    println!(
        "share of harm avoided, in per cent with 95 % intervals; {campaigns} campaigns of each attack that harm"
    );
    print!("{:<26}{:>9}{:>10}", "", "harm", "drawn");
    policies.iter().for_each(|policy| print!("{:>18}", policy.name().chars().take(17).collect::<String>()));
    println!();
    for (attack, name) in trials.attacks.iter().enumerate() {
        print!(
            "{name:<26}{:>9.1}{:>4} of{:>4}",
            trials.harm(attack),
            trials.campaigns(attack),
            trials.drawn[attack]
        );
        (0..policies.len())
            .for_each(|place| print!("{:>18}", percent(trials.avoided(attack, single(place)))));
        println!();
    }
    println!("\nthe same where the attacker knows of the policy and changes its campaign");
    for (attack, name) in trials.attacks.iter().enumerate() {
        print!("{name:<49}");
        (0..policies.len()).for_each(|place| print!("{:>18}", percent(trials.adapted(attack, place))));
        println!();
    }
    println!(
        "\nfriction for 1,000 honest acts: held, refused, hours waited, false alarms read, minutes of members; harm avoided"
    );
    for (place, policy) in policies.iter().enumerate() {
        let figure = |figure: fn(&Friction) -> f64| trials.friction(single(place), figure).mean;
        let minutes = trials.friction(single(place), |friction| friction.minutes);
        println!(
            "{:<26}{:>8.1}{:>8.1}{:>8.1}{:>8.1}{:>8.1} [{:.1},{:.1}]   {}",
            policy.name(),
            figure(|friction| friction.held),
            figure(|friction| friction.refused),
            figure(|friction| friction.hours),
            figure(|friction| friction.notices),
            minutes.mean,
            minutes.low,
            minutes.high,
            percent(trials.overall(single(place))),
        );
    }

    println!("\nfigure | reached | asked");
    let mut check = |name: String, reached: String, asked: &str, holds: bool| {
        println!("{name} | {reached} | {asked}{}", if holds { "" } else { "  BROKEN" });
        if !holds {
            broken.push(name);
        }
    };
    for (attack, name) in trials.attacks.iter().enumerate() {
        let none = trials.avoided(attack, 0);
        check(format!("no policy against {name}"), percent(none), "0", none.mean == 0.0 && none.high == 0.0);
        let enough = trials.campaigns(attack) * 2 >= campaigns;
        let count = format!("{}", trials.campaigns(attack));
        check(format!("campaigns of {name} that harm"), count, "half of those asked for or more", enough);
    }
    let names = |of: &'static str| trials.attacks.iter().position(|name| *name == of);
    for (place, policy) in POLICIES.iter().enumerate() {
        let card = policy.card();
        for blind in card.blind_to.iter().filter_map(|name| names(name)) {
            let avoided = trials.avoided(blind, single(place));
            let name = format!("{} against {} (control)", policy.name(), trials.attacks[blind]);
            check(name, percent(avoided), "0 within the interval", avoided.holds(0.0));
        }
        // Against the first attack that it is made for; beside it what refusing by chance does.
        if let Some(first) = card.against.first().and_then(|name| names(name)) {
            let avoided = trials.avoided(first, single(place));
            let name = format!("{} against {}", policy.name(), trials.attacks[first]);
            check(name, percent(avoided), "above 0 by the interval", avoided.low > 0.0);
            let gain = trials.gain(first, single(place), single(POLICIES.len()));
            let chance = trials.avoided(first, single(POLICIES.len()));
            println!("  (by chance {}; over chance, paired, {})", percent(chance), percent(gain));
        }
    }
    for (set, parts) in trials.sets.iter().enumerate().filter(|(_, parts)| parts.len() == 2) {
        let worse =
            (0..trials.attacks.len()).flat_map(|attack| parts.iter().map(move |part| (attack, *part)));
        let worse: Vec<f64> =
            worse.map(|(attack, part)| trials.gain(attack, set, single(part)).mean).collect();
        let least = worse.into_iter().fold(f64::INFINITY, f64::min);
        if least < 0.0 {
            check(
                format!("policies {parts:?} together over each alone"),
                format!("{least:.3}"),
                "0 or more",
                false,
            );
        }
    }

    let recommendation = recommend(&streams[0], campaigns.min(20), TOLERANCE, Seed(7), &Run::default())?;
    println!("\nrecommended in the first of these communities: {}", recommendation.policies().join(", "));
    recommendation.reasons.iter().for_each(|reason| println!("- {reason}"));
    let set = recommendation.chosen;
    let minutes = recommendation.trials.friction(set, |friction| friction.minutes).mean;
    check(
        "friction of what is recommended".to_owned(),
        format!("{minutes:.0}"),
        "250 or less",
        minutes <= TOLERANCE,
    );
    let overall = recommendation.trials.overall(set);
    check("harm that it avoids".to_owned(), percent(overall), "above 0 by the interval", overall.low > 0.0);
    if !broken.is_empty() {
        println!("\nbroken: {}", broken.join("; "));
        std::process::exit(1);
    }
    Ok(())
}
