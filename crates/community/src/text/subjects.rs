//! What a text is about, by a few words each; a guess for texts without a topic.

/// Words that tell each subject, of [`super::SUBJECTS`]; what has none of them is `everyday`.
const WORDS: [(&str, &[&str]); 7] = [
    (
        "governance",
        &[
            "vote",
            "votes",
            "voting",
            "voted",
            "proposal",
            "proposals",
            "quorum",
            "delegate",
            "delegates",
            "delegation",
            "governance",
            "snapshot",
            "council",
            "dao",
        ],
    ),
    (
        "treasury",
        &["treasury", "runway", "budget", "diversify", "fund", "funds", "spend", "spending", "reserves"],
    ),
    ("grants", &["grant", "grants", "grantee", "milestone", "milestones", "applicant", "funding"]),
    (
        "security",
        &[
            "hack", "hacked", "hacker", "exploit", "scam", "scammer", "phishing", "audit", "audits",
            "multisig", "bug", "rug",
        ],
    ),
    (
        "product",
        &[
            "app",
            "dashboard",
            "interface",
            "release",
            "feature",
            "update",
            "pool",
            "pools",
            "swap",
            "gas",
            "api",
            "sdk",
            "bridge",
        ],
    ),
    (
        "newcomers",
        &["new", "join", "joined", "newbie", "welcome", "guide", "start", "help", "support", "ticket"],
    ),
    (
        "market",
        &[
            "price", "token", "tokens", "buy", "sell", "pump", "dump", "market", "chart", "usd", "eth",
            "btc", "airdrop", "yield", "apy",
        ],
    ),
];

/// The subject of which a text has most words; of several the first, `everyday` where it has none. English only.
pub fn subject(text: &str) -> &'static str {
    let mut hits = [0_u32; WORDS.len()];
    for word in text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        for (hit, (_, words)) in hits.iter_mut().zip(&WORDS) {
            *hit += u32::from(words.contains(&word.as_str()));
        }
    }
    let most = hits.iter().copied().max().unwrap_or(0);
    let best = hits.iter().position(|&hit| hit == most && most > 0);
    best.map_or("everyday", |place| WORDS[place].0)
}
