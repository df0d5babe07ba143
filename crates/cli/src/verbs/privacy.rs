//! `daotwin privacy`: the ledger of what was spent on whom.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use daotwin::core::ErrorKind;
use daotwin::privacy::ledger::{self, Account, Head, Ledger, Status, Unit};
use daotwin::privacy::{Budget, Error};
use serde::Serialize;
use serde_json::Value;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::table;
use crate::verbs::account::WhatIf;
use crate::verbs::manifest;
use crate::{Answer, arguments};

/// Opens and shows the accounts that private fits are charged to.
#[derive(Debug, Args)]
#[command(
    help_template = arguments::TEMPLATE,
    before_help = "Examples:\n  \
        daotwin privacy register decentraland --epsilon 3 --delta 1e-6\n  \
        daotwin privacy account decentraland\n  \
        daotwin privacy account --sigma 1.0 --rate 0.01 --steps 1000 --delta 1e-5\n  \
        daotwin privacy account --epsilon 3 --rate 0.01 --steps 1000 --out curve.html\n  \
        daotwin privacy verify twin\n",
    subcommand_required = true,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub(crate) struct Privacy {
    #[command(subcommand)]
    action: Action,
    /// The ledger's folder; `$DAOTWIN_LEDGER` or the user's own where not given.
    #[arg(long, global = true, value_name = "FOLDER")]
    ledger: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Opens an account with all that may ever be spent on a DAO.
    Register(Limit),
    /// Raises an account's limit, for a reason that the ledger keeps.
    Raise {
        #[command(flatten)]
        limit: Limit,
        /// Why more may be spent.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Shows one account; without a name, says what noise would cost and what an epsilon would need.
    Account {
        /// The account's name.
        account: Option<String>,
        #[command(flatten)]
        what_if: WhatIf,
    },
    /// Shows every account.
    Ledger,
    /// Checks the whole ledger and, where a twin is given, that the twin was charged in it.
    Verify {
        /// The twin's folder.
        twin: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
struct Limit {
    /// The account's name: the DAO.
    account: String,
    /// The privacy loss that each member accepts, over all fits together.
    #[arg(long, value_name = "E", allow_negative_numbers = true)]
    epsilon: f64,
    /// The chance that the loss is larger.
    #[arg(long, value_name = "D", default_value_t = 1e-6, allow_negative_numbers = true)]
    delta: f64,
}

/// An account as it is shown. Shares are of the zCDP limit, which is what charges add up in.
#[derive(Serialize)]
struct Balance {
    account: String,
    unit: &'static str,
    epsilon_limit: f64,
    delta: f64,
    epsilon_spent: f64,
    share_left: f64,
    releases: u64,
    unfinished: u64,
}

impl Balance {
    fn of(status: &Status) -> Result<Self, Failure> {
        Ok(Self {
            account: status.account.dao().to_owned(),
            unit: "member",
            epsilon_limit: status.limit.epsilon,
            delta: status.limit.delta,
            epsilon_spent: status.epsilon_spent()?,
            share_left: status.remaining().to_f64() / status.limit.rho.to_f64(),
            releases: status.releases,
            unfinished: status.unfinished,
        })
    }

    fn text(balances: &[Self]) -> String {
        let rows: Vec<Vec<String>> = balances
            .iter()
            .map(|balance| {
                vec![
                    balance.account.clone(),
                    format!("{}", balance.epsilon_limit),
                    format!("{:e}", balance.delta),
                    format!("{:.3}", balance.epsilon_spent),
                    format!("{:.1} %", 100.0 * balance.share_left),
                    balance.releases.to_string(),
                    balance.unfinished.to_string(),
                ]
            })
            .collect();
        table(&["account", "epsilon", "delta", "spent", "left", "releases", "unfinished"], &rows)
    }
}

#[derive(Serialize)]
struct Verified {
    records: u64,
    head: String,
    twin_is_charged: Option<bool>,
}

impl Privacy {
    pub(crate) fn run(self, context: &mut Context) -> Result<Answer, Failure> {
        // What-if questions open no ledger.
        if let Action::Account { account, what_if } = &self.action
            && (account.is_none() || what_if.is_asked())
        {
            if let Some(account) = account {
                return Err(Failure::usage(format!(
                    "the account `{account}` and a what-if question do not go together; leave out one of them"
                )));
            }
            what_if.answer(context)?;
            return Ok(Answer::Yes);
        }
        let folder = match self.ledger.or_else(|| context.config.privacy.ledger.clone()) {
            Some(folder) => folder,
            None => ledger::default_path()?,
        };
        context.detail(&format!("ledger: `{}`", folder.display()));
        match self.action {
            Action::Register(limit) => {
                let (account, budget) = limit.parts()?;
                let mut ledger = Ledger::open_or_create(&folder)?;
                ledger.register(&account, budget)?;
                show(context, &[ledger.status(&account)?])?;
                context.next(&format!(
                    "daotwin fit HISTORY --out twin --epsilon {} --delta {} --account {}",
                    limit.epsilon, limit.delta, limit.account
                ));
            }
            Action::Raise { limit, reason } => {
                let (account, budget) = limit.parts()?;
                let mut ledger = Ledger::open(&folder)?;
                ledger.raise(&account, budget, &reason)?;
                show(context, &[ledger.status(&account)?])?;
            }
            Action::Account { account, .. } => {
                let account = account.unwrap_or_default();
                let account = Account::new(&account, Unit::Member)?;
                show(context, &[Ledger::open(&folder)?.status(&account)?])?;
            }
            Action::Ledger => show(context, &Ledger::open(&folder)?.accounts()?)?,
            Action::Verify { twin } => return verify(context, &folder, twin.as_deref()),
        }
        Ok(Answer::Yes)
    }
}

impl Limit {
    fn parts(&self) -> Result<(Account, Budget), Failure> {
        // The budget first: an impossible one must not leave an empty ledger behind.
        let budget = Budget::new(self.epsilon, self.delta)?;
        Ok((Account::new(&self.account, Unit::Member)?, budget))
    }
}

fn show(context: &Context, accounts: &[Status]) -> Result<(), Failure> {
    let balances = accounts.iter().map(Balance::of).collect::<Result<Vec<_>, _>>()?;
    context.print(&Balance::text(&balances), &balances)
}

fn verify(
    context: &Context,
    folder: &std::path::Path,
    twin: Option<&std::path::Path>,
) -> Result<Answer, Failure> {
    // The twin first: a message about it must not hide behind a sound ledger.
    let charged = twin.map(head_of).transpose()?;
    let mut ledger = Ledger::open(folder)?;
    let head = ledger.verify()?;
    let is_charged = match charged {
        None => None,
        Some(head) => Some(match ledger.confirm(head) {
            Ok(()) => true,
            Err(Error::Ledger { .. }) => false,
            Err(other) => return Err(other.into()),
        }),
    };
    let records = head.sequence + 1;
    let mut text = format!("the chain of {records} records is whole\nhead  {}\n", head.hash);
    match is_charged {
        Some(true) => text.push_str("the twin was charged in this ledger\n"),
        Some(false) => text.push_str("the twin was NOT charged in this ledger\n"),
        None => {}
    }
    let verified = Verified { records, head: head.hash.to_string(), twin_is_charged: is_charged };
    context.print(&text, &verified)?;
    Ok(if is_charged == Some(false) { Answer::No } else { Answer::Yes })
}

/// The record that a twin says it was charged under: the `ledger` of its manifest's `privacy`.
fn head_of(twin: &std::path::Path) -> Result<Head, Failure> {
    let problem = |reason: &str| {
        Failure::new(ErrorKind::Input, format!("the manifest of `{}` {reason}", twin.display()))
    };
    let manifest = manifest(twin)?;
    match manifest.pointer("/privacy/ledger") {
        None | Some(Value::Null) => Err(problem("names no charge: the twin was fitted without privacy")),
        Some(head) => serde_json::from_value(head.clone())
            .map_err(|_| problem("has a `ledger` that is no record of one")),
    }
}
