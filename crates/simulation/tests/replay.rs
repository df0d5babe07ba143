//! Real proposals come out as recorded, and what does not is explained.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "replay/compare.rs"]
mod compare;

use compare::Cause;

#[test]
fn real_proposals_come_out_as_recorded() {
    let data = compare::data();
    if !data.join("evm-governor-events").is_dir() {
        println!("skipped: there is no {}", data.display());
        return;
    }
    let lines = compare::lines(&data);
    println!("{}", compare::head());
    for line in &lines {
        print!("{line}");
        assert!(line.unexplained.is_empty(), "{line}");
        assert_eq!(line.ballots, line.ballots_equal, "{line}");
    }
    // DAO, proposals, ballots, acts, proposals whose scores are equal, proposals whose states are equal.
    let found: Vec<_> = lines
        .iter()
        .map(|line| (line.dao, line.proposals, line.ballots, line.acts, line.scores_equal, line.states_equal))
        .collect();
    let expected = [
        ("compound-alpha", 42, 2_416, 116, 42, 42),
        ("compound-bravo", 99, 7_733, 261, 99, 98),
        ("aave-v2", 130, 15_828, 354, 130, 127),
        ("lido-aragon", 149, 968, 268, 133, 144),
        ("ens-governor", 62, 9_550, 62, 61, 5),
    ];
    assert_eq!(found, expected);
    // Every difference: how many by which cause, and which. The 57 of ENS are all that are recorded as won.
    let differences: Vec<_> = lines
        .iter()
        .flat_map(|line| {
            line.explained
                .iter()
                .map(|(cause, proposals)| (line.dao, *cause, proposals.len(), proposals.join(" ")))
        })
        .filter(|difference| difference.1 != Cause::ActsNotInSource)
        .collect();
    let expected = [
        ("compound-bravo", Cause::CatchAllOpen, 1, "141"),
        ("aave-v2", Cause::CatchAllOpen, 1, "129"),
        ("aave-v2", Cause::QueuedExpired, 2, "45 76"),
        ("lido-aragon", Cause::ReVote, 16, "111 121 126 127 129 131 136 25 55 57 67 72 84 87 95 96"),
        ("lido-aragon", Cause::CatchAllWon, 5, "120 16 17 28 42"),
        ("ens-governor", Cause::ListedTwice, 1, "2779038904580310743"),
    ];
    assert_eq!(differences, expected.map(|(dao, cause, count, which)| (dao, cause, count, which.to_owned())));
    assert_eq!(lines[4].explained[&Cause::ActsNotInSource].len(), 57);
    // Each proposal is accounted for.
    for line in &lines {
        let with = |words: &str| -> usize {
            let causes = line.explained.iter().filter(|(cause, _)| cause.words().starts_with(words));
            causes.map(|(_, proposals)| proposals.len()).sum()
        };
        assert_eq!(line.scores_equal + with("scores"), line.proposals, "{line}");
        assert_eq!(line.states_equal + with("states"), line.proposals, "{line}");
    }
}

/// The comparison can fail: Alpha takes no abstaining, and many proposals were won with less than twice the quorum.
#[test]
fn another_rule_does_not_come_out() {
    let data = compare::data();
    if !data.join("evm-governor-events").is_dir() {
        println!("skipped: there is no {}", data.display());
        return;
    }
    let line = compare::under_a_wrong_rule(&data);
    let with = |words: &str| line.unexplained.iter().filter(|problem| problem.contains(words)).count();
    assert!(with("queue: the proposal is defeated") > 5, "{line}");
    assert!(with("BallotKind") > 10, "{line}");
    assert!(line.scores_equal < line.proposals && line.states_equal < line.proposals - 5, "{line}");
}
