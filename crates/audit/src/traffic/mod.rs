//! Traffic: what members do with contracts, what a model of it proposes, and votes that are held on the contracts
//! themselves.

pub mod benign;
pub mod calldata;
pub mod chronicle;
pub mod learned;
mod recording;
mod session;
#[cfg(test)]
mod site;
pub mod voting;

pub use recording::{Recorded, Recording, decoded, getters};
pub use session::{Answer, Refused, Session};
