//! Bursts of edges, counted in sketches of constant size.

use daotwin_community::stream::Stream;
use daotwin_core::Seed;

use crate::detector::{Card, Detector, Learns, Method};
use crate::event::Event;
use crate::{Error, Result, hash};

/// Microclusters of edges (Bhatia et al. 2020).
#[derive(Debug, Clone, Copy)]
pub struct Midas;

/// Whose burst is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// The edge alone: MIDAS.
    Edge,
    /// Who acts.
    Actor,
    /// Whom it concerns.
    Other,
    /// The largest of the three: MIDAS-R.
    Largest,
}

/// How a sketch counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Hash functions.
    pub rows: usize,
    /// Cells a hash function, rounded up to a power of two.
    pub cells: usize,
    /// Seconds that count as one moment.
    pub tick_seconds: i64,
    /// What remains of the present count a tick later: 0 for MIDAS, 0.5 in the paper for MIDAS-R.
    pub decay: f32,
    /// Whose burst is judged.
    pub judged: Judged,
}

impl Default for Settings {
    fn default() -> Self {
        Self { rows: 2, cells: 4096, tick_seconds: 3600, decay: 0.5, judged: Judged::Largest }
    }
}

/// A cell: what was counted now and ever. Decay is made up for when the cell is touched, so that no tick costs more than
/// another.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    now: f32,
    ever: u32,
    tick: u32,
}

/// A count-min sketch (Cormode and Muthukrishnan 2005) of present and total counts.
#[derive(Debug, Clone)]
struct Counts {
    cells: Vec<Cell>,
    rows: usize,
    shift: u32,
}

/// Odd multipliers, one a row.
const MULTIPLIERS: [u64; 8] = [
    0x9e37_79b9_7f4a_7c15,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0xff51_afd7_ed55_8ccd,
    0xd6e8_feb8_6659_fd93,
    0xa076_1d64_78bd_642f,
    0xe703_7ed1_a0b4_28db,
    0x8ebc_6af0_9c88_c6e3,
];

impl Counts {
    fn new(rows: usize, bits: u32) -> Self {
        Self { cells: vec![Cell::default(); rows << bits], rows, shift: 64 - bits }
    }

    /// Counts a key once at a tick: its present and its total count, neither below the truth.
    fn add(&mut self, key: u64, tick: u32, decay: f32) -> (f64, f64) {
        let size = self.cells.len() / self.rows;
        let (mut now, mut ever) = (f32::INFINITY, u32::MAX);
        for (row, &multiplier) in MULTIPLIERS.iter().enumerate().take(self.rows) {
            let place = (key.wrapping_mul(multiplier) >> self.shift) as usize;
            let cell = &mut self.cells[row * size + place];
            let passed = tick.saturating_sub(cell.tick);
            if passed > 0 {
                cell.now *= if passed == 1 { decay } else { decay.powi(passed.min(200) as i32) };
                cell.tick = tick;
            }
            cell.now += 1.0;
            cell.ever = cell.ever.saturating_add(1);
            now = now.min(cell.now);
            ever = ever.min(cell.ever);
        }
        (f64::from(now), f64::from(ever))
    }
}

/// The chi-squared statistic of a present count against the mean count a tick (Bhatia et al. 2020, definition 1):
/// `(now - ever/t)^2 t^2 / (ever (t - 1))`; 0 in the first tick.
fn surprise(now: f64, ever: f64, tick: u32) -> f64 {
    let t = f64::from(tick);
    if tick <= 1 || ever <= 0.0 { 0.0 } else { (now - ever / t).powi(2) * t * t / (ever * (t - 1.0)) }
}

/// Three sketches: of edges, of who acts, and of whom it concerns. Constant memory, constant time an edge.
#[derive(Debug, Clone)]
pub struct Sketch {
    settings: Settings,
    edges: Counts,
    actors: Counts,
    others: Counts,
    start: Option<i64>,
    tick: u32,
}

impl Sketch {
    /// Empty sketches.
    ///
    /// # Errors
    /// Settings that make no sense, each with what is allowed.
    pub fn new(settings: Settings) -> Result<Self> {
        let mut problems = Vec::new();
        if !(1..=MULTIPLIERS.len()).contains(&settings.rows) {
            problems.push(format!("`rows` is {}; allowed is 1 to {}", settings.rows, MULTIPLIERS.len()));
        }
        if !(2..=1 << 24).contains(&settings.cells) {
            problems.push(format!("`cells` is {}; allowed is 2 to {}", settings.cells, 1 << 24));
        }
        if settings.tick_seconds < 1 {
            problems.push(format!("`tick_seconds` is {}; allowed is 1 or more", settings.tick_seconds));
        }
        if !(0.0..=1.0).contains(&settings.decay) {
            problems.push(format!("`decay` is {}; allowed is 0 to 1", settings.decay));
        }
        if !problems.is_empty() {
            return Err(Error::Parameters { problems });
        }
        let bits = settings.cells.next_power_of_two().trailing_zeros();
        let counts = || Counts::new(settings.rows, bits);
        Ok(Self { settings, edges: counts(), actors: counts(), others: counts(), start: None, tick: 1 })
    }

    /// Counts an edge and says how surprising it is: 0 or above, without a unit.
    pub fn edge(&mut self, actor: u64, other: u64, at: i64) -> f64 {
        let start = *self.start.get_or_insert(at);
        let passed = at.saturating_sub(start).max(0) / self.settings.tick_seconds;
        // Time does not go back.
        self.tick = self.tick.max(u32::try_from(passed.saturating_add(1)).unwrap_or(u32::MAX));
        let (tick, decay) = (self.tick, self.settings.decay);
        let judged = self.settings.judged;
        let count = |counts: &mut Counts, key: u64| {
            let (now, ever) = counts.add(key, tick, decay);
            surprise(now, ever, tick)
        };
        match judged {
            Judged::Edge => count(&mut self.edges, hash::pair(actor, other)),
            Judged::Actor => count(&mut self.actors, actor),
            Judged::Other => count(&mut self.others, other),
            Judged::Largest => {
                let edge = count(&mut self.edges, hash::pair(actor, other));
                let actor = count(&mut self.actors, actor);
                edge.max(actor).max(count(&mut self.others, other))
            }
        }
    }

    /// What the sketches take.
    pub const fn bytes(&self) -> usize {
        (self.edges.cells.len() + self.actors.cells.len() + self.others.cells.len()) * size_of::<Cell>()
    }
}

/// Whom an act concerns: another account, else where it happened.
pub(crate) fn concerned(event: &Event<'_>) -> u64 {
    if event.other.is_empty() { hash::key(event.place) } else { hash::key(event.other) }
}

impl Detector for Sketch {
    fn score(&mut self, event: &Event<'_>) -> f64 {
        self.edge(hash::key(event.actor), concerned(event), event.at)
    }

    fn bytes(&self) -> usize {
        Self::bytes(self)
    }

    fn learned(&self) -> Result<serde_json::Value> {
        Ok(serde_json::Value::Null)
    }
}

impl Method for Midas {
    fn name(&self) -> &'static str {
        "midas"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "finds sudden groups of similar acts (one account at one other, or many at one) in constant memory",
            score: "chi-squared of the present count against the mean a tick, the largest over edge and both ends; no unit",
            source: "Bhatia, Hooi, Yoon, Shin, Faloutsos: MIDAS (AAAI 2020), definition 1 and algorithms 1 and 2",
            limits: "blind to what comes slowly, and to what is said; what is new and alone late in a stream scores like a \
                     small burst",
            learns: Learns::Nothing,
        }
    }

    fn train(&self, _: &[Stream], _: Seed) -> Result<Box<dyn Detector>> {
        Ok(Box::new(Sketch::new(Settings::default())?))
    }

    fn load(&self, _: serde_json::Value) -> Result<Box<dyn Detector>> {
        Ok(Box::new(Sketch::new(Settings::default())?))
    }
}

#[cfg(test)]
mod test;
