use super::*;
use RequestEvent as E;
use RequestState as S;

const EVENTS: [RequestEvent; 15] = [
    E::Allowed,
    E::Asked,
    E::Denied,
    E::Approved,
    E::Expired,
    E::WentStale,
    E::Revoked,
    E::Cancelled,
    E::Permitted,
    E::KilledUnsent,
    E::Succeeded,
    E::Failed,
    E::Lost,
    E::FoundSucceeded,
    E::FoundFailed,
];

/// The drawing of the architecture page, arrow by arrow.
const DRAWING: [(RequestState, &[RequestState]); 12] = [
    (S::Received, &[S::Denied, S::Approved, S::Pending]),
    (
        S::Pending,
        &[S::Approved, S::Denied, S::Expired, S::Stale, S::Cancelled],
    ),
    (
        S::Approved,
        &[S::Executing, S::Expired, S::Stale, S::Revoked, S::Cancelled],
    ),
    // Revoked: a kill before the first byte went out.
    (
        S::Executing,
        &[S::Succeeded, S::Failed, S::Unknown, S::Revoked],
    ),
    (S::Unknown, &[S::Succeeded, S::Failed]),
    (S::Denied, &[]),
    (S::Succeeded, &[]),
    (S::Failed, &[]),
    (S::Expired, &[]),
    (S::Stale, &[]),
    (S::Revoked, &[]),
    (S::Cancelled, &[]),
];

#[test]
fn every_arrow_of_the_drawing_exists_and_no_other_does() {
    for (from, expected) in DRAWING {
        let mut reached: Vec<_> = EVENTS
            .iter()
            .filter_map(|event| from.after(*event).ok())
            .map(S::as_str)
            .collect();
        reached.sort_unstable();
        reached.dedup();
        let mut expected: Vec<_> = expected.iter().map(|state| state.as_str()).collect();
        expected.sort_unstable();
        assert_eq!(reached, expected, "from {from}");
    }
}

#[test]
fn nothing_ever_returns_to_executing() {
    for from in S::EVERY {
        for event in EVENTS {
            if from.after(event) == Ok(S::Executing) {
                assert_eq!((from, event), (S::Approved, E::Permitted));
            }
        }
    }
}

#[test]
fn words_round_trip() {
    for state in S::EVERY {
        assert_eq!(state.as_str().parse::<RequestState>(), Ok(state));
    }
}
