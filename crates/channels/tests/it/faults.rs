//! Receivers that hang, lie, lead elsewhere or answer without end, and a gateway that dies.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};

use countersign_domain::{DeliveryState, VoteKind};
use countersign_testkit::{Reply, Upstream};

use crate::bed::{Bed, work};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hanging_receiver_holds_up_neither_requests_nor_others() {
    let receiver = Upstream::start().unwrap();
    receiver.on("/hangs", Reply::hang());
    receiver.on("/well", Reply::status(200));
    let bed = Bed::new().await;
    let hangs = bed.all_to(&receiver.url("/hangs")).await;
    let well = bed.all_to(&receiver.url("/well")).await;
    for _ in 0..12 {
        let id = bed.ask().await;
        bed.decide(id, VoteKind::Approve, "").await;
    }
    let told = bed
        .until(&well, "delivered", |all| {
            all.len() == 36
                && all
                    .iter()
                    .all(|one| one.row.state == DeliveryState::Success)
        })
        .await;
    assert_eq!(told.len(), 36);
    let held = bed.deliveries(&hangs).await;
    assert!(
        held.iter()
            .all(|one| one.row.state == DeliveryState::Pending),
        "nothing of the hanging one was delivered"
    );
    let tried = bed
        .until(&hangs, "timed out", |all| {
            all.iter().any(|one| one.row.attempts == 1)
        })
        .await;
    let late = tried.iter().find(|one| one.row.attempts == 1).unwrap();
    assert_eq!(late.row.response_code, None);
    let why = late.row.response_text.as_deref().unwrap();
    assert!(why.contains("no reply within"), "{why}");
    let started = Instant::now();
    bed.gate.shutdown().await;
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "shutting down waits for nobody"
    );
}

/// Requirement 39.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redirect_is_not_followed() {
    let receiver = Upstream::start().unwrap();
    receiver.on("/hook", Reply::redirect(302, &receiver.url("/inside")));
    let bed = Bed::new().await;
    let webhook = bed.all_to(&receiver.url("/hook")).await;
    let said = bed.gate.test_webhook(&bed.owner(), &webhook).await.unwrap();
    assert_eq!(said.answer.code, Some(302));
    assert_eq!(said.state, DeliveryState::Failed);
    assert_eq!(receiver.count("/inside"), 0);
}

/// Requirement 39: a name is judged when it is dialled, by what it then resolves to.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_resolves_to_a_private_address_is_not_dialled() {
    let receiver = Upstream::start().unwrap();
    let bed = Bed::at_rest(None).await;
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let metadata = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));
    work(
        &bed.gate,
        &[("rebind.example", loopback), ("cloud.example", metadata)],
    );
    let port = receiver.address().port();
    let rebound = bed
        .all_to(&format!("http://rebind.example:{port}/hook"))
        .await;
    let cloud = bed.all_to("http://cloud.example/latest").await;
    for webhook in [&rebound, &cloud] {
        let said = bed.gate.test_webhook(&bed.owner(), webhook).await.unwrap();
        assert_eq!(said.answer.code, None);
        let why = said.answer.text;
        assert!(why.contains("destination refused"), "{why}");
    }
    assert_eq!(receiver.connections(), 0);
    // Opened by an owner, the first is a receiver like any other; metadata never is.
    bed.allow_private(true).await;
    let said = bed.gate.test_webhook(&bed.owner(), &rebound).await.unwrap();
    assert_eq!(said.answer.code, Some(200));
    let said = bed.gate.test_webhook(&bed.owner(), &cloud).await.unwrap();
    assert_eq!(said.answer.code, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_long_answer_only_the_beginning_is_read_and_kept() {
    let receiver = Upstream::start().unwrap();
    receiver.on("/long", Reply::stream(10 << 20));
    receiver.on("/odd", Reply::bytes(b"a\0b\x1b[31m\xffc".to_vec()));
    let bed = Bed::new().await;
    let long = bed.all_to(&receiver.url("/long")).await;
    let odd = bed.all_to(&receiver.url("/odd")).await;
    for webhook in [&long, &odd] {
        let said = bed.gate.test_webhook(&bed.owner(), webhook).await.unwrap();
        assert_eq!(said.state, DeliveryState::Success);
    }
    let kept = bed.deliveries(&long).await;
    assert_eq!(kept[0].row.response_text.as_ref().unwrap().len(), 1_024);
    let kept = bed.deliveries(&odd).await;
    assert_eq!(
        kept[0].row.response_text.as_deref(),
        Some("a b [31m\u{fffd}c")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_never_ends_counts_by_its_status() {
    let receiver = Upstream::start().unwrap();
    let drip = Reply::text("ok and so on")
        .chunked(1)
        .paced(Duration::from_secs(5));
    receiver.on("/drips", drip);
    let bed = Bed::new().await;
    let webhook = bed.all_to(&receiver.url("/drips")).await;
    let started = Instant::now();
    let said = bed.gate.test_webhook(&bed.owner(), &webhook).await.unwrap();
    assert_eq!(said.state, DeliveryState::Success);
    assert!(started.elapsed() < Duration::from_secs(20));
}

/// What was decided before a crash is told after it, by the id that was written with the decision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_written_before_a_crash_goes_out_after_it_under_its_id() {
    let receiver = Upstream::start().unwrap();
    receiver.on("/hook", Reply::hang());
    let bed = Bed::new().await;
    let webhook = bed.all_to(&receiver.url("/hook")).await;
    let id = bed.ask().await;
    bed.decide(id, VoteKind::Approve, "").await;
    let mut written: Vec<_> = bed
        .deliveries(&webhook)
        .await
        .iter()
        .map(|one| one.row.id.to_string())
        .collect();
    assert_eq!(written.len(), 3);
    // Some are on their way, under a lease of the gateway that dies.
    bed.seen(&receiver, "/hook", 1).await;
    let bed = bed.crash().await;
    receiver.forget();
    receiver.on("/hook", Reply::status(200));
    work(&bed.gate, &[]);
    bed.until(&webhook, "delivered", |all| {
        all.iter()
            .all(|one| one.row.state == DeliveryState::Success)
    })
    .await;
    let mut seen: Vec<_> = receiver
        .requests()
        .iter()
        .map(|request| request.header("webhook-id").unwrap().to_owned())
        .collect();
    seen.sort();
    written.sort();
    assert_eq!(seen, written);
}
