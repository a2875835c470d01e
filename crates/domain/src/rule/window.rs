//! Windows of time: on which days of the week and between which times of the day a rule counts.

use std::borrow::Cow;

use jiff::{civil, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::condition::present;
use crate::time::Timestamp;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "their names say it")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl From<civil::Weekday> for Weekday {
    fn from(day: civil::Weekday) -> Self {
        match day {
            civil::Weekday::Monday => Self::Mon,
            civil::Weekday::Tuesday => Self::Tue,
            civil::Weekday::Wednesday => Self::Wed,
            civil::Weekday::Thursday => Self::Thu,
            civil::Weekday::Friday => Self::Fri,
            civil::Weekday::Saturday => Self::Sat,
            civil::Weekday::Sunday => Self::Sun,
        }
    }
}

/// A time of the day: `09:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

impl TimeOfDay {
    fn of(time: civil::Time) -> Self {
        Self {
            hour: time.hour(),
            minute: time.minute(),
        }
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:02}:{:02}", self.hour, self.minute))
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let parsed = text.split_once(':').and_then(|(hour, minute)| {
            let digits = |text: &str| {
                (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit()))
                    .then(|| text.parse::<i8>().ok())
                    .flatten()
            };
            Some(Self {
                hour: digits(hour).filter(|hour| *hour < 24)?,
                minute: digits(minute).filter(|minute| *minute < 60)?,
            })
        });
        parsed.ok_or_else(|| {
            de::Error::custom("not a time of the day: expected HH:MM from 00:00 to 23:59")
        })
    }
}

/// A time zone by its IANA name: `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Cow::<'de, str>::deserialize(deserializer)?;
        TimeZone::get(&name).map(Self).map_err(|_| {
            de::Error::custom("not a known time zone: expected an IANA name such as Europe/Berlin")
        })
    }
}

/// When a rule counts. Every part that is given must hold. Daylight saving follows the zone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeWindow {
    /// On these days. A window that passes midnight counts to the day on which it began.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub days: Option<Vec<Weekday>>,
    /// From this time of the day on; from midnight where it is left out.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<TimeOfDay>,
    /// Until before this time of the day; to midnight where it is left out. Earlier than `from`: the window passes midnight.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Option<TimeOfDay>,
    /// In this time zone; UTC where it is left out.
    #[serde(default)]
    pub zone: Zone,
}

impl TimeWindow {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.days.is_none() && self.from.is_none() && self.until.is_none()
    }

    /// Whether the point in time lies in it. A time that no calendar holds lies in no window.
    pub fn contains(&self, at: Timestamp) -> bool {
        let Ok(instant) = jiff::Timestamp::from_microsecond(at.as_micros()) else {
            return false;
        };
        let local = instant.to_zoned(self.zone.0.clone());
        let time = TimeOfDay::of(local.time());
        let from = self.from.unwrap_or(TimeOfDay { hour: 0, minute: 0 });
        let began = match self.until {
            None if time >= from => local.weekday(),
            Some(until) if from < until && (from..until).contains(&time) => local.weekday(),
            Some(until) if until <= from && time >= from => local.weekday(),
            Some(until) if until <= from && time < until => local.weekday().previous(),
            _ => return false,
        };
        self.days
            .as_ref()
            .is_none_or(|days| days.contains(&began.into()))
    }
}
