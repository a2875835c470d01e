//! What is decided before a file is answered: which form, known or not, and what the policy says.

use http::{HeaderMap, HeaderValue, header};

use super::{
    encoding::{Encoding, is_known, is_taken},
    file::{WebFile, media_type},
    html::{Html, NOT_BUILT, nonce, policy},
};

fn with(name: header::HeaderName, value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(name, HeaderValue::from_str(value).unwrap());
    headers
}

#[test]
fn a_coding_is_taken_where_the_client_says_so() {
    for (value, brotli, gzip) in [
        ("gzip, deflate, br, zstd", true, true),
        ("gzip;q=0.5, br;q=0", false, true),
        ("br;q=0.000", false, false),
        ("BR; q=1.0", true, false),
        ("*", true, true),
        ("*;q=0", false, false),
        ("br;q=0, *", false, true),
        ("*, br;q=0", false, true),
        ("identity", false, false),
        ("", false, false),
        ("br;q=nonsense", false, false),
        ("brotli", false, false),
    ] {
        let headers = with(header::ACCEPT_ENCODING, value);
        assert_eq!(is_taken(&headers, "br"), brotli, "{value}");
        assert_eq!(is_taken(&headers, "gzip"), gzip, "{value}");
    }
    assert!(!is_taken(&HeaderMap::new(), "br"));
}

#[test]
fn the_smallest_form_that_is_there_is_chosen() {
    let file = WebFile {
        path: "assets/a.js",
        version: "1",
        plain: b"plain",
        brotli: None,
        gzip: Some(b"gzip"),
    };
    let both = with(header::ACCEPT_ENCODING, "gzip, br");
    assert_eq!(
        Encoding::choose(&file, &both),
        (Encoding::Gzip, &b"gzip"[..])
    );
    let file = WebFile {
        brotli: Some(b"brotli"),
        ..file
    };
    assert_eq!(
        Encoding::choose(&file, &both),
        (Encoding::Brotli, &b"brotli"[..])
    );
    assert_eq!(
        Encoding::choose(&file, &HeaderMap::new()),
        (Encoding::Plain, &b"plain"[..])
    );
}

#[test]
fn a_known_tag_is_found_in_a_list() {
    for (value, expected) in [
        ("\"a-br\"", true),
        ("\"b\", W/\"a-br\"", true),
        ("*", true),
        ("\"a\"", false),
        ("a-br", false),
        ("", false),
    ] {
        let headers = with(header::IF_NONE_MATCH, value);
        assert_eq!(is_known(&headers, "\"a-br\""), expected, "{value}");
    }
}

#[test]
fn every_nonce_is_new_and_stands_wherever_it_belongs() {
    let (one, other) = (nonce(), nonce());
    assert_ne!(one, other);
    assert_eq!(one.len(), 24);
    let html =
        Html::new("<script nonce=\"__CSP_NONCE__\"></script><style nonce=\"__CSP_NONCE__\">");
    let text = html.with_nonce(&one);
    assert_eq!(text.matches(&one).count(), 2);
    assert!(!text.contains("__CSP_NONCE__"));
    let plain = Html::new(NOT_BUILT).with_nonce(&one);
    assert!(plain.contains("make build") && plain.contains(&one));
}

/// Requirement: nothing that a page can be talked into runs without the nonce.
#[test]
fn the_policy_is_strict() {
    let policy = policy("abc");
    for forbidden in ["unsafe", "http:", "https:", "*", "blob:"] {
        assert!(!policy.contains(forbidden), "{forbidden} in {policy}");
    }
    for part in [
        "default-src 'none'",
        "script-src 'self' 'nonce-abc'",
        "style-src 'self' 'nonce-abc'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(
            policy.split("; ").any(|it| it == part),
            "no {part} in {policy}"
        );
    }
}

#[test]
fn what_is_unknown_is_bytes() {
    assert_eq!(
        media_type("assets/a-1.js"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(media_type("favicon.svg"), "image/svg+xml");
    assert_eq!(media_type("assets/a"), "application/octet-stream");
    assert_eq!(media_type("assets/a.exe"), "application/octet-stream");
}
