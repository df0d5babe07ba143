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
use daotwin_nn::Device;

use self::learn::{Noising, Plan};
use self::store::{Built, Fitted, Sampler};
use super::checkpoint::Checkpoint;
use super::deep::{Net, steps};
use super::dpsgd;
use super::private::{BIN_SHARE, Cut};
use crate::encode::{Discrete, Form, Mixed, MixedOptions};
use crate::error::{Error, Result};

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

const fn setting(name: &'static str, default: f64, bounds: (f64, f64), purpose: &'static str) -> Setting {
    Setting { name, default, bounds, purpose }
}

const WIDTH: Setting = setting(
    "width",
    0.0,
    (0.0, 4_096.0),
    "numbers of a hidden layer; 0 for 256 where there are 5,000 rows or more, else 128, and 64 in a private fit",
);
const BURN: Setting =
    setting("burn", 0.0, (0.0, 1.0), "1 to train through the tensor library, on a GPU where there is one");
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
    setting(
        "private_rate",
        0.05,
        (1e-6, 1.0),
        "of a private fit: the chance with which a row takes part in a step",
    ),
    setting("private_steps", 1_000.0, (1.0, 1e6), "of a private fit: steps, which share the budget"),
    setting(
        "bound",
        1.0,
        (1e-6, 1e6),
        "of a private fit: the norm that the gradient of a row is scaled down to",
    ),
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

fn device(burn: f64) -> Device {
    if burn >= 0.5 { Device::Tensors } else { Device::Fused }
}

fn fit(frame: &Frame, options: &TableFitOptions, run: &Run) -> Result<Fitted> {
    let settings = super::begin(&Diffusion, frame, options)?;
    let [
        epochs,
        batch,
        wide,
        blocks,
        rate,
        code_steps,
        number_steps,
        spike,
        burn,
        bins,
        private_rate,
        private_steps,
        bound,
        bin_share,
    ] = settings[..]
    else {
        return Err(Error::Defect("the settings of `diffusion` are not those of its card".to_owned()));
    };
    run.check()?;
    let rows = frame.rows();
    let of_width = |width: usize| Built::Masked {
        width,
        blocks: blocks as usize,
        code_steps: code_steps as usize,
        number_steps: number_steps as usize,
    };
    if let Some(privacy) = &options.privacy {
        let frame = &crate::table::private::admitted(frame, privacy)?;
        // Noise grows with the number of parameters: a private network is small, whatever the rows.
        let unless_given = |name: &str, value: f64, private: f64| {
            if options.settings.iter().any(|(given, _)| given == name) { value } else { private }
        };
        let built = Built::Masked {
            width: if wide > 0.0 { wide as usize } else { PRIVATE_WIDTH },
            blocks: unless_given("blocks", blocks, 1.0) as usize,
            code_steps: code_steps as usize,
            number_steps: number_steps as usize,
        };
        let steps = private_steps as u64;
        let rate = unless_given("rate", rate, 0.01) as f32;
        let plan = Plan { batch: 0, steps, rate, device: device(burn) };
        let cut = Cut { bins: bins as usize, share: bin_share };
        let build = |cells: &Discrete| {
            self::private::Private::new(built, Mixed::of_cells(cells), frame, plan, options.seed)
        };
        let private = dpsgd::Plan { rate: private_rate, steps, bound: bound as f32 };
        let done = dpsgd::fit(NAME, frame, privacy, &settings, cut, build, private, options.seed, run)?;
        return done.learner.fitted(done.rows, options.seed.0, done.guarantee);
    }
    let built = of_width(width(wide, rows));
    let mixed = Mixed::fit(frame, &MixedOptions { spike, spikes: 128, ..MixedOptions::default() });
    run.check()?;
    let encoded = mixed.encode(frame, options.seed);
    let batch = (batch as usize).min(rows);
    let plan = Plan {
        batch,
        steps: steps(rows, batch, epochs, 200, most(frame.columns().len())),
        rate: rate as f32,
        device: device(burn),
    };
    let mut sampler = built.sampler(mixed)?;
    if let Sampler::Masked(inner) = &mut sampler {
        let noising = masked::Masked { layout: &inner.layout, encoded: &encoded, even: true };
        inner.parameters = learned(NAME, &noising, &inner.network, &plan, frame, &settings, options, run)?;
    }
    Ok(Fitted { sampler, built, rows: rows as u64, seed: options.seed.0, guarantee: None })
}

fn fit_ddpm(frame: &Frame, options: &TableFitOptions, run: &Run) -> Result<Fitted> {
    let settings = super::begin(&TabDdpm, frame, options)?;
    let [iterations, batch, wide, layers, rate, noise_steps, sampling_steps, burn] = settings[..] else {
        return Err(Error::Defect("the settings of `tabddpm` are not those of its card".to_owned()));
    };
    run.check()?;
    let rows = frame.rows();
    let built = Built::Ddpm {
        width: width(wide, rows),
        layers: layers as usize,
        steps: noise_steps as usize,
        evaluations: if sampling_steps > 0.0 { sampling_steps } else { noise_steps } as usize,
    };
    // Every number is a score, as published: no value is a code of its own.
    let options_of_codes = MixedOptions { form: Form::Score, spikes: 0, ..MixedOptions::default() };
    let mixed = Mixed::fit(frame, &options_of_codes);
    run.check()?;
    let encoded = mixed.encode(frame, options.seed);
    let batch = (batch as usize).min(rows);
    let steps = if iterations > 0.0 {
        iterations as u64
    } else {
        steps(rows, batch, 0.0, 200, most(frame.columns().len()))
    };
    let plan = Plan { batch, steps, rate: rate as f32, device: device(burn) };
    let mut sampler = built.sampler(mixed)?;
    if let Sampler::Ddpm(inner) = &mut sampler {
        let noising = ddpm::Noisy { shape: &inner.shape, encoded: &encoded, schedule: &inner.schedule };
        inner.parameters = learned(DDPM, &noising, &inner.network, &plan, frame, &settings, options, run)?;
    }
    Ok(Fitted { sampler, built, rows: rows as u64, seed: options.seed.0, guarantee: None })
}

#[expect(clippy::too_many_arguments, reason = "the parts of a fit")]
fn learned<N: Noising>(
    name: &str,
    noising: &N,
    network: &Net,
    plan: &Plan,
    frame: &Frame,
    settings: &[f64],
    options: &TableFitOptions,
    run: &Run,
) -> Result<Vec<f32>> {
    let kept = Checkpoint::open(name, frame, options, settings, run)?;
    learn::learn(name, noising, network.clone(), plan, frame.rows(), options.seed, kept, run)
}

/// A private training of a small network, for the audit.
#[cfg(test)]
pub(super) fn audited(mixed: Mixed, frame: &Frame, steps: u64) -> Result<impl dpsgd::Learner + use<>> {
    let built = Built::Masked { width: PRIVATE_WIDTH, blocks: 1, code_steps: 2, number_steps: 1 };
    let plan = Plan { batch: 0, steps, rate: 1e-3, device: Device::Fused };
    self::private::Private::new(built, mixed, frame, plan, daotwin_core::Seed(5))
}
