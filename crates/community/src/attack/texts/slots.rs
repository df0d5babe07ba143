//! Made-up things that texts mention: names, amounts, addresses, links. None of them is looked up anywhere.

use daotwin_core::random::Stream;

/// The slots there are.
#[cfg(test)]
pub(super) const SLOTS: [&str; 37] = [
    "handle",
    "project",
    "ticker",
    "word",
    "domain",
    "link",
    "short",
    "invite",
    "telegram",
    "evm",
    "sol",
    "usd",
    "usdk",
    "gbp",
    "eth",
    "pct",
    "big",
    "ten",
    "small",
    "hundred",
    "supply",
    "phone",
    "premium",
    "shortcode",
    "keyword",
    "code",
    "person",
    "surname",
    "place",
    "date",
    "clock",
    "emoji",
    "rocket",
    "tags",
    "cashtags",
    "mentions",
    "season",
];

fn one<'w>(draws: &mut Stream, words: &[&'w str]) -> &'w str {
    words[draws.below(words.len() as u64) as usize]
}

fn number(draws: &mut Stream, low: u64, high: u64) -> u64 {
    low + draws.below(high - low + 1)
}

/// A number that a person would say: one or two leading digits, then zeros.
fn round(draws: &mut Stream, low: f64, high: f64) -> u64 {
    let value = (low.ln() + (high / low).ln() * draws.uniform()).exp();
    let scale = 10_f64.powf(value.log10().floor() - if draws.chance(0.3) { 1.0 } else { 0.0 }).max(1.0);
    ((value / scale).round() * scale).max(1.0) as u64
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn letters(draws: &mut Stream, alphabet: &[u8], length: u64) -> String {
    (0..length).map(|_| char::from(alphabet[draws.below(alphabet.len() as u64) as usize])).collect()
}

const HEX: &[u8] = b"0123456789abcdef";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8] = b"0123456789";

const FIRST: [&str; 60] = [
    "Nova", "Astra", "Zen", "Lumi", "Pixel", "Turbo", "Moon", "Hyper", "Meta", "Omni", "Ever", "Cloud",
    "Frost", "Ember", "Delta", "Quant", "Orbi", "Vela", "Terra", "Aero", "Neo", "Iron", "Gold", "Silver",
    "Crypto", "Block", "Chain", "Stake", "Yield", "Swap", "Bridge", "Arc", "Sol", "Ether", "Base", "Ape",
    "Doge", "Cat", "Frog", "Panda", "Fox", "Wolf", "Bull", "Bear", "Whale", "Shark", "Tiger", "Agent", "Bot",
    "Claw", "Mega", "Ultra", "Prime", "Royal", "Lucky", "Baby", "Tiny", "Magic", "Dragon", "Phoenix",
];
const LAST: [&str; 44] = [
    "fi", "Swap", "Dex", "Pad", "Verse", "Land", "Labs", "Coin", "Token", "Cash", "Pay", "Vault", "Chain",
    "Net", "Hub", "Link", "X", "AI", "Inu", "Punks", "Club", "World", "Quest", "Play", "DAO", "Protocol",
    "Finance", "Network", "Bit", "lio", "ara", "ix", "ium", "ora", "eon", "zy", "ster", "ly", "tron", "wave",
    "forge", "mint", "mart", "bank",
];
const PEOPLE: [&str; 48] = [
    "Anna", "Ben", "Carla", "David", "Elena", "Frank", "Grace", "Hugo", "Irene", "Jack", "Kate", "Leo",
    "Maria", "Nick", "Olivia", "Paul", "Rosa", "Sam", "Tina", "Victor", "Wendy", "Yusuf", "Zoe", "Alex",
    "Chris", "Emma", "George", "Helen", "Ivan", "James", "Kevin", "Laura", "Mark", "Nina", "Oscar", "Peter",
    "Rachel", "Simon", "Tom", "Uma", "Vera", "Will", "Priya", "Chen", "Aisha", "Marco", "Lukas", "Sofia",
];
const SURNAMES: [&str; 24] = [
    "Miller", "Garcia", "Novak", "Okafor", "Larsen", "Tanaka", "Rossi", "Weber", "Dubois", "Kowalski",
    "Silva", "Haddad", "Murphy", "Jansen", "Petrov", "Kaya", "Nguyen", "Shah", "Bauer", "Costa", "Meyer",
    "Olsen", "Ricci", "Fischer",
];
const PLACES: [&str; 30] = [
    "London",
    "Lagos",
    "Berlin",
    "Tokyo",
    "Madrid",
    "Chicago",
    "Dubai",
    "Paris",
    "Toronto",
    "Lisbon",
    "Seoul",
    "Denver",
    "Rome",
    "Nairobi",
    "Sydney",
    "Texas",
    "California",
    "Ohio",
    "Vienna",
    "Mumbai",
    "Athens",
    "Oslo",
    "Boston",
    "Miami",
    "Leeds",
    "Dublin",
    "Prague",
    "Manila",
    "Jakarta",
    "Zurich",
];
const COINS: [&str; 30] = [
    "BTC", "ETH", "SOL", "USDC", "USDT", "BNB", "DOGE", "SHIB", "PEPE", "AVAX", "LINK", "ARB", "OP", "UNI",
    "AAVE", "XRP", "ADA", "DOT", "NEAR", "SUI", "TON", "BONK", "WIF", "INJ", "ATOM", "LTC", "TRX", "HYPE",
    "ENA", "LDO",
];
const EMOJIS: [&str; 22] = [
    "🎉", "🔥", "💎", "✨", "🎁", "💰", "⚡", "👇", "✅", "👉", "📣", "💸", "🌟", "🏆", "🙌", "🤝", "💥",
    "🥳", "🔗", "📈", "🪂", "❤️",
];
const ENDINGS: [&str; 22] = [
    "com", "io", "xyz", "app", "net", "org", "finance", "fi", "live", "site", "online", "cc", "pro", "click",
    "top", "me", "link", "lol", "fun", "shop", "info", "vip",
];
const TAGS: [&str; 34] = [
    "Airdrop",
    "Crypto",
    "NFT",
    "NFTs",
    "Giveaway",
    "Web3",
    "DeFi",
    "Bitcoin",
    "Ethereum",
    "Solana",
    "BTC",
    "ETH",
    "SOL",
    "BNB",
    "Memecoin",
    "Altcoins",
    "Whitelist",
    "Mint",
    "FreeMint",
    "CryptoNews",
    "Trading",
    "Base",
    "BSC",
    "presale",
    "NFTCommunity",
    "NFTGiveaway",
    "CryptoGiveaway",
    "ETHs",
    "Blockchain",
    "gm",
    "passiveincome",
    "forex",
    "stocks",
    "invest",
];

fn project(draws: &mut Stream) -> String {
    format!("{}{}", one(draws, &FIRST), one(draws, &LAST))
}

fn ticker(draws: &mut Stream) -> String {
    match draws.below(4) {
        0 => one(draws, &COINS).to_owned(),
        1 => one(draws, &FIRST).to_uppercase(),
        2 => {
            let length = number(draws, 3, 5);
            letters(draws, CAPITALS, length)
        }
        _ => {
            let word = format!("{}{}", one(draws, &FIRST), one(draws, &LAST)).to_uppercase();
            word.chars().take(number(draws, 3, 7) as usize).collect()
        }
    }
}

fn handle(draws: &mut Stream) -> String {
    let base = match draws.below(3) {
        0 => project(draws),
        1 => format!("{}_{}", one(draws, &PEOPLE), one(draws, &SURNAMES)),
        _ => format!("{}{}", one(draws, &PEOPLE).to_lowercase(), number(draws, 1, 9_999)),
    };
    format!("@{base}")
}

fn domain(draws: &mut Stream) -> String {
    let verb =
        ["claim", "airdrop", "app", "mint", "verify", "get", "join", "drop", "wallet", "bonus", "rewards"];
    let (name, ending) = (project(draws).to_lowercase(), one(draws, &ENDINGS));
    match draws.below(5) {
        0 => format!("{}-{name}.{ending}", one(draws, &verb)),
        1 => format!("{}.{name}.{ending}", one(draws, &verb)),
        2 => format!("{name}-{}.{ending}", one(draws, &verb)),
        3 => format!("{name}{}.{ending}", one(draws, &verb)),
        _ => format!("{name}.{ending}"),
    }
}

fn path(draws: &mut Stream) -> String {
    match draws.below(4) {
        0 => format!(
            "/{}",
            one(draws, &["claim", "airdrop", "mint", "join", "register", "bonus", "app", "ref"])
        ),
        1 => {
            let length = number(draws, 5, 9);
            format!("/{}", letters(draws, BASE58, length))
        }
        _ => String::new(),
    }
}

fn repeated(draws: &mut Stream, low: u64, high: u64, mut one: impl FnMut(&mut Stream) -> String) -> String {
    let count = number(draws, low, high);
    let all: Vec<String> = (0..count).map(|_| one(draws)).collect();
    all.join(" ")
}

/// Writes a made-up thing; nothing for a name that is none of [`SLOTS`].
pub(super) fn fill(name: &str, draws: &mut Stream, out: &mut String) {
    let text = match name {
        "handle" => handle(draws),
        "project" => project(draws),
        "ticker" => ticker(draws),
        "word" => one(draws, &FIRST).to_owned(),
        "domain" => domain(draws),
        "link" => {
            let scheme = one(draws, &["", "", "https://", "https://", "http://", "www."]);
            format!("{scheme}{}{}", domain(draws), path(draws))
        }
        "short" => format!(
            "{}/{}",
            one(draws, &["bit.ly", "t.co", "tinyurl.com", "cutt.ly"]),
            letters(draws, BASE58, 7)
        ),
        "invite" => format!("discord.gg/{}", letters(draws, BASE58, 8)),
        "telegram" => format!("t.me/{}", project(draws)),
        "evm" => format!("0x{}", letters(draws, HEX, 40)),
        "sol" => {
            let length = number(draws, 40, 44);
            letters(draws, BASE58, length)
        }
        "usd" => format!("${}", grouped(round(draws, 10.0, 50_000.0))),
        "usdk" => {
            let unit = one(draws, &["k", "K", "M", "m", " million"]);
            format!("${}{unit}", round(draws, 1.0, 900.0))
        }
        "gbp" => format!("£{}", round(draws, 50.0, 5_000.0)),
        "eth" => {
            let amount = [0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0];
            format!("{}", amount[draws.below(amount.len() as u64) as usize])
        }
        "pct" => format!("{}%", round(draws, 2.0, 900.0)),
        "big" => grouped(round(draws, 1_000.0, 5_000_000.0)),
        "ten" => number(draws, 2, 12).to_string(),
        "small" => number(draws, 1, 5).to_string(),
        "hundred" => round(draws, 20.0, 2_000.0).to_string(),
        "supply" => [555, 777, 888, 999, 1_000, 2_222, 3_333, 5_000, 5_555, 7_777, 8_888, 10_000]
            [draws.below(12) as usize]
            .to_string(),
        "phone" => {
            let head = one(draws, &["0800", "0845", "0207", "07", "+44", "+1", "+234", "080"]);
            format!("{head}{}", letters(draws, DIGITS, 8))
        }
        "premium" => format!("09{}", letters(draws, DIGITS, 9)),
        "shortcode" => format!("8{}", letters(draws, DIGITS, 4)),
        "keyword" => one(
            draws,
            &[
                "WIN", "YES", "CLAIM", "PRIZE", "GO", "TONE", "CHAT", "PLAY", "CASH", "GAME", "LOVE", "STAR",
                "GOLD",
            ],
        )
        .to_owned(),
        "code" => {
            let alphabet: Vec<u8> = CAPITALS.iter().chain(DIGITS).copied().collect();
            let length = number(draws, 4, 8);
            letters(draws, &alphabet, length)
        }
        "person" => one(draws, &PEOPLE).to_owned(),
        "surname" => one(draws, &SURNAMES).to_owned(),
        "place" => one(draws, &PLACES).to_owned(),
        "date" => {
            let month = one(
                draws,
                &["Jan", "Feb", "March", "April", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec"],
            );
            format!("{month} {}", number(draws, 1, 28))
        }
        "clock" => {
            let (hour, half) =
                (number(draws, 1, 12), one(draws, &["am", "pm", ":30 UTC", ":00 UTC", " PM EST", "pm"]));
            format!("{hour}{half}")
        }
        "emoji" => one(draws, &EMOJIS).to_owned(),
        "rocket" => one(draws, &["🚀", "🚀🚀", "🔥", "🚨", "🎉", "💰", "⚡️", "🌕", "📢", "💎"]).to_owned(),
        "tags" => repeated(draws, 1, 4, |draws| format!("#{}", one(draws, &TAGS))),
        "cashtags" => repeated(draws, 2, 9, |draws| format!("${}", ticker(draws))),
        "mentions" => repeated(draws, 1, 3, handle),
        "season" => format!(
            "{} {}",
            one(draws, &["season", "phase", "round", "epoch", "wave", "chapter"]),
            number(draws, 1, 5)
        ),
        _ => return,
    };
    out.push_str(&text);
}
