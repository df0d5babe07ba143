//! What the rules of `--model auto` and the defaults of private models rest on: fits that differ from those of the
//! page in the number of rows, of columns, in the noise or in one setting.

use std::error::Error;
use std::process::Command;

use daotwin::core::statistics::mean;

use crate::figures::Row;

/// A fit: table, model, epsilon (0 is no guarantee), and how it differs.
type Fit = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// What is printed of each fit of a group.
struct Group {
    name: &'static str,
    figures: &'static [&'static str],
    /// What differs between repetitions, and how many there are; their mean and range are printed.
    repeated: (&'static str, usize),
    fits: &'static [Fit],
}

const GROUPS: &[Group] = &[
    Group {
        name: "few",
        figures: &["membership", "utility", "marginals3"],
        repeated: ("draw", 8),
        fits: &[
            ("adult", "trees", "0", &["rows=100"]),
            ("adult", "copula", "0", &["rows=100"]),
            ("adult", "trees", "0", &["rows=200"]),
            ("adult", "copula", "0", &["rows=200"]),
            ("adult", "trees", "0", &["rows=300"]),
            ("adult", "copula", "0", &["rows=300"]),
            ("votes", "trees", "0", &["rows=200"]),
            ("votes", "copula", "0", &["rows=200"]),
            ("wide", "trees", "0", &["rows=200"]),
            ("wide", "copula", "0", &["rows=200"]),
        ],
    },
    Group {
        name: "many",
        figures: &["marginals3", "fit_cpu_s"],
        repeated: ("noise", 1),
        fits: &[
            ("wide", "mst", "1", &[]),
            ("wide", "aim", "1", &[]),
            ("wide", "mst", "1", &["beside=2"]),
            ("wide", "aim", "1", &["beside=2"]),
            ("wide", "mst", "1", &["beside=4"]),
            ("wide", "aim", "1", &["beside=4"]),
        ],
    },
    Group {
        name: "bins",
        figures: &["marginals3", "tail of weight"],
        repeated: ("noise", 1),
        fits: &[
            ("adult", "aim", "1", &["bin_share=0"]),
            ("adult", "aim", "1", &[]),
            ("adult", "mst", "1", &["bin_share=0"]),
            ("adult", "mst", "1", &[]),
            ("adult", "copula", "1", &["bin_share=0"]),
            ("adult", "copula", "1", &[]),
            ("adult", "vae", "1", &["bin_share=0"]),
            ("adult", "vae", "1", &[]),
            ("adult", "autoregressive", "1", &["bin_share=0"]),
            ("adult", "autoregressive", "1", &[]),
            ("adult", "diffusion", "1", &["bin_share=0"]),
            ("adult", "diffusion", "1", &[]),
            ("votes", "aim", "1", &["bin_share=0"]),
            ("votes", "aim", "1", &[]),
            ("votes", "mst", "1", &["bin_share=0"]),
            ("votes", "mst", "1", &[]),
            ("votes", "copula", "1", &["bin_share=0"]),
            ("votes", "copula", "1", &[]),
            ("votes", "vae", "1", &["bin_share=0"]),
            ("votes", "vae", "1", &[]),
            ("votes", "autoregressive", "1", &["bin_share=0"]),
            ("votes", "autoregressive", "1", &[]),
            ("votes", "diffusion", "1", &["bin_share=0"]),
            ("votes", "diffusion", "1", &[]),
        ],
    },
    Group {
        name: "noise",
        figures: &["utility", "f1", "marginals3", "detection"],
        repeated: ("noise", 5),
        fits: &[("adult", "gan", "1", &[])],
    },
];

/// Measures and prints these groups; all where none is named.
pub(crate) fn print(only: &[String]) -> Result<(), Box<dyn Error>> {
    if let Some(unknown) = only.iter().find(|name| GROUPS.iter().all(|group| group.name != *name)) {
        let known: Vec<&str> = GROUPS.iter().map(|group| group.name).collect();
        return Err(format!("there is no group `{unknown}`; there are {}", known.join(", ")).into());
    }
    for group in GROUPS.iter().filter(|group| only.is_empty() || only.iter().any(|name| name == group.name)) {
        for (table, model, epsilon, variant) in group.fits {
            let mut rows = Vec::new();
            let (repeated, times) = group.repeated;
            for repetition in 1..=times {
                let output = Command::new(std::env::current_exe()?)
                    .args(["one", table, model, epsilon, &format!("{repeated}={repetition}")])
                    .args(*variant)
                    .stderr(std::process::Stdio::inherit())
                    .output()?;
                let row: Row = serde_json::from_slice(&output.stdout)?;
                if let Some(reason) = row.failed {
                    return Err(format!("{table} {model} {}: {reason}", variant.join(" ")).into());
                }
                rows.push(row);
            }
            print!("{}: {table} {model} epsilon {epsilon} {}:", group.name, variant.join(" "));
            for id in group.figures {
                let values: Vec<f64> = rows.iter().filter_map(|row| row.figures.get(*id).copied()).collect();
                let (low, high) =
                    values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                        (low.min(*value), high.max(*value))
                    });
                if !values.is_empty() {
                    print!(" {id} {:.3} ({low:.3} to {high:.3})", mean(&values));
                }
            }
            println!();
        }
    }
    Ok(())
}
