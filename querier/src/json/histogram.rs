//! Native histograms as objects.

use mneme_model::FloatHistogram;

use super::push_value;

/// Appends `{"count":"..","sum":"..","buckets":[[rule,"lower","upper","count"],..]}`; empty buckets are left out, and `buckets` if
/// none is left (`jsonutil.MarshalHistogram`).
pub(super) fn push_histogram(out: &mut Vec<u8>, histogram: &FloatHistogram) {
    out.extend_from_slice(b"{\"count\":");
    push_value(out, histogram.count);
    out.extend_from_slice(b",\"sum\":");
    push_value(out, histogram.sum);
    let mut any = false;
    for bucket in histogram.populated_buckets() {
        out.extend_from_slice(if any { b",[" } else { b",\"buckets\":[[" });
        any = true;
        out.push(b'0' + bucket.boundary_rule());
        for value in [bucket.lower, bucket.upper, bucket.count] {
            out.push(b',');
            push_value(out, value);
        }
        out.push(b']');
    }
    if any {
        out.push(b']');
    }
    out.push(b'}');
}
