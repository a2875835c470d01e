//! Looking at requests: what they are, what is known of one, its result.

use std::collections::BTreeMap;

use bytes::Bytes;
use countersign_domain::{OperatorId, Permission, Request, RequestId, RequestState, Vote};
use countersign_store::{evidence, requests, results, votes};
use countersign_vault::{Place, Vault};
use serde::Serialize;
use serde_json::Value;

use crate::{
    context::{OpCx, Principal},
    error::{Error, ErrorKind, Result},
    evidence::Evidence,
    gate::Gate,
    resolve::Asked,
    snapshot::Snapshot,
};

/// A request as lists show it.
#[derive(Debug, Clone, Serialize)]
pub struct RequestView {
    /// The request.
    pub request: Request,
    /// Who asks, by name; by id once the agent is removed.
    pub agent_name: String,
    /// On what, by name; by id once the target is removed.
    pub target_name: String,
    /// How many operators have to say yes.
    pub quorum: u32,
    /// What operators have said.
    pub votes: Vec<Vote>,
    /// The names of those who said it, as far as they are there; none for an agent.
    pub operator_names: BTreeMap<OperatorId, String>,
    /// Why, in the agent's words.
    pub intent: String,
    /// Why it is as risky as it is.
    pub risk_reasons: Vec<String>,
}

impl RequestView {
    pub(crate) fn fresh(asked: &Asked, row: &requests::RequestRow) -> Self {
        Self {
            request: row.request.clone(),
            agent_name: asked.agent.name.to_string(),
            target_name: asked.target.name.to_string(),
            quorum: row.quorum,
            votes: Vec::new(),
            operator_names: BTreeMap::new(),
            intent: asked.facts.intent.clone(),
            risk_reasons: asked.facts.risk.reasons.clone(),
        }
    }
}

/// What would run, byte for byte.
#[derive(Debug, Clone)]
pub struct PayloadView {
    /// The normalised input.
    pub input: Value,
    /// The body.
    pub body: Bytes,
    /// SHA-256 of the body.
    pub body_sha256: [u8; 32],
}

/// A masked answer that is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredResult {
    /// The status in HTTP's terms.
    pub status: u16,
    /// The headers, an object of strings.
    pub headers: Value,
    /// The body.
    pub body: Bytes,
}

impl StoredResult {
    /// Status (2 bytes, big-endian), length of the headers' JSON (4 bytes), the JSON, the body; sealed for its request.
    pub(crate) fn seal(&self, vault: &Vault, request: RequestId) -> Vec<u8> {
        let headers = self.headers.to_string();
        let mut plain = Vec::with_capacity(6 + headers.len() + self.body.len());
        plain.extend_from_slice(&self.status.to_be_bytes());
        plain.extend_from_slice(
            &u32::try_from(headers.len())
                .unwrap_or(u32::MAX)
                .to_be_bytes(),
        );
        plain.extend_from_slice(headers.as_bytes());
        plain.extend_from_slice(&self.body);
        vault.seal(&place(&request), &plain)
    }

    pub(crate) fn open(vault: &Vault, request: RequestId, sealed: &[u8]) -> Result<Self> {
        let plain = vault
            .open(&place(&request), sealed)
            .map_err(Error::internal)?;
        let parse = |plain: &[u8]| -> Option<Self> {
            let (status, rest) = plain.split_first_chunk::<2>()?;
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let (headers, body) =
                rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
            let headers = serde_json::from_slice(headers).ok()?;
            Some(Self {
                status: u16::from_be_bytes(*status),
                headers,
                body: Bytes::copy_from_slice(body),
            })
        };
        parse(plain.expose()).ok_or_else(|| Error::internal("a kept result has an unknown form"))
    }
}

fn place(request: &RequestId) -> Place<'_> {
    Place {
        table: "result",
        column: "sealed",
        row: request.as_bytes(),
        version: 1,
    }
}

impl Gate {
    /// Where a request stands, and its answer while that is kept: what a client that polls needs, without what would run.
    ///
    /// # Errors
    /// `not_found`.
    pub async fn status(
        &self,
        cx: &OpCx,
        id: RequestId,
    ) -> Result<(Request, Vec<Vote>, Option<StoredResult>)> {
        let (row, votes, result) = self.request_status(cx, id).await?;
        Ok((row.request, votes, result))
    }

    /// Whether the one who asks may read a request.
    ///
    /// # Errors
    /// When it can't be found out.
    pub async fn may_read(&self, cx: &OpCx, id: RequestId) -> Result<bool> {
        cx.require(Permission::RequestRead)?;
        match self.load(cx, id).await {
            Ok(_) => Ok(true),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn request_status(
        &self,
        cx: &OpCx,
        id: RequestId,
    ) -> Result<(requests::RequestRow, Vec<Vote>, Option<StoredResult>)> {
        cx.require(Permission::RequestRead)?;
        let (mut row, votes) = self.load(cx, id).await?;
        let now = self.now();
        let is_waiting = matches!(
            row.request.state,
            RequestState::Pending | RequestState::Approved
        );
        if is_waiting && row.request.deadline.is_some_and(|deadline| deadline <= now) {
            row.request = self.lapse(&row).await?;
        }
        let result = self
            .inner
            .workspace
            .store
            .read(move |tx| results::find(tx, id, now).map_err(Error::from))
            .await?
            .map(|sealed| StoredResult::open(&self.inner.workspace.vault, id, &sealed))
            .transpose()?
            // The agent gets its answer as it came; whoever looks on sees no secrets in it.
            .map(|result| match cx.principal {
                Principal::Agent { .. } => result,
                _ => self.redacted_result(result),
            });
        if let Some(result) = &result {
            self.look_again(cx, &row.request, result).await?;
        }
        Ok((row, votes, result))
    }

    /// The sealed evidence of what was asked; `None` when it was deleted.
    pub(crate) async fn sealed_evidence(
        &self,
        row: &requests::RequestRow,
    ) -> Result<Option<Vec<u8>>> {
        let entry = row.evidence_entry;
        self.inner
            .workspace
            .store
            .read(move |tx| evidence::get(tx, entry).map_err(Error::from))
            .await
    }

    pub(crate) fn open_evidence(
        &self,
        row: &requests::RequestRow,
        sealed: Option<Vec<u8>>,
    ) -> Result<Option<Evidence>> {
        sealed
            .map(|sealed| Evidence::open(&self.inner.workspace.vault, row.evidence_entry, &sealed))
            .transpose()
    }

    /// A request with its votes, if the one who asks may see it.
    pub(crate) async fn load(
        &self,
        cx: &OpCx,
        id: RequestId,
    ) -> Result<(requests::RequestRow, Vec<Vote>)> {
        let found = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<_> {
                let Some(row) = requests::find(tx, id)? else {
                    return Ok(None);
                };
                let votes = votes::of_request(tx, id)?;
                Ok(Some((row, votes)))
            })
            .await?;
        let (row, votes) = found.ok_or_else(|| Error::not_found("request"))?;
        match &cx.principal {
            Principal::Agent { agent, .. } if agent.id != row.request.agent => {
                Err(Error::not_found("request"))
            }
            // Not for this key: then it is not there.
            principal if !principal.admits(row.request.agent, row.request.target) => {
                Err(Error::not_found("request"))
            }
            _ => Ok((row, votes)),
        }
    }

    pub(crate) fn view(
        &self,
        cx: &OpCx,
        row: &requests::RequestRow,
        votes: Vec<Vote>,
        intent: String,
        risk_reasons: Vec<String>,
    ) -> RequestView {
        let snapshot = self.snapshot();
        RequestView {
            agent_name: snapshot.agents.get(row.request.agent).map_or_else(
                || row.request.agent.to_string(),
                |agent| agent.name.to_string(),
            ),
            target_name: snapshot.targets.get(row.request.target).map_or_else(
                || row.request.target.to_string(),
                |target| target.name.to_string(),
            ),
            request: row.request.clone(),
            quorum: row.quorum,
            operator_names: operator_names(&snapshot, &cx.principal, &votes),
            votes,
            intent,
            risk_reasons,
        }
    }
}

fn operator_names(
    snapshot: &Snapshot,
    viewer: &Principal,
    votes: &[Vote],
) -> BTreeMap<OperatorId, String> {
    if matches!(viewer, Principal::Agent { .. }) {
        return BTreeMap::new();
    }
    votes
        .iter()
        .flat_map(|vote| [Some(vote.operator), vote.on_behalf_of])
        .filter_map(|operator| {
            let operator = snapshot.operators.get(operator?)?;
            Some((operator.id, operator.name.to_string()))
        })
        .collect()
}

pub(crate) fn risk_reasons(judged: Option<&Value>) -> Vec<String> {
    let reasons = judged
        .and_then(|judged| judged.pointer("/facts/risk/reasons"))
        .and_then(Value::as_array);
    reasons
        .map(|list| {
            list.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default()
}
