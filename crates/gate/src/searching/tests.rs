//! Turns of agents.

use std::time::Duration;

use countersign_domain::AgentId;
use uuid::Uuid;

use super::Searching;

fn agent(number: u128) -> AgentId {
    AgentId::new(Uuid::from_u128(number))
}

/// Requirement 20: an agent has one search at a time, and its waiting ones do not stand before another's.
#[tokio::test]
async fn an_agent_searches_one_at_a_time_and_waits_for_itself() {
    let searching = Searching::with_patience(Duration::from_millis(50));
    let first = searching.turn_of(agent(1)).await.unwrap();
    let refused = searching.turn_of(agent(1)).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.limit),
        ("too_many_searches", Some("searches_per_agent"))
    );
    let other = searching.turn_of(agent(2)).await.unwrap_err();
    assert_eq!(
        other.code, "too_many_searches",
        "one of all agents at a time"
    );
    drop(first);

    let searching = Searching::default();
    let first = searching.turn_of(agent(1)).await.unwrap();
    // Of these the first waits for its own turn only: the other agent is next.
    let again = searching.turn_of(agent(1));
    let other = searching.turn_of(agent(2));
    tokio::pin!(again, other);
    tokio::select! {
        biased;
        _ = &mut again => panic!("two at a time"),
        _ = &mut other => panic!("two at a time"),
        () = tokio::task::yield_now() => {}
    }
    drop(first);
    let other = other.await.unwrap();
    drop(other);
    again.await.unwrap();
}
