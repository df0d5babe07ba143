//! Student's t copula over filtered margins: assets that crash together.
//!
//! Each asset's returns are filtered by GJR (see `garch`), its residuals keep their own values with Pareto tails, and a
//! t copula joins them (Demarta and McNeil 2005; for returns of this kind Jondeau and Rockinger 2006). All assets share
//! one widening a day: the common factor of crypto markets.

use daotwin_core::{Run, Seed};

use super::dependence::{Dependence, normal_scores};
use super::garch::{LEAST_DAYS, filtered};
use super::joint::{Clustered, Joint};
use super::margin::Margin;
use super::{Card, FittedMarket, MarketModel, Panel};
use crate::Result;

/// Filtered margins under one t copula.
#[derive(Debug)]
pub struct StudentCopula;

impl MarketModel for StudentCopula {
    fn name(&self) -> &'static str {
        "t-copula"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "clusters of volatility, residuals as they were, and crashes that hit all assets on one day",
            source: "Demarta and McNeil 2005; McNeil and Frey 2000 for tails; Jondeau and Rockinger 2006",
            limits: "one degree of freedom for all pairs; rises and crashes join alike; needs 250 days",
        }
    }

    fn fit(&self, panel: &Panel, _seed: Seed, run: &Run) -> Result<Box<dyn FittedMarket>> {
        panel.need(self.name(), LEAST_DAYS)?;
        let (recursions, residuals) = filtered(panel, true, run)?;
        let assets = panel.assets().len();
        let joint = Joint::Copula(Dependence::student(&normal_scores(&residuals, assets), assets));
        let margins = margins(&residuals, assets);
        Ok(Box::new(Clustered { assets: panel.assets().to_vec(), recursions, margins, joint }))
    }
}

/// The margin of each asset's residuals.
pub(super) fn margins(residuals: &[f64], assets: usize) -> Vec<Margin> {
    (0..assets)
        .map(|asset| {
            let column: Vec<f64> = residuals.iter().skip(asset).step_by(assets).copied().collect();
            Margin::semiparametric(&column)
        })
        .collect()
}
