//! The operator's page: who is served what, in which form, under which policy.

use std::sync::Arc;

use countersign_server::{
    Access, Face, ListenerConfig, ROUTES, ServerConfig, Serves, Shell, WebFile, WebPage,
};
use http::Method;

use crate::stage::{Answer, Stage};

const FILES: &[WebFile] = &[
    WebFile {
        path: "index.html",
        version: "i",
        plain: b"<!doctype html><meta name=csp-nonce content=__CSP_NONCE__><script nonce=__CSP_NONCE__ src=/assets/main-1.js></script>",
        brotli: None,
        gzip: None,
    },
    WebFile {
        path: "assets/main-1.js",
        version: "m1",
        plain: b"console.log(1)",
        brotli: Some(b"as brotli"),
        gzip: Some(b"as gzip"),
    },
    WebFile {
        path: "assets/fonts/a-1.woff2",
        version: "f1",
        plain: b"font",
        brotli: None,
        gzip: None,
    },
    WebFile {
        path: "favicon.svg",
        version: "v1",
        plain: b"<svg/>",
        brotli: None,
        gzip: None,
    },
];

const PAGES: [&str; 6] = [
    "/dashboard",
    "/dashboard/inbox",
    "/dashboard/activity/x/y?a=b",
    "/login",
    "/setup",
    "/unlock",
];

async fn stage() -> Stage {
    Stage::with(|config| config.page = WebPage::new(FILES)).await
}

fn nonce_of(page: &Answer) -> String {
    let policy = page.header("content-security-policy");
    let (_, rest) = policy.split_once("'nonce-").expect(policy);
    rest.split('\'').next().unwrap().to_owned()
}

#[tokio::test]
async fn every_page_is_the_same_html_with_a_nonce_of_its_own() {
    let stage = stage().await;
    let mut nonces = std::collections::HashSet::new();
    for path in PAGES {
        let page = stage.get(path).send().await.expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("x-content-type-options"), "nosniff");
        assert_eq!(page.header("x-frame-options"), "DENY");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
        assert!(page.header("permissions-policy").contains("camera=()"));
        assert!(!page.header("content-security-policy").contains("unsafe"));
        let nonce = nonce_of(&page);
        let text = page.text();
        assert_eq!(text.matches(&nonce).count(), 2, "{text}");
        assert!(!text.contains("__CSP_NONCE__"));
        assert!(nonces.insert(nonce), "a nonce was used twice");
        let head = stage.call(Method::HEAD, path).send().await.expect(200);
        assert!(head.body.is_empty());
    }
    for path in ["/", "/dashboard/"] {
        let home = stage.get(path).send().await.expect(303);
        assert_eq!(home.header("location"), "/dashboard", "{path}");
    }
}

#[tokio::test]
async fn a_file_is_kept_for_ever_and_comes_in_the_form_that_is_taken() {
    let stage = stage().await;
    for (accepted, encoding, body, tag) in [
        ("", "", "console.log(1)", "\"m1\""),
        ("gzip, deflate, br, zstd", "br", "as brotli", "\"m1-br\""),
        ("gzip", "gzip", "as gzip", "\"m1-gzip\""),
    ] {
        let call = || {
            stage
                .get("/assets/main-1.js")
                .header("accept-encoding", accepted)
        };
        let file = call().send().await.expect(200);
        assert_eq!(file.text(), body);
        assert_eq!(file.header("content-encoding"), encoding);
        assert_eq!(file.header("etag"), tag);
        assert_eq!(file.header("vary"), "accept-encoding");
        assert_eq!(
            file.header("content-type"),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(file.header("x-content-type-options"), "nosniff");
        assert_eq!(
            file.header("cache-control"),
            "public, max-age=31536000, immutable"
        );
        let known = call().header("if-none-match", tag).send().await.expect(304);
        assert!(known.body.is_empty());
        assert_eq!(known.header("etag"), tag);
        assert_eq!(known.header("vary"), "accept-encoding");
        call()
            .header("if-none-match", "\"other\"")
            .send()
            .await
            .expect(200);
    }
    let head = stage
        .call(Method::HEAD, "/assets/main-1.js")
        .send()
        .await
        .expect(200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), "14");
    let font = stage
        .get("/assets/fonts/a-1.woff2")
        .send()
        .await
        .expect(200);
    assert_eq!(font.header("content-type"), "font/woff2");
    assert_eq!(font.header("vary"), "");
    // Its name has no hash: browsers ask again.
    let icon = stage.get("/favicon.svg").send().await.expect(200);
    assert_eq!(icon.header("cache-control"), "no-cache");
}

/// A file that is not there is never the page, and no path leads out of the table.
#[tokio::test]
async fn what_is_not_in_the_table_is_not_there() {
    let stage = stage().await;
    for path in [
        "/assets/main-2.js",
        "/assets/",
        "/assets",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/assets/..%2findex.html",
        "/assets//assets/main-1.js",
        "/assets/main-1.js/",
        "/assets/%6dain-1.js",
        "/assets/main-1.js.br",
        "/index.html",
        "/dashboards",
        "/login/x",
        "/assets/../../../../etc/passwd",
    ] {
        let answer = stage.get(path).send().await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.code(), "no_route", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let answer = stage.call(method, "/dashboard").send().await;
        assert_eq!(answer.status, 405);
    }
}

/// No page for agents and scrapers: their listeners are reached by others.
#[tokio::test]
async fn only_the_main_listener_has_the_page() {
    let stage = stage().await;
    let config = ServerConfig::new(ListenerConfig::loopback("127.0.0.1:0".parse().unwrap()));
    for serves in [Serves::Agents, Serves::Metrics] {
        let shell = Shell::new(&config, &Arc::clone(&stage.state), serves, None).unwrap();
        for row in ROUTES.iter().filter(|row| row.face == Face::Page) {
            let path = row.path.replace("{*path}", "main-1.js");
            let answer = stage.get(&path).through(&shell).send().await;
            assert_eq!(answer.status, 404, "{serves:?} {path}");
        }
    }
}

/// The page answers to the names of the gateway only, as everything else.
#[tokio::test]
async fn the_page_is_held_to_host_and_origin() {
    let stage = stage().await;
    let rebound = stage
        .get("/dashboard")
        .header("host", "evil.example")
        .send()
        .await;
    assert_eq!(rebound.status, 403);
    let foreign = stage
        .get("/assets/main-1.js")
        .header("origin", "https://evil.example")
        .send()
        .await;
    assert_eq!(foreign.status, 403);
}

#[test]
fn the_rows_of_the_page_are_open_in_every_state_and_change_nothing() {
    let rows: Vec<_> = ROUTES.iter().filter(|row| row.face == Face::Page).collect();
    assert_eq!(rows.len(), 9);
    for row in rows {
        assert_eq!((row.access, row.method), (Access::Open, "GET"), "{row:?}");
        assert!(row.while_locked && row.while_setup, "{row:?}");
    }
}

/// A binary without the page says how to get one, under the same policy.
#[tokio::test]
async fn without_a_build_there_is_a_page_that_says_so() {
    let page = WebPage::new(&[]);
    assert!(!page.is_built_in());
    let stage = Stage::with(|config| config.page = page).await;
    let page = stage.get("/dashboard").send().await.expect(200);
    assert!(page.text().contains("make build"), "{}", page.text());
    assert!(page.text().contains(&nonce_of(&page)));
    stage.get("/assets/main-1.js").send().await.expect(404);
}

/// What the build embedded, if it did: the placeholder is gone, and every file that the page names is there.
#[tokio::test]
async fn the_embedded_page_is_whole() {
    let stage = Stage::new().await;
    let page = stage.get("/dashboard").send().await.expect(200).text();
    assert!(!page.contains("__CSP_NONCE__"));
    for part in page.split(['"', '\'']) {
        if part.starts_with("/assets/") || part == "/favicon.svg" {
            let file = stage.get(part).send().await.expect(200);
            assert!(!file.body.is_empty(), "{part}");
        }
    }
}
