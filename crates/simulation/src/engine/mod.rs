//! What runs a simulation: random draws that depend on nothing but who draws them, and functions that are the same on
//! every machine.

pub mod random;
