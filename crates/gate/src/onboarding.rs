//! The first start: one operator with what they sign in with, and from a terminal a key, in one unit of work.

use std::fmt;

use countersign_domain::{
    Actor, AuditEntry, EntryId, Key, KeyId, KeyOwner, Name, Operator, OperatorId, Role, Scope,
};
use countersign_store::{
    Store, StoreError, keys, operators, settings,
    tokens::{self, OperatorToken},
};
use countersign_vault::{KdfParameters, PasswordHasher, SecretString};

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

/// What the first operator is where a browser onboards: a key is made later, by who needs one.
pub struct BrowserOnboardDraft {
    /// Their name.
    pub operator: Name,
    /// What they sign in with; without it they get a sign-in token.
    pub password: Option<SecretString>,
}

impl fmt::Debug for BrowserOnboardDraft {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BrowserOnboardDraft")
            .field("operator", &self.operator)
            .finish_non_exhaustive()
    }
}

impl BrowserOnboardDraft {
    /// Whether it can be done at all, before anything is made for it.
    ///
    /// # Errors
    /// `invalid_input`.
    pub fn check(&self) -> Result<()> {
        crate::checks::name("operator", &self.operator)?;
        self.password
            .as_ref()
            .map_or(Ok(()), crate::operators::check_password)
    }
}

/// Whether a store was onboarded: then it has an operator.
///
/// # Errors
/// When the store can't be read.
pub async fn is_onboarded(store: &Store) -> Result<bool> {
    Ok(store.read::<_, StoreError, _>(operators::any).await?)
}

/// Onboards a fresh store from a terminal.
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
    let operator = owner(draft.operator, None, clock);
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
    let outcome = if draft.with_decide {
        "with_decide"
    } else {
        "without_decide"
    };
    let first = First {
        operator,
        token: Some(token),
        key: Some(key),
        outcome,
    };
    let operator = write(workspace, first, clock).await?;
    Ok(Onboarded {
        operator,
        token: token_secret,
        admin_key: key_secret,
    })
}

/// Onboards a fresh store from a browser: the first operator, and their sign-in token where they chose no password.
///
/// # Errors
/// `already_onboarded` and `invalid_input`, and then nothing was changed; those of the store.
pub async fn onboard_in_browser(
    workspace: &Workspace,
    draft: BrowserOnboardDraft,
    clock: &dyn Clock,
) -> Result<(Operator, Option<SecretString>)> {
    draft.check()?;
    let password_hash = match draft.password {
        Some(password) => Some(hash(password).await?),
        None => None,
    };
    let operator = owner(draft.operator, password_hash, clock);
    let token = operator.password_hash.is_none().then(|| {
        let name = operator.name.clone();
        crate::tokens::mint(clock.uuid(), name, operator.id, clock.now())
    });
    let (token, secret) = token.unzip();
    let first = First {
        operator,
        token,
        key: None,
        outcome: "in_browser",
    };
    Ok((write(workspace, first, clock).await?, secret))
}

async fn hash(password: SecretString) -> Result<String> {
    let hashed = tokio::task::spawn_blocking(move || {
        PasswordHasher::new(KdfParameters::MINIMUM)?.hash(&password)
    });
    hashed
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)
}

fn owner(name: Name, password_hash: Option<String>, clock: &dyn Clock) -> Operator {
    Operator {
        id: OperatorId::new(clock.uuid()),
        name,
        role: Role::Owner,
        password_hash,
        created_at: clock.now(),
        disabled_at: None,
    }
}

/// Everything that the first unit of work writes.
struct First {
    operator: Operator,
    token: Option<OperatorToken>,
    key: Option<Key>,
    outcome: &'static str,
}

async fn write(workspace: &Workspace, first: First, clock: &dyn Clock) -> Result<Operator> {
    let operator = first.operator.clone();
    let mut entry = AuditEntry::new(
        EntryId::new(clock.uuid()),
        operator.created_at,
        Actor::System,
        "gateway.onboarded",
    );
    entry.subject = Some(crate::operators::subject(operator.id, &operator.name));
    entry.outcome = Some(first.outcome.to_owned());
    let defaults = serde_json::to_string(&Settings::default()).map_err(Error::internal)?;
    workspace
        .store
        .write(move |tx| {
            // First: of two processes that onboard at once, one waits here for the other.
            tx.bump_epoch()?;
            if operators::any(tx)? {
                let text = "this gateway is onboarded already: nothing was changed";
                return Err(Error::new(ErrorKind::Conflict, "already_onboarded", text));
            }
            operators::insert(tx, &first.operator)?;
            if let Some(token) = &first.token {
                tokens::insert(tx, token)?;
            }
            if let Some(key) = &first.key {
                keys::insert(tx, key)?;
            }
            settings::put(tx, SETTINGS_NAME, &defaults)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
    Ok(operator)
}
