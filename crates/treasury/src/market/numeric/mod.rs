//! The few numerical tools that fits share: a simplex search, triangular roots of correlations, tables of smooth
//! monotone functions.

#[cfg(test)]
mod test;

/// The least value of a function near a start, by the simplex search of Nelder and Mead (1965) with the coefficients
/// of that paper, begun anew from the best point until that no longer helps. A value that is not a number counts as
/// infinite. Returns the point and its value.
pub fn minimise(start: &[f64], scale: &[f64], rounds: usize, f: &dyn Fn(&[f64]) -> f64) -> (Vec<f64>, f64) {
    let value = |point: &[f64]| {
        let value = f(point);
        if value.is_nan() { f64::INFINITY } else { value }
    };
    let mut best = (start.to_vec(), value(start));
    let mut size = 1.0;
    for _ in 0..8 {
        let before = best.1;
        let found = descend(&best, scale, size, rounds, &value);
        if found.1 <= best.1 {
            best = found;
        }
        size *= 0.3;
        if before.is_finite() && before - best.1 <= 1e-9 * (1.0 + before.abs()) {
            break;
        }
    }
    best
}

fn descend(
    start: &(Vec<f64>, f64),
    scale: &[f64],
    size: f64,
    rounds: usize,
    value: &dyn Fn(&[f64]) -> f64,
) -> (Vec<f64>, f64) {
    let n = scale.len();
    let mut simplex = vec![start.clone()];
    for (axis, step) in scale.iter().enumerate() {
        let mut point = start.0.clone();
        point[axis] += step * size;
        let at = value(&point);
        simplex.push((point, at));
    }
    let toward = |from: &[f64], to: &[f64], share: f64| -> Vec<f64> {
        from.iter().zip(to).map(|(from, to)| from + share * (to - from)).collect()
    };
    for _ in 0..rounds {
        simplex.sort_by(|left, right| left.1.total_cmp(&right.1));
        let (least, most) = (simplex[0].1, simplex[n].1);
        if most - least <= 1e-11 * (1.0 + least.abs()) {
            break;
        }
        let mut centre = vec![0.0; n];
        for (point, _) in &simplex[..n] {
            for (centre, x) in centre.iter_mut().zip(point) {
                *centre += x / n as f64;
            }
        }
        let evaluated = |share: f64| {
            let point = toward(&centre, &simplex[n].0, share);
            let at = value(&point);
            (point, at)
        };
        let reflected = evaluated(-1.0);
        let replacement = if reflected.1 < least {
            let expanded = evaluated(-2.0);
            if expanded.1 < reflected.1 { Some(expanded) } else { Some(reflected) }
        } else if reflected.1 < simplex[n - 1].1 {
            Some(reflected)
        } else {
            let (contracted, bar) =
                if reflected.1 < most { (evaluated(-0.5), reflected.1) } else { (evaluated(0.5), most) };
            (contracted.1 < bar).then_some(contracted)
        };
        match replacement {
            Some(point) => simplex[n] = point,
            None => {
                let anchor = simplex[0].0.clone();
                for vertex in &mut simplex[1..] {
                    let point = toward(&anchor, &vertex.0, 0.5);
                    let at = value(&point);
                    *vertex = (point, at);
                }
            }
        }
    }
    simplex.sort_by(|left, right| left.1.total_cmp(&right.1));
    simplex.swap_remove(0)
}

/// The lower triangular root of a symmetric positive matrix, row by row; `None` where it is not positive.
pub fn cholesky(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut root = vec![0.0; n * n];
    for row in 0..n {
        for column in 0..=row {
            let product: f64 = (0..column).map(|k| root[row * n + k] * root[column * n + k]).sum();
            let left = matrix[row * n + column] - product;
            if row == column {
                if left.is_nan() || left <= 1e-13 * matrix[row * n + row].abs() {
                    return None;
                }
                root[row * n + row] = left.sqrt();
            } else {
                root[row * n + column] = left / root[column * n + column];
            }
        }
    }
    Some(root)
}

/// A correlation matrix drawn towards independence until it is positive, and its root. Pairwise estimates need not
/// fit each other.
pub fn positive_correlation(mut matrix: Vec<f64>, n: usize) -> (Vec<f64>, Vec<f64>) {
    loop {
        if let Some(root) = cholesky(&matrix, n) {
            return (matrix, root);
        }
        for row in 0..n {
            for column in 0..n {
                let target = if row == column { 1.0 } else { 0.0 };
                let value = &mut matrix[row * n + column];
                *value = target + 0.95 * (*value - target);
            }
        }
    }
}

/// `root` times `values`, in place, for a lower triangular root.
#[inline]
pub fn times_root(root: &[f64], values: &mut [f64]) {
    let n = values.len();
    for row in (0..n).rev() {
        let mut sum = 0.0;
        for column in 0..=row {
            sum += root[row * n + column] * values[column];
        }
        values[row] = sum;
    }
}

/// A smooth rising function on an interval, by cubic interpolation between nodes at equal distances that keeps it
/// rising (Fritsch and Butland 1984). Outside the interval it continues as a line.
#[derive(Debug, Clone)]
pub struct Table {
    low: f64,
    per_unit: f64,
    /// Value, and slope times the distance of nodes.
    nodes: Vec<[f64; 2]>,
}

impl Table {
    /// A table of the values at equal distances from `low` to `high`; at least two.
    pub fn new(low: f64, high: f64, values: &[f64]) -> Self {
        let last = values.len() - 1;
        let rise = |node: usize| values[node + 1] - values[node];
        let slope = |node: usize| {
            if node == 0 {
                rise(0)
            } else if node == last {
                rise(last - 1)
            } else {
                let (before, after) = (rise(node - 1), rise(node));
                if before * after > 0.0 { 2.0 * before * after / (before + after) } else { 0.0 }
            }
        };
        let nodes = values.iter().enumerate().map(|(node, &value)| [value, slope(node)]).collect();
        Self { low, per_unit: last as f64 / (high - low), nodes }
    }

    /// Tabulates `f` at so many nodes.
    pub fn of(low: f64, high: f64, nodes: usize, f: impl FnMut(f64) -> f64) -> Self {
        let step = (high - low) / (nodes - 1) as f64;
        let values: Vec<f64> = (0..nodes).map(|node| low + step * node as f64).map(f).collect();
        Self::new(low, high, &values)
    }

    /// The function's value.
    #[inline]
    pub fn at(&self, x: f64) -> f64 {
        let place = (x - self.low) * self.per_unit;
        let node = (place as usize).min(self.nodes.len() - 2);
        let t = place - node as f64;
        let [a, da] = self.nodes[node];
        let [b, db] = self.nodes[node + 1];
        if (0.0..=1.0).contains(&t) {
            let rise = b - a;
            a + t * (da + t * ((3.0 * rise - 2.0 * da - db) + t * (da + db - 2.0 * rise)))
        } else if t < 0.0 {
            a + t * da
        } else {
            b + (t - 1.0) * db
        }
    }
}

/// Where a continuous rising function crosses zero between two points, by halving with secant steps (the Illinois
/// rule of Dowell and Jarratt 1971).
pub fn root_between(mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (mut at_low, mut at_high) = (f(low), f(high));
    let mut side = 0;
    for _ in 0..200 {
        if at_low >= 0.0 {
            return low;
        }
        if at_high <= 0.0 {
            return high;
        }
        let secant = (low * at_high - high * at_low) / (at_high - at_low);
        let middle = if secant > low && secant < high { secant } else { 0.5 * (low + high) };
        if high - low <= 1e-14 * (1.0 + low.abs().max(high.abs())) {
            return middle;
        }
        let at = f(middle);
        if at == 0.0 {
            return middle;
        } else if at < 0.0 {
            (low, at_low) = (middle, at);
            if side == -1 {
                at_high *= 0.5;
            }
            side = -1;
        } else {
            (high, at_high) = (middle, at);
            if side == 1 {
                at_low *= 0.5;
            }
            side = 1;
        }
    }
    0.5 * (low + high)
}

/// ln of the gamma function for a positive argument, relative error below 1e-14: Stirling's series above 10, reached
/// by recurrence.
pub fn ln_gamma(mut x: f64) -> f64 {
    let mut shift = 1.0;
    while x < 10.0 {
        shift *= x;
        x += 1.0;
    }
    let s = 1.0 / (x * x);
    let series = (1.0 / 12.0
        + s * (-1.0 / 360.0
            + s * (1.0 / 1_260.0 + s * (-1.0 / 1_680.0 + s * (1.0 / 1_188.0 - s * 691.0 / 360_360.0)))))
        / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - shift.ln()
}

/// Student's t density's logarithm, of the law with unit scale.
pub fn ln_student_density(x: f64, freedom: f64) -> f64 {
    ln_gamma(0.5 * (freedom + 1.0))
        - ln_gamma(0.5 * freedom)
        - 0.5 * (freedom * std::f64::consts::PI).ln()
        - 0.5 * (freedom + 1.0) * (x * x / freedom).ln_1p()
}

/// Student's t distribution function, unit scale, by the continued fraction of the incomplete beta function (Lentz's
/// evaluation; DLMF 8.17.22).
pub fn student_cdf(x: f64, freedom: f64) -> f64 {
    let tail = 0.5 * incomplete_beta(freedom / (freedom + x * x), 0.5 * freedom, 0.5);
    if x > 0.0 { 1.0 - tail } else { tail }
}

/// The regularised incomplete beta function.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp() / a;
    let tiny = 1e-300;
    let guard = |value: f64| if value.abs() < tiny { tiny } else { value };
    let (mut c, mut d) = (1.0, 1.0 / guard(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..500 {
        let m = f64::from(m);
        for term in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / guard(1.0 + term * d);
            c = guard(1.0 + term / c);
            fraction *= d * c;
        }
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    front * fraction
}

/// Student's t quantile at the probability that a standard normal score has: the value as far in its tail as `score`
/// is in the normal law's.
pub fn student_at_score(score: f64, freedom: f64) -> f64 {
    // The upper tail alone, so that no probability near 1 loses its digits.
    let tail = normal_tail(score.abs());
    // The tail's log is close to a line in the log of the value, which the search therefore moves in.
    let (low, high) = (-40.0, 700.0 / freedom.max(1.0) + 10.0);
    let log = root_between(low, high, |log| {
        let x = log.exp();
        tail.ln() - (0.5 * incomplete_beta(freedom / (freedom + x * x), 0.5 * freedom, 0.5)).ln()
    });
    if score == 0.0 { 0.0 } else { log.exp().copysign(score) }
}

/// The standard normal law's mass beyond a positive value, with a relative error below 1e-13 out to 38.
pub fn normal_tail(x: f64) -> f64 {
    if x < 2.5 {
        return daotwin_core::statistics::normal_cdf(-x);
    }
    // The continued fraction 1/(x + 1/(x + 2/(x + ...))) of Mills' ratio.
    let mut fraction = x;
    for k in (1..=120).rev() {
        fraction = x + f64::from(k) / fraction;
    }
    (-0.5 * x * x).exp() / (std::f64::consts::TAU.sqrt() * fraction)
}

/// The standard normal density.
pub fn normal_density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt()
}
