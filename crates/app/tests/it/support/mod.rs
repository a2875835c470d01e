//! What the end-to-end tests share: a gateway as it is shipped, an HTTP client that can misbehave, and a scene to act in.

mod encode;
mod gateway;
mod http;
mod scene;

pub(crate) use encode::{base64, hex};
pub(crate) use gateway::{PASSPHRASE, Started, TestGateway};
pub(crate) use http::{Api, Response, Wire};
pub(crate) use scene::{
    Agent, SECRET, Scene, add_agent, add_approver, add_target, grant, ledger, mapped, proxy_body,
    set_bearer, unique,
};
