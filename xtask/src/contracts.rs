//! The audit's own contracts: compiled anew, and the attacks on them proved in forge.

use std::collections::BTreeSet;
use std::fs::{copy, create_dir_all, read, read_dir, remove_dir_all};
use std::path::{Path, PathBuf};

use crate::steps::{Answer, Context, Outcome};
use crate::tools;

/// The contracts, under the root.
const CONTRACTS: &str = "crates/audit/contracts";

/// Governors that simulations and tests vote on, under the root.
const GOVERNORS: &str = "crates/audit/governors";

/// The scripts and the versions of what they use, under the root.
const SCRIPTS: &str = "xtask/peers/contracts";

/// The driver that forge takes for a compiler, under the root.
const COMPILER: &str = "crates/audit/src/artifact/solc.js";

/// Compiles the contracts, and writes what audits read beside them.
pub(crate) fn renew(context: &Context) -> Answer {
    let script = install(context)?.join("compile.mjs");
    context.command("node", &[&text(&script), CONTRACTS, CONTRACTS])?;
    context.command("node", &[&text(&script), GOVERNORS, GOVERNORS])
}

/// Compiles the contracts, and fails where what stands beside them is something else.
pub(crate) fn check(context: &Context) -> Answer {
    let folder = install(context)?;
    let fresh = folder.join("fresh");
    if fresh.exists() {
        remove_dir_all(&fresh).map_err(|error| format!("cannot empty `{}`: {error}", fresh.display()))?;
    }
    let script = folder.join("compile.mjs");
    let mut stale = Vec::new();
    for root in [CONTRACTS, GOVERNORS] {
        let fresh = fresh.join(root);
        context.command("node", &[&text(&script), root, &text(&fresh)])?;
        let committed = context.root.join(root);
        let names: BTreeSet<PathBuf> =
            [&fresh, &committed].into_iter().flat_map(|root| documents(root)).collect();
        let differ = |name: &&PathBuf| read(fresh.join(name)).ok() != read(committed.join(name)).ok();
        stale.extend(names.iter().filter(differ).map(|name| text(&Path::new(root).join(name))));
    }
    if stale.is_empty() {
        return Ok(Outcome::Passed);
    }
    Err(format!("not as compiled: `{}`; run `cargo xtask contracts`", stale.join("`, `")))
}

/// The check, and every attack in forge: it works on the vulnerable contracts and fails on the fixed ones.
pub(crate) fn verify(context: &Context) -> Answer {
    let Some((folder, compiler)) = peers(context)? else { return Ok(skipped()) };
    check(context)?;
    let [script, project, compiler] =
        [folder.join("exploits.mjs"), folder.join("project"), compiler].map(|path| text(&path));
    context.command("node", &[&script, CONTRACTS, &project, &compiler])
}

/// Attacks that the search finds on the vulnerable contracts, made minimal and written as Foundry tests: in forge each fails
/// on the vulnerable contracts and does on the repaired ones what a replay promises. Fails where fewer than 95 % are minimal
/// in two seconds.
pub(crate) fn exported(context: &Context) -> Answer {
    let Some((folder, compiler)) = peers(context)? else { return Ok(skipped()) };
    let projects = folder.join("exported");
    if projects.exists() {
        remove_dir_all(&projects)
            .map_err(|error| format!("cannot empty `{}`: {error}", projects.display()))?;
    }
    context.cargo(&["build", "--release", "--quiet", "--workspace", "--example", "exported_tests"])?;
    let example = tools::target(&context.root).join("release/examples/exported_tests");
    let [script, projects, compiler] =
        [folder.join("exported.mjs"), projects, compiler].map(|path| text(&path));
    context.command(text(&example), &[&projects, "30000"])?;
    context.command("node", &[&script, &projects, &compiler])
}

/// The search beside forge's guided invariant testing, one core each, on the same compiled contracts: rates with all oracles,
/// staged locks, mazes. Takes some twenty minutes; `race.mjs` says which variables make it shorter.
pub(crate) fn race(context: &Context) -> Answer {
    let Some((folder, compiler)) = peers(context)? else { return Ok(skipped()) };
    context.cargo(&[
        "build",
        "--release",
        "--quiet",
        "--workspace",
        "--example",
        "audit_race",
        "--bin",
        "daotwin",
    ])?;
    let built = tools::target(&context.root).join("release");
    let (example, program) = (built.join("examples/audit_race"), built.join("daotwin"));
    let project = folder.join("race");
    let [script, example, program, root, project, compiler] =
        [folder.join("race.mjs"), example, program, context.root.clone(), project, compiler]
            .map(|path| text(&path));
    context.command("node", &[&script, &example, &program, &root, &project, &compiler])
}

/// The folder that holds forge with our scripts, and in it the compiler's driver; none where nobody asked for peers.
fn peers(context: &Context) -> Result<Option<(PathBuf, PathBuf)>, String> {
    if std::env::var_os("DAOTWIN_PEERS").is_none() {
        return Ok(None);
    }
    let folder = install(context)?;
    let compiler = folder.join("solc.cjs");
    copy(context.root.join(COMPILER), &compiler)
        .map_err(|error| format!("cannot copy `{COMPILER}`: {error}"))?;
    Ok(Some((folder, compiler)))
}

fn skipped() -> Outcome {
    Outcome::Skipped(
        "set `DAOTWIN_PEERS=1` to install a compiler and forge in the target folder (150 MiB; needs node and npm)"
            .to_owned(),
    )
}

/// The folder with the scripts and what they use, in the versions of the lock file, without scripts of packages.
fn install(context: &Context) -> Result<PathBuf, String> {
    let folder = tools::target(&context.root).join("peers").join("contracts");
    let problem = |what: &str, error| format!("cannot make {what} in `{}`: {error}", folder.display());
    create_dir_all(&folder).map_err(|error| problem("the folder", error))?;
    for name in [
        "package.json",
        "package-lock.json",
        "cases.mjs",
        "compile.mjs",
        "exploits.mjs",
        "exported.mjs",
        "race.mjs",
    ] {
        copy(context.root.join(SCRIPTS).join(name), folder.join(name))
            .map_err(|error| problem(name, error))?;
    }
    let at = text(&folder);
    context.command("npm", &["install", "--prefix", &at, "--ignore-scripts", "--no-audit", "--no-fund"])?;
    Ok(folder)
}

/// The compiled documents under a folder of cases, as paths from there.
fn documents(root: &Path) -> Vec<PathBuf> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    // Cases stand by themselves or in groups.
    let cases = below(root).into_iter().flat_map(|group| below(&group));
    let files = cases.flat_map(|case| if case.is_dir() { below(&case) } else { vec![case] });
    let compiled = files.filter(|file| file.extension().is_some_and(|extension| extension == "json"));
    compiled.filter_map(|file| file.strip_prefix(root).ok().map(Path::to_path_buf)).collect()
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
