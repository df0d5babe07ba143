//! Members who report what they saw, and a warning that goes around: read when members are next there, passed on to those they
//! talk with. It races the lure; who was robbed before it came stays robbed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use daotwin_core::{Seed, random};

use super::scene::neighbours;
use super::{Card, NEVER, Policy, Response, Scene};
use crate::attack::{DAY, Family, HOUR};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemberAlerts {
    /// Reports within a day that raise an alarm.
    reports: usize,
    /// Hours from the last of them to the warning, in the mean.
    wait: f64,
    /// How often a member that is there reads it, and how often one passes it on to another.
    reads: f64,
    passes: f64,
    /// How often a victim reports its loss.
    victims: f64,
    /// How often somebody reports an honest message with a link by an account that is not known.
    errs: f64,
}

impl MemberAlerts {
    pub(super) const DEFAULT: Self =
        Self { reports: 2, wait: 0.5, reads: 0.6, passes: 0.15, victims: 0.3, errs: 0.01 };

    /// Reports of a message of such a campaign, seen by many or by one, in the mean.
    fn reported(family: Family, direct: bool) -> f64 {
        let open = match family {
            Family::Takeover => 0.8,
            Family::Lure => 0.4,
            Family::Impersonation | Family::Infiltration => 0.2,
            Family::Bribery => 0.15,
            Family::Brigading => 0.02,
            Family::Drain | Family::Poisoning | Family::Funding => 0.1,
        };
        if direct { 0.3 * open } else { open }
    }

    /// When the alarm is raised: at the report that is the last of enough within a day.
    fn alarms(&self, mut times: Vec<i64>) -> Vec<i64> {
        times.sort_unstable();
        let mut alarms = Vec::new();
        let mut from = 0;
        for place in 0..times.len() {
            let first = (place + 1).saturating_sub(self.reports).max(from);
            if place + 1 - first >= self.reports && times[place] - times[first] <= DAY as i64 {
                alarms.push(times[place]);
                from = place + 1;
            }
        }
        alarms
    }
}

impl Policy for MemberAlerts {
    fn name(&self) -> &'static str {
        "member-alerts"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "warns all members half an hour after two reports within a day; they read it when they are next there, and \
                      pass it on",
            how: "a report button, a rota of moderators, one channel for warnings that members follow",
            against: &["airdrop-lure", "impersonating-message", "phishing-drain", "vote-buying"],
            blind_to: &["sybil-funding"],
            source: "two cascades that race, the correction and the lure (Budak, Agrawal and El Abbadi 2011), with times; that an \
                     announcement draws 0.8 reports, a lure 0.4, a loss 0.3, and that 85 % heed a warning, is judged",
            limits: "who reads nothing is not warned, and what is over in an hour is over before it; the lure itself is not passed on by victims; alarms over nothing tire, which \
                     is counted as friction but does not wear warnings down",
        }
    }

    fn respond(&self, scene: &Scene<'_>, seed: Seed) -> Response {
        let mut response = Response::nothing(scene);
        let stream = scene.stream;
        let by_message = seed.streams("mitigation member-alerts messages");
        let by_loss = seed.streams("mitigation member-alerts losses");
        let (mut right, mut wrong) = (Vec::new(), Vec::new());
        for (nth, &place) in scene.messages.iter().enumerate() {
            let message = &stream.messages[place];
            let mut draws = by_message.stream(nth as u64);
            let harmless = scene.injected.cover.binary_search(&(nth as u32)).is_ok();
            let reports = draws.poisson(Self::reported(scene.family, message.to.is_some()));
            if !harmless {
                right.extend((0..reports).map(|_| message.at + (draws.exponential() * HOUR) as i64));
            }
        }
        for (nth, loss) in scene.injected.losses.iter().enumerate() {
            let mut draws = by_loss.stream(nth as u64);
            if loss.victim.is_some() && draws.chance(self.victims) {
                right.push(loss.at + (draws.exponential() * 6.0 * HOUR) as i64);
            }
        }
        let false_reports = seed.streams("mitigation member-alerts false");
        for (place, message) in stream.messages.iter().enumerate() {
            if !message.label.malicious() && scene.link[place] && !scene.trusted(place, 30.0, 10) {
                let mut draws = false_reports.stream(place as u64);
                if draws.chance(self.errs) {
                    wrong.push(message.at + (draws.exponential() * HOUR) as i64);
                }
            }
        }
        let mut draws = seed.stream("mitigation member-alerts warning");
        let members = stream.accounts.iter().filter(|account| !account.label.malicious()).count() as f64;
        let false_alarms = self.alarms(wrong).len() as f64;
        response.notices = (false_alarms * members * self.reads) as u64;
        let Some(&alarm) = self.alarms(right).first() else { return response };
        let warning = alarm + (draws.exponential() * self.wait * HOUR) as i64;
        self.spread(scene, warning, &mut draws, &mut response.warned);
        response
    }
}

impl MemberAlerts {
    /// Lets a warning go around: each member comes by when it next writes or pays, or after a day and a half in the
    /// mean.
    fn spread(&self, scene: &Scene<'_>, warning: i64, draws: &mut random::Stream, warned: &mut [i64]) {
        let stream = scene.stream;
        let mut next = vec![NEVER; stream.accounts.len()];
        let after = stream.messages.partition_point(|message| message.at < warning);
        for message in &stream.messages[after..] {
            let first = &mut next[message.author as usize];
            *first = (*first).min(message.at);
        }
        let after = stream.transfers.partition_point(|transfer| transfer.at < warning);
        for transfer in &stream.transfers[after..] {
            let first = &mut next[transfer.from as usize];
            *first = (*first).min(transfer.at);
        }
        let mut queue = BinaryHeap::new();
        for (account, &writes) in next.iter().enumerate() {
            let comes_by = warning + (draws.exponential() * 1.5 * DAY) as i64;
            if draws.chance(self.reads) && !scene.bad(account as u32) {
                queue.push(Reverse((writes.min(comes_by), account as u32)));
            }
        }
        let ties = neighbours(stream);
        while let Some(Reverse((at, account))) = queue.pop() {
            if warned[account as usize] <= at {
                continue;
            }
            warned[account as usize] = at;
            for &other in ties.get(&account).map_or(&[][..], Vec::as_slice) {
                if draws.chance(self.passes) && !scene.bad(other) {
                    queue.push(Reverse((at + (draws.exponential() * HOUR) as i64, other)));
                }
            }
        }
    }
}
