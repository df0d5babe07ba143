//! A question with what the records say to it, and its answer.

use daotwin_core::statistics::quantile;
use daotwin_core::{Run, Seed};
use rayon::prelude::*;

use super::super::document::percent;
use super::super::electorate::Question;
use super::super::policy::Policy;
use super::super::{Options, QUANTILES, bands};
use super::draw::{self, Change, Fixed, MOST_TURNOUT, Played, Stage};
use super::model::{Electors, Past};
use super::past::{Correction, MOVES, Tried};
use super::{Ask, Chance, Changed, Decider, Outlook, Records, ask};
use crate::Result;
use crate::engine::math::{exp, ln};
use crate::scenario::RuleChange;

/// Runs that are in memory at once.
const BLOCK: u64 = 256;
/// Members who are asked what they could decide, and how many are told of.
const ASKED: usize = 40;
const TOLD: usize = 10;
/// Members who may turn a run without having come to it.
const TURNABLE: usize = 200;
/// Standard errors beyond which the records tell a difference: one chance in forty to each side.
const APART: f64 = 2.24;
const DAY: i64 = 86_400;

/// A question with what the records say to it.
pub(super) struct Prepared<'r> {
    records: &'r Records,
    ask: &'r Ask,
    rule: RuleChange,
    pub(super) places: Vec<usize>,
    electors: Electors,
    question: Question,
    author: Option<u32>,
    known: Vec<Fixed>,
    since: f64,
    shift: f64,
    can_abstain: bool,
    leading: Vec<u32>,
    /// Turnout and window as they are, relative to what is typical of the records.
    turnout: f64,
    window: f64,
    correction: Correction,
    notes: Vec<String>,
}

impl<'r> Prepared<'r> {
    /// Prepares a question; adds what is wrong with it to `problems`.
    pub(super) fn new(
        records: &'r Records,
        ask: &'r Ask,
        baseline: &RuleChange,
        correction: Correction,
        problems: &mut Vec<String>,
    ) -> Option<Self> {
        let electorate = &records.electorate;
        let last = electorate.questions.iter().map(|question| question.start).max()?;
        let opens = ask.opens.unwrap_or_else(|| {
            electorate.questions.iter().map(|question| question.end).max().unwrap_or(last) + DAY
        });
        let places = records.places(opens);
        let Some(&latest) = places.last() else {
            problems.push(format!(
                "no proposal of `{}` that could pass is over when this one opens; let `opens` come later",
                electorate.dao
            ));
            return None;
        };
        let electors = Electors::learn(&records.view, electorate, &records.authors, &places);
        let typical = typical_window(&electors.past);
        let length = ask.window_days.map_or(typical, |days| (days * DAY as f64) as i64).max(1);
        let mut question = electorate.questions[latest].clone();
        (question.start, question.end) = (opens, opens + length);
        let rule = baseline.then(&ask.rule);
        if electorate.supply.is_none() && (rule.quorum.is_some() || rule.cap.is_some()) {
            problems.push(
                "`quorum` and `cap` are shares of a supply, and the DAO's is not known; give `quorum_tokens`"
                    .to_owned(),
            );
        }
        let mut prepared = Self {
            since: ask.as_of.map_or(0.0, |at| (at - opens) as f64 / length as f64),
            can_abstain: if ask.choices.is_empty() {
                electors.abstains.iter().zip(&electors.power).any(|(share, _)| *share > 0.0)
                    && places.iter().rev().take(30).any(|place| {
                        let ballots = &electorate.questions[*place].ballots;
                        electorate.ballots[ballots.clone()]
                            .iter()
                            .any(|ballot| ballot.side == daotwin_history::Side::Abstain)
                    })
            } else {
                ask.choices
                    .iter()
                    .any(|choice| daotwin_history::Side::of(choice) == daotwin_history::Side::Abstain)
            },
            author: ask.author.as_deref().and_then(|author| records.member(author)),
            records,
            ask,
            rule,
            places,
            known: Vec::new(),
            shift: 0.0,
            leading: Vec::new(),
            turnout: 1.0,
            window: 1.0,
            correction,
            notes: Vec::new(),
            electors,
            question,
        };
        if !(0.0..1.0).contains(&prepared.since) {
            problems.push(format!(
                "`as_of` lies outside the {} days in which the proposal is open",
                length as f64 / DAY as f64
            ));
            return None;
        }
        prepared.ballots(problems);
        prepared.mood(problems);
        prepared.attendance(length as f64 / typical.max(1) as f64);
        let expected = |member: u32| {
            prepared.electors.power[member as usize] as f64 * prepared.electors.chance[member as usize]
        };
        let mut leading: Vec<u32> = (0..prepared.electors.power.len() as u32)
            .filter(|member| expected(*member) > 0.0)
            .filter(|member| prepared.known.iter().all(|ballot| ballot.member != Some(*member)))
            .collect();
        leading.sort_by(|left, right| expected(*right).total_cmp(&expected(*left)).then(left.cmp(right)));
        leading.truncate(TURNABLE);
        prepared.leading = leading;
        Some(prepared)
    }

    /// Reads the known ballots.
    fn ballots(&mut self, problems: &mut Vec<String>) {
        let electorate = &self.records.electorate;
        for ballot in &self.ask.ballots {
            let member = self.records.member(&ballot.member);
            let member = member.filter(|member| self.electors.chance[*member as usize] > 0.0);
            let power = match (ballot.power, member) {
                (Some(tokens), _) => electorate.units(tokens),
                (None, Some(member)) => self.electors.power[member as usize],
                (None, None) => {
                    let known = self.records.view.members.iter().map(String::as_str);
                    let hint = ask::hint(&ballot.member, known);
                    problems.push(format!(
                        "`ballots`: `{}` never voted in the records{hint}; give its `power` in tokens",
                        ballot.member
                    ));
                    continue;
                }
            };
            if member.is_some() && self.known.iter().any(|known| known.member == member) {
                problems.push(format!("`ballots`: `{}` is there twice", ballot.member));
            }
            self.known.push(Fixed { member, side: ballot.side, power });
        }
    }

    /// By how much author and category, or the support that is expected, move the mood.
    fn mood(&mut self, problems: &mut Vec<String>) {
        let electors = &self.electors;
        if let Some(category) = &self.ask.category {
            match electors.categories.get(category) {
                Some((by, _)) => self.shift += by,
                None => {
                    let mut known: Vec<String> =
                        electors.categories.keys().map(|known| format!("`{known}`")).collect();
                    known.truncate(12);
                    problems.push(if known.is_empty() {
                        "the records know no `category`; leave it out".to_owned()
                    } else {
                        format!(
                            "no recent proposal has the category `{category}`; known are {}",
                            known.join(", ")
                        )
                    });
                }
            }
        }
        if let Some(author) = self.ask.author.as_deref() {
            match group(electors, author) {
                Some((by, count)) => {
                    self.shift += by;
                    self.notes.push(format!(
                        "The author made {count} of the {} proposals that are remembered.",
                        electors.past.len()
                    ));
                }
                None => self.notes.push("The author has no proposal in the records.".to_owned()),
            }
        }
        self.shift += self.correction.mood;
        if let Some(support) = self.ask.support {
            self.shift = electors.mood_of_support(support) - electors.mood;
        }
    }

    /// What the records say of windows and of the time of opening, for what is asked.
    fn attendance(&mut self, window: f64) {
        match self.electors.slope() {
            Some((slope, error)) if (slope / error).abs() > APART => {
                self.turnout *= exp(slope * ln(window)).clamp(0.1, MOST_TURNOUT);
            }
            _ => self.window = window.min(1.0),
        }
        for (_, difference, holds) in self.told() {
            let past = &self.electors.past;
            let share = past.iter().filter(|past| holds(past.start)).count() as f64 / past.len() as f64;
            let own = f64::from(u8::from(holds(self.question.start)));
            self.turnout *= exp(difference * (own - share));
        }
    }

    /// Times of opening whose turnout the records tell from that of other times: name, difference of the logarithm of
    /// voters, whether a time is one.
    fn told(&self) -> Vec<([&'static str; 2], f64, fn(i64) -> bool)> {
        TIMES
            .into_iter()
            .filter_map(|(names, holds)| {
                let (difference, error) = self.electors.difference(|past| holds(past.start))?;
                ((difference / error).abs() > APART).then_some((names, difference, holds))
            })
            .collect()
    }

    fn now(&self) -> Change {
        Change {
            title: "as it is".to_owned(),
            turnout: self.turnout.min(MOST_TURNOUT),
            against: 0,
            window: self.window,
            mood: 0.0,
            policy: Policy::of(&self.question, &self.rule, &self.records.electorate),
        }
    }

    /// What could be different.
    fn changes(&self) -> Vec<Change> {
        let now = self.now();
        let electorate = &self.records.electorate;
        let mut changes = Vec::new();
        let mut add = |title: String, change: &dyn Fn(&mut Change)| {
            let mut changed = Change { title, ..now.clone() };
            change(&mut changed);
            if changed.turnout <= MOST_TURNOUT {
                changes.push(changed);
            }
        };
        for factor in [0.5, 0.75, 1.25] {
            add(format!("turnout x {factor}"), &|change| change.turnout *= factor);
        }
        for count in [1, 3, 5] {
            let title = match count {
                1 => "top voter against".to_owned(),
                _ => format!("top {count} voters against"),
            };
            if self.leading.len() >= count {
                add(title, &|change| change.against = count);
            }
        }
        let policy = now.policy;
        if policy.quorum > 0 {
            for factor in [0.5_f64, 1.5, 2.0] {
                let tokens = electorate.tokens(policy.quorum) * factor;
                add(format!("quorum x {factor}"), &|change| change.policy.quorum = electorate.units(tokens));
            }
        } else {
            let counted = self.electors.past.iter().map(|past| {
                let counted = policy.counted(&self.records.tally(past.place, &policy));
                electorate.tokens(counted)
            });
            let typical = quantile(&counted.collect::<Vec<f64>>(), 0.5);
            let title = format!("quorum of {}", super::super::document::amount(typical));
            add(title, &|change| change.policy.quorum = electorate.units(typical));
        }
        for approval in [500_000_u128, 600_000, 666_666, 750_000] {
            if approval != policy.approval {
                let title = format!("approval above {}", percent(approval as f64 / 1e6));
                add(title, &|change| change.policy.approval = approval);
            }
        }
        if self.since == 0.0 {
            let slope = self.electors.slope().filter(|(slope, error)| (slope / error).abs() > APART);
            for (factor, word) in [(0.5, "half as long"), (2.0, "twice as long")] {
                let title = format!("a window {word}");
                match slope {
                    Some((slope, _)) => add(title, &|change| change.turnout *= exp(slope * ln(factor))),
                    None if factor < 1.0 => {
                        add(title, &|change| change.window = (change.window * factor).min(1.0));
                    }
                    None => {}
                }
            }
            for (names, difference, holds) in self.told() {
                let (name, sign) =
                    if holds(self.question.start) { (names[1], -1.0) } else { (names[0], 1.0) };
                add(format!("opening {name}"), &|change| change.turnout *= exp(sign * difference));
            }
        }
        let mood = self.electors.mood + self.shift;
        let support = self.electors.support(mood);
        for (by, word) in [(-0.1, "less"), (0.1, "more")] {
            let wanted = support + by;
            if (0.01..0.99).contains(&wanted) {
                let moved = self.electors.mood_of_support(wanted) - mood;
                add(format!("10 points {word} for"), &|change| change.mood = moved);
            }
        }
        let by = |author: &str| group(&self.electors, author).map_or(0.0, |(by, _)| by);
        match self.ask.author.as_deref() {
            Some(author) if self.ask.support.is_none() && by(author) != 0.0 => {
                add("an unknown author".to_owned(), &|change| change.mood = -by(author));
            }
            None if self.ask.support.is_none() => {
                let known = self.electors.authors.values().filter(|(_, count)| *count >= 3);
                let moods = || known.clone().map(|(by, _)| *by);
                let (low, high) =
                    (moods().fold(f64::INFINITY, f64::min), moods().fold(f64::NEG_INFINITY, f64::max));
                if low < high {
                    add("least liked author".to_owned(), &|change| {
                        change.mood = low;
                    });
                    add("best liked author".to_owned(), &|change| {
                        change.mood = high;
                    });
                }
            }
            _ => {}
        }
        changes
    }

    fn stage(&self, seed: Seed) -> Stage<'_> {
        Stage::new(
            &self.electors,
            self.now(),
            seed.0,
            self.can_abstain,
            self.since,
            &self.known,
            self.author,
            self.shift,
            &self.leading,
            self.correction.called,
        )
    }

    /// Tries what it would have been, against what it was.
    pub(super) fn tried(&self, runs: u64, seed: Seed, was: (bool, bool)) -> Tried {
        let stage = self.stage(seed);
        let (mut majority, mut missed) = ([0.0; MOVES.len()], 0.0);
        for number in 0..runs {
            let (majorities, misses) = stage.tried(number);
            majority.iter_mut().zip(majorities).for_each(|(sum, has)| *sum += f64::from(u8::from(has)));
            missed += f64::from(u8::from(misses));
        }
        Tried { majority: majority.map(|sum| sum / runs as f64), missed: missed / runs as f64, was }
    }

    /// The chances to pass and to miss the quorum, and nothing else.
    pub(super) fn chance(&self, runs: u64, seed: Seed) -> (f64, f64) {
        let stage = self.stage(seed);
        let (mut passed, mut missed) = (0, 0);
        for number in 0..runs {
            let (passes, quorate) = stage.passes(number);
            passed += u64::from(passes);
            missed += u64::from(!quorate);
        }
        (passed as f64 / runs as f64, missed as f64 / runs as f64)
    }

    /// Answers.
    pub(super) fn answer(mut self, options: &Options, run: &Run) -> Result<Outlook> {
        let changes = self.changes();
        let mut played: Vec<Played> = Vec::new();
        let stage = self.stage(options.seed);
        while (played.len() as u64) < options.runs {
            let from = played.len() as u64;
            run.step("ask", from, options.runs)?;
            let until = options.runs.min(from + BLOCK);
            let block: Result<Vec<Played>> = (from..until)
                .into_par_iter()
                .map(|number| {
                    run.check()?;
                    Ok(stage.play(&changes, ASKED, number))
                })
                .collect();
            played.extend(block?);
        }
        run.step("ask", options.runs, options.runs)?;
        let electorate = &self.records.electorate;
        let runs = played.len();
        let share = |of: &dyn Fn(&Played) -> bool| {
            Chance::of(played.iter().filter(|played| of(played)).count(), runs)
        };
        let over = |of: &dyn Fn(&Played) -> f64| bands(played.iter().map(of), QUANTILES);
        let median = draw::median_run(&played);
        let members = &self.records.view.members;
        let turned = stage.coalition(median as u64);
        let coalition = turned.iter().map(|member| members[*member as usize].clone()).collect();
        let recorded = self.places.iter().filter(|place| self.records.passes(**place, &self.rule)).count();
        let margins: Vec<f64> = played.iter().map(|played| played.margin).collect();
        let policy = &stage.now.policy;
        let outlook = Outlook {
            dao: electorate.dao.clone(),
            ask: self.ask.clone(),
            seed: options.seed,
            runs: options.runs,
            opens: self.question.start,
            window_days: (self.question.end - self.question.start) as f64 / DAY as f64,
            quorum: electorate.tokens(policy.quorum),
            approval: policy.approval as f64 / 1e6,
            passes: share(&|played| played.passed),
            no_quorum: share(&|played| !played.quorate),
            no_majority: share(&|played| played.quorate && !played.passed),
            recorded: (recorded, self.places.len()),
            voters: over(&|played| f64::from(played.voters)),
            power: over(&|played| electorate.tokens(played.power)),
            power_for: over(&|played| electorate.tokens(played.power_for)),
            support: over(&|played| played.support),
            margins: (0..=20).map(|step| quantile(&margins, f64::from(step) / 20.0)).collect(),
            deciders: self.deciders(&played),
            turned_by: bands(
                played.iter().map(|played| played.coalition.map_or(f64::NAN, |count| count as f64)),
                [0.05, 0.5, 0.95],
            ),
            coalition: (coalition, played[median].passed),
            changes: compare(&changes, &played),
            notes: Vec::new(),
        };
        self.remark(&outlook);
        Ok(Outlook { notes: self.notes, ..outlook })
    }

    /// The leading members by what they decide.
    fn deciders(&self, played: &[Played]) -> Vec<Decider> {
        let runs = played.len();
        let mut deciders: Vec<Decider> = self
            .leading
            .iter()
            .take(ASKED)
            .enumerate()
            .map(|(place, &member)| {
                let times = |of: &dyn Fn(&[bool; 4]) -> bool| {
                    played.iter().filter(|played| of(&played.swings[place])).count()
                };
                let at = member as usize;
                let share = |number: usize| times(&|swing| swing[number]) as f64 / runs as f64;
                let pivots = played.iter().filter(|played| played.pivot == Some(member)).count();
                Decider {
                    member: self.records.view.members[at].clone(),
                    tokens: self.records.electorate.tokens(self.electors.power[at]),
                    comes: if self.author == Some(member) {
                        self.electors.author_comes
                    } else {
                        self.electors.chance[at]
                    },
                    with_for: share(0),
                    with_against: share(1),
                    without: share(2),
                    swing: Chance::of(times(&|[with, against, ..]| *with && !against), runs),
                    decisive: Chance::of(times(&|swing| swing[3]), runs),
                    pivot: Chance::of(pivots, runs),
                }
            })
            .collect();
        // Stable: of equals the one of whom more power is expected.
        deciders.sort_by(|left, right| right.swing.share.total_cmp(&left.swing.share));
        deciders.truncate(TOLD);
        deciders
    }

    fn remark(&mut self, outlook: &Outlook) {
        let Correction { mood, called } = self.correction;
        if self.ask.support.is_none() && mood.abs() > 0.05 || called > 0.0 {
            self.notes.push(format!(
                "Runs are corrected by what became of the latest proposals: opinions by {mood:+.2} logits, and in {} of the runs \
                 with a majority and no quorum people are called until it is met.",
                percent(called)
            ));
        }
        if outlook.quorum == 0.0 {
            self.notes.push(
                "No quorum is known, so that any turnout is enough; `[rule]` or a baseline with the DAO's own `quorum` or \
                 `quorum_tokens` says better."
                    .to_owned(),
            );
        }
        if self.electors.slope().is_none_or(|(slope, error)| (slope / error).abs() <= APART) {
            self.notes.push(
                "The records do not tell whether a longer window brings more voters; of a shorter one, ballots that would \
                 come later are taken to be lost."
                    .to_owned(),
            );
        }
        for (names, holds) in TIMES {
            if let Some((difference, error)) = self.electors.difference(|past| holds(past.start))
                && (difference / error).abs() <= APART
            {
                self.notes.push(format!(
                    "The records tell no difference between opening {} and {}: {:+.0} % voters, with a standard error of {:.0} \
                     percentage points.",
                    names[0],
                    names[1],
                    (exp(difference) - 1.0) * 100.0,
                    error * exp(difference) * 100.0,
                ));
            }
        }
        if outlook.recorded.1 < 20 {
            self.notes.push(format!(
                "The records have {} proposals that could pass or fail: few to learn from.",
                outlook.recorded.1
            ));
        }
        if self.electors.past.iter().all(|past| past.newcomers.is_empty()) {
            return;
        }
        let new =
            self.electors.past.iter().map(|past| past.weight * past.newcomers.len() as f64).sum::<f64>()
                / self.electors.past.iter().map(|past| past.weight).sum::<f64>();
        self.notes.push(format!(
            "{new:.1} voters of a recent proposal had never voted before; so many strangers come to it, with powers as they \
             had."
        ));
    }
}

/// Times of opening that are told apart, in UTC: names of one and the other, and whether a time is the one.
const TIMES: [([&str; 2], fn(i64) -> bool); 2] = [
    // 1 January 1970 was a Thursday.
    (["on a weekend", "on a weekday"], |at| (at.div_euclid(DAY) + 3).rem_euclid(7) >= 5),
    (["before noon (UTC)", "after noon (UTC)"], |at| at.rem_euclid(DAY) < DAY / 2),
];

fn group(electors: &Electors, author: &str) -> Option<(f64, usize)> {
    let known = electors.authors.iter().find(|(known, _)| known.eq_ignore_ascii_case(author));
    known.map(|(_, group)| *group)
}

/// The median length of remembered windows.
fn typical_window(past: &[Past]) -> i64 {
    let lengths: Vec<f64> =
        past.iter().filter(|past| past.length > 0).map(|past| past.length as f64).collect();
    if lengths.is_empty() { 7 * DAY } else { quantile(&lengths, 0.5) as i64 }
}

/// What each change does, the largest first.
fn compare(changes: &[Change], played: &[Played]) -> Vec<Changed> {
    let runs = played.len() as f64;
    let mut told: Vec<Changed> = changes
        .iter()
        .enumerate()
        .map(|(place, change)| {
            let count = |now: bool, then: bool| {
                played.iter().filter(|played| played.passed == now && played.changes[place] == then).count()
            };
            let (gained, lost) = (count(false, true), count(true, false));
            // Half a run is added to each kind of disagreement, so that none observed is not none possible.
            let (more, fewer, all) = (gained as f64 + 0.5, lost as f64 + 0.5, runs + 2.0);
            let middle = (more - fewer) / all;
            let error = ((more + fewer) / all - middle * middle).max(0.0).sqrt() / all.sqrt();
            let half = 1.644_853_626_951 * error;
            Changed {
                title: change.title.clone(),
                chance: Chance::of(gained + count(true, true), played.len()),
                difference: (gained as f64 - lost as f64) / runs,
                interval: (middle - half, middle + half),
            }
        })
        .collect();
    told.sort_by(|left, right| right.difference.abs().total_cmp(&left.difference.abs()));
    told
}
