//! See [`mneme_fuzz::block`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mneme_fuzz::block(data));
