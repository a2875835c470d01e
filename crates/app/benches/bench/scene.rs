//! The configuration under which everything is measured: one agent, one target with a credential, ten grants, ten rules.

use std::net::SocketAddr;

use anyhow::Result;
use countersign_testkit::Nginx;
use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::home::{Home, text};
use crate::pin::{LOAD, move_process};

/// The target's name.
pub(crate) const TARGET: &str = "payments";

/// What the upstream answers to everything: 200 bytes.
pub(crate) const CHARGE: &str = concat!(
    r#"{"id":"ch_1042","object":"charge","amount":4200,"currency":"usd","customer":"cus_9s6XKzkNRiz8i3","paid":true,"#,
    r#""description":"Two notebooks, one fountain pen and a bottle of ink","status":"succeeded"}  "#
);

const CREDENTIAL: &str = "live_4fQ9zR7bXw2LkV8mNc3TyHs6PdJgEa1UuoQ5";

const GRANTS: [(&str, &str); 10] = [
    ("GET /charges/*", "allow"),
    ("POST /charges", "allow"),
    ("POST /refunds", "ask"),
    ("DELETE /charges/*", "deny"),
    ("GET /customers/**", "by_policy"),
    ("POST /customers", "ask"),
    ("PATCH /customers/*", "ask"),
    ("GET /invoices/*/lines", "allow"),
    ("PUT /invoices/*", "by_policy"),
    ("GET /balance", "allow"),
];

/// The upstream, the yardstick and who asks.
#[derive(Debug)]
pub(crate) struct Scene {
    upstream: SocketAddr,
    agent_key: String,
}

/// An upstream on the load generator's core that answers at once.
pub(crate) fn upstream() -> Result<Nginx> {
    let nginx = Nginx::fixed(CHARGE)?;
    if let Some(pid) = nginx.pid() {
        move_process(pid, LOAD)?;
    }
    Ok(nginx)
}

impl Scene {
    /// Sets it up through the command line and the API.
    pub(crate) fn set(home: &Home, gateway: &Gateway, upstream: SocketAddr) -> Result<Self> {
        let agent_key = text(&home.cli(&["agent", "add", "shop"], None)?, "key")?;
        let base = format!("http://{upstream}");
        home.cli(
            &[
                "target",
                "add",
                TARGET,
                "--connector",
                "http",
                "--base-url",
                &base,
                "--allow-private-network",
            ],
            None,
        )?;
        home.cli(
            &["credential", "set", TARGET, "--type", "bearer", "--stdin"],
            Some(CREDENTIAL),
        )?;
        for (action, verdict) in GRANTS {
            home.cli(
                &[
                    "grant",
                    "add",
                    "--agent",
                    "shop",
                    "--target",
                    TARGET,
                    "--action",
                    action,
                    "--verdict",
                    verdict,
                ],
                None,
            )?;
        }
        // The row of actions that ask makes more of them than an agent may have waiting as shipped.
        home.cli(
            &["settings", "set", "approvals.pending_per_agent=10000000"],
            None,
        )?;
        for rule in rules() {
            gateway.api_post("/api/v1/rules", home.admin_key(), &rule)?;
        }
        Ok(Self {
            upstream,
            agent_key,
        })
    }

    /// The URL of a path of the target.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.upstream)
    }

    /// The agent's key, as its clients send it to the proxy face.
    pub(crate) fn proxy_headers(&self) -> String {
        format!("agent-key: {}\r\n", self.agent_key)
    }

    /// The agent's key, as the native API takes it.
    pub(crate) fn native_headers(&self) -> String {
        format!("authorization: Bearer {}\r\n", self.agent_key)
    }
}

/// Five guards and five rules. Two of them match what is measured, the others are looked at and stay silent.
fn rules() -> Vec<Value> {
    let rule = |name: &str, kind: &str, priority: i64, matching: Value, verdict: &str| json!({ "name": name, "kind": kind, "priority": priority, "match": matching, "verdict": verdict, "reason": name });
    vec![
        rule(
            "no-deletes",
            "guard",
            100,
            json!({ "effect": ["destructive"] }),
            "deny",
        ),
        rule(
            "large-charges",
            "guard",
            100,
            json!({ "action": ["POST /charges"], "input": { "body.amount": { "gt": 1_000_000 } } }),
            "ask",
        ),
        rule(
            "foreign-money",
            "guard",
            100,
            json!({ "target": [TARGET], "input": { "body.currency": { "in": ["xau", "xag", "btc"] } } }),
            "deny",
        ),
        rule(
            "no-payouts",
            "guard",
            100,
            json!({ "action": ["POST /payouts/**"] }),
            "deny",
        ),
        rule(
            "known-currency",
            "guard",
            100,
            json!({ "action": ["POST /charges"], "input": { "body.currency": { "eq": "usd" } } }),
            "allow",
        ),
        rule(
            "big-customers",
            "rule",
            10,
            json!({ "action": ["PATCH /customers/*"], "input": { "body.limit": { "gte": 50_000 } } }),
            "ask",
        ),
        rule(
            "test-orders",
            "rule",
            20,
            json!({ "input": { "body.order": { "eq": "ord_test" } } }),
            "ask",
        ),
        rule(
            "invoices",
            "rule",
            30,
            json!({ "action": ["PUT /invoices/*"], "effect": ["write"] }),
            "ask",
        ),
        rule(
            "shop-reads",
            "rule",
            40,
            json!({ "agent": ["shop"], "target": [TARGET], "effect": ["read"] }),
            "allow",
        ),
        rule(
            "night",
            "rule",
            50,
            json!({ "action": ["GET /night/**"] }),
            "ask",
        ),
    ]
}
