use countersign_vault::{
    HeaderError, KdfError, KdfParameters, Passphrase, PassphraseError, PasswordError,
    PasswordHasher, Place, SecretString, UnlockError, Vault, VaultHeader,
};

pub(crate) fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(SecretString::new(text.to_owned())).unwrap()
}

const RIGHT: &str = "correct-horse-battery-staple";
const PLACE: Place<'static> = Place {
    table: "credential",
    column: "secret",
    row: b"1",
    version: 1,
};

fn same_keys(left: &Vault, right: &Vault) -> bool {
    left.store_key().equals(right.store_key().expose())
        && left.key_id() == right.key_id()
        && right.open(&PLACE, &left.seal(&PLACE, b"value")).is_ok()
}

#[test]
fn passphrases_have_a_minimum_in_characters() {
    let new = |text: &str| Passphrase::new(SecretString::new(text.to_owned())).map(|_| ());
    assert_eq!(
        new("thirteen char"),
        Err(PassphraseError::TooShort { characters: 13 })
    );
    assert_eq!(new("fourteen chars"), Ok(()));
    assert_eq!(new("ääääääääääääää"), Ok(()), "characters count, not bytes");
    assert_eq!(
        new("äääääää"),
        Err(PassphraseError::TooShort { characters: 7 }),
        "14 bytes are not enough"
    );
    assert_eq!(new(&"x".repeat(5000)), Err(PassphraseError::TooLong));
}

#[test]
fn the_header_survives_storage_and_unlocks() {
    let (header, vault) = VaultHeader::create(&passphrase(RIGHT), KdfParameters::MINIMUM).unwrap();
    let read = VaultHeader::parse(&header.to_json()).unwrap();
    assert_eq!(read, header);
    assert!(same_keys(&vault, &read.unlock(&passphrase(RIGHT)).unwrap()));
    let json = String::from_utf8(header.to_json()).unwrap();
    assert!(!json.contains(RIGHT));
    assert_eq!(
        KdfParameters::default(),
        KdfParameters {
            memory_kib: 65_536,
            iterations: 3,
            lanes: 1
        }
    );
}

/// Requirement 22: a wrong passphrase and every changed byte of the header give one error that says nothing else.
#[test]
fn requirement_22_a_wrong_passphrase_is_no_oracle() {
    let (header, _) = VaultHeader::create(&passphrase(RIGHT), KdfParameters::MINIMUM).unwrap();
    for wrong in [
        "correct-horse-battery-stapl",
        "Correct-horse-battery-staple",
        " correct-horse-battery-staple",
    ] {
        assert!(
            matches!(
                header.unlock(&passphrase(wrong)),
                Err(UnlockError::WrongPassphrase)
            ),
            "{wrong}"
        );
        assert!(matches!(
            header.rewrap(
                &passphrase(wrong),
                &passphrase(RIGHT),
                KdfParameters::MINIMUM
            ),
            Err(UnlockError::WrongPassphrase)
        ));
    }
    let json: serde_json::Value = serde_json::from_slice(&header.to_json()).unwrap();
    for field in ["salt", "key_id", "wrapped_key"] {
        let mut changed = json.clone();
        let text = changed[field].as_str().unwrap();
        let other = if text.starts_with('A') { "B" } else { "A" };
        changed[field] = format!("{other}{}", &text[1..]).into();
        let changed = VaultHeader::parse(changed.to_string().as_bytes()).unwrap();
        assert!(
            matches!(
                changed.unlock(&passphrase(RIGHT)),
                Err(UnlockError::WrongPassphrase)
            ),
            "{field}"
        );
    }
    let mut changed = json;
    changed["kdf"]["iterations"] = 3.into();
    let changed = VaultHeader::parse(changed.to_string().as_bytes()).unwrap();
    assert!(
        matches!(
            changed.unlock(&passphrase(RIGHT)),
            Err(UnlockError::WrongPassphrase)
        ),
        "parameters"
    );
}

#[test]
fn rewrapping_keeps_the_data_key_and_retires_the_old_passphrase() {
    let (header, vault) = VaultHeader::create(&passphrase(RIGHT), KdfParameters::MINIMUM).unwrap();
    let renewed = header
        .rewrap(
            &passphrase(RIGHT),
            &passphrase("another long passphrase"),
            KdfParameters::MINIMUM,
        )
        .unwrap();
    assert!(same_keys(
        &vault,
        &renewed
            .unlock(&passphrase("another long passphrase"))
            .unwrap()
    ));
    assert!(matches!(
        renewed.unlock(&passphrase(RIGHT)),
        Err(UnlockError::WrongPassphrase)
    ));
    assert_eq!(renewed.key_id(), header.key_id());
    assert_ne!(renewed, header);
}

/// Requirement 6, and the memory bound: parameters out of range are refused before any work is done.
#[test]
fn requirement_6_weak_and_costly_parameters_are_refused() {
    let (header, _) = VaultHeader::create(&passphrase(RIGHT), KdfParameters::MINIMUM).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&header.to_json()).unwrap();
    let with = |field: &str, value: u64| {
        let mut changed = json.clone();
        changed["kdf"][field] = value.into();
        VaultHeader::parse(changed.to_string().as_bytes())
    };
    for (field, value) in [("memory_kib", 19_455), ("iterations", 1), ("lanes", 0)] {
        assert!(
            matches!(
                with(field, value),
                Err(HeaderError::Parameters(KdfError::TooWeak))
            ),
            "{field}"
        );
    }
    for (field, value) in [("memory_kib", 1_048_577), ("iterations", 17), ("lanes", 9)] {
        assert!(
            matches!(
                with(field, value),
                Err(HeaderError::Parameters(KdfError::TooCostly))
            ),
            "{field}"
        );
    }
    let weak = KdfParameters {
        iterations: 1,
        ..KdfParameters::MINIMUM
    };
    assert!(matches!(
        VaultHeader::create(&passphrase(RIGHT), weak),
        Err(KdfError::TooWeak)
    ));
    assert!(matches!(
        PasswordHasher::new(weak),
        Err(PasswordError::Derivation(KdfError::TooWeak))
    ));
}

#[test]
fn headers_of_other_formats_are_named_or_refused() {
    let (header, _) = VaultHeader::create(&passphrase(RIGHT), KdfParameters::MINIMUM).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&header.to_json()).unwrap();
    let mut newer = json.clone();
    newer["version"] = 2.into();
    newer["new_field"] = 1.into();
    assert!(matches!(
        VaultHeader::parse(newer.to_string().as_bytes()),
        Err(HeaderError::Version { version: 2, .. })
    ));
    let mut unknown = json;
    unknown["new_field"] = 1.into();
    assert!(matches!(
        VaultHeader::parse(unknown.to_string().as_bytes()),
        Err(HeaderError::Malformed(_))
    ));
    for text in [
        "",
        "{}",
        "null",
        "{\"format\":\"countersign vault\",\"version\":1}",
    ] {
        assert!(VaultHeader::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn every_key_of_the_hierarchy_is_its_own() {
    let vault = Vault::ephemeral();
    let mut values = vec![
        vault.store_key().expose().to_vec(),
        vault.token_mac().mac(b"").to_vec(),
        vault.mac_for("links").mac(b"").to_vec(),
        vault.mac_for("fingerprints").mac(b"").to_vec(),
        vault.audit_mac().mac_canonical(b"").to_vec(),
        Vault::ephemeral().token_mac().mac(b"").to_vec(),
    ];
    let count = values.len();
    values.sort();
    values.dedup();
    assert_eq!(values.len(), count);
    assert!(
        vault
            .open(&PLACE, &vault.spool().seal(&PLACE, b"spooled"))
            .is_err(),
        "columns and spool do not share a key"
    );
    assert_eq!(
        vault.mac_for("links").mac(b"x"),
        vault.mac_for("links").mac(b"x")
    );
    assert!(vault.token_mac().verify(b"x", &vault.token_mac().mac(b"x")));
    assert!(!vault.token_mac().verify(b"y", &vault.token_mac().mac(b"x")));
}

/// Requirement 6: Argon2id with at least 19 MiB and 2 passes, in the stored text.
#[test]
fn requirement_6_passwords_are_argon2id() {
    let secret = |text: &str| SecretString::new(text.to_owned());
    let hasher = PasswordHasher::new(KdfParameters::MINIMUM).unwrap();
    let stored = hasher.hash(&secret("hunter2 hunter2")).unwrap();
    assert!(
        stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{stored}"
    );
    assert_eq!(hasher.verify(&secret("hunter2 hunter2"), &stored), Ok(true));
    assert_eq!(
        hasher.verify(&secret("hunter2 hunter3"), &stored),
        Ok(false)
    );
    assert!(!hasher.verify_nobody(&secret("hunter2 hunter2")));
    assert!(!hasher.is_outdated(&stored));
    assert!(
        PasswordHasher::new(KdfParameters {
            iterations: 3,
            ..KdfParameters::MINIMUM
        })
        .unwrap()
        .is_outdated(&stored)
    );
    assert_ne!(
        hasher.hash(&secret("hunter2 hunter2")).unwrap(),
        stored,
        "salted"
    );
    let costly = stored.replace("m=19456", "m=4000000");
    assert_eq!(
        hasher.verify(&secret("hunter2 hunter2"), &costly),
        Err(PasswordError::Derivation(KdfError::TooCostly))
    );
    for bad in [
        "",
        "$2b$12$abcdefghijklmnopqrstuu",
        &stored.replace("argon2id", "argon2i"),
    ] {
        assert_eq!(
            hasher.verify(&secret("hunter2 hunter2"), bad),
            Err(PasswordError::Malformed),
            "{bad}"
        );
    }
}
