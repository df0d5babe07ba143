//! Exact marginals of a product of factors, by passing messages over a junction tree.
//!
//! Two passes: sums travel to the root, then back (Koller and Friedman 2009, algorithm 10.2; the division of
//! Lauritzen and Spiegelhalter 1988 gives each neighbour all but its own message). The factors of a bag are added
//! as logarithms, and the bag is brought to a largest value of 1, so that potentials far apart that cancel each
//! other do no harm; from there on tables hold plain probabilities, one exponential a cell. Buffers are made once
//! for a tree.

use rayon::prelude::*;

use super::domain::{Clique, Domain, Projection};
use super::junction_tree::JunctionTree;

/// Cells of all bags from which on bags are filled in parallel.
const PARALLEL_CELLS: usize = 1 << 16;

/// A junction tree with the factors it was made for, and room for its marginals.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    domain: Domain,
    tree: JunctionTree,
    cliques: Vec<Clique>,
    /// The bag of each factor and the way from it to the factor's cells.
    homes: Vec<(usize, Projection)>,
    /// Factors of each bag.
    residents: Vec<Vec<usize>>,
    /// From each bag, and from its parent, to the separator between them.
    up: Vec<Projection>,
    down: Vec<Projection>,
    /// From a bag to single attributes, for evidence: the bag of each attribute.
    single: Vec<(usize, Projection)>,
    beliefs: Vec<Vec<f64>>,
    messages: Vec<Vec<f64>>,
    /// Sums over each bag's side, kept for the division on the way back.
    sent: Vec<Vec<f64>>,
    /// Where the potentials of each factor begin.
    starts: Vec<usize>,
}

/// What is known of a row: for each attribute the weight of each of its codes, or nothing.
pub(super) type Evidence = [Option<Vec<f64>>];

impl Engine {
    pub(super) fn new(domain: &Domain, cliques: Vec<Clique>) -> Self {
        let tree = JunctionTree::new(domain, cliques.iter().map(Vec::as_slice));
        let home = |clique: &[usize]| {
            // Every clique lies in a bag by construction.
            let bag = tree.home(domain, clique).unwrap_or(0);
            (bag, Projection::new(domain, &tree.bags[bag], clique))
        };
        let homes: Vec<_> = cliques.iter().map(|clique| home(clique)).collect();
        let single = (0..domain.len()).map(|attribute| home(&[attribute])).collect();
        let mut residents = vec![Vec::new(); tree.bags.len()];
        homes.iter().enumerate().for_each(|(factor, (bag, _))| residents[*bag].push(factor));
        let project = |bag: usize, separator: &Clique| Projection::new(domain, &tree.bags[bag], separator);
        let up = tree.separators.iter().enumerate().map(|(bag, separator)| project(bag, separator)).collect();
        let down = tree.separators.iter().zip(&tree.parents);
        let down = down.map(|(separator, parent)| project(parent.unwrap_or(0), separator)).collect();
        let messages: Vec<Vec<f64>> =
            tree.separators.iter().map(|separator| vec![0.0; domain.cells(separator)]).collect();
        let starts = cliques.iter().scan(0, |next, clique| {
            let start = *next;
            *next += domain.cells(clique);
            Some(start)
        });
        let starts = starts.collect();
        Self {
            beliefs: tree.bags.iter().map(|bag| vec![0.0; domain.cells(bag)]).collect(),
            starts,
            sent: messages.clone(),
            messages,
            domain: domain.clone(),
            tree,
            cliques,
            homes,
            residents,
            up,
            down,
            single,
        }
    }

    pub(super) fn domain(&self) -> &Domain {
        &self.domain
    }

    pub(super) fn tree(&self) -> &JunctionTree {
        &self.tree
    }

    pub(super) fn cliques(&self) -> &[Clique] {
        &self.cliques
    }

    /// The probabilities of each bag, as the last [`Engine::run`] left them.
    pub(super) fn beliefs(&self) -> &[Vec<f64>] {
        &self.beliefs
    }

    /// The way from each bag to what it shares with its parent.
    pub(super) fn to_separator(&self, bag: usize) -> &Projection {
        &self.up[bag]
    }

    /// Computes all bags' probabilities for these factors (logarithms, one list of cells a clique, one behind
    /// the other), and returns the logarithm of the sum of their product over the whole domain; none where
    /// evidence leaves no row.
    pub(super) fn run(&mut self, potentials: &[f64], evidence: &Evidence) -> Option<f64> {
        let starts = &self.starts;
        let fill = |bag: usize, belief: &mut Vec<f64>| {
            belief.fill(0.0);
            for &factor in &self.residents[bag] {
                let projection = &self.homes[factor].1;
                projection.add(belief, &potentials[starts[factor]..starts[factor] + projection.cells()]);
            }
            let most = belief.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            belief.iter_mut().for_each(|value| *value = (*value - most).exp());
            for (evidence, (home, single)) in evidence.iter().zip(&self.single) {
                if let Some(weights) = evidence.as_ref().filter(|_| *home == bag) {
                    single.multiply(belief, weights);
                }
            }
            most
        };
        let total: usize = self.beliefs.iter().map(Vec::len).sum();
        let scales: Vec<f64> = if total >= PARALLEL_CELLS {
            self.beliefs.par_iter_mut().enumerate().map(|(bag, belief)| fill(bag, belief)).collect()
        } else {
            self.beliefs.iter_mut().enumerate().map(|(bag, belief)| fill(bag, belief)).collect()
        };
        let mut log_sum: f64 = scales.iter().sum();
        for bag in (1..self.beliefs.len()).rev() {
            let sent = &mut self.sent[bag];
            self.up[bag].sum(&self.beliefs[bag], sent);
            log_sum += normalise(sent)?;
            let parent = self.tree.parents[bag].unwrap_or(0);
            self.down[bag].multiply(&mut self.beliefs[parent], sent);
        }
        if let Some(root) = self.beliefs.first_mut() {
            log_sum += normalise(root)?;
        }
        for bag in 1..self.beliefs.len() {
            let parent = self.tree.parents[bag].unwrap_or(0);
            let message = &mut self.messages[bag];
            self.down[bag].sum(&self.beliefs[parent], message);
            for (message, sent) in message.iter_mut().zip(&self.sent[bag]) {
                *message = if *sent > 0.0 { *message / sent } else { 0.0 };
            }
            self.up[bag].multiply(&mut self.beliefs[bag], message);
            normalise(&mut self.beliefs[bag])?;
        }
        Some(log_sum)
    }

    /// The probabilities of the cells of each factor, one behind the other.
    pub(super) fn marginals(&self, out: &mut [f64]) {
        let mut rest = out;
        for (bag, projection) in &self.homes {
            let (own, after) = rest.split_at_mut(projection.cells());
            projection.sum(&self.beliefs[*bag], own);
            rest = after;
        }
    }

    /// The probabilities over a clique that lies within a bag; none where it does not.
    pub(super) fn within(&self, clique: &[usize]) -> Option<Vec<f64>> {
        let bag = self.tree.home(&self.domain, clique)?;
        let projection = Projection::new(&self.domain, &self.tree.bags[bag], clique);
        let mut sums = vec![0.0; projection.cells()];
        projection.sum(&self.beliefs[bag], &mut sums);
        Some(sums)
    }

    /// The probabilities over this attribute and each of the others, in the order of the others; within its
    /// pair the smaller attribute is the slower one. The attribute itself gets an empty list.
    ///
    /// From the bag that holds the attribute, its joint table with a separator is carried from bag to bag: each
    /// bag is looked at once for a code of the attribute.
    pub(super) fn pairs(&self, attribute: usize) -> Vec<Vec<f64>> {
        let mut pairs = vec![Vec::new(); self.domain.len()];
        let count = self.tree.bags.len();
        let mut neighbours = vec![Vec::new(); count];
        for (bag, parent) in self.tree.parents.iter().enumerate() {
            if let Some(parent) = *parent {
                neighbours[bag].push((parent, bag));
                neighbours[parent].push((bag, bag));
            }
        }
        // Bags to visit: where from (the edge is named by its child), and the joint table of the attribute with
        // the separator on the way in; none within the bags of the attribute itself.
        let start = self.single[attribute].0;
        let mut stack: Vec<(usize, Option<usize>, Option<Vec<f64>>)> = vec![(start, None, None)];
        while let Some((bag, from, joint)) = stack.pop() {
            let attributes = &self.tree.bags[bag];
            let inside = attributes.binary_search(&attribute).is_ok();
            let joint = joint.filter(|_| !inside);
            let towards: Vec<(Clique, Option<(usize, usize)>)> = attributes
                .iter()
                .filter(|&&other| other != attribute && pairs[other].is_empty())
                .map(|&other| (vec![other], None))
                .chain(
                    neighbours[bag]
                        .iter()
                        .filter(|(_, edge)| Some(*edge) != from)
                        .map(|&next| (self.tree.separators[next.1].clone(), Some(next))),
                )
                .collect();
            for (target, next) in towards {
                let table = match (&joint, from) {
                    _ if inside => self.beside(bag, attribute, &target),
                    (Some(joint), Some(edge)) => self.carry(bag, edge, joint, attribute, &target),
                    _ => Vec::new(),
                };
                match next {
                    Some((bag, edge)) => stack.push((bag, Some(edge), Some(table))),
                    None => pairs[target[0]] = table,
                }
            }
        }
        for (other, table) in pairs.iter_mut().enumerate().take(attribute) {
            // The attribute runs slowest; behind a smaller one it must run fastest.
            let (own, size) = (self.domain.size(attribute), self.domain.size(other));
            *table = (0..size)
                .flat_map(|code| (0..own).map(move |at| at * size + code))
                .map(|at| table[at])
                .collect();
        }
        pairs
    }

    /// The joint table of an attribute of a bag (slowest) with a target within it.
    fn beside(&self, bag: usize, attribute: usize, target: &[usize]) -> Vec<f64> {
        let both = super::domain::union(&[attribute], target);
        let onto = Projection::new(&self.domain, &self.tree.bags[bag], &both);
        let mut table = vec![0.0; onto.cells()];
        onto.sum(&self.beliefs[bag], &mut table);
        let left = Projection::new(&self.domain, &both, &[attribute]);
        let right = Projection::new(&self.domain, &both, target);
        let mut joint = vec![0.0; left.cells() * right.cells()];
        for (cell, value) in table.iter().enumerate() {
            joint[left.target(cell) * right.cells() + right.target(cell)] += value;
        }
        joint
    }

    /// The joint table of an attribute outside a bag with a target within it, from that with the separator on
    /// the way in.
    fn carry(&self, bag: usize, edge: usize, joint: &[f64], attribute: usize, target: &[usize]) -> Vec<f64> {
        let separator = &self.tree.separators[edge];
        let attributes = &self.tree.bags[bag];
        let both = super::domain::union(separator, target);
        let onto = Projection::new(&self.domain, attributes, &both);
        let mut conditional = vec![0.0; onto.cells()];
        onto.sum(&self.beliefs[bag], &mut conditional);
        let into = Projection::new(&self.domain, &both, separator);
        let mut shared = vec![0.0; into.cells()];
        into.sum(&conditional, &mut shared);
        shared.iter_mut().for_each(|sum| *sum = if *sum > 0.0 { 1.0 / *sum } else { 0.0 });
        into.multiply(&mut conditional, &shared);
        let out = Projection::new(&self.domain, &both, target);
        let mut table = vec![0.0; self.domain.size(attribute) * out.cells()];
        let mut weighted = vec![0.0; conditional.len()];
        for (own, joint) in table.chunks_exact_mut(out.cells()).zip(joint.chunks_exact(into.cells())) {
            weighted.copy_from_slice(&conditional);
            into.multiply(&mut weighted, joint);
            out.sum(&weighted, own);
        }
        table
    }
}

/// Brings a table to a sum of 1 and returns the logarithm of the former sum; none where it is 0.
fn normalise(table: &mut [f64]) -> Option<f64> {
    let sum: f64 = table.iter().sum();
    if !(sum > 0.0 && sum.is_finite()) {
        return None;
    }
    let by = 1.0 / sum;
    table.iter_mut().for_each(|value| *value *= by);
    // 1 / sum overflows for a sum below about 1e-308, which only evidence could leave.
    by.is_finite().then(|| sum.ln())
}
