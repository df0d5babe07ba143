use super::*;
use crate::engine::Scheduler;
use crate::engine::minimal::{Minimal, Parameters};

fn grid() -> Grid {
    let axis = |name: &str, values: Value| (name.to_owned(), values.as_array().unwrap().clone());
    Grid {
        base: json!({"proposals": 3, "population": {"agents": 60}}).as_object().unwrap().clone(),
        axes: vec![
            axis("population.activity", json!([0.01, 0.1])),
            axis("herding", json!([0.0, 1.0, 2.0])),
            axis("quorum_millionths", json!([0, 40000])),
        ],
    }
}

fn plan(replicates: u64) -> Plan {
    Plan { model: "minimal".to_owned(), seed: 9, configurations: grid().len(), replicates, checkpoint: 2 }
}

fn go(plan: &Plan, target: &Path, run: &Run) -> Result<()> {
    let grid = grid();
    let model =
        |parameters: &Parameters| Minimal::new(*parameters, Scheduler::Events, plan.seed, &Run::default());
    sweep(plan, |number| grid.configuration::<Parameters>(number), model, target, run)
}

#[test]
fn a_grid_counts_like_an_odometer() {
    let grid = grid();
    let at = |number| grid.configuration::<Parameters>(number).unwrap();
    assert_eq!(grid.len(), 12);
    let last = at(11);
    assert_eq!((last.population.activity, last.herding, last.quorum_millionths), (0.1, 2.0, 40_000));
    assert_eq!((at(1).quorum_millionths, at(2).herding, at(6).population.activity), (40_000, 1.0, 0.1));
    assert_eq!((last.population.agents, last.proposals), (60, 3));
    assert!(grid.configuration::<Parameters>(12).is_err());
    let wrong = Grid { axes: vec![("quorm".to_owned(), vec![json!(1)])], ..grid };
    assert!(wrong.configuration::<Parameters>(0).unwrap_err().to_string().contains("quorm"));
}

#[test]
fn an_interrupted_sweep_resumes_to_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    for replicates in [1, 7, 1500] {
        let plan = plan(replicates);
        let whole = folder.path().join(format!("whole-{replicates}.jsonl"));
        go(&plan, &whole, &Run::default()).unwrap();
        let bytes = fs::read(&whole).unwrap();
        assert_eq!(bytes.split(|&byte| byte == b'\n').count(), 14);
        for threads in [1, 2, 8] {
            let target = folder.path().join(format!("{replicates}-{threads}.jsonl"));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            // Cancelled twice after a third of the work, then let through.
            let total = plan.configurations * replicates;
            let stop = total / (total / 1000).max(1) / 3;
            for parts_before in [0, 2] {
                let cancel = daotwin_core::Cancel::default();
                let (raise, reports) = (cancel.clone(), AtomicU64::new(0));
                let listener = move |_: daotwin_core::progress::Step<'_>| {
                    if reports.fetch_add(1, Ordering::Relaxed) + 1 == stop {
                        raise.cancel();
                    }
                };
                let mut run = Run::with_listener(listener);
                run.cancel = cancel;
                let stopped = pool.install(|| go(&plan, &target, &run));
                assert!(matches!(stopped, Err(Error::Core(daotwin_core::Error::Cancelled))), "{stopped:?}");
                assert!(!target.exists());
                let done = fs::read_dir(parts(&target)).unwrap().count() - 1;
                assert!(done >= parts_before && done < 6, "{done} parts");
            }
            pool.install(|| go(&plan, &target, &Run::default())).unwrap();
            assert!(fs::read(&target).unwrap() == bytes, "{replicates} replicates, {threads} threads");
            assert!(!parts(&target).exists());
        }
    }
}

#[test]
fn parts_of_another_sweep_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.jsonl");
    fs::create_dir_all(parts(&target)).unwrap();
    files::atomic_write(&parts(&target).join("fingerprint"), b"other").unwrap();
    let refused = go(&plan(1), &target, &Run::default()).unwrap_err().to_string();
    assert!(refused.contains("another plan"), "{refused}");
    fs::remove_dir_all(parts(&target)).unwrap();
    go(&plan(1), &target, &Run::default()).unwrap();
    let again = go(&plan(1), &target, &Run::default());
    assert!(matches!(again, Err(Error::Core(daotwin_core::Error::Exists { .. }))));
    let none = Plan { replicates: 0, checkpoint: 0, ..plan(1) };
    assert_eq!(go(&none, &target, &Run::default()).unwrap_err().to_string().lines().count(), 2);
}

#[test]
fn lines_hold_what_an_ensemble_finds() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("a.jsonl");
    go(&plan(40), &target, &Run::default()).unwrap();
    let text = fs::read_to_string(&target).unwrap();
    for (number, line) in text.lines().skip(1).enumerate() {
        let parameters: Parameters = grid().configuration(number as u64).unwrap();
        let model = Minimal::new(parameters, Scheduler::Stepped, 9, &Run::default()).unwrap();
        let summaries = crate::engine::ensemble::ensemble(&model, 9, 40, &Run::default()).unwrap();
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["configuration"], json!(number));
        for (name, summary) in model.variables().iter().zip(summaries) {
            let found = &value["variables"][name];
            assert_eq!(
                found["mean"].as_f64().unwrap_or(f64::NAN).to_bits(),
                summary.mean().to_bits(),
                "{name}"
            );
            assert_eq!(found["q95"].as_f64().unwrap_or(f64::NAN).to_bits(), summary.quantile(0.95).to_bits());
        }
    }
}
