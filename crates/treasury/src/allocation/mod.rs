//! Portfolios and policies: what to hold, and when to change it.
