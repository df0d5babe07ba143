//! Templates: a context-free grammar whose sentences are the room's own words.
//!
//! A rule is a name and its alternatives; `{name}` in an alternative is replaced by one of that rule's alternatives, drawn
//! uniformly. Nothing in it is taken from anybody's messages. Mentions, links, addresses and amounts of real people cannot
//! come out, because no alternative holds any: what callers add (a synthetic account's name, a link under a reserved
//! domain) is theirs.

use daotwin_core::random::Stream as Draws;

/// The subjects that honest members write about, in the order of [`SUBJECTS`].
pub const SUBJECTS: &[&str] =
    &["governance", "treasury", "grants", "security", "product", "newcomers", "market", "everyday"];

/// How a message is meant to sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mood {
    /// Unhappy.
    Low,
    /// Neither.
    Even,
    /// Glad.
    High,
}

impl Mood {
    /// The mood of a sentiment from -1 to 1: below -0.2 low, above 0.2 high.
    pub fn of(sentiment: f64) -> Self {
        if sentiment < -0.2 {
            Self::Low
        } else if sentiment > 0.2 {
            Self::High
        } else {
            Self::Even
        }
    }
}

/// Every rule of the grammar, in order of their names.
pub const RULES: &[(&str, &[&str])] = &[
    (
        "action",
        &[
            "vote on {thing}",
            "read {thing} again",
            "wait for {thing}",
            "split {thing} in two",
            "put {thing} on the agenda",
            "compare {thing} with the one before",
            "write a summary of {thing}",
            "ask the authors about {thing}",
        ],
    ),
    (
        "aside",
        &[
            "as far as I can tell",
            "in my view",
            "for what it is worth",
            "unless I missed something",
            "to be fair",
            "from where I sit",
            "all things considered",
            "at least for now",
        ],
    ),
    (
        "close-even",
        &[
            "let me know what you think",
            "happy to be corrected",
            "more on the call",
            "that is all from me",
            "will follow up",
            "notes are in the usual place",
        ],
    ),
    (
        "close-high",
        &[
            "well done everyone",
            "thank you all for the hard work",
            "this is great to see",
            "really happy with that",
            "lovely work",
            "excited for what is next",
        ],
    ),
    (
        "close-low",
        &[
            "this is a bad look",
            "I am worried about it",
            "that was a poor decision",
            "we keep failing at this",
            "it is frustrating to say the least",
            "I do not trust it",
        ],
    ),
    (
        "everyday-even",
        &[
            "good morning",
            "gm",
            "hello all",
            "hey",
            "ok",
            "sure",
            "same here",
            "sounds about right",
            "on my way",
            "see you on the call",
            "back from lunch",
            "who is awake",
            "what time is the call",
            "just catching up on everything",
            "long week here",
        ],
    ),
    (
        "everyday-high",
        &[
            "gm friends",
            "good morning everyone, lovely day",
            "haha nice one",
            "thanks a lot",
            "love it",
            "great, thank you",
            "congrats",
            "happy friday all",
            "well said",
            "you made my day",
        ],
    ),
    (
        "everyday-low",
        &[
            "tired of this today",
            "not a good morning",
            "sad to hear that",
            "this is annoying",
            "oh no",
            "what a mess",
            "sorry, bad day",
            "that is terrible news",
        ],
    ),
    (
        "governance-even",
        &[
            "{aside}, we should {action}",
            "does {thing} still need a quorum of delegates",
            "when does voting on {thing} close",
            "{thing} moves to a temperature check {when}",
            "which delegates have looked at {thing} so far",
            "the window for {thing} opens {when}",
            "can someone explain how {thing} is counted",
            "I would rather {action} before we go on",
            "is there a reason to {action} {when}",
        ],
    ),
    (
        "governance-high",
        &[
            "glad that {thing} passed, {close-high}",
            "strong support from me for {thing}",
            "{thing} is a great step, {aside}",
            "thanks to the authors of {thing}, {close-high}",
            "good discussion on {thing}, I vote in favour",
        ],
    ),
    (
        "governance-low",
        &[
            "{thing} was rushed and nobody had time to read it",
            "I vote against {thing}, {close-low}",
            "turnout on {thing} is awful again",
            "{aside}, {thing} fails the members who wait",
            "another vote with no quorum, {close-low}",
        ],
    ),
    (
        "grants-even",
        &[
            "the team behind {project} asks for a second milestone",
            "reviews of {project} are due {when}",
            "who reviews {project} this round",
            "{project} sent its report {when}",
            "how do we score {project} against the others",
            "applications for the round close {when}",
            "the budget of {project} is in the sheet",
        ],
    ),
    (
        "grants-high",
        &[
            "{project} delivered everything early, {close-high}",
            "very good report from {project}",
            "so proud of {project}, {close-high}",
            "{project} deserves more support",
        ],
    ),
    (
        "grants-low",
        &[
            "{project} missed its milestone again, {close-low}",
            "no report from {project} since the last round, bad sign",
            "we wasted money on {project}",
            "the scoring of {project} looks unfair",
        ],
    ),
    (
        "market-even",
        &[
            "any news on liquidity for the token",
            "volume looks flat {when}",
            "what is driving the price {when}",
            "spread on the pool is back to normal",
            "is the buyback still planned",
            "the unlock is {when}, right",
        ],
    ),
    (
        "market-high",
        &[
            "nice green day",
            "price finally moving up, good",
            "glad I stayed",
            "the chart looks healthy, {close-high}",
        ],
    ),
    (
        "market-low",
        &[
            "price is dying",
            "ugly red candle again",
            "worst week in months, {close-low}",
            "everyone is selling, this hurts",
        ],
    ),
    (
        "newcomers-even",
        &[
            "I am new here, where do I start",
            "how do I delegate my votes",
            "where can I find the notes of the last call",
            "is there a guide to {thing}",
            "can a new member write a proposal",
            "which channel is for questions",
            "do I need tokens to join a working group",
            "welcome, have a look at the pinned guide",
        ],
    ),
    (
        "newcomers-high",
        &[
            "welcome aboard, good to have you",
            "thanks for the warm welcome",
            "great guide, it answered all my questions",
            "so happy to join, {close-high}",
        ],
    ),
    (
        "newcomers-low",
        &[
            "nobody answers questions of new people here",
            "the guide is confusing and out of date",
            "I tried to join and got ignored, {close-low}",
        ],
    ),
    (
        "product-even",
        &[
            "the new interface shows {thing} under a different tab",
            "is anyone else seeing slow pages {when}",
            "the release notes are up",
            "the app asks me to sign twice, is that normal",
            "the next release is {when}",
            "where do I report a bug in the dashboard",
            "{project} changes how the dashboard loads",
        ],
    ),
    (
        "product-high",
        &[
            "the new release is fast, {close-high}",
            "best update so far",
            "love the new dashboard",
            "the fix works perfectly, thanks",
        ],
    ),
    (
        "product-low",
        &[
            "the dashboard is broken again",
            "pages fail to load, {close-low}",
            "the update made everything worse",
            "lost an hour to that bug",
        ],
    ),
    (
        "project",
        &[
            "the translation group",
            "the audit fund",
            "the education track",
            "the indexer",
            "the wallet plugin",
            "the events team",
            "the analytics page",
            "the open data project",
            "the bridge working group",
            "the design guild",
            "the podcast",
            "the developer portal",
        ],
    ),
    (
        "security-even",
        &[
            "reminder that moderators never write first",
            "the audit of {project} starts {when}",
            "please check the address on the official page before you sign",
            "two reviewers looked at the upgrade",
            "the multisig signers rotate {when}",
            "the report of the audit is public now",
            "is the timelock still two days",
        ],
    ),
    (
        "security-high",
        &[
            "clean audit report, {close-high}",
            "thanks to whoever reported that, good catch",
            "quick response by the security team, very well handled",
        ],
    ),
    (
        "security-low",
        &[
            "someone got robbed through a fake page, be careful",
            "we were lucky this time, that bug was dangerous",
            "scam accounts everywhere today, {close-low}",
            "the response to the bug was too slow",
        ],
    ),
    (
        "thing",
        &[
            "the budget proposal",
            "the fee switch",
            "the delegate programme",
            "the new charter",
            "the council election",
            "the incentive plan",
            "the upgrade",
            "the quorum change",
            "the working group report",
            "the second draft",
            "the veto rule",
            "the season plan",
        ],
    ),
    (
        "treasury-even",
        &[
            "what is our runway at the current spend",
            "the report on the treasury comes out {when}",
            "how much of the treasury is in stable assets",
            "{aside}, we should diversify before we spend",
            "payments for {project} went out {when}",
            "who signs for the treasury {when}",
            "the budget has a line for {project}",
        ],
    ),
    (
        "treasury-high",
        &[
            "runway looks healthy, {close-high}",
            "good returns this quarter",
            "very clear report, thanks to the finance group",
        ],
    ),
    (
        "treasury-low",
        &[
            "we are burning money",
            "spend is out of control, {close-low}",
            "the treasury lost a lot this month",
            "no plan for a bad market, that is a risk",
        ],
    ),
    (
        "when",
        &[
            "tomorrow",
            "next week",
            "on monday",
            "this evening",
            "after the call",
            "by the end of the month",
            "on thursday",
            "later today",
            "in two days",
            "this season",
        ],
    ),
];

/// Depth after which an alternative's rules are left empty; no rule above reaches it.
const DEEPEST: usize = 8;

/// The alternatives of a rule; none where there is no such rule.
fn alternatives(name: &str) -> &'static [&'static str] {
    RULES.binary_search_by(|(known, _)| (*known).cmp(name)).map_or(&[], |place| RULES[place].1)
}

fn expand(name: &str, depth: usize, draws: &mut Draws, out: &mut String) {
    let choices = alternatives(name);
    if choices.is_empty() || depth > DEEPEST {
        return;
    }
    let mut rest = choices[draws.below(choices.len() as u64) as usize];
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((inner, after)) = after.split_once('}') else {
            rest = after;
            break;
        };
        expand(inner, depth + 1, draws, out);
        rest = after;
    }
    out.push_str(rest);
}

/// A sentence on a subject, of [`SUBJECTS`] (another name is written about as `everyday`), in this mood. Deterministic in the
/// state of `draws`.
pub fn sentence(subject: &str, mood: Mood, draws: &mut Draws) -> String {
    let subject = if SUBJECTS.contains(&subject) { subject } else { "everyday" };
    let mood = match mood {
        Mood::Low => "low",
        Mood::Even => "even",
        Mood::High => "high",
    };
    let mut text = String::new();
    expand(&format!("{subject}-{mood}"), 0, draws, &mut text);
    text
}
