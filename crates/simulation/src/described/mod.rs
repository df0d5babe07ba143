//! DAOs that are described instead of learned: no data at all, only the parameters of [`engine::dao`] and a rule.
//!
//! ```toml
//! title = "A thousand members, 4 % quorum"
//! steps = 720                  # of an hour each
//! window = 120
//! arrivals = { random = 0.025 }
//!
//! [population]
//! agents = 1000
//! tail = 1.16                  # of the Pareto law of power
//!
//! [rule]
//! kind = "governor"
//! quorum = 0.04
//! ```

mod document;
mod members;
mod read;

use std::sync::Arc;

use daotwin_core::statistics::wilson;
use daotwin_core::{Run, Seed};
use daotwin_history::History;
use serde::Serialize;

pub use members::members;

use crate::engine::Scheduler;
use crate::engine::dao::{Calendar, Dao, Parameters, Rule, Ruled, Workspace, history};
use crate::engine::ensemble::{Model, summarise};
use crate::engine::population::Population;
use crate::engine::summary::Summary;
use crate::engine::tally::{Moment, Observer, Outcome};
use crate::governance::referee::{self, Referee, Refereed};
use crate::scenario::RuleChange;
use crate::{Error, Result};

/// Steps of time that a report follows.
pub const STEPS: usize = 24;
/// What is followed over time, in the order of [`Simulated::courses`].
pub const SERIES: [(&str, &str); 5] = [
    ("turnout", "share of the supply that votes on a proposal, by when it closes"),
    ("voters", "voters of a proposal, by when it closes"),
    ("passed", "share of the proposals that pass, by when they close"),
    ("price", "price of the token"),
    ("treasury", "tokens in the treasury"),
];
/// What the numbers of a run say, in the order of the engine's own.
const MEANINGS: [&str; 11] = [
    "mean share of the supply that votes on a proposal",
    "mean voters of a proposal",
    "share of the proposals that pass",
    "mean share of yes in what is cast",
    "when in the window votes come, 0 at its start and 1 at its end",
    "proposals that closed",
    "price of the token at the end",
    "treasury at the end, as a share of its start",
    "share of the supply that is delegated at the end",
    "share of all power that the ten most powerful have at the end",
    "posts in the forum",
];

/// Token majority with a quorum of 1 % of the supply over all ballots.
pub(crate) const DEFAULT_RULE: Rule = Rule::Shares(RuleChange {
    quorum: Some(0.01),
    quorum_tokens: None,
    quorum_counts: None,
    approval: None,
    weighting: None,
    cap: None,
    window: None,
    shielded: None,
    power_at_vote: None,
});

/// A described DAO.
#[derive(Debug, Clone, PartialEq)]
pub struct Described {
    /// What it is called.
    pub title: String,
    /// What it is about, in the author's words.
    pub about: String,
    /// Members, behaviour, market, treasury; its quorum is not looked at.
    pub parameters: Parameters,
    /// Members, in place of those that the parameters describe.
    pub members: Option<Population>,
    /// What decides.
    pub rule: Rule,
    /// When steps are.
    pub calendar: Calendar,
}

impl Default for Described {
    fn default() -> Self {
        Self {
            title: "described".to_owned(),
            about: String::new(),
            parameters: Parameters::default(),
            members: None,
            rule: DEFAULT_RULE,
            calendar: Calendar::default(),
        }
    }
}

/// A number over runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variable {
    /// Its name in the engine.
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// Mean over the runs that have one.
    pub mean: f64,
    /// 90 % interval of the mean.
    pub interval: (f64, f64),
    /// 5, 25, 50, 75 and 95 % quantiles over runs.
    pub quantiles: [f64; 5],
}

/// A number over time and runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Course {
    /// Its name, of [`SERIES`].
    pub name: &'static str,
    /// What it says.
    pub meaning: &'static str,
    /// For each step the 5, 25, 50, 75 and 95 % quantiles over runs; NaN where no run has one.
    pub bands: Vec<[f64; 5]>,
}

/// What a described DAO came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Simulated {
    /// What it is called.
    pub title: String,
    /// What it is about.
    pub about: String,
    /// The seed.
    pub seed: Seed,
    /// How many runs there were.
    pub runs: u64,
    /// Members.
    pub members: usize,
    /// Tokens of members at the start.
    pub supply: u64,
    /// When each step of the courses begins, in seconds since 1970.
    pub steps: Vec<i64>,
    /// Its numbers, as [`Dao`] names them.
    pub variables: Vec<Variable>,
    /// Share of the runs in which at least half of the proposals pass, with its 90 % interval (Wilson).
    pub half_pass: (f64, (f64, f64)),
    /// Its courses, in the order of [`SERIES`].
    pub courses: Vec<Course>,
    /// Who decided in place of a rule's arithmetic, where somebody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided: Option<referee::Decided>,
}

/// Follows a run over time.
struct Follower {
    steps: u32,
    window: u32,
    sums: [[(f64, f64); STEPS]; SERIES.len()],
}

impl Follower {
    fn step(&self, step: u32) -> usize {
        ((u64::from(step) * STEPS as u64 / u64::from(self.steps)) as usize).min(STEPS - 1)
    }

    fn add(&mut self, series: usize, at: usize, value: f64) {
        let (sum, of) = &mut self.sums[series][at];
        *sum += value;
        *of += 1.0;
    }
}

impl Observer for Follower {
    fn closed(&mut self, outcome: &Outcome) {
        let at = self.step(outcome.opened + self.window - 1);
        self.add(0, at, outcome.tally.cast() as f64 / outcome.supply as f64);
        self.add(1, at, f64::from(outcome.tally.voters));
        self.add(2, at, f64::from(u8::from(outcome.passed)));
    }

    fn stepped(&mut self, step: u32, moment: &Moment) {
        let at = self.step(step);
        self.add(3, at, moment.price);
        self.add(4, at, moment.treasury as f64);
    }
}

impl Described {
    /// The DAO under its rule or a referee, its members drawn from the seed.
    fn dao(&self, referee: Option<&Arc<dyn Referee>>, seed: Seed, run: &Run) -> Result<Dao> {
        let (parameters, scheduler) = (self.parameters.clone(), Scheduler::Events);
        let dao = match &self.members {
            Some(members) => Dao::over(members.clone(), parameters, scheduler, seed.0, run)?,
            None => Dao::new(parameters, scheduler, seed.0, run)?,
        };
        if let Some(referee) = referee {
            return Ok(dao.decided_by(Refereed(Arc::clone(referee))));
        }
        let supply = dao.population().supply();
        Ok(dao.decided_by(Ruled::new(self.rule, supply)))
    }

    /// Runs it so many times; members are the same in every run, what happens is not.
    ///
    /// Deterministic for a seed on any number of threads. Costs a replicate of a [`Dao`] a run.
    ///
    /// # Errors
    /// Parameters that no DAO can have, every problem at once; cancellation.
    pub fn simulate(&self, seed: Seed, runs: u64, run: &Run) -> Result<Simulated> {
        self.run(None, seed, runs, run)
    }

    /// The same, where a referee decides in place of the rule: every ballot of every run is put before it.
    ///
    /// # Errors
    /// As [`Described::simulate`]; a rule in the description, for there can be only one; votes that cannot be held.
    pub fn simulate_on(
        &self,
        referee: &Arc<dyn Referee>,
        seed: Seed,
        runs: u64,
        run: &Run,
    ) -> Result<Simulated> {
        self.ruleless()?;
        let found = self.run(Some(referee), seed, runs, run)?;
        Ok(Simulated { decided: Some(referee.decided()), ..found })
    }

    fn ruleless(&self) -> Result<()> {
        if self.rule == DEFAULT_RULE {
            return Ok(());
        }
        let problem = "`[rule]`: the contract decides; leave the rule out, and let the deployment say what the contract keeps to";
        Err(Error::Parameters { problems: vec![problem.to_owned()] })
    }

    fn run(&self, referee: Option<&Arc<dyn Referee>>, seed: Seed, runs: u64, run: &Run) -> Result<Simulated> {
        if !(1..=1_000_000).contains(&runs) {
            return Err(Error::Parameters {
                problems: vec![format!("{runs} runs; 1 to 1000000 are allowed")],
            });
        }
        let dao = self.dao(referee, seed, run)?;
        let names = dao.variables();
        let width = names.len() + 1 + SERIES.len() * STEPS;
        let (steps, window) = (self.parameters.steps, self.parameters.window);
        let summaries = summarise(runs, width, run, |replicate, workspace: &mut Workspace, values| {
            let mut follower = Follower { steps, window, sums: [[(0.0, 0.0); STEPS]; SERIES.len()] };
            let numbers = &mut values[..names.len()];
            dao.replicate_before(seed.0, replicate, workspace, run, numbers, &mut follower)?;
            let passed = values[PASSED];
            values[names.len()] = if passed.is_nan() { f64::NAN } else { f64::from(u8::from(passed >= 0.5)) };
            for (value, (sum, of)) in values[names.len() + 1..].iter_mut().zip(follower.sums.iter().flatten())
            {
                *value = sum / of;
            }
            Ok(())
        })?;
        let half = &summaries[names.len()];
        let times = (half.mean() * half.count() as f64).round() as u64;
        let first = self.calendar.start;
        let length = i64::from(steps) * self.calendar.step;
        Ok(Simulated {
            title: self.title.clone(),
            about: self.about.clone(),
            seed,
            runs,
            members: dao.population().len(),
            supply: dao.population().supply(),
            steps: (0..STEPS as i64).map(|step| first + length * step / STEPS as i64).collect(),
            variables: names
                .iter()
                .zip(MEANINGS)
                .zip(&summaries)
                .map(|((name, meaning), summary)| Variable {
                    name,
                    meaning,
                    mean: summary.mean(),
                    interval: summary.interval(0.9),
                    quantiles: quantiles(summary),
                })
                .collect(),
            half_pass: (half.mean(), wilson(times, half.count().max(1), 0.1)),
            courses: SERIES
                .into_iter()
                .zip(summaries[names.len() + 1..].chunks(STEPS))
                .map(|((name, meaning), steps)| Course {
                    name,
                    meaning,
                    bands: steps.iter().map(quantiles).collect(),
                })
                .collect(),
            decided: None,
        })
    }

    /// One run of [`Described::simulate`] as a History.
    ///
    /// # Errors
    /// As [`Described::simulate`]; too many rows for the limits.
    pub fn history(&self, seed: Seed, number: u64, run: &Run) -> Result<History> {
        history(&self.dao(None, seed, run)?, &self.calendar, seed.0, number, run)
    }

    /// One run of [`Described::simulate_on`] as a History.
    ///
    /// # Errors
    /// As [`Described::simulate_on`]; too many rows for the limits.
    pub fn history_on(
        &self,
        referee: &Arc<dyn Referee>,
        seed: Seed,
        number: u64,
        run: &Run,
    ) -> Result<History> {
        self.ruleless()?;
        history(&self.dao(Some(referee), seed, run)?, &self.calendar, seed.0, number, run)
    }
}

/// The place of the share that passes among the engine's numbers.
const PASSED: usize = 2;

fn quantiles(summary: &Summary) -> [f64; 5] {
    [0.05, 0.25, 0.5, 0.75, 0.95].map(|q| if summary.count() == 0 { f64::NAN } else { summary.quantile(q) })
}

#[cfg(test)]
mod test {
    use daotwin_history::view::DaoView;
    use daotwin_history::{Side, Table, constraints};

    use super::*;

    fn small(rule: &str) -> Described {
        let text = format!(
            "steps = 300\nwindow = 30\narrivals = {{ every = 20 }}\n[population]\nagents = 300\nactivity = 0.01\n\
             [market]\ntransfers = 0.01\n[delegation]\nreconsider = 0.002\n{rule}"
        );
        Described::read(&text).unwrap()
    }

    #[test]
    fn a_run_is_a_sound_history_of_what_the_engine_saw() {
        let described = small("[rule]\nkind = 'governor'\nquorum = 0.05\n");
        let run = Run::default();
        let (seed, number) = (Seed(3), 2);
        let written = described.history(seed, number, &run).unwrap();
        assert_eq!(constraints::check(&written, &run).unwrap(), []);
        for table in [Table::Delegations, Table::Transfers, Table::Messages, Table::Prices, Table::Holdings] {
            assert!(written.rows(table) > 0, "{}", table.name());
        }
        let dao = described.dao(None, seed, &run).unwrap();
        let mut outcomes: Vec<Outcome> = Vec::new();
        dao.observe(seed.0, number, &mut Workspace::default(), &run, &mut outcomes).unwrap();
        let view = DaoView::one(&written, None).unwrap();
        assert_eq!(view.proposals.len(), 15);
        assert!(outcomes.len() >= 13 && outcomes.len() < 15);
        for outcome in outcomes {
            let name = format!("proposal-{}", outcome.proposal + 1);
            let proposal = view.proposals.iter().find(|proposal| proposal.proposal == name).unwrap();
            let votes = &view.votes[proposal.votes.clone()];
            let of = |side: Side| {
                let cast =
                    votes.iter().filter(|vote| Side::of(&proposal.labels[vote.choice as usize - 1]) == side);
                cast.map(|vote| vote.power as u64).sum::<u64>()
            };
            assert_eq!((of(Side::For), of(Side::Against)), (outcome.tally.yes, outcome.tally.no));
            assert_eq!(votes.len() as u32, outcome.tally.voters);
            assert_eq!(proposal.state.as_deref() == Some("executed"), outcome.passed);
        }
        assert!(view.proposals.iter().any(|proposal| proposal.state.as_deref() == Some("active")));
        let again = described.history(seed, number, &run).unwrap();
        assert_eq!(written.fingerprint().unwrap(), again.fingerprint().unwrap());
        assert_ne!(
            written.fingerprint().unwrap(),
            described.history(seed, 3, &run).unwrap().fingerprint().unwrap()
        );
    }

    #[test]
    fn recorded_members_come_as_often_as_they_did() {
        let run = Run::default();
        let recorded = small("[behaviour]\ncost = 0\n").history(Seed(3), 0, &run).unwrap();
        let mut described = small(
            "[behaviour]\ncost = 0\nopening_burst = 0\ndeadline_rush = 0\ncontention = 0\nfatigue = 0\n[forum]\nboost = 0\n",
        );
        // Delegators in the records hold no power of their own; they must not delegate a second time.
        described.parameters.delegation = crate::engine::dao::Delegation::default();
        described.members = Some(members(&recorded, None, described.parameters.window, 3).unwrap());
        let view = DaoView::one(&recorded, None).unwrap();
        assert_eq!(described.members.as_ref().unwrap().len(), view.voters());
        let found = described.simulate(Seed(1), 40, &run).unwrap();
        let voters = found.variables.iter().find(|variable| variable.name == "voters").unwrap().mean;
        let was = view.votes.len() as f64 / 14.5;
        assert!((voters / was - 1.0).abs() < 0.35, "{voters} {was}");
        assert!(members(&recorded, Some("other"), 30, 3).is_err());
    }

    #[test]
    fn rules_change_what_passes_and_nothing_else() {
        let run = Run::default();
        let found = |rule: &str| small(rule).simulate(Seed(1), 40, &run).unwrap();
        let mean = |found: &Simulated, name: &str| {
            found.variables.iter().find(|variable| variable.name == name).unwrap().mean
        };
        let base = "[behaviour]\ncost = 0\n[treasury]\nask_millionths = 0\n";
        let (open, closed) = (
            found(&format!("{base}[rule]\nquorum = 0.0\n")),
            found(&format!("{base}[rule]\nquorum = 0.99\n")),
        );
        assert!(mean(&open, "passed") > 0.5 && mean(&closed, "passed") == 0.0);
        assert_eq!(mean(&open, "turnout"), mean(&closed, "turnout"));
        let heads = found(&format!("{base}[rule]\nweighting = 'members'\n"));
        assert!((mean(&heads, "voters") / mean(&open, "voters") - 1.0).abs() < 0.1);
        assert_eq!(closed.half_pass.0, 0.0);
        assert_eq!(open.courses.len(), SERIES.len());
        assert!(open.courses.iter().all(|course| course.bands.len() == STEPS));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let again = pool.install(|| found(&format!("{base}[rule]\nquorum = 0.0\n")));
        assert_eq!(open.variables, again.variables);
        assert!(!open.sentences().is_empty() && open.document().sections.len() == 2);
    }
}
