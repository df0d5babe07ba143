//! The conformance suite of the synthesizers of tables: one suite over the whole registry.
//!
//! The checks are tried on broken synthesizers too, so that a check that finds nothing is found.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests write files in part on purpose")]
#![expect(clippy::print_stdout, reason = "tests say what they skip")]

#[path = "../common/cancel.rs"]
mod cancel;
mod checks;
mod controls;
mod frames;

use checks::CHECKS;
use daotwin_generators::table::registry::{self, TABLE_SYNTHESIZERS};
use daotwin_history::frame::synthesizer::TableSynthesizer;

/// Runs a check on every registered model.
fn conforms(check: &str) {
    let (_, run) = CHECKS.iter().find(|(name, _)| *name == check).unwrap();
    let mut problems = Vec::new();
    for &model in TABLE_SYNTHESIZERS {
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
    samples_keep_columns_and_ranges => "schema",
    the_same_seed_gives_the_same_bytes_on_any_threads => "threads",
    what_is_saved_is_what_was_learned => "folder",
    every_row_meets_the_conditions => "conditions",
    hostile_tables_are_learned_or_refused => "hostile",
    damaged_models_are_refused => "damaged",
    unknown_settings_are_refused => "settings",
    cancelled_within_a_second => "cancel",
    an_interrupted_fit_ends_the_same => "resume",
    progress_is_reported => "progress",
    densities_add_up => "density",
    memory_is_as_declared => "memory",
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
    let mut names: Vec<&str> = TABLE_SYNTHESIZERS.iter().map(|model| model.name()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    for name in names {
        assert_eq!(registry::find(name).map(TableSynthesizer::name), Some(name));
    }
    assert!(registry::find("no such model").is_none());
}
