//! See [`mneme_fuzz::remote_write`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mneme_fuzz::remote_write(data));
