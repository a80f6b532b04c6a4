//! A select of the newest samples of a few series is answered at once, as any other one is.

use std::collections::BTreeMap;
use std::sync::Arc;

use mneme_bucket::Bucket;
use mneme_model::chunk::merge;
use mneme_model::{MatchOp, Matcher, ReadHints, Samples, TenantId, TimestampMs};
use mneme_proto::internal::ingester::{AT_HAND, FetchBudget, QueryService, SeriesRequest, drain};

use mneme_ingester::Ingester;

use crate::support::{records, started, writer};

/// Newest samples by metric name, and whether they were at hand.
async fn newest(ingester: &Ingester, matchers: Vec<Matcher>) -> (BTreeMap<String, (TimestampMs, f64)>, bool) {
    let hints = ReadHints { newest_only: true, ..ReadHints::default() };
    let request = SeriesRequest { hints, ..SeriesRequest::all_times(TenantId::new("a").unwrap(), matchers) };
    let budget = Arc::new(FetchBudget::default());
    let mut answer = ingester.select(request, Arc::clone(&budget)).await.unwrap();
    let at_hand = answer.is_at_hand();
    let (found, _held) = drain(&mut *answer).unwrap();
    assert_eq!(budget.found().series, found.len() as u64);
    let one = |series: mneme_model::chunk::SeriesView<'_>| {
        let mut samples = Samples::default();
        merge(series.chunks, TimestampMs::MIN, TimestampMs::MAX, &mut samples).unwrap();
        let newest = (*samples.t.last().unwrap(), *samples.v.last().unwrap());
        (series.labels.metric_name().to_owned(), newest)
    };
    (found.iter().map(one).collect(), at_hand)
}

#[tokio::test]
async fn few_series_that_labels_name_are_at_hand() {
    let bucket = Bucket::memory();
    let ingester = started(&bucket).await;
    let wal = writer(&bucket, &ingester, 0).await;
    let name = |i: usize| format!("m{i}");
    for t in 1..=3 {
        let names: Vec<String> = (0..=AT_HAND).map(name).collect();
        let samples: Vec<_> = names.iter().map(|name| (name.as_str(), t, t as f64)).collect();
        wal.append(&records("a", &samples)).await.unwrap();
    }
    for i in [0, AT_HAND] {
        let (found, at_hand) = newest(&ingester, vec![Matcher::equal("__name__", &name(i))]).await;
        assert_eq!((found, at_hand), (BTreeMap::from([(name(i), (3, 3.0))]), true));
    }
    assert_eq!(newest(&ingester, vec![Matcher::equal("job", "nobody")]).await, (BTreeMap::new(), true));

    let (all, at_hand) = newest(&ingester, vec![Matcher::equal("job", "test")]).await;
    assert_eq!((all.len(), at_hand), (AT_HAND + 1, false), "one more than a few");
    let first = Matcher::new(MatchOp::Regex, "__name__", "m0").unwrap();
    let (found, at_hand) = newest(&ingester, vec![first]).await;
    assert_eq!((found.len(), at_hand), (1, false), "a regular expression may take long");
}
