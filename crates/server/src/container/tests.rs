//! What counts as a container.

use super::is_container_at;

#[test]
fn an_empty_machine_is_no_container() {
    let root = tempfile::tempdir().unwrap();
    assert!(!is_container_at(root.path()));
}

#[test]
fn a_marker_or_a_control_group_says_so() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join(".dockerenv"), "").unwrap();
    assert!(is_container_at(root.path()));

    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("proc/1")).unwrap();
    std::fs::write(root.path().join("proc/1/cgroup"), "0::/init.scope\n").unwrap();
    assert!(!is_container_at(root.path()));
    std::fs::write(
        root.path().join("proc/1/cgroup"),
        "0::/kubepods/besteffort/pod1\n",
    )
    .unwrap();
    assert!(is_container_at(root.path()));
}
