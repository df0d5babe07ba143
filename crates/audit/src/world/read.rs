//! The reader of deployment scenarios: parsed and checked whole, with the line of every problem.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use alloy_primitives::U256;
use daotwin_core::Limits;
use daotwin_core::files::read_limited;
use daotwin_core::names::nearest;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::amount::whole;
use super::term::Term;
use super::{Role, Turnout};
use crate::chain::Fork;
use crate::problems::Problems;
use crate::{BLOCK_SECONDS, Error, Result};

/// Keys of the file, of its tables, and what each is.
pub(super) const KEYS: [&str; 7] = ["chain", "actors", "libraries", "setup", "assets", "attack", "turnout"];
pub(super) const CHAIN: [&str; 6] = ["fork", "block", "time", "node", "cache", "broadcast"];
pub(super) const ACTOR: [&str; 3] = ["name", "role", "ether"];
pub(super) const SETUP: [&str; 11] = [
    "deploy",
    "call",
    "contract",
    "at",
    "name",
    "from",
    "arguments",
    "value",
    "wait",
    "blocks",
    "implementation",
];
pub(super) const ATTACK: [&str; 1] = ["loans"];
/// Keys of `[turnout]` with bounds, default and meaning.
pub(super) const TURNOUT: [(&str, (f64, f64), f64, &str); 3] = [
    ("mean", (0.0, 1.0), 0.1, "mean share of the members' voting power that votes"),
    ("concentration", (0.1, 1e6), 10.0, "sum of the two parameters of that share's Beta distribution"),
    ("against", (0.0, 1.0), 1.0, "share of those votes that goes against the attacker"),
];

/// Actors and steps of one file.
const MOST_LINES: usize = 2_000;
/// The first block and its time where nothing is said.
pub(super) const BLOCK: u64 = 1;
pub(super) const TIME: u64 = 1_700_000_000;
/// What an actor has where nothing is said: 100 ether.
pub(super) const ETHER: U256 = U256::from_limbs([7_766_279_631_452_241_920, 5, 0, 0]);

/// A deployment as its author wrote it.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub(super) fork: Fork,
    pub(super) block: Option<u64>,
    pub(super) time: Option<u64>,
    /// A node whose chain this one goes on from, and the line that names it.
    pub(super) node: Option<(usize, String)>,
    /// Where its answers are kept.
    pub(super) cache: Option<PathBuf>,
    /// A forge broadcast file that comes before the steps, and the line that names it.
    pub(super) broadcast: Option<(usize, PathBuf)>,
    pub(super) actors: Vec<ActorLine>,
    /// Libraries that are there already, by name.
    pub(super) libraries: Vec<(usize, String, Term)>,
    pub(super) steps: Vec<Step>,
    pub(super) assets: Vec<(usize, String, U256)>,
    pub(super) loans: bool,
    pub(super) turnout: Option<Turnout>,
    /// Problems that are listed one by one.
    pub(super) most_problems: u64,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            fork: Fork::default(),
            block: None,
            time: None,
            node: None,
            cache: None,
            broadcast: None,
            actors: Vec::new(),
            libraries: Vec::new(),
            steps: Vec::new(),
            assets: Vec::new(),
            loans: false,
            turnout: None,
            most_problems: Limits::default().max_problems,
        }
    }
}

/// An actor of the file.
#[derive(Debug, Clone)]
pub(super) struct ActorLine {
    pub(super) line: usize,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) ether: U256,
}

/// A step of the file.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) line: usize,
    pub(super) action: Action,
    /// How later lines call what is deployed.
    pub(super) name: Option<String>,
    pub(super) from: String,
    pub(super) arguments: Vec<Term>,
    pub(super) value: Term,
    /// Time that passes before it.
    pub(super) seconds: u64,
    pub(super) blocks: u64,
    /// The contract that a proxy hands its calls on to.
    pub(super) implementation: Option<String>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(super) enum Action {
    /// Deploys a contract.
    Deploy(String),
    /// Calls a function, `name.function`, or sends ether to `name`.
    Call(String),
    /// Says which contract is at an address.
    At(String, Term),
}

impl Scenario {
    /// Takes another hard fork than the file says.
    pub fn set_fork(&mut self, fork: Fork) {
        self.fork = fork;
    }

    /// Reads a scenario. Paths in it are relative to `folder`.
    ///
    /// # Errors
    /// Every problem of the file at once, with its line, what is allowed, and for a mistyped name what it probably means.
    pub fn read(text: &str, folder: &Path) -> Result<Self> {
        let mut reader = Reader { text, problems: Problems::new(Limits::default().max_problems) };
        let scenario = match DeTable::parse(text) {
            Ok(table) => reader.scenario(table.get_ref(), folder),
            Err(error) => {
                reader.problem(&error.span().unwrap_or(0..0), error.message());
                Self::default()
            }
        };
        if reader.problems.is_empty() {
            Ok(scenario)
        } else {
            Err(Error::Deployment { problems: reader.problems.into_lines() })
        }
    }

    /// Reads a scenario file.
    ///
    /// # Errors
    /// As [`Self::read`], each problem with the name of the file; limits.
    pub fn open(path: &Path, limits: &Limits) -> Result<Self> {
        let bytes = read_limited(path, limits.max_cell_bytes)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let named = |problems: Vec<String>| {
            let problems =
                problems.into_iter().map(|problem| format!("{}: {problem}", path.display())).collect();
            Error::Deployment { problems }
        };
        let text = String::from_utf8(bytes).map_err(|_| named(vec!["not UTF-8".to_owned()]))?;
        let scenario = Self::read(&text, folder).map_err(|error| match error {
            Error::Deployment { problems } => named(problems),
            other => other,
        })?;
        Ok(Self { most_problems: limits.max_problems, ..scenario })
    }

    /// The scenario file that belongs to a build: `audit.toml` in the folder of the build or in one above, up to eight.
    pub fn beside(build: &Path) -> Option<PathBuf> {
        let build = std::fs::canonicalize(build).ok()?;
        build.ancestors().take(8).map(|folder| folder.join("audit.toml")).find(|path| path.is_file())
    }

    /// A scenario that takes over what a forge script deployed: its broadcast file, `broadcast/**/run-latest.json`.
    pub fn broadcast(path: &Path) -> Self {
        Self { broadcast: Some((0, path.to_path_buf())), ..Self::default() }
    }
}

type Value<'i> = Spanned<DeValue<'i>>;

struct Reader<'t> {
    text: &'t str,
    problems: Problems,
}

impl Reader<'_> {
    fn line(&self, at: &Range<usize>) -> usize {
        let before = self.text.get(..at.start).unwrap_or_default();
        before.bytes().filter(|&byte| byte == b'\n').count() + 1
    }

    fn problem(&mut self, at: &Range<usize>, message: &str) {
        let line = self.line(at);
        self.problems.add(format!("line {line}: {message}"));
    }

    fn unknown(&mut self, at: &Range<usize>, what: &str, name: &str, known: &[&str]) {
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => format!("; known are `{}`", known.join("`, `")),
        };
        self.problem(at, &format!("unknown {what} `{name}`{hint}"));
    }

    fn text(&mut self, name: &str, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.problem(&value.span(), &format!("`{name}` must be a text"));
        }
        text
    }

    fn flag(&mut self, name: &str, value: &Value<'_>) -> Option<bool> {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.problem(&value.span(), &format!("`{name}` must be true or false"));
        }
        flag
    }

    fn term(&mut self, name: &str, value: &Value<'_>) -> Option<Term> {
        Term::of(value).map_err(|problem| self.problem(&value.span(), &format!("`{name}`: {problem}"))).ok()
    }

    /// A number that is not negative, as a number or a text.
    fn size(&mut self, name: &str, value: &Value<'_>, what: &str) -> Option<U256> {
        let size = match Term::of(value) {
            Ok(Term::Text(text)) => whole(&text).filter(|whole| !whole.negative).map(|whole| whole.size),
            _ => None,
        };
        if size.is_none() {
            self.problem(&value.span(), &format!("`{name}` must be {what}"));
        }
        size
    }

    fn small(&mut self, name: &str, value: &Value<'_>, what: &str) -> Option<u64> {
        // Sums of a thousand of them fit.
        let small = |size: U256| u64::try_from(size).ok().filter(|size| *size <= 1 << 52);
        let size = self.size(name, value, what)?;
        let found = small(size);
        if found.is_none() {
            self.problem(&value.span(), &format!("`{name}` must be {what}, at most 2^52"));
        }
        found
    }

    fn number(&mut self, name: &str, value: &Value<'_>, (low, high): (f64, f64)) -> Option<f64> {
        let number = match value.get_ref() {
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|n| n as f64)
            }
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| (low..=high).contains(number));
        if number.is_none() {
            self.problem(&value.span(), &format!("`{name}` must be a number from {low} to {high}"));
        }
        number
    }

    fn table<'v, 'i>(&mut self, name: &str, value: &'v Value<'i>) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.problem(&value.span(), &format!("`{name}` must be a table: `[{name}]`"));
        }
        table
    }

    fn tables<'v, 'i>(&mut self, name: &str, value: &'v Value<'i>) -> Vec<(Range<usize>, &'v DeTable<'i>)> {
        let Some(list) = value.get_ref().as_array() else {
            self.problem(&value.span(), &format!("`{name}` must be tables: `[[{name}]]`"));
            return Vec::new();
        };
        if list.len() > MOST_LINES {
            self.problem(
                &value.span(),
                &format!("{} `{name}`; at most {MOST_LINES} are allowed", list.len()),
            );
            return Vec::new();
        }
        let mut tables = Vec::new();
        for value in list {
            match value.get_ref().as_table() {
                Some(table) => tables.push((value.span(), table)),
                None => self.problem(&value.span(), &format!("`{name}` must be tables: `[[{name}]]`")),
            }
        }
        tables
    }

    fn scenario(&mut self, table: &DeTable<'_>, folder: &Path) -> Scenario {
        let mut scenario = Scenario::default();
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "chain" => self.chain(value, folder, &mut scenario),
                "actors" => {
                    for (at, table) in self.tables("actors", value) {
                        scenario.actors.extend(self.actor(&at, table));
                    }
                }
                "libraries" => {
                    for (key, value) in self.table("libraries", value).into_iter().flatten() {
                        let name = key.get_ref().to_string();
                        let line = self.line(&key.span());
                        scenario.libraries.extend(self.term(&name, value).map(|term| (line, name, term)));
                    }
                }
                "setup" => {
                    for (at, table) in self.tables("setup", value) {
                        scenario.steps.extend(self.step(&at, table));
                    }
                }
                "assets" => {
                    for (key, value) in self.table("assets", value).into_iter().flatten() {
                        let name = key.get_ref().to_string();
                        let line = self.line(&key.span());
                        scenario.assets.extend(self.worth(&name, value).map(|worth| (line, name, worth)));
                    }
                }
                "attack" => {
                    for (key, value) in self.table("attack", value).into_iter().flatten() {
                        match key.get_ref().as_ref() {
                            "loans" => scenario.loans = self.flag("loans", value).unwrap_or_default(),
                            other => self.unknown(&key.span(), "key of `[attack]`", other, &ATTACK),
                        }
                    }
                }
                "turnout" => scenario.turnout = self.table("turnout", value).map(|table| self.turnout(table)),
                other => self.unknown(&key.span(), "key", other, &KEYS),
            }
        }
        let mut seen = BTreeSet::new();
        let named = scenario.actors.iter().map(|actor| (actor.line, actor.name.clone()));
        let deployed = scenario.steps.iter().filter_map(|step| Some((step.line, step.name.clone()?)));
        let twice: Vec<(usize, String)> =
            named.chain(deployed).filter(|(_, name)| !seen.insert(name.clone())).collect();
        for (line, name) in twice {
            self.problems.add(format!("line {line}: the name `{name}` is taken already"));
        }
        scenario
    }

    fn chain(&mut self, value: &Value<'_>, folder: &Path, scenario: &mut Scenario) {
        for (key, value) in self.table("chain", value).into_iter().flatten() {
            match key.get_ref().as_ref() {
                "fork" => {
                    let Some(name) = self.text("fork", value) else { continue };
                    match name.parse() {
                        Ok(fork) => scenario.fork = fork,
                        Err(_) => self.unknown(&value.span(), "hard fork", &name, &Fork::names()),
                    }
                }
                "block" => scenario.block = self.small("block", value, "a number of a block"),
                "time" => scenario.time = self.small("time", value, "seconds since 1970"),
                "node" => {
                    let line = self.line(&value.span());
                    scenario.node = self.text("node", value).map(|url| (line, url));
                }
                "cache" => scenario.cache = self.text("cache", value).map(|path| folder.join(path)),
                "broadcast" => {
                    let line = self.line(&value.span());
                    let path = self.text("broadcast", value).map(|path| (line, folder.join(path)));
                    scenario.broadcast = path;
                }
                other => self.unknown(&key.span(), "key of `[chain]`", other, &CHAIN),
            }
        }
        let at = value.span();
        if scenario.node.is_some() && scenario.time.is_some() {
            self.problem(&at, "`time` is that of the node's block; leave it out");
        }
        if scenario.node.is_none() && scenario.cache.is_some() {
            self.problem(&at, "`cache` keeps answers of a `node`, and there is none");
        }
    }

    /// A name that lines can refer to.
    fn name(&mut self, value: &Value<'_>) -> Option<String> {
        let name = self.text("name", value)?;
        let fine = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.len() <= 64
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        if !fine || name == "ether" {
            self.problem(
                &value.span(),
                "a `name` has at most 64 letters, digits, `_` and `-`, begins with a letter, and is not `ether`",
            );
        }
        fine.then_some(name)
    }

    fn actor(&mut self, at: &Range<usize>, table: &DeTable<'_>) -> Option<ActorLine> {
        let mut actor =
            ActorLine { line: self.line(at), name: String::new(), role: Role::Member, ether: ETHER };
        let mut role = None;
        let mut named = false;
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "name" => {
                    named = true;
                    actor.name = self.name(value)?;
                }
                "role" => {
                    let word = self.text("role", value)?;
                    role = Role::ALL.iter().find(|(name, _)| *name == word).map(|(_, role)| *role);
                    if role.is_none() {
                        self.unknown(&value.span(), "role", &word, &Role::ALL.map(|(name, _)| name));
                    }
                }
                "ether" => {
                    let what = "an amount such as \"10 ether\"";
                    actor.ether =
                        self.size("ether", value, what).filter(|size| size.bit_len() <= 120).unwrap_or(ETHER);
                }
                other => self.unknown(&key.span(), "key of an actor", other, &ACTOR),
            }
        }
        if !named {
            self.problem(at, "an actor needs a `name`");
            return None;
        }
        actor.role = role.unwrap_or(match actor.name.as_str() {
            "deployer" => Role::Trusted,
            "attacker" => Role::Attacker,
            _ => Role::Member,
        });
        if actor.name == "attacker" && actor.role != Role::Attacker {
            self.problem(at, "the `attacker` can have no other role");
        }
        Some(actor)
    }

    fn step(&mut self, at: &Range<usize>, table: &DeTable<'_>) -> Option<Step> {
        let mut step = Step {
            line: self.line(at),
            action: Action::Call(String::new()),
            name: None,
            from: "deployer".to_owned(),
            arguments: Vec::new(),
            value: Term::Text("0".to_owned()),
            seconds: 0,
            blocks: 0,
            implementation: None,
        };
        let (mut deploy, mut call, mut contract, mut place) = (None, None, None, None);
        let (mut wait, mut blocks) = (None, None);
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "deploy" => deploy = self.text("deploy", value),
                "call" => call = self.text("call", value),
                "contract" => contract = self.text("contract", value),
                "at" => place = self.term("at", value),
                "name" => step.name = self.name(value),
                "from" => {
                    let from = self.text("from", value)?;
                    step.from = from.strip_prefix('$').unwrap_or(&from).to_owned();
                }
                "arguments" => match self.term("arguments", value) {
                    Some(Term::List(list)) => step.arguments = list,
                    Some(_) => {
                        self.problem(
                            &value.span(),
                            "`arguments` must be a list: `arguments = [1, \"$dao\"]`",
                        );
                    }
                    None => {}
                },
                "value" => step.value = self.term("value", value)?,
                "wait" => wait = self.small("wait", value, "a time such as \"2 days\""),
                "blocks" => blocks = self.small("blocks", value, "a number of blocks"),
                "implementation" => step.implementation = self.text("implementation", value),
                other => self.unknown(&key.span(), "key of a step", other, &SETUP),
            }
        }
        step.seconds = wait.unwrap_or_else(|| blocks.unwrap_or(0).saturating_mul(BLOCK_SECONDS));
        step.blocks = blocks.unwrap_or(step.seconds / BLOCK_SECONDS);
        step.action = match (deploy, call, contract, place) {
            (Some(contract), None, None, None) => Action::Deploy(contract),
            (None, Some(call), None, None) => {
                if step.name.is_some() {
                    self.problem(at, "a call has no `name`; what is deployed has");
                }
                Action::Call(call)
            }
            (None, None, Some(contract), Some(place)) => Action::At(contract, place),
            _ => {
                self.problem(
                    at,
                    "a step needs one of `deploy` (a contract), `call` (`name.function`), or `contract` with `at`",
                );
                return None;
            }
        };
        Some(step)
    }

    /// What a unit of an asset is worth, in wei: a number or a text of ether.
    fn worth(&mut self, name: &str, value: &Value<'_>) -> Option<U256> {
        let found = match Term::of(value) {
            Ok(Term::Text(text)) => {
                let unit = text.contains("ether") || text.contains("wei");
                let text = if unit { text } else { format!("{text} ether") };
                whole(&text).filter(|whole| !whole.negative).map(|whole| whole.size)
            }
            _ => None,
        };
        if name == "ether" {
            self.problem(&value.span(), "`ether` is worth itself");
        }
        if found.is_none_or(|worth| worth.bit_len() > 160) {
            self.problem(
                &value.span(),
                &format!("`{name}` must be what a unit is worth in ether, such as \"0.01\""),
            );
        }
        found
    }

    fn turnout(&mut self, table: &DeTable<'_>) -> Turnout {
        let mut numbers: BTreeMap<&str, f64> = TURNOUT.iter().map(|line| (line.0, line.2)).collect();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            match TURNOUT.iter().find(|line| line.0 == name) {
                Some((name, bounds, ..)) => {
                    if let Some(number) = self.number(name, value, *bounds) {
                        numbers.insert(name, number);
                    }
                }
                None => self.unknown(&key.span(), "key of `[turnout]`", name, &TURNOUT.map(|line| line.0)),
            }
        }
        let number = |name| numbers.get(name).copied().unwrap_or_default();
        Turnout { mean: number("mean"), concentration: number("concentration"), against: number("against") }
    }
}
