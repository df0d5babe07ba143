//! What every private fit of a table has in common: what it refuses, and how it is paid for.

use std::borrow::Cow;
use std::ops::Deref;

use daotwin_history::frame::Frame;
use daotwin_history::frame::synthesizer::Setting;
use daotwin_history::synthesizer::PrivacyOptions;
use daotwin_privacy::ledger::Unit;
use daotwin_privacy::{Measurement, Measurer, Noise};

use super::files::Guarantee;
use super::{Given, setting};
use crate::charge::{Payment, Stage, pay};
use crate::encode::grid::{counted, joined};
use crate::encode::{Discrete, DiscreteColumn};
use crate::error::{Error, Result};

/// The setting of every private model that says what its cells of numbers cost.
pub(super) const BIN_SHARE: Setting = setting(
    "bin_share",
    0.05,
    (0.0, 0.5),
    "of a private fit: the share of the budget that finds where a number's cells lie, so that each has about \
     equally many rows; 0 cuts its declared bounds evenly",
);

/// How a private fit cuts numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    /// Cells of a number at most.
    pub bins: usize,
    /// [`BIN_SHARE`].
    pub share: f64,
}

impl Cut {
    /// At most so many cells, found by the share that is given.
    pub(super) fn of(given: &Given<'_>, bins: f64) -> Self {
        Self { bins: bins as usize, share: given.get(BIN_SHARE.name) }
    }

    /// The columns whose cells are measured: numbers that have more values than cells.
    fn wanting(self, frame: &Frame) -> Vec<usize> {
        let wants = |place: &usize| {
            let column = &frame.columns()[*place];
            let cells = DiscreteColumn::declared(column, self.bins);
            let known = cells.size() as u32 - u32::from(cells.missing().is_some());
            let alone = |code| cells.interval(code).is_some_and(|(low, high)| low == high);
            column.kind.labels().is_none() && self.share > 0.0 && !(0..known).all(alone)
        };
        (0..frame.columns().len()).filter(wants).collect()
    }

    /// What is left of the budget once the cells are known: a function of the declarations alone.
    pub(super) fn left(self, frame: &Frame) -> f64 {
        if self.wanting(frame).is_empty() { 1.0 } else { 1.0 - self.share }
    }

    /// The noisy counts of the grids of columns, one behind the other, and how many cells each has. **A row adds 1 to
    /// one count of each column at most**, so that the counts of all move by the root of how many columns there are.
    fn counts<N: Noise>(
        self,
        frame: &Frame,
        wanting: &[usize],
        measurer: &mut Measurer<N>,
    ) -> Result<(Vec<usize>, Measurement)> {
        let counts: Vec<Vec<i64>> =
            wanting.iter().map(|&place| counted(&frame.columns()[place], frame.values(place))).collect();
        let sizes = counts.iter().map(Vec::len).collect();
        let sensitivity = wanting.len() as u128;
        Ok((sizes, measurer.measure("cells of numbers", &counts.concat(), sensitivity, self.share)?))
    }

    /// The cells of every column: of the declared bounds, and where there are more values than cells, joined from a
    /// fine grid of the bounds by noisy counts. Shares of the measurer are then of what is left.
    ///
    /// # Errors
    /// The budget, the source of bits.
    pub(super) fn cells<N: Noise>(self, frame: &Frame, measurer: &mut Measurer<N>) -> Result<Discrete> {
        let mut discrete = Discrete::declared(frame.columns(), self.bins);
        let wanting = self.wanting(frame);
        if wanting.is_empty() {
            return Ok(discrete);
        }
        let (sizes, measured) = self.counts(frame, &wanting, measurer)?;
        measurer.rest();
        // About how many rows there are: each column has counted them.
        let total = measured.values.iter().sum::<f64>() / wanting.len() as f64;
        let mut rest = measured.values.as_slice();
        for (&place, size) in wanting.iter().zip(sizes) {
            let (own, after) = rest.split_at(size);
            rest = after;
            discrete.parts[place] = joined(&frame.columns()[place], own, measured.sigma, total, self.bins);
        }
        Ok(discrete)
    }
}

/// A table that a private fit may learn: every column declared, and no member with more rows than were declared.
#[derive(Debug)]
pub(super) struct Admitted<'a>(Cow<'a, Frame>);

impl Deref for Admitted<'_> {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        &self.0
    }
}

/// Lets a table into a private fit, with as many rows of each member as may be learned.
///
/// # Errors
/// [`Error::Options`] with [`refusals`].
pub(super) fn admitted<'a>(frame: &'a Frame, privacy: &PrivacyOptions) -> Result<Admitted<'a>> {
    let problems = refusals(frame, privacy);
    if problems.is_empty() { Ok(Admitted(frame.bounded())) } else { Err(Error::Options { problems }) }
}

/// Why this table cannot be fitted privately.
pub(super) fn refusals(frame: &Frame, privacy: &PrivacyOptions) -> Vec<String> {
    let undeclared: Vec<String> = (0..frame.columns().len())
        .filter(|&column| !frame.is_declared(column))
        .map(|column| format!("`{}`", frame.columns()[column].name))
        .collect();
    let mut problems = Vec::new();
    if !undeclared.is_empty() {
        problems.push(format!(
            "a private fit reads no bounds and no labels from the data; declare the columns {}, or leave them out",
            undeclared.join(", ")
        ));
    }
    if privacy.account.is_none() && privacy.test_noise.is_none() {
        problems.push("a private fit of a table needs the name of the `account` that pays for it".to_owned());
    }
    problems
}

/// Rows of a member at most.
pub(super) fn group(frame: &Frame) -> u32 {
    frame.members().map_or(1, |members| members.most_rows)
}

/// Charges the account for a model of a frame and runs the stage: what it released, and what may be claimed.
///
/// # Errors
/// As [`pay`].
pub(super) fn release<S: Stage>(
    name: &str,
    frame: &Admitted<'_>,
    settings: &[f64],
    privacy: &PrivacyOptions,
    stage: S,
) -> Result<(S::Release, Guarantee)> {
    let columns = serde_json::to_vec(&**frame.columns()).map_err(|error| Error::Defect(error.to_string()))?;
    let settings = format!("{settings:?}, {} rows a member", group(frame));
    let purpose = format!("fit {name}");
    let payment = Payment {
        account: privacy.account.as_deref().unwrap_or_default(),
        unit: Unit::Member,
        purpose: &purpose,
        request: &[name.as_bytes(), settings.as_bytes(), &columns],
        marks: &[],
        place: "table",
        group: group(frame),
    };
    let (released, statement) = pay(&payment, privacy, stage)?;
    let guarantee = Guarantee {
        epsilon: privacy.epsilon,
        delta: privacy.delta,
        unit: match frame.members() {
            Some(members) => format!("member (at most {} rows each)", members.most_rows),
            None => "member (a row each)".to_owned(),
        },
        ledger_head: statement.ledger.map(|head| head.hash.to_string()),
        test_noise: privacy.test_noise.is_some(),
    };
    Ok((released, guarantee))
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;
    use daotwin_history::frame::{Column, Kind, Values};
    use daotwin_privacy::audit::{Audit, Claimed, score, tradeoff};
    use daotwin_privacy::{Budget, Rho};

    use super::*;

    const COLUMNS: usize = 5;
    const DELTA: f64 = 1e-6;
    const CUT: Cut = Cut { bins: 16, share: 0.5 };

    /// Numbers of heavy tails; the row that comes or goes holds the greatest of each column, which nobody else has.
    fn table(rows: usize, planted: bool) -> Frame {
        let mut stream = Seed(3).stream("cells");
        let column = |place: usize| Column {
            name: format!("c{place}"),
            kind: Kind::Numeric { decimals: None },
            optional: false,
            bounds: (0.0, 1e6),
        };
        let mut values = || {
            let mut values: Vec<f64> = (0..rows)
                .map(|row| if row % 4 == 0 { 0.0 } else { 10_f64.powf(8.0 * stream.uniform() - 3.0) })
                .collect();
            values.extend(planted.then_some(1e6));
            Values::Number(values)
        };
        let all = (0..COLUMNS).map(|_| values()).collect();
        Frame::new((0..COLUMNS).map(column).collect::<Vec<_>>(), all).unwrap().with_declared(0..COLUMNS)
    }

    /// Twice 1,200 counts of tables with and without the planted row, of a stage that spends `spent`, against a claim
    /// of zCDP 1/2 (its share of the budget is half).
    fn audited(spent: f64) -> Audit {
        let budget = Budget::new(Rho::at_most(2.0 * spent).epsilon(DELTA).unwrap(), DELTA).unwrap();
        let claimed = Budget::new(Rho::at_most(1.0).epsilon(DELTA).unwrap(), DELTA).unwrap().rho();
        let wanting = CUT.wanting(&table(40, false));
        let own = |planted| -> Vec<i64> {
            let frame = table(40, planted);
            wanting.iter().flat_map(|&at| counted(&frame.columns()[at], frame.values(at))).collect()
        };
        let moved: Vec<i64> =
            own(true).iter().zip(own(false)).map(|(with, without)| with - without).collect();
        assert_eq!(moved.iter().sum::<i64>(), COLUMNS as i64);
        let samples = |planted| -> Vec<f64> {
            let frame = table(40, planted);
            let one = |_| {
                let mut measurer = Measurer::unaccounted(budget);
                let (_, measured) = CUT.counts(&frame, &wanting, &mut measurer).unwrap();
                score(&measured.values, &moved, measured.sigma)
            };
            (0..1_200).map(one).collect()
        };
        let half = Rho::at_most(0.5 * claimed.to_f64());
        tradeoff(&samples(false), &samples(true), Claimed::Gaussian(half), 1e-6).unwrap()
    }

    /// As in the audit of marginals: the neighbours lie one deviation apart, the bounds of an honest stage 5 standard
    /// errors inside.
    #[test]
    fn cells_keep_their_claim() {
        let audit = audited(0.5);
        assert!(!audit.violated && audit.lower_bound > 0.0, "{audit:?}");
    }

    /// Half the noise: two deviations, hidden only where both bounds miss by 4 standard errors.
    #[test]
    fn half_the_noise_of_cells_is_caught() {
        assert!(audited(2.0).violated);
    }

    /// Under a generous budget cells hold about equally many rows of a heavy tail; without a share for them, many lie
    /// below 1, in one cell of those that are equal in `log(1 + value)`. What is spent is a share
    /// of the budget, and the rest is left.
    #[test]
    fn measured_cells_follow_the_rows() {
        let frame = table(20_000, false);
        let largest = |cut: Cut| {
            let mut measurer = Measurer::seeded(Budget::new(10.0, DELTA).unwrap(), Seed(1).stream("noise"));
            let total = measurer.total().to_f64();
            let discrete = cut.cells(&frame, &mut measurer).unwrap();
            assert!((measurer.remaining().to_f64() - cut.left(&frame) * total).abs() < 1e-6 * total);
            let codes = discrete.encode(&frame);
            let most = |codes: &Vec<u32>| {
                let mut counts = [0; 64];
                codes.iter().filter(|code| **code > 0).for_each(|&code| counts[code as usize] += 1);
                counts.into_iter().max().unwrap()
            };
            codes.iter().map(most).max().unwrap()
        };
        let (measured, declared) =
            (largest(Cut { bins: 16, share: 0.05 }), largest(Cut { bins: 16, share: 0.0 }));
        assert!(measured < 2_500 && declared > 5_000, "{measured} {declared}");
    }
}
