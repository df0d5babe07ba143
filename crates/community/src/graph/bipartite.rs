//! Members of many groups at once: a bipartite graph of members and groups with both sides' degrees, seen from the members.

use daotwin_core::Seed;
use daotwin_core::random::Stream as Draws;

use super::{Card, Fitted, Graph, Model, Observed};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Bipartite;

/// Groups drawn anew: as large as these, with members in as many groups as they were in, by matching seats to members at
/// random (Newman, Strogatz and Watts 2001, section IV). Who would sit twice in one group sits there once.
pub fn seated(sizes: &[usize], memberships: &[usize], draws: &mut Draws) -> Vec<Vec<u32>> {
    let mut members: Vec<u32> = memberships
        .iter()
        .enumerate()
        .flat_map(|(member, &many)| std::iter::repeat_n(member as u32, many))
        .collect();
    draws.shuffle(&mut members);
    let mut rest = members.as_slice();
    let mut groups = Vec::with_capacity(sizes.len());
    for &size in sizes {
        let (seats, others) = rest.split_at(size.min(rest.len()));
        rest = others;
        let mut group = seats.to_vec();
        group.sort_unstable();
        group.dedup();
        groups.push(group);
    }
    groups
}

/// Everybody tied to everybody in the same group.
pub fn projected(nodes: u32, groups: &[Vec<u32>]) -> Graph {
    let pairs = groups.iter().flat_map(|group| {
        group
            .iter()
            .enumerate()
            .flat_map(move |(place, &one)| group[place + 1..].iter().map(move |&other| (one, other)))
    });
    Graph::new(nodes, pairs.collect::<Vec<_>>())
}

impl Model for Bipartite {
    fn name(&self) -> &'static str {
        "bipartite"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "ties that come from threads, channels or DAOs that members share, several each",
            source: "Newman, Strogatz and Watts 2001, section IV: the bipartite configuration model and its projection",
            limits: "needs groups; a large group ties everybody in it to everybody; memberships are those of the records",
        }
    }

    fn fit(&self, observed: &Observed, _seed: Seed) -> Option<Fitted> {
        if observed.groups.is_empty() {
            return None;
        }
        let nodes = observed.graph.nodes;
        let sizes: Vec<usize> = observed.groups.iter().map(Vec::len).collect();
        let mut memberships = vec![0; nodes as usize];
        observed.groups.iter().flatten().for_each(|&member| memberships[member as usize] += 1);
        let parameters = vec![
            ("groups", sizes.len() as f64),
            ("mean_size", sizes.iter().sum::<usize>() as f64 / sizes.len() as f64),
        ];
        let sample =
            Box::new(move |draws: &mut Draws| projected(nodes, &seated(&sizes, &memberships, draws)));
        Some(Fitted { parameters, sample })
    }
}
