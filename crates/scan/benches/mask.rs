//! What a masker costs: to build, and per byte of a reply. Prints, never judges.
#![expect(clippy::print_stdout, reason = "a benchmark prints its numbers")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use bytes::Bytes;
use countersign_scan::LeaseMasker;

const TOKEN: &[u8] = b"tok_4fQ9zR7bXw2LkV8mNc3TyHs6PdJgEa1UuoQ5";
const BASIC: &[u8] = b"merchant:s3cret/with+signs and spaces";
const CHUNK_BYTES: usize = 64 * 1024;

fn main() {
    build("one value of 40 bytes", &[("token", TOKEN)]);
    build(
        "password and joined pair",
        &[
            ("password", BASIC.get(9..).unwrap_or_default()),
            ("pair", BASIC),
        ],
    );
    throughput(
        "JSON text",
        "{\"id\":\"ch_1042\",\"amount\":50000,\"note\":\"Zur\\u00fcck, 50% off\"},\n".as_bytes(),
    );
    throughput(
        "base64 text",
        b"iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4",
    );
    let bytes: Vec<u8> = (0..4099_u32)
        .map(|index| index.wrapping_mul(2_654_435_761).to_be_bytes()[0])
        .collect();
    throughput("binary", &bytes);
    small_reply();
}

fn build(name: &str, values: &[(&'static str, &[u8])]) {
    let elapsed = timed(|| {
        black_box(LeaseMasker::new(black_box(values)));
    });
    println!("build and drop, {name}: {} ns", elapsed.as_nanos());
}

fn throughput(name: &str, sample: &[u8]) {
    let chunk: Bytes = sample
        .iter()
        .copied()
        .cycle()
        .take(CHUNK_BYTES)
        .collect::<Vec<u8>>()
        .into();
    let mut masker = LeaseMasker::new(&[("token", TOKEN)]);
    let elapsed = timed(|| {
        black_box(masker.mask_chunk(black_box(chunk.clone())));
    });
    let megabytes_per_second = CHUNK_BYTES as u128 * 1000 / elapsed.as_nanos().max(1);
    println!("mask_chunk, {name}, 64 KiB: {megabytes_per_second} MB/s");
}

fn small_reply() {
    let reply = Bytes::from_static(&[b'x'; 200]);
    let elapsed = timed(|| {
        let mut masker = LeaseMasker::new(&[("token", TOKEN)]);
        black_box(masker.mask_chunk(black_box(reply.clone())));
        black_box(masker.finish_chunk());
    });
    println!("build, 200-byte reply, drop: {} ns", elapsed.as_nanos());
}

/// The best of ten rounds, per call.
fn timed(mut work: impl FnMut()) -> Duration {
    const CALLS: u32 = 2_000;
    (0..10)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..CALLS {
                work();
            }
            start.elapsed() / CALLS
        })
        .min()
        .unwrap_or_default()
}
