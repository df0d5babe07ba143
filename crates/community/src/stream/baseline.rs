//! A community that is nobody's: a stream of honest messages and transfers to write attacks into.

use daotwin_core::Seed;
use daotwin_core::random::Stream as Draws;

use super::{Account, Label, Message, Stream, Transfer};
use crate::attack::address;
use crate::attack::texts::{self, Kind};
use crate::text::{Mood, SUBJECTS, sentence};

/// The first second of a baseline stream: 2024-01-01T00:00:00Z.
pub const BASELINE_START: i64 = 1_704_067_200;

const DAY: f64 = 86_400.0;
/// Messages a member a day, over all members and days.
const RATE: f64 = 0.5;
/// Tail index of members' activity; Discord's governance channels have 0.8 to 1.6 (Hill).
const TAIL: f64 = 1.2;
/// Largest activity over the least: nobody writes without sleep.
const MOST: f64 = 2000.0;
/// Answers that a message draws in the mean, and their mean delay in seconds.
const ANSWERS: f64 = 0.55;
const DELAY: f64 = 150.0;
/// Messages of one hour of the day over the mean hour, UTC; from Europe's and America's waking hours.
const HOURS: [f64; 24] = [
    0.8, 0.6, 0.5, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0, 1.1, 1.2, 1.4, 1.5, 1.6, 1.5, 1.4, 1.4, 1.3, 1.2,
    1.1, 0.8, 0.6,
];
/// Transfers a member a day.
const PAYS: f64 = 0.05;
/// Of these, first payments to try an address out, of next to nothing or nothing.
const TRIES: f64 = 0.04;
/// Delegations of votes a member a day.
const DELEGATES: f64 = 0.004;
/// Days from one payday to the next; then one account pays many, as much to each or nearly.
const PAYDAY: u32 = 7;
/// Of conversations, those between two.
const DIRECT: f64 = 0.06;

/// The honest life of a community of so many members over so many days: heavy-tailed activity, members who join and fade,
/// days of uneven noise, bursts of answers with the rhythm of a day, topics with moods that drift, and transfers between
/// members.
///
/// Channel 0 is for announcements, in which moderators alone write; then `general`, `governance`, `support`, and `direct` for
/// messages between two. Topics are [`SUBJECTS`]; asset 0 is `token`, with 18 decimals, asset 1 `votes`: who delegates moves
/// votes. Ids have the shape of addresses. Messages and transfers are in order of time, a reply's message before it. Members are at least 2. Deterministic in `seed`, on one thread.
pub fn baseline(members: u32, days: u32, seed: Seed) -> Stream {
    let members = members.max(2);
    let span = f64::from(days) * DAY;
    let moderators = (members / 200).clamp(1, 12);
    let mut draws = seed.stream("community baseline members");
    let mut accounts = Vec::with_capacity(members as usize);
    let mut activity = Vec::with_capacity(members as usize);
    let mut leaves = Vec::with_capacity(members as usize);
    for index in 0..members {
        // Half were there before; moderators all were.
        let before = index < moderators || draws.chance(0.5);
        let joined = if before { -draws.uniform() * 180.0 * DAY } else { draws.uniform() * span };
        let stays = if index < moderators { f64::INFINITY } else { draws.exponential() * 120.0 * DAY };
        let weight = (1.0 - draws.uniform()).powf(-1.0 / TAIL).min(MOST);
        activity.push(if index < moderators { weight.max(20.0) } else { weight });
        leaves.push(joined.max(0.0) + stays);
        accounts.push(Account {
            member: address(&mut draws),
            name: name(draws.below(NUMBERS) as u32, &mut draws),
            joined_at: BASELINE_START + joined as i64,
            moderator: index < moderators,
            label: Label::HONEST,
        });
    }
    let joins: Vec<f64> =
        accounts.iter().map(|account| (account.joined_at - BASELINE_START) as f64).collect();
    let mut stream = Stream {
        accounts,
        channels: ["announcements", "general", "governance", "support", "direct"].map(str::to_owned).to_vec(),
        topics: SUBJECTS.iter().map(|&subject| subject.to_owned()).collect(),
        assets: vec!["token".to_owned(), "votes".to_owned()],
        ..Stream::default()
    };
    let present = |day: u32| -> Vec<f64> {
        let (from, to) = (f64::from(day) * DAY, f64::from(day + 1) * DAY);
        (0..members as usize)
            .map(|member| if joins[member] < to && leaves[member] > from { activity[member] } else { 0.0 })
            .collect()
    };
    let mut drawn: Vec<Drawn> = Vec::new();
    let mut loudness = 0.0;
    let mut moods = vec![0.1; SUBJECTS.len()];
    let hours: f64 = HOURS.iter().sum();
    let by_day = seed.streams("community baseline days");
    let texts = seed.streams("community baseline texts");
    for day in 0..days {
        let mut draws = by_day.stream(u64::from(day));
        // Loud days follow loud days; moods of topics drift back to slightly glad.
        loudness = 0.6 * loudness + 0.5 * draws.normal();
        for mood in &mut moods {
            *mood += 0.1 * (0.1 - *mood) + 0.08 * draws.normal();
        }
        let weights = Cumulated::new(&present(day));
        let mean = RATE * f64::from(members) * (1.0 - ANSWERS) * (f64::exp(loudness) / f64::exp(0.195));
        for _ in 0..draws.poisson(mean) {
            let mut at = draws.uniform() * hours;
            let hour = HOURS.iter().position(|&share| {
                at -= share;
                at < 0.0
            });
            let at = f64::from(day) * DAY + (hour.unwrap_or(23) as f64 + draws.uniform()) * 3600.0;
            let author = weights.draw(&mut draws);
            let topic = draws.below(SUBJECTS.len() as u64) as u32;
            let other = weights.draw(&mut draws);
            let to = (draws.chance(DIRECT) && other != author).then_some(other as u32);
            let channel = if to.is_some() {
                4
            } else if (author as u32) < moderators && draws.chance(0.05) {
                0
            } else {
                1 + draws.weighted(&[0.6, 0.3, 0.1]) as u32
            };
            let root = drawn.len() as u32;
            drawn.push(Drawn { author: author as u32, at, channel, to, reply_to: None, topic });
            answers(root, &weights, span, &mut drawn, &mut draws);
        }
        for (index, message) in drawn.iter().enumerate().skip(stream.messages.len()) {
            let mut draws = texts.stream(index as u64);
            let sentiment = (moods[message.topic as usize] + 0.3 * draws.normal()).clamp(-1.0, 1.0);
            stream.messages.push(Message {
                author: message.author,
                at: BASELINE_START + message.at as i64,
                channel: message.channel,
                to: message.to,
                reply_to: message.reply_to,
                topic: message.topic,
                sentiment,
                label: Label::HONEST,
                text: write(SUBJECTS[message.topic as usize], sentiment, message.channel == 0, &mut draws),
            });
        }
        for _ in 0..draws.poisson(PAYS * f64::from(members)) {
            let at = BASELINE_START + (f64::from(day) * DAY + draws.uniform() * DAY) as i64;
            let from = weights.draw(&mut draws) as u32;
            let to = weights.draw(&mut draws) as u32;
            if from != to {
                let tokens = (3.0 + 1.8 * draws.normal()).exp();
                let amount = if draws.chance(TRIES) {
                    [0, 1, 1_000_000_000_000][draws.below(3) as usize]
                } else {
                    let round = (tokens * 1e6) as u128 * 1_000_000_000_000;
                    // Some pay all that is left, to the last digit.
                    if draws.chance(0.06) {
                        round + u128::from(draws.below(1_000_000_000_000))
                    } else {
                        round
                    }
                };
                stream.transfers.push(Transfer { at, from, to, amount, asset: 0, label: Label::HONEST });
            }
        }
        for _ in 0..draws.poisson(DELEGATES * f64::from(members)) {
            let at = BASELINE_START + (f64::from(day) * DAY + draws.uniform() * DAY) as i64;
            let from = weights.draw(&mut draws) as u32;
            let to = weights.draw(&mut draws) as u32;
            if from != to {
                let amount = ((3.0 + 2.6 * draws.normal()).exp() * 1e6) as u128 * 1_000_000_000_000;
                stream.transfers.push(Transfer { at, from, to, amount, asset: 1, label: Label::HONEST });
            }
        }
        if day % PAYDAY == 3 {
            // A working group's treasurer pays it, within an hour.
            let from = draws.below(u64::from(moderators.max(2))) as u32;
            let (hour, pay) = (draws.uniform() * 23.0, (4.0 + draws.normal()).exp());
            for _ in 0..3 + draws.below(1 + u64::from(members) / 30) {
                let at = BASELINE_START + (f64::from(day) * DAY + (hour + draws.uniform()) * 3600.0) as i64;
                let to = weights.draw(&mut draws) as u32;
                let amount = (pay * (0.2 * draws.normal()).exp() * 1e6) as u128 * 1_000_000_000_000;
                if from != to {
                    stream.transfers.push(Transfer { at, from, to, amount, asset: 0, label: Label::HONEST });
                }
            }
        }
    }
    stream.sort();
    stream
}

/// A message before its words.
#[derive(Clone, Copy)]
struct Drawn {
    author: u32,
    at: f64,
    channel: u32,
    to: Option<u32>,
    reply_to: Option<u32>,
    topic: u32,
}

/// Answers to a message and answers to these, a branching process; answers come from anybody, the asker among them.
fn answers(root: u32, weights: &Cumulated, span: f64, drawn: &mut Vec<Drawn>, draws: &mut Draws) {
    let mut next = root as usize;
    while next < drawn.len() {
        let Drawn { author, at, channel, to, topic, .. } = drawn[next];
        // Announcements are answered in `general`.
        let channel = channel.max(1);
        for _ in 0..draws.poisson(ANSWERS) {
            let at = at + 5.0 + DELAY * draws.exponential();
            if at >= span {
                continue;
            }
            // Back and forth: a third of answers come from who was answered, after a while.
            let before = drawn[next].reply_to.map(|asked| drawn[asked as usize].author);
            let who = match before {
                _ if to.is_some() => to.unwrap_or(author),
                Some(asked) if draws.chance(0.4) => asked,
                _ => weights.draw(draws) as u32,
            };
            let reply_to = (who != author || draws.chance(0.1)).then_some(next as u32);
            drawn.push(Drawn { author: who, at, channel, to: to.map(|_| author), reply_to, topic });
        }
        next += 1;
    }
}

/// What a member writes on a subject, in a mood: by the grammar of [`crate::text`] or, where nobody is glad or unhappy, by that
/// of [`crate::attack::texts`], now and then with a link or an address.
pub(crate) fn write(subject: &str, sentiment: f64, announcement: bool, draws: &mut Draws) -> String {
    let mood = Mood::of(sentiment);
    let mut text = if mood == Mood::Even && draws.chance(0.6) {
        if announcement { texts::write(Kind::Announcement, 0.0, draws) } else { texts::benign(draws) }
    } else {
        sentence(subject, mood, draws)
    };
    while draws.chance(if announcement { 0.7 } else { 0.2 }) && text.len() < 600 {
        text.push_str(". ");
        text.push_str(&sentence(subject, mood, draws));
    }
    if announcement && draws.chance(0.4) {
        text.insert_str(0, "@everyone ");
    }
    // Honest people share links and addresses too; `example` is reserved for documentation (RFC 2606).
    if draws.chance(if announcement { 0.5 } else { 0.04 }) {
        if draws.chance(0.5) {
            let page = ["forum", "vote", "docs", "app"][draws.below(4) as usize];
            text.push_str(&format!(" https://{page}.dao.example/{}", 100 + draws.below(900)));
        } else {
            text.push(' ');
            text.push_str(&texts::link(draws));
        }
    }
    if draws.chance(0.01) {
        text.push(' ');
        text.push_str(&address(draws));
    }
    text
}

/// Numbers in names are below this.
pub(crate) const NUMBERS: u64 = 10_000;

/// A name of two words and a number.
pub(crate) fn name(index: u32, draws: &mut Draws) -> String {
    const FIRST: [&str; 24] = [
        "amber", "brisk", "calm", "dusty", "early", "fern", "gentle", "hazel", "iron", "jolly", "keen",
        "lunar", "mossy", "north", "olive", "plain", "quiet", "river", "silver", "tidal", "umber", "velvet",
        "willow", "young",
    ];
    const SECOND: [&str; 24] = [
        "otter", "baker", "cedar", "drum", "ember", "finch", "garden", "heron", "island", "jacket", "kettle",
        "lantern", "maple", "needle", "orchard", "pepper", "quill", "rook", "saddle", "thistle", "urchin",
        "valley", "walnut", "yarn",
    ];
    let first = FIRST[draws.below(24) as usize];
    let second = SECOND[draws.below(24) as usize];
    format!("{first}{second}{index}")
}

/// Weights summed up, for draws by bisection.
struct Cumulated(Vec<f64>);

impl Cumulated {
    fn new(weights: &[f64]) -> Self {
        Self(
            weights
                .iter()
                .scan(0.0, |sum, weight| {
                    *sum += weight;
                    Some(*sum)
                })
                .collect(),
        )
    }

    /// An index with probability proportional to its weight; the last where no weight is positive.
    fn draw(&self, draws: &mut Draws) -> usize {
        let total = self.0.last().copied().unwrap_or(0.0);
        let at = draws.uniform() * total;
        self.0.partition_point(|&sum| sum <= at).min(self.0.len().saturating_sub(1))
    }
}
