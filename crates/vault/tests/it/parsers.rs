//! Requirement 46: every parser takes any bytes without a panic, and nearly right ones too.

use countersign_vault::{
    TokenHash, VaultHeader,
    audit::{Checkpoint, CheckpointKey, ExportReader, Frontier, Verifier, verify_export},
};
use proptest::prelude::*;

use crate::ledger::Log;

fn parse_everything(bytes: &[u8]) {
    let _: bool = VaultHeader::parse(bytes).is_ok();
    let _: bool = Frontier::from_bytes(bytes).is_ok();
    let _: usize = ExportReader::new(bytes).count();
    let _: bool = verify_export(bytes, Verifier::new()).unwrap().valid;
    let text = String::from_utf8_lossy(bytes);
    let _: bool = TokenHash::of_presented(&text).is_ok();
    let _: bool = text.parse::<CheckpointKey>().is_ok();
    let _: bool = Checkpoint::parse_unverified(&text).is_ok();
}

proptest! {
    #[test]
    fn requirement_46_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        parse_everything(&bytes);
    }

    /// Real lines with a part replaced: these get further than noise does.
    #[test]
    fn requirement_46_nearly_right_bytes(start in any::<prop::sample::Index>(), length in 0_usize..40, with in "[\\x00-\\x7fäß№\u{202e}\"\\\\{}:,]{0,8}") {
        let log = Log::new(4, 2);
        for document in [log.export(), log.last_note().as_bytes().to_vec(), log.key().to_string().into_bytes()] {
            let start = start.index(document.len());
            let end = document.len().min(start + length);
            parse_everything(&[&document[..start], with.as_bytes(), &document[end..]].concat());
        }
    }
}
