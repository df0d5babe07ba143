//! Published contracts, and a node: what audits meet outside.

use std::fs::{copy, create_dir_all};
use std::path::PathBuf;

use crate::steps::{Answer, Context, Outcome};
use crate::tools;

/// The versions of the packages, under the root.
const PACKAGES: &str = "xtask/peers/real-contracts";

/// Contracts of eight packages are read, deployed and used.
pub(crate) fn contracts(context: &Context) -> Answer {
    with_packages(context, "real_contracts")
}

/// An audit goes on from a Governor that is deployed and used on a node.
pub(crate) fn fork(context: &Context) -> Answer {
    with_packages(context, "fork")
}

/// Runs a test of the audit beside the packages.
fn with_packages(context: &Context, test: &str) -> Answer {
    if std::env::var_os("DAOTWIN_PEERS").is_none() {
        return Ok(Outcome::Skipped(
            "set `DAOTWIN_PEERS=1` to install published contracts, a compiler and a node in the target folder (200 MiB; \
             needs node and npm)"
                .to_owned(),
        ));
    }
    let modules = install(context)?;
    let cpu = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let node = modules.join(format!("@foundry-rs/anvil-{system}-{cpu}")).join("bin/anvil");
    let setting = |name: &str, path: PathBuf| format!("env.{name}={:?}", path.to_string_lossy());
    let (packages, compiler) = (modules.clone(), modules.join("solc"));
    context.cargo(&[
        "test",
        "--release",
        "--workspace",
        "--config",
        &setting("DAOTWIN_CONTRACTS", packages),
        "--config",
        &setting("DAOTWIN_SOLC_PACKAGE", compiler),
        "--config",
        &setting("DAOTWIN_ANVIL", node),
        "--test",
        test,
        "--",
        "--nocapture",
    ])
}

/// The packages in the versions of the lock file, without scripts of theirs.
fn install(context: &Context) -> Result<PathBuf, String> {
    let folder = tools::target(&context.root).join("peers").join("real-contracts");
    let problem = |what: &str, error| format!("cannot make {what} in `{}`: {error}", folder.display());
    create_dir_all(&folder).map_err(|error| problem("the folder", error))?;
    for name in ["package.json", "package-lock.json"] {
        copy(context.root.join(PACKAGES).join(name), folder.join(name))
            .map_err(|error| problem(name, error))?;
    }
    let at = folder.to_string_lossy().into_owned();
    context.command("npm", &["install", "--prefix", &at, "--ignore-scripts", "--no-audit", "--no-fund"])?;
    Ok(folder.join("node_modules"))
}
