//! A reader that stops hostile JSON before a parser buffers it.

use std::io::{self, Read};

use daotwin_core::Limits;

/// Passes JSON text through and fails on one token (a text or a number) over `max_cell_bytes`, or nesting
/// over `max_depth`. A parser must hold a token whole, so the token is where a small packed file could
/// take all memory.
#[derive(Debug)]
pub(crate) struct JsonGuard<R> {
    inner: R,
    max_token: u64,
    max_depth: u64,
    token: u64,
    depth: u64,
    in_text: bool,
    escaped: bool,
}

impl<R: Read> JsonGuard<R> {
    pub(crate) fn new(inner: R, limits: &Limits) -> Self {
        Self {
            inner,
            max_token: limits.max_cell_bytes,
            max_depth: limits.max_depth,
            token: 0,
            depth: 0,
            in_text: false,
            escaped: false,
        }
    }

    fn look(&mut self, byte: u8) -> io::Result<()> {
        if self.in_text {
            self.token += 1;
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.in_text = false;
                self.token = 0;
            }
        } else {
            match byte {
                b'"' => {
                    self.in_text = true;
                    self.token = 0;
                }
                b'{' | b'[' => {
                    self.depth += 1;
                    self.token = 0;
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.token = 0;
                }
                b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => self.token = 0,
                _ => self.token += 1,
            }
        }
        let limit = if self.token > self.max_token {
            "a text or number is over the limit `max_cell_bytes`"
        } else if self.depth > self.max_depth {
            "nesting is over the limit `max_depth`"
        } else {
            return Ok(());
        };
        Err(io::Error::new(io::ErrorKind::FileTooLarge, limit))
    }
}

impl<R: Read> Read for JsonGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        for &byte in &buffer[..read] {
            self.look(byte)?;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn tokens_and_depth_are_limited() {
        let limits = Limits { max_cell_bytes: 12, max_depth: 3, ..Limits::default() };
        let read = |text: &str| {
            let mut out = String::new();
            JsonGuard::new(text.as_bytes(), &limits).read_to_string(&mut out).is_ok()
        };
        assert!(read(r#"[{"a":"12345"},["\"\"\\]]]]"]]"#));
        assert!(!read(r#"["1234567890123"]"#));
        assert!(!read("[1234567890123]"));
        assert!(!read("[[[[]]]]"));
        assert!(read("[[[]],[[]]]"));
    }
}
