//! Boosted trees (Chen and Guestrin 2016, as built by `forust-ml`) for classifiers that tell two classes
//! apart. Single-threaded, so that the sums, hence the trees, are the same on every machine.

use daotwin_core::statistics::area_under_curve;
use forust_ml::{GradientBooster, Matrix};

use crate::error::{Error, Result};

/// Rows for a classifier, column by column, with their class.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    columns: Vec<Vec<f64>>,
    labels: Vec<bool>,
}

impl Samples {
    pub(crate) fn new(columns: usize) -> Self {
        Self { columns: vec![Vec::new(); columns], labels: Vec::new() }
    }

    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = f64>, label: bool) {
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(value);
        }
        self.labels.push(label);
    }

    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The class of each row.
    pub(crate) fn labels(&self) -> &[bool] {
        &self.labels
    }

    pub(crate) fn positives(&self) -> usize {
        self.labels.iter().filter(|&&label| label).count()
    }

    /// Whether both classes have enough rows for a figure.
    pub(crate) fn enough(&self, each: usize) -> bool {
        let positives = self.positives();
        positives >= each && self.len() - positives >= each
    }

    /// At most `limit` rows, evenly spread over the order in which they came.
    pub(crate) fn thin(self, limit: usize) -> Self {
        if self.len() <= limit {
            return self;
        }
        let keep: Vec<usize> = (0..limit).map(|i| i * self.len() / limit).collect();
        Self {
            columns: self.columns.iter().map(|column| keep.iter().map(|&i| column[i]).collect()).collect(),
            labels: keep.iter().map(|&i| self.labels[i]).collect(),
        }
    }
}

/// How hard the trees try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// A few shallow trees: for the small tables of one DAO.
    Light,
    /// Many deeper trees: for tables of tens of thousands of rows.
    Thorough,
}

/// Learns to tell the classes of `train` apart and returns the log-odds for `test`.
pub(crate) fn scores(train: &Samples, test: &Samples, effort: Effort) -> Result<Vec<f64>> {
    // The library refuses columns without variance; they cannot help anyway.
    let usable: Vec<usize> = (0..train.columns.len())
        .filter(|&index| {
            let mut known = train.columns[index].iter().filter(|value| !value.is_nan());
            known.next().is_some_and(|first| known.any(|value| value != first))
        })
        .collect();
    if usable.is_empty() || !train.enough(1) {
        return Ok(vec![0.0; test.len()]);
    }
    let flat = |samples: &Samples| -> Vec<f64> {
        usable.iter().flat_map(|&index| samples.columns[index].iter().copied()).collect()
    };
    let labels: Vec<f64> = train.labels.iter().map(|&label| f64::from(u8::from(label))).collect();
    let (iterations, rate, depth) = match effort {
        Effort::Light => (80, 0.12, 5),
        Effort::Thorough => (200, 0.1, 6),
    };
    let mut booster = GradientBooster::default()
        .set_iterations(iterations)
        .set_learning_rate(rate)
        .set_max_depth(depth)
        .set_min_leaf_weight(4.0)
        .set_nbins(128)
        .set_parallel(false);
    let data = flat(train);
    let matrix = Matrix::new(&data, train.len(), usable.len());
    booster
        .fit(&matrix, &labels, &vec![1.0; labels.len()], None)
        .map_err(|error| Error::Trees(error.to_string()))?;
    let data = flat(test);
    Ok(booster.predict(&Matrix::new(&data, test.len(), usable.len()), false))
}

/// Learns on `train`, and says how well the classes of `test` are told apart.
pub(crate) fn auc(train: &Samples, test: &Samples) -> Result<f64> {
    Ok(area_under_curve(&scores(train, test, Effort::Light)?, &test.labels))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn trees_learn_what_there_is_and_nothing_else() {
        let mut stream = daotwin_core::Seed(5).stream("trees");
        let mut draw = |signal: bool| {
            let mut samples = Samples::new(3);
            for _ in 0..2000 {
                let (a, b) = (stream.uniform(), stream.uniform());
                // Exclusive or: no single column tells.
                let label = if signal { (a > 0.5) != (b > 0.5) } else { stream.chance(0.5) };
                samples.push([a, if b > 0.9 { f64::NAN } else { b }, 1.0], label);
            }
            samples
        };
        assert!(auc(&draw(true), &draw(true)).unwrap() > 0.9);
        // 1000 against 1000 by chance: the area has standard deviation below 0.013; six of them.
        assert!((auc(&draw(false), &draw(false)).unwrap() - 0.5).abs() < 0.08);
    }
}
