//! The masker of vault values: the output depends on the bytes only, and holds no value.
#![no_main]

use countersign_scan::FingerprintSet;
use libfuzzer_sys::fuzz_target;

fn keyed(bytes: &[u8]) -> [u8; 16] {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    for &byte in bytes {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    hash.to_be_bytes()
}

fuzz_target!(|data: &[u8]| {
    let Some((&[length, size], rest)) = data.split_first_chunk::<2>() else {
        return;
    };
    let Some((value, text)) = rest.split_at_checked(usize::from(length)) else {
        return;
    };
    let mut set = FingerprintSet::new([1, 2]);
    if set.add(value, &keyed).is_err() {
        return;
    }
    let whole = set.mask_all(text, &keyed).into_owned();
    let mut masker = set.masker(&keyed);
    let mut out = Vec::new();
    for chunk in text.chunks(usize::from(size % 64) + 1) {
        masker.push(chunk, &mut out);
    }
    masker.finish(&mut out);
    assert_eq!(out, whole);
    assert!(
        value.windows(4).any(|window| window == b"mask")
            || !whole.windows(value.len()).any(|window| window == value)
    );
});
