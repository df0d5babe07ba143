use super::*;

fn council(size: u32, threshold: u32) -> Council {
    let mut members = Members::default();
    for member in 0..size {
        members.insert(member);
    }
    Council { members, normal: Path { threshold, delay: 7, expiry: None }, emergency: None }
}

#[test]
fn the_soonest_act_is_the_one_that_answers_bring_about() {
    let mut state = 5_u64;
    let mut next = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    for _ in 0..200 {
        let council = council(12, 1 + next(12) as u32);
        let latencies: Vec<u64> = (0..12).map(|_| next(1_000)).collect();
        let mut order: Vec<u32> = (0..12).collect();
        order.sort_by_key(|member| latencies[*member as usize]);
        let mut action = Action::open(&council, Which::Normal).unwrap();
        for member in order {
            let second = 100 + latencies[member as usize];
            let open = action.scheduled().is_none();
            let result = action.approve(&council, Which::Normal, second, member, true);
            assert_eq!(result, if open { Ok(()) } else { Err(Revert::Scheduled) });
        }
        assert_eq!(action.ready(), earliest(&council.normal, 100, &mut latencies.clone()));
    }
}

#[test]
fn arbitrums_emergency_path_asks_for_more_than_its_normal_one() {
    let (normal, emergency) = Council::ARBITRUM;
    let council = Council { normal, emergency: Some(emergency), ..council(12, 1) };
    assert!(council.can_act());
    assert!(normal.threshold < emergency.threshold && normal.delay > emergency.delay);
    assert!(!Council { members: Members::default(), ..council }.can_act());
}

#[test]
fn a_rotation_that_fails_changes_nothing() {
    let before = council(3, 3);
    let mut after = before.clone();
    assert!(after.rotate(&[], &[0], None, None).is_err());
    assert!(after.rotate(&[1], &[], None, None).is_err());
    assert!(after.rotate(&[], &[9], None, None).is_err());
    assert_eq!(after, before);
    after.rotate(&[5], &[0], None, None).unwrap();
    assert_eq!(after.members.len(), 3);
}
