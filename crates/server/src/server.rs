//! The running server: its listeners, their addresses, and its end.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::ServerConfig,
    hosts::HostPolicy,
    listener::{Listener, ServerError, Serving},
    shell::Shell,
    state::ServerState,
};

/// A running server. Dropping it ends it at once; [`Server::shutdown`] ends it in order.
#[derive(Debug)]
pub struct Server {
    addresses: Vec<SocketAddr>,
    urls: Vec<String>,
    tasks: TaskTracker,
    draining: CancellationToken,
    aborting: CancellationToken,
}

impl Server {
    /// Binds every listener and answers on all of them. Must run inside a runtime.
    ///
    /// # Errors
    /// [`ServerError`]; then nothing listens.
    pub fn start(config: &ServerConfig, state: &Arc<ServerState>) -> Result<Self, ServerError> {
        if config.listeners.is_empty() {
            return Err(ServerError::NoListener);
        }
        HostPolicy::new(&config.hosts, &config.origins)?;
        let bound = config
            .listeners
            .iter()
            .map(|listener| {
                Ok((
                    Listener::bind(&listener.bind, !config.hosts.is_empty())?,
                    listener.serves,
                ))
            })
            .collect::<Result<Vec<_>, ServerError>>()?;
        let (tasks, draining, aborting) = (
            TaskTracker::new(),
            state.draining.clone(),
            CancellationToken::new(),
        );
        let mut server = Self {
            addresses: Vec::new(),
            urls: Vec::new(),
            tasks: tasks.clone(),
            draining,
            aborting,
        };
        for (listener, serves) in bound {
            let address = listener.address();
            server.addresses.extend(address);
            server.urls.push(listener.url());
            let shell = Shell::new(config, state, serves, address)?;
            let serving = Serving {
                shell,
                limits: config.limits,
                trusted_proxies: config.trusted_proxies.as_slice().into(),
                tasks: tasks.clone(),
                draining: server.draining.clone(),
                aborting: server.aborting.clone(),
            };
            tasks.spawn(listener.run(serving));
        }
        Ok(server)
    }

    /// The addresses of the network listeners, in the order of the configuration: never a target.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Every listener as people write it: `http://127.0.0.1:18790`, `unix:/run/countersign.sock`.
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Accepts no more connections, lets those that are answering finish, and cuts them off at the deadline. Whether all finished.
    pub async fn shutdown(self, deadline: Duration) -> bool {
        self.draining.cancel();
        self.tasks.close();
        if tokio::time::timeout(deadline, self.tasks.wait())
            .await
            .is_ok()
        {
            return true;
        }
        self.aborting.cancel();
        self.tasks.wait().await;
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.draining.cancel();
        self.aborting.cancel();
        self.tasks.close();
    }
}
