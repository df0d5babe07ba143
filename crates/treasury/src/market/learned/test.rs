#![cfg(test)]

use daotwin_core::statistics::pearson;

use super::*;

#[test]
fn storms_last() {
    // Calm and stormy times that change once in 60 days.
    let mut stream = Seed(5).stream("storms");
    let mut storm = false;
    let returns: Vec<f64> = (0..1_200)
        .map(|_| {
            storm ^= stream.chance(1.0 / 60.0);
            stream.normal() * if storm { 0.06 } else { 0.01 }
        })
        .collect();
    let correlation = |values: &[f64]| {
        let sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
        pearson(&sizes[..sizes.len() - 5], &sizes[5..])
    };
    let panel = Panel::new(vec!["A".into()], returns.clone()).unwrap();
    for model in [COPULA, TREES] {
        let fitted = model.fit(&panel, Seed(1), &Run::default()).unwrap();
        let mut path = vec![0.0; 20_000];
        fitted.path(&Draws::new(Seed(2)), 0, &mut path);
        // The standard error of a correlation over 20,000 days in runs of some 20 is 0.03.
        assert!(correlation(&path) > 0.4 * correlation(&returns), "{}: {}", model.name, correlation(&path));
        // Negative control: the same days in another order.
        let mut shuffled = path.clone();
        Seed(3).stream("order").shuffle(&mut shuffled);
        assert!(correlation(&shuffled).abs() < 0.05);
    }
}
