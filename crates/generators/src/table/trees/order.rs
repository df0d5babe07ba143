//! Which column comes when, and how the labels of a feature are put in order for a target.

/// Classes that a target is split by.
pub(crate) const CLASSES: usize = 32;

/// Classes that put the labels of a feature in order.
const ORDERED: usize = 16;

/// Rows that a label is assumed to have had with the average of all.
const PRIOR: f64 = 4.0;

/// The class of every row of a target: its codes where they are few; neighbours together for numbers, rare
/// ones together for labels.
pub(crate) fn classes(codes: &[u32], size: usize, number: bool) -> Vec<u8> {
    let limit = if number { CLASSES } else { 4 * CLASSES };
    let mut counts = vec![0_usize; size];
    codes.iter().for_each(|&code| counts[code as usize] += 1);
    let mut class = vec![0_u8; size];
    if counts.iter().filter(|count| **count > 0).count() <= limit {
        let seen = (0..size).filter(|&code| counts[code] > 0);
        seen.enumerate().for_each(|(place, code)| class[code] = place as u8);
    } else if number {
        // A class closes once it has its share of the rows that are left.
        let (mut left, mut filled, mut current) = (codes.len(), 0, 0);
        for code in 0..size {
            let share = left.div_ceil(limit - current);
            if filled > 0
                && current + 1 < limit
                && (filled + counts[code] / 2 > share || counts[code] > share)
            {
                left -= filled;
                filled = 0;
                current += 1;
            }
            class[code] = current as u8;
            filled += counts[code];
        }
    } else {
        let mut frequent: Vec<usize> = (0..size).collect();
        frequent.sort_by_key(|&code| (std::cmp::Reverse(counts[code]), code));
        for (place, code) in frequent.into_iter().enumerate() {
            class[code] = place.min(limit - 1) as u8;
        }
    }
    codes.iter().map(|&code| class[code as usize]).collect()
}

/// The bin of every label of a feature, in the order of the first principal component of the classes' shares
/// given the label (Coppersmith, Hong and Hosking 1999): for two classes the order in which the best split in
/// two groups is a threshold. More labels than bins share bins of about equally many rows.
pub(crate) fn bins(codes: &[u32], size: usize, classes: &[u8], bins: usize) -> Vec<u8> {
    let width = ORDERED.min(classes.iter().max().map_or(1, |most| usize::from(*most) + 1));
    let mut table = vec![0_f64; size * width];
    let mut counts = vec![0_f64; size];
    let mut total = vec![0_f64; width];
    for (&code, &class) in codes.iter().zip(classes) {
        let class = usize::from(class) % width;
        table[code as usize * width + class] += 1.0;
        counts[code as usize] += 1.0;
        total[class] += 1.0;
    }
    let rows = codes.len().max(1) as f64;
    total.iter_mut().for_each(|share| *share /= rows);
    for (own, count) in table.chunks_mut(width).zip(&counts) {
        for (share, all) in own.iter_mut().zip(&total) {
            *share = (*share + PRIOR * all) / (count + PRIOR) - all;
        }
    }
    // Power iteration from a fixed start that is no likely null direction.
    let mut axis: Vec<f64> = (0..width).map(|class| 1.0 / (class as f64 + 1.7)).collect();
    for _ in 0..12 {
        let mut next = vec![0.0; width];
        for (own, count) in table.chunks(width).zip(&counts).filter(|(_, count)| **count > 0.0) {
            let score: f64 = own.iter().zip(&axis).map(|(share, axis)| share * axis).sum();
            next.iter_mut().zip(own).for_each(|(next, share)| *next += count * score * share);
        }
        let norm = next.iter().map(|value| value * value).sum::<f64>().sqrt();
        if norm <= 1e-300 {
            break;
        }
        axis = next.into_iter().map(|value| value / norm).collect();
    }
    let score = |code: usize| -> f64 {
        table[code * width..(code + 1) * width].iter().zip(&axis).map(|(share, axis)| share * axis).sum()
    };
    let mut order: Vec<(f64, usize)> = (0..size).map(|code| (score(code), code)).collect();
    order.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
    let mut bin = vec![0_u8; size];
    let mut before = 0.0;
    for (place, &(_, code)) in order.iter().enumerate() {
        let own = if size <= bins { place } else { (before / rows * bins as f64) as usize };
        bin[code] = own.min(bins - 1) as u8;
        before += counts[code];
    }
    bin
}

/// The order of the columns: those with the least entropy first. What comes early is learned from full counts
/// and steers all that comes later; a column of many values comes late, where every other one can explain it.
/// On held-out rows the order matters little to the likelihood; models trained on the sample do best with this one.
pub(crate) fn columns(codes: &[Vec<u32>], sizes: &[usize]) -> Vec<usize> {
    let entropy = |column: usize| -> f64 {
        let mut counts = vec![0_f64; sizes[column]];
        codes[column].iter().for_each(|&code| counts[code as usize] += 1.0);
        let rows = codes[column].len().max(1) as f64;
        counts.iter().filter(|count| **count > 0.0).map(|count| -count / rows * (count / rows).ln()).sum()
    };
    let mut order: Vec<(f64, usize)> = (0..codes.len()).map(|column| (entropy(column), column)).collect();
    order.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(&right.1)));
    order.into_iter().map(|(_, column)| column).collect()
}
