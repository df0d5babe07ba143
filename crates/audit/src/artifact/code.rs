//! Code of a contract as a compiler left it: with holes for the addresses of libraries.

use std::collections::BTreeMap;

use alloy_primitives::{Address, hex, keccak256};

/// Bytes of code of one contract. Ethereum allows 24,576 of runtime code; test contracts have more.
pub const MOST_CODE: usize = 1 << 20;

/// Holes of one code.
const MOST_LINKS: usize = 4_096;

/// Bytes of an address, and of the hole for one.
const HOLE: usize = 20;

/// A library whose address belongs into a code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// `path.sol:Name` where the compiler told it; else what stands in the hole: a name (before solc 0.5), or `$` with
    /// the first 17 bytes of the Keccak hash of `path.sol:Name` in hex.
    pub library: String,
    /// Where the address is to be put, in bytes from the start, ascending.
    pub offsets: Vec<usize>,
}

impl Link {
    /// Whether this hole is for the library of that name and source.
    pub fn is_for(&self, source: &str, name: &str) -> bool {
        let full = format!("{source}:{name}");
        if let Some(hash) = self.library.strip_prefix('$') {
            return hex::encode(keccak256(&full)).starts_with(hash);
        }
        // Before solc 0.5 a hole held as much of the name as went into it.
        let held =
            |name: &str| name.len() > 36 && name.starts_with(&self.library) && self.library.len() >= 36;
        match self.library.rsplit_once(':') {
            Some((path, library)) => library == name && (source.is_empty() || same_path(path, source)),
            None => self.library == name || held(&full) || held(name),
        }
    }
}

/// Whether two paths name the same file, one perhaps from further up.
pub(super) fn same_path(left: &str, right: &str) -> bool {
    let ends = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    ends(left, right) || ends(right, left)
}

/// Where an immutable stands in runtime code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Immutable {
    /// Bytes from the start.
    pub offset: usize,
    /// Bytes.
    pub length: usize,
}

/// Code with its holes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Code {
    /// The bytes; zeros in the holes.
    pub bytes: Vec<u8>,
    /// The libraries that it needs, by name.
    pub links: Vec<Link>,
    /// Where a constructor puts immutables (runtime code of solc 0.6.5 and later), ascending.
    pub immutables: Vec<Immutable>,
}

/// Where a compiler says the holes are: source, library, places.
pub(super) type LinkReferences = BTreeMap<String, BTreeMap<String, Vec<Reference>>>;

/// A place in code, as compilers write it.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
pub(super) struct Reference {
    pub(super) start: usize,
    pub(super) length: usize,
}

impl Code {
    /// Reads hexadecimal digits with or without `0x`, and holes of the forms that compilers write: `__$hash$__`,
    /// `__path:Name____`, 40 characters each.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::with_links(text, &LinkReferences::new())
    }

    /// The same, with the names of the holes.
    pub(super) fn with_links(text: &str, references: &LinkReferences) -> Result<Self, String> {
        let text = text.trim();
        let text = text.strip_prefix("0x").unwrap_or(text);
        if text.len() > 2 * MOST_CODE {
            return Err(format!("{} bytes of code; at most {MOST_CODE} are allowed", text.len() / 2));
        }
        if !text.len().is_multiple_of(2) {
            return Err(format!("{} hexadecimal digits, an odd number", text.len()));
        }
        let digits = text.as_bytes();
        let mut bytes = Vec::with_capacity(digits.len() / 2);
        let mut links: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut at = 0;
        let mut holes = 0;
        while at < digits.len() {
            if digits[at] == b'_' {
                let hole = digits.get(at..at + 2 * HOLE).and_then(|hole| std::str::from_utf8(hole).ok());
                let hole = hole.filter(|hole| hole.starts_with("__"));
                let hole = hole.ok_or_else(|| format!("a broken library placeholder at digit {at}"))?;
                holes += 1;
                if holes > MOST_LINKS {
                    return Err(format!("more than {MOST_LINKS} library placeholders"));
                }
                links.entry(library(hole)).or_default().push(at / 2);
                bytes.extend([0; HOLE]);
                at += 2 * HOLE;
            } else {
                let pair = (value(digits[at]), value(digits[at + 1]));
                let (Some(high), Some(low)) = pair else {
                    return Err(format!("what is not hexadecimal at digit {at}"));
                };
                bytes.push(high << 4 | low);
                at += 2;
            }
        }
        let mut code = Self { bytes, links: Vec::new(), immutables: Vec::new() };
        // Names beat what stands in the holes.
        let mut named: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (source, libraries) in references {
            for (name, places) in libraries {
                for place in places {
                    let fits = place.start.checked_add(HOLE).is_some_and(|end| end <= code.bytes.len());
                    if place.length != HOLE || !fits {
                        return Err(format!("a link reference to `{name}` outside of the code"));
                    }
                    for offsets in links.values_mut() {
                        offsets.retain(|offset| *offset != place.start);
                    }
                    code.bytes[place.start..place.start + HOLE].fill(0);
                    named.entry(format!("{source}:{name}")).or_default().push(place.start);
                    if named.values().map(Vec::len).sum::<usize>() > MOST_LINKS {
                        return Err(format!("more than {MOST_LINKS} link references"));
                    }
                }
            }
        }
        named.extend(links.into_iter().filter(|(_, offsets)| !offsets.is_empty()));
        code.links = named
            .into_iter()
            .map(|(library, mut offsets)| {
                offsets.sort_unstable();
                Link { library, offsets }
            })
            .collect();
        Ok(code)
    }

    /// Whether there is none, as of interfaces and abstract contracts.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes with addresses in the holes; the link that has none is the error.
    ///
    /// # Errors
    /// The first link without an address.
    pub fn linked(&self, address: impl Fn(&Link) -> Option<Address>) -> Result<Vec<u8>, &Link> {
        let mut bytes = self.bytes.clone();
        for link in &self.links {
            let address = address(link).ok_or(link)?;
            for offset in &link.offsets {
                bytes[*offset..*offset + HOLE].copy_from_slice(address.as_slice());
            }
        }
        Ok(bytes)
    }

    /// Whether code on a chain comes from this runtime code: the same but for libraries, immutables, and the hash of
    /// the metadata at the end.
    pub fn is_source_of(&self, deployed: &[u8]) -> bool {
        if self.bytes.len() != deployed.len() || deployed.is_empty() {
            return false;
        }
        let mut holes: Vec<(usize, usize)> =
            self.immutables.iter().map(|place| (place.offset, place.length)).collect();
        holes.extend(self.links.iter().flat_map(|link| &link.offsets).map(|offset| (*offset, HOLE)));
        // A library starts with its own address, which its constructor puts there.
        if self.bytes.first() == Some(&0x73) && self.bytes.get(1..1 + HOLE) == Some(&[0; HOLE]) {
            holes.push((1, HOLE));
        }
        let end = without_metadata(&self.bytes);
        holes.push((end, self.bytes.len() - end));
        holes.sort_unstable();
        let mut at = 0;
        for (start, length) in holes {
            let start = start.min(deployed.len());
            if at < start && self.bytes[at..start] != deployed[at..start] {
                return false;
            }
            at = at.max((start + length).min(deployed.len()));
        }
        self.bytes[at..] == deployed[at..]
    }
}

/// Where the CBOR metadata at the end of runtime code begins; the length of the code where there is none. Its last two
/// bytes are its length.
fn without_metadata(code: &[u8]) -> usize {
    let Some(body) = code.len().checked_sub(2) else { return code.len() };
    let length = usize::from(code[body]) << 8 | usize::from(code[body + 1]);
    let start = body.checked_sub(length).filter(|start| length > 0 && code[*start] & 0xe0 == 0xa0);
    start.unwrap_or(code.len())
}

/// The name in a hole.
fn library(hole: &str) -> String {
    let inner = hole.trim_matches('_');
    match inner.strip_prefix('$').and_then(|inner| inner.strip_suffix('$')) {
        Some(hash) => format!("${hash}"),
        None => inner.to_owned(),
    }
}

fn value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod test {
    use super::*;

    fn address(byte: u8) -> Address {
        Address::repeat_byte(byte)
    }

    #[test]
    fn holes_of_every_age_are_found_and_filled() {
        let hash = &hex::encode(keccak256("src/Lib.sol:Lib"))[..34];
        let text = format!("0x6001__${hash}$__6002__old/Math.sol:Math_____________________6003");
        let code = Code::parse(&text).unwrap();
        assert_eq!(code.bytes.len(), 46);
        let names: Vec<&str> = code.links.iter().map(|link| link.library.as_str()).collect();
        assert_eq!(names, [&format!("${hash}"), "old/Math.sol:Math"]);
        assert!(code.links[0].is_for("src/Lib.sol", "Lib") && !code.links[0].is_for("src/Lib.sol", "Other"));
        assert!(code.links[1].is_for("contracts/old/Math.sol", "Math"));
        assert!(!code.links[1].is_for("new/Math.sol", "Math"));
        let linked = code.linked(|link| Some(address(u8::from(link.is_for("src/Lib.sol", "Lib")))));
        let linked = linked.unwrap();
        assert_eq!((linked[2], linked[21], linked[22], linked[24], linked[45]), (1, 1, 0x60, 0, 3));
        assert_eq!(code.linked(|_| None).unwrap_err(), &code.links[0]);

        let references = BTreeMap::from([(
            "src/Lib.sol".to_owned(),
            BTreeMap::from([("Lib".to_owned(), vec![Reference { start: 2, length: 20 }])]),
        )]);
        let code = Code::with_links(&text, &references).unwrap();
        assert_eq!(code.links[1], Link { library: "src/Lib.sol:Lib".to_owned(), offsets: vec![2] });
        assert_eq!(code.links.len(), 2);
    }

    #[test]
    fn broken_code_is_refused_in_words() {
        let references = |start, length| {
            let place = Reference { start, length };
            BTreeMap::from([(String::new(), BTreeMap::from([("L".to_owned(), vec![place])]))])
        };
        let none = LinkReferences::new();
        for (text, references, expected) in [
            ("0x600", &none, "3 hexadecimal digits, an odd number"),
            ("0x60zz", &none, "what is not hexadecimal at digit 2"),
            ("0x60\u{e9}", &none, "what is not hexadecimal at digit 2"),
            ("60__abc1", &none, "a broken library placeholder at digit 2"),
            ("60_1", &none, "a broken library placeholder"),
            ("6001", &references(1, 20), "a link reference to `L` outside of the code"),
            ("6001", &references(usize::MAX, 20), "a link reference to `L` outside of the code"),
            (&"00".repeat(40), &references(1, 19), "a link reference to `L` outside of the code"),
            (&"00".repeat(MOST_CODE + 1), &none, "1048577 bytes of code; at most 1048576 are allowed"),
        ] {
            let problem = Code::with_links(text, references).unwrap_err();
            assert!(problem.contains(expected), "{problem}");
        }
        assert!(Code::parse("0x").unwrap().is_empty());
        assert!(Code::parse("").unwrap().is_empty());
    }

    #[test]
    fn deployed_code_is_known_but_for_immutables_and_metadata() {
        let mut code = Code::parse("6001600260036004a1010203aabb0006").unwrap();
        code.bytes.truncate(16);
        code.immutables = vec![Immutable { offset: 2, length: 2 }];
        let mut deployed = code.bytes.clone();
        assert!(code.is_source_of(&deployed));
        deployed[3] = 9;
        assert!(code.is_source_of(&deployed));
        deployed[9] = 9;
        assert!(code.is_source_of(&deployed), "metadata");
        deployed[0] = 9;
        assert!(!code.is_source_of(&deployed));
        assert!(!code.is_source_of(&deployed[1..]));
    }
}
