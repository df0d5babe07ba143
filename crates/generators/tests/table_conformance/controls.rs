//! The baseline with one fault each, which the suite must catch.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use daotwin_core::{ErrorKind, Run, Seed, Stream};
use daotwin_generators::table::independent::Independent;
use daotwin_history::frame::synthesizer::{
    Conditions, FittedTable, TableCard, TableFitOptions, TableSynthesizer,
};
use daotwin_history::frame::{Column, Frame};
use daotwin_history::synthesizer::Failure;

/// A synthesizer with the fault that is its name.
struct Control(&'static str);

/// Each fault and the check that must catch it.
pub(crate) const BROKEN: &[(&str, &str)] = &[
    ("says-nothing", "card"),
    ("one-row-too-few", "schema"),
    ("draws-anew", "threads"),
    ("ignores-the-seed", "threads"),
    ("forgets", "folder"),
    ("ignores-conditions", "conditions"),
    ("needs-rows", "hostile"),
    ("trusts-files", "damaged"),
    ("takes-any-setting", "settings"),
    ("never-stops", "cancel"),
    ("goes-on-elsewhere", "resume"),
    ("is-silent", "progress"),
    ("counts-twice", "density"),
    ("is-greedy", "memory"),
];

static CONTROLS: [Control; 14] = [
    Control("says-nothing"),
    Control("one-row-too-few"),
    Control("draws-anew"),
    Control("ignores-the-seed"),
    Control("forgets"),
    Control("ignores-conditions"),
    Control("needs-rows"),
    Control("trusts-files"),
    Control("takes-any-setting"),
    Control("never-stops"),
    Control("goes-on-elsewhere"),
    Control("is-silent"),
    Control("counts-twice"),
    Control("is-greedy"),
];

/// The control with this fault.
pub(crate) fn find(fault: &str) -> Option<&'static dyn TableSynthesizer> {
    CONTROLS.iter().find(|control| control.0 == fault).map(|control| control as &dyn TableSynthesizer)
}

/// Makes every draw of one control another one.
static DRAWS: AtomicU64 = AtomicU64::new(0);

impl TableSynthesizer for Control {
    fn name(&self) -> &'static str {
        self.0
    }

    fn card(&self) -> TableCard {
        let card = Independent.card();
        if self.0 == "says-nothing" { TableCard { limits: "none", ..card } } else { card }
    }

    fn fit(
        &self,
        frame: &Frame,
        options: &TableFitOptions,
        run: &Run,
    ) -> Result<Box<dyn FittedTable>, Failure> {
        let mut options = options.clone();
        let quiet = Run::default();
        let mut heard = run;
        match self.0 {
            "needs-rows" => assert!(frame.rows() > 0, "there must be rows"),
            "takes-any-setting" => options.settings.clear(),
            "never-stops" => {
                std::thread::sleep(Duration::from_millis(200));
                heard = &quiet;
            }
            "is-silent" => heard = &quiet,
            "goes-on-elsewhere" if options.checkpoint.is_some() => options.seed = Seed(99),
            "is-greedy" => drop(std::hint::black_box(vec![1_u8; 1 << 30])),
            _ => {}
        }
        let fitted = Independent.fit(frame, &options, heard)?;
        Ok(Box::new(Fitted { fault: self.0, fitted }))
    }

    fn load(&self, folder: &Path, run: &Run) -> Result<Box<dyn FittedTable>, Failure> {
        if self.0 == "trusts-files" {
            let fitted = Independent.load(folder, run).map_err(|failure| failure.to_string()).unwrap();
            return Ok(Box::new(Fitted { fault: self.0, fitted }));
        }
        Independent.load(folder, run)
    }
}

struct Fitted {
    fault: &'static str,
    fitted: Box<dyn FittedTable>,
}

impl FittedTable for Fitted {
    fn columns(&self) -> &Arc<[Column]> {
        self.fitted.columns()
    }

    fn rows(&self) -> u64 {
        self.fitted.rows()
    }

    fn sample_block(
        &self,
        rows: usize,
        conditions: &Conditions,
        stream: &mut Stream,
    ) -> Result<Frame, Failure> {
        let none = Conditions::new();
        match self.fault {
            "one-row-too-few" => self.fitted.sample_block(rows.saturating_sub(1), conditions, stream),
            "draws-anew" => {
                let draw = DRAWS.fetch_add(1, Ordering::Relaxed);
                self.fitted.sample_block(rows, conditions, &mut Seed(draw).stream("anew"))
            }
            "ignores-the-seed" => self.fitted.sample_block(rows, conditions, &mut Seed(1).stream("same")),
            "ignores-conditions" => self.fitted.sample_block(rows, &none, stream),
            _ => self.fitted.sample_block(rows, conditions, stream),
        }
    }

    fn log_density(&self, frame: &Frame) -> Option<Vec<f64>> {
        (self.fault == "counts-twice").then(|| vec![0.5_f64.ln(); frame.rows()])
    }

    fn save(&self, folder: &Path) -> Result<(), Failure> {
        if self.fault == "forgets" {
            // What is written is another model than what was learned.
            let frame = Frame::new(Arc::clone(self.columns()), empty(self.columns()));
            let frame =
                frame.map_err(|error| Failure { kind: ErrorKind::Internal, source: Box::new(error) })?;
            return Independent.fit(&frame, &TableFitOptions::default(), &Run::default())?.save(folder);
        }
        self.fitted.save(folder)
    }
}

fn empty(columns: &[Column]) -> Vec<daotwin_history::frame::Values> {
    use daotwin_history::frame::Values;
    let none = |column: &Column| match column.kind.labels() {
        None => Values::Number(Vec::new()),
        Some(_) => Values::Code(Vec::new()),
    };
    columns.iter().map(none).collect()
}
