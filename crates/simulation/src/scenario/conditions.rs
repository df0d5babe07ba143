//! The kinds of conditions that a scenario can name.

/// A number of a condition.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Field {
    /// Its key in the file.
    pub name: &'static str,
    /// What it says, with its unit.
    pub what: &'static str,
    /// Least and greatest value.
    pub bounds: (f64, f64),
    /// What it is where the file does not say; it must be said where none.
    pub default: Option<f64>,
}

/// A kind of condition.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Kind {
    /// Its name: `kind = "downturn"`.
    pub name: &'static str,
    /// What it does, exactly.
    pub effect: &'static str,
    /// Where the effect or its default is from; "assumed" where nothing was found.
    pub evidence: &'static str,
    /// Its numbers.
    pub fields: &'static [Field],
}

const fn field(name: &'static str, what: &'static str, bounds: (f64, f64), default: Option<f64>) -> Field {
    Field { name, what, bounds, default }
}

/// Every kind, in the order in which they are listed.
pub const CONDITIONS: &[Kind] = &[
    Kind {
        name: "turnout",
        effect: "every member's chance to vote is multiplied by `factor`",
        evidence: "by definition",
        fields: &[field("factor", "factor on the chance to vote", (0.0, 10.0), None)],
    },
    Kind {
        name: "downturn",
        effect: "the token loses `depth` of its price, and every member's chance to vote is multiplied by (1 - depth)^sensitivity",
        evidence: "turnout follows prices in some DAOs and not in others; the default sensitivity is assumed",
        fields: &[
            field("depth", "share of the price that is lost", (0.0, 0.99), None),
            field("sensitivity", "elasticity of turnout to the price", (0.0, 3.0), Some(0.3)),
        ],
    },
    Kind {
        name: "price_shock",
        effect: "the token's price is multiplied by `factor`; attacks cost as many times more or less",
        evidence: "by definition",
        fields: &[field("factor", "factor on the price", (0.001, 1000.0), None)],
    },
    Kind {
        name: "whale_exit",
        effect: "the `count` members with most power leave and vote no more",
        evidence: "by definition",
        fields: &[field("count", "members that leave", (1.0, 1e6), None)],
    },
    Kind {
        name: "exploit_news",
        effect: "every member's chance to vote is multiplied by `attention`; each ballot for turns against with chance `doubt`",
        evidence: "attention to contested proposals: Compound 289 against its earlier attempts (2024); the defaults are assumed",
        fields: &[
            field("attention", "factor on the chance to vote", (1.0, 10.0), Some(1.5)),
            field("doubt", "chance that a ballot for turns against", (0.0, 1.0), Some(0.1)),
        ],
    },
    Kind {
        name: "voter_drive",
        effect: "a share `reach` of the members, the same all the time, has its chance to vote multiplied by `factor`",
        evidence: "by definition",
        fields: &[
            field("factor", "factor on the chance to vote", (1.0, 10.0), None),
            field("reach", "share of the members that are reached", (0.0, 1.0), Some(1.0)),
        ],
    },
    Kind {
        name: "fee_spike",
        effect: "a member with power w votes with w / (w + cost) of its chance: small holders stay away first",
        evidence: "daily voters of Lil Nouns fall as gas prices rise, holders of few tokens first",
        fields: &[field("cost", "tokens of a holder whose chance is halved", (0.0, 1e18), None)],
    },
    Kind {
        name: "feature_launch",
        effect: "voting becomes cheaper: a member with power w has its chance multiplied by 1 + (factor - 1) cost / (w + cost)",
        evidence: "the mirror image of `fee_spike`; assumed",
        fields: &[
            field("factor", "factor on the chance of the smallest holders", (1.0, 10.0), None),
            field("cost", "tokens of a holder who gains half as much", (0.0, 1e18), None),
        ],
    },
    Kind {
        name: "apathy",
        effect: "from its start on, chances to vote halve every `half_life` days",
        evidence: "Compound's voters fell after 2022, those of several other DAOs did not: fit it, or set it",
        fields: &[field("half_life", "days", (1.0, 1e5), None)],
    },
    Kind {
        name: "fatigue",
        effect: "`factor` times as many proposals compete for attention: chances to vote are multiplied by factor^-sensitivity",
        evidence: "spam of proposals (Synthetify 2023, nine empty ones before the tenth); the default is assumed",
        fields: &[
            field("factor", "how many times as many proposals", (1.0, 1000.0), None),
            field("sensitivity", "elasticity of turnout", (0.0, 3.0), Some(0.5)),
        ],
    },
    Kind {
        name: "herding",
        effect: "a voter who sees the tally joins the side that leads with chance `strength`; nobody does where ballots are shielded",
        evidence: "published exit polls raised votes for the winner in French elections (Morton et al. 2015); strength is assumed",
        fields: &[field("strength", "chance to join the leading side", (0.0, 1.0), None)],
    },
    Kind {
        name: "delegation",
        effect: "a share of the members hands its power to the `delegates` most powerful ones, more often to more powerful ones; it votes with them or not at all",
        evidence: "delegated power is more unequal than tokens (Gini above 0.99 in ENS)",
        fields: &[
            field("share", "share of the members that delegates", (0.0, 1.0), None),
            field("delegates", "how many receive", (1.0, 1e5), Some(10.0)),
        ],
    },
    Kind {
        name: "cartel",
        effect: "the `count` members with most power vote for every proposal with all their power, at the end of its window",
        evidence: "voters needed for half of the cast power: fewer than three on average in Compound",
        fields: &[field("count", "members that act as one", (1.0, 1e5), Some(3.0))],
    },
    Kind {
        name: "whale",
        effect: "someone new votes `tokens` for every proposal at the end of its window (against, where `against` is 1)",
        evidence: "Compound 289: 499,000 COMP asked for in a weekend vote by holders who had bought in",
        fields: &[
            field("tokens", "tokens", (0.0, 1e30), None),
            field("against", "1: against", (0.0, 1.0), Some(0.0)),
        ],
    },
    Kind {
        name: "flash_loan",
        effect: "someone borrows `tokens` within one transaction and votes for; it has power only where power is counted at the vote",
        evidence: "Beanstalk, 17 April 2022",
        fields: &[field("tokens", "tokens that can be borrowed", (0.0, 1e30), None)],
    },
    Kind {
        name: "sybil",
        effect: "one holder splits `tokens` evenly over `identities` that all vote for at the end of the window",
        evidence: "square-root and one-member-one-vote weights reward splitting; Gitcoin's rounds had a third of sybils by estimate",
        fields: &[
            field("tokens", "tokens in all", (0.0, 1e30), None),
            field("identities", "accounts", (1.0, 1e6), None),
        ],
    },
    Kind {
        name: "bribe",
        effect: "someone pays `price` a token to ballots against and abstentions, in the order they come, up to `budget`; one is bought where its own reservation price is lower: lognormal, median `median`, spread `spread`",
        evidence: "0.0652 ETH for 20.1 M ARB and 5 ETH for 19.3 M ARB in public vote markets; the spread is assumed",
        fields: &[
            field("price", "money a token", (0.0, 1e12), None),
            field("budget", "money for one proposal", (0.0, 1e15), None),
            field("median", "median reservation price, money a token", (1e-12, 1e12), None),
            field("spread", "standard deviation of its logarithm", (0.0, 10.0), Some(1.5)),
        ],
    },
    Kind {
        name: "new_rule",
        effect: "the keys of `[rule]` in this condition hold for proposals whose voting starts from then on",
        evidence: "by definition",
        fields: &[],
    },
];

/// The kind with this name.
pub fn find(name: &str) -> Option<&'static Kind> {
    CONDITIONS.iter().find(|kind| kind.name == name)
}
