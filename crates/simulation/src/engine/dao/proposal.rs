//! A proposal that is open: who can vote on it, what is said about it, how it stands.

use super::members::Members;
use super::{ASK, AUTHOR, Dao, Decision, Draws, Now, POSTER, POSTS, Price, STANCE};
use crate::Result;
use crate::engine::hazard::{self, Candidates};
use crate::engine::math;
use crate::engine::minimal::{DIRECTION, PARTICIPATION, POSITION};
use crate::engine::random::Key;
use crate::engine::tally::{self, Observer, Opening, Outcome, Tally, Voters};
use crate::governance::lifecycle::Support;
use crate::governance::referee::Ballot;

/// An open proposal.
#[derive(Debug)]
pub(super) struct Open {
    number: u32,
    pub(super) opened: u32,
    position: f64,
    pub(super) author: u32,
    /// Asked for, in millionths of the treasury.
    pub(super) ask: u32,
    direction: Key,
    candidates: Candidates,
    /// What they weigh, from their powers at the opening.
    powers: Vec<u64>,
    supply: u64,
    /// From this power on a voter is a whale.
    whale: u64,
    tally: Tally,
    /// Yes of whales, and all of theirs.
    whales: (u64, u64),
    /// Excitation of the forum, posts so far, and for less against.
    talk: f64,
    posts: u32,
    opinion: i64,
    /// For a rule that asks for them.
    ballots: Vec<Ballot>,
}

impl Default for Open {
    fn default() -> Self {
        Self {
            number: 0,
            opened: 0,
            position: 0.0,
            author: 0,
            ask: 0,
            direction: Key::new(0, 0, 0, 0),
            candidates: Candidates::default(),
            powers: vec![],
            supply: 0,
            whale: 0,
            tally: Tally::default(),
            whales: (0, 0),
            talk: 0.0,
            posts: 0,
            opinion: 0,
            ballots: vec![],
        }
    }
}

/// What pulls on every voter of a step alike.
pub(super) struct Pull {
    pub(super) activity: f64,
    pub(super) approval: f64,
    /// By which share the price is below its height.
    pub(super) fall: f64,
}

impl Dao {
    /// Opens a proposal in memory that another used before.
    pub(super) fn open(
        &self,
        memory: Open,
        members: &Members,
        price: &Price,
        now: &Now,
        draws: Draws,
        (number, step): (u32, u32),
    ) -> Open {
        let behaviour = &self.parameters.behaviour;
        let key = |purpose| draws.key(purpose, u64::from(number));
        let Open { mut candidates, mut powers, mut ballots, .. } = memory;
        ballots.clear();
        candidates.select(key(PARTICIPATION), &self.bounds);
        candidates.start(&self.rates);
        powers.clear();
        powers.extend(candidates.agents.iter().map(|&agent| members.powers[agent as usize]));
        let per_token = price.level() / (behaviour.cost * now.cost);
        for (rate, power) in candidates.rates.iter_mut().zip(&mut powers) {
            let tokens = *power;
            *power = self.decision.weight(tokens);
            if *power == 0 {
                *rate = 0;
            } else if per_token.is_finite() {
                let kept = 1.0 - math::exp(-(tokens as f64 * per_token));
                *rate = hazard::product(*rate, hazard::share(kept));
            }
        }
        let supply = self.decision.electorate(&members.powers, members.supply);
        let large = u128::from(supply) * u128::from(behaviour.whale_millionths) / 1_000_000;
        Open {
            number,
            opened: step,
            position: key(POSITION).uniform(0) * 2.0 - 1.0,
            author: key(AUTHOR).below(0, self.population.len() as u32),
            ask: (key(ASK).uniform(0) * f64::from(self.parameters.treasury.ask_millionths)) as u32,
            direction: key(DIRECTION),
            candidates,
            powers,
            supply,
            whale: (large as u64).max(1),
            ballots,
            ..Open::default()
        }
    }
}

impl Open {
    /// A step of the forum (Hawkes 1971, in discrete time): posts excite posts, and each is for or against as its
    /// author would vote by itself. Returns how many there were.
    pub(super) fn discuss(
        &mut self,
        dao: &Dao,
        approval: f64,
        draws: Draws,
        step: u32,
        observer: &mut impl Observer,
    ) -> u32 {
        let (forum, behaviour) = (&dao.parameters.forum, &dao.parameters.behaviour);
        let mean = forum.posts + self.talk;
        if mean == 0.0 {
            return 0;
        }
        let count = math::poisson_quantile(draws.key(POSTS, u64::from(step)).uniform(self.number), mean);
        if count > 0 {
            let place = u64::from(step) << 32 | u64::from(self.number);
            let (poster, stance) = (draws.key(POSTER, place), draws.key(STANCE, place));
            for post in 0..count {
                let author = poster.below(post, dao.population.len() as u32);
                let ideology = f64::from(dao.population.ideologies()[author as usize]);
                let leaning = behaviour.ideology * ideology * self.position + behaviour.approval + approval;
                let favours = stance.uniform(post) < math::logistic(leaning);
                self.opinion += if favours { 1 } else { -1 };
                observer.posted(step, self.number, author, favours);
            }
            self.posts = self.posts.saturating_add(count);
        }
        self.talk = self.talk * (1.0 - forum.decay) + forum.excitation * f64::from(count);
        count
    }

    /// A step of voting.
    pub(super) fn vote(
        &mut self,
        dao: &Dao,
        pull: &Pull,
        step: u32,
        members: &mut Members,
        voters: &mut Voters,
        observer: &mut impl Observer,
    ) {
        let behaviour = &dao.parameters.behaviour;
        let age = step - self.opened;
        let margin = self.tally.margin();
        let interest = 1.0 - behaviour.contention * margin.abs();
        let talk = 1.0 + dao.parameters.forum.boost * self.talk / (1.0 + self.talk);
        let factor = hazard::share(dao.timing[age as usize] * pull.activity * interest * talk / dao.peak);
        let (places, agents) = if behaviour.fatigue > 0.0 {
            self.candidates.advance_by(factor, &members.attentions)
        } else {
            self.candidates.advance(factor)
        };
        if places.is_empty() {
            return;
        }
        voters.agents.clear();
        voters.agents.extend(places.iter().map(|&place| agents[place as usize]));
        voters.powers.clear();
        voters.powers.extend(places.iter().map(|&place| self.powers[place as usize]));
        // What the forum says counts the more the more was said.
        let opinion = self.opinion as f64 / (f64::from(self.posts) + 1.0);
        let common = behaviour.herding * margin
            + behaviour.whale_cue * tally::margin(self.whales.0, self.whales.1)
            + behaviour.persuasion * opinion
            + pull.approval
            - behaviour.loss_aversion * (f64::from(self.ask) / 1e6) * pull.fall;
        voters.think(self.direction, dao.population.ideologies(), behaviour.ideology * self.position);
        let all = 0..voters.agents.len();
        voters.vote(all, math::exp(common), (self.number, age), &mut self.tally, observer);
        if dao.decision.by_ballot() {
            let moment = (u64::from(age) * 1_000_000 / u64::from(dao.parameters.window.max(1))) as u32;
            self.ballots.extend(voters.agents.iter().zip(voters.ballots()).map(
                |(&agent, (power, choice))| {
                    let support = if choice == 1 { Support::For } else { Support::Against };
                    Ballot { voter: u64::from(agent), support, power: u128::from(power), moment }
                },
            ));
        }
        if behaviour.whale_cue != 0.0 {
            for (power, choice) in voters.ballots().filter(|(power, _)| *power >= self.whale) {
                self.whales.0 += power * u64::from(choice);
                self.whales.1 += power;
            }
        }
        if behaviour.fatigue > 0.0 {
            let kept = hazard::share(1.0 - behaviour.fatigue);
            for &agent in &voters.agents {
                members.tire(agent, kept);
            }
        }
    }

    /// How it began.
    pub(super) fn opening(&self) -> Opening {
        Opening { proposal: self.number, step: self.opened, author: self.author, electorate: self.supply }
    }

    /// How it ended.
    pub(super) fn outcome(&self, decision: &dyn Decision) -> Result<Outcome> {
        let passed = if decision.by_ballot() {
            decision.judges(&self.ballots, &self.tally, self.supply)?
        } else {
            decision.passes(&self.tally, self.supply)
        };
        Ok(Outcome {
            proposal: self.number,
            opened: self.opened,
            position: self.position,
            supply: self.supply,
            tally: self.tally,
            passed,
        })
    }
}
