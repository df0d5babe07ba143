//! Growing one tree of threshold splits over small codes, by information gain.
//!
//! Rows of a node are counted into the bins of a feature and swept in the order of the bins while the entropy
//! of both sides is kept up to date by two look-ups a row (`x ln x` of the class counts). The cost is thus
//! proportional to rows and never to bins × classes, which suits targets with many classes.

use daotwin_core::Stream;

use super::tree::{LEAF, Node};

/// Bins a feature may have.
pub(crate) const BINS: usize = 256;

/// What a tree is grown from.
#[derive(Debug)]
pub(crate) struct Data<'a> {
    /// The bin of every row, a list a feature.
    pub features: &'a [&'a [u8]],
    /// The class of every row.
    pub classes: &'a [u8],
    /// `k ln k - (k - 1) ln (k - 1)` at place k, up to the number of rows.
    pub steps: &'a [f64],
}

/// When to stop, and how much chance to leave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Growth {
    /// Rows that a leaf must have.
    pub min_leaf: usize,
    /// Features that are tried at a node.
    pub tried: usize,
    /// What a split must gain, in nats over all its rows.
    pub min_gain: f64,
    /// And in addition for every class but one that its rows have: chance alone gains half a nat for each.
    pub class_gain: f64,
}

/// The table that [`Data::steps`] wants, for so many rows.
pub(crate) fn steps(rows: usize) -> Vec<f64> {
    let product = |count: usize| if count == 0 { 0.0 } else { count as f64 * (count as f64).ln() };
    (0..=rows).map(|count| product(count) - product(count.saturating_sub(1))).collect()
}

struct Split {
    feature: usize,
    bin: u8,
    gain: f64,
}

/// Grows a tree on the rows in `order`, which it permutes. The nodes come with the root first, both children
/// of a node side by side and after it, and leaves numbered from left to right. Stops early, with the leaves
/// it has, once `go_on` says no.
pub(crate) fn grow(
    data: &Data<'_>,
    order: &mut [u32],
    growth: Growth,
    stream: &mut Stream,
    mut go_on: impl FnMut() -> bool,
) -> Vec<Node> {
    let mut scratch = Scratch {
        sorted: vec![0; order.len()],
        moved: Vec::with_capacity(order.len()),
        left: vec![0; BINS],
        right: vec![0; BINS],
        total: vec![0; BINS],
    };
    let mut tried: Vec<usize> = (0..data.features.len()).collect();
    let mut nodes = vec![Node { feature: LEAF, bin: 0, next: 0 }];
    let mut leaves = 0;
    let mut stack = vec![(0_usize, 0_usize, order.len())];
    while let Some((node, start, end)) = stack.pop() {
        let rows = &mut order[start..end];
        let split = if go_on() { scratch.best(data, rows, growth, &mut tried, stream) } else { None };
        let Some(Split { feature, bin, .. }) = split else {
            nodes[node] = Node { feature: LEAF, bin: 0, next: leaves };
            leaves += 1;
            continue;
        };
        let middle = start + scratch.part(data.features[feature], rows, bin);
        let next = nodes.len();
        nodes[node] = Node { feature: feature as u16, bin, next: next as u32 };
        nodes.extend([Node { feature: LEAF, bin: 0, next: 0 }; 2]);
        // The left one is taken next: leaves are numbered from left to right.
        stack.push((next + 1, middle, end));
        stack.push((next, start, middle));
    }
    nodes
}

struct Scratch {
    sorted: Vec<u8>,
    moved: Vec<u32>,
    left: Vec<u32>,
    right: Vec<u32>,
    total: Vec<u32>,
}

impl Scratch {
    fn best(
        &mut self,
        data: &Data<'_>,
        rows: &[u32],
        growth: Growth,
        tried: &mut [usize],
        stream: &mut Stream,
    ) -> Option<Split> {
        let count = rows.len();
        if count < 2 * growth.min_leaf || tried.is_empty() {
            return None;
        }
        self.total.fill(0);
        rows.iter().for_each(|&row| self.total[usize::from(data.classes[row as usize])] += 1);
        if self.total.iter().any(|&class| class as usize == count) {
            return None;
        }
        let seen = self.total.iter().filter(|class| **class > 0).count();
        let least = growth.min_gain + growth.class_gain * (seen - 1) as f64;
        let most = growth.tried.clamp(1, tried.len());
        let mut best = Split { feature: 0, bin: 0, gain: least.max(1e-9) };
        let mut looked = 0;
        let mut found = false;
        for place in 0..tried.len() {
            if most < tried.len() {
                let other = place + stream.below((tried.len() - place) as u64) as usize;
                tried.swap(place, other);
            }
            let feature = tried[place];
            // A feature with one value here says nothing and does not count as tried.
            let Some((bin, gain)) = self.sweep(data, feature, rows, growth.min_leaf) else { continue };
            looked += 1;
            if gain > best.gain || (found && gain == best.gain && feature < best.feature) {
                best = Split { feature, bin, gain };
                found = true;
            }
            if looked >= most {
                break;
            }
        }
        found.then_some(best)
    }

    /// The best cut of a feature, and its gain. None where the feature has one value.
    fn sweep(&mut self, data: &Data<'_>, feature: usize, rows: &[u32], min_leaf: usize) -> Option<(u8, f64)> {
        let values = data.features[feature];
        let mut counts = [0_u32; BINS];
        rows.iter().for_each(|&row| counts[usize::from(values[row as usize])] += 1);
        let first = counts.iter().position(|&count| count > 0)?;
        let last = counts.iter().rposition(|&count| count > 0)?;
        if first == last {
            return None;
        }
        let mut offsets = [0_u32; BINS];
        let mut offset = 0;
        for bin in first..=last {
            offsets[bin] = offset;
            offset += counts[bin];
        }
        for &row in rows {
            let at = &mut offsets[usize::from(values[row as usize])];
            self.sorted[*at as usize] = data.classes[row as usize];
            *at += 1;
        }
        let (left, right) = (&mut self.left[..], &mut self.right[..]);
        left.fill(0);
        right.copy_from_slice(&self.total);
        let count = rows.len();
        let (mut score, mut sides) = (0.0, 0.0);
        let mut best: Option<(u8, f64)> = None;
        let mut done = 0;
        for (bin, &here) in counts.iter().enumerate().take(last).skip(first) {
            let here = here as usize;
            if here == 0 {
                continue;
            }
            for &class in &self.sorted[done..done + here] {
                let class = usize::from(class);
                left[class] += 1;
                score += data.steps[left[class] as usize] - data.steps[right[class] as usize];
                right[class] -= 1;
            }
            for _ in 0..here {
                done += 1;
                sides += data.steps[done] - data.steps[count + 1 - done];
            }
            if done >= min_leaf && count - done >= min_leaf {
                let gain = score - sides;
                if best.is_none_or(|(_, most)| gain > most) {
                    best = Some((bin as u8, gain));
                }
            }
        }
        Some(best.unwrap_or((0, f64::NEG_INFINITY)))
    }

    /// Puts the rows whose bin is at most `bin` first, both sides in their order, and says how many there are.
    fn part(&mut self, values: &[u8], rows: &mut [u32], bin: u8) -> usize {
        self.moved.clear();
        let mut kept = 0;
        for at in 0..rows.len() {
            let row = rows[at];
            if values[row as usize] <= bin {
                rows[kept] = row;
                kept += 1;
            } else {
                self.moved.push(row);
            }
        }
        rows[kept..].copy_from_slice(&self.moved);
        kept
    }
}
