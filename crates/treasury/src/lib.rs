//! A DAO's treasury: economic scenarios fitted to prices, cash flow in exact integers, allocation and reward rules.

pub mod allocation;
pub mod cash;
pub mod error;
pub mod market;
pub mod plan;
pub mod rewards;

pub use error::{Error, Result};
