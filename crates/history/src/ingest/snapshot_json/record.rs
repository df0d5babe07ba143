//! One record of Snapshot's JSON: the fields that a History needs, as they are written.

use crate::error::Result;
use crate::ingest::json::{JsonReader, Kind};
use crate::ingest::times;
use crate::schema::Precision;

/// The fields kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Id,
    Voter,
    Follower,
    Proposal,
    Space,
    Created,
    Start,
    End,
    Choice,
    Power,
    Author,
    Title,
    Body,
    System,
    Category,
    Choices,
    Quorum,
    State,
    Scores,
    Symbol,
    Privacy,
    CreatedPrecision,
    StartPrecision,
    EndPrecision,
}

const FIELDS: usize = Field::EndPrecision as usize + 1;

impl Field {
    /// The field of a key; flat exports spell some keys in their own way.
    fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"id" => Self::Id,
            b"voter" => Self::Voter,
            b"follower" => Self::Follower,
            b"proposal" | b"proposal_id" | b"proposalId" => Self::Proposal,
            b"space" | b"space_id" | b"spaceId" => Self::Space,
            b"created" => Self::Created,
            b"start" => Self::Start,
            b"end" => Self::End,
            b"choice" => Self::Choice,
            b"vp" | b"voting_power" => Self::Power,
            b"author" => Self::Author,
            b"title" => Self::Title,
            b"body" => Self::Body,
            b"type" => Self::System,
            b"category" => Self::Category,
            b"choices" => Self::Choices,
            b"quorum" => Self::Quorum,
            b"state" => Self::State,
            b"scores" => Self::Scores,
            b"symbol" => Self::Symbol,
            b"privacy" => Self::Privacy,
            b"created_precision" => Self::CreatedPrecision,
            b"start_precision" => Self::StartPrecision,
            b"end_precision" => Self::EndPrecision,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Missing,
    Null,
    Text,
    Number,
    /// JSON as it is written.
    Raw,
    Wrong,
}

#[derive(Debug, Default)]
struct Slot {
    state: State,
    bytes: Vec<u8>,
}

/// A record, reused from one to the next.
#[derive(Debug, Default)]
pub(super) struct Record {
    slots: [Slot; FIELDS],
    key: Vec<u8>,
    scratch: Vec<u8>,
}

impl Record {
    /// Forgets the record before.
    pub(super) fn clear(&mut self) {
        for slot in &mut self.slots {
            slot.state = State::Missing;
            slot.bytes.clear();
        }
    }

    /// Takes the value of a key, or passes over it.
    pub(super) fn take(&mut self, key: &[u8], reader: &mut JsonReader<'_>) -> Result<()> {
        let Some(field) = Field::of(key) else { return reader.skip(&mut self.scratch) };
        let kind = reader.peek()?;
        match field {
            // The text itself is not wanted, only that the record is a proposal.
            Field::Body => {
                self.slots[field as usize].state = State::Text;
                reader.skip(&mut self.scratch)
            }
            Field::Choice | Field::Choices | Field::Scores => {
                let slot = &mut self.slots[field as usize];
                slot.bytes.clear();
                slot.state = State::Raw;
                reader.raw(&mut slot.bytes, &mut self.scratch)?;
                if slot.bytes == b"null" {
                    slot.state = State::Null;
                }
                Ok(())
            }
            Field::Proposal | Field::Space if kind == Kind::Object => self.nested(field, reader),
            _ => self.plain(field, kind, reader),
        }
    }

    fn plain(&mut self, field: Field, kind: Kind, reader: &mut JsonReader<'_>) -> Result<()> {
        let slot = &mut self.slots[field as usize];
        slot.bytes.clear();
        slot.state = match kind {
            Kind::Text => {
                reader.text(&mut slot.bytes)?;
                State::Text
            }
            Kind::Number => {
                reader.scalar(&mut slot.bytes)?;
                State::Number
            }
            Kind::Word => {
                reader.scalar(&mut slot.bytes)?;
                if slot.bytes == b"null" { State::Null } else { State::Wrong }
            }
            Kind::Object | Kind::Array => {
                reader.skip(&mut self.scratch)?;
                State::Wrong
            }
        };
        Ok(())
    }

    /// `proposal{id choices type}` and `space{id symbol}`.
    fn nested(&mut self, field: Field, reader: &mut JsonReader<'_>) -> Result<()> {
        reader.open_container()?;
        let mut first = true;
        let mut key = std::mem::take(&mut self.key);
        self.slots[field as usize].state = State::Wrong;
        while reader.next_key(&mut first, &mut key)? {
            match key.as_slice() {
                b"id" => {
                    let kind = reader.peek()?;
                    self.plain(field, kind, reader)?;
                }
                b"choices" | b"type" | b"symbol" => self.take(&key, reader)?,
                _ => reader.skip(&mut self.scratch)?,
            }
        }
        self.key = key;
        Ok(())
    }

    /// Whether the record has the field, whatever its value.
    pub(super) fn has(&self, field: Field) -> bool {
        self.slots[field as usize].state != State::Missing
    }

    /// A text; `None` where it is missing, null or empty.
    pub(super) fn text(&self, field: Field) -> std::result::Result<Option<&str>, &'static str> {
        let slot = &self.slots[field as usize];
        match slot.state {
            State::Missing | State::Null => Ok(None),
            State::Wrong => Err("a field has the wrong type"),
            State::Text | State::Number | State::Raw => {
                let text = std::str::from_utf8(&slot.bytes).map_err(|_| "a text is not UTF-8")?;
                Ok(Some(text).filter(|text| !text.is_empty()))
            }
        }
    }

    /// A time in Unix seconds or ISO 8601, with the precision that the field beside it states.
    pub(super) fn time(
        &self,
        field: Field,
        precision: Field,
    ) -> std::result::Result<Option<(i64, Precision)>, &'static str> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let (at, own) = times::parse(text).ok_or("a time is neither Unix seconds nor ISO 8601")?;
        Ok(Some((at, self.text(precision)?.map_or(own, Precision::from_name))))
    }
}
