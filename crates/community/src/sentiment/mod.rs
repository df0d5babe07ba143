//! The sentiment of real text, offline, and its limits.
