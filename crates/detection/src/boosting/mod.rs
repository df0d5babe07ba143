//! Boosted trees over everything that is told about an act, the other detectors' scores among it.

mod forest;

use daotwin_community::stream::{Label, Stream};
use daotwin_core::Seed;

pub use forest::{Effort, Forest, Rows};

use crate::detector::{Card, Detector, Learns, Method};
use crate::event::{Event, events};
use crate::features::{COUNT, Features, Learned, NAMES};
use crate::text::{self, Logistic};
use crate::{Error, Result};

/// Boosted trees.
#[derive(Debug, Clone, Copy)]
pub struct Boosting;

/// Honest acts beyond so many are thinned, and those that stay weigh more.
const HONEST_ROWS: usize = 120_000;

/// Signs that are wrong by themselves, whatever was shown: a link to a host that looks like another, a name that looks like a
/// moderator's, an address that looks like one paid before; each with a feature that acts must have for it to be thinkable.
const SIGNS: [(usize, Option<usize>); 3] = [(28, Some(26)), (41, None), (50, Some(0))];

/// So many honest acts are shown with each sign, as malicious.
const IMAGINED: usize = 300;

/// Trees with the features that they were grown on.
#[derive(Debug, Clone)]
pub struct Boosted {
    features: Features,
    forest: Forest,
    last: [f64; COUNT],
}

/// What is kept of it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    features: Learned,
    forest: Forest,
}

impl Boosted {
    fn new(learned: Learned, forest: Forest) -> Result<Self> {
        Ok(Self { features: Features::new(learned)?, forest, last: [0.0; COUNT] })
    }
}

impl Detector for Boosted {
    fn score(&mut self, event: &Event<'_>) -> f64 {
        self.last = self.features.row(event);
        self.forest.log_odds(&self.last)
    }

    fn reasons(&self) -> Vec<(&'static str, f64)> {
        let parts = self.forest.reasons(&self.last);
        let mut named: Vec<(&'static str, f64)> =
            NAMES.into_iter().zip(parts).filter(|(_, part)| *part > 0.05).collect();
        named.sort_by(|a, b| b.1.total_cmp(&a.1));
        named.truncate(3);
        named
    }

    fn bytes(&self) -> usize {
        self.features.bytes() + self.forest.bytes()
    }

    fn learned(&self) -> Result<serde_json::Value> {
        let kept = Kept { features: self.features.learned()?, forest: self.forest.clone() };
        serde_json::to_value(kept).map_err(Error::defect)
    }
}

impl Method for Boosting {
    fn name(&self) -> &'static str {
        "boosting"
    }

    fn card(&self) -> Card {
        Card {
            purpose: "finds attacks of every family, by trees over paces, company, words, look-alikes, payments and what the \
                      other detectors say",
            score: "natural logarithm of the odds of being malicious, at the base rate of what it learned from",
            source: "Chen and Guestrin 2016, as built by `forust-ml`; text scores of the training part come from a classifier \
                     that was fitted without their stream; honest acts on which a look-alike host, name or address was put are \
                     shown as malicious beside the labelled ones",
            limits: "knows the families it was shown and their kin: of a family that was left out, takeovers and crowds are found \
                     late and betrayal by long trusted delegates is not; taught by generated communities alone it takes the words \
                     of real ones for suspicious, so learn from the own History too",
            learns: Learns::Labelled,
        }
    }

    fn train(&self, streams: &[Stream], seed: Seed) -> Result<Box<dyn Detector>> {
        // Imagined acts alone are nothing to learn from.
        let messages = streams.iter().flat_map(|stream| stream.messages.iter().map(|message| message.label));
        let transfers =
            streams.iter().flat_map(|stream| stream.transfers.iter().map(|transfer| transfer.label));
        let shown: Vec<bool> = messages.chain(transfers).map(Label::malicious).collect();
        text::both_classes(&shown)?;
        // Words are scored by a classifier that has not seen their stream, as they will be later.
        let texts = |parity: Option<usize>| -> Result<Option<Logistic>> {
            let of: Vec<&Stream> = streams
                .iter()
                .enumerate()
                .filter(|(place, _)| parity.is_none_or(|parity| place % 2 == parity))
                .map(|(_, stream)| stream)
                .collect();
            let (documents, labels) = text::messages(of);
            // Streams of transfers alone have no words to learn from.
            Ok(text::both_classes(&labels).ok().map(|()| Logistic::fit(&documents, &labels, text::PENALTY)))
        };
        let learned = Learned::fit(streams, texts(None)?, seed)?;
        let halves = if streams.len() < 2 { [None, None] } else { [texts(Some(1))?, texts(Some(0))?] };
        let acts: usize = streams.iter().map(|stream| stream.messages.len() + stream.transfers.len()).sum();
        let keep = (HONEST_ROWS as f64 / acts.max(1) as f64).min(1.0);
        let mut draws = seed.stream("boosting rows");
        let mut rows = Rows::new(COUNT);
        let mut imagined = [0_usize; SIGNS.len()];
        for (place, stream) in streams.iter().enumerate() {
            let text = halves[place % 2].clone().or_else(|| learned.text.clone());
            let mut features = Features::new(Learned { text, ..learned.clone() })?;
            for (event, label) in events(stream) {
                let row = features.row(&event);
                if label.malicious() {
                    rows.push(&row, true, 1.0);
                } else if draws.chance(keep) {
                    rows.push(&row, false, 1.0 / keep);
                    let sign = draws.below(SIGNS.len() as u64) as usize;
                    let (feature, needs) = SIGNS[sign];
                    // Spread over all streams.
                    let due = IMAGINED * (place + 1) / streams.len();
                    if imagined[sign] < due && needs.is_none_or(|needs| row[needs] > 0.0) && draws.chance(0.1)
                    {
                        imagined[sign] += 1;
                        let mut row = row;
                        row[feature] = 1.0;
                        rows.push(&row, true, 1.0);
                    }
                }
            }
        }
        let forest = Forest::fit(&rows, Effort::default())?;
        Ok(Box::new(Boosted::new(learned, forest)?))
    }

    fn load(&self, learned: serde_json::Value) -> Result<Box<dyn Detector>> {
        let kept: Kept = serde_json::from_value(learned).map_err(Error::model)?;
        if let Some(problem) = kept.forest.problem(COUNT) {
            return Err(Error::Model { problem });
        }
        Ok(Box::new(Boosted::new(kept.features, kept.forest)?))
    }
}
