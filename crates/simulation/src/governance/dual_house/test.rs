use super::*;

fn group(veto: u128) -> Group {
    Group { eligible: Amount(100), veto: Amount(veto), ..Group::default() }
}

#[test]
fn a_stakeholder_veto_is_the_table_of_the_manual() {
    let shares = [0, 10, 11, 13, 14, 16, 17, 19, 20, 22, 23, 50];
    for appeal in [false, true] {
        let bars = if appeal { [23, 20, 17] } else { [17, 14, 11] };
        for a in shares {
            for b in shares {
                for c in shares {
                    for d in shares {
                        let mut sorted = [a, b, c, d];
                        sorted.sort_unstable_by(|left, right| right.cmp(left));
                        // The n-th largest share is what n groups all reach.
                        let expected = sorted[1] >= bars[0] || sorted[2] >= bars[1] || sorted[3] >= bars[2];
                        let houses = Houses { token: group(a), citizens: [b, c, d].map(group) };
                        assert_eq!(
                            houses.vetoes(Veto::Stakeholders { appeal }),
                            expected,
                            "{a} {b} {c} {d} {appeal}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn more_votes_than_voters_do_not_fit() {
    assert!(group(100).fits());
    assert!(!group(101).fits());
    let full = Group { in_favour: Amount(60), against: Amount(30), abstain: Amount(10), ..group(0) };
    assert!(full.fits());
    assert!(!Group { abstain: Amount(11), ..full }.fits());
    assert!(!Group { abstain: Amount(u128::MAX), ..full }.fits());
}
