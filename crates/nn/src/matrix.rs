//! Dense matrices of 32-bit floats and their products.

use pulp::Arch;
use rayon::prelude::*;

/// A dense matrix; a row stands together. One row is one sample.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// How many rows.
    pub rows: usize,
    /// How many columns.
    pub columns: usize,
    /// `rows * columns` numbers, row after row.
    pub data: Vec<f32>,
}

impl Matrix {
    /// Zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self { rows, columns, data: vec![0.0; rows * columns] }
    }

    /// A matrix over these numbers.
    ///
    /// # Panics
    /// Where there are not `rows * columns` numbers.
    pub fn new(rows: usize, columns: usize, data: Vec<f32>) -> Self {
        assert_eq!(data.len(), rows * columns, "a matrix of {rows} x {columns}");
        Self { rows, columns, data }
    }

    /// A row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.data[row * self.columns..(row + 1) * self.columns]
    }

    /// A row, to be written.
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        &mut self.data[row * self.columns..(row + 1) * self.columns]
    }

    /// All rows in order.
    pub fn each_row(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        // A matrix without columns has rows all the same.
        (0..self.rows).map(|row| self.row(row))
    }
}

/// How the numbers of a factor lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factor<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a> Factor<'a> {
    /// Row after row.
    pub(crate) fn plain(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { data, rows, columns, row_step: columns, column_step: 1 }
    }

    /// The transpose of what lies row after row, `rows` and `columns` being those of the transpose.
    pub(crate) fn transposed(data: &'a [f32], rows: usize, columns: usize) -> Self {
        Self { data, rows, columns, row_step: 1, column_step: rows }
    }

    /// Some of the columns.
    pub(crate) fn columns(self, from: usize, to: usize) -> Self {
        assert!(from <= to && to <= self.columns, "columns {from} to {to} of {}", self.columns);
        let start = (from * self.column_step).min(self.data.len());
        Self { data: &self.data[start..], columns: to - from, ..self }
    }

    fn skip_rows(self, rows: usize) -> Self {
        let start = (rows * self.row_step).min(self.data.len());
        Self { data: &self.data[start..], rows: self.rows - rows, ..self }
    }

    fn fits(&self) -> bool {
        let last = |count: usize, step: usize| count.saturating_sub(1) * step;
        let end = last(self.rows, self.row_step) + last(self.columns, self.column_step);
        self.rows == 0 || self.columns == 0 || end < self.data.len()
    }
}

/// Multiplications that are worth a second thread.
const PANEL_WORK: usize = 1 << 22;

/// Least rows of a panel: each packs the right factor anew, which fewer rows would not repay.
const PANEL_ROWS: usize = 512;

/// `to = left * right`, or `to += left * right` where `add` is set; `to` lies row after row.
///
/// Large products are split into panels of rows whose number depends on the shape alone, and every number is
/// summed in an order that does not depend on threads: the same bytes on any number of them. (Another kind of
/// processor has another kernel and may round the last bit differently.)
///
/// # Panics
/// Where the shapes do not fit.
pub(crate) fn multiply(to: &mut [f32], left: Factor<'_>, right: Factor<'_>, add: bool) {
    let (rows, columns, depth) = (left.rows, right.columns, left.columns);
    assert_eq!(depth, right.rows, "product of {rows} x {depth} and {} x {columns}", right.rows);
    assert_eq!(to.len(), rows * columns, "product of {rows} x {columns}");
    assert!(left.fits() && right.fits(), "a factor is shorter than its shape");
    if to.is_empty() {
        return;
    }
    if depth == 0 {
        if !add {
            to.fill(0.0);
        }
        return;
    }
    let panels = (rows * columns * depth / PANEL_WORK).min(rows / PANEL_ROWS).max(1);
    let height = rows.div_ceil(panels);
    if panels == 1 {
        return panel(to, left, right, add);
    }
    to.par_chunks_mut(height * columns).enumerate().for_each(|(at, to)| {
        let rows = to.len() / columns;
        let left = Factor { rows, ..left.skip_rows(at * height) };
        panel(to, left, right, add);
    });
}

fn panel(to: &mut [f32], left: Factor<'_>, right: Factor<'_>, add: bool) {
    assert!(left.fits() && right.fits() && to.len() == left.rows * right.columns);
    let step = |step: usize| step as isize;
    #[expect(unsafe_code, reason = "the kernel takes pointers; shapes were checked against lengths above")]
    // SAFETY: `to` holds rows x columns numbers, row after row, and is borrowed for writing alone; `fits` says
    // that the last element that each factor's shape and steps reach lies within its slice.
    unsafe {
        gemm::gemm(
            left.rows,
            right.columns,
            left.columns,
            to.as_mut_ptr(),
            1,
            step(right.columns),
            add,
            left.data.as_ptr(),
            step(left.column_step),
            step(left.row_step),
            right.data.as_ptr(),
            step(right.column_step),
            step(right.row_step),
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Runs a loop over floats with the widest vectors of this processor. Element by element the results are the
/// same on all of them: sums are never reordered and products never fused.
pub(crate) fn wide<T>(work: impl FnOnce() -> T) -> T {
    struct Work<F>(F);
    impl<T, F: FnOnce() -> T> pulp::NullaryFnOnce for Work<F> {
        type Output = T;
        #[inline(always)]
        fn call(self) -> T {
            (self.0)()
        }
    }
    Arch::new().dispatch(Work(work))
}

/// Adds each column's sum over rows.
pub(crate) fn add_column_sums(to: &mut [f32], data: &[f32]) {
    wide(
        #[inline(always)]
        || {
            for row in data.chunks_exact(to.len().max(1)) {
                for (to, value) in to.iter_mut().zip(row) {
                    *to += value;
                }
            }
        },
    );
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;

    fn random(rows: usize, columns: usize, seed: u64) -> Matrix {
        let mut stream = Seed(seed).stream("matrix");
        let data = (0..rows * columns).map(|_| stream.normal() as f32).collect();
        Matrix::new(rows, columns, data)
    }

    fn slow(left: &Matrix, right: &Matrix) -> Matrix {
        let mut to = Matrix::zeros(left.rows, right.columns);
        for row in 0..left.rows {
            for column in 0..right.columns {
                let sum: f64 = (0..left.columns)
                    .map(|at| f64::from(left.row(row)[at]) * f64::from(right.row(at)[column]))
                    .sum();
                to.row_mut(row)[column] = sum as f32;
            }
        }
        to
    }

    fn transpose(matrix: &Matrix) -> Matrix {
        let mut to = Matrix::zeros(matrix.columns, matrix.rows);
        for row in 0..matrix.rows {
            for column in 0..matrix.columns {
                to.row_mut(column)[row] = matrix.row(row)[column];
            }
        }
        to
    }

    #[test]
    fn products_are_those_of_the_definition() {
        for (rows, depth, columns) in
            [(1, 1, 1), (3, 5, 2), (130, 70, 33), (700, 129, 150), (4, 0, 3), (1, 300, 7)]
        {
            let (left, right) = (random(rows, depth, 1), random(depth, columns, 2));
            let expected = slow(&left, &right);
            let (left_t, right_t) = (transpose(&left), transpose(&right));
            for (a, b) in [
                (Factor::plain(&left.data, rows, depth), Factor::plain(&right.data, depth, columns)),
                (
                    Factor::transposed(&left_t.data, rows, depth),
                    Factor::transposed(&right_t.data, depth, columns),
                ),
            ] {
                let mut to = vec![1.0; rows * columns];
                multiply(&mut to, a, b, true);
                for (to, expected) in to.iter().zip(&expected.data) {
                    assert!((to - 1.0 - expected).abs() < 1e-3, "{rows} {depth} {columns}: {to} {expected}");
                }
                multiply(&mut to, a, b, false);
                assert!(to.iter().zip(&expected.data).all(|(to, expected)| (to - expected).abs() < 1e-3));
            }
        }
    }

    #[test]
    fn some_columns_of_a_factor() {
        let (left, right) = (random(5, 6, 3), random(6, 9, 4));
        let whole = slow(&left, &right);
        let mut to = vec![0.0; 5 * 4];
        let part = Factor::plain(&right.data, 6, 9).columns(3, 7);
        multiply(&mut to, Factor::plain(&left.data, 5, 6), part, false);
        for row in 0..5 {
            for at in 0..4 {
                assert!((to[row * 4 + at] - whole.row(row)[3 + at]).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn the_same_bytes_on_any_number_of_threads() {
        let (left, right) = (random(1_500, 300, 5), random(300, 257, 6));
        let product = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let mut to = vec![0.0; 1_500 * 257];
            pool.install(|| {
                multiply(
                    &mut to,
                    Factor::plain(&left.data, 1_500, 300),
                    Factor::plain(&right.data, 300, 257),
                    false,
                );
            });
            to
        };
        let one = product(1);
        assert!(product(2) == one && product(8) == one);
    }
}
