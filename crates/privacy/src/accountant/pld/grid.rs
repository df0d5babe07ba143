//! A step's privacy loss on an equidistant grid, never too small and never too large.
//!
//! Seen as a test of one law against the other, a pair is a concave curve of power over level, whose slopes are
//! e^loss. Putting losses on a grid replaces it by a polygon with prescribed slopes:
//!
//! - *pessimistic*: circumscribed. The mass of each cell goes to the cell's two ends so that both laws keep
//!   their mass ("connect the dots", Doroshenko, Ghazi, Kamath, Kumar and Manurangsi 2022).
//! - *optimistic*: inscribed. From the smallest loss upwards, mass around each grid point is merged so that the
//!   merged loss is the point's. Merging is post-processing, which only loses power.
//!
//! Both err to second order in the grid's width.

use super::pair::{Mass, Pair};

/// Half a cell: what of the two laws lies in it.
#[derive(Debug, Clone, Copy, Default)]
struct Half {
    present: f64,
    absent: f64,
    /// The integral of 1 - e^(low - loss) over the present law.
    above: f64,
}

/// A pair cut into half cells of a grid, before it is decided who is the neighbour of whom.
#[derive(Debug)]
pub(super) struct Cells {
    width: f64,
    /// The loss of grid index 0.
    offset: f64,
    /// The grid index of the lower end of the first cell.
    first: i64,
    /// Two for each cell.
    halves: Vec<Half>,
    /// What lies on the grid points themselves, present and absent; one more than there are cells.
    points: Vec<(f64, f64)>,
    /// Mass left out.
    outside_present: f64,
    outside_absent: f64,
}

/// Who the worst-case neighbour is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// The loss of a member's presence.
    Remove,
    /// The loss of its absence.
    Add,
}

/// A loss distribution on grid points from `first` on, twice.
#[derive(Debug)]
pub(super) struct Grid {
    /// The loss of grid index 0.
    pub(super) offset: f64,
    pub(super) first: i64,
    pub(super) pessimistic: Vec<f64>,
    pub(super) optimistic: Vec<f64>,
    /// Mass that counts as an infinite loss in the pessimistic one.
    pub(super) infinite: f64,
}

/// A loss this close to a grid point, in cells, is on it: the rounding of the two.
const ON_POINT: f64 = 1e-9;

impl Cells {
    /// Cuts a pair; all but `rest` of the smooth part on each side. `None` where more cells than `limit` are needed.
    pub(super) fn cut(pair: &Pair, width: f64, offset: f64, rest: f64, limit: usize) -> Option<Self> {
        let (low, high, outside_present, outside_absent) = pair.range(rest);
        let mut losses: Vec<f64> = pair.atoms().map(|atom| atom.loss - offset).collect();
        if high > low {
            losses.extend([pair.loss_at(low) - offset, pair.loss_at(high) - offset]);
        }
        let smallest = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = losses.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if (largest - smallest) / width > limit as f64 {
            return None;
        }
        let first = (smallest / width + ON_POINT).floor() as i64;
        let count = ((largest / width - ON_POINT).ceil() as i64 - first).max(1) as usize;
        let mut cells = Self {
            width,
            offset,
            first,
            halves: vec![Half::default(); 2 * count],
            points: vec![(0.0, 0.0); count + 1],
            outside_present,
            outside_absent,
        };
        for atom in pair.atoms() {
            let place = (atom.loss - offset) / width;
            let nearest = place.round();
            if (place - nearest).abs() < ON_POINT {
                let point = &mut cells.points[(nearest as i64 - first) as usize];
                point.0 += atom.present;
                point.1 += atom.absent;
            } else {
                let half = ((place - first as f64) * 2.0).floor() as usize;
                cells.add(half.min(2 * count - 1), atom.present, atom.absent, atom.loss);
            }
        }
        if high > low {
            cells.integrate(pair, low, high);
        }
        Some(cells)
    }

    fn add(&mut self, half: usize, present: f64, absent: f64, loss: f64) {
        let low = self.offset + (self.first as f64 + half as f64 / 2.0) * self.width;
        let cell = &mut self.halves[half];
        cell.present += present;
        cell.absent += absent;
        cell.above += present * -(low - loss).min(0.0).exp_m1();
    }

    /// Panels end where the loss passes a half cell.
    fn integrate(&mut self, pair: &Pair, low: f64, high: f64) {
        let mut from = low;
        for half in 0..self.halves.len() {
            let end = self.offset + (self.first as f64 + (half + 1) as f64 / 2.0) * self.width;
            let to = if half + 1 == self.halves.len() { high } else { pair.output(end).clamp(from, high) };
            if to > from {
                integrate(pair, from, to, |mass| self.add(half, mass.present, mass.absent, mass.loss));
            }
            from = to;
        }
    }

    /// The loss distribution of one direction.
    pub(super) fn grid(&self, direction: Direction) -> Grid {
        let mut pessimistic = self.pessimistic();
        let mut optimistic = self.optimistic(direction);
        let last = self.first + self.points.len() as i64 - 1;
        if direction == Direction::Remove {
            let (offset, first, infinite) = (self.offset, self.first, self.outside_present);
            return Grid { offset, first, pessimistic, optimistic, infinite };
        }
        // Both polygons keep both laws' mass, so the absent law's is the present one's over e^loss. Where that is
        // lost to underflow, the absent mass itself bounds it from above.
        let convert = |masses: &mut Vec<f64>| {
            for (index, mass) in masses.iter_mut().enumerate() {
                let loss = self.offset + (self.first + index as i64) as f64 * self.width;
                *mass *= (-loss).exp();
            }
            masses.reverse();
        };
        convert(&mut pessimistic);
        convert(&mut optimistic);
        Grid { offset: -self.offset, first: -last, pessimistic, optimistic, infinite: self.outside_absent }
    }

    /// Splits each cell's mass onto its ends so that both laws keep theirs.
    fn pessimistic(&self) -> Vec<f64> {
        let whole = -(-self.width).exp_m1();
        let shrink = (-self.width / 2.0).exp();
        let mut grid: Vec<f64> = self.points.iter().map(|point| point.0).collect();
        for (index, cell) in self.halves.chunks_exact(2).enumerate() {
            let (low, high) = (cell[0], cell[1]);
            let mass = low.present + high.present;
            // The upper half's excess, measured from the cell's lower end instead of its own.
            let above = low.above + high.present * (1.0 - shrink) + shrink * high.above;
            let up = (above / whole).clamp(0.0, mass);
            grid[index + 1] += up;
            grid[index] += mass - up;
        }
        grid
    }

    /// Merges mass around each grid point, from the smallest loss upwards, so that the merged loss is the point's.
    /// The polygon touches the curve after each point, or is below it by `gap` in power.
    ///
    /// At the top it may not quite end at the origin. A removal's polygon must start there, so it gives up power;
    /// an addition's is read from the other end, where a polygon that is too low costs nothing else.
    fn optimistic(&self, direction: Direction) -> Vec<f64> {
        let grow = (self.width / 2.0).exp();
        let top = self.points.len() - 1;
        let mut grid = vec![0.0; top + 1];
        let mut gap = 0.0_f64;
        // What of the two halves of the cell below is not merged yet.
        let mut left = [0.0; 2];
        for (index, &(point, _)) in self.points.iter().enumerate() {
            let mut mass = point;
            if index == top && direction == Direction::Remove {
                break;
            }
            if index > 0 {
                for (half, scale) in [(0, grow * grow), (1, grow)] {
                    let Half { present, above, .. } = self.halves[2 * index - 2 + half];
                    let merged = (present - above) * scale;
                    gap += left[half] * (merged - present).max(0.0);
                    mass += left[half] * merged;
                }
            }
            left = [1.0; 2];
            for (half, scale) in [(0, 1.0), (1, 1.0 / grow)] {
                let Some(&Half { present, above, .. }) = self.halves.get(2 * index + half) else { break };
                let merged = (present - above) * scale;
                let gain = (present - merged).max(0.0);
                let used = if gain <= gap { 1.0 } else { gap / gain };
                gap -= used * gain;
                mass += used * merged;
                left[half] = 1.0 - used;
                if used < 1.0 {
                    break;
                }
            }
            grid[index] = mass;
        }
        if direction == Direction::Add {
            return grid;
        }
        // What is left below the last point cannot be merged into it. Seen from the corner between the two, the
        // polygon's next corner is (level, power); further corners are taken away until a grid slope leads to it
        // or below it.
        grid[top] = self.points[top].0;
        let place = |index: usize| self.offset + (self.first + index as i64) as f64 * self.width;
        let (mut level, mut power) = (0.0, -gap);
        if top > 0 {
            for (half, scale) in [(0, grow * grow), (1, grow)] {
                let Half { present, above, .. } = self.halves[2 * top - 2 + half];
                level += left[half] * (present - above) * scale * (-place(top)).exp();
                power += left[half] * present;
            }
        }
        let mut lowest = top;
        while lowest > 0 && (level > 0.0 || power < 0.0) {
            let slope = if power > 0.0 { (power / level).ln() } else { f64::NEG_INFINITY };
            // A slope that is a grid point's up to rounding is that point's.
            let index = ((slope - place(0)) / self.width + ON_POINT).floor();
            if index >= lowest as f64 - 1.0 {
                let index = (index as usize).min(top);
                grid[index] += level * place(index).exp();
                break;
            }
            lowest -= 1;
            level += grid[lowest] * (-place(lowest)).exp();
            power += grid[lowest];
            grid[lowest] = 0.0;
        }
        grid
    }
}

/// Integrates a pair's smooth part by Gauss-Legendre panels that are short against its densities.
fn integrate(pair: &Pair, from: f64, to: f64, mut add: impl FnMut(Mass)) {
    let panels = ((to - from) / (0.5 * pair.scale)).ceil();
    let step = (to - from) / panels;
    let relative = step / pair.scale;
    // Nodes of order 4, 6 and 10 in the panel's length over the scale.
    let nodes: &[(f64, f64)] = if relative < 0.003 {
        &TWO
    } else if relative < 0.05 {
        &THREE
    } else {
        &FIVE
    };
    for panel in 0..panels as usize {
        let middle = from + step * (panel as f64 + 0.5);
        for &(node, weight) in nodes {
            let mut mass = pair.density(middle + 0.5 * step * node);
            mass.present *= 0.5 * step * weight;
            mass.absent *= 0.5 * step * weight;
            add(mass);
        }
    }
}

/// Where to put the grid so that the smallest losses merge into its lowest point without rest.
///
/// Under sampling most mass lies at the smallest losses, perhaps within one cell, and a lone mass beside the grid
/// would have nothing to be merged with.
pub(super) fn place(pair: &Pair, width: f64, rest: f64) -> f64 {
    let (low, high, _, _) = pair.range(rest);
    let atoms = pair.atoms().map(|atom| atom.loss).fold(f64::INFINITY, f64::min);
    let smallest = if high > low { atoms.min(pair.loss_at(low)) } else { atoms };
    // How far the merged loss of all that is not above the middle of the cell is from `offset`.
    let surplus = |offset: f64| {
        let end = offset + width / 2.0;
        let (mut present, mut absent) = (0.0, 0.0);
        for atom in pair.atoms().filter(|atom| atom.loss <= end) {
            present += atom.present;
            absent += atom.absent;
        }
        let to = pair.output(end).clamp(low, high);
        if to > low {
            integrate(pair, low, to, |mass| {
                present += mass.present;
                absent += mass.absent;
            });
        }
        if absent > 0.0 { (present / absent).ln() - offset } else { 0.0 }
    };
    let (mut from, mut to) = (smallest, smallest + 2.0 * width);
    if surplus(to) >= 0.0 {
        return 0.0;
    }
    for _ in 0..24 {
        let middle = f64::midpoint(from, to);
        if surplus(middle) >= 0.0 { from = middle } else { to = middle }
    }
    from
}

/// Gauss-Legendre nodes and weights on -1..1.
const TWO: [(f64, f64); 2] = [(-0.577_350_269_189_625_8, 1.0), (0.577_350_269_189_625_8, 1.0)];
const THREE: [(f64, f64); 3] =
    [(-0.774_596_669_241_483_4, 5.0 / 9.0), (0.0, 8.0 / 9.0), (0.774_596_669_241_483_4, 5.0 / 9.0)];
const FIVE: [(f64, f64); 5] = [
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (-0.538_469_310_105_683, 0.478_628_670_499_366_47),
    (0.0, 0.568_888_888_888_888_9),
    (0.538_469_310_105_683, 0.478_628_670_499_366_47),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];
