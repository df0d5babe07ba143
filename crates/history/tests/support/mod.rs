//! The `governance-core` set as views, read straight from its files.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use daotwin_history::amount;
use daotwin_history::schema::Precision;
use daotwin_history::view::{DaoView, ProposalView, VoteView};

/// The DAOs by id, or `None`, with a note, where the data is absent.
pub(crate) fn governance_core() -> Option<BTreeMap<String, DaoView>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"));
    if !folder.is_dir() {
        println!("skipped: there is no ../shared/data/governance-core");
        return None;
    }
    let rows = |name: &str| -> Vec<BTreeMap<String, String>> {
        let mut text = String::new();
        let file = std::fs::File::open(folder.join(name)).unwrap();
        flate2::read::MultiGzDecoder::new(file).read_to_string(&mut text).unwrap();
        csv::Reader::from_reader(text.as_bytes()).deserialize().map(Result::unwrap).collect()
    };
    let time = |text: &str| text.parse::<f64>().ok().map(|value| value as i64);
    let mut proposals: BTreeMap<String, Vec<(ProposalView, Vec<String>)>> = BTreeMap::new();
    for row in rows("proposals.csv.gz") {
        let labels: Vec<String> = serde_json::from_str(&row["choices"]).unwrap_or_default();
        let approval = row["type"].contains("approval");
        let proposal = ProposalView {
            proposal: row["proposal_id"].clone(),
            choices: labels.len() as u32,
            voting_system: approval.then(|| "approval".to_owned()),
            created_at: time(&row["created"]),
            start_at: time(&row["start"]),
            end_at: time(&row["end"]),
            ..ProposalView::default()
        };
        proposals.entry(row["dao_id"].clone()).or_default().push((proposal, labels));
    }
    let mut votes: BTreeMap<(String, String), Vec<BTreeMap<String, String>>> = BTreeMap::new();
    for row in rows("votes.csv.gz") {
        votes.entry((row["dao_id"].clone(), row["proposal_id"].clone())).or_default().push(row);
    }
    let mut views = BTreeMap::new();
    for (dao, mut list) in proposals {
        list.sort_by_key(|(p, _)| (p.start_at, p.created_at, p.proposal.clone()));
        let mut view = DaoView { dao: dao.clone(), decimals: 18, ..DaoView::default() };
        let mut members: BTreeMap<String, u32> = BTreeMap::new();
        for (rank, (mut proposal, mut labels)) in list.into_iter().enumerate() {
            let mut rows = votes.remove(&(dao.clone(), proposal.proposal.clone())).unwrap_or_default();
            rows.sort_by_key(|row| time(&row["created"]));
            // A re-vote replaces the ballot before it.
            let last: BTreeMap<String, usize> =
                rows.iter().enumerate().map(|(index, row)| (row["voter"].clone(), index)).collect();
            let start = view.votes.len();
            for (index, row) in rows.iter().enumerate() {
                if last[&row["voter"]] != index {
                    view.replaced_votes += 1;
                    continue;
                }
                let next = members.len() as u32;
                let member = *members.entry(row["voter"].clone()).or_insert(next);
                if member == next {
                    view.members.push(row["voter"].clone());
                }
                let text = &row["choice"];
                let entries: Vec<i32> = if let Ok(list) = serde_json::from_str::<Vec<i32>>(text) {
                    list
                } else if let Some(found) = labels.iter().position(|label| label == text) {
                    vec![found as i32 + 1]
                } else if let Ok(index) = text.parse::<i32>() {
                    vec![index]
                } else if text.is_empty() {
                    vec![]
                } else {
                    labels.push(text.clone());
                    vec![labels.len() as i32]
                };
                let entries_start = view.entries.len() as u32;
                view.entries.extend(entries.iter().map(|&entry| (entry, 1.0)));
                view.votes.push(VoteView {
                    proposal: rank as u32,
                    member,
                    at: time(&row["created"]),
                    precision: Precision::Second,
                    power: amount::parse(&row["vp"], 18, 37).unwrap(),
                    choice: entries.first().copied().unwrap_or(0),
                    entries_start,
                    entries_len: entries.len() as u32,
                });
            }
            proposal.votes = start..view.votes.len();
            view.proposals.push(proposal);
        }
        views.insert(dao, view);
    }
    Some(views)
}
