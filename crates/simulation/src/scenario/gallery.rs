//! Ready scenarios, for any DAO.

/// Name and file of every ready scenario, in the order in which they are listed.
pub const GALLERY: &[(&str, &str)] = &[
    ("low-quorum", include_str!("gallery/low-quorum.toml")),
    ("high-quorum", include_str!("gallery/high-quorum.toml")),
    ("supermajority", include_str!("gallery/supermajority.toml")),
    ("downturn", include_str!("gallery/downturn.toml")),
    ("whale-exit", include_str!("gallery/whale-exit.toml")),
    ("exploit-news", include_str!("gallery/exploit-news.toml")),
    ("voter-drive", include_str!("gallery/voter-drive.toml")),
    ("fee-spike", include_str!("gallery/fee-spike.toml")),
    ("cheap-voting", include_str!("gallery/cheap-voting.toml")),
    ("apathy", include_str!("gallery/apathy.toml")),
    ("proposal-spam", include_str!("gallery/proposal-spam.toml")),
    ("bandwagon", include_str!("gallery/bandwagon.toml")),
    ("shielded-bandwagon", include_str!("gallery/shielded-bandwagon.toml")),
    ("delegation-wave", include_str!("gallery/delegation-wave.toml")),
    ("square-root", include_str!("gallery/square-root.toml")),
    ("one-member-one-vote", include_str!("gallery/one-member-one-vote.toml")),
    ("capped-power", include_str!("gallery/capped-power.toml")),
    ("cartel", include_str!("gallery/cartel.toml")),
    ("bear-market-raid", include_str!("gallery/bear-market-raid.toml")),
    ("people", include_str!("gallery/people.toml")),
    ("contagion", include_str!("gallery/contagion.toml")),
];

/// The file of the scenario with this name.
pub fn find(name: &str) -> Option<&'static str> {
    GALLERY.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
