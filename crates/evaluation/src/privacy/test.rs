//! Positive controls (a model that leaks is caught) and negative controls (one that does not is not accused).

use std::collections::BTreeMap;

use daotwin_core::Seed;
use daotwin_core::document::Outcome;
use daotwin_history::schema::Precision;
use daotwin_history::view::{DaoView, ProposalView, VoteView};

use super::controlled::Controlled;
use super::membership::Attack;
use super::vectors::{Point, points};
use super::{copies, inference, membership, nearest, shadow, singling_out};
use crate::context::Trial;
use crate::variants;

const MEMBERS: u32 = 1200;
const PROPOSALS: u32 = 60;

/// A DAO drawn from one law whatever the seed: members with their own power, rate, hour and opinion.
fn dao(seed: u64) -> DaoView {
    let streams = Seed(seed).streams("members of the test");
    let mut votes = Vec::new();
    for member in 0..MEMBERS {
        let mut stream = streams.stream(u64::from(member));
        let mut power = (stream.normal() * 2.5).exp() * 1e9;
        let (rate, opinion) = (0.03 + 0.3 * stream.uniform().powi(3), stream.uniform());
        for proposal in 0..PROPOSALS {
            if stream.chance(rate) {
                if stream.chance(0.2) {
                    power *= (stream.normal() * 0.3).exp();
                }
                votes.push(VoteView {
                    proposal,
                    member,
                    at: Some(i64::from(proposal) * 500_000 + (stream.uniform().powi(2) * 259_200.0) as i64),
                    precision: Precision::Second,
                    power: power as i128,
                    choice: 1 + i32::from(stream.chance(0.4 * opinion)),
                    entries_start: 0,
                    entries_len: 0,
                });
            }
        }
    }
    let proposals = (0..PROPOSALS).map(|proposal| ProposalView {
        proposal: proposal.to_string(),
        choices: 2,
        start_at: Some(i64::from(proposal) * 500_000),
        end_at: Some(i64::from(proposal) * 500_000 + 259_200),
        ..ProposalView::default()
    });
    let view = DaoView { decimals: 9, proposals: proposals.collect(), ..DaoView::default() };
    let names: Vec<String> = (0..MEMBERS).map(|member| member.to_string()).collect();
    variants::rebuild(&view, votes, &names)
}

/// The DAO with other names, powers moved by a part in a thousand and times by seconds: what a generator that
/// copies gives.
fn jittered(view: &DaoView) -> DaoView {
    let mut stream = Seed(77).stream("jitter");
    let votes = view.votes.iter().map(|vote| VoteView {
        power: (vote.power as f64 * (1.0 + 1e-3 * stream.normal())) as i128,
        at: vote.at.map(|at| at + stream.below(20) as i64),
        ..*vote
    });
    let names: Vec<String> = (0..view.members.len()).map(|member| format!("new {member}")).collect();
    variants::rebuild(view, votes.collect(), &names)
}

/// A trial on halves of one DAO: a leaking one, or one whose synthetic members are drawn anew.
fn trial(seed: u64, leaks: bool) -> Trial {
    let (train, holdout) = variants::halves(&dao(seed), Seed(seed));
    let synthetic = if leaks { jittered(&train) } else { variants::halves(&dao(seed + 1000), Seed(3)).0 };
    Trial { train, holdout, synthetic }
}

#[test]
fn a_leak_is_caught_by_membership_attacks_and_an_independent_draw_is_not_accused() {
    let leak = membership::attack(&trial(1, true)).unwrap();
    assert!(leak.area >= 0.9, "{leak:?}");
    let honest = membership::attack(&trial(1, false)).unwrap();
    // About 600 members against 300: standard deviation of the area below 0.021; five of them.
    assert!((honest.area - 0.5).abs() < 0.105, "{honest:?}");
    assert!(honest.interval.0 <= 0.5 + 0.07 && honest.interval.1 >= 0.5 - 0.07);

    let shadows = |leaks| [trial(2, leaks), trial(3, leaks)];
    let leak = shadow::attack(&shadows(true), &trial(1, true)).unwrap().unwrap();
    assert!(leak.area >= 0.9, "{leak:?}");
    let honest = shadow::attack(&shadows(false), &trial(1, false)).unwrap().unwrap();
    assert!((honest.area - 0.5).abs() < 0.105, "{honest:?}");
}

#[test]
fn a_point_is_of_the_member_alone() {
    // Else a member's point would say with whom it was put into one half.
    let whole = dao(4);
    let (first, second) = variants::halves(&whole, Seed(4));
    let all: BTreeMap<&String, Point> = whole.members.iter().zip(points(&whole)).collect();
    for half in [&first, &second] {
        for (member, point) in half.members.iter().zip(points(half)) {
            assert_eq!(point, all[member], "member {member}");
        }
    }
}

#[test]
fn singling_out_and_inference_see_the_leak_only() {
    let leak = singling_out::attack(&trial(1, true), Seed(1)).unwrap();
    let honest = singling_out::attack(&trial(1, false), Seed(1)).unwrap();
    assert!(leak.hits > 2 * leak.control, "{leak:?}");
    // 2,000 tries: five standard deviations of the difference of two counts, each at most sqrt(500).
    assert!(honest.hits.abs_diff(honest.control) < 160, "{honest:?}");

    let leak = inference::attack(&trial(1, true), Seed(1)).unwrap();
    let honest = inference::attack(&trial(1, false), Seed(1)).unwrap();
    let (value, (low, _)) = leak.risk();
    assert!(value > 0.3 && low > 0.2, "{leak:?}");
    let (_, (low, _)) = honest.risk();
    assert!(low < 0.05, "{honest:?}");
}

#[test]
fn nearest_records_and_copies_see_the_leak_only() {
    let (leak, _) = nearest::share(&trial(1, true)).unwrap();
    assert!(leak > 0.9, "{leak}");
    let (honest, members) = nearest::share(&trial(1, false)).unwrap();
    // Five standard deviations of a share of 600, doubled for the draw of the halves.
    assert!((honest - 0.5).abs() < 0.2 && members > 500, "{honest}");

    let real = dao(1);
    let halves = variants::halves(&real, Seed(5));
    let exact = copies::copied(&real, &halves);
    // The DAO itself: each half holds half of it.
    assert!(
        (exact.synthetic[0].unwrap() - 0.5).abs() < 0.1 && exact.synthetic[1].unwrap() > 0.4,
        "{exact:?}"
    );
    let near = copies::copied(&jittered(&real), &halves);
    assert!(near.synthetic[1].unwrap() > 0.02, "records are recognised though each digit is moved: {near:?}");
    let honest = copies::copied(&dao(1001), &halves);
    assert!(honest.synthetic[0].unwrap() <= honest.real[0].unwrap() + 1e-3, "{honest:?}");
    assert!(honest.synthetic[1].unwrap() <= honest.real[1].unwrap() + 1e-2, "{honest:?}");
}

#[test]
fn too_few_members_are_no_evidence() {
    let few = |keep: usize| {
        let view = dao(9);
        let keep: Vec<bool> = (0..view.members.len()).map(|member| member < keep).collect();
        variants::with_members(&view, &keep)
    };
    let trial = Trial { train: few(5), holdout: few(5), synthetic: few(5) };
    assert!(membership::attack(&trial).is_none());
    assert!(singling_out::attack(&trial, Seed(1)).is_none());
    assert!(inference::attack(&trial, Seed(1)).is_none());
    assert!(nearest::share(&trial).is_none());
}

#[test]
fn risk_is_what_goes_wrong_beyond_the_control() {
    let counts = |hits, control, tries| Controlled { hits, control, baseline: 0, tries };
    let (value, (low, high)) = counts(90, 10, 100).risk();
    assert!(low < value && value < high && value > 0.75 && high <= 1.0, "{value} {low} {high}");
    assert_eq!(counts(10, 30, 100).risk().0, 0.0);
    assert!(counts(0, 0, 0).risk().0.is_finite());
}

#[test]
fn the_estimate_decides_of_membership_however_wide_its_interval() {
    let attack = |area, interval| Attack { area, interval, members: 20, others: 10, splits: 1 };
    let outcome = |attack: &Attack| membership::score(String::new(), "", attack, "").outcome;
    assert_eq!(outcome(&attack(0.551, (0.3, 0.8))), Outcome::Bad);
    assert_eq!(outcome(&attack(0.55, (0.5, 0.6))), Outcome::Good);
    assert_eq!(outcome(&attack(f64::NAN, (0.0, 1.0))), Outcome::Bad);
}

#[test]
fn splits_are_pooled_by_how_far_they_lie_apart() {
    let attack = |area| Some(Attack { area, interval: (0.0, 1.0), members: 20, others: 10, splits: 1 });
    let attacks = [attack(0.4), attack(0.5), attack(0.6), None, attack(0.5), attack(0.5)];
    let pooled = Attack::pooled(&attacks).unwrap();
    // By hand: standard deviation sqrt(0.005), over sqrt(5), times Student's 2.7764.
    let half = 2.7764 * 0.001_f64.sqrt();
    assert!((pooled.area - 0.5).abs() < 1e-12);
    assert!((pooled.interval.0 - (0.5 - half)).abs() < 1e-4, "{pooled:?}");
    assert!((pooled.interval.1 - (0.5 + half)).abs() < 1e-4, "{pooled:?}");
    assert_eq!((pooled.members, pooled.others, pooled.splits), (100, 50, 5));
    assert_eq!(Attack::pooled(&attacks[..1]), attacks[0]);
    assert_eq!(Attack::pooled(&[attacks[0], None, None]), None, "what luck left is no figure");
    assert_eq!(Attack::pooled(&[]), None);
}
