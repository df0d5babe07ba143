//! A pull reader of JSON that holds one record at a time, whatever the file's size.
//!
//! A record with a wrong cell is read to its end and reported to the caller, who sets it aside; broken
//! syntax ends the reading, with line and column.

use std::io::{self, Read};

use daotwin_core::{Error as CoreError, Limits};

use super::Source;
use super::rows::read_error;
use crate::error::{Error, Result};

const BUFFER_BYTES: usize = 1 << 16;

/// What a value is, told from its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    Text,
    /// A number, or a word that some writers put for one: `NaN`, `Infinity`.
    Number,
    Word,
}

/// Reads JSON from a source, byte by byte through one buffer.
pub(crate) struct JsonReader<'a> {
    source: &'a Source,
    format: &'static str,
    limits: Limits,
    inner: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    position: usize,
    /// Bytes before the buffer.
    before: u64,
    line: u64,
    line_start: u64,
    depth: u64,
}

impl<'a> JsonReader<'a> {
    /// Opens a source; a byte-order mark is skipped.
    pub(crate) fn open(source: &'a Source, format: &'static str, limits: &Limits) -> Result<Self> {
        let mut reader = Self {
            source,
            format,
            limits: *limits,
            inner: source.reader()?,
            buffer: Vec::with_capacity(BUFFER_BYTES),
            position: 0,
            before: 0,
            line: 1,
            line_start: 0,
            depth: 0,
        };
        for byte in [0xef, 0xbb, 0xbf] {
            if reader.next_byte()? != Some(byte) {
                break;
            }
            reader.position += 1;
        }
        Ok(reader)
    }

    fn offset(&self) -> u64 {
        self.before + self.position as u64
    }

    /// Broken syntax at this place.
    pub(crate) fn syntax(&self, what: &str) -> Error {
        Error::Source {
            path: self.source.path().to_path_buf(),
            format: self.format,
            reason: format!(
                "line {} column {}: {what}; nothing was imported",
                self.line,
                self.offset() - self.line_start + 1
            ),
        }
    }

    fn limit(&self, what: &str, limit: &'static str, found: u64, allowed: u64) -> Error {
        let what = format!("{what} at line {} of `{}`", self.line, self.source.path().display());
        CoreError::Limit { what, limit, found, allowed }.into()
    }

    /// Fills the empty buffer; false at the end.
    #[cold]
    fn fill(&mut self) -> Result<bool> {
        self.before += self.buffer.len() as u64;
        self.position = 0;
        self.buffer.resize(BUFFER_BYTES, 0);
        let read = loop {
            match self.inner.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        match read {
            Ok(read) => {
                self.buffer.truncate(read);
                Ok(read > 0)
            }
            Err(error) => {
                self.buffer.clear();
                Err(read_error(self.source, self.format, &self.limits, error))
            }
        }
    }

    #[inline]
    fn next_byte(&mut self) -> Result<Option<u8>> {
        if self.position == self.buffer.len() && !self.fill()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.position]))
    }

    /// The byte here, which is not taken.
    #[inline]
    fn here(&mut self) -> Result<u8> {
        self.next_byte()?.ok_or_else(|| self.syntax("the document is cut off"))
    }

    #[inline]
    fn blanks(&mut self) -> Result<()> {
        while let Some(byte) = self.next_byte()? {
            match byte {
                b' ' | b'\t' | b'\r' => self.position += 1,
                b'\n' => {
                    self.position += 1;
                    self.line += 1;
                    self.line_start = self.offset();
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// What comes next; blanks are skipped.
    pub(crate) fn peek(&mut self) -> Result<Kind> {
        self.blanks()?;
        match self.here()? {
            b'{' => Ok(Kind::Object),
            b'[' => Ok(Kind::Array),
            b'"' => Ok(Kind::Text),
            b'-' | b'0'..=b'9' | b'N' | b'I' => Ok(Kind::Number),
            b't' | b'f' | b'n' => Ok(Kind::Word),
            _ => Err(self.syntax("a value was expected")),
        }
    }

    fn enter(&mut self) -> Result<()> {
        self.position += 1;
        self.depth += 1;
        if self.depth > self.limits.max_depth {
            return Err(self.limit("the nesting", "max_depth", self.depth, self.limits.max_depth));
        }
        Ok(())
    }

    /// Enters the object or array that [`Self::peek`] announced.
    pub(crate) fn open_container(&mut self) -> Result<()> {
        self.blanks()?;
        self.here()?;
        self.enter()
    }

    /// Goes to the next item of a container whose end is `close`; false once it has ended.
    fn advance(&mut self, first: &mut bool, close: u8) -> Result<bool> {
        self.blanks()?;
        let byte = self.here()?;
        if byte == close {
            self.position += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !std::mem::take(first) {
            if byte != b',' {
                return Err(self.syntax("`,` or the end of the container was expected"));
            }
            self.position += 1;
            self.blanks()?;
            if self.here()? == close {
                return Err(self.syntax("a value was expected after `,`"));
            }
        }
        Ok(true)
    }

    /// Goes to the next item of an array; false once it has ended. `first` starts true.
    pub(crate) fn next_item(&mut self, first: &mut bool) -> Result<bool> {
        self.advance(first, b']')
    }

    /// Goes to the next value of an object and puts its key into `key`; false once it has ended.
    pub(crate) fn next_key(&mut self, first: &mut bool, key: &mut Vec<u8>) -> Result<bool> {
        if !self.advance(first, b'}')? {
            return Ok(false);
        }
        if self.here()? != b'"' {
            return Err(self.syntax("a key was expected"));
        }
        key.clear();
        self.text(key)?;
        self.blanks()?;
        if self.here()? != b':' {
            return Err(self.syntax("`:` was expected"));
        }
        self.position += 1;
        Ok(true)
    }

    /// Appends the text here, unescaped. Its bytes may be no UTF-8. Half a surrogate pair becomes U+FFFD.
    pub(crate) fn text(&mut self, out: &mut Vec<u8>) -> Result<()> {
        self.string(Some(out), false)
    }

    /// Reads a string: kept unescaped, kept as written with its quotes (`raw`), or not kept.
    fn string(&mut self, mut out: Option<&mut Vec<u8>>, raw: bool) -> Result<()> {
        let start = self.offset();
        self.position += 1;
        if let (Some(out), true) = (&mut out, raw) {
            out.push(b'"');
        }
        loop {
            self.here()?;
            let rest = &self.buffer[self.position..];
            let plain = rest
                .iter()
                .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)
                .unwrap_or(rest.len());
            if let Some(out) = &mut out {
                out.extend_from_slice(&rest[..plain]);
            }
            self.position += plain;
            let bytes = self.offset() - start;
            if bytes > self.limits.max_cell_bytes {
                return Err(self.limit("a text", "max_cell_bytes", bytes, self.limits.max_cell_bytes));
            }
            if self.position == self.buffer.len() {
                continue;
            }
            match self.buffer[self.position] {
                b'"' => {
                    self.position += 1;
                    if let (Some(out), true) = (&mut out, raw) {
                        out.push(b'"');
                    }
                    return Ok(());
                }
                b'\\' => {
                    self.position += 1;
                    let escape = self.here()?;
                    self.position += 1;
                    match &mut out {
                        None if escape == b'u' => drop(self.unit()?),
                        None => {}
                        Some(out) if raw => out.extend_from_slice(&[b'\\', escape]),
                        Some(out) => self.unescape(escape, out)?,
                    }
                }
                _ => return Err(self.syntax("a text holds a control character")),
            }
        }
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32> {
        let mut unit = 0;
        for _ in 0..4 {
            let digit = char::from(self.here()?).to_digit(16);
            unit = unit * 16 + digit.ok_or_else(|| self.syntax("`\\u` wants four hexadecimal digits"))?;
            self.position += 1;
        }
        Ok(unit)
    }

    fn unescape(&mut self, escape: u8, out: &mut Vec<u8>) -> Result<()> {
        let mut put = |char: char| out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        match escape {
            b'"' | b'\\' | b'/' => put(char::from(escape)),
            b'b' => put('\u{8}'),
            b'f' => put('\u{c}'),
            b'n' => put('\n'),
            b'r' => put('\r'),
            b't' => put('\t'),
            b'u' => {
                let mut unit = self.unit()?;
                // A high half waits for its low half; what is no pair is replaced.
                while (0xd800..0xdc00).contains(&unit) {
                    if self.here()? != b'\\' {
                        break;
                    }
                    self.position += 1;
                    let escape = self.here()?;
                    self.position += 1;
                    if escape != b'u' {
                        put(char::REPLACEMENT_CHARACTER);
                        return self.unescape(escape, out);
                    }
                    let low = self.unit()?;
                    if (0xdc00..0xe000).contains(&low) {
                        unit = 0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                    } else {
                        put(char::REPLACEMENT_CHARACTER);
                        unit = low;
                    }
                }
                put(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => return Err(self.syntax("an unknown escape")),
        }
        Ok(())
    }

    /// Appends the number or word here as it is written; refuses what JSON and Python do not write.
    pub(crate) fn scalar(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        while let Some(byte) = self.next_byte()? {
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.')) {
                break;
            }
            if out.len() - start >= 4_096 {
                return Err(self.syntax("a number of more than 4096 digits"));
            }
            out.push(byte);
            self.position += 1;
        }
        let known = match &out[start..] {
            b"true" | b"false" | b"null" | b"NaN" | b"Infinity" | b"-Infinity" => true,
            number => is_number(number),
        };
        if known { Ok(()) } else { Err(self.syntax("a value was expected")) }
    }

    /// Passes over the value here.
    pub(crate) fn skip(&mut self, scratch: &mut Vec<u8>) -> Result<()> {
        scratch.clear();
        self.value(None, scratch)
    }

    /// Appends the value here as it is written, without the blanks between its parts.
    pub(crate) fn raw(&mut self, out: &mut Vec<u8>, scratch: &mut Vec<u8>) -> Result<()> {
        self.value(Some(out), scratch)
    }

    /// Walks over a value without recursion. `stack` remembers the closing bytes.
    fn value(&mut self, mut out: Option<&mut Vec<u8>>, scratch: &mut Vec<u8>) -> Result<()> {
        let start = self.offset();
        // (closing byte, whether an item came already)
        let mut stack: Vec<(u8, bool)> = Vec::new();
        loop {
            // One value starts here.
            match self.peek()? {
                kind @ (Kind::Object | Kind::Array) => {
                    let open = self.here()?;
                    self.enter()?;
                    if let Some(out) = &mut out {
                        out.push(open);
                    }
                    stack.push((if kind == Kind::Object { b'}' } else { b']' }, false));
                }
                Kind::Text => self.string(out.as_deref_mut(), true)?,
                Kind::Number | Kind::Word => {
                    if let Some(out) = &mut out {
                        self.scalar(out)?;
                    } else {
                        scratch.clear();
                        self.scalar(scratch)?;
                    }
                }
            }
            if out.is_some() && self.offset() - start > self.limits.max_cell_bytes {
                let bytes = self.offset() - start;
                return Err(self.limit("a value", "max_cell_bytes", bytes, self.limits.max_cell_bytes));
            }
            // On to the next value, out of the containers that end here.
            loop {
                let Some((close, any)) = stack.last_mut() else { return Ok(()) };
                let (close, mut first) = (*close, !std::mem::replace(any, true));
                let comma = !first;
                if !self.advance(&mut first, close)? {
                    if let Some(out) = &mut out {
                        out.push(close);
                    }
                    stack.pop();
                    continue;
                }
                if let (Some(out), true) = (&mut out, comma) {
                    out.push(b',');
                }
                if close == b'}' {
                    if self.here()? != b'"' {
                        return Err(self.syntax("a key was expected"));
                    }
                    self.string(out.as_deref_mut(), true)?;
                    self.blanks()?;
                    if self.here()? != b':' {
                        return Err(self.syntax("`:` was expected"));
                    }
                    self.position += 1;
                    if let Some(out) = &mut out {
                        out.push(b':');
                    }
                }
                break;
            }
        }
    }

    /// Whether nothing but blanks follows.
    pub(crate) fn at_end(&mut self) -> Result<bool> {
        self.blanks()?;
        Ok(self.next_byte()?.is_none())
    }
}

/// Whether the bytes are a JSON number.
fn is_number(bytes: &[u8]) -> bool {
    fn digits(bytes: &[u8]) -> &[u8] {
        let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
        &bytes[count..]
    }
    let bytes = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let mut rest = digits(bytes);
    if rest.len() == bytes.len() {
        return false;
    }
    if let Some(fraction) = rest.strip_prefix(b".") {
        rest = digits(fraction);
        if rest.len() == fraction.len() {
            return false;
        }
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = exponent.strip_prefix(b"+").or(exponent.strip_prefix(b"-")).unwrap_or(exponent);
        rest = digits(exponent);
        if rest.len() == exponent.len() {
            return false;
        }
    }
    rest.is_empty()
}
