//! What bounds admit, and when an old secret ends.

use uuid::Uuid;

use super::{Key, KeyBounds, KeyOwner, RetiringSecret};
use crate::{AgentId, KeyId, TargetId, Timestamp};

fn agent(number: u128) -> AgentId {
    AgentId::new(Uuid::from_u128(number))
}

fn target(number: u128) -> TargetId {
    TargetId::new(Uuid::from_u128(number))
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

fn key() -> Key {
    Key {
        id: KeyId::new(Uuid::from_u128(1)),
        name: "k".parse().unwrap(),
        owner: KeyOwner::Agent(agent(1)),
        scopes: Vec::new(),
        bounds: KeyBounds::default(),
        hash: [1; 32],
        prefix: "cs_new".to_owned(),
        retiring: None,
        rate_limit_per_minute: None,
        created_at: at(0),
        expires_at: None,
        revoked_at: None,
    }
}

#[test]
fn bounds_admit_what_they_name_and_nothing_else() {
    assert!(KeyBounds::default().admits(agent(1), target(1)));
    let bounds = KeyBounds {
        agent: Some(agent(1)),
        targets: vec![target(1), target(2)],
    };
    assert!(!bounds.is_unbounded());
    assert!(bounds.admits(agent(1), target(2)));
    assert!(!bounds.admits(agent(2), target(2)));
    assert!(!bounds.admits(agent(1), target(3)));
}

#[test]
fn an_old_secret_ends_on_the_microsecond_and_with_the_key() {
    assert_eq!(key().as_retiring(), None);
    let rotated = Key {
        retiring: Some(RetiringSecret {
            hash: [9; 32],
            prefix: "cs_old".to_owned(),
            until: at(1_000),
        }),
        ..key()
    };
    let old = rotated.as_retiring().unwrap();
    assert_eq!(
        (old.id, old.hash, old.prefix.as_str()),
        (rotated.id, [9; 32], "cs_old")
    );
    assert!(old.is_live(at(999)) && !old.is_live(at(1_000)));
    assert!(rotated.is_live(at(1_000)));
    let shorter = Key {
        expires_at: Some(at(500)),
        ..rotated.clone()
    };
    assert!(!shorter.as_retiring().unwrap().is_live(at(500)));
    let revoked = Key {
        revoked_at: Some(at(10)),
        ..rotated
    };
    assert!(!revoked.as_retiring().unwrap().is_live(at(11)));
}
