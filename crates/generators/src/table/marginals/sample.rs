//! Drawing rows from calibrated bags, root first.
//!
//! Rows of a block that agree on a separator are a group. The codes that a bag adds are drawn for the whole
//! group at once by systematic sampling (Madow 1949): one uniform number and equal steps over the cumulated
//! probabilities, so that every count comes out within 1 of what is expected and sampling adds little noise of
//! its own. The draws then go to the group's rows in random order: without that the order of the rows would tie
//! columns that are independent given the separator.

use daotwin_core::Stream;

use super::domain::{Clique, Domain, Projection, difference};
use super::inference::Engine;

/// The conditional laws of a junction tree's bags, ready to draw from.
#[derive(Debug)]
pub(super) struct Sampler {
    sizes: Vec<usize>,
    bags: Vec<Bag>,
}

#[derive(Debug)]
struct Bag {
    separator: Clique,
    rest: Clique,
    rest_cells: usize,
    /// For each cell of the separator the cumulated probabilities over the rest.
    cumulated: Vec<f64>,
}

impl Sampler {
    /// The laws that a run engine stands at.
    pub(super) fn new(engine: &Engine) -> Self {
        let domain: &Domain = engine.domain();
        let tree = engine.tree();
        let bags = (0..tree.bags.len())
            .map(|place| {
                let separator = tree.separators[place].clone();
                let rest = difference(&tree.bags[place], &separator);
                let to_rest = Projection::new(domain, &tree.bags[place], &rest);
                let to_separator = engine.to_separator(place);
                let rest_cells = to_rest.cells();
                let mut cumulated = vec![0.0; to_separator.cells() * rest_cells];
                for (cell, value) in engine.beliefs()[place].iter().enumerate() {
                    cumulated[to_separator.target(cell) * rest_cells + to_rest.target(cell)] = *value;
                }
                for group in cumulated.chunks_exact_mut(rest_cells) {
                    let mut sum = 0.0;
                    for value in group {
                        sum += *value;
                        *value = sum;
                    }
                }
                Bag { separator, rest, rest_cells, cumulated }
            })
            .collect();
        Self { sizes: (0..domain.len()).map(|attribute| domain.size(attribute)).collect(), bags }
    }

    /// Draws rows; one list of codes an attribute.
    pub(super) fn draw(&self, rows: usize, stream: &mut Stream) -> Vec<Vec<u32>> {
        self.draw_shuffled(rows, stream, |order, stream| stream.shuffle(order))
    }

    /// [`Sampler::draw`] with the order in which rows are served; the tests leave it as it is to see the harm.
    pub(super) fn draw_shuffled(
        &self,
        rows: usize,
        stream: &mut Stream,
        shuffle: impl Fn(&mut [u32], &mut Stream),
    ) -> Vec<Vec<u32>> {
        let mut codes = vec![vec![0_u32; rows]; self.sizes.len()];
        let mut cells = vec![0_u32; rows];
        let mut order: Vec<u32> = Vec::with_capacity(rows);
        for bag in &self.bags {
            for (row, cell) in cells.iter_mut().enumerate() {
                let place = |cell: usize, &attribute: &usize| {
                    cell * self.sizes[attribute] + codes[attribute][row] as usize
                };
                *cell = bag.separator.iter().fold(0, place) as u32;
            }
            order.clear();
            order.extend(0..rows as u32);
            // Random within a group, because the sort is stable.
            shuffle(&mut order, stream);
            order.sort_by_key(|&row| cells[row as usize]);
            for group in order.chunk_by(|left, right| cells[*left as usize] == cells[*right as usize]) {
                let start = cells[group[0] as usize] as usize * bag.rest_cells;
                let cumulated = &bag.cumulated[start..start + bag.rest_cells];
                let step = cumulated[bag.rest_cells - 1] / group.len() as f64;
                let first = stream.uniform();
                let mut from = 0;
                for (place, &row) in group.iter().enumerate() {
                    let at = (first + place as f64) * step;
                    from += cumulated[from..].partition_point(|sum| *sum <= at);
                    if from == bag.rest_cells {
                        // A rounding led past the end: the last cell with any probability.
                        from = cumulated.partition_point(|sum| *sum < cumulated[bag.rest_cells - 1]);
                    }
                    let mut cell = from;
                    for &attribute in bag.rest.iter().rev() {
                        codes[attribute][row as usize] = (cell % self.sizes[attribute]) as u32;
                        cell /= self.sizes[attribute];
                    }
                }
            }
        }
        codes
    }
}
