//! What a transaction did on its way.

use alloy_primitives::map::HashMap;
use alloy_primitives::{Address, B256, Bytes, U256};
use revm::bytecode::{Bytecode, opcode};

/// A place in a code: the code's number in [`Codes`] and the program counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Site {
    /// The number of the code.
    pub code: u32,
    /// The program counter.
    pub counter: u32,
}

/// How two words were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ComparisonKind {
    /// `EQ`, or a difference that is tested for zero.
    Equal,
    /// `LT` or `GT`, the smaller side written left: `left < right`.
    Less,
    /// `SLT` or `SGT`, in the same way.
    SignedLess,
}

/// Two words that were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparison {
    /// The number of the place, unique over all codes.
    pub place: u32,
    /// How.
    pub kind: ComparisonKind,
    /// The left side.
    pub left: U256,
    /// The right side.
    pub right: U256,
    /// The call in which it happened.
    pub call: u32,
}

/// A word of storage read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The call that did it.
    pub call: u32,
    /// Whose storage.
    pub address: Address,
    /// Which word.
    pub slot: U256,
    /// What was read, or is there now.
    pub value: U256,
    /// Whether it was written.
    pub write: bool,
    /// The program counter of the instruction.
    pub counter: u32,
    /// When, in the order of all accesses, call beginnings and call ends.
    pub clock: u32,
}

/// How a call was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallKind {
    /// `CALL` (or `CALLCODE`).
    Call,
    /// `DELEGATECALL`: foreign code on the caller's storage.
    Delegate,
    /// `STATICCALL`: nothing may change.
    Static,
    /// `CREATE` or `CREATE2`.
    Create,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRecord {
    /// How it was made.
    pub kind: CallKind,
    /// The call that made it; none for the transaction itself.
    pub parent: Option<u32>,
    /// How deep, the transaction at 0.
    pub depth: u32,
    /// Who calls (`msg.sender`).
    pub caller: Address,
    /// On whose storage.
    pub target: Address,
    /// Whose code.
    pub code_address: Address,
    /// The number of the code in [`Codes`]; none where there is no code, in a constructor, and of code never shown.
    pub code: Option<u32>,
    /// Wei sent along.
    pub value: U256,
    /// The input.
    pub input: Bytes,
    /// Gas it may use.
    pub gas: u64,
    /// The place of the instruction that made it; none for the transaction itself.
    pub site: Option<Site>,
    /// Whether it ended well.
    pub success: bool,
    /// What it answered.
    pub output: Bytes,
    /// When it began, in the order of all accesses, call beginnings and call ends.
    pub begin: u32,
    /// When it ended.
    pub end: u32,
}

impl CallRecord {
    /// The first four bytes of its input.
    pub fn selector(&self) -> Option<[u8; 4]> {
        self.input.get(..4).and_then(|bytes| bytes.try_into().ok())
    }
}

/// Arithmetic that went over the edge of 256 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wrap {
    /// Where.
    pub site: Site,
    /// `ADD`, `SUB` or `MUL`.
    pub instruction: u8,
    /// The call in which it happened.
    pub call: u32,
    /// The result that was kept.
    pub result: U256,
}

/// What of its surroundings a transaction looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one instruction each")]
pub struct Environment {
    /// `TIMESTAMP`.
    pub time: bool,
    /// `NUMBER`.
    pub block: bool,
    /// `ORIGIN`.
    pub origin: bool,
    /// `DIFFICULTY` or `PREVRANDAO`, `BLOCKHASH`, `COINBASE`.
    pub random: bool,
    /// `BALANCE` or `SELFBALANCE`.
    pub balance: bool,
    /// `GAS` or `GASPRICE`.
    pub gas: bool,
}

/// A code as coverage sees it.
#[derive(Debug, Clone)]
pub(crate) struct Code {
    hash: B256,
    /// For every program counter the number of its place among all codes, or `u32::MAX`.
    places: Box<[u32]>,
}

/// All codes that a machine was shown, and the numbers of their places.
///
/// A place is a jump on a condition or a comparison; places are numbered over all codes in the order in which codes are
/// seen, so that maps of them are plain vectors.
#[derive(Debug, Clone, Default)]
pub struct Codes {
    numbers: HashMap<B256, u32>,
    codes: Vec<Code>,
    places: Vec<Site>,
}

impl Codes {
    const NONE: u32 = u32::MAX;

    /// The number of a code; new ones are looked through once.
    pub(crate) fn number(&mut self, hash: B256, code: &Bytecode) -> u32 {
        if let Some(number) = self.numbers.get(&hash) {
            return *number;
        }
        let bytes = code.original_byte_slice();
        let number = u32::try_from(self.codes.len()).unwrap_or(Self::NONE);
        let mut places = vec![Self::NONE; bytes.len()];
        let mut counter = 0;
        while counter < bytes.len() {
            let instruction = bytes[counter];
            if matches!(
                instruction,
                opcode::JUMPI
                    | opcode::EQ
                    | opcode::LT
                    | opcode::GT
                    | opcode::SLT
                    | opcode::SGT
                    | opcode::SUB
                    | opcode::XOR
            ) {
                places[counter] = u32::try_from(self.places.len()).unwrap_or(Self::NONE);
                self.places
                    .push(Site { code: number, counter: u32::try_from(counter).unwrap_or(Self::NONE) });
            }
            counter += 1 + push_size(instruction);
        }
        self.codes.push(Code { hash, places: places.into_boxed_slice() });
        self.numbers.insert(hash, number);
        number
    }

    fn place(&self, code: u32, counter: usize) -> u32 {
        self.codes.get(code as usize).and_then(|code| code.places.get(counter)).copied().unwrap_or(Self::NONE)
    }

    /// How many places there are in all codes seen so far.
    pub fn places(&self) -> usize {
        self.places.len()
    }

    /// Where a place is.
    pub fn site(&self, place: u32) -> Site {
        self.places[place as usize]
    }

    /// The keccak hash of a code, by number.
    pub fn hash(&self, code: u32) -> B256 {
        self.codes[code as usize].hash
    }

    /// The number of a code seen before.
    pub fn find(&self, hash: B256) -> Option<u32> {
        self.numbers.get(&hash).copied()
    }
}

/// How many bytes follow an instruction.
pub(crate) fn push_size(instruction: u8) -> usize {
    match instruction {
        opcode::PUSH1..=opcode::PUSH32 => usize::from(instruction - opcode::PUSH1) + 1,
        _ => 0,
    }
}

/// What a transaction did: branches taken, words compared, storage, calls, surroundings looked at.
///
/// Reused from one transaction to the next; lists are bounded, so that a loop cannot fill the memory.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    pub(crate) codes: Codes,
    /// Hits of each edge: twice the place of the jump, plus one where it was taken.
    hits: Vec<u8>,
    edges: Vec<u32>,
    compared: Vec<u8>,
    compared_places: Vec<u32>,
    /// Words compared, in order, the first few at each place.
    pub comparisons: Vec<Comparison>,
    /// Storage read and written, in order.
    pub accesses: Vec<Access>,
    /// Calls, in the order of their beginning; the first is the transaction.
    pub calls: Vec<CallRecord>,
    /// Arithmetic that wrapped.
    pub wraps: Vec<Wrap>,
    /// What it looked at.
    pub environment: Environment,
    /// Accounts that destroyed themselves, and who got what they had.
    pub destroyed: Vec<(Address, Address)>,
    /// Open frames: the call and its code.
    frames: Vec<(u32, u32)>,
    clock: u32,
    /// Bytes of inputs and outputs that are kept.
    bytes: usize,
}

impl Trace {
    /// Comparisons kept at one place in one transaction.
    const SAME: u8 = 6;
    /// Comparisons, accesses, calls and wraps kept in one transaction.
    const MOST: usize = 4096;
    /// Bytes of inputs and outputs of calls kept in one transaction: memory that is paid for once can be sent along with
    /// every call.
    const MOST_BYTES: usize = 16 << 20;

    /// Forgets the last transaction; codes stay.
    pub(crate) fn clear(&mut self) {
        for edge in self.edges.drain(..) {
            self.hits[edge as usize] = 0;
        }
        for place in self.compared_places.drain(..) {
            self.compared[place as usize] = 0;
        }
        self.comparisons.clear();
        self.accesses.clear();
        self.calls.clear();
        self.wraps.clear();
        self.environment = Environment::default();
        self.destroyed.clear();
        self.frames.clear();
        self.clock = 0;
        self.bytes = 0;
    }

    /// All codes seen by the machine of this trace.
    pub fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The edges that were passed, each with its hits (at most 255), in the order of their first passing.
    ///
    /// An edge is twice the number of a jump's place, plus one where the jump was taken.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = (u32, u8)> + '_ {
        self.edges.iter().map(|edge| (*edge, self.hits[*edge as usize]))
    }

    /// The order of all that is kept of a call, from one look to the next.
    fn tick(&mut self) -> u32 {
        self.clock += 1;
        self.clock
    }

    pub(crate) fn begin(&mut self, mut call: CallRecord, code: Option<u32>) -> u32 {
        let number = u32::try_from(self.calls.len()).unwrap_or(u32::MAX);
        call.begin = self.tick();
        call.parent = self.frames.last().map(|(parent, _)| *parent);
        call.code = code;
        self.calls.push(call);
        number
    }

    /// Opens the frame of a call whose code now runs. The code of a constructor has no number: it runs once, and would
    /// be another with other arguments.
    pub(crate) fn open(&mut self, call: u32, code: Option<u32>) {
        self.frames.push((call, code.unwrap_or(Codes::NONE)));
        let edges = self.codes.places() * 2;
        if self.hits.len() < edges {
            self.hits.resize(edges, 0);
            self.compared.resize(edges / 2, 0);
        }
    }

    /// Closes the innermost frame.
    pub(crate) fn close(&mut self) -> Option<u32> {
        self.frames.pop().map(|(call, _)| call)
    }

    pub(crate) fn end(&mut self, call: u32, success: bool, output: Bytes) {
        let clock = self.tick();
        let kept = self.keeps(output.len());
        let call = &mut self.calls[call as usize];
        call.success = success;
        call.output = if kept { output } else { Bytes::new() };
        call.end = clock;
    }

    /// The place that runs now.
    pub(crate) fn site(&self, counter: usize) -> Option<Site> {
        let (_, code) = *self.frames.last()?;
        Some(Site { code, counter: u32::try_from(counter).unwrap_or(u32::MAX) })
    }

    pub(crate) fn jump(&mut self, counter: usize, taken: bool) {
        let Some((_, code)) = self.frames.last() else { return };
        let place = self.codes.place(*code, counter);
        let edge = place.wrapping_mul(2) + u32::from(taken);
        let Some(hits) = self.hits.get_mut(edge as usize) else { return };
        if *hits == 0 {
            self.edges.push(edge);
        }
        *hits = hits.saturating_add(1);
    }

    pub(crate) fn compare(&mut self, counter: usize, kind: ComparisonKind, left: U256, right: U256) {
        let Some((call, code)) = self.frames.last() else { return };
        let place = self.codes.place(*code, counter);
        let Some(seen) = self.compared.get_mut(place as usize) else { return };
        if *seen >= Self::SAME || self.comparisons.len() >= Self::MOST {
            return;
        }
        if *seen == 0 {
            self.compared_places.push(place);
        }
        *seen += 1;
        self.comparisons.push(Comparison { place, kind, left, right, call: *call });
    }

    pub(crate) fn access(&mut self, counter: usize, address: Address, slot: U256, value: U256, write: bool) {
        if self.accesses.len() >= Self::MOST {
            return;
        }
        let clock = self.tick();
        let call = self.frames.last().map_or(0, |(call, _)| *call);
        let counter = u32::try_from(counter).unwrap_or(u32::MAX);
        self.accesses.push(Access { call, address, slot, value, write, counter, clock });
    }

    pub(crate) fn wrap(&mut self, counter: usize, instruction: u8, result: U256) {
        if self.wraps.len() >= Self::MOST {
            return;
        }
        let (Some(site), Some((call, _))) = (self.site(counter), self.frames.last()) else { return };
        self.wraps.push(Wrap { site, instruction, call: *call, result });
    }

    /// Whether so many bytes more of a call are kept; counts them where they are.
    pub(crate) fn keeps(&mut self, bytes: usize) -> bool {
        let all = self.bytes.saturating_add(bytes);
        if all <= Self::MOST_BYTES {
            self.bytes = all;
        }
        all <= Self::MOST_BYTES
    }

    /// Whether calls are still kept: a transaction that makes thousands is cut.
    pub(crate) fn full(&self) -> bool {
        self.calls.len() >= Self::MOST
    }
}
