//! Floats that are written as JSON are read back to the last bit, on which reading a model or a report relies.

use daotwin_core::Seed;
use daotwin_core::document::Score;

#[test]
fn every_float_is_read_back_to_the_last_bit() {
    let mut stream = Seed(3).stream("floats of the test");
    // Random bits of every magnitude: a reader that rounds twice, or computes digits times a power of ten in floats,
    // misses the last bit of some share of them. Were it only one in a thousand, that 49,900 come through has a
    // probability below 1e-21.
    let floats: Vec<f64> =
        (0..50_000).map(|_| f64::from_bits(stream.bits())).filter(|float| float.is_finite()).collect();
    let text = serde_json::to_string(&floats).unwrap();
    let back: Vec<f64> = serde_json::from_str(&text).unwrap();
    let bits = |floats: &[f64]| floats.iter().map(|float| float.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&floats));
    for &value in floats.iter().take(2_000) {
        let score = Score { value, ..Score::default() };
        let back: Score = serde_json::from_str(&serde_json::to_string(&score).unwrap()).unwrap();
        assert_eq!(back.value.to_bits(), value.to_bits());
    }
}
