//! A port that is free at this moment.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// A loopback port that nobody listens on now. Another process may take it before you do: ask for port 0 where you can,
/// and try again where you can't.
///
/// # Errors
///
/// If the system has no port left.
pub fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no loopback port is free")?;
    Ok(listener
        .local_addr()
        .context("the listener has no address")?
        .port())
}
