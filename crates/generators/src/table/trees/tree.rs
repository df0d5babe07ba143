//! A grown tree as flat arrays: where a row goes, and what values its leaf has seen.

use daotwin_core::Stream;

use super::codec::Allowed;

/// The feature of a node that is a leaf.
pub(crate) const LEAF: u16 = u16::MAX;

/// A split, or a leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    /// The feature that is compared; [`LEAF`] for a leaf.
    pub feature: u16,
    /// Rows with at most this bin go to the first child, others to the second.
    pub bin: u8,
    /// The first of both children; the number of a leaf.
    pub next: u32,
}

/// The leaf of a row, whose bins `bin_of` tells.
pub(crate) fn leaf_of(nodes: &[Node], bin_of: impl Fn(usize) -> u8) -> usize {
    let mut node = nodes[0];
    while node.feature != LEAF {
        let right = bin_of(usize::from(node.feature)) > node.bin;
        node = nodes[node.next as usize + usize::from(right)];
    }
    node.next as usize
}

/// Whether nodes read from a file make a tree over so many features, children after their parents, and leaves
/// numbered from left to right. Returns the number of leaves.
pub(crate) fn check(nodes: &[Node], features: usize) -> Option<usize> {
    if nodes.is_empty() || nodes.len() > u32::MAX as usize {
        return None;
    }
    let mut leaves = 0;
    let mut seen = 0;
    let mut stack = vec![0];
    while let Some(at) = stack.pop() {
        let node = nodes.get(at)?;
        seen += 1;
        if node.feature == LEAF {
            if node.next != leaves {
                return None;
            }
            leaves += 1;
            continue;
        }
        let next = node.next as usize;
        if usize::from(node.feature) >= features || next <= at || next + 1 >= nodes.len() {
            return None;
        }
        stack.extend([next + 1, next]);
        if seen > nodes.len() {
            return None;
        }
    }
    (seen == nodes.len()).then_some(leaves as usize)
}

/// Codes in the order of the leaves, ascending within each.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pool {
    /// All codes are below 256.
    Small(Vec<u8>),
    /// Any codes.
    Large(Vec<u32>),
}

impl Pool {
    /// Codes of a column with so many.
    pub(crate) fn new(codes: Vec<u32>, size: usize) -> Self {
        if size <= 256 {
            Self::Small(codes.into_iter().map(|code| code as u8).collect())
        } else {
            Self::Large(codes)
        }
    }

    /// The code at a place.
    pub(crate) fn get(&self, place: usize) -> u32 {
        match self {
            Self::Small(codes) => u32::from(codes[place]),
            Self::Large(codes) => codes[place],
        }
    }

    /// How many codes.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Small(codes) => codes.len(),
            Self::Large(codes) => codes.len(),
        }
    }

    /// Where the codes from `first` to `last` stand among those of one leaf.
    pub(crate) fn places(&self, leaf: Span, first: u32, last: u32) -> Span {
        let span = |below: usize, above: usize| Span {
            start: leaf.start + below as u32,
            end: leaf.start + above as u32,
        };
        match self {
            Self::Small(codes) => {
                let codes = &codes[leaf.start as usize..leaf.end as usize];
                span(
                    codes.partition_point(|&code| u32::from(code) < first),
                    codes.partition_point(|&code| u32::from(code) <= last),
                )
            }
            Self::Large(codes) => {
                let codes = &codes[leaf.start as usize..leaf.end as usize];
                span(codes.partition_point(|&code| code < first), codes.partition_point(|&code| code <= last))
            }
        }
    }
}

/// Places of a pool, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// The first.
    pub start: u32,
    /// Behind the last.
    pub end: u32,
}

impl Span {
    /// How many places.
    pub(crate) fn len(self) -> usize {
        (self.end - self.start) as usize
    }
}

/// A leaf: its codes, and the wider group it falls back to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Leaf {
    /// Its own rows.
    pub own: Span,
    /// The leaves of the nearest node above with enough rows, as leaf numbers.
    pub wide: Span,
    /// The chance to draw from the wider group instead.
    pub escape: f32,
    /// The chance to draw from all rows instead of the wider group.
    pub beyond: f32,
}

/// The tree of one target: its law given the features.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    /// Splits and leaves.
    pub nodes: Vec<Node>,
    /// The leaves, from left to right.
    pub leaves: Vec<Leaf>,
    /// The codes of the target.
    pub pool: Pool,
    /// How many rows have a lower code, for every code and behind the last.
    pub before: Vec<u32>,
}

impl Tree {
    /// Fills the leaves of grown nodes with the codes of all rows, `leaf` saying where each row goes. A leaf
    /// falls back to the nearest node above with `wide` rows, with a chance that grows with the number of
    /// different codes seen and shrinks with its rows: `s (q - 1) / (n + s (q - 1))` for q codes in n rows (the escape of
    /// prediction by partial matching; a leaf with one code is left alone, so that what always holds stays so).
    pub(crate) fn fill(
        nodes: Vec<Node>,
        leaf: &[u32],
        codes: &[u32],
        size: usize,
        wide: usize,
        smoothing: f64,
    ) -> Self {
        let count = nodes.iter().filter(|node| node.feature == LEAF).count();
        let mut ends = vec![0_u32; count + 1];
        leaf.iter().for_each(|&leaf| ends[leaf as usize + 1] += 1);
        for at in 0..count {
            ends[at + 1] += ends[at];
        }
        let mut place = ends.clone();
        let mut sorted = vec![0_u32; codes.len()];
        for (&leaf, &code) in leaf.iter().zip(codes) {
            sorted[place[leaf as usize] as usize] = code;
            place[leaf as usize] += 1;
        }
        for pair in ends.windows(2) {
            sorted[pair[0] as usize..pair[1] as usize].sort_unstable();
        }
        Self::assemble(nodes, &ends, Pool::new(sorted, size), size, wide, smoothing)
    }

    /// As [`Tree::fill`], with the codes already in order and `ends` saying where each leaf's codes end.
    pub(crate) fn assemble(
        nodes: Vec<Node>,
        ends: &[u32],
        pool: Pool,
        size: usize,
        wide: usize,
        smoothing: f64,
    ) -> Self {
        let mut spans = vec![Span { start: 0, end: 0 }; nodes.len()];
        for (at, node) in nodes.iter().enumerate().rev() {
            let next = node.next as usize;
            spans[at] = if node.feature == LEAF {
                Span { start: node.next, end: node.next + 1 }
            } else {
                Span { start: spans[next].start, end: spans[next + 1].end }
            };
        }
        let mut seen = vec![0_u32; size];
        let mut visit = 0;
        let mut escape = |span: Span| {
            visit += 1;
            let mut different = 0_usize;
            for place in span.start..span.end {
                let seen = &mut seen[pool.get(place as usize) as usize];
                different += usize::from(*seen != visit);
                *seen = visit;
            }
            let weight = smoothing * different.saturating_sub(1) as f64;
            if span.len() == 0 { 1.0 } else { (weight / (span.len() as f64 + weight)) as f32 }
        };
        let rows = |span: Span| (ends[span.end as usize] - ends[span.start as usize]) as usize;
        let mut above = spans.clone();
        let mut leaves = vec![
            Leaf {
                own: Span { start: 0, end: 0 },
                wide: Span { start: 0, end: 0 },
                escape: 0.0,
                beyond: 0.0
            };
            ends.len() - 1
        ];
        for (at, node) in nodes.iter().enumerate() {
            if node.feature == LEAF {
                let number = node.next as usize;
                let own = Span { start: ends[number], end: ends[number + 1] };
                let group = above[at];
                let wide = Span { start: ends[group.start as usize], end: ends[group.end as usize] };
                leaves[number] = Leaf { own, wide, escape: escape(own), beyond: escape(wide) };
            } else {
                let next = node.next as usize;
                for child in [next, next + 1] {
                    if rows(spans[child]) < wide {
                        above[child] = above[at];
                    }
                }
            }
        }
        let mut before = vec![0_u32; size + 1];
        (0..pool.len()).for_each(|place| before[pool.get(place) as usize + 1] += 1);
        for code in 0..size {
            before[code + 1] += before[code];
        }
        Self { nodes, leaves, pool, before }
    }

    /// All rows.
    pub(crate) fn all(&self) -> Span {
        Span { start: 0, end: self.pool.len() as u32 }
    }

    /// The groups that a leaf draws from, each with its chance.
    pub(crate) fn groups(&self, leaf: &Leaf) -> [(Span, f64); 3] {
        let (escape, beyond) = (f64::from(leaf.escape), f64::from(leaf.beyond));
        [(leaf.own, 1.0 - escape), (leaf.wide, escape * (1.0 - beyond)), (self.all(), escape * beyond)]
    }

    /// How many codes of a span lie from `first` to `last`: one search in a leaf, a search a leaf in a group.
    pub(crate) fn count(&self, span: Span, first: u32, last: u32) -> usize {
        if span == self.all() {
            return (self.before[last as usize + 1] - self.before[first as usize]) as usize;
        }
        self.runs(span).map(|leaf| self.pool.places(leaf, first, last).len()).sum()
    }

    /// The leaves of a span, each sorted.
    fn runs(&self, span: Span) -> impl Iterator<Item = Span> {
        let from = self.leaves.partition_point(|leaf| leaf.own.end <= span.start);
        self.leaves[from..].iter().map(|leaf| leaf.own).take_while(move |own| own.start < span.end)
    }

    /// An allowed code of a span, drawn by how much of it is allowed; none where there is none.
    pub(crate) fn draw_between(&self, span: Span, allowed: &Allowed, stream: &mut Stream) -> Option<u32> {
        let count = self.count(span, allowed.first, allowed.last);
        let mut code = None;
        for _ in 0..64 {
            if count == 0 {
                break;
            }
            let mut place = stream.below(count as u64) as usize;
            if span == self.all() {
                let above = self.before[allowed.first as usize] + place as u32;
                code = Some(self.before.partition_point(|before| *before <= above) as u32 - 1);
            }
            for leaf in self.runs(if span == self.all() { Span { start: 0, end: 0 } } else { span }) {
                let places = self.pool.places(leaf, allowed.first, allowed.last);
                if place < places.len() {
                    code = Some(self.pool.get(places.start as usize + place));
                    break;
                }
                place -= places.len();
            }
            if code.is_some_and(|code| stream.chance(allowed.share(code))) {
                break;
            }
        }
        code
    }

    /// A code drawn from a leaf.
    pub(crate) fn draw(&self, leaf: usize, stream: &mut Stream) -> u32 {
        let leaf = &self.leaves[leaf];
        let bits = stream.bits();
        // The upper bits choose the group, the lower ones the place in it: a group has below 2^32 rows.
        let chance = (bits >> 40) as f32 / (1_u64 << 24) as f32;
        let span = if chance >= leaf.escape {
            leaf.own
        } else if chance >= leaf.escape * leaf.beyond {
            leaf.wide
        } else {
            self.all()
        };
        let place = ((bits & 0xFFFF_FFFF) * span.len() as u64) >> 32;
        self.pool.get(span.start as usize + place as usize)
    }
}
