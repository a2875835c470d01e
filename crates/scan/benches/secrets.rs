//! What scanning for secrets and masking the vault's values cost. Prints, never judges.
#![expect(clippy::panic, reason = "a benchmark that cannot start stops")]

use countersign_scan::{FingerprintSet, SecretScanner};
use divan::{Bencher, black_box, counter::BytesCount};

fn main() {
    divan::main();
}

const MEGABYTE: usize = 1 << 20;

fn repeated(piece: &str) -> Vec<u8> {
    piece.repeat(MEGABYTE / piece.len()).into_bytes()
}

const PROSE: &str = "The gateway stands between agents and everything they touch. It records a decision for every request, with its reason, before anything runs. ";
const JSON: &str = "{\"id\": 1042, \"amount\": 50000, \"note\": \"monthly\", \"tags\": [\"a\", \"b\"], \"url\": \"https://x.example/a?b=1\"}\n";
const NAMES: &str = "The token is read from the key store; no password is passed in the session. ";

fn scanner() -> SecretScanner {
    SecretScanner::builtin().unwrap_or_else(|error| panic!("{error}"))
}

#[divan::bench(args = [PROSE, JSON, NAMES])]
fn clean_text(bencher: Bencher<'_, '_>, piece: &str) {
    let scanner = scanner();
    let text = repeated(piece);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| scanner.scan(black_box(&text)).len());
}

#[divan::bench(args = ["key=", "-pypi-Ag", "authorization:", "-eyJx.eyJ", "-us", "://a:b", "key key key: "])]
fn hostile_text(bencher: Bencher<'_, '_>, piece: &str) {
    let scanner = scanner();
    let text = repeated(piece);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| scanner.scan(black_box(&text)).len());
}

fn keyed(bytes: &[u8]) -> [u8; 16] {
    let mut hash = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128;
    for &byte in bytes {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    hash.to_be_bytes()
}

#[divan::bench(args = [10, 1000])]
fn vault_values(bencher: Bencher<'_, '_>, count: u32) {
    let mut set = FingerprintSet::new([0x1234, 0x5678]);
    for index in 0..count {
        // Zero would be one character again and again, which the set refuses.
        let number = index + 1;
        let value = format!(
            "tok_{:08x}{:08x}",
            number.wrapping_mul(2_654_435_761),
            number.wrapping_mul(2_246_822_519)
        );
        set.add(value.as_bytes(), &keyed)
            .unwrap_or_else(|error| panic!("{error}"));
    }
    let text = repeated(JSON);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| {
            let mut out = Vec::with_capacity(text.len());
            let mut masker = set.masker(&keyed);
            for chunk in text.chunks(16 * 1024) {
                masker.push(black_box(chunk), &mut out);
            }
            masker.finish(&mut out);
            out.len()
        });
}
