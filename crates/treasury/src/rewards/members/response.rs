//! How members answer a reward, measured on those who asked for one.

use serde::Serialize;

/// Somebody who asked for money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// When it was decided, in seconds since 1970.
    pub at: i64,
    /// Whether it had acted in the 90 days before it asked.
    pub before: bool,
    /// Whether it got it.
    pub rewarded: bool,
    /// Whether it acted in the 90 days after the decision.
    pub stayed: bool,
}

/// What a reward adds to the logit of staying.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Response {
    /// The logarithm of the common odds ratio.
    pub effect: f64,
    /// 95 % of it lies between these.
    pub interval: (f64, f64),
    /// Who was rewarded: stayed, all.
    pub rewarded: (u32, u32),
    /// Who was not: stayed, all.
    pub refused: (u32, u32),
}

/// Mantel and Haenszel's common odds ratio over who had acted before and who had not, with Robins, Breslow and Greenland's
/// variance (1986, equation 4). It is an association: who is granted money differs from who is not in other ways too, so it bounds
/// the effect from above rather than measures it. None for fewer than 10 rewarded or refused, or where an odds ratio does not exist.
pub fn measure(cases: &[Case]) -> Option<Response> {
    let count = |of: &dyn Fn(&Case) -> bool| cases.iter().filter(|case| of(case)).count() as u32;
    let rewarded = (count(&|case| case.rewarded && case.stayed), count(&|case| case.rewarded));
    let refused = (count(&|case| !case.rewarded && case.stayed), count(&|case| !case.rewarded));
    if rewarded.1 < 10 || refused.1 < 10 {
        return None;
    }
    // By stratum: R = a d / n, S = b c / n, P = (a + d) / n, Q = (b + c) / n.
    let (mut r, mut s, mut pr, mut ps_qr, mut qs) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for before in [false, true] {
        let cell = |rewarded: bool, stayed: bool| {
            f64::from(count(&|case| (case.before, case.rewarded, case.stayed) == (before, rewarded, stayed)))
        };
        let (a, b, c, d) = (cell(true, true), cell(true, false), cell(false, true), cell(false, false));
        let n = a + b + c + d;
        if n == 0.0 {
            continue;
        }
        let (own_r, own_s, p, q) = (a * d / n, b * c / n, (a + d) / n, (b + c) / n);
        r += own_r;
        s += own_s;
        pr += p * own_r;
        ps_qr += p * own_s + q * own_r;
        qs += q * own_s;
    }
    if r <= 0.0 || s <= 0.0 {
        return None;
    }
    let effect = (r / s).ln();
    let error = (pr / (2.0 * r * r) + ps_qr / (2.0 * r * s) + qs / (2.0 * s * s)).sqrt();
    Some(Response { effect, interval: (effect - 1.96 * error, effect + 1.96 * error), rewarded, refused })
}

/// What a share of the budget adds to the logit of leaving: nothing for no share, half of `-effect` for an even one, `-effect` for a
/// very large one. The form is a judgement: more money does more, ever less.
pub fn answer(effect: f64, share: f64, members: usize) -> f64 {
    -effect * (1.0 - (-share * members as f64).exp2())
}

/// Mean squared errors (Brier 1950) of the chance to stay, of the later half of the cases, foretold from the earlier half: by the shares of
/// who had acted before and was rewarded, by those of who had acted before alone, and by the share of all. One is added to either
/// side of each share. None for fewer than 20 cases.
pub fn foretold(cases: &[Case]) -> Option<[f64; 3]> {
    if cases.len() < 20 {
        return None;
    }
    let mut ordered = cases.to_vec();
    ordered.sort_by_key(|case| case.at);
    let (first, later) = ordered.split_at(ordered.len() / 2);
    let share = |like: &dyn Fn(&Case) -> bool| {
        let alike = || first.iter().filter(|case| like(case));
        (alike().filter(|case| case.stayed).count() as f64 + 1.0) / (alike().count() as f64 + 2.0)
    };
    let error = |chance: &dyn Fn(&Case) -> f64| {
        let squares = later.iter().map(|case| (chance(case) - f64::from(u8::from(case.stayed))).powi(2));
        squares.sum::<f64>() / later.len() as f64
    };
    Some([
        error(&|case| share(&|other| (other.before, other.rewarded) == (case.before, case.rewarded))),
        error(&|case| share(&|other| other.before == case.before)),
        error(&|_| share(&|_| true)),
    ])
}
