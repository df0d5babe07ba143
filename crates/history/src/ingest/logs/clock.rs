//! From block numbers to times.

use std::collections::BTreeMap;

use crate::builder::HistoryBuilder;
use crate::error::{Error, Result};
use crate::ingest::Source;
use crate::schema::{Precision, Table};

/// Blocks beyond the known ones for which a time is still told, from the pace of the nearest known blocks:
/// two weeks at twelve seconds, the length of a long vote that is not over yet.
const MAX_BEYOND: u64 = 100_800;
/// The least distance over which the pace is measured.
const PACE_BLOCKS: u64 = 1_000;

/// Known pairs of block and time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    known: BTreeMap<u64, i64>,
}

impl Clock {
    /// Learns a pair; false where it contradicts what is known already, or is not between 1970 and 9999.
    pub(crate) fn learn(&mut self, block: u64, time: i64) -> bool {
        if !(0..=253_402_300_799).contains(&time) {
            return false;
        }
        let before = self.known.range(..block).next_back().is_none_or(|(_, &earlier)| earlier <= time);
        let after = self
            .known
            .range(block..)
            .next()
            .is_none_or(|(&number, &later)| if number == block { later == time } else { later >= time });
        if before && after {
            self.known.insert(block, time);
        }
        before && after
    }

    /// The time of a block: exact where it is known, otherwise on the line between its known neighbours, or
    /// at the pace of the nearest known blocks a little beyond them.
    pub(crate) fn time(&self, block: u64) -> Option<(i64, Precision)> {
        let before = self.known.range(..=block).next_back().map(|(&block, &time)| (block, time));
        let after = self.known.range(block..).next().map(|(&block, &time)| (block, time));
        let line = |a: (u64, i64), b: (u64, i64)| {
            let (run, rise) = (i128::from(b.0) - i128::from(a.0), i128::from(b.1) - i128::from(a.1));
            let time = i128::from(a.1) + (i128::from(block) - i128::from(a.0)) * rise / run;
            i64::try_from(time).ok().map(|time| (time, Precision::Block))
        };
        match (before, after) {
            (Some((number, time)), _) if number == block => Some((time, Precision::Second)),
            (Some(a), Some(b)) => line(a, b),
            (Some(last), None) if block - last.0 <= MAX_BEYOND => {
                let far = self.known.range(..=last.0.checked_sub(PACE_BLOCKS)?).next_back()?;
                line((*far.0, *far.1), last)
            }
            (None, Some(first)) if first.0 - block <= MAX_BEYOND => {
                let far = self.known.range(first.0.checked_add(PACE_BLOCKS)?..).next()?;
                line(first, (*far.0, *far.1))
            }
            _ => None,
        }
    }

    /// Whether a file is a table of blocks and times, from its columns.
    pub(crate) fn recognises(source: &Source) -> bool {
        let columns = source.csv_columns();
        columns.len() == 2
            && matches!(columns[0].trim(), "block_number" | "block")
            && matches!(columns[1].trim(), "timestamp" | "time")
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// [`Error::Source`] where it is no CSV; limits.
    pub(crate) fn read(&mut self, source: &Source, builder: &mut HistoryBuilder) -> Result<()> {
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source.reader()?);
        let mut record = csv::ByteRecord::new();
        let mut rows = 0_u64;
        loop {
            let more = reader.read_byte_record(&mut record).map_err(|error| Error::Source {
                path: source.path().to_path_buf(),
                format: "a table of blocks and times",
                reason: error.to_string(),
            })?;
            if !more {
                return Ok(());
            }
            rows += 1;
            super::check_rows(source, rows, builder.limits().max_rows)?;
            let number = |index: usize| {
                record.get(index).and_then(|cell| std::str::from_utf8(cell).ok()).map(str::trim)
            };
            let block = number(0).and_then(|text| text.parse().ok());
            let time = number(1).and_then(|text| text.parse().ok());
            let reason = match (block, time) {
                (Some(block), Some(time)) if self.learn(block, time) => continue,
                (Some(_), Some(_)) => "block and time contradict other rows",
                _ => "block or time is not an integer",
            };
            builder.set_aside(&source.name(), Table::Transactions, reason);
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn times_between_and_beyond() {
        let mut clock = Clock::default();
        assert!(clock.learn(1_000, 10_000));
        assert!(clock.learn(3_000, 30_000));
        assert!(!clock.learn(2_000, 40_000));
        assert!(!clock.learn(1_000, 10_001));
        assert_eq!(clock.time(1_000), Some((10_000, Precision::Second)));
        assert_eq!(clock.time(2_000), Some((20_000, Precision::Block)));
        assert_eq!(clock.time(3_100), Some((31_000, Precision::Block)));
        assert_eq!(clock.time(900), Some((9_000, Precision::Block)));
        assert_eq!(clock.time(3_001 + MAX_BEYOND), None);
        assert_eq!(Clock::default().time(1), None);
    }
}
