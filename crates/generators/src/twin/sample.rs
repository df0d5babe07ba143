//! Sampling whole Histories, in memory or into a folder.

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use daotwin_core::files::PartialFolder;
use daotwin_core::{Run, Seed, Stream};
use daotwin_history::history::{History, Manifest, TableWriter, write_manifest};
use daotwin_history::synthesizer::SampleOptions;
use daotwin_history::{Error as HistoryError, Table};
use rayon::prelude::*;

use super::draw::{Block, Tables, block};
use super::holdings;
use super::model::DaoModel;
use super::parts::Parts;
use super::plan::{Plan, streams};
use super::rows::{self, Names, Tallies};
use crate::error::Result;

/// Votes of the blocks that are drawn at the same time; one block may have more.
const VOTES_IN_FLIGHT: f64 = 1_000_000.0;

/// Where rows go.
pub(crate) trait Sink {
    fn put(&mut self, table: Table, batch: RecordBatch) -> Result<()>;
}

/// Keeps rows in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    parts: std::collections::BTreeMap<Table, Vec<RecordBatch>>,
}

impl Sink for Memory {
    fn put(&mut self, table: Table, batch: RecordBatch) -> Result<()> {
        self.parts.entry(table).or_default().push(batch);
        Ok(())
    }
}

impl Memory {
    pub(crate) fn finish(self, manifest: Manifest) -> Result<History> {
        let mut history = History::new(manifest);
        for (table, parts) in self.parts {
            let batch = concat_batches(&parts[0].schema(), &parts)
                .map_err(|source| HistoryError::Arrow { table: table.name(), source })?;
            history.set(table, batch);
        }
        Ok(history)
    }
}

/// Writes rows to Parquet files as they come.
#[derive(Debug)]
pub(crate) struct Folder {
    folder: PartialFolder,
    decimals: u8,
    writers: std::collections::BTreeMap<Table, TableWriter>,
}

impl Folder {
    pub(crate) fn create(path: &Path, decimals: u8) -> Result<Self> {
        let folder = PartialFolder::create(path)?;
        Ok(Self { folder, decimals, writers: std::collections::BTreeMap::new() })
    }

    pub(crate) fn finish(self, mut manifest: Manifest) -> Result<Manifest> {
        for (_, writer) in self.writers {
            let (name, entry) = writer.entry();
            writer.close()?;
            manifest.tables.insert(name, entry);
        }
        write_manifest(&self.folder, &manifest)?;
        self.folder.commit()?;
        Ok(manifest)
    }
}

impl Sink for Folder {
    fn put(&mut self, table: Table, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if !self.writers.contains_key(&table) {
            self.writers.insert(table, TableWriter::create(&self.folder, table, self.decimals)?);
        }
        if let Some(writer) = self.writers.get_mut(&table) {
            writer.write(&batch)?;
        }
        Ok(())
    }
}

/// How many members wrote how many proposals, as a list with a member for each proposal.
fn authors(model: &DaoModel, plan: &Plan, first: &Block, names: &[String], seed: Seed) -> Vec<String> {
    // Typical numbers for the buckets of `Query::Authored`.
    const WRITTEN: [u32; 6] = [0, 1, 2, 4, 8, 16];
    let proposals = plan.proposals.len();
    let mut stream: Stream = streams(seed, "authors", &model.dao).stream(0);
    let mut authors = Vec::with_capacity(proposals);
    if names.is_empty() || model.authored.iter().skip(1).sum::<f64>() <= 0.0 {
        return authors;
    }
    while authors.len() < proposals {
        // A random ballot's member: those who vote much write more.
        let ballots = first.member.len() as u64;
        let member = first.member.get(stream.below(ballots) as usize).copied().unwrap_or(0);
        let written = WRITTEN[stream.weighted(&model.authored)].max(1);
        for _ in 0..written {
            authors.push(names[member as usize].clone());
        }
    }
    authors.truncate(proposals);
    stream.shuffle(&mut authors);
    authors
}

/// Samples one DAO.
///
/// Blocks are drawn in parallel, as many at a time as there are threads and memory for, and written in order.
///
/// # Errors
/// Conditions, limits, cancellation, I/O.
pub(crate) fn sample(
    model: &DaoModel,
    parts: &Parts,
    options: &SampleOptions,
    decimals: u8,
    sink: &mut impl Sink,
    run: &Run,
) -> Result<()> {
    let plan = Plan::new(model, parts, options, &run.limits)?;
    let seed = options.seed;
    let tables = Tables::new(model);
    let names = Names::new(seed, &model.dao);
    let proposals: Vec<String> = (0..plan.proposals.len()).map(|index| names.proposal(index)).collect();
    let mut tallies = Tallies::new(model, &plan);
    let mut writers = Vec::new();
    let stage = format!("sample {}", model.dao);
    let votes: f64 = plan.proposals.iter().map(|p| p.turnout.newcomers + p.turnout.returning).sum();
    // Memory, not only threads, says how many blocks there may be at a time.
    let together = ((VOTES_IN_FLIGHT / votes.max(1.0)) as u64).clamp(1, rayon::current_num_threads() as u64);
    let mut done = 0;
    while done < plan.blocks {
        run.step(&stage, done, plan.blocks)?;
        let numbers: Vec<u64> = (done..(done + together).min(plan.blocks)).collect();
        let drawn: Vec<Result<(Block, Vec<String>, Vec<(Table, RecordBatch)>)>> = numbers
            .par_iter()
            .map(|&number| {
                let block = block(model, parts, &tables, &plan, seed, number, run)?;
                let part = holdings::draw(model, &plan, &block, seed, number, &run.limits)?;
                let all = block.members.max(part.members);
                let members = names.members(number, all);
                let voters = &members[..block.members as usize];
                let mut batches = vec![
                    (Table::Votes, rows::votes(model, &block, voters, &proposals, decimals)?),
                    (Table::Members, rows::members(model, &block, &part, &members, decimals)?),
                ];
                if model.holdings.as_ref().is_some_and(|law| law.knows(false)) {
                    batches.push((Table::Holdings, part.holdings(model, &members, decimals)?));
                }
                if model.holdings.as_ref().is_some_and(|law| law.knows(true)) {
                    batches.push((Table::Delegations, part.delegations(model, &members, decimals)?));
                }
                Ok((block, members, batches))
            })
            .collect();
        for result in drawn {
            let (block, members, batches) = result?;
            tallies.add(model, &plan, &block)?;
            if writers.is_empty() {
                writers = authors(model, &plan, &block, &members, seed);
            }
            for (table, batch) in batches {
                sink.put(table, batch)?;
            }
        }
        done += numbers.len() as u64;
    }
    run.step(&stage, plan.blocks, plan.blocks)?;
    sink.put(Table::Proposals, tallies.proposals(model, &plan, &proposals, &writers, decimals)?)?;
    sink.put(Table::Daos, rows::dao(model, decimals)?)?;
    Ok(())
}
