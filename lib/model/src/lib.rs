//! What a metric is: labels, matchers, samples, native histograms, exemplars, metadata, tenants, time.
