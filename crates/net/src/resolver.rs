//! Name resolution, done by us so that what was checked is what is dialled.

use std::collections::HashMap;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::error::NetError;
use crate::host::{HostName, OutboundHost};

/// How many lookups of the system's resolver run at once. Each holds a thread until the system gives up, also after our deadline.
const CONCURRENT_LOOKUPS: usize = 32;

/// Looks names up: in fixed answers first, then with the system's resolver.
///
/// It keeps no answers: a pooled connection is the cache.
#[derive(Debug, Clone)]
pub struct Resolver {
    fixed: Arc<FixedAnswers>,
    system: Option<Arc<Semaphore>>,
    deadline: Duration,
}

impl Resolver {
    /// The system's resolver, 5 seconds per lookup.
    pub fn system() -> Self {
        Self::system_with(FixedAnswers::default())
    }

    /// Fixed answers, and the system's resolver for every other name.
    pub fn system_with(fixed: FixedAnswers) -> Self {
        Self {
            fixed: Arc::new(fixed),
            system: Some(Arc::new(Semaphore::new(CONCURRENT_LOOKUPS))),
            deadline: Duration::from_secs(5),
        }
    }

    /// Fixed answers only: every other name does not resolve.
    pub fn fixed(fixed: FixedAnswers) -> Self {
        Self {
            fixed: Arc::new(fixed),
            system: None,
            deadline: Duration::from_secs(5),
        }
    }

    /// Changes the time that one lookup may take.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// All addresses of a name, none of them judged yet. Never empty.
    pub async fn resolve(&self, name: &HostName) -> Result<Vec<IpAddr>, NetError> {
        let failed = |detail: &str| NetError::NameNotResolved {
            host: name.as_str().into(),
            detail: detail.into(),
        };
        let answers = match (self.fixed.answer(name.as_str()), &self.system) {
            (Some(answers), _) => answers,
            (None, None) => Vec::new(),
            (None, Some(permits)) => tokio::time::timeout(
                self.deadline,
                look_up(name.as_str().to_owned(), Arc::clone(permits)),
            )
            .await
            .map_err(|_| failed("the lookup took too long"))?
            .map_err(|error| failed(&error.to_string()))?,
        };
        if answers.is_empty() {
            return Err(failed("the name has no address"));
        }
        Ok(answers)
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::system()
    }
}

async fn look_up(name: String, permits: Arc<Semaphore>) -> std::io::Result<Vec<IpAddr>> {
    let permit = permits
        .acquire_owned()
        .await
        .map_err(std::io::Error::other)?;
    let lookup = tokio::task::spawn_blocking(move || {
        // The thread outlives a cancelled wait, so the permit goes with it.
        let _permit = permit;
        let mut answers: Vec<IpAddr> = Vec::new();
        for answer in (name.as_str(), 0).to_socket_addrs()? {
            // A scope id would be lost with the address: link-local is refused by its class anyway.
            if !answers.contains(&answer.ip()) {
                answers.push(answer.ip());
            }
        }
        Ok(answers)
    });
    lookup.await.map_err(std::io::Error::other)?
}

/// Answers set by hand: for `--resolve` and for tests.
#[derive(Debug, Default)]
pub struct FixedAnswers(HashMap<Box<str>, Rounds>);

#[derive(Debug, Default)]
struct Rounds {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl FixedAnswers {
    /// Adds an answer for a name. Given again for the same name, it is the answer to the next lookup; the last one stays.
    #[must_use]
    pub fn with(mut self, name: &str, addresses: &[IpAddr]) -> Self {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.0
            .entry(name.into_boxed_str())
            .or_default()
            .answers
            .push(addresses.to_vec());
        self
    }

    fn answer(&self, name: &str) -> Option<Vec<IpAddr>> {
        let rounds = self.0.get(name)?;
        let asked = rounds.asked.fetch_add(1, Ordering::Relaxed);
        rounds
            .answers
            .get(asked)
            .or_else(|| rounds.answers.last())
            .cloned()
    }
}

/// Why a `--resolve` value cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a fixed answer: write it as NAME=ADDRESS[,ADDRESS]")]
pub struct ParseAnswerError(String);

/// Reads `NAME=ADDR[,ADDR]`. An empty list of addresses makes the name unresolvable.
pub fn parse_resolve_option(text: &str) -> Result<(String, Vec<IpAddr>), ParseAnswerError> {
    let error = || ParseAnswerError(text.to_owned());
    let (name, addresses) = text.split_once('=').ok_or_else(error)?;
    let Ok(OutboundHost::Name(name)) = OutboundHost::parse(name) else {
        return Err(error());
    };
    let addresses = addresses
        .split(',')
        .map(|address| address.trim().trim_start_matches('[').trim_end_matches(']'))
        .filter(|address| !address.is_empty())
        .map(|address| address.parse().map_err(|_| error()))
        .collect::<Result<_, _>>()?;
    Ok((name.as_str().to_owned(), addresses))
}
