//! Ballots in time, on the rules of a proposal's life.

use crate::governance::lifecycle::{Moment, Revert, State, Support};
use crate::governance::{Amount, governor, governor_bravo};
use crate::{Error, Result};

/// Parts of a token in which the replays count: millionths.
const PARTS: f64 = 1e6;

/// Tokens in parts.
pub(super) fn amount(tokens: f64) -> Amount {
    Amount((tokens.max(0.0) * PARTS).round() as u128)
}

/// Parts in tokens.
pub(super) fn tokens(amount: Amount) -> f64 {
    amount.0 as f64 / PARTS
}

/// What an act that the rule refused is to a caller: a defect of the incident's numbers.
pub(super) fn refused(revert: impl std::fmt::Display) -> Error {
    Error::Parameters { problems: vec![format!("the rule refused an act of the replay: {revert}")] }
}

/// A ballot that an agent casts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ballot {
    /// Clock units after the vote opened; what comes after its end is not cast.
    pub at: f64,
    pub member: u32,
    pub support: Support,
    pub power: f64,
}

impl Ballot {
    pub(super) fn new(at: f64, member: u32, support: Support, power: f64) -> Self {
        Self { at, member, support, power }
    }
}

/// How a proposal ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ended {
    pub state: State,
    pub in_favour: f64,
    pub against: f64,
}

/// By time, then by member.
fn sort(ballots: &mut [Ballot]) {
    ballots.sort_by(|left, right| left.at.total_cmp(&right.at).then(left.member.cmp(&right.member)));
}

/// Seconds of a clock whose unit is so many seconds.
fn moment(clock: u64, unit: u64) -> Moment {
    Moment { clock, second: clock * unit }
}

/// Runs a proposal on Governor Bravo (or Alpha) to its execution: ballots as long as the vote is open, then queue and
/// execute as soon as the rule allows. `unit` is the seconds of a clock unit; member 0 proposes with `proposer` tokens.
pub(super) fn bravo(
    settings: &governor_bravo::Settings,
    unit: u64,
    proposer: f64,
    ballots: &mut [Ballot],
) -> Result<Ended> {
    let made =
        governor_bravo::Proposer { member: 0, power: amount(proposer), whitelisted: false, latest: None };
    let mut proposal = governor_bravo::Proposal::propose(settings, moment(1, unit), &made, 1, ballots.len())
        .map_err(refused)?;
    sort(ballots);
    for ballot in ballots.iter() {
        let clock = proposal.start() + 1 + ballot.at.max(0.0) as u64;
        if clock > proposal.end() {
            break;
        }
        let cast =
            proposal.cast(settings, moment(clock, unit), ballot.member, ballot.support, amount(ballot.power));
        cast.map_err(refused)?;
    }
    let over = moment(proposal.end() + 1, unit);
    let tally = *proposal.tally();
    if proposal.state(settings, over) == State::Succeeded {
        proposal.queue(settings, over).map_err(refused)?;
        let eta = proposal.eta().unwrap_or_default();
        let ready = Moment { clock: eta.div_ceil(unit), second: eta.max(over.second) };
        proposal.execute(settings, ready).map_err(refused)?;
        return Ok(Ended {
            state: proposal.state(settings, ready),
            in_favour: tokens(tally.in_favour),
            against: tokens(tally.against),
        });
    }
    let state = proposal.state(settings, over);
    Ok(Ended { state, in_favour: tokens(tally.in_favour), against: tokens(tally.against) })
}

/// Runs a proposal on OpenZeppelin's Governor to its execution. `guardian` is when, in clock units after the opening, a
/// guardian that the settings name as member `u32::MAX` cancels; never where it is infinite.
pub(super) fn governor(
    settings: &governor::Settings,
    unit: u64,
    proposer: f64,
    supply: f64,
    ballots: &mut [Ballot],
    guardian: f64,
) -> Result<Ended> {
    let mut proposal = governor::Proposal::propose(
        settings,
        moment(1, unit),
        0,
        amount(proposer),
        amount(supply),
        ballots.len(),
    )
    .map_err(refused)?;
    sort(ballots);
    for ballot in ballots.iter() {
        let clock = proposal.snapshot() + 1 + ballot.at.max(0.0) as u64;
        match proposal.cast(
            settings,
            moment(clock, unit),
            ballot.member,
            ballot.support,
            amount(ballot.power),
        ) {
            Ok(()) => {}
            Err(Revert::State(_)) => break,
            Err(revert) => return Err(refused(revert)),
        }
    }
    let over = moment(proposal.deadline() + 1, unit);
    let tally = *proposal.tally();
    let ended = |state| Ended { state, in_favour: tokens(tally.in_favour), against: tokens(tally.against) };
    if proposal.state(settings, over) != State::Succeeded {
        return Ok(ended(proposal.state(settings, over)));
    }
    let mut ready = over;
    if settings.timelock != governor::Timelock::None {
        proposal.queue(settings, over).map_err(refused)?;
        let eta = proposal.eta().unwrap_or_default();
        ready = Moment { clock: eta.div_ceil(unit).max(over.clock), second: eta.max(over.second) };
    }
    let open = (proposal.snapshot() + 1) as f64;
    if open + guardian < ready.clock as f64 {
        let at = moment((open + guardian) as u64, unit);
        proposal.cancel(settings, at, u32::MAX).map_err(refused)?;
        return Ok(ended(proposal.state(settings, ready)));
    }
    proposal.execute(settings, ready).map_err(refused)?;
    Ok(ended(proposal.state(settings, ready)))
}
