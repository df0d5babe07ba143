//! A lender beside a DAO's contracts: who attacks can borrow from markets that are not among them.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::{Bytes, U256};
use daotwin_core::Limits;

use super::stage::{Answer, Stage};
use super::{Actor, Asset, Role, address_of};
use crate::artifact;
use crate::chain::Transaction;
use crate::finding::balance;

/// The lender, compiled from the contract of the same name beside the cases.
const LENDER: &[u8] = include_bytes!("../../contracts/small/loans/Loans.json");
const SOURCE: &str = include_str!("../../contracts/small/loans/Loans.sol");

impl Stage<'_> {
    /// Deploys a lender, and gives it half of the deployer's ether and of each token half of what its largest holder has who is
    /// no attacker.
    pub(super) fn lend(&mut self, assets: &[Asset]) -> Answer<()> {
        let texts = BTreeMap::from([("Loans.sol".to_owned(), Arc::from(SOURCE))]);
        let known = artifact::standard_json(LENDER, "Loans.json", &texts, &Limits::default())?;
        let contract = Arc::clone(known.find("Loans")?);
        let deployer = address_of("deployer");
        let data: Bytes = contract.creation.bytes.clone().into();
        let value = self.state.balance(deployer) / U256::from(2);
        let name = self.free_name("Loans");
        let create = Transaction { sender: deployer, to: None, value, data };
        let address = self.create(create, "new Loans()".to_owned(), &name)?;
        self.add(Some(name.clone()), address, contract, None);
        for asset in assets {
            let Some(token) = asset.token else { continue };
            let mut largest: Option<(U256, Actor)> = None;
            for actor in self.actors.iter().filter(|actor| actor.role != Role::Attacker) {
                let has = balance(&mut self.machine, &self.state, token, actor.address)?;
                if largest.as_ref().is_none_or(|(most, _)| has > *most) {
                    largest = Some((has, actor.clone()));
                }
            }
            let Some((has, holder)) = largest.filter(|(has, _)| *has > U256::from(1)) else { continue };
            let amount = has / U256::from(2);
            let mut data = vec![0xa9, 0x05, 0x9c, 0xbb];
            data.extend_from_slice(address.into_word().as_slice());
            data.extend_from_slice(&amount.to_be_bytes::<32>());
            let (sender, to, value) = (holder.address, Some(token), U256::ZERO);
            let give = Transaction { sender, to, value, data: data.into() };
            self.run(give, format!("{}.transfer({name}, {amount})", asset.name), None)?;
        }
        Ok(())
    }
}
