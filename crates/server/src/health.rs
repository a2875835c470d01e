//! `/healthz` and `/readyz`: for whoever starts and watches the process. Codes only: both are open to anybody.

use std::sync::Arc;

use axum::{Json as Document, extract::State};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::ServerState;

/// That the process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    /// `ok`.
    status: &'static str,
}

/// Whether actions can be submitted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// `ready`, `setup`, `locked`, `stopping` or `not_ready`.
    status: &'static str,
    /// What is wrong, as codes; `countersign doctor` says it in words.
    problems: Vec<&'static str>,
}

/// That the process answers.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = Alive)))]
pub(crate) async fn healthz() -> Document<Alive> {
    Document(Alive { status: "ok" })
}

/// Whether actions can be submitted.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
pub(crate) async fn readyz(
    State(state): State<Arc<ServerState>>,
) -> (StatusCode, Document<Readiness>) {
    let readiness = if state.draining.is_cancelled() {
        Readiness {
            status: "stopping",
            problems: vec!["stopping"],
        }
    } else {
        match state.gate() {
            None if state.setup().is_some() => Readiness {
                status: "setup",
                problems: vec!["setup"],
            },
            None => Readiness {
                status: "locked",
                problems: vec!["locked"],
            },
            Some(gate) => {
                let problems: Vec<_> = gate
                    .health()
                    .problems
                    .into_iter()
                    .map(|problem| problem.code)
                    .collect();
                Readiness {
                    status: if problems.is_empty() {
                        "ready"
                    } else {
                        "not_ready"
                    },
                    problems,
                }
            }
        }
    };
    let status = if readiness.problems.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Document(readiness))
}
