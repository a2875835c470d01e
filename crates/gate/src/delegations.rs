//! Delegations: an operator lends their approver seat to another for a while.
//!
//! Invariants: a seat counts once, whoever votes from it; it is not lent on; who sits on it must be one who may decide; a vote from
//! another's seat is cast only where the voter has no say of their own, and is shown as such.

use std::time::Duration;

use countersign_domain::{
    AskTerms, Delegation, DelegationId, Operator, OperatorId, Permission, Role,
};
use countersign_store::delegations;
use serde::{Deserialize, Serialize};

use crate::{
    checks,
    context::{OpCx, Principal},
    error::{Error, ErrorKind, Result},
    gate::Gate,
    snapshot::{Nouns, Snapshot},
};

/// The longest: 90 days.
const SECONDS_LIMIT: u64 = 90 * 86_400;
/// The most that hold at once: every vote looks through them.
const COUNT_LIMIT: usize = 100;

/// A delegation to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegationDraft {
    /// Whose seat, by name or id; one's own where it is left out. Another's only an owner lends.
    #[serde(default)]
    pub from: Option<String>,
    /// To whom, by name or id.
    pub to: String,
    /// For how long.
    pub expires_in_seconds: u64,
    /// Why.
    #[serde(default)]
    pub note: String,
}

/// A delegation, with names.
#[derive(Debug, Clone, Serialize)]
pub struct DelegationView {
    /// It.
    pub delegation: Delegation,
    /// Whose seat, by name.
    pub from_name: String,
    /// To whom, by name.
    pub to_name: String,
}

fn subject(view: &DelegationView) -> String {
    format!(
        "delegation:{} {} to {}",
        view.delegation.id, view.from_name, view.to_name
    )
}

fn is_entitled(operator: &Operator) -> bool {
    operator.disabled_at.is_none()
        && operator
            .role
            .permissions()
            .contains(Permission::RequestDecide)
}

impl Gate {
    fn delegation_view(&self, delegation: Delegation) -> DelegationView {
        let snapshot = self.snapshot();
        let name = |id: OperatorId| {
            snapshot
                .operators
                .get(id)
                .map_or_else(|| id.to_string(), |operator| operator.name.to_string())
        };
        DelegationView {
            from_name: name(delegation.from),
            to_name: name(delegation.to),
            delegation,
        }
    }

    /// Lends a seat.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input` naming the field.
    pub async fn add_delegation(
        &self,
        cx: &OpCx,
        draft: DelegationDraft,
    ) -> Result<DelegationView> {
        cx.require(Permission::RequestDecide)?;
        cx.require_unbounded()?;
        let Principal::Operator { operator, .. } = &cx.principal else {
            return Err(Error::forbidden("only an operator lends a seat"));
        };
        checks::text("note", &draft.note)?;
        if !(1..=SECONDS_LIMIT).contains(&draft.expires_in_seconds) {
            let text = format!("must be between 1 and {SECONDS_LIMIT} (90 days)");
            return Err(Error::invalid("expires_in_seconds", text));
        }
        let snapshot = self.fresh_snapshot()?;
        let find = |field: &'static str, name: &str| {
            let found = snapshot.operators.find(name);
            found
                .filter(|operator| is_entitled(operator))
                .ok_or_else(|| Error::invalid(field, "there is no such operator who may decide"))
        };
        let from = match &draft.from {
            Some(name) => find("from", name)?.id,
            None => operator.id,
        };
        let to = find("to", &draft.to)?.id;
        if from != operator.id && operator.role != Role::Owner {
            return Err(Error::forbidden(
                "you can lend your own seat; an owner can lend another's",
            ));
        }
        if from == to {
            return Err(Error::invalid("to", "a seat is lent to somebody else"));
        }
        let delegation = Delegation {
            id: DelegationId::new(self.inner.clock.uuid()),
            from,
            to,
            note: draft.note,
            created_at: cx.now,
            expires_at: cx
                .now
                .saturating_add(Duration::from_secs(draft.expires_in_seconds)),
        };
        let view = self.delegation_view(delegation.clone());
        let mut entry = self.config_entry(cx, "delegation.created", subject(&view));
        entry.outcome = Some(format!("until {}", delegation.expires_at));
        let now = cx.now;
        self.change(cx, Nouns::NONE, move |tx| {
            if delegations::live(tx, now)?.len() >= COUNT_LIMIT {
                let text = format!("there are {COUNT_LIMIT} delegations: end some first");
                return Err(Error::new(ErrorKind::Conflict, "too_many", text));
            }
            delegations::insert(tx, &delegation)?;
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await?;
        Ok(view)
    }

    /// The delegations that hold, oldest first.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn delegations(&self, cx: &OpCx) -> Result<Vec<DelegationView>> {
        cx.require(Permission::ConfigRead)?;
        cx.require_unbounded()?;
        let now = self.now();
        let live = self
            .inner
            .workspace
            .store
            .read(move |tx| delegations::live(tx, now).map_err(Error::from))
            .await?;
        Ok(live
            .into_iter()
            .map(|delegation| self.delegation_view(delegation))
            .collect())
    }

    /// Ends a delegation: whoever lent the seat, whoever sits on it, or an owner.
    ///
    /// # Errors
    /// `forbidden`, `not_found`.
    pub async fn end_delegation(&self, cx: &OpCx, id: DelegationId) -> Result<()> {
        cx.require(Permission::RequestDecide)?;
        cx.require_unbounded()?;
        let Principal::Operator { operator, .. } = &cx.principal else {
            return Err(Error::forbidden("only an operator takes a seat back"));
        };
        let gone = || Error::not_found("delegation");
        let found = self
            .inner
            .workspace
            .store
            .read(move |tx| delegations::by_id(tx, id).map_err(Error::from))
            .await?
            .ok_or_else(gone)?;
        if ![found.from, found.to].contains(&operator.id) && operator.role != Role::Owner {
            return Err(Error::forbidden(
                "only who lent the seat, who sits on it, or an owner ends this",
            ));
        }
        let entry = self.config_entry(
            cx,
            "delegation.ended",
            subject(&self.delegation_view(found)),
        );
        self.change(cx, Nouns::NONE, move |tx| {
            if !delegations::remove(tx, id)? {
                return Err(gone());
            }
            tx.append_entry(entry.clone())?;
            Ok(())
        })
        .await
    }

    /// The seat that an operator who has no say of their own may vote from.
    pub(crate) async fn seat_for(
        &self,
        snapshot: &Snapshot,
        terms: &AskTerms,
        operator: &Operator,
        waited: Duration,
    ) -> Result<Option<Delegation>> {
        let (to, now) = (operator.id, self.now());
        let lent = self
            .inner
            .workspace
            .store
            .read(move |tx| delegations::live_to(tx, to, now).map_err(Error::from))
            .await?;
        Ok(lent.into_iter().find(|delegation| {
            snapshot
                .operators
                .get(delegation.from)
                .is_some_and(|from| is_entitled(&from) && terms.names(&from, waited))
        }))
    }
}
