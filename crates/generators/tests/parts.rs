//! Parts of a History drawn by models of tables: a rule that only such a model can see, and what files may say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "tests write files in part on purpose")]

use std::collections::BTreeSet;
use std::sync::Arc;

use daotwin_core::{ErrorKind, Limits, Run, Seed};
use daotwin_generators::registry;
use daotwin_generators::table::registry::TABLE_SYNTHESIZERS;
use daotwin_generators::twin::parts::{DEFAULT, MODELS, OWN};
use daotwin_generators::twin::{self, FittedTwin};
use daotwin_history::builder::{Cell, ProposalRow, VoteRow};
use daotwin_history::frame::synthesizer::TableFitOptions;
use daotwin_history::frame::{Column, Frame, Kind, MISSING, Values};
use daotwin_history::schema::Precision;
use daotwin_history::synthesizer::{FitOptions, Fitted, PrivacyOptions, SampleOptions};
use daotwin_history::view::DaoView;
use daotwin_history::{History, HistoryBuilder, Table};

const DAY: i64 = 86_400;
const EPOCH: i64 = 1_600_000_000;

/// Sixty proposals with fifty ballots each. Whoever votes in the later half of a window, three in ten, takes the
/// second choice; all others take the first. Grants are open for two days, other proposals for six.
fn ruled() -> History {
    let mut builder = HistoryBuilder::new(18, Limits::default());
    let row = [("dao", Cell::Text("example")), ("platform", Cell::Text("snapshot"))];
    builder.table(Table::Daos).push_named(&row).unwrap();
    let choices = ["yes".to_owned(), "no".to_owned()];
    let mut stream = Seed(1).stream("ruled");
    for index in 0..60 {
        let name = format!("proposal {index}");
        let grant = stream.chance(0.5);
        let (start, span) = (EPOCH + index * 7 * DAY, if grant { 2 * DAY } else { 6 * DAY });
        let proposal = ProposalRow {
            dao: "example",
            proposal: &name,
            author: None,
            title: None,
            category: Some(if grant { "grant" } else { "rule" }),
            voting_system: Some("single-choice"),
            choices: &choices,
            created_at: Some(start - 3_600),
            start_at: Some(start),
            end_at: Some(start + span),
            precision: Precision::Second,
            quorum: None,
            state: Some("closed"),
            scores: &[],
        };
        builder.table(Table::Proposals).push_proposal(&proposal).unwrap();
        let mut members: Vec<u32> = (0..150).collect();
        stream.shuffle(&mut members);
        for member in &members[..50] {
            let late = stream.chance(0.3);
            let position = stream.uniform() / 2.0 + if late { 0.5 } else { 0.0 };
            let vote = VoteRow {
                dao: "example",
                proposal: &name,
                member: &format!("member {member}"),
                cast_at: Some(start + (span as f64 * position) as i64),
                precision: Precision::Second,
                choice: &[(1 + i32::from(late), 1.0)],
                power: 1_000_000_000_000_000_000,
            };
            builder.table(Table::Votes).push_vote(&vote).unwrap();
        }
    }
    builder.finish().unwrap()
}

fn with(parts: &[(&str, &str)]) -> FitOptions {
    let parts = parts.iter().map(|(part, model)| ((*part).to_owned(), (*model).to_owned())).collect();
    FitOptions { seed: Seed(1), parts, ..FitOptions::default() }
}

fn sampled(fitted: &FittedTwin) -> DaoView {
    let history =
        fitted.sample(&SampleOptions { seed: Seed(2), ..SampleOptions::default() }, &Run::default()).unwrap();
    DaoView::one(&history, None).unwrap()
}

/// The share of ballots that keep the rule of choices.
fn kept(view: &DaoView) -> f64 {
    let keeps = |vote: &&daotwin_history::view::VoteView| {
        (view.time_in_window(vote).unwrap() >= 0.5) == (vote.choice == 2)
    };
    view.votes.iter().filter(keeps).count() as f64 / view.votes.len() as f64
}

/// Without the rule, choices meet the times at 0.3 * 0.3 + 0.7 * 0.7 = 0.58. About 3,000 ballots have a standard
/// error of 0.009, so that 0.65 is seven of them away from that (a false alarm in 1e-11).
#[test]
fn choices_follow_a_rule_that_only_the_model_of_votes_can_see() {
    let history = ruled();
    let run = Run::default();
    assert!((kept(&DaoView::one(&history, None).unwrap()) - 1.0).abs() < 1e-9);
    let own = kept(&sampled(&twin::fit(&history, &with(&[("votes", OWN)]), &run).unwrap()));
    assert!(own < 0.65, "the twin's own estimators keep the rule: {own}");
    for model in MODELS {
        let fitted = twin::fit(&history, &with(&[("votes", model)]), &run).unwrap();
        assert_eq!(fitted.manifest().daos[0].parts["votes"], model);
        let share = kept(&sampled(&fitted));
        assert!(share > 0.65, "{model}: {share}");
    }
}

/// The twin's own calendar is the learned one but for small shifts; that of a model is new, and still has
/// windows as long as their proposals' kind says, up to the width of a cell of durations. Sixty rows are
/// too few for a network to learn that, so only its calendar is looked at.
#[test]
fn proposals_are_new_and_keep_the_rule_of_their_windows() {
    let history = ruled();
    let kinds = |view: &DaoView| -> Vec<String> {
        view.proposals.iter().map(|proposal| proposal.category.clone().unwrap()).collect()
    };
    let learned = kinds(&DaoView::one(&history, None).unwrap());
    let run = Run::default();
    let own = with(&[("proposals", OWN)]);
    assert_eq!(kinds(&sampled(&twin::fit(&history, &own, &run).unwrap())), learned);
    for model in MODELS {
        let view = sampled(&twin::fit(&history, &with(&[("proposals", model)]), &run).unwrap());
        assert_ne!(kinds(&view), learned, "{model}");
        let fits = |proposal: &&daotwin_history::view::ProposalView| {
            let span = proposal.end_at.unwrap() - proposal.start_at.unwrap();
            (span < 4 * DAY) == (proposal.category.as_deref() == Some("grant"))
        };
        let share = view.proposals.iter().filter(fits).count() as f64 / view.proposals.len() as f64;
        assert!(model == "autoregressive" || share > 0.8, "{model}: {share}");
    }
}

/// The list of models is what the registry can do: each of them fills in missing values, and no other does.
#[test]
fn the_models_of_parts_are_those_that_fill_in() {
    let labels = vec!["a".to_owned(), "b".to_owned()];
    let column = |name: &str| Column {
        name: name.to_owned(),
        kind: Kind::Categorical { labels: labels.clone() },
        optional: false,
        bounds: (0.0, 0.0),
    };
    let columns: Arc<[Column]> = [column("x"), column("y")].into();
    let codes = |shift: u32| Values::Code((0..64).map(|row| (row / shift) % 2).collect());
    let frame = Frame::new(Arc::clone(&columns), vec![codes(1), codes(2)]).unwrap();
    let asked = Frame::new(columns, vec![Values::Code(vec![0, 1]), Values::Code(vec![MISSING; 2])]).unwrap();
    let mut able = BTreeSet::new();
    for synthesizer in TABLE_SYNTHESIZERS {
        // Networks are told by one step of learning, where they have such a setting.
        let short =
            synthesizer.card().settings.iter().find(|setting| ["steps", "epochs"].contains(&setting.name));
        let settings = short.map(|setting| (setting.name.to_owned(), setting.bounds.0)).into_iter().collect();
        let options = TableFitOptions { settings, ..TableFitOptions::default() };
        let fitted = synthesizer.fit(&frame, &options, &Run::default()).unwrap();
        if let Some(full) = fitted.impute(&asked, &mut Seed(1).stream("test")) {
            assert!(full.values(1).codes().iter().all(|&code| code < 2), "{}", synthesizer.name());
            able.insert(synthesizer.name());
        }
    }
    assert_eq!(able, BTreeSet::from(MODELS));
}

/// A private fit with noise for tests, which opens no ledger.
fn noised() -> PrivacyOptions {
    let ledger = std::path::PathBuf::new();
    PrivacyOptions { epsilon: 1.0, delta: 1e-6, ledger, account: None, test_noise: Some(Seed(1)) }
}

/// Without a choice the default draws, but not where it would have to be private.
#[test]
fn the_default_is_the_chosen_one_and_private_twins_have_none() {
    let history = ruled();
    let run = Run::default();
    let parts = |options: &FitOptions| {
        let fitted = twin::fit(&history, options, &run).unwrap();
        fitted.manifest().daos[0].parts.clone()
    };
    let default = DEFAULT.map(|(part, model)| (part.name().to_owned(), model.to_owned()));
    assert_eq!(parts(&with(&[])), default.clone().into());
    let privacy = Some(noised());
    assert!(parts(&FitOptions { privacy: privacy.clone(), ..with(&[]) }).is_empty());
    let own = with(&[("votes", OWN), ("proposals", OWN)]);
    assert!(parts(&own).is_empty());
    assert!(parts(&FitOptions { privacy, ..own }).is_empty());
}

#[test]
fn everything_wrong_with_a_choice_is_told_at_once() {
    let history = ruled();
    let run = Run::default();
    let wrong = with(&[("votes", "trees"), ("texts", "forest"), ("votes", "forest"), ("votes", "mixture")]);
    let error = twin::fit(&history, &wrong, &run).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Usage);
    let message = error.to_string();
    for told in ["by `trees`", "`forest`, `mixture`, `autoregressive`", "no part `texts`", "given twice"] {
        assert!(message.contains(told), "{told}: {message}");
    }
    let privacy = Some(noised());
    let private = FitOptions { privacy, ..with(&[("votes", "forest")]) };
    let error = twin::fit(&history, &private, &run).unwrap_err();
    assert!(error.to_string().contains("no private fit"), "{error}");
    let (_, parts) = registry::find_with_parts("twin+forest").unwrap();
    assert_eq!(parts.len(), 2);
    assert!(registry::find_with_parts("tw+forest").is_none());
}

/// A twin's folder whose parts are not what its manifest says is refused.
#[test]
fn swapped_models_of_parts_are_refused() {
    let parent = tempfile::tempdir().unwrap();
    let run = Run::default();
    let folder = parent.path().join("twin");
    let fitted = twin::fit(&ruled(), &with(&[("votes", "forest"), ("proposals", "forest")]), &run).unwrap();
    fitted.save(&folder).unwrap();
    let again = FittedTwin::read(&folder, &run).unwrap();
    assert_eq!(sampled(&again).votes, sampled(&fitted).votes);
    let (votes, proposals) = (folder.join("0-votes"), folder.join("0-proposals"));
    let aside = parent.path().join("aside");
    std::fs::rename(&votes, &aside).unwrap();
    assert_eq!(FittedTwin::read(&folder, &run).unwrap_err().kind(), ErrorKind::Input);
    std::fs::rename(&proposals, &votes).unwrap();
    std::fs::rename(&aside, &proposals).unwrap();
    let error = FittedTwin::read(&folder, &run).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert!(error.to_string().contains("other columns"), "{error}");
}
