//! Operators: adding, passwords, roles, shutting out.
//!
//! Invariants: there is always an owner who is not shut out; nobody makes an operator, or a way in for one, that may do more than
//! they may themselves.

use std::sync::Arc;

use countersign_domain::{KeyOwner, Name, Operator, OperatorId, Permission, Role};
use countersign_store::{Tx, keys, operators, sessions, tokens};
use countersign_vault::SecretString;
use serde::{Deserialize, Serialize};

use crate::{
    checks,
    context::{OpCx, Principal, Via},
    error::{Error, ErrorKind, Result},
    gate::Gate,
    sessions::require_fresh_proof_of_all,
    snapshot::Nouns,
    tokens::NewToken,
};

const PASSWORD_MINIMUM_CHARACTERS: usize = 12;
const PASSWORD_MAXIMUM_BYTES: usize = 1_024;

/// An operator to add.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorDraft {
    /// The name, unique.
    pub name: Name,
    /// What they may do.
    pub role: Role,
    /// What they sign in with; without it they get a sign-in token.
    #[serde(default)]
    pub password: Option<SecretString>,
}

impl std::fmt::Debug for OperatorDraft {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("OperatorDraft")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// A new role for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleChange {
    /// What they may do.
    pub role: Role,
}

fn no_operator() -> Error {
    Error::not_found("operator")
}

pub(crate) fn subject(id: OperatorId, name: &Name) -> String {
    format!("operator:{id} {name}")
}

fn last_owner() -> Error {
    let text = "this is the last owner: make another operator an owner first";
    Error::new(ErrorKind::Conflict, "last_owner", text)
}

/// Refuses whoever may do less than the role.
pub(crate) fn require_role(cx: &OpCx, role: Role) -> Result<()> {
    if checks::covers(cx.principal.permissions(), role.permissions()) {
        return Ok(());
    }
    let text = format!(
        "this credential may do less than an operator of role {role}: use one that may do as much"
    );
    Err(Error::forbidden(text))
}

pub(crate) fn check_password(password: &SecretString) -> Result<()> {
    let characters = password.expose().chars().count();
    if characters < PASSWORD_MINIMUM_CHARACTERS {
        return Err(Error::invalid(
            "password",
            format!("a password has at least {PASSWORD_MINIMUM_CHARACTERS} characters"),
        ));
    }
    if password.len() > PASSWORD_MAXIMUM_BYTES {
        return Err(Error::invalid(
            "password",
            format!("a password has at most {PASSWORD_MAXIMUM_BYTES} bytes"),
        ));
    }
    Ok(())
}

/// The operator as the transaction sees them, if they are not shut out.
fn enabled(tx: &mut Tx<'_>, id: OperatorId) -> Result<Operator> {
    operators::by_id(tx, id)?
        .filter(|operator| operator.disabled_at.is_none())
        .ok_or_else(no_operator)
}

impl Gate {
    /// Adds an operator: with a password, or with a sign-in token that is shown this once.
    ///
    /// # Errors
    /// `forbidden`, also for a role beyond the maker's own permissions; `invalid_input`, `name_taken`.
    pub async fn add_operator(
        &self,
        cx: &OpCx,
        draft: OperatorDraft,
    ) -> Result<(Arc<Operator>, Option<NewToken>)> {
        cx.require(Permission::OperatorManage)?;
        require_role(cx, draft.role)?;
        require_fresh_proof_of_all(cx)?;
        let OperatorDraft {
            name,
            role,
            password,
        } = draft;
        checks::name("name", &name)?;
        let password_hash = match password {
            Some(password) => {
                check_password(&password)?;
                Some(self.hash_password(cx, password).await?)
            }
            None => None,
        };
        let id = OperatorId::new(self.inner.clock.uuid());
        let operator = Arc::new(Operator {
            id,
            name,
            role,
            password_hash,
            created_at: cx.now,
            disabled_at: None,
        });
        let token = operator
            .password_hash
            .is_none()
            .then(|| self.mint_token(cx.now, &operator));
        let mut entry =
            self.config_entry(cx, "config.operator.created", subject(id, &operator.name));
        entry.outcome = Some(role.as_str().to_owned());
        let (added, row) = (
            Arc::clone(&operator),
            token.as_ref().map(|(row, _)| row.clone()),
        );
        self.change(cx, Nouns::OPERATORS, move |tx| {
            if operators::name_is_taken(tx, added.name.as_str())? {
                return Err(checks::name_taken("an operator", &added.name));
            }
            operators::insert(tx, &added)?;
            if let Some(row) = &row {
                tokens::insert(tx, row)?;
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        let token = token.map(|(row, secret)| NewToken {
            view: crate::tokens::view(&row, Some(&operator)),
            secret,
        });
        Ok((operator, token))
    }

    /// Every operator by name, those who are shut out included.
    ///
    /// # Errors
    /// `forbidden`.
    pub fn operators(&self, cx: &OpCx) -> Result<Vec<Arc<Operator>>> {
        cx.require(Permission::ConfigRead)?;
        Ok(self.snapshot().operators.sorted())
    }

    /// One operator, by name or id.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub fn operator(&self, cx: &OpCx, id_or_name: &str) -> Result<Arc<Operator>> {
        cx.require(Permission::ConfigRead)?;
        self.snapshot()
            .operators
            .find(id_or_name)
            .ok_or_else(no_operator)
    }

    /// Sets an operator's password: one's own from a session, or anybody's for who manages operators. Ends the operator's other
    /// sessions.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `invalid_input`.
    pub async fn set_password(
        &self,
        cx: &OpCx,
        id_or_name: &str,
        password: SecretString,
    ) -> Result<()> {
        let found = self.snapshot().operators.find(id_or_name);
        let own_session = match &cx.principal {
            Principal::Operator {
                operator,
                via: Via::Session { id, .. },
            } if found.as_ref().is_some_and(|it| it.id == operator.id) => Some(*id),
            _ => None,
        };
        if own_session.is_none() {
            cx.require(Permission::OperatorManage)?;
        }
        let operator = found.ok_or_else(no_operator)?;
        if own_session.is_none() {
            require_role(cx, operator.role)?;
        }
        check_password(&password)?;
        require_fresh_proof_of_all(cx)?;
        let hash = self.hash_password(cx, password).await?;
        let entry = self.config_entry(
            cx,
            "config.operator.password_set",
            subject(operator.id, &operator.name),
        );
        let (id, now) = (operator.id, cx.now);
        self.change(cx, Nouns::OPERATORS, move |tx| {
            enabled(tx, id)?;
            operators::set_password(tx, id, &hash)?;
            sessions::end_of(tx, id, own_session, now)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        self.forget_sessions_of(id);
        Ok(())
    }

    /// Gives an operator another role.
    ///
    /// # Errors
    /// `forbidden`, also for a role beyond the maker's own permissions; `not_found`, `last_owner`.
    pub async fn set_role(&self, cx: &OpCx, id_or_name: &str, role: Role) -> Result<Arc<Operator>> {
        cx.require(Permission::OperatorManage)?;
        require_role(cx, role)?;
        require_fresh_proof_of_all(cx)?;
        let operator = self
            .snapshot()
            .operators
            .find(id_or_name)
            .ok_or_else(no_operator)?;
        let mut entry = self.config_entry(
            cx,
            "config.operator.role_set",
            subject(operator.id, &operator.name),
        );
        entry.outcome = Some(role.as_str().to_owned());
        let id = operator.id;
        self.change(cx, Nouns::OPERATORS, move |tx| {
            let operator = enabled(tx, id)?;
            if operator.role == Role::Owner
                && role != Role::Owner
                && operators::enabled_owners(tx)? <= 1
            {
                return Err(last_owner());
            }
            operators::set_role(tx, id, role)?;
            tx.append_entry(entry.clone())?;
            Ok(Arc::new(Operator { role, ..operator }))
        })
        .await
    }

    /// Shuts an operator out for good: sessions end, keys and tokens stop working. The name stays taken, since the ledger names it.
    ///
    /// # Errors
    /// `forbidden`, `not_found`, `last_owner`.
    pub async fn disable_operator(&self, cx: &OpCx, id_or_name: &str) -> Result<()> {
        cx.require(Permission::OperatorManage)?;
        require_fresh_proof_of_all(cx)?;
        let operator = self
            .snapshot()
            .operators
            .find(id_or_name)
            .ok_or_else(no_operator)?;
        let entry = self.config_entry(
            cx,
            "config.operator.disabled",
            subject(operator.id, &operator.name),
        );
        let (id, now) = (operator.id, cx.now);
        self.change(cx, Nouns::OPERATORS.and(Nouns::KEYS), move |tx| {
            let operator = enabled(tx, id)?;
            if operator.role == Role::Owner && operators::enabled_owners(tx)? <= 1 {
                return Err(last_owner());
            }
            operators::disable(tx, id, now)?;
            sessions::end_of(tx, id, None, now)?;
            tokens::revoke_of(tx, id, now)?;
            keys::revoke_of(tx, KeyOwner::Operator(id), now)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        self.forget_sessions_of(id);
        Ok(())
    }
}
