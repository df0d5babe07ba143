//! A relational peer beside the twin, on one DAO: `peer prepare FOLDER` writes the events of a DAO of
//! `governance-core` as the peer's script reads them; `peer score FOLDER` reads the peer's tables back and
//! prints the classifier two-sample test of both. Run by `cargo xtask verify`.
//!
//! The peer learns the first 300 voters only: its time grows steeply with them. So does the twin here.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

mod support;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use daotwin::core::{Run, Seed};
use daotwin::evaluation::detection::separation;
use daotwin::evaluation::rows::Rows;
use daotwin::evaluation::{Options, variants};
use daotwin::generators::twin;
use daotwin::history::amount;
use daotwin::history::schema::Precision;
use daotwin::history::subset::with_members;
use daotwin::history::synthesizer::{FitOptions, Fitted, SampleOptions};
use daotwin::history::view::{DaoView, ProposalView, VoteView};

/// The DAO that both learn.
const DAO: &str = "compound-bravo";
/// How many voters they learn, in order of first vote.
const VOTERS: usize = 300;

fn prepare(view: &DaoView, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut file = csv::Writer::from_path(folder.join("votes_events.csv"))?;
    file.write_record(["dao", "proposal", "voter", "time", "choice", "weight"])?;
    let mut votes: Vec<&VoteView> = view.votes.iter().collect();
    votes.sort_by_key(|vote| vote.at);
    for vote in votes {
        // Seconds since 1970 as nanoseconds: what the script's `to_datetime` takes numbers for.
        let Some(at) = vote.at else { continue };
        file.write_record([
            DAO,
            &view.proposals[vote.proposal as usize].proposal,
            &view.members[vote.member as usize],
            &(at * 1_000_000_000).to_string(),
            &vote.choice.to_string(),
            &view.tokens(vote).to_string(),
        ])?;
    }
    file.flush()?;
    Ok(())
}

/// The rows of a CSV file as maps from column to text.
fn rows(path: &Path) -> Result<Vec<BTreeMap<String, String>>, Box<dyn Error>> {
    Ok(csv::Reader::from_path(path)?.deserialize().collect::<Result<_, _>>()?)
}

fn number(row: &BTreeMap<String, String>, name: &str) -> Result<f64, Box<dyn Error>> {
    Ok(row.get(name).ok_or_else(|| format!("no column `{name}`"))?.parse()?)
}

/// The peer's tables as a DAO. It makes no ends of windows: each proposal is given the real median length.
fn peer(real: &DaoView, folder: &Path) -> Result<DaoView, Box<dyn Error>> {
    let mut lengths: Vec<i64> = real.proposals.iter().filter_map(|p| Some(p.end_at? - p.start_at?)).collect();
    lengths.sort_unstable();
    let length = lengths.get(lengths.len() / 2).copied().unwrap_or(0);
    let mut proposals = Vec::new();
    for row in rows(&folder.join("proposals.csv"))? {
        let start = number(&row, "start")?.round() as i64;
        proposals.push(ProposalView {
            proposal: row.get("pid").cloned().unwrap_or_default(),
            start_at: Some(start),
            end_at: Some(start + length),
            choices: 3,
            ..ProposalView::default()
        });
    }
    proposals.sort_by_key(|proposal| proposal.start_at);
    let indices: BTreeMap<String, u32> =
        proposals.iter().zip(0..).map(|(proposal, index)| (proposal.proposal.clone(), index)).collect();
    let (mut members, mut names) = (BTreeMap::new(), Vec::new());
    let mut ballots: BTreeMap<(u32, u32), VoteView> = BTreeMap::new();
    let mut replaced = 0;
    for row in rows(&folder.join("votes.csv"))? {
        let text = |name: &str| row.get(name).map_or("", String::as_str);
        let Some(&proposal) = indices.get(text("pid")) else { continue };
        let member = *members.entry(text("voter").to_owned()).or_insert_with(|| {
            names.push(text("voter").to_owned());
            names.len() as u32 - 1
        });
        let ballot = VoteView {
            proposal,
            member,
            at: Some(number(&row, "time")?.round() as i64),
            precision: Precision::Second,
            power: amount::from_tokens(number(&row, "weight")?.max(0.0), real.decimals),
            choice: number(&row, "choice")? as i32,
            entries_start: 0,
            entries_len: 0,
        };
        replaced += usize::from(ballots.insert((proposal, member), ballot).is_some());
    }
    let mut votes: Vec<VoteView> = ballots.into_values().collect();
    votes.sort_by_key(|vote| (vote.proposal, vote.at));
    let mut start = 0;
    for (index, proposal) in proposals.iter_mut().enumerate() {
        let end = start + votes[start..].partition_point(|vote| vote.proposal as usize <= index);
        proposal.votes = start..end;
        start = end;
    }
    Ok(DaoView {
        members: names,
        proposals,
        votes,
        replaced_votes: replaced,
        entries: Vec::new(),
        ..real.clone()
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let verb = arguments.next().unwrap_or_default();
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        return Err("give `prepare` or `score`, and a folder".into());
    };
    let history = support::governance_core(arguments.next().map(PathBuf::from))?;
    let view = DaoView::one(&history, Some(DAO))?;
    if verb == "prepare" {
        return prepare(&view, &folder);
    }
    let run = Run::default();
    let first: std::collections::BTreeSet<&str> =
        view.members.iter().take(VOTERS).map(String::as_str).collect();
    let part = with_members(&history, &|member| first.contains(member))?;
    let real = DaoView::one(&part, Some(DAO))?;
    let fitted = twin::fit(&part, &FitOptions { dao: Some(DAO.to_owned()), ..FitOptions::default() }, &run)?;
    let sample = fitted.sample(&SampleOptions { seed: Seed(1), ..SampleOptions::default() }, &run)?;
    let peer = peer(&real, &folder)?;
    println!(
        "the peer: {} ballots, {} more were second ballots of the same voter on the same proposal",
        peer.votes.len(),
        peer.replaced_votes
    );
    let rows = Rows::of(&real);
    let (one, other) = variants::halves(&real, Seed(0));
    for (name, left, right) in [
        ("twin", &rows, Rows::of(&DaoView::one(&sample, None)?)),
        ("HMA", &rows, Rows::of(&peer)),
        ("independent columns", &rows, Rows::of(&variants::independent_columns(&real, Seed(0)))),
        ("two real halves", &Rows::of(&one), Rows::of(&other)),
    ] {
        let area = separation(left, &right, Options::default().max_rows, Seed(0), &run)?;
        println!(
            "{name:20} {}",
            area.map_or("too few rows".to_owned(), |area| format!("{:.3}", area.max(1.0 - area)))
        );
    }
    Ok(())
}
