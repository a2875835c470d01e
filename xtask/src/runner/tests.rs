//! The closing line must be true: the readers of the runners' summaries are tested on the runners' own words.

use serde_json::{Value, json};

use super::doctests::has_code;
use super::skipped;
use super::steps::Scope;
use super::stream::without_colours;
use super::tally::Tally;

fn tally(passed: u64, failed: u64, skipped: u64) -> Tally {
    Tally {
        passed,
        failed,
        skipped,
    }
}

#[test]
fn the_summary_of_nextest_is_read() {
    for (line, expected) in [
        (
            "     Summary [   0.021s] 16 tests run: 16 passed, 0 skipped",
            tally(16, 0, 0),
        ),
        (
            "     Summary [   1.2s] 1 test run: 1 passed (1 slow), 3 skipped",
            tally(1, 0, 3),
        ),
        (
            "     Summary [   1.2s] 9 tests run: 9 passed (1 slow, 1 leaky), 3 skipped",
            tally(9, 0, 3),
        ),
        (
            "     Summary [   1.2s] 9 tests run: 5 passed, 2 failed, 1 timed out, 1 exec failed, 0 skipped",
            tally(5, 4, 0),
        ),
        (
            "     Summary [   1.2s] 4/9 tests run: 3 passed, 1 failed, 2 skipped",
            tally(3, 6, 2),
        ),
    ] {
        assert_eq!(
            Tally::of_nextest(["warning: x", line, "after"]),
            expected,
            "{line}"
        );
    }
}

#[test]
fn every_summary_of_cargo_test_is_added_up() {
    let lines = [
        "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.00s",
        "noise",
        "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
    ];
    assert_eq!(Tally::of_libtest(lines), tally(4, 2, 1));
}

#[test]
fn the_reports_of_the_pages_runners_are_read() {
    let vitest = json!({"numTotalTests": 9, "numPassedTests": 5, "numFailedTests": 1, "numPendingTests": 2, "numTodoTests": 1, "success": false});
    assert_eq!(Tally::of_vitest(&vitest), tally(5, 1, 3));
    let playwright = json!({"stats": {"duration": 12.5, "expected": 7, "unexpected": 1, "flaky": 2, "skipped": 3}});
    assert_eq!(Tally::of_playwright(&playwright), tally(9, 1, 3));
    // A runner that died wrote nothing: its exit says that it failed.
    assert_eq!(
        Tally::of_vitest(&Value::Null).with_exit(false),
        tally(0, 1, 0)
    );
    assert_eq!(
        Tally::of_playwright(&Value::Null).with_exit(false),
        tally(0, 1, 0)
    );
}

#[test]
fn a_runner_that_fails_without_a_failed_test_still_fails() {
    let nothing = Tally::of_nextest(["error: could not compile"]);
    assert_eq!(nothing.with_exit(false), tally(0, 1, 0));
    assert_eq!(tally(3, 2, 0).with_exit(false), tally(3, 2, 0));
    assert_eq!(tally(3, 0, 0).with_exit(true), tally(3, 0, 0));
}

#[test]
fn a_test_that_left_itself_out_is_skipped_and_named_once() {
    let left_out = skipped::parse(
        "postgres\tstore::a\npostgres\tstore::a\nnginx\tstore::a\npostgres\tstore::b\nnoise\n",
    );
    assert_eq!(left_out.len(), 2);
    assert_eq!(tally(10, 0, 1).moving_to_skipped(2), tally(8, 0, 3));
    let report = skipped::report(&left_out);
    assert_eq!(report.len(), 3);
    assert!(report[0].contains("postgres is missing"), "{report:?}");
    assert!(report[0].ends_with("2 tests"), "{report:?}");
}

#[test]
fn the_closing_line_has_its_fixed_form() {
    let mut total = Tally::one(true);
    total += Tally::one(false);
    total += tally(5, 0, 2);
    assert_eq!(total.to_string(), "6 passed, 1 failed, 2 skipped");
    assert!(!total.is_clean());
}

#[test]
fn colours_do_not_hide_a_summary() {
    let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.1s] \u{1b}[1m2\u{1b}[0m tests run: \u{1b}[1m2\u{1b}[0m passed, 0 skipped\n";
    assert_eq!(
        Tally::of_nextest([without_colours(line).as_str()]),
        tally(2, 0, 0)
    );
}

#[test]
fn a_short_crate_name_is_completed() {
    assert_eq!(
        Scope::of(Some("gate"), false),
        Scope::Crate("countersign-gate".to_owned())
    );
    assert_eq!(
        Scope::of(Some("countersign-gate"), false),
        Scope::Crate("countersign-gate".to_owned())
    );
    assert_eq!(
        Scope::of(Some("xtask"), false),
        Scope::Crate("xtask".to_owned())
    );
    assert_eq!(Scope::of(None, true), Scope::Faults);
    assert_eq!(Scope::of(None, false), Scope::Everything);
}

#[test]
fn only_documentation_with_code_is_run() {
    assert!(has_code("/// ```rust\n/// let a = 1;\n/// ```\n"));
    assert!(has_code("/// ```\n/// let a = 1;\n/// ```\n"));
    assert!(has_code("//! ```no_run\n//! run();\n//! ```\n"));
    assert!(!has_code("/// ```text\n/// a drawing\n/// ```\n"));
    assert!(!has_code("// ```rust\nlet a = \"/// none\";\n"));
}
