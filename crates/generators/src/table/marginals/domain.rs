//! Attributes, cliques of them, and how a dense table over a clique is summed onto a smaller one.

/// Ascending places of attributes.
pub(super) type Clique = Vec<usize>;

/// How many codes each attribute has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Domain {
    sizes: Vec<usize>,
}

impl Domain {
    pub(super) fn new(sizes: Vec<usize>) -> Self {
        Self { sizes }
    }

    pub(super) fn len(&self) -> usize {
        self.sizes.len()
    }

    pub(super) fn size(&self, attribute: usize) -> usize {
        self.sizes[attribute]
    }

    /// Cells of a dense table over a clique; the largest number where it does not fit.
    pub(super) fn cells(&self, clique: &[usize]) -> usize {
        clique.iter().fold(1_usize, |cells, &attribute| cells.saturating_mul(self.sizes[attribute]))
    }
}

pub(super) fn is_subset(small: &[usize], large: &[usize]) -> bool {
    small.iter().all(|attribute| large.binary_search(attribute).is_ok())
}

pub(super) fn intersection(left: &[usize], right: &[usize]) -> Clique {
    left.iter().copied().filter(|attribute| right.binary_search(attribute).is_ok()).collect()
}

pub(super) fn difference(left: &[usize], right: &[usize]) -> Clique {
    left.iter().copied().filter(|attribute| right.binary_search(attribute).is_err()).collect()
}

pub(super) fn union(left: &[usize], right: &[usize]) -> Clique {
    let mut all: Clique = left.iter().chain(right).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// From the cells of a table (the last attribute runs fastest) to those of a table over some of its
/// attributes. The last attributes, as far as they all stay or all go, form blocks, so that the inner loops
/// run over slices.
#[derive(Debug, Clone)]
pub(super) struct Projection {
    block: usize,
    /// Whether the block's attributes stay.
    stays: bool,
    /// Where each block goes.
    offsets: Vec<u32>,
    /// Cells of the smaller table.
    cells: usize,
}

impl Projection {
    /// The projection of a table over `from` onto its attributes `onto`. Tables have less than 2^32 cells.
    pub(super) fn new(domain: &Domain, from: &[usize], onto: &[usize]) -> Self {
        let stay: Vec<bool> = from.iter().map(|attribute| onto.binary_search(attribute).is_ok()).collect();
        let stays = stay.last().copied().unwrap_or(true);
        let cut = stay.iter().rposition(|&other| other != stays).map_or(0, |place| place + 1);
        let block = domain.cells(&from[cut..]);
        // How far a step of each outer attribute leads in the smaller table.
        let strides: Vec<usize> = from[..cut]
            .iter()
            .map(|attribute| match onto.binary_search(attribute) {
                Ok(place) => domain.cells(&onto[place + 1..]),
                Err(_) => 0,
            })
            .collect();
        let mut offsets = vec![0_u32];
        for (attribute, stride) in from[..cut].iter().zip(strides) {
            offsets = offsets
                .iter()
                .flat_map(|&offset| {
                    (0..domain.size(*attribute)).map(move |code| offset + (code * stride) as u32)
                })
                .collect();
        }
        Self { block, stays, offsets, cells: domain.cells(onto) }
    }

    /// Cells of the smaller table.
    pub(super) fn cells(&self) -> usize {
        self.cells
    }

    /// Sums the table onto the smaller one, which is overwritten.
    pub(super) fn sum(&self, table: &[f64], small: &mut [f64]) {
        small.fill(0.0);
        for (block, &offset) in table.chunks_exact(self.block).zip(&self.offsets) {
            let offset = offset as usize;
            if self.stays {
                small[offset..offset + self.block]
                    .iter_mut()
                    .zip(block)
                    .for_each(|(sum, value)| *sum += value);
            } else {
                small[offset] += block.iter().sum::<f64>();
            }
        }
    }

    /// Multiplies each cell of the table with its cell of the smaller one.
    pub(super) fn multiply(&self, table: &mut [f64], small: &[f64]) {
        for (block, &offset) in table.chunks_exact_mut(self.block).zip(&self.offsets) {
            let offset = offset as usize;
            if self.stays {
                block
                    .iter_mut()
                    .zip(&small[offset..offset + self.block])
                    .for_each(|(value, by)| *value *= by);
            } else {
                let by = small[offset];
                block.iter_mut().for_each(|value| *value *= by);
            }
        }
    }

    /// Adds to each cell of the table its cell of the smaller one.
    pub(super) fn add(&self, table: &mut [f64], small: &[f64]) {
        for (block, &offset) in table.chunks_exact_mut(self.block).zip(&self.offsets) {
            let offset = offset as usize;
            if self.stays {
                block
                    .iter_mut()
                    .zip(&small[offset..offset + self.block])
                    .for_each(|(value, by)| *value += by);
            } else {
                let by = small[offset];
                block.iter_mut().for_each(|value| *value += by);
            }
        }
    }

    /// The cell of the smaller table that a cell belongs to.
    pub(super) fn target(&self, cell: usize) -> usize {
        let offset = self.offsets[cell / self.block] as usize;
        if self.stays { offset + cell % self.block } else { offset }
    }
}
