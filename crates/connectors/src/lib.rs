//! Connectors: code that speaks one protocol to the outside.
//!
//! A connector describes targets, credentials and actions, and its executor carries one permitted action out. It decides nothing, keeps
//! no secret beyond one execution, and dials through `countersign-net` only. Each connector is one folder here.

mod caller;
mod http;

pub use caller::CallerConnector;
pub use http::{HttpConnector, HttpConnectorConfig};
