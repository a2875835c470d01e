//! Masking of known secret values in byte streams.
//!
//! An upstream may echo the credential that the gate injected: in a header, an error page, a debug dump, as it was sent or
//! encoded. A [`LeaseMasker`] is made from the values of one credential lease, lives as long as the lease, and replaces every
//! occurrence with [`MASK`].
//!
//! What it finds, at any position and across any chunk borders:
//!
//! - the value as it is; percent-encoded (RFC 3986 section 2.1, any choice of encoded bytes, either case, `+` for a space);
//!   JSON-escaped (RFC 8259 section 7, any choice of escaped characters, either case); and any mix of these. Bytes that are
//!   not UTF-8 are also found as `\u00XX` (Latin-1). `& < > " ' / = +` also as an HTML entity.
//! - base16, each digit in either case, for values of at least [`SHORTEST_HEX_VALUE_BYTES`](encodings::SHORTEST_HEX_VALUE_BYTES) bytes;
//! - base64 (RFC 4648 sections 4 and 5), padded or not, alone or at any alignment inside a longer base64 text, also where
//!   `+`, `/` and `=` are escaped once more; if at least [`SHORTEST_BASE64_CHARACTERS`](encodings::SHORTEST_BASE64_CHARACTERS) characters depend on the value alone.
//!
//! So a value of one to three bytes is masked wherever it stands, plain and escaped, but not in base16, and in base64 only
//! where four characters are certain: anything else would mask random text. An empty value is ignored.
//!
//! What it never does: mask a byte that no occurrence covers (a base64 character that carries bits of a neighbour stays),
//! mask patterns that merely look secret, decompress, undo two different encodings, or find base64 that is broken into
//! lines. Occurrences that overlap become one mark, occurrences that touch become two. So the output depends on the bytes
//! only, never on where the chunks end.
//!
//! All other values of the vault are masked by a [`VaultMasker`], which knows only their fingerprints.
//!
//! INVARIANT: what is held back between chunks is the longest end of the stream that may still become an occurrence, and
//! nothing is held after `finish`.

mod encodings;
mod filter;
mod fingerprint;
mod matcher;
mod stream;

pub use fingerprint::{FingerprintSet, KeyedHash, NotMasked, VAULT_MASK, VaultMasker, VaultStream};
pub use stream::{LeaseMasker, MASK};
