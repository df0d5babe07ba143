//! What every synthesizer must do. A check is one function and one line in [`CHECKS`].

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use daotwin_core::{ErrorKind, Run, Seed};
use daotwin_history::synthesizer::{Failure, FitOptions, Fitted, PrivacyOptions, SampleOptions, Synthesizer};
use daotwin_history::view::DaoView;
use daotwin_history::{History, Table};

use crate::cancel::within_a_second;
use crate::histories::{hostile, ordinary};
use crate::memory;

/// The answer of a check; the error says what is wrong.
pub(crate) type Answer = Result<(), String>;
/// A check.
pub(crate) type Check = fn(&'static dyn Synthesizer) -> Answer;

pub(crate) const CHECKS: &[(&str, Check)] = &[
    ("card", card),
    ("schema", schema),
    ("threads", threads),
    ("folder", folder),
    ("size", size),
    ("hostile", hostile_histories),
    ("private hostile", private_hostile_histories),
    ("damaged", damaged_twins),
    ("budget", budget),
    ("cancel", cancel),
    ("progress", progress),
    ("memory", memory::declared),
];

fn say(what: &str) -> impl Fn(Failure) -> String {
    move |failure| format!("{what}: {:?}: {failure}", failure.kind)
}

fn fitted(model: &dyn Synthesizer, history: &History) -> Result<Box<dyn Fitted>, String> {
    model.fit(history, &FitOptions::default(), &Run::default()).map_err(say("fit"))
}

fn sampled(fitted: &dyn Fitted, seed: u64) -> Result<History, String> {
    let options = SampleOptions { seed: Seed(seed), ..SampleOptions::default() };
    fitted.sample(&options, &Run::default()).map_err(say("sample"))
}

/// Every file below a folder, with its bytes.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

fn same(left: &History, right: &History) -> bool {
    left.tables().eq(right.tables()) && left.decimals() == right.decimals()
}

/// A registered item says what it is for, where it comes from and where not to use it.
fn card(model: &'static dyn Synthesizer) -> Answer {
    let card = model.card();
    for (field, text) in [("purpose", card.purpose), ("source", card.source), ("limits", card.limits)] {
        if text.split_whitespace().count() < 3 {
            return Err(format!("the card's `{field}` says nothing: {text:?}"));
        }
    }
    let years = card.source.split(|c: char| !c.is_ascii_digit()).filter(|word| word.len() == 4);
    if years.count() == 0 && !card.source.contains("://") {
        return Err("the card's `source` has neither the year of a paper nor an address".to_owned());
    }
    if card.bytes_per_vote == 0 {
        return Err("the card declares no memory".to_owned());
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if model.name().is_empty() || model.name() == "auto" || !model.name().chars().all(plain) {
        return Err(format!("`{}` is no name for the command line", model.name()));
    }
    Ok(())
}

/// The tables have the History's own schema, and the rows keep the rules that hold by construction.
fn schema(model: &'static dyn Synthesizer) -> Answer {
    let real = ordinary(300, 30, 60);
    let sample = sampled(&*fitted(model, &real)?, 3)?;
    if sample.rows(Table::Votes) == 0 || sample.rows(Table::Proposals) == 0 {
        return Err("the sample of an ordinary DAO has no votes or no proposals".to_owned());
    }
    sound(&sample, real.decimals())
}

/// The rules that every sample keeps, whatever it was learned from.
pub(crate) fn sound(sample: &History, decimals: u8) -> Answer {
    if !sample.manifest().synthetic {
        return Err("the sample's manifest does not say that it is synthetic".to_owned());
    }
    if sample.decimals() != decimals {
        return Err("the sample has other decimals".to_owned());
    }
    for (table, batch) in sample.tables() {
        if batch.schema() != table.schema(decimals) {
            return Err(format!("table `{}` has another schema", table.name()));
        }
    }
    for dao in DaoView::all(sample).map_err(|error| error.to_string())? {
        if dao.orphan_votes > 0 || dao.replaced_votes > 0 {
            let (orphans, double) = (dao.orphan_votes, dao.replaced_votes);
            return Err(format!("{orphans} ballots without a proposal and {double} double votes"));
        }
        for vote in &dao.votes {
            let proposal = &dao.proposals[vote.proposal as usize];
            let window = (proposal.start_at.unwrap_or(i64::MIN), proposal.end_at.unwrap_or(i64::MAX));
            if vote.at.is_some_and(|at| at < window.0 || at > window.1) {
                return Err("a ballot outside its window".to_owned());
            }
            if vote.power < 0 {
                return Err("a ballot with negative power".to_owned());
            }
            let choices = proposal.choices as i32;
            for &(index, weight) in dao.entries(vote) {
                if index < 1 || choices > 0 && index > choices || !weight.is_finite() || weight < 0.0 {
                    return Err(
                        "a ballot for a choice that is not offered, or with no proper weight".to_owned()
                    );
                }
            }
        }
    }
    Ok(())
}

fn on_threads<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

/// The same seed gives the same bytes on one thread and on two; another seed gives others.
fn threads(model: &'static dyn Synthesizer) -> Answer {
    let real = ordinary(300, 30, 60);
    let parent = tempfile::tempdir().unwrap();
    let run = |threads: usize, seed: u64, name: &str| -> Result<_, String> {
        let (twin, sample) = (parent.path().join(format!("{name}-twin")), parent.path().join(name));
        on_threads(threads, || {
            let fitted = fitted(model, &real)?;
            fitted.save(&twin).map_err(say("save"))?;
            let options = SampleOptions { seed: Seed(seed), ..SampleOptions::default() };
            fitted.sample_to(&sample, &options, &Run::default()).map_err(say("sample_to"))
        })?;
        Ok((files(&twin), files(&sample)))
    };
    let one = run(1, 7, "one")?;
    let two = run(2, 7, "two")?;
    if one.0 != two.0 {
        return Err("the twin's bytes depend on the number of threads".to_owned());
    }
    if one.1 != two.1 {
        return Err("the sample's bytes depend on the number of threads".to_owned());
    }
    if run(2, 8, "other")?.1 == one.1 {
        return Err("another seed gives the same sample".to_owned());
    }
    Ok(())
}

/// What is saved is what was learned, and sampling into a folder gives the rows of sampling in memory.
fn folder(model: &'static dyn Synthesizer) -> Answer {
    let real = ordinary(300, 30, 60);
    let parent = tempfile::tempdir().unwrap();
    let (twin, sample) = (parent.path().join("twin"), parent.path().join("sample"));
    let before = fitted(model, &real)?;
    before.save(&twin).map_err(say("save"))?;
    if before.save(&twin).is_ok() {
        return Err("`save` overwrites a folder".to_owned());
    }
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(twin.join("manifest.json")).unwrap()).unwrap();
    if manifest["synthesizer"] != model.name() {
        return Err("the twin's `manifest.json` does not name its `synthesizer`".to_owned());
    }
    let after = model.load(&twin, &Run::default()).map_err(say("load"))?;
    if before.size() != after.size() || !same(&sampled(&*before, 5)?, &sampled(&*after, 5)?) {
        return Err("what was loaded samples other rows than what was saved".to_owned());
    }
    let options = SampleOptions { seed: Seed(5), ..SampleOptions::default() };
    after.sample_to(&sample, &options, &Run::default()).map_err(say("sample_to"))?;
    let read = History::read(&sample, &Run::default()).map_err(|error| error.to_string())?;
    if !same(&read, &sampled(&*after, 5)?) {
        return Err("`sample_to` writes other rows than `sample` gives".to_owned());
    }
    Ok(())
}

/// A size that is asked for is given exactly; without one the sample is about as large as the DAO.
fn size(model: &'static dyn Synthesizer) -> Answer {
    let fitted = fitted(model, &ordinary(300, 30, 60))?;
    let learned = fitted.size();
    for (members, proposals) in [(None, Some(7)), (Some(100), None), (Some(90), Some(40)), (None, None)] {
        let options = SampleOptions { seed: Seed(1), members, proposals, ..SampleOptions::default() };
        let sample = fitted.sample(&options, &Run::default()).map_err(say("sample"))?;
        let views = DaoView::all(&sample).map_err(|error| error.to_string())?;
        let found = views
            .iter()
            .fold((0, 0), |sum, view| (sum.0 + view.voters() as u64, sum.1 + view.proposals.len() as u64));
        // Fewer proposals alone leave room for fewer members.
        let usual = members.is_none() && proposals.is_none();
        let near = |found: u64, learned: u64| found.abs_diff(learned) * 5 <= learned;
        if members.is_some_and(|asked| asked != found.0)
            || proposals.is_some_and(|asked| asked != found.1)
            || usual && !(near(found.0, learned.members) && near(found.1, learned.proposals))
        {
            let asked = (members, proposals);
            return Err(format!("asked for (members, proposals) {asked:?} of {learned:?}, got {found:?}"));
        }
    }
    let conditions = vec![("wishes".to_owned(), "3".to_owned())];
    let options = SampleOptions { conditions, ..SampleOptions::default() };
    match fitted.sample(&options, &Run::default()) {
        Err(failure) if failure.kind == ErrorKind::Usage => Ok(()),
        Err(failure) => Err(format!("an unknown condition is {:?}, not a usage error", failure.kind)),
        Ok(_) => Err("an unknown condition is taken in silence".to_owned()),
    }
}

/// What a model may answer to data that it cannot learn from.
fn refusal(failure: &Failure) -> bool {
    matches!(failure.kind, ErrorKind::Input | ErrorKind::Limit) && !failure.to_string().is_empty()
}

/// On each hostile History the model learns, or says why not; it never panics, hangs or breaks a rule.
fn on_hostile(model: &'static dyn Synthesizer, options: &FitOptions) -> Answer {
    let mut problems = Vec::new();
    for (name, history) in hostile() {
        let start = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let fitted = match model.fit(&history, options, &Run::default()) {
                Ok(fitted) => fitted,
                Err(failure) if refusal(&failure) => return Ok(()),
                Err(failure) => return Err(say("fit")(failure)),
            };
            match fitted.sample(&SampleOptions::default(), &Run::default()) {
                Ok(sample) => sound(&sample, history.decimals()),
                Err(failure) if refusal(&failure) => Ok(()),
                Err(failure) => Err(say("sample")(failure)),
            }
        }));
        match outcome {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => problems.push(format!("{name}: {problem}")),
            Err(_) => problems.push(format!("{name}: panic")),
        }
        if start.elapsed() > Duration::from_secs(2) {
            println!("`{}` takes {:.1} s on {name}", model.name(), start.elapsed().as_secs_f64());
        }
        // Seconds on an idle machine; the bound is for what would never end.
        if start.elapsed() > Duration::from_mins(5) {
            problems.push(format!("{name}: took {:.0} s", start.elapsed().as_secs_f64()));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

fn hostile_histories(model: &'static dyn Synthesizer) -> Answer {
    on_hostile(model, &FitOptions::default())
}

fn private(ledger: &Path, account: &str, epsilon: f64, test_noise: Option<Seed>) -> FitOptions {
    // An account is one DAO's; with test noise nobody pays, so Histories of several DAOs can be fitted.
    let account = test_noise.is_none().then(|| account.to_owned());
    let privacy = PrivacyOptions { epsilon, delta: 1e-6, ledger: ledger.to_path_buf(), account, test_noise };
    FitOptions { privacy: Some(privacy), ..FitOptions::default() }
}

fn private_hostile_histories(model: &'static dyn Synthesizer) -> Answer {
    let folder = tempfile::tempdir().unwrap();
    on_hostile(model, &private(&folder.path().join("ledger"), "example", 3.0, Some(Seed(1))))
}

/// A private fit is charged once, within the account's limit, and to the same account whatever its name.
fn budget(model: &'static dyn Synthesizer) -> Answer {
    use daotwin_privacy::ledger::{Account, Ledger, Unit};
    let real = ordinary(300, 30, 60);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let refused = |account: &str, epsilon: f64, allowed: &[ErrorKind]| {
        let options = private(&path, account, epsilon, None);
        match model.fit(&real, &options, &Run::default()) {
            Ok(_) => Err(format!("a fit at epsilon {epsilon} for `{account}` is not refused")),
            Err(failure) if allowed.contains(&failure.kind) => Ok(()),
            Err(failure) => Err(say("a fit that must be refused")(failure)),
        }
    };
    refused("example", 1.0, &[ErrorKind::Budget, ErrorKind::NotFound])?;
    let account = Account::new("example", Unit::Member).unwrap();
    let mut ledger = Ledger::create(&path).unwrap();
    refused("example", 1.0, &[ErrorKind::Budget, ErrorKind::NotFound])?;
    ledger.register(&account, daotwin_privacy::Budget::new(3.0, 1e-6).unwrap()).unwrap();
    for impossible in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused("example", impossible, &[ErrorKind::Usage])?;
    }
    refused("example", 4.0, &[ErrorKind::Budget])?;
    if ledger.status(&account).unwrap().epsilon_spent().unwrap() > 0.0 {
        return Err("a refused fit is charged".to_owned());
    }
    let paid = private(&path, "example", 2.0, None);
    model.fit(&real, &paid, &Run::default()).map_err(say("a fit that was paid for"))?;
    let spent = ledger.status(&account).unwrap().epsilon_spent().unwrap();
    // A model may spend less than it reserves the right to; not nothing, and not more.
    if spent <= 0.1 || spent > 2.0 + 1e-9 {
        return Err(format!("a fit at epsilon 2 is booked at {spent}"));
    }
    refused("example", 2.9, &[ErrorKind::Budget])?;
    refused("another name", 1.0, &[ErrorKind::Budget, ErrorKind::Conflict, ErrorKind::NotFound])
}

/// A twin with any file cut, emptied or changed is refused with a message, never loaded with a panic.
fn damaged_twins(model: &'static dyn Synthesizer) -> Answer {
    let parent = tempfile::tempdir().unwrap();
    let twin = parent.path().join("twin");
    fitted(model, &ordinary(60, 10, 20))?.save(&twin).map_err(say("save"))?;
    for (name, bytes) in files(&twin) {
        let half = bytes.len() / 2;
        let mut flipped = bytes.clone();
        flipped[half] ^= 0x55;
        let versions = [bytes[..half].to_vec(), Vec::new(), b"{}".to_vec(), vec![0xff; 64], flipped];
        for (index, version) in versions.into_iter().enumerate() {
            let cut = index < 4;
            std::fs::write(twin.join(&name), version).unwrap();
            let outcome = catch_unwind(AssertUnwindSafe(|| match model.load(&twin, &Run::default()) {
                Ok(loaded) => {
                    // One changed byte may leave a valid twin, which must then still work.
                    sampled(&*loaded, 1).map_err(|_| true)?;
                    Err(false)
                }
                Err(failure) => Ok(refusal(&failure)),
            }));
            let problem = match outcome {
                Err(_) => "panics",
                Ok(Ok(false)) => "is not refused as input",
                Ok(Err(false)) if cut => "is loaded",
                Ok(_) => continue,
            };
            return Err(format!("a twin with a damaged `{name}` (version {index}) {problem}"));
        }
        std::fs::remove_file(twin.join(&name)).unwrap();
        if model.load(&twin, &Run::default()).is_ok() {
            return Err(format!("a twin without `{name}` is loaded"));
        }
        std::fs::write(twin.join(&name), bytes).unwrap();
    }
    Ok(())
}

/// A raised flag stops fitting and sampling at once, and at any time within a second.
fn cancel(model: &'static dyn Synthesizer) -> Answer {
    let real = ordinary(4_000, 300, 200);
    let raised = Run::default();
    raised.cancel.cancel();
    let cancelled = |what: &str, outcome: Option<Failure>| match outcome {
        Some(failure) if failure.kind == ErrorKind::Cancelled => Ok(()),
        Some(failure) => Err(say(what)(failure)),
        None => Err(format!("{what} does not look at the flag")),
    };
    cancelled("fit", model.fit(&real, &FitOptions::default(), &raised).err())?;
    let fitted = fitted(model, &real)?;
    let long = SampleOptions { proposals: Some(30_000), ..SampleOptions::default() };
    cancelled("sample", fitted.sample(&long, &raised).err())?;
    let parent = tempfile::tempdir().unwrap();
    let target = parent.path().join("sample");
    cancelled("sample_to", fitted.sample_to(&target, &long, &raised).err())?;

    within_a_second("fit", &|run| drop(model.fit(&real, &FitOptions::default(), run)))?;
    within_a_second("sample", &|run| drop(fitted.sample(&long, run)))?;
    within_a_second("sample_to", &|run| {
        fitted.sample_to(&target, &long, run).ok();
        std::fs::remove_dir_all(&target).ok();
    })?;
    if std::fs::read_dir(parent.path()).unwrap().count() > 0 {
        return Err("a cancelled `sample_to` leaves files behind".to_owned());
    }
    Ok(())
}

/// Fitting and sampling say how far they are; a stage never goes back or beyond its total.
fn progress(model: &'static dyn Synthesizer) -> Answer {
    let steps: Arc<Mutex<Vec<(String, u64, u64)>>> = Arc::default();
    let listening = || {
        let steps = Arc::clone(&steps);
        Run::with_listener(move |step| {
            steps.lock().unwrap().push((step.stage.to_owned(), step.done, step.total));
        })
    };
    let fitted =
        model.fit(&ordinary(300, 30, 60), &FitOptions::default(), &listening()).map_err(say("fit"))?;
    let fitting = std::mem::take(&mut *steps.lock().unwrap());
    fitted.sample(&SampleOptions::default(), &listening()).map_err(say("sample"))?;
    let sampling = std::mem::take(&mut *steps.lock().unwrap());
    for (what, steps) in [("fit", fitting), ("sample", sampling)] {
        if steps.is_empty() {
            return Err(format!("`{what}` reports no progress"));
        }
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        for (stage, done, total) in &steps {
            if *total > 0 && done > total {
                return Err(format!("stage `{stage}` of `{what}` reports {done} of {total}"));
            }
            if last.insert(stage, *done).is_some_and(|before| before > *done) {
                return Err(format!("stage `{stage}` of `{what}` goes back"));
            }
        }
    }
    Ok(())
}
