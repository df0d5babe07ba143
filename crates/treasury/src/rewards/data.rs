//! Reads the published sets for tests and for `examples/rewards.rs`.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::members::Activity;
use super::replay::{circle, matching, retroactive};

/// Where the sets are, or none.
pub(crate) fn folder() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    path.is_dir().then_some(path)
}

type Row = std::collections::BTreeMap<String, String>;

fn rows(path: &Path) -> io::Result<Vec<Row>> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.map_err(io::Error::other)).collect()
}

fn number(row: &Row, name: &str) -> f64 {
    row.get(name).map_or(0.0, |text| text.replace(',', "").parse().unwrap_or(0.0))
}

fn whole<T: std::str::FromStr + Default>(row: &Row, name: &str) -> T {
    row.get(name).and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// RetroPGF 3: published results with their ballots.
pub(crate) fn retroactive(folder: &Path) -> io::Result<Vec<retroactive::Project>> {
    let mut ballots = std::collections::BTreeMap::new();
    for row in rows(&folder.join("grants/optimism_retropgf3_votes.csv.gz"))? {
        let amounts: Vec<f64> = serde_json::from_str(&row["amount"]).map_err(io::Error::other)?;
        ballots.insert(row["project_name"].clone(), amounts);
    }
    let results = rows(&folder.join("grants/optimism_retropgf3_results.csv.gz"))?;
    Ok(results
        .iter()
        .map(|row| retroactive::Project {
            name: row["Project Name"].clone(),
            ballots: ballots.get(&row["Project Name"]).cloned().unwrap_or_default(),
            count: whole(row, "ballots"),
            median: number(row, "median amount"),
            paid: number(row, "OP Received"),
        })
        .collect())
}

/// Developer DAO's Coordinape circle: gifts and members.
pub(crate) fn circle(folder: &Path) -> io::Result<(Vec<circle::Gift>, Vec<circle::Member>)> {
    let gifts = rows(&folder.join("contributors/coordinape_developer_dao_gifts.csv.gz"))?;
    let members = rows(&folder.join("contributors/coordinape_developer_dao_users.csv.gz"))?;
    Ok((
        gifts
            .iter()
            .map(|row| circle::Gift {
                sender: whole(row, "senderId"),
                recipient: whole(row, "recipientId"),
                points: whole(row, "tokens"),
            })
            .collect(),
        members
            .iter()
            .map(|row| circle::Member {
                id: whole(row, "id"),
                received: whole(row, "giveReceived"),
                paid: number(row, "codeReceived"),
            })
            .collect(),
    ))
}

/// MetaGame's distributions of SourceCred: by contributor, grain for the last week and for all time.
pub(crate) fn grain(folder: &Path) -> io::Result<(Vec<f64>, Vec<f64>)> {
    let rows = rows(&folder.join("contributors/sourcecred_metagame_distributions.csv.gz"))?;
    Ok(rows.iter().map(|row| (number(row, "fast"), number(row, "slow"))).unzip())
}

/// Gitcoin's rounds on its own site.
pub(crate) fn grants(folder: &Path) -> io::Result<Vec<matching::Grant>> {
    let rows = rows(&folder.join("grants/gitcoin_cgrants_by_round.csv.gz"))?;
    Ok(rows
        .iter()
        .map(|row| matching::Grant {
            round: whole(row, "round_num"),
            contributors: number(row, "total_unique_contributors"),
            contributions: number(row, "total_contributions"),
            given: number(row, "total_crowdfund_amount"),
            matched: number(row, "total_match_amount"),
            funded: number(row, "total_funding"),
        })
        .collect())
}

/// Gitcoin's later rounds: the shares of every pool.
pub(crate) fn matches(folder: &Path) -> io::Result<Vec<matching::Match>> {
    let rows = rows(&folder.join("grants/gitcoin_allo_matching.csv.gz"))?;
    Ok(rows
        .iter()
        .map(|row| matching::Match {
            round: format!("{}:{}", row["ChainId"], row["RoundId"]),
            share: number(row, "MatchPoolPercentage"),
            amount: whole(row, "MatchAmountInToken"),
        })
        .collect())
}

/// Days since 1970 of a date (Hinnant's `days_from_civil`).
fn days(text: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<i64>().ok());
    let (year, month, day) = (part(0..4)?, part(5..7)?, part(8..10)?);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Acts of (member, time) in periods of so many days; what is left over is left out at the beginning.
fn in_periods(acts: &[(String, i64)], length: i64, from_beginning: bool) -> Activity {
    let last = acts.iter().map(|act| act.1).max().unwrap_or_default() + 1;
    let first = acts.iter().map(|act| act.1).min().unwrap_or_default();
    let start = last - (last - first) / length * length;
    let within = acts.iter().filter(|act| act.1 >= start);
    Activity::of_acts(
        within.map(|act| (&act.0, ((act.1 - start) / length) as u32)),
        from_beginning && start == first,
    )
}

/// Developers of projects that Gitcoin funded: what they did on GitHub, in weeks of 7 times `weeks` days.
pub(crate) fn developers(folder: &Path, weeks: i64) -> io::Result<Activity> {
    let rows = rows(&folder.join("grants/gitcoin_dev_activity.csv.gz"))?;
    let acts: Vec<_> =
        rows.iter().filter_map(|row| Some((row["user"].clone(), days(&row["time"])?))).collect();
    Ok(in_periods(&acts, 7 * weeks, false))
}
