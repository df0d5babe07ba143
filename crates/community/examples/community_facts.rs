//! Facts of real communities and of streams drawn from models fitted to them, side by side.
//!
//! `cargo run --release --example community_facts [-- --data FOLDER]` reads Discord's governance channels and the forum of the
//! shared data, fits a stream to each, draws twenty, and prints each fact beside what was asked: within 10 % of the record, or
//! within what records of that size differ by (95 % of bootstrap replicates). It exits 1 where a fact is not.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "an example prints, and fails by panicking")]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use daotwin_community::stream::{
    Fact, Law, Record, StreamModel, Timing, facts, floors, from_history, to_history,
};
use daotwin_community::text::{LanguageOptions, longest_copy};
use daotwin_core::statistics::{mean, quantile, standard_deviation};
use daotwin_core::{Limits, Seed};
use daotwin_history::builder::{Cell, HistoryBuilder};
use daotwin_history::schema::{Precision, Table};

const DRAWS: u64 = 20;
const FLOORS: u64 = 200;
/// Words in a row that a text of a model may share with the texts that it was made from.
const ROW: usize = 6;

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let bytes = unpacked(path);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

/// Seconds since 1970 of `2020-01-31T12:34:56`, by days of the civil calendar.
fn seconds(date: &str) -> i64 {
    let part = |from: usize, to: usize| date[from..to].parse::<i64>().unwrap();
    let (year, month, day) = (part(0, 4), part(5, 7), part(8, 10));
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let of_era = shifted - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    days * 86_400 + part(11, 13) * 3600 + part(14, 16) * 60 + part(17, 19)
}

/// A channel of Discord, through a History as everything that the command reads.
fn discord(path: &Path) -> Record {
    let rows = rows(path);
    // Some exports know the day alone.
    let by_day = rows.iter().all(|row| row[1].ends_with("T00:00:00"));
    let precision = if by_day { Precision::Day } else { Precision::Second };
    let mut builder = HistoryBuilder::new(18, Limits::default());
    for (number, row) in rows.iter().enumerate() {
        let cells = [
            ("dao", Cell::Text("dao")),
            ("message", Cell::Text(&format!("m{number}"))),
            ("member", Cell::Text(&row[0])),
            ("at", Cell::Time(seconds(&row[1]), precision)),
            ("channel", Cell::Text("governance")),
            ("text", Cell::Text(&row[2])),
        ];
        builder.table(Table::Messages).push_named(&cells).unwrap();
    }
    from_history(&builder.finish().unwrap(), None).unwrap()
}

/// The forum, whose first posts are missing: each thread gets an opening by an account of its own, which quotes of those who did
/// not reply there answer.
fn forum(path: &Path) -> Record {
    let rows = rows(path);
    let mut builder = HistoryBuilder::new(18, Limits::default());
    let mut seen: std::collections::BTreeMap<(String, String), String> = std::collections::BTreeMap::new();
    let mut opened = std::collections::BTreeSet::new();
    for (number, row) in rows.iter().enumerate() {
        let (thread, author) = (&row[0], &row[2]);
        let opening = format!("opening-{thread}");
        if opened.insert(thread.clone()) {
            let cells = [
                ("dao", Cell::Text("dao")),
                ("message", Cell::Text(&opening)),
                ("member", Cell::Text(&opening)),
                ("channel", Cell::Text(thread)),
                ("text", Cell::Text(&row[1])),
            ];
            builder.table(Table::Messages).push_named(&cells).unwrap();
        }
        let quoted: Vec<String> = serde_json::from_str(&row[3]).unwrap();
        let asked = quoted.first().map(|quoted| {
            seen.get(&(thread.clone(), quoted.clone())).cloned().unwrap_or_else(|| opening.clone())
        });
        let id = format!("m{number}");
        let cells = [
            ("dao", Cell::Text("dao")),
            ("message", Cell::Text(&id)),
            ("member", Cell::Text(author)),
            ("channel", Cell::Text(thread)),
            ("reply_to", asked.as_deref().into()),
            ("text", Cell::Text(&row[4])),
        ];
        builder.table(Table::Messages).push_named(&cells).unwrap();
        seen.insert((thread.clone(), author.clone()), id.clone());
    }
    from_history(&builder.finish().unwrap(), None).unwrap()
}

/// Whether a stream that became a History is the same stream again.
fn comes_back(drawn: &Record) -> bool {
    let read = from_history(&to_history(&drawn.stream, "dao").unwrap(), None).unwrap();
    let told = |record: &Record| {
        record.stream.messages.iter().map(|message| message.text.clone()).collect::<Vec<_>>()
    };
    read.stream.messages.len() == drawn.stream.messages.len() && told(&read) == told(drawn)
}

fn compare(name: &str, record: &Record) -> bool {
    let floors = floors(record, FLOORS, Seed(1));
    let model = StreamModel::fit(record, Some(LanguageOptions { authors: 5, row: ROW }), Seed(1)).unwrap();
    // Facts do not depend on what texts are made of; templates are faster.
    let plain = StreamModel { language: None, ..model.clone() };
    let drawn: Vec<Record> =
        (0..DRAWS).map(|draw| if draw == 0 { &model } else { &plain }.sample(Seed(100 + draw))).collect();
    let told: Vec<Vec<Fact>> = drawn.iter().map(facts).collect();
    println!(
        "\n{name}: {} messages by {} authors, drawn {DRAWS} times",
        record.stream.messages.len(),
        model.authors
    );
    if let Some(times) = &model.times {
        println!(
            "  Hawkes, by time rescaling: distance {:.4} (chance {:.1e}); without excitement {:.4} ({:.1e}); branching {:.2}",
            times.fitted.distance,
            times.fitted.probability,
            times.calm.distance,
            times.calm.probability,
            model.hawkes.branching_ratio()
        );
    }
    println!(
        "  {:<16} {:>9} {:>9} {:>8} {:>9} {:>7}  asked",
        "fact", "record", "drawn", "sd", "floor", "off"
    );
    let mut holds = true;
    for (place, fact) in facts(record).iter().enumerate() {
        let values: Vec<f64> = told
            .iter()
            .filter_map(|told| told.iter().find(|other| other.name == fact.name))
            .map(|fact| fact.value)
            .collect();
        let off = (mean(&values) - fact.value).abs();
        let bar = (0.1 * fact.value.abs()).max(floors[place]);
        let kept = values.len() == told.len() && off <= bar;
        holds &= kept;
        println!(
            "  {:<16} {:>9.3} {:>9.3} {:>8.3} {:>9.3} {:>6.1}%  {} {}",
            fact.name,
            fact.value,
            mean(&values),
            standard_deviation(&values),
            floors[place],
            100.0 * off / fact.value.abs().max(1e-12),
            if off <= 0.1 * fact.value.abs() { "within 10 %" } else { "within the floor" },
            if kept { "" } else { "BROKEN" }
        );
    }
    let known: Vec<&str> = record.stream.messages.iter().map(|message| message.text.as_str()).collect();
    let written: Vec<&str> = drawn[0].stream.messages.iter().map(|message| message.text.as_str()).collect();
    let copied = longest_copy(written, known.iter().copied(), 12);
    // Negative control: the record's own texts are found.
    let control = longest_copy(known.iter().copied(), known.iter().copied(), 12);
    let clean = copied < ROW && control >= ROW;
    println!(
        "  longest row of words shared with the record: {copied} | asked: below {ROW} {} (of the record itself: {control} or more)",
        if clean { "" } else { "BROKEN" }
    );
    let round = comes_back(&drawn[0]);
    println!("  a drawn stream comes back out of its History: {round}");
    if record.timing == Timing::Order {
        println!("  no times in this record: nothing is said of days and gaps");
    }
    holds && clean && round
}

/// Posts of ENS's topics: no authors, so the law of sizes alone.
fn topics(path: &Path) -> bool {
    let topics: Vec<serde_json::Value> = serde_json::from_slice(&unpacked(path)).unwrap();
    let sizes: Vec<u32> = topics.iter().map(|topic| topic["posts_count"].as_u64().unwrap() as u32).collect();
    let law = Law::fit(&sizes);
    let streams = Seed(2).streams("sizes");
    let numbers = |sizes: &[u32]| sizes.iter().map(|&size| f64::from(size)).collect::<Vec<_>>();
    let drawn: Vec<Vec<f64>> = (0..DRAWS)
        .map(|draw| {
            let draws = &mut streams.stream(draw);
            numbers(&sizes.iter().map(|_| law.draw(draws)).collect::<Vec<_>>())
        })
        .collect();
    let real = numbers(&sizes);
    println!("\nENS forum: {} topics; no authors, so sizes alone", sizes.len());
    let mut holds = true;
    type Measure = fn(&[f64]) -> f64;
    let measures: [(&str, Measure); 3] = [
        ("median", |sizes| quantile(sizes, 0.5)),
        ("mean", mean),
        ("99 % quantile", |sizes| quantile(sizes, 0.99)),
    ];
    for (name, measure) in measures {
        let (asked, found) =
            (measure(&real), mean(&drawn.iter().map(|drawn| measure(drawn)).collect::<Vec<_>>()));
        let kept = (found - asked).abs() <= 0.1 * asked;
        holds &= kept;
        println!(
            "  posts a topic, {name}: {found:.2} | asked: {asked:.2} within 10 % {}",
            if kept { "" } else { "BROKEN" }
        );
    }
    holds
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let place = arguments.iter().position(|argument| argument == "--data");
    let folder = place.and_then(|place| arguments.get(place + 1)).map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    if !folder.join("community-discord").is_dir() {
        println!("no data at `{}`: nothing was compared; give `--data FOLDER`", folder.display());
        return ExitCode::SUCCESS;
    }
    let mut holds = true;
    for name in ["aave", "uniswap", "curve", "meritcircle"] {
        let record = discord(&folder.join(format!("community-discord/{name}.csv.gz")));
        holds &= compare(&format!("Discord, {name}"), &record);
    }
    holds &= compare("Arbitrum forum", &forum(&folder.join("community-forum/arbitrum_replies.csv.gz")));
    holds &= topics(&folder.join("ens-dao/forum_topics.json.gz"));
    if holds { ExitCode::SUCCESS } else { ExitCode::from(1) }
}
