//! How large the loads are.

use std::path::PathBuf;

/// The loads of one measurement; the defaults are those of the goals.
#[derive(Clone, Debug)]
pub struct Plan {
    /// W1: series and scrapes.
    pub steady: (u64, u32),
    /// W2: series and scrapes, mostly new series; `None` leaves it out.
    pub fresh: Option<(u64, u32)>,
    /// Paced: samples per second and scrapes of W1's series; `None` leaves it out.
    pub paced: Option<(u64, u32)>,
    /// W3: snapshots to replay; `None` leaves it out.
    pub replay: Option<Replay>,
    /// How often each server is asked the list of queries on W1's data, by turns: a shared machine is slower at one time than at another,
    /// for all of them.
    pub turns: u32,
    /// The share of W1's targets that is read back and compared.
    pub verify_share: f64,
}

/// Snapshots of one process, sent as many.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The file.
    pub snapshots: PathBuf,
    /// How many processes.
    pub instances: u32,
    /// How many snapshots each sends.
    pub steps: u32,
}
