//! A Coordinape circle: published gifts, points received and tokens paid.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::Result;
use crate::rewards::gift_circle::GiftCircle;
use crate::rewards::{Give, Reward, Round, metrics};

/// A gift as published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gift {
    /// Who gave.
    pub sender: u64,
    /// Who received.
    pub recipient: u64,
    /// Points.
    pub points: u64,
}

/// A member as published.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// Who.
    pub id: u64,
    /// Points received.
    pub received: u64,
    /// Tokens paid.
    pub paid: f64,
}

/// How the replay stands to what was published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Replay {
    /// Members of the published list.
    pub members: usize,
    /// Gifts.
    pub gifts: usize,
    /// Points in all gifts.
    pub points: u64,
    /// Members whose points are those of the gifts to them.
    pub received_equal: usize,
    /// Members with published points but without a gift in the published list, and their points.
    pub without_gift: (usize, u64),
    /// Members with gifts whose payment is the published one within a token unit of 1e-6.
    pub paid_equal: usize,
    /// Members with gifts.
    pub with_gift: usize,
    /// What was published as paid to members without a gift, as a share of the budget.
    pub paid_without_gift: f64,
    /// Inequality of payments over the list: published, and of the replay.
    pub inequality: (f64, f64),
    /// The share of given points that comes back: the smaller one of what two members gave each other, twice, over all points.
    pub mutual: f64,
    /// The most points that one sender gave away.
    pub most_sent: u64,
}

/// Replays a circle with this budget in whole tokens; payments are computed in 10^-6 tokens.
///
/// # Errors
/// What [`Reward::pay`] refuses.
pub fn replay(gifts: &[Gift], members: &[Member], budget: u128) -> Result<Replay> {
    let mut places: BTreeMap<u64, u32> = BTreeMap::new();
    let ids = members.iter().map(|member| member.id);
    for id in ids.chain(gifts.iter().flat_map(|gift| [gift.sender, gift.recipient])) {
        let next = places.len() as u32;
        places.entry(id).or_insert(next);
    }
    let gives: Vec<Give> = gifts
        .iter()
        .map(|gift| Give { from: places[&gift.sender], to: places[&gift.recipient], points: gift.points })
        .collect();
    let mut sent: BTreeMap<u32, u64> = BTreeMap::new();
    let mut pairs: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for give in &gives {
        *sent.entry(give.from).or_default() += give.points;
        *pairs.entry((give.from, give.to)).or_default() += give.points;
    }
    let points: u64 = gives.iter().map(|give| give.points).sum();
    let back: u64 = pairs
        .iter()
        .map(|(&(from, to), &given)| given.min(pairs.get(&(to, from)).copied().unwrap_or_default()))
        .sum();
    let round =
        Round { members: places.len(), budget: budget * 1_000_000, gives: gives.clone(), ..Round::default() };
    let paid = GiftCircle.pay(&round)?;
    let received = crate::rewards::gift_circle::received(places.len(), &gives);
    let mut result = Replay {
        members: members.len(),
        gifts: gifts.len(),
        points,
        received_equal: 0,
        without_gift: (0, 0),
        paid_equal: 0,
        with_gift: 0,
        paid_without_gift: 0.0,
        inequality: (0.0, metrics::inequality(&paid[..members.len()])),
        mutual: back as f64 / points as f64,
        most_sent: sent.values().copied().max().unwrap_or_default(),
    };
    for member in members {
        let place = places[&member.id] as usize;
        result.received_equal += usize::from(received[place] == u128::from(member.received));
        if received[place] == 0 && member.received > 0 {
            result.without_gift.0 += 1;
            result.without_gift.1 += member.received;
            result.paid_without_gift += member.paid / budget as f64;
        } else {
            result.with_gift += 1;
            result.paid_equal += usize::from((paid[place] as f64 / 1e6 - member.paid).abs() <= 1.000_001e-6);
        }
    }
    let published: Vec<f64> = members.iter().map(|member| member.paid).collect();
    result.inequality.0 = daotwin_core::statistics::gini(&published);
    Ok(result)
}
