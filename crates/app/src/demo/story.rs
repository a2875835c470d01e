//! The story: an agent asks three times; a human is asked once; the ledger has it all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use countersign_vault::{SecretString, Token};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::agent::{Agent, Answer};
use super::child::{Gateway, Program};
use super::payments::Payments;
use crate::client::Api;
use crate::failure::{Failure, Result};
use crate::output::Output;

const PASSPHRASE_FILE: &str = "master.key";
const TARGET: &str = "payments";
const AGENT: &str = "shop-assistant";

/// How to play.
#[derive(Debug)]
pub(crate) struct Options {
    /// Play unattended, then end.
    pub(crate) once: bool,
    /// Leave the data directory.
    pub(crate) keep: bool,
    /// Where the gateway listens.
    pub(crate) listen: String,
    /// Where to print.
    pub(crate) output: Output,
}

/// Everything that the story needs.
struct Stage {
    program: Program,
    payments: Payments,
    gateway: Gateway,
    operator: Api,
    /// Signs the operator in on the page.
    token: SecretString,
    agent: Agent,
}

/// Plays the story on a new data directory and removes it, also after Ctrl-C or a closed terminal.
pub(crate) async fn play(options: Options) -> Result<()> {
    let failed = |error: std::io::Error| {
        Failure::state(
            "data_dir",
            format!("a temporary folder can't be made: {error}"),
        )
    };
    // Before anything lies on the disk. A closed terminal is a hangup.
    let (mut interrupt, mut terminate, mut hangup) = (
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
        listen(SignalKind::hangup())?,
    );
    let mut folder = tempfile::Builder::new()
        .prefix("countersign-demo-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir()
        .map_err(failed)?;
    folder.disable_cleanup(options.keep);
    options.output.note(format!(
        "data directory {} (new, with a new master key; {})",
        folder.path().display(),
        if options.keep {
            "kept"
        } else {
            "removed at the end"
        }
    ));
    let result = tokio::select! {
        result = Box::pin(tell(&options, folder.path())) => result,
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
        _ = hangup.recv() => Ok(()),
    };
    if !options.keep {
        remove(&folder).await?;
        options.output.note("the data directory is removed");
    } else if folder.path().join(PASSPHRASE_FILE).exists() {
        let path = folder.path().display();
        options.output.note(format!(
            "the data directory {path} is kept. A gateway on it:"
        ));
        options.output.note(format!("   COUNTERSIGN_DATA_DIR={path} COUNTERSIGN_MASTER_KEY_FILE={path}/{PASSPHRASE_FILE} countersign gateway"));
    }
    result
}

/// Removes the folder. A gateway that was cut off may write into it for a moment more.
async fn remove(folder: &tempfile::TempDir) -> Result<()> {
    let mut tries = 0..40;
    loop {
        match fs::remove_dir_all(folder.path()) {
            Err(_) if tries.next().is_some() && folder.path().exists() => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) if folder.path().exists() => {
                return Err(Failure::state(
                    "data_dir",
                    format!("{} could not be removed: {error}", folder.path().display()),
                ));
            }
            _ => return Ok(()),
        }
    }
}

fn listen(kind: SignalKind) -> Result<tokio::signal::unix::Signal> {
    signal(kind).map_err(|error| Failure::usage(format!("signals can't be received: {error}")))
}

/// A step of the story: a line of the result for people; where a program reads the result, progress.
fn say(output: Output, line: impl AsRef<str>) {
    if output.is_json() {
        output.note(line);
    } else {
        output.line(line);
    }
}

async fn tell(options: &Options, data_dir: &Path) -> Result<()> {
    let stage = set(options, data_dir).await?;
    let story = act(options, &stage, data_dir).await;
    let ended = stage.gateway.stop().await;
    story?;
    match ended {
        Some(status) if status.success() => Ok(()),
        _ => Err(Failure::unreachable(
            "demo",
            "the demo's gateway did not end cleanly",
        )),
    }
}

/// Onboards, starts everything and configures it, as any operator would.
async fn set(options: &Options, data_dir: &Path) -> Result<Stage> {
    let output = options.output;
    // Two random tokens: a passphrase nobody has to remember, and the API's secret.
    let passphrase = Token::generate().into_secret();
    let kept = SecretString::new(passphrase.expose().to_owned());
    let program = Program::this(data_dir, passphrase)?;
    let bearer = Token::generate().into_secret();
    let onboarded = program.json(&["onboard", "--yes", "--with-decide"]).await?;
    let admin_key = SecretString::new(text(&onboarded, "admin_key")?.to_owned());
    let token = SecretString::new(text(&onboarded, "token")?.to_owned());
    let key_file = data_dir.join("admin.key");
    write_secret(&key_file, &admin_key)?;
    // Without it, nobody could open what was kept.
    if options.keep {
        write_secret(&data_dir.join(PASSPHRASE_FILE), &kept)?;
    }
    say(output, "1. onboarded: a vault, an operator, an admin key");
    let payments = Payments::start(SecretString::new(bearer.expose().to_owned())).await?;
    say(
        output,
        format!(
            "2. a sample payments API runs on {}; it wants a bearer token",
            payments.base_url()
        ),
    );
    let gateway = program.gateway(&options.listen).await?;
    say(output, format!("3. the gateway runs on {}", gateway.url));
    let operator = Api::with_key(&gateway.url, admin_key, output)?;
    operator.wait_until_ready(Duration::from_secs(30)).await?;
    let added = operator
        .post(
            "/api/v1/agents",
            &json!({ "name": AGENT, "description": "the demo's example agent" }),
        )
        .await?;
    let target = json!({ "name": TARGET, "connector": "http", "base_url": payments.base_url(), "allow_private_network": true });
    operator.post("/api/v1/targets", &target).await?;
    operator
        .post(
            "/api/v1/credentials",
            &json!({ "target": TARGET, "type": "bearer", "fields": { "token": bearer.expose() } }),
        )
        .await?;
    for (action, verdict) in [
        ("GET /charges/*", "allow"),
        ("POST /charges", "ask"),
        ("DELETE /charges/*", "deny"),
    ] {
        operator
            .post(
                "/api/v1/grants",
                &json!({ "agent": AGENT, "target": TARGET, "action": action, "verdict": verdict }),
            )
            .await?;
        say(
            output,
            format!("   granted to {AGENT} on {TARGET}: {action:<17} {verdict}"),
        );
    }
    let agent = Agent::new(
        &gateway.url,
        &SecretString::new(text(&added, "key")?.to_owned()),
        &payments.base_url(),
    )?;
    Ok(Stage {
        program,
        payments,
        gateway,
        operator,
        token,
        agent,
    })
}

async fn act(options: &Options, stage: &Stage, data_dir: &Path) -> Result<()> {
    let output = options.output;
    let (id, asked) = ask_three_times(output, &stage.agent).await?;
    if options.once {
        let path = format!("/api/v1/approvals/{id}/approve");
        stage
            .operator
            .post(&path, &json!({ "note": "demo --once" }))
            .await?;
        say(
            output,
            format!("7. the operator approves {id} through the API"),
        );
    } else {
        invite(output, stage, data_dir, &id);
    }
    let charged = carry_out(output, stage, &id).await?.unwrap_or(asked);
    let count = stage.payments.count();
    say(
        output,
        format!("9. the payments API holds {count} charges now"),
    );
    let verified = stage.operator.get("/api/v1/audit/verify").await?;
    let is_valid = verified.get("valid") == Some(&Value::Bool(true));
    expect_value(is_valid, "the ledger does not verify", &verified)?;
    let entries = verified
        .get("entries")
        .and_then(Value::as_u64)
        .unwrap_or_default();
    say(
        output,
        format!("10. the ledger verifies: {entries} entries"),
    );
    if output.is_json() {
        output.json_line(&json!({ "request": id, "charge_status": charged, "charges": count, "audit": verified }));
    }
    if !options.once {
        output.note("the gateway goes on running: look around with the same two variables (list, audit list, status, doctor). Ctrl-C ends the demo.");
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// A read, a charge, a delete. The charge's request, and the status that it got.
async fn ask_three_times(output: Output, agent: &Agent) -> Result<(String, u16)> {
    let intent = "look at the customer's last charge";
    let read = agent
        .ask("GET", "/charges/ch_1", None, intent, None)
        .await?;
    show(output, "4. the agent reads a charge", &read);
    expect(read.status == 200, "the read was not forwarded", &read)?;

    let charge = json!({ "amount": 50_000, "currency": "usd" });
    let intent = "charge 500 dollars for order 1042";
    let asked = agent
        .ask(
            "POST",
            "/charges",
            Some(&charge),
            intent,
            Some("order-1042"),
        )
        .await?;
    show(output, "5. the agent wants to charge 500 dollars", &asked);
    expect(
        asked.status == 428,
        "the charge did not ask a human",
        &asked,
    )?;

    let denied = agent
        .ask("DELETE", "/charges/ch_1", None, "clean up", None)
        .await?;
    show(output, "6. the agent wants to delete a charge", &denied);
    expect(denied.status == 403, "the delete was not denied", &denied)?;
    Ok((text(&asked.body, "action_id")?.to_owned(), asked.status))
}

/// Waits for the human, then has the charge carried out; the status, if it was.
async fn carry_out(output: Output, stage: &Stage, id: &str) -> Result<Option<u16>> {
    let word = decided(stage, id).await?;
    if word != "APPROVED" {
        say(output, format!("8. the agent is told: {word}"));
        return Ok(None);
    }
    let executed = stage.agent.execute(id).await?;
    show(output, "8. the agent has its charge carried out", &executed);
    let is_done =
        executed.status == 201 && executed.proxied.as_deref() == Some("executed-approved");
    expect(
        is_done,
        "the approved charge was not carried out",
        &executed,
    )?;
    Ok(Some(executed.status))
}

/// Tells the person what to type.
fn invite(output: Output, stage: &Stage, data_dir: &Path, id: &str) {
    say(output, "7. now it is your turn. In a browser:");
    say(output, "");
    say(
        output,
        format!("   {}/dashboard/inbox?id={id}", stage.gateway.url),
    );
    say(
        output,
        format!("   sign in with the token {}", stage.token.expose()),
    );
    say(output, "");
    say(output, "   or in another terminal:");
    say(output, "");
    say(
        output,
        format!(
            "   export COUNTERSIGN_DATA_DIR={} COUNTERSIGN_API_KEY_FILE={}",
            data_dir.display(),
            data_dir.join("admin.key").display()
        ),
    );
    say(
        output,
        format!("   {} show {id}", stage.program.path.display()),
    );
    say(
        output,
        format!("   {} approve {id}", stage.program.path.display()),
    );
    say(output, "");
    output.note("the agent waits and asks every second ...");
}

/// Waits as an agent does: it asks until there is an answer.
async fn decided(stage: &Stage, id: &str) -> Result<String> {
    loop {
        let status = stage.agent.status(id).await?;
        let word = status
            .body
            .get("status")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if word != "PENDING" {
            expect(!word.is_empty(), "the status could not be read", &status)?;
            return Ok(word.to_owned());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn show(output: Output, step: &str, answer: &Answer) {
    let proxied = answer
        .proxied
        .as_deref()
        .map(|word| format!(" ({word})"))
        .unwrap_or_default();
    say(
        output,
        format!("{step}: {}{proxied} {}", answer.status, answer.body),
    );
}

fn expect(holds: bool, what: &str, answer: &Answer) -> Result<()> {
    expect_value(
        holds,
        &format!("{what} (status {})", answer.status),
        &answer.body,
    )
}

fn expect_value(holds: bool, what: &str, value: &Value) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(Failure::refused("demo", format!("{what}: {value}")))
    }
}

fn text<'value>(value: &'value Value, field: &str) -> Result<&'value str> {
    value.get(field).and_then(Value::as_str).ok_or_else(|| {
        Failure::unreachable("unexpected", format!("the answer has no field `{field}`"))
    })
}

fn write_secret(path: &Path, secret: &SecretString) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let opened = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let written = opened.and_then(|mut file| file.write_all(secret.expose().as_bytes()));
    written.map_err(|error| {
        Failure::state(
            "data_dir",
            format!("{} can't be written: {error}", path.display()),
        )
    })
}
