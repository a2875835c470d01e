//! `countersign doctor`: looks at the whole installation, with and without a gateway, and changes nothing.

mod certificate;
mod files;
mod finding;
mod gateway;
mod machine;
mod store;

use crate::cli::Cx;
use crate::config::Settings;
use crate::run_file::RunFile;

pub(crate) use finding::{Finding, Level};

/// Every check, in the order of dependence.
pub(crate) async fn examine(cx: &Cx, settings: &Settings) -> Vec<Finding> {
    let mut findings = vec![configuration(settings)];
    findings.extend(files::examine(settings).await);
    findings.extend(certificate::examine(settings));
    findings.push(machine::free_disk(settings));
    findings.push(machine::clock(settings));
    let is_running = RunFile::read(&settings.data_dir)
        .ok()
        .flatten()
        .is_some_and(|run_file| run_file.is_current(&settings.data_dir).unwrap_or(true));
    if is_running || cx.env.get(crate::config::URL.name).ok().flatten().is_some() {
        findings.extend(gateway::examine(cx, settings).await);
    } else {
        findings.push(Finding::warn(
            "gateway",
            "no gateway runs on this data directory",
            "countersign gateway",
        ));
        findings.extend(machine::ports(settings));
        findings.extend(store::examine(cx, settings).await);
        findings.push(Finding::warn(
            "targets",
            "not checked: only a running gateway can reach them",
            "countersign gateway",
        ));
    }
    findings.push(private_networks(settings));
    findings
}

fn configuration(settings: &Settings) -> Finding {
    match settings.warnings.first() {
        None => Finding::ok(
            "configuration",
            settings.file.as_ref().map_or_else(
                || "environment and defaults".to_owned(),
                |file| file.display().to_string(),
            ),
        ),
        Some(_) => Finding::warn(
            "configuration",
            settings.warnings.join("; "),
            "countersign config validate",
        ),
    }
}

fn private_networks(settings: &Settings) -> Finding {
    if settings.allow_private_networks.is_empty() {
        return Finding::ok(
            "private networks",
            "closed, but for targets that an owner marked",
        );
    }
    let ranges: Vec<String> = settings
        .allow_private_networks
        .iter()
        .map(ToString::to_string)
        .collect();
    Finding::warn(
        "private networks",
        format!("open for every target: {}", ranges.join(", ")),
        "unset COUNTERSIGN_ALLOW_PRIVATE_NETWORKS; mark single targets instead",
    )
}
