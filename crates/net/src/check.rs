//! The verdict on a URL without connecting: what `countersign net check` shows.

use std::net::IpAddr;

use serde::Serialize;

use crate::host::OutboundHost;
use crate::policy::{EgressPolicy, Refusal};
use crate::resolver::Resolver;
use crate::url::OutboundUrl;

/// The reason given for a name without a known address. Scripts compare it: never change it.
pub const NOT_RESOLVED: &str = "not resolved: checked again at connect";

/// Whether a URL may be dialled, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The URL as given.
    pub url: String,
    /// Whether it may be dialled.
    pub allowed: bool,
    /// Why.
    pub reason: String,
}

/// Judges one URL. `answers` are the addresses of its name, where they are known; for an address literal they are not used.
///
/// Pure: it neither resolves nor connects.
pub fn check_url(text: &str, policy: &EgressPolicy, answers: Option<&[IpAddr]>) -> Verdict {
    let outcome = OutboundUrl::parse(text).and_then(|url| judge(&url, policy, answers));
    let allowed = outcome.is_ok();
    let reason = outcome.unwrap_or_else(|refusal| refusal.to_string());
    Verdict {
        url: text.to_owned(),
        allowed,
        reason,
    }
}

fn judge(
    url: &OutboundUrl,
    policy: &EgressPolicy,
    answers: Option<&[IpAddr]>,
) -> Result<String, Refusal> {
    policy.check_host(url.host(), url.port())?;
    let literal;
    let addresses = match url.host() {
        OutboundHost::Address(address) => {
            literal = [*address];
            &literal[..]
        }
        OutboundHost::Name(_) => match answers {
            None | Some([]) => return Ok(NOT_RESOLVED.to_owned()),
            Some(answers) => answers,
        },
    };
    let mut reasons: Vec<String> = Vec::with_capacity(addresses.len());
    for destination in policy.check_answers(addresses, url.port())? {
        let class = policy.check_address(destination)?;
        reasons.push(format!("{} is {class}", destination.ip()));
    }
    Ok(reasons.join(", "))
}

/// Judges URLs in order, looking names up with `resolver`. A name is looked up only when its URL is not refused already.
pub async fn check_urls<S: AsRef<str>>(
    urls: &[S],
    policy: &EgressPolicy,
    resolver: &Resolver,
) -> Vec<Verdict> {
    let mut verdicts = Vec::with_capacity(urls.len());
    for text in urls.iter().map(AsRef::as_ref) {
        let answers = match OutboundUrl::parse(text) {
            Ok(url) if policy.check_host(url.host(), url.port()).is_ok() => match url.host() {
                OutboundHost::Name(name) => resolver.resolve(name).await.ok(),
                OutboundHost::Address(_) => None,
            },
            _ => None,
        };
        verdicts.push(check_url(text, policy, answers.as_deref()));
    }
    verdicts
}
