//! Detectors of social engineering and malicious activity: trained on synthetic data, judged on real.
//!
//! [`event`] is what they see, [`detector`] what they are, [`registry`] lists them. One detector is one folder and one line
//! there. [`measure`] says how good one is, always beside chance and beside a naive baseline.

pub mod boosting;
pub mod detector;
pub mod error;
pub mod event;
pub mod features;
mod hash;
pub mod hawkes;
pub mod line;
pub mod measure;
pub mod memory;
pub mod midas;
pub mod model;
pub mod record;
pub mod registry;
mod slots;
pub mod text;
pub mod told;
pub mod training;
pub mod velocity;
pub mod watch;

pub use detector::{Card, Detector, Method};
pub use error::{Error, Result};
pub use event::{Act, Event};
