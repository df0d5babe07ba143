//! How soon work returns when it is cancelled.

use std::time::{Duration, Instant};

use daotwin_core::Run;

/// An error where work, whenever it is cancelled, returns more than a second later. Other work of the machine can
/// hold up a single return, so only what is late three times in a row counts.
pub(crate) fn within_a_second(what: &str, work: &dyn Fn(&Run)) -> Result<(), String> {
    for delay in [5, 50, 300] {
        let late = (0..3).map(|_| lateness(delay, work)).take_while(|late| *late > Duration::from_secs(1));
        let late: Vec<f64> = late.map(|late| late.as_secs_f64()).collect();
        if late.len() == 3 {
            return Err(format!("{what} returns {late:.1?} s after the flag was raised"));
        }
    }
    Ok(())
}

fn lateness(delay: u64, work: &dyn Fn(&Run)) -> Duration {
    let run = Run::default();
    let flag = run.cancel.clone();
    let raised = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(delay));
        flag.cancel();
        Instant::now()
    });
    work(&run);
    let returned = Instant::now();
    returned.saturating_duration_since(raised.join().unwrap())
}
