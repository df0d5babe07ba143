//! A sweep as a document: each number over what was varied.

use daotwin_core::document::{
    Axis as Scaled, Block, Chart, Document, Mark, Outcome, Plot, Role, Scale, Section, Series, Table, Verdict,
};
use daotwin_core::statistics::{student_quantile, wilson};

use super::document::number;
use super::sweep::{Figure, Point, Swept};
use super::{Arm, Rehearsal, VARIABLES};
use crate::scenario::Axis;

/// Rows of a table, at most; the file has all of them.
const MOST_ROWS: usize = 500;

/// A positive range so many times its least value is drawn in equal ratios.
const WIDE: f64 = 100.0;

/// The 90 % interval of a mean: Wilson's for what is 0 or 1 in a run, Student's for the rest.
fn interval(name: &str, figure: &Figure) -> (f64, f64) {
    if name == "taken_over" {
        return wilson((figure.mean * figure.count as f64).round() as u64, figure.count, 0.1);
    }
    let width = student_quantile(0.95, figure.count.saturating_sub(1) as usize) * figure.standard_error;
    (figure.mean - width, figure.mean + width)
}

fn labels(axis: &Axis) -> Vec<String> {
    axis.values.iter().map(ToString::to_string).collect()
}

impl Swept {
    /// What moves most, in a sentence a parameter: the least and the greatest share of proposals that pass, averaged over
    /// the other parameters' values.
    pub fn sentences(&self) -> Vec<String> {
        let passed = |point: &Point| point.figures[0].mean;
        let told = self.axes.iter().enumerate().filter_map(|(place, axis)| {
            let mean = |setting: &crate::scenario::Setting| {
                let own = self.points.iter().filter(|point| point.settings[place] == *setting).map(passed);
                let known: Vec<f64> = own.filter(|mean| mean.is_finite()).collect();
                known.iter().sum::<f64>() / known.len() as f64
            };
            let means = axis.values.iter().map(|setting| (mean(setting), setting));
            let known: Vec<_> = means.filter(|(mean, _)| mean.is_finite()).collect();
            let least = known.iter().min_by(|left, right| left.0.total_cmp(&right.0))?;
            let most = known.iter().max_by(|left, right| left.0.total_cmp(&right.0))?;
            Some(format!(
                "Over `{}`, from {} ({}) to {} ({}) of the proposals pass.",
                axis.path,
                number("passed", least.0),
                least.1,
                number("passed", most.0),
                most.1
            ))
        });
        told.collect()
    }

    /// The whole of it: a chart for each of the [`VARIABLES`], a line with a band over one parameter, a matrix over two;
    /// a table. Of `as_it_is`, a rehearsal of the same DAO, the rule as it is with nothing happening stands beside them.
    pub fn document(&self, as_it_is: Option<&Rehearsal>) -> Document {
        let base = as_it_is.and_then(|rehearsal| rehearsal.arms.first());
        let charts = VARIABLES.iter().enumerate().filter_map(|(place, (name, meaning))| {
            if self.points.iter().all(|point| point.figures[place].mean.is_nan()) {
                return None;
            }
            let plot = match &self.axes[..] {
                [axis] => self.line(axis, place, name, meaning, base.map(|arm| arm.variables[place].mean)),
                [rows, columns] => self.matrix(rows, columns, place),
                _ => return None,
            };
            Some(Block::Chart(Chart {
                id: format!("sweep-{}", name.replace('_', "-")),
                title: (*meaning).to_owned(),
                description: format!("{meaning}, over what was varied: means over {} runs", self.runs),
                plot,
            }))
        });
        let mut blocks: Vec<Block> = charts.collect();
        blocks.push(Block::Table(self.table(base)));
        let paths: Vec<&str> = self.axes.iter().map(|axis| axis.path.as_str()).collect();
        let text =
            if self.scenario.about.is_empty() { Vec::new() } else { vec![self.scenario.about.clone()] };
        blocks.splice(0..0, text.into_iter().map(|text| Block::Text { text }));
        Document {
            title: format!("{}: \"{}\" over {}", self.dao, self.scenario.title, paths.join(", ")),
            verdict: Verdict { outcome: Outcome::Neutral, text: self.sentences().join(" ") },
            warnings: vec![
                "A sweep says what follows from the model of the DAO and from the assumptions of the scenario, which \
                 `daotwin scenarios` lists with their evidence; ranges are over runs and do not cover errors of the model."
                    .to_owned(),
            ],
            manifest: vec![
                ("DAO".to_owned(), self.dao.clone()),
                ("scenario".to_owned(), self.scenario.title.clone()),
                ("combinations".to_owned(), self.points.len().to_string()),
                ("runs of each".to_owned(), self.runs.to_string()),
                ("seed".to_owned(), self.seed.0.to_string()),
                ("largest members asked for takeovers".to_owned(), self.largest.to_string()),
                ("daotwin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ],
            sections: vec![Section { id: "sweep".to_owned(), title: "What was varied".to_owned(), blocks }],
            ..Document::default()
        }
    }

    /// Numbers over a parameter that has numbers as a line between the runs' quantiles; over words as bars.
    fn line(&self, axis: &Axis, place: usize, name: &str, meaning: &str, base: Option<f64>) -> Plot {
        let figures = || self.points.iter().map(|point| point.figures[place]);
        let y = Scaled { label: meaning.to_owned(), scale: Scale::Linear };
        let Some(x) = axis.numbers() else {
            let known = base.filter(|base| base.is_finite());
            let means = figures().map(|figure| figure.mean).chain(known).collect();
            let mut categories = labels(axis);
            categories.extend(known.map(|_| "as it is".to_owned()));
            return Plot::Bars { categories, y, series: vec![("mean".to_owned(), means)] };
        };
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|left, right| x[*left].total_cmp(&x[*right]));
        let all: Vec<Figure> = figures().collect();
        let points = |value: &dyn Fn(&Figure) -> f64| {
            order.iter().map(|place| (x[*place], value(&all[*place]))).collect::<Vec<_>>()
        };
        let ends = |value: &dyn Fn(&Figure) -> f64| order.iter().map(|place| value(&all[*place])).collect();
        let (low, high) = (x[order[0]], x[order[order.len() - 1]]);
        let scale = if low > 0.0 && high / low >= WIDE { Scale::Log } else { Scale::Linear };
        let band = |label: &str, role, low: &dyn Fn(&Figure) -> f64, high: &dyn Fn(&Figure) -> f64| Series {
            name: label.to_owned(),
            role,
            mark: Mark::Band,
            points: points(low),
            upper: ends(high),
        };
        let runs = band("5 to 95 % of runs", Role::Synthetic, &|f| f.quantiles[0], &|f| f.quantiles[2]);
        let mean = band("90 % interval of the mean", Role::Other(1), &|f| interval(name, f).0, &|f| {
            interval(name, f).1
        });
        let line = Series {
            name: "mean".to_owned(),
            role: Role::Synthetic,
            mark: Mark::Line,
            points: points(&|figure| figure.mean),
            upper: Vec::new(),
        };
        // What is 0 or 1 in a run has no quantiles worth a picture.
        let mut series = if name == "taken_over" { vec![mean, line] } else { vec![runs, mean, line] };
        series.extend(base.filter(|base| base.is_finite()).map(|base| Series {
            name: "as it is".to_owned(),
            role: Role::Other(2),
            mark: Mark::Line,
            points: vec![(low, base), (high, base)],
            upper: Vec::new(),
        }));
        Plot::Xy { x: Scaled { label: axis.path.clone(), scale }, y, series }
    }

    fn matrix(&self, rows: &Axis, columns: &Axis, place: usize) -> Plot {
        let means: Vec<f64> = self.points.iter().map(|point| point.figures[place].mean).collect();
        let known = || means.iter().copied().filter(|mean| mean.is_finite());
        let range = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
        Plot::Heatmaps {
            rows: labels(rows),
            columns: labels(columns),
            maps: vec![(format!("`{}` down, `{}` across", rows.path, columns.path), means)],
            range,
        }
    }

    fn table(&self, base: Option<&Arm>) -> Table {
        let mut columns: Vec<String> = self.axes.iter().map(|axis| axis.path.clone()).collect();
        columns.extend(VARIABLES.iter().map(|(name, _)| name.replace('_', " ")));
        let row = |point: &Point| {
            let told = VARIABLES.iter().zip(&point.figures).map(|((name, _), figure)| {
                let (low, high) = interval(name, figure);
                if figure.mean.is_nan() || low.is_nan() {
                    number(name, figure.mean)
                } else {
                    format!("{} ({} to {})", number(name, figure.mean), number(name, low), number(name, high))
                }
            });
            point.settings.iter().map(ToString::to_string).chain(told).collect()
        };
        let mut rows: Vec<Vec<String>> = self.points.iter().take(MOST_ROWS).map(row).collect();
        let mut caption = "Means over runs, with 90 % intervals".to_owned();
        if rows.len() < self.points.len() {
            caption.push_str(&format!(
                "; the first {} of {} combinations, the JSON lines have all",
                rows.len(),
                self.points.len()
            ));
        }
        if let Some(base) = base {
            let told = base.variables.iter().map(|variable| {
                let (mean, (low, high)) = (variable.mean, variable.interval);
                let show = |value: f64| number(variable.name, value);
                if mean.is_nan() {
                    show(mean)
                } else {
                    format!("{} ({} to {})", show(mean), show(low), show(high))
                }
            });
            let paths = self.axes.iter().map(|_| "as it is".to_owned());
            rows.insert(0, paths.chain(told).collect());
        }
        Table { caption, columns, rows }
    }
}
