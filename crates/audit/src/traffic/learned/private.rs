//! A model with a guarantee to every member whose calls it was fitted on.
//!
//! The unit is the member: everything that one sender did. What a call says is taken from the sender's own calls and from
//! public ones alone: calls of the functions named in [`Settings::public`] (that a proposal exists, and with what, is public).
//! Of each member a bounded number of calls counts, and each cell of the tables counts members, not calls: so that one member
//! moves every cell by at most one, and at most `calls x (6 + parameters) + 1` of them. The tables, over all that the public
//! declarations of the contracts allow, are measured with discrete Gaussian noise under the ledger; what stays below twice the
//! noise is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use alloy_primitives::Address;
use daotwin_core::Seed;
use daotwin_privacy::ledger::Unit as LedgerUnit;
use daotwin_privacy::{Account, Budget, Charge, Fingerprint, Ledger, Measurer, Noise, Statement};

use super::class::{durations, windows};
use super::fit::{Fact, Symbols, Tables, facts};
use super::{Class, Gap, Model, Symbol, Unit};
use crate::artifact::Callable;
use crate::traffic::Recording;
use crate::{Error, Result};

/// Functions of a private fit: their pairs are all measured.
const MOST_FUNCTIONS: usize = 256;

/// What a private fit costs, and who pays.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The ledger that is charged; the account has to be registered there.
    pub ledger: PathBuf,
    /// The account, as it was registered.
    pub account: String,
    /// The loss of one member.
    pub epsilon: f64,
    /// The chance that the loss is larger.
    pub delta: f64,
    /// Calls of each member that count at most.
    pub calls: u32,
    /// Names of the functions whose calls are public whoever made them.
    pub public: Vec<String>,
    /// Noise for tests: charges nobody, and the model claims nothing.
    pub test_noise: Option<Seed>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ledger: PathBuf::new(),
            account: String::new(),
            epsilon: 1.0,
            delta: 1e-6,
            calls: 8,
            public: vec!["propose".to_owned()],
            test_noise: None,
        }
    }
}

/// A model and what may be said of its privacy.
#[derive(Debug, Clone)]
pub struct Private {
    /// The model.
    pub model: Model,
    /// The guarantee and where the noise came from.
    pub statement: Statement,
}

/// One count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Call(u16),
    First(u16),
    Follow(u16, u16),
    SameSender(u16, u16),
    Class(u16, u16, Class),
    Gap(u16, Gap),
}

/// Every cell that the declarations allow.
fn domain(symbols: &[Symbol], durations: &[(Vec<String>, u64)]) -> Vec<Cell> {
    let windows = windows(durations);
    let count = u16::try_from(symbols.len()).unwrap_or(u16::MAX);
    let mut cells = Vec::new();
    for symbol in 0..count {
        cells.extend([Cell::Call(symbol), Cell::First(symbol)]);
        cells.extend((0..count).flat_map(|after| [Cell::Follow(symbol, after), Cell::SameSender(symbol, after)]));
        for (place, kind) in (0_u16..).zip(&symbols[usize::from(symbol)].inputs) {
            let classes = Class::ALL.into_iter().filter(|class| class.fits(kind));
            cells.extend(classes.map(|class| Cell::Class(symbol, place, class)));
        }
        let free = (0..=26).map(Gap::Free);
        let after = durations.iter().flat_map(|(names, _)| {
            [Unit::Blocks, Unit::Seconds]
                .into_iter()
                .flat_map(|unit| [Gap::After(unit, names.clone()), Gap::Since(unit, names.clone())])
        });
        let within = windows.iter().flat_map(|(from, span, ..)| {
            [Unit::Blocks, Unit::Seconds].map(|unit| Gap::Within(unit, from.clone(), span.clone()))
        });
        let gaps = [Gap::Together, Gap::Next].into_iter().chain(free).chain(after).chain(within);
        cells.extend(gaps.map(|gap| Cell::Gap(symbol, gap)));
    }
    cells.sort_unstable();
    cells.dedup();
    cells
}

fn cells(fact: &Fact) -> impl Iterator<Item = Cell> + '_ {
    let symbol = fact.symbol;
    let follows = fact.follows.iter().flat_map(move |(before, same)| {
        let own = same.then_some(Cell::SameSender(*before, symbol));
        std::iter::once(Cell::Follow(*before, symbol)).chain(own)
    });
    let classes = (0_u16..).zip(&fact.classes).map(move |(place, class)| Cell::Class(symbol, place, *class));
    let gap = fact.gap.iter().map(move |gap| Cell::Gap(symbol, gap.clone()));
    let first = fact.first.then_some(Cell::First(symbol));
    std::iter::once(Cell::Call(symbol)).chain(first).chain(follows).chain(classes).chain(gap)
}

/// At most so many calls of each sender, spread over all that it made, by nothing but their places.
fn bounded(facts: Vec<Fact>, most: usize) -> BTreeMap<Address, Vec<Fact>> {
    let mut by_sender: BTreeMap<Address, Vec<Fact>> = BTreeMap::new();
    for fact in facts {
        by_sender.entry(fact.sender).or_default().push(fact);
    }
    for list in by_sender.values_mut() {
        let length = list.len();
        if length > most {
            let mut place = 0;
            list.retain(|_| {
                let keep = (place * most) / length != ((place + 1) * most) / length;
                place += 1;
                keep
            });
        }
    }
    by_sender
}

impl Model {
    /// Fits a model with differential privacy by member. `functions` are all that the contracts declare: public, and the
    /// only ones that are learned of; `source` says in words what the traffic was.
    ///
    /// # Errors
    /// Too many functions, or settings out of their range; the ledger, the budget, the operating system's randomness.
    pub fn fit_private(
        recordings: &[Recording],
        functions: &[Callable],
        source: &str,
        settings: &Settings,
    ) -> Result<Private> {
        let mut symbols = Symbols::default();
        for function in functions.iter().filter(|function| !function.view()) {
            symbols.number(Symbol::of(function));
        }
        let count = symbols.all.len();
        if count > MOST_FUNCTIONS || settings.calls == 0 {
            return Err(Error::Contract {
                message: format!(
                    "a private fit takes 1 to {MOST_FUNCTIONS} functions and 1 call a member or more; here are {count} and {}",
                    settings.calls
                ),
            });
        }
        let public: BTreeSet<String> = settings.public.iter().cloned().collect();
        let mut lengths = Vec::new();
        let mut sums: BTreeMap<Cell, i64> = BTreeMap::new();
        for recording in recordings {
            lengths.extend(durations(&recording.getters));
        }
        lengths.sort();
        lengths.dedup_by(|next, kept| next.0 == kept.0);
        for cell in domain(&symbols.all, &lengths) {
            sums.insert(cell, 0);
        }
        let mut all = Vec::new();
        for recording in recordings {
            all.extend(facts(recording, &mut symbols, Some(&public)));
        }
        // Functions that nobody declared were seen in the data: they are none of the domain.
        symbols.all.truncate(count);
        for facts in bounded(all, settings.calls as usize).into_values() {
            let touched: BTreeSet<Cell> = facts.iter().flat_map(cells).collect();
            for cell in touched {
                if let Some(sum) = sums.get_mut(&cell) {
                    *sum += 1;
                }
            }
        }
        let widest = symbols.all.iter().map(|symbol| symbol.inputs.len()).max().unwrap_or(0);
        let sensitivity_squared = u128::from(settings.calls) * (6 + widest as u128) + 1;
        let counts: Vec<i64> = sums.values().copied().collect();
        let budget = Budget::new(settings.epsilon, settings.delta)?;
        let (values, sigma, statement) = if let Some(seed) = settings.test_noise {
            let mut measurer = Measurer::seeded(budget, seed.stream("model of traffic, noise for tests"));
            let (values, sigma) = measure(&mut measurer, &counts, sensitivity_squared)?;
            (values, sigma, measurer.finish().statement()?)
        } else {
            let account = Account::new(&settings.account, LedgerUnit::Member)?;
            let mut ledger = Ledger::open(&settings.ledger)?;
            let numbers = format!(
                "{} {} {} {} {}",
                budget.epsilon(),
                budget.delta(),
                settings.calls,
                settings.public.join(" "),
                env!("CARGO_PKG_VERSION")
            );
            let declared: Vec<&[u8]> = symbols.all.iter().map(|symbol| symbol.signature.as_bytes()).collect();
            let parts = [settings.account.as_bytes(), numbers.as_bytes()];
            let request = Fingerprint::of(parts.into_iter().chain(declared));
            let reservation = ledger.reserve(&Charge {
                account: &account,
                budget,
                purpose: "fit a model of traffic",
                request,
                marks: &[],
            })?;
            let mut measurer = Measurer::charged(reservation);
            let (values, sigma) = measure(&mut measurer, &counts, sensitivity_squared)?;
            let done = measurer.finish();
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            ledger.commit(&done, Fingerprint::of([bytes.as_slice()]), "model of traffic")?;
            (values, sigma, done.statement()?)
        };
        let mut tables = Tables::default();
        for (cell, value) in sums.into_keys().zip(values) {
            if value > 2.0 * sigma {
                put(&mut tables, cell, value);
            }
        }
        // More of one sender than there were at all is noise.
        for (count, same) in tables.follows.values_mut() {
            *same = same.min(*count);
        }
        tables.follows.retain(|_, (count, _)| *count > 0.0);
        let mut model = tables.model(symbols, source.to_owned());
        model.privacy = statement.claim.as_ref().map(|claim| (claim.epsilon, claim.delta));
        Ok(Private { model, statement })
    }
}

fn measure<N: Noise>(measurer: &mut Measurer<N>, counts: &[i64], sensitivity_squared: u128) -> Result<(Vec<f64>, f64)> {
    let measured = measurer.measure("tables of traffic", counts, sensitivity_squared, 1.0)?;
    Ok((measured.values, measured.sigma))
}

fn put(tables: &mut Tables, cell: Cell, value: f64) {
    match cell {
        Cell::Call(symbol) => drop(tables.calls.insert(symbol, value)),
        Cell::First(symbol) => drop(tables.first.insert(symbol, value)),
        Cell::Follow(before, after) => tables.follows.entry((before, after)).or_default().0 = value,
        Cell::SameSender(before, after) => tables.follows.entry((before, after)).or_default().1 = value,
        Cell::Class(symbol, place, class) => drop(tables.classes.insert((symbol, place, class), value)),
        Cell::Gap(symbol, gap) => drop(tables.gaps.insert((symbol, gap), value)),
    }
}
