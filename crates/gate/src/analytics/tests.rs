use countersign_domain::OperatorId;
use uuid::Uuid;

use super::*;

/// Decisions every so many seconds, on requests that had waited for long.
fn decisions(count: i64, every_seconds: i64) -> Vec<Spoken> {
    (0..count)
        .map(|number| Spoken {
            operator: OperatorId::new(Uuid::from_u128(1)),
            kind: VoteKind::Approve,
            at: Timestamp::from_micros((10_000 + number * every_seconds) * 1_000_000),
            asked_at: Timestamp::from_micros(0),
        })
        .collect()
}

#[test]
fn twenty_hurried_approvals_are_one_alarm_however_long_they_had_waited() {
    let found = hurried(&decisions(25, 1));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].2, 25);
    assert_eq!(found[0].3, Duration::from_secs(1));
}

#[test]
fn fewer_slower_or_with_a_denial_is_none() {
    assert_eq!(hurried(&decisions(19, 1)), []);
    assert_eq!(hurried(&decisions(40, 2)), []);
    let mut with_denial = decisions(25, 1);
    with_denial[12].kind = VoteKind::Deny;
    assert_eq!(hurried(&with_denial), []);
}

#[test]
fn twenty_that_do_not_fall_into_ten_minutes_are_none() {
    let mut list = decisions(20, 1);
    // Nineteen at once, the last after a break.
    list[19].at = Timestamp::from_micros((10_000 + 601) * 1_000_000);
    assert_eq!(hurried(&list), []);
}
