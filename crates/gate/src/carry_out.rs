//! Lease, permit, executor, mask, record: the only place that calls an executor.

use std::{sync::Arc, time::Duration};

use countersign_domain::{
    AuditEntry, Decision, DurabilityClass, EntryId, Request, RequestState, StandingApprovalId,
};
use countersign_scan::{LeaseMasker, VaultStream};
use countersign_store::{Tx, standing};
use tokio::time::Instant;

use crate::{
    connector::{ExecutionError, ExecutionFailure, ExecutionReply},
    error::{Error, ErrorKind, Result},
    execution::ExecutionCx,
    gate::Gate,
    intent::Intent,
    lease::CredentialLease,
    outcome::{ExecutionGuard, Keep, Ledgered, REPLAY_BYTES},
    permit::ExecutionPermit,
    record::{Opening, Record, opening_evidence, opening_row},
    reply::{
        Gathered, GuardedBody, Masked, ReplyBody, SHORT_REPLY_BYTES, SHORT_REPLY_TIME,
        change_headers, gather, join, mask_headers,
    },
    resolve::Asked,
    scan::OutputWatch,
    submit::{Reply, killed},
    tasks::Tasks,
};

impl Gate {
    /// Carries out what a decision has just allowed. The request has not been seen by the store yet.
    pub(crate) async fn carry_out_allowed(
        &self,
        epoch: u64,
        asked: Asked,
        decision: Decision,
    ) -> Result<Reply> {
        let keep = if asked.idempotency_key.is_some() {
            Keep::UpTo(REPLAY_BYTES)
        } else {
            Keep::Nothing
        };
        let id = EntryId::new(self.inner.clock.uuid());
        let mut row = opening_row(&asked, &decision, RequestState::Executing, id);
        row.request.instance = Some(self.instance());
        // A standing approval or an idempotency key is taken before anything happens, so that also a read has its intent first.
        let is_read = asked.durability == DurabilityClass::Read
            && decision.satisfied_by.is_none()
            && asked.idempotency_key.is_none();
        let kind = if is_read {
            "action.executed"
        } else {
            "action.intent"
        };
        let mut entry = AuditEntry {
            id,
            ..self.entry_about(&row.request, asked.actor, kind, asked.facts.at)
        };
        let writer = opening_evidence(&asked, &decision, &mut entry);
        let idempotency = crate::record::idempotency_row(&asked);
        let request = row.request.clone();
        let mut opening = Opening {
            row,
            record: Record {
                entry,
                sealed: None,
            },
            idempotency,
            epoch: Some(epoch),
            announcer: self.announcer(),
        };
        if is_read {
            return self
                .carry_out(
                    asked,
                    request,
                    Ledgered::Nothing(Box::new(opening), writer),
                    keep,
                )
                .await;
        }
        opening.record.sealed = Some(writer.seal(&self.inner.workspace.vault, id));
        let standing = decision.satisfied_by;
        let gate = self.clone();
        let write = async move {
            let unit = move |tx: &mut Tx<'_>| take_use(tx, &opening, standing);
            let left = gate.inner.workspace.store.write(unit).await?;
            gate.after_use(left).await;
            Ok(())
        };
        Intent::new(self, request.clone(), write).await?;
        self.carry_out(asked, request, Ledgered::Intent, keep).await
    }

    /// Lease, permit, executor, mask, record. Everything that can stop it from here on goes through the guard.
    pub(crate) async fn carry_out(
        &self,
        asked: Asked,
        request: Request,
        ledgered: Ledgered,
        keep: Keep,
    ) -> Result<Reply> {
        let id = request.id;
        let registration =
            self.inner
                .running
                .register(id, request.agent, asked.key, request.target);
        let limits = asked.target.limits;
        let started = Instant::now();
        let total = Duration::from_millis(limits.total_millis);
        let cx = ExecutionCx::new(
            registration.token().clone(),
            limits,
            asked.target.allow_private_network,
        );
        let snapshot = self.snapshot();
        let agent = snapshot.agents.get(asked.agent.id);
        let watch = OutputWatch::new(
            &self.inner.scanner,
            &snapshot.settings.scan,
            agent.as_ref().unwrap_or(&asked.agent),
        );
        drop(snapshot);
        let mut guard = ExecutionGuard::new(
            self.clone(),
            request,
            ledgered,
            keep,
            cx.clone(),
            registration,
            watch,
        );
        // A switch that was pulled after the decision and before the registration has found nothing to cancel: look again.
        if let Some(stopped) = self.stopped(&asked) {
            guard.finish_failed(&cancelled()).await?;
            return Err(stopped.about(id));
        }
        let lease = match asked
            .credential
            .as_deref()
            .map(|credential| CredentialLease::open(&self.inner.workspace.vault, credential))
        {
            Some(Err(error)) => {
                guard.finish_failed(&unreadable()).await?;
                return Err(error.about(id));
            }
            Some(Ok(lease)) => Some(lease),
            None => None,
        };
        let maskers = Maskers {
            lease: lease.as_ref().map(CredentialLease::masker),
            vault: self.inner.vault_values.stream(),
            redact: limits
                .redact_secrets
                .then_some(usize::try_from(limits.kept_response_bytes).unwrap_or(usize::MAX)),
        };
        let executor = asked.connector.executor();
        let permit = ExecutionPermit::new(
            id,
            Arc::clone(&asked.target),
            Arc::clone(&asked.profile),
            asked.payload,
        );
        let execution = executor.execute(permit, lease, &cx);
        let executed = tokio::select! {
            biased;
            () = cx.cancellation().cancelled() => Err(cancelled()),
            executed = tokio::time::timeout(total, execution) => executed.unwrap_or_else(|_| Err(too_slow())),
        };
        let reply = match executed {
            Ok(reply) => reply,
            Err(error) => {
                guard.finish_failed(&error).await?;
                return Err(target_error(error).about(id));
            }
        };
        let deadline = started + total;
        pass_on(&self.inner.tasks, reply, maskers, guard, deadline, keep).await
    }

    /// Whether something stands in the way that was not there when it was decided.
    fn stopped(&self, asked: &Asked) -> Option<Error> {
        let snapshot = self.snapshot();
        if let Some(kill) = snapshot.kill.stops(asked.agent.id, asked.target.id) {
            return Some(killed(kill));
        }
        let key = snapshot.keys.get(asked.key?)?;
        (!key.is_live(self.now())).then(key_revoked)
    }
}

/// What is taken out of a reply.
struct Maskers {
    /// This call's credential.
    lease: Option<LeaseMasker>,
    /// Every other of the vault.
    vault: Option<VaultStream>,
    /// What looks like a secret, where the target wants that; then a reply may have this many bytes.
    redact: Option<usize>,
}

/// Masks what the target answered and hands it on: whole where it is short or has to be kept, else as it comes.
async fn pass_on(
    tasks: &Tasks,
    reply: ExecutionReply,
    maskers: Maskers,
    mut guard: ExecutionGuard,
    deadline: Instant,
    keep: Keep,
) -> Result<Reply> {
    let (id, risk) = (guard.request(), guard.risk());
    let ExecutionReply {
        status,
        mut headers,
        body,
    } = reply;
    mask_headers(maskers.lease.as_ref(), maskers.vault.as_ref(), &mut headers);
    let redact = maskers.redact;
    if redact.is_some() {
        change_headers(|value| guard.watch().redacted(value), &mut headers);
    }
    guard.see_head(status, &headers);
    let mut masked = Masked::new(body, maskers.lease, maskers.vault);
    let (bytes, within) = match (keep, redact) {
        (Keep::Whole(bytes), _) | (_, Some(bytes)) => (bytes, None),
        (Keep::Nothing | Keep::UpTo(_), None) => (SHORT_REPLY_BYTES, Some(SHORT_REPLY_TIME)),
    };
    let is_whole_needed = redact.is_some() || matches!(keep, Keep::Whole(_));
    let cancellation = guard.cancellation().clone();
    let gathered = tokio::select! {
        biased;
        () = cancellation.cancelled() => Gathered::Broken(cancelled()),
        gathered = tokio::time::timeout_at(deadline, gather(&mut masked, bytes, within)) => {
            gathered.unwrap_or_else(|_| Gathered::Broken(too_slow()))
        }
    };
    let findings;
    let body = match gathered {
        Gathered::Whole(pieces) => {
            let mut body = join(pieces);
            if redact.is_some() {
                body = guard.watch().redacted_long(body).await?;
            }
            guard.tap_output(&body);
            guard.finish_whole().await?;
            findings = guard.watch().findings().to_vec();
            ReplyBody::Full(body)
        }
        Gathered::Part(_) if is_whole_needed => {
            let error = too_large_to_keep(bytes);
            guard.finish_broken(&error).await?;
            return Err(target_error(error).about(id));
        }
        Gathered::Part(pieces) => {
            guard.record_intent().await?;
            guard.look_at(&pieces).await;
            for piece in &pieces {
                guard.tap_output(piece);
            }
            findings = guard.watch().findings().to_vec();
            ReplyBody::Stream(GuardedBody::new(tasks, pieces, masked, guard, deadline))
        }
        Gathered::Broken(error) => {
            guard.finish_broken(&error).await?;
            return Err(target_error(error).about(id));
        }
    };
    Ok(Reply {
        request: id,
        status,
        headers,
        body,
        is_replay: false,
        risk,
        findings,
    })
}

/// The key that asked, or that executes, no longer works.
pub(crate) fn key_revoked() -> Error {
    let text = "the key that asked for this has been revoked or has expired";
    Error::new(ErrorKind::Forbidden, "revoked", text)
}

/// Writes the opening of what may run, and takes the use of the standing approval that answered; how many are left then.
pub(crate) fn take_use(
    tx: &mut Tx<'_>,
    opening: &Opening,
    standing: Option<StandingApprovalId>,
) -> Result<Option<u32>> {
    opening.write(tx)?;
    match standing {
        Some(standing) => standing::take_use(tx, standing)?
            .map(Some)
            .ok_or_else(used_up),
        None => Ok(None),
    }
}

fn used_up() -> Error {
    let text = "the standing approval that answered this was used up at the same moment; ask again";
    Error::new(ErrorKind::Conflict, "standing_approval_used_up", text)
}

pub(crate) fn cancelled() -> ExecutionError {
    let message = "the execution was stopped by an operator or by shutdown".to_owned();
    ExecutionError {
        failure: ExecutionFailure::Cancelled,
        code: "killed",
        message,
        limit: None,
    }
}

fn unreadable() -> ExecutionError {
    let message = "the credential can't be decrypted".to_owned();
    ExecutionError {
        failure: ExecutionFailure::Refused,
        code: "credential_unreadable",
        message,
        limit: None,
    }
}

pub(crate) fn too_slow() -> ExecutionError {
    let message = "the target did not answer within the whole time of a call".to_owned();
    ExecutionError {
        failure: ExecutionFailure::Timeout,
        code: "total_timeout",
        message,
        limit: Some("total_millis"),
    }
}

fn too_large_to_keep(bytes: usize) -> ExecutionError {
    let message = format!(
        "the answer is longer than the {bytes} bytes that can be kept for an executed approval"
    );
    ExecutionError {
        failure: ExecutionFailure::TooLarge,
        code: "response_too_large",
        message,
        limit: Some("kept_response_bytes"),
    }
}

/// What the one who asked is told when the target failed.
pub(crate) fn target_error(error: ExecutionError) -> Error {
    let kind = match error.failure {
        ExecutionFailure::Timeout => ErrorKind::TargetTimeout,
        ExecutionFailure::Cancelled => ErrorKind::Forbidden,
        ExecutionFailure::Refused
        | ExecutionFailure::Unreachable
        | ExecutionFailure::TooLarge
        | ExecutionFailure::BadReply => ErrorKind::TargetFailed,
    };
    Error {
        limit: error.limit,
        ..Error::new(kind, error.code, error.message)
    }
}
