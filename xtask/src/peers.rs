//! Released synthesizers and scores beside ours. They are installed in the target folder, in the versions that they
//! were measured with, and only when `DAOTWIN_PEERS` asks for it.

use std::fs::{File, create_dir_all, remove_dir_all};
use std::path::{Path, PathBuf};

use crate::steps::{Answer, Context, Outcome, example};
use crate::tools;

/// The peers' scripts, beside a checkout.
const SCRIPTS: &str = "../shared/research/peers/synth";

/// The tables, beside a checkout.
const TABLES: &str = "../shared/data/benchmark-tables";

/// What the relational peer's script needs.
const RELATIONAL: &[&str] = &["sdv==2.0.0", "sdmetrics==0.32.0", "ctgan==0.12.1", "scikit-learn==1.9.1"];

/// CTGAN and TVAE.
const GAN_VAE: &[&str] = &["ctgan==0.12.1", "torch==2.15.0", "pandas==2.3.3"];

/// TabDDPM; with a newer opacus it does not start.
const SYNTHCITY: &[&str] = &["synthcity==0.2.12", "opacus==1.4.1"];

/// PATE-CTGAN and DP-CTGAN; it needs `packaging` and does not say so.
const SMARTNOISE: &[&str] = &["smartnoise-synth==1.0.8", "packaging"];

/// Texts with the ratings of twenty readers.
const RATED: &str = "vaderSentiment==3.3.2";

/// Discord's messages and published means of their days, beside a checkout.
const DISCORD: &str = "../shared/data/community-discord";

/// NIST's k-marginal score.
const SDNIST: &[&str] = &["sdnist==2.4"];

/// Why a step is skipped here, if it is.
fn missing(context: &Context, needed: &[&str], gibibytes: u32) -> Option<Outcome> {
    if let Some(gone) = needed.iter().find(|path| !context.root.join(path).exists()) {
        return Some(Outcome::Skipped(format!("there is no `{gone}`")));
    }
    std::env::var_os("DAOTWIN_PEERS").is_none().then(|| {
        Outcome::Skipped(format!(
            "set `DAOTWIN_PEERS=1` to install the peers in the target folder (about {gibibytes} GiB) and run them"
        ))
    })
}

/// A folder of the target folder, made if it is not there.
fn folder(context: &Context, name: &str) -> Result<PathBuf, String> {
    let folder = tools::target(&context.root).join("peers").join(name);
    create_dir_all(&folder).map_err(|error| format!("cannot make `{}`: {error}", folder.display()))?;
    Ok(folder)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The lexicon of sentiment on texts that people rated, which come with its own package, and on Discord's days.
pub(crate) fn sentiment(context: &Context) -> Answer {
    if let Some(skipped) = missing(context, &[DISCORD], 1) {
        return Ok(skipped);
    }
    let folder = folder(context, "sentiment")?;
    let place = text(&folder);
    let package =
        ["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", &place, RATED];
    context.command("python3", &package)?;
    let archive = text(&folder.join(format!("{}.tar.gz", RATED.replace("==", "-"))));
    context.command(
        "tar",
        &["-xzf", &archive, "-C", &place, "--strip-components=2", "--wildcards", "*/hutto_ICWSM_2014.tar.gz"],
    )?;
    context.command("tar", &["-xzf", &text(&folder.join("hutto_ICWSM_2014.tar.gz")), "-C", &place])?;
    example(context, "sentiment_scores", &[&text(&folder.join("hutto_ICWSM_2014")), DISCORD])
}

/// SDV's HMA beside the twin.
pub(crate) fn relational(context: &Context) -> Answer {
    let script = format!("{SCRIPTS}/gen_hma.py");
    if let Some(skipped) = missing(context, &[&script], 3) {
        return Ok(skipped);
    }
    let python = tools::python(context, &tools::target(&context.root).join("peers/sdv"), RELATIONAL)?;
    let tables = text(&folder(context, "hma")?);
    example(context, "peer", &["prepare", &tables])?;
    let [events, result] = ["votes_events.csv", "result.json"].map(|name| format!("{tables}/{name}"));
    context.command(python, &[&script, &events, "300", &tables, &result])?;
    example(context, "peer", &["score", &tables])
}

/// A table of the shared data as plain CSV, which the peers read.
fn plain(context: &Context, name: &str, out: &Path) -> Result<String, String> {
    let path = out.join(name);
    let file = File::create(&path).map_err(|error| format!("cannot make `{}`: {error}", path.display()))?;
    let from = context.root.join(TABLES).join(format!("{name}.gz"));
    let status = std::process::Command::new("gzip").arg("-dc").arg(from).stdout(file).status();
    match status {
        Ok(status) if status.success() => Ok(text(&path)),
        Ok(status) => Err(format!("gzip: {status}")),
        Err(error) => Err(format!("cannot start `gzip`: {error}")),
    }
}

fn program(context: &Context) -> Result<String, String> {
    context.cargo(&["build", "--release", "--quiet", "--workspace", "--bin", "daotwin"])?;
    Ok(text(&tools::target(&context.root).join("release/daotwin")))
}

/// CTGAN, TVAE, TabDDPM, PATE-CTGAN and DP-CTGAN beside our models of the same kinds, on Adult, by one score.
///
/// `DAOTWIN_PEER_EPOCHS` (`10` where not given; `300` is what CTGAN and TVAE are published with; several with commas)
/// and `DAOTWIN_PEER_STEPS` (`70`; TabDDPM's authors take 30,000) set how long peers learn. What the target folder holds
/// of an earlier run is not run again.
pub(crate) fn tables(context: &Context) -> Answer {
    if let Some(skipped) = missing(context, &[SCRIPTS, TABLES], 15) {
        return Ok(skipped);
    }
    let venv = |name: &str, packages| {
        tools::python(context, &tools::target(&context.root).join("peers").join(name), packages)
            .map(|path| text(&path))
    };
    let pythons = [venv("ctgan", GAN_VAE)?, venv("synthcity", SYNTHCITY)?, venv("smartnoise", SMARTNOISE)?];
    let variable = |name: &str, usual: &str| std::env::var(name).unwrap_or_else(|_| usual.to_owned());
    let (epochs, steps) = (variable("DAOTWIN_PEER_EPOCHS", "10"), variable("DAOTWIN_PEER_STEPS", "70"));
    let out = folder(context, "tables")?;
    let (train, test) = (plain(context, "adult_train.csv", &out)?, plain(context, "adult_test.csv", &out)?);
    let (program, scripts, out) = (program(context)?, text(&context.root.join(SCRIPTS)), text(&out));
    let [gan_vae, synthcity, smartnoise] = &pythons;
    let arguments = [
        "xtask/peers/table.py",
        &program,
        &scripts,
        &train,
        &test,
        "income",
        &out,
        gan_vae,
        synthcity,
        smartnoise,
        &epochs,
        &steps,
    ];
    context.command("python3", &arguments)
}

/// Our k-marginal scores beside those of NIST's own code, on columns of Adult that its code can cut: it leaves numbers as
/// they are whose least value is more than a twentieth of a column. With the excerpt of the American Community
/// Survey in `DAOTWIN_ACS`, also what the private models reach on its demographic columns.
pub(crate) fn kmarginal(context: &Context) -> Answer {
    if let Some(skipped) = missing(context, &[TABLES], 1) {
        return Ok(skipped);
    }
    let python = tools::python(context, &tools::target(&context.root).join("peers/sdnist"), SDNIST)?;
    let out = folder(context, "kmarginal")?;
    remove_dir_all(&out).map_err(|error| format!("cannot empty `{}`: {error}", out.display()))?;
    let out = folder(context, "kmarginal")?;
    let train = plain(context, "adult_train.csv", &out)?;
    let program = program(context)?;
    let out = text(&out);
    let excerpt = std::env::var("DAOTWIN_ACS").unwrap_or_default();
    context.command(python, &["xtask/peers/kmarginal.py", &program, &train, &out, &excerpt])
}
