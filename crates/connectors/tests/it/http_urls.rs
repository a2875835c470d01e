//! Where a URL lies below a target.

use countersign_gate::{Connector, Located};

use serde_json::{Value, json};

use crate::support::{connector, resolve, target};

fn locate(base: &str, url: &str) -> Result<Option<Located>, String> {
    connector()
        .locate(&target(base), "GET", url)
        .map_err(|error| {
            assert_eq!(
                (error.code, error.field.as_deref()),
                ("invalid_input", Some("url")),
                "{url}"
            );
            error.message.into_owned()
        })
}

fn action(base: &str, url: &str) -> Option<String> {
    locate(base, url).expect(url).map(|located| located.action)
}

#[test]
fn a_url_below_the_base_is_found() {
    let base = "https://api.example.com/v1";
    for (url, expected) in [
        ("https://api.example.com/v1/charges", "GET /charges"),
        ("https://api.example.com/v1/charges/", "GET /charges/"),
        ("https://API.example.COM:443/v1/charges", "GET /charges"),
        ("https://api.example.com./v1/charges", "GET /charges"),
        ("HTTPS://api.example.com/v1/charges#part", "GET /charges"),
        ("https://api.example.com/%761/charges", "GET /charges"),
        ("https://api.example.com/v1/a%20b/ü", "GET /a%20b/%C3%BC"),
        ("https://api.example.com/v1", "GET /"),
    ] {
        assert_eq!(action(base, url).as_deref(), Some(expected), "{url}");
    }
    assert_eq!(
        action("https://api.example.com", "https://api.example.com").as_deref(),
        Some("GET /")
    );
    assert_eq!(
        action("https://api.example.com", "https://api.example.com/?a").as_deref(),
        Some("GET /")
    );
    assert_eq!(
        action("https://api.example.com/v1/", "https://api.example.com/v1/").as_deref(),
        Some("GET /")
    );
    assert_eq!(
        action(
            "http://api.example.com:8080",
            "http://api.example.com:8080/a"
        )
        .as_deref(),
        Some("GET /a")
    );
}

#[test]
fn the_query_is_kept_as_it_is() {
    let located = locate(
        "https://api.example.com/v1",
        "https://api.example.com/v1/a?b=%2e%2E/../x&b=2+3",
    )
    .unwrap()
    .unwrap();
    assert_eq!(
        (located.action.as_str(), located.query.as_deref()),
        ("GET /a", Some("b=%2e%2E/../x&b=2+3"))
    );
}

#[test]
fn the_longest_base_has_the_most_bytes() {
    let bytes = |base| {
        locate(base, "https://api.example.com/v1/a/b")
            .unwrap()
            .unwrap()
            .base_bytes
    };
    assert!(bytes("https://api.example.com") < bytes("https://api.example.com/v1"));
    assert!(bytes("https://api.example.com/v1") < bytes("https://api.example.com/v1/a"));
    assert_eq!(
        bytes("https://api.example.com/v1"),
        bytes("https://api.example.com/v1/")
    );
}

/// Scheme, host, port and every segment count: no string prefix does.
#[test]
fn a_url_elsewhere_is_not_found() {
    let base = "https://api.example.com/v1";
    for url in [
        "https://api.example.com/v1evil",
        "https://api.example.com/v1evil/charges",
        "https://api.example.com/v1.evil",
        "https://api.example.com/V1/charges",
        "https://api.example.com/",
        "https://api.example.com/v",
        "https://api.example.com/v2/v1/charges",
        "https://api.example.com:8443/v1/charges",
        "http://api.example.com/v1/charges",
        "http://api.example.com:443/v1/charges",
        "https://api.example.com.evil.example/v1/charges",
        "https://evil.example/v1/charges",
        "https://evil.example/https://api.example.com/v1/charges",
        "https://xapi.example.com/v1/charges",
        "https://127.0.0.1/v1/charges",
        "https://evil.example/a/../../v1",
    ] {
        assert_eq!(action(base, url), None, "{url}");
    }
}

/// Requirements 11 and 18: what two parsers could read in two ways is refused, not guessed.
#[test]
fn a_url_that_could_be_read_in_two_ways_is_refused() {
    let base = "https://api.example.com/v1";
    for url in [
        "",
        "/v1/charges",
        "api.example.com/v1/charges",
        "https:api.example.com/v1/charges",
        "https:///api.example.com/v1/charges",
        "ftp://api.example.com/v1/charges",
        "https://user@api.example.com/v1/charges",
        "https://api.example.com@evil.example/v1/charges",
        "https://api.example.com:pw@evil.example/v1",
        "https://api.example.com\\@evil.example/v1/charges",
        "https://api.example.com/v1\\charges",
        "https://api.example.com/v1/../admin",
        "https://api.example.com/v1/./charges",
        "https://api.example.com/v2/../v1/charges",
        "https://api.example.com/v1/%2e%2e/admin",
        "https://api.example.com/v1/.%2E/admin",
        "https://api.example.com/v1/..%2fadmin",
        "https://api.example.com/v1/%252e%252e/admin",
        "https://api.example.com/v1/..;/admin",
        "https://api.example.com/v1/a%2fb",
        "https://api.example.com/v1/a%5cb",
        "https://api.example.com/v1//charges",
        "https://api.example.com//v1/charges",
        "https://api.example.com/v1/a%00",
        "https://api.example.com/v1/a%0d%0aHost:evil",
        "https://api.example.com/v1/a\r\nHost: evil",
        "https://api.example.com/v1/a\tb",
        "https://api.example.com/v1/a b",
        "https://api.example.com/v1/%zz",
        "https://api.example.com/v1/%ff",
        "https://api.example.com/v1/a?b c",
        "https://api.example.com\0.evil.example/v1",
        "https://api.example.com/v1/\u{200b}a",
        "https://api.example.com:/v1",
        "https://api.example.com/v1/",
    ] {
        locate(base, url).expect_err(url);
    }
}

#[test]
fn only_the_known_methods_are_actions() {
    let (connector, target) = (connector(), target("https://api.example.com"));
    for method in [
        "get", "TRACE", "CONNECT", "PROPFIND", "", "GET ", "GET\r\n", "*",
    ] {
        let error = connector
            .locate(&target, method, "https://api.example.com/a")
            .expect_err(method);
        assert_eq!(error.field.as_deref(), Some("method"));
    }
    for method in ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"] {
        let located = connector
            .locate(&target, method, "https://api.example.com/a")
            .unwrap()
            .unwrap();
        assert_eq!(located.action, format!("{method} /a"));
    }
}

proptest::proptest! {
    /// Requirement 11: what is found by its URL is judged under the very name that runs, whatever the URL is made of.
    #[test]
    fn what_is_found_resolves_to_itself(
        path in r"(/|//|\.|\.\.|%2e|%2F|%5c|%25|%20|;|a|ü|'|\(|:|@|v1|\[|\||~|\+){0,10}",
        query in proptest::option::of(r"(a|=|&|%20|ü|'|/|\.\.|;|\+|\[|\]|\?|:|\|){0,10}"),
    ) {
        let base = "https://api.example.com/v1";
        let mut url = format!("{base}{path}");
        if let Some(query) = query {
            url.push('?');
            url.push_str(&query);
        }
        if let Ok(Some(located)) = connector().locate(&target(base), "GET", &url) {
            let path = located.action.strip_prefix("GET ").unwrap();
            proptest::prop_assert!(path.starts_with('/') && path.is_ascii());
            let action = resolve(&located.action, &json!({ "query": located.query }), b"").unwrap();
            proptest::prop_assert_eq!(&action.name, &located.action);
            proptest::prop_assert_eq!(action.input["path"].as_str(), Some(path));
            let query = located.query.filter(|query| !query.is_empty()).map_or(Value::Null, Value::String);
            proptest::prop_assert_eq!(&action.input["query"], &query);
        }
    }
}
