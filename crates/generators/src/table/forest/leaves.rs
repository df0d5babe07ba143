//! The leaves of one tree as a mixture: in each leaf every column has its own law.
//!
//! A leaf's law of a column is what its rows have, and with a small chance any value that the leaf's box
//! allows, by how often all rows have it. So the leaves of a tree never overlap, and a row belongs to exactly one.

use daotwin_core::Stream;

use crate::table::trees::codec::Allowed;
use crate::table::trees::tree::{LEAF, Node, Pool, Span};

/// The bins of one column's codes under one tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bins {
    /// The bin of every code; none where the code is its own bin.
    pub of: Option<Vec<u8>>,
    /// How many codes.
    size: usize,
    /// The codes in the order of their bins; none where the code is its own bin.
    order: Option<Vec<u32>>,
}

impl Bins {
    /// Every code is its own bin.
    pub(super) fn plain(size: usize) -> Self {
        Self { of: None, size, order: None }
    }

    /// These bins.
    pub(super) fn new(of: Vec<u8>) -> Self {
        let mut order: Vec<u32> = (0..of.len() as u32).collect();
        order.sort_by_key(|&code| (of[code as usize], code));
        Self { size: of.len(), of: Some(of), order: Some(order) }
    }

    /// The bin of a code.
    pub(super) fn bin(&self, code: u32) -> u8 {
        self.of.as_ref().map_or(code as u8, |of| of[code as usize])
    }

    /// The places, in the order of bins, of the codes from bin `low` to bin `high`.
    fn places(&self, low: u8, high: u8) -> (usize, usize) {
        match (&self.of, &self.order) {
            (Some(of), Some(order)) => (
                order.partition_point(|&code| of[code as usize] < low),
                order.partition_point(|&code| of[code as usize] <= high),
            ),
            _ => (usize::from(low).min(self.size), (usize::from(high) + 1).min(self.size)),
        }
    }

    fn code(&self, place: usize) -> u32 {
        self.order.as_ref().map_or(place as u32, |order| order[place])
    }
}

/// One column of one tree.
#[derive(Debug, Clone, PartialEq)]
struct Law {
    bins: Bins,
    /// The codes of the rows, leaf by leaf, ascending in each.
    pool: Pool,
    /// Rows with a code at an earlier place in the order of bins.
    before: Vec<u32>,
    /// The chance of each leaf to give any value of its box.
    escape: Vec<f32>,
    /// The places of each leaf's box.
    boxes: Vec<(u32, u32)>,
}

/// One tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaves {
    /// Its splits.
    pub nodes: Vec<Node>,
    /// Where the rows of each leaf are.
    pub spans: Vec<Span>,
    laws: Vec<Law>,
    rows: usize,
}

impl Leaves {
    /// Fills the leaves with the rows that reach them, a list of codes a column.
    pub(super) fn fill(
        nodes: Vec<Node>,
        bins: Vec<Bins>,
        leaf: &[u32],
        codes: &[Vec<u32>],
        sizes: &[usize],
        smoothing: f64,
    ) -> Self {
        let count = nodes.iter().filter(|node| node.feature == LEAF).count();
        let mut ends = vec![0_u32; count + 1];
        leaf.iter().for_each(|&leaf| ends[leaf as usize + 1] += 1);
        for at in 0..count {
            ends[at + 1] += ends[at];
        }
        let pools = codes
            .iter()
            .map(|codes| {
                let mut place = ends.clone();
                let mut sorted = vec![0_u32; codes.len()];
                for (&leaf, &code) in leaf.iter().zip(codes) {
                    sorted[place[leaf as usize] as usize] = code;
                    place[leaf as usize] += 1;
                }
                for pair in ends.windows(2) {
                    sorted[pair[0] as usize..pair[1] as usize].sort_unstable();
                }
                sorted
            })
            .collect();
        Self::assemble(nodes, bins, &ends, pools, sizes, smoothing)
    }

    /// As [`Leaves::fill`], with the codes already in order and `ends` saying where each leaf's rows end.
    pub(super) fn assemble(
        nodes: Vec<Node>,
        bins: Vec<Bins>,
        ends: &[u32],
        pools: Vec<Vec<u32>>,
        sizes: &[usize],
        smoothing: f64,
    ) -> Self {
        let spans: Vec<Span> = ends.windows(2).map(|pair| Span { start: pair[0], end: pair[1] }).collect();
        let boxes = boxes(&nodes, sizes.len(), spans.len());
        let laws = bins
            .into_iter()
            .zip(pools)
            .enumerate()
            .map(|(column, (bins, codes))| {
                let size = sizes[column];
                let mut counts = vec![0_u32; size];
                codes.iter().for_each(|&code| counts[code as usize] += 1);
                let mut before = vec![0_u32; size + 1];
                for place in 0..size {
                    before[place + 1] = before[place] + counts[bins.code(place) as usize];
                }
                let escape = spans
                    .iter()
                    .map(|span| {
                        let own = &codes[span.start as usize..span.end as usize];
                        let different = own.chunk_by(|left, right| left == right).count() as f64;
                        let weight = smoothing * different;
                        if own.is_empty() { 1.0 } else { (weight / (own.len() as f64 + weight)) as f32 }
                    })
                    .collect();
                let boxes = boxes
                    .iter()
                    .map(|leaf| {
                        let (low, high) = bins.places(leaf[column].0, leaf[column].1);
                        (low as u32, high as u32)
                    })
                    .collect();
                Law { bins, pool: Pool::new(codes, size), before, escape, boxes }
            })
            .collect();
        let rows = ends.last().map_or(0, |end| *end as usize);
        Self { nodes, spans, laws, rows }
    }

    /// How many columns.
    pub(super) fn width(&self) -> usize {
        self.laws.len()
    }

    /// The bins of a column.
    pub(super) fn bins(&self, column: usize) -> &Bins {
        &self.laws[column].bins
    }

    /// The codes of a column, leaf by leaf.
    pub(super) fn pool(&self, column: usize) -> &Pool {
        &self.laws[column].pool
    }

    /// The leaf of the row at a place of the pools.
    pub(super) fn leaf(&self, place: u32) -> usize {
        self.spans.partition_point(|span| span.end <= place)
    }

    /// The share of all rows that a leaf has.
    pub(super) fn weight(&self, leaf: usize) -> f64 {
        self.spans[leaf].len() as f64 / self.rows as f64
    }

    /// A code of a column, drawn from a leaf.
    pub(super) fn draw(&self, leaf: usize, column: usize, stream: &mut Stream) -> u32 {
        let law = &self.laws[column];
        let bits = stream.bits();
        let chance = (bits >> 40) as f32 / (1_u64 << 24) as f32;
        let low = bits & 0xFFFF_FFFF;
        if chance < law.escape[leaf] {
            let (first, last) = law.boxes[leaf];
            let (start, end) = (law.before[first as usize], law.before[last as usize]);
            if end > start {
                let place = start + ((low * u64::from(end - start)) >> 32) as u32;
                return law.bins.code(law.before.partition_point(|before| *before <= place) - 1);
            }
        }
        let span = self.spans[leaf];
        law.pool.get(span.start as usize + ((low * span.len() as u64) >> 32) as usize)
    }

    /// How many rows of a leaf's box, over all rows, have an allowed value of a column.
    fn boxed(law: &Law, leaf: usize, allowed: &Allowed) -> f64 {
        let (first, last) = law.boxes[leaf];
        let count = |place: usize| f64::from(law.before[place + 1] - law.before[place]);
        if law.bins.order.is_none() {
            let (low, high) = (first.max(allowed.first), last.min(allowed.last + 1));
            if low >= high {
                return 0.0;
            }
            let mut sum = f64::from(law.before[high as usize] - law.before[low as usize]);
            for code in [allowed.first, allowed.last] {
                if (low..high).contains(&code) {
                    sum -= (1.0 - allowed.share(code)) * count(code as usize);
                }
                if allowed.first == allowed.last {
                    break;
                }
            }
            return sum;
        }
        // Labels: one is asked for.
        (first as usize..last as usize)
            .filter(|&place| (allowed.first..=allowed.last).contains(&law.bins.code(place)))
            .map(count)
            .sum()
    }

    /// The chance that a leaf gives an allowed value of a column.
    pub(super) fn chance(&self, leaf: usize, column: usize, allowed: &Allowed) -> f64 {
        let law = &self.laws[column];
        let span = self.spans[leaf];
        let escape = f64::from(law.escape[leaf]);
        let places = law.pool.places(span, allowed.first, allowed.last);
        let mut own = places.len() as f64;
        for code in [allowed.first, allowed.last] {
            let share = allowed.share(code);
            if share < 1.0 {
                own -= (1.0 - share) * law.pool.places(span, code, code).len() as f64;
            }
            if allowed.first == allowed.last {
                break;
            }
        }
        let (first, last) = law.boxes[leaf];
        let all = f64::from(law.before[last as usize] - law.before[first as usize]);
        let own = if span.len() == 0 { 0.0 } else { own / span.len() as f64 };
        let boxed = if all > 0.0 { Self::boxed(law, leaf, allowed) / all } else { 0.0 };
        (1.0 - escape) * own + escape * boxed
    }

    /// An allowed code of a column, drawn from a leaf; none where the leaf gives none.
    pub(super) fn draw_allowed(
        &self,
        leaf: usize,
        column: usize,
        allowed: &Allowed,
        stream: &mut Stream,
    ) -> Option<u32> {
        let law = &self.laws[column];
        let span = self.spans[leaf];
        let places = law.pool.places(span, allowed.first, allowed.last);
        let escape = f64::from(law.escape[leaf]);
        let (first, last) = law.boxes[leaf];
        let all = f64::from(law.before[last as usize] - law.before[first as usize]);
        // Codes at the ends are allowed in part: draws that are not are drawn again.
        let whole = Allowed { shares: (1.0, 1.0), ..*allowed };
        let boxed = if all > 0.0 { escape * Self::boxed(law, leaf, &whole) / all } else { 0.0 };
        let own =
            if span.len() == 0 { 0.0 } else { (1.0 - escape) * places.len() as f64 / span.len() as f64 };
        let mut code = None;
        for _ in 0..64 {
            let any = stream.uniform() * (own + boxed);
            code = if any < own && places.len() > 0 {
                let place = stream.below(places.len() as u64) as usize;
                Some(law.pool.get(places.start as usize + place))
            } else if boxed > 0.0 {
                Self::draw_boxed(law, leaf, allowed, stream)
            } else {
                None
            };
            match code {
                Some(code) if !stream.chance(allowed.share(code)) => {}
                _ => break,
            }
        }
        code
    }

    fn draw_boxed(law: &Law, leaf: usize, allowed: &Allowed, stream: &mut Stream) -> Option<u32> {
        let (first, last) = law.boxes[leaf];
        if law.bins.order.is_none() {
            let (low, high) = (first.max(allowed.first), last.min(allowed.last + 1));
            if low >= high {
                return None;
            }
            let (start, end) = (law.before[low as usize], law.before[high as usize]);
            let place = start + stream.below(u64::from(end - start)) as u32;
            return (end > start).then(|| law.before.partition_point(|before| *before <= place) as u32 - 1);
        }
        (first as usize..last as usize)
            .map(|place| law.bins.code(place))
            .find(|code| (allowed.first..=allowed.last).contains(code))
    }
}

/// The bins of every column, both ends included, that reach each leaf.
fn boxes(nodes: &[Node], width: usize, leaves: usize) -> Vec<Vec<(u8, u8)>> {
    let mut boxes = vec![Vec::new(); leaves];
    let mut stack = vec![(0_usize, vec![(0_u8, u8::MAX); width])];
    while let Some((at, own)) = stack.pop() {
        let node = nodes[at];
        if node.feature == LEAF {
            boxes[node.next as usize] = own;
            continue;
        }
        let feature = usize::from(node.feature);
        let mut right = own.clone();
        right[feature].0 = node.bin.saturating_add(1);
        let mut left = own;
        left[feature].1 = left[feature].1.min(node.bin);
        stack.push((node.next as usize + 1, right));
        stack.push((node.next as usize, left));
    }
    boxes
}
