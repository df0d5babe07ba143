use super::*;
use crate::engine::ensemble::ensemble;
use crate::engine::minimal::{self, Minimal};
use crate::engine::population::Description;
use crate::engine::tally::{Outcome, Tally};

#[derive(Debug, Default, PartialEq)]
struct Everything {
    votes: Vec<(u32, u32, u32, u8)>,
    outcomes: Vec<Outcome>,
    moments: Vec<Moment>,
}

impl Observer for Everything {
    fn votes(&mut self, proposal: u32, step: u32, agents: &[u32], _: &[u64], choices: &[u8]) {
        self.votes
            .extend(agents.iter().zip(choices).map(|(&agent, &choice)| (proposal, step, agent, choice)));
    }

    fn closed(&mut self, outcome: &Outcome) {
        self.outcomes.push(*outcome);
    }

    fn stepped(&mut self, _: u32, moment: &Moment) {
        self.moments.push(*moment);
    }
}

fn everything(dao: &Dao, replicate: u64) -> Everything {
    let mut seen = Everything::default();
    dao.observe(5, replicate, &mut Workspace::default(), &Run::default(), &mut seen).unwrap();
    seen
}

fn small() -> Parameters {
    Parameters {
        population: Description { agents: 700, activity: 0.002, ..Description::default() },
        steps: 300,
        window: 60,
        delay: 5,
        arrivals: Arrivals::Random(0.1),
        ..Parameters::default()
    }
}

/// Everything off, and a proposal after the other.
fn bare() -> Parameters {
    Parameters {
        population: Description { agents: 700, activity: 0.02, ..Description::default() },
        steps: 200,
        window: 20,
        arrivals: Arrivals::Every(20),
        quorum_millionths: 40_000,
        behaviour: Behaviour { ideology: 3.0, herding: 1.0, contention: 0.4, ..Behaviour::default() },
        delegation: Delegation::default(),
        forum: Forum::default(),
        market: Market::default(),
        treasury: Treasury::default(),
        ..Parameters::default()
    }
}

#[test]
fn bare_it_is_the_minimal_model_draw_by_draw() {
    let parameters = bare();
    let minimal = minimal::Parameters {
        population: parameters.population,
        proposals: 10,
        window: 20,
        ideology: 3.0,
        herding: 1.0,
        contention: 0.4,
        quorum_millionths: 40_000,
    };
    let minimal = Minimal::new(minimal, Scheduler::Events, 3, &Run::default()).unwrap();
    let mut expected = Everything::default();
    minimal.observe(5, 2, &mut minimal::Workspace::default(), &Run::default(), &mut expected).unwrap();
    for scheduler in [Scheduler::Stepped, Scheduler::Events] {
        let dao = Dao::new(parameters.clone(), scheduler, 3, &Run::default()).unwrap();
        let seen = everything(&dao, 2);
        assert!(seen.votes == expected.votes && seen.outcomes == expected.outcomes, "{scheduler:?}");
    }
    assert!(expected.votes.len() > 500);
}

#[test]
fn looking_only_at_those_who_can_vote_changes_nothing() {
    let drive = Condition { from: 50, until: 120, activity: 3.0, approval: -0.5, ..Condition::default() };
    let crash = Condition { from: 100, until: 101, shock: -1.0, cost: 4.0, ..Condition::default() };
    for conditions in [vec![], vec![drive, crash]] {
        let parameters = Parameters { conditions, ..small() };
        let on =
            |scheduler| everything(&Dao::new(parameters.clone(), scheduler, 3, &Run::default()).unwrap(), 0);
        let (stepped, events) = (on(Scheduler::Stepped), on(Scheduler::Events));
        assert!(stepped == events);
        assert!(stepped.votes.len() > 300 && stepped.outcomes.len() > 10, "{}", stepped.votes.len());
        let most = stepped.moments.iter().map(|moment| moment.open).max();
        assert!(most > Some(3), "proposals overlap: {most:?}");
    }
}

const RUNS: u64 = 120;

/// Means over replicates of one variable under two sets of parameters, compared as means of independent samples: five
/// standard errors of the difference, which chance alone reaches in one of 3.5 million.
fn moves(variable: &str, more: Parameters, less: Parameters) {
    let find = |parameters: Parameters| {
        let dao = Dao::new(parameters, Scheduler::Events, 3, &Run::default()).unwrap();
        let at = dao.variables().iter().position(|name| *name == variable).unwrap();
        ensemble(&dao, 11, RUNS, &Run::default()).unwrap().swap_remove(at)
    };
    let (more, less) = (find(more), find(less));
    let error = more.standard_error().hypot(less.standard_error());
    let difference = more.mean() - less.mean();
    assert!(difference > 5.0 * error, "{variable}: {} against {}, error {error}", more.mean(), less.mean());
}

#[test]
fn every_term_moves_what_it_should() {
    let base = small();
    let with = |change: &dyn Fn(&mut Parameters)| {
        let mut parameters = base.clone();
        change(&mut parameters);
        parameters
    };
    moves("yes", base.clone(), with(&|p| p.behaviour.approval = 0.5));
    moves("voters", base.clone(), with(&|p| p.behaviour.contention = 1.0));
    moves("voters", base.clone(), with(&|p| p.behaviour.fatigue = 1.0));
    moves("voters", base.clone(), with(&|p| p.behaviour.cost = 100.0));
    moves("voters", with(&|p| p.forum.boost = 4.0), base.clone());
    moves("time", with(&|p| p.behaviour.deadline_rush = 8.0), base.clone());
    moves("time", base.clone(), with(&|p| p.behaviour.opening_burst = 20.0));
    moves("delegated", with(&|p| p.delegation.share = 0.6), base.clone());
    moves("posts", with(&|p| p.forum.excitation = 0.045), base.clone());
    moves("passed", base.clone(), with(&|p| p.quorum_millionths = 100_000));
    moves("treasury", base.clone(), with(&|p| p.treasury.ask_millionths = 50_000));
    moves("proposals", with(&|p| p.arrivals = Arrivals::Random(0.2)), base.clone());
    let said = |persuasion| {
        move |p: &mut Parameters| {
            p.behaviour.persuasion = persuasion;
            p.forum.posts = 2.0;
        }
    };
    moves("yes", with(&said(3.0)), with(&said(0.0)));
    let crash = Condition { from: 10, until: 11, shock: -1.0, ..Condition::default() };
    moves("price", base.clone(), with(&|p| p.conditions = vec![crash]));
    let drive = Condition { from: 0, until: 300, activity: 2.0, ..Condition::default() };
    moves("voters", with(&|p| p.conditions = vec![drive]), base.clone());
    let averse = |aversion| {
        move |p: &mut Parameters| {
            p.behaviour.loss_aversion = aversion;
            p.treasury.ask_millionths = 1_000_000;
            p.conditions = vec![Condition { from: 0, until: 1, shock: -1.5, ..Condition::default() }];
        }
    };
    moves("yes", with(&averse(0.0)), with(&averse(4.0)));
    // Pulls towards what leads make votes more one-sided, whichever side that is.
    for change in [(|p| p.behaviour.herding = 3.0) as fn(&mut Parameters), |p| p.behaviour.whale_cue = 4.0] {
        let (more, less) = (one_sided(with(&change)), one_sided(base.clone()));
        let error = more.standard_error().hypot(less.standard_error());
        assert!(more.mean() - less.mean() > 5.0 * error, "{} against {}", more.mean(), less.mean());
    }
}

/// The absolute margins of all proposals of many replicates.
fn one_sided(parameters: Parameters) -> crate::engine::summary::Summary {
    let dao = Dao::new(parameters, Scheduler::Events, 3, &Run::default()).unwrap();
    let mut summary = crate::engine::summary::Summary::default();
    for replicate in 0..RUNS {
        let mut outcomes: Vec<Outcome> = vec![];
        dao.observe(5, replicate, &mut Workspace::default(), &Run::default(), &mut outcomes).unwrap();
        outcomes.iter().for_each(|outcome| summary.add(outcome.tally.margin().abs()));
    }
    summary
}

#[test]
fn tokens_are_neither_made_nor_lost() {
    let dao = Dao::new(small(), Scheduler::Events, 3, &Run::default()).unwrap();
    let total = dao.population().supply() + dao.treasury;
    let seen = everything(&dao, 1);
    assert!(seen.moments.iter().all(|moment| moment.supply + moment.treasury == total));
    assert!(seen.moments.last().unwrap().treasury < dao.treasury, "something was paid");
    for outcome in &seen.outcomes {
        assert!(outcome.tally.cast() <= outcome.supply);
        assert_ne!(outcome.tally, Tally::default());
    }
}

/// One vote a member with power, two thirds needed.
#[derive(Debug)]
struct Assembly;

impl Decision for Assembly {
    fn weight(&self, power: u64) -> u64 {
        power.min(1)
    }

    fn electorate(&self, powers: &[u64], _: u64) -> u64 {
        powers.iter().filter(|&&power| power > 0).count() as u64
    }

    fn passes(&self, tally: &Tally, electorate: u64) -> bool {
        tally.yes >= 2 * tally.no && tally.cast() * 100 >= electorate
    }
}

#[test]
fn another_rule_decides_by_its_own_weights() {
    let mut parameters = small();
    parameters.behaviour.approval = 0.5;
    let dao = Dao::new(parameters, Scheduler::Events, 3, &Run::default()).unwrap().decided_by(Assembly);
    let seen = everything(&dao, 0);
    let mut failed = 0;
    for outcome in &seen.outcomes {
        let Tally { yes, no, voters, .. } = outcome.tally;
        assert_eq!(yes + no, u64::from(voters));
        assert!(outcome.supply < 700 && outcome.supply > 500, "those who delegated have no vote");
        assert_eq!(outcome.passed, yes >= 2 * no && (yes + no) * 100 >= outcome.supply);
        failed += usize::from(!outcome.passed);
    }
    assert!(failed > 0 && failed < seen.outcomes.len(), "{failed} of {}", seen.outcomes.len());
}

#[test]
fn replicates_do_not_depend_on_threads_or_on_what_ran_before() {
    let dao = Dao::new(small(), Scheduler::Events, 3, &Run::default()).unwrap();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| serde_json::to_string(&ensemble(&dao, 5, 100, &Run::default()).unwrap()).unwrap())
    };
    assert_eq!(on(1), on(2));
    assert_eq!(on(1), on(8));
    let mut workspace = Workspace::default();
    for replicate in [0, 1, 0] {
        let mut seen = Everything::default();
        dao.observe(5, replicate, &mut workspace, &Run::default(), &mut seen).unwrap();
        assert!(seen == everything(&dao, replicate));
    }
}

#[test]
fn every_problem_is_told() {
    let mut wrong = small();
    wrong.steps = 0;
    wrong.behaviour.fatigue = f64::NAN;
    wrong.forum.excitation = 0.5;
    wrong.arrivals = Arrivals::Random(-1.0);
    wrong.conditions = vec![Condition { from: 9, until: 3, activity: -2.0, ..Condition::default() }];
    let error = Dao::new(wrong, Scheduler::Events, 1, &Run::default()).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 6, "{error}");
    assert!(serde_json::from_str::<Parameters>(r#"{"behaviour": {"herdng": 1}}"#).is_err());
    let written = serde_json::to_string(&small()).unwrap();
    assert_eq!(serde_json::from_str::<Parameters>(&written).unwrap(), small());
}
