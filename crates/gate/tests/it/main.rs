//! The gate against a real store.

#[cfg(test)]
mod fake;
#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod pipeline;
#[cfg(test)]
mod stage;
