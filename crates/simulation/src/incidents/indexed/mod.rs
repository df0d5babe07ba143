//! Indexed Finance, November 2023: old voters are called back in the last hours.

use super::attention::{answer, first_notice};
use super::vote::{self, Ballot, amount};
use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::governance::Amount;
use crate::governance::governor_bravo::{Cancelling, GRACE, Settings};
use crate::governance::lifecycle::{State, Support};

/// The replay.
#[derive(Debug)]
pub struct Indexed;

const DOCS: Source = Source::primary("docs.indexed.finance: Using your vote; a fork of Governor Alpha");
const BALLOTS: Source = Source::primary("ballots on proposal 17, March 2022 (boardroom.io/indexed)");
const HOUR: f64 = 3_600.0;

const THRESHOLD: Input =
    Input::new("to propose", Quantity::Exact(100_000.0), "NDX", Role::PublicBefore, "2021-10-04", DOCS);
const QUORUM: Input =
    Input::new("quorum", Quantity::Exact(400_000.0), "NDX", Role::PublicBefore, "2021-10-04", DOCS);
const PERIOD: Input =
    Input::new("vote", Quantity::Exact(72.0), "hours", Role::PublicBefore, "2021-10-04", DOCS);
const TIMELOCK: Input =
    Input::new("timelock", Quantity::Exact(48.0), "hours", Role::PublicBefore, "2021-10-04", DOCS);
/// Who voted twenty months before.
const VOTERS: [Input; 5] = [
    Input::new(
        "old voter 0x7322",
        Quantity::Exact(522_227.0),
        "NDX",
        Role::PublicBefore,
        "2022-03-06",
        BALLOTS,
    ),
    Input::new(
        "old voter 0x9D31",
        Quantity::Exact(200_001.0),
        "NDX",
        Role::PublicBefore,
        "2022-03-06",
        BALLOTS,
    ),
    Input::new(
        "old voter 0xF159",
        Quantity::Exact(100_000.0),
        "NDX",
        Role::PublicBefore,
        "2022-03-06",
        BALLOTS,
    ),
    Input::new(
        "old voter 0x0000",
        Quantity::Exact(25_647.0),
        "NDX",
        Role::PublicBefore,
        "2022-03-06",
        BALLOTS,
    ),
    Input::new(
        "old voter 0xED27",
        Quantity::Exact(10_075.0),
        "NDX",
        Role::PublicBefore,
        "2022-03-06",
        BALLOTS,
    ),
];
const OTHERS: Input = Input::new(
    "power of others who voted elsewhere",
    Quantity::Uniform(0.0, 400_000.0),
    "NDX",
    Role::Assumed,
    "2023-11-01",
    Source::judgement(
        "289,000 NDX voted on Snapshot at its first reward vote; who of them holds on is unknown",
    ),
);
const ATTACKER: Input = Input::new(
    "attacker's tokens",
    Quantity::Uniform(400_000.0, 500_000.0),
    "NDX",
    Role::AttackerMeans,
    "2023-11-16",
    Source::judgement("the quorum, which cost 4,000 USD (theforum24.com), and not much more"),
);
const WATCHERS: Input = Input::new(
    "former contributors and holders who look in",
    Quantity::Uniform(5.0, 15.0),
    "members",
    Role::Assumed,
    "2023-11-01",
    Source::judgement("a lawsuit over the hack of 2021 keeps them together"),
);
const LOOK: Input = Input::new(
    "between two looks",
    Quantity::LogUniform(3.0, 30.0),
    "days",
    Role::Assumed,
    "2023-11-01",
    Source::judgement("no vote since mid-2022; governance bots of third parties still post proposals"),
);
const ANSWER: Input = Input::new(
    "from the call to a ballot",
    Quantity::LogUniform(3.0, 24.0),
    "hours",
    Role::Assumed,
    "2023-11-01",
    Source::judgement("called one by one, with money at stake"),
);
const REACHED: Input = Input::new(
    "old voters who can be reached and still hold",
    Quantity::Uniform(0.6, 1.0),
    "probability",
    Role::Assumed,
    "2023-11-01",
    Source::judgement("twenty months later, a token near zero is held by whom it no longer pays to sell"),
);
const PRICE: Input = Input::new(
    "price of NDX",
    Quantity::Exact(0.01),
    "USD",
    Role::PublicBefore,
    "2023-11-16",
    Source::secondary("400,000 NDX for 4,000 USD (theforum24.com)"),
);
const TREASURY: Input = Input::new(
    "treasury",
    Quantity::Uniform(90.0, 120.0),
    "thousand USD",
    Role::PublicBefore,
    "2023-11-16",
    Source::secondary("90 (theforum24.com), 120 (blockbriefly.com, welt-news.com)"),
)
.but(&["90 thousand USD", "120 thousand USD"]);

const CHANGES: &[Counterfactual] = &[
    Counterfactual { name: "short-vote", change: "the vote lasts a day" },
    Counterfactual { name: "nobody-called", change: "who notices votes alone and calls nobody" },
    Counterfactual { name: "cost-above-gain", change: "the quorum costs more than the treasury is worth" },
    Counterfactual { name: "more-capital", change: "the attacker buys a million NDX" },
];

const FIGURES: &[Figure] = &[
    Figure {
        name: "cost of the quorum",
        unit: "USD",
        published: 4_000.0,
        source: Source::secondary("theforum24.com"),
        disagrees: &[],
        reading: Reading::Arithmetic,
    },
    Figure {
        name: "left of the vote when it turned",
        unit: "hours",
        published: 1.0,
        source: Source::secondary("the press: about an hour; `within an hour of approval`"),
        disagrees: &[],
        reading: Reading::Predicted,
    },
];

impl Incident for Indexed {
    fn name(&self) -> &'static str {
        "indexed"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Indexed Finance",
            date: "2023-11-19",
            happened: "Somebody bought the quorum of a DAO that slept for 4,000 dollars and proposed, without a title, to take \
                its treasury. A former contributor noticed and called old voters, who turned the vote in its last hours. A \
                second attacker later settled for 10,000 dollars.",
            rule: "`governor-alpha` (the machine of Governor Bravo with Alpha's cancelling) in seconds with the DAO's settings",
            agents: "The attacker votes at once; former contributors look in; who notices calls the five voters of the last \
                recorded proposal, and others, who answer if they are reached",
            outcome: "the first proposal is defeated",
            limits: "How often former contributors look is a range and decides the probability; power of old voters is that of \
                twenty months before. The second attempt and its settlement are not simulated",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] = &[
            THRESHOLD, QUORUM, PERIOD, TIMELOCK, VOTERS[0], VOTERS[1], VOTERS[2], VOTERS[3], VOTERS[4],
            OTHERS, ATTACKER, WATCHERS, LOOK, ANSWER, REACHED, PRICE, TREASURY,
        ];
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
        let hours = if change == Some("short-vote") { 24.0 } else { PERIOD.middle() };
        let treasury = draws.of(&TREASURY) * 1e3;
        let quorum =
            if change == Some("cost-above-gain") { 1.2 * treasury / PRICE.middle() } else { QUORUM.middle() };
        let attacker = if change == Some("more-capital") { 1e6 } else { draws.of(&ATTACKER) };
        let cost = quorum * PRICE.middle();
        // Who would lose by it does not buy.
        if cost > treasury {
            return Ok(Trial { recorded: true, figures: vec![cost, f64::NAN] });
        }
        let alarm = first_notice(draws, draws.of(&WATCHERS) as u32, draws.of(&LOOK) * 24.0, 1.0);
        let (delay, reached) = (draws.of(&ANSWER), draws.of(&REACHED));
        let mut ballots = vec![Ballot::new(0.0, 0, Support::For, attacker)];
        let others = draws.of(&OTHERS) / 5.0;
        let powers = VOTERS.iter().map(Input::middle).chain([others; 5]);
        let (mut against, mut turned) = (0.0, f64::INFINITY);
        let mut answers = Vec::new();
        for (member, power) in (1..).zip(powers) {
            let called = change != Some("nobody-called")
                || member == 1 + (draws.uniform("noticed by", 0) * 10.0) as u32;
            let at = answer(draws, alarm, delay, reached, member);
            if called && at < hours {
                answers.push((at, power));
                ballots.push(Ballot::new(at * HOUR, member, Support::Against, power));
            }
        }
        answers.sort_by(|left, right| left.0.total_cmp(&right.0));
        for (at, power) in answers {
            against += power;
            if against >= attacker && turned.is_infinite() {
                turned = at;
            }
        }
        let settings = Settings {
            voting_delay: 1,
            voting_period: (hours * HOUR) as u64,
            proposal_threshold: Amount(amount(THRESHOLD.middle()).0 - 1),
            quorum_votes: amount(quorum),
            timelock_delay: (TIMELOCK.middle() * HOUR) as u64,
            grace: GRACE,
            cancelling: Cancelling::Alpha { guardian: None },
        };
        let ended = vote::bravo(&settings, 1, attacker, &mut ballots)?;
        let recorded = ended.state == State::Defeated;
        let left = if turned.is_finite() { hours - turned } else { f64::NAN };
        Ok(Trial { recorded, figures: vec![cost, left] })
    }
}
