//! What the numbers were measured on: without it they say nothing.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::samples::Samples;

/// What a commit of one small unit writes: six pages of SQLCipher's log.
const FLOOR_BYTES: usize = 24 * 1024;
const FLOOR_SAMPLES: usize = 400;

/// Facts about the machine.
#[derive(Debug)]
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    load_at_start: String,
}

impl Machine {
    /// Looks around.
    pub(crate) fn look() -> Result<Self> {
        let processors =
            fs::read_to_string("/proc/cpuinfo").context("/proc/cpuinfo can't be read")?;
        let of = |key: &str| {
            processors
                .lines()
                .filter(|line| line.starts_with(key))
                .collect::<Vec<_>>()
        };
        let model = of("model name")
            .first()
            .and_then(|line| line.split(": ").nth(1))
            .unwrap_or("unknown processor");
        Ok(Self {
            processor: model.to_owned(),
            cores: of("processor").len(),
            load_at_start: load_average()?,
        })
    }

    /// One line for people.
    pub(crate) fn line(&self) -> String {
        let load_now = load_average().unwrap_or_default();
        format!(
            "{}, {} cores; load average {} at the start, {load_now} now",
            self.processor, self.cores, self.load_at_start
        )
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        json!({
            "processor": self.processor,
            "cores": self.cores,
            "load_average_at_start": self.load_at_start,
            "load_average_at_end": load_average().unwrap_or_default(),
        })
    }
}

fn load_average() -> Result<String> {
    let text = fs::read_to_string("/proc/loadavg").context("/proc/loadavg can't be read")?;
    Ok(text
        .split_whitespace()
        .take(3)
        .collect::<Vec<_>>()
        .join(" "))
}

/// F: how long the disk takes for a 24-KiB overwrite and fdatasync of a preallocated file in this folder.
pub(crate) fn disk_floor(folder: &Path) -> Result<Samples> {
    let path = folder.join("floor");
    let block = vec![0x5a_u8; FLOOR_BYTES];
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .open(&path)
        .with_context(|| format!("{} can't be made", path.display()))?;
    file.write_all(&block.repeat(16))?;
    file.sync_all()?;
    let mut samples = Samples::default();
    for place in (0..16).cycle().take(FLOOR_SAMPLES) {
        let started = Instant::now();
        file.write_all_at(&block, place * FLOOR_BYTES as u64)?;
        file.sync_data()?;
        samples.add(started.elapsed());
    }
    fs::remove_file(&path)?;
    Ok(samples)
}
