//! Scenarios against one of them, and parameters of a scenario moved one at a time: paired differences on the same draws.

use daotwin_core::document::{Axis, Block, Chart, Document, Plot, Scale, Section, Table};
use serde::Serialize;

use super::document::number;
use super::play::VARIABLES;
use super::{Rehearsal, mean_of};
use crate::scenario::{self, Scenario};
use crate::{Error, Result};

/// A difference to the scenario that others are compared with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The other scenario.
    pub title: String,
    /// For each of the [`VARIABLES`]: mean difference, run by run, and its 90 % interval.
    pub by: Vec<(f64, (f64, f64))>,
}

/// Scenarios side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// All of them, after the rule as it is.
    pub rehearsal: Rehearsal,
    /// What others are compared with.
    pub reference: String,
    /// The others, in their order.
    pub differences: Vec<Difference>,
    /// The variable that is asked for, by its place.
    pub asked: usize,
}

/// A scenario with each parameter moved to each of its values alone, the others as the scenario has them. `texts` are
/// read as those of [`scenario::axes`].
///
/// # Errors
/// As [`scenario::axes`].
pub fn one_at_a_time(base: &Scenario, texts: &[String]) -> Result<Vec<Scenario>> {
    let mut moved = Vec::new();
    for axis in scenario::axes(base, texts)? {
        for value in &axis.values {
            moved.push(scenario::with(base, &[(axis.path.as_str(), value)])?);
        }
    }
    Ok(moved)
}

/// Compares the scenarios of a rehearsal with its first; `asked` is a name of [`VARIABLES`].
///
/// # Errors
/// A variable that there is not, or a rehearsal of fewer than two scenarios.
pub fn compare(rehearsal: Rehearsal, asked: &str) -> Result<Comparison> {
    let Some(place) = VARIABLES.iter().position(|(name, _)| *name == asked) else {
        let known = VARIABLES.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        return Err(Error::Unknown { what: "variable", name: asked.to_owned(), known });
    };
    if rehearsal.arms.len() < 3 {
        let problem = "a comparison takes two scenarios or more".to_owned();
        return Err(Error::Parameters { problems: vec![problem] });
    }
    let differences = (2..rehearsal.arms.len()).map(|arm| Difference {
        title: rehearsal.arms[arm].scenario.title.clone(),
        by: (0..VARIABLES.len())
            .map(|variable| {
                mean_of(rehearsal.values.iter().map(|run| run[arm][variable] - run[1][variable]), false)
            })
            .collect(),
    });
    let (differences, reference) = (differences.collect(), rehearsal.arms[1].scenario.title.clone());
    Ok(Comparison { rehearsal, reference, differences, asked: place })
}

/// A difference of this variable with its sign.
fn signed(name: &str, value: f64) -> String {
    let told = number(name, value.abs());
    match value {
        value if value.is_nan() => "-".to_owned(),
        value if value < 0.0 => format!("-{told}"),
        _ => format!("+{told}"),
    }
}

impl Comparison {
    /// The others by what they move of the variable that is asked for, the largest first.
    pub fn ordered(&self) -> Vec<&Difference> {
        let mut order: Vec<&Difference> = self.differences.iter().collect();
        let moved = |difference: &Difference| {
            let (mean, _) = difference.by[self.asked];
            if mean.is_nan() { 0.0 } else { mean.abs() }
        };
        order.sort_by(|left, right| moved(right).total_cmp(&moved(left)));
        order
    }

    /// A sentence for each of the others, with a 90 % interval.
    pub fn sentences(&self) -> Vec<String> {
        let (name, meaning) = VARIABLES[self.asked];
        let told = |difference: &&Difference| {
            let (mean, (low, high)) = difference.by[self.asked];
            let verdict =
                if low > 0.0 || high < 0.0 { "" } else { ": no difference that these runs could tell" };
            format!(
                "\"{}\" instead of \"{}\" moves the {meaning} by {} ({} to {}){verdict}.",
                difference.title,
                self.reference,
                signed(name, mean),
                signed(name, low),
                signed(name, high)
            )
        };
        self.ordered().iter().map(told).collect()
    }

    /// The rehearsal's document, with the differences before all else.
    pub fn document(&self) -> Document {
        let mut document = self.rehearsal.document();
        let (_, meaning) = VARIABLES[self.asked];
        let order = self.ordered();
        let bars = |of: &dyn Fn((f64, (f64, f64))) -> f64| -> Vec<f64> {
            order.iter().map(|difference| of(difference.by[self.asked])).collect()
        };
        let tornado = Chart {
            id: "differences".to_owned(),
            title: format!("What moves the {meaning}"),
            description: format!(
                "difference to \"{}\" with its 90 % interval, the largest first",
                self.reference
            ),
            plot: Plot::Bars {
                categories: order.iter().map(|difference| difference.title.clone()).collect(),
                y: Axis { label: "difference".to_owned(), scale: Scale::Linear },
                series: vec![
                    ("low".to_owned(), bars(&|(_, (low, _))| low)),
                    ("mean".to_owned(), bars(&|(mean, _)| mean)),
                    ("high".to_owned(), bars(&|(_, (_, high))| high)),
                ],
            },
        };
        let mut columns = vec![String::new()];
        columns.extend(self.differences.iter().map(|difference| difference.title.clone()));
        let rows = VARIABLES.iter().enumerate().map(|(place, (name, meaning))| {
            let mut row = vec![(*meaning).to_owned()];
            row.extend(self.differences.iter().map(|difference| {
                let (mean, (low, high)) = difference.by[place];
                if mean.is_nan() {
                    "-".to_owned()
                } else {
                    format!("{} ({} to {})", signed(name, mean), signed(name, low), signed(name, high))
                }
            }));
            row
        });
        let caption = format!("Differences to \"{}\", run by run, with 90 % intervals", self.reference);
        let table = Table { caption, columns, rows: rows.collect() };
        let mut blocks: Vec<Block> = self.sentences().into_iter().map(|text| Block::Text { text }).collect();
        blocks.extend([Block::Chart(tornado), Block::Table(table)]);
        document
            .sections
            .insert(0, Section { id: "differences".to_owned(), title: "Differences".to_owned(), blocks });
        document.title = format!("{}: comparison with \"{}\"", self.rehearsal.dao, self.reference);
        document.verdict.text = self.sentences().first().cloned().unwrap_or_default();
        document
    }
}

#[cfg(test)]
mod test {
    use daotwin_core::{Run, Seed};

    use super::super::test_model::Stub;
    use super::super::{Options, rehearse};
    use super::*;
    use crate::scenario::{RuleChange, read};

    #[test]
    fn differences_are_between_runs_that_met_the_same_draws() {
        let base = read("title = 'base'\n[rule]\nquorum_tokens = 100\napproval = 0.5\n").unwrap();
        let texts = ["rule.quorum_tokens=100,1e9".to_owned(), "rule.approval=0.9".to_owned()];
        let mut scenarios = vec![base.clone()];
        scenarios.extend(one_at_a_time(&base, &texts).unwrap());
        assert_eq!(scenarios.len(), 4);
        let options = Options { seed: Seed(2), runs: 30, ..Options::default() };
        let rehearse = |list: &[Scenario]| {
            rehearse(&Stub::random(), None, &RuleChange::default(), list, &options, &Run::default())
        };
        let found = compare(rehearse(&scenarios).unwrap(), "passed").unwrap();
        let base_share = found.rehearsal.arms[1].variables[0].mean;
        assert!(base_share > 0.2);
        // The same value differs in nothing; a quorum beyond all tokens lets nothing pass.
        assert_eq!(found.differences[0].by[0], (0.0, (0.0, 0.0)));
        assert!((found.differences[1].by[0].0 + base_share).abs() < 1e-12);
        assert!(found.ordered()[0].title.contains("rule.quorum_tokens"), "{:?}", found.sentences());
        assert!(found.differences[2].by[0].1.1 < 0.0);
        assert_eq!(found.document().sections[0].id, "differences");
        assert!(compare(rehearse(&scenarios[..1]).unwrap(), "passed").is_err());
        assert!(
            compare(rehearse(&scenarios).unwrap(), "pased").unwrap_err().to_string().contains("`passed`")
        );
    }
}
