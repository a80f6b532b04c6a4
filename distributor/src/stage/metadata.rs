//! Metadata: of families (1.0) and of series (2.0).

use mneme_model::{Metadata, MetricType};
use mneme_proto::remote_write::{FamilyMetadata, MetadataRef, Series};
use xxhash_rust::xxh3::xxh3_128;

use super::identity::Identity;
use super::{Counts, Error, Stager, account, clip};
use crate::Reason;

const ONE: Counts = Counts { floats: 0, histograms: 0, exemplars: 0, metadata: 1 };

impl Stager<'_> {
    /// Stages what a 1.0 request says of a family.
    pub(crate) fn family(&mut self, sent: &FamilyMetadata<'_>) -> Result<(), Error> {
        self.tally.received += ONE;
        self.metadata(sent.family, &sent.metadata)
    }

    /// Stages what a 2.0 request says of the family of a series with this metric name.
    pub(super) fn series_metadata(
        &mut self,
        identity: &Identity<'_>,
        name: &str,
        series: &Series<'_>,
    ) -> Result<(), Error> {
        if let Some(problem) = series.metadata_problem {
            let words =
                || format!("{problem} of the metadata of series '{}'", clip(&identity.labels().to_string()));
            self.tally.refuse(Reason::MetadataInvalid, ONE, words);
        } else if let Some(metadata) = &series.metadata {
            self.metadata(family(name, metadata.metric_type), metadata)?;
        }
        Ok(())
    }

    fn metadata(&mut self, family: &str, sent: &MetadataRef<'_>) -> Result<(), Error> {
        let limit = match self.limits.max_metadata_length {
            0 => usize::MAX,
            limit => limit,
        };
        if family.is_empty() {
            self.tally.refuse(Reason::MetadataMissingMetricName, ONE, || {
                "metadata without a metric name".to_owned()
            });
            return Ok(());
        }
        for (reason, what, text) in
            [(Reason::MetricNameTooLong, "metric name", family), (Reason::UnitTooLong, "unit", sent.unit)]
        {
            if text.len() > limit {
                let words = || {
                    let (len, text, family) = (text.len(), clip(text), clip(family));
                    format!(
                        "{what} {text:?} of {len} bytes, longer than the tenant's limit max_metadata_length of {limit}, in metadata of '{family}'"
                    )
                };
                self.tally.refuse(reason, ONE, words);
                return Ok(());
            }
        }
        let help = sent.help.get(..sent.help.floor_char_boundary(limit)).unwrap_or_default();
        self.tally.stored.metadata += 1;
        let fingerprint = fingerprint(family, sent.metric_type, help, sent.unit);
        if !self.catalog.has_metadata(self.space, fingerprint) && self.families.insert(fingerprint) {
            self.account.charge(account::METADATA + family.len() + help.len() + sent.unit.len())?;
            let metadata =
                Metadata { metric_type: sent.metric_type, help: help.to_owned(), unit: sent.unit.to_owned() };
            self.records.metadata(self.placement.partition_of_family(family), family, &metadata);
        }
        Ok(())
    }
}

/// What a series' name says of its family's: histograms and summaries consist of several series.
fn family(name: &str, metric_type: MetricType) -> &str {
    let suffixes: &[&str] = match metric_type {
        MetricType::Histogram | MetricType::GaugeHistogram => &["_bucket", "_count", "_sum"],
        MetricType::Summary => &["_count", "_sum"],
        _ => &[],
    };
    suffixes
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .filter(|rest| !rest.is_empty())
        .unwrap_or(name)
}

/// 2.0 says the same at every series of a family, request after request; one record a cut is enough.
fn fingerprint(family: &str, metric_type: MetricType, help: &str, unit: &str) -> u128 {
    [family, help, unit]
        .iter()
        .fold(metric_type as u128, |all, text| all.rotate_left(43) ^ xxh3_128(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_is_named_without_the_suffixes_of_its_series() {
        assert_eq!(family("x_bucket", MetricType::Histogram), "x");
        assert_eq!(family("x_sum", MetricType::Summary), "x");
        assert_eq!(family("x_bucket", MetricType::Summary), "x_bucket");
        assert_eq!(family("x_total", MetricType::Counter), "x_total");
        assert_eq!(family("_sum", MetricType::Histogram), "_sum");
    }
}
