//! The operators' own secret rules: one file for the whole gateway, on top of the built-in rules.
//!
//! The file is kept whole, among the settings, and read again by every process that serves the store. It is compiled once per change,
//! beside the runtime's threads, before the snapshot that it belongs to is put in place.
//!
//! Invariants: a file with an error changes nothing; the ledger has the digest of every file that was in force; nothing is decided by
//! a snapshot whose rules are not the ones that text is looked at with.

use std::{collections::HashSet, sync::Arc};

use countersign_domain::Permission;
use countersign_scan::SecretScanner;
use countersign_store::{StoreError, Tx, settings};
use countersign_vault::{Hash, sha256};
use serde::{Deserialize, Serialize};

use super::TextScanner;
use crate::{
    context::OpCx,
    error::{Error, Result},
    gate::Gate,
    snapshot::Nouns,
};

/// The row that the file is kept in.
const SETTINGS_NAME: &str = "secret_rules";

/// The file as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StoredRules {
    /// As it was given; `None`: the built-in rules alone.
    file: Option<String>,
    /// When it was set or removed.
    changed_at: Option<String>,
    /// By whom: `operator:ID`.
    changed_by: Option<String>,
}

impl StoredRules {
    /// Reads it.
    pub(crate) fn load(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let wrong = StoreError::Column {
            index: 0,
            expected: "secret rules",
        };
        settings::get(tx, SETTINGS_NAME)?.map_or_else(
            || Ok(Self::default()),
            |json| serde_json::from_str(&json).map_err(|_| wrong),
        )
    }
}

/// The rules that are in force, ready to run.
#[derive(Debug)]
pub(super) struct InForce {
    pub(super) scanner: Arc<SecretScanner>,
    /// The digest of the file.
    of: Option<Hash>,
    /// Why its rules are not in force.
    problem: Option<String>,
}

impl InForce {
    /// The built-in rules alone.
    pub(super) const fn shipped(scanner: Arc<SecretScanner>) -> Self {
        Self {
            scanner,
            of: None,
            problem: None,
        }
    }
}

/// One rule of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretRuleView {
    /// Its identifier: what stands in the mark, and in the facts.
    pub id: String,
    /// What an operator reads.
    pub kind: String,
}

/// The operators' own secret rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SecretRulesView {
    /// The file as it was given; `None`: there are the built-in rules alone.
    pub file: Option<String>,
    /// SHA-256 of the file in hexadecimal, as the ledger has it.
    pub digest: Option<String>,
    /// The rules in it.
    pub rules: Vec<SecretRuleView>,
    /// When the file was set or removed last.
    pub changed_at: Option<String>,
    /// By whom: `operator:ID`.
    pub changed_by: Option<String>,
    /// Why the file's rules are not in force, such as a built-in rule of a newer version with the name of one of them.
    pub problem: Option<String>,
}

fn hexadecimal(hash: &Hash) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(64);
    for byte in hash {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl TextScanner {
    /// Compiles a file, beside the runtime's threads. One at a time: compiling takes memory.
    async fn compile(
        self: &Arc<Self>,
        file: Arc<str>,
    ) -> Result<Result<SecretScanner, countersign_scan::SecretRuleError>> {
        let turn = Arc::clone(&self.compiling).lock_owned().await;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            SecretScanner::with_custom(&file)
        })
        .await
        .map_err(Error::internal)
    }

    /// Looks at text with these rules from now on. Rules that this version can't take, which another one took, are left out with a
    /// word in the log: the gateway's guarantees don't rest on them.
    pub(crate) async fn learn(self: &Arc<Self>, rules: &StoredRules) -> Result<()> {
        let of = rules.file.as_ref().map(|file| sha256(file.as_bytes()));
        if self.secrets.load().of == of {
            return Ok(());
        }
        let Some(file) = &rules.file else {
            let shipped = InForce::shipped(Arc::clone(&self.shipped));
            self.secrets.store(Arc::new(shipped));
            return Ok(());
        };
        let next = match self.compile(Arc::from(file.as_str())).await? {
            Ok(scanner) => InForce {
                scanner: Arc::new(scanner),
                of,
                problem: None,
            },
            Err(error) => {
                tracing::error!(%error, "the secret rules that operators set are not in force");
                InForce {
                    scanner: Arc::clone(&self.shipped),
                    of,
                    problem: Some(error.to_string()),
                }
            }
        };
        self.secrets.store(Arc::new(next));
        Ok(())
    }

    fn view(&self, stored: &StoredRules) -> SecretRulesView {
        let in_force = self.secrets.load();
        let shipped: HashSet<&str> = self.shipped.rules().map(|(id, _)| id).collect();
        let of = stored.file.as_ref().map(|file| sha256(file.as_bytes()));
        SecretRulesView {
            file: stored.file.clone(),
            digest: of.as_ref().map(hexadecimal),
            rules: in_force
                .scanner
                .rules()
                .filter(|(id, _)| !shipped.contains(id))
                .map(|(id, kind)| SecretRuleView {
                    id: id.to_owned(),
                    kind: kind.to_owned(),
                })
                .collect(),
            changed_at: stored.changed_at.clone(),
            changed_by: stored.changed_by.clone(),
            problem: in_force.problem.clone(),
        }
    }
}

impl Gate {
    /// The operators' own secret rules.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn secret_rules(&self, cx: &OpCx) -> Result<SecretRulesView> {
        cx.require(Permission::ConfigRead)?;
        Ok(self.inner.scanner.view(&self.snapshot().secret_rules))
    }

    /// Puts a rule file in force in place of the one before, as `countersign scan --rules` takes it. Text is looked at with it, on
    /// every process that serves this store, before this returns or as soon as that process knows of the change.
    ///
    /// # Errors
    /// `forbidden`, or `invalid_input` on `file` with the line and the reason: then nothing has changed.
    pub async fn set_secret_rules(&self, cx: &OpCx, file: String) -> Result<SecretRulesView> {
        cx.require(Permission::ConfigWrite)?;
        crate::sessions::require_fresh_proof(cx)?;
        let scanner = &self.inner.scanner;
        let compiled = scanner
            .compile(Arc::from(file.as_str()))
            .await?
            .map_err(|error| Error::invalid("file", error.to_string()))?;
        let count = compiled.rules().count() - scanner.shipped.rules().count();
        drop(compiled);
        let mut entry = self.config_entry(
            cx,
            "config.secret_rules.set",
            "settings:secret_rules".to_owned(),
        );
        let noun = if count == 1 { "rule" } else { "rules" };
        let digest = hexadecimal(&sha256(file.as_bytes()));
        entry.outcome = Some(format!("{count} {noun}, sha256 {digest}"));
        self.keep_secret_rules(cx, Some(file), entry).await
    }

    /// Goes back to the built-in rules alone.
    ///
    /// # Errors
    /// `forbidden`; `not_found` where there is no file.
    pub async fn remove_secret_rules(&self, cx: &OpCx) -> Result<()> {
        cx.require(Permission::ConfigWrite)?;
        let entry = self.config_entry(
            cx,
            "config.secret_rules.removed",
            "settings:secret_rules".to_owned(),
        );
        self.keep_secret_rules(cx, None, entry).await.map(drop)
    }

    async fn keep_secret_rules(
        &self,
        cx: &OpCx,
        file: Option<String>,
        entry: countersign_domain::AuditEntry,
    ) -> Result<SecretRulesView> {
        let next = StoredRules {
            file,
            changed_at: Some(entry.at.to_string()),
            changed_by: Some(entry.actor.to_string()),
        };
        let json = serde_json::to_string(&next).map_err(Error::internal)?;
        let is_removal = next.file.is_none();
        self.change(cx, Nouns::SETTINGS, move |tx| {
            if is_removal && StoredRules::load(tx)?.file.is_none() {
                return Err(Error::not_found("secret rule file"));
            }
            settings::put(tx, SETTINGS_NAME, &json)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(self.inner.scanner.view(&self.snapshot().secret_rules))
    }
}
