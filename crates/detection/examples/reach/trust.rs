//! Who-trusts-whom graphs of two trading platforms, with the labelling of SLADE (Lee, Kim and Shin, KDD 2024).
//!
//! Labelling: a rating is an anomaly where it is negative and the sum of all ratings that its receiver ever gets is negative. The
//! labels that the paper's repository (`jhsk777/SLADE`, commit 30f8c8f) publishes were compared with it: on Bitcoin-Alpha all
//! 24,186 agree; on Bitcoin-OTC the 2,568 positives agree in number (the file has no ids to compare by). Detectors see who rates
//! whom and when, never a rating. The test part is after the 0.85 quantile of times, as in the repository. A label of the
//! training part is computed from ratings of the training part alone.

use std::collections::BTreeMap;

use daotwin_core::Seed;
use daotwin_core::statistics::quantile;
use daotwin_detection::Event;
use daotwin_detection::boosting::{Effort, Forest, Rows};
use daotwin_detection::features::{COUNT, Features, Learned};
use daotwin_detection::measure::precision_figure;
use daotwin_detection::memory::Memories;
use daotwin_detection::midas::{Judged, Settings, Sketch};

use crate::{Table, data, head, records};

struct Rating {
    from: String,
    to: String,
    value: f64,
    at: f64,
}

fn labels(ratings: &[Rating]) -> Vec<bool> {
    let mut sums: BTreeMap<&str, f64> = BTreeMap::new();
    for rating in ratings {
        *sums.entry(&rating.to).or_default() += rating.value;
    }
    ratings.iter().map(|rating| rating.value < 0.0 && sums[rating.to.as_str()] < 0.0).collect()
}

fn key(id: &str) -> u64 {
    id.bytes().fold(7, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    })
}

pub(crate) fn run(table: &mut Table) {
    let Some(folder) = data("trust-graphs") else { return };
    // Positives of the published labels, then average precision of SLADE and of MIDAS in the paper.
    for (name, positives, slade, midas) in
        [("bitcoin-alpha", 874, 0.1540, 0.1299), ("bitcoin-otc", 2568, 0.2046, 0.1614)]
    {
        let mut ratings: Vec<Rating> = records(&folder.join(format!("{name}.csv.gz")))
            .into_iter()
            .filter_map(|row| {
                let [value, at] =
                    [2, 3].map(|place| row.get(place).and_then(|text| text.trim().parse().ok()));
                Some(Rating { from: row[0].clone(), to: row[1].clone(), value: value?, at: at? })
            })
            .collect();
        ratings.sort_by(|a, b| a.at.total_cmp(&b.at));
        let truth = labels(&ratings);
        head(&format!("{name}: {} ratings", ratings.len()));
        let found = truth.iter().filter(|&&label| label).count();
        table.line(
            "positives of the labelling",
            &found.to_string(),
            Some(format!("exactly {positives}")),
            found == positives,
        );
        let times: Vec<f64> = ratings.iter().map(|rating| rating.at).collect();
        let split = quantile(&times, 0.85);
        let start = times.partition_point(|&at| at <= split);
        let known = labels(&ratings[..start]);
        let events: Vec<Event<'_>> = ratings
            .iter()
            .map(|rating| Event {
                at: rating.at as i64,
                actor: &rating.from,
                other: &rating.to,
                place: "trust",
                ..Event::default()
            })
            .collect();
        let groups: Vec<u64> = ratings[start..].iter().map(|rating| key(&rating.to)).collect();
        let test = &truth[start..];

        // Naive, and without labels: who has rated fewest others is most suspicious.
        let mut given: BTreeMap<&str, f64> = BTreeMap::new();
        let naive: Vec<f64> = ratings
            .iter()
            .map(|rating| {
                *given.entry(&rating.from).or_default() += 1.0;
                -given.get(rating.to.as_str()).copied().unwrap_or(0.0)
            })
            .collect();
        let mut say = |what: &str, scores: &[f64], asked: Option<f64>| {
            let figure = precision_figure(what, &scores[start..], &naive[start..], test, &groups, Seed(1));
            table.figure(&figure, asked);
        };

        let mut sketch =
            Sketch::new(Settings { tick_seconds: 86_400, judged: Judged::Largest, ..Settings::default() })
                .unwrap();
        let scores: Vec<f64> = ratings
            .iter()
            .map(|rating| sketch.edge(key(&rating.from), key(&rating.to), rating.at as i64))
            .collect();
        say(&format!("average precision of `midas` (paper's MIDAS {midas:.4})"), &scores, None);

        // Whose ways change: the receiver's, as in the paper.
        let edges: Vec<(u64, u64, i64)> =
            ratings.iter().map(|rating| (key(&rating.to), key(&rating.from), rating.at as i64)).collect();
        let mut memories = Memories::new(14);
        memories.teach(&edges[..start], 3, Seed(1));
        let scores: Vec<f64> = edges.iter().map(|&(to, from, at)| memories.edge(to, from, at)).collect();
        say("average precision of `memory`, no labels", &scores, None);

        let learned = Learned { memory: memories.weights(), ..Learned::fit(&[], None, Seed(1)).unwrap() };
        let mut features = Features::new(learned).unwrap();
        let numbers: Vec<[f64; COUNT]> = events.iter().map(|event| features.row(event)).collect();
        let mut rows = Rows::new(COUNT);
        for (row, &label) in numbers[..start].iter().zip(&known) {
            rows.push(row, label, 1.0);
        }
        let effort = Effort { trees: 200, rate: 0.05, depth: 4, leaf: 4.0 };
        let forest = Forest::fit(&rows, effort).unwrap();
        let scores: Vec<f64> = numbers.iter().map(|row| forest.log_odds(row)).collect();
        say("average precision of `boosting`, labels of the training part", &scores, Some(slade));
    }
}
