//! A Gaussian copula: every column is a standard normal number cut into codes, and these are correlated.
//!
//! A column becomes codes (cells of a number, labels, one code for missing values), and a code an interval of a
//! latent standard normal number as wide as it is likely. The correlations of the latent numbers are those under
//! which products of scores (the mean latent number within a code) have the means that the table has, solved by
//! Mehler's expansion: coarse columns are not taken for weakly related ones.
//!
//! **Labels have one ordered latent number each.** One latent number a label (the largest wins) needs a matrix as
//! wide as all labels together, whose noise under a budget is larger than most of its entries; one ordered number
//! a column keeps the matrix as small as the table is wide. Without privacy labels stand in the order in which the rest
//! of their rows changes, in a private fit in the declared order, which tells nothing of the data.

#[cfg(test)]
mod audit;
mod latent;
mod linear;
mod model;
mod moments;
mod order;
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
use daotwin_privacy::{Measurer, Noise};

use self::model::Fitted;
use self::moments::{Measured, Moments};
use super::private::{self, BIN_SHARE, Cut};
use super::setting;
use super::trees::codec::Codec;
use crate::charge::Stage;
use crate::encode::Discrete;
use crate::error::{Error, Result};

/// The name in the registry.
const NAME: &str = "copula";

/// The stage that users see.
const STAGE: &str = "fit copula";

/// Rows that a part of a cell holds at least; see the codec.
const PART: usize = 5;

/// Columns at most: the time of a fit grows with their cube.
const MOST_COLUMNS: usize = 512;

/// Learns a Gaussian copula.
#[derive(Debug)]
pub struct Copula;

const SETTINGS: &[Setting] =
    &[setting("bins", 32.0, (1.0, 255.0), "of a private fit: cells of a number"), BIN_SHARE];

impl TableSynthesizer for Copula {
    fn name(&self) -> &'static str {
        NAME
    }

    fn card(&self) -> TableCard {
        TableCard {
            purpose: "a cheap baseline: columns as they are and the correlation of every pair, in a moment",
            source: "Gaussian copula (Nelsen 2006, section 2.3), polychoric by Mehler's expansion; conditions by \
                     truncated normals (Geweke 1991); private by noisy moments (Bun and Steinke 2016)",
            limits: "relations that are not monotone are lost, among labels most; no densities; within several \
                     conditions at once rows follow the law up to a few sweeps of Gibbs' sampler",
            privacy: Some(
                "(epsilon, delta) for a member: counts, of where cells lie too, and products of scores under one zCDP \
                 budget with exact discrete Gaussian noise; every column must be declared",
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
        Ok(Box::new(fit(self, frame, options, run)?))
    }

    fn load(&self, folder: &Path, run: &Run) -> std::result::Result<Box<dyn FittedTable>, Failure> {
        Ok(Box::new(store::read(folder, run)?))
    }
}

/// A private fit: the cells of numbers, then the moments of their codes.
struct Private<'a> {
    frame: &'a Frame,
    cut: Cut,
    bound: f64,
    run: &'a Run,
}

impl Stage for Private<'_> {
    type Release = (Discrete, Measured);

    fn measure<N: Noise>(self, measurer: &mut Measurer<N>) -> Result<Self::Release> {
        let discrete = self.cut.cells(self.frame, measurer)?;
        let (codes, sizes) = (discrete.encode(self.frame), discrete.sizes());
        let orders = sizes.iter().map(|&size| (0..size as u32).collect()).collect();
        let (rows, bound, run) = (self.frame.rows(), self.bound, self.run);
        let moments = Moments { codes: &codes, rows, sizes: &sizes, orders, bound, run };
        let measured = moments.measure(measurer)?;
        Ok((discrete, measured))
    }

    fn bytes((discrete, measured): &Self::Release) -> Vec<Vec<u8>> {
        let mut bytes = vec![serde_json::to_vec(&discrete.parts).unwrap_or_default()];
        bytes.extend(Moments::bytes(measured));
        bytes
    }
}

/// The norm that the products of no row's scores pass, as each is at most the square of a score's limit. Public: it
/// knows only how many columns there are.
fn bound(columns: usize) -> f64 {
    let pairs = (columns * columns.saturating_sub(1) / 2).max(1);
    latent::LIMIT * latent::LIMIT * (pairs as f64).sqrt()
}

fn fit(model: &Copula, frame: &Frame, options: &TableFitOptions, run: &Run) -> Result<Fitted> {
    let given = super::begin(model, frame, options)?;
    let mut problems =
        options.privacy.as_ref().map_or_else(Vec::new, |privacy| private::refusals(frame, privacy));
    let columns = frame.columns().len();
    if columns > MOST_COLUMNS {
        problems.push(format!(
            "model `{NAME}` takes at most {MOST_COLUMNS} columns, not {columns}; leave some out"
        ));
    }
    if !problems.is_empty() {
        return Err(Error::Options { problems });
    }
    run.step(STAGE, 0, 3)?;
    let bound = bound(columns);
    let (codec, measured, guarantee) = match &options.privacy {
        None => {
            let (codec, codes) = Codec::fit(frame, PART);
            let sizes = codec.discrete.sizes();
            let labels: Vec<bool> =
                frame.columns().iter().map(|column| column.kind.labels().is_some()).collect();
            let orders = order::learned(&codes, &sizes, &labels, run)?;
            run.step(STAGE, 1, 3)?;
            let moments = Moments { codes: &codes, rows: frame.rows(), sizes: &sizes, orders, bound, run };
            let measured = moments.measure(&mut Measurer::exact())?;
            (codec, measured, None)
        }
        Some(privacy) => {
            let frame = &private::admitted(frame, privacy)?;
            let cut = Cut::of(&given, given.get("bins"));
            let stage = Private { frame, cut, bound, run };
            let ((discrete, measured), guarantee) =
                private::release(NAME, frame, &given.values, privacy, stage)?;
            (Codec::of_cells(discrete), measured, Some(guarantee))
        }
    };
    run.step(STAGE, 2, 3)?;
    let correlations = linear::nearest_correlation(&measured.correlations(bound), columns, run)?;
    let rows = if guarantee.is_some() { measured.total.round() as u64 } else { frame.rows() as u64 };
    let fitted = Fitted::new(codec, measured.latents, correlations, rows, options.seed.0, guarantee);
    let fitted = fitted.ok_or_else(|| Error::Defect("correlations are not positive definite".to_owned()))?;
    run.step(STAGE, 3, 3)?;
    Ok(fitted)
}
