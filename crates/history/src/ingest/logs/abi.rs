//! A small, strict decoder of contract ABI data. Every offset and length is checked against the bytes that
//! are there before anything is read or reserved; arrays of byte strings may not refer to the same bytes
//! again and again.

use std::fmt::Write as _;

/// A 32-byte word.
pub(crate) type Word = [u8; 32];

/// A 20-byte address.
pub(crate) type Address = [u8; 20];

/// Why data does not decode; fit for the count of rows set aside.
pub(crate) type Reason = &'static str;

pub(crate) const SHORT: Reason = "log data is shorter than its event needs";
pub(crate) const OUTSIDE: Reason = "log data points outside itself";
pub(crate) const DIRTY: Reason = "log data holds a word that does not fit its type";
pub(crate) const REPEATED: Reason = "log data refers to the same bytes more than once";

/// The arguments of one event, in the order of its signature, whether they are topics or data.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arguments<'a> {
    /// The topics, the event's own hash first.
    pub(crate) topics: &'a [Word],
    /// The data.
    pub(crate) data: &'a [u8],
    /// The positions that are topics.
    pub(crate) indexed: &'static [usize],
}

impl<'a> Arguments<'a> {
    /// The word of an argument: its value, or for dynamic types its offset.
    pub(crate) fn word(&self, position: usize) -> Result<Word, Reason> {
        if let Some(topic) = self.indexed.iter().position(|&index| index == position) {
            return self.topics.get(topic + 1).copied().ok_or(SHORT);
        }
        let before = self.indexed.iter().filter(|&&index| index < position).count();
        word_at(self.data, (position - before) * 32).map_err(|_| SHORT)
    }

    /// An address.
    pub(crate) fn address(&self, position: usize) -> Result<Address, Reason> {
        to_address(&self.word(position)?)
    }

    /// A boolean.
    pub(crate) fn boolean(&self, position: usize) -> Result<bool, Reason> {
        match to_u64(&self.word(position)?) {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            _ => Err(DIRTY),
        }
    }

    /// An integer of at most 64 bits.
    pub(crate) fn small(&self, position: usize) -> Result<u64, Reason> {
        to_u64(&self.word(position)?).ok_or(DIRTY)
    }

    /// A `bytes` or `string`.
    pub(crate) fn bytes(&self, position: usize) -> Result<&'a [u8], Reason> {
        bytes_at(self.data, offset(&self.word(position)?, self.data)?)
    }

    /// A text; bytes that are no UTF-8 are replaced.
    pub(crate) fn text(&self, position: usize) -> Result<String, Reason> {
        Ok(String::from_utf8_lossy(self.bytes(position)?).into_owned())
    }

    /// An array of a one-word type.
    pub(crate) fn words(&self, position: usize) -> Result<Vec<Word>, Reason> {
        let (content, length) = self.array(position)?;
        Ok(content.as_chunks::<32>().0.iter().take(length).copied().collect())
    }

    /// An array of `bytes` or `string`.
    pub(crate) fn byte_strings(&self, position: usize) -> Result<Vec<&'a [u8]>, Reason> {
        let (content, length) = self.array(position)?;
        let mut total = 0_usize;
        let mut items = Vec::with_capacity(length);
        for index in 0..length {
            let item = bytes_at(content, offset(&word_at(content, index * 32)?, content)?)?;
            total = total.saturating_add(item.len());
            if total > content.len() {
                return Err(REPEATED);
            }
            items.push(item);
        }
        Ok(items)
    }

    /// What follows an array's length, and the length, which is known to fit.
    fn array(&self, position: usize) -> Result<(&'a [u8], usize), Reason> {
        let at = offset(&self.word(position)?, self.data)?;
        let length = to_u64(&word_at(self.data, at)?).ok_or(OUTSIDE)?;
        let content = self.data.get(at + 32..).ok_or(OUTSIDE)?;
        match usize::try_from(length) {
            Ok(length) if length <= content.len() / 32 => Ok((content, length)),
            _ => Err(OUTSIDE),
        }
    }
}

fn word_at(data: &[u8], at: usize) -> Result<Word, Reason> {
    at.checked_add(32).and_then(|end| data.get(at..end)).and_then(|word| word.try_into().ok()).ok_or(OUTSIDE)
}

fn offset(word: &Word, data: &[u8]) -> Result<usize, Reason> {
    to_u64(word)
        .and_then(|value| usize::try_from(value).ok())
        .filter(|&value| value <= data.len())
        .ok_or(OUTSIDE)
}

fn bytes_at(data: &[u8], at: usize) -> Result<&[u8], Reason> {
    let length = to_u64(&word_at(data, at)?).and_then(|value| usize::try_from(value).ok()).ok_or(OUTSIDE)?;
    data.get(at + 32..).and_then(|rest| rest.get(..length)).ok_or(OUTSIDE)
}

/// The last 20 bytes; the first 12 must be zero.
pub(crate) fn to_address(word: &Word) -> Result<Address, Reason> {
    let (zeros, address) = word.split_at(12);
    if zeros.iter().any(|&byte| byte != 0) {
        return Err(DIRTY);
    }
    address.try_into().map_err(|_| DIRTY)
}

/// The word as an integer, if it fits 64 bits.
pub(crate) fn to_u64(word: &Word) -> Option<u64> {
    to_u128(word).and_then(|value| u64::try_from(value).ok())
}

/// The word as an integer, if it fits 128 bits.
pub(crate) fn to_u128(word: &Word) -> Option<u128> {
    let (high, low) = word.split_at(16);
    let low: [u8; 16] = low.try_into().ok()?;
    high.iter().all(|&byte| byte == 0).then(|| u128::from_be_bytes(low))
}

/// The word as decimal text.
pub(crate) fn to_decimal(word: &Word) -> String {
    const BASE: u64 = 1_000_000_000;
    if let Some(value) = to_u128(word) {
        return value.to_string();
    }
    let mut limbs: Vec<u64> =
        word.as_chunks::<4>().0.iter().map(|bytes| u64::from(u32::from_be_bytes(*bytes))).collect();
    let mut groups = Vec::new();
    while limbs.iter().any(|&limb| limb != 0) {
        let mut rest = 0;
        for limb in &mut limbs {
            let value = rest << 32 | *limb;
            *limb = value / BASE;
            rest = value % BASE;
        }
        groups.push(rest);
    }
    let mut text = groups.pop().unwrap_or(0).to_string();
    for group in groups.iter().rev() {
        // Writing into a `String` cannot fail.
        write!(text, "{group:09}").ok();
    }
    text
}

/// Bytes as `0x` and lower-case hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 + 2 * bytes.len());
    text.push_str("0x");
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Reads `0x` and hexadecimal digits.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?.as_bytes();
    let (pairs, odd) = digits.as_chunks::<2>();
    if !odd.is_empty() {
        return None;
    }
    pairs.iter().map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect()
}

pub(crate) const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Reads a quantity: hexadecimal with `0x` (alone it is zero, as Etherscan prints it), or decimal.
pub(crate) fn quantity(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some("") => Some(0),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()
        }
        Some(_) => None,
        None => text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten(),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn decimal_text_of_256_bits() {
        assert_eq!(
            to_decimal(&[0xff; 32]),
            "115792089237316195423570985008687907853269984665640564039457584007913129639935"
        );
        let mut word = [0; 32];
        word[15] = 1;
        assert_eq!(to_decimal(&word), "340282366920938463463374607431768211456");
        assert_eq!(to_decimal(&[0; 32]), "0");
    }

    #[test]
    fn lengths_are_checked_before_use() {
        let mut data = vec![0; 96];
        data[31] = 32;
        data[32] = 0x80;
        let arguments = Arguments { topics: &[], data: &data, indexed: &[] };
        assert_eq!(arguments.words(0), Err(OUTSIDE));
        assert_eq!(arguments.bytes(0), Err(OUTSIDE));
        assert_eq!(arguments.byte_strings(0), Err(OUTSIDE));
        data[32] = 0;
        data[63] = 1;
        let arguments = Arguments { topics: &[], data: &data, indexed: &[] };
        assert_eq!(arguments.words(0).map(|words| words.len()), Ok(1));
        data[63] = 2;
        let arguments = Arguments { topics: &[], data: &data, indexed: &[] };
        assert_eq!(arguments.words(0), Err(OUTSIDE));
    }

    #[test]
    fn quantities() {
        assert_eq!(quantity("0x"), Some(0));
        assert_eq!(quantity("0xafab45"), Some(0x00af_ab45));
        assert_eq!(quantity("12"), Some(12));
        for bad in ["0x+1", "-1", "1.5", "0xffffffffffffffffff", "x"] {
            assert_eq!(quantity(bad), None, "{bad}");
        }
    }
}
