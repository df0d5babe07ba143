//! Noisy tables of power made believable.
//!
//! Noise of a few members in each bin would, taken at its word, put whales where there are none: one member too
//! many in a far bin holds more than all others together. What is known without the data is that powers thin
//! out smoothly, and that who votes often differs from who votes seldom by degrees. Both enter here, and
//! give way to the counts where these are much larger than their noise.

use super::super::bins::{COUNT_STARTS, PowerGrid, bucket};
use super::super::measure::JOINT_STARTS;

/// How far the logarithm of the number of members in a bin lies, typically, from the middle of its neighbours'.
const BEND: f64 = 1.0;
/// The same for the density of members over numbers of votes, which is smoother.
const COUNT_BEND: f64 = 0.4;
/// Members beyond a power fall off at least as this power of it where noise hides them: a Pareto tail.
const TAIL_EXPONENT: f64 = 1.0;
/// The same for members over numbers of votes, by number: nobody votes on everything for ever.
const COUNT_TAIL_EXPONENT: f64 = 3.0;
/// Deviations of the noise that the members beyond a power must pass to be believed.
const BELIEVED: f64 = 3.0;
/// Rounds of Newton's method; some 20 are needed.
const ROUNDS: usize = 60;

/// Members of each power, `members` in all.
///
/// The logarithms of the numbers are the most likely ones if the counts carry Gaussian noise and the second
/// differences of the logarithms are Gaussian too (a discrete thin-plate spline on the logarithm, as in Eilers
/// and Marx 1996). Bins above the noise keep their counts; bins below continue their neighbours. Where fewer
/// members are left than noise could make up, the law falls off at least as a Pareto tail, and it ends where a
/// quarter of a member is left, or above `supply`, which nobody can hold more than.
pub(crate) fn power(
    noisy: &[f64],
    sigma: f64,
    grid: PowerGrid,
    members: f64,
    supply: Option<f64>,
) -> Vec<f64> {
    let Some((&without, positive)) = noisy.split_first() else { return Vec::new() };
    // Most DAOs have no member without power, and noise alone should not make some.
    let without = if without > 2.0 * sigma { without } else { 0.5 * without.max(0.0) };
    let without = without.min(0.95 * members);
    let mut values = smoothed(positive, &vec![1.0; positive.len()], sigma.max(1e-3), BEND);
    if let Some(supply) = supply.filter(|supply| *supply > 0.0) {
        for (bin, value) in values.iter_mut().enumerate() {
            if grid.edges(bin + 1).0 > supply.log10() {
                *value = 0.0;
            }
        }
    }
    let ratio = 10_f64.powf(-TAIL_EXPONENT / grid.per_decade as f64);
    for bin in last_believed(&values, sigma).map_or(1, |bin| bin + 1)..values.len() {
        values[bin] = values[bin].min(values[bin - 1] * ratio);
    }
    let mut left: f64 = values.iter().sum();
    for value in &mut values {
        let here = *value;
        if left < 0.25 {
            *value = 0.0;
        }
        left -= here;
    }
    let sum: f64 = values.iter().sum();
    let mut all = vec![without];
    if sum > 0.0 {
        all.extend(values.iter().map(|value| value * (members - without) / sum));
    } else {
        // Nothing rises above the noise: all in the middle of the axis, where most powers are.
        all.resize(noisy.len(), 0.0);
        let middle = all.len() / 2;
        all[middle] += members - without;
    }
    all
}

/// The last bin that has, with those after it, more members than noise could make up.
fn last_believed(values: &[f64], sigma: f64) -> Option<usize> {
    let mut beyond = 0.0;
    values.iter().rposition(|value| {
        beyond += value;
        beyond >= BELIEVED * sigma
    })
}

/// Members by bucket of their votes, `members` in all.
///
/// A member too many in the last bucket brings hundreds of votes with it, and a cut at zero makes such members
/// on average. Members thin out smoothly over numbers of votes too, so the same smoothing serves. Where noise hides
/// them they fall off at least as the third power, and nobody has more votes than there are proposals.
pub(crate) fn count(noisy: &[f64], sigma: f64, members: f64, proposals: usize) -> Vec<f64> {
    let most = proposals as f64 + 1.0;
    let start = |bucket: usize| COUNT_STARTS.get(bucket).map_or(f64::INFINITY, |&start| f64::from(start));
    let widths: Vec<f64> =
        (0..noisy.len()).map(|bucket| start(bucket + 1).min(most) - start(bucket).min(most)).collect();
    let used = widths.iter().take_while(|width| **width > 0.0).count().max(1).min(noisy.len());
    let mut values = smoothed(&noisy[..used], &widths[..used], sigma.max(1e-3), COUNT_BEND);
    let beyond = last_believed(&values, sigma).map_or(1, |bucket| bucket + 1);
    let middle = |bucket: usize| (start(bucket) * (start(bucket + 1).min(most) - 1.0)).sqrt();
    for bucket in beyond..used {
        let fall = (middle(bucket - 1) / middle(bucket)).powf(COUNT_TAIL_EXPONENT);
        values[bucket] = values[bucket].min(values[bucket - 1] * fall * widths[bucket] / widths[bucket - 1]);
    }
    let sum: f64 = values.iter().sum();
    values.iter_mut().for_each(|value| *value *= members / sum.max(1e-300));
    values.resize(noisy.len(), 0.0);
    values
}

/// The most likely numbers behind `counts` in bins of these widths, by a damped Newton method on the logarithms
/// of their densities.
fn smoothed(counts: &[f64], widths: &[f64], sigma: f64, bend: f64) -> Vec<f64> {
    let size = counts.len();
    let numbers =
        |logs: &[f64]| logs.iter().zip(widths).map(|(log, width)| log.exp() * width).collect::<Vec<f64>>();
    let precision = sigma.powi(-2);
    let stiffness = bend.powi(-2);
    let loss = |logs: &[f64]| {
        let fit: f64 = numbers(logs).iter().zip(counts).map(|(number, count)| (number - count).powi(2)).sum();
        let bend: f64 = logs.windows(3).map(|three| (three[0] - 2.0 * three[1] + three[2]).powi(2)).sum();
        0.5 * (fit * precision + bend * stiffness)
    };
    let mut logs: Vec<f64> = counts
        .iter()
        .zip(widths)
        .map(|(count, width)| (count.max(0.5 * sigma) / width.max(1e-9)).ln())
        .collect();
    let mut best = loss(&logs);
    let mut damping = 1.0;
    for _ in 0..ROUNDS {
        // Five diagonals; entry [row][k] stands in column row + k - 2.
        let mut matrix = vec![[0.0; 5]; size];
        let mut down = vec![0.0; size];
        for (row, (value, count)) in numbers(&logs).into_iter().zip(counts).enumerate() {
            let slope = value * (value - count) * precision;
            down[row] -= slope;
            // The second derivative, without its negative part.
            matrix[row][2] += value * value * precision + slope.max(0.0) + damping;
        }
        for middle in 1..size.saturating_sub(1) {
            let bend = (logs[middle - 1] - 2.0 * logs[middle] + logs[middle + 1]) * stiffness;
            for (a, left) in [1.0, -2.0, 1.0].into_iter().enumerate() {
                down[middle + a - 1] -= left * bend;
                for (b, right) in [1.0, -2.0, 1.0].into_iter().enumerate() {
                    matrix[middle + a - 1][2 + b - a] += left * right * stiffness;
                }
            }
        }
        let step = solved(matrix, down);
        let next: Vec<f64> = logs
            .iter()
            .zip(step)
            .map(|(log, step)| (log + step.clamp(-2.0, 2.0)).clamp(-40.0, 40.0))
            .collect();
        let found = loss(&next);
        if found < best {
            let done = best - found < 1e-9 * best.max(1.0);
            logs = next;
            best = found;
            damping = (damping / 4.0).max(1e-6);
            if done {
                break;
            }
        } else {
            damping *= 6.0;
        }
    }
    numbers(&logs)
}

/// Solves a positive definite system of five diagonals.
fn solved(mut matrix: Vec<[f64; 5]>, mut right: Vec<f64>) -> Vec<f64> {
    let size = right.len();
    for row in 0..size {
        for below in 1..=2_usize.min(size - 1 - row) {
            let factor = matrix[row + below][2 - below] / matrix[row][2];
            for column in 0..=2 {
                let value = matrix[row][2 + column];
                // Columns past the fifth diagonal hold zeros on both sides.
                if let Some(cell) = matrix[row + below].get_mut(2 + column - below) {
                    *cell -= factor * value;
                }
            }
            right[row + below] -= factor * right[row];
        }
    }
    for row in (0..size).rev() {
        for after in 1..=2_usize.min(size - 1 - row) {
            right[row] -= matrix[row][2 + after] * right[row + after];
        }
        right[row] /= matrix[row][2];
    }
    right
}

/// The blocks in which the joint table is looked at, from coarse to fine: rows in a block, and groups of
/// power with equally many members each; every bin by itself in the last.
const LEVELS: [(usize, usize); 10] =
    [(4, 2), (4, 4), (2, 2), (2, 4), (2, 8), (1, 2), (1, 4), (1, 8), (1, 16), (1, usize::MAX)];
/// How far a block lies, typically, from what coarser blocks say, as a share of it.
const SURPRISE: f64 = 2.0;

/// Members by coarse bucket of votes and bin of power, in agreement with the two single tables.
///
/// It starts from independence and goes from coarse to fine. At each level a block moves towards its noisy
/// count by the share of what sets them apart that noise does not explain (empirical Bayes: a block's own
/// variance over that and the noise's), and its cells keep their proportions. A cell of two members under
/// noise of seven thus stays what its surroundings say, where a cut at zero would let chance peaks take a
/// whole row.
pub(crate) fn reconcile(joint: &[f64], sigma: f64, count: &[f64], power: &[f64], total: f64) -> Vec<f64> {
    let bins = power.len();
    let rows = JOINT_STARTS.len();
    let mut coarse = vec![0.0; rows];
    for (index, members) in count.iter().enumerate() {
        coarse[bucket(&JOINT_STARTS, COUNT_STARTS[index])] += members;
    }
    let mut table: Vec<f64> =
        coarse.iter().flat_map(|row| power.iter().map(move |bin| row * bin / total.max(1.0))).collect();
    for (height, groups) in LEVELS {
        let group = groups_of(power, groups);
        let number = group.last().map_or(0, |last| last + 1);
        for first in (0..rows).step_by(height) {
            let block = first..(first + height).min(rows);
            let mut sums = vec![(0.0, 0.0, 0.0); number];
            for row in block.clone() {
                for (bin, &group) in group.iter().enumerate() {
                    let (expected, found, cells) = &mut sums[group];
                    *expected += table[row * bins + bin];
                    *found += joint[row * bins + bin];
                    *cells += 1.0;
                }
            }
            for row in block {
                for (bin, &group) in group.iter().enumerate() {
                    let (expected, found, cells) = sums[group];
                    if expected > 0.0 {
                        let own = expected + (SURPRISE * expected).powi(2);
                        let trust = own / (own + sigma * sigma * cells);
                        // A cell whose noise hid its members must be able to grow again.
                        let moved = (expected + trust * (found - expected)).max(0.1 * expected);
                        table[row * bins + bin] *= moved / expected;
                    }
                }
            }
        }
        fit_sides(&mut table, &coarse, power, 8);
    }
    fit_sides(&mut table, &coarse, power, 20);
    table
}

/// The group of each bin, `groups` of them with about the same number of members, without holes.
fn groups_of(power: &[f64], groups: usize) -> Vec<usize> {
    if groups >= power.len() {
        return (0..power.len()).collect();
    }
    let total: f64 = power.iter().sum();
    let mut below = 0.0;
    let mut last = (0, 0);
    let mut list = Vec::with_capacity(power.len());
    for members in power {
        let middle = below + members / 2.0;
        let quantile = ((middle / total.max(1e-300) * groups as f64) as usize).min(groups - 1);
        if quantile > last.0 && !list.is_empty() {
            last = (quantile, last.1 + 1);
        }
        list.push(last.1);
        below += members;
    }
    list
}

/// Scales rows and columns in turn until both sums are right (iterative proportional fitting).
fn fit_sides(table: &mut [f64], rows: &[f64], columns: &[f64], rounds: usize) {
    let bins = columns.len();
    for _ in 0..rounds {
        for (row, wanted) in rows.iter().enumerate() {
            let cells = &mut table[row * bins..(row + 1) * bins];
            let found: f64 = cells.iter().sum();
            if found > 0.0 {
                for cell in cells {
                    *cell *= wanted / found;
                }
            }
        }
        for (bin, wanted) in columns.iter().enumerate() {
            let found: f64 = (0..rows.len()).map(|row| table[row * bins + bin]).sum();
            if found > 0.0 {
                (0..rows.len()).for_each(|row| table[row * bins + bin] *= wanted / found);
            }
        }
    }
}
