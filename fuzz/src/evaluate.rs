//! The evaluator: any query over any data.

mod data;
mod watch;

use std::time::Duration;

use mneme_promql::{Error, Features, Plan, QueryParams, evaluate as run, parse};

use data::Data;
use watch::Watch;

/// What an evaluation may hold.
const MAX_BYTES: usize = 16 << 20;
const MAX_SAMPLES: usize = 500_000;
/// When it is stopped.
const PATIENCE: Duration = Duration::from_millis(500);
/// How soon after that it must have ended. The promise is 0.1 s; a fuzzer's machine is busy, and its build checks more.
const GRACE: Duration = Duration::from_secs(2);
/// Most steps that the HTTP API allows.
const MAX_STEPS: i64 = 11_000;

/// Five bytes that choose data, times and steps, then a query's text. The same bytes are evaluated twice, alone and measured.
///
/// # Panics
/// If an evaluation goes on after it was stopped, holds more than its budget by its own account, or answers otherwise the
/// second time.
pub fn evaluate(bytes: &[u8]) {
    let Some((&[seed, start, steps, step, lookback], text)) = bytes.split_first_chunk() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let features = Features::all();
    let Ok(expr) = parse(text, &features) else { return };
    let start = i64::from(start) * 20_000;
    let step_ms = [0, 1, 15_000, 60_000, 3_600_000][usize::from(step % 5)];
    let steps = match (step_ms, steps) {
        (0, _) => 0,
        (_, u8::MAX) => MAX_STEPS - 1,
        (_, steps) => i64::from(steps % 64),
    };
    let params = QueryParams {
        text: text.to_owned(),
        start,
        end: start + steps * step_ms,
        step_ms,
        lookback_ms: 1 + i64::from(lookback) * 3000,
        features,
        max_samples: MAX_SAMPLES,
        max_bytes: MAX_BYTES,
        ..QueryParams::default()
    };
    let Ok(plan) = Plan::new(&expr, &params) else { return };
    let data = Data::new(u64::from(seed));
    let watch = Watch::start(PATIENCE);
    let first = run(&plan, &data, watch.cancel());
    assert!(watch.late() < GRACE, "{text:?} goes on {:?} after it was stopped", watch.late());
    let Ok(first) = first else { return };
    let peak = first.stats.peak_bytes;
    assert!(peak <= MAX_BYTES as u64, "{text:?} holds {peak} bytes of {MAX_BYTES}");
    assert!(first.stats.peak_samples <= MAX_SAMPLES as u64, "{text:?} holds too many samples");
    let watch = Watch::start(PATIENCE * 4);
    match run(&plan, &data, watch.cancel()) {
        // NaN is not equal to itself; as text it is.
        Ok(second) => assert_eq!(format!("{first:?}"), format!("{second:?}"), "{text:?} answers in two ways"),
        Err(Error::Timeout | Error::Canceled) => {}
        Err(error) => panic!("{text:?} fails the second time: {error}"),
    }
}
