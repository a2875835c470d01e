//! The gate against a real store.

#[cfg(test)]
mod config_changes;
#[cfg(test)]
mod config_ledger;
#[cfg(test)]
mod config_rights;
#[cfg(test)]
mod config_signin;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod pipeline;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod support;
