//! The synthesizers of tables that users can name.

use std::path::Path;

use daotwin_core::Run;
use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{FittedTable, TableSynthesizer};
use daotwin_history::synthesizer::{Failure, PrivacyOptions};
use daotwin_privacy::Budget;

use super::files;
use crate::error::Error;

/// Every synthesizer of tables, in the order in which they are listed.
pub const TABLE_SYNTHESIZERS: &[&dyn TableSynthesizer] = &[
    &super::independent::Independent,
    &super::trees::Trees,
    &super::forest::Forest,
    &super::mixture::Mixture,
    &super::copula::Copula,
    &super::marginals::Strategy::Mst,
    &super::marginals::Strategy::Aim,
    &super::marginals::Strategy::AimGrem,
    &super::autoregressive::Autoregressive,
    &super::vae::Vae,
    &super::gan::Gan,
    &super::diffusion::Diffusion,
    &super::diffusion::TabDdpm,
];

/// The synthesizer with this name.
pub fn find(name: &str) -> Option<&'static dyn TableSynthesizer> {
    TABLE_SYNTHESIZERS.iter().copied().find(|synthesizer| synthesizer.name() == name)
}

/// Reads a model's folder, whichever model it holds.
///
/// # Errors
/// A folder that is no model of a table, and the errors of that model's own reader.
pub fn load(folder: &Path, run: &Run) -> Result<Box<dyn FittedTable>, Failure> {
    let model = files::read_manifest(folder, run)?.synthesizer;
    let known = || Error::NotATable {
        path: folder.to_path_buf(),
        reason: "its manifest names a `synthesizer` that is not known".to_owned(),
    };
    let inner = find(&model).ok_or_else(known)?.load(folder, run)?;
    super::constrained::wrap(folder, inner, run)
}

/// Below so many rows, without a guarantee to keep, `trees` gives rows away: of 200 rows of three tables its membership
/// attack reaches 0.53 to 0.55, that of `copula` 0.51 to 0.52 (`cargo xtask matrix choices few`).
const FEW_ROWS: usize = 300;

/// From more columns on, `mst` is closer to a table than `aim` where each column's zCDP is below the second number:
/// `aim` spends on choosing among very many pairs what it then lacks for measuring them. (Distance of triples at epsilon 1
/// and delta 1e-9, `mst` and `aim`: 48 columns 0.340 and 0.335; 96 columns 0.364 and 0.347; 192 columns 0.391 and 0.402,
/// in a twentieth of the time: `cargo xtask matrix choices many`.)
const MANY_COLUMNS: (usize, f64) = (128, 1.8e-4);

/// The model for a table where the user names none, and why it: what follows from its size and from the privacy asked
/// for, where a measurement says so.
///
/// How many rows there are decides nothing in a private fit, whose model everybody sees: rows are protected, and
/// columns and the budget are not.
pub fn choose(frame: &Frame, privacy: Option<&PrivacyOptions>) -> (&'static dyn TableSynthesizer, String) {
    let (rows, columns) = (frame.rows(), frame.columns().len());
    if let Some(privacy) = privacy {
        let epsilon = privacy.epsilon;
        let budget =
            Budget::new(epsilon, privacy.delta).map_or(f64::INFINITY, |budget| budget.rho().to_f64());
        let (many, thin) = MANY_COLUMNS;
        return if columns > many && budget < thin * columns as f64 {
            let reason = format!(
                "{columns} columns share the budget of epsilon {epsilon}; where each has so little, the pairs of one \
                 tree are closer to a table than what `aim` finds, and are fitted in a fraction of its time"
            );
            (&super::marginals::Strategy::Mst, reason)
        } else {
            let reason = format!(
                "of the private models it keeps most relations where {columns} columns share a budget of epsilon \
                 {epsilon}"
            );
            (&super::marginals::Strategy::Aim, reason)
        };
    }
    if rows < FEW_ROWS {
        let reason = format!(
            "the table has {rows} rows; of fewer than {FEW_ROWS}, `trees` gives some away, and a copula hardly any"
        );
        return (&super::copula::Copula, reason);
    }
    let reason = format!(
        "the table has {rows} rows of {columns} columns and no guarantee to keep: sequential trees are closest to such \
         tables and fit in seconds"
    );
    (&super::trees::Trees, reason)
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;
    use daotwin_history::frame::{Column, Kind, Values};

    use super::*;

    fn table(rows: usize, columns: usize) -> Frame {
        let column = |place: usize| Column {
            name: format!("c{place}"),
            kind: Kind::Integer,
            optional: false,
            bounds: (0.0, 99.0),
        };
        let all = vec![Values::Number((0..rows).map(|row| (row % 100) as f64).collect()); columns];
        Frame::new((0..columns).map(column).collect::<Vec<_>>(), all).unwrap().with_declared(0..columns)
    }

    fn asked(epsilon: f64) -> PrivacyOptions {
        PrivacyOptions {
            epsilon,
            delta: 1e-9,
            ledger: "unused".into(),
            account: None,
            test_noise: Some(Seed(1)),
        }
    }

    fn chosen(frame: &Frame, privacy: Option<&PrivacyOptions>) -> (&'static str, String) {
        let (model, reason) = choose(frame, privacy);
        (model.name(), reason)
    }

    #[test]
    fn few_rows_are_left_to_the_copula() {
        let (model, reason) = chosen(&table(299, 4), None);
        assert_eq!(model, "copula");
        assert!(reason.contains("299 rows"), "{reason}");
        let (model, reason) = chosen(&table(300, 4), None);
        assert_eq!(model, "trees");
        assert!(reason.contains("300 rows of 4 columns"), "{reason}");
    }

    #[test]
    fn a_thin_budget_is_left_to_a_tree_of_pairs() {
        let private = asked(1.0);
        let (model, reason) = chosen(&table(1_000, 192), Some(&private));
        assert_eq!(model, "mst");
        assert!(reason.contains("192 columns") && reason.contains("epsilon 1"), "{reason}");
        assert_eq!(chosen(&table(1_000, 128), Some(&private)).0, "aim");
        assert_eq!(chosen(&table(1_000, 192), Some(&asked(3.0))).0, "aim");
        assert_eq!(chosen(&table(1_000, 15), Some(&asked(0.1))).0, "aim");
    }

    #[test]
    fn how_many_rows_there_are_decides_nothing_in_a_private_fit() {
        for columns in [15, 192] {
            let of = |rows| chosen(&table(rows, columns), Some(&asked(1.0)));
            assert_eq!(of(10), of(10_000));
        }
    }
}
