//! Sends a parcel over HTTP.

use std::time::Duration;

use async_trait::async_trait;
use countersign_gate::{Answer, Courier, Parcel};
use countersign_net::{
    EgressPolicy, HttpClient, HttpClientConfig, LimitedBody, Limits, NetError, OutboundRequest,
    OutboundUrl, OwnListeners, Refusal, Resolver, TlsSettings, UrlFault,
};
use http::{HeaderName, HeaderValue, Method};
use http_body_util::BodyExt;

/// From the look-up of the name to the end of what is read of the answer.
const DEADLINE: Duration = Duration::from_secs(10);

/// How much of an answer is read, in bytes.
const ANSWER_BYTES: usize = 1_024;

/// The longest body that is sent.
const PARCEL_BYTES: u64 = 4 << 20;

/// What the courier is made of.
#[derive(Debug, Clone)]
pub struct HttpCourierConfig {
    /// The gateway's own listeners: never a receiver.
    pub own_listeners: OwnListeners,
    /// How names are resolved.
    pub resolver: Resolver,
    /// The trusted roots.
    pub tls: TlsSettings,
    /// For one attempt, from beginning to end.
    pub deadline: Duration,
}

impl HttpCourierConfig {
    /// The system's resolver and roots, 10 s for an attempt.
    pub fn new(own_listeners: OwnListeners) -> Self {
        Self {
            own_listeners,
            resolver: Resolver::default(),
            tls: TlsSettings::default(),
            deadline: DEADLINE,
        }
    }
}

/// The way to the network. Ranges that the start-up values open for targets are not open here.
#[derive(Debug)]
pub struct HttpCourier {
    public: HttpClient,
    private: HttpClient,
    limits: Limits,
}

impl HttpCourier {
    /// A courier. Within a tokio runtime.
    pub fn new(config: HttpCourierConfig) -> Self {
        let HttpCourierConfig {
            own_listeners,
            resolver,
            tls,
            deadline,
        } = config;
        let client = |allow_private: bool| {
            let policy = EgressPolicy::public_only(own_listeners.clone())
                .with_private_networks(allow_private);
            HttpClient::new(HttpClientConfig {
                resolver: resolver.clone(),
                tls: tls.clone(),
                connect_timeout: deadline,
                idle_connections: 4,
                ..HttpClientConfig::new(policy)
            })
        };
        Self {
            public: client(false),
            private: client(true),
            limits: Limits {
                first_byte: deadline,
                total: deadline,
                request_bytes: PARCEL_BYTES,
                // Not the answer's to say whether it was delivered: what is over the first kilobyte is not read.
                response_bytes: u64::MAX,
                ..Limits::default()
            },
        }
    }

    fn client(&self, allow_private: bool) -> &HttpClient {
        if allow_private {
            &self.private
        } else {
            &self.public
        }
    }

    async fn try_send(&self, parcel: Parcel) -> Result<Answer, NetError> {
        let url = OutboundUrl::parse(&parcel.url)?;
        let mut request = OutboundRequest::new(Method::POST, url).with_body(Vec::from(parcel.body));
        for (name, value) in parcel.headers {
            let value = HeaderValue::try_from(value).map_err(|_| NetError::RequestRefused {
                reason: "a header of the delivery can't be sent",
            })?;
            request.headers.insert(HeaderName::from_static(name), value);
        }
        request.headers.insert(
            http::header::USER_AGENT,
            HeaderValue::from_static(concat!("countersign/", env!("CARGO_PKG_VERSION"))),
        );
        let response = self
            .client(parcel.allow_private_networks)
            .send(request, &self.limits)
            .await?;
        let code = response.status().as_u16();
        let text = beginning(response.into_body()).await;
        Ok(Answer {
            code: Some(code),
            text,
        })
    }
}

/// The beginning of an answer. Where it breaks off or is late, what came of it.
async fn beginning(mut body: LimitedBody) -> String {
    let mut kept = Vec::new();
    while kept.len() < ANSWER_BYTES {
        let Some(Ok(frame)) = body.frame().await else {
            break;
        };
        if let Some(data) = frame.data_ref() {
            let room = ANSWER_BYTES - kept.len();
            kept.extend_from_slice(data.get(..room).unwrap_or(data));
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[async_trait]
impl Courier for HttpCourier {
    fn check(&self, url: &str, allow_private_networks: bool) -> Result<(), String> {
        let policy = self.client(allow_private_networks).dialler().policy();
        OutboundUrl::parse(url)
            .and_then(|url| policy.check_host(url.host(), url.port()))
            .map_err(|refusal| words(&refusal))
    }

    async fn send(&self, parcel: Parcel) -> Answer {
        self.try_send(parcel).await.unwrap_or_else(|error| Answer {
            code: None,
            text: error.to_string(),
        })
    }
}

/// Why a URL is refused, in the words that existing clients know where there are any.
fn words(refusal: &Refusal) -> String {
    let known = match refusal {
        Refusal::Form(UrlFault::Scheme) => "Only HTTP and HTTPS protocols are allowed",
        Refusal::LocalName(_) => "Hostname is not allowed",
        Refusal::MetadataName(_) => "Cloud metadata endpoints are not allowed",
        Refusal::Address { address, .. } if is_metadata(*address) => {
            "Cloud metadata endpoints are not allowed"
        }
        Refusal::Address { .. } => "Private IP addresses are not allowed",
        other => return other.to_string(),
    };
    known.to_owned()
}

fn is_metadata(address: std::net::IpAddr) -> bool {
    countersign_net::classify(address) == countersign_net::AddressClass::Metadata
}

#[cfg(test)]
mod tests;
