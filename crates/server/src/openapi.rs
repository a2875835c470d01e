//! `/openapi.json`: generated from the handlers, completed from the access table.

use std::sync::{Arc, LazyLock};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};
use serde_json::{Value, json};

use crate::{
    access::{Access, Face, ROUTES},
    problem::ProblemDocument,
    router,
    state::ServerState,
};

/// The document of the native face and every dialect: a pure function of the code.
static DOCUMENT: LazyLock<String> = LazyLock::new(build);

/// The document, as `/openapi.json` answers it and `docs/openapi.json` keeps it.
pub fn openapi_document() -> &'static str {
    &DOCUMENT
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", responses((status = 200, description = "OpenAPI", body = Object)))]
pub(crate) async fn document(State(_state): State<Arc<ServerState>>) -> Response {
    (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        openapi_document(),
    )
        .into_response()
}

fn build() -> String {
    let mut document = serde_json::to_value(router::openapi()).unwrap_or_default();
    document["info"] = json!({
        "title": "Countersign",
        "version": env!("CARGO_PKG_VERSION"),
        "description": "The gate between AI agents and everything they touch. Errors are RFC 9457 problems with a stable `code`; lists are \
            `{items, next}`. A key goes into `Authorization: Bearer` (or `Agent-Key`, `X-API-Key`), a session into its cookie, with its CSRF \
            token in `X-CSRF-Token` on everything that changes something.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    });
    document["components"]["securitySchemes"] = json!({
        "key": {"type": "http", "scheme": "bearer", "description": "A key, or the session of a terminal"},
        "agentKey": {"type": "apiKey", "in": "header", "name": "Agent-Key"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "session": {"type": "apiKey", "in": "cookie", "name": crate::caller::SESSION_COOKIE},
    });
    document["components"]["schemas"]["ProblemDocument"] = schema::<ProblemDocument>();
    for route in ROUTES {
        // Pages are in the table and not in the document.
        let Some(operation) = document["paths"]
            .get_mut(route.path)
            .and_then(|path| path.get_mut(route.method.to_ascii_lowercase()))
        else {
            continue;
        };
        operation["security"] = match route.access {
            Access::Open => json!([]),
            Access::Any | Access::Needs(_) | Access::NeedsOne(..) | Access::NeedsBoth(..) => {
                json!([{"key": []}, {"agentKey": []}, {"apiKey": []}, {"session": []}])
            }
        };
        operation["x-access"] = match route.access {
            Access::Open => json!("open"),
            Access::Any => json!("any"),
            Access::Needs(permission) => json!(format!("{permission:?}")),
            Access::NeedsOne(one, other) => json!(format!("{one:?} or {other:?}")),
            Access::NeedsBoth(one, other) => json!(format!("{one:?} and {other:?}")),
        };
        if !matches!(route.face, Face::GaiterGuard | Face::AgentGate) {
            operation["responses"]["default"] = json!({
                "description": "What went wrong",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
            });
        }
    }
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

fn schema<T: utoipa::PartialSchema>() -> Value {
    serde_json::to_value(T::schema()).unwrap_or_default()
}
