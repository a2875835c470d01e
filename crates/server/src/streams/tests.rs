//! Who gets a place.

use countersign_domain::{AgentId, SessionId};
use uuid::Uuid;

use super::{EACH_AGENT, EACH_OPERATOR, Full, Holder, Streams};

fn agent(number: u128) -> Holder {
    Holder::Agent(AgentId::new(Uuid::from_u128(number)))
}

fn session(number: u128) -> Holder {
    Holder::Session(SessionId::new(Uuid::from_u128(number)))
}

/// Requirement 20: however many streams agents open, an operator gets one.
#[test]
fn agents_never_have_all_places() {
    let streams = Streams::new(256);
    let mut places = Vec::new();
    for number in 0..100 {
        for _ in 0..=EACH_AGENT {
            places.extend(streams.take(agent(number)).ok());
        }
    }
    assert_eq!((places.len(), streams.count()), (192, 192));
    assert_eq!(streams.take(agent(200)).unwrap_err(), Full::Agents);
    for number in 0..8 {
        for _ in 0..EACH_OPERATOR {
            places.push(streams.take(session(number)).unwrap());
        }
        let more = streams.take(session(number)).unwrap_err();
        assert_eq!(more, Full::Own(EACH_OPERATOR));
    }
    assert_eq!(streams.take(session(9)).unwrap_err(), Full::All);
    drop(places);
    assert_eq!(streams.count(), 0);
    assert!(streams.taken().by_holder.is_empty());
    assert!(streams.take(agent(0)).is_ok());
}

#[test]
fn one_agent_has_four() {
    let streams = Streams::new(256);
    let mut places: Vec<_> = (0..4).map(|_| streams.take(agent(1)).unwrap()).collect();
    assert_eq!(streams.take(agent(1)).unwrap_err(), Full::Own(4));
    assert!(streams.take(agent(2)).is_ok(), "another has its own");
    places.pop();
    assert!(streams.take(agent(1)).is_ok());
}
