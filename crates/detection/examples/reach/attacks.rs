//! Every attack in communities that the model never saw, one campaign in each, some of families that it was not shown.
//!
//! Precision is the share of alerts that are of the campaign, pooled over all communities with this attack; alerts are at most
//! one in 1,000 messages (and one at the start). A campaign is found within a share of it: the acts since the first that is
//! harmful (what only builds trust counts as before) that had passed at its first alert, over all such acts.

use std::collections::BTreeSet;

use daotwin_community::attack::{ATTACKS, Family};
use daotwin_community::stream::{Stream, baseline};
use daotwin_core::Seed;
use daotwin_core::statistics::quantile;
use daotwin_detection::event::events;
use daotwin_detection::measure::{average_precision, precision_at, time_to_detection};
use daotwin_detection::model::Model;
use daotwin_detection::registry;
use daotwin_detection::training::{Plan, attacked, streams};
use daotwin_detection::watch::{Seen, Watch};

use crate::{Table, head};

/// Alerts a thousand messages.
const BUDGET: f64 = 1.0;
/// Communities of each attack.
const EACH: u64 = 12;

/// Families that are kept out of training. Neither is told by a sign that the trees are given by hand
/// (`boosting`'s look-alike links, names and addresses), so that what is found of them is carried over from other families.
const NOT_SHOWN: [Family; 2] = [Family::Lure, Family::Bribery];

/// What a model did with communities of one attack.
#[derive(Default)]
struct Done {
    right: f64,
    alerts: f64,
    acts: f64,
    shares: Vec<f64>,
    /// Of campaigns that were found, hours from the first harmful act to the first alert.
    hours: Vec<f64>,
    scores: Vec<f64>,
    labels: Vec<bool>,
}

fn judge(model: &Model, stream: &Stream, harmful_from: i64, done: &mut Done) {
    let mut watch = Watch::new(model, BUDGET).unwrap();
    // Alerts on what only builds trust count as alerts on the first harmful act.
    let (mut harmful, mut early) = (Vec::new(), false);
    for (event, label) in events(stream) {
        let seen = watch.see(&event);
        done.scores.push(watch.score());
        done.labels.push(label.malicious());
        let alert = matches!(seen, Seen::New(_));
        done.alerts += f64::from(u8::from(alert));
        done.right += f64::from(u8::from(alert && label.malicious()));
        if label.malicious() && event.at >= harmful_from {
            harmful.push((event.at, label.campaign, alert || early));
            early = false;
        } else if label.malicious() {
            early |= alert;
        }
        done.acts += 1.0;
    }
    for found in time_to_detection(harmful) {
        done.shares.push(found.act_share.unwrap_or(1.0));
        done.hours.extend(found.seconds.map(|seconds| seconds as f64 / 3_600.0));
    }
}

/// All attacks, or those of the families that were not shown alone.
fn all(table: &mut Table, method: &str, without: &[Family], strict: bool) {
    let plan = Plan { without: without.to_vec(), ..Plan::default() };
    let train = streams(&plan, None, Seed(1)).unwrap();
    let held = streams(&Plan { streams: 12, ..plan }, None, Seed(2)).unwrap();
    let model = Model::train(registry::find(method).unwrap(), &train, &held, Seed(3)).unwrap();
    let names: Vec<&str> = without.iter().map(|family| family.name()).collect();
    head(&format!(
        "attacks: `{method}`, not shown: {}",
        if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
    ));
    for script in ATTACKS {
        if !strict && !without.contains(&script.card().family) {
            continue;
        }
        let mut done = Done::default();
        for seed in 0..EACH {
            let seed = Seed(1_000_000 + 1_000 * seed);
            let (stream, injected) = attacked(baseline(300, 60, seed), &[*script], seed).unwrap();
            judge(&model, &stream, injected[0].harmful_from, &mut done);
        }
        let fresh = if without.contains(&script.card().family) { ", family not shown" } else { "" };
        let name = format!("{}{fresh}", script.name());
        let bar = |asked: f64| strict.then_some(asked);
        table.say(
            &format!("{name}: precision of {} alerts", done.alerts),
            done.right / f64::max(done.alerts, 1.0),
            bar(0.8),
        );
        let median = quantile(&done.shares, 0.5);
        let within =
            done.shares.iter().filter(|&&share| share <= 0.1).count() as f64 / done.shares.len() as f64;
        if strict {
            table.most(&format!("{name}: share of the campaign at the first alert, median"), median, 0.1);
            table.most(
                &format!("{name}: alerts a thousand acts"),
                1000.0 * done.alerts / done.acts,
                BUDGET + 1000.0 * EACH as f64 / done.acts,
            );
        } else {
            table.say(&format!("{name}: share of the campaign at the first alert, median"), median, None);
        }
        table.say(&format!("{name}: campaigns found within a tenth"), within, None);
        table.say(
            &format!(
                "{name}: hours from the first harmful act to the first alert, median of {} found",
                done.hours.len()
            ),
            quantile(&done.hours, 0.5),
            None,
        );
        table.say(
            &format!(
                "{name}: average precision of acts, base rate {:.4}",
                done.labels.iter().filter(|&&label| label).count() as f64 / done.acts
            ),
            average_precision(&done.scores, &done.labels),
            None,
        );
        table.say(
            &format!("{name}: precision of the highest one in a thousand"),
            precision_at(&done.scores, &done.labels, BUDGET),
            None,
        );
    }
}

pub(crate) fn run(table: &mut Table) {
    all(table, "boosting", &NOT_SHOWN, true);
}

/// Each family left out in turn, and what is found of it. Nothing is asked.
pub(crate) fn families(table: &mut Table) {
    let all_families: BTreeSet<Family> = ATTACKS.iter().map(|script| script.card().family).collect();
    for family in all_families {
        all(table, "boosting", &[family], false);
    }
}
