use uuid::Uuid;

use super::*;

fn vote(operator: u128, kind: VoteKind, is_self_approved: bool) -> Vote {
    Vote {
        request: RequestId::new(Uuid::from_u128(1)),
        operator: OperatorId::new(Uuid::from_u128(operator)),
        kind,
        note: String::new(),
        is_self_approved,
        on_behalf_of: None,
        label: None,
        at: Timestamp::from_micros(0),
    }
}

#[test]
fn votes_are_counted_by_distinct_operators() {
    use VoteKind::{Approve, Deny};
    let cases = [
        (1, vec![], Tally::Open { missing: 1 }),
        (1, vec![vote(1, Approve, false)], Tally::Approved),
        (1, vec![vote(1, Approve, true)], Tally::Approved),
        (0, vec![], Tally::Open { missing: 1 }),
        (
            2,
            vec![vote(1, Approve, false), vote(1, Approve, false)],
            Tally::Open { missing: 1 },
        ),
        (
            2,
            vec![vote(1, Approve, false), vote(2, Approve, true)],
            Tally::Open { missing: 1 },
        ),
        (
            2,
            vec![vote(1, Approve, false), vote(2, Approve, false)],
            Tally::Approved,
        ),
        (
            1,
            vec![vote(1, Approve, false), vote(2, Deny, false)],
            Tally::Denied,
        ),
    ];
    for (quorum, votes, expected) in cases {
        assert_eq!(
            tally(quorum, &votes),
            expected,
            "quorum {quorum}, {} votes",
            votes.len()
        );
    }
}
