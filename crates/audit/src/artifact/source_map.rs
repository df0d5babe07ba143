//! From a place in code to a line of source.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Where an instruction comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Bytes from the start of the file.
    pub start: usize,
    /// Bytes.
    pub length: usize,
    /// The compiler's number of the file; negative for code that no file has.
    pub file: i64,
    /// What a jump is.
    pub jump: Jump,
}

/// What a jump is to the one who wrote the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// Into a function.
    In,
    /// Out of one.
    Out,
    /// Within one.
    Other,
}

/// A source map: one span an instruction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMap {
    spans: Vec<Span>,
    /// The instruction of each byte; `u32::MAX` for data of a push.
    instructions: Vec<u32>,
}

impl SourceMap {
    /// Decodes a compiler's `s:l:f:j:m;...`, where a field left out is that of the instruction before, for this code.
    ///
    /// # Errors
    /// The entry that cannot be read.
    pub fn parse(text: &str, code: &[u8]) -> Result<Self, String> {
        let mut spans = Vec::new();
        let mut last = Span { start: 0, length: 0, file: -1, jump: Jump::Other };
        if !text.is_empty() {
            for (number, entry) in text.split(';').enumerate() {
                // There is no more than one instruction a byte.
                if number >= code.len() {
                    break;
                }
                let broken = || format!("source map entry {number}, `{}`, cannot be read", clip(entry));
                for (field, text) in entry.split(':').enumerate() {
                    if text.is_empty() {
                        continue;
                    }
                    match field {
                        // `-1` says that there is none.
                        0 => last.start = text.parse::<i64>().map_err(|_| broken())?.max(0) as usize,
                        1 => last.length = text.parse::<i64>().map_err(|_| broken())?.max(0) as usize,
                        2 => last.file = text.parse().map_err(|_| broken())?,
                        3 => {
                            last.jump = match text {
                                "i" => Jump::In,
                                "o" => Jump::Out,
                                "-" => Jump::Other,
                                _ => return Err(broken()),
                            }
                        }
                        4 => _ = text.parse::<u64>().map_err(|_| broken())?,
                        _ => return Err(broken()),
                    }
                }
                spans.push(last);
            }
        }
        let mut instructions = vec![u32::MAX; code.len()];
        let (mut at, mut instruction) = (0, 0);
        while at < code.len() {
            instructions[at] = instruction;
            instruction += 1;
            at += 1 + pushed(code[at]);
        }
        Ok(Self { spans, instructions })
    }

    /// The span of the instruction at this place in the code.
    pub fn at(&self, pc: usize) -> Option<Span> {
        let instruction = *self.instructions.get(pc)?;
        self.spans.get(instruction as usize).copied()
    }

    /// Every place that an instruction has a span at, ascending.
    pub fn places(&self) -> impl Iterator<Item = (usize, Span)> + '_ {
        (0..self.instructions.len()).filter_map(|pc| self.at(pc).map(|span| (pc, span)))
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Bytes of data after an instruction.
pub(super) fn pushed(instruction: u8) -> usize {
    match instruction {
        0x60..=0x7f => usize::from(instruction - 0x5f),
        _ => 0,
    }
}

/// A source file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path as the compiler knew it.
    pub path: String,
    /// Its text, where it is at hand.
    pub text: Option<Arc<str>>,
    /// Bytes from the start of the text to the start of each line.
    lines: Vec<usize>,
}

impl Source {
    /// A file of this path.
    pub fn new(path: impl Into<String>, text: Option<Arc<str>>) -> Self {
        let mut lines = vec![0];
        if let Some(text) = &text {
            lines.extend(text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1));
        }
        Self { path: path.into(), text, lines }
    }

    /// The line that a byte is in, from 1; none where the text is not at hand or is shorter.
    pub fn line(&self, byte: usize) -> Option<usize> {
        let text = self.text.as_ref()?;
        (byte <= text.len()).then(|| self.lines.partition_point(|start| *start <= byte))
    }
}

/// The files of one compilation, by the compiler's number.
pub type Sources = BTreeMap<i64, Source>;

/// A place in a source file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<'a> {
    /// The file.
    pub file: &'a str,
    /// The line, from 1.
    pub line: usize,
    /// The last line of the same statement or block.
    pub last_line: usize,
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn fields_left_out_are_those_before() {
        // PUSH1 1; PUSH2 0x5b5b; JUMPDEST; STOP
        let code = [0x60, 1, 0x61, 0x5b, 0x5b, 0x5b, 0x00];
        let map = SourceMap::parse("1:2:1;:9;2:1:2:i;;;", &code).unwrap();
        let span = |start, length, file, jump| Some(Span { start, length, file, jump });
        assert_eq!(map.at(0), span(1, 2, 1, Jump::Other));
        assert_eq!(map.at(1), None);
        assert_eq!(map.at(2), span(1, 9, 1, Jump::Other));
        assert_eq!(map.at(4), None);
        assert_eq!(map.at(5), span(2, 1, 2, Jump::In));
        assert_eq!(map.at(6), span(2, 1, 2, Jump::In));
        assert_eq!(map.at(7), None);
        assert_eq!(map.places().map(|(pc, _)| pc).collect::<Vec<_>>(), [0, 2, 5, 6]);
        assert_eq!(SourceMap::parse("-1:-1:-1:-", &[0]).unwrap().at(0), span(0, 0, -1, Jump::Other));
        assert_eq!(SourceMap::parse("", &[0]).unwrap().at(0), None);
        for text in ["x", "1:y", "1:1:z", "1:1:1:q", "1:1:1:i:w", "1:1:1:i:0:7", "99999999999999999999"] {
            assert!(SourceMap::parse(text, &[0]).unwrap_err().contains("entry 0"), "{text}");
        }
        let long = SourceMap::parse(&"1:2:3;".repeat(100_000), &[0, 0]).unwrap();
        assert_eq!(long.spans.len(), 2);
    }

    #[test]
    fn lines_count_from_one() {
        let source = Source::new("a.sol", Some("ab\nc\n".into()));
        assert_eq!([0, 2, 3, 4, 5].map(|byte| source.line(byte)), [1, 1, 2, 2, 3].map(Some));
        assert_eq!(source.line(6), None);
        assert_eq!(Source::new("a.sol", None).line(0), None);
    }
}
