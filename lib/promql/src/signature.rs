//! The functions' names and argument types.

use crate::ast::ValueType;

/// What the type checker knows of a function (Prometheus 3.14 `promql/parser/functions.go`).
#[derive(Debug, PartialEq, Eq)]
pub struct Signature {
    /// The name in a query.
    pub name: &'static str,
    /// The types of the arguments; the last one repeats where `variadic` allows more.
    pub args: &'static [ValueType],
    /// 0: exactly `args`; n > 0: the last n may be left out, and with a repeated last one up to n more may be given; -1: any number more.
    pub variadic: i32,
    /// The type of the result.
    pub returns: ValueType,
    /// Only with `promql-experimental-functions`.
    pub experimental: bool,
}
