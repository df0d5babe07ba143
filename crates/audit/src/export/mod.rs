//! What becomes of a finding: a test, a file to replay, lines for machines and for people.

mod document;
mod file;
mod foundry;
mod lcov;
mod markdown;
mod place;
mod sarif;

pub use document::{Figures, document};
pub use file::{Account, Call, Check, File, Harm, Name, Origin, Start, VERSION, json_schema};
pub use foundry::{Test, foundry};
pub use lcov::{Branch, lcov};
pub use markdown::{confidence, impact, markdown};
pub use place::{Place, place};
pub use sarif::sarif;
