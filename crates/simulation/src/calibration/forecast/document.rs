//! A forecast's section of a report.

use daotwin_core::document::{Block, Section, Table};

use super::{BASELINES, Forecast, Score};

impl Score {
    /// Relative error of the foretold mean, and the recorded mean's own relative standard error.
    pub fn relative(&self) -> (f64, f64) {
        ((self.means.1 - self.means.0) / self.means.0, self.error / self.means.0)
    }

    /// The baselines that score better, in words.
    pub fn beaten_by(&self) -> String {
        let names: Vec<&str> = BASELINES
            .into_iter()
            .zip(self.baselines)
            .filter(|(_, other)| *other < self.model)
            .map(|(name, _)| name)
            .collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    }

    /// Cells of a table: figure, relative error beside the sampling error, CRPS of the forecast and the baselines, the
    /// share held, which baselines win.
    pub fn cells(&self) -> Vec<String> {
        let (off, error) = self.relative();
        let mut cells = vec![
            self.figure.to_owned(),
            format!("{:+.0} % (+- {:.0} %)", 100.0 * off, 100.0 * error),
            format!("{:.4}", self.model),
            format!("{:.4}", self.simulated),
        ];
        cells.extend(self.baselines.map(|other| format!("{other:.4}")));
        cells.push(if self.coverage.is_finite() {
            format!("{:.0} %", 100.0 * self.coverage)
        } else {
            "-".to_owned()
        });
        cells.push(self.beaten_by());
        cells
    }
}

/// The heads of [`Score::cells`].
pub const HEADS: [&str; 9] = [
    "figure",
    "error of the mean (sampling error)",
    "forecast",
    "calibrated DAO alone",
    BASELINES[0],
    BASELINES[1],
    BASELINES[2],
    "90 % intervals held",
    "baselines that win",
];

impl Forecast {
    /// The report's section.
    pub fn section(&self) -> Section {
        Section {
            id: "forecast".to_owned(),
            title: "Out of sample".to_owned(),
            blocks: vec![Block::Table(Table {
                caption: format!(
                    "Learned from the first {} proposals, foretold the next {}: relative error of the mean beside the \
                     recorded mean's own standard error, and CRPS (less is better; turnout and voters in units of their \
                     learned means) beside baselines",
                    self.proposals.0, self.proposals.1
                ),
                columns: HEADS.map(str::to_owned).to_vec(),
                rows: self.scores.iter().map(Score::cells).collect(),
            })],
        }
    }
}
