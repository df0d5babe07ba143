//! Abandoning unfinished files ends every write of the process, so this test has a process of its own.

use daotwin_core::files::{PartialFolder, abandon, atomic_write};

#[test]
fn abandoned_work_leaves_nothing_and_cannot_be_committed() {
    let parent = tempfile::tempdir().unwrap();
    let entries = || std::fs::read_dir(parent.path()).unwrap().count();
    let folder = PartialFolder::create(&parent.path().join("history")).unwrap();
    atomic_write(&folder.path().join("a"), b"x").unwrap();
    assert_eq!(entries(), 1);
    abandon();
    assert_eq!(entries(), 0);
    assert!(folder.commit().is_err());
    assert_eq!(entries(), 0);
}
