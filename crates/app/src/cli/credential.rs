//! `countersign credential`: secrets of targets. They go in and never come out.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::cx::Cx;
use super::parse::object;
use super::secret::SecretSource;
use super::shown::{self, Column, text};
use crate::client::encode;
use crate::failure::{Failure, Result};
use crate::output::Output;

const COLUMNS: &[Column] = &[
    ("TARGET", &["/target"]),
    ("PROFILE", &["/profile"]),
    ("TYPE", &["/type"]),
    ("SHOWN AS", &["/shown_as"]),
    ("SET", &["/set_at"]),
    ("REVISION", &["/revision"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Credential {
    /// Set or replace a target's credential
    Set(Set),
    /// List what is set, without values
    List,
    /// Remove a target's credential
    Remove(Remove),
}

/// A credential to set. The secret itself comes from a prompt, standard input or a file.
#[derive(Debug, Args)]
pub(super) struct Set {
    /// The target's name or id
    target: String,
    /// The profile [default: default]
    #[arg(long)]
    profile: Option<String>,
    /// bearer, basic, `api_key_header`, `api_key_query` or headers
    #[arg(long = "type")]
    kind: String,
    /// The user name, for basic
    #[arg(long)]
    username: Option<String>,
    /// The header's name, for `api_key_header`
    #[arg(long)]
    header: Option<String>,
    /// The query parameter's name, for `api_key_query`
    #[arg(long)]
    parameter: Option<String>,
    #[command(flatten)]
    source: SecretSource,
}

/// A credential to remove.
#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The target's name or id
    target: String,
    /// The profile [default: default]
    #[arg(long)]
    profile: Option<String>,
}

impl Credential {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Set(set) => {
                let body = object([
                    ("target", json!(set.target)),
                    ("profile", json!(set.profile)),
                    ("type", json!(set.kind)),
                    ("fields", set.fields(cx.output)?),
                ]);
                let made = cx.api()?.post("/api/v1/credentials", &body).await?;
                cx.output.result(&made, |output| {
                    output.line(format!(
                        "the credential of {} is set ({})",
                        set.target,
                        text(&made, "/type")
                    ));
                });
            }
            Self::List => shown::list(
                cx.output,
                &cx.api()?.list("/api/v1/credentials", usize::MAX).await?,
                COLUMNS,
                "no credential is set",
            ),
            Self::Remove(Remove { target, profile }) => {
                let query = profile
                    .map(|profile| format!("?profile={}", encode(&profile)))
                    .unwrap_or_default();
                cx.api()?
                    .delete(&format!("/api/v1/credentials/{}{query}", encode(&target)))
                    .await?;
                cx.output.result(&json!({ "removed": target }), |output| {
                    output.line(format!("the credential of {target} is removed"));
                });
            }
        }
        Ok(())
    }
}

impl Set {
    fn fields(&self, output: Output) -> Result<Value> {
        let named = |value: &Option<String>, flag: &str| {
            value.clone().ok_or_else(|| {
                Failure::usage(format!("a credential of type {} needs --{flag}", self.kind))
            })
        };
        let (name, secret_name) = match self.kind.as_str() {
            "bearer" => (None, "token"),
            "basic" => (
                Some(("username", named(&self.username, "username")?)),
                "password",
            ),
            "api_key_header" => (Some(("header", named(&self.header, "header")?)), "key"),
            "api_key_query" => (
                Some(("parameter", named(&self.parameter, "parameter")?)),
                "key",
            ),
            "headers" => return self.headers(output),
            other => {
                return Err(Failure::usage(format!("`{other}` is no credential type"))
                    .next("use bearer, basic, api_key_header, api_key_query or headers"));
            }
        };
        let secret = self
            .source
            .read(&format!("{secret_name} for {}", self.target), output)?;
        let mut fields = Map::new();
        if let Some((name, value)) = name {
            fields.insert(name.to_owned(), Value::from(value));
        }
        fields.insert(secret_name.to_owned(), Value::from(secret.expose()));
        Ok(fields.into())
    }

    /// A line `Name: value` for each header.
    fn headers(&self, output: Output) -> Result<Value> {
        let secret = self.source.read(
            &format!("headers for {}, as `Name: value`", self.target),
            output,
        )?;
        let fields: Option<Map<String, Value>> = secret
            .expose()
            .lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| {
                line.split_once(':')
                    .map(|(name, value)| (name.trim().to_owned(), Value::from(value.trim())))
            })
            .collect();
        fields.map(Value::from).ok_or_else(|| {
            Failure::usage("a line of the headers has no colon").next("write each as `Name: value`")
        })
    }
}
