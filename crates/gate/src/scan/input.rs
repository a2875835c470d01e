//! What an agent asks for, looked at before it is decided on.

use std::sync::Arc;

use countersign_domain::{Effect, Verdict};
use countersign_scan::threat::{Channel, Severity};
use serde_json::Value;

use super::{
    INLINE_BYTES, InputMode,
    scanner::{Found, Judge},
    settings, texts,
};
use crate::{
    error::{Error, Result},
    gate::Gate,
    requests::StoredResult,
    resolve::Asked,
    snapshot::Snapshot,
};

/// What a threat in an agent's text asks for. A read under `block` changes nothing by itself: it is recorded, and goes on.
fn judge(mode: InputMode, effect: Effect) -> Judge {
    match (mode, effect) {
        (InputMode::Block, Effect::Read) => |severity| match severity {
            Severity::Block => Verdict::Deny,
            Severity::Warn | Severity::Clear => Verdict::Allow,
        },
        (InputMode::Block, _) => |severity| match severity {
            Severity::Block => Verdict::Deny,
            Severity::Warn => Verdict::Ask,
            Severity::Clear => Verdict::Allow,
        },
        (_, Effect::Read) => |severity| match severity {
            Severity::Block => Verdict::Ask,
            Severity::Warn | Severity::Clear => Verdict::Allow,
        },
        _ => |severity| match severity {
            Severity::Block | Severity::Warn => Verdict::Ask,
            Severity::Clear => Verdict::Allow,
        },
    }
}

impl Gate {
    /// Adds what is found in the agent's text, and whether the agent is tainted, to the facts.
    ///
    /// # Errors
    /// `internal` when the scan did not end: nothing is decided without it.
    pub(crate) async fn scan_input(&self, snapshot: &Snapshot, asked: &mut Asked) -> Result<()> {
        asked.facts.tainted = self.inner.taints.is_tainted(asked.agent.id, asked.facts.at);
        // As it is now, not as it was when its key was looked up.
        let agent = snapshot.agents.get(asked.agent.id);
        let labels = &agent.as_ref().unwrap_or(&asked.agent).labels;
        let settings = snapshot.settings.scan.of_agent(labels).input;
        if settings.mode == InputMode::Off {
            return Ok(());
        }
        let parts = texts::parts(&asked.facts.intent, &asked.facts.input, &asked.payload.body);
        let scanner = &self.inner.scanner;
        let thresholds = settings::thresholds(
            scanner.thresholds(Channel::User),
            settings.warn,
            settings.block,
        );
        let judge = judge(settings.mode, asked.effect);
        let total: usize = parts.iter().map(|part| part.text.len()).sum();
        let Found {
            findings, facts, ..
        } = if total <= INLINE_BYTES {
            scanner.look(&parts, thresholds, judge, &asked.facts.input)
        } else {
            let scanner = Arc::clone(scanner);
            let input = asked.facts.input.clone();
            tokio::task::spawn_blocking(move || scanner.look(&parts, thresholds, judge, &input))
                .await
                .map_err(Error::internal)?
        };
        asked.facts.findings = findings;
        asked.facts.scan = facts;
        Ok(())
    }

    /// An agent's words as lists, the search and live views show them: whoever approves reads them as they are.
    pub(crate) fn redacted(&self, text: String) -> String {
        match self.inner.scanner.redact(&text) {
            std::borrow::Cow::Borrowed(_) => text,
            std::borrow::Cow::Owned(redacted) => redacted,
        }
    }

    /// A kept answer as it is shown to others than the agent that asked.
    pub(crate) fn redacted_result(&self, result: StoredResult) -> StoredResult {
        let scanner = &self.inner.scanner;
        let mut headers = result.headers;
        if let Value::Object(fields) = &mut headers {
            for value in fields.values_mut() {
                if let Value::String(text) = value {
                    *text = self.redacted(std::mem::take(text));
                }
            }
        }
        let body = match scanner.redact_bytes(&result.body) {
            std::borrow::Cow::Borrowed(_) => result.body,
            std::borrow::Cow::Owned(redacted) => redacted.into(),
        };
        StoredResult {
            headers,
            body,
            ..result
        }
    }
}
