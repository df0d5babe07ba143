//! Cases of the rule as JSON: a guild, and who does what when.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Guild, MOST_SHARES_AND_LOOT, MOST_WHITELISTED, Member, Refusal, Request, Settings, Stage};
use crate::governance::replay::{Names, Reverted, out_of_order};
use crate::governance::{Amount, Powers, read_case, write_outcome};
use crate::{Error, Result};

pub(super) const EXAMPLE: &str = r#"{
    "settings": {"period_seconds": 17280, "voting_periods": 35, "grace_periods": 35, "proposal_deposit": "10",
                 "dilution_bound": 3, "processing_reward": "1"},
    "tokens": ["weth"], "bank": {"weth": "1000"},
    "members": {"ann": {"shares": 60}, "bob": {"shares": 30, "loot": 10}},
    "events": [
        {"at": 0, "by": "cleo", "do": {"submit": {"shares": 50, "payment": "400"}}},
        {"at": 0, "by": "ann", "do": {"sponsor": {"proposal": 0}}},
        {"at": 17280, "by": "ann", "do": {"vote": {"place": 0, "yes": true}}},
        {"at": 1226880, "by": "dan", "do": {"process": {"place": 0}}},
        {"at": 1226880, "by": "bob", "do": {"rage_quit": {"shares": 30, "loot": 10}}}
    ]}"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    settings: Settings,
    tokens: Vec<String>,
    #[serde(default)]
    bank: Powers,
    members: BTreeMap<String, Stake>,
    events: Vec<Event>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct Stake {
    shares: u64,
    loot: u64,
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
    Submit {
        applicant: Option<String>,
        #[serde(default)]
        shares: u64,
        #[serde(default)]
        loot: u64,
        #[serde(default)]
        tribute: Amount,
        tribute_token: Option<String>,
        #[serde(default)]
        payment: Amount,
        payment_token: Option<String>,
    },
    SubmitWhitelist {
        token: String,
    },
    SubmitKick {
        member: String,
    },
    Cancel {
        proposal: u32,
    },
    Sponsor {
        proposal: u32,
    },
    Vote {
        place: u32,
        yes: bool,
    },
    Process {
        place: u32,
    },
    RageQuit {
        #[serde(default)]
        shares: u64,
        #[serde(default)]
        loot: u64,
    },
    RageKick {
        member: String,
    },
    Withdraw {
        token: String,
        amount: Amount,
    },
    Collect {
        token: String,
        amount: Amount,
    },
}

#[derive(Debug, Serialize)]
struct Outcome {
    proposals: Vec<Tally>,
    members: BTreeMap<String, Stake>,
    bank: Powers,
    escrow: Powers,
    balances: BTreeMap<String, Powers>,
    reverted: Vec<Reverted>,
}

#[derive(Debug, Serialize)]
struct Tally {
    stage: Stage,
    yes: u64,
    no: u64,
    most_at_yes: u64,
}

/// What is wrong with a case beyond its types.
fn problems(case: &Case) -> Vec<String> {
    let mut problems = case.settings.problems();
    if case.tokens.is_empty() || case.tokens.len() > MOST_WHITELISTED {
        problems.push(format!(
            "`tokens` has {} entries; from 1 to {MOST_WHITELISTED} are whitelisted, and the first is that of deposits",
            case.tokens.len()
        ));
    }
    let mut seen = BTreeSet::new();
    for token in &case.tokens {
        if !seen.insert(token) {
            problems.push(format!("`tokens` names `{token}` twice"));
        }
    }
    for token in case.bank.keys() {
        if !seen.contains(token) {
            problems.push(format!("`bank` holds `{token}`, which `tokens` does not name"));
        }
    }
    let everything: u128 =
        case.members.values().map(|stake| u128::from(stake.shares) + u128::from(stake.loot)).sum();
    if everything == 0 || everything > u128::from(MOST_SHARES_AND_LOOT) {
        problems.push(format!("`members` have {everything} shares and loot; from 1 to 10^18 are allowed"));
    }
    problems.extend(out_of_order(case.events.iter().map(|event| event.at)));
    problems
}

/// Lets an account do one thing.
fn act(
    guild: &mut Guild,
    accounts: &mut Names,
    tokens: &mut Names,
    event: &Event,
) -> std::result::Result<(), Refusal> {
    let by = accounts.number(&event.by);
    match &event.r#do {
        Act::Submit { applicant, shares, loot, tribute, tribute_token, payment, payment_token } => {
            let mut token = |name: &Option<String>| name.as_ref().map_or(0, |name| tokens.number(name));
            let request = Request::Standard {
                applicant: applicant.as_ref().map_or(by, |name| accounts.number(name)),
                shares: *shares,
                loot: *loot,
                tribute: (tribute.0, token(tribute_token)),
                payment: (payment.0, token(payment_token)),
            };
            guild.submit(by, request).map(|_| ())
        }
        Act::SubmitWhitelist { token } => {
            guild.submit(by, Request::Whitelist { token: tokens.number(token) }).map(|_| ())
        }
        Act::SubmitKick { member } => {
            guild.submit(by, Request::Kick { member: accounts.number(member) }).map(|_| ())
        }
        Act::Cancel { proposal } => guild.cancel(by, *proposal),
        Act::Sponsor { proposal } => guild.sponsor(event.at, by, *proposal).map(|_| ()),
        Act::Vote { place, yes } => guild.vote(event.at, by, *place, *yes),
        Act::Process { place } => guild.process(event.at, by, *place).map(|_| ()),
        Act::RageQuit { shares, loot } => guild.rage_quit(by, *shares, *loot),
        Act::RageKick { member } => guild.rage_kick(accounts.number(member)),
        Act::Withdraw { token, amount } => guild.withdraw(by, tokens.number(token), amount.0),
        Act::Collect { token, amount } => guild.collect(by, tokens.number(token), amount.0),
    }
}

pub(super) fn decide(rule: &str, case: &Value) -> Result<Value> {
    let case: Case = read_case(rule, case)?;
    Error::refuse(rule, problems(&case))?;
    let (mut accounts, mut tokens) = (Names::default(), Names::default());
    let mut members = Vec::new();
    for (name, stake) in &case.members {
        accounts.number(name);
        members.push(Member { shares: stake.shares, loot: stake.loot, exists: true, ..Member::default() });
    }
    let bank: Vec<(u32, u128)> = case
        .tokens
        .iter()
        .map(|name| (tokens.number(name), case.bank.get(name).copied().unwrap_or_default().0))
        .collect();
    let mut guild = Guild::new(case.settings, &members, &bank);
    let mut reverted = Vec::new();
    for (place, event) in case.events.iter().enumerate() {
        if let Err(refusal) = act(&mut guild, &mut accounts, &mut tokens, event) {
            reverted.push(Reverted { event: place, reason: refusal.to_string() });
        }
    }
    let mut balances: BTreeMap<String, Powers> = BTreeMap::new();
    for (account, name) in accounts.all() {
        for (token, coin) in tokens.all() {
            let balance = guild.balance(account, token);
            if balance > 0 {
                balances.entry(name.to_owned()).or_default().insert(coin.to_owned(), Amount(balance));
            }
        }
    }
    let outcome = Outcome {
        proposals: guild
            .proposals()
            .iter()
            .map(|proposal| Tally {
                stage: proposal.stage,
                yes: proposal.yes,
                no: proposal.no,
                most_at_yes: proposal.most_at_yes,
            })
            .collect(),
        members: accounts
            .all()
            .map(|(account, name)| (name, guild.member(account)))
            .filter(|(_, member)| member.exists)
            .map(|(name, member)| (name.to_owned(), Stake { shares: member.shares, loot: member.loot }))
            .collect(),
        bank: tokens
            .all()
            .filter(|(token, _)| guild.whitelist().contains(token))
            .map(|(token, name)| (name.to_owned(), Amount(guild.bank(token))))
            .collect(),
        escrow: tokens
            .all()
            .filter(|&(token, _)| guild.escrow(token) > 0)
            .map(|(token, name)| (name.to_owned(), Amount(guild.escrow(token))))
            .collect(),
        balances,
        reverted,
    };
    write_outcome(rule, &outcome)
}
