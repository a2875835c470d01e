//! Requirement 3: a foreign Host or Origin is refused.

use http::{HeaderMap, Uri};

use super::{HostPolicy, InvalidHost, Refused};

fn policy() -> HostPolicy {
    HostPolicy::new(
        &["gate.example.com".into(), "gate.example.org:8443".into()],
        &["https://desk.example.com".into()],
    )
    .unwrap()
}

fn check(host: Option<&str>, origin: Option<&str>) -> Result<(), Refused> {
    let mut headers = HeaderMap::new();
    if let Some(host) = host {
        headers.insert("host", host.parse().unwrap());
    }
    if let Some(origin) = origin {
        headers.insert("origin", origin.parse().unwrap());
    }
    policy()
        .with_address("192.0.2.7:8443".parse().unwrap())
        .check(&Uri::from_static("/x"), &headers, false)
}

#[test]
fn loopback_names_the_own_address_and_configured_hosts_are_answered() {
    for host in [
        "localhost",
        "LOCALHOST:18790",
        "127.0.0.1:1",
        "[::1]:18790",
        "gate.example.com",
        "gate.example.com:9",
        "gate.example.org:8443",
        "192.0.2.7:8443",
    ] {
        assert_eq!(check(Some(host), None), Ok(()), "{host}");
    }
}

#[test]
fn every_other_host_is_refused() {
    for host in [
        "evil.example",
        "localhost.evil.example",
        "gate.example.com.evil.example",
        "gate.example.org",
        "gate.example.org:1",
        "192.0.2.7",
        "0.0.0.0:18790",
        "user@localhost",
        "localhost:",
        "localhost:99999999",
        "[::1",
        "[::1]x",
        "[::1.evil]",
        "",
        "127.0.0.1 evil",
        "127.1",
        "localhost.",
        "2130706433",
    ] {
        assert_eq!(check(Some(host), None), Err(Refused::Host), "{host}");
    }
    assert_eq!(check(None, None), Err(Refused::Host));
}

#[test]
fn two_hosts_are_refused() {
    let mut headers = HeaderMap::new();
    headers.append("host", "localhost".parse().unwrap());
    headers.append("host", "localhost".parse().unwrap());
    assert_eq!(
        policy().check(&Uri::from_static("/"), &headers, false),
        Err(Refused::Host)
    );
}

#[test]
fn a_target_with_a_foreign_authority_is_refused_whatever_the_header_says() {
    let mut headers = HeaderMap::new();
    headers.insert("host", "localhost".parse().unwrap());
    assert_eq!(
        policy().check(&Uri::from_static("http://evil.example/x"), &headers, false),
        Err(Refused::Host)
    );
    assert_eq!(
        policy().check(
            &Uri::from_static("http://localhost:1/x"),
            &HeaderMap::new(),
            false
        ),
        Ok(())
    );
}

#[test]
fn only_the_own_origin_and_configured_ones_may_call() {
    let host = Some("localhost:18790");
    for origin in [
        "http://localhost:18790",
        "https://localhost:18790",
        "https://desk.example.com",
        "HTTPS://DESK.EXAMPLE.COM",
    ] {
        assert_eq!(check(host, Some(origin)), Ok(()), "{origin}");
    }
    for origin in [
        "null",
        "http://localhost:3000",
        "http://localhost",
        "http://evil.example",
        "file://localhost:18790",
        "https://desk.example.com:444",
        "http://desk.example.com",
        "",
    ] {
        assert_eq!(check(host, Some(origin)), Err(Refused::Origin), "{origin}");
    }
}

#[test]
fn a_plain_page_is_no_page_of_a_tls_listener() {
    let mut headers = HeaderMap::new();
    headers.insert("host", "localhost:8443".parse().unwrap());
    headers.insert("origin", "http://localhost:8443".parse().unwrap());
    assert_eq!(
        policy().check(&Uri::from_static("/"), &headers, true),
        Err(Refused::Origin)
    );
    headers.insert("origin", "https://localhost:8443".parse().unwrap());
    assert_eq!(
        policy().check(&Uri::from_static("/"), &headers, true),
        Ok(())
    );
}

#[test]
fn nonsense_in_the_configuration_is_refused() {
    assert!(matches!(
        HostPolicy::new(&["*.example.com".into()], &[]),
        Err(InvalidHost::Host(_))
    ));
    assert!(matches!(
        HostPolicy::new(&[], &["gate.example.com".into()]),
        Err(InvalidHost::Origin(_))
    ));
    assert!(matches!(
        HostPolicy::new(&[], &["*".into()]),
        Err(InvalidHost::Origin(_))
    ));
}
