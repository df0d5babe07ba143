use super::Key;

/// A generator under test: 32 bits of (seed, replicate, purpose, step, agent).
type Draw = fn([u64; 5]) -> u32;

fn ours([seed, replicate, purpose, step, agent]: [u64; 5]) -> u32 {
    Key::new(seed, replicate, purpose, step).bits(agent as u32)
}

/// The negative control: the coordinates folded together and mixed by a single round.
fn one_round(at: [u64; 5]) -> u32 {
    let folded = at.iter().fold(0_u64, |sum, part| sum.wrapping_mul(0x9E37_79B9).wrapping_add(*part));
    let bits = folded as u32;
    (bits ^ (bits >> 16)).wrapping_mul(0x7FEB_352D)
}

/// Every test below is one of this many; each errs with probability 1e-6 / TESTS, all together with 1e-6.
const TESTS: f64 = 20_000.0;

/// ln(TESTS / 1e-6).
fn surprise() -> f64 {
    (TESTS * 1e6).ln()
}

/// A chi-square variable of d degrees of freedom exceeds d + 2 sqrt(d x) + 2 x with probability at most e^-x (Laurent
/// and Massart 2000, lemma 1).
fn chi_square_bound(freedom: f64) -> f64 {
    freedom + 2.0 * (freedom * surprise()).sqrt() + 2.0 * surprise()
}

/// A mean of n independent products (u - 1/2)(v - 1/2), of variance 1/144 and at most 1/4, leaves [-t, t] with
/// probability at most 2 exp(-n t^2 / (2/144 + t/6)) (Bernstein); solved for t.
fn product_bound(n: f64) -> f64 {
    let x = surprise() + 2_f64.ln();
    let linear = x / (6.0 * n);
    (linear + (linear * linear + 8.0 * x / (144.0 * n)).sqrt()) / 2.0
}

/// A share of n fair coins leaves 1/2 by more than this with probability at most e^-surprise (Hoeffding 1963).
fn coin_bound(n: f64) -> f64 {
    ((surprise() + 2_f64.ln()) / (2.0 * n)).sqrt()
}

const SIZE: u64 = 1 << 14;
const NAMES: [&str; 5] = ["seed", "replicate", "purpose", "step", "agent"];

/// Places along one coordinate, others fixed at values that runs use.
fn along(axis: usize, base: u64, index: u64) -> [u64; 5] {
    let mut at = [1 + base, base / 2, 1 + base % 5, 7 * base, 1000 * base];
    at[axis] += index;
    at
}

/// What is wrong with a generator: one line a failed test, and how many tests ran.
fn faults(draw: Draw) -> (Vec<String>, u32) {
    let (mut found, mut tests) = (vec![], 0);
    let unit = |bits: u32| (f64::from(bits) + 0.5) / 4_294_967_296.0 - 0.5;
    let mut check = |wrong: bool, what: String| {
        tests += 1;
        if wrong {
            found.push(what);
        }
    };
    for (axis, name) in NAMES.iter().enumerate() {
        for base in 0..4 {
            let row: Vec<u32> = (0..SIZE).map(|index| draw(along(axis, base, index))).collect();
            let n = SIZE as f64;
            // Uniform in each of the bytes: 256 cells, 255 degrees of freedom.
            for shift in [0, 8, 16, 24] {
                let mut cells = [0_u32; 256];
                row.iter().for_each(|bits| cells[(bits >> shift & 255) as usize] += 1);
                let mean = n / 256.0;
                let chi: f64 = cells.iter().map(|&cell| (f64::from(cell) - mean).powi(2) / mean).sum();
                check(chi > chi_square_bound(255.0), format!("{name} byte {shift}: {chi}"));
            }
            // Neighbours at several distances along this axis, and along every other axis.
            for lag in [1, 2, 3, 8, 64, 1024] {
                let pairs = row.iter().zip(&row[lag..]);
                let count = n - lag as f64;
                // Overlapping pairs: disjoint halves of them are independent, each holding half.
                let sum: f64 = pairs.map(|(&a, &b)| unit(a) * unit(b)).sum();
                let wrong = (sum / count).abs() > 2.0 * product_bound(count / 2.0);
                check(wrong, format!("{name} lag {lag}: {}", sum / count));
            }
            for other in (0..5).filter(|&other| other != axis) {
                for bit in [0, 1, 4, 9, 20] {
                    let pairs: Vec<(u32, u32)> = (0..SIZE)
                        .map(|index| {
                            let mut at = along(axis, base, index);
                            let bits = draw(at);
                            at[other] ^= 1 << bit;
                            (bits, draw(at))
                        })
                        .collect();
                    let mean = pairs.iter().map(|&(a, b)| unit(a) * unit(b)).sum::<f64>() / n;
                    let what = format!("{name} against {} bit {bit}", NAMES[other]);
                    check(mean.abs() > product_bound(n), format!("{what}: product {mean}"));
                    // Jointly uniform in 16 x 16 cells of high and of low bits: 255 degrees of freedom.
                    for shift in [0, 28] {
                        let mut cells = [0_u32; 256];
                        for &(a, b) in &pairs {
                            cells[((a >> shift & 15) << 4 | (b >> shift & 15)) as usize] += 1;
                        }
                        let chi: f64 = cells
                            .iter()
                            .map(|&cell| (f64::from(cell) - n / 256.0).powi(2) / (n / 256.0))
                            .sum();
                        check(
                            chi > chi_square_bound(255.0),
                            format!("{what} from {shift}: chi-square {chi}"),
                        );
                    }
                    // Avalanche: each of the 32 bits flips half of the time.
                    for position in 0..32 {
                        let flips = pairs.iter().filter(|&&(a, b)| (a ^ b) >> position & 1 == 1).count();
                        let share = flips as f64 / n;
                        let wrong = (share - 0.5).abs() > coin_bound(n);
                        check(wrong, format!("{what} flips bit {position}: {share}"));
                    }
                }
            }
        }
    }
    (found, tests)
}

#[test]
fn draws_are_uniform_and_independent_along_every_coordinate() {
    let (found, tests) = faults(ours);
    assert!(f64::from(tests) <= TESTS, "{tests}");
    assert!(found.is_empty(), "{} of {tests}: {:#?}", found.len(), &found[..found.len().min(20)]);
}

#[test]
fn the_tests_find_a_weak_mixer() {
    let (found, tests) = faults(one_round);
    assert!(found.len() > tests as usize / 20, "{} of {tests}", found.len());
}

/// The share of agents that act in both of two steps is the product of the shares, for the thresholds of real
/// activity: 0.1 % to 10 %.
#[test]
fn rare_events_of_two_steps_are_independent() {
    let n = 1_u32 << 20;
    for (index, chance) in [0.001, 0.01, 0.1].into_iter().enumerate() {
        let limit = (chance * 4_294_967_296.0) as u32;
        for (left, right) in [
            (Key::new(1, 0, 1, 0), Key::new(1, 0, 1, 1)),
            (Key::new(1, 0, 1, 0), Key::new(1, 1, 1, 0)),
            (Key::new(1, 0, 1, 0), Key::new(1, 0, 2, 0)),
            (Key::new(1, 0, 1, 0), Key::new(2, 0, 1, 0)),
        ] {
            let both = (0..n).filter(|&a| left.bits(a) < limit && right.bits(a) < limit).count() as f64;
            let p = chance * chance;
            // Bernstein for a sum of n indicators: t = x/3 + sqrt((x/3)^2 + 2 n p x), at e^-x = 1e-6 / 24 a side.
            let x = 24e6_f64.ln();
            let bound = x / 3.0 + (x * x / 9.0 + 2.0 * f64::from(n) * p * x).sqrt();
            assert!((both - f64::from(n) * p).abs() <= bound, "{index}: {both} of {}", f64::from(n) * p);
        }
    }
}

/// Two of 2^20 keys of 64 bits coincide with probability 2^40 / 2^65 = 3e-8; of 32 bits (the control), 128 pairs would.
#[test]
fn no_two_of_a_million_keys_are_the_same() {
    let mut keys: Vec<u64> = (0..1 << 20_u64)
        .map(|at: u64| {
            let key = Key::new(at & 3, at >> 2 & 1023, at >> 12 & 3, at >> 14);
            u64::from(key.first) << 32 | u64::from(key.second)
        })
        .collect();
    keys.sort_unstable();
    assert!(keys.windows(2).all(|pair| pair[0] != pair[1]));
    let mut halves: Vec<u32> = keys.iter().map(|key| (key >> 32) as u32).collect();
    halves.dedup();
    let lost = keys.len() - halves.len();
    assert!((60..200).contains(&lost), "{lost}");
}

#[test]
fn draws_never_change() {
    assert_eq!(Key::new(1, 2, 3, 4).bits(5), 2_796_583_748);
    assert_eq!(Key::new(u64::MAX, 0, 0, 0).bits(u32::MAX), 2_557_646_566);
}

#[test]
fn uniform_stays_inside() {
    let key = Key::new(1, 0, 0, 0);
    let inside = (0..100_000).map(|agent| key.uniform(agent)).all(|u| u > 0.0 && u < 1.0);
    assert!(inside);
    let mean = (0..100_000).map(|agent| key.normal(agent)).sum::<f64>() / 1e5;
    // A mean of 1e5 normals leaves 0 by 4.9 / sqrt(1e5) with probability 1e-6.
    assert!(mean.abs() < 0.0155, "{mean}");
}
