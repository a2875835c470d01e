//! The page's routes: every row of the access table that is a page's.

use std::sync::Arc;

use axum::{Router, response::Redirect, routing::get};
use http::{HeaderMap, Uri};

use super::page::WebPage;
use crate::{
    access::{Face, ROUTES},
    state::ServerState,
};

/// Where the address without a path leads, and the page's own with a slash.
const HOME: &str = "/dashboard";

/// The routes. They are made of the table: there is none beside it.
pub(crate) fn routes(page: &WebPage) -> Router<Arc<ServerState>> {
    let rows = ROUTES.iter().filter(|row| row.face == Face::Page);
    rows.fold(Router::new(), |router, row| {
        let page = page.clone();
        let route = match row.path {
            // A path's rest is never empty: the slash alone is a route of its own.
            "/" | "/dashboard/" => get(async || Redirect::to(HOME)),
            "/favicon.svg" | "/assets/{*path}" => {
                get(async move |uri: Uri, headers: HeaderMap| page.file(uri.path(), &headers))
            }
            _ => get(async move || page.html()),
        };
        router.route(row.path, route)
    })
}
