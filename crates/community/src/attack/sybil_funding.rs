//! One purse pays for many wallets, which each give a little to one project and draw the matching that many givers draw.

use super::sizes::SYBIL_TAX;
use super::{AttackScript, Card, DAY, Family, HOUR, Parameter, Stage};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct SybilFunding;

const PARAMETERS: &[Parameter] = &[
    Parameter::stealth(),
    Parameter::start(),
    Parameter::exposure_hours(168.0),
    Parameter::accounts(20.0, 5_000.0),
    Parameter::age_days(4.0),
    Parameter::new(
        "spread_hours",
        "hours over which the wallets are paid, where it is loud",
        (0.1, 2_400.0),
        3.0,
    ),
    Parameter::treasury(2_000.0),
];

impl AttackScript for SybilFunding {
    fn name(&self) -> &'static str {
        "sybil-funding"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Funding,
            purpose: "pays many wallets from one purse, in a star, a chain or a tree; each gives to one project and draws matching",
            injects: "wallets, payments to them of much the same amount, gifts to the project, what is left swept back",
            source: "Gitcoin's round 10: sybil accounts drew 14,394.79 of 700,000 USD of matching (2.05 %)",
            limits: "matching is not computed by a rule but is the published share; shares of wallets in it are equal",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn play(&self, stage: &mut Stage<'_>) {
        let (start, stealth) = (stage.start(), stage.value("stealth"));
        let exposure = stage.draw_exposure();
        let accounts = stage.open_many(stage.count("accounts") + 2);
        let (purse, project, wallets) = (accounts[0], accounts[1], &accounts[2..]);
        let mut draws = stage.draws("plan", 0);
        let shape = draws.below(3);
        let each = 0.05 * (0.5 * draws.normal()).exp();
        let spread = stage.value("spread_hours") * HOUR * (1.0 + 15.0 * stealth);
        let spread = spread.min(0.6 * exposure as f64);
        // A share of what is matched, of which every giver draws its part.
        let prize = SYBIL_TAX * stage.value("treasury") * (0.5 * draws.normal()).exp();
        let mut ready = vec![start; wallets.len()];
        for (index, &wallet) in wallets.iter().enumerate() {
            let mut draws = stage.draws("wallet", index);
            // In a chain each pays the next, in a tree every fourth pays three others.
            let (from, after) = match shape {
                1 if index > 0 => (wallets[index - 1], ready[index - 1]),
                2 if index > 3 => (wallets[index / 4], ready[index / 4]),
                _ => (purse, start),
            };
            let at = match shape {
                1 => after + (draws.exponential() * spread / wallets.len() as f64) as i64 + 15,
                _ => after + (draws.uniform() * spread) as i64 + 15,
            };
            ready[index] = at;
            let noise = (0.02 + 0.6 * stealth) * draws.normal();
            let passes = match shape {
                1 => (wallets.len() - index) as f64,
                2 if index > 0 && index * 4 < wallets.len() => 5.0,
                _ => 1.0,
            };
            let amount = stage.amount(each * passes * noise.exp() * 1.1);
            stage.transfer(at, from, wallet, amount);
            let gives = at + 120 + (draws.exponential() * (0.5 + 20.0 * stealth) * HOUR) as i64;
            let given = each * (0.5 + 0.5 * draws.uniform());
            let amount = stage.amount(given);
            let act = stage.transfer(gives, wallet, project, amount);
            let settled = gives.max(start + exposure) + DAY as i64;
            stage.lose_decision(settled, prize / wallets.len() as f64, act, Vec::new(), 0.0);
            if draws.chance(0.5 * (1.0 - stealth)) {
                let amount = stage.amount(each * 0.1);
                stage.transfer(gives + 600 + draws.below(86_400) as i64, wallet, purse, amount);
            }
        }
        let amount = stage.amount(each * 0.5 * wallets.len() as f64);
        stage.transfer(start + exposure, project, purse, amount);
    }
}
