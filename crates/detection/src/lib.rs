//! Detectors of social engineering and malicious activity: trained on synthetic data, judged on real.

pub mod error;

pub use error::{Error, Result};
