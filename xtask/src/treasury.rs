//! The treasury's models beside the libraries that do the same, installed into the target folder.

use crate::steps::{Answer, Context, Outcome, example};
use crate::tools;

/// What simulates markets.
const MARKETS: &[&str] = &["numpy==2.4.6", "arch==8.0.0"];
/// What finds portfolios.
const PORTFOLIOS: &str = "crates/treasury/examples/peers/requirements.txt";

/// The mean-CVaR portfolio: the same optimum as the peers', in how many of their seconds. Without peers nothing is measured:
/// the scenarios are numpy's.
pub(crate) fn portfolios(context: &Context) -> Answer {
    let packages = &["--requirement", PORTFOLIOS];
    let Some(python) = python(context, "portfolios", packages)? else { return Ok(skipped()) };
    example(context, "cvar", &["--python", &python, "--peers", "cvxpy,skfolio"])
}

/// Path-steps a second, beside numpy and `arch` where peers are asked for.
pub(crate) fn speed(context: &Context) -> Answer {
    match python(context, "markets", MARKETS)? {
        Some(python) => example(context, "market_speed", &[&python]),
        None => example(context, "market_speed", &[]),
    }
}

fn python(context: &Context, name: &str, packages: &[&str]) -> Result<Option<String>, String> {
    if std::env::var_os("DAOTWIN_PEERS").is_none() {
        return Ok(None);
    }
    let folder = tools::target(&context.root).join("peers").join(name);
    Ok(Some(tools::python(context, &folder, packages)?.to_string_lossy().into_owned()))
}

fn skipped() -> Outcome {
    Outcome::Skipped("set `DAOTWIN_PEERS=1` to install the peers in the target folder (1 GiB)".to_owned())
}
