//! What the log says, and what it never says. Requirements 8 of the invariants and 45.

use std::{
    io,
    sync::{Arc, Mutex},
};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::{stage::Stage, target::Act};

/// A log in memory.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_that_a_client_wrote_stands_in_the_log() {
    let stage = Stage::new().await;
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(lines.clone())
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let marked = json!({"targetUrl": "https://pay.example/v1/PATHMARK?token=QUERYMARK", "method": "PUT", "headers": {"x-a": "HEADERMARK"},
        "body": "BODYMARK", "intent": "INTENTMARK"});
    stage
        .post("/proxy?x=QUERYMARK")
        .key(&stage.agent)
        .header("x-request-id", "kept-1")
        .json(&marked)
        .send()
        .await
        .expect(200);
    stage
        .get("/PATHMARK%1b%5b31m?QUERYMARK")
        .key("cs_KEYMARK")
        .send()
        .await
        .expect(404);
    stage
        .get("/api/v1/agents/PATHMARK?QUERYMARK=1")
        .key("cs_KEYMARK")
        .send()
        .await
        .expect(401);
    stage
        .post("/api/v1/sessions")
        .json(&json!({"token": "BODYMARK"}))
        .send()
        .await
        .expect(401);
    stage
        .get("/healthz")
        .header("user-agent", "HEADERMARK")
        .header("host", "HEADERMARK.example")
        .send()
        .await
        .expect(403);
    stage.target.then(Act::Panic);
    let failed = stage
        .post("/proxy")
        .key(&stage.agent)
        .header("x-request-id", "failed-1")
        .json(&marked)
        .send()
        .await;
    assert!(failed.status.is_server_error());
    drop(guard);
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("kept-1"), "{log}");
    assert!(log.contains("failed-1"), "{log}");
    assert!(log.contains("/api/v1/agents/{id}"), "{log}");
    for mark in [
        "PATHMARK",
        "QUERYMARK",
        "HEADERMARK",
        "BODYMARK",
        "INTENTMARK",
        "KEYMARK",
        &stage.agent,
    ] {
        assert!(!log.contains(mark), "{mark} stands in the log:\n{log}");
    }
    assert!(
        !log.chars()
            .any(|character| character.is_control() && character != '\n'),
        "a control character stands in the log"
    );
}
