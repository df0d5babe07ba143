//! A treasury through months of prices and bills, under a policy.
//!
//! In every month a policy sees the [`State`] and gives orders; sales come first, the own token through its venue, so
//! that a sale moves the price of what is left; then purchases, with the cash there is; then the month's bill is paid from
//! cash, and where cash is short by selling stable assets, then volatile ones, then the own token. A treasury that
//! cannot pay is ruined in that month. Then prices move. All policies meet the same prices and bills (common random
//! numbers), so that differences between them are paired by path.

use daotwin_core::{Run, Seed};
use rayon::prelude::*;

use super::policy::TreasuryPolicy;
use crate::cash::schedule::{Payment, Schedule, tokens};
use crate::market::Paths;
use crate::market::impact::{Impact, Pressure};
use crate::{Error, Result};

/// What an asset is to a treasury.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// The DAO's own token: it is sold and bought through [`Treasury::impact`].
    Own,
    /// Another token whose price moves.
    Volatile,
    /// Dollars: bills are paid from it, sales end in it. There is one.
    Cash,
    /// Worth about a dollar and bears interest; now and then a part of it is lost.
    Stable {
        /// Interest a year: 0.04.
        interest: f64,
        /// Losses expected a year: 0.02 is one in fifty years.
        losses: f64,
        /// The share that a loss takes.
        share: f64,
    },
}

/// An asset of a treasury.
#[derive(Debug, Clone, PartialEq)]
pub struct Asset {
    /// Its name; of an own or volatile asset it is the name in the market's [`Paths`].
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Dollars held at the start.
    pub dollars: f64,
    /// Cost of a trade as a share of it. The own token's costs are its venue's.
    pub fee: f64,
}

/// Bills of a DAO.
#[derive(Debug, Clone, PartialEq)]
pub struct Bills {
    /// Dollars a month for people.
    pub payroll: f64,
    /// Growth of the payroll in a year: 0.03.
    pub growth: f64,
    /// Dollars promised in grants in each round.
    pub grants: f64,
    /// Months between rounds.
    pub every: usize,
    /// The share of a round's grants that are paid out in full, on average: milestones that are met.
    pub success: f64,
    /// How many grants of equal size a round has.
    pub count: u64,
    /// Dollars a month that come in and do not grow. What exceeds a month's bills goes to cash.
    pub revenue: f64,
}

impl Bills {
    /// Dollars due a month before revenue, without growth.
    pub fn gross(&self) -> f64 {
        self.payroll + self.grants * self.success / self.every.max(1) as f64
    }

    /// Dollars a month after revenue, without growth; below 0 where more comes in than is due.
    pub fn monthly(&self) -> f64 {
        self.gross() - self.revenue
    }

    /// What policies take for a month's cost, with growth until that month and what is `scheduled` in it. They count months
    /// by it: it is a dollar at least, so that what costs nothing lasts long and not for ever.
    fn expected(&self, month: usize, scheduled: f64) -> f64 {
        (self.gross() * (1.0 + self.growth).powf(month as f64 / 12.0) + scheduled - self.revenue).max(1.0)
    }
}

/// What is managed.
#[derive(Debug, Clone, PartialEq)]
pub struct Treasury {
    /// What it holds: one own token, one cash asset, and any others.
    pub assets: Vec<Asset>,
    /// What the DAO pays.
    pub bills: Bills,
    /// What it has promised by date, which comes on top. A promise in an asset whose price moves is a bill of what that is worth
    /// then, without what the treasury's own trades do to the price.
    pub schedule: Schedule,
    /// What the treasury's own trades do to its token's price. A price of 1 is the price at the start.
    pub impact: Impact,
    /// Months of the plan; final values and ruin are of its end.
    pub plan: usize,
}

/// The problem of the benchmark: 20 million dollars, four fifths of them in the own token, against bills of 0.32 million
/// a month.
pub fn benchmark(impact: Impact, own: &str, volatile: [&str; 2]) -> Treasury {
    let asset = |name: &str, kind, dollars, fee| Asset { name: name.to_owned(), kind, dollars, fee };
    Treasury {
        assets: vec![
            asset(own, Kind::Own, 16e6, 0.0),
            asset(volatile[0], Kind::Volatile, 1e6, 0.002),
            asset(volatile[1], Kind::Volatile, 1e6, 0.002),
            asset("stable", Kind::Cash, 1e6, 0.0),
            asset("yield", Kind::Stable { interest: 0.04, losses: 0.03, share: 0.15 }, 1e6, 0.0005),
        ],
        bills: Bills {
            payroll: 0.25e6,
            growth: 0.03,
            grants: 0.30e6,
            every: 3,
            success: 0.7,
            count: 12,
            revenue: 0.0,
        },
        schedule: Schedule::default(),
        impact,
        plan: 36,
    }
}

impl Treasury {
    /// Dollars at the start, at the start's prices.
    pub fn value(&self) -> f64 {
        self.assets.iter().map(|asset| asset.dollars).sum()
    }

    /// The place of the own token.
    pub fn own(&self) -> usize {
        self.assets.iter().position(|asset| asset.kind == Kind::Own).unwrap_or(0)
    }

    /// The place of cash.
    pub fn cash(&self) -> usize {
        self.assets.iter().position(|asset| asset.kind == Kind::Cash).unwrap_or(0)
    }

    /// Every problem with the numbers.
    ///
    /// # Errors
    /// Numbers out of their ranges; not exactly one own token and one cash asset.
    pub fn check(&self) -> Result<()> {
        let mut problems = vec![];
        for (what, kind) in [("own token", Kind::Own), ("cash asset", Kind::Cash)] {
            let count = self.assets.iter().filter(|asset| asset.kind == kind).count();
            if count != 1 {
                problems
                    .push(format!("the treasury has {count} assets that are the {what}; mark exactly one"));
            }
        }
        for asset in &self.assets {
            let name = &asset.name;
            if !(asset.dollars >= 0.0 && asset.dollars.is_finite()) {
                problems.push(format!("`{name}` holds {} dollars; give 0 or more", asset.dollars));
            }
            if !(0.0..1.0).contains(&asset.fee) {
                problems.push(format!("`{name}` has a fee of {}; give a share from 0 to below 1", asset.fee));
            }
            if let Kind::Stable { interest, losses, share } = asset.kind
                && !((-0.5..=1.0).contains(&interest)
                    && (0.0..=12.0).contains(&losses)
                    && (0.0..=1.0).contains(&share))
            {
                problems.push(format!(
                    "`{name}` has interest {interest}, losses {losses} and share {share}; interest lies from -0.5 to 1 a year, \
                     losses from 0 to 12 a year, the share from 0 to 1"
                ));
            }
        }
        let bills = &self.bills;
        if !(bills.payroll >= 0.0
            && bills.grants >= 0.0
            && bills.gross().is_finite()
            && (bills.gross() > 0.0 || !self.schedule.is_empty()))
        {
            problems.push(format!(
                "bills of {} dollars a month and grants of {} a round; give 0 or more each, and one above 0 or a promise by date",
                bills.payroll, bills.grants
            ));
        }
        if !(bills.revenue >= 0.0 && bills.revenue <= RUNAWAY) {
            problems.push(format!(
                "revenue of {} dollars a month; give 0 to {RUNAWAY:e}, what comes in without growth",
                bills.revenue
            ));
        }
        if !(-0.9..=10.0).contains(&bills.growth) || !(0.0..=1.0).contains(&bills.success) {
            problems.push(format!(
                "bills grow by {} a year with {} of grants paid; growth lies from -0.9 to 10, the share from 0 to 1",
                bills.growth, bills.success
            ));
        }
        if self.value() <= 0.0 {
            problems.push("the treasury holds nothing; there is nothing to plan".to_owned());
        }
        if self.plan == 0 {
            problems.push("the plan has 0 months; give at least 1".to_owned());
        }
        if problems.is_empty() { Ok(()) } else { Err(Error::Parameters { problems }) }
    }
}

/// Prices beyond so many times the start's, and bills of so many dollars a month, are no plan's: a model ran away. Squares of
/// it fit a double, and a month's factor a single.
const RUNAWAY: f64 = 1e30;

/// The mean over paths of what is due a month in the year from each month on; nothing where nothing is due.
fn ahead(promised: &[f64], paths: usize, months: usize) -> Vec<f64> {
    if promised.is_empty() {
        return vec![];
    }
    let mut means = vec![0.0; months];
    for path in promised.chunks_exact(months) {
        means.iter_mut().zip(path).for_each(|(mean, due)| *mean += due / paths as f64);
    }
    (0..months)
        .map(|month| {
            let year = &means[month..(month + 12).min(months)];
            year.iter().sum::<f64>() / year.len() as f64
        })
        .collect()
}

/// What runs away in these columns of a market: a problem for each asset, with the first path and month.
fn runaway(market: &Paths, columns: &[usize]) -> Vec<String> {
    let width = market.assets.len();
    let most = RUNAWAY.ln();
    let first = |column: usize| {
        (0..market.paths).find_map(|path| {
            let mut level = 0.0_f64;
            market.path(path).iter().skip(column).step_by(width).enumerate().find_map(|(month, &growth)| {
                level = (level + growth).max(-most);
                (growth.is_nan() || growth > most || level > most).then_some((path, month, growth))
            })
        })
    };
    let told = |&column: &usize| {
        let (path, month, growth) = first(column)?;
        Some(format!(
            "`{}` runs away on path {path} in month {month} (log return {growth}); give log returns that are numbers and keep its \
             price below {RUNAWAY:e} times the start's",
            market.assets[column]
        ))
    };
    columns.iter().filter_map(told).collect()
}

/// Prices and bills to come, month by month.
#[derive(Debug, Clone, PartialEq)]
pub struct Futures {
    paths: usize,
    months: usize,
    width: usize,
    /// Growth factors, `[path][month][asset]`.
    factors: Vec<f32>,
    /// Dollars after revenue, `[path][month]`; below 0 where more comes in.
    bills: Vec<f32>,
    /// Dollars of what is scheduled, `[month]`: over the twelve months from each on, a month, on average over all paths.
    scheduled: Vec<f64>,
    /// Growth factor of an asset in a month, on average.
    means: Vec<f64>,
}

impl Futures {
    /// From monthly market paths; bills, and what becomes of stable assets, are drawn here.
    ///
    /// # Errors
    /// As [`Treasury::check`]; a market that lacks an asset, or in which one runs away: a month's factor or a price beyond
    /// `1e30` times the start's, or no number at all; bills beyond all money. (A price that falls below `1e-30` of the start's
    /// stays there: it is worth nothing, and can still be divided by.)
    pub fn new(treasury: &Treasury, market: &Paths, seed: Seed) -> Result<Self> {
        treasury.check()?;
        let width = treasury.assets.len();
        let mut problems = vec![];
        let mut columns = vec![None; width];
        for (column, asset) in columns.iter_mut().zip(&treasury.assets) {
            if matches!(asset.kind, Kind::Own | Kind::Volatile) {
                *column = market.assets.iter().position(|name| *name == asset.name);
                if column.is_none() {
                    let known: Vec<String> = market.assets.iter().map(|name| format!("`{name}`")).collect();
                    problems.push(format!("the market has no `{}`; it has {}", asset.name, known.join(", ")));
                }
            }
        }
        if market.paths == 0 || market.steps == 0 {
            problems.push("the market has no path or no month; draw at least one".to_owned());
        }
        let last = (market.steps as f64 / 12.0).max(1.0);
        let highest =
            treasury.bills.payroll * (1.0 + treasury.bills.growth).powf(last) + treasury.bills.grants;
        if highest.is_nan() || highest > RUNAWAY {
            problems.push(format!(
                "bills grow to {highest:e} dollars a month in {} months; give a growth that keeps them below {RUNAWAY:e}",
                market.steps
            ));
        }
        let used: Vec<usize> = columns.iter().flatten().copied().collect();
        problems.extend(runaway(market, &used));
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let (paths, months) = (market.paths, market.steps);
        let mut factors = vec![0.0_f32; paths * months * width];
        let mut bills = vec![0.0_f32; paths * months];
        let streams = seed.streams("treasury futures");
        let bill = &treasury.bills;
        let schedule = &treasury.schedule;
        let (streamed, ledger) = schedule.streamed(months)?;
        let granted = seed.streams("scheduled grants");
        // Which of the treasury's assets each of the schedule is; none where it is worth its first price for ever.
        let places: Vec<Option<usize>> = schedule
            .assets
            .iter()
            .map(|paid| {
                let same = |asset: &Asset| {
                    asset.name == paid.name && matches!(asset.kind, Kind::Own | Kind::Volatile)
                };
                treasury.assets.iter().position(same)
            })
            .collect();
        let mut promised = vec![0.0_f64; if schedule.is_empty() { 0 } else { paths * months }];
        promised.par_chunks_mut(months).enumerate().try_for_each(|(path, promised)| {
            let mut ledger = ledger.clone();
            let mut paid = schedule.granted(months, &mut granted.stream(path as u64), &mut ledger)?;
            paid.extend_from_slice(&streamed);
            paid.sort_by_key(|payment| payment.month);
            let drawn = market.path(path);
            // Log price of each of the schedule's assets, up to the month it was last asked in.
            let mut levels = vec![(0, 0.0_f64); places.len()];
            for Payment { month, asset, amount } in paid {
                let column = places[asset].and_then(|place| columns[place]);
                let (until, level) = &mut levels[asset];
                if let Some(column) = column {
                    while *until < month {
                        let growth = drawn[*until * market.assets.len() + column];
                        (*until, *level) = (*until + 1, (*level + growth).max(-RUNAWAY.ln()));
                    }
                }
                promised[month] += tokens(amount) * schedule.assets[asset].price * level.exp();
            }
            Ok::<(), Error>(())
        })?;
        let rows = factors.par_chunks_mut(months * width).zip(bills.par_chunks_mut(months)).enumerate();
        rows.for_each(|(path, (factors, bills))| {
            let mut stream = streams.stream(path as u64);
            let drawn = market.path(path);
            let mut levels = vec![0.0_f64; width];
            for month in 0..months {
                for (at, asset) in treasury.assets.iter().enumerate() {
                    factors[month * width + at] = match asset.kind {
                        Kind::Own | Kind::Volatile => {
                            let column = columns[at].unwrap_or(0);
                            let growth = drawn[month * market.assets.len() + column];
                            let before = levels[at];
                            levels[at] = (before + growth).max(-RUNAWAY.ln());
                            let held = levels[at] > before + growth;
                            (if held { levels[at] - before } else { growth }).exp() as f32
                        }
                        Kind::Cash => 1.0,
                        Kind::Stable { interest, losses, share } => {
                            let lost = if stream.chance(losses / 12.0) { share } else { 0.0 };
                            ((1.0 + interest).powf(1.0 / 12.0) * (1.0 - lost)) as f32
                        }
                    };
                }
                let mut due = bill.payroll * (1.0 + bill.growth).powf(month as f64 / 12.0);
                if bill.every > 0 && bill.grants > 0.0 && (month + 1) % bill.every == 0 {
                    let met = (0..bill.count.max(1)).filter(|_| stream.chance(bill.success)).count();
                    due += bill.grants * met as f64 / bill.count.max(1) as f64;
                }
                due += promised.get(path * months + month).unwrap_or(&0.0);
                // A month that earns more than it costs has a bill below 0, which pays into cash.
                bills[month] = (due - bill.revenue).min(RUNAWAY) as f32;
            }
        });
        let scheduled = ahead(&promised, paths, months);
        let means = (0..width)
            .map(|at| {
                let column = factors.iter().skip(at).step_by(width);
                column.map(|&factor| f64::from(factor)).sum::<f64>() / (paths * months) as f64
            })
            .collect();
        Ok(Self { paths, months, width, factors, bills, scheduled, means })
    }

    /// How many paths.
    pub fn paths(&self) -> usize {
        self.paths
    }

    /// How many months each has.
    pub fn months(&self) -> usize {
        self.months
    }

    /// Growth factor of each asset in a month, on average over all paths and months.
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// Growth factors of all assets over `months` from a month on, on one path.
    pub fn growth(&self, path: usize, from: usize, months: usize) -> Vec<f64> {
        let mut product = vec![1.0; self.width];
        for month in from..(from + months).min(self.months) {
            let row = &self.factors[(path * self.months + month) * self.width..][..self.width];
            product.iter_mut().zip(row).for_each(|(product, &factor)| *product *= f64::from(factor));
        }
        product
    }

    /// Bills less revenue over `months` from a month on, in dollars, on average over all paths.
    pub fn mean_bills(&self, from: usize, months: usize) -> f64 {
        let until = (from + months).min(self.months);
        let paths = self.bills.chunks_exact(self.months);
        let due =
            paths.map(|bills| bills[from.min(until)..until].iter().map(|&bill| f64::from(bill)).sum::<f64>());
        due.sum::<f64>() / self.paths as f64
    }

    /// Dollars a month of what is scheduled, over the year from a month on, on average over all paths.
    pub fn scheduled(&self, month: usize) -> f64 {
        self.scheduled.get(month).copied().unwrap_or(0.0)
    }

    /// Dollars due in a month on a path, after revenue; below 0 where more comes in.
    pub fn bill(&self, path: usize, month: usize) -> f64 {
        f64::from(self.bills[path * self.months + month])
    }

    /// The first paths of these.
    pub fn first(&self, paths: usize) -> Self {
        self.part(0, paths)
    }

    /// So many paths from this one on, or as many as there are.
    pub fn part(&self, from: usize, paths: usize) -> Self {
        let from = from.min(self.paths);
        let paths = paths.min(self.paths - from);
        let (months, cells) = (self.months, self.months * self.width);
        Self {
            paths,
            factors: self.factors[from * cells..(from + paths) * cells].to_vec(),
            bills: self.bills[from * months..(from + paths) * months].to_vec(),
            scheduled: self.scheduled.clone(),
            means: self.means.clone(),
            ..*self
        }
    }
}

/// What a policy sees at the beginning of a month.
#[derive(Debug, Clone, Copy)]
pub struct State<'a> {
    /// The treasury as it was at the start: assets, bills, venue.
    pub treasury: &'a Treasury,
    /// Months since the start.
    pub month: usize,
    /// Dollars in each asset now.
    pub values: &'a [f64],
    /// Their sum.
    pub total: f64,
    /// Dollars in cash and stable assets.
    pub stable: f64,
    /// Dollars that a month costs now after revenue, on average; 1 at least.
    pub bill: f64,
    /// The own token's price; 1 at the start.
    pub price: f64,
    /// Log change of the own token's price in the last three months, or since the start.
    pub momentum: f64,
    /// Log distance of the own token's price below its highest so far; 0 or less.
    pub drawdown: f64,
    /// Log change of the volatile assets in the last three months, on average.
    pub market: f64,
    /// What the treasury's trades have done to the price.
    pub pressure: Pressure,
}

impl State<'_> {
    /// Months that all assets would pay for at today's prices.
    pub fn runway(&self) -> f64 {
        self.total / self.bill
    }

    /// Months that cash and stable assets would pay for.
    pub fn stable_runway(&self) -> f64 {
        self.stable / self.bill
    }
}

/// What became of a treasury, path by path.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    /// Months of bills that were paid, the last one in part; [`Futures::months`] where all were.
    pub runway: Vec<f64>,
    /// Dollars at the end of the plan; 0 where ruined before.
    pub value: Vec<f64>,
    /// Dollars traded until the end of the plan, as a share of the treasury at the start, for a year.
    pub turnover: Vec<f64>,
    /// Largest fall of the treasury's value beyond what bills took, until the end of the plan: 0.4 is 40 %.
    pub drawdown: Vec<f64>,
    /// Months until the end of the plan.
    pub plan: usize,
    /// Months after which a runway is no longer counted.
    pub months: usize,
}

/// One path's figures.
struct Outcome {
    runway: f64,
    value: f64,
    turnover: f64,
    drawdown: f64,
}

struct Book<'a> {
    treasury: &'a Treasury,
    own: usize,
    cash: usize,
    /// Dollars; of the own token, tokens.
    held: Vec<f64>,
    /// The own token's price without the treasury's trades.
    outside: f64,
    pressure: Pressure,
    traded: f64,
}

impl Book<'_> {
    fn price(&self) -> f64 {
        self.outside * self.pressure.factor()
    }

    /// Sells up to so many dollars of an asset for cash.
    fn sell(&mut self, at: usize, dollars: f64) {
        if at == self.own {
            let tokens = (dollars / self.price()).min(self.held[at]);
            let trade = self.treasury.impact.sell(tokens, self.outside, &mut self.pressure);
            self.held[at] -= tokens;
            self.held[self.cash] += trade.dollars;
            self.traded += trade.dollars;
        } else {
            let dollars = dollars.min(self.held[at]);
            self.held[at] -= dollars;
            self.held[self.cash] += dollars * (1.0 - self.treasury.assets[at].fee);
            self.traded += dollars;
        }
    }

    fn buy(&mut self, at: usize, dollars: f64) {
        let dollars = dollars.min(self.held[self.cash]);
        if dollars <= 0.0 {
            return;
        }
        self.held[self.cash] -= dollars;
        self.traded += dollars;
        self.held[at] += if at == self.own {
            self.treasury.impact.buy(dollars, self.outside, &mut self.pressure).tokens
        } else {
            dollars * (1.0 - self.treasury.assets[at].fee)
        };
    }

    /// Pays a bill, or takes in what one below 0 brings; returns the share that was paid.
    fn pay(&mut self, bill: f64) -> f64 {
        if self.held[self.cash] < bill {
            self.raise(bill);
        }
        let paid = bill.min(self.held[self.cash]);
        self.held[self.cash] -= paid;
        if bill > 0.0 { paid / bill } else { 1.0 }
    }

    /// Sells until cash covers a bill or nothing is left.
    fn raise(&mut self, bill: f64) {
        for wanted in 0..3 {
            for at in 0..self.held.len() {
                let missing = bill - self.held[self.cash];
                if missing <= 0.0 {
                    return;
                }
                match (wanted, self.treasury.assets[at].kind) {
                    (0, Kind::Stable { .. }) | (1, Kind::Volatile) => {
                        self.sell(at, missing / (1.0 - self.treasury.assets[at].fee));
                    }
                    (2, Kind::Own) => {
                        let impact = &self.treasury.impact;
                        let trade = impact.sell_for(missing, self.held[at], self.outside, &mut self.pressure);
                        self.held[at] -= trade.tokens;
                        // The search for the sale stops within rounding of what was asked for.
                        self.held[self.cash] += trade.dollars;
                        self.traded += trade.dollars;
                    }
                    _ => {}
                }
            }
        }
    }
}

/// What a policy does with a treasury now: dollars to buy (above 0) or sell (below 0) of each asset; what is sold goes to cash.
pub fn first_orders(treasury: &Treasury, futures: &Futures, policy: &dyn TreasuryPolicy) -> Vec<f64> {
    let values: Vec<f64> = treasury.assets.iter().map(|asset| asset.dollars).collect();
    let stable = |asset: &&Asset| matches!(asset.kind, Kind::Cash | Kind::Stable { .. });
    let state = State {
        treasury,
        month: 0,
        values: &values,
        total: treasury.value(),
        stable: treasury.assets.iter().filter(stable).map(|asset| asset.dollars).sum(),
        bill: treasury.bills.expected(0, futures.scheduled(0)),
        price: 1.0,
        momentum: 0.0,
        drawdown: 0.0,
        market: 0.0,
        pressure: Pressure::default(),
    };
    let mut orders = vec![0.0; values.len()];
    policy.orders(&state, &mut orders);
    orders[treasury.cash()] = 0.0;
    for (order, value) in orders.iter_mut().zip(&values) {
        *order = order.max(-value);
    }
    orders
}

/// Days in a month of the simulation.
pub const DAYS: f64 = 30.0;

fn one(treasury: &Treasury, futures: &Futures, policy: &dyn TreasuryPolicy, path: usize) -> Outcome {
    let width = futures.width;
    let (own, cash) = (treasury.own(), treasury.cash());
    let held = treasury.assets.iter().map(|asset| asset.dollars).collect();
    let mut book =
        Book { treasury, own, cash, held, outside: 1.0, pressure: Pressure::default(), traded: 0.0 };
    let start = treasury.value();
    let (mut values, mut orders) = (vec![0.0; width], vec![0.0; width]);
    let volatile: Vec<usize> = (0..width).filter(|&at| treasury.assets[at].kind == Kind::Volatile).collect();
    // Logs of the own token's price and of the volatile assets, a value a month.
    let (mut own_log, mut market_log) = ([0.0; 4], [0.0; 4]);
    let (mut market, mut highest) = (0.0, 0.0_f64);
    // The value without bills: grows and falls with prices and costs alone.
    let (mut index, mut peak, mut drawdown, mut before) = (1.0_f64, 1.0_f64, 0.0_f64, start);
    let mut outcome = Outcome { runway: futures.months as f64, value: 0.0, turnover: 0.0, drawdown: 0.0 };
    let years = |months: f64| (months.max(1.0)) / 12.0;
    let mut planned = false;
    let plan = treasury.plan.min(futures.months);
    for month in 0..futures.months {
        let price = book.price();
        values.copy_from_slice(&book.held);
        values[own] *= price;
        let total: f64 = values.iter().sum();
        index *= if before > 0.0 { total / before } else { 0.0 };
        if month <= plan {
            peak = peak.max(index);
            drawdown = drawdown.max(1.0 - index / peak);
        }
        if month == plan {
            outcome.value = total;
            outcome.turnover = book.traded / start / years(month as f64);
            planned = true;
        }
        let stable: f64 = (0..width)
            .filter(|&at| matches!(treasury.assets[at].kind, Kind::Cash | Kind::Stable { .. }))
            .map(|at| values[at])
            .sum();
        let log = price.ln();
        highest = highest.max(log);
        if month == 0 {
            (own_log, market_log) = ([log; 4], [market; 4]);
        } else {
            own_log.copy_within(1.., 0);
            market_log.copy_within(1.., 0);
            (own_log[3], market_log[3]) = (log, market);
        }
        let state = State {
            treasury,
            month,
            values: &values,
            total,
            stable,
            bill: treasury.bills.expected(month, futures.scheduled(month)),
            price,
            momentum: log - own_log[0],
            drawdown: log - highest,
            market: market - market_log[0],
            pressure: book.pressure,
        };
        orders.fill(0.0);
        policy.orders(&state, &mut orders);
        for (at, &order) in orders.iter().enumerate() {
            if at != cash && order < 0.0 {
                book.sell(at, -order);
            }
        }
        for (at, &order) in orders.iter().enumerate() {
            if at != cash && order > 0.0 {
                book.buy(at, order);
            }
        }
        let paid = book.pay(f64::from(futures.bills[path * futures.months + month]));
        if paid < 1.0 - 1e-9 {
            outcome.runway = month as f64 + paid;
            break;
        }
        let row = &futures.factors[(path * futures.months + month) * width..][..width];
        before = 0.0;
        for (at, &factor) in row.iter().enumerate() {
            before += book.held[at] * if at == own { book.price() } else { 1.0 };
            if at != own {
                book.held[at] *= f64::from(factor);
            }
        }
        // Costs of the month's trades belong to the index too.
        let spent = f64::from(futures.bills[path * futures.months + month]);
        if total > 0.0 {
            index *= ((before + spent) / total).max(0.0);
        }
        book.outside *= f64::from(row[own]);
        book.treasury.impact.rest(DAYS, &mut book.pressure);
        for &at in &volatile {
            market += f64::from(row[at]).ln() / volatile.len() as f64;
        }
    }
    if !planned {
        if outcome.runway >= plan as f64 {
            outcome.value = book
                .held
                .iter()
                .enumerate()
                .map(|(at, held)| if at == own { held * book.price() } else { *held })
                .sum();
        }
        outcome.turnover = book.traded / start / years(outcome.runway.min(plan as f64));
    }
    outcome.drawdown = drawdown;
    outcome
}

/// What becomes of the treasury under a policy, path by path. The same on any number of threads.
pub fn simulate(treasury: &Treasury, futures: &Futures, policy: &dyn TreasuryPolicy) -> Outcomes {
    let paths = (0..futures.paths).into_par_iter().with_min_len(32);
    gather(treasury, futures, paths.map(|path| one(treasury, futures, policy, path)).collect())
}

/// [`simulate`] that stops between paths when asked.
///
/// # Errors
/// Cancellation.
pub fn simulate_while(
    treasury: &Treasury,
    futures: &Futures,
    policy: &dyn TreasuryPolicy,
    run: &Run,
) -> Result<Outcomes> {
    let paths = (0..futures.paths).into_par_iter().with_min_len(32);
    let found: Result<Vec<Outcome>> = paths
        .map(|path| {
            run.check()?;
            Ok(one(treasury, futures, policy, path))
        })
        .collect();
    Ok(gather(treasury, futures, found?))
}

fn gather(treasury: &Treasury, futures: &Futures, found: Vec<Outcome>) -> Outcomes {
    let column = |value: fn(&Outcome) -> f64| found.iter().map(value).collect();
    Outcomes {
        runway: column(|outcome| outcome.runway),
        value: column(|outcome| outcome.value),
        turnover: column(|outcome| outcome.turnover),
        drawdown: column(|outcome| outcome.drawdown),
        plan: treasury.plan,
        months: futures.months,
    }
}
