//! From columns of mixed kinds to what models compute with, and back. Shared by the synthesizers of tables.

pub mod discrete;
pub(crate) mod grid;
mod law;
pub mod mixed;

pub use discrete::{Discrete, DiscreteColumn};
pub use mixed::{Encoded, Form, Mixed, MixedAllowed, MixedColumn, MixedOptions};
