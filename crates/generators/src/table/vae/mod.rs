//! A variational autoencoder of tables (TVAE), without the weakness that it shows the commonest values too often.
//!
//! Three things differ from the published model. Numbers are codes of about equally many rows, so that the decoder's
//! law of a number may have any shape, and a value is drawn from the law of every column, never the likeliest one
//! taken. The weight of the hidden part's law is small and grows from nothing, so that hidden parts tell their rows
//! apart. And sampling does not start from a standard normal law, which the hidden parts of rows never follow, but
//! from a mixture fitted to them after training.

mod model;
mod prior;
#[cfg(test)]
mod test;
mod train;

use std::path::Path;

use daotwin_core::Run;
use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{
    FittedTable, Setting, TableCard, TableFitOptions, TableSynthesizer,
};
use daotwin_history::synthesizer::Failure;

use self::model::Fitted;
use self::train::Plan;
use super::checkpoint::Checkpoint;
use super::deep::{Shape, steps};
use super::dpsgd;
use super::private::{BIN_SHARE, Cut};
use crate::encode::{Discrete, Form, Mixed, MixedOptions};
use crate::error::{Error, Result};

/// The name in the registry.
const NAME: &str = "vae";

/// Learns a hidden part of every row and the row's law given it.
#[derive(Debug)]
pub struct Vae;

const SETTINGS: &[Setting] = &[
    Setting {
        name: "epochs",
        default: 0.0,
        bounds: (0.0, 10_000.0),
        purpose: "times through the rows; 0 for as many as 4,000 steps give, at most 100",
    },
    Setting { name: "batch", default: 500.0, bounds: (8.0, 65_536.0), purpose: "rows of a training step" },
    Setting {
        name: "hidden",
        default: 128.0,
        bounds: (4.0, 4_096.0),
        purpose: "width of the hidden layers (of a private fit: 32 where not given)",
    },
    Setting {
        name: "latent",
        default: 32.0,
        bounds: (1.0, 1_024.0),
        purpose: "numbers that describe a row before it is drawn (of a private fit: 4 where not given)",
    },
    Setting {
        name: "rate",
        default: 0.002,
        bounds: (1e-6, 1.0),
        purpose: "learning rate of the first step (of a private fit: 0.01 where not given)",
    },
    Setting {
        name: "beta",
        default: 0.5,
        bounds: (0.0, 100.0),
        purpose: "weight of the law of hidden parts against that of the rows (of a private fit: 0.05 where not given)",
    },
    Setting {
        name: "modes",
        default: 128.0,
        bounds: (1.0, 4_096.0),
        purpose: "Gaussians of the law of hidden parts that samples start from",
    },
    Setting {
        name: "bins",
        default: 32.0,
        bounds: (2.0, 1_024.0),
        purpose: "codes of a number, beside its spikes (of a private fit: 16 where not given)",
    },
    Setting {
        name: "private_rate",
        default: 0.1,
        bounds: (1e-6, 1.0),
        purpose: "of a private fit: the chance with which a row takes part in a step",
    },
    Setting {
        name: "private_steps",
        default: 400.0,
        bounds: (1.0, 1_000_000.0),
        purpose: "of a private fit: steps, which share the budget",
    },
    Setting {
        name: "bound",
        default: 0.1,
        bounds: (1e-6, 1e6),
        purpose: "of a private fit: the norm that the gradient of a row is scaled down to",
    },
    BIN_SHARE,
];

impl TableSynthesizer for Vae {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "a small neural model of any columns that fits in seconds to a minute",
            source: "Xu, Skoularidou, Cuesta-Infante and Veeramachaneni 2019 (TVAE), Kingma and Welling 2014; law \
                     of hidden parts after Tomczak and Welling 2018 and Dai and Wipf 2019",
            limits: "sequential trees are closer to most tables and faster; the rarest combinations are smoothed \
                     over; conditions that one row in 10,000 meets are met exactly, and the other columns follow \
                     them roughly",
            privacy: Some(
                "(epsilon, delta) for a member: DP-SGD with Poisson sampling, gradients of rows scaled down to a bound, \
                 discrete Gaussian noise, and noisy counts of rows, of each column and of where its cells lie; every \
                 column must be declared",
            ),
            settings: SETTINGS,
            bytes_per_cell: 32,
        }
    }

    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fit(frame, options, run)?))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(model::read(folder, run)?))
    }
}

fn fit(frame: &Frame, options: &TableFitOptions, run: &Run) -> Result<Fitted> {
    let settings = super::begin(&Vae, frame, options)?;
    let [
        epochs,
        batch,
        hidden,
        latent,
        rate,
        beta,
        modes,
        bins,
        private_rate,
        private_steps,
        bound,
        bin_share,
    ] = settings[..]
    else {
        return Err(Error::Defect("the settings of `vae` are not those of its card".to_owned()));
    };
    run.check()?;
    let batch = (batch as usize).min(frame.rows().max(1));
    let plan = Plan {
        hidden: hidden as usize,
        latent: latent as usize,
        batch,
        steps: steps(frame.rows(), batch, epochs, 200, 4_000),
        rate: rate as f32,
        beta: beta as f32,
        modes: modes as usize,
    };
    let fitted = |mixed: Mixed, learned: train::Learned, hidden, rows: u64, guarantee| Fitted {
        shape: Shape::of(&mixed, false),
        mixed,
        learned,
        hidden,
        rows,
        seed: options.seed.0,
        guarantee,
    };
    if let Some(privacy) = &options.privacy {
        let frame = &crate::table::private::admitted(frame, privacy)?;
        // Noise grows with the number of parameters: a private network is small, and its steps are large.
        let unless_given = |name: &str, value: f64, private: f64| {
            if options.settings.iter().any(|(given, _)| given == name) { value } else { private }
        };
        let private = dpsgd::Plan { rate: private_rate, steps: private_steps as u64, bound: bound as f32 };
        let plan = Plan {
            hidden: unless_given("hidden", hidden, 32.0) as usize,
            latent: unless_given("latent", latent, 4.0) as usize,
            rate: unless_given("rate", rate, 0.01) as f32,
            beta: unless_given("beta", beta, 0.05) as f32,
            steps: private.steps,
            ..plan
        };
        let cut = Cut { bins: unless_given("bins", bins, 16.0) as usize, share: bin_share };
        let build = |cells: &Discrete| {
            let mixed = Mixed::of_cells(cells);
            train::Private::new(
                Shape::of(&mixed, false),
                mixed.encode(frame, options.seed),
                plan,
                options.seed,
            )
        };
        let done = dpsgd::fit(NAME, frame, privacy, &settings, cut, build, private, options.seed, run)?;
        let (mixed, learned) = (Mixed::of_cells(&done.cells), done.learner.learned()?);
        return Ok(fitted(mixed, learned, plan.hidden, done.rows, Some(done.guarantee)));
    }
    let checkpoint = Checkpoint::open(NAME, frame, options, &settings, run)?;
    let mixed =
        Mixed::fit(frame, &MixedOptions { form: Form::Bins(bins as usize), ..MixedOptions::default() });
    run.check()?;
    let encoded = mixed.encode(frame, options.seed);
    let shape = Shape::of(&mixed, false);
    let learned = train::train(&shape, &encoded, &plan, options.seed, checkpoint, run)?;
    Ok(fitted(mixed, learned, plan.hidden, frame.rows() as u64, None))
}

/// A private training of a small network, for the audit.
#[cfg(test)]
pub(super) fn audited(
    shape: Shape,
    encoded: crate::encode::Encoded,
    steps: u64,
) -> Result<impl dpsgd::Learner + use<>> {
    let plan = Plan { hidden: 64, latent: 4, batch: 8, steps, rate: 1e-3, beta: 1.0, modes: 1 };
    train::Private::new(shape, encoded, plan, daotwin_core::Seed(5))
}
