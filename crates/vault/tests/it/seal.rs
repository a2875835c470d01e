use std::collections::HashSet;

use countersign_vault::{
    Committer, OpenError, Place, SEAL_OVERHEAD_BYTES, SecretBytes, SecretString, Sha256, Vault,
    commit, sha256,
};
use proptest::prelude::*;

const PLACE: Place<'static> = Place {
    table: "credential",
    column: "secret",
    row: b"row-1",
    version: 1,
};

fn opened(vault: &Vault, place: &Place<'_>, sealed: &[u8]) -> Option<Vec<u8>> {
    vault
        .open(place, sealed)
        .ok()
        .map(|secret| secret.expose().to_vec())
}

/// Requirement 22: two ciphertexts that change places do not open, whatever part of the place differs.
#[test]
fn requirement_22_a_moved_ciphertext_does_not_open() {
    let vault = Vault::ephemeral();
    let others = [
        Place {
            table: "credentials",
            ..PLACE
        },
        Place {
            column: "secret2",
            ..PLACE
        },
        Place {
            row: b"row-2",
            ..PLACE
        },
        Place {
            version: 2,
            ..PLACE
        },
        // The same bytes with another border between the parts.
        Place {
            table: "credentials",
            column: "ecret",
            ..PLACE
        },
    ];
    let here = vault.seal(&PLACE, b"here");
    assert_eq!(opened(&vault, &PLACE, &here).unwrap(), b"here");
    for place in others {
        let there = vault.seal(&place, b"there");
        assert_eq!(
            vault.open(&PLACE, &there).err(),
            Some(OpenError),
            "{place:?}"
        );
        assert_eq!(
            vault.open(&place, &here).err(),
            Some(OpenError),
            "{place:?}"
        );
        assert_eq!(opened(&vault, &place, &there).unwrap(), b"there");
    }
    assert!(
        Vault::ephemeral().open(&PLACE, &here).is_err(),
        "another vault"
    );
}

/// Requirement 22: nonces never repeat. A sample of what a row could ever see.
#[test]
fn requirement_22_nonces_are_unique() {
    let vault = Vault::ephemeral();
    let mut nonces = HashSet::new();
    for _ in 0..200_000 {
        let sealed = vault.seal(&PLACE, b"");
        assert!(nonces.insert(<[u8; 12]>::try_from(&sealed[1..13]).unwrap()));
    }
}

proptest! {
    #[test]
    fn sealed_values_open_and_every_flipped_bit_is_found(plaintext in proptest::collection::vec(any::<u8>(), 0..300), place in any::<proptest::sample::Index>(), bit in 0_u8..8) {
        let vault = Vault::ephemeral();
        let mut sealed = vault.seal(&PLACE, &plaintext);
        prop_assert_eq!(sealed.len(), plaintext.len() + SEAL_OVERHEAD_BYTES);
        prop_assert_eq!(opened(&vault, &PLACE, &sealed).unwrap(), &plaintext[..]);
        let mut buffer = sealed.clone();
        prop_assert_eq!(&*vault.open_in_place(&PLACE, &mut buffer).unwrap(), &plaintext[..]);
        let index = place.index(sealed.len());
        sealed[index] ^= 1 << bit;
        prop_assert!(vault.open(&PLACE, &sealed).is_err());
        prop_assert!(vault.open_in_place(&PLACE, &mut sealed).is_err());
    }

    #[test]
    fn any_bytes_open_or_fail_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        prop_assert!(Vault::ephemeral().open(&PLACE, &bytes).is_err());
    }

    /// How a body is cut into pieces does not matter; everything else does.
    #[test]
    fn commitments_depend_on_salt_label_and_body_only(body in proptest::collection::vec(any::<u8>(), 0..200), cut in any::<proptest::sample::Index>()) {
        let salt = [7; 32];
        let (first, second) = body.split_at(cut.index(body.len() + 1));
        let mut committer = Committer::new(&salt, "input");
        committer.update(first).update(second);
        let whole = commit(&salt, "input", &body);
        prop_assert_eq!(committer.finish(), whole);
        prop_assert_ne!(commit(&[8; 32], "input", &body), whole);
        prop_assert_ne!(commit(&salt, "output", &body), whole);
        prop_assert_ne!(commit(&salt, "input", &[&body[..], b"\0"].concat()), whole);
        let mut hasher = Sha256::new();
        hasher.update(first).update(second);
        prop_assert_eq!(hasher.finish(), sha256(&body));
    }
}

#[test]
fn large_values_and_appending_work() {
    let vault = Vault::ephemeral();
    let large: Vec<u8> = (0..10 * 1024 * 1024_u32)
        .map(|index| index.to_le_bytes()[0])
        .collect();
    let sealed = vault.seal(&PLACE, &large);
    assert!(vault.open(&PLACE, &sealed).unwrap().equals(&large));
    let mut out = b"before".to_vec();
    vault.seal_into(&PLACE, b"value", &mut out);
    assert_eq!(opened(&vault, &PLACE, &out[6..]).unwrap(), b"value");
}

#[test]
fn a_border_can_not_move_between_label_and_body() {
    assert_ne!(commit(&[0; 32], "ab", b"c"), commit(&[0; 32], "a", b"bc"));
}

#[test]
fn secrets_change_their_type_without_a_copy() {
    let text: SecretString = serde_json::from_str("\"s3cret\"").unwrap();
    assert!(text.equals("s3cret") && !text.equals("s3cres"));
    let address = text.expose().as_ptr();
    let bytes = SecretBytes::from(text);
    assert_eq!(bytes.expose().as_ptr(), address);
    let text = bytes.into_text().unwrap();
    assert_eq!(text.expose().as_ptr(), address);
    assert!(SecretBytes::new(vec![0xff]).into_text().is_none());
}

/// The costs that the hot path pays; run with `--ignored --nocapture` in an optimised build.
#[test]
#[ignore = "prints timings, asserts nothing"]
fn timings() {
    let vault = Vault::ephemeral();
    for size in [200, 1024, 10 * 1024 * 1024] {
        let plaintext = vec![7; size];
        let rounds = (50_000_000 / (size + 1000)).max(3);
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(vault.seal(&PLACE, &plaintext));
        }
        let sealing = start.elapsed();
        let sealed = vault.seal(&PLACE, &plaintext);
        let start = std::time::Instant::now();
        for _ in 0..rounds {
            std::hint::black_box(vault.open(&PLACE, &sealed).unwrap());
        }
        println!(
            "{size} bytes: seal {:?}, open {:?}",
            sealing / u32::try_from(rounds).unwrap(),
            start.elapsed() / u32::try_from(rounds).unwrap()
        );
    }
}
