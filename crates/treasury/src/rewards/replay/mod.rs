//! Rules run on published rounds, and the published figures held against what they come to.
//!
//! Whoever reads a round's files hands over its rows; nothing here reads a file.

pub mod circle;
pub mod matching;
pub mod retroactive;
