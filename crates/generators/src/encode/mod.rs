//! From columns of mixed kinds to what models compute with, and back. Shared by the synthesizers of tables.

pub mod discrete;
mod law;

pub use discrete::{Discrete, DiscreteColumn};
