use std::time::Duration;

use countersign_gate::Courier;
use countersign_net::{FixedAnswers, OwnListeners, Resolver};

use super::{HttpCourier, HttpCourierConfig};

fn courier() -> HttpCourier {
    HttpCourier::new(HttpCourierConfig {
        resolver: Resolver::fixed(FixedAnswers::default()),
        deadline: Duration::from_millis(500),
        ..HttpCourierConfig::new(OwnListeners::default())
    })
}

const PRIVATE: &str = "Private IP addresses are not allowed";
const METADATA: &str = "Cloud metadata endpoints are not allowed";
const HOST: &str = "Hostname is not allowed";

/// Requirement 39: what can be seen to be private is refused before anything is sent, in every spelling.
#[tokio::test]
async fn urls_are_refused_in_the_words_that_clients_know() {
    let courier = courier();
    for (url, why) in [
        (
            "ftp://example.com/",
            "Only HTTP and HTTPS protocols are allowed",
        ),
        (
            "file:///etc/passwd",
            "Only HTTP and HTTPS protocols are allowed",
        ),
        ("http://10.0.0.1/hook", PRIVATE),
        ("http://127.0.0.1/hook", PRIVATE),
        ("http://192.168.1.1:8080/", PRIVATE),
        ("http://172.16.0.1/", PRIVATE),
        ("http://0.0.0.0/", PRIVATE),
        ("http://2130706433/", PRIVATE),
        ("http://0x7f000001/", PRIVATE),
        ("http://0177.0.0.1/", PRIVATE),
        ("http://127.1/", PRIVATE),
        ("http://[::1]/", PRIVATE),
        ("http://[::]/", PRIVATE),
        ("http://[::ffff:10.0.0.1]/", PRIVATE),
        ("http://[fe80::1]/", PRIVATE),
        ("http://[fd00::1]/", PRIVATE),
        ("http://169.254.169.254/latest/meta-data/", METADATA),
        ("http://metadata.google.internal/", METADATA),
        ("http://metadata/", METADATA),
        ("http://instance-data/", METADATA),
        ("http://localhost:9000/", HOST),
        ("http://LOCALHOST./", HOST),
        ("http://a.localhost.localdomain/", HOST),
    ] {
        assert_eq!(courier.check(url, false), Err(why.to_owned()), "{url}");
    }
    assert!(
        courier
            .check("https://user:pw@example.com/", false)
            .is_err()
    );
    assert!(courier.check("http://example.com:25/", false).is_err());
}

#[tokio::test]
async fn a_name_is_not_looked_up_and_the_setting_opens_private_addresses_but_never_metadata() {
    let courier = courier();
    assert_eq!(courier.check("https://nowhere.example/hook", false), Ok(()));
    for url in [
        "http://127.0.0.1:9000/",
        "http://localhost/",
        "http://10.1.2.3/",
    ] {
        assert_eq!(courier.check(url, true), Ok(()), "{url}");
    }
    for url in ["http://169.254.169.254/", "http://metadata.goog/"] {
        assert_eq!(courier.check(url, true), Err(METADATA.to_owned()), "{url}");
    }
}
