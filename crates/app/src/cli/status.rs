//! `countersign status`: whether the gateway runs and what it waits for.

use clap::Args;
use http::Method;
use serde_json::{Map, Value, json};

use super::cx::Cx;
use super::shown::{cell, fields};
use crate::client::Api;
use crate::failure::Result;
use crate::output::Table;

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
            .result(&status, |output| output.table(&table(&status)));
        if status.pointer("/readiness/status") == Some(&json!("setup")) {
            cx.output
                .note(format!("next: {}", open.place().to_set_up()));
        }
        Ok(())
    }
}

/// One table of everything, what the gateway says of itself below.
fn table(status: &Value) -> Table {
    let mut outer = status.clone();
    let inner = outer.as_object_mut().and_then(|outer| {
        outer.remove("readiness");
        outer.remove("gateway")
    });
    let mut table = fields(&outer);
    if status.get("ready") == Some(&Value::Bool(false)) {
        let problems = status.pointer("/readiness/problems");
        table.row([
            "problems".to_owned(),
            problems.map(cell).unwrap_or_default(),
        ]);
    }
    if let Some(Value::Object(inner)) = inner {
        for (name, value) in inner.iter().filter(|(name, _)| !outer_has(&outer, name)) {
            table.row([name.clone(), cell(value)]);
        }
    }
    table
}

fn outer_has(outer: &Value, name: &str) -> bool {
    outer.get(name).is_some()
}
