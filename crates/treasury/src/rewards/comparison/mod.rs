//! All rules on one DAO's own records: who is paid, who stays, what an attacker takes, what an act more costs.
//!
//! Few DAOs record gifts, judgements, stakes and salaries at once. What is missing is taken from what members did for each other, and
//! [`Comparison::origins`] says from what: the comparison shows what each rule would make of the same community.

mod document;
mod records;
mod retention;
mod sybil;

use daotwin_core::Run;
use daotwin_core::random::Seed;
use daotwin_history::History;
use serde::Serialize;

use super::members::{Activity, Fit, Response, Standings, answer, fit, measure};
use super::registry::REWARDS;
use super::{Reward, Round, metrics};
use crate::{Error, Result};
use daotwin_core::document::{Block, Section};
pub use document::section;
pub use records::{Community, Period, read};
pub use retention::{Kept, play};
pub use sybil::{attacked, share};

/// How rules are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Which DAO; none for the only one.
    pub dao: Option<String>,
    /// How many days before the last act are the round.
    pub days: u32,
    /// What is paid out a period, in whole units of a currency.
    pub budget: u64,
    /// Periods that are played on.
    pub periods: u32,
    /// Runs.
    pub runs: u64,
    /// Accounts of the attacker.
    pub accounts: usize,
    /// What a very large reward takes off the logit of leaving, where records do not tell.
    pub effect: f64,
    /// The seed of the runs.
    pub seed: Seed,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            dao: None,
            days: 90,
            budget: 100_000,
            periods: 6,
            runs: 40,
            accounts: 20,
            effect: 1.0,
            seed: Seed(1),
        }
    }
}

/// What one rule comes to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// Its name.
    pub rule: String,
    /// Members who are paid.
    pub paid: usize,
    /// The Gini coefficient over all members of the round.
    pub inequality: f64,
    /// The share that the attacker gets with one account, and with many.
    pub sybil: (f64, f64),
    /// Who stays, if it is paid period by period.
    pub kept: Kept,
    /// Acts more than without a reward, over all periods and the whole community.
    pub more_acts: f64,
    /// What such an act costs; none where there are none.
    pub cost: Option<f64>,
}

/// All rules on one community.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The DAO.
    pub dao: String,
    /// Members of the round.
    pub members: usize,
    /// Days of the round.
    pub days: u32,
    /// What a period is.
    pub period: Period,
    /// Periods played.
    pub periods: u32,
    /// Runs played.
    pub runs: u64,
    /// What is paid a period, in whole units.
    pub budget: u64,
    /// Accounts of the attacker.
    pub accounts: usize,
    /// Where each list of the round comes from.
    pub origins: Vec<(String, String)>,
    /// The model of members.
    pub fit: Fit,
    /// How members answer, as measured; none where the records do not tell.
    pub response: Option<Response>,
    /// What was used of it: the lower end of its interval, 0 at least, or the setting.
    pub effect: f64,
    /// Without any reward.
    pub nothing: Kept,
    /// The rules, in the order of the registry.
    pub lines: Vec<Line>,
    /// Rules that refused this community or pay nobody of it, and why.
    pub refused: Vec<(String, String)>,
}

/// Members who are fitted and played at most; more are drawn from.
const MOST: usize = 4_000;

/// So many members of the activity, drawn, and which.
fn drawn(activity: &Activity, places: Vec<usize>, seed: Seed, purpose: &str) -> (Activity, Vec<usize>) {
    let mut chosen: Vec<usize> = (0..places.len()).collect();
    if chosen.len() > MOST {
        seed.stream(purpose).shuffle(&mut chosen);
        chosen.truncate(MOST);
        chosen.sort_unstable();
    }
    let members = chosen.iter().map(|&place| activity.members[places[place]].clone()).collect();
    (Activity { members, ..activity.clone() }, chosen)
}

/// Compares all rules on a History. Deterministic: the same History and settings give the same figures.
///
/// # Errors
/// No such DAO, records that tell too little for the model of members ([`fit`]), settings that are none, and cancellation.
pub fn compare(history: &History, settings: &Settings, run: &Run) -> Result<Comparison> {
    let mut problems = Vec::new();
    let mut least = |name: &str, value: u64, most: u64| {
        if value == 0 || value > most {
            problems.push(format!("{name}: {value}; allowed: 1 to {most}"));
        }
    };
    least("days", u64::from(settings.days), 365);
    least("budget", settings.budget, 1_000_000_000_000);
    least("periods", u64::from(settings.periods), 60);
    least("runs", settings.runs, 10_000);
    least("accounts", settings.accounts as u64, 10_000);
    if !(settings.effect >= 0.0 && settings.effect <= 10.0) {
        problems.push(format!("effect: {}; allowed: 0 to 10", settings.effect));
    }
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    let community = read(history, settings.dao.as_deref(), settings.days)?;
    run.check()?;
    let all = (0..community.activity.members.len()).collect();
    let fit = fit(&drawn(&community.activity, all, settings.seed, "rewards fitted members").0)?;
    run.check()?;
    let (played, chosen) =
        drawn(&community.activity, community.places.clone(), settings.seed, "rewards played members");
    let standings = Standings::new(&played, &fit);
    let response = measure(&community.cases);
    let effect = response.map_or(settings.effect, |response| response.interval.0.max(0.0));
    let keep = |answers: &[f64]| {
        play(&standings, &fit.parameters, answers, settings.periods, settings.runs, settings.seed)
    };
    let nothing = keep(&vec![0.0; chosen.len()]);
    let scale = community.round.members as f64 / chosen.len().max(1) as f64;
    let mut lines = Vec::new();
    let mut refused = Vec::new();
    for (place, rule) in REWARDS.iter().enumerate() {
        run.step("reward rules", place as u64, REWARDS.len() as u64)?;
        match line(*rule, &community.round, settings) {
            Ok((paid, ..)) if paid.iter().all(|&paid| paid == 0) => {
                refused.push((rule.name().to_owned(), "nobody here is paid by it".to_owned()));
            }
            Ok((paid, inequality, sybil)) => {
                let total: u128 = paid.iter().sum();
                let part = |member: usize| paid[member] as f64 / total as f64;
                let answers: Vec<f64> = chosen
                    .iter()
                    .map(|&member| answer(effect, part(member), community.round.members))
                    .collect();
                let kept = keep(&answers);
                let more_acts = (kept.acts - nothing.acts) * scale;
                let spent = total as f64 / UNIT as f64 * f64::from(settings.periods);
                lines.push(Line {
                    rule: rule.name().to_owned(),
                    paid: paid.iter().filter(|&&paid| paid > 0).count(),
                    inequality,
                    sybil,
                    kept,
                    more_acts,
                    cost: metrics::cost_per_unit(spent, more_acts),
                });
            }
            Err(error) => refused.push((rule.name().to_owned(), error.to_string())),
        }
    }
    Ok(Comparison {
        members: community.round.members,
        days: community.days,
        period: community.period,
        periods: settings.periods,
        runs: settings.runs,
        budget: settings.budget,
        accounts: settings.accounts,
        origins: community
            .origins
            .iter()
            .map(|(list, from)| ((*list).to_owned(), (*from).to_owned()))
            .collect(),
        dao: community.dao,
        fit,
        response,
        effect,
        nothing,
        lines,
        refused,
    })
}

/// The comparison as a chapter of a report; where the records tell too little for it, a chapter that says why.
///
/// # Errors
/// As [`compare`], but for records that tell too little.
pub fn chapter(history: &History, settings: &Settings, run: &Run) -> Result<Section> {
    let community = read(history, settings.dao.as_deref(), settings.days)?;
    match compare(history, settings, run) {
        Ok(comparison) => Ok(section(&comparison)),
        Err(Error::Parameters { problems }) if fit(&community.activity).is_err() => Ok(Section {
            id: "rewards".to_owned(),
            title: "Reward rules".to_owned(),
            blocks: vec![Block::Text {
                text: format!("Reward rules are not compared: {}.", problems.join("; ")),
            }],
        }),
        Err(error) => Err(error),
    }
}

/// Smallest units of a whole one.
const UNIT: u128 = 1_000_000;

type Paid = (Vec<u128>, f64, (f64, f64));

fn line(rule: &dyn Reward, round: &Round, settings: &Settings) -> Result<Paid> {
    let mut round = Round { budget: u128::from(settings.budget) * UNIT, ..round.clone() };
    let agreed = round.salaries.iter().sum::<u128>().max(1);
    let salary = round.budget / agreed;
    round.salaries.iter_mut().for_each(|own| *own *= salary);
    let paid = rule.pay(&round)?;
    let inequality = metrics::inequality(&paid);
    let sybil = (share(rule, &round, 1)?, share(rule, &round, settings.accounts)?);
    Ok((paid, inequality, sybil))
}

#[cfg(test)]
mod test;
