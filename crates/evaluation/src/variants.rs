//! Variants of a DAO that serve as references: halves of its members, resampled members, independent columns.

use daotwin_core::Seed;
use daotwin_history::view::{DaoView, VoteView};

/// A DAO with the same proposals and other ballots. Members are numbered anew in order of their first ballot.
pub(crate) fn rebuild(view: &DaoView, mut votes: Vec<VoteView>, names: &[String]) -> DaoView {
    votes.sort_by_key(|vote| (vote.proposal, vote.at));
    let mut numbers = vec![u32::MAX; names.len()];
    let mut members = Vec::new();
    for vote in &mut votes {
        let number = &mut numbers[vote.member as usize];
        if *number == u32::MAX {
            *number = members.len() as u32;
            members.push(names[vote.member as usize].clone());
        }
        vote.member = *number;
    }
    let mut proposals = view.proposals.clone();
    let mut start = 0;
    for (rank, proposal) in proposals.iter_mut().enumerate() {
        let end = start + votes[start..].partition_point(|vote| vote.proposal as usize <= rank);
        proposal.votes = start..end;
        start = end;
    }
    DaoView { members, proposals, votes, ..view.clone() }
}

/// The DAO had only the members with `keep` taken part.
pub fn with_members(view: &DaoView, keep: &[bool]) -> DaoView {
    let votes = view.votes.iter().filter(|vote| keep[vote.member as usize]).copied().collect();
    rebuild(view, votes, &view.members)
}

/// Two DAOs, each with a random half of the members.
pub fn halves(view: &DaoView, seed: Seed) -> (DaoView, DaoView) {
    let streams = seed.streams("evaluation halves");
    let side: Vec<bool> = (0..view.members.len()).map(|m| streams.stream(m as u64).chance(0.5)).collect();
    let other: Vec<bool> = side.iter().map(|&in_first| !in_first).collect();
    (with_members(view, &side), with_members(view, &other))
}

/// A DAO of as many members drawn with replacement, each with the whole record of the member drawn.
pub fn bootstrap(view: &DaoView, seed: Seed) -> DaoView {
    let mut stream = seed.stream("evaluation bootstrap");
    let lists = view.votes_by_member();
    let voters = view.voters();
    let (mut votes, mut names) = (Vec::with_capacity(view.votes.len()), Vec::with_capacity(voters));
    for copy in 0..voters {
        let member = stream.below(voters as u64) as usize;
        votes.extend(
            lists[member].iter().map(|&vote| VoteView { member: copy as u32, ..view.votes[vote as usize] }),
        );
        names.push(format!("copy {copy}"));
    }
    rebuild(view, votes, &names)
}

/// The DAO with its columns made independent: who votes, with what power, when in the window and how are
/// shuffled apart over all ballots; each proposal keeps its number of ballots. This is the naive generator
/// that scores on single columns cannot tell from a good one.
pub fn independent_columns(view: &DaoView, seed: Seed) -> DaoView {
    let order = |purpose: &str| {
        let mut order: Vec<usize> = (0..view.votes.len()).collect();
        seed.stream(purpose).shuffle(&mut order);
        order
    };
    let (members, powers) = (order("independent members"), order("independent powers"));
    let (times, choices) = (order("independent times"), order("independent choices"));
    let votes = view.votes.iter().enumerate().map(|(index, vote)| {
        let proposal = &view.proposals[vote.proposal as usize];
        let at = match (view.time_in_window(&view.votes[times[index]]), proposal.start_at, proposal.end_at) {
            (Some(share), Some(start), Some(end)) => {
                Some(start + (share * (end - start) as f64).round() as i64)
            }
            _ => vote.at,
        };
        let ballot = &view.votes[choices[index]];
        VoteView {
            member: view.votes[members[index]].member,
            power: view.votes[powers[index]].power,
            at,
            choice: ballot.choice,
            entries_start: ballot.entries_start,
            entries_len: ballot.entries_len,
            ..*vote
        }
    });
    rebuild(view, votes.collect(), &view.members)
}
