//! A DAO's community: who talks with whom, when, about what and in what mood; attacks on it, and what helps against them.

pub mod attack;
pub mod contagion;
pub mod error;
pub mod graph;
pub mod intervention;
pub mod mitigation;
pub mod opinion;
pub mod point_process;
pub mod sentiment;
pub mod stream;
pub mod study;
pub mod text;

pub use error::{Error, Result};
