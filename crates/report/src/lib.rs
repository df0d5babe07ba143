//! Renders the neutral [`Document`](daotwin_core::document::Document) that the other rooms fill: to one
//! self-contained HTML file, to Markdown, and to versioned JSON.
//!
//! This room computes nothing: it draws the numbers it is given, beside their references, and says what it
//! left out. Everything in a document is untrusted text (names of DAOs, titles of proposals) and is escaped.
//!
//! ```
//! use daotwin_core::document::{Document, Outcome, Verdict};
//!
//! let document = Document {
//!     title: "Example DAO".to_owned(),
//!     verdict: Verdict { outcome: Outcome::Good, text: "Every fact holds.".to_owned() },
//!     ..Document::default()
//! };
//! let html = daotwin_report::render_html(&document);
//! assert!(html.starts_with("<!doctype html>"));
//! let json = daotwin_report::render_json(&document)?;
//! assert_eq!(daotwin_report::parse_json(&json)?, document);
//! # Ok::<(), daotwin_report::Error>(())
//! ```

mod calendar;
mod data;
mod error;
mod html;
mod json;
mod markdown;
mod number;
mod svg;
mod text;

pub use error::{Error, Result};
pub use html::{MAXIMUM_BYTES, render_html};
pub use json::{SCHEMA, parse_json, render_json};
pub use markdown::render_markdown;
