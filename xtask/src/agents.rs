//! Released frameworks for agents beside the engine, on the smallest model of governance.

use std::fs::{copy, create_dir_all};
use std::path::{Path, PathBuf};

use crate::steps::{Answer, Context, Outcome};
use crate::tools;

/// The peers' scripts, beside a checkout.
const SCRIPTS: &str = "../shared/research/peers/abm";

/// Mesa for Python 3.12 and later, and the newest for older ones.
const MESA: [&str; 2] = ["mesa==3.5.1", "mesa==3.3.1"];

/// What the scripts need besides; Mesa needs networkx and radCAD typing_extensions, and neither says so.
const PACKAGES: &[&str] = &[
    "numpy==1.26.3",
    "networkx==3.4.2",
    "pandas==2.2.3",
    "scipy==1.14.1",
    "tqdm==4.67.1",
    "typing_extensions==4.12.2",
    "radcad==0.14.0",
    "cadCAD==0.5.3",
];

/// Interpreters by preference; `DAOTWIN_PYTHON` names another.
const INTERPRETERS: &[&str] = &["python3.12", "python3.13", "python3.14", "python3"];

/// A peer in Rust, built in the target folder: its own folder may be read-only, and cargo writes a lock file there.
fn build(context: &Context, name: &str) -> Result<PathBuf, String> {
    let folder = tools::target(&context.root).join("peers/agents-rust").join(name);
    let from = context.root.join(SCRIPTS).join(name);
    let problem = |error| format!("cannot copy `{}` to `{}`: {error}", from.display(), folder.display());
    create_dir_all(folder.join("src")).map_err(problem)?;
    for file in ["Cargo.toml", "src/main.rs"] {
        // A copy of a read-only file is read-only.
        if !same(&from.join(file), &folder.join(file)) {
            copy(from.join(file), folder.join(file)).map_err(problem)?;
        }
    }
    let (manifest, target) = (folder.join("Cargo.toml"), folder.join("target"));
    let [manifest, target] = [manifest, target].map(|path| path.to_string_lossy().into_owned());
    let options = ["--release", "--quiet", "--manifest-path", &manifest, "--target-dir", &target];
    context.cargo(&[&["build"], &options[..]].concat())?;
    let binary = if name == "krabmaga" { "gov_krabmaga" } else { name };
    Ok(folder.join("target/release").join(binary))
}

fn same(left: &Path, right: &Path) -> bool {
    matches!((std::fs::read(left), std::fs::read(right)), (Ok(left), Ok(right)) if left == right)
}

/// Mesa, NumPy, radCAD, cadCAD, krABMaga and a struct of arrays in Rust beside ours, in turn, by processor time.
/// `DAOTWIN_PEER_ROUNDS` says in how many rounds (3). Fails where a turnout is not that of the rule, where ours is below
/// 300 million agent-steps a second of one core, and where it is below three times NumPy.
pub(crate) fn frameworks(context: &Context) -> Answer {
    let scripts = context.root.join(SCRIPTS);
    if !scripts.is_dir() {
        return Ok(Outcome::Skipped(format!("there is no `{SCRIPTS}`")));
    }
    if std::env::var_os("DAOTWIN_PEERS").is_none() {
        return Ok(Outcome::Skipped(
            "set `DAOTWIN_PEERS=1` to install the peers in the target folder (about 1 GiB) and run them"
                .to_owned(),
        ));
    }
    let named = std::env::var("DAOTWIN_PYTHON").ok();
    let recent = ["-c", "import sys; sys.exit(sys.version_info < (3, 12))"];
    let mut candidates = named.as_deref().into_iter().chain(INTERPRETERS.iter().copied());
    let interpreter = candidates.find(|name| tools::answers(name, &recent));
    if interpreter.is_none() {
        println!(
            "no Python 3.12 found (`DAOTWIN_PYTHON` can name one): Mesa is 3.3.1, the newest for older ones"
        );
    }
    let packages = [&[MESA[usize::from(interpreter.is_none())]], PACKAGES].concat();
    let folder = tools::target(&context.root).join("peers/agents");
    let python = tools::python_of(context, interpreter.unwrap_or("python3"), &folder, &packages)?;
    let [krabmaga, arrays] = ["krabmaga", "soa_limit"].map(|name| build(context, name));
    context.cargo(&["build", "--release", "--quiet", "--workspace", "--example", "governance_speed"])?;
    let ours = tools::target(&context.root).join("release/examples/governance_speed");
    let [ours, krabmaga, arrays, scripts] =
        [ours, krabmaga?, arrays?, scripts].map(|path| path.to_string_lossy().into_owned());
    let rounds = std::env::var("DAOTWIN_PEER_ROUNDS").unwrap_or_else(|_| "3".to_owned());
    context.command(python, &["xtask/peers/agents.py", &scripts, &ours, &krabmaga, &arrays, &rounds])
}
