//! `countersign policy`: why a request was decided on as it was, what other rules would do, and all rules as one file.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use countersign_gate::{Clock, SystemClock};
use serde_json::{Map, Value, json};

use super::cx::Cx;
use super::parse::{json as json_value, object, seconds};
use super::shown::{self, Column, text};
use crate::client::{Api, encode};
use crate::failure::{Failure, Result};
use crate::output::Output;

const MAXIMUM_BYTES: u64 = 1 << 20;

/// So many requests are replayed at once.
const PAGE: u64 = 200;

const CONSIDERED: &[Column] = &[
    ("WHAT", &["/kind"]),
    ("NAME", &["/name"]),
    ("SAYS", &["/verdict"]),
    ("OUTCOME", &["/outcome"]),
    ("WHY", &["/why"]),
];

const CHANGED: &[Column] = &[
    ("ID", &["/id"]),
    ("AT", &["/at"]),
    ("AGENT", &["/agent"]),
    ("TARGET", &["/target"]),
    ("ACTION", &["/action"]),
    ("FROM", &["/from"]),
    ("TO", &["/to"]),
    ("TODAY", &["/today"]),
    ("BY", &["/made_by"]),
];

const COUNTS: &[Column] = &[
    ("FROM", &["/from"]),
    ("TO", &["/to"]),
    ("REQUESTS", &["/count"]),
];

const WARNINGS: &[Column] = &[
    ("RULE", &["/rule"]),
    ("PLACE", &["/place"]),
    ("WARNING", &["/message"]),
];

/// The verbs.
#[derive(Debug, Subcommand)]
pub(super) enum Policy {
    /// Show why a request was decided on as it was
    Explain(Explain),
    /// Show what would be decided on facts given by hand; nothing is recorded
    Test(Box<Test>),
    /// Show what other rules would have decided on what was asked for
    Simulate(Simulate),
    /// Warn of rules that are valid and probably not what was meant
    Lint(Lint),
    /// Put a file's rules in the place of all rules, in one change
    Apply(Apply),
    /// Print all rules as a file for `policy apply`
    Export,
}

/// Which request.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// Its id
    request: String,
}

/// The facts.
#[derive(Debug, Args)]
pub(super) struct Test {
    /// The agent
    #[arg(long)]
    agent: String,
    /// The action, such as `POST /charges`
    #[arg(long)]
    action: String,
    /// The target
    #[arg(long)]
    target: String,
    /// The profile [default: the target's]
    #[arg(long)]
    profile: Option<String>,
    /// What rules look at as input, such as {"body":{"amount":500}}
    #[arg(long, value_name = "JSON", value_parser = json_value)]
    input: Option<Value>,
    /// What rules look at as context
    #[arg(long, value_name = "JSON", value_parser = json_value)]
    context: Option<Value>,
    /// low, normal, high or critical
    #[arg(long)]
    urgency: Option<String>,
    /// read, write, destructive or egress [default: as the connector says]
    #[arg(long)]
    effect: Option<String>,
    /// The risk, 0 to 1 [default: the action's floor]
    #[arg(long)]
    risk: Option<f64>,
    /// The turn that asks has read untrusted content
    #[arg(long)]
    tainted: bool,
    /// Rules in the place of those in force, JSON5; `-` reads standard input
    #[arg(short, long, value_name = "PATH")]
    file: Option<PathBuf>,
}

/// What to replay.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// Rules in the place of those in force, JSON5; `-` reads standard input
    file: PathBuf,
    /// How far back, as 12h or 7d
    #[arg(long, default_value = "7d", value_parser = seconds)]
    since: u64,
    /// At most so many requests, the newest first
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    limit: u64,
}

/// What to look at.
#[derive(Debug, Args)]
pub(super) struct Lint {
    /// A file of rules, JSON5; `-` reads standard input [default: the rules in force]
    file: Option<PathBuf>,
}

/// What to put in place.
#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The rules, JSON5; `-` reads standard input
    #[arg(short, long, value_name = "PATH")]
    file: PathBuf,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// The rules of a file. Their meaning is the gateway's to check: it names the place of a fault.
fn read(path: &Path) -> Result<Value> {
    let shown = path.display();
    let cannot = |error: std::io::Error| Failure::usage(format!("{shown} can't be read: {error}"));
    let mut text = String::new();
    if path == Path::new("-") {
        let stdin = std::io::stdin();
        let mut limited = stdin.lock().take(MAXIMUM_BYTES);
        limited.read_to_string(&mut text).map_err(cannot)?;
    } else {
        let file = std::fs::File::open(path).map_err(cannot)?;
        let mut limited = file.take(MAXIMUM_BYTES);
        limited.read_to_string(&mut text).map_err(cannot)?;
    }
    let next = "`countersign policy export` prints a file that fits";
    let document: Value = json5::from_str(&text)
        .map_err(|error| Failure::usage(format!("{shown}: {error}")).next(next))?;
    let Value::Object(mut fields) = document else {
        return Err(Failure::usage(format!("{shown} is no object with `rules`")).next(next));
    };
    // What an export says of itself is no rule.
    fields.remove("version");
    if let Some(name) = fields.keys().find(|name| *name != "rules") {
        return Err(Failure::usage(format!("{shown}: unknown field `{name}`")).next(next));
    }
    fields
        .remove("rules")
        .filter(Value::is_array)
        .ok_or_else(|| Failure::usage(format!("{shown} has no list `rules`")).next(next))
}

fn items<'value>(value: &'value Value, place: &str) -> &'value [Value] {
    value
        .pointer(place)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Warnings of a reply, for people.
pub(super) fn warn(output: Output, reply: &Value) {
    for warning in items(reply, "/warnings") {
        output.warn(format!(
            "rule {}, {}: {}",
            text(warning, "/rule"),
            text(warning, "/place"),
            text(warning, "/message")
        ));
    }
}

fn show_decision(output: Output, decision: &Value) {
    output.line(format!(
        "{}: {} ({})",
        text(decision, "/verdict"),
        text(decision, "/reason"),
        text(decision, "/made_by")
    ));
}

impl Policy {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Explain(explain) => explain.run(cx).await,
            Self::Test(test) => test.run(cx).await,
            Self::Simulate(simulate) => simulate.run(cx).await,
            Self::Lint(lint) => lint.run(cx).await,
            Self::Apply(apply) => apply.run(cx).await,
            Self::Export => export(cx).await,
        }
    }
}

impl Explain {
    async fn run(self, cx: &Cx) -> Result<()> {
        let path = format!("/api/v1/policy/explain/{}", encode(&self.request));
        let told = cx.api()?.get(&path).await?;
        cx.output.result(&told, |output| {
            output.line(format!("decided at {}", shown::cell(&told["decided_at"])));
            show_decision(output, &told["recorded"]);
            if text(&told, "/set") == "then" {
                output.line("the policy is still the one that decided:");
            } else {
                output.line("the policy was changed since; this is what today's looks at:");
                if told["agrees"] == json!(false) {
                    output.line(format!(
                        "today it would be {}",
                        text(&told, "/decision/verdict")
                    ));
                }
            }
            output.table(&shown::table(items(&told, "/considered"), CONSIDERED));
        });
        Ok(())
    }
}

impl Test {
    async fn run(self, cx: &Cx) -> Result<()> {
        let rules = self.file.as_deref().map(read).transpose()?;
        let body = object([
            ("agent", json!(self.agent)),
            ("action", json!(self.action)),
            ("target", json!(self.target)),
            ("profile", json!(self.profile)),
            ("input", json!(self.input)),
            ("context", json!(self.context)),
            ("urgency", json!(self.urgency)),
            ("effect", json!(self.effect)),
            ("risk", json!(self.risk)),
            ("tainted", json!(self.tainted)),
            ("rules", json!(rules)),
        ]);
        let told = cx.api()?.post("/api/v1/policy/test", &body).await?;
        warn(cx.output, &told);
        cx.output.result(&told, |output| {
            show_decision(output, &told["decision"]);
            output.table(&shown::table(items(&told, "/considered"), CONSIDERED));
        });
        Ok(())
    }
}

impl Simulate {
    async fn run(self, cx: &Cx) -> Result<()> {
        let rules = read(&self.file)?;
        let api = cx.api()?;
        let since = SystemClock
            .now()
            .saturating_sub(Duration::from_secs(self.since));
        let mut whole = Whole::default();
        let mut cursor = Value::Null;
        loop {
            let left = self.limit - whole.seen().min(self.limit);
            let body = object([
                ("rules", rules.clone()),
                ("since", json!(since)),
                ("cursor", cursor.clone()),
                ("limit", json!(left.min(PAGE))),
            ]);
            let page = api.post("/api/v1/policy/simulate", &body).await?;
            warn(cx.output, &page);
            whole.add(&page);
            cursor = page["next"].clone();
            whole.is_cut = !cursor.is_null() && whole.seen() >= self.limit;
            if cursor.is_null() || whole.is_cut {
                break;
            }
            whole.tell(cx.output);
        }
        whole.show(cx.output);
        Ok(())
    }
}

/// All pages of a replay together.
#[derive(Debug, Default)]
struct Whole {
    replayed: u64,
    not_replayable: u64,
    total: Option<u64>,
    counts: Vec<(String, String, u64)>,
    changed: Vec<Value>,
    is_cut: bool,
}

impl Whole {
    const fn seen(&self) -> u64 {
        self.replayed + self.not_replayable
    }

    fn add(&mut self, page: &Value) {
        let number = |place: &str| page.pointer(place).and_then(Value::as_u64);
        self.replayed += number("/replayed").unwrap_or_default();
        self.not_replayable += number("/not_replayable").unwrap_or_default();
        self.total = self.total.or_else(|| number("/total"));
        for count in items(page, "/counts") {
            let (from, to) = (text(count, "/from"), text(count, "/to"));
            let added = count["count"].as_u64().unwrap_or_default();
            let known = self
                .counts
                .iter_mut()
                .find(|(a, b, _)| a == from && b == to);
            match known {
                Some((.., sum)) => *sum += added,
                None => self.counts.push((from.to_owned(), to.to_owned(), added)),
            }
        }
        self.changed.extend_from_slice(items(page, "/changed"));
    }

    /// How far it is, for whoever waits.
    fn tell(&self, output: Output) {
        if !output.is_json() {
            let of = self
                .total
                .map_or_else(String::new, |total| format!(" of {total}"));
            output.note(format!("{}{of} requests replayed", self.seen()));
        }
    }

    fn show(mut self, output: Output) {
        self.counts.sort();
        let counts: Vec<Value> = self
            .counts
            .iter()
            .map(|(from, to, count)| json!({ "from": from, "to": to, "count": count }))
            .collect();
        let told = json!({
            "replayed": self.replayed,
            "not_replayable": self.not_replayable,
            "is_cut": self.is_cut,
            "counts": counts,
            "changed": self.changed,
        });
        output.result(&told, |output| {
            if !counts.is_empty() {
                output.table(&shown::table(&counts, COUNTS));
            }
            if !self.changed.is_empty() {
                output.table(&shown::table(&self.changed, CHANGED));
            }
            output.line(format!(
                "{} requests replayed, {} would come out otherwise",
                self.replayed,
                self.changed.len()
            ));
            if self.not_replayable > 0 {
                output.line(format!(
                    "{} could not be replayed: what they were decided on was deleted",
                    self.not_replayable
                ));
            }
            if self.is_cut {
                output.line("there are older ones: --limit was reached");
            }
        });
    }
}

impl Lint {
    async fn run(self, cx: &Cx) -> Result<()> {
        let rules = self.file.as_deref().map(read).transpose()?;
        let body = object([("rules", json!(rules))]);
        let told = cx.api()?.post("/api/v1/policy/lint", &body).await?;
        cx.output.result(&told, |output| {
            let warnings = items(&told, "/warnings");
            if warnings.is_empty() {
                output.line("nothing to warn of");
            } else {
                output.table(&shown::table(warnings, WARNINGS));
            }
        });
        Ok(())
    }
}

impl Apply {
    async fn run(self, cx: &Cx) -> Result<()> {
        let rules = read(&self.file)?;
        let api = cx.api()?;
        let body = |version: Value| object([("rules", rules.clone()), ("version", version)]);
        let plan = api.post("/api/v1/policy/plan", &body(Value::Null)).await?;
        warn(cx.output, &plan);
        let changes = items(&plan, "/changes");
        let is_changing = !self.dry_run && !changes.is_empty();
        // Before anything is changed: what will be.
        if !cx.output.is_json() && !changes.is_empty() {
            cx.output.table(&differences(changes));
        }
        if is_changing {
            self.put(&api, &body(plan["version"].clone())).await?;
        }
        let told = json!({ "dry_run": self.dry_run, "changes": changes, "kept": plan["kept"], "warnings": plan["warnings"] });
        cx.output.result(&told, |output| {
            let kept = &plan["kept"];
            output.line(match (changes.len(), self.dry_run) {
                (0, _) => format!("nothing to change: {kept} rules are as the file says"),
                (count, true) => format!("{count} changes would be made, {kept} rules kept"),
                (count, false) => format!("{count} changes made, {kept} rules kept"),
            });
        });
        Ok(())
    }

    async fn put(&self, api: &Api, body: &Value) -> Result<()> {
        api.put("/api/v1/policy", body).await.map(drop)
    }
}

fn differences(changes: &[Value]) -> crate::output::Table {
    let rows: Vec<Value> = changes
        .iter()
        .map(|change| {
            let is_new = text(change, "/action") == "create";
            let fields: Vec<String> = items(change, "/diff")
                .iter()
                .map(|field| {
                    let (name, after) = (text(field, "/field"), &field["after"]);
                    if is_new {
                        format!("{name}: {after}")
                    } else {
                        format!("{name}: {} -> {after}", field["before"])
                    }
                })
                .collect();
            json!({ "action": change["action"], "name": change["name"], "difference": fields.join("; ") })
        })
        .collect();
    let columns: &[Column] = &[
        ("CHANGE", &["/action"]),
        ("RULE", &["/name"]),
        ("DIFFERENCE", &["/difference"]),
    ];
    shown::table(&rows, columns)
}

async fn export(cx: &Cx) -> Result<()> {
    let set = cx.api()?.get("/api/v1/policy").await?;
    let mut document = Map::new();
    document.insert("rules".to_owned(), set["rules"].clone());
    let document = Value::Object(document);
    cx.output.result(&document, |output| {
        let pretty = serde_json::to_string_pretty(&document).unwrap_or_default();
        for line in pretty.lines() {
            output.line(line);
        }
    });
    Ok(())
}
