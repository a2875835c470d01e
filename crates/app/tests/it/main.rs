//! The binary from outside: what a user, an agent and an attacker can do to it.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod lessons;
#[cfg(test)]
mod pipeline;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod support;
