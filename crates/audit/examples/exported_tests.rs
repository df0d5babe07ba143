//! `exported_tests FOLDER`: writes known attacks on the crate's own contracts as Foundry tests, each beside the vulnerable
//! contracts in one project and beside the fixed ones in another.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool of the checks")]

#[path = "../tests/known/mod.rs"]
mod known;

use std::path::Path;

use daotwin_audit::chain::Machine;
use daotwin_audit::export::foundry;
use daotwin_audit::shrink::{Budget, shrink};
use daotwin_core::files::atomic_write;

fn main() {
    let folder = std::env::args().nth(1).unwrap();
    for (number, (case, world, finding)) in known::all().into_iter().enumerate() {
        let mut machine = Machine::new(world.fork);
        let shrunk = shrink(&mut machine, &world, &finding, Budget::default()).unwrap().unwrap();
        let test = foundry(&world, &shrunk.finding, &shrunk.explained, number + 1).unwrap();
        for twin in ["Vulnerable", "Fixed"] {
            let project = Path::new(&folder).join(case.replace('/', "-")).join(twin);
            std::fs::create_dir_all(project.join("src")).unwrap();
            std::fs::create_dir_all(project.join("test")).unwrap();
            let source = std::fs::read(known::contracts().join(case).join(format!("{twin}.sol"))).unwrap();
            let write = |path: std::path::PathBuf, bytes: &[u8]| {
                atomic_write(&path, bytes).unwrap();
            };
            // The fixed contracts take the place of the vulnerable ones.
            write(project.join("src/Vulnerable.sol"), &source);
            write(project.join("test").join(&test.file), test.text.as_bytes());
            let settings = format!("[profile.default]\nevm_version = \"{}\"\noptimizer = true\noffline = true\n", world.fork);
            write(project.join("foundry.toml"), settings.as_bytes());
        }
        println!("{case} {} {}", test.contract, world.fork);
    }
}
