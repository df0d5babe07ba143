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
