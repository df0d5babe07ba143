//! The attacks that train the model themselves, on a model that leaks and on one that cannot.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a helper of a test fails as the test does, and says what it skips"
)]

mod shared;

use std::path::Path;

use daotwin_core::{ErrorKind, Run, Seed};
use daotwin_evaluation::{Options, evaluate, variants};
use daotwin_history::synthesizer::{Card, Failure, FitOptions, Fitted, SampleOptions, Size, Synthesizer};
use daotwin_history::view::DaoView;
use daotwin_history::{History, Manifest};

/// Gives back the members that it learned from, under new names, or always the same other people.
#[derive(Debug)]
struct Parrot {
    /// What an honest parrot always says.
    others: Option<History>,
}

#[derive(Debug)]
struct Taught(History);

fn failure(message: &str) -> Failure {
    Failure { kind: ErrorKind::Internal, source: message.into() }
}

impl Synthesizer for Parrot {
    fn name(&self) -> &'static str {
        "parrot"
    }

    fn card(&self) -> Card {
        Card { purpose: "a control", source: "none", limits: "leaks by design", bytes_per_vote: 0 }
    }

    fn fit(&self, history: &History, _: &FitOptions, _: &Run) -> Result<Box<dyn Fitted>, Failure> {
        let said = self.others.clone().unwrap_or_else(|| {
            let mut view = DaoView::one(history, None).unwrap();
            view.members = (0..view.members.len()).map(|member| format!("0x{member:040x}")).collect();
            shared::history(&view)
        });
        Ok(Box::new(Taught(said)))
    }

    fn load(&self, _: &Path, _: &Run) -> Result<Box<dyn Fitted>, Failure> {
        Err(failure("not kept"))
    }
}

impl Fitted for Taught {
    fn size(&self) -> Size {
        let view = DaoView::one(&self.0, None).unwrap();
        Size { members: view.voters() as u64, proposals: view.proposals.len() as u64 }
    }

    fn sample(&self, _: &SampleOptions, _: &Run) -> Result<History, Failure> {
        Ok(self.0.clone())
    }

    fn sample_to(&self, _: &Path, _: &SampleOptions, _: &Run) -> Result<Manifest, Failure> {
        Err(failure("not streamed"))
    }

    fn save(&self, _: &Path) -> Result<(), Failure> {
        Err(failure("not kept"))
    }
}

#[test]
fn a_model_that_leaks_is_caught_and_one_that_cannot_is_not_accused() {
    let Some(history) = shared::governance_core() else { return };
    let whole = DaoView::one(&history, Some("compound-bravo")).unwrap();
    // People for the honest model, apart from those attacked.
    let (view, others) = variants::halves(&whole, Seed(9));
    let (real, others) = (shared::history(&view), shared::history(&others));
    let synthetic = [others.clone()];
    let areas = |others: Option<History>| {
        let parrot = Parrot { others };
        let options = Options {
            synthesizer: Some(&parrot),
            shadows: 2,
            metrics: vec!["privacy.membership".to_owned(), "privacy.shadow".to_owned()],
            ..Options::default()
        };
        let evaluation = evaluate(&real, &synthetic, None, &options, &Run::default()).unwrap();
        ["privacy.membership.auc", "privacy.shadow.auc"].map(|id| evaluation.daos[0].score(id).unwrap().value)
    };
    let (leak, honest) = (areas(None), areas(Some(others)));
    println!("leak {leak:?}, honest {honest:?}");
    assert!(leak.iter().all(|&area| area >= 0.9), "{leak:?}");
    // About 680 members against 340: standard deviation of the area below 0.02; five of them.
    assert!(honest.iter().all(|&area| (area - 0.5).abs() < 0.1), "{honest:?}");
}
