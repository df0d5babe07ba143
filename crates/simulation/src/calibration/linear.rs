//! Small dense linear algebra: Cholesky factors, and a linear map fitted by least squares.

/// Turns a symmetric positive definite matrix, row after row, into its lower Cholesky factor; false where it is not
/// positive definite.
pub(crate) fn cholesky(a: &mut [f64], n: usize) -> bool {
    for row in 0..n {
        for column in 0..=row {
            let mut sum = a[row * n + column];
            for k in 0..column {
                sum -= a[row * n + k] * a[column * n + k];
            }
            if row == column {
                if sum.is_nan() || sum <= 0.0 {
                    return false;
                }
                a[row * n + row] = sum.sqrt();
            } else {
                a[row * n + column] = sum / a[column * n + column];
            }
        }
        a[row * n + row + 1..(row + 1) * n].fill(0.0);
    }
    true
}

/// Solves L x = b in place.
pub(crate) fn forward(l: &[f64], n: usize, b: &mut [f64]) {
    for row in 0..n {
        let known: f64 = (0..row).map(|k| l[row * n + k] * b[k]).sum();
        b[row] = (b[row] - known) / l[row * n + row];
    }
}

/// Solves L' x = b in place.
pub(crate) fn backward(l: &[f64], n: usize, b: &mut [f64]) {
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| l[k * n + row] * b[k]).sum();
        b[row] = (b[row] - known) / l[row * n + row];
    }
}

/// The inverse of a symmetric positive definite matrix, its diagonal raised until it is one.
pub(crate) fn inverse(a: &[f64], n: usize) -> Vec<f64> {
    let mut raise = 0.0;
    let mut l = a.to_vec();
    while !cholesky(&mut l, n) {
        raise = if raise == 0.0 { 1e-9 } else { raise * 10.0 };
        l.copy_from_slice(a);
        (0..n).for_each(|at| l[at * n + at] += raise);
    }
    let mut inverse = vec![0.0; n * n];
    let mut column = vec![0.0; n];
    for at in 0..n {
        column.fill(0.0);
        column[at] = 1.0;
        forward(&l, n, &mut column);
        backward(&l, n, &mut column);
        (0..n).for_each(|row| inverse[row * n + at] = column[row]);
    }
    inverse
}

/// y = constant + x B, fitted by weighted least squares with a small ridge.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    inputs: usize,
    outputs: usize,
    /// A row an input, the constant last.
    coefficients: Vec<f64>,
}

impl Linear {
    /// Fits rows of `x` and `y`; `weight` of each row.
    pub(crate) fn fit(
        x: &[f64],
        inputs: usize,
        y: &[f64],
        outputs: usize,
        ridge: f64,
        weight: impl Fn(usize) -> f64,
    ) -> Self {
        let n = inputs + 1;
        let (mut gram, mut cross) = (vec![0.0; n * n], vec![0.0; n * outputs]);
        let mut row = vec![1.0; n];
        for (at, (x, y)) in x.chunks_exact(inputs).zip(y.chunks_exact(outputs)).enumerate() {
            let weight = weight(at);
            if weight <= 0.0 {
                continue;
            }
            row[..inputs].copy_from_slice(x);
            for i in 0..n {
                let scaled = weight * row[i];
                (0..=i).for_each(|j| gram[i * n + j] += scaled * row[j]);
                (0..outputs).for_each(|j| cross[i * outputs + j] += scaled * y[j]);
            }
        }
        let total = gram[n * n - 1].max(1e-12);
        for i in 0..n {
            (0..i).for_each(|j| gram[j * n + i] = gram[i * n + j]);
            gram[i * n + i] += total * if i < inputs { ridge } else { 1e-12 };
        }
        let inverse = inverse(&gram, n);
        let mut coefficients = vec![0.0; n * outputs];
        for i in 0..n {
            for j in 0..n {
                let scaled = inverse[i * n + j];
                (0..outputs).for_each(|k| coefficients[i * outputs + k] += scaled * cross[j * outputs + k]);
            }
        }
        Self { inputs, outputs, coefficients }
    }

    /// Its value.
    pub(crate) fn at(&self, x: &[f64]) -> Vec<f64> {
        let outputs = self.outputs;
        let mut y = self.coefficients[self.inputs * outputs..].to_vec();
        for (x, row) in x.iter().zip(self.coefficients.chunks_exact(outputs)) {
            y.iter_mut().zip(row).for_each(|(y, b)| *y += x * b);
        }
        y
    }
}
