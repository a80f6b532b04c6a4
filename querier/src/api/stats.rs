//! `stats=`: what a query cost.

use mneme_promql::QueryStats;

use crate::engine::Timings;
use crate::json::push_plain;

/// The warning for values of `stats` that Prometheus will refuse one day.
pub(super) fn warning(stats: &str) -> Option<String> {
    let quoted = mneme_model::labels::Quoted(stats);
    (!matches!(stats, "" | "true" | "all")).then(|| {
        format!(
            "value {quoted} for parameter \"stats\" is deprecated and will be rejected in the next major release, use \"true\" or \"all\""
        )
    })
}

/// The member `stats` of the answer, if it was asked for.
pub(super) fn json(asked: &str, stats: &QueryStats, timings: &Timings) -> Option<Vec<u8>> {
    if asked.is_empty() {
        return None;
    }
    let total = timings.queue + timings.preparation + timings.evaluation;
    let seconds = [
        ("evalTotalTime", timings.preparation + timings.evaluation),
        ("resultSortTime", std::time::Duration::ZERO),
        ("queryPreparationTime", timings.preparation),
        ("innerEvalTime", timings.evaluation),
        ("execQueueTime", timings.queue),
        ("execTotalTime", total),
    ];
    let mut out = b"{\"timings\":{".to_vec();
    for (i, (name, duration)) in seconds.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.extend_from_slice(format!("\"{name}\":").as_bytes());
        push_plain(&mut out, duration.as_secs_f64());
    }
    let samples = format!(
        "}},\"samples\":{{\"totalQueryableSamples\":{total},\"samplesRead\":{total},\"peakSamples\":{peak}}}}}",
        total = stats.total_queryable_samples,
        peak = stats.peak_samples,
    );
    out.extend_from_slice(samples.as_bytes());
    Some(out)
}
