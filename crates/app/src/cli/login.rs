//! `countersign login`: a session of 12 hours that can read. Changing and deciding ask for fresh proof.

use clap::Args;
use countersign_vault::SecretString;
use http::Method;
use serde_json::{Value, json};

use super::cx::Cx;
use super::secret::SecretSource;
use super::shown::text;
use crate::client::{Api, StoredSession, read_reply};
use crate::failure::{Failure, Result};

/// How to sign in: with the token that `onboard` or `token create` showed, or by name and password.
#[derive(Debug, Args)]
pub(super) struct Login {
    /// Sign in by password, as this operator
    #[arg(long, value_name = "OPERATOR")]
    password: Option<String>,
    #[command(flatten)]
    source: SecretSource,
}

impl Login {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let data_dir = cx.data_dir()?;
        let api = Api::connect_without_credential(&cx.env, &data_dir, cx.output)?;
        let mut body = match &self.password {
            Some(name) => {
                let password = self
                    .source
                    .read(&format!("password of {name}"), cx.output)?;
                json!({ "name": name, "password": password.expose() })
            }
            None => json!({ "token": self.source.read("sign-in token", cx.output)?.expose() }),
        };
        body["kind"] = json!("terminal");
        body["label"] = json!("countersign login");
        let response = api
            .exchange(&Method::POST, "/api/v1/sessions", Some(&body))
            .await?;
        let reply = read_reply(&response)?;
        let Some(secret) = reply.get("session").and_then(Value::as_str) else {
            return Err(Failure::unreachable(
                "unexpected",
                "the gateway's answer holds no session",
            )
            .next("check that the gateway is of the same version"));
        };
        let operator = text(&reply, "/operator").to_owned();
        let session = StoredSession::new(
            api.place(),
            &data_dir,
            SecretString::new(secret.to_owned()),
            &operator,
            self.password.is_some(),
        );
        session.store(&cx.env, &data_dir, api.place())?;
        let expires_at = text(&reply, "/expires_at");
        cx.output.result(
            &json!({ "operator": operator, "expires_at": expires_at, "gateway": api.place().text }),
            |output| {
                output.line(format!("signed in as {operator} until {expires_at}"));
            },
        );
        Ok(())
    }
}
