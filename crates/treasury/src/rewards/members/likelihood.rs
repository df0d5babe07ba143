//! How likely records of activity are, member by member.
//!
//! A member's deviation and its state are hidden. Over a grid of deviations (Rouwenhorst 1995: its chain has the
//! process's mean, variance and persistence exactly) and of commitments (Gauss and Hermite), the forward recursion of
//! hidden Markov models (Baum 1966) gives the likelihood of a history. Periods without acts need no steps: a member
//! who pauses returns with the same chance in every period, so a gap is one power of the chain.

use std::collections::BTreeMap;

use super::activity::Activity;
use super::model::Parameters;

/// Points of the grid of deviations. Their distance is 0.58 of the deviations' spread; the counts' own spread around their
/// mean is of that size or more.
const POINTS: usize = 13;

/// Nodes and weights for the expectation over a standard normal: the probabilists' Hermite polynomial of order 7.
const NODES: [(f64, f64); 7] = [
    (-3.750_439_717_725_742, 5.482_688_559_722_184e-4),
    (-2.366_759_410_734_542, 3.075_712_396_758_65e-2),
    (-1.154_405_394_739_968, 0.240_123_178_605_012_7),
    (0.0, 0.457_142_857_142_857_1),
    (1.154_405_394_739_968, 0.240_123_178_605_012_7),
    (2.366_759_410_734_542, 3.075_712_396_758_65e-2),
    (3.750_439_717_725_742, 5.482_688_559_722_184e-4),
];

type Row = [f64; POINTS];
type Chain = [Row; POINTS];

/// Rouwenhorst's chain for this persistence: from a row to a column.
fn chain(persistence: f64) -> Chain {
    let stay = (1.0 + persistence) / 2.0;
    let mut chain = [[0.0; POINTS]; POINTS];
    chain[0][0] = 1.0;
    for size in 2..=POINTS {
        let mut next = [[0.0; POINTS]; POINTS];
        for row in 0..size - 1 {
            for column in 0..size - 1 {
                let weight = chain[row][column];
                next[row][column] += stay * weight;
                next[row][column + 1] += (1.0 - stay) * weight;
                next[row + 1][column] += (1.0 - stay) * weight;
                next[row + 1][column + 1] += stay * weight;
            }
        }
        for row in next.iter_mut().take(size - 1).skip(1) {
            row.iter_mut().for_each(|weight| *weight /= 2.0);
        }
        chain = next;
    }
    chain
}

fn product(left: &Chain, right: &Chain) -> Chain {
    let mut result = [[0.0; POINTS]; POINTS];
    for (row, own) in left.iter().enumerate() {
        for (middle, weight) in own.iter().enumerate() {
            for column in 0..POINTS {
                result[row][column] += weight * right[middle][column];
            }
        }
    }
    result
}

/// Moves a distribution over points one step along a chain.
fn along(from: &Row, chain: &Chain) -> Row {
    let mut to = [0.0; POINTS];
    for (weight, row) in from.iter().zip(chain) {
        for (to, chance) in to.iter_mut().zip(row) {
            *to += weight * chance;
        }
    }
    to
}

/// A history without what does not matter for its likelihood.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Course {
    /// Whether the first period with acts is the member's first.
    newcomer: bool,
    /// Periods after the last one with acts.
    quiet: u32,
    /// Empty periods before each one with acts, and its acts.
    acts: Vec<(u32, u32)>,
}

/// Records in the form in which their likelihood is computed: each course once, with how many members have it.
#[derive(Debug, Clone)]
pub struct Records {
    courses: Vec<(Course, f64)>,
    longest: usize,
    most_acts: usize,
    /// By member: the place of its course.
    pub(super) of_member: Vec<usize>,
}

/// Where a member stands after the last period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    /// How likely this one is beside the others of the same member.
    pub(super) weight: f64,
    /// The member's commitment, in standard normal units.
    pub(super) commitment: f64,
    /// Its deviation, in units of their spread.
    pub(super) deviation: f64,
    /// Whether it is here (acts in the last period), pausing, or gone.
    pub(super) state: super::model::State,
    /// Whether the last period is its first.
    pub(super) newcomer: bool,
}

impl Records {
    /// From records of activity.
    pub fn new(activity: &Activity) -> Self {
        let mut found: BTreeMap<Course, Vec<usize>> = BTreeMap::new();
        for (member, own) in activity.members.iter().enumerate() {
            let Some((&first, &last)) = own.first().zip(own.last()) else { continue };
            let mut before = first.0;
            let acts = own.iter().map(|&(period, acts)| {
                let gap = (period - before).saturating_sub(1);
                before = period;
                (gap, acts)
            });
            let course = Course {
                newcomer: activity.from_beginning || first.0 > 0,
                quiet: activity.periods - 1 - last.0,
                acts: acts.collect(),
            };
            found.entry(course).or_default().push(member);
        }
        let longest = found.keys().flat_map(|course| &course.acts).map(|act| act.0).max().unwrap_or_default();
        let most_acts = found.keys().flat_map(|course| &course.acts).map(|act| act.1).max().unwrap_or(1);
        let mut of_member = vec![0; activity.members.len()];
        let mut courses = Vec::with_capacity(found.len());
        for (place, (course, members)) in found.into_iter().enumerate() {
            members.iter().for_each(|&member| of_member[member] = place);
            courses.push((course, members.len() as f64));
        }
        Self { courses, longest: longest as usize, most_acts: most_acts as usize, of_member }
    }

    /// The natural logarithm of the records' likelihood; negative infinity where it is none.
    pub fn log_likelihood(&self, parameters: &Parameters) -> f64 {
        let tables = Tables::new(parameters, self.longest, self.most_acts);
        let mut sum = 0.0;
        for (course, members) in &self.courses {
            let mut likelihood = 0.0;
            let mut shift = f64::NEG_INFINITY;
            for (node, (_, weight)) in NODES.iter().enumerate() {
                let (here, log) = tables.forward(course, node);
                let end: f64 =
                    tables.quiet(&here, node, course).iter().map(|part| part.iter().sum::<f64>()).sum();
                // Nodes' likelihoods may lie far from each other: kept relative to the largest.
                if end > 0.0 {
                    if log > shift {
                        likelihood *= (shift - log).exp();
                        shift = log;
                    }
                    likelihood += weight * end * (log - shift).exp();
                }
            }
            sum += members * (likelihood.ln() + shift);
        }
        if sum.is_nan() { f64::NEG_INFINITY } else { sum }
    }

    /// Where the members of each course may stand after the last period, weights summing to one.
    pub(super) fn standings(&self, parameters: &Parameters) -> Vec<Vec<Standing>> {
        use super::model::State;
        let tables = Tables::new(parameters, self.longest, self.most_acts);
        self.courses
            .iter()
            .map(|(course, _)| {
                let ends: Vec<_> = (0..NODES.len()).map(|node| tables.forward(course, node)).collect();
                let largest = ends.iter().map(|end| end.1).fold(f64::NEG_INFINITY, f64::max);
                let mut standings = Vec::new();
                for (node, (here, log)) in ends.iter().enumerate() {
                    let [stay, mut pause, gone] = tables.quiet(here, node, course);
                    // Deviations of who pauses go on; after so many periods they have forgotten where they were.
                    for _ in 0..course.quiet.min(24) {
                        pause = along(&pause, &tables.powers[0]);
                    }
                    for (state, weights) in
                        [(State::Here, stay), (State::Pausing, pause), (State::Gone, gone)]
                    {
                        for (point, weight) in weights.iter().enumerate().filter(|part| *part.1 > 0.0) {
                            standings.push(Standing {
                                weight: weight * NODES[node].1 * (log - largest).exp(),
                                commitment: NODES[node].0,
                                deviation: place(point),
                                state,
                                newcomer: course.newcomer && course.acts.len() == 1 && course.quiet == 0,
                            });
                        }
                    }
                }
                let sum: f64 = standings.iter().map(|standing| standing.weight).sum();
                standings.iter_mut().for_each(|standing| standing.weight /= sum);
                standings
            })
            .collect()
    }
}

/// A point of the grid, in units of the deviations' spread.
fn place(point: usize) -> f64 {
    let half = (POINTS - 1) as f64 / 2.0;
    (point as f64 - half) / half * ((POINTS - 1) as f64).sqrt()
}

/// What every course needs.
struct Tables {
    start: Row,
    /// The chain's powers, from the first.
    powers: Vec<Chain>,
    /// By commitment: at each point, chances of leaving for who is new and who is not, and of pausing for who does not leave.
    leave: Vec<[Row; 2]>,
    pause: Row,
    comeback: f64,
    /// By commitment and point: the logarithms of mean / (shape + mean) and of shape / (shape + mean) x shape.
    odds: Vec<[(f64, f64); POINTS]>,
    /// By count of acts beyond the first: the logarithm of Gamma(count + shape) / (Gamma(shape) count!).
    ways: Vec<f64>,
}

impl Tables {
    fn new(parameters: &Parameters, longest: usize, most_acts: usize) -> Self {
        let one = chain(parameters.persistence);
        let mut powers = vec![one];
        for _ in 0..=longest {
            let last = powers[powers.len() - 1];
            powers.push(product(&last, &one));
        }
        let mut start = [0.0; POINTS];
        let mut weight = 0.5_f64.powi(POINTS as i32 - 1);
        for (point, start) in start.iter_mut().enumerate() {
            *start = weight;
            weight *= (POINTS - 1 - point) as f64 / (point + 1) as f64;
        }
        let points = || (0..POINTS).map(place);
        let mut pause = [0.0; POINTS];
        points().zip(&mut pause).for_each(|(deviation, chance)| *chance = parameters.pause(deviation));
        let mut leave = Vec::new();
        let mut odds = Vec::new();
        for (commitment, _) in NODES {
            let mut rows = [[0.0; POINTS]; 2];
            let mut own = [(0.0, 0.0); POINTS];
            for (point, deviation) in points().enumerate() {
                for (newcomer, row) in [true, false].into_iter().zip(&mut rows) {
                    row[point] = parameters.leave(commitment, deviation, newcomer, 0.0);
                }
                let mean = parameters.mean(commitment, deviation);
                let shape = parameters.shape;
                own[point] = (-(shape / mean).ln_1p(), -shape * (mean / shape).ln_1p());
            }
            leave.push(rows);
            odds.push(own);
        }
        let mut ways = vec![0.0];
        for count in 1..most_acts {
            let before = ways[count - 1];
            ways.push(before + ((parameters.shape + count as f64 - 1.0) / count as f64).ln());
        }
        Self { start, powers, leave, pause, comeback: parameters.comeback, odds, ways }
    }

    /// The distribution over points at the last period with acts, scaled to one, and the logarithm of its scale.
    fn forward(&self, course: &Course, node: usize) -> (Row, f64) {
        let mut here = self.start;
        let mut log = 0.0;
        for (place, &(gap, acts)) in course.acts.iter().enumerate() {
            if place > 0 {
                let leave = &self.leave[node][usize::from(!(course.newcomer && place == 1))];
                let mut moving = [0.0; POINTS];
                for point in 0..POINTS {
                    let pause = self.pause[point];
                    let chance = if gap == 0 { 1.0 - pause } else { pause };
                    moving[point] = here[point] * (1.0 - leave[point]) * chance;
                }
                here = along(&moving, &self.powers[gap as usize]);
                if gap > 0 {
                    log += f64::from(gap - 1) * (1.0 - self.comeback).ln() + self.comeback.ln();
                }
            }
            let count = acts as usize - 1;
            let mut logs = [0.0; POINTS];
            for (log, (more, none)) in logs.iter_mut().zip(self.odds[node]) {
                *log = self.ways[count] + count as f64 * more + none;
            }
            let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            for (here, log) in here.iter_mut().zip(&logs) {
                *here *= (log - largest).exp();
            }
            let sum: f64 = here.iter().sum();
            here.iter_mut().for_each(|here| *here /= sum);
            log += largest + sum.ln();
        }
        (here, log)
    }

    /// Splits the distribution by state after the quiet periods: here (only where there were none), pausing, gone.
    fn quiet(&self, here: &Row, node: usize, course: &Course) -> [Row; 3] {
        let mut parts = [[0.0; POINTS]; 3];
        if course.quiet == 0 {
            parts[0] = *here;
            return parts;
        }
        let leave = &self.leave[node][usize::from(!(course.newcomer && course.acts.len() == 1))];
        let still = (1.0 - self.comeback).powi(course.quiet as i32 - 1);
        for point in 0..POINTS {
            parts[1][point] = here[point] * (1.0 - leave[point]) * self.pause[point] * still;
            parts[2][point] = here[point] * leave[point];
        }
        parts
    }
}
