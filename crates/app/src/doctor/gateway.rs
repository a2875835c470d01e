//! The running gateway: whether it answers, what it says of itself, and whether its targets can be reached.

use http::Method;
use serde_json::{Value, json};

use super::finding::Finding;
use crate::cli::Cx;
use crate::client::{Api, encode};
use crate::config::Settings;
use crate::failure::Exit;

const SIGN_IN: &str = "countersign login, or set COUNTERSIGN_API_KEY";

pub(super) async fn examine(cx: &Cx, settings: &Settings) -> Vec<Finding> {
    let api = match Api::connect(&cx.env, &settings.data_dir, cx.output) {
        Ok(api) => api,
        Err(failure) => {
            return vec![Finding::fail(
                "gateway",
                failure.message,
                "countersign gateway",
            )];
        }
    };
    let ready = match api.exchange(&Method::GET, "/readyz", None).await {
        Ok(ready) => ready,
        Err(failure) => {
            return vec![Finding::fail(
                "gateway",
                failure.message,
                failure.next.unwrap_or_default(),
            )];
        }
    };
    let mut findings = vec![Finding::ok(
        "gateway",
        format!("answers on {}", api.place().text),
    )];
    let says: Value = ready.json().unwrap_or(Value::Null);
    if ready.status.is_success() {
        findings.push(Finding::ok("store", "the gateway is ready"));
    } else if says.get("status").and_then(Value::as_str) == Some("setup") {
        findings.push(Finding::warn(
            "store",
            "the gateway waits to be set up",
            api.place().to_set_up(),
        ));
        return findings;
    } else if says.to_string().contains("\"locked\"") {
        findings.push(Finding::warn(
            "store",
            "the vault is locked",
            "countersign vault unlock",
        ));
        return findings;
    } else {
        findings.push(Finding::fail(
            "store",
            format!("the gateway is not ready: {}", problems(&says)),
            "look at the gateway's log: standard error of its process",
        ));
    }
    findings.push(ledger(&api).await);
    findings.extend(kills(&api).await);
    findings.extend(targets(&api).await);
    findings
}

/// What keeps the gateway from working, in its words.
fn problems(says: &Value) -> String {
    let problems = says.get("problems").and_then(Value::as_array);
    let words: Vec<&str> = problems
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if words.is_empty() {
        "it does not say why".to_owned()
    } else {
        words.join(", ").replace('_', " ")
    }
}

/// Nothing where nothing is stopped, or where the caller may not know.
async fn kills(api: &Api) -> Option<Finding> {
    let stopped = api.list("/api/v1/kills", usize::MAX).await.ok()?.len();
    (stopped > 0).then(|| {
        Finding::warn(
            "kill switch",
            format!("{stopped} pulled: what is stopped is refused"),
            "countersign kill list, then countersign kill release",
        )
    })
}

async fn ledger(api: &Api) -> Finding {
    match api.get("/api/v1/audit/verify").await {
        Ok(report) if report.get("valid") == Some(&Value::Bool(true)) => Finding::ok(
            "ledger",
            format!(
                "{} entries, as they were written",
                report.get("entries").cloned().unwrap_or_default()
            ),
        ),
        Ok(report) => Finding::fail(
            "ledger",
            format!(
                "it is not as it was written: {}",
                report.get("reason").cloned().unwrap_or_default()
            ),
            "countersign audit verify",
        ),
        Err(failure) if failure.exit == Exit::Unauthorised => {
            let why = format!("not checked: {}", failure.message);
            Finding::warn(
                "ledger",
                why,
                failure.next.unwrap_or_else(|| SIGN_IN.to_owned()),
            )
        }
        Err(failure) => Finding::fail("ledger", failure.message, "countersign audit verify"),
    }
}

async fn targets(api: &Api) -> Vec<Finding> {
    let targets = match api.list("/api/v1/targets", usize::MAX).await {
        Ok(targets) => targets,
        Err(failure) if failure.exit == Exit::Unauthorised => {
            return vec![Finding::warn(
                "targets",
                format!("not checked: {}", failure.message),
                failure.next.unwrap_or_else(|| SIGN_IN.to_owned()),
            )];
        }
        Err(failure) => {
            return vec![Finding::fail(
                "targets",
                failure.message,
                "countersign target list",
            )];
        }
    };
    if targets.is_empty() {
        return vec![Finding::ok("targets", "there is none yet")];
    }
    let mut findings = Vec::with_capacity(targets.len());
    for name in targets
        .iter()
        .filter_map(|target| target.get("name").and_then(Value::as_str))
    {
        let mend = format!("countersign target test {name}");
        findings.push(
            match api
                .post(
                    &format!("/api/v1/targets/{}/test", encode(name)),
                    &json!({}),
                )
                .await
            {
                Ok(answer) if answer.get("ok") == Some(&Value::Bool(true)) => {
                    Finding::ok("target", format!("{name} can be reached"))
                }
                Ok(answer) => Finding::warn(
                    "target",
                    format!(
                        "{name}: {}",
                        answer
                            .get("detail")
                            .and_then(Value::as_str)
                            .unwrap_or("can't be reached")
                    ),
                    mend,
                ),
                Err(failure) => {
                    Finding::warn("target", format!("{name}: {}", failure.message), mend)
                }
            },
        );
    }
    findings
}
