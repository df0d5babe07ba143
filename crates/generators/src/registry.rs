//! The synthesizers that users can name.

use std::path::Path;

use daotwin_core::files::read_limited;
use daotwin_core::{Error as CoreError, ErrorKind, Run};
use daotwin_history::synthesizer::{Failure, Fitted, Synthesizer};

/// Every synthesizer, in the order in which they are listed. The first is the one that `auto` means.
pub const SYNTHESIZERS: &[&dyn Synthesizer] = &[&crate::twin::Twin];

/// The synthesizer with this name.
pub fn find(name: &str) -> Option<&'static dyn Synthesizer> {
    SYNTHESIZERS.iter().copied().find(|synthesizer| synthesizer.name() == name)
}

/// What a user's name of a model means: a synthesizer, or one whose parts are all drawn by a model of tables
/// (`twin+forest`), with that choice as the `parts` of its fit. Whether that model can draw parts is for the fit
/// to say.
pub fn find_with_parts(name: &str) -> Option<(&'static dyn Synthesizer, Vec<(String, String)>)> {
    let Some((name, model)) = name.split_once('+') else { return Some((find(name)?, Vec::new())) };
    let parts = crate::twin::parts::Part::ALL.map(|part| (part.name().to_owned(), model.to_owned()));
    Some((find(name)?, parts.to_vec()))
}

/// Reads a twin's folder, whichever model it holds: the `synthesizer` of its `manifest.json` names it.
///
/// # Errors
/// A folder that is no twin, a model that is not known, and the errors of that model's own reader.
pub fn load(folder: &Path, run: &Run) -> Result<Box<dyn Fitted>, Failure> {
    let not = |reason: String| Failure {
        kind: ErrorKind::Input,
        source: format!(
            "`{}` is not a twin: {reason}; a twin is a folder made by `daotwin fit`",
            folder.display()
        )
        .into(),
    };
    let manifest = folder.join("manifest.json");
    let bytes = read_limited(&manifest, run.limits.max_file_bytes).map_err(|error| match error {
        CoreError::Io { .. } if folder.is_dir() => not("`manifest.json` cannot be read".to_owned()),
        CoreError::Io { source, .. } => {
            let error = CoreError::Io { action: "read", path: folder.to_path_buf(), source };
            Failure { kind: error.kind(), source: Box::new(error) }
        }
        other => Failure { kind: other.kind(), source: Box::new(other) },
    })?;
    let manifest: serde_json::Value = serde_json::from_slice(&bytes)
        .map_err(|error| not(format!("line {} of `manifest.json` is not JSON", error.line())))?;
    let Some(model) = manifest.get("synthesizer").and_then(serde_json::Value::as_str) else {
        return Err(not("its manifest names no `synthesizer`".to_owned()));
    };
    find(model)
        .ok_or_else(|| not("its manifest names a `synthesizer` that is not known".to_owned()))?
        .load(folder, run)
}
