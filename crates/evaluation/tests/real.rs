//! The metrics on real DAOs: what is real passes, what is not is seen.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a helper of a test fails as the test does, and says what it skips"
)]

mod shared;

use daotwin_core::{Run, Seed};
use daotwin_evaluation::context::{Context, Trial};
use daotwin_evaluation::detection::separation;
use daotwin_evaluation::evaluation::evaluate_dao;
use daotwin_evaluation::fidelity::marginals::total_variation;
use daotwin_evaluation::forecast::forecast;
use daotwin_evaluation::privacy::{membership, nearest};
use daotwin_evaluation::rows::{COLUMNS, Rows};
use daotwin_evaluation::{Options, metric, variants};
use daotwin_history::view::DaoView;

fn dao(name: &str) -> Option<DaoView> {
    Some(DaoView::one(&shared::governance_core()?, Some(name)).unwrap())
}

#[test]
fn trees_tell_independent_columns_but_not_resampled_members() {
    let Some(view) = dao("ens-governor") else { return };
    let real = Rows::of(&view);
    assert_eq!((real.len(), real.columns.len()), (view.votes.len(), COLUMNS.len()));
    let run = Run::default();
    let area = |other: &DaoView| {
        separation(&real, &Rows::of(other), 8_000, Seed(1), &run)
            .unwrap()
            .map(|area| area.max(1.0 - area))
            .unwrap()
    };
    let naive = area(&variants::independent_columns(&view, Seed(1)));
    let copies = area(&variants::bootstrap(&view, Seed(1)));
    println!("independent columns {naive:.3}, members resampled {copies:.3}");
    assert!(naive > 0.8, "{naive}");
    assert!(copies < 0.65, "{copies}");
}

#[test]
fn marginals_rank_halves_before_independent_columns() {
    let Some(view) = dao("compound-bravo") else { return };
    let (first, second) = variants::halves(&view, Seed(1));
    let halves = total_variation(&Rows::of(&first), &Rows::of(&second));
    let naive = total_variation(&Rows::of(&view), &Rows::of(&variants::independent_columns(&view, Seed(1))));
    println!("halves {halves:?}, independent columns {naive:?}");
    assert_eq!(total_variation(&Rows::of(&view), &Rows::of(&view)), [0.0; 3]);
    assert!(halves[2] < naive[2], "three columns at a time see what one does not");
    assert!(naive[0] < naive[1] && naive[1] < naive[2]);
}

#[test]
fn membership_is_read_off_a_copy_and_not_off_other_people() {
    let Some(view) = dao("decentraland") else { return };
    let (train, rest) = variants::halves(&view, Seed(1));
    let (holdout, others) = variants::halves(&rest, Seed(2));
    let leak = Trial { synthetic: train.clone(), train: train.clone(), holdout: rest };
    let leaked = membership::attack(&leak).unwrap();
    // The synthetic side are people that are neither in training nor in the holdout.
    let honest = Trial { train, holdout, synthetic: others };
    let attack = membership::attack(&honest).unwrap();
    println!("leak {leaked:?}, other people {attack:?}");
    assert!(leaked.area >= 0.9, "{leaked:?}");
    // About 1300 members against 320: standard deviation of the area below 0.018; five of them.
    assert!((attack.area - 0.5).abs() < 0.09, "{attack:?}");
    assert!(nearest::share(&leak).unwrap().0 > 0.9);
    assert!((nearest::share(&honest).unwrap().0 - 0.5).abs() < 0.12);
}

#[test]
fn the_real_dao_itself_is_faithful_useful_and_a_copy() {
    let Some(history) = shared::governance_core() else { return };
    let view = DaoView::one(&history, Some("compound-bravo")).unwrap();
    let options = Options { replicates: 60, max_rows: 8_000, ..Options::default() };
    let samples = [view.clone()];
    let context = Context::new(&view, &samples, None, &samples, None, &options);
    let started = std::time::Instant::now();
    let own = evaluate_dao(&context, &Run::default()).unwrap();
    println!("evaluated in {:?}", started.elapsed());
    for score in &own.scores {
        println!("{:38} {:.3} {:?} {:?}", score.id, score.value, score.outcome, score.references);
    }
    assert_eq!(own.facts_outside(), 0);
    assert!(own.score("detection.trees.auc").unwrap().value < 0.55);
    for question in ["next_voter", "choice"] {
        let score = own.score(&format!("utility.{question}")).unwrap();
        assert_eq!(score.value, score.references[0].1, "train on synthetic is train on real here");
    }
    let next = own.score("utility.next_voter").unwrap();
    assert!(next.value > 0.7, "{next:?}");
    let copies = own.score("privacy.copies.records").unwrap();
    assert!(copies.value > 0.3 && copies.outcome == daotwin_core::document::Outcome::Bad, "{copies:?}");
    // Without a holdout or the model, attacks on members say why they are missing.
    let missing: Vec<&str> = own.skipped.iter().map(|(id, _)| id.as_str()).collect();
    assert!(
        missing.contains(&"privacy.membership.auc") && missing.contains(&"privacy.shadow.auc"),
        "{missing:?}"
    );
    assert_eq!(own.scores.len() + own.skipped.len(), metric::ids().len());
    let foretold = forecast(&view, &samples).unwrap();
    assert!(foretold.iter().all(|figure| figure.truth == figure.range.1));

    let naive = [variants::independent_columns(&view, Seed(1))];
    let context = Context::new(&view, &naive, None, &[], None, &options);
    let naive = evaluate_dao(&context, &Run::default()).unwrap();
    assert!(naive.facts_outside() > 3, "{:?}", naive.facts);
    assert!(naive.score("detection.trees.auc").unwrap().value > 0.8);
    assert_eq!(
        naive.score("privacy.copies.rows").unwrap().outcome,
        daotwin_core::document::Outcome::Good,
        "independent columns are not accused of copying"
    );
}
