//! The outbox: written with what it tells of, taken by one, tried again, given up.

use std::time::Duration;

use countersign_domain::{
    Actor, DeliveryId, DeliveryState, InstanceId, RequestId, SignatureStyle, Subscription,
    Timestamp, Webhook, WebhookEvent, WebhookId,
};
use countersign_store::{
    Store, StoreError,
    outbox::{self, Attempt, Counts, OutboxRow},
    webhooks,
};
use uuid::Uuid;

use crate::bed::{Bed, now};

crate::on_both_engines!(
    a_notice_is_there_exactly_if_its_unit_commits,
    a_lease_keeps_others_away_until_it_ends,
    an_attempt_counts_only_for_who_holds_the_lease,
    what_is_given_up_is_replayed_and_counted,
    webhooks_come_back_as_they_went_in,
);

fn row(receiver: Uuid, due_at: Timestamp) -> OutboxRow {
    OutboxRow {
        id: DeliveryId::new(Uuid::now_v7()),
        channel: outbox::WEBHOOK.to_owned(),
        receiver,
        event: WebhookEvent::Approved,
        request: Some(RequestId::new(Uuid::now_v7())),
        facts: r#"{"status": "approved"}"#.to_owned(),
        state: DeliveryState::Pending,
        attempts: 0,
        created_at: due_at,
        due_at,
        attempted_at: None,
        response_code: None,
        response_text: None,
    }
}

fn write<T: Send + 'static>(
    store: &Store,
    mut unit: impl FnMut(&mut countersign_store::Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> T {
    store
        .write_blocking::<_, StoreError, _>(move |tx| unit(tx))
        .unwrap()
}

fn enqueue(store: &Store, row: &OutboxRow) {
    let row = row.clone();
    write(store, move |tx| outbox::enqueue(tx, &row));
}

fn take(store: &Store, receiver: Uuid, by: InstanceId, now: Timestamp) -> Vec<DeliveryId> {
    let until = now.saturating_add(Duration::from_secs(30));
    let rows = write(store, move |tx| {
        outbox::take_due(tx, &receiver, by, now, until, 10)
    });
    rows.into_iter().map(|row| row.id).collect()
}

fn instance() -> InstanceId {
    InstanceId::new(Uuid::now_v7())
}

fn a_notice_is_there_exactly_if_its_unit_commits(bed: &Bed) {
    let store = bed.open();
    let receiver = Uuid::now_v7();
    let (kept, lost) = (row(receiver, now()), row(receiver, now()));
    let failing = lost.clone();
    let failed = store.write_blocking::<(), StoreError, _>(move |tx| {
        outbox::enqueue(tx, &failing)?;
        Err(StoreError::Closed)
    });
    assert!(failed.is_err());
    enqueue(&store, &kept);
    let found = write(&store, move |tx| {
        Ok((outbox::find(tx, kept.id)?, outbox::find(tx, lost.id)?))
    });
    let mut there = found.0.unwrap();
    there.facts = there.facts.replace(' ', "");
    assert_eq!(there.facts, r#"{"status":"approved"}"#);
    assert_eq!(there.event, WebhookEvent::Approved);
    assert!(found.1.is_none());
}

fn a_lease_keeps_others_away_until_it_ends(bed: &Bed) {
    let store = bed.open();
    let (receiver, now) = (Uuid::now_v7(), now());
    let (one, other) = (instance(), instance());
    let first = row(receiver, now);
    let later = row(receiver, now.saturating_add(Duration::from_mins(1)));
    enqueue(&store, &first);
    enqueue(&store, &later);
    enqueue(&store, &row(Uuid::now_v7(), now));
    assert!(write(&store, move |tx| outbox::has_due(tx, &receiver, now)));
    assert_eq!(take(&store, receiver, one, now), [first.id]);
    assert!(!write(&store, move |tx| outbox::has_due(
        tx, &receiver, now
    )));
    assert_eq!(take(&store, receiver, other, now), []);
    let ended = now.saturating_add(Duration::from_secs(31));
    assert_eq!(take(&store, receiver, other, ended), [first.id]);
    // A gateway that ends gives back what it holds, and nothing else.
    write(&store, move |tx| outbox::release(tx, Some(one)));
    assert_eq!(take(&store, receiver, one, ended), []);
    write(&store, move |tx| outbox::release(tx, Some(other)));
    assert_eq!(take(&store, receiver, one, ended), [first.id]);
}

fn attempt(state: DeliveryState, at: Timestamp) -> Attempt {
    Attempt {
        at,
        state,
        due_at: at.saturating_add(Duration::from_secs(2)),
        response_code: Some(503),
        response_text: "busy".to_owned(),
    }
}

fn an_attempt_counts_only_for_who_holds_the_lease(bed: &Bed) {
    let store = bed.open();
    let (receiver, now) = (Uuid::now_v7(), now());
    let (one, other) = (instance(), instance());
    let written = row(receiver, now);
    let id = written.id;
    enqueue(&store, &written);
    take(&store, receiver, one, now);
    let finish = |by, state| {
        let attempt = attempt(state, now);
        write(&store, move |tx| outbox::finish(tx, id, by, &attempt))
    };
    assert!(!finish(other, DeliveryState::Success));
    assert!(finish(one, DeliveryState::Pending));
    assert!(!finish(one, DeliveryState::Success), "the lease is gone");
    let found = write(&store, move |tx| outbox::find(tx, id)).unwrap();
    assert_eq!((found.attempts, found.state), (1, DeliveryState::Pending));
    assert_eq!(found.response_code, Some(503));
    assert_eq!(found.response_text.as_deref(), Some("busy"));
    assert_eq!(take(&store, receiver, other, now), [], "not due yet");
}

fn what_is_given_up_is_replayed_and_counted(bed: &Bed) {
    let store = bed.open();
    let (receiver, now) = (Uuid::now_v7(), now());
    let one = instance();
    let rows: Vec<_> = (0..3).map(|_| row(receiver, now)).collect();
    for row in &rows {
        enqueue(&store, row);
    }
    take(&store, receiver, one, now);
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    for (id, state) in ids.iter().copied().zip([
        DeliveryState::Success,
        DeliveryState::Failed,
        DeliveryState::Pending,
    ]) {
        let attempt = attempt(state, now);
        write(&store, move |tx| outbox::finish(tx, id, one, &attempt));
    }
    let counted = write(&store, |tx| outbox::counts(tx, outbox::WEBHOOK));
    let counts = Counts {
        success: 1,
        failed: 1,
        pending: 1,
        retrying: 1,
    };
    assert_eq!(counted, [(receiver, counts)]);
    let page = write(&store, move |tx| outbox::page(tx, &receiver, None, None, 2));
    let newest: Vec<_> = page.iter().map(|row| row.id).collect();
    assert_eq!(newest, [ids[2], ids[1]]);
    let (before, failed) = (ids[2], Some(DeliveryState::Failed));
    let page = write(&store, move |tx| {
        outbox::page(tx, &receiver, failed, Some(before), 10)
    });
    assert_eq!(page.len(), 1);
    let [success, failed, _] = ids[..] else {
        panic!("three were written")
    };
    assert!(!write(&store, move |tx| outbox::replay(tx, success, now)));
    assert!(write(&store, move |tx| outbox::replay(tx, failed, now)));
    assert_eq!(take(&store, receiver, one, now), [failed]);
    let later = now.saturating_add(Duration::from_mins(1));
    assert_eq!(write(&store, move |tx| outbox::sweep(tx, later, 10)), 1);
    assert_eq!(write(&store, move |tx| outbox::remove_of(tx, &receiver)), 2);
}

fn webhooks_come_back_as_they_went_in(bed: &Bed) {
    let store = bed.open();
    let mut webhook = Webhook {
        id: WebhookId::new(Uuid::now_v7()),
        url: "https://hooks.example/in?token=1".to_owned(),
        events: vec![Subscription::Every, Subscription::To(WebhookEvent::Expired)],
        signature_style: SignatureStyle::Prefixed,
        links_for: None,
        is_enabled: true,
        description: "\u{1f4e8} mail".to_owned(),
        sealed_secret: vec![1, 2, 3],
        sealed_previous: None,
        previous_until: None,
        created_at: now(),
        created_by: Actor::System,
    };
    let put = |webhook: &Webhook| {
        let webhook = webhook.clone();
        write(&store, move |tx| webhooks::put(tx, &webhook));
    };
    put(&webhook);
    assert_eq!(write(&store, webhooks::all), [webhook.clone()]);
    webhook.sealed_previous = Some(std::mem::replace(&mut webhook.sealed_secret, vec![4]));
    webhook.previous_until = Some(now());
    webhook.is_enabled = false;
    webhook.links_for = Some(countersign_domain::OperatorId::new(Uuid::now_v7()));
    put(&webhook);
    let id = webhook.id;
    let found = write(&store, move |tx| webhooks::by_id(tx, id));
    assert_eq!(found, Some(webhook));
    assert!(write(&store, move |tx| webhooks::remove(tx, id)));
    assert!(!write(&store, move |tx| webhooks::remove(tx, id)));
}
