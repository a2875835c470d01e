//! `countersign login`: a session of 12 hours that can read. Changing and deciding ask for fresh proof.

use clap::Args;
use countersign_domain::Name;
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
    /// Sign in by password, as this operator; the password is asked for
    #[arg(long, value_name = "NAME", conflicts_with = "password")]
    operator: Option<String>,
    /// The old name of `--operator`
    #[arg(long, value_name = "NAME", hide = true)]
    password: Option<String>,
    #[command(flatten)]
    source: SecretSource,
}

/// The operator that `--password` names. A password there stands in the process list already: it goes no further, and is not repeated.
fn named_by_old_flag(name: Option<&String>, cx: &Cx) -> Result<()> {
    let Some(name) = name else {
        return Ok(());
    };
    if name.parse::<Name>().is_err() {
        return Err(Failure::usage(
            "--password takes no password: what was given is no operator's name, and other processes could read it",
        )
        .next("change that password if it was one; say `countersign login --operator NAME`, which asks for the password"));
    }
    cx.output
        .warn("--password NAME is called --operator NAME now; it never took a password");
    Ok(())
}

impl Login {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        named_by_old_flag(self.password.as_ref(), cx)?;
        let operator_name = self.operator.as_ref().or(self.password.as_ref());
        let data_dir = cx.data_dir()?;
        let api = Api::connect_without_credential(&cx.env, &data_dir, cx.output)?;
        let mut body = match operator_name {
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
            operator_name.is_some(),
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
