use super::*;

#[test]
fn rejection_is_the_formula_for_every_small_supply() {
    for supply in 1..40_u128 {
        for power in 1..=supply {
            for threshold in [1, 50, 500, 3_333, 10_000] {
                let settings = Settings { duration: 10, objections_threshold: threshold };
                let mut motion = Motion::create(&settings, 0, Amount(supply), 1).unwrap();
                motion.object(0, Amount(power)).unwrap();
                let rejected = 10_000 * power / supply >= u128::from(threshold);
                assert_eq!(motion.state(0) == State::Defeated, rejected, "{power}/{supply} {threshold}");
            }
        }
    }
}
