//! The connectors through the gate's own traits: what needs no execution. Executions need a permit, which only the gate's pipeline makes:
//! they are tested beside their code and through the pipeline.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod http_actions;
mod http_targets;
mod http_urls;
mod support;
