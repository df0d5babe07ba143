//! Ballots of a rehearsal as a referee takes them.

use daotwin_history::Side;

use super::play::{Cast, Voter};
use crate::governance::lifecycle::Support;
use crate::governance::referee;

/// The ballots of one proposal, for a referee.
pub(super) struct BallotBox {
    start: i64,
    window: i64,
    ballots: Vec<referee::Ballot>,
}

impl BallotBox {
    pub(super) fn new(start: i64, window: i64) -> Self {
        Self { start, window, ballots: Vec::new() }
    }

    pub(super) fn ballots(&self) -> &[referee::Ballot] {
        &self.ballots
    }

    pub(super) fn put(&mut self, cast: &Cast) {
        let support = match cast.side {
            Side::For => Support::For,
            Side::Against => Support::Against,
            Side::Abstain => Support::Abstain,
            // No answer that a governor takes.
            Side::Other => return,
        };
        let voter = match cast.voter {
            Voter::Member { member, .. } => u64::from(member),
            Voter::Attacker(number) => (1 << 32) + number,
        };
        let elapsed = (cast.at - self.start).clamp(0, self.window);
        let moment = if self.window > 0 { elapsed as f64 / self.window as f64 } else { 1.0 };
        let moment = (moment * 1e6) as u32;
        self.ballots.push(referee::Ballot { voter, support, power: cast.power, moment });
    }
}

/// The value, or else the first problem kept.
pub(super) fn first_problem<T>(problem: &mut Option<String>, found: crate::Result<T>) -> Option<T> {
    match found {
        Ok(value) => Some(value),
        Err(error) => {
            problem.get_or_insert_with(|| error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod test {
    use std::sync::Mutex;

    use daotwin_core::Run;

    use super::super::test_model::Stub;
    use super::super::{Options, history_on, rehearse, rehearse_on};
    use crate::governance::referee::{Decided, Poll, Referee};
    use crate::scenario::{QuorumCounts, RuleChange, read};

    /// Says no to all, or holds no vote of more than so many ballots.
    #[derive(Debug, Default)]
    struct Stern {
        most: Option<usize>,
        seen: Mutex<Vec<(usize, bool)>>,
    }

    impl Referee for Stern {
        fn quorum(&self, supply: Option<u128>, decimals: u8) -> crate::Result<u128> {
            assert_eq!((supply, decimals), (Some(100_000), 2));
            Ok(1)
        }

        fn counts(&self) -> QuorumCounts {
            QuorumCounts::For
        }

        fn passes(&self, poll: &Poll<'_>, expected: bool) -> crate::Result<bool> {
            assert!(poll.ballots.iter().all(|ballot| ballot.moment <= 1_000_000 && ballot.power > 0));
            self.seen.lock().unwrap().push((poll.ballots.len(), expected));
            match self.most {
                Some(most) if poll.ballots.len() > most => {
                    Err(crate::Error::Parameters { problems: vec!["too many come".to_owned()] })
                }
                _ => Ok(false),
            }
        }

        fn decided(&self) -> Decided {
            let seen = self.seen.lock().unwrap();
            let proposals = seen.len() as u64;
            Decided { by: "nobody".to_owned(), proposals, ballots: 0, refused: 0, different: 0 }
        }
    }

    #[test]
    fn a_referee_has_the_last_word_on_every_ballot() {
        let (model, run) = (Stub::fixed(), Run::default());
        let options = Options { runs: 2, ..Options::default() };
        let baseline = RuleChange::default();
        let whale = read("title = 'whale'\n[[conditions]]\nkind = 'whale'\ntokens = 900\n").unwrap();
        let plain = rehearse(&model, None, &baseline, std::slice::from_ref(&whale), &options, &run).unwrap();
        assert!(plain.arms[1].variable("passed").unwrap().mean > 0.9 && plain.decided.is_none());
        let stern = Stern::default();
        let scenarios = std::slice::from_ref(&whale);
        let found = rehearse_on(&stern, &model, None, &baseline, scenarios, &options, &run).unwrap();
        assert!(found.arms.iter().all(|arm| arm.variable("passed").unwrap().mean == 0.0));
        let voters = |arm: usize| found.arms[arm].variable("voters").unwrap().mean;
        assert_eq!(voters(0), plain.arms[0].variable("voters").unwrap().mean);
        // Ten proposals of two runs: once as it is, before the whale and after it.
        let seen = stern.seen.lock().unwrap().clone();
        assert_eq!((seen.len(), found.decided.as_ref().unwrap().proposals), (60, 60));
        let ballots: usize = seen.iter().map(|(ballots, _)| ballots).sum();
        let expected = 20.0 * (2.0 * voters(0) + voters(1));
        assert!((ballots as f64 - expected).abs() < 1e-6, "{ballots} {expected}");
        assert!(seen.iter().any(|(_, expected)| *expected));
        let written = history_on(&stern, &model, &baseline, &whale, &options, 0, &run).unwrap();
        assert_eq!(written.rows(daotwin_history::Table::Proposals), 10);
        assert!(found.warnings().iter().any(|told| told.starts_with("nobody decided 60 proposals")));

        // A vote that cannot be held ends the rehearsal; what the referee decides is nobody else's.
        let stern = Stern { most: Some(10), ..Stern::default() };
        let told = rehearse_on(&stern, &model, None, &baseline, &[], &options, &run).unwrap_err();
        assert_eq!(told.to_string(), "too many come");
        let other = RuleChange { approval: Some(0.6), ..baseline };
        let told = rehearse_on(&stern, &model, None, &other, &[], &options, &run).unwrap_err().to_string();
        assert!(told.starts_with("the baseline: `approval` is what the contract decides"), "{told}");
    }
}
