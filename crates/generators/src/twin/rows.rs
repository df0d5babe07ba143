//! Blocks as rows of a History.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, Decimal256Array, DictionaryArray, Float64Array, Int32Array, ListArray, RecordBatch,
    StringArray, StructArray, TimestampSecondArray,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{Field, Int32Type, i256};
use daotwin_core::{Error as CoreError, Seed, Streams};
use daotwin_history::builder::{Cell, ProposalRow, TableBuilder};
use daotwin_history::schema::{Precision, choice_fields};
use daotwin_history::{Side, Table, amount};

use super::draw::Block;
use super::holdings::Part;
use super::model::{DaoModel, Slot};
use super::outcome::Form;
use super::plan::{Plan, streams};
use crate::error::{Error, Result};

/// Names of synthetic members and proposals: random addresses, so that no real one is hit.
#[derive(Debug)]
pub(crate) struct Names {
    members: Streams,
    proposals: Streams,
}

impl Names {
    pub(crate) fn new(seed: Seed, dao: &str) -> Self {
        Self { members: streams(seed, "member name", dao), proposals: streams(seed, "proposal name", dao) }
    }

    /// The names of the first `members` members of a block.
    pub(crate) fn members(&self, block: u64, members: u32) -> Vec<String> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut stream = self.members.stream(block);
        let mut name = || {
            let mut text = String::with_capacity(42);
            text.push_str("0x");
            for digits in [16, 16, 8] {
                let bits = stream.bits();
                text.extend((0..digits).map(|digit| char::from(DIGITS[(bits >> (4 * digit)) as usize & 15])));
            }
            text
        };
        (0..members).map(|_| name()).collect()
    }

    pub(crate) fn proposal(&self, index: usize) -> String {
        let mut stream = self.proposals.stream(index as u64);
        format!("0x{:016x}{:016x}{:016x}{:016x}", stream.bits(), stream.bits(), stream.bits(), stream.bits())
    }
}

fn arrow(error: arrow::error::ArrowError) -> Error {
    Error::Defect(error.to_string())
}

fn dictionary<'a>(keys: Vec<i32>, values: impl Iterator<Item = &'a String>) -> Result<ArrayRef> {
    let values = StringArray::from_iter_values(values);
    let keys = Int32Array::from(keys);
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values)).map_err(arrow)?))
}

/// One word for every row; null rows where `present` says so.
fn constant(word: &str, rows: usize, present: impl Fn(usize) -> bool) -> Result<ArrayRef> {
    let keys: Int32Array = (0..rows).map(|row| present(row).then_some(0)).collect();
    let values = StringArray::from_iter_values([word]);
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values)).map_err(arrow)?))
}

/// The votes of a block.
pub(crate) fn votes(
    model: &DaoModel,
    block: &Block,
    members: &[String],
    proposals: &[String],
    decimals: u8,
) -> Result<RecordBatch> {
    let rows = block.member.len();
    let mut keys = Vec::with_capacity(rows);
    for (proposal, pair) in block.starts.windows(2).enumerate() {
        keys.extend(std::iter::repeat_n(proposal as i32, (pair[1] - pair[0]) as usize));
    }
    let precision = if model.day_precision { Precision::Day } else { Precision::Second };
    let powers = Decimal256Array::from_iter_values(block.power.iter().map(|&power| i256::from_i128(power)))
        .with_precision_and_scale(76, i8::try_from(decimals).unwrap_or(i8::MAX))
        .map_err(arrow)?;
    let mut offsets = Vec::with_capacity(rows + 1);
    let (mut indices, mut weights) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    offsets.push(0);
    for (vote, &choice) in block.choice.iter().enumerate() {
        match block.entries.get(&(vote as u32)) {
            Some(entries) => {
                indices.extend(entries.iter().map(|&entry| i32::from(entry) + 1));
                weights.extend(entries.iter().map(|_| 1.0));
            }
            None => {
                indices.push(i32::from(choice) + 1);
                weights.push(1.0);
            }
        }
        offsets.push(indices.len() as i32);
    }
    let items = StructArray::try_new(
        choice_fields(),
        vec![Arc::new(Int32Array::from(indices)), Arc::new(Float64Array::from(weights))],
        None,
    )
    .map_err(arrow)?;
    let field = Arc::new(Field::new_list_field(arrow::datatypes::DataType::Struct(choice_fields()), false));
    let choices =
        ListArray::try_new(field, OffsetBuffer::new(ScalarBuffer::from(offsets)), Arc::new(items), None)
            .map_err(arrow)?;
    let columns: Vec<ArrayRef> = vec![
        constant(&model.dao, rows, |_| true)?,
        dictionary(keys, proposals.iter())?,
        dictionary(block.member.iter().map(|&member| member as i32).collect(), members.iter())?,
        Arc::new(block.at.iter().copied().collect::<TimestampSecondArray>().with_timezone("UTC")),
        constant(precision.name(), rows, |row| block.at[row].is_some())?,
        Arc::new(choices),
        Arc::new(powers),
    ];
    RecordBatch::try_new(Table::Votes.schema(decimals), columns).map_err(arrow)
}

/// The members of a block: its voters, then those who only hold, delegate or are delegated to.
pub(crate) fn members(
    model: &DaoModel,
    block: &Block,
    part: &Part,
    names: &[String],
    decimals: u8,
) -> Result<RecordBatch> {
    let mut seen: Vec<Option<i64>> = vec![None; names.len()];
    seen[..part.seen.len()].copy_from_slice(&part.seen);
    for (&member, &at) in block.member.iter().zip(&block.at) {
        let entry = &mut seen[member as usize];
        *entry = match (*entry, at) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    let precision = if model.day_precision { Precision::Day } else { Precision::Second };
    let kept: Vec<usize> = (0..names.len()).filter(|&member| part.used.get(member) != Some(&false)).collect();
    let rows = kept.len();
    let day = |at: i64| if model.day_precision { at - at.rem_euclid(86_400) } else { at };
    let at: Vec<Option<i64>> = kept.iter().map(|&member| seen[member].map(day)).collect();
    let columns: Vec<ArrayRef> = vec![
        constant(&model.dao, rows, |_| true)?,
        dictionary((0..rows as i32).collect(), kept.iter().map(|&member| &names[member]))?,
        Arc::new(at.iter().copied().collect::<TimestampSecondArray>().with_timezone("UTC")),
        constant(precision.name(), rows, |row| at[row].is_some())?,
        constant("", rows, |_| false)?,
    ];
    RecordBatch::try_new(Table::Members.schema(decimals), columns).map_err(arrow)
}

/// Sums of power for each choice of each proposal, over all blocks.
#[derive(Debug)]
pub(crate) struct Tallies {
    sums: Vec<Vec<i128>>,
    ballots: Vec<u64>,
}

impl Tallies {
    pub(crate) fn new(model: &DaoModel, plan: &Plan) -> Self {
        let choices =
            |slot: usize| (model.slots[slot].choices as usize).max(model.outcomes[slot].heads.len()).max(1);
        Self {
            sums: plan.proposals.iter().map(|planned| vec![0; choices(planned.slot)]).collect(),
            ballots: vec![0; plan.proposals.len()],
        }
    }

    /// Adds a block.
    ///
    /// # Errors
    /// A sum that does not fit.
    pub(crate) fn add(&mut self, model: &DaoModel, plan: &Plan, block: &Block) -> Result<()> {
        for (proposal, pair) in block.starts.windows(2).enumerate() {
            let slot = &model.slots[plan.proposals[proposal].slot];
            let system = slot.voting_system.and_then(|index| model.voting_systems.get(index as usize));
            // A ranking counts for its first preference, an approval for every choice it names; the other
            // systems divide a ballot's power among its (equally weighted) entries.
            let first_only = Form::of(system.map(String::as_str)) != Form::Set;
            let divided = system.is_some_and(|system| matches!(system.as_str(), "weighted" | "quadratic"));
            self.ballots[proposal] += u64::from(pair[1] - pair[0]);
            for vote in pair[0]..pair[1] {
                let power = block.power[vote as usize];
                let single = [block.choice[vote as usize]];
                let entries = match block.entries.get(&vote) {
                    Some(entries) if !first_only => entries.as_slice(),
                    _ => &single,
                };
                let share = if divided { power / entries.len() as i128 } else { power };
                for &choice in entries {
                    let sum = &mut self.sums[proposal][usize::from(choice)];
                    *sum = sum.checked_add(share).ok_or_else(|| CoreError::Limit {
                        what: "a proposal's score, in decimal digits of base units,".to_owned(),
                        limit: "max_amount_digits",
                        found: 39,
                        allowed: 38,
                    })?;
                }
            }
        }
        Ok(())
    }

    /// The proposals with their scores and states. `authors` has one name a proposal.
    pub(crate) fn proposals(
        &self,
        model: &DaoModel,
        plan: &Plan,
        names: &[String],
        authors: &[String],
        decimals: u8,
    ) -> Result<RecordBatch> {
        let mut table = TableBuilder::new(Table::Proposals, decimals);
        for (index, planned) in plan.proposals.iter().enumerate() {
            let slot = &model.slots[planned.slot];
            let scores = &self.sums[index];
            let word = |list: &[String], index: Option<u32>| {
                index.and_then(|index| list.get(index as usize).cloned())
            };
            let category = word(&model.categories, planned.category);
            let voting_system = word(&model.voting_systems, slot.voting_system);
            let labels = labels(model, slot, scores.len());
            let lead = (0..scores.len()).max_by_key(|&choice| (scores[choice], scores.len() - choice));
            let passed = lead == Some(0) && self.ballots[index] > 0;
            let title = format!("Synthetic proposal {}", index + 1);
            table.push_proposal(&ProposalRow {
                dao: &model.dao,
                proposal: &names[index],
                author: authors.get(index).map(String::as_str),
                title: Some(&title),
                category: category.as_deref(),
                voting_system: voting_system.as_deref(),
                choices: &labels,
                created_at: planned.created_at,
                start_at: planned.start_at,
                end_at: planned.end_at,
                precision: if model.block_precision { Precision::Block } else { Precision::Second },
                quorum: planned.quorum.map(|quorum| amount::from_tokens(quorum, decimals)),
                state: Some(if passed { &model.states.0 } else { &model.states.1 }),
                scores: if labels.is_empty() { &[] } else { scores },
            })?;
        }
        Ok(table.take()?)
    }
}

/// Labels for the choices: what they say where it is known (an `option` says neither yes nor no), the usual three for
/// governors, numbers elsewhere.
fn labels(model: &DaoModel, slot: &Slot, scores: usize) -> Vec<String> {
    if slot.choices == 0 {
        // The source did not tell them, so neither does the twin.
        return Vec::new();
    }
    let count = (slot.choices as usize).max(scores);
    let usual = ["for", "against", "abstain"];
    let governed =
        count <= usual.len() && model.platform.contains("onchain") || model.platform.contains("governor");
    let sides: Vec<Side> = slot.sides.chars().map(Side::read).collect();
    let label = |place: usize| {
        let known = match sides.get(place) {
            // Of two choices that say the same, the first is called so.
            Some(side) if sides[..place].contains(side) => None,
            Some(Side::For) => Some(usual[0]),
            Some(Side::Against) => Some(usual[1]),
            Some(Side::Abstain) => Some(usual[2]),
            None if governed => usual.get(place).copied(),
            Some(Side::Other) | None => None,
        };
        let word = if place < sides.len() { "option" } else { "choice" };
        known.map_or_else(|| format!("{word} {}", place + 1), str::to_owned)
    };
    (0..count).map(label).collect()
}

/// The row of the DAO itself.
pub(crate) fn dao(model: &DaoModel, decimals: u8) -> Result<RecordBatch> {
    let mut table = TableBuilder::new(Table::Daos, decimals);
    let name = format!("Synthetic twin of {}", model.dao);
    table.push(&[
        Cell::Text(&model.dao),
        Cell::Text(&name),
        Cell::Text(&model.platform),
        Cell::Text(&model.power_unit),
        Cell::Integer(i64::from(decimals)),
        model.supply.map(|supply| amount::from_tokens(supply, decimals)).into(),
        Cell::Null,
    ])?;
    Ok(table.take()?)
}
