//! The interval in which a rate lies.

/// The normal distribution's quantile for 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// Wilson's 95 % interval of a rate; 0 to 1 when there are no cases.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of rows are far below 2^52"
)]
pub fn wilson(hits: usize, total: usize) -> (f64, f64) {
    if total == 0 {
        return (0.0, 1.0);
    }
    let count = total as f64;
    let rate = hits as f64 / count;
    let square = Z * Z;
    let middle = rate + square / (2.0 * count);
    let spread = Z * (rate * (1.0 - rate) / count + square / (4.0 * count * count)).sqrt();
    let scale = 1.0 + square / count;
    (
        ((middle - spread) / scale).max(0.0),
        ((middle + spread) / scale).min(1.0),
    )
}
