//! See [`mneme_fuzz::evaluate`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mneme_fuzz::evaluate(data));
