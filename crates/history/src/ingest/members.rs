//! Members that a format names only inside other rows: who they are and when they were first seen.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use daotwin_core::Error as CoreError;

use crate::builder::{Cell, HistoryBuilder};
use crate::error::Result;
use crate::schema::{Precision, Table};

/// A time and how exact it is.
pub(crate) type At = (i64, Precision);

/// The members of one DAO in order of arrival.
#[derive(Debug, Default)]
struct Dao {
    index: HashMap<Rc<str>, u32>,
    rows: Vec<(Rc<str>, Option<At>)>,
}

/// Collects members, each once a DAO.
#[derive(Debug, Default)]
pub(crate) struct Members {
    daos: BTreeMap<String, Dao>,
}

impl Members {
    /// Notes that a member was seen.
    pub(crate) fn note(&mut self, dao: &str, member: &str, at: Option<At>, max_members: u64) -> Result<()> {
        if !self.daos.contains_key(dao) {
            self.daos.insert(dao.to_owned(), Dao::default());
        }
        let Some(members) = self.daos.get_mut(dao) else { return Ok(()) };
        if let Some(&index) = members.index.get(member) {
            let first = &mut members.rows[index as usize].1;
            *first = match (*first, at) {
                (Some(first), Some(at)) => Some(first.min(at)),
                (first, at) => first.or(at),
            };
            return Ok(());
        }
        let found = members.rows.len() as u64 + 1;
        if found > max_members.min(u64::from(u32::MAX)) {
            let what = format!("the number of members of `{dao}`");
            return Err(CoreError::Limit { what, limit: "max_members", found, allowed: max_members }.into());
        }
        let name: Rc<str> = member.into();
        members.index.insert(name.clone(), members.rows.len() as u32);
        members.rows.push((name, at));
        Ok(())
    }

    /// The DAOs that have members, by name.
    pub(crate) fn daos(&self) -> impl Iterator<Item = &str> {
        self.daos.keys().map(String::as_str)
    }

    /// Appends the members' rows: DAOs by name, members in order of arrival.
    pub(crate) fn write(self, builder: &mut HistoryBuilder) -> Result<()> {
        for (dao, members) in self.daos {
            for (member, first) in members.rows {
                builder.table(Table::Members).push_named(&[
                    ("dao", Cell::Text(&dao)),
                    ("member", Cell::Text(&member)),
                    ("first_seen_at", first.into()),
                ])?;
            }
        }
        Ok(())
    }
}
