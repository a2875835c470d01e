//! The tools of the tests are tested against the real thing: a tool that lies makes every test that uses it lie.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests start programs themselves"
)]

#[cfg(test)]
mod child;
#[cfg(test)]
mod nginx;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod upstream;
