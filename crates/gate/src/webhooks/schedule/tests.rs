use std::time::Duration;

use proptest::prelude::*;

use super::{ATTEMPTS, LONGEST_PAUSE, jittered};

proptest! {
    #[test]
    fn a_pause_is_two_to_the_n_seconds_and_at_most_half_more(attempts in 1..ATTEMPTS, random: u16) {
        let least = Duration::from_secs(1 << attempts);
        let pause = jittered(attempts, random);
        prop_assert!(pause >= least && pause <= least * 3 / 2, "{pause:?}");
    }

    #[test]
    fn no_pause_is_longer_than_an_hour(attempts: u32, random: u16) {
        prop_assert!(jittered(attempts, random) <= LONGEST_PAUSE);
    }
}

#[test]
fn the_jitter_reaches_both_ends() {
    assert_eq!(jittered(1, 0), Duration::from_secs(2));
    assert_eq!(jittered(1, u16::MAX), Duration::from_secs(3));
    assert_eq!(jittered(12, 0), LONGEST_PAUSE);
}
