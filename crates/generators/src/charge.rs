//! Paying for a private fit: the ledger is charged first, then noise is drawn.

use daotwin_history::synthesizer::PrivacyOptions;
use daotwin_privacy::ledger::Unit;
use daotwin_privacy::{Account, Budget, Charge, Fingerprint, Ledger, Measurer, Noise, Statement};

use crate::error::Result;

/// Who pays, and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Payment<'a> {
    /// The account's name, as it was registered.
    pub account: &'a str,
    /// What one account's charge covers.
    pub unit: Unit,
    /// What for, in words: `fit the twin`.
    pub purpose: &'a str,
    /// Everything that decides the answer and is public: parameters and the public side of the data. The budget
    /// and the program's version are added to it.
    pub request: &'a [&'a [u8]],
    /// The data's marks, or none; see [`daotwin_privacy::ledger::marks`].
    pub marks: &'a [Fingerprint],
    /// What kind of thing is released.
    pub place: &'a str,
    /// How many times as far as the stage says a member may move what it measures.
    pub group: u32,
}

/// A measurement stage: everything that looks at protected data.
pub(crate) trait Stage {
    /// What it releases.
    type Release;

    /// Measures.
    ///
    /// # Errors
    /// The budget; the operating system's randomness; cancellation.
    fn measure<N: Noise>(self, measurer: &mut Measurer<N>) -> Result<Self::Release>;

    /// What was released, as everybody may see it, for the ledger's fingerprint.
    fn bytes(release: &Self::Release) -> Vec<Vec<u8>>;
}

/// Charges the account and runs the stage; with noise for tests it charges nobody, and the statement claims
/// nothing.
///
/// The account must be in the ledger: what may ever be spent on it is decided before the first fit, not by it
/// (`daotwin privacy register`).
///
/// # Errors
/// The budget, the ledger, the operating system's randomness, and the errors of the stage.
pub(crate) fn pay<S: Stage>(
    payment: &Payment<'_>,
    options: &PrivacyOptions,
    stage: S,
) -> Result<(S::Release, Statement)> {
    let budget = Budget::new(options.epsilon, options.delta)?;
    if let Some(seed) = options.test_noise {
        let stream = seed.streams(&format!("{} test noise {}", payment.place, payment.account)).stream(0);
        let mut measurer = Measurer::seeded(budget, stream).of_groups(payment.group);
        let release = stage.measure(&mut measurer)?;
        return Ok((release, measurer.finish().statement()?));
    }
    let account = Account::new(payment.account, payment.unit)?;
    let mut ledger = Ledger::open(&options.ledger)?;
    let numbers = format!("{} {} {}", budget.epsilon(), budget.delta(), env!("CARGO_PKG_VERSION"));
    let parts = [payment.account.as_bytes(), numbers.as_bytes()];
    let request = Fingerprint::of(parts.into_iter().chain(payment.request.iter().copied()));
    let reservation = ledger.reserve(&Charge {
        account: &account,
        budget,
        purpose: payment.purpose,
        request,
        marks: payment.marks,
    })?;
    let mut measurer = Measurer::charged(reservation).of_groups(payment.group);
    let release = stage.measure(&mut measurer)?;
    let done = measurer.finish();
    let bytes = S::bytes(&release);
    ledger.commit(&done, Fingerprint::of(bytes.iter().map(Vec::as_slice)), payment.place)?;
    Ok((release, done.statement()?))
}
