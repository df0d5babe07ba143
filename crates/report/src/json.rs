//! The document as versioned JSON.

use crate::error::{Error, Result};
use daotwin_core::document::Document;
use serde::Serialize;
use serde_json::Value;

/// The version of the JSON's shape. It grows when a field changes its meaning or goes away; new fields may
/// appear within a version, so readers skip what they do not know.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Envelope<'a> {
    schema: u32,
    #[serde(flatten)]
    document: &'a Document,
}

/// Renders the document as JSON: its fields, after a `schema` field with [`SCHEMA`].
///
/// Nothing is left out or rounded. A number that is not finite is `null`. The same document gives the same
/// bytes.
///
/// # Errors
/// [`Error::Encode`] where the JSON library refuses, which no document is known to cause.
pub fn render_json(document: &Document) -> Result<String> {
    let mut text =
        serde_json::to_string_pretty(&Envelope { schema: SCHEMA, document }).map_err(Error::Encode)?;
    text.push('\n');
    Ok(text)
}

/// Reads back what [`render_json`] wrote; `null` where a number stands is NaN.
///
/// # Errors
/// [`Error::Decode`] where the text is not the JSON of a report, [`Error::Schema`] where it is of another
/// version.
pub fn parse_json(text: &str) -> Result<Document> {
    let mut value: Value = serde_json::from_str(text).map_err(Error::Decode)?;
    let schema = value.as_object_mut().and_then(|object| object.shift_remove("schema"));
    if schema.as_ref().and_then(Value::as_u64) != Some(u64::from(SCHEMA)) {
        let found = schema.map_or_else(|| "missing".to_owned(), |schema| schema.to_string());
        return Err(Error::Schema { found: crate::text::line(&found, 40) });
    }
    // Through a `Value`, because internally tagged enums cannot read arbitrary-precision numbers from text.
    serde_json::from_value(value).map_err(Error::Decode)
}
