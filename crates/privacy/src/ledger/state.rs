//! What the records add up to.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Account, Allowance, Entry, Fingerprint, Head, MARKS, MAX_TEXT_BYTES};
use serde::Serialize;

use crate::accountant::Rho;
use crate::error::{Error, Result};

/// A release that an account has paid for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Released {
    /// The record that reserved it.
    pub reservation: u64,
    /// The fingerprint of what was released.
    pub release: Fingerprint,
    /// Where it was put.
    pub place: String,
}

/// An account's balance.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Status {
    /// The account.
    pub account: Account,
    /// What may be spent in all.
    pub limit: Allowance,
    /// What is spent.
    pub spent: Rho,
    /// Reservations whose release was recorded.
    pub releases: u64,
    /// Reservations without a release: under way, or ended by a crash. They count as spent.
    pub unfinished: u64,
}

impl Status {
    /// What is left.
    pub const fn remaining(&self) -> Rho {
        self.limit.rho.saturating_sub(self.spent)
    }

    /// The epsilon, at the account's delta, of everything spent.
    ///
    /// # Errors
    /// [`Error::Parameter`] never for a limit that was registered through [`Ledger`](super::Ledger).
    pub fn epsilon_spent(&self) -> Result<f64> {
        // Reading decimal text may move a float by its last bit, and so past the end of the range.
        self.spent.epsilon(self.limit.delta.clamp(1e-30, 1e-3))
    }
}

#[derive(Debug)]
struct Reserved {
    account: Account,
    request: Fingerprint,
    committed: bool,
}

/// Everything that the chain says up to its last record.
#[derive(Debug, Default)]
pub(super) struct State {
    hashes: Vec<Fingerprint>,
    accounts: BTreeMap<Account, Status>,
    reserved: BTreeMap<u64, Reserved>,
    released: BTreeMap<(Account, Fingerprint), Released>,
    marks: BTreeMap<Fingerprint, Account>,
}

fn check_text(name: &'static str, text: &str) -> Result<()> {
    if text.trim().is_empty() || text.len() > MAX_TEXT_BYTES {
        return Err(Error::Parameter {
            name,
            found: format!("{} bytes", text.len()),
            allowed: "1 to 1,000 bytes",
            why: "whoever reads the ledger later must understand the record",
        });
    }
    Ok(())
}

impl State {
    /// Number of records.
    pub(super) fn length(&self) -> u64 {
        self.hashes.len() as u64
    }

    pub(super) fn head(&self) -> Option<Head> {
        let sequence = self.length().checked_sub(1)?;
        Some(Head { sequence, hash: *self.hashes.last()? })
    }

    pub(super) fn holds(&self, head: Head) -> bool {
        usize::try_from(head.sequence).ok().and_then(|sequence| self.hashes.get(sequence)) == Some(&head.hash)
    }

    pub(super) fn account(&self, account: &Account) -> Result<&Status> {
        self.accounts.get(account).ok_or_else(|| Error::NoAccount { account: account.to_string() })
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &Status> {
        self.accounts.values()
    }

    pub(super) fn released(&self, account: &Account, request: Fingerprint) -> Option<&Released> {
        self.released.get(&(account.clone(), request))
    }

    /// Whether this entry may follow. The same rules hold for what is about to be written and for what is
    /// read back, so a chain that breaks them is refused however well it is sealed.
    pub(super) fn admit(&self, entry: &Entry) -> Result<()> {
        if matches!(entry, Entry::Open { .. }) != self.hashes.is_empty() {
            return Err(Error::Conflict {
                problem: "a ledger opens with its first record and never again".to_owned(),
                fix: "restore the ledger from a copy",
            });
        }
        match entry {
            Entry::Open { version: 1, .. } => Ok(()),
            Entry::Open { version, .. } => Err(Error::Conflict {
                problem: format!("the ledger has version {version}, this program reads version 1"),
                fix: "use the program that wrote it, or a newer one",
            }),
            Entry::Register { account, .. } if self.accounts.contains_key(account) => Err(Error::Conflict {
                problem: format!("account {account} is registered already"),
                fix: "raise its limit instead, with a reason",
            }),
            Entry::Register { .. } => Ok(()),
            Entry::Raise { account, limit, reason } => {
                check_text("reason", reason)?;
                let present = self.account(account)?.limit;
                if limit.rho <= present.rho {
                    return Err(Error::Conflict {
                        problem: format!(
                            "the new limit of account {account} is not above the present one (epsilon {}, delta {})",
                            present.epsilon, present.delta
                        ),
                        fix: "limits are only raised; to spend less, ask for less",
                    });
                }
                Ok(())
            }
            Entry::Reserve { account, price, purpose, marks, .. } => {
                check_text("purpose", purpose)?;
                self.admit_reservation(account, price, purpose, marks)
            }
            Entry::Commit { reservation, place, .. } => {
                check_text("place", place)?;
                match self.reserved.get(reservation) {
                    Some(reserved) if !reserved.committed => Ok(()),
                    _ => Err(Error::Conflict {
                        problem: format!("record {reservation} is not a reservation without a release"),
                        fix: "commit each reservation once",
                    }),
                }
            }
        }
    }

    fn admit_reservation(
        &self,
        account: &Account,
        price: &Allowance,
        purpose: &str,
        marks: &[Fingerprint],
    ) -> Result<()> {
        let status = self.account(account)?;
        if marks.len() > MARKS {
            return Err(Error::Parameter {
                name: "marks",
                found: marks.len().to_string(),
                allowed: "16 or fewer",
                why: "the ledger keeps them for good",
            });
        }
        if let Some(other) =
            marks.iter().find_map(|mark| self.marks.get(mark).filter(|other| *other != account))
        {
            return Err(Error::Conflict {
                problem: format!(
                    "this data was charged to account {other} before, and now claims to be {account}"
                ),
                fix: "use the account that it was registered under: two names for one DAO would double its budget",
            });
        }
        let after = status.spent.checked_add(price.rho);
        if price.rho.is_zero() || after.is_none_or(|after| after > status.limit.rho) {
            let possible = status.remaining().epsilon(price.delta.clamp(1e-30, 1e-3))?;
            return Err(Error::Budget {
                asked: format!("`{purpose}` at epsilon {}, delta {},", price.epsilon, price.delta),
                needed: price.rho.to_f64(),
                holder: format!(
                    "account {account}, which can pay for epsilon {:.3} at that delta,",
                    (possible * 1e3).floor() / 1e3
                ),
                left: status.remaining().to_f64(),
                total: status.limit.rho.to_f64(),
                fix: "ask for a smaller epsilon, reuse a release that was paid for, or raise the account's limit",
            });
        }
        Ok(())
    }

    /// Books an entry that was admitted.
    pub(super) fn apply(&mut self, hash: Fingerprint, entry: Entry) {
        let sequence = self.length();
        self.hashes.push(hash);
        match entry {
            Entry::Open { .. } => {}
            Entry::Register { account, limit } => {
                let status =
                    Status { account: account.clone(), limit, spent: Rho::ZERO, releases: 0, unfinished: 0 };
                self.accounts.insert(account, status);
            }
            Entry::Raise { account, limit, .. } => {
                if let Some(status) = self.accounts.get_mut(&account) {
                    status.limit = limit;
                }
            }
            Entry::Reserve { account, price, request, marks, .. } => {
                if let Some(status) = self.accounts.get_mut(&account) {
                    status.spent = status.spent.checked_add(price.rho).unwrap_or(status.limit.rho);
                    status.unfinished += 1;
                }
                for mark in marks.into_iter().collect::<BTreeSet<_>>() {
                    self.marks.insert(mark, account.clone());
                }
                self.reserved.insert(sequence, Reserved { account, request, committed: false });
            }
            Entry::Commit { reservation, release, place } => {
                if let Some(reserved) = self.reserved.get_mut(&reservation) {
                    reserved.committed = true;
                    if let Some(status) = self.accounts.get_mut(&reserved.account) {
                        status.releases += 1;
                        status.unfinished = status.unfinished.saturating_sub(1);
                    }
                    let key = (reserved.account.clone(), reserved.request);
                    self.released.insert(key, Released { reservation, release, place });
                }
            }
        }
    }
}
