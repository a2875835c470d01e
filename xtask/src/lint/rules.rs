//! The rules as data. A change here is a change of architecture: say why in the commit.

/// A crate of ours and the crates of ours that it may depend on.
pub(super) type Edge = (&'static str, &'static [&'static str]);

/// The allowed edges. Arrows point inward; siblings never see each other. `testkit` is a dev-dependency only.
pub(super) const EDGES: &[Edge] = &[
    ("countersign-domain", &[]),
    ("countersign-scan", &["countersign-domain"]),
    ("countersign-net", &["countersign-domain"]),
    ("countersign-vault", &["countersign-domain"]),
    (
        "countersign-store",
        &["countersign-domain", "countersign-vault"],
    ),
    (
        "countersign-gate",
        &[
            "countersign-domain",
            "countersign-scan",
            "countersign-vault",
            "countersign-store",
        ],
    ),
    (
        "countersign-connectors",
        &["countersign-domain", "countersign-net", "countersign-gate"],
    ),
    (
        "countersign-channels",
        &["countersign-domain", "countersign-net", "countersign-gate"],
    ),
    (
        "countersign-server",
        &["countersign-domain", "countersign-gate"],
    ),
    (
        "countersign-app",
        &[
            "countersign-domain",
            "countersign-scan",
            "countersign-net",
            "countersign-vault",
            "countersign-store",
            "countersign-gate",
            "countersign-connectors",
            "countersign-channels",
            "countersign-server",
        ],
    ),
    ("countersign-testkit", &[]),
    ("xtask", &["countersign-scan"]),
];

/// The crate that only tests may use.
pub(super) const DEV_ONLY: &str = "countersign-testkit";

/// A third-party crate that only some of our crates may depend on directly (dev-dependencies are free).
#[derive(Debug)]
pub(super) struct Confined {
    /// The third-party crate.
    pub(super) name: &'static str,
    /// Our crates that may use it.
    pub(super) owners: &'static [&'static str],
    /// Why, and what others do instead.
    pub(super) reason: &'static str,
}

const DIALS: &str = "it can dial out: use the client of countersign-net, which checks the address, pins it and sets deadlines";
const DATABASE: &str = "only countersign-store speaks to the gateway's own database (its address is the operator's, never an agent's)";
const KEY_BYTES: &str = "only countersign-vault touches key bytes: use its types";

/// Who may use what directly.
pub(super) const CONFINED: &[Confined] = &[
    Confined {
        name: "postgres",
        owners: &["countersign-store", DEV_ONLY],
        reason: DATABASE,
    },
    Confined {
        name: "tokio-postgres",
        owners: &["countersign-store"],
        reason: DATABASE,
    },
    Confined {
        name: "tokio-postgres-rustls",
        owners: &["countersign-store"],
        reason: DATABASE,
    },
    Confined {
        name: "rusqlite",
        owners: &["countersign-store"],
        reason: DATABASE,
    },
    Confined {
        name: "hyper",
        owners: &[
            "countersign-net",
            "countersign-connectors",
            "countersign-server",
            DEV_ONLY,
        ],
        reason: "only net dials with it, connectors name its body type and server serves with it",
    },
    Confined {
        name: "hyper-util",
        owners: &["countersign-net", "countersign-server", DEV_ONLY],
        reason: DIALS,
    },
    Confined {
        name: "tokio-rustls",
        owners: &["countersign-net", "countersign-server", DEV_ONLY],
        reason: "only net dials TLS and only server accepts it",
    },
    Confined {
        name: "rustls-platform-verifier",
        owners: &["countersign-net", "countersign-store"],
        reason: "only net and the store's own database connection decide whom to trust",
    },
    Confined {
        name: "hickory-resolver",
        owners: &["countersign-net"],
        reason: DIALS,
    },
    Confined {
        name: "socket2",
        owners: &["countersign-net", DEV_ONLY],
        reason: DIALS,
    },
    Confined {
        name: "hyper-rustls",
        owners: &["countersign-net"],
        reason: DIALS,
    },
    Confined {
        name: "tokio-tungstenite",
        owners: &[],
        reason: DIALS,
    },
    Confined {
        name: "lettre",
        owners: &[],
        reason: DIALS,
    },
    Confined {
        name: "redis",
        owners: &[],
        reason: DIALS,
    },
    Confined {
        name: "russh",
        owners: &[],
        reason: DIALS,
    },
    Confined {
        name: "aws-lc-rs",
        owners: &["countersign-vault"],
        reason: KEY_BYTES,
    },
    Confined {
        name: "argon2",
        owners: &["countersign-vault"],
        reason: KEY_BYTES,
    },
    Confined {
        name: "axum",
        owners: &["countersign-server"],
        reason: "HTTP faces live in countersign-server",
    },
    Confined {
        name: "anyhow",
        owners: &["countersign-app", DEV_ONLY, "xtask"],
        reason: "libraries have error types that callers can match on: use thiserror",
    },
    Confined {
        name: "tokio",
        owners: &[
            "countersign-net",
            "countersign-store",
            "countersign-gate",
            "countersign-connectors",
            "countersign-channels",
            "countersign-server",
            "countersign-app",
            DEV_ONLY,
        ],
        reason: "domain, scan and vault compute: no I/O, no tasks",
    },
];

/// A third-party crate that must not be built at all, but for the crates that may pull it in.
#[derive(Debug)]
pub(super) struct Banned {
    /// The crate.
    pub(super) name: &'static str,
    /// Third-party crates that may depend on it.
    pub(super) wrappers: &'static [&'static str],
    /// Why, and what to use instead.
    pub(super) reason: &'static str,
}

const ONE_PROVIDER: &str =
    "aws-lc-rs is the one cryptography provider: turn the feature off that pulls it in";
const NO_OPENSSL_TLS: &str = "TLS is rustls: turn the feature off that pulls it in";

/// What must not be built. `deny.toml` says the same to those who have cargo-deny: change both.
pub(super) const BANNED: &[Banned] = &[
    Banned {
        name: "ring",
        wrappers: &[],
        reason: ONE_PROVIDER,
    },
    Banned {
        name: "openssl",
        wrappers: &[],
        reason: NO_OPENSSL_TLS,
    },
    Banned {
        name: "openssl-sys",
        wrappers: &["libsqlite3-sys"],
        reason: "OpenSSL is there for SQLCipher alone: turn the feature off that pulls it in",
    },
    Banned {
        name: "openssl-src",
        wrappers: &["openssl-sys"],
        reason: "OpenSSL is there for SQLCipher alone: turn the feature off that pulls it in",
    },
    Banned {
        name: "native-tls",
        wrappers: &[],
        reason: NO_OPENSSL_TLS,
    },
    Banned {
        name: "fancy-regex",
        wrappers: &[],
        reason: "it can take exponential time: use regex",
    },
    Banned {
        name: "reqwest",
        wrappers: &[],
        reason: DIALS,
    },
    Banned {
        name: "ureq",
        wrappers: &[],
        reason: DIALS,
    },
    Banned {
        name: "isahc",
        wrappers: &[],
        reason: DIALS,
    },
    Banned {
        name: "curl",
        wrappers: &[],
        reason: DIALS,
    },
    Banned {
        name: "attohttpc",
        wrappers: &[],
        reason: DIALS,
    },
    Banned {
        name: "surf",
        wrappers: &[],
        reason: DIALS,
    },
    Banned {
        name: "chrono",
        wrappers: &[],
        reason: "jiff is the one time library: turn the feature off that pulls it in",
    },
    Banned {
        name: "async-std",
        wrappers: &[],
        reason: "tokio is the one runtime",
    },
    Banned {
        name: "serde_yaml",
        wrappers: &[],
        reason: "it is no longer maintained: configuration is JSON5",
    },
];

/// Licences that code in our binary may have, as SPDX ids.
pub(super) const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
    // SQLite's dedication to the public domain, and a permissive licence: both only in SQLCipher's source package.
    "blessing",
    "WTFPL",
];

/// The one registry.
pub(super) const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Text that opens or resolves a connection, as it stands in source once blanks and comments are gone.
pub(super) const DIALLERS: &[&str] = &[
    "TcpStream::connect",
    "TcpStreamas",
    "=TcpStream;",
    "UnixStream::connect",
    "UnixStreamas",
    "=UnixStream;",
    "UdpSocket",
    "UnixDatagram",
    "TcpSocket",
    "lookup_host",
    "to_socket_addrs",
    "ToSocketAddrs",
    "hyper::client",
    "hyper_util::client",
    "std::net::*",
    "tokio::net::*",
    "rustix::net",
];

/// Folders whose source may hold [`DIALLERS`]. Tests may anywhere.
pub(super) const DIALLING_FOLDERS: &[&str] = &["crates/net/", "crates/testkit/", "xtask/"];
