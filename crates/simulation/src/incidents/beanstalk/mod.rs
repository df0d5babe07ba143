//! Beanstalk, April 2022: voting power borrowed for one transaction meets an emergency path without delay.

use super::vote::{amount, refused};
use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::governance::governor::{Counting, Guardian, Proposal, Quorum, Settings, Timelock};
use crate::governance::lifecycle::{Moment, State, Support};

/// The replay.
#[derive(Debug)]
pub struct Beanstalk;

const CODE: Source =
    Source::primary("BeanstalkFarms/Beanstalk: GovernanceFacet.sol (emergencyCommit), C.sol");
const FORK: Source = Source::primary("totalStalk read on a fork at block 14,602,789, one before the attack");
const BEOSIN: Source =
    Source::secondary("Beosin's analysis of transaction 0xcd314668 (zerofriction.io/hacksandscams)");
const DAY: u64 = 86_400;

const STALK: Input = Input::new(
    "stalk before",
    Quantity::Exact(216_770_493.0),
    "stalk",
    Role::PublicBefore,
    "2022-04-17",
    FORK,
);
const PER_TOKEN: Input = Input::new(
    "stalk a pool token",
    Quantity::Uniform(0.98, 1.0),
    "stalk",
    Role::PublicBefore,
    "2022-04-17",
    Source::primary(
        "one stalk a bean of value; a fork at the same block gave 166,702,864 for 168,028,701 tokens",
    ),
);
const THRESHOLD: Input = Input::new(
    "emergency threshold",
    Quantity::Exact(2.0 / 3.0),
    "of all stalk",
    Role::PublicBefore,
    "2021-08-06",
    CODE,
);
const WAIT: Input = Input::new(
    "emergency period",
    Quantity::Exact(86_400.0),
    "seconds",
    Role::PublicBefore,
    "2021-08-06",
    CODE,
);
const PERIOD: Input = Input::new(
    "voting period",
    Quantity::Exact(168.0 * 3600.0),
    "seconds",
    Role::PublicBefore,
    "2021-08-06",
    CODE,
);
const OWN: Input = Input::new(
    "own deposit",
    Quantity::Exact(212_858.0),
    "stalk",
    Role::PublicBefore,
    "2022-04-16",
    Source::primary("transaction 0x68cdec0a: the proposer's deposit"),
);
const LOAN: Input =
    Input::new("flash loan", Quantity::Exact(1_000.0), "M USD", Role::AttackerMeans, "2022-04-17", BEOSIN);
const FIRST: Input = Input::new(
    "BEAN3CRV bought",
    Quantity::Exact(795_425_740.0),
    "tokens",
    Role::AttackerMeans,
    "2022-04-17",
    BEOSIN,
);
const SECOND: Input = Input::new(
    "BEANLUSD bought",
    Quantity::Exact(58_924_887.0),
    "tokens",
    Role::AttackerMeans,
    "2022-04-17",
    BEOSIN,
);
const OTHERS: Input = Input::new(
    "pool tokens of others",
    Quantity::Exact(80_876_199.0),
    "tokens",
    Role::PublicBefore,
    "2022-04-17",
    Source::secondary("drained less deposited by the attacker, of both pools (Beosin)"),
);
const PREMIUM: Input = Input::new(
    "flash loan premium",
    Quantity::Exact(0.0009),
    "of the loan",
    Role::PublicBefore,
    "2020-12-03",
    Source::primary("aave/protocol-v2: LendingPool.sol, FLASHLOAN_PREMIUM_TOTAL 9"),
);
const EXIT: Input = Input::new(
    "value of a pool token on leaving at once",
    Quantity::Uniform(0.93, 1.0),
    "USD",
    Role::Assumed,
    "2022-04-17",
    Source::judgement("a Curve pool that is drained pays below its virtual price"),
);
const INSPECTED: Input = Input::new(
    "owner reads the payload and pauses in a day",
    Quantity::Uniform(0.0, 0.3),
    "probability",
    Role::Assumed,
    "2022-04-16",
    Source::judgement("17 proposals before had been harmless; reading the payload was nobody's duty"),
);

const CHANGES: &[Counterfactual] = &[
    Counterfactual { name: "snapshot", change: "power counts as of one block before the proposal" },
    Counterfactual {
        name: "timelock",
        change: "what is committed waits for a day; power that left no longer counts",
    },
    Counterfactual { name: "no-emergency-path", change: "no execution before the seven days are over" },
    Counterfactual {
        name: "read-payload",
        change: "the owner reads every payload (nine times in ten in time)",
    },
];

const FIGURES: &[Figure] = &[
    Figure {
        name: "attacker's share of all stalk",
        unit: "share",
        published: 0.79,
        source: Source::secondary("two reconstructions: 79 %, more than 78 %"),
        disagrees: &["press: 67 %, the threshold rather than the share"],
        reading: Reading::Predicted,
    },
    Figure {
        name: "attacker's net gain",
        unit: "M USD",
        published: 76.0,
        source: Source::secondary("24,830 ETH, BlockSec and others"),
        disagrees: &[
            "PeckShield: 80 M USD",
            "the protocol's own loss: 182 M USD, with the value of BEAN itself",
        ],
        reading: Reading::Predicted,
    },
];

impl Incident for Beanstalk {
    fn name(&self) -> &'static str {
        "beanstalk"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Beanstalk",
            date: "2022-04-17",
            happened: "A proposal that hid a drain was made; a day later its maker borrowed a billion dollars for one \
                transaction, turned them into voting power, voted, executed by the emergency path, and paid the loan back.",
            rule: "`governor`: opens after the emergency period, a super-quorum of two thirds of all stalk ends it early \
                (the original compares an 18-digit ratio with 2/3, this a floor of the product), no timelock; power and \
                supply are those at the call, as in the original",
            agents: "The borrower, with the loan on record; the owner, who may read the payload within the day and pause. \
                Others could not vote against: there is no such ballot",
            outcome: "executed in the same transaction, a day after it was proposed",
            limits: "The loss of 182 M USD holds the collapse of BEAN's own price, which is not simulated. What one pool \
                token fetched is a range",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] = &[
            STALK, PER_TOKEN, THRESHOLD, WAIT, PERIOD, OWN, LOAN, FIRST, SECOND, OTHERS, PREMIUM, EXIT,
            INSPECTED,
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
        let bought = (FIRST.middle() + SECOND.middle()) * draws.of(&PER_TOKEN);
        let (before, own) = (STALK.middle(), OWN.middle());
        let power = if change == Some("snapshot") { own } else { own + bought };
        let supply = if change == Some("snapshot") { before } else { before + bought };
        let delay =
            if change == Some("timelock") { Timelock::Control { delay: DAY } } else { Timelock::None };
        let emergency = Quorum::Fraction { numerator: 2, denominator: 3 };
        let settings = Settings {
            voting_delay: WAIT.middle() as u64 - 1,
            voting_period: PERIOD.middle() as u64 - WAIT.middle() as u64,
            proposal_threshold: amount(0.0),
            quorum: Quorum::Fraction { numerator: 1, denominator: 2 },
            super_quorum: (change != Some("no-emergency-path")).then_some(emergency),
            counting: Counting::Simple,
            late_quorum_extension: None,
            guardian: Guardian::Absent,
            timelock: delay,
        };
        let made = Moment::of_second(1);
        let mut proposal =
            Proposal::propose(&settings, made, 0, amount(own), amount(supply), 1).map_err(refused)?;
        let reads = if change == Some("read-payload") { 0.9 } else { draws.of(&INSPECTED) };
        let paused = draws.happens("paused", reads, 0);
        let call = Moment::of_second(1 + WAIT.middle() as u64);
        let mut recorded = false;
        if !paused {
            proposal.cast(&settings, call, 0, Support::For, amount(power)).map_err(refused)?;
            // The loan ends with the transaction: what cannot be executed now is not executed with it.
            recorded = match (proposal.state(&settings, call), settings.timelock) {
                (State::Succeeded, Timelock::None) => proposal.execute(&settings, call).is_ok(),
                (State::Succeeded, _) => {
                    proposal.queue(&settings, call).map_err(refused)?;
                    proposal.execute(&settings, call).is_ok()
                }
                _ => false,
            };
        }
        let share = power / supply;
        let cost = PREMIUM.middle() * LOAN.middle();
        let gain = OTHERS.middle() * draws.of(&EXIT) / 1e6 - cost;
        Ok(Trial { recorded, figures: vec![share, if recorded { gain } else { f64::NAN }] })
    }
}
