//! What a whole DAO is described by.

use serde::{Deserialize, Serialize};

use crate::engine::hazard::LONGEST;
use crate::engine::population::Description;

/// The parameters of a whole DAO. Every term of behaviour is off at 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// The members, where they are drawn.
    pub population: Description,
    /// How many steps pass.
    pub steps: u32,
    /// For how many steps a proposal is open.
    pub window: u32,
    /// How many steps pass between the vote and the payment of what it granted.
    pub delay: u32,
    /// The quorum, in millionths of the supply at the opening.
    pub quorum_millionths: u32,
    /// How proposals come.
    pub arrivals: Arrivals,
    /// How members decide.
    pub behaviour: Behaviour,
    /// Who votes for whom.
    pub delegation: Delegation,
    /// Talk about open proposals.
    pub forum: Forum,
    /// The token's price and its trade.
    pub market: Market,
    /// What the DAO holds and grants.
    pub treasury: Treasury,
    /// What happens from outside, and when.
    pub conditions: Vec<Condition>,
}

/// How proposals come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Arrivals {
    /// By chance, this many a step on average.
    Random(f64),
    /// One every so many steps, from the first.
    Every(u32),
}

/// Terms of the utility of voting and of its direction.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Behaviour {
    /// Weight of the agreement between member and proposal.
    pub ideology: f64,
    /// Pull of the running tally's margin.
    pub herding: f64,
    /// Pull of the margin among the most powerful ([`Behaviour::whale_millionths`]): large holders and delegates.
    pub whale_cue: f64,
    /// Who is powerful: who votes with at least so many millionths of the supply, its own or received.
    pub whale_millionths: u32,
    /// Leaning towards yes whatever is proposed.
    pub approval: f64,
    /// Pull of what the forum says.
    pub persuasion: f64,
    /// How much a granted share of the treasury weighs against yes, times the price's fall from its height.
    pub loss_aversion: f64,
    /// By how much the chance of voting falls when the tally is one-sided, 0 to 1.
    pub contention: f64,
    /// How many times more votes come right after the opening, fading over a twelfth of the window.
    pub opening_burst: f64,
    /// How many times more come right before the end.
    pub deadline_rush: f64,
    /// The share of its attention that a vote costs, 0 to 1.
    pub fatigue: f64,
    /// The share of lost attention that comes back a step, 0 to 1.
    pub recovery: f64,
    /// What voting costs, in money: a holder of value v keeps the share 1 - e^(-v / cost) of its chance.
    pub cost: f64,
}

/// Who votes for whom: the holder itself, or one delegate for all it holds. Received power is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Delegation {
    /// The share of members who delegate at the start, each to a member drawn by power.
    pub share: f64,
    /// The chance that a member reconsiders at a step.
    pub reconsider: f64,
    /// Of those who reconsider, the share who follow somebody else's choice of delegate; the rest take anybody.
    pub imitation: f64,
}

/// Talk about open proposals: posts excite posts.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Forum {
    /// Posts a step on an open proposal that nobody talks about.
    pub posts: f64,
    /// Posts a step that a post excites at first.
    pub excitation: f64,
    /// The share of excitation that fades a step, 0 to 1.
    pub decay: f64,
    /// By how much talk raises the chance of voting, at most: the chance is times 1 + boost x b / (1 + b), b the
    /// excitation.
    pub boost: f64,
}

/// The token's price: a random walk of its logarithm with jumps, and what governance and payments do to it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Market {
    /// The price at the start, in money a token.
    pub price: f64,
    /// Mean of the logarithm's change a step.
    pub drift: f64,
    /// Its standard deviation.
    pub volatility: f64,
    /// Jumps a step.
    pub jumps: f64,
    /// The standard deviation of a jump of the logarithm.
    pub jump_size: f64,
    /// Transfers between members, a member and a step.
    pub transfers: f64,
    /// How far the logarithm falls where a payment of the whole supply is sold, in proportion for less.
    pub impact: f64,
}

impl Default for Market {
    /// A price of 1 that does not move.
    fn default() -> Self {
        Self {
            price: 1.0,
            drift: 0.0,
            volatility: 0.0,
            jumps: 0.0,
            jump_size: 0.0,
            transfers: 0.0,
            impact: 0.0,
        }
    }
}

/// What the DAO holds and grants.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Treasury {
    /// Tokens at the start, in millionths of the members' supply; they do not vote.
    pub native_millionths: u32,
    /// What a proposal asks for, at most, in millionths of the tokens left; uniform below.
    pub ask_millionths: u32,
}

/// What happens from outside: factors and shifts that hold from one step to before another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Condition {
    /// The first step.
    pub from: u32,
    /// The step after the last.
    pub until: u32,
    /// Times the chance of voting.
    pub activity: f64,
    /// Times the arrivals (of [`Arrivals::Random`]).
    pub arrivals: f64,
    /// Times the cost of voting.
    pub cost: f64,
    /// Added to the leaning towards yes.
    pub approval: f64,
    /// Added once, at the first step, to the logarithm of the price.
    pub shock: f64,
}

impl Default for Condition {
    /// Nothing happens.
    fn default() -> Self {
        Self { from: 0, until: 0, activity: 1.0, arrivals: 1.0, cost: 1.0, approval: 0.0, shock: 0.0 }
    }
}

impl Default for Parameters {
    /// Ten thousand members over 720 steps, a proposal in 40 steps, each open for 120; all of behaviour on, at the
    /// middle of what is known.
    fn default() -> Self {
        Self {
            population: Description { activity: 0.000_5, ..Description::default() },
            steps: 720,
            window: 120,
            delay: 24,
            quorum_millionths: 10_000,
            arrivals: Arrivals::Random(0.025),
            behaviour: Behaviour {
                ideology: 1.0,
                herding: 0.75,
                whale_cue: 0.3,
                whale_millionths: 5_000,
                approval: 1.5,
                persuasion: 0.5,
                loss_aversion: 2.25,
                contention: 0.3,
                opening_burst: 2.0,
                deadline_rush: 1.0,
                fatigue: 0.1,
                recovery: 0.01,
                cost: 1.0,
            },
            delegation: Delegation { share: 0.2, reconsider: 0.000_1, imitation: 0.8 },
            forum: Forum { posts: 0.05, excitation: 0.02, decay: 0.05, boost: 0.5 },
            market: Market {
                volatility: 0.01,
                jumps: 0.001,
                jump_size: 0.1,
                transfers: 0.002,
                impact: 1.0,
                ..Market::default()
            },
            treasury: Treasury { native_millionths: 400_000, ask_millionths: 5_000 },
            conditions: vec![],
        }
    }
}

/// The largest mean of a count a step.
const MOST: f64 = 500.0;

impl Parameters {
    /// What is wrong with them, one line a problem.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.population.problems();
        let mut within = |name: &str, value: f64, low: f64, high: f64| {
            if !(low..=high).contains(&value) {
                problems.push(format!("`{name}` is {value}; give a number between {low} and {high}"));
            }
        };
        let most = f64::from(LONGEST);
        within("steps", f64::from(self.steps), 1.0, most);
        within("window", f64::from(self.window), 1.0, most);
        let share = f64::from(self.quorum_millionths);
        within("quorum_millionths", share, 0.0, 1e6);
        match self.arrivals {
            Arrivals::Random(mean) => within("arrivals.random", mean, 0.0, MOST),
            Arrivals::Every(steps) => within("arrivals.every", f64::from(steps), 1.0, most),
        }
        let behaviour = &self.behaviour;
        for (name, value) in [
            ("ideology", behaviour.ideology),
            ("herding", behaviour.herding),
            ("whale_cue", behaviour.whale_cue),
            ("approval", behaviour.approval),
            ("persuasion", behaviour.persuasion),
            ("loss_aversion", behaviour.loss_aversion),
        ] {
            within(&format!("behaviour.{name}"), value, -100.0, 100.0);
        }
        for (name, value) in [
            ("contention", behaviour.contention),
            ("fatigue", behaviour.fatigue),
            ("recovery", behaviour.recovery),
        ] {
            within(&format!("behaviour.{name}"), value, 0.0, 1.0);
        }
        within("behaviour.opening_burst", behaviour.opening_burst, 0.0, 1e6);
        within("behaviour.deadline_rush", behaviour.deadline_rush, 0.0, 1e6);
        within("behaviour.cost", behaviour.cost, 0.0, f64::MAX);
        within("delegation.share", self.delegation.share, 0.0, 1.0);
        within("delegation.reconsider", self.delegation.reconsider, 0.0, 1.0);
        within("delegation.imitation", self.delegation.imitation, 0.0, 1.0);
        within("forum.posts", self.forum.posts, 0.0, MOST);
        within("forum.excitation", self.forum.excitation, 0.0, 10.0);
        within("forum.decay", self.forum.decay, 0.0, 1.0);
        within("forum.boost", self.forum.boost, 0.0, 1e6);
        within("market.price", self.market.price, f64::MIN_POSITIVE, f64::MAX);
        within("market.drift", self.market.drift, -1.0, 1.0);
        within("market.volatility", self.market.volatility, 0.0, 10.0);
        within("market.jumps", self.market.jumps, 0.0, MOST);
        within("market.jump_size", self.market.jump_size, 0.0, 10.0);
        within("market.transfers", self.market.transfers, 0.0, 1.0);
        within("market.impact", self.market.impact, 0.0, 100.0);
        within("treasury.native_millionths", f64::from(self.treasury.native_millionths), 0.0, 4e9);
        within("treasury.ask_millionths", f64::from(self.treasury.ask_millionths), 0.0, 1e6);
        for (at, condition) in self.conditions.iter().enumerate() {
            for (name, value) in
                [("activity", condition.activity), ("arrivals", condition.arrivals), ("cost", condition.cost)]
            {
                within(&format!("conditions[{at}].{name}"), value, 0.0, 1e6);
            }
            within(&format!("conditions[{at}].approval"), condition.approval, -100.0, 100.0);
            within(&format!("conditions[{at}].shock"), condition.shock, -20.0, 20.0);
            let last = f64::from(condition.until);
            within(&format!("conditions[{at}].from"), f64::from(condition.from), 0.0, last);
        }
        if self.forum.excitation >= self.forum.decay && self.forum.excitation > 0.0 {
            problems.push(format!(
                "`forum.excitation` is {} and `forum.decay` {}; excitation has to be smaller, or talk never ends",
                self.forum.excitation, self.forum.decay
            ));
        }
        problems
    }
}
