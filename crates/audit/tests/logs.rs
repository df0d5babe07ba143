//! Logs of benign traffic, written as a node answers `eth_getLogs`, give the History that the traffic's own record is.

mod common;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;

use common::{compare, governor, made, rows};
use daotwin_audit::traffic::benign::{Options, play};
use daotwin_audit::traffic::chronicle::chronicle;
use daotwin_audit::traffic::voting::address_of;
use daotwin_core::Run;
use daotwin_history::view::DaoView;

#[test]
fn a_node_s_logs_are_the_record_of_the_transactions() {
    for (name, changes) in [
        ("openzeppelin", [("\"1\", \"7200\", \"0\", \"4\"", "\"1\", \"100\", \"0\", \"4\"")]),
        ("compound", [("\"1\", \"17280\", \"1e18\", \"40e18\"", "\"1\", \"100\", \"0\", \"40e18\"")]),
    ] {
        let (world, _) = governor(name, &changes);
        let load = play(&made(5, 12, 8, 60), &world, &Options::default(), &Run::default()).unwrap();
        assert_eq!(load.failures, []);
        let record = chronicle(&world, &load.sent, None, "the dao").unwrap();
        let compared = compare(&record, &record.node_answer());
        println!("{name}: {} logs, {compared} rows, the same in both", record.logs.len());
        assert!(compared > 200, "{compared}");
        let tables: Vec<&str> = rows(&record.history).keys().copied().collect();
        for table in
            ["actions", "delegations", "holdings", "members", "proposal_events", "transfers", "votes"]
        {
            assert!(tables.contains(&table), "{table} of {tables:?}");
        }
        let queued =
            rows(&record.history)["proposal_events"].iter().filter(|row| row.contains("queued")).count();
        assert!(queued > 3, "{queued}");

        // What the load itself wrote down, in its own names, is the same ballots.
        let ballots = |history, names: &dyn Fn(&str) -> String| {
            let view = DaoView::one(history, None).unwrap();
            let mut count: BTreeMap<(String, String, i128), usize> = BTreeMap::new();
            for vote in &view.votes {
                let label =
                    view.proposals[vote.proposal as usize].labels[vote.choice as usize - 1].to_lowercase();
                let power = vote.power / 10_i128.pow(u32::from(view.decimals));
                *count.entry((names(&view.members[vote.member as usize]), label, power)).or_default() += 1;
            }
            count
        };
        let named = |name: &str| format!("{:#x}", address_of(name));
        assert_eq!(ballots(&load.history, &named), ballots(&record.history, &|name| name.to_owned()));
    }
}

/// The comparison sees a log that is missing, and one that says something else.
#[test]
fn another_log_is_another_history() {
    let (world, _) = governor("openzeppelin", &[("\"7200\"", "\"100\"")]);
    let load = play(&made(6, 3, 5, 60), &world, &Options::default(), &Run::default()).unwrap();
    let record = chronicle(&world, &load.sent, None, "the dao").unwrap();
    compare(&record, &record.node_answer());
    for change in 0..2 {
        let mut changed = record.clone();
        let vote =
            changed.logs.iter().rposition(|log| log.data.len() >= 160 && log.topics.len() == 2).unwrap();
        if change == 0 {
            changed.logs.remove(vote);
        } else {
            let mut data = changed.logs[vote].data.to_vec();
            data[63] ^= 1;
            changed.logs[vote].data = data.into();
        }
        let answer = changed.node_answer();
        let told = std::panic::catch_unwind(AssertUnwindSafe(|| compare(&record, &answer)));
        assert!(told.is_err(), "change {change} is not seen");
    }
}
