//! What calibration compares: who voted on which proposal, with how much power, on which side, when.

use daotwin_history::Side;
use daotwin_history::view::DaoView;

use crate::Result;
use crate::rehearsal::electorate::Electorate;

/// A ballot, recorded or simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ballot {
    /// Who; dense numbers.
    pub voter: u32,
    /// When, as a share of the window; 0 where unknown.
    pub time: f32,
    /// With how much power, in any unit.
    pub power: f64,
    /// 1 for, -1 against, 0 neither.
    pub side: i8,
}

/// The ballots of proposals that follow each other. Proposals without a ballot are left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// All ballots by proposal, then time.
    pub ballots: Vec<Ballot>,
    /// Where the ballots of each proposal end.
    pub ends: Vec<u32>,
    /// Voters are numbered below this.
    pub voters: u32,
    /// Whether ballots have times.
    pub timed: bool,
    /// Whether most ballots are for or against.
    pub sided: bool,
}

/// What one proposal came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Power cast.
    pub cast: f64,
    /// How many voted.
    pub voters: f64,
    /// The share in favour of the power for and against; NaN where there is neither.
    pub favour: f64,
    /// The largest ballot's share of the power cast; NaN where no power was cast.
    pub largest: f64,
}

impl Record {
    /// Reads a DAO.
    ///
    /// # Errors
    /// A DAO without ballots on a proposal that a yes could pass.
    pub fn of(view: &DaoView) -> Result<Self> {
        let electorate = Electorate::of(view)?;
        let mut record = Self::default();
        let (mut known, mut sided) = (0_usize, 0_usize);
        for question in &electorate.questions {
            let window = (question.end - question.start) as f64;
            for ballot in &electorate.ballots[question.ballots.clone()] {
                let time = if window > 0.0 { (ballot.at - question.start) as f64 / window } else { 0.0 };
                known += usize::from(window > 0.0 && ballot.at < question.end);
                let side = match ballot.side {
                    Side::For => 1,
                    Side::Against => -1,
                    Side::Abstain | Side::Other => 0,
                };
                sided += usize::from(side != 0);
                record.voters = record.voters.max(ballot.member + 1);
                record.ballots.push(Ballot {
                    voter: ballot.member,
                    time: time as f32,
                    power: electorate.tokens(ballot.power),
                    side,
                });
            }
            if record.ballots.len() as u32 > record.ends.last().copied().unwrap_or(0) {
                record.ends.push(record.ballots.len() as u32);
            }
        }
        record.timed = 2 * known > record.ballots.len();
        record.sided = 2 * sided > record.ballots.len();
        Ok(record)
    }

    /// Forgets what it holds.
    pub(crate) fn clear(&mut self) {
        self.ballots.clear();
        self.ends.clear();
        self.voters = 0;
    }

    /// How many proposals.
    pub fn proposals(&self) -> usize {
        self.ends.len()
    }

    /// The ballots of a proposal.
    pub fn of_proposal(&self, proposal: usize) -> &[Ballot] {
        let start = if proposal == 0 { 0 } else { self.ends[proposal - 1] };
        &self.ballots[start as usize..self.ends[proposal] as usize]
    }

    /// The record as it was after its first proposals.
    pub fn first(&self, proposals: usize) -> Self {
        let ends = self.ends[..proposals.min(self.ends.len())].to_vec();
        let ballots = self.ballots[..ends.last().copied().unwrap_or(0) as usize].to_vec();
        let voters = ballots.iter().map(|ballot| ballot.voter + 1).max().unwrap_or(0);
        Self { ballots, ends, voters, ..*self }
    }

    /// How many different members voted.
    pub fn distinct(&self) -> usize {
        let mut seen = vec![false; self.voters as usize];
        self.ballots.iter().for_each(|ballot| seen[ballot.voter as usize] = true);
        seen.into_iter().filter(|seen| *seen).count()
    }

    /// What a proposal came to.
    pub fn figures(&self, proposal: usize) -> Figures {
        let ballots = self.of_proposal(proposal);
        let (mut cast, mut largest, mut yes, mut no) = (0.0, 0.0_f64, 0.0, 0.0);
        for ballot in ballots {
            cast += ballot.power;
            largest = largest.max(ballot.power);
            match ballot.side {
                1 => yes += ballot.power,
                -1 => no += ballot.power,
                _ => {}
            }
        }
        Figures {
            cast,
            voters: ballots.len() as f64,
            favour: if yes + no > 0.0 { yes / (yes + no) } else { f64::NAN },
            largest: if cast > 0.0 { largest / cast } else { f64::NAN },
        }
    }
}
