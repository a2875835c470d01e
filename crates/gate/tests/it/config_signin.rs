//! Signing in, sessions, proofs, lockout (requirement 7).

use std::time::{Duration, Instant};

use countersign_domain::{Role, Scope};
use countersign_gate::{ErrorKind, OperatorDraft, Origin, Result, SessionKind, SignIn, TokenDraft};

use crate::support::{TestGate, key_draft, name, new_agent, secret};

const PASSWORD: &str = "a long password";

fn password(operator: &str, password: &str) -> SignIn {
    SignIn::Password {
        name: operator.to_owned(),
        password: secret(password),
    }
}

async fn with_ann() -> TestGate {
    let test = TestGate::sqlite().await;
    let draft = OperatorDraft {
        name: name("ann"),
        role: Role::Approver,
        password: Some(secret(PASSWORD)),
    };
    test.gate.add_operator(&test.owner(), draft).await.unwrap();
    test
}

async fn attempt(test: &TestGate, source: &str, credential: SignIn) -> Result<()> {
    test.gate
        .sign_in(source, credential, SessionKind::Browser, "test")
        .await
        .map(drop)
}

async fn fails(test: &TestGate, source: &str, credential: SignIn) -> &'static str {
    let error = attempt(test, source, credential).await.unwrap_err();
    match error.code {
        "locked_out" => {
            assert_eq!(error.kind, ErrorKind::TooManyRequests);
            assert!(error.retry_after.unwrap() <= Duration::from_mins(5));
        }
        _ => assert_eq!(error.kind, ErrorKind::Unauthenticated),
    }
    error.code
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sixth_failure_is_locked_out_and_stays_so_after_a_restart() {
    let mut test = with_ann().await;
    for _ in 0..5 {
        assert_eq!(
            fails(&test, "198.51.100.1", password("ann", "wrong")).await,
            "invalid_credentials"
        );
    }
    assert_eq!(
        fails(&test, "198.51.100.1", password("ann", "wrong")).await,
        "locked_out"
    );
    test.restart().await;
    assert_eq!(
        fails(&test, "198.51.100.1", password("ann", "wrong")).await,
        "locked_out"
    );
    // A valid credential passes at once, from the locked source and for the locked account.
    attempt(&test, "198.51.100.1", password("ann", PASSWORD))
        .await
        .unwrap();
    // Another source and another account are not concerned.
    assert_eq!(
        fails(&test, "198.51.100.2", password("nobody", "wrong")).await,
        "invalid_credentials"
    );
    let token = SignIn::Token(secret(&test.token));
    attempt(&test, "198.51.100.1", token).await.unwrap();
    test.clock.advance(Duration::from_secs(301));
    assert_eq!(
        fails(&test, "198.51.100.1", password("ann", "wrong")).await,
        "invalid_credentials"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_locked_for_failures_from_many_sources_but_not_for_its_owner() {
    let test = with_ann().await;
    for source in 1..=5 {
        assert_eq!(
            fails(
                &test,
                &format!("198.51.100.{source}"),
                password("ann", "wrong")
            )
            .await,
            "invalid_credentials"
        );
    }
    assert_eq!(
        fails(&test, "198.51.100.99", password("ann", "wrong")).await,
        "locked_out"
    );
    attempt(&test, "203.0.113.1", password("ann", PASSWORD))
        .await
        .unwrap();
    // Her success forgets the account's failures.
    assert_eq!(
        fails(&test, "198.51.100.98", password("ann", "wrong")).await,
        "invalid_credentials"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_name_takes_the_same_way_as_a_wrong_password() {
    let test = with_ann().await;
    // The first check makes the hasher.
    assert_eq!(
        fails(&test, "203.0.113.1", password("ann", "wrong")).await,
        "invalid_credentials"
    );
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for round in 0..4 {
        for (times, who) in [(&mut known, "ann"), (&mut unknown, "nobody")] {
            let started = Instant::now();
            let error = attempt(
                &test,
                &format!("203.0.113.{}", 10 + round),
                password(who, "wrong"),
            )
            .await
            .unwrap_err();
            times.push(started.elapsed());
            assert_eq!((error.code, error.message.as_ref()), {
                let text =
                    "this credential signs nobody in: check it, or ask an owner for a new one";
                ("invalid_credentials", text)
            });
        }
    }
    // No assertion on speed, but the unknown name must have cost a hash too: without it, it would take a hundredth.
    let (known, unknown) = (known.iter().min().unwrap(), unknown.iter().min().unwrap());
    assert!(*unknown * 4 > *known, "{unknown:?} against {known:?}");
    for _ in 0..6 {
        drop(attempt(&test, "203.0.113.50", password("nobody", "wrong")).await);
    }
    assert_eq!(
        fails(&test, "203.0.113.51", password("nobody", "wrong")).await,
        "locked_out"
    );
    // Text that can't be a name leaves no row of its own.
    drop(attempt(&test, "203.0.113.52", password("x y\u{0}z", "wrong")).await);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM signin_failure WHERE subject LIKE 'account:x%'")
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_from_a_locked_source_are_folded_to_one_entry_a_minute() {
    let test = TestGate::sqlite().await;
    for _ in 0..5 {
        assert_eq!(
            fails(&test, "198.51.100.1", SignIn::Token(secret("cs_junk"))).await,
            "invalid_credentials"
        );
    }
    assert_eq!(test.entries_of("signin.failed").await, 5);
    for _ in 0..50 {
        assert_eq!(
            fails(&test, "198.51.100.1", SignIn::Token(secret("cs_junk"))).await,
            "locked_out"
        );
    }
    assert_eq!(test.entries_of("signin.failed").await, 5);
    test.clock.advance(Duration::from_secs(61));
    for _ in 0..50 {
        assert_eq!(
            fails(&test, "198.51.100.1", SignIn::Token(secret("cs_junk"))).await,
            "locked_out"
        );
    }
    assert_eq!(
        test.outcomes("signin.failed").await,
        [vec!["invalid_token"; 5], vec!["locked_out"]].concat()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_failures_all_count() {
    let test = TestGate::sqlite().await;
    let attempts =
        (0..20).map(|_| attempt(&test, "198.51.100.1", SignIn::Token(secret("cs_junk"))));
    let results = futures::future::join_all(attempts).await;
    let invalid = results
        .iter()
        .filter(|result| {
            result
                .as_ref()
                .is_err_and(|error| error.code == "invalid_credentials")
        })
        .count();
    assert_eq!(invalid, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lockout_holds_on_postgresql() {
    let Some(test) = TestGate::postgres().await else {
        return;
    };
    for _ in 0..5 {
        assert_eq!(
            fails(&test, "198.51.100.1", SignIn::Token(secret("cs_junk"))).await,
            "invalid_credentials"
        );
    }
    assert_eq!(
        fails(&test, "198.51.100.1", SignIn::Token(secret("cs_junk"))).await,
        "locked_out"
    );
    attempt(&test, "198.51.100.1", SignIn::Token(secret(&test.token)))
        .await
        .unwrap();
    test.clock.advance(Duration::from_secs(301));
    assert_eq!(
        fails(&test, "198.51.100.1", SignIn::Token(secret("cs_junk"))).await,
        "invalid_credentials"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_by_time_by_sign_out_and_by_an_owner() {
    let test = with_ann().await;
    let gate = &test.gate;
    let dead = |session: &countersign_gate::NewSession| {
        let secret = session.secret.expose().to_owned();
        async move {
            gate.identify_session(&secret)
                .await
                .is_err_and(|error| error.kind == ErrorKind::Unauthenticated)
        }
    };
    let session = test
        .sign_in(SessionKind::Browser, password("ann", PASSWORD))
        .await;
    assert!(!dead(&session).await);
    gate.sign_out(&test.by_session(&session).await)
        .await
        .unwrap();
    assert!(dead(&session).await);

    let session = test
        .sign_in(SessionKind::Browser, password("ann", PASSWORD))
        .await;
    let own = test.by_session(&session).await;
    let stranger = test.operator("vic", Role::Viewer, PASSWORD).await;
    // Requirement 9: another's session is not there for a stranger.
    assert_eq!(
        gate.end_session(&stranger, session.session_id)
            .await
            .unwrap_err()
            .kind,
        ErrorKind::NotFound
    );
    assert!(
        gate.sessions(&stranger).await.unwrap().iter().all(|it| it
            .operator_name
            .as_ref()
            .unwrap()
            .as_str()
            == "vic")
    );
    assert_eq!(
        gate.sessions(&own)
            .await
            .unwrap()
            .iter()
            .filter(|it| it.is_current)
            .count(),
        1
    );
    gate.end_session(&test.owner(), session.session_id)
        .await
        .unwrap();
    assert!(dead(&session).await);
    assert!(!gate.is_live(&own.principal).await);

    let session = test
        .sign_in(SessionKind::Browser, password("ann", PASSWORD))
        .await;
    test.clock.advance(Duration::from_hours(12));
    assert!(dead(&session).await);
    // Neither kind of token is the other: a sign-in token is no key, and no session.
    assert!(gate.identify_key(&test.token).is_err());
    assert!(gate.identify_session(&test.token).await.is_err());
    assert!(gate.identify_key(session.secret.expose()).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_ends_the_other_sessions() {
    let test = with_ann().await;
    let kept = test
        .sign_in(SessionKind::Browser, password("ann", PASSWORD))
        .await;
    let lost = test
        .sign_in(SessionKind::Browser, password("ann", PASSWORD))
        .await;
    let own = test.by_session(&kept).await;
    test.by_session(&lost).await;
    test.gate
        .set_password(&own, "ann", secret("another password"))
        .await
        .unwrap();
    test.by_session(&kept).await;
    assert!(
        test.gate
            .identify_session(lost.secret.expose())
            .await
            .is_err()
    );
    assert_eq!(
        fails(&test, "203.0.113.1", password("ann", PASSWORD)).await,
        "invalid_credentials"
    );
    attempt(&test, "203.0.113.1", password("ann", "another password"))
        .await
        .unwrap();
    // One's own only.
    assert_eq!(
        test.gate
            .set_password(&own, "owner", secret("a long password"))
            .await
            .unwrap_err()
            .kind,
        ErrorKind::Forbidden
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_terminal_changes_only_after_a_fresh_proof() {
    let test = with_ann().await;
    let gate = &test.gate;
    let session = test
        .sign_in(SessionKind::Terminal, SignIn::Token(secret(&test.token)))
        .await;
    gate.add_agent(&test.by_session(&session).await, new_agent("one"))
        .await
        .unwrap();
    test.clock.advance(Duration::from_mins(5));
    let stale = test.by_session(&session).await;
    let error = gate.add_agent(&stale, new_agent("two")).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (ErrorKind::Unauthenticated, "proof_required")
    );
    // Reading goes on.
    assert_eq!(gate.agents(&stale).unwrap().len(), 1);
    assert_eq!(
        gate.prove(&stale, password("ann", PASSWORD))
            .await
            .unwrap_err()
            .kind,
        ErrorKind::Forbidden
    );
    assert_eq!(
        gate.prove(&stale, SignIn::Token(secret("cs_junk")))
            .await
            .unwrap_err()
            .code,
        "invalid_credentials"
    );
    let until = gate
        .prove(&stale, SignIn::Token(secret(&test.token)))
        .await
        .unwrap();
    assert_eq!(until.since(gate.now()), Duration::from_mins(5));
    gate.add_agent(&test.by_session(&session).await, new_agent("two"))
        .await
        .unwrap();
    // A browser's session has its CSRF token instead, and a key its scope; but what makes new ways in needs a proof from both.
    let browser = test
        .sign_in(SessionKind::Browser, SignIn::Token(secret(&test.token)))
        .await;
    test.clock.advance(Duration::from_mins(6));
    let browser = test.by_session(&browser).await;
    gate.add_agent(&browser, new_agent("three")).await.unwrap();
    let (owner, now) = (test.owner(), Scope::RequestRead);
    let key = test.by_key(&test.key(&[now]).await);
    let key = key.principal.key().unwrap().id.to_string();
    let viewer = |operator| OperatorDraft {
        name: name(operator),
        role: Role::Viewer,
        password: None,
    };
    let token = || TokenDraft {
        operator: "ann".into(),
        name: name("t"),
        expires_in_seconds: None,
    };
    let known = gate.add_token(&owner, token()).await.unwrap().view.id;
    let draft = || key_draft("k", None, Some("owner"), &[now]);
    for error in [
        gate.add_operator(&browser, viewer("eve")).await.map(drop),
        gate.set_role(&browser, "ann", Role::Viewer).await.map(drop),
        gate.set_password(&browser, "ann", secret(PASSWORD)).await,
        gate.disable_operator(&browser, "ann").await,
        gate.add_key(&browser, draft()).await.map(drop),
        gate.revoke_key(&browser, &key).await.map(drop),
        gate.add_token(&browser, token()).await.map(drop),
        gate.revoke_token(&browser, known).await.map(drop),
    ] {
        assert_eq!(error.unwrap_err().code, "proof_required");
    }
    gate.add_key(&owner, draft()).await.unwrap();
    gate.add_agent(&test.owner(), new_agent("four"))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_csrf_token_belongs_to_one_session() {
    let test = TestGate::sqlite().await;
    let first = test
        .sign_in(SessionKind::Browser, SignIn::Token(secret(&test.token)))
        .await;
    let second = test
        .sign_in(SessionKind::Browser, SignIn::Token(secret(&test.token)))
        .await;
    let (_, hash) = test
        .gate
        .identify_session(first.secret.expose())
        .await
        .unwrap();
    test.gate.check_csrf(&hash, first.csrf.expose()).unwrap();
    for wrong in ["", second.csrf.expose(), first.secret.expose()] {
        assert_eq!(test.gate.check_csrf(&hash, wrong).unwrap_err().code, "csrf");
    }
}

/// The most memory that this process has had, in MiB; `None` where the system doesn't say.
fn peak_mebibytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? / 1024)
}

/// Requirement 36: hanging up early frees no place for another check while the first one still runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_ins_that_hang_up_take_no_memory() {
    let test = with_ann().await;
    let before = peak_mebibytes();
    for index in 0..60 {
        let source = format!("198.51.100.{index}");
        let leaving = attempt(&test, &source, password("ann", "wrong"));
        drop(tokio::time::timeout(Duration::from_millis(2), leaving).await);
    }
    if let (Some(before), Some(after)) = (before, peak_mebibytes()) {
        assert!(after - before < 200, "{before} MiB, then {after} MiB");
    }
}

/// Requirement 7: a guess that hangs up before its answer counts like any other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guess_that_hangs_up_is_counted() {
    let test = with_ann().await;
    let leaving = attempt(&test, "198.51.100.1", password("ann", "wrong"));
    drop(tokio::time::timeout(Duration::from_millis(15), leaving).await);
    let deadline = Instant::now() + Duration::from_secs(10);
    while test.entries_of("signin.failed").await == 0 {
        assert!(Instant::now() < deadline, "the failure was never counted");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Twenty-four clients of one source that guess ann's password for as long as it is held.
fn guessing(test: &TestGate, source: &'static str) -> tokio::task::JoinSet<()> {
    let mut guessing = tokio::task::JoinSet::new();
    for _ in 0..24 {
        let gate = test.gate.clone();
        guessing.spawn(async move {
            loop {
                let credential = password("ann", "wrong");
                let answer = gate.sign_in(source, credential, SessionKind::Browser, "");
                assert!(answer.await.is_err());
                tokio::task::yield_now().await;
            }
        });
    }
    guessing
}

/// Requirement 7: whoever floods the sign-in keeps nobody out, not even from the same address.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_guesses_keeps_nobody_out() {
    let test = with_ann().await;
    let _guessing = guessing(&test, "198.51.100.1");
    tokio::time::sleep(Duration::from_secs(2)).await;
    // From elsewhere at once.
    for _ in 0..3 {
        attempt(&test, "203.0.113.1", password("ann", PASSWORD))
            .await
            .unwrap();
    }
    // From the flooded address nothing tells her from the flood: each of her tries has the chance that each guess has. How many she
    // needs follows from how many passwords this machine can check in a second, and so says nothing; that one passes does.
    let deadline = Instant::now() + Duration::from_mins(2);
    while let Err(error) = attempt(&test, "198.51.100.1", password("ann", PASSWORD)).await {
        assert_eq!(error.code, "sign_in_busy");
        assert!(Instant::now() < deadline, "ann is locked out");
    }
}

/// Requirement 7: a device that ann signed in from before is never behind strangers, until it guesses itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_device_passes_a_flood_from_its_own_address() {
    let test = with_ann().await;
    let source = "198.51.100.1";
    let sign_in = async |device: &str, word: &str| {
        let origin = Origin {
            source,
            device: Some(device),
        };
        test.gate
            .sign_in(origin, password("ann", word), SessionKind::Browser, "")
            .await
    };
    let first = test
        .sign_in(SessionKind::Browser, password("ann", PASSWORD))
        .await;
    let _guessing = guessing(&test, source);
    tokio::time::sleep(Duration::from_secs(2)).await;
    for _ in 0..10 {
        sign_in(first.device.expose(), PASSWORD).await.unwrap();
    }
    // Guesses by the mark count for it as well, also from a source that is locked, and then it is worth nothing.
    for _ in 0..5 {
        sign_in(first.device.expose(), "wrong").await.unwrap_err();
    }
    assert_eq!(
        test.count("SELECT COUNT(*) FROM signin_failure WHERE subject LIKE 'device:%' AND locked_until IS NOT NULL")
            .await,
        1
    );
    // It is no credential, no other's, and nothing that can be made up.
    let refused = sign_in(first.device.expose(), first.device.expose()).await;
    assert!(refused.is_err());
    let made_up = "0".repeat(96);
    drop(sign_in(&made_up, "wrong").await);
    drop(sign_in("\u{e9}", "wrong").await);
    assert_eq!(
        test.count("SELECT COUNT(*) FROM signin_failure WHERE subject LIKE 'device:%'")
            .await,
        1
    );
}
