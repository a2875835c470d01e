//! How risky an action looks.

use serde::{Deserialize, Serialize};

/// A score between 0 (harmless) and 1 (maximal). Anything that is not in this range, or not a number, becomes 1: failing closed.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct RiskScore(f64);

impl RiskScore {
    /// No risk.
    pub const NONE: Self = Self(0.0);
    /// The most there is.
    pub const MAXIMAL: Self = Self(1.0);

    /// A score; out of range or not a number counts as maximal.
    pub fn new(score: f64) -> Self {
        if (0.0..=1.0).contains(&score) {
            Self(score)
        } else {
            Self::MAXIMAL
        }
    }

    /// The number.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// The higher of two: an assessor may only ever raise a score.
    #[must_use]
    pub fn raised_to(self, other: Self) -> Self {
        if other.0 > self.0 { other } else { self }
    }
}

impl<'de> Deserialize<'de> for RiskScore {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::new)
    }
}

/// The deterministic floor of an HTTP method. Unknown methods count as destructive.
pub fn method_floor(method: &str) -> RiskScore {
    RiskScore(match method {
        "GET" | "HEAD" | "OPTIONS" => 0.1,
        "POST" => 0.3,
        "PATCH" => 0.4,
        "PUT" => 0.5,
        _ => 0.7,
    })
}

/// What was found out about the risk of one action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Risk {
    /// The score that counts.
    pub score: RiskScore,
    /// What the deterministic rules alone gave: the score is never lower.
    pub floor: RiskScore,
    /// Why, in words for the approver.
    pub reasons: Vec<String>,
}

impl Risk {
    /// A risk that only the floor speaks of.
    pub fn floor(floor: RiskScore, reason: impl Into<String>) -> Self {
        Self {
            score: floor,
            floor,
            reasons: vec![reason.into()],
        }
    }
}
