//! Where in the source a finding is.

use crate::artifact::Contract;
use crate::finding::Finding;
use crate::world::World;

/// A file, and the line of the function or contract in it where its text is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The path as the compiler knew it.
    pub file: String,
    /// The line, from 1.
    pub line: Option<usize>,
}

/// The place of the function at fault, or of the contract; none where no source is known.
pub fn place(world: &World, finding: &Finding) -> Option<Place> {
    let deployed = world.contracts.iter().find(|deployed| deployed.name == finding.contract)?;
    let name = finding.function.split('(').next().unwrap_or_default();
    let behind = deployed.implementation.iter();
    let contracts = std::iter::once(&deployed.contract).chain(behind);
    let found = contracts.filter_map(|contract| within(contract, name));
    found.max_by_key(|(function, _)| *function).map(|(_, place)| place)
}

/// The place, and whether it is that of the function.
fn within(contract: &Contract, function: &str) -> Option<(bool, Place)> {
    let known = || contract.sources.values().filter_map(|source| Some((source, source.text.as_deref()?)));
    let own = known().find(|(source, _)| source.path == contract.source);
    let begin = own.and_then(|(source, text)| {
        let begin = ["contract", "library"]
            .iter()
            .find_map(|kind| text.find(&format!("{kind} {} ", contract.name)))?;
        Some((source, text, begin))
    });
    let at = |source: &crate::artifact::Source, byte: usize| Place {
        file: source.path.clone(),
        line: source.line(byte),
    };
    if !function.is_empty() {
        let wanted = format!("function {function}(");
        // In the contract itself, or in what it inherits from, perhaps in another file.
        let here = begin.and_then(|(source, text, begin)| {
            let found = text[begin..].find(&wanted)?;
            Some(at(source, begin + found))
        });
        let place = here.or_else(|| known().find_map(|(source, text)| Some(at(source, text.find(&wanted)?))));
        if let Some(place) = place {
            return Some((true, place));
        }
    }
    match begin {
        Some((source, _, begin)) => Some((false, at(source, begin))),
        None if contract.source.is_empty() => None,
        None => Some((false, Place { file: contract.source.clone(), line: None })),
    }
}
