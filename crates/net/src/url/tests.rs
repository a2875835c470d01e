use super::{OutboundUrl, UrlFault};
use crate::policy::Refusal;
use proptest::prelude::*;

fn base(text: &str) -> OutboundUrl {
    OutboundUrl::parse(text).unwrap()
}

// lessons: a base of /v1 must not cover /v1evil, another port, another scheme or another host.
#[test]
fn below_is_by_segment_scheme_host_and_port() {
    let v1 = base("https://api.example.com/v1");
    for (text, expected) in [
        ("https://api.example.com/v1", true),
        ("https://api.example.com/v1/", true),
        ("https://API.example.com:443/v1/charges?x=/v2", true),
        ("https://api.example.com/v1evil", false),
        ("https://api.example.com/v2", false),
        ("https://api.example.com/v1/../v2", false),
        ("https://api.example.com/v1/..%2fv2", false),
        ("https://api.example.com/v1/%252e%252e/v2", false),
        ("http://api.example.com/v1", false),
        ("https://api.example.com:8443/v1", false),
        ("https://api.example.com.evil.test/v1", false),
    ] {
        assert_eq!(base(text).is_below(&v1), expected, "{text}");
    }
}

// Requirement 18: path joins.
#[test]
fn joins_stay_below_the_base() {
    let v1 = base("https://api.example.com/v1/");
    for (path, joined) in [
        ("charges", "https://api.example.com/v1/charges"),
        (
            "/charges/a%2Fb?c=..%2f&d=%0a",
            "https://api.example.com/v1/charges/a%2Fb?c=..%2f&d=%0a",
        ),
        ("//evil.test/x", "https://api.example.com/v1//evil.test/x"),
        ("/@evil.test/", "https://api.example.com/v1/@evil.test/"),
        (
            "http://evil.test/",
            "https://api.example.com/v1/http://evil.test/",
        ),
        ("/...", "https://api.example.com/v1/..."),
        ("", "https://api.example.com/v1/"),
        ("?q=1", "https://api.example.com/v1/?q=1"),
        ("/100%", "https://api.example.com/v1/100%"),
    ] {
        assert_eq!(v1.join_below(path).unwrap().as_str(), joined, "{path}");
    }
    for (path, fault) in [
        ("../admin", UrlFault::DotSegment),
        ("/a/./b", UrlFault::DotSegment),
        ("/%2e%2e/admin", UrlFault::DotSegment),
        ("/..%2fadmin", UrlFault::DotSegment),
        ("/..%5cadmin", UrlFault::DotSegment),
        ("/%252e%252e%252fadmin", UrlFault::DotSegment),
        ("/%25252525252e", UrlFault::DotSegment),
        ("/..;x=1/admin", UrlFault::DotSegment),
        ("/a\\..\\b", UrlFault::Backslash),
        ("/a%0d%0aHost:evil", UrlFault::ControlCharacter),
        ("/a%00", UrlFault::ControlCharacter),
        ("/a\r\nHost: evil", UrlFault::ControlCharacter),
        ("/a b", UrlFault::WhiteSpace),
        ("/a#b", UrlFault::Fragment),
    ] {
        assert_eq!(
            v1.join_below(path).unwrap_err(),
            Refusal::Form(fault),
            "{path}"
        );
    }
}

#[test]
fn an_origin_only_base_covers_everything_of_that_origin() {
    let root = base("https://api.example.com");
    assert_eq!(
        root.join_below("/a").unwrap().as_str(),
        "https://api.example.com/a"
    );
    assert_eq!(
        root.join_below("").unwrap().as_str(),
        "https://api.example.com/"
    );
}

#[test]
fn fragments_are_dropped_and_debug_shows_no_query() {
    let url = base("https://api.example.com/a?token=canary#frag");
    assert_eq!(url.as_str(), "https://api.example.com/a?token=canary");
    assert!(!format!("{url:?}").contains("canary"));
}

proptest! {
    #[test]
    fn parsing_never_panics_and_its_result_is_stable(text in "(https?://)?[ -~\\x00-\\x1f\u{80}-\u{ffff}]{0,40}") {
        if let Ok(url) = OutboundUrl::parse(&text) {
            let again = OutboundUrl::parse(url.as_str()).unwrap();
            prop_assert_eq!(again.as_str(), url.as_str());
            prop_assert_eq!(again.host(), url.host());
        }
    }

    #[test]
    fn joins_never_leave_the_base(path in "[-/a-z.%25eEfFcC;?@:]{0,30}") {
        let v1 = base("https://api.example.com/v1");
        if let Ok(joined) = v1.join_below(&path) {
            prop_assert!(joined.as_str().starts_with("https://api.example.com/v1"));
            prop_assert!(joined.is_below(&v1));
        }
    }
}
