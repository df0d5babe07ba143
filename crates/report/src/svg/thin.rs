//! Fewer points that look the same.

use std::collections::BTreeSet;

/// Indices of at most about `limit` of `points`, in order. The points are cut into runs; of each run stay its
/// first and last point and its extremes in every coordinate given by `keys`, so that no peak is lost.
pub(crate) fn thin(points: usize, limit: usize, keys: &[&dyn Fn(usize) -> f64]) -> Vec<usize> {
    if points <= limit {
        return (0..points).collect();
    }
    let runs = (limit / (2 + 2 * keys.len())).max(1);
    let mut kept = BTreeSet::new();
    for run in 0..runs {
        let (start, end) = (run * points / runs, (run + 1) * points / runs);
        if start == end {
            continue;
        }
        kept.extend([start, end - 1]);
        for key in keys {
            let finite = || (start..end).filter(|index| key(*index).is_finite());
            kept.extend(finite().min_by(|a, b| key(*a).total_cmp(&key(*b))));
            kept.extend(finite().max_by(|a, b| key(*a).total_cmp(&key(*b))));
        }
    }
    kept.into_iter().collect()
}

/// Indices of `placed` without those that lie within `grid` of the last one kept in both coordinates, so that
/// nobody could tell them apart in the picture; none marks a gap. The last point before a gap stays.
pub(crate) fn distinct(placed: &[Option<(f64, f64)>], grid: f64) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    let mut last: Option<(f64, f64)> = None;
    for (index, point) in placed.iter().enumerate() {
        let same = matches!((last, point), (Some(last), Some(point))
            if (last.0 - point.0).abs() < grid && (last.1 - point.1).abs() < grid);
        let ends = !matches!(placed.get(index + 1), Some(Some(_)));
        if !same || ends {
            kept.push(index);
            last = *point;
        }
    }
    kept
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn peaks_survive_and_the_limit_holds() {
        let mut values: Vec<f64> = (0..100_000).map(|index| f64::from(index % 10)).collect();
        values[54_321] = 1e6;
        values[12_345] = -1e6;
        values[777] = f64::NAN;
        let kept = thin(values.len(), 2000, &[&|index| values[index]]);
        assert!(kept.len() <= 2000);
        assert!(
            kept.contains(&0) && kept.contains(&99_999) && kept.contains(&54_321) && kept.contains(&12_345)
        );
        assert!(kept.is_sorted());
    }

    #[test]
    fn points_that_coincide_are_dropped_and_gaps_stay() {
        let placed: Vec<_> = [0.0, 0.1, 0.2, 5.0, f64::NAN, 5.0, 5.1]
            .iter()
            .map(|x: &f64| x.is_finite().then_some((*x, 0.0)))
            .collect();
        assert_eq!(distinct(&placed, 0.5), [0, 3, 4, 5, 6]);
        assert_eq!(distinct(&[], 0.5), Vec::<usize>::new());
    }

    #[test]
    fn few_points_are_all_kept() {
        assert_eq!(thin(3, 3, &[]), [0, 1, 2]);
        assert_eq!(thin(0, 10, &[]), Vec::<usize>::new());
    }
}
