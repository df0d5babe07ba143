use daotwin_core::ErrorKind;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::accountant::Rho;
use crate::measure::Measurer;

fn budget(epsilon: f64) -> Budget {
    Budget::new(epsilon, 1e-6).unwrap()
}

fn account() -> Account {
    Account::new("dao.eth", Unit::Member).unwrap()
}

fn request(name: &str) -> Fingerprint {
    Fingerprint::of([name.as_bytes()])
}

fn reserve(ledger: &mut Ledger, epsilon: f64) -> Result<Reservation> {
    let (account, request) = (account(), request("request"));
    ledger.reserve(&Charge {
        account: &account,
        budget: budget(epsilon),
        purpose: "fit",
        request,
        marks: &[],
    })
}

/// A ledger with one account of epsilon 10 and two charges of epsilon 1.
fn charged() -> (TempDir, Ledger) {
    let folder = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::create(&folder.path().join("ledger")).unwrap();
    ledger.register(&account(), budget(10.0)).unwrap();
    drop(reserve(&mut ledger, 1.0).unwrap());
    drop(reserve(&mut ledger, 1.0).unwrap());
    (folder, ledger)
}

fn spent(ledger: &mut Ledger) -> Rho {
    ledger.status(&account()).unwrap().spent
}

fn twice(epsilon: f64) -> Rho {
    let one = budget(epsilon).rho();
    one.checked_add(one).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "the tests damage files on purpose")]
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

#[test]
fn charges_add_up_and_survive_reopening() {
    let (_folder, mut ledger) = charged();
    assert_eq!(spent(&mut ledger), twice(1.0));
    let head = ledger.head().unwrap();
    let mut again = Ledger::open(&ledger.folder).unwrap();
    assert_eq!(again.head().unwrap(), head);
    assert_eq!(spent(&mut again), twice(1.0));
    let status = again.status(&account()).unwrap();
    assert_eq!((status.unfinished, status.releases), (2, 0));
    assert!(status.epsilon_spent().unwrap() < 2.0);
}

#[test]
fn an_account_is_never_overspent() {
    let (_folder, mut ledger) = charged();
    let error = reserve(&mut ledger, 9.9).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Budget);
    assert!(error.to_string().contains("`dao.eth`"), "{error}");
    assert_eq!(spent(&mut ledger), twice(1.0));
    assert_eq!(ledger.head().unwrap().sequence, 3);
    // A refusal spends nothing, and what fits still fits.
    drop(reserve(&mut ledger, 5.0).unwrap());
    assert!(ledger.raise(&account(), budget(9.0), "too small").is_err());
    assert!(ledger.raise(&account(), budget(20.0), " ").is_err());
    ledger.raise(&account(), budget(20.0), "the members voted for it").unwrap();
    drop(reserve(&mut ledger, 9.9).unwrap());
    let status = Ledger::open(&ledger.folder).unwrap().status(&account()).unwrap();
    assert!(status.spent <= status.limit.rho);
}

#[test]
fn an_account_is_the_dao_whatever_its_spelling() {
    let (_folder, mut ledger) = charged();
    for spelling in ["DAO.eth", " dao.eth ", "dao\u{200b}.eth"] {
        let account = Account::new(spelling, Unit::Member).unwrap();
        assert_eq!(ledger.status(&account).unwrap().spent, twice(1.0));
        assert_eq!(ledger.register(&account, budget(1.0)).unwrap_err().kind(), ErrorKind::Conflict);
    }
    let unknown = Account::new("other.eth", Unit::Member).unwrap();
    assert_eq!(ledger.status(&unknown).unwrap_err().kind(), ErrorKind::NotFound);
    for wrong in ["", "  ", "a\nb", &"x".repeat(1_001)] {
        assert!(Account::new(wrong, Unit::Member).is_err());
    }
}

#[test]
fn the_same_data_under_another_name_is_refused() {
    let (_folder, mut ledger) = charged();
    let other = Account::new("alias.eth", Unit::Member).unwrap();
    ledger.register(&other, budget(10.0)).unwrap();
    let names: Vec<String> = (0..400).map(|index| format!("proposal {index}")).collect();
    let sketch = |range: std::ops::Range<usize>| marks(names[range].iter().map(String::as_str));
    let all = sketch(0..400);
    assert_eq!(all.len(), MARKS);
    let mut try_charge = |account: &Account, marks: &[Fingerprint]| {
        let request = request("request");
        ledger.reserve(&Charge { account, budget: budget(0.5), purpose: "fit", request, marks }).map(drop)
    };
    try_charge(&account(), &all).unwrap();
    // Extended, filtered and reordered data of the same DAO.
    for (range, kind) in [(0..400, "same"), (0..300, "shorter"), (100..400, "later")] {
        assert_eq!(try_charge(&other, &sketch(range)).unwrap_err().kind(), ErrorKind::Conflict, "{kind}");
    }
    let mut reversed: Vec<&str> = names.iter().map(String::as_str).collect();
    reversed.reverse();
    assert_eq!(marks(reversed), all);
    let foreign: Vec<String> = (0..50).map(|index| format!("foreign {index}")).collect();
    try_charge(&other, &marks(foreign.iter().map(String::as_str))).unwrap();
    try_charge(&account(), &sketch(0..300)).unwrap();
}

#[test]
fn a_committed_release_is_found_again_and_commits_once() {
    let (_folder, mut ledger) = charged();
    assert_eq!(ledger.released(&account(), request("request")).unwrap(), None);
    let mut measurer = Measurer::charged(reserve(&mut ledger, 1.0).unwrap());
    measurer.measure("votes", &[1, 2, 3], 1, 1.0).unwrap();
    let release = measurer.finish();
    let file = request("the file's bytes");
    ledger.commit(&release, file, "twin/").unwrap();
    assert_eq!(ledger.commit(&release, file, "twin/").unwrap_err().kind(), ErrorKind::Conflict);
    let found =
        Ledger::open(&ledger.folder).unwrap().released(&account(), request("request")).unwrap().unwrap();
    assert_eq!((found.release, found.place.as_str()), (file, "twin/"));
    assert_eq!(found.reservation, release.reservation().sequence);
    let status = ledger.status(&account()).unwrap();
    assert_eq!((status.releases, status.unfinished), (1, 2));

    let elsewhere = tempfile::tempdir().unwrap();
    let mut other = Ledger::create(elsewhere.path()).unwrap();
    assert_eq!(other.commit(&release, file, "twin/").unwrap_err().kind(), ErrorKind::Budget);
}

#[test]
fn anchors_show_a_ledger_that_was_started_over() {
    let (_folder, mut ledger) = charged();
    let anchor = ledger.head().unwrap();
    drop(reserve(&mut ledger, 1.0).unwrap());
    ledger.confirm(anchor).unwrap();
    for name in [LEDGER, HEAD] {
        fs::remove_file(ledger.file(name)).unwrap();
    }
    let folder = ledger.folder.clone();
    // The open handle knows better; a new one starts over, and the anchor tells.
    assert_eq!(ledger.head().unwrap_err().kind(), ErrorKind::Budget);
    assert_eq!(Ledger::open(&folder).unwrap_err().kind(), ErrorKind::NotFound);
    let mut fresh = Ledger::open_or_create(&folder).unwrap();
    fresh.register(&account(), budget(10.0)).unwrap();
    drop(reserve(&mut fresh, 1.0).unwrap());
    drop(reserve(&mut fresh, 1.0).unwrap());
    assert_eq!(fresh.confirm(anchor).unwrap_err().kind(), ErrorKind::Budget);
    for _ in 0..2 {
        assert_eq!(ledger.head().unwrap_err().kind(), ErrorKind::Budget);
    }
}

#[test]
fn an_open_handle_remembers_what_older_copies_lack() {
    let (_folder, mut ledger) = charged();
    let older = [LEDGER, HEAD].map(|name| (name, fs::read(ledger.file(name)).unwrap()));
    drop(reserve(&mut ledger, 1.0).unwrap());
    for (name, bytes) in &older {
        overwrite(&ledger.file(name), bytes);
    }
    // Not once, and not after it was told to look again.
    for _ in 0..2 {
        assert_eq!(reserve(&mut ledger, 1.0).unwrap_err().kind(), ErrorKind::Budget);
        assert_eq!(ledger.verify().unwrap_err().kind(), ErrorKind::Budget);
    }
}

#[test]
fn a_missing_half_is_refused() {
    for name in [LEDGER, HEAD] {
        let (_folder, ledger) = charged();
        fs::remove_file(ledger.file(name)).unwrap();
        assert_eq!(Ledger::open(&ledger.folder).unwrap_err().kind(), ErrorKind::Budget, "{name}");
        assert!(Ledger::open_or_create(&ledger.folder).is_err(), "{name}");
        assert!(matches!(Ledger::create(&ledger.folder), Err(Error::LedgerExists { .. })), "{name}");
    }
}

#[test]
fn an_older_or_foreign_head_is_refused() {
    let (_folder, mut ledger) = charged();
    let older = fs::read(ledger.file(HEAD)).unwrap();
    drop(reserve(&mut ledger, 1.0).unwrap());
    let newest = fs::read(ledger.file(HEAD)).unwrap();
    overwrite(&ledger.file(HEAD), &older);
    assert_eq!(Ledger::open(&ledger.folder).unwrap_err().kind(), ErrorKind::Budget);
    assert_eq!(ledger.head().unwrap_err().kind(), ErrorKind::Budget);
    overwrite(&ledger.file(HEAD), &newest);
    ledger.verify().unwrap();
    let (_other_folder, other) = charged();
    fs::copy(other.file(HEAD), ledger.file(HEAD)).unwrap();
    assert_eq!(Ledger::open(&ledger.folder).unwrap_err().kind(), ErrorKind::Budget);
}

/// The end of the file cut at every byte of the last two records: either the ledger comes back with every
/// acknowledged charge, or it is refused. Nothing is refunded, and nothing panics.
#[test]
fn a_cut_end_never_refunds() {
    let (_folder, mut ledger) = charged();
    let path = ledger.file(LEDGER);
    let whole = fs::read(&path).unwrap();
    let head = ledger.head().unwrap();
    let lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
    let last = whole.len() - lines[lines.len() - 1].len();
    let second = last - lines[lines.len() - 2].len();
    for zeros in [0, 1, 40] {
        for cut in second..whole.len() {
            let mut bytes = whole[..cut].to_vec();
            // A file system may have lengthened the file before it wrote.
            bytes.resize((cut + zeros).min(whole.len()), 0);
            overwrite(&path, &bytes);
            match Ledger::open(&ledger.folder) {
                Ok(mut reopened) => {
                    assert!(cut >= last, "cut at {cut} of {last}");
                    assert_eq!(spent(&mut reopened), twice(1.0));
                    assert_eq!(reopened.head().unwrap(), head);
                    assert_eq!(fs::read(&path).unwrap(), whole);
                }
                Err(error) => {
                    assert!(cut < last, "cut at {cut} of {last}: {error}");
                    assert_eq!(error.kind(), ErrorKind::Budget);
                    // A refusal changes nothing, so that the file can be looked at.
                    assert_eq!(fs::read(&path).unwrap(), bytes);
                }
            }
        }
    }
}

/// What a crash between the two writes leaves: the head one record ahead. The charge counts.
#[test]
fn a_charge_that_was_never_acknowledged_counts() {
    let (_folder, mut ledger) = charged();
    let before = fs::read(ledger.file(LEDGER)).unwrap();
    drop(reserve(&mut ledger, 1.0).unwrap());
    let after = ledger.head().unwrap();
    for part in [0, 1, 100] {
        let whole = fs::read(ledger.file(LEDGER)).unwrap();
        overwrite(&ledger.file(LEDGER), &whole[..before.len() + part]);
        // A handle that was open meanwhile sees it too.
        assert_eq!(ledger.verify().unwrap(), after);
        assert_eq!(Ledger::open(&ledger.folder).unwrap().head().unwrap(), after);
        assert_eq!(fs::read(ledger.file(LEDGER)).unwrap(), whole);
    }
}

/// Every byte changed in three ways, in either file: refused. The only change that may pass is one that is
/// indistinguishable from a torn last record (its tail zeroed), and then nothing is lost.
#[test]
fn changed_bytes_are_refused() {
    let (_folder, mut ledger) = charged();
    let head = ledger.head().unwrap();
    for name in [LEDGER, HEAD] {
        let path = ledger.file(name);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            for change in [1, 0x20, whole[at]] {
                let mut bytes = whole.clone();
                bytes[at] ^= change;
                overwrite(&path, &bytes);
                match Ledger::open(&ledger.folder) {
                    Ok(mut reopened) => {
                        assert!(
                            name == LEDGER && at + 1 == whole.len() && bytes[at] == 0,
                            "{name} byte {at}"
                        );
                        assert_eq!(reopened.head().unwrap(), head);
                        assert_eq!(spent(&mut reopened), twice(1.0));
                    }
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Budget, "{name} byte {at}: {error}"),
                }
            }
        }
        overwrite(&path, &whole);
    }
    ledger.verify().unwrap();
}

#[test]
fn a_well_sealed_lie_is_refused() {
    // A chain with right hashes that overspends: whoever forges it must also break the arithmetic.
    let (_folder, mut ledger) = charged();
    let entry = Entry::Reserve {
        account: account(),
        price: budget(50.0).into(),
        purpose: "more than there is".to_owned(),
        request: request("x"),
        marks: Vec::new(),
    };
    let head = ledger.head().unwrap();
    let line = record::encode(head.sequence + 1, head.hash, 0, &entry).unwrap();
    let mut bytes = fs::read(ledger.file(LEDGER)).unwrap();
    bytes.extend_from_slice(&line);
    overwrite(&ledger.file(LEDGER), &bytes);
    overwrite(&ledger.file(HEAD), &line);
    assert_eq!(Ledger::open(&ledger.folder).unwrap_err().kind(), ErrorKind::Budget);
    assert_eq!(ledger.head().unwrap_err().kind(), ErrorKind::Budget);
}

/// Eight threads with a handle each ask for more than there is, all at once.
#[test]
fn racing_handles_never_overspend() {
    let (_folder, mut ledger) = charged();
    let folder = ledger.folder.clone();
    let granted: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|_| {
                let folder = &folder;
                scope.spawn(move || {
                    let mut handle = Ledger::open(folder).unwrap();
                    (0..12).filter(|_| reserve(&mut handle, 2.0).map(drop).is_ok()).count()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    let status = ledger.status(&account()).unwrap();
    let price = budget(2.0).rho().units();
    let expected = twice(1.0).units() + granted as u64 * price;
    assert_eq!(status.spent.units(), expected);
    assert!(status.spent <= status.limit.rho);
    // They could not have got more, and did not get less.
    assert!(status.remaining().units() < price && granted > 2, "{granted}");
}

/// A head that cannot be written: an error, nothing charged, and the next charge goes through.
#[test]
fn a_failed_write_charges_nothing_and_blocks_nothing() {
    let (_folder, mut ledger) = charged();
    let head = ledger.head().unwrap();
    let obstacle = ledger.file(&format!("{HEAD}.{}.partial", std::process::id()));
    fs::create_dir(&obstacle).unwrap();
    assert_eq!(reserve(&mut ledger, 1.0).unwrap_err().kind(), ErrorKind::Io);
    assert_eq!(ledger.head().unwrap(), head);
    fs::remove_dir(&obstacle).unwrap();
    drop(reserve(&mut ledger, 1.0).unwrap());
    assert_eq!(ledger.head().unwrap().sequence, head.sequence + 1);
}

#[test]
fn leftovers_of_killed_writers_are_removed() {
    let (_folder, ledger) = charged();
    let leftover = ledger.file("head.jsonl.4711.partial");
    overwrite(&leftover, b"half a rec");
    Ledger::open(&ledger.folder).unwrap();
    assert!(!leftover.exists());
}

#[test]
fn the_default_place_does_not_depend_on_the_data() {
    let with = |set: &'static [(&str, &str)]| {
        default_path_from(|name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
        })
    };
    assert_eq!(with(&[("DAOTWIN_LEDGER", "/a"), ("HOME", "/h")]).unwrap(), Path::new("/a"));
    assert_eq!(with(&[("XDG_DATA_HOME", "/x"), ("HOME", "/h")]).unwrap(), Path::new("/x/daotwin/ledger"));
    assert_eq!(
        with(&[("XDG_DATA_HOME", "x"), ("HOME", "/h")]).unwrap(),
        Path::new("/h/.local/share/daotwin/ledger")
    );
    assert!(with(&[]).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Any text and any ids survive the way to disk and back.
    #[test]
    fn records_are_read_as_written(dao in "\\PC{1,40}", purpose in "\\PC{1,60}", epsilon in 1e-3..9.0_f64) {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = Ledger::create(folder.path()).unwrap();
        let Ok(account) = Account::new(&dao, Unit::Member) else { return Ok(()) };
        prop_assume!(!purpose.trim().is_empty());
        ledger.register(&account, budget(10.0)).unwrap();
        let charge = Charge {
            account: &account, budget: budget(epsilon), purpose: &purpose, request: request(&dao), marks: &[],
        };
        let anchor = ledger.reserve(&charge).unwrap().head();
        let mut reopened = Ledger::open(folder.path()).unwrap();
        reopened.confirm(anchor).unwrap();
        prop_assert_eq!(reopened.status(&account).unwrap(), ledger.status(&account).unwrap());
        prop_assert_eq!(reopened.status(&account).unwrap().spent, budget(epsilon).rho());
    }

    /// Whatever bytes lie in the two files: an answer, never a panic.
    #[test]
    fn garbage_is_refused(ledger in any::<Vec<u8>>(), head in any::<Vec<u8>>(), keep in 0..400_usize) {
        let (_folder, good) = charged();
        let whole = fs::read(good.file(LEDGER)).unwrap();
        let mut bytes = whole[..keep.min(whole.len() - 1)].to_vec();
        bytes.extend_from_slice(&ledger);
        overwrite(&good.file(LEDGER), &bytes);
        prop_assert!(Ledger::open(&good.folder).is_err());
        overwrite(&good.file(HEAD), &head);
        prop_assert!(Ledger::open(&good.folder).is_err());
    }
}
