//! The event stream: resumable, filtered by the viewer's rights, and gone when its key is.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Api, Scene, Wire, add_agent};

/// One event of `text/event-stream`.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: String,
    data: Value,
}

struct Stream {
    wire: Wire,
    text: String,
}

impl Stream {
    fn open(api: &Api, last: Option<&str>) -> Self {
        let headers: Vec<(&str, &str)> = last
            .map(|id| ("last-event-id", id))
            .into_iter()
            .chain([("accept", "text/event-stream")])
            .collect();
        let mut wire = api.start("GET", "/api/v1/events", &headers, None).unwrap();
        let (status, headers) = wire.response_head().unwrap();
        assert_eq!(status, 200);
        assert!(
            headers
                .iter()
                .any(|(name, value)| name == "content-type"
                    && value.starts_with("text/event-stream"))
        );
        Self {
            wire,
            text: String::new(),
        }
    }

    /// The next event; `None` when the stream has ended.
    fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(|value| value.trim().to_owned())
                };
                if let (Some(id), Some(data)) = (field("id:"), field("data:")) {
                    return Some(Event {
                        id,
                        data: serde_json::from_str(&data).unwrap(),
                    });
                }
            }
            match self.wire.chunk() {
                Ok(Some(chunk)) => self
                    .text
                    .push_str(&String::from_utf8(chunk).unwrap().replace("\r\n", "\n")),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    fn until(&mut self, is_last: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut seen = Vec::new();
        loop {
            let event = self.next().expect("the stream ended");
            seen.push(event.clone());
            if is_last(&event) {
                return seen;
            }
        }
    }
}

fn mentions(id: &str) -> impl Fn(&Event) -> bool {
    let id = id.to_owned();
    move |event| event.data.to_string().contains(&id)
}

#[test]
fn a_stream_goes_on_where_it_was_left() {
    let scene = Scene::new();
    let mut live = Stream::open(&scene.admin, None);
    let first = scene.ask("/ask/1", "{}");
    let seen = live.until(mentions(&first));
    let last = seen.last().unwrap().clone();
    let second = scene.ask("/ask/2", "{}");
    let third = scene.ask("/ask/3", "{}");
    let live_rest = live.until(mentions(&third));
    drop(live);
    let mut resumed = Stream::open(&scene.admin, Some(&last.id));
    let rest = resumed.until(mentions(&third));
    assert_eq!(rest, live_rest, "nothing is lost, doubled or changed");
    assert!(rest.iter().any(|event| mentions(&second)(event)));
    assert!(!rest.contains(&last));
    let positions: Vec<u64> = rest.iter().map(|event| event.id.parse().unwrap()).collect();
    assert!(
        positions.windows(2).all(|pair| pair[0] < pair[1]),
        "{positions:?}"
    );
    let approved = scene.approve(&third).expect(200);
    assert_eq!(approved.at("/state"), "approved");
    resumed.until(|event| {
        mentions(&third)(event) && event.data.to_string().contains("approval.decided")
    });
}

/// Requirement 9: another agent's events are not there.
#[test]
fn an_agent_sees_its_own_events_only() {
    let scene = Scene::new();
    let other = add_agent(&scene.gateway, "other");
    let mut stream = Stream::open(&other.api, None);
    let mut own = Stream::open(&scene.agent.api, None);
    let id = scene.ask("/ask/1", "{}");
    own.until(mentions(&id));
    scene.admin.post("/api/v1/grants", &json!({ "agent": "other", "target": "pay", "action": "GET /ask/**", "verdict": "ask" })).expect(201);
    let body =
        json!({ "targetUrl": scene.upstream.url("/ask/mine"), "method": "GET", "intent": "mine" });
    let mine = other
        .proxy(&body)
        .expect(428)
        .at("/action_id")
        .as_str()
        .unwrap()
        .to_owned();
    let seen = stream.until(mentions(&mine));
    assert!(!seen.iter().any(|event| mentions(&id)(event)), "{seen:?}");
}

/// Requirement 5, invariant 11.
#[test]
fn a_revoked_key_ends_its_streams_within_a_second() {
    let scene = Scene::new();
    let body = json!({ "name": "watcher", "operator": "owner", "scopes": ["request:read"] });
    let made = scene.admin.post("/api/v1/keys", &body).expect(201);
    let (id, key) = (made.at("/id"), made.at("/key"));
    let mut stream = Stream::open(&scene.gateway.api(key.as_str().unwrap()), None);
    let asked = scene.ask("/ask/1", "{}");
    stream.until(mentions(&asked));
    let response = scene
        .admin
        .delete(&format!("/api/v1/keys/{}", id.as_str().unwrap()));
    assert!(matches!(response.status, 200 | 204), "{response:?}");
    let revoked = Instant::now();
    while stream.next().is_some() {}
    let lived = revoked.elapsed();
    assert!(
        lived <= Duration::from_secs(1),
        "the stream lived on for {lived:?}"
    );
    scene
        .gateway
        .api(key.as_str().unwrap())
        .get("/api/v1/events")
        .expect(401);
    // Never by URL: AI-desk 4.
    scene
        .gateway
        .anonymous()
        .get(&format!(
            "/api/v1/events?token={}",
            scene.gateway.admin_key()
        ))
        .expect(401);
}
