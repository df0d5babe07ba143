//! Synthetify, October 2023: nobody looks at a DAO that sleeps.

use super::attention::{answer, first_notice};
use super::vote::{self, Ballot, amount};
use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::governance::governor::{Counting, Guardian, Quorum, Settings, Timelock};
use crate::governance::lifecycle::{State, Support};

/// The replay.
#[derive(Debug)]
pub struct Synthetify;

const PRESS: Source =
    Source::secondary("Blockworks, 2023-10-24, after Neodyme (binance.com/square/post/1482126)");
const HOUR: f64 = 3_600.0;

const PERIOD: Input = Input::new(
    "vote",
    Quantity::Uniform(48.0, 120.0),
    "hours",
    Role::Assumed,
    "2023-10-01",
    Source::judgement("Realms' usual settings; the DAO's own were not found"),
);
const ATTACKER: Input = Input::new(
    "attacker's power by the quorum",
    Quantity::Uniform(1.0, 1.5),
    "ratio",
    Role::AttackerMeans,
    "2023-10-17",
    PRESS,
);
const PROPOSALS: Input = Input::new(
    "proposals that look alike",
    Quantity::Exact(10.0),
    "proposals",
    Role::AttackerMeans,
    "2023-10-17",
    PRESS,
);
const WATCHERS: Input = Input::new(
    "members who still look in",
    Quantity::Uniform(2.0, 8.0),
    "members",
    Role::Assumed,
    "2023-10-01",
    Source::judgement(
        "the team had announced to wind down in April; 53 % of 30,000 DAOs sleep for half a year",
    ),
);
const LOOK: Input = Input::new(
    "between two looks",
    Quantity::LogUniform(30.0, 180.0),
    "days",
    Role::Assumed,
    "2023-10-01",
    Source::judgement("a month to half a year without a proposal"),
);
const SAMPLE: Input = Input::new(
    "proposals that a member opens before it shrugs",
    Quantity::Uniform(1.0, 6.0),
    "proposals",
    Role::Assumed,
    "2023-10-01",
    Source::judgement("nine of ten are empty"),
);
const DEFENDERS: Input = Input::new(
    "power that can be called against, by the quorum",
    Quantity::Uniform(0.5, 4.0),
    "ratio",
    Role::Assumed,
    "2023-10-01",
    Source::judgement("earlier votes had met the quorum"),
);
const ANSWER: Input = Input::new(
    "from the alarm to a ballot",
    Quantity::LogUniform(6.0, 72.0),
    "hours",
    Role::Assumed,
    "2023-10-01",
    Source::judgement("holders of a DAO that winds down"),
);
const LIQUID: Input = Input::new(
    "treasury in USDC, mSOL and stSOL",
    Quantity::Uniform(215.0, 245.0),
    "thousand USD",
    Role::PublicBefore,
    "2023-10-17",
    Source::secondary("read back from what was taken, with a range for the price of SOL in those days"),
);

const CHANGES: &[Counterfactual] = &[
    Counterfactual {
        name: "notification",
        change: "every holder is told of each proposal, and reads all ten",
    },
    Counterfactual { name: "veto-council", change: "a paid council reads everything and may veto" },
    Counterfactual { name: "one-proposal", change: "the attacker makes the one proposal alone" },
    Counterfactual { name: "quorum", change: "the quorum is twice as high" },
];

const FIGURES: &[Figure] = &[Figure {
    name: "taken",
    unit: "thousand USD",
    published: 230.0,
    source: Source::secondary("Blockworks, after Neodyme"),
    disagrees: &[
        "89,669 USD were left; nine proposals empty and one not (Neodyme), the reverse (cmnnews.live)",
    ],
    reading: Reading::Arithmetic,
}];

impl Incident for Synthetify {
    fn name(&self) -> &'static str {
        "synthetify"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Synthetify",
            date: "2023-10-17",
            happened: "Ten proposals that looked alike were made in a DAO that slept; nine were empty, the tenth took the \
                treasury. Its maker's own tokens met the quorum. Nobody noticed in time.",
            rule: "`governor` in seconds: quorum on for (nobody abstains), for above against, no timelock; the council is its \
                guardian. In units of the quorum",
            agents: "The attacker votes at once; few members look in, rarely, and open some of the ten; one who finds it calls \
                the others",
            outcome: "the tenth proposal is executed",
            limits: "Quorum, period and holdings of the DAO were not found: all in ratios and ranges. The sum taken is read back \
                from the record and checks nothing but arithmetic",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] =
            &[PERIOD, ATTACKER, PROPOSALS, WATCHERS, LOOK, SAMPLE, DEFENDERS, ANSWER, LIQUID];
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
        let made = if change == Some("one-proposal") { 1.0 } else { PROPOSALS.middle() };
        let told = matches!(change, Some("notification" | "veto-council"));
        let sees = if told { 1.0 } else { (draws.of(&SAMPLE) / made).min(1.0) };
        let look = if told { 12.0 } else { draws.of(&LOOK) * 24.0 };
        let alarm = first_notice(draws, draws.of(&WATCHERS) as u32, look, sees);
        let period = draws.of(&PERIOD);
        let quorum = 1_000.0 * if change == Some("quorum") { 2.0 } else { 1.0 };
        let attacker = 1_000.0 * draws.of(&ATTACKER);
        let mut ballots = vec![Ballot::new(0.0, 0, Support::For, attacker)];
        let defenders = 10;
        let each = 1_000.0 * draws.of(&DEFENDERS) / f64::from(defenders);
        for member in 1..=defenders {
            let at = answer(draws, alarm, draws.of(&ANSWER), 1.0, member);
            if at.is_finite() {
                ballots.push(Ballot::new(at * HOUR, member, Support::Against, each));
            }
        }
        let council = change == Some("veto-council");
        let settings = Settings {
            voting_delay: 1,
            voting_period: (period * HOUR) as u64,
            proposal_threshold: amount(1.0),
            quorum: Quorum::Absolute(amount(quorum)),
            super_quorum: None,
            counting: Counting::Simple,
            late_quorum_extension: None,
            guardian: if council { Guardian::Caller(u32::MAX) } else { Guardian::Absent },
            timelock: Timelock::None,
        };
        let veto = if council { alarm * HOUR } else { f64::INFINITY };
        let ended = vote::governor(&settings, 1, attacker, 100_000.0, &mut ballots, veto)?;
        let recorded = ended.state == State::Executed;
        Ok(Trial { recorded, figures: vec![if recorded { draws.of(&LIQUID) } else { f64::NAN }] })
    }
}
