//! Rényi
