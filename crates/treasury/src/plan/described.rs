//! What people say of a treasury in TOML; it counts before what records tell.
//!
//! ```toml
//! token = "ENS"                    # the DAO's own token
//! accounts = ["DAO Wallet"]        # the treasury's accounts in the records
//! drift = 0.05                     # return a year that assets whose price moves are expected to have
//!
//! [[assets]]
//! name = "ENS"
//! amount = 1000000                 # tokens; or `dollars`
//! price = 20                       # where no price file has it
//! volatility = 1.2                 # a year, where no price file has it
//!
//! [[assets]]
//! name = "aUSDC"
//! dollars = 5000000
//! interest = 0.04                  # worth a dollar and bears interest; `losses` a year, each of `share`
//!
//! [bills]
//! payroll = 350000                 # dollars a month
//! growth = 0.03                    # a year
//! grants = 400000                  # dollars promised a round
//! every = 3                        # months between rounds
//! count = 12                       # grants a round
//! success = 0.64                   # share of a round's grants that are paid out
//! revenue = 100000                 # dollars a month that may be counted on
//!
//! [[streams]]                      # promised by date, on top of the bills; months are the plan's, from 0
//! name = "service providers"
//! amount = 1200000                 # tokens; `asset` is dollars where it is not said
//! start = -3                       # 3 months ago: what came due since then was paid
//! end = 9
//!
//! [[vesting]]
//! name = "core team"
//! asset = "ENS"
//! amount = 90000
//! start = 0
//! cliff = 12                       # months from the start; then monthly
//! end = 48
//!
//! [[grants]]
//! name = "bridge"
//! prior = [7, 3]                   # successes and failures that are thought of; or `success = 0.7` for each milestone
//! milestones = [{ month = 3, amount = 40000 }, { month = 9, amount = 80000 }]
//!
//! [impact]
//! venue = "book"                   # `book`, `even-book`, or `pool`
//! depth = 250000                   # dollars within 2 % of the price; of a pool, its value
//! fee = 0.003
//! permanent = 0.3                  # share of a trade's move that stays
//! half_life_days = 7
//! ```

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::market::impact::{BookShape, Impact, Venue};
use crate::market::prices::asset_name;
use crate::{Error, Result};

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Described {
    /// The DAO's own token.
    pub token: Option<String>,
    /// The treasury's accounts in the records.
    pub accounts: Vec<String>,
    /// Expected return a year of assets whose price moves.
    pub drift: Option<f64>,
    /// What it holds.
    pub assets: Vec<AssetDescribed>,
    /// What it pays.
    pub bills: BillsDescribed,
    /// What it has promised to pay evenly.
    pub streams: Vec<FlowDescribed>,
    /// What it has promised to pay by month after a cliff.
    pub vesting: Vec<FlowDescribed>,
    /// What it has promised to pay as milestones are met.
    pub grants: Vec<GrantDescribed>,
    /// What its trades do to its token's price.
    pub impact: ImpactDescribed,
}

/// An amount that flows from a month to a month.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlowDescribed {
    /// Its name.
    pub name: String,
    /// What is paid in; dollars where it is not said.
    pub asset: Option<String>,
    /// Tokens, from the start to the end.
    pub amount: Option<f64>,
    /// The month it starts in; 0 where it is not said, below 0 before the plan.
    pub start: Option<i64>,
    /// The month at whose beginning all is paid.
    pub end: Option<i64>,
    /// Months from the start before which nothing is due; of vesting only.
    pub cliff: Option<i64>,
}

/// A grant with milestones. At most one of `success` and `prior`; where neither is said, other DAOs' outcomes tell.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrantDescribed {
    /// Its name.
    pub name: String,
    /// What is paid in; dollars where it is not said.
    pub asset: Option<String>,
    /// The probability that a milestone is met.
    pub success: Option<f64>,
    /// Successes and failures of a Beta law of that probability.
    pub prior: Option<[f64; 2]>,
    /// In order of months; the first that is missed ends the grant.
    pub milestones: Vec<MilestoneDescribed>,
}

/// A part of a grant.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MilestoneDescribed {
    /// The month at whose end it is judged, from 1.
    pub month: Option<i64>,
    /// Tokens.
    pub amount: Option<f64>,
}

/// An asset. One of `amount` and `dollars`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssetDescribed {
    /// Its name in the price files.
    pub name: String,
    /// Tokens.
    pub amount: Option<f64>,
    /// Dollars.
    pub dollars: Option<f64>,
    /// Dollars a token.
    pub price: Option<f64>,
    /// Annual volatility.
    pub volatility: Option<f64>,
    /// Worth a dollar, with this interest a year.
    pub interest: Option<f64>,
    /// Losses a year that are expected of it.
    pub losses: Option<f64>,
    /// The share that a loss takes.
    pub share: Option<f64>,
    /// Cost of a trade as a share of it.
    pub fee: Option<f64>,
}

/// What the DAO pays; what is not said is read from the records.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BillsDescribed {
    /// Dollars a month.
    pub payroll: Option<f64>,
    /// Growth a year.
    pub growth: Option<f64>,
    /// Dollars promised a round.
    pub grants: Option<f64>,
    /// Months between rounds.
    pub every: Option<usize>,
    /// Grants a round.
    pub count: Option<u64>,
    /// Share of a round's grants that are paid out.
    pub success: Option<f64>,
    /// Dollars a month that may be counted on.
    pub revenue: Option<f64>,
}

/// What trades do to the price.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImpactDescribed {
    /// `book`, `even-book` or `pool`.
    pub venue: Option<String>,
    /// Dollars.
    pub depth: Option<f64>,
    /// Share.
    pub fee: Option<f64>,
    /// Share of a move that stays.
    pub permanent: Option<f64>,
    /// Days.
    pub half_life_days: Option<f64>,
}

/// Dollars within 2 % of the price where nobody says otherwise: a token of middling size.
pub const DEPTH: f64 = 250_000.0;

impl Described {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every problem: TOML, unknown keys, numbers out of their ranges.
    pub fn read(text: &str) -> Result<Self> {
        let described: Self = toml::from_str(text).map_err(|error| Error::Parameters {
            problems: vec![error.to_string().trim().replace('\n', " ")],
        })?;
        let problems = described.problems();
        if problems.is_empty() { Ok(described) } else { Err(Error::Parameters { problems }) }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = vec![];
        let mut check = |table: &str, place: &str, key: &str, value: Option<f64>| {
            let Some(field) = NUMBERS.iter().find(|field| field.table == table && field.key == key) else {
                return;
            };
            if let Some(value) = value
                && !(field.low..=field.high).contains(&value)
            {
                let place = if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
                problems.push(format!(
                    "`{place}` is {value}; give a number from {} to {}",
                    field.low, field.high
                ));
            }
        };
        let whole = |value: Option<i64>| value.map(|value| value as f64);
        check("", "", "drift", self.drift);
        for (at, asset) in self.assets.iter().enumerate() {
            let place = place("assets", at, &asset.name);
            for (key, value) in [
                ("amount", asset.amount),
                ("dollars", asset.dollars),
                ("price", asset.price),
                ("volatility", asset.volatility),
                ("interest", asset.interest),
                ("losses", asset.losses),
                ("share", asset.share),
                ("fee", asset.fee),
            ] {
                check("assets", &place, key, value);
            }
        }
        let bills = &self.bills;
        for (key, value) in [
            ("payroll", bills.payroll),
            ("growth", bills.growth),
            ("grants", bills.grants),
            ("success", bills.success),
            ("revenue", bills.revenue),
            ("every", bills.every.map(|every| every as f64)),
            ("count", bills.count.map(|count| count as f64)),
        ] {
            check("bills", "bills", key, value);
        }
        for (table, flows) in [("streams", &self.streams), ("vesting", &self.vesting)] {
            for (at, flow) in flows.iter().enumerate() {
                let place = place(table, at, &flow.name);
                check(table, &place, "amount", flow.amount);
                for (key, value) in [("start", flow.start), ("end", flow.end), ("cliff", flow.cliff)] {
                    check(table, &place, key, whole(value));
                }
            }
        }
        for (at, grant) in self.grants.iter().enumerate() {
            let place = place("grants", at, &grant.name);
            check("grants", &place, "success", grant.success);
            for value in grant.prior.into_iter().flatten() {
                check("grants", &place, "prior", Some(value));
            }
            for (at, milestone) in grant.milestones.iter().enumerate() {
                let place = format!("{place}.milestones[{at}]");
                check("milestones", &place, "month", whole(milestone.month));
                check("milestones", &place, "amount", milestone.amount);
            }
        }
        self.promises(&mut problems);
        for (place, asset) in self.assets.iter().enumerate() {
            if asset.name.is_empty() {
                problems.push(format!(
                    "`assets[{place}]` has no `name`; give the name that prices have it under"
                ));
            }
            if asset.amount.is_some() == asset.dollars.is_some() {
                problems
                    .push(format!("`assets.{}`: give either `amount` in tokens or `dollars`", asset.name));
            }
            let name = asset_name(&asset.name);
            if self.assets[..place].iter().any(|other| asset_name(&other.name) == name) {
                problems
                    .push(format!("`assets.{}` stands twice, as `{name}`; give each asset once", asset.name));
            }
        }
        if let Err(Error::Parameters { problems: more }) = self.impact.build() {
            problems.extend(more);
        }
        problems
    }

    /// What is missing or contradicts itself in streams, vesting and grants.
    fn promises(&self, problems: &mut Vec<String>) {
        let mut names: Vec<&str> = vec![];
        let named = |table: &str, at: usize, name: &str, problems: &mut Vec<String>| {
            if name.is_empty() {
                problems.push(format!("`{table}[{at}]` has no `name`; give it one of its own"));
            }
        };
        for (table, flows) in [("streams", &self.streams), ("vesting", &self.vesting)] {
            for (at, flow) in flows.iter().enumerate() {
                named(table, at, &flow.name, problems);
                names.push(&flow.name);
                let place = place(table, at, &flow.name);
                for (key, missing) in [("amount", flow.amount.is_none()), ("end", flow.end.is_none())] {
                    if missing {
                        problems.push(format!("`{place}` has no `{key}`; give it"));
                    }
                }
                let start = flow.start.unwrap_or(0);
                if let Some(end) = flow.end.filter(|end| *end <= start) {
                    problems.push(format!(
                        "`{place}.end` is month {end} and `start` month {start}; give an end after the start"
                    ));
                }
                if table == "streams" && flow.cliff.is_some() {
                    problems.push(format!(
                        "`{place}.cliff`: a stream has none; give it under `[[vesting]]`, or leave `cliff` out"
                    ));
                }
                if let (Some(cliff), Some(end)) = (flow.cliff, flow.end)
                    && cliff > end.saturating_sub(start)
                {
                    problems.push(format!(
                        "`{place}.cliff` is {cliff} months after the start, which is after the end; give at most {}",
                        end.saturating_sub(start)
                    ));
                }
            }
        }
        for (at, grant) in self.grants.iter().enumerate() {
            named("grants", at, &grant.name, problems);
            names.push(&grant.name);
            let place = place("grants", at, &grant.name);
            if grant.success.is_some() && grant.prior.is_some() {
                problems.push(format!("`{place}`: give either `success` or `prior`"));
            }
            if grant.milestones.is_empty() {
                problems.push(format!(
                    "`{place}` has no `milestones`; give `milestones = [{{ month = 3, amount = 1000 }}]`"
                ));
            }
            for (at, milestone) in grant.milestones.iter().enumerate() {
                for (key, missing) in
                    [("month", milestone.month.is_none()), ("amount", milestone.amount.is_none())]
                {
                    if missing {
                        problems.push(format!("`{place}.milestones[{at}]` has no `{key}`; give it"));
                    }
                }
            }
            if grant.milestones.windows(2).any(|two| two[0].month > two[1].month) {
                problems.push(format!("`{place}.milestones` are not in order of months; sort them"));
            }
        }
        for (at, name) in names.iter().enumerate() {
            if !name.is_empty() && names[..at].contains(name) {
                problems.push(format!(
                    "`{name}` stands twice in `streams`, `vesting` and `grants`; give each a name of its own"
                ));
            }
        }
    }
}

/// Where something stands: its table and its name, or its place where it has none.
fn place(table: &str, at: usize, name: &str) -> String {
    if name.is_empty() { format!("{table}[{at}]") } else { format!("{table}.{name}") }
}

/// A number of the file.
struct Number {
    table: &'static str,
    key: &'static str,
    low: f64,
    high: f64,
    whole: bool,
    what: &'static str,
}

const fn number(table: &'static str, key: &'static str, low: f64, high: f64, what: &'static str) -> Number {
    Number { table, key, low, high, whole: false, what }
}

const fn whole(table: &'static str, key: &'static str, low: f64, high: f64, what: &'static str) -> Number {
    Number { table, key, low, high, whole: true, what }
}

/// All numbers with their ranges, both ends allowed. The reader and the schema go by this list.
const NUMBERS: &[Number] = &[
    number(
        "",
        "drift",
        -0.9,
        2.0,
        "return a year that assets whose price moves are expected to have; 0.05 where not given",
    ),
    number("assets", "amount", 0.0, 1e30, "tokens; or `dollars`"),
    number("assets", "dollars", 0.0, 1e15, "dollars; or `amount`"),
    number("assets", "price", 1e-12, 1e9, "dollars a token, where no price file has it"),
    number("assets", "volatility", 0.01, 5.0, "a year, where no price file has it"),
    number("assets", "interest", -0.5, 1.0, "a year, of an asset that is worth a dollar"),
    number(
        "assets",
        "losses",
        0.0,
        12.0,
        "losses a year that are expected of such an asset; 0.03 where not given",
    ),
    number("assets", "share", 0.0, 1.0, "the share of it that a loss takes; 0.15 where not given"),
    number("assets", "fee", 0.0, 0.5, "cost of a trade as a share of it"),
    number("bills", "payroll", 0.0, 1e15, "dollars a month"),
    number("bills", "growth", -0.9, 10.0, "growth of the payroll a year"),
    number("bills", "grants", 0.0, 1e15, "dollars of grants promised a round"),
    number("bills", "success", 0.0, 1.0, "share of a round's grants that are paid out"),
    number("bills", "revenue", 0.0, 1e15, "dollars a month that may be counted on"),
    whole("bills", "every", 1.0, 120.0, "months between rounds of grants"),
    whole("bills", "count", 1.0, 10_000.0, "grants a round"),
    number("streams", "amount", 0.0, 1e15, "tokens, from the start to the end"),
    whole(
        "streams",
        "start",
        -600.0,
        1_200.0,
        "month of the plan it starts in; 0 where not given, below 0 before the plan",
    ),
    whole("streams", "end", -600.0, 1_200.0, "month at whose beginning all is paid"),
    number("vesting", "amount", 0.0, 1e15, "tokens, from the start to the end"),
    whole(
        "vesting",
        "start",
        -600.0,
        1_200.0,
        "month of the plan it starts in; 0 where not given, below 0 before the plan",
    ),
    whole("vesting", "end", -600.0, 1_200.0, "month at whose beginning all is paid"),
    whole(
        "vesting",
        "cliff",
        0.0,
        1_200.0,
        "months from the start before which nothing is due; 0 where not given",
    ),
    number("grants", "success", 0.0, 1.0, "probability that a milestone is met; or `prior`"),
    number("grants", "prior", 0.01, 1e6, "successes and failures of a Beta law of that probability"),
    whole("milestones", "month", 1.0, 1_200.0, "month of the plan at whose end it is judged"),
    number("milestones", "amount", 0.0, 1e15, "tokens"),
];

/// The texts of the file: table, key, what it is.
const TEXTS: &[(&str, &str, &str)] = &[
    ("", "token", "the DAO's own token"),
    ("assets", "name", "its name in the price files"),
    ("streams", "name", "its name"),
    ("streams", "asset", "what is paid in; dollars where not given"),
    ("vesting", "name", "its name"),
    ("vesting", "asset", "what is paid in; dollars where not given"),
    ("grants", "name", "its name"),
    ("grants", "asset", "what is paid in; dollars where not given"),
];

/// The JSON Schema of the file.
pub fn json_schema() -> Value {
    let table = |name: &str, what: &str, required: &[&str], more: &[(&str, Value)]| {
        let mut properties = Map::new();
        for (_, key, what) in TEXTS.iter().filter(|(table, _, _)| *table == name) {
            properties.insert((*key).to_owned(), json!({"type": "string", "description": what}));
        }
        for field in NUMBERS.iter().filter(|field| field.table == name) {
            let kind = if field.whole { "integer" } else { "number" };
            let (low, high) = (field.low, field.high);
            properties.insert(
                field.key.to_owned(),
                json!({"type": kind, "minimum": low, "maximum": high, "description": field.what}),
            );
        }
        for (key, schema) in more {
            properties.insert((*key).to_owned(), schema.clone());
        }
        json!({"type": "object", "additionalProperties": false, "description": what, "required": required, "properties": properties})
    };
    let list = |what: &str, items: Value| json!({"type": "array", "description": what, "items": items});
    let prior = NUMBERS.iter().find(|field| field.key == "prior").map_or(Value::Null, |field| {
        json!({
            "type": "array", "minItems": 2, "maxItems": 2, "description": field.what,
            "items": {"type": "number", "minimum": field.low, "maximum": field.high},
        })
    });
    let milestone = table("milestones", "a part that is paid when it is met", &["month", "amount"], &[]);
    let mut milestones = list("in order of months; the first that is missed ends the grant", milestone);
    milestones["minItems"] = json!(1);
    let venue = json!({"type": "string", "enum": ["book", "even-book", "pool"], "description": "where the own token is traded"});
    let above = |what: &str, mut bounds: Value| {
        bounds["type"] = json!("number");
        bounds["description"] = json!(what);
        bounds
    };
    let impact = [
        ("venue", venue),
        (
            "depth",
            above("dollars within 2 % of the price; of a pool, its value", json!({"exclusiveMinimum": 0.0})),
        ),
        ("fee", above("share of a trade", json!({"minimum": 0.0, "exclusiveMaximum": 1.0}))),
        ("permanent", above("share of a trade's move that stays", json!({"minimum": 0.0, "maximum": 1.0}))),
        ("half_life_days", above("days in which half of the rest fades", json!({"minimum": 0.0}))),
    ];
    let flow = ["name", "amount", "end"];
    let mut schema = table(
        "",
        "What a treasury holds and pays; what is not said is read from records or assumed",
        &[],
        &[
            ("accounts", list("the treasury's accounts in the records", json!({"type": "string"}))),
            (
                "assets",
                list(
                    "what it holds; one of `amount` and `dollars` each",
                    table("assets", "an asset", &["name"], &[]),
                ),
            ),
            ("bills", table("bills", "what it pays", &[], &[])),
            ("impact", table("impact", "what its trades do to its token's price", &[], &impact)),
            (
                "streams",
                list("promised evenly from month to month", table("streams", "a stream", &flow, &[])),
            ),
            ("vesting", list("promised by month after a cliff", table("vesting", "vesting", &flow, &[]))),
            (
                "grants",
                list(
                    "promised as milestones are met; at most one of `success` and `prior` each",
                    table(
                        "grants",
                        "a grant",
                        &["name", "milestones"],
                        &[("prior", prior), ("milestones", milestones)],
                    ),
                ),
            ),
        ],
    );
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("daotwin plan of a treasury");
    schema
}

impl ImpactDescribed {
    /// The impact; what is not said is that of a token of middling size.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every problem.
    pub fn build(&self) -> Result<Impact> {
        let (depth, fee) = (self.depth.unwrap_or(DEPTH), self.fee.unwrap_or(0.003));
        let venue = match self.venue.as_deref().unwrap_or("book") {
            "book" => Venue::OrderBook { depth, shape: BookShape::Rising, fee },
            "even-book" => Venue::OrderBook { depth, shape: BookShape::Even, fee },
            "pool" => Venue::ConstantProduct { value_at_one: depth, fee },
            other => {
                return Err(Error::Parameters {
                    problems: vec![format!(
                        "`impact.venue` is `{other}`; give `book`, `even-book` or `pool`"
                    )],
                });
            }
        };
        Impact::new(venue, self.permanent.unwrap_or(0.3), self.half_life_days.unwrap_or(7.0))
    }
}
