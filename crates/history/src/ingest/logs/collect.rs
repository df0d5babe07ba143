//! What the logs say, gathered before rows are written: a vote may come before its proposal, and what a
//! contract is shows only from all that it emits.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use daotwin_core::Error as CoreError;

use super::abi::{self, Address, Arguments, Reason, Word};
use super::clock::Clock;
use super::events::{self, Event, Kind};
use super::parse::{Log, Parsed};
use super::table_of;
use crate::builder::HistoryBuilder;
use crate::error::Result;
use crate::schema::Table;

/// Bytes of a title that are kept.
const MAX_TITLE: usize = 200;

/// When something was logged, and the order of logs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) block: Option<u64>,
    pub(super) time: Option<i64>,
    pub(super) index: u64,
}

/// What a ballot says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Ballot {
    /// A 1-based choice.
    One(i32),
    /// Power for, against, abstaining.
    Parts([f64; 3]),
}

#[derive(Debug)]
pub(super) struct Vote {
    pub(super) source: Rc<str>,
    pub(super) contract: usize,
    pub(super) proposal: usize,
    pub(super) member: Address,
    pub(super) moment: Moment,
    pub(super) ballot: Ballot,
    pub(super) power: i128,
    pub(super) objection: bool,
}

#[derive(Debug)]
pub(super) struct Action {
    pub(super) target: Address,
    pub(super) value: Word,
    pub(super) signature: String,
    pub(super) calldata: Vec<u8>,
}

#[derive(Debug, Default)]
pub(super) struct Proposal {
    pub(super) id: Word,
    pub(super) created: Option<Moment>,
    pub(super) author: Option<Address>,
    pub(super) title: Option<String>,
    pub(super) start: Option<u64>,
    pub(super) end: Option<u64>,
    pub(super) state: Option<(Moment, &'static str)>,
    pub(super) actions: Vec<Action>,
}

#[derive(Debug)]
pub(super) struct Happening {
    pub(super) contract: usize,
    pub(super) proposal: usize,
    pub(super) moment: Moment,
    pub(super) event: &'static str,
}

#[derive(Debug)]
pub(super) struct Delegation {
    pub(super) contract: usize,
    pub(super) moment: Moment,
    pub(super) delegator: Address,
    pub(super) from: Address,
    pub(super) to: Address,
}

/// A transfer, or with `from` unset the new voting power of a delegate.
#[derive(Debug)]
pub(super) struct Movement {
    pub(super) contract: usize,
    pub(super) moment: Moment,
    pub(super) from: Option<Address>,
    pub(super) to: Address,
    pub(super) amount: i128,
}

/// What an address has emitted.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one kind of event seen")]
pub(super) struct Emitted {
    pub(super) open_zeppelin: bool,
    pub(super) bravo: bool,
    pub(super) alpha: bool,
    pub(super) aave: bool,
    pub(super) aragon: bool,
    pub(super) governor: bool,
    pub(super) token: bool,
}

#[derive(Debug, Default)]
pub(super) struct Contract {
    pub(super) address: Address,
    pub(super) emitted: Emitted,
    pub(super) proposals: Vec<Proposal>,
    by_id: HashMap<Word, usize>,
    /// Aragon: when the length of votes was set, and to how many seconds.
    pub(super) vote_times: Vec<(Moment, u64)>,
}

impl Contract {
    fn proposal(&mut self, id: Word) -> usize {
        let proposals = &mut self.proposals;
        *self.by_id.entry(id).or_insert_with(|| {
            proposals.push(Proposal { id, ..Proposal::default() });
            proposals.len() - 1
        })
    }

    /// What the contract is.
    pub(super) fn platform(&self) -> &'static str {
        let emitted = self.emitted;
        // An OpenZeppelin Governor's ids are hashes; the others count.
        let hashed = self.proposals.iter().any(|proposal| abi::to_u64(&proposal.id).is_none());
        if emitted.aave {
            "aave-governance-v2"
        } else if emitted.aragon {
            "aragon-voting"
        } else if emitted.alpha {
            "governor-alpha"
        } else if emitted.open_zeppelin || hashed && !emitted.bravo || self.counts_seconds() {
            "openzeppelin-governor"
        } else if emitted.governor || emitted.bravo {
            "governor-bravo"
        } else {
            "erc20-votes"
        }
    }

    /// Whether windows are given in seconds since 1970: such numbers are far above any block number.
    pub(super) fn counts_seconds(&self) -> bool {
        self.proposals.iter().any(|proposal| {
            let block = proposal.created.and_then(|moment| moment.block).unwrap_or(0);
            proposal.start.is_some_and(|start| start >= 1_000_000_000 && block < 1_000_000_000)
        })
    }
}

/// Gathers logs.
pub(super) struct Collector<'b> {
    pub(super) clock: Clock,
    scale: Scale,
    pub(super) builder: &'b mut HistoryBuilder,
    pub(super) contracts: Vec<Contract>,
    by_address: BTreeMap<Address, usize>,
    seen: HashSet<(Word, u64)>,
    arrived: u64,
    pub(super) votes: Vec<Vote>,
    pub(super) happenings: Vec<Happening>,
    pub(super) delegations: Vec<Delegation>,
    pub(super) movements: Vec<Movement>,
    pub(super) holdings: Vec<Movement>,
}

/// Only where a whole limit is passed does the reading stop; everything else is a row set aside.
enum Stop {
    Aside(Reason),
    Limit(CoreError),
}

impl From<Reason> for Stop {
    fn from(reason: Reason) -> Self {
        Self::Aside(reason)
    }
}

impl<'b> Collector<'b> {
    pub(super) fn new(clock: Clock, scale: Scale, builder: &'b mut HistoryBuilder) -> Self {
        Self {
            clock,
            scale,
            builder,
            contracts: Vec::new(),
            by_address: BTreeMap::new(),
            seen: HashSet::new(),
            arrived: 0,
            votes: Vec::new(),
            happenings: Vec::new(),
            delegations: Vec::new(),
            movements: Vec::new(),
            holdings: Vec::new(),
        }
    }

    /// Takes one log in, or counts why not.
    pub(super) fn take(&mut self, source: &Rc<str>, parsed: Parsed) -> Result<()> {
        let mut table = Table::ProposalEvents;
        let outcome = parsed.map_err(Stop::Aside).and_then(|log| {
            if log.removed {
                return Err(Stop::Aside("log was removed by a chain reorganisation"));
            }
            if let (Some(transaction), Some(index)) = (log.transaction, log.index)
                && !self.seen.insert((transaction, index))
            {
                return Err(Stop::Aside("log repeats one that was read"));
            }
            let topic = log.topics.first().ok_or("log has no topics")?;
            let event = events::find(topic).ok_or("unknown event")?;
            table = table_of(event.kind);
            self.decode(event, &log, source)
        });
        match outcome {
            Ok(()) => Ok(()),
            Err(Stop::Aside(reason)) => {
                self.builder.set_aside(source, table, reason);
                Ok(())
            }
            Err(Stop::Limit(error)) => Err(error.into()),
        }
    }

    fn contract(&mut self, address: Address) -> usize {
        let contracts = &mut self.contracts;
        *self.by_address.entry(address).or_insert_with(|| {
            contracts.push(Contract { address, ..Contract::default() });
            contracts.len() - 1
        })
    }

    fn decode(&mut self, event: &Event, log: &Log, source: &Rc<str>) -> std::result::Result<(), Stop> {
        let topics = log.topics.len() - 1;
        let indexed = event.indexed.iter().find(|indexed| indexed.len() == topics);
        let indexed = indexed.ok_or("log has more or fewer topics than its event")?;
        let arguments = Arguments { topics: &log.topics, data: &log.data, indexed };
        let limits = *self.builder.limits();
        if log.data.len() as u64 > limits.max_cell_bytes {
            return Err(Stop::Aside("log data is over the limit `max_cell_bytes`"));
        }
        // Only what decodes changes anything, so that a bad log cannot leave half a row.
        let decoded = Decoded::new(event.kind, &arguments, self.scale)?;
        // Without a log index the order of arrival stands in for it.
        self.arrived += 1;
        let moment = Moment { block: log.block, time: log.time, index: log.index.unwrap_or(self.arrived) };
        if let (Some(block), Some(time)) = (log.block, log.time) {
            // A contradiction shows in the row itself, which keeps the log's own time.
            self.clock.learn(block, time);
        }
        let contract = self.contract(log.address);
        let state = &mut self.contracts[contract];
        let emitted = &mut state.emitted;
        match event.kind {
            Kind::ProposalExtended | Kind::VoteCastWithParams | Kind::OpenZeppelinSetting => {
                emitted.open_zeppelin = true;
            }
            Kind::BravoSetting => emitted.bravo = true,
            Kind::VoteCastAlpha => emitted.alpha = true,
            Kind::AaveProposalCreated
            | Kind::AaveVoteEmitted
            | Kind::AaveProposalQueued
            | Kind::AaveProposalExecuted => emitted.aave = true,
            Kind::StartVote
            | Kind::CastVote
            | Kind::CastObjection
            | Kind::ExecuteVote
            | Kind::ChangeVoteTime => emitted.aragon = true,
            Kind::Transfer | Kind::DelegateChanged | Kind::DelegateVotesChanged => emitted.token = true,
            Kind::ProposalCreated
            | Kind::ProposalCanceled
            | Kind::ProposalExecuted
            | Kind::ProposalQueued
            | Kind::VoteCast => emitted.governor = true,
            Kind::Setting => {}
        }
        let mut proposal_of = |id| {
            let proposal = state.proposal(id);
            let (found, allowed) = (state.proposals.len() as u64, limits.max_proposals);
            if found > allowed {
                let what = "the proposal count of one contract".to_owned();
                return Err(Stop::Limit(CoreError::Limit { what, limit: "max_proposals", found, allowed }));
            }
            Ok(proposal)
        };
        match decoded {
            Decoded::Setting => return Err(Stop::Aside("event holds no row of a History")),
            Decoded::VoteTime(seconds) => {
                state.vote_times.push((moment, seconds));
                return Err(Stop::Aside("event holds no row of a History"));
            }
            Decoded::Vote { id, member, ballot, power, objection } => {
                let proposal = proposal_of(id)?;
                let source = source.clone();
                self.votes.push(Vote {
                    source,
                    contract,
                    proposal,
                    member,
                    moment,
                    ballot,
                    power,
                    objection,
                });
            }
            Decoded::Created(created) => {
                let proposal = proposal_of(created.id)?;
                let known = &mut state.proposals[proposal];
                if known.created.is_some() {
                    return Err(Stop::Aside("proposal was created before"));
                }
                let (state, end) = (known.state, known.end.or(created.end));
                *known = Proposal { created: Some(moment), state, end, ..*created };
                self.happenings.push(Happening { contract, proposal, moment, event: "created" });
            }
            Decoded::Happened { id, event, end } => {
                let proposal = proposal_of(id)?;
                let known = &mut state.proposals[proposal];
                if let Some(end) = end {
                    known.end = Some(end);
                } else if known.state.is_none_or(|(earlier, _)| earlier <= moment) {
                    known.state = Some((moment, event));
                }
                self.happenings.push(Happening { contract, proposal, moment, event });
            }
            Decoded::Delegation { delegator, from, to } => {
                self.delegations.push(Delegation { contract, moment, delegator, from, to });
            }
            Decoded::Transfer { from, to, amount } => {
                self.movements.push(Movement { contract, moment, from: Some(from), to, amount });
            }
            Decoded::Power { member, amount } => {
                self.holdings.push(Movement { contract, moment, from: None, to: member, amount });
            }
        }
        Ok(())
    }
}

/// A log's arguments, all of them read.
enum Decoded {
    Setting,
    VoteTime(u64),
    Vote { id: Word, member: Address, ballot: Ballot, power: i128, objection: bool },
    Created(Box<Proposal>),
    Happened { id: Word, event: &'static str, end: Option<u64> },
    Delegation { delegator: Address, from: Address, to: Address },
    Transfer { from: Address, to: Address, amount: i128 },
    Power { member: Address, amount: i128 },
}

impl Decoded {
    fn new(kind: Kind, arguments: &Arguments<'_>, scale: Scale) -> std::result::Result<Self, Reason> {
        let amount = |position: usize| scale.apply(&arguments.word(position)?);
        let yes_or_no =
            |position: usize| arguments.boolean(position).map(|yes| Ballot::One(if yes { 1 } else { 2 }));
        let happened = |event| Ok(Self::Happened { id: arguments.word(0)?, event, end: None });
        match kind {
            Kind::ProposalCreated => {
                let actions = actions(arguments, [2, 3, 4, 5])?;
                Ok(Self::Created(Box::new(Proposal {
                    id: arguments.word(0)?,
                    author: Some(arguments.address(1)?),
                    title: title(&arguments.text(8)?),
                    start: Some(arguments.small(6)?),
                    end: Some(arguments.small(7)?),
                    actions,
                    ..Proposal::default()
                })))
            }
            Kind::AaveProposalCreated => {
                let actions = actions(arguments, [3, 4, 5, 6])?;
                Ok(Self::Created(Box::new(Proposal {
                    id: arguments.word(0)?,
                    author: Some(arguments.address(1)?),
                    start: Some(arguments.small(8)?),
                    end: Some(arguments.small(9)?),
                    actions,
                    ..Proposal::default()
                })))
            }
            Kind::StartVote => Ok(Self::Created(Box::new(Proposal {
                id: arguments.word(0)?,
                author: Some(arguments.address(1)?),
                title: title(&arguments.text(2)?),
                ..Proposal::default()
            }))),
            Kind::ProposalCanceled => happened("cancelled"),
            Kind::ProposalExecuted | Kind::AaveProposalExecuted | Kind::ExecuteVote => happened("executed"),
            Kind::ProposalQueued | Kind::AaveProposalQueued => happened("queued"),
            Kind::ProposalExtended => {
                let (id, end) = (arguments.word(0)?, Some(arguments.small(1)?));
                Ok(Self::Happened { id, event: "extended", end })
            }
            Kind::VoteCast | Kind::VoteCastWithParams => {
                arguments.bytes(4)?;
                let parameters = if kind == Kind::VoteCast { &[][..] } else { arguments.bytes(5)? };
                Ok(Self::Vote {
                    id: arguments.word(1)?,
                    member: arguments.address(0)?,
                    ballot: ballot(arguments.small(2)?, parameters)?,
                    power: amount(3)?,
                    objection: false,
                })
            }
            Kind::VoteCastAlpha => Ok(Self::Vote {
                id: arguments.word(1)?,
                member: arguments.address(0)?,
                ballot: yes_or_no(2)?,
                power: amount(3)?,
                objection: false,
            }),
            Kind::AaveVoteEmitted | Kind::CastVote => Ok(Self::Vote {
                id: arguments.word(0)?,
                member: arguments.address(1)?,
                ballot: yes_or_no(2)?,
                power: amount(3)?,
                objection: false,
            }),
            Kind::CastObjection => Ok(Self::Vote {
                id: arguments.word(0)?,
                member: arguments.address(1)?,
                ballot: Ballot::One(2),
                power: amount(2)?,
                objection: true,
            }),
            Kind::ChangeVoteTime => arguments.small(0).map(Self::VoteTime),
            Kind::Transfer => Ok(Self::Transfer {
                from: arguments.address(0)?,
                to: arguments.address(1)?,
                amount: amount(2)?,
            }),
            Kind::DelegateChanged => Ok(Self::Delegation {
                delegator: arguments.address(0)?,
                from: arguments.address(1)?,
                to: arguments.address(2)?,
            }),
            Kind::DelegateVotesChanged => {
                amount(1)?;
                Ok(Self::Power { member: arguments.address(0)?, amount: amount(2)? })
            }
            Kind::OpenZeppelinSetting | Kind::BravoSetting | Kind::Setting => Ok(Self::Setting),
        }
    }
}

/// What `support` and its parameters choose: 0 against, 1 for, 2 abstain; or, where three 128-bit numbers
/// are given (OpenZeppelin's fractional counting), how much power goes against, for and abstains.
fn ballot(support: u64, parameters: &[u8]) -> std::result::Result<Ballot, Reason> {
    let (parts, rest) = parameters.as_chunks::<16>();
    if let ([against, in_favour, abstain], []) = (parts, rest) {
        let part = |bytes: &[u8; 16]| u128::from_be_bytes(*bytes) as f64;
        let parts = [part(in_favour), part(against), part(abstain)];
        if parts.iter().any(|&part| part > 0.0) {
            return Ok(Ballot::Parts(parts));
        }
    }
    match support {
        0 => Ok(Ballot::One(2)),
        1 => Ok(Ballot::One(1)),
        2 => Ok(Ballot::One(3)),
        _ => Err("support is not 0 (against), 1 (for) or 2 (abstain)"),
    }
}

fn actions(arguments: &Arguments<'_>, at: [usize; 4]) -> std::result::Result<Vec<Action>, Reason> {
    let targets = arguments.words(at[0])?;
    let values = arguments.words(at[1])?;
    let signatures = arguments.byte_strings(at[2])?;
    let calldatas = arguments.byte_strings(at[3])?;
    if [values.len(), signatures.len(), calldatas.len()].iter().any(|&length| length != targets.len()) {
        return Err("proposal has lists of actions of different lengths");
    }
    let rows = targets.iter().zip(values).zip(signatures).zip(calldatas);
    rows.map(|(((target, value), signature), calldata)| {
        Ok(Action {
            target: abi::to_address(target)?,
            value,
            signature: String::from_utf8_lossy(signature).into_owned(),
            calldata: calldata.to_vec(),
        })
    })
    .collect()
}

/// The first line that says something, without the marks of a heading.
fn title(description: &str) -> Option<String> {
    let line =
        description.lines().map(|line| line.trim_start_matches('#').trim()).find(|line| !line.is_empty())?;
    let end = line
        .char_indices()
        .map(|(at, character)| at + character.len_utf8())
        .take_while(|&end| end <= MAX_TITLE);
    Some(line[..end.last().unwrap_or(0)].to_owned())
}

/// From base units of the token to base units of the History.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    /// The History's decimals less the token's.
    shift: i32,
    /// The first value that is too large.
    limit: u128,
}

impl Scale {
    pub(super) fn new(token_decimals: u8, builder: &HistoryBuilder) -> Self {
        Self {
            shift: i32::from(builder.decimals()) - i32::from(token_decimals),
            limit: 10_u128.checked_pow(builder.limits().max_amount_digits).unwrap_or(u128::MAX),
        }
    }

    fn apply(self, word: &Word) -> std::result::Result<i128, Reason> {
        let large = crate::amount::AmountError::TooLarge.reason();
        let value = abi::to_u128(word).ok_or(large)?;
        let unit = 10_u128.checked_pow(self.shift.unsigned_abs());
        let value = match (unit, self.shift < 0) {
            (Some(unit), false) => value.checked_mul(unit).ok_or(large)?,
            (Some(unit), true) if value % unit == 0 => value / unit,
            _ if value == 0 => 0,
            (_, true) => return Err("amount has more decimals than the History keeps"),
            (None, false) => return Err(large),
        };
        if value >= self.limit {
            return Err(large);
        }
        i128::try_from(value).map_err(|_| large)
    }
}
