//! Small dense matrices, row by row in one list.

use daotwin_core::Run;

use crate::error::Result;

/// The least eigenvalue that a correlation matrix is given.
const LEAST: f64 = 1e-4;

/// The lower Cholesky factor; none where the matrix is not positive definite.
pub(super) fn cholesky(matrix: &[f64], size: usize) -> Option<Vec<f64>> {
    let mut lower = vec![0.0; size * size];
    for row in 0..size {
        for column in 0..=row {
            let (a, b) = (&lower[row * size..row * size + column], &lower[column * size..][..column]);
            let rest = matrix[row * size + column] - a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            if row == column {
                if rest.is_nan() || rest <= 1e-12 {
                    return None;
                }
                lower[row * size + column] = rest.sqrt();
            } else {
                lower[row * size + column] = rest / lower[column * size + column];
            }
        }
    }
    Some(lower)
}

/// The inverse of a positive definite matrix, from its Cholesky factor.
pub(super) fn inverse(lower: &[f64], size: usize) -> Vec<f64> {
    // The inverse of the factor, column by column; then its square.
    let mut factor = vec![0.0; size * size];
    for column in 0..size {
        for row in column..size {
            let unit = f64::from(u8::from(row == column));
            let sum: f64 = (column..row).map(|at| lower[row * size + at] * factor[at * size + column]).sum();
            factor[row * size + column] = (unit - sum) / lower[row * size + row];
        }
    }
    let mut inverse = vec![0.0; size * size];
    for row in 0..size {
        for column in 0..=row {
            let sum = (row..size).map(|at| factor[at * size + row] * factor[at * size + column]).sum();
            inverse[row * size + column] = sum;
            inverse[column * size + row] = sum;
        }
    }
    inverse
}

/// Eigenvalues and, as rows, eigenvectors of a symmetric matrix, by Jacobi's rotations.
///
/// # Errors
/// Cancellation.
pub(super) fn eigen(matrix: &[f64], size: usize, run: &Run) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut a = matrix.to_vec();
    let mut vectors: Vec<f64> =
        (0..size * size).map(|at| f64::from(u8::from(at / size == at % size))).collect();
    let norm: f64 = a.iter().map(|value| value * value).sum();
    for _ in 0..60 {
        let mut off = 0.0;
        for p in 0..size {
            run.check()?;
            for q in p + 1..size {
                let apq = a[p * size + q];
                off += apq * apq;
                if apq == 0.0 {
                    continue;
                }
                let theta = (a[q * size + q] - a[p * size + p]) / (2.0 * apq);
                let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
                let t = if theta == 0.0 { 1.0 } else { t };
                let c = 1.0 / (t * t + 1.0).sqrt();
                let s = t * c;
                for at in 0..size {
                    let (x, y) = (a[at * size + p], a[at * size + q]);
                    a[at * size + p] = c * x - s * y;
                    a[at * size + q] = s * x + c * y;
                }
                for list in [&mut a, &mut vectors] {
                    let (head, tail) = list.split_at_mut(q * size);
                    let pairs = head[p * size..(p + 1) * size].iter_mut().zip(&mut tail[..size]);
                    for (x, y) in pairs {
                        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                    }
                }
            }
        }
        if off <= 1e-24 * norm {
            break;
        }
    }
    Ok(((0..size).map(|at| a[at * size + at]).collect(), vectors))
}

/// The correlation matrix near a symmetric one that is positive definite: eigenvalues below a least one are
/// raised to it, and the diagonal is brought back to 1 (Higham 2002, one projection).
///
/// # Errors
/// Cancellation.
pub(super) fn nearest_correlation(matrix: &[f64], size: usize, run: &Run) -> Result<Vec<f64>> {
    let (values, vectors) = eigen(matrix, size, run)?;
    if values.iter().all(|value| *value >= LEAST) {
        return Ok(matrix.to_vec());
    }
    let mut raised = vec![0.0; size * size];
    for (value, vector) in values.iter().zip(vectors.chunks_exact(size)) {
        run.check()?;
        let value = value.max(LEAST);
        for (row, own) in raised.chunks_exact_mut(size).enumerate() {
            own.iter_mut().zip(vector).for_each(|(sum, other)| *sum += value * vector[row] * other);
        }
    }
    let scale: Vec<f64> = (0..size).map(|at| raised[at * size + at].sqrt()).collect();
    for (row, own) in raised.chunks_exact_mut(size).enumerate() {
        own.iter_mut().zip(&scale).for_each(|(value, other)| *value /= scale[row] * other);
        own[row] = 1.0;
    }
    // Rounding must not tell one side from the other.
    for row in 0..size {
        for column in 0..row {
            raised[column * size + row] = raised[row * size + column];
        }
    }
    Ok(raised)
}
