//! Diffusion models: a row is learned by what noise makes of it.
//!
//! Two models share this folder. `diffusion` is the one to use: codes vanish behind masks and come back a column
//! after the other, numbers drown in Gaussian noise of any amount and come back along its probability flow.
//! `tabddpm` is the published reference: discrete steps of Gaussian noise for numbers and of random codes for codes.

mod ddpm;
mod layout;
mod learn;
mod masked;
mod model;
mod private;
mod store;
#[cfg(test)]
mod test;

use std::path::Path;

use daotwin_core::Run;
use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::{
    FittedTable, Setting, TableCard, TableFitOptions, TableSynthesizer,
};
use daotwin_history::synthesizer::Failure;

use self::learn::Plan;
use self::store::{Built, Fitted, Sampler};
use super::checkpoint::Checkpoint;
use super::deep::{BURN, bound, private_rate, private_steps, steps};
use super::private::{BIN_SHARE, Cut};
use super::{Given, dpsgd, setting};
use crate::encode::{Discrete, Form, Mixed, MixedOptions};
use crate::error::Result;

/// The names in the registry.
const NAME: &str = "diffusion";
const DDPM: &str = "tabddpm";

/// Rows from which on a network is wide where its width is not given, and both widths.
const WIDTHS: (usize, usize, usize) = (5_000, 128, 256);

/// The width of a private network where none is given.
const PRIVATE_WIDTH: usize = 64;

/// Learns rows behind masks and noise of any amount.
#[derive(Debug)]
pub struct Diffusion;

/// Learns rows behind steps of noise, as published.
#[derive(Debug)]
pub struct TabDdpm;

const WIDTH: Setting = setting(
    "width",
    0.0,
    (0.0, 4_096.0),
    "numbers of a hidden layer; 0 for 256 where there are 5,000 rows or more, else 128, and 64 in a private fit",
);
const RATE: Setting = setting(
    "rate",
    0.002,
    (1e-6, 1.0),
    "learning rate of the first step (of a private fit: 0.01 where not given)",
);
const BATCH: Setting = setting("batch", 512.0, (8.0, 65_536.0), "rows of a training step");

const SETTINGS: &[Setting] = &[
    setting(
        "epochs",
        0.0,
        (0.0, 10_000.0),
        "times through the rows; 0 for as many as 4,000 steps give (fewer for few columns), at most 100",
    ),
    BATCH,
    WIDTH,
    setting("blocks", 2.0, (1.0, 64.0), "blocks of two hidden layers (of a private fit: 1 where not given)"),
    RATE,
    setting(
        "code_steps",
        16.0,
        (1.0, 4_096.0),
        "evaluations a sample for codes; a column each where they suffice",
    ),
    setting(
        "number_steps",
        7.0,
        (1.0, 1_000.0),
        "steps a sample for numbers, of two evaluations but the last",
    ),
    setting("spike", 0.01, (1e-6, 1.0), "share of the rows from which on a number is a code of its own"),
    BURN,
    setting("bins", 16.0, (2.0, 1_024.0), "of a private fit: codes of a number"),
    private_rate(0.05),
    private_steps(1_000.0),
    bound(1.0),
    BIN_SHARE,
];

const DDPM_SETTINGS: &[Setting] = &[
    setting(
        "iterations",
        0.0,
        (0.0, 1e7),
        "training steps; 0 for 4,000 (fewer for few columns), at most 100 times through the rows",
    ),
    BATCH,
    WIDTH,
    setting("layers", 3.0, (1.0, 64.0), "hidden layers of the network"),
    RATE,
    setting("steps", 100.0, (2.0, 10_000.0), "steps of noise"),
    setting(
        "sampling_steps",
        0.0,
        (0.0, 10_000.0),
        "steps that a sample takes back, spread over all; 0 for all",
    ),
    BURN,
];

impl TableSynthesizer for Diffusion {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "a neural model of any columns that keeps relations between many of them",
            source: "TabDiff (Shi et al. 2025, ICLR), with masks after Shi et al. 2024 (MD4) and Hoogeboom et al. 2022 \
                     (ARDM), and noise, preconditioning and sampler after Karras et al. 2022 (EDM)",
            limits: "sequential trees are closer to most tables and far faster, in fitting and in sampling; what is told \
                     of a column for certain is followed by the others, but several ranges at once only roughly",
            privacy: Some(
                "(epsilon, delta) for a member: DP-SGD with Poisson sampling, gradients of rows scaled down to a bound, \
                 discrete Gaussian noise, and noisy counts of rows, of each column and of where its cells lie; \
                 every column must be declared, and all are codes, so that masks are all the noise there is",
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
        Ok(Box::new(store::read(NAME, folder, run)?))
    }
}

impl TableSynthesizer for TabDdpm {
    fn name(&self) -> &'static str {
        DDPM
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "the published diffusion model, to compare others with",
            source: "TabDDPM (Kotelnikov, Baranchuk, Rubachev and Babenko 2023, ICML); multinomial diffusion of Hoogeboom \
                     et al. 2021; cosine schedule of Nichol and Dhariwal 2021",
            limits: "`diffusion` is closer to most tables and samples faster; the other columns follow conditions only \
                     roughly; no column is set apart as the target, all are drawn together",
            privacy: None,
            settings: DDPM_SETTINGS,
            bytes_per_cell: 48,
        }
    }

    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(fit_ddpm(frame, options, run)?))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(store::read(DDPM, folder, run)?))
    }
}

/// How many steps are enough for so many columns, where rows do not say less: fewer columns have fewer relations.
fn most(columns: usize) -> u64 {
    (400 + 300 * columns as u64).min(4_000)
}

fn width(given: f64, rows: usize) -> usize {
    match given as usize {
        0 if rows < WIDTHS.0 => WIDTHS.1,
        0 => WIDTHS.2,
        given => given,
    }
}

fn fit(frame: &Frame, options: &TableFitOptions, run: &Run) -> Result<Fitted> {
    let given = super::begin(&Diffusion, frame, options)?;
    run.check()?;
    let built = |width: usize, blocks: f64| Built::Masked {
        width,
        blocks: blocks as usize,
        code_steps: given.get("code_steps") as usize,
        number_steps: given.get("number_steps") as usize,
    };
    let wide = given.get("width");
    if let Some(privacy) = &options.privacy {
        let frame = &super::private::admitted(frame, privacy)?;
        // Noise grows with the number of parameters: a private network is small, whatever the rows.
        let width = if wide > 0.0 { wide as usize } else { PRIVATE_WIDTH };
        let built = built(width, given.private("blocks", 1.0));
        let plan = Plan {
            batch: 0,
            steps: dpsgd::Plan::of(&given).steps,
            rate: given.private("rate", 0.01) as f32,
            device: given.device(),
        };
        let build = |cells: &Discrete| {
            self::private::Private::new(built, Mixed::of_cells(cells), frame, plan, options.seed)
        };
        let cut = Cut::of(&given, given.get("bins"));
        let done = dpsgd::fit(NAME, &given, frame, privacy, cut, build, run)?;
        return done.learner.fitted(done.rows, done.guarantee);
    }
    let codes = MixedOptions { spike: given.get("spike"), spikes: 128, ..MixedOptions::default() };
    learned(NAME, built(width(wide, frame.rows()), given.get("blocks")), &codes, frame, &given, run)
}

fn fit_ddpm(frame: &Frame, options: &TableFitOptions, run: &Run) -> Result<Fitted> {
    let given = super::begin(&TabDdpm, frame, options)?;
    run.check()?;
    let (steps, fewer) = (given.get("steps"), given.get("sampling_steps"));
    let built = Built::Ddpm {
        width: width(given.get("width"), frame.rows()),
        layers: given.get("layers") as usize,
        steps: steps as usize,
        evaluations: if fewer > 0.0 { fewer } else { steps } as usize,
    };
    // Every number is a score, as published: no value is a code of its own.
    let codes = MixedOptions { form: Form::Score, spikes: 0, ..MixedOptions::default() };
    learned(DDPM, built, &codes, frame, &given, run)
}

/// A fit without privacy of either model.
fn learned(
    name: &str,
    built: Built,
    codes: &MixedOptions,
    frame: &Frame,
    given: &Given<'_>,
    run: &Run,
) -> Result<Fitted> {
    let (rows, options) = (frame.rows(), given.options);
    let mixed = Mixed::fit(frame, codes);
    run.check()?;
    let encoded = mixed.encode(frame, options.seed);
    let batch = (given.get("batch") as usize).min(rows);
    let asked = given.get("iterations") as u64;
    let most = most(frame.columns().len());
    let steps = if asked > 0 { asked } else { steps(rows, batch, given.get("epochs"), 200, most) };
    let plan = Plan { batch, steps, rate: given.get("rate") as f32, device: given.device() };
    let kept = Checkpoint::open(name, frame, options, &given.values, run)?;
    let mut sampler = built.sampler(mixed)?;
    match &mut sampler {
        Sampler::Masked(inner) => {
            let noising = masked::Masked { layout: &inner.layout, encoded: &encoded, even: true };
            inner.parameters =
                learn::learn(name, &noising, inner.network.clone(), &plan, rows, options.seed, kept, run)?;
        }
        Sampler::Ddpm(inner) => {
            let noising = ddpm::Noisy { shape: &inner.shape, encoded: &encoded, schedule: &inner.schedule };
            inner.parameters =
                learn::learn(name, &noising, inner.network.clone(), &plan, rows, options.seed, kept, run)?;
        }
    }
    Ok(Fitted { sampler, built, rows: rows as u64, seed: options.seed.0, guarantee: None })
}

/// A private training of a small network, for the audit.
#[cfg(test)]
pub(super) fn audited(mixed: Mixed, frame: &Frame, steps: u64) -> Result<impl dpsgd::Learner + use<>> {
    let built = Built::Masked { width: PRIVATE_WIDTH, blocks: 1, code_steps: 2, number_steps: 1 };
    let plan = Plan { batch: 0, steps, rate: 1e-3, device: daotwin_nn::Device::Fused };
    self::private::Private::new(built, mixed, frame, plan, daotwin_core::Seed(5))
}
