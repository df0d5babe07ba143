//! A treasury's plan: how long it lasts, how likely it fails, what to do.
//!
//! What the treasury holds and pays is read from a History and from what people say in TOML ([`described::Described`]);
//! prices to come are drawn from a market model fitted to price histories, or from elicited laws where there are none.
//! Policies are tuned on some futures and judged on others.

pub mod described;
mod document;
pub mod records;
pub mod scenarios;
mod scheduled;
#[cfg(test)]
mod test;

use daotwin_core::document::Section;
use daotwin_core::statistics::{mean, quantile_sorted, sorted, wilson};
use daotwin_core::{Run, Seed};
use daotwin_history::History;
use serde::Serialize;

use self::described::Described;
use self::records::{Records, asset_name, is_dollar};
use self::scenarios::{Moving, Scenarios, Source, centre};
use crate::allocation::allocator::{ALLOCATORS, Question};
use crate::allocation::frontier::{Frontier, frontier};
use crate::allocation::judge::{Recommendation, Score, Trigger, Tuned, Tuning, recommend, score};
use crate::allocation::simulator::{Asset, Bills, Futures, Kind, Outcomes, Treasury, simulate_while};
use crate::cash::grants::{DECENTRALAND, Success};
use crate::market::Paths;
use crate::market::impact::{Impact, Venue};
use crate::market::prices::Prices;
use crate::rewards::comparison::{Settings, chapter};
use crate::{Error, Result};

/// What is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Months of the plan.
    pub months: usize,
    /// Futures that policies are judged on.
    pub paths: usize,
    /// Drives every draw.
    pub seed: Seed,
    /// The market model; the t copula, or the bootstrap where there are few days.
    pub market: Option<String>,
    /// The DAO's own token.
    pub token: Option<String>,
    /// The DAO, where a History has several.
    pub dao: Option<String>,
    /// How hard policies are tuned.
    pub tuning: Tuning,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            months: 36,
            paths: 10_000,
            seed: Seed(0),
            market: None,
            token: None,
            dao: None,
            tuning: Tuning { evaluations: 240, paths: 1_000, seed: Seed(0) },
        }
    }
}

/// An asset as the plan takes it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Holding {
    /// Its name.
    pub name: String,
    /// `own token`, `volatile`, `dollars`, `stable with interest`.
    pub kind: &'static str,
    /// Tokens, where they are known.
    pub tokens: Option<f64>,
    /// Dollars a token, where it is known.
    pub price: Option<f64>,
    /// Dollars.
    pub dollars: f64,
    /// Where the figure comes from.
    pub source: &'static str,
}

/// A stream, vesting or a grant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Promise {
    /// `stream`, `vesting` or `grant`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// What is paid in.
    pub asset: String,
    /// Tokens in all.
    pub tokens: f64,
    /// Month of the plan that it begins in, or that its first milestone is judged in; and its last.
    pub months: (i64, i64),
    /// Dollars at the start's prices that come due within the plan, where all milestones are met.
    pub dollars: f64,
}

/// A policy's figures on futures that it was not tuned on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// The policy's name.
    pub policy: &'static str,
    /// The values it was tuned to.
    pub values: Vec<(&'static str, f64)>,
    /// Its figures.
    pub score: Score,
    /// 99 % interval of the probability of ruin within the plan.
    pub ruin_interval: (f64, f64),
    /// Runway in months that 95, 90, 75, 50 and 25 % of the paths reach.
    pub runway: [f64; 5],
    /// Conditional value at risk of the plan: the mean loss of the worst 5 % and 1 % of paths at the end of the plan, as
    /// a share of the treasury at the start; bills count as losses.
    pub cvar: (f64, f64),
    /// Largest fall of value beyond what bills took: median, and what one path in twenty exceeds.
    pub drawdown: (f64, f64),
    /// The share of paths that still pay, month by month from 0.
    pub survival: Vec<f64>,
}

/// What a shock does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stress {
    /// What happens, in words.
    pub what: String,
    /// Runway P10, median, and probability of ruin within the plan under the recommended policy.
    pub recommended: (f64, f64, f64),
    /// The same where nothing is done.
    pub hold: (f64, f64, f64),
}

/// A plan.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The DAO's name.
    pub dao: String,
    /// Months of the plan.
    pub months: usize,
    /// Futures that policies were judged on.
    pub paths: usize,
    /// The seed.
    pub seed: u64,
    /// What the treasury holds.
    pub holdings: Vec<Holding>,
    /// Dollars a month for people, before revenue.
    pub payroll: f64,
    /// Growth of it a year.
    pub growth: f64,
    /// Dollars of grants promised a round.
    pub grants: f64,
    /// Months between rounds.
    pub every: usize,
    /// Grants a round.
    pub count: u64,
    /// Share of them that are paid out.
    pub success: f64,
    /// Dollars a month in all, on average, after revenue that is counted on and without what is promised by date.
    pub monthly: f64,
    /// What is promised by date.
    pub promises: Vec<Promise>,
    /// Dollars of revenue a month in the records, and what of it is counted on.
    pub revenue: (f64, f64),
    /// What the records told.
    pub records: Option<Records>,
    /// Expected return a year of assets whose price moves.
    pub drift: f64,
    /// Where prices to come are from.
    pub market: Source,
    /// What trades do to the own token's price.
    pub impact: String,
    /// The recommended policy's name.
    pub recommended: &'static str,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
    /// All policies.
    pub policies: Vec<Judged>,
    /// Shocks.
    pub stress: Vec<Stress>,
    /// What the recommended policy does now: asset, and dollars to buy (above 0) or sell (below 0).
    pub orders: Vec<(String, f64)>,
    /// What each number of the recommended policy is worth.
    pub triggers: Vec<Trigger>,
    /// Allocations of least risk over a year, and the treasury as it is.
    pub frontier: Frontier,
    /// What each allocator would hold now, in weights, in the order of the holdings.
    pub allocators: Vec<(&'static str, Vec<f64>)>,
    /// What reward rules would make of the DAO's members; none without records of what members did.
    pub rewards: Option<Section>,
    /// What was assumed because nobody said it.
    pub assumptions: Vec<String>,
}

/// What the problem is made of, before it is simulated.
struct Problem {
    treasury: Treasury,
    holdings: Vec<Holding>,
    moving: Vec<Moving>,
    promises: Vec<Promise>,
    assumptions: Vec<String>,
    revenue: (f64, f64),
}

/// Makes a plan.
///
/// # Errors
/// [`Error::Parameters`] with everything that is missing or wrong; unknown names; cancellation.
pub fn plan(
    history: Option<&History>,
    prices: &Prices,
    described: &Described,
    options: &Options,
    run: &Run,
) -> Result<Plan> {
    let mut prices = prices.clone();
    if let Some(history) = history {
        records::prices_of(history, &mut prices)?;
    }
    let dao = dao_of(history, options.dao.as_deref())?;
    let records = history
        .map(|history| records::read(history, dao.as_deref(), &described.accounts, &prices))
        .transpose()?;
    let own = own_token(history, records.as_ref(), described, options)?;
    let problem = problem(records.as_ref(), &prices, described, options, own, run)?;
    let treasury = &problem.treasury;
    let drift = described.drift.unwrap_or(DRIFT);
    let scenarios =
        Scenarios::fit(problem.moving.clone(), &prices, options.market.as_deref(), drift, options.seed, run)?;
    // Who judges on few paths does not want to wait for a search on many.
    let tuning =
        Tuning { seed: options.seed, paths: options.tuning.paths.min(options.paths), ..options.tuning };
    let months = drawn(options.months);
    let (first, second) = (Seed(options.seed.0.wrapping_mul(2)), Seed(options.seed.0.wrapping_mul(2) + 1));
    let learned =
        Futures::new(treasury, &scenarios.draw(tuning.paths.saturating_mul(4), months, first, run)?, first)?;
    let unseen_market = scenarios.draw(options.paths, months, second, run)?;
    let unseen = Futures::new(treasury, &unseen_market, second)?;
    let found = recommend(treasury, &learned, &unseen, &tuning, run)?;
    let mut policies = vec![];
    for (tuned, _) in &found.table {
        run.check()?;
        let policy = tuned.policy(treasury, &learned)?;
        let outcomes = simulate_while(treasury, &unseen, policy.as_ref(), run)?;
        policies.push(judged(tuned, &outcomes, treasury.value()));
    }
    let growth = (1.0 + drift).powf(1.0 / 12.0);
    let stress =
        stresses(&problem, &found, &learned, first_of(unseen_market, STRESS_PATHS), growth, second, run)?;
    let year = months.min(YEAR);
    let frontier = frontier(treasury, &unseen.first(FRONTIER_PATHS), year, LEVEL, 9)?;
    let asked = unseen.first(STRESS_PATHS);
    let question = Question { treasury, futures: &asked, months: year, level: LEVEL, reward: REWARD };
    let (mut allocators, mut missed) = (vec![], vec![]);
    for allocator in ALLOCATORS {
        match allocator.allocate(&question, run) {
            Ok(weights) => allocators.push((allocator.name(), weights)),
            Err(Error::Parameters { problems }) => missed.push(format!(
                "what `{}` would hold could not be found: {}",
                allocator.name(),
                problems.join("; ")
            )),
            Err(other) => return Err(other),
        }
    }
    let bills = &treasury.bills;
    let told = reasons(&found);
    let mut assumptions = problem.assumptions;
    assumptions.extend(scenarios.source.notes.iter().cloned());
    assumptions.extend(missed);
    let rewards = rewards(history, dao.as_deref(), bills, options.seed, &mut assumptions, run)?;
    Ok(Plan {
        dao: dao.unwrap_or_else(|| "the DAO".to_owned()),
        months: options.months,
        paths: options.paths,
        seed: options.seed.0,
        holdings: problem.holdings,
        payroll: bills.payroll,
        growth: bills.growth,
        grants: bills.grants,
        every: bills.every,
        count: bills.count,
        success: bills.success,
        monthly: bills.monthly(),
        promises: problem.promises,
        revenue: problem.revenue,
        records,
        drift,
        market: scenarios.source,
        impact: impact_text(&treasury.impact),
        recommended: found.chosen.family,
        reasons: told,
        policies,
        stress,
        orders: found.orders,
        triggers: found.triggers,
        frontier,
        allocators,
        rewards,
        assumptions,
    })
}

/// Months that are drawn for a plan of so many: a runway is counted to well beyond the plan.
fn drawn(months: usize) -> usize {
    months.saturating_mul(2).max(months.saturating_add(24))
}

/// The chapter on reward rules, with a round's grants as what is paid out; what it rests on is told with the rest.
fn rewards(
    history: Option<&History>,
    dao: Option<&str>,
    bills: &Bills,
    seed: Seed,
    assumptions: &mut Vec<String>,
    run: &Run,
) -> Result<Option<Section>> {
    let Some(history) = history else { return Ok(None) };
    let standard = Settings::default();
    let budget = if bills.grants >= 1.0 { bills.grants.min(1e12) as u64 } else { standard.budget };
    let settings = Settings {
        dao: dao.map(str::to_owned),
        budget,
        periods: REWARD_PERIODS,
        runs: REWARD_RUNS,
        seed,
        ..standard
    };
    match chapter(history, &settings, run) {
        Ok(section) => {
            assumptions.push(format!(
                "reward rules are compared as if each paid out {} a period; where records lack gifts, judgements, stakes or \
                 salaries, they are taken from what members did for each other",
                document::dollars(budget as f64)
            ));
            Ok(Some(section))
        }
        Err(Error::Parameters { problems }) => {
            assumptions.push(format!("reward rules are not compared: {}", problems.join("; ")));
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// Expected return a year of assets whose price moves, where nobody says otherwise.
const DRIFT: f64 = 0.05;

/// Days by which a price may be away from the records before it is told.
const STALE: i64 = 30;

/// Paths on which shocks are simulated at most: a tenth percentile of so many errs by some 2 % of its density's inverse,
/// which is far less than what shocks do.
const STRESS_PATHS: usize = 2_000;

/// Periods and runs of the comparison of reward rules: a chapter of a plan, which few seconds are for.
const REWARD_PERIODS: u32 = 4;
const REWARD_RUNS: u64 = 10;

/// Months that allocations are judged over, paths that they are judged on at most, the level of their conditional value
/// at risk, and what a unit of mean return counts against one of risk.
const YEAR: usize = 12;
const FRONTIER_PATHS: usize = 10_000;
const LEVEL: f64 = 0.95;
const REWARD: f64 = 1.0;

fn dao_of(history: Option<&History>, asked: Option<&str>) -> Result<Option<String>> {
    let Some(history) = history else { return Ok(asked.map(str::to_owned)) };
    let named = records::daos(history)?;
    match (asked, &named[..]) {
        (Some(asked), _) if named.iter().any(|name| name == asked) => Ok(Some(asked.to_owned())),
        (Some(asked), _) => Err(Error::Unknown {
            what: "DAO",
            name: asked.to_owned(),
            known: named.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        }),
        (None, []) => Ok(None),
        (None, [one]) => Ok(Some(one.clone())),
        (None, several) => Err(Error::Parameters {
            problems: vec![format!(
                "the History has {} DAOs; choose one with `--dao`: {}",
                several.len(),
                several.iter().take(10).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
            )],
        }),
    }
}

/// The own token: as it was said, or the one that the History's power is counted in.
fn own_token(
    history: Option<&History>,
    records: Option<&Records>,
    described: &Described,
    options: &Options,
) -> Result<Option<String>> {
    if let Some(token) = options.token.as_ref().or(described.token.as_ref()) {
        return Ok(Some(asset_name(token)));
    }
    let held: Vec<String> = records
        .iter()
        .flat_map(|records| records.holdings.keys().chain(&records.incomplete).cloned())
        .chain(described.assets.iter().map(|asset| asset_name(&asset.name)))
        .filter(|name| !is_dollar(name))
        .collect();
    let unit = history.map(records::power_unit).transpose()?.flatten().unwrap_or_default();
    let words: Vec<String> =
        unit.split(|letter: char| !letter.is_alphanumeric()).map(str::to_uppercase).collect();
    Ok(held.into_iter().find(|name| words.contains(name)))
}

fn problem(
    records: Option<&Records>,
    prices: &Prices,
    described: &Described,
    options: &Options,
    own: Option<String>,
    run: &Run,
) -> Result<Problem> {
    let mut problems = vec![];
    let mut assumptions = vec![];
    if options.months == 0 || options.months > 600 {
        problems.push(format!("a plan of {} months; give 1 to 600", options.months));
    }
    if options.paths < 100 {
        problems.push(format!("{} futures are too few to tell a tenth; give 100 or more", options.paths));
    }
    let Some(own) = own else {
        problems.push(
            "the DAO's own token is not known; give `--token NAME`, or `token = \"NAME\"` in the plan's file"
                .to_owned(),
        );
        return Err(Error::Parameters { problems });
    };
    let mut holdings: Vec<(Holding, Kind, f64)> = vec![];
    let mut moving = vec![];
    let mut cash = 0.0;
    let last = records.and_then(|records| records.last).map(|at| at.div_euclid(86_400));
    let price_of =
        |name: &str| prices.find(name).and_then(|found| prices.at(found, last.unwrap_or(i64::MAX / 2)));
    let mut names: Vec<(String, f64, &'static str)> = vec![];
    let said = |name: &str| described.assets.iter().any(|asset| asset_name(&asset.name) == name);
    for (name, tokens) in records.iter().flat_map(|records| &records.holdings) {
        if !said(name) {
            names.push((name.clone(), *tokens, "records"));
        }
    }
    let mut add = |name: String,
                   tokens: Option<f64>,
                   dollars: f64,
                   price: Option<f64>,
                   kind: Kind,
                   fee: f64,
                   source| {
        let words = match kind {
            Kind::Own => "own token",
            Kind::Volatile => "volatile",
            Kind::Cash => "dollars",
            Kind::Stable { .. } => "stable with interest",
        };
        holdings.push((Holding { name, kind: words, tokens, price, dollars, source }, kind, fee));
    };
    let kind_of = |name: &str| if name == own { Kind::Own } else { Kind::Volatile };
    for asset in &described.assets {
        let name = asset_name(&asset.name);
        let price = asset.price.or_else(|| is_dollar(&name).then_some(1.0)).or_else(|| price_of(&name));
        let dollars = match (asset.dollars, asset.amount, price) {
            (Some(dollars), _, _) => dollars,
            (None, Some(amount), Some(price)) => amount * price,
            _ => {
                problems.push(format!(
                    "`assets.{}`: there is no price of it; give `price` or `dollars`, or prices with `--prices`",
                    asset.name
                ));
                continue;
            }
        };
        if let Some(interest) = asset.interest {
            let kind = Kind::Stable {
                interest,
                losses: asset.losses.unwrap_or(0.03),
                share: asset.share.unwrap_or(0.15),
            };
            add(name, asset.amount, dollars, price, kind, asset.fee.unwrap_or(0.0005), "said");
        } else if is_dollar(&name) {
            cash += dollars;
        } else {
            moving.push(Moving { name: name.clone(), volatility: asset.volatility });
            let kind = kind_of(&name);
            add(name, asset.amount, dollars, price, kind, asset.fee.unwrap_or(0.002), "said");
        }
    }
    let mut unpriced = vec![];
    for (name, tokens, source) in names {
        if is_dollar(&name) {
            cash += tokens;
        } else if let Some(price) = price_of(&name) {
            let day = prices.find(&name).and_then(|found| prices.day_at(found, last.unwrap_or(i64::MAX / 2)));
            if let (Some(day), Some(last)) = (day, last)
                && (last - day).abs() > STALE
            {
                let away = if day < last { "older" } else { "younger" };
                assumptions.push(format!(
                    "the price of `{name}` is {} days {away} than the last of the records; give `price` in the plan's file",
                    (last - day).abs()
                ));
            }
            moving.push(Moving { name: name.clone(), volatility: None });
            let kind = kind_of(&name);
            add(name, Some(tokens), tokens * price, Some(price), kind, 0.002, source);
        } else if name == own {
            problems.push(format!(
                "there is no price of the own token `{own}`; give `--prices FILE`, or `[[assets]]` with `name = \"{own}\"` and \
                 `price` or `dollars` in the plan's file"
            ));
        } else {
            unpriced.push(name);
        }
    }
    if !unpriced.is_empty() {
        let shown: Vec<String> = unpriced.iter().take(8).map(|name| format!("`{name}`")).collect();
        assumptions.push(format!(
            "{} assets in the records have no price and are left out: {}",
            unpriced.len(),
            shown.join(", ")
        ));
    }
    if !holdings.iter().any(|(_, kind, _)| *kind == Kind::Own) && problems.is_empty() {
        moving.push(Moving { name: own.clone(), volatility: None });
        let holding = Holding {
            name: own.clone(),
            kind: "own token",
            tokens: Some(0.0),
            price: None,
            dollars: 0.0,
            source: "none held",
        };
        holdings.push((holding, Kind::Own, 0.0));
        assumptions.push(format!("the treasury is taken to hold none of its own token `{own}`"));
    }
    let dollars = Holding {
        name: "dollars".to_owned(),
        kind: "dollars",
        tokens: None,
        price: Some(1.0),
        dollars: cash,
        source: "all dollar tokens",
    };
    holdings.push((dollars, Kind::Cash, 0.0));
    if described.assets.is_empty() && holdings.iter().all(|(holding, _, _)| holding.dollars <= 0.0) {
        problems.push(
            "neither the records nor the plan's file tell what the treasury holds; give `[[assets]]` in a file with `--plan`"
                .to_owned(),
        );
    }
    for asset in records.iter().flat_map(|records| &records.incomplete).filter(|asset| !said(asset)) {
        assumptions.push(format!(
            "more `{asset}` went out than came in: what was there before is not in the records, and none is counted; give \
             `[[assets]]` in the plan's file"
        ));
    }
    // Dollars and what the plan holds can be promised.
    let worth = |asset: &str| {
        let held = holdings.iter().find(|(holding, _, _)| holding.name == asset);
        match held {
            _ if is_dollar(asset) => Some(1.0),
            Some((_, Kind::Stable { .. }, _)) => Some(1.0),
            Some((holding, ..)) => holding.price,
            None => None,
        }
    };
    let (schedule, promises) =
        scheduled::build(described, options.months, &worth, &mut problems, &mut assumptions)?;
    let (bills, revenue) = bills(records, described, !schedule.is_empty(), &mut problems, &mut assumptions);
    let impact = match described.impact.build() {
        Ok(impact) => Some(impact),
        Err(Error::Parameters { problems: more }) => {
            problems.extend(more);
            None
        }
        Err(other) => return Err(other),
    };
    if described.impact.depth.is_none() {
        assumptions.push(format!(
            "how deep the market of `{own}` is was not said: {} within 2 % of the price are assumed",
            document::dollars(described::DEPTH)
        ));
    }
    if described.drift.is_none() {
        assumptions.push(format!(
            "assets whose price moves are expected to return {:.0} % a year, whatever they did in the past",
            100.0 * DRIFT
        ));
    }
    // Policies are tuned on four times the tuning's paths, and judged on the rest.
    let most = options.paths.max(options.tuning.paths.min(options.paths).saturating_mul(4));
    problems.extend(scenarios::too_many(most, drawn(options.months), holdings.len(), run));
    let (Some(bills), Some(impact), true) = (bills, impact, problems.is_empty()) else {
        return Err(Error::Parameters { problems });
    };
    let assets = holdings
        .iter()
        .map(|(holding, kind, fee)| Asset {
            name: holding.name.clone(),
            kind: *kind,
            dollars: holding.dollars,
            fee: *fee,
        })
        .collect();
    // A pool's value is told at the price of the start, which the simulation counts as 1.
    let treasury = Treasury { assets, bills, schedule, impact, plan: options.months };
    treasury.check()?;
    let holdings = holdings.into_iter().map(|(holding, _, _)| holding).collect();
    Ok(Problem { treasury, holdings, moving, promises, assumptions, revenue })
}

/// What is paid and earned; `scheduled` where something is promised by date, which is a bill too.
fn bills(
    records: Option<&Records>,
    described: &Described,
    scheduled: bool,
    problems: &mut Vec<String>,
    assumptions: &mut Vec<String>,
) -> (Option<Bills>, (f64, f64)) {
    let said = &described.bills;
    let recorded = records.filter(|records| records.payments + records.grants > 0.0);
    if said.payroll.is_none() && said.grants.is_none() && recorded.is_none() && !scheduled {
        problems.push(
            "neither the records nor the plan's file tell what the DAO pays; give `[bills]` with `payroll` and `grants`, or \
             `[[streams]]`, `[[vesting]]` or `[[grants]]`, in a file with `--plan`"
                .to_owned(),
        );
        return (None, (0.0, 0.0));
    }
    let success = said.success.unwrap_or_else(|| {
        let known = Success::fit(&DECENTRALAND).map_or(0.6, |known| known.mean(usize::MAX));
        assumptions.push(format!(
            "of grants that are promised {:.0} % are paid out, as outcomes of another DAO's grants (Decentraland) tell",
            100.0 * known
        ));
        known
    });
    let every = said.every.unwrap_or(3).max(1);
    let of_records = |what: &str, dollars: f64, assumptions: &mut Vec<String>| {
        if dollars > 0.0 && (said.payroll.is_some() || said.grants.is_some()) {
            assumptions.push(format!(
                "`bills.{what}` is not said: {} a month in the records are taken; give 0 for none",
                document::dollars(dollars)
            ));
        }
        dollars
    };
    let paid = recorded.map_or((0.0, 0.0), |records| (records.payments, records.grants));
    let payroll = said.payroll.unwrap_or_else(|| of_records("payroll", paid.0, assumptions));
    // What was paid is what was promised and met.
    let grants = said
        .grants
        .unwrap_or_else(|| of_records("grants", paid.1, assumptions) * every as f64 / success.max(0.05));
    let count = said.count.unwrap_or_else(|| {
        let paid = recorded.map_or(0.0, |records| records.grants_count * every as f64 / success.max(0.05));
        // As many as a plan's file may say: each is drawn by itself.
        paid.round().clamp(1.0, 10_000.0) as u64
    });
    let earned = records.map_or(0.0, |records| records.revenue);
    let counted = said.revenue.unwrap_or(0.0);
    if said.revenue.is_none() && earned > 0.0 {
        assumptions.push(format!(
            "revenue of {} a month in the last year of the records is not counted on; give `bills.revenue` to count on some",
            document::dollars(earned)
        ));
    }
    let growth = said.growth.unwrap_or(0.0);
    let bills = Bills { payroll, growth, grants, every, success, count, revenue: counted };
    if bills.monthly() <= 0.0 && !scheduled {
        problems.push(format!(
            "revenue of {} a month that is counted on covers all bills of {} a month: there is nothing to plan; give a lower \
             `bills.revenue`",
            document::dollars(counted),
            document::dollars(bills.gross())
        ));
        return (None, (earned, counted));
    }
    (Some(bills), (earned, counted))
}

fn judged(tuned: &Tuned, outcomes: &Outcomes, start: f64) -> Judged {
    let runway = sorted(&outcomes.runway);
    let values = sorted(&outcomes.value);
    let falls = sorted(&outcomes.drawdown);
    let count = runway.len() as f64;
    let found = score(outcomes);
    let ruined = runway.iter().filter(|&&months| months < outcomes.plan as f64).count() as u64;
    let worst = |share: f64| {
        let tail = ((values.len() as f64 * share).ceil() as usize).clamp(1, values.len());
        1.0 - mean(&values[..tail]) / start
    };
    let survival = (0..=outcomes.months)
        .map(|month| runway.partition_point(|&months| months < month as f64) as f64)
        .map(|before| 1.0 - before / count)
        .collect();
    Judged {
        policy: tuned.family,
        values: tuned.values.iter().map(|(parameter, value)| (parameter.name, *value)).collect(),
        score: found,
        ruin_interval: wilson(ruined, runway.len() as u64, 0.01),
        runway: [0.05, 0.1, 0.25, 0.5, 0.75].map(|level| quantile_sorted(&runway, level)),
        cvar: (worst(0.05), worst(0.01)),
        drawdown: (quantile_sorted(&falls, 0.5), quantile_sorted(&falls, 0.95)),
        survival,
    }
}

/// The first paths of these.
fn first_of(mut market: Paths, paths: usize) -> Paths {
    if market.paths > paths {
        market.log_returns.truncate(paths * market.steps * market.assets.len());
        market.paths = paths;
    }
    market
}

/// A treasury after a shock, in factors: the own token's price, other prices, what is in dollars, bills, and the depth of the own
/// token's market. The simulated price starts at 1 again.
fn shocked(base: &Treasury, own: f64, volatile: f64, stable: f64, bills: f64, depth: f64) -> Treasury {
    let mut treasury = base.clone();
    for asset in &mut treasury.assets {
        asset.dollars *= match asset.kind {
            Kind::Own => own,
            Kind::Volatile => volatile,
            Kind::Cash | Kind::Stable { .. } => stable,
        };
    }
    for asset in &treasury.assets {
        let fall = match asset.kind {
            Kind::Own => own,
            Kind::Volatile => volatile,
            Kind::Cash | Kind::Stable { .. } => continue,
        };
        let promised = treasury.schedule.assets.iter_mut().filter(|paid| paid.name == asset.name);
        promised.for_each(|paid| paid.price *= fall);
    }
    treasury.bills.payroll *= bills;
    treasury.bills.grants *= bills;
    treasury.impact.venue = match treasury.impact.venue {
        // A constant product is worth twice the root of its product times the price: it falls with the price's root.
        Venue::ConstantProduct { value_at_one, fee } => {
            Venue::ConstantProduct { value_at_one: value_at_one * depth * own.sqrt(), fee }
        }
        Venue::OrderBook { depth: now, shape, fee } => Venue::OrderBook { depth: now * depth, shape, fee },
    };
    treasury
}

/// Simulates the recommended policy and holding under shocks, on the same prices.
fn stresses(
    problem: &Problem,
    found: &Recommendation,
    learned: &Futures,
    market: Paths,
    growth: f64,
    seed: Seed,
    run: &Run,
) -> Result<Vec<Stress>> {
    let base = &problem.treasury;
    let scaled = |what: &str, own: f64, volatile: f64, stable: f64, bills: f64, depth: f64| {
        (what.to_owned(), shocked(base, own, volatile, stable, bills, depth))
    };
    let mut list = vec![
        scaled("as it is", 1.0, 1.0, 1.0, 1.0, 1.0),
        scaled("the own token loses 80 % at once", 0.2, 1.0, 1.0, 1.0, 1.0),
        scaled("every token whose price moves loses 60 % at once", 0.4, 0.4, 1.0, 1.0, 1.0),
        scaled("a tenth of the dollars is lost", 1.0, 1.0, 0.9, 1.0, 1.0),
        scaled("bills are 30 % higher", 1.0, 1.0, 1.0, 1.3, 1.0),
        scaled("bills are 30 % lower", 1.0, 1.0, 1.0, 0.7, 1.0),
        scaled("the own token's market is ten times thinner", 1.0, 1.0, 1.0, 1.0, 0.1),
        scaled("the own token falls by 80 % and its market is ten times thinner", 0.2, 1.0, 1.0, 1.0, 0.1),
    ];
    let (earned, counted) = problem.revenue;
    if earned > counted {
        let (_, mut treasury) = scaled("", 1.0, 1.0, 1.0, 1.0, 1.0);
        treasury.bills.revenue = earned;
        list.push(("revenue comes in as in the last year of the records".to_owned(), treasury));
    }
    let hold = found.table.iter().find(|(tuned, _)| tuned.family == "hold").map(|(tuned, _)| tuned);
    let mut stresses = vec![];
    for (what, treasury) in list {
        run.check()?;
        if treasury.value() <= 0.0 {
            continue;
        }
        let futures = Futures::new(&treasury, &market, seed)?;
        let figures = |tuned: &Tuned| -> Result<(f64, f64, f64)> {
            let policy = tuned.policy(&treasury, learned)?;
            let found = score(&simulate_while(&treasury, &futures, policy.as_ref(), run)?);
            Ok((found.runway_p10, found.runway_p50, found.ruin))
        };
        let recommended = figures(&found.chosen)?;
        let hold = hold.map(&figures).transpose()?.unwrap_or(recommended);
        stresses.push(Stress { what, recommended, hold });
    }
    // A market that moves half as much again: the same draws, stretched around their middle.
    let mut wild = market;
    centre(&mut wild, growth, 1.5);
    let futures = Futures::new(base, &wild, seed)?;
    let figures = |tuned: &Tuned| -> Result<(f64, f64, f64)> {
        let found = score(&simulate_while(base, &futures, tuned.policy(base, learned)?.as_ref(), run)?);
        Ok((found.runway_p10, found.runway_p50, found.ruin))
    };
    let recommended = figures(&found.chosen)?;
    let hold = hold.map(&figures).transpose()?.unwrap_or(recommended);
    stresses.push(Stress { what: "prices move half as much again".to_owned(), recommended, hold });
    Ok(stresses)
}

fn reasons(found: &Recommendation) -> Vec<String> {
    let ruin =
        |name: &str| found.table.iter().find(|(tuned, _)| tuned.family == name).map(|(_, score)| score.ruin);
    let chosen = ruin(found.chosen.family).unwrap_or(0.0);
    // Policies are chosen by how long the bad paths last; where another fails less often within the plan, that is said.
    let safer = found.table.iter().filter(|(_, score)| score.ruin < chosen - 0.01).map(|(tuned, score)| {
        format!(
            "`{}` fails less often within the plan ({:.0} % against {:.0} %), and its bad paths fail earlier: it gambles.",
            tuned.family,
            100.0 * score.ruin,
            100.0 * chosen
        )
    });
    found
        .reasons
        .iter()
        .map(|reason| {
            let interval = reason.interval.map_or_else(String::new, |(low, high)| {
                // Adding 0 makes a negative 0 positive.
                let [lead, low, high] = [reason.value - reason.reference, low, high]
                    .map(|value| (10.0 * value).round() / 10.0 + 0.0);
                format!(": {lead:.1} longer, 95 % interval of the difference {low:.1} to {high:.1}")
            });
            let number = document::number;
            format!(
                "{}: {} against {} of `{}`{interval}.",
                reason.what,
                number(reason.value),
                number(reason.reference),
                reason.against
            )
        })
        .chain(safer)
        .collect()
}

fn impact_text(impact: &Impact) -> String {
    let (venue, size) = match impact.venue {
        Venue::ConstantProduct { value_at_one, .. } => ("a constant-product pool worth", value_at_one),
        Venue::OrderBook { depth, .. } => ("an order book with", depth),
    };
    let within =
        if matches!(impact.venue, Venue::OrderBook { .. }) { " within 2 % of the price" } else { "" };
    format!(
        "{venue} {}{within}; {:.0} % of a trade's move stay, half of the rest fades in {} days",
        document::dollars(size),
        100.0 * impact.permanent,
        impact.half_life_days
    )
}
