//! When people write: multivariate Hawkes processes with a circadian profile.
