use countersign_domain::{KeyId, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::{MINUTE_MICROS, Rates};

fn key() -> KeyId {
    KeyId::new(Uuid::from_u128(7))
}

#[test]
fn a_burst_takes_the_whole_budget_and_then_waits() {
    let rates = Rates::default();
    let now = Timestamp::from_micros(1_000_000_000);
    for left in (0..6).rev() {
        assert_eq!(rates.take(key(), 6, now).unwrap().remaining, left);
    }
    let refused = rates.take(key(), 6, now).unwrap_err();
    assert_eq!(
        (
            refused.remaining,
            refused.retry_after.as_secs(),
            refused.reset.as_secs()
        ),
        (0, 10, 60)
    );
    let later = now.saturating_add(refused.retry_after);
    assert_eq!(rates.take(key(), 6, later).unwrap().remaining, 0);
    assert!(rates.take(key(), 6, later).is_err());
}

#[test]
fn other_keys_have_their_own_budget() {
    let rates = Rates::default();
    let now = Timestamp::from_micros(0);
    assert!(rates.take(key(), 1, now).is_ok());
    assert!(rates.take(key(), 1, now).is_err());
    assert!(rates.take(KeyId::new(Uuid::from_u128(8)), 1, now).is_ok());
}

#[test]
fn a_clock_that_was_set_back_locks_a_key_out_for_a_minute_at_most() {
    let rates = Rates::default();
    let far = Timestamp::from_micros(90 * MINUTE_MICROS);
    assert!(rates.take(key(), 1, far).is_ok());
    let back = Timestamp::from_micros(MINUTE_MICROS);
    let refused = rates.take(key(), 1, back).unwrap_err();
    assert!(refused.retry_after.as_micros() <= 60_000_000);
    assert!(
        rates
            .take(key(), 1, back.saturating_add(refused.retry_after))
            .is_ok()
    );
}

/// Requirement 36: calls at the same time are calls, and what each is told is where it left the budget.
#[test]
fn parallel_calls_never_pass_the_limit_together() {
    const LIMIT: u32 = 50;
    let rates = Rates::default();
    let now = Timestamp::from_micros(5_000_000);
    let mut told: Vec<u32> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..25)
                        .filter_map(|_| rates.take(key(), LIMIT, now).ok())
                        .map(|standing| standing.remaining)
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        callers
            .into_iter()
            .flat_map(|caller| caller.join().unwrap())
            .collect()
    });
    told.sort_unstable();
    assert_eq!(told, (0..LIMIT).collect::<Vec<_>>());
}

proptest! {
    /// Requirement 36: over any stretch of time no more passes than the burst and what the rate gives.
    #[test]
    fn never_more_than_burst_and_rate(limit in 1_u32..200, steps in prop::collection::vec(0_i64..3_000_000, 1..400)) {
        let rates = Rates::default();
        let mut now = 0;
        let mut passed = 0_i64;
        for step in steps {
            now += step;
            passed += i64::from(rates.take(key(), limit, Timestamp::from_micros(now)).is_ok());
        }
        let cost = (MINUTE_MICROS / i64::from(limit)).max(1);
        prop_assert!(passed <= MINUTE_MICROS / cost + now / cost + 1);
    }
}
