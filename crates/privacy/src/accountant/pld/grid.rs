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
//! Both err to second order in the cells' widths. The grid is some points of a lattice: close together where most mass
//! is, far apart where little is.

use std::collections::VecDeque;

use super::pair::Pair;

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
    /// The loss of lattice index 0.
    offset: f64,
    /// The lattice index of each grid point.
    places: Vec<i64>,
    /// Two for each cell.
    halves: Vec<Half>,
    /// What lies on the grid points themselves, present and absent; one more than there are cells.
    points: Vec<(f64, f64)>,
    /// What lies above the last grid point.
    beyond: Half,
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

/// Masses on grid points.
#[derive(Debug)]
pub(super) struct Side {
    /// The loss of lattice index 0.
    pub(super) offset: f64,
    /// The lattice index of each mass, ascending.
    pub(super) places: Vec<i64>,
    pub(super) masses: Vec<f64>,
    /// Mass that counts as an infinite loss. Of the optimistic side it counts for too much where the other steps' losses
    /// make up for more than the loss of its last mass; see [`Grid::over`].
    pub(super) infinite: f64,
}

/// A loss distribution on two grids of one width.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) pessimistic: Side,
    pub(super) optimistic: Side,
}

/// A loss this close to a grid point, in cells, is on it: the rounding of the two.
const ON_POINT: f64 = 1e-9;

impl Side {
    pub(super) fn loss(&self, index: usize, width: f64) -> f64 {
        self.offset + self.places[index] as f64 * width
    }

    /// From the present law's masses to the absent law's. Both polygons keep the ratio of the two at each point, so
    /// the absent law's is the present one's over e^loss. Where that is lost to underflow, the absent mass itself
    /// bounds it from above.
    fn turn(&mut self, width: f64) {
        for index in 0..self.masses.len() {
            self.masses[index] *= (-self.loss(index, width)).exp();
        }
        self.masses.reverse();
        self.places = self.places.iter().rev().map(|place| -place).collect();
        self.offset = -self.offset;
    }
}

impl Grid {
    /// A bound of E[e^(-order (loss - least))] of one optimistic step before its infinite losses were split off, where
    /// no loss above the last one is told from it, and the loss above which those were split off.
    pub(super) fn over(&self, width: f64, order: f64) -> (f64, f64) {
        let side = &self.optimistic;
        let last = side.masses.iter().rposition(|&mass| mass > 0.0).unwrap_or(0);
        let cap = side.loss(last, width);
        let finite: f64 = side
            .masses
            .iter()
            .enumerate()
            .map(|(index, mass)| mass * (-order * side.loss(index, width)).exp())
            .sum();
        ((finite + side.infinite * (-order * cap).exp()).ln(), cap)
    }
}

impl Cells {
    /// Cuts a pair; all but `rest` of the smooth part on each side. Cells are as wide as the lattice, or as `wide` says
    /// at a loss. Losses above `cap` share one cell without an end. `None` where more cells than `limit` are needed.
    pub(super) fn cut(
        pair: &Pair,
        width: f64,
        offset: f64,
        wide: &dyn Fn(f64) -> f64,
        (rest, cap): (f64, f64),
        limit: usize,
    ) -> Option<Self> {
        let (low, high, outside_present, outside_absent) = pair.range(rest);
        let mut losses: Vec<f64> = pair.atoms().map(|atom| atom.loss - offset).collect();
        if high > low {
            losses.extend([pair.loss_at(low) - offset, pair.loss_at(high) - offset]);
        }
        let smallest = losses.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = losses.iter().copied().fold(f64::NEG_INFINITY, f64::max).min(cap - offset);
        let first = (smallest / width + ON_POINT).floor() as i64;
        let last = ((largest / width - ON_POINT).ceil() as i64).max(first + 1);
        let points = |from: i64| ((wide(offset + from as f64 * width) / width) as i64).max(1);
        let mut places = vec![first];
        let mut from = first;
        while from < last {
            let mut step = points(from).min(last - from);
            // Not from a coarse part into a fine one.
            while step > 1 && points(from + step) < step {
                step /= 2;
            }
            from += step;
            places.push(from);
            if places.len() > limit {
                return None;
            }
        }
        let count = places.len() - 1;
        let mut cells = Self {
            width,
            offset,
            places,
            halves: vec![Half::default(); 2 * count],
            points: vec![(0.0, 0.0); count + 1],
            beyond: Half::default(),
            outside_present,
            outside_absent,
        };
        for atom in pair.atoms() {
            let place = (atom.loss - offset) / width;
            let nearest = place.round();
            let on = cells.places.binary_search(&(nearest as i64));
            if let (true, Ok(index)) = ((place - nearest).abs() < ON_POINT, on) {
                let point = &mut cells.points[index];
                point.0 += atom.present;
                point.1 += atom.absent;
            } else if place > last as f64 {
                cells.beyond.present += atom.present;
                cells.beyond.absent += atom.absent;
            } else {
                let cell = cells.places.partition_point(|&low| low as f64 <= place).clamp(1, count) - 1;
                let upper = cells.half(2 * cell + 1) <= place;
                let half = &mut cells.halves[2 * cell + usize::from(upper)];
                half.present += atom.present;
                half.absent += atom.absent;
            }
        }
        if high > low {
            cells.integrate(pair, (low, high), cap.is_finite());
        }
        for index in 0..cells.halves.len() {
            let low = offset + cells.half(index) * width;
            let half = &mut cells.halves[index];
            half.above = (half.present - half.absent * low.exp()).max(0.0);
        }
        let beyond = &mut cells.beyond;
        beyond.above = (beyond.present - beyond.absent * (offset + last as f64 * width).exp()).max(0.0);
        Some(cells)
    }

    /// The lower end of a half cell, as a lattice index.
    fn half(&self, half: usize) -> f64 {
        let low = self.places[half / 2] as f64;
        if half.is_multiple_of(2) { low } else { f64::midpoint(low, self.places[half / 2 + 1] as f64) }
    }

    /// The width of a cell.
    fn wide(&self, cell: usize) -> f64 {
        (self.places[cell + 1] - self.places[cell]) as f64 * self.width
    }

    /// Panels end where the loss passes a half cell.
    fn integrate(&mut self, pair: &Pair, (low, high): (f64, f64), capped: bool) {
        let mut from = low;
        for half in 0..self.halves.len() {
            let end = self.offset + self.half(half + 1) * self.width;
            let last = !capped && half + 1 == self.halves.len();
            let to = if last { high } else { pair.output(end).clamp(from, high) };
            if to > from {
                let (present, absent) = integrate(pair, from, to);
                self.halves[half].present += present;
                self.halves[half].absent += absent;
            }
            from = to;
        }
        if high > from {
            let (present, absent) = integrate(pair, from, high);
            self.beyond.present += present;
            self.beyond.absent += absent;
        }
    }

    /// What lies in each half cell and on each point, ascending in loss, present and absent.
    fn pieces(&self) -> VecDeque<(f64, f64)> {
        let mut pieces = VecDeque::with_capacity(self.halves.len() + self.points.len());
        for (index, &point) in self.points.iter().enumerate() {
            let halves = self.halves.iter().skip(2 * index).take(2);
            pieces.extend(std::iter::once(point).chain(halves.map(|half| (half.present, half.absent))));
        }
        pieces.retain(|piece| piece.0 > 0.0 && piece.1 > 0.0);
        pieces
    }

    /// The loss distribution of one direction. On a lattice the losses themselves are grid points.
    pub(super) fn grid(&self, direction: Direction, lattice: bool) -> Grid {
        let side = |masses: Vec<f64>| Side {
            offset: self.offset,
            places: self.places.clone(),
            masses,
            infinite: 0.0,
        };
        let closed = if lattice { None } else { closed(&self.pieces(), &self.places, self.width, direction) };
        let mut pessimistic = side(self.pessimistic());
        let mut optimistic = closed.unwrap_or_else(|| side(self.optimistic(direction)));
        if direction == Direction::Remove {
            pessimistic.infinite = self.outside_present + self.beyond.above;
            self.split_beyond(&mut optimistic);
        } else {
            pessimistic.turn(self.width);
            optimistic.turn(self.width);
            pessimistic.infinite = self.outside_absent;
        }
        Grid { pessimistic, optimistic }
    }

    /// Splits what lies above the last grid point onto a point not above that and an infinite loss so that both laws keep
    /// theirs: not optimistic, but the same at all losses up to that point.
    fn split_beyond(&self, side: &mut Side) {
        let Half { present, absent, .. } = self.beyond;
        let end = self.places.last().map_or(0.0, |&last| self.offset + last as f64 * self.width);
        let up_to = (end - side.offset) / self.width + ON_POINT;
        let found = side.places.partition_point(|&place| place as f64 <= up_to).max(1) - 1;
        let at = (absent * side.loss(found, self.width).exp()).min(present);
        side.masses[found] += at;
        side.infinite = present - at;
    }

    /// Splits each cell's mass onto its ends so that both laws keep theirs.
    fn pessimistic(&self) -> Vec<f64> {
        let mut grid: Vec<f64> = self.points.iter().map(|point| point.0).collect();
        for (index, cell) in self.halves.chunks_exact(2).enumerate() {
            let (low, high) = (cell[0], cell[1]);
            let whole = -(-self.wide(index)).exp_m1();
            let shrink = (-self.wide(index) / 2.0).exp();
            let mass = low.present + high.present;
            // The upper half's excess, measured from the cell's lower end instead of its own.
            let above = low.above + high.present * (1.0 - shrink) + shrink * high.above;
            let up = (above / whole).clamp(0.0, mass);
            grid[index + 1] += up;
            grid[index] += mass - up;
        }
        // The ends of the last cell are the last point and an infinite loss.
        if let Some(last) = grid.last_mut() {
            *last += self.beyond.present - self.beyond.above;
        }
        grid
    }

    /// Merges mass around each grid point, from the smallest loss upwards, so that the merged loss is the point's.
    /// The polygon touches the curve after each point, or is below it by `gap` in power.
    ///
    /// At the top it may not quite end at the origin. A removal's polygon must start there, so it gives up power;
    /// an addition's is read from the other end, where a polygon that is too low costs nothing else.
    fn optimistic(&self, direction: Direction) -> Vec<f64> {
        let top = self.points.len() - 1;
        let grow = |cell: usize| (self.wide(cell) / 2.0).exp();
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
                let grow = grow(index - 1);
                for (half, scale) in [(0, grow * grow), (1, grow)] {
                    let Half { present, above, .. } = self.halves[2 * index - 2 + half];
                    let merged = (present - above) * scale;
                    gap += left[half] * (merged - present).max(0.0);
                    mass += left[half] * merged;
                }
            }
            left = [1.0; 2];
            for (left, (half, &Half { present, above, .. })) in
                left.iter_mut().zip(self.halves.iter().enumerate().skip(2 * index))
            {
                let scale = if half == 2 * index { 1.0 } else { 1.0 / grow(index) };
                let merged = (present - above) * scale;
                let gain = (present - merged).max(0.0);
                let used = if gain <= gap { 1.0 } else { gap / gain };
                gap -= used * gain;
                mass += used * merged;
                *left = 1.0 - used;
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
        let place = |index: usize| self.offset + self.places[index] as f64 * self.width;
        let (mut level, mut power) = (0.0, -gap);
        if top > 0 {
            let grow = grow(top - 1);
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
            let reached = (slope - self.offset) / self.width + ON_POINT;
            let index = self.places.partition_point(|&place| place as f64 <= reached);
            if index >= lowest {
                let index = index - 1;
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

/// An optimistic side whose grid lies so that nothing is given up. From the largest losses downwards, each point
/// takes the mass of the largest losses left whose merged loss is the point's; from the smallest upwards likewise.
/// The two meet where most mass is: going towards more mass, errors made on the way fade. What is left for the point
/// at which they meet must merge into it, too: a little of its neighbours' mass helps, and an offset at which little
/// is enough is searched.
///
/// Where few members are ever sampled, losses thin out so fast above the smallest that a polygon built upwards on a
/// given grid finds too little mass for its second point, and gives up nearly all power.
///
/// `None` where no such offset is found.
fn closed(pieces: &VecDeque<(f64, f64)>, places: &[i64], width: f64, direction: Direction) -> Option<Side> {
    let smallest = ratio(*pieces.front()?);
    // The grid from its lowest point, and one more point: it may be moved down.
    let lowest = places.first()?;
    let mut steps: Vec<i64> = places.iter().map(|place| place - lowest).collect();
    steps.push(2 * steps.last()? - steps.get(places.len() - 2)?);
    let points = Points { steps: &steps, width };
    let most = pieces.iter().copied().max_by(|left, right| left.0.total_cmp(&right.0))?;
    let mut meet = points.below(smallest, ratio(most));
    let rest = |offset: f64, meet: i64| Rest::new(pieces, points, offset, meet, |_, _| {});
    // A point whose rest is above it while that of the next is below.
    let mut at_low = rest(smallest, meet)?;
    let up = at_low.surplus >= 0.0;
    for _ in 0..MEETINGS {
        let next = meet + if up { 1 } else { -1 };
        if next < 0 || next as usize >= steps.len() {
            return None;
        }
        let found = rest(smallest, next)?;
        if up && found.surplus < 0.0 {
            break;
        }
        (meet, at_low) = (next, found);
        if !up && at_low.surplus >= 0.0 {
            break;
        }
    }
    // As far as to where the next point was.
    let next = steps.get(meet as usize + 1)? - steps[meet as usize];
    let (mut low, mut high) = (smallest, smallest + next as f64 * width);
    let mut at_high = rest(high, meet)?;
    if at_low.surplus < 0.0 || at_high.surplus >= 0.0 {
        return None;
    }
    let (mut weight_low, mut weight_high) = (1.0, 1.0);
    for _ in 0..CLOSING {
        if at_low.share <= LITTLE || at_high.share <= LITTLE {
            break;
        }
        // False position, halving where one end would stay (Dowell and Jarratt 1971).
        let (left, right) = (weight_low * at_low.surplus, weight_high * at_high.surplus);
        let middle = low + (left / (left - right)).clamp(1e-4, 1.0 - 1e-4) * (high - low);
        if middle <= low || middle >= high {
            break;
        }
        let found = rest(middle, meet)?;
        if found.surplus >= 0.0 {
            (low, at_low) = (middle, found);
            (weight_low, weight_high) = (1.0, weight_high * 0.5);
        } else {
            (high, at_high) = (middle, found);
            (weight_low, weight_high) = (weight_low * 0.5, 1.0);
        }
    }
    let (shares, removes) = ([at_low.share, at_high.share], direction == Direction::Remove);
    // Where no neighbour helps, a removal can give up power and an addition level, each at one end of the bracket.
    let at_low_end = if shares[0].min(shares[1]) <= 1.0 { shares[0] <= shares[1] } else { removes };
    let offset = if at_low_end { low } else { high };
    let masses = vec![0.0; steps.len()];
    let mut side = Side { offset, places: steps.clone(), masses, infinite: 0.0 };
    let Rest { present, absent, .. } =
        Rest::new(pieces, points, offset, meet, |index, mass| side.masses[index as usize] += mass)?;
    let share = shares[usize::from(!at_low_end)];
    side.masses[meet as usize] += if share <= 1.0 {
        let neighbour = &mut side.masses[if at_low_end { meet as usize - 1 } else { meet as usize + 1 }];
        let moved = share * *neighbour;
        *neighbour -= moved;
        present + moved
    } else if removes {
        absent * points.at(offset, meet).exp()
    } else {
        present
    };
    Some(side)
}

/// Grid points that may be moved together.
#[derive(Debug, Clone, Copy)]
struct Points<'a> {
    /// Lattice indices, ascending.
    steps: &'a [i64],
    width: f64,
}

impl Points<'_> {
    /// The loss of a point.
    fn at(&self, offset: f64, index: i64) -> f64 {
        offset + self.steps[index as usize] as f64 * self.width
    }

    /// The last point that is not above a loss; -1 where there is none.
    fn below(&self, offset: f64, loss: f64) -> i64 {
        let place = (loss - offset) / self.width;
        self.steps.partition_point(|&step| step as f64 <= place) as i64 - 1
    }

    /// The first point that is not below a loss.
    fn above(&self, offset: f64, loss: f64) -> i64 {
        let place = (loss - offset) / self.width;
        self.steps.partition_point(|&step| (step as f64) < place) as i64
    }
}

/// What is left for the point at which [`merge`] meets.
#[derive(Debug)]
struct Rest {
    present: f64,
    absent: f64,
    /// How far above the point its merged loss is.
    surplus: f64,
    /// The share of the neighbouring point on the other side that makes the merged loss the point's; above 1 where it
    /// has too little.
    share: f64,
}

impl Rest {
    fn new(
        pieces: &VecDeque<(f64, f64)>,
        points: Points<'_>,
        offset: f64,
        meet: i64,
        mut visit: impl FnMut(i64, f64),
    ) -> Option<Self> {
        let mut beside = [0.0; 2];
        let (present, absent) = merge(pieces.clone(), points, offset, meet, |index, mass| {
            if (index - meet).abs() == 1 {
                beside[usize::from(index > meet)] = mass;
            }
            visit(index, mass);
        })?;
        let at = points.at(offset, meet);
        let surplus = ((present - absent) / absent).ln_1p() - at;
        let beyond = if surplus < 0.0 { meet + 1 } else { meet - 1 };
        let mut share = f64::INFINITY;
        if usize::try_from(beyond).is_ok_and(|index| index < points.steps.len()) {
            let step = points.at(offset, beyond) - at;
            // |present - absent e^point|, from the surplus, over what the neighbour's unit of mass brings.
            let excess = present * (-surplus).exp_m1().abs();
            share = excess / (beside[usize::from(surplus < 0.0)] * (-step).exp_m1().abs());
        }
        Some(Self { present, absent, surplus, share })
    }
}

/// ln of the present law's mass over the absent one's.
fn ratio(piece: (f64, f64)) -> f64 {
    ((piece.0 - piece.1) / piece.1).ln_1p()
}

/// Points that are tried as the one to meet at.
const MEETINGS: usize = 64;

/// Steps of the search for the offset, and the share of a neighbour's mass at which it ends.
const CLOSING: usize = 60;
const LITTLE: f64 = 0.1;

/// Merges pieces, ascending in loss, into grid points above and below the one at `meet`. `visit(index, present)`
/// sees each point's mass. Returns what is left for that point, present and absent; `None` where nothing is.
fn merge(
    mut pieces: VecDeque<(f64, f64)>,
    points: Points<'_>,
    offset: f64,
    meet: i64,
    mut visit: impl FnMut(i64, f64),
) -> Option<(f64, f64)> {
    for down in [true, false] {
        let step = if down { -1 } else { 1 };
        let mut last: Option<i64> = None;
        loop {
            let end = *if down { pieces.back() } else { pieces.front() }?;
            let has_mass = |index: i64| {
                let beyond = end.0 - points.at(offset, index).exp() * end.1;
                if down { beyond >= 0.0 } else { beyond <= 0.0 }
            };
            // The next point; or the first that has mass beyond it.
            let next = last.map(|index| index + step);
            let inside = |index: &i64| if down { *index > meet } else { *index < meet };
            let index = match next.filter(inside) {
                Some(next) if has_mass(next) => next,
                _ => {
                    let loss = ratio(end);
                    let first = if down { points.below(offset, loss) } else { points.above(offset, loss) };
                    match next {
                        Some(next) if down => first.min(next),
                        Some(next) => first.max(next),
                        None => first,
                    }
                }
            };
            if (down && index <= meet) || (!down && index >= meet) {
                break;
            }
            let point = points.at(offset, index).exp();
            // How far the group is on the far side of the point.
            let (mut present, mut excess) = (0.0, 0.0);
            loop {
                let piece = if down { pieces.pop_back() } else { pieces.pop_front() }?;
                let beyond = piece.0 - point * piece.1;
                let more = if down { beyond } else { -beyond };
                if excess + more >= 0.0 {
                    present += piece.0;
                    excess += more;
                    continue;
                }
                let part = excess / -more;
                present += part * piece.0;
                let left = (piece.0 * (1.0 - part), piece.1 * (1.0 - part));
                if down {
                    pieces.push_back(left);
                } else {
                    pieces.push_front(left);
                }
                break;
            }
            visit(index, present);
            last = Some(index);
        }
    }
    Some(pieces.into_iter().fold((0.0, 0.0), |sum, piece| (sum.0 + piece.0, sum.1 + piece.1)))
}

/// Integrates a pair's smooth part, present and absent, by Gauss-Legendre panels that are short against its
/// densities.
fn integrate(pair: &Pair, from: f64, to: f64) -> (f64, f64) {
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
    let (mut present, mut absent) = (0.0, 0.0);
    for panel in 0..panels as usize {
        let middle = from + step * (panel as f64 + 0.5);
        for &(node, weight) in nodes {
            let densities = pair.densities(middle + 0.5 * step * node);
            present += weight * densities.0;
            absent += weight * densities.1;
        }
    }
    (0.5 * step * present, 0.5 * step * absent)
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
            let smooth = integrate(pair, low, to);
            present += smooth.0;
            absent += smooth.1;
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
