//! Ties of members, read from what they wrote and how they voted.

use std::collections::BTreeMap;

use daotwin_history::view::DaoView;

use super::{Graph, Observed};
use crate::stream::Stream;

/// Seconds within which a message counts as said to whoever wrote before it in the same channel, where records name no
/// replies: four to seven in ten gaps of Discord's governance channels are below five minutes.
const CONVERSATION: i64 = 300;

/// Ties between members who answered each other: replies where any are recorded, otherwise messages within five minutes of
/// another's in the same channel. Where channels are threads (twenty messages each or fewer, in the mean), everybody who wrote
/// in a thread is of one group. Nodes are those who wrote, in the order of [`Stream::accounts`]; direct messages and malicious
/// ones count as others do.
pub fn answers(stream: &Stream) -> Observed {
    let mut node: Vec<Option<u32>> = vec![None; stream.accounts.len()];
    stream.messages.iter().for_each(|message| node[message.author as usize] = Some(0));
    let mut nodes = 0;
    for place in node.iter_mut().flatten() {
        *place = nodes;
        nodes += 1;
    }
    let node = |author: u32| node[author as usize].unwrap_or_default();
    let threads = stream.threads();
    let replies = stream.messages.iter().any(|message| message.reply_to.is_some());
    let mut edges = Vec::new();
    let mut last: BTreeMap<u32, usize> = BTreeMap::new();
    for (place, message) in stream.messages.iter().enumerate() {
        if let Some(asked) = message.reply_to.and_then(|asked| stream.messages.get(asked as usize)) {
            edges.push((node(message.author), node(asked.author)));
        }
        let before = last.insert(message.channel, place).map(|before| &stream.messages[before]);
        if !replies && let Some(before) = before.filter(|before| message.at - before.at <= CONVERSATION) {
            edges.push((node(message.author), node(before.author)));
        }
    }
    let mut groups = Vec::new();
    if threads {
        let mut by_thread: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for message in &stream.messages {
            by_thread.entry(message.channel).or_default().push(node(message.author));
        }
        for group in by_thread.values_mut() {
            group.sort_unstable();
            group.dedup();
            for (place, &one) in group.iter().enumerate() {
                edges.extend(group[place + 1..].iter().map(|&other| (one, other)));
            }
        }
        groups = by_thread.into_values().collect();
    }
    Observed { graph: Graph::new(nodes, edges), groups }
}

/// Ties between the most active voters who took the same first choice on at least `together` proposals. Nodes are as many of
/// [`DaoView::members`] as `most`, by number of ballots; groups are the proposals, by who voted on them.
pub fn covoting(view: &DaoView, most: usize, together: u32) -> Observed {
    let ballots = view.votes_by_member();
    let mut order: Vec<usize> = (0..ballots.len()).filter(|&member| !ballots[member].is_empty()).collect();
    order.sort_by_key(|&member| (std::cmp::Reverse(ballots[member].len()), member));
    order.truncate(most);
    let mut node = vec![None; view.members.len()];
    order.iter().enumerate().for_each(|(place, &member)| node[member] = Some(place as u32));
    let mut agreed: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let mut groups = Vec::new();
    for proposal in &view.proposals {
        let votes = &view.votes[proposal.votes.clone()];
        let mut voters: Vec<(u32, i32)> =
            votes.iter().filter_map(|vote| Some((node[vote.member as usize]?, vote.choice))).collect();
        voters.sort_unstable();
        for (place, &(one, choice)) in voters.iter().enumerate() {
            for &(other, theirs) in &voters[place + 1..] {
                if choice == theirs && choice > 0 {
                    *agreed.entry((one, other)).or_default() += 1;
                }
            }
        }
        if voters.len() > 1 {
            groups.push(voters.into_iter().map(|(member, _)| member).collect());
        }
    }
    let edges = agreed.into_iter().filter(|(_, times)| *times >= together).map(|(pair, _)| pair);
    Observed { graph: Graph::new(order.len() as u32, edges.collect::<Vec<_>>()), groups }
}
