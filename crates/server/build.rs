//! Takes the built operator's page into the crate: a table of its files, with their bytes.
//!
//! The page is `web/dist`, or the folder that `COUNTERSIGN_WEB_DIST` names; with that variable set to nothing there is no page, and
//! none is needed: the server then says how to build it. The files are copied first, so that a build of the page at the same time
//! can't tear them away in the middle.

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    path::{Path, PathBuf},
};

const VARIABLE: &str = "COUNTERSIGN_WEB_DIST";

/// The encoded twins of a file, as the page's build leaves them beside it.
const TWINS: [&str; 2] = ["br", "gz"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    let folder = folder();
    let mut files = BTreeMap::new();
    if let Some(folder) = &folder {
        if folder.is_dir() {
            println!("cargo::rerun-if-changed={}", folder.display());
            collect(folder, "", &mut files)?;
        } else {
            println!(
                "cargo::warning=there is no folder {}: the page is left out",
                folder.display()
            );
        }
    }
    let page = folder.map(|folder| folder.join("index.html"));
    if !page.is_some_and(|page| page.is_file()) {
        // A page without its first file is no page.
        files.clear();
    }
    write(&files)
}

/// The folder of the built page, if one is meant.
fn folder() -> Option<PathBuf> {
    if let Some(named) = variable(VARIABLE) {
        return (!named.is_empty()).then(|| PathBuf::from(named));
    }
    let web = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("../../web");
    // Without sources there is nothing to build a page from.
    let web = web.canonicalize().ok()?;
    let dist = web.join("dist");
    // Cargo watches a folder that is there; for one that is missing it would run this anew, and compile the server anew, at every build.
    let _ = fs::create_dir(&dist);
    Some(dist)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a build script is configured by its environment"
)]
fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}

/// What the server serves: the page itself, its icon and everything below `assets`, but for maps.
fn is_served(name: &str) -> bool {
    let plain = TWINS
        .iter()
        .find_map(|twin| name.strip_suffix(&format!(".{twin}")))
        .unwrap_or(name);
    let is_map = Path::new(plain)
        .extension()
        .is_some_and(|extension| extension == "map");
    // The page itself differs in every answer: its twins are of no use.
    name == "index.html" || plain == "favicon.svg" || (plain.starts_with("assets/") && !is_map)
}

fn collect(folder: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files)?;
        } else if is_served(&name) {
            files.insert(name, fs::read(&path)?);
        }
    }
    Ok(())
}

/// Copies the files and writes the table.
fn write(files: &BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    let out =
        PathBuf::from(variable("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?);
    let copies = out.join("page");
    if copies.exists() {
        fs::remove_dir_all(&copies)?;
    }
    fs::create_dir_all(&copies)?;
    let mut numbers = BTreeMap::new();
    for (number, (name, bytes)) in files.iter().enumerate() {
        fs::write(copies.join(number.to_string()), bytes)?;
        numbers.insert(name.as_str(), number);
    }
    let bytes_of = |name: &str| {
        numbers.get(name).map_or_else(
            || "None".to_owned(),
            |number| {
                format!("Some(include_bytes!(concat!(env!(\"OUT_DIR\"), \"/page/{number}\")))")
            },
        )
    };
    let mut table = String::from("&[\n");
    for (name, bytes) in files {
        let twin_of = |twin: &&str| {
            name.strip_suffix(&format!(".{twin}"))
                .is_some_and(|plain| files.contains_key(plain))
        };
        if TWINS.iter().any(twin_of) {
            continue;
        }
        // Tells versions apart, nothing more: no secret and no signature hangs on it.
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let [br, gz] = TWINS.map(|twin| bytes_of(&format!("{name}.{twin}")));
        let number = numbers.get(name.as_str()).copied().unwrap_or_default();
        let _ = writeln!(
            table,
            "    WebFile {{ path: {name:?}, version: \"{:016x}\", plain: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/page/{number}\")), brotli: {br}, gzip: {gz} }},",
            hasher.finish(),
        );
    }
    table.push_str("]\n");
    fs::write(out.join("page.rs"), table)
}
