//! The synthesizers that users can name.

use daotwin_history::synthesizer::Synthesizer;

/// Every synthesizer, in the order in which they are listed.
pub const SYNTHESIZERS: &[&dyn Synthesizer] = &[&crate::twin::Twin];

/// The synthesizer with this name.
pub fn find(name: &str) -> Option<&'static dyn Synthesizer> {
    SYNTHESIZERS.iter().copied().find(|synthesizer| synthesizer.name() == name)
}
