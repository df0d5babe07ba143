//! Named limits. Everything that can grow from outside input has one.

/// The limits that readers and runs obey. They count decoded bytes and rows, never file sizes alone: a
/// five-kilobyte Parquet file can decode to twenty gigabytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes one source may decode to.
    pub max_decoded_bytes: u64,
    /// Bytes of a file that is read whole (manifests, mappings, twins).
    pub max_file_bytes: u64,
    /// Rows of one table.
    pub max_rows: u64,
    /// Columns of one outside table.
    pub max_columns: u64,
    /// Bytes of one text cell.
    pub max_cell_bytes: u64,
    /// Nesting depth of JSON.
    pub max_depth: u64,
    /// Choices of one proposal.
    pub max_choices: u64,
    /// Members of one DAO.
    pub max_members: u64,
    /// Proposals of one DAO.
    pub max_proposals: u64,
    /// Problems that are listed one by one before the rest are only counted.
    pub max_problems: u64,
    /// An amount's size in base units of its token (10^-decimals), as a power of ten. Sums of a hundred
    /// million such amounts still fit 256 bits.
    pub max_amount_digits: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_decoded_bytes: 64 << 30,
            max_file_bytes: 256 << 20,
            max_rows: 2_000_000_000,
            max_columns: 4_096,
            max_cell_bytes: 16 << 20,
            max_depth: 64,
            max_choices: 1_000,
            max_members: 100_000_000,
            max_proposals: 10_000_000,
            max_problems: 50,
            max_amount_digits: 37,
        }
    }
}

impl Limits {
    /// Every limit by name, in listing order.
    pub fn entries(&self) -> Vec<(&'static str, u64)> {
        let mut limits = *self;
        limits.fields().map(|(name, value)| (name, *value)).chain([self.amount_digits()]).collect()
    }

    /// Changes a limit; false where there is none of this name, or the value does not fit it.
    pub fn set(&mut self, name: &str, value: u64) -> bool {
        if name == self.amount_digits().0 {
            // Beyond 38 digits a sum of amounts could leave 256 bits.
            let allowed = u32::try_from(value).ok().filter(|digits| *digits <= 38);
            self.max_amount_digits = allowed.unwrap_or(self.max_amount_digits);
            return allowed.is_some();
        }
        let field = self.fields().find(|(known, _)| *known == name);
        field.map(|(_, field)| *field = value).is_some()
    }

    fn amount_digits(&self) -> (&'static str, u64) {
        ("max_amount_digits", u64::from(self.max_amount_digits))
    }

    fn fields(&mut self) -> impl Iterator<Item = (&'static str, &mut u64)> {
        [
            ("max_decoded_bytes", &mut self.max_decoded_bytes),
            ("max_file_bytes", &mut self.max_file_bytes),
            ("max_rows", &mut self.max_rows),
            ("max_columns", &mut self.max_columns),
            ("max_cell_bytes", &mut self.max_cell_bytes),
            ("max_depth", &mut self.max_depth),
            ("max_choices", &mut self.max_choices),
            ("max_members", &mut self.max_members),
            ("max_proposals", &mut self.max_proposals),
            ("max_problems", &mut self.max_problems),
        ]
        .into_iter()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_limit_can_be_set_by_its_name() {
        let mut limits = Limits::default();
        for (index, (name, _)) in Limits::default().entries().into_iter().enumerate() {
            assert!(limits.set(name, index as u64 + 1), "{name}");
        }
        let values: Vec<u64> = limits.entries().into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, (1..=11).collect::<Vec<u64>>());
        assert!(!limits.set("max_wishes", 3));
        assert!(!limits.set("max_amount_digits", 39));
    }
}
