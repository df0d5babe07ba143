//! What a trade does to the price of the token that is traded.
//!
//! A treasury that sells its own token moves its price. A [`Venue`] says how much is paid and how far the price goes;
//! [`Pressure`] remembers it: a share of every move stays (information, lost confidence), the rest fades as others
//! trade against it (Almgren and Chriss 2001, permanent and temporary impact).

#[cfg(test)]
mod test;

use crate::{Error, Result};

/// Where the token is traded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Venue {
    /// A constant-product pool, x y = k (Adams, Zinsmeister and Robinson 2020). Its liquidity stays as it is when
    /// the price moves, so that its value in dollars follows the square root of the price.
    ConstantProduct {
        /// Value of both sides together at price 1 of the token, in dollars.
        value_at_one: f64,
        /// Fee as a share of what is paid in: 0.003.
        fee: f64,
    },
    /// An order book whose resting orders within a log distance y of the price are worth
    /// `depth` (y / 0.02)^`shape` dollars.
    OrderBook {
        /// Dollars resting on one side within 2 % of the price.
        depth: f64,
        /// How orders lie: evenly, or more of them farther away.
        shape: BookShape,
        /// Fee as a share of what a trade is worth: 0.001.
        fee: f64,
    },
}

/// How resting orders lie over distances from the price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookShape {
    /// As many dollars at every log distance: impact grows in proportion to the trade.
    Even,
    /// Dollars grow in proportion to the distance: impact grows with the square root of the trade (Tóth et al. 2011).
    Rising,
}

/// A venue, and what becomes of moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impact {
    /// Where the token is traded.
    pub venue: Venue,
    /// The share of a trade's log move that stays for ever, 0 to 1.
    pub permanent: f64,
    /// Days in which half of the rest has faded; 0 for at once.
    pub half_life_days: f64,
}

/// What trades have done to a price so far, in natural-log units (negative after sales).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pressure {
    /// What stays.
    pub permanent: f64,
    /// What fades.
    pub transient: f64,
}

impl Pressure {
    /// The factor on the outside price.
    pub fn factor(self) -> f64 {
        (self.permanent + self.transient).exp()
    }
}

/// A trade that was made.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Trade {
    /// Tokens sold or bought.
    pub tokens: f64,
    /// Dollars received or paid, after fees.
    pub dollars: f64,
    /// The log move of the price: negative for a sale.
    pub log_move: f64,
}

/// The log distance that an order book's depth is stated for.
const DEPTH_DISTANCE: f64 = 0.02;

impl Impact {
    /// An impact whose numbers were checked.
    ///
    /// # Errors
    /// [`Error::Parameters`] with every problem.
    pub fn new(venue: Venue, permanent: f64, half_life_days: f64) -> Result<Self> {
        let mut problems = vec![];
        let (size, fee, what) = match venue {
            Venue::ConstantProduct { value_at_one, fee } => (value_at_one, fee, "value_at_one"),
            Venue::OrderBook { depth, fee, .. } => (depth, fee, "depth"),
        };
        if !(size.is_finite() && size > 0.0) {
            problems.push(format!("`impact.{what}` is {size}; give dollars above 0"));
        }
        if !(0.0..1.0).contains(&fee) {
            problems.push(format!("`impact.fee` is {fee}; give a share from 0 to below 1, such as 0.003"));
        }
        if !(0.0..=1.0).contains(&permanent) {
            problems.push(format!("`impact.permanent` is {permanent}; give a share from 0 to 1"));
        }
        if !(half_life_days.is_finite() && half_life_days >= 0.0) {
            problems.push(format!("`impact.half_life_days` is {half_life_days}; give days, 0 or more"));
        }
        if problems.is_empty() {
            Ok(Self { venue, permanent, half_life_days })
        } else {
            Err(Error::Parameters { problems })
        }
    }

    /// Sells `tokens` (0 or more) where the outside price is `price` dollars, and remembers the move in `pressure`.
    pub fn sell(&self, tokens: f64, price: f64, pressure: &mut Pressure) -> Trade {
        let trade = self.quote_sale(tokens, price * pressure.factor());
        self.remember(trade.log_move, pressure);
        trade
    }

    /// Spends `dollars` (0 or more) on the token where its outside price is `price`, and remembers the move.
    pub fn buy(&self, dollars: f64, price: f64, pressure: &mut Pressure) -> Trade {
        let trade = self.quote_purchase(dollars, price * pressure.factor());
        self.remember(trade.log_move, pressure);
        trade
    }

    /// Sells just enough tokens to receive `dollars`, at most `tokens`, and remembers the move. Where no sale brings
    /// so much, all `tokens` are sold.
    pub fn sell_for(&self, dollars: f64, tokens: f64, price: f64, pressure: &mut Pressure) -> Trade {
        let here = price * pressure.factor();
        let all = self.quote_sale(tokens, here);
        let trade = if all.dollars <= dollars {
            all
        } else {
            // Proceeds rise with tokens and are concave: halving finds the sale to the last bit.
            let (mut low, mut high) = (0.0, tokens);
            for _ in 0..200 {
                let middle = 0.5 * (low + high);
                if middle <= low || middle >= high {
                    break;
                }
                if self.quote_sale(middle, here).dollars < dollars { low = middle } else { high = middle }
            }
            self.quote_sale(high, here)
        };
        self.remember(trade.log_move, pressure);
        trade
    }

    /// Lets `days` pass: what fades, fades.
    pub fn rest(&self, days: f64, pressure: &mut Pressure) {
        pressure.transient = if self.half_life_days > 0.0 {
            pressure.transient * (-std::f64::consts::LN_2 * days / self.half_life_days).exp()
        } else if days > 0.0 {
            0.0
        } else {
            pressure.transient
        };
    }

    fn remember(&self, log_move: f64, pressure: &mut Pressure) {
        pressure.permanent += self.permanent * log_move;
        pressure.transient += (1.0 - self.permanent) * log_move;
    }

    fn quote_sale(&self, tokens: f64, price: f64) -> Trade {
        if !(tokens > 0.0 && price > 0.0) {
            return Trade::default();
        }
        match self.venue {
            Venue::ConstantProduct { value_at_one, fee } => {
                // Half of the value is tokens; reserves are L / sqrt(p) tokens and L sqrt(p) dollars.
                let liquidity = 0.5 * value_at_one;
                let (reserve, quote) = (liquidity / price.sqrt(), liquidity * price.sqrt());
                let paid_in = tokens * (1.0 - fee);
                let dollars = quote * paid_in / (reserve + paid_in);
                Trade { tokens, dollars, log_move: -2.0 * (paid_in / reserve).ln_1p() }
            }
            Venue::OrderBook { depth, shape, fee } => {
                let worth = tokens * price / depth;
                let distance = shape.distance(worth);
                Trade { tokens, dollars: (1.0 - fee) * depth * shape.paid(distance), log_move: -distance }
            }
        }
    }

    fn quote_purchase(&self, dollars: f64, price: f64) -> Trade {
        if !(dollars > 0.0 && price > 0.0) {
            return Trade::default();
        }
        match self.venue {
            Venue::ConstantProduct { value_at_one, fee } => {
                let liquidity = 0.5 * value_at_one;
                let (reserve, quote) = (liquidity / price.sqrt(), liquidity * price.sqrt());
                let paid_in = dollars * (1.0 - fee);
                let tokens = reserve * paid_in / (quote + paid_in);
                Trade { tokens, dollars, log_move: 2.0 * (paid_in / quote).ln_1p() }
            }
            Venue::OrderBook { depth, shape, fee } => {
                // Offers are dollars at their own prices: so many dollars reach so far, and buy fewer tokens there.
                let distance = shape.distance(dollars * (1.0 - fee) / depth);
                Trade { tokens: depth * shape.paid(distance) / price, dollars, log_move: distance }
            }
        }
    }
}

impl BookShape {
    /// The log distance within which resting orders are worth `worth` depths at the undisturbed price.
    fn distance(self, worth: f64) -> f64 {
        match self {
            Self::Even => DEPTH_DISTANCE * worth,
            Self::Rising => DEPTH_DISTANCE * worth.sqrt(),
        }
    }

    /// What orders up to this log distance come to, each valued e^-y at its distance y, in depths: the integral of
    /// e^-y over the orders.
    fn paid(self, distance: f64) -> f64 {
        match self {
            Self::Even => -(-distance).exp_m1() / DEPTH_DISTANCE,
            Self::Rising => {
                // 1 - e^-x (1 + x), by its series where the difference would cancel.
                let x = distance;
                let part = if x < 1e-3 {
                    x * x * (0.5 - x * (1.0 / 3.0 - x * (0.125 - x / 30.0)))
                } else {
                    1.0 - (-x).exp() * (1.0 + x)
                };
                2.0 * part / (DEPTH_DISTANCE * DEPTH_DISTANCE)
            }
        }
    }
}
