//! `countersign status`: whether the gateway runs and what it waits for.

use clap::Args;
use http::Method;
use serde_json::{Map, Value, json};

use super::cx::Cx;
use super::shown::fields;
use crate::client::Api;
use crate::failure::Result;

/// No arguments.
#[derive(Debug, Args)]
pub(super) struct Status {}

impl Status {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let data_dir = cx.data_dir()?;
        let open = Api::connect_without_credential(&cx.env, &data_dir, cx.output)?;
        let ready = open.exchange(&Method::GET, "/readyz", None).await?;
        let readiness: Value = ready.json().unwrap_or(Value::Null);
        let mut status = Map::new();
        status.insert("address".to_owned(), json!(open.place().text));
        if let Some(run_file) = &open.place().run_file {
            status.insert("pid".to_owned(), json!(run_file.pid));
            status.insert("started_at".to_owned(), json!(run_file.started_at));
            status.insert("data_dir".to_owned(), json!(data_dir.path()));
            status.insert("fingerprint".to_owned(), json!(run_file.fingerprint));
        }
        status.insert("ready".to_owned(), json!(ready.status.is_success()));
        status.insert("readiness".to_owned(), readiness);
        // What only those who signed in may know; without that, the rest is still worth showing.
        if let Ok(details) = Api::connect(&cx.env, &data_dir, cx.output)?
            .get("/api/v1/status")
            .await
        {
            status.insert("gateway".to_owned(), details);
        }
        let status = Value::Object(status);
        cx.output
            .result(&status, |output| output.table(&fields(&status)));
        Ok(())
    }
}
