//! How people answer what happens: the behaviours that a scenario can switch on.
//!
//! A rehearsal draws its ballots from a model of the DAO: what the model learned of a member is the base of the member's
//! utility. A behaviour adds strength x term to one of two sums, the logarithm of the rate at which the member comes to
//! vote, and the logarithm of its odds for against (Downs 1957; Riker and Ordeshook 1968 for the terms of turnout). What
//! happens in the world ([`conditions`](super::conditions)) adds to the same sums. Terms are 0 in the DAO's own ordinary
//! state, which the model has learned; a behaviour says what people make of a departure from it.

pub mod terms;
#[cfg(test)]
mod test;

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::engine::math;
use terms::State;

/// What is known of a strength before a DAO is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "distribution", rename_all = "snake_case")]
pub enum Prior {
    /// The absolute value of a normal number with mean 0.
    HalfNormal {
        /// Its standard deviation.
        scale: f64,
    },
    /// Normal.
    Normal {
        /// Mean.
        mean: f64,
        /// Standard deviation.
        deviation: f64,
    },
    /// Uniform.
    Uniform {
        /// Least.
        low: f64,
        /// Greatest.
        high: f64,
    },
    /// Lognormal.
    Lognormal {
        /// Median.
        median: f64,
        /// Standard deviation of the logarithm.
        spread: f64,
    },
}

impl Prior {
    /// The quantile of this probability.
    pub fn quantile(self, probability: f64) -> f64 {
        match self {
            Self::HalfNormal { scale } => scale * math::normal_quantile(0.5 + probability / 2.0),
            Self::Normal { mean, deviation } => mean + deviation * math::normal_quantile(probability),
            Self::Uniform { low, high } => low + (high - low) * probability,
            Self::Lognormal { median, spread } => {
                median * math::exp(spread * math::normal_quantile(probability))
            }
        }
    }
}

impl std::fmt::Display for Prior {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::HalfNormal { scale } => write!(formatter, "half-normal, scale {scale}"),
            Self::Normal { mean, deviation } => {
                write!(formatter, "normal, mean {mean}, deviation {deviation}")
            }
            Self::Uniform { low, high } => write!(formatter, "uniform, {low} to {high}"),
            Self::Lognormal { median, spread } => {
                write!(formatter, "lognormal, median {median}, spread {spread}")
            }
        }
    }
}

/// Where a behaviour acts.
#[derive(Debug, Clone, Copy)]
pub enum Acts {
    /// On the logarithm of the rate of voting.
    Vote(fn(&State) -> f64),
    /// On the logarithm of the odds for against.
    Side(fn(&State) -> f64),
    /// On both.
    Both(fn(&State) -> f64, fn(&State) -> f64),
    /// On when ballots come.
    Time,
    /// On who votes for whom.
    Delegation,
}

impl Acts {
    /// In words.
    pub fn on(self) -> &'static str {
        match self {
            Self::Vote(_) => "rate of voting",
            Self::Side(_) => "odds for against",
            Self::Both(..) => "rate of voting, odds for against",
            Self::Time => "when ballots come",
            Self::Delegation => "who votes for whom",
        }
    }
}

impl Serialize for Acts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.on())
    }
}

/// A behaviour.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Behaviour {
    /// Its key in a scenario's `[behaviours]`.
    pub name: &'static str,
    /// What people do, in a sentence.
    pub what: &'static str,
    /// Where it acts.
    pub acts: Acts,
    /// The term that its strength multiplies, exactly.
    pub formula: &'static str,
    /// What is known of its strength.
    pub prior: Prior,
    /// Least and greatest strength.
    pub bounds: (f64, f64),
    /// Where term or prior are from; "assumed" where nothing was found.
    pub evidence: &'static str,
}

/// How strong a behaviour is in a scenario.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Strength {
    /// Nobody does it.
    Off,
    /// Every run draws it from the prior.
    Prior,
    /// This.
    Fixed(f64),
}

impl std::fmt::Display for Strength {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Off => formatter.write_str("off"),
            Self::Prior => formatter.write_str("prior"),
            Self::Fixed(strength) => write!(formatter, "{strength}"),
        }
    }
}

impl Serialize for Strength {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(strength) => serializer.serialize_f64(*strength),
            other => serializer.collect_str(other),
        }
    }
}

/// What a scenario says of behaviours, by name; what it does not name is off.
pub type Behaviours = BTreeMap<&'static str, Strength>;

const HALF: (f64, f64) = (0.0, 10.0);
const WHOLE: (f64, f64) = (-10.0, 10.0);

/// Every behaviour, in the order in which they are listed.
pub const BEHAVIOURS: &[Behaviour] = &[
    Behaviour {
        name: "apathy",
        what: "who seldom votes stays away first when voting loses its appeal",
        acts: Acts::Vote(terms::apathy),
        formula: "(1 - habit) x sum of the logarithms of all factors below 1 that conditions put on turnout; habit: share of the last 20 or so proposals that the member voted on",
        prior: Prior::HalfNormal { scale: 0.5 },
        bounds: HALF,
        evidence: "passive members cast 0.4 to 5 % of their ballots, active ones 16 to 76 % (profiles of 14 DAOs); how they answer is assumed",
    },
    Behaviour {
        name: "cost",
        what: "fees keep small holders away, beyond the one-for-one of `fee_spike`",
        acts: Acts::Vote(terms::cost),
        formula: "ln(w / (w + cost)) for power w, with the `cost` of every `fee_spike` that holds",
        prior: Prior::HalfNormal { scale: 0.5 },
        bounds: HALF,
        evidence: "Lil Nouns: daily voters fall as gas prices rise, on dear days only holders of more than 3 tokens vote; Compound: unfairly expensive for small holders (arXiv 2305.17655); size assumed",
    },
    Behaviour {
        name: "duty",
        what: "who votes out of duty comes whatever happens",
        acts: Acts::Vote(terms::duty),
        formula: "-habit x sum of the logarithms of all factors below 1 that conditions put on turnout",
        prior: Prior::Uniform { low: 0.0, high: 1.0 },
        bounds: (0.0, 1.0),
        evidence: "duty as a term of turnout: Riker and Ordeshook 1968; delegates cast 50 to 70 % of their ballots (profiles of 14 DAOs); size assumed",
    },
    Behaviour {
        name: "pivotality",
        what: "more come while their ballots can decide, fewer once it is decided",
        acts: Acts::Vote(terms::pivotality),
        formula: "open - its mean over the DAO's ballots; open: 1 - |share for - share against| of the tally so far, or the part of the quorum that is met while it is not, whichever is greater; 0 where ballots are shielded",
        prior: Prior::HalfNormal { scale: 0.5 },
        bounds: HALF,
        evidence: "Downs 1957; exit polls that told the result cut turnout by 11 points (Morton et al. 2015); Compound 289 drew more voters than its earlier attempts; size in DAOs assumed",
    },
    Behaviour {
        name: "quorum_effort",
        what: "voters for a proposal are called until its quorum is met",
        acts: Acts::Vote(terms::quorum_effort),
        formula: "1 for ballots for, in the second half of the window, while the side for leads and the quorum is not met; not centred: fitted to the records' share of proposals that pass, where they are given",
        prior: Prior::HalfNormal { scale: 2.0 },
        bounds: HALF,
        evidence: "a model without it passes 65 % of Compound Bravo's proposals, records 78 %; Indexed (2023) stopped an attack by recalled voters; fitted where records are given, assumed otherwise",
    },
    Behaviour {
        name: "relief",
        what: "voters stay at home once a quorum is met and the side for leads",
        acts: Acts::Vote(terms::relief),
        formula: "-1 while the side for leads and a quorum is met, 0 where there is none or ballots are shielded; not centred: fitted with `quorum_effort`, so that voters stay as many as were learned",
        prior: Prior::HalfNormal { scale: 0.3 },
        bounds: HALF,
        evidence: "exit polls that told the result cut turnout by 11 points (Morton et al. 2015); the model's level holds those who were called, so that somebody else must have stayed away; fitted where records are given, assumed otherwise",
    },
    Behaviour {
        name: "ideology",
        what: "members keep to their own record of siding, more (positive) or less (negative) than was learned",
        acts: Acts::Side(terms::ideology),
        formula: "ln(odds for against of the member's earlier ballots, with two of the DAO's own added) - ln(the DAO's odds)",
        prior: Prior::Normal { mean: 0.0, deviation: 0.5 },
        bounds: WHOLE,
        evidence: "the model has learned how members side; how much sharper or softer they are under change is assumed",
    },
    Behaviour {
        name: "herding",
        what: "members join the side that leads, where they see the tally",
        acts: Acts::Side(terms::herding),
        formula: "(share for - share against of the tally so far) - its mean over the DAO's ballots; 0 where ballots are shielded",
        prior: Prior::Uniform { low: 0.0, high: 1.5 },
        bounds: WHOLE,
        evidence: "exit polls raised votes for the winner in French elections (Morton et al. 2015); range assumed",
    },
    Behaviour {
        name: "whale_cue",
        what: "members follow the largest ballots",
        acts: Acts::Side(terms::whale_cue),
        formula: "(power for - power against among the three largest ballots so far) / their power - its mean over the DAO's ballots; not for the three most powerful; 0 where ballots are shielded",
        prior: Prior::Uniform { low: 0.0, high: 1.0 },
        bounds: WHOLE,
        evidence: "the top 5 % change more than a tenth of outcomes in 27 % of 60 DAOs; powerful voters rarely overturn the crowd in Compound, Uniswap and ENS (Fritsch et al. 2024); range assumed",
    },
    Behaviour {
        name: "delegate_cue",
        what: "members follow the best-known delegates",
        acts: Acts::Side(terms::delegate_cue),
        formula: "mean side (1 for, -1 against) of the ballots so far of the ten most powerful members - its mean over the DAO's ballots; not for those ten; 0 where ballots are shielded",
        prior: Prior::HalfNormal { scale: 0.5 },
        bounds: WHOLE,
        evidence: "one delegate holds half of ENS's delegated power (arXiv 2510.05830); MakerDAO's delegators reward good delegates; size assumed",
    },
    Behaviour {
        name: "delegation_inertia",
        what: "who delegated keeps the delegate, and takes the power back only now and then",
        acts: Acts::Delegation,
        formula: "with the condition `delegation`: the chance is 1 - e^-strength on each proposal on which the delegate votes against the side that the member would have taken; 0 is full inertia",
        prior: Prior::HalfNormal { scale: 0.05 },
        bounds: HALF,
        evidence: "more than 90 % of dYdX's delegates never voted and kept their power; MakerDAO's delegators do reward good ones: signs are mixed; size assumed",
    },
    Behaviour {
        name: "status_quo",
        what: "who is not sure refuses change",
        acts: Acts::Side(terms::status_quo),
        formula: "-(share of the price that is lost + the `doubt` of `exploit_news`)",
        prior: Prior::HalfNormal { scale: 1.0 },
        bounds: WHOLE,
        evidence: "in ordinary times DAOs approve: 86 % of Snapshot's ballots are yes, 89 % of Compound's power; under uncertainty assumed",
    },
    Behaviour {
        name: "timing",
        what: "the largest wait for the end of the window",
        acts: Acts::Time,
        formula: "what is left of the window when one of the largest 5 % (three at least) votes is raised to the power of 1 + strength",
        prior: Prior::HalfNormal { scale: 1.0 },
        bounds: HALF,
        evidence: "no published figure for DAOs was found; assumed",
    },
    Behaviour {
        name: "loss_aversion",
        what: "a fall of the price weighs more than its size, in turnout and in agreement",
        acts: Acts::Both(terms::loss_aversion, terms::loss_aversion),
        formula: "sum of sensitivity x ln(price factor) over falls (`downturn` with its `sensitivity`, `price_shock` with 0.3): a strength of lambda - 1 makes turnout fall lambda times as far, and the odds with it",
        prior: Prior::Lognormal { median: 1.25, spread: 0.3 },
        bounds: HALF,
        evidence: "lambda of about 2.25 (Tversky and Kahneman 1992); that it carries over to ballots is assumed",
    },
    Behaviour {
        name: "vote_selling",
        what: "members who would stay at home come to sell their vote",
        acts: Acts::Vote(terms::vote_selling),
        formula: "ln(price / the member's reservation price) where positive, with the `bribe` that holds; who comes by it votes for and is paid while the budget lasts. The condition's `median` and `spread` are the prior of reservation prices",
        prior: Prior::Uniform { low: 0.0, high: 1.0 },
        bounds: HALF,
        evidence: "0.0652 ETH for 20.1 M ARB and 5 ETH for 19.3 M ARB in public vote markets: prices a token from 3e-9 to 2.6e-7 ETH; who sells is assumed",
    },
    Behaviour {
        name: "attention",
        what: "many proposals at once tire members; they recover in about a week",
        acts: Acts::Vote(terms::attention),
        formula: "-(ln(load) - its mean over the DAO's proposals); load: proposals open at the start, and closed ones with e^-(days / 7), times the `factor` of every `fatigue` that holds",
        prior: Prior::HalfNormal { scale: 0.2 },
        bounds: WHOLE,
        evidence: "Synthetify (2023): nine empty proposals before the tenth; size and recovery assumed",
    },
    Behaviour {
        name: "decline",
        what: "members fade over the years, beyond what was learned; negative: they warm up",
        acts: Acts::Vote(terms::decline),
        formula: "-(years since the member's first ballot - its mean over the DAO's ballots)",
        prior: Prior::Normal { mean: 0.0, deviation: 0.25 },
        bounds: WHOLE,
        evidence: "Compound's voters fell back after 2022, those of ICP's SNS DAOs were sustained or rose (arXiv 2507.20234): signs differ",
    },
    Behaviour {
        name: "reactivation",
        what: "members who fell silent come back when something is contested",
        acts: Acts::Vote(terms::reactivation),
        formula: "(1 - e^-(days since the member's last ballot / 90)) x (1 - |share for - share against| of the tally so far - its mean over the DAO's ballots); 0 where ballots are shielded",
        prior: Prior::HalfNormal { scale: 1.0 },
        bounds: WHOLE,
        evidence: "Compound's unique voters spiked on contested proposals in 2022 and fell back; size assumed",
    },
];

/// The behaviour with this name, and its place.
pub fn find(name: &str) -> Option<(usize, &'static Behaviour)> {
    BEHAVIOURS.iter().enumerate().find(|(_, behaviour)| behaviour.name == name)
}

/// All of them, with strengths from their priors.
pub fn all() -> Behaviours {
    BEHAVIOURS.iter().map(|behaviour| (behaviour.name, Strength::Prior)).collect()
}
