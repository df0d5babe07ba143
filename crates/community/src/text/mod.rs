//! Text for generated messages: templates and a small language model that repeats nobody.

pub mod grammar;

pub use grammar::{Mood, SUBJECTS, sentence};
