//! The help of every command, found by following the help itself.

use std::fmt::Write;

use super::super::program::Program;

/// The subcommands that a help text lists.
fn subcommands(help: &str) -> Vec<String> {
    let listed = help
        .lines()
        .skip_while(|line| line.trim() != "Commands:")
        .skip(1);
    let rows = listed.take_while(|line| !line.trim().is_empty());
    // Names stand two columns in; what is deeper is the rest of a description.
    rows.filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

fn collect(program: &Program, path: &[&str], pages: &mut String) {
    let mut arguments = path.to_vec();
    arguments.push("--help");
    let page = program.run(&arguments).expect(0);
    assert_eq!(page.stderr, "", "help goes to standard output");
    let _ = writeln!(
        pages,
        "$ countersign {}\n{}",
        arguments.join(" "),
        page.stdout
    );
    for name in subcommands(&page.stdout) {
        let mut inner = path.to_vec();
        inner.push(&name);
        collect(program, &inner, pages);
    }
}

#[test]
fn every_command_explains_itself() {
    let program = Program::usual();
    let root = program.run(&["--help"]).expect(0).stdout;
    insta::assert_snapshot!("help", root);
    let names = subcommands(&root);
    for noun in [
        "onboard",
        "gateway",
        "status",
        "doctor",
        "demo",
        "login",
        "logout",
        "agent",
        "key",
        "token",
        "target",
        "credential",
        "grant",
        "rule",
        "settings",
        "operator",
        "approval",
        "request",
        "list",
        "show",
        "approve",
        "deny",
        "kill",
        "audit",
        "vault",
        "config",
        "scan",
        "net",
        "migrate",
        "apply",
        "export",
        "completions",
    ] {
        assert!(
            names.iter().any(|name| name == noun),
            "{noun} is missing:\n{root}"
        );
    }
    for name in &names {
        let mut pages = String::new();
        collect(&program, &[name], &mut pages);
        insta::assert_snapshot!(format!("help_{name}"), pages);
    }
}

#[test]
fn wrong_usage_is_exit_2_in_both_forms() {
    let program = Program::usual();
    let people = program.run(&["agnet", "list"]).expect(2);
    assert!(people.stderr.contains("agent"), "{}", people.stderr);
    let programs = program.run(&["agnet", "list", "--json"]).expect(2);
    let error: serde_json::Value = serde_json::from_str(programs.stderr.trim()).unwrap();
    assert_eq!(error["error"]["exit"], 2);
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        !message.contains("For more information") && !message.contains('\n'),
        "{message}"
    );
    assert_eq!(programs.stdout, "");
}

#[test]
fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let script = Program::usual()
            .run(&["completions", shell])
            .expect(0)
            .stdout;
        assert!(
            script.contains("credential")
                && script.contains("onboard")
                && script.contains("tool_output"),
            "{shell}"
        );
    }
}
