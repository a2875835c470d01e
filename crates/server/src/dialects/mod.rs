//! The wire shapes of clients that already exist, at the paths that they call, translated to the gate's use cases.
//!
//! A dialect holds no rule and no state, and can be switched off.

pub(crate) mod agentgate;
pub(crate) mod gaiterguard;
