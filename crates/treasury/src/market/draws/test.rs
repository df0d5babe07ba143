#![cfg(test)]

use daotwin_core::statistics::normal_cdf;

use super::*;

/// One sample's Kolmogorov-Smirnov distance to the standard normal law.
fn distance(values: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let sorted = daotwin_core::statistics::sorted(values);
    let n = sorted.len() as f64;
    sorted.iter().enumerate().fold(0.0_f64, |worst, (place, &value)| {
        let p = cdf(value);
        worst.max((p - place as f64 / n).abs()).max((p - (place + 1) as f64 / n).abs())
    })
}

/// The distance that n independent draws exceed with probability below 1e-6: 2 exp(-2 n d^2) bounds it (Massart 1990).
fn threshold(n: usize) -> f64 {
    ((2.0_f64 / 1e-6).ln() / (2.0 * n as f64)).sqrt()
}

#[test]
fn bits_are_those_of_the_published_vectors_and_of_numpy() {
    // Random123 1.14, `kat_vectors`: philox4x64 10 rounds.
    assert_eq!(
        philox([0; 4], [0; 2]),
        [0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b]
    );
    assert_eq!(
        philox([u64::MAX; 4], [u64::MAX; 2]),
        [0x87b092c3013fe90b, 0x438c3c67be8d0224, 0x9cc7d7c69cd777b6, 0xa09caebf594f0ba0]
    );
    // numpy 2.4.6, `np.random.Philox(counter=[5, 3, 7, 11], key=[0x0123456789abcdef, 0xfedcba9876543210])`, which counts
    // before it draws.
    let key = [0x0123456789abcdef, 0xfedcba9876543210];
    assert_eq!(
        philox([6, 3, 7, 11], key),
        [0x2520e161c5c450d1, 0x70bdd258a78bdd72, 0x5a38ee71b811b8c9, 0x9ce7eb382be946f2]
    );
    assert_eq!(
        philox([7, 3, 7, 11], key),
        [0x39ad4920efe41e72, 0x77e100ca90249365, 0x42d6a825e9528934, 0xdd38907eee51f8f6]
    );
}

#[test]
fn sine_and_cosine_are_those_of_the_library() {
    let draws = Draws::new(Seed(5));
    let mut turns = vec![0.0; 100_000];
    draws.uniforms(0, 0, &mut turns);
    turns.extend([0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875]);
    for turn in turns {
        let (sine, cosine) = sine_cosine_of_turns(turn);
        let (s, c) = (turn * std::f64::consts::TAU).sin_cos();
        // The library's argument is rounded: half a unit of 2 pi is 4.4e-16.
        assert!(
            (sine - s).abs() < 1.2e-15 && (cosine - c).abs() < 1.2e-15,
            "{turn}: {sine} {s} {cosine} {c}"
        );
    }
}

#[test]
fn uniforms_and_normals_have_their_exact_laws() {
    let n = 400_000;
    let draws = Draws::new(Seed(7));
    let mut uniforms = vec![0.0; n];
    draws.uniforms(3, 1, &mut uniforms);
    assert!(uniforms.iter().all(|u| *u > 0.0 && *u < 1.0));
    assert!(distance(&uniforms, |u| u) < threshold(n));
    let mut normals = vec![0.0; n];
    draws.normals(3, 2, &mut normals);
    assert!(distance(&normals, normal_cdf) < threshold(n));
    // Negative control: a scale wrong by one per cent has a distance of 0.0024 beyond chance, the threshold is 0.0043;
    // by four per cent it must be seen.
    let wrong: Vec<f64> = normals.iter().map(|value| value * 1.04).collect();
    assert!(distance(&wrong, normal_cdf) > threshold(n));
    // The tails: the count beyond 4 is binomial with mean 25.3; beyond 4.9169 is 1e-6 of the normal law.
    let beyond = normals.iter().filter(|value| value.abs() > 4.0).count();
    // A Poisson count of mean 25.3 lies outside 5..=56 with probability below 1e-6.
    assert!((5..=56).contains(&beyond), "{beyond}");
}

#[test]
fn neighbours_purposes_and_paths_are_uncorrelated() {
    let n = 100_000;
    let draws = Draws::new(Seed(11));
    let fill = |path, purpose| {
        let mut out = vec![0.0; n];
        draws.normals(path, purpose, &mut out);
        out
    };
    let base = fill(0, 0);
    let correlation = |other: &[f64]| daotwin_core::statistics::pearson(&base[..other.len()], other);
    // A correlation of n independent normals exceeds 4.89 / sqrt(n) with probability 1e-6.
    let bound = 4.9 / (n as f64).sqrt();
    for other in [&fill(1, 0), &fill(0, 1)] {
        assert!(correlation(other).abs() < bound);
    }
    for lag in [1, 2, 64, 128, 256] {
        assert!(correlation(&base[lag..]).abs() < bound, "lag {lag}");
        let squares: Vec<f64> = base.iter().map(|value| value * value).collect();
        assert!(
            daotwin_core::statistics::pearson(&squares[..n - lag], &squares[lag..]).abs() < bound,
            "squares, lag {lag}"
        );
    }
    // Negative control.
    assert!(correlation(&fill(0, 0)) > bound);
}

#[test]
fn a_longer_request_begins_like_a_shorter_one() {
    let draws = Draws::new(Seed(1));
    let (mut short, mut long) = (vec![0.0; 1_000], vec![0.0; 1_300]);
    draws.normals(9, 4, &mut short);
    draws.normals(9, 4, &mut long);
    assert_eq!(short, long[..1_000]);
}
