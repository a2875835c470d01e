//! One vote as one unit of work: the vote, the decision that it may be, and whatever has to be true or used up with it.
//!
//! INVARIANT: nothing of it is written unless all of it is.

use countersign_domain::{
    AuditEntry, Delegation, Name, RequestEvent, RequestState, StandingApproval, Tally, Timestamp,
    Vote, tally,
};
use countersign_store::{Tx, delegations, links, requests, votes};
use uuid::Uuid;

use crate::{
    approvals::{already_decided, check_pending},
    error::{Error, ErrorKind, Result},
    execute::after,
    record::epoch_moved,
    webhooks::{Announcer, Said},
};

/// A vote that was checked, and what it takes to write it.
pub(crate) struct VoteUnit {
    pub vote: Vote,
    /// How many approvals the set in force wants.
    pub quorum: u32,
    /// The epoch of the set that it was checked against.
    pub epoch: Option<u64>,
    /// The standing approval that it makes, with its entry.
    pub standing: Option<(StandingApproval, AuditEntry)>,
    /// The nonce of the decision link that it comes by, with its entry.
    pub link: Option<(Uuid, AuditEntry)>,
    /// Whose seat it is voted from.
    pub delegation: Option<Delegation>,
    /// The name of whose seat it is: that stands in the ledger, too.
    pub seat_of: Option<Name>,
    /// Until when what is approved may run.
    pub execute_until: Option<Timestamp>,
    pub announcer: Announcer,
    pub said: Said,
    /// The entry of a vote that decides nothing yet.
    pub voted: AuditEntry,
    /// The entry of a vote that decides.
    pub decided: AuditEntry,
}

impl VoteUnit {
    /// Writes it.
    ///
    /// # Errors
    /// `epoch_moved` where the policy has changed since it was checked; `already_decided`, `already_voted`, `link_used`; `forbidden` where
    /// the seat was taken back.
    pub(crate) fn write(&self, tx: &mut Tx<'_>) -> Result<()> {
        let id = self.vote.request;
        let current = requests::find(tx, id)?.ok_or_else(|| Error::not_found("request"))?;
        check_pending(id, current.request.state)?;
        if let Some(epoch) = self.epoch
            && tx.epoch()? != epoch
        {
            return Err(epoch_moved());
        }
        self.use_up(tx)?;
        if !votes::insert(tx, &self.vote)? {
            let text = "you have already voted on this request";
            return Err(Error::new(ErrorKind::Conflict, "already_voted", text).about(id));
        }
        let said = votes::of_request(tx, id)?;
        let (state, deadline) = match tally(self.quorum.max(current.quorum), &said) {
            Tally::Open { .. } => return self.leave_open(tx),
            Tally::Approved => (
                after(RequestState::Pending, RequestEvent::Approved)?,
                self.execute_until,
            ),
            Tally::Denied => (after(RequestState::Pending, RequestEvent::Denied)?, None),
        };
        let at = self.vote.at;
        let change = requests::Transition {
            at,
            deadline,
            ..Default::default()
        };
        if !requests::transition(tx, id, RequestState::Pending, state, &change)? {
            return Err(already_decided(id, state));
        }
        self.announcer
            .moved(tx, &current.request, state, at, deadline, &self.said)?;
        let mut outcome = state.as_str().to_owned();
        if self.vote.is_self_approved {
            outcome.push_str(" self_approved");
        }
        tx.append_entry(AuditEntry {
            outcome: Some(self.as_said(outcome)),
            ..self.decided.clone()
        })?;
        if let Some((made, entry)) = &self.standing {
            crate::standing::insert(tx, made, state, entry.clone())?;
        }
        Ok(())
    }

    /// What a vote rests on is there once, or was there a moment ago.
    fn use_up(&self, tx: &mut Tx<'_>) -> Result<()> {
        if self.standing.is_some() {
            // First, as every change of the configuration does it.
            tx.bump_epoch()?;
        }
        if let Some(delegation) = &self.delegation
            && delegations::by_id(tx, delegation.id)?.is_none()
        {
            return Err(Error::forbidden(
                "the seat that you would have voted from was taken back a moment ago",
            ));
        }
        if let Some((nonce, entry)) = &self.link {
            if !links::use_up(tx, *nonce, self.vote.at)? {
                return Err(crate::links::used(self.vote.request));
            }
            tx.append_entry(entry.clone())?;
        }
        Ok(())
    }

    fn leave_open(&self, tx: &mut Tx<'_>) -> Result<()> {
        if self.standing.is_some() {
            let text = "one approval is not enough for this any more: approve it without a standing approval";
            return Err(Error::invalid("standing", text));
        }
        tx.append_entry(AuditEntry {
            outcome: Some(self.as_said(self.vote.kind.as_str().to_owned())),
            ..self.voted.clone()
        })?;
        Ok(())
    }

    fn as_said(&self, outcome: String) -> String {
        match &self.seat_of {
            Some(name) => format!("{outcome} for {name}"),
            None => outcome,
        }
    }
}
