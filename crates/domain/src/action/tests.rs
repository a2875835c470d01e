use proptest::prelude::*;

use super::*;

fn pattern(text: &str) -> ActionPattern {
    text.parse().unwrap()
}

#[test]
fn a_route_pattern_matches_segment_by_segment() {
    let cases = [
        ("GET /charges/*", "GET /charges/ch_1", true),
        ("GET /charges/*", "GET /charges", false),
        ("GET /charges/*", "GET /charges/", false),
        ("GET /charges/*", "GET /charges/a/b", false),
        ("GET /charges/*", "POST /charges/a", false),
        ("GET /charges/*", "GET /chargesevil/a", false),
        ("GET /v1", "GET /v1evil", false),
        ("* /charges/**", "DELETE /charges/a/b/c", true),
        ("* /charges/**", "DELETE /charges", true),
        ("GET /**/refunds", "GET /a/b/refunds", true),
        ("GET /**/refunds", "GET /refunds", true),
        ("GET /**/refunds", "GET /a/refunds/b", false),
        ("GET /a/**/c/**/e", "GET /a/b/c/d/e", true),
        ("GET /a/**/c/**/e", "GET /a/c/c/e/x", false),
        ("GET /", "GET /", true),
        ("GET /users/*", "GET /users/5/", true),
        ("GET /users/5", "GET /users/5/", true),
        ("GET /users/5/", "GET /users/5", true),
        ("GET /users/**/", "GET /users/5", true),
        ("GET /*", "GET /", false),
        ("GET /**/refunds", "GET /a/refunds/", true),
        ("GET /admin/*", "GET /%61dmin/x", true),
        ("**", "restart", true),
        ("**", "GET /x", true),
        ("list_*", "list_tables", true),
        ("list_*", "drop_table", false),
        ("restart", "restart", true),
        ("restart", "restart_all", false),
    ];
    for (text, action, expected) in cases {
        assert_eq!(
            pattern(text).matches(action),
            expected,
            "{text} on {action}"
        );
    }
}

/// Requirement 11: what is judged is what runs. A path that an upstream may fold into another one matches no pattern at all.
#[test]
fn an_ambiguous_path_matches_nothing_but_everything() {
    for path in [
        "/a/../b",
        "/a/%2e%2e/b",
        "/a/.%2E/b",
        "/a//b",
        "//a",
        "/a%2fb",
        "/a%5cb",
        "/a\\b",
        "/a%00",
        "/a%",
        "/a%zz",
        "/%ff",
    ] {
        assert!(path_segments(path).is_err(), "{path} should be refused");
        assert!(!pattern("* /**").matches(&format!("GET {path}")), "{path}");
    }
}

#[test]
fn a_bad_pattern_is_refused_with_its_reason() {
    let cases = [
        ("", InvalidAction::Length),
        ("get /x", InvalidAction::Method),
        ("/charges/*", InvalidAction::Method),
        ("GET charges", InvalidAction::Path),
        ("GET /ch*", InvalidAction::Wildcard),
        ("GET /a/../b", InvalidAction::Ambiguous),
        ("li*st", InvalidAction::Wildcard),
        ("a\tb", InvalidAction::Character),
    ];
    for (text, expected) in cases {
        assert_eq!(text.parse::<ActionPattern>(), Err(expected), "{text}");
    }
}

/// A trailing slash says nothing, on either side.
fn without_slash<'part>(parts: &[&'part str]) -> Vec<&'part str> {
    let (last, rest) = parts.split_last().unwrap();
    if last.is_empty() { rest } else { parts }.to_vec()
}

/// The plain definition, exponential and obviously right.
fn reference(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.first(), path.first()) {
        (None, None) => true,
        (Some(&"**"), _) => {
            reference(&pattern[1..], path) || (!path.is_empty() && reference(pattern, &path[1..]))
        }
        (Some(&"*"), Some(_)) => reference(&pattern[1..], &path[1..]),
        (Some(literal), Some(segment)) => {
            literal == segment && reference(&pattern[1..], &path[1..])
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn matching_agrees_with_the_definition(
        mut parts in prop::collection::vec(prop::sample::select(vec!["a", "b", "*", "**"]), 0..7),
        mut path in prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]), 0..7),
        slashes in any::<[bool; 2]>(),
    ) {
        for (segments, slash) in [(&mut parts, slashes[0]), (&mut path, slashes[1])] {
            if slash || segments.is_empty() {
                segments.push("");
            }
        }
        let text = format!("GET /{}", parts.join("/"));
        let action = format!("GET /{}", path.join("/"));
        let expected = reference(&without_slash(&parts), &without_slash(&path));
        prop_assert_eq!(pattern(&text).matches(&action), expected, "{} on {}", text, action);
    }

    #[test]
    fn no_text_panics(text in "\\PC*", action in "\\PC*") {
        if let Ok(pattern) = text.parse::<ActionPattern>() {
            pattern.matches(&action);
        }
        let _ = path_segments(&action);
    }
}
