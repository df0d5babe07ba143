//! The law of the values within a code: even on the scale in which they are drawn.

use daotwin_core::Stream;
use daotwin_history::frame::Kind;

use super::discrete::{Cell, DiscreteColumn, Part, logarithmic};

/// The value at a share of the way from `low` to `high`.
pub(super) fn between(logarithmic: bool, low: f64, high: f64, share: f64) -> f64 {
    // Weighted ends, because the distance of the largest numbers is no number.
    if logarithmic { low * (high / low).powf(share) } else { low * (1.0 - share) + high * share }
}

/// Half the distance from `low` to `high` on the scale in which values are drawn.
fn distance(logarithmic: bool, low: f64, high: f64) -> f64 {
    if logarithmic { (high / low).ln() / 2.0 } else { high / 2.0 - low / 2.0 }
}

impl DiscreteColumn {
    /// The step between values that this kind can write; 0 where there is none.
    pub(super) fn unit(&self) -> f64 {
        match self.kind {
            Kind::Integer | Kind::Datetime { day: false } => 1.0,
            Kind::Datetime { day: true } => 86_400.0,
            Kind::Numeric { decimals: Some(decimals) } => 10_f64.powi(-i32::from(decimals)),
            _ => 0.0,
        }
    }

    /// What rounds to a value of the cell: whole numbers reach half a step beyond its ends, so that the ends are
    /// drawn as often as the values between.
    pub(super) fn span(&self, cell: &Cell) -> (f64, f64) {
        let half = if logarithmic(cell) { 0.0 } else { self.unit() / 2.0 };
        (cell.low - half, cell.high + half)
    }

    /// A range brought to the values that this column can hold; none where it holds none.
    pub fn narrowed(&self, low: f64, high: f64) -> Option<(f64, f64)> {
        let unit = self.unit();
        // What a decimal number loses as a float must not make its own range empty.
        let slack = if unit < 1.0 { 1e-6 } else { 0.0 };
        let on = |steps: f64| self.kind.round(steps * unit);
        let (low, high) = if unit > 0.0 {
            (on((low / unit - slack).ceil()), on((high / unit + slack).floor()))
        } else {
            (low, high)
        };
        (low <= high).then_some((low, high))
    }

    /// Which share of a code's values lies in a closed range. A single value has the share of a step of the
    /// column, and where values are continuous that of a millionth of the cell.
    pub fn share_within(&self, code: u32, low: f64, high: f64) -> f64 {
        let Some(cell) = self.cells.get(code as usize) else { return 0.0 };
        let share = match self.shares(code, low, high) {
            shares if shares.is_empty() => self.share(cell, low, high),
            shares => shares.iter().sum(),
        };
        if share > 0.0 { share.clamp(1e-6, 1.0) } else { 0.0 }
    }

    /// The share of a code's values in each of its parts within a closed range.
    fn shares(&self, code: u32, low: f64, high: f64) -> Vec<f64> {
        let mut from = 0.0;
        let share = |part: &Part| {
            let own = part.upto - from;
            from = part.upto;
            own * self.share(&part.cell(), low, high)
        };
        self.parts_of(code).iter().map(share).collect()
    }

    /// Which share of a cell of even values lies in a closed range.
    fn share(&self, cell: &Cell, low: f64, high: f64) -> f64 {
        let Some(part) = overlap(cell, low, high) else { return 0.0 };
        if cell.low == cell.high {
            return 1.0;
        }
        let scale = logarithmic(cell);
        let ((from, to), half) = (self.span(cell), if scale { 0.0 } else { self.unit() / 2.0 });
        let share = distance(scale, part.low - half, part.high + half) / distance(scale, from, to);
        share.clamp(1e-6, 1.0)
    }

    /// A value of a code within a closed range; of the range alone where the code has none there. The range is
    /// one that [`DiscreteColumn::narrowed`] gave.
    pub fn draw_within(&self, code: u32, low: f64, high: f64, stream: &mut Stream) -> f64 {
        let shares = self.shares(code, low, high);
        let cell = if shares.iter().any(|share| *share > 0.0) {
            Some(self.parts_of(code)[stream.weighted(&shares)].cell())
        } else {
            self.cells.get(code as usize).copied()
        };
        let part = cell.and_then(|cell| overlap(&cell, low, high)).unwrap_or(Cell { low, high });
        let scale = logarithmic(&part);
        let half = if scale { 0.0 } else { self.unit() / 2.0 };
        let value = between(scale, part.low - half, part.high + half, stream.uniform());
        self.kind.round(value).clamp(part.low, part.high)
    }

    /// The logarithm of a value's density within its code: probability for labels, single values and whole
    /// numbers and numbers of so many digits, density for the others. Negative infinity for a value that the code does not hold.
    pub fn log_density(&self, code: u32, value: f64) -> f64 {
        let Some(cell) = self.cells.get(code as usize) else { return 0.0 };
        if value.is_nan() {
            return 0.0;
        }
        if !(cell.low..=cell.high).contains(&value) {
            return f64::NEG_INFINITY;
        }
        let parts = self.parts_of(code);
        if parts.is_empty() {
            return self.even_density(cell, value);
        }
        let place = parts.partition_point(|part| part.low <= value).saturating_sub(1);
        let before = place.checked_sub(1).map_or(0.0, |before| parts[before].upto);
        let own = parts[place].cell();
        (parts[place].upto - before).ln() + self.even_density(&own, value.min(own.high))
    }

    /// The logarithm of the density of a value of a cell of even values.
    fn even_density(&self, cell: &Cell, value: f64) -> f64 {
        if cell.low == cell.high {
            return 0.0;
        }
        let scale = logarithmic(cell);
        let (from, to) = self.span(cell);
        let unit = self.unit();
        let step = if unit > 0.0 { unit } else { 1.0 };
        if scale {
            let inner = |at: f64| at.clamp(cell.low, cell.high);
            return if unit > 0.0 {
                (distance(true, inner(value - step / 2.0), inner(value + step / 2.0))
                    / distance(true, from, to))
                .ln()
            } else {
                -(value * 2.0 * distance(true, from, to)).ln()
            };
        }
        (step / 2.0 / distance(false, from, to)).ln()
    }
}

/// The part of a cell that lies in a closed range; none where nothing does.
fn overlap(cell: &Cell, low: f64, high: f64) -> Option<Cell> {
    let part = Cell { low: cell.low.max(low), high: cell.high.min(high) };
    (part.low <= part.high).then_some(part)
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;
    use daotwin_history::frame::Column;

    use super::*;

    fn column(kind: Kind, bounds: (f64, f64)) -> DiscreteColumn {
        DiscreteColumn::declared(&Column { name: "a".to_owned(), kind, optional: false, bounds }, 8)
    }

    /// The densities of all values of whole numbers sum to 1 in each code.
    #[test]
    fn densities_of_whole_numbers_sum_to_one() {
        for bounds in [(17.0, 90.0), (0.0, 5_000.0)] {
            let part = column(Kind::Integer, bounds);
            for code in 0..part.size() as u32 {
                let (low, high) = part.interval(code).unwrap();
                let sum: f64 =
                    (low as i64..=high as i64).map(|value| part.log_density(code, value as f64).exp()).sum();
                assert!((sum - 1.0).abs() < 1e-9, "{bounds:?} {code} {sum}");
            }
        }
    }

    /// 8,000 draws from 17 to 25 fill each of the 9 values evenly: chi-square with 8 degrees of freedom exceeds
    /// 42.7 with probability 1e-6. Half as many at the ends, as rounding from the bare ends gives, would put it
    /// above 200.
    #[test]
    fn the_ends_of_a_cell_are_drawn_as_often_as_its_middle() {
        let part = column(Kind::Integer, (17.0, 88.0));
        assert_eq!(part.interval(0).unwrap(), (17.0, 25.0));
        let mut stream = Seed(4).stream("law");
        let mut counts = [0_u32; 9];
        (0..8_000).for_each(|_| counts[(part.draw(0, &mut stream) - 17.0) as usize] += 1);
        let expected = 8_000.0 / 9.0;
        let chi: f64 = counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum();
        assert!(chi < 42.7, "{chi}");
    }

    #[test]
    fn values_within_a_range_stay_there() {
        let mut stream = Seed(5).stream("law");
        for (kind, bounds, range) in [
            (Kind::Integer, (17.0, 90.0), (20.5, 33.0)),
            (Kind::Numeric { decimals: Some(2) }, (0.0, 9_000.0), (10.0, 70.0)),
            (Kind::Datetime { day: true }, (0.0, 8_640_000.0), (86_400.0, 864_000.0)),
        ] {
            let part = column(kind, bounds);
            let (low, high) = part.narrowed(range.0, range.1).unwrap();
            for code in 0..part.size() as u32 {
                let share = part.share_within(code, low, high);
                if share > 0.0 {
                    let value = part.draw_within(code, low, high, &mut stream);
                    assert!((low..=high).contains(&value), "{value} {low} {high}");
                }
            }
            assert!((0..part.size() as u32).any(|code| part.share_within(code, low, high) > 0.0));
        }
        assert_eq!(column(Kind::Integer, (0.0, 9.0)).narrowed(1.2, 1.8), None);
    }
}
