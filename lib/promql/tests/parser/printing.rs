//! The printed form of expressions.

use mneme_promql::{Features, parse};

fn printed(text: &str) -> String {
    parse(text, &Features::all()).unwrap_or_else(|error| panic!("{text}\n{error}")).to_string()
}

#[test]
fn expressions_print_as_upstream() {
    for (text, expected) in [
        ("sum by() (task:errors:rate10s{job=\"s\"})", "sum(task:errors:rate10s{job=\"s\"})"),
        ("sum by(code) (a)", "sum by (code) (a)"),
        ("sum without() (a)", "sum without () (a)"),
        ("sum (a) without (instance, \"b c\")", "sum without (instance, \"b c\") (a)"),
        ("topk(5, a)", "topk(5, a)"),
        ("a - on() group_left c", "a - on () group_left () c"),
        ("a - on(b) group_left(d) c", "a - on (b) group_left (d) c"),
        ("a - ignoring(b) c", "a - ignoring (b) c"),
        ("a - ignoring() c", "a - c"),
        ("a > BOOL ON(b) c", "a > bool on (b) c"),
        ("a + fill(-1e30) b", "a + fill (-1e+30) b"),
        ("a + fill_right(2) fill_left(1) b", "a + fill_left (1) fill_right (2) b"),
        ("a </ 3", "a </ 3"),
        ("{b=\"x\",a!~\"y\"}", "{a!~\"y\",b=\"x\"}"),
        ("{\"a.b\", \"c d\"='e'}", "{\"c d\"=\"e\",__name__=\"a.b\"}"),
        ("{__name__=\"\", a=\"b\"}", "{__name__=\"\",a=\"b\"}"),
        ("a offset 90m", "a offset 1h30m"),
        ("a OFFSET -7d", "a offset -1w"),
        ("a[1.5] offset -1ms", "a[1s500ms] offset -1ms"),
        ("a[1h:] @ 12.3456 offset 5m", "a[1h:] @ 12.346 offset 5m"),
        ("a[1h:5s] offset 5m @ end()", "a[1h:5s] @ end() offset 5m"),
        ("a anchored @ start()", "a @ start() anchored"),
        ("a[5m] @ 1 smoothed", "a[5m] smoothed @ 1.000"),
        ("a[11s+10s-5*2^2]", "a[11s + 10s - 5 * 2 ^ 2]"),
        ("a[-(10s-5s)+20s]", "a[-(10s - 5s) + 20s]"),
        ("a[(5s)]", "a[(5s)]"),
        ("a[ - step ( ) ]", "a[-step()]"),
        ("a offset -(5)", "a offset -(5)"),
        ("a offset +(5)", "a offset (5)"),
        ("a offset max_of(step(), range() / 2)", "a offset max_of(step(), range() / 2)"),
        ("a offset 5s-8", "a offset 5s - 8"),
        ("a offset (5s)-8", "a offset (5s) - 8"),
        ("a offset - -8 - 8", "a offset (8 - 8)"),
        ("a offset +-2^2", "a offset (-2 ^ 2)"),
        ("a offset - +step() * 2", "a offset (-step() * 2)"),
        ("a[5m:step()]", "a[5m:step()]"),
        ("-a^2", "-a ^ 2"),
        ("+a", "+a"),
        ("-5m", "-5m"),
        ("- -1", "1"),
        ("0x1F + 1e3 + .5 + inf + -INF + nan", "31 + 1000 + 0.5 + +Inf + -Inf + NaN"),
        ("'a\\'b\"\\n\\x41'", "\"a'b\\\"\\nA\""),
        ("\"a\\xc5z\\n\"", "\"a\\xc5z\\n\""),
        ("step() + range()", "step() + range()"),
        ("time ( )", "time()"),
        ("a # comment\n + b", "a + b"),
        ("offset{step=\"1s\"}[5m]", "offset{step=\"1s\"}[5m]"),
        ("sum(sum) + by + fill + start", "sum(sum) + by + fill + start"),
    ] {
        assert_eq!(printed(text), expected, "{text}");
    }
}
