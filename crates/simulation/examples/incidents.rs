//! Prints the replays of one incident, or of all: `incidents [NAME] [REPLICATES]`.

use std::io::Write;

use daotwin_core::Run;
use daotwin_simulation::incidents::registry::{INCIDENTS, find};
use daotwin_simulation::incidents::{Options, render};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next();
    let replicates = arguments.next().map_or(Ok(2_000), |text| text.parse())?;
    let chosen = match name.as_deref() {
        None | Some("all") => INCIDENTS.to_vec(),
        Some(name) => vec![find(name)?],
    };
    let options = Options { replicates, ..Options::default() };
    let mut out = std::io::stdout().lock();
    for incident in chosen {
        let start = std::time::Instant::now();
        let report = incident.replay(&options, &Run::default())?;
        writeln!(out, "{}\n({:.2} s)\n", render(&report), start.elapsed().as_secs_f64())?;
    }
    Ok(())
}
