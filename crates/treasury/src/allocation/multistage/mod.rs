//! A plan over several stages on a tree of scenarios.
//!
//! At every node of the tree but the last ones the treasury sells and buys; then prices grow and bills fall due. What is least
//! is the conditional value at risk of what is left at the end (with its sign changed), less a reward of its mean, and a
//! penalty on bills that were not paid. A linear programme over all nodes at once, solved by nested decomposition:
//! J. R. Birge (1985), "Decomposition and partitioning methods for multistage stochastic linear programs", Operations
//! Research 33(5), with one cut a node and pass. The edge of the tail (Rockafellar and Uryasev 2000, equation 4) is chosen at
//! the root and handed down, so that the risk is that of the end seen from today and not a sum of stages' risks.

#[cfg(test)]
mod test;

use daotwin_core::Run;
use serde::Serialize;

use super::linear;
use super::projection::{Rows, dot};
use crate::{Error, Result};

/// A state of the world at the end of a stage.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The node before it; the first node has none. Parents come before their children.
    pub parent: Option<usize>,
    /// The chance of coming here from the parent; chances of siblings add up to 1.
    pub probability: f64,
    /// Growth factor of each asset since the parent; not read for the first node.
    pub growth: Vec<f64>,
    /// The bill that falls due here before anything is traded, in the unit of the start's holdings.
    pub bill: f64,
}

/// What selling costs, up to a size; the next tranche follows on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tranche {
    /// How much can be sold in one stage at this cost, valued before costs.
    pub size: f64,
    /// The share of it that is lost. Tranches cost more and more.
    pub cost: f64,
}

/// A plan to be made.
#[derive(Debug, Clone, PartialEq)]
pub struct Programme {
    /// States of the world, parents before children, the present first.
    pub tree: Vec<Node>,
    /// Holdings at the present.
    pub start: Vec<f64>,
    /// The asset that bills are paid from.
    pub cash: usize,
    /// For each asset what selling costs; more than all tranches together cannot be sold in one stage. Cash has none.
    pub sales: Vec<Vec<Tranche>>,
    /// For each asset the share that a purchase costs; none for assets that are not bought.
    pub purchases: Vec<Option<f64>>,
    /// The level of the conditional value at risk, such as 0.9.
    pub level: f64,
    /// What one unit of mean final holdings counts against one of risk.
    pub reward: f64,
    /// What one unit of an unpaid bill counts.
    pub unpaid: f64,
    /// Stop when value and proven bound are this near, as a share of the start's holdings.
    pub tolerance: f64,
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Holdings after trading at each node; none at the last ones.
    pub holdings: Vec<Vec<f64>>,
    /// What was minimised.
    pub value: f64,
    /// No plan has a smaller value: what the decomposition proves, but for rounding.
    pub bound: f64,
    /// Conditional value at risk of final holdings with their sign changed.
    pub risk: f64,
    /// Mean of final holdings; a bill at the end that is not covered counts as negative holdings.
    pub mean: f64,
    /// Mean of bills that were not paid.
    pub unpaid: f64,
    /// Passes over the tree.
    pub passes: usize,
}

/// A lower bound on what comes after a node, linear in holdings after trading and in the edge of the tail.
#[derive(Debug, Clone)]
struct Cut {
    constant: f64,
    holdings: Vec<f64>,
    edge: f64,
}

/// A node's decision.
struct Decision {
    holdings: Vec<f64>,
    unpaid: f64,
    edge: f64,
    /// Its value with everything that the cuts foretell, and these in the solver's scale.
    value: f64,
    /// Slopes of the value in holdings before trading, and in the edge.
    slopes: Vec<f64>,
    edge_slope: f64,
}

/// A variable of a node's programme.
#[derive(Clone, Copy)]
enum Variable {
    Sell { asset: usize, tranche: Tranche },
    Buy { asset: usize, cost: f64 },
    Unpaid,
    Later,
    Edge,
}

struct Solver<'a> {
    programme: &'a Programme,
    /// What values of nodes are divided by, so that they are of the order of one.
    scale: f64,
    children: Vec<Vec<usize>>,
    variables: Vec<Variable>,
    /// The most that holdings can be worth, ever.
    most: f64,
    /// All bills of the longest path.
    least: f64,
    cuts: Vec<Vec<Cut>>,
}

impl Programme {
    /// Every problem with the numbers.
    ///
    /// # Errors
    /// [`Error::Parameters`].
    pub fn check(&self) -> Result<()> {
        let width = self.start.len();
        let mut problems = vec![];
        if width == 0 || self.cash >= width {
            problems.push(format!("cash is asset {} of {width}; give one of the assets", self.cash));
        }
        if self.sales.len() != width || self.purchases.len() != width {
            problems.push(format!(
                "costs of {} sales and {} purchases for {width} assets; give one entry for each asset",
                self.sales.len(),
                self.purchases.len()
            ));
        }
        if !self.start.iter().all(|held| *held >= 0.0 && held.is_finite())
            || self.start.iter().sum::<f64>() <= 0.0
        {
            problems.push("holdings at the start are 0 or more, and some are above 0".to_owned());
        }
        for (asset, tranches) in self.sales.iter().enumerate() {
            let rising = tranches.windows(2).all(|pair| pair[0].cost <= pair[1].cost);
            let sound = |tranche: &Tranche| tranche.size >= 0.0 && (0.0..1.0).contains(&tranche.cost);
            if !rising || !tranches.iter().all(sound) {
                problems.push(format!(
                    "tranches of asset {asset}: sizes are 0 or more, costs lie from 0 to below 1 and rise from tranche to tranche"
                ));
            }
        }
        if self.purchases.iter().flatten().any(|cost| !(0.0..10.0).contains(cost)) {
            problems.push("costs of purchases lie from 0 to 10".to_owned());
        }
        if self.tree.len() < 2 || self.tree.first().is_some_and(|node| node.parent.is_some()) {
            problems.push("the tree begins with a node without parent and has at least one more".to_owned());
        }
        let mut sums = vec![0.0; self.tree.len()];
        for (at, node) in self.tree.iter().enumerate() {
            if !(node.bill >= 0.0 && node.bill.is_finite()) {
                problems.push(format!("the bill of node {at} is {}; give 0 or more", node.bill));
            }
            if at == 0 {
                continue;
            }
            match node.parent {
                Some(parent) if parent < at => sums[parent] += node.probability,
                _ => {
                    problems.push(format!("node {at} has no parent before it; list parents before children"));
                }
            }
            if node.growth.len() != width
                || !node.growth.iter().all(|factor| *factor >= 0.0 && factor.is_finite())
            {
                problems
                    .push(format!("node {at} has no growth factor of 0 or more for each of {width} assets"));
            }
            if !(0.0..=1.0).contains(&node.probability) {
                problems.push(format!("node {at} has the chance {}; give 0 to 1", node.probability));
            }
        }
        for (at, sum) in sums.iter().enumerate() {
            if *sum != 0.0 && (sum - 1.0).abs() > 1e-9 {
                problems.push(format!("chances of the children of node {at} add up to {sum}; make it 1"));
            }
        }
        if !(self.level > 0.0 && self.level < 1.0) {
            problems.push(format!("the level is {}; it lies between 0 and 1, such as 0.9", self.level));
        }
        if !(self.reward >= 0.0 && self.reward.is_finite() && self.unpaid >= 0.0 && self.unpaid.is_finite()) {
            problems.push(
                "the reward of the mean and the penalty on unpaid bills are numbers of 0 or more".to_owned(),
            );
        }
        if !(self.tolerance >= 1e-9 && self.tolerance < 1.0) {
            problems.push(format!("the tolerance is {}; it lies between 1e-9 and 1", self.tolerance));
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Parameters { problems }) }
    }

    /// The same in units of the start's holdings, so that numbers are of the order of one.
    fn scaled(&self) -> (Self, f64) {
        let unit: f64 = self.start.iter().sum();
        let mut scaled = self.clone();
        scaled.start.iter_mut().for_each(|held| *held /= unit);
        scaled.tree.iter_mut().for_each(|node| node.bill /= unit);
        scaled.sales.iter_mut().flatten().for_each(|tranche| tranche.size /= unit);
        (scaled, unit)
    }
}

impl<'a> Solver<'a> {
    fn new(programme: &'a Programme) -> Self {
        let nodes = programme.tree.len();
        let mut children = vec![vec![]; nodes];
        let (mut most, mut bills) = (vec![1.0; nodes], vec![0.0; nodes]);
        for (at, node) in programme.tree.iter().enumerate() {
            if let Some(parent) = node.parent {
                children[parent].push(at);
                let best = node.growth.iter().copied().fold(1.0, f64::max);
                // Bills that are not paid leave what they would have taken.
                most[at] = (most[parent] + node.bill) * best;
                bills[at] = bills[parent];
            }
            bills[at] += node.bill;
        }
        let mut variables = vec![];
        for (asset, tranches) in programme.sales.iter().enumerate() {
            if asset != programme.cash {
                variables.extend(tranches.iter().map(|&tranche| Variable::Sell { asset, tranche }));
            }
        }
        for (asset, cost) in programme.purchases.iter().enumerate() {
            if let (Some(cost), true) = (*cost, asset != programme.cash) {
                variables.push(Variable::Buy { asset, cost });
            }
        }
        variables.extend([Variable::Unpaid, Variable::Later, Variable::Edge]);
        Self {
            programme,
            scale: programme.reward + 1.0 / (1.0 - programme.level),
            children,
            variables,
            most: most.into_iter().fold(1.0, f64::max),
            least: bills.into_iter().fold(0.0, f64::max),
            cuts: vec![vec![]; nodes],
        }
    }

    /// What a unit of a variable adds to each asset's holdings.
    fn effect(&self, variable: Variable) -> Vec<f64> {
        let mut effect = vec![0.0; self.programme.start.len()];
        let cash = self.programme.cash;
        match variable {
            Variable::Sell { asset, tranche } => {
                effect[asset] = -1.0;
                effect[cash] = 1.0 - tranche.cost;
            }
            Variable::Buy { asset, cost } => {
                effect[asset] = 1.0;
                effect[cash] = -1.0 - cost;
            }
            Variable::Unpaid => effect[cash] = 1.0,
            Variable::Later | Variable::Edge => {}
        }
        effect
    }

    /// The best decision at a node with these holdings, as far as its cuts know what follows. At the root the edge is free.
    fn decide(&self, at: usize, held: &[f64], edge: Option<f64>) -> Option<Decision> {
        let programme = self.programme;
        let (assets, cash) = (held.len(), programme.cash);
        let bill = programme.tree[at].bill;
        let width = self.variables.len();
        let effects: Vec<Vec<f64>> = self.variables.iter().map(|&variable| self.effect(variable)).collect();
        let (later, edge_at) = (width - 2, width - 1);
        let mut rows = Rows::new(width);
        let unit = |at: usize, sign: f64| (0..width).map(move |other| if other == at { sign } else { 0.0 });
        if let Some(edge) = edge {
            rows.push(unit(edge_at, 1.0), edge);
        }
        let equalities = usize::from(edge.is_some());
        // What is held after trading is 0 or more.
        for asset in 0..assets {
            let bound = -held[asset] + if asset == cash { bill } else { 0.0 };
            rows.push(effects.iter().map(|effect| effect[asset]), bound);
        }
        for (variable, what) in self.variables.iter().enumerate() {
            match what {
                Variable::Sell { tranche, .. } => {
                    rows.push(unit(variable, 1.0), 0.0);
                    rows.push(unit(variable, -1.0), -tranche.size);
                }
                Variable::Buy { .. } => rows.push(unit(variable, 1.0), 0.0),
                Variable::Unpaid => {
                    rows.push(unit(variable, 1.0), 0.0);
                    rows.push(unit(variable, -1.0), -bill);
                }
                Variable::Later => rows.push(unit(variable, 1.0), -programme.reward / self.scale * self.most),
                Variable::Edge => {
                    rows.push(unit(variable, 1.0), -self.most);
                    rows.push(unit(variable, -1.0), -self.least);
                }
            }
        }
        let first = rows.len();
        let mut before = held.to_vec();
        before[cash] -= bill;
        for cut in &self.cuts[at] {
            let row = effects.iter().enumerate().map(|(variable, effect)| {
                let slope = -dot(effect, &cut.holdings);
                match variable {
                    _ if variable == later => 1.0,
                    _ if variable == edge_at => slope - cut.edge,
                    _ => slope,
                }
            });
            rows.push(row, cut.constant + dot(&before, &cut.holdings));
        }
        rows.equalities = equalities;
        let mut cost = vec![0.0; width];
        cost[later] = 1.0;
        cost[width - 3] = programme.unpaid / self.scale;
        if edge.is_none() {
            cost[edge_at] = 1.0 / self.scale;
        }
        let mut start = vec![0.0; width];
        start[edge_at] = edge.unwrap_or(0.0);
        let found = linear::minimise(&cost, &rows, &start)?;
        let mut holdings = before;
        for (effect, amount) in effects.iter().zip(&found.point) {
            holdings.iter_mut().zip(effect).for_each(|(held, effect)| *held += effect * amount);
        }
        holdings.iter_mut().for_each(|held| *held = held.max(0.0));
        // Holdings before trading stand in the bounds of rows: of what is left with the sign changed, of cuts with their slopes.
        let (mut slopes, mut edge_slope) = (vec![0.0; assets], 0.0);
        for &(row, multiplier) in &found.multipliers {
            if row < equalities {
                edge_slope += multiplier;
            } else if row < equalities + assets {
                slopes[row - equalities] -= multiplier;
            } else if row >= first {
                let cut = &self.cuts[at][row - first];
                slopes.iter_mut().zip(&cut.holdings).for_each(|(slope, value)| *slope += multiplier * value);
            }
        }
        Some(Decision {
            holdings,
            unpaid: found.point[width - 3],
            edge: found.point[edge_at],
            value: found.value,
            slopes,
            edge_slope,
        })
    }

    /// Adds what the children say of a node's holdings to its cuts.
    fn learn(&mut self, at: usize, holdings: &[f64], edge: f64) -> Option<()> {
        let programme = self.programme;
        let mut cut = Cut { constant: 0.0, holdings: vec![0.0; holdings.len()], edge: 0.0 };
        for &child in &self.children[at] {
            let node = &programme.tree[child];
            let before: Vec<f64> =
                holdings.iter().zip(&node.growth).map(|(held, growth)| held * growth).collect();
            let (value, slopes, edge_slope) = if self.children[child].is_empty() {
                let left = before.iter().sum::<f64>() - node.bill;
                let tail = 1.0 / (1.0 - programme.level) / self.scale;
                let reward = programme.reward / self.scale;
                let inside = -left > edge;
                let value = -reward * left + if inside { tail * (-left - edge) } else { 0.0 };
                let slope = -reward - if inside { tail } else { 0.0 };
                (value, vec![slope; holdings.len()], if inside { -tail } else { 0.0 })
            } else {
                let found = self.decide(child, &before, Some(edge))?;
                (found.value, found.slopes, found.edge_slope)
            };
            let mut constant = value - edge_slope * edge;
            for asset in 0..holdings.len() {
                constant -= slopes[asset] * before[asset];
                cut.holdings[asset] += node.probability * slopes[asset] * node.growth[asset];
            }
            cut.constant += node.probability * constant;
            cut.edge += node.probability * edge_slope;
        }
        self.cuts[at].push(cut);
        Some(())
    }
}

/// Conditional value at risk of losses with these probabilities.
fn tail_mean(losses: &mut [(f64, f64)], level: f64) -> f64 {
    losses.sort_by(|left, right| right.0.total_cmp(&left.0));
    let (mut left, mut sum) = (1.0 - level, 0.0);
    for &(loss, probability) in losses.iter() {
        let part = probability.min(left);
        sum += part * loss;
        left -= part;
    }
    sum / (1.0 - level)
}

/// The plan of least risk. The same inputs give the same bits.
///
/// # Errors
/// What [`Programme::check`] finds; cancellation.
pub fn solve(programme: &Programme, run: &Run) -> Result<Plan> {
    programme.check()?;
    let (scaled, unit) = programme.scaled();
    let mut solver = Solver::new(&scaled);
    let nodes = scaled.tree.len();
    let mut chance = vec![1.0; nodes];
    for at in 1..nodes {
        let node = &scaled.tree[at];
        chance[at] = node.probability * node.parent.map_or(1.0, |parent| chance[parent]);
    }
    let mut best: Option<Plan> = None;
    let mut bound = f64::NEG_INFINITY;
    for pass in 1..=500 {
        run.check()?;
        let mut decisions: Vec<Option<Decision>> = Vec::with_capacity(nodes);
        let mut losses = vec![];
        let (mut mean, mut unpaid, mut edge) = (0.0, 0.0, None);
        let mut stalled = false;
        for (at, node) in scaled.tree.iter().enumerate() {
            let held: Vec<f64> = match node.parent.and_then(|parent| decisions[parent].as_ref()) {
                Some(parent) => {
                    parent.holdings.iter().zip(&node.growth).map(|(held, growth)| held * growth).collect()
                }
                None => scaled.start.clone(),
            };
            if solver.children[at].is_empty() {
                let left = held.iter().sum::<f64>() - node.bill;
                losses.push((-left, chance[at]));
                mean += chance[at] * left;
                decisions.push(None);
                continue;
            }
            let Some(found) = solver.decide(at, &held, edge) else {
                stalled = true;
                break;
            };
            if at == 0 {
                edge = Some(found.edge);
                bound = bound.max(found.value * solver.scale);
            }
            unpaid += chance[at] * found.unpaid;
            decisions.push(Some(found));
        }
        if stalled {
            break;
        }
        let risk = tail_mean(&mut losses, scaled.level);
        let value = risk - scaled.reward * mean + scaled.unpaid * unpaid;
        if best.as_ref().is_none_or(|best| value < best.value) {
            let holdings =
                decisions.iter().map(|found| found.as_ref().map_or(vec![], |found| found.holdings.clone()));
            best =
                Some(Plan { holdings: holdings.collect(), value, bound, risk, mean, unpaid, passes: pass });
        }
        if let Some(best) = &mut best {
            (best.bound, best.passes) = (bound, pass);
            if best.value - bound <= scaled.tolerance {
                break;
            }
        }
        let edge = edge.unwrap_or(0.0);
        for at in (0..nodes).rev() {
            if let Some(found) = &decisions[at]
                && solver.learn(at, &found.holdings, edge).is_none()
            {
                stalled = true;
            }
        }
        if stalled {
            break;
        }
    }
    let mut plan = best.ok_or_else(|| Error::Parameters {
        problems: vec!["rounding kept the plan from being found; give numbers of similar size".to_owned()],
    })?;
    plan.holdings.iter_mut().flatten().for_each(|held| *held *= unit);
    for value in [&mut plan.value, &mut plan.bound, &mut plan.risk, &mut plan.mean, &mut plan.unpaid] {
        *value *= unit;
    }
    Ok(plan)
}
