//! A skipped test must not count as passed: the runner reads these lines.

use super::note;

#[test]
fn every_skipped_test_has_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("skipped");
    note(&log, "postgresql", "store a").unwrap();
    note(&log, "nginx", "app b").unwrap();
    assert_eq!(
        std::fs::read_to_string(&log).unwrap(),
        "postgresql\tstore a\nnginx\tapp b\n"
    );
    assert!(note(folder.path(), "nginx", "app b").is_err());
}
