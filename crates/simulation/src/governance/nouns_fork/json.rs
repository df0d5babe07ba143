//! Cases of the rule as JSON: a DAO, and who does what when.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Dao, Refusal, Settings};
use crate::governance::replay::{Names, Reverted, out_of_order};
use crate::governance::{Amount, Powers, read_case, write_outcome};
use crate::{Error, Result};

pub(super) const EXAMPLE: &str = r#"{
    "settings": {"threshold_bps": 2000, "fork_seconds": 604800, "delay_seconds": 2592000},
    "holders": {"ann": 170, "bob": 302, "cleo": 374}, "treasury": {"eth": "30035000000000000000000"},
    "events": [
        {"at": 0, "by": "ann", "do": {"escrow": {"tokens": 170}}},
        {"at": 60, "by": "ann", "do": {"execute": {}}},
        {"at": 604859, "by": "bob", "do": {"join": {"tokens": 302}}},
        {"at": 604860, "by": "ann", "do": {"claim": {"tokens": 170}}},
        {"at": 604860, "by": "ann", "do": {"quit": {"tokens": 170}}}
    ]}"#;

/// Tokens there may be; far above any DAO of one token a day.
const MOST_TOKENS: u64 = 1_000_000_000_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    settings: Settings,
    holders: BTreeMap<String, u64>,
    treasury: Powers,
    events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    at: u64,
    by: String,
    r#do: Act,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Act {
    Escrow {
        tokens: u64,
    },
    Withdraw {
        tokens: u64,
    },
    Execute {},
    Join {
        tokens: u64,
    },
    Claim {
        #[serde(default)]
        fork: usize,
        tokens: u64,
    },
    Quit {
        #[serde(default)]
        fork: usize,
        tokens: u64,
    },
    Mint {
        tokens: u64,
    },
    Deposit {
        asset: String,
        amount: Amount,
    },
}

#[derive(Debug, Serialize)]
struct Outcome {
    adjusted_supply: u64,
    threshold: u64,
    escrowed: u64,
    holders: BTreeMap<String, u64>,
    treasury: Powers,
    forks: Vec<Forked>,
    paid: BTreeMap<String, Powers>,
    reverted: Vec<Reverted>,
}

#[derive(Debug, Serialize)]
struct Forked {
    ends_at: u64,
    adjusted_supply: u64,
    unclaimed: u64,
    holders: BTreeMap<String, u64>,
    treasury: Powers,
}

fn problems(case: &Case) -> Vec<String> {
    let mut problems = Vec::new();
    let settings = &case.settings;
    if settings.threshold_bps > 10_000 {
        problems.push(format!(
            "`settings.threshold_bps` is {}; it must be from 0 to 10000",
            settings.threshold_bps
        ));
    }
    for (what, seconds) in
        [("fork_seconds", settings.fork_seconds), ("delay_seconds", settings.delay_seconds)]
    {
        if seconds > 1 << 62 {
            problems.push(format!("`settings.{what}` is {seconds}; it must be at most 2^62"));
        }
    }
    let minted = case.events.iter().map(|event| match event.r#do {
        Act::Mint { tokens } => u128::from(tokens),
        _ => 0,
    });
    let supply = case.holders.values().map(|&tokens| u128::from(tokens)).sum::<u128>() + minted.sum::<u128>();
    if supply == 0 || supply > u128::from(MOST_TOKENS) {
        problems
            .push(format!("`holders` and mints have {supply} tokens; from 1 to {MOST_TOKENS} are allowed"));
    }
    for (place, event) in case.events.iter().enumerate() {
        if let Act::Deposit { asset, .. } = &event.r#do
            && !case.treasury.contains_key(asset)
        {
            problems.push(format!("`events[{place}]` deposits `{asset}`, which `treasury` does not list"));
        }
    }
    problems.extend(out_of_order(case.events.iter().map(|event| event.at)));
    problems
}

pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    Error::refuse(rule, problems(&case))?;
    let (mut accounts, mut assets) = (Names::default(), Names::default());
    let holdings: Vec<u64> = case
        .holders
        .iter()
        .map(|(name, &tokens)| {
            accounts.number(name);
            tokens
        })
        .collect();
    let treasury: Vec<u128> = case
        .treasury
        .iter()
        .map(|(name, amount)| {
            assets.number(name);
            amount.0
        })
        .collect();
    let mut dao = Dao::new(case.settings, &holdings, &treasury);
    let mut reverted = Vec::new();
    let mut paid: BTreeMap<String, Powers> = BTreeMap::new();
    for (place, event) in case.events.iter().enumerate() {
        let by = accounts.number(&event.by);
        let done: std::result::Result<(), Refusal> = match &event.r#do {
            Act::Escrow { tokens } => dao.escrow(event.at, by, *tokens),
            Act::Withdraw { tokens } => dao.withdraw(event.at, by, *tokens),
            Act::Execute {} => dao.execute(event.at),
            Act::Join { tokens } => dao.join(event.at, by, *tokens),
            Act::Claim { fork, tokens } => dao.claim(*fork, by, *tokens),
            Act::Quit { fork, tokens } => dao.quit(event.at, *fork, by, *tokens).map(|parts| {
                let purse = paid.entry(event.by.clone()).or_default();
                for ((_, asset), part) in assets.all().zip(parts) {
                    purse.entry(asset.to_owned()).or_default().0 += part;
                }
            }),
            Act::Mint { tokens } => {
                dao.mint(by, *tokens);
                Ok(())
            }
            Act::Deposit { asset, amount } => {
                dao.deposit(assets.number(asset) as usize, amount.0);
                Ok(())
            }
        };
        if let Err(refusal) = done {
            reverted.push(Reverted { event: place, reason: refusal.to_string() });
        }
    }
    let held = |tokens: &dyn Fn(u32) -> u64| {
        accounts
            .all()
            .map(|(account, name)| (name.to_owned(), tokens(account)))
            .filter(|&(_, tokens)| tokens > 0)
            .collect::<BTreeMap<_, _>>()
    };
    let named = |treasury: &[u128]| {
        assets
            .all()
            .zip(treasury)
            .map(|((_, name), &amount)| (name.to_owned(), Amount(amount)))
            .collect::<Powers>()
    };
    let outcome = Outcome {
        adjusted_supply: dao.adjusted_supply(),
        threshold: dao.threshold(),
        escrowed: dao.escrowed(),
        holders: held(&|account| dao.tokens(account)),
        treasury: named(dao.treasury()),
        forks: dao
            .forks()
            .iter()
            .map(|fork| Forked {
                ends_at: fork.ends(),
                adjusted_supply: fork.adjusted_supply(),
                unclaimed: fork.unclaimed(),
                holders: held(&|account| fork.tokens(account)),
                treasury: named(fork.treasury()),
            })
            .collect(),
        paid,
        reverted,
    };
    write_outcome(rule, &outcome)
}
