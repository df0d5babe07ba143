//! Junction trees: a triangulation of the graph in which measured cliques are complete, and a tree of its
//! maximal cliques.
//!
//! Greedy elimination by the number of cells of the new clique, then a maximum-weight spanning tree by the size
//! of separators (Koller and Friedman 2009, section 10.4).

use super::domain::{Clique, Domain, intersection, is_subset};

/// A tree of bags in which the bags of every attribute are connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JunctionTree {
    /// Attributes of each bag, parents before their children.
    pub(super) bags: Vec<Clique>,
    /// The parent of each bag; none for the first.
    pub(super) parents: Vec<Option<usize>>,
    /// What each bag shares with its parent; nothing for the first and between parts that are independent.
    pub(super) separators: Vec<Clique>,
}

/// Attributes as bits.
#[derive(Clone, PartialEq, Eq)]
struct Bits(Vec<u64>);

impl Bits {
    fn none(attributes: usize) -> Self {
        Self(vec![0; attributes.div_ceil(64)])
    }

    fn insert(&mut self, attribute: usize) {
        self.0[attribute / 64] |= 1 << (attribute % 64);
    }

    fn remove(&mut self, attribute: usize) {
        self.0[attribute / 64] &= !(1 << (attribute % 64));
    }

    fn unite(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(place, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(place * 64 + bit)
            })
        })
    }
}

/// The maximal cliques of a triangulation, in the order of elimination.
pub(super) fn maximal_cliques<'c>(
    domain: &Domain,
    cliques: impl IntoIterator<Item = &'c [usize]>,
) -> Vec<Clique> {
    let attributes = domain.len();
    let mut neighbours = vec![Bits::none(attributes); attributes];
    for clique in cliques {
        for &left in clique {
            for &right in clique {
                if left != right {
                    neighbours[left].insert(right);
                }
            }
        }
    }
    let cells = |attribute: usize, neighbours: &[Bits]| {
        neighbours[attribute]
            .ones()
            .fold(domain.size(attribute), |cells, other| cells.saturating_mul(domain.size(other)))
    };
    let mut costs: Vec<usize> = (0..attributes).map(|attribute| cells(attribute, &neighbours)).collect();
    let mut left: Vec<usize> = (0..attributes).collect();
    let mut maximal: Vec<Clique> = Vec::new();
    while let Some(place) = (0..left.len()).min_by_key(|&place| (costs[left[place]], left[place])) {
        let attribute = left.remove(place);
        let around: Vec<usize> = neighbours[attribute].ones().collect();
        let joined = neighbours[attribute].clone();
        for &other in &around {
            neighbours[other].unite(&joined);
            neighbours[other].remove(other);
            neighbours[other].remove(attribute);
        }
        for &other in &around {
            costs[other] = cells(other, &neighbours);
        }
        let mut clique = around;
        clique.push(attribute);
        clique.sort_unstable();
        if !maximal.iter().any(|known| is_subset(&clique, known)) {
            maximal.push(clique);
        }
    }
    maximal
}

/// Cells of all bags of the tree of these cliques.
pub(super) fn total_cells<'c>(domain: &Domain, cliques: impl IntoIterator<Item = &'c [usize]>) -> usize {
    let maximal = maximal_cliques(domain, cliques);
    maximal.iter().fold(0_usize, |sum, clique| sum.saturating_add(domain.cells(clique)))
}

impl JunctionTree {
    /// A tree of which every clique lies within a bag. Attributes in no clique get a bag of their own.
    pub(super) fn new<'c>(domain: &Domain, cliques: impl IntoIterator<Item = &'c [usize]>) -> Self {
        let maximal = maximal_cliques(domain, cliques);
        let count = maximal.len();
        // Prim's algorithm from the largest bag; separators of nothing join independent parts.
        let first = (0..count).rev().max_by_key(|&bag| domain.cells(&maximal[bag])).unwrap_or(0);
        let mut best: Vec<(usize, usize)> = vec![(0, 0); count];
        let mut reached = vec![false; count];
        let mut order = Vec::with_capacity(count);
        let mut parents = Vec::with_capacity(count);
        let mut next = (count > 0).then_some(first);
        let mut places = vec![0; count];
        while let Some(bag) = next {
            parents.push((!order.is_empty()).then(|| places[best[bag].1]));
            places[bag] = order.len();
            order.push(bag);
            reached[bag] = true;
            for other in (0..count).filter(|&other| !reached[other]) {
                let shared = intersection(&maximal[bag], &maximal[other]).len();
                if shared > best[other].0 || order.len() == 1 {
                    best[other] = (shared, bag);
                }
            }
            next = (0..count).filter(|&other| !reached[other]).rev().max_by_key(|&other| best[other].0);
        }
        let bags: Vec<Clique> = order.iter().map(|&bag| maximal[bag].clone()).collect();
        let separators = bags
            .iter()
            .zip(&parents)
            .map(|(bag, parent)| parent.map_or_else(Clique::new, |parent| intersection(bag, &bags[parent])))
            .collect();
        Self { bags, parents, separators }
    }

    /// The smallest bag that holds a clique.
    pub(super) fn home(&self, domain: &Domain, clique: &[usize]) -> Option<usize> {
        (0..self.bags.len())
            .filter(|&bag| is_subset(clique, &self.bags[bag]))
            .min_by_key(|&bag| (domain.cells(&self.bags[bag]), bag))
    }
}
