//! Why a histogram is refused.

/// A histogram that contradicts itself, or two that do not fit together. Texts follow Prometheus' `model/histogram`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// Less observations counted than the buckets hold (checked where the sum is NaN).
    #[error(
        "{in_buckets} observations found in buckets, but the Count field is {count}: histogram's observation count should be at least the number of observations found in the buckets"
    )]
    CountNotBigEnough {
        /// Sum of all buckets.
        in_buckets: u64,
        /// The count field.
        count: u64,
    },
    /// Not the same number of observations counted as the buckets hold.
    #[error(
        "{in_buckets} observations found in buckets, but the Count field is {count}: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)"
    )]
    CountMismatch {
        /// Sum of all buckets.
        in_buckets: u64,
        /// The count field.
        count: u64,
    },
    /// A negative count of observations.
    #[error("observation count is  {count}: histogram's observation count is negative")]
    NegativeCount {
        /// The count field.
        count: f64,
    },
    /// A bucket with less than nothing in it.
    #[error(
        "{side} side: bucket number {number} has observation count of {count}: histogram has a bucket whose observation count is negative"
    )]
    NegativeBucketCount {
        /// Which buckets.
        side: Side,
        /// Counted from 1.
        number: usize,
        /// What it holds.
        count: f64,
    },
    /// A zero bucket with less than nothing in it.
    #[error(
        "zero bucket has observation count of {count}: histogram has a bucket whose observation count is negative"
    )]
    NegativeZeroCount {
        /// What it holds.
        count: f64,
    },
    /// A span that goes back.
    #[error(
        "{side}: span number {number} with offset {offset}: histogram has a span whose offset is negative"
    )]
    SpanNegativeOffset {
        /// Which buckets.
        side: Place,
        /// Counted from 1.
        number: usize,
        /// Its offset.
        offset: i32,
    },
    /// Spans that describe more or fewer buckets than there are.
    #[error(
        "{side}: spans need {need} buckets, have {have} buckets: histogram spans specify different number of buckets than provided"
    )]
    SpansBucketsMismatch {
        /// Which buckets.
        side: Place,
        /// What the spans ask for.
        need: u64,
        /// What was given.
        have: usize,
    },
    /// More custom buckets than bounds.
    #[error(
        "custom buckets: only {bounds} custom bounds defined which is insufficient to cover total span length of {span_length}: histogram custom bounds are too few"
    )]
    CustomBoundsTooFew {
        /// Number of bounds.
        bounds: usize,
        /// Number of buckets that the spans reach over.
        span_length: u64,
    },
    /// Bounds that do not ascend.
    #[error(
        "custom buckets: previous bound is {previous:.6} and current is {current:.6}: histogram custom bounds must be in strictly increasing order"
    )]
    CustomBoundsOrder {
        /// A bound.
        previous: f64,
        /// The one after it.
        current: f64,
    },
    /// `+Inf` is implied.
    #[error(
        "custom buckets: last +Inf bound must not be explicitly defined: histogram custom bounds must be finite"
    )]
    CustomBoundsInfinite,
    /// A bound that is no number.
    #[error("custom buckets: histogram custom bounds must not be NaN")]
    CustomBoundsNan,
    /// Exponential and custom buckets in one operation.
    #[error("cannot apply this operation on histograms with a mix of exponential and custom bucket schemas")]
    IncompatibleSchema,
    /// Custom buckets beside a zero bucket.
    #[error("custom buckets: must have zero count of 0")]
    CustomZeroCount,
    /// Custom buckets beside a zero threshold.
    #[error("custom buckets: must have zero threshold of 0")]
    CustomZeroThreshold,
    /// Custom buckets beside negative spans.
    #[error("custom buckets: must not have negative spans")]
    CustomNegativeSpans,
    /// Custom buckets beside negative buckets.
    #[error("custom buckets: must not have negative buckets")]
    CustomNegativeBuckets,
    /// Exponential buckets with custom bounds.
    #[error("histogram with exponential schema must not have custom bounds")]
    ExponentialCustomBounds,
    /// A schema that nobody can compute with.
    #[error(
        "histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema {0}"
    )]
    InvalidSchema(i32),
    /// A schema that is not even reserved.
    #[error(
        "histogram has an unknown schema, which must be between -9 and 52 for exponential buckets, or -53 for custom buckets, got schema {0}"
    )]
    UnknownSchema(i32),
    /// Resolution can only go down, and only that of exponential buckets.
    #[error("cannot reduce resolution from schema {from} to {to}")]
    CannotReduce {
        /// The schema of the histogram.
        from: i32,
        /// The schema wished for.
        to: i32,
    },
    /// More buckets than allowed, even at the lowest resolution.
    #[error("histogram has {buckets} buckets, the limit is {limit}")]
    TooManyBuckets {
        /// Buckets at the lowest resolution.
        buckets: usize,
        /// The limit.
        limit: usize,
    },
}

/// Buckets above or below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Above zero, and all custom buckets.
    Positive,
    /// Below zero.
    Negative,
}

impl std::fmt::Display for Side {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Positive => "positive",
            Self::Negative => "negative",
        })
    }
}

/// Which buckets an error about spans speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// One side of exponential buckets.
    Exponential(Side),
    /// Custom buckets.
    Custom,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exponential(side) => write!(f, "{side} side"),
            Self::Custom => f.write_str("custom buckets"),
        }
    }
}
