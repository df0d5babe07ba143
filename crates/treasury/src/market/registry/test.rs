#![cfg(test)]

use daotwin_core::statistics::{mean, pearson, standard_deviation};
use daotwin_core::{Run, Seed};

use super::super::Panel;
use super::*;

/// Two assets with a common factor, fat tails and days that cluster.
fn panel(days: usize) -> Panel {
    let mut stream = Seed(17).stream("conformance");
    let mut level: f64 = 0.0;
    let returns = (0..days)
        .flat_map(|_| {
            level = 0.95 * level + 0.12 * stream.normal();
            let size = 0.03 * level.exp().min(6.0);
            let common = stream.normal();
            [
                0.0005 + size * (0.8 * common + 0.6 * stream.normal()),
                size * (0.9 * common + 0.8 * stream.normal()),
            ]
        })
        .collect();
    Panel::new(vec!["ETH".into(), "TOKEN".into()], returns).unwrap()
}

#[test]
fn every_model_has_a_card_and_a_name_of_its_own() {
    for (place, model) in MARKET_MODELS.iter().enumerate() {
        let card = model.card();
        for text in [card.purpose, card.source, card.limits] {
            assert!(text.len() > 20, "{}", model.name());
        }
        assert!(MARKET_MODELS[..place].iter().all(|other| other.name() != model.name()));
        assert_eq!(find(model.name()).unwrap().name(), model.name());
    }
    let message = find("gmb").map(MarketModel::name).unwrap_err().to_string();
    assert!(message.contains("`gbm`") && message.contains("`gmb`"), "{message}");
}

#[test]
fn every_model_keeps_the_first_moments_and_is_a_function_of_its_seed() {
    let panel = panel(600);
    let (paths, steps) = (400, 120);
    let real: Vec<Vec<f64>> = (0..2).map(|asset| panel.column(asset)).collect();
    let correlation = pearson(&real[0], &real[1]);
    for model in MARKET_MODELS {
        let name = model.name();
        let fitted = model.fit(&panel, Seed(2), &Run::default()).unwrap();
        assert_eq!(fitted.assets(), panel.assets(), "{name}");
        assert!(
            fitted.parameters().iter().all(|(_, value)| value.is_finite()),
            "{name}: {:?}",
            fitted.parameters()
        );
        let drawn = fitted.simulate(paths, steps, Seed(3), &Run::default()).unwrap();
        let one_thread = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let again = one_thread.install(|| fitted.simulate(paths, steps, Seed(3), &Run::default())).unwrap();
        assert!(drawn == again, "{name}");
        assert!(drawn != fitted.simulate(paths, steps, Seed(4), &Run::default()).unwrap(), "{name}");
        // Fewer paths of fewer steps are the beginning of more.
        let fewer = fitted.simulate(2, 50, Seed(3), &Run::default()).unwrap();
        assert_eq!(fewer.path(1), &drawn.path(1)[..100], "{name}");
        // Weeks are sums of days.
        let weeks = fitted.simulate_summed(3, 17, 7, Seed(3), &Run::default()).unwrap();
        for asset in 0..2 {
            let days: Vec<f64> = drawn.series(2, asset).collect();
            for (week, value) in weeks.series(2, asset).enumerate() {
                assert!((days[week * 7..week * 7 + 7].iter().sum::<f64>() - value).abs() < 1e-12, "{name}");
            }
        }
        let column =
            |asset: usize| -> Vec<f64> { (0..paths).flat_map(|path| drawn.series(path, asset)).collect() };
        let drawn: Vec<Vec<f64>> = (0..2).map(column).collect();
        for asset in 0..2 {
            let (deviation, wanted) = (standard_deviation(&drawn[asset]), standard_deviation(&real[asset]));
            // Models whose days hang together begin from the last day's volatility; the bound only tells a model
            // from one whose units are wrong.
            assert!((0.6..1.7).contains(&(deviation / wanted)), "{name}: {deviation} for {wanted}");
            // The fitted mean errs by the real mean's own error, 600 days; five of them.
            let error = 5.0 * wanted / 600.0_f64.sqrt();
            assert!(
                (mean(&drawn[asset]) - mean(&real[asset])).abs() < error,
                "{name}: {}",
                mean(&drawn[asset])
            );
        }
        let found = pearson(&drawn[0], &drawn[1]);
        assert!((found - correlation).abs() < 0.2, "{name}: {found} for {correlation}");
    }
}

#[test]
fn a_panel_that_is_too_short_is_refused_with_what_to_do() {
    let short = panel(20);
    for model in MARKET_MODELS {
        if model.name() == "gbm" {
            continue;
        }
        let message = model.fit(&short, Seed(0), &Run::default()).unwrap_err().to_string();
        assert!(message.contains("there are 20") && message.contains(model.name()), "{message}");
    }
    let everything =
        Panel::new(vec!["A".into(), "A".into()], vec![0.1, f64::NAN, 0.1, 0.2]).unwrap_err().to_string();
    assert!(
        everything.contains("twice") && everything.contains("finite") && everything.contains("never move")
    );
    let fitted = MARKET_MODELS[0].fit(&panel(100), Seed(0), &Run::default()).unwrap();
    let nothing = fitted.simulate(0, 0, Seed(0), &Run::default()).unwrap_err().to_string();
    assert!(nothing.contains("0 paths") && nothing.contains("0 steps"), "{nothing}");
}
