//! Which models should draw the parts of a History? `parts [DATA [SEEDS [CHOICE...]]]` fits each DAO of
//! `governance-core` with at least 900 votes with each choice (`twin`, the twin's own estimators, and
//! `PART=MODEL` with any number of them joined by `,`; the twin and each part by each model that can draw it
//! where none is given). It prints, for each, the area under the curve of the classifier two-sample test, as the
//! mean over seeds, with the facts outside their tolerance and the seconds of processor; then, for each DAO, the
//! choice that scores best on the other DAOs, and the score of that choice on the DAO itself, which had no say.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod support;

use std::error::Error;
use std::path::PathBuf;

use daotwin::core::statistics::mean;
use daotwin::core::{Run, Seed};
use daotwin::evaluation::Options;
use daotwin::evaluation::detection::separation;
use daotwin::evaluation::rows::Rows;
use daotwin::generators::twin;
use daotwin::generators::twin::parts::{MODELS, OWN, Part};
use daotwin::history::History;
use daotwin::history::facts::{Facts, floors, table};
use daotwin::history::synthesizer::{FitOptions, Fitted, SampleOptions};
use daotwin::history::view::DaoView;

/// What one choice reaches on one DAO: area, facts outside, seconds.
type Score = (f64, usize, f64);

/// What a choice names, and the twin's own estimators for every other part.
fn parts(choice: &str) -> Vec<(String, String)> {
    let named: Vec<(&str, &str)> = choice.split(',').filter_map(|pair| pair.split_once('=')).collect();
    let unknown = named.iter().copied().filter(|(part, _)| Part::find(part).is_none());
    let own = |part: Part| {
        named.iter().find(|(name, _)| *name == part.name()).copied().unwrap_or((part.name(), OWN))
    };
    let all = Part::ALL.into_iter().map(own).chain(unknown);
    all.map(|(part, model)| (part.to_owned(), model.to_owned())).collect()
}

fn score(history: &History, view: &DaoView, choice: &str, seeds: u64) -> Result<Score, Box<dyn Error>> {
    let run = Run::default();
    let begun = support::processor_seconds();
    let (real, mut areas, mut facts) = (Rows::of(view), Vec::new(), Vec::new());
    for seed in 1..=seeds {
        let fit =
            FitOptions { seed: Seed(seed), dao: Some(view.dao.clone()), parts: parts(choice), privacy: None };
        let fitted = twin::fit(history, &fit, &run)?;
        let options = SampleOptions { seed: Seed(seed), ..SampleOptions::default() };
        let sample = DaoView::one(&fitted.sample(&options, &run)?, None)?;
        let rows = Rows::of(&sample);
        // As the example `detection` does it: two splits a seed, folded at one half only after averaging.
        for split in 0..2 {
            let seed = Seed(Seed(seed).streams("detection").stream(split).bits());
            areas.extend(separation(&real, &rows, Options::default().max_rows, seed, &run)?);
        }
        facts.push(Facts::of(&sample));
    }
    let outside = table(&view.dao, &Facts::of(view), &facts, &floors(view, 100, Seed(0))).outside();
    let area = mean(&areas);
    Ok((area.max(1.0 - area), outside, support::processor_seconds() - begun))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let data = arguments.next().map(PathBuf::from);
    let seeds = match arguments.next() {
        Some(text) => text.to_string_lossy().parse()?,
        None => 2_u64,
    };
    let mut choices: Vec<String> = arguments.map(|choice| choice.to_string_lossy().into_owned()).collect();
    if choices.is_empty() {
        choices.push(OWN.to_owned());
        for part in Part::ALL {
            choices.extend(MODELS.map(|model| format!("{}={model}", part.name())));
        }
    }
    let history = support::governance_core(data)?;
    let (mut daos, mut scores): (Vec<String>, Vec<Vec<Score>>) = (Vec::new(), Vec::new());
    println!("| DAO | choice | area | facts outside | CPU-s |\n| --- | --- | ---: | ---: | ---: |");
    for view in DaoView::all(&history)? {
        if view.votes.len() < support::LEAST_VOTES {
            continue;
        }
        let mut row = Vec::new();
        for choice in &choices {
            let (area, outside, seconds) = score(&history, &view, choice, seeds)?;
            println!("| {} | {choice} | {area:.3} | {outside} | {seconds:.1} |", view.dao);
            row.push((area, outside, seconds));
        }
        if row.iter().all(|score| score.0.is_finite()) {
            daos.push(view.dao.clone());
            scores.push(row);
        }
    }
    println!("\n| choice | mean area | facts outside |\n| --- | ---: | ---: |");
    for (place, choice) in choices.iter().enumerate() {
        let areas: Vec<f64> = scores.iter().map(|row| row[place].0).collect();
        let outside: usize = scores.iter().map(|row| row[place].1).sum();
        println!("| {choice} | {:.3} | {outside} |", mean(&areas));
    }
    println!("\n| DAO left out | chosen on the others | its area here | `{}` here |", choices[0]);
    println!("| --- | --- | ---: | ---: |");
    let (mut honest, mut first) = (Vec::new(), Vec::new());
    for (out, dao) in daos.iter().enumerate() {
        let others = |place: usize| -> f64 {
            let rows = scores.iter().enumerate().filter(|(row, _)| *row != out);
            mean(&rows.map(|(_, row)| row[place].0).collect::<Vec<_>>())
        };
        let best = (0..choices.len()).min_by(|&a, &b| others(a).total_cmp(&others(b))).unwrap_or(0);
        println!("| {dao} | {} | {:.3} | {:.3} |", choices[best], scores[out][best].0, scores[out][0].0);
        honest.push(scores[out][best].0);
        first.push(scores[out][0].0);
    }
    println!("| mean | | {:.3} | {:.3} |", mean(&honest), mean(&first));
    Ok(())
}
