//! Nouns' first fork, September 2023: tokens below book value leave with their part of the treasury.

use super::vote::refused;
use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::engine::math;
use crate::governance::nouns_fork::{Dao, Settings};

/// The replay.
#[derive(Debug)]
pub struct NounsFork;

const COINDESK: Source = Source::secondary("coindesk.com, 2023-09-09");
const CODE: Source =
    Source::primary("nounsDAO/nouns-monorepo: NounsDAOV3Fork.sol; proposal 356 (nounswap.wtf/vote/356)");
const DECRYPT: Source = Source::secondary("Decrypt, 2023-09-16 (maybecrypto.com)");
const DAY: u64 = 86_400;
const ETHER: f64 = 1e18;

const SUPPLY: Input =
    Input::new("Nouns", Quantity::Exact(846.0), "Nouns", Role::PublicBefore, "2023-09-08", DECRYPT)
        .but(&["roughly 840 (fullycrypto.com)", "839 by treasury over book value (coindesk.com)"]);
const TREASURY: Input =
    Input::new("treasury", Quantity::Exact(30_620.0), "ETH", Role::PublicBefore, "2023-09-08", COINDESK)
        .but(&["roughly 30,600 ETH (fullycrypto.com)"]);
const THRESHOLD: Input =
    Input::new("fork threshold", Quantity::Exact(0.2), "of Nouns", Role::PublicBefore, "2023-08-01", CODE);
const PERIOD: Input =
    Input::new("forking period", Quantity::Exact(7.0), "days", Role::PublicBefore, "2023-08-01", CODE);
const FOUNDERS: Input = Input::new(
    "Nouns of the founders",
    Quantity::Exact(84.0),
    "Nouns",
    Role::PublicBefore,
    "2023-09-08",
    Source::primary("every tenth Noun (nouns.wtf)"),
);
const AUCTIONED: Input = Input::new(
    "auctioned in 2023",
    Quantity::Exact(226.0),
    "Nouns",
    Role::PublicBefore,
    "2023-09-08",
    Source::primary("one a day, less every tenth"),
);
const ARBITRAGE: Input = Input::new(
    "of these won by arbitrageurs",
    Quantity::Uniform(0.5, 1.0),
    "share",
    Role::PublicBefore,
    "2023-09-08",
    Source::primary("mirror.xyz/verbsteam.eth, The Nouns Arb Game: most auctions of 2023"),
);
const PRICE: Input = Input::new(
    "price before the fork was called",
    Quantity::Uniform(26.0, 33.0),
    "ETH",
    Role::PublicBefore,
    "2023-09-01",
    Source::judgement("below book since December (coindesk.com); no quotation at hand"),
);
const SPREAD: Input = Input::new(
    "spread of what a Noun is worth to its holder, above the price",
    Quantity::Uniform(0.1, 0.6),
    "log units",
    Role::Assumed,
    "2023-09-01",
    Source::judgement("who holds values it at least at the price; reservation prices differ"),
);
const NOTICE: Input = Input::new(
    "until a holder notices",
    Quantity::Uniform(1.0, 5.0),
    "days",
    Role::Assumed,
    "2023-09-01",
    Source::judgement("turnout of Nouns' votes is 7 to 20 % of tokens, but here money is at stake"),
);
const FOLLOWING: Input = Input::new(
    "worth lost to a holder if all others left",
    Quantity::Uniform(0.0, 0.5),
    "share",
    Role::Assumed,
    "2023-09-01",
    Source::judgement("the running share moves voters (bandwagon), and a club is worth less half empty"),
);

const CHANGES: &[Counterfactual] = &[
    Counterfactual { name: "threshold", change: "a fork needs four fifths of all Nouns" },
    Counterfactual { name: "spending", change: "the treasury had been spent down to 20 ETH a Noun" },
    Counterfactual { name: "price-above-book", change: "Nouns trade a fifth above book value" },
    Counterfactual { name: "no-following", change: "nobody minds how many leave" },
];

const FIGURES: &[Figure] = &[
    Figure {
        name: "Nouns that leave",
        unit: "Nouns",
        published: 472.0,
        source: DECRYPT,
        disagrees: &["304 four and a half days before the end (fullycrypto.com)"],
        reading: Reading::Predicted,
    },
    Figure {
        name: "taken",
        unit: "ETH",
        published: 16_757.0,
        source: DECRYPT,
        disagrees: &[],
        reading: Reading::Predicted,
    },
    Figure {
        name: "book value of a Noun",
        unit: "ETH",
        published: 35.5,
        source: DECRYPT,
        disagrees: &["36.5 ETH a week before (coindesk.com)"],
        reading: Reading::Arithmetic,
    },
];

impl Incident for NounsFork {
    fn name(&self) -> &'static str {
        "nouns-fork"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Nouns",
            date: "2023-09-15",
            happened: "A month after forking became possible, a fifth of all Nouns had been put into escrow, many by people who \
                had bought below book value; in the week that followed more than half left, with their part of the treasury.",
            rule: "`nouns-fork` with the DAO's settings, a token an account",
            agents: "Arbitrageurs, who leave at once; founders, who stay; holders, who notice after a while and leave if book \
                value is above what a Noun is worth to them, which falls as others leave",
            outcome: "the fork is executed and more than half of all Nouns leave",
            limits: "What Nouns are worth to holders is a range from judgement, and price before is not from a quotation",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] = &[
            SUPPLY, TREASURY, THRESHOLD, PERIOD, FOUNDERS, AUCTIONED, ARBITRAGE, PRICE, SPREAD, NOTICE,
            FOLLOWING,
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
        let supply = SUPPLY.middle() as u32;
        let treasury = if change == Some("spending") { 20.0 * SUPPLY.middle() } else { TREASURY.middle() };
        let book = treasury / SUPPLY.middle();
        let price = if change == Some("price-above-book") { 1.2 * book } else { draws.of(&PRICE) };
        let threshold = if change == Some("threshold") { 0.8 } else { THRESHOLD.middle() };
        let settings = Settings {
            threshold_bps: (threshold * 10_000.0).round() as u64,
            fork_seconds: PERIOD.middle() as u64 * DAY,
            delay_seconds: 30 * DAY,
        };
        let mut dao = Dao::new(settings, &vec![1; supply as usize], &[(treasury * ETHER) as u128]);
        let founders = FOUNDERS.middle() as u32;
        let bought = founders + AUCTIONED.middle() as u32;
        let (share, spread, mean) = (draws.of(&ARBITRAGE), draws.of(&SPREAD), draws.of(&NOTICE));
        let following = if change == Some("no-following") { 0.0 } else { draws.of(&FOLLOWING) };
        // What a Noun is worth to its holder, and when it notices; founders stay.
        let mut holders: Vec<(u32, f64, f64)> = (founders..supply)
            .map(|noun| {
                if noun < bought && draws.happens("arbitrageur", share, noun) {
                    (noun, price, 0.0)
                } else {
                    let worth = price * math::exp(spread * draws.normal("worth to a holder", noun).abs());
                    (noun, worth, draws.wait("notices", mean, noun))
                }
            })
            .collect();
        let (mut left, mut executed, mut today) = (0_u32, None, 0_u64);
        // The escrow waits for a threshold for two weeks at most; the fork then takes who joins in its period.
        while executed.map_or(today < 14, |start: u64| today < start + PERIOD.middle() as u64) {
            let now = today * DAY + 1;
            let gone = f64::from(left) / SUPPLY.middle();
            let mut stay = Vec::with_capacity(holders.len());
            for (noun, worth, notices) in holders {
                if notices > today as f64 || worth * (1.0 - following * gone) >= book {
                    stay.push((noun, worth, notices));
                    continue;
                }
                left += 1;
                match executed {
                    None => dao.escrow(now, noun, 1),
                    Some(_) => dao.join(now, noun, 1),
                }
                .map_err(refused)?;
            }
            holders = stay;
            if executed.is_none() && dao.escrowed() > dao.threshold() {
                dao.execute(now).map_err(refused)?;
                executed = Some(today);
            }
            today += 1;
        }
        let taken = dao.forks().first().map_or(0, |fork| fork.treasury()[0]) as f64 / ETHER;
        let recorded = executed.is_some() && f64::from(left) > SUPPLY.middle() / 2.0;
        let leavers = if executed.is_some() { f64::from(left) } else { f64::NAN };
        Ok(Trial { recorded, figures: vec![leavers, taken, book] })
    }
}
