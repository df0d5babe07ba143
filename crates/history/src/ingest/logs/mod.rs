//! Event logs of governance contracts and vote tokens, as `eth_getLogs` and Etherscan return them, with a
//! table of block times beside them.
//!
//! Contracts share event hashes: OpenZeppelin Governor and Governor Bravo cast the same `VoteCast`, and
//! with Governor Alpha create the same `ProposalCreated`. What a contract is follows from everything that
//! its address emits; whether its windows count blocks or seconds follows from the size of the numbers.
//!
//! Choices are `for` (1), `against` (2) and, where the contract has it, `abstain` (3); the contracts' own
//! `support` of 0, 1, 2 means against, for, abstain. All ballots are kept where a contract lets a member
//! vote again. A DAO is named by its contract's address unless the user names it.

mod abi;
mod clock;
mod collect;
mod events;
mod parse;
#[cfg(test)]
mod test;
mod write;

use daotwin_core::{Error as CoreError, Run};

pub(crate) use clock::Clock;

use super::guard::JsonGuard;
use super::{Importer, Source};
use crate::builder::HistoryBuilder;
use crate::error::{Error, Result};
use crate::schema::Table;

/// What users see this format called.
const FORMAT: &str = "event logs";

/// Reads event logs; see the module.
#[derive(Debug, Clone, Copy)]
pub struct EventLogs;

impl Importer for EventLogs {
    fn name(&self) -> &'static str {
        "event-logs"
    }

    fn description(&self) -> &'static str {
        "JSON of `eth_getLogs` (Ethereum JSON-RPC specification) or of Etherscan's getLogs, from Governors \
         (OpenZeppelin, Bravo, Alpha), Aave governance V2, Aragon voting and ERC20Votes tokens, with a CSV \
         `block_number,timestamp` beside it"
    }

    fn recognises(&self, source: &Source) -> bool {
        let head = source.head();
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        if !matches!(head.first(), Some(b'{' | b'[')) {
            return Clock::recognises(source);
        }
        let has = |text: &str| head.windows(text.len()).any(|window| window == text.as_bytes());
        let is_log = has("\"topics\"") && (has("\"data\"") || has("\"address\""));
        is_log || has("\"result\"") && (has("\"jsonrpc\"") || has("\"status\"") && has("\"message\""))
    }

    fn read(&self, sources: &[Source], builder: &mut HistoryBuilder, run: &Run) -> Result<()> {
        let mut clock = Clock::default();
        for source in sources.iter().filter(|source| Clock::recognises(source)) {
            clock.read(source, builder)?;
        }
        let options = sources.first().map(|source| source.options().clone()).unwrap_or_default();
        let decimals = options.decimals.unwrap_or(18);
        let scale = collect::Scale::new(decimals, builder);
        let mut collector = collect::Collector::new(clock, scale, builder);
        for source in sources.iter().filter(|source| !Clock::recognises(source)) {
            read_logs(source, &mut collector, run)?;
        }
        collector.finish(options.dao.as_deref(), decimals, run)
    }
}

fn read_logs(source: &Source, collector: &mut collect::Collector<'_>, run: &Run) -> Result<()> {
    let name: std::rc::Rc<str> = source.name().into();
    let stage = format!("read {name}");
    let reader = std::io::BufReader::with_capacity(1 << 16, JsonGuard::new(source.reader()?, &run.limits));
    let mut logs = 0_u64;
    let mut stop = None;
    let result = parse::read(reader, &mut |parsed| {
        logs += 1;
        let step =
            if logs.is_multiple_of(4_096) { run.step(&stage, logs, 0).map_err(Error::from) } else { Ok(()) };
        let outcome = step
            .and_then(|()| check_rows(source, logs, run.limits.max_rows))
            .and_then(|()| collector.take(&name, parsed));
        match outcome {
            Ok(()) => true,
            Err(error) => {
                stop = Some(error);
                false
            }
        }
    });
    match (stop, result) {
        (Some(error), _) => Err(error),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => {
            // Where the reader refused, the parser's position says nothing more.
            let reason = match error.io_error_kind() {
                Some(_) => error.to_string(),
                None => format!("{error}; the text must be one or more complete JSON documents"),
            };
            Err(Error::Source { path: source.path().to_path_buf(), format: FORMAT, reason })
        }
    }
}

/// Refuses a file with more rows than allowed.
fn check_rows(source: &Source, rows: u64, allowed: u64) -> Result<()> {
    if rows <= allowed {
        return Ok(());
    }
    Err(CoreError::Limit {
        what: format!("the row count of `{}`", source.path().display()),
        limit: "max_rows",
        found: rows,
        allowed,
    }
    .into())
}

/// The table that a log would have filled, for the count of rows set aside.
const fn table_of(kind: events::Kind) -> Table {
    use events::Kind;
    match kind {
        Kind::VoteCast
        | Kind::VoteCastWithParams
        | Kind::VoteCastAlpha
        | Kind::AaveVoteEmitted
        | Kind::CastVote
        | Kind::CastObjection => Table::Votes,
        Kind::ProposalCreated | Kind::AaveProposalCreated | Kind::StartVote => Table::Proposals,
        Kind::Transfer => Table::Transfers,
        Kind::DelegateChanged => Table::Delegations,
        Kind::DelegateVotesChanged => Table::Holdings,
        _ => Table::ProposalEvents,
    }
}
