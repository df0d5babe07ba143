//! Prints the fact table of each DAO of governance-core against samples of its twin.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a lab tool")]
use daotwin_core::{Run, Seed};
use daotwin_generators::twin;
use daotwin_history::facts::{self, Facts};
use daotwin_history::ingest;
use daotwin_history::synthesizer::{FitOptions, Fitted, SampleOptions};
use daotwin_history::view::DaoView;
use std::time::Instant;

fn pairs(view: &DaoView) -> (f64, f64, f64) {
    let mut counts = vec![0usize; view.members.len()];
    view.votes.iter().for_each(|v| counts[v.member as usize] += 1);
    let mut sorted = counts.clone();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let t = sorted.get(150).copied().unwrap_or(1).max(2);
    let (mut agree, mut all, mut core) = (0.0, 0.0, 0.0);
    for p in &view.proposals {
        let mut c = std::collections::BTreeMap::new();
        let mut n = 0.0;
        for v in &view.votes[p.votes.clone()] {
            if counts[v.member as usize] >= t {
                *c.entry(v.choice).or_insert(0.0) += 1.0;
                n += 1.0;
            }
        }
        agree += c.values().map(|x: &f64| x * (x - 1.0)).sum::<f64>();
        all += n * (n - 1.0);
        core += n;
    }
    (agree / all, all, core)
}

fn main() {
    let data =
        std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"));
    let paths: Vec<_> =
        ["daos", "members", "proposals", "votes"].iter().map(|n| data.join(format!("{n}.csv.gz"))).collect();
    let run = Run::default();
    let only: Vec<String> = std::env::args().skip(1).collect();
    let t = Instant::now();
    let real = ingest::ingest(&paths, &ingest::Options::default(), &run).unwrap();
    println!("ingest {:?}", t.elapsed());
    let t = Instant::now();
    let views = DaoView::all(&real).unwrap();
    println!("views {:?}", t.elapsed());
    let privacy = std::env::var("EPS").ok().map(|e| daotwin_history::synthesizer::PrivacyOptions {
        epsilon: e.parse().unwrap(),
        delta: 1e-6,
        ledger: "/nonexistent".into(),
        account: None,
        test_noise: Some(Seed(7)),
    });
    let t = Instant::now();
    let fitted =
        twin::fit(&real, &FitOptions { dao: only.first().cloned(), privacy, ..FitOptions::default() }, &run)
            .unwrap();
    println!("fit all {:?}", t.elapsed());
    let samples: Vec<Vec<DaoView>> =
        (1..=std::env::var("SEEDS").ok().and_then(|v| v.parse().ok()).unwrap_or(5))
            .map(|seed| {
                let t = Instant::now();
                let history =
                    fitted.sample(&SampleOptions { seed: Seed(seed), ..Default::default() }, &run).unwrap();
                let el = t.elapsed();
                let views = DaoView::all(&history).unwrap();
                if seed == 1 {
                    println!("sample {:?} {} votes", el, history.rows(daotwin_history::Table::Votes));
                }
                views
            })
            .collect();
    for view in &views {
        if view.votes.len() < 900 && only.is_empty() || (!only.is_empty() && !only.contains(&view.dao)) {
            continue;
        }
        let f = Facts::of(view);
        let synthetic: Vec<Facts> = samples
            .iter()
            .map(|views| Facts::of(views.iter().find(|v| v.dao == view.dao).unwrap()))
            .collect();
        let replicates = std::env::var("REPLICATES").ok().and_then(|v| v.parse().ok()).unwrap_or(40);
        let floors = facts::floors(view, replicates, Seed(9));
        let table = facts::table(&view.dao, &f, &synthetic, &floors);
        println!("== {} votes {} outside {}", view.dao, view.votes.len(), table.outside());
        println!(
            "pairs real {:?} syn {:?}",
            pairs(view),
            pairs(samples[0].iter().find(|v| v.dao == view.dao).unwrap())
        );
        let q = |view: &DaoView| {
            let p: Vec<f64> = view.votes.iter().map(|v| view.tokens(v)).collect();
            let s = daotwin_core::statistics::sorted(&p);
            (1..20)
                .map(|i| daotwin_core::statistics::quantile_sorted(&s, i as f64 / 20.0))
                .collect::<Vec<_>>()
        };
        println!("q real {:.3?}", q(view));
        println!("q synt {:.3?}", q(samples[0].iter().find(|v| v.dao == view.dao).unwrap()));
        for row in &table.rows {
            println!(
                "{} {:28} real {:>12.4} syn {:>12.4} dist {:.4} bar {:.4} floor {:.4}",
                if row.holds { " " } else { "X" },
                row.name,
                row.real.unwrap_or(f64::NAN),
                row.synthetic.unwrap_or(f64::NAN),
                row.distance,
                row.bar,
                row.floor
            );
        }
        for c in &table.counts {
            println!(
                "{} {:28} real {} low {} med {} high {}",
                if c.holds { " " } else { "X" },
                c.name,
                c.real,
                c.low,
                c.median,
                c.high
            );
        }
    }
}
