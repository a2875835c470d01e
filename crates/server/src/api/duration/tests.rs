//! How lengths of time are read.

use super::{parse, seconds};

#[test]
fn units_are_read() {
    assert_eq!(parse("90s"), Some(90));
    assert_eq!(parse("30m"), Some(1_800));
    assert_eq!(parse("1h"), Some(3_600));
    assert_eq!(parse("7d"), Some(604_800));
}

#[test]
fn everything_else_is_refused() {
    for text in [
        "",
        "1",
        "h",
        "-1h",
        "1.5h",
        "1h30m",
        "99999999999999999999d",
        "1 h",
        "1ä",
    ] {
        assert_eq!(parse(text), None, "{text}");
    }
    assert!(seconds(Some(1), Some("1s")).is_err());
}
