//! In which order labels stand on their latent scale.

use daotwin_core::Run;
use rayon::prelude::*;

use super::latent::Latent;
use crate::error::Result;

/// Rows that the order is learned from at most.
const ROWS: usize = 50_000;

/// Rounds of averaging.
const ROUNDS: usize = 20;

/// Rows of the mean that a label's score is blended with.
const SMOOTHING: f64 = 5.0;

fn standardised(scores: &[f64], counts: &[f64]) -> Vec<f64> {
    let total: f64 = counts.iter().sum();
    let of = |value: &dyn Fn(usize) -> f64| {
        (0..scores.len()).map(|code| counts[code] * value(code)).sum::<f64>() / total
    };
    let mean = of(&|code| scores[code]);
    let deviation = of(&|code| (scores[code] - mean).powi(2)).sqrt();
    let scale = if deviation > 1e-9 { 1.0 / deviation } else { 0.0 };
    scores.iter().map(|score| (score - mean) * scale).collect()
}

/// The codes of every column in their latent order. Numbers keep theirs; labels are ordered by reciprocal
/// averaging: by the mean of what the other columns of their rows have in common (the first component of optimal
/// scaling, Young, de Leeuw and Takane 1978), so that one latent scale says as much about the rest as it can.
///
/// # Errors
/// Cancellation.
pub(super) fn learned(
    codes: &[Vec<u32>],
    sizes: &[usize],
    labels: &[bool],
    run: &Run,
) -> Result<Vec<Vec<u32>>> {
    let rows = codes[0].len();
    let step = rows.div_ceil(ROWS).max(1);
    let picked: Vec<usize> = (0..rows).step_by(step).collect();
    let counts: Vec<Vec<f64>> = codes
        .par_iter()
        .zip(sizes)
        .map(|(codes, &size)| {
            let mut counts = vec![0.0; size];
            picked.iter().for_each(|&row| counts[codes[row] as usize] += 1.0);
            counts
        })
        .collect();
    let mut scores: Vec<Vec<f64>> = counts
        .iter()
        .map(|counts| {
            let law: Vec<f64> = counts.iter().map(|count| count / picked.len() as f64).collect();
            let natural = Latent::new((0..counts.len() as u32).collect(), law);
            standardised(&natural.scores(), counts)
        })
        .collect();
    // Labels say nothing before numbers have said something, where there are any.
    let numbers = labels.iter().any(|label| !label);
    let mut loadings: Vec<f64> =
        labels.iter().map(|&label| if label && numbers { 0.0 } else { 1.0 }).collect();
    for _ in 0..ROUNDS {
        run.check()?;
        let common: Vec<f64> = picked
            .iter()
            .map(|&row| {
                let own = codes.iter().zip(&scores).zip(&loadings);
                own.map(|((codes, scores), loading)| loading * scores[codes[row] as usize]).sum()
            })
            .collect();
        let deviation = (common.iter().map(|value| value * value).sum::<f64>() / picked.len() as f64).sqrt();
        if deviation <= 1e-9 {
            break;
        }
        let next: Vec<(Vec<f64>, f64)> = (0..codes.len())
            .into_par_iter()
            .map(|column| {
                let mut sums = vec![0.0; sizes[column]];
                for (&row, common) in picked.iter().zip(&common) {
                    let code = codes[column][row] as usize;
                    sums[code] += common / deviation;
                }
                let mut own = scores[column].clone();
                if labels[column] {
                    for (code, score) in own.iter_mut().enumerate() {
                        // What the column itself put in says nothing about the others.
                        let others =
                            sums[code] - counts[column][code] * loadings[column] * *score / deviation;
                        *score = others / (counts[column][code] + SMOOTHING);
                    }
                    own = standardised(&own, &counts[column]);
                }
                let loading = own.iter().zip(&sums).map(|(a, b)| a * b).sum::<f64>() / picked.len() as f64;
                (own, loading)
            })
            .collect();
        (scores, loadings) = next.into_iter().unzip();
    }
    Ok(scores
        .iter()
        .zip(labels)
        .map(|(scores, &label)| {
            let mut order: Vec<u32> = (0..scores.len() as u32).collect();
            if label {
                order.sort_by(|&a, &b| scores[a as usize].total_cmp(&scores[b as usize]));
            }
            order
        })
        .collect())
}
