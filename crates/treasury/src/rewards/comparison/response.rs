//! How members answer a reward, measured on those who asked for one.

use serde::Serialize;

/// Somebody who asked for money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
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
            f64::from(count(&|case| *case == Case { before, rewarded, stayed }))
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
