//! The fitted model: sampling and files.

use std::path::Path;
use std::sync::Arc;

use daotwin_core::{Run, Stream};
use daotwin_history::frame::synthesizer::{Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame};
use daotwin_history::synthesizer::Failure;
use daotwin_nn::Batch;

use super::super::deep::{self, Base};
use super::prior::Prior;
use super::train::{self, Learned};
use crate::error::Result;

/// A decoder and the law of what goes into it.
#[derive(Debug)]
pub(super) struct Fitted {
    pub base: Base,
    pub learned: Learned,
}

impl FittedTable for Fitted {
    fn columns(&self) -> &Arc<[Column]> {
        self.base.mixed.columns()
    }

    fn rows(&self) -> u64 {
        self.base.rows
    }

    fn block_rows(&self) -> u64 {
        4_096
    }

    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> std::result::Result<Frame, Failure> {
        let Base { mixed, shape, .. } = &self.base;
        let allowed = mixed.allowed(conditions)?;
        let Learned { decoder, parameters, prior } = &self.learned;
        Ok(deep::draw(mixed, shape, rows, &allowed, stream, |rows, stream| {
            Ok(decoder.predict(parameters, &[], &Batch::dense(prior.draw(rows, stream)))?)
        })?)
    }

    fn save(&self, folder: &Path) -> std::result::Result<(), Failure> {
        let Learned { parameters, prior, .. } = &self.learned;
        let networks: [(&str, &[f32]); 3] =
            [("decoder", parameters), ("prior.means", &prior.means), ("prior.deviations", &prior.deviations)];
        Ok(self.base.write(super::NAME, folder, &networks, &[("prior.shares", &prior.shares)])?)
    }
}

/// Reads a model.
pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let (base, mut numbers) = Base::read(folder, run)?;
    let decoder = train::decoder(&base.shape, base.hidden, base.latent)
        .map_err(|_| numbers.not("its layers do not fit"))?;
    let parameters = numbers.parameters("decoder", &decoder)?;
    let prior = Prior {
        width: base.latent,
        shares: numbers.take("prior.shares")?,
        means: numbers.narrow("prior.means")?,
        deviations: numbers.narrow("prior.deviations")?,
    };
    if !prior.holds() {
        return Err(numbers.not("its law of hidden parts is none"));
    }
    Ok(Fitted { base, learned: Learned { decoder, parameters, prior } })
}
