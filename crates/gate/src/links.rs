//! Decision links: a page and one press of a button instead of a sign-in, for one operator and one request.
//!
//! The store holds what a token is derived from; the token itself exists only while it is sent and while it is presented. It is the
//! nonce (16 bytes) and the first half of a keyed hash over nonce, decision, request, approver, payload and end, under a key of the
//! vault that nothing else uses: a row that was changed, and the token of another vault, are unknown tokens.
//!
//! Invariants: a link decides through [`Gate::cast`] as its approver, so that every rule for approvers holds; it is used up in the
//! transaction of its vote; one is good for no payload but the one that it was made for; it dies with its approver's rights, and with
//! the key that it was made with. Looking changes nothing. Where loss can't be mended, or more than one operator has to agree, a link
//! shows and does not decide. An agent never makes one.

use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use countersign_domain::{
    Actor, DeliveryId, Digest, Effect, Operator, OperatorId, Permission, RequestId, RequestState,
    Role, Timestamp, VoteKind,
};
use countersign_store::{
    links::{self, DecisionLink},
    requests::{self, RequestRow},
};
use countersign_vault::{SecretString, Vault, constant_time_equal, random_bytes};
use url::Url;
use uuid::Uuid;

use crate::{
    approvals::Ballot,
    context::{OpCx, Principal, Via},
    error::{Error, ErrorKind, Result},
    execute::expired,
    gate::Gate,
    requests::RequestView,
    sessions::require_fresh_proof,
    settings::LinkSettingsChange,
};

/// The shortest life of a link, in seconds.
pub(crate) const LEAST_SECONDS: u64 = 60;
/// The longest: 30 days.
pub(crate) const MOST_SECONDS: u64 = 30 * 86_400;

/// How many pairs of one request can be used at once.
const PAIRS_LIMIT: u64 = 100;

/// Where links lead that no call made, where no setting says it: this host, at the customary port.
const DEFAULT_BASE: &str = "http://localhost:18790";

/// Unknown tokens that one source may show in a minute.
const GUESSES_A_MINUTE: u32 = 60;
/// Sources that are counted apart; more are counted together.
const SOURCES_LIMIT: usize = 4_096;
const MINUTE_MICROS: i64 = 60_000_000;

/// A pair of links to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkDraft {
    /// What they decide on.
    pub request: RequestId,
    /// How long they can be used, in seconds; as set for all where it is left out.
    pub expires_in_seconds: Option<u64>,
}

/// A pair of links. The tokens are shown this once.
pub struct LinkPair {
    /// What they decide on.
    pub request: RequestId,
    /// As whom.
    pub approver: OperatorId,
    /// The token that approves: 43 characters of base64url.
    pub approve: SecretString,
    /// The token that denies.
    pub deny: SecretString,
    /// Until when.
    pub expires_at: Timestamp,
    /// How long they last, in seconds.
    pub lasts_seconds: u64,
    /// Whether they only lead to the request, where its approver has to sign in.
    pub needs_sign_in: bool,
}

impl fmt::Debug for LinkPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LinkPair")
            .field("request", &self.request)
            .field("approve", &"[link]")
            .field("deny", &"[link]")
            .finish_non_exhaustive()
    }
}

/// What somebody sees who shows a link: what would be done, and not with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkView {
    /// What it decides on.
    pub request: RequestId,
    /// What it says.
    pub kind: VoteKind,
    /// As whom, by name.
    pub approver_name: String,
    /// Who asks, by name.
    pub agent_name: String,
    /// On what, by name.
    pub target_name: String,
    /// What would be done. Untrusted text.
    pub action: String,
    /// What that does.
    pub effect: Effect,
    /// SHA-256 of the payload.
    pub payload_hash: Digest,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// Whether its approver has to sign in to decide.
    pub needs_sign_in: bool,
    /// Whether they have to say why.
    pub wants_reason: bool,
}

/// A link that was shown, with all that it hangs on.
struct Shown {
    link: DecisionLink,
    kind: VoteKind,
    row: RequestRow,
    approver: Arc<Operator>,
}

/// Unknown tokens by source, in the minute that runs. Nothing here is ever asked about a token that is known: tokens can't be guessed,
/// and what strangers send from an address must not keep its approvers from deciding (requirement 7).
#[derive(Debug, Default)]
pub(crate) struct LinkGuesses(Mutex<HashMap<String, (i64, u32)>>);

impl LinkGuesses {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (i64, u32)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an unknown token; how long its source has to wait, if it has to.
    fn take(&self, source: &str, now: Timestamp) -> Option<Duration> {
        let source = network_of(source);
        let wait = self.wait(&source, now);
        if wait.is_none() {
            self.note(&source, now);
        }
        wait
    }

    fn wait(&self, source: &str, now: Timestamp) -> Option<Duration> {
        let known = self.lock();
        let (began, count) = *known.get(source).or_else(|| {
            // Where there is no room for a source of its own, it is counted with the others.
            (known.len() >= SOURCES_LIMIT).then(|| known.get(""))?
        })?;
        let left = began + MINUTE_MICROS - now.as_micros();
        let is_over = count >= GUESSES_A_MINUTE && (1..=MINUTE_MICROS).contains(&left);
        is_over.then(|| Duration::from_micros(left.unsigned_abs()))
    }

    fn note(&self, source: &str, now: Timestamp) {
        let now = now.as_micros();
        let mut known = self.lock();
        if known.len() >= SOURCES_LIMIT && !known.contains_key(source) {
            known.retain(|_, (began, _)| now.saturating_sub(*began) < MINUTE_MICROS);
        }
        let has_room = known.len() < SOURCES_LIMIT || known.contains_key(source);
        let name = if has_room { source } else { "" };
        let (began, count) = known.entry(name.to_owned()).or_insert((now, 0));
        if now < *began || now - *began >= MINUTE_MICROS {
            (*began, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
    }
}

/// What is counted together: an IPv4 address, or the 64 bits that one IPv6 host may choose the rest to.
fn network_of(source: &str) -> String {
    match source
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
    {
        Ok(IpAddr::V6(address)) => {
            let network = address.to_bits() >> 64 << 64;
            Ipv6Addr::from_bits(network).to_string()
        }
        Ok(IpAddr::V4(address)) => address.to_string(),
        Err(_) => source.to_owned(),
    }
}

fn unknown() -> Error {
    Error::new(
        ErrorKind::NotFound,
        "no_link",
        "this decision link is not known here, or no more",
    )
}

/// The link was used before.
pub(crate) fn used(id: RequestId) -> Error {
    let text = "this decision link has been used already";
    Error::new(ErrorKind::Conflict, "link_used", text).about(id)
}

/// The link shows and does not decide.
pub(crate) fn sign_in_needed(id: RequestId) -> Error {
    let text = "this needs more than a link: sign in and decide in the Inbox";
    Error::new(ErrorKind::Forbidden, "sign_in_needed", text).about(id)
}

fn not_pending(id: RequestId, state: RequestState) -> Error {
    let text = format!("Request is not pending (current status: {state})");
    Error::new(ErrorKind::Conflict, "not_pending", text).about(id)
}

/// Refuses whoever is no owner to say where links lead, or to let them decide when they are opened.
pub(crate) fn require_owner(cx: &OpCx, change: &LinkSettingsChange) -> Result<()> {
    let (field, what) = match change {
        LinkSettingsChange {
            base_url: Some(Some(_)),
            ..
        } => ("links.base_url", "say where decision links lead"),
        LinkSettingsChange {
            decide_on_get: Some(true),
            ..
        } => (
            "links.decide_on_get",
            "let decision links decide when they are opened",
        ),
        _ => return Ok(()),
    };
    match &cx.principal {
        Principal::System => Ok(()),
        Principal::Operator { operator, .. } if operator.role == Role::Owner => Ok(()),
        _ => Err(Error {
            field: Some(field.into()),
            ..Error::forbidden(format!("only an owner may {what}"))
        }),
    }
}

/// Checks where links are to lead: a scheme and a host, no more.
pub(crate) fn check_base_url(text: &str) -> Result<()> {
    let wrong = || {
        let text = "must be an address without a path: https://gate.example.com";
        Error::invalid("links.base_url", text)
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let is_plain = matches!(url.scheme(), "https" | "http")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && !text.ends_with('/')
        && text.len() <= 300;
    is_plain.then_some(()).ok_or_else(wrong)
}

/// The second half of a token.
fn tag(vault: &Vault, link: &DecisionLink, kind: VoteKind) -> [u8; 16] {
    let mut bytes = Vec::with_capacity(128);
    bytes.extend_from_slice(b"decision link 1\0");
    bytes.push(match kind {
        VoteKind::Approve => 1,
        VoteKind::Deny => 2,
    });
    bytes.extend_from_slice(link.nonce.as_bytes());
    bytes.extend_from_slice(link.request.as_bytes());
    bytes.extend_from_slice(link.approver.as_bytes());
    bytes.extend_from_slice(&link.payload.0);
    bytes.extend_from_slice(&link.expires_at.as_micros().to_be_bytes());
    let whole = vault.mac_for("links").mac(&bytes);
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

fn token(vault: &Vault, link: &DecisionLink, kind: VoteKind) -> SecretString {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(link.nonce.as_bytes());
    bytes[16..].copy_from_slice(&tag(vault, link, kind));
    SecretString::new(URL_SAFE_NO_PAD.encode(bytes))
}

/// The two halves of a token.
fn halves(token: &str) -> Option<(Uuid, [u8; 16])> {
    if token.len() != 43 {
        return None;
    }
    let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let (nonce, tag) = bytes.split_at(16);
    Some((Uuid::from_slice(nonce).ok()?, tag.try_into().ok()?))
}

fn needs_sign_in(row: &RequestRow) -> bool {
    row.quorum > 1 || row.request.effect == Effect::Destructive
}

fn may_decide(operator: &Operator) -> bool {
    operator.disabled_at.is_none()
        && operator
            .role
            .permissions()
            .contains(Permission::RequestDecide)
}

impl Gate {
    /// Makes a pair of links for whoever asks.
    ///
    /// # Errors
    /// `forbidden` for an agent and whoever may not decide; `not_found`, `not_pending`, `too_many_links`; `invalid_input`.
    pub async fn make_links(&self, cx: &OpCx, draft: LinkDraft) -> Result<LinkPair> {
        cx.require(Permission::RequestDecide)?;
        let Principal::Operator { operator, via } = &cx.principal else {
            return Err(Error::forbidden("only an operator makes decision links"));
        };
        if matches!(via, Via::Link) {
            return Err(Error::forbidden("a decision link makes no others"));
        }
        require_fresh_proof(cx)?;
        let seconds = draft
            .expires_in_seconds
            .unwrap_or(self.snapshot().settings.links.lifetime_seconds);
        if !(LEAST_SECONDS..=MOST_SECONDS).contains(&seconds) {
            let text = format!("must be between {LEAST_SECONDS} and {MOST_SECONDS} (30 days)");
            return Err(Error::invalid("expires_in_seconds", text));
        }
        let (row, _) = self.load(cx, draft.request).await?;
        let link = DecisionLink {
            nonce: Uuid::from_bytes(random_bytes()),
            key: cx.principal.key().map(|key| key.id),
            ..self.pair(&row, operator.id, Uuid::nil(), seconds)
        };
        self.write_links(&row, cx.principal.actor(), link).await?;
        Ok(self.shown_pair(&row, &link))
    }

    fn pair(
        &self,
        row: &RequestRow,
        approver: OperatorId,
        nonce: Uuid,
        seconds: u64,
    ) -> DecisionLink {
        let now = self.now();
        DecisionLink {
            nonce,
            request: row.request.id,
            approver,
            key: None,
            payload: row.request.payload_hash,
            created_at: now,
            expires_at: now.saturating_add(Duration::from_secs(seconds)),
            used_at: None,
        }
    }

    fn shown_pair(&self, row: &RequestRow, link: &DecisionLink) -> LinkPair {
        let vault = &self.inner.workspace.vault;
        LinkPair {
            request: link.request,
            approver: link.approver,
            approve: token(vault, link, VoteKind::Approve),
            deny: token(vault, link, VoteKind::Deny),
            expires_at: link.expires_at,
            lasts_seconds: link.expires_at.since(link.created_at).as_secs(),
            needs_sign_in: needs_sign_in(row),
        }
    }

    async fn write_links(&self, row: &RequestRow, actor: Actor, link: DecisionLink) -> Result<()> {
        let id = row.request.id;
        if row
            .request
            .deadline
            .is_some_and(|deadline| deadline <= link.created_at)
            && row.request.state == RequestState::Pending
        {
            self.lapse(row).await?;
        }
        let mut entry = self.entry_about(&row.request, actor, "link.made", link.created_at);
        entry.subject = Some(format!("link:{} operator:{}", link.nonce, link.approver));
        entry.outcome = Some(format!("until {}", link.expires_at));
        self.inner
            .workspace
            .store
            .write(move |tx| -> Result<()> {
                let current = requests::find(tx, id)?.ok_or_else(|| Error::not_found("request"))?;
                if current.request.state != RequestState::Pending {
                    return Err(not_pending(id, current.request.state));
                }
                if links::count_live(tx, id, link.created_at)? >= PAIRS_LIMIT {
                    let text = format!(
                        "{PAIRS_LIMIT} pairs of links for this request can be used: use one of them"
                    );
                    return Err(Error::new(ErrorKind::Conflict, "too_many_links", text).about(id));
                }
                if links::insert(tx, &link)? {
                    tx.append_entry(entry.clone())?;
                }
                Ok(())
            })
            .await
    }

    /// The pair that goes with a notice, made at its first attempt: later ones find it by the notice's id.
    pub(crate) async fn links_of_notice(
        &self,
        approver: OperatorId,
        row: &RequestRow,
        notice: DeliveryId,
    ) -> Result<Option<LinkPair>> {
        let snapshot = self.fresh_snapshot()?;
        let is_entitled = snapshot
            .operators
            .get(approver)
            .is_some_and(|operator| may_decide(&operator));
        if !is_entitled || row.request.state != RequestState::Pending {
            return Ok(None);
        }
        let nonce = notice.uuid();
        let mut known = self.link(nonce).await?;
        if known.is_none() {
            let seconds = snapshot.settings.links.lifetime_seconds;
            let link = self.pair(row, approver, nonce, seconds);
            match self.write_links(row, Actor::System, link).await {
                Ok(()) => {}
                Err(error) if matches!(error.code, "not_pending" | "too_many_links") => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
            // Of two gateways one wrote it.
            known = self.link(nonce).await?;
        }
        Ok(known
            .filter(|link| link.request == row.request.id && link.approver == approver)
            .map(|link| self.shown_pair(row, &link)))
    }

    /// Where links lead: as set, or to where the call that makes them came in.
    pub fn link_base(&self, of_call: Option<String>) -> String {
        let set = self.snapshot().settings.links.base_url.clone();
        set.or(of_call).unwrap_or_else(|| DEFAULT_BASE.to_owned())
    }

    /// Whether opening a link at the path of AgentGate's clients decides.
    pub fn links_decide_on_get(&self) -> bool {
        self.snapshot().settings.links.decide_on_get
    }

    async fn link(&self, nonce: Uuid) -> Result<Option<DecisionLink>> {
        self.inner
            .workspace
            .store
            .read(move |tx| links::find(tx, nonce).map_err(Error::from))
            .await
    }

    /// The link behind a token, if the token is genuine.
    async fn genuine(
        &self,
        source: &str,
        token: &str,
    ) -> Result<(DecisionLink, VoteKind, RequestRow)> {
        let guessed = || {
            let Some(wait) = self.inner.link_guesses.take(source, self.now()) else {
                return unknown();
            };
            let text = "too many unknown decision links from here: wait a minute";
            Error::new(ErrorKind::TooManyRequests, "rate_limited", text).retry_after(wait)
        };
        let (nonce, shown) = halves(token).ok_or_else(guessed)?;
        let found = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<_> {
                let Some(link) = links::find(tx, nonce)? else {
                    return Ok(None);
                };
                Ok(requests::find(tx, link.request)?.map(|row| (link, row)))
            })
            .await?;
        let (link, row) = found.ok_or_else(guessed)?;
        let vault = &self.inner.workspace.vault;
        // Both, whichever it is: what it takes says nothing.
        let approves = constant_time_equal(&tag(vault, &link, VoteKind::Approve), &shown);
        let denies = constant_time_equal(&tag(vault, &link, VoteKind::Deny), &shown);
        match (approves, denies) {
            (true, _) => Ok((link, VoteKind::Approve, row)),
            (_, true) => Ok((link, VoteKind::Deny, row)),
            _ => Err(guessed()),
        }
    }

    /// The link behind a token, if it can still decide.
    async fn live_link(&self, source: &str, token: &str) -> Result<Shown> {
        let (link, kind, row) = self.genuine(source, token).await?;
        let (id, now) = (link.request, self.now());
        if link.used_at.is_some() {
            return Err(used(id));
        }
        if link.expires_at <= now {
            let text = "this decision link has expired";
            return Err(Error::new(ErrorKind::Gone, "link_expired", text).about(id));
        }
        let is_late = |deadline| deadline <= now;
        match row.request.state {
            RequestState::Pending if row.request.deadline.is_some_and(is_late) => {
                return Err(expired(id));
            }
            RequestState::Pending => {}
            RequestState::Expired => return Err(expired(id)),
            state => {
                let text = format!("Request already {state}");
                return Err(Error::new(ErrorKind::Conflict, "already_decided", text).about(id));
            }
        }
        if row.request.payload_hash != link.payload {
            let text = "the payload is another than the one that this link was made for";
            return Err(Error::new(ErrorKind::Conflict, "stale", text).about(id));
        }
        let snapshot = self.fresh_snapshot()?;
        let approver = snapshot.operators.get(link.approver);
        let is_key_dead = link
            .key
            .is_some_and(|key| !snapshot.keys.get(key).is_some_and(|key| key.is_live(now)));
        match approver.filter(|operator| may_decide(operator)) {
            Some(approver) if !is_key_dead => Ok(Shown {
                link,
                kind,
                row,
                approver,
            }),
            _ => {
                let text = "whoever this decision link was made for may not decide any more";
                Err(Error::new(ErrorKind::Forbidden, "link_revoked", text).about(id))
            }
        }
    }

    /// What a link is about. Changes nothing.
    ///
    /// # Errors
    /// `no_link`, `link_used`, `link_expired`, `link_revoked`, `already_decided`, `expired`, `stale`; `rate_limited` for a source that
    /// has shown too many unknown tokens.
    pub async fn look_at_link(&self, source: &str, token: &str) -> Result<LinkView> {
        let shown = self.live_link(source, token).await?;
        let request = &shown.row.request;
        let snapshot = self.snapshot();
        let agent = snapshot.agents.get(request.agent);
        let target = snapshot.targets.get(request.target);
        Ok(LinkView {
            request: request.id,
            kind: shown.kind,
            approver_name: shown.approver.name.to_string(),
            agent_name: agent.map_or_else(|| request.agent.to_string(), |it| it.name.to_string()),
            target_name: target
                .map_or_else(|| request.target.to_string(), |it| it.name.to_string()),
            action: self.redacted(request.action.clone()),
            effect: request.effect,
            payload_hash: request.payload_hash,
            expires_at: shown.link.expires_at,
            needs_sign_in: needs_sign_in(&shown.row),
            wants_reason: shown.row.terms.reason_required,
        })
    }

    /// Decides by a link, as its approver.
    ///
    /// # Errors
    /// As [`Gate::look_at_link`] and [`Gate::cast`]; `sign_in_needed` where a link is not enough.
    pub async fn decide_by_link(
        &self,
        source: &Arc<str>,
        token: &str,
        note: &str,
        label: Option<String>,
    ) -> Result<(VoteKind, RequestView)> {
        let Shown {
            link,
            kind,
            row,
            approver,
        } = self.live_link(source, token).await?;
        if needs_sign_in(&row) {
            return Err(sign_in_needed(link.request));
        }
        let note = match note.trim() {
            "" if row.terms.reason_required => String::new(),
            "" => format!("Decision made via one-click {} link", kind.as_str()),
            note => note.to_owned(),
        };
        let cx = OpCx {
            principal: Principal::Operator {
                operator: approver,
                via: Via::Link,
            },
            source: Arc::clone(source),
            now: self.now(),
        };
        let ballot = Ballot {
            note,
            seen: Some(link.payload),
            label,
            link: Some(link.nonce),
            ..Ballot::new(kind)
        };
        let view = self.cast(&cx, link.request, ballot).await?;
        Ok((kind, view))
    }
}
