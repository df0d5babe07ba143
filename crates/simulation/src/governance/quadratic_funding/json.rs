//! Cases of the rule as JSON: gifts, a pot, and how it is matched.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Clusters, Fit, Gift, Ledger, Matching, Similarity, matches, share_out};
use crate::governance::replay::Names;
use crate::governance::{read_case, write_outcome};
use crate::{Error, Result};

pub(super) const EXAMPLE: &str = r#"{
    "matching": {"pairwise": {"m": 0.01}}, "pot": 1000, "cap": 0.8,
    "gifts": [
        {"by": "ann", "to": "bridge", "amount": 4}, {"by": "bob", "to": "bridge", "amount": 9},
        {"by": "ann", "to": "well", "amount": 1}, {"by": "bob", "to": "well", "amount": 1},
        {"by": "cleo", "to": "well", "amount": 16}
    ]}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    matching: Kind,
    pot: f64,
    #[serde(default)]
    fit: Fit,
    cap: Option<f64>,
    gifts: Vec<Given>,
    /// By donor, by cluster: a weight. Where it is left out every project is the cluster of its donors.
    clusters: Option<BTreeMap<String, BTreeMap<String, f64>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Kind {
    Plain {},
    Pairwise {
        m: f64,
    },
    Cluster {
        #[serde(default)]
        similarity: Similarity,
        #[serde(default = "harsh")]
        harsh: bool,
    },
}

const fn harsh() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    by: String,
    to: String,
    amount: f64,
}

#[derive(Debug, Serialize)]
struct Funded {
    given: f64,
    donors: usize,
    raw: f64,
    matched: f64,
}

#[derive(Debug, Serialize)]
struct Outcome {
    projects: BTreeMap<String, Funded>,
}

/// Clusters that a case may have: the work grows with their square.
const MOST_CLUSTERS: usize = 2_000;
/// Donors times clusters that a case may have: what is held in memory.
const MOST_CELLS: usize = 50_000_000;
/// Pairs of donors to one project that a case may have, over all projects.
const MOST_PAIRS: usize = 2_000_000_000;
/// Gifts above this have no exact sums any more.
const MOST: f64 = 1e15;

fn problems(case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    let mut amount = |what: String, value: f64| {
        if !(0.0..=MOST).contains(&value) {
            problems.push(format!("{what} is {value}; it must be from 0 to 10^15"));
        }
    };
    amount("`pot`".to_owned(), case.pot);
    for (place, gift) in case.gifts.iter().enumerate() {
        amount(format!("`gifts[{place}].amount`"), gift.amount);
    }
    for (donor, own) in case.clusters.iter().flatten() {
        for (cluster, &weight) in own {
            amount(format!("`clusters.{donor}.{cluster}`"), weight);
        }
    }
    if let Kind::Pairwise { m } = case.matching
        && !(m > 0.0 && m <= MOST)
    {
        problems.push(format!("`matching.pairwise.m` is {m}; it must be above 0 and at most 10^15"));
    }
    if let Some(cap) = case.cap
        && !(cap > 0.0 && cap <= 1.0)
    {
        problems.push(format!("`cap` is {cap}; it is a share of the pot, above 0 and at most 1"));
    }
    if case.fit == Fit::None && case.cap.is_some() {
        problems
            .push("`cap` needs a `fit` of `pot` or `down`; with `none` there is no pot to cap".to_owned());
    }
    if case.clusters.is_some() && !matches!(case.matching, Kind::Cluster { .. }) {
        problems.push("`clusters` is for the matching `cluster` alone; leave it out".to_owned());
    }
    if case.pot <= 0.0 && case.fit != Fit::None {
        problems.push("`pot` is empty; there is nothing to match with".to_owned());
    }
    problems
}

pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    Error::refuse(rule, problems(&case))?;
    // Numbers in the order of names, so that the order of a case's lines changes no sum.
    let number = |names: BTreeSet<&String>| {
        let mut numbers = Names::default();
        for name in names {
            numbers.number(name);
        }
        numbers
    };
    let mut donors = number(
        case.gifts
            .iter()
            .map(|gift| &gift.by)
            .chain(case.clusters.iter().flatten().map(|(donor, _)| donor))
            .collect(),
    );
    let mut projects = number(case.gifts.iter().map(|gift| &gift.to).collect());
    let mut groups = number(case.clusters.iter().flatten().flat_map(|(_, own)| own.keys()).collect());
    let gifts: Vec<Gift> = case
        .gifts
        .iter()
        .map(|gift| Gift {
            donor: donors.number(&gift.by),
            project: projects.number(&gift.to),
            amount: gift.amount,
        })
        .collect();
    let ledger = Ledger::new(&gifts, donors.all().count(), projects.all().count());
    let clusters = case.clusters.as_ref().map_or_else(
        || Clusters::of_gifts(&ledger),
        |clusters| {
            let memberships: Vec<_> = clusters
                .iter()
                .flat_map(|(donor, own)| own.iter().map(move |(cluster, &weight)| (donor, cluster, weight)))
                .map(|(donor, cluster, weight)| (donors.number(donor), groups.number(cluster), weight))
                .collect();
            Clusters::new(&memberships, donors.all().count(), groups.all().count())
        },
    );
    let (members, count) = (donors.all().count(), clusters.count());
    let pairs: usize = (0..ledger.projects()).map(|project| ledger.of(project).len().pow(2) / 2).sum();
    let mut large = Vec::new();
    if matches!(case.matching, Kind::Cluster { .. })
        && (count > MOST_CLUSTERS || members * count > MOST_CELLS)
    {
        large.push(format!(
            "{members} donors in {count} clusters; at most {MOST_CLUSTERS} clusters and {MOST_CELLS} pairs of both are taken"
        ));
    }
    if matches!(case.matching, Kind::Pairwise { .. }) && pairs > MOST_PAIRS {
        large.push(format!("{pairs} pairs of donors; at most {MOST_PAIRS} are taken"));
    }
    Error::refuse(rule, large)?;
    let matching = match case.matching {
        Kind::Plain {} => Matching::Plain,
        Kind::Pairwise { m } => Matching::Pairwise { m },
        Kind::Cluster { similarity, harsh } => Matching::Cluster { similarity, harsh },
    };
    let raw = matches(&ledger, matching, &clusters);
    let matched = share_out(&raw, case.pot, case.fit, case.cap);
    let funded = |project: usize| Funded {
        given: ledger.given(project),
        donors: ledger.of(project).len(),
        raw: raw[project],
        matched: matched[project],
    };
    let projects =
        projects.all().map(|(project, name)| (name.to_owned(), funded(project as usize))).collect();
    write_outcome(rule, &Outcome { projects })
}
