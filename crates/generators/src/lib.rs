//! Synthesizers: models that learn a DAO's History and sample new ones.
//!
//! [`registry`] lists them. One model is one folder and one line there.

mod charge;
pub mod encode;
pub mod error;
pub mod local;
pub mod registry;
pub mod table;
pub mod twin;

pub use error::{Error, Result};
