//! Compound's delegates as they voted from June to December 2022: the last half-year of the set that the replay could
//! look at, nineteen months before the vote.

/// Mean power when voting, in COMP, and share of the 28 proposals (started from 2022-06-01 on, not cancelled) in which
/// it voted, in 28ths; every voter with a mean power of at least 1,000 COMP.
pub const DELEGATES: &[(f64, u32)] = &[
    (306_117.0, 11),
    (256_764.0, 1),
    (256_024.0, 2),
    (122_302.0, 19),
    (105_000.0, 3),
    (101_000.0, 3),
    (80_668.0, 13),
    (70_011.0, 24),
    (66_000.0, 1),
    (62_572.0, 23),
    (55_000.0, 2),
    (50_013.0, 6),
    (50_007.0, 9),
    (50_005.0, 20),
    (50_004.0, 1),
    (50_003.0, 6),
    (50_001.0, 15),
    (50_000.0, 22),
    (50_000.0, 22),
    (50_000.0, 15),
    (50_000.0, 1),
    (50_000.0, 1),
    (50_000.0, 1),
    (43_785.0, 14),
    (35_743.0, 3),
    (33_014.0, 2),
    (32_952.0, 1),
    (27_601.0, 3),
    (15_001.0, 12),
    (12_950.0, 20),
    (12_502.0, 7),
    (10_270.0, 1),
    (10_008.0, 1),
    (10_000.0, 12),
    (6_564.0, 1),
    (4_882.0, 1),
    (4_773.0, 1),
    (3_000.0, 1),
    (2_864.0, 1),
    (1_492.0, 7),
];

/// Proposals of that half-year.
pub const PROPOSALS: u32 = 28;

/// Mean power voting per proposal of that half-year, in COMP.
pub const MEAN_TURNOUT: f64 = 677_718.0;

/// Power voting on the 15 proposals of Governor Bravo whose vote ran at least half over a weekend, by that on the 67
/// others, both 2021 to 2022. Its standard error is 0.11, for which the replay takes a range of 0.2 to either side.
pub const WEEKEND: f64 = 0.878;
