use std::net::{IpAddr, SocketAddr};

use super::{EgressPolicy, OwnListeners, Refusal};
use crate::range::{RangeError, parse_ranges};
use crate::{AddressClass, classify};
use proptest::prelude::*;

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn private() -> EgressPolicy {
    EgressPolicy::default().with_private_networks(true)
}

// Requirement 18.
#[test]
fn allow_private_opens_four_classes_and_no_more() {
    for open in [
        "127.0.0.1:80",
        "[::1]:80",
        "10.1.2.3:80",
        "172.16.0.1:80",
        "192.168.1.1:80",
        "100.64.0.1:80",
        "[fd12::1]:80",
        "93.184.216.34:80",
    ] {
        assert!(private().check_address(at(open)).is_ok(), "{open}");
    }
    for shut in [
        "169.254.169.254:80",
        "100.100.100.200:80",
        "168.63.129.16:80",
        "[fd00:ec2::254]:80",
        "169.254.1.1:80",
        "[fe80::1]:80",
        "224.0.0.1:80",
        "[ff02::1]:80",
        "240.0.0.1:80",
        "0.0.0.0:80",
        "0.1.2.3:80",
        "[::]:80",
        "[::ffff:127.0.0.1]:80",
        "[64:ff9b::7f00:1]:80",
        "[2002:7f00:1::]:80",
        "[2001:0:1::1]:80",
        "192.0.0.8:80",
        "192.0.2.1:80",
        "198.18.0.1:80",
        "255.255.255.255:80",
    ] {
        assert!(private().check_address(at(shut)).is_err(), "{shut}");
    }
}

#[test]
fn open_ranges_open_only_themselves_and_never_metadata() {
    let policy = EgressPolicy::default()
        .with_open_ranges(parse_ranges("10.1.0.0/16, 100.64.0.0/10,fd00::/8").unwrap());
    assert!(policy.check_address(at("10.1.255.255:80")).is_ok());
    assert!(policy.check_address(at("10.2.0.0:80")).is_err());
    assert!(policy.check_address(at("127.0.0.1:80")).is_err());
    assert!(policy.check_address(at("100.100.100.201:80")).is_ok());
    assert!(policy.check_address(at("100.100.100.200:80")).is_err());
    assert!(policy.check_address(at("[fd00:ec2::254]:80")).is_err());
}

#[test]
fn bad_ranges_are_named() {
    assert!(parse_ranges("").unwrap().is_empty());
    assert_eq!(
        parse_ranges("127.0.0.1").unwrap()[0].to_string(),
        "127.0.0.1/32"
    );
    for (text, message) in [
        (
            "localhost",
            "`localhost` is not an address range: write it as `10.0.0.0/8` or `fd00::/8`",
        ),
        (
            "10.0.0.0/33",
            "`10.0.0.0/33` has no valid prefix length: give a number from 0 to 32 after the slash",
        ),
        (
            "10.0.0.0/+8",
            "`10.0.0.0/+8` has no valid prefix length: give a number from 0 to 32 after the slash",
        ),
        (
            "fd00::/",
            "`fd00::/` has no valid prefix length: give a number from 0 to 128 after the slash",
        ),
        (
            "10.1.2.3/8",
            "`10.1.2.3/8` has bits set after its prefix: did you mean `10.0.0.0/8`?",
        ),
        (
            "10.0.0.0/8,169.254.0.0/16",
            "`169.254.0.0/16` is a link-local address and can never be opened: remove it",
        ),
        (
            "169.254.169.254",
            "`169.254.169.254` is a cloud metadata address and can never be opened: remove it",
        ),
    ] {
        assert_eq!(parse_ranges(text).unwrap_err().to_string(), message);
    }
    assert!(matches!(
        parse_ranges("::ffff:10.0.0.0/104"),
        Err(RangeError::NeverOpened {
            class: AddressClass::Ipv4Mapped,
            ..
        })
    ));
}

#[test]
fn own_listeners_are_refused_whatever_is_open_and_also_when_added_later() {
    let listeners = OwnListeners::new(vec![at("127.0.0.1:18790")]);
    let policy = EgressPolicy::public_only(listeners.clone())
        .with_private_networks(true)
        .with_open_ranges(parse_ranges("127.0.0.0/8").unwrap());
    assert_eq!(
        policy.check_address(at("127.0.0.1:18790")),
        Err(Refusal::OwnListener(at("127.0.0.1:18790")))
    );
    assert!(policy.check_address(at("127.0.0.1:18791")).is_ok());
    assert!(policy.check_address(at("127.0.0.2:18790")).is_ok());
    listeners.add(at("0.0.0.0:18791"));
    assert!(policy.check_address(at("127.0.0.1:18791")).is_err());
    assert!(policy.check_address(at("127.0.0.2:18791")).is_err());
    assert!(policy.check_address(at("93.184.216.34:18791")).is_ok());
    listeners.replace(vec![at("[::]:1234")]);
    assert!(policy.check_address(at("127.0.0.1:1234")).is_err());
    assert!(policy.check_address(at("127.0.0.1:18790")).is_ok());
}

#[test]
fn refusals_say_what_a_transition_address_carries() {
    let refusal = private()
        .check_address(at("[::ffff:169.254.169.254]:80"))
        .unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "::ffff:169.254.169.254 is an IPv4-mapped address that carries 169.254.169.254, a cloud metadata address"
    );
}

proptest! {
    // One refused answer refuses the name, wherever it stands.
    #[test]
    fn any_refused_answer_refuses_all(mut answers in proptest::collection::vec(any::<u32>(), 0..6), bad in 0_u32..0x0100_0000, position: prop::sample::Index) {
        let position = position.index(answers.len() + 1);
        answers.insert(position, 0x7f00_0000 | bad);
        let answers: Vec<IpAddr> = answers.into_iter().map(|bits| IpAddr::V4(bits.into())).collect();
        prop_assert!(EgressPolicy::default().check_answers(&answers, 443).is_err());
    }

    #[test]
    fn a_default_policy_lets_only_public_addresses_pass(bits: u128) {
        let address = IpAddr::V6(bits.into());
        let allowed = EgressPolicy::default().check_address(SocketAddr::new(address, 443)).is_ok();
        prop_assert_eq!(allowed, classify(address) == AddressClass::Public);
    }
}
