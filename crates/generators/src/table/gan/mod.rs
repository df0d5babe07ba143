//! A generative adversarial network of tables (CTGAN).
//!
//! A generator makes rows of a condition, a critic that sees packs of rows learns the distance between made and real
//! ones, under a penalty on its slope that is exact because the critic is piecewise linear. Numbers are normalised
//! mode by mode; rare labels are trained as often as their logarithms say.

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
use super::deep::{Shape, steps};
use super::dpsgd;
use super::private::{BIN_SHARE, Cut};
use crate::encode::{Discrete, Form, Mixed, MixedOptions};
use crate::error::{Error, Result};

/// The name in the registry.
const NAME: &str = "gan";

/// Learns to make rows that a critic cannot tell from real ones.
#[derive(Debug)]
pub struct Gan;

const SETTINGS: &[Setting] = &[
    Setting {
        name: "epochs",
        default: 0.0,
        bounds: (0.0, 10_000.0),
        purpose: "times through the rows; 0 for as many as 1,500 steps give, at most 100",
    },
    Setting { name: "batch", default: 500.0, bounds: (8.0, 65_536.0), purpose: "rows of a training step" },
    Setting {
        name: "pack",
        default: 10.0,
        bounds: (1.0, 64.0),
        purpose: "rows that the critic sees at once",
    },
    Setting { name: "hidden", default: 256.0, bounds: (4.0, 4_096.0), purpose: "width of the hidden layers" },
    Setting {
        name: "noise",
        default: 128.0,
        bounds: (1.0, 1_024.0),
        purpose: "random numbers that a row is made from",
    },
    Setting { name: "rate", default: 0.0005, bounds: (1e-6, 1.0), purpose: "learning rate of both networks" },
    Setting {
        name: "penalty",
        default: 10.0,
        bounds: (0.0, 1_000.0),
        purpose: "weight of the penalty on the critic's slope",
    },
    Setting {
        name: "modes",
        default: 10.0,
        bounds: (0.0, 256.0),
        purpose: "modes that a number is normalised by; 0 for 20 codes of equally many rows instead",
    },
    Setting {
        name: "private_rate",
        default: 0.03,
        bounds: (1e-6, 1.0),
        purpose: "of a private fit: the chance with which a row takes part in a step",
    },
    Setting {
        name: "private_steps",
        default: 1_500.0,
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

impl TableSynthesizer for Gan {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "the reference among adversarial models of tables, several times faster than its peers",
            source: "Xu, Skoularidou, Cuesta-Infante and Veeramachaneni 2019 (CTGAN); Gulrajani et al. 2017 \
                     (gradient penalty); Lin, Khetan, Fanti and Oh 2018 (PacGAN)",
            limits: "every other model of this registry is closer to most tables at less cost; conditions on \
                     labels steer the generator, others choose among its rows",
            privacy: Some(
                "(epsilon, delta) for a member: DP-SGD on the critic with Poisson sampling, gradients of rows scaled \
                 down to a bound, discrete Gaussian noise, and noisy counts of rows, of each column and of where its \
                 cells lie; every column must be declared",
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
    let settings = super::begin(&Gan, frame, options)?;
    let [
        epochs,
        batch,
        pack,
        hidden,
        noise,
        rate,
        penalty,
        modes,
        private_rate,
        private_steps,
        bound,
        bin_share,
    ] = settings[..]
    else {
        return Err(Error::Defect("the settings of `gan` are not those of its card".to_owned()));
    };
    run.check()?;
    let (pack, asked) = (pack as usize, batch as usize);
    let batch = asked.min(frame.rows()).next_multiple_of(pack);
    let plan = Plan {
        hidden: hidden as usize,
        noise: noise as usize,
        batch,
        pack,
        steps: steps(frame.rows(), batch, epochs, 100, 1_500),
        rate: rate as f32,
        penalty: penalty as f32,
    };
    let fitted =
        |mixed: Mixed, learned: train::Learned, choices: train::Choices, rows: u64, guarantee| Fitted {
            shape: Shape::of(&mixed, true),
            mixed,
            learned,
            choices,
            hidden: plan.hidden,
            noise: plan.noise,
            rows,
            seed: options.seed.0,
            guarantee,
        };
    if let Some(privacy) = &options.privacy {
        let frame = &crate::table::private::admitted(frame, privacy)?;
        let private = dpsgd::Plan { rate: private_rate, steps: private_steps as u64, bound: bound as f32 };
        // How many rows are made in a step must not follow from how many there are.
        let plan = Plan { batch: asked.next_multiple_of(pack), ..plan };
        let cut = Cut { bins: 16, share: bin_share };
        let build = |cells: &Discrete| {
            let mixed = Mixed::of_cells(cells);
            let (shape, encoded) = (Shape::of(&mixed, true), mixed.encode(frame, options.seed));
            self::private::Private::new(shape, encoded, plan, options.seed)
        };
        let done = dpsgd::fit(NAME, frame, privacy, &settings, cut, build, private, options.seed, run)?;
        let none = train::Choices { columns: Vec::new(), counts: Vec::new() };
        let mixed = Mixed::of_cells(&done.cells);
        return Ok(fitted(mixed, done.learner.learned()?, none, done.rows, Some(done.guarantee)));
    }
    let checkpoint = Checkpoint::open(NAME, frame, options, &settings, run)?;
    let form = if modes < 1.0 { Form::Bins(20) } else { Form::Modes(modes as usize) };
    let mixed = Mixed::fit(frame, &MixedOptions { form, ..MixedOptions::default() });
    run.check()?;
    let encoded = mixed.encode(frame, options.seed);
    let shape = Shape::of(&mixed, true);
    let labels = model::labels(mixed.columns());
    let (learned, choices) = train::train(&shape, &encoded, &labels, &plan, options.seed, checkpoint, run)?;
    Ok(fitted(mixed, learned, choices, frame.rows() as u64, None))
}
