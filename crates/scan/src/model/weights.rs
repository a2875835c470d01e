//! The weights file: a versioned, checked binary that `cargo xtask scan-train` writes and the scanner reads.
//!
//! Little-endian: the magic `CSSW`, version (u32), length of the header (u32), the header as JSON (rule ids, calibration,
//! thresholds, the lexicon's checksum), then the scale (f32) and bytes of the hashed part, the dense part (f32 each), and for each category the scale,
//! the hashed part folded to [`FOLDED`] places and the dense part. Last, a checksum (u64) of all that is before it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    features::{DENSE, HASHED},
    hash,
};

const MAGIC: &[u8; 4] = b"CSSW";
/// The version of the file and of what its indices mean.
const VERSION: u32 = 1;
/// Places of the hashed part of a category.
const FOLDED: usize = 1 << 14;
const CATEGORIES: usize = 5;

/// Why a weights file is refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WeightsError {
    /// It is not a weights file, or cut short.
    #[error(
        "this is not a complete scanner weights file: take the one that was shipped, or train one with `cargo xtask scan-train`"
    )]
    NotWeights,
    /// It was written for another version of the scanner.
    #[error(
        "the scanner weights have version {found}, this program reads version {VERSION}: train them again with `cargo xtask scan-train`"
    )]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// Its checksum is wrong.
    #[error(
        "the scanner weights are damaged: their checksum is wrong; take the shipped file again"
    )]
    Damaged,
    /// Its lexicon is another one.
    #[error(
        "the scanner weights were trained with another lexicon: train them again with `cargo xtask scan-train`"
    )]
    Lexicon,
}

/// Turns the sum of weights into a probability, and says at which probabilities to warn and to block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Factor of the logit.
    pub slope: f32,
    /// What is added to it.
    pub offset: f32,
    /// The probability from which on a text is worth a warning.
    pub warn: f32,
    /// The probability from which on it is blocked where blocking is asked for.
    pub block: f32,
}

impl Calibration {
    /// The probability of an attack.
    pub fn probability(&self, sum: f32) -> f32 {
        1.0 / (1.0 + (-(self.slope * sum + self.offset)).exp())
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    rules: Vec<String>,
    calibration: Calibration,
    lexicon: String,
    bias: f32,
    category_bias: [f32; CATEGORIES],
}

/// What the model learned.
#[derive(Debug, Clone)]
pub struct Weights {
    /// Ids of the rules, in the order of their indices.
    pub(crate) rules: Vec<String>,
    calibration: Calibration,
    pub(crate) bias: f32,
    category_bias: [f32; CATEGORIES],
    scale: f32,
    hashed: Vec<i8>,
    pub(crate) dense: Vec<f32>,
    categories: Vec<(f32, Vec<i8>, Vec<f32>)>,
}

impl Weights {
    /// Packs trained weights: `attack` and each of `categories` have one value for every index and, last, the bias.
    pub fn pack(
        attack: &[f32],
        categories: &[Vec<f32>; CATEGORIES],
        rules: Vec<String>,
        calibration: Calibration,
    ) -> Self {
        let (scale, hashed) = quantise(attack.get(..HASHED).unwrap_or_default());
        let mut category_bias = [0.0; CATEGORIES];
        let categories = categories
            .iter()
            .zip(&mut category_bias)
            .map(|(weights, bias)| {
                *bias = weights.last().copied().unwrap_or_default();
                let mut folded = vec![0.0_f32; FOLDED];
                for (index, weight) in weights.iter().take(HASHED).enumerate() {
                    if let Some(slot) = folded.get_mut(index % FOLDED) {
                        *slot += weight;
                    }
                }
                let (scale, bytes) = quantise(&folded);
                (scale, bytes, dense_part(weights))
            })
            .collect();
        Self {
            rules,
            calibration,
            bias: attack.last().copied().unwrap_or_default(),
            category_bias,
            scale,
            hashed,
            dense: dense_part(attack),
            categories,
        }
    }

    /// Reads a weights file.
    pub fn read(bytes: &[u8]) -> Result<Self, WeightsError> {
        let (body, sum) = bytes
            .len()
            .checked_sub(8)
            .and_then(|end| bytes.split_at_checked(end))
            .ok_or(WeightsError::NotWeights)?;
        let mut reader = Reader(body);
        if reader.take(4)? != MAGIC {
            return Err(WeightsError::NotWeights);
        }
        let found = u32::from_le_bytes(reader.array()?);
        if found != VERSION {
            return Err(WeightsError::Version { found });
        }
        if checksum(body).to_le_bytes() != sum {
            return Err(WeightsError::Damaged);
        }
        let length = u32::from_le_bytes(reader.array()?);
        let header = reader.take(usize::try_from(length).map_err(|_| WeightsError::NotWeights)?)?;
        let header: Header =
            serde_json::from_slice(header).map_err(|_| WeightsError::NotWeights)?;
        if header.lexicon != lexicon_checksum() {
            return Err(WeightsError::Lexicon);
        }
        let (scale, hashed) = (reader.float()?, reader.bytes(HASHED)?);
        let dense = reader.floats(DENSE)?;
        let mut categories = Vec::with_capacity(CATEGORIES);
        for _ in 0..CATEGORIES {
            categories.push((
                reader.float()?,
                reader.bytes(FOLDED)?,
                reader.floats(DENSE)?,
            ));
        }
        Ok(Self {
            rules: header.rules,
            calibration: header.calibration,
            bias: header.bias,
            category_bias: header.category_bias,
            scale,
            hashed,
            dense,
            categories,
        })
    }

    /// Writes a weights file.
    pub fn write(&self) -> Vec<u8> {
        let header = serde_json::to_vec(&Header {
            rules: self.rules.clone(),
            calibration: self.calibration,
            lexicon: lexicon_checksum(),
            bias: self.bias,
            category_bias: self.category_bias,
        })
        .unwrap_or_default();
        let mut out =
            Vec::with_capacity(HASHED + CATEGORIES * FOLDED + (CATEGORIES + 1) * DENSE * 4 + 1024);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&VERSION.to_le_bytes());
        out.extend_from_slice(
            &u32::try_from(header.len())
                .unwrap_or_default()
                .to_le_bytes(),
        );
        out.extend_from_slice(&header);
        let mut part = |scale: f32, hashed: &[i8], dense: &[f32]| {
            out.extend_from_slice(&scale.to_le_bytes());
            out.extend(hashed.iter().map(|weight| weight.to_le_bytes()[0]));
            for weight in dense {
                out.extend_from_slice(&weight.to_le_bytes());
            }
        };
        part(self.scale, &self.hashed, &self.dense);
        for (scale, hashed, dense) in &self.categories {
            part(*scale, hashed, dense);
        }
        let sum = checksum(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// How sums become probabilities, and the shipped thresholds.
    pub fn calibration(&self) -> Calibration {
        self.calibration
    }

    /// The same weights with another calibration.
    #[must_use]
    pub fn with_calibration(mut self, calibration: Calibration) -> Self {
        self.calibration = calibration;
        self
    }

    /// Moves the dense weights of rules to the places that they have in a list of rules.
    pub(crate) fn align_rules(&mut self, ids: &[&str]) {
        use super::features::{RULES, rule_index};
        let known = std::mem::take(&mut self.rules);
        let first = rule_index(0) - HASHED;
        let parts = std::iter::once(&mut self.dense)
            .chain(self.categories.iter_mut().map(|category| &mut category.2));
        for dense in parts {
            let old: Vec<f32> = dense.get(first..first + RULES).unwrap_or_default().to_vec();
            for (index, slot) in dense.iter_mut().skip(first).take(RULES).enumerate() {
                *slot = ids
                    .get(index)
                    .and_then(|id| known.iter().position(|known| known == id))
                    .and_then(|place| old.get(place))
                    .copied()
                    .unwrap_or_default();
            }
        }
        self.rules = ids.iter().map(|id| (*id).to_owned()).collect();
    }

    /// The weight of a hashed feature.
    #[inline]
    pub(crate) fn hashed(&self, index: usize) -> i32 {
        self.hashed.get(index).copied().map_or(0, i32::from)
    }

    /// What a sum of hashed weights is to be multiplied with.
    #[inline]
    pub(crate) fn scale(&self) -> f32 {
        self.scale
    }

    /// The weight of a dense feature, by its index.
    #[inline]
    pub(crate) fn dense(&self, index: usize) -> f32 {
        self.dense
            .get(index.wrapping_sub(HASHED))
            .copied()
            .unwrap_or_default()
    }

    /// The sums of the categories for features with values.
    pub(crate) fn categories(&self, features: &[(usize, f32)]) -> [f32; CATEGORIES] {
        let mut sums = self.category_bias;
        for (sum, (scale, hashed, dense)) in sums.iter_mut().zip(&self.categories) {
            for &(index, value) in features {
                *sum += value
                    * if index < HASHED {
                        scale * hashed.get(index % FOLDED).copied().map_or(0.0, f32::from)
                    } else {
                        dense.get(index - HASHED).copied().unwrap_or_default()
                    };
            }
        }
        sums
    }
}

fn dense_part(weights: &[f32]) -> Vec<f32> {
    weights
        .get(HASHED..HASHED + DENSE)
        .unwrap_or_default()
        .to_vec()
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "clamped to the range of the byte"
)]
fn quantise(weights: &[f32]) -> (f32, Vec<i8>) {
    let largest = weights
        .iter()
        .fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    let bytes = weights
        .iter()
        .map(|weight| (weight / scale).round().clamp(-127.0, 127.0) as i8)
        .collect();
    (scale, bytes)
}

fn checksum(bytes: &[u8]) -> u64 {
    hash::finish(
        bytes
            .iter()
            .fold(hash::START, |sum, byte| hash::add(sum, *byte)),
    )
}

fn lexicon_checksum() -> String {
    format!("{:016x}", checksum(include_bytes!("lexicon.txt")))
}

struct Reader<'bytes>(&'bytes [u8]);

impl<'bytes> Reader<'bytes> {
    fn take(&mut self, count: usize) -> Result<&'bytes [u8], WeightsError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(WeightsError::NotWeights)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array(&mut self) -> Result<[u8; 4], WeightsError> {
        self.take(4)?
            .try_into()
            .map_err(|_| WeightsError::NotWeights)
    }

    fn float(&mut self) -> Result<f32, WeightsError> {
        Ok(f32::from_le_bytes(self.array()?))
    }

    fn bytes(&mut self, count: usize) -> Result<Vec<i8>, WeightsError> {
        Ok(self
            .take(count)?
            .iter()
            .map(|byte| i8::from_le_bytes([*byte]))
            .collect())
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f32>, WeightsError> {
        (0..count).map(|_| self.float()).collect()
    }
}
