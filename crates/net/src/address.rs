//! The one address table: which class an IP address belongs to.
//!
//! Every decision about an address comes from [`TABLE`]; nothing else in the product compares addresses with ranges. The rows follow the
//! IANA special-purpose registries (<https://www.iana.org/assignments/iana-ipv4-special-registry>,
//! <https://www.iana.org/assignments/iana-ipv6-special-registry>) and the documents named beside each. The most specific row wins, so the
//! two default rows make the answer total: IPv4 is public unless a row says otherwise, IPv6 is reserved outside `2000::/3`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::range::IpRange;

#[cfg(test)]
mod tests;

/// What an address is for. Only [`AddressClass::Public`] is reachable without an operator's say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AddressClass {
    /// Globally reachable unicast.
    Public,
    /// "This host on this network": `0.0.0.0/8` and `::`.
    Unspecified,
    /// The machine itself.
    Loopback,
    /// RFC 1918.
    Private,
    /// Shared address space of carrier-grade NAT.
    Cgnat,
    /// Unique local IPv6.
    UniqueLocal,
    /// Valid on one link only.
    LinkLocal,
    /// A cloud provider's metadata or control service: hands out credentials to whoever asks.
    Metadata,
    /// Protocol assignments of the IETF: `192.0.0.0/24`, `2001::/23`.
    ProtocolAssignment,
    /// For examples in documents.
    Documentation,
    /// For benchmarks of network devices.
    Benchmark,
    /// One to many.
    Multicast,
    /// Set aside, deprecated, discarded or not allotted.
    Reserved,
    /// An IPv4 address in `::ffff:0:0/96`.
    Ipv4Mapped,
    /// An IPv4 address in `::/96`.
    Ipv4Compatible,
    /// An IPv4 address in `::ffff:0:0:0/96`.
    Ipv4Translated,
    /// An IPv4 address behind a NAT64 prefix.
    Nat64,
    /// An IPv4 address in `2002::/16`.
    SixToFour,
    /// An IPv4 address in `2001::/32`.
    Teredo,
}

impl AddressClass {
    /// A stable name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Cgnat => "cgnat",
            Self::UniqueLocal => "unique_local",
            Self::LinkLocal => "link_local",
            Self::Metadata => "metadata",
            Self::ProtocolAssignment => "protocol_assignment",
            Self::Documentation => "documentation",
            Self::Benchmark => "benchmark",
            Self::Multicast => "multicast",
            Self::Reserved => "reserved",
            Self::Ipv4Mapped => "ipv4_mapped",
            Self::Ipv4Compatible => "ipv4_compatible",
            Self::Ipv4Translated => "ipv4_translated",
            Self::Nat64 => "nat64",
            Self::SixToFour => "six_to_four",
            Self::Teredo => "teredo",
        }
    }

    /// Whether an operator can open addresses of this class, by target or by range.
    pub fn is_openable(self) -> bool {
        matches!(
            self,
            Self::Loopback | Self::Private | Self::Cgnat | Self::UniqueLocal
        )
    }
}

impl fmt::Display for AddressClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Public => "a public address",
            Self::Unspecified => "an unspecified address (this host)",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::Cgnat => "a shared address behind carrier-grade NAT",
            Self::UniqueLocal => "a unique local (private IPv6) address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud metadata address",
            Self::ProtocolAssignment => "an address kept for IETF protocols",
            Self::Documentation => "an address for documentation",
            Self::Benchmark => "an address for benchmarks",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
            Self::Ipv4Mapped => "an IPv4-mapped address",
            Self::Ipv4Compatible => "an IPv4-compatible address",
            Self::Ipv4Translated => "an IPv4-translated address",
            Self::Nat64 => "a NAT64 address",
            Self::SixToFour => "a 6to4 address",
            Self::Teredo => "a Teredo address",
        })
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct AddressRow {
    /// The addresses.
    pub range: IpRange,
    /// Their class.
    pub class: AddressClass,
    /// The document that says so.
    pub source: &'static str,
}

const fn v4(network: [u8; 4], prefix: u8, class: AddressClass, source: &'static str) -> AddressRow {
    let [a, b, c, d] = network;
    AddressRow {
        range: IpRange::literal(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix),
        class,
        source,
    }
}

const fn v6(
    network: [u16; 8],
    prefix: u8,
    class: AddressClass,
    source: &'static str,
) -> AddressRow {
    let n = network;
    let address = Ipv6Addr::new(n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7]);
    AddressRow {
        range: IpRange::literal(IpAddr::V6(address), prefix),
        class,
        source,
    }
}

use AddressClass as Class;

const TABLE: &[AddressRow] = &[
    // Metadata and control services of clouds.
    v4(
        [169, 254, 169, 254],
        32,
        Class::Metadata,
        "AWS, Azure, Google Cloud, OpenStack and others: instance metadata",
    ),
    v4(
        [169, 254, 170, 2],
        32,
        Class::Metadata,
        "AWS ECS: task credentials",
    ),
    v4(
        [169, 254, 170, 23],
        32,
        Class::Metadata,
        "AWS EKS: pod identity",
    ),
    v4(
        [169, 254, 0, 23],
        32,
        Class::Metadata,
        "Tencent Cloud: instance metadata",
    ),
    v4(
        [169, 254, 42, 42],
        32,
        Class::Metadata,
        "Scaleway: instance metadata",
    ),
    v4(
        [168, 63, 129, 16],
        32,
        Class::Metadata,
        "Azure: wire server",
    ),
    v4(
        [100, 100, 100, 200],
        32,
        Class::Metadata,
        "Alibaba Cloud: instance metadata",
    ),
    v4(
        [192, 0, 0, 192],
        32,
        Class::Metadata,
        "Oracle Cloud Classic: instance metadata",
    ),
    v6(
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254],
        128,
        Class::Metadata,
        "AWS: instance metadata",
    ),
    v6(
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23],
        128,
        Class::Metadata,
        "AWS EKS: pod identity",
    ),
    v6(
        [0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254],
        128,
        Class::Metadata,
        "Google Cloud: instance metadata",
    ),
    v6(
        [0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42],
        128,
        Class::Metadata,
        "Scaleway: instance metadata",
    ),
    // IPv4.
    v4([0, 0, 0, 0], 0, Class::Public, "RFC 791"),
    v4(
        [0, 0, 0, 0],
        8,
        Class::Unspecified,
        "RFC 1122 section 3.2.1.3",
    ),
    v4([10, 0, 0, 0], 8, Class::Private, "RFC 1918"),
    v4([100, 64, 0, 0], 10, Class::Cgnat, "RFC 6598"),
    v4(
        [127, 0, 0, 0],
        8,
        Class::Loopback,
        "RFC 1122 section 3.2.1.3",
    ),
    v4([169, 254, 0, 0], 16, Class::LinkLocal, "RFC 3927"),
    v4([172, 16, 0, 0], 12, Class::Private, "RFC 1918"),
    v4(
        [192, 0, 0, 0],
        24,
        Class::ProtocolAssignment,
        "RFC 6890 section 2.1",
    ),
    v4([192, 0, 2, 0], 24, Class::Documentation, "RFC 5737"),
    v4(
        [192, 88, 99, 0],
        24,
        Class::Reserved,
        "RFC 7526: deprecated 6to4 relays",
    ),
    v4([192, 168, 0, 0], 16, Class::Private, "RFC 1918"),
    v4([198, 18, 0, 0], 15, Class::Benchmark, "RFC 2544"),
    v4([198, 51, 100, 0], 24, Class::Documentation, "RFC 5737"),
    v4([203, 0, 113, 0], 24, Class::Documentation, "RFC 5737"),
    v4([224, 0, 0, 0], 4, Class::Multicast, "RFC 5771"),
    v4(
        [240, 0, 0, 0],
        4,
        Class::Reserved,
        "RFC 1112 section 4, RFC 919: broadcast",
    ),
    // IPv6.
    v6(
        [0, 0, 0, 0, 0, 0, 0, 0],
        0,
        Class::Reserved,
        "RFC 4291: not allotted",
    ),
    v6(
        [0x2000, 0, 0, 0, 0, 0, 0, 0],
        3,
        Class::Public,
        "RFC 4291 section 2.5.4",
    ),
    v6(
        [0, 0, 0, 0, 0, 0, 0, 0],
        128,
        Class::Unspecified,
        "RFC 4291 section 2.5.2",
    ),
    v6(
        [0, 0, 0, 0, 0, 0, 0, 1],
        128,
        Class::Loopback,
        "RFC 4291 section 2.5.3",
    ),
    v6(
        [0, 0, 0, 0, 0, 0, 0, 0],
        96,
        Class::Ipv4Compatible,
        "RFC 4291 section 2.5.5.1",
    ),
    v6(
        [0, 0, 0, 0, 0, 0xffff, 0, 0],
        96,
        Class::Ipv4Mapped,
        "RFC 4291 section 2.5.5.2",
    ),
    v6(
        [0, 0, 0, 0, 0xffff, 0, 0, 0],
        96,
        Class::Ipv4Translated,
        "RFC 2765 section 2.1",
    ),
    v6(
        [0x64, 0xff9b, 0, 0, 0, 0, 0, 0],
        96,
        Class::Nat64,
        "RFC 6052",
    ),
    v6(
        [0x64, 0xff9b, 1, 0, 0, 0, 0, 0],
        48,
        Class::Nat64,
        "RFC 8215",
    ),
    v6(
        [0x100, 0, 0, 0, 0, 0, 0, 0],
        64,
        Class::Reserved,
        "RFC 6666: discard",
    ),
    v6(
        [0x100, 0, 0, 1, 0, 0, 0, 0],
        64,
        Class::Reserved,
        "RFC 9780: dummy",
    ),
    v6(
        [0x2001, 0, 0, 0, 0, 0, 0, 0],
        23,
        Class::ProtocolAssignment,
        "RFC 2928",
    ),
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, Class::Teredo, "RFC 4380"),
    v6(
        [0x2001, 2, 0, 0, 0, 0, 0, 0],
        48,
        Class::Benchmark,
        "RFC 5180",
    ),
    v6(
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, 0],
        32,
        Class::Documentation,
        "RFC 3849",
    ),
    v6(
        [0x2002, 0, 0, 0, 0, 0, 0, 0],
        16,
        Class::SixToFour,
        "RFC 3056",
    ),
    v6(
        [0x3ffe, 0, 0, 0, 0, 0, 0, 0],
        16,
        Class::Reserved,
        "RFC 3701: returned 6bone",
    ),
    v6(
        [0x3fff, 0, 0, 0, 0, 0, 0, 0],
        20,
        Class::Documentation,
        "RFC 9637",
    ),
    v6(
        [0x5f00, 0, 0, 0, 0, 0, 0, 0],
        16,
        Class::Reserved,
        "RFC 9602: segment routing",
    ),
    v6(
        [0xfc00, 0, 0, 0, 0, 0, 0, 0],
        7,
        Class::UniqueLocal,
        "RFC 4193",
    ),
    v6(
        [0xfe80, 0, 0, 0, 0, 0, 0, 0],
        10,
        Class::LinkLocal,
        "RFC 4291 section 2.5.6",
    ),
    v6(
        [0xfec0, 0, 0, 0, 0, 0, 0, 0],
        10,
        Class::Reserved,
        "RFC 3879: deprecated site-local",
    ),
    v6(
        [0xff00, 0, 0, 0, 0, 0, 0, 0],
        8,
        Class::Multicast,
        "RFC 4291 section 2.7",
    ),
];

/// All rows, for documentation and for tests of completeness.
pub fn address_table() -> &'static [AddressRow] {
    TABLE
}

/// The class of an address: that of the most specific row which contains it.
///
/// An IPv6 address that carries an IPv4 address has the class of its form (mapped, NAT64, ...), which no policy opens: such a form has no use
/// as a destination other than to slip past a filter. [`embedded_ipv4`] tells what it carries.
pub fn classify(address: IpAddr) -> AddressClass {
    TABLE
        .iter()
        .filter(|row| row.range.contains(address))
        .max_by_key(|row| row.range.prefix())
        .map_or(AddressClass::Reserved, |row| row.class)
}

/// The IPv4 address that an IPv6 address of a transition form carries.
pub fn embedded_ipv4(address: IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V6(v6) = address else { return None };
    let octets = v6.octets();
    let pick = |a: usize, b: usize, c: usize, d: usize| {
        Ipv4Addr::new(octets[a], octets[b], octets[c], octets[d])
    };
    match classify(address) {
        // RFC 6052 section 2.2: with a 48-bit prefix, octet 8 is left out.
        AddressClass::Nat64 if v6.segments()[2] == 1 => Some(pick(6, 7, 9, 10)),
        AddressClass::Ipv4Mapped
        | AddressClass::Ipv4Compatible
        | AddressClass::Ipv4Translated
        | AddressClass::Nat64 => Some(pick(12, 13, 14, 15)),
        AddressClass::SixToFour => Some(pick(2, 3, 4, 5)),
        // RFC 4380 section 4: the client's address is stored inverted.
        AddressClass::Teredo => Some(Ipv4Addr::from_bits(!pick(12, 13, 14, 15).to_bits())),
        _ => None,
    }
}
