//! The conformance suite: one suite over every synthesizer of the registry.
//!
//! The checks are tried on broken synthesizers too, so that a check that finds nothing is found.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests write files in part on purpose")]
#![expect(clippy::print_stdout, reason = "tests say what they skip")]

#[path = "../common/cancel.rs"]
mod cancel;
mod checks;
mod controls;
mod histories;
mod memory;
mod parted;

use checks::CHECKS;
use daotwin_generators::registry;
use daotwin_history::synthesizer::Synthesizer;

/// Runs a check on the sound control and on every registered model.
fn conforms(check: &str) {
    let (_, run) = CHECKS.iter().find(|(name, _)| *name == check).unwrap();
    let sound: &'static dyn Synthesizer = &controls::SOUND;
    let mut problems = Vec::new();
    for model in [sound].into_iter().chain(registry::SYNTHESIZERS.iter().copied()) {
        if let Err(problem) = run(model) {
            problems.push(format!("`{}`: {problem}", model.name()));
        }
    }
    assert!(problems.is_empty(), "{check}:\n{}", problems.join("\n"));
}

macro_rules! suite {
    ($($test:ident => $check:literal,)+) => {
        $(#[test]
        fn $test() {
            conforms($check);
        })+

        #[test]
        fn every_check_is_run() {
            let run = [$($check),+];
            let known: Vec<&str> = CHECKS.iter().map(|(name, _)| *name).collect();
            assert_eq!(run.as_slice(), known.as_slice());
        }
    };
}

suite! {
    a_card_says_what_for_from_where_and_where_not => "card",
    samples_keep_schema_and_rules => "schema",
    the_same_seed_gives_the_same_bytes_on_any_threads => "threads",
    what_is_saved_is_what_was_learned => "folder",
    the_size_asked_for_is_the_size_given => "size",
    hostile_histories_are_learned_or_refused => "hostile",
    hostile_histories_are_learned_or_refused_privately => "private hostile",
    damaged_twins_are_refused => "damaged",
    private_fits_are_paid_for => "budget",
    cancelled_within_a_second => "cancel",
    progress_is_reported => "progress",
    memory_is_as_declared => "memory",
}

/// What holds for a twin holds for one whose parts are drawn by models of tables. Hostile Histories are tried on
/// the quickest of them: what they break lies in the twin's part, not in the models, which have a suite of their
/// own.
#[test]
fn twins_with_models_of_parts_conform() {
    let checks: [(&'static dyn Synthesizer, &[&str]); 3] = [
        (&parted::MIXTURE, &["schema", "threads", "folder", "size", "hostile"]),
        (&parted::FOREST, &["schema", "threads", "folder"]),
        (&parted::AUTOREGRESSIVE, &["schema", "threads", "folder"]),
    ];
    for (model, names) in checks {
        for check in names {
            let (_, run) = CHECKS.iter().find(|(name, _)| name == check).unwrap();
            assert_eq!(run(model), Ok(()), "{check}");
        }
    }
}

#[test]
fn each_broken_synthesizer_is_caught() {
    for (fault, check) in controls::BROKEN {
        let (_, run) = CHECKS.iter().find(|(name, _)| name == check).unwrap();
        let model = controls::find(fault).unwrap();
        assert!(run(model).is_err(), "check `{check}` does not catch `{fault}`");
    }
}

#[test]
fn names_are_unique_and_found() {
    let mut names: Vec<&str> = registry::SYNTHESIZERS.iter().map(|model| model.name()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    for name in names {
        assert_eq!(registry::find(name).map(daotwin_history::synthesizer::Synthesizer::name), Some(name));
    }
    assert!(registry::find("no such model").is_none());
}
