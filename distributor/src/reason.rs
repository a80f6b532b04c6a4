//! Why parts of requests are refused.

/// Why samples, exemplars or metadata were refused. The ids are Mimir's, behind `err-mneme-`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the ids say it")]
pub enum Reason {
    MissingMetricName,
    MetricNameInvalid,
    LabelInvalid,
    LabelNameTooLong,
    LabelValueTooLong,
    MaxLabelNamesPerSeries,
    DuplicateLabelNames,
    TooFarInFuture,
    TooFarInPast,
    SampleDuplicateTimestamp,
    InvalidNativeHistogramSchema,
    NativeHistogramCountMismatch,
    NativeHistogramCountNotBigEnough,
    NativeHistogramNegativeCount,
    NativeHistogramNegativeBucketCount,
    NativeHistogramSpanNegativeOffset,
    NativeHistogramSpansBucketsMismatch,
    NativeHistogramCustomBucketsInvalid,
    MaxNativeHistogramBuckets,
    NotReducibleNativeHistogram,
    NativeHistogramsDisabled,
    ExemplarLabelsTooLong,
    ExemplarTimestampInvalid,
    ExemplarTooFarInFuture,
    ExemplarTooFarInPast,
    ExemplarLabelsInvalid,
    MaxExemplarsPerSeriesPerRequest,
    MetadataMissingMetricName,
    MetricNameTooLong,
    UnitTooLong,
    MetadataInvalid,
}

impl Reason {
    /// The stable id, without `err-mneme-`; also the metrics' label `reason`.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::MissingMetricName => "missing-metric-name",
            Self::MetricNameInvalid => "metric-name-invalid",
            Self::LabelInvalid => "label-invalid",
            Self::LabelNameTooLong => "label-name-too-long",
            Self::LabelValueTooLong => "label-value-too-long",
            Self::MaxLabelNamesPerSeries => "max-label-names-per-series",
            Self::DuplicateLabelNames => "duplicate-label-names",
            Self::TooFarInFuture => "too-far-in-future",
            Self::TooFarInPast => "too-far-in-past",
            Self::SampleDuplicateTimestamp => "sample-duplicate-timestamp",
            Self::InvalidNativeHistogramSchema => "invalid-native-histogram-schema",
            Self::NativeHistogramCountMismatch => "native-histogram-count-mismatch",
            Self::NativeHistogramCountNotBigEnough => "native-histogram-count-not-big-enough",
            Self::NativeHistogramNegativeCount => "native-histogram-negative-count",
            Self::NativeHistogramNegativeBucketCount => "native-histogram-negative-bucket-count",
            Self::NativeHistogramSpanNegativeOffset => "native-histogram-span-negative-offset",
            Self::NativeHistogramSpansBucketsMismatch => "native-histogram-spans-buckets-mismatch",
            Self::NativeHistogramCustomBucketsInvalid => "native-histogram-custom-buckets-invalid",
            Self::MaxNativeHistogramBuckets => "max-native-histogram-buckets",
            Self::NotReducibleNativeHistogram => "not-reducible-native-histogram",
            Self::NativeHistogramsDisabled => "native-histograms-disabled",
            Self::ExemplarLabelsTooLong => "exemplar-labels-too-long",
            Self::ExemplarTimestampInvalid => "exemplar-timestamp-invalid",
            Self::ExemplarTooFarInFuture => "exemplar-too-far-in-future",
            Self::ExemplarTooFarInPast => "exemplar-too-far-in-past",
            Self::ExemplarLabelsInvalid => "exemplar-labels-invalid",
            Self::MaxExemplarsPerSeriesPerRequest => "max-exemplars-per-series-per-request",
            Self::MetadataMissingMetricName => "metadata-missing-metric-name",
            Self::MetricNameTooLong => "metric-name-too-long",
            Self::UnitTooLong => "unit-too-long",
            Self::MetadataInvalid => "metadata-invalid",
        }
    }
}
