//! A real nginx, as a plain reverse proxy or as an upstream with one fixed answer: the yardstick of the benchmark.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::child::ChildGuard;
use crate::free_port;
use crate::service::Service;
use crate::service_user::ServiceUser;

/// A running nginx with one worker.
#[derive(Debug)]
pub struct Nginx {
    user: ServiceUser,
    folder: PathBuf,
    port: u16,
    /// Ends before the folder is removed.
    process: Option<ChildGuard>,
}

impl Nginx {
    /// A reverse proxy to the upstream, with kept connections and without a log.
    ///
    /// # Errors
    ///
    /// If nginx is missing or does not start.
    pub fn proxy(upstream: SocketAddr) -> Result<Self> {
        Self::start(
            &format!("upstream backend {{ server {upstream}; keepalive 128; }}"),
            "location / { proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection \"\"; }",
        )
    }

    /// An upstream that answers every request with 200 and this text (no quotes, no `$`).
    ///
    /// # Errors
    ///
    /// If nginx is missing or does not start, or the text can't be written in its configuration.
    pub fn fixed(text: &str) -> Result<Self> {
        if text
            .chars()
            .any(|character| matches!(character, '\'' | '\\' | '$') || character.is_control())
        {
            bail!("the text holds characters that nginx's configuration can't hold");
        }
        Self::start(
            "",
            &format!("location / {{ default_type text/plain; return 200 '{text}'; }}"),
        )
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// The process id of the master process.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(ChildGuard::pid)
    }

    fn start(http: &str, server: &str) -> Result<Self> {
        let program = Service::Nginx
            .program()
            .context("nginx is missing: run scripts/install-test-deps")?;
        let user = ServiceUser::find()?;
        let folder = user.new_folder("nginx")?;
        let mut nginx = Self {
            user,
            folder,
            port: 0,
            process: None,
        };
        let mut last = anyhow!("no port was tried");
        for _ in 0..5 {
            nginx.port = free_port()?;
            match nginx.launch(&program, http, server) {
                Ok(()) => return Ok(nginx),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn launch(&mut self, program: &std::path::Path, http: &str, server: &str) -> Result<()> {
        let folder = self.folder.display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};"))
            .join("\n");
        let configuration = format!(
            "daemon off;\nmaster_process off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/error.log warn;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\naccess_log off;\nkeepalive_requests 1000000000;\n{temporary}\n{http}\n\
             server {{ listen 127.0.0.1:{}; {server} }}\n}}\n",
            self.port
        );
        let file = self.folder.join("nginx.conf");
        std::fs::write(&file, configuration)
            .with_context(|| format!("{} can't be written", file.display()))?;
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        std::fs::set_permissions(&file, readable)
            .with_context(|| format!("{} can't be opened up", file.display()))?;
        let mut command = self.user.command(program, "KILL");
        command
            .arg("-p")
            .arg(&self.folder)
            .arg("-e")
            .arg(self.folder.join("error.log"))
            .arg("-c")
            .arg(&file);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut process = ChildGuard::spawn(command)?;
        let started = Instant::now();
        while std::net::TcpStream::connect(self.address()).is_err() {
            if process.exit_status()?.is_some() || started.elapsed() > Duration::from_secs(10) {
                let log =
                    std::fs::read_to_string(self.folder.join("error.log")).unwrap_or_default();
                bail!("nginx did not start: {log}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.process = Some(process);
        Ok(())
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.process = None;
        let _ = self.user.remove(&self.folder);
    }
}
