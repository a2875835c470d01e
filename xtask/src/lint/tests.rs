//! Each check is fed a workspace that breaks it: a check that can't fail checks nothing.

use std::collections::BTreeSet;

use cargo_metadata::{Metadata, MetadataCommand};
use serde_json::{Value, json};

use super::rules::{self, Banned, Confined};
use super::workspace::{Workspace, built_packages};
use super::{bans, dial, edges, layout, licences, sources};

/// A package in the form of `cargo metadata`. Dependencies are (name, kind).
fn package(
    name: &str,
    source: Option<&str>,
    licence: Option<&str>,
    dependencies: &[(&str, Option<&str>)],
) -> Value {
    let dependencies: Vec<Value> = dependencies
        .iter()
        .map(|(name, kind)| {
            json!({"name": name, "source": null, "req": "*", "kind": kind, "rename": null, "optional": false,
                   "uses_default_features": true, "features": [], "target": null, "registry": null})
        })
        .collect();
    json!({
        "name": name, "version": "1.0.0", "id": format!("{name}@1.0.0"), "source": source, "license": licence,
        "license_file": null, "description": null, "dependencies": dependencies, "features": {},
        "targets": [], "manifest_path": format!("/workspace/crates/{name}/Cargo.toml"), "metadata": null,
        "publish": [], "authors": [], "categories": [], "keywords": [], "readme": null, "repository": null,
        "homepage": null, "documentation": null, "edition": "2024", "links": null, "default_run": null,
        "rust_version": null,
    })
}

/// A workspace of `members` and the rest, with the edges of the resolve as (parent, child).
fn workspace(members: &[&str], packages: &[Value], resolved: &[(&str, &str)]) -> Workspace {
    let id = |name: &str| format!("{name}@1.0.0");
    let nodes: Vec<Value> = packages
        .iter()
        .map(|package| {
            let name = package["name"].as_str().unwrap();
            let deps: Vec<Value> = resolved
                .iter()
                .filter(|(parent, _)| *parent == name)
                .map(|(_, child)| json!({"name": child, "pkg": id(child), "dep_kinds": []}))
                .collect();
            json!({"id": id(name), "dependencies": [], "deps": deps, "features": []})
        })
        .collect();
    let members: Vec<String> = members.iter().map(|name| id(name)).collect();
    let metadata: Metadata = MetadataCommand::parse(
        json!({
            "packages": packages, "workspace_members": members, "workspace_default_members": members,
            "resolve": {"nodes": nodes, "root": null}, "target_directory": "/workspace/target", "version": 1,
            "workspace_root": "/workspace", "metadata": null,
        })
        .to_string(),
    )
    .unwrap();
    let built = packages
        .iter()
        .map(|package| {
            (
                package["name"].as_str().unwrap().to_owned(),
                "1.0.0".to_owned(),
            )
        })
        .collect::<BTreeSet<_>>();
    Workspace::new(metadata, built)
}

fn places(complaints: &[super::Complaint]) -> Vec<&str> {
    complaints
        .iter()
        .map(|complaint| complaint.place.as_str())
        .collect()
}

const TABLE: &[rules::Edge] = &[
    ("inner", &[]),
    ("outer", &["inner"]),
    (rules::DEV_ONLY, &[]),
];
const MEMBERS: &[&str] = &["inner", "outer", rules::DEV_ONLY];

fn edges_of(
    inner: &[(&str, Option<&str>)],
    outer: &[(&str, Option<&str>)],
) -> Vec<super::Complaint> {
    let packages = [
        package("inner", None, Some("MIT"), inner),
        package("outer", None, Some("MIT"), outer),
        package(rules::DEV_ONLY, None, Some("MIT"), &[]),
    ];
    edges::check(&workspace(MEMBERS, &packages, &[]), TABLE)
}

#[test]
fn an_edge_of_the_table_is_allowed_and_its_reverse_is_not() {
    assert_eq!(edges_of(&[], &[("inner", None)]), []);
    let complaints = edges_of(&[("outer", None)], &[]);
    assert_eq!(places(&complaints), ["inner"]);
    assert!(complaints[0].text.contains("must not depend on outer"));
}

#[test]
fn an_edge_is_refused_for_tests_and_build_scripts_too() {
    assert_eq!(places(&edges_of(&[("outer", Some("dev"))], &[])), ["inner"]);
    assert_eq!(
        places(&edges_of(&[("outer", Some("build"))], &[])),
        ["inner"]
    );
}

#[test]
fn testkit_is_for_tests_only() {
    assert_eq!(edges_of(&[(rules::DEV_ONLY, Some("dev"))], &[]), []);
    let complaints = edges_of(&[(rules::DEV_ONLY, None)], &[]);
    assert_eq!(places(&complaints), ["inner"]);
    assert!(complaints[0].text.contains("[dev-dependencies]"));
}

#[test]
fn a_crate_without_a_row_and_a_row_without_a_crate_are_named() {
    let packages = [
        package("inner", None, Some("MIT"), &[]),
        package("stranger", None, Some("MIT"), &[]),
    ];
    let complaints = edges::check(&workspace(&["inner", "stranger"], &packages, &[]), TABLE);
    assert_eq!(places(&complaints), ["outer", rules::DEV_ONLY, "stranger"]);
}

#[test]
fn a_confined_crate_is_for_its_owners_and_for_tests() {
    const RULES: &[Confined] = &[Confined {
        name: "dialler",
        owners: &["net"],
        reason: "use net",
    }];
    let check = |user: &str, kind| {
        let packages = [package(user, None, Some("MIT"), &[("dialler", kind)])];
        bans::check_confined(&workspace(&[user], &packages, &[]), RULES)
    };
    assert_eq!(check("net", None), []);
    assert_eq!(check("gate", Some("dev")), []);
    assert_eq!(places(&check("gate", None)), ["gate"]);
    assert_eq!(places(&check("gate", Some("build"))), ["gate"]);
}

#[test]
fn a_banned_crate_is_refused_unless_its_wrapper_alone_brings_it() {
    const RULES: &[Banned] = &[
        Banned {
            name: "never",
            wrappers: &[],
            reason: "use other",
        },
        Banned {
            name: "wrapped",
            wrappers: &["wrapper"],
            reason: "use other",
        },
    ];
    let packages = ["ours", "wrapper", "other", "never", "wrapped"]
        .map(|name| package(name, None, Some("MIT"), &[]));
    let check = |resolved| bans::check_banned(&workspace(&["ours"], &packages, resolved), RULES);
    assert_eq!(places(&check(&[("wrapper", "wrapped")])), ["never 1.0.0"]);
    let complaints = check(&[
        ("wrapper", "wrapped"),
        ("other", "wrapped"),
        ("other", "never"),
    ]);
    assert_eq!(places(&complaints), ["never 1.0.0", "wrapped 1.0.0"]);
    assert!(complaints[1].text.contains("comes from other:"));
}

#[test]
fn a_banned_crate_that_is_only_in_the_lockfile_is_no_concern() {
    let packages = [
        package("ours", None, Some("MIT"), &[]),
        package("ring", None, Some("MIT"), &[]),
    ];
    let complete = workspace(&["ours"], &packages, &[("ours", "ring")]);
    assert_eq!(
        places(&bans::check_banned(&complete, rules::BANNED)),
        ["ring 1.0.0"]
    );
    let built = built_packages("ours v1.0.0 (/workspace)\nother v2.0.0 (*)\n");
    assert_eq!(built.len(), 2);
    let metadata = workspace(&["ours"], &packages, &[("ours", "ring")]);
    assert_eq!(
        bans::check_banned(&metadata.with_built(built), rules::BANNED),
        []
    );
}

#[test]
fn licence_expressions_are_read_as_spdx_says() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
    for (expression, satisfied) in [
        ("MIT", Some(true)),
        ("GPL-3.0-only", Some(false)),
        ("GPL-3.0-only OR MIT", Some(true)),
        ("GPL-3.0-only/MIT", Some(true)),
        ("MIT AND GPL-3.0-only", Some(false)),
        ("MIT OR GPL-3.0-only AND GPL-2.0-only", Some(true)),
        ("(MIT OR GPL-3.0-only) AND GPL-2.0-only", Some(false)),
        ("Apache-2.0 WITH LLVM-exception", Some(true)),
        ("MIT WITH LLVM-exception", Some(false)),
        ("MIT OR", None),
        ("(MIT", None),
        ("MIT Apache-2.0", None),
        ("", None),
    ] {
        assert_eq!(
            licences::is_satisfied(expression, &allowed),
            satisfied,
            "{expression}"
        );
    }
}

#[test]
fn a_package_needs_a_licence_of_the_allowlist() {
    let packages = [
        package("good", None, Some("MIT OR GPL-3.0-only"), &[]),
        package("bad", None, Some("GPL-3.0-only"), &[]),
        package("none", None, None, &[]),
    ];
    let complaints = licences::check(&workspace(&["good"], &packages, &[]), rules::LICENCES);
    assert_eq!(places(&complaints), ["bad 1.0.0", "none 1.0.0"]);
}

#[test]
fn code_comes_from_the_workspace_or_from_crates_io() {
    let mut outside = package("outside", None, Some("MIT"), &[]);
    outside["manifest_path"] = json!("/elsewhere/Cargo.toml");
    let packages = [
        package("ours", None, Some("MIT"), &[]),
        package("registry", Some(rules::REGISTRY), Some("MIT"), &[]),
        package(
            "git",
            Some("git+https://example.com/git#abc"),
            Some("MIT"),
            &[],
        ),
        package(
            "mirror",
            Some("registry+https://example.com/index"),
            Some("MIT"),
            &[],
        ),
        outside,
    ];
    let complaints = sources::check(&workspace(&["ours"], &packages, &[]));
    assert_eq!(
        places(&complaints),
        ["git 1.0.0", "mirror 1.0.0", "outside 1.0.0"]
    );
}

#[test]
fn lints_are_inherited_in_either_form_and_only_there() {
    assert!(layout::inherits_lints(
        "[package]\nname = \"a\"\n[lints]\nworkspace = true # ours\n"
    ));
    assert!(layout::inherits_lints(
        "lints.workspace = true\n[package]\n"
    ));
    assert!(!layout::inherits_lints(
        "[package]\n[dependencies]\nworkspace = true\n"
    ));
    assert!(!layout::inherits_lints(
        "[lints]\n[other]\nworkspace = true\n"
    ));
    assert!(!layout::inherits_lints("[lints]\n# workspace = true\n"));
}

#[test]
fn a_second_test_binary_and_missing_lints_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("Cargo.toml");
    std::fs::write(&manifest, "[package]\nname = \"ours\"\n").unwrap();
    let mut ours = package("ours", None, Some("MIT"), &[]);
    ours["manifest_path"] = json!(manifest);
    ours["publish"] = Value::Null;
    let target = |name: &str| {
        json!({"name": name, "kind": ["test"], "crate_types": ["bin"], "src_path": "/x.rs", "edition": "2024",
               "doctest": false, "test": true, "doc": false})
    };
    ours["targets"] = json!([target("it"), target("second")]);
    let complaints = layout::check(&workspace(&["ours"], &[ours], &[])).unwrap();
    assert_eq!(complaints.len(), 3);
    assert!(complaints[0].text.contains("lints"));
    assert!(complaints[1].text.contains("publish"));
    assert!(complaints[2].text.contains("test binaries second:"));
}

#[test]
fn source_that_dials_is_found_on_its_line_and_comments_are_not() {
    let source = "use tokio::net::TcpListener;\n// TcpStream::connect is banned\nlet stream = TcpStream :: connect(address);\n";
    assert_eq!(dial::diallers(source), [(3, "TcpStream::connect")]);
    assert_eq!(
        dial::diallers("use tokio::net::TcpStream as Wire;"),
        [(1, "TcpStreamas")]
    );
    assert_eq!(
        dial::diallers("type Wire = TcpStream;"),
        [(1, "=TcpStream;")]
    );
    assert_eq!(dial::diallers("use std::net::*;"), [(1, "std::net::*")]);
    assert_eq!(
        dial::diallers("tokio::net::lookup_host(name).await"),
        [(1, "lookup_host")]
    );
    assert_eq!(dial::diallers("use std::net::{IpAddr, TcpListener};"), []);
}

#[test]
fn only_net_testkit_and_tests_may_dial() {
    assert!(dial::may_dial("crates/net/src/dial.rs"));
    assert!(dial::may_dial("crates/testkit/src/upstream/mod.rs"));
    assert!(dial::may_dial("crates/server/src/api/tests.rs"));
    assert!(!dial::may_dial("crates/server/src/api/actions.rs"));
    assert!(!dial::may_dial("crates/network/src/dial.rs"));
}

#[test]
fn a_file_that_dials_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("src/deep");
    std::fs::create_dir_all(&source).unwrap();
    std::fs::write(
        source.join("sneaky.rs"),
        "fn f() {\n    let _ = std::net::UdpSocket::bind(\"[::]:0\");\n}\n",
    )
    .unwrap();
    std::fs::write(source.join("tests.rs"), "use std::net::UdpSocket;\n").unwrap();
    let mut ours = package("ours", None, Some("MIT"), &[]);
    ours["manifest_path"] = json!(folder.path().join("Cargo.toml"));
    let complaints = dial::check(&workspace(&["ours"], &[ours], &[])).unwrap();
    assert_eq!(complaints.len(), 1);
    assert!(
        complaints[0].place.ends_with("src/deep/sneaky.rs:2"),
        "{complaints:?}"
    );
}
