//! See [`mneme_fuzz::wal`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mneme_fuzz::wal(data));
