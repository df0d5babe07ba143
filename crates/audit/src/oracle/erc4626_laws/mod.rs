//! A vault gives more than it takes.

use alloy_primitives::U256;

use super::facts::{ask, input};
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};

pub(super) struct Erc4626Laws;

static CARD: Card = Card {
    name: "erc4626-laws",
    about: "a vault pays out more than the shares are worth that it takes, or gives shares worth more than what is paid in",
    rule: "in one call of an attacker to a vault (ERC-4626) the attacker gets more assets than `convertToAssets` says, before \
           the call, of the shares it gives, one unit put aside; or pays less than it says of the shares it gets",
    source: "EIP-4626, rounding in favour of the vault",
    limits: "a price that was shifted before (inflation by a gift) shows in attackers' profit, not here",
};

impl Oracle for Erc4626Laws {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::VAULT
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let Some((vault, asset)) = look.facts.vaults.iter().find(|(vault, _)| *vault == look.step.to) else {
            return Ok(Vec::new());
        };
        let place = look.facts.attackers.iter().position(|attacker| *attacker == look.step.sender);
        let Some(place) = place.filter(|_| look.step.inner.is_empty()) else { return Ok(Vec::new()) };
        let slot =
            |token| look.facts.token(token).and_then(|token| token.slots.get(place).copied().flatten());
        let (Some(shares), Some(assets)) = (slot(*vault), slot(*asset)) else { return Ok(Vec::new()) };
        let change = |token, slot| {
            let (had, has) = (look.before.storage(token, slot), look.after.storage(token, slot));
            (has.saturating_sub(had), had.saturating_sub(has))
        };
        let (got, paid) = change(*asset, assets);
        let (minted, burned) = change(*vault, shares);
        if (got.is_zero() && minted.is_zero()) || !look.attack() {
            return Ok(Vec::new());
        }
        let moved = burned.max(minted);
        let worth = ask(probe, look.before, *vault, input("convertToAssets(uint256)", &[moved]))?;
        let Some(worth) = worth.map(|answer| answer.word) else { return Ok(Vec::new()) };
        let one = U256::from(1);
        let unfair = (!got.is_zero() && got > worth.saturating_add(one))
            || (!minted.is_zero() && worth > paid.saturating_add(one));
        if !unfair {
            return Ok(Vec::new());
        }
        let account = look.step.sender;
        let effects = if got.is_zero() {
            vec![Effect::TokenGained { token: *vault, account, least: minted }]
        } else {
            vec![Effect::TokenLost { token: *asset, account: *vault, least: got }]
        };
        let title = format!("`{}` gives more than it takes", look.name(*vault));
        look.finding(
            &CARD,
            (*vault, look.function()),
            (Impact::High, Confidence::High),
            title,
            effects,
            probe,
        )
    }
}
