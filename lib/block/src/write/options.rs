//! How a block is cut.

/// What bounds a block's parts and row groups. The defaults are those measured in docs/decisions/0012.
#[derive(Clone, Debug)]
pub struct WriterOptions {
    /// 0 as flushed, one more with each compaction.
    pub level: u8,
    /// No row crosses a multiple of this many milliseconds: 2 h in level 0, 8 h above. At most a day.
    pub window_ms: u32,
    /// A part has at most so many series.
    pub max_part_series: usize,
    /// A part ends behind the series with which the bytes that its samples were read from reach this many: what is encoded is smaller.
    pub max_part_bytes: u64,
    /// Rows of a row group of samples.
    pub group_rows: usize,
    /// A row group ends at this many samples at the latest.
    pub group_samples: usize,
    /// Rows of a page of samples.
    pub page_rows: usize,
    /// The level of zstd.
    pub zstd_level: i32,
    /// Lists are laid out as BYTE_STREAM_SPLIT (Parquet 2.11, 2024); otherwise as PLAIN, 15 % larger, for older readers.
    pub byte_stream_split: bool,
    /// At most so many label names get a column of their own, the most frequent ones.
    pub max_label_columns: usize,
}

/// Milliseconds of an hour.
const HOUR: u32 = 3_600_000;

impl WriterOptions {
    /// For a flush: windows of 2 h.
    #[must_use]
    pub fn flush() -> Self {
        Self {
            level: 0,
            window_ms: 2 * HOUR,
            max_part_series: 200_000,
            max_part_bytes: 1 << 30,
            group_rows: 2048,
            group_samples: 2 << 20,
            page_rows: 256,
            zstd_level: 3,
            byte_stream_split: true,
            max_label_columns: 255,
        }
    }

    /// For a compaction to `level` (1 or above): windows of 8 h.
    #[must_use]
    pub fn compaction(level: u8) -> Self {
        Self { level, window_ms: 8 * HOUR, group_rows: 1024, page_rows: 128, ..Self::flush() }
    }

    /// Says which option no block can be written with.
    pub fn validate(&self) -> Result<(), String> {
        if !(1000..=24 * HOUR).contains(&self.window_ms) {
            return Err(format!("window_ms is {}, must be from a second to a day", self.window_ms));
        }
        let sizes = [self.max_part_series, self.group_rows, self.group_samples, self.page_rows];
        if sizes.contains(&0) || self.max_part_series > u32::MAX as usize >> 1 {
            return Err("a size is 0 or too large".to_owned());
        }
        if !(1..=19).contains(&self.zstd_level) {
            return Err(format!("zstd_level is {}, must be 1 to 19", self.zstd_level));
        }
        Ok(())
    }
}
