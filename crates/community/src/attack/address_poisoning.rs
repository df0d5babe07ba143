//! Payments of nothing from an address that looks like one that the victim pays: who copies it from its own history pays the
//! attacker.

use std::collections::BTreeMap;

use daotwin_core::random;

use super::stage::Stage;
use super::{AttackScript, Card, DAY, Family, Parameter};

/// See the module.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddressPoisoning;

const PARAMETERS: &[Parameter] = &[
    Parameter::stealth(),
    Parameter::start(),
    Parameter::exposure_hours(120.0),
    Parameter::new("victims", "members whose histories are poisoned", (1.0, 10_000.0), 12.0),
    Parameter::new("rounds", "how often each is poisoned, in the mean", (1.0, 50.0), 2.0),
    Parameter::conversion(0.3, 1.0),
    Parameter::age_days(0.0),
];

impl AttackScript for AddressPoisoning {
    fn name(&self) -> &'static str {
        "address-poisoning"
    }

    fn card(&self) -> Card {
        Card {
            family: Family::Poisoning,
            purpose: "puts look-alikes of addresses that members pay into their histories and waits for a copied one",
            injects: "an account for each pair of victim and payee that begins and ends as the payee does; transfers of nothing \
                      or next to nothing; mistaken payments",
            source: "address poisoning as wallets warn of it since 2023: first and last four characters agree; that up to 30 % of \
                     those who pay again pick the wrong line is a judgement, far above what is seen in public, to have losses",
            limits: "tokens that only bear a known name are not modelled; whoever paid nobody yet is not poisoned",
        }
    }

    fn parameters(&self) -> &'static [Parameter] {
        PARAMETERS
    }

    fn play(&self, stage: &mut Stage<'_>) {
        let (start, stealth) = (stage.start(), stage.value("stealth"));
        let until = start + stage.draw_exposure();
        // Whom each member paid before, and what in the mean.
        let mut paid: BTreeMap<u32, BTreeMap<u32, f64>> = BTreeMap::new();
        let unit = stage.amount(1.0).max(1) as f64;
        for transfer in
            stage.stream().transfers.iter().filter(|transfer| transfer.at < start && transfer.asset == 0)
        {
            *paid.entry(transfer.from).or_default().entry(transfer.to).or_default() +=
                transfer.amount as f64 / unit;
        }
        let known = |member: &u32| paid.get(member).is_some_and(|payees| !payees.is_empty());
        let mut victims: Vec<u32> = stage.honest().iter().copied().filter(known).collect();
        stage.draws("victims", 0).shuffle(&mut victims);
        victims.truncate(stage.count("victims"));
        if victims.is_empty() {
            // Nobody has paid anybody: strangers are imitated.
            victims = stage.pick("victims", stage.count("victims"), |_| true);
        }
        let conversion = stage.draw_conversion();
        for (index, &victim) in victims.iter().enumerate() {
            let mut draws = stage.draws("victim plan", index);
            let payees: Vec<u32> = match paid.get(&victim) {
                Some(payees) => payees.keys().copied().collect(),
                None => stage.honest().iter().copied().filter(|&other| other != victim).collect(),
            };
            let payee = payees[draws.below(payees.len() as u64) as usize];
            let member = twin(&stage.stream().accounts[payee as usize].member, &mut draws);
            let name = stage.fresh_name(&mut draws);
            let joined =
                start - (stage.value("age_days") * DAY * draws.uniform()) as i64 - draws.below(7_200) as i64;
            let look_alike = stage.open(member, name, joined);
            let rounds = 1 + draws.poisson((stage.value("rounds") - 1.0) * (1.0 - 0.5 * stealth)) as usize;
            let mut first = None;
            for round in 0..rounds {
                let at = if index == 0 && round == 0 {
                    start
                } else {
                    start + draws.below((until - start).max(1) as u64) as i64
                };
                // Nothing, dust, or a small sum that looks like the last payment's digits.
                let dust = stage.amount(0.002 * draws.uniform());
                let amount = match draws.weighted(&[0.35 * (1.0 - stealth), 0.4, 0.25 + 0.35 * stealth]) {
                    0 => 0,
                    1 => dust / 1_000 + 1,
                    _ => dust + 1,
                };
                // Some tokens let anybody write a transfer of nothing in another's name.
                let theirs = amount == 0 && draws.chance(0.6);
                let (from, to) = if theirs { (victim, look_alike) } else { (look_alike, victim) };
                let act = stage.transfer(at, from, to, amount);
                if first.is_none_or(|known| stage.when(known) > at) {
                    first = Some(act);
                }
            }
            let Some(act) = first else { continue };
            let mistaken = stage.when(act) + 600 + (draws.exponential() * 1.5 * DAY) as i64;
            let chance = conversion * stage.susceptibility(victim, start);
            if draws.chance(chance.min(1.0)) && mistaken < until {
                let usual = paid.get(&victim).and_then(|payees| payees.get(&payee)).copied().unwrap_or(0.3);
                let lost = (usual * (0.5 * draws.normal()).exp()).min(stage.holding(victim)).max(0.01);
                let amount = stage.amount(lost);
                let payment = stage.transfer(mistaken, victim, look_alike, amount);
                stage.lose(victim, lost, act, payment);
            }
        }
    }
}

/// An id that begins and ends as another does.
fn twin(member: &str, draws: &mut random::Stream) -> String {
    let letters: Vec<char> = member.chars().collect();
    let begin = if member.starts_with("0x") { 6 } else { 4 };
    if letters.len() < begin + 6 {
        return format!("{member}{}", draws.below(10));
    }
    let middle = begin..letters.len() - 4;
    let hex = b"0123456789abcdef";
    let changed = letters.iter().enumerate().map(|(place, &letter)| {
        let fresh = middle.contains(&place) && letter.is_ascii_alphanumeric();
        if fresh { char::from(hex[draws.below(16) as usize]) } else { letter }
    });
    changed.collect()
}
