//! The gate against a real store.

#![expect(clippy::disallowed_methods, reason = "a test joins what it spawns")]

#[cfg(test)]
mod caller;
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
mod fake_caller;
#[cfg(test)]
mod integrations;
#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod links;
#[cfg(test)]
mod pipeline;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod scan;
#[cfg(test)]
mod scan_rules;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod standing;
#[cfg(test)]
mod support;
#[cfg(test)]
mod terms;
#[cfg(test)]
mod together;
#[cfg(test)]
mod waiting;
