//! Requirement 42: `kill -9` in a loop under load. Nothing acknowledged is lost, the ledger verifies, nothing runs twice, and what was
//! running is `unknown`.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use countersign_testkit::{Reply, Upstream};
use serde_json::{Value, json};

use super::{rounds, stores};
use crate::support::{
    Agent, Api, TestGateway, add_agent, add_target, grant, proxy_body, set_bearer, unique,
};

/// Calls answered before the gateway is killed, so that no round is empty or long.
const KILL_AFTER: usize = 40;
const AGENTS: usize = 3;

/// What a client was told: the action, and the least that must be true of it for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// A read was answered.
    Read,
    /// A write was answered.
    Written,
    /// It waits for a human.
    Asked,
    /// A human said yes.
    Approved,
    /// It was carried out.
    Executed,
}

impl Told {
    fn permits(self, state: &str) -> bool {
        match self {
            Self::Read | Self::Written | Self::Executed => state == "succeeded",
            Self::Asked => true,
            Self::Approved => matches!(state, "approved" | "executing" | "succeeded" | "unknown"),
        }
    }
}

struct Load<'a> {
    upstream: &'a Upstream,
    told: Mutex<HashMap<String, Told>>,
    answered: AtomicUsize,
    is_over: AtomicBool,
}

impl Load<'_> {
    fn tell(&self, action: &str, told: Told) {
        self.told.lock().unwrap().insert(action.to_owned(), told);
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    /// One agent's life until the gateway is gone.
    fn run(&self, agent: &Agent, admin: &Api) {
        let mut turn = 0;
        while !self.is_over.load(Ordering::Relaxed) {
            turn += 1;
            if self.act(turn, agent, admin).is_err() {
                return;
            }
        }
    }

    fn act(&self, turn: usize, agent: &Agent, admin: &Api) -> std::io::Result<()> {
        let (method, path) = match turn % 4 {
            0 => ("GET", unique("/read/x")),
            1 | 2 => ("PUT", unique("/write/x")),
            _ => ("POST", unique("/ask/x")),
        };
        let action = format!("{method} {path}");
        let body = proxy_body(
            method,
            &self.upstream.url(&path),
            Some("{\"n\":1}").filter(|_| method != "GET"),
        )
        .to_string();
        let json = [("content-type", "application/json")];
        let reply = agent
            .api
            .try_send("POST", "/proxy", &json, Some(body.as_bytes()))?;
        match (method, reply.status) {
            ("GET", 200) if reply.is_whole => self.tell(&action, Told::Read),
            ("PUT", 200) if reply.is_whole => self.tell(&action, Told::Written),
            ("POST", 428) if reply.is_whole => {
                self.tell(&action, Told::Asked);
                let id = reply.at("/action_id").as_str().unwrap().to_owned();
                let approved = admin.try_send(
                    "POST",
                    &format!("/api/v1/approvals/{id}/approve"),
                    &[],
                    Some(b""),
                )?;
                if approved.status == 200 && approved.is_whole {
                    self.tell(&action, Told::Approved);
                }
                if turn % 8 == 3 {
                    // Some stay approved over the crash.
                    return Ok(());
                }
                let done =
                    agent
                        .api
                        .try_send("POST", &format!("/proxy/execute/{id}"), &[], Some(b""))?;
                if done.status == 200 && done.is_whole {
                    self.tell(&action, Told::Executed);
                }
            }
            // A gateway that is being killed breaks replies off; anything else it must not answer.
            (_, _) if !reply.is_whole => {}
            (_, 503) => {}
            (_, status) => panic!("{action}: {status} {}", reply.text()),
        }
        Ok(())
    }
}

fn wait_until_ready(api: &Api) {
    let started = Instant::now();
    loop {
        let ready = api.get("/readyz");
        if ready.status == 200 {
            return;
        }
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "not ready: {}",
            ready.text()
        );
        thread::sleep(Duration::from_millis(20));
    }
}

/// The requests that are new since the last round, by action: id and state.
fn fresh_requests(admin: &Api, known: &mut HashSet<String>) -> HashMap<String, (String, String)> {
    let mut found = HashMap::new();
    let mut cursor = String::new();
    loop {
        let page = admin
            .get(&format!("/api/v1/actions?limit=200{cursor}"))
            .expect(200)
            .json();
        let mut is_known = false;
        for item in page["items"].as_array().unwrap() {
            let text = |field: &str| item[field].as_str().unwrap().to_owned();
            if known.insert(text("id")) {
                let twice = found.insert(text("action"), (text("id"), text("state")));
                assert!(
                    twice.is_none(),
                    "{} was asked once and is there twice",
                    text("action")
                );
            } else {
                is_known = true;
            }
        }
        match page["next"].as_str().filter(|_| !is_known) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return found,
        }
    }
}

fn survive(mut gateway: TestGateway, executing_may_linger: bool) {
    let upstream = Upstream::start().unwrap();
    upstream.on("*", Reply::text("done").delayed(Duration::from_millis(4)));
    gateway.restart();
    let agents: Vec<Agent> = (0..AGENTS)
        .map(|number| add_agent(&gateway, &format!("agent-{number}")))
        .collect();
    add_target(&gateway.admin(), "pay", &upstream.url(""), &json!({}));
    set_bearer(&gateway.admin(), "pay", "a-secret-for-crashes");
    for agent in &agents {
        for (action, verdict) in [
            ("GET /read/**", "allow"),
            ("PUT /write/**", "allow"),
            ("POST /ask/**", "ask"),
        ] {
            grant(&gateway.admin(), &agent.name, "pay", action, verdict);
        }
    }
    let mut known = HashSet::new();
    let mut lost = Vec::new();
    let mut totals = (0, 0, 0);
    for round in 0..rounds() {
        let load = Load {
            upstream: &upstream,
            told: Mutex::default(),
            answered: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        };
        let admin = gateway.admin();
        let api_of = |agent: &Agent| Agent {
            api: gateway.api(&agent.key),
            ..agent.clone()
        };
        let clients: Vec<Agent> = agents.iter().chain(&agents).map(api_of).collect();
        thread::scope(|scope| {
            for client in &clients {
                let (load, admin) = (&load, &admin);
                scope.spawn(move || load.run(client, admin));
            }
            let started = Instant::now();
            let enough = KILL_AFTER + round * 7 % 31;
            while load.answered.load(Ordering::Relaxed) < enough {
                assert!(
                    started.elapsed() < Duration::from_mins(1),
                    "round {round}: only {} answers",
                    load.answered.load(Ordering::Relaxed)
                );
                thread::sleep(Duration::from_micros(500 + (round as u64 * 37) % 400));
            }
            gateway.kill();
            load.is_over.store(true, Ordering::Relaxed);
        });
        gateway.restart();
        let admin = gateway.admin();
        wait_until_ready(&admin);
        let requests = fresh_requests(&admin, &mut known);
        let told = load.told.into_inner().unwrap();
        for (action, told) in &told {
            let (id, state) = requests.get(action).unwrap_or_else(|| {
                panic!("round {round}: {action} was acknowledged ({told:?}) and is gone")
            });
            assert!(
                told.permits(state),
                "round {round}: {action} ({id}) was acknowledged as {told:?} and is {state}"
            );
        }
        let mut calls: HashMap<String, usize> = HashMap::new();
        for seen in upstream.requests() {
            *calls
                .entry(format!("{} {}", seen.method, seen.path()))
                .or_default() += 1;
        }
        for (action, count) in &calls {
            assert_eq!(*count, 1, "round {round}: {action} was sent twice");
            // Invariant 5: what can change something is recorded before it is sent. A read that nobody was told of may be lost.
            assert!(
                requests.contains_key(action) || action.starts_with("GET "),
                "round {round}: {action} was sent and is not recorded"
            );
        }
        for (action, (id, state)) in &requests {
            match state.as_str() {
                "executing" => assert!(
                    executing_may_linger,
                    "round {round}: {action} is still executing"
                ),
                "succeeded" => assert!(
                    calls.contains_key(action),
                    "round {round}: {action} succeeded and was never sent"
                ),
                "unknown" => {}
                "pending" | "approved" => assert!(
                    !calls.contains_key(action),
                    "round {round}: {action} was sent and is {state}"
                ),
                other => panic!("round {round}: {action} is {other}"),
            }
            if matches!(state.as_str(), "executing" | "unknown") {
                lost.push((id.clone(), action.clone(), calls.contains_key(action)));
            }
        }
        upstream.forget();
        let verified = admin.get("/api/v1/audit/verify").expect(200);
        assert_eq!(
            verified.at("/valid"),
            true,
            "round {round}: {}",
            verified.text()
        );
        totals = (totals.0 + told.len(), totals.1 + calls.len(), lost.len());
    }
    let (told, sent, unknown) = totals;
    eprintln!(
        "{} rounds: {told} acknowledged, {sent} sent, {unknown} unknown",
        rounds()
    );
    finish(&gateway, &agents, &upstream, &lost);
}

/// What was running is unknown, stays so, and is not run again; every story in the ledger is one that can be.
fn finish(
    gateway: &TestGateway,
    agents: &[Agent],
    upstream: &Upstream,
    lost: &[(String, String, bool)],
) {
    let admin = gateway.admin();
    upstream.forget();
    // The lease of a killed replica has to end first, where there can be several.
    let started = Instant::now();
    while !admin.list("/api/v1/actions?state=executing").is_empty() {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "what was running did not become unknown"
        );
        thread::sleep(Duration::from_millis(100));
    }
    for (id, action, _) in lost.iter().take(50) {
        let detail = admin.get(&format!("/api/v1/actions/{id}")).expect(200);
        assert_eq!(detail.at("/state"), "unknown", "{action}");
        let refused = admin.send(
            "POST",
            &format!("/api/v1/actions/{id}/execute"),
            &[],
            Some(b""),
        );
        assert_eq!(refused.status, 409, "{action}: {}", refused.text());
    }
    assert_eq!(upstream.total(), 0);
    let mut stories: HashMap<String, Vec<String>> = HashMap::new();
    for entry in crate::support::ledger(&admin) {
        if let Value::String(request) = &entry["request"] {
            stories
                .entry(request.clone())
                .or_default()
                .push(entry["kind"].as_str().unwrap().to_owned());
        }
    }
    for (request, kinds) in &stories {
        let count = |kind: &str| kinds.iter().filter(|found| *found == kind).count();
        assert!(
            count("action.intent") <= 1 && count("action.outcome") + count("action.lost") <= 1,
            "{request}: {kinds:?}"
        );
        assert!(
            count("action.intent") <= count("approval.decided") || count("action.asked") == 0,
            "{request}: {kinds:?}"
        );
    }
    // It works on as if nothing had been.
    for agent in agents {
        let api = gateway.api(&agent.key);
        let path = unique("/write/after");
        api.post(
            "/proxy",
            &proxy_body("PUT", &upstream.url(&path), Some("{}")),
        )
        .expect(200);
    }
}

#[test]
fn requirement_42_kill_nine_under_load_on_sqlite() {
    survive(TestGateway::onboard(&[]), false);
}

#[test]
fn requirement_42_kill_nine_under_load_on_postgres() {
    if let Some((gateway, _)) = stores::on_postgres() {
        survive(gateway, true);
    }
}

/// SIGTERM under load: what runs is finished, the process ends with 0, nothing is left unknown.
#[test]
fn a_drain_finishes_what_runs() {
    let mut gateway = TestGateway::start();
    let upstream = Upstream::start().unwrap();
    upstream.on("*", Reply::text("done").delayed(Duration::from_millis(700)));
    let agent = add_agent(&gateway, "bot");
    add_target(&gateway.admin(), "pay", &upstream.url(""), &json!({}));
    grant(&gateway.admin(), "bot", "pay", "PUT /**", "allow");
    let replies = thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|number| {
                let (agent, upstream) = (&agent, &upstream);
                scope.spawn(move || {
                    agent.proxy(&proxy_body(
                        "PUT",
                        &upstream.url(&format!("/{number}")),
                        Some("x"),
                    ))
                })
            })
            .collect();
        upstream.wait_for(8, Duration::from_secs(20)).unwrap();
        let status = gateway.stop();
        assert!(status.success(), "{status}: {}", gateway.log());
        calls
            .into_iter()
            .map(|call| call.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(
        replies
            .iter()
            .all(|reply| reply.status == 200 && reply.is_whole),
        "{replies:?}"
    );
    assert!(!gateway.data_dir().join("run.json").exists());
    gateway.restart();
    let states: HashSet<String> = gateway
        .admin()
        .list("/api/v1/actions")
        .iter()
        .map(|item| item["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states, HashSet::from(["succeeded".to_owned()]));
    assert_eq!(upstream.total(), 8);
}
