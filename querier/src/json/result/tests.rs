//! Answers compared byte by byte with what Prometheus 3.14 prints for the same value.

use std::sync::Arc;

use mneme_model::Labels;
use mneme_model::histogram::Span;

use super::*;

fn written(value: ResultValue, stats: Option<&str>) -> String {
    let (mut pieces, mut out) = (ResultPieces::new(value, stats.map(|s| s.as_bytes().to_vec())), Vec::new());
    while pieces.next(&mut out) {}
    String::from_utf8(out).unwrap()
}

fn foo() -> Labels {
    Labels::from_pairs([("__name__", "foo"), ("a", "<&>")])
}

fn histogram() -> Arc<FloatHistogram> {
    Arc::new(FloatHistogram {
        schema: 2,
        zero_threshold: 0.001,
        zero_count: 12.0,
        count: 10.0,
        sum: 20.0,
        positive_spans: vec![Span { offset: 3, length: 2 }, Span { offset: 1, length: 3 }],
        negative_spans: vec![Span { offset: 2, length: 2 }],
        positive_buckets: vec![1.0, 2.0, 2.0, 1.0, 1.0],
        negative_buckets: vec![2.0, 1.0],
        ..FloatHistogram::default()
    })
}

const HISTOGRAM: &str = concat!(
    r#"{"count":"10","sum":"20","buckets":[[1,"-1.6817928305074288","-1.414213562373095","1"],"#,
    r#"[1,"-1.414213562373095","-1.189207115002721","2"],[3,"-0.001","0.001","12"],[0,"1.414213562373095","1.6817928305074288","1"],"#,
    r#"[0,"1.6817928305074288","2","2"],[0,"2.378414230005442","2.82842712474619","2"],[0,"2.82842712474619","3.3635856610148576","1"],"#,
    r#"[0,"3.3635856610148576","4","1"]]}"#
);

#[test]
fn scalars_and_strings_have_plain_numbers_and_short_times() {
    let scalar = ResultValue::Scalar { t: 10, v: 1e-7 };
    assert_eq!(written(scalar, None), r#"{"resultType":"scalar","result":[0.01,"0.0000001"]}"#);
    let string = ResultValue::String { t: 1_435_781_430_781, s: "a<b".to_owned() };
    assert_eq!(written(string, None), r#"{"resultType":"string","result":[1435781430.781,"a\u003cb"]}"#);
}

#[test]
fn vectors_hold_floats_and_histograms() {
    let samples = vec![
        VectorSample { labels: foo(), t: 1000, value: Value::Float(1.5) },
        VectorSample { labels: Labels::empty(), t: 10, value: Value::Histogram(histogram()) },
    ];
    let expected = format!(
        r#"{{"resultType":"vector","result":[{{"metric":{{"__name__":"foo","a":"<&>"}},"value":[1,"1.5"]}},{{"metric":{{}},"histogram":[0.010,{HISTOGRAM}]}}],"stats":{{}}}}"#
    );
    assert_eq!(written(ResultValue::Vector(samples), Some("{}")), expected);
    assert_eq!(written(ResultValue::Vector(Vec::new()), None), r#"{"resultType":"vector","result":[]}"#);
}

#[test]
fn matrices_hold_floats_before_histograms() {
    let series = vec![
        ResultSeries {
            labels: foo(),
            floats: (vec![1000, 2000], vec![f64::NAN, f64::NEG_INFINITY]),
            histograms: vec![(3000, histogram()), (4000, Arc::new(FloatHistogram::default()))],
        },
        ResultSeries {
            labels: Labels::empty(),
            floats: (Vec::new(), Vec::new()),
            histograms: vec![(1000, histogram())],
        },
    ];
    let expected = format!(
        r#"{{"resultType":"matrix","result":[{{"metric":{{"__name__":"foo","a":"<&>"}},"values":[[1,"NaN"],[2,"-Inf"]],"histograms":[[3,{HISTOGRAM}],[4,{{"count":"0","sum":"0"}}]]}},{{"metric":{{}},"histograms":[[1,{HISTOGRAM}]]}}]}}"#
    );
    assert_eq!(written(ResultValue::Matrix(series), None), expected);
}

#[test]
fn one_long_series_comes_in_pieces() {
    let times: Vec<i64> = (0..11_000).map(|i| i * 15_000).collect();
    let series = ResultSeries {
        labels: foo(),
        floats: (times.clone(), times.iter().map(|t| *t as f64 / 7.0).collect()),
        histograms: times.iter().map(|t| (*t, histogram())).collect(),
    };
    let (mut pieces, mut out, mut count) =
        (ResultPieces::new(ResultValue::Matrix(vec![series; 2]), None), Vec::new(), 1);
    while pieces.next(&mut out) {
        count += 1;
    }
    assert!(count > 20);
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    for series in value["result"].as_array().unwrap() {
        assert_eq!(series["values"].as_array().unwrap().len(), 11_000);
        assert_eq!(series["histograms"].as_array().unwrap().len(), 11_000);
    }
}

#[test]
fn labels_that_fill_a_piece_are_written_once() {
    for long in 500..540 {
        let series = ResultSeries {
            labels: Labels::from_pairs([("__name__", "x".repeat(long))]),
            floats: (vec![1000], vec![1.0]),
            histograms: Vec::new(),
        };
        let text = written(ResultValue::Matrix(vec![series; 1000]), None);
        let value: serde_json::Value =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{long}: {error}"));
        let series = value["result"].as_array().unwrap();
        assert_eq!(series.len(), 1000);
        assert!(series.iter().all(|series| series["values"].as_array().unwrap().len() == 1), "{long}");
    }
}
