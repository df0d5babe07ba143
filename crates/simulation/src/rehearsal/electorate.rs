//! Who could vote on what: a DAO's proposals and ballots as the rehearsal reads them, from a sample of its twin or from
//! its records.

use std::ops::Range;

use daotwin_history::view::{DaoView, ProposalView, VoteView};
use daotwin_history::{Side, amount};

use crate::scenario::QuorumCounts;
use crate::{Error, Result};

/// A ballot that would be cast if nothing happened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ballot {
    pub(crate) member: u32,
    /// Seconds since 1970.
    pub(crate) at: i64,
    /// In the token's smallest unit.
    pub(crate) power: u128,
    pub(crate) side: Side,
}

/// A proposal.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) start: i64,
    pub(crate) end: i64,
    /// Recorded quorum, in the smallest unit.
    pub(crate) quorum: Option<u128>,
    /// Which ballots count towards it in the DAO's own system.
    pub(crate) counts: QuorumCounts,
    /// Whether it can pass: whether there is a choice for it.
    pub(crate) passable: bool,
    /// Its ballots, in order of time.
    pub(crate) ballots: Range<usize>,
}

/// All of it.
#[derive(Debug, Clone)]
pub(crate) struct Electorate {
    pub(crate) dao: String,
    pub(crate) supply: Option<u128>,
    pub(crate) decimals: u8,
    pub(crate) questions: Vec<Question>,
    pub(crate) ballots: Vec<Ballot>,
    /// The largest power that each member has in a ballot.
    pub(crate) peak: Vec<u128>,
    /// Members, the most powerful first.
    pub(crate) ranks: Vec<u32>,
    /// The place of each member among them.
    pub(crate) rank_of: Vec<u32>,
}

/// What each choice of a proposal says. Two or three choices without words, or with a number each, are read as for,
/// against and abstain, in the order that governors and Snapshot's own form have.
pub(crate) fn sides(proposal: &ProposalView) -> Vec<Side> {
    let numbered =
        |label: &String| label.strip_prefix("choice ").is_some_and(|rest| rest.parse::<u32>().is_ok());
    if proposal.labels.iter().all(numbered) && proposal.labels.len() <= 3 {
        return vec![Side::For, Side::Against, Side::Abstain];
    }
    proposal.labels.iter().map(|label| Side::of(label)).collect()
}

/// What a ballot says, on a proposal whose choices say this.
pub(crate) fn said(vote: &VoteView, sides: &[Side]) -> Side {
    let choice = usize::try_from(vote.choice - 1).ok();
    choice.and_then(|choice| sides.get(choice).copied()).unwrap_or(Side::Other)
}

fn on_chain(system: &str) -> bool {
    ["governor", "aave", "aragon", "genesis"].iter().any(|known| system.contains(known))
}

fn counts(system: Option<&str>) -> QuorumCounts {
    match system.unwrap_or_default() {
        system if system.contains("oz-governor") => QuorumCounts::ForAndAbstain,
        system if on_chain(system) => QuorumCounts::For,
        _ => QuorumCounts::All,
    }
}

impl Electorate {
    /// Reads a DAO.
    ///
    /// # Errors
    /// A DAO without a proposal, or without one that a yes could pass.
    pub(crate) fn of(view: &DaoView) -> Result<Self> {
        let mut ballots = Vec::with_capacity(view.votes.len());
        let mut questions = Vec::with_capacity(view.proposals.len());
        let mut peak = vec![0_u128; view.members.len()];
        let mut last = 0;
        for proposal in &view.proposals {
            let start = proposal.start_at.or(proposal.created_at).unwrap_or(last);
            let end = proposal.end_at.unwrap_or(start).max(start);
            last = start;
            let sides = sides(proposal);
            let first = ballots.len();
            for vote in &view.votes[proposal.votes.clone()] {
                let power = u128::try_from(vote.power).unwrap_or(0);
                let side = said(vote, &sides);
                let known = &mut peak[vote.member as usize];
                *known = power.max(*known);
                ballots.push(Ballot {
                    member: vote.member,
                    at: vote.at.unwrap_or(end).clamp(start, end),
                    power,
                    side,
                });
            }
            ballots[first..].sort_by_key(|ballot| ballot.at);
            // What DAOstack's records call quorum is all reputation there was: a boosted proposal needs a relative
            // majority and no quorum.
            let staked = proposal.voting_system.as_deref().is_some_and(|system| system.contains("genesis"));
            let quorum = proposal.quorum.filter(|quorum| *quorum > 0.0 && !staked);
            questions.push(Question {
                start,
                end,
                quorum: quorum
                    .and_then(|quorum| u128::try_from(amount::from_tokens(quorum, view.decimals)).ok()),
                counts: counts(proposal.voting_system.as_deref()),
                passable: sides.contains(&Side::For),
                ballots: first..ballots.len(),
            });
        }
        if !questions.iter().any(|question| question.passable && !question.ballots.is_empty()) {
            let problem = format!(
                "DAO `{}` has no proposal with ballots and a choice for it (`for`, `yes`, `approve`, ...): there is nothing \
                 to pass or to fail; choose another with `--dao`, or import it with labels that begin with such words",
                view.dao
            );
            return Err(Error::Parameters { problems: vec![problem] });
        }
        let mut ranks: Vec<u32> = (0..peak.len() as u32).collect();
        ranks.sort_by_key(|member| (std::cmp::Reverse(peak[*member as usize]), *member));
        let mut rank_of = vec![0; ranks.len()];
        for (rank, member) in ranks.iter().enumerate() {
            rank_of[*member as usize] = rank as u32;
        }
        let supply = view.supply.filter(|supply| *supply > 0.0);
        Ok(Self {
            dao: view.dao.clone(),
            supply: supply.and_then(|supply| u128::try_from(amount::from_tokens(supply, view.decimals)).ok()),
            decimals: view.decimals,
            questions,
            ballots,
            peak,
            ranks,
            rank_of,
        })
    }

    /// The first start and the last end.
    pub(crate) fn span(&self) -> (i64, i64) {
        let start = self.questions.iter().map(|question| question.start).min().unwrap_or(0);
        let end = self.questions.iter().map(|question| question.end).max().unwrap_or(start);
        (start, end)
    }

    /// Share of the proposals that record no quorum.
    pub(crate) fn without_quorum(&self) -> f64 {
        let without = self.questions.iter().filter(|question| question.quorum.is_none()).count();
        without as f64 / self.questions.len().max(1) as f64
    }

    /// In tokens.
    pub(crate) fn tokens(&self, units: u128) -> f64 {
        amount::to_tokens(i128::try_from(units).unwrap_or(i128::MAX), self.decimals)
    }

    /// In the smallest unit.
    pub(crate) fn units(&self, tokens: f64) -> u128 {
        u128::try_from(amount::from_tokens(tokens, self.decimals)).unwrap_or(0)
    }
}
