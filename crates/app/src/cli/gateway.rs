//! `countersign gateway`: runs in the foreground.

use std::path::PathBuf;

use clap::Args;

use super::cx::Cx;
use crate::config::{Flags, ListenAddress};
use crate::failure::Result;
use crate::gateway;

/// Start-up values for this run; the rest comes from the environment and countersign.json5.
#[derive(Debug, Args)]
pub(super) struct Gateway {
    /// Where to listen: IP:PORT (port 0 picks one) or unix:PATH; may be repeated [default: 127.0.0.1:18790]
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<ListenAddress>,
    /// The certificate chain, a PEM file
    #[arg(long, value_name = "PATH")]
    tls_cert: Option<PathBuf>,
    /// The certificate's key, a PEM file
    #[arg(long, value_name = "PATH")]
    tls_key: Option<PathBuf>,
    /// Make a certificate and keep it in the data directory
    #[arg(long)]
    tls_self_signed: bool,
    /// Plain HTTP on any address; refused outside a container
    #[arg(long)]
    container: bool,
    /// End when standard input closes
    #[arg(long, hide = true)]
    until_stdin_closes: bool,
}

impl Gateway {
    pub(super) async fn run(self, cx: &Cx) -> Result<()> {
        let flags = Flags {
            listen: self.listen,
            tls_cert: self.tls_cert,
            tls_key: self.tls_key,
            tls_self_signed: self.tls_self_signed,
            container: self.container,
            ..Flags::default()
        };
        let read_settings = || cx.settings_with(flags.clone());
        let options = gateway::Options {
            env: &cx.env,
            read_settings: &read_settings,
            until_stdin_closes: self.until_stdin_closes,
            output: cx.output,
        };
        gateway::run(options).await
    }
}
