//! Sign-in tokens of operators. A token opens a session and nothing else: it is no key.

use std::{fmt, sync::Arc};

use countersign_domain::{Name, Operator, OperatorId, Permission, Timestamp};
use countersign_store::{
    StoreError, operators,
    tokens::{self, OperatorToken},
};
use countersign_vault::{SecretString, Token};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    checks,
    context::{OpCx, Principal, Via},
    error::{Error, Result},
    gate::Gate,
    operators::require_role,
    sessions::require_fresh_proof_of_all,
    snapshot::Nouns,
};

/// A token to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenDraft {
    /// Whom it signs in, by name or id.
    pub operator: String,
    /// What it is for.
    pub name: Name,
    /// For how long it works.
    #[serde(default)]
    pub expires_in_seconds: Option<u64>,
}

/// A token, as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenView {
    /// Its id.
    pub id: Uuid,
    /// Whom it signs in.
    pub operator: OperatorId,
    /// The operator's name.
    pub operator_name: Option<Name>,
    /// What it is for.
    pub name: Name,
    /// Its first characters.
    pub prefix: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working by itself.
    pub expires_at: Option<Timestamp>,
    /// When somebody stopped it.
    pub revoked_at: Option<Timestamp>,
}

/// A token that was just made. The secret is shown this once.
pub struct NewToken {
    /// The token.
    pub view: TokenView,
    /// What its operator signs in with.
    pub secret: SecretString,
}

impl fmt::Debug for NewToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("NewToken")
            .field("view", &self.view)
            .finish_non_exhaustive()
    }
}

pub(crate) fn view(row: &OperatorToken, operator: Option<&Operator>) -> TokenView {
    TokenView {
        id: row.id,
        operator: row.operator,
        operator_name: operator.map(|operator| operator.name.clone()),
        name: row.name.clone(),
        prefix: row.prefix.clone(),
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
    }
}

/// A new token of an operator, not yet in the store.
pub(crate) fn mint(
    id: Uuid,
    name: Name,
    operator: OperatorId,
    now: Timestamp,
) -> (OperatorToken, SecretString) {
    let token = Token::generate();
    let row = OperatorToken {
        id,
        operator,
        name,
        hash: token.hash().0,
        prefix: token.display_prefix(),
        created_at: now,
        expires_at: None,
        revoked_at: None,
    };
    (row, token.into_secret())
}

/// Whose tokens the caller may see and stop; `None` for everybody's. A key says what it may: only a session stands for its operator.
fn whose(cx: &OpCx) -> Result<Option<OperatorId>> {
    match (cx.require(Permission::OperatorManage), &cx.principal) {
        (Ok(()), _) => Ok(None),
        (
            Err(_),
            Principal::Operator {
                operator,
                via: Via::Session { .. },
            },
        ) => Ok(Some(operator.id)),
        (Err(error), _) => Err(error),
    }
}

fn no_token() -> Error {
    Error::not_found("token")
}

impl Gate {
    pub(crate) fn mint_token(
        &self,
        now: Timestamp,
        operator: &Operator,
    ) -> (OperatorToken, SecretString) {
        mint(
            self.inner.clock.uuid(),
            operator.name.clone(),
            operator.id,
            now,
        )
    }

    /// Makes a sign-in token. It is shown this once.
    ///
    /// # Errors
    /// `forbidden`, also for an operator who may do more than the maker; `invalid_input`.
    pub async fn add_token(&self, cx: &OpCx, draft: TokenDraft) -> Result<NewToken> {
        self.make_token(cx, draft, "config.token.created").await
    }

    /// Makes a sign-in token for an operator who has no other way in: for whoever knows the vault's passphrase and holds the data
    /// directory. The ledger says that it was that.
    ///
    /// # Errors
    /// `forbidden` for anybody but the gateway itself; `invalid_input`.
    pub async fn recover_token(&self, cx: &OpCx, draft: TokenDraft) -> Result<NewToken> {
        if !matches!(cx.principal, Principal::System) {
            return Err(Error::forbidden(
                "a way in is recovered offline, with the vault's passphrase: `countersign token create --recover`",
            ));
        }
        self.make_token(cx, draft, "config.token.recovered").await
    }

    async fn make_token(
        &self,
        cx: &OpCx,
        draft: TokenDraft,
        kind: &'static str,
    ) -> Result<NewToken> {
        cx.require(Permission::OperatorManage)?;
        require_fresh_proof_of_all(cx)?;
        checks::name("name", &draft.name)?;
        let operator = self
            .fresh_snapshot()?
            .operators
            .find(&draft.operator)
            .filter(|operator| operator.disabled_at.is_none())
            .ok_or_else(|| {
                Error::invalid("operator", "there is no such operator who is not disabled")
            })?;
        require_role(cx, operator.role)?;
        let (mut row, secret) = mint(self.inner.clock.uuid(), draft.name, operator.id, cx.now);
        row.expires_at = checks::expiry(cx.now, draft.expires_in_seconds)?;
        let entry = self.config_entry(
            cx,
            kind,
            format!("token:{} {} of {}", row.id, row.name, operator.name),
        );
        let added = row.clone();
        self.change(cx, Nouns::NONE, move |tx| {
            if operators::by_id(tx, added.operator)?
                .is_none_or(|operator| operator.disabled_at.is_some())
            {
                return Err(Error::invalid("operator", "the operator was just disabled"));
            }
            tokens::insert(tx, &added)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(NewToken {
            view: view(&row, Some(&operator)),
            secret,
        })
    }

    /// The newest tokens, also those that no longer work: everybody's for who manages operators, else those of the session's operator.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn tokens(&self, cx: &OpCx) -> Result<Vec<TokenView>> {
        let only = whose(cx)?;
        let rows = self
            .inner
            .workspace
            .store
            .read::<_, StoreError, _>(tokens::all)
            .await?;
        let snapshot = self.snapshot();
        Ok(rows
            .iter()
            .filter(|row| only.is_none_or(|only| row.operator == only))
            .map(|row| view(row, snapshot.operators.get(row.operator).as_deref()))
            .collect())
    }

    /// Stops a token: anybody's for who manages operators, else one of the session's operator. Sessions that it opened go on: end those
    /// one by one.
    ///
    /// # Errors
    /// `forbidden`; `not_found`, also for a token that is not the caller's.
    pub async fn revoke_token(&self, cx: &OpCx, id: Uuid) -> Result<TokenView> {
        let only = whose(cx)?;
        require_fresh_proof_of_all(cx)?;
        let entry = self.config_entry(cx, "config.token.revoked", format!("token:{id}"));
        let now = cx.now;
        let row = self
            .change(cx, Nouns::NONE, move |tx| {
                let may = tokens::by_id(tx, id)?
                    .is_some_and(|token| only.is_none_or(|only| token.operator == only));
                if !may {
                    return Err(no_token());
                }
                if tokens::revoke(tx, id, now)? {
                    tx.append_entry(entry.clone())?;
                }
                tokens::by_id(tx, id)?.ok_or_else(no_token)
            })
            .await?;
        let operator: Option<Arc<Operator>> = self.snapshot().operators.get(row.operator);
        Ok(view(&row, operator.as_deref()))
    }
}
