//! Aragon, May 2023: a treasury handed over in parts is held back when raiders turn up.

use super::vote::{amount, refused};
use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::governance::aragon_voting::{Settings, Vote};

/// The replay.
#[derive(Debug)]
pub struct Aragon;

const BLOG: Source = Source::primary("blog.aragon.org, 2023-05-09: Aragon repurposes DAO");
const FORUM: Source = Source::primary("forum.aragon.org/t/4063: Expedite Treasury Transfer");
const VOTERS: u32 = 30;
const DAY: u64 = 86_400;
const WHOLE: f64 = 1e18;

const TREASURY: Input =
    Input::new("treasury", Quantity::Exact(200.0), "M USD", Role::PublicBefore, "2023-05-09", BLOG);
const FIRST: Input =
    Input::new("handed over first", Quantity::Exact(0.3), "M USD", Role::PublicBefore, "2023-04-30", BLOG);
const SUPPLY: Input = Input::new(
    "supply",
    Quantity::Exact(43_166_685.0),
    "ANT",
    Role::PublicBefore,
    "2023-05-01",
    Source::judgement("the token's supply after its migration; not looked up again"),
);
const PRICE: Input = Input::new(
    "price",
    Quantity::Uniform(2.75, 3.25),
    "USD",
    Role::PublicBefore,
    "2023-05-09",
    Source::secondary("coindesk.com, 2023-05-10"),
);
const TURNOUT: Input = Input::new(
    "power that votes on average",
    Quantity::Exact(600_000.0),
    "wANT",
    Role::PublicBefore,
    "2023-05-01",
    FORUM,
)
.but(&["read from a post of weeks later about the votes of that year"]);
const AWAKE: Input = Input::new(
    "turnout of a contested vote, by the average",
    Quantity::Uniform(1.0, 2.5),
    "ratio",
    Role::Assumed,
    "2023-05-01",
    Source::judgement("voters come back on contention (Compound, 2022)"),
);
const AGAINST: Input = Input::new(
    "other voters against the raiders",
    Quantity::Uniform(0.4, 0.9),
    "probability",
    Role::Assumed,
    "2023-05-01",
    Source::judgement("a buy-back lifts everybody's token: many holders gain by it"),
);
const RAIDERS: Input = Input::new(
    "raiders' tokens",
    Quantity::LogUniform(500_000.0, 5_000_000.0),
    "wANT",
    Role::AttackerMeans,
    "2023-05-08",
    Source::judgement("1.5 to 15 M USD: a fund of 200 M and a group of traders, below book value"),
);
const SUPPORT: Input = Input::new(
    "support required",
    Quantity::Exact(0.5),
    "share of ballots",
    Role::PublicBefore,
    "2023-02-01",
    Source::primary("aragon/aragon-apps: Voting.sol; the usual setting"),
);
const QUORUM: Input = Input::new(
    "minimum acceptance quorum",
    Quantity::Exact(0.001),
    "share of supply",
    Role::Assumed,
    "2023-02-01",
    Source::judgement(
        "`low quorum and threshold parameters` at first (forum.aragon.org/t/3907), number not found",
    ),
);
const HALTS: Input = Input::new(
    "the association stops what it has not sent yet",
    Quantity::Uniform(0.85, 1.0),
    "probability",
    Role::Assumed,
    "2023-05-01",
    Source::judgement(
        "it kept the treasury because it `anticipated this risk` (blog.aragon.org); a fiduciary duty in law",
    ),
);

const CHANGES: &[Counterfactual] = &[
    Counterfactual { name: "all-at-once", change: "the whole treasury is handed over before anybody raids" },
    Counterfactual {
        name: "rage-quit",
        change: "anyone may leave with their part of the treasury at any time",
    },
    Counterfactual { name: "price-at-book", change: "the token trades at its part of the treasury" },
    Counterfactual { name: "turnout", change: "ten times the power votes" },
];

const FIGURES: &[Figure] = &[
    Figure {
        name: "raiders win any vote",
        unit: "probability",
        published: 1.0,
        source: Source::secondary(
            "a member of the group to coindesk.com, 2023-05-10; `51 % attack` (blog.aragon.org)",
        ),
        disagrees: &[],
        reading: Reading::Predicted,
    },
    Figure {
        name: "price by book value",
        unit: "ratio",
        published: 0.67,
        source: Source::secondary(
            "30-day mean price of 3.09 USD (coindesk.com) by 200 M USD over the supply",
        ),
        disagrees: &["the treasury is 170 M USD in a forum post of the same weeks"],
        reading: Reading::Arithmetic,
    },
];

impl Incident for Aragon {
    fn name(&self) -> &'static str {
        "aragon"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Aragon",
            date: "2023-05-09",
            happened: "Having sent a first 300,000 of 200 million dollars to a DAO of its token's holders, the association saw \
                raiders who could win any vote there, and stopped the rest.",
            rule: "`aragon-voting`: the raiders' motion at the DAO's settings, run to its end",
            agents: "Raiders with a range of tokens, who move only where the token is below book; 30 other voters with the usual \
                turnout, more awake than usual; the association, which sees the motion's strength and decides",
            outcome: "raiders have the majority and the association stops the transfer",
            limits: "The raiders' tokens are a range of a factor of ten; the association's decision is a probability, near one by \
                assumption: what is predicted is that raiders win",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] =
            &[TREASURY, FIRST, SUPPLY, PRICE, TURNOUT, AWAKE, AGAINST, RAIDERS, SUPPORT, QUORUM, HALTS];
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
        let book = TREASURY.middle() * 1e6 / SUPPLY.middle();
        let price = if change == Some("price-at-book") { book } else { draws.of(&PRICE) };
        // A raid pays below book only; where one can leave at book, leaving is the cheaper way to it.
        let raids = price < book && change != Some("rage-quit");
        let settings = Settings {
            support_required: (SUPPORT.middle() * WHOLE) as u64,
            minimum_acceptance_quorum: (QUORUM.middle() * WHOLE) as u64,
            vote_time: 7 * DAY,
            objection_phase: 0,
            early_execution: true,
        };
        let more = if change == Some("turnout") { 10.0 } else { 1.0 };
        let each = TURNOUT.middle() * draws.of(&AWAKE) * more / f64::from(VOTERS);
        let mut wins = false;
        if raids {
            let mut vote = Vote::start(0, amount(SUPPLY.middle()), VOTERS as usize + 1).map_err(refused)?;
            vote.cast(&settings, 1, 0, true, amount(draws.of(&RAIDERS))).map_err(refused)?;
            for voter in 1..=VOTERS {
                let yea = !draws.happens("against the raiders", draws.of(&AGAINST), voter);
                let at = 2 + (draws.uniform("time of the ballot", voter) * (7 * DAY - 3) as f64) as u64;
                vote.cast(&settings, at, voter, yea, amount(each)).map_err(refused)?;
            }
            wins = vote.can_execute(&settings, 7 * DAY);
        }
        let can_stop = change != Some("all-at-once");
        let recorded = wins && can_stop && draws.happens("stops", draws.of(&HALTS), 0);
        Ok(Trial { recorded, figures: vec![f64::from(u8::from(wins)), price / book] })
    }
}
