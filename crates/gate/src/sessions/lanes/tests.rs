use std::{future::Future, pin::Pin, time::Duration};

use futures::FutureExt;

use super::*;

type Waiting = Pin<Box<dyn Future<Output = Option<Turn>> + Send>>;

/// Somebody who has begun to wait.
fn wait(lanes: &Lanes, lane: Lane, source: &str, account: &str) -> Waiting {
    let (lanes, source, account) = (lanes.clone(), source.to_owned(), account.to_owned());
    let mut waiting: Waiting = Box::pin(async move { lanes.turn(lane, &source, &account).await });
    // A first turn stays in its channel until it is asked for again.
    let began = (&mut waiting).now_or_never();
    match began {
        None => waiting,
        Some(turn) => Box::pin(async move { turn }),
    }
}

fn now(waiting: Waiting) -> Option<Turn> {
    waiting.now_or_never().expect("it still waits")
}

#[tokio::test]
async fn one_stranger_and_one_known_device_are_checked_at_once() {
    let lanes = Lanes::default();
    let first = now(wait(&lanes, Lane::Ordinary, "a", "ann")).unwrap();
    let mut second = wait(&lanes, Lane::Ordinary, "b", "ann");
    let mut slow = wait(&lanes, Lane::Slow, "c", "ann");
    let known = now(wait(&lanes, Lane::Known, "device", "ann")).unwrap();
    let mut other = wait(&lanes, Lane::Known, "other device", "ann");
    assert!((&mut second).now_or_never().is_none());
    assert!((&mut slow).now_or_never().is_none());
    assert!((&mut other).now_or_never().is_none());
    drop(known);
    let _other = now(other).unwrap();
    drop(first);
    let second = now(second).unwrap();
    assert!((&mut slow).now_or_never().is_none());
    drop(second);
    now(slow).unwrap();
}

#[tokio::test]
async fn a_turn_outlives_whoever_asked_for_it_and_a_place_does_not() {
    let lanes = Lanes::default();
    let turn = now(wait(&lanes, Lane::Ordinary, "a", "ann")).unwrap();
    drop(wait(&lanes, Lane::Ordinary, "b", "ann"));
    let next = wait(&lanes, Lane::Ordinary, "c", "ann");
    let work = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        drop(turn);
    });
    tokio::time::timeout(Duration::from_secs(5), next)
        .await
        .unwrap()
        .unwrap();
    work.join().unwrap();
    // A turn that was given and never taken passes on as well.
    let first = now(wait(&lanes, Lane::Ordinary, "a", "ann")).unwrap();
    let given = wait(&lanes, Lane::Ordinary, "b", "ann");
    drop(first);
    drop(given);
    now(wait(&lanes, Lane::Ordinary, "c", "ann")).unwrap();
}

#[tokio::test]
async fn a_flood_pushes_out_its_own_oldest() {
    let lanes = Lanes::default();
    let busy = now(wait(&lanes, Lane::Ordinary, "x", "x")).unwrap();
    let own = wait(&lanes, Lane::Ordinary, "home", "ann");
    let mut flood: Vec<_> = (0..200)
        .map(|index| {
            wait(
                &lanes,
                Lane::Ordinary,
                &format!("flood {}", index % 3),
                "ann",
            )
        })
        .collect();
    let oldest = flood.remove(0);
    assert!(now(oldest).is_none(), "the oldest is told at once");
    // Names that change don't help: the source has its places, and other accounts keep theirs.
    let _names: Vec<_> = (0..200)
        .map(|index| wait(&lanes, Lane::Ordinary, "names", &format!("name {index}")))
        .collect();
    let _sources: Vec<_> = (0..200)
        .map(|index| wait(&lanes, Lane::Ordinary, &format!("source {index}"), "bob"))
        .collect();
    assert!(lanes.lock().ordinary.waiting.len() <= PLACES);
    drop(busy);
    now(own).expect("the one from home was pushed out");
}

#[tokio::test]
async fn sources_take_turns_and_the_slow_lane_gets_some() {
    let lanes = Lanes::default();
    let mut turn = now(wait(&lanes, Lane::Slow, "x", "x"));
    let mut waiting: Vec<(&str, Waiting)> = Vec::new();
    for account in ["one", "two", "three"] {
        waiting.push(("loud", wait(&lanes, Lane::Ordinary, "loud", account)));
    }
    waiting.push(("slow", wait(&lanes, Lane::Slow, "slow", "ann")));
    for account in ["four", "five"] {
        waiting.push(("loud", wait(&lanes, Lane::Ordinary, "loud", account)));
    }
    waiting.push(("quiet", wait(&lanes, Lane::Ordinary, "quiet", "ann")));
    let mut order = Vec::new();
    while !waiting.is_empty() {
        drop(turn.take());
        let index = waiting
            .iter_mut()
            .position(|(_, waiting)| {
                turn = waiting.now_or_never().flatten();
                turn.is_some()
            })
            .expect("nobody has the turn");
        order.push(waiting.remove(index).0);
    }
    assert_eq!(
        order,
        ["loud", "quiet", "loud", "loud", "slow", "loud", "loud"]
    );
}
