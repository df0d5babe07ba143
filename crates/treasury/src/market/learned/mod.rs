//! The project's own generators of tables as market models: they learn blocks of days, given how stormy it was before.
//!
//! A row of the table is a block of five days of all assets: the market's volatility before it (an exponentially weighted
//! mean of squares, RiskMetrics 1996) and within it, as logarithms, and the days over the latter. What the generator learned of that
//! table is drawn once as a large pool; a path goes from block to block by choosing among the drawn rows whose
//! volatility before is nearest to that of the path so far. Which generator learns is one line of the registry; each is
//! found by its name in the registry of the `generators` room.

#[cfg(test)]
mod test;

use daotwin_core::{Run, Seed};
use daotwin_generators::table::registry;
use daotwin_history::frame::synthesizer::TableFitOptions;
use daotwin_history::frame::{Column, Frame, Kind, Values};

use super::draws::Draws;
use super::{Card, FittedMarket, MarketModel, Panel};
use crate::{Error, Result};

/// A generator of tables, by its name.
#[derive(Debug)]
pub struct Learned {
    /// The name among market models.
    pub name: &'static str,
    /// The name among generators of tables.
    pub generator: &'static str,
    /// What it is for.
    pub card: Card,
}

/// A Gaussian copula of blocks.
pub const COPULA: Learned = Learned {
    name: "learned-copula",
    generator: "copula",
    card: Card {
        purpose: "blocks of days learned by the project's copula of tables: margins as they are, smooth relations between days and assets",
        source: "the project's `copula` generator over windows of five days",
        limits: "relations that are not monotone are lost; no day beyond the range of what it learned from; 200 days at least",
    },
};

/// Sequential trees of blocks.
pub const TREES: Learned = Learned {
    name: "learned-trees",
    generator: "trees",
    card: Card {
        purpose: "blocks of days learned by the project's sequential trees, without an assumption on their law",
        source: "the project's `trees` generator over windows of five days",
        limits: "relations of many assets at once are learned roughly; no day beyond the range of what it learned from; 200 days at least",
    },
};

/// Days of a block.
const BLOCK: usize = 5;
/// Rows drawn once.
const POOL: usize = 20_000;
/// Rows among which a path chooses.
const NEAREST: usize = 200;
/// The weight of the past in the volatility before a block.
const MEMORY: f64 = 0.94;

#[derive(Debug)]
struct Fitted {
    assets: Vec<String>,
    /// Ascending volatilities before each drawn block.
    before: Vec<f64>,
    /// The blocks in that order, `[row][day][asset]`.
    blocks: Vec<f64>,
    /// One over the variance of each asset, so that all count alike.
    weights: Vec<f64>,
    /// The mean square at the end of what was learned from.
    now: f64,
}

/// The mean square of a day, in units of each asset's variance.
fn unrest(row: &[f64], weights: &[f64]) -> f64 {
    row.iter().zip(weights).map(|(value, weight)| value * value * weight).sum::<f64>() / row.len() as f64
}

impl MarketModel for Learned {
    fn name(&self) -> &'static str {
        self.name
    }

    fn card(&self) -> Card {
        self.card
    }

    fn fit(&self, panel: &Panel, seed: Seed, run: &Run) -> Result<Box<dyn FittedMarket>> {
        panel.need(self.name, 200)?;
        let k = panel.assets().len();
        let days = panel.steps();
        let weights: Vec<f64> = (0..k)
            .map(|asset| 1.0 / daotwin_core::statistics::standard_deviation(&panel.column(asset)).powi(2))
            .collect();
        let mut mean_square = 1.0;
        let mut before = Vec::with_capacity(days);
        for row in panel.returns().chunks_exact(k) {
            before.push(mean_square);
            mean_square = MEMORY * mean_square + (1.0 - MEMORY) * unrest(row, &weights);
        }
        // The first weeks only settle the mean.
        let first = 20;
        let starts: Vec<usize> = (first..=days - BLOCK).collect();
        let mut columns = vec![number("before".to_owned())];
        let mut values: Vec<Vec<f64>> = vec![starts.iter().map(|start| before[*start].ln()).collect()];
        let scales: Vec<f64> = starts
            .iter()
            .map(|start| {
                let days = panel.returns()[start * k..(start + BLOCK) * k].chunks_exact(k);
                (days.map(|row| unrest(row, &weights)).sum::<f64>() / BLOCK as f64).max(1e-12).sqrt()
            })
            .collect();
        columns.push(number("scale".to_owned()));
        values.push(scales.iter().map(|scale| scale.ln()).collect());
        for place in 0..BLOCK * k {
            let (day, asset) = (place / k, place % k);
            columns.push(number(format!("{}.{day}", panel.assets()[asset])));
            let shapes = starts.iter().zip(&scales);
            values.push(
                shapes.map(|(start, scale)| panel.returns()[(start + day) * k + asset] / scale).collect(),
            );
        }
        for (column, values) in columns.iter_mut().zip(&values) {
            let bounds = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(*value), high.max(*value))
            });
            column.bounds = bounds;
        }
        let frame = Frame::new(columns, values.into_iter().map(Values::Number).collect())?;
        let generator = registry::find(self.generator).ok_or_else(|| Error::Unknown {
            what: "generator of tables",
            name: self.generator.to_owned(),
            known: registry::TABLE_SYNTHESIZERS
                .iter()
                .map(|each| format!("`{}`", each.name()))
                .collect::<Vec<_>>()
                .join(", "),
        })?;
        let fitted = generator.fit(&frame, &TableFitOptions { seed, ..TableFitOptions::default() }, run)?;
        let mut stream = seed.stream("market blocks");
        let mut rows: Vec<(f64, Vec<f64>)> = Vec::with_capacity(POOL);
        while rows.len() < POOL {
            run.check()?;
            let wanted = (POOL - rows.len()).min(fitted.block_rows() as usize);
            let drawn = fitted.sample_block(wanted, &vec![], &mut stream)?;
            for row in 0..drawn.rows() {
                let at = |column: usize| drawn.values(column).numbers()[row];
                let scale = at(1).exp();
                rows.push((at(0), (2..BLOCK * k + 2).map(|column| scale * at(column)).collect()));
            }
        }
        rows.sort_by(|left, right| left.0.total_cmp(&right.0));
        Ok(Box::new(Fitted {
            assets: panel.assets().to_vec(),
            before: rows.iter().map(|row| row.0).collect(),
            blocks: rows.into_iter().flat_map(|row| row.1).collect(),
            weights,
            now: mean_square,
        }))
    }
}

fn number(name: String) -> Column {
    Column { name, kind: Kind::Numeric { decimals: None }, optional: false, bounds: (0.0, 0.0) }
}

impl FittedMarket for Fitted {
    fn assets(&self) -> &[String] {
        &self.assets
    }

    fn parameters(&self) -> Vec<(String, f64)> {
        vec![
            ("drawn_blocks".to_owned(), self.before.len() as f64),
            ("volatility_now".to_owned(), self.now.sqrt()),
        ]
    }

    fn path(&self, draws: &Draws, path: u64, out: &mut [f64]) {
        let k = self.assets.len();
        let size = BLOCK * k;
        let mut stream = draws.stream(path);
        let mut mean_square = self.now;
        let last = self.before.len().saturating_sub(NEAREST);
        for chunk in out.chunks_mut(size) {
            let place = self.before.partition_point(|before| *before < mean_square.ln());
            let first = place.saturating_sub(NEAREST / 2).min(last);
            let row = first + stream.below(NEAREST.min(self.before.len()) as u64) as usize;
            chunk.copy_from_slice(&self.blocks[row * size..row * size + chunk.len()]);
            for day in chunk.chunks_exact(k) {
                mean_square = MEMORY * mean_square + (1.0 - MEMORY) * unrest(day, &self.weights);
            }
        }
    }
}
