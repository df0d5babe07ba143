//! Who votes on what: a process over the proposals in order.
//!
//! Each proposal brings a number of newcomers and a number of returning voters. Returning voters are drawn
//! without replacement among the members seen so far, with weights that depend on how often a member has
//! voted, how many proposals ago, how long the gap before that was, and its group of power. Members of one
//! cell of these states are exchangeable, so a draw picks a cell, then a member in it.

use daotwin_core::Stream;

use super::bins::{COUNT_STARTS, GAP_STARTS, PREVIOUS_GAPS, SIZE_CLASSES, bucket, previous_gap};

/// Relative weights of a returning voter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Weights {
    /// By power group, then bucket of votes so far.
    pub(crate) count: Vec<f64>,
    /// By bucket of votes so far, then bucket of the gap.
    pub(crate) gap: Vec<f64>,
    /// By class of the gap before, then bucket of the gap.
    pub(crate) previous: Vec<f64>,
    /// By class of the proposal's turnout, then bucket of votes so far.
    pub(crate) size: Vec<f64>,
    /// By class of the proposal's turnout, then bucket of the gap.
    pub(crate) size_gap: Vec<f64>,
}

impl Weights {
    pub(crate) const COUNTS: usize = COUNT_STARTS.len();
    pub(crate) const GAPS: usize = GAP_STARTS.len();

    /// Equal weights for `groups` of power.
    pub(crate) fn flat(groups: usize) -> Self {
        Self {
            count: vec![1.0; groups * Self::COUNTS],
            gap: vec![1.0; Self::COUNTS * Self::GAPS],
            previous: vec![1.0; PREVIOUS_GAPS * Self::GAPS],
            size: vec![1.0; SIZE_CLASSES * Self::COUNTS],
            size_gap: vec![1.0; SIZE_CLASSES * Self::GAPS],
        }
    }

    fn groups(&self) -> usize {
        self.count.len() / Self::COUNTS
    }

    /// Multiplies each weight by a power of the other's.
    pub(crate) fn multiply(&mut self, other: &Self, power: f64) {
        let tables = [
            (&mut self.count, &other.count),
            (&mut self.gap, &other.gap),
            (&mut self.previous, &other.previous),
            (&mut self.size, &other.size),
            (&mut self.size_gap, &other.size_gap),
        ];
        for (own, other) in tables {
            for (weight, other) in own.iter_mut().zip(other) {
                *weight *= other.powf(power);
            }
        }
    }

    /// Whether the tables have the lengths that `groups` of power need.
    pub(crate) fn fits(&self, groups: usize) -> bool {
        self.count.len() == groups * Self::COUNTS
            && self.gap.len() == Self::COUNTS * Self::GAPS
            && self.previous.len() == PREVIOUS_GAPS * Self::GAPS
            && self.size.len() == SIZE_CLASSES * Self::COUNTS
            && self.size_gap.len() == SIZE_CLASSES * Self::GAPS
    }

    fn of(&self, size: usize, group: usize, count: usize, gap: usize, previous: usize) -> f64 {
        self.size[size * Self::COUNTS + count]
            * self.size_gap[size * Self::GAPS + gap]
            * self.count[group * Self::COUNTS + count]
            * self.gap[count * Self::GAPS + gap]
            * self.previous[previous * Self::GAPS + gap]
    }
}

/// A member's state.
#[derive(Debug, Clone, Copy)]
struct Member {
    votes: u32,
    last: u32,
    cell: u32,
    position: u32,
    group: u8,
    previous: u8,
}

/// Sums of weights over the cells, with search: three levels of sums of 16. A member changes its cell many times
/// between two votes, so changes are cheaper here than searches.
#[derive(Debug)]
struct CellSums {
    levels: [Vec<f64>; 3],
}

impl CellSums {
    /// Bits of an index that each level drops.
    const BITS: usize = 4;

    fn new(cells: usize) -> Self {
        Self { levels: [0, 1, 2].map(|level| vec![0.0; cells.div_ceil(1 << (Self::BITS * level))]) }
    }

    /// Sets each cell to the product of a count and a weight.
    fn set(&mut self, counts: &[f64], weights: &[f64]) {
        let [leaves, middle, top] = &mut self.levels;
        for ((sum, count), weight) in leaves.iter_mut().zip(counts).zip(weights) {
            *sum = count * weight;
        }
        for (sum, parts) in middle.iter_mut().zip(leaves.chunks(1 << Self::BITS)) {
            *sum = parts.iter().sum();
        }
        for (sum, parts) in top.iter_mut().zip(middle.chunks(1 << Self::BITS)) {
            *sum = parts.iter().sum();
        }
    }

    fn add(&mut self, cell: usize, weight: f64) {
        for (level, sums) in self.levels.iter_mut().enumerate() {
            sums[cell >> (Self::BITS * level)] += weight;
        }
    }

    /// The cell at which the running sum passes `target`.
    fn find(&self, mut target: f64) -> usize {
        let mut found = 0;
        for (level, sums) in self.levels.iter().enumerate().rev() {
            let first = found << Self::BITS;
            let last = if level == 2 { sums.len() } else { (first + (1 << Self::BITS)).min(sums.len()) } - 1;
            found = if level == 2 { 0 } else { first };
            while found < last && sums[found] <= target {
                target -= sums[found];
                found += 1;
            }
        }
        found
    }
}

/// The weight of each cell, by class of turnout.
#[derive(Debug)]
pub(crate) struct CellWeights {
    groups: usize,
    by_size: Vec<Vec<f64>>,
}

impl CellWeights {
    pub(crate) fn new(weights: &Weights) -> Self {
        let groups = weights.groups();
        let by_size = (0..SIZE_CLASSES)
            .map(|size| {
                let mut cells = Vec::new();
                for group in 0..groups {
                    for count in 0..Weights::COUNTS {
                        for gap in 0..Weights::GAPS {
                            for previous in 0..PREVIOUS_GAPS {
                                cells.push(weights.of(size, group, count, gap, previous));
                            }
                        }
                    }
                }
                cells
            })
            .collect();
        Self { groups, by_size }
    }
}

/// The process. Members are numbered in order of arrival.
#[derive(Debug)]
pub(crate) struct Participation<'a> {
    weights: &'a CellWeights,
    size: usize,
    members: Vec<Member>,
    cells: Vec<Vec<u32>>,
    /// How many members each cell holds.
    counts: Vec<f64>,
    sums: CellSums,
    total: f64,
    /// For each coming proposal, the members that enter their next bucket of the gap there.
    aging: std::collections::VecDeque<Vec<u32>>,
    proposal: u32,
    voters: Vec<u32>,
    returning: usize,
}

/// Every how many proposals the running sums are made anew, so that rounding cannot pile up.
const REFRESH: u32 = 256;

impl<'a> Participation<'a> {
    pub(crate) fn new(weights: &'a CellWeights) -> Self {
        let cells = weights.by_size[0].len();
        Self {
            weights,
            size: 0,
            members: Vec::new(),
            cells: vec![Vec::new(); cells],
            counts: vec![0.0; cells],
            sums: CellSums::new(cells),
            total: 0.0,
            aging: std::collections::VecDeque::new(),
            proposal: 0,
            voters: Vec::new(),
            returning: 0,
        }
    }

    /// A member's power group.
    pub(crate) fn group(&self, member: u32) -> u8 {
        self.members[member as usize].group
    }

    fn cell(&self, member: &Member, gap: u32) -> usize {
        debug_assert!(usize::from(member.group) < self.weights.groups);
        ((usize::from(member.group) * Weights::COUNTS + bucket(&COUNT_STARTS, member.votes)) * Weights::GAPS
            + bucket(&GAP_STARTS, gap))
            * PREVIOUS_GAPS
            + usize::from(member.previous)
    }

    fn place(&mut self, index: u32, cell: usize) {
        let member = &mut self.members[index as usize];
        member.cell = cell as u32;
        member.position = self.cells[cell].len() as u32;
        self.cells[cell].push(index);
        self.counts[cell] += 1.0;
        let weight = self.weights.by_size[self.size][cell];
        self.sums.add(cell, weight);
        self.total += weight;
    }

    fn remove(&mut self, index: u32) {
        let Member { cell, position, .. } = self.members[index as usize];
        let list = &mut self.cells[cell as usize];
        list.swap_remove(position as usize);
        if let Some(&moved) = list.get(position as usize) {
            self.members[moved as usize].position = position;
        }
        self.counts[cell as usize] -= 1.0;
        let weight = self.weights.by_size[self.size][cell as usize];
        self.sums.add(cell as usize, -weight);
        self.total -= weight;
    }

    fn schedule(&mut self, index: u32, gap_bucket: usize, gap: u32) {
        let Some(&start) = GAP_STARTS.get(gap_bucket + 1) else { return };
        // The front of the queue is the next proposal, one gap further than now.
        let ahead = (start - gap - 1) as usize;
        while self.aging.len() <= ahead {
            self.aging.push_back(Vec::new());
        }
        self.aging[ahead].push(index);
    }

    fn refresh(&mut self) {
        self.sums.set(&self.counts, &self.weights.by_size[self.size]);
        self.total = self.sums.levels[2].iter().sum();
    }

    /// The voters of the next proposal, whose turnout is of class `size`: `returning` members seen before (fewer where there are not as many),
    /// then newcomers, one for each of `newcomers`, which gives their power groups. Returning voters come
    /// first in the answer; see [`Participation::returning`].
    ///
    /// Cost: O(voters × log cells).
    pub(crate) fn next(&mut self, size: u8, returning: u64, newcomers: &[u8], stream: &mut Stream) -> &[u32] {
        let proposal = self.proposal;
        let size = usize::from(size).min(SIZE_CLASSES - 1);
        if proposal.is_multiple_of(REFRESH) || size != self.size {
            self.size = size;
            self.refresh();
        }
        if let Some(due) = self.aging.pop_front() {
            for index in due {
                let member = self.members[index as usize];
                let gap = proposal - member.last;
                let gap_bucket = bucket(&GAP_STARTS, gap);
                // A member that voted since has another entry further on.
                if GAP_STARTS[gap_bucket] == gap && gap > 1 {
                    self.remove(index);
                    let cell = self.cell(&member, gap);
                    self.place(index, cell);
                    self.schedule(index, gap_bucket, gap);
                }
            }
        }
        let mut voters = std::mem::take(&mut self.voters);
        voters.clear();
        let mut misses = 0;
        while (voters.len() as u64) < returning && self.total > 1e-9 && misses < 64 {
            let cell = self.sums.find(stream.uniform() * self.total);
            let list = &self.cells[cell];
            if list.is_empty() {
                // Rounding left a little weight on an empty cell.
                misses += 1;
                self.refresh();
                continue;
            }
            let index = list[stream.below(list.len() as u64) as usize];
            self.remove(index);
            voters.push(index);
        }
        self.returning = voters.len();
        for &group in newcomers {
            voters.push(self.members.len() as u32);
            self.members.push(Member { votes: 0, last: proposal, cell: 0, position: 0, group, previous: 0 });
        }
        for &index in &voters {
            let member = &mut self.members[index as usize];
            member.previous = previous_gap(proposal - member.last);
            member.votes += 1;
            member.last = proposal;
            let member = *member;
            let cell = self.cell(&member, 1);
            self.place(index, cell);
            self.schedule(index, 0, 0);
        }
        self.proposal += 1;
        self.voters = voters;
        &self.voters
    }

    /// How many of the last answer's voters were returning.
    pub(crate) fn returning(&self) -> usize {
        self.returning
    }
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;

    #[test]
    fn nobody_votes_twice_and_counts_are_kept() {
        let weights = CellWeights::new(&Weights::flat(2));
        let mut process = Participation::new(&weights);
        let mut stream = Seed(1).stream("test");
        for proposal in 0..2_000_u32 {
            let newcomers = vec![(proposal % 2) as u8; (proposal % 3) as usize];
            let before = process.members.len();
            let returning = u64::from(proposal % 17).min(before as u64);
            let mut voters = process.next((proposal % 4) as u8, returning, &newcomers, &mut stream).to_vec();
            assert_eq!(voters.len() as u64, returning + newcomers.len() as u64);
            voters.sort_unstable();
            voters.dedup();
            assert_eq!(voters.len() as u64, returning + newcomers.len() as u64);
        }
        let placed: usize = process.cells.iter().map(Vec::len).sum();
        assert_eq!(placed, process.members.len());
    }

    /// Members are in the cell that their state says.
    #[test]
    fn cells_follow_states() {
        let weights = CellWeights::new(&Weights::flat(1));
        let mut process = Participation::new(&weights);
        let mut stream = Seed(2).stream("test");
        for proposal in 0..500_u32 {
            let returning = u64::from(proposal % 5).min(process.members.len() as u64);
            process.next((proposal % 3) as u8, returning, &[0], &mut stream);
            for member in &process.members {
                // Aging is applied when the next proposal comes.
                let gap = (proposal - member.last).max(1);
                assert_eq!(member.cell as usize, process.cell(member, gap));
            }
        }
    }

    /// A weight of zero for long gaps keeps lapsed members away.
    #[test]
    fn weights_are_obeyed() {
        let mut weights = Weights::flat(1);
        for count in 0..Weights::COUNTS {
            for gap in 1..Weights::GAPS {
                weights.gap[count * Weights::GAPS + gap] = 0.0;
            }
        }
        let cells = CellWeights::new(&weights);
        let mut process = Participation::new(&cells);
        let mut stream = Seed(3).stream("test");
        process.next(0, 0, &[0; 10], &mut stream);
        process.next(0, 4, &[0; 2], &mut stream);
        let voters = process.next(0, 6, &[], &mut stream).to_vec();
        assert_eq!(voters.len(), 6);
        assert_eq!(process.next(0, 10, &[], &mut stream).len(), 6);
    }
}
