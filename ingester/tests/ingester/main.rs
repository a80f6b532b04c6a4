//! An ingester under a real WAL in a bucket in memory.

mod corrupt;
mod cuts;
mod deliver;
mod replay;
mod support;
mod tail;
