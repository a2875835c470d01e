//! The first start: one operator, one token, one key, in one unit of work.

use std::fmt;

use countersign_domain::{
    Actor, AuditEntry, EntryId, KeyId, KeyOwner, Name, Operator, OperatorId, Role, Scope,
};
use countersign_store::{Store, StoreError, keys, operators, settings, tokens};
use countersign_vault::SecretString;

use crate::{
    clock::Clock,
    error::{Error, ErrorKind, Result},
    settings::{SETTINGS_NAME, Settings},
    workspace::Workspace,
};

/// What the first operator is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnboardDraft {
    /// Their name.
    pub operator: Name,
    /// Whether the admin key also decides on requests.
    pub with_decide: bool,
}

/// What the first start made. Its secrets are shown this once.
pub struct Onboarded {
    /// The first operator.
    pub operator: Operator,
    /// What they sign in with.
    pub token: SecretString,
    /// A key of theirs that configures.
    pub admin_key: SecretString,
}

impl fmt::Debug for Onboarded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Onboarded")
            .field("operator", &self.operator.name)
            .finish_non_exhaustive()
    }
}

/// Whether a store was onboarded: then it has an operator.
///
/// # Errors
/// When the store can't be read.
pub async fn is_onboarded(store: &Store) -> Result<bool> {
    Ok(store.read::<_, StoreError, _>(operators::any).await?)
}

/// Onboards a fresh store.
///
/// # Errors
/// `already_onboarded`, and then nothing was changed; those of the store.
pub async fn onboard(
    workspace: &Workspace,
    draft: OnboardDraft,
    clock: &dyn Clock,
) -> Result<Onboarded> {
    crate::checks::name("operator", &draft.operator)?;
    let now = clock.now();
    let operator = Operator {
        id: OperatorId::new(clock.uuid()),
        name: draft.operator,
        role: Role::Owner,
        password_hash: None,
        created_at: now,
        disabled_at: None,
    };
    let (token, token_secret) =
        crate::tokens::mint(clock.uuid(), operator.name.clone(), operator.id, now);
    let mut scopes = vec![Scope::Admin];
    if draft.with_decide {
        scopes.push(Scope::RequestDecide);
    }
    let name = "admin".parse::<Name>().map_err(Error::internal)?;
    let (key, key_secret) = crate::keys::mint(
        KeyId::new(clock.uuid()),
        name,
        KeyOwner::Operator(operator.id),
        scopes,
        now,
    );
    let mut entry = AuditEntry::new(
        EntryId::new(clock.uuid()),
        now,
        Actor::System,
        "gateway.onboarded",
    );
    entry.subject = Some(crate::operators::subject(operator.id, &operator.name));
    entry.outcome = Some(
        if draft.with_decide {
            "with_decide"
        } else {
            "without_decide"
        }
        .to_owned(),
    );
    let defaults = serde_json::to_string(&Settings::default()).map_err(Error::internal)?;
    let added = operator.clone();
    workspace
        .store
        .write(move |tx| {
            // First: of two processes that onboard at once, one waits here for the other.
            tx.bump_epoch()?;
            if operators::any(tx)? {
                let text = "this gateway is onboarded already: nothing was changed";
                return Err(Error::new(ErrorKind::Conflict, "already_onboarded", text));
            }
            operators::insert(tx, &added)?;
            tokens::insert(tx, &token)?;
            keys::insert(tx, &key)?;
            settings::put(tx, SETTINGS_NAME, &defaults)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
    Ok(Onboarded {
        operator,
        token: token_secret,
        admin_key: key_secret,
    })
}
