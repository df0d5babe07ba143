//! LobbyFi, April 2025: the votes of 19 million tokens are for sale before an election at Arbitrum.

use super::{Card, Counterfactual, Draws, Figure, Incident, Input, Quantity, Reading, Role, Source, Trial};
use crate::Result;
use crate::engine::math;
use crate::governance::Amount;
use crate::governance::bribes::auction::{Terms, hold};
use crate::governance::snapshot::order;
use crate::governance::snapshot_single::SingleChoice;

/// The replay.
#[derive(Debug)]
pub struct LobbyFi;

const FORUM: Source = Source::primary("forum.arbitrum.foundation/t/28934: Vote Buying Services");
const ELECTION: Source = Source::primary("forum.arbitrum.foundation/t/28867: OAT elections");
const ETHER: f64 = 1e18;

const POOL: Input =
    Input::new("votes for sale", Quantity::Exact(19.3), "M ARB", Role::PublicBefore, "2025-03-27", FORUM)
        .but(&["19.5 M ARB (Cryptopolitan)", "20 M (forum.arbitrum.foundation/t/28867/30)"]);
const INSTANT: Input =
    Input::new("price to buy at once", Quantity::Exact(5.0), "ETH", Role::PublicBefore, "2025-03-28", FORUM);
const LEAST: Input =
    Input::new("least bid", Quantity::Exact(0.5), "ETH", Role::PublicBefore, "2025-03-28", FORUM);
const PAY: Input = Input::new(
    "pay of the seat for a year",
    Quantity::Exact(47.1),
    "ETH",
    Role::PublicBefore,
    "2025-03-24",
    Source::secondary("7,500 USD a month (@DefiIgnas)"),
);
const BONUS: Input = Input::new(
    "bonus of the seat",
    Quantity::Exact(18.7),
    "ETH",
    Role::PublicBefore,
    "2025-03-24",
    Source::secondary("up to 100,000 ARB (@DefiIgnas)"),
);
const CANDIDATES: Input = Input::new(
    "candidates",
    Quantity::Exact(12.0),
    "candidates",
    Role::PublicBefore,
    "2025-03-27",
    Source::secondary("@olimpio, 2025-03-29: 12 candidates, top 3 elected"),
);
const SEATS: Input =
    Input::new("seats", Quantity::Exact(3.0), "seats", Role::PublicBefore, "2025-03-27", ELECTION);
const OTHERS: Input = Input::new(
    "other power that votes",
    Quantity::Uniform(172.0, 191.0),
    "M ARB",
    Role::PublicBefore,
    "2025-01-25",
    Source::secondary(
        "193.4 and 210.7 M on the two proposals before (ai-seedfinder.com), less what LobbyFi holds",
    ),
);
const LARGEST: Input = Input::new(
    "largest other delegate",
    Quantity::Uniform(12.0, 19.0),
    "M ARB",
    Role::PublicBefore,
    "2025-01-25",
    Source::secondary("LobbyFi had become the top delegate with 20.65 M; @olimpio votes 11 M"),
);
const UPLIFT: Input = Input::new(
    "what the votes add to a candidate's chance, as it sees it",
    Quantity::Uniform(0.05, 0.6),
    "probability",
    Role::Assumed,
    "2025-03-27",
    Source::judgement("a tenth of the power that votes, on one of 12"),
);
const WILLING: Input = Input::new(
    "a candidate, or a friend, would buy votes",
    Quantity::Uniform(0.1, 0.5),
    "probability",
    Role::Assumed,
    "2025-03-27",
    Source::judgement(
        "allowed and public, but frowned on; pools of that size had been bought before for 0.0652 ETH",
    ),
);
const POPULARITY: Input = Input::new(
    "spread of the candidates' popularity",
    Quantity::Uniform(0.5, 1.2),
    "log units",
    Role::Assumed,
    "2025-03-27",
    Source::judgement("candidates from the foundation and the builders beside newcomers"),
);
const CONCENTRATE: Input = Input::new(
    "delegates who answer a purchase by voting for the three in front",
    Quantity::Uniform(0.2, 0.8),
    "share of power",
    Role::Assumed,
    "2025-04-02",
    Source::judgement(
        "SEEDgov's reason while the vote ran (forum.arbitrum.foundation/t/28867/30), so not from before it",
    ),
);

const CHANGES: &[Counterfactual] = &[
    Counterfactual {
        name: "price-discovery",
        change: "the votes are not sold below what the seat is worth to the best bidder",
    },
    Counterfactual {
        name: "staked-voting",
        change: "power has to be staked for a year: lent votes do not count",
    },
    Counterfactual {
        name: "no-instant-price",
        change: "the auction runs to its end, without a price to buy at once",
    },
    Counterfactual { name: "no-bonus-no-pay", change: "the seat is unpaid" },
];

const FIGURES: &[Figure] = &[
    Figure {
        name: "pay of the seat by price paid",
        unit: "ratio",
        published: 13.2,
        source: Source::secondary("66 ETH for 5 ETH (@DefiIgnas)"),
        disagrees: &[],
        reading: Reading::Predicted,
    },
    Figure {
        name: "price of a million votes",
        unit: "ETH",
        published: 5.0 / 19.3,
        source: FORUM,
        disagrees: &["0.0652 ETH for 20.1 million votes, two months before"],
        reading: Reading::Predicted,
    },
    Figure {
        name: "the candidate who was bought for loses",
        unit: "probability",
        published: 1.0,
        source: Source::primary(
            "forum.arbitrum.foundation/t/29232: elected were its author, Patrick McCorry and A.J. Warner",
        ),
        disagrees: &[
            "the purchase `helped secure a seat` (blocmates.com), `influenced the results` (gate.it)",
        ],
        reading: Reading::Predicted,
    },
];

impl Incident for LobbyFi {
    fn name(&self) -> &'static str {
        "lobbyfi"
    }

    fn card(&self) -> Card {
        Card {
            dao: "Arbitrum",
            date: "2025-04-06",
            happened: "Votes of 19.3 million lent tokens were offered for one candidate of a paid committee; somebody paid the \
                price to buy at once, 5 ETH, for more votes than the large delegates have. Delegates answered by \
                concentrating; the candidate was not elected.",
            rule: "The auction of `bribes` (winner takes all, instant price), then `snapshot-single` over the candidates, the \
                three with most power elected (the original lets ballots be split: power is split among candidates here too)",
            agents: "Each candidate or a friend, who may be willing and then pays up to the pay times what the votes add to its \
                chance; delegates who vote by popularity, and partly against the purchase",
            outcome: "the votes are bought at the instant price and outweigh the largest delegate",
            limits: "Willingness to buy is a range from judgement. Whether the purchase won the seat is disputed between press \
                and forum; the forum is primary",
        }
    }

    fn inputs(&self) -> &'static [Input] {
        const INPUTS: &[Input] = &[
            POOL,
            INSTANT,
            LEAST,
            PAY,
            BONUS,
            CANDIDATES,
            SEATS,
            OTHERS,
            LARGEST,
            UPLIFT,
            WILLING,
            POPULARITY,
            CONCENTRATE,
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
        let candidates = CANDIDATES.middle() as u32;
        let pay = if change == Some("no-bonus-no-pay") { 0.0 } else { PAY.middle() + BONUS.middle() };
        let counts = change != Some("staked-voting");
        // What the votes are worth to each who would buy them.
        let mut bidders: Vec<(f64, u32, f64)> = (0..candidates)
            .filter(|&candidate| counts && draws.happens("willing", draws.of(&WILLING), candidate))
            .map(|candidate| {
                (draws.uniform("comes", candidate), candidate, pay * draws.each(&UPLIFT, candidate))
            })
            .collect();
        bidders.sort_by(|left, right| left.0.total_cmp(&right.0));
        let best = bidders.iter().map(|bidder| bidder.2).fold(0.0, f64::max);
        let instant = match change {
            Some("price-discovery") => Some(best.max(INSTANT.middle()) * 1.000_001),
            Some("no-instant-price") => None,
            _ => Some(INSTANT.middle()),
        };
        let wei = |ether: f64| Amount((ether * ETHER) as u128);
        let terms = Terms { minimum: wei(LEAST.middle()), instant: instant.map(wei), fee_millionths: 0 };
        let bids: Vec<(u32, Amount)> = bidders
            .iter()
            .filter(|bidder| bidder.2 >= LEAST.middle())
            .map(|&(_, candidate, worth)| {
                // Whoever it is worth it to pays the instant price before another does; else what it is worth at most.
                (candidate, wei(instant.filter(|&price| price <= worth).unwrap_or(worth)))
            })
            .collect();
        let sale = hold(terms, candidates as usize, &bids);
        let price = sale.price.0 as f64 / ETHER;
        let recorded = sale.instant && POOL.middle() > draws.of(&LARGEST);
        let mut figures = vec![f64::NAN; 3];
        if let (Some(bought), true) = (sale.winner, sale.instant) {
            figures =
                vec![pay / price, price / POOL.middle(), 1.0 - Self::elected(draws, candidates, bought)];
        }
        Ok(Trial { recorded, figures })
    }
}

impl LobbyFi {
    /// 1 where the candidate that was bought for gets a seat, 0 else.
    fn elected(draws: Draws, candidates: u32, bought: u32) -> f64 {
        let spread = draws.of(&POPULARITY);
        let popular: Vec<f64> = (0..candidates)
            .map(|candidate| math::exp(spread * draws.normal("popularity", candidate)))
            .collect();
        let all: f64 = popular.iter().sum();
        let seats = SEATS.middle() as usize;
        let rivals: Vec<f64> = popular
            .iter()
            .enumerate()
            .map(|(place, &weight)| if place == bought as usize { 0.0 } else { weight })
            .collect();
        let front: Vec<usize> =
            order(&rivals).into_iter().take(seats).map(|choice| choice as usize - 1).collect();
        let (power, answering) = (draws.of(&OTHERS), draws.of(&CONCENTRATE));
        let mut count = SingleChoice::new(candidates);
        for (choice, weight) in (1..).zip(&popular) {
            count.cast(choice, power * (1.0 - answering) * weight / all);
        }
        for &place in &front {
            count.cast(place as u32 + 1, power * answering / seats as f64);
        }
        count.cast(bought + 1, POOL.middle());
        let elected = order(count.scores()).into_iter().take(seats).any(|choice| choice == bought + 1);
        f64::from(u8::from(elected))
    }
}
