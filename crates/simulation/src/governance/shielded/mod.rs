//! Shielded voting: ballots stay encrypted until the vote closes, so that nobody can follow a running tally.
//!
//! The key is shared among n keypers, any k of whom can put it together: k of them can keep the secret or break it, and
//! the ballots are lost where fewer than k answer after the close. [`Ballots`] says what can be seen, when and by whom;
//! [`chance_of_break`] and [`chance_of_loss`] what k of n is worth. No cryptography is run: a simulation needs to know who
//! may know what, not the group elements.

mod json;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Amount, Card, Family, Rule};
use crate::Result;

/// Who holds the key, and when the ballots are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The first second in which no ballot is taken any more.
    pub closes_at: u64,
    /// How many hold a share of the key.
    pub keypers: u32,
    /// How many are needed to open a ballot.
    pub threshold: u32,
}

/// Keypers in number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Keypers {
    /// Who give their shares away before the close.
    pub colluding: u32,
    /// Who give their shares after the close (those who collude among them).
    pub answering: u32,
}

/// What can be seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Ballots: who voted is public.
    pub ballots: u64,
    /// Their power, which is public too.
    pub power: Amount,
    /// Power by choice; none where the ballots cannot be opened.
    pub tally: Option<Vec<Amount>>,
}

/// Ballots under encryption. O(1) a ballot.
#[derive(Debug, Clone)]
pub struct Ballots {
    settings: Settings,
    ballots: u64,
    power: u128,
    tally: Vec<u128>,
    voted: Vec<Option<(u32, u128)>>,
}

impl Ballots {
    /// A vote on so many choices.
    pub fn new(settings: Settings, choices: usize) -> Self {
        Self { settings, ballots: 0, power: 0, tally: vec![0; choices], voted: Vec::new() }
    }

    /// Casts a ballot; the last of a voter counts, as it replaces the ciphertext. A choice that there is none of makes a
    /// ballot that cannot be counted once it is opened: nobody can tell before. Tells whether it was taken, which it is
    /// not from the close on.
    pub fn cast(&mut self, now: u64, voter: u32, choice: u32, power: Amount) -> bool {
        if now >= self.settings.closes_at {
            return false;
        }
        let place = voter as usize;
        let before = self.voted.get(place).copied().flatten();
        let Some(all) = (self.power - before.map_or(0, |(_, power)| power)).checked_add(power.0) else {
            return false;
        };
        if self.voted.len() <= place {
            self.voted.resize(place + 1, None);
        }
        match before {
            Some((choice, power)) => {
                if let Some(sum) = self.tally.get_mut(choice as usize) {
                    *sum -= power;
                }
            }
            None => self.ballots += 1,
        }
        self.voted[place] = Some((choice, power.0));
        if let Some(sum) = self.tally.get_mut(choice as usize) {
            *sum += power.0;
        }
        self.power = all;
        true
    }

    /// What the public sees: before the close no tally; after it the tally where enough keypers have answered.
    pub fn public(&self, now: u64, keypers: Keypers) -> Seen {
        self.seen(now >= self.settings.closes_at && keypers.answering >= self.settings.threshold)
    }

    /// What those keypers see who collude: the running tally, where they are enough.
    pub fn colluders(&self, now: u64, keypers: Keypers) -> Seen {
        let enough = keypers.colluding >= self.settings.threshold;
        if enough { self.seen(true) } else { self.public(now, keypers) }
    }

    fn seen(&self, open: bool) -> Seen {
        let tally = open.then(|| self.tally.iter().map(|&power| Amount(power)).collect());
        Seen { ballots: self.ballots, power: Amount(self.power), tally }
    }
}

/// The chance that at least `least` of `n` happen, each with chance `p` by itself. O(n); the same bits everywhere.
fn at_least(n: u32, least: u32, p: f64) -> f64 {
    // One after another, who counts: chances of 0, 1, ... of those so far.
    let mut chances = vec![0.0; n as usize + 1];
    chances[0] = 1.0;
    for seen in 0..n as usize {
        for count in (0..=seen).rev() {
            chances[count + 1] += chances[count] * p;
            chances[count] *= 1.0 - p;
        }
    }
    chances.iter().skip(least as usize).rev().sum()
}

/// The chance that the running tally leaks, where each keyper colludes with this chance: at least k of n. O(n^2).
pub fn chance_of_break(settings: Settings, colludes: f64) -> f64 {
    at_least(settings.keypers, settings.threshold, colludes)
}

/// The chance that the ballots are lost, where each keyper fails to answer with this chance: more than n - k of n. O(n^2).
pub fn chance_of_loss(settings: Settings, fails: f64) -> f64 {
    at_least(settings.keypers, settings.keypers - settings.threshold + 1, fails)
}

/// The rule's line in the registry.
#[derive(Debug)]
pub struct Shielded;

impl Rule for Shielded {
    fn name(&self) -> &'static str {
        "shielded"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Counting,
            purpose: "Ballots are encrypted until the vote closes, so that no running tally can be followed",
            definition: "Before closes_at ballots are taken, the last of a voter counts; seen are voters and power, no \
                choice. From closes_at on the tally is public once threshold of the keypers have answered, and never \
                where fewer do. Threshold or more who collude see the running tally at any time. A ballot for a choice \
                that does not exist adds to the power, not to the tally. chance_of_break = P(Binomial(keypers, \
                colludes) >= threshold), chance_of_loss = P(Binomial(keypers, fails) > keypers - threshold).",
            source: "Shutter's shielded voting on Snapshot (docs.shutter.network, blog.shutter.network): encryption to \
                a key of one proposal by threshold cryptography, released by the keypers after its end; thresholds: \
                Shamir 1979",
            limits: "Votes are public after the close, so that a briber can check them then: permanent shielding is not \
                this rule. Answers and collusion of keypers are taken as independent in the two chances.",
            example: json::EXAMPLE,
        }
    }

    fn vectors(&self) -> &'static str {
        include_str!("vectors.json")
    }

    fn decide(&self, case: &Value) -> Result<Value> {
        json::decide(self.name(), case)
    }
}

#[cfg(test)]
mod test;
