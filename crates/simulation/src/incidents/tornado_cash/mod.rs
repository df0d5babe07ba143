//! Tornado Cash, May 2023: a proposal whose code changes after the vote.

use super::vote::{self, Ballot, amount};
use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::governance::governor::{Counting, Guardian, Quorum, Settings, Timelock};
use crate::governance::lifecycle::{State, Support};

/// The replay.
#[derive(Debug)]
pub struct TornadoCash;

const CODE: Source = Source::primary("tornadocash/tornado-governance: Governance.sol, Configuration.sol");
const DAY: f64 = 86_400.0;

const QUORUM: Input =
    Input::new("quorum", Quantity::Exact(25_000.0), "TORN", Role::PublicBefore, "2021-02-12", CODE);
const THRESHOLD: Input =
    Input::new("to propose", Quantity::Exact(1_000.0), "TORN", Role::PublicBefore, "2021-02-12", CODE);
const OPENING: Input =
    Input::new("voting delay", Quantity::Exact(75.0), "seconds", Role::PublicBefore, "2021-02-12", CODE);
const PERIOD: Input =
    Input::new("vote", Quantity::Exact(3.0), "days", Role::PublicBefore, "2021-02-12", CODE)
        .but(&["settings may have been changed by later proposals; the code's own are used"]);
const DELAY: Input =
    Input::new("execution delay", Quantity::Exact(2.0), "days", Role::PublicBefore, "2021-02-12", CODE);
const LOCKED: Input = Input::new(
    "legitimate power",
    Quantity::Exact(700_000.0),
    "TORN",
    Role::PublicBefore,
    "2023-05-20",
    Source::secondary("samczsun, 2023-05-20: about 700,000 legitimate votes"),
);
const OWN: Input = Input::new(
    "attacker's locked tokens",
    Quantity::Exact(1_000.0),
    "TORN",
    Role::AttackerMeans,
    "2023-05-13",
    Source::judgement("the least with which one can propose"),
);
const GRANT: Input = Input::new(
    "power that the swapped code grants",
    Quantity::Exact(1_200_000.0),
    "TORN",
    Role::AttackerMeans,
    "2023-05-20",
    Source::secondary("samczsun, 2023-05-20"),
);
const VOTERS: Input = Input::new(
    "holders who lock tokens",
    Quantity::Exact(40.0),
    "holders",
    Role::Assumed,
    "2023-05-13",
    Source::judgement("power in few hands, as everywhere: fewer than 3 voters hold half of Compound's"),
);
const TURNOUT: Input = Input::new(
    "a locker votes",
    Quantity::Uniform(0.5, 0.95),
    "probability",
    Role::Assumed,
    "2023-05-13",
    Source::judgement("locking is for voting and staking; no tally of an earlier proposal is at hand"),
);
const READERS: Input = Input::new(
    "voters able to read bytecode",
    Quantity::Uniform(2.0, 7.0),
    "voters",
    Role::Assumed,
    "2023-05-13",
    Source::judgement("a handful: relayers' and proposals' developers on the forum"),
);
const DILIGENCE: Input = Input::new(
    "a reader compares code and description",
    Quantity::Uniform(0.0, 0.1),
    "probability",
    Role::Assumed,
    "2023-05-13",
    Source::judgement(
        "the description says `same logic as proposal 16`, which had passed: trust by likeness",
    ),
);
const SALE: Input = Input::new(
    "sold, by what the pools held",
    Quantity::Uniform(0.3, 0.6),
    "ratio",
    Role::Assumed,
    "2023-05-20",
    Source::judgement("the attacker sells within hours into pools of constant product"),
);

const CHANGES: &[Counterfactual] = &[
    Counterfactual { name: "code-hash", change: "what is executed must be the code that was voted on" },
    Counterfactual { name: "diligence", change: "each reader checks the code three times in ten" },
    Counterfactual { name: "review-board", change: "a guardian has the code audited in the execution delay" },
];

const FIGURES: &[Figure] = &[
    Figure {
        name: "attacker's share of all power",
        unit: "share",
        published: 1.2 / 1.9,
        source: Source::secondary("1.2 million against about 700,000 (samczsun; theblock.co/post/232401)"),
        disagrees: &[],
        reading: Reading::Arithmetic,
    },
    Figure {
        name: "power for the proposal that hands control back",
        unit: "TORN",
        published: 517_000.0,
        source: Source::secondary("theblock.co/post/232401: 517,000 for, none against"),
        disagrees: &[],
        reading: Reading::Predicted,
    },
    Figure {
        name: "price after, by price before",
        unit: "ratio",
        published: 3.55 / 7.29,
        source: Source::secondary("thenewyorkentrepreneur.com: from 7.29 to 3.55 USD; 40 % elsewhere"),
        disagrees: &["stolen: 483,000 TORN (Nansen), of which most sold; not simulated"],
        reading: Reading::Predicted,
    },
];

impl Incident for TornadoCash {
    fn name(&self) -> &'static str {
        "tornado-cash"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Tornado Cash",
            date: "2023-05-20",
            happened: "A proposal was said to be like one that had passed. After it was voted through, its contract was \
                destroyed and made again with other code, which granted its maker 1.2 million votes, more than all others had.",
            rule: "`governor` in seconds with the contract's settings: quorum on all ballots (no ballot here abstains; the \
                original counts for and against, `governor` for and abstain, which alters nothing where nobody votes against), \
                timelock; the vote's extension by six hours on a late change of the lead is left out",
            agents: "40 lockers of equal power; a few who can read bytecode and rarely compare it with the description. One \
                who does turns all who vote",
            outcome: "the proposal is executed and its maker holds more than half of all power",
            limits: "Diligence is a range from judgement and decides the probability. That the whole electorate follows one \
                alarm is a simplification",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] = &[
            QUORUM, THRESHOLD, OPENING, PERIOD, DELAY, LOCKED, OWN, GRANT, VOTERS, TURNOUT, READERS,
            DILIGENCE, SALE,
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
        let readers = draws.of(&READERS) as u32;
        let diligence = if change == Some("diligence") { 0.3 } else { draws.of(&DILIGENCE) };
        let found = (0..readers).any(|reader| draws.happens("compares", diligence, reader));
        let settings = Settings {
            voting_delay: OPENING.middle() as u64,
            voting_period: (PERIOD.middle() * DAY) as u64,
            proposal_threshold: amount(THRESHOLD.middle()),
            quorum: Quorum::Absolute(amount(QUORUM.middle())),
            super_quorum: None,
            counting: Counting::Simple,
            late_quorum_extension: None,
            guardian: Guardian::Caller(u32::MAX),
            timelock: Timelock::Compound { delay: (DELAY.middle() * DAY) as u64, grace: 3 * 86_400 },
        };
        let (voters, turnout) = (VOTERS.middle() as u32, draws.of(&TURNOUT));
        let each = LOCKED.middle() / f64::from(voters);
        let ballots = |proposal: &str, support: Support| {
            let votes = (1..=voters).filter(|&member| draws.happens(proposal, turnout, member));
            let at = |member| draws.uniform("time of the ballot", member) * (PERIOD.middle() * DAY - 1.0);
            votes.map(|member| Ballot::new(at(member), member, support, each)).collect::<Vec<_>>()
        };
        let mut cast = ballots("votes", if found { Support::Against } else { Support::For });
        cast.push(Ballot::new(0.0, 0, Support::For, OWN.middle()));
        let audited =
            if change == Some("review-board") { PERIOD.middle() * DAY + 1.0 } else { f64::INFINITY };
        let supply = 10_000_000.0;
        let ended = vote::governor(&settings, 1, OWN.middle(), supply, &mut cast, audited)?;
        let executed = ended.state == State::Executed;
        let grant = if executed && change != Some("code-hash") { GRANT.middle() } else { 0.0 };
        let share = grant / (grant + LOCKED.middle());
        let recorded = share > 0.5;
        let mut restore = ballots("votes to restore", Support::For);
        restore.push(Ballot::new(0.0, 0, Support::For, OWN.middle()));
        let back = vote::governor(&settings, 1, OWN.middle(), supply, &mut restore, f64::INFINITY)?;
        // Selling s times what a pool of constant product holds leaves a price of 1 / (1 + s)^2.
        let sold = 1.0 + draws.of(&SALE);
        let price = 1.0 / (sold * sold);
        let figures = if recorded { vec![share, back.in_favour, price] } else { vec![f64::NAN; 3] };
        Ok(Trial { recorded, figures })
    }
}
