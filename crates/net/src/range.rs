//! Address ranges in CIDR form: the rows of the address table and the ranges that an operator opens.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use crate::address::{AddressClass, classify};

/// A network and its prefix length, as in `10.0.0.0/8`.
///
/// INVARIANT: the prefix fits the family and, for a parsed range, no host bit is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpRange {
    network: IpAddr,
    prefix: u8,
}

impl IpRange {
    pub(crate) const fn literal(network: IpAddr, prefix: u8) -> Self {
        Self { network, prefix }
    }

    /// The first address of the range.
    pub fn network(&self) -> IpAddr {
        self.network
    }

    /// The number of leading bits that all addresses of the range share.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Whether `address` lies in the range. An address of the other family never does, mapped or not.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.network, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let difference = network.to_bits() ^ address.to_bits();
                difference
                    .checked_shr(32 - u32::from(self.prefix))
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let difference = network.to_bits() ^ address.to_bits();
                difference
                    .checked_shr(128 - u32::from(self.prefix))
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }

    /// The last address of the range.
    fn last(&self) -> IpAddr {
        match self.network {
            IpAddr::V4(network) => {
                let host_bits = u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
                IpAddr::V4((network.to_bits() | host_bits).into())
            }
            IpAddr::V6(network) => {
                let host_bits = u128::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
                IpAddr::V6((network.to_bits() | host_bits).into())
            }
        }
    }

    /// The same prefix with every host bit cleared.
    fn truncated(&self) -> Self {
        let network = match self.network {
            IpAddr::V4(network) => {
                let host_bits = u32::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
                IpAddr::V4((network.to_bits() & !host_bits).into())
            }
            IpAddr::V6(network) => {
                let host_bits = u128::MAX.checked_shr(u32::from(self.prefix)).unwrap_or(0);
                IpAddr::V6((network.to_bits() & !host_bits).into())
            }
        };
        Self {
            network,
            prefix: self.prefix,
        }
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.network, self.prefix)
    }
}

/// Why a text is not a range that can be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The part before the slash is no IP address.
    #[error("`{0}` is not an address range: write it as `10.0.0.0/8` or `fd00::/8`")]
    NotAnAddress(String),
    /// The part after the slash is no number that fits the family.
    #[error(
        "`{text}` has no valid prefix length: give a number from 0 to {largest} after the slash"
    )]
    BadPrefix {
        /// The text as given.
        text: String,
        /// 32 for IPv4, 128 for IPv6.
        largest: u8,
    },
    /// Bits after the prefix are set, so two readings are possible.
    #[error("`{text}` has bits set after its prefix: did you mean `{meant}`?")]
    HostBits {
        /// The text as given.
        text: String,
        /// The range with these bits cleared.
        meant: IpRange,
    },
    /// The whole range is of a class that nothing opens.
    #[error("`{text}` is {class} and can never be opened: remove it")]
    NeverOpened {
        /// The text as given.
        text: String,
        /// The class of the whole range.
        class: AddressClass,
    },
}

impl FromStr for IpRange {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let network: IpAddr = address
            .parse()
            .map_err(|_| RangeError::NotAnAddress(text.to_owned()))?;
        let largest = if network.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => largest,
            Some(digits) => digits
                .parse::<u8>()
                .ok()
                .filter(|prefix| {
                    *prefix <= largest && digits.bytes().all(|byte| byte.is_ascii_digit())
                })
                .ok_or_else(|| RangeError::BadPrefix {
                    text: text.to_owned(),
                    largest,
                })?,
        };
        let range = Self { network, prefix };
        let meant = range.truncated();
        if meant != range {
            return Err(RangeError::HostBits {
                text: text.to_owned(),
                meant,
            });
        }
        Ok(range)
    }
}

/// Reads a comma-separated list of ranges, as in `COUNTERSIGN_ALLOW_PRIVATE_NETWORKS`. Empty text is an empty list.
///
/// A bare address is a range of one. A range that lies wholly in a class that nothing opens (metadata, link-local, multicast, ...) is an
/// error, because it would silently do nothing.
pub fn parse_ranges(text: &str) -> Result<Arc<[IpRange]>, RangeError> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(openable)
        .collect()
}

fn openable(text: &str) -> Result<IpRange, RangeError> {
    let range: IpRange = text.parse()?;
    let class = classify(range.network);
    let is_one_class = class == classify(range.last());
    if is_one_class && !class.is_openable() && class != AddressClass::Public {
        return Err(RangeError::NeverOpened {
            text: text.to_owned(),
            class,
        });
    }
    Ok(range)
}
