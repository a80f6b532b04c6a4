//! A plan told to people, with and without what its operators cost.

use mneme_model::{Labels, Samples};
use mneme_promql::{
    Cancel, Error, Explain, Features, Operator, Plan, QueryParams, Queryable, Select, SeriesSink, evaluate,
    evaluate_analyzed, parse,
};

/// Six series of a sample a minute for two hours.
struct Six;

impl Queryable for Six {
    fn select(&self, _select: &Select, sink: &mut SeriesSink<'_>) -> Result<(), Error> {
        (0..6).try_for_each(|i| {
            let (i, job) = (i.to_string(), format!("job{}", i % 2));
            let labels =
                Labels::from_pairs([("__name__", "m_total"), ("i", i.as_str()), ("job", job.as_str())]);
            let mut samples = Samples::default();
            (0..120).for_each(|minute| samples.push_float(minute * 60_000, minute as f64, 0));
            sink(&labels, &samples)
        })
    }
}

fn plan(text: &str) -> Plan {
    let params = QueryParams::range(text, 3_600_000, 7_200_000, 60_000);
    Plan::new(&parse(text, &Features::all()).expect("parses"), &params).expect("can be planned")
}

fn changes(explain: &Explain, pass: &str) -> usize {
    explain.passes.iter().find(|found| found.name == pass).expect("a pass").changes
}

#[test]
fn a_plan_tells_its_operators_and_what_they_read() {
    let explain = plan(
        r#"sum by (job) (rate(m_total{a!="b"}[5m] offset 1m)) / on (job) group_left m_total @ 100 > 2 * 3"#,
    )
    .explain();
    let Operator { operator, inputs, .. } = &explain.plan;
    assert_eq!((*operator, inputs.len()), ("binary", 2));
    let number = &inputs[1];
    assert_eq!((number.operator, number.arguments["value"].as_str()), ("number", "6"));
    let [sum, pinned] = inputs[0].inputs.as_slice() else { panic!("two sides") };
    assert_eq!(inputs[0].arguments["matching"], "on (job) group_left ()");
    assert_eq!((sum.operator, sum.arguments["by"].as_str()), ("aggregate", "job"));
    let rate = &sum.inputs[0];
    assert_eq!((rate.operator, rate.arguments["function"].as_str()), ("range_function", "rate"));
    let selector = &rate.inputs[0];
    assert_eq!((selector.operator, selector.select), ("range_selector", Some(0)));
    assert_eq!(
        (selector.arguments["range"].as_str(), selector.arguments["offset_ms"].as_str()),
        ("5m", "60000")
    );
    assert_eq!(pinned.operator, "step_invariant");
    assert_eq!(pinned.inputs[0].arguments["at_ms"], "100000");
    assert_eq!(explain.selects.len(), 2);
    assert_eq!(changes(&explain, "step_invariant"), 2, "the pinned selector and 2 * 3");
    assert!(changes(&explain, "constant_folding") > 0);
    assert!(sum.measured.is_none());
}

#[test]
fn shared_selectors_are_told() {
    let explain = plan("rate(m_total[5m]) / rate(m_total[5m])").explain();
    assert_eq!((explain.selects.len(), explain.selects[0].uses), (1, 2));
    assert_eq!(changes(&explain, "common_selectors"), 1);
}

#[test]
fn an_analyzed_evaluation_has_the_same_answer_and_counts_its_operators() {
    let plan = plan("sum by (job) (rate(m_total[5m])) + 1");
    let (result, explain) = evaluate_analyzed(&plan, &Six, &Cancel::new()).expect("an answer");
    assert_eq!(result, evaluate(&plan, &Six, &Cancel::new()).expect("an answer"));
    let sum = &explain.plan.inputs[0];
    let rate = &sum.inputs[0];
    let counted = |operator: &Operator| {
        let measured = operator.measured.expect("measured");
        assert!(measured.seconds >= measured.self_seconds && measured.bytes >= 8 * measured.samples);
        (measured.series, measured.samples)
    };
    assert_eq!(counted(&explain.plan), (2, 122));
    assert_eq!(counted(sum), (2, 122));
    assert_eq!(counted(rate), (6, 366));
    assert_eq!(counted(&rate.inputs[0]), (6, 6 * 64), "samples after 55 minutes, to the last one");
    let seconds = |operator: &Operator| operator.measured.expect("measured").seconds;
    assert!(seconds(sum) >= seconds(rate) && seconds(rate) >= seconds(&rate.inputs[0]));
}
