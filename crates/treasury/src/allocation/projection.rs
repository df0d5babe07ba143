//! The point of a polyhedron that is nearest to a given one: the dual active-set method.
//!
//! D. Goldfarb and A. Idnani (1983), "A numerically stable dual method for solving strictly convex quadratic
//! programs", Mathematical Programming 27, section 3, with the identity for a Hessian. Constraints are brought in
//! one at a time, the most violated first; where none can be brought in, the multipliers prove that no point is left.

/// What holds of a point: `normal . x >= bound`, or `=` for the first `equalities` rows of a [`Rows`].
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    /// Width of a row.
    pub(crate) width: usize,
    /// Rows one after the other, each of length one.
    normals: Vec<f64>,
    bounds: Vec<f64>,
    /// Length that each row had before.
    pub(crate) lengths: Vec<f64>,
    /// How many of the first rows are equalities.
    pub(crate) equalities: usize,
}

impl Rows {
    /// No rows over this many variables.
    pub(crate) fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.bounds.len()
    }

    /// Adds `normal . x >= bound`. A row of zeros is kept as it is.
    pub(crate) fn push(&mut self, normal: impl Iterator<Item = f64>, bound: f64) {
        let start = self.normals.len();
        self.normals.extend(normal);
        let length = dot(&self.normals[start..], &self.normals[start..]).sqrt();
        let length = if length > 0.0 { length } else { 1.0 };
        self.normals[start..].iter_mut().for_each(|value| *value /= length);
        self.bounds.push(bound / length);
        self.lengths.push(length);
    }

    /// Forgets the rows from this one on.
    pub(crate) fn truncate(&mut self, rows: usize) {
        self.normals.truncate(rows * self.width);
        self.bounds.truncate(rows);
        self.lengths.truncate(rows);
    }

    /// A row's bound as it was given.
    pub(crate) fn bound(&self, row: usize) -> f64 {
        self.bounds[row] * self.lengths[row]
    }

    fn normal(&self, row: usize) -> &[f64] {
        &self.normals[row * self.width..(row + 1) * self.width]
    }
}

/// How a projection ended. Multipliers are of the rows as they were given (before they were made of length one).
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Projection {
    /// The nearest point.
    Nearest(Vec<f64>),
    /// There is no point: row and multiplier of a sum of rows that reads `0 >= something positive`. Of a row that is
    /// no equality the multiplier is positive.
    Empty(Vec<(usize, f64)>),
    /// Rounding kept the method from ending.
    Stalled,
}

pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// Violations below this are taken for rounding; points and rows are of the order of one.
const SLACK: f64 = 1e-11;
/// Rows whose part outside the span of the active ones is shorter than this are taken as dependent on them.
const DEPENDENT: f64 = 1e-11;

/// The active rows: an orthogonal basis (columns of `basis`) whose first columns span their normals, and the triangle
/// that relates the two.
struct Active {
    width: usize,
    rows: Vec<usize>,
    multipliers: Vec<f64>,
    /// Column by column.
    basis: Vec<f64>,
    /// Column by column, each `width` high.
    triangle: Vec<f64>,
}

impl Active {
    fn new(width: usize) -> Self {
        let mut basis = vec![0.0; width * width];
        (0..width).for_each(|at| basis[at * width + at] = 1.0);
        Self { width, rows: vec![], multipliers: vec![], basis, triangle: vec![0.0; width * width] }
    }

    fn column(&self, at: usize) -> &[f64] {
        &self.basis[at * self.width..(at + 1) * self.width]
    }

    /// Turns columns `at` and `at + 1` of the basis by this angle.
    fn turn(&mut self, at: usize, cosine: f64, sine: f64) {
        let (head, tail) = self.basis.split_at_mut((at + 1) * self.width);
        let left = &mut head[at * self.width..];
        for (left, right) in left.iter_mut().zip(&mut tail[..self.width]) {
            (*left, *right) = (cosine * *left + sine * *right, cosine * *right - sine * *left);
        }
    }

    /// Brings a row in, whose normal has these coordinates in the basis.
    fn add(&mut self, row: usize, multiplier: f64, mut coordinates: Vec<f64>) {
        let count = self.rows.len();
        for at in (count..self.width - 1).rev() {
            let (upper, lower) = (coordinates[at], coordinates[at + 1]);
            if lower == 0.0 {
                continue;
            }
            let length = upper.hypot(lower);
            self.turn(at, upper / length, lower / length);
            (coordinates[at], coordinates[at + 1]) = (length, 0.0);
        }
        self.triangle[count * self.width..(count + 1) * self.width].copy_from_slice(&coordinates);
        self.rows.push(row);
        self.multipliers.push(multiplier);
    }

    /// Lets the row at this place go.
    fn drop(&mut self, place: usize) {
        let width = self.width;
        let count = self.rows.len();
        self.rows.remove(place);
        self.multipliers.remove(place);
        for column in place + 1..count {
            self.triangle.copy_within(column * width..(column + 1) * width, (column - 1) * width);
        }
        for at in place..count - 1 {
            let (upper, lower) = (self.triangle[at * width + at], self.triangle[at * width + at + 1]);
            if lower == 0.0 {
                continue;
            }
            let length = upper.hypot(lower);
            let (cosine, sine) = (upper / length, lower / length);
            self.turn(at, cosine, sine);
            for column in at..count - 1 {
                let upper = self.triangle[column * width + at];
                let lower = self.triangle[column * width + at + 1];
                self.triangle[column * width + at] = cosine * upper + sine * lower;
                self.triangle[column * width + at + 1] = cosine * lower - sine * upper;
            }
        }
    }

    /// The change of the active multipliers for one of the new row.
    fn step(&self, coordinates: &[f64]) -> Vec<f64> {
        let count = self.rows.len();
        let mut step = coordinates[..count].to_vec();
        for at in (0..count).rev() {
            step[at] /= self.triangle[at * self.width + at];
            for before in 0..at {
                step[before] -= self.triangle[at * self.width + before] * step[at];
            }
        }
        step
    }
}

/// The point within `rows` that is nearest to `origin`.
pub(crate) fn project(origin: &[f64], rows: &Rows) -> Projection {
    project_with(origin, rows, &mut vec![])
}

/// The same, and for a nearest point the multipliers: it is `origin` and the sum of multipliers times rows.
pub(crate) fn project_with(origin: &[f64], rows: &Rows, multipliers: &mut Vec<(usize, f64)>) -> Projection {
    let width = rows.width;
    let mut point = origin.to_vec();
    let mut active = Active::new(width);
    let mut inside = vec![false; rows.len()];
    for _ in 0..40 * (rows.len() + width) {
        let mut worst = None;
        let mut least = -SLACK;
        for (row, _) in inside.iter().enumerate().filter(|(_, inside)| !**inside) {
            let slack = dot(rows.normal(row), &point) - rows.bounds[row];
            if row < rows.equalities {
                worst = Some((row, slack));
                break;
            }
            if slack < least {
                (least, worst) = (slack, Some((row, slack)));
            }
        }
        let Some((row, mut slack)) = worst else {
            multipliers.clear();
            let found = active.rows.iter().zip(&active.multipliers);
            multipliers.extend(found.map(|(&row, multiplier)| (row, multiplier / rows.lengths[row])));
            return Projection::Nearest(point);
        };
        // An equality is approached from either side.
        let sign = if slack > 0.0 { -1.0 } else { 1.0 };
        slack *= sign;
        let normal: Vec<f64> = rows.normal(row).iter().map(|value| sign * value).collect();
        let mut multiplier = 0.0;
        let mut brought_in = false;
        for _ in 0..=2 * width {
            let count = active.rows.len();
            let coordinates: Vec<f64> = (0..width).map(|at| dot(active.column(at), &normal)).collect();
            let outside: f64 = coordinates[count..].iter().map(|value| value * value).sum();
            let step = active.step(&coordinates);
            let mut blocking = None;
            let mut length = f64::INFINITY;
            for (place, &change) in step.iter().enumerate() {
                if active.rows[place] >= rows.equalities && change > 0.0 {
                    let reach = active.multipliers[place] / change;
                    if reach < length {
                        (length, blocking) = (reach, Some(place));
                    }
                }
            }
            let free = outside > DEPENDENT * DEPENDENT;
            if !free && row < rows.equalities && slack > -SLACK {
                // An equality that the others imply.
                inside[row] = true;
                brought_in = true;
                break;
            }
            let full = if free { -slack / outside } else { f64::INFINITY };
            if !free && blocking.is_none() {
                let mut proof: Vec<(usize, f64)> =
                    active.rows.iter().zip(&step).map(|(&row, step)| (row, -step)).collect();
                proof.push((row, sign));
                proof.retain(|&(_, multiplier)| multiplier != 0.0);
                proof.iter_mut().for_each(|(row, multiplier)| *multiplier /= rows.lengths[*row]);
                return Projection::Empty(proof);
            }
            let taken = length.min(full);
            for (value, step) in active.multipliers.iter_mut().zip(&step) {
                *value -= taken * step;
            }
            multiplier += taken;
            if free {
                for (at, coordinate) in coordinates.iter().enumerate().skip(count) {
                    let along = taken * coordinate;
                    let column = &active.basis[at * width..(at + 1) * width];
                    point.iter_mut().zip(column).for_each(|(value, basis)| *value += along * basis);
                }
                slack += taken * outside;
            }
            if full <= length {
                active.add(row, multiplier * if row < rows.equalities { sign } else { 1.0 }, coordinates);
                if sign < 0.0 {
                    // The triangle holds the normal as it was brought in.
                    let column = active.rows.len() - 1;
                    let start = column * width;
                    active.triangle[start..start + width].iter_mut().for_each(|value| *value = -*value);
                }
                inside[row] = true;
                brought_in = true;
                break;
            }
            if let Some(place) = blocking {
                inside[active.rows[place]] = false;
                active.drop(place);
            }
        }
        if !brought_in {
            return Projection::Stalled;
        }
    }
    Projection::Stalled
}
