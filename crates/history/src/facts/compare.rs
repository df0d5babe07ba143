//! Distances between two sets of facts, their bars, and the table of a DAO.

use daotwin_core::statistics::{kolmogorov_smirnov, mean, quantile, wasserstein};
use serde::{Deserialize, Serialize};

use super::bootstrap::Floor;
use super::measure::Facts;

/// The names of the eleven facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactId {
    /// Ballots of each voter.
    VotesPerMember,
    /// Ballots of each proposal.
    VotesPerProposal,
    /// Power of each ballot.
    Power,
    /// Gini coefficient of the voters' mean power.
    PowerGini,
    /// Fewest voters with more than half of the mean power.
    Nakamoto,
    /// Share of repeat ballots with unchanged power.
    UnchangedPower,
    /// Share of a proposal's voters who vote on the next one.
    Persistence,
    /// Share of voters with one ballot.
    OneVoteMembers,
    /// Agreement of pairs among the most active.
    PairAgreement,
    /// Share of power of the winning choice.
    MajorityShare,
    /// Time of a ballot in its window.
    TimeInWindow,
}

/// What a fact is, and how far a synthetic DAO may be from the real one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fact {
    /// Which one.
    pub id: FactId,
    /// Its stable name: `votes_per_member`.
    pub name: &'static str,
    /// Its name in words.
    pub label: &'static str,
    /// What the distance is, in words.
    pub distance: &'static str,
    /// The largest distance accepted, whatever the DAO; see [`Fact::bar`].
    pub bar: f64,
    /// Whether it is a fact about proposals, whose floor looks at bootstraps over proposals too.
    pub about_proposals: bool,
}

const fn fact(
    id: FactId,
    name: &'static str,
    label: &'static str,
    distance: &'static str,
    bar: f64,
    about_proposals: bool,
) -> Fact {
    Fact { id, name, label, distance, bar, about_proposals }
}

const KS: &str = "Kolmogorov-Smirnov distance";
const DIFFERENCE: &str = "absolute difference";

/// The facts, in the order of every table.
pub const FACTS: [Fact; 11] = [
    fact(FactId::VotesPerMember, "votes_per_member", "votes per member", KS, 0.05, false),
    fact(FactId::VotesPerProposal, "votes_per_proposal", "votes per proposal", KS, 0.08, true),
    fact(FactId::Power, "power", "voting power of a ballot, tokens", KS, 0.03, false),
    fact(FactId::PowerGini, "power_gini", "Gini of members' mean power", DIFFERENCE, 0.02, false),
    fact(FactId::Nakamoto, "nakamoto", "Nakamoto coefficient", DIFFERENCE, 2.0, false),
    fact(
        FactId::UnchangedPower,
        "unchanged_power",
        "repeat votes with unchanged power",
        DIFFERENCE,
        0.03,
        false,
    ),
    fact(
        FactId::Persistence,
        "persistence",
        "a proposal's voters who vote on the next",
        DIFFERENCE,
        0.05,
        true,
    ),
    fact(FactId::OneVoteMembers, "one_vote_members", "members with one vote", DIFFERENCE, 0.05, false),
    fact(
        FactId::PairAgreement,
        "pair_agreement",
        "pair agreement of the 150 most active",
        DIFFERENCE,
        0.05,
        false,
    ),
    fact(FactId::MajorityShare, "majority_share", "power share of the winning choice", KS, 0.10, true),
    fact(
        FactId::TimeInWindow,
        "time_in_window",
        "time in the voting window",
        "Wasserstein distance",
        0.03,
        false,
    ),
];

impl Fact {
    /// The largest distance accepted beside this real DAO: `bar`, for the Nakamoto coefficient 20 % of the
    /// real one where that is more.
    pub fn bar(&self, real: &Facts) -> f64 {
        match self.id {
            FactId::Nakamoto => self.bar.max(0.2 * real.nakamoto as f64),
            _ => self.bar,
        }
    }

    /// The distance between two DAOs: 0 where the fact is the same.
    ///
    /// Where the real DAO cannot show a fact (no repeated pair, no time) the distance is 0; where only the
    /// synthetic one cannot, it is the largest possible.
    pub fn distance(&self, real: &Facts, synthetic: &Facts) -> f64 {
        let ks = |list: fn(&Facts) -> &Vec<f64>| {
            if list(real).is_empty() { 0.0 } else { kolmogorov_smirnov(list(real), list(synthetic)) }
        };
        match self.id {
            FactId::VotesPerMember => ks(|facts| &facts.votes_per_member),
            FactId::VotesPerProposal => ks(|facts| &facts.votes_per_proposal),
            FactId::Power => ks(|facts| &facts.power),
            FactId::MajorityShare => ks(|facts| &facts.majority_share),
            FactId::TimeInWindow if real.time_in_window.is_empty() => 0.0,
            // Times lie within 0 and 1, so that no distance is above 1.
            FactId::TimeInWindow => wasserstein(&real.time_in_window, &synthetic.time_in_window).min(1.0),
            _ => match (self.summary(real), self.summary(synthetic)) {
                (Some(a), Some(b)) => (a - b).abs(),
                (Some(_), None) => 1.0,
                (None, _) => 0.0,
            },
        }
    }

    /// The fact as one number: itself, or the median where it is a distribution; `None` where the DAO
    /// cannot show it.
    pub fn summary(&self, facts: &Facts) -> Option<f64> {
        let value = match self.id {
            FactId::VotesPerMember => Facts::median(&facts.votes_per_member),
            FactId::VotesPerProposal => Facts::median(&facts.votes_per_proposal),
            FactId::Power => Facts::median(&facts.power),
            FactId::MajorityShare => Facts::median(&facts.majority_share),
            FactId::TimeInWindow => Facts::median(&facts.time_in_window),
            FactId::PowerGini => facts.gini,
            FactId::Nakamoto => facts.nakamoto as f64,
            FactId::UnchangedPower => facts.unchanged_share,
            FactId::Persistence => facts.persistence,
            FactId::OneVoteMembers => facts.one_vote_share,
            FactId::PairAgreement => facts.pair_agreement,
        };
        value.is_finite().then_some(value)
    }
}

/// How far one fact of a synthetic DAO is from the real one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FactDistance {
    /// The fact.
    pub id: FactId,
    /// Its stable name.
    pub name: &'static str,
    /// The distance.
    pub value: f64,
}

/// The distances of the eleven facts, in the order of [`FACTS`].
pub fn compare(real: &Facts, synthetic: &Facts) -> Vec<FactDistance> {
    FACTS
        .iter()
        .map(|fact| FactDistance { id: fact.id, name: fact.name, value: fact.distance(real, synthetic) })
        .collect()
}

/// Whether a real count lies in the interval of the synthetic ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountCheck {
    /// `contested` or `mismatch`.
    pub name: String,
    /// The name in words.
    pub label: String,
    /// The real count.
    pub real: f64,
    /// The 5th percentile of the synthetic counts.
    pub low: f64,
    /// Their median.
    pub median: f64,
    /// Their 95th percentile.
    pub high: f64,
    /// The real count is within, and where it is 3 or more the synthetic median is not zero.
    pub holds: bool,
}

/// Contested proposals, and proposals whose power winner is not the head-count winner: the real count
/// against the counts of several samples (20 or more for an interval worth its name).
pub fn count_checks(real: &Facts, synthetic: &[Facts]) -> Vec<CountCheck> {
    let check = |name: &str, label: &str, count: fn(&Facts) -> usize| {
        let counts: Vec<f64> = synthetic.iter().map(|facts| count(facts) as f64).collect();
        let real = count(real) as f64;
        let [low, median, high] = [0.05, 0.5, 0.95].map(|q| quantile(&counts, q));
        CountCheck {
            name: name.to_owned(),
            label: label.to_owned(),
            real,
            low,
            median,
            high,
            holds: low <= real && real <= high && (real < 3.0 || median > 0.0),
        }
    };
    vec![
        check("contested", "contested proposals (majority below 60 %)", |facts| facts.contested),
        check("mismatch", "proposals whose power winner is not the head-count winner", |facts| {
            facts.mismatch
        }),
    ]
}

/// One fact of one DAO.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactRow {
    /// The fact.
    pub id: FactId,
    /// Its stable name.
    pub name: String,
    /// Its name in words.
    pub label: String,
    /// The real value; the median where the fact is a distribution; none where the DAO cannot show it.
    pub real: Option<f64>,
    /// The same of the samples, averaged.
    pub synthetic: Option<f64>,
    /// The distance, averaged over samples.
    pub distance: f64,
    /// The distance of each sample.
    pub distances: Vec<f64>,
    /// The bar.
    pub bar: f64,
    /// The 95th percentile of the distance between the DAO and its bootstraps.
    pub floor: f64,
    /// The larger of bar and floor.
    pub tolerance: f64,
    /// Whether the distance is within the tolerance.
    pub holds: bool,
}

/// The facts of one DAO: distance, bar and floor of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FactTable {
    /// The DAO.
    pub dao: String,
    /// The facts, in the order of [`FACTS`].
    pub rows: Vec<FactRow>,
    /// The counts.
    pub counts: Vec<CountCheck>,
}

impl FactTable {
    /// How many facts lie outside their tolerance.
    pub fn outside(&self) -> usize {
        self.rows.iter().filter(|row| !row.holds).count()
    }
}

/// The table of one DAO from its facts, those of its samples, and its floors.
pub fn table(dao: &str, real: &Facts, synthetic: &[Facts], floors: &[Floor]) -> FactTable {
    let rows = FACTS.iter().map(|fact| {
        let distances: Vec<f64> = synthetic.iter().map(|facts| fact.distance(real, facts)).collect();
        let summaries: Vec<f64> = synthetic.iter().filter_map(|facts| fact.summary(facts)).collect();
        let floor = floors.iter().find(|floor| floor.id == fact.id).map_or(0.0, |floor| floor.value);
        let bar = fact.bar(real);
        let (distance, tolerance) = (mean(&distances), bar.max(floor));
        FactRow {
            id: fact.id,
            name: fact.name.to_owned(),
            label: fact.label.to_owned(),
            real: fact.summary(real),
            synthetic: (!summaries.is_empty()).then(|| mean(&summaries)),
            distance,
            distances,
            bar,
            floor,
            tolerance,
            holds: !synthetic.is_empty() && distance <= tolerance,
        }
    });
    FactTable { dao: dao.to_owned(), rows: rows.collect(), counts: count_checks(real, synthetic) }
}
