//! The services that roles offer one another. Within one process a role is called through these traits directly;
//! between processes the same messages travel over TCP.

pub mod active;
mod cardinality;
mod fetch_budget;
pub mod ingester;
mod seam;
mod series_answer;
