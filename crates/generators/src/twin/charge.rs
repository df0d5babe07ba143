//! Paying for a private fit: the ledger is charged first, then noise is drawn.

use daotwin_history::History;
use daotwin_history::synthesizer::PrivacyOptions;
use daotwin_history::view::DaoView;
use daotwin_privacy::ledger::{Unit, marks};
use daotwin_privacy::{Measurer, Noise, Statement};

use super::bins::PowerGrid;
use super::estimate::Counts;
use super::holdings::last_balances;
use super::measure::{Query, Record, records};
use super::private::measured;
use crate::charge::{Payment, Stage, pay};
use crate::error::Result;

/// Names of the DAO's public rows by which the ledger and the prior know the same data under another name. Proposal numbers
/// repeat between DAOs, so the time of creation stands beside them.
pub(crate) fn public_names(view: &DaoView) -> Vec<String> {
    view.proposals
        .iter()
        .map(|proposal| {
            let at = proposal.created_at.or(proposal.start_at).unwrap_or(0);
            format!("{} {at} {}", proposal.proposal, proposal.choices)
        })
        .collect()
}

struct Counting<'a> {
    records: &'a [Record],
    proposals: usize,
}

impl Stage for Counting<'_> {
    type Release = Counts;

    fn measure<N: Noise>(self, measurer: &mut Measurer<N>) -> Result<Counts> {
        measured(self.records, PowerGrid::COARSE, self.proposals, measurer)
    }

    fn bytes(counts: &Counts) -> Vec<Vec<u8>> {
        let bytes = |query: &Query| counts.get(*query).iter().flat_map(|value| value.to_le_bytes()).collect();
        Query::ALL.iter().map(bytes).collect()
    }
}

/// Noisy counts of one DAO, and what may be said about them.
///
/// # Errors
/// As [`pay`]; a damaged table.
pub(crate) fn noisy_counts(
    history: &History,
    view: &DaoView,
    options: &PrivacyOptions,
) -> Result<(Counts, Statement)> {
    let names = public_names(view);
    let marks = marks(names.iter().map(String::as_str));
    let joined = names.join("\n");
    let payment = Payment {
        account: options.account.as_deref().unwrap_or(&view.dao),
        unit: Unit::Member,
        purpose: "fit the twin",
        request: &[joined.as_bytes()],
        marks: &marks,
        place: "twin",
        group: 1,
    };
    let records = records(view, &last_balances(history, view)?);
    pay(&payment, options, Counting { records: &records, proposals: view.proposals.len() })
}
