use serde_json::json;

use super::{super::resolve, BaseUrl};

fn below(base: &str, path: &str, query: Option<&str>) -> Option<String> {
    let base = BaseUrl::parse(base).unwrap();
    base.join(path, query)
        .ok()
        .map(|url| url.as_str().to_owned())
}

#[test]
fn a_base_url_is_normalised() {
    for (given, normal) in [
        ("https://API.Example.com", "https://api.example.com"),
        ("https://api.example.com/", "https://api.example.com"),
        (
            "https://api.example.com:443/v1",
            "https://api.example.com/v1",
        ),
        (
            "http://api.example.com:80/v1/",
            "http://api.example.com/v1/",
        ),
        (
            "http://api.example.com:8080/a/b",
            "http://api.example.com:8080/a/b",
        ),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ] {
        let base = BaseUrl::parse(given).unwrap();
        assert_eq!(base.to_config(), json!({ "base_url": normal }));
        // The normal form is stable.
        assert_eq!(
            BaseUrl::parse(normal).unwrap().to_config(),
            base.to_config()
        );
    }
}

/// Requirement 18.
#[test]
fn a_base_url_that_could_be_read_in_two_ways_is_refused() {
    for text in [
        "",
        "api.example.com",
        "ftp://api.example.com",
        "file:///etc/passwd",
        "https:/api.example.com",
        "https://user@api.example.com",
        "https://user:pass@api.example.com",
        "https://api.example.com/v1?key=1",
        "https://api.example.com/v1?",
        "https://api.example.com/v1#x",
        "https://api.example.com/v1/../v2",
        "https://api.example.com/v1/%2e%2e/v2",
        "https://api.example.com/v1//v2",
        "https://api.example.com/v1%2fv2",
        "https://api.example.com\\@evil.example",
        "https://api.example.com/a b",
        "https://api.example.com:22/",
        "https://api.example.com:99999/",
        "https://api.exa%6dple.com/",
    ] {
        let error = BaseUrl::parse(text).expect_err(text);
        assert_eq!(error.field.as_deref(), Some("config.base_url"), "{text}");
    }
    let long = format!("https://api.example.com/{}", "a".repeat(2048));
    BaseUrl::parse(&long).unwrap_err();
}

#[test]
fn joining_stays_below_the_base() {
    let base = "https://api.example.com/v1";
    assert_eq!(
        below(base, "/", None).unwrap(),
        "https://api.example.com/v1"
    );
    assert_eq!(
        below(base, "/a/", Some("q=1")).unwrap(),
        "https://api.example.com/v1/a/?q=1"
    );
    assert_eq!(
        below("https://api.example.com/v1/", "/", None).unwrap(),
        "https://api.example.com/v1/"
    );
    assert_eq!(
        below("https://api.example.com", "/", Some("q")).unwrap(),
        "https://api.example.com/?q"
    );
    for path in [
        "/../x",
        "/a/%2e%2e/%2e%2e/x",
        "/..;/x",
        "/%252e%252e/x",
        "/a#b",
        "/a\\b",
        "/a b",
        "/a%0d%0ab",
        "/a%00",
    ] {
        assert_eq!(below(base, path, None), None, "{path}");
    }
    assert_eq!(below(base, "/a", Some("q=1#f")), None);
}

proptest::proptest! {
    /// What is taken to be its own normal form is left alone by the parser, so the short way and the long way send the same bytes.
    #[test]
    fn plain_targets_are_their_own_normal_form(
        path in r"(/[A-Za-z0-9._~:@,+=-]{1,8}){1,4}/?",
        query in proptest::option::of(r"[A-Za-z0-9._~:@,+=&%/\[\]-]{1,20}"),
    ) {
        proptest::prop_assume!(countersign_domain::path_segments(&path).is_ok());
        proptest::prop_assert!(resolve::is_plain_path(&path));
        proptest::prop_assert!(query.as_deref().is_none_or(resolve::is_plain_query));
        let base = BaseUrl::parse("https://api.example.com/v1").unwrap();
        let joined = base.join(&path, query.as_deref()).unwrap();
        proptest::prop_assert_eq!(base.path_below(&joined), path);
        proptest::prop_assert_eq!(joined.url().query(), query.as_deref());
    }
}
