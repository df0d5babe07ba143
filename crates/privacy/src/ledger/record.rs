//! What the ledger's lines hold, and how a line is sealed.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::accountant::{Budget, Rho};
use crate::error::{Error, Result};

/// A SHA-256 value, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of these parts, in this order. Their borders count: `["ab", "c"]` and `["a", "bc"]`
    /// differ.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.to_string()
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = &'static str;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        const WRONG: &str = "a fingerprint is 64 lower-case hexadecimal digits";
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(WRONG),
        };
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(WRONG) };
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() {
            return Err(WRONG);
        }
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

/// How many marks a set of names leaves; see [`marks`].
pub const MARKS: usize = 16;

/// A sketch by which a ledger recognises a DAO under another name: the [`MARKS`] smallest fingerprints of
/// its public names, for example proposal ids.
///
/// The sketch does not depend on the order or repetition of the names. Two sets that share a part `s` of
/// their names share about `s` of their marks, so extended or filtered data of one DAO is recognised.
///
/// A name must be one that no other DAO uses, or the other DAO's charges are refused: a hash is, a proposal
/// number counted from 1 is not, unless the contract's address or the time of creation is joined to it. It
/// must be public, because the ledger keeps the marks.
pub fn marks<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Fingerprint> {
    let all: std::collections::BTreeSet<Fingerprint> = names
        .into_iter()
        .map(|name| Fingerprint::of([b"daotwin mark 1".as_slice(), name.as_bytes()]))
        .collect();
    all.into_iter().take(MARKS).collect()
}

/// What one person's protection covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// One member with everything it did.
    Member,
}

/// Whom a charge is booked to: a registered DAO and the unit of privacy. The data's file, format, order or
/// extent is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Spelled")]
pub struct Account {
    dao: String,
    unit: Unit,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spelled {
    dao: String,
    unit: Unit,
}

impl TryFrom<Spelled> for Account {
    type Error = Error;

    fn try_from(spelled: Spelled) -> Result<Self> {
        Self::new(&spelled.dao, spelled.unit)
    }
}

/// Bytes of a DAO's id, a purpose, a reason or a place.
pub(super) const MAX_TEXT_BYTES: usize = 1_000;

impl Account {
    /// The account of this DAO. Spellings that differ in case, surrounding space or invisible characters are
    /// the same DAO.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the id is empty, over 1,000 bytes or holds a control character.
    pub fn new(dao: &str, unit: Unit) -> Result<Self> {
        let invisible = |c: &char| {
            matches!(*c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        };
        let visible: String = dao.chars().filter(|c| !invisible(c)).collect();
        let dao = visible.trim().to_lowercase();
        if dao.is_empty() || dao.len() > MAX_TEXT_BYTES || dao.contains(char::is_control) {
            return Err(Error::Parameter {
                name: "dao",
                found: format!("{} bytes", dao.len()),
                allowed: "1 to 1,000 bytes without control characters",
                why: "it names the account that releases are charged to",
            });
        }
        Ok(Self { dao, unit })
    }

    /// The DAO's id as the ledger spells it.
    pub fn dao(&self) -> &str {
        &self.dao
    }

    /// The unit of privacy.
    pub const fn unit(&self) -> Unit {
        self.unit
    }
}

impl fmt::Display for Account {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::Member => write!(formatter, "`{}` (unit: member)", self.dao),
        }
    }
}

/// An (epsilon, delta) and the zCDP that was derived from it when it was written. The zCDP is what counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allowance {
    /// The loss that one member accepts.
    pub epsilon: f64,
    /// The chance that the loss is larger.
    pub delta: f64,
    /// The zCDP in units of 2^-50.
    pub rho: Rho,
}

impl From<Budget> for Allowance {
    fn from(budget: Budget) -> Self {
        Self { epsilon: budget.epsilon(), delta: budget.delta(), rho: budget.rho() }
    }
}

/// What one line says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Entry {
    /// The first line. The random name makes two ledgers differ from their first hash on.
    Open { version: u32, name: Fingerprint },
    /// A DAO and how much may be spent on it.
    Register { account: Account, limit: Allowance },
    /// A higher limit, by somebody's explicit decision.
    Raise { account: Account, limit: Allowance, reason: String },
    /// Spent from here on, whatever happens after.
    Reserve {
        account: Account,
        price: Allowance,
        purpose: String,
        request: Fingerprint,
        marks: Vec<Fingerprint>,
    },
    /// The reserved release exists.
    Commit { reservation: u64, release: Fingerprint, place: String },
}

/// A place in the chain: the number of a record and its hash. Kept in a manifest it later shows that the
/// ledger still holds everything up to that record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The record's number, from 0.
    pub sequence: u64,
    /// The record's hash, which covers all before it.
    pub hash: Fingerprint,
}

/// A parsed line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    hash: Fingerprint,
    pub(super) sequence: u64,
    pub(super) previous: Fingerprint,
    #[expect(dead_code, reason = "when it was written is for people who read the file")]
    at: u64,
    pub(super) entry: Entry,
}

impl Record {
    pub(super) const fn head(&self) -> Head {
        Head { sequence: self.sequence, hash: self.hash }
    }
}

/// What the first record names as its previous one.
pub(super) const GENESIS: Fingerprint = Fingerprint([0; 32]);

/// `{"hash":"` and the 64 digits and `",`.
const PREFIX: &str = "{\"hash\":\"";
const SEALED_FROM: usize = PREFIX.len() + 64 + 2;

fn seal(sealed: &[u8]) -> Fingerprint {
    Fingerprint::of([b"daotwin ledger 1".as_slice(), sealed])
}

#[derive(Serialize)]
struct Sealed<'a> {
    sequence: u64,
    previous: Fingerprint,
    at: u64,
    entry: &'a Entry,
}

/// A line: one JSON object whose first member is the hash of the bytes that follow that member. The previous
/// record's hash is among those bytes, so each hash covers the whole chain before it.
pub(super) fn encode(sequence: u64, previous: Fingerprint, at: u64, entry: &Entry) -> Result<Vec<u8>> {
    let object = serde_json::to_string(&Sealed { sequence, previous, at, entry })
        .map_err(|_| Error::Overflow { what: "a ledger record", allowed: "what JSON can hold" })?;
    let sealed = &object[1..];
    Ok(format!("{PREFIX}{}\",{sealed}\n", seal(sealed.as_bytes())).into_bytes())
}

/// Reads a line that ends in a line feed, and checks its seal.
pub(super) fn decode(line: &[u8]) -> std::result::Result<Record, &'static str> {
    let body = line.strip_suffix(b"\n").ok_or("the record is not complete")?;
    let sealed = body.get(SEALED_FROM..).ok_or("the record is too short")?;
    let text = std::str::from_utf8(body).map_err(|_| "the record is not text")?;
    let record: Record = serde_json::from_str(text).map_err(|_| "the record is not one of a ledger")?;
    // Rebuilding the head of the line leaves one spelling only; the seal covers the rest.
    let expected = format!("{PREFIX}{}\",", seal(sealed));
    if body.starts_with(expected.as_bytes()) { Ok(record) } else { Err("the record's hash is wrong") }
}
