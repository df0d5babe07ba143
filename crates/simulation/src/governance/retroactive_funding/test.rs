use super::*;

fn payments(fates: &[Fate]) -> Vec<f64> {
    fates.iter().map(|fate| if let Fate::Funded(payment) = fate { *payment } else { 0.0 }).collect()
}

#[test]
fn scores_are_what_their_names_say() {
    assert_eq!(score(&mut [3.0, 1.0, 2.0], Scoring::Median), Some(2.0));
    assert_eq!(score(&mut [4.0, 1.0, 2.0, 3.0], Scoring::Median), Some(2.5));
    assert_eq!(score(&mut [4.0, 1.0, 2.0, 3.0], Scoring::Sum), Some(10.0));
    assert_eq!(score(&mut [4.0, 1.0, 2.0, 3.0], Scoring::Mean), Some(2.5));
    assert_eq!(score(&mut [], Scoring::Sum), None);
}

#[test]
fn one_voter_moves_a_sum_but_not_a_median() {
    let honest = vec![vec![10.0; 17], vec![20.0; 17]];
    let mut bought = honest.clone();
    bought[0][0] = 5_000.0;
    for (scoring, moved) in [(Scoring::Median, false), (Scoring::Sum, true), (Scoring::Mean, true)] {
        let settings = Settings { scoring, quorum: 17, minimum: Minimum::Score(0.0), pot: 300.0 };
        let before = payments(&allocate(&mut honest.clone(), settings));
        let after = payments(&allocate(&mut bought.clone(), settings));
        assert_eq!(after[0] > before[0] + 1.0, moved, "{scoring:?} {before:?} {after:?}");
    }
}

/// The pot is paid out whole, nobody below the minimum is paid, and taking out goes on until that holds.
#[test]
fn elimination_ends_where_all_are_above_the_minimum() {
    let mut state = 3_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..50 {
        let mut votes = vec![Vec::new(); 60];
        for votes in &mut votes {
            for _ in 0..draw(12) {
                let size = 1 << (1 + draw(14));
                votes.push(draw(size) as f64);
            }
        }
        let settings =
            Settings { scoring: Scoring::Sum, quorum: 4, minimum: Minimum::Payment(100.0), pot: 10_000.0 };
        let fates = allocate(&mut votes, settings);
        let paid = payments(&fates);
        assert!((paid.iter().sum::<f64>() - 10_000.0).abs() < 1e-8);
        assert!(paid.iter().all(|&paid| paid == 0.0 || paid >= 100.0));
        assert!(fates.contains(&Fate::Minimum) && fates.contains(&Fate::Quorum));
        for (votes, fate) in votes.iter().zip(&fates) {
            assert_eq!(votes.len() < 4, *fate == Fate::Quorum);
        }
    }
}

#[test]
fn nothing_but_zeros_pays_nothing() {
    let settings = Settings { scoring: Scoring::Sum, quorum: 1, minimum: Minimum::Score(0.0), pot: 10.0 };
    assert_eq!(allocate(&mut [vec![0.0], vec![0.0]], settings), [Fate::Funded(0.0), Fate::Funded(0.0)]);
}
