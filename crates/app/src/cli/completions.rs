//! `countersign completions`: a script for a shell.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::cx::Cx;
use super::run::Arguments;

/// For which shell.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, cx: &Cx) {
        let mut script = Vec::new();
        generate(
            self.shell,
            &mut Arguments::command(),
            "countersign",
            &mut script,
        );
        cx.output.bytes(&script);
    }
}
