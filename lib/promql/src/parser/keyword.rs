//! The words that are not just names.

use super::token::Kind;
use crate::ast::{AggregateOp, BinaryOp};

/// The longest keyword is `count_values`.
const LONGEST: usize = 12;

/// What `word` means, whatever its case; `None` for a plain name. `inf` and `nan` are numbers.
pub(super) fn keyword(word: &str) -> Option<Kind> {
    let mut buffer = [0_u8; LONGEST];
    let lower = buffer.get_mut(..word.len())?;
    lower.copy_from_slice(word.as_bytes());
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"and" => Kind::Operator(BinaryOp::And),
        b"or" => Kind::Operator(BinaryOp::Or),
        b"unless" => Kind::Operator(BinaryOp::Unless),
        b"atan2" => Kind::Operator(BinaryOp::Atan2),
        b"sum" => Kind::Aggregate(AggregateOp::Sum),
        b"avg" => Kind::Aggregate(AggregateOp::Avg),
        b"count" => Kind::Aggregate(AggregateOp::Count),
        b"min" => Kind::Aggregate(AggregateOp::Min),
        b"max" => Kind::Aggregate(AggregateOp::Max),
        b"group" => Kind::Aggregate(AggregateOp::Group),
        b"stddev" => Kind::Aggregate(AggregateOp::Stddev),
        b"stdvar" => Kind::Aggregate(AggregateOp::Stdvar),
        b"topk" => Kind::Aggregate(AggregateOp::TopK),
        b"bottomk" => Kind::Aggregate(AggregateOp::BottomK),
        b"count_values" => Kind::Aggregate(AggregateOp::CountValues),
        b"quantile" => Kind::Aggregate(AggregateOp::Quantile),
        b"limitk" => Kind::Aggregate(AggregateOp::LimitK),
        b"limit_ratio" => Kind::Aggregate(AggregateOp::LimitRatio),
        b"offset" => Kind::Offset,
        b"smoothed" => Kind::Smoothed,
        b"anchored" => Kind::Anchored,
        b"by" => Kind::By,
        b"without" => Kind::Without,
        b"on" => Kind::On,
        b"ignoring" => Kind::Ignoring,
        b"group_left" => Kind::GroupLeft,
        b"group_right" => Kind::GroupRight,
        b"fill" => Kind::Fill,
        b"fill_left" => Kind::FillLeft,
        b"fill_right" => Kind::FillRight,
        b"bool" => Kind::Bool,
        b"start" => Kind::Start,
        b"end" => Kind::End,
        b"inf" | b"nan" => Kind::Number,
        lower => return duration_keyword_of_lower(lower),
    })
}

/// What `word` means inside brackets, where only durations stand.
pub(super) fn duration_keyword(word: &str) -> Option<Kind> {
    keyword(word).filter(|kind| matches!(kind, Kind::Step | Kind::Range | Kind::MinOf | Kind::MaxOf))
}

fn duration_keyword_of_lower(lower: &[u8]) -> Option<Kind> {
    Some(match lower {
        b"step" => Kind::Step,
        b"range" => Kind::Range,
        b"max_of" => Kind::MaxOf,
        b"min_of" => Kind::MinOf,
        _ => return None,
    })
}
