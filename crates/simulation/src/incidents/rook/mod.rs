//! Rook, April 2023: a token below the value of its treasury is bought, and its buyers vote to pay the treasury out.

use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::engine::math;
use crate::governance::snapshot::winner;
use crate::governance::snapshot_single::SingleChoice;

/// The replay.
#[derive(Debug)]
pub struct Rook;

const COINDESK: Source = Source::secondary("coindesk.com, 2023-04-11");
const HOLDERS: u32 = 60;

const BEFORE: Input = Input::new(
    "price before the raid",
    Quantity::Uniform(12.0, 16.0),
    "USD",
    Role::PublicBefore,
    "2023-03-20",
    Source::secondary("coindesk.com, 2023-04-11: tripled to 42 USD over recent weeks"),
);
const PAYOUT: Input = Input::new(
    "treasury a token",
    Quantity::Exact(40.43),
    "USD",
    Role::PublicBefore,
    "2023-04-10",
    Source::primary("0xWismerhill, the raiders' spokesman, on the spin-off"),
)
.but(&["54.9 USD a token of the whole treasury (forum.rook.fi/t/511, before the split)"]);
const WHOLE: Input = Input::new(
    "whole treasury",
    Quantity::Uniform(44.0, 50.0),
    "M USD",
    Role::PublicBefore,
    "2023-04-05",
    Source::secondary("nearly 50 (prismnews.net)"),
);
const SHARE: Input = Input::new(
    "holders' part of it",
    Quantity::Uniform(0.5, 0.6),
    "share",
    Role::PublicBefore,
    "2023-04-05",
    Source::secondary("50 % (prismnews.net), 57 % (0xWismerhill), 60 % (coindesk.com)"),
)
.but(&["50 %", "57 %", "60 %"]);
const RAIDERS: Input = Input::new(
    "raiders' part of the power that votes",
    Quantity::Uniform(0.1, 0.35),
    "share",
    Role::AttackerMeans,
    "2023-04-10",
    Source::judgement("enough to elect all four overseers (coindesk.com)"),
);
const LABS: Input = Input::new(
    "the team's part of the power that votes",
    Quantity::Uniform(0.05, 0.3),
    "share",
    Role::Assumed,
    "2023-04-10",
    Source::judgement("11 % of salaries were paid in ROOK (forum.rook.fi/t/511)"),
);
const LOYAL: Input = Input::new(
    "the team votes against",
    Quantity::Uniform(0.0, 0.5),
    "probability",
    Role::Assumed,
    "2023-04-10",
    Source::judgement("it had made the deal and wished the holders gone (forum.rook.fi/t/505)"),
);
const SPREAD: Input = Input::new(
    "spread of what a token is worth to its holder, above the price",
    Quantity::Uniform(0.3, 1.0),
    "log units",
    Role::Assumed,
    "2023-04-10",
    Source::judgement("who holds values it at least at the price; reservation prices differ"),
);
const BELIEF: Input = Input::new(
    "traders' belief in the payout",
    Quantity::Uniform(0.9, 1.0),
    "probability",
    Role::Assumed,
    "2023-04-10",
    Source::judgement("four supporters sat on the body that gates votes"),
);
const HALTS: Input = Input::new(
    "the team stops after a first hostile vote where it still can",
    Quantity::Uniform(0.7, 1.0),
    "probability",
    Role::Assumed,
    "2023-04-10",
    Source::judgement("as Aragon did a month later"),
);

const CHANGES: &[Counterfactual] = &[
    Counterfactual {
        name: "rage-quit",
        change: "anyone may leave with their part of the treasury at any time",
    },
    Counterfactual {
        name: "staged-treasury",
        change: "a twentieth of the treasury is handed over at a time",
    },
    Counterfactual { name: "no-raiders", change: "the raiders hold nothing" },
];

const FIGURES: &[Figure] = &[
    Figure {
        name: "price during the vote",
        unit: "USD",
        published: 42.0,
        source: COINDESK,
        disagrees: &[],
        reading: Reading::Predicted,
    },
    Figure {
        name: "paid out",
        unit: "M USD",
        published: 25.0,
        source: COINDESK,
        disagrees: &[],
        reading: Reading::Arithmetic,
    },
];

impl Incident for Rook {
    fn name(&self) -> &'static str {
        "rook"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Rook",
            date: "2023-04-13",
            happened: "Investors bought a token that traded at a third of the treasury behind it. The team split the treasury; \
                the holders' part went to a new DAO, whose voters chose to pay all of it out.",
            rule: "`snapshot-basic`: pay out or not, more power wins. Overseers, who gate votes, were four supporters, so that \
                the gate is open",
            agents: "Raiders, the team, and 60 holders who each vote for the payout if it is above what the token is worth to \
                them (reservation price)",
            outcome: "the payout is voted",
            limits: "Shares of power are ranges: the tallies were not found. The vote was one-sided; the replay says so and \
                little more",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] = &[BEFORE, PAYOUT, WHOLE, SHARE, RAIDERS, LABS, LOYAL, SPREAD, BELIEF, HALTS];
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
        let (before, payout, spread) = (draws.of(&BEFORE), PAYOUT.middle(), draws.of(&SPREAD));
        let raiders = if change == Some("no-raiders") { 0.0 } else { draws.of(&RAIDERS) };
        let labs = draws.of(&LABS);
        let each = (1.0 - raiders - labs) / f64::from(HOLDERS);
        // Who may leave with the same money leaves alone; who stays values the token above it.
        let leaves = change == Some("rage-quit");
        let mut count = SingleChoice::new(2);
        if raiders > 0.0 && !leaves {
            count.cast(1, raiders);
        }
        for holder in 0..HOLDERS {
            let worth = before * math::exp(spread * draws.normal("worth to a holder", holder).abs());
            if worth >= payout {
                count.cast(2, each);
            } else if !leaves {
                count.cast(1, each);
            }
        }
        count.cast(if draws.happens("team against", draws.of(&LOYAL), 0) || leaves { 2 } else { 1 }, labs);
        let passes = winner(count.scores()) == Some(1);
        let stopped = change == Some("staged-treasury") && draws.happens("stopped", draws.of(&HALTS), 0);
        let recorded = passes && !stopped;
        let belief = draws.of(&BELIEF);
        let price = belief * payout + (1.0 - belief) * before;
        let paid = if recorded { draws.of(&WHOLE) * draws.of(&SHARE) } else { f64::NAN };
        Ok(Trial { recorded, figures: vec![price, paid] })
    }
}
