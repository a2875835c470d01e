//! A small payments API on loopback: charges in memory, behind a bearer token.
//!
//! `GET /charges/{id}`, `POST /charges` with `{"amount": cents, "currency": "usd"}`, `DELETE /charges/{id}`. HTTP/1.1 with
//! `Content-Length` bodies is all that it speaks.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_vault::{SecretString, constant_time_equal};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::failure::{Failure, Result};

const HEAD_BYTES: usize = 16 * 1024;
const BODY_BYTES: usize = 64 * 1024;
const CONNECTIONS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(30);

/// The running API; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Payments {
    address: SocketAddr,
    charges: Charges,
    _server: JoinSet<()>,
}

type Charges = Arc<Mutex<BTreeMap<String, Value>>>;

impl Payments {
    /// Starts on a free port, with one charge.
    pub(super) async fn start(token: SecretString) -> Result<Self> {
        let failed = |error: std::io::Error| {
            Failure::unreachable(
                "cannot_bind",
                format!("the sample API can't listen on loopback: {error}"),
            )
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let charges: Charges = Arc::default();
        lock(&charges).insert(
            "ch_1".to_owned(),
            json!({ "id": "ch_1", "amount": 1999, "currency": "usd", "status": "paid" }),
        );
        let mut server = JoinSet::new();
        server.spawn(accept(listener, Arc::new(token), Arc::clone(&charges)));
        Ok(Self {
            address,
            charges,
            _server: server,
        })
    }

    /// Where it is.
    pub(super) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many charges it holds.
    pub(super) fn count(&self) -> usize {
        lock(&self.charges).len()
    }
}

fn lock(charges: &Charges) -> std::sync::MutexGuard<'_, BTreeMap<String, Value>> {
    charges.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, token: Arc<SecretString>, charges: Charges) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        if connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        let (token, charges) = (Arc::clone(&token), Arc::clone(&charges));
        connections.spawn(async move {
            // A client that goes away is no event.
            drop(serve(stream, &token, &charges).await);
        });
    }
}

/// A request, as far as this API looks at it.
struct Call {
    method: String,
    path: String,
    authorization: Option<Vec<u8>>,
    body_bytes: usize,
    keeps_alive: bool,
}

async fn serve(
    mut stream: TcpStream,
    token: &SecretString,
    charges: &Charges,
) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let (head_bytes, call) = loop {
            match parse(&buffer) {
                Ok(Some(found)) => break found,
                Ok(None) if buffer.len() <= HEAD_BYTES => {
                    if !fill(&mut stream, &mut buffer).await? {
                        return Ok(());
                    }
                }
                _ => {
                    return respond(
                        &mut stream,
                        400,
                        &json!({ "error": "malformed request" }),
                        false,
                    )
                    .await;
                }
            }
        };
        if call.body_bytes > BODY_BYTES {
            return respond(&mut stream, 413, &json!({ "error": "too long" }), false).await;
        }
        while buffer.len() < head_bytes + call.body_bytes {
            if !fill(&mut stream, &mut buffer).await? {
                return Ok(());
            }
        }
        let rest = buffer.split_off(head_bytes + call.body_bytes);
        let body = buffer.get(head_bytes..).unwrap_or_default();
        let (status, answer) = answer(&call, body, token, charges);
        respond(&mut stream, status, &answer, call.keeps_alive).await?;
        if !call.keeps_alive {
            return Ok(());
        }
        buffer = rest;
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<bool> {
    let read = timeout(PATIENCE, stream.read_buf(buffer))
        .await
        .map_err(|_| std::io::ErrorKind::TimedOut)??;
    Ok(read > 0)
}

/// The head and its length; `None` while it is not complete.
fn parse(bytes: &[u8]) -> Result<Option<(usize, Call)>, httparse::Error> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let httparse::Status::Complete(head_bytes) = request.parse(bytes)? else {
        return Ok(None);
    };
    let header = |name: &str| {
        request
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    };
    let body_bytes = match header("content-length") {
        None => 0,
        Some(value) => std::str::from_utf8(value)
            .ok()
            .and_then(|text| text.trim().parse().ok())
            .ok_or(httparse::Error::HeaderValue)?,
    };
    if header("transfer-encoding").is_some() {
        return Err(httparse::Error::HeaderName);
    }
    let keeps_alive = request.version == Some(1)
        && !header("connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"));
    let path = request.path.unwrap_or_default();
    let call = Call {
        method: request.method.unwrap_or_default().to_owned(),
        path: path.split('?').next().unwrap_or_default().to_owned(),
        authorization: header("authorization").map(<[u8]>::to_vec),
        body_bytes,
        keeps_alive,
    };
    Ok(Some((head_bytes, call)))
}

fn answer(call: &Call, body: &[u8], token: &SecretString, charges: &Charges) -> (u16, Value) {
    let is_known = call
        .authorization
        .as_ref()
        .and_then(|value| value.strip_prefix(b"Bearer "))
        .is_some_and(|given| constant_time_equal(given, token.expose().as_bytes()));
    if !is_known {
        return (401, json!({ "error": "a bearer token is needed" }));
    }
    let mut charges = lock(charges);
    match (
        call.method.as_str(),
        call.path.strip_prefix("/charges/"),
        call.path.as_str(),
    ) {
        ("GET", Some(id), _) => charges.get(id).map_or_else(
            || (404, json!({ "error": "no such charge" })),
            |charge| (200, charge.clone()),
        ),
        ("DELETE", Some(id), _) => match charges.remove(id) {
            Some(_) => (200, json!({ "id": id, "deleted": true })),
            None => (404, json!({ "error": "no such charge" })),
        },
        ("POST", None, "/charges") => {
            let wanted: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
            let Some(amount) = wanted.get("amount").and_then(Value::as_u64) else {
                return (400, json!({ "error": "amount is missing" }));
            };
            let id = format!("ch_{}", charges.len() + 1);
            let charge = json!({ "id": id, "amount": amount, "currency": wanted.get("currency").cloned().unwrap_or_else(|| json!("usd")), "status": "paid" });
            charges.insert(id, charge.clone());
            (201, charge)
        }
        _ => (404, json!({ "error": "not found" })),
    }
}

async fn respond(
    stream: &mut TcpStream,
    status: u16,
    body: &Value,
    keeps_alive: bool,
) -> std::io::Result<()> {
    let reason = match status {
        200 => "OK",
        201 => "Created",
        400 => "Bad Request",
        401 => "Unauthorized",
        413 => "Content Too Large",
        _ => "Not Found",
    };
    let body = body.to_string();
    let connection = if keeps_alive { "keep-alive" } else { "close" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: {connection}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).await
}
