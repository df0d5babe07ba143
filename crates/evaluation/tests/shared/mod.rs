//! What the tests share: real DAOs, and Histories from views.

#![allow(dead_code, reason = "every test file takes its part")]

use std::path::PathBuf;

use daotwin_core::{Limits, Run};
use daotwin_history::builder::{HistoryBuilder, ProposalRow, VoteRow};
use daotwin_history::ingest::{Options, ingest};
use daotwin_history::view::DaoView;
use daotwin_history::{History, Table};

/// The governance-core set; `None`, saying so, where it is not on this machine.
pub(crate) fn governance_core() -> Option<History> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"));
    if !folder.is_dir() {
        println!("skipped: `{}` is not on this machine", folder.display());
        return None;
    }
    let files =
        ["daos.csv.gz", "members.csv.gz", "proposals.csv.gz", "votes.csv.gz"].map(|file| folder.join(file));
    Some(ingest(&files, &Options::default(), &Run::default()).unwrap())
}

/// A History with the proposals and ballots of a view.
pub(crate) fn history(view: &DaoView) -> History {
    let mut builder = HistoryBuilder::new(view.decimals, Limits::default());
    let labels: Vec<String> = (1..=200).map(|choice| choice.to_string()).collect();
    for proposal in &view.proposals {
        builder
            .table(Table::Proposals)
            .push_proposal(&ProposalRow {
                dao: &view.dao,
                proposal: &proposal.proposal,
                voting_system: proposal.voting_system.as_deref(),
                choices: &labels[..(proposal.choices as usize).min(200)],
                created_at: proposal.created_at,
                start_at: proposal.start_at,
                end_at: proposal.end_at,
                ..ProposalRow::default()
            })
            .unwrap();
    }
    for vote in &view.votes {
        builder
            .table(Table::Votes)
            .push_vote(&VoteRow {
                dao: &view.dao,
                proposal: &view.proposals[vote.proposal as usize].proposal,
                member: &view.members[vote.member as usize],
                cast_at: vote.at,
                precision: vote.precision,
                choice: view.entries(vote),
                power: vote.power,
            })
            .unwrap();
    }
    builder.finish().unwrap()
}
