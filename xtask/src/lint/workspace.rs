//! What the checks look at: the workspace as `cargo metadata` and `cargo tree` describe it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package, PackageId};

use crate::environment::Environment;

/// The workspace, its packages and what is really built of them.
#[derive(Debug)]
pub(super) struct Workspace {
    metadata: Metadata,
    /// Name and version of every package that a build for any platform compiles. The lockfile holds more: optional
    /// dependencies that no feature turns on.
    built: BTreeSet<(String, String)>,
}

impl Workspace {
    /// Asks cargo.
    ///
    /// # Errors
    ///
    /// If cargo can't read the workspace or resolve its dependencies.
    pub(super) fn load() -> Result<Self> {
        let environment = Environment::detect();
        let metadata = MetadataCommand::new()
            .other_options(
                environment
                    .lock_arguments()
                    .iter()
                    .map(|&option| option.to_owned())
                    .collect::<Vec<_>>(),
            )
            .exec()
            .context("cargo metadata could not describe the workspace")?;
        let tree = environment
            .cargo(&[
                "tree",
                "--workspace",
                "--target",
                "all",
                "--edges",
                "normal,build,dev",
            ])
            .args(["--prefix", "none", "--format", "{p}"])
            .args(environment.lock_arguments())
            .output()
            .context("cargo tree could not start")?;
        ensure!(
            tree.status.success(),
            "cargo tree failed: {}",
            String::from_utf8_lossy(&tree.stderr)
        );
        Ok(Self::new(
            metadata,
            built_packages(&String::from_utf8_lossy(&tree.stdout)),
        ))
    }

    /// A workspace from its parts.
    pub(super) fn new(metadata: Metadata, built: BTreeSet<(String, String)>) -> Self {
        Self { metadata, built }
    }

    /// The same workspace of which only this is built.
    #[cfg(test)]
    pub(super) fn with_built(mut self, built: BTreeSet<(String, String)>) -> Self {
        self.built = built;
        self
    }

    /// The workspace's folder.
    pub(super) fn root(&self) -> PathBuf {
        self.metadata.workspace_root.clone().into_std_path_buf()
    }

    /// Our packages.
    pub(super) fn members(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    /// Our direct dependencies of one package that are not for its tests alone: (name, kind).
    pub(super) fn shipped_dependencies(package: &Package) -> impl Iterator<Item = &str> {
        package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| dependency.name.as_str())
    }

    /// Every package that is built.
    pub(super) fn built(&self) -> impl Iterator<Item = &Package> {
        self.metadata.packages.iter().filter(|package| {
            self.built
                .contains(&(package.name.to_string(), package.version.to_string()))
        })
    }

    /// Names of the built packages that depend on each package.
    pub(super) fn dependents(&self) -> BTreeMap<&PackageId, BTreeSet<&str>> {
        let names: BTreeMap<&PackageId, &str> = self
            .built()
            .map(|package| (&package.id, package.name.as_str()))
            .collect();
        let mut dependents: BTreeMap<&PackageId, BTreeSet<&str>> = BTreeMap::new();
        for node in self
            .metadata
            .resolve
            .iter()
            .flat_map(|resolve| &resolve.nodes)
        {
            let Some(parent) = names.get(&node.id) else {
                continue;
            };
            for dependency in &node.deps {
                dependents
                    .entry(&dependency.pkg)
                    .or_default()
                    .insert(parent);
            }
        }
        dependents
    }
}

/// Reads `cargo tree --prefix none --format {p}`: `name v1.2.3 (path) (*)` a line.
pub(super) fn built_packages(tree: &str) -> BTreeSet<(String, String)> {
    tree.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next()?;
            let version = words.next()?.strip_prefix('v')?;
            Some((name.to_owned(), version.to_owned()))
        })
        .collect()
}
