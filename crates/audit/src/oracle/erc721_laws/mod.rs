//! A unique token changes hands without its owner's leave.

use super::facts::{address_of, ask, input, word};
use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};

pub(super) struct Erc721Laws;

static CARD: Card = Card {
    name: "erc721-laws",
    about: "attackers take a unique token that is another's",
    rule: "by attackers' calls alone a token that a step names has another owner afterwards, and the caller was neither its \
           owner, nor approved for it, nor the owner's operator",
    source: "EIP-721, ownership and approval",
    limits: "looks at tokens whose number is an argument of the step",
};

impl Oracle for Erc721Laws {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::UNIQUE
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let at = look.step.to;
        if !look.facts.collections.contains(&at) || !look.attack() {
            return Ok(Vec::new());
        }
        let sender = look.step.sender;
        for id in look.step.arguments.iter().filter_map(alloy_dyn_abi::DynSolValue::as_uint).map(|(id, _)| id)
        {
            let owned = input("ownerOf(uint256)", &[id]);
            let owner = ask(probe, look.before, at, owned.clone())?;
            let next = ask(probe, look.after, at, owned.clone())?;
            let (Some(owner), Some(next)) = (owner, next) else { continue };
            let (owner, next) = (address_of(owner.word), address_of(next.word));
            if owner == next || owner == sender || owner.is_zero() {
                continue;
            }
            let approved = ask(probe, look.before, at, input("getApproved(uint256)", &[id]))?;
            let operator = input("isApprovedForAll(address,address)", &[word(owner), word(sender)]);
            let operator = ask(probe, look.before, at, operator)?;
            let allowed = approved.is_some_and(|answer| address_of(answer.word) == sender)
                || operator.is_some_and(|answer| !answer.word.is_zero());
            if allowed {
                continue;
            }
            let output = next.into_word().to_vec().into();
            let effect = Effect::Answers { sender, to: at, data: owned, output };
            let title = format!("`{}` gives away a token of another's", look.name(at));
            let harm = (Impact::Critical, Confidence::High);
            return look.finding(&CARD, (at, look.function()), harm, title, vec![effect], probe);
        }
        Ok(Vec::new())
    }
}
