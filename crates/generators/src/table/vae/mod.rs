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
use super::deep::{BURN, Base, Shape, bound, private_rate, private_steps, steps};
use super::private::{BIN_SHARE, Cut};
use super::{dpsgd, setting};
use crate::encode::{Discrete, Form, Mixed, MixedOptions};
use crate::error::Result;

/// The name in the registry.
const NAME: &str = "vae";

/// Learns a hidden part of every row and the row's law given it.
#[derive(Debug)]
pub struct Vae;

const SETTINGS: &[Setting] = &[
    setting(
        "epochs",
        0.0,
        (0.0, 10_000.0),
        "times through the rows; 0 for as many as 4,000 steps give, at most 100",
    ),
    setting("batch", 500.0, (8.0, 65_536.0), "rows of a training step"),
    setting(
        "hidden",
        128.0,
        (4.0, 4_096.0),
        "width of the hidden layers (of a private fit: 32 where not given)",
    ),
    setting(
        "latent",
        32.0,
        (1.0, 1_024.0),
        "numbers that describe a row before it is drawn (of a private fit: 4 where not given)",
    ),
    setting(
        "rate",
        0.002,
        (1e-6, 1.0),
        "learning rate of the first step (of a private fit: 0.01 where not given)",
    ),
    setting(
        "beta",
        0.5,
        (0.0, 100.0),
        "weight of the law of hidden parts against that of the rows (of a private fit: 0.05 where not given)",
    ),
    setting("modes", 128.0, (1.0, 4_096.0), "Gaussians of the law of hidden parts that samples start from"),
    setting(
        "bins",
        32.0,
        (2.0, 1_024.0),
        "codes of a number, beside its spikes (of a private fit: 16 where not given)",
    ),
    private_rate(0.1),
    private_steps(400.0),
    bound(0.1),
    BURN,
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
            privacy: Some(dpsgd::PRIVACY),
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
    let given = super::begin(&Vae, frame, options)?;
    run.check()?;
    let batch = (given.get("batch") as usize).min(frame.rows().max(1));
    let plan = Plan {
        hidden: given.get("hidden") as usize,
        latent: given.get("latent") as usize,
        batch,
        steps: steps(frame.rows(), batch, given.get("epochs"), 200, 4_000),
        rate: given.get("rate") as f32,
        beta: given.get("beta") as f32,
        modes: given.get("modes") as usize,
        device: given.device(),
    };
    let fitted = |mixed: Mixed, learned, plan: Plan, rows: u64, guarantee| Fitted {
        base: Base {
            shape: Shape::of(&mixed, false),
            mixed,
            hidden: plan.hidden,
            latent: plan.latent,
            rows,
            seed: options.seed.0,
            guarantee,
        },
        learned,
    };
    if let Some(privacy) = &options.privacy {
        let frame = &super::private::admitted(frame, privacy)?;
        let private = dpsgd::Plan::of(&given);
        // Noise grows with the number of parameters: a private network is small, and its steps are large.
        let plan = Plan {
            hidden: given.private("hidden", 32.0) as usize,
            latent: given.private("latent", 4.0) as usize,
            rate: given.private("rate", 0.01) as f32,
            beta: given.private("beta", 0.05) as f32,
            steps: private.steps,
            ..plan
        };
        let cut = Cut::of(&given, given.private("bins", 16.0));
        let build = |cells: &Discrete| {
            let mixed = Mixed::of_cells(cells);
            let encoded = mixed.encode(frame, options.seed);
            train::Private::new(Shape::of(&mixed, false), encoded, plan, options.seed)
        };
        let done = dpsgd::fit(NAME, &given, frame, privacy, cut, build, run)?;
        let mixed = Mixed::of_cells(&done.cells);
        return Ok(fitted(mixed, done.learner.learned()?, plan, done.rows, Some(done.guarantee)));
    }
    let checkpoint = Checkpoint::open(NAME, frame, options, &given.values, run)?;
    let form = Form::Bins(given.get("bins") as usize);
    let mixed = Mixed::fit(frame, &MixedOptions { form, ..MixedOptions::default() });
    run.check()?;
    let encoded = mixed.encode(frame, options.seed);
    let learned = train::train(&Shape::of(&mixed, false), &encoded, &plan, options.seed, checkpoint, run)?;
    Ok(fitted(mixed, learned, plan, frame.rows() as u64, None))
}

/// A private training of a small network, for the audit.
#[cfg(test)]
pub(super) fn audited(
    shape: Shape,
    encoded: crate::encode::Encoded,
    steps: u64,
) -> Result<impl dpsgd::Learner + use<>> {
    let device = daotwin_nn::Device::Fused;
    let plan = Plan { hidden: 64, latent: 4, batch: 8, steps, rate: 1e-3, beta: 1.0, modes: 1, device };
    train::Private::new(shape, encoded, plan, daotwin_core::Seed(5))
}
