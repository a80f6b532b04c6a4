//! A row: the float samples of one series in one window, as integers by their differences (docs/formats/block.md).

mod decimal;
mod encode;
mod head;
mod histogram;
mod list;

pub(crate) use decimal::{POWERS, to_float};
pub(crate) use encode::FloatRows;
pub(crate) use head::{MAX_ROW, RowHead, flag};
pub(crate) use histogram::{Counts, HistogramRows, Layout, assemble};
pub(crate) use list::List;
