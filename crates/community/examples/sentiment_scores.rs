//! The lexicon against people: texts that twenty readers rated each.
//!
//! `cargo run --release --example sentiment_scores -- FOLDER [DISCORD]` reads the rated sets of Hutto and Gilbert (2014) as they
//! are published with `vaderSentiment` (`hutto_ICWSM_2014`: MIT licence), and prints, for tweets, product reviews, film reviews
//! and newspaper opinion: the correlation with the readers' mean, the share of texts whose sign is right (of three: below, about
//! and above 0) beside that of always saying the most frequent one, and the mean F1 of the three. It exits 1 where tweets, the
//! kind of text it was made for, correlate below 0.85 or any set is no better than the most frequent sign. The tweets were
//! rated for the paper that made the lexicon, so they are no independent sample; the other three are of other kinds of text.
//!
//! With the folder of Discord's daily sentiment it also says how its daily means go with those published for the same messages
//! by others with the same lexicon, which checks the reading and the days, not the lexicon.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "an example prints, and fails by panicking")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use daotwin_community::sentiment::Lexicon;
use daotwin_core::statistics::pearson;

/// Published with the lexicon: name, file, texts.
const SETS: [(&str, &str); 4] = [
    ("tweets", "tweets_GroundTruth.txt"),
    ("product reviews", "amazonReviewSnippets_GroundTruth.txt"),
    ("film reviews", "movieReviewSnippets_GroundTruth.txt"),
    ("newspaper opinion", "nytEditorialSnippets_GroundTruth.txt"),
];
/// Below this, as a share of the scale, a text is about neutral.
const NEUTRAL: f64 = 0.05;

fn sign(score: f64) -> i8 {
    i8::from(score >= NEUTRAL) - i8::from(score <= -NEUTRAL)
}

fn score(name: &str, path: &Path, lexicon: &Lexicon) -> bool {
    let bytes = std::fs::read(path).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let mut rated = Vec::new();
    let mut scored = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, '\t');
        if let (Some(_), Some(mean), Some(text)) = (parts.next(), parts.next(), parts.next()) {
            // Readers rated from -4 to 4.
            rated.push(mean.trim().parse::<f64>().unwrap() / 4.0);
            scored.push(lexicon.score(text));
        }
    }
    let signs: Vec<(i8, i8)> =
        rated.iter().zip(&scored).map(|(real, found)| (sign(*real), sign(*found))).collect();
    let many = signs.len() as f64;
    let right = signs.iter().filter(|(real, found)| real == found).count() as f64 / many;
    let count = |wanted: i8| signs.iter().filter(|(real, _)| *real == wanted).count() as f64;
    let frequent = [-1, 0, 1].map(count).into_iter().fold(0.0, f64::max) / many;
    let f1 = |wanted: i8| {
        let hit = signs.iter().filter(|pair| **pair == (wanted, wanted)).count() as f64;
        let told = signs.iter().filter(|(_, found)| *found == wanted).count() as f64;
        if told + count(wanted) > 0.0 { 2.0 * hit / (told + count(wanted)) } else { 0.0 }
    };
    let correlation = pearson(&rated, &scored);
    let mean_f1 = [-1, 0, 1].map(f1).iter().sum::<f64>() / 3.0;
    let kept = right > frequent && (name != "tweets" || correlation >= 0.85);
    println!(
        "{name:<18} {:>5} texts | correlation {correlation:.3} | sign right {right:.3}, the most frequent {frequent:.3} | mean F1 {mean_f1:.3}{}",
        signs.len(),
        if kept { "" } else { "  BROKEN" }
    );
    kept
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn daily(folder: &Path, name: &str, lexicon: &Lexicon) {
    let mut days: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for row in rows(&folder.join(format!("{name}.csv.gz"))) {
        let day = days.entry(row[1][..10].to_owned()).or_default();
        *day = (day.0 + lexicon.score(&row[2]), day.1 + 1.0);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for row in rows(&folder.join(format!("{name}_daily_sentiment.csv.gz"))) {
        if let (Some((sum, many)), Ok(published)) = (days.get(&row[0][..10]), row[1].parse::<f64>()) {
            ours.push(sum / many);
            theirs.push(published);
        }
    }
    println!(
        "Discord, {name}: {} days, correlation with the published means {:.3}",
        ours.len(),
        pearson(&ours, &theirs)
    );
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let lexicon = Lexicon::new();
    let mut holds = true;
    match arguments.next().filter(|folder| folder.join(SETS[0].1).is_file()) {
        Some(folder) => {
            for (name, file) in SETS {
                holds &= score(name, &folder.join(file), &lexicon);
            }
        }
        None => println!("no rated texts: give the folder `hutto_ICWSM_2014` of vaderSentiment"),
    }
    if let Some(folder) = arguments.next() {
        for name in ["aave", "uniswap", "curve", "meritcircle"] {
            daily(&folder, name, &lexicon);
        }
    }
    if holds { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
