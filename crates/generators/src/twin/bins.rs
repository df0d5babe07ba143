//! The declared bins of everything that the twin counts. They are constants: no data chooses them, so they
//! cost no privacy.

/// Starts of the buckets of how many votes a member has cast so far; the last is open.
pub(crate) const COUNT_STARTS: [u32; 16] = [1, 2, 3, 4, 5, 7, 9, 12, 16, 24, 32, 48, 64, 96, 160, 320];

/// Starts of the buckets of the gap between two votes of a member, counted in proposals; the last is open.
pub(crate) const GAP_STARTS: [u32; 9] = [1, 2, 3, 4, 6, 10, 18, 34, 80];

/// How the gap before the previous vote is remembered: no such gap, 1, 2 to 5, longer.
pub(crate) const PREVIOUS_GAPS: usize = 4;

/// Bins of the position in the voting window.
pub(crate) const TIME_BINS: usize = 60;

/// The bucket of a value among ascending starts; 0 for values below the first.
pub(crate) fn bucket(starts: &[u32], value: u32) -> usize {
    starts.partition_point(|&start| start <= value).saturating_sub(1)
}

/// The class of the gap before the previous vote; 0 where there was none.
pub(crate) fn previous_gap(gap: u32) -> u8 {
    match gap {
        0 => 0,
        1 => 1,
        2..=5 => 2,
        _ => 3,
    }
}

/// The grid of powers: bin 0 holds zero power, then equal steps of the logarithm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PowerGrid {
    /// Decimal logarithm of the lowest positive edge, in tokens.
    pub(crate) lowest: f64,
    /// Bins a decade.
    pub(crate) per_decade: usize,
    /// Decades covered; powers outside fall into the end bins.
    pub(crate) decades: usize,
}

impl PowerGrid {
    /// For fits without privacy: 1/16 decade from 10^-12 to 10^15 tokens.
    pub(crate) const FINE: Self = Self { lowest: -12.0, per_decade: 16, decades: 27 };
    /// For private fits: 1/3 decade from 10^-4 to 10^9 tokens.
    pub(crate) const COARSE: Self = Self { lowest: -4.0, per_decade: 3, decades: 13 };

    /// How many bins there are.
    pub(crate) const fn len(self) -> usize {
        1 + self.per_decade * self.decades
    }

    /// The bin of a power in tokens.
    pub(crate) fn bin(self, tokens: f64) -> usize {
        if tokens <= 0.0 {
            return 0;
        }
        let position = (tokens.log10() - self.lowest) * self.per_decade as f64;
        1 + (position.max(0.0) as usize).min(self.len() - 2)
    }

    /// The edges of a positive bin as decimal logarithms.
    pub(crate) fn edges(self, bin: usize) -> (f64, f64) {
        let step = 1.0 / self.per_decade as f64;
        let low = self.lowest + (bin.max(1) - 1) as f64 * step;
        (low, low + step)
    }
}

/// Edges, in seconds, between the classes of the time from a member's previous vote to this one, where this
/// proposal was already open at the previous vote.
pub(crate) const SESSION_EDGES: [i64; 9] = [-86_400, -3_600, -600, 0, 30, 120, 600, 3_600, 86_400];

/// Classes of [`SESSION_EDGES`].
pub(crate) const SESSION_CLASSES: usize = SESSION_EDGES.len() + 1;

/// The class of a time difference.
pub(crate) fn session_class(seconds: i64) -> usize {
    SESSION_EDGES.partition_point(|&edge| edge <= seconds)
}

/// Whether a class means the same sitting: within an hour.
pub(crate) const fn in_session(class: usize) -> bool {
    class >= 2 && class <= 7
}

/// Bins of the logarithm of the ratio between the power of a ballot and its member's mean.
pub(crate) const LEVEL_BINS: usize = 48;
/// Half the width of that axis, in decades.
const LEVEL_RANGE: f64 = 3.0;

/// The bin of a level, given as a decimal logarithm of the ratio.
pub(crate) fn level_bin(log_ratio: f64) -> usize {
    // A cubic axis: fine near the mean, coarse in the tails.
    let position = (log_ratio / LEVEL_RANGE).clamp(-1.0, 1.0).cbrt();
    (((position + 1.0) / 2.0 * LEVEL_BINS as f64) as usize).min(LEVEL_BINS - 1)
}

/// The decimal logarithm at `share` (0 to 1) of a level's bin.
pub(crate) fn level_value(bin: usize, share: f64) -> f64 {
    let position = (bin as f64 + share) / LEVEL_BINS as f64 * 2.0 - 1.0;
    position.powi(3) * LEVEL_RANGE
}

/// Edges, in decades, of the classes of how far a member's powers lie apart.
const SPREAD_EDGES: [f64; 5] = [0.004, 0.03, 0.12, 0.4, 1.2];

/// Classes of [`SPREAD_EDGES`].
pub(crate) const SPREAD_CLASSES: usize = SPREAD_EDGES.len() + 1;

/// The class of a member whose positive powers span this many decades.
pub(crate) fn spread_class(decades: f64) -> usize {
    SPREAD_EDGES.partition_point(|&edge| edge <= decades)
}

/// Inner edges of the bins of a member's own share of unchanged powers.
const STEADY_EDGES: [f64; 9] = [0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0];

/// Bins of a member's own share of unchanged powers: none, the intervals between the edges, all.
pub(crate) const STEADY_BINS: usize = STEADY_EDGES.len() + 1;

/// The bin of a share of unchanged powers.
pub(crate) fn steady_bin(unchanged: u32, steps: u32) -> usize {
    if unchanged == 0 {
        0
    } else if unchanged >= steps {
        STEADY_BINS - 1
    } else {
        let share = f64::from(unchanged) / f64::from(steps);
        STEADY_EDGES.partition_point(|&edge| edge <= share).clamp(1, STEADY_BINS - 2)
    }
}

/// The share at `position` (0 to 1) of a bin.
pub(crate) fn steady_value(bin: usize, position: f64) -> f64 {
    match bin {
        0 => 0.0,
        bin if bin >= STEADY_BINS - 1 => 1.0,
        bin => STEADY_EDGES[bin - 1] + (STEADY_EDGES[bin] - STEADY_EDGES[bin - 1]) * position,
    }
}

/// Classes of proposals by their turnout, equally many in each.
pub(crate) const SIZE_CLASSES: usize = 6;

/// The class of each proposal: 0 for the sixth with fewest voters.
pub(crate) fn size_classes(turnout: &[f64]) -> Vec<u8> {
    let mut ascending = turnout.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    turnout
        .iter()
        .map(|voters| {
            let below = ascending.partition_point(|other| other < voters);
            (below * SIZE_CLASSES / ascending.len()) as u8
        })
        .collect()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn buckets_cover_the_axis() {
        assert_eq!(bucket(&COUNT_STARTS, 1), 0);
        assert_eq!(bucket(&COUNT_STARTS, 6), 4);
        assert_eq!(bucket(&COUNT_STARTS, u32::MAX), COUNT_STARTS.len() - 1);
        assert_eq!(bucket(&GAP_STARTS, 5), 3);
    }

    #[test]
    fn grid_bins_hold_their_values() {
        for grid in [PowerGrid::FINE, PowerGrid::COARSE] {
            assert_eq!(grid.bin(0.0), 0);
            for tokens in [0.01, 1.0, 17.3, 1e6] {
                let (low, high) = grid.edges(grid.bin(tokens));
                assert!(low <= tokens.log10() + 1e-9 && tokens.log10() <= high + 1e-9, "{tokens}");
            }
            assert_eq!(grid.bin(1e300), grid.len() - 1);
        }
    }

    #[test]
    fn levels_invert() {
        for bin in 0..LEVEL_BINS {
            assert_eq!(level_bin(level_value(bin, 0.5)), bin);
        }
    }
}
