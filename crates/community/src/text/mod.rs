//! Text for generated messages: templates and a small language model that repeats nobody.

pub mod grammar;
pub mod language_model;
pub mod subjects;
#[cfg(test)]
mod test;

pub use grammar::{Mood, SUBJECTS, sentence};
pub use language_model::{LanguageModel, LanguageOptions, longest_copy};
pub use subjects::subject;
