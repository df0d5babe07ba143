//! The method against records whose parameters are known.
//!
//! Long runs: `DAOTWIN_LONG=1` takes larger DAOs and more simulations, and asks for more parameters to be recovered.

use super::check::{BINS, judge};
use super::model::{Workspace, simulate};
use super::*;

fn long() -> bool {
    std::env::var_os("DAOTWIN_LONG").is_some()
}

fn design() -> Design {
    Design { agents: 1_000, proposals: 40, ahead: 0, voters: 30.0, timed: true, sided: true }
}

fn small() -> Options {
    Options {
        simulations: 500,
        agents: Some(300),
        evaluations: 20,
        particles: 20,
        epochs: 3,
        samples: 200,
        checks: 50,
        ..Options::default()
    }
}

/// A record simulated in the middle of the prior.
fn known(seed: u64) -> Record {
    let mut workspace = Workspace::default();
    let design = design();
    simulate(&design, &design.natural(&[0.0; PARAMETERS]), seed, &mut workspace);
    workspace.record
}

/// The upper quantile of chi-square (Wilson and Hilferty 1931): within 1 % for 19 degrees of freedom.
fn chi_square(freedom: f64, above: f64) -> f64 {
    let z = core::normal_quantile(1.0 - above);
    freedom * (1.0 - 2.0 / (9.0 * freedom) + z * (2.0 / (9.0 * freedom)).sqrt()).powi(3)
}

/// Trains a posterior for a design and judges it on 1,000 records; `least` parameters have to be recovered.
fn judged(design: Design, options: &Options, least: usize) {
    const FITS: u64 = 1_000;
    let run = Run::default();
    let trained = Trained::new(design, options, &run).unwrap();
    let qualities = judge(&trained, options, FITS, 1.0, &run).unwrap();
    // If a posterior is exact, a statistic of one parameter is beyond its 1e-6 / 12 quantile for any parameter with
    // probability at most 1e-6.
    let most = chi_square(BINS as f64 - 1.0, 1e-6 / PARAMETERS as f64);
    for quality in &qualities {
        println!("{quality:?}");
    }
    for quality in &qualities {
        assert!(quality.uniformity < most, "{quality:?} against {most}");
        // What is asked for. Bernstein: with an exact posterior the coverage of 1,000 fits is 6.4 points off with
        // probability at most 2 exp(-1000 x 0.064^2 / (2 (0.09 + 0.064 / 3))) = 2e-8, for any of 12 parameters 3e-7; 5
        // points off, which fails here, with 2e-4: the seed is fixed.
        assert!((0.85..=0.95).contains(&quality.coverage), "{quality:?}");
        // Where the posterior claims to know, it has to: the correlation of an exact posterior's mean with the truth is
        // sqrt(1 - mean variance), 0.93 at a spread of 0.37; Fisher's z of 1,000 fits is off by 0.18 (to 0.9) with
        // probability 1e-8.
        assert!(quality.spread > 0.37 || quality.recovery >= 0.9, "{quality:?}");
    }
    let identified = qualities.iter().filter(|quality| quality.recovery >= 0.9).count();
    assert!(identified >= least, "{identified}: {qualities:?}");
    // Control: half as wide a posterior must fail both ways.
    for quality in judge(&trained, options, 400, 0.5, &run).unwrap() {
        assert!(quality.uniformity > most && quality.coverage < 0.85, "{quality:?}");
    }
}

#[test]
fn the_posterior_recovers_covers_and_ranks_uniformly() {
    if !long() {
        return judged(design(), &Options { simulations: 5_000, epochs: 30, ..Options::default() }, 7);
    }
    // Thirty proposals do not tell how far turnout walked from how much it varies between proposals.
    judged(Design { agents: 10_000, proposals: 30, voters: 300.0, ..design() }, &Options::default(), 10);
    judged(Design { agents: 2_000, proposals: 120, voters: 60.0, ..design() }, &Options::default(), 12);
}

#[test]
fn the_three_ways_agree_on_a_known_dao() {
    let record = known(5);
    let options =
        Options { simulations: 2_500, evaluations: 80, particles: 100, epochs: 20, ..Options::default() };
    let calibration = fit("known", &record, &options, &Kept::default(), &Run::default()).unwrap();
    let truth = calibration.design.natural(&[0.0; PARAMETERS]);
    for (at, parameter) in calibration.parameters.iter().enumerate() {
        // The design is read off the record, so turnout and activity are relative to another number of members.
        println!("{} true {:.2}: {parameter:?}", parameter.name, truth[at]);
        let sequential = parameter.sequential.unwrap();
        let apart = (sequential.mean - parameter.posterior.mean).abs();
        let width = parameter.prior.1 - parameter.prior.0;
        assert!(apart < 0.25 * width, "{parameter:?}");
        let (moments, (low, high)) = parameter.moments.unwrap();
        assert!(
            low <= moments && moments <= high && (moments - parameter.posterior.mean).abs() < 0.4 * width,
            "{parameter:?}"
        );
    }
    let sequential = calibration.sequential.as_ref().unwrap();
    assert!(
        sequential.tolerances.is_sorted_by(|a, b| a > b) && sequential.tolerances.len() > 2,
        "{sequential:?}"
    );
    assert!(sequential.effective > 10.0, "{sequential:?}");
    assert!(calibration.loss < calibration.prior_loss - 3.0, "{}", calibration.loss);
    // The model made the record, so it reproduces it: of 46 statistics with p uniform, more than 8 below 0.01 have
    // probability below 1e-9 were they independent; they are correlated, hence the room.
    assert!(calibration.missed().len() <= 8, "{:?}", calibration.missed());
    let document = calibration.document();
    assert_eq!(document.sections.len(), 2);
    serde_json::to_string(&calibration).unwrap();
}

#[test]
fn a_fit_is_the_same_on_any_number_of_threads() {
    let record = known(6).first(12);
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            serde_json::to_string(
                &fit("known", &record, &small(), &Kept::default(), &Run::default()).unwrap(),
            )
            .unwrap()
        })
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn an_interrupted_fit_goes_on_to_the_same_bits() {
    use std::sync::atomic::{AtomicU64, Ordering};

    let record = known(6).first(12);
    let text = |fit: &Calibration| serde_json::to_string(fit).unwrap();
    let options = Options { simulations: 1_500, ..small() };
    let whole = text(&fit("known", &record, &options, &Kept::default(), &Run::default()).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let parts = || std::fs::read_dir(folder.path()).unwrap().count();
    let mut before = 0;
    // Reports come after each of 3 blocks of simulations, each pass of the network, each move of the simplex and each
    // block of sequential Monte Carlo: the run stops in the first stage, and in each later one.
    for stop in [2, 6, 12, 8] {
        let cancel = daotwin_core::Cancel::default();
        let (raise, reports) = (cancel.clone(), AtomicU64::new(0));
        let mut run = Run::with_listener(move |_: daotwin_core::progress::Step<'_>| {
            if reports.fetch_add(1, Ordering::Relaxed) + 1 == stop {
                raise.cancel();
            }
        });
        run.cancel = cancel;
        let kept = Kept::open(folder.path(), "known", &record, &options).unwrap();
        let stopped = fit("known", &record, &options, &kept, &run);
        assert!(matches!(stopped, Err(Error::Core(daotwin_core::Error::Cancelled))), "{stop}");
        assert!(parts() > before, "{stop}: {before} parts");
        before = parts();
    }
    // A part that was cut short, as no crash leaves one, is made anew.
    daotwin_core::files::atomic_write(&folder.path().join("prior-0000000512"), b"cut").unwrap();
    let kept = Kept::open(folder.path(), "known", &record, &options).unwrap();
    assert_eq!(text(&fit("known", &record, &options, &kept, &Run::default()).unwrap()), whole);
    // Control: parts are read, not made again.
    let name = folder.path().join("moments");
    let mut bytes = std::fs::read(&name).unwrap();
    bytes[..8].copy_from_slice(&0.123_f64.to_bits().to_le_bytes());
    daotwin_core::files::atomic_write(&name, &bytes).unwrap();
    assert_ne!(text(&fit("known", &record, &options, &kept, &Run::default()).unwrap()), whole);
    for (record, options) in [(&record, &small()), (&known(7), &options)] {
        let refused = Kept::open(folder.path(), "known", record, options).unwrap_err().to_string();
        assert!(refused.contains("another target"), "{refused}");
    }
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let record = known(7).first(5);
    let options = Options { simulations: 1, epochs: 0, ..small() };
    let error = fit("known", &record, &options, &Kept::default(), &Run::default()).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 3, "{error}");
    let run = Run::default();
    run.cancel.cancel();
    assert!(fit("known", &known(7), &small(), &Kept::default(), &run).is_err());
}

#[test]
fn voters_are_as_many_as_expected() {
    // Without walk and shocks the voters of a proposal are a sum of independent chances, at least one voter.
    let design = design();
    let mut workspace = Workspace::default();
    let mut natural = design.natural(&[0.0; PARAMETERS]);
    (natural[1], natural[2]) = (0.0, 0.0);
    let mut means = vec![];
    for seed in 0..200 {
        simulate(&design, &natural, seed, &mut workspace);
        means.push(workspace.record.ballots.len() as f64 / f64::from(design.proposals));
    }
    let (mean, error) = (core::mean(&means), core::standard_deviation(&means) / 200.0_f64.sqrt());
    // A mean of 200 is 5 standard errors off with probability 1e-6; the grid of turnouts is exact to 0.5 %.
    assert!((mean - 30.0).abs() < 5.0 * error + 0.15, "{mean} +- {error}");
}

#[test]
fn the_score_of_an_ensemble_is_its_definition() {
    let (ensemble, truth) = ([0.3_f64, 1.0, -2.0, 0.7], 0.5_f64);
    let mut apart = 0.0_f64;
    for a in ensemble {
        for b in ensemble {
            apart += (a - b).abs() / 16.0;
        }
    }
    let off: f64 = ensemble.iter().map(|value| (value - truth).abs() / 4.0).sum();
    assert!((forecast::crps(&ensemble, truth) - (off - 0.5 * apart)).abs() < 1e-12);
    assert_eq!(forecast::crps(&[1.0], 0.25), 0.75);
}
