//! Exemplars: their labels and times.

use mneme_model::LabelsRef;
use mneme_proto::remote_write::{ExemplarRef, Series};

use super::identity::Identity;
use super::{Accepted, Counts, Error, Problem, Stager, account, clip};
use crate::Reason;

/// OpenMetrics 1.0: names and values of an exemplar's labels have at most so many characters together.
const MAX_RUNES: usize = 128;

const ONE: Counts = Counts { floats: 0, histograms: 0, exemplars: 1, metadata: 0 };

impl Stager<'_> {
    pub(super) fn exemplars(&mut self, series: &mut Accepted<'_>, sent: &Series<'_>) -> Result<(), Error> {
        let limit = match self.limits.max_exemplars_per_series_per_request {
            0 => usize::MAX,
            limit => limit,
        };
        let mut text = String::new();
        for (number, exemplar) in sent.exemplars.iter().enumerate() {
            if number >= limit {
                self.tally.drop_silently(Reason::MaxExemplarsPerSeriesPerRequest, ONE);
                continue;
            }
            match self.exemplar_labels(exemplar, sent, &series.identity, &mut text) {
                Ok(labels) => {
                    let index = self.index(series)?;
                    self.account.charge(account::EXEMPLAR + labels.as_bytes().len())?;
                    self.records.exemplar(index, exemplar.timestamp, exemplar.value, labels);
                    self.tally.stored.exemplars += 1;
                }
                Err((reason, words)) => self.tally.refuse(reason, ONE, || words),
            }
        }
        Ok(())
    }

    fn exemplar_labels<'t>(
        &self,
        exemplar: &ExemplarRef,
        sent: &Series<'_>,
        series: &Identity<'_>,
        text: &'t mut String,
    ) -> Result<LabelsRef<'t>, Problem> {
        let of_series = || format!("of an exemplar of series '{}'", clip(&series.labels().to_string()));
        if let Some(problem) = exemplar.problem {
            return Err((Reason::ExemplarLabelsInvalid, format!("{problem} {}", of_series())));
        }
        if exemplar.timestamp == 0 {
            return Err((Reason::ExemplarTimestampInvalid, format!("missing timestamp {}", of_series())));
        }
        if let Err(reason) = self.times.check(exemplar.timestamp) {
            let reason = if reason == Reason::TooFarInPast {
                Reason::ExemplarTooFarInPast
            } else {
                Reason::ExemplarTooFarInFuture
            };
            return Err((
                reason,
                self.times.words(reason, "exemplar", exemplar.timestamp, series.labels().view()),
            ));
        }
        let mut pairs: Vec<_> =
            sent.exemplar_labels(exemplar).iter().copied().filter(|(_, value)| !value.is_empty()).collect();
        let runes: usize =
            pairs.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum();
        if runes > MAX_RUNES {
            let words = format!(
                "labels of {runes} characters, more than the {MAX_RUNES} that OpenMetrics allows, {}",
                of_series()
            );
            return Err((Reason::ExemplarLabelsTooLong, words));
        }
        pairs.sort_by_key(|(name, _)| *name);
        LabelsRef::write_sorted(text, pairs).map_err(|_| {
            (Reason::ExemplarLabelsInvalid, format!("empty or doubled label name {}", of_series()))
        })
    }
}
