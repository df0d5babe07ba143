#![cfg(test)]

use daotwin_core::Seed;

use super::*;
use crate::stream::baseline;

fn complete(nodes: u32) -> Graph {
    Graph::new(nodes, (0..nodes).flat_map(|one| (0..one).map(move |other| (one, other))).collect::<Vec<_>>())
}

#[test]
fn measures_have_known_values() {
    assert_eq!(complete(5).clustering(), 1.0);
    assert_eq!(complete(5).assortativity(), 0.0);
    let star = Graph::new(6, (1..6).map(|leaf| (0, leaf)));
    assert_eq!(star.clustering(), 0.0);
    assert!((star.assortativity() + 1.0).abs() < 1e-12);
    // A triangle with a tail: 1 triangle, paths 1 + 1 + 3 + 0 = 5, so 3 / 5.
    let tail = Graph::new(4, [(0, 1), (1, 2), (2, 0), (2, 3), (3, 2), (3, 3), (9, 1)]);
    assert_eq!(tail.edges.len(), 4);
    assert!((tail.clustering() - 0.6).abs() < 1e-12);
    // Karate club, Zachary 1977: transitivity 0.2557 and assortativity -0.4756 (networkx 3).
    let club = karate();
    assert_eq!(club.edges.len(), 78);
    assert!((club.clustering() - 0.2557).abs() < 5e-5 && (club.assortativity() + 0.4756).abs() < 5e-5);
}

fn karate() -> Graph {
    let lists: [&[u32]; 34] = [
        &[1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 17, 19, 21, 31],
        &[2, 3, 7, 13, 17, 19, 21, 30],
        &[3, 7, 8, 9, 13, 27, 28, 32],
        &[7, 12, 13],
        &[6, 10],
        &[6, 10, 16],
        &[16],
        &[],
        &[30, 32, 33],
        &[33],
        &[],
        &[],
        &[],
        &[33],
        &[32, 33],
        &[32, 33],
        &[],
        &[],
        &[32, 33],
        &[33],
        &[32, 33],
        &[],
        &[32, 33],
        &[25, 27, 29, 32, 33],
        &[25, 27, 31],
        &[31],
        &[29, 33],
        &[33],
        &[31, 33],
        &[32, 33],
        &[32, 33],
        &[32, 33],
        &[33],
        &[],
    ];
    Graph::new(
        34,
        lists.iter().enumerate().flat_map(|(node, list)| list.iter().map(move |&to| (node as u32, to))),
    )
}

#[test]
fn preferential_attachment_has_its_exact_degrees() {
    let nodes = 20_000;
    let graph = grow(nodes, 3.0, 0.0, &mut Seed(1).stream("ba"));
    assert_eq!(graph.edges.len(), 3 * (nodes as usize - 3));
    let degrees = graph.degrees();
    for k in [3.0, 4.0, 6.0, 10.0] {
        let law = 24.0 / (k * (k + 1.0) * (k + 2.0));
        let share =
            degrees.iter().filter(|&&degree| f64::from(degree) == k).count() as f64 / f64::from(nodes);
        // Numbers of nodes of a degree concentrate as independent draws do, or more: five standard errors.
        let bar = 5.0 * (law * (1.0 - law) / f64::from(nodes)).sqrt();
        assert!((share - law).abs() < bar, "degree {k}: {share} for {law}");
    }
    // Negative control: a ring with as many edges has no such law.
    let ring = watts_strogatz::ring(2_000, 3, 0.2, &mut Seed(1).stream("ring"));
    let at_least = ring.degrees().iter().filter(|&&degree| degree == 3).count() as f64 / 2_000.0;
    assert!((at_least - 0.4).abs() > 0.1);
}

#[test]
fn triads_raise_clustering_and_keep_degrees() {
    let plain = grow(3_000, 3.0, 0.0, &mut Seed(2).stream("a"));
    let closed = grow(3_000, 3.0, 0.9, &mut Seed(2).stream("b"));
    assert!(plain.clustering() < 0.02 && closed.clustering() > 0.1);
    assert!((closed.edges.len() as f64 / plain.edges.len() as f64 - 1.0).abs() < 0.01);
}

#[test]
fn a_ring_has_its_clustering_and_loses_it_as_the_law_says() {
    let mut draws = Seed(3).stream("ring");
    // Degree 6: 3 x 4 / (4 x 5) = 0.6.
    let whole = watts_strogatz::ring(3_000, 3, 0.0, &mut draws);
    assert!((whole.clustering() - 0.6).abs() < 1e-12);
    assert!(whole.degrees().iter().all(|&degree| degree == 6));
    let rewired = watts_strogatz::ring(3_000, 3, 0.2, &mut draws);
    assert_eq!(rewired.edges.len(), 9_000);
    assert!((rewired.clustering() - 0.6 * 0.8_f64.powi(3)).abs() < 0.04, "{}", rewired.clustering());
}

#[test]
fn swaps_keep_degrees_and_are_uniform() {
    let club = karate();
    let drawn = configuration::swapped(&club, &mut Seed(4).stream("swap"));
    assert_eq!(drawn.degrees(), club.degrees());
    assert_ne!(drawn, club);
    // Four nodes of degree 1 can be paired in three ways; two nodes of degree 2 among four of degree 1 in more.
    let pairs = Graph::new(4, [(0, 1), (2, 3)]);
    let streams = Seed(5).streams("pairs");
    let mut seen: std::collections::BTreeMap<Vec<(u32, u32)>, f64> = std::collections::BTreeMap::new();
    for draw in 0..3_000 {
        *seen.entry(configuration::swapped(&pairs, &mut streams.stream(draw)).edges).or_default() += 1.0;
    }
    assert_eq!(seen.len(), 3);
    // Chi-square with 2 degrees of freedom exceeds 27.6 with probability 1e-6.
    let chi: f64 = seen.values().map(|count| (count - 1000.0).powi(2) / 1000.0).sum();
    assert!(chi < 27.6, "{chi}");
}

#[test]
fn groups_are_found_where_there_are_some_and_only_there() {
    let mut draws = Seed(6).stream("planted");
    let mut edges = Vec::new();
    for one in 0..90_u32 {
        for other in 0..one {
            let inside = one / 30 == other / 30;
            if draws.chance(if inside { 0.4 } else { 0.02 }) {
                edges.push((one, other));
            }
        }
    }
    let planted = Graph::new(90, edges);
    let found = block_model::divide(&planted, Seed(1));
    assert_eq!(found.groups, 3);
    for block in 0..3 {
        let first = found.group[block * 30];
        let same = found.group[block * 30..(block + 1) * 30].iter().filter(|&&group| group == first).count();
        assert!(same >= 29, "{same} of 30 in block {block}");
    }
    // Negative control: the same degrees without groups.
    let mixed = configuration::swapped(&planted, &mut Seed(7).stream("mixed"));
    assert_eq!(block_model::divide(&mixed, Seed(1)).groups, 1);
}

#[test]
fn groups_are_seated_as_they_were() {
    let groups = bipartite::seated(&[3, 2, 4], &[2, 2, 2, 1, 1, 1], &mut Seed(8).stream("seats"));
    assert_eq!(groups.len(), 3);
    let graph = bipartite::projected(4, &[vec![0, 1, 2], vec![2, 3]]);
    assert_eq!(graph.edges, [(0, 1), (0, 2), (1, 2), (2, 3)]);
}

#[test]
fn every_model_says_what_it_is_and_samples_as_many_nodes() {
    let mut observed = answers(&baseline(150, 20, Seed(9)));
    observed.groups = vec![vec![0, 1, 2], vec![2, 3, 4, 5]];
    for (place, model) in MODELS.iter().enumerate() {
        assert!(MODELS[..place].iter().all(|other| other.name() != model.name()));
        let card = model.card();
        assert!(!card.purpose.is_empty() && !card.source.is_empty() && !card.limits.is_empty());
        let fitted = model.fit(&observed, Seed(1)).unwrap();
        let draw = |index| (fitted.sample)(&mut Seed(2).streams("s").stream(index));
        assert_eq!(draw(0), draw(0), "{}", model.name());
        assert_eq!(draw(0).nodes, observed.graph.nodes);
        let again = model.fit(&observed, Seed(1)).unwrap();
        assert_eq!((again.sample)(&mut Seed(2).streams("s").stream(3)), draw(3), "{}", model.name());
        assert_eq!(find(model.name()).unwrap().name(), model.name());
    }
    assert!(find("nothing").err().unwrap().to_string().contains("`configuration`"));
}

#[test]
fn the_model_that_made_a_graph_is_near_the_top() {
    let observed = Observed { graph: grow(400, 3.0, 0.95, &mut Seed(10).stream("hk")), groups: Vec::new() };
    let ranked = select(&observed, 5, Seed(3));
    assert!(ranked[..2].iter().any(|ranked| ranked.model == "holme-kim"), "{ranked:?}");
    assert_eq!(ranked.last().unwrap().model, "watts-strogatz");
}
