//! `countersign operator`: the humans who sign in.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::cx::Cx;
use super::parse::object;
use super::secret::SecretSource;
use super::shown::{self, Column, text};
use crate::client::encode;
use crate::failure::Result;

const COLUMNS: &[Column] = &[
    ("NAME", &["/name"]),
    ("ID", &["/id"]),
    ("ROLE", &["/role"]),
    ("CREATED", &["/created_at"]),
    ("DISABLED", &["/disabled_at"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Operator {
    /// Add an operator, with a sign-in token or a password
    Add(Add),
    /// List the operators
    List,
    /// Change what an operator may do
    Role(Role),
    /// Set an operator's password
    Password(Password),
    /// Shut an operator out: ends sessions, revokes keys and tokens
    Disable(Named),
}

/// One operator.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// The name or id
    operator: String,
}

/// A new operator.
#[derive(Debug, Args)]
pub(super) struct Add {
    /// The name
    name: String,
    /// owner, approver or viewer
    #[arg(long)]
    role: String,
    /// Ask for a password (or read it with --stdin or --file) instead of making a sign-in token
    #[arg(long)]
    password: bool,
    #[command(flatten)]
    source: SecretSource,
}

/// A change of role.
#[derive(Debug, Args)]
pub(super) struct Role {
    /// The name or id
    operator: String,
    /// owner, approver or viewer
    role: String,
}

/// A new password.
#[derive(Debug, Args)]
pub(super) struct Password {
    /// The name or id
    operator: String,
    #[command(flatten)]
    source: SecretSource,
}

impl Operator {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let api = cx.api()?;
        match self {
            Self::Add(add) => {
                let password = if add.password {
                    Some(
                        add.source
                            .read_new(&format!("password for {}", add.name), cx.output)?,
                    )
                } else {
                    None
                };
                let password = password
                    .as_ref()
                    .map_or(Value::Null, |password| Value::from(password.expose()));
                let made = api
                    .post(
                        "/api/v1/operators",
                        &object([
                            ("name", json!(add.name)),
                            ("role", json!(add.role)),
                            ("password", password),
                        ]),
                    )
                    .await?;
                let remedy = format!(
                    "the operator is there and their token is gone for good: `countersign token list` names it; revoke it, then `countersign token create NAME --operator {}`",
                    add.name
                );
                cx.output.secret_result(&made, &remedy, |output| {
                    output.line(format!(
                        "operator {} ({}), {}",
                        add.name,
                        text(&made, "/id"),
                        add.role
                    ));
                    let token = made.get("token").and_then(Value::as_str);
                    if let Some(token) = token {
                        output.line(format!("sign-in token {token}"));
                        output.note("the token is shown this once: hand it over now");
                    }
                })?;
            }
            Self::List => shown::list(
                cx.output,
                &api.list("/api/v1/operators", usize::MAX).await?,
                COLUMNS,
                "there is no operator",
            ),
            Self::Role(Role { operator, role }) => {
                shown::thing(
                    cx.output,
                    &api.put(
                        &format!("/api/v1/operators/{}/role", encode(&operator)),
                        &json!({ "role": role }),
                    )
                    .await?,
                );
            }
            Self::Password(Password { operator, source }) => {
                let password = source.read_new(&format!("password for {operator}"), cx.output)?;
                api.put(
                    &format!("/api/v1/operators/{}/password", encode(&operator)),
                    &json!({ "password": password.expose() }),
                )
                .await?;
                cx.output
                    .result(&json!({ "operator": operator }), |output| {
                        output.line(format!("the password of {operator} is set"));
                    });
            }
            Self::Disable(Named { operator }) => {
                api.delete(&format!("/api/v1/operators/{}", encode(&operator)))
                    .await?;
                cx.output
                    .result(&json!({ "disabled": operator }), |output| {
                        output.line(format!("operator {operator} is shut out"));
                    });
            }
        }
        Ok(())
    }
}
