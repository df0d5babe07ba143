//! The acts of a History, in order of time.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal256Type, TimestampSecondType};
use daotwin_community::stream::record::{Timing, from_history};
use daotwin_community::stream::{Label, Stream};
use daotwin_history::amount::to_tokens;
use daotwin_history::view::DaoView;
use daotwin_history::{History, Table};

use crate::event::{Act, Event, events};
use crate::line::Line;
use crate::{Error, Result};

/// What a DAO's members wrote, paid, voted and delegated.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Messages and transfers, with labels where the History has them.
    pub stream: Stream,
    /// Votes and delegations, in order of time.
    pub ballots: Vec<Line>,
    /// Whether messages tell when they were written to the minute or better, and not the day or their order alone.
    pub exact: bool,
    /// Rows without a time or without whoever acted; they are left out.
    pub left_out: u64,
}

impl Record {
    /// The acts of a History's only DAO, or of the named one.
    ///
    /// # Errors
    /// No such DAO, or none is named and there are several; columns that are not of the schema; no act at all.
    pub fn of(history: &History, dao: Option<&str>) -> Result<Self> {
        let read = from_history(history, dao)?;
        let mut record = Self {
            stream: read.stream,
            ballots: Vec::new(),
            exact: read.timing == Timing::Second,
            left_out: read.left_out,
        };
        // A History of messages alone has no row of `daos`, hence no ballots either.
        let with_ballots = [Table::Votes, Table::Delegations].iter().any(|table| history.rows(*table) > 0);
        if with_ballots {
            let view = DaoView::one(history, dao)?;
            record.votes(&view);
            record.delegations(history, &view.dao)?;
            record.ballots.sort_by_key(|line| line.at);
        }
        if record.stream.messages.is_empty()
            && record.stream.transfers.is_empty()
            && record.ballots.is_empty()
        {
            let problem = "the History has no message, transfer, vote or delegation with a time".to_owned();
            return Err(Error::Parameters { problems: vec![problem] });
        }
        Ok(record)
    }

    fn votes(&mut self, view: &DaoView) {
        for vote in &view.votes {
            let (Some(at), Some(actor)) = (vote.at, view.members.get(vote.member as usize)) else {
                self.left_out += 1;
                continue;
            };
            let place = view
                .proposals
                .get(vote.proposal as usize)
                .map_or_else(String::new, |found| found.proposal.clone());
            let amount = view.tokens(vote).max(0.0);
            self.ballots.push(Line {
                at,
                act: Act::Vote,
                actor: actor.clone(),
                place,
                amount,
                ..Line::default()
            });
        }
    }

    fn delegations(&mut self, history: &History, dao: &str) -> Result<()> {
        let Some(batch) = history.table(Table::Delegations) else { return Ok(()) };
        let (daos, from, to) =
            (words(batch, "dao")?, words(batch, "delegator")?, words(batch, "to_delegate")?);
        let times =
            batch.column_by_name("at").and_then(|column| column.as_primitive_opt::<TimestampSecondType>());
        let amounts =
            batch.column_by_name("amount").and_then(|column| column.as_primitive_opt::<Decimal256Type>());
        let (Some(times), Some(amounts)) = (times, amounts) else {
            return Err(Error::defect("columns of `delegations`"));
        };
        for row in (0..batch.num_rows()).filter(|&row| daos[row].as_deref() == Some(dao)) {
            let (Some(actor), true) = (from[row].clone(), times.is_valid(row)) else {
                self.left_out += 1;
                continue;
            };
            let units =
                amounts.is_valid(row).then(|| amounts.value(row).to_i128()).flatten().unwrap_or_default();
            self.ballots.push(Line {
                at: times.value(row),
                act: Act::Delegation,
                actor,
                to: to[row].clone().unwrap_or_default(),
                place: "delegation".to_owned(),
                amount: to_tokens(units, history.decimals()).max(0.0),
                ..Line::default()
            });
        }
        Ok(())
    }

    /// All acts in order of time, each with its label; ballots have none and stand after messages and transfers of their second.
    pub fn events(&self) -> Vec<(Event<'_>, Label)> {
        let mut all = events(&self.stream);
        all.extend(self.ballots.iter().map(|line| (line.event(), Label::HONEST)));
        all.sort_by_key(|(event, _)| event.at);
        all
    }

    /// Whether anything in it is labelled as an attack.
    pub fn labelled(&self) -> bool {
        !self.stream.campaigns.is_empty()
    }
}

/// A column of ids as texts.
fn words(batch: &RecordBatch, name: &str) -> Result<Vec<Option<String>>> {
    let column = batch.column_by_name(name).ok_or_else(|| Error::defect(format!("no column `{name}`")))?;
    let plain = cast(column, &DataType::Utf8).map_err(Error::defect)?;
    let texts = plain.as_string_opt::<i32>().ok_or_else(|| Error::defect(format!("column `{name}`")))?;
    Ok(texts.iter().map(|text| text.map(str::to_owned)).collect())
}

#[cfg(test)]
mod test {
    use daotwin_community::stream::baseline;
    use daotwin_community::stream::record::to_history;
    use daotwin_core::{Limits, Seed};
    use daotwin_history::HistoryBuilder;
    use daotwin_history::builder::Cell;
    use daotwin_history::schema::Precision;

    use super::*;

    #[test]
    fn a_stream_comes_back_from_its_history() {
        let stream = baseline(40, 10, Seed(1));
        let history = to_history(&stream, "example").unwrap();
        let record = Record::of(&history, None).unwrap();
        let (asked, read) = (events(&stream), record.events());
        assert_eq!(asked.len(), read.len());
        for ((asked, _), (read, _)) in asked.iter().zip(&read) {
            assert_eq!(
                (asked.at, asked.act, asked.actor, asked.other, asked.text),
                (read.at, read.act, read.actor, read.other, read.text)
            );
            assert_eq!(
                (asked.moderator, asked.direct, asked.joined_at),
                (read.moderator, read.direct, read.joined_at)
            );
        }
        assert!(!record.labelled());
    }

    #[test]
    fn ballots_and_delegations_are_acts() {
        let mut builder = HistoryBuilder::new(0, Limits::default());
        let dao = ("dao", Cell::Text("d"));
        builder.table(Table::Daos).push_named(&[dao]).unwrap();
        builder.table(Table::Proposals).push_named(&[dao, ("proposal", Cell::Text("p"))]).unwrap();
        let vote = |member| {
            [
                dao,
                ("proposal", Cell::Text("p")),
                ("member", Cell::Text(member)),
                ("cast_at", Cell::Time(50, Precision::Second)),
                ("choice", Cell::Choice(&[(1, 1.0)])),
                ("power", Cell::Amount(7)),
            ]
        };
        builder.table(Table::Votes).push_named(&vote("ann")).unwrap();
        let given = [
            dao,
            ("delegator", Cell::Text("bob")),
            ("to_delegate", Cell::Text("ann")),
            ("at", Cell::Time(20, Precision::Second)),
            ("amount", Cell::Amount(3)),
        ];
        builder.table(Table::Delegations).push_named(&given).unwrap();
        builder.table(Table::Delegations).push_named(&given[..3]).unwrap();
        let record = Record::of(&builder.finish().unwrap(), None).unwrap();
        let acts: Vec<_> = record
            .events()
            .into_iter()
            .map(|(event, _)| (event.at, event.act, event.actor, event.other, event.amount))
            .collect();
        assert_eq!(acts, [(20, Act::Delegation, "bob", "ann", 3.0), (50, Act::Vote, "ann", "", 7.0)]);
        assert_eq!(record.left_out, 1);
    }
}
