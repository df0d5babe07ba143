use super::*;

#[test]
fn signalling_grows_linearly_between_the_seals() {
    let lido = Settings::LIDO;
    let percent = |tenths: u64| WHOLE / 1_000 * tenths;
    for (tenths, days) in [(9, 0), (10, 5), (55, 25), (99, 44), (100, 45), (1_000, 45)] {
        assert_eq!(lido.veto_signalling(percent(tenths)) / 86_400, days, "{tenths}");
    }
    assert_eq!(lido.veto_signalling(percent(10) - 1), 0);
    assert_eq!(lido.veto_signalling(percent(10) + 1), 5 * 86_400);
    assert_eq!(lido.veto_signalling(percent(100) - 1), 45 * 86_400 - 1);
    assert!((0..=1_000).map(|tenths| lido.veto_signalling(percent(tenths))).is_sorted());
}

#[test]
fn each_rage_quit_in_a_row_waits_longer_up_to_the_longest() {
    let days: Vec<u64> =
        [1, 2, 8, 9, 255].map(|round| Settings::LIDO.withdrawals_delay(round) / 86_400).to_vec();
    assert_eq!(days, [75, 90, 180, 180, 180]);
}

#[test]
fn support_counts_what_is_finalised_on_both_sides() {
    assert_eq!(support(Amount(100), Amount(0), Amount(10_000)), Ok(WHOLE / 100));
    assert_eq!(support(Amount(0), Amount(100), Amount(9_900)), Ok(WHOLE / 100));
    assert_eq!(support(Amount(1), Amount(0), Amount(3)), Ok(WHOLE / 3));
    assert_eq!(support(Amount(0), Amount(0), Amount(0)), Err(Revert::Overflow));
}

#[test]
fn a_second_rage_quit_in_a_row_comes_without_the_normal_state() {
    let (lido, all) = (Settings::LIDO, WHOLE / 10);
    let mut machine = Machine::new(0);
    assert!(!machine.step(&lido, 0, all));
    assert!(machine.step(&lido, 45 * 86_400 + 1, all));
    assert_eq!((machine.state(), machine.rounds()), (State::RageQuit, 1));
    machine.start_extension(50 * 86_400).unwrap();
    // Another tenth has been locked meanwhile.
    machine.step(&lido, 57 * 86_400 + 1, all);
    assert_eq!(machine.state(), State::VetoSignalling);
    assert!(machine.step(&lido, 102 * 86_400 + 2, all));
    assert_eq!((machine.state(), machine.rounds()), (State::RageQuit, 2));
    machine.start_extension(110 * 86_400).unwrap();
    assert_eq!(machine.ether_after(), Some((110 + 7 + 90) * 86_400));
}
