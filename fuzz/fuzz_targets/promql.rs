//! See [`mneme_fuzz::promql`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mneme_fuzz::promql(data));
