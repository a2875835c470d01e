//! Tests of the crate from outside, against small TCP servers of their own on loopback.

#[cfg(test)]
mod client_limits;
#[cfg(test)]
mod client_requests;
#[cfg(test)]
mod client_tls;
#[cfg(test)]
mod destinations;
#[cfg(test)]
mod local;
#[cfg(test)]
mod once;
#[cfg(test)]
mod ssrf;
#[cfg(test)]
mod upstream;
