//! Private fits and the ledger that pays for them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "what the tests share may fail like them, and harms files on purpose"
)]

use std::path::{Path, PathBuf};

use daotwin_core::{ErrorKind, Limits, Run, Seed};
use daotwin_generators::twin::{self, FittedTwin};
use daotwin_generators::{Error, Result};
use daotwin_history::builder::{Cell, ProposalRow, VoteRow};
use daotwin_history::schema::Precision;
use daotwin_history::synthesizer::{FitOptions, Fitted, PrivacyOptions};
use daotwin_history::view::DaoView;
use daotwin_history::{History, HistoryBuilder, Table, ingest};
use daotwin_privacy::ledger::{Unit, marks};
use daotwin_privacy::{Account, Budget, Charge, Fingerprint, Ledger, NoiseKind};

const EPSILON: f64 = 2.0;
const DELTA: f64 = 1e-6;
const PROPOSALS: usize = 24;
const EPOCH: i64 = 1_700_000_000;

/// A small DAO with these proposals, its ballots in one order or the other.
fn history(dao: &str, proposals: &[usize], backwards: bool) -> History {
    let mut builder = HistoryBuilder::new(18, Limits::default());
    let row = [("dao", Cell::Text(dao)), ("platform", Cell::Text("snapshot"))];
    builder.table(Table::Daos).push_named(&row).unwrap();
    let choices = vec!["for".to_owned(), "against".to_owned()];
    for &index in proposals {
        let start = EPOCH + 86_400 * index as i64;
        let row = ProposalRow {
            dao,
            proposal: &format!("proposal {index}"),
            author: Some("member 1"),
            voting_system: Some("single-choice"),
            choices: &choices,
            created_at: Some(start - 3_600),
            start_at: Some(start),
            end_at: Some(start + 3 * 86_400),
            ..ProposalRow::default()
        };
        builder.table(Table::Proposals).push_proposal(&row).unwrap();
    }
    let mut ballots: Vec<(usize, usize)> = proposals
        .iter()
        .flat_map(|&proposal| (0..40).map(move |member| (proposal, member)))
        .filter(|(proposal, member)| (proposal * 7 + member * 5) % (2 + member) < 2)
        .collect();
    if backwards {
        ballots.reverse();
    }
    for (proposal, member) in ballots {
        let row = VoteRow {
            dao,
            proposal: &format!("proposal {proposal}"),
            member: &format!("member {member}"),
            cast_at: Some(EPOCH + 86_400 * proposal as i64 + 997 * member as i64),
            precision: Precision::Second,
            choice: &[(1 + i32::from(member % 5 == 0), 1.0)],
            power: 10_i128.pow(18 + member as u32 % 6),
        };
        builder.table(Table::Votes).push_vote(&row).unwrap();
    }
    builder.finish().unwrap()
}

fn whole(dao: &str) -> History {
    history(dao, &(0..PROPOSALS).collect::<Vec<_>>(), false)
}

/// A ledger's folder that is removed with the test.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// With a ledger that knows a few accounts.
    fn funded() -> Self {
        let place = Self::new();
        let mut ledger = Ledger::create(&place.ledger()).unwrap();
        for name in ["example", "another", "copy", "other"] {
            let account = Account::new(name, Unit::Member).unwrap();
            ledger.register(&account, Budget::new(EPSILON, DELTA).unwrap()).unwrap();
        }
        place
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger")
    }

    fn options(&self) -> PrivacyOptions {
        PrivacyOptions {
            epsilon: EPSILON,
            delta: DELTA,
            ledger: self.ledger(),
            account: None,
            test_noise: None,
        }
    }

    fn fit(&self, history: &History) -> Result<FittedTwin> {
        fit(history, self.options())
    }

    fn lines(&self) -> String {
        std::fs::read_to_string(self.ledger().join("ledger.jsonl")).unwrap()
    }
}

fn fit(history: &History, privacy: PrivacyOptions) -> Result<FittedTwin> {
    let options = FitOptions { privacy: Some(privacy), ..FitOptions::default() };
    twin::fit(history, &options, &Run::default())
}

fn kind(result: Result<FittedTwin>) -> ErrorKind {
    result.err().as_ref().map(Error::kind).expect("the fit should have been refused")
}

#[test]
fn a_fit_is_charged_and_says_what_it_keeps() {
    let place = Place::funded();
    let fitted = place.fit(&whole("example")).unwrap();
    let manifest = fitted.manifest();
    let privacy = manifest.daos[0].privacy.as_ref().unwrap();
    let claim = privacy.claim.as_ref().unwrap();
    assert!(claim.epsilon <= EPSILON && claim.epsilon > 0.99 * EPSILON, "{}", claim.epsilon);
    assert_eq!((claim.delta, claim.unit.as_str()), (DELTA, "member"));
    assert_eq!(privacy.noise, NoiseKind::Charged);
    // Every measurement is listed, and together they cost what is claimed.
    let spent: f64 = privacy.measurements.iter().map(|record| record.rho).sum();
    assert!((spent - claim.rho).abs() < 1e-9 && spent <= Budget::new(EPSILON, DELTA).unwrap().rho().to_f64());
    assert_eq!(privacy.measurements.len(), fitted.measured()[0].len());
    // A hash of the protected columns would answer any guess of them.
    assert_eq!(manifest.fingerprint, None);
    // The ledger holds the charge and the release.
    let mut ledger = Ledger::open(&place.ledger()).unwrap();
    ledger.confirm(privacy.ledger.unwrap()).unwrap();
    let status = ledger.status(&Account::new("example", Unit::Member).unwrap()).unwrap();
    assert_eq!((status.releases, status.unfinished), (1, 0));
    assert!(status.epsilon_spent().unwrap() <= EPSILON + 1e-9);
    // The claim survives saving.
    let path = place.folder.path().join("twin");
    fitted.save(&path).unwrap();
    let read = FittedTwin::read(&path, &Run::default()).unwrap();
    let again = read.manifest().daos[0].privacy.as_ref().unwrap();
    assert_eq!((again.ledger, again.noise), (privacy.ledger, privacy.noise));
    // A number read from JSON may differ in the last bit.
    let kept = again.claim.as_ref().unwrap();
    assert!((kept.epsilon - claim.epsilon).abs() < 1e-12 && (kept.rho - claim.rho).abs() < 1e-12);
    assert_eq!((kept.delta, &kept.unit), (claim.delta, &claim.unit));
}

/// The account is the DAO: however the data is turned, a second fit is refused, and the record stays.
#[test]
fn the_same_dao_is_not_paid_for_twice() {
    let place = Place::funded();
    place.fit(&whole("example")).unwrap();
    let before = place.lines();
    let all: Vec<usize> = (0..PROPOSALS).collect();
    let even: Vec<usize> = (0..PROPOSALS).step_by(2).collect();
    for (way, history) in [
        ("the same again", whole("example")),
        ("rows reordered", history("example", &all, true)),
        ("half of the proposals", history("example", &even, false)),
    ] {
        assert_eq!(kind(place.fit(&history)), ErrorKind::Budget, "{way}");
    }
    // Smaller asks do not slip through: the account has nothing left.
    let small = PrivacyOptions { epsilon: 0.1, ..place.options() };
    assert_eq!(kind(fit(&whole("example"), small)), ErrorKind::Budget);
    // Another name for the account, and for the DAO itself.
    let renamed = PrivacyOptions { account: Some("other".to_owned()), ..place.options() };
    assert_eq!(kind(fit(&whole("example"), renamed)), ErrorKind::Conflict);
    assert_eq!(kind(place.fit(&whole("copy"))), ErrorKind::Conflict);
    assert_eq!(kind(place.fit(&history("copy", &even, true))), ErrorKind::Conflict);
    assert!(place.lines().starts_with(&before));
    // A DAO with proposals of its own is not held up.
    let later: Vec<usize> = (100..100 + PROPOSALS).collect();
    place.fit(&history("another", &later, false)).unwrap();
}

/// A changed, a cut and a missing file: no fit, and nothing is repaired behind the owner's back.
#[test]
fn a_damaged_ledger_pays_for_nothing() {
    let damage: [(&str, fn(&Path)); 3] = [
        ("a changed byte", |folder| {
            let path = folder.join("ledger.jsonl");
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }),
        ("all records cut but the first", |folder| {
            let path = folder.join("ledger.jsonl");
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, text.split_inclusive('\n').next().unwrap()).unwrap();
        }),
        ("the head removed", |folder| std::fs::remove_file(folder.join("head.jsonl")).unwrap()),
    ];
    for (way, harm) in damage {
        let place = Place::funded();
        place.fit(&whole("example")).unwrap();
        harm(&place.ledger());
        let harmed = place.lines();
        let later: Vec<usize> = (100..100 + PROPOSALS).collect();
        assert_eq!(kind(place.fit(&history("another", &later, false))), ErrorKind::Budget, "{way}");
        assert_eq!(place.lines(), harmed, "{way}");
    }
}

/// A reservation that nothing followed is what a crash leaves between the charge and the noise.
#[test]
fn a_crash_after_the_charge_counts_as_spent() {
    let place = Place::new();
    let account = Account::new("example", Unit::Member).unwrap();
    let budget = Budget::new(EPSILON, DELTA).unwrap();
    let mut ledger = Ledger::create(&place.ledger()).unwrap();
    ledger.register(&account, budget).unwrap();
    let reservation = ledger
        .reserve(&Charge {
            account: &account,
            budget,
            purpose: "fit the twin",
            request: Fingerprint::of([b"crashed".as_slice()]),
            marks: &marks(["a name"]),
        })
        .unwrap();
    drop(reservation);
    drop(ledger);
    assert_eq!(kind(place.fit(&whole("example"))), ErrorKind::Budget);
    let mut ledger = Ledger::open(&place.ledger()).unwrap();
    let status = ledger.status(&account).unwrap();
    assert_eq!((status.releases, status.unfinished), (0, 1));
    // The owner may raise the limit, which the ledger keeps; then the fit goes through.
    ledger.raise(&account, Budget::new(2.0 * EPSILON, DELTA).unwrap(), "the first fit crashed").unwrap();
    place.fit(&whole("example")).unwrap();
}

/// A run that was told to stop, or asks for the impossible, charges nothing.
#[test]
fn refusals_before_the_charge_are_free() {
    let place = Place::new();
    let run = Run::default();
    run.cancel.cancel();
    let options = FitOptions { privacy: Some(place.options()), ..FitOptions::default() };
    let cancelled = twin::fit(&whole("example"), &options, &run);
    assert_eq!(kind(cancelled), ErrorKind::Cancelled);
    for (epsilon, delta) in [(0.0, DELTA), (-1.0, DELTA), (f64::NAN, DELTA), (1.0, 0.0), (1.0, 1.0)] {
        let options = PrivacyOptions { epsilon, delta, ..place.options() };
        assert_eq!(kind(fit(&whole("example"), options)), ErrorKind::Usage, "{epsilon} {delta}");
    }
    assert!(!place.ledger().exists());
}

#[test]
fn seeded_noise_claims_nothing() {
    let place = Place::new();
    let options = PrivacyOptions { test_noise: Some(Seed(1)), ..place.options() };
    let fitted = fit(&whole("example"), options).unwrap();
    let privacy = fitted.manifest().daos[0].privacy.as_ref().unwrap();
    assert_eq!(privacy.claim, None);
    assert_eq!(privacy.ledger, None);
    assert_eq!(privacy.noise, NoiseKind::Seeded);
    assert!(!place.ledger().exists());
}

/// Two DAOs under one account: refused before the first of them is charged.
#[test]
fn an_account_is_one_dao() {
    let place = Place::new();
    let mut builder = HistoryBuilder::new(18, Limits::default());
    for dao in ["one", "two"] {
        builder.table(Table::Daos).push_named(&[("dao", Cell::Text(dao))]).unwrap();
    }
    let history = builder.finish().unwrap();
    let options = PrivacyOptions { account: Some("both".to_owned()), ..place.options() };
    assert_eq!(kind(fit(&history, options)), ErrorKind::Usage);
    assert!(!place.ledger().exists());
}

/// The prior saw these DAOs' own past, so a fit of them cannot claim to have seen noise alone.
#[test]
fn daos_of_the_prior_are_refused() {
    let place = Place::new();
    for dao in ["compound-alpha", "ens-smallgrants", "daostack-dxdao"] {
        assert_eq!(kind(place.fit(&whole(dao))), ErrorKind::Usage, "{dao}");
    }
    assert!(!place.ledger().exists());
}

/// Their data under another name is refused too, whole or in part; a DAO with proposals of its own is not.
#[test]
fn renamed_daos_of_the_prior_are_refused() {
    let data = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/governance-core"));
    let files = ["daos", "members", "proposals", "votes"].map(|name| data.join(format!("{name}.csv.gz")));
    if files.iter().any(|file| !file.exists()) {
        eprintln!("skipped: `{}` is not on this machine", data.display());
        return;
    }
    let all = ingest::ingest(&files, &ingest::Options::default(), &Run::default()).unwrap();
    let place = Place::new();
    let renamed = |dao: &str, step: usize| {
        let view = DaoView::one(&all, Some(dao)).unwrap();
        let mut builder = HistoryBuilder::new(18, Limits::default());
        let row = [("dao", Cell::Text("somebody else")), ("platform", Cell::Text("onchain"))];
        builder.table(Table::Daos).push_named(&row).unwrap();
        for proposal in view.proposals.iter().step_by(step) {
            let choices: Vec<String> = (0..proposal.choices).map(|choice| choice.to_string()).collect();
            let row = ProposalRow {
                dao: "somebody else",
                proposal: &proposal.proposal,
                choices: &choices,
                created_at: proposal.created_at,
                start_at: proposal.start_at,
                end_at: proposal.end_at,
                ..ProposalRow::default()
            };
            builder.table(Table::Proposals).push_proposal(&row).unwrap();
        }
        let options = PrivacyOptions { test_noise: Some(Seed(1)), ..place.options() };
        fit(&builder.finish().unwrap(), options)
    };
    for dao in ["compound-alpha", "ens-governor", "daostack-dxdao"] {
        // Of all proposals all marks are found, of every third one is missed with probability (2/3)^16.
        for step in [1, 3] {
            let refused = renamed(dao, step);
            assert!(refused.as_ref().is_err_and(|error| error.to_string().contains(dao)), "{dao} {step}");
            assert_eq!(kind(refused), ErrorKind::Usage);
        }
    }
    assert!(renamed("aave-v2", 1).is_ok());
}
