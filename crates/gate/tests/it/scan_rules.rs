//! The operators' own secret rules: in the facts, in marks, and refused whole.

use bytes::Bytes;
use countersign_gate::{ActionDraft, ErrorKind, RequestFilter, Submission};
use countersign_store::{StoreError, settings};

use crate::{
    fake::Act,
    stage::{Stage, draft, replied},
};

const RULES: &str = "version 1\n\
    rule acme-ticket\n\
    kind Acme ticket\n\
    keyword acme:\n\
    token acme:[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}\n";
const TICKET: &str = "acme:0F3A-91BC-7D24";

fn with_ticket(action: &str) -> ActionDraft {
    ActionDraft {
        intent: format!("close {TICKET} today"),
        body: Bytes::from(format!(r#"{{"note":"see {TICKET}"}}"#)),
        ..draft(action)
    }
}

impl Stage {
    async fn submit_ticket(&self, action: &str) -> Submission {
        self.gate
            .submit(&self.agent(), with_ticket(action))
            .await
            .unwrap()
    }

    /// What the facts of a new request say of secrets, and the finding's texts.
    async fn kinds(&self) -> Vec<(String, String)> {
        let reply = replied(self.submit_ticket("PUT /x").await);
        let detail = self.detail(reply.request).await;
        let judged = detail.judged.unwrap();
        let facts = judged["facts"]["scan"]["secrets"].as_array().cloned();
        facts
            .unwrap_or_default()
            .iter()
            .map(|fact| {
                let text = |name: &str| fact[name].as_str().unwrap().to_owned();
                (text("kind"), text("place"))
            })
            .collect()
    }

    async fn intents(&self) -> String {
        let filter = RequestFilter::default();
        let page = self.gate.requests(&self.owner(), filter).await.unwrap();
        format!("{:?}", page.items)
    }

    async fn set_rules(&self, file: &str) -> countersign_gate::Result<()> {
        let file = file.to_owned();
        self.gate
            .set_secret_rules(&self.owner(), file)
            .await
            .map(drop)
    }

    async fn store_rules(&self, json: &'static str) {
        self.gate
            .workspace()
            .store
            .write::<_, StoreError, _>(move |tx| settings::put(tx, "secret_rules", json))
            .await
            .unwrap();
    }
}

fn found() -> Vec<(String, String)> {
    ["intent", "body.note"]
        .map(|place| ("acme-ticket".to_owned(), place.to_owned()))
        .to_vec()
}

/// Requirement 40 for the entry: which rules were in force can be proved from the ledger and the file.
#[tokio::test]
async fn a_rule_is_in_force_at_once_everywhere_and_after_a_restart() {
    let stage = Stage::new().await;
    assert_eq!(stage.kinds().await, []);
    assert!(stage.intents().await.contains(TICKET));
    let view = stage
        .gate
        .set_secret_rules(&stage.owner(), RULES.to_owned())
        .await
        .unwrap();
    assert_eq!(view.file.as_deref(), Some(RULES));
    let named: Vec<_> = view
        .rules
        .iter()
        .map(|rule| (rule.id.as_str(), rule.kind.as_str()))
        .collect();
    assert_eq!(named, [("acme-ticket", "Acme ticket")]);
    assert_eq!(view.problem, None);
    assert_eq!(view, stage.gate.secret_rules(&stage.owner()).unwrap());

    assert_eq!(stage.kinds().await, found());
    // What was asked for before is shown by the rules of now.
    let shown = stage.intents().await;
    assert!(
        shown.contains("close [secret:acme-ticket] today") && !shown.contains(TICKET),
        "{shown}"
    );

    let entries = stage.entries().await;
    let entry = &entries
        .iter()
        .find(|sealed| sealed.entry.kind == "config.secret_rules.set")
        .unwrap()
        .entry;
    assert_eq!(entry.subject.as_deref(), Some("settings:secret_rules"));
    assert_eq!(
        entry.outcome,
        Some(format!("1 rule, sha256 {}", view.digest.clone().unwrap()))
    );
    assert_eq!(view.changed_by, Some(entry.actor.to_string()));

    let stage = stage.crash_and_restart().await;
    assert_eq!(stage.kinds().await, found());
    assert_eq!(view, stage.gate.secret_rules(&stage.owner()).unwrap());

    stage
        .gate
        .remove_secret_rules(&stage.owner())
        .await
        .unwrap();
    assert_eq!(stage.kinds().await, []);
    let view = stage.gate.secret_rules(&stage.owner()).unwrap();
    assert_eq!((view.file, view.digest), (None, None));
    assert!(view.rules.is_empty() && view.changed_at.is_some());
    let error = stage
        .gate
        .remove_secret_rules(&stage.owner())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
}

/// What runs and what the approver reads is never changed; the answer that is kept is.
#[tokio::test]
async fn a_mark_stands_in_what_is_kept_and_nowhere_else() {
    let stage = Stage::new().await;
    stage.set_rules(RULES).await.unwrap();
    let Submission::Pending(view) = stage.submit_ticket("POST /charges").await else {
        panic!("expected it to ask");
    };
    let id = view.request.id;
    let detail = stage.detail(id).await;
    assert!(detail.view.intent.contains(TICKET));
    assert_eq!(
        detail.findings[0].finding.reason,
        "what looks like a secret (Acme ticket) stands in intent"
    );
    stage.approve(id).await.unwrap();
    let answer = format!("done: {TICKET}, thanks");
    stage
        .fake
        .then(Act::Reply(200, vec![Bytes::from(answer.clone())]));
    let reply = stage.gate.execute(&stage.agent(), id).await.unwrap();
    let answered = crate::stage::whole(reply.body).await.unwrap();
    assert_eq!(answered, Bytes::from(answer));
    assert!(String::from_utf8_lossy(&stage.fake.seen()[0].1).contains(TICKET));
    let kept = stage.detail(id).await.result.unwrap().body;
    assert_eq!(kept, "done: [secret:acme-ticket], thanks");
}

#[tokio::test]
async fn a_file_with_an_error_is_refused_whole_and_the_line_is_named() {
    let stage = Stage::new().await;
    stage.set_rules(RULES).await.unwrap();
    let before = stage.gate.secret_rules(&stage.owner()).unwrap();
    let (epoch, entries) = (stage.gate.epoch(), stage.entries().await.len());
    let good = "version 1\nrule one\nkind One\nkeyword one_\ntoken one_[a-z]{9}\n";
    let long = format!("{good}# {}\n", "x".repeat(256 << 10));
    let many = (0..501).fold("version 1\n".to_owned(), |file, index| {
        file + &format!("rule r{index}\nkind K\nkeyword one_\ntoken one_[a-z]{{9}}\n")
    });
    for (file, line, reason) in [
        ("", 1, "the file is empty"),
        ("rule one\n", 1, "expected `version 1`"),
        (&*format!("{good}rule two\n"), 6, "no `kind`"),
        (&*format!("{good}rule one\n"), 6, "already"),
        (
            &*format!("{good}rule two\nkind K\nkeyword two_\ntoken two_(\n"),
            9,
            "not a regular expression",
        ),
        (
            &*format!("{good}rule two\nkind K\nkeyword two_\ntoken (?=two_)x\n"),
            9,
            "not a regular expression",
        ),
        (
            &*format!("{good}rule two\nkind K\nkeyword two_\ntoken two_(\\w{{999}}){{999}}\n"),
            6,
            "too large",
        ),
        (
            &*format!("{good}rule github-token\nkind K\nkeyword two_\ntoken two_[a-z]{{9}}\n"),
            6,
            "built-in rule",
        ),
        (&long, 1, "longer than 262144 bytes"),
        (&many, 2002, "more than 500 rules"),
    ] {
        let error = stage.set_rules(file).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(
            (error.kind, error.field.as_deref()),
            (ErrorKind::InvalidInput, Some("file")),
            "{text}"
        );
        assert!(
            text.contains(&format!("line {line}: ")) && text.contains(reason),
            "{text}"
        );
    }
    assert_eq!(
        before,
        stage.gate.secret_rules(&stage.owner()).unwrap(),
        "the rules before stay in force"
    );
    assert_eq!(
        (stage.gate.epoch(), stage.entries().await.len()),
        (epoch, entries)
    );
    assert_eq!(stage.kinds().await, found());
}

/// A newer version may have a built-in rule with the name of an operator's own: that stops no gateway, and is said.
#[tokio::test]
async fn rules_that_this_version_can_not_take_stop_nothing_and_are_shown() {
    let stage = Stage::new().await;
    stage
        .store_rules(r#"{"file":"version 2\nrule acme-ticket\n","changed_by":"system"}"#)
        .await;
    let stage = stage.crash_and_restart().await;
    let view = stage.gate.secret_rules(&stage.owner()).unwrap();
    let problem = view.problem.unwrap();
    assert!(problem.contains("line 1: "), "{problem}");
    assert!(view.rules.is_empty() && view.digest.is_some());
    assert_eq!(stage.kinds().await, []);
    // The built-in rules are there, and a file that can be read sets it right.
    let key = ["sk", "live", "4eC39HqLyjWDarjtT1zdp7dcQm8XkPzV"].join("_");
    let asked = ActionDraft {
        intent: format!("pay with {key}"),
        ..draft("PUT /x")
    };
    replied(stage.gate.submit(&stage.agent(), asked).await.unwrap());
    assert!(!stage.intents().await.contains(&key));
    stage.set_rules(RULES).await.unwrap();
    let view = stage.gate.secret_rules(&stage.owner()).unwrap();
    assert_eq!(view.problem, None);
    assert_eq!(stage.kinds().await, found());
}
