//! A sound synthesizer that learns only sizes, and one with each fault that the suite must catch.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use daotwin_core::files::{PartialFolder, atomic_write};
use daotwin_core::{Error as CoreError, ErrorKind, Run, Seed};
use daotwin_history::builder::{Cell, ProposalRow, VoteRow};
use daotwin_history::schema::Precision;
use daotwin_history::synthesizer::{
    Card, Failure, FitOptions, Fitted, PrivacyOptions, SampleOptions, Size, Synthesizer,
};
use daotwin_history::view::DaoView;
use daotwin_history::{History, HistoryBuilder, Table};
use daotwin_privacy::ledger::{Account, Charge, Fingerprint, Ledger, Unit};
use serde_json::{Value, json};

use crate::histories::labels;

/// A synthesizer with at most one fault, which is also its name.
pub(crate) struct Control(&'static str);

/// The one without a fault.
pub(crate) static SOUND: Control = Control("sound");

/// Each fault and the check that must catch it.
pub(crate) const BROKEN: &[(&str, &str)] = &[
    ("says-nothing", "card"),
    ("votes-too-late", "schema"),
    ("votes-twice", "schema"),
    ("draws-anew", "threads"),
    ("ignores-the-seed", "threads"),
    ("forgets", "folder"),
    ("overwrites", "folder"),
    ("ignores-the-size", "size"),
    ("takes-any-condition", "size"),
    ("needs-votes", "hostile"),
    ("needs-votes", "private hostile"),
    ("trusts-files", "damaged"),
    ("forgets-to-charge", "budget"),
    ("never-stops", "cancel"),
    ("stops-late", "cancel"),
    ("is-silent", "progress"),
    ("is-greedy", "memory"),
];

static CONTROLS: [Control; 17] = [
    Control("sound"),
    Control("says-nothing"),
    Control("votes-too-late"),
    Control("votes-twice"),
    Control("draws-anew"),
    Control("ignores-the-seed"),
    Control("forgets"),
    Control("overwrites"),
    Control("ignores-the-size"),
    Control("takes-any-condition"),
    Control("needs-votes"),
    Control("trusts-files"),
    Control("forgets-to-charge"),
    Control("never-stops"),
    Control("stops-late"),
    Control("is-silent"),
    Control("is-greedy"),
];

pub(crate) fn find(name: &str) -> Option<&'static dyn Synthesizer> {
    let found = CONTROLS.iter().find(|control| control.0 == name)?;
    Some(found)
}

fn core(error: CoreError) -> Failure {
    Failure { kind: error.kind(), source: Box::new(error) }
}

fn history(error: daotwin_history::Error) -> Failure {
    Failure { kind: error.kind(), source: Box::new(error) }
}

fn failure(kind: ErrorKind, text: &str) -> Failure {
    Failure { kind, source: text.into() }
}

struct Learned {
    fault: &'static str,
    size: Size,
    decimals: u8,
}

impl Control {
    fn step(&self, run: &Run, stage: &str, done: u64, total: u64) -> Result<(), Failure> {
        match self.0 {
            "never-stops" => Ok(()),
            "is-silent" => run.check().map_err(core),
            _ => run.step(stage, done, total).map_err(core),
        }
    }

    fn pay(&self, privacy: &PrivacyOptions) -> Result<(), Failure> {
        let say = |error: daotwin_privacy::Error| Failure { kind: error.kind(), source: Box::new(error) };
        let budget = daotwin_privacy::Budget::new(privacy.epsilon, privacy.delta).map_err(say)?;
        if privacy.test_noise.is_some() || self.0 == "forgets-to-charge" {
            return Ok(());
        }
        let mut ledger = Ledger::open(&privacy.ledger).map_err(say)?;
        let account =
            Account::new(privacy.account.as_deref().unwrap_or("example"), Unit::Member).map_err(say)?;
        let request = Fingerprint::of([b"a control".as_slice()]);
        let charge = Charge { account: &account, budget, purpose: "a control", request, marks: &[] };
        // Dropping the reservation spends it; a control has nothing to measure.
        drop(ledger.reserve(&charge).map_err(say)?);
        Ok(())
    }
}

impl Synthesizer for Control {
    fn name(&self) -> &'static str {
        self.0
    }

    fn card(&self) -> Card {
        let purpose =
            if self.0 == "says-nothing" { "" } else { "showing that the suite accepts what is sound" };
        let source = "no paper; written for this suite in 2026";
        Card { purpose, source, limits: "it learns nothing but sizes", bytes_per_vote: 64 }
    }

    fn fit(&self, real: &History, options: &FitOptions, run: &Run) -> Result<Box<dyn Fitted>, Failure> {
        self.step(run, "count", 0, 2)?;
        if let Some(privacy) = &options.privacy {
            self.pay(privacy)?;
        }
        let views = DaoView::all(real).map_err(history)?;
        let size = views.iter().fold(Size::default(), |sum, view| Size {
            members: sum.members + view.voters() as u64,
            proposals: sum.proposals + view.proposals.len() as u64,
        });
        match self.0 {
            "needs-votes" => assert!(size.members > 0, "the fault of this control"),
            "stops-late" => std::thread::sleep(Duration::from_millis(1_500)),
            "is-greedy" => drop(std::hint::black_box(vec![1_u8; 400 << 20])),
            _ => {}
        }
        self.step(run, "count", 2, 2)?;
        Ok(Box::new(Learned { fault: self.0, size, decimals: real.decimals() }))
    }

    #[expect(clippy::panic, reason = "the control's fault")]
    fn load(&self, folder: &Path, run: &Run) -> Result<Box<dyn Fitted>, Failure> {
        let path = folder.join("manifest.json");
        let bytes = daotwin_core::files::read_limited(&path, run.limits.max_file_bytes).map_err(core)?;
        let manifest: Option<Value> = serde_json::from_slice(&bytes).ok();
        let field = |name: &str| manifest.as_ref()?.get(name)?.as_u64().filter(|value| *value < 1_000_000);
        let read = || {
            let size = Size { members: field("members")?, proposals: field("proposals")? };
            Some((size, u8::try_from(field("decimals")?).ok()?))
        };
        let (mut size, decimals) = match read() {
            Some(read) => read,
            None if self.0 == "trusts-files" => panic!("the fault of this control"),
            None => return Err(failure(ErrorKind::Input, "the manifest lacks a size")),
        };
        if self.0 == "forgets" {
            size.proposals += 1;
        }
        Ok(Box::new(Learned { fault: self.0, size, decimals }))
    }
}

impl Fitted for Learned {
    fn size(&self) -> Size {
        self.size
    }

    fn sample(&self, options: &SampleOptions, run: &Run) -> Result<History, Failure> {
        static DRAWS: AtomicU64 = AtomicU64::new(0);
        let control = Control(self.fault);
        if !options.conditions.is_empty() && self.fault != "takes-any-condition" {
            return Err(failure(ErrorKind::Usage, "this model has no conditions"));
        }
        let mut size = self.size;
        if self.fault != "ignores-the-size" {
            size.members = options.members.unwrap_or(size.members);
            size.proposals = options.proposals.unwrap_or(size.proposals);
        }
        let mut seed = options.seed;
        match self.fault {
            "draws-anew" => seed = Seed(DRAWS.fetch_add(1, Ordering::Relaxed)),
            "ignores-the-seed" => seed = Seed(0),
            _ => {}
        }
        let mut stream = seed.stream("control");
        let mut builder = HistoryBuilder::new(self.decimals, run.limits);
        let dao = [("dao", Cell::Text("sampled"))];
        builder.table(Table::Daos).push_named(&dao).map_err(history)?;
        let choices = labels(2);
        for index in 0..size.proposals {
            control.step(run, "sample", index, size.proposals)?;
            let name = format!("p{index}");
            let start = 1_700_000_000 + 86_400 * index as i64;
            let row = ProposalRow {
                dao: "sampled",
                proposal: &name,
                choices: &choices,
                start_at: Some(start),
                end_at: Some(start + 1_000),
                ..ProposalRow::default()
            };
            builder.table(Table::Proposals).push_proposal(&row).map_err(history)?;
            // Every member votes once, and on the proposal that its number points to.
            let voters = (index..size.members).step_by(size.proposals as usize);
            for member in voters {
                let late = if self.fault == "votes-too-late" { 2_000 } else { 0 };
                let member = format!("m{member}");
                let choice = [(1 + (stream.bits() % 2) as i32, 1.0)];
                let row = VoteRow {
                    dao: "sampled",
                    proposal: &name,
                    member: &member,
                    cast_at: Some(start + late + (stream.bits() % 1_000) as i64),
                    precision: Precision::Second,
                    choice: &choice,
                    power: 1,
                };
                for _ in 0..if self.fault == "votes-twice" { 2 } else { 1 } {
                    builder.table(Table::Votes).push_vote(&row).map_err(history)?;
                }
            }
        }
        control.step(run, "sample", size.proposals, size.proposals)?;
        let mut sample = builder.finish().map_err(history)?;
        sample.manifest_mut().synthetic = true;
        Ok(sample)
    }

    fn sample_to(
        &self,
        folder: &Path,
        options: &SampleOptions,
        run: &Run,
    ) -> Result<daotwin_history::Manifest, Failure> {
        let sample = self.sample(options, run)?;
        sample.write(folder).map_err(history)?;
        Ok(sample.manifest().clone())
    }

    fn save(&self, folder: &Path) -> Result<(), Failure> {
        if self.fault == "overwrites" && folder.exists() {
            return Ok(());
        }
        let manifest = json!({
            "synthesizer": self.fault,
            "members": self.size.members,
            "proposals": self.size.proposals,
            "decimals": self.decimals,
        });
        let partial = PartialFolder::create(folder).map_err(core)?;
        atomic_write(&partial.path().join("manifest.json"), manifest.to_string().as_bytes()).map_err(core)?;
        partial.commit().map_err(core)
    }
}
