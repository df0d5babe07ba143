//! A model for tests: Histories made by hand, with or without chance.

use std::path::Path;

use daotwin_core::{Limits, Run, Seed};
use daotwin_history::builder::{Cell, ProposalRow, VoteRow};
use daotwin_history::schema::Precision;
use daotwin_history::synthesizer::{Failure, Fitted, SampleOptions, Size};
use daotwin_history::{History, HistoryBuilder, Manifest, Table};

/// Ten proposals of thirty members.
#[derive(Debug)]
pub(crate) struct Stub {
    random: bool,
}

impl Stub {
    /// The same History whatever the seed.
    pub(crate) fn fixed() -> Self {
        Self { random: false }
    }

    /// Another for each seed.
    pub(crate) fn random() -> Self {
        Self { random: true }
    }
}

impl Fitted for Stub {
    fn size(&self) -> Size {
        Size { members: 30, proposals: 10 }
    }

    fn sample(&self, options: &SampleOptions, _: &Run) -> Result<History, Failure> {
        let seed = if self.random { options.seed } else { Seed(3) };
        let mut stream = seed.stream("stub");
        let mut builder = HistoryBuilder::new(2, Limits::default());
        let dao = "d";
        let row =
            [("dao", Cell::Text(dao)), ("name", Cell::Text("D")), ("token_supply", Cell::Amount(100_000))];
        builder.table(Table::Daos).push_named(&row).unwrap();
        for member in 0..32 {
            let name = format!("m{member}");
            let row = [("dao", Cell::Text(dao)), ("member", Cell::Text(&name))];
            builder.table(Table::Members).push_named(&row).unwrap();
        }
        let choices = ["for", "against", "abstain"].map(str::to_owned);
        for proposal in 0..10_i64 {
            let (id, start) = (format!("p{proposal}"), 1_700_000_000 + proposal * 86_400);
            let mut scores = [0; 3];
            for member in 0..30 {
                if stream.uniform() < 0.3 {
                    continue;
                }
                let power = 100 + 97 * member;
                let choice = stream.below(3) as i32 + 1;
                scores[choice as usize - 1] += i128::from(power);
                let row = VoteRow {
                    dao,
                    proposal: &id,
                    member: &format!("m{member}"),
                    cast_at: (member != 7).then(|| start + stream.below(80_000) as i64),
                    precision: Precision::Block,
                    choice: &[(choice, 1.0)],
                    power: i128::from(power),
                };
                builder.table(Table::Votes).push_vote(&row).unwrap();
            }
            let title = format!("Proposal {proposal}");
            let row = ProposalRow {
                dao,
                proposal: &id,
                author: Some("m31"),
                title: Some(&title),
                voting_system: Some("single-choice"),
                choices: &choices,
                start_at: Some(start),
                end_at: Some(start + 86_000),
                precision: Precision::Block,
                quorum: (proposal > 4).then_some(12_345),
                scores: &scores,
                ..ProposalRow::default()
            };
            builder.table(Table::Proposals).push_proposal(&row).unwrap();
        }
        Ok(builder.finish().unwrap())
    }

    fn sample_to(&self, folder: &Path, options: &SampleOptions, run: &Run) -> Result<Manifest, Failure> {
        let history = self.sample(options, run)?;
        history.write(folder).unwrap();
        Ok(history.manifest().clone())
    }

    fn save(&self, _: &Path) -> Result<(), Failure> {
        Ok(())
    }
}
