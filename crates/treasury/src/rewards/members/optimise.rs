//! Minimises a smooth function of few numbers.

/// What [`minimise`] found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Minimum {
    /// Where.
    pub(super) place: Vec<f64>,
    /// The function there.
    pub(super) value: f64,
    /// Whether the last step was as small as asked.
    pub(super) settled: bool,
}

/// The gradient by central differences.
fn gradient(function: &mut impl FnMut(&[f64]) -> f64, place: &[f64]) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let mut moved = place.to_vec();
    (0..place.len())
        .map(|axis| {
            moved[axis] = place[axis] + STEP;
            let above = function(&moved);
            moved[axis] = place[axis] - STEP;
            let below = function(&moved);
            moved[axis] = place[axis];
            (above - below) / (2.0 * STEP)
        })
        .collect()
}

/// BFGS (Nocedal and Wright 2006, algorithm 6.1) with gradients by central differences and steps halved until the function
/// falls by 1e-4 of what the gradient promises. It stops where a step takes off less than 1e-9 of the value, or after `most` steps.
pub(super) fn minimise(mut function: impl FnMut(&[f64]) -> f64, start: &[f64], most: usize) -> Minimum {
    let size = start.len();
    let mut place = start.to_vec();
    let mut value = function(&place);
    let mut slope = gradient(&mut function, &place);
    let identity = |scale: f64| {
        let mut matrix = vec![0.0; size * size];
        (0..size).for_each(|axis| matrix[axis * size + axis] = scale);
        matrix
    };
    let length = slope.iter().map(|slope| slope * slope).sum::<f64>().sqrt();
    let mut inverse = identity(0.5 / length.max(1e-12));
    let mut fresh = true;
    for _ in 0..most {
        let mut direction: Vec<f64> = (0..size)
            .map(|row| -(0..size).map(|column| inverse[row * size + column] * slope[column]).sum::<f64>())
            .collect();
        let mut promise: f64 = direction.iter().zip(&slope).map(|(step, slope)| step * slope).sum();
        if promise >= 0.0 {
            inverse = identity(1e-3);
            direction = slope.iter().map(|slope| -1e-3 * slope).collect();
            promise = direction.iter().zip(&slope).map(|(step, slope)| step * slope).sum();
        }
        // No coordinate moves by more than this at once: parameters are logarithms and logits.
        let longest = direction.iter().fold(0.0_f64, |longest, step| longest.max(step.abs()));
        let mut scale = if longest > 1.0 { 1.0 / longest } else { 1.0 };
        let mut found = None;
        for _ in 0..40 {
            let next: Vec<f64> =
                place.iter().zip(&direction).map(|(place, step)| place + scale * step).collect();
            let there = function(&next);
            if there.is_finite() && there <= value + 1e-4 * scale * promise {
                found = Some((next, there));
                break;
            }
            scale /= 2.0;
        }
        let Some((next, there)) = found else {
            if fresh {
                return Minimum { place, value, settled: true };
            }
            inverse = identity(1e-3);
            fresh = true;
            continue;
        };
        let after = gradient(&mut function, &next);
        let step: Vec<f64> = next.iter().zip(&place).map(|(next, place)| next - place).collect();
        let change: Vec<f64> = after.iter().zip(&slope).map(|(after, slope)| after - slope).collect();
        let along: f64 = step.iter().zip(&change).map(|(step, change)| step * change).sum();
        if along > 1e-12 {
            let turned: Vec<f64> = (0..size)
                .map(|row| (0..size).map(|column| inverse[row * size + column] * change[column]).sum())
                .collect();
            let both: f64 = change.iter().zip(&turned).map(|(change, turned)| change * turned).sum();
            for row in 0..size {
                for column in 0..size {
                    inverse[row * size + column] += (1.0 + both / along) * step[row] * step[column] / along
                        - (turned[row] * step[column] + step[row] * turned[column]) / along;
                }
            }
        }
        let settled = value - there < 1e-9 * value.abs().max(1.0);
        (place, value, slope) = (next, there, after);
        if settled && !fresh {
            return Minimum { place, value, settled: true };
        }
        fresh = false;
    }
    Minimum { place, value, settled: false }
}

/// The inverse of the function's matrix of second derivatives (central differences), row by row; none where that matrix is not
/// positive definite. Of a negative log likelihood at its minimum: the estimates' covariance (Fisher).
pub(super) fn covariance(mut function: impl FnMut(&[f64]) -> f64, place: &[f64]) -> Option<Vec<f64>> {
    const STEP: f64 = 1e-3;
    let size = place.len();
    let mut second = vec![0.0; size * size];
    let mut moved = place.to_vec();
    let mut at = |row: usize, up: f64, column: usize, right: f64| {
        moved.copy_from_slice(place);
        moved[row] += up * STEP;
        moved[column] += right * STEP;
        function(&moved)
    };
    for row in 0..size {
        for column in 0..=row {
            let mixed = at(row, 1.0, column, 1.0) - at(row, 1.0, column, -1.0) - at(row, -1.0, column, 1.0)
                + at(row, -1.0, column, -1.0);
            second[row * size + column] = mixed / (4.0 * STEP * STEP);
            second[column * size + row] = second[row * size + column];
        }
    }
    // Cholesky, then the inverse column by column.
    let mut root = vec![0.0; size * size];
    for row in 0..size {
        for column in 0..=row {
            let sum: f64 = (0..column).map(|k| root[row * size + k] * root[column * size + k]).sum();
            let left = second[row * size + column] - sum;
            root[row * size + column] = if row == column {
                if left <= 0.0 || !left.is_finite() {
                    return None;
                }
                left.sqrt()
            } else {
                left / root[column * size + column]
            };
        }
    }
    let mut inverse = vec![0.0; size * size];
    for unit in 0..size {
        let mut solved = vec![0.0; size];
        for row in 0..size {
            let sum: f64 = (0..row).map(|k| root[row * size + k] * solved[k]).sum();
            solved[row] = (f64::from(u8::from(row == unit)) - sum) / root[row * size + row];
        }
        for row in (0..size).rev() {
            let sum: f64 = (row + 1..size).map(|k| root[k * size + row] * solved[k]).sum();
            solved[row] = (solved[row] - sum) / root[row * size + row];
        }
        for row in 0..size {
            inverse[row * size + unit] = solved[row];
        }
    }
    Some(inverse)
}
