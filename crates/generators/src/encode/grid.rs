//! Cells of a number's declared bounds, and fewer cells that follow a measured law.
//!
//! Declared bounds say little of a heavy tail: half of all votes may weigh less than a millionth of the largest one.
//! A private fit therefore counts the rows of a fine public grid, with noise, and joins its cells to as many as it
//! wants, each with about equally many rows; a value that fills one by itself stays alone. Within a joined cell
//! values come back as the noisy counts of the grid say.

use daotwin_history::frame::{Column, Kind, Values};

use super::discrete::{Cell, DiscreteColumn, Part};

/// Whole numbers with at most so many values have a cell of the grid each.
const VALUES: f64 = 128.0;

/// Steps of the grid of equal width, and as many that are equal in the logarithm of the distance from zero.
const STEPS: usize = 48;

/// The least distance from zero on the grid, as a share of the largest, where the unit of a column is not known.
const LEAST: f64 = 1e-12;

/// Deviations of the noise above which a count tells something: one of 130 empty cells passes it once in three tables.
const TOLD: f64 = 3.0;

/// Deviations of its noise that the sum of neighbours loses where it tells nothing, and those that it keeps at least: what
/// is known of a tail is that few rows lie in it, not that none does.
const DROWNED: (f64, f64) = (2.0, 0.1);

/// The noise in the sum over half of a grid, as a share of the rows, from which on its counts are not used. (Measured:
/// cells were better at 0.21, of 6,312 rows of 48 columns, and worse at 0.28, of 500 rows of 15.)
const DOUBT: f64 = 0.25;

/// The least share of a cell's rows that a part of it is said to have, so that no condition is impossible.
const FLOOR: f64 = 1e-6;

/// The fine grid of a column's declared bounds: ascending cells that leave no value out. The bounds themselves and
/// zero, where a heavy tail often has a spike, are cells of their own. A function of the declaration alone.
fn grid(column: &Column) -> Vec<Cell> {
    let (low, high) = column.bounds;
    let kind = &column.kind;
    let unit = DiscreteColumn::bare(kind).unit();
    let width = high - low;
    if !width.is_finite() || width <= 0.0 {
        return vec![Cell { low, high }];
    }
    let mut edges = Vec::new();
    if unit > 0.0 && width / unit < VALUES {
        edges.extend((0..=(width / unit).round() as usize).map(|at| low + at as f64 * unit));
    } else {
        edges.extend((1..STEPS).map(|at| low + width * at as f64 / STEPS as f64));
        if !matches!(kind, Kind::Datetime { .. }) {
            let sides = if low < 0.0 && high > 0.0 { 2 } else { 1 };
            for (sign, far, near) in [(1.0, high, low), (-1.0, -low, -high)] {
                if far <= 0.0 {
                    continue;
                }
                let least = if near > 0.0 { near } else { unit.max(far * LEAST) };
                let steps = STEPS / sides;
                edges
                    .extend((0..steps).map(|at| sign * least * (far / least).powf(at as f64 / steps as f64)));
            }
        }
    }
    let mut edges: Vec<f64> =
        edges.into_iter().map(|edge| kind.round(edge)).filter(|edge| (low..=high).contains(edge)).collect();
    let atoms = [low, high, 0.0].into_iter().filter(|atom| (low..=high).contains(atom));
    edges.extend(atoms);
    edges.sort_by(f64::total_cmp);
    edges.dedup();
    let after = |at: f64| if unit > 0.0 { kind.round(at + unit) } else { at.next_up() };
    let before = |at: f64| if unit > 0.0 { kind.round(at - unit) } else { at.next_down() };
    let mut cells = Vec::with_capacity(edges.len() + 3);
    let mut from = low;
    for edge in edges {
        let alone = edge == low || edge == high || edge == 0.0;
        if alone && from < edge {
            cells.push(Cell { low: from, high: before(edge) });
            from = edge;
        }
        if from <= edge {
            cells.push(Cell { low: from, high: edge });
            from = after(edge);
        }
    }
    cells
}

/// How many values lie in each cell of a column's grid. **One value more or less moves one count by 1.** Missing values
/// are not counted.
pub(crate) fn counted(column: &Column, values: &Values) -> Vec<i64> {
    let cells = grid(column);
    let mut counts = vec![0; cells.len()];
    if let Values::Number(values) = values {
        for value in values.iter().filter(|value| !value.is_nan()) {
            counts[cells.partition_point(|cell| cell.low <= *value).saturating_sub(1)] += 1;
        }
    }
    counts
}

/// The column with at most `most` cells, each joined from cells of the grid so that all have about equally many rows
/// by the noisy `counts` of the grid, whose noise has the deviation `sigma`. Where noise drowns the counts of about
/// `total` rows, the cells of [`DiscreteColumn::declared`].
pub(crate) fn joined(column: &Column, counts: &[f64], sigma: f64, total: f64, most: usize) -> DiscreteColumn {
    let grid = grid(column);
    // The deviation of the noise in a sum over half of the grid.
    let doubt = sigma * (0.5 * counts.len() as f64).sqrt() / total.max(1.0);
    if grid.len() < 2 || grid.len() != counts.len() || total < 1.0 || doubt > DOUBT {
        return DiscreteColumn::declared(column, most);
    }
    let (grid, law) = settled(&grid, counts, sigma);
    let heavy = 1.0 / most.max(1) as f64;
    let alone = |share: f64| share > heavy;
    let atoms = law.iter().filter(|share| alone(**share)).count();
    let rest: f64 = law.iter().filter(|share| !alone(**share)).sum();
    // Every cell that stays alone may cut one in two.
    let wanted = rest / most.saturating_sub(2 * atoms).max(1) as f64;
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut filled = f64::INFINITY;
    for (at, &share) in law.iter().enumerate() {
        let own = alone(share);
        // A cell ends where it comes nearest to what is wanted.
        if own || filled + share / 2.0 > wanted {
            groups.push(Vec::new());
            filled = 0.0;
        }
        if let Some(group) = groups.last_mut() {
            group.push(at);
        }
        filled = if own { f64::INFINITY } else { filled + share };
    }
    let mut bare = DiscreteColumn { optional: column.optional, ..DiscreteColumn::bare(&column.kind) };
    for group in groups {
        let (Some(&first), Some(&last)) = (group.first(), group.last()) else { continue };
        bare.cells.push(Cell { low: grid[first].low, high: grid[last].high });
        let sum: f64 = group.iter().map(|&at| law[at].max(FLOOR)).sum();
        let mut upto = 0.0;
        let mut parts: Vec<Part> = group
            .iter()
            .map(|&at| {
                upto += law[at].max(FLOOR) / sum;
                Part { low: grid[at].low, high: grid[at].high, upto }
            })
            .collect();
        if let Some(last) = parts.last_mut() {
            last.upto = 1.0;
        }
        bare.parts.push(if parts.len() > 1 { parts } else { Vec::new() });
    }
    bare
}

/// The grid and the shares of its rows, as far as noise lets them be told: neighbours whose counts drown in noise are
/// one cell as soon as their sum does not, and else keep what it has beyond twice its noise. (What is cut off is missing in the place of cells and in the
/// shape within them alone: how many rows a joined cell has is measured by the models themselves. Spreading the noise
/// of many empty cells over a tail instead would put its highest values far too high.)
fn settled(grid: &[Cell], counts: &[f64], sigma: f64) -> (Vec<Cell>, Vec<f64>) {
    let mut cells: Vec<Cell> = Vec::new();
    let mut kept: Vec<f64> = Vec::new();
    // Neighbours, the sum of their counts, and how many they are.
    let mut run: Option<(Cell, f64, f64)> = None;
    let told = |sum: f64, many: f64| sum > TOLD * sigma * many.sqrt();
    let drowned =
        |sum: f64, many: f64| (sum - DROWNED.0 * sigma * many.sqrt()).max(DROWNED.1 * sigma * many.sqrt());
    for (cell, count) in grid.iter().zip(counts) {
        // A run crosses no side of zero, which decides on which scale a cell is drawn from.
        let crosses = |open: &Cell| open.high <= 0.0 && cell.high > 0.0;
        if let Some((open, sum, many)) = run.take_if(|(open, ..)| told(*count, 1.0) || crosses(open)) {
            cells.push(open);
            kept.push(drowned(sum, many));
        }
        let (open, sum, many) = run.get_or_insert((*cell, 0.0, 0.0));
        open.high = cell.high;
        *sum += count;
        *many += 1.0;
        if let Some((open, sum, _)) = run.take_if(|(_, sum, many)| told(*sum, *many)) {
            cells.push(open);
            kept.push(sum);
        }
    }
    if let Some((open, sum, many)) = run {
        cells.push(open);
        kept.push(drowned(sum, many));
    }
    let total: f64 = kept.iter().sum();
    let share = |count: &f64| if total > 0.0 { count / total } else { 1.0 / kept.len() as f64 };
    let law = kept.iter().map(share).collect();
    (cells, law)
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;

    use super::*;

    fn column(kind: Kind, bounds: (f64, f64)) -> Column {
        Column { name: "a".to_owned(), kind, optional: false, bounds }
    }

    fn kinds() -> Vec<Column> {
        vec![
            column(Kind::Integer, (0.0, 76.0)),
            column(Kind::Integer, (-5_000.0, 99_999.0)),
            column(Kind::Numeric { decimals: None }, (0.0, 2.7e6)),
            column(Kind::Numeric { decimals: Some(2) }, (-10.0, 30.0)),
            column(Kind::Numeric { decimals: None }, (-3.0, -1.0)),
            column(Kind::Datetime { day: true }, (0.0, 86_400_000.0)),
            column(Kind::Numeric { decimals: None }, (f64::MIN, f64::MAX)),
            column(Kind::Integer, (4.0, 4.0)),
        ]
    }

    #[test]
    fn the_grid_leaves_no_value_out() {
        for column in kinds() {
            let cells = grid(&column);
            assert!(cells.len() <= 160, "{}", cells.len());
            assert_eq!((cells[0].low, cells[cells.len() - 1].high), column.bounds);
            let unit = DiscreteColumn::bare(&column.kind).unit();
            for pair in cells.windows(2) {
                assert!(pair[0].low <= pair[0].high && pair[0].high < pair[1].low, "{column:?} {pair:?}");
                let next =
                    if unit > 0.0 { column.kind.round(pair[0].high + unit) } else { pair[0].high.next_up() };
                assert_eq!(pair[1].low, next, "{column:?}");
            }
            if column.bounds.0 < 0.0 && column.bounds.1 > 0.0 && column.bounds.1 < 1e100 {
                assert!(cells.iter().any(|cell| (cell.low, cell.high) == (0.0, 0.0)), "{column:?}");
            }
        }
    }

    /// A tenth of the rows at zero, the others even on a logarithmic scale of nine decades: joined cells have about a
    /// sixteenth of the rows each, and what is drawn from them follows the same law. Cells of equal width would
    /// have all but the largest rows in one.
    #[test]
    fn joined_cells_follow_a_heavy_tail() {
        let column = column(Kind::Numeric { decimals: None }, (0.0, 1e6));
        let mut stream = Seed(1).stream("grid");
        let rows: Vec<f64> = (0..20_000)
            .map(|row| if row % 10 == 0 { 0.0 } else { 10_f64.powf(9.0 * stream.uniform() - 3.0) })
            .collect();
        let fine = DiscreteColumn { cells: grid(&column), ..DiscreteColumn::bare(&column.kind) };
        let mut counts = vec![0.0; fine.size()];
        let values = Values::Number(rows);
        fine.encode(&values).iter().for_each(|&code| counts[code as usize] += 1.0);
        let part = joined(&column, &counts, 0.0, 20_000.0, 16);
        assert!((10..=16).contains(&part.size()), "{}", part.size());
        let codes = part.encode(&values);
        let shares = |codes: &[u32]| {
            let mut shares = vec![0.0; part.size()];
            codes.iter().for_each(|&code| shares[code as usize] += 1.0 / codes.len() as f64);
            shares
        };
        let known = shares(&codes);
        assert_eq!(part.interval(0), Some((0.0, 0.0)));
        assert!(known[1..].iter().all(|share| (0.02..0.13).contains(share)), "{known:?}");
        let again = part.decode(&codes, &mut stream);
        assert_eq!(part.encode(&again), codes);
        // On the grid, which is finer, too: 120 cells of 20,000 rows differ by about 0.04 by chance.
        let mut drawn = vec![0.0; fine.size()];
        fine.encode(&again).iter().for_each(|&code| drawn[code as usize] += 1.0);
        let distance: f64 =
            drawn.iter().zip(&counts).map(|(a, b): (&f64, &f64)| (a - b).abs()).sum::<f64>() / 40_000.0;
        assert!(distance < 0.1, "{distance}");
        let declared = DiscreteColumn { cells: vec![Cell { low: 0.0, high: 1e6 }], ..fine.clone() };
        let flat = declared.decode(&vec![0; 20_000], &mut stream);
        let mut even = vec![0.0; fine.size()];
        fine.encode(&flat).iter().for_each(|&code| even[code as usize] += 1.0);
        let far: f64 =
            even.iter().zip(&counts).map(|(a, b): (&f64, &f64)| (a - b).abs()).sum::<f64>() / 40_000.0;
        assert!(far > 0.5, "{far}");
        // Densities of a law on the grid: a probability for zero, and an integral of 1 over each other code.
        assert_eq!(part.log_density(0, 0.0), 0.0);
        for code in 1..part.size() as u32 {
            let (low, high) = part.interval(code).unwrap();
            let steps = 20_000;
            let sum: f64 = (0..steps)
                .map(|step| {
                    let (a, b) = [0.0, 1.0]
                        .map(|by| {
                            low.max(1e-12)
                                * (high / low.max(1e-12)).powf((f64::from(step) + by) / f64::from(steps))
                        })
                        .into();
                    (b - a) * part.log_density(code, (a + b) / 2.0).exp()
                })
                .sum();
            assert!((sum - 1.0).abs() < 0.02, "{code} {sum}");
            let share = part.share_within(code, low, (low + high) / 2.0);
            let drawn = (0..2_000).filter(|_| part.draw(code, &mut stream) <= (low + high) / 2.0).count();
            // 5 deviations of 2,000 coins.
            assert!((share - drawn as f64 / 2_000.0).abs() < 0.06, "{code} {share} {drawn}");
            let within = part.draw_within(code, low, (low + high) / 2.0, &mut stream);
            assert!((low..=(low + high) / 2.0).contains(&within));
        }
    }

    #[test]
    fn counts_that_noise_drowns_leave_the_declared_cells() {
        for column in kinds() {
            let counts = vec![3.0; grid(&column).len()];
            assert_eq!(joined(&column, &counts, 50.0, 400.0, 16), DiscreteColumn::declared(&column, 16));
        }
    }
}
