//! Who did how much, period by period.

use std::collections::BTreeMap;

/// Counts of acts by member and period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Activity {
    /// How many periods were watched.
    pub periods: u32,
    /// By member: the periods in which it acted and how often, in order; no member is without.
    pub members: Vec<Vec<(u32, u32)>>,
    /// Whether the community was watched from its beginning: else members of the first period may be old ones.
    pub from_beginning: bool,
}

impl Activity {
    /// From (member, period) of single acts, in any order; members come out in order of their keys.
    pub fn of_acts<K: Ord>(acts: impl IntoIterator<Item = (K, u32)>, from_beginning: bool) -> Self {
        let mut counts: BTreeMap<K, BTreeMap<u32, u32>> = BTreeMap::new();
        let mut periods = 0;
        for (member, period) in acts {
            *counts.entry(member).or_default().entry(period).or_default() += 1;
            periods = periods.max(period + 1);
        }
        let members = counts.into_values().map(|own| own.into_iter().collect()).collect();
        Self { periods, members, from_beginning }
    }

    /// The first so many periods alone.
    pub fn until(&self, periods: u32) -> Self {
        let members = self
            .members
            .iter()
            .map(|own| own.iter().copied().filter(|act| act.0 < periods).collect::<Vec<_>>());
        Self {
            periods: periods.min(self.periods),
            members: members.filter(|own| !own.is_empty()).collect(),
            from_beginning: self.from_beginning,
        }
    }

    /// How many members act in each period.
    pub fn active(&self) -> Vec<u32> {
        let mut active = vec![0; self.periods as usize];
        self.members.iter().flatten().for_each(|act| active[act.0 as usize] += 1);
        active
    }

    /// How many members act for the first time in each period.
    pub fn joining(&self) -> Vec<u32> {
        let mut joining = vec![0; self.periods as usize];
        self.members.iter().filter_map(|own| own.first()).for_each(|first| joining[first.0 as usize] += 1);
        joining
    }

    /// Of the members who act in a period from `from` on, the share that acts 1, 2, ... `most` periods later too, over all periods
    /// for which it is known before `until`. NaN where nobody is.
    pub fn retention(&self, from: u32, until: u32, most: u32) -> Vec<f64> {
        (1..=most)
            .map(|later| {
                let (mut stay, mut all) = (0_u32, 0_u32);
                for own in &self.members {
                    for &(period, _) in own.iter().filter(|act| act.0 >= from && act.0 + later < until) {
                        all += 1;
                        stay += u32::from(own.binary_search_by_key(&(period + later), |act| act.0).is_ok());
                    }
                }
                f64::from(stay) / f64::from(all)
            })
            .collect()
    }

    /// Of the members who act in one period, the share that acts 1, 2, ... `most` periods later. NaN where nobody does.
    pub fn kept(&self, period: u32, most: u32) -> Vec<f64> {
        let acts = |own: &[(u32, u32)], period: u32| own.binary_search_by_key(&period, |act| act.0).is_ok();
        let there: Vec<_> = self.members.iter().filter(|own| acts(own, period)).collect();
        (1..=most)
            .map(|later| {
                there.iter().filter(|own| acts(own, period + later)).count() as f64 / there.len() as f64
            })
            .collect()
    }

    /// Acts of each member who acts within these periods.
    pub fn acts(&self, from: u32, until: u32) -> Vec<f64> {
        let sums = self.members.iter().map(|own| {
            own.iter().filter(|act| (from..until).contains(&act.0)).map(|act| f64::from(act.1)).sum::<f64>()
        });
        sums.filter(|&sum| sum > 0.0).collect()
    }
}
