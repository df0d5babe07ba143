//! Build Finance, February 2022: a takeover that was voted down is made again with the alarm switched off.

use super::attention::{answer, first_notice};
use super::vote::{self, Ballot, amount};
use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::governance::governor_bravo::{Cancelling, GRACE, Settings};
use crate::governance::lifecycle::{State, Support};
use crate::governance::{Amount, governor};

/// The replay.
#[derive(Debug)]
pub struct BuildFinance;

const DOCS: Source = Source::primary("docs.build.finance/build-knowledge-base/on-chain-voting");
const HOUR: f64 = 3_600.0;

const THRESHOLD: Input =
    Input::new("to propose", Quantity::Exact(100.0), "BUILD", Role::PublicBefore, "2021-01-25", DOCS);
const QUORUM: Input =
    Input::new("quorum", Quantity::Exact(5_000.0), "BUILD", Role::PublicBefore, "2021-01-25", DOCS);
const PERIOD: Input =
    Input::new("vote", Quantity::Exact(24.0), "hours", Role::PublicBefore, "2021-01-25", DOCS);
const DELAY: Input =
    Input::new("execution delay", Quantity::Exact(24.0), "hours", Role::PublicBefore, "2021-01-25", DOCS);
const SUPPLY: Input = Input::new(
    "supply",
    Quantity::Exact(130_000.0),
    "BUILD",
    Role::PublicBefore,
    "2022-01-01",
    Source::secondary(
        "100,000 at first (cryptotimes.io), 30 % inflation in 2021 (build-finance.medium.com, BEP-21)",
    ),
);
const ATTACKER: Input = Input::new(
    "attacker's tokens",
    Quantity::Uniform(5_000.0, 20_000.0),
    "BUILD",
    Role::AttackerMeans,
    "2022-02-09",
    Source::judgement("at least the quorum; `an outsized number` (web3isgoinggreat.com)"),
);
const DEFENDERS: Input = Input::new(
    "members who would vote against",
    Quantity::Uniform(5.0, 15.0),
    "members",
    Role::Assumed,
    "2022-02-09",
    Source::judgement(
        "enough to vote the first attempt down; the DAO was `not large or active` (thismorningonchain.com)",
    ),
);
const HOLDING: Input = Input::new(
    "a defender's tokens",
    Quantity::LogUniform(500.0, 10_000.0),
    "BUILD",
    Role::Assumed,
    "2022-02-09",
    Source::judgement(
        "500 holders of some 130,000 BUILD (Nansen in Builder update 1, 2020), the active above average",
    ),
);
const WATCHERS: Input = Input::new(
    "members who look at the contract unasked",
    Quantity::Exact(5.0),
    "members",
    Role::Assumed,
    "2022-02-09",
    Source::judgement("core team and moderators"),
);
const LOOK: Input = Input::new(
    "between two unasked looks",
    Quantity::LogUniform(168.0, 720.0),
    "hours",
    Role::Assumed,
    "2022-02-09",
    Source::judgement("a week to a month: on-chain proposals were rare, and a bot announced them"),
);
const ANSWER: Input = Input::new(
    "from the alarm to a ballot",
    Quantity::LogUniform(2.0, 24.0),
    "hours",
    Role::Assumed,
    "2022-02-09",
    Source::judgement("a Discord announcement is read within a day"),
);
const REACHED: Input = Input::new(
    "defenders whom an alarm reaches",
    Quantity::Uniform(0.5, 1.0),
    "share",
    Role::Assumed,
    "2022-02-09",
    Source::judgement("the first attempt was voted down, so most of them"),
);
const TREASURY: Input = Input::new(
    "treasury",
    Quantity::Exact(500.0),
    "thousand USD",
    Role::PublicBefore,
    "2022-02-09",
    Source::secondary("thismorningonchain.com: about 500,000 USD of DAI, BUILD and METRIC"),
);
const FETCHED: Input = Input::new(
    "what a treasury fetches in a hurry",
    Quantity::Uniform(0.85, 1.0),
    "share",
    Role::Assumed,
    "2022-02-09",
    Source::judgement("thin pools"),
);

const CHANGES: &[Counterfactual] = &[
    Counterfactual {
        name: "attention",
        change: "the bot announces the proposal at once, as it did the first",
    },
    Counterfactual { name: "quorum", change: "the quorum is a fifth of the supply" },
    Counterfactual { name: "voting-delay", change: "the vote opens a week after the proposal is made" },
    Counterfactual { name: "guardian", change: "a guardian may cancel in the execution delay, a week long" },
];

const FIGURES: &[Figure] = &[
    Figure {
        name: "lost",
        unit: "thousand USD",
        published: 470.0,
        source: Source::secondary("decrypt.co/92970, web3isgoinggreat.com; 160 ETH through a mixer"),
        disagrees: &["quadrigainitiative.com: 490 thousand USD"],
        reading: Reading::Arithmetic,
    },
    Figure {
        name: "power against",
        unit: "BUILD",
        published: 0.0,
        source: Source::secondary("almost no ballots against (press); no count is on record"),
        disagrees: &["minted afterwards: 1.1 million BUILD (press), over 1 billion (encyclopaedia)"],
        reading: Reading::Predicted,
    },
];

impl Incident for BuildFinance {
    fn name(&self) -> &'static str {
        "build-finance"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Build Finance",
            date: "2022-02-10",
            happened: "A proposal to hand over the token contract was announced by a bot and voted down. Its maker moved the \
                tokens, silenced the bot and made it again; almost nobody voted against.",
            rule: "`governor-bravo` in seconds, as the DAO's own was a fork of it: for above against, quorum on for; the \
                guardian's counterfactual on `governor`",
            agents: "The attacker, who votes at once; a few members who look at the contract unasked (hazard of noticing), \
                and call the others, who answer after a delay if they are reached",
            outcome: "the second attempt passes and is executed",
            limits: "The attacker's and the defenders' tokens are ranges: no count of either vote was found. The tokens \
                minted afterwards differ by a factor of a thousand between sources and are not simulated",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] = &[
            THRESHOLD, QUORUM, PERIOD, DELAY, SUPPLY, ATTACKER, DEFENDERS, HOLDING, WATCHERS, LOOK, ANSWER,
            REACHED, TREASURY, FETCHED,
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
        let early = if change == Some("voting-delay") { 7.0 * 24.0 } else { 0.0 };
        let alarm = if change == Some("attention") {
            0.0
        } else {
            first_notice(draws, WATCHERS.middle() as u32, draws.of(&LOOK), 1.0) - early
        };
        let (delay, reached) = (draws.of(&ANSWER), draws.of(&REACHED));
        let attacker = draws.of(&ATTACKER);
        let mut ballots = vec![Ballot::new(0.0, 0, Support::For, attacker)];
        for member in 1..=draws.of(&DEFENDERS) as u32 {
            let at = answer(draws, alarm, delay, reached, member);
            if at.is_finite() {
                ballots.push(Ballot::new(at * HOUR, member, Support::Against, draws.each(&HOLDING, member)));
            }
        }
        let quorum = if change == Some("quorum") { SUPPLY.middle() / 5.0 } else { QUORUM.middle() };
        let period = (PERIOD.middle() * HOUR) as u64;
        let ended = if change == Some("guardian") {
            let settings = governor::Settings {
                voting_delay: 1,
                voting_period: period,
                proposal_threshold: amount(THRESHOLD.middle()),
                quorum: governor::Quorum::Absolute(amount(quorum)),
                super_quorum: None,
                counting: governor::Counting::Simple,
                late_quorum_extension: None,
                guardian: governor::Guardian::Caller(u32::MAX),
                timelock: governor::Timelock::Control { delay: 7 * 86_400 },
            };
            vote::governor(&settings, 1, attacker, SUPPLY.middle(), &mut ballots, alarm.max(0.0) * HOUR)?
        } else {
            let settings = Settings {
                voting_delay: 1,
                voting_period: period,
                proposal_threshold: Amount(amount(THRESHOLD.middle()).0 - 1),
                quorum_votes: amount(quorum),
                timelock_delay: (DELAY.middle() * HOUR) as u64,
                grace: GRACE,
                cancelling: Cancelling::Bravo { whitelist_guardian: None },
            };
            vote::bravo(&settings, 1, attacker, &mut ballots)?
        };
        let recorded = ended.state == State::Executed;
        let lost = if recorded { TREASURY.middle() * draws.of(&FETCHED) } else { f64::NAN };
        Ok(Trial { recorded, figures: vec![lost, ended.against] })
    }
}
