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
    /// Whether the list of queries is timed on W1's data.
    pub queries: bool,
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
