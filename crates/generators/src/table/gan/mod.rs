//! A generative adversarial network of tables (CTGAN).
//!
//! A generator makes rows of a condition, a critic that sees packs of rows learns the distance between made and real
//! ones, under a penalty on its slope that is exact because the critic is piecewise linear. Numbers are normalised
//! mode by mode; rare labels are trained as often as their logarithms say.
//!
//! Three things differ from the published model. The critic drops nothing and by default sees one row at a time: it
//! learns relations between columns in fewer steps. Samples are made with a running mean of the generator. And after
//! training the outputs are brought to how often codes occur and to where numbers lie within a mode.

mod model;
mod private;
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
const NAME: &str = "gan";

/// Learns to make rows that a critic cannot tell from real ones.
#[derive(Debug)]
pub struct Gan;

const SETTINGS: &[Setting] = &[
    setting(
        "epochs",
        0.0,
        (0.0, 10_000.0),
        "times through the rows; 0 for as many as 10,000 steps give, at most 100",
    ),
    setting(
        "batch",
        250.0,
        (8.0, 65_536.0),
        "rows of a training step (of a private fit: 500 made ones where not given)",
    ),
    setting("pack", 1.0, (1.0, 64.0), "rows that the critic sees at once (of a private fit: 1 always)"),
    setting(
        "hidden",
        128.0,
        (4.0, 4_096.0),
        "width of the hidden layers (a private fit has a quarter of it in the critic)",
    ),
    setting(
        "noise",
        128.0,
        (1.0, 1_024.0),
        "random numbers that a row is made from (of a private fit: 32 where not given)",
    ),
    setting(
        "rate",
        0.0005,
        (1e-6, 1.0),
        "learning rate of both networks in the first half of the steps (of a private fit: 0.001 at first where not given)",
    ),
    setting(
        "penalty",
        10.0,
        (0.0, 1_000.0),
        "weight of the penalty on the critic's slope (of a private fit: 0.2 where not given)",
    ),
    setting(
        "modes",
        10.0,
        (0.0, 256.0),
        "modes that a number is normalised by; 0 for 20 codes of equally many rows instead",
    ),
    private_rate(0.1),
    private_steps(400.0),
    bound(1.0),
    BURN,
    BIN_SHARE,
];

impl TableSynthesizer for Gan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "the reference among adversarial models of tables, several times faster than its peers",
            source: "Xu, Skoularidou, Cuesta-Infante and Veeramachaneni 2019 (CTGAN); Gulrajani et al. 2017 \
                     (gradient penalty); Lin, Khetan, Fanti and Oh 2018 (PacGAN)",
            limits: "trees, mixtures, `vae` and `diffusion` are closer to most tables at less cost; a condition on a \
                     label steers the generator, others choose among its rows; a private model has no conditions of \
                     its own and keeps strong relations alone",
            privacy: Some(
                "(epsilon, delta) for a member: DP-SGD on the critic with Poisson sampling, gradients of rows scaled down to a bound, \
                 discrete Gaussian noise, and noisy counts of rows, of each column and of where its cells lie; every \
                 column must be declared",
            ),
            settings: SETTINGS,
            bytes_per_cell: 48,
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
    let given = super::begin(&Gan, frame, options)?;
    run.check()?;
    let pack = given.get("pack") as usize;
    let batch = (given.get("batch") as usize).min(frame.rows()).next_multiple_of(pack);
    let plan = Plan {
        hidden: given.get("hidden") as usize,
        noise: given.get("noise") as usize,
        batch,
        pack,
        steps: steps(frame.rows(), batch, given.get("epochs"), 100, 10_000),
        rate: given.get("rate") as f32,
        penalty: given.get("penalty") as f32,
        device: given.device(),
    };
    let fitted = |mixed: Mixed, shape, learned, choices, plan: Plan, rows: u64, guarantee| Fitted {
        base: Base {
            mixed,
            shape,
            hidden: plan.hidden,
            latent: plan.noise,
            rows,
            seed: options.seed.0,
            guarantee,
        },
        learned,
        choices,
    };
    if let Some(privacy) = &options.privacy {
        let frame = &super::private::admitted(frame, privacy)?;
        let private = dpsgd::Plan::of(&given);
        // How many rows are made in a step must not follow from how many there are.
        let plan = Plan {
            noise: given.private("noise", 32.0) as usize,
            batch: given.private("batch", 500.0) as usize,
            pack: 1,
            steps: private.steps,
            rate: given.private("rate", 0.001) as f32,
            penalty: given.private("penalty", 0.2) as f32,
            ..plan
        };
        let cut = Cut::of(&given, 16.0);
        let build = |cells: &Discrete| {
            let mixed = Mixed::of_cells(cells);
            let encoded = mixed.encode(frame, options.seed);
            // Where in its code a number lies is more than a noisy critic can tell.
            let shape = Shape::of(&mixed, false);
            self::private::Private::new(shape, encoded, plan, private.bound, options.seed)
        };
        let done = dpsgd::fit(NAME, &given, frame, privacy, cut, build, run)?;
        let mixed = Mixed::of_cells(&done.cells);
        let (shape, learned) = (Shape::of(&mixed, false), done.learner.learned()?);
        let none = train::Choices::default();
        return Ok(fitted(mixed, shape, learned, none, plan, done.rows, Some(done.guarantee)));
    }
    let checkpoint = Checkpoint::open(NAME, frame, options, &given.values, run)?;
    let modes = given.get("modes") as usize;
    let form = if modes == 0 { Form::Bins(20) } else { Form::Modes(modes) };
    let mixed = Mixed::fit(frame, &MixedOptions { form, ..MixedOptions::default() });
    run.check()?;
    let encoded = mixed.encode(frame, options.seed);
    let mut shape = Shape::of(&mixed, true);
    let labels = model::labels(mixed.columns());
    let (learned, choices, curves) =
        train::train(&shape, &encoded, &labels, &plan, options.seed, checkpoint, run)?;
    shape.curves = curves;
    Ok(fitted(mixed, shape, learned, choices, plan, frame.rows() as u64, None))
}
