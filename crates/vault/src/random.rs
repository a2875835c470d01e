//! Randomness and constant-time comparison.

/// `N` bytes from the operating system seeded generator of AWS-LC.
///
/// # Panics
///
/// When the machine has no randomness: nothing that needs a key may go on then.
#[expect(
    clippy::expect_used,
    reason = "without randomness no key, nonce or token may be made, so the only safe way is to stop"
)]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the random number generator failed");
    bytes
}

/// Compares in a time that depends on the lengths only.
pub fn constant_time_equal(left: &[u8], right: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(left, right).is_ok()
}
