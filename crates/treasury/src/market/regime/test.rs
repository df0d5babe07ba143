#![cfg(test)]

use super::*;

fn known() -> Chain {
    Chain {
        means: vec![vec![0.002, 0.001], vec![-0.004, -0.005]],
        covariances: vec![vec![4e-4, 1.2e-4, 1.2e-4, 6e-4], vec![4.9e-3, 4.5e-3, 4.5e-3, 6.4e-3]],
        transitions: vec![vec![0.97, 0.03], vec![0.1, 0.9]],
        first: vec![0.7, 0.3],
    }
}

fn days(chain: &Chain, n: usize) -> Panel {
    let mut stream = Seed(41).stream("regime");
    let mut state = 0;
    let roots: Vec<Vec<f64>> = chain.covariances.iter().map(|c| covariance_root(c.clone(), 2)).collect();
    let mut returns = vec![];
    for _ in 0..n {
        let mut row = [stream.normal(), stream.normal()];
        times_root(&roots[state], &mut row);
        returns.extend([row[0] + chain.means[state][0], row[1] + chain.means[state][1]]);
        state = usize::from(!stream.chance(chain.transitions[state][0]));
    }
    Panel::new(vec!["A".into(), "B".into()], returns).unwrap()
}

#[test]
fn the_filter_is_the_sum_over_all_ways_through_the_states() {
    let chain = known();
    let panel = days(&chain, 9);
    let densities = chain.log_densities(panel.returns());
    let (mut total, mut first_state) = (0.0, 0.0);
    for way in 0..1_u32 << 9 {
        let state = |day: usize| (way >> day & 1) as usize;
        let mut chance = chain.first[state(0)] * densities[0][state(0)].exp();
        for day in 1..9 {
            chance *= chain.transitions[state(day - 1)][state(day)] * densities[day][state(day)].exp();
        }
        total += chance;
        if state(4) == 1 {
            first_state += chance;
        }
    }
    let smoothed = chain.smooth(panel.returns());
    assert!((smoothed.log_likelihood - total.ln()).abs() < 1e-10);
    assert!((smoothed.states[4][1] - first_state / total).abs() < 1e-10);
    let moves: f64 = smoothed.moves.iter().flatten().sum();
    assert!((moves - 8.0).abs() < 1e-10);
}

#[test]
fn states_are_recovered() {
    let panel = days(&known(), 4_000);
    let (chain, smoothed) = Chain::fit(&panel, 2, &Run::default()).unwrap();
    // Five standard errors: 3,000 calm and 1,000 stormy days, some 90 moves each way.
    assert!((chain.transitions[0][0] - 0.97).abs() < 0.018, "{chain:?}");
    assert!((chain.transitions[1][1] - 0.9).abs() < 0.055, "{chain:?}");
    assert!((chain.covariances[0][0] / 4e-4 - 1.0).abs() < 0.15, "{chain:?}");
    assert!((chain.covariances[1][1] / 4.5e-3 - 1.0).abs() < 0.25, "{chain:?}");
    assert!(smoothed.log_likelihood >= known().smooth(panel.returns()).log_likelihood - 1.0);
    // Two states are chosen where two made the days.
    let fitted = Regime.fit(&panel, Seed(0), &Run::default()).unwrap();
    assert_eq!(fitted.parameters()[0], ("states".to_owned(), 2.0));
    // Negative control: one state's days do not show states of such different volatility.
    let one = Chain { transitions: vec![vec![1.0, 0.0], vec![1.0, 0.0]], ..known() };
    let (chain, _) = Chain::fit(&days(&one, 4_000), 2, &Run::default()).unwrap();
    assert!(chain.covariances[1][0] / chain.covariances[0][0] < 4.0, "{chain:?}");
}
