//! Compound's proposal 289, July 2024: a whale's third attempt at the treasury passes over a weekend.

pub mod delegates;

use super::vote::{self, Ballot, amount};
use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::engine::math;
use crate::governance::governor;
use crate::governance::governor_bravo::{Cancelling, GRACE, Settings};
use crate::governance::lifecycle::{State, Support};
use delegates::{DELEGATES, MEAN_TURNOUT, PROPOSALS, WEEKEND};

/// The replay.
#[derive(Debug)]
pub struct Compound289;

const CHAIN: Source =
    Source::primary("votes of Governor Bravo, June to December 2022 (data set `compound-bravo`)");
const CODE: Source =
    Source::primary("compound-finance/compound-protocol: GovernorBravoDelegate.sol; proposal 89");
const NOTICE: Source = Source::primary("comp.xyz/t/5220: Governance Security Notice, proposal 247");
/// Seconds a block.
const BLOCK: u64 = 12;

const QUORUM: Input =
    Input::new("quorum", Quantity::Exact(400_000.0), "COMP", Role::PublicBefore, "2021-04-14", CODE);
const THRESHOLD: Input =
    Input::new("to propose", Quantity::Exact(25_000.0), "COMP", Role::PublicBefore, "2022-03-16", CODE);
const DELAY: Input =
    Input::new("voting delay", Quantity::Exact(13_140.0), "blocks", Role::PublicBefore, "2021-07-01", CODE);
const PERIOD: Input =
    Input::new("voting period", Quantity::Exact(19_710.0), "blocks", Role::PublicBefore, "2021-07-01", CODE);
const TIMELOCK: Input =
    Input::new("timelock", Quantity::Exact(172_800.0), "seconds", Role::PublicBefore, "2020-03-03", CODE);
const TURNOUT: Input = Input::new(
    "mean power voting a proposal",
    Quantity::Exact(MEAN_TURNOUT),
    "COMP",
    Role::PublicBefore,
    "2022-12-17",
    CHAIN,
);
const WEEKENDS: Input = Input::new(
    "power voting over a weekend, by that on other days",
    Quantity::Exact(WEEKEND),
    "ratio",
    Role::PublicBefore,
    "2022-12-17",
    CHAIN,
);
const FLOOR: Input = Input::new(
    "attacker's power two months before",
    Quantity::Exact(325_333.0),
    "COMP",
    Role::PublicBefore,
    "2024-05-06",
    NOTICE,
);
const AIM: Input = Input::new(
    "attacker's power by the mean power voting a proposal",
    Quantity::Uniform(0.85, 1.15),
    "ratio",
    Role::Assumed,
    "2024-07-23",
    Source::judgement("twice beaten, it comes back once its power is that of a usual vote's whole turnout"),
);
const OPPOSED: Input = Input::new(
    "delegates against among those who vote",
    Quantity::Uniform(0.9, 1.0),
    "probability",
    Role::Assumed,
    "2024-07-23",
    Source::judgement(
        "proposal 247: more than seven times as much against as for, the proposer's own included",
    ),
);
const DRIFT: Input = Input::new(
    "turnout in 2024 by that in 2022",
    Quantity::Uniform(0.75, 1.25),
    "ratio",
    Role::Assumed,
    "2024-07-23",
    Source::judgement("the votes of 2023 and 2024 are not at hand; signs of the trend differ between DAOs"),
);

const CHANGES: &[Counterfactual] = &[
    Counterfactual { name: "guardian", change: "a guardian who was warned cancels in the timelock" },
    Counterfactual {
        name: "late-quorum",
        change: "the whale votes late as it likes, and the vote stays open for two days after the quorum is met",
    },
    Counterfactual { name: "turnout", change: "every delegate votes with a probability higher by 4 points" },
    Counterfactual { name: "weekday", change: "the vote runs on other days" },
];

const FIGURES: &[Figure] = &[
    Figure {
        name: "power for",
        unit: "COMP",
        published: 682_191.0,
        source: Source::secondary("the press on the chain's count, all alike"),
        disagrees: &[],
        reading: Reading::Predicted,
    },
    Figure {
        name: "power against",
        unit: "COMP",
        published: 633_636.0,
        source: Source::secondary("the press on the chain's count, all alike"),
        disagrees: &[],
        reading: Reading::Predicted,
    },
    Figure {
        name: "share for",
        unit: "share",
        published: 0.5184,
        source: Source::secondary("thedefiant.io"),
        disagrees: &["earlier attempts: 247 and 279 (comp.xyz, Chaos Labs); 118 and 247 (coindesk.com)"],
        reading: Reading::Predicted,
    },
];

impl Compound289 {
    /// A delegate's chance to vote.
    fn chance(votes: u32, scale: f64, more: f64) -> f64 {
        (f64::from(votes) / f64::from(PROPOSALS) * scale + more).min(1.0)
    }
}

impl Incident for Compound289 {
    fn name(&self) -> &'static str {
        "compound-289"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Compound",
            date: "2024-07-28",
            happened: "After two attempts that failed, a group around a whale asked for 499,000 COMP (5 % of the treasury), \
                in a vote over a weekend; it passed by 3.7 points. Two days later a truce replaced it.",
            rule: "`governor-bravo` with Compound's settings; the counterfactuals with a guardian and a late quorum on \
                `governor`, whose quorum counts abstaining too",
            agents: "40 delegates with power and turnout of 2022, each for itself; the whale votes with all it has, which is \
                what a usual vote's turnout would be",
            outcome: "passes and can be executed",
            limits: "Delegates are of 2022: some had left by 2024, others come; the whale's power at the snapshot was public \
                but is not in the data, so that it is a best response with a range. Delegates vote independently: \
                organised opposition makes turnout less spread than here",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] =
            &[QUORUM, THRESHOLD, DELAY, PERIOD, TIMELOCK, TURNOUT, WEEKENDS, FLOOR, AIM, OPPOSED, DRIFT];
        INPUTS
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn counterfactuals(&self) -> &'static [Counterfactual] {
        CHANGES
    }

    fn trial(&self, draws: Draws, change: Option<usize>) -> Result<Trial> {
        let change = change.map(|place| CHANGES[place].name);
        let weekend = if change == Some("weekday") { 1.0 } else { WEEKENDS.middle() };
        let more = if change == Some("turnout") { 0.04 } else { 0.0 };
        let scale = weekend * draws.of(&DRIFT);
        let late = change == Some("late-quorum");
        let period = PERIOD.middle();
        let power = (TURNOUT.middle() * draws.of(&AIM)).max(FLOOR.middle());
        let opening = if late { period * 0.97 } else { 0.0 };
        let mut ballots = vec![Ballot::new(opening, 0, Support::For, power)];
        for (member, &(power, votes)) in (1..).zip(DELEGATES) {
            let chance = Self::chance(votes, scale, more);
            let mut at = draws.uniform("time of the ballot", member) * period;
            if !draws.happens("votes", chance, member) {
                // Who missed the vote may still come in the extension: the same hazard for that long again.
                let extension = 2.0 * 86_400.0 / BLOCK as f64;
                let again = 1.0 - math::power((1.0 - chance).max(1e-12), extension / period);
                if !late || !draws.happens("votes in the extension", again, member) {
                    continue;
                }
                at = period + draws.uniform("time in the extension", member) * extension * 0.9;
            }
            let against = draws.happens("against", draws.of(&OPPOSED), member);
            let support = if against { Support::Against } else { Support::For };
            ballots.push(Ballot::new(at, member, support, power));
        }
        let ended = if late || change == Some("guardian") {
            let settings = governor::Settings {
                voting_delay: DELAY.middle() as u64,
                voting_period: period as u64,
                proposal_threshold: amount(THRESHOLD.middle()),
                quorum: governor::Quorum::Absolute(amount(QUORUM.middle())),
                super_quorum: None,
                counting: governor::Counting::Simple,
                late_quorum_extension: late.then_some(2 * 86_400 / BLOCK),
                guardian: governor::Guardian::Caller(u32::MAX),
                timelock: governor::Timelock::Compound { delay: TIMELOCK.middle() as u64, grace: GRACE },
            };
            let acts = if late { f64::INFINITY } else { period + 1.0 };
            vote::governor(&settings, BLOCK, power, 10_000_000.0, &mut ballots, acts)?
        } else {
            let settings = Settings {
                voting_delay: DELAY.middle() as u64,
                voting_period: period as u64,
                proposal_threshold: amount(THRESHOLD.middle()),
                quorum_votes: amount(QUORUM.middle()),
                timelock_delay: TIMELOCK.middle() as u64,
                grace: GRACE,
                cancelling: Cancelling::Bravo { whitelist_guardian: None },
            };
            vote::bravo(&settings, BLOCK, power, &mut ballots)?
        };
        let share = ended.in_favour / (ended.in_favour + ended.against);
        let recorded = ended.state == State::Executed;
        Ok(Trial { recorded, figures: vec![ended.in_favour, ended.against, share] })
    }
}
