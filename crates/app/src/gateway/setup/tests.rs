//! Where the one-time address goes.

use super::has_reader;

#[test]
fn the_address_is_never_written_to_a_terminal_that_a_container_keeps() {
    assert!(has_reader(true, false));
    assert!(!has_reader(true, true), "docker run -t: the log keeps it");
    assert!(!has_reader(false, false));
}
