//! Whole systems under real clients and faults.
