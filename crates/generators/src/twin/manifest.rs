//! What a twin says about itself.

use std::collections::BTreeMap;

use daotwin_core::Seed;
use daotwin_privacy::Statement;
use serde::{Deserialize, Serialize};

/// The layout's version.
pub(crate) const VERSION: u32 = 1;

/// `manifest.json` of a twin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The name in the registry of synthesizers.
    pub synthesizer: String,
    /// The layout's version.
    pub version: u32,
    /// The version of daotwin that made it.
    pub daotwin: String,
    /// The seed of everything but privacy noise.
    pub seed: Seed,
    /// SHA-256 over the rows it learned from; absent under privacy, where it would be a leak.
    pub fingerprint: Option<String>,
    /// The DAOs it knows.
    pub daos: Vec<DaoEntry>,
    /// The columns that were taken as public.
    pub public: BTreeMap<String, Vec<String>>,
    /// The columns that were protected.
    pub protected: BTreeMap<String, Vec<String>>,
    /// Tables that a sample does not have, with the reason. Under privacy, those that no query looks at,
    /// whether the data has them or not.
    #[serde(default)]
    pub left_out: BTreeMap<String, String>,
}

/// One DAO of a twin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DaoEntry {
    /// The DAO's id.
    pub dao: String,
    /// Its proposals.
    pub proposals: u64,
    /// Its voting members; under privacy, as measured.
    pub members: f64,
    /// Its votes; under privacy, as measured.
    pub votes: f64,
    /// Models of tables that draw a part in the twin's place: the part, then the model's name, or `twin` where
    /// the DAO has too few rows for a model.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, String>,
    /// What is guaranteed to members, and what it cost. Absent for a fit without privacy.
    pub privacy: Option<Statement>,
}
