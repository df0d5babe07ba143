//! Attacks as a document: a paragraph to post, tables, curves.

use daotwin_core::document::{
    Axis, Block, Chart, Document, Highlight, Mark, Outcome, Plot, Role, Scale, Section, Series, Table,
    Verdict,
};
use daotwin_history::frame::{Column, Frame, Kind, Values};

use super::{ATTACKERS, Arm, Attacks, Finding, Reached, Remedy, Share, TARGETS, TERMS, Unit};
use crate::Result;
use crate::rehearsal::document::{amount, percent};

fn range(chance: &Share) -> String {
    let (low, high) = chance.interval;
    format!("{} ({} to {})", percent(chance.share), percent(low), percent(high))
}

/// A size in its unit.
fn size(unit: Unit, size: f64) -> String {
    match unit {
        Unit::Tokens => format!("{} tokens", amount(size)),
        Unit::Members if size == 1.0 => "1 member".to_owned(),
        Unit::Members => format!("{size:.0} members"),
        Unit::Money => format!("{} in money", amount(size)),
        Unit::Nothing => "nothing".to_owned(),
    }
}

fn profit(reached: &Reached) -> String {
    reached.bill.profit().map_or_else(|| "-".to_owned(), amount)
}

impl Finding {
    fn name(&self) -> String {
        if self.posts > 0 {
            format!("{}, {} posts", self.attacker, self.posts)
        } else {
            self.attacker.to_owned()
        }
    }
}

impl Arm {
    /// The change that removes an attack, or makes it unprofitable, at the least loss of passing proposals.
    pub fn remedy(&self, attacker: &str) -> Option<&Remedy> {
        self.remedies
            .iter()
            .find(|remedy| remedy.attacker == attacker && (remedy.removed || remedy.unprofitable))
    }

    /// The findings in sentences that stand by themselves.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        match self.cheapest(0) {
            Some((finding, reached)) => {
                let share = |reached: &Reached| {
                    let waits = finding.timed[0].as_ref() == Some(reached);
                    let moment = if waits { ", at a moment chosen from what was public before" } else { "" };
                    format!("{}{moment}", range(&reached.chance))
                };
                sentences.push(format!(
                    "Under \"{}\" the cheapest attack that succeeds more often than not is {}: {} ({} in money, of which {} are \
                     lost) within {:.0} days succeed with a chance of {}.",
                    self.title,
                    finding.name(),
                    size(finding.unit, reached.size),
                    amount(reached.bill.capital),
                    amount(reached.bill.lost),
                    reached.bill.days,
                    share(reached),
                ));
                sentences.push(match self.remedy(finding.attacker) {
                    Some(remedy) => self.told(remedy),
                    None => self.untold(finding),
                });
            }
            None => sentences.push(format!(
                "Under \"{}\" no attack that needs money succeeds more often than not, with any amount that was asked for.",
                self.title
            )),
        }
        for (attacker, what) in [("cartel", "to pass anything"), ("boycott", "to stop what would pass")] {
            if let Some(reached) = self.finding(attacker).and_then(|finding| finding.reached[0]) {
                sentences.push(format!(
                    "{} {} to agree {what}: {} of the proposals.",
                    size(Unit::Members, reached.size),
                    if reached.size == 1.0 { "has" } else { "have" },
                    range(&reached.chance)
                ));
            }
        }
        if let Some(finding) = self.finding("hidden payload") {
            sentences.push(format!(
                "A harmful action hidden in a proposal that members like goes through in {} of the proposals.",
                range(&finding.most)
            ));
        }
        sentences
    }

    fn told(&self, remedy: &Remedy) -> String {
        let effect = if remedy.removed {
            "no size that was asked for succeeds more often than not".to_owned()
        } else {
            format!("it needs {} times as much and no longer pays", amount(remedy.factor))
        };
        let opens = remedy
            .opens
            .map_or_else(String::new, |attacker| format!(" It makes another attack cheaper: {attacker}."));
        // A guardian has to be trusted: a change that needs none stands beside it.
        let also = self.remedies.iter().find(|other| {
            other.attacker == remedy.attacker
                && (other.removed || other.unprofitable)
                && remedy.change.starts_with("a guardian")
                && *other != remedy
        });
        let also = also.map_or_else(String::new, |other| {
            let does = if other.removed { "removes it, too" } else { "makes it unprofitable" };
            format!(" Without one, {} {does}; {}.", other.change, self.price(other))
        });
        format!("What removes it: {}. Then {effect}; {}.{opens}{also}", remedy.change, self.price(remedy))
    }

    /// What a change costs in agility.
    fn price(&self, remedy: &Remedy) -> String {
        let less = remedy.passed_less * 100.0;
        let passes = if less.abs() < 0.05 {
            format!("as many honest proposals pass ({})", percent(self.passed))
        } else {
            let word = if less > 0.0 { "fewer" } else { "more" };
            format!(
                "{:.1} percentage points {word} honest proposals pass ({} instead of {})",
                less.abs(),
                percent(self.passed - remedy.passed_less),
                percent(self.passed)
            )
        };
        if remedy.days_more.abs() < 0.05 {
            passes
        } else {
            format!("{passes}, and decisions take {:+.1} days", remedy.days_more)
        }
    }

    fn untold(&self, finding: &Finding) -> String {
        let best = self
            .remedies
            .iter()
            .filter(|remedy| remedy.attacker == finding.attacker)
            .max_by(|left, right| left.factor.total_cmp(&right.factor));
        match best {
            Some(best) if best.factor > 1.0 => format!(
                "No single change that was tried removes it; {} makes it {} times as large; {}.",
                best.change,
                amount(best.factor),
                self.price(best)
            ),
            _ => "No single change that was tried removes it or makes it dearer.".to_owned(),
        }
    }

    fn attacks(&self) -> Table {
        let columns = [
            "attack",
            "at least",
            "size",
            "capital",
            "lost",
            "days",
            "chance (90 %)",
            "profit",
            "waiting for its moment",
        ];
        let mut rows = Vec::new();
        for finding in &self.findings {
            // An attack that never succeeds often enough is told once.
            let told = if finding.best(0).is_none() { 1 } else { TARGETS.len() };
            for (place, target) in TARGETS.iter().enumerate().take(told) {
                let mut row = vec![finding.name(), percent(*target)];
                let waits = finding.timed[place]
                    .map_or_else(|| "-".to_owned(), |timed| size(finding.unit, timed.size));
                match &finding.reached[place] {
                    Some(reached) => row.extend([
                        size(finding.unit, reached.size),
                        amount(reached.bill.capital),
                        amount(reached.bill.lost),
                        format!("{:.1}", reached.bill.days),
                        range(&reached.chance),
                        profit(reached),
                        waits,
                    ]),
                    None => {
                        let dash = || "-".to_owned();
                        row.extend([
                            "no size".to_owned(),
                            dash(),
                            dash(),
                            dash(),
                            format!("at most {}", range(&finding.most)),
                            dash(),
                            waits,
                        ]);
                    }
                }
                rows.push(row);
            }
        }
        let caption = "The cheapest attack of each kind whose chance is above the one asked for with its whole interval";
        Table { caption: caption.to_owned(), columns: columns.map(str::to_owned).to_vec(), rows }
    }

    fn remedies(&self) -> Table {
        const SHOWN: usize = 4;
        let columns = [
            "attack",
            "change",
            "what it does",
            "honest proposals that pass",
            "decisions take",
            "makes cheaper",
        ];
        let mut rows = Vec::new();
        let mut shown = 0;
        let mut last = "";
        for remedy in &self.remedies {
            shown = if remedy.attacker == last { shown + 1 } else { 0 };
            last = remedy.attacker;
            if shown >= SHOWN || (shown > 0 && remedy.factor <= 1.0 && !remedy.unprofitable) {
                continue;
            }
            let does = match (remedy.removed, remedy.unprofitable) {
                (true, _) => "removes it".to_owned(),
                (false, true) => format!("x {}, and it no longer pays", amount(remedy.factor)),
                (false, false) if remedy.factor <= 1.0 => "nothing removes it".to_owned(),
                (false, false) => format!("x {}", amount(remedy.factor)),
            };
            let nothing = !remedy.removed && !remedy.unprofitable && remedy.factor <= 1.0;
            rows.push(vec![
                remedy.attacker.to_owned(),
                if nothing { "all that were tried".to_owned() } else { remedy.change.clone() },
                does,
                percent(self.passed - remedy.passed_less),
                format!("{:+.1} days", remedy.days_more),
                remedy.opens.unwrap_or("-").to_owned(),
            ]);
        }
        let caption =
            "For each attack that succeeds, the single changes that do most, the least costly first";
        Table { caption: caption.to_owned(), columns: columns.map(str::to_owned).to_vec(), rows }
    }

    /// Chance of success against capital, for the attacks that cost money.
    fn curve(&self, attacks: &Attacks, place: usize) -> Option<Chart> {
        let market = super::Market::new(&self.terms, attacks.supply);
        let priced = ["whale", "sybil", "briber", "flash loan", "raider", "spammer", "griefer"];
        let mut series = Vec::new();
        for (number, attacker) in priced.iter().enumerate() {
            let Some(finding) = self.finding(attacker).filter(|finding| !finding.curve.is_empty()) else {
                continue;
            };
            let capital = |size: f64| {
                market.bill(finding.attacker, &self.terms, size, self.days, f64::from(finding.posts)).capital
            };
            let points = |edge: &dyn Fn(&Share) -> f64| -> Vec<(f64, f64)> {
                finding.curve.iter().map(|(size, share)| (capital(*size), edge(share))).collect()
            };
            if *attacker == "whale" {
                series.push(Series {
                    name: "whale, 90 %".to_owned(),
                    role: Role::Other(0),
                    mark: Mark::Band,
                    points: points(&|share| share.interval.0),
                    upper: finding.curve.iter().map(|(_, share)| share.interval.1).collect(),
                });
            }
            series.push(Series {
                name: finding.name(),
                role: Role::Other(number as u8),
                mark: Mark::Line,
                points: points(&|share| share.share),
                upper: Vec::new(),
            });
        }
        (!series.is_empty()).then(|| Chart {
            id: format!("capital-{place}"),
            title: "What money buys".to_owned(),
            description: "share of the proposals at which an attack succeeds, by the capital of the attacker"
                .to_owned(),
            plot: Plot::Xy {
                x: Axis { label: "capital, in money".to_owned(), scale: Scale::Log },
                y: Axis { label: "chance of success".to_owned(), scale: Scale::Linear },
                series,
            },
        })
    }

    /// Chance of success against the number of members that agree.
    fn members(&self, place: usize) -> Option<Chart> {
        let mut series = Vec::new();
        for (number, attacker) in ["cartel", "boycott"].into_iter().enumerate() {
            let Some(finding) = self.finding(attacker).filter(|finding| !finding.curve.is_empty()) else {
                continue;
            };
            series.push(Series {
                name: attacker.to_owned(),
                role: Role::Other(number as u8),
                mark: Mark::Step,
                points: finding.curve.iter().map(|(size, share)| (*size, share.share)).collect(),
                upper: Vec::new(),
            });
        }
        (!series.is_empty()).then(|| Chart {
            id: format!("members-{place}"),
            title: "How many have to agree".to_owned(),
            description:
                "share of the proposals that the most powerful members pass or stop, by their number"
                    .to_owned(),
            plot: Plot::Xy {
                x: Axis { label: "members that agree".to_owned(), scale: Scale::Linear },
                y: Axis { label: "share of the proposals".to_owned(), scale: Scale::Linear },
                series,
            },
        })
    }
}

impl Attacks {
    /// The findings of every scenario, to post.
    pub fn sentences(&self) -> Vec<String> {
        self.arms.iter().flat_map(Arm::sentences).collect()
    }

    /// The whole of it.
    pub fn document(&self) -> Document {
        let mut sections = Vec::new();
        for (place, arm) in self.arms.iter().enumerate() {
            let mut blocks: Vec<Block> =
                arm.sentences().into_iter().map(|text| Block::Text { text }).collect();
            blocks.push(Block::Table(arm.attacks()));
            blocks.extend(arm.curve(self, place).map(Block::Chart));
            blocks.extend(arm.members(place).map(Block::Chart));
            blocks.push(Block::Table(arm.remedies()));
            sections.push(Section { id: format!("arm-{place}"), title: arm.title.clone(), blocks });
        }
        sections.push(self.definitions());
        let first = self.arms.first();
        let verdict = first.map_or_else(Vec::new, Arm::sentences);
        Document {
            title: format!("Attacks on {}", self.dao),
            verdict: Verdict {
                outcome: Outcome::Neutral,
                text: verdict.into_iter().take(2).collect::<Vec<_>>().join(" "),
            },
            highlights: first.map_or_else(Vec::new, highlights),
            warnings: self.warnings(),
            manifest: vec![
                ("DAO".to_owned(), self.dao.clone()),
                ("runs".to_owned(), self.runs.to_string()),
                ("seed".to_owned(), self.seed.to_string()),
                ("daotwin".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
            ],
            sections,
        }
    }

    /// What a reader must know before using the figures.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = vec![
            "Everybody who votes is taken to vote against a harmful proposal. What sellers ask, who reads, who answers an alarm \
             and what a guardian does are terms, most of them assumed: the last table says which. Intervals are over runs and \
             do not cover errors of the model or of the terms. Several attackers at once are not tried."
                .to_owned(),
        ];
        if self.terms.known("treasury").is_none() {
            warnings.push(
                "The treasury is not given, so that gains, profits, raiders and arbitrageurs are not told; `treasury` in the terms \
                 says it."
                    .to_owned(),
            );
        }
        warnings
    }

    fn definitions(&self) -> Section {
        let rows = ATTACKERS.iter().map(|attacker| {
            [attacker.name, attacker.does, attacker.knows, attacker.costs, attacker.evidence]
                .map(str::to_owned)
                .to_vec()
        });
        let agents = Table {
            caption: "Who attacks, and who defends".to_owned(),
            columns: ["agent", "does", "knows", "pays", "evidence"].map(str::to_owned).to_vec(),
            rows: rows.collect(),
        };
        let rows = TERMS.iter().map(|term| {
            let value = self.terms.known(term.name);
            let value = value.map_or_else(|| "not given".to_owned(), |value| value.to_string());
            vec![term.name.to_owned(), value, term.what.to_owned()]
        });
        let terms = Table {
            caption: "Terms".to_owned(),
            columns: ["term", "value", "what it says"].map(str::to_owned).to_vec(),
            rows: rows.collect(),
        };
        Section {
            id: "definitions".to_owned(),
            title: "Agents and terms".to_owned(),
            blocks: vec![Block::Table(agents), Block::Table(terms)],
        }
    }

    /// The size that each attack needs, a row a run, scenario, attack and proposal: `run` and `proposal` from 0, `scenario`,
    /// `attack`, `size` in the unit of the attack (missing where no size succeeds). Proposals that an attack does not
    /// concern are left out.
    ///
    /// # Errors
    /// A defect of daotwin.
    pub fn rows(&self) -> Result<Frame> {
        let titles = labels(self.arms.iter().map(|arm| arm.title.clone()));
        let name = |plan: &super::Plan| {
            if plan.posts > 0 {
                format!("{}, {} posts", plan.attacker, plan.posts)
            } else {
                plan.attacker.to_owned()
            }
        };
        let names = labels(self.plans.iter().map(name));
        let code =
            |labels: &[String], name: &str| labels.iter().position(|label| label == name).unwrap_or(0) as u32;
        let (mut runs, mut proposals, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
        let (mut scenarios, mut attacks) = (Vec::new(), Vec::new());
        for (arm, plans) in self.arms.iter().zip(&self.sizes) {
            for (plan, own) in self.plans.iter().zip(plans) {
                let codes = (code(&titles, &arm.title), code(&names, &name(plan)));
                for (run, found) in own.iter().enumerate() {
                    for (proposal, size) in found.iter().enumerate().filter(|(_, size)| !size.is_nan()) {
                        runs.push(run as f64);
                        scenarios.push(codes.0);
                        attacks.push(codes.1);
                        proposals.push(proposal as f64);
                        sizes.push(if size.is_finite() { *size } else { f64::NAN });
                    }
                }
            }
        }
        let column = |name: &str, kind: Kind, optional: bool, numbers: &[f64]| {
            let known = || numbers.iter().copied().filter(|number| !number.is_nan());
            let bounds =
                known().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
            let bounds = if bounds.0 <= bounds.1 { bounds } else { (0.0, 0.0) };
            Column { name: name.to_owned(), kind, optional, bounds }
        };
        let columns = vec![
            column("run", Kind::Integer, false, &runs),
            column("scenario", Kind::Categorical { labels: titles.clone() }, false, &[]),
            column("attack", Kind::Categorical { labels: names.clone() }, false, &[]),
            column("proposal", Kind::Integer, false, &proposals),
            column("size", Kind::Numeric { decimals: None }, true, &sizes),
        ];
        let values = vec![
            Values::Number(runs),
            Values::Code(scenarios),
            Values::Code(attacks),
            Values::Number(proposals),
            Values::Number(sizes),
        ];
        Ok(Frame::new(columns, values)?)
    }
}

/// Names in ascending order, each once.
fn labels(names: impl Iterator<Item = String>) -> Vec<String> {
    let names: std::collections::BTreeSet<String> = names.collect();
    names.into_iter().collect()
}

fn highlights(arm: &Arm) -> Vec<Highlight> {
    let mut list = Vec::new();
    let mut push = |label: &str, figure: String, text: String| {
        list.push(Highlight { label: label.to_owned(), figure, outcome: Outcome::Neutral, text });
    };
    if let Some((finding, reached)) = arm.cheapest(0) {
        push(
            "Cheapest attack",
            amount(reached.bill.capital),
            format!("capital of {} that succeeds more often than not", finding.name()),
        );
    }
    if let Some(reached) = arm.finding("cartel").and_then(|finding| finding.reached[0]) {
        push(
            "Members that agree",
            format!("{:.0}", reached.size),
            "to pass anything, more often than not".to_owned(),
        );
    }
    if let Some(finding) = arm.finding("hidden payload") {
        push(
            "Hidden payload",
            percent(finding.most.share),
            "of the proposals would carry one through".to_owned(),
        );
    }
    list
}
