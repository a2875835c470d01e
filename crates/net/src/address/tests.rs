use std::collections::HashSet;
use std::net::IpAddr;

use super::{AddressClass, TABLE, classify, embedded_ipv4};
use proptest::prelude::*;

fn class_of(text: &str) -> AddressClass {
    classify(text.parse().unwrap())
}

#[test]
fn every_row_decides_its_own_first_address_unless_a_longer_row_does() {
    for row in TABLE {
        let first = row.range.network();
        let longer = TABLE
            .iter()
            .any(|other| other.range.contains(first) && other.range.prefix() > row.range.prefix());
        assert!(
            longer || classify(first) == row.class,
            "{} ({})",
            row.range,
            row.source
        );
    }
}

#[test]
fn no_range_is_listed_twice() {
    let mut seen = HashSet::new();
    for row in TABLE {
        assert!(seen.insert(row.range), "{} is listed twice", row.range);
    }
}

#[test]
fn no_row_has_host_bits() {
    for row in TABLE {
        let text = row.range.to_string();
        assert_eq!(text.parse::<crate::IpRange>().unwrap(), row.range);
    }
}

#[test]
fn edges_of_ranges_are_exact() {
    for (text, class) in [
        ("9.255.255.255", AddressClass::Public),
        ("10.0.0.0", AddressClass::Private),
        ("11.0.0.0", AddressClass::Public),
        ("100.63.255.255", AddressClass::Public),
        ("100.64.0.0", AddressClass::Cgnat),
        ("100.127.255.255", AddressClass::Cgnat),
        ("100.128.0.0", AddressClass::Public),
        ("172.15.255.255", AddressClass::Public),
        ("172.31.255.255", AddressClass::Private),
        ("172.32.0.0", AddressClass::Public),
        ("192.0.1.0", AddressClass::Public),
        ("198.17.255.255", AddressClass::Public),
        ("198.19.255.255", AddressClass::Benchmark),
        ("198.20.0.0", AddressClass::Public),
        ("223.255.255.255", AddressClass::Public),
        ("255.255.255.255", AddressClass::Reserved),
        ("168.63.129.15", AddressClass::Public),
        ("::2", AddressClass::Ipv4Compatible),
        ("2001:1ff:ffff::", AddressClass::ProtocolAssignment),
        ("2001:200::", AddressClass::Public),
        ("2001:db7::1", AddressClass::Public),
        ("2606:4700::1111", AddressClass::Public),
        ("64:ff9b:2::1", AddressClass::Reserved),
        ("4000::", AddressClass::Reserved),
    ] {
        assert_eq!(class_of(text), class, "{text}");
    }
}

#[test]
fn embedded_addresses_are_read_from_every_form() {
    for text in [
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b:1:7f00:0:100::",
        "2001::80ff:fffe",
    ] {
        let address: IpAddr = text.parse().unwrap();
        assert_eq!(
            embedded_ipv4(address).map(|v4| v4.to_string()).as_deref(),
            Some("127.0.0.1"),
            "{text}"
        );
    }
    assert_eq!(embedded_ipv4("2606:4700::1".parse().unwrap()), None);
}

proptest! {
    // Requirement 18: no spelling of an IPv4 address inside IPv6 is public or openable, whatever it carries.
    #[test]
    fn transition_forms_are_never_reachable(bits: u32, form in 0_usize..4) {
        let base: u128 = [0xffff_0000_0000, 0xffff_0000_0000_0000, 0x64_ff9b << 96, 0][form];
        let address = IpAddr::V6((base | u128::from(bits)).into());
        let class = classify(address);
        prop_assert!(class != AddressClass::Public);
        prop_assert!(!class.is_openable() || address == IpAddr::V6(std::net::Ipv6Addr::LOCALHOST));
    }

    #[test]
    fn classification_agrees_with_the_standard_library(bits: u32) {
        let v4 = std::net::Ipv4Addr::from_bits(bits);
        let class = classify(IpAddr::V4(v4));
        if v4.is_loopback() { prop_assert_eq!(class, AddressClass::Loopback); }
        if v4.is_private() { prop_assert_eq!(class, AddressClass::Private); }
        if v4.is_multicast() { prop_assert_eq!(class, AddressClass::Multicast); }
        if v4.is_link_local() { prop_assert!(matches!(class, AddressClass::LinkLocal | AddressClass::Metadata)); }
        if v4.is_broadcast() { prop_assert_eq!(class, AddressClass::Reserved); }
    }
}
