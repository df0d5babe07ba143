//! Opinion and sentiment that move with those of others, and what they do to votes.

pub mod mood;
