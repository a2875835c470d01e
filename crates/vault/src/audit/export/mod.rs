//! A ledger as JSON Lines: the file that anybody can verify with nothing else.
//!
//! Lines, each one JSON object ended by a newline, without spaces, with its fields in exactly this order:
//!
//! - `{"key":"name+hash+base64"}`: the checkpoint key (C2SP verifier key). At most one, first.
//! - `{"start":"base64","checkpoint":"..."}`: only when older entries were pruned: the Merkle frontier before the first entry, and the
//!   signed checkpoint that it belongs to. At most one, before the entries.
//! - `{"position":0,"id":"uuid","at":"2026-11-20T09:30:00.000000Z","kind":"...","actor":"agent:uuid","request":"uuid","subject":"...",`
//!   `"verdict":"allow","rule":"...","policy_version":1,"outcome":"...","input":"base64","output":"base64","facts":"base64",`
//!   `"mac":"base64","chain":"base64"}`: an entry. What is absent is `null`. Hashes are standard base64 with padding, UUIDs lower case,
//!   times UTC with six decimals, texts escaped as `serde_json` does.
//! - `{"checkpoint":"..."}`: a signed note, directly after as many entries as its size says.
//!
//! A reader accepts this form only, byte for byte: an unknown, missing, doubled or moved field, another spelling of the same value
//! or a space is refused. So there is no change to a file that a verifier does not see. `jq -c` keeps the form.

mod cursor;
mod read;
mod verify;
mod write;

pub use read::{ExportError, ExportLine, ExportReader};
pub use verify::verify_export;
pub use write::ExportWriter;
