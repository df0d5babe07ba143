//! daotwin
