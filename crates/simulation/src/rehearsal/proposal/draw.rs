//! Runs of one proposal: who comes, what they say, what the rule makes of it, and what would change it.

use daotwin_core::statistics::quantile;
use daotwin_history::Side;

use super::super::policy::{Policy, Tally};
use super::model::{Electors, SUREST};
use super::past::MOVES;
use crate::engine::math::{exp, ln, logistic};
use crate::engine::random::Key;

/// What a draw is for.
#[derive(Clone, Copy)]
enum Purpose {
    Mood = 1,
    Past,
    Comes,
    Abstains,
    Side,
    Time,
    Order,
    Called,
}

/// Members that never voted are numbered from here.
pub(super) const NEW: u32 = 1 << 31;

/// A known ballot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fixed {
    /// The member; none where the records do not know it.
    pub(super) member: Option<u32>,
    pub(super) side: Side,
    pub(super) power: u128,
}

/// Somebody who may come.
#[derive(Debug, Clone, Copy)]
struct Coming {
    id: u32,
    power: u128,
    /// Comes where `u` is below the chance.
    chance: f64,
    u: f64,
    abstains: bool,
    /// For where the mood is above.
    bar: f64,
    /// When, as a share of the window.
    at: f64,
}

/// A run before it is counted.
struct Drawn {
    mood: f64,
    coming: Vec<Coming>,
    /// Whether people are called where a quorum is missed.
    called: bool,
    /// Draws of sides, for those who are called.
    side: Key,
}

/// A changed condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    pub(super) title: String,
    /// Factor on chances to come.
    pub(super) turnout: f64,
    /// So many of the leading members are against for sure.
    pub(super) against: usize,
    /// Ballots that come after this share of the window are lost.
    pub(super) window: f64,
    /// Added to the mood.
    pub(super) mood: f64,
    pub(super) policy: Policy,
}

/// Runs are drawn with room for so many times the turnout.
pub(super) const MOST_TURNOUT: f64 = 1.5;

/// What runs are drawn from.
pub(super) struct Stage<'r> {
    pub(super) electors: &'r Electors,
    /// The rule and the world as they are.
    pub(super) now: Change,
    pub(super) seed: u64,
    pub(super) can_abstain: bool,
    /// The share of the window that is over.
    pub(super) since: f64,
    pub(super) known: &'r [Fixed],
    pub(super) author: Option<u32>,
    /// Added to recorded moods.
    pub(super) shift: f64,
    /// Members who have not voted yet, by the power that is expected of them.
    pub(super) leading: &'r [u32],
    /// The posterior of the mood: ends of cells, and the cumulative chance at each.
    grid: (Vec<f64>, Vec<f64>),
    /// Likelihood of the number of known ballots under each recorded turnout.
    turnout: Vec<f64>,
    /// Share of ballots that have come.
    come: f64,
    /// Whether a member's ballot is known.
    voted: Vec<bool>,
    /// Share of the runs with a majority and no quorum in which people are called.
    called: f64,
}

/// What a run came to.
#[derive(Debug, Clone)]
pub(super) struct Played {
    pub(super) passed: bool,
    pub(super) quorate: bool,
    pub(super) voters: u32,
    pub(super) power: u128,
    pub(super) power_for: u128,
    /// Share of the weight for; NaN where nobody is for or against.
    pub(super) support: f64,
    /// How far it is from the other outcome; below 0 where it fails.
    pub(super) margin: f64,
    /// Whether it passes under each change.
    pub(super) changes: Vec<bool>,
    /// For each leading member that is asked: passes with it for, with it against, without it; whether it is decisive
    /// as it is drawn.
    pub(super) swings: Vec<[bool; 4]>,
    /// Who completes the majority when those who come join it in a random order.
    pub(super) pivot: Option<u32>,
    /// How few turn the run; none where nobody can.
    pub(super) coalition: Option<usize>,
}

impl<'r> Stage<'r> {
    /// Prepares runs.
    #[expect(clippy::too_many_arguments, reason = "each is a part of the question, used once")]
    pub(super) fn new(
        electors: &'r Electors,
        now: Change,
        seed: u64,
        can_abstain: bool,
        since: f64,
        known: &'r [Fixed],
        author: Option<u32>,
        shift: f64,
        leading: &'r [u32],
        called: f64,
    ) -> Self {
        let come = if since > 0.0 { electors.come_by(since) } else { 0.0 };
        let turnout = turnout(electors, come, since, known);
        let mut voted = vec![false; electors.power.len()];
        known.iter().filter_map(|ballot| ballot.member).for_each(|member| voted[member as usize] = true);
        let mut stage = Self {
            voted,
            called,
            electors,
            now,
            seed,
            can_abstain,
            since,
            known,
            author,
            shift,
            leading,
            grid: (Vec::new(), Vec::new()),
            turnout,
            come,
        };
        stage.grid = stage.posterior();
        stage
    }

    /// The mood's chances on a grid: those of recorded proposals, and what known ballots say of it.
    fn posterior(&self) -> (Vec<f64>, Vec<f64>) {
        const CELLS: usize = 400;
        const LOW: f64 = -12.0;
        const WIDTH: f64 = 24.0 / CELLS as f64;
        let electors = self.electors;
        let total: f64 = electors.past.iter().map(|past| past.weight).sum();
        let spread = electors
            .past
            .iter()
            .map(|past| past.weight / total * (past.mood - electors.mood) * (past.mood - electors.mood))
            .sum::<f64>();
        // The next proposal may be like none before: one record's worth of a law twice as wide.
        let wide = 2.0 * spread.sqrt().max(0.5);
        let mut logs = Vec::with_capacity(CELLS);
        for cell in 0..CELLS {
            let mood = LOW + (cell as f64 + 0.5) * WIDTH;
            let off = (mood - electors.mood - self.shift) / wide;
            let like: f64 = electors
                .weights(mood, self.shift)
                .iter()
                .zip(&self.turnout)
                .map(|(weight, turnout)| weight * turnout)
                .sum();
            let mut log = ln(like + exp(-0.5 * off * off) / wide + 1e-300);
            for ballot in self.known {
                let lean = ballot.member.map_or(0.0, |member| electors.lean[member as usize]);
                let chance = logistic(lean + mood);
                match ballot.side {
                    // An author's own ballot says nothing of others.
                    _ if ballot.member.is_some() && ballot.member == self.author => {}
                    Side::For => log += ln(chance.max(1e-12)),
                    Side::Against => log += ln((1.0 - chance).max(1e-12)),
                    Side::Abstain | Side::Other => {}
                }
            }
            logs.push(log);
        }
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        let sums: Vec<f64> = logs
            .iter()
            .map(|log| {
                sum += exp(log - most);
                sum
            })
            .collect();
        let ends = (0..CELLS).map(|cell| LOW + cell as f64 * WIDTH).collect();
        (ends, sums.iter().map(|below| below / sum).collect())
    }

    fn mood(&self, u: f64) -> f64 {
        let (starts, sums) = &self.grid;
        let cell = sums.partition_point(|sum| *sum <= u).min(starts.len() - 1);
        let below = if cell == 0 { 0.0 } else { sums[cell - 1] };
        let width = starts[1] - starts[0];
        starts[cell] + width * ((u - below) / (sums[cell] - below).max(1e-300)).clamp(0.0, 1.0)
    }

    /// Draws who may come to run `number`, and its mood.
    fn draw(&self, number: u64) -> Drawn {
        let electors = self.electors;
        let key = |purpose: Purpose| Key::new(self.seed, number, purpose as u64, 0);
        let mood = self.mood(key(Purpose::Mood).uniform(0));
        let mut weights = electors.weights(mood, self.shift);
        let product = |weights: &mut Vec<f64>| {
            weights.iter_mut().zip(&self.turnout).for_each(|(weight, turnout)| *weight *= turnout);
            weights.iter().sum::<f64>()
        };
        let mut total = product(&mut weights);
        if total < 1e-30 {
            // No recorded proposal had such a mood: turnout is that of any.
            weights = electors.past.iter().map(|past| past.weight).collect();
            total = product(&mut weights).max(1e-300);
        }
        let mut left = key(Purpose::Past).uniform(0) * total;
        let mut place = 0;
        while place + 1 < weights.len() && left >= weights[place] {
            left -= weights[place];
            place += 1;
        }
        let past = &electors.past[place];
        let [comes, abstains, side, time] =
            [Purpose::Comes, Purpose::Abstains, Purpose::Side, Purpose::Time].map(key);
        let mut coming: Vec<Coming> = Vec::new();
        // Who would come first if more came.
        let mut next: Option<(f64, Coming)> = None;
        let mut add = |id: u32, power: u128, chance: f64, abstention: f64, lean: f64| {
            let later = chance * (1.0 - self.come) / (1.0 - chance * self.come);
            let u = comes.uniform(id);
            let comes = u < later * MOST_TURNOUT;
            if !comes && next.is_some_and(|(known, _)| u / later >= known) {
                return;
            }
            let spoken = side.uniform(id);
            let bar = if self.author == Some(id) {
                if spoken < electors.author_for { f64::NEG_INFINITY } else { f64::INFINITY }
            } else {
                ln(spoken / (1.0 - spoken)) - lean
            };
            let one = Coming {
                id,
                power,
                chance: later,
                u,
                abstains: self.can_abstain && abstains.uniform(id) < abstention,
                bar,
                at: electors.time(time.uniform(id), self.since),
            };
            if comes {
                coming.push(one);
            } else {
                next = Some((u / later, one));
            }
        };
        for member in 0..electors.power.len() as u32 {
            let at = member as usize;
            let chance = if self.author == Some(member) {
                electors.author_comes
            } else {
                (electors.chance[at] * past.factor).min(SUREST)
            };
            if chance > 0.0 && !self.voted[at] {
                add(member, electors.power[at], chance, electors.abstains[at], electors.lean[at]);
            }
        }
        for (number, power) in past.newcomers.iter().enumerate() {
            // Sure to come on their proposal: more turnout has no more of them.
            add(NEW + number as u32, *power, 1.0, 0.0, 0.0);
        }
        // Proposals on which nobody votes are not among those that were learned from.
        let nobody = self.known.is_empty() && coming.iter().all(|one| said(one, mood, &self.now).is_none());
        if nobody {
            let first = coming
                .iter_mut()
                .min_by(|left, right| (left.u / left.chance).total_cmp(&(right.u / right.chance)));
            match (first, next) {
                (Some(first), _) => (first.u, first.chance, first.at) = (0.0, 1.0, self.since),
                (None, Some((_, one))) => coming.push(Coming { u: 0.0, chance: 1.0, at: self.since, ..one }),
                (None, None) => {}
            }
        }
        Drawn { mood, coming, called: key(Purpose::Called).uniform(0) < self.called, side }
    }

    fn tally(&self, drawn: &Drawn, change: &Change) -> Tally {
        let mut tally = self.uncalled(drawn, change);
        self.call(drawn, change, None, &mut tally);
        tally
    }

    /// What is cast before anybody is called.
    fn uncalled(&self, drawn: &Drawn, change: &Change) -> Tally {
        let policy = &change.policy;
        let mut tally = Tally::default();
        let mut add = |side, power| tally.add(side, power, policy.weight(power));
        self.known.iter().for_each(|ballot| add(ballot.side, ballot.power));
        let against = &self.leading[..change.against.min(self.leading.len())];
        for one in drawn.coming.iter().filter(|one| !against.contains(&one.id)) {
            if let Some(side) = said(one, drawn.mood, change) {
                add(side, one.power);
            }
        }
        against.iter().for_each(|member| add(Side::Against, self.electors.power[*member as usize]));
        tally
    }

    /// Where there is a majority without a quorum and people are called: calls leading members who would be for it, those
    /// of whom most is expected first, until the quorum is met; leaves the tally as it is where all of them are not
    /// enough. `except` does as it is told. Returns who came.
    fn call(&self, drawn: &Drawn, change: &Change, except: Option<u32>, tally: &mut Tally) -> Vec<u32> {
        let policy = &change.policy;
        let mut called = Vec::new();
        if !drawn.called || policy.quorate(tally) || !policy.majority(tally) {
            return called;
        }
        let mut here: Vec<u32> = drawn
            .coming
            .iter()
            .filter(|one| said(one, drawn.mood, change).is_some())
            .map(|one| one.id)
            .collect();
        here.sort_unstable();
        let mut with = *tally;
        for &member in self.leading.iter().skip(change.against) {
            let u = drawn.side.uniform(member);
            let favours = drawn.mood + change.mood > ln(u / (1.0 - u)) - self.electors.lean[member as usize];
            if favours && except != Some(member) && here.binary_search(&member).is_err() {
                let power = self.electors.power[member as usize];
                with.add(Side::For, power, policy.weight(power));
                called.push(member);
                if policy.quorate(&with) {
                    *tally = with;
                    return called;
                }
            }
        }
        called.clear();
        called
    }

    /// Plays a run; `asked` leading members are asked what they could decide.
    pub(super) fn play(&self, changes: &[Change], asked: usize, number: u64) -> Played {
        let run = self.draw(number);
        let (mood, coming) = (run.mood, &run.coming);
        let policy = &self.now.policy;
        let before = self.uncalled(&run, &self.now);
        let mut tally = before;
        let called = self.call(&run, &self.now, None, &mut tally);
        let passed = policy.passes(&tally);
        let swings = self.leading[..asked.min(self.leading.len())].iter().map(|&member| {
            let power = self.electors.power[member as usize];
            let drawn = coming.iter().find(|one| one.id == member);
            let drawn = drawn.and_then(|one| said(one, mood, &self.now));
            let with = |side| {
                let mut tally = moved(&before, policy, power, drawn, side);
                self.call(&run, &self.now, Some(member), &mut tally);
                policy.passes(&tally)
            };
            let absent = with(None);
            [with(Some(Side::For)), with(Some(Side::Against)), absent, drawn.is_some() && absent != passed]
        });
        let [power_for, ..] = tally.power;
        let [weight_for, against, ..] = tally.weight.map(|weight| weight as f64);
        Played {
            passed,
            quorate: policy.quorate(&tally),
            voters: tally.voters,
            power: tally.power.iter().sum(),
            power_for,
            support: weight_for / (weight_for + against),
            margin: margin(policy, &tally),
            changes: changes.iter().map(|change| change.policy.passes(&self.tally(&run, change))).collect(),
            swings: swings.collect(),
            pivot: self.pivot(coming, mood, number),
            coalition: turners(policy, &tally, &self.turnable(coming, mood, &called)).map(|who| who.len()),
        }
    }

    /// Whether run `number` passes, and whether it meets the quorum.
    pub(super) fn passes(&self, number: u64) -> (bool, bool) {
        let tally = self.tally(&self.draw(number), &self.now);
        (self.now.policy.passes(&tally), self.now.policy.quorate(&tally))
    }

    /// Whether run `number` has a majority under each move of the mood, and whether it has one and misses the quorum.
    pub(super) fn tried(&self, number: u64) -> ([bool; MOVES.len()], bool) {
        let run = self.draw(number);
        let policy = &self.now.policy;
        let majority =
            MOVES.map(|mood| policy.majority(&self.tally(&run, &Change { mood, ..self.now.clone() })));
        let tally = self.tally(&run, &self.now);
        (majority, policy.majority(&tally) && !policy.quorate(&tally))
    }

    /// Who turns run `number`, fewest first found; empty where nobody can.
    pub(super) fn coalition(&self, number: u64) -> Vec<u32> {
        let run = self.draw(number);
        let mut tally = self.uncalled(&run, &self.now);
        let called = self.call(&run, &self.now, None, &mut tally);
        turners(&self.now.policy, &tally, &self.turnable(&run.coming, run.mood, &called)).unwrap_or_default()
    }

    /// Members who come, and leading ones who might: with their power and what they say.
    fn turnable(&self, coming: &[Coming], mood: f64, called: &[u32]) -> Vec<(u32, u128, Option<Side>)> {
        let mut list: Vec<(u32, u128, Option<Side>)> = coming
            .iter()
            .filter(|one| one.id < NEW)
            .filter_map(|one| Some((one.id, one.power, Some(said(one, mood, &self.now)?))))
            .collect();
        let come: std::collections::BTreeSet<u32> = list.iter().map(|(id, ..)| *id).collect();
        let absent = self.leading.iter().filter(|member| !come.contains(member));
        list.extend(absent.map(|&member| {
            let side = called.contains(&member).then_some(Side::For);
            (member, self.electors.power[member as usize], side)
        }));
        list
    }

    /// The pivot of Shapley and Shubik (1954) among those who come: all against, then one after another joins those for
    /// in a random order; the pivot is who makes it pass.
    fn pivot(&self, coming: &[Coming], mood: f64, number: u64) -> Option<u32> {
        let policy = &self.now.policy;
        let order = Key::new(self.seed, number, Purpose::Order as u64, 0);
        let here = coming.iter().filter(|one| said(one, mood, &self.now).is_some());
        let mut here: Vec<(u32, u32, u128)> =
            here.map(|one| (order.bits(one.id), one.id, one.power)).collect();
        here.sort_unstable();
        let mut tally = Tally::default();
        let mut add = |side, power| tally.add(side, power, policy.weight(power));
        self.known.iter().for_each(|ballot| add(ballot.side, ballot.power));
        here.iter().for_each(|(.., power)| add(Side::Against, *power));
        if policy.passes(&tally) {
            return None;
        }
        for (_, id, power) in here {
            tally = moved(&tally, policy, power, Some(Side::Against), Some(Side::For));
            if policy.passes(&tally) {
                return Some(id);
            }
        }
        None
    }
}

/// What somebody says, if it comes.
fn said(coming: &Coming, mood: f64, change: &Change) -> Option<Side> {
    // Who was sure to come stays so.
    let chance = (coming.chance * change.turnout).min(SUREST.max(coming.chance));
    if coming.u >= chance || coming.at > change.window {
        None
    } else if coming.abstains {
        Some(Side::Abstain)
    } else if mood + change.mood > coming.bar {
        Some(Side::For)
    } else {
        Some(Side::Against)
    }
}

/// Likelihood, up to a factor, of the number of known ballots under each recorded turnout: the logarithm of the count
/// is normal around that of what is expected by now, with the variance of counting and that of how early ballots came
/// on recorded proposals.
fn turnout(electors: &Electors, come: f64, since: f64, known: &[Fixed]) -> Vec<f64> {
    if come <= 0.0 {
        return vec![1.0; electors.past.len()];
    }
    let count = known.iter().filter(|ballot| ballot.member.is_some()).count() as f64;
    // How early ballots come differs more between windows than within one.
    let early = 0.25 * (1.0 - since);
    let logs: Vec<f64> = electors
        .past
        .iter()
        .map(|past| {
            let all: f64 = electors.chance.iter().map(|chance| (chance * past.factor).min(SUREST)).sum();
            let off = ln(count + 0.5) - ln(all * come + 0.5);
            -0.5 * off * off / (1.0 / (count + 1.0) + early)
        })
        .collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    logs.iter().map(|log| exp(log - most)).collect()
}

/// A tally in which somebody changes sides; none is staying away.
pub(super) fn moved(
    tally: &Tally,
    policy: &Policy,
    power: u128,
    from: Option<Side>,
    to: Option<Side>,
) -> Tally {
    let (mut tally, weight) = (*tally, policy.weight(power));
    if let Some(from) = from {
        tally.power[from as usize] -= power;
        tally.weight[from as usize] -= weight;
        tally.voters -= 1;
    }
    if let Some(to) = to {
        tally.add(to, power, weight);
    }
    tally
}

/// How far from the other outcome, as a share: of the weight cast, or of the quorum, whichever is nearer to failing.
fn margin(policy: &Policy, tally: &Tally) -> f64 {
    let [votes_for, against, ..] = tally.weight.map(|weight| weight as f64);
    let majority = if votes_for + against > 0.0 {
        votes_for / (votes_for + against) - policy.approval as f64 / 1e6
    } else {
        -1.0
    };
    let quorum = policy.quorum as f64;
    if policy.quorum == 0 { majority } else { majority.min((policy.counted(tally) as f64 - quorum) / quorum) }
}

/// The fewest of these who turn the outcome. To make it fail, those who move the majority most turn against it, or those
/// who count most towards the quorum keep away from it, whichever takes fewer: each is exact. To make it pass both are
/// asked for; of three orders (by majority, by quorum, by both) the best is kept.
pub(super) fn turners(
    policy: &Policy,
    tally: &Tally,
    list: &[(u32, u128, Option<Side>)],
) -> Option<Vec<u32>> {
    let passed = policy.passes(tally);
    let to = if passed { Some(Side::Against) } else { Some(Side::For) };
    let away = if passed && policy.counts == crate::scenario::QuorumCounts::All { None } else { to };
    let approval = policy.approval as f64 / 1e6;
    // By how much for lies above what is asked, and what counts towards the quorum.
    let state = |tally: &Tally| {
        let [votes_for, against, ..] = tally.weight.map(|weight| weight as f64);
        (votes_for - approval * (votes_for + against), policy.counted(tally) as f64)
    };
    let now = state(tally);
    let effect = |&(_, power, side): &(u32, u128, Option<Side>), to: Option<Side>| {
        let then = state(&moved(tally, policy, power, side, to));
        let sign = if passed { -1.0 } else { 1.0 };
        (sign * (then.0 - now.0), sign * (then.1 - now.1))
    };
    let lacking = (
        (-now.0).max(0.0) + 1e-9 * now.0.abs().max(1.0),
        (policy.quorum as f64 - now.1).max(0.0) + 1e-9 * now.1.max(1.0),
    );
    let along = |to: Option<Side>, merit: &dyn Fn((f64, f64)) -> f64| {
        let mut order: Vec<(f64, usize)> =
            list.iter().enumerate().map(|(place, one)| (merit(effect(one, to)), place)).collect();
        order.retain(|(merit, _)| *merit > 0.0);
        order.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
        let (mut turned, mut who) = (*tally, Vec::new());
        for (_, place) in order {
            let (id, power, side) = list[place];
            turned = moved(&turned, policy, power, side, to);
            who.push(id);
            if policy.passes(&turned) != passed {
                return Some(who);
            }
        }
        None
    };
    let found = if passed {
        vec![along(to, &|(majority, _)| majority), along(away, &|(_, quorum)| quorum)]
    } else {
        vec![
            along(to, &|(majority, _)| majority),
            along(to, &|(majority, quorum)| quorum + 1e-9 * majority),
            along(to, &|(majority, quorum)| (majority / lacking.0).min(1.0) + (quorum / lacking.1).min(1.0)),
        ]
    };
    found.into_iter().flatten().min_by_key(Vec::len)
}

/// The run in the middle, by how far each is from the other outcome.
pub(super) fn median_run(played: &[Played]) -> usize {
    let margins: Vec<f64> = played.iter().map(|played| played.margin).collect();
    let middle = quantile(&margins, 0.5);
    let off = |place: &usize| (margins[*place] - middle).abs();
    (0..played.len()).min_by(|left, right| off(left).total_cmp(&off(right))).unwrap_or(0)
}
