//! The routers: which routes a listener answers.
//!
//! Every route is registered through the OpenAPI router, so that the document, the access table and the router can be compared.

use std::sync::Arc;

use axum::{Json, Router, middleware::from_fn_with_state, response::IntoResponse, routing::get};
use http::{Method, StatusCode, Uri};
use utoipa::openapi::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api,
    caller::enforce,
    config::{Dialects, Serves},
    dialects, health, metrics, openapi,
    problem::Problem,
    state::ServerState,
    web::{self, WebPage},
};

fn everything(dialects: Dialects) -> OpenApiRouter<Arc<ServerState>> {
    let router = OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(openapi::document))
        .routes(routes!(metrics::metrics))
        .merge(api::routes());
    let router = if dialects.gaiterguard {
        router.merge(dialects::gaiterguard::routes())
    } else {
        router
    };
    if dialects.agentgate {
        router.merge(dialects::agentgate::routes())
    } else {
        router
    }
}

fn agents(dialects: Dialects) -> OpenApiRouter<Arc<ServerState>> {
    let router = OpenApiRouter::new()
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(openapi::document))
        .merge(api::actions::agent_routes());
    let router = if dialects.gaiterguard {
        router.merge(dialects::gaiterguard::routes())
    } else {
        router
    };
    if dialects.agentgate {
        router.merge(dialects::agentgate::agent_routes())
    } else {
        router
    }
}

/// The document of every route, all dialects included.
pub(crate) fn openapi() -> OpenApi {
    everything(Dialects {
        gaiterguard: true,
        agentgate: true,
    })
    .into_openapi()
}

/// The router of a listener.
pub(crate) fn router(
    state: &Arc<ServerState>,
    serves: Serves,
    dialects: Dialects,
    page: &WebPage,
) -> Router {
    let router: Router<Arc<ServerState>> = match serves {
        Serves::Everything => Router::from(everything(dialects)).merge(web::routes(page)),
        Serves::Agents => agents(dialects).into(),
        Serves::Metrics => {
            let router = Router::new()
                .route("/metrics", get(metrics::metrics_without_key))
                .route("/healthz", get(health::healthz))
                .route("/readyz", get(health::readyz));
            return finish(router, state, dialects);
        }
    };
    finish(
        router.route_layer(from_fn_with_state(Arc::clone(state), enforce)),
        state,
        dialects,
    )
}

fn finish(
    router: Router<Arc<ServerState>>,
    state: &Arc<ServerState>,
    dialects: Dialects,
) -> Router {
    router
        .fallback(async move |method: Method, uri: Uri| {
            let path = uri.path();
            if dialects.agentgate && path.starts_with("/api/") && !path.starts_with("/api/v1/") {
                let body = dialects::agentgate::no_route(method.as_str(), path);
                return (StatusCode::NOT_FOUND, Json(body)).into_response();
            }
            Problem::no_route().into_response()
        })
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .with_state(Arc::clone(state))
}
