//! Paying for a private fit: the ledger is charged first, then noise is drawn.

use daotwin_history::History;
use daotwin_history::synthesizer::PrivacyOptions;
use daotwin_history::view::DaoView;
use daotwin_privacy::ledger::{Unit, marks};
use daotwin_privacy::{Account, Budget, Charge, Fingerprint, Ledger, Measurer, Statement};

use super::bins::PowerGrid;
use super::estimate::Counts;
use super::holdings::last_balances;
use super::measure::{Query, records};
use super::private::measured;
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

/// What a request is: the account, the parameters, the program and the public side of the data.
fn request(view: &DaoView, account: &str, budget: Budget) -> Fingerprint {
    let names = public_names(view).join("\n");
    let numbers = format!("{} {} {}", budget.epsilon(), budget.delta(), env!("CARGO_PKG_VERSION"));
    Fingerprint::of([account.as_bytes(), numbers.as_bytes(), names.as_bytes()])
}

/// Noisy counts of one DAO, and what may be said about them.
///
/// The account must be in the ledger: what may ever be spent on a DAO is decided before the first fit, not by
/// it (`daotwin privacy register`).
///
/// # Errors
/// The budget, the ledger, the operating system's randomness; a damaged table.
pub(crate) fn noisy_counts(
    history: &History,
    view: &DaoView,
    options: &PrivacyOptions,
) -> Result<(Counts, Statement)> {
    let budget = Budget::new(options.epsilon, options.delta)?;
    let grid = PowerGrid::COARSE;
    let proposals = view.proposals.len();
    let records = records(view, &last_balances(history, view)?);
    if let Some(seed) = options.test_noise {
        let stream = seed.streams(&format!("twin test noise {}", view.dao)).stream(0);
        let mut measurer = Measurer::seeded(budget, stream);
        let counts = measured(&records, grid, proposals, &mut measurer)?;
        return Ok((counts, measurer.finish().statement()?));
    }
    let name = options.account.as_deref().unwrap_or(&view.dao);
    let account = Account::new(name, Unit::Member)?;
    let mut ledger = Ledger::open(&options.ledger)?;
    let names = public_names(view);
    let request = request(view, name, budget);
    let reservation = ledger.reserve(&Charge {
        account: &account,
        budget,
        purpose: "fit the twin",
        request,
        marks: &marks(names.iter().map(String::as_str)),
    })?;
    let mut measurer = Measurer::charged(reservation);
    let counts = measured(&records, grid, proposals, &mut measurer)?;
    let release = measurer.finish();
    // What was released, as everybody may see it.
    let bytes: Vec<Vec<u8>> = Query::ALL
        .iter()
        .map(|query| counts.get(*query).iter().flat_map(|value| value.to_le_bytes()).collect())
        .collect();
    ledger.commit(&release, Fingerprint::of(bytes.iter().map(Vec::as_slice)), "twin")?;
    Ok((counts, release.statement()?))
}
