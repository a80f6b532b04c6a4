//! Targets for the fuzzer: each takes any bytes and panics where the code under test breaks its promise.
//! `fuzz/README.md` tells how to run them; the small corpus in `fuzz/corpus` is a test.

mod block;
mod chunk;
mod evaluate;
mod promql;
mod remote_write;
mod wal;

pub use block::block;
pub use chunk::chunk;
pub use evaluate::evaluate;
pub use promql::promql;
pub use remote_write::remote_write;
pub use wal::wal;

/// Gives any bytes to the code under test; panics where that breaks its promise.
pub type Target = fn(&[u8]);

/// A target's name, as of its folder in `corpus`, and its function.
pub const TARGETS: [(&str, Target); 6] = [
    ("remote_write", remote_write),
    ("wal", wal),
    ("chunk", chunk),
    ("block", block),
    ("promql", promql),
    ("evaluate", evaluate),
];
