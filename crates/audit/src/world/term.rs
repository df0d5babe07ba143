//! What stands for a value in a deployment: a TOML value, or a text of a small language.
//!
//! | text | what it is |
//! | --- | --- |
//! | `$token` | the address of an actor or a deployed contract |
//! | `$token.totalSupply()` | what the function answers when the line is carried out |
//! | `@token.transfer($whale, 1e18)` | the calldata of that call |
//! | `keccak:MINTER_ROLE` | the Keccak hash of the text after the colon |
//! | `max` | the largest value of a number's type |

use toml::Spanned;
use toml::de::DeValue;

/// Layers of lists, and of calls within calls.
const MOST_DEPTH: usize = 8;
/// Terms of one line.
const MOST_TERMS: usize = 4_096;

/// A value before its type is known.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    /// A text, a number, or what stands for one.
    Text(String),
    /// Yes or no.
    Bool(bool),
    /// An array, or the members of a structure in order.
    List(Vec<Term>),
    /// The members of a structure by name.
    Members(Vec<(String, Term)>),
}

/// A call within a text: `$name.function(arguments)`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) function: String,
    pub(super) arguments: Vec<Term>,
}

impl Term {
    /// A value of a TOML file; the error says what cannot stand for one.
    pub(super) fn of(value: &Spanned<DeValue<'_>>) -> Result<Self, String> {
        let mut budget = MOST_TERMS;
        of(value.get_ref(), 0, &mut budget)
    }

    /// How a message names it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) => {
                let mut clipped: String = text.chars().take(60).flat_map(char::escape_debug).collect();
                if text.chars().nth(60).is_some() {
                    clipped.push_str("...");
                }
                clipped
            }
            Self::Bool(value) => value.to_string(),
            Self::List(list) => format!("a list of {}", list.len()),
            Self::Members(_) => "a table".to_owned(),
        }
    }
}

fn of(value: &DeValue<'_>, depth: usize, budget: &mut usize) -> Result<Term, String> {
    *budget = budget.checked_sub(1).ok_or_else(|| format!("more than {MOST_TERMS} values"))?;
    if depth > MOST_DEPTH {
        return Err(format!("lists in more than {MOST_DEPTH} layers"));
    }
    Ok(match value {
        DeValue::String(text) => Term::Text(text.to_string()),
        DeValue::Integer(integer) => {
            let prefix = match integer.radix() {
                16 => "0x",
                10 => "",
                _ => return Err("a number must be decimal or hexadecimal".to_owned()),
            };
            Term::Text(format!("{prefix}{}", integer.as_str()))
        }
        DeValue::Float(float) => Term::Text(float.as_str().to_owned()),
        DeValue::Boolean(value) => Term::Bool(*value),
        DeValue::Array(list) => {
            let list = list.iter().map(|value| of(value.get_ref(), depth + 1, budget));
            Term::List(list.collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => {
            let members = table
                .iter()
                .map(|(key, value)| Ok((key.get_ref().to_string(), of(value.get_ref(), depth + 1, budget)?)));
            Term::Members(members.collect::<Result<_, String>>()?)
        }
        DeValue::Datetime(_) => return Err("a date; write seconds since 1970".to_owned()),
    })
}

/// Splits `name.function(arguments)`, without its `$` or `@`.
pub(super) fn call(text: &str) -> Result<Call, String> {
    let mut parser = Parser { rest: text, depth: 0 };
    let call = parser.call()?;
    if parser.rest.trim().is_empty() {
        Ok(call)
    } else {
        Err(format!("`{}` after the call", clip(parser.rest)))
    }
}

fn clip(text: &str) -> String {
    text.trim().chars().take(30).flat_map(char::escape_debug).collect()
}

struct Parser<'t> {
    rest: &'t str,
    depth: usize,
}

impl Parser<'_> {
    fn call(&mut self) -> Result<Call, String> {
        let broken = || "a call is written `$name.function(arguments)`".to_owned();
        let name = self.word();
        self.rest = self.rest.strip_prefix('.').ok_or_else(broken)?;
        let function = self.word();
        if name.is_empty() || function.is_empty() || !self.rest.starts_with('(') {
            return Err(broken());
        }
        // `f(uint256)(5)` says which of several functions of a name is meant.
        let mut signature = function.clone();
        let (types, after) = balanced(self.rest).ok_or_else(broken)?;
        if after.trim_start().starts_with('(') {
            signature.push_str(&types.replace(char::is_whitespace, ""));
            self.rest = after.trim_start();
        }
        self.rest = &self.rest[1..];
        let arguments = self.list(')')?;
        Ok(Call { name, function: signature, arguments })
    }

    fn word(&mut self) -> String {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "_-$".contains(c)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word.to_owned()
    }

    /// Terms up to the closing mark, which is passed.
    fn list(&mut self, close: char) -> Result<Vec<Term>, String> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(format!("calls and lists in more than {MOST_DEPTH} layers"));
        }
        let mut terms = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix(close) {
                self.rest = rest;
                self.depth -= 1;
                return Ok(terms);
            }
            if !terms.is_empty() {
                let rest =
                    self.rest.strip_prefix(',').ok_or_else(|| format!("`,` or `{close}` is missing"))?;
                self.rest = rest.trim_start();
            }
            if terms.len() >= MOST_TERMS {
                return Err(format!("more than {MOST_TERMS} values"));
            }
            terms.push(self.term(close)?);
        }
    }

    fn term(&mut self, close: char) -> Result<Term, String> {
        if let Some(rest) = self.rest.strip_prefix('[') {
            self.rest = rest;
            return self.list(']').map(Term::List);
        }
        for quote in ['"', '\''] {
            if let Some(rest) = self.rest.strip_prefix(quote) {
                let (text, after) = rest.split_once(quote).ok_or("a quotation mark is missing")?;
                self.rest = after;
                return Ok(Term::Text(text.to_owned()));
            }
        }
        // A bare word, which may be a call with marks of its own.
        let mut end = 0;
        while let Some(c) = self.rest[end..].chars().next() {
            if c == '(' {
                let (inner, _) = balanced(&self.rest[end..]).ok_or("a closing parenthesis is missing")?;
                end += inner.len();
            } else if c == ',' || c == close || c == ']' || c == ')' {
                break;
            } else {
                end += c.len_utf8();
            }
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word.trim() {
            "" => Err("a value is missing".to_owned()),
            "true" => Ok(Term::Bool(true)),
            "false" => Ok(Term::Bool(false)),
            word => Ok(Term::Text(word.to_owned())),
        }
    }
}

/// The part from an opening parenthesis to the one that closes it, and the rest.
fn balanced(text: &str) -> Option<(&str, &str)> {
    let mut open = 0_usize;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(mark), c) if mark == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => open += 1,
            (None, ')') => {
                open -= 1;
                if open == 0 {
                    return Some(text.split_at(at + 1));
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod test {
    use super::*;

    fn text(text: &str) -> Term {
        Term::Text(text.to_owned())
    }

    #[test]
    fn calls_are_split() {
        let found = call("token.balanceOf($whale)").unwrap();
        assert_eq!((found.name.as_str(), found.function.as_str()), ("token", "balanceOf"));
        assert_eq!(found.arguments, [text("$whale")]);
        let found = call("a.f( [1, 2e18], \"x, )\", $b.g($c, [3]), true , 2 days)").unwrap();
        assert_eq!(
            found.arguments,
            [
                Term::List(vec![text("1"), text("2e18")]),
                text("x, )"),
                text("$b.g($c, [3])"),
                Term::Bool(true),
                text("2 days")
            ]
        );
        let found = call("a.mint(address, uint256)(@b.f(), 1)").unwrap();
        assert_eq!(found.function, "mint(address,uint256)");
        assert_eq!(found.arguments, [text("@b.f()"), text("1")]);
        assert_eq!(call("a.f()").unwrap().arguments, []);
    }

    #[test]
    fn broken_calls_are_refused() {
        for broken in [
            "", "a", "a.", "a.f", "a.f(", "a.f(1", "a.f(1,)", "a.f(,)", "a.f(1 2", "a.f([1)", "a.f(\"x)",
            "a.f() b", ".f()", "a.f(]", ")", "a.)",
        ] {
            assert!(call(broken).is_err(), "{broken}");
        }
        assert!(call(&format!("a.f({}", "[".repeat(100_000))).is_err());
        assert!(call(&format!("a.f({}{})", "[".repeat(20), "]".repeat(20))).unwrap_err().contains("layers"));
    }
}
