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
//! [impact]
//! venue = "book"                   # `book`, `even-book`, or `pool`
//! depth = 250000                   # dollars within 2 % of the price; of a pool, its value
//! fee = 0.003
//! permanent = 0.3                  # share of a trade's move that stays
//! half_life_days = 7
//! ```

use serde::Deserialize;

use crate::market::impact::{BookShape, Impact, Venue};
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
    /// What its trades do to its token's price.
    pub impact: ImpactDescribed,
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
        let mut check = |place: String, value: Option<f64>, low: f64, high: f64| {
            if let Some(value) = value
                && !(low..=high).contains(&value)
            {
                problems.push(format!("`{place}` is {value}; give a number from {low} to {high}"));
            }
        };
        let most = 1e15;
        check("drift".to_owned(), self.drift, -0.9, 2.0);
        for (place, asset) in self.assets.iter().enumerate() {
            let name = if asset.name.is_empty() {
                format!("assets[{place}]")
            } else {
                format!("assets.{}", asset.name)
            };
            for (key, value, low, high) in [
                ("amount", asset.amount, 0.0, 1e30),
                ("dollars", asset.dollars, 0.0, most),
                ("price", asset.price, 1e-12, 1e9),
                ("volatility", asset.volatility, 0.01, 5.0),
                ("interest", asset.interest, -0.5, 1.0),
                ("losses", asset.losses, 0.0, 12.0),
                ("share", asset.share, 0.0, 1.0),
                ("fee", asset.fee, 0.0, 0.5),
            ] {
                check(format!("{name}.{key}"), value, low, high);
            }
        }
        let bills = &self.bills;
        for (key, value, low, high) in [
            ("payroll", bills.payroll, 0.0, most),
            ("growth", bills.growth, -0.9, 10.0),
            ("grants", bills.grants, 0.0, most),
            ("success", bills.success, 0.0, 1.0),
            ("revenue", bills.revenue, 0.0, most),
        ] {
            check(format!("bills.{key}"), value, low, high);
        }
        check("bills.every".to_owned(), bills.every.map(|every| every as f64), 1.0, 120.0);
        check("bills.count".to_owned(), bills.count.map(|count| count as f64), 1.0, 10_000.0);
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
            if self.assets[..place].iter().any(|other| other.name.eq_ignore_ascii_case(&asset.name)) {
                problems.push(format!("`assets.{}` stands twice; give each asset once", asset.name));
            }
        }
        if let Err(Error::Parameters { problems: more }) = self.impact.build() {
            problems.extend(more);
        }
        problems
    }
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
