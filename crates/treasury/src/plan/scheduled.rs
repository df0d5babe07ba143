//! Streams, vesting and grants as they were said, as a schedule in exact integers.

use std::sync::Arc;

use super::Promise;
use super::described::{Described, FlowDescribed};
use super::records::asset_name;
use crate::Result;
use crate::cash::flows::{MONTH, Stream};
use crate::cash::grants::{DECENTRALAND, Grant, Milestone, Success};
use crate::cash::schedule::{Chance, Paid, Schedule, base_units, second, tokens};

/// What is paid in where nobody says otherwise.
const DOLLARS: &str = "USDC";

/// The schedule, and its promises as the report shows them. `worth` says what a token of an asset is worth at the start, in
/// dollars; assets that it does not know are problems. Ranges and contradictions were found by [`Described::read`].
pub(super) fn build(
    described: &Described,
    months: usize,
    worth: &dyn Fn(&str) -> Option<f64>,
    problems: &mut Vec<String>,
    assumptions: &mut Vec<String>,
) -> Result<(Schedule, Vec<Promise>)> {
    let mut schedule = Schedule::default();
    let mut promises = vec![];
    let mut priced = |place: String, asset: Option<&String>, assets: &mut Vec<Paid>| {
        let name = asset_name(asset.map_or(DOLLARS, String::as_str));
        let Some(price) = worth(&name) else {
            problems.push(format!(
                "`{place}.asset` is `{name}`, of which there is no price; give dollars, or an asset that the treasury holds and \
                 whose `price` is known"
            ));
            return None;
        };
        if !assets.iter().any(|paid| paid.name == name) {
            assets.push(Paid { name: name.clone(), price });
        }
        Some((name, price))
    };
    let end = second(months as i64);
    let mut elsewhere = vec![];
    for (kind, table, flows) in
        [("stream", "streams", &described.streams), ("vesting", "vesting", &described.vesting)]
    {
        for flow in flows {
            let place = format!("{table}.{}", flow.name);
            let Some((asset, price)) = priced(place, flow.asset.as_ref(), &mut schedule.assets) else {
                continue;
            };
            let stream = stream(flow, kind == "vesting", &asset);
            let within = stream.due(end) - stream.due(second(0));
            if price.to_bits() != 1.0_f64.to_bits() {
                elsewhere.push(format!("`{}`", flow.name));
            }
            promises.push(Promise {
                kind,
                name: flow.name.clone(),
                asset,
                tokens: tokens(stream.total),
                months: (flow.start.unwrap_or(0), flow.end.unwrap_or(0)),
                dollars: tokens(within) * price,
            });
            schedule.streams.push(stream);
        }
    }
    let mut learned: Option<Arc<Success>> = None;
    for grant in &described.grants {
        let place = format!("grants.{}", grant.name);
        let Some((asset, price)) = priced(place, grant.asset.as_ref(), &mut schedule.assets) else {
            continue;
        };
        let milestones: Vec<(i64, u128)> = grant
            .milestones
            .iter()
            .map(|milestone| (milestone.month.unwrap_or(1), base_units(milestone.amount.unwrap_or(0.0))))
            .collect();
        let chance = match (grant.success, grant.prior) {
            (Some(success), _) => Chance::Known(success),
            (None, Some([successes, failures])) => Chance::Beta(successes, failures),
            (None, None) => {
                let known = match learned.take() {
                    Some(known) => known,
                    None => Arc::new(Success::fit(&DECENTRALAND)?),
                };
                Chance::Learned(learned.insert(known).clone())
            }
        };
        let sum = |until: i64| -> u128 {
            milestones.iter().filter(|(month, _)| *month <= until).map(|(_, amount)| amount).sum()
        };
        if price.to_bits() != 1.0_f64.to_bits() {
            elsewhere.push(format!("`{}`", grant.name));
        }
        promises.push(Promise {
            kind: "grant",
            name: grant.name.clone(),
            asset: asset.clone(),
            tokens: tokens(sum(i64::MAX)),
            months: (
                milestones.first().map_or(0, |milestone| milestone.0),
                milestones.last().map_or(0, |milestone| milestone.0),
            ),
            dollars: tokens(sum(months as i64)) * price,
        });
        let grant = Grant {
            name: grant.name.clone(),
            asset,
            recipient: grant.name.clone(),
            milestones: milestones
                .iter()
                .map(|&(month, amount)| Milestone { at: second(month), amount })
                .collect(),
            judged: 0,
            ended: false,
        };
        schedule.grants.push((grant, chance));
    }
    if let Some(learned) = learned {
        assumptions.push(format!(
            "a milestone of a grant without `success` or `prior` is met with a chance drawn path by path from outcomes of another \
             DAO's grants (Decentraland), {:.0} % on average",
            100.0 * learned.mean(usize::MAX)
        ));
    }
    if !elsewhere.is_empty() {
        assumptions.push(format!(
            "what is promised in tokens is a bill of what they are worth when it is due, and is paid as other bills are: {}",
            elsewhere.join(", ")
        ));
    }
    Ok((schedule, promises))
}

fn stream(flow: &FlowDescribed, vesting: bool, asset: &str) -> Stream {
    let start = flow.start.unwrap_or(0);
    let seconds = second(flow.end.unwrap_or(start)).saturating_sub(second(start));
    let total = base_units(flow.amount.unwrap_or(0.0));
    let mut stream = Stream::new(&flow.name, asset, &flow.name, total, second(start), seconds);
    if vesting {
        stream.cliff = flow.cliff.unwrap_or(0).unsigned_abs() * MONTH;
        stream.step = MONTH;
    }
    stream
}
