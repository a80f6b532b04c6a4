//! Error texts with their places, as Prometheus's API prints them.

use mneme_promql::{Features, parse, parse_metric_selector};

/// Inputs and the whole error, without ` parse error:`.
const ERRORS: &[(&str, &str)] = &[
    ("", "unknown position: no expression found in input"),
    ("# nothing but this\n", "1:1: no expression found in input"),
    ("1+", "1:3: unexpected end of input"),
    ("\n\n  foo bar", "3:7: unexpected identifier \"bar\""),
    (".", "1:1: unexpected character: '.'"),
    ("2.5.", "1:1: bad number or duration syntax: \"2.5.\""),
    ("100..4", "1:1: bad number or duration syntax: \"100..\""),
    ("0deadbeef", "1:1: bad number or duration syntax: \"0de\""),
    ("*1", "1:1: unexpected <op:*>"),
    ("(1))", "1:5: unexpected right parenthesis ')'"),
    ("((1)", "1:5: unclosed left parenthesis"),
    ("sum(rate(", "1:10: unclosed left parenthesis"),
    ("1 and 1", "1:1: set operator \"and\" not allowed in binary scalar expression"),
    ("foo unless 1", "1:1: set operator \"unless\" not allowed in binary scalar expression"),
    ("1 == 1", "1:3: comparisons between scalars must use BOOL modifier"),
    ("1 !~ 1", "1:3: unexpected character after '!': '~'"),
    ("1 =~ 1", "1:3: unexpected character after '=': '~'"),
    (
        "-\"text\"",
        "1:1: unary expression only allowed on expressions of type scalar or instant vector, got \"string\"",
    ),
    (
        "-test[5m]",
        "1:1: unary expression only allowed on expressions of type scalar or instant vector, got \"range vector\"",
    ),
    ("@@", "1:1: unexpected <op:@>"),
    (
        "1 offset 1d",
        "1:1: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    ),
    ("foo offset 1s offset 2s", "1:1: offset may not be set multiple times"),
    ("a - on(b) ignoring(c) d", "1:11: unexpected <ignoring>"),
    ("1 or on(bar) foo", "1:1: vector matching only allowed between instant vectors"),
    ("1 + fill(2) foo", "1:1: filling in missing series only allowed between instant vectors"),
    ("foo and fill(2) bar", "1:1: filling in missing series not allowed for set operators"),
    ("foo + group_left(baz) bar", "1:7: unexpected <group_left>"),
    ("foo and on(bar) group_left(baz) bar", "1:1: no grouping allowed for \"and\" operation"),
    (
        "a{b=\"c\"} + on(i) group_left(j,i) d",
        "1:10: label \"i\" must not occur in ON and GROUP clause at once",
    ),
    ("foo + bool bar", "1:5: bool modifier can only be used on comparison operators"),
    ("\"a\" + 1", "1:1: binary expression must contain only scalar and instant vector types"),
    ("foo @ +Inf", "1:1: timestamp out of bounds for @ modifier: +Inf"),
    ("foo @ 1e30", "1:1: timestamp out of bounds for @ modifier: 1000000000000000019884624838656.000000"),
    ("foo @ 1 @ 2", "1:1: @ <timestamp> may not be set multiple times"),
    ("foo @ bar", "1:7: unexpected identifier \"bar\" in @, expected timestamp"),
    (
        "rate(foo[5m]) @ 1234",
        "1:1: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery",
    ),
    ("{", "1:2: unexpected end of input inside braces"),
    ("}", "1:1: unexpected character: '}'"),
    ("foo{a=b}", "1:7: unexpected identifier \"b\" in label matching, expected string"),
    ("foo{a:b=\"b\"}", "1:6: unexpected character inside braces: ':'"),
    ("foo{a*\"b\"}", "1:6: unexpected character inside braces: '*'"),
    ("foo{gibberish}", "1:14: unexpected \"}\" in label matching, expected label matching operator"),
    ("foo{1}", "1:5: unexpected character inside braces: '1'"),
    ("{}", "1:1: vector selector must contain at least one non-empty matcher"),
    ("{x=~\".*\"}", "1:1: vector selector must contain at least one non-empty matcher"),
    ("foo{__name__=\"bar\"}", "1:1: metric name must not be set twice: \"foo\" or \"bar\""),
    ("foo{,}", "1:5: unexpected \",\" in label matching, expected identifier or \"}\""),
    ("foo{__name__ == \"bar\"}", "1:15: unexpected \"=\" in label matching, expected string"),
    ("foo{a=\"b\" lol}", "1:11: unexpected identifier \"lol\" in label matching, expected \",\" or \"}\""),
    ("foo{\"a\"=}", "1:9: unexpected \"}\" in label matching, expected string"),
    ("foo{a=~\"b(\"}", "1:5: error parsing regexp: missing closing ): `b(`"),
    ("foo[5mm]", "1:5: bad number or duration syntax: \"5mm\""),
    ("foo[5m:1m1]", "1:8: bad number or duration syntax: \"1m1\""),
    ("foo[5y1hs]", "1:5: unknown unit \"hs\" in duration \"5y1hs\""),
    ("foo[5m1h]", "1:5: not a valid duration string: \"5m1h\""),
    ("foo[0m]", "1:5: duration must be greater than 0"),
    ("foo[-1]", "1:5: duration must be greater than 0"),
    ("foo[\"5m\"]", "1:5: unexpected character in duration expression: '\"'"),
    (
        "foo[]",
        "1:5: unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()",
    ),
    (
        "foo[step]",
        "1:9: unexpected \"]\" in subquery or range selector, expected number, duration, step(), or range()",
    ),
    ("foo[", "1:5: unexpected end of input in duration expression"),
    ("foo[5m", "1:7: unclosed left bracket"),
    ("foo[5m 5m]", "1:8: unexpected duration \"5m\" in subquery or range, expected \":\" or \"]\""),
    ("foo[5m:1m 1m]", "1:11: unexpected duration \"1m\" in subquery selector, expected \"]\""),
    (
        "foo[5m:+]",
        "1:9: unexpected \"]\" in subquery selector, expected number, duration, step(), range(), or \"]\"",
    ),
    ("foo[5s x 5s]", "1:8: unexpected character: 'x', expected ':'"),
    ("foo[step()/0d]", "1:11: division by zero"),
    ("foo[5s%0d]", "1:7: modulo by zero"),
    ("foo offset (4d/0)", "1:15: division by zero"),
    ("foo offset 9.5e10", "1:12: duration out of range"),
    ("foo[9.5e10]", "1:5: duration out of range"),
    ("foo[300y]", "1:5: duration out of range"),
    (
        "foo[5m] OFFSET",
        "1:15: unexpected end of input in offset, expected number, duration, step(), or range()",
    ),
    (
        "foo offset (5m) + bar",
        "1:19: unexpected identifier \"bar\" in offset, expected number, duration, step(), or range()",
    ),
    ("foo OFFSET 1m[5m]", "1:14: no offset modifiers allowed before range"),
    ("foo @ start() [5m]", "1:15: no @ modifiers allowed before range"),
    ("(foo + bar)[5m]", "1:12: ranges only allowed for vector selectors"),
    ("1[5m] smoothed", "1:2: ranges only allowed for vector selectors"),
    ("foo[5m] anchored smoothed", "1:1: anchored and smoothed modifiers cannot be used together"),
    ("foo[5m:] anchored", "1:1: anchored modifier is not supported for subqueries"),
    ("rate(foo[5m]) smoothed", "1:1: smoothed modifier not implemented"),
    ("foo[5d] OFFSET 10s [10m:5s]", "1:1: subquery is only allowed on instant vector, got matrix instead"),
    ("time()[5m:]", "1:1: subquery is only allowed on instant vector, got scalar instead"),
    ("sum by (\"foo)(bar)", "1:9: unterminated quoted string"),
    (r#"{f=~"\333"}"#, "1:2: error parsing regexp: invalid UTF-8: `\u{fffd}`"),
    (r#"x{f!~"a\xffb"}"#, "1:3: error parsing regexp: invalid UTF-8: `\u{fffd}b`"),
    ("sum by (\"\")(bar)", "1:9: invalid label name for grouping: \"\""),
    ("sum by (\"a\\xffb\")(bar)", "1:9: invalid label name for grouping: \"a\\xffb\""),
    ("sum without(==)(foo)", "1:13: unexpected <op:==> in grouping opts, expected label"),
    ("sum without(foo,,)(bar)", "1:17: unexpected \",\" in grouping opts, expected label"),
    (
        "sum by (foo bar) (baz)",
        "1:13: unexpected identifier \"bar\" in grouping opts, expected \",\" or \")\"",
    ),
    ("sum (foo) by test", "1:14: unexpected identifier \"test\" in grouping opts, expected \"(\""),
    ("sum foo by (test)", "1:5: unexpected identifier \"foo\""),
    ("sum by (a) foo", "1:12: unexpected identifier \"foo\" in aggregation"),
    ("sum(foo bar)", "1:9: unexpected identifier \"bar\" in aggregation"),
    ("sum(rate(foo bar))", "1:14: unexpected identifier \"bar\" in aggregation"),
    ("rate(foo bar)", "1:10: unexpected identifier \"bar\""),
    ("sum () by (test)", "1:1: no arguments for aggregate expression provided"),
    ("sum (foo) without (a) by (b)", "1:23: unexpected <by>"),
    ("topk(foo)", "1:1: wrong number of arguments for aggregate expression provided, expected 2, got 1"),
    ("topk(foo,)", "1:9: trailing commas not allowed in function call args"),
    ("topk(foo, bar)", "1:6: expected type scalar in aggregation parameter, got instant vector"),
    ("count_values(5, foo)", "1:14: expected type string in aggregation parameter, got scalar"),
    ("sum(foo[5m])", "1:5: expected type instant vector in aggregation expression, got range vector"),
    ("floor()", "1:1: expected 1 argument(s) in call to \"floor\", got 0"),
    ("hour(foo, foo, foo)", "1:1: expected at most 1 argument(s) in call to \"hour\", got 3"),
    ("label_join(foo, \"a\")", "1:1: expected at least 3 argument(s) in call to \"label_join\", got 2"),
    ("floor(1)", "1:7: expected type instant vector in call to function \"floor\", got scalar"),
    ("rate(foo)", "1:6: expected type range vector in call to function \"rate\", got instant vector"),
    ("nothing_like_it()", "1:1: unknown function with name \"nothing_like_it\""),
    ("a>b()", "1:3: unknown function with name \"b\""),
    ("info(foo, bar{a=\"b\"})", "1:11: expected label selectors only, got vector selector instead"),
    ("info(foo, {a=\"b\"} == 1)", "1:11: expected label selectors only"),
    ("info(foo, 1)", "1:1: expected type instant vector in call to function \"info\", got scalar"),
    ("++-++-+-+-<", "1:11: unexpected <op:<>"),
    ("a:b c:d", "1:5: unexpected metric identifier \"c:d\""),
    ("1 \"a long string\"", "1:3: unexpected string \"\\\"a long st\"..."),
    ("`\\``", "1:4: unterminated raw string"),
    ("\"\\", "1:1: escape sequence not terminated"),
    ("\"\\c\"", "1:1: unknown escape sequence U+0063 'c'"),
    ("\"\\x.\"", "1:1: illegal character U+002E '.' in escape sequence"),
    ("\"\\ud800\"", "1:1: escape sequence is an invalid Unicode code point"),
    ("\"\u{fffd}\"", "1:1: invalid UTF-8 rune"),
    ("0x", "1:1: error parsing number: strconv.ParseFloat: parsing \"0x\": invalid syntax"),
    ("é", "1:1: unexpected character: 'é'"),
];

#[test]
fn errors_are_worded_and_placed_as_upstream() {
    for (text, expected) in ERRORS {
        let error = parse(text, &Features::all()).expect_err(text).to_string();
        assert_eq!(error.replacen(" parse error:", "", 1), *expected, "{text}");
        assert!(error.contains(": parse error: "), "{error}");
    }
}

#[test]
fn what_is_not_switched_on_is_refused() {
    for (text, expected) in [
        (
            "limitk(1, foo)",
            "1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions",
        ),
        ("1 + step()", "1:5: parse error: function \"step\" is not enabled"),
        ("foo + fill(0) bar", "1:1: parse error: binop fill modifiers are experimental and not enabled"),
        ("foo[5m] anchored", "1:1: parse error: anchored modifier is experimental and not enabled"),
        ("foo smoothed", "1:1: parse error: smoothed modifier is experimental and not enabled"),
    ] {
        assert_eq!(parse(text, &Features::default()).expect_err(text).to_string(), expected);
    }
    let durations = "foo[5m + 1s]";
    assert!(parse(durations, &Features::default()).is_ok());
    let error = parse(durations, &Features::NONE).unwrap_err();
    assert_eq!(error.to_string(), "1:5: parse error: experimental duration expression is not enabled");
}

#[test]
fn match_parameters_are_selectors_only() {
    let matchers = parse_metric_selector("up{job=~\"a|b\", x!=\"\"}").unwrap();
    let printed: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    assert_eq!(printed, ["job=~\"a|b\"", "x!=\"\"", "__name__=\"up\""]);
    assert_eq!(parse_metric_selector("{}").unwrap(), []);
    for (text, expected) in [
        ("up[5m]", "1:3: parse error: unexpected \"[\""),
        ("up offset 5m", "1:4: parse error: unexpected <offset>"),
        ("1", "1:1: parse error: unexpected number \"1\""),
        ("", "unknown position: parse error: unexpected end of input"),
        ("up{a=\"b\"", "1:9: parse error: unexpected end of input inside braces"),
    ] {
        assert_eq!(parse_metric_selector(text).expect_err(text).to_string(), expected);
    }
}
