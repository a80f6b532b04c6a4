//! See [`mneme_fuzz::chunk`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mneme_fuzz::chunk(data));
