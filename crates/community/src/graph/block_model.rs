//! Groups with their own ties, and members more or less tied within them: the degree-corrected stochastic block model
//! (Karrer and Newman 2011).

use daotwin_core::Seed;
use daotwin_core::random::Stream as Draws;

use super::{Card, Fitted, Graph, Model, Observed};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct BlockModel;

/// Most groups that are tried, random starts, and sweeps over all nodes.
const MOST: usize = 6;
const STARTS: u64 = 4;
const SWEEPS: usize = 30;

/// The part of the profile log likelihood that depends on groups: `Σ_rs m_rs ln(m_rs / (κ_r κ_s)) / 2` (equation 20), in which
/// edges within a group count twice in `m_rr`.
fn score(between: &[f64], ends: &[f64]) -> f64 {
    let groups = ends.len();
    let mut sum = 0.0;
    for row in 0..groups {
        for column in 0..groups {
            let edges = between[row * groups + column];
            if edges > 0.0 {
                sum += 0.5 * edges * (edges / (ends[row] * ends[column])).ln();
            }
        }
    }
    sum
}

/// What a division into groups comes to.
#[derive(Debug, Clone)]
pub struct Division {
    /// The group of each node.
    pub group: Vec<u32>,
    /// Groups.
    pub groups: usize,
    /// Edges between each two groups, row by row; those within one count twice.
    pub between: Vec<f64>,
    /// The score less the price of the groups; see [`divide`].
    pub evidence: f64,
}

/// The best division found, from several random starts: nodes move one by one to the group that raises the likelihood most;
/// then the two groups whose union costs least become one, and nodes move again, down to one group (Peixoto 2014). A number
/// of groups pays for naming them (`n ln k`) and for its rates (`k (k + 1) / 4 ln m`), so that a graph without groups has one.
pub fn divide(graph: &Graph, seed: Seed) -> Division {
    let lists = graph.neighbours();
    let degrees: Vec<f64> = graph.degrees().into_iter().map(f64::from).collect();
    let edges = graph.edges.len().max(1) as f64;
    let streams = seed.streams("graph blocks");
    let mut best: Option<Division> = None;
    for start in 0..STARTS {
        let mut draws = streams.stream(start);
        let most = MOST.min(graph.nodes.max(1) as usize);
        let drawn: Vec<usize> = (0..graph.nodes).map(|_| draws.below(most as u64) as usize).collect();
        let mut state = Grouped::new(graph, &degrees, drawn, most);
        loop {
            state.climb(&lists, &degrees, &mut draws);
            let groups = state.ends.len();
            let rates = groups as f64 * (groups as f64 + 1.0) / 4.0 * edges.ln();
            let names = f64::from(graph.nodes) * (groups as f64).ln();
            let evidence = score(&state.between, &state.ends) - rates - names;
            if best.as_ref().is_none_or(|best| evidence > best.evidence) {
                let group = state.group.iter().map(|&group| group as u32).collect();
                best = Some(Division { group, groups, between: state.between.clone(), evidence });
            }
            let Some((kept, gone)) = state.nearest() else { break };
            for group in &mut state.group {
                *group = if *group == gone { kept } else { *group };
                *group -= usize::from(*group > gone);
            }
            state = Grouped::new(graph, &degrees, state.group, groups - 1);
        }
    }
    best.unwrap_or(Division { group: Vec::new(), groups: 1, between: vec![0.0], evidence: 0.0 })
}

/// A division while it is sought.
struct Grouped {
    group: Vec<usize>,
    between: Vec<f64>,
    ends: Vec<f64>,
}

impl Grouped {
    fn new(graph: &Graph, degrees: &[f64], group: Vec<usize>, groups: usize) -> Self {
        let (mut between, mut ends) = (vec![0.0; groups * groups], vec![0.0; groups]);
        for &(from, to) in &graph.edges {
            let (r, s) = (group[from as usize], group[to as usize]);
            between[r * groups + s] += 1.0;
            between[s * groups + r] += 1.0;
        }
        for (node, degree) in degrees.iter().enumerate() {
            ends[group[node]] += degree;
        }
        Self { group, between, ends }
    }

    /// The two groups whose union leaves most of the likelihood.
    fn nearest(&self) -> Option<(usize, usize)> {
        let groups = self.ends.len();
        let mut chosen: Option<(f64, (usize, usize))> = None;
        for kept in 0..groups {
            for gone in kept + 1..groups {
                let united = |group: usize| if group == gone { kept } else { group };
                let (mut between, mut ends) = (vec![0.0; groups * groups], vec![0.0; groups]);
                for row in 0..groups {
                    ends[united(row)] += self.ends[row];
                    for column in 0..groups {
                        between[united(row) * groups + united(column)] += self.between[row * groups + column];
                    }
                }
                let value = score(&between, &ends);
                if chosen.is_none_or(|(best, _)| value > best) {
                    chosen = Some((value, (kept, gone)));
                }
            }
        }
        chosen.map(|(_, pair)| pair)
    }

    fn shift(&mut self, ties: &[f64], degree: f64, to: usize, sign: f64) {
        let groups = self.ends.len();
        for (other, tie) in ties.iter().enumerate() {
            self.between[to * groups + other] += sign * tie;
            self.between[other * groups + to] += sign * tie;
        }
        self.ends[to] += sign * degree;
    }

    /// Moves nodes in random order until none moves.
    fn climb(&mut self, lists: &[Vec<u32>], degrees: &[f64], draws: &mut Draws) {
        let groups = self.ends.len();
        if groups == 1 {
            return;
        }
        let mut order: Vec<usize> = (0..self.group.len()).filter(|&node| degrees[node] > 0.0).collect();
        for _ in 0..SWEEPS {
            draws.shuffle(&mut order);
            let mut moved = 0;
            for &node in &order {
                let old = self.group[node];
                let mut ties = vec![0.0; groups];
                for &other in &lists[node] {
                    ties[self.group[other as usize]] += 1.0;
                }
                self.shift(&ties, degrees[node], old, -1.0);
                let mut chosen = (old, f64::NEG_INFINITY);
                for to in 0..groups {
                    self.shift(&ties, degrees[node], to, 1.0);
                    let value = score(&self.between, &self.ends);
                    self.shift(&ties, degrees[node], to, -1.0);
                    if value > chosen.1 + 1e-9 {
                        chosen = (to, value);
                    }
                }
                self.shift(&ties, degrees[node], chosen.0, 1.0);
                self.group[node] = chosen.0;
                moved += usize::from(chosen.0 != old);
            }
            if moved == 0 {
                break;
            }
        }
    }
}

impl Model for BlockModel {
    fn name(&self) -> &'static str {
        "block-model"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "circles within a community, with well-tied members in each",
            source: "Karrer and Newman 2011, equations 14 and 20; the number of groups by a description length as in Peixoto 2013",
            limits: "one group a member; triangles only as far as groups make them; groups are found by climbing, not proven best",
        }
    }

    fn fit(&self, observed: &Observed, seed: Seed) -> Option<Fitted> {
        let graph = &observed.graph;
        let division = divide(graph, seed);
        let (nodes, groups) = (graph.nodes, division.groups);
        // Of each group its nodes, and running sums of their degrees.
        let degrees = graph.degrees();
        let mut members: Vec<(Vec<u32>, Vec<f64>)> = vec![Default::default(); groups];
        for (node, &group) in division.group.iter().enumerate() {
            let (list, sums) = &mut members[group as usize];
            list.push(node as u32);
            sums.push(sums.last().copied().unwrap_or(0.0) + f64::from(degrees[node]));
        }
        let between = division.between;
        let sample = move |draws: &mut Draws| {
            let mut edges = Vec::new();
            let end = |group: usize, draws: &mut Draws| {
                let (list, sums) = &members[group];
                let at = draws.uniform() * sums.last().copied().unwrap_or(0.0);
                list[sums.partition_point(|&sum| sum <= at).min(list.len() - 1)]
            };
            for row in 0..groups {
                for column in row..groups {
                    let halved = if row == column { 0.5 } else { 1.0 };
                    for _ in 0..draws.poisson(halved * between[row * groups + column]) {
                        edges.push((end(row, draws), end(column, draws)));
                    }
                }
            }
            Graph::new(nodes, edges)
        };
        Some(Fitted { parameters: vec![("groups", groups as f64)], sample: Box::new(sample) })
    }
}
