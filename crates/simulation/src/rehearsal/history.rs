//! A rehearsed run as a History: the proposals as the rule decided them, and the ballots that were cast.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::{Decimal256Type, Int32Type, i256};
use daotwin_core::Run;
use daotwin_history::builder::{Cell, ProposalRow, VoteRow};
use daotwin_history::schema::Precision;
use daotwin_history::synthesizer::Fitted;
use daotwin_history::view::{DaoView, ProposalView, VoteView};
use daotwin_history::{Error as HistoryError, History, HistoryBuilder, Side, Table};

use super::effort::with_effort;
use super::electorate::{Electorate, said, sides};
use super::play::{self, Cast, Observer, Stage, Voter, watch};
use super::policy::Policy;
use super::{Options, draw, held, impossible, ruled, sample, strange};
use crate::governance::Referee;
use crate::scenario::{RuleChange, Scenario};
use crate::{Error, Result};

/// A run of a rehearsal as a History: run `number` of [`rehearse`](super::rehearse) with the same options.
///
/// Tables are those of the model's sample, with these differences. Ballots are those that count: as they were drawn where
/// they kept their side, for the side's choice where they changed it, with the power that was delegated to them; attackers
/// vote as members `attacker-1`, `attacker-2`, ... of kind `attacker`. A ballot for a side that its proposal offers no
/// choice for is blank; the manifest counts those (`blank_ballots`). Proposals end when voting closed; their quorum is that
/// of the rule in force where the scenario or the baseline says one; scores are sums of the ballots' power; `state` is
/// `executed`, `defeated`, or, where there is no choice for it and so nothing to pass, `closed`. With nothing happening and
/// the rule as it is the ballots are the sample's. The manifest says that it is synthetic, of which scenario, seed and run.
///
/// Deterministic; costs a sample of the model and a pass over its ballots.
///
/// # Errors
/// Options and scenarios that this DAO cannot have, every problem at once; the model's own; cancellation.
pub fn history(
    model: &dyn Fitted,
    baseline: &RuleChange,
    scenario: &Scenario,
    options: &Options,
    number: u64,
    run: &Run,
) -> Result<History> {
    written(None, model, baseline, scenario, options, (number, run))
}

/// The same of a rehearsal before a referee: run `number` of [`rehearse_on`](super::rehearse_on).
///
/// # Errors
/// Those of [`history`]; votes that the referee cannot hold.
pub fn history_on(
    referee: &dyn Referee,
    model: &dyn Fitted,
    baseline: &RuleChange,
    scenario: &Scenario,
    options: &Options,
    number: u64,
    run: &Run,
) -> Result<History> {
    let first = draw(model, 1.0, options, 0, run)?;
    let baseline = ruled(referee, baseline, std::slice::from_ref(scenario), &first)?;
    written(Some(referee), model, &baseline, scenario, options, (number, run))
}

fn written(
    referee: Option<&dyn Referee>,
    model: &dyn Fitted,
    baseline: &RuleChange,
    scenario: &Scenario,
    options: &Options,
    (number, run): (u64, &Run),
) -> Result<History> {
    let scenario = with_effort(Scenario { rule: baseline.then(&scenario.rule), ..scenario.clone() }, options);
    let bound = play::bound(&scenario);
    let drawn = sample(model, bound, options, number, run)?;
    let view = DaoView::one(&drawn, options.dao.as_deref())?;
    let electorate = Electorate::of(&view)?;
    let mut problems = strange(options);
    problems.extend(impossible(&scenario, bound, &electorate));
    if !problems.is_empty() {
        return Err(Error::Parameters { problems });
    }
    let stage = Stage {
        scenario: &scenario,
        baseline,
        largest: options.largest,
        span: electorate.span(),
        seed: options.seed.0,
        referee,
    };
    let proposals = drawn.table(Table::Proposals);
    let mut writer = Writer {
        view: &view,
        rows: proposals.map(|batch| Rows::new(batch, &view.dao)).transpose()?,
        scenario: &scenario,
        builder: HistoryBuilder::new(drawn.decimals(), run.limits),
        ballots: Vec::new(),
        attackers: 0,
        blank: 0,
        problem: None,
    };
    held(watch(&electorate, &stage, bound, number, &mut writer))?;
    if let Some(problem) = writer.problem {
        return Err(problem);
    }
    let (blank, attackers) = (writer.blank, writer.attackers);
    let mut written = writer.builder;
    members(&mut written, &drawn, &view, attackers)?;
    let written = written.finish()?;
    let mut history = History::new(drawn.manifest().clone());
    for (table, batch) in drawn.tables() {
        history.set(table, of_dao(table, batch, &view.dao)?);
    }
    for table in [Table::Proposals, Table::Votes, Table::Members] {
        let known = history.table(table).filter(|_| table == Table::Members);
        let parts = known.into_iter().chain(written.table(table));
        let schema = table.schema(drawn.decimals());
        let whole = concat_batches(&schema, parts).map_err(|source| arrow_error(table, source))?;
        history.set(table, whole);
    }
    let manifest = history.manifest_mut();
    manifest.synthetic = true;
    manifest.sources.push(format!("rehearsal of `{}`", scenario.title));
    let facts = [
        ("scenario", scenario.title.clone()),
        ("rehearsal_seed", options.seed.0.to_string()),
        ("rehearsal_run", number.to_string()),
        ("blank_ballots", blank.to_string()),
        ("rehearsed_by", concat!("daotwin ", env!("CARGO_PKG_VERSION")).to_owned()),
    ];
    manifest.provenance.extend(facts.map(|(name, value)| (name.to_owned(), value)));
    Ok(history)
}

fn arrow_error(table: Table, source: arrow::error::ArrowError) -> Error {
    HistoryError::Arrow { table: table.name(), source }.into()
}

fn defect(name: &str) -> Error {
    HistoryError::Defect(format!("column `{name}` is not of the schema")).into()
}

/// The cells of a column of ids.
fn texts<'b>(batch: &'b RecordBatch, name: &str) -> Result<Vec<Option<&'b str>>> {
    let column = batch.column_by_name(name).and_then(|column| column.as_dictionary_opt::<Int32Type>());
    let column = column.ok_or_else(|| defect(name))?;
    let values = column.values().as_string_opt::<i32>().ok_or_else(|| defect(name))?;
    let cell = |row| column.is_valid(row).then(|| values.value(column.keys().value(row) as usize));
    Ok((0..column.len()).map(cell).collect())
}

/// The rows of one DAO, and those that belong to none.
fn of_dao(table: Table, batch: &RecordBatch, dao: &str) -> Result<RecordBatch> {
    let mask: Vec<bool> =
        texts(batch, "dao")?.iter().map(|found| found.is_none_or(|found| found == dao)).collect();
    filter_record_batch(batch, &BooleanArray::from(mask)).map_err(|source| arrow_error(table, source))
}

/// Adds the members whom the sample's own table lacks: attackers, and whoever only a ballot or a proposal names.
fn members(builder: &mut HistoryBuilder, drawn: &History, view: &DaoView, attackers: u64) -> Result<()> {
    let mut known = BTreeSet::new();
    if let Some(batch) = drawn.table(Table::Members) {
        let cells = texts(batch, "dao")?.into_iter().zip(texts(batch, "member")?);
        known.extend(
            cells.filter(|(dao, _)| *dao == Some(view.dao.as_str())).filter_map(|(_, member)| member),
        );
    }
    let authors = view.proposals.iter().filter_map(|proposal| proposal.author.as_deref());
    let table = builder.table(Table::Members);
    for member in view.members.iter().map(String::as_str).chain(authors) {
        if known.insert(member) {
            table.push_named(&[("dao", Cell::Text(&view.dao)), ("member", Cell::Text(member))])?;
        }
    }
    for number in 0..attackers {
        table.push_named(&[
            ("dao", Cell::Text(&view.dao)),
            ("member", Cell::Text(&attacker(number))),
            ("kind", Cell::Text("attacker")),
        ])?;
    }
    Ok(())
}

fn attacker(number: u64) -> String {
    format!("attacker-{}", number + 1)
}

/// What a view of a proposal leaves out.
struct Rows<'b> {
    place: BTreeMap<&'b str, usize>,
    titles: &'b arrow::array::StringArray,
    precisions: Vec<Option<&'b str>>,
    quorums: &'b arrow::array::PrimitiveArray<Decimal256Type>,
}

impl<'b> Rows<'b> {
    fn new(batch: &'b RecordBatch, dao: &str) -> Result<Self> {
        let own = texts(batch, "dao")?;
        let ids = texts(batch, "proposal")?.into_iter().enumerate();
        let column = |name| batch.column_by_name(name).ok_or_else(|| defect(name));
        Ok(Self {
            place: ids
                .filter(|(row, _)| own[*row] == Some(dao))
                .filter_map(|(row, id)| Some((id?, row)))
                .collect(),
            titles: column("title")?.as_string_opt().ok_or_else(|| defect("title"))?,
            precisions: texts(batch, "start_at_precision")?,
            quorums: column("quorum")?.as_primitive_opt().ok_or_else(|| defect("quorum"))?,
        })
    }

    /// Title, precision of times, quorum in the smallest unit.
    fn of(&self, proposal: &str) -> (Option<&'b str>, Precision, Option<i128>) {
        let Some(&row) = self.place.get(proposal) else { return (None, Precision::Second, None) };
        (
            self.titles.is_valid(row).then(|| self.titles.value(row)),
            self.precisions[row].map(Precision::from_name).unwrap_or_default(),
            self.quorums.is_valid(row).then(|| self.quorums.value(row)).and_then(i256::to_i128),
        )
    }
}

/// Writes what it sees.
struct Writer<'w> {
    view: &'w DaoView,
    rows: Option<Rows<'w>>,
    scenario: &'w Scenario,
    builder: HistoryBuilder,
    /// Those of the proposal that is being voted on.
    ballots: Vec<Cast>,
    attackers: u64,
    blank: u64,
    problem: Option<Error>,
}

impl Observer for Writer<'_> {
    fn cast(&mut self, ballot: Cast) {
        self.ballots.push(ballot);
    }

    fn decided(&mut self, place: usize, closed: i64, policy: &Policy, passed: bool) {
        let ballots = std::mem::take(&mut self.ballots);
        if self.problem.is_none()
            && let Err(problem) = self.proposal(&self.view.proposals[place], &ballots, closed, policy, passed)
        {
            self.problem = Some(problem);
        }
    }
}

impl Writer<'_> {
    fn proposal(
        &mut self,
        proposal: &ProposalView,
        ballots: &[Cast],
        closed: i64,
        policy: &Policy,
        passed: bool,
    ) -> Result<()> {
        let sides = sides(proposal);
        let system = proposal.voting_system.as_deref();
        let counted = match (proposal.choices as usize, proposal.labels.len()) {
            (0, 0) => 0,
            (told, labels) => told.max(labels),
        };
        let mut scores = vec![0_i128; counted];
        let view = self.view;
        let drawn: BTreeMap<u32, &VoteView> =
            view.votes[proposal.votes.clone()].iter().map(|vote| (vote.member, vote)).collect();
        for ballot in ballots {
            let drawn = match ballot.voter {
                Voter::Member { member, drawn: true } => drawn.get(&member).copied(),
                _ => None,
            };
            self.ballot(proposal, &sides, ballot, drawn, &mut scores)?;
        }
        let (title, precision, quorum) =
            self.rows.as_ref().map_or((None, Precision::Second, None), |rows| rows.of(&proposal.proposal));
        let says = |rule: &RuleChange| rule.quorum.or(rule.quorum_tokens).is_some();
        let mut later = self.scenario.conditions.iter().filter_map(|condition| condition.rule);
        let changed = says(&self.scenario.rule) || policy.quorum > 0 && later.any(|rule| says(&rule));
        let quorum = if changed { Some(i128::try_from(policy.quorum).unwrap_or(i128::MAX)) } else { quorum };
        let state = match (sides.contains(&Side::For), passed) {
            (false, _) => "closed",
            (true, true) => "executed",
            (true, false) => "defeated",
        };
        self.builder.table(Table::Proposals).push_proposal(&ProposalRow {
            dao: &self.view.dao,
            proposal: &proposal.proposal,
            author: proposal.author.as_deref(),
            title,
            category: proposal.category.as_deref(),
            voting_system: system,
            choices: &proposal.labels,
            created_at: proposal.created_at,
            start_at: proposal.start_at,
            end_at: if policy.window == 1.0 { proposal.end_at } else { Some(closed) },
            precision,
            quorum,
            state: Some(state),
            scores: &scores,
        })?;
        Ok(())
    }

    fn ballot(
        &mut self,
        proposal: &ProposalView,
        sides: &[Side],
        ballot: &Cast,
        drawn: Option<&VoteView>,
        scores: &mut [i128],
    ) -> Result<()> {
        let view = self.view;
        let kept = drawn.filter(|vote| said(vote, sides) == ballot.side);
        let turned: Vec<(i32, f64)> = sides
            .iter()
            .position(|side| *side == ballot.side)
            .map(|place| (place as i32 + 1, 1.0))
            .into_iter()
            .collect();
        let choice = kept.map_or(turned.as_slice(), |vote| view.entries(vote));
        self.blank += u64::from(choice.is_empty());
        let power = i128::try_from(ballot.power).unwrap_or(i128::MAX);
        add(scores, proposal.voting_system.as_deref(), choice, power);
        let name;
        let member = match ballot.voter {
            Voter::Member { member, .. } => view.members[member as usize].as_str(),
            Voter::Attacker(number) => {
                self.attackers = self.attackers.max(number + 1);
                name = attacker(number);
                &name
            }
        };
        self.builder.table(Table::Votes).push_vote(&VoteRow {
            dao: &view.dao,
            proposal: &proposal.proposal,
            member,
            cast_at: drawn.map_or(Some(ballot.at), |vote| vote.at.map(|at| moved(at, ballot.at, proposal))),
            precision: drawn.map_or(Precision::Second, |vote| vote.precision),
            choice,
            power,
        })?;
        Ok(())
    }
}

/// When a ballot was cast: as it was drawn, where it was not put off. Those drawn outside the window count in it.
fn moved(drawn: i64, cast: i64, proposal: &ProposalView) -> i64 {
    let start = proposal.start_at.or(proposal.created_at).unwrap_or(drawn);
    let end = proposal.end_at.unwrap_or(drawn).max(start);
    if drawn.clamp(start, end) == cast { drawn } else { cast }
}

/// Adds a ballot to the scores: an approval counts whole for every choice, a ranking for its first, anything else is
/// divided by its weights.
fn add(scores: &mut [i128], system: Option<&str>, choice: &[(i32, f64)], power: i128) {
    let is = |word: &str| system.is_some_and(|system| system.contains(word));
    let total: f64 = choice.iter().map(|(_, weight)| weight).sum();
    let counted = if is("rank") || is("copeland") { 1 } else { choice.len() };
    for &(index, weight) in &choice[..counted.min(choice.len())] {
        let share = if choice.len() == 1 || counted == 1 || is("approval") {
            power
        } else {
            (power as f64 * (weight / total)) as i128
        };
        if let Some(score) = usize::try_from(index - 1).ok().and_then(|place| scores.get_mut(place)) {
            *score = score.saturating_add(share);
        }
    }
}

#[cfg(test)]
mod test {
    use daotwin_core::Seed;
    use daotwin_history::constraints;
    use daotwin_history::synthesizer::SampleOptions;

    use super::super::test_model::Stub;
    use super::*;
    use crate::scenario::read;

    fn written(toml: &str) -> History {
        let scenario = read(&format!("title = 'a title'\n{toml}")).unwrap();
        let options = Options { seed: Seed(4), ..Options::default() };
        history(&Stub::fixed(), &RuleChange::default(), &scenario, &options, 2, &Run::default()).unwrap()
    }

    fn votes(history: &History) -> History {
        let mut part = History::new(history.manifest().clone());
        part.set(Table::Votes, history.table(Table::Votes).unwrap().clone());
        part
    }

    fn sound(history: &History) {
        assert_eq!(constraints::check(history, &Run::default()).unwrap(), []);
    }

    #[test]
    fn with_nothing_happening_it_is_the_sample() {
        let sampled = Stub::fixed().sample(&SampleOptions::default(), &Run::default()).unwrap();
        let written = written("");
        sound(&sampled);
        sound(&written);
        assert_eq!(votes(&written).fingerprint().unwrap(), votes(&sampled).fingerprint().unwrap());
        assert_eq!(written.table(Table::Daos), sampled.table(Table::Daos));
        assert_eq!(written.rows(Table::Members), 32);
        let (before, after) = (DaoView::one(&sampled, None).unwrap(), DaoView::one(&written, None).unwrap());
        for (before, after) in before.proposals.iter().zip(&after.proposals) {
            assert_eq!(ProposalView { state: None, ..after.clone() }, *before);
            assert!(matches!(after.state.as_deref(), Some("executed" | "defeated")));
        }
        let manifest = written.manifest();
        assert!(manifest.synthetic);
        let fact = |name: &str| manifest.provenance[name].as_str();
        assert_eq!((fact("scenario"), fact("rehearsal_seed"), fact("rehearsal_run")), ("a title", "4", "2"));
    }

    #[test]
    fn whatever_happens_every_constraint_holds() {
        for (toml, attackers) in [
            ("[rule]\nquorum = 0.2\nwindow = 0.5", 0),
            ("[rule]\nwindow = 2\n[[conditions]]\nkind = 'whale'\ntokens = 90", 1),
            (
                "[[conditions]]\nkind = 'whale'\ntokens = 9\nagainst = 1\n[[conditions]]\nkind = 'sybil'\ntokens = 90\nidentities = 5",
                6,
            ),
            ("[[conditions]]\nkind = 'delegation'\nshare = 0.8\ndelegates = 2", 0),
            ("[[conditions]]\nkind = 'cartel'\ncount = 4", 0),
            ("[[conditions]]\nkind = 'exploit_news'\nattention = 1\ndoubt = 1", 0),
        ] {
            let written = written(toml);
            sound(&written);
            assert_eq!(written.rows(Table::Members), 32 + attackers, "{toml}");
        }
    }

    #[test]
    fn what_changed_is_in_the_rows() {
        let written = written(
            "[rule]\nquorum = 0.9\n[[conditions]]\nkind = 'exploit_news'\nattention = 1\ndoubt = 1\n\
             [[conditions]]\nkind = 'whale'\ntokens = 5\nfrom = 2023-11-20",
        );
        let view = DaoView::one(&written, None).unwrap();
        assert!(view.proposals.iter().all(|proposal| proposal.quorum == Some(900.0)));
        assert!(view.proposals.iter().all(|proposal| proposal.state.as_deref() == Some("defeated")));
        let attacker = view.members.iter().position(|member| member == "attacker-1").unwrap();
        for vote in &view.votes {
            let attacks = vote.member as usize == attacker;
            // Nobody but the attacker is for what made the news.
            assert_eq!(vote.choice == 1, attacks);
            assert!(!attacks || vote.power == 500);
        }
        let attacked = view.votes.iter().filter(|vote| vote.member as usize == attacker).count();
        assert!(attacked > 0 && attacked < 10, "{attacked}");
    }
}
