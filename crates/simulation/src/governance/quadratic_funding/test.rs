use super::*;

/// Gifts of `donors` donors to `projects` projects, about two of five pairs.
fn random(seed: u64, donors: u32, projects: u32) -> Ledger {
    let mut state = seed;
    let mut draw = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut gifts = Vec::new();
    for donor in 0..donors {
        for project in 0..projects {
            if draw(5) < 2 {
                gifts.push(Gift { donor, project, amount: draw(1_000) as f64 / 10.0 + 0.1 });
            }
        }
    }
    Ledger::new(&gifts, donors as usize, projects as usize)
}

fn near(left: &[f64], right: &[f64], relative: f64) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        assert!((left - right).abs() <= relative * left.abs().max(right.abs()), "{left} {right}");
    }
}

#[test]
fn a_large_bound_is_no_bound() {
    for seed in 1..20 {
        let ledger = random(seed, 30, 6);
        near(&pairwise(&ledger, 1e14), &plain(&ledger), 1e-9);
    }
}

#[test]
fn pairs_are_matched_as_the_formula_has_them() {
    let ledger = random(5, 25, 4);
    for m in [0.01, 1.0, 50.0] {
        let root = |project: usize, donor: u32| {
            let gift = ledger.of(project).iter().find(|gift| gift.donor == donor);
            gift.map_or(0.0, |gift| gift.amount.sqrt())
        };
        let direct: Vec<f64> = (0..4)
            .map(|project| {
                let mut sum = 0.0;
                for i in 0..25 {
                    for j in (0..25).filter(|&j| j != i) {
                        let agreement: f64 = (0..4).map(|other| root(other, i) * root(other, j)).sum();
                        sum += root(project, i) * root(project, j) * m / (m + agreement);
                    }
                }
                sum
            })
            .collect();
        near(&pairwise(&ledger, m), &direct, 1e-12);
    }
}

/// Forty sock puppets who give alike: the bound and the clusters match them for far less than plain matching does,
/// beside forty people who do not.
#[test]
fn sock_puppets_gain_less_where_agreement_counts() {
    let mut gifts = Vec::new();
    let mut memberships = Vec::new();
    for donor in 0..40 {
        gifts.push(Gift { donor, project: 0, amount: 1.0 });
        memberships.push((donor, 0, 1.0));
        gifts.push(Gift { donor: 40 + donor, project: 1, amount: 1.0 });
        memberships.push((40 + donor, 1 + donor, 1.0));
        gifts.push(Gift { donor: 40 + donor, project: 2 + donor % 7, amount: 0.01 });
    }
    // What makes the puppets' agreement: they give alike to a second project too.
    for donor in 0..40 {
        gifts.push(Gift { donor, project: 9, amount: 25.0 });
    }
    let ledger = Ledger::new(&gifts, 80, 10);
    let clusters = Clusters::new(&memberships, 80, 41);
    let raw = plain(&ledger);
    assert_eq!(raw[0], raw[1]);
    let bounded = pairwise(&ledger, 1.0);
    assert!(bounded[0] < 0.2 * bounded[1], "{bounded:?}");
    for harsh in [true, false] {
        let clustered =
            matches(&ledger, Matching::Cluster { similarity: Similarity::Markov, harsh }, &clusters);
        assert!(clustered[0] < 0.01 * clustered[1], "{clustered:?}");
    }
}

#[test]
fn the_pot_is_paid_out_and_the_cap_is_kept() {
    for seed in 1..40 {
        let raw = plain(&random(seed, 30, 8));
        let matched = share_out(&raw, 1_000.0, Fit::Pot, Some(0.2));
        assert!(matched.iter().all(|&amount| amount <= 200.0 * (1.0 + 1e-12)));
        assert!((matched.iter().sum::<f64>() - 1_000.0).abs() < 1e-9);
        let total: f64 = raw.iter().sum();
        near(&share_out(&raw, 2.0 * total, Fit::Down, None), &raw, 1e-12);
        near(&share_out(&raw, total, Fit::Pot, None), &raw, 1e-12);
    }
    // Four projects cannot take a pot of which each may have a fifth.
    let few = share_out(&[5.0, 1.0, 1.0, 1.0], 100.0, Fit::Pot, Some(0.2));
    near(&few, &[20.0; 4], 1e-12);
    assert_eq!(share_out(&[0.0, 0.0], 100.0, Fit::Pot, None), [0.0, 0.0]);
}

#[test]
fn the_order_of_gifts_changes_no_bit() {
    let ledger = random(11, 40, 5);
    let mut gifts = ledger.gifts.clone();
    gifts.reverse();
    let turned = Ledger::new(&gifts, 40, 5);
    let clusters = Clusters::of_gifts(&ledger);
    for matching in [
        Matching::Plain,
        Matching::Pairwise { m: 0.3 },
        Matching::Cluster { similarity: Similarity::Friends, harsh: false },
    ] {
        assert_eq!(matches(&ledger, matching, &clusters), matches(&turned, matching, &clusters));
    }
}
