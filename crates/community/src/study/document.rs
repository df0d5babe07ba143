//! A study as a document.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Score, Section, Series, Table,
    Verdict,
};

use super::Study;
use crate::intervention::{self, INTERVENTIONS, Paired, climate::KEEPS};
use crate::{contagion, graph};

fn text(text: impl Into<String>) -> Block {
    Block::Text { text: text.into() }
}

fn axis(label: &str, scale: Scale) -> Axis {
    Axis { label: label.to_owned(), scale }
}

fn line(name: &str, role: Role, mark: Mark, points: Vec<(f64, f64)>) -> Series {
    Series { name: name.to_owned(), role, mark, points, upper: Vec::new() }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A difference with its interval, in so many decimals.
fn apart(paired: &Paired, decimals: usize) -> String {
    let (low, high) = paired.interval;
    format!("{:+.decimals$} ({low:+.decimals$} to {high:+.decimals$})", paired.difference)
}

impl Study {
    /// The whole of it.
    pub fn document(&self) -> Document {
        let sentences = self.sentences();
        let mut sections = vec![self.about(&sentences)];
        sections.extend(self.stream_section());
        sections.extend(self.ties_section());
        sections.extend(self.times_section());
        sections.extend(self.moods_section());
        sections.extend(self.help_section());
        sections.extend(self.recommendation.as_ref().map(crate::mitigation::Recommendation::section));
        let held = self.facts.iter().filter(|fact| fact.holds).count();
        let all = held == self.facts.len();
        let mut highlights = Vec::new();
        if !self.facts.is_empty() {
            highlights.push(Highlight {
                label: "Fidelity".to_owned(),
                figure: format!("{held} of {} facts hold", self.facts.len()),
                outcome: if all { Outcome::Good } else { Outcome::Bad },
                text: "of streams drawn from the model: within 10 % of the record, or within what records of this size differ by"
                    .to_owned(),
            });
        }
        if !self.interventions.is_empty() {
            let helps = self.interventions.iter().filter(|judged| judged.helps).count();
            highlights.push(Highlight {
                label: "Help".to_owned(),
                figure: format!("{helps} of {} interventions help", self.interventions.len()),
                outcome: Outcome::Neutral,
                text: "more newcomers who stay, voices or gladness, beyond chance and by a hundredth or more, and nothing lost as large"
                    .to_owned(),
            });
        }
        if self.recommendation.is_some() {
            highlights.push(Highlight {
                label: "Attacks".to_owned(),
                figure: format!("{} policies", self.policies.len()),
                outcome: Outcome::Neutral,
                text: "recommended against attacks, by the harm that they avoid and the friction that they cause".to_owned(),
            });
        }
        Document {
            title: "The community".to_owned(),
            verdict: Verdict {
                outcome: if self.facts.is_empty() || all { Outcome::Neutral } else { Outcome::Bad },
                text: sentences.first().cloned().unwrap_or_default(),
            },
            highlights,
            warnings: vec![
                "Computed from the records, and not private.".to_owned(),
                "What helps rests on associations in the record and on ranges that are judgements; see the cards.".to_owned(),
            ],
            manifest: vec![
                ("messages".to_owned(), self.messages.to_string()),
                ("authors".to_owned(), self.authors.to_string()),
                ("seed".to_owned(), self.seed.0.to_string()),
                ("daotwin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ],
            sections,
        }
    }

    fn about(&self, sentences: &[String]) -> Section {
        let mut blocks: Vec<Block> = sentences.iter().skip(1).map(text).collect();
        blocks.extend(self.missing.iter().map(text));
        if self.scored {
            blocks.push(text(
                "The History has no sentiment; it was scored from texts with a lexicon for English social media. Means over many \
                 messages tell something, one message's score little.",
            ));
        }
        Section { id: "summary".to_owned(), title: "In short".to_owned(), blocks }
    }

    fn stream_section(&self) -> Option<Section> {
        self.model.as_ref()?;
        let score = |fact: &super::Compared| Score {
            id: format!("community.{}", fact.name),
            label: fact.meaning.to_owned(),
            value: fact.drawn,
            interval: Some((fact.drawn - 2.0 * fact.deviation, fact.drawn + 2.0 * fact.deviation)),
            references: vec![("record".to_owned(), fact.record), ("bootstrap floor".to_owned(), fact.floor)],
            bar: Some(fact.floor.max(0.1 * fact.record.abs())),
            outcome: if fact.holds { Outcome::Good } else { Outcome::Bad },
            meaning: "mean of drawn streams; the bar is on its distance from the record".to_owned(),
        };
        let mut blocks = vec![Block::Scores { scores: self.facts.iter().map(score).collect() }];
        let (start, [real, drawn]) = &self.days;
        if !real.is_empty() {
            let points = |days: &[f64]| {
                let at = |day: usize| *start as f64 + 86_400.0 * day as f64;
                days.iter().enumerate().map(|(day, count)| (at(day), *count)).collect()
            };
            blocks.push(Block::Chart(Chart {
                id: "messages-by-day".to_owned(),
                title: "Messages a day".to_owned(),
                description: "Messages of each day in the record and in one drawn stream".to_owned(),
                plot: Plot::Xy {
                    x: axis("day", Scale::Time),
                    y: axis("messages", Scale::Linear),
                    series: vec![
                        line("record", Role::Real, Mark::Step, points(real)),
                        line("drawn", Role::Synthetic, Mark::Step, points(drawn)),
                    ],
                },
            }));
        }
        Some(Section { id: "stream".to_owned(), title: "What is written".to_owned(), blocks })
    }

    fn ties_section(&self) -> Option<Section> {
        let ties = self.ties.as_ref()?;
        let rows = ties.models.iter().map(|ranked| {
            let limits = graph::find(ranked.model).map_or("", |model| model.card().limits);
            let learned: Vec<String> =
                ranked.parameters.iter().map(|(name, value)| format!("{name} {value:.3}")).collect();
            vec![
                ranked.model.to_owned(),
                format!("{:.3}", ranked.distance),
                format!("{:.3}", ranked.degrees),
                format!("{:.3}", ranked.clustering),
                format!("{:+.3}", ranked.assortativity),
                learned.join(", "),
                limits.to_owned(),
            ]
        });
        let points = |degrees: &[u32]| {
            degrees.iter().enumerate().map(|(rank, ties)| ((rank + 1) as f64, f64::from(*ties))).collect()
        };
        let mut blocks = vec![
            text(format!(
                "A tie is {}. The record has a clustering of {:.3} and an assortativity of {:+.3}.",
                ties.of, ties.clustering, ties.assortativity
            )),
            Block::Table(Table {
                caption: "Models of graphs, the nearest first; distance is that of degrees and the differences in clustering and \
                          assortativity added up"
                    .to_owned(),
                columns: owned(&["model", "distance", "degrees", "clustering", "assortativity", "learned", "limits"]),
                rows: rows.collect(),
            }),
            Block::Chart(Chart {
                id: "degrees".to_owned(),
                title: "Ties by rank".to_owned(),
                description: "Ties of each member from the best tied on, in the record and in a draw of the nearest model".to_owned(),
                plot: Plot::Xy {
                    x: axis("rank", Scale::Log),
                    y: axis("ties", Scale::Log),
                    series: vec![
                        line("record", Role::Real, Mark::Line, points(&ties.degrees[0])),
                        line("drawn", Role::Synthetic, Mark::Line, points(&ties.degrees[1])),
                    ],
                },
            }),
        ];
        let rows = self.spread.iter().map(|spread| {
            let card = contagion::find(spread.model).map(contagion::Model::card);
            vec![
                spread.model.to_owned(),
                format!("{:.1} ± {:.1}", spread.reach, 1.96 * spread.error),
                card.map_or_else(|_| String::new(), |card| card.purpose.to_owned()),
            ]
        });
        blocks.push(Block::Table(Table {
            caption: "Members reached from the one with most ties, where a tie passes on with chance 0.1 (thresholds: shares of one's \
                      ties); 95 % intervals of the mean"
                .to_owned(),
            columns: owned(&["model", "reached", "what it is for"]),
            rows: rows.collect(),
        }));
        Some(Section { id: "ties".to_owned(), title: "Who is tied to whom".to_owned(), blocks })
    }

    fn times_section(&self) -> Option<Section> {
        let times = self.times.as_ref()?;
        let kind = |kind: u32| times.kinds.get(kind as usize).copied().unwrap_or_default().to_owned();
        let rows = times.hawkes.excitations.iter().map(|excitation| {
            vec![
                kind(excitation.from),
                kind(excitation.to),
                format!("{:.3}", excitation.weight),
                format!("{:.1}", 1.0 / excitation.decay / 60.0),
            ]
        });
        let verdict = |goodness: &crate::point_process::Goodness| {
            format!("{:.4} from its law, chance {:.1e}", goodness.distance, goodness.probability)
        };
        let hours = times.hawkes.rhythm.hours.iter().enumerate().map(|(hour, factor)| (hour as f64, *factor));
        let blocks = vec![
            text(format!(
                "A Hawkes process with hours and days, fitted to {} {}. By time rescaling it is {}; the same hours and days without \
                 excitement are {}. A small chance says that the process is not the whole truth.",
                times.events,
                times.of,
                verdict(&times.fitted),
                verdict(&times.calm)
            )),
            Block::Table(Table {
                caption: "What begets what: mean number begotten directly, and mean delay in minutes"
                    .to_owned(),
                columns: owned(&["from", "to", "begets", "minutes"]),
                rows: rows.collect(),
            }),
            Block::Chart(Chart {
                id: "hours".to_owned(),
                title: "Hours of the day".to_owned(),
                description: "Factor of each hour, in the record's own time zone, on what nobody provoked"
                    .to_owned(),
                plot: Plot::Xy {
                    x: axis("hour", Scale::Linear),
                    y: axis("factor", Scale::Linear),
                    series: vec![line("fitted", Role::Real, Mark::Step, hours.collect())],
                },
            }),
        ];
        Some(Section { id: "times".to_owned(), title: "When".to_owned(), blocks })
    }

    fn moods_section(&self) -> Option<Section> {
        if self.topics.is_empty() {
            return None;
        }
        let rows = self.topics.iter().map(|topic| {
            vec![
                topic.name.clone(),
                format!("{:.1} %", 100.0 * topic.share),
                format!("{:+.2}", topic.mood.mean),
                format!("{:.2}", topic.mood.spread),
                if topic.mood.spread > 0.0 {
                    format!("{:.1}", 1.0 / topic.mood.pull)
                } else {
                    "-".to_owned()
                },
            ]
        });
        let table = Table {
            caption: "Topics, guessed from words where the History names none, and their moods: an Ornstein-Uhlenbeck process of those \
                      messages that have a sentiment"
                .to_owned(),
            columns: owned(&["topic", "messages", "mood", "spread of the mood", "memory in days"]),
            rows: rows.collect(),
        };
        Some(Section { id: "moods".to_owned(), title: "Moods".to_owned(), blocks: vec![Block::Table(table)] })
    }

    fn help_section(&self) -> Option<Section> {
        let climate = self.climate.as_ref()?;
        let rows = self.interventions.iter().map(|judged| {
            let purpose = intervention::find(judged.intervention).map_or("", |found| found.card().purpose);
            vec![
                judged.intervention.to_owned(),
                purpose.to_owned(),
                apart(&judged.retention, 3),
                apart(&judged.breadth, 1),
                apart(&judged.sentiment, 3),
                format!("{:.1}", judged.acts),
                if judged.helps { "yes" } else { "no" }.to_owned(),
            ]
        });
        let mut blocks = vec![Block::Table(Table {
            caption: format!(
                "Differences under the same draws, with 95 % intervals: share of newcomers who write again four weeks later or more (without {:.3}), effective voices a \
                 month (without {:.1}), mean sentiment that is read (without {:+.3}); acts a week that it takes",
                self.interventions.first().map_or(f64::NAN, |judged| judged.retention.without),
                self.interventions.first().map_or(f64::NAN, |judged| judged.breadth.without),
                self.interventions.first().map_or(f64::NAN, |judged| judged.sentiment.without),
            ),
            columns: owned(&[
                "intervention",
                "what is done",
                "retention",
                "breadth",
                "sentiment",
                "acts",
                "helps",
            ]),
            rows: rows.collect(),
        })];
        let keeps = KEEPS.iter().zip(climate.keep.iter().zip(&climate.keep_errors));
        blocks.push(Block::Table(Table {
            caption: format!(
                "Log odds of being seen again within eight weeks, from {} weeks in which a member wrote: associations, not causes",
                climate.rows
            ),
            columns: owned(&["", "log odds", "standard error"]),
            rows: keeps
                .map(|(name, (value, error))| vec![(*name).to_owned(), format!("{value:+.2}"), format!("{error:.2}")])
                .collect(),
        }));
        for intervention in INTERVENTIONS {
            let card = intervention.card();
            blocks.push(text(format!(
                "`{}`: {}. Not counted: {}.",
                intervention.name(),
                card.source,
                card.limits
            )));
        }
        Some(Section { id: "help".to_owned(), title: "What helps members".to_owned(), blocks })
    }
}
