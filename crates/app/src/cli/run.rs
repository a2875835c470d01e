//! From arguments to an exit code.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use super::cx::Cx;
use super::{
    agent, analytics, apply, approval, audit, completions, config, credential, demo, doctor,
    export, gateway, grant, key, kill, link, login, logout, migrate, net, onboard, operator,
    policy, rule, scan, settings, standing, status, target, token, vault, webhook,
};
use crate::config::Env;
use crate::failure::{Exit, Failure, Result};
use crate::output::Output;

const AFTER: &str = "\
Exit codes:
  0  done
  1  refused by a rule or a human, or failed verification
  2  wrong usage
  3  state: already or not onboarded, locked, decided already
  4  cannot reach or bind
  5  not authorised";

/// What every command takes.
const GLOBAL: &str = "Global options";

/// The gate between AI agents and everything they touch
#[derive(Debug, Parser)]
#[command(name = "countersign", version, after_help = AFTER, disable_help_subcommand = true, max_term_width = 120)]
pub(super) struct Arguments {
    /// Print one line of JSON instead of tables
    #[arg(long, global = true, help_heading = GLOBAL, display_order = 900)]
    json: bool,
    #[arg(long, global = true, value_name = "PATH", help_heading = GLOBAL, display_order = 901)]
    #[arg(help = "The data directory [env: COUNTERSIGN_DATA_DIR]")]
    data_dir: Option<PathBuf>,
    #[arg(long, global = true, value_name = "PATH", help_heading = GLOBAL, display_order = 902)]
    #[arg(help = "The configuration file [env: COUNTERSIGN_CONFIG]")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the data directory, the vault and the first operator
    Onboard(onboard::Onboard),
    /// Run the gateway in the foreground
    Gateway(gateway::Gateway),
    /// Show whether the gateway runs and what it waits for
    Status(status::Status),
    /// Check the installation and say how to mend it
    Doctor(doctor::Doctor),
    /// Play the whole story on a temporary data directory
    Demo(demo::Demo),
    /// Sign this terminal in for 12 hours
    Login(login::Login),
    /// Sign this terminal out
    Logout(logout::Logout),
    /// Agents: who asks
    #[command(subcommand)]
    Agent(agent::Agent),
    /// Keys: what agents and integrations call in with
    #[command(subcommand)]
    Key(key::Key),
    /// Sign-in tokens of operators
    #[command(subcommand)]
    Token(token::Token),
    /// Targets: what can be touched
    #[command(subcommand)]
    Target(target::Target),
    /// Credentials of targets, write only
    #[command(subcommand)]
    Credential(credential::Credential),
    /// Grants: who may do what
    #[command(subcommand)]
    Grant(grant::Grant),
    /// Rules: what is said beyond grants
    #[command(subcommand)]
    Rule(rule::Rule),
    /// The policy as a whole: explain, test, simulate, lint, apply, export
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Numbers: what is asked, how it is decided, by whom and how fast
    #[command(subcommand)]
    Analytics(analytics::Analytics),
    /// Settings of the whole gateway
    #[command(subcommand)]
    Settings(settings::Settings),
    /// Webhooks: who is told of what happens to requests
    #[command(subcommand)]
    Webhook(webhook::Webhook),
    /// Operators: the humans who sign in
    #[command(subcommand)]
    Operator(operator::Operator),
    /// Requests and the humans' answers
    #[command(subcommand)]
    Approval(approval::Approval),
    /// Standing approvals: what was answered in advance
    #[command(subcommand)]
    Standing(standing::Standing),
    /// Ask for an action (alias of `approval request`)
    Request(approval::Ask),
    /// List requests (alias of `approval list`)
    List(approval::List),
    /// Show a request (alias of `approval show`)
    Show(approval::Show),
    /// Approve a request (alias of `approval approve`)
    Approve(approval::Approve),
    /// Deny a request (alias of `approval deny`)
    Deny(approval::Deny),
    /// Make decision links for a waiting request: one to approve it, one to deny it
    Link(link::Link),
    /// The kill switch
    #[command(subcommand)]
    Kill(kill::Kill),
    /// The ledger
    #[command(subcommand)]
    Audit(audit::Audit),
    /// The vault
    #[command(subcommand)]
    Vault(vault::Vault),
    /// Start-up values
    #[command(subcommand)]
    Config(config::Config),
    /// The scanner for threats and secrets, on texts of your own
    #[command(subcommand)]
    Scan(scan::Scan),
    /// Outbound addresses
    #[command(subcommand)]
    Net(net::Net),
    /// The store's schema
    #[command(subcommand)]
    Migrate(migrate::Migrate),
    /// Make the configuration what a file says
    Apply(apply::Apply),
    /// Write the configuration as a file for `apply`
    Export(export::Export),
    /// Print a completion script for a shell
    Completions(completions::Completions),
}

/// Runs the process's arguments.
pub(crate) fn main(env: Env) -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // Before parsing, so that a wrong argument is answered in the form that was asked for.
    let output = Output::new(arguments.iter().any(|argument| argument == "--json"));
    match run(env, arguments, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            failure.exit.into()
        }
    }
}

fn run(env: Env, arguments: Vec<OsString>, output: Output) -> Result<()> {
    let Some(arguments) = parse(arguments, output)? else {
        return Ok(());
    };
    if let Err(error) = countersign_vault::harden_process() {
        output.warn(format!(
            "{error}: other processes of this user may be able to read the keys of this one"
        ));
    }
    let cx = Cx {
        env,
        data_dir: arguments.data_dir,
        config: arguments.config,
        output: output.with_json(arguments.json),
    };
    let runs_on = matches!(arguments.command, Command::Gateway(_));
    let runtime = match &arguments.command {
        Command::Gateway(_) => Builder::new_multi_thread().enable_all().build(),
        _ => Builder::new_current_thread().enable_all().build(),
    };
    let runtime: Runtime = runtime.map_err(|error| {
        Failure::unreachable("runtime", format!("the runtime could not start: {error}"))
    })?;
    let result = runtime.block_on(Box::pin(arguments.command.run(&cx)));
    // A lookup of the system's resolver can't be cancelled: the process does not wait for it.
    runtime.shutdown_background();
    // A gateway's work is not what it prints.
    match cx.output.lost() {
        Some(lost) if !runs_on => lost_after(result, lost, cx.output),
        _ => result,
    }
}

/// What a command ends with whose result was lost: its own failure counts, but is not silent.
fn lost_after(result: Result<()>, lost: Failure, output: Output) -> Result<()> {
    match result {
        Ok(()) => Err(lost),
        Err(failure) => {
            if failure.is_silent {
                output.failure(&lost);
            }
            Err(failure)
        }
    }
}

impl Command {
    async fn run(self, cx: &Cx) -> Result<()> {
        match self {
            Self::Onboard(command) => command.run(cx).await,
            Self::Gateway(command) => command.run(cx).await,
            Self::Status(command) => command.run(cx).await,
            Self::Doctor(command) => command.run(cx).await,
            Self::Demo(command) => command.run(cx).await,
            Self::Login(command) => command.run(cx).await,
            Self::Logout(command) => command.run(cx).await,
            Self::Agent(command) => command.run(cx).await,
            Self::Key(command) => command.run(cx).await,
            Self::Token(command) => command.run(cx).await,
            Self::Target(command) => command.run(cx).await,
            Self::Credential(command) => command.run(cx).await,
            Self::Grant(command) => command.run(cx).await,
            Self::Rule(command) => command.run(cx).await,
            Self::Policy(command) => command.run(cx).await,
            Self::Analytics(command) => command.run(cx).await,
            Self::Webhook(command) => command.run(cx).await,
            Self::Settings(command) => command.run(cx).await,
            Self::Operator(command) => command.run(cx).await,
            Self::Approval(command) => command.run(cx).await,
            Self::Standing(command) => command.run(cx).await,
            Self::Request(command) => command.run(cx).await,
            Self::List(command) => command.run(cx).await,
            Self::Show(command) => command.run(cx).await,
            Self::Approve(command) => command.run(cx).await,
            Self::Deny(command) => command.run(cx).await,
            Self::Link(command) => command.run(cx).await,
            Self::Kill(command) => command.run(cx).await,
            Self::Audit(command) => command.run(cx).await,
            Self::Vault(command) => command.run(cx).await,
            Self::Config(command) => command.run(cx),
            Self::Scan(command) => command.run(cx).await,
            Self::Net(command) => command.run(cx).await,
            Self::Migrate(command) => command.run(cx).await,
            Self::Apply(command) => command.run(cx).await,
            Self::Export(command) => command.run(cx).await,
            Self::Completions(command) => {
                command.run(cx);
                Ok(())
            }
        }
    }
}

/// The arguments, or `None` where help or the version was asked for and printed.
fn parse(arguments: Vec<OsString>, output: Output) -> Result<Option<Arguments>> {
    match Arguments::try_parse_from(arguments) {
        Ok(arguments) => Ok(Some(arguments)),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            ) =>
        {
            output.bytes(error.render().to_string().as_bytes());
            output.lost().map_or(Ok(None), Err)
        }
        Err(error) => {
            let text = error.render().to_string();
            let text = text.trim_end();
            if output.is_json() {
                // One line, without what only helps a person.
                let told = text.lines().map(str::trim).filter(|line| {
                    !line.is_empty()
                        && !line.starts_with("For more information")
                        && !line.starts_with("Usage: ")
                });
                let message = told.collect::<Vec<_>>().join(" ");
                return Err(Failure::usage(message.trim_start_matches("error: ")));
            }
            for line in text.lines() {
                output.note(line);
            }
            Err(Failure {
                exit: Exit::Usage,
                is_silent: true,
                ..Failure::usage("")
            })
        }
    }
}
