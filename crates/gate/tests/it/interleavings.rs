//! Random interleavings of everything that can happen to requests, against what must always hold.

use std::{collections::HashMap, time::Duration};

use countersign_domain::{RequestId, VoteKind};
use countersign_gate::Submission;
use proptest::prelude::*;
use serde_json::json;

use crate::{
    fake::Act,
    stage::{SECRET, Stage, set_credential},
};

#[derive(Debug, Clone)]
enum Step {
    Ask,
    Write,
    Read,
    Decide(usize, bool),
    Execute(usize),
    ExecuteTwice(usize),
    Cancel(usize),
    Advance(u16),
    Kill,
    Release,
    ReplaceCredential,
    NextFails,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => Just(Step::Ask),
        1 => Just(Step::Write),
        1 => Just(Step::Read),
        6 => (any::<usize>(), any::<bool>()).prop_map(|(which, yes)| Step::Decide(which, yes)),
        5 => any::<usize>().prop_map(Step::Execute),
        3 => any::<usize>().prop_map(Step::ExecuteTwice),
        1 => any::<usize>().prop_map(Step::Cancel),
        1 => (1..4_000_u16).prop_map(Step::Advance),
        1 => Just(Step::Kill),
        2 => Just(Step::Release),
        1 => Just(Step::ReplaceCredential),
        2 => Just(Step::NextFails),
        1 => Just(Step::Crash),
    ]
}

async fn play(steps: Vec<Step>) {
    let mut stage = Stage::new().await;
    let mut asked: Vec<RequestId> = Vec::new();
    let mut allowed = 0;
    let everything =
        || serde_json::from_value(json!({ "scope": "all", "reason": "test" })).unwrap();
    for step in steps {
        let pick = |which: usize| (!asked.is_empty()).then(|| asked[which % asked.len()]);
        match step {
            Step::Ask => {
                if let Ok(Submission::Pending(view)) = stage.submit("POST /charges").await {
                    asked.push(view.request.id);
                }
            }
            Step::Write | Step::Read => {
                let action = if matches!(step, Step::Write) {
                    "PUT /x"
                } else {
                    "GET /x"
                };
                let before = stage.fake.calls();
                let _ = stage.submit(action).await;
                allowed += stage.fake.calls() - before;
            }
            Step::Decide(which, yes) => {
                if let Some(id) = pick(which) {
                    let kind = if yes {
                        VoteKind::Approve
                    } else {
                        VoteKind::Deny
                    };
                    let _ = stage
                        .gate
                        .decide(&stage.owner(), id, kind, String::new())
                        .await;
                }
            }
            Step::Execute(which) => {
                if let Some(id) = pick(which) {
                    let _ = stage.gate.execute(&stage.agent(), id).await;
                }
            }
            Step::ExecuteTwice(which) => {
                if let Some(id) = pick(which) {
                    let agent = stage.agent();
                    let _ = tokio::join!(
                        stage.gate.execute(&agent, id),
                        stage.gate.execute(&agent, id)
                    );
                }
            }
            Step::Cancel(which) => {
                if let Some(id) = pick(which) {
                    let _ = stage.gate.cancel(&stage.agent(), id, String::new()).await;
                }
            }
            Step::Advance(seconds) => stage.clock.advance(Duration::from_secs(u64::from(seconds))),
            Step::Kill => drop(stage.gate.kill(&stage.owner(), everything()).await),
            Step::Release => drop(stage.gate.release(&stage.owner(), everything()).await),
            Step::ReplaceCredential => set_credential(&stage.gate, &stage.owner(), SECRET).await,
            Step::NextFails => drop(stage.fake.then(Act::FailSent)),
            Step::Crash => stage = stage.crash_and_restart().await,
        }
    }
    check(&stage, &asked, allowed).await;
}

/// Executions ≤ approvals, one execution per permit, every effect has its entry before and one outcome after, and the chain holds.
async fn check(stage: &Stage, asked: &[RequestId], allowed: usize) {
    let mut kinds: HashMap<RequestId, Vec<String>> = HashMap::new();
    for sealed in stage.entries().await {
        if let Some(id) = sealed.entry.request {
            kinds.entry(id).or_default().push(sealed.entry.kind);
        }
    }
    let count = |id: &RequestId, kind: &str| {
        kinds
            .get(id)
            .map_or(0, |list| list.iter().filter(|entry| *entry == kind).count())
    };
    let mut executed = 0;
    for id in asked {
        let (approvals, intents) = (count(id, "approval.decided"), count(id, "action.intent"));
        assert!(approvals <= 1, "decided {approvals} times");
        assert!(
            intents <= approvals,
            "{intents} executions of {approvals} approvals: {:?}",
            kinds[id]
        );
        assert_eq!(
            intents,
            count(id, "action.outcome") + count(id, "action.lost"),
            "{:?}",
            kinds[id]
        );
        executed += intents;
    }
    assert_eq!(
        stage.fake.calls(),
        executed + allowed,
        "every call has its permit"
    );
    let report = stage.gate.verify_audit(&stage.owner()).await.unwrap();
    assert!(report.valid, "{report:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn nothing_runs_more_often_than_it_was_approved(steps in prop::collection::vec(step(), 1..40)) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(play(steps));
    }
}
