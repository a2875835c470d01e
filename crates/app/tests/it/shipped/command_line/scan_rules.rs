//! The operators' own secret rules at the command line: set, shown, refused with the file's name and line, and cleared.

use std::fs;

use serde_json::json;

use super::super::program::mode;
use super::session::Session;

const RULES: &str = "version 1\nrule acme-ticket\nkind Acme ticket\nkeyword acme:\ntoken acme:[0-9A-F]{4}-[0-9A-F]{4}\n";

#[test]
fn rules_are_set_shown_and_cleared() {
    let mut session = Session::new();
    let shown = session.type_in(&["scan", "rules", "show"]).expect(0);
    assert!(
        shown.stdout.contains("no rules of your own"),
        "{}",
        shown.stdout
    );
    session.type_in(&["scan", "rules", "clear"]).expect(2);

    let file = session.gateway.file("own.rules");
    fs::write(&file, RULES).unwrap();
    let path = file.to_str().unwrap();
    let set = session.type_in(&["scan", "rules", "set", path]).expect(0);
    assert!(
        set.stdout.contains("acme-ticket") && set.stdout.contains("Acme ticket"),
        "{}",
        set.stdout
    );
    let shown = session
        .type_in(&["scan", "rules", "show", "--json"])
        .expect(0)
        .json();
    assert_eq!(shown["file"], RULES);
    assert_eq!(
        shown["rules"],
        json!([{ "id": "acme-ticket", "kind": "Acme ticket" }])
    );

    let out = session.gateway.file("out.rules");
    let copy = out.to_str().unwrap();
    session
        .type_in(&["scan", "rules", "show", "--out", copy])
        .expect(0);
    assert_eq!(
        (fs::read_to_string(&out).unwrap().as_str(), mode(&out)),
        (RULES, 0o600)
    );
    // A file that is there stays.
    let again = session
        .type_in(&["scan", "rules", "show", "--out", copy])
        .expect(2);
    assert!(
        again.stderr.contains("can't be written"),
        "{}",
        again.stderr
    );

    let cleared = session
        .type_in(&["scan", "rules", "clear", "--json"])
        .expect(0)
        .json();
    assert_eq!(cleared, json!({ "cleared": true }));
    let copy = session.gateway.file("none.rules");
    let none = session.type_in(&["scan", "rules", "show", "--out", copy.to_str().unwrap()]);
    assert!(none.exit != 0 && !copy.exists());
}

#[test]
fn a_wrong_file_is_refused_whole_with_its_line() {
    let mut session = Session::new();
    let file = session.gateway.file("own.rules");
    let path = file.to_str().unwrap().to_owned();
    fs::write(&file, RULES).unwrap();
    session.type_in(&["scan", "rules", "set", &path]).expect(0);

    for (content, said) in [
        (RULES.replace("{4}", "{4").into_bytes(), "line 5: "),
        (b"# only a comment\n".to_vec(), "line 1: "),
        (format!("{RULES}rule two\n").into_bytes(), "line 6: "),
        (b"version 1\nrule \xff\n".to_vec(), "line 2 is not UTF-8"),
        (
            format!("{RULES}#{}", "x".repeat(1 << 20)).into_bytes(),
            "longer than 262144 bytes",
        ),
    ] {
        fs::write(&file, content).unwrap();
        let refused = session.type_in(&["scan", "rules", "set", &path]).expect(2);
        assert!(
            refused.stderr.contains(said) && refused.stderr.contains("own.rules"),
            "{}",
            refused.stderr
        );
    }
    fs::remove_file(&file).unwrap();
    let missing = session.type_in(&["scan", "rules", "set", &path]).expect(2);
    assert!(
        missing.stderr.contains("can't be read"),
        "{}",
        missing.stderr
    );
    session.type_in(&["scan", "rules", "set"]).expect(2);
    session
        .type_in(&["scan", "rules", "set", &path, "more"])
        .expect(2);
    let shown = session
        .type_in(&["scan", "rules", "show", "--json"])
        .expect(0)
        .json();
    assert_eq!(shown["file"], RULES, "the rules before stay in force");
}
