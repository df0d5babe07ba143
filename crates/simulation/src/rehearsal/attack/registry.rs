//! Who attacks, and who defends.

use serde::Serialize;

/// An agent that plans.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Attacker {
    /// Its name.
    pub name: &'static str,
    /// What it does, exactly, and how its best response is found.
    pub does: &'static str,
    /// What is public to it when it decides.
    pub knows: &'static str,
    /// What it pays, and what stays lost.
    pub costs: &'static str,
    /// Where it is from: an incident or a paper; "assumed" where nothing was found.
    pub evidence: &'static str,
    /// What its size counts.
    pub unit: Unit,
}

/// What an attack's size counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Tokens that are bought or borrowed.
    Tokens,
    /// Members that agree.
    Members,
    /// Money.
    Money,
    /// Nothing: it works or it does not.
    Nothing,
}

const fn attacker(
    name: &'static str,
    unit: Unit,
    does: &'static str,
    knows: &'static str,
    costs: &'static str,
    evidence: &'static str,
) -> Attacker {
    Attacker { name, does, knows, costs, evidence, unit }
}

const TALLIES: &str = "the rule, the market, and the tallies of all proposals before";

/// Every attacker and defender, in the order in which they are listed.
pub const ATTACKERS: &[Attacker] = &[
    attacker(
        "whale",
        Unit::Tokens,
        "buys tokens before power is counted and votes for its proposal at the last moment, against all who vote; the least \
         tokens are a closed form of the ballots cast",
        TALLIES,
        "the tokens with their price impact; they are sold after the price has fallen",
        "Compound 289 (2024), Build Finance (2022), Indexed (2023)",
    ),
    attacker(
        "whale, voting first",
        Unit::Tokens,
        "the same at the first moment: members who stayed away have the whole window to answer its ballot",
        TALLIES,
        "as the whale",
        "assumed; beside the whale it says what the last moment is worth",
    ),
    attacker(
        "cartel",
        Unit::Members,
        "the k members or delegates with most power vote for its proposal, present or not; the least k by trying 1, 2, ...",
        "who holds how much power",
        "no capital; k have to agree",
        "voters needed for half of the cast power: fewer than three on average in Compound (Fritsch et al. 2024)",
    ),
    attacker(
        "sybil",
        Unit::Money,
        "a whale that splits its tokens over accounts; only where weights are not tokens. Their number is the one that makes \
         tokens and accounts together cheapest, a closed form",
        TALLIES,
        "its tokens and `account_cost` an account; all of it is taken to be lost",
        "square-root and one-member-one-vote weights reward splitting; Gitcoin's round 10 had an estimated 36 % of sybils",
    ),
    attacker(
        "briber",
        Unit::Money,
        "buys the ballots of members that sell, cheapest first, present or lately active, until its proposal passes: a sort, \
         then what turns out not to be needed is left out",
        "who sells and at what price: a public market for votes",
        "each seller's own price for its tokens' vote, all of it lost",
        "LobbyFi (2025): 5 ETH for 19.3 M ARB; the share of members that sell is assumed",
    ),
    attacker(
        "flash loan",
        Unit::Tokens,
        "borrows tokens within one transaction and votes; only where power is counted at the vote",
        TALLIES,
        "the fee of the loan",
        "Beanstalk, 17 April 2022",
    ),
    attacker(
        "raider",
        Unit::Tokens,
        "buys tokens below their share of the treasury and passes a dissolution as the whale does; only where the payout \
         exceeds the cost",
        "the treasury, and as the whale",
        "as the whale, but the tokens are paid out at book value; nothing to gain where members may leave at book value",
        "Rook (2023), Aragon (2023)",
    ),
    attacker(
        "spammer",
        Unit::Tokens,
        "posts n empty proposals, so that each member comes with (1 + n)^-`fatigue` of its chance, then acts as the whale; \
         the n of a few that costs least",
        TALLIES,
        "`post_cost` a proposal, and as the whale",
        "Synthetify (2023): nine empty proposals before the tenth; the elasticity is assumed",
    ),
    attacker(
        "griefer",
        Unit::Tokens,
        "votes against proposals that would pass, at the last moment; the least tokens are a closed form",
        TALLIES,
        "as the whale; the price does not fall",
        "assumed",
    ),
    attacker(
        "boycott",
        Unit::Members,
        "the largest of the members that would have voted for a proposal stay away until it lacks its quorum or its \
         majority; the least k by trying 1, 2, ...",
        "who holds how much power",
        "no capital; k have to agree",
        "assumed; members of Aragon's and Lido's votes have been called on to do it",
    ),
    attacker(
        "hidden payload",
        Unit::Nothing,
        "proposes what members like, with a harmful action inside: it needs only that the proposal passes and that nobody who \
         votes reads it; who reads tells all others, and those who come later vote against",
        "nothing more than that such proposals pass",
        "the tokens that proposing asks for",
        "Tornado Cash, 20 May 2023; the chance to read is assumed",
    ),
    attacker(
        "arbitrageur",
        Unit::Tokens,
        "buys tokens up to the price at which another one costs what it redeems for, and leaves with their share of the \
         treasury; only where the rule lets members leave at book value. A closed form; no vote is needed",
        "the treasury and the market",
        "the tokens with their price impact",
        "Nouns' fork (September 2023): 472 of 846 tokens left",
    ),
    attacker(
        "guardian",
        Unit::Nothing,
        "defends: vetoes a harmful proposal between the end of voting and its execution, with chance \
         `guardian` (1 - 2^(-time / `guardian_hours`))",
        "what has passed; of a payload that nobody read only what it reads itself",
        "none",
        "Compound cancelled 289 after a truce (2024); the chance is assumed",
    ),
];

/// The attacker with this name.
pub fn find(name: &str) -> Option<&'static Attacker> {
    ATTACKERS.iter().find(|attacker| attacker.name == name)
}
