//! What operators set for the scanner: for the gateway, and by labels for one agent.

use countersign_domain::Labels;
use countersign_scan::threat::{Channel, Thresholds};
use serde::{Deserialize, Serialize};

use super::scanner::TextScanner;
use crate::error::{Error, Result};

/// What a suspicious text of an agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputMode {
    /// It is not looked at.
    Off,
    /// At or over either threshold a human is asked, except for reads under `block`: those are recorded.
    #[default]
    Warn,
    /// At or over `warn` as above; at or over `block` it is denied.
    Block,
}

/// What a suspicious reply does. It never stops the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputMode {
    /// It is not looked at.
    Off,
    /// At or over `warn` it is recorded and marked.
    Warn,
    /// As `warn`; and at or over `block` the agent is tainted: what it asks for next, but reads, asks a human.
    #[default]
    Taint,
}

macro_rules! words {
    ($kind:ty, $($word:literal => $value:expr),+) => {
        impl $kind {
            fn parse(text: &str) -> Option<Self> {
                match text { $($word => Some($value),)+ _ => None }
            }
        }
    };
}
words!(InputMode, "off" => Self::Off, "warn" => Self::Warn, "block" => Self::Block);
words!(OutputMode, "off" => Self::Off, "warn" => Self::Warn, "taint" => Self::Taint);

/// How an agent's text is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InputScanSettings {
    /// What a hit does.
    pub mode: InputMode,
    /// From which score on, 0 to 1; `None`: as shipped.
    pub warn: Option<f64>,
    /// From which score on, 0 to 1; `None`: as shipped.
    pub block: Option<f64>,
}

/// How a reply is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutputScanSettings {
    /// What a hit does.
    pub mode: OutputMode,
    /// From which score on, 0 to 1; `None`: as shipped.
    pub warn: Option<f64>,
    /// From which score on, 0 to 1; `None`: as shipped.
    pub block: Option<f64>,
}

/// How text is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScanSettings {
    /// What agents ask for.
    pub input: InputScanSettings,
    /// What targets answer.
    pub tool_output: OutputScanSettings,
    /// How long a tainted agent stays tainted after the last reply that tainted it, in minutes.
    pub taint_minutes: u32,
}

impl Default for ScanSettings {
    fn default() -> Self {
        Self {
            input: InputScanSettings::default(),
            tool_output: OutputScanSettings::default(),
            taint_minutes: 30,
        }
    }
}

/// A change of [`InputScanSettings`]: what is given; `null` is the shipped threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct InputScanChange {
    /// What a hit does.
    pub mode: Option<InputMode>,
    /// From which score on, 0 to 1.
    #[serde(
        deserialize_with = "crate::patch::nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub warn: Option<Option<f64>>,
    /// From which score on, 0 to 1.
    #[serde(
        deserialize_with = "crate::patch::nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub block: Option<Option<f64>>,
}

/// A change of [`OutputScanSettings`]: what is given; `null` is the shipped threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OutputScanChange {
    /// What a hit does.
    pub mode: Option<OutputMode>,
    /// From which score on, 0 to 1.
    #[serde(
        deserialize_with = "crate::patch::nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub warn: Option<Option<f64>>,
    /// From which score on, 0 to 1.
    #[serde(
        deserialize_with = "crate::patch::nullable",
        skip_serializing_if = "Option::is_none"
    )]
    pub block: Option<Option<f64>>,
}

/// A change of [`ScanSettings`]: what is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScanChange {
    /// What agents ask for.
    pub input: Option<InputScanChange>,
    /// What targets answer.
    pub tool_output: Option<OutputScanChange>,
    /// How long a tainted agent stays tainted, in minutes.
    pub taint_minutes: Option<u32>,
}

impl ScanSettings {
    pub(crate) fn with(&self, change: &ScanChange) -> Self {
        let (input, output) = (
            change.input.unwrap_or_default(),
            change.tool_output.unwrap_or_default(),
        );
        Self {
            input: InputScanSettings {
                mode: input.mode.unwrap_or(self.input.mode),
                warn: input.warn.unwrap_or(self.input.warn),
                block: input.block.unwrap_or(self.input.block),
            },
            tool_output: OutputScanSettings {
                mode: output.mode.unwrap_or(self.tool_output.mode),
                warn: output.warn.unwrap_or(self.tool_output.warn),
                block: output.block.unwrap_or(self.tool_output.block),
            },
            taint_minutes: change.taint_minutes.unwrap_or(self.taint_minutes),
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let channels = [
            ("scan.input", self.input.warn, self.input.block),
            (
                "scan.tool_output",
                self.tool_output.warn,
                self.tool_output.block,
            ),
        ];
        for (channel, warn, block) in channels {
            for (field, value) in [("warn", warn), ("block", block)] {
                if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                    return Err(Error::invalid(
                        format!("{channel}.{field}"),
                        "a threshold is between 0 and 1",
                    ));
                }
            }
        }
        if !(1..=10_080).contains(&self.taint_minutes) {
            return Err(Error::invalid(
                "scan.taint_minutes",
                "scan.taint_minutes must be between 1 and 10080",
            ));
        }
        Ok(())
    }

    /// Refuses a threshold to warn at that lies above the one to block at, set or shipped: it would not count.
    pub(crate) fn check_order(&self, scanner: &TextScanner) -> Result<()> {
        let channels = [
            (
                "scan.input",
                Channel::User,
                self.input.warn,
                self.input.block,
            ),
            (
                "scan.tool_output",
                Channel::ToolOutput,
                self.tool_output.warn,
                self.tool_output.block,
            ),
        ];
        for (name, channel, warn, block) in channels {
            // The shortest number that stands for the shipped one, as it is shown.
            let shipped = scanner.thresholds(channel).block.to_string();
            let effective = block.or_else(|| shipped.parse().ok());
            if let (Some(warn), Some(effective)) = (warn, effective)
                && warn > effective
            {
                let origin = if block.is_some() { "" } else { ", as shipped" };
                return Err(Error::invalid(
                    format!("{name}.warn"),
                    format!(
                        "{name}.warn ({warn}) can't be above {name}.block ({effective}{origin}): what is blocked is warned of anyway"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// The settings as they are for an agent with these labels.
    pub(crate) fn of_agent(&self, labels: &Labels) -> Self {
        let mut settings = *self;
        if labels.is_empty() {
            return settings;
        }
        let word = |name: &str| labels.get(name).map(String::as_str);
        let score = |name: &str| word(name).and_then(parse_score);
        if let Some(mode) = word(INPUT).and_then(InputMode::parse) {
            settings.input.mode = mode;
        }
        if let Some(mode) = word(OUTPUT).and_then(OutputMode::parse) {
            settings.tool_output.mode = mode;
        }
        settings.input.warn = score(INPUT_WARN).or(settings.input.warn);
        settings.input.block = score(INPUT_BLOCK).or(settings.input.block);
        settings.tool_output.warn = score(OUTPUT_WARN).or(settings.tool_output.warn);
        settings.tool_output.block = score(OUTPUT_BLOCK).or(settings.tool_output.block);
        settings
    }
}

const INPUT: &str = "scan.input";
const INPUT_WARN: &str = "scan.input.warn";
const INPUT_BLOCK: &str = "scan.input.block";
const OUTPUT: &str = "scan.tool_output";
const OUTPUT_WARN: &str = "scan.tool_output.warn";
const OUTPUT_BLOCK: &str = "scan.tool_output.block";

fn parse_score(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|score: &f64| (0.0..=1.0).contains(score))
}

/// Refuses an agent's labels that begin with `scan.` and mean nothing to the scanner: a mistyped one would leave a door open.
pub(crate) fn check_labels(labels: &Labels) -> Result<()> {
    for (name, value) in labels.iter().filter(|(name, _)| name.starts_with("scan.")) {
        let (fits, expected) = match name.as_str() {
            INPUT => (InputMode::parse(value).is_some(), "off, warn or block"),
            OUTPUT => (OutputMode::parse(value).is_some(), "off, warn or taint"),
            INPUT_WARN | INPUT_BLOCK | OUTPUT_WARN | OUTPUT_BLOCK => {
                (parse_score(value).is_some(), "a number from 0 to 1")
            }
            _ => {
                let text = "labels that begin with `scan.` set the scanner: scan.input, scan.input.warn, scan.input.block, scan.tool_output, scan.tool_output.warn, scan.tool_output.block";
                return Err(Error::invalid(format!("labels.{name}"), text));
            }
        };
        if !fits {
            return Err(Error::invalid(
                format!("labels.{name}"),
                format!("expected {expected}"),
            ));
        }
    }
    Ok(())
}

/// The thresholds in force: those that are set, else the shipped ones; never to warn later than to block.
pub(super) fn thresholds(shipped: Thresholds, warn: Option<f64>, block: Option<f64>) -> Thresholds {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a score from 0 to 1 loses nothing that matters"
    )]
    let given = |value: Option<f64>, shipped: f32| value.map_or(shipped, |value| value as f32);
    let block = given(block, shipped.block);
    Thresholds {
        warn: given(warn, shipped.warn).min(block),
        block,
    }
}
