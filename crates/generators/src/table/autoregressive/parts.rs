//! The parts that a network sees: a column of few codes is one; one of many is two digits.

use crate::table::trees::order;

/// Codes that a part has at most, unless a column has more than their square.
const MOST: usize = 256;

/// The lower digit of a column with very many codes.
const DIGIT: usize = 128;

/// Which digit of a column's code a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Digit {
    Whole,
    High,
    Low,
}

/// What the network masks and draws at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Its column.
    pub column: usize,
    /// Which digit of the column's code.
    pub digit: Digit,
    /// How many codes it has.
    pub size: usize,
    /// Where its logits begin among the network's outputs.
    pub output: usize,
    /// Where its codes begin among the network's inputs; behind them stands the code of a masked part.
    pub input: usize,
}

/// All parts, in the order in which rows are drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub list: Vec<Part>,
    /// For a column of two digits, the place of every code by how often it was seen: neighbours share a high
    /// digit. Empty for others.
    ranks: Vec<Vec<u32>>,
    /// The code of every place.
    codes: Vec<Vec<u32>>,
}

impl Parts {
    /// Reads order and digits from the data.
    pub(super) fn fit(codes: &[Vec<u32>], sizes: &[usize]) -> Self {
        let ranks = codes.iter().zip(sizes).map(|(codes, &size)| ranks(codes, size)).collect();
        Self::new(&order::columns(codes, sizes), sizes, ranks)
    }

    /// Without a look at any row: columns in the order of the table, codes in the order of their labels.
    pub(super) fn declared(sizes: &[usize]) -> Self {
        let order: Vec<usize> = (0..sizes.len()).collect();
        let ranks =
            |&size: &usize| if Self::has_digits(size) { (0..size as u32).collect() } else { Vec::new() };
        Self::new(&order, sizes, sizes.iter().map(ranks).collect())
    }

    /// Puts parts together. Each list of ranks is empty, or an order of its column's codes.
    pub(super) fn new(order: &[usize], sizes: &[usize], ranks: Vec<Vec<u32>>) -> Self {
        let mut list = Vec::new();
        let (mut output, mut input) = (0, 0);
        let mut push = |column: usize, digit: Digit, size: usize| {
            list.push(Part { column, digit, size, output, input });
            output += size;
            input += size + 1;
        };
        for &column in order {
            if ranks[column].is_empty() {
                push(column, Digit::Whole, sizes[column]);
            } else {
                push(column, Digit::High, sizes[column].div_ceil(DIGIT));
                push(column, Digit::Low, DIGIT);
            }
        }
        let codes = ranks
            .iter()
            .map(|ranks| {
                let mut codes = vec![0; ranks.len()];
                ranks.iter().zip(0..).for_each(|(&rank, code)| codes[rank as usize] = code);
                codes
            })
            .collect();
        Self { list, ranks, codes }
    }

    /// Whether a column of this size has two digits.
    pub(super) fn has_digits(size: usize) -> bool {
        size > MOST
    }

    /// Columns in the order of their parts.
    pub(super) fn order(&self) -> Vec<usize> {
        self.list.iter().filter(|part| part.digit != Digit::Low).map(|part| part.column).collect()
    }

    /// The ranks of every column.
    pub(super) fn ranks(&self) -> &[Vec<u32>] {
        &self.ranks
    }

    /// How many codes go into the network, those of masked parts included.
    pub(super) fn inputs(&self) -> usize {
        self.list.iter().map(|part| part.size + 1).sum()
    }

    /// How many logits come out.
    pub(super) fn outputs(&self) -> usize {
        self.list.iter().map(|part| part.size).sum()
    }

    /// A part of a column's code.
    pub(super) fn digit(&self, part: &Part, code: u32) -> u32 {
        match part.digit {
            Digit::Whole => code,
            Digit::High => self.ranks[part.column][code as usize] / DIGIT as u32,
            Digit::Low => self.ranks[part.column][code as usize] % DIGIT as u32,
        }
    }

    /// A column's code of its two digits.
    pub(super) fn join(&self, column: usize, high: u32, low: u32) -> u32 {
        let codes = &self.codes[column];
        codes[((high as usize) * DIGIT + low as usize).min(codes.len() - 1)]
    }

    /// How many low digits a high digit has.
    pub(super) fn lows(&self, column: usize, high: u32) -> usize {
        (self.ranks[column].len() - high as usize * DIGIT).min(DIGIT)
    }

    /// How often each code of each part stands in rows of parts.
    pub(super) fn counts(&self, data: &[u32]) -> Vec<Vec<i64>> {
        let mut counts: Vec<Vec<i64>> = self.list.iter().map(|part| vec![0; part.size]).collect();
        for row in data.chunks_exact(self.list.len()) {
            counts.iter_mut().zip(row).for_each(|(counts, &code)| counts[code as usize] += 1);
        }
        counts
    }

    /// All parts of rows of codes, row after row.
    pub(super) fn split(&self, codes: &[Vec<u32>]) -> Vec<u32> {
        let rows = codes.first().map_or(0, Vec::len);
        let own = |row: usize| self.list.iter().map(move |part| self.digit(part, codes[part.column][row]));
        (0..rows).flat_map(own).collect()
    }
}

fn ranks(codes: &[u32], size: usize) -> Vec<u32> {
    if !Parts::has_digits(size) {
        return Vec::new();
    }
    let mut counts = vec![0_u32; size];
    codes.iter().for_each(|&code| counts[code as usize] += 1);
    let mut frequent: Vec<u32> = (0..size as u32).collect();
    frequent.sort_by_key(|&code| (std::cmp::Reverse(counts[code as usize]), code));
    let mut ranks = vec![0; size];
    frequent.iter().zip(0..).for_each(|(&code, rank)| ranks[code as usize] = rank);
    ranks
}
