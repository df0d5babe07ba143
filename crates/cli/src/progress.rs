//! The progress line: how far a stage has come and how long it will take.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use daotwin::core::progress::Step;

use crate::output::count;

/// How often the line is drawn on a terminal, and how often a line is added elsewhere.
const REDRAW: Duration = Duration::from_millis(100);
const APPEND: Duration = Duration::from_secs(1);
/// A stage must run this long before its estimate is worth showing.
const SETTLED: Duration = Duration::from_millis(500);

/// A progress line on standard error. Clones share the line; dropping the last removes it.
#[derive(Debug, Clone)]
pub(crate) struct Progress(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    terminal: bool,
    stage: String,
    began: Instant,
    drawn: Option<Instant>,
    visible: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            terminal: io::stderr().is_terminal(),
            stage: String::new(),
            began: Instant::now(),
            drawn: None,
            visible: false,
        })))
    }

    /// Shows a step, unless the line was drawn just now.
    pub(crate) fn show(&self, step: Step<'_>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if state.stage != step.stage {
            step.stage.clone_into(&mut state.stage);
            state.began = now;
        } else if state.drawn.is_some_and(|at| now - at < if state.terminal { REDRAW } else { APPEND }) {
            return;
        }
        let text = line(step, now - state.began);
        let (start, end) = if state.terminal { ("\r", "\x1b[K") } else { ("", "\n") };
        write!(io::stderr().lock(), "{start}{text}{end}").ok();
        state.drawn = Some(now);
        state.visible = state.terminal;
    }

    /// Shows a line of a verb's own, unless the line was drawn just now.
    pub(crate) fn say(&self, text: &str) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if state.drawn.is_some_and(|at| now - at < if state.terminal { REDRAW } else { APPEND }) {
            return;
        }
        let (start, end) = if state.terminal { ("\r", "\x1b[K") } else { ("", "\n") };
        write!(io::stderr().lock(), "{start}{text}{end}").ok();
        state.drawn = Some(now);
        state.visible = state.terminal;
    }

    /// Takes the line away, so that other text does not run into it.
    pub(crate) fn clear(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::take(&mut state.visible) {
            write!(io::stderr().lock(), "\r\x1b[K").ok();
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        if self.visible {
            write!(io::stderr().lock(), "\r\x1b[K").ok();
        }
    }
}

/// A step in words.
fn line(step: Step<'_>, elapsed: Duration) -> String {
    let mut text = step.stage.to_owned();
    // Writing into a `String` cannot fail.
    if step.total == 0 {
        if step.done > 0 {
            write!(text, "  {}", count(step.done)).ok();
        }
        return text;
    }
    let share = (step.done as f64 / step.total as f64).min(1.0);
    write!(text, "  {:.0} %", 100.0 * share).ok();
    if share > 0.0 && share < 1.0 && elapsed >= SETTLED {
        let left = elapsed.as_secs_f64() * (1.0 - share) / share;
        write!(text, ", about {} left", duration(left)).ok();
    }
    text
}

fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{:.0} s", s.max(1.0)),
        s if s < 5_400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3_600.0),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_line_gives_share_and_estimate() {
        let step = |done, total| Step { stage: "fit aave", done, total };
        assert_eq!(line(step(25, 100), Duration::from_secs(10)), "fit aave  25 %, about 30 s left");
        assert_eq!(line(step(25, 100), Duration::from_millis(1)), "fit aave  25 %");
        assert_eq!(line(step(100, 100), Duration::from_secs(9)), "fit aave  100 %");
        assert_eq!(line(step(12_000, 0), Duration::from_secs(9)), "fit aave  12,000");
        assert_eq!(duration(600.0), "10 min");
        assert_eq!(duration(7_200.0), "2.0 h");
    }
}
