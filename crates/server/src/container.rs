//! Whether this process runs inside a container: the only place where a plain listener may be reachable from outside.

use std::path::Path;

/// Whether the machine's files say that this is a container.
///
/// Docker and Podman leave a marker file; Kubernetes and systemd-nspawn are told by the first process's control group or by a
/// mounted service account.
pub fn is_container() -> bool {
    is_container_at(Path::new("/"))
}

fn is_container_at(root: &Path) -> bool {
    const MARKERS: [&str; 4] = [
        ".dockerenv",
        "run/.containerenv",
        "run/systemd/container",
        "var/run/secrets/kubernetes.io/serviceaccount",
    ];
    const GROUPS: [&str; 6] = [
        "/docker",
        "/kubepods",
        "/lxc",
        "/libpod",
        "/containerd",
        "/machine.slice",
    ];
    if MARKERS.iter().any(|marker| root.join(marker).exists()) {
        return true;
    }
    let group = std::fs::read_to_string(root.join("proc/1/cgroup")).unwrap_or_default();
    GROUPS.iter().any(|name| group.contains(name))
}

#[cfg(test)]
mod tests;
