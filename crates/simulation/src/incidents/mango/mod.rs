//! Mango, October 2022: a thief votes with what it stole, and falls short of the quorum.

use super::vote::{self, Ballot, amount};
use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::governance::governor_bravo::{Cancelling, GRACE, Settings};
use crate::governance::lifecycle::{State, Support};

/// The replay.
#[derive(Debug)]
pub struct Mango;

const DAO: Source = Source::primary("Mango DAO's counter-proposal, quoted in decrypt.co/112016");
const DAY: f64 = 86_400.0;

const STOLEN: Input =
    Input::new("stolen MNGO", Quantity::Exact(32_409_565.0), "MNGO", Role::AttackerMeans, "2022-10-12", DAO);
const QUORUM: Input = Input::new(
    "quorum",
    Quantity::Exact(100_000_000.0),
    "MNGO",
    Role::PublicBefore,
    "2022-10-12",
    Source::secondary("about 100 million, 2 % of 5 billion MNGO (research notes on Realms)"),
);
const PERIOD: Input = Input::new(
    "vote",
    Quantity::Exact(3.0),
    "days",
    Role::PublicBefore,
    "2022-10-12",
    Source::secondary("12 to 15 October (press)"),
);
const VOTING: Input = Input::new(
    "power of holders who vote when their money is gone",
    Quantity::LogUniform(100_000_000.0, 500_000_000.0),
    "MNGO",
    Role::Assumed,
    "2022-10-12",
    Source::judgement(
        "between the quorum and a third of what circulated; no count of an earlier vote is at hand",
    ),
);
const HOLDERS: Input = Input::new(
    "holders among whom that power is spread",
    Quantity::Exact(30.0),
    "holders",
    Role::Assumed,
    "2022-10-12",
    Source::judgement("Snapshot's mean votes a proposal, 92, median 6 (meteradar, 2022)"),
);
const SIDING: Input = Input::new(
    "holders who side with the thief",
    Quantity::Uniform(0.0, 0.2),
    "probability",
    Role::Assumed,
    "2022-10-12",
    Source::judgement(
        "the offer pays depositors from the DAO's treasury and asks for impunity: holders lose by it",
    ),
);
const OFFER: Input = Input::new(
    "holders for the DAO's own counter-offer",
    Quantity::Uniform(0.8, 1.0),
    "probability",
    Role::Assumed,
    "2022-10-14",
    Source::judgement("status-quo and approval bias: 86 % of Snapshot's ballots say yes"),
);
const ASLEEP: Input = Input::new(
    "holders who vote on a proposal that no theft made known",
    Quantity::Uniform(0.01, 0.05),
    "probability",
    Role::Assumed,
    "2022-10-12",
    Source::judgement("passive holders vote in 0.4 to 5 % of votes (activity clusters over 14 DAOs)"),
);

const CHANGES: &[Counterfactual] = &[
    Counterfactual {
        name: "low-quorum",
        change: "the quorum is 25 million MNGO, half a percent of the supply",
    },
    Counterfactual {
        name: "low-quorum-unnoticed",
        change: "the quorum is 25 million MNGO, and no theft has woken the holders",
    },
    Counterfactual { name: "high-quorum", change: "the quorum is 3 % of the supply, 150 million MNGO" },
    Counterfactual {
        name: "more-capital",
        change: "the thief buys another 500 million MNGO before it votes",
    },
];

const FIGURES: &[Figure] = &[
    Figure {
        name: "short of the quorum with the thief's ballot alone",
        unit: "M MNGO",
        published: 66.7,
        source: Source::secondary("press on the standing of the vote"),
        disagrees: &["33 million stolen MNGO (press), 32.41 million (the DAO's own list)"],
        reading: Reading::Arithmetic,
    },
    Figure {
        name: "power for the counter-offer",
        unit: "M MNGO",
        published: 473.0,
        source: Source::secondary("news.bitdegree.org: around 473 million votes in favour"),
        disagrees: &[],
        reading: Reading::Predicted,
    },
];

impl Incident for Mango {
    fn name(&self) -> &'static str {
        "mango"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Mango DAO",
            date: "2022-10-15",
            happened: "Having drained some 110 million dollars, the thief proposed to give a part back if the DAO paid bad debt \
                and asked for no prosecution, and voted for it with the stolen tokens. The quorum was not met; the DAO's \
                counter-offer (67 million back, 47 million kept) went through.",
            rule: "`governor-bravo` in seconds: for above against, quorum on for, as SPL governance counts a yes-threshold",
            agents: "The thief; 30 holders of the power that votes, each awake, each with its own side",
            outcome: "the thief's proposal fails and the DAO's counter-offer passes",
            limits: "How much power votes when everyone is awake is a range: the counter-offer's 473 million lies near its upper \
                end, and the simulated mean is far below it. SPL governance's own parameters were not found in a primary source",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] = &[STOLEN, QUORUM, PERIOD, VOTING, HOLDERS, SIDING, OFFER, ASLEEP];
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
        let quorum = match change {
            Some("low-quorum" | "low-quorum-unnoticed") => 25_000_000.0,
            Some("high-quorum") => 150_000_000.0,
            _ => QUORUM.middle(),
        };
        let settings = Settings {
            voting_delay: 1,
            voting_period: (PERIOD.middle() * DAY) as u64,
            proposal_threshold: amount(1.0),
            quorum_votes: amount(quorum),
            timelock_delay: 0,
            grace: GRACE,
            cancelling: Cancelling::Bravo { whitelist_guardian: None },
        };
        let bought = if change == Some("more-capital") { 500_000_000.0 } else { 0.0 };
        let thief = STOLEN.middle() + bought;
        let holders = HOLDERS.middle() as u32;
        let each = draws.of(&VOTING) / f64::from(holders);
        let unnoticed = change == Some("low-quorum-unnoticed");
        let cast = |name: &str, yes: f64, awake: bool| {
            let mut ballots = Vec::with_capacity(holders as usize + 1);
            for member in 1..=holders {
                if !awake && !draws.happens("awake", draws.of(&ASLEEP), member) {
                    continue;
                }
                let support = if draws.happens(name, yes, member) { Support::For } else { Support::Against };
                let at = draws.uniform("time of the ballot", member) * (PERIOD.middle() * DAY - 1.0);
                ballots.push(Ballot::new(at, member, support, each));
            }
            ballots
        };
        let mut demand = cast("sides with the thief", draws.of(&SIDING), !unnoticed);
        demand.push(Ballot::new(0.0, 0, Support::For, thief));
        let first = vote::bravo(&settings, 1, thief, &mut demand)?;
        let mut offer = cast("takes the offer", draws.of(&OFFER), true);
        let second = vote::bravo(&settings, 1, 2.0, &mut offer)?;
        let recorded = first.state == State::Defeated && second.state == State::Executed;
        let short = (quorum - thief) / 1e6;
        Ok(Trial { recorded, figures: vec![short, second.in_favour / 1e6] })
    }
}
