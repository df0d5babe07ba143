//! A fitted model of marginals: drawing, densities, files.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use daotwin_core::{Run, Stream};
use daotwin_history::frame::synthesizer::{Condition, Conditions, FittedTable};
use daotwin_history::frame::{Column, Frame, MISSING, Values};
use daotwin_history::synthesizer::Failure;
use serde::{Deserialize, Serialize};

use super::super::files::{self, Guarantee, TableManifest, Tensors};
use super::domain::{Clique, Domain, Projection};
use super::inference::Engine;
use super::sample::Sampler;
use crate::encode::{Discrete, DiscreteColumn};
use crate::error::{Error, Result};

/// Cells of a junction tree that a model's file may ask for.
const MAX_CELLS: usize = 1 << 26;

/// What the manifest keeps of a model beside its numbers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Structure {
    /// How each column becomes codes, in the order of columns.
    parts: Vec<DiscreteColumn>,
    /// The columns with potentials: one list a clique.
    cliques: Vec<Vec<usize>>,
}

#[derive(Debug)]
pub(super) struct Fitted {
    name: String,
    discrete: Discrete,
    /// The column of each attribute.
    order: Vec<usize>,
    engine: Engine,
    theta: Vec<f64>,
    rows: u64,
    seed: u64,
    guarantee: Option<Guarantee>,
    sampler: Arc<Sampler>,
    /// The sampler of the conditions asked for last: a long sample asks for the same ones in every block.
    conditioned: Mutex<Option<(Conditions, Arc<Sampler>)>>,
}

impl Fitted {
    /// Puts an engine that stands at its estimate and everything around it together.
    #[expect(clippy::too_many_arguments, reason = "the parts of a model")]
    pub(super) fn new(
        name: &str,
        discrete: Discrete,
        order: Vec<usize>,
        engine: Engine,
        theta: Vec<f64>,
        rows: f64,
        seed: u64,
        guarantee: Option<Guarantee>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            discrete,
            order,
            sampler: Arc::new(Sampler::new(&engine)),
            engine,
            theta,
            rows: rows.round() as u64,
            seed,
            guarantee,
            conditioned: Mutex::new(None),
        }
    }

    /// The weights of an attribute's codes under a condition.
    fn weights(&self, attribute: usize, condition: &Condition) -> std::result::Result<Vec<f64>, String> {
        let column = self.order[attribute];
        let part = &self.discrete.parts[column];
        let name = &self.discrete.columns()[column].name;
        let size = part.size() as u32;
        let weights: Vec<f64> = match condition {
            Condition::Code(code) => {
                let wanted = if *code == MISSING { part.missing() } else { Some(*code) };
                let labelled =
                    *code == MISSING || part.interval(*code).is_none() && Some(*code) != part.missing();
                let wanted = wanted.filter(|_| labelled);
                (0..size).map(|code| f64::from(u8::from(Some(code) == wanted))).collect()
            }
            Condition::Range(low, _) if low.is_nan() => {
                (0..size).map(|code| f64::from(u8::from(Some(code) == part.missing()))).collect()
            }
            Condition::Range(low, high) => match part.narrowed(*low, *high) {
                Some((low, high)) => {
                    let mut weights: Vec<f64> =
                        (0..size).map(|code| part.share_within(code, low, high)).collect();
                    let (least, most) = self.discrete.columns()[column].bounds;
                    if weights.iter().all(|weight| *weight == 0.0) && least <= low && high <= most {
                        // A range between two cells belongs to the nearer one, as its values would.
                        let near = part.encode(&Values::Number(vec![low / 2.0 + high / 2.0]));
                        weights[near[0] as usize] = 1.0;
                    }
                    weights
                }
                None => Vec::new(),
            },
        };
        if weights.iter().any(|weight| *weight > 0.0) {
            Ok(weights)
        } else {
            Err(format!("column `{name}` has no value that meets its condition"))
        }
    }

    fn conditioned(&self, conditions: &Conditions) -> Result<Arc<Sampler>> {
        let mut cache = self.conditioned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, sampler)) = cache.as_ref().filter(|(known, _)| known == conditions) {
            return Ok(Arc::clone(sampler));
        }
        let mut evidence = vec![None; self.order.len()];
        let mut problems = Vec::new();
        for (column, condition) in conditions {
            let Some(attribute) = self.order.iter().position(|known| known == column) else {
                problems.push(format!("there is no column at place {column}"));
                continue;
            };
            match self.weights(attribute, condition) {
                Ok(weights) => evidence[attribute] = Some(weights),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Options { problems });
        }
        let mut engine = self.engine.clone();
        if engine.run(&self.theta, &evidence).is_none() {
            let problems = vec!["no row of the model meets all conditions together".to_owned()];
            return Err(Error::Options { problems });
        }
        let sampler = Arc::new(Sampler::new(&engine));
        *cache = Some((conditions.clone(), Arc::clone(&sampler)));
        Ok(sampler)
    }
}

impl FittedTable for Fitted {
    fn columns(&self) -> &Arc<[Column]> {
        self.discrete.columns()
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    /// Codes by systematic sampling over the block, so that its counts lie close to what the model expects; each
    /// row by itself follows the model's law exactly.
    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> std::result::Result<Frame, Failure> {
        let sampler =
            if conditions.is_empty() { Arc::clone(&self.sampler) } else { self.conditioned(conditions)? };
        let mut drawn = sampler.draw(rows, stream);
        let mut codes = vec![Vec::new(); self.order.len()];
        for (attribute, &column) in self.order.iter().enumerate() {
            codes[column] = std::mem::take(&mut drawn[attribute]);
        }
        let mut values = Vec::with_capacity(codes.len());
        for (column, (part, codes)) in self.discrete.parts.iter().zip(&codes).enumerate() {
            let condition =
                conditions.iter().find(|(place, _)| *place == column).map(|(_, condition)| condition);
            values.push(match condition {
                Some(Condition::Range(low, high)) if !low.is_nan() => {
                    let (low, high) = part.narrowed(*low, *high).unwrap_or((*low, *high));
                    Values::Number(
                        codes.iter().map(|&code| part.draw_within(code, low, high, stream)).collect(),
                    )
                }
                _ => part.decode(codes, stream),
            });
        }
        Ok(Frame::new(Arc::clone(self.discrete.columns()), values).map_err(Error::from)?)
    }

    /// Exact: the probability of the row's bins, times the density within each bin.
    fn log_density(&self, frame: &Frame) -> Option<Vec<f64>> {
        let frame = frame.conform(self.discrete.columns()).ok()?;
        let codes = self.discrete.encode(&frame);
        let domain = self.engine.domain();
        let tree = self.engine.tree();
        let separators: Vec<Vec<f64>> = (0..tree.bags.len())
            .map(|bag| {
                let projection: &Projection = self.engine.to_separator(bag);
                let mut sums = vec![0.0; projection.cells()];
                projection.sum(&self.engine.beliefs()[bag], &mut sums);
                sums
            })
            .collect();
        let cell = |clique: &Clique, row: usize| {
            clique.iter().fold(0, |cell, &attribute| {
                cell * domain.size(attribute) + codes[self.order[attribute]][row] as usize
            })
        };
        let density = |row: usize| {
            let mut sum = 0.0;
            for (bag, attributes) in tree.bags.iter().enumerate() {
                let together = self.engine.beliefs()[bag][cell(attributes, row)];
                if together == 0.0 {
                    return f64::NEG_INFINITY;
                }
                sum += together.ln();
                if bag > 0 {
                    sum -= separators[bag][cell(&tree.separators[bag], row)].ln();
                }
            }
            for (column, part) in self.discrete.parts.iter().enumerate() {
                if let Values::Number(values) = frame.values(column) {
                    sum += part.log_density(codes[column][row], values[row]);
                }
            }
            sum
        };
        Some((0..frame.rows()).map(density).collect())
    }

    fn save(&self, folder: &Path) -> std::result::Result<(), Failure> {
        let mut manifest = TableManifest::new(&self.name, self.discrete.columns(), self.rows, self.seed);
        manifest.privacy.clone_from(&self.guarantee);
        let columns = |clique: &Clique| clique.iter().map(|&attribute| self.order[attribute]).collect();
        manifest.keep(Structure {
            parts: self.discrete.parts.clone(),
            cliques: self.engine.cliques().iter().map(columns).collect(),
        })?;
        let tensors = Tensors::from([("potentials".to_owned(), self.theta.clone())]);
        Ok(files::write(folder, &manifest, &tensors)?)
    }
}

/// The attributes of a model: its columns in the order of their sizes, so that inner loops run over the largest.
pub(super) fn order_of(discrete: &Discrete) -> (Vec<usize>, Domain) {
    let sizes = discrete.sizes();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|&column| (sizes[column], column));
    let domain = Domain::new(order.iter().map(|&column| sizes[column]).collect());
    (order, domain)
}

/// Reads what [`FittedTable::save`] wrote.
///
/// # Errors
/// A folder that is no such model, or one whose junction tree would be too large; limits.
pub(super) fn read(folder: &Path, run: &Run) -> Result<Fitted> {
    let (manifest, mut numbers) = files::read(folder, run)?;
    let structure: Structure =
        serde_json::from_value(manifest.model).map_err(|_| numbers.not("its manifest names no cliques"))?;
    let discrete = Discrete::new(manifest.columns.into(), structure.parts)
        .map_err(|_| numbers.not("its cells do not fit its columns"))?;
    let (order, domain) = order_of(&discrete);
    let attribute = |column: &usize| order.iter().position(|known| known == column);
    let mut cliques = Vec::new();
    for columns in &structure.cliques {
        let Some(mut clique) = columns.iter().map(attribute).collect::<Option<Clique>>() else {
            return Err(numbers.not("its cliques name columns that it does not have"));
        };
        clique.sort_unstable();
        if clique.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(numbers.not("a clique names a column twice"));
        }
        cliques.push(clique);
    }
    let tree = super::junction_tree::total_cells(&domain, cliques.iter().map(Vec::as_slice));
    if tree > MAX_CELLS {
        return Err(numbers.not("its junction tree is too large"));
    }
    let theta = numbers.take("potentials")?;
    let cells: usize = cliques.iter().map(|clique| domain.cells(clique)).sum();
    if theta.len() != cells || !theta.iter().all(|value| value.is_finite()) {
        return Err(numbers.not("its potentials do not fit its cliques"));
    }
    let mut engine = Engine::new(&domain, cliques);
    if engine.run(&theta, &vec![None; domain.len()]).is_none() {
        return Err(numbers.not("its potentials leave no row"));
    }
    let rows = manifest.rows as f64;
    Ok(Fitted::new(
        &manifest.synthesizer,
        discrete,
        order,
        engine,
        theta,
        rows,
        manifest.seed,
        manifest.privacy,
    ))
}
