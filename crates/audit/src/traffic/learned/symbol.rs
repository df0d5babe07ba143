//! Functions as a model sees them: by what they are made of, so that one contract's traffic says something of another's.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::artifact::Callable;

/// A function that a model knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Symbol {
    /// Name and types.
    pub signature: String,
    /// Names of its parameters, empty where they have none.
    pub parameters: Vec<String>,
    /// Types of its parameters.
    pub inputs: Vec<String>,
    /// Types of what it answers.
    pub outputs: Vec<String>,
    /// Whether it takes ether.
    pub payable: bool,
}

/// The words of a name: `castVoteBySig` and `cast_vote_by_sig` have the same. Trailing digits and plural endings are left
/// out.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = '_';
    for letter in name.chars().take(128) {
        let begins = letter.is_ascii_uppercase() && !last.is_ascii_uppercase() || !last.is_ascii_alphanumeric();
        if letter.is_ascii_alphabetic() {
            match words.last_mut() {
                Some(word) if !begins => word.push(letter.to_ascii_lowercase()),
                _ => words.push(letter.to_ascii_lowercase().to_string()),
            }
        }
        last = letter;
    }
    for word in &mut words {
        if word.len() > 3 && word.ends_with('s') && !word.ends_with("ss") {
            word.pop();
        }
    }
    words
}

/// Twice the words in common over all of both, 0 to 1; 0 where either has none.
pub(super) fn overlap(left: &[String], right: &[String]) -> f64 {
    if left.is_empty() || right.is_empty() {
        return 0.0;
    }
    let (left, right): (BTreeSet<&String>, BTreeSet<&String>) = (left.iter().collect(), right.iter().collect());
    2.0 * left.intersection(&right).count() as f64 / (left.len() + right.len()) as f64
}

/// A type without its width: what a value of it is used for hardly depends on that.
pub(super) fn shape(kind: &str) -> String {
    let base: String = kind.chars().take_while(|letter| *letter != '[').collect();
    let rest = &kind[base.len()..];
    let base = match base.as_str() {
        "bool" | "uint8" => "uint8",
        base if base.starts_with("uint") || base.starts_with("int") => "uint",
        base => base,
    };
    format!("{base}{rest}")
}

impl Symbol {
    /// The symbol of a function.
    pub fn of(callable: &Callable) -> Self {
        let types = |kinds: &[alloy_dyn_abi::DynSolType]| {
            kinds.iter().map(|kind| kind.sol_type_name().into_owned()).collect()
        };
        let mut parameters: Vec<String> = callable.parameter_names().into_iter().map(str::to_owned).collect();
        parameters.resize(callable.inputs.len(), String::new());
        Self {
            signature: callable.signature(),
            parameters,
            inputs: types(&callable.inputs),
            outputs: types(&callable.outputs),
            payable: callable.payable(),
        }
    }

    pub(super) fn name_words(&self) -> Vec<String> {
        words(self.signature.split('(').next().unwrap_or_default())
    }

    /// How alike two functions are, 0 to 1: half by name, a third by the types they take, the rest by the names of
    /// parameters, what they answer and whether they take ether.
    pub fn likeness(&self, other: &Self) -> f64 {
        if self.signature == other.signature {
            return 1.0;
        }
        let shapes = |kinds: &[String]| -> Vec<String> { kinds.iter().map(|kind| shape(kind)).collect() };
        let same = |left: &[String], right: &[String]| {
            let (left, mut right) = (shapes(left), shapes(right));
            let all = left.len() + right.len();
            let mut common = 0;
            for kind in &left {
                if let Some(place) = right.iter().position(|other| other == kind) {
                    right.swap_remove(place);
                    common += 1;
                }
            }
            if all == 0 { 1.0 } else { 2.0 * f64::from(common) / all as f64 }
        };
        let parameters = |symbol: &Self| symbol.parameters.iter().flat_map(|name| words(name)).collect::<Vec<_>>();
        0.5 * overlap(&self.name_words(), &other.name_words())
            + 0.3 * same(&self.inputs, &other.inputs)
            + 0.1 * overlap(&parameters(self), &parameters(other))
            + 0.05 * same(&self.outputs, &other.outputs)
            + 0.05 * f64::from(u8::from(self.payable == other.payable))
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn symbol(signature: &str, parameters: &[&str]) -> Symbol {
        let (_, types) = signature.split_once('(').unwrap();
        let inputs = types.trim_end_matches(')').split(',').filter(|kind| !kind.is_empty());
        Symbol {
            signature: signature.to_owned(),
            parameters: parameters.iter().map(|name| (*name).to_owned()).collect(),
            inputs: inputs.map(str::to_owned).collect(),
            outputs: Vec::new(),
            payable: false,
        }
    }

    #[test]
    fn words_of_every_spelling_are_the_same() {
        assert_eq!(words("castVoteBySig"), ["cast", "vote", "by", "sig"]);
        assert_eq!(words("cast_votes_by_sig2"), ["cast", "vote", "by", "sig"]);
        assert_eq!(words("_setVotingDelay"), ["set", "voting", "delay"]);
        assert_eq!(words("URI"), ["uri"]);
        assert!(words("").is_empty());
    }

    #[test]
    fn functions_of_one_use_are_more_alike_than_others() {
        let vote = symbol("castVote(uint256,uint8)", &["proposalId", "support"]);
        let alpha = symbol("castVote(uint256,bool)", &["proposalId", "support"]);
        let reason = symbol("castVoteWithReason(uint256,uint8,string)", &["proposalId", "support", "reason"]);
        let transfer = symbol("transfer(address,uint256)", &["to", "amount"]);
        assert!(vote.likeness(&alpha) > 0.9);
        assert!(vote.likeness(&reason) > 0.6);
        assert!(vote.likeness(&transfer) < 0.35);
        assert!((vote.likeness(&vote) - 1.0).abs() < 1e-12);
    }
}
