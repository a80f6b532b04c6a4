//! Scripts of the grammar of Prometheus' `promqltest`, over any [`Store`].

mod at_modifier;
mod cases;
mod compare;
mod files;
mod histogram;
mod memory;
mod planned;
mod run;
mod script;
mod series;
pub(crate) mod store;

pub(crate) use files::{corpus, print_total, run_directory, scripts};
pub(crate) use memory::MemoryStore;
pub(crate) use run::survive;
