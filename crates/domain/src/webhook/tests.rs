use super::{DeliveryState, SignatureStyle, Subscription, WebhookEvent};
use crate::request::RequestState;

#[test]
fn words_come_back_and_a_test_is_not_to_be_subscribed_to() {
    for event in WebhookEvent::EVERY {
        assert_eq!(event.as_str().parse(), Ok(event));
        assert_eq!(event.as_str().parse(), Ok(Subscription::To(event)));
    }
    assert_eq!("*".parse(), Ok(Subscription::Every));
    assert!("test".parse::<Subscription>().is_err());
    assert!("request.*".parse::<Subscription>().is_err());
    for style in [SignatureStyle::Hex, SignatureStyle::Prefixed] {
        assert_eq!(style.as_str().parse(), Ok(style));
    }
    for state in [
        DeliveryState::Pending,
        DeliveryState::Success,
        DeliveryState::Failed,
    ] {
        assert_eq!(state.as_str().parse(), Ok(state));
    }
}

#[test]
fn a_decision_tells_of_itself_by_both_names_and_what_runs_at_once_tells_nothing() {
    use WebhookEvent as E;
    assert_eq!(E::of_new(RequestState::Pending), [E::Created]);
    assert_eq!(
        E::of_new(RequestState::Denied),
        [E::Created, E::Denied, E::Decided]
    );
    assert_eq!(E::of_new(RequestState::Executing), []);
    assert_eq!(
        E::of_move(RequestState::Approved),
        [E::Approved, E::Decided]
    );
    assert_eq!(E::of_move(RequestState::Expired), [E::Expired]);
    assert_eq!(E::of_move(RequestState::Cancelled), []);
}

#[test]
fn a_subscription_covers_its_event_and_star_covers_all() {
    let only = Subscription::To(WebhookEvent::Denied);
    assert!(only.covers(WebhookEvent::Denied));
    assert!(!only.covers(WebhookEvent::Decided));
    assert!(only.covers(WebhookEvent::Test));
    assert!(
        WebhookEvent::EVERY
            .into_iter()
            .all(|event| Subscription::Every.covers(event))
    );
}
