//! The command line as a client of the running gateway: it holds no rule, and what it may do is what its credential may do.

mod discover;
mod explain;
mod problem;
mod session;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_net::{
    LocalClient, LocalClientConfig, LocalRequest, LocalResponse, LocalStream, NetError,
};
use countersign_vault::SecretString;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use serde_json::{Value, json};

pub(crate) use discover::{Place, find};
pub(crate) use problem::read as read_reply;
pub(crate) use session::StoredSession;

use crate::config::{API_KEY, DataDir, Env};
use crate::failure::{Failure, Result};
use crate::output::Output;
use crate::prompt;
use crate::run_file::RunFile;

/// What requests are signed with.
enum Credential {
    /// Nothing: only open routes answer.
    None,
    /// `COUNTERSIGN_API_KEY`.
    Key(SecretString),
    /// `countersign login`.
    Session(StoredSession),
}

/// A client of one gateway.
pub(crate) struct Api {
    client: LocalClient,
    place: Place,
    credential: Credential,
    idempotency_key: Option<HeaderValue>,
    output: Output,
    /// Whether a gateway answered there already.
    is_recognised: AtomicBool,
}

impl Api {
    /// A client for the gateway that the environment or the data directory names, signed in as the environment or `login` says.
    pub(crate) fn connect(env: &Env, data_dir: &DataDir, output: Output) -> Result<Self> {
        let mut api = Self::connect_without_credential(env, data_dir, output)?;
        api.credential = if let Some(found) = API_KEY.find(env)? {
            found.warn(output);
            Credential::Key(found.text)
        } else {
            StoredSession::load(env, data_dir, &api.place)?
                .map_or(Credential::None, Credential::Session)
        };
        Ok(api)
    }

    /// A client that is signed in by `login` only, whatever key the environment holds.
    pub(crate) fn connect_session(env: &Env, data_dir: &DataDir, output: Output) -> Result<Self> {
        let mut api = Self::connect_without_credential(env, data_dir, output)?;
        api.credential = StoredSession::load(env, data_dir, &api.place)?
            .map_or(Credential::None, Credential::Session);
        Ok(api)
    }

    /// The same, without signing anything.
    pub(crate) fn connect_without_credential(
        env: &Env,
        data_dir: &DataDir,
        output: Output,
    ) -> Result<Self> {
        let place = find(env, data_dir)?;
        let config = LocalClientConfig {
            pin: place.pin.clone(),
            ..LocalClientConfig::default()
        };
        let client = LocalClient::new(place.endpoint.clone(), config);
        Ok(Self {
            client,
            place,
            credential: Credential::None,
            idempotency_key: None,
            output,
            is_recognised: AtomicBool::new(false),
        })
    }

    /// A client for a known gateway, signed with a key.
    pub(crate) fn with_key(address: &str, key: SecretString, output: Output) -> Result<Self> {
        let place = Place::named(address)?;
        let client = LocalClient::new(place.endpoint.clone(), LocalClientConfig::default());
        Ok(Self {
            client,
            place,
            credential: Credential::Key(key),
            idempotency_key: None,
            output,
            is_recognised: AtomicBool::new(false),
        })
    }

    /// Sends the key with every POST from now on: a repetition gets the first outcome again.
    pub(crate) fn set_idempotency_key(&mut self, key: &str) -> Result<()> {
        let wrong = |_| Failure::usage("an idempotency key has 1 to 255 visible ASCII characters");
        self.idempotency_key = Some(HeaderValue::from_str(key).map_err(wrong)?);
        Ok(())
    }

    /// Where the gateway is.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The stored session in use, if it is one.
    pub(crate) fn session(&self) -> Option<&StoredSession> {
        match &self.credential {
            Credential::Session(session) => Some(session),
            _ => None,
        }
    }

    /// Reads.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, None).await
    }

    /// Makes or does.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::POST, path, Some(body)).await
    }

    /// Changes.
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::PATCH, path, Some(body)).await
    }

    /// Puts in place.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// Takes away.
    pub(crate) async fn delete(&self, path: &str) -> Result<Value> {
        self.call(Method::DELETE, path, None).await
    }

    /// The items of a list, all pages of it up to `limit`.
    pub(crate) async fn list(&self, path: &str, limit: usize) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut page = path.to_owned();
        loop {
            let mut reply = self.get(&page).await?;
            items.append(&mut take_items(&mut reply).ok_or_else(|| {
                Failure::unreachable("unexpected", "the gateway's answer holds no list")
                    .next("check that the gateway is of the same version")
            })?);
            let next = reply.get("next").and_then(|next| {
                next.as_str()
                    .map(str::to_owned)
                    .or_else(|| next.as_u64().map(|next| next.to_string()))
            });
            let Some(next) = next.filter(|_| items.len() < limit) else {
                break;
            };
            let joint = if path.contains('?') { '&' } else { '?' };
            page = format!("{path}{joint}cursor={}", encode(&next));
        }
        items.truncate(limit);
        Ok(items)
    }

    /// One request. Where the gateway wants fresh proof of a terminal's session, the person is asked for it once.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        let response = self.exchange(&method, path, body).await?;
        let failure = match problem::read(&response) {
            Ok(value) => return Ok(value),
            Err(failure) => failure,
        };
        if failure.code != "proof_required" {
            return Err(self.explain(failure, path, body).await);
        }
        let Credential::Session(session) = &self.credential else {
            return Err(failure);
        };
        self.output.note(format!(
            "{} has to prove who they are for this (asked again after five minutes)",
            session.operator
        ));
        let secret = prompt::secret(
            "your sign-in token or password",
            "use a key with the scope for it: COUNTERSIGN_API_KEY",
        )?;
        problem::read(
            &self
                .exchange(
                    &Method::POST,
                    "/api/v1/sessions/proof",
                    Some(&sign_in_body(
                        &session.operator,
                        &secret,
                        session.by_password,
                    )),
                )
                .await?,
        )?;
        match problem::read(&self.exchange(&method, path, body).await?) {
            Ok(value) => Ok(value),
            Err(failure) => Err(self.explain(failure, path, body).await),
        }
    }

    /// A refusal in the command line's own words.
    async fn explain(&self, failure: Failure, path: &str, body: Option<&Value>) -> Failure {
        let failure = explain::in_flags(self.advise(failure));
        let Some(missing) = explain::Missing::of(&failure, path, body) else {
            return failure;
        };
        let known = match missing.noun.list {
            None => None,
            Some(list) => match self.exchange(&Method::GET, list, None).await {
                Ok(reply) => problem::read(&reply)
                    .ok()
                    .and_then(|mut reply| take_items(&mut reply)),
                Err(_) => None,
            },
        };
        missing.tell(failure, known.as_deref())
    }

    /// One request and its whole reply, whatever its status.
    pub(crate) async fn exchange(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<LocalResponse> {
        self.recognise().await?;
        self.client
            .send(self.request(method, path, body)?)
            .await
            .map_err(|error| self.unreachable(&error))
    }

    /// One request whose reply is read as it comes.
    pub(crate) async fn open(&self, path: &str, accept: &'static str) -> Result<LocalStream> {
        self.recognise().await?;
        let mut request = self.request(&Method::GET, path, None)?;
        request
            .headers
            .insert(http::header::ACCEPT, HeaderValue::from_static(accept));
        let mut stream = self
            .client
            .open(request)
            .await
            .map_err(|error| self.unreachable(&error))?;
        if stream.status.is_success() {
            return Ok(stream);
        }
        let mut body = Vec::new();
        while let Some(chunk) = stream
            .next_chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > 64 * 1024 {
                break;
            }
        }
        let response = LocalResponse {
            status: stream.status,
            headers: stream.headers.clone(),
            body: body.into(),
        };
        match problem::read(&response) {
            Err(failure) => Err(self.explain(failure, path, None).await),
            Ok(_) => Err(Failure::unreachable(
                "unexpected",
                format!("the gateway answered with status {}", response.status),
            )),
        }
    }

    /// Asks once, without any secret, whether what answers at an address that somebody typed is a gateway: another server that says 200 to
    /// everything would be told the key, and its answers would be taken for success. A gateway that `run.json` names holds the lock.
    async fn recognise(&self) -> Result<()> {
        if self.place.run_file.is_some() || self.is_recognised.load(Ordering::Relaxed) {
            return Ok(());
        }
        let asked = LocalRequest::new(Method::GET, "/readyz");
        let reply = self.client.send(asked).await;
        let reply = reply.map_err(|error| self.unreachable(&error))?;
        if is_readiness(&reply) {
            self.is_recognised.store(true, Ordering::Relaxed);
            return Ok(());
        }
        // A gateway that is called by another name than its own says so itself.
        if !reply.status.is_success()
            && let Err(failure) = problem::read(&reply)
            && failure.code != "unexpected"
        {
            return Err(failure);
        }
        Err(Failure::unreachable(
            "no_gateway",
            format!(
                "what answers at {} is no Countersign gateway: no secret was sent to it",
                self.place.text
            ),
        )
        .next("check COUNTERSIGN_URL"))
    }

    /// Waits until the gateway answers at all.
    pub(crate) async fn wait_until_ready(&self, patience: Duration) -> Result<()> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let answer = self.exchange(&Method::GET, "/readyz", None).await;
            match answer {
                Ok(response) if response.status.is_success() => return Ok(()),
                _ if tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Ok(response) => {
                    return Err(Failure::state(
                        "not_ready",
                        format!(
                            "the gateway is not ready: {}",
                            String::from_utf8_lossy(&response.body)
                        ),
                    ));
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    fn request(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<LocalRequest> {
        self.place.check()?;
        let plain = path.split('?').next().unwrap_or_default();
        if plain.split('/').skip(1).any(str::is_empty) {
            return Err(Failure::usage("the name or id is empty")
                .next("say which one: the lists (`countersign list`, `countersign agent list` ...) name them"));
        }
        let mut request = LocalRequest::new(method.clone(), path);
        if let Some(body) = body {
            request = request
                .with_json(body)
                .map_err(|error| Failure::usage(error.to_string()))?;
        }
        if let Some(key) = self
            .idempotency_key
            .as_ref()
            .filter(|_| method == Method::POST)
        {
            request
                .headers
                .insert(HeaderName::from_static("idempotency-key"), key.clone());
        }
        match &self.credential {
            Credential::None => {}
            Credential::Key(key) => {
                insert(
                    &mut request.headers,
                    AUTHORIZATION,
                    &format!("Bearer {}", key.expose()),
                )?;
            }
            Credential::Session(session) => {
                insert(
                    &mut request.headers,
                    AUTHORIZATION,
                    &format!("Bearer {}", session.secret.expose()),
                )?;
            }
        }
        Ok(request)
    }

    fn unreachable(&self, error: &NetError) -> Failure {
        let failure = Failure::unreachable(
            "unreachable",
            format!(
                "the gateway at {} does not answer: {error}",
                self.place.text
            ),
        );
        match &self.place.run_file {
            None => failure.next("check COUNTERSIGN_URL, and that the gateway runs there"),
            Some(_) if self.place.check().is_err() => {
                failure.next("the gateway has just ended: start it with `countersign gateway`")
            }
            Some(RunFile { pid, .. }) => {
                failure.next(format!("process {pid} wrote run.json: look at its log"))
            }
        }
    }

    fn advise(&self, failure: Failure) -> Failure {
        match failure.code.as_str() {
            "locked" => {
                return Failure {
                    message: "the gateway is locked".to_owned(),
                    ..failure
                }
                .next("countersign vault unlock");
            }
            "setup" => return failure.next(self.place.to_set_up()),
            "already_decided" => {
                let message = failure.message.replacen("Request", "the request is", 1);
                return Failure { message, ..failure }
                    .next("`countersign show ID` says by whom, and what came of it");
            }
            _ => {}
        }
        match (&self.credential, failure.exit) {
            (Credential::None, crate::failure::Exit::Unauthorised) => {
                failure.next("sign in with `countersign login`, or set COUNTERSIGN_API_KEY or COUNTERSIGN_API_KEY_FILE")
            }
            (Credential::Key(_), crate::failure::Exit::Unauthorised)
                if failure.code == "unauthenticated" =>
            {
                let message =
                    "the key in COUNTERSIGN_API_KEY or COUNTERSIGN_API_KEY_FILE is not valid here: it is wrong, revoked or has ended"
                        .to_owned();
                Failure { message, ..failure }.next(
                    "copy the whole key, or unset the variable and sign in with `countersign login`",
                )
            }
            (Credential::Session(_), crate::failure::Exit::Unauthorised) if failure.code == "unauthenticated" => {
                failure.next("the session has ended: sign in again with `countersign login`")
            }
            _ => failure,
        }
    }
}

/// What proves who an operator is.
pub(crate) fn sign_in_body(name: &str, secret: &SecretString, by_password: bool) -> Value {
    if by_password {
        json!({ "name": name, "password": secret.expose() })
    } else {
        json!({ "token": secret.expose() })
    }
}

/// The array in a list's reply, if it is one.
pub(crate) fn take_items(reply: &mut Value) -> Option<Vec<Value>> {
    match reply {
        Value::Array(items) => Some(std::mem::take(items)),
        Value::Object(_) => match reply.get_mut("items") {
            Some(Value::Array(items)) => Some(std::mem::take(items)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a reply to `/readyz` is a gateway's, locked and stopping ones included.
fn is_readiness(reply: &LocalResponse) -> bool {
    let Ok(says) = reply.json::<Value>() else {
        return false;
    };
    let status = says.get("status").and_then(Value::as_str);
    matches!(reply.status.as_u16(), 200 | 503)
        && matches!(
            status,
            Some("ready" | "setup" | "locked" | "stopping" | "not_ready")
        )
        && says.get("problems").is_some_and(Value::is_array)
}

/// A text as one segment of a path or one value of a query.
pub(crate) fn encode(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut encoded, byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                encoded.push(char::from(byte));
            } else {
                encoded.push('%');
                encoded.extend(hex_digits(byte));
            }
            encoded
        })
}

fn hex_digits(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|digit| {
        char::from_digit(u32::from(digit), 16)
            .unwrap_or('0')
            .to_ascii_uppercase()
    })
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<()> {
    let mut value = HeaderValue::from_str(value).map_err(|_| {
        Failure::unauthorised(
            "malformed_credential",
            "the key holds characters that no key has",
        )
        .next("copy the whole key as it was shown")
    })?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}
