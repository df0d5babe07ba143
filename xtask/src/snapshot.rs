//! Snapshot's voting types beside Snapshot's own package.

use std::fs::{copy, create_dir_all, remove_dir_all};

use crate::steps::{Answer, Context, Outcome};
use crate::tools;

/// What the folder of the package's outcomes is made from, under the root.
const PEER: &str = "xtask/peers/snapshot";

/// Ballots of each type, and ballots of a proposal at most.
const BALLOTS: (&str, &str) = ("50000", "120");

/// Our rules on random ballots beside the package's outcomes, equal to the bit. The package is installed in the target
/// folder in the versions of its lock file, without scripts. `DAOTWIN_PEER_SEED` names other ballots than those of seed 1.
pub(crate) fn rules(context: &Context) -> Answer {
    if std::env::var_os("DAOTWIN_PEERS").is_none() {
        return Ok(Outcome::Skipped(
            "set `DAOTWIN_PEERS=1` to install Snapshot's package in the target folder (140 MiB; needs node and npm)"
                .to_owned(),
        ));
    }
    let folder = tools::target(&context.root).join("peers").join("snapshot");
    let problem = |what: &str, error| format!("cannot make {what} in `{}`: {error}", folder.display());
    create_dir_all(&folder).map_err(|error| problem("the folder", error))?;
    for name in ["package.json", "package-lock.json", "generate.mjs"] {
        copy(context.root.join(PEER).join(name), folder.join(name)).map_err(|error| problem(name, error))?;
    }
    let cases = folder.join("cases");
    if cases.exists() {
        remove_dir_all(&cases).map_err(|error| problem("cases anew", error))?;
    }
    let at = folder.to_string_lossy();
    // A whole installation is told by npm itself, which does nothing then.
    context.command("npm", &["install", "--prefix", &at, "--ignore-scripts", "--no-audit", "--no-fund"])?;
    let seed = std::env::var("DAOTWIN_PEER_SEED").unwrap_or_else(|_| "1".to_owned());
    let (script, cases) = (folder.join("generate.mjs"), cases.to_string_lossy());
    let (ballots, most) = BALLOTS;
    context.command("node", &[&script.to_string_lossy(), &cases, &seed, ballots, most])?;
    context.cargo(&["build", "--release", "--quiet", "--workspace", "--example", "snapshot"])?;
    context.command(tools::target(&context.root).join("release/examples/snapshot"), &[&cases])
}
