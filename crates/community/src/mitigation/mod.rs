//! What helps: policies against attacks and interventions for the better, with their harm avoided and friction caused.
