#![cfg(test)]
use super::*;

fn root(assets: usize, bill: f64) -> Node {
    Node { parent: None, probability: 1.0, growth: vec![1.0; assets], bill }
}

/// Own token and cash; the token costs more the more of it is sold.
fn small() -> Programme {
    let node = |parent, probability, growth, bill| Node {
        parent: Some(parent),
        probability,
        growth: vec![growth, 1.0],
        bill,
    };
    Programme {
        tree: vec![
            root(2, 0.1),
            node(0, 0.6, 1.3, 0.2),
            node(0, 0.4, 0.6, 0.2),
            node(1, 0.5, 1.2, 0.1),
            node(1, 0.5, 0.5, 0.3),
            node(2, 0.7, 1.5, 0.1),
            node(2, 0.3, 0.4, 0.3),
        ],
        start: vec![0.9, 0.15],
        cash: 1,
        sales: vec![vec![Tranche { size: 0.2, cost: 0.02 }, Tranche { size: 0.7, cost: 0.2 }], vec![]],
        purchases: vec![None, None],
        level: 0.75,
        reward: 0.4,
        unpaid: 10.0,
        tolerance: 1e-8,
    }
}

/// The best plan of all that sell whole steps: every sale at the root and at both nodes after it.
fn by_enumeration(programme: &Programme, steps: usize) -> f64 {
    let sell = |held: [f64; 2], bill: f64, amount: f64| {
        let first = amount.min(programme.sales[0][0].size);
        let cash = held[1] + first * 0.98 + (amount - first) * 0.8 - bill;
        // What cash cannot pay is left unpaid.
        ([held[0] - amount, cash.max(0.0)], (-cash).max(0.0))
    };
    let grown = |held: [f64; 2], node: usize| [held[0] * programme.tree[node].growth[0], held[1]];
    let chance = [1.0, 0.6, 0.4, 0.3, 0.3, 0.28, 0.12];
    let mut best = f64::INFINITY;
    let amounts = |most: f64| (0..=steps).map(move |step| (0.9 * step as f64 / steps as f64).min(most));
    for now in amounts(0.9) {
        let (after, unpaid_now) = sell([0.9, 0.15], 0.1, now);
        let (up, down) = (grown(after, 1), grown(after, 2));
        for if_up in amounts(up[0]) {
            let (after_up, unpaid_up) = sell(up, 0.2, if_up);
            for if_down in amounts(down[0]) {
                let (after_down, unpaid_down) = sell(down, 0.2, if_down);
                let left = |held: [f64; 2], node: usize| {
                    grown(held, node).iter().sum::<f64>() - programme.tree[node].bill
                };
                let mut losses: Vec<(f64, f64)> =
                    [(after_up, 3), (after_up, 4), (after_down, 5), (after_down, 6)]
                        .map(|(held, node)| (-left(held, node), chance[node]))
                        .to_vec();
                let mean: f64 = losses.iter().map(|(loss, chance)| -loss * chance).sum();
                let unpaid = unpaid_now + 0.6 * unpaid_up + 0.4 * unpaid_down;
                best = best.min(tail_mean(&mut losses, 0.75) - 0.4 * mean + 10.0 * unpaid);
            }
        }
    }
    best
}

#[test]
fn no_plan_of_whole_steps_is_better() {
    let programme = small();
    let plan = solve(&programme, &Run::default()).unwrap();
    assert!(plan.value - plan.bound <= 1e-7, "{} is not near {}", plan.value, plan.bound);
    let best = by_enumeration(&programme, 90);
    assert!(plan.value <= best + 1e-9, "{} is above {best}", plan.value);
    // Steps of a hundredth miss the optimum by no more than a step's worth in the tail.
    assert!(best - plan.value < 0.01 / 0.25, "{best} is far above {}", plan.value);
    // A plan that cannot trade is worse: the comparison can fail.
    let still = Programme { sales: vec![vec![], vec![]], ..programme };
    assert!(solve(&still, &Run::default()).unwrap().value > best + 0.1);
}

/// 41 nodes and 4 assets by formulas, the same as were given to HiGHS.
fn formulas() -> Programme {
    let (scale, drift) = ([0.5, 0.3, 0.0, 0.02], [0.08, 0.03, 0.0, 0.01]);
    let mut tree = vec![root(4, 0.05)];
    let mut level = vec![0];
    for branches in [4, 3, 2] {
        let mut next = vec![];
        for &parent in &level {
            let whole: usize = (0..branches).map(|branch| 1 + branch % 2).sum();
            for branch in 0..branches {
                let at = tree.len();
                let growth = (0..4).map(|asset| {
                    1.0 + drift[asset]
                        + scale[asset] * (1.0 + 7.0 * at as f64 + 5.0 * (asset * asset) as f64).sin()
                });
                tree.push(Node {
                    parent: Some(parent),
                    probability: (1 + branch % 2) as f64 / whole as f64,
                    growth: growth.collect(),
                    bill: 0.5 + 0.4 * (at as f64).cos().powi(2),
                });
                next.push(at);
            }
        }
        level = next;
    }
    let one = |cost| vec![Tranche { size: 9.0, cost }];
    let own = [(0.6, 0.03), (0.8, 0.12), (5.0, 0.3)].map(|(size, cost)| Tranche { size, cost });
    Programme {
        tree,
        start: vec![4.0, 0.5, 0.3, 0.2],
        cash: 2,
        sales: vec![own.to_vec(), one(0.003), vec![], one(0.001)],
        purchases: vec![None, Some(0.003), None, Some(0.001)],
        level: 0.8,
        reward: 0.1,
        unpaid: 20.0,
        tolerance: 1e-8,
    }
}

#[test]
fn the_optimum_is_that_of_the_extensive_form() {
    let plan = solve(&formulas(), &Run::default()).unwrap();
    // The extensive form, modelled in cvxpy 1.9.3 and solved by HiGHS 1.16.0; Clarabel 0.11.1 agrees to nine digits.
    let extensive = -3.492_148_404_912_913;
    assert!((plan.value - extensive).abs() < 1e-6, "{} after {} passes", plan.value, plan.passes);
    assert!(plan.bound <= plan.value + 1e-9 && plan.value - plan.bound < 1e-6);
    assert!((plan.mean - 4.242_255_93).abs() < 1e-4 && plan.unpaid < 1e-6);
}

#[test]
fn a_plan_is_the_same_in_any_unit() {
    let mut programme = small();
    let plan = solve(&programme, &Run::default()).unwrap();
    programme.start.iter_mut().for_each(|held| *held *= 1e6);
    programme.tree.iter_mut().for_each(|node| node.bill *= 1e6);
    programme.sales.iter_mut().flatten().for_each(|tranche| tranche.size *= 1e6);
    let large = solve(&programme, &Run::default()).unwrap();
    assert!((large.value / 1e6 - plan.value).abs() < 1e-7);
}

#[test]
fn bills_that_nothing_can_pay_stay_unpaid() {
    let mut programme = small();
    programme.tree[1].bill = 5.0;
    let plan = solve(&programme, &Run::default()).unwrap();
    assert!(plan.unpaid > 0.6 * 3.0, "{}", plan.unpaid);
}

#[test]
fn every_problem_is_told_at_once() {
    let mut programme = small();
    programme.tree[3].probability = 0.9;
    programme.tree[2].growth = vec![1.0];
    programme.start[0] = -1.0;
    programme.level = 1.5;
    let Err(Error::Parameters { problems }) = solve(&programme, &Run::default()) else { panic!() };
    assert_eq!(problems.len(), 4, "{problems:?}");
}

#[test]
fn programmes_of_any_numbers_are_solved_to_the_proven_optimum() {
    for seed in 0..30 {
        let mut stream = daotwin_core::Seed(seed).stream("programmes");
        let mut programme = formulas();
        for node in programme.tree.iter_mut().skip(1) {
            for (asset, scale) in [0.6, 0.4, 0.0, 0.02].into_iter().enumerate() {
                node.growth[asset] = (scale * stream.normal()).exp();
            }
            node.bill = 0.5 * stream.uniform();
        }
        programme.level = 0.5 + 0.45 * stream.uniform();
        programme.reward = 2.0 * stream.uniform();
        programme.tolerance = 1e-6;
        let plan = solve(&programme, &Run::default()).unwrap();
        assert!(plan.bound <= plan.value + 1e-7, "seed {seed}: {plan:?}");
        assert!(plan.value - plan.bound <= 1e-5, "seed {seed}: {} above {}", plan.value, plan.bound);
        // No plan may sell what it does not have or leave cash below 0.
        assert!(plan.holdings.iter().flatten().all(|held| *held >= 0.0));
    }
}
