use super::*;
use daotwin_core::random::{Seed, Stream};
use daotwin_core::statistics::kolmogorov_smirnov;

/// Every vote: (proposal, step, agent, choice), and every outcome.
#[derive(Debug, Default, PartialEq)]
struct Everything {
    votes: Vec<(u32, u32, u32, u8)>,
    outcomes: Vec<Outcome>,
}

impl Observer for Everything {
    fn votes(&mut self, proposal: u32, step: u32, agents: &[u32], _: &[u64], choices: &[u8]) {
        self.votes
            .extend(agents.iter().zip(choices).map(|(&agent, &choice)| (proposal, step, agent, choice)));
    }

    fn closed(&mut self, outcome: &Outcome) {
        self.outcomes.push(*outcome);
    }
}

fn everything(model: &Minimal, seed: u64, replicate: u64) -> Everything {
    let mut seen = Everything::default();
    model.observe(seed, replicate, &mut Workspace::default(), &Run::default(), &mut seen).unwrap();
    seen
}

fn parameters(agents: u32, activity: f64, proposals: u32, window: u32) -> Parameters {
    let population = Description { agents, activity, ..Description::default() };
    Parameters { population, proposals, window, ..Parameters::default() }
}

/// The model one agent at a time, by its definition, with the engine's draws.
fn by_definition(model: &Minimal, seed: u64, replicate: u64) -> Everything {
    let (parameters, population) = (model.parameters(), model.population());
    let mut seen = Everything::default();
    for proposal in 0..parameters.proposals {
        let key = |purpose| Key::new(seed, replicate, purpose, u64::from(proposal));
        let position = key(POSITION).uniform(0) * 2.0 - 1.0;
        let mut survivals = vec![ONE; population.len()];
        let mut tally = Tally::default();
        for step in 0..parameters.window {
            let cast = tally.yes + tally.no;
            let margin = if cast == 0 { 0.0 } else { 2.0 * (tally.yes as f64 / cast as f64) - 1.0 };
            let factor = hazard::share(1.0 - parameters.contention * margin.abs());
            for agent in 0..population.len() as u32 {
                let at = agent as usize;
                let before = survivals[at];
                let rate = hazard::product(population.rates()[at], factor);
                survivals[at] = before - hazard::product(before, rate);
                let draw = key(PARTICIPATION).bits(agent) / 2;
                if !(survivals[at] <= draw && draw < before) {
                    continue;
                }
                let u = key(DIRECTION).uniform(agent);
                let slope = -parameters.ideology * position;
                let latent = math::exp(f64::from(population.ideologies()[at]) * slope) * (u / (1.0 - u));
                let choice = u8::from(latent < math::exp(parameters.herding * margin));
                let power = population.powers()[at];
                tally.yes += power * u64::from(choice);
                tally.no += power * u64::from(1 - choice);
                tally.voters += 1;
                tally.moments += u64::from(step);
                seen.votes.push((proposal, step, agent, choice));
            }
        }
        let supply = population.supply();
        let quorum = u128::from(supply) * u128::from(parameters.quorum_millionths);
        let passed = tally.yes > tally.no && u128::from(tally.yes + tally.no) * 1_000_000 >= quorum;
        let opened = proposal * parameters.window;
        seen.outcomes.push(Outcome { proposal, opened, position, supply, tally, passed });
    }
    seen
}

#[test]
fn both_schedulers_are_the_definition_draw_by_draw() {
    let mut votes = 0;
    for (agents, activity, proposals, window) in
        [(1, 0.5, 40, 3), (7, 0.9, 20, 1), (300, 1.0, 5, 4), (5000, 0.1, 3, 10), (9000, 0.002, 4, 120)]
    {
        for contention in [0.0, 0.6, 1.0] {
            for (ideology, herding) in [(3.0, 1.0), (-300.0, 0.0), (0.0, -2.5)] {
                let parameters = Parameters {
                    ideology,
                    herding,
                    contention,
                    ..parameters(agents, activity, proposals, window)
                };
                let stepped = Minimal::new(parameters, Scheduler::Stepped, 11, &Run::default()).unwrap();
                let events = Minimal::new(parameters, Scheduler::Events, 11, &Run::default()).unwrap();
                let expected = by_definition(&stepped, 5, 2);
                assert!(everything(&stepped, 5, 2) == expected, "stepped, {parameters:?}");
                assert!(everything(&events, 5, 2) == expected, "events, {parameters:?}");
                votes += expected.votes.len();
            }
        }
    }
    assert!(votes > 50_000, "{votes}");
}

/// What two samples of runs are compared by: turnout in power, share of yes, mean moment, voters.
type Runs = [Vec<f64>; 4];

fn record(runs: &mut Runs, tally: &Tally, supply: u64) {
    if tally.voters > 0 {
        let cast = (tally.yes + tally.no) as f64;
        runs[0].push(cast / supply as f64);
        runs[1].push(tally.yes as f64 / cast);
        runs[2].push(tally.moments as f64 / f64::from(tally.voters));
        runs[3].push(f64::from(tally.voters));
    }
}

/// The rule as the peers' sheet has it: a fresh trial of every agent that has not voted at every step, by another
/// generator and the library's functions.
fn literal(model: &Minimal, stream: &mut Stream) -> Tally {
    let (parameters, population) = (model.parameters(), model.population());
    let position = stream.uniform() * 2.0 - 1.0;
    let mut voted = vec![false; population.len()];
    let mut tally = Tally::default();
    for step in 0..parameters.window {
        let start = tally;
        let cast = (start.yes + start.no) as f64;
        let share = if cast > 0.0 { start.yes as f64 / cast } else { 0.5 };
        for (at, voted) in voted.iter_mut().enumerate() {
            let interest = 1.0 - parameters.contention * (2.0 * share - 1.0).abs();
            if *voted || !stream.chance(hazard::chance(population.rates()[at]) * interest) {
                continue;
            }
            *voted = true;
            let ideology = f64::from(population.ideologies()[at]);
            let pull = parameters.ideology * ideology * position + parameters.herding * (2.0 * share - 1.0);
            let yes = stream.chance(1.0 / (1.0 + (-pull).exp()));
            *(if yes { &mut tally.yes } else { &mut tally.no }) += population.powers()[at];
            tally.voters += 1;
            tally.moments += u64::from(step);
        }
    }
    tally
}

const RUNS: u32 = 3000;

/// The distance that two samples of n each of one law exceed with probability at most 2 exp(-2 c^2), c = d sqrt(n/2)
/// (Wei and Dudley 2012, theorem 1, for n >= 458), at 1e-6 over the `tests` comparisons made.
fn distance_bound(n: usize, tests: f64) -> f64 {
    ((2.0 * tests / 1e-6).ln() / 2.0).sqrt() * (2.0 / n as f64).sqrt()
}

fn engine_runs(model: &Minimal) -> Runs {
    let mut runs = Runs::default();
    for outcome in everything(model, 17, 0).outcomes {
        record(&mut runs, &outcome.tally, model.population().supply());
    }
    runs
}

fn literal_runs(model: &Minimal) -> Runs {
    let mut stream = Seed(23).stream("literal");
    let mut runs = Runs::default();
    for _ in 0..RUNS {
        record(&mut runs, &literal(model, &mut stream), model.population().supply());
    }
    runs
}

/// The largest distance as a multiple of what chance allows.
fn disagreement(left: &Runs, right: &Runs) -> f64 {
    left.iter()
        .zip(right)
        .map(|(a, b)| kolmogorov_smirnov(a, b) / distance_bound(a.len().min(b.len()), 8.0))
        .fold(0.0, f64::max)
}

#[test]
fn the_law_is_that_of_fresh_trials_at_every_step() {
    for contention in [0.0, 0.7] {
        let parameters = Parameters { contention, ..parameters(120, 0.1, RUNS, 10) };
        let model = Minimal::new(parameters, Scheduler::Events, 3, &Run::default()).unwrap();
        let literal = literal_runs(&model);
        let distance = disagreement(&engine_runs(&model), &literal);
        assert!(distance < 1.0, "contention {contention}: {distance} of what chance allows");
        // Negative controls: an eighth more activity, more herding, another contention.
        for wrong in [
            Parameters {
                population: Description { activity: 0.1125, ..parameters.population },
                ..parameters
            },
            Parameters { herding: 2.0, ..parameters },
            Parameters { contention: contention + 0.3, ..parameters },
        ] {
            let model = Minimal::new(wrong, Scheduler::Events, 3, &Run::default()).unwrap();
            let distance = disagreement(&engine_runs(&model), &literal);
            assert!(distance > 1.0, "{wrong:?} is not found out: {distance}");
        }
    }
}

/// The chance of every complete course of a proposal for few agents: for each agent the step and the choice, or
/// neither. Indexed in base 2 window + 1, agent 0 first; the digit 2 window stands for no vote.
fn enumerate(population: &Population, parameters: &Parameters, position: f64) -> Vec<f64> {
    let (n, window) = (population.len(), parameters.window as usize);
    let base = 2 * window + 1;
    let mut chances = vec![0.0; base.pow(n as u32)];
    for (course, chance) in chances.iter_mut().enumerate() {
        let digits: Vec<usize> = (0..n).map(|agent| course / base.pow(agent as u32) % base).collect();
        let mut product = 1.0;
        for step in 0..window {
            let (mut yes, mut all) = (0.0, 0.0);
            for (agent, &digit) in digits.iter().enumerate() {
                if digit / 2 < step {
                    all += population.powers()[agent] as f64;
                    yes += population.powers()[agent] as f64 * (digit % 2) as f64;
                }
            }
            let margin = if all > 0.0 { 2.0 * yes / all - 1.0 } else { 0.0 };
            for (agent, &digit) in digits.iter().enumerate().filter(|(_, digit)| *digit / 2 >= step) {
                let votes = hazard::chance(population.rates()[agent])
                    * (1.0 - parameters.contention * f64::abs(margin));
                let ideology = f64::from(population.ideologies()[agent]);
                let pull = parameters.ideology * ideology * position + parameters.herding * margin;
                let agrees = 1.0 / (1.0 + (-pull).exp());
                product *= if digit / 2 == step && digit < 2 * window {
                    votes * if digit % 2 == 1 { agrees } else { 1.0 - agrees }
                } else {
                    1.0 - votes
                };
            }
        }
        *chance = product;
    }
    chances
}

/// [`enumerate`] over positions uniform in -1 to 1: 200 midpoints, which err by less than 1e-5 of these smooth
/// chances.
fn exact(population: &Population, parameters: &Parameters) -> Vec<f64> {
    let mut sum: Vec<f64> = vec![];
    for point in 0..200 {
        let position = (f64::from(point) + 0.5) / 100.0 - 1.0;
        let chances = enumerate(population, parameters, position);
        sum.resize(chances.len(), 0.0);
        sum.iter_mut().zip(chances).for_each(|(sum, chance)| *sum += chance / 200.0);
    }
    assert!((sum.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    sum
}

/// Pearson's statistic of courses against their chances, cells of fewer than 5 expected taken together, as a multiple
/// of what a chi-square variable exceeds with probability 1e-6 / 12 (Laurent and Massart 2000).
fn misfit(seen: &Everything, chances: &[f64], agents: usize, parameters: &Parameters) -> f64 {
    let base = 2 * parameters.window as usize + 1;
    let none: usize = (0..agents).map(|agent| (base - 1) * base.pow(agent as u32)).sum();
    let mut courses = vec![none; parameters.proposals as usize];
    for &(proposal, step, agent, choice) in &seen.votes {
        let digit = 2 * step as usize + usize::from(choice);
        courses[proposal as usize] -= (base - 1 - digit) * base.pow(agent);
    }
    let mut counts = vec![0_u32; chances.len()];
    courses.into_iter().for_each(|course| counts[course] += 1);
    let total = f64::from(parameters.proposals);
    let (mut statistic, mut cells) = (0.0, 0.0);
    let (mut rare, mut expected_rare) = (0.0, 0.0);
    for (&count, chance) in counts.iter().zip(chances) {
        let expected = chance * total;
        if expected < 5.0 {
            rare += f64::from(count);
            expected_rare += expected;
        } else {
            statistic += (f64::from(count) - expected).powi(2) / expected;
            cells += 1.0;
        }
    }
    if expected_rare >= 5.0 {
        statistic += (rare - expected_rare).powi(2) / expected_rare;
        cells += 1.0;
    }
    let (freedom, x) = (cells - 1.0, (12.0 / 1e-6_f64).ln());
    statistic / (freedom + 2.0 * (freedom * x).sqrt() + 2.0 * x)
}

#[test]
fn small_cases_follow_their_enumerated_law() {
    let rates = [0.3, 0.6, 0.15];
    for agents in 1..=3 {
        for contention in [0.0, 0.8] {
            let window = if agents == 3 { 3 } else { 4 };
            let parameters = Parameters { contention, herding: 2.0, ..parameters(1, 0.1, 300_000, window) };
            let population = Population::new(
                &rates[..agents],
                [3, 5, 4][..agents].to_vec(),
                [0.8, -0.5, 0.1][..agents].to_vec(),
            )
            .unwrap();
            for scheduler in [Scheduler::Stepped, Scheduler::Events] {
                let model =
                    Minimal::over(population.clone(), parameters, scheduler, &Run::default()).unwrap();
                let seen = everything(&model, 31, 0);
                let fit = misfit(&seen, &exact(&population, &parameters), agents, &parameters);
                assert!(fit < 1.0, "{agents} agents, contention {contention}: {fit}");
                // Negative control: the law without herding, which one agent alone does not feel.
                let wrong = exact(&population, &Parameters { herding: 1.0, ..parameters });
                assert!(agents == 1 || misfit(&seen, &wrong, agents, &parameters) > 1.0, "{agents}");
            }
        }
    }
}

#[test]
fn a_cancelled_run_stops() {
    let run = Run::default();
    run.cancel.cancel();
    for scheduler in [Scheduler::Stepped, Scheduler::Events] {
        let model = Minimal::new(parameters(100, 0.1, 10, 10), scheduler, 1, &Run::default()).unwrap();
        let stopped = model.observe(1, 0, &mut Workspace::default(), &run, &mut ());
        assert!(matches!(stopped, Err(Error::Core(daotwin_core::Error::Cancelled))));
    }
}

#[test]
fn every_problem_of_parameters_is_told() {
    let wrong = Parameters {
        population: Description { agents: 0, activity: 2.0, tail: f64::NAN },
        proposals: 0,
        window: 0,
        ideology: f64::INFINITY,
        herding: f64::NAN,
        contention: -0.1,
        quorum_millionths: 1_000_001,
    };
    let error = Minimal::new(wrong, Scheduler::Events, 1, &Run::default()).unwrap_err();
    assert_eq!(error.to_string().lines().count(), 8, "{error}");
    assert!(serde_json::from_str::<Parameters>(r#"{"windw": 3}"#).is_err());
}

#[test]
fn a_workspace_carries_nothing_over() {
    let big = Minimal::new(parameters(6000, 0.3, 2, 5), Scheduler::Events, 1, &Run::default()).unwrap();
    let stepped = Minimal::new(parameters(6000, 0.3, 2, 5), Scheduler::Stepped, 1, &Run::default()).unwrap();
    let small = Minimal::new(parameters(50, 0.1, 20, 10), Scheduler::Events, 1, &Run::default()).unwrap();
    let mut workspace = Workspace::default();
    let mut seen = Everything::default();
    big.observe(1, 0, &mut workspace, &Run::default(), &mut ()).unwrap();
    stepped.observe(1, 0, &mut workspace, &Run::default(), &mut ()).unwrap();
    small.observe(1, 0, &mut workspace, &Run::default(), &mut seen).unwrap();
    assert_eq!(seen, everything(&small, 1, 0));
}
