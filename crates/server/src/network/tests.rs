//! Ranges and forwarded headers.

use std::net::IpAddr;

use http::HeaderMap;

use super::{IpRange, forwarded_source};

fn ranges(list: &[&str]) -> Vec<IpRange> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_range_holds_what_it_says() {
    let range: IpRange = "10.0.0.0/8".parse().unwrap();
    assert!(range.contains(address("10.255.0.1")));
    assert!(range.contains(address("::ffff:10.1.1.1")));
    assert!(!range.contains(address("11.0.0.1")));
    let all: IpRange = "0.0.0.0/0".parse().unwrap();
    assert!(all.contains(address("203.0.113.9")));
    assert!(!all.contains(address("2001:db8::1")));
    let six: IpRange = "2001:db8::/32".parse().unwrap();
    assert!(six.contains(address("2001:db8:1::1")));
    assert!(!six.contains(address("2001:db9::1")));
}

#[test]
fn nonsense_is_no_range() {
    for text in [
        "",
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/+8",
        "example.com",
        "::1/129",
    ] {
        assert!(text.parse::<IpRange>().is_err(), "{text}");
    }
}

/// Requirement 7: a forwarded header from anybody but a trusted proxy changes nothing.
#[test]
fn a_forwarded_header_counts_only_from_a_trusted_proxy() {
    let mut headers = HeaderMap::new();
    headers.insert(
        "x-forwarded-for",
        "203.0.113.7, 198.51.100.4".parse().unwrap(),
    );
    assert_eq!(
        forwarded_source(address("127.0.0.1"), &headers, &[]),
        address("127.0.0.1")
    );
    assert_eq!(
        forwarded_source(address("192.0.2.1"), &headers, &ranges(&["127.0.0.1"])),
        address("192.0.2.1")
    );
    assert_eq!(
        forwarded_source(address("127.0.0.1"), &headers, &ranges(&["127.0.0.1"])),
        address("198.51.100.4")
    );
    assert_eq!(
        forwarded_source(
            address("127.0.0.1"),
            &headers,
            &ranges(&["127.0.0.1", "198.51.100.0/24"])
        ),
        address("203.0.113.7")
    );
}

#[test]
fn a_forwarded_header_that_is_no_list_of_addresses_ends_the_walk() {
    let mut headers = HeaderMap::new();
    headers.insert("x-forwarded-for", "203.0.113.7, unknown".parse().unwrap());
    assert_eq!(
        forwarded_source(address("127.0.0.1"), &headers, &ranges(&["127.0.0.1"])),
        address("127.0.0.1")
    );
}
