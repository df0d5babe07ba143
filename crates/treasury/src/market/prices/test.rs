#![cfg(test)]

use daotwin_core::files::atomic_write;

use super::*;

#[test]
fn files_of_a_folder_become_one_panel() {
    let folder = tempfile::tempdir().unwrap();
    let one = "symbol,day,close\nETH,2021-01-01,1000\nETH,2021-01-02,1100\nETH,2021-01-03,990\nETH,2021-01-05,1000\n\
               TKN,2021-01-01,1\nTKN,2021-01-02,2\nTKN,2021-01-03,3\nTKN,2021-01-04,4\nTKN,2021-01-05,8\n";
    let two = "asset,date,price\nETH,2021-01-02,7\nOLD,2021-01-01,0.5\nOLD,2021-01-02,50\nOLD,2021-01-03,51\nOLD,2021-01-04,52\n";
    atomic_write(&folder.path().join("a.csv"), one.as_bytes()).unwrap();
    atomic_write(&folder.path().join("b.csv"), two.as_bytes()).unwrap();
    atomic_write(&folder.path().join("notes.txt"), b"nothing").unwrap();
    let prices = Prices::read(folder.path(), &Run::default()).unwrap();
    assert_eq!(prices.assets().collect::<Vec<_>>(), ["ETH", "OLD", "TKN"]);
    let panel = prices.panel(&["ETH".into(), "TKN".into()], 0, 1 << 20).unwrap();
    // The fourth of January has no ETH: two returns.
    let expected = [1.1_f64.ln(), 2.0_f64.ln(), 0.9_f64.ln(), 1.5_f64.ln()];
    assert!(
        panel.returns().iter().zip(expected).all(|(left, right)| (left - right).abs() < 1e-12),
        "{panel:?}"
    );
    let notes: Vec<String> = prices.notes(&["OLD".to_owned()]).map(str::to_owned).collect();
    assert_eq!((prices.days("OLD"), notes.len(), prices.notes(&["ETH".to_owned()]).count()), (3, 1, 0));
    assert!(notes[0].contains("`OLD`") && notes[0].contains("100.000"));
    let day = day_of("2021-01-04").unwrap();
    assert_eq!(
        (prices.at("ETH", day), prices.at("ETH", 0), prices.find("tkn")),
        (Some(990.0), Some(1000.0), Some("TKN"))
    );
    let message = prices.panel(&["XYZ".into(), "ABC".into()], 0, 1).unwrap_err().to_string();
    assert!(message.contains("`XYZ`") && message.contains("`ABC`") && message.contains("`TKN`"), "{message}");
}

#[test]
fn an_asset_is_one_whatever_its_case_and_wrapping() {
    let folder = tempfile::tempdir().unwrap();
    let text = "symbol,day,close\nweth,2021-01-01,1000\nETH,2021-01-01,7\nEth,2021-01-02,1100\n$tkn,2021-01-01,1\ntkn,2021-01-02,0\n";
    atomic_write(&folder.path().join("a.csv"), text.as_bytes()).unwrap();
    let mut prices = Prices::read(folder.path(), &Run::default()).unwrap();
    prices.insert("stETH", day_of("2021-01-03").unwrap() * 86_400, 1_320.0);
    assert_eq!(prices.assets().collect::<Vec<_>>(), ["ETH", "TKN"]);
    let day = day_of("2021-01-01").unwrap();
    for name in ["ETH", "eth", "Weth", "$ETH"] {
        assert_eq!((prices.find(name), prices.days(name)), (Some("ETH"), 3), "{name}");
        assert_eq!(
            (prices.at(name, day), prices.day_at(name, day + 9)),
            (Some(1000.0), Some(day + 2)),
            "{name}"
        );
    }
    let panel = prices.panel(&["weth".to_owned()], 0, 1 << 20).unwrap();
    let expected = [1.1_f64.ln(), 1.2_f64.ln()];
    assert!(
        panel.steps() == 2
            && panel.returns().iter().zip(expected).all(|(left, right)| (left - right).abs() < 1e-12),
        "{panel:?}"
    );
    assert_eq!(prices.notes(&["Tkn".to_owned()]).count(), 1);
}

#[test]
fn every_problem_of_every_file_is_told() {
    let folder = tempfile::tempdir().unwrap();
    atomic_write(&folder.path().join("a.csv"), b"coin,day,close\nETH,2021-01-01,1\nETH,2021-01-02,2\n")
        .unwrap();
    atomic_write(
        &folder.path().join("b.csv"),
        b"symbol,day,close\nETH,2021-01-01,-1\nETH,2021-01-02,2\nX,2021-01-02,1\n",
    )
    .unwrap();
    let message = Prices::read(folder.path(), &Run::default()).unwrap_err().to_string();
    assert!(message.contains("`symbol` or `asset`") && message.contains("is -1"), "{message}");
    let empty = tempfile::tempdir().unwrap();
    assert!(Prices::read(empty.path(), &Run::default()).unwrap_err().to_string().contains("no `.csv`"));
}
