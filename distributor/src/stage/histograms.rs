//! Native histograms: valid, and within the tenant's number of buckets.

use mneme_model::AnyHistogram;
use mneme_model::histogram::{EXPONENTIAL_SCHEMA_MAX, Error as Invalid, is_exponential_schema_reserved};
use mneme_proto::remote_write::{HistogramSample, RawHistogram};

use super::identity::Identity;
use super::{Accepted, Counts, Error, Problem, Stager, account, clip};
use crate::Reason;

const ONE: Counts = Counts { floats: 0, histograms: 1, exemplars: 0, metadata: 0 };

impl Stager<'_> {
    pub(super) fn histogram(
        &mut self,
        series: &mut Accepted<'_>,
        raw: &RawHistogram<'_>,
    ) -> Result<(), Error> {
        let mut reader = std::mem::take(&mut self.histogram_reader);
        let staged = self.decoded_histogram(series, reader.read(raw)?);
        self.histogram_reader = reader;
        staged
    }

    fn decoded_histogram(
        &mut self,
        series: &mut Accepted<'_>,
        sample: &mut HistogramSample,
    ) -> Result<(), Error> {
        if !self.limits.native_histograms_ingestion_enabled {
            self.tally.drop_silently(Reason::NativeHistogramsDisabled, ONE);
            return Ok(());
        }
        if let Err(reason) = self.times.check(sample.t) {
            let text =
                || self.times.words(reason, "native histogram", sample.t, series.identity.labels().view());
            self.tally.refuse(reason, ONE, text);
            return Ok(());
        }
        if let Err((reason, words)) = self.fit(&mut sample.h, &series.identity) {
            self.tally.refuse(reason, ONE, || words);
            return Ok(());
        }
        let index = self.index(series)?;
        self.account.charge(account::histogram(&sample.h))?;
        let start = self.times.start(sample.st, sample.t);
        let number = self.records.histogram(index, sample.t, start, &sample.h);
        self.tally.histograms.push(number);
        self.tally.stored.histograms += 1;
        Ok(())
    }

    /// Checks a histogram and lowers its resolution where it is finer than anyone computes with, or has more buckets than the tenant may.
    fn fit(&self, h: &mut AnyHistogram, series: &Identity<'_>) -> Result<(), Problem> {
        let refuse = |invalid: &Invalid| {
            (reason(invalid), format!("{invalid} in series '{}'", clip(&series.labels().to_string())))
        };
        if is_exponential_schema_reserved(h.schema()) && h.schema() > EXPONENTIAL_SCHEMA_MAX {
            h.reduce_resolution(EXPONENTIAL_SCHEMA_MAX).map_err(|invalid| refuse(&invalid))?;
        }
        h.validate().map_err(|invalid| refuse(&invalid))?;
        let (limit, count) = (self.limits.max_native_histogram_buckets, h.bucket_count());
        if limit == 0 || count <= limit {
            return Ok(());
        }
        let words = |why: &str| {
            let series = clip(&series.labels().to_string());
            format!(
                "native histogram of {count} buckets, more than the tenant's limit max_native_histogram_buckets of {limit}{why}, in series '{series}'"
            )
        };
        if !self.limits.reduce_native_histogram_over_max_buckets {
            return Err((Reason::MaxNativeHistogramBuckets, words("")));
        }
        h.reduce_to_max_buckets(limit)
            .map_err(|_| (Reason::NotReducibleNativeHistogram, words(" and not to be reduced further")))
    }
}

fn reason(invalid: &Invalid) -> Reason {
    match invalid {
        Invalid::CountNotBigEnough { .. } => Reason::NativeHistogramCountNotBigEnough,
        Invalid::CountMismatch { .. } => Reason::NativeHistogramCountMismatch,
        Invalid::NegativeCount { .. } => Reason::NativeHistogramNegativeCount,
        Invalid::NegativeBucketCount { .. } | Invalid::NegativeZeroCount { .. } => {
            Reason::NativeHistogramNegativeBucketCount
        }
        Invalid::SpanNegativeOffset { .. } => Reason::NativeHistogramSpanNegativeOffset,
        Invalid::SpansBucketsMismatch { .. } => Reason::NativeHistogramSpansBucketsMismatch,
        Invalid::InvalidSchema(_) | Invalid::UnknownSchema(_) => Reason::InvalidNativeHistogramSchema,
        Invalid::TooManyBuckets { .. } | Invalid::CannotReduce { .. } => Reason::NotReducibleNativeHistogram,
        _ => Reason::NativeHistogramCustomBucketsInvalid,
    }
}
