//! Anyone can destroy a contract.

use super::{Card, Look, Oracle, Signs};
use crate::Result;
use crate::chain::Machine;
use crate::finding::{Confidence, Effect, Finding, Impact};

pub(super) struct UnprotectedSelfdestruct;

static CARD: Card = Card {
    name: "unprotected-selfdestruct",
    about: "attackers destroy a contract or send all its ether away by SELFDESTRUCT",
    rule: "by attackers' calls alone a contract that no attacker made destroys itself, and its code or its ether is gone",
    source: "SWC-106, Unprotected SELFDESTRUCT instruction; issue 6995 of the Parity client, 6 November 2017",
    limits: "from the Cancun hard fork on code stays (EIP-6780): only lost ether is told",
};

impl Oracle for UnprotectedSelfdestruct {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn signs(&self) -> Signs {
        Signs::DESTROYED
    }

    fn step(&self, look: &Look<'_>, probe: &mut Machine) -> Result<Vec<Finding>> {
        let destroyed = look.trace.destroyed.iter().find(|(account, _)| look.facts.is_protocol(*account));
        let Some((account, _)) = destroyed.filter(|_| look.attack()) else { return Ok(Vec::new()) };
        let account = *account;
        let mut effects = vec![Effect::Gone { account }];
        let (had, has) = (look.world.state.balance(account), look.after.balance(account));
        if has < had {
            effects.push(Effect::EtherLost { account, least: had - has });
        }
        let title = format!("anyone can destroy `{}`", look.name(account));
        let harm = (Impact::Critical, Confidence::High);
        look.finding(&CARD, (account, look.function()), harm, title, effects, probe)
    }
}
