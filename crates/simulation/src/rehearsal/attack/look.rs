//! An attacker looks on while a run is played, and says for every proposal with what size each attack on it succeeds.

use std::collections::VecDeque;

use daotwin_history::Side;

use super::cost::Market;
use super::reply::{self, Holder};
use super::{SPAM, Terms};
use crate::engine::math;
use crate::engine::random::Key;
use crate::rehearsal::electorate::Electorate;
use crate::rehearsal::play::{Cast, Observer, Voter};
use crate::rehearsal::policy::{Policy, Tally};
use crate::scenario::Weighting;

/// Proposals whose voters are lately active.
const LATELY: usize = 20;

/// Members that a cartel tries, at most.
const MOST_MEMBERS: usize = 200;

/// What a draw is for; beside those of a rehearsal.
#[derive(Clone, Copy)]
enum Purpose {
    Recall = 100,
    Guard,
    Read,
    Sells,
    Price,
    Tired,
}

/// One way to attack: a line of the registry, and for a spammer its number of posts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    pub(super) attacker: &'static str,
    pub(super) posts: u32,
}

/// Everything that is tried.
pub(super) fn plans() -> Vec<Plan> {
    let known = super::ATTACKERS.iter().map(|attacker| attacker.name);
    let mut plans = Vec::new();
    for attacker in known.filter(|name| *name != "guardian") {
        let posts = if attacker == "spammer" { &SPAM[..] } else { &[0] };
        plans.extend(posts.iter().map(|&posts| Plan { attacker, posts }));
    }
    plans
}

/// What a look has seen of one run.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// For each plan the least size with which it succeeds, a number a proposal; infinite where none does.
    pub(super) sizes: Vec<Vec<f64>>,
    /// When voting on each of these proposals began.
    pub(super) starts: Vec<i64>,
    /// Days of their windows, summed.
    pub(super) window_days: f64,
}

/// Looks on.
pub(super) struct Look<'w> {
    electorate: &'w Electorate,
    terms: &'w Terms,
    market: Market,
    plans: &'w [Plan],
    key: (u64, u64),
    power: Vec<u128>,
    left: u32,
    ballots: Vec<Cast>,
    /// Who voted on the proposals before, the latest last.
    before: VecDeque<Vec<u32>>,
    /// What each member cast on this proposal.
    voted: Vec<Option<u128>>,
    /// The number of the proposal on which a member was last marked.
    marked: Vec<usize>,
    pub(super) seen: Seen,
}

impl<'w> Look<'w> {
    pub(super) fn new(
        electorate: &'w Electorate,
        terms: &'w Terms,
        market: Market,
        plans: &'w [Plan],
        seed: u64,
        run: u64,
    ) -> Self {
        let members = electorate.peak.len();
        let seen = Seen { sizes: vec![Vec::new(); plans.len()], ..Seen::default() };
        Self {
            electorate,
            terms,
            market,
            plans,
            key: (seed, run),
            power: vec![0; members],
            left: 0,
            ballots: Vec::new(),
            before: VecDeque::new(),
            voted: vec![None; members],
            marked: vec![usize::MAX; members],
            seen,
        }
    }

    fn key(&self, purpose: Purpose, step: usize) -> Key {
        Key::new(self.key.0, self.key.1, purpose as u64, step as u64)
    }

    /// Members who voted lately and do not vote on this proposal, in a fixed order.
    fn absent(&mut self, place: usize) -> Vec<u32> {
        for cast in &self.ballots {
            if let Voter::Member { member, .. } = cast.voter {
                self.marked[member as usize] = place;
            }
        }
        let mut absent = Vec::new();
        for &member in self.before.iter().flatten() {
            let stays = self.electorate.rank_of[member as usize] >= self.left;
            if self.marked[member as usize] != place && stays && self.power[member as usize] > 0 {
                self.marked[member as usize] = place;
                absent.push(member);
            }
        }
        absent
    }
}

/// A proposal as attackers meet it.
struct Met<'m> {
    policy: &'m Policy,
    /// All that vote, against.
    against: Tally,
    /// With members that an alarm at the end calls back.
    answered: Tally,
    /// With members that an alarm at the beginning calls back.
    warned: Tally,
    /// As it would be.
    honest: Tally,
    ballots: &'m [Cast],
    absent: &'m [u32],
    place: usize,
    closed: i64,
}

impl Met<'_> {
    /// Members that vote and with what.
    fn present(&self) -> Vec<(u32, u128)> {
        let members = self.ballots.iter().filter_map(|cast| match cast.voter {
            Voter::Member { member, .. } => Some((member, cast.power)),
            Voter::Attacker(_) => None,
        });
        members.collect()
    }
}

/// The chance that something with this half-life has happened after so many hours.
fn within(hours: f64, half: f64) -> f64 {
    1.0 - math::power(0.5, hours / half)
}

impl Look<'_> {
    /// Adds those of the absent who come with this chance, against.
    fn recall(&self, tally: &Tally, policy: &Policy, absent: &[u32], chance: f64, place: usize) -> Tally {
        let mut tally = *tally;
        if chance > 0.0 {
            let key = self.key(Purpose::Recall, place);
            for &member in absent.iter().filter(|member| key.uniform(**member) < chance) {
                let power = self.power[member as usize];
                tally.add(Side::Against, power, policy.weight(power));
            }
        }
        tally
    }

    /// The chance that a member called back this many hours before the end comes.
    fn comes(&self, hours: f64) -> f64 {
        self.terms.number("recall") * within(hours, self.terms.number("recall_hours"))
    }

    /// Whether a guardian stops what it knows.
    fn guarded(&self, place: usize, knows: f64) -> bool {
        let hours = 24.0 * self.terms.number("timelock_days");
        let chance =
            self.terms.number("guardian") * within(hours, self.terms.number("guardian_hours")) * knows;
        self.key(Purpose::Guard, place).uniform(0) < chance
    }

    fn tokens(&self, units: Option<u128>) -> f64 {
        let least = self.terms.number("proposal_threshold");
        units.map_or(f64::INFINITY, |units| self.electorate.tokens(units).max(least))
    }

    /// Tokens that can be bought.
    fn bought(&self, units: Option<u128>) -> f64 {
        let tokens = self.tokens(units);
        if tokens <= self.market.float { tokens } else { f64::INFINITY }
    }

    /// The least size with which a plan succeeds.
    fn size(&self, plan: &Plan, met: &Met<'_>) -> f64 {
        let Met { policy, .. } = met;
        let guarded = self.guarded(met.place, 1.0);
        match plan.attacker {
            "griefer" | "boycott" => return self.denied(plan, met),
            "hidden payload" => return self.payload(met),
            "arbitrageur" => return self.leaves(),
            _ if guarded => return f64::INFINITY,
            _ => {}
        }
        match plan.attacker {
            "whale" => self.bought(policy.needed(&met.answered)),
            "whale, voting first" => self.bought(policy.needed(&met.warned)),
            "spammer" => {
                let tired = self.tired(met, f64::from(plan.posts));
                self.bought(policy.needed(&self.answer(&tired, met)))
            }
            "raider" => {
                let tokens = self.bought(policy.needed(&met.answered));
                // Where anybody may leave at book value the price is bid up to it before the vote is over.
                let open = self.terms.number("exit_at_book") >= 0.5;
                let pays =
                    !open && self.market.book.is_some_and(|book| book * tokens > self.market.cost(tokens));
                if tokens.is_finite() && pays { tokens } else { f64::INFINITY }
            }
            "flash loan" if policy.power_at_vote => {
                let tokens = self.tokens(policy.needed(&met.answered));
                if tokens <= self.terms.number("loan_limit") { tokens } else { f64::INFINITY }
            }
            // Where tokens weigh as tokens there is nothing to gain by splitting.
            "sybil" if policy.weighting == Weighting::Tokens => f64::INFINITY,
            "sybil" => {
                let unit = self.electorate.tokens(1);
                let account = self.terms.number("account_cost");
                let split = reply::split(policy, &met.answered, self.market.price * unit, account);
                split.map_or(f64::INFINITY, |split| {
                    let tokens = self.bought(Some(split.tokens));
                    if tokens.is_finite() {
                        self.market.cost(tokens) + account * split.accounts
                    } else {
                        f64::INFINITY
                    }
                })
            }
            "cartel" => {
                let ranked = self.electorate.ranks.iter().skip(self.left as usize).take(MOST_MEMBERS);
                let holder = |&member: &u32| {
                    let voted = self.voted[member as usize];
                    let power = voted.unwrap_or(self.power[member as usize]);
                    Holder { power, present: voted.is_some(), price: 0.0 }
                };
                let holders: Vec<Holder> = ranked.map(holder).collect();
                reply::cartel(policy, &met.answered, &holders).map_or(f64::INFINITY, |k| k as f64)
            }
            "briber" => self.bribed(met),
            _ => f64::INFINITY,
        }
    }

    fn bribed(&self, met: &Met<'_>) -> f64 {
        let (sells, prices) = (self.key(Purpose::Sells, 0), self.key(Purpose::Price, 0));
        let sellers = self.terms.number("sellers");
        let unit = self.electorate.tokens(1);
        let median = self.terms.number("reserve") * self.market.price * unit;
        let spread = self.terms.number("reserve_spread");
        let price = |member: u32| median * math::exp(spread * prices.normal(member));
        let present = met.present().into_iter().map(|(member, power)| (member, power, true));
        let absent = met.absent.iter().map(|&member| (member, self.power[member as usize], false));
        let holders: Vec<Holder> = present
            .chain(absent)
            .filter(|(member, ..)| sells.uniform(*member) < sellers)
            .map(|(member, power, present)| Holder { power, present, price: price(member) })
            .collect();
        reply::bribes(met.policy, &met.against, &holders).unwrap_or(f64::INFINITY)
    }

    /// All that still vote after so many posts, against.
    fn tired(&self, met: &Met<'_>, posts: f64) -> Tally {
        let chance = math::power(posts + 1.0, -self.terms.number("fatigue"));
        let key = self.key(Purpose::Tired, met.place);
        let mut tally = Tally::default();
        for cast in met.ballots {
            let comes = match cast.voter {
                Voter::Member { member, .. } => key.uniform(member) < chance,
                Voter::Attacker(_) => true,
            };
            if comes {
                tally.add(Side::Against, cast.power, met.policy.weight(cast.power));
            }
        }
        tally
    }

    /// With members that an alarm at the end calls back.
    fn answer(&self, tally: &Tally, met: &Met<'_>) -> Tally {
        let chance = self.comes(self.terms.number("extension_hours"));
        self.recall(tally, met.policy, met.absent, chance, met.place)
    }

    /// Only what would pass can be denied.
    fn denied(&self, plan: &Plan, met: &Met<'_>) -> f64 {
        if !met.policy.passes(&met.honest) {
            return f64::NAN;
        }
        if plan.attacker == "griefer" {
            let tokens = reply::denial(met.policy, &met.honest)
                .map_or(f64::INFINITY, |units| self.electorate.tokens(units));
            return if tokens <= self.market.float { tokens } else { f64::INFINITY };
        }
        let in_favour = met.ballots.iter().filter(|cast| cast.side == Side::For);
        let mut voters: Vec<u128> = in_favour.map(|cast| cast.power).collect();
        voters.sort_by(|left, right| right.cmp(left));
        reply::boycott(met.policy, &met.honest, &voters).map_or(f64::INFINITY, |k| k as f64)
    }

    fn payload(&self, met: &Met<'_>) -> f64 {
        let fails = f64::INFINITY;
        if !met.policy.passes(&met.honest) {
            return fails;
        }
        let (key, diligence) = (self.key(Purpose::Read, met.place), self.terms.number("diligence"));
        let read = met.ballots.iter().find(|cast| match cast.voter {
            Voter::Member { member, .. } => key.uniform(member) < diligence,
            Voter::Attacker(_) => false,
        });
        let Some(reader) = read else {
            return if self.guarded(met.place, diligence) { fails } else { 0.0 };
        };
        let mut tally = Tally::default();
        for cast in met.ballots {
            let member = matches!(cast.voter, Voter::Member { .. });
            let side = if member && cast.at >= reader.at { Side::Against } else { cast.side };
            tally.add(side, cast.power, met.policy.weight(cast.power));
        }
        let hours = (met.closed - reader.at) as f64 / 3_600.0 + self.terms.number("extension_hours");
        let tally = self.recall(&tally, met.policy, met.absent, self.comes(hours), met.place);
        if met.policy.passes(&tally) && !self.guarded(met.place, 1.0) { 0.0 } else { fails }
    }

    fn leaves(&self) -> f64 {
        let allowed = self.terms.number("exit_at_book") >= 0.5;
        let tokens = self.market.redeemed().filter(|_| allowed).unwrap_or(0.0);
        let least = self.terms.number("exit_threshold") * self.market.supply.unwrap_or(f64::INFINITY);
        if tokens > 0.0 && tokens >= least { tokens } else { f64::INFINITY }
    }
}

impl Observer for Look<'_> {
    fn begins(&mut self, power: &dyn Fn(u32) -> u128) {
        self.power = (0..self.power.len() as u32).map(power).collect();
    }

    fn opens(&mut self, left: u32) {
        self.left = left;
    }

    fn cast(&mut self, ballot: Cast) {
        if let Voter::Member { member, .. } = ballot.voter {
            self.voted[member as usize] = Some(ballot.power);
        }
        self.ballots.push(ballot);
    }

    fn decided(&mut self, place: usize, closed: i64, policy: &Policy, _passed: bool) {
        let question = &self.electorate.questions[place];
        if question.passable {
            let absent = self.absent(place);
            let ballots = std::mem::take(&mut self.ballots);
            let (mut against, mut honest) = (Tally::default(), Tally::default());
            for cast in &ballots {
                let weight = policy.weight(cast.power);
                against.add(Side::Against, cast.power, weight);
                honest.add(cast.side, cast.power, weight);
            }
            let extension = self.terms.number("extension_hours");
            let hours = (closed - question.start) as f64 / 3_600.0 + extension;
            let answered = self.recall(&against, policy, &absent, self.comes(extension), place);
            let warned = self.recall(&against, policy, &absent, self.comes(hours), place);
            let met = Met {
                policy,
                against,
                answered,
                warned,
                honest,
                ballots: &ballots,
                absent: &absent,
                place,
                closed,
            };
            let sizes: Vec<f64> = self.plans.iter().map(|plan| self.size(plan, &met)).collect();
            self.seen.sizes.iter_mut().zip(sizes).for_each(|(known, size)| known.push(size));
            self.seen.starts.push(question.start);
            self.seen.window_days += (closed - question.start) as f64 / 86_400.0;
            self.ballots = ballots;
        }
        let members = self.ballots.iter().filter_map(|cast| match cast.voter {
            Voter::Member { member, .. } => Some(member),
            Voter::Attacker(_) => None,
        });
        let members: Vec<u32> = members.collect();
        members.iter().for_each(|member| self.voted[*member as usize] = None);
        self.before.push_back(members);
        if self.before.len() > LATELY {
            self.before.pop_front();
        }
        self.ballots.clear();
    }
}
