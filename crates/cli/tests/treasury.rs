//! `daotwin treasury` on a small History, and on a real one where the shared data are there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests write small files")]

mod support;

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;
use support::{daotwin, succeed};

/// A year of transfers and votes, and prices of the own token and of ETH.
fn small(folder: &Path) {
    let mut transfers = "at,from,to,asset,amount,purpose\n2023-01-01,sale,safe,TKN,500000,genesis\n\
                         2023-01-01,sale,safe,USDC,1500000,genesis\n2023-01-01,sale,safe,ETH,100,genesis\n"
        .to_owned();
    for month in 1..=12 {
        writeln!(transfers, "2023-{month:02}-15,safe,ann,USDC,50000,Salary").unwrap();
        writeln!(transfers, "2023-{month:02}-20,safe,team,USDC,20000,Grants").unwrap();
    }
    let mapping = "[transfers]\nfile = 'transfers.csv'\ntime = 'iso'\nunit = 'tokens'\n[transfers.columns]\nat = 'at'\nfrom = 'from'\n\
                   to = 'to'\nasset = 'asset'\namount = 'amount'\npurpose = 'purpose'\n[transfers.constants]\ndao = 'example'\n\
                   [votes]\nfile = 'votes.csv'\ntime = 'iso'\n[votes.columns]\nproposal = 'proposal'\nmember = 'member'\n\
                   cast_at = 'cast_at'\nchoice = 'choice'\npower = 'power'\n[votes.constants]\ndao = 'example'\n";
    let mut votes = "proposal,member,cast_at,choice,power\n".to_owned();
    for day in 0..336 {
        // Members vote on a proposal a week, the lower their number the more often; new ones join.
        let (month, date, proposal) = (day / 28 + 1, day % 28 + 1, day / 7);
        for member in 0..(10 + day / 8) {
            if (day * 31 + member * 17) % (4 + member) == 0 {
                writeln!(votes, "p{proposal},m{member},2023-{month:02}-{date:02},1,{}", 1 + member % 9)
                    .unwrap();
            }
        }
    }
    let mut prices = "symbol,day,close\n".to_owned();
    let (mut token, mut ether) = (2.0_f64, 1_500.0_f64);
    for day in 0..360 {
        // A deterministic zigzag with storms.
        let wave = f64::from((day * 37) % 11 - 5) / 60.0 * if day / 40 % 2 == 0 { 0.5 } else { 1.5 };
        let other = f64::from((day * 53) % 13 - 6) / 70.0;
        token *= (0.6 * wave + 0.6 * other).exp();
        ether *= (0.8 * wave).exp();
        let (month, date) = (day / 30 + 1, day % 28 + 1);
        if day % 30 < 28 {
            writeln!(prices, "TKN,2023-{month:02}-{date:02},{token}\nETH,2023-{month:02}-{date:02},{ether}")
                .unwrap();
        }
    }
    std::fs::write(folder.join("transfers.csv"), transfers).unwrap();
    std::fs::write(folder.join("votes.csv"), votes).unwrap();
    std::fs::write(folder.join("mapping.toml"), mapping).unwrap();
    std::fs::write(folder.join("prices.csv"), prices).unwrap();
    succeed(folder, "ingest transfers.csv votes.csv --mapping mapping.toml --out history");
}

#[test]
fn a_plan_is_printed_written_and_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    small(folder);
    let arguments =
        "treasury history --prices prices.csv --token TKN --months 6 --paths 100 --out report.html --json";
    let printed = succeed(folder, arguments);
    let found: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!((found["dao"].as_str(), found["months"].as_u64()), (Some("example"), Some(6)));
    assert_eq!(found["records"]["accounts"][0][0], "safe");
    let dollars = found["records"]["holdings"]["USDC"].as_f64().unwrap();
    assert!((dollars - (1_500_000.0 - 12.0 * 70_000.0)).abs() < 1e-6, "{dollars}");
    assert!(
        found["policies"].as_array().unwrap().len() >= 4 && found["stress"].as_array().unwrap().len() >= 8
    );
    let report = std::fs::read_to_string(folder.join("report.html")).unwrap();
    for part in [
        "How long it lasts",
        "What could go wrong",
        "not private",
        "<svg",
        "Reward rules",
        "retroactive-median",
    ] {
        assert!(report.contains(part), "{part}");
    }
    assert_eq!(found["rewards"]["id"], "rewards");
    assert!(
        found["assumptions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|line| line.as_str().unwrap().contains("reward rules are compared"))
    );
    let again = succeed(folder, &format!("{} --threads 1", arguments.replace("report.html", "again.html")));
    assert_eq!(printed, again);
    assert_eq!(report, std::fs::read_to_string(folder.join("again.html")).unwrap());
    assert!(succeed(folder, "treasury --list").contains("t-copula"));
}

#[test]
fn every_problem_is_told_at_once_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("prices.csv"), "coin,day,close\nA,2023-01-01,1\nB,2023-01-02,2\n").unwrap();
    std::fs::write(folder.join("plan.toml"), "drift = 9\n[[assets]]\nname = 'A'\n").unwrap();
    let output = daotwin(folder)
        .args("treasury nowhere --plan plan.toml --prices prices.csv --out report.html".split(' '))
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    for part in ["`drift`", "`assets.A`", "`symbol` or `asset`", "nowhere"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert!(output.stdout.is_empty() && !folder.join("report.html").exists());
}

#[test]
fn a_real_ledger_is_planned_for() {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let ledger = format!("{data}/ens-dao/ledger_transactions.csv.gz");
    if !Path::new(&ledger).exists() {
        println!("no `{ledger}`: not planned for");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mapping = "[transfers]\nfile = 'ledger_transactions*'\ntime = 'day'\nunit = 'tokens'\n[transfers.columns]\nat = 'Date'\n\
                   from = 'From'\nto = 'To'\nasset = 'Asset'\namount = 'Amount'\npurpose = 'Category'\n[transfers.constants]\ndao = 'ens'\n";
    std::fs::write(folder.join("mapping.toml"), mapping).unwrap();
    std::fs::write(
        folder.join("plan.toml"),
        "token = 'ENS'\n[[assets]]\nname = 'ENS'\namount = 1e6\nprice = 15\n",
    )
    .unwrap();
    succeed(folder, &format!("ingest {ledger} --mapping mapping.toml --out history"));
    let arguments = format!(
        "treasury history --plan plan.toml --prices {data}/prices --paths 100 --months 12 --out report.md --json"
    );
    let found: Value = serde_json::from_str(&succeed(folder, &arguments)).unwrap();
    // The wallets that pay are found, and their ether is what came in less what went out.
    assert!(
        found["records"]["accounts"].as_array().unwrap().iter().any(|account| account[0] == "DAO Wallet")
    );
    let ether = found["records"]["holdings"]["ETH"].as_f64().unwrap();
    assert!((10_000.0..20_000.0).contains(&ether), "{ether}");
    // Payments of the last year in the ledger come to some 1.4 million dollars a month.
    let monthly = found["monthly"].as_f64().unwrap();
    assert!((1.0e6..2.0e6).contains(&monthly), "{monthly}");
    assert!(std::fs::read_to_string(folder.join("report.md")).unwrap().contains("elicited"));
}
