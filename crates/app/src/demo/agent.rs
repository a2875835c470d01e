//! The example agent: a plain HTTP client with its own key. It never sees the API's token.

use countersign_net::{LocalClient, LocalClientConfig, LocalEndpoint, LocalRequest, LocalResponse};
use countersign_vault::SecretString;
use http::header::{AUTHORIZATION, HeaderValue};
use http::{HeaderName, Method};
use serde_json::{Value, json};

use crate::failure::{Failure, Result};

/// An agent that knows the gateway's address, its key and the API's address, and nothing else.
pub(super) struct Agent {
    client: LocalClient,
    authorization: HeaderValue,
    base_url: String,
}

/// What the gateway answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The status.
    pub(super) status: u16,
    /// How the action went: `forwarded`, `executed-approved`.
    pub(super) proxied: Option<String>,
    /// The body.
    pub(super) body: Value,
}

impl Agent {
    /// An agent at this gateway.
    pub(super) fn new(gateway: &str, key: &SecretString, base_url: &str) -> Result<Self> {
        let endpoint =
            LocalEndpoint::parse(gateway).map_err(|error| Failure::usage(error.to_string()))?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", key.expose()))
            .map_err(|_| Failure::unauthorised("key", "the agent's key is malformed"))?;
        authorization.set_sensitive(true);
        Ok(Self {
            client: LocalClient::new(endpoint, LocalClientConfig::default()),
            authorization,
            base_url: base_url.to_owned(),
        })
    }

    /// Asks for an action through the proxy face.
    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        intent: &str,
        idempotency_key: Option<&str>,
    ) -> Result<Answer> {
        let document = json!({
            "targetUrl": format!("{}{path}", self.base_url),
            "method": method,
            "headers": { "content-type": "application/json" },
            "body": body.map(Value::to_string),
            "intent": intent,
        });
        let mut request = LocalRequest::new(Method::POST, "/proxy")
            .with_json(&document)
            .map_err(|error| Failure::usage(error.to_string()))?;
        if let Some(key) = idempotency_key.and_then(|key| HeaderValue::from_str(key).ok()) {
            request
                .headers
                .insert(HeaderName::from_static("idempotency-key"), key);
        }
        self.send(request).await
    }

    /// Where a request stands.
    pub(super) async fn status(&self, id: &str) -> Result<Answer> {
        self.send(LocalRequest::new(Method::GET, format!("/status/{id}")))
            .await
    }

    /// Carries out what was approved.
    pub(super) async fn execute(&self, id: &str) -> Result<Answer> {
        self.send(LocalRequest::new(
            Method::POST,
            format!("/proxy/execute/{id}"),
        ))
        .await
    }

    async fn send(&self, mut request: LocalRequest) -> Result<Answer> {
        request
            .headers
            .insert(AUTHORIZATION, self.authorization.clone());
        let lost = |error: countersign_net::NetError| {
            Failure::unreachable(
                "unreachable",
                format!("the demo's gateway does not answer: {error}"),
            )
        };
        let response: LocalResponse = self.client.send(request).await.map_err(lost)?;
        let proxied = response
            .headers
            .get("x-proxy-status")
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        Ok(Answer {
            status: response.status.as_u16(),
            proxied,
            body: response.json().unwrap_or(Value::Null),
        })
    }
}
